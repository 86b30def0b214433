"""A worker process: boot, loops of the classes sync, gthread and gevent, signals, end."""
import array
import errno
import faulthandler
import gc
import json
import mmap
import os
import signal
import socket
import sys
import threading
import time
import traceback

from gsrv_worker import app as application
from gsrv_worker import hooks, wsgi

# gunicorn's exit statuses of a worker that did not boot and of one whose application is not there.
BOOT_ERROR, LOAD_ERROR = 3, 4

# The signal that makes faulthandler write all threads' stacks, whatever the interpreter is stuck in.
DUMP = signal.SIGRTMAX - 3


class Board:
    """The scoreboard: which request each thread works on, who is to stop, which answers nobody waits for."""

    def __init__(self, fd, layout):
        self.layout = layout
        self.view = memoryview(mmap.mmap(fd, layout["size"]))
        self.cancel = self.view[layout["cancel"] : layout["cancel"] + layout["slots"]]

    def flags(self, worker):
        at = self.layout["areas"] + worker * self.layout["area"]
        return self.view[at : at + 2]

    def lane(self, worker, number):
        at = self.layout["areas"] + worker * self.layout["area"] + self.layout["lanes"] + 16 * number
        place = self.view[at : at + 16]
        return place.cast("Q"), place.cast("d")


class Events:
    """Messages to the master, each a packet of its own: any process and thread of the generation may send."""

    def __init__(self, sock):
        self.sock = sock

    def send(self, message, fds=()):
        message["pid"] = os.getpid()
        rights = []
        if fds:
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))]
        while True:
            try:
                self.sock.sendmsg([json.dumps(message).encode()], rights)
            except (BrokenPipeError, ConnectionResetError):
                pass  # the master has gone; whoever reads the queue sees it
            except OSError as e:
                # The kernel takes no packet above its socket's buffer, and a character may be six bytes of JSON.
                text = message.get("msg", "")
                if e.errno != errno.EMSGSIZE or len(text) < 1000:
                    raise
                part = len(text) // 4
                message["msg"] = text[:part] + "\n[...]\n" + text[-part:]
                continue
            return


def own(start):
    """Becomes the configured user."""
    uid, gid = start.get("uid"), start.get("gid")
    if gid is not None and gid >= 0:
        if start.get("initgroups") and uid is not None:
            import pwd

            try:
                os.initgroups(pwd.getpwuid(uid).pw_name, gid)
            except KeyError:
                os.setgroups([gid])  # a number without an account, as containers have them, is in no other group
        elif start.get("groups") is not None:
            os.setgroups(start["groups"])
        if gid != os.getegid() or gid != os.getgid():
            os.setgid(gid)
    if uid is not None and (uid != os.geteuid() or uid != os.getuid()):
        os.setuid(uid)


class Worker:
    """One worker. Hooks see it as gunicorn's: pid, ppid, age, cfg, log, app, wsgi, nr, alive, booted."""

    def __init__(self, zygote, number, age):
        start = zygote.start
        self.zygote = zygote
        self.start = start
        self.number = number
        self.age = age
        self.cfg = zygote.cfg
        self.log = zygote.log
        self.app = zygote.app
        self.events = zygote.events
        self.queue = zygote.queue
        self.board = zygote.board
        self.pid = "[booting]"
        self.ppid = zygote.server.pid
        self.nr = 0
        self.max_requests = start.get("max_requests") or sys.maxsize
        self.timeout = self.cfg.get("timeout", 30)
        self.threads = start["threads"]
        self.alive = True
        self.booted = False
        self.aborted = False
        self.quitting = False
        self.reloader = None
        self.wsgi = None
        self.sockets = []
        self.flags = self.board.flags(number)
        self.request_hooks = self.cfg.has_request_hooks
        self.make_request = hooks.Request
        self.lanes = 0
        self.broken = 0
        self.environ = {
            "wsgi.version": (1, 0),
            "wsgi.errors": sys.stderr if sys.stderr is not None else open(os.devnull, "w"),
            "wsgi.multithread": start["class"] != "sync",
            "wsgi.multiprocess": start["workers"] > 1,
            "wsgi.run_once": False,
            "wsgi.file_wrapper": wsgi.FileWrapper,
            "wsgi.input_terminated": True,
        }

    def __str__(self):
        return "<Worker %s>" % self.pid

    def notify(self):
        """Kept for hooks: the master needs no heartbeat, it sees which request takes how long."""

    def run(self):
        """All of a worker's life, in the forked process. Ends by SystemExit."""
        zygote = self.zygote
        self.pid = os.getpid()
        try:
            zygote.title("worker")
            self.log.info("Booting worker with pid: %s", self.pid)
            self.cfg.post_fork(zygote.server, self)
            self.boot()
            self.events.send({"t": "ready", "n": self.number})
            self.loop()
            sys.exit(0)
        except SystemExit:
            raise
        except application.AppImportError as e:
            self.failed(str(e))
            sys.exit(LOAD_ERROR)
        except Exception:
            if not self.booted:
                self.failed(traceback.format_exc())
                sys.exit(BOOT_ERROR)
            self.log.exception("Exception in worker process")
            sys.exit(255)
        finally:
            self.log.info("Worker exiting (pid: %s)", self.pid)
            try:
                self.cfg.worker_exit(zygote.server, self)
            except Exception:
                self.log.warning("Exception during worker exit:\n%s", traceback.format_exc())

    def failed(self, reason):
        # The end of a traceback says what is wrong.
        self.events.send({"t": "failed", "n": self.number, "msg": reason[-60000:]})

    def boot(self):
        # glibc learns from the largest block that is freed which sizes to keep at hand (and to give back twice as much at a
        # time). Without that each request with a body of some 100 KiB may cost a new mapping and its page faults, or not,
        # depending on what happens to lie at the end of the heap: a factor of three.
        block = bytearray(2 << 20)
        del block
        own(self.start)
        self.signals()
        if self.start["class"] == "gevent":
            self.patch()
        self.add_lanes(1 if self.start["class"] == "gevent" else self.threads)
        self.wsgi = self.zygote.load()
        self.cfg.post_worker_init(self)
        if self.age == self.start["worker_age"] + 1:  # once is enough
            hooks.warn_access(self.log, self.cfg, self.zygote.access_before)
        self.booted = True
        gc.collect()
        gc.freeze()

    def signals(self):
        for s in (signal.SIGHUP, signal.SIGCHLD, signal.SIGUSR2):
            signal.signal(s, signal.SIG_DFL)
        for s in (signal.SIGWINCH, signal.SIGUSR1, signal.SIGTTIN, signal.SIGTTOU):
            # Not SIG_IGN, which programs that the application starts would inherit: a shell cannot even trap it then.
            signal.signal(s, self.handle_nothing)
            signal.siginterrupt(s, False)
        if self.start["logging"]:
            signal.signal(signal.SIGUSR1, self.handle_usr1)
            # Not in the middle of what the application waits for: the master wakes those that wait for requests. A main
            # thread that waits for others must be interrupted, and may.
            signal.siginterrupt(signal.SIGUSR1, self.start["class"] != "sync")
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR1])
        signal.signal(signal.SIGTERM, self.handle_exit)
        signal.signal(signal.SIGINT, self.handle_quit)
        signal.signal(signal.SIGQUIT, self.handle_quit)
        signal.signal(signal.SIGABRT, self.handle_abort)
        signal.siginterrupt(signal.SIGTERM, False)
        read, write = os.pipe()
        faulthandler.register(DUMP, file=write, all_threads=True)
        self.dump = write
        self.events.send({"t": "dump", "n": self.number}, [read])
        os.close(read)

    def handle_usr1(self, sig, frame):
        from gsrv_worker import loggers

        loggers.reopen(self.log, self.start)

    def handle_nothing(self, sig, frame):
        """The master's signals, sent to all of its processes by mistake."""

    def handle_exit(self, sig, frame):
        # The master sees it, starts a replacement, and then tells this worker to stop: nothing that waits is lost.
        self.flags[1] = 1

    def handle_quit(self, sig, frame):
        self.alive = False
        self.quitting = True
        self.cfg.worker_int(self)
        sys.exit(0)

    def handle_abort(self, sig, frame):
        self.alive = False
        self.aborted = self.quitting = True
        if self.start["class"] == "gevent":
            self.log.critical("worker (pid %d) is aborted; its greenlets:\n%s", self.pid, self.greenlets())
        self.cfg.worker_abort(self)
        sys.exit(1)

    def greenlets(self):
        """faulthandler knows threads only."""
        try:
            from gevent.util import format_run_info

            return "\n".join(format_run_info(thread_stacks=False))[-60000:]
        except Exception as e:
            return "(%s)" % e

    def add_lanes(self, n):
        """Gives the master its ends of n more streams; gives ours."""
        lanes = []
        for _ in range(n):
            ours, theirs = socket.socketpair()
            ours.settimeout(None)
            # Large answers in few switches between worker and master.
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
            self.events.send({"t": "lane", "n": self.number}, [theirs.fileno()])
            theirs.close()
            lanes.append(wsgi.Lane(self, ours, self.lanes))
            self.lanes += 1
        self.lane = lanes
        return lanes

    def loop(self):
        kind = self.start["class"]
        if kind == "gevent":
            self.loop_gevent()
        elif kind == "gthread":
            self.loop_threads()
        else:
            try:
                self.loop_one(self.lane[0])
            except (BrokenPipeError, ConnectionResetError):
                pass  # the master has gone, or the stream to it
        self.alive = False

    def loop_one(self, lane):
        buf = bytearray(self.board.layout["packet"])
        view = memoryview(buf)
        recv_into = self.queue.recv_into
        serve = lane.serve
        stop = self.flags
        while not stop[0]:
            if not recv_into(buf):
                break
            if buf[0] != wsgi.NUDGE:
                serve(view)

    def thread(self, lane):
        try:
            self.loop_one(lane)
        except SystemExit:
            self.flags[1] = 1  # of the application: gunicorn's thread would end alone, and its worker be short of one
        except (BrokenPipeError, ConnectionResetError):
            pass  # the master has gone
        except BaseException:
            self.log.exception("Exception in worker thread")
            self.flags[1] = 1

    def loop_threads(self):
        threads = [
            threading.Thread(target=self.thread, args=(lane,), name="gsrv-%d" % lane.number, daemon=True)
            for lane in self.lane
        ]
        for t in threads:
            t.start()
        for t in threads:
            t.join()

    def patch(self):
        try:
            from gevent import monkey
        except ImportError:
            raise application.AppImportError(
                "worker class gevent needs gevent, which %s does not have: pip install gevent, or use class gthread"
                % sys.executable
            )
        monkey.patch_all()
        # A generation that preloads has patched in the zygote: the hub must not be the parent's.
        import gevent

        gevent.reinit()

    def loop_gevent(self):
        """One greenlet reads the queue and works on what it gets; only when that work waits for something does another one
        take over the reading. Requests that wait for nothing cost no switch."""
        import gevent
        from gevent import event
        from gevent import socket as gsocket

        patient = gsocket.socket(fileno=os.dup(self.queue.fileno()))  # which made it non-blocking for all of them
        receive = self.queue.recv_into
        buf = bytearray(self.board.layout["packet"])
        view = memoryview(buf)
        stop, limit = self.flags, self.threads
        idle = [self.direct(lane) for lane in self.lane]
        freed, ended = event.Event(), event.Event()
        run_callback = gevent.get_hub().loop.run_callback
        working = 0

        def work(lane, packet):
            nonlocal working
            working += 1
            try:
                lane.serve(packet)
            except SystemExit:
                self.flags[1] = 1
                if self.quitting:
                    raise
            except (BrokenPipeError, ConnectionResetError):
                pass
            except BaseException:
                self.log.exception("Exception in worker greenlet")
                self.flags[1] = 1
            finally:
                working -= 1
                if lane.midway:
                    self.broken += 1
                else:
                    idle.append(lane)
                freed.set()

        def read():
            while not stop[0]:
                if not idle:
                    if self.lanes < limit:
                        idle.append(self.direct(self.add_lanes(1)[0]))
                    else:
                        freed.clear()
                        freed.wait()
                        continue
                try:
                    n = receive(buf)
                except BlockingIOError:
                    n = patient.recv_into(buf)
                if not n:
                    break
                if buf[0] == wsgi.NUDGE:
                    continue
                succession = []
                # Runs when this greenlet lets the others run, so not at all where it does not.
                heir = run_callback(succeed, succession)
                work(idle.pop(), bytes(view[:n]))
                if succession:
                    return
                heir.stop()
                if working:
                    gevent.sleep(0)  # those that wait may go on
            ended.set()

        def reader():
            try:
                read()
            except Exception:
                self.log.exception("Exception in the worker's reader")
                ended.set()

        def succeed(succession):
            succession.append(gevent.spawn(reader))

        gevent.spawn(reader)
        ended.wait()
        while working:
            freed.clear()
            freed.wait(1)

    def direct(self, lane):
        """Lets a gevent lane's short messages go out without gevent's ceremony."""
        native, patient = lane.sock._sock.send, lane.sock.sendall

        def sendall(data):
            try:
                n = native(data)
            except BlockingIOError:
                n = 0
            if n < len(data):
                patient(memoryview(data)[n:])

        lane.sendall = sendall
        return lane
