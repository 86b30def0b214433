package rules

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gsrv/lint"
	"gsrv/schema"
)

// FuzzRules runs every rule over texts of each dialect: none may panic, and a fix that is offered must be applicable.
func FuzzRules(f *testing.F) {
	f.Add(0, "bind = \"127.0.0.1:8000,127.0.0.1:8001\"\nkeep_alive = 5\nworkers = 4\nworkers = \"4\"\numask = \"022\"\n")
	f.Add(0, "def after_fork(server, worker):\n    pass\naccess_log_format = '%(h)s %(x)s %(%({a}i)'\nforwarded_allow_ips = [\"10.0.0.5/24\"]\n")
	f.Add(1, "[uwsgi]\nsocket = /run/a.sock ; remark\nprocesses = auto\nwsgi_file = a.py\nchmod-socket = 0660\nbuffer-size = 131072\n")
	f.Add(1, "x = 1\n[UWSGI\nmaster = \"false\"\nharakiri = 30s # soon")
	f.Add(2, "[app:main]\nuse = egg:shop\n[server:main]\nuse = egg:waitress#main\nport = 80\nPORT = 80\nthread = 8\n")
	f.Add(2, "[app:main]\nuse = egg:shop\n[server:main]\nuse = egg:gunicorn#main\nworker = 2\nhost = \xff\n")
	f.Add(3, "uwsgi:\n  socket: \"0.0.0.0:3031\n  max-request: 5\n")
	f.Add(4, "<uwsgi><socket>:3031</socket><max_requests>five</max_requests></uwsgi>")
	names := []string{"gunicorn.conf.py", "uwsgi.ini", "production.ini", "uwsgi.yaml", "uwsgi.xml", "uwsgi.json"}
	f.Fuzz(func(t *testing.T, kind int, text string) {
		if kind < 0 || len(text) > 4<<10 || strings.Contains(text, "/dev/") || strings.Contains(text, "/proc/") {
			t.Skip()
		}
		name := names[kind%len(names)]
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		l := &lint.Linter{Source: lint.Source{Root: dir, Host: &schema.HostInputs{Vars: map[string]*string{}, Dir: dir}}, Rules: All()}
		run := func(l *lint.Linter) *lint.Result { return l.Run(context.Background(), []string{name}) }
		repair, res := l.Repair(run, true)
		for _, c := range res.Crashes {
			t.Fatalf("%s: %v\n%s", c.Rule, c.Value, c.Stack)
		}
		for file := range repair.Texts {
			if file != name {
				t.Errorf("%s was changed", file)
			}
		}
	})
}
