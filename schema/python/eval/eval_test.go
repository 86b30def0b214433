package eval

import (
	"testing"

	"gsrv/schema"
	"gsrv/schema/python/value"
)

func evaluate(t *testing.T, src string, env map[string]string) *Result {
	t.Helper()
	dir := t.TempDir()
	return Module(Options{
		Files: schema.NewFiles(dir), Dir: dir, Filename: "conf.py", Source: []byte(src), ModuleName: "__config__", SysPath: []string{dir},
		Host: &schema.HostInputs{Machine: true, Environ: env, CPUs: 4, Dir: dir},
	})
}

// TestExpressions shows what the model keeps of the usual ways to write a setting.
func TestExpressions(t *testing.T) {
	for _, tt := range []struct{ src, expr, onHost string }{
		{`import os; x = os.environ.get("PORT", "8000")`, `env("PORT", "8000")`, `'8000'`},
		{`import os; x = "0.0.0.0:" + os.environ.get("PORT", "8000")`, `"0.0.0.0:${env("PORT", "8000")}"`, `'0.0.0.0:8000'`},
		{`import os; x = f"0.0.0.0:{os.getenv('PORT', 8000)}"`, `"0.0.0.0:${env("PORT", 8000)}"`, `'0.0.0.0:8000'`},
		{`import os; x = "%s:%s" % ("a", os.getenv("PORT", "1"))`, `"a:${env("PORT", "1")}"`, `'a:1'`},
		{`import os; x = "{}:{}".format("a", os.getenv("PORT", "1"))`, `"a:${env("PORT", "1")}"`, `'a:1'`},
		{`import multiprocessing; x = multiprocessing.cpu_count() * 2 + 1`, `cpu_count() * 2 + 1`, `9`},
		{`import os; x = len(os.sched_getaffinity(0))`, `cpu_count()`, `4`},
		{`import os; x = int(os.environ.get("W", "3"))`, `int(env("W", "3"))`, `3`},
		{`import os; x = os.environ.get("W") or "3"`, `env("W", "3")`, `'3'`},
		{"import os\nif 'P' in os.environ:\n  x = os.environ['P']\nelse:\n  x = '1'", `env("P", "1")`, `'1'`},
		{"import os\ntry:\n  x = os.environ['P']\nexcept KeyError:\n  x = '1'", `env("P", "1")`, `'1'`},
		{"import os\nif os.environ.get('D') == '1':\n  x = 1\nelse:\n  x = 2", `env("D") == "1" ? 1 : 2`, `2`},
		{"import os\nx = 1 if os.getenv('D') else 2", `env("D") ? 1 : 2`, `2`},
		{"import os\ndef f(n, d):\n  v = os.getenv(n)\n  if v is None:\n    return d\n  return int(v)\nx = f('W', 4)", `env("W") == null ? 4 : int(env("W"))`, `4`},
		{"import os\nx = os.getenv('D', 'no').lower() in ('1', 'yes')", `lower(env("D", "no")) in ["1", "yes"]`, `False`},
		{"import os\nx = max(2, int(os.getenv('W', '1')))", `max(2, int(env("W", "1")))`, `2`},
		{"import os\nx = {'dev': 1, 'prod': 4}[os.getenv('E', 'dev')]", `env("E", "dev") == "prod" ? 4 : 1`, `1`},
		{"x = [i * 2 for i in range(3)]", `[0, 2, 4]`, `[0, 2, 4]`},
		{"import os\nx = os.path.join(os.getenv('R', '/srv'), 'run.pid')", `pathjoin(env("R", "/srv"), "run.pid")`, `'/srv/run.pid'`},
		{"from pathlib import Path\nx = str(Path('/a') / 'b')", `"/a/b"`, `'/a/b'`},
		{"from pathlib import Path\nx = 'unix:%s' % (Path('/a') / 'b')", `"unix:/a/b"`, `'unix:/a/b'`},
		{"from pathlib import Path\nx = '%s.%d' % (Path('/a'), 7)", `"/a.7"`, `'/a.7'`},
		{"import socket\nx = 'w-' + socket.gethostname()", `"w-${hostname()}"`, ""},
		{"x = 7 / 2", `3.5`, `3.5`},
		{"x = 4 / 2", `2`, `2.0`},
		{"class C:\n  a = 1\n  def f(self): return self.a + 1\nx = C().f()", `2`, `2`},
		{"x = 1\nfor i in range(5):\n  if i == 3: break\n  x += i", `4`, `4`},
		{"import json\nx = json.loads('{\"a\": [1, 2]}')['a'][1]", `2`, `2`},
		{"x = 0\nwhile x < 10: x += 3", `12`, `12`},
		{"def g():\n  yield 1\n  yield 2\nx = list(g())", `[1, 2]`, `[1, 2]`},
		{"from functools import partial\nx = partial(max, 3)(2)", `3`, `3`},
	} {
		r := evaluate(t, tt.src, nil)
		var got *Binding
		for i := range r.Bindings {
			if r.Bindings[i].Name == "x" {
				got = &r.Bindings[i]
			}
		}
		if got == nil {
			t.Errorf("%s: no x: %+v %+v", tt.src, r.Raised, r.Syntax)
			continue
		}
		if text := schema.ExprText(got.Value); text != tt.expr {
			t.Errorf("%s: expression %s, want %s", tt.src, text, tt.expr)
		}
		if tt.onHost == "" {
			continue
		}
		if got.OnHost == nil {
			t.Errorf("%s: not known: %+v", tt.src, got.Unknown)
			continue
		}
		if text, err := value.Repr(nil, got.OnHost); err != nil || text != tt.onHost {
			t.Errorf("%s: on host %s %v, want %s", tt.src, text, err, tt.onHost)
		}
	}
}
