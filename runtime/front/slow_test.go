package front

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"gsrv/runtime/wire"
)

// TestEmptyLines ends bodies with a line end too many: it is no request, and no half of one.
func TestEmptyLines(t *testing.T) {
	r := start(t, echo, func(c *Config) { c.KeepAlive, c.HeaderTimeout = 300*time.Millisecond, 5*time.Second })
	c := r.dial()
	for range 3 {
		if _, b := c.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc\r\n").answer("POST"); !strings.Contains(b, "data=abc\n") {
			t.Fatal(b)
		}
	}
	if rest := c.eof(); rest != "" {
		t.Errorf("%q", rest)
	}
	if st := r.s.Stats(); st.Timeouts[TimeoutIdle] != 1 || st.Timeouts[TimeoutHeader] != 0 {
		t.Errorf("%+v", st)
	}
}

func TestKeepAliveOfHTTP10(t *testing.T) {
	r := start(t, reply("200 OK", "", "abc"), nil)
	c := r.dial()
	for range 2 {
		if resp, b := c.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").answer("GET"); b != "abc" || resp.Header.Get("Connection") != "keep-alive" || resp.ContentLength != 3 || resp.ProtoMinor != 0 {
			t.Fatalf("%v %q", resp, b)
		}
	}
}

// TestShortFile has a file that ends before the application said it would.
func TestShortFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(name, make([]byte, 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	r := start(t, func(_ *wire.Request, a wire.Answer) {
		f, err := os.Open(name)
		if err != nil {
			t.Error(err)
		}
		a.Head("200 OK", []wire.Header{{Name: "Content-Length", Value: "5000"}})
		a.File(f, 0, 5000)
		a.End(nil)
	}, nil)
	c := r.dial().send(get + "\r\n")
	resp, err := http.ReadResponse(c.r, nil)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(resp.Body); err == nil || len(b) != 1000 {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	r.settle()
	if !strings.Contains(r.logs.String(), "shorter than the application said") {
		t.Errorf("%s", r.logs.String())
	}
}

// TestSlowConnectionsAreSmall holds many connections in the middle of heads and bodies and looks at what they cost.
func TestSlowConnectionsAreSmall(t *testing.T) {
	const n, most = 600, 20 << 10 // both ends of each are in this process
	r := start(t, hello, func(c *Config) { c.SpoolOver = 1 << 20 })
	for name, text := range map[string]string{
		"head": "GET / HTTP/1.1\r\nHost: x\r\nX-A: " + strings.Repeat("a", 100),
		"body": "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + strings.Repeat("a", 100),
		"idle": get + "\r\n",
	} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		open, begun := r.s.Stats().Open, r.s.Stats().Requests
		for range n {
			c := r.dial().send(text)
			if name == "idle" {
				c.answer("GET")
				c.r = nil
			}
		}
		for r.s.Stats().Open < open+n || name == "body" && r.s.Stats().Requests < begun+n {
			time.Sleep(time.Millisecond)
		}
		if resp, _ := r.dial().send(get + "\r\n").answer("GET"); resp.StatusCode != 200 {
			t.Error(resp)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		each := int64(after.HeapAlloc+after.StackInuse-before.HeapAlloc-before.StackInuse) / n
		t.Logf("%s: %d bytes a connection", name, each)
		if each > most {
			t.Errorf("%s: %d bytes a connection", name, each)
		}
	}
}

// TestLargeHeadsAreBounded has clients that send large heads and never end them.
func TestLargeHeadsAreBounded(t *testing.T) {
	r := start(t, hello, nil)
	text := get + strings.Repeat("X-A: "+strings.Repeat("a", 8000)+"\r\n", 95)
	var clients []*client
	refused := func() int64 { return r.s.Stats().Statuses[503] }
	for refused() == 0 {
		if clients = append(clients, r.dial().send(text)); len(clients) > 500 {
			t.Fatal("none is refused")
		}
		if n := r.s.heads.Load(); n > 2*largeHeads {
			t.Fatalf("%d bytes", n)
		}
	}
	if resp, _ := r.dial().send(get + "\r\n").answer("GET"); resp.StatusCode != 200 {
		t.Error(resp)
	}
	for _, c := range clients {
		c.Close()
	}
	for r.s.Stats().Open > 1 {
		time.Sleep(time.Millisecond)
	}
	if n := r.s.heads.Load(); n != 0 {
		t.Errorf("%d bytes are held for nobody", n)
	}
	if resp, _ := r.dial().send(text + "\r\n").answer("GET"); resp.StatusCode != 200 {
		t.Error(resp)
	}
}

// TestSlowReaderGoesOn has a client that takes its answer far more slowly than the kernel asks for more of it: that is not
// one which takes nothing.
func TestSlowReaderGoesOn(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(name, make([]byte, 20<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	memory := func(_ *wire.Request, a wire.Answer) {
		a.Head("200 OK", nil)
		for range 160 {
			a.Data(make([]byte, 64<<10))
		}
		a.End(nil)
	}
	file := func(_ *wire.Request, a wire.Answer) {
		f, err := os.Open(name)
		if err != nil {
			t.Error(err)
		}
		a.Head("200 OK", []wire.Header{{Name: "Content-Length", Value: "20971520"}})
		a.File(f, 0, 20<<20)
		a.End(nil)
	}
	for what, app := range map[string]app{"memory": memory, "file": file} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			r := start(t, app, func(c *Config) { c.WriteTimeout = 500 * time.Millisecond })
			c := r.dial().send(getClose)
			b := make([]byte, 8<<10)
			for from := time.Now(); time.Since(from) < 1500*time.Millisecond; time.Sleep(5 * time.Millisecond) {
				if _, err := io.ReadFull(c.Conn, b); err != nil {
					t.Fatal(err)
				}
			}
			if st := r.s.Stats(); st.Timeouts[TimeoutWrite] != 0 {
				t.Error("the client was taken for one that takes nothing")
			}
			for r.s.Stats().Timeouts[TimeoutWrite] == 0 && r.s.Stats().Open > 0 {
				time.Sleep(time.Millisecond)
			}
			if st := r.s.Stats(); st.Timeouts[TimeoutWrite] != 1 {
				t.Error("the client takes nothing any more")
			}
		})
	}
}
