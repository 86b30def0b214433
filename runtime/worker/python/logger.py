"""The log process: writes the records that the master sends, through the loggers that the configuration sets up."""
import io
import logging
import os
import signal
import socket
import struct
import sys
import time
import traceback
from datetime import timedelta

from gsrv_worker import glogging, hooks, loggers, process

FRAME = struct.Struct("<IB")
ERROR = struct.Struct("<IQB")
ACCESS = struct.Struct("<IQQQHH")

RECORD_ERROR, RECORD_ACCESS, REOPEN = 1, 2, 3
LEVELS = (0, 10, 20, 30, 40, 50)
NAMES = {10: "debug", 20: "info", 30: "warning", 40: "error", 50: "critical"}

getpid = os.getpid


class Origin:
    """Where and when the record at hand came to be: the process that it is of, and the time."""

    pid = None
    created = None


def originate():
    """Lets everything in this process that asks for the process id, and every record, tell those of the record's origin."""
    os.getpid = lambda: Origin.pid or getpid()
    make_record = logging.Logger.makeRecord

    def stamped(self, *args, **kwargs):
        record = make_record(self, *args, **kwargs)
        if Origin.created is not None:
            later = record.created - Origin.created
            record.created = Origin.created
            record.msecs = float(int((record.created - int(record.created)) * 1000))
            record.relativeCreated -= later * 1000
        return record

    logging.Logger.makeRecord = stamped


class Request(hooks.Request):
    """The request, as access() of a logger_class sees it."""

    headers = ()

    def __init__(self, environ, headers):
        super().__init__(environ)
        self.headers = headers


class Fields:
    """What the access log itself needs of a request."""

    def __init__(self, headers):
        self.headers = headers


class Response:
    """The answer, as access() of a logger_class sees it."""

    headers_sent = True
    chunked = must_close = upgrade = False
    version = "gsrv"

    def __init__(self, req, status, headers, sent):
        self.req = req
        self.status = status
        self.headers = headers
        self.sent = sent
        self.response_length = sent

    @property
    def status_code(self):
        return int(self.status.split(None, 1)[0])

    def should_close(self):
        return False


class Log:
    def __init__(self, start):
        self.start = start
        fds = start["fds"]
        for fd in fds.values():
            os.set_inheritable(fd, False)
        self.records = socket.socket(fileno=fds["records"])
        self.events = process.Events(socket.socket(fileno=fds["events"]))
        self.environ = {
            "wsgi.version": (1, 0),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": start["class"] != "sync",
            "wsgi.multiprocess": start["workers"] > 1,
            "wsgi.run_once": False,
            "wsgi.input": io.BytesIO(),
        }

    def boot(self):
        start = self.start
        if start.get("directory"):
            os.chdir(start["directory"])
        sys.path.insert(0, os.getcwd())
        for path in reversed(start.get("pythonpath") or []):
            sys.path.insert(0, os.path.abspath(path))
        try:
            with open("/proc/self/comm", "w") as f:
                f.write("gsrv-log")
        except OSError:
            pass
        originate()
        try:
            self.cfg = hooks.Config(start["settings"], start["files"])
        except ModuleNotFoundError as e:
            if (e.name or "").partition(".")[0] != "gunicorn":
                raise
            raise loggers.without_gunicorn("The configuration imports gunicorn (%s)" % e)
        loggers.prepare(self.cfg, start, self.cfg.files)
        Origin.pid = start["master"]
        self.log = loggers.make(self.cfg, start, start["first"])
        if self.cfg.logconfig_json and not self.cfg.logconfig_dict and not os.path.exists(self.cfg.logconfig_json):
            # gunicorn goes on in silence.
            self.log.warning("logconfig_json = %s: there is no such file, and the loggers are as without it", self.cfg.logconfig_json)
        Origin.pid = None
        if start.get("umask") is not None:
            start["log_umask"] = os.umask(start["umask"])
        process.own(start)
        self.access = self.log.access
        own = self.own = type(self.log) is glogging.Logger
        self.events.send(
            {
                "t": "ready",
                # A class may do with lines whatever it likes.
                "level": self.log.error_log.getEffectiveLevel() if own else 0,
                "access": not own or self.log.access_log_enabled and heard(self.log.access_log),
            }
        )

    def run(self):
        buf = bytearray(512 << 10)
        view = memoryview(buf)
        while True:
            n = self.records.recv_into(buf)
            if not n:
                return
            at = 0
            while at < n:
                size, kind = FRAME.unpack_from(view, at)
                at += FRAME.size
                try:
                    self.record(kind, view[at : at + size])
                except Exception:
                    # A filter or a class that fails costs its line, not the log.
                    Origin.pid = Origin.created = None
                    self.failed()
                at += size

    def failed(self):
        try:
            self.log.error("Exception while a line was logged:\n%s", traceback.format_exc())
        except Exception:
            traceback.print_exc()

    def record(self, kind, view):
        if kind == RECORD_ACCESS:
            self.request(view)
        elif kind == RECORD_ERROR:
            Origin.pid, created, level = ERROR.unpack_from(view)
            Origin.created = created / 1e9
            level = LEVELS[level]
            text = str(view[ERROR.size :], "utf-8", "replace")
            getattr(self.log, NAMES[level])(text)
        elif kind == REOPEN:
            loggers.reopen(self.log, self.start)
            return
        Origin.pid = Origin.created = None

    def request(self, view):
        pid, created, took, sent, n_in, n_out = ACCESS.unpack_from(view)
        parts = str(view[ACCESS.size :], "latin-1").split("\0")
        method, target, protocol, status, peer = parts[:5]
        at = 5
        end = at + 2 * n_in
        headers = [(name.upper(), value) for name, value in zip(parts[at:end:2], parts[at + 1 : end : 2])]
        at = end
        end = at + 2 * n_out
        answered = list(zip(parts[at:end:2], parts[at + 1 : end : 2]))
        environ = self.environ.copy()
        it = iter(parts[end:])
        environ.update(zip(it, it))
        if "REQUEST_METHOD" not in environ:  # nothing was made of the request
            path, _, query = target.partition("?")
            environ.update(
                REQUEST_METHOD=method, RAW_URI=target, SERVER_PROTOCOL=protocol, REMOTE_ADDR=peer,
                PATH_INFO=path, QUERY_STRING=query, SCRIPT_NAME="",
            )
        req = Fields(headers) if self.own else Request(environ, headers)
        Origin.pid = pid or self.start["master"]
        Origin.created = created / 1e9
        self.access(Response(req, status, answered, sent), req, environ, timedelta(microseconds=took // 1000))


def heard(log):
    """Whether a line at level info comes to any handler."""
    if log.disabled or not log.isEnabledFor(logging.INFO):
        return False
    while log:
        if any(not isinstance(h, logging.NullHandler) for h in log.handlers):
            return True
        if not log.propagate:
            return False
        log = log.parent
    return False


def end(master):
    """SIGTERM of the kernel when the master has died, or of whoever stops a whole group: what has come is written first."""

    def handle(sig, frame):
        if os.getppid() != master:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(5)

    return handle


def main(start):
    for s in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH):
        signal.signal(s, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, end(start["master"]))
    log = Log(start)
    try:
        log.boot()
    except SystemExit:
        raise
    except BaseException as e:
        reason = str(e) if isinstance(e, hooks.ConfigError) else traceback.format_exc()
        log.events.send({"t": "failed", "msg": reason[-60000:]})
        sys.exit(1)
    log.run()
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass
