package cmdline

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gsrv/schema"
)

var catalogue = &schema.Catalogue{Server: "x", Newest: "2.0", Options: []schema.Option{
	{Name: "port", Flags: []string{"--port"}, Type: "int", Default: "80", Extra: &Facts{Was: []Was{{Before: "1.5", Default: "8000"}, {Before: "1.0", Default: "null"}}}},
	{Name: "pool", Flags: []string{"--pool"}, Type: "string"},
	{Name: "log", Flags: []string{"--log", "--no-log"}, Type: TypeSwitch, Default: "true"},
	{Name: "alias", Flags: []string{"--alias"}, Type: "string", Multi: true, Extra: &Facts{Args: 2}},
	{Name: "old", Flags: []string{"--old"}, Type: "string", Removed: "1.5", RenamedTo: "pool"},
}}

func words(line string) []schema.Word {
	_, w := schema.JoinWords(strings.Fields(line))
	return w
}

// lineText writes a line for comparison: what was given with the place of its values, the plain words, the message.
func lineText(l *Line) string {
	var parts []string
	for _, g := range l.Given {
		s := g.Flag.Name
		if g.Flag.Off {
			s += "(off)"
		}
		for _, v := range g.Values {
			s += fmt.Sprintf(" %s@%d", v.Text, v.Range.Start.Column)
		}
		parts = append(parts, s)
	}
	for _, a := range l.Args {
		parts = append(parts, "["+a.Text+"]")
	}
	if l.Err != nil {
		parts = append(parts, l.Err.Code+": "+l.Err.Message)
	}
	return strings.Join(parts, "; ")
}

func TestParsers(t *testing.T) {
	flags := FlagsOf(catalogue, schema.MustVersion("2.0"))
	flags.Add(&Flag{Name: "--help"})
	parsers := map[string]func([]schema.Word) *Line{
		"click":    func(w []schema.Word) *Line { return Click(flags, w) },
		"optparse": func(w []schema.Word) *Line { return Optparse(flags, w, func(*Given) string { return "" }) },
		"getopt":   func(w []schema.Word) *Line { return Getopt(flags, w) },
	}
	tests := []struct{ parser, line, want string }{
		{"click", "a --port 1 b --no-log", "--port 1@10; --no-log(off); [a]; [b]"},
		{"click", "--port=1 -- --log", "--port 1@8; [--log]"},
		{"click", "--port --log", "--port --log@8"},
		{"click", "--por 1", "unknown-option: No such option: --por (Possible options: --log, --pool, --port)"},
		{"click", "--log=1", "unexpected-argument: Option '--log' does not take a value."},
		{"click", "--port", "missing-argument: Option '--port' requires an argument."},
		{"click", "--alias a", "missing-argument: Option '--alias' requires 2 arguments."},
		{"click", "--alias=a b c", "--alias a@9 b@11; [c]"},
		{"click", "-px", "unknown-option: No such option: -p"},
		{"click", "- -", "[-]; [-]"},
		{"optparse", "a --por=1 b", "--port 1@9; [a]; [b]"},
		{"optparse", "--po 1", "ambiguous-option: ambiguous option: --po (--pool, --port?)"},
		{"optparse", "--alias a", "missing-argument: --alias option requires 2 arguments"},
		{"optparse", "--no=1", "unexpected-argument: --no-log option does not take a value"},
		{"optparse", "--help --nope", "--help"},
		{"optparse", "-x", "unknown-option: no such option: -x"},
		{"getopt", "--por 1 a --log", "--port 1@7; [a]; [--log]"},
		{"getopt", "--po=1", "ambiguous-option: option --po not a unique prefix"},
		{"getopt", "--log=", "unexpected-argument: option --log must not have an argument"},
		{"getopt", "--port", "missing-argument: option --port requires argument"},
		{"getopt", "-x", "unknown-option: option -x not recognized"},
		{"getopt", "- --log", "[-]; [--log]"},
	}
	for _, tt := range tests {
		if got := lineText(parsers[tt.parser](words(tt.line))); got != tt.want {
			t.Errorf("%s %s\n got %s\nwant %s", tt.parser, tt.line, got, tt.want)
		}
	}
}

func TestSimilar(t *testing.T) {
	known := []string{"--host", "--port", "--ws", "--workers", "--loop", "--fd", "--log-level"}
	tests := map[string]string{"--wrokers": "--workers --ws", "--prot": "--host --port", "--": "--fd --ws", "--zzzzzzzz": "", "--worker-class": "--workers"}
	for word, want := range tests {
		if got := strings.Join(similar(word, known), " "); got != want {
			t.Errorf("%s: %q, want %q", word, got, want)
		}
	}
}

func TestDefaultOf(t *testing.T) {
	for release, want := range map[string]string{"0.9": "null", "1.0": "8000", "1.5": "80", "2.0": "80"} {
		if got := DefaultOf(catalogue.Lookup("port"), schema.MustVersion(release)); got != want {
			t.Errorf("%s: %s, want %s", release, got, want)
		}
	}
}

func TestUnknownOfAnotherRelease(t *testing.T) {
	release := schema.MustVersion("2.0")
	p := &Program{Name: "x", Catalogue: catalogue, Release: release, Status: 2}
	flags := FlagsOf(catalogue, release)
	d := p.Diagnostic(Click(flags, words("--old 1")).Err, flags)
	if want := "It was removed in 1.5; its successor is --pool."; !strings.Contains(d.Detail, want) {
		t.Errorf("%q does not say %q", d.Detail, want)
	}
}

func TestAssemble(t *testing.T) {
	release := schema.MustVersion("2.0")
	env, cli := NewLayer(schema.LayerEnv, "environment"), NewLayer(schema.LayerCLI, "command line")
	add := func(l *Layer, name, text string) {
		w := words(text)[0]
		l.Constant(catalogue.Lookup(name), FromJSON(`"`+text+`"`), w.Range, w.Range)
	}
	add(env, "pool", "a")
	add(env, "alias", "x")
	add(cli, "pool", "b")
	add(cli, "pool", "c")
	add(cli, "alias", "y")
	add(cli, "alias", "z")
	cfg := &schema.Config{}
	Assemble(cfg, catalogue, Defaults(catalogue, release), env, cli)
	pool, alias := cfg.Setting("pool"), cfg.Setting("alias")
	var shadowed []string
	for _, s := range pool.Shadowed {
		shadowed = append(shadowed, s.Text)
	}
	if want := []string{"b", "a", "None"}; pool.Text != "c" || !slices.Equal(shadowed, want) {
		t.Errorf("pool is %s over %q, want c over %q", pool.Text, shadowed, want)
	}
	if alias.Text != "['y', 'z']" || len(alias.Parts) != 2 || alias.Parts[0].Text != "y" {
		t.Errorf("alias is %s of %d parts: a stronger layer replaces the list", alias.Text, len(alias.Parts))
	}
	if got := fmt.Sprint(Native(cfg)["port"]); got != "80" {
		t.Errorf("port is %s", got)
	}
}
