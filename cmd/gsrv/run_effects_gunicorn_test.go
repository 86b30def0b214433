//go:build linux

package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"gsrv/fixtures/oracle"
)

// nobody is the account without rights.
const nobody = 65534

// gunicornEffects are of processes: how many there are, as whom and where they run, and when they are replaced.
var gunicornEffects = []effect{
	{
		name: "workers with threads", server: "gunicorn",
		settings: "workers worker_class threads chdir raw_env pythonpath proc_name default_proc_name",
		conf:     "workers = 2\nworker_class = 'gthread'\nthreads = 3\nchdir = 'sub'\nraw_env = ['COLOUR=blue']\npythonpath = 'lib'\nproc_name = 'shop'\n",
		files:    map[string]string{"sub/probe.py": "from above import *\n", "sub/lib/above.py": probeApp, "sub/lib/x": ""},
		observe: func(t *testing.T, s *testServer) {
			address := s.address()
			until(t, func() bool { return workerCount(t, filepath.Join(s.dir, "ctl.sock")) == 2 })
			p := ask(t, address, "/process")
			want(t, "directory", p["directory"], filepath.Join(s.dir, "sub"))
			want(t, "COLOUR", p["environ"].(map[string]any)["COLOUR"], "blue")
			if !strings.Contains(fmt.Sprint(p["path"]), filepath.Join(s.dir, "sub", "lib")) {
				t.Errorf("sys.path is %v", p["path"])
			}
			want(t, "the master's name", nameOf(s), "gsrv: shop")
			// With six requests under way in two processes of three threads, three are in one of them.
			if !anyMeet(t, address, 3, 6) {
				t.Error("three requests do not run in one process at a time")
			}
		},
		without: "default_proc_name = 'store'\n",
		otherwise: func(t *testing.T, s *testServer) {
			address := s.address()
			want(t, "workers", workerCount(t, filepath.Join(s.dir, "ctl.sock")), 1)
			p := ask(t, address, "/process")
			want(t, "directory", p["directory"], s.dir)
			want(t, "the master's name", nameOf(s), "gsrv: store")
			if meet(t, address, 2, "0.2") {
				t.Error("a sync worker runs two requests at a time")
			}
		},
	},
	{
		name: "greenlets", server: "gunicorn", settings: "worker_class worker_connections",
		conf: "worker_class = 'gevent'\nworker_connections = 3\n", args: []string{"--python", debianPython},
		observe: func(t *testing.T, s *testServer) {
			oracle.Modules(t, debianPython, "gevent")
			address := s.address()
			if !meet(t, address, 3, "20") {
				t.Error("three requests do not run at a time")
			}
			if meet(t, address, 4, "0.3") {
				t.Error("four requests run at a time")
			}
		},
	},
	{
		name: "account", server: "gunicorn", settings: "user group umask initgroups",
		conf: "bind = ['127.0.0.1:0', 'unix:a.sock']\nuser = 'www-data'\ngroup = 65534\ninitgroups = True\numask = 0o27\n",
		args: []string{"--python", debianPython}, root: true,
		files: map[string]string{"out/x": ""},
		prepare: func(t *testing.T, dir string) {
			if err := os.Chmod(filepath.Join(dir, "out"), 0o777); err != nil {
				t.Fatal(err)
			}
		},
		observe: func(t *testing.T, s *testServer) {
			address := s.address()
			p := ask(t, address, "/process")
			want(t, "uid", p["uid"], 33)
			want(t, "gid", p["gid"], nobody)
			want(t, "groups", p["groups"], "[65534]")
			want(t, "the application's umask", p["umask"], inheritedUmask(t))
			file := filepath.Join(s.dir, "out", "made")
			ask(t, address, "/make?"+file)
			want(t, "the mode of a file", modeOf(t, file), os.FileMode(0o666&^inheritedUmask(t)))
			want(t, "the mode of the socket", modeOf(t, filepath.Join(s.dir, "a.sock")), os.FileMode(0o750))
		},
		without: "user = 'www-data'\n",
		otherwise: func(t *testing.T, s *testServer) {
			p := ask(t, s.address(), "/process")
			want(t, "uid", p["uid"], 33)
			want(t, "gid", p["gid"], 0)
			if got := fmt.Sprint(p["groups"]); got == "[65534]" {
				t.Errorf("groups %s without initgroups", got)
			}
			want(t, "the application's umask", p["umask"], inheritedUmask(t))
		},
	},
	{
		name: "timeout", server: "gunicorn", settings: "timeout graceful_timeout",
		conf: "timeout = 1\ngraceful_timeout = 1\nthreads = 2\n",
		observe: func(t *testing.T, s *testServer) {
			address := s.address()
			before := ask(t, address, "/process").text("pid")
			wantStatus(t, address, "GET /stuck HTTP/1.1\r\nHost: server\r\nConnection: close\r\n\r\n", "504")
			s.await(1, "stuck_in_here")
			until(t, func() bool {
				p, err := tryGet(address, "/process")
				return err == nil && !strings.Contains(p, `"pid": `+before)
			})
		},
		without: "timeout = 0\ngraceful_timeout = 1\n",
		otherwise: func(t *testing.T, s *testServer) {
			// A request that takes a minute is not waited for: the patience of exit is shorter.
			c := dial(t, s.address())
			fmt.Fprint(c, "GET /stuck HTTP/1.1\r\nHost: server\r\n\r\n")
			until(t, func() bool { found, _ := filepath.Glob(filepath.Join(s.dir, "stuck-*")); return len(found) > 0 })
			begun := time.Now()
			s.signal(syscall.SIGTERM)
			s.exit()
			if took := time.Since(begun); took < 900*time.Millisecond {
				t.Errorf("the request was given %s, want a second", took)
			}
		},
	},
	{
		name: "max_requests", server: "gunicorn", settings: "max_requests",
		conf: "max_requests = 3\n",
		observe: func(t *testing.T, s *testServer) {
			for _, n := range livesOf(t, s, 2, 3) {
				want(t, "requests of a worker", n, 3)
			}
		},
	},
	{
		name: "max_requests_jitter", server: "gunicorn", settings: "max_requests max_requests_jitter",
		conf: "max_requests = 2\nmax_requests_jitter = 40\n",
		observe: func(t *testing.T, s *testServer) {
			lives := map[int]bool{}
			for _, n := range livesOf(t, s, 5, 0) {
				if n < 2 || n > 50 {
					t.Errorf("a worker served %d requests, want from 2 to 42 and what came meanwhile", n)
				}
				lives[n] = true
			}
			if len(lives) == 1 {
				t.Errorf("every worker served as many requests: %v", lives)
			}
		},
	},
	{
		name: "preload_app", server: "gunicorn", settings: "preload_app",
		conf: "preload_app = True\n",
		observe: func(t *testing.T, s *testServer) {
			if p := ask(t, s.address(), "/process"); p.text("pid") == p.text("loaded_by") {
				t.Error("the worker loaded the application itself")
			}
		},
		without: "preload_app = False\n",
		otherwise: func(t *testing.T, s *testServer) {
			p := ask(t, s.address(), "/process")
			want(t, "the process that loaded the application", p.text("loaded_by"), p.text("pid"))
		},
	},
	{
		name: "reload_extra_files", server: "gunicorn", settings: "reload_extra_files",
		conf: "reload = True\nreload_extra_files = ['data/extra.txt']\n", files: map[string]string{"data/extra.txt": "one", "data/other.txt": "one"},
		observe: func(t *testing.T, s *testServer) {
			s.address()
			writeFile(t, filepath.Join(s.dir, "data/other.txt"), "two")
			writeFile(t, filepath.Join(s.dir, "data/extra.txt"), "two")
			s.await(1, `extra\.txt has changed`)
			s.await(1, "Reloaded")
			if strings.Contains(s.output(), "other.txt") {
				t.Error("a file that is not named was watched as well")
			}
		},
	},
	{
		name: "daemon", server: "gunicorn", settings: "daemon enable_stdio_inheritance",
		conf: "bind = 'unix:s.sock'\ndaemon = True\nenable_stdio_inheritance = True\npidfile = 'pid'\nerrorlog = 'error.log'\n",
		observe: func(t *testing.T, s *testServer) {
			inBackground(t, s)
			get(t, filepath.Join(s.dir, "s.sock"), "/print?here")
			s.await(1, "printed here")
		},
		without: "bind = 'unix:s.sock'\ndaemon = True\npidfile = 'pid'\nerrorlog = 'error.log'\n",
		otherwise: func(t *testing.T, s *testServer) {
			pid := inBackground(t, s)
			for _, fd := range []string{"1", "2"} {
				to, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%s", pid, fd))
				if err != nil {
					t.Fatal(err)
				}
				want(t, "descriptor "+fd, to, os.DevNull)
			}
		},
	},
	{
		name: "backlog", server: "gunicorn", settings: "backlog",
		conf: "bind = 'unix:s.sock'\nbacklog = 2\n",
		observe: func(t *testing.T, s *testServer) {
			if n := waiting(t, s, 20); n > 4 {
				t.Errorf("%d connections wait to be accepted, with a backlog of 2", n)
			}
		},
		without: "bind = 'unix:s.sock'\n",
		otherwise: func(t *testing.T, s *testServer) {
			want(t, "connections that wait", waiting(t, s, 20), 20)
		},
	},
	{
		name: "hooks", server: "gunicorn",
		settings: "on_starting on_reload when_ready pre_fork post_fork post_worker_init worker_int worker_abort pre_exec pre_request post_request child_exit worker_exit nworkers_changed on_exit",
		conf:     hooksConf, observe: everyHookRuns,
	},
	{
		name: "Paste", server: "gunicorn", settings: "paste raw_paste_global_conf",
		args:  []string{"--python", debianPython, "--paste", "production.ini", "--paste-global", "colour=blue"},
		conf:  "# --paste and --paste-global (raw_paste_global_conf) are options alone: paste =\n",
		files: map[string]string{"production.ini": "[app:main]\nuse = call:probe:make\nshape = round\n"},
		observe: func(t *testing.T, s *testServer) {
			oracle.Modules(t, debianPython, "paste.deploy")
			p := ask(t, s.address(), "/paste")
			want(t, "colour", p["global"].(map[string]any)["colour"], "blue")
			want(t, "shape", p["local"].(map[string]any)["shape"], "round")
		},
	},
}

// nameOf is the master's name, as ps shows it.
func nameOf(s *testServer) string {
	return strings.TrimSpace(text(fmt.Sprintf("/proc/%d/comm", s.cmd.Process.Pid)))
}

// livesOf gives how many requests so many workers had served when they were replaced: each gets batch requests, or as many as
// it takes where that is 0.
func livesOf(t *testing.T, s *testServer, n, batch int) []int {
	t.Helper()
	address := s.address()
	var lives []int
	for len(lives) < n {
		pid := ask(t, address, "/process").text("pid")
		for sent := 1; batch > 0 && sent < batch || batch == 0 && !strings.Contains(s.output(), "(pid "+pid+") is replaced"); sent++ {
			if sent > 1000 {
				t.Fatal("the worker is not replaced")
			}
			get(t, address, "/")
		}
		served, _ := strconv.Atoi(s.await(1, `\(pid `+pid+`\) is replaced: it has served (\d+) requests`)[1])
		lives = append(lives, served)
		until(t, func() bool { return !exists("/proc/" + pid) })
	}
	return lives
}

// inBackground waits for the command's end and gives the server that it leaves, which is ended with the test.
func inBackground(t *testing.T, s *testServer) int {
	t.Helper()
	want(t, "exit status", s.exit(), 0)
	pid, err := strconv.Atoi(strings.TrimSpace(text(filepath.Join(s.dir, "pid"))))
	if err != nil {
		t.Fatal(err)
	}
	// Cleanups run in reverse: what inherited the output ends before the output is waited for.
	t.Cleanup(func() { syscall.Kill(-pid, syscall.SIGKILL) })
	return pid
}

// waiting stops the server and counts how many of n connections its socket takes all the same.
func waiting(t *testing.T, s *testServer, n int) int {
	t.Helper()
	s.address()
	s.signal(syscall.SIGSTOP)
	defer s.signal(syscall.SIGCONT)
	until(t, func() bool {
		states, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", s.cmd.Process.Pid))
		for _, stat := range states {
			if _, rest, ok := strings.Cut(text(stat), ") "); ok && !strings.HasPrefix(rest, "T") {
				return false
			}
		}
		return len(states) > 0
	})
	taken := 0
	for range n {
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		switch err := unix.Connect(fd, &unix.SockaddrUnix{Name: filepath.Join(s.dir, "s.sock")}); err {
		case nil:
			taken++
		case unix.EAGAIN:
		default:
			t.Fatal(err)
		}
	}
	return taken
}

const hooksConf = `pidfile = 'pid'
timeout = 1

def note(*words):
    with open('hooks.log', 'a') as f:
        f.write(' '.join(str(w) for w in words) + '\n')

def on_starting(server): note('on_starting', server.cfg.workers)
def on_reload(server): note('on_reload')
def when_ready(server): note('when_ready')
def pre_fork(server, worker): note('pre_fork')
def post_fork(server, worker): note('post_fork')
def post_worker_init(worker): note('post_worker_init', worker.pid)
def worker_int(worker): note('worker_int', worker.pid)
def worker_abort(worker): note('worker_abort', worker.pid)
def pre_exec(server): note('pre_exec')
def pre_request(worker, req): note('pre_request', req.method, req.path)
def post_request(worker, req, environ, resp): note('post_request', req.path, resp.status)
def child_exit(server, worker): note('child_exit')
def worker_exit(server, worker): note('worker_exit', worker.pid)
def nworkers_changed(server, new, old): note('nworkers_changed', new, old)
def on_exit(server): note('on_exit')
`

// everyHookRuns leads a server through a life in which each hook is called.
func everyHookRuns(t *testing.T, s *testServer) {
	address := s.address()
	heard := func(line string) {
		t.Helper()
		until(t, func() bool { return strings.Contains("\n"+text(filepath.Join(s.dir, "hooks.log")), "\n"+line) })
	}
	for _, line := range []string{"on_starting 1\n", "pre_fork\n", "post_fork\n", "when_ready\n"} {
		heard(line)
	}
	p := ask(t, address, "/process")
	heard("post_worker_init " + p.text("pid") + "\n")
	heard("pre_request GET /process\n")
	heard("post_request /process 200 OK\n")
	pid, _ := strconv.Atoi(p.text("pid"))
	syscall.Kill(pid, syscall.SIGINT)
	heard("worker_int " + p.text("pid") + "\n")
	heard("worker_exit " + p.text("pid") + "\n")
	heard("child_exit\n")
	wantStatus(t, address, "GET /stuck HTTP/1.1\r\nHost: server\r\nConnection: close\r\n\r\n", "504")
	heard("worker_abort ")
	s.signal(syscall.SIGTTIN)
	heard("nworkers_changed 2 1\n")
	s.signal(syscall.SIGHUP)
	heard("on_reload\n")
	s.await(1, "Reloaded")
	s.signal(syscall.SIGUSR2)
	heir, _ := strconv.Atoi(s.await(1, `The new server with pid (\d+) serves`)[1])
	heard("pre_exec\n")
	if err := syscall.Kill(heir, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.await(1, `The new server with pid \d+ has ended`)
	if err := os.Truncate(filepath.Join(s.dir, "hooks.log"), 0); err != nil {
		t.Fatal(err)
	}
	s.signal(syscall.SIGTERM)
	s.exit()
	heard("on_exit\n")
}

// udp gives a socket that hears what a server sends to it.
func udp(t *testing.T) net.PacketConn {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// hears reads datagrams until one has the text, and gives all.
func hears(t *testing.T, c net.PacketConn, want string) string {
	t.Helper()
	c.SetReadDeadline(time.Now().Add(patience))
	var all strings.Builder
	for buf := make([]byte, 4096); !strings.Contains(all.String(), want); {
		n, _, err := c.ReadFrom(buf)
		if err != nil {
			t.Fatalf("no %q in:\n%s", want, all.String())
		}
		all.Write(buf[:n])
		all.WriteByte('\n')
	}
	return all.String()
}
