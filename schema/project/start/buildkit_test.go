package start

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestBuildKit compares with what BuildKit's parser and shell lexer made of the same files and words; testdata/buildkit
// records it.
func TestBuildKit(t *testing.T) {
	type instruction struct {
		Name  string
		Line  int
		Flags []string
		JSON  []string
		Text  string
	}
	var record struct {
		Files map[string][]instruction
		Words []struct{ Word, Result, Error string }
	}
	text, err := os.ReadFile("testdata/dockerfiles.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &record); err != nil {
		t.Fatal(err)
	}
	if len(record.Files) < 8 || len(record.Words) < 20 {
		t.Fatal("the record is not whole")
	}
	for name, want := range record.Files {
		text, err := os.ReadFile(filepath.Join("testdata/dockerfiles", name))
		if err != nil {
			t.Fatal(err)
		}
		var got []instruction
		for _, in := range newReader(tree(t, nil)).dockerfile(newSource(name, text)) {
			g := instruction{Name: in.name, Line: in.at.Start.Line}
			for _, f := range in.flags {
				g.Flags = append(g.Flags, f.text)
			}
			for _, w := range in.list {
				g.JSON = append(g.JSON, w.text)
			}
			if len(g.JSON) == 0 && !in.json && strings.Contains("CMD ENTRYPOINT RUN", in.name) {
				g.Text = in.args.text
			}
			if in.name == "HEALTHCHECK" {
				g.JSON = nil // BuildKit takes the command apart later
			}
			got = append(got, g)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: (-BuildKit +gsrv)\n%s", name, diff)
		}
	}
	vars := map[string]string{"A": "one", "EMPTY": "", "SPACE": "a b"}
	for _, w := range record.Words {
		if w.Error != "" {
			continue
		}
		got := dockerWord(newSource("x", []byte(w.Word)).whole(), '\\', func(name string) (variable, bool) {
			v, ok := vars[name]
			return variable{fragment: fragment{text: v}}, ok
		})
		if got.text != w.Result {
			t.Errorf("%s: %q, BuildKit gives %q", w.Word, got.text, w.Result)
		}
	}
}
