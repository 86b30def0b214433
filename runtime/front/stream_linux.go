package front

import (
	"io"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const canRaw = true

// joinUpTo is the most bytes that are copied together rather than handed over as pieces.
const joinUpTo = 16 << 10

func (s *stream) onReadable(fd uintptr) bool {
	dst := s.into
	var fresh *[]byte
	if dst == nil {
		if s.most > 0 {
			fresh = copyPool.Get().(*[]byte)
			dst = (*fresh)[:min(s.most, int64(len(*fresh)))]
		} else {
			fresh = inputPool.Get().(*[]byte)
			dst = *fresh
		}
	}
	var n int
	var err syscall.Errno
	for {
		n, err = rawRead(fd, dst)
		if err != syscall.EINTR {
			break
		}
	}
	if n > 0 {
		// A short read has taken all there was: what comes later is told of.
		if fresh != nil && s.express != nil && n < len(dst) {
			if took, over := s.express(dst[:n]); took {
				putFresh(fresh)
				s.n, s.err = 0, nil
				return over
			}
		}
		s.n, s.err, s.fresh = n, nil, fresh
		return true
	}
	if fresh != nil {
		putFresh(fresh)
	}
	if err == syscall.EAGAIN {
		s.n, s.err = 0, nil
		return s.noWait
	}
	s.n, s.err = 0, io.EOF
	if err != 0 {
		s.err = os.NewSyscallError("read", err)
	}
	return true
}

// The system calls of every request. The sockets never block, so the scheduler need not know of them.

func rawRead(fd uintptr, b []byte) (int, syscall.Errno) {
	n, _, err := syscall.RawSyscall(syscall.SYS_READ, fd, uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	return int(n), err
}

func rawWrite(fd uintptr, b []byte) (int, syscall.Errno) {
	n, _, err := syscall.RawSyscall(syscall.SYS_WRITE, fd, uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	return int(n), err
}

// rawSendHeld writes what waits for the end of the connection, if the socket is one of TCP.
func rawSendHeld(fd uintptr, b []byte) (int, syscall.Errno) {
	n, _, err := syscall.RawSyscall6(syscall.SYS_SENDTO, fd, uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), unix.MSG_MORE|unix.MSG_NOSIGNAL, 0, 0)
	return int(n), err
}

// onWritable writes what goes without waiting.
func (s *stream) onWritable(fd uintptr) bool {
	for {
		var n int
		var errno syscall.Errno
		if len(s.out[1]) == 0 && len(s.out[2]) == 0 {
			if s.last {
				n, errno = rawSendHeld(fd, s.out[0])
				s.held.Store(errno == 0)
			} else {
				n, errno = rawWrite(fd, s.out[0])
			}
		} else {
			var err error
			if n, err = unix.Writev(int(fd), s.out[:]); err != nil {
				errno, _ = err.(syscall.Errno)
			}
		}
		switch errno {
		case 0:
		case syscall.EINTR:
			continue
		case syscall.EAGAIN:
			return true
		default:
			s.werr = os.NewSyscallError("write", errno)
			return true
		}
		s.wn += n
		left := 0
		for i := range s.out {
			k := min(n, len(s.out[i]))
			s.out[i] = s.out[i][k:]
			n -= k
			left += len(s.out[i])
		}
		if left == 0 {
			return true
		}
	}
}

// hungUp says that the other end of a unix socket is closed, not only half of it.
func (s *stream) hungUp() bool {
	if s.raw == nil {
		return false
	}
	gone := false
	s.raw.Control(func(fd uintptr) {
		p := []unix.PollFd{{Fd: int32(fd)}}
		if n, err := unix.Poll(p, 0); err == nil && n > 0 {
			gone = p[0].Revents&(unix.POLLHUP|unix.POLLERR) != 0
		}
	})
	return gone
}

// queued is how many bytes the kernel has that the client has not taken; -1: it cannot be told.
func (s *stream) queued() int {
	if s.raw == nil {
		return -1
	}
	left := -1
	_ = s.raw.Control(func(fd uintptr) {
		if n, err := unix.IoctlGetInt(int(fd), unix.SIOCOUTQ); err == nil {
			left = n
		}
	})
	return left
}

// sendFile lets the kernel send n bytes of f from off; progress is called with each part. It waits as the write deadline
// allows.
func (s *stream) sendFile(f *os.File, off, n int64, progress func(int64)) error {
	src := int(f.Fd())
	var failed error
	for n > 0 {
		var sent int
		err := s.raw.Write(func(fd uintptr) bool {
			for {
				at := off
				sent, failed = unix.Sendfile(int(fd), src, &at, int(min(n, 1<<20)))
				if failed == unix.EINTR {
					continue
				}
				if failed == unix.EAGAIN {
					failed = nil
					return false
				}
				return true
			}
		})
		if err == nil {
			err = failed
		}
		if err != nil {
			return err
		}
		if sent == 0 {
			return io.ErrUnexpectedEOF
		}
		off += int64(sent)
		n -= int64(sent)
		progress(int64(sent))
	}
	return nil
}

// tempFile makes a file without a name: in dir where one can be made, in memory otherwise.
func tempFile(dir string) (*os.File, error) {
	if dir == "" {
		dir = os.TempDir()
	}
	if fd, err := unix.Open(dir, unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o600); err == nil {
		return os.NewFile(uintptr(fd), dir+"/(unlinked)"), nil
	}
	fd, err := unix.MemfdCreate("gsrv-body", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	return os.NewFile(uintptr(fd), "(memory)"), nil
}
