package startup

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gsrv/schema"
)

// project writes files into a directory and gives a reader for it.
func project(t testing.TB, files map[string]string) *schema.Files {
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return schema.NewFiles(dir)
}

// TestBounds reads applications that have no end.
func TestBounds(t *testing.T) {
	many := map[string]string{}
	for i := range MaxModules + 50 {
		many[fmt.Sprintf("m%d.py", i)] = fmt.Sprintf("import m%d\n", i+1)
	}
	var wide strings.Builder
	for i := range MaxModules + 50 {
		fmt.Fprintf(&wide, "import m%d\n", i)
		many[fmt.Sprintf("n%d.py", i)] = "x = 1\n"
	}
	many["wide.py"] = strings.ReplaceAll(wide.String(), "import m", "import n")
	many["deep.py"] = "import m0\n"
	many["recursion.py"] = "def f(n):\n    f(n + 1)\n    f(n + 2)\n    g()\ndef g():\n    f(0)\n    f(1)\nf(1)\n"
	many["fan.py"] = fan(24)
	many["nested.py"] = "x = " + strings.Repeat("[", 150) + strings.Repeat("]", 150) + "\n"
	many["sum.py"] = "x = " + strings.Repeat("1 + ", 50_000) + "1\n"
	many["lists.py"] = "x = [1]\n" + strings.Repeat("x = x + x\nx += x\n", 60) + "for i in x:\n    for j in x:\n        for k in x:\n            print(k)\n"
	many["loops.py"] = "for a in range(9):\n for b in (1,2,3,4,5,6,7,8):\n  for c in (1,2,3,4,5,6,7,8):\n   for d in (1,2,3,4,5,6,7,8):\n    for e in (1,2,3,4,5,6,7,8):\n     for f in (1,2,3,4,5,6,7,8):\n      for g in (1,2,3,4,5,6,7,8):\n       for h in (1,2,3,4,5,6,7,8):\n        print(h)\n"
	grow := "x = [1, 2]\n" + strings.Repeat("x = x + x\n", 12) + "d = dict(a=1)\n"
	many["contains.py"] = grow + loops("if 7 in x: pass")
	many["copies.py"] = grow + loops("y = x.copy() + list(x)")
	many["indexes.py"] = grow + loops("y = x[a]")
	many["appends.py"] = grow + loops("x.append([])")
	many["calls.py"] = grow + "def f(*args, **kw):\n    return args\n" + loops("f(*x)")
	many["effects.py"] = "import threading\nt = threading.Thread()\n" + loops("t.start(); t.join(); t.start()")
	many["imports.py"] = loops("import n1, n2, n3; from n4 import x")
	many["long.py"] = strings.Repeat("import threading; threading.Thread(target=print).start()\n", 20_000)
	many["texts.py"] = "s = 'x'\n" + strings.Repeat("s = s + s\n", 80)
	many["bases.py"] = "class A: pass\n" + strings.Repeat("class A(A): pass\n", 500) + "A().start()\n"
	many["self.py"] = "class A:\n    def __init__(self):\n        self.x = A()\n    def __call__(self):\n        self()()\n    __enter__ = __call__\na = A()\na()\nwith a as a: pass\n"
	many["defaults.py"] = "def f(x=lambda: f()):\n    x()\nf()\nf(f)\n"
	many["partials.py"] = "from functools import partial\np = print\n" + strings.Repeat("p = partial(p, p)\n", 300) + "p()\n"
	files := project(t, many)
	for name, truncated := range map[string]bool{
		"deep": true, "wide": true, "recursion": false, "fan": true, "nested": false, "sum": true, "lists": false, "loops": true,
		"texts": false, "bases": false, "self": false, "defaults": false, "partials": false,
		"contains": true, "copies": true, "indexes": true, "appends": true, "calls": true, "effects": true, "imports": true, "long": true,
	} {
		t.Run(name, func(t *testing.T) {
			r := App(schema.NewFiles(files.Dir), Options{App: name})
			if !r.Found {
				t.Fatal("not found")
			}
			if r.Truncated != truncated {
				t.Errorf("truncated: %v, want %v", r.Truncated, truncated)
			}
			if len(r.Modules) > MaxModules {
				t.Errorf("%d modules", len(r.Modules))
			}
		})
	}
}

// loops puts a statement into loops within loops.
func loops(body string) string {
	var b strings.Builder
	for i := range 8 {
		fmt.Fprintf(&b, "%sfor a in (1, 2, 3, 4, 5, 6, 7, 8):\n", strings.Repeat(" ", i))
	}
	return b.String() + strings.Repeat(" ", 8) + body + "\n"
}

// fan is a chain of functions each of which calls the next one twice.
func fan(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "def f%d():\n    f%d()\n    f%d()\n", i, i+1, i+1)
	}
	fmt.Fprintf(&b, "def f%d():\n    pass\nf0()\n", n)
	return b.String()
}

func FuzzApp(f *testing.F) {
	for _, s := range shapes(f) {
		for _, file := range s.archive.Files {
			if strings.HasSuffix(file.Name, ".py") {
				f.Add(string(file.Data), s.opts.Server)
			}
		}
	}
	f.Fuzz(func(t *testing.T, source, server string) {
		files := schema.NewFiles(t.TempDir())
		files.Put("app.py", []byte(source))
		opts := Options{App: "app.py", Server: server}
		r := App(files, opts)
		last := 0
		for _, e := range r.Effects {
			if e.Kind == "" || e.What == "" || e.Callable == "" || e.Library == "" || e.Order <= last {
				t.Errorf("an effect lacks something: %+v", e)
			}
			last = e.Order
			if e.Range.Start.Line < 1 || e.Range.Start.Column < 1 {
				t.Errorf("%s stands nowhere: %v", e.What, e.Range)
			}
		}
		if again := App(files, opts); lines(again) != lines(r) {
			t.Errorf("twice read, it differs:\n%s\n%s", lines(r), lines(again))
		}
		Function(files, opts, "post_fork")
	})
}
