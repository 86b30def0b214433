package uvicorn

import (
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gsrv/schema"
	"gsrv/schema/cmdline"
	"gsrv/schema/cmdline/clitest"
)

var (
	update  = flag.Bool("update", false, "record the answers of the real uvicorn in testdata/vectors.jsonl")
	cases   = flag.Int("cases", 400, "number of generated command lines that are compared with the real uvicorn")
	seed    = flag.Uint64("seed", 20, "seed of the generated command lines")
	tree    = flag.String("tree", "", "directory that holds another uvicorn to compare with")
	release = flag.String("release", "0.17.6", "the release it is")
)

// scratch is a directory with the files that cases name.
func scratch(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"log.ini": "[loggers]\n", ".env": "A=1\n", "src/app.py": "", "web.env": "export WEB_CONCURRENCY=7\n"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func generator() *clitest.Generator {
	v := schema.MustVersion(*release)
	var list []*cmdline.Flag
	flags := cmdline.FlagsOf(Catalogue, v)
	for _, name := range flags.Names() {
		if name != "--env-file" { // Debian's uvicorn comes without python-dotenv
			list = append(list, flags.Lookup(name))
		}
	}
	list = append(list, &cmdline.Flag{Name: "--version"}, &cmdline.Flag{Name: "--help"}, &cmdline.Flag{Name: "-h"}, &cmdline.Flag{Name: "-w", Args: 1})
	return &clitest.Generator{
		Rand: rand.New(rand.NewPCG(*seed, 1)), Flags: list,
		Values: []string{"", "x", "0", "-1", " 4 ", "4.5", "0x10", "1_000", "٣", "--port", "-", "auto", "INFO", "true", "É", "a b", "nan", "'"},
		Typed: map[string][]string{
			"int": {"0", "1", "8000", "4", "+5", "-3"}, "float": {"1", "0.5", "1e3", "inf", "20"}, "bool": {"true", "0", "off", "Yes"},
			"path": {"log.ini", "src", "missing", "."}, "headers": {"X-A:b", "X-B: c:d"},
		},
		Apps: []string{"app:app", "shop.asgi:application", "app:make.it"},
	}
}

// environment makes UVICORN_ and other variables.
func environment(g *clitest.Generator) map[string]string {
	names := []string{"WEB_CONCURRENCY", "FORWARDED_ALLOW_IPS", "UVICORN_APP", "UVICORN_VERSION", "UVICORN_HELP"}
	for _, o := range Catalogue.Options {
		if len(o.Flags) > 0 && o.Name != "env_file" {
			names = append(names, "UVICORN_"+strings.ToUpper(o.Name))
		}
	}
	return g.Environment(names, func(name string) string {
		if name == "WEB_CONCURRENCY" {
			return g.Value(Catalogue.Lookup("workers"))
		}
		return g.Value(Catalogue.Lookup(strings.ToLower(strings.TrimPrefix(name, "UVICORN_"))))
	})
}

// TestDifferential compares readings of generated command lines and variables with the real uvicorn: whether it starts,
// every setting, the message of what it refuses.
func TestDifferential(t *testing.T) {
	peer := clitest.NewPeer(t, "uvicorn", "testdata/driver.py", *tree)
	g := generator()
	dir := scratch(t)
	refused := 0
	for range *cases {
		c := clitest.Case{Argv: g.Argv()}
		if g.IntN(2) == 0 {
			c.Env = environment(g)
		}
		c.Answer = peer.Ask(t, dir, c)
		if c.Exit != 0 {
			refused++
		}
		cfg, diags := clitest.Read(New(), "uvicorn", dir, *release, c)
		clitest.Sound(t, cfg, diags)
		for _, d := range clitest.Compare(c.Answer, cfg, diags) {
			t.Errorf("%q %q\n%s", c.Argv, c.Env, d)
		}
	}
	t.Logf("%d command lines, %d of them refused", *cases, refused)
}

// TestVectors compares readings with recorded answers of the real uvicorn.
func TestVectors(t *testing.T) {
	const file = "testdata/vectors.jsonl"
	recorded := clitest.Load(t, file)
	dir := scratch(t)
	if *update {
		peer := clitest.NewPeer(t, "uvicorn", "testdata/driver.py", *tree)
		for i := range recorded {
			if recorded[i].Release == *release {
				recorded[i].Answer = peer.Ask(t, dir, recorded[i])
			}
		}
		clitest.Save(t, file, recorded)
	}
	for _, c := range recorded {
		cfg, diags := clitest.Read(New(), "uvicorn", dir, "", c)
		for _, d := range clitest.Compare(c.Answer, cfg, diags) {
			t.Errorf("%s %q %q\n%s", c.Release, c.Argv, c.Env, d)
		}
	}
}
