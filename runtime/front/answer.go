package front

import (
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"gsrv/runtime/http1"
	"gsrv/runtime/wire"
)

// scratch is what a request needs while it is under way. Idle connections have none.
type scratch struct {
	head  http1.Head
	env   []byte
	reply replyHead
	out   []byte // what goes to the socket in one piece
	small []byte // the start of an answer's body, while it may still be the whole
	body  []byte // a request's body in memory
	line  []byte // the line of the access log
	id    string // the request's id
}

var scratchPool = sync.Pool{New: func() any { return new(scratch) }}

// keepBuffer is the largest buffer a scratch takes back to the pool.
const keepBuffer = 64 << 10

func (s *scratch) release() {
	for _, b := range []*[]byte{&s.env, &s.reply.fields, &s.out, &s.small, &s.body, &s.line} {
		if cap(*b) > keepBuffer {
			*b = nil
		}
	}
	if cap(s.head.Headers) > 256 {
		s.head.Headers = nil
	}
	scratchPool.Put(s)
}

// An answer takes what a worker says to one request of a connection and writes it. There is one for each connection; it is
// used for one request after the other.
type answer struct {
	c   *conn
	set *settings
	sc  *scratch
	req wire.Request
	// begin is when the request's head was whole; sentAt when it went to the sender.
	start, sentAt int64

	headless bool // no head could be read: there is nothing to log
	isHead   bool // nothing but the head is wanted
	minor    int  // of HTTP/1.x
	closing  bool // no other request follows on this connection
	linger   bool // the client may still be sending: wait for its end before the connection is closed

	mu       sync.Mutex
	headed   bool  // the application said its head
	begun    bool  // something of it went out
	chunked  bool  // the body goes out in chunks
	omits    bool  // the body does not go out
	ended    bool  // the worker has said all
	broken   bool  // it ended before it was whole
	gone     bool  // the client is not there any more
	said     int64 // bytes of body taken
	failed   string
	status   int // what the client was told, for log and counters
	resume   bool
	draining bool // a goroutine writes what is waiting
	finished bool
	noSpool  bool // no file could be written
	fileSent bool // a part of the body is a file's
	waiting  int64
	queue    []segment
	memory   int64 // bytes of queue that are in memory
}

// smallBody is the most of a body that is kept back until it is known whether more follows.
const smallBody = 16 << 10

// reset makes the answer ready for a request.
func (a *answer) reset(set *settings, sc *scratch) {
	a.set, a.sc = set, sc
	a.req = wire.Request{Answer: a}
	a.headless, a.isHead, a.minor, a.closing, a.linger = false, false, 1, false, false
	a.headed, a.begun, a.chunked, a.omits, a.ended, a.gone, a.finished = false, false, false, false, false, false, false
	a.broken, a.fileSent = false, false
	a.said, a.failed, a.status, a.resume, a.draining, a.noSpool, a.waiting, a.memory = 0, "", 0, false, false, false, 0, 0
	a.queue = a.queue[:0]
	sc.small = sc.small[:0]
	sc.reply.fields = sc.reply.fields[:0]
	sc.id = ""
	sc.env = sc.env[:0] // a request that is refused before it has one is not logged with another's
}

// Informational implements wire.Answer: HTTP/1.0 knows no such answers.
func (a *answer) Informational(status int, headers []wire.Header) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.begun || a.minor < 1 || a.gone || status < 100 || status > 199 || status == 101 {
		return
	}
	if a.c.h2 != nil {
		a.queue = append(a.queue, segment{hints: &informational{status, slices.Clone(headers)}})
		a.startDrain()
		return
	}
	b := append(make([]byte, 0, 512), "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(status), 10)
	b = append(b, ' ')
	b = append(b, reasonOf(status)...)
	b = append(b, '\r', '\n')
	for _, h := range headers {
		if v := strings.Trim(h.Value, " \t"); isToken(h.Name) && validValue(v) {
			b = append(b, h.Name+": "+v+"\r\n"...)
		}
	}
	a.write(append(b, '\r', '\n'), nil, nil)
}

// Head implements wire.Answer.
func (a *answer) Head(status string, headers []wire.Header) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.begun {
		return
	}
	a.headed = true
	a.failed = a.sc.reply.set(status, headers, a.set.RequestIDHeader)
	code := a.sc.reply.code
	a.omits = a.isHead || code == 204 || code == 304
}

// Data implements wire.Answer.
func (a *answer) Data(p []byte) int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.gone {
		return -1
	}
	if !a.headed || a.failed != "" || a.omits {
		return 0
	}
	if n := a.sc.reply.length; n >= 0 && a.said+int64(len(p)) > n {
		p = p[:n-a.said]
	}
	a.said += int64(len(p))
	switch {
	case len(p) == 0:
	case !a.begun:
		if len(a.sc.small)+len(p) <= smallBody {
			a.sc.small = append(a.sc.small, p...)
			return int64(len(a.sc.small))
		}
		a.beginWith(p)
	default:
		a.part(p)
	}
	if a.gone {
		return -1
	}
	waiting := a.waiting
	if waiting > answerMemoryEasy && (a.noSpool || a.c.s.spooled.Load() > a.set.SpoolMost) {
		waiting = max(waiting, wire.HighWater+1)
	}
	if waiting > wire.HighWater {
		a.resume = true
	}
	return waiting
}

// File implements wire.Answer.
func (a *answer) File(f *os.File, offset, n int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if l := a.sc.reply.length; l >= 0 {
		n = min(n, l-a.said)
	}
	if !a.headed || a.failed != "" || a.omits || a.gone || n <= 0 {
		f.Close()
		return
	}
	a.said, a.fileSent = a.said+n, true
	if !a.begun {
		a.beginWith(nil)
	}
	if a.chunked {
		a.enqueue(appendChunkSize(nil, n))
	}
	a.queue = append(a.queue, segment{file: f, off: offset, n: n})
	a.waiting += n
	if a.chunked {
		a.enqueue(crlf)
	}
	a.startDrain()
}

// Flush implements wire.Answer.
func (a *answer) Flush() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.headed && !a.begun && a.failed == "" && !a.gone {
		a.beginWith(nil)
		if a.c.h2 != nil && len(a.queue) == 0 {
			a.queue = append(a.queue, segment{mem: []byte{}}) // what waits is the head
			a.startDrain()
		}
	}
}

// End implements wire.Answer.
func (a *answer) End(err error) {
	a.mu.Lock()
	a.end(err)
	a.ended = true
	over := a.over()
	a.mu.Unlock()
	if over {
		a.c.finish()
	}
}

// over says that the answer has ended and been written, so that the request is to be finished. From then on the answer's
// fields are the connection's again.
func (a *answer) over() bool {
	a.finished = a.ended && !a.draining
	return a.finished
}

func (a *answer) end(err error) {
	if a.failed != "" && err == nil {
		err = &wire.Failure{Status: 500, Reason: a.failed, Worker: a.req.Worker}
	}
	if err == nil && !a.headed {
		err = &wire.Failure{Status: 500, Reason: "the application ended without an answer", Worker: a.req.Worker}
	}
	if err != nil {
		a.fail(err)
		return
	}
	if a.gone {
		return
	}
	r := &a.sc.reply
	if !a.begun {
		if r.length < 0 && !a.omits {
			// All of it is here: a length serves every client better than chunks do.
			a.begin(int64(len(a.sc.small)))
		} else {
			a.begin(-1)
		}
		a.finishLength()
		a.writeLast(a.sc.out, a.takeSmall())
		return
	}
	a.finishLength()
	if a.chunked {
		a.writeLast(lastChunk, nil)
	}
}

// writeLast writes the end of an answer.
func (a *answer) writeLast(p, q []byte) {
	a.c.stream.last = a.closing
	a.write(p, q, nil)
	a.c.stream.last = false
}

// finishLength sees to it that a body shorter than it should be ends the connection: the client cannot tell otherwise.
func (a *answer) finishLength() {
	if r := &a.sc.reply; r.length > a.said && !a.omits {
		a.closing, a.broken = true, true
		a.set.ErrorLog("warning", a.describe()+": the application sent "+strconv.FormatInt(a.said, 10)+" bytes of body where its Content-Length says "+strconv.FormatInt(r.length, 10))
	}
}

var (
	lastChunk = []byte("0\r\n\r\n")
	crlf      = []byte("\r\n")
)

// fail answers with an error page, or breaks off where the answer has begun.
func (a *answer) fail(err error) {
	status, reason := 500, err.Error()
	var f *wire.Failure
	if errors.As(err, &f) && f.Status >= 400 && f.Status <= 599 {
		status = f.Status
	}
	a.closing = true
	if a.gone {
		a.set.ErrorLog("debug", a.describe()+": the client is gone: "+reason)
	} else {
		level := "error"
		if status == 503 {
			level = "warning"
		}
		a.set.ErrorLog(level, a.describe()+": "+strconv.Itoa(status)+" "+reasonOf(status)+": "+reason)
	}
	if a.begun || a.gone {
		a.linger, a.broken = true, true
		return
	}
	a.errorPage(status, "")
}

// describe names the request in a message.
func (a *answer) describe() string {
	if a.headless {
		return "a request from " + a.c.peer.addr
	}
	h := &a.sc.head
	s := h.Method + " " + string(appendEscaped(nil, h.Target))
	if a.sc.id != "" {
		s += " (request " + a.sc.id + ")"
	}
	if a.req.Worker != 0 {
		s += " (worker " + strconv.Itoa(a.req.Worker) + ")"
	}
	return s
}

// errorPage writes gunicorn's page for a status; the connection ends with it.
func (a *answer) errorPage(status int, message string) {
	a.closing, a.linger = true, true
	body := page(status, message)
	r := &a.sc.reply
	r.status, r.code, r.length, r.hasID = strconv.Itoa(status)+" "+reasonOf(status), status, int64(len(body)), false
	r.fields = append(r.fields[:0], "Content-Type: text/html\r\nContent-Length: "...)
	r.fields = strconv.AppendInt(r.fields, int64(len(body)), 10)
	r.fields = append(r.fields, '\r', '\n')
	if status == 503 && a.set.RetryAfter > 0 {
		r.fields = append(r.fields, "Retry-After: "...)
		r.fields = strconv.AppendInt(r.fields, int64(a.set.RetryAfter), 10)
		r.fields = append(r.fields, '\r', '\n')
	}
	a.headed, a.omits = true, a.isHead
	a.said = int64(len(body))
	if a.omits {
		body, a.said = nil, 0
	}
	a.begin(-1)
	a.writeLast(append(a.sc.out, body...), nil)
}

// takeSmall gives the start of the body that was kept back.
func (a *answer) takeSmall() []byte {
	b := a.sc.small
	if a.omits {
		return nil
	}
	return b
}

// begin makes the head of the answer in sc.out. A length says that all of the body is there though the application did not
// say so itself.
func (a *answer) begin(length int64) {
	r := &a.sc.reply
	a.begun, a.status = true, r.code
	if a.c.h2 != nil {
		a.c.h2.begin(a, length)
		a.sc.out = a.sc.out[:0]
		return
	}
	if r.length < 0 && length < 0 && !a.omits {
		if a.minor >= 1 {
			a.chunked = true
		} else {
			a.closing = true
		}
	}
	if a.c.s.draining.Load() {
		a.closing, a.linger = true, true
	}
	b := a.sc.out[:0]
	if a.minor >= 1 {
		b = append(b, "HTTP/1.1 "...)
	} else {
		b = append(b, "HTTP/1.0 "...)
	}
	b = append(b, r.status...)
	b = append(b, '\r', '\n')
	b = append(b, a.set.fixedHead...)
	b = appendDate(b)
	if a.closing {
		b = append(b, "Connection: close\r\n"...)
	} else {
		b = append(b, "Connection: keep-alive\r\n"...)
	}
	if a.chunked {
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	} else if r.length < 0 && length >= 0 {
		b = append(b, "Content-Length: "...)
		b = strconv.AppendInt(b, length, 10)
		b = append(b, '\r', '\n')
	}
	if a.sc.id != "" && !r.hasID {
		b = append(b, a.set.RequestIDHeader...)
		b = append(b, ": "...)
		b = append(b, a.sc.id...)
		b = append(b, '\r', '\n')
	}
	b = append(b, r.fields...)
	a.sc.out = append(b, '\r', '\n')
}

// beginWith begins an answer of which more is to come, with what was kept back and p.
func (a *answer) beginWith(p []byte) {
	a.begin(-1)
	b := a.takeSmall()
	if a.chunked && len(b)+len(p) > 0 {
		a.sc.out = appendChunkSize(a.sc.out, int64(len(b)+len(p)))
		a.sc.out = append(a.sc.out, b...)
		a.write(a.sc.out, p, crlf)
		return
	}
	a.sc.out = append(a.sc.out, b...)
	a.write(a.sc.out, p, nil)
}

// part writes a piece of a body that has begun.
func (a *answer) part(p []byte) {
	if !a.chunked {
		a.write(p, nil, nil)
		return
	}
	var size [20]byte
	a.write(appendChunkSize(size[:0], int64(len(p))), p, crlf)
}

func appendChunkSize(b []byte, n int64) []byte {
	b = strconv.AppendInt(b, n, 16)
	return append(b, '\r', '\n')
}

// write sends pieces: at once what the socket takes, the rest when it takes more.
func (a *answer) write(p, q, r []byte) {
	if a.gone {
		return
	}
	if len(a.queue) == 0 && !a.draining && a.c.stream.raw != nil {
		if len(q)+len(r) > 0 && len(p)+len(q)+len(r) <= joinUpTo {
			a.sc.out = append(append(append(a.sc.out[:0], p...), q...), r...)
			p, q, r = a.sc.out, nil, nil
		}
		n, err := a.c.stream.try(p, q, r)
		a.c.s.stats.BytesOut.Add(int64(n))
		if err != nil {
			a.lose()
			return
		}
		for _, b := range []*[]byte{&p, &q, &r} {
			k := min(n, len(*b))
			*b, n = (*b)[k:], n-k
		}
		if len(p)+len(q)+len(r) == 0 {
			return
		}
	}
	a.enqueue(p)
	a.enqueue(q)
	a.enqueue(r)
	a.startDrain()
}

// lose notes that the client is gone. Closing the connection tells its reader, which cancels the request. Nobody waits for
// the closing: it waits in turn for those who use the socket, among whom is the reader where it sent the request that ends
// here.
func (a *answer) lose() {
	a.gone, a.closing = true, true
	a.dropQueue()
	if a.c.h2 != nil {
		a.c.h2.Close()
		return
	}
	go a.c.sock.Close()
}
