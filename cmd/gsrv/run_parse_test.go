package main

import (
	"slices"
	"strings"
	"testing"

	"gsrv/schema/project"
)

func TestParseRun(t *testing.T) {
	exists := func(name string) bool { return slices.Contains([]string{"gsrv.hcl", "settings", "uwsgi.ini"}, name) }
	for _, c := range []struct{ args, command, want string }{
		{"", "", "file gsrv.hcl"},
		{"settings", "", "file settings"},
		{"missing.ini", "", "file missing.ini"},
		{"shop.wsgi", "", "command gunicorn shop.wsgi"},
		{"app:app -w 4 --no-check --admin=:9191", "", "command gunicorn app:app -w 4 admin :9191 unchecked"},
		{"--python /v/bin/python --control c.sock uwsgi.ini", "", "file uwsgi.ini python /v/bin/python control c.sock"},
		{"--paste p.ini", "", "paste p.ini"},
		{"--paste p.ini port=80", "", "command pserve p.ini port=80"},
		{"--paste p.ini -w 4", "", "command gunicorn --paste p.ini -w 4"},
		{"--no-check", "gunicorn app:app", "command gunicorn app:app unchecked"},
		{"--listen :80 --listen unix:/s uwsgi.ini", "", "file uwsgi.ini listen :80,unix:/s"},
		{"app:app", "gunicorn app:app", "error give either"},
		{"--deployment web --listen :80", "", "deployment web listen :80"},
		{"--deployment web uwsgi.ini", "", "error give either"},
		{"--deployment web", "gunicorn app:app", "error give either"},
		{"--health-path=/h --ready-path /r --request-id-header X-Request-ID app:app", "", "command gunicorn app:app"},
		{"--python", "", "error the value is missing"},
		{"--no-check=yes", "", "error takes no value"},
	} {
		var command []string
		if c.command != "" {
			command = strings.Fields(c.command)
		}
		q, err := parseRun(strings.Fields(c.args), command, exists)
		got := ""
		switch {
		case err != nil:
			got = "error " + err.Error()
		case q.deployment != "":
			got = "deployment " + q.deployment
		case q.paste:
			got = "paste " + q.file
		case q.file != "":
			got = "file " + q.file
		default:
			got = "command " + strings.Join(q.command, " ")
		}
		if err == nil {
			for _, o := range []struct{ name, value string }{{"python", q.python}, {"control", q.control}, {"admin", q.admin}, {"listen", strings.Join(q.listen, ",")}} {
				if o.value != "" {
					got += " " + o.name + " " + o.value
				}
			}
			if q.noCheck {
				got += " unchecked"
			}
		}
		if got != c.want && !(strings.HasPrefix(c.want, "error ") && strings.HasPrefix(got, "error ") && strings.Contains(got, c.want[len("error "):])) {
			t.Errorf("run %s -- %s: %s, want %s", c.args, c.command, got, c.want)
		}
	}
	if q, err := parseRun(nil, nil, func(string) bool { return false }); err != nil || !q.search {
		t.Errorf("run without anything: %+v, %v", q, err)
	}
	for _, f := range runCommand(&session{}).Flags {
		if name := f.Names()[0]; name != "help" {
			if _, ok := project.RunOptions[name]; !ok {
				t.Errorf("--%s is not among project.RunOptions", name)
			}
		}
	}
}
