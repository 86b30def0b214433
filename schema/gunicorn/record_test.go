package gunicorn

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gsrv/schema"
)

var record = flag.Bool("record", false, "write testdata/recorded-RELEASE.jsonl with what the gunicorn of -tree makes of generated and written cases")

// A recording is one line of testdata/recorded-*.jsonl: a configuration and what that release of gunicorn makes of it.
// Settings are those that differ from the first line's, which has no configuration.
type recording struct {
	Files    map[string]string `json:"files,omitempty"`
	Argv     []string          `json:"argv,omitempty"`
	Env      map[string]string `json:"env,omitempty"`
	Exit     int               `json:"exit,omitempty"`
	Error    string            `json:"error,omitempty"`
	Settings map[string]string `json:"settings,omitempty"`
}

// common are the files that generated cases refer to.
func common() map[string]string {
	v := (&generator{Rand: rand.New(rand.NewPCG(1, 1)), release: ForVersion(schema.Version{})}).vector(0)
	return map[string]string{"sub/empty": "", "hooks.py": v.Files["hooks.py"]}
}

// TestRecord records a release: go test -run TestRecord -record -release 26.1.0 -tree DIR -cases 100.
func TestRecord(t *testing.T) {
	if !*record {
		t.Skip("nothing to record without -record")
	}
	p := newPeer(t)
	release := ForVersion(schema.MustVersion(*differentialVersion))
	g := &generator{Rand: rand.New(rand.NewPCG(*differentialSeed, 3)), release: release}
	vectors := []*vector{{Argv: []string{"app:app"}, Target: *differentialVersion}}
	for _, w := range written() {
		w.Target = *differentialVersion
		vectors = append(vectors, w)
	}
	for i := range *differentialCases {
		vectors = append(vectors, g.vector(i))
	}
	shared := common()
	var out bytes.Buffer
	var defaults map[string]string
	for _, v := range vectors {
		dir, _, _ := v.read(t)
		env := map[string]string{"PATH": "/usr/bin:/bin", "HOME": dir, "LANG": "C.UTF-8"}
		for k, x := range v.Env {
			env[k] = x
		}
		real := p.ask(t, dir, v.Argv, env)
		r := recording{Argv: v.Argv, Env: v.Env, Exit: real.Exit, Files: map[string]string{}}
		for name, text := range v.Files {
			if own, ok := shared[name]; !ok || own != text {
				r.Files[name] = text
			}
		}
		if real.Exit != 0 {
			r.Error = strings.ReplaceAll(addresses(squeeze(tail(real.Stderr))), dir, "$DIR")
		}
		shown := map[string]string{}
		for name, text := range real.Settings {
			shown[name] = strings.ReplaceAll(text, dir, "$DIR")
		}
		if defaults == nil {
			defaults = shown
			r.Settings = shown
		} else {
			for name, text := range shown {
				if defaults[name] != text {
					if r.Settings == nil {
						r.Settings = map[string]string{}
					}
					r.Settings[name] = text
				}
			}
		}
		line, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(append(line, '\n'))
	}
	if err := os.WriteFile(filepath.Join("testdata", "recorded-"+*differentialVersion+".jsonl"), out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// written are cases made by hand, for what is rarely generated.
func written() []*vector {
	file := func(lines ...string) map[string]string {
		return map[string]string{defaultFile: strings.Join(lines, "\n") + "\n"}
	}
	app := []string{"app:app"}
	out := []*vector{
		{Argv: []string{"-c", "other.py", "app:app"}, Files: map[string]string{"other.py": "workers = 4\n", defaultFile: "timeout = 9\n"}},
		{Argv: []string{"-c", "file:other.py", "app:app"}, Files: map[string]string{"other.py": "workers = 4\n"}},
		{Argv: []string{"-c", "python:conf.prod", "app:app"}, Files: map[string]string{"conf/__init__.py": "", "conf/prod.py": "workers = 4\n"}},
		{Argv: []string{"-c", "python:conf.none", "app:app"}, Files: map[string]string{"conf/__init__.py": ""}},
		{Argv: []string{"-c", "nope.py", "app:app"}},
		{Argv: []string{"-c", "", "app:app"}, Files: file("workers = 3")},
		{Argv: []string{"-c", "conf.txt", "app:app"}, Files: map[string]string{"conf.txt": "workers = 2\n"}},
		{Argv: []string{"-c", "sub", "app:app"}},
		{Argv: []string{"--config=other.py", "-c", "more.py", "app:app"}, Files: map[string]string{"other.py": "workers = 4\n", "more.py": "threads = 2\n"}},
		{Argv: app, Env: map[string]string{"GUNICORN_CMD_ARGS": "-c other.py"}, Files: map[string]string{"other.py": "workers = 4\n", defaultFile: "workers = 3\n"}},
		{Argv: app, Env: map[string]string{"GUNICORN_CMD_ARGS": "-w 3 app:other -t 4"}},
		{Argv: []string{"-w", "2", "app:app"}, Env: map[string]string{"GUNICORN_CMD_ARGS": "-w 3 --timeout 8"}, Files: file("workers = 4", "timeout = 5", "keepalive = 6")},
		{Argv: nil},
		{Argv: []string{"app:app", "two"}},
		{Argv: []string{"--", "app:app"}},
		{Argv: []string{"app:app", "--", "-w", "3"}},
		{Argv: nil, Files: file("wsgi_app = 'app:app'")},
		{Argv: []string{"-h"}},
		{Argv: []string{"--version", "--nope"}},
		{Argv: []string{"-vw"}},
		{Argv: []string{"-w", "x", "--help"}},
		{Argv: []string{"-b", "1", "--bind", "2", "-b3", "-b=4", "app:app"}},
		{Argv: []string{"--env", "A=1", "-eB=2", "app:app"}, Files: file("raw_env = ['C=3']")},
		{Argv: []string{"-m", "022", "app:app"}},
		{Argv: []string{"-m", "0", "app:app"}},
		{Argv: []string{"-m", "08", "app:app"}},
		{Argv: []string{"-m", "0x12", "app:app"}},
		{Argv: []string{"--chdir", "sub", "app:app"}, Files: file("chdir = 'nope'")},
		{Argv: []string{"--reload", "False", "app:app"}},
		{Argv: []string{"--preload=false", "app:app"}},
		{Argv: []string{"--no-preload", "app:app"}},
		{Argv: []string{"--proxy-protocol", "app:app"}},
		{Argv: []string{"--proxy-protocol=v2", "app:app"}},
		{Argv: []string{"app:app", "--proxy-protocol"}},
		{Argv: []string{"--suppress-ragged-eofs", "app:app"}, Files: file("suppress_ragged_eofs = False")},
		{Argv: app, Files: file("Workers = 3", "WORKERS = 4", "wrokers = 5", "worker = 6")},
		{Argv: app, Files: file("def post_request(a, b): pass")},
		{Argv: app, Files: file("def post_request(a, b, c): pass")},
		{Argv: app, Files: file("def post_request(a): pass")},
		{Argv: app, Files: file("workers = = 3")},
		{Argv: app, Files: file("raise RuntimeError('boom')")},
		{Argv: app, Files: file("import sys", "sys.exit(3)")},
		{Argv: app, Files: file("import sys", "sys.exit()")},
		{Argv: []string{"--paste", "nope.ini"}},
		{Argv: app, Files: file("secure_scheme_headers = {'X': 1, 2: ['a', (3,)]}")},
		{Argv: app, Env: map[string]string{"PORT": "", "WEB_CONCURRENCY": "7", "FORWARDED_ALLOW_IPS": "*"}, Files: file("forwarded_allow_ips = '10.0.0.1'")},
		{Argv: []string{"--name", "\u00e9 \u4e2d", "app:app"}},
		{Argv: []string{"--name", "", "app:app"}},
		{Argv: []string{"", "app:app"}},
	}
	for _, v := range out {
		if v.Files == nil {
			v.Files = map[string]string{}
		}
		for name, text := range common() {
			if _, own := v.Files[name]; !own {
				v.Files[name] = text
			}
		}
		if v.Env == nil {
			v.Env = map[string]string{}
		}
	}
	return out
}

// TestRecorded compares readings with what releases from 0.17.2 to the newest made of the same configurations.
func TestRecorded(t *testing.T) {
	found, err := filepath.Glob(filepath.Join("testdata", "recorded-*.jsonl"))
	if err != nil || len(found) == 0 {
		t.Fatal("no recordings", err)
	}
	for _, file := range found {
		target := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "recorded-"), ".jsonl")
		t.Run(target, func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var defaults map[string]string
			files := newScratch(t)
			for i, line := range bytes.Split(bytes.TrimSpace(text), []byte("\n")) {
				var r recording
				if err := json.Unmarshal(line, &r); err != nil {
					t.Fatal(err)
				}
				if defaults == nil {
					defaults = r.Settings
				}
				checkRecording(t, files, fmt.Sprintf("line %d", i+1), target, &r, defaults)
			}
		})
	}
}

func checkRecording(t *testing.T, files *scratch, name, target string, r *recording, defaults map[string]string) {
	t.Helper()
	v := &vector{Target: target, Argv: r.Argv, Env: r.Env, Files: common()}
	for file, text := range r.Files {
		v.Files[file] = text
	}
	dir, cfg, diags := v.readIn(t, files)
	var messages []string
	failed, quits := false, false
	for _, d := range diags {
		detail := schema.DetailOf(d)
		failed = failed || d.Severity == 1 && !strings.HasPrefix(detail.Code, "app-") && detail.Code != "invalid-application"
		quits = quits || detail.Code == "no-start"
		messages = append(messages, detail.ServerMessage)
	}
	describe := fmt.Sprintf("%s %s\n%s\nargv %q env %q", target, name, v.Files[defaultFile], r.Argv, r.Env)
	switch {
	case (r.Exit != 0) != failed:
		t.Errorf("%s\nexit %d %s\ngsrv %q", describe, r.Exit, r.Error, diagTexts(diags))
		return
	case r.Exit != 0:
		said := strings.ReplaceAll(addresses(squeeze(strings.Join(messages, "\n"))), dir, "$DIR")
		if !strings.Contains(said, r.Error) && !strings.Contains(r.Error, "Error while loading") {
			t.Errorf("%s\ngunicorn says %q\ngsrv %q", describe, r.Error, said)
		}
		return
	case quits:
		return
	}
	for setting, want := range defaults {
		if own, ok := r.Settings[setting]; ok {
			want = own
		}
		if (setting == "user" || setting == "group") && want == "0" && os.Getuid() != 0 {
			continue
		}
		if setting == "check_config" || setting == "print_config" {
			continue
		}
		if got := shownText(t, cfg, setting); got != strings.ReplaceAll(want, "$DIR", dir) {
			t.Errorf("%s\n%s: gunicorn %q, gsrv %q", describe, setting, want, got)
		}
	}
}
