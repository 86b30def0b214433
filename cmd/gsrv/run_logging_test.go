//go:build linux

package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gsrv/fixtures/oracle"
)

// loggingApp logs to loggers of its own and to gunicorn's, prints, and fails where it is asked to.
const loggingApp = `import logging, os, sys
log = logging.getLogger("shop.views")
log.info("imported")
logging.getLogger("gunicorn.error").warning("the application speaks as %s", "gunicorn")
def app(environ, start_response):
    path = environ["PATH_INFO"]
    with open("worker.pid", "w") as f:
        f.write(str(os.getpid()))
    log.info("seen %s", path)
    log.debug("details of %s", path)
    logging.getLogger("other").warning("another library")
    if path == "/boom":
        raise ValueError("told to")
    if path == "/print":
        print("printed to stdout", flush=True)
        print("printed to stderr", file=sys.stderr, flush=True)
    status = "404 Not Found" if path == "/missing" else "200 OK"
    start_response(status, [("Content-Type", "text/plain"), ("X-Shop", 'a "quoted" one')])
    return [b"hello\n"]
def make(global_config, **local):
    return app
`

// loggingModule is what configurations import.
const loggingModule = `import json, logging
from datetime import datetime

class ArgsFormatter(logging.Formatter):
    """Makes JSON of the atoms, as many projects do."""
    def format(self, record):
        a = record.args
        if record.name != "gunicorn.access":
            return json.dumps({"level": record.levelname, "logger": record.name, "text": record.getMessage()}, sort_keys=True)
        when = datetime.strptime(a["t"], "[%d/%b/%Y:%H:%M:%S %z]")
        url = a["U"] + ("?" + a["q"] if a["q"] else "")
        return json.dumps({"level": record.levelname, "aware": when.tzinfo is not None, "url": url, "method": a["m"], "status": a["s"], "bytes": a["B"],
            "agent": a["a"], "referer": a["f"], "host": a["{host}i"], "kept": a["{X-Shop}o"], "uri": a["{raw_uri}e"], "none": a["{no-such}i"],
            "pid": a["p"], "user": a["u"], "client": a["h"], "line": a["r"], "protocol": a["H"], "length": a["b"], "l": a["l"], "mapping": isinstance(a, dict),
            "numbers": [type(a[k]).__name__ for k in "TDML"], "module": record.module, "message": record.msg, "function": record.funcName,
            "thread": record.threadName, "process": record.process, "kind": record.processName}, sort_keys=True)

class HealthFilter(logging.Filter):
    def __init__(self, path="/health"):
        super().__init__()
        self.path = path
    def filter(self, record):
        return record.getMessage().find(self.path) == -1
`

// A loggingCase is a configuration whose lines under gunicorn and here are compared, output by output.
type loggingCase struct {
	name, conf string
	files      map[string]string
	outputs    []string
	// args are gunicorn's, in place of -c gunicorn.conf.py.
	args []string
}

var loggingCases = []loggingCase{
	{
		name: "json to stdout and stderr",
		conf: `
wsgi_app = "shop:app"
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "pythonjsonlogger.jsonlogger.JsonFormatter", "format": "%(asctime)s %(name)s %(levelname)s %(process)d %(message)s"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stdout"},
        "error_console": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stderr"},
    },
    "root": {"level": "INFO", "handlers": ["console"]},
    "loggers": {
        "gunicorn.access": {"level": "INFO", "handlers": ["console"], "propagate": False},
        "gunicorn.error": {"level": "INFO", "handlers": ["error_console"], "propagate": False},
    },
}
`,
	},
	{
		// What is left out comes from gunicorn's defaults, which let lines go to the root's handler as well.
		name: "a formatter alone",
		conf: "wsgi_app = 'shop:app'\nlogconfig_dict = {'formatters': {'generic': {'format': '%(levelname)s|%(name)s|%(process)d|%(module)s|%(message)s'}}}\n" +
			"def when_ready(server): server.log.info('ready %(as)s', {'as': 'a server'})\ndef post_worker_init(worker): worker.log.info('worker')\ndef on_exit(server): server.log.log('warning', 'ends')\n",
	},
	{
		name: "filters and files",
		conf: `
import logging
wsgi_app = "shop:app"
class Quiet(logging.Filter):
    def filter(self, record):
        return record.args["U"] != "/health"
errorlog = "server.log"
accesslog = "access.log"
access_log_format = '%(h)s %(m)s %(U)s %(s)s %(B)s %({x-shop}o)s %({X-Ask}i)s'
logconfig_dict = dict(
    version=1, disable_existing_loggers=True,
    filters={"quiet": {"()": Quiet}},
    formatters={"plain": {"format": "%(asctime)s %(process)d %(name)s %(message)s"}},
    handlers={"file": {"class": "logging.FileHandler", "filename": "shop.log", "mode": "w", "formatter": "plain"},
        "requests": {"class": "logging.handlers.WatchedFileHandler", "filename": "requests.log", "formatter": "plain"}},
    root={"level": "WARNING", "handlers": ["file"]},
    loggers={"gunicorn.access": {"level": "INFO", "handlers": ["requests"], "filters": ["quiet"]},
        "shop": {"level": "DEBUG", "handlers": ["file"], "propagate": False}},
)
`,
		outputs: []string{"server.log", "access.log", "shop.log", "requests.log"},
	},
	{
		name: "an ini file",
		conf: "wsgi_app = 'shop:app'\nlogconfig = 'conf/logging.ini'\n",
		files: map[string]string{"conf/logging.ini": `[loggers]
keys = root, gunicorn.error, gunicorn.access, shop
[handlers]
keys = console, errors, requests
[formatters]
keys = generic, bare
[logger_root]
level = WARNING
handlers = console
[logger_gunicorn.error]
level = INFO
handlers = errors
propagate = 0
qualname = gunicorn.error
[logger_gunicorn.access]
level = INFO
handlers = requests
propagate = 0
qualname = gunicorn.access
[logger_shop]
level = INFO
handlers = console
propagate = 0
qualname = shop
[handler_console]
class = StreamHandler
formatter = generic
args = (sys.stdout,)
[handler_errors]
class = FileHandler
formatter = generic
args = ('%(here)s/errors.log',)
[handler_requests]
class = logging.FileHandler
formatter = bare
args = ('conf/requests.log', 'w')
[formatter_generic]
format = %(asctime)s [%(process)d] [%(levelname)s] %(message)s
datefmt = %Y-%m-%d %H:%M:%S
[formatter_bare]
format = %(message)s
`},
		outputs: []string{"conf/errors.log", "conf/requests.log"},
	},
	{
		name: "a class that leaves health checks out",
		conf: `
import logging
from gunicorn.glogging import Logger
class AccessLogger(Logger):
    def access(self, resp, req, environ, request_time):
        if req.path in ("/health",):
            return
        super().access(resp, req, environ, request_time)
        headers = {name.lower(): value for name, value in resp.headers}
        asked = dict(req.headers)
        self.access_log.info("%s %s", environ["REQUEST_METHOD"], int(str(resp.status).split(None, 1)[0]), extra={
            "bytes": getattr(resp, "sent", None), "timed": request_time.total_seconds() >= 0, "shop": headers.get("x-shop"), "ask": asked.get("X-ASK"),
            "uri": req.uri, "query": req.query, "scheme": environ["wsgi.url_scheme"], "host": environ["HTTP_HOST"], "code": resp.status_code})
logger_class = AccessLogger
wsgi_app = "shop:app"
logconfig_dict = {
    "formatters": {"json": {"()": "pythonjsonlogger.jsonlogger.JsonFormatter"}},
    "handlers": {"stdout": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "json"}},
    "root": {"level": "INFO", "handlers": ["stdout"]}, "loggers": {},
}
accesslog = "-"
`,
	},
	{
		name: "a class named as text, a filter in its setup",
		conf: "wsgi_app = 'shop:app'\nlogger_class = 'shoplog.FilteringLogger'\naccesslog = '-'\nerrorlog = 'errors.log'\nthreads = 2\n",
		files: map[string]string{"shoplog.py": `from gunicorn import glogging
from logs import HealthFilter
import logging
class FilteringLogger(glogging.Logger):
    error_fmt = "%(process)d %(levelname)s %(message)s"
    def setup(self, cfg):
        super().setup(cfg)
        logging.getLogger("gunicorn.access").addFilter(HealthFilter())
    def info(self, msg, *args, **kwargs):
        super().info("(" + msg + ")", *args, **kwargs)
`},
		outputs: []string{"errors.log"},
	},
	{
		name: "a formatter that looks at the atoms",
		conf: `
import logs
wsgi_app = "shop:app"
preload_app = True
logconfig_dict = {
    "version": 1, "disable_existing_loggers": False,
    "filters": {"health": {"()": "logs.HealthFilter", "path": "/health"}},
    "formatters": {"args": {"()": logs.ArgsFormatter}},
    "handlers": {"out": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "args", "filters": ["health"]}},
    "root": {"level": "DEBUG", "handlers": ["out"]},
    "loggers": {"gunicorn.error": {"level": "INFO", "handlers": ["out"], "propagate": False},
        "gunicorn.access": {"level": "INFO", "handlers": ["out"], "propagate": False}},
}
def when_ready(server): server.log.info("ready %s", 1, extra={"shop": 1})
def post_fork(server, worker): worker.log.warning("forked")
def worker_exit(server, worker): worker.log.error("leaves")
`,
	},
	{
		name: "a Paste file with loggers",
		args: []string{"--paste", "production.ini", "-b", "unix:s.sock"},
		files: map[string]string{"production.ini": `[app:main]
paste.app_factory = shop:make
[loggers]
keys = root, shop
[handlers]
keys = console, file
[formatters]
keys = generic
[logger_root]
level = WARN
handlers = console
[logger_shop]
level = DEBUG
handlers = file
qualname = shop
propagate = 0
[handler_console]
class = StreamHandler
args = (sys.stderr,)
level = NOTSET
formatter = generic
[handler_file]
class = FileHandler
args = ('shop.log', 'w')
formatter = generic
[formatter_generic]
format = %(asctime)s %(levelname)-5.5s [%(name)s:%(lineno)s][%(threadName)s] %(message)s
`},
		outputs: []string{"shop.log"},
	},
	{
		name:    "captured output",
		conf:    "wsgi_app = 'shop:app'\ncapture_output = True\nerrorlog = 'errors.log'\naccesslog = 'access.log'\nlogconfig_dict = {'version': 1, 'loggers': {'shop': {'level': 'INFO', 'handlers': ['console']}}}\n",
		outputs: []string{"errors.log", "access.log"},
	},
}

// loggingRequests are what is asked for, each over a connection of its own.
var loggingRequests = []string{
	"GET /one?a=b%20c HTTP/1.1\r\nHost: shop.example\r\nX-Ask: \"why\"\r\nUser-Agent: tests/1\r\nReferer: http://shop.example/\r\nAuthorization: Basic YW5uOnNlY3JldA==\r\n",
	"GET /health HTTP/1.1\r\nHost: shop.example\r\n",
	"POST /missing HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 0\r\n",
	"GET /print HTTP/1.1\r\nHost: shop.example\r\n",
	"GET /caf%C3%A9 HTTP/1.1\r\nHost: shop.example\r\n",
}

// differsByNature are lines that tell of the servers themselves.
var differsByNature = regexp.MustCompile(`Starting (gunicorn|gsrv)|Using (worker|Python):|Handling signal:|^$`)

// masks hide what differs from one run to the next.
var masks = []struct {
	re *regexp.Regexp
	by string
}{
	{regexp.MustCompile(`\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d([.,]\d+)?( ?[+-]\d{4})?`), "TIME"},
	{regexp.MustCompile(`\[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\]`), "[TIME]"},
	{regexp.MustCompile(`unix:\S*s\.sock`), "unix:SOCKET"},
}

// masked gives the comparable lines of an output: without times, with the names of processes for their ids, in order of the
// alphabet, since several processes write.
func masked(text, master, worker string) []string {
	var out []string
	number := regexp.MustCompile(`\b\d+\b`)
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if differsByNature.MatchString(line) {
			continue
		}
		for _, m := range masks {
			line = m.re.ReplaceAllString(line, m.by)
		}
		line = number.ReplaceAllStringFunc(line, func(n string) string {
			switch n {
			case master:
				return "MASTER"
			case worker:
				return "WORKER"
			}
			return n
		})
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}

// loggedBy runs a server with a case's configuration, asks it for the requests, ends it, and gives its outputs.
func loggedBy(t *testing.T, c *loggingCase, program string, args ...string) map[string][]string {
	t.Helper()
	files := map[string]string{"shop.py": loggingApp, "logs.py": loggingModule}
	if c.conf != "" {
		files["gunicorn.conf.py"] = "bind = 'unix:s.sock'\n" + c.conf
	}
	for name, text := range c.files {
		files[name] = text
	}
	dir := serverFiles(t, files)
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	for name, f := range map[string]**os.File{"stdout": new(*os.File), "stderr": new(*os.File)} {
		var err error
		if *f, err = os.Create(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		defer (*f).Close()
		if name == "stdout" {
			cmd.Stdout = *f
		} else {
			cmd.Stderr = *f
		}
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-ended
		if t.Failed() {
			t.Logf("%s's standard error:\n%s", program, text(filepath.Join(dir, "stderr")))
		}
	})
	socket := filepath.Join(dir, "s.sock")
	until(t, func() bool {
		select {
		case <-ended:
			t.Fatalf("%s ended:\n%s", program, text(filepath.Join(dir, "stderr")))
		default:
		}
		c, err := net.Dial("unix", socket)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	for _, r := range loggingRequests {
		exchange(t, socket, r+"Connection: close\r\n\r\n")
	}
	cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-ended:
	case <-time.After(patience):
		t.Fatalf("%s does not end", program)
	}
	out := map[string][]string{}
	for _, name := range append([]string{"stdout", "stderr"}, c.outputs...) {
		out[name] = masked(text(filepath.Join(dir, name)), strconv.Itoa(cmd.Process.Pid), text(filepath.Join(dir, "worker.pid")))
	}
	return out
}

// TestRunLoggingAsGunicorn compares every line that the real gunicorn logs with a configuration of logging with those here.
func TestRunLoggingAsGunicorn(t *testing.T) {
	t.Parallel()
	oracle.Modules(t, debianPython, "gunicorn", "pythonjsonlogger", "paste.deploy")
	for i := range loggingCases {
		c := &loggingCases[i]
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			atATime <- struct{}{}
			defer func() { <-atATime }()
			args := c.args
			if args == nil {
				args = []string{"-c", "gunicorn.conf.py"}
			}
			theirs := loggedBy(t, c, debianPython, append([]string{"-m", "gunicorn"}, args...)...)
			ours := loggedBy(t, c, "gsrv", append([]string{"run", "--no-check", "--python", debianPython, "--", "gunicorn"}, args...)...)
			lines := 0
			for name, want := range theirs {
				lines += len(want)
				if diff := cmp.Diff(want, ours[name]); diff != "" {
					t.Errorf("%s differs (- gunicorn, + here):\n%s", name, diff)
				}
			}
			if lines < 2*len(loggingRequests) {
				t.Errorf("only %d lines were compared", lines)
			}
		})
	}
}
