//go:build linux

package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"gsrv/fixtures/oracle"
)

// uwsgiEffects are of uWSGI's options, in a uwsgi.ini.
var uwsgiEffects = []effect{
	{
		name: "processes", server: "uwsgi", settings: "http-socket processes threads module callable chdir env pythonpath procname pidfile die-on-term vacuum lazy-apps need-app",
		conf:  "http-socket = 127.0.0.1:0\nhttp-socket = s.sock\nmaster = true\nprocesses = 2\nthreads = 3\nchdir = sub\nmodule = probe\ncallable = app\nenv = COLOUR=blue\npythonpath = lib\nprocname = shop\npidfile = uwsgi.pid\ndie-on-term = true\nvacuum = true\nlazy-apps = true\nneed-app = true\n",
		files: map[string]string{"sub/probe.py": "from above import *\n", "sub/lib/above.py": probeApp},
		observe: func(t *testing.T, s *testServer) {
			address := s.address()
			p := ask(t, address, "/process")
			want(t, "directory", p["directory"], filepath.Join(s.dir, "sub"))
			want(t, "COLOUR", p["environ"].(map[string]any)["COLOUR"], "blue")
			want(t, "the process that loaded the application", p.text("loaded_by"), p.text("pid"))
			want(t, "the master's name", nameOf(s), "gsrv: shop")
			until(t, func() bool { return workerCount(t, filepath.Join(s.dir, "ctl.sock")) == 2 })
			if !anyMeet(t, address, 3, 6) {
				t.Error("three requests do not run in one process at a time")
			}
			want(t, "pidfile", strings.TrimSpace(text(found(t, s.dir, "uwsgi.pid"))), s.cmd.Process.Pid)
			socket := found(t, s.dir, "s.sock")
			get(t, socket, "/")
			s.signal(syscall.SIGTERM)
			want(t, "exit status", s.exit(), 0)
			if exists(socket) {
				t.Error("the socket is still there")
			}
		},
		without: "http-socket = 127.0.0.1:0\nmaster = true\nmodule = probe:app\n",
		otherwise: func(t *testing.T, s *testServer) {
			p := ask(t, s.address(), "/process")
			want(t, "directory", p["directory"], s.dir)
			if p.text("loaded_by") == p.text("pid") {
				t.Error("the worker loaded the application itself")
			}
			want(t, "workers", workerCount(t, filepath.Join(s.dir, "ctl.sock")), 1)
		},
	},
	{
		name: "behind a proxy", server: "uwsgi", settings: "http-socket",
		conf: "http-socket = 127.0.0.1:0\nmaster = true\nmodule = probe:app\nneed-app = true\n",
		observe: func(t *testing.T, s *testServer) {
			// Recorded of uWSGI 2.0.21's http-socket.
			for header, scheme := range map[string]string{"X: 1": "http", "X-Forwarded-Proto: https": "https", "X-Forwarded-SSL: on": "https", "X-Forwarded-SSL: off": "http", "X-Forwarded-Protocol: ssl": "http"} {
				e := environOf(t, s.address(), header)
				want(t, header, e["wsgi.url_scheme"], scheme)
				want(t, "REQUEST_URI", e["REQUEST_URI"], "/environ")
			}
		},
	},
	{
		name: "no application", server: "uwsgi", settings: "need-app",
		conf: "http-socket = 127.0.0.1:0\nmaster = true\nmodule = nothing_of_that_name\nneed-app = true\n",
		observe: func(t *testing.T, s *testServer) {
			want(t, "exit status", s.exit(), 1)
			s.await(1, "nothing_of_that_name")
		},
	},
	{
		name: "file", server: "uwsgi", settings: "wsgi-file home lazy http11-socket",
		conf: "http11-socket = 127.0.0.1:0\nmaster = true\nwsgi-file = sub/other.py\nhome = venv\nlazy = true\n", files: map[string]string{"sub/other.py": probeApp},
		prepare: func(t *testing.T, dir string) {
			if out, err := exec.Command(debianPython, "-m", "venv", "--without-pip", filepath.Join(dir, "venv")).CombinedOutput(); err != nil {
				oracle.Missing(t, "no virtual environment: %v\n%s", err, out)
			}
		},
		observe: func(t *testing.T, s *testServer) {
			p := ask(t, s.address(), "/process")
			want(t, "file", p["file"], filepath.Join(s.dir, "sub/other.py"))
			want(t, "prefix", p["prefix"], filepath.Join(s.dir, "venv"))
			want(t, "the process that loaded the application", p.text("loaded_by"), p.text("pid"))
		},
	},
	{
		name: "unix socket", server: "uwsgi", settings: "socket protocol chmod-socket chown-socket umask uid gid no-initgroups listen", root: true,
		conf: "socket = s.sock\nprotocol = http\nmaster = true\nmodule = probe:app\nchmod-socket = 640\nchown-socket = 33:65534\numask = 027\nuid = 33\ngid = 65534\nno-initgroups = true\nlisten = 2\n",
		args: []string{"--python", debianPython},
		observe: func(t *testing.T, s *testServer) {
			socket := s.address()
			p := ask(t, socket, "/process")
			want(t, "uid", p["uid"], 33)
			want(t, "gid", p["gid"], nobody)
			want(t, "umask", p["umask"], 0o27)
			want(t, "groups with no-initgroups", fmt.Sprint(p["groups"]), "[]")
			want(t, "mode", modeOf(t, socket), os.FileMode(0o640))
			var st syscall.Stat_t
			if err := syscall.Stat(socket, &st); err != nil {
				t.Fatal(err)
			}
			want(t, "owner", fmt.Sprint(st.Uid, ":", st.Gid), "33:65534")
			if n := waiting(t, s, 20); n > 4 {
				t.Errorf("%d connections wait to be accepted, with a backlog of 2", n)
			}
		},
		without: "http-socket = 127.0.0.1:0\nmaster = true\nmodule = probe:app\nimmediate-uid = 33\nimmediate-gid = 65534\n",
		otherwise: func(t *testing.T, s *testServer) {
			p := ask(t, s.address(), "/process")
			want(t, "groups", p["groups"], "[65534]")
			want(t, "uid", p["uid"], 33)
			want(t, "gid", p["gid"], nobody)
		},
	},
	{
		name: "immediate account", server: "uwsgi", settings: "immediate-uid immediate-gid", root: true,
		conf: "http-socket = 127.0.0.1:0\nmaster = true\nmodule = probe:app\nimmediate-uid = 33\nimmediate-gid = 65534\n",
		args: []string{"--python", debianPython},
		observe: func(t *testing.T, s *testServer) {
			p := ask(t, s.address(), "/process")
			want(t, "account", p.text("uid")+":"+p.text("gid"), "33:65534")
		},
	},
	{
		name: "abstract socket", server: "uwsgi", settings: "abstract-socket procname-master",
		conf: "http-socket = s.sock\nabstract-socket = true\nmaster = true\nmodule = probe:app\nprocname-master = shop\n",
		observe: func(t *testing.T, s *testServer) {
			s.await(1, "Listening at")
			if exists(filepath.Join(s.dir, "s.sock")) {
				t.Error("there is a file")
			}
			if names := text("/proc/net/unix"); !strings.Contains(names, "@"+filepath.Join(s.dir, "s.sock")) && !strings.Contains(names, "@s.sock") {
				t.Error("there is no abstract socket of that name")
			}
			want(t, "the master's name", nameOf(s), "gsrv: shop")
		},
	},
	{
		name: "limits", server: "uwsgi", settings: "http buffer-size limit-post http-keepalive procname-prefix",
		conf: "http = 127.0.0.1:0\nmaster = true\nmodule = probe:app\nbuffer-size = 1024\nlimit-post = 100\nhttp-keepalive = 5\nprocname-prefix = shop\n",
		observe: func(t *testing.T, s *testServer) {
			address := s.address()
			wantStatus(t, address, request("X-A: "+strings.Repeat("a", 500)), "200")
			if got := status(exchange(t, address, request("X-A: "+strings.Repeat("a", 2000)))); got != "431" && got != "400" {
				t.Errorf("a head of 2000 bytes: status %s", got)
			}
			post := "POST /body HTTP/1.1\r\nHost: server\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
			wantStatus(t, address, fmt.Sprintf(post, 90, strings.Repeat("a", 90)), "200")
			wantStatus(t, address, fmt.Sprintf(post, 200, strings.Repeat("a", 200)), "413")
			want(t, "kept open", keptOpen(t, address), true)
			if !strings.HasPrefix(nameOf(s), "gsrv: shop") {
				t.Errorf("the master's name is %s", nameOf(s))
			}
		},
		without: "http = 127.0.0.1:0\nmaster = true\nmodule = probe:app\nbuffer-size = 32768\n",
		otherwise: func(t *testing.T, s *testServer) {
			address := s.address()
			wantStatus(t, address, request("X-A: "+strings.Repeat("a", 2000)), "200")
			wantStatus(t, address, "POST /body HTTP/1.1\r\nHost: server\r\nConnection: close\r\nContent-Length: 200\r\n\r\n"+strings.Repeat("a", 200), "200")
		},
	},
	{
		name: "slow client", server: "uwsgi", settings: "http-timeout httprouter procname-prefix-spaced",
		conf: "httprouter = 127.0.0.1:0\nmaster = true\nmodule = probe:app\nhttp-timeout = 1\nprocname-prefix-spaced = shop\n",
		observe: func(t *testing.T, s *testServer) {
			answer := exchange(t, s.address(), "GET /environ HTTP/1.1\r\nHost:")
			if got := status(answer); got != "408" && answer != "" {
				t.Errorf("a head that does not end: %q", answer)
			}
			if !strings.HasPrefix(nameOf(s), "gsrv: shop") {
				t.Errorf("the master's name is %s", nameOf(s))
			}
		},
	},
	{
		name: "replaced workers", server: "uwsgi", settings: "max-requests max-requests-delta",
		conf: "http-socket = 127.0.0.1:0\nmaster = true\nmodule = probe:app\nmax-requests = 2\nmax-requests-delta = 1\n",
		observe: func(t *testing.T, s *testServer) {
			for _, n := range livesOf(t, s, 2, 0) {
				if n < 2 {
					t.Errorf("a worker served %d requests", n)
				}
			}
		},
	},
	{
		name: "large and old workers", server: "uwsgi", settings: "reload-on-rss max-worker-lifetime",
		conf: "http-socket = 127.0.0.1:0\nmaster = true\nmodule = probe:app\nreload-on-rss = 150\n",
		observe: func(t *testing.T, s *testServer) {
			pid := ask(t, s.address(), "/grow").text("pid")
			s.await(1, `\(pid `+pid+`\) is replaced: its memory, \d+ MiB, is above 150 MiB`)
			until(t, func() bool { return !exists("/proc/" + pid) })
			get(t, s.address(), "/")
		},
		without: "http-socket = 127.0.0.1:0\nmaster = true\nmodule = probe:app\nmax-worker-lifetime = 1\n",
		otherwise: func(t *testing.T, s *testServer) {
			pid := ask(t, s.address(), "/process").text("pid")
			s.await(1, `\(pid `+pid+`\) is replaced: it is older than 1s`)
			until(t, func() bool { return !exists("/proc/" + pid) })
			get(t, s.address(), "/")
		},
	},
	{
		name: "timeouts", server: "uwsgi", settings: "harakiri worker-reload-mercy safe-pidfile",
		conf: "http-socket = 127.0.0.1:0\nmaster = true\nmodule = probe:app\nharakiri = 1\nworker-reload-mercy = 1\nsafe-pidfile = uwsgi.pid\n",
		observe: func(t *testing.T, s *testServer) {
			wantStatus(t, s.address(), "GET /stuck HTTP/1.1\r\nHost: server\r\nConnection: close\r\n\r\n", "504")
			s.await(1, "stuck_in_here")
			want(t, "pid file", strings.TrimSpace(text(filepath.Join(s.dir, "uwsgi.pid"))), s.cmd.Process.Pid)
		},
		without: "http-socket = 127.0.0.1:0\nmaster = true\nmodule = probe:app\nworker-reload-mercy = 1\n",
		otherwise: func(t *testing.T, s *testServer) {
			c := dial(t, s.address())
			fmt.Fprint(c, "GET /stuck HTTP/1.1\r\nHost: server\r\n\r\n")
			until(t, func() bool { found, _ := filepath.Glob(filepath.Join(s.dir, "stuck-*")); return len(found) > 0 })
			s.signal(syscall.SIGTERM)
			s.exit()
		},
	},
	{
		name: "greenlets", server: "uwsgi", settings: "gevent",
		conf: "http-socket = 127.0.0.1:0\nmaster = true\nmodule = probe:app\ngevent = 3\n", args: []string{"--python", debianPython},
		observe: func(t *testing.T, s *testServer) {
			oracle.Modules(t, debianPython, "gevent")
			address := s.address()
			if !meet(t, address, 3, "20") || meet(t, address, 4, "0.3") {
				t.Error("not three requests run at a time")
			}
		},
	},
	{
		name: "logs", server: "uwsgi", settings: "logto req-logger pidfile2",
		conf: "http-socket = s.sock\nmaster = true\nmodule = probe:app\nlogto = error.log\nreq-logger = file:access.log\npidfile2 = uwsgi.pid\n",
		observe: func(t *testing.T, s *testServer) {
			until(t, func() bool { return strings.Contains(text(filepath.Join(s.dir, "error.log")), "Listening at") })
			get(t, filepath.Join(s.dir, "s.sock"), "/logged")
			until(t, func() bool { return strings.Contains(text(filepath.Join(s.dir, "access.log")), "GET /logged") })
			want(t, "pid file", strings.TrimSpace(text(filepath.Join(s.dir, "uwsgi.pid"))), s.cmd.Process.Pid)
		},
		without: "http-socket = s.sock\nmaster = true\nmodule = probe:app\nlogger = file:error.log\ndisable-logging = true\nsafe-pidfile2 = uwsgi.pid\n",
		otherwise: func(t *testing.T, s *testServer) {
			until(t, func() bool { return strings.Contains(text(filepath.Join(s.dir, "error.log")), "Listening at") })
			get(t, filepath.Join(s.dir, "s.sock"), "/logged")
			want(t, "pid file", strings.TrimSpace(text(filepath.Join(s.dir, "uwsgi.pid"))), s.cmd.Process.Pid)
			s.signal(syscall.SIGTERM)
			s.exit()
			if strings.Contains(text(filepath.Join(s.dir, "error.log"))+s.output(), "/logged") {
				t.Error("the request is logged")
			}
		},
	},
	{
		name: "one log", server: "uwsgi", settings: "logger disable-logging logto2 safe-pidfile2",
		conf: "http-socket = s.sock\nmaster = true\nmodule = probe:app\nlogger = file:error.log\ndisable-logging = true\nsafe-pidfile2 = uwsgi.pid\n",
		observe: func(t *testing.T, s *testServer) {
			until(t, func() bool { return strings.Contains(text(filepath.Join(s.dir, "error.log")), "Listening at") })
			get(t, filepath.Join(s.dir, "s.sock"), "/logged")
			want(t, "pid file", strings.TrimSpace(text(filepath.Join(s.dir, "uwsgi.pid"))), s.cmd.Process.Pid)
			s.signal(syscall.SIGTERM)
			s.exit()
			if strings.Contains(text(filepath.Join(s.dir, "error.log"))+s.output(), "/logged") {
				t.Error("the request is logged")
			}
		},
		without: "http-socket = s.sock\nmaster = true\nmodule = probe:app\nlogto2 = error.log\n",
		otherwise: func(t *testing.T, s *testServer) {
			until(t, func() bool { return strings.Contains(text(filepath.Join(s.dir, "error.log")), "Listening at") })
			get(t, filepath.Join(s.dir, "s.sock"), "/logged")
			until(t, func() bool { return strings.Contains(text(filepath.Join(s.dir, "error.log"))+s.output(), "/logged") })
		},
	},
	{
		name: "daemonize", server: "uwsgi", settings: "daemonize daemonize2",
		conf: "http-socket = s.sock\nmaster = true\nmodule = probe:app\ndaemonize = error.log\npidfile = pid\n", observe: uwsgiDaemon,
		without: "http-socket = s.sock\nmaster = true\nmodule = probe:app\ndaemonize2 = error.log\npidfile = pid\n", otherwise: uwsgiDaemon,
	},
	{
		name: "touch-reload", server: "uwsgi", settings: "touch-reload",
		conf: "http-socket = 127.0.0.1:0\nmaster = true\nmodule = probe:app\ntouch-reload = now\n", files: map[string]string{"now": ""},
		observe: func(t *testing.T, s *testServer) { reloadsBy(t, s, "now") },
	},
	{
		name: "py-auto-reload", server: "uwsgi", settings: "py-auto-reload",
		conf:    "http-socket = 127.0.0.1:0\nmaster = true\nmodule = probe:app\npy-auto-reload = 1\n",
		observe: func(t *testing.T, s *testServer) { reloadsBy(t, s, "probe.py") },
	},
	{
		name: "Paste", server: "uwsgi", settings: "ini-paste paste",
		conf: "http-socket = 127.0.0.1:0\nmaster = true\nini-paste = production.ini\n", args: []string{"--python", debianPython},
		files: map[string]string{"production.ini": "[app:main]\nuse = call:probe:make\nshape = round\n[uwsgi]\nmaster = true\n"}, observe: uwsgiPaste,
		without: "http-socket = 127.0.0.1:0\nmaster = true\npaste = config:production.ini\n", otherwise: uwsgiPaste,
	},
	{
		name: "mount", server: "uwsgi", settings: "mount http-enable-proxy-protocol reuse-port",
		conf: "http = 127.0.0.1:0\nmaster = true\nmount = /=sub/other.py\nhttp-enable-proxy-protocol = true\nreuse-port = true\n", files: map[string]string{"sub/other.py": probeApp},
		observe: func(t *testing.T, s *testServer) {
			address := s.address()
			answer := exchange(t, address, "PROXY TCP4 192.0.2.7 192.0.2.8 4000 80\r\nGET /process HTTP/1.1\r\nHost: server\r\nConnection: close\r\n\r\n")
			want(t, "file", parseSeen(t, answer)["file"], filepath.Join(s.dir, "sub/other.py"))
			answer = exchange(t, address, "PROXY TCP4 192.0.2.7 192.0.2.8 4000 80\r\n"+request())
			want(t, "REMOTE_ADDR", parseSeen(t, answer)["REMOTE_ADDR"], "192.0.2.7")
			// A second server may listen there as well.
			second := startServer(t, s.dir, "--no-check", "--listen", address, "uwsgi.ini")
			want(t, "the second server's address", second.address(), address)
		},
		without: "http-socket = 127.0.0.1:0\nmaster = true\nmodule = probe:app\n",
		otherwise: func(t *testing.T, s *testServer) {
			address := s.address()
			if got := status(exchange(t, address, "PROXY TCP4 192.0.2.7 192.0.2.8 4000 80\r\n"+request())); got == "200" {
				t.Errorf("the PROXY protocol where it is not asked for: status %s", got)
			}
			second := startServer(t, s.dir, "--no-check", "--listen", address, "uwsgi.ini")
			want(t, "exit status of a second server there", second.exit(), 1)
		},
	},
	{
		name: "PROXY protocol", server: "uwsgi", settings: "enable-proxy-protocol",
		conf: "http-socket = 127.0.0.1:0\nmaster = true\nmodule = probe:app\nenable-proxy-protocol = true\n",
		observe: func(t *testing.T, s *testServer) {
			answer := exchange(t, s.address(), "PROXY TCP4 192.0.2.7 192.0.2.8 4000 80\r\n"+request())
			want(t, "REMOTE_ADDR", parseSeen(t, answer)["REMOTE_ADDR"], "192.0.2.7")
		},
	},
	{
		name: "disable-sendfile", server: "uwsgi", settings: "disable-sendfile",
		conf: "http-socket = 127.0.0.1:0\nmaster = true\nmodule = probe:app\ndisable-sendfile = true\n", files: map[string]string{"large": strings.Repeat("a", largeSize)},
		observe:   func(t *testing.T, s *testServer) { want(t, "the kernel sends", kernelSends(t, s), false) },
		without:   "http-socket = 127.0.0.1:0\nmaster = true\nmodule = probe:app\n",
		otherwise: func(t *testing.T, s *testServer) { want(t, "the kernel sends", kernelSends(t, s), true) },
	},
	{
		name: "HTTP beside HTTPS", server: "uwsgi", settings: "http https",
		conf: "http = 127.0.0.1:0\nhttps = 127.0.0.2:0,cert.pem,key.pem\nmaster = true\nmodule = probe:app\n", prepare: certificates,
		observe: func(t *testing.T, s *testServer) {
			at := s.await(1, `Listening at: http://(\S+), https://(\S+) `)
			want(t, "scheme", environOf(t, at[1])["wsgi.url_scheme"], "http")
			want(t, "scheme", schemeByTLS(t, at[2]), "https")
			s.signal(syscall.SIGHUP)
			s.await(1, "Reloaded")
			at = s.await(1, `Listening at: http://(\S+), https://(\S+) `)
			want(t, "scheme after a reload", environOf(t, at[1])["wsgi.url_scheme"], "http")
			want(t, "scheme after a reload", schemeByTLS(t, at[2]), "https")
		},
	},
	{
		name: "HTTPS", server: "uwsgi", settings: "https https-socket",
		conf: "https = 127.0.0.1:0,cert.pem,key.pem\nmaster = true\nmodule = probe:app\n", prepare: certificates, observe: uwsgiTLS,
		without: "https-socket = 127.0.0.1:0,cert.pem,key.pem\nmaster = true\nmodule = probe:app\n", otherwise: uwsgiTLS,
	},
}

// found gives the path of a file in dir or its directory sub: uWSGI opens some before it enters chdir, and some after.
func found(t *testing.T, dir, name string) string {
	t.Helper()
	for _, path := range []string{filepath.Join(dir, name), filepath.Join(dir, "sub", name)} {
		if exists(path) {
			return path
		}
	}
	t.Fatalf("there is no %s", name)
	return ""
}

func uwsgiDaemon(t *testing.T, s *testServer) {
	pid := inBackground(t, s)
	get(t, filepath.Join(s.dir, "s.sock"), "/")
	if !strings.Contains(text(filepath.Join(s.dir, "error.log")), "Listening at") {
		t.Error("the log is empty")
	}
	if pid == s.cmd.Process.Pid {
		t.Error("the server is the command's own process")
	}
}

func uwsgiPaste(t *testing.T, s *testServer) {
	oracle.Modules(t, debianPython, "paste.deploy")
	p := ask(t, s.address(), "/paste")
	want(t, "shape", p["local"].(map[string]any)["shape"], "round")
}

func uwsgiTLS(t *testing.T, s *testServer) {
	want(t, "scheme", schemeByTLS(t, s.address()), "https")
}

// schemeByTLS requests the probe's environ by TLS and gives its scheme.
func schemeByTLS(t *testing.T, address string) any {
	t.Helper()
	conn, err := handshake(address, &tls.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	want(t, "certificate", conn.ConnectionState().PeerCertificates[0].Subject.CommonName, "server")
	fmt.Fprint(conn, request())
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	return parseSeen(t, string(answer))["wsgi.url_scheme"]
}

// reloadsBy writes to a file and waits until another process serves.
func reloadsBy(t *testing.T, s *testServer, name string) {
	t.Helper()
	address := s.address()
	before, _ := strconv.Atoi(ask(t, address, "/process").text("pid"))
	file := filepath.Join(s.dir, name)
	writeFile(t, file, text(file)+"# more\n")
	s.await(1, "Reloaded")
	until(t, func() bool { return ask(t, address, "/process").text("pid") != strconv.Itoa(before) })
}
