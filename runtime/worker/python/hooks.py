"""What gunicorn's hooks get: the configuration, the server, the logger, the request."""
import importlib
import importlib.machinery
import importlib.util
import inspect
import os
import sys
import traceback

# The hooks and how many arguments each takes.
HOOKS = {
    "on_starting": 1,
    "on_reload": 1,
    "when_ready": 1,
    "pre_fork": 2,
    "post_fork": 2,
    "post_worker_init": 1,
    "worker_int": 1,
    "worker_abort": 1,
    "pre_exec": 1,
    "pre_request": 2,
    "post_request": 4,
    "child_exit": 2,
    "worker_exit": 2,
    "nworkers_changed": 3,
    "on_exit": 1,
}


class ConfigError(Exception):
    """The hooks' file cannot be used."""


def nothing(*args):
    """A hook that was not set."""


def read_file(location):
    """Runs a configuration file as gunicorn does, as the module __config__; gives its names."""
    if location.startswith("python:"):
        return vars(importlib.import_module(location[len("python:") :]))
    path = location[len("file:") :] if location.startswith("file:") else location
    if not os.path.exists(path):
        raise ConfigError("%r doesn't exist" % path)
    loader = importlib.machinery.SourceFileLoader("__config__", path)
    spec = importlib.util.spec_from_file_location("__config__", path, loader=loader)
    mod = importlib.util.module_from_spec(spec)
    sys.modules["__config__"] = mod
    spec.loader.exec_module(mod)
    return vars(mod)


def resolve(name, reference):
    """The function of FILE.py:NAME, MODULE:NAME or, as with gunicorn, MODULE.NAME."""
    location, colon, attribute = reference.rpartition(":")
    if not colon:
        location, _, attribute = reference.rpartition(".")
    try:
        if location.endswith(".py") or "/" in location:
            return read_file(location)[attribute]
        return getattr(importlib.import_module(location), attribute)
    except (ImportError, ValueError, AttributeError, KeyError) as e:
        raise ConfigError("%s = %s: there is no such function (%s: %s)" % (name, reference, type(e).__name__, e))


class Config:
    """cfg: every setting by name, and the hooks as methods."""

    def __init__(self, settings, files):
        values = self.files = {}
        for location in files:
            values.update(read_file(location))
        # The settings that gsrv resolved count; the files' other names (a hook's own) are looked up in them.
        self.settings = dict(settings)
        for name in HOOKS:
            f = values.get(name)
            if isinstance(self.settings.get(name), str):
                f = self.settings.pop(name)
            if isinstance(f, str):
                f = resolve(name, f)
            if f is not None and not callable(f):
                raise ConfigError("%s in %s is not callable" % (name, ", ".join(files)))
            if f is not None and f is not nothing:
                check(name, f)
            setattr(self, name, adapt(name, f) if f is not None else nothing)
        self.has_request_hooks = not (self.pre_request is nothing and self.post_request is nothing)

    def __getattr__(self, name):
        try:
            return self.__dict__["settings"][name]
        except KeyError:
            raise AttributeError("No configuration setting for: %s" % name)

    def get(self, name, default=None):
        return self.settings.get(name, default)

    def set(self, name, value):
        self.settings[name] = value


def arity(f):
    """How many positional arguments f takes; None where it takes any number."""
    try:
        parameters = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):
        return None
    n = 0
    for p in parameters:
        if p.kind is p.VAR_POSITIONAL:
            return None
        if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD):
            n += 1
    return n


def check(name, f):
    n = arity(f)
    want = HOOKS[name]
    allowed = (2, 3, 4) if name == "post_request" else (want,)
    if n is not None and n not in allowed and not has_defaults(f, want):
        raise ConfigError("%s must take %d arguments, not %d" % (name, want, n))


def has_defaults(f, want):
    try:
        inspect.signature(f).bind(*[None] * want)
    except TypeError:
        return False
    return True


def adapt(name, f):
    """post_request may leave out its last arguments, as it does for gunicorn."""
    if name != "post_request":
        return f
    n = arity(f)
    if n == 3:
        return lambda worker, req, environ, resp: f(worker, req, environ)
    if n == 2:
        return lambda worker, req, environ, resp: f(worker, req)
    return f


def access_logger():
    """What hooks and the application have done to the logger gunicorn.access: its filters and handlers."""
    logging = sys.modules.get("logging")
    if logging is None:
        return []
    logger = logging.root.manager.loggerDict.get("gunicorn.access")
    return list(getattr(logger, "filters", ())) + list(getattr(logger, "handlers", ()))


def warn_access(log, cfg, before):
    """Tells of filters and handlers that do nothing, since requests are not logged in this process."""
    added = [x for x in access_logger() if x not in before and type(x).__name__ != "NullHandler"]
    if added and (before or cfg.get("accesslog")):
        log.warning(
            "%s was added to the logger gunicorn.access by the configuration, a hook or the application, and does nothing: "
            "requests are logged by another process. Name it in logconfig_dict, or add it in setup() of a logger_class.",
            ", ".join(getattr(x, "__name__", type(x).__name__) for x in added),
        )


class Log:
    """server.log and worker.log: the methods of gunicorn's logger. Lines go to the master's error log."""

    LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}

    def __init__(self, send, level):
        self.send = send
        self.level = self.LEVELS.get(level, 20)

    def write(self, level, msg, args, kwargs):
        if self.LEVELS[level] < self.level:
            return
        try:
            if args:
                # A single mapping serves %(name)s, as in logging.
                msg = msg % (args[0] if len(args) == 1 and isinstance(args[0], dict) and args[0] else args)
            msg = str(msg)
        except Exception:
            msg = "%s %r" % (msg, args)
        info = kwargs.get("exc_info")
        if info:
            if isinstance(info, BaseException):
                info = (type(info), info, info.__traceback__)
            elif not isinstance(info, tuple):
                info = sys.exc_info()
            if info[0] is not None:
                msg += "\n" + "".join(traceback.format_exception(*info)).rstrip("\n")
        self.send({"t": "log", "level": level, "msg": msg[:100000]})

    def debug(self, msg, *args, **kwargs):
        self.write("debug", msg, args, kwargs)

    def info(self, msg, *args, **kwargs):
        self.write("info", msg, args, kwargs)

    def warning(self, msg, *args, **kwargs):
        self.write("warning", msg, args, kwargs)

    warn = warning

    def error(self, msg, *args, **kwargs):
        self.write("error", msg, args, kwargs)

    def critical(self, msg, *args, **kwargs):
        self.write("critical", msg, args, kwargs)

    def exception(self, msg, *args, **kwargs):
        kwargs.setdefault("exc_info", True)
        self.write("error", msg, args, kwargs)

    def log(self, level, msg, *args, **kwargs):
        if not isinstance(level, str):
            level = {10: "debug", 20: "info", 30: "warning", 40: "error", 50: "critical"}.get(level, "info")
        self.write(level.lower(), msg, args, kwargs)

    def access(self, *args):
        """The access log is the master's."""

    def reopen_files(self):
        """Log files are the master's."""

    def close_on_exec(self):
        """Log files are the master's."""


class Server:
    """The arbiter, as hooks see it: its pid is the master's, so that signals to it mean what they mean for gunicorn."""

    def __init__(self, cfg, log, pid, workers, app):
        self.cfg = cfg
        self.log = log
        self.pid = pid
        self.app = app
        self.num_workers = workers
        self.WORKERS = {}
        self.LISTENERS = []
        self.worker_age = 0
        self.address = cfg.get("address") or cfg.get("bind")
        self.timeout = cfg.get("timeout", 30)
        self.proc_name = cfg.get("proc_name") or "gsrv"
        self.master_name = "Master"
        self.master_pid = 0
        self.reexec_pid = 0
        self.worker_class = cfg.get("worker_class")

    def __repr__(self):
        return "<Server %s>" % self.pid


class Request:
    """The request, as pre_request and post_request see it."""

    def __init__(self, environ):
        self.environ = environ
        self.method = environ.get("REQUEST_METHOD")
        self.uri = environ.get("RAW_URI", "")
        self.path = self.uri.partition("#")[0].partition("?")[0] or environ.get("PATH_INFO", "")
        self.query = environ.get("QUERY_STRING", "")
        self.fragment = self.uri.partition("#")[2]
        self.scheme = environ.get("wsgi.url_scheme", "http")
        self.body = environ.get("wsgi.input")
        major, _, minor = environ.get("SERVER_PROTOCOL", "HTTP/1.1").partition("/")[2].partition(".")
        self.version = (int(major or 1), int(minor or 0))
        peer = environ.get("REMOTE_ADDR", "")
        self.peer_addr = self.remote_addr = (peer, int(environ.get("REMOTE_PORT") or 0)) if peer else b""
        self.trailers = []
        self.proxy_protocol_info = None
        self.must_close = False
        self.req_number = 1

    @property
    def headers(self):
        """Names in capitals with hyphens, as gunicorn has them."""
        fields = []
        for key, value in self.environ.items():
            if key.startswith("HTTP_"):
                fields.append((key[5:].replace("_", "-"), value))
            elif key in ("CONTENT_TYPE", "CONTENT_LENGTH") and value:
                fields.append((key.replace("_", "-"), value))
        return fields

    def should_close(self):
        return self.must_close

    def force_close(self):
        self.must_close = True
