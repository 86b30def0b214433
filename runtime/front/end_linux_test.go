package front

import (
	"net"
	"testing"

	"golang.org/x/sys/unix"
)

// TestEndWithAnswer sees to it that the last answer and the connection's end come in one segment: where the answer can be
// read, nothing need be waited for.
func TestEndWithAnswer(t *testing.T) {
	r := start(t, hello, nil)
	for range 20 {
		c := r.dial().send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		raw, err := c.Conn.(*net.TCPConn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		var events int16
		raw.Read(func(fd uintptr) bool {
			p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN | unix.POLLRDHUP}}
			n, _ := unix.Poll(p, 0)
			events = p[0].Revents
			return n > 0
		})
		if events&unix.POLLRDHUP == 0 {
			t.Fatalf("the answer came without the end of the connection: %#x", events)
		}
		c.eof()
	}
}
