package eval

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
	"golang.org/x/tools/txtar"

	"gsrv/schema"
	"gsrv/schema/python/value"
)

// testHost is the host of the recordings: its name is web1.
type testHost struct{ schema.Host }

// Fact implements schema.Host.
func (h testHost) Fact(f schema.Fact) (cty.Value, bool) {
	if f == schema.Hostname {
		return cty.StringVal("web1"), true
	}
	return h.Host.Fact(f)
}

// A program is one source of testdata/semantics.txtar with the files beside it.
type program struct {
	Name  string            `json:"name"`
	Text  string            `json:"text"`
	Files map[string]string `json:"files"`
}

// environments are what each program is run under.
var environments = []map[string]string{
	{"HOME": "/home/web"},
	{"HOME": "/home/web", "PORT": "8000", "DEBUG": "1", "APP_ENV": "production", "WEB_CONCURRENCY": "3", "GUNICORN_BIND": ":1"},
	{"HOME": "/home/web", "PORT": "", "DEBUG": "false", "APP_ENV": "staging", "WEB_CONCURRENCY": "x", "LOG": "debug"},
}

// programs reads the sources: "NAME.py" is one, "NAME/PATH" a file beside it.
func programs(t testing.TB) []program {
	t.Helper()
	archive, err := txtar.ParseFile("testdata/semantics.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var out []program
	for _, f := range archive.Files {
		name, rest, beside := strings.Cut(f.Name, "/")
		if !beside {
			out = append(out, program{Name: strings.TrimSuffix(f.Name, ".py"), Text: string(f.Data), Files: map[string]string{}})
			continue
		}
		last := &out[len(out)-1]
		if last.Name != name {
			t.Fatalf("%s does not follow %s.py", f.Name, name)
		}
		last.Files[rest] = string(f.Data)
	}
	return out
}

// module evaluates a program in a folder of its own.
func (p program) module(t testing.TB, env map[string]string) (*Result, schema.Host, string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range p.Files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "conf.py"), []byte(p.Text), 0o644); err != nil {
		t.Fatal(err)
	}
	host := testHost{&schema.HostInputs{Machine: true, Environ: env, CPUs: 4, Dir: dir}}
	return Module(Options{
		Files: schema.NewFiles(dir), Dir: dir, Filename: "conf.py", Source: []byte(p.Text), ModuleName: "__config__", SysPath: []string{dir}, Host: host,
	}), host, dir
}

// cpython is what the interpreter made of one program under one environment.
type cpython struct {
	Globals map[string]*string `json:"globals"`
	Raised  *struct {
		Type, Msg, File string
		Line            int
		Code            *int
	} `json:"raised"`
}

// runPython runs every program under every environment in one process.
func runPython(t *testing.T, ps []program) []cpython {
	t.Helper()
	python := ""
	for _, name := range []string{"/usr/bin/python3", "python3.11", "python3"} {
		out, err := exec.Command(name, "-c", "import sys; print(sys.version_info[:2])").Output()
		if err == nil && strings.TrimSpace(string(out)) == "(3, 11)" {
			python = name
			break
		}
	}
	if python == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("python 3.11 is needed to compare with")
		}
		t.Skip("no python 3.11 to compare with")
	}
	request, err := json.Marshal(map[string]any{"sources": ps, "envs": environments, "dir": t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "-W", "ignore", "testdata/cpython.py")
	cmd.Stdin = bytes.NewReader(request)
	cmd.Stderr = os.Stderr
	answer, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var out []cpython
	if err := json.Unmarshal(answer, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestDifferential compares with CPython: each name's value and the exception that ends the module are the same, or
// said not to be known, with a reason.
func TestDifferential(t *testing.T) {
	ps := programs(t)
	answers := runPython(t, ps)
	var known, unknown int
	for i, p := range ps {
		for j, env := range environments {
			want := answers[i*len(environments)+j]
			t.Run(fmt.Sprintf("%s/%d", p.Name, j), func(t *testing.T) {
				k, u := compare(t, p, env, want)
				known, unknown = known+k, unknown+u
			})
		}
	}
	t.Logf("%d programs in %d environments: %d values equal CPython's, %d are said not to be known", len(ps), len(environments), known, unknown)
	if share := float64(known) / float64(known+unknown); share < 0.85 {
		t.Errorf("only %.1f%% of the values are known", 100*share)
	}
}

func compare(t *testing.T, p program, env map[string]string, want cpython) (known, unknown int) {
	t.Helper()
	r, _, dir := p.module(t, env)
	if r.Syntax != nil {
		t.Fatalf("no Python: %v", r.Syntax)
	}
	got := map[string]*Binding{}
	for i := range r.Bindings {
		b := &r.Bindings[i]
		if b.Set == Set {
			got[b.Name] = b
		}
	}
	open := len(r.Open) > 0
	uncertain := false
	for name, text := range want.Globals {
		b := got[name]
		if b == nil {
			if !open && !(uncertain || r.Raised == nil && want.Raised != nil) {
				t.Errorf("%s is not set; CPython gives %s", name, deref(text))
			}
			continue
		}
		if b.OnHost == nil {
			if b.Unknown == nil && b.Func == nil && b.Kind == "value" {
				t.Errorf("%s is not known, without a reason", name)
			}
			if text != nil {
				unknown++
				if b.Unknown != nil {
					t.Logf("not known: %s: %s", name, b.Unknown.Reason)
				}
			}
			continue
		}
		if text == nil {
			continue
		}
		repr, err := value.Repr(nil, b.OnHost)
		if err != nil {
			unknown++
			continue
		}
		have := b.OnHost.TypeName() + ":" + strings.ReplaceAll(repr, dir, "DIR")
		wantText := *text
		if have != wantText && !strings.Contains(have, "DIR") {
			t.Errorf("%s = %s, CPython gives %s", name, have, wantText)
			continue
		}
		known++
	}
	for name := range got {
		if _, ok := want.Globals[name]; !ok && want.Raised == nil {
			t.Errorf("%s is set, in CPython it is not", name)
		}
	}
	compareRaised(t, r, want)
	return known, unknown
}

func deref(s *string) string {
	if s == nil {
		return "a callable"
	}
	return *s
}

func compareRaised(t *testing.T, r *Result, want cpython) {
	t.Helper()
	switch {
	case r.Raised == nil && want.Raised == nil:
	case want.Raised == nil:
		t.Errorf("raises %s: %s at %v, CPython raises nothing", r.Raised.Type, r.Raised.Msg, r.Raised.Range)
	case r.Raised == nil:
		// Something that is not known may keep the exception from being seen: never silently.
		for _, b := range r.Bindings {
			if b.OnHost == nil && b.Unknown != nil {
				return
			}
		}
		if len(r.Conditional) == 0 {
			t.Errorf("raises nothing, CPython %s: %s (line %d)", want.Raised.Type, want.Raised.Msg, want.Raised.Line)
		}
	default:
		w := want.Raised
		if r.Raised.Type != w.Type || r.Raised.Msg != w.Msg && !strings.Contains(w.Msg, "/") {
			t.Errorf("raises %s: %q, CPython %s: %q", r.Raised.Type, r.Raised.Msg, w.Type, w.Msg)
		}
		if w.Line != r.Raised.Range.Start.Line && w.Type != "SyntaxError" || w.File != "" && w.Type != "SyntaxError" && path.Base(w.File) != path.Base(r.Raised.Range.Filename) {
			t.Errorf("raises %s at %s:%d, CPython at %s:%d", w.Type, r.Raised.Range.Filename, r.Raised.Range.Start.Line, w.File, w.Line)
		}
		if w.Code != nil && *w.Code != r.Raised.ExitCode {
			t.Errorf("exits with %d, CPython with %d", r.Raised.ExitCode, *w.Code)
		}
	}
}

// TestOpenRun compares the expression that holds on every host, put to one host, with what the run for that host gives.
func TestOpenRun(t *testing.T) {
	same := 0
	for _, p := range programs(t) {
		for j, env := range environments {
			r, host, dir := p.module(t, env)
			for _, b := range r.Bindings {
				if b.OnHost == nil || b.Value == nil || b.Set != Set || b.Func != nil || schema.FindOpaque(b.Value) != nil {
					continue
				}
				in := newInterp(Options{Dir: dir, Steps: 1000, Memory: 1 << 20}, host)
				want, err := in.toExpr(b.OnHost, b.Range).Eval(host)
				if err.HasErrors() || !want.IsWhollyKnown() {
					continue
				}
				got, err := b.Value.Eval(host)
				if err.HasErrors() {
					t.Errorf("%s/%d: %s: %s: %v", p.Name, j, b.Name, schema.ExprText(b.Value), err)
					continue
				}
				if !got.IsWhollyKnown() {
					continue
				}
				if !got.RawEquals(want) && fmt.Sprint(got.GoString()) != want.GoString() {
					t.Errorf("%s/%d: %s: %s gives %s, on the host it is %s", p.Name, j, b.Name, schema.ExprText(b.Value), schema.ExprText(&schema.Const{Val: got}), schema.ExprText(&schema.Const{Val: want}))
				}
				same++
			}
		}
	}
	t.Logf("%d expressions give the host's value", same)
}
