#!/usr/bin/env python3
"""Shows what thousands of slow clients do to everybody else: the latency of normal requests without them, beside clients
that send their request's head a byte at a time, and beside clients that send its body so.

usage: slow.py GSRV [--clients N] [--seconds N] [--rounds N] [--rate N]

Slow clients send one byte a second each, evenly spread over the second. The others, 16 connections that are kept
alive, ask for a small page at a fixed rate altogether; a request that cannot be sent in its time counts from when it
should have been. Each of the three parts is a process of its own. Figures are milliseconds, the median of the rounds.
"""
import argparse
import http.client
import multiprocessing
import os
import resource
import signal
import socket
import statistics
import subprocess
import tempfile
import threading
import time

APP = '''
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "14")])
    return [b"Hello, world!\\n"]
'''

HEAD = b"POST /slow HTTP/1.1\r\nHost: localhost\r\nX-Padding: " + b"a" * 400
BODY = b"POST /slow HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def slow(port, clients, start, ready, stop):
    """Keeps so many clients dripping; start is what each sends at once."""
    socks = []
    for _ in range(clients):
        s = socket.create_connection(("127.0.0.1", port))
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        s.sendall(start)
        socks.append(s)
    lost, at, begun = 0, 0, time.monotonic()
    ready.set()
    while not stop.is_set():
        due = int((time.monotonic() - begun) * clients)
        while at < due:
            try:
                socks[at % clients].send(b"a")
            except OSError:
                lost += 1
            at += 1
        time.sleep(0.002)
    if lost:
        print("  %d of %d slow bytes could not be sent" % (lost, at))


def normal(port, rate, seconds, results):
    """Sends requests at a rate over 16 connections and gives the latencies in milliseconds."""
    taken, clients = [], 16
    begin = time.monotonic() + 0.1

    def one(n):
        c = http.client.HTTPConnection("127.0.0.1", port)
        c.connect()
        c.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock = c.sock
        k = n
        while k < rate * seconds:
            at = begin + k / rate
            wait = at - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            got = sock.recv(4096)
            if not got.startswith(b"HTTP/1.1 200"):
                raise SystemExit("a normal request failed: %r" % got)
            taken.append((time.monotonic() - at) * 1000)
            k += clients

    threads = [threading.Thread(target=one, args=(n,)) for n in range(clients)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    results.put(taken)


def measure(port, rate, seconds):
    results = multiprocessing.Queue()
    p = multiprocessing.Process(target=normal, args=(port, rate, seconds, results))
    p.start()
    taken = sorted(results.get(timeout=seconds + 60))
    p.join()
    return [taken[int(len(taken) * q)] for q in (0.5, 0.99, 0.999)]


def beside(port, clients, start, rate, seconds):
    ready, stop = multiprocessing.Event(), multiprocessing.Event()
    p = multiprocessing.Process(target=slow, args=(port, clients, start, ready, stop))
    p.start()
    try:
        if not ready.wait(120):
            raise SystemExit("the slow clients did not get their connections")
        time.sleep(2)  # they all drip
        return measure(port, rate, seconds)
    finally:
        stop.set()
        p.join()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("gsrv")
    p.add_argument("--clients", type=int, default=5000)
    p.add_argument("--seconds", type=int, default=10)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--rate", type=int, default=1000)
    o = p.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < o.clients + 200:
        raise SystemExit("%d open files are allowed (ulimit -Hn), %d are needed" % (hard, o.clients + 200))
    resource.setrlimit(resource.RLIMIT_NOFILE, (o.clients + 200, hard))
    with tempfile.TemporaryDirectory() as d:
        with open(d + "/slow_app.py", "w") as f:
            f.write(APP)
        port = free_port()
        cmd = [os.path.abspath(o.gsrv), "run", "--no-check", "--bind", "127.0.0.1:%d" % port, "-w", "2",
               "--worker-connections", str(o.clients + 100), "slow_app:app"]
        server = subprocess.Popen(cmd, cwd=d, stdout=subprocess.DEVNULL, stderr=open(d + "/log", "w"))
        try:
            for _ in range(200):
                try:
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                except OSError:
                    time.sleep(0.05)
            rows = {"alone": [], "slow heads": [], "slow bodies": []}
            for _ in range(o.rounds):
                rows["alone"].append(measure(port, o.rate, o.seconds))
                rows["slow heads"].append(beside(port, o.clients, HEAD, o.rate, o.seconds))
                rows["slow bodies"].append(beside(port, o.clients, BODY, o.rate, o.seconds))
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(60)
        print("%d slow clients, %d normal requests a second" % (o.clients, o.rate))
        print("%-12s %8s %8s %8s %14s" % ("", "p50", "p99", "p99.9", "p99 : alone"))
        alone = statistics.median(r[1] for r in rows["alone"])
        for name, runs in rows.items():
            m = [statistics.median(r[i] for r in runs) for i in range(3)]
            print("%-12s %8.2f %8.2f %8.2f %14.2f" % (name, *m, m[1] / alone))


if __name__ == "__main__":
    main()
