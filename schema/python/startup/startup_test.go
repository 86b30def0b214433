package startup

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"gsrv/schema"
)

var update = flag.Bool("update", false, "write what is found into the fixtures, to be read before it is kept")

// A shape is a fixture: an application's files and what its import starts.
type shape struct {
	name, file string
	archive    *txtar.Archive
	opts       Options
	function   string
	environ    map[string]string
	// noProbe is why the shape is not imported by a real interpreter, empty where it is.
	noProbe string
	// fresh asks for an interpreter that has imported nothing yet.
	fresh bool
	want  string
}

// shapes reads the fixtures. The comment of an archive holds lines NAME: VALUE: app, function, server, env, path, probe.
func shapes(t testing.TB) []*shape {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	var out []*shape
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s := &shape{name: strings.TrimSuffix(filepath.Base(file), ".txtar"), file: file, archive: archive, environ: map[string]string{}}
		for line := range strings.Lines(string(archive.Comment)) {
			key, value, ok := strings.Cut(strings.TrimSpace(line), ": ")
			if !ok {
				continue
			}
			switch key {
			case "app":
				s.opts.App = value
			case "function":
				s.function = value
			case "server":
				s.opts.Server = value
			case "path":
				s.opts.Path = strings.Fields(value)
			case "env":
				k, v, _ := strings.Cut(value, "=")
				s.environ[k] = v
			case "fresh":
				s.fresh = value == "yes"
			case "probe":
				s.noProbe = value
			}
		}
		if len(s.environ) > 0 {
			s.opts.Environ = func(name string) (string, bool, bool) {
				v, ok := s.environ[name]
				return v, ok, ok
			}
		}
		for _, f := range archive.Files {
			if f.Name == "want" {
				s.want = string(f.Data)
			}
		}
		out = append(out, s)
	}
	return out
}

// unpack writes a shape's files into a directory of its own.
func (s *shape) unpack(t testing.TB) string {
	dir := t.TempDir()
	for _, f := range s.archive.Files {
		if f.Name == "want" {
			continue
		}
		path := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func (s *shape) report(t testing.TB, dir string) *Report {
	files := schema.NewFiles(dir)
	if s.function != "" {
		return Function(files, s.opts, s.function)
	}
	return App(files, s.opts)
}

// lines prints a report as the fixtures have it: KIND FILE:LINE:COLUMN WHAT [conditional: GUARD] [after-fork], below it the
// way there.
func lines(r *Report) string {
	var b strings.Builder
	if !r.Found {
		b.WriteString("not found\n")
	}
	for _, e := range r.Effects {
		fmt.Fprintf(&b, "%s %s:%d:%d %s", e.Kind, e.Range.Filename, e.Range.Start.Line, e.Range.Start.Column, e.What)
		if e.Conditional {
			fmt.Fprintf(&b, " [conditional: %s]", e.Guard)
		} else if e.Guard != "" {
			fmt.Fprintf(&b, " [within: %s]", e.Guard)
		}
		if e.AfterFork {
			b.WriteString(" [after-fork]")
		}
		b.WriteByte('\n')
		for _, s := range e.Path {
			fmt.Fprintf(&b, "    %s\n", s)
		}
	}
	if r.Truncated {
		b.WriteString("truncated\n")
	}
	for _, m := range r.Missing {
		fmt.Fprintf(&b, "missing %s\n", m)
	}
	for _, err := range r.Unreadable {
		fmt.Fprintf(&b, "unreadable %s\n", err)
	}
	if b.Len() == 0 {
		b.WriteString("nothing\n")
	}
	return b.String()
}

func TestShapes(t *testing.T) {
	for _, s := range shapes(t) {
		t.Run(s.name, func(t *testing.T) {
			got := lines(s.report(t, s.unpack(t)))
			if *update {
				var kept []txtar.File
				for _, f := range s.archive.Files {
					if f.Name != "want" {
						kept = append(kept, f)
					}
				}
				s.archive.Files = append(kept, txtar.File{Name: "want", Data: []byte(got)})
				if err := os.WriteFile(s.file, txtar.Format(s.archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(s.want, got); diff != "" {
				t.Errorf("what the import starts (-want +got):\n%s", diff)
			}
		})
	}
}
