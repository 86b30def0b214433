package waitress

import (
	"testing"

	"gsrv/schema/cmdline/clitest"
)

func TestModel(t *testing.T) {
	tests := []clitest.Reading{
		{
			Line: "--threads=8 --listen=127.0.0.1:80 --listen=[::1]:81 --backlog=9 --channel-timeout=30 --trusted-proxy=10.0.0.1 --trusted-proxy-headers=forwarded a:b", Summary: "waitress 3.0.2: 8 threads on 127.0.0.1:80 [::1]:81, app a:b",
			Model: "app.module = \"a:b\"\nlisten.http = [\"127.0.0.1:80\", \"[::1]:81\"]\nlisten.backlog = 9\nworkers.threads = 8\nhttp.keep_alive = 30\nproxy.trusted = [\"10.0.0.1\"]\n",
		},
		{Line: "--unix-socket=/x --unix-socket-perms=660 --call a:make", Summary: "waitress 3.0.2: 4 threads on unix:/x, app a:make()", Model: "app.module = \"a:make\"\nlisten.http = [\"unix:/x\"]\nlisten.mode = \"0660\"\n"},
		{Line: "--listen=*:80 --no-ipv4 a:b", Summary: "waitress 3.0.2: 4 threads on [::]:80, app a:b", Model: "app.module = \"a:b\"\nlisten.http = [\"[::]:80\"]\n"},
		{Line: "--port=x a:b", Summary: "waitress 3.0.2: 4 threads, app a:b", Model: "app.module = \"a:b\"\nlisten.http = ?\n", Said: "invalid-value: x\n"},
		{Line: "--listen=a:80 --listen=http://b:1 --threads=0 shop.py", Summary: "waitress 3.0.2: 0 threads on a:80 http://b:1, app shop.py", Model: "app.module = \"shop.py\"\nlisten.http = [\"a:80\", \"http://b:1\"]\nworkers.threads = 0\n", Said: "invalid-application: shop.py\ninvalid-address: http://b:1\nout-of-range: 0\n"},
		{Line: "a:b --threads=8", Summary: "waitress 3.0.2: 4 threads on 0.0.0.0:8080", Said: "unexpected-argument: --threads=8\n"},
	}
	dir := t.TempDir()
	for _, tt := range tests {
		if difference := tt.Check(New(), "waitress-serve", dir); difference != "" {
			t.Error(difference)
		}
	}
}
