package wire

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A Queue is the wire of one generation of workers: one socket of request packets that every idle worker thread reads, a
// stream ("lane") for each thread to answer on, and the scoreboard. It never replays a request: what a worker took and
// did not answer ends with a Failure.
type Queue struct {
	board  *board
	far    *os.File // the workers' end of the socket
	conn   *net.UnixConn
	raw    syscall.RawConn
	closed chan struct{} // closed when nothing is in flight any more after Close

	mu      sync.Mutex
	seq     uint64
	slots   []*entry
	free    []uint32
	pending []*entry
	sending bool // somebody flushes
	closing bool
	shut    bool // the socket is closed
	live    int  // slots in use
	reason  string
	batch   batch
	wake    chan struct{}
	waits   waits

	failing  atomic.Bool  // FailAll was called
	deaths   atomic.Int64 // workers that died
	swept    int64        // of these, how many Sweep is through with
	attached sync.Map     // *Worker
}

// An entry is a request in flight, or a nudge.
type entry struct {
	id     uint64 // the order of sending, and the slot in the lower 16 bits; 0 of a nudge
	r      *Request
	packet [requestHeader]byte
	at     time.Duration // when Send got it

	sent bool // Queue.mu: in the socket or in a worker

	mu        sync.Mutex // held while the answer's methods are called
	attempt   uint8
	suspected time.Duration // since when this attempt is revoked as nobody seems to have it, 0 where it is not
	gone      bool          // canceled
	begun     bool          // Head was called
	ended     bool          // End was called

	giver atomic.Pointer[lane] // the lane that sends the body just now
}

// NewQueue makes a queue for workers of at most so many lanes.
func NewQueue(lanes int) (*Queue, error) {
	b, err := newBoard(max(lanes, 1))
	if err != nil {
		return nil, err
	}
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		b.file.Close()
		return nil, fmt.Errorf("cannot make the request queue: %w", err)
	}
	// Room for a few large packets beside many small ones; the kernel gives what net.core.wmem_max allows.
	_ = unix.SetsockoptInt(fds[0], unix.SOL_SOCKET, unix.SO_SNDBUF, 1<<20)
	near := os.NewFile(uintptr(fds[0]), "request queue")
	defer near.Close()
	far := os.NewFile(uintptr(fds[1]), "request queue")
	c, err := net.FileConn(near)
	if err != nil {
		far.Close()
		b.file.Close()
		return nil, fmt.Errorf("cannot make the request queue: %w", err)
	}
	conn := c.(*net.UnixConn)
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	q := &Queue{board: b, far: far, conn: conn, raw: raw, closed: make(chan struct{}), wake: make(chan struct{}, 1)}
	go q.flusher()
	return q, nil
}

// Files are the descriptors that workers inherit: their end of the queue and the scoreboard. Close them with Started.
func (q *Queue) Files() (queue, board *os.File) { return q.far, q.board.file }

// Layout says where workers find what in the scoreboard.
func (q *Queue) Layout() map[string]int {
	return map[string]int{
		"cancel": boardCancel, "slots": Slots, "areas": boardAreas, "area": q.board.area,
		"lanes": areaHeader, "size": len(q.board.mem), "packet": MaxPacket,
	}
}

// Send implements Sender.
func (q *Queue) Send(r *Request) {
	q.mu.Lock()
	if q.closing || q.live >= Slots {
		reason := q.reason
		if !q.closing {
			reason = fmt.Sprintf("%d requests are waiting or running already", Slots)
		}
		q.mu.Unlock()
		r.Answer.End(&Failure{Status: 503, Reason: reason})
		return
	}
	e := &entry{r: r, at: Now()}
	q.live++
	q.seq++
	if n := len(q.free); n > 0 {
		slot := q.free[n-1]
		q.free = q.free[:n-1]
		e.id = q.seq<<16 | uint64(slot)
		q.slots[slot] = e
	} else {
		e.id = q.seq<<16 | uint64(len(q.slots))
		q.slots = append(q.slots, e)
	}
	r.ID, r.Worker, r.Resume = e.id, 0, nil
	q.push(e)
}

// push queues an entry and sends what is queued, unless somebody is at it. It is called with q.mu held and unlocks it.
func (q *Queue) push(e *entry) {
	q.pending = append(q.pending, e)
	if q.sending {
		q.mu.Unlock()
		return
	}
	q.sending = true
	q.mu.Unlock()
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// flusher sends what is pending, once all that are running now have added theirs: a batch costs one system call.
func (q *Queue) flusher() {
	for {
		select {
		case <-q.wake:
			runtime.Gosched()
			q.flush()
		case <-q.closed:
			return
		}
	}
}

// lookup gives the entry of a request in flight, nil where it has ended.
func (q *Queue) lookup(id uint64) *entry {
	q.mu.Lock()
	defer q.mu.Unlock()
	if i := id & (Slots - 1); i < uint64(len(q.slots)) && q.slots[i] != nil && q.slots[i].id == id {
		return q.slots[i]
	}
	return nil
}

// end tells an answer that it is over; e.mu is held and the entry has not ended.
func (q *Queue) end(e *entry, err error) {
	e.ended = true
	slot := e.id & (Slots - 1)
	// Where it was sent twice, or nobody has taken it yet, a packet of it may be about still: its slot is never used again,
	// and who takes the packet is told not to work on it.
	again := e.attempt == 0 && !q.failing.Load()
	if !again {
		q.board.mem[boardCancel+slot] = 0xff
	} else if e.gone || e.suspected != 0 {
		q.board.mem[boardCancel+slot] = 0
	}
	e.r.Answer.End(err)
	q.mu.Lock()
	q.slots[slot] = nil
	if again {
		q.free = append(q.free, uint32(slot))
	}
	q.live--
	last := q.closing && q.live == 0
	q.mu.Unlock()
	if last {
		q.shutdown()
	}
}

// Fail ends a request in flight with a failure; false where it has ended already. What its worker says later is dropped.
func (q *Queue) Fail(id uint64, f *Failure) bool {
	e := q.lookup(id)
	if e == nil {
		return false
	}
	for !e.mu.TryLock() {
		e.release()
		time.Sleep(time.Millisecond)
	}
	defer e.mu.Unlock()
	if e.ended {
		return false
	}
	q.withdraw(e)
	q.end(e, f)
	return true
}

// abandon tells the worker that nobody waits for the answer; e.mu is held.
func (q *Queue) abandon(e *entry) {
	e.gone = true
	q.board.mem[boardCancel+e.id&(Slots-1)] |= 1
}

// withdraw takes an entry out of what is pending; false where it is on its way already.
func (q *Queue) withdraw(e *entry) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if e.sent {
		return false
	}
	for i, p := range q.pending {
		if p == e {
			q.pending = append(q.pending[:i], q.pending[i+1:]...)
			return true
		}
	}
	return false
}

// Cancel implements Sender.
func (q *Queue) Cancel(r *Request) {
	e := q.lookup(r.ID)
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.r != r || e.ended || e.gone {
		return
	}
	q.abandon(e)
	if q.withdraw(e) {
		q.end(e, &Failure{Status: 499, Reason: "the client has gone"})
	}
}

// Nudge makes up to n idle worker threads look whether they were told to stop.
func (q *Queue) Nudge(n int) {
	for range n {
		q.mu.Lock()
		if q.shut {
			q.mu.Unlock()
			return
		}
		q.push(&entry{})
	}
}

// batch is what one sendmmsg takes.
type batch struct {
	entries [batchSize]*entry
	vectors [batchSize * 3]unix.Iovec
	headers [batchSize]mmsghdr
}

const batchSize = 64

type mmsghdr struct {
	hdr unix.Msghdr
	n   uint32
}

// flush sends what is pending. Only the caller that set q.sending is in here. Where the socket is full a goroutine goes
// on: nobody who calls Send waits for workers.
func (q *Queue) flush() {
	for {
		n := q.fill()
		if n == 0 {
			return
		}
		done, full := 0, false
		var failed error
		err := q.raw.Write(func(fd uintptr) bool {
			done, full, failed = q.write(fd, 0, n)
			return true
		})
		switch {
		case err != nil || failed != nil:
			err = errors.Join(err, failed)
			q.broken(n, done, err)
			return
		case full:
			go q.wait(n, done)
			return
		}
	}
}

// wait sends the rest of a batch as the socket takes it and goes on with what is pending.
func (q *Queue) wait(n, done int) {
	var failed error
	err := q.raw.Write(func(fd uintptr) bool {
		full := false
		done, full, failed = q.write(fd, done, n)
		return !full
	})
	if err = errors.Join(err, failed); err != nil {
		q.broken(n, done, err)
		return
	}
	q.flush()
}

// fill takes the next batch; 0 where nothing is pending, and then nobody is sending any more.
func (q *Queue) fill() int {
	b := &q.batch
	q.mu.Lock()
	defer q.mu.Unlock()
	n := min(len(q.pending), batchSize)
	if n == 0 {
		q.sending = false
		return 0
	}
	for i, e := range q.pending[:n] {
		b.entries[i] = e
		v := b.vectors[i*3 : i*3+1 : i*3+3]
		e.sent = true
		environ, body := encodeRequest(e)
		v[0].Base = &e.packet[0]
		v[0].SetLen(requestHeader)
		for _, p := range [2][]byte{environ, body} {
			if len(p) > 0 {
				v = append(v, unix.Iovec{Base: &p[0]})
				v[len(v)-1].SetLen(len(p))
			}
		}
		b.headers[i].hdr.Iov = &v[0]
		b.headers[i].hdr.SetIovlen(len(v))
	}
	rest := copy(q.pending, q.pending[n:])
	clear(q.pending[rest:])
	q.pending = q.pending[:rest]
	return n
}

// write sends the batch's messages from done to n.
func (q *Queue) write(fd uintptr, done, n int) (int, bool, error) {
	for done < n {
		sent, errno := sendmmsg(fd, q.batch.headers[done:n])
		switch errno {
		case 0:
			done += sent
		case unix.EINTR:
		case unix.EAGAIN:
			return done, true, nil
		case unix.ENOBUFS, unix.ENOMEM:
			time.Sleep(time.Millisecond) // nothing tells when the kernel has memory again
		case unix.EMSGSIZE:
			// The socket takes less than was asked for at its making: net.core.wmem_max is tiny.
			e := q.batch.entries[done]
			done++
			go q.Fail(e.id, &Failure{Status: 500, Reason: "the request does not fit the queue's socket: net.core.wmem_max is below 150000 bytes"})
		default:
			return done, false, errno // EPIPE: no worker holds the other end any more
		}
	}
	clear(q.batch.entries[:n])
	clear(q.batch.vectors[:n*3])
	return done, false, nil
}

// broken ends what could not be sent as the socket is closed.
func (q *Queue) broken(n, done int, err error) {
	reason := "the server is stopping"
	if !errors.Is(err, net.ErrClosed) {
		reason = "no worker is left: " + err.Error()
	}
	q.mu.Lock()
	lost := append([]*entry(nil), q.batch.entries[done:n]...)
	lost = append(lost, q.pending...)
	q.pending = nil
	q.sending = false
	q.mu.Unlock()
	for _, e := range lost {
		if e != nil && e.id != 0 {
			q.Fail(e.id, &Failure{Status: 503, Reason: reason})
		}
	}
}

// Close takes no more requests: Send answers 503 with the reason. What is in flight goes on; workers see the end of the
// queue when they have taken all of it. Done is closed when nothing is in flight.
func (q *Queue) Close(reason string) {
	q.mu.Lock()
	if q.closing {
		q.mu.Unlock()
		return
	}
	q.closing, q.reason = true, reason
	empty := q.live == 0
	q.mu.Unlock()
	if empty {
		q.shutdown()
	}
}

// shutdown closes the socket: idle workers go.
func (q *Queue) shutdown() {
	q.mu.Lock()
	was := q.shut
	q.shut = true
	q.mu.Unlock()
	if was {
		return
	}
	q.conn.Close()
	q.far.Close()
	q.board.file.Close()
	close(q.closed)
}

// Done is closed after Close when nothing is in flight any more.
func (q *Queue) Done() <-chan struct{} { return q.closed }

// FailAll ends everything in flight, for good: workers that still live do not begin any of it.
func (q *Queue) FailAll(status int, reason string) {
	q.failing.Store(true)
	q.mu.Lock()
	var ids []uint64
	for _, e := range q.slots {
		if e != nil {
			ids = append(ids, e.id)
		}
	}
	q.mu.Unlock()
	for _, id := range ids {
		q.Fail(id, &Failure{Status: status, Reason: reason})
	}
}

// Stats counts requests in flight: those that wait for a worker's thread and those that one works on are told apart by
// the scoreboard, not here.
func (q *Queue) Stats() (inFlight int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.live
}

// Describe gives method and target of a request, for logs, and whether its answer has ended.
func (q *Queue) Describe(id uint64) (what string, ended bool) {
	e := q.lookup(id)
	if e == nil {
		return "what follows an answer (close(), code after its last part)", true
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended {
		return "what follows an answer (close(), code after its last part)", true
	}
	var method, target string
	fields := strings.Split(string(e.r.Environ), "\x00")
	for i := 0; i+1 < len(fields); i += 2 {
		switch fields[i] {
		case "REQUEST_METHOD":
			method = fields[i+1]
		case "RAW_URI":
			target = fields[i+1]
		case "PATH_INFO":
			if target == "" {
				target = fields[i+1]
			}
		}
	}
	return method + " " + target, false
}

// Ended is whether the queue is closed and nothing is in flight.
func (q *Queue) Ended() bool {
	select {
	case <-q.closed:
		return true
	default:
		return false
	}
}

// Waits is how long the queue's requests have waited so far.
func (q *Queue) Waits() Waits { return q.waits.read() }
