package front

import (
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"gsrv/runtime/wire"
)

// A segment is a piece of an answer that waits for the client: bytes, or part of a file.
type segment struct {
	mem   []byte
	file  *os.File
	off   int64
	n     int64
	spool bool // the file is the front's and grows while it is the last segment
	hints *informational
}

// informational is an informational answer of HTTP/2.
type informational struct {
	status  int
	headers []wire.Header
}

const (
	// answerMemory is the most of an answer that waits in memory; answerMemoryEasy while all answers together have less
	// than easyMemory there.
	answerMemory     = 256 << 10
	answerMemoryEasy = 2 << 20
	easyMemory       = 64 << 20
	// spoolFile is the most that is written to one unlinked file; when it has been sent its space is free again.
	spoolFile = 16 << 20
	// memSegment is the size of the buffers of what waits.
	memSegment = 64 << 10
)

var segmentPool = sync.Pool{New: func() any { b := make([]byte, 0, memSegment); return &b }}

// enqueue keeps bytes for later.
func (a *answer) enqueue(p []byte) {
	for len(p) > 0 {
		var last *segment
		if n := len(a.queue); n > 0 {
			last = &a.queue[n-1]
		}
		switch {
		case last != nil && last.mem != nil && len(last.mem) < cap(last.mem):
			k := min(len(p), cap(last.mem)-len(last.mem))
			last.mem = append(last.mem, p[:k]...)
			a.c.s.held.Add(int64(k))
			a.memory += int64(k)
			a.waiting += int64(k)
			p = p[k:]
		case a.noSpool:
			a.queue = append(a.queue, segment{mem: append([]byte(nil), p...)})
			a.c.s.held.Add(int64(len(p)))
			a.memory += int64(len(p))
			a.waiting += int64(len(p))
			return
		case (last == nil || !last.spool) && a.memory < a.memoryMost():
			a.queue = append(a.queue, segment{mem: *segmentPool.Get().(*[]byte)})
		case last != nil && last.spool && last.off+last.n < spoolFile:
			if _, err := last.file.WriteAt(p, last.off+last.n); err != nil {
				a.spoolFailed(err)
				continue
			}
			last.n += int64(len(p))
			a.waiting += int64(len(p))
			a.c.s.spooled.Add(int64(len(p)))
			return
		default:
			f, err := tempFile(a.set.SpoolDir)
			if err != nil {
				a.spoolFailed(err)
				continue
			}
			a.c.s.stats.AnswersSpooled.Add(1)
			a.queue = append(a.queue, segment{file: f, spool: true})
		}
	}
}

func (a *answer) memoryMost() int64 {
	if a.c.s.held.Load() < easyMemory {
		return answerMemoryEasy
	}
	return answerMemory
}

// spoolFailed keeps the rest of the answer in memory; the worker is made to wait for the client.
func (a *answer) spoolFailed(err error) {
	a.noSpool = true
	a.set.ErrorLog("error", a.describe()+": the answer cannot be kept in a file, its worker waits for the client: "+err.Error())
}

func (a *answer) dropQueue() {
	for i := range a.queue {
		a.queue[i].free(a.c.s)
	}
	clear(a.queue)
	a.queue = a.queue[:0]
	a.waiting, a.memory = 0, 0
}

func (s *segment) free(srv *Server) {
	if s.file != nil {
		s.file.Close()
		if s.spool {
			srv.spooled.Add(-s.off - s.n)
		}
		return
	}
	srv.held.Add(-int64(len(s.mem)))
	if cap(s.mem) == memSegment {
		b := s.mem[:0]
		segmentPool.Put(&b)
	}
}

func (a *answer) startDrain() {
	if a.draining || len(a.queue) == 0 {
		return
	}
	a.draining = true
	if a.c.h2 != nil {
		a.c.h2.kick <- struct{}{} // there is room for one, and one drain at a time
		return
	}
	go a.drain()
}

// drain writes what waits, at the pace of the client.
func (a *answer) drain() {
	a.mu.Lock()
	for !a.gone {
		if len(a.queue) == 0 {
			if !a.flushed() {
				continue
			}
			break
		}
		s := a.queue[0]
		copy(a.queue, a.queue[1:])
		a.queue[len(a.queue)-1] = segment{}
		a.queue = a.queue[:len(a.queue)-1]
		a.mu.Unlock()
		err := a.send(&s)
		s.free(a.c.s)
		a.mu.Lock()
		if err != nil && !a.gone {
			if errors.Is(err, io.ErrUnexpectedEOF) {
				a.set.ErrorLog("error", a.describe()+": the file of the answer is shorter than the application said; connection closed")
			}
			if isTimeout(err) {
				a.c.s.stats.Timeouts[TimeoutWrite].Add(1)
				a.set.ErrorLog("info", a.describe()+": the client takes nothing of its answer; connection closed")
			}
			a.lose()
		}
	}
	a.draining = false
	over := a.over()
	if a.set.WriteTimeout > 0 && !a.gone {
		a.c.nc.SetWriteDeadline(time.Time{})
	}
	a.mu.Unlock()
	if over {
		a.c.finish()
	}
}

// flushed sees to it that what was written of an HTTP/2 answer goes out where more of it is to come, and says whether that
// was done already.
func (a *answer) flushed() bool {
	h2 := a.c.h2
	if h2 == nil || a.ended || h2.flushed {
		return true
	}
	h2.flushed = true
	a.mu.Unlock()
	err := h2.flush()
	a.mu.Lock()
	if err != nil && !a.gone {
		a.lose()
	}
	return false
}

// send writes one segment, which is off the queue.
func (a *answer) send(s *segment) error {
	st := &a.c.stream
	if h2 := a.c.h2; h2 != nil {
		h2.flushed = false
		if s.hints != nil {
			h2.hints(s.hints.status, s.hints.headers)
			return nil
		}
	}
	if s.file == nil {
		for b := s.mem; len(b) > 0; {
			a.writeDeadline()
			n, err := st.nc.Write(b[:min(len(b), memSegment)])
			a.progress(int64(n), true)
			if err != nil && !(isTimeout(err) && st.taken(n)) {
				return err
			}
			b = b[n:]
		}
		return nil
	}
	a.writeDeadline()
	if st.raw != nil && !a.set.DisableSendfile {
		for {
			err := st.sendFile(s.file, s.off, s.n, func(n int64) {
				s.off += n
				s.n -= n
				a.progress(n, false)
				a.writeDeadline()
			})
			if err == nil || !isTimeout(err) || !st.taken(0) {
				return err
			}
			a.writeDeadline()
		}
	}
	buf := copyPool.Get().(*[]byte)
	defer copyPool.Put(buf)
	for s.n > 0 {
		n, err := s.file.ReadAt((*buf)[:min(s.n, int64(len(*buf)))], s.off)
		if n == 0 {
			if err == nil || err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
		a.writeDeadline()
		n, err = st.nc.Write((*buf)[:n])
		if err != nil && !(isTimeout(err) && st.taken(n)) {
			return err
		}
		a.progress(int64(n), false)
		s.off += int64(n)
		s.n -= int64(n)
	}
	return nil
}

func (a *answer) writeDeadline() {
	if a.set.WriteTimeout > 0 {
		a.c.stream.untaken = a.c.stream.queued()
		a.c.stream.nc.SetWriteDeadline(time.Now().Add(a.set.WriteTimeout))
	}
}

// progress counts bytes that the client has taken, and lets a worker go on that was told to wait.
func (a *answer) progress(n int64, mem bool) {
	a.c.s.stats.BytesOut.Add(n)
	a.mu.Lock()
	a.waiting -= n
	if mem {
		a.memory -= n
	}
	resume := a.resume && a.waiting <= wire.LowWater
	if resume {
		a.resume = false
	}
	f := a.req.Resume
	a.mu.Unlock()
	if resume && f != nil {
		f()
	}
}
