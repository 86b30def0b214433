package uvicorn

import (
	"testing"

	"gsrv/schema/cmdline/clitest"
)

func TestModel(t *testing.T) {
	tests := []clitest.Reading{
		{
			Line:    "a:b --host :: --port 80 --workers 3 --backlog 64 --timeout-keep-alive 75 --limit-max-requests 9 --log-level trace --no-access-log",
			Summary: "uvicorn 0.51.0: 3 workers on [::]:80, app a:b",
			Model:   "app.module = \"a:b\"\nlisten.http = [\"[::]:80\"]\nlisten.backlog = 64\nworkers.count = 3\nworkers.recycle.requests = 9\nhttp.keep_alive = 75\nlog.level = \"debug\"\nlog.access.to = null\n",
		},
		{
			Line: "a:b --fd 3 --uds /x --proxy-headers --forwarded-allow-ips 10.0.0.1,::1 --ssl-keyfile k --ssl-certfile c --ssl-cert-reqs 2 --app-dir src", Summary: "uvicorn 0.51.0: 1 worker on fd://3, app a:b",
			Model: "app.module = \"a:b\"\napp.python_path = [\"src\"]\nlisten.http = [\"fd://3\"]\nproxy.trusted = [\"10.0.0.1\", \"::1\"]\ntls.certificate = \"c\"\ntls.key = \"k\"\ntls.client_certificate = \"required\"\n",
		},
		{Line: "a:b --fd 3 --uds /x --reload", Summary: "uvicorn 0.51.0: 1 worker on unix:/x, app a:b", Model: "app.module = \"a:b\"\nlisten.http = [\"unix:/x\"]\nreload.enabled = true\n"},
		{Line: "--factory --no-proxy-headers --forwarded-allow-ips * a:b", Summary: "uvicorn 0.51.0: 1 worker on 127.0.0.1:8000, app a:b()", Model: "app.module = \"a:b\"\nproxy.trusted = []\n"},
		{Line: "--env-file web.env a:b", Summary: "uvicorn 0.51.0: 7 workers on 127.0.0.1:8000, app a:b", Model: "app.module = \"a:b\"\nworkers.count = 7\n"},
		{Line: "--env-file web.env a:b", Env: map[string]string{"WEB_CONCURRENCY": "2"}, Summary: "uvicorn 0.51.0: 2 workers on 127.0.0.1:8000, app a:b", Model: "app.module = \"a:b\"\nworkers.count = 2\n"},
		{Line: "--workers 0 a:b", Summary: "uvicorn 0.51.0: 1 worker on 127.0.0.1:8000, app a:b", Model: "app.module = \"a:b\"\nworkers.count = 1\n", Said: "out-of-range: 0\n"},
		{Line: "--port 70000 --header x --ssl-keyfile k shop/app.py", Summary: "uvicorn 0.51.0: 1 worker on 127.0.0.1:70000, app shop/app.py", Model: "app.module = \"shop/app.py\"\nlisten.http = [\"127.0.0.1:70000\"]\ntls.key = \"k\"\n", Said: "invalid-application: shop/app.py\nincomplete: k\nout-of-range: 70000\ninvalid-value: x\n"},
		{Line: "--port=x --log-level=warn", Summary: "uvicorn 0.51.0: 1 worker on an unknown address", Model: "listen.http = ?\nlog.level = ?\n", Said: "invalid-value: x\ninvalid-value: warn\nno-application: uvicorn\n"},
	}
	dir := scratch(t)
	for _, tt := range tests {
		if difference := tt.Check(New(), "uvicorn", dir); difference != "" {
			t.Error(difference)
		}
	}
}
