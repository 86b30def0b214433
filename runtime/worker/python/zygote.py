"""The zygote of a generation: loads the hooks, and with preload the application, forks workers, and buries them."""
import faulthandler
import gc
import json
import os
import select
import signal
import socket
import sys
import threading
import time
import traceback

from gsrv_worker import app as application
from gsrv_worker import hooks, process

# Kept from before any monkey patching.
fork, waitpid, poll, kill, monotonic = os.fork, os.waitpid, select.poll, os.kill, time.monotonic
set_signal = signal.signal


class Application:
    """server.app and worker.app: what hooks call to get at the application."""

    def __init__(self, zygote):
        self.zygote = zygote
        self.cfg = zygote.cfg
        self.callable = None

    def wsgi(self):
        if self.callable is None:
            self.callable = application.load(self.zygote.start["app"])
        return self.callable

    load = wsgi


class Zygote:
    def __init__(self, start):
        self.start = start
        fds = start["fds"]
        for fd in fds.values():
            os.set_inheritable(fd, False)
        self.commands = socket.socket(fileno=fds["commands"])
        self.queue = socket.socket(fileno=fds["queue"])
        self.events = process.Events(socket.socket(fileno=fds["events"]))
        self.board = process.Board(fds["board"], start["layout"])
        os.close(fds["board"])
        self.log = hooks.Log(self.events.send, start.get("loglevel", "info"))
        self.workers = {}
        self.buffer = b""
        self.warned = False
        self.module = None

    def boot(self):
        start = self.start
        if start.get("umask") is not None:
            start["log_umask"] = os.umask(start["umask"])
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(line_buffering=True)  # what an application prints is not held back
        if start.get("directory"):
            os.chdir(start["directory"])
        sys.path.insert(0, os.getcwd())
        for path in reversed(start.get("pythonpath") or []):
            sys.path.insert(0, os.path.abspath(path))
        self.cfg = hooks.Config(start["settings"], start["files"])
        self.access_before = []
        if start["logging"]:
            self.configure_logging()
            self.access_before = hooks.access_logger()
        self.app = Application(self)
        self.server = hooks.Server(self.cfg, self.log, start["master"], start["workers"], self.app)
        self.server.worker_age = start["worker_age"]
        self.title("master")
        if start["class"] == "gevent" and start["preload"]:
            from gevent import monkey

            monkey.patch_all()
        if not start["again"]:
            self.cfg.nworkers_changed(self.server, start["workers"], start.get("workers_before"))
        if start["preload"]:
            self.app.wsgi()
        if start["again"]:
            pass  # in place of a zygote that was killed: the server has been starting and ready before
        elif start["reload"]:
            self.cfg.on_reload(self.server)
        else:
            self.cfg.on_starting(self.server)
            self.cfg.when_ready(self.server)
            hooks.warn_access(self.log, self.cfg, self.access_before)
            self.access_before = hooks.access_logger()
        if start["preload"]:
            gc.collect()
            gc.freeze()

    def configure_logging(self):
        """Sets up what the configuration says of logging, for the hooks, the application and this process's forks."""
        import logging

        from gsrv_worker import loggers

        error_log = logging.getLogger("gunicorn.error")
        error_log.addFilter(loggers.own_process(self.start["master"]))
        if self.start["count"]:
            error_log.addFilter(loggers.counted(self.events.send))
        loggers.prepare(self.cfg, self.start, self.cfg.files)
        with loggers.log_umask(self.start):
            self.log = loggers.make(self.cfg, self.start, False)

    def load(self):
        return self.app.wsgi()

    def title(self, role):
        name = self.start.get("proc_name") or "gsrv"
        try:
            import setproctitle

            setproctitle.setproctitle("gsrv: %s [%s]" % (role, name))
        except ImportError:
            try:
                with open("/proc/self/comm", "w") as f:
                    f.write("gsrv-" + ("zygote" if role == "master" else role))
            except OSError:
                pass

    def run(self):
        """Serves the master's commands until it has no more, or is no more."""
        read, write = os.pipe()
        os.set_blocking(read, False)
        os.set_blocking(write, False)
        self.wakeup = read, write
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        # Only the master ends a zygote; a signal for the whole group or control group is meant for the master.
        for s in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
            set_signal(s, lambda sig, frame: None)  # programs that hooks start would inherit SIG_IGN
        set_signal(signal.SIGCHLD, lambda sig, frame: None)
        if sys.stderr is not None:
            faulthandler.register(process.DUMP, all_threads=True)
        self.events.send({"t": "zygote"})
        p = poll()
        p.register(self.commands.fileno(), select.POLLIN)
        p.register(read, select.POLLIN)
        while True:
            for fd, _ in p.poll():
                if fd == read:
                    try:
                        os.read(read, 4096)
                    except BlockingIOError:
                        pass
                elif not self.command():
                    return
            self.reap()

    def command(self):
        data = self.commands.recv(65536)
        if not data:
            self.orphaned()
            return False
        self.buffer += data
        while b"\n" in self.buffer:
            line, self.buffer = self.buffer.split(b"\n", 1)
            c = json.loads(line.decode())
            if c["c"] == "fork":
                self.fork(c["n"])
            elif c["c"] == "hook":
                self.hook(c["name"], c.get("args") or [])
            elif c["c"] == "reopen":
                self.reopen()
            elif c["c"] == "exit":
                return False
        return True

    def hook(self, name, args):
        if name == "nworkers_changed":
            self.server.num_workers = args[0]
        failed = ""
        try:
            getattr(self.cfg, name)(self.server, *args)
        except Exception:
            failed = traceback.format_exc()
            self.log.error("Exception in %s hook:\n%s", name, failed)
        self.events.send({"t": "hook", "name": name, "msg": failed})

    def reopen(self):
        if not self.start["logging"]:
            return
        from gsrv_worker import loggers

        loggers.reopen(self.log, self.start)
        for pid in self.workers:
            try:
                kill(pid, signal.SIGUSR1)
            except ProcessLookupError:
                pass
        self.events.send({"t": "reopened"})

    def fork(self, number):
        server = self.server
        server.worker_age += 1
        try:
            worker = process.Worker(self, number, server.worker_age)
            self.cfg.pre_fork(server, worker)
            self.warn_threads()
            for f in (sys.stdout, sys.stderr):
                if f is not None:
                    f.flush()  # or the child would write it again
            if self.start["logging"]:
                # The worker is to hear of files that are to be opened again, however early that is in its life.
                signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
            pid = fork()
        except Exception:
            self.events.send({"t": "failed", "n": number, "msg": traceback.format_exc()[-60000:]})
            self.events.send({"t": "exit", "n": number, "status": 0x300})
            return
        if pid:
            if self.start["logging"]:
                signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR1])
            worker.pid = pid
            self.workers[pid] = worker
            server.WORKERS[pid] = worker
            self.events.send({"t": "forked", "n": number, "child": pid})
            return
        signal.set_wakeup_fd(-1)
        for fd in self.wakeup:
            os.close(fd)
        self.commands.close()
        worker.run()

    def warn_threads(self):
        others = [t.name for t in threading.enumerate() if t is not threading.main_thread()]
        if others and not self.warned:
            self.warned = True
            self.log.warning(
                "threads run in the process that workers are forked from, and will not run in workers: %s. "
                "Start them in post_fork or post_worker_init, or do not preload the application.",
                ", ".join(others[:10]),
            )

    def reap(self):
        for pid, worker in list(self.workers.items()):
            try:
                got, status = waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                got, status = pid, 0
            if got != pid:
                continue
            del self.workers[pid]
            self.server.WORKERS.pop(pid, None)
            try:
                self.cfg.child_exit(self.server, worker)
            except Exception:
                self.log.error("Exception in child_exit hook:\n%s", traceback.format_exc())
            self.events.send({"t": "exit", "n": worker.number, "child": pid, "status": status})

    def orphaned(self):
        """The master died: nobody reads the answers any more. Idle workers go by themselves, the others are ended."""
        for step, wait in ((signal.SIGABRT, 2), (signal.SIGKILL, 2)):
            end = monotonic() + wait
            for pid in self.workers:
                try:
                    kill(pid, step)
                except ProcessLookupError:
                    pass
            while self.workers and monotonic() < end:
                self.reap()
                poll().poll(20)


def main(start):
    zygote = Zygote(start)
    try:
        zygote.boot()
    except SystemExit:
        raise
    except BaseException as e:
        if isinstance(e, (application.AppImportError, hooks.ConfigError)):
            reason = str(e)
        else:
            reason = traceback.format_exc()
        zygote.events.send({"t": "failed", "n": -1, "msg": reason[-60000:]})
        sys.exit(1)
    zygote.run()
