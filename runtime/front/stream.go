package front

import (
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// inputSize is what a connection holds while a head or a small body is on its way.
const inputSize = 4 << 10

var inputPool = sync.Pool{New: func() any { b := make([]byte, inputSize); return &b }}

// copyPool has buffers for copying between sockets and files; they are held during one system call.
var copyPool = sync.Pool{New: func() any { b := make([]byte, 64<<10); return &b }}

// A stream is a connection's bytes. TCP and unix sockets are read and written by system calls of its own, so that nothing is
// held while there is nothing to read, and an answer can be tried without waiting; what lies on top of such a socket (TLS)
// goes through net.Conn.
type stream struct {
	nc  net.Conn
	raw syscall.RawConn // nil with TLS

	// For onReadable. With into nil a fresh buffer is taken once there is something to read.
	into   []byte
	fresh  *[]byte
	noWait bool  // nothing to read is nothing read
	most   int64 // where not 0: a large fresh buffer, and no more than so many bytes
	n      int
	err    error
	readFn func(fd uintptr) bool
	// express, where set, may take what was read at once; over ends the reading.
	express func(in []byte) (took, over bool)

	// For onWritable; an answer's lock guards them.
	out     [3][]byte
	wn      int
	werr    error
	writeFn func(fd uintptr) bool
	// last says that nothing follows what is written, and held that the kernel may keep it back until closeWrite: the end of
	// the connection then goes out in the same segment, which halves the work of closing for both sides.
	last bool
	held atomic.Bool
	// untaken is what the kernel had for the client when the deadline for writing was set.
	untaken int

	// armed is the deadline set for reading, in nanoseconds of the clock; 0: none.
	armed int64
	// one takes the first byte from a connection that is not raw.
	one [1]byte
}

func (s *stream) init(nc net.Conn) {
	s.nc = nc
	if c, ok := nc.(syscall.Conn); ok && canRaw {
		s.raw, _ = c.SyscallConn()
	}
	s.readFn, s.writeFn = s.onReadable, s.onWritable
}

// now is the clock deadlines are kept by, in nanoseconds since the process began.
func now() int64 { return int64(time.Since(began)) }

var began = time.Now()

// arm makes reads end at t at the latest.
func (s *stream) arm(t int64) {
	s.armed = t
	if t == 0 {
		s.nc.SetReadDeadline(time.Time{})
		return
	}
	s.nc.SetReadDeadline(began.Add(time.Duration(t)))
}

// armBefore makes reads end at t at the latest; it is free where an earlier deadline is set already.
func (s *stream) armBefore(t int64) {
	if s.armed == 0 || s.armed > t {
		s.arm(t)
	}
}

// read reads into dst or, where dst is nil, into a buffer of its own, s.fresh, which it takes when there is something to
// read. End of file is (0, io.EOF); os.ErrDeadlineExceeded says that the armed deadline has passed.
func (s *stream) read(dst []byte) (int, error) {
	if s.raw != nil {
		s.into = dst
		err := s.raw.Read(s.readFn)
		s.into = nil
		if err == nil {
			return s.n, s.err
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			s.armed = 0
		}
		return 0, err
	}
	if dst == nil {
		if s.most > 0 {
			s.fresh = copyPool.Get().(*[]byte)
			n, err := s.nc.Read((*s.fresh)[:min(s.most, int64(len(*s.fresh)))])
			if n > 0 {
				return n, nil
			}
			putFresh(s.fresh)
			s.fresh = nil
			return 0, s.readError(err)
		}
		n, err := s.nc.Read(s.one[:])
		if n > 0 {
			s.fresh = inputPool.Get().(*[]byte)
			(*s.fresh)[0] = s.one[0]
			return n, nil
		}
		return 0, s.readError(err)
	}
	n, err := s.nc.Read(dst)
	if n > 0 {
		return n, nil
	}
	return 0, s.readError(err)
}

// readNow reads what there is into dst; nothing and no error says that there is nothing yet.
func (s *stream) readNow(dst []byte) (int, error) {
	s.into, s.noWait, s.n, s.err = dst, true, 0, nil
	err := s.raw.Read(s.readFn)
	s.into, s.noWait = nil, false
	if err != nil {
		if isTimeout(err) { // of something else: to be armed again where it matters
			s.arm(0)
			return 0, nil
		}
		return 0, err
	}
	return s.n, s.err
}

// putFresh gives back a buffer that read took.
func putFresh(b *[]byte) {
	if len(*b) == inputSize {
		inputPool.Put(b)
	} else {
		copyPool.Put(b)
	}
}

func (s *stream) readError(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		s.armed = 0
	}
	return err
}

// readUntil reads like read, until the deadline; 0 is none. A deadline that was armed for something else is passed over.
func (s *stream) readUntil(deadline int64, dst []byte) (int, error) {
	for {
		if deadline != 0 {
			s.armBefore(deadline)
		}
		n, err := s.read(dst)
		if err != nil && errors.Is(err, os.ErrDeadlineExceeded) && (deadline == 0 || now() < deadline) {
			s.arm(deadline)
			continue
		}
		return n, err
	}
}

// try writes what the socket takes of the pieces without waiting. Errors are the client's going away.
func (s *stream) try(a, b, c []byte) (int, error) {
	if s.raw == nil {
		return 0, nil
	}
	s.out = [3][]byte{a, b, c}
	s.wn, s.werr = 0, nil
	err := s.raw.Write(s.writeFn)
	s.out = [3][]byte{}
	if err == nil {
		err = s.werr
	}
	return s.wn, err
}

// taken says that the client has taken something since the deadline for writing was set, though n bytes were all that the
// kernel took of what there is: it asks for more only when much of what it has is gone. With TLS nothing more can be written
// once a deadline has passed.
func (s *stream) taken(n int) bool {
	left := s.queued()
	return left >= 0 && left < s.untaken+n
}

// closeWrite tells the client that nothing more comes; what it still sends can be read.
func (s *stream) closeWrite() {
	s.held.Store(false)
	type closer interface{ CloseWrite() error }
	c, ok := s.nc.(closer)
	if !ok {
		return
	}
	c.CloseWrite()
	if n, ok := s.nc.(interface{ NetConn() net.Conn }); ok { // TLS
		if c, ok := n.NetConn().(closer); ok {
			c.CloseWrite()
		}
	}
}
