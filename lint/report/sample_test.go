package report

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"gsrv/lint"
	"gsrv/schema"
)

const (
	samplePython = "conf d/gunicorn é.conf.py"
	sampleINI    = "uwsgi.ini"
	sampleEnv    = "<environment GUNICORN_CMD_ARGS>"
)

var sampleTexts = map[string]string{
	samplePython: "# Übung: für alle\nworkers = 4\n" +
		"naïve = 'é'; forwarded_allow_ips = '*'\n" +
		"raw_env = [\n\t'A=1',\n\n\t'B=\x1b[31m2',\n\t'C=3',\n\t'D=4',\n\t'E=5',\n]\nworkers = 8\n",
	sampleINI:          "[uwsgi]\nmaster = true\nprocesses = 4\nthreads = 2\n",
	schema.CommandLine: "uwsgi --ini uwsgi.ini --enable-threads=0 --listen 100",
	sampleEnv:          "--timeout 0",
}

// sampleReport has one of everything that a report can hold.
func sampleReport(t testing.TB) *Report {
	files := schema.NewFiles("")
	for name, text := range sampleTexts {
		files.Put(name, []byte(text))
	}
	at := func(name, from, to string) hcl.Range {
		text := []byte(sampleTexts[name])
		start := bytes.Index(text, []byte(from))
		end := bytes.Index(text[max(start, 0):], []byte(to))
		if start < 0 || end < 0 {
			t.Fatalf("%s has no %q to %q", name, from, to)
		}
		return schema.RangeOf(name, text, start, start+end+len(to))
	}
	after := func(name, text string) hcl.Range {
		r := at(name, text, text)
		return hcl.Range{Filename: name, Start: r.End, End: r.End}
	}
	lazy := &lint.Rule{
		ID: "C001", Name: "uwsgi-master-no-lazy-apps", Severity: lint.Warning, Servers: []string{"uwsgi"},
		Summary: "With master and without lazy-apps the application is loaded before the fork.",
		Explain: "The master loads the application and forks.\nConnections are **shared** by all workers.\n\nSet `lazy-apps`.",
		Sources: []string{"uWSGI documentation, Things to know", "uWSGI core/uwsgi.c"}, Fix: lint.FixOffer,
	}
	twice := &lint.Rule{ID: "P001", Name: "set-twice", Severity: lint.Warning, Summary: "A setting is set twice; the last one counts.", Fix: lint.FixSafe}
	forwarded := &lint.Rule{
		ID: "N002", Name: "forwarded-from-anyone", Severity: lint.Error, Servers: []string{"gunicorn"},
		Summary: "Headers of proxies are taken from anyone.", Explain: "Whoever reaches the port says who they are.",
	}
	env := &lint.Rule{ID: "O001", Name: "control-character", Severity: lint.Info, Summary: "A value holds a control character."}
	listen := &lint.Rule{ID: "L001", Name: "listen-queue", Severity: lint.Info, Servers: []string{"uwsgi"}, Summary: "The listen queue is short."}

	findings := []lint.Finding{
		{
			Rule: listen, Severity: lint.Info, Range: at(schema.CommandLine, "--listen", "100"), Unit: schema.CommandLine,
			Message: "The listen queue holds 100 connections: what comes in a burst is refused.",
			Fix:     &lint.Fix{Title: "Set --listen 1024", Edits: []lint.Edit{{Range: at(schema.CommandLine, "100", "100"), New: "1024"}}},
		},
		{
			Rule: listen, Severity: lint.Warning, Range: at(sampleEnv, "--timeout", "0"), Unit: samplePython,
			Message: "timeout 0 turns the worker timeout off.",
		},
		{
			Rule: forwarded, Severity: lint.Error, Range: at(samplePython, "forwarded_allow_ips", "'*'"), Unit: samplePython,
			Message: "Anyone can say where they come from: 100% of clients, at *:8000, are trusted.\nName the proxy's address.",
			Related: []schema.Related{
				{Message: "read together with this", Range: at(schema.CommandLine, "--ini", "uwsgi.ini")},
				{Message: "the same line, again", Range: at(samplePython, "naïve", "'é'")},
			},
		},
		{
			Rule: env, Severity: lint.Info, Range: at(samplePython, "raw_env", "\n]"), Unit: samplePython,
			Message: "raw_env holds \x1b]0;title\x07 and \u202e\u009b1m, which a terminal obeys; <b>&amp;\"'",
		},
		{
			Rule: twice, Severity: lint.Warning, Range: at(samplePython, "workers = 4", "4"), Unit: samplePython,
			Message: "workers is set again below; this line does nothing.",
			Related: []schema.Related{{Message: "overridden here", Range: at(samplePython, "workers = 8", "8")}},
			Fix:     &lint.Fix{Title: "Remove the line", Safe: true, Edits: []lint.Edit{{Range: at(samplePython, "workers = 4", "\n")}}},
		},
		{
			Rule: lazy, Severity: lint.Warning, Range: at(sampleINI, "master", "true"), Unit: sampleINI,
			Message: "The application is loaded before the fork: 4 processes share its connections.",
			Related: []schema.Related{{Message: "forked here", Range: at(sampleINI, "processes", "4")}},
			Fix: &lint.Fix{Title: "Add lazy-apps = true", Edits: []lint.Edit{
				{Range: after(sampleINI, "master = true\n"), New: "lazy-apps = true\n"},
				{Range: at(sampleINI, "threads = 2", "\n")},
			}},
		},
		{Rule: lazy, Severity: lint.Error, Range: hcl.Range{}, Unit: sampleINI, Message: "A finding without a place."},
	}
	for i := range findings {
		findings[i].Files = files
		findings[i].Fingerprint = fmt.Sprintf("%032x", i+1)
	}
	return &Report{
		Result: &lint.Result{
			Findings: findings,
			Files: []lint.FileStatus{
				{Name: samplePython, Dialect: "gunicorn"},
				{Name: sampleINI, Dialect: "uwsgi"},
				{Name: "setup.cfg", Reason: "not recognised as a server's configuration", Err: lint.ErrNotRecognised},
				{Name: "secret.ini", Err: errors.New("secret.ini: not allowed to read it")},
				{Name: "broken.yaml", Err: errors.New("broken.yaml: internal error while reading: index out of range")},
			},
			Crashes: []lint.Crash{
				{Unit: "broken.yaml", Value: "index out of range", Stack: []byte("goroutine 1\n\tread.go:7\n")},
				{Rule: "C001", Unit: samplePython, Value: errors.New("nil pointer"), Stack: []byte("goroutine 2\n\trule.go:9\n")},
			},
			Suppressed: 2, Baselined: 1,
		},
		Rules:   []*lint.Rule{listen, lazy, twice, forwarded},
		Version: "1.2.3",
		Root:    "/srv/my app",
	}
}

func write(t testing.TB, format string, r *Report, opts ...Option) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, format, r, opts...); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
