package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// versionApp answers with the contents that it was written with, and its process.
func versionApp(version string) string {
	return "import os\n" +
		"def app(environ, start_response):\n" +
		"    body = b'" + version + " %d' % os.getpid()\n" +
		"    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', str(len(body)))])\n" +
		"    return [body]\n"
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestRunSignals drives a server through what operators do to it.
func TestRunSignals(t *testing.T) {
	t.Parallel()
	dir := serverFiles(t, map[string]string{
		"hello.py":         versionApp("one"),
		"gunicorn.conf.py": "bind = '127.0.0.1:0'\nworkers = 1\npreload_app = True\npidfile = 'pid'\nerrorlog = 'error.log'\naccesslog = 'access.log'\n",
	})
	errors := filepath.Join(dir, "error.log")
	s := startServer(t, dir, "--control", "ctl.sock", "hello:app")
	control := filepath.Join(dir, "ctl.sock")
	until(t, func() bool { return strings.Contains(text(errors), "Listening at") })
	address := between(text(errors), "Listening at: http://", " ")
	if got := get(t, address, "/"); !strings.HasPrefix(got, "one ") {
		t.Fatalf("answer %q", got)
	}
	if got := strings.TrimSpace(text(filepath.Join(dir, "pid"))); got != strconv.Itoa(s.cmd.Process.Pid) {
		t.Errorf("pid file has %q", got)
	}

	s.signal(syscall.SIGTTIN)
	until(t, func() bool { return workerCount(t, control) == 2 })
	// New code is loaded even with preload_app, and the number of workers stays.
	writeFile(t, filepath.Join(dir, "hello.py"), versionApp("two"))
	s.signal(syscall.SIGHUP)
	until(t, func() bool { return strings.HasPrefix(get(t, address, "/"), "two ") })
	if n := workerCount(t, control); n != 2 {
		t.Errorf("%d workers after TTIN and HUP, want 2", n)
	}
	s.signal(syscall.SIGTTOU)
	until(t, func() bool { return workerCount(t, control) == 1 })

	// A version that does not load leaves the old one serving, and says why.
	writeFile(t, filepath.Join(dir, "hello.py"), "import nothing_of_that_name\napp = nothing_of_that_name.app\n")
	s.signal(syscall.SIGHUP)
	until(t, func() bool { return strings.Contains(text(errors), "Reload failed") })
	if log := text(errors); !strings.Contains(log, "nothing_of_that_name") || !strings.Contains(log, "Traceback") {
		t.Errorf("the log does not tell why the reload failed:\n%s", log)
	}
	if got := get(t, address, "/"); !strings.HasPrefix(got, "two ") {
		t.Errorf("after a reload that failed: %q", got)
	}
	writeFile(t, filepath.Join(dir, "gunicorn.conf.py"), "workers = 'many'\n")
	s.signal(syscall.SIGHUP)
	until(t, func() bool { return strings.Count(text(errors), "Reload failed") == 2 })
	if log := text(errors); !strings.Contains(log, "gunicorn.conf.py:1:") {
		t.Errorf("the log does not tell what is wrong with the configuration:\n%s", log)
	}
	if got := get(t, address, "/"); !strings.HasPrefix(got, "two ") {
		t.Errorf("after a configuration that is wrong: %q", got)
	}

	// logrotate moves the files away and sends USR1.
	access := filepath.Join(dir, "access.log")
	until(t, func() bool { return strings.Contains(text(access), "GET / HTTP/1.1") })
	for _, f := range []string{access, errors} {
		if err := os.Rename(f, f+".1"); err != nil {
			t.Fatal(err)
		}
	}
	s.signal(syscall.SIGUSR1)
	until(t, func() bool { return exists(access) && exists(errors) })
	get(t, address, "/rotated")
	until(t, func() bool { return strings.Contains(text(access), "/rotated") })

	s.signal(syscall.SIGTERM)
	if code := s.exit(); code != 0 {
		t.Errorf("exit status %d after TERM", code)
	}
	for _, name := range []string{"pid", "ctl.sock"} {
		if exists(filepath.Join(dir, name)) {
			t.Errorf("%s is still there", name)
		}
	}
}

// TestRunRefuses starts what cannot be served.
func TestRunRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		files map[string]string
		args  []string
		code  int
		want  []string
	}{
		{"an application that does not load", map[string]string{"broken.py": "def make(n):\n    return 1 / n\napp = make(0)\n"}, []string{"-b", "127.0.0.1:0", "broken:app"}, 1, []string{"did not start", "ZeroDivisionError", `broken.py", line 2`}},
		{"a configuration that check-config refuses", map[string]string{"gunicorn.conf.py": "wrokers = 3\n"}, []string{"-b", "127.0.0.1:0", "hello:app"}, 1, []string{"gunicorn.conf.py:1:1", "Did you mean workers", "--no-check"}},
		{"a setting that cannot be honoured", map[string]string{"gunicorn.conf.py": "bind = '127.0.0.1:0'\nspew = True\n"}, []string{"hello:app"}, 1, []string{"gunicorn.conf.py:2:", "spew", "debugger"}},
		{"a worker class", nil, []string{"-b", "127.0.0.1:0", "-k", "eventlet", "hello:app"}, 1, []string{"eventlet", "gevent"}},
		{"an address that is no more there", nil, []string{"-b", "192.0.2.1:80", "hello:app"}, 1, []string{"192.0.2.1:80", "no network interface"}},
		{"a factory that wants more", map[string]string{"shop.py": "def create_app(config):\n    return None\n"}, []string{"-b", "127.0.0.1:0", "shop:create_app()"}, 1, []string{"shop:create_app() did not start under /", "missing 1 required positional argument"}},
		{"hooks that are not there", map[string]string{"gsrv.hcl": "app \"hello:app\" {}\nlisten \"127.0.0.1:0\" {}\nhooks \"nothing.py\" {}\n"}, nil, 1, []string{"gsrv.hcl:3:7: error", "nothing.py, cannot be read"}},
		{"a directory that is not there", map[string]string{"uwsgi.ini": "[uwsgi]\nmaster = true\nhttp-socket = 127.0.0.1:0\nmodule = hello:app\nneed-app = true\nchdir = site\n"}, []string{"uwsgi.ini"}, 1, []string{"uwsgi.ini:6:9: error", "/site, cannot be entered: no such file or directory"}},
		{"a pid file without a directory", nil, []string{"-b", "127.0.0.1:0", "-p", "run/pid", "hello:app"}, 1, []string{"pid file /", "there is no directory /", "Create it"}},
		{"a pid file that is a directory", map[string]string{"run/x": ""}, []string{"-b", "127.0.0.1:0", "-p", "run", "hello:app"}, 1, []string{"it is a directory"}},
		{"a log without a directory", nil, []string{"-b", "127.0.0.1:0", "--error-logfile", "log/error.log", "hello:app"}, 1, []string{"error log /", "there is no directory /"}},
		{"an access log without a directory", nil, []string{"-b", "127.0.0.1:0", "--access-logfile", "log/access.log", "hello:app"}, 1, []string{"access log /", "there is no directory /"}},
		{"a socket without a directory", nil, []string{"-b", "unix:run/shop.sock", "hello:app"}, 1, []string{"socket /", "there is no directory /"}},
		{"a control socket without a directory", nil, []string{"-b", "127.0.0.1:0", "--control", "run/ctl.sock", "hello:app"}, 1, []string{"control socket /", "there is no directory /"}},
		{"an admin port that is none", nil, []string{"-b", "127.0.0.1:0", "--admin", "127.0.0.1:99999", "hello:app"}, 1, []string{"admin listener 127.0.0.1:99999: invalid port. Give"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			files := map[string]string{"hello.py": versionApp("one")}
			for name, text := range c.files {
				files[name] = text
			}
			s := startServer(t, serverFiles(t, files), c.args...)
			if code := s.exit(); code != c.code {
				t.Errorf("exit status %d, want %d", code, c.code)
			}
			for _, w := range c.want {
				s.await(1, regexp.QuoteMeta(w))
			}
		})
	}
}

// TestRunAdvice: nobody is sent to options that gsrv run does not have.
func TestRunAdvice(t *testing.T) {
	t.Parallel()
	dir := serverFiles(t, map[string]string{
		"hello.py": versionApp("one"), "gsrv.hcl": "app \"hello:app\" {}\nlisten \"127.0.0.1:0\" {}\nworkers {\n  count = env(\"SHOP_WORKERS\")\n}\n",
		"uwsgi.ini": "[uwsgi]\nhttp-socket = 127.0.0.1:0\nmaster = true\nmodule = hello:app\nneed-app = true\nprocesses = $(SHOP_WORKERS)\n",
	})
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"gsrv.hcl"}, "SHOP_WORKERS"},
		{[]string{"uwsgi.ini"}, "Set the variable."},
		{[]string{"--no-check", "uwsgi.ini"}, "look at the variables"},
		{[]string{"-b", "127.0.0.1:0", "--chdir", "/nonexistent", "hello:app"}, "Name a directory that exists"},
		{[]string{"-b", "127.0.0.1:0", "-u", "no-such-account", "hello:app"}, "create the account first."},
		{[]string{"-b", "127.0.0.1:0", "nomodule:app"}, "install the package."},
	} {
		s := startServer(t, dir, c.args...)
		if code := s.exit(); code != 1 {
			t.Errorf("%v: exit status %d", c.args, code)
		}
		<-s.eof
		if out := s.output(); !strings.Contains(out, c.want) || strings.Contains(out, "--no-host-env") || strings.Contains(out, "--env") {
			t.Errorf("%v:\n%s", c.args, out)
		}
	}
}

// TestRunRefusesOnce: what the server's own reader refuses is not told a second time in other words.
func TestRunRefusesOnce(t *testing.T) {
	t.Parallel()
	dir := serverFiles(t, map[string]string{"hello.py": versionApp("one")})
	for _, args := range [][]string{{"--chdir", "/nonexistent"}, {"--certfile", "none.pem"}} {
		s := startServer(t, dir, append(args, "-b", "127.0.0.1:0", "hello:app")...)
		if code := s.exit(); code != 1 {
			t.Errorf("%v: exit status %d", args, code)
		}
		<-s.eof
		if n := strings.Count(s.output(), "error: "); n != 1 {
			t.Errorf("%v: %d errors:\n%s", args, n, s.output())
		}
	}
	// A file that cannot be read whole is not blamed for what was not read.
	broken := startServer(t, serverFiles(t, map[string]string{"gsrv.hcl": "app \"hello:app\" {\n"}))
	broken.exit()
	<-broken.eof
	if out := broken.output(); strings.Contains(out, "No address") || strings.Contains(out, "No application") || !strings.Contains(out, "gsrv would not start: 1 error") {
		t.Errorf("a syntax error:\n%s", out)
	}
	// It is still refused where the reader is overruled: nothing is served with a value that nobody knows.
	s := startServer(t, dir, "--no-check", "--chdir", "/nonexistent", "-b", "127.0.0.1:0", "hello:app")
	if code := s.exit(); code != 1 {
		t.Errorf("with --no-check: exit status %d", code)
	}
}
