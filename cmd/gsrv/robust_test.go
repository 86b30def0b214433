package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestHostileInput gives the program what no configuration should be. Each input ends with a clear exit code, never with
// a panic; the go test timeout bounds what would hang.
func TestHostileInput(t *testing.T) {
	dir := t.TempDir()
	bytes256 := make([]byte, 256)
	for i := range bytes256 {
		bytes256[i] = byte(i)
	}
	var forks, returns strings.Builder
	forks.WriteString("import os\nworkers = 0\n")
	returns.WriteString("import os\ndef f():\n")
	for i := range 200 {
		fmt.Fprintf(&forks, "if os.getenv('A%d'): workers += %d\n", i, i)
		fmt.Fprintf(&returns, "  if os.getenv('A%d'): return %d\n", i, i)
	}
	returns.WriteString("workers = f()\n")
	aliases := "uwsgi:\n  a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'j'; c++ {
		aliases += fmt.Sprintf("  %c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c,", c-1), 9), ","))
	}
	for name, text := range map[string]string{
		"truncated.py": "bind = 'abc\n", "open.py": "workers = (1,\n", "binary.py": string(bytes256), "nul.py": "a = 1\x00\n", "latin.py": "# \xff\xfe\nworkers = 2\n",
		"brackets.py": "x = " + strings.Repeat("[", 100000), "parens.py": "x = " + strings.Repeat("(", 100000) + strings.Repeat(")", 100000),
		"power.py": "x = 10**10**10\nworkers = 2\n", "times.py": "x = 'a' * 10**12\nworkers = 2\n", "forever.py": "while True: pass\nworkers = 2\n",
		"recursion.py": "def f(): return f()\nf()\n", "fib.py": "def f(n): return n if n < 2 else f(n-1) + f(n-2)\nworkers = f(60)\n", "doubling.py": "x = [0]\nwhile True: x = x + x\n",
		"itself.py": "x = []\nx.append(x)\nraw_env = x\n", "itsdict.py": "d = {}\nd['a'] = d\nlogconfig_dict = d\n", "forks.py": forks.String(), "returns.py": returns.String(),
		"minus.py": "x = " + strings.Repeat("-", 100000) + "1\n", "attributes.py": "x = a" + strings.Repeat(".b", 100000) + "\n", "elif.py": "if a: pass\n" + strings.Repeat("elif a: pass\n", 50000),
		"plus.py": "x = " + strings.Repeat("1 + ", 50000) + "1\n", "import.py": "from import_ import *\nimport nothing_there\nworkers = 2\n", "long.py": strings.Repeat("x = 1\n", 1000000),
		"loop.ini": "[uwsgi]\nini = loop.ini\n", "include.ini": "[uwsgi]\ninclude = %p\n", "for.ini": "[uwsgi]\nfor-times = 1000000000\nenv = A%(_)=1\nendfor =\n", "nul.ini": "[uwsgi]\nmas\x00ter = 1\n",
		"binary.ini": "[uwsgi]\n" + strings.Repeat(string(bytes256), 100), "deep.json": `{"uwsgi":` + strings.Repeat("[", 100000), "aliases.yaml": aliases,
		"deep.xml": "<uwsgi>" + strings.Repeat("<a>", 100000), "self.ini": "[server:main]\nuse = config:self.ini\n", "deep.hcl": "a = " + strings.Repeat("[", 100000), "open.hcl": "workers { count = \"x\" \n",
		"bom.py": "\ufeffworkers = 3\r\nbind = 'x'\r\n", "empty.py": "", "empty.ini": "",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "folder.py"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("link.py", filepath.Join(dir, "link.py")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.py"), 0o644); err != nil {
		t.Fatal(err)
	}
	huge := filepath.Join(dir, "huge.py")
	if err := os.WriteFile(huge, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(huge, 100<<20); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		t.Run(e.Name(), func(t *testing.T) {
			for _, command := range []string{"show", "check-config"} {
				var out, errs bytes.Buffer
				code := run([]string{"gsrv", command, "-C", dir, e.Name()}, strings.NewReader(""), &out, &errs)
				if code < 0 || code > exitInput {
					t.Errorf("gsrv %s: exit status %d: %s", command, code, errs.String())
				}
				if code != exitOK && errs.Len() == 0 {
					t.Errorf("gsrv %s: exit status %d without a word", command, code)
				}
				if strings.ContainsAny(errs.String()+out.String(), "\x00\x1b\x07") {
					t.Errorf("gsrv %s: control characters in the output", command)
				}
			}
		})
	}
}
