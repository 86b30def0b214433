package clitest

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
)

// Given lists the model's settings that are not defaults, one "name = value" a line, for table tests.
func Given(cfg *schema.Config) string {
	var b strings.Builder
	for _, s := range cfg.Model {
		if s.Layer != schema.LayerDefault {
			fmt.Fprintf(&b, "%s = %s\n", s.Name, schema.ValueText(s.OnHost))
		}
	}
	return b.String()
}

// Said lists diagnostics, one "code: the text they point at" a line.
func Said(cfg *schema.Config, diags hcl.Diagnostics) string {
	var b strings.Builder
	for _, d := range diags {
		text := cfg.Files.Text(d.Subject.Filename)
		fmt.Fprintf(&b, "%s: %s\n", schema.DetailOf(d).Code, text[d.Subject.Start.Byte:d.Subject.End.Byte])
	}
	return b.String()
}

// A Reading is what a table test expects of a command line.
type Reading struct {
	// Line is the command line behind the program, parted at blanks.
	Line string
	Env  map[string]string
	// Summary, Model and Said are the Config's summary, Given and Said.
	Summary, Model, Said string
}

// Check tells how a reading differs from what is expected; empty where it does not.
func (r Reading) Check(d schema.Dialect, program, dir string) string {
	cfg, diags := Read(d, program, dir, "", Case{Argv: strings.Fields(r.Line), Env: r.Env})
	var b strings.Builder
	for _, p := range []struct{ what, want, got string }{
		{"summary", r.Summary, cfg.Summary}, {"model", r.Model, Given(cfg)}, {"diagnostics", r.Said, Said(cfg, diags)},
	} {
		if p.want != p.got {
			fmt.Fprintf(&b, "%s\n%s, want:\n%s\ngot:\n%s\n", r.Line, p.what, p.want, p.got)
		}
	}
	return b.String()
}
