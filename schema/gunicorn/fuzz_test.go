package gunicorn

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
)

// readIn reads a command line in a directory for a machine with the given variables.
func readIn(dir, version string, env map[string]string, argv ...string) (*schema.Config, hcl.Diagnostics) {
	in := schema.Input{Files: schema.NewFiles(dir), Dir: dir, Host: &schema.HostInputs{Machine: true, Environ: env, Dir: dir, CPUs: 4}}
	if version != "" {
		in.Version = schema.MustVersion(version)
	}
	text, words := schema.JoinWords(append([]string{"gunicorn"}, argv...))
	in.Files.Put(schema.CommandLine, text)
	in.Command = words
	return New().Read(in)
}

// checkSound checks what holds for every reading, however bad its input: it can be printed, and every diagnostic says
// something at a place that exists.
func checkSound(t *testing.T, cfg *schema.Config, diags hcl.Diagnostics) {
	t.Helper()
	if cfg == nil || cfg.Summary == "" || len(cfg.Settings) == 0 {
		t.Fatal("no configuration")
	}
	if _, err := json.Marshal(cfg.Native); err != nil {
		t.Fatal(err)
	}
	for _, d := range diags {
		if d.Summary == "" || d.Detail == "" || schema.DetailOf(d).Code == "" {
			t.Fatalf("diagnostic without words: %+v", d)
		}
		if d.Subject == nil {
			t.Fatalf("diagnostic without a place: %s", d.Summary)
		}
		text := cfg.Files.Text(d.Subject.Filename)
		if d.Subject.Start.Byte > d.Subject.End.Byte || text != nil && d.Subject.End.Byte > len(text) {
			t.Fatalf("%s: place %v outside of the text", d.Summary, d.Subject)
		}
	}
	for _, s := range cfg.Settings {
		if s.Value == nil {
			t.Fatalf("%s has no value", s.Native)
		}
		_ = schema.ExprText(s.Value)
	}
}

var fuzzVersions = []string{"0.17.2", "18.0", "19.7.1", "20.1.0", "24.1.0", "26.1.0"}

// FuzzArguments reads command lines, words parted by newlines.
func FuzzArguments(f *testing.F) {
	for _, s := range []string{"-w\n4\napp:app", "--work", "-DRx", "-n--", "--env\nA=1\n--", "-m\n022", "--paste\nx.ini#a#b", "app:make(1,", "app:make(x='1')", "-c\npython:a.b", "--=3", "-\xff", "-b\n[::1\napp:(\n", "a:\x00", "-c\n\x00"} {
		f.Add(s, byte(3))
	}
	dir := f.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "app.py"), []byte(appSource), 0o644); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, line string, version byte) {
		words, _ := shlexSplit("x", line)
		var argv []string
		for _, w := range words {
			argv = append(argv, w.Text)
		}
		cfg, diags := readIn(dir, fuzzVersions[int(version)%len(fuzzVersions)], map[string]string{}, argv...)
		checkSound(t, cfg, diags)
	})
}

// FuzzCommandVariable reads values of GUNICORN_CMD_ARGS and of the other variables gunicorn looks at.
func FuzzCommandVariable(f *testing.F) {
	for _, s := range []string{"-w 3", `--name "a\`, `'`, "--name 'two words' x", "\\", "-w\t3\r\n", "--bind=\xff\xfe", "\x00"} {
		f.Add(s, "8000", byte(3))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, args, other string, version byte) {
		env := map[string]string{"GUNICORN_CMD_ARGS": args, "PORT": other, "WEB_CONCURRENCY": other, "FORWARDED_ALLOW_IPS": other}
		cfg, diags := readIn(dir, fuzzVersions[int(version)%len(fuzzVersions)], env, "app:app")
		checkSound(t, cfg, diags)
	})
}

// FuzzConfigFile reads configuration files.
func FuzzConfigFile(f *testing.F) {
	for _, s := range []string{"workers = 3\n", "bind = ['a', 1]\n", "def on_starting(s): pass\n", "import os\nworkers = int(os.environ['X'])\n", "workers = = 3", "\xef\xbb\xbfbind = 'x'\r\n", "\x00", "x = [x for x in range(10**9)]\n", "umask = 22\nsendfile = True\nbind = 'a,b'\nloglevel = 'loud'\n", "while True: pass\n", "on_exit = 'a.b'\nstatsd_host = 'x:1:2'\n", "logconfig_dict = {}\nlogconfig_dict['a'] = logconfig_dict\n", "workers = 10**10**10"} {
		f.Add([]byte(s), byte(5))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte, version byte) {
		if err := os.WriteFile(filepath.Join(dir, defaultFile), text, 0o644); err != nil {
			t.Fatal(err)
		}
		cfg, diags := readIn(dir, fuzzVersions[int(version)%len(fuzzVersions)], map[string]string{}, "app:app")
		checkSound(t, cfg, diags)
	})
}
