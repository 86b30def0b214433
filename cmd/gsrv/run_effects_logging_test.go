//go:build linux

package main

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"gsrv/fixtures/oracle"
)

// plainLogging is what Python's logging is told in several forms: a file for each of the two logs.
const plainLogging = `{"version": 1, "formatters": {"short": {"format": "short %(name)s %(levelname)s %(message)s"}},
	"handlers": {"lines": {"class": "logging.FileHandler", "filename": "lines.log", "formatter": "short"}},
	"root": {"handlers": ["lines"], "level": "WARNING"},
	"loggers": {"gunicorn.error": {"handlers": ["lines"], "level": "INFO", "propagate": false}, "gunicorn.access": {"handlers": ["lines"], "level": "INFO", "propagate": false}}}`

// sees wants lines in a file of the server's directory.
func (s *testServer) sees(t *testing.T, file string, want ...string) {
	t.Helper()
	until(t, func() bool {
		got := text(filepath.Join(s.dir, file))
		for _, w := range want {
			if !strings.Contains(got, w) {
				return false
			}
		}
		return true
	})
}

// ownLogs is what is seen where Python's logging is not asked for: gsrv's own lines, and no process beside the workers'.
func ownLogs(t *testing.T, s *testServer) {
	s.await(1, `^\[.*\] \[INFO\] Listening at`)
	if n := children(t, s.cmd.Process.Pid); n != 1 {
		t.Errorf("%d processes beside gsrv's own, want the one that workers are forked from", n)
	}
}

// loggedInFile is what plainLogging leads to.
func loggedInFile(t *testing.T, s *testServer) {
	socket := filepath.Join(s.dir, "s.sock")
	until(t, func() bool { _, err := tryGet(socket, "/logged"); return err == nil })
	s.sees(t, "lines.log", "short gunicorn.error INFO Listening at: unix:", "short gunicorn.error INFO Booting worker", `"GET /logged HTTP/1.1" 200`)
	if n := children(t, s.cmd.Process.Pid); n != 2 {
		t.Errorf("%d processes beside gsrv's own, want the log process and the one that workers are forked from", n)
	}
	s.signal(syscall.SIGTERM)
	if code := s.exit(); code != 0 {
		t.Errorf("exit status %d", code)
	}
	s.sees(t, "lines.log", "Shutting down: Master")
	if out := s.output(); strings.Contains(out, "Listening") {
		t.Errorf("lines elsewhere as well:\n%s", out)
	}
}

// loggingEffects are of settings that let Python's logging write the logs.
var loggingEffects = []effect{
	{
		name: "logconfig_dict", server: "gunicorn", settings: "logconfig_dict",
		conf:    "bind = 'unix:s.sock'\nlogconfig_dict = " + strings.ReplaceAll(plainLogging, "false", "False") + "\n",
		observe: loggedInFile, without: "logconfig_dict = {}\n", otherwise: ownLogs,
	},
	{
		name: "logconfig_json", server: "gunicorn", settings: "logconfig_json",
		conf: "bind = 'unix:s.sock'\nlogconfig_json = 'logging.json'\n", files: map[string]string{"logging.json": plainLogging},
		observe: loggedInFile, without: "logconfig_json = None\n", otherwise: ownLogs,
	},
	{
		name: "logconfig", server: "gunicorn", settings: "logconfig",
		conf: "bind = 'unix:s.sock'\nlogconfig = 'logging.ini'\n", files: map[string]string{"logging.ini": `[loggers]
keys = root, error, access
[handlers]
keys = lines
[formatters]
keys = short
[logger_root]
handlers = lines
level = WARNING
[logger_error]
qualname = gunicorn.error
handlers = lines
level = INFO
propagate = 0
[logger_access]
qualname = gunicorn.access
handlers = lines
level = INFO
propagate = 0
[handler_lines]
class = FileHandler
formatter = short
args = ('lines.log',)
[formatter_short]
format = short %(name)s %(levelname)s %(message)s
`},
		observe: loggedInFile, without: "logconfig = None\n", otherwise: ownLogs,
	},
	{
		// A class of one's own needs no gunicorn; TestRunLoggingAsGunicorn has those that are derived from gunicorn's.
		name: "logger_class", server: "gunicorn", settings: "logger_class",
		conf: "logger_class = 'own.Logger'\n", files: map[string]string{"own.py": `import os
class Logger:
    def __init__(self, cfg):
        self.cfg = cfg
        self.access_log = self.error_log = None
    def say(self, level, text):
        with open("own.log", "a") as f:
            f.write("%s: %s\n" % (level, text))
    def info(self, msg, *args, **kwargs): self.say("info", msg % args if args else msg)
    def debug(self, msg, *args, **kwargs): pass
    warning = error = critical = exception = info
    def access(self, resp, req, environ, request_time):
        self.say("request", "%s %s %s %s" % (req.method, req.path, resp.status_code, environ["QUERY_STRING"]))
    def reopen_files(self): self.say("reopened", self.cfg.proc_name)
    def close_on_exec(self): pass
`},
		observe: func(t *testing.T, s *testServer) {
			var address string
			until(t, func() bool {
				address = between(text(filepath.Join(s.dir, "own.log")), "info: Listening at: http://", " ")
				return address != ""
			})
			get(t, address, "/logged?a=b")
			s.sees(t, "own.log", "info: Booting worker with pid", "request: GET /logged 200 a=b\n")
			s.signal(syscall.SIGUSR1)
			// The log process, the one that workers are forked from, and the worker.
			until(t, func() bool { return strings.Count(text(filepath.Join(s.dir, "own.log")), "reopened: probe:app\n") == 3 })
		},
		without: "logger_class = 'gunicorn.glogging.Logger'\n", otherwise: ownLogs,
	},
	{
		name: "log.config", server: "gsrv", settings: "log.config",
		conf:    "app \"probe:app\" {}\nlisten \"unix:s.sock\" {}\nlog {\n  config = " + strings.NewReplacer(": ", " = ").Replace(plainLogging) + "\n}\n",
		observe: loggedInFile,
	},
	{
		name: "log.config_file", server: "gsrv", settings: "log.config_file",
		conf:    "app \"probe:app\" {}\nlisten \"unix:s.sock\" {}\nlog {\n  config_file = \"logging.json\"\n}\n",
		files:   map[string]string{"logging.json": plainLogging},
		observe: loggedInFile,
	},
	{
		name: "log.class", server: "gsrv", settings: "log.class",
		conf: "app \"probe:app\" {}\nlisten \"unix:s.sock\" {}\nlog {\n  class = \"own.py:Logger\"\n}\n",
		args: []string{"--python", debianPython},
		files: map[string]string{"own.py": `from gunicorn.glogging import Logger as Base
class Logger(Base):
    def info(self, msg, *args, **kwargs):
        super().info("own " + msg, *args, **kwargs)
`},
		prepare: func(t *testing.T, _ string) { oracle.Modules(t, debianPython, "gunicorn") },
		observe: func(t *testing.T, s *testServer) { s.await(1, `\[INFO\] own Listening at`) },
	},
}
