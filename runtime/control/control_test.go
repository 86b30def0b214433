package control_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gsrv/runtime/control"
)

// fake is a server that remembers what it was asked for.
type fake struct {
	status control.Status
	scaled int
	stops  []bool
}

func (f *fake) Status() control.Status  { return f.status }
func (f *fake) Reload() error           { return errors.New("line 3 is wrong") }
func (f *fake) Scale(n int) error       { f.scaled = n; f.status.Wanted = n; return nil }
func (f *fake) Stop(graceful bool)      { f.stops = append(f.stops, graceful) }
func (f *fake) Configuration() []string { return []string{"workers.count = 2"} }

// TestSocket talks to the control socket line by line.
func TestSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ctl.sock")
	left, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	left.(*net.UnixListener).SetUnlinkOnClose(false)
	left.Close()
	f := &fake{status: control.Status{State: "serving", Wanted: 2}}
	s, err := control.Listen(path, f)
	if err != nil {
		t.Fatalf("over a socket that is left over: %v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if _, err := control.Listen(path, f); err == nil || !strings.Contains(err.Error(), "another server listens") {
		t.Errorf("a second server on the socket: %v", err)
	}
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(20 * time.Second))
	in := bufio.NewReader(c)
	for _, line := range []struct{ ask, want string }{
		{`{"command":"status"}`, `"state":"serving"`},
		{`{"command":"scale","workers":4}`, `"message":"4 workers"`},
		{`{"command":"reload"}`, `"error":"line 3 is wrong"`},
		{`{"command":"config"}`, `"config":["workers.count = 2"]`},
		{`{"command":"stop","now":true}`, `"ok":true`},
		{`{"command":"dance"}`, `there is no command \"dance\"`},
		{`dance`, `not a line of JSON`},
	} {
		io.WriteString(c, line.ask+"\n")
		got, err := in.ReadString('\n')
		if err != nil || !strings.Contains(got, line.want) {
			t.Errorf("%s: %s, %v; want %s", line.ask, got, err, line.want)
		}
	}
	if f.scaled != 4 || len(f.stops) != 1 || f.stops[0] {
		t.Errorf("the server was asked for %+v", f)
	}
	s.Close()
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := control.Listen(path, f); err == nil || !strings.Contains(err.Error(), "is no socket") {
		t.Errorf("a file in the way: %v", err)
	}
}

// TestReady: a server is ready when it serves and a worker is up.
func TestReady(t *testing.T) {
	for _, c := range []struct {
		status control.Status
		code   int
	}{
		{control.Status{State: "starting"}, 503},
		{control.Status{State: "serving"}, 503},
		{control.Status{State: "serving", Workers: []control.Worker{{State: "booting"}}}, 503},
		{control.Status{State: "serving", Workers: []control.Worker{{State: "booting"}, {State: "busy"}}}, 200},
		{control.Status{State: "reloading", Workers: []control.Worker{{State: "idle"}}}, 200},
		{control.Status{State: "stopping", Workers: []control.Worker{{State: "idle"}}}, 503},
	} {
		w := httptest.NewRecorder()
		control.AdminHandler(&fake{status: c.status}).ServeHTTP(w, httptest.NewRequest("GET", "/-/ready", nil))
		if w.Code != c.code {
			t.Errorf("%+v: %d, want %d", c.status, w.Code, c.code)
		}
	}
}

// TestStatsd: names, values and tags as gunicorn sends them.
func TestStatsd(t *testing.T) {
	l, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s, err := control.NewStatsd(l.LocalAddr().String(), "shop.", []string{"env:live", "a"})
	if err != nil {
		t.Fatal(err)
	}
	s.Request(404, 1500*time.Microsecond)
	s.Workers(3)
	s.Backlog(7)
	s.Log("info")
	s.Log("error")
	s.Close()
	l.SetReadDeadline(time.Now().Add(20 * time.Second))
	buf := make([]byte, 4096)
	var got strings.Builder
	for !strings.Contains(got.String(), "log.error") {
		n, _, err := l.ReadFrom(buf)
		if err != nil {
			t.Fatalf("%v after\n%s", err, got.String())
		}
		got.Write(buf[:n])
		got.WriteByte('\n')
	}
	want := "shop.gunicorn.request.duration:1.500|ms|#env:live,a\nshop.gunicorn.requests:1|c|@1.0|#env:live,a\nshop.gunicorn.request.status.404:1|c|@1.0|#env:live,a\n" +
		"shop.gunicorn.workers:3|g|#env:live,a\nshop.gunicorn.backlog:7|h|#env:live,a\nshop.gunicorn.log.error:1|c|@1.0|#env:live,a\n"
	if got.String() != want {
		t.Errorf("got\n%swant\n%s", got.String(), want)
	}
}

// TestStatsdStuck: a statsd server that does not read its socket holds up nobody.
func TestStatsdStuck(t *testing.T) {
	path := filepath.Join(t.TempDir(), "statsd")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s, err := control.NewStatsd("unix://"+path, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		for range 20000 { // far more than its queue takes
			s.Request(200, time.Millisecond)
		}
		s.Close()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("requests wait for the statsd server")
	}
}
