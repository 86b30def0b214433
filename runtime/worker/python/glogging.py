"""The logging of a configuration with logconfig, logconfig_dict or logconfig_json, as gunicorn's glogging.Logger sets it up."""
import base64
import binascii
import json
import logging
import logging.config
import logging.handlers
import os
import socket
import sys
import threading
import time
import traceback

from gsrv_worker import hooks

# What dictConfig gets where the configuration does not say otherwise, key by key of the top level; fileConfig gets it as
# the defaults of its parser.
GENERIC = {
    "version": 1,
    "disable_existing_loggers": False,
    "root": {"level": "INFO", "handlers": ["console"]},
    "loggers": {
        name: {"level": "INFO", "handlers": [handler], "propagate": True, "qualname": name}
        for name, handler in (("gunicorn.error", "error_console"), ("gunicorn.access", "console"))
    },
    "handlers": {
        name: {"class": "logging.StreamHandler", "formatter": "generic", "stream": "ext://sys." + stream}
        for name, stream in (("console", "stdout"), ("error_console", "stderr"))
    },
    "formatters": {
        "generic": {
            "format": "%(asctime)s [%(process)d] [%(levelname)s] %(message)s",
            "datefmt": "[%Y-%m-%d %H:%M:%S %z]",
            "class": "logging.Formatter",
        }
    },
}

FACILITIES = dict(logging.handlers.SysLogHandler.facility_names)


class LogConfigError(hooks.ConfigError):
    """What the configuration says of logging cannot be done; the message says all."""


class SafeAtoms(dict):
    """The atoms of a request: one that is not there is "-", names in braces are found in any case, quotes are escaped."""

    def __init__(self, atoms):
        super().__init__(atoms)
        for key, value in atoms.items():
            if isinstance(value, str) and '"' in value:
                self[key] = value.replace('"', '\\"')

    def __getitem__(self, key):
        if key.startswith("{"):
            key = key.lower()
        return super().get(key, "-")


def user_of(environ):
    """The name in basic credentials, or None."""
    scheme, space, rest = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if not space or not scheme.lower().startswith("basic"):
        return None
    try:
        return base64.b64decode(rest.strip().encode("utf-8")).split(b":", 1)[0].decode("utf-8")
    except (TypeError, ValueError, binascii.Error):
        return None


def pairs(headers):
    return headers.items() if hasattr(headers, "items") else headers


class Logger:
    """worker.log and server.log, and what writes the access log: the methods and attributes of gunicorn's Logger."""

    LOG_LEVELS = {
        "critical": logging.CRITICAL,
        "error": logging.ERROR,
        "warning": logging.WARNING,
        "info": logging.INFO,
        "debug": logging.DEBUG,
    }
    loglevel = logging.INFO
    error_fmt = r"%(asctime)s [%(process)d] [%(levelname)s] %(message)s"
    datefmt = r"[%Y-%m-%d %H:%M:%S %z]"
    access_fmt = "%(message)s"
    syslog_fmt = "[%(process)d] %(message)s"
    atoms_wrapper_class = SafeAtoms

    def __init__(self, cfg):
        self.cfg = cfg
        self.error_log = logging.getLogger("gunicorn.error")
        self.access_log = logging.getLogger("gunicorn.access")
        self.error_log.propagate = self.access_log.propagate = False
        self.error_handlers, self.access_handlers = [], []
        self.logfile = None
        self.lock = threading.Lock()
        self.setup(cfg)

    def setup(self, cfg):
        self.loglevel = self.LOG_LEVELS.get(cfg.loglevel.lower(), logging.INFO)
        self.error_log.setLevel(self.loglevel)
        self.access_log.setLevel(logging.INFO)
        if cfg.capture_output and cfg.errorlog != "-":
            self.capture()
        self.to(self.error_log, cfg.errorlog, logging.Formatter(self.error_fmt, self.datefmt), None)
        if cfg.accesslog is not None:
            self.to(self.access_log, cfg.accesslog, logging.Formatter(self.access_fmt), sys.stdout)
        if cfg.syslog:
            self.to_syslog(self.error_log, "error")
            if not cfg.disable_redirect_access_to_syslog:
                self.to_syslog(self.access_log, "access")
        self.configure(cfg)

    def capture(self):
        """What is printed goes to the error log's file."""
        for stream in sys.stdout, sys.stderr:
            stream.flush()
        if self.logfile is not None:
            self.logfile.close()
        self.logfile = open(self.cfg.errorlog, "a+")
        for stream in sys.stdout, sys.stderr:
            os.dup2(self.logfile.fileno(), stream.fileno())

    def to(self, log, output, formatter, stream):
        if output is None:
            return
        if output == "-":
            handler = logging.StreamHandler(stream)
        else:
            handler = logging.FileHandler(output)
            try:
                os.chown(handler.baseFilename, self.cfg.user, self.cfg.group)  # workers open it again
            except OSError:
                pass
        handler.setFormatter(formatter)
        handler._gunicorn = True
        log.addHandler(handler)

    def to_syslog(self, log, name):
        cfg = self.cfg
        prefix = "gunicorn.%s.%s" % (cfg.syslog_prefix or cfg.proc_name.replace(":", "."), name)
        facility = FACILITIES.get(cfg.syslog_facility.lower())
        if facility is None:
            raise LogConfigError("syslog_facility = %s: there is no such facility" % cfg.syslog_facility)
        kind, address = syslog_address(cfg.syslog_addr)
        handler = logging.handlers.SysLogHandler(address=address, facility=facility, socktype=kind)
        handler.setFormatter(logging.Formatter("%s: %s" % (prefix, self.syslog_fmt)))
        handler._gunicorn = True
        log.addHandler(handler)

    def configure(self, cfg):
        """The three settings, of which the first that is there counts."""
        wrong = (AttributeError, ImportError, ValueError, TypeError)
        if cfg.logconfig_dict:
            try:
                logging.config.dictConfig(dict(GENERIC, **cfg.logconfig_dict))
            except wrong as e:
                raise LogConfigError("logconfig_dict: " + told(e)) from e
        elif cfg.logconfig_json:
            if os.path.exists(cfg.logconfig_json):
                try:
                    with open(cfg.logconfig_json) as f:
                        logging.config.dictConfig(dict(GENERIC, **json.load(f)))
                except wrong as e:
                    raise LogConfigError("logconfig_json = %s: %s" % (cfg.logconfig_json, told(e))) from e
        elif cfg.logconfig:
            if not os.path.exists(cfg.logconfig):
                raise LogConfigError("Error: log config '%s' not found" % cfg.logconfig)
            defaults = dict(GENERIC, __file__=cfg.logconfig, here=os.path.dirname(cfg.logconfig))
            logging.config.fileConfig(cfg.logconfig, defaults=defaults, disable_existing_loggers=False)

    def critical(self, msg, *args, **kwargs):
        self.error_log.critical(msg, *args, **kwargs)

    def error(self, msg, *args, **kwargs):
        self.error_log.error(msg, *args, **kwargs)

    def warning(self, msg, *args, **kwargs):
        self.error_log.warning(msg, *args, **kwargs)

    def info(self, msg, *args, **kwargs):
        self.error_log.info(msg, *args, **kwargs)

    def debug(self, msg, *args, **kwargs):
        self.error_log.debug(msg, *args, **kwargs)

    def exception(self, msg, *args, **kwargs):
        self.error_log.exception(msg, *args, **kwargs)

    def log(self, lvl, msg, *args, **kwargs):
        if isinstance(lvl, str):
            lvl = self.LOG_LEVELS.get(lvl.lower(), logging.INFO)
        self.error_log.log(lvl, msg, *args, **kwargs)

    def atoms(self, resp, req, environ, request_time):
        status = resp.status
        if isinstance(status, str):
            status = status.split(None, 1)[0]
        get = environ.get
        us = request_time.seconds * 1000000 + request_time.microseconds
        atoms = {
            "h": get("REMOTE_ADDR", "-"),
            "l": "-",
            "u": user_of(environ) or "-",
            "t": self.now(),
            "r": "%s %s %s" % (environ["REQUEST_METHOD"], environ["RAW_URI"], environ["SERVER_PROTOCOL"]),
            "s": status,
            "m": get("REQUEST_METHOD"),
            "U": get("PATH_INFO"),
            "q": get("QUERY_STRING"),
            "H": get("SERVER_PROTOCOL"),
            "b": "-" if resp.sent is None else str(resp.sent),
            "B": resp.sent,
            "f": get("HTTP_REFERER", "-"),
            "a": get("HTTP_USER_AGENT", "-"),
            "T": request_time.seconds,
            "D": us,
            "M": us // 1000,
            "L": "%d.%06d" % (request_time.seconds, request_time.microseconds),
            "p": "<%s>" % os.getpid(),
        }
        for name, value in pairs(req.headers):
            atoms["{%s}i" % name.lower()] = value
        for name, value in pairs(resp.headers):
            atoms["{%s}o" % name.lower()] = value
        for name, value in environ.items():
            atoms["{%s}e" % name.lower()] = value
        return atoms

    @property
    def access_log_enabled(self):
        cfg = self.cfg
        to_syslog = cfg.syslog and not cfg.disable_redirect_access_to_syslog
        return bool(cfg.accesslog or cfg.logconfig or cfg.logconfig_dict or cfg.logconfig_json or to_syslog)

    def access(self, resp, req, environ, request_time):
        if not self.access_log_enabled:
            return
        atoms = self.atoms_wrapper_class(self.atoms(resp, req, environ, request_time))
        try:
            self.access_log.info(self.cfg.access_log_format, atoms)
        except Exception:
            self.error(traceback.format_exc())

    def now(self):
        return time.strftime("[%d/%b/%Y:%H:%M:%S %z]")

    def reopen_files(self):
        if self.cfg.capture_output and self.cfg.errorlog != "-":
            with self.lock:
                self.capture()
        reopen_files()

    def close_on_exec(self):
        """Kept for hooks: Python's descriptors are closed on exec."""


def reopen_files():
    """Opens every logger's files by their names again; one that cannot be opened goes on."""
    failed = []
    for handler in handlers():
        if not isinstance(handler, logging.FileHandler):
            continue
        handler.acquire()
        try:
            if handler.stream:
                fresh = handler._open()
                handler.stream.close()
                handler.stream = fresh
        except OSError as e:
            failed.append(e)
        finally:
            handler.release()
    for e in failed:
        logging.getLogger("gunicorn.error").error("a log file stays as it is: %s", e)


def handlers():
    """The handlers of all loggers, each once."""
    found = {}
    for log in [logging.root] + list(logging.root.manager.loggerDict.values()):
        for handler in getattr(log, "handlers", ()):
            found[id(handler)] = handler
    return list(found.values())


def syslog_address(address):
    """(type of socket or None, address) for SysLogHandler."""
    if address.startswith("unix://"):
        path, _, kind = address[len("unix://") :].partition("#")
        return (socket.SOCK_DGRAM if kind == "dgram" else None), path
    for scheme, kind in (("udp://", socket.SOCK_DGRAM), ("tcp://", socket.SOCK_STREAM)):
        if address.startswith(scheme):
            host, port = address[len(scheme) :].lower(), ""
            if host.startswith("[") and "]" in host:
                host, _, port = host[1:].partition("]")
                port = port.lstrip(":")
            elif ":" in host:
                host, port = host.split(":", 1)
            if port and not port.isdigit():
                raise LogConfigError("syslog_addr = %s: %r is not a port number" % (address, port))
            return kind, (host or "localhost", int(port or 514))
    raise LogConfigError("syslog_addr = %s: it must begin with udp://, tcp:// or unix://" % address)


def told(e):
    """An error of logging.config with what it came from: its own words are often "Unable to configure handler 'x'"."""
    text = str(e) or type(e).__name__
    cause = e.__cause__
    while cause is not None:
        if str(cause) not in text:
            text += ": %s" % (str(cause) or type(cause).__name__)
        cause = cause.__cause__
    return text
