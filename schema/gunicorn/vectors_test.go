package gunicorn

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
	"gsrv/schema/paste"
	"gsrv/schema/python/value"
)

// A vector is a configuration and what a real gunicorn made of it.
type vector struct {
	ID     string            `json:"id"`
	Mode   string            `json:"mode"`
	Bare   bool              `json:"bare"`
	Target string            `json:"target"`
	Files  map[string]string `json:"files"`
	Argv   []string          `json:"argv"`
	Env    map[string]string `json:"env"`
	Expect struct {
		Exit     int               `json:"exit"`
		Settings map[string]string `json:"settings"`
		Stderr   []string          `json:"stderr"`
	} `json:"expect"`
}

const appSource = `def app(environ, start_response):
    start_response('200 OK', [])
    return []
application = app
def make(name='x'):
    return app
not_callable = 3
`

// A scratch is a directory that holds one vector's files after the other; what stays the same is not written again.
type scratch struct {
	dir   string
	files map[string]string
}

func newScratch(t *testing.T) *scratch {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	check(t, err)
	return &scratch{dir: dir, files: map[string]string{}}
}

func (s *scratch) hold(t *testing.T, files map[string]string) {
	t.Helper()
	for name := range s.files {
		if _, stays := files[name]; !stays {
			check(t, os.Remove(filepath.Join(s.dir, name)))
			delete(s.files, name)
		}
	}
	for name, text := range files {
		if have, ok := s.files[name]; ok && have == text {
			continue
		}
		file := filepath.Join(s.dir, name)
		check(t, os.MkdirAll(filepath.Dir(file), 0o755))
		check(t, os.WriteFile(file, []byte(strings.ReplaceAll(text, "$DIR", s.dir)), 0o644))
		s.files[name] = text
	}
}

// read reads a vector in a fresh directory as gsrv does.
func (v *vector) read(t *testing.T) (dir string, cfg *schema.Config, diags hcl.Diagnostics) {
	t.Helper()
	return v.readIn(t, newScratch(t))
}

func (v *vector) readIn(t *testing.T, s *scratch) (dir string, cfg *schema.Config, diags hcl.Diagnostics) {
	t.Helper()
	dir = s.dir
	files := map[string]string{"app.py": appSource}
	for name, text := range v.Files {
		files[name] = text
	}
	s.hold(t, files)
	env := map[string]string{"PATH": "/usr/bin:/bin", "HOME": dir, "LANG": "C.UTF-8"}
	for k, x := range v.Env {
		env[k] = strings.ReplaceAll(x, "$DIR", dir)
	}
	in := schema.Input{Files: schema.NewFiles(dir), Dir: dir, Host: &schema.HostInputs{Machine: true, Environ: env, Dir: dir}}
	target := v.Target
	if target == "" {
		target = "20.1.0"
	}
	in.Version = schema.MustVersion(target)
	if v.Mode == "paste-server" {
		in.File = "server.ini"
		loader := &paste.Loader{Files: in.Files, Dir: dir}
		ctx, err := loader.LoadContext(paste.Request{Kind: paste.Server, URI: "config:server.ini", RelativeTo: dir})
		if err != nil {
			t.Fatal(err)
		}
		cfg, diags = ReadPaste(in, ctx)
		return dir, cfg, diags
	}
	argv := []string{"gunicorn"}
	for _, a := range v.Argv {
		argv = append(argv, strings.ReplaceAll(a, "$DIR", dir))
	}
	text, words := schema.JoinWords(argv)
	in.Files.Put(schema.CommandLine, text)
	in.Command = words
	cfg, diags = New().Read(in)
	return dir, cfg, diags
}

// shownText is what Python's print gives for a setting of Config.Native.
func shownText(t *testing.T, cfg *schema.Config, name string) string {
	t.Helper()
	o, ok := cfg.Native.(*Object)
	if !ok {
		t.Fatalf("Native is %T", cfg.Native)
	}
	text, err := json.Marshal(o.Get(name))
	if err != nil {
		t.Fatal(err)
	}
	v, err := value.JSONLoads(nil, string(text))
	if err != nil {
		t.Fatal(err)
	}
	s, err := value.ToStr(nil, v)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// check compares a reading with what was recorded.
func (v *vector) check(t *testing.T) {
	dir, cfg, diags := v.read(t)
	if (v.Expect.Exit != 0) != diags.HasErrors() {
		t.Errorf("exit %d %q, gsrv: %v", v.Expect.Exit, v.Expect.Stderr, diagTexts(diags))
		return
	}
	for name, want := range v.Expect.Settings {
		want = strings.ReplaceAll(want, "$DIR", dir)
		if name == "user" || name == "group" {
			if want == "0" && os.Getuid() != 0 {
				continue // recorded as root
			}
		}
		if got := shownText(t, cfg, name); got != want && !(strings.HasPrefix(want, "<") && strings.HasPrefix(got, "{'unknown':")) {
			t.Errorf("%s: gunicorn %q, gsrv %q", name, want, got)
		}
	}
	if v.Expect.Exit == 0 {
		return
	}
	var server []string
	for _, d := range diags {
		server = append(server, schema.DetailOf(d).ServerMessage)
	}
	all := squeeze(strings.Join(server, "\n"))
	for _, line := range v.Expect.Stderr {
		line = strings.ReplaceAll(line, "$DIR/gunicorn.conf.py", "gunicorn.conf.py")
		line = squeeze(strings.ReplaceAll(line, "$DIR", dir))
		if noise(line) {
			continue
		}
		if !strings.Contains(all, line) {
			t.Errorf("gunicorn says %q, gsrv's server messages are %q", line, all)
		}
	}
}

// noise tells the lines that no diagnostic repeats: headings, and the traceback's inner exceptions.
func noise(line string) bool {
	return line == "Error while loading the application:" || strings.HasPrefix(line, "ValueError: malformed node") || strings.HasPrefix(line, "AttributeError: module")
}

func squeeze(s string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(strings.ReplaceAll(s, "0x?", "0x"), "0x...", "0x")), " ")
}

func diagTexts(diags hcl.Diagnostics) []string {
	var out []string
	for _, d := range diags {
		out = append(out, d.Summary+": "+d.Detail)
	}
	return out
}

// TestSharedVectors reads the vectors that lie beside the checkout, where there are any.
func TestSharedVectors(t *testing.T) {
	checkVectors(t, filepath.Join("..", "..", "..", "shared", "catalogue", "gunicorn-vectors.json"))
}

func checkVectors(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Skip(err)
	}
	var all struct{ Vectors []*vector }
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	if len(all.Vectors) == 0 {
		t.Fatal("no vectors in " + file)
	}
	for _, v := range all.Vectors {
		t.Run(v.ID, v.check)
	}
}
