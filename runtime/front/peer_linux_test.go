package front

import (
	"net"
	"path/filepath"
	"strings"
	"testing"
)

// TestNameOfUnixClient has a client whose socket has a name of its own choice, which may hold anything but NUL.
func TestNameOfUnixClient(t *testing.T) {
	dir := t.TempDir()
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	startOn(t, l, echo, nil)
	for _, name := range []string{"a\nREMOTE_USER=admin", "a\r\x1b[2J"} {
		nc, err := net.DialUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, name), Net: "unix"}, l.Addr().(*net.UnixAddr))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := nc.Write([]byte("GET / HTTP/1.1\r\nConnection: close\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 4096)
		n, _ := nc.Read(b)
		nc.Close()
		_, text, _ := strings.Cut(string(b[:n]), "\r\n\r\n")
		if !strings.Contains(text, "REMOTE_ADDR="+dir) || strings.Contains(text, "\nREMOTE_USER") || strings.ContainsAny(text, "\r\x1b") {
			t.Errorf("%q", text)
		}
	}
}
