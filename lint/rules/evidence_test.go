package rules

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"gsrv/lint"
	"gsrv/schema"
	"gsrv/schema/python/value"
)

// TestEvidence checks what rules make of what is known about a deployment, which stands in no server's configuration.
func TestEvidence(t *testing.T) {
	fact := func(message string) *lint.Evidence {
		return &lint.Evidence{Message: message, Range: hcl.Range{Filename: "evidence"}}
	}
	proxy := lint.Surroundings{Proxies: []lint.Evidence{*fact("nginx sends requests here")}}
	edge := lint.Surroundings{Edge: fact("port 80 is published")}
	container := lint.Surroundings{Container: fact("a Dockerfile starts it")}
	platform := lint.Surroundings{Platform: fact("a Procfile starts it")}
	production := lint.Surroundings{Production: fact("a systemd unit starts it")}
	for _, test := range []struct {
		rule, name, text string
		around           lint.Surroundings
		// want is the severity of the one finding; empty for none. related is a part of a related message.
		want, related string
	}{
		{"L001", "gunicorn.conf.py", "worker_class = 'gthread'\ntimeout = 0\n", lint.Surroundings{}, "info", ""},
		{"L001", "gunicorn.conf.py", "worker_class = 'gthread'\ntimeout = 0\n", production, "warning", "systemd"},
		{"L001", "dev/gunicorn.conf.py", "timeout = 0\n", production, "warning", ""},
		{"L004", "gunicorn.conf.py", "threads = 4\nkeepalive = 60\n", lint.Surroundings{}, "", ""},
		{"L004", "gunicorn.conf.py", "threads = 4\nkeepalive = 60\n", edge, "info", "port 80"},
		{"L004", "gunicorn.conf.py", "keepalive = 60\n", edge, "", ""},
		{"L008", "gunicorn.conf.py", "workers = 1\n", production, "info", ""},
		{"L008", "gunicorn.conf.py", "workers = 1\n", platform, "", ""},
		{"L009", "gunicorn.conf.py", "import os\nworkers = os.cpu_count()\n", lint.Surroundings{}, "", ""},
		{"L009", "gunicorn.conf.py", "import os\nworkers = os.cpu_count()\n", container, "warning", "Dockerfile"},
		{"L009", "gunicorn.conf.py", "import os\nworkers = os.cpu_count()\n", platform, "warning", "Procfile"},
		{"L009", "gunicorn.conf.py", "import os\nworkers = min(4, os.cpu_count())\n", container, "", ""},
		{"L009", "gunicorn.conf.py", "import os\nworkers = len(os.sched_getaffinity(0))\n", container, "", ""},
		{"L009", "uwsgi.ini", "[uwsgi]\nprocesses = %k\nmodule = shop\n", container, "warning", "Dockerfile"},
		{"L010", "gunicorn.conf.py", "limit_request_line = 0\n", proxy, "info", "nginx"},
		{"O001", "gunicorn.conf.py", "workers = 3\n", production, "info", ""},
		{"O001", "command", "gunicorn -w 3 shop.wsgi", proxy, "", ""},
		{"O004", "gunicorn.conf.py", "accesslog = '/var/log/a.log'\n", lint.Surroundings{}, "", ""},
		{"O004", "gunicorn.conf.py", "accesslog = '/var/log/a.log'\n", container, "info", "Dockerfile"},
		{"O004", "uwsgi.ini", "[uwsgi]\nmodule = shop\nlogto = /var/log/a.log\n", container, "info", "Dockerfile"},
		{"O004", "uwsgi.ini", "[uwsgi]\nmodule = shop\nlogger = file:/dev/stdout\n", container, "", ""},
		{"O004", "uwsgi.ini", "[uwsgi]\nmodule = shop\nlogger = syslog:shop\n", container, "", ""},
		{"O008", "gunicorn.conf.py", "bind = '0.0.0.0:80'\naccesslog = '-'\n", proxy, "info", "nginx"},
		{"O012", "uwsgi.ini", "[uwsgi]\nmodule = shop\ndisable-logging = true\n", proxy, "", ""},
		{"N014", "command", "mod_wsgi-express start-server shop.py", lint.Surroundings{}, "info", ""},
		{"N014", "command", "mod_wsgi-express start-server shop.py", proxy, "warning", "nginx"},
		{"N014", "command", "mod_wsgi-express start-server shop.py", container, "", ""},
		{"V017", "command", "mod_wsgi-express start-server shop.py --debug-mode", production, "error", "systemd"},
		{"O014", "command", "mod_wsgi-express start-server --port 80", container, "info", "Dockerfile"},
		{"O014", "command", "mod_wsgi-express start-server --port 80 --log-to-terminal", container, "", ""},
	} {
		t.Run(test.rule+"/"+test.text, func(t *testing.T) {
			dir := t.TempDir()
			src := lint.Source{Root: dir, Host: &schema.HostInputs{Vars: map[string]*string{}, Dir: dir}}
			findings := Lookup(test.rule).Run(evidenceUnit(t, src, test.name, test.text, test.around))
			if test.want == "" {
				if len(findings) > 0 {
					t.Fatalf("unexpected: %s", findings[0].Message)
				}
				return
			}
			if len(findings) != 1 || findings[0].Severity.String() != test.want {
				t.Fatalf("got %d findings, want one %s: %+v", len(findings), test.want, findings)
			}
			var related []string
			for _, r := range findings[0].Related {
				related = append(related, r.Message)
			}
			if all := strings.Join(related, "; "); !strings.Contains(all, test.related) {
				t.Errorf("related: %q, want something with %q", all, test.related)
			}
		})
	}
}

// evidenceUnit reads a file, or with the name "command" a command line.
func evidenceUnit(t *testing.T, src lint.Source, name, text string, around lint.Surroundings) *lint.Unit {
	t.Helper()
	if name == "command" {
		words, err := value.ShlexSplit(nil, text, false)
		if err != nil {
			t.Fatal(err)
		}
		u, diag, err := src.Command(words)
		if err != nil || diag != nil {
			t.Fatal(diag, err)
		}
		u.Around = around
		return u
	}
	file := filepath.Join(src.Root, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	u, err := src.File(name)
	if err != nil {
		t.Fatal(err)
	}
	u.Around = around
	return u
}
