package paste

import (
	"encoding/json"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"gsrv/schema"
)

// A vector is one recorded run of PasteDeploy's loadcontext. $DIR stands for the directory the files are in.
type vector struct {
	ID     string            `json:"id"`
	Files  map[string]string `json:"files"`
	Kind   string            `json:"kind"`
	URI    string            `json:"uri"`
	Name   string            `json:"name,omitempty"`
	Vars   map[string]string `json:"global_conf,omitempty"`
	Expect struct {
		Context map[string]any    `json:"context,omitempty"`
		Global  map[string]string `json:"global,omitempty"`
		Error   string            `json:"error,omitempty"`
		Message string            `json:"message,omitempty"`
	} `json:"expect"`
}

// run loads the vector's context in a fresh directory. The packages of the machine that recorded them stand in for Installed.
func (v *vector) run(t testing.TB) (map[string]any, *Error) {
	dir := t.TempDir()
	for name, text := range v.Files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, "$DIR", dir)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	l := &Loader{Files: schema.NewFiles(dir), Dir: dir, Installed: func(string) *Distribution { return nil }}
	c, err := l.LoadContext(Request{Kind: KindNamed(v.Kind), URI: strings.ReplaceAll(v.URI, "$DIR", dir), Name: v.Name, RelativeTo: dir, Vars: sortedVars(v.Vars)})
	if err != nil {
		e := err.(*Error)
		e.Message = strings.ReplaceAll(e.Message, dir, "$DIR")
		return nil, e
	}
	text, jerr := json.Marshal(c.JSON())
	if jerr != nil {
		t.Fatal(jerr)
	}
	var got map[string]any
	if jerr := json.Unmarshal([]byte(strings.ReplaceAll(string(text), dir, "$DIR")), &got); jerr != nil {
		t.Fatal(jerr)
	}
	return got, nil
}

func sortedVars(m map[string]string) []Var {
	var vars []Var
	for k, v := range m {
		vars = append(vars, Var{Name: k, Text: v})
	}
	sort.Slice(vars, func(i, j int) bool { return vars[i].Name < vars[j].Name })
	return vars
}

// differs says where a recorded context and ours part; "" where they agree. What the recording leaves out does not count.
func differs(want, got any, path string) string {
	switch want := want.(type) {
	case map[string]any:
		g, _ := got.(map[string]any)
		for k, w := range want {
			if d := differs(w, g[k], path+"."+k); d != "" {
				return d
			}
		}
		if strings.HasSuffix(path, ".local") || strings.HasSuffix(path, ".global!") {
			for k := range g {
				if _, ok := want[k]; !ok {
					return path + "." + k + ": not in the real one"
				}
			}
		}
	case []any:
		g, _ := got.([]any)
		if len(want) != len(g) {
			return path + ": different length"
		}
		for i := range want {
			if d := differs(want[i], g[i], path+"[]"); d != "" {
				return d
			}
		}
	default:
		if want != got {
			w, _ := json.Marshal(want)
			g, _ := json.Marshal(got)
			return path + ": real " + string(w) + ", ours " + string(g)
		}
	}
	return ""
}

func (v *vector) check(t *testing.T) {
	got, err := v.run(t)
	if v.Expect.Error != "" {
		if err == nil {
			t.Fatalf("real %s: %s, ours takes it: %v", v.Expect.Error, v.Expect.Message, got)
		}
		if err.Class != v.Expect.Error {
			t.Errorf("real %s: %s\nours %s: %s", v.Expect.Error, v.Expect.Message, err.Class, err.Message)
		}
		if w, g := squeeze(v.Expect.Message), squeeze(err.Message); w != g {
			t.Errorf("message: real %s\nours %s", w, g)
		}
		return
	}
	if err != nil {
		t.Fatalf("real takes it, ours %s: %s", err.Class, err.Message)
	}
	if d := differs(any(v.Expect.Context), got, "context"); d != "" {
		t.Error(d)
	}
	global, _ := got["global"].(map[string]any)
	for k, w := range v.Expect.Global {
		if global[k] != w {
			t.Errorf("global %s: real %q, ours %q", k, w, global[k])
		}
	}
}

func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }

func TestVectors(t *testing.T) {
	files, err := filepath.Glob("testdata/*.vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	shared := filepath.Join("..", "..", "..", "shared", "catalogue", "paste-vectors.json")
	if _, err := os.Stat(shared); err == nil {
		files = append(files, shared)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var file struct{ Vectors []vector }
		if err := json.Unmarshal(text, &file); err != nil {
			t.Fatal(name, err)
		}
		for _, v := range file.Vectors {
			t.Run(v.ID, v.check)
		}
	}
}
