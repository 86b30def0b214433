package uwsgi

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/rogpeppe/go-internal/txtar"

	"gsrv/schema"
)

var update = flag.Bool("update", false, "write the golden parts of the fixtures anew")

// TestFixtures reads the configurations in fixtures/uwsgi. The comment of each archive says what it is about and, in
// lines "command:", "file:", "env:", "target:" and "host: none", how it is read. The part "want" is what comes of it:
// the line that says what would run, the effective settings that are set, the model, the diagnostics.
func TestFixtures(t *testing.T) {
	names, err := filepath.Glob("../../fixtures/uwsgi/*.txtar")
	if err != nil || len(names) < 40 {
		t.Fatalf("%d fixtures: %v", len(names), err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			dir, err := filepath.EvalSymlinks(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			want := ""
			files := archive.Files[:0:0]
			for _, f := range archive.Files {
				if f.Name == "want" {
					want = string(f.Data)
					continue
				}
				files = append(files, f)
				writeFiles(t, dir, map[string]string{f.Name: unescape(string(f.Data))})
			}
			got := strings.ReplaceAll(readFixture(t, string(archive.Comment), dir), dir, "$DIR")
			if *update {
				archive.Files = append(files, txtar.File{Name: "want", Data: []byte(got)})
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// unescape puts bytes into a file that a text archive cannot hold.
func unescape(s string) string {
	return strings.NewReplacer("{{BOM}}", "\ufeff", "{{CR}}", "\r", "{{NUL}}", "\x00", "{{NO NEWLINE}}\n", "").Replace(s)
}

func readFixture(t *testing.T, comment, dir string) string {
	t.Helper()
	host := &orderedHost{HostInputs: schema.HostInputs{Machine: true, Dir: dir, CPUs: 4, Environ: map[string]string{"PATH": "/usr/bin:/bin", "HOME": "/home/me"}}}
	files := schema.NewFiles(dir)
	in := schema.Input{Files: files, Dir: dir, Host: host}
	for line := range strings.Lines(comment) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch key {
		case "command":
			text, words := schema.JoinWords(strings.Fields(value))
			files.Put(schema.CommandLine, text)
			in.Command = words
		case "file":
			in.File = value
		case "env":
			k, v, _ := strings.Cut(value, "=")
			host.Environ[k] = v
			host.order = append(host.order, k)
		case "target":
			in.Version = schema.MustVersion(value)
		case "host":
			in.Host = schema.NoHost
		}
	}
	c, diags := New().Read(in)
	return describe(c, diags)
}

func describe(c *schema.Config, diags hcl.Diagnostics) string {
	var b bytes.Buffer
	fmt.Fprintln(&b, c.Summary)
	native, _ := json.Marshal(c.Native)
	fmt.Fprintf(&b, "native %s\n", native)
	for _, s := range c.Settings {
		if s.Layer == schema.LayerDefault {
			continue
		}
		fmt.Fprintf(&b, "%s = %s", s.Native, schema.ExprText(s.Value))
		if !schema.IsConst(s.Value) {
			fmt.Fprintf(&b, " → %s", schema.ValueText(s.OnHost))
		}
		fmt.Fprintf(&b, "  (%s, %s)", s.Layer, place(s.Range))
		for _, o := range s.Shadowed {
			if o.Layer != schema.LayerDefault {
				fmt.Fprintf(&b, " over %s (%s, %s)", schema.ExprText(o.Value), o.Layer, place(o.Range))
			}
		}
		fmt.Fprintln(&b)
	}
	for _, s := range c.Model {
		if s.Layer != schema.LayerDefault {
			fmt.Fprintf(&b, "model %s = %s\n", s.Name, schema.ExprText(s.Value))
		}
	}
	for _, o := range c.Open {
		fmt.Fprintf(&b, "open %s: %s (%s)\n", o.Source, o.Reason, place(o.Src))
	}
	for _, d := range diags {
		kind := "error"
		if x := schema.DetailOf(d); x.Note {
			kind = "note"
		} else if d.Severity == hcl.DiagWarning {
			kind = "warning"
		}
		x := schema.DetailOf(d)
		fmt.Fprintf(&b, "%s %s %s: %s: %s\n", kind, x.Code, place(*d.Subject), d.Summary, d.Detail)
		if x.ServerMessage != "" {
			fmt.Fprintf(&b, "  uwsgi: %s\n", x.ServerMessage)
		}
		if x.Suggest != "" {
			fmt.Fprintf(&b, "  suggest: %s\n", x.Suggest)
		}
		for _, rel := range x.Related {
			fmt.Fprintf(&b, "  %s: %s\n", place(rel.Range), rel.Message)
		}
	}
	return b.String()
}

func place(r hcl.Range) string {
	if r.Start.Line == r.End.Line {
		return fmt.Sprintf("%s:%d:%d-%d", r.Filename, r.Start.Line, r.Start.Column, r.End.Column)
	}
	return fmt.Sprintf("%s:%d:%d", r.Filename, r.Start.Line, r.Start.Column)
}
