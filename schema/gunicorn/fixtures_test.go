package gunicorn

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
)

// recordedHost is the host of the recordings in fixtures/gunicorn.
type recordedHost struct{ *schema.HostInputs }

func (h recordedHost) Fact(f schema.Fact) (cty.Value, bool) {
	switch f {
	case schema.Hostname:
		return cty.StringVal("web1"), true
	case schema.UserID, schema.GroupID:
		return cty.NumberIntVal(0), true
	case schema.UserName, schema.GroupName:
		return cty.StringVal("root"), true
	}
	return h.HostInputs.Fact(f)
}

// A fixture is one archive: a configuration and the recording of a real gunicorn.
type fixture struct {
	dir     string
	config  string
	unknown []string
	env     map[string]string
	expect  struct {
		Exit      int               `json:"exit"`
		CheckExit *int              `json:"check_exit"`
		Printed   *bool             `json:"printed"`
		Error     string            `json:"error"`
		Settings  map[string]string `json:"settings"`
	}
}

func loadFixture(t testing.TB, file string) *fixture {
	t.Helper()
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{dir: dir, env: map[string]string{"PATH": "/usr/bin:/bin", "HOME": "/home/web", "LANG": "C.UTF-8"}}
	for line := range strings.Lines(string(a.Comment)) {
		if name, ok := strings.CutPrefix(line, "config:"); ok {
			f.config = strings.TrimSpace(name)
		}
	}
	files := []txtar.File{{Name: "app.py", Data: []byte("def app(environ, start_response):\n    return []\n")}}
	for _, part := range a.Files {
		switch part.Name {
		case "env":
			for line := range strings.Lines(string(part.Data)) {
				if k, v, ok := strings.Cut(strings.TrimRight(line, "\n"), "="); ok {
					f.env[k] = strings.ReplaceAll(v, "$DIR", dir)
				}
			}
		case "unknown":
			f.unknown = strings.Fields(string(part.Data))
		case "expect":
			if err := json.Unmarshal(part.Data, &f.expect); err != nil {
				t.Fatal(err)
			}
		default:
			files = append(files, part)
			if f.config == "" {
				f.config = part.Name
			}
		}
	}
	for _, part := range files {
		name := filepath.Join(dir, part.Name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(strings.ReplaceAll(string(part.Data), "$DIR", dir)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

func (f *fixture) read() (*schema.Config, hcl.Diagnostics) {
	in := schema.Input{Files: schema.NewFiles(f.dir), Dir: f.dir, Version: schema.MustVersion("20.1.0")}
	in.Host = recordedHost{&schema.HostInputs{Machine: true, Environ: f.env, Dir: f.dir, CPUs: 4}}
	text, words := schema.JoinWords([]string{"gunicorn", "-c", f.config, "app:app"})
	in.Files.Put(schema.CommandLine, text)
	in.Command = words
	return New().Read(in)
}

func fixtureFiles(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "fixtures", "gunicorn", "real", "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatal("no fixtures", err)
	}
	return files
}

// TestFixtures compares readings of the shapes of real configurations with what gunicorn 20.1.0 made of them.
func TestFixtures(t *testing.T) {
	for _, file := range fixtureFiles(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			f := loadFixture(t, file)
			cfg, diags := f.read()
			exit := f.expect.Exit
			if f.expect.CheckExit != nil {
				exit = *f.expect.CheckExit
			}
			if (exit != 0) != diags.HasErrors() {
				t.Errorf("exit %d %s\ngsrv %q", exit, f.expect.Error, diagTexts(diags))
			}
			if exit != 0 && len(f.expect.Settings) == 0 || f.expect.Printed != nil {
				return
			}
			for name, want := range f.expect.Settings {
				if slices.Contains(f.unknown, name) || strings.Contains(want, "0x...") || strings.HasPrefix(want, "<callable ") {
					continue
				}
				if _, unknown := cfg.Native.(*Object).Get(name).(*Object); unknown && !strings.HasPrefix(want, "{") || strings.HasPrefix(shownText(t, cfg, name), "{'unknown':") {
					continue // how many are known is the evaluator's measure
				}
				if got := shownText(t, cfg, name); got != strings.ReplaceAll(want, "$DIR", f.dir) {
					t.Errorf("%s: gunicorn %q, gsrv %q", name, want, got)
				}
			}
			for _, s := range cfg.Settings {
				if _, set := f.expect.Settings[s.Native]; set || s.Layer != schema.LayerFile || slices.Contains(f.unknown, s.Native) {
					continue
				}
				if e := Catalogue.Lookup(s.Native); e != nil && s.OnHost != cty.NilVal && s.OnHost.IsWhollyKnown() {
					if got, want := shownText(t, cfg, s.Native), defaultShown(t, s.Native); got != want && want != "" {
						t.Errorf("%s: gunicorn has its default %q, gsrv %q", s.Native, want, got)
					}
				}
			}
		})
	}
}

var defaultsRead *schema.Config

// defaultShown is a setting's printed text where nothing is configured; "" for what depends on the machine.
func defaultShown(t *testing.T, name string) string {
	t.Helper()
	if name == "chdir" || name == "config" || name == "user" || name == "group" || name == "default_proc_name" || name == "check_config" || name == "print_config" {
		return ""
	}
	if defaultsRead == nil {
		v := &vector{Argv: []string{"app:app"}}
		_, defaultsRead, _ = v.read(t)
	}
	return shownText(t, defaultsRead, name)
}

// TestFixtureAdvice keeps what is said of the shapes of real configurations: every message is read by people, and a
// false alarm costs their trust. Run with -update to write the file again, and read the difference.
func TestFixtureAdvice(t *testing.T) {
	var b strings.Builder
	for _, file := range fixtureFiles(t) {
		f := loadFixture(t, file)
		_, diags := f.read()
		b.WriteString("== " + filepath.Base(filepath.Dir(file)) + "/" + filepath.Base(file) + "\n")
		for _, d := range diags {
			kind := "warning"
			switch detail := schema.DetailOf(d); {
			case d.Severity == hcl.DiagError:
				kind = "error"
			case detail.Note:
				kind = "note"
			}
			at := ""
			if d.Subject != nil && d.Subject.Filename != "" {
				at = d.Subject.String() + ": "
			}
			b.WriteString(strings.ReplaceAll(at+kind+" ["+schema.DetailOf(d).Code+"] "+d.Summary+": "+d.Detail+"\n", f.dir, "$DIR"))
		}
	}
	compareGolden(t, "fixture-advice.txt", b.String())
}
