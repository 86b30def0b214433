package front

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"gsrv/runtime/http1"
	"gsrv/runtime/wire"
)

// Phases of a connection.
const (
	phaseIdle    int32 = iota // the next request is awaited
	phaseReading              // a request is being read
	phaseBusy                 // an answer is under way; the reader looks whether the client is still there
	phaseWaiting              // an answer is under way; the reader sleeps until it has ended
	phaseClosing              // the last answer went out
)

// After the last answer a connection is closed once its client has closed it, has sent nothing for lingerIdle, or goes on
// sending for lingerMost. Where connections are scarce, lingerCrowded is enough for an answer to arrive.
const (
	lingerIdle    = 2 * time.Second
	lingerCrowded = 200 * time.Millisecond
	lingerMost    = 30 * time.Second
)

// lookAfter is when a connection is read once more that was not read to its end.
const lookAfter = time.Second

func (s *Server) lingerFor() time.Duration {
	if s.crowded() {
		return lingerCrowded
	}
	return lingerIdle
}

// A conn is a connection that speaks HTTP/1. Its goroutine reads; answers are written by whoever brings them.
type conn struct {
	stream
	s      *Server
	l      *listener
	sock   net.Conn // as it was accepted
	peer   *peer
	secure bool

	// buf holds what has been read and not yet used; nil while there is none.
	buf  *[]byte
	r, w int

	phase     atomic.Int32
	idleSince atomic.Int64
	wake      chan struct{}
	keepAlive int64 // of the last request, in nanoseconds
	accepted  int64
	sender    wire.Sender
	eof       bool         // the client sends no more
	requests  int          // begun so far
	refused   *http1.Error // why another could not give its request to a worker
	a         answer

	h2     *h2Stream // where this is one request of an HTTP/2 connection
	goAway func()    // of an HTTP/2 connection: ends it after the requests under way; the server's mutex guards it
}

// serve reads requests until the connection ends.
func (c *conn) serve() {
	for c.request() {
	}
	c.close()
}

// close ends the connection. No answer is under way.
func (c *conn) close() {
	if c.phase.Load() == phaseClosing && !c.eof && (c.a.linger || len(c.unread()) > 0) {
		c.lingerOn()
	}
	c.release()
	c.nc.Close()
	c.putBuf()
	c.s.remove(c)
}

// release lets go of a last answer that is held back for the end of the connection. Closing alone would not do: with
// anything unread it resets the connection and drops what has not gone out.
func (c *conn) release() {
	if c.held.Load() {
		c.closeWrite()
	}
}

// lingerOn reads what the client still sends, so that closing does not reset the connection under an answer.
func (c *conn) lingerOn() {
	c.closeWrite()
	c.putBuf()
	for t := now(); ; {
		n := now()
		if n > t+int64(lingerMost) {
			return
		}
		if _, err := c.readUntil(n+int64(c.s.lingerFor()), nil); err != nil {
			return
		}
		c.freeFresh()
	}
}

// Of heads and trailers that are not whole yet, those above largeHead may take largeHeads together: each is allowed to be
// long, and thousands of clients may send theirs as slowly as they like.
const (
	largeHead  = 64 << 10
	largeHeads = 64 << 20
)

// putBuf gives the buffer back.
func (c *conn) putBuf() {
	if c.buf != nil && cap(*c.buf) == inputSize {
		inputPool.Put(c.buf)
	}
	if c.buf != nil && len(*c.buf) > largeHead {
		c.s.heads.Add(-int64(len(*c.buf)))
	}
	c.buf, c.r, c.w = nil, 0, 0
}

// setEarly sets what has been read before the connection was known to speak HTTP/1.
func (c *conn) setEarly(b []byte) {
	if len(b) == 0 {
		return
	}
	c.buf = inputPool.Get().(*[]byte)
	if len(b) > len(*c.buf) {
		inputPool.Put(c.buf)
		larger := make([]byte, len(b))
		c.buf = &larger
	}
	c.w = copy(*c.buf, b)
}

// freeFresh forgets what was just read.
func (c *conn) freeFresh() {
	if c.fresh != nil {
		putFresh(c.fresh)
		c.fresh = nil
	}
}

// unread is what has been read and not yet used.
func (c *conn) unread() []byte {
	if c.buf == nil {
		return nil
	}
	return (*c.buf)[c.r:c.w]
}

// request reads one request, hands it on and says whether the connection goes on.
func (c *conn) request() bool {
	if c.r == c.w {
		c.putBuf()
		if !c.await() {
			return false
		}
	}
	if !c.settle() || !c.phase.CompareAndSwap(phaseIdle, phaseReading) {
		return false
	}
	set := c.s.settings.Load()
	sc := c.readHead(set)
	if sc == nil {
		return false
	}
	c.begin(set)
	if h := &sc.head; (h.ContentLength > 0 || h.Chunked) && !c.takeBody() {
		return false
	}
	return c.hand(set)
}

// begin notes that a request's head is there.
func (c *conn) begin(set *settings) {
	a, sc := &c.a, c.a.sc
	h := &sc.head
	a.start = now()
	c.requests++
	c.keepAlive = int64(set.KeepAlive)
	a.isHead = h.Method == "HEAD"
	a.minor = h.Minor
	if h.Major > 1 {
		a.minor = 1
	}
	// A client that said itself that this is its last request need not be waited for afterwards.
	a.closing = !h.KeepAlive || set.KeepAlive <= 0 || c.s.draining.Load() || c.s.crowded()
	a.linger = h.KeepAlive && a.closing
	c.s.stats.Requests.Add(1)
	c.s.stats.Running.Add(1)
	if set.requestID != "" {
		sc.id = set.pickID(h.Headers, c.peer)
	}
}

// another takes what has just been read where it is one more request, whole and without a body, as most are; over says that
// the connection ends with it. It is called while the connection waits for the socket, and unless it is over that goes on:
// nothing need be read in vain to find out that nothing more is there. That a client has closed right behind its request is
// seen late so; a first request, which one-shot clients send, is taken only where the connection ends with it anyway.
func (c *conn) another(in []byte) (took, over bool) {
	if !c.phase.CompareAndSwap(phaseIdle, phaseReading) {
		return false, false
	}
	set := c.s.settings.Load()
	sc := scratchPool.Get().(*scratch)
	h := &sc.head
	n, err := set.HTTP.ParseHead(in, h)
	if err != nil || n != len(in) || h.ContentLength > 0 || h.Chunked || h.KeepAlive && c.requests == 0 || set.own(h.Path) {
		scratchPool.Put(sc)
		c.phase.Store(phaseIdle)
		return false, false
	}
	c.a.reset(set, sc)
	c.begin(set)
	if c.refused = c.send(set); c.refused != nil {
		// The answer is for await to write: in here nobody can wait for the client, or close the connection.
		return true, true
	}
	c.awaitDeadline()
	// The end of what a client sends, where it came with the request, is told of no more: it is looked for.
	c.armBefore(c.a.sentAt + int64(lookAfter))
	return true, c.phase.Load() == phaseClosing // in which case what finish armed has just been overwritten
}

// own says that the front answers requests for a path itself.
func (s *settings) own(path string) bool {
	return s.HealthPath != "" && path == s.HealthPath || s.ReadyPath != "" && path == s.ReadyPath
}

// hand gives a request that is whole to a worker, and says whether the connection goes on.
func (c *conn) hand(set *settings) bool {
	if path := c.a.sc.head.Path; set.own(path) {
		c.phase.Store(phaseBusy)
		c.a.health(path == set.ReadyPath && path != set.HealthPath)
		return true
	}
	if err := c.send(set); err != nil {
		c.refuse(err)
		return false
	}
	return true
}

// send gives a request to a worker. An error says why it cannot be given to one.
func (c *conn) send(set *settings) *http1.Error {
	a, sc := &c.a, c.a.sc
	h := &sc.head
	m := message{
		method: h.Method, target: h.Target, path: h.Path, query: h.Query, protocol: "HTTP/1.1",
		secure: c.secure, headers: h.Headers, requestID: sc.id,
	}
	if h.Major != 1 || h.Minor != 1 {
		m.protocol = "HTTP/" + strconv.Itoa(h.Major) + "." + strconv.Itoa(h.Minor)
	}
	env, err := set.environ(sc.env[:0], &m, c.peer)
	sc.env = env
	if err != nil {
		return err
	}
	a.req.Environ = env
	a.sentAt = now()
	c.phase.Store(phaseBusy)
	c.sender = set.Sender()
	c.sender.Send(&a.req)
	return nil
}

// await waits for the first bytes of a request. While an answer is under way it looks after the client: one that resets the
// connection is gone; one that only closes its half still gets its answer.
func (c *conn) await() bool {
	for {
		c.awaitDeadline()
		if c.phase.Load() == phaseClosing {
			return false // what finish armed has just been overwritten
		}
		n, err := c.read(nil)
		if n > 0 {
			c.buf, c.fresh, c.r, c.w = c.fresh, nil, 0, n
			return true
		}
		if err == nil { // another has had the last request
			if c.refused != nil {
				c.refuse(c.refused)
			}
			return false
		}
		phase := c.phase.Load()
		switch {
		case phase == phaseClosing:
			// Having waited here once is enough.
			c.eof = c.eof || !isTimeout(err) || now() >= c.idleSince.Load()+int64(c.s.lingerFor())
			return false
		case isTimeout(err):
			if phase == phaseIdle && c.idleOver() {
				if c.requests > 0 {
					c.s.stats.Timeouts[TimeoutIdle].Add(1)
				} else {
					c.s.stats.Timeouts[TimeoutHeader].Add(1)
				}
				return false
			}
			continue
		case err == io.EOF && !c.hungUp():
			c.eof = true
		default:
			c.eof = true
			if phase == phaseBusy {
				c.abort()
			}
		}
		c.settle()
		return false
	}
}

// awaitDeadline arms what ends the waiting: the idle timeout, a first request that does not come, the end of the server.
func (c *conn) awaitDeadline() {
	switch {
	case c.requests == 0:
		if t := c.s.settings.Load().HeaderTimeout; t > 0 {
			c.armBefore(c.accepted + int64(t))
		}
	case c.phase.Load() == phaseIdle:
		c.armBefore(c.idleSince.Load() + c.keepAlive)
	case c.keepAlive == 0:
	case c.armed == 0:
		c.arm(now() + c.keepAlive)
	default:
		// Most often a no-op: what the last request armed comes first, and is looked at again then.
		c.armBefore(c.a.sentAt + c.keepAlive)
	}
	if c.s.draining.Load() && c.phase.Load() == phaseIdle {
		c.arm(c.s.idleEnd(c))
	}
	if c.phase.Load() == phaseClosing { // since when finish has set a deadline, which is not to be put off
		c.arm(now() + int64(c.s.lingerFor()))
	}
}

// idleOver says that an idle connection has been waited for long enough.
func (c *conn) idleOver() bool {
	t := now()
	if c.s.draining.Load() && t >= c.s.idleEnd(c) {
		return true
	}
	if c.requests == 0 {
		h := c.s.settings.Load().HeaderTimeout
		return h > 0 && t >= c.accepted+int64(h)
	}
	return t >= c.idleSince.Load()+c.keepAlive
}

// settle waits until no answer is under way and says whether another request may be read.
func (c *conn) settle() bool {
	if c.phase.Load() == phaseBusy {
		if c.wake == nil {
			c.wake = make(chan struct{}, 1)
		}
		if c.phase.CompareAndSwap(phaseBusy, phaseWaiting) {
			<-c.wake
		}
	}
	return c.phase.Load() == phaseIdle
}

// abort says that nobody waits for the answer under way.
func (c *conn) abort() {
	a := &c.a
	a.mu.Lock()
	if !a.finished {
		a.gone, a.closing, a.linger = true, true, false
		a.dropQueue()
	}
	a.mu.Unlock()
	c.s.stats.Aborted.Add(1)
	c.sock.Close()
	if c.sender != nil {
		c.sender.Cancel(&a.req)
	}
}

// refuse answers with an error page; the connection ends with it.
func (c *conn) refuse(e *http1.Error) {
	a := &c.a
	c.phase.Store(phaseBusy)
	if e.Status < 500 {
		a.set.ErrorLog("warning", "Invalid request from ip="+c.peer.addr+": "+strconv.Itoa(e.Status)+" "+e.Reason)
	} else {
		a.set.ErrorLog("error", a.describe()+": "+strconv.Itoa(e.Status)+" "+e.Reason)
	}
	a.mu.Lock()
	a.errorPage(e.Status, e.Reason)
	a.ended = true
	over := a.over()
	a.mu.Unlock()
	if over {
		c.finish()
	}
	if c.h2 == nil {
		c.settle()
	}
}

// finish ends a request: its answer is written or broken off. The reader may go on as soon as the phase has changed.
func (c *conn) finish() {
	if c.h2 != nil {
		c.h2.finish(c)
		return
	}
	a := &c.a
	t := now()
	a.account(t)
	if a.req.File != nil {
		a.req.File.Close()
	}
	next, linger := phaseIdle, a.linger
	if a.closing {
		next = phaseClosing
	}
	a.dropQueue()
	sc := a.sc
	a.sc = nil
	sc.release()
	c.idleSince.Store(t)
	keepAlive := c.s.draining.Load()
	if c.phase.Swap(next) == phaseWaiting {
		c.wake <- struct{}{}
		return
	}
	// The reader is reading.
	switch {
	case next == phaseClosing && linger:
		c.closeWrite()
		c.nc.SetReadDeadline(time.Now().Add(c.s.lingerFor()))
	case next == phaseClosing:
		c.release()
		// The reader closes: Close would wait here until it has gone.
		c.nc.SetReadDeadline(longAgo)
	case keepAlive:
		c.nc.SetReadDeadline(time.Now().Add(c.s.drainIdle()))
	}
}

var longAgo = time.Unix(1, 0)

// readHead reads a request's head and makes the answer ready for it. Nil: there is none, or it has been refused.
func (c *conn) readHead(set *settings) *scratch {
	var deadline int64
	tried, scanned, ended := 0, 0, false
	for {
		if in := c.unread(); tried == 0 || ended || len(in) >= 2*tried || bytes.Contains(in[max(scanned-3, 0):], emptyLine) ||
			bytes.Contains(in[max(scanned-1, 0):], twoFeeds) || bytes.IndexByte(in[:scanned], '\n') < 0 && bytes.IndexByte(in[scanned:], '\n') >= 0 {
			sc := scratchPool.Get().(*scratch)
			n, err := set.HTTP.ParseHead(in, &sc.head)
			if n > 0 && err == nil {
				c.r += n
				c.a.reset(set, sc)
				return sc
			}
			if err != nil {
				c.a.reset(set, sc)
				c.a.headless = true
				c.s.stats.Running.Add(1)
				c.refuse(err)
				return nil
			}
			scratchPool.Put(sc)
			tried = len(in)
		}
		if ended {
			c.eof = true
			return nil
		}
		scanned = c.w - c.r
		between := c.requests > 0 && onlyLineEnds(c.unread())
		switch {
		case between:
			// Some clients end a body with an empty line: the connection is idle.
			deadline = now() + c.keepAlive
		case deadline == 0 && set.HeaderTimeout > 0:
			deadline = now() + int64(set.HeaderTimeout)
			if c.requests == 0 {
				deadline = c.accepted + int64(set.HeaderTimeout)
			}
		}
		_, err := c.more(deadline)
		if between {
			deadline = 0
		}
		if err != nil {
			if isTimeout(err) && between {
				c.s.stats.Timeouts[TimeoutIdle].Add(1)
				return nil
			}
			var refused *http1.Error
			if isTimeout(err) {
				c.s.stats.Timeouts[TimeoutHeader].Add(1)
				refused = &http1.Error{Status: 408, Reason: "the head of the request did not come in time"}
			}
			if refused != nil || errors.As(err, &refused) {
				c.a.reset(set, scratchPool.Get().(*scratch))
				c.a.headless = true
				c.s.stats.Running.Add(1)
				c.refuse(refused)
				return nil
			}
			ended = true // what is wrong with the part that came can still be told
		}
	}
}

var (
	emptyLine = []byte("\r\n\r\n")
	twoFeeds  = []byte("\n\n")
)

// onlyLineEnds says that what has been read is the start of an empty line, or one.
func onlyLineEnds(b []byte) bool {
	return len(b) <= 2 && len(b) > 0 && b[0] == '\r' && (len(b) == 1 || b[1] == '\n')
}

// more reads more of a request behind what has not been used of it yet.
func (c *conn) more(deadline int64) (int, error) {
	if c.buf == nil {
		n, err := c.readUntil(deadline, nil)
		c.buf, c.fresh, c.r, c.w = c.fresh, nil, 0, n
		return n, err
	}
	if c.r > 0 {
		copy(*c.buf, (*c.buf)[c.r:c.w])
		c.r, c.w = 0, c.w-c.r
	}
	if c.w == len(*c.buf) {
		size := 2 * len(*c.buf)
		if size > largeHead && c.s.heads.Add(int64(size)) > largeHeads {
			c.s.heads.Add(-int64(size))
			return 0, &http1.Error{Status: 503, Reason: "the heads of requests that are not whole yet take too much memory together"}
		}
		larger := make([]byte, size)
		copy(larger, (*c.buf)[:c.w])
		w := c.w
		c.putBuf()
		c.buf, c.w = &larger, w
	}
	n, err := c.readUntil(deadline, (*c.buf)[c.w:])
	c.w += n
	return n, err
}

func isTimeout(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }
