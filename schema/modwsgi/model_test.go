package modwsgi

import (
	"os"
	"path/filepath"
	"testing"

	"gsrv/schema/cmdline/clitest"
)

func TestModel(t *testing.T) {
	tests := []clitest.Reading{
		{
			Line: "start-server wsgi.py --processes 3 --threads=10 --port=$PORT --https-port 443 --ssl-certificate tls/site --server-name x --user www-data --log-to-terminal --access-log --trust-proxy 10.0.0.0/8",
			Env:  map[string]string{"PORT": "81"}, Summary: "mod_wsgi-express 6.0.5: 3 processes of 10 threads on 0.0.0.0:81 0.0.0.0:443, app wsgi.py",
			Model: "app.file = \"wsgi.py\"\nlisten.http = [\"0.0.0.0:81\", \"0.0.0.0:443\"]\nworkers.count = 3\nworkers.threads = 10\nproxy.trusted = [\"10.0.0.0/8\"]\ntls.certificate = \"tls/site.crt\"\ntls.key = \"tls/site.key\"\nlog.error.to = \"-\"\nlog.access.to = \"-\"\nprocess.user = \"www-data\"\n",
		},
		{
			Line: "setup-server --application-type module --callable-object app --host ::1 --log-directory /var/log --log-level warn --url-alias /s ./s shop.wsgi", Summary: "mod_wsgi-express 6.0.5: 1 process of 5 threads on [::1]:8000, app shop.wsgi",
			Model: "app.module = \"shop.wsgi:app\"\nlisten.http = [\"[::1]:8000\"]\nlog.level = \"warning\"\nlog.error.to = \"/var/log/error_log\"\nstatic.map = [\"/s=./s\"]\n",
		},
		{Line: "start-server", Summary: "mod_wsgi-express 6.0.5: 1 process of 5 threads on 0.0.0.0:8000", Said: "no-application: start-server\n"},
		{Line: "start-server shop.wsgi extra --ssl-certificate-file c --log-level loud --port 0", Summary: "mod_wsgi-express 6.0.5: 1 process of 5 threads on 0.0.0.0:0, app shop.wsgi", Model: "app.file = \"shop.wsgi\"\nlisten.http = [\"0.0.0.0:0\"]\ntls.certificate = \"c\"\nlog.level = ?\n", Said: "ignored-argument: extra\nconflict: --ssl-certificate-file\nfile-missing: shop.wsgi\nunknown-word: loud\nout-of-range: 0\n"},
		{Line: "start-sever wsgi.py", Summary: "mod_wsgi-express 6.0.5: 1 process of 5 threads on 0.0.0.0:8000", Said: "unknown-command: start-sever\n"},
		{Line: "", Summary: "mod_wsgi-express 6.0.5: 1 process of 5 threads on 0.0.0.0:8000", Said: "no-command: mod_wsgi-express\n"},
		{Line: "module-config", Summary: "mod_wsgi-express 6.0.5: 1 process of 5 threads on 0.0.0.0:8000", Said: "no-start: module-config\n"},
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "wsgi.py"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		if difference := tt.Check(New(), "mod_wsgi-express", dir); difference != "" {
			t.Error(difference)
		}
	}
}
