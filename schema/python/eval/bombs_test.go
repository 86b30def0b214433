package eval

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gsrv/schema"
)

// TestBombs evaluates sources that never end, grow without bound or contain themselves: each ends, and what could not be
// finished is said.
func TestBombs(t *testing.T) {
	branches := "import os\ndef f():\n"
	for i := range 30 {
		branches += "  if os.getenv('V" + itoa(i) + "'):\n    return " + itoa(i) + "\n"
	}
	sequence := "import os\nx = []\n"
	for i := range 30 {
		sequence += "if os.getenv('V" + itoa(i) + "'):\n  x = x + [" + itoa(i) + "]\nelse:\n  x = [x, " + itoa(i) + "]\n"
	}
	for _, tt := range []struct {
		name, src string
		gaveUp    bool
		files     map[string]string
	}{
		{name: "endless loop", src: "while True: pass\n", gaveUp: true},
		{name: "tower of powers", src: "x = 10**10**10\n", gaveUp: true},
		{name: "long text", src: "x = 'a'*10**12\n", gaveUp: true},
		{name: "long list", src: "x = [0]*10**9\n", gaveUp: true},
		{name: "doubling text", src: "x = 'ab'\nwhile True: x += x\n", gaveUp: true},
		{name: "doubling list", src: "x = [1]\nwhile True: x.extend(x)\n", gaveUp: true},
		{name: "wide format", src: "x = '%1000000000d' % 1\n", gaveUp: true},
		{name: "wide f-string", src: "x = f'{1:1000000000}'\n", gaveUp: true},
		{name: "shift", src: "x = 1 << 10**10\n", gaveUp: true},
		{name: "recursion", src: "def f(n): return f(n + 1)\nf(0)\n"},
		{name: "recursion of lambdas", src: "f = lambda x: f(f)\nf(1)\n"},
		{name: "recursion of properties", src: "class A:\n  @property\n  def x(self): return self.x\nA().x\n"},
		{name: "recursion of __getattr__", src: "class A:\n  def __getattr__(self, n): return self.nope\nA().x\n"},
		{name: "fib", src: "def fib(n): return n if n < 2 else fib(n-1) + fib(n-2)\nx = fib(40)\n", gaveUp: true},
		{name: "30 guarded returns", src: branches + "x = f()\n"},
		{name: "30 branches that grow", src: sequence},
		{name: "huge range", src: "x = list(range(10**12))\n", gaveUp: true},
		{name: "range is cheap", src: "x = len(range(10**12)); y = 5 in range(10**12)\n"},
		{name: "sum of a range", src: "x = sum(range(10**12))\n", gaveUp: true},
		{name: "nested comprehension", src: "x = [a for a in range(1000) for b in range(1000) for c in range(1000)]\n", gaveUp: true},
		{name: "nested loops", src: "n = 0\nfor a in range(1000):\n  for b in range(1000):\n    for c in range(1000): n += 1\n", gaveUp: true},
		{name: "list in itself", src: "import os\nl = [1]\nl.append(l)\nx = os.getenv('A')\nif x: l.append(x)\ny = l == l[:]\nz = str(l)\nw = '%s' % l\n"},
		{name: "dict in itself", src: "import os, json\nd = {}\nd['d'] = d\nif os.getenv('A'): d['x'] = 1\ny = {**d}\ntry: z = json.dumps(d)\nexcept ValueError as e: w = str(e)\n"},
		{name: "object in itself", src: "import os\nclass A: pass\na = A()\na.a = a\nA.me = A\nif os.getenv('A'): a.b = [a]\nx = a.a.a.a\n"},
		{name: "class of itself", src: "class A(A): pass\n"},
		{name: "import cycle", src: "import a\n", files: map[string]string{"a.py": "import b\n", "b.py": "import a\nimport conf\n", "conf.py": "import a\n"}},
		{name: "import of itself", src: "from conf import *\nx = 1\n", files: map[string]string{"conf.py": "from conf import *\nx = 1\n"}},
		{name: "100,000 lines", src: strings.Repeat("x = 1\n", 100_000)},
		{name: "100,000 names", src: strings.Repeat("import os\nxs = [os.getenv('A'), 1]\n", 30_000)},
		{name: "deep nesting", src: "x = " + strings.Repeat("[", 90) + strings.Repeat("]", 90) + "\n"},
		{name: "deep list by loop", src: "x = []\nfor i in range(20000): x = [x]\ny = str(x)\n"},
		{name: "endless generator", src: "def g():\n  while True: yield 1\nx = list(g())\n", gaveUp: true},
		{name: "generators of generators", src: "def g(n):\n  yield n\n  yield from g(n + 1)\nx = list(g(0))\n", gaveUp: true},
		{name: "many generators", src: "x = []\nfor i in range(100000): x.append((j for j in range(3)))\n", gaveUp: true},
		{name: "exec of exec", src: "s = 'exec(s)'\nexec(s)\n"},
		{name: "open loop", src: "import os\nn = 0\nwhile os.getenv('A') != str(n): n += 1\n"},
		{name: "sort with a costly key", src: "x = sorted(range(10**6), key=lambda v: sum(range(v)))\n", gaveUp: true},
		{name: "product", src: "from itertools import product\nx = list(product(range(100), repeat=10))\n"},
		{name: "count", src: "from itertools import count\nx = list(count())\n"},
		{name: "deepcopy", src: "import copy\nx = [1]\nfor i in range(40): x = [x, x]\ny = copy.deepcopy(x)\nz = str(x)\n"},
		{name: "shared lists compared", src: "a = [1]\nb = [1]\nfor i in range(40):\n  a = [a, a]\n  b = [b, b]\nx = a == b\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range tt.files {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			for _, host := range []schema.Host{&schema.HostInputs{Machine: true, Environ: map[string]string{}, CPUs: 4, Dir: dir}, schema.NoHost} {
				r := Module(Options{Files: schema.NewFiles(dir), Dir: dir, Filename: "conf.py", Source: []byte(tt.src), ModuleName: "__config__", SysPath: []string{dir}, Host: host})
				if r.Syntax != nil {
					t.Fatal(r.Syntax)
				}
				gaveUp := false
				for _, d := range r.Diags {
					gaveUp = gaveUp || d.Summary == "Too much to evaluate"
				}
				if tt.gaveUp && !gaveUp && r.Raised == nil {
					t.Errorf("neither gave up nor raised: %+v", r.Diags)
				}
				for _, b := range r.Bindings {
					if b.OnHost == nil && b.Unknown == nil && b.Func == nil && b.Kind == "value" && b.Set == Set {
						t.Errorf("%s is neither known nor explained", b.Name)
					}
				}
			}
		})
	}
}
