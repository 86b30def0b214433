"""Reads cases as JSON lines and answers each with what the installed gunicorn makes of it.

A case is {"dir": ..., "argv": [...], "env": {...}}; the answer {"exit": n, "settings": {name: printed text} or null,
"stderr": last lines}. Each case has a child process of its own: gunicorn reads variables when it is imported. The
application is not loaded.
"""
import argparse, ast, configparser, copy, glob, grp, importlib.machinery, importlib.util, inspect, io, ipaddress, json, os, pwd, re, shlex, socket, ssl, sys, textwrap, traceback, warnings  # noqa: E401,F401 (loaded once, before the children)

try:
    import pkg_resources  # noqa: F401
except ImportError:
    pass

if not hasattr(inspect, "getargspec"):  # releases before 19.8 ask for it
    inspect.getargspec = lambda f: inspect.getfullargspec(f)[:4]


def case(c):
    os.chdir(c["dir"])
    os.environ.clear()
    os.environ.update(c["env"])
    sys.argv = ["gunicorn", *c["argv"]]
    err = io.StringIO()
    sys.stderr, sys.stdout = err, io.StringIO()
    code, settings = 0, None
    try:
        from gunicorn.app.wsgiapp import WSGIApplication

        app = WSGIApplication("%(prog)s [OPTIONS] [APP_MODULE]")
        settings = {}
        for name, setting in app.cfg.settings.items():
            v = setting.value
            try:
                settings[name] = "<{}()>".format(v.__qualname__) if callable(v) else str(v)
            except Exception:
                pass
    except SystemExit as e:
        code = e.code if isinstance(e.code, int) else 0 if e.code is None else 1
    except BaseException:
        code = 1
        traceback.print_exc()
    return {"exit": code, "settings": settings, "stderr": err.getvalue()[-4000:]}


def main():
    if sys.path and sys.path[0] in ("", os.path.dirname(os.path.abspath(__file__))):
        sys.path.pop(0)
    out = sys.stdout
    for line in sys.stdin:
        c = json.loads(line)
        r, w = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(r)
            try:
                answer = json.dumps(case(c))
            except BaseException as e:
                answer = json.dumps({"exit": -1, "settings": None, "stderr": repr(e)})
            with os.fdopen(w, "w") as f:
                f.write(answer)
            os._exit(0)
        os.close(w)
        with os.fdopen(r) as f:
            answer = f.read()
        os.waitpid(pid, 0)
        out.write(answer + "\n")
        out.flush()


main()
