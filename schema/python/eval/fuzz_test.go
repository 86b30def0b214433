package eval

import (
	"testing"

	"gsrv/schema"
)

// FuzzModule: any source ends within its budget, without a panic, and gives places inside the file.
func FuzzModule(f *testing.F) {
	for _, seed := range []string{
		"", "workers = 3\n", "import os\nbind = os.environ['A'] + ':' + os.getenv('B', '1')\n", "if os.getenv('X'):\n  a = 1\nelse:\n  raise ValueError('x')\n",
		"def f(*a, k=1, **kw):\n  for i in a:\n    if i: return i\n    else: continue\n  return k\nx = f(1, 2, k=3)\n", "class A:\n  x: int = 1\n  def __init__(self): self.y = super().__init__()\nz = A().y\n",
		"try:\n  int(os.environ['X'])\nexcept (KeyError, ValueError) as e:\n  y = str(e)\nfinally:\n  pass\n", "x = [i for i in range(10) if i % 2]\nwhile x: x.pop()\n", "match x:\n  case [1, *r]: y = r\n  case _: pass\n",
		"from os import *\nglobals()['a'] = 1\nlocals().update({'b': 2})\nexec('c = 3')\n", "x = []\nx.append(x)\ny = x == x\n", "def g():\n  while True: yield 1\nx = next(g())\n", "lambda: (yield)\n", "with open('conf.py') as f: x = f.read()\n",
	} {
		f.Add(seed, "1")
	}
	f.Fuzz(func(t *testing.T, src, env string) {
		if len(src) > 4<<10 {
			return
		}
		dir := t.TempDir()
		for _, host := range []schema.Host{&schema.HostInputs{Machine: true, NoEnv: true, Vars: map[string]*string{"A": &env}, CPUs: 2, Dir: dir}, schema.NoHost} {
			r := Module(Options{Files: schema.NewFiles(dir), Dir: dir, Filename: "conf.py", Source: []byte(src), ModuleName: "__config__", SysPath: []string{dir}, Host: host, Steps: 20_000, Memory: 4 << 20})
			for _, b := range r.Bindings {
				if b.Range.Filename == "conf.py" && (b.Range.Start.Byte > len(src) || b.Range.End.Byte > len(src)) {
					t.Errorf("%s stands outside the file: %v", b.Name, b.Range)
				}
				if b.Value == nil {
					t.Errorf("%s has no value", b.Name)
				}
				if b.OnHost == nil && b.Unknown == nil && b.Set == Set && b.Func == nil {
					t.Errorf("%s is neither known nor explained", b.Name)
				}
			}
		}
	})
}
