package uwsgi

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
)

// readCommand reads a command line in a directory, with an environment of its own, as uWSGI 2.0.21 of Debian.
func readCommand(dir string, argv []string, env [][2]string, stdin string, version string) (*schema.Config, hcl.Diagnostics) {
	host := &orderedHost{HostInputs: schema.HostInputs{Machine: true, Dir: dir, Environ: map[string]string{"PATH": "/usr/bin:/bin", "HOME": dir, "LANG": "C.UTF-8"}}}
	for _, kv := range env {
		host.Environ[kv[0]] = kv[1]
		host.order = append(host.order, kv[0])
	}
	files := schema.NewFiles(dir)
	text, words := schema.JoinWords(append([]string{"uwsgi"}, argv...))
	files.Put(schema.CommandLine, text)
	in := schema.Input{Files: files, Dir: dir, Host: host, Command: words, Stdin: []byte(stdin)}
	if version != "" {
		in.Version = schema.MustVersion(version)
	}
	return New().Read(in)
}

// orderedHost knows the order of its environment.
type orderedHost struct {
	schema.HostInputs
	order []string
}

func (h *orderedHost) EnvOrder() []string { return h.order }

// ordered is a JSON object of texts in the order written.
type ordered [][2]string

func (o *ordered) UnmarshalJSON(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	if _, err := d.Token(); err != nil {
		return err
	}
	for d.More() {
		k, err := d.Token()
		if err != nil {
			return err
		}
		var v string
		if err := d.Decode(&v); err != nil {
			return err
		}
		*o = append(*o, [2]string{k.(string), v})
	}
	return nil
}

type vector struct {
	ID     string            `json:"id"`
	Files  map[string]string `json:"files"`
	Argv   []string          `json:"argv"`
	Env    ordered           `json:"env"`
	Stdin  string            `json:"stdin"`
	Expect struct {
		Exit   int         `json:"exit"`
		Config [][2]string `json:"config"`
		Log    []string    `json:"log"`
	} `json:"expect"`
}

func loadVectors(t *testing.T, path string) []vector {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Skip("no recordings at ", path)
	}
	var file struct {
		Vectors []vector `json:"vectors"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	return file.Vectors
}

func writeFiles(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func checkVector(t *testing.T, v vector) {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	writeFiles(t, dir, v.Files)
	sub := func(s string) string { return strings.ReplaceAll(s, "$DIR", dir) }
	argv := make([]string, len(v.Argv))
	for i, a := range v.Argv {
		argv[i] = sub(a)
	}
	c, diags := readCommand(dir, argv, v.Env, v.Stdin, "2.0.21")
	if got, want := diags.HasErrors(), v.Expect.Exit != 0; got != want {
		t.Fatalf("refused %v, uWSGI exits %d %q: %v", got, v.Expect.Exit, v.Expect.Log, diags)
	}
	checkExpressions(t, c, dir, v.Env)
	if v.Expect.Exit != 0 || v.Expect.Config == nil {
		return
	}
	want := make([][2]string, len(v.Expect.Config))
	for i, kv := range v.Expect.Config {
		want[i] = [2]string{sub(kv[0]), sub(kv[1])}
	}
	if diff := cmp.Diff(want, c.Native); diff != "" {
		t.Errorf("list differs (-uwsgi +gsrv):\n%s", diff)
	}
}

// checkExpressions evaluates every setting's expression on the host that was read for: it must give the value there.
func checkExpressions(t *testing.T, c *schema.Config, dir string, env [][2]string) {
	t.Helper()
	h := &schema.HostInputs{Machine: true, Dir: dir, Environ: map[string]string{"PATH": "/usr/bin:/bin", "HOME": dir, "LANG": "C.UTF-8"}}
	for _, kv := range env {
		h.Environ[kv[0]] = kv[1]
	}
	for _, settings := range [][]schema.Setting{c.Settings, c.Model} {
		for _, s := range settings {
			v, diags := s.Value.Eval(h)
			if diags.HasErrors() || !v.IsWhollyKnown() || !s.OnHost.IsWhollyKnown() {
				continue
			}
			if !v.RawEquals(s.OnHost) {
				t.Errorf("%s%s = %s gives %s on the host, not %s", s.Name, s.Native, schema.ExprText(s.Value), schema.ValueText(v), schema.ValueText(s.OnHost))
			}
		}
	}
}

// TestSharedVectors runs recordings that stand beside the checkout, where there are any.
func TestSharedVectors(t *testing.T) {
	for _, v := range loadVectors(t, "../../../shared/catalogue/uwsgi-vectors.json") {
		t.Run(v.ID, func(t *testing.T) { checkVector(t, v) })
	}
}
