package front

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"gsrv/runtime/http1"
	"gsrv/runtime/wire"
)

// An app answers one request, on a goroutine of its own.
type app func(r *wire.Request, a wire.Answer)

// fake is a Sender whose workers are goroutines.
type fake struct {
	mu       sync.Mutex
	app      app
	canceled chan *wire.Request
}

func (f *fake) Send(r *wire.Request) {
	f.mu.Lock()
	app := f.app
	f.mu.Unlock()
	r.Worker = 4711
	go app(r, r.Answer)
}

func (f *fake) Cancel(r *wire.Request) {
	select {
	case f.canceled <- r:
	default:
	}
}

// body reads a request's body.
func body(r *wire.Request) []byte {
	if r.File == nil {
		return r.Body
	}
	b := make([]byte, r.Length)
	if _, err := r.File.ReadAt(b, 0); err != nil && err != io.EOF {
		return []byte(err.Error())
	}
	return b
}

func hello(r *wire.Request, a wire.Answer) {
	a.Head("200 OK", []wire.Header{{Name: "Content-Type", Value: "text/plain"}, {Name: "Content-Length", Value: "12"}})
	a.Data([]byte("Hello, you!\n"))
	a.End(nil)
}

// echo gives back the environ, a variable a line, and the body's length and bytes.
func echo(r *wire.Request, a wire.Answer) {
	var b strings.Builder
	parts := strings.Split(string(r.Environ), "\x00")
	for i := 0; i+1 < len(parts); i += 2 {
		fmt.Fprintf(&b, "%s=%s\n", parts[i], parts[i+1])
	}
	data := body(r)
	fmt.Fprintf(&b, "body=%d\n", len(data))
	if len(data) <= 100 {
		fmt.Fprintf(&b, "data=%s\n", data)
	}
	a.Head("200 OK", []wire.Header{{Name: "Content-Type", Value: "text/plain"}})
	a.Data([]byte(b.String()))
	a.End(nil)
}

// rig is a server with its listener.
type rig struct {
	t    *testing.T
	s    *Server
	f    *fake
	addr net.Addr
	logs logs
}

type logs struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logs) add(level, msg string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.WriteString(level + ": " + msg + "\n")
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// start makes a server on a free port; change may alter its configuration.
func start(t *testing.T, app app, change func(*Config)) *rig {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return startOn(t, l, app, change)
}

func startOn(t *testing.T, l net.Listener, app app, change func(*Config)) *rig {
	t.Helper()
	return startInfo(t, l, ListenerInfo{Name: "test"}, app, change)
}

func startInfo(t *testing.T, l net.Listener, info ListenerInfo, app app, change func(*Config)) *rig {
	t.Helper()
	r := &rig{t: t, f: &fake{app: app, canceled: make(chan *wire.Request, 8)}, addr: l.Addr()}
	c := r.config()
	if change != nil {
		change(&c)
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	r.s = s
	served := make(chan error, 1)
	go func() { served <- s.Serve(l, info) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		if err := <-served; !errors.Is(err, ErrClosed) {
			t.Errorf("Serve: %v", err)
		}
		l.Close()
	})
	return r
}

func (r *rig) config() Config {
	return Config{
		HTTP:      http1.Options{Limits: http1.GunicornLimits(4094, 100, 8190)},
		KeepAlive: 5 * time.Second, HeaderTimeout: 5 * time.Second, BodyTimeout: 5 * time.Second, WriteTimeout: 5 * time.Second,
		Sender: func() wire.Sender { return r.f }, ErrorLog: r.logs.add, ServerHeader: "gsrv",
		ForwarderHeaders: []string{"SCRIPT_NAME", "PATH_INFO"},
	}
}

// settle waits until no request is under way any more: a line of the log is written after its answer.
func (r *rig) settle() {
	for r.s.Stats().Running > 0 {
		time.Sleep(time.Millisecond)
	}
}

// client is a raw connection.
type client struct {
	net.Conn
	t *testing.T
	r *bufio.Reader
}

func (r *rig) dial() *client {
	r.t.Helper()
	return r.dialOn(r.addr.Network(), r.addr.String())
}

func (r *rig) dialTo(addr string) *client {
	r.t.Helper()
	return r.dialOn("tcp", addr)
}

func (r *rig) dialOn(network, addr string) *client {
	r.t.Helper()
	c, err := net.Dial(network, addr)
	if err != nil {
		r.t.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(10 * time.Second))
	r.t.Cleanup(func() { c.Close() })
	return &client{c, r.t, bufio.NewReader(c)}
}

func (c *client) send(s string) *client {
	c.t.Helper()
	if _, err := io.WriteString(c.Conn, s); err != nil {
		c.t.Fatal(err)
	}
	return c
}

// answer reads one answer to a request with the method.
func (c *client) answer(method string) (*http.Response, string) {
	c.t.Helper()
	resp, err := http.ReadResponse(c.r, &http.Request{Method: method})
	if err != nil {
		c.t.Fatalf("reading the answer: %v", err)
	}
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatalf("reading the body: %v (have %d bytes)", err, len(b))
	}
	return resp, string(b)
}

// eof waits for the end of the connection.
func (c *client) eof() string {
	c.t.Helper()
	b, err := io.ReadAll(c.r)
	if err != nil {
		c.t.Errorf("the connection ended with %v, after %q", err, b)
	}
	return string(b)
}

// all sends text and reads everything until the end.
func (r *rig) all(text string) string {
	r.t.Helper()
	return r.dial().send(text).eof()
}

func TestHelloKeepAlive(t *testing.T) {
	r := start(t, hello, nil)
	c := r.dial()
	for range 3 {
		c.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		resp, b := c.answer("GET")
		if resp.StatusCode != 200 || b != "Hello, you!\n" || resp.Header.Get("Connection") != "keep-alive" || resp.Header.Get("Server") != "gsrv" {
			t.Fatalf("%v %q", resp, b)
		}
		if _, err := time.Parse(http.TimeFormat, resp.Header.Get("Date")); err != nil {
			t.Fatal(err)
		}
	}
	c.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	if s := c.eof(); !strings.Contains(s, "Connection: close\r\n") || !strings.HasSuffix(s, "Hello, you!\n") {
		t.Fatalf("%q", s)
	}
	if st := r.s.Stats(); st.Requests != 4 || st.Statuses[200] != 4 || st.Running != 0 {
		t.Errorf("%+v", st)
	}
}

func TestPipelining(t *testing.T) {
	r := start(t, echo, nil)
	var in strings.Builder
	for i := range 20 {
		fmt.Fprintf(&in, "POST /%d HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n%03d", i, i)
	}
	c := r.dial().send(in.String())
	for i := range 20 {
		_, b := c.answer("POST")
		if !strings.Contains(b, fmt.Sprintf("PATH_INFO=/%d\n", i)) || !strings.Contains(b, fmt.Sprintf("data=%03d\n", i)) {
			t.Fatalf("request %d: %s", i, b)
		}
	}
}

func TestBodies(t *testing.T) {
	r := start(t, func(rq *wire.Request, a wire.Answer) {
		b := body(rq)
		a.Head("200 OK", nil)
		a.Data(fmt.Appendf(nil, "%v %d ", rq.File != nil, rq.Length))
		a.Data(b)
		a.End(nil)
	}, func(c *Config) { c.SpoolOver = 100_000; c.SpoolDir = t.TempDir() })
	for _, n := range []int{0, 1, 100, 4000, 5000, 99_999, 100_000, 100_001, 1_000_000, 5_000_000} {
		data := strings.Repeat("0123456789", n/10+1)[:n]
		want := fmt.Sprintf("%v %d ", n > 100_000, n) + data
		c := r.dial()
		go io.WriteString(c.Conn, fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", n, data))
		if _, b := c.answer("POST"); b != want {
			t.Fatalf("%d bytes with a length: got %d bytes %.40q", n, len(b), b)
		}
		var chunks strings.Builder
		for rest := data; rest != ""; {
			k := min(len(rest), 7001)
			fmt.Fprintf(&chunks, "%x\r\n%s\r\n", k, rest[:k])
			rest = rest[k:]
		}
		go io.WriteString(c.Conn, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"+chunks.String()+"0\r\n\r\n")
		if _, b := c.answer("POST"); b != want {
			t.Fatalf("%d bytes in chunks: got %d bytes %.40q", n, len(b), b)
		}
	}
}

// TestByteByByte sends requests a byte at a time.
func TestByteByByte(t *testing.T) {
	r := start(t, echo, nil)
	c := r.dial()
	for _, s := range []string{
		"GET /a?b=c HTTP/1.1\r\nHost: x\r\nX-Long: " + strings.Repeat("y", 3000) + "\r\nX-Longer: " + strings.Repeat("z", 3000) + "\r\n\r\n",
		"POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n0123456789",
		"POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n",
	} {
		for i := range len(s) {
			c.send(s[i : i+1])
		}
		resp, b := c.answer("GET")
		if resp.StatusCode != 200 || strings.HasPrefix(s, "POST") && !strings.Contains(b, "data=0123456789\n") {
			t.Fatalf("%d %s", resp.StatusCode, b)
		}
	}
}

func TestUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	r := startOn(t, l, echo, nil)
	for head, want := range map[string]string{
		"Host: a.example:81\r\n": "SERVER_NAME=a.example\nSERVER_PORT=81\n",
		"Host: a.example\r\n":    "SERVER_NAME=a.example\nSERVER_PORT=80\n",
		"Host: [::1]:82\r\n":     "SERVER_NAME=[::1]\nSERVER_PORT=82\n",
	} {
		s := r.all("GET / HTTP/1.1\r\n" + head + "Connection: close\r\n\r\n")
		if !strings.Contains(s, want) || !strings.Contains(s, "REMOTE_ADDR=\n") || strings.Contains(s, "REMOTE_PORT") {
			t.Errorf("%s", s)
		}
	}
	if s := r.all("GET / HTTP/1.0\r\n\r\n"); !strings.Contains(s, "SERVER_NAME="+path+"\nSERVER_PORT=\n") {
		t.Errorf("%s", s)
	}
}

func TestStreaming(t *testing.T) {
	step := make(chan string)
	r := start(t, func(_ *wire.Request, a wire.Answer) {
		a.Head("200 OK", nil)
		for s := range step {
			a.Data([]byte(s))
			a.Flush()
		}
		a.End(nil)
	}, nil)
	c := r.dial().send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	step <- "one"
	resp, err := http.ReadResponse(c.r, nil)
	if err != nil || len(resp.TransferEncoding) != 1 {
		t.Fatal(resp, err)
	}
	buf := make([]byte, 3)
	for _, s := range []string{"", "two", "six"} {
		if s != "" {
			step <- s
		} else {
			s = "one"
		}
		if _, err := io.ReadFull(resp.Body, buf); err != nil || string(buf) != s {
			t.Fatalf("%q %v", buf, err)
		}
	}
	close(step)
	if b, err := io.ReadAll(resp.Body); err != nil || len(b) != 0 {
		t.Fatalf("%q %v", b, err)
	}
}

// TestLarge sends more than a socket takes to a client that does not read at first.
func TestLarge(t *testing.T) {
	const size = 40 << 20
	part := bytes.Repeat([]byte("0123456789abcdef"), 4096)
	ended, most := make(chan struct{}), int64(0)
	resumed := make(chan struct{}, 1)
	r := start(t, func(rq *wire.Request, a wire.Answer) {
		rq.Resume = func() { resumed <- struct{}{} }
		a.Head("200 OK", nil)
		for range size / len(part) {
			n := a.Data(part)
			most = max(most, n)
			if n > wire.HighWater {
				close(ended)
				<-resumed
			}
		}
		a.End(nil)
	}, func(c *Config) { c.SpoolDir = t.TempDir() })
	c := r.dial().send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	<-ended
	resp, err := http.ReadResponse(c.r, nil)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for buf := make([]byte, len(part)); ; {
		k, err := io.ReadFull(resp.Body, buf)
		n += k
		if err == io.EOF {
			break
		}
		if err != nil || !bytes.Equal(buf, part) {
			t.Fatalf("at %d: %v", n, err)
		}
	}
	if n != size {
		t.Errorf("%d bytes of %d", n, size)
	}
	r.settle()
	if s, h := r.s.spooled.Load(), r.s.held.Load(); s != 0 || h != 0 {
		t.Errorf("%d bytes in files and %d in memory are still counted", s, h)
	}
	if r.s.Stats().AnswersSpooled == 0 || most < wire.HighWater {
		t.Errorf("waiting %d, %+v", most, r.s.Stats())
	}
}

// TestLingersAlike has clients that keep their end open after the last answer: how long they may do so does not depend on
// which of its answer and its reader comes first.
func TestLingersAlike(t *testing.T) {
	r := start(t, hello, func(c *Config) {
		c.KeepAlive, c.HeaderTimeout, c.HealthPath, c.MaxConnections = time.Minute, 0, "/-/health", 1 // scarce: lingerCrowded
	})
	for _, path := range []string{"/", "/-/health"} {
		c := r.dial().send("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n")
		if s := c.eof(); !strings.Contains(s, "Connection: close\r\n") {
			t.Errorf("%q", s)
		}
		for end := time.Now().Add(5 * time.Second); r.s.Stats().Open > 0; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s: the connection stays", path)
			}
		}
	}
}
