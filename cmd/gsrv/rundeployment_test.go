package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestRunDeployment serves what a project starts: in a container, by a unit on its machine, from a Procfile.
func TestRunDeployment(t *testing.T) {
	t.Parallel()
	conf := "import os\nbind = '127.0.0.1:' + os.environ.get('SHOP_PORT', '1')\nchdir = '/app/site'\ndef when_ready(server):\n    server.log.info('hooks of the project')\n"
	container := map[string]string{
		"Dockerfile":              "FROM python:3.12-slim\nENV SHOP_PORT=0 SHOP=image\nWORKDIR /app\nCOPY . .\nENTRYPOINT [\"/app/deploy/entry.sh\"]\n",
		"deploy/entry.sh":         "#!/bin/sh\nexec gunicorn -c deploy/gunicorn.conf.py hello:app\n",
		"deploy/gunicorn.conf.py": conf,
		"docker-compose.yml":      "services:\n  web:\n    build: .\n    environment:\n      SHOP: compose\n",
		"site/hello.py":           mirrorApp,
	}
	for _, c := range []struct {
		name  string
		files map[string]string
		args  []string
		env   string
		want  map[string]any // cwd relative to the project
	}{
		{"the only one, in a container", container, nil, "", map[string]any{"cwd": "site", "SHOP": "compose"}},
		{"by name", container, []string{"--deployment", "web"}, "", map[string]any{"cwd": "site", "SHOP": "compose"}},
		{
			"a unit on its machine",
			map[string]string{
				"etc/shop.service": "[Service]\nUser=nobody\nWorkingDirectory=/srv/shop\nEnvironment=SHOP=unit\nExecStart=/srv/shop/venv/bin/gunicorn --pythonpath /srv/shop/lib --bind 127.0.0.1:0 hello:app\n",
				"shop/hello.py":    "import part\n" + mirrorApp, "shop/lib/part.py": "",
			},
			[]string{"--deployment", "shop"},
			"",
			map[string]any{"cwd": "shop", "SHOP": "unit"},
		},
		{
			"a Procfile with variables",
			map[string]string{"Procfile": "web: gunicorn -b 127.0.0.1:$PORT $OPTIONS hello:app --env SHOP=${NAME:-usual}\n", "hello.py": mirrorApp},
			nil, "PORT=0",
			map[string]any{"cwd": ".", "SHOP": "usual", "threads": false},
		},
		{
			"gsrv's own options",
			map[string]string{"Dockerfile": "FROM python:3\nWORKDIR /srv/shop\nCOPY . .\nCMD [\"gsrv\", \"run\", \"--listen\", \"127.0.0.1:0\", \"--control=ctl.sock\", \"--request-id-header\", \"X-Trace\", \"gsrv.hcl\"]\n", "gsrv.hcl": "app \"hello:app\" {}\nlisten \"127.0.0.1:1\" {}\n", "hello.py": mirrorApp},
			[]string{"--deployment", "Dockerfile"},
			"SHOP=outside",
			map[string]any{"SHOP": "outside"},
		},
		{
			"a variable that is removed",
			map[string]string{"Procfile": "web: env -u SHOP gunicorn -b 127.0.0.1:0 hello:app\n", "hello.py": mirrorApp},
			nil, "SHOP=outside",
			map[string]any{"SHOP": ""},
		},
		{
			"no variables but its own",
			map[string]string{"Procfile": "web: env -i NAME=1 gunicorn -b 127.0.0.1:0 hello:app\n", "hello.py": mirrorApp},
			nil, "SHOP=outside",
			map[string]any{"SHOP": ""},
		},
		{
			"variables that are set",
			map[string]string{"Procfile": "web: gunicorn -b 127.0.0.1:$PORT $OPTIONS hello:app --env SHOP=${NAME:-usual}\n", "hello.py": mirrorApp},
			nil, "PORT=0 OPTIONS=--threads\t3 NAME=mine",
			map[string]any{"SHOP": "mine", "threads": true},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := serverFiles(t, c.files)
			s := startServerWith(t, dir, func(cmd *exec.Cmd) {
				cmd.Env = append(cmd.Env, strings.Split(c.env, " ")...)
			}, c.args...)
			m := mirror(t, s.address(), pageRequest("/"))
			for key, want := range c.want {
				if key == "cwd" {
					want = filepath.Join(dir, want.(string))
				}
				if m[key] != want {
					t.Errorf("%s is %v, want %v", key, m[key], want)
				}
			}
			if strings.Contains(c.files["deploy/gunicorn.conf.py"], "when_ready") {
				s.await(1, "hooks of the project")
			}
			if strings.Contains(c.files["Dockerfile"], "ctl.sock") {
				ctl(t, dir, 0, `http\.request_id_header = "X-Trace"`, "--control", "ctl.sock", "config")
			}
			s.signal(syscall.SIGHUP)
			s.await(1, "Reloaded")
			s.signal(syscall.SIGTERM)
			if code := s.exit(); code != 0 {
				t.Errorf("exit status %d", code)
			}
		})
	}
}

// TestRunDeploymentRefused: what cannot be started says what to do.
func TestRunDeploymentRefused(t *testing.T) {
	t.Parallel()
	two := map[string]string{"Procfile": "web: gunicorn hello:app\napi: gunicorn api:app\n"}
	for _, c := range []struct {
		name  string
		files map[string]string
		args  []string
		code  int
		want  string
	}{
		{"several", two, nil, 2, "several servers. Say which with --deployment: api, web"},
		{"none of that name", two, []string{"--deployment", "shop"}, 3, "there are api, web"},
		{"nothing at all", nil, nil, 2, "there is no gsrv.hcl here, and nothing that starts a server"},
		{"a variable that is not set", map[string]string{"Procfile": "web: gunicorn -b :$NO_PORT hello:app\n"}, nil, 1, "Procfile:1: the command needs the variable NO_PORT, which is not set here: NO_PORT=… gsrv run --deployment web"},
		{"a command in the command", map[string]string{"Procfile": "web: gunicorn -w $(nproc) hello:app\n"}, nil, 1, "nproc"},
		{"a configuration that is not there", map[string]string{"Procfile": "web: gunicorn -c conf.py hello:app\n"}, nil, 1, "conf.py"},
		{"an ASGI server", map[string]string{"Procfile": "web: uvicorn hello:app\n"}, nil, 1, "ASGI"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t, serverFiles(t, c.files), c.args...)
			if code := s.exit(); code != c.code {
				t.Errorf("exit status %d, want %d", code, c.code)
			}
			<-s.eof
			if !strings.Contains(s.output(), c.want) {
				t.Errorf("it does not say %q:\n%s", c.want, s.output())
			}
		})
	}
}
