package front

import (
	"errors"
	"io"
	"os"
	"strconv"
	"time"

	"gsrv/runtime/http1"
)

// errPeer says that the client went away in the middle of a request.
var errPeer = errors.New("the client closed the connection before its request was whole")

// A store keeps a request's body: in memory while it is small, in an unlinked file from then on.
type store struct {
	mem  []byte // where there is a file: what comes next in it
	file *os.File
	size int64
}

// takeBody reads the body of the request at hand. False says that it was refused or that the client is gone.
func (c *conn) takeBody() bool {
	a := &c.a
	st := store{mem: a.sc.body[:0]}
	sc := a.sc
	err := c.readBody(&st)
	if err == nil {
		err = st.flush()
	}
	if a.sc != sc && err == nil {
		c.expand()
	}
	a.sc.body = st.mem
	if err == nil {
		if st.file != nil {
			a.req.File, a.req.Length = st.file, st.size
			a.sc.body = nil
			c.s.stats.BodiesSpooled.Add(1)
		} else {
			a.req.Body = st.mem
			a.req.Length = st.size
		}
		c.s.stats.BytesIn.Add(st.size)
		return true
	}
	if st.file != nil {
		st.file.Close()
	}
	var e *http1.Error
	switch {
	case errors.As(err, &e):
		c.refuse(e)
	case isTimeout(err):
		c.s.stats.Timeouts[TimeoutBody].Add(1)
		c.refuse(&http1.Error{Status: 408, Reason: "the body of the request did not come in time"})
	case errors.Is(err, errPeer):
		c.s.stats.Aborted.Add(1)
		c.s.stats.Running.Add(-1)
		a.set.ErrorLog("debug", a.describe()+": "+err.Error())
		a.sc.release()
		a.sc = nil
		c.eof = true
	default:
		c.refuse(&http1.Error{Status: 500, Reason: "the body of the request cannot be kept: " + err.Error()})
	}
	return false
}

// readBody reads a body into st.
func (c *conn) readBody(st *store) error {
	if c.h2 != nil {
		return c.h2.readBody(c, st)
	}
	a := &c.a
	set, h := a.set, &a.sc.head
	length := h.ContentLength
	if length >= 0 && !h.Chunked && set.MaxBody > 0 && length > set.MaxBody {
		return tooLarge(set.MaxBody)
	}
	var body http1.Body
	body.Reset(h)
	expect, moved := h.ExpectContinue, false
	for {
		if c.r < c.w {
			consumed, data, done, err := body.Next(c.unread())
			if err != nil {
				return err
			}
			c.r += consumed
			if err := c.keep(st, data, length); err != nil {
				return err
			}
			if done {
				return nil
			}
			if consumed > 0 && c.r < c.w {
				continue
			}
		}
		if !moved && !expect && !h.Chunked && st.file == nil && length <= int64(set.SpoolOver) {
			c.putBuf()
			if err := c.readAtHand(st, length); err != nil {
				return errPeer
			}
			if st.size == length {
				return nil
			}
		}
		if !moved {
			// What waits for a slow client is small: its own head and what it has sent.
			moved = true
			c.shrink(st)
			h = &a.sc.head
		}
		if expect && c.r == c.w && st.size == 0 {
			expect = false
			if err := c.sayContinue(); err != nil {
				return errPeer
			}
		}
		var deadline int64
		if set.BodyTimeout > 0 {
			deadline = now() + int64(set.BodyTimeout)
		}
		var err error
		if left := length - st.size; !h.Chunked && c.r == c.w {
			c.putBuf()
			err = c.readLength(st, length, left, deadline)
			if err == nil && st.size == length {
				return nil
			}
		} else {
			_, err = c.more(deadline)
		}
		if err != nil {
			var e *http1.Error
			if isTimeout(err) || errors.As(err, &e) || !isPeer(err) {
				return err
			}
			return errPeer
		}
	}
}

// isPeer says that an error is the connection's end rather than a fault of this machine's.
func isPeer(err error) bool {
	var spool *spoolError
	return !errors.As(err, &spool)
}

type spoolError struct{ err error }

func (e *spoolError) Error() string { return e.err.Error() }

func tooLarge(limit int64) *http1.Error {
	return &http1.Error{Status: 413, Reason: "the body is larger than " + strconv.FormatInt(limit, 10) + " bytes"}
}

// shrink gives the scratch back to those who need one now, and takes a small one.
func (c *conn) shrink(st *store) {
	a := &c.a
	small := &scratch{head: a.sc.head, id: a.sc.id}
	st.mem = append(make([]byte, 0, max(len(st.mem), 512)), st.mem...)
	a.sc.head, a.sc.id = http1.Head{}, ""
	a.sc.release()
	a.sc = small
}

// expand takes a scratch from those that have been used: its buffers are large enough already.
func (c *conn) expand() {
	a := &c.a
	sc := scratchPool.Get().(*scratch)
	sc.head, sc.id = a.sc.head, a.sc.id
	sc.small, sc.reply.fields = sc.small[:0], sc.reply.fields[:0]
	a.sc = sc
}

// readAtHand reads what has come of a body with a length, without waiting for more.
func (c *conn) readAtHand(st *store, length int64) error {
	if c.raw == nil {
		return nil
	}
	if want := int(min(length, keepBuffer)); cap(st.mem) < want {
		st.mem = append(make([]byte, 0, want), st.mem...)
	}
	for st.size < length && len(st.mem) < cap(st.mem) {
		n, err := c.readNow(st.mem[len(st.mem):min(int64(cap(st.mem)), length)])
		if n == 0 {
			return err
		}
		st.mem = st.mem[:len(st.mem)+n]
		st.size += int64(n)
	}
	return nil
}

// keep stores a piece of a body of the given length (-1: not known).
func (c *conn) keep(st *store, data []byte, length int64) error {
	if len(data) == 0 {
		return nil
	}
	set := c.a.set
	if set.MaxBody > 0 && st.size+int64(len(data)) > set.MaxBody {
		return tooLarge(set.MaxBody)
	}
	if st.file == nil && (length > int64(set.SpoolOver) || st.size+int64(len(data)) > int64(set.SpoolOver)) {
		if err := st.spill(set.SpoolDir); err != nil {
			return &spoolError{err}
		}
	}
	st.size += int64(len(data))
	if st.file != nil && len(st.mem)+len(data) > gatherMost {
		if err := st.flush(); err != nil {
			return err
		}
	}
	if st.file == nil || len(data) < gatherMost {
		st.mem = append(st.mem, data...)
		return nil
	}
	if _, err := st.file.Write(data); err != nil {
		return &spoolError{err}
	}
	return nil
}

// gatherMost is how many bytes of small pieces go to a file in one write: a body may be made of chunks of one byte.
const gatherMost = 4 << 10

// flush writes what has been gathered for the file, where there is one.
func (st *store) flush() error {
	if st.file == nil || len(st.mem) == 0 {
		return nil
	}
	_, err := st.file.Write(st.mem)
	st.mem = st.mem[:0]
	if err != nil {
		return &spoolError{err}
	}
	return nil
}

// spill moves what there is to a file.
func (st *store) spill(dir string) error {
	f, err := tempFile(dir)
	if err != nil {
		return err
	}
	if _, err := f.Write(st.mem); err != nil {
		f.Close()
		return err
	}
	st.file, st.mem = f, st.mem[:0]
	return nil
}

// readLength reads some of what is left of a body with a length, past the connection's buffer.
func (c *conn) readLength(st *store, length, left, deadline int64) error {
	if st.file == nil && length > int64(c.a.set.SpoolOver) {
		if err := st.spill(c.a.set.SpoolDir); err != nil {
			return &spoolError{err}
		}
	}
	if st.file == nil {
		if len(st.mem) == cap(st.mem) || cap(st.mem)-len(st.mem) < int(min(left, 512)) {
			larger := make([]byte, len(st.mem), min(length, max(4*int64(len(st.mem)), inputSize)))
			copy(larger, st.mem)
			st.mem = larger
		}
		n, err := c.readUntil(deadline, st.mem[len(st.mem):int(min(int64(cap(st.mem)), int64(len(st.mem))+left))])
		st.mem = st.mem[:len(st.mem)+n]
		st.size += int64(n)
		return err
	}
	if err := st.flush(); err != nil {
		return err
	}
	c.most = left
	n, err := c.readUntil(deadline, nil)
	c.most = 0
	if n == 0 {
		return err
	}
	data := (*c.fresh)[:n]
	st.size += int64(n)
	if _, werr := st.file.Write(data); werr != nil {
		err = &spoolError{werr}
	}
	c.freeFresh()
	return err
}

var continueLine = []byte("HTTP/1.1 100 Continue\r\n\r\n")

// sayContinue lets a client send the body it has announced.
func (c *conn) sayContinue() error {
	if t := c.a.set.WriteTimeout; t > 0 {
		c.nc.SetWriteDeadline(time.Now().Add(t))
		defer c.nc.SetWriteDeadline(time.Time{})
	}
	n, err := c.nc.Write(continueLine)
	if err == nil && n < len(continueLine) {
		err = io.ErrShortWrite
	}
	return err
}
