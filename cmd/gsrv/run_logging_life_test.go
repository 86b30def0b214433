//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"gsrv/fixtures/oracle"
)

// processes gives the children of a process, by the name that each has.
func processes(t *testing.T, parent int) map[string]int {
	t.Helper()
	out := map[string]int{}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range stats {
		b, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		end := bytes.LastIndexByte(b, ')')
		fields := strings.Fields(string(b[end+1:]))
		if len(fields) > 2 && fields[1] == strconv.Itoa(parent) && fields[0] != "Z" {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
			out[string(b[bytes.IndexByte(b, '(')+1:end])+fmt.Sprintf(" %d", pid)] = pid
		}
	}
	return out
}

func children(t *testing.T, parent int) int { return len(processes(t, parent)) }

// logProcess gives the log process of a server, once it is there.
func logProcess(t *testing.T, s *testServer) (pid int) {
	t.Helper()
	until(t, func() bool {
		for name, p := range processes(t, s.cmd.Process.Pid) {
			if strings.HasPrefix(name, "gsrv-log ") {
				pid = p
			}
		}
		return pid != 0
	})
	return pid
}

// loggingServer starts a server whose requests and errors Python logs into log.txt, and waits until it serves.
func loggingServer(t *testing.T, more string, files map[string]string) (s *testServer, socket string) {
	t.Helper()
	all := map[string]string{"probe.py": probeApp, "gunicorn.conf.py": loggingConf + more}
	for name, text := range files {
		all[name] = text
	}
	s = startServer(t, serverFiles(t, all), "--no-check", "probe:app")
	socket = filepath.Join(s.dir, "s.sock")
	until(t, func() bool { _, err := tryGet(socket, "/first"); return err == nil })
	return s, socket
}

const loggingConf = `
bind = "unix:s.sock"
access_log_format = "%(s)s %(U)s"
logconfig_dict = {
    "version": 1, "disable_existing_loggers": False,
    "formatters": {"bare": {"format": "%(message)s"}},
    "handlers": {"file": {"class": "logging.FileHandler", "filename": "log.txt", "formatter": "bare"}},
    "root": {"level": "INFO", "handlers": ["file"]},
    "loggers": {"gunicorn.error": {"level": "INFO", "handlers": ["file"], "propagate": False},
        "gunicorn.access": {"level": "INFO", "handlers": ["file"], "propagate": False}},
}
`

// TestRunLoggingFlushed: what was logged is written when the server has ended, however slow the loggers are.
func TestRunLoggingFlushed(t *testing.T) {
	t.Parallel()
	s, socket := loggingServer(t, `
import logging, time
class Slow(logging.Filter):
    def filter(self, record):
        time.sleep(0.01)
        return True
logging.getLogger("gunicorn.access").addFilter(Slow())
`, nil)
	c := client(socket)
	defer c.CloseIdleConnections()
	for i := range 100 {
		r, err := c.Get(fmt.Sprintf("http://shop/n%d", i))
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
	}
	s.signal(syscall.SIGTERM)
	if code := s.exit(); code != 0 {
		t.Errorf("exit status %d", code)
	}
	got := text(filepath.Join(s.dir, "log.txt"))
	for i := range 100 {
		if !strings.Contains(got, fmt.Sprintf("200 /n%d\n", i)) {
			t.Fatalf("request %d is not in the log:\n%s", i, got)
		}
	}
	if !strings.HasSuffix(got, "Shutting down: Master\n") {
		t.Errorf("the last line is missing:\n%s", got)
	}
}

// TestRunLoggingDies: another log process takes the place of one that was killed, with the reason on standard error; nothing that
// is logged afterwards is lost, and the server serves meanwhile.
func TestRunLoggingDies(t *testing.T) {
	t.Parallel()
	s, socket := loggingServer(t, "", nil)
	former := logProcess(t, s)
	s.sees(t, "log.txt", "200 /first\n")
	if err := syscall.Kill(former, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.await(1, fmt.Sprintf(`\[ERROR\] The log process \(pid %d\) .*signal: killed.*started again`, former))
	get(t, socket, "/second")
	s.sees(t, "log.txt", "200 /second\n")
	if now := logProcess(t, s); now == former {
		t.Errorf("it is the same process: %d", now)
	}
}

// TestRunLoggingReopened: USR1 lets every process open its files again.
func TestRunLoggingReopened(t *testing.T) {
	t.Parallel()
	s, socket := loggingServer(t, "", map[string]string{"probe.py": probeApp + `
import logging
inner = answer
def answer(environ):
    logging.getLogger("shop").warning("application %s", environ["PATH_INFO"])
    return inner(environ)
`})
	path := filepath.Join(s.dir, "log.txt")
	s.sees(t, "log.txt", "200 /first\n", "application /first\n")
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	s.signal(syscall.SIGUSR1)
	until(t, func() bool {
		get(t, socket, "/again")
		got := text(path)
		return strings.Contains(got, "200 /again\n") && strings.Contains(got, "application /again\n")
	})
	before := text(path + ".1")
	get(t, socket, "/last")
	s.sees(t, "log.txt", "200 /last\n", "application /last\n")
	if now := text(path + ".1"); now != before {
		t.Errorf("the former file still grows: %s", strings.TrimPrefix(now, before))
	}
}

// TestRunLoggingReloaded: HUP sets logging up anew; a configuration that cannot be set up leaves the former in force.
func TestRunLoggingReloaded(t *testing.T) {
	t.Parallel()
	s, socket := loggingServer(t, "", nil)
	conf := filepath.Join(s.dir, "gunicorn.conf.py")
	write := func(old, new string) {
		if err := os.WriteFile(conf, []byte(strings.ReplaceAll(loggingConf, old, new)), 0o644); err != nil {
			t.Fatal(err)
		}
		s.signal(syscall.SIGHUP)
	}
	write("logging.FileHandler", "shop.NoHandler")
	s.sees(t, "log.txt", "Reload failed", "logconfig_dict: Unable to configure handler 'file'", "shop.NoHandler")
	former := logProcess(t, s)
	get(t, socket, "/between")
	s.sees(t, "log.txt", "200 /between\n")
	write("log.txt", "other.txt")
	s.sees(t, "other.txt", "Reloaded: ")
	get(t, socket, "/after")
	s.sees(t, "other.txt", "200 /after\n")
	if strings.Contains(text(filepath.Join(s.dir, "log.txt")), "/after") {
		t.Error("the former configuration is still in force")
	}
	until(t, func() bool { return syscall.Kill(former, 0) != nil })
	// And without any: gsrv writes its logs itself again.
	write("logconfig_dict", "nothing")
	s.await(1, `\[INFO\] Reloaded: `)
	until(t, func() bool { return children(t, s.cmd.Process.Pid) == 1 })
}

// TestRunLoggingStuck: a log process that does not get on stops nobody; what it could not take is counted.
func TestRunLoggingStuck(t *testing.T) {
	t.Parallel()
	dir := serverFiles(t, map[string]string{"probe.py": probeApp, "gunicorn.conf.py": loggingConf + "access_log_format = '%(s)s %(U)s %(q)s'\n"})
	fifo := filepath.Join(dir, "log.txt")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	// Both ends, so that opening it waits for nobody; nothing is read.
	f, err := os.OpenFile(fifo, os.O_RDWR|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := startServer(t, dir, "--no-check", "probe:app")
	socket := filepath.Join(dir, "s.sock")
	until(t, func() bool { _, err := tryGet(socket, "/first"); return err == nil })
	c := client(socket)
	defer c.CloseIdleConnections()
	long := strings.Repeat("x", 3900)
	for i := range 700 { // three times this each: more than the pipe, the socket and 4 MiB together
		r, err := c.Get("http://shop/" + strconv.Itoa(i) + "?" + long)
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
	}
	f.SetReadDeadline(time.Now().Add(patience))
	dropped := make(chan bool)
	go func() {
		var got []byte
		buf := make([]byte, 64<<10)
		for !bytes.Contains(got, []byte(" lines of the log were dropped")) {
			n, err := f.Read(buf)
			if err != nil {
				break
			}
			got = append(got, buf[:n]...)
		}
		dropped <- bytes.Contains(got, []byte("200 /0 x")) && !bytes.Contains(got, []byte("200 /699 x"))
		for err == nil {
			_, err = f.Read(buf)
		}
	}()
	if !<-dropped {
		t.Error("the first line is missing, the last one is not, or the log does not tell of those that are")
	}
	s.signal(syscall.SIGTERM)
	if code := s.exit(); code != 0 {
		t.Errorf("exit status %d", code)
	}
}

// TestRunLoggingRefused: what cannot be set up is told before anything is served.
func TestRunLoggingRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, conf string
		want       []string
	}{
		{"no gunicorn", "logger_class = 'own.Logger'\n", []string{"logger_class = own.Logger", "gunicorn is not installed for", "pip install gunicorn"}},
		{"no gunicorn for a class of the file", "from own import Logger\nlogger_class = Logger\n", []string{"gunicorn is not installed for", "pip install gunicorn"}},
		{"no such class", "logger_class = 'own2.Logger'\n", []string{"logger_class = own2.Logger: No module named 'own2'"}},
		{"no such file", "logconfig = 'none.ini'\n", []string{"log config 'none.ini' not found"}},
		{"no such handler", "logconfig_dict = {'version': 1, 'loggers': {}, 'root': {'handlers': ['x']}}\n", []string{"logconfig_dict: Unable to configure", "'x'"}},
		{"no JSON", "logconfig_json = 'own.py'\n", []string{"logconfig_json = own.py"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := serverFiles(t, map[string]string{
				"probe.py": probeApp, "gunicorn.conf.py": "bind = 'unix:s.sock'\n" + c.conf, "own.py": "from gunicorn.glogging import Logger as Base\nclass Logger(Base): pass\n",
				// Whatever is installed: this interpreter has no gunicorn.
				"without/sitecustomize.py": "import sys\nclass Finder:\n    def find_spec(self, name, path=None, target=None):\n        if name == 'gunicorn':\n            raise ModuleNotFoundError(\"No module named 'gunicorn'\", name='gunicorn')\nsys.meta_path.insert(0, Finder())\n",
			})
			s := startServerWith(t, dir, func(cmd *exec.Cmd) {
				cmd.Env = append(cmd.Env, "PYTHONPATH="+filepath.Join(dir, "without"))
			}, "--no-check", "probe:app")
			if code := s.exit(); code != 1 {
				t.Errorf("exit status %d", code)
			}
			<-s.eof
			for _, w := range c.want {
				if !strings.Contains(s.output(), w) {
					t.Errorf("no word of %q", w)
				}
			}
			if exists(filepath.Join(dir, "s.sock")) {
				t.Error("the socket is there")
			}
		})
	}
}

// TestRunLoggingElsewhere: a filter that only the workers' processes have is told of, since it does nothing; one that the file of the
// configuration adds as it is read works.
func TestRunLoggingElsewhere(t *testing.T) {
	t.Parallel()
	const filter = "import logging\nclass Quiet(logging.Filter):\n    def filter(self, record): return 'first' not in record.getMessage()\n"
	const told = `Quiet was added to the logger gunicorn.access by .* does nothing`
	hook := filter + "def on_starting(server): logging.getLogger('gunicorn.access').addFilter(Quiet())\n"
	s, _ := loggingServer(t, hook, nil)
	s.sees(t, "log.txt", "200 /first\n", "Quiet was added to the logger gunicorn.access")
	s = startServer(t, serverFiles(t, map[string]string{"probe.py": probeApp, "gunicorn.conf.py": "bind = '127.0.0.1:0'\naccesslog = '-'\n" + hook}), "--no-check", "probe:app")
	s.await(1, told)
	s, socket := loggingServer(t, filter+"logging.getLogger('gunicorn.access').addFilter(Quiet())\n", nil)
	get(t, socket, "/second")
	s.sees(t, "log.txt", "200 /second\n")
	if got := text(filepath.Join(s.dir, "log.txt")); strings.Contains(got, "first") || strings.Contains(got, "Quiet") {
		t.Errorf("the filter is not in force, or is said not to be:\n%s", got)
	}
}

// TestRunLoggingNoFile: gunicorn goes on in silence where logconfig_json names no file; here the log says so.
func TestRunLoggingNoFile(t *testing.T) {
	t.Parallel()
	s := startServer(t, serverFiles(t, map[string]string{"probe.py": probeApp, "gunicorn.conf.py": "bind = '127.0.0.1:0'\nlogconfig_json = 'none.json'\n"}), "--no-check", "probe:app")
	s.await(1, `\[WARNING\] logconfig_json = none.json: there is no such file`)
	s.address()
}

// TestRunLoggingCounted: statsd hears of what Python logs, too, once each.
func TestRunLoggingCounted(t *testing.T) {
	t.Parallel()
	statsd := udp(t)
	s, socket := loggingServer(t, "statsd_host = '"+statsd.LocalAddr().String()+"'\ndef post_request(worker, req, environ, resp): worker.log.error('%s!', req.path)\n", nil)
	get(t, socket, "/second")
	s.sees(t, "log.txt", "/first!\n", "/second!\n")
	if all := hears(t, statsd, "gunicorn.log.error:1"); !strings.Contains(all, "gunicorn.request.status.200:1") {
		t.Errorf("statsd hears:\n%s", all)
	}
}

// TestRunLoggingStatsd: of a class that is derived from gunicorn's Statsd the metrics of its own are sent, and requests are
// counted once.
func TestRunLoggingStatsd(t *testing.T) {
	t.Parallel()
	oracle.Modules(t, debianPython, "gunicorn")
	statsd := udp(t)
	const own = `from gunicorn.instrument.statsd import Statsd
class Logger(Statsd):
    def access(self, resp, req, environ, request_time):
        super().access(resp, req, environ, request_time)
        self.increment("shop.seen" + req.path.replace("/", "."), 1)
`
	conf := "bind = 'unix:s.sock'\naccesslog = '-'\nlogger_class = 'own.Logger'\nstatsd_prefix = 'it'\nstatsd_host = '" + statsd.LocalAddr().String() + "'\n"
	s := startServer(t, serverFiles(t, map[string]string{"probe.py": probeApp, "own.py": own, "gunicorn.conf.py": conf}), "--no-check", "--python", debianPython, "probe:app")
	socket := filepath.Join(s.dir, "s.sock")
	until(t, func() bool { _, err := tryGet(socket, "/first"); return err == nil })
	s.await(1, "GET /first")
	get(t, socket, "/last")
	all := hears(t, statsd, "it.shop.seen.last:1")
	// The server's own metrics come with the next gauges.
	all += hears(t, statsd, "it.gunicorn.workers:")
	if n := strings.Count(all, "gunicorn.requests:1"); n != 2 {
		t.Errorf("two requests are counted %d times:\n%s", n, all)
	}
}

// TestRunLoggingIdle: workers of every class open their files again although they have nothing to do.
func TestRunLoggingIdle(t *testing.T) {
	t.Parallel()
	const own = `from gunicorn.glogging import Logger as Base
class Logger(Base):
    def reopen_files(self):
        super().reopen_files()
        self.error_log.info("opened again")
`
	for _, class := range []string{"sync", "gthread", "gevent"} {
		t.Run(class, func(t *testing.T) {
			t.Parallel()
			oracle.Modules(t, debianPython, "gunicorn", "gevent")
			conf := loggingConf + "worker_class = '" + class + "'\nworkers = 2\nthreads = 3\nlogger_class = 'own.Logger'\n"
			s := startServer(t, serverFiles(t, map[string]string{"probe.py": probeApp, "own.py": own, "gunicorn.conf.py": conf}), "--no-check", "--python", debianPython, "probe:app")
			s.sees(t, "log.txt", "Listening at")
			s.signal(syscall.SIGUSR1)
			// The log process, the one that workers are forked from, two workers.
			until(t, func() bool { return strings.Count(text(filepath.Join(s.dir, "log.txt")), "opened again\n") == 4 })
		})
	}
}

// TestRunLoggingAccount: the log process gives up root as workers do, with its files open.
func TestRunLoggingAccount(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root may change the account")
	}
	dir := serverFiles(t, map[string]string{"probe.py": probeApp, "gunicorn.conf.py": loggingConf + "user = 65534\ngroup = 65534\n", "logs/x": ""})
	for _, d := range []string{filepath.Dir(dir), dir} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	s := startServer(t, dir, "--no-check", "--python", debianPython, "probe:app")
	socket := filepath.Join(dir, "s.sock")
	until(t, func() bool { _, err := tryGet(socket, "/first"); return err == nil })
	s.sees(t, "log.txt", "200 /first\n")
	if made, err := os.Stat(filepath.Join(dir, "log.txt")); err != nil || made.Mode()&0o002 != 0 {
		t.Errorf("everybody may write to the log: %v, %v", made.Mode(), err)
	}
	info, err := os.Stat(fmt.Sprintf("/proc/%d", logProcess(t, s)))
	if err != nil {
		t.Fatal(err)
	}
	if uid := info.Sys().(*syscall.Stat_t).Uid; uid != 65534 {
		t.Errorf("the log process runs as %d", uid)
	}
	// Its file is root's, so it cannot be opened again: it goes on as it is, and the log says so.
	s.signal(syscall.SIGUSR1)
	s.sees(t, "log.txt", "a log file stays as it is: [Errno 13]")
	get(t, socket, "/second")
	s.sees(t, "log.txt", "200 /second\n")
}
