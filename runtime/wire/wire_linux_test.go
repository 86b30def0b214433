package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// record is an answer that writes down what it is told.
type record struct {
	said []string
	done chan struct{}
}

func newRecord() *record { return &record{done: make(chan struct{})} }

func (r *record) Informational(status int, h []Header) { r.add("info %d %v", status, h) }
func (r *record) Head(status string, h []Header)       { r.add("head %q %q", status, h) }
func (r *record) Flush()                               { r.add("flush") }

func (r *record) Data(p []byte) int64 {
	if n := len(r.said); n > 0 && strings.HasPrefix(r.said[n-1], "data ") {
		r.said[n-1] += string(p) // how it is cut is not its matter
	} else {
		r.add("data %s", p)
	}
	return 0
}

func (r *record) File(f *os.File, offset, n int64) {
	defer f.Close()
	r.add("file %d+%d", offset, n)
}

func (r *record) End(err error) {
	r.add("end %v", err)
	close(r.done)
}

func (r *record) add(format string, args ...any) {
	r.said = append(r.said, fmt.Sprintf(format, args...))
}

func (r *record) String() string {
	return strings.Join(r.said, "; ")
}

func put(kind, flags byte, status int, head string, id uint64, data string) []byte {
	return putLen(kind, flags, status, head, id, uint64(len(data)), data)
}

func putLen(kind, flags byte, status int, head string, id, n uint64, data string) []byte {
	p := make([]byte, frameHeader)
	p[0], p[1] = kind, flags
	binary.NativeEndian.PutUint16(p[2:], uint16(status))
	binary.NativeEndian.PutUint32(p[4:], uint32(len(head)))
	binary.NativeEndian.PutUint64(p[8:], id)
	binary.NativeEndian.PutUint64(p[16:], n)
	binary.NativeEndian.PutUint64(p[24:], math.Float64bits(1))
	return append(append(p, head...), data...)
}

// far is a worker of which the test plays the part.
type far struct {
	q     *Queue
	w     *Worker
	lane  int // descriptor
	queue int
}

func newFar(t testing.TB) *far {
	t.Helper()
	q, err := NewQueue(4)
	if err != nil {
		t.Fatal(err)
	}
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	w := q.Attach(0)
	w.SetPID(4711)
	if err := w.AddLane(os.NewFile(uintptr(fds[0]), "lane")); err != nil {
		t.Fatal(err)
	}
	queue, _ := q.Files()
	fd, err := unix.Dup(int(queue.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	f := &far{q, w, fds[1], fd}
	t.Cleanup(func() {
		unix.Close(f.lane)
		unix.Close(f.queue)
		w.Dead(502, "the test is over")
		q.FailAll(503, "the test is over")
		q.Close("the test is over")
		<-q.Done()
	})
	return f
}

// take reads a request from the queue as a worker does.
func (f *far) take(t testing.TB) (id uint64, environ string) {
	t.Helper()
	p := make([]byte, MaxPacket)
	n, err := unix.Read(f.queue, p)
	if err != nil || n < requestHeader {
		t.Fatal(n, err)
	}
	size := binary.NativeEndian.Uint32(p[4:])
	return binary.NativeEndian.Uint64(p[8:]), string(p[requestHeader : requestHeader+size])
}

func (f *far) say(t testing.TB, parts ...[]byte) {
	t.Helper()
	for _, p := range parts {
		if _, err := unix.Write(f.lane, p); err != nil {
			t.Fatal(err)
		}
	}
}

func (r *record) await(t testing.TB) string {
	t.Helper()
	select {
	case <-r.done:
	case <-time.After(10 * time.Second):
		t.Fatal("no end")
	}
	return r.String()
}

func TestFrames(t *testing.T) {
	const id = math.MaxUint64 // stands for the request's
	for _, v := range []struct {
		name, want string
		frames     [][]byte
	}{
		{"whole", `head "200 OK" [{"A" "b"}]; data body; end <nil>`, [][]byte{put(frameAnswer, flagEnd, 0, "200 OK\x00A\x00b", id, "body")}},
		{"no body", `head "204 No Content" []; end <nil>`, [][]byte{put(frameAnswer, flagEnd, 0, "204 No Content", id, "")}},
		{"parts", `head "200 OK" []; data abc; end <nil>`, [][]byte{put(frameAnswer, 0, 0, "200 OK", id, "a"), put(frameData, 0, 0, "", id, "b"), put(frameData, flagEnd, 0, "", id, "c")}},
		{"empty end", `head "200 OK" []; data a; end <nil>`, [][]byte{put(frameAnswer, 0, 0, "200 OK", id, "a"), put(frameData, flagEnd, 0, "", id, "")}},
		{"hints", `info 103 [{Link x}]; head "200 OK" []; end <nil>`, [][]byte{put(frameInfo, 0, 103, "\x00Link\x00x", id, ""), put(frameAnswer, flagEnd, 0, "200 OK", id, "")}},
		{"failure", `end the reason`, [][]byte{put(frameFail, flagEnd, 500, "the reason", id, "")}},
		{"another's", `head "200 OK" []; end <nil>`, [][]byte{put(frameAnswer, flagEnd, 0, "200 OK", 99<<16, "x"), put(frameAnswer, flagEnd, 0, "200 OK", id, "")}},
		{"CR LF in a value", `end ` + errField.Error(), [][]byte{put(frameAnswer, flagEnd, 0, "200 OK\x00A\x00b\r\nC: d", id, "")}},
		{"LF in a name", `end ` + errField.Error(), [][]byte{put(frameAnswer, flagEnd, 0, "200 OK\x00A\n\x00b", id, "")}},
		{"empty name", `end ` + errField.Error(), [][]byte{put(frameAnswer, flagEnd, 0, "200 OK\x00\x00b", id, "")}},
		{"odd block", `end ` + errField.Error(), [][]byte{put(frameAnswer, flagEnd, 0, "200 OK\x00A", id, "")}},
		{"LF in the status", `end ` + errStatus.Error(), [][]byte{put(frameAnswer, flagEnd, 0, "200 OK\nX", id, "")}},
		{"no status", `end ` + errStatus.Error(), [][]byte{put(frameAnswer, flagEnd, 0, "OK", id, "")}},
		{"two heads", `head "200 OK" []; end a second head`, [][]byte{put(frameAnswer, 0, 0, "200 OK", id, ""), put(frameAnswer, flagEnd, 0, "200 OK", id, "")}},
		{"unknown frame", `head "200 OK" []; end a frame of an unknown type`, [][]byte{put(frameAnswer, 0, 0, "200 OK", id, ""), put(77, 0, 0, "", id, "")}},
		{"a file that is none", `head "200 OK" []; end a file was announced and did not come`, [][]byte{put(frameAnswer, 0, 0, "200 OK", id, ""), put(frameFile, flagEnd, 0, "", id, "0123456789012345")}},
	} {
		for _, cut := range []bool{false, true} {
			t.Run(fmt.Sprint(v.name, cut), func(t *testing.T) {
				f := newFar(t)
				r := newRecord()
				f.q.Send(&Request{Environ: []byte("K\x00v\x00"), Answer: r})
				got, environ := f.take(t)
				if environ != "K\x00v\x00" {
					t.Errorf("environ %q", environ)
				}
				for _, p := range v.frames {
					if binary.NativeEndian.Uint64(p[8:]) == id {
						binary.NativeEndian.PutUint64(p[8:], got)
					}
					if !cut {
						f.say(t, p)
						continue
					}
					for _, c := range p {
						f.say(t, []byte{c})
					}
				}
				r.await(t)
				said := strings.ReplaceAll(r.String(), "flush; ", "")
				for strings.Count(said, "data ") > 1 {
					i := strings.LastIndex(said, "; data ")
					said = said[:i] + said[i+len("; data "):]
				}
				if said != v.want {
					t.Errorf("said %s\nwant %s", said, v.want)
				}
			})
		}
	}
}

// What is at hand goes out before the reader waits for more.
func TestFlush(t *testing.T) {
	f := newFar(t)
	a := &flushed{record: newRecord(), flush: make(chan struct{}, 10)}
	f.q.Send(&Request{Answer: a})
	id, _ := f.take(t)
	f.say(t, put(frameAnswer, 0, 0, "200 OK", id, "event 1"))
	<-a.flush
	f.say(t, put(frameData, 0, 0, "", id, "event 2"))
	<-a.flush
	f.say(t, put(frameData, flagEnd, 0, "", id, ""))
	<-a.done
}

type flushed struct {
	*record
	flush chan struct{}
}

func (f *flushed) Flush() { f.flush <- struct{}{} }

// A request that was read and not marked is sent again, once its first attempt is revoked and the reader is dead.
func TestSweep(t *testing.T) {
	f := newFar(t)
	r := newRecord()
	f.q.Send(&Request{Environ: []byte("K\x00v\x00"), Answer: r})
	id, _ := f.take(t)
	f.q.Sweep()
	slot := boardCancel + id&(Slots-1)
	if f.q.board.mem[slot] != 0 {
		t.Fatal("revoked, and nobody died")
	}
	// Another worker dies; this one has read and is slow to mark.
	other := f.q.Attach(1)
	other.Dead(502, "killed")
	for f.q.deaths.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	for end := time.Now().Add(10 * time.Second); f.q.board.mem[slot] == 0 && time.Now().Before(end); time.Sleep(time.Millisecond) {
		f.q.Sweep()
	}
	if f.q.board.mem[slot] != 1<<1 {
		t.Fatalf("flag %x", f.q.board.mem[slot])
	}
	for end := time.Now().Add(10 * time.Second); f.q.lookup(id) != nil && time.Now().Before(end); time.Sleep(time.Millisecond) {
		f.q.Sweep()
		e := f.q.lookup(id)
		e.mu.Lock()
		attempt := e.attempt
		e.mu.Unlock()
		if attempt == 1 {
			break
		}
	}
	again, environ := f.take(t)
	if again != id || environ != "K\x00v\x00" {
		t.Fatalf("%d %q came again, not %d", again, environ, id)
	}
	// The slow one declines: too late to matter.
	f.say(t, put(frameFail, flagEnd|0<<1, 0, "", id, ""))
	f.say(t, put(frameAnswer, flagEnd, 0, "200 OK", id, "once"))
	if got := r.await(t); !strings.HasSuffix(got, `head "200 OK" []; data once; end <nil>`) {
		t.Error(got)
	}
	// The slot is burnt: a packet of it may be about still.
	if f.q.board.mem[slot] != 0xff {
		t.Errorf("flag %x", f.q.board.mem[slot])
	}
	r = newRecord()
	f.q.Send(&Request{Answer: r})
	if next, _ := f.take(t); next&(Slots-1) == id&(Slots-1) {
		t.Error("its slot is used again")
	}
}

// A living worker that finds its attempt revoked declines, and the request goes to somebody else.
func TestDeclined(t *testing.T) {
	f := newFar(t)
	r := newRecord()
	f.q.Send(&Request{Answer: r})
	id, _ := f.take(t)
	f.say(t, put(frameFail, flagEnd|0<<1, 0, "", id, ""))
	if again, _ := f.take(t); again != id {
		t.Fatal("another request")
	}
	f.say(t, put(frameAnswer, flagEnd, 0, "200 OK", id, ""))
	r.await(t)
}

// A full socket does not make Send wait; all go out in order when workers take them.
func TestFull(t *testing.T) {
	f := newFar(t)
	const n = 300
	var ids []uint64
	var answers []*record
	for i := range n {
		a := newRecord()
		answers = append(answers, a)
		r := &Request{Environ: []byte("N\x00" + fmt.Sprint(i) + "\x00"), Body: make([]byte, 60000), Answer: a}
		f.q.Send(r)
		ids = append(ids, r.ID)
	}
	f.q.Cancel(&Request{ID: 12345})
	for i := range n {
		id, environ := f.take(t)
		if id != ids[i] || environ != "N\x00"+fmt.Sprint(i)+"\x00" {
			t.Fatalf("request %d: %d %q, want %d", i, id, environ, ids[i])
		}
		f.say(t, put(frameAnswer, flagEnd, 0, "200 OK", id, ""))
	}
	for _, a := range answers {
		a.await(t)
	}
	if w := f.w.Served(); w != n {
		t.Errorf("served %d", w)
	}
	if f.q.Stats() != 0 {
		t.Errorf("%d in flight", f.q.Stats())
	}
}

// TestFailAllIsFinal ends requests that wait in the socket or for room in it. Workers may still read their packets, and must
// know that their clients have been answered: some of them will have asked again elsewhere.
func TestFailAllIsFinal(t *testing.T) {
	f := newFar(t)
	var answers []*record
	for range 100 {
		a := newRecord()
		answers = append(answers, a)
		f.q.Send(&Request{Environ: []byte("N\x00x\x00"), Body: make([]byte, 60000), Answer: a})
	}
	first, _ := f.take(t) // the queue is open, and the socket fills
	f.q.FailAll(503, "the end")
	for _, a := range answers {
		if got := a.await(t); got != "end the end" {
			t.Fatal(got)
		}
	}
	unix.SetNonblock(f.queue, true)
	p, n := make([]byte, MaxPacket), 0
	for {
		if k, err := unix.Read(f.queue, p); err != nil || k < requestHeader {
			break
		}
		n++
		id := binary.NativeEndian.Uint64(p[8:])
		if flag := f.q.board.mem[boardCancel+id&(Slots-1)]; flag&1 == 0 {
			t.Fatalf("packet %d of request %d, which has ended, is to be worked on: %#x", n, id, flag)
		}
	}
	if n == 0 || first == 0 {
		t.Error("nothing was in the socket")
	}
}

func TestTooMany(t *testing.T) {
	f := newFar(t)
	r := newRecord()
	f.q.Close("the reason")
	f.q.Send(&Request{Answer: r})
	if got := r.await(t); got != "end the reason" {
		t.Error(got)
	}
	<-f.q.Done()
}

func FuzzFrames(f *testing.F) {
	f.Add(put(frameAnswer, flagEnd, 0, "200 OK\x00A\x00b", 1<<16, "body"))
	f.Add(append(put(frameInfo, 0, 103, "\x00Link\x00x", 1<<16, ""), put(frameAnswer, 0, 0, "200 OK", 1<<16, "a")...))
	f.Add(put(frameFail, flagEnd, 500, "x", 1<<16, ""))
	f.Add(put(frameFile, flagEnd, 0, "200 OK", 1<<16, "0123456789012345"))
	f.Add(putLen(frameData, 0, 0, "", 1<<16, 1<<61, "x"))
	f.Fuzz(func(t *testing.T, p []byte) {
		q := &Queue{board: &board{mem: make([]byte, boardAreas), lanes: 1}, closed: make(chan struct{}), wake: make(chan struct{}, 1)}
		r := newRecord()
		q.Send(&Request{Answer: r})
		w := &Worker{q: q}
		l := &lane{q: q, w: w, done: make(chan struct{}), resumed: make(chan struct{}, 1), resume: func() {}}
		for at := 0; at < len(p); {
			if i := bytes.IndexByte(p[at:], frameWant); i == 0 && len(p)-at >= frameHeader {
				return // would write to the lane's socket
			}
			used, need, err := l.parse(p[at:])
			if err != nil || used == 0 && need > len(p)-at {
				break
			}
			if used < 0 || used > len(p)-at || need < 0 {
				t.Fatalf("used %d, need %d of %d", used, need, len(p)-at)
			}
			at += used
			if used == 0 {
				break
			}
		}
		for _, s := range r.said {
			if strings.HasPrefix(s, "head ") && strings.ContainsAny(strings.ReplaceAll(s, `\x00`, "\x00"), "\x00\r\n") {
				t.Fatalf("a head with control characters: %q", s)
			}
		}
	})
}

func TestFailureIsError(t *testing.T) {
	var f *Failure
	if err := error(&Failure{Status: 502, Reason: "gone"}); !errors.As(err, &f) || f.Error() != "gone" {
		t.Error(err)
	}
}
