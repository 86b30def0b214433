package master

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gsrv/runtime/plan"
)

// TestSyslogAgain: a syslog server that is started anew gets the messages.
func TestSyslogAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	listen := func() *net.UnixConn {
		t.Helper()
		c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	hear := func(c *net.UnixConn, want string) {
		t.Helper()
		buf := make([]byte, 1000)
		c.SetReadDeadline(time.Now().Add(10 * time.Second))
		if n, err := c.Read(buf); err != nil || !strings.Contains(string(buf[:n]), want) {
			t.Errorf("heard %q, %v; want %q", buf[:n], err, want)
		}
	}
	first := listen()
	w, err := dialSyslog(&plan.Syslog{Address: "unix://" + path + "#dgram", Facility: "user", Prefix: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	w.Write([]byte("one"))
	hear(first, "one")
	first.Close()
	os.Remove(path)
	second := listen()
	defer second.Close()
	if _, err := w.Write([]byte("two")); err != nil {
		t.Error(err)
	}
	hear(second, "two")
}
