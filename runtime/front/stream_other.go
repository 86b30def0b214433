//go:build !linux

package front

import (
	"errors"
	"net"
	"os"
	"time"
)

// An acceptor is for Linux.
type acceptor struct{}

func accepting(net.Listener) *acceptor      { return nil }
func (*acceptor) close()                    {}
func (*acceptor) closed() bool              { return false }
func (*acceptor) setDeadline(time.Time)     {}
func (*acceptor) accept() (net.Conn, error) { return nil, net.ErrClosed }

const (
	canRaw   = false
	joinUpTo = 16 << 10
)

func (s *stream) onReadable(uintptr) bool { return true }
func (s *stream) onWritable(uintptr) bool { return true }
func (s *stream) hungUp() bool            { return false }
func (s *stream) queued() int             { return -1 }

func (s *stream) sendFile(*os.File, int64, int64, func(int64)) error {
	return errors.New("front: sendfile is for Linux")
}

// tempFile makes a file without a name.
func tempFile(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, "gsrv-")
	if err == nil {
		os.Remove(f.Name())
	}
	return f, err
}
