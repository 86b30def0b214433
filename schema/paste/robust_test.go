package paste

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
)

// TestRobust reads what no operator meant to write: each must end in a clear error, soon.
func TestRobust(t *testing.T) {
	good := "[app:main]\nuse = egg:shop\n[server:main]\nuse = egg:waitress#main\nport = 8080\n"
	chain := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "[server:s%d]\nuse = s%d\n", i, i+1)
		}
		return b.String() + "[app:main]\nuse = egg:shop\n[server:main]\nuse = s0\n"
	}
	bomb := "[DEFAULT]\nv0 = " + strings.Repeat("x", 1000) + "\n"
	for i := 1; i < 10; i++ {
		bomb += fmt.Sprintf("v%d = %s\n", i, strings.Repeat(fmt.Sprintf("%%(v%d)s", i-1), 50))
	}
	wide := "[app:main]\nuse = egg:shop\n[server:main]\nuse = egg:waitress#main\nport = 80\n[filter:f0]\nuse = egg:shop\n"
	for i := 1; i < 60; i++ {
		wide += fmt.Sprintf("[filter:f%d]\nuse = f%d\nfilter-with = f%d\n", i, i-1, i-1)
	}
	many := good + "[DEFAULT]\n" + manyKeys(200_000)
	cases := []struct {
		name, text string
		code       string // of the first error; empty where it must be read
		make       func(path string) error
	}{
		{name: "good", text: good},
		{name: "empty", text: "", code: "section-missing"},
		{name: "truncated in a header", text: "[app:main]\nuse = egg:shop\n[server:ma", code: "section-missing"},
		{name: "truncated in a key", text: good + "thre", code: "syntax-error"},
		{name: "binary", text: "\x7fELF\x02\x01\x01\x00\x00\x00\xff\xfe", code: "invalid-encoding"},
		{name: "NUL bytes", text: "[app:main]\nuse = egg:shop\x00\n[server:main]\nuse = egg:waitress\nhost = \x00\n", code: "package-missing"},
		{name: "only NUL bytes", text: strings.Repeat("\x00", 1<<16), code: "missing-section"},
		{name: "byte order mark", text: "\ufeff" + good, code: "byte-order-mark"},
		{name: "UTF-16", text: "\xff\xfe[\x00a\x00]\x00", code: "invalid-encoding"},
		{name: "CRLF", text: strings.ReplaceAll(good, "\n", "\r\n")},
		{name: "CR", text: strings.ReplaceAll(good, "\n", "\r")},
		{name: "Latin-1", text: good + "ident = caf\xe9\n", code: "invalid-encoding"},
		{name: "one long line", text: "[app:main]\nuse = " + strings.Repeat("a", 4<<20) + "\n", code: "section-missing"},
		{name: "many bad lines", text: "[a]\n" + strings.Repeat("x\n", 500_000), code: "syntax-error"},
		{name: "many keys", text: many, code: "too-large"},
		{name: "not yet too many keys", text: good + "[DEFAULT]\n" + manyKeys(15_000)},
		{name: "many sections", text: good + manySections(100_000), code: "too-large"},
		{name: "not yet too many sections", text: good + manySections(15_000)},
		{name: "a long value", text: good + "ident = a\n" + strings.Repeat("  more\n", 500_000)},
		{name: "many filters over many defaults", text: "[DEFAULT]\n" + manyKeys(10_000) + "[filter:f]\nuse = egg:shop\n[app:a]\nuse = egg:shop\n[pipeline:main]\npipeline = " + strings.Repeat("f ", 4000) + "a\n[server:main]\nuse = egg:waitress\n", code: "too-large"},
		{name: "many references", text: good + "ident = a\n[DEFAULT]\na = 1\n" + strings.ReplaceAll(manyKeys(15_000), "= ", "= %(a)s%(a)s%(a)s%(a)s%(a)s%(a)s%(a)s%(a)s"), code: "too-large"},
		{name: "brackets", text: strings.Repeat("[", 100_000), code: "syntax-error"},
		{name: "used by itself", text: "[app:main]\nuse = main\n[server:main]\nuse = main\n", code: "include-loop"},
		{name: "file used by itself", text: "[app:main]\nuse = config:x.ini\n[server:main]\nuse = config:x.ini\n", code: "include-loop"},
		{name: "a long chain without end", text: chain(1000), code: "include-loop"},
		{name: "filters that double", text: wide + "[app:a]\nuse = egg:shop\nfilter-with = f59\n"},
		{name: "filters that double, used", text: strings.Replace(wide, "use = egg:shop\n", "use = egg:shop\nfilter-with = f59\n", 1), code: "include-loop"},
		{name: "values that multiply", text: bomb + "[app:main]\nuse = egg:shop\n[server:main]\nuse = egg:waitress\n", code: "too-large"},
		{name: "variable of itself", text: "[app:main]\nuse = egg:shop\n[server:main]\nuse = egg:waitress\nhost = %(host)s\n", code: "interpolation-depth"},
		{name: "directory", code: "file-unreadable", make: func(p string) error { return os.Mkdir(p, 0o755) }},
		{name: "FIFO", code: "file-unreadable", make: func(p string) error { return syscall.Mkfifo(p, 0o644) }},
		{name: "symlink loop", code: "file-unreadable", make: func(p string) error { return os.Symlink(p, p) }},
		{name: "missing", code: "file-missing", make: func(string) error { return nil }},
		{name: "huge", code: "too-large", make: func(p string) error {
			f, err := os.Create(p)
			if err != nil {
				return err
			}
			defer f.Close()
			return f.Truncate(100 << 20)
		}},
	}
	for _, c := range cases {
		for _, argv := range [][]string{{"x.ini"}, {"pserve", "x.ini"}, {"paster", "serve", "x.ini"}} {
			if len(c.text) > 1<<16 && argv[0] == "paster" {
				continue // the two programs differ in their command lines only
			}
			t.Run(c.name+"/"+argv[0], func(t *testing.T) {
				dir := t.TempDir()
				if c.make == nil {
					write(t, dir, "x.ini", c.text)
				} else if err := c.make(filepath.Join(dir, "x.ini")); err != nil {
					t.Fatal(err)
				}
				done := make(chan hcl.Diagnostics, 1)
				go func() {
					_, diags := readIn(dir, argv, nil)
					done <- diags
				}()
				select {
				case diags := <-done:
					checkFirst(t, diags, c.code)
				case <-time.After(20 * time.Second):
					t.Fatal("no answer")
				}
			})
		}
	}
}

func checkFirst(t *testing.T, diags hcl.Diagnostics, code string) {
	t.Helper()
	got := ""
	for _, d := range diags {
		if d.Severity == hcl.DiagError {
			got = schema.DetailOf(d).Code
			break
		}
	}
	if code == "section-missing" && got == "" {
		return // a file read on its own may have no server
	}
	if got != code {
		t.Errorf("first error is %q, want %q: %s", got, code, strings.ToValidUTF8(diags.Error(), "?")[:min(300, len(diags.Error()))])
	}
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "k%d = %d\n", i, i)
	}
	return b.String()
}

func manySections(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "[s%d]\n", i)
	}
	return b.String()
}

// FuzzRead looks for panics and hangs, and for errors without words.
func FuzzRead(f *testing.F) {
	names, err := filepath.Glob("../../fixtures/paste/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		_, ini, _ := strings.Cut(string(text), " --\n")
		ini, _, _ = strings.Cut(ini, "\n-- ")
		f.Add(ini+"\n", "pserve x.ini a=1")
		f.Add(ini+"\n", "x.ini")
	}
	for _, argv := range []string{"paster serve -n a x.ini start b=2", "pserve --server-name=x x.ini#y?z=1", "paster serve egg:Paste#test", "pserve -- x.ini"} {
		f.Add("[server:main]\nuse=config:x.ini#%(a)s\n[app:main]\nuse=main\n[DEFAULT]\na=main\n", argv)
	}
	f.Fuzz(func(t *testing.T, text, argv string) {
		words := strings.Fields(argv)
		if len(words) == 0 || len(text) > 1<<16 {
			return
		}
		dir := t.TempDir()
		in := schema.Input{Files: schema.NewFiles(dir), Dir: dir, Host: &schema.HostInputs{Dir: dir}}
		in.Files.Put("x.ini", []byte(text))
		if len(words) == 1 {
			in.File = "x.ini"
		} else {
			line, command := schema.JoinWords(words)
			in.Files.Put(schema.CommandLine, line)
			in.Command = command
		}
		d := New(nil)
		d.Recognise("x.ini", []byte(text))
		config, diags := d.Read(in)
		if config.Summary == "" {
			t.Error("no summary")
		}
		for _, x := range diags {
			if x.Summary == "" || x.Detail == "" || x.Subject == nil || schema.DetailOf(x).Code == "" {
				t.Errorf("diagnostic without words: %v", x)
			}
		}
	})
}
