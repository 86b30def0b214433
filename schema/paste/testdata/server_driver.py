"""Starts servers up to the point where they would listen, and takes pserve's command line apart. JSON lines."""
import contextlib
import io
import json
import sys

from pyramid.scripts.pserve import PServeCommand
from waitress.adjustments import Adjustments
import paste.httpserver


def waitress(conf):
    a = Adjustments(**conf)
    out = {}
    for name, _ in Adjustments._params:
        v = getattr(a, name)
        if isinstance(v, set):
            v = sorted(v)
        if name not in ("listen", "sockets", "host", "port") or name in conf:
            out[name] = v if isinstance(v, (bool, int, str, list, type(None))) else str(v)
    return out


class Stop(Exception):
    pass


def paste_http(conf):
    class Server(paste.httpserver.WSGIThreadPoolServer):
        def __init__(self, app, address, handler, ssl=None, nworkers=10, daemon_threads=False, threadpool_options=None, request_queue_size=None):
            # what ThreadPoolMixIn hands on, without the socket; threads are not started
            spawn = paste.httpserver.ThreadPool.add_worker_thread
            paste.httpserver.ThreadPool.add_worker_thread = lambda *a, **k: None
            try:
                paste.httpserver.ThreadPool(nworkers, **(threadpool_options or {}))
            finally:
                paste.httpserver.ThreadPool.add_worker_thread = spawn
            raise Stop([*address])

    class Plain:
        def __init__(self, app, address, *a, **k):
            raise Stop([*address])

    before = paste.httpserver.WSGIThreadPoolServer, paste.httpserver.WSGIServer
    paste.httpserver.WSGIThreadPoolServer, paste.httpserver.WSGIServer = Server, Plain
    try:
        paste.httpserver.server_runner(None, {}, **conf)
    except Stop as e:
        return e.args[0]
    finally:
        paste.httpserver.WSGIThreadPoolServer, paste.httpserver.WSGIServer = before


def pserve(argv):
    return vars(PServeCommand.parser.parse_args(argv))


CALLS = {"waitress": waitress, "paste": paste_http, "pserve": pserve}

for question in sys.stdin:
    q = json.loads(question)
    err = io.StringIO()
    try:
        with contextlib.redirect_stderr(err), contextlib.redirect_stdout(io.StringIO()):
            answer = {"ok": CALLS[q["call"]](q["args"])}
    except SystemExit as e:
        answer = {"error": "SystemExit", "message": err.getvalue().strip().splitlines()[-1] if e.code else ""}
    except Exception as e:
        answer = {"error": type(e).__name__, "message": str(e)}
    print(json.dumps(answer))
