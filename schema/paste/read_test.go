package paste

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"golang.org/x/tools/txtar"

	"gsrv/schema"
)

var update = flag.Bool("update", false, "rewrite the expected parts of fixtures")

// readIn reads a command line, or a file where it is a single word that ends in .ini, in a directory.
func readIn(dir string, argv []string, readers map[string]ServerReader) (*schema.Config, hcl.Diagnostics) {
	in := schema.Input{Files: schema.NewFiles(dir), Dir: dir, Host: &schema.HostInputs{Dir: dir}}
	if len(argv) == 1 && strings.HasSuffix(argv[0], ".ini") {
		in.File = argv[0]
	} else {
		text, words := schema.JoinWords(argv)
		in.Files.Put(schema.CommandLine, text)
		in.Command = words
	}
	return New(readers).Read(in)
}

// render writes what a fixture expects: the summary, what is set, the model beyond defaults, and every diagnostic.
func render(c *schema.Config, diags hcl.Diagnostics, dir string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "summary: %s\n", c.Summary)
	for _, s := range c.Settings {
		if s.Layer == schema.LayerDefault {
			continue
		}
		fmt.Fprintf(&b, "%s = %s (%s %s, %s)\n", s.Native, schema.ValueText(s.OnHost), s.Layer, s.Source, place(s.Range))
		for _, o := range s.Shadowed {
			if o.Layer != schema.LayerDefault {
				fmt.Fprintf(&b, "    over %s (%s, %s)\n", schema.ValueText(o.OnHost), o.Source, place(o.Range))
			}
		}
	}
	for _, s := range c.Model {
		if s.Layer != schema.LayerDefault || strings.HasPrefix(s.Name, "listen.") && s.Name != "listen.backlog" && s.Name != "listen.mode" {
			fmt.Fprintf(&b, "model %s = %s (%s)\n", s.Name, schema.ValueText(s.OnHost), s.Layer)
		}
	}
	for _, d := range diags {
		detail := schema.DetailOf(d)
		severity := "error"
		switch {
		case detail.Note:
			severity = "note"
		case d.Severity == hcl.DiagWarning:
			severity = "warning"
		}
		fmt.Fprintf(&b, "%s[%s] %s %s: %s\n", severity, detail.Code, place(*d.Subject), d.Summary, d.Detail)
		if detail.ServerMessage != "" {
			fmt.Fprintf(&b, "    server: %s\n", strings.ReplaceAll(detail.ServerMessage, "\n", `\n`))
		}
		if detail.Suggest != "" {
			fmt.Fprintf(&b, "    suggest: %s\n", detail.Suggest)
		}
		for _, r := range detail.Related {
			fmt.Fprintf(&b, "    %s: %s\n", place(r.Range), r.Message)
		}
	}
	return strings.ReplaceAll(b.String(), dir, "$DIR")
}

func place(r hcl.Range) string {
	if r.Filename == "" {
		return "-"
	}
	if r.Start.Line != r.End.Line {
		return fmt.Sprintf("%s:%d:%d-%d:%d", r.Filename, r.Start.Line, r.Start.Column, r.End.Line, r.End.Column)
	}
	return fmt.Sprintf("%s:%d:%d-%d", r.Filename, r.Start.Line, r.Start.Column, r.End.Column)
}

func write(t testing.TB, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestFixtures reads the files of fixtures/paste. A fixture's comment ends with the command line, after "$ "; the part
// named want is what is expected.
func TestFixtures(t *testing.T) {
	names, err := filepath.Glob("../../fixtures/paste/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatal("no fixtures", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			_, command, found := strings.Cut(string(archive.Comment), "$ ")
			if !found {
				t.Fatal("the comment has no command line after \"$ \"")
			}
			dir := t.TempDir()
			want := -1
			for i, f := range archive.Files {
				if f.Name == "want" {
					want = i
					continue
				}
				write(t, dir, f.Name, string(f.Data))
			}
			config, diags := readIn(dir, strings.Fields(command), nil)
			got := render(config, diags, dir)
			if *update {
				if want < 0 {
					archive.Files = append(archive.Files, txtar.File{Name: "want"})
					want = len(archive.Files) - 1
				}
				archive.Files[want].Data = []byte(got)
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if want < 0 || string(archive.Files[want].Data) != got {
				t.Errorf("got\n%s\nwant\n%s", got, func() string {
					if want < 0 {
						return "(nothing)"
					}
					return string(archive.Files[want].Data)
				}())
			}
		})
	}
}

// TestCorpus reads real files, where they are there: none may be refused for another reason than its missing server,
// and none may be warned of without a cause that is listed here.
func TestCorpus(t *testing.T) {
	names, _ := filepath.Glob("../../../shared/corpus/paste/*.ini")
	if len(names) == 0 {
		t.Skip("no corpus here")
	}
	for _, name := range names {
		dir, base := filepath.Split(name)
		dir, err := filepath.Abs(dir)
		if err != nil {
			t.Fatal(err)
		}
		config, diags := readIn(dir, []string{base}, nil)
		t.Logf("%s\n%s", base, render(config, diags, dir))
		if diags.HasErrors() || schema.HasWarnings(diags) {
			t.Errorf("%s: complaint", base)
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := New(nil).Recognise(base, text); got < 90 {
			t.Errorf("%s: recognised with %d only", base, got)
		}
	}
}
