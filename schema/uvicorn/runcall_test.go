package uvicorn

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gsrv/schema"
	"gsrv/schema/cmdline/clitest"
)

// readSource reads a Python file's text for a machine with the given variables.
func readSource(t testing.TB, release, source string, env map[string]string) (cfg *schema.Config, said []string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.py"), []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	in := schema.Input{Files: schema.NewFiles(dir), Dir: dir, Host: &schema.HostInputs{Machine: true, Environ: env, Dir: dir}, File: "main.py"}
	if release != "" {
		in.Version = schema.MustVersion(release)
	}
	cfg, diags := New().Read(in)
	for _, d := range diags {
		text := in.Files.Text(d.Subject.Filename)
		said = append(said, schema.DetailOf(d).Code+": "+string(text[d.Subject.Start.Byte:d.Subject.End.Byte]))
	}
	return cfg, said
}

func TestRunCall(t *testing.T) {
	tests := []struct {
		name, release, source string
		env                   map[string]string
		settings              map[string]string // expressions of what is set
		said                  []string
		summary               string
	}{
		{
			name:     "import string",
			source:   "import uvicorn\nuvicorn.run('shop.asgi:app', host='0.0.0.0', port=80, workers=4)\n",
			settings: map[string]string{"app": `"shop.asgi:app"`, "host": `"0.0.0.0"`, "port": "80", "workers": "4"},
			summary:  "uvicorn 0.51.0: 4 workers on 0.0.0.0:80, app shop.asgi:app",
		},
		{
			name:     "variable",
			source:   "import os, uvicorn\nPORT = int(os.environ.get('PORT', 8000))\nif __name__ == '__main__':\n    uvicorn.run('a:b', port=PORT)\n",
			env:      map[string]string{"PORT": "77"},
			settings: map[string]string{"app": `"a:b"`, "port": `int(env("PORT", 8000))`},
			summary:  "uvicorn 0.51.0: 1 worker on 127.0.0.1:77, app a:b",
		},
		{
			name:     "object with workers",
			source:   "import uvicorn\napp = make()\nuvicorn.run(\n    app,  # ours\n    workers=4,\n)\n",
			settings: map[string]string{"app": "?app?", "workers": "4"},
			said:     []string{"conflict: app"},
			summary:  "uvicorn 0.51.0: 4 workers on 127.0.0.1:8000, app app",
		},
		{
			name:     "mistakes, on lines that end as on Windows",
			source:   "import uvicorn\r\nuvicorn.run('a:b',\r\n  prot=1, log_level='loud', debug=True)\r\n",
			settings: map[string]string{"app": `"a:b"`, "log_level": `"loud"`},
			said:     []string{"unknown-setting: prot", "unknown-word: 'loud'", "unknown-setting: debug"},
			summary:  "uvicorn 0.51.0: 1 worker on 127.0.0.1:8000, app a:b",
		},
		{
			name:     "another name, a function, arguments that are not spelled out",
			source:   "from uvicorn import run as start\nimport sys\ndef main():\n    base = 9000\n    opts = dict(a=1)\n    host = sys.argv[1]\n    start('a:b', port=base + 1, host=host, reload=True, **opts)\nmain()\n",
			settings: map[string]string{"app": `"a:b"`, "port": "9001", "reload": "true"},
			said:     []string{"open-namespace: opts"},
			summary:  "uvicorn 0.51.0: 1 worker on ",
		},
		{
			name:     "config",
			source:   "import uvicorn\nserver = uvicorn.Server(uvicorn.Config('a:b', '::1', 9, headers=[('X', 'y')], reload_dirs=['a', 'b']))\n",
			settings: map[string]string{"app": `"a:b"`, "host": `"::1"`, "port": "9", "headers": `["X:y"]`, "reload_dirs": `["a", "b"]`},
			summary:  "uvicorn 0.51.0: 1 worker on [::1]:9, app a:b",
		},
		{
			name:    "two calls and no application",
			source:  "import uvicorn\nuvicorn.run()\nuvicorn.run('a:b')\n",
			said:    []string{"not-read: uvicorn.run", "no-application: uvicorn.run"},
			summary: "uvicorn 0.51.0: 1 worker on 127.0.0.1:8000",
		},
		{name: "nothing", source: "import uvicorn\n", said: []string{"no-server: "}, summary: "uvicorn 0.51.0: 1 worker on 127.0.0.1:8000"},
		{name: "no Python", source: "import uvicorn\nuvicorn.run('a:b'\n", said: []string{"syntax-error: uvicorn.run('a:b'"}, summary: "uvicorn 0.51.0: 1 worker on 127.0.0.1:8000"},
		{
			name: "release", release: "0.17.6", source: "import uvicorn\nuvicorn.run('a:b', debug=True, loop='none', ws='websockets-sansio')\n",
			settings: map[string]string{"app": `"a:b"`, "debug": "true", "loop": `"none"`, "ws": `"websockets-sansio"`},
			said:     []string{"unknown-word: 'websockets-sansio'"},
			summary:  "uvicorn 0.17.6: 1 worker on 127.0.0.1:8000, app a:b",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			env := tt.env
			if env == nil {
				env = map[string]string{}
			}
			cfg, said := readSource(t, tt.release, tt.source, env)
			clitest.Sound(t, cfg, nil)
			if !strings.HasPrefix(cfg.Summary, tt.summary) {
				t.Errorf("summary %q, want %q", cfg.Summary, tt.summary)
			}
			if d := cmp.Diff(tt.said, said); d != "" {
				t.Errorf("diagnostics (-want +got):\n%s", d)
			}
			got := map[string]string{}
			for _, s := range cfg.Settings {
				if s.Layer == schema.LayerFile {
					got[s.Native] = schema.ExprText(s.Value)
				}
			}
			for name, want := range tt.settings {
				if got[name] != want {
					t.Errorf("%s is %s, want %s", name, got[name], want)
				}
			}
		})
	}
}

func TestRecognise(t *testing.T) {
	tests := map[string]struct {
		name, text string
		want       bool
	}{
		"run":            {"main.py", "import uvicorn\nuvicorn.run('a:b')\n", true},
		"import of run":  {"main.py", "from uvicorn import run as start\nstart('a:b')\n", true},
		"gunicorn":       {"gunicorn.conf.py", "import uvicorn\nuvicorn.run('a:b')\n", false},
		"comment":        {"conf.py", "# uvicorn.run('a:b')\nworkers = 3\n", false},
		"worker class":   {"conf.py", "worker_class = 'uvicorn.workers.UvicornWorker'\n", false},
		"no Python file": {"run.sh", "uvicorn.run(\n", false},
	}
	for name, tt := range tests {
		if got := New().Recognise(tt.name, []byte(tt.text)) > 0; got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
