package modwsgi

import (
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
	"gsrv/schema/cmdline"
	"gsrv/schema/cmdline/clitest"
)

var (
	update  = flag.Bool("update", false, "record the answers of the mod_wsgi-express in -tree in testdata/vectors.jsonl")
	cases   = flag.Int("cases", 600, "number of generated command lines that are compared")
	seed    = flag.Uint64("seed", 20, "seed of the generated command lines")
	tree    = flag.String("tree", "", "directory that holds a mod_wsgi package; its options are then compared as well")
	release = flag.String("release", "6.0.5", "the release it is")
)

// declare writes the catalogue's options for the driver, which gives them to Python's own parser.
func declare(t *testing.T) {
	t.Helper()
	type option struct {
		Flags   []string        `json:"flags"`
		Type    string          `json:"type"`
		Args    int             `json:"args"`
		Multi   bool            `json:"multi"`
		Dest    string          `json:"dest"`
		Default json.RawMessage `json:"default"`
	}
	v := schema.MustVersion(*release)
	var list []option
	for i := range Catalogue.Options {
		o := &Catalogue.Options[i]
		if !o.Known(v) {
			continue
		}
		f := cmdline.FactsOf(o)
		d := option{Flags: o.Flags, Type: o.Type, Args: max(1, f.Args), Multi: o.Multi, Dest: f.Dest, Default: json.RawMessage("null")}
		if d.Dest == "" {
			d.Dest = strings.ReplaceAll(o.Name, "-", "_")
		}
		if text := cmdline.DefaultOf(o, v); text != "" {
			d.Default = json.RawMessage(text)
		}
		list = append(list, d)
	}
	text, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "options.json")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("OPTIONS", file)
}

func generator() *clitest.Generator {
	flags := cmdline.FlagsOf(Catalogue, schema.MustVersion(*release))
	var list []*cmdline.Flag
	for _, name := range flags.Names() {
		list = append(list, flags.Lookup(name))
	}
	list = append(list, &cmdline.Flag{Name: "--help"}, &cmdline.Flag{Name: "-h"}, &cmdline.Flag{Name: "-p", Args: 1})
	return &clitest.Generator{
		Rand: rand.New(rand.NewPCG(*seed, 1)), Flags: list,
		Values: []string{"", "x", "0", "-1", " 4 ", "4.5", "1_000", "٣", "--port", "-", "É", "a b", "'", "$PORT", "${PORT}0", "$$X"},
		Typed: map[string][]string{
			"int": {"0", "1", "8000", "4", "+5", "0x1F", "0b11", "0b", "017", "08", "0X", "$PORT"}, "float": {"1", "0.5", "inf", "nan"}, "fraction": {"0", "1", "0.5", "1.5", "-0.1", "nan", "inf"},
		},
		Apps: []string{"wsgi.py", "shop/wsgi.py", "$APP"},
	}
}

// compare drops what the parser alone cannot tell: what is checked of the options together, and what differs from
// machine to machine.
func compare(c clitest.Case, cfg *schema.Config, diags hcl.Diagnostics) []string {
	var parser hcl.Diagnostics
	for _, d := range diags {
		if schema.DetailOf(d).Code != "conflict" {
			parser = append(parser, d)
		}
	}
	n := cfg.Native.(map[string]any)
	for _, name := range []string{"user", "group", "mime_types", "httpd_executable", "modules_directory", "rotatelogs_executable", "shell_executable"} {
		delete(n, name)
	}
	if rest, ok := c.Settings["rest"].([]any); ok && c.Exit == 0 {
		entry := ""
		for _, s := range cfg.Model {
			if s.Native == "ENTRY-POINT" {
				entry = s.OnHost.AsString()
			}
		}
		if point, ok := c.Settings["entry_point"].(string); (!ok || point == "") && len(rest) > 0 && !strings.HasPrefix(entry, rest[0].(string)) && c.Settings["application_type"] != "static" {
			return []string{"the application is " + rest[0].(string) + ", gsrv has " + entry}
		}
	}
	delete(c.Settings, "rest")
	return clitest.Compare(c.Answer, cfg, parser)
}

// TestDifferential compares readings of generated command lines with Python's optparse, given the options of the
// catalogue, or of a real mod_wsgi-express where -tree names one: whether they are taken, every setting, the message of
// what is refused.
func TestDifferential(t *testing.T) {
	declare(t)
	peer := clitest.NewPeer(t, "optparse", "testdata/driver.py", *tree)
	g := generator()
	dir := t.TempDir()
	refused := 0
	for range *cases {
		c := clitest.Case{Argv: append([]string{"start-server"}, g.Argv()...), Env: map[string]string{"PORT": "80", "APP": "a.wsgi"}}
		c.Answer = peer.Ask(t, dir, c)
		if c.Exit != 0 {
			refused++
		}
		cfg, diags := clitest.Read(New(), "mod_wsgi-express", dir, *release, c)
		clitest.Sound(t, cfg, diags)
		for _, d := range compare(c, cfg, diags) {
			t.Errorf("%q\n%s", c.Argv, d)
		}
	}
	t.Logf("%d command lines, %d of them refused", *cases, refused)
}

// TestVectors compares readings with recorded answers of the options of real releases.
func TestVectors(t *testing.T) {
	const file = "testdata/vectors.jsonl"
	recorded := clitest.Load(t, file)
	dir := t.TempDir()
	if *update {
		if *tree == "" {
			t.Fatal("-update needs -tree, a directory that holds a mod_wsgi package")
		}
		declare(t)
		peer := clitest.NewPeer(t, "mod_wsgi", "testdata/driver.py", *tree)
		for i := range recorded {
			if recorded[i].Release == *release {
				recorded[i].Answer = peer.Ask(t, dir, recorded[i])
			}
		}
		clitest.Save(t, file, recorded)
	}
	for _, c := range recorded {
		cfg, diags := clitest.Read(New(), "mod_wsgi-express", dir, "", c)
		for _, d := range compare(c, cfg, diags) {
			t.Errorf("%s %q\n%s", c.Release, c.Argv, d)
		}
	}
}
