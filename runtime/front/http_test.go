package front

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gsrv/runtime/wire"
)

// reply makes an application that answers with a status, fields and a body.
func reply(status, fields, data string) app {
	var hs []wire.Header
	for _, f := range strings.Split(fields, "\n") {
		if k, v, ok := strings.Cut(f, ": "); ok {
			hs = append(hs, wire.Header{Name: k, Value: v})
		}
	}
	return func(_ *wire.Request, a wire.Answer) {
		a.Head(status, hs)
		if data != "" {
			a.Data([]byte(data))
		}
		a.End(nil)
	}
}

// parts makes an application that sends its body in pieces, each flushed.
func parts(status, fields string, data ...string) app {
	return func(_ *wire.Request, a wire.Answer) {
		var hs []wire.Header
		if k, v, ok := strings.Cut(fields, ": "); ok {
			hs = append(hs, wire.Header{Name: k, Value: v})
		}
		a.Head(status, hs)
		for _, d := range data {
			a.Data([]byte(d))
			a.Flush()
		}
		a.End(nil)
	}
}

const (
	get      = "GET / HTTP/1.1\r\nHost: x\r\n"
	getClose = get + "Connection: close\r\n\r\n"
)

// TestFraming compares whole answers, without the field Date.
func TestFraming(t *testing.T) {
	const ok11 = "HTTP/1.1 200 OK\r\nServer: gsrv\r\n"
	for name, tc := range map[string]struct {
		app     app
		request string
		want    string
	}{
		"length is known at the end":     {reply("200 OK", "", "abc"), getClose, ok11 + "Connection: close\r\nContent-Length: 3\r\n\r\nabc"},
		"length from the application":    {reply("200 OK", "Content-Length: 3", "abc"), getClose, ok11 + "Connection: close\r\nContent-Length: 3\r\n\r\nabc"},
		"no more than the length":        {reply("200 OK", "Content-Length: 2", "abc"), getClose, ok11 + "Connection: close\r\nContent-Length: 2\r\n\r\nab"},
		"chunks":                         {parts("200 OK", "", "abc", "", "0123456789abcdef"), getClose, ok11 + "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n"},
		"parts with a length":            {parts("200 OK", "Content-Length: 5", "abc", "def"), getClose, ok11 + "Connection: close\r\nContent-Length: 5\r\n\r\nabcde"},
		"short of the length ends it":    {reply("200 OK", "Content-Length: 9", "abc"), get + "\r\n", ok11 + "Connection: keep-alive\r\nContent-Length: 9\r\n\r\nabc"},
		"HTTP/1.0 parts":                 {parts("200 OK", "", "abc", "def"), "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "HTTP/1.0 200 OK\r\nServer: gsrv\r\nConnection: close\r\n\r\nabcdef"},
		"HTTP/1.0":                       {reply("200 OK", "", "abc"), "GET / HTTP/1.0\r\n\r\n", "HTTP/1.0 200 OK\r\nServer: gsrv\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc"},
		"HEAD keeps the length":          {reply("200 OK", "Content-Length: 3", ""), "HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", ok11 + "Connection: close\r\nContent-Length: 3\r\n\r\n"},
		"HEAD drops the body":            {reply("200 OK", "Content-Length: 3", "abc"), "HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", ok11 + "Connection: close\r\nContent-Length: 3\r\n\r\n"},
		"HEAD without a length":          {parts("200 OK", "", "abc"), "HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", ok11 + "Connection: close\r\n\r\n"},
		"204 has neither":                {reply("204 No Content", "Content-Length: 3", "abc"), getClose, "HTTP/1.1 204 No Content\r\nServer: gsrv\r\nConnection: close\r\n\r\n"},
		"304 keeps the length":           {reply("304 Not Modified", "Content-Length: 3", ""), getClose, "HTTP/1.1 304 Not Modified\r\nServer: gsrv\r\nConnection: close\r\nContent-Length: 3\r\n\r\n"},
		"hop-by-hop fields are ignored":  {reply("200 OK", "Connection: close\nKeep-Alive: 5\nTransfer-Encoding: chunked\nTE: x\nUpgrade: y\nServer: mine\nDate: today\nX-Own: yes\nProxy-Authenticate: b\nTrailers: c", "a"), getClose, ok11 + "Connection: close\r\nContent-Length: 1\r\nX-Own: yes\r\n\r\na"},
		"fields keep order and case":     {reply("299 Fine, thanks", "b-B: 1\nSet-Cookie: a\nSet-Cookie: b\nA: \xe9", "a"), getClose, "HTTP/1.1 299 Fine, thanks\r\nServer: gsrv\r\nConnection: close\r\nContent-Length: 1\r\nb-B: 1\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nA: \xe9\r\n\r\na"},
		"nothing but a head":             {reply("200 OK", "", ""), getClose, ok11 + "Connection: close\r\nContent-Length: 0\r\n\r\n"},
		"early hints":                    {hints, getClose, "HTTP/1.1 103 Early Hints\r\nLink: </s.css>; rel=preload\r\n\r\n" + ok11 + "Connection: close\r\nContent-Length: 0\r\n\r\n"},
		"no early hints for 1.0":         {hints, "GET / HTTP/1.0\r\n\r\n", "HTTP/1.0 200 OK\r\nServer: gsrv\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"},
		"the application may break off":  {breakOff(true), getClose, ok11 + "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"},
		"an error after an unsent start": {breakOff(false), getClose, "HTTP/1.1 502 Bad Gateway\r\nServer: gsrv\r\nConnection: close\r\nContent-Type: text/html\r\nContent-Length: 121\r\n\r\n" + string(page(502, ""))},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, tc.app, nil)
			got := withoutDate(r.all(tc.request))
			if got != tc.want {
				t.Errorf("got  %q\nwant %q", got, tc.want)
			}
		})
	}
}

func hints(_ *wire.Request, a wire.Answer) {
	a.Informational(103, []wire.Header{{Name: "Link", Value: "</s.css>; rel=preload"}, {Name: "bad\r\n", Value: "x"}})
	a.Head("200 OK", nil)
	a.End(nil)
}

func breakOff(flush bool) app {
	return func(_ *wire.Request, a wire.Answer) {
		a.Head("200 OK", nil)
		a.Data([]byte("abc"))
		if flush {
			a.Flush()
		}
		a.End(&wire.Failure{Status: 502, Reason: "killed", Worker: 4711})
	}
}

func withoutDate(s string) string {
	i := strings.Index(s, "Date: ")
	if i < 0 {
		return s
	}
	return s[:i] + s[i+strings.Index(s[i:], "\r\n")+2:]
}

// TestFailures asks for the statuses that clients are told when no answer comes.
func TestFailures(t *testing.T) {
	for name, tc := range map[string]struct {
		app    app
		status int
		log    string
		extra  string
	}{
		"a Failure's status":  {func(_ *wire.Request, a wire.Answer) { a.End(&wire.Failure{Status: 504, Reason: "too slow", Worker: 9}) }, 504, "error: GET / (worker 4711): 504 Gateway Timeout: too slow", ""},
		"busy":                {func(_ *wire.Request, a wire.Answer) { a.End(&wire.Failure{Status: 503, Reason: "queue full"}) }, 503, "warning: GET / (worker 4711): 503", "\r\nRetry-After: 7\r\n"},
		"another error":       {func(_ *wire.Request, a wire.Answer) { a.End(io.ErrUnexpectedEOF) }, 500, "500 Internal Server Error: unexpected EOF", ""},
		"no answer":           {func(_ *wire.Request, a wire.Answer) { a.End(nil) }, 500, "without an answer", ""},
		"a bad name":          {reply("200 OK", "a b: c", ""), 500, "'a b' is not a token", ""},
		"a bad value":         {reply("200 OK", "a: b\rc", ""), 500, "header a holds control characters", ""},
		"a bad status":        {reply("OK", "", ""), 500, "status 'OK'", ""},
		"a status with CR LF": {reply("200 OK\r\nX: y", "", ""), 500, `status '200 OK\x0d\x0aX: y'`, ""},
		"a final 101":         {reply("101 Switching Protocols", "", ""), 500, "1xx", ""},
		"a bad length":        {reply("200 OK", "Content-Length: -1", ""), 500, "Content-Length '-1'", ""},
		"two lengths":         {reply("200 OK", "Content-Length: 1\nContent-Length: 2", ""), 500, "Content-Length '2'", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, tc.app, func(c *Config) { c.RetryAfter = 7 })
			s := r.all(get + "\r\n")
			want := fmt.Sprintf("HTTP/1.1 %d %s\r\n", tc.status, http.StatusText(tc.status))
			if !strings.HasPrefix(s, want) || !strings.Contains(s, "\r\nConnection: close\r\n") || !strings.Contains(s, tc.extra) ||
				!strings.HasSuffix(s, "</html>\n") {
				t.Errorf("%q", s)
			}
			if !strings.Contains(r.logs.String(), tc.log) {
				t.Errorf("log %q lacks %q", r.logs.String(), tc.log)
			}
		})
	}
}

// TestRefused sends what must not reach an application.
func TestRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		request string
		status  int
		change  func(*Config)
	}{
		"garbage":                        {"\x00\x01\x02\r\n\r\n", 400, nil},
		"NUL in the path":                {"GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n", 400, nil},
		"LF in the path":                 {"GET /a%0ab HTTP/1.1\r\nHost: x\r\n\r\n", 400, nil},
		"long request line":              {"GET /" + strings.Repeat("a", 5000) + " HTTP/1.1\r\nHost: x\r\n\r\n", 414, nil},
		"too many fields":                {"GET / HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("A: b\r\n", 200) + "\r\n", 431, nil},
		"length over the limit":          {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n", 413, func(c *Config) { c.MaxBody = 10 }},
		"chunks beyond the limit":        {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n012345\r\n6\r\n012345\r\n0\r\n\r\n", 413, func(c *Config) { c.MaxBody = 10 }},
		"413 and no 100":                 {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n", 413, func(c *Config) { c.MaxBody = 10 }},
		"bad chunk":                      {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400, nil},
		"other expectations":             {"GET / HTTP/1.1\r\nHost: x\r\nExpect: the-unexpected\r\n\r\n", 417, nil},
		"header_map refuse":              {"GET / HTTP/1.1\r\nHost: x\r\nX_A: b\r\n\r\n", 400, func(c *Config) { c.HeaderMap = "refuse" }},
		"contradictory schemes":          {"GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Ssl: off\r\n\r\n", 400, trustSchemes},
		"outside of SCRIPT_NAME":         {"GET /other HTTP/1.1\r\nHost: x\r\n\r\n", 500, func(c *Config) { c.ScriptName = "/app" }},
		"HTTP/1.0 in chunks":             {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, nil},
		"length and chunks":              {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, nil},
		"unknown coding":                 {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: snappy\r\n\r\n0\r\n\r\n", 501, nil},
		"a head that ends in line feeds": {"GET / HTTP/1.1\r\nHost: x\n\n", 400, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, hello, tc.change)
			s := r.all(tc.request)
			if !strings.HasPrefix(s, fmt.Sprintf("HTTP/1.1 %d ", tc.status)) && !strings.HasPrefix(s, fmt.Sprintf("HTTP/1.0 %d ", tc.status)) {
				t.Errorf("%q", s)
			}
			if strings.Count(s, "HTTP/1.1 ") > 1 || !strings.Contains(s, "Connection: close\r\n") {
				t.Errorf("%q", s)
			}
			if st := r.s.Stats(); st.Running != 0 {
				t.Errorf("%+v", st)
			}
		})
	}
}

func trustSchemes(c *Config) {
	c.Trusted = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	c.SecureSchemeHeaders = map[string]string{"X-FORWARDED-PROTO": "https", "X-FORWARDED-SSL": "on"}
}

func TestExpectContinue(t *testing.T) {
	r := start(t, echo, nil)
	c := r.dial().send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-Continue\r\n\r\n")
	line := make([]byte, len(continueLine))
	if _, err := io.ReadFull(c.r, line); err != nil || string(line) != string(continueLine) {
		t.Fatalf("%q %v", line, err)
	}
	if _, b := c.send("12345").answer("POST"); !strings.Contains(b, "data=12345\n") || !strings.Contains(b, "HTTP_EXPECT=100-Continue\n") {
		t.Errorf("%s", b)
	}
	// The body is here already: 100 would say nothing.
	if resp, b := c.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n12345").answer("POST"); resp.StatusCode != 200 || !strings.Contains(b, "data=12345\n") {
		t.Errorf("%v %s", resp, b)
	}
}

// TestTimeouts waits for each kind of timeout; all are short.
func TestTimeouts(t *testing.T) {
	r := start(t, hello, func(c *Config) {
		c.HeaderTimeout, c.BodyTimeout, c.KeepAlive = 200*time.Millisecond, 200*time.Millisecond, 200*time.Millisecond
	})
	if s := r.all("GET / HTTP/1.1\r\n"); !strings.HasPrefix(s, "HTTP/1.1 408 ") {
		t.Errorf("head: %q", s)
	}
	if s := r.all("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n123"); !strings.HasPrefix(s, "HTTP/1.1 408 ") {
		t.Errorf("body: %q", s)
	}
	if s := r.all(""); s != "" {
		t.Errorf("nothing: %q", s)
	}
	if s := r.all(get + "\r\n"); !strings.HasSuffix(s, "you!\n") {
		t.Errorf("idle: %q", s)
	}
	st := r.s.Stats()
	if st.Timeouts[TimeoutHeader] != 2 || st.Timeouts[TimeoutBody] != 1 || st.Timeouts[TimeoutIdle] != 1 || st.Running != 0 {
		t.Errorf("%+v", st)
	}
}

// TestIdleAfterLongAnswer keeps a connection over an answer that takes longer than it may be idle.
func TestIdleAfterLongAnswer(t *testing.T) {
	r := start(t, func(rq *wire.Request, a wire.Answer) {
		time.Sleep(450 * time.Millisecond) // longer than KeepAlive
		hello(rq, a)
	}, func(c *Config) { c.KeepAlive = 200 * time.Millisecond })
	c := r.dial()
	for range 2 {
		if resp, _ := c.send(get + "\r\n").answer("GET"); resp.StatusCode != 200 {
			t.Fatal(resp)
		}
	}
	c.eof()
}

func TestWriteTimeout(t *testing.T) {
	ended := make(chan int64, 1)
	r := start(t, func(_ *wire.Request, a wire.Answer) {
		a.Head("200 OK", nil)
		part, n := make([]byte, 1<<20), int64(0)
		for i := 0; i < 5000 && n >= 0; i++ {
			if n = a.Data(part); n > wire.HighWater {
				part = nil
			}
			time.Sleep(time.Millisecond)
		}
		a.End(nil)
		ended <- n
	}, func(c *Config) { c.WriteTimeout = 100 * time.Millisecond })
	r.dial().send(get + "\r\n")
	if n := <-ended; n >= 0 {
		t.Errorf("%d bytes wait for a client that is gone", n)
	}
	if st := r.s.Stats(); st.Timeouts[TimeoutWrite] != 1 {
		t.Errorf("%+v", st)
	}
}

func TestKeepAliveOff(t *testing.T) {
	r := start(t, hello, func(c *Config) { c.KeepAlive = 0 })
	if s := r.all(get + "\r\n"); !strings.Contains(s, "Connection: close\r\n") {
		t.Errorf("%q", s)
	}
}

// TestHalfClose ends the sending half: the answer must come all the same.
func TestHalfClose(t *testing.T) {
	release := make(chan struct{})
	slow := func(rq *wire.Request, a wire.Answer) { <-release; hello(rq, a) }
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]*rig{"tcp": start(t, slow, nil), "unix": startOn(t, l, slow, nil)} {
		c := r.dial().send(get + "\r\n")
		c.Conn.(interface{ CloseWrite() error }).CloseWrite()
		release <- struct{}{}
		if s := c.eof(); !strings.HasSuffix(s, "you!\n") {
			t.Errorf("%s: %q", name, s)
		}
		select {
		case <-r.f.canceled:
			t.Errorf("%s: canceled", name)
		default:
		}
	}
}

// TestDisconnect resets (tcp) or closes (unix) the connection while the application is at work.
func TestDisconnect(t *testing.T) {
	begun, release := make(chan struct{}), make(chan struct{})
	slow := func(_ *wire.Request, a wire.Answer) {
		begun <- struct{}{}
		<-release
		a.Head("200 OK", nil)
		if n := a.Data(make([]byte, 100)); n >= 0 {
			t.Errorf("Data gave %d", n)
		}
		a.End(nil)
		begun <- struct{}{}
	}
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]*rig{"tcp": start(t, slow, nil), "unix": startOn(t, l, slow, nil)} {
		c := r.dial().send(get + "\r\n")
		<-begun
		if tc, ok := c.Conn.(*net.TCPConn); ok {
			tc.SetLinger(0)
		}
		c.Close()
		select {
		case <-r.f.canceled:
		case <-time.After(5 * time.Second):
			t.Fatalf("%s: not canceled", name)
		}
		release <- struct{}{}
		<-begun
	}
}

// TestLinger sends much more than is read of it: the answer must arrive all the same.
func TestLinger(t *testing.T) {
	r := start(t, hello, func(c *Config) { c.MaxBody = 10 })
	for range 20 {
		c := r.dial()
		c.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n")
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			io.WriteString(c.Conn, strings.Repeat("x", 3_000_000))
			c.Conn.(*net.TCPConn).CloseWrite()
		}()
		<-sent
		if s := c.eof(); !strings.HasPrefix(s, "HTTP/1.1 413 ") || !strings.HasSuffix(s, "</html>\n") {
			t.Fatalf("%q", s)
		}
	}
}

func TestFile(t *testing.T) {
	data := strings.Repeat("0123456789", 200_000)
	name := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(name, []byte(data), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, off := range []int64{0, 12345} {
		for _, fields := range []string{"", fmt.Sprintf("Content-Length: %d", int64(len(data))-off)} {
			for _, no := range []bool{false, true} {
				r := start(t, func(_ *wire.Request, a wire.Answer) {
					f, err := os.Open(name)
					if err != nil {
						t.Error(err)
					}
					var hs []wire.Header
					if k, v, ok := strings.Cut(fields, ": "); ok {
						hs = append(hs, wire.Header{Name: k, Value: v})
					}
					a.Head("200 OK", hs)
					a.File(f, off, int64(len(data))-off)
					a.End(nil)
				}, func(c *Config) { c.DisableSendfile = no })
				c := r.dial()
				for range 2 {
					if _, b := c.send(get + "\r\n").answer("GET"); b != data[off:] {
						t.Errorf("%d bytes", len(b))
					}
				}
			}
		}
	}
}

func TestShutdown(t *testing.T) {
	begun, release := make(chan struct{}, 1), make(chan struct{})
	r := start(t, func(rq *wire.Request, a wire.Answer) {
		if strings.Contains(string(rq.Environ), "PATH_INFO\x00/slow\x00") {
			begun <- struct{}{}
			<-release
		}
		hello(rq, a)
	}, func(c *Config) { c.DrainIdle = 500 * time.Millisecond })
	idle, fresh, late, busy := r.dial(), r.dial(), r.dial(), r.dial()
	idle.send(get + "\r\n").answer("GET")
	late.send(get + "\r\n").answer("GET")
	busy.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
	<-begun
	done := make(chan error)
	go func() { done <- r.s.Shutdown(context.Background()) }()
	for !r.s.draining.Load() {
		time.Sleep(time.Millisecond)
	}
	// A request that was on its way is answered still.
	if resp, b := late.send(get + "\r\n").answer("GET"); !resp.Close || b != "Hello, you!\n" {
		t.Errorf("%v %q", resp, b)
	}
	late.Close()
	idle.eof()
	fresh.eof()
	select {
	case err := <-done:
		t.Fatalf("ended before the answer: %v", err)
	default:
	}
	close(release)
	if resp, b := busy.answer("GET"); !resp.Close || b != "Hello, you!\n" {
		t.Errorf("%v %q", resp, b)
	}
	busy.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestShutdownCutsOff(t *testing.T) {
	begun, release := make(chan struct{}), make(chan struct{})
	r := start(t, func(rq *wire.Request, a wire.Answer) { close(begun); <-release; hello(rq, a) }, nil)
	c := r.dial().send(get + "\r\n")
	<-begun
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := r.s.Shutdown(ctx); err != context.DeadlineExceeded {
		t.Errorf("%v", err)
	}
	<-r.f.canceled
	if s := c.eof(); s != "" {
		t.Errorf("%q", s)
	}
	close(release)
}

func TestMaxConnections(t *testing.T) {
	r := start(t, hello, func(c *Config) { c.MaxConnections = 2 })
	a, b := r.dial(), r.dial()
	a.send(get + "\r\n")
	if resp, _ := a.answer("GET"); resp.StatusCode != 200 {
		t.Error(resp)
	}
	b.send("GET / HTTP/1.1\r\n") // holds its place
	third := r.dial().send(get + "\r\n")
	if resp, _ := third.answer("GET"); resp.StatusCode != 200 {
		t.Error(resp)
	}
	if st := r.s.Stats(); st.Open > 2 {
		t.Errorf("%+v", st)
	}
}

func TestReconfigure(t *testing.T) {
	r := start(t, echo, nil)
	c := r.dial()
	if _, b := c.send(get + "\r\n").answer("GET"); !strings.Contains(b, "SCRIPT_NAME=\n") {
		t.Fatal(b)
	}
	conf := r.config()
	conf.ScriptName = "/app"
	if err := r.s.Reconfigure(conf); err != nil {
		t.Fatal(err)
	}
	if _, b := c.send("GET /app/x HTTP/1.1\r\nHost: x\r\n\r\n").answer("GET"); !strings.Contains(b, "SCRIPT_NAME=/app\n") || !strings.Contains(b, "PATH_INFO=/x\n") {
		t.Error(b)
	}
	conf.HeaderMap = "sometimes"
	if err := r.s.Reconfigure(conf); err == nil {
		t.Error("accepted")
	}
}

func TestHealth(t *testing.T) {
	r := start(t, hello, func(c *Config) {
		c.HealthPath, c.ReadyPath = "/-/health", "/-/ready"
		c.Health = func(ready bool) (bool, string) { return !ready, map[bool]string{false: "", true: "no workers"}[ready] }
	})
	c := r.dial()
	if resp, b := c.send("GET /-/health HTTP/1.1\r\nHost: x\r\n\r\n").answer("GET"); resp.StatusCode != 200 || b != "ok\n" {
		t.Errorf("%v %q", resp, b)
	}
	if resp, b := c.send("GET /-/ready?x HTTP/1.1\r\nHost: x\r\n\r\n").answer("GET"); resp.StatusCode != 503 || b != "no workers\n" {
		t.Errorf("%v %q", resp, b)
	}
	if resp, _ := c.send("HEAD /-/ready HTTP/1.1\r\nHost: x\r\n\r\n").answer("HEAD"); resp.StatusCode != 503 {
		t.Errorf("%v", resp)
	}
	if _, b := c.send(get + "\r\n").answer("GET"); b != "Hello, you!\n" {
		t.Errorf("%q", b)
	}
}

func TestRequestID(t *testing.T) {
	r := start(t, echo, func(c *Config) { c.RequestIDHeader = "X-Request-ID" })
	c := r.dial()
	resp, b := c.send(get + "X-Request-Id: forged\r\n\r\n").answer("GET")
	id := resp.Header.Get("X-Request-Id")
	if len(id) != 32 || !strings.Contains(b, "HTTP_X_REQUEST_ID="+id+"\n") || strings.Count(b, "X_REQUEST_ID") != 1 {
		t.Errorf("%v %s", resp, b)
	}
	conf := r.config()
	conf.RequestIDHeader, conf.TrustAll = "X-Request-ID", true
	if err := r.s.Reconfigure(conf); err != nil {
		t.Fatal(err)
	}
	if resp, b = c.send(get + "X-Request-Id: abc-1\r\n\r\n").answer("GET"); resp.Header.Get("X-Request-Id") != "abc-1" || !strings.Contains(b, "HTTP_X_REQUEST_ID=abc-1\n") {
		t.Errorf("%v %s", resp, b)
	}
	if resp, _ = c.send(get + "X-Request-Id: \"abc\r\n\r\n").answer("GET"); len(resp.Header.Get("X-Request-Id")) != 32 {
		t.Errorf("%v", resp)
	}
}

// TestUnreadAtTheEnd sends an empty line after the body of the last request, as old browsers did: closing on it must not
// take the answer along.
func TestUnreadAtTheEnd(t *testing.T) {
	r := start(t, hello, nil)
	for range 50 {
		c := r.dial().send("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc\r\n")
		if s := c.eof(); !strings.HasPrefix(s, "HTTP/1.1 200 ") || !strings.HasSuffix(s, "you!\n") {
			t.Fatalf("%q", s)
		}
	}
}

// TestAnother has what may come after the first request of a connection, whole and in one piece.
func TestAnother(t *testing.T) {
	again := get + "\r\n"
	r := start(t, hello, func(c *Config) { c.KeepAlive = 300 * time.Millisecond })
	first := func() *client {
		t.Helper()
		c := r.dial().send(again)
		if resp, b := c.answer("GET"); resp.StatusCode != 200 || b != "Hello, you!\n" {
			t.Fatalf("%v %q", resp, b)
		}
		return c
	}
	for _, test := range []struct{ name, send, want string }{
		{"refused", "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "HTTP/1.1 400 "},
		{"no request", "GET /\r\n\r\n", "HTTP/1.1 400 "},
		{"the last", "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 "},
		{"HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", "HTTP/1.0 200 "},
		{"with a body", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na", "HTTP/1.1 200 "},
		{"with idling", again, "HTTP/1.1 200 "},
		{"two", again + again, "HTTP/1.1 200 "},
	} {
		c := first().send(test.send)
		if s := c.eof(); !strings.HasPrefix(s, test.want) {
			t.Errorf("%s: %q", test.name, s)
		}
	}
	c := first()
	for range 100 {
		c.send(again)
		c.answer("GET")
	}
	c.send("GET / HTTP/1.1\r\n")
	c.send("Host: x\r\n\r\n" + again)
	c.answer("GET")
	c.answer("GET")
	c.send(again)
	c.Conn.(*net.TCPConn).CloseWrite()
	if s := c.eof(); !strings.HasSuffix(s, "you!\n") {
		t.Errorf("%q", s)
	}
}
