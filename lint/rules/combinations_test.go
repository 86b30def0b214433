package rules

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"gsrv/lint"
	"gsrv/schema"
)

// TestCombinationEvidence checks what the rules of families C and P make of required packages and of what is known about the
// deployment, which stand outside the server's own configuration.
func TestCombinationEvidence(t *testing.T) {
	const forked = "[uwsgi]\nmodule = shop.wsgi\nsocket = 127.0.0.1:3031\nmaster = true\nprocesses = 4\n"
	const one = "[uwsgi]\nmodule = shop.wsgi\nsocket = 127.0.0.1:3031\nmaster = true\n"
	evidence := func(message string) *lint.Evidence {
		return &lint.Evidence{Message: message, Range: hcl.Range{Filename: "evidence"}}
	}
	production := lint.Surroundings{Production: evidence("a systemd unit starts it")}
	container := lint.Surroundings{Container: evidence("a Dockerfile starts it")}
	platform := lint.Surroundings{Platform: evidence("a Procfile starts it")}
	proxied := lint.Surroundings{Proxies: []lint.Evidence{*evidence("nginx sends requests here")}}
	nothing := lint.Surroundings{}
	for _, test := range []struct {
		rule, file, text, packages string
		around                     lint.Surroundings
		// want is the severity of the one finding, empty for none; part is in its message or a related one.
		want, part string
	}{
		{"C001", "uwsgi.ini", forked, "", nothing, "info", "the 4 workers"},
		{"C001", "uwsgi.ini", forked, "contrast-agent", nothing, "error", "Contrast is required"},
		{"C001", "uwsgi.ini", forked, "newrelic", nothing, "warning", "New Relic is required"},
		{"C001", "uwsgi.ini", one, "newrelic", nothing, "warning", "the worker is forked from it"},
		{"C001", "uwsgi.ini", one, "", nothing, "", ""},
		{"C001", "uwsgi.ini", forked, "sentry-sdk", nothing, "", ""},
		{"C001", "uwsgi.ini", forked, "ddtrace", nothing, "", ""},
		{"C001", "uwsgi.ini", forked + "lazy-apps = false\n", "newrelic", nothing, "warning", "the master is switched on here"},
		{"C001", "uwsgi.ini", forked + "lazy-apps = false\n", "", nothing, "", ""},
		{"C001", "uwsgi.ini", forked + "# lazy-apps would load the model four times\n", "contrast-agent", nothing, "warning", "Contrast"},
		{"C001", "uwsgi.ini", forked + "# lazy-apps would load the model four times\n", "", nothing, "", ""},
		{"C004", "gunicorn.conf.py", "reload = True\n", "", nothing, "info", ""},
		{"C004", "gunicorn.conf.py", "reload = True\n", "", production, "warning", "systemd"},
		{"C006", "gunicorn.conf.py", "debug = True\n", "gunicorn@18.0", production, "error", "systemd"},
		{"C008", "gunicorn.conf.py", "spew = True\n", "", nothing, "warning", ""},
		{"C008", "gunicorn.conf.py", "spew = True\n", "", production, "error", ""},
		{"C014", "gunicorn.conf.py", "worker_class = 'gevent'\npreload_app = True\n", "requests", nothing, "warning", "requests uses sockets"},
		{"C032", "uwsgi.ini", "[uwsgi]\nmodule = shop\nhttp-socket = :8000\nharakiri = 30\n", "", nothing, "info", ""},
		{"C032", "uwsgi.ini", "[uwsgi]\nmodule = shop\nhttp-socket = :8000\nharakiri = 30\n", "", proxied, "", ""},
		{"C034", "uwsgi.ini", "[uwsgi]\nmodule = shop\nsocket = /srv/shop.sock\n", "", nothing, "info", ""},
		{"C034", "uwsgi.ini", "[uwsgi]\nmodule = shop\nsocket = /srv/shop.sock\n", "", container, "", ""},
		{"P008", "gunicorn.conf.py", "bind = '0.0.0.0:8000'\n", "", nothing, "", ""},
		{"P008", "gunicorn.conf.py", "bind = '0.0.0.0:8000'\n", "", platform, "warning", "Procfile"},
		{"P008", "gunicorn.conf.py", "import os\nbind = '0.0.0.0:' + os.environ['PORT']\n", "", platform, "", ""},
		{"P008", "uwsgi.ini", "[uwsgi]\nmodule = shop\nhttp-socket = :8000\n", "", platform, "warning", "Procfile"},
		{"P008", "uwsgi.ini", "[uwsgi]\nmodule = shop\nhttp-socket = :$(PORT)\n", "", platform, "", ""},
	} {
		t.Run(test.rule+"/"+test.text+test.packages, func(t *testing.T) {
			u := combinationUnit(t, test.file, test.text, strings.Fields(test.packages))
			u.Around = test.around
			findings := Lookup(test.rule).Run(u)
			if test.want == "" {
				for _, f := range findings {
					t.Errorf("unexpected: %s", f.Message)
				}
				return
			}
			if len(findings) != 1 || findings[0].Severity.String() != test.want {
				t.Fatalf("got %d findings, want one %s: %+v", len(findings), test.want, findings)
			}
			text := findings[0].Message
			for _, r := range findings[0].Related {
				text += "\n" + r.Message
			}
			if !strings.Contains(text, test.part) {
				t.Errorf("%q is not in %q", test.part, text)
			}
		})
	}
}

// combinationUnit reads a file of a project that requires the named packages, of which SERVER@VERSION names a target.
func combinationUnit(t *testing.T, name, text string, packages []string) *lint.Unit {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	src := lint.Source{Root: dir, Host: &schema.HostInputs{Vars: map[string]*string{}, Dir: dir}}
	src.Pins = func(string) func(string) (lint.Pin, bool) {
		return func(pkg string) (lint.Pin, bool) {
			return lint.Pin{Kind: "requirement", Range: hcl.Range{Filename: "requirements.txt"}}, slices.Contains(packages, pkg)
		}
	}
	for _, pkg := range packages {
		if target, err := schema.ParseTarget(pkg); err == nil && strings.Contains(pkg, "@") {
			src.Targets = append(src.Targets, target)
		}
	}
	u, err := src.File(name)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
