package waitress

import (
	"flag"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
	"gsrv/schema/cmdline"
	"gsrv/schema/cmdline/clitest"
)

var (
	update  = flag.Bool("update", false, "record the answers of the real waitress in testdata/vectors.jsonl")
	cases   = flag.Int("cases", 600, "number of generated command lines that are compared with the real waitress")
	seed    = flag.Uint64("seed", 20, "seed of the generated command lines")
	tree    = flag.String("tree", "", "directory that holds another waitress to compare with")
	release = flag.String("release", "2.1.2", "the release it is")
)

func generator() *clitest.Generator {
	flags := cmdline.FlagsOf(commandLine(), schema.MustVersion(*release))
	var list []*cmdline.Flag
	for _, name := range flags.Names() {
		list = append(list, flags.Lookup(name))
	}
	list = append(list, &cmdline.Flag{Name: "--help"}, &cmdline.Flag{Name: "--call"}, &cmdline.Flag{Name: "--call"}, &cmdline.Flag{Name: "-h"})
	for range 6 { // the options that exclude each other, more often
		list = append(list, flags.Lookup("--listen"), flags.Lookup("--trusted-proxy"))
	}
	return &clitest.Generator{
		Rand: rand.New(rand.NewPCG(*seed, 1)), Flags: list,
		Values: []string{"", "x", "0", "-1", " 4 ", "4.5", "0x10", "1_000", "٣", "--port", "true", "É", "a b", "'"},
		Typed: map[string][]string{
			"int": {"0", "1", "8000", "4", "+5"}, "octal": {"660", "0o600", "888", "0700"},
			"host": {"127.0.0.1", "::1", "0.0.0.0", "*", "[::1]"}, "port": {"80", "8080", "0", "65536", "http"},
			"listen":                {"127.0.0.1:80", "*:8080", "[::1]:80", ":80", "127.0.0.1:", "127.0.0.1:1 127.0.0.1:2", "http://127.0.0.1:80", "127.0.0.1:99999", "127.0.0.1"},
			"trusted_proxy":         {"127.0.0.1", "*", ""},
			"trusted_proxy_headers": {"forwarded", "x-forwarded-for X-Forwarded-Proto", "forwarded x-forwarded-for", "x-real-ip", ""},
			"url_prefix":            {"/a", "a/", "/"}, "sockets": {"x"}, "unix_socket": {"/run/x.sock", ""}, "url_scheme": {"https"},
		},
		Strict: []string{"host", "port", "listen"}, // any name may be a host's
		Apps:   []string{"app:app", "shop.wsgi:application", "App_1.b:x.y", "app", "app.py", "a:b()", "a-b:c", "app:app\n"},
	}
}

// ordered puts the names in messages about several unknown headers in order: waitress keeps them in a set.
func ordered(message string) string {
	head, tail, found := strings.Cut(message, "value (")
	if !found {
		return message
	}
	unknown, known, _ := strings.Cut(tail, ") expected one of ")
	sorted := func(s string) string {
		words := strings.Split(s, ", ")
		slices.Sort(words)
		return strings.Join(words, ", ")
	}
	return head + "value (" + sorted(unknown) + ") expected one of " + sorted(known)
}

func compare(c clitest.Case, cfg *schema.Config, diags hcl.Diagnostics) []string {
	c.Message = ordered(c.Message)
	for _, d := range diags {
		detail := schema.DetailOf(d)
		detail.ServerMessage = ordered(detail.ServerMessage)
	}
	if n, ok := cfg.Native.(map[string]any); ok {
		delete(n, "addresses")
		if headers, ok := n["trusted_proxy_headers"].([]any); ok {
			slices.SortFunc(headers, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
		}
	}
	return clitest.Compare(c.Answer, cfg, diags)
}

// TestDifferential compares readings of generated command lines with the real waitress: whether it starts, every
// setting, the message of what it refuses.
func TestDifferential(t *testing.T) {
	peer := clitest.NewPeer(t, "waitress", "testdata/driver.py", *tree)
	g := generator()
	dir := t.TempDir()
	refused := 0
	for range *cases {
		c := clitest.Case{Argv: g.Argv()}
		c.Answer = peer.Ask(t, dir, c)
		if c.Exit != 0 {
			refused++
		}
		cfg, diags := clitest.Read(New(), "waitress-serve", dir, *release, c)
		clitest.Sound(t, cfg, diags)
		for _, d := range compare(c, cfg, diags) {
			t.Errorf("%q\n%s", c.Argv, d)
		}
	}
	t.Logf("%d command lines, %d of them refused", *cases, refused)
}

// TestVectors compares readings with recorded answers of the real waitress.
func TestVectors(t *testing.T) {
	const file = "testdata/vectors.jsonl"
	recorded := clitest.Load(t, file)
	dir := t.TempDir()
	if *update {
		peer := clitest.NewPeer(t, "waitress", "testdata/driver.py", *tree)
		for i := range recorded {
			if recorded[i].Release == *release {
				recorded[i].Answer = peer.Ask(t, dir, recorded[i])
			}
		}
		clitest.Save(t, file, recorded)
	}
	for _, c := range recorded {
		cfg, diags := clitest.Read(New(), "waitress-serve", dir, "", c)
		for _, d := range compare(c, cfg, diags) {
			t.Errorf("%s %q\n%s", c.Release, c.Argv, d)
		}
	}
}
