//go:build linux

package front

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"gsrv/fixtures/oracle"
	"gsrv/runtime/wire"
)

// logApp answers in the ways that lines tell apart; loggedApp does the same here.
const logApp = `
import os
def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/file":
        start_response("200 OK", [("Content-Length", "12"), ("X-A", "b")])
        return environ["wsgi.file_wrapper"](open("twelve", "rb"))
    if path == "/empty":
        start_response("204 No Content", [])
        return []
    if path == "/missing":
        start_response("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", "2")])
        return [b"no"]
    if path == "/wrong":
        start_response("503 Service Unavailable", [("Content-Length", "5")])
        return [b"wrong"]
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2"), ("Set-Cookie", "a=b"), ("Set-Cookie", "c=d")])
    return [b"hi"]
`

func loggedApp(t *testing.T, dir string) app {
	return func(r *wire.Request, a wire.Answer) {
		path := ""
		for i, parts := 0, strings.Split(string(r.Environ), "\x00"); i+1 < len(parts); i += 2 {
			if parts[i] == "PATH_INFO" {
				path = parts[i+1]
			}
		}
		length := func(n string) wire.Header { return wire.Header{Name: "Content-Length", Value: n} }
		text := wire.Header{Name: "Content-Type", Value: "text/plain"}
		switch path {
		case "/file":
			f, err := os.Open(filepath.Join(dir, "twelve"))
			if err != nil {
				t.Error(err)
			}
			a.Head("200 OK", []wire.Header{length("12"), {Name: "X-A", Value: "b"}})
			a.File(f, 0, 12)
		case "/empty":
			a.Head("204 No Content", nil)
		case "/missing":
			a.Head("404 Not Found", []wire.Header{text, length("2")})
			a.Data([]byte("no"))
		case "/wrong":
			a.Head("503 Service Unavailable", []wire.Header{length("5")})
			a.Data([]byte("wrong"))
		default:
			a.Head("200 OK", []wire.Header{text, length("2"), {Name: "Set-Cookie", Value: "a=b"}, {Name: "Set-Cookie", Value: "c=d"}})
			a.Data([]byte("hi"))
		}
		a.End(nil)
	}
}

// listenLong listens at a port of five digits: lines have the length of what they do not show.
func listenLong(t *testing.T) net.Listener {
	t.Helper()
	for {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		if l.Addr().(*net.TCPAddr).Port > 9999 {
			return l
		}
		l.Close()
	}
}

// startUWSGI runs the uwsgi of this machine with a log, and gives its address and the log's name.
func startUWSGI(t *testing.T, dir, socket string, args ...string) (address, log string) {
	t.Helper()
	program := oracle.Program(t, "uwsgi")
	l := listenLong(t)
	address = l.Addr().String()
	l.Close()
	log = filepath.Join(t.TempDir(), "log")
	f, err := os.Create(log)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cmd := exec.Command(program, append([]string{"--plugin", "python3,http", "--" + socket, address, "--wsgi-file", filepath.Join(dir, "logapp.py"), "--master", "--auto-procname"}, args...)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, f, f
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // its master takes a second to end
		cmd.Wait()
		if t.Failed() {
			b, _ := os.ReadFile(log)
			t.Logf("uwsgi: %s", b[max(len(b)-500, 0):])
		}
	})
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if b, _ := os.ReadFile(log); strings.Contains(string(b), "spawned uWSGI worker 1") && (socket != "http" || strings.Contains(string(b), "spawned uWSGI http 1")) {
			if c, err := net.Dial("tcp", address); err == nil {
				c.Close()
				return address, log
			}
		}
		if time.Now().After(end) {
			oracle.Missing(t, "uwsgi with its Python plugin does not start")
		}
	}
}

var loggedRequests = []string{
	"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
	"GET /a%20b?c=%20d&e HTTP/1.1\r\nHost: example.org:80\r\nReferer: http://r/\r\nUser-Agent: ua/1 (x; y)\r\n\r\n",
	"GET /file HTTP/1.1\r\nHost: x\r\n\r\n",
	"GET /empty HTTP/1.1\r\nHost: x\r\nX-B: one\r\nX-C: two\r\n\r\n",
	"GET /missing HTTP/1.1\r\nHost: x\r\nX-B: one\r\nX-B: two\r\nX-B: three\r\n\r\n",
	"GET /wrong HTTP/1.1\r\nHost: x\r\n\r\n",
	"POST /p HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi",
	"GET /f HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 10.0.0.1, 10.0.0.2\r\n\r\n",
	"GET /a/../b//c/./d?x=/../y HTTP/1.1\r\nHost: x\r\n\r\n",
	"GET /u HTTP/1.1\r\nHost: x\r\nAuthorization: Basic bWU6c2VjcmV0\r\n\r\n",
	"GET /old HTTP/1.0\r\n\r\n",
	"GET /" + strings.Repeat("long/", 200) + "?q HTTP/1.1\r\nHost: x\r\n\r\n",
}

// moment takes out of a line what depends on the moment, the process and the port.
var moment = regexp.MustCompile(`\[pid: \d+|in \d+ m(sec|icro)s|\[\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\]|\d+ bytes/\d+MB|<[^>]*>`)

// TestUWSGILog compares the lines with the real uWSGI's.
func TestUWSGILog(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"logapp.py": logApp, "twelve": "hello world\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const steady = `=%(addr)|%(method)|%(uri)|%(status)|%(rsize)|%(hsize)|%(size)|%(headers)|%(cl)|%(proto)|%(user)|%(uagent)|%(referer)|%(host)|%(vars)|%(pktsize)|%(vszM)|%(rss)|%(core)|%(switches)|%(wid)|` +
		`%(modifier1)|%(modifier2)|%(werr)|%(rerr)|%(ioerr)|%(metric.any)|%(var.HTTP_X_B)|%(var.REQUEST_URI)|%(var.PATH_INFO)|%(var.QUERY_STRING)|%(var.HTTPS)|%(var.http_x_b)|%(var.CONTENT_TYPE)|%(var.SERVER_NAME)|%(var.REQUEST_METHOD)|%(var.SCRIPT_NAME)|%(nothing)|%(uwsgi_version)`
	const moments = `=%(ltime)!%(ctime)!%(ftime)!%(time)!%(epoch)!%(tmsecs)!%(tmicros)!%(micros)!%(msecs)!%(secs)!%(pid)`
	for name, c := range map[string]struct {
		log    UWSGILog
		socket string
		args   []string
	}{
		"own":         {log: UWSGILog{}},
		"own, router": {log: UWSGILog{Router: true}, socket: "http"},
		"own, micros": {log: UWSGILog{Micros: true, ForwardedFor: true, Memory: true}, args: []string{"--log-micros", "--log-x-forwarded-for", "--memory-report"}},
		"format":      {log: UWSGILog{Format: steady}},
		"forwarded":   {log: UWSGILog{Format: steady, ForwardedFor: true, Router: true}, socket: "http", args: []string{"--log-x-forwarded-for"}},
		"odd formats": {log: UWSGILog{Format: `=a %b 100% %(method %s %%(uri) %((host)) %() x) (%(status)) %(%(proto)) %d(c) %(method)`}},
		"only text":   {log: UWSGILog{Format: "=text ) (x) %"}},
		"not closed":  {log: UWSGILog{Format: "=%(method) then %(uri"}},
		"errors":      {log: UWSGILog{Format: "=%(uri)", Quiet: true, ClientErrors: true, ServerErrors: true}, args: []string{"--disable-logging", "--log-4xx", "--log-5xx"}},
		"empty":       {log: UWSGILog{Format: "=%(uri)", Quiet: true, Empty: true, Files: true}, args: []string{"--disable-logging", "--log-zero", "--log-sendfile", "true"}},
		"large":       {log: UWSGILog{Format: "=%(uri)", Quiet: true, Large: 5}, args: []string{"--disable-logging", "--log-big", "5"}},
		"moments":     {log: UWSGILog{Format: moments}},
		"dates":       {log: UWSGILog{Format: "=%(ftime)", Date: "%Y-%m-%dT%H %a %b %e|%j|%U%W%V|%%|%Z%z"}, args: []string{"--log-date=%Y-%m-%dT%H %a %b %e|%j|%U%W%V|%%|%Z%z", "--logformat-strftime"}},
		"no date":     {log: UWSGILog{Format: "=%(rsize)", Date: "%Y"}, args: []string{"--log-date=%Y"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := slices.Clone(c.args)
			if c.log.Format != "" {
				args = append(args, "--log-format", c.log.Format)
			}
			if c.socket == "" {
				c.socket = "http-socket"
			}
			theirs, name := startUWSGI(t, dir, c.socket, args...)
			c.log.Worker = func(int) int { return 1 }
			var b lockedBuffer
			l := openLog(t, AccessLogConfig{Writer: &b, UWSGI: &c.log})
			r := startOn(t, listenLong(t), loggedApp(t, dir), func(c *Config) { c.Access = l })
			for _, q := range loggedRequests {
				for _, addr := range []string{theirs, r.addr.String()} {
					asked(t, addr, q)
				}
				r.settle() // a line is written after its answer
			}
			l.Flush()
			ours := requestLines(b.String())
			var wants []string
			for end := time.Now().Add(5 * time.Second); len(wants) < len(ours) && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
				text, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				wants = requestLines(string(text))
			}
			if len(ours) != len(wants) || len(ours) == 0 || !c.log.Quiet && len(ours) != len(loggedRequests) {
				t.Fatalf("%d and %d lines\n%s", len(ours), len(wants), strings.Join(ours, "\n"))
			}
			for i := range ours {
				got, want := moment.ReplaceAllString(ours[i], "~"), moment.ReplaceAllString(wants[i], "~")
				if c.log.Router {
					// The router's REMOTE_PORT has its two bytes the wrong way round, and so another length.
					got, want = sizes.ReplaceAllString(got, "~"), sizes.ReplaceAllString(want, "~")
				}
				if c.log.Format == moments {
					got, want = digits.ReplaceAllString(got, "9"), digits.ReplaceAllString(want, "9")
				}
				if got != want {
					t.Errorf("got  %.900s\nwant %.900s", got, want)
				}
			}
		})
	}
}

var sizes = regexp.MustCompile(`(vars in |\|vm\||\|x\||:80\|)(\d+\|)?\d+`)

var digits = regexp.MustCompile(`(Mon|Tue|Wed|Thu|Fri|Sat|Sun) |\d+`)

// requestLines are the lines of requests in a log.
func requestLines(log string) (out []string) {
	for line := range strings.Lines(log) {
		if line[0] == '=' || strings.Contains(line, "[pid: ") {
			out = append(out, strings.TrimSuffix(line, "\n"))
		}
	}
	return out
}

// asked sends a request and reads the answer to its end.
func asked(t *testing.T, addr, request string) {
	t.Helper()
	var c net.Conn
	for {
		var err error
		if c, err = net.Dial("tcp", addr); err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if c.LocalAddr().(*net.TCPAddr).Port > 9999 {
			break
		}
	}
	c.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprint(c, request)
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Errorf("%.100q: %v", request, err)
		return
	}
	io.Copy(io.Discard, resp.Body)
}

// TestUWSGIOwnLine: a line that would be longer than 4096 bytes leaves out what the client chose, and nobody can end a line.
func TestUWSGIOwnLine(t *testing.T) {
	var b lockedBuffer
	l := openLog(t, AccessLogConfig{Writer: &b, UWSGI: &UWSGILog{ForwardedFor: true}})
	r := start(t, hello, func(c *Config) { c.Access = l })
	asked(t, r.addr.String(), "GET /"+strings.Repeat("x", 4000)+" HTTP/1.1\r\nHost: x\r\n\r\n")
	r.settle()
	asked(t, r.addr.String(), "GET /q\"\\ HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: a\x01\xffb\"c\r\n\r\n")
	r.settle()
	l.Flush()
	lines := requestLines(b.String())
	if len(lines) == 0 || !strings.HasPrefix(lines[0], "[pid: 4711|app: 0|req: 1/1] 0.0.0.0 () {20 vars in ") || !strings.Contains(lines[0], "] - - => generated 12 bytes in ") || !strings.Contains(lines[0], " (- 200) 2 headers in ") {
		t.Fatalf("%.300q", lines)
	}
	if strings.Contains(b.String(), "\x01") || strings.Contains(b.String(), "\xff") {
		t.Errorf("%q", lines[1:])
	}
}

// TestUWSGIFormat tells the two notations apart.
func TestUWSGIFormat(t *testing.T) {
	for format, want := range map[string]bool{
		"%(addr) %(uri)": true, "%(var.HTTP_X) [%(ltime)] \"%(method)\"": true, DefaultAccessFormat: false, "json": false, "": false, "%(h)s %(addr)s": false, "%({x-a}i)s %(uri)s": false, "%(nothing)s": false, "%(uri": false,
	} {
		if got := UWSGIFormat(format); got != want {
			t.Errorf("%q: %v", format, got)
		}
	}
}

// TestStrftime compares with the real strftime.
func TestStrftime(t *testing.T) {
	date := oracle.Program(t, "date")
	for _, at := range []time.Time{time.Unix(0, 0), time.Unix(1704067199, 0), time.Unix(1709210096, 0), time.Unix(1735689600, 0), time.Unix(1483228800, 0), time.Unix(1609459200, 0), time.Unix(951782400, 0)} {
		at = at.UTC()
		for c := byte('A'); c <= 'z'; c++ {
			if strings.IndexByte("EOLNJKQfiqov[\\]^_`", c) >= 0 {
				continue // modifiers, and what strftime does not have
			}
			format := "%" + string(c)
			cmd := exec.Command(date, "-u", "-d", at.Format(time.RFC3339), "+"+format)
			cmd.Env = append(os.Environ(), "LC_ALL=C", "TZ=UTC")
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			if got, want := Strftime(format, at), strings.TrimSuffix(string(out), "\n"); got != want {
				t.Errorf("%s at %s: %q, not %q", format, at, got, want)
			}
		}
	}
}

func FuzzUWSGIFormat(f *testing.F) {
	for _, s := range []string{"%(uri) %(status)", "%%(a", "%((uri))%", "x)%()(%(var.X)%(metric.a)", "%(ftime)%(secs)"} {
		f.Add(s, "%Y%m%")
	}
	s := settingsOf(f, nil)
	f.Fuzz(func(t *testing.T, format, date string) {
		sc := new(scratch)
		if n, err := s.HTTP.ParseHead([]byte("GET /a?b HTTP/1.1\r\nHost: x\r\nUser-Agent: y\r\n\r\n"), &sc.head); n == 0 || err != nil {
			t.Fatal(err)
		}
		a := &answer{set: s, sc: sc, c: &conn{peer: tcpPeer("127.0.0.1:5000", "127.0.0.1:8000")}}
		b, ok := newUWSGILog(&UWSGILog{Format: format, Date: date}).line(nil, a, 200, 1)
		if !ok || len(b) > 4096+64*(len(format)+len(date)*(1+strings.Count(format, "ftime"))) {
			t.Errorf("%q: %d bytes", format, len(b))
		}
	})
}

func BenchmarkUWSGILine(b *testing.B) {
	for name, format := range map[string]string{"own": "", "format": `%(addr) - %(user) [%(ltime)] "%(method) %(uri) %(proto)" %(status) %(size) "%(referer)" "%(uagent)"`} {
		b.Run(name, func(b *testing.B) {
			l, err := OpenAccessLog(AccessLogConfig{Path: os.DevNull, UWSGI: &UWSGILog{Format: format}})
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			sc := new(scratch)
			s := settingsOf(b, nil)
			if n, err := s.HTTP.ParseHead([]byte("GET /a/b?c=d HTTP/1.1\r\nHost: example.org\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nReferer: http://example.org/\r\nAccept: text/html\r\n\r\n"), &sc.head); n == 0 || err != nil {
				b.Fatal(err)
			}
			a := &answer{set: s, sc: sc, c: &conn{peer: tcpPeer("127.0.0.1:5000", "127.0.0.1:8000")}}
			b.ReportAllocs()
			for b.Loop() {
				l.log(a, 200, 1234567)
			}
		})
	}
}
