package front

import (
	"net"
	"testing"

	"golang.org/x/sys/unix"
)

// TestHalfClosedAfterAnother has clients whose one more request and end of sending arrive together, in one segment.
func TestHalfClosedAfterAnother(t *testing.T) {
	r := start(t, hello, nil)
	c := r.dial().send(get + "\r\n")
	c.answer("GET")
	raw, err := c.Conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) {
		if err := unix.Sendto(int(fd), []byte(get+"\r\n"), unix.MSG_MORE, nil); err != nil {
			t.Error(err)
		}
		unix.Shutdown(int(fd), unix.SHUT_WR)
	})
	c.eof()
	if st := r.s.Stats(); st.Timeouts[TimeoutIdle] != 0 {
		t.Errorf("the end of what the client sends was not seen until the keep-alive timeout: %v", st.Timeouts)
	}
}
