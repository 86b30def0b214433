//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// otherEffects are of waitress's adjustments, on its command line, and of gsrv.hcl.
var otherEffects = []effect{
	{
		name: "host and port", server: "waitress", settings: "host port threads url_scheme url_prefix max_request_header_size max_request_body_size ipv6",
		conf: "--host=localhost --port=0 --no-ipv6 --threads=2 --url-scheme=https --url-prefix=/shop --max-request-header-size=1000 --max-request-body-size=100",
		observe: func(t *testing.T, s *testServer) {
			address := s.address()
			if !strings.HasPrefix(address, "127.0.0.1:") || strings.Contains(s.output(), "[::1]") {
				t.Errorf("it listens at %s", address)
			}
			e := environOf(t, address)
			want(t, "scheme", e["wsgi.url_scheme"], "https")
			want(t, "SCRIPT_NAME", e["SCRIPT_NAME"], "/shop")
			want(t, "PATH_INFO where the proxy has taken the prefix off", e["PATH_INFO"], "/environ")
			e = parseSeen(t, exchange(t, address, "GET /shop/a HTTP/1.1\r\nHost: server\r\nConnection: close\r\n\r\n"))
			want(t, "PATH_INFO", e["PATH_INFO"], "/a")
			if !meet(t, address, 2, "20") || meet(t, address, 3, "0.3") {
				t.Error("not two requests run at a time")
			}
			if got := status(exchange(t, address, request("X-A: "+strings.Repeat("a", 2000)))); got != "431" && got != "400" {
				t.Errorf("a head of 2000 bytes: status %s", got)
			}
			wantStatus(t, address, "POST /body HTTP/1.1\r\nHost: server\r\nConnection: close\r\nContent-Length: 200\r\n\r\n"+strings.Repeat("a", 200), "413")
		},
		without: "--listen=127.0.0.1:0",
		otherwise: func(t *testing.T, s *testServer) {
			address := s.address()
			e := environOf(t, address, "X-A: "+strings.Repeat("a", 2000))
			want(t, "scheme", e["wsgi.url_scheme"], "http")
			want(t, "SCRIPT_NAME", e.text("SCRIPT_NAME"), "")
			wantStatus(t, address, "POST /body HTTP/1.1\r\nHost: server\r\nConnection: close\r\nContent-Length: 200\r\n\r\n"+strings.Repeat("a", 200), "200")
		},
	},
	{
		name: "IPv6 alone", server: "waitress", settings: "ipv4 listen",
		conf: "--listen=*:0 --no-ipv4",
		observe: func(t *testing.T, s *testServer) {
			address := s.address()
			_, port, err := net.SplitHostPort(address)
			if err != nil || strings.Contains(s.output(), "0.0.0.0") {
				t.Errorf("it listens at %s", address)
			}
			get(t, "[::1]:"+port, "/")
			if _, err := tryGet("127.0.0.1:"+port, "/"); err == nil {
				t.Error("IPv4 is answered")
			}
		},
		without: "--listen=*:0",
		otherwise: func(t *testing.T, s *testServer) {
			ports := s.await(1, `Listening at: http://0\.0\.0\.0:(\d+), http://\[::\]:(\d+) `)
			get(t, "127.0.0.1:"+ports[1], "/")
			get(t, "[::1]:"+ports[2], "/")
			s.signal(syscall.SIGHUP) // two addresses with port 0 stay apart
			s.await(1, `Reloaded: 1 worker serves at http://0\.0\.0\.0:`+ports[1]+`, http://\[::\]:`+ports[2])
			get(t, "127.0.0.1:"+ports[1], "/")
			get(t, "[::1]:"+ports[2], "/")
		},
	},
	{
		name: "names with IPv6 alone", server: "waitress", settings: "ipv4",
		conf: "--listen=localhost:0 --no-ipv4",
		observe: func(t *testing.T, s *testServer) {
			want(t, "exit status", s.exit(), 1)
			s.await(1, "Write the address itself")
		},
	},
	{
		name: "listen", server: "waitress", settings: "listen connection_limit channel_timeout trusted_proxy",
		conf: "--listen=127.0.0.1:0 --connection-limit=2 --channel-timeout=1 --trusted-proxy=127.0.0.1",
		observe: func(t *testing.T, s *testServer) {
			address := s.address()
			want(t, "scheme", environOf(t, address, "X-Forwarded-Proto: https")["wsgi.url_scheme"], "https")
			// Two connections that stay keep a third one from being answered until they are given up.
			a, b, c := dial(t, address), dial(t, address), dial(t, address)
			fmt.Fprint(c, request())
			for _, idle := range []io.Reader{a, b} {
				if _, err := io.ReadAll(idle); errors.Is(err, os.ErrDeadlineExceeded) {
					t.Error("a connection on which nothing comes is kept")
				}
			}
			answer := make([]byte, 12)
			if _, err := c.Read(answer); err != nil || !strings.Contains(string(answer), "200") {
				t.Errorf("the third connection: %v %q", err, answer)
			}
		},
	},
	{
		name: "unix socket", server: "waitress", settings: "unix_socket unix_socket_perms backlog",
		conf: "--unix-socket=s.sock --unix-socket-perms=640 --backlog=2",
		observe: func(t *testing.T, s *testServer) {
			socket := s.address()
			get(t, socket, "/")
			want(t, "mode", modeOf(t, socket), os.FileMode(0o640))
			if n := waiting(t, s, 20); n > 4 {
				t.Errorf("%d connections wait to be accepted, with a backlog of 2", n)
			}
		},
	},
	{
		name: "listen", server: "gsrv", settings: "app.file listen.http listen.by_address listen.mode listen.backlog hooks.file log.access.format workers.count",
		conf: `app {
  file = "probe.py"
}
listen "unix:a.sock" {
  mode    = "0640"
  backlog = 2
}
listen "unix:s.sock" {
  mode = "0600"
}
workers {
  count = 2
}
hooks "hooks.py" {
}
log {
  access {
    to     = "access.log"
    format = "json"
  }
}
`,
		files: map[string]string{"hooks.py": "def post_fork(server, worker):\n    open('forked-%d' % worker.pid, 'w').close()\n"},
		observe: func(t *testing.T, s *testServer) {
			s.address()
			want(t, "the first socket's mode", modeOf(t, filepath.Join(s.dir, "a.sock")), os.FileMode(0o640))
			want(t, "the second socket's mode", modeOf(t, filepath.Join(s.dir, "s.sock")), os.FileMode(0o600))
			p := ask(t, filepath.Join(s.dir, "a.sock"), "/process")
			if !exists(filepath.Join(s.dir, "forked-"+p.text("pid"))) {
				t.Error("post_fork was not called")
			}
			until(t, func() bool { return workerCount(t, filepath.Join(s.dir, "ctl.sock")) == 2 })
			until(t, func() bool {
				log := text(filepath.Join(s.dir, "access.log"))
				return strings.HasPrefix(log, "{") && strings.Contains(log, "/process")
			})
			want(t, "connections that wait at the second socket", waiting(t, s, 20), 20)
		},
	},
	{
		name: "processes", server: "gsrv",
		settings: "app.directory app.python_path app.environment workers.class workers.threads workers.timeout workers.preload workers.recycle.memory process.umask process.name process.pid_file",
		conf: `app "probe:app" {
  directory   = "sub"
  python_path = ["lib"]
  environment = { COLOUR = "blue" }
}
listen "127.0.0.1:0" {
}
workers {
  class   = "thread"
  threads = 2
  timeout = "1s"
  preload = true
  recycle {
    memory = "150MiB"
  }
}
process {
  umask    = "0027"
  name     = "shop"
  pid_file = "pid"
}
`,
		files: map[string]string{"sub/probe.py": "from above import *\n", "sub/lib/above.py": probeApp},
		observe: func(t *testing.T, s *testServer) {
			address := s.address()
			p := ask(t, address, "/process")
			want(t, "directory", p["directory"], filepath.Join(s.dir, "sub"))
			want(t, "COLOUR", p["environ"].(map[string]any)["COLOUR"], "blue")
			want(t, "umask", p["umask"], 0o27)
			want(t, "the master's name", nameOf(s), "gsrv: shop")
			want(t, "pid file", strings.TrimSpace(text(filepath.Join(s.dir, "pid"))), s.cmd.Process.Pid)
			if p.text("pid") == p.text("loaded_by") {
				t.Error("the worker loaded the application itself")
			}
			if !meet(t, address, 2, "0.9") {
				t.Error("two requests do not run at a time")
			}
			pid := ask(t, address, "/grow").text("pid")
			s.await(1, `\(pid `+pid+`\) is replaced: its memory, \d+ MiB, is above 150 MiB`)
			wantStatus(t, address, "GET /stuck HTTP/1.1\r\nHost: server\r\nConnection: close\r\n\r\n", "504")
		},
	},
	{
		name: "probes and request ids", server: "gsrv", settings: "http.request_id_header http.health_path http.ready_path",
		conf: "app \"probe:app\" {}\nlisten \"127.0.0.1:0\" {}\nhttp {\n  request_id_header = \"X-Trace\"\n  health_path = \"/alive\"\n  ready_path = \"/ready\"\n}\n",
		observe: func(t *testing.T, s *testServer) {
			address := s.address()
			probesAnswered(t, address)
			answer := exchange(t, address, request())
			id := parseSeen(t, answer).text("HTTP_X_TRACE")
			if len(id) != 32 || !strings.Contains(answer, "X-Trace: "+id+"\r\n") {
				t.Errorf("a new id is %q, in\n%s", id, answer)
			}
			want(t, "a trusted proxy's id", environOf(t, address, "X-Trace: abc")["HTTP_X_TRACE"], "abc")
		},
		without: "app \"probe:app\" {}\nlisten \"127.0.0.1:0\" {}\nhttp {\n  request_id_header = \"X-Trace\"\n}\nproxy {\n  trusted = []\n}\n",
		otherwise: func(t *testing.T, s *testServer) {
			address := s.address()
			want(t, "the application's answer", parseSeen(t, exchange(t, address, "GET /alive HTTP/1.1\r\nHost: server\r\nConnection: close\r\n\r\n"))["PATH_INFO"], "/alive")
			if id := environOf(t, address, "X-Trace: abc").text("HTTP_X_TRACE"); id == "abc" || len(id) != 32 {
				t.Errorf("a stranger's id is %q in the environ", id)
			}
		},
	},
	{
		name: "probes and request ids by options", server: "gunicorn", settings: "",
		args: []string{"--health-path", "/alive", "--ready-path=/ready", "--request-id-header", "X-Trace"},
		observe: func(t *testing.T, s *testServer) {
			address := s.address()
			probesAnswered(t, address)
			if id := environOf(t, address).text("HTTP_X_TRACE"); len(id) != 32 {
				t.Errorf("id %q", id)
			}
		},
	},
	{
		name: "requests", server: "gsrv",
		settings: "http.keep_alive http.timeout http.limits.request_line http.limits.header_count http.limits.header_size http.limits.body proxy.trusted proxy.secure_scheme_headers proxy.header_map log.level log.error.to log.access.to",
		conf: `app "probe:app" {
}
listen "unix:s.sock" {
}
http {
  keep_alive = "0s"
  timeout    = "1s"
  limits {
    request_line = 100
    header_count = 5
    header_size  = 60
    body         = "100B"
  }
}
proxy {
  trusted               = ["*"]
  secure_scheme_headers = { X-SECURE = "yes" }
  header_map            = "refuse"
}
log {
  level = "warning"
  error {
    to = "error.log"
  }
  access {
    to = "access.log"
  }
}
`,
		observe: func(t *testing.T, s *testServer) {
			socket := filepath.Join(s.dir, "s.sock")
			until(t, func() bool { _, err := tryGet(socket, "/"); return err == nil })
			want(t, "kept open", keptOpen(t, socket), false)
			want(t, "scheme", environOf(t, socket, "X-Secure: yes")["wsgi.url_scheme"], "https")
			wantStatus(t, socket, request(underscored), "400")
			wantStatus(t, socket, request("X-A: 1", "X-B: 2", "X-C: 3", "X-D: 4"), "431")
			wantStatus(t, socket, request("X-A: "+strings.Repeat("a", 80)), "431")
			wantStatus(t, socket, "GET /"+strings.Repeat("a", 110)+" HTTP/1.1\r\nHost: server\r\nConnection: close\r\n\r\n", "414")
			wantStatus(t, socket, "POST /body HTTP/1.1\r\nHost: server\r\nConnection: close\r\nContent-Length: 200\r\n\r\n"+strings.Repeat("a", 200), "413")
			if answer := exchange(t, socket, "GET /environ HTTP/1.1\r\nHost:"); answer != "" && status(answer) != "408" {
				t.Errorf("a head that does not end: %q", answer)
			}
			until(t, func() bool { return strings.Contains(text(filepath.Join(s.dir, "access.log")), "GET /environ") })
			if log := text(filepath.Join(s.dir, "error.log")); strings.Contains(log, "[INFO]") {
				t.Errorf("lines below the level:\n%s", log)
			}
		},
	},
}

// probesAnswered asks for the paths that gsrv answers itself.
func probesAnswered(t *testing.T, address string) {
	t.Helper()
	want(t, "/alive", get(t, address, "/alive"), "ok\n")
	want(t, "/ready", get(t, address, "/ready"), "ready\n")
}
