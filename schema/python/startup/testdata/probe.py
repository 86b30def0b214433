"""Imports applications as a server does and prints what runs afterwards, each in a process of its own.

A fresh one is imported before anything that the others share. The input is lines of JSON: {"name":, "dir":, "app":, "env":, "fresh":}; the output
has a line of JSON for each.
"""

import importlib
import json
import os
import signal
import sys
import time

os_listdir, sleep = os.listdir, time.sleep


def children():
    found = []
    for task in os_listdir("/proc/self/task"):
        with open("/proc/self/task/%s/children" % task) as f:
            found += [int(pid) for pid in f.read().split()]
    return found


def sockets():
    found = 0
    for fd in os_listdir("/proc/self/fd"):
        try:
            found += os.readlink("/proc/self/fd/" + fd).startswith("socket:")
        except OSError:
            pass
    return found


def probe(job):
    module, _, name = job["app"].partition(":")
    os.chdir(job["dir"])
    os.environ.update(job["env"])
    sys.path.insert(0, job["dir"])
    sys.argv[:] = ["gunicorn", job["app"]]
    sys.dont_write_bytecode = True
    handlers = {s: signal.getsignal(s) for s in signal.valid_signals()}
    answer = {"name": job["name"]}
    try:
        obj = importlib.import_module(module)
        if name.endswith("()"):
            getattr(obj, name[:-2])()
        elif name:
            answer["defined"] = hasattr(obj, name)
    except ModuleNotFoundError as e:
        answer["missing"] = str(e)
    except BaseException as e:
        answer["failed"] = repr(e)
    for _ in range(10):
        # A thread that was joined may be about to leave.
        answer["threads"] = len(os_listdir("/proc/self/task")) - 1
        if not answer["threads"]:
            break
        sleep(0.005)
    pids = children()
    answer["children"] = len(pids)
    answer["sockets"] = sockets()
    answer["signals"] = [int(s) for s, h in handlers.items() if signal.getsignal(s) is not h]
    answer["patched"] = sys.modules["socket"].socket.__module__ != "socket"
    print("\n" + json.dumps(answer), flush=True)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def apart(job):
    pid = os.fork()
    if pid == 0:
        try:
            probe(job)
        finally:
            os._exit(0)
    os.waitpid(pid, 0)


def main():
    jobs = [json.loads(line) for line in sys.stdin]
    for job in jobs:
        if job["fresh"]:
            apart(job)
    # What many of them import is imported once; it starts nothing.
    for library in ("flask", "django.core.wsgi", "django.contrib.auth.apps", "apscheduler.schedulers.background", "socket"):
        try:
            importlib.import_module(library)
        except ImportError:
            pass
    assert len(os_listdir("/proc/self/task")) == 1
    for job in jobs:
        if not job["fresh"]:
            apart(job)


main()
