package main

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"gsrv/fixtures/oracle"
)

// debianPython is the interpreter that Debian's packages of Python libraries are for.
const debianPython = "/usr/bin/python3"

// TestRunWays serves the same application with every kind of configuration.
func TestRunWays(t *testing.T) {
	t.Parallel()
	paste := "[app:main]\nuse = call:hello:make\n[server:main]\nuse = egg:waitress#main\nlisten = 127.0.0.1:0\nthreads = 2\n"
	for _, c := range []struct {
		name, file, text string
		args             []string
	}{
		{"gsrv.hcl", "gsrv.hcl", "app \"hello:app\" {}\nlisten \"127.0.0.1:0\" {}\nworkers {\n  count = 2\n}\n", nil},
		{"a file by name", "other.hcl", "app \"hello:app\" {}\nlisten \"127.0.0.1:0\" {}\n", []string{"other.hcl"}},
		{"gunicorn's file", "gunicorn.conf.py", "wsgi_app = 'hello:app'\nbind = ['127.0.0.1:0']\n", []string{"gunicorn.conf.py"}},
		{"gunicorn's options", "settings.py", "workers = 2\nthreads = 3\n", []string{"-c", "settings.py", "hello:app", "-b", "127.0.0.1:0"}},
		{"uWSGI", "uwsgi.ini", "[uwsgi]\nmaster = true\nhttp-socket = 127.0.0.1:0\nmodule = hello:app\nprocesses = 2\nvacuum = true\ndie-on-term = true\n", []string{"uwsgi.ini"}},
		{"uWSGI with a file and threads", "uwsgi.ini", "[uwsgi]\nhttp = 127.0.0.1:0\nmaster = true\nwsgi-file = hello.py\ncallable = app\nthreads = 2\nneed-app = true\n", []string{"uwsgi.ini"}},
		{"uWSGI behind uwsgi_pass", "uwsgi.ini", "[uwsgi]\nsocket = /tmp/never.sock\nmaster = true\nmodule = hello:app\nneed-app = true\n", []string{"--listen", "127.0.0.1:0", "uwsgi.ini"}},
		{"Paste", "production.ini", paste, []string{"--python", debianPython, "--paste", "production.ini"}},
		{"waitress-serve with a factory", "", "", []string{"--", "waitress-serve", "--listen=127.0.0.1:0", "--call", "hello:create"}},
		{"a command line", "gunicorn.conf.py", "workers = 2\n", []string{"--", "gunicorn", "-b", "127.0.0.1:0", "hello:app"}},
		{"a command line with variables", "gunicorn.conf.py", "import os\nbind = os.environ['ADDRESS']\n", []string{"--", "env", "ADDRESS=127.0.0.1:0", "gunicorn", "hello:app"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.name == "Paste" {
				oracle.Modules(t, debianPython, "paste.deploy")
			}
			dir := serverFiles(t, map[string]string{"hello.py": versionApp("one") + "def make(global_config, **local):\n    return app\ndef create():\n    return app\n"})
			if c.file != "" {
				writeFile(t, filepath.Join(dir, c.file), c.text)
			}
			s := startServer(t, dir, c.args...)
			if got := get(t, s.address(), "/"); !strings.HasPrefix(got, "one ") {
				t.Errorf("answer %q", got)
			}
			s.signal(syscall.SIGTERM)
			if code := s.exit(); code != 0 {
				t.Errorf("exit status %d", code)
			}
		})
	}
}

// TestRunHooks: hooks of a file, and single ones of modules, are called; one that is not there is told by its name.
func TestRunHooks(t *testing.T) {
	t.Parallel()
	conf := "app \"hello:app\" {}\nlisten \"127.0.0.1:0\" {}\nhooks \"hooks.py\" {\n  post_fork = \"shop.startup:connect\"\n}\n"
	dir := serverFiles(t, map[string]string{
		"hello.py": versionApp("one"), "gsrv.hcl": conf, "shop/__init__.py": "",
		"shop/startup.py": "def connect(server, worker):\n    server.log.info('connected %s', worker.pid)\n",
		"hooks.py":        "def when_ready(server):\n    server.log.info('ready with %s', server.cfg.workers)\ndef post_fork(server, worker):\n    server.log.info('not this one')\ndef on_exit(server):\n    server.log.info('goodbye')\n",
	})
	s := startServer(t, dir)
	s.address()
	s.await(1, "ready with 1$")
	s.await(1, `connected \d+$`)
	s.signal(syscall.SIGTERM)
	s.exit()
	s.await(1, "goodbye$")
	if strings.Contains(s.output(), "not this one") {
		t.Error("the file's post_fork was called beside the one that is named")
	}
	writeFile(t, filepath.Join(dir, "shop/startup.py"), "")
	bad := startServer(t, dir, "--no-check")
	if code := bad.exit(); code != 1 {
		t.Errorf("exit status %d", code)
	}
	bad.await(1, "post_fork = shop.startup:connect: there is no such function")
}

// TestRunUnixSocket: modes, leftovers, several addresses at once, and what is in the way.
func TestRunUnixSocket(t *testing.T) {
	t.Parallel()
	dir := serverFiles(t, map[string]string{"hello.py": versionApp("one")})
	path := filepath.Join(dir, "s.sock")
	leaveSocket(t, path)
	s := startServer(t, dir, "-b", "unix:s.sock", "-b", "127.0.0.1:0", "-b", "[::1]:0", "-m", "007", "hello:app")
	all := s.await(1, `Listening at: unix:(\S+), http://(127\S+), http://(\[::1\]\S+) `)[1:]
	for _, address := range all {
		if got := get(t, address, "/"); !strings.HasPrefix(got, "one ") {
			t.Errorf("%s: answer %q", address, got)
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o770 {
		t.Errorf("the socket's mode is %o, want 770", info.Mode().Perm())
	}
	other := startServer(t, dir, "-b", "unix:s.sock", "hello:app")
	if code := other.exit(); code != 1 {
		t.Errorf("a second server on the socket ended with %d", code)
	}
	other.await(1, "another server listens there")
	get(t, path, "/")
	s.signal(syscall.SIGTERM)
	s.exit()
	if exists(path) {
		t.Error("the socket is still there")
	}
	writeFile(t, path, "precious")
	third := startServer(t, dir, "-b", "unix:s.sock", "hello:app")
	if code := third.exit(); code != 1 || text(path) != "precious" {
		t.Errorf("a file in the way: exit status %d, and it holds %q", code, text(path))
	}
	third.await(1, "no socket")
}

// leaveSocket leaves a unix socket behind that nobody listens on.
func leaveSocket(t *testing.T, path string) {
	t.Helper()
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	l.Close()
}

// TestRunSystemd starts a server as systemd does a socket-activated service, and listens to what it says.
func TestRunSystemd(t *testing.T) {
	t.Parallel()
	dir := serverFiles(t, map[string]string{"hello.py": versionApp("one")})
	notify := filepath.Join(dir, "notify")
	heard, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: notify, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer heard.Close()
	message := func(want ...string) string {
		t.Helper()
		heard.SetReadDeadline(time.Now().Add(patience))
		buf := make([]byte, 4096)
		for {
			n, err := heard.Read(buf)
			if err != nil {
				t.Fatalf("waiting for %s: %v", want, err)
			}
			text := string(buf[:n])
			if slices.ContainsFunc(want, func(w string) bool { return strings.Contains(text, w) }) {
				return text
			}
		}
	}
	path := filepath.Join(dir, "activated.sock")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	file, err := l.File()
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	s := startServerWith(t, dir, func(cmd *exec.Cmd) {
		// LISTEN_PID and WATCHDOG_PID must be the server's, so a shell says it and becomes the server.
		cmd.Args = append([]string{"sh", "-c", `LISTEN_PID=$$ WATCHDOG_PID=$$ exec "$0" "$@"`}, cmd.Args...)
		cmd.Path, _ = exec.LookPath("sh")
		cmd.ExtraFiles = []*os.File{file}
		cmd.Env = append(cmd.Env, "LISTEN_FDS=1", "NOTIFY_SOCKET="+notify, "WATCHDOG_USEC=200000")
	}, "-b", "127.0.0.1:1", "hello:app")
	file.Close()
	if got := s.address(); got != path {
		t.Errorf("it listens at %s, want %s", got, path)
	}
	get(t, path, "/")
	if m := message("READY=1"); !strings.Contains(m, "MAINPID="+strconv.Itoa(s.cmd.Process.Pid)) {
		t.Errorf("READY without the process: %q", m)
	}
	message("WATCHDOG=1")
	s.signal(syscall.SIGHUP)
	if m := message("RELOADING=1"); !strings.Contains(m, "MONOTONIC_USEC=") {
		t.Errorf("RELOADING without the time: %q", m)
	}
	message("READY=1")
	get(t, path, "/")
	// A new server takes the socket over, and systemd is told whom to watch from now on.
	s.signal(syscall.SIGUSR2)
	heir := s.await(1, `The new server with pid (\d+) serves`)[1]
	s.signal(syscall.SIGTERM)
	// The service does not stop: systemd would kill all of it after a while.
	if m := message("PID=", "STOPPING=1", "READY=1"); m != "MAINPID="+heir {
		t.Errorf("told when a new server is there: %q", m)
	}
	s.exit()
	s.await(1, "promoted")
	if m := message("READY=1"); !strings.Contains(m, "MAINPID="+heir) {
		t.Errorf("told by the new server: %q", m)
	}
	message("WATCHDOG=1")
	get(t, path, "/")
	pid, _ := strconv.Atoi(heir)
	syscall.Kill(pid, syscall.SIGTERM)
	message("STOPPING=1")
	s.await(2, "Shutting down")
	if !exists(path) {
		t.Error("a socket of systemd's was removed")
	}
}

// TestRunDaemon: the command ends when the server serves, or tells why it does not.
func TestRunDaemon(t *testing.T) {
	t.Parallel()
	dir := serverFiles(t, map[string]string{
		"hello.py": versionApp("one"), "broken.py": "def make(n):\n    return 1 / n\napp = make(0)\n",
		"gunicorn.conf.py": "bind = 'unix:s.sock'\ndaemon = True\npidfile = 'pid'\nerrorlog = 'error.log'\n",
	})
	s := startServer(t, dir, "hello:app")
	if code := s.exit(); code != 0 {
		t.Fatalf("exit status %d", code)
	}
	get(t, filepath.Join(dir, "s.sock"), "/")
	pid, err := strconv.Atoi(strings.TrimSpace(text(filepath.Join(dir, "pid"))))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Kill(-pid, syscall.SIGKILL) })
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { return !exists(filepath.Join(dir, "pid")) })
	bad := startServer(t, dir, "broken:app")
	if code := bad.exit(); code != 1 {
		t.Errorf("an application that does not load: exit status %d", code)
	}
	bad.await(1, "ZeroDivisionError")
}

// TestRunUpgradeBack: a new server that does not come up, and one that is ended again, leave the old one serving; WINCH
// and HUP are the other way back.
func TestRunUpgradeBack(t *testing.T) {
	t.Parallel()
	dir := serverFiles(t, map[string]string{"hello.py": versionApp("one"), "gunicorn.conf.py": "bind = '127.0.0.1:0'\npidfile = 'pid'\ngraceful_timeout = 5\n"})
	s := startServer(t, dir, "hello:app")
	address := s.address()
	writeFile(t, filepath.Join(dir, "hello.py"), "import nothing_of_that_name\napp = nothing_of_that_name.app\n")
	s.signal(syscall.SIGUSR2)
	s.await(1, "did not come up")
	if got := get(t, address, "/"); !strings.HasPrefix(got, "one ") {
		t.Errorf("answer %q", got)
	}
	writeFile(t, filepath.Join(dir, "hello.py"), versionApp("two"))
	s.signal(syscall.SIGUSR2)
	heir, _ := strconv.Atoi(s.await(1, `The new server with pid (\d+) serves`)[1])
	if got := strings.TrimSpace(text(filepath.Join(dir, "pid.2"))); got != strconv.Itoa(heir) {
		t.Errorf("pid.2 holds %q, want %d", got, heir)
	}
	s.signal(syscall.SIGWINCH)
	until(t, func() bool {
		for range 5 {
			if !strings.HasPrefix(get(t, address, "/"), "two ") {
				return false
			}
		}
		return true
	})
	writeFile(t, filepath.Join(dir, "hello.py"), versionApp("three"))
	s.signal(syscall.SIGHUP)
	s.await(1, "Reloaded")
	if err := syscall.Kill(heir, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.await(1, `The new server with pid \d+ has ended`)
	if got := get(t, address, "/"); !strings.HasPrefix(got, "three ") {
		t.Errorf("answer %q", got)
	}
	if exists(filepath.Join(dir, "pid.2")) {
		t.Error("pid.2 is still there")
	}
}

// TestRunReload: a change of the code is served without a signal.
func TestRunReload(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{"auto", "poll"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			dir := serverFiles(t, map[string]string{"hello.py": versionApp("one"), "pkg/part.py": "x = 1\n"})
			s := startServer(t, dir, "-b", "127.0.0.1:0", "--reload", "--reload-engine", engine, "hello:app")
			address := s.address()
			get(t, address, "/")
			writeFile(t, filepath.Join(dir, "hello.py"), versionApp("two and more"))
			until(t, func() bool { return strings.HasPrefix(get(t, address, "/"), "two ") })
			s.await(1, "hello.py has changed")
		})
	}
}

// TestRunReloadMends: in development a server waits for the change that makes the application load.
func TestRunReloadMends(t *testing.T) {
	t.Parallel()
	dir := serverFiles(t, map[string]string{"hello.py": "import nothing_of_that_name\napp = nothing_of_that_name.app\n"})
	s := startServer(t, dir, "-b", "127.0.0.1:0", "--reload", "hello:app")
	s.await(1, "Waiting for a change")
	writeFile(t, filepath.Join(dir, "hello.py"), versionApp("mended"))
	address := s.await(1, `workers? serves? at http://(\S+)`)[1]
	if got := get(t, address, "/"); !strings.HasPrefix(got, "mended ") {
		t.Errorf("answer %q", got)
	}
	s.signal(syscall.SIGTERM)
	s.exit()
	waits := startServer(t, serverFiles(t, map[string]string{"hello.py": "app = None.app\n"}), "-b", "127.0.0.1:0", "--reload", "--no-check", "hello:app")
	waits.await(1, "Waiting for a change")
	waits.signal(syscall.SIGTERM)
	if code := waits.exit(); code != 0 {
		t.Errorf("exit status %d while it waits", code)
	}
}

// TestRunControl looks at a server and steers it as gsrv ctl and a monitoring system do.
func TestRunControl(t *testing.T) {
	t.Parallel()
	dir := serverFiles(t, map[string]string{"hello.py": versionApp("one")})
	statsd, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer statsd.Close()
	s := startServer(t, dir, "--control", "ctl.sock", "--admin", "127.0.0.1:0", "-b", "127.0.0.1:0", "-w", "2", "--statsd-host", statsd.LocalAddr().String(), "--statsd-prefix", "shop", "hello:app")
	address := s.address()
	admin := s.await(1, `http://(\S+)/-/health`)[1]
	get(t, address, "/")
	socket := filepath.Join(dir, "ctl.sock")
	if info, err := os.Stat(socket); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the control socket: %v, %v", info.Mode(), err)
	}
	ctl := func(code int, args ...string) string {
		t.Helper()
		cmd := exec.Command("gsrv", append([]string{"ctl", "--control", socket}, args...)...)
		out, _ := cmd.CombinedOutput()
		if got := cmd.ProcessState.ExitCode(); got != code {
			t.Errorf("gsrv ctl %v: exit status %d, want %d\n%s", args, got, code, out)
		}
		return string(out)
	}
	if out := ctl(0, "status"); !strings.Contains(out, "2 workers, ") || !strings.Contains(out, address) || !strings.Contains(out, "hello:app") {
		t.Errorf("status:\n%s", out)
	}
	ctl(0, "scale", "3")
	until(t, func() bool { return workerCount(t, socket) == 3 })
	if out := ctl(0, "status"); !strings.Contains(out, "(the configuration says 2)") {
		t.Errorf("status after scale:\n%s", out)
	}
	ctl(0, "scale", "0")
	ctl(0, "reload")
	if out := ctl(0, "config"); !strings.Contains(out, "workers.count = 2  (<command line>:1:") {
		t.Errorf("config:\n%s", out)
	}
	writeFile(t, filepath.Join(dir, "hello.py"), "import nothing_of_that_name\napp = nothing_of_that_name.app\n")
	if out := ctl(1, "reload"); !strings.Contains(out, "nothing_of_that_name") {
		t.Errorf("a reload that fails:\n%s", out)
	}
	ctl(2, "scale", "many")
	ctl(2, "dance")

	for path, want := range map[string]string{
		"/-/health": `"status":"ok"`, "/-/ready": `"last_failure"`,
		"/metrics": "gsrv_up 1\n",
	} {
		if got := get(t, admin, path); !strings.Contains(got, want) {
			t.Errorf("%s has no %s:\n%s", path, want, got)
		}
	}
	metrics := get(t, admin, "/metrics")
	for _, want := range []string{`gsrv_workers{state="idle"}`, "gsrv_reload_failed 1", "gsrv_reloads_total 1", `gsrv_responses_total{status="200"} 1`, "gsrv_request_duration_seconds_count 1", "gsrv_request_queue_seconds_count 1", "gsrv_worker_requests_total{"} {
		if !strings.Contains(metrics, want) {
			t.Errorf("/metrics has no %s:\n%s", want, metrics)
		}
	}
	var seen strings.Builder
	buf := make([]byte, 2048)
	for !strings.Contains(seen.String(), "shop.gunicorn.request.status.200:1|c") || !strings.Contains(seen.String(), "shop.gunicorn.workers:2|g") {
		statsd.SetReadDeadline(time.Now().Add(patience))
		n, _, err := statsd.ReadFrom(buf)
		if err != nil {
			t.Fatalf("statsd heard only:\n%s", seen.String())
		}
		seen.Write(buf[:n])
		seen.WriteByte('\n')
	}
	ctl(0, "stop")
	if code := s.exit(); code != 0 {
		t.Errorf("exit status %d", code)
	}
	if out := ctl(3, "status"); !strings.Contains(out, "there is no control socket") {
		t.Errorf("status of a server that has ended:\n%s", out)
	}
}

// TestRunReadyLast: the admin listener says that nothing is ready while the application loads.
func TestRunReadyLast(t *testing.T) {
	t.Parallel()
	dir := serverFiles(t, map[string]string{"slow.py": "import os, time\nwhile not os.path.exists('go'):\n    time.sleep(0.01)\n" + versionApp("one")})
	s := startServer(t, dir, "--admin", "127.0.0.1:0", "-b", "127.0.0.1:0", "slow:app")
	admin := s.await(1, `http://(\S+)/-/health`)[1]
	c := client(admin)
	defer c.CloseIdleConnections()
	r, err := c.Get("http://server/-/ready")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(r.Body)
	r.Body.Close()
	var status struct{ State string }
	if err := json.Unmarshal(body, &status); err != nil || r.StatusCode != http.StatusServiceUnavailable || status.State != "starting" {
		t.Errorf("while the application loads: %s %s", r.Status, body)
	}
	writeFile(t, filepath.Join(dir, "go"), "")
	s.address()
	get(t, admin, "/-/ready")
}
