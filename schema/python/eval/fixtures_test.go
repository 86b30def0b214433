package eval

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
	"golang.org/x/tools/txtar"

	"gsrv/schema"
	"gsrv/schema/python/value"
)

// TestFixtures evaluates configurations in the shapes of real ones and compares with what gunicorn printed for them.
func TestFixtures(t *testing.T) {
	for _, kind := range []string{"real", "python"} {
		archives, err := filepath.Glob("../../../fixtures/gunicorn/" + kind + "/*.txtar")
		if err != nil || len(archives) == 0 {
			t.Fatalf("no fixtures: %v", err)
		}
		known, files := 0, 0
		for _, a := range archives {
			files++
			if fixture(t, a) {
				known++
			}
		}
		share := float64(known) / float64(files)
		t.Logf("%s: every setting known or an expression in %d of %d files (%.1f%%)", kind, known, files, 100*share)
		if kind == "real" && share < 0.95 {
			t.Errorf("%s: only %.1f%% of the files are known, want 95%%", kind, 100*share)
		}
	}
}

// converted lists settings whose value gunicorn turns into something else when it takes it.
var converted = map[string]bool{
	"user": true, "group": true, "statsd_host": true, "forwarded_allow_ips": true, "proxy_allow_ips": true, "ssl_version": true, "worker_class": true, "logger_class": true,
}

// listed are settings that take one text for a list of it.
var listed = map[string]bool{"bind": true, "raw_env": true, "reload_extra_files": true, "raw_paste_global_conf": true}

// web1 is the host that the fixtures were recorded on.
type web1 struct{ *schema.HostInputs }

func (h web1) Fact(f schema.Fact) (cty.Value, bool) {
	if f == schema.Hostname {
		return cty.StringVal("web1"), true
	}
	return h.HostInputs.Fact(f)
}

type expectation struct {
	Exit     int               `json:"exit"`
	Settings map[string]string `json:"settings"`
	Error    string            `json:"error"`
}

func fixture(t *testing.T, name string) bool {
	archive, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	base := strings.TrimSuffix(filepath.Base(name), ".txtar")
	dir := t.TempDir()
	env := map[string]string{"HOME": "/home/web", "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"}
	var want expectation
	unknown := map[string]bool{}
	config := ""
	for _, f := range archive.Files {
		switch f.Name {
		case "env":
			for line := range strings.SplitSeq(string(f.Data), "\n") {
				if k, v, ok := strings.Cut(line, "="); ok {
					env[k] = strings.ReplaceAll(v, "$DIR", dir)
				}
			}
		case "expect":
			if err := json.Unmarshal(f.Data, &want); err != nil {
				t.Fatalf("%s: %v", base, err)
			}
		case "unknown":
			for _, n := range strings.Fields(string(f.Data)) {
				unknown[n] = true
			}
		default:
			if config == "" {
				config = f.Name
			}
			path := filepath.Join(dir, f.Name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(f.Data), "$DIR", dir)), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for line := range strings.SplitSeq(string(archive.Comment), "\n") {
		if n, ok := strings.CutPrefix(line, "config: "); ok {
			config = strings.TrimSpace(n)
		}
	}
	src, err := os.ReadFile(filepath.Join(dir, config))
	if err != nil {
		t.Fatalf("%s: %v", base, err)
	}
	host := web1{&schema.HostInputs{Machine: true, Environ: env, CPUs: 4, Dir: dir}}
	r := Module(Options{Files: schema.NewFiles(dir), Dir: dir, Filename: config, Source: src, ModuleName: "__config__", SysPath: []string{dir}, Host: host})
	allKnown := true
	bindings := map[string]*Binding{}
	for i := range r.Bindings {
		b := &r.Bindings[i]
		bindings[b.Name] = b
		if b.Kind == "import" || b.Kind == "module" || unknown[b.Name] {
			continue
		}
		if b.OnHost == nil && b.Func == nil && b.Unknown != nil && schema.FindOpaque(b.Value) != nil {
			if _, isSetting := want.Settings[b.Name]; isSetting {
				t.Logf("%s: %s is not known: %s", base, b.Name, b.Unknown.Reason)
				allKnown = false
			}
		}
	}
	for setting, text := range want.Settings {
		b := bindings[setting]
		if b == nil || b.OnHost == nil || converted[setting] || strings.HasPrefix(text, "<") {
			continue
		}
		want := strings.ReplaceAll(text, "$DIR", dir)
		v := b.OnHost
		switch x := v.(type) {
		case value.NoneType:
			if want == "[]" {
				continue
			}
		case value.Str:
			if listed[setting] {
				v = value.NewList(value.Str(strings.TrimSpace(string(x))))
			} else if _, err := strconv.Atoi(want); err == nil {
				continue // a number given as text
			}
		case *value.Tuple:
			v = value.NewList(x.Elems...)
		case value.Bool:
			if want == "0" || want == "1" {
				continue
			}
		}
		got, err := value.ToStr(nil, v)
		var unsupported *value.UnsupportedError
		switch {
		case errors.As(err, &unsupported): // it shows an address
		case err != nil:
			t.Errorf("%s: %s: %v", base, setting, err)
		case !strings.EqualFold(strings.TrimSpace(got), want):
			t.Errorf("%s: %s: gunicorn prints %q, evaluated %q", base, setting, want, got)
		}
	}
	if r.Raised != nil && want.Exit == 0 && r.Raised.Type != "SystemExit" {
		t.Errorf("%s: raised %s: %s at %v, but gunicorn takes it", base, r.Raised.Type, r.Raised.Msg, r.Raised.Range)
	}
	if r.Syntax != nil && !strings.Contains(want.Error, "Error") && want.Exit == 0 {
		t.Errorf("%s: %v", base, r.Syntax)
	}
	return allKnown
}
