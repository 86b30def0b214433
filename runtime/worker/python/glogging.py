"""The logging of a configuration with logconfig, logconfig_dict, logconfig_json or logger_class: what gunicorn's
glogging.Logger sets up, and the class that the configuration names in its place."""
import base64
import binascii
import contextlib
import importlib
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

# The settings that loggers look at, with gunicorn's defaults.
DEFAULTS = {
    "loglevel": "info",
    "errorlog": "-",
    "accesslog": None,
    "access_log_format": '%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s"',
    "capture_output": False,
    "syslog": False,
    "syslog_addr": "udp://localhost:514",
    "syslog_prefix": None,
    "syslog_facility": "user",
    "disable_redirect_access_to_syslog": False,
    "logconfig": None,
    "logconfig_dict": {},
    "logconfig_json": None,
    "statsd_host": None,
    "statsd_prefix": "",
    "dogstatsd_tags": "",
    "enable_stdio_inheritance": False,
}

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


def reopen(log, start):
    """Opens log files again; what fails is told, and costs nothing else."""
    try:
        with log_umask(start):
            if type(log).reopen_files is Logger.reopen_files or start.get("uid") is None:
                log.reopen_files()
            else:
                reopen_files()  # gunicorn's own gives up at the first file that this account may not open
    except Exception:
        log.error("The log files could not be opened again:\n%s", traceback.format_exc())


@contextlib.contextmanager
def log_umask(start):
    """Lets log files be made as gunicorn makes them: with the umask that the server was started with, not with the setting,
    which leaves files open to everybody where it is not set."""
    mask = start.get("log_umask")
    if mask is None:
        yield
        return
    mask = os.umask(mask)
    try:
        yield
    finally:
        os.umask(mask)


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


def load_class(named):
    """The class of logger_class: an object, MODULE.CLASS, egg:PACKAGE#NAME, or (in gsrv.hcl) FILE.py:CLASS."""
    if not isinstance(named, str):
        return named
    if named in ("", "simple", "gunicorn.glogging.Logger", "egg:gunicorn#simple", "gunicorn.instrument.statsd.Statsd"):
        return Logger
    try:
        if named.startswith("egg:"):
            return entry_point(named)
        location, _, name = named.rpartition(":")
        if location.endswith(".py"):
            return hooks.read_file(location)[name]
        module, _, name = named.rpartition(".")
        if not module:
            raise LogConfigError("logger_class = %s: name it as MODULE.CLASS, or FILE.py:CLASS" % named)
        return getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as e:
        if (e.name or "").partition(".")[0] == "gunicorn":
            raise without_gunicorn("logger_class = %s is made of gunicorn's Logger" % named) from e
        raise LogConfigError("logger_class = %s: %s" % (named, e)) from e
    except (ImportError, AttributeError, KeyError) as e:
        raise LogConfigError("logger_class = %s: %s" % (named, e)) from e


def without_gunicorn(what):
    return LogConfigError(
        "%s, and gunicorn is not installed for %s. Install it there (pip install gunicorn): nothing of it runs but "
        "its module glogging. Or do without: a filter or a formatter in logconfig_dict needs no gunicorn."
        % (what, sys.executable)
    )


def entry_point(named):
    from importlib import metadata

    package, _, name = named[len("egg:") :].partition("#")
    for point in metadata.distribution(package).entry_points:
        if point.group == "gunicorn.loggers" and point.name == (name or "main"):
            return point.load()
    raise LogConfigError("logger_class = %s: there is no such entry point" % named)


def prepare(cfg, start, files):
    """Gives cfg what loggers look at. Files is the namespace of the configuration files: of a dictionary and a class the
    objects themselves count, with the classes and functions in them."""
    for name, value in DEFAULTS.items():
        cfg.settings.setdefault(name, value)
    settings = cfg.settings
    if isinstance(files.get("logconfig_dict"), dict):
        settings["logconfig_dict"] = files["logconfig_dict"]
    for name in ("logger_class", "logconfig", "logconfig_json"):
        # What is an object, or could not be told without running the file.
        if files.get(name) is not None and not isinstance(settings.get(name), str):
            settings[name] = files[name]
    for name in ("user", "group"):
        n = start.get({"user": "uid", "group": "gid"}[name])
        settings[name] = n if n is not None else {"user": os.geteuid, "group": os.getegid}[name]()
    settings["proc_name"] = settings.get("proc_name") or start.get("proc_name") or "gsrv"


def make(cfg, start, truncate):
    """Sets logging up and gives the logger. Truncate says that files whose handlers are to begin anew (mode "w") do so:
    of the processes that write to a file only the first may empty it, and all of them must append."""
    kind = load_class(cfg.get("logger_class") or "")
    if not callable(kind):
        raise LogConfigError("logger_class = %r is no class" % (kind,))
    if is_statsd(kind):
        only_own_metrics(cfg)
    if hasattr(kind, "install"):
        kind.install()
    opened = logging.FileHandler._open

    def append(handler):
        if "w" in handler.mode:
            if truncate:
                opened(handler).close()
            handler.mode = handler.mode.replace("w", "a")
        return opened(handler)

    logging.FileHandler._open = append
    try:
        return kind(cfg)
    except hooks.ConfigError:
        raise
    except RuntimeError as e:
        raise LogConfigError("the loggers cannot be set up: " + told(e)) from e
    except OSError as e:
        raise LogConfigError("the loggers cannot be set up: %s" % e) from e
    finally:
        logging.FileHandler._open = opened


def only_own_metrics(cfg):
    """The master counts what gunicorn's Statsd counts by itself, and twice would be wrong: of a class that is derived from it
    the metrics of its own remain."""
    base = sys.modules["gunicorn.instrument.statsd"]
    for name in ("critical", "error", "warning", "exception", "access"):
        setattr(base.Statsd, name, getattr(base.Logger, name))
    host = cfg.statsd_host
    if isinstance(host, str) and host.startswith("unix://"):
        cfg.settings["statsd_host"] = host[len("unix://") :]
    elif isinstance(host, str):
        host, _, port = host.partition(":")
        cfg.settings["statsd_host"] = (host, int(port or 8125))


def is_statsd(kind):
    return any(k.__module__ == "gunicorn.instrument.statsd" for k in getattr(kind, "__mro__", ()))


def own_process(pid):
    """A filter that gives the records of this process, which hooks of the master run in, the master's process id."""
    here = os.getpid()

    def stamp(record):
        if record.process == here == os.getpid():
            record.process = pid
        return True

    return stamp


def counted(send):
    """A filter that tells the master what is logged, for its statistics."""

    def count(record):
        if record.levelno >= logging.WARNING:
            level = {logging.WARNING: "warning", logging.ERROR: "error"}.get(record.levelno, "critical")
            send({"t": "logged", "level": level})
        return True

    return count
