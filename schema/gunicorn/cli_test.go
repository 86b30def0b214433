package gunicorn

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestCommand compares a few readings with the command itself, as a site would run it.
func TestCommand(t *testing.T) {
	program, err := exec.LookPath("gunicorn")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	tests := []struct {
		file string
		argv []string
		env  []string
	}{
		{"workers = 3\n", []string{"app:app"}, nil},
		{"workers = 'x'\n", []string{"app:app"}, nil},
		{"import os\nbind = ':' + os.environ['PORT']\ndef post_fork(a, b): pass\n", []string{"-w2", "-b", "a:1", "app"}, []string{"PORT=80"}},
		{"wsgi_app = 'app:make(\"x\")'\n", nil, []string{"GUNICORN_CMD_ARGS=--reload -t 9"}},
		{"", []string{"--work", "3", "app:app"}, nil},
		{"", []string{"app:nope"}, nil},
		{"", []string{"nope:app"}, nil},
		{"", []string{"app:not_callable"}, nil},
		{"", []string{"app:make(x)"}, nil},
		{"", []string{"app:app.x"}, nil},
		{"", []string{"app.py"}, nil},
		{"chdir = 'sub'\n", []string{"other"}, nil},
	}
	for _, test := range tests {
		t.Run(strings.Join(append(test.argv, test.file), " "), func(t *testing.T) {
			dir, err := filepath.EvalSymlinks(t.TempDir())
			check(t, err)
			check(t, os.WriteFile(filepath.Join(dir, "app.py"), []byte(appSource), 0o644))
			check(t, os.Mkdir(filepath.Join(dir, "sub"), 0o755))
			check(t, os.WriteFile(filepath.Join(dir, "sub", "other.py"), []byte("def application(e, s): return []\n"), 0o644))
			check(t, os.WriteFile(filepath.Join(dir, defaultFile), []byte(test.file), 0o644))
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			cmd := exec.CommandContext(ctx, program, append([]string{"--check-config", "--print-config"}, test.argv...)...)
			cmd.Dir = dir
			env := map[string]string{"PATH": "/usr/bin:/bin", "HOME": dir, "LANG": "C.UTF-8"}
			for _, kv := range test.env {
				k, v, _ := strings.Cut(kv, "=")
				env[k] = v
			}
			for k, v := range env {
				cmd.Env = append(cmd.Env, k+"="+v)
			}
			out, runErr := cmd.Output()
			cfg, diags := readIn(dir, "20.1.0", env, test.argv...)
			checkSound(t, cfg, diags)
			if (runErr != nil) != diags.HasErrors() {
				t.Fatalf("gunicorn: %v, gsrv: %q", runErr, diagTexts(diags))
			}
			for line := range strings.Lines(string(out)) {
				name, want, found := strings.Cut(strings.TrimSuffix(line, "\n"), " = ")
				if name = strings.TrimSpace(name); found {
					if got := shownText(t, cfg, name); got != want {
						t.Errorf("%s: gunicorn %q, gsrv %q", name, want, got)
					}
				}
			}
		})
	}
}
