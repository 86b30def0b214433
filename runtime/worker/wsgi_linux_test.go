package worker

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gsrv/runtime/wire"
)

// application has a path for every way to answer that PEP 3333 knows.
const application = `
import io, sys, tempfile, threading, time

class Closing:
    closed = []
    def __init__(self, parts, name):
        self.parts, self.name = iter(parts), name
    def __iter__(self):
        return self
    def __next__(self):
        return next(self.parts)
    def close(self):
        Closing.closed.append(self.name)

gate = threading.Event()

def app(environ, start_response):
    path, q = environ["PATH_INFO"], environ["QUERY_STRING"]
    plain = [("Content-Type", "text/plain")]
    if path == "/write":
        write = start_response("200 OK", plain)
        write(b"one,")
        write(b"two,")
        return [b"three"]
    if path == "/generator":
        def parts():
            start_response("200 OK", plain)
            yield b""
            yield b"a"
            yield b"b"
        return parts()
    if path == "/stream":
        gate.clear()
        def parts():
            yield b"first"
            gate.wait(10)
            yield b"second"
        start_response("200 OK", plain)
        return parts()
    if path == "/gate":
        gate.set()
        start_response("204 No Content", [])
        return []
    if path == "/close":
        start_response("200 OK", plain)
        return Closing([b"x"], q)
    if path == "/closed":
        start_response("200 OK", plain)
        return [",".join(Closing.closed).encode()]
    if path == "/close-failing":
        start_response("200 OK", plain)
        def parts():
            yield b"x"
            raise ValueError("in the middle")
        return Closing(parts(), q)
    if path == "/exc-info":
        start_response("200 OK", plain)
        try:
            raise KeyError("k")
        except KeyError:
            start_response("500 Oops", [("X-Second", "1")], sys.exc_info())
        return [b"sorry"]
    if path == "/exc-info-bare":
        start_response("204 No Content", [])
        try:
            raise KeyError("k")
        except KeyError:
            start_response("500 Oops", [("Content-Length", "5")], sys.exc_info())
        return [b"sorry"]
    if path == "/exc-info-late":
        write = start_response("200 OK", plain)
        write(b"out")
        try:
            raise KeyError("too late")
        except KeyError:
            start_response("500 Oops", plain, sys.exc_info())
        return [b"never"]
    if path == "/twice":
        start_response("200 OK", plain)
        start_response("201 Created", plain)
    if path == "/raise":
        raise RuntimeError("no luck")
    if path == "/raise-mute":
        class Mute(Exception):
            def __str__(self):
                return self.args[7]
        raise Mute()
    if path == "/raise-long":
        raise RuntimeError("\u00e9" * 200000)
    if path == "/exit":
        sys.exit(3)
    if path == "/silent":
        return [b"no start_response"]
    if path == "/text":
        start_response("200 OK", plain)
        return ["str"]
    if path == "/long":
        start_response("200 OK", plain + [("Content-Length", "5")])
        return [b"123", b"456", b"789"]
    if path == "/short":
        start_response("200 OK", plain + [("Content-Length", "5")])
        return [b"123"]
    if path == "/header":
        start_response("200 OK", [(q.split("=")[0].replace("%0A", "\n").replace("%00", "\0"), q.split("=")[1].replace("%0D", "\r").replace("%0A", "\n").replace("%00", "\0").replace("%E9", "\xe9").replace("%20AC", "\u20ac"))])
        return []
    if path == "/status":
        start_response(q.replace("%20", " ").replace("%0A", "\n"), [])
        return []
    if path == "/file":
        f = tempfile.TemporaryFile()
        f.write(b"0123456789" * 1000)
        f.seek(int(q or 0))
        if q == "7":
            f.seek(0)
            f.read(7)
        start_response("200 OK", plain)
        return environ["wsgi.file_wrapper"](f, 4096)
    if path == "/file-length":
        f = tempfile.TemporaryFile()
        f.write(b"0123456789")
        f.seek(2)
        start_response("200 OK", plain + [("Content-Length", "3")])
        return environ["wsgi.file_wrapper"](f)
    if path == "/file-memory":
        start_response("200 OK", plain)
        return environ["wsgi.file_wrapper"](io.BytesIO(b"memory"), 2)
    if path == "/file-gzip":
        import gzip
        f = tempfile.TemporaryFile()
        with gzip.GzipFile(fileobj=f, mode="wb") as z:
            z.write(b"unzipped")
        f.seek(0)
        start_response("200 OK", plain)
        return environ["wsgi.file_wrapper"](gzip.GzipFile(fileobj=f))
    if path == "/input":
        body = environ["wsgi.input"]
        out = {
            "read": lambda: [body.read(), body.read()],
            "read5": lambda: [body.read(5), body.read(0), body.read(3)],
            "readline": lambda: [body.readline(), body.readline(2), body.readline()],
            "readlines": lambda: body.readlines(),
            "hint": lambda: body.readlines(4)[:1],
            "iter": lambda: list(body),
            "length": lambda: [b"%d" % len(body.read())],
        }[q]()
        start_response("200 OK", plain)
        return [b"|".join(out)]
    if path == "/errors":
        environ["wsgi.errors"].write("to the log \xe9\n")
        environ["wsgi.errors"].flush()
        print("printed")
        start_response("200 OK", plain)
        return []
    if path == "/hints":
        environ["wsgi.early_hints"]([("Link", "</style.css>; rel=preload")])
        environ["wsgi.early_hints"]([(b"Link", b"</a.js>; rel=preload")])
        start_response("200 OK", plain)
        return [b"hinted"]
    if path == "/big-head":
        start_response("200 OK", [("X-%d" % i, "v" * 1000) for i in range(100)])
        return [b"x" * 100000]
    if path == "/environ":
        start_response("200 OK", plain)
        names = ["wsgi.version", "wsgi.url_scheme", "wsgi.multithread", "wsgi.multiprocess", "wsgi.run_once", "wsgi.input_terminated", "HTTP_X_A", "PATH_INFO"]
        return [";".join("%s=%r" % (n, environ.get(n)) for n in names).encode()]
    if path == "/size":
        start_response("200 OK", plain)
        return [b"%d" % len(environ["HTTP_X_BIG"])]
    if path == "/interrupted":
        import signal
        class Alarm(Exception):
            pass
        def ring(*args):
            raise Alarm()
        signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        start_response("200 OK", plain)
        return (b"x" * (4 << 20) for i in range(1000))
    start_response("404 Not Found", plain)
    return [b"?"]
`

func TestAnswers(t *testing.T) {
	g := generation(t, application, func(c *Config) { c.Class, c.Threads = Gthread, 2 })
	for _, v := range []struct{ target, status, body, parts string }{
		{"/write", "200 OK", "one,two,three", "one, two, three"},
		{"/generator", "200 OK", "ab", "a b"},
		{"/exc-info", "500 Oops", "sorry", "sorry"},
		{"/exc-info-bare", "500 Oops", "sorry", "sorry"},
		{"/long", "200 OK", "12345", "123 45"},
		{"/short", "200 OK", "123", "123"},
		{"/file-length", "200 OK", "234", "file 2+3 <nil>"},
		{"/file-memory", "200 OK", "memory", "me mo ry"},
		{"/file-gzip", "200 OK", "unzipped", "unzipped"},
		{"/hints", "200 OK", "hinted", "hinted"},
		{"/header?X-A=b", "200 OK", "", ""},
		{"/status?200%20", "200 ", "", ""},
		{"/status?200", "200", "", ""},
		{"/status?204%20Nothing", "204 Nothing", "", ""},
		{"/environ", "200 OK", "wsgi.version=(1, 0);wsgi.url_scheme='http';wsgi.multithread=True;wsgi.multiprocess=False;wsgi.run_once=False;wsgi.input_terminated=True;HTTP_X_A='\u00e9 x';PATH_INFO='/environ'", ""},
		{"/none", "404 Not Found", "?", "?"},
	} {
		a := send(t, g, "GET", v.target, "HTTP_X_A", "\xe9 x")
		if a.err != nil || a.status != v.status || a.body.String() != v.body || v.parts != "" && strings.Join(a.parts, " ") != v.parts {
			t.Errorf("%s: %q %q %v %v; want %q %q %q", v.target, a.status, a.body.String(), a.parts, a.err, v.status, v.body, v.parts)
		}
		switch v.target {
		case "/exc-info":
			if fmt.Sprint(a.headers) != "[{X-Second 1}]" {
				t.Errorf("headers after exc_info: %v", a.headers)
			}
		case "/hints":
			if want := "[103 [{Link </style.css>; rel=preload}] 103 [{Link </a.js>; rel=preload}]]"; fmt.Sprint(a.info) != want {
				t.Errorf("hints: %v", a.info)
			}
		}
	}
}

func TestFiles(t *testing.T) {
	g := generation(t, application, nil)
	for _, v := range []struct{ q, want string }{
		{"", "file 0+10000 <nil>"}, {"9990", "file 9990+10 <nil>"}, {"7", "file 7+9993 <nil>"}, {"10000", ""},
	} {
		if a := send(t, g, "GET", "/file?"+v.q); a.err != nil || strings.Join(a.parts, " ") != v.want {
			t.Errorf("file from %s: %q %v", v.q, a.parts, a.err)
		}
	}
	// Many at once: each answer gets its own file.
	var answers []*answer
	for i := range 50 {
		a := newAnswer()
		answers = append(answers, a)
		g.Send(&wire.Request{Environ: environ("GET", fmt.Sprintf("/file?%d", i*100)), Answer: a})
	}
	for i, a := range answers {
		a.await(t)
		if want := 10000 - i*100; a.body.Len() != want {
			t.Errorf("file %d has %d bytes, want %d", i, a.body.Len(), want)
		}
	}
}

func TestFailures(t *testing.T) {
	g := generation(t, application, func(c *Config) { c.Workers = 2 })
	for _, v := range []struct{ target, status, reason string }{
		{"/exc-info-late", "200 OK", "too late"},
		{"/close-failing?f", "200 OK", "in the middle"},
		{"/twice", "", "already set"},
		{"/raise", "", "no luck"},
		{"/raise-mute", "", "Mute: (its text cannot be had)"},
		{"/raise-long", "", "\xe9\xe9"}, // longer than a message to the master may be
		{"/silent", "", "start_response"},
		{"/text", "", "byte"},
		{"/header?X%0A=b", "", "invalid header name"},
		{"/header?=b", "", "invalid header name"},
		{"/header?X%00=b", "", "invalid header name"},
		{"/header?X=a%0D%0Ab", "", "invalid value"},
		{"/header?X=a%00b", "", "invalid value"},
		{"/header?X=%20AC", "", "invalid value"},
		{"/header?Content-Length=-1", "", "invalid value"},
		{"/header?Content-Length=1_0", "", "invalid value"},
		{"/status?abc", "", "status"},
		{"/status?200%20a%0Ab", "", "status"},
		{"/status?2000", "", "status"},
		{"/exit", "", "SystemExit"},
	} {
		a := send(t, g, "GET", v.target)
		f, ok := a.err.(*wire.Failure)
		if !ok || f.Status != 500 || a.status != v.status || !strings.Contains(f.Reason, v.reason) {
			t.Errorf("%s: %q %v, want a failure with %q", v.target, a.status, a.err, v.reason)
		}
	}
	if a := send(t, g, "GET", "/header?X=%E9"); a.err != nil || a.header("x") != "\xe9" {
		t.Errorf("latin-1: %v %v", a.headers, a.err)
	}
}

func TestClose(t *testing.T) {
	g := generation(t, application, nil)
	send(t, g, "GET", "/close?1")
	send(t, g, "HEAD", "/close?2")
	send(t, g, "GET", "/close-failing?3")
	if a := send(t, g, "GET", "/closed"); a.body.String() != "1,2,3" {
		t.Errorf("closed: %q", a.body.String())
	}
	if a := send(t, g, "HEAD", "/write"); a.err != nil || a.status != "200 OK" || a.body.Len() != 0 {
		t.Errorf("HEAD: %q %q %v", a.status, a.body.String(), a.err)
	}
	if a := send(t, g, "HEAD", "/file"); a.err != nil || a.body.Len() != 0 || len(a.parts) != 0 {
		t.Errorf("HEAD of a file: %q %v", a.parts, a.err)
	}
}

func TestStream(t *testing.T) {
	g := generation(t, application, func(c *Config) { c.Class, c.Threads = Gthread, 2 })
	a := newAnswer()
	g.Send(&wire.Request{Environ: environ("GET", "/stream"), Answer: a})
	select {
	case <-a.part: // while the application waits for /gate
	case <-time.After(10 * time.Second):
		t.Fatal("the first part did not come as it was yielded")
	}
	send(t, g, "GET", "/gate")
	a.await(t)
	if fmt.Sprint(a.parts) != "[first second]" || a.err != nil {
		t.Errorf("%q %v", a.parts, a.err)
	}
}

func TestInput(t *testing.T) {
	g := generation(t, application, nil)
	dir := t.TempDir()
	for _, v := range []struct{ how, want string }{
		{"read", "line one\nline two\nrest|"},
		{"read5", "line ||one"},
		{"readline", "line one\n|li|ne two\n"},
		{"readlines", "line one\n|line two\n|rest"},
		{"hint", "line one\n"},
		{"iter", "line one\n|line two\n|rest"},
	} {
		text := "line one\nline two\nrest"
		a := request(t, g, &wire.Request{Environ: environ("POST", "/input?"+v.how), Body: []byte(text)})
		if a.body.String() != v.want || a.err != nil {
			t.Errorf("%s of memory: %q %v", v.how, a.body.String(), a.err)
		}
		// A file whose offset is elsewhere, and which is longer than the body.
		f, err := os.Create(filepath.Join(dir, v.how))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(text + "not the body's"); err != nil {
			t.Fatal(err)
		}
		a = request(t, g, &wire.Request{Environ: environ("POST", "/input?"+v.how), File: f, Length: int64(len(text))})
		if a.body.String() != v.want || a.err != nil {
			t.Errorf("%s of a file: %q %v", v.how, a.body.String(), a.err)
		}
		f.Close()
	}
}

// Sizes around every border: of the packet, of what is inline, of socket buffers.
func TestSizes(t *testing.T) {
	g := generation(t, application, nil)
	for _, n := range []int{0, 1, 60000, 65535, 65536, 65537, 70000, 72 << 10, 1 << 20, 5 << 20} {
		a := request(t, g, &wire.Request{Environ: environ("POST", "/input?length"), Body: bytes.Repeat([]byte("x"), n)})
		if a.body.String() != fmt.Sprint(n) || a.err != nil {
			t.Errorf("a body of %d: %q %v", n, a.body.String(), a.err)
		}
	}
	for _, n := range []int{60000, 70000, 72 << 10, 800 << 10} {
		a := request(t, g, &wire.Request{Environ: environ("POST", "/size", "HTTP_X_BIG", strings.Repeat("y", n)), Body: make([]byte, 50000)})
		if a.body.String() != fmt.Sprint(n) || a.err != nil {
			t.Errorf("an environ of %d: %q %v", n, a.body.String(), a.err)
		}
	}
	if a := send(t, g, "GET", "/big-head"); len(a.headers) != 100 || a.headers[99].Value != strings.Repeat("v", 1000) || a.body.Len() != 100000 {
		t.Errorf("a big head: %d fields, %d bytes, %v", len(a.headers), a.body.Len(), a.err)
	}
}

func TestOutput(t *testing.T) {
	var out string
	g := generation(t, application, func(c *Config) { out = c.Stderr.Name() })
	send(t, g, "GET", "/errors")
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"to the log", "printed\n"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the output %q lacks %q", text, want)
		}
	}
}

const validated = `
from wsgiref.validate import validator
import io

def inner(environ, start_response):
    body = environ["wsgi.input"]
    got = {"read": lambda: body.read(4), "lines": lambda: b"".join(body.readlines()), "iter": lambda: b"".join(body), "line": lambda: body.readline()}[environ["QUERY_STRING"]]()
    environ["wsgi.errors"].write("fine\n")
    environ["wsgi.errors"].writelines(["a\n"])
    environ["wsgi.errors"].flush()
    write = start_response("200 OK", [("Content-Type", "text/plain")])
    if environ["PATH_INFO"] == "/write":
        write(b"written:")
    def parts():
        yield got
    return [got] if environ["PATH_INFO"] == "/list" else parts()

app = validator(inner)
`

func TestValidator(t *testing.T) {
	for _, class := range classes(t) {
		g := generation(t, validated, func(c *Config) { c.Class, c.Threads = class, 3 })
		for _, v := range []struct{ path, q, want string }{
			{"/list", "read", "a\nb\n"}, {"/list", "lines", "a\nb\nc"}, {"/gen", "iter", "a\nb\nc"}, {"/gen", "line", "a\n"}, {"/write", "line", "written:a\n"},
		} {
			a := request(t, g, &wire.Request{Environ: environ("POST", v.path+"?"+v.q, "CONTENT_LENGTH", "5"), Body: []byte("a\nb\nc")})
			if a.err != nil || a.body.String() != v.want {
				t.Errorf("%s %s?%s: %q %v", class, v.path, v.q, a.body.String(), a.err)
			}
		}
		if a := send(t, g, "HEAD", "/list?read"); a.err != nil {
			t.Errorf("%s HEAD: %v", class, a.err)
		}
	}
}

// An exception breaks into the sending of a part: nothing of the frames may get into the body, and the next request is
// answered right.
func TestInterrupted(t *testing.T) {
	g := generation(t, application, nil)
	first := g.Status()[0].PID
	a := newAnswer()
	a.waiting = func() int64 { return wire.HighWater + 1 } // a client that does not read: the worker is in the middle when it rings
	r := &wire.Request{Environ: environ("GET", "/interrupted"), Answer: a}
	g.Send(r)
	eventually(t, "another worker", func() bool { s := g.Status(); return len(s) > 0 && s[len(s)-1].PID != first })
	a.mu.Lock()
	a.waiting = nil
	a.mu.Unlock()
	a.await(t)
	if f := a.failure(t); f.Status != 502 {
		t.Errorf("%+v", f)
	}
	if strings.Trim(a.body.String(), "x") != "" {
		t.Error("frames got into the body")
	}
	for range 5 {
		if a := send(t, g, "GET", "/generator"); a.err != nil || a.body.String() != "ab" {
			t.Errorf("%q %v", a.body.String(), a.err)
		}
	}
}
