package start

import (
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"gsrv/schema"
)

// TestShapes reads testdata/*.txtar: files of a project as they are found in the field, and in the part "want" the
// commands of each file that "read" names.
func TestShapes(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatal("no shapes", err)
	}
	for _, name := range names {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cases(archive) {
			t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar")+"/"+c.name, func(t *testing.T) {
				files := tree(t, c.files)
				var got []string
				for _, line := range strings.Split(strings.TrimSpace(c.read), "\n") {
					fields := strings.Fields(line)
					commands, diags := readAs(files, fields)
					for _, cmd := range commands {
						got = append(got, show(cmd)+more(cmd))
					}
					for _, d := range diags {
						got = append(got, "! "+d.Subject.String()+" "+d.Summary)
					}
				}
				if diff := cmp.Diff(strings.TrimSpace(c.want), strings.Join(got, "\n")); diff != "" {
					t.Errorf("(-want +got)\n%s\n%s", diff, strings.Join(got, "\n"))
				}
			})
		}
	}
}

type shape struct {
	name, read, want string
	files            map[string]string
}

// cases takes an archive apart: each case begins with "case/read", its files are "case/…", its end is "case/want".
func cases(archive *txtar.Archive) []*shape {
	byName := map[string]*shape{}
	var order []*shape
	for _, f := range archive.Files {
		name, rest, _ := strings.Cut(f.Name, "/")
		c := byName[name]
		if c == nil {
			c = &shape{name: name, files: map[string]string{}}
			byName[name] = c
			order = append(order, c)
		}
		switch rest {
		case "read":
			c.read = string(f.Data)
		case "want":
			c.want = string(f.Data)
		default:
			c.files[rest] = string(f.Data)
		}
	}
	return order
}

func tree(t testing.TB, texts map[string]string) *schema.Files {
	t.Helper()
	dir := t.TempDir()
	names := make([]string, 0, len(texts))
	for name := range texts {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		write(t, filepath.Join(dir, name), texts[name])
	}
	return schema.NewFiles(dir)
}
