"""Sets Python's logging up for a process: finds the class of the logger, makes it, and lets its files be opened again."""
import contextlib
import importlib
import logging
import os
import sys
import traceback

from gsrv_worker import hooks
from gsrv_worker.glogging import LogConfigError, Logger, reopen_files, told

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
