package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gsrv/schema"
)

// TestProjectPython: which interpreter runs the application, by what is there and what is named.
func TestProjectPython(t *testing.T) {
	const hcl = "app \"hello:app\" {\n  directory = \"site\"\n%s}\nlisten \"127.0.0.1:0\" {}\n"
	configured := strings.Replace(hcl, "%s", "  virtualenv = \"env\"\n", 1)
	plain := strings.Replace(hcl, "%s", "", 1)
	for _, c := range []struct {
		name       string
		python     string   // --python
		file       string   // gsrv.hcl, where there is no command
		command    []string // instead of the file
		virtualEnv string
		have       []string // executable files
		want       string   // relative to the project; error: and a part of the message
	}{
		{name: "nothing", file: plain, have: []string{"path/python3"}, want: "path/python3"},
		{name: "python alone", file: plain, have: []string{"path/python"}, want: "path/python"},
		{name: "python3 before python", file: plain, have: []string{".venv/bin/python", ".venv/bin/python3"}, want: ".venv/bin/python3"},
		{name: ".venv before venv", file: plain, have: []string{".venv/bin/python", "venv/bin/python", "path/python3"}, want: ".venv/bin/python"},
		{name: "venv", file: plain, have: []string{"venv/bin/python", "path/python3"}, want: "venv/bin/python"},
		{name: "where the server is started before the application's", file: plain, have: []string{"venv/bin/python", "site/.venv/bin/python"}, want: "venv/bin/python"},
		{name: "in the application's directory", file: plain, have: []string{"site/.venv/bin/python", "path/python3"}, want: "site/.venv/bin/python"},
		{name: "VIRTUAL_ENV", file: plain, virtualEnv: "active", have: []string{"active/bin/python", ".venv/bin/python"}, want: "active/bin/python"},
		{name: "VIRTUAL_ENV that is gone", file: plain, virtualEnv: "active", have: []string{".venv/bin/python"}, want: ".venv/bin/python"},
		{name: "configured, relative to the application", file: configured, virtualEnv: "active", have: []string{"site/env/bin/python3", "env/bin/python3", "active/bin/python", ".venv/bin/python"}, want: "site/env/bin/python3"},
		{name: "configured and not there", file: configured, virtualEnv: "active", have: []string{"active/bin/python", ".venv/bin/python"}, want: "error:site/env/bin/python3. Create it"},
		{name: "--python", python: "mine/python", file: configured, have: []string{"mine/python"}, want: "mine/python"},
		{name: "--python that is not there", python: "mine/python", file: plain, have: []string{".venv/bin/python"}, want: "error:mine/python cannot be run"},
		{name: "--python that cannot be executed", python: "gsrv.hcl", file: plain, want: "error:"},
		{name: "the command's directory", command: []string{"env/bin/gunicorn", "hello:app"}, virtualEnv: "active", have: []string{"env/bin/python", "active/bin/python"}, want: "env/bin/python"},
		{name: "python -m", command: []string{"env/bin/python3.11", "-m", "gunicorn", "hello:app"}, have: []string{"env/bin/python3.11", ".venv/bin/python"}, want: "env/bin/python3.11"},
		{name: "a version on PATH", command: []string{"python3.9", "-m", "gunicorn", "hello:app"}, virtualEnv: "active", have: []string{"path/python3.9", "active/bin/python"}, want: "path/python3.9"},
		{name: "a bare python is the active one", command: []string{"python3", "-m", "gunicorn", "hello:app"}, virtualEnv: "active", have: []string{"path/python3", "active/bin/python"}, want: "active/bin/python"},
		{name: "uWSGI enters chdir first", command: []string{"uwsgi", "--chdir", "site", "--virtualenv", "env", "--module", "hello", "--http-socket", ":0"}, have: []string{"site/env/bin/python", "env/bin/python"}, want: "site/env/bin/python"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := serverFiles(t, map[string]string{"gsrv.hcl": c.file})
			for _, name := range c.have {
				name = filepath.Join(dir, name)
				if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(name, nil, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			path := filepath.Join(dir, "path")
			host := &schema.HostInputs{Vars: map[string]*string{"PATH": &path, "VIRTUAL_ENV": nil}, Dir: dir, NoEnv: true}
			if c.virtualEnv != "" {
				venv := filepath.Join(dir, c.virtualEnv)
				host.Vars["VIRTUAL_ENV"] = &venv
			}
			s := &session{stderr: &strings.Builder{}}
			r, err := s.readRun(&runRequest{file: "gsrv.hcl", command: c.command}, dir, host)
			if err != nil {
				t.Fatal(err)
			}
			got, diag := projectPython(r, c.python)
			if part, bad := strings.CutPrefix(c.want, "error:"); bad {
				if diag == nil || !strings.Contains(diag.Detail, part) {
					t.Fatalf("%+v, %v; want an error with %q", got, diag, part)
				}
				return
			}
			if diag != nil || got.program != filepath.Join(dir, c.want) {
				t.Errorf("%+v, %v; want %s", got, diag, c.want)
			}
		})
	}
}
