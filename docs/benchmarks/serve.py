#!/usr/bin/env python3
"""Runs gsrv's server and its peers on one application, in turn, under wrk, and prints requests per second and ratios.

usage: serve.py GSRV [--rounds N] [--seconds N] [--servers "A;B"] [--scenarios "A;B"] [--python PYTHON]

Every server has two worker processes and listens on loopback; one runs at a time. A round takes each server once, in
an order that turns, and a figure is the median of the rounds. wrk shares the machine with the servers, so ratios are
what counts. gsrv runs the Python that the distribution's servers run (--python names another). Needs wrk, gunicorn, uwsgi
with its Python plugin, nginx, waitress, uvicorn, Apache with mod_wsgi and Flask.
"""
import argparse
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

APP = '''
BODY = b"Hello, world!\\n"
TEN = b"x" * 10240
MIB = b"y" * (1 << 20)


def app(environ, start_response):
    path = environ["PATH_INFO"]
    body = TEN if path == "/10k" else MIB if path == "/1m" else BODY
    if environ["REQUEST_METHOD"] == "POST":
        body = b"%d\\n" % len(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


application = app
'''

FLASK = '''
from flask import Flask

app = application = Flask(__name__)


@app.route("/")
def hello():
    return "Hello, world!\\n"
'''

ASGI = '''
from uvicorn.middleware.wsgi import WSGIMiddleware
from bench_app import app as wsgi

app = WSGIMiddleware(wsgi)
'''

POST = '''
wrk.method = "POST"
wrk.body = string.rep("z", 10240)
'''

SCENARIOS = {
    # name: (application, path, clients, keep-alive, wrk script)
    "hello, 32 clients": ("bench_app", "/", 32, True, None),
    "hello, 256 clients": ("bench_app", "/", 256, True, None),
    "hello, 32 clients, no keep-alive": ("bench_app", "/", 32, False, None),
    "10 KiB, 32 clients": ("bench_app", "/10k", 32, True, None),
    "1 MiB, 32 clients": ("bench_app", "/1m", 32, True, None),
    "POST 10 KiB, 32 clients": ("bench_app", "/", 32, True, POST),
    "Flask, 32 clients": ("bench_flask", "/", 32, True, None),
}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def write(name, text):
    with open(name, "w") as f:
        f.write(text)
    return name


UWSGI = ["uwsgi", "--plugin", "python3", "--master", "--need-app", "--processes", "2", "--disable-logging", "--die-on-term", "--listen", "128"]

NGINX = """
daemon off; master_process on; worker_processes 2; pid %(dir)s/nginx.pid; error_log stderr crit;
events { worker_connections 1024; }
http {
  access_log off; client_body_temp_path %(dir)s/body; proxy_temp_path %(dir)s/proxy; uwsgi_temp_path %(dir)s/uwsgi;
  fastcgi_temp_path %(dir)s/fastcgi; scgi_temp_path %(dir)s/scgi;
  upstream app { server unix:%(dir)s/app.sock; keepalive 32; }
  server {
    listen 127.0.0.1:%(port)d; keepalive_requests 1000000;
    location / { %(location)s }
  }
}
"""

PARAMS = "\n".join("uwsgi_param %s $%s;" % p for p in (
    ("QUERY_STRING", "query_string"), ("REQUEST_METHOD", "request_method"), ("CONTENT_TYPE", "content_type"),
    ("CONTENT_LENGTH", "content_length"), ("REQUEST_URI", "request_uri"), ("PATH_INFO", "document_uri"),
    ("SERVER_PROTOCOL", "server_protocol"), ("REMOTE_ADDR", "remote_addr"), ("SERVER_NAME", "server_name"), ("SERVER_PORT", "server_port")))

APACHE = """
ServerRoot %(dir)s
ServerName localhost
PidFile %(dir)s/apache.pid
ErrorLog %(dir)s/apache.log
Listen 127.0.0.1:%(port)d
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule wsgi_module /usr/lib/apache2/modules/mod_wsgi.so
WSGISocketPrefix %(dir)s/wsgi
WSGIDaemonProcess bench processes=2 threads=15 python-path=%(dir)s
WSGIProcessGroup bench
WSGIApplicationGroup %%{GLOBAL}
WSGIScriptAlias / %(dir)s/%(app)s.py
MaxKeepAliveRequests 0
User www-data
Group www-data
<Directory %(dir)s>
  Require all granted
</Directory>
"""


def servers(gsrv, python):
    """Each server as a function (application, port, directory) -> the command lines to start, the last serves."""
    def nginx(location):
        def conf(port, d):
            return ["nginx", "-p", d, "-c", write(d + "/nginx.conf", NGINX % {"dir": d, "port": port, "location": location})]
        return conf

    proxy = nginx('proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection "";')
    uwsgi_pass = nginx(PARAMS + "\nuwsgi_pass app;")
    return {
        "gsrv": lambda a, p, d: [[gsrv, "run", "--no-check", "--python", python, "--bind", "127.0.0.1:%d" % p, "-w", "2", a + ":app"]],
        "gsrv --batch": lambda a, p, d: [[gsrv, "run", "--no-check", "--batch", "--python", python, "--bind", "127.0.0.1:%d" % p, "-w", "2", a + ":app"]],
        "gsrv, 4 threads": lambda a, p, d: [[gsrv, "run", "--no-check", "--python", python, "--bind", "127.0.0.1:%d" % p, "-w", "2", "--threads", "4", a + ":app"]],
        "gunicorn sync": lambda a, p, d: [["gunicorn", "-b", "127.0.0.1:%d" % p, "-w", "2", a + ":app"]],
        "gunicorn gthread": lambda a, p, d: [["gunicorn", "-b", "127.0.0.1:%d" % p, "-w", "2", "--threads", "4", a + ":app"]],
        "uwsgi --http, keep-alive": lambda a, p, d: [UWSGI + ["--plugin", "http", "--http", "127.0.0.1:%d" % p, "--http-keepalive=60", "--module", a]],
        "uwsgi --http-socket": lambda a, p, d: [UWSGI + ["--http-socket", "127.0.0.1:%d" % p, "--module", a]],
        "uwsgi --http11-socket, 16 threads": lambda a, p, d: [UWSGI + ["--http11-socket", "127.0.0.1:%d" % p, "--threads", "16", "--module", a]],
        "nginx + gunicorn": lambda a, p, d: [["gunicorn", "-b", "unix:%s/app.sock" % d, "-w", "2", "--threads", "4", a + ":app"], proxy(p, d)],
        "nginx + uwsgi": lambda a, p, d: [UWSGI + ["--socket", d + "/app.sock", "--chmod-socket=666", "--module", a], uwsgi_pass(p, d)],
        "waitress": lambda a, p, d: [["waitress-serve-3" if shutil.which("waitress-serve-3") else "waitress-serve", "--listen=127.0.0.1:%d" % p, a + ":app"]],
        "uvicorn": lambda a, p, d: [["uvicorn", "--workers", "2", "--no-access-log", "--log-level", "warning", "--port", str(p), "bench_asgi:app"]] if a == "bench_app" else None,
        "mod_wsgi": lambda a, p, d: [["apache2", "-d", d, "-f", write(d + "/apache.conf", APACHE % {"dir": d, "port": p, "app": a}), "-DFOREGROUND"]],
    }


def await_answer(port, path, processes):
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if any(p.poll() is not None for p in processes):
            raise RuntimeError("the server ended while starting")
        try:
            with urllib.request.urlopen("http://127.0.0.1:%d%s" % (port, path), timeout=2) as r:
                if r.status == 200 and r.read():
                    return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("the server did not answer")


def stop(processes):
    for p in reversed(processes):
        if p.poll() is None:
            p.send_signal(signal.SIGTERM)
    for p in reversed(processes):
        try:
            p.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(p.pid, signal.SIGKILL)
            p.wait()


def memory(processes):
    """The proportional set size of the processes and all they started, in MB."""
    parents = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % pid) as f:
                parents[int(pid)] = int(f.read().rsplit(")", 1)[1].split()[1])
        except OSError:
            pass
    own, grown = {p.pid for p in processes}, True
    while grown:
        more = {p for p, parent in parents.items() if parent in own} - own
        own |= more
        grown = bool(more)
    total = 0
    for pid in own:
        try:
            with open("/proc/%d/smaps_rollup" % pid) as f:
                total += int(re.search(r"^Pss:\s+(\d+)", f.read(), re.M).group(1))
        except OSError:
            pass
    return total / 1024


def measure(start, scenario, seconds):
    app, path, clients, keep_alive, script = SCENARIOS[scenario]
    with tempfile.TemporaryDirectory(prefix="gsrv-bench-") as d:
        os.chmod(d, 0o755)
        for name, text in (("bench_app", APP), ("bench_flask", FLASK), ("bench_asgi", ASGI)):
            write("%s/%s.py" % (d, name), text)
        port = free_port()
        commands = start(app, port, d)
        if commands is None:
            return None
        processes = []
        with open(d + "/log", "w+") as log:
            try:
                for command in commands:
                    processes.append(subprocess.Popen(command, cwd=d, stdout=log, stderr=log, start_new_session=True, env=dict(os.environ, PYTHONPATH=d)))
                await_answer(port, path, processes)
                wrk = ["wrk", "-t1", "-c%d" % clients, "-d%ds" % seconds, "--latency"]
                if not keep_alive:
                    wrk += ["-H", "Connection: close"]
                if script:
                    wrk += ["-s", write(d + "/post.lua", script)]
                out = subprocess.run(wrk + ["http://127.0.0.1:%d%s" % (port, path)], capture_output=True, text=True, timeout=seconds + 60).stdout
                used = memory(processes)
            except RuntimeError as e:
                log.seek(0)
                print("%s: %s\n%s" % (scenario, e, log.read()[-1500:]), file=sys.stderr)
                return None
            finally:
                stop(processes)
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1))
    p99 = re.search(r"^ +99% +(\S+)$", out, re.M).group(1)
    failed = sum(map(int, re.findall(r"(?:read|write|timeout|connect) (\d+)", out)))
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    return rate, p99, failed + (int(bad.group(1)) if bad else 0), used


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("gsrv")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--servers", default="")
    parser.add_argument("--scenarios", default="")
    parser.add_argument("--python", default="/usr/bin/python3")
    args = parser.parse_args()
    every = servers(os.path.abspath(args.gsrv), args.python)
    chosen = [s for s in every if not args.servers or any(w in s for w in args.servers.split(";"))]
    for scenario in SCENARIOS:
        words = args.scenarios.split(";")
        if args.scenarios and scenario not in words and (any(w in SCENARIOS for w in words) or not any(w in scenario for w in words)):
            continue
        results = {}
        for i in range(args.rounds):
            order = chosen[i % len(chosen):] + chosen[:i % len(chosen)]
            for name in order:
                r = measure(every[name], scenario, args.seconds)
                if r:
                    results.setdefault(name, []).append(r)
        if not results:
            continue
        own = statistics.median(r[0] for r in results["gsrv"]) if "gsrv" in results else None
        print("\n%s (median of %d rounds of %d s)\n" % (scenario, args.rounds, args.seconds))
        print("| server | requests/s | lowest and highest | p99 | failed | memory | gsrv beside it |\n|---|---|---|---|---|---|---|")
        for name, rs in sorted(results.items(), key=lambda kv: -statistics.median(r[0] for r in kv[1])):
            rate = statistics.median(r[0] for r in rs)
            ratio = "%.2f" % (own / rate) if own else ""
            print("| %s | %.0f | %.0f, %.0f | %s | %d | %.0f MB | %s |" % (
                name, rate, min(r[0] for r in rs), max(r[0] for r in rs), sorted(r[1] for r in rs)[len(rs) // 2], sum(r[2] for r in rs), rs[-1][3], ratio), flush=True)


main()
