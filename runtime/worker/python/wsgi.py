"""One request: from a packet of the queue to the frames of its answer (PEP 3333)."""
import io
import os
import re
import socket
import stat
import struct
import sys
from time import monotonic

REQUEST = struct.Struct("@BBBxIQQ")
FRAME = struct.Struct("@BBHIQQd")
PLACE = struct.Struct("@qq")

NUDGE = 2
APART_ENVIRON, APART_BODY, APART_FILE = 1, 2, 4
ANSWER, DATA, FILE, INFO, FAIL, WANT = 1, 2, 3, 4, 5, 6
END = 1

is_token = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch
is_value = re.compile(r"[\t\x20-\x7e\x80-\xff]*").fullmatch
is_status = re.compile(r"[1-9][0-9][0-9](?: [\t\x20-\x7e\x80-\xff]*)?").fullmatch

# Names and status lines that were found good: an application uses few. The value tells whether the answer's length is
# meant, or for a status whether the answer has no body.
NAMES = {}
STATUSES = {}
# Whole fields, as (name, value); only those that do not tell a length.
FIELDS = {}


class ClientGone(BrokenPipeError):
    """Nobody waits for the answer any more."""


class InvalidHeader(ValueError):
    """A header field or status line that must not reach the wire."""


class FileWrapper:
    """wsgi.file_wrapper: a file of the operating system is handed over, anything else is read in blocks."""

    def __init__(self, filelike, blksize=8192):
        self.filelike = filelike
        self.blksize = blksize
        if hasattr(filelike, "close"):
            self.close = filelike.close

    def __getitem__(self, key):
        data = self.filelike.read(self.blksize)
        if data:
            return data
        raise IndexError

    def __iter__(self):
        return self

    def __next__(self):
        data = self.filelike.read(self.blksize)
        if data:
            return data
        raise StopIteration


class FileBody(io.RawIOBase):
    """A request's body in a file; it ends where the body ends, wherever anybody else's offset is."""

    def __init__(self, fd, length):
        super().__init__()
        self.fd = fd
        self.length = length
        self.at = 0

    def readable(self):
        return True

    def seekable(self):
        return True

    def seek(self, offset, whence=0):
        at = offset + (0, self.at, self.length)[whence]
        if at < 0:
            raise ValueError("negative seek position %r" % at)
        self.at = at
        return at

    def readinto(self, b):
        n = min(len(b), self.length - self.at)
        if n <= 0:
            return 0
        n = os.preadv(self.fd, [memoryview(b)[:n]], self.at)
        self.at += n
        return n

    def close(self):
        if not self.closed:
            os.close(self.fd)
        super().close()


def check_name(name):
    if not isinstance(name, str):
        raise TypeError("header name %r is not a string" % (name,))
    if not is_token(name):
        raise InvalidHeader("invalid header name %r" % name)
    kind = name.lower() == "content-length"
    if len(NAMES) < 1000:
        NAMES[name] = kind
    return kind


def check_status(status):
    if not isinstance(status, str):
        raise TypeError("status %r is not a string" % (status,))
    if not is_status(status):
        raise InvalidHeader("invalid status line %r" % status)
    code = int(status[:3])
    bare = code < 200 or code in (204, 304)
    if len(STATUSES) < 1000:
        STATUSES[status] = bare
    return bare


def check_fields(headers, parts):
    """Appends names and values to parts; gives the Content-Length, None where there is none."""
    length = None
    for field in headers:
        if field.__class__ is tuple and field in FIELDS:
            parts += field
            continue
        name, value = field
        kind = NAMES.get(name) if name.__class__ is str else None
        if kind and value.__class__ is str and value.isascii() and value.isdigit():
            length = int(value)
            parts.append(name)
            parts.append(value)
            continue
        if kind is None:
            kind = check_name(name)
        if not isinstance(value, str):
            raise TypeError("value %r of header %s is not a string" % (value, name))
        if not is_value(value):
            raise InvalidHeader("invalid value %r of header %s" % (value, name))
        stripped = value.strip(" \t")
        if stripped is not value:
            value = stripped
        elif not kind and len(FIELDS) < 1000 and field.__class__ is tuple and len(value) < 200:
            FIELDS[field] = True
        if kind:
            if not (value.isascii() and value.isdigit()):
                raise InvalidHeader("invalid value %r of header %s" % (value, name))
            length = int(value)
        parts.append(name)
        parts.append(value)
    return length


class Response:
    """What the application answers. Hooks see it as gunicorn's: status, status_code, headers, headers_sent, sent."""

    status = None
    headers = ()
    headers_sent = False
    response_length = None
    sent = 0
    ended = False  # the master knows that the answer is whole
    req = None
    version = "gsrv"
    chunked = False
    must_close = False
    upgrade = False

    def __init__(self, lane, id, bare):
        self.lane = lane
        self.id = id
        self.bare = self.head_only = bare  # nothing of the body goes out

    @property
    def status_code(self):
        return int(self.status[:3]) if self.status else None

    def should_close(self):
        return self.must_close

    def force_close(self):
        """Kept for hooks; connections are not the worker's."""

    def start_response(self, status, headers, exc_info=None):
        if exc_info is not None:
            try:
                if self.status is not None and self.headers_sent:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None
        elif self.status is not None:
            raise AssertionError("Response headers already set!")
        bare = STATUSES.get(status) if status.__class__ is str else None
        if bare is None:
            bare = check_status(status)
        parts = [status]
        self.response_length = check_fields(headers, parts)
        self.bare = self.head_only or bare  # an earlier status, replaced by an error's, does not count
        self.status = status
        self.headers = headers
        self.parts = parts
        return self.write

    def head(self):
        if self.status is None:
            raise AssertionError("the application did not call start_response")
        self.headers_sent = True
        return "\0".join(self.parts).encode("latin-1")

    def frame(self, data, end):
        """Sends data, and before it the head where it has not gone out yet."""
        if self.ended:
            return
        lane = self.lane
        if lane.cancel[self.id & 0xFFFF] & 1:
            raise ClientGone()
        if self.headers_sent:
            head = b""
            kind = DATA
        else:
            head = self.head()
            kind = ANSWER
        if end:
            self.ended = True
        n = len(data)
        top = FRAME.pack(kind, end, 0, len(head), self.id, n, lane.taken)
        if n > 32768:
            lane.send(top + head, data)
        else:
            lane.send(top + head + data)

    def clip(self, data):
        """What of data goes out: never more than Content-Length promised."""
        if not isinstance(data, bytes):
            raise TypeError("%r is not a byte string" % (data,))
        n = len(data)
        if self.response_length is not None and self.sent + n > self.response_length:
            n = max(self.response_length - self.sent, 0)
            data = data[:n]
        self.sent += n
        return b"" if self.bare else data

    def write(self, data):
        data = self.clip(data)
        if data or not self.headers_sent and self.bare:
            # With all that Content-Length promised the answer is whole, whatever the application does afterwards.
            self.frame(data, END if data and self.sent == self.response_length else 0)
        elif self.status is None:
            raise AssertionError("the application wrote before start_response")

    def finish(self, data=b""):
        """The answer's last part."""
        n = len(data)
        if n < 32768 and data.__class__ is bytes and not self.headers_sent and not self.bare and self.status is not None:
            # Most answers: whole, and in one piece.
            if self.response_length is None or self.response_length >= n:
                self.headers_sent = self.ended = True
                self.sent = n
                head = "\0".join(self.parts).encode("latin-1")
                lane = self.lane
                lane.midway = True
                lane.sendall(FRAME.pack(ANSWER, END, 0, len(head), self.id, n, lane.taken) + head + data)
                lane.midway = False
                return
        self.frame(self.clip(data), END)

    def early_hints(self, headers):
        if self.headers_sent:
            return
        parts = [""]
        check_fields(
            [
                tuple(x.decode("latin-1") if isinstance(x, bytes) else x for x in field)
                for field in headers
            ],
            parts,
        )
        head = "\0".join(parts).encode("latin-1")
        self.lane.send(FRAME.pack(INFO, 0, 103, len(head), self.id, 0, self.lane.taken) + head)

    def fail(self, status, reason):
        if self.ended or self.lane.midway:
            return  # in the middle of a frame nothing else can be said: see Lane.serve
        self.ended = True
        head = reason.encode("latin-1", "replace")[:65536]
        self.lane.send(FRAME.pack(FAIL, END, status, len(head), self.id, 0, self.lane.taken) + head)

    def file(self, wrapper):
        """Hands a file over; False where it is none of the operating system's, or not a regular one."""
        f = wrapper.filelike
        plain = getattr(f, "file", f)  # tempfile's and Django's wrappers
        raw = getattr(plain, "raw", plain)
        if isinstance(raw, io.IOBase) and not isinstance(raw, io.FileIO):
            return False  # gzip's and others' fileno is not what they read
        try:
            if isinstance(plain, io.BufferedRandom):
                plain.flush()
            fd = f.fileno()
            # What the file object has read ahead is not read: its own position counts.
            offset = f.tell() if hasattr(f, "tell") else os.lseek(fd, 0, os.SEEK_CUR)
            info = os.fstat(fd)
        except (AttributeError, OSError, ValueError):
            return False
        if not stat.S_ISREG(info.st_mode) or not isinstance(offset, int):
            return False
        n = max(info.st_size - offset, 0)
        if self.response_length is not None:
            n = min(n, max(self.response_length - self.sent, 0))
        self.sent += n
        if self.bare or n == 0:
            self.frame(b"", END)
            return True
        lane = self.lane
        if lane.cancel[self.id & 0xFFFF] & 1:
            raise ClientGone()
        head = b"" if self.headers_sent else self.head()
        self.ended = True
        packet = FRAME.pack(FILE, END, 0, len(head), self.id, PLACE.size, lane.taken) + head + PLACE.pack(offset, n)
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("@i", fd))]
        lane.midway = True
        gone = lane.sock.sendmsg([packet], rights)
        lane.send(packet[gone:])
        return True


class Lane:
    """One thread's end of the wire: its stream, its place in the scoreboard, its buffer for a packet."""

    def __init__(self, worker, sock, number):
        self.worker = worker
        self.sock = sock
        self.number = number
        self.sendall = sock.sendall
        # Set while a frame goes out or a body comes in. Still set afterwards, it means that an exception (of a signal
        # handler, of a gevent.Timeout) broke in, and that the two ends do not agree any more where the next frame begins.
        self.midway = False
        board = worker.board
        self.cancel = board.cancel
        self.marks, self.times = board.lane(worker.number, number)
        self.base = dict(worker.environ)
        self.current = None
        self.taken = 0.0
        self.base["wsgi.early_hints"] = self.early_hints

    def send(self, data, more=b""):
        self.midway = True
        self.sendall(data)
        if more:
            self.sendall(more)
        self.midway = False

    def early_hints(self, headers):
        self.current.early_hints(headers)

    def receive(self, n):
        data = bytearray(n)
        view = memoryview(data)
        at = 0
        while at < n:
            got = self.sock.recv_into(view[at:])
            if not got:
                raise ConnectionResetError("the master has gone")
            at += got
        return bytes(data)

    def receive_file(self):
        _, control, _, _ = self.sock.recvmsg(1, socket.CMSG_SPACE(4), socket.MSG_CMSG_CLOEXEC)
        for level, kind, data in control:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                return struct.unpack("@i", data[:4])[0]
        raise ConnectionResetError("the master sent no file")

    def serve(self, view):
        """Works on the packet in view, and clears the mark in the scoreboard when it is done."""
        _, apart, attempt, size, id, length = REQUEST.unpack_from(view)
        self.times[1] = self.taken = monotonic()
        self.marks[0] = id
        # Only now: who revokes a request first sets the flag and then looks at the marks.
        flag = self.cancel[id & 0xFFFF]
        if flag:
            if flag & 1:
                self.send(FRAME.pack(FAIL, END, 499, 0, id, 0, self.taken))
                self.marks[0] = 0
                return
            if flag >> 1 > attempt:
                self.send(FRAME.pack(FAIL, END | attempt << 1, 0, 0, id, 0, 0.0))
                self.marks[0] = 0
                return
        environ = self.base.copy()
        body = None
        if apart:
            self.midway = True
            self.sendall(FRAME.pack(WANT, 0, 0, 0, id, 0, 0.0))
            if apart & APART_ENVIRON:
                text = self.receive(size).decode("latin-1")
                inline = 24
            else:
                text = str(view[24 : 24 + size], "latin-1")
                inline = 24 + size
            if apart & APART_BODY:
                body = io.BytesIO(self.receive(length))
            elif apart & APART_FILE:
                body = io.BufferedReader(FileBody(self.receive_file(), length), 65536)
            self.midway = False
        else:
            text = str(view[24 : 24 + size], "latin-1")
            inline = 24 + size
        if body is None:
            body = io.BytesIO(view[inline : inline + length] if length else b"")
        it = iter(text.split("\0"))
        environ.update(zip(it, it))
        environ["wsgi.input"] = body
        response = Response(self, id, environ.get("REQUEST_METHOD") == "HEAD")
        self.current = response
        try:
            self.handle(environ, response)
        except BaseException:
            response.fail(500, "the worker (pid %d) could not go on" % self.worker.pid)
            raise
        finally:
            self.current = None
            body.close()
            if self.midway:
                self.worker.flags[1] = 1
                self.sock.close()
                raise BrokenPipeError("the worker's stream to the master was interrupted")
            if response.ended:
                # Without an answer the mark stays: a request that nobody seems to have begun would be sent again.
                self.marks[0] = 0

    def handle(self, environ, response):
        worker = self.worker
        req = None
        try:
            try:
                if worker.request_hooks:
                    req = response.req = worker.make_request(environ)
                    worker.cfg.pre_request(worker, req)
                worker.nr += 1
                result = worker.wsgi(environ, response.start_response)
                kind = result.__class__
                if (kind is list or kind is tuple) and len(result) == 1 and not response.headers_sent:
                    response.finish(result[0])  # and there is nothing to close
                else:
                    self.send_all(result, response)
            finally:
                if req is not None:
                    try:
                        worker.cfg.post_request(worker, req, environ, response)
                    except Exception:
                        worker.log.exception("Exception in post_request hook")
        except ClientGone:
            response.fail(499, "the client has gone")
        except Exception:
            self.failed(environ, response)
        except (SystemExit, KeyboardInterrupt):
            # The application's own ends the worker, as it ends gunicorn's: its client still gets an answer.
            if self.worker.quitting:
                response.fail(502, "the worker (pid %d) was told to end" % self.worker.pid)
            else:
                self.failed(environ, response)
            raise
        except BaseException:  # gevent's Timeout and GreenletExit
            self.failed(environ, response)

    def send_all(self, result, response):
        try:
            if not (isinstance(result, FileWrapper) and response.file(result)):
                for item in result:
                    response.write(item)
                response.finish()
        finally:
            close = getattr(result, "close", None)
            if close is not None:
                close()

    def failed(self, environ, response):
        path = environ.get("RAW_URI") or environ.get("PATH_INFO", "")
        self.worker.log.exception("Error handling request %s", path)
        e = sys.exc_info()[1]
        try:
            what = str(e)
        except Exception:
            what = "(its text cannot be had)"
        response.fail(500, "the application failed: %s: %s" % (e.__class__.__name__, what))
