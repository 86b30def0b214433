package front

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"gsrv/runtime/http1"
	"gsrv/runtime/wire"
)

// A Server serves the connections of any number of listeners.
type Server struct {
	settings atomic.Pointer[settings]
	stats    counters
	spooled  atomic.Int64 // bytes of answers in files
	held     atomic.Int64 // and in memory
	heads    atomic.Int64 // bytes of buffers for large heads

	mu        sync.Mutex
	conns     map[*conn]struct{}
	listeners map[*listener]struct{}
	free      chan struct{} // told when a connection ends while accept loops wait
	ended     chan struct{} // closed when draining and the last connection has ended
	runners   []chan *conn  // goroutines that wait for a connection

	draining atomic.Bool
	drainAt  atomic.Int64 // when idle connections end
}

type listener struct {
	net.Listener
	info ListenerInfo
	own  *acceptor // nil: the listener's Accept
	// leaving asks its Serve to end, gone is closed when that has.
	leaving atomic.Bool
	gone    chan struct{}
}

func (l *listener) accept() (net.Conn, error) {
	if l.own != nil {
		return l.own.accept()
	}
	return l.Accept()
}

// setDeadline ends accept then; false: this listener has no deadlines.
func (l *listener) setDeadline(t time.Time) bool {
	if l.own != nil {
		l.own.setDeadline(t)
		return true
	}
	d, ok := l.Listener.(interface{ SetDeadline(time.Time) error })
	return ok && d.SetDeadline(t) == nil
}

// New makes a server. An error says what of the configuration cannot be.
func New(c Config) (*Server, error) {
	set, err := newSettings(&c)
	if err != nil {
		return nil, err
	}
	s := &Server{
		conns: map[*conn]struct{}{}, listeners: map[*listener]struct{}{}, free: make(chan struct{}, 1),
		ended: make(chan struct{}),
	}
	s.settings.Store(set)
	return s, nil
}

// Reconfigure puts another configuration in force. Requests whose first bytes have come are served by the former one.
func (s *Server) Reconfigure(c Config) error {
	set, err := newSettings(&c)
	if err != nil {
		return err
	}
	s.settings.Store(set)
	return nil
}

// ErrClosed is what Serve gives after Shutdown and Leave.
var ErrClosed = errors.New("front: the server is shut down")

// Serve takes connections from a listener until Shutdown is called, or accepting fails for good. It does not close the
// listener: who made it may hand it on.
func (s *Server) Serve(nl net.Listener, info ListenerInfo) error {
	l := &listener{Listener: nl, info: info, own: accepting(nl), gone: make(chan struct{})}
	defer close(l.gone)
	if l.own != nil {
		defer l.own.close()
	}
	l.setDeadline(time.Time{})
	s.mu.Lock()
	s.listeners[l] = struct{}{}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.listeners, l)
		s.mu.Unlock()
		if s.draining.Load() {
			s.checkEnded()
		}
	}()
	if s.draining.Load() {
		return ErrClosed
	}
	var pause time.Duration
	for {
		s.awaitRoom(l)
		if l.leaving.Load() {
			return ErrClosed
		}
		nc, err := l.accept()
		if err == nil {
			pause = 0
			if l.own != nil && l.own.closed() {
				s.start(s.successor(l), nc)
				return net.ErrClosed
			}
			s.start(l, nc)
			continue
		}
		if l.leaving.Load() {
			return ErrClosed
		}
		if s.draining.Load() {
			s.takeQueued(l)
			return ErrClosed
		}
		if errors.Is(err, net.ErrClosed) {
			return err
		}
		if !passing(err) {
			return err
		}
		pause = min(max(2*pause, 5*time.Millisecond), time.Second)
		s.settings.Load().ErrorLog("error", info.Name+": no connection can be accepted: "+err.Error()+"; trying again in "+pause.String())
		time.Sleep(pause)
	}
}

// successor gives the listener that has come in the place of one that was closed, so that a connection which the former
// accepted last is opened as those after it: with TLS or without. Where none comes the former goes on being responsible.
func (s *Server) successor(l *listener) *listener {
	addr := l.Addr().String()
	for range 20 {
		s.mu.Lock()
		for o := range s.listeners {
			if o != l && o.Addr().String() == addr && (o.own == nil || !o.own.closed()) {
				s.mu.Unlock()
				return o
			}
		}
		s.mu.Unlock()
		time.Sleep(5 * time.Millisecond) // it is about to be served
	}
	return l
}

// Leave ends Serve for a listener and returns when no more connections are taken from it. The listener stays open, its
// connections go on, and it may be served again.
func (s *Server) Leave(nl net.Listener) {
	var gone []chan struct{}
	s.mu.Lock()
	for l := range s.listeners {
		if l.Listener == nl {
			l.leaving.Store(true)
			l.setDeadline(time.Now())
			gone = append(gone, l.gone)
		}
	}
	s.mu.Unlock()
	for _, c := range gone {
		<-c
	}
}

// passing says that accepting may work again later: too many open files, no memory, a connection that is gone already.
func passing(err error) bool {
	for _, e := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED, syscall.EINTR, syscall.EPROTO, syscall.EPERM} {
		if errors.Is(err, e) {
			return true
		}
	}
	return errors.Is(err, os.ErrDeadlineExceeded)
}

// takeQueued takes the connections that the kernel has accepted already: their clients have been told so.
func (s *Server) takeQueued(l *listener) {
	for end := time.Now().Add(time.Second); time.Now().Before(end); {
		if !l.setDeadline(time.Now().Add(20 * time.Millisecond)) {
			return
		}
		nc, err := l.accept()
		if err != nil {
			break
		}
		s.start(l, nc)
	}
	l.setDeadline(time.Time{})
}

// awaitRoom waits while there are as many connections as may be. Idle ones make room.
func (s *Server) awaitRoom(l *listener) {
	for {
		m := s.settings.Load().MaxConnections
		if m <= 0 || s.stats.Open.Load() < int64(m) || s.draining.Load() || l.leaving.Load() {
			return
		}
		if !s.evict() {
			select {
			case <-s.free:
			case <-time.After(100 * time.Millisecond):
			}
		}
	}
}

// evict ends the connection that has been idle the longest, of those that have had a request, and waits for its end.
func (s *Server) evict() bool {
	var oldest *conn
	var since int64
	s.mu.Lock()
	for c := range s.conns {
		if c.phase.Load() == phaseIdle {
			if t := c.idleSince.Load(); t > 0 && (oldest == nil || t < since) {
				oldest, since = c, t
			}
		}
	}
	s.mu.Unlock()
	if oldest == nil || now()-since < int64(50*time.Millisecond) || !oldest.phase.CompareAndSwap(phaseIdle, phaseClosing) {
		return false
	}
	oldest.sock.Close()
	select {
	case <-s.free:
	case <-time.After(100 * time.Millisecond):
	}
	return true
}

// crowded says that connections are scarce: none is to be kept for a request that may not come.
func (s *Server) crowded() bool {
	m := s.settings.Load().MaxConnections
	return m > 0 && s.stats.Open.Load() >= int64(m)
}

// start serves a connection.
func (s *Server) start(l *listener, nc net.Conn) {
	s.stats.Accepted.Add(1)
	s.stats.Open.Add(1)
	c := &conn{s: s, l: l, sock: nc, accepted: now()}
	c.a.c = c
	s.mu.Lock()
	s.conns[c] = struct{}{}
	var idle chan *conn
	if n := len(s.runners); n > 0 {
		idle, s.runners = s.runners[n-1], s.runners[:n-1]
	}
	s.mu.Unlock()
	if idle != nil {
		idle <- c
		return
	}
	go s.run(c)
}

// maxRunners is how many goroutines are kept for connections to come.
const maxRunners = 64

// run serves one connection after the other: a goroutine's stack grows with its first, which is a good part of what a
// connection with one request costs.
func (s *Server) run(c *conn) {
	next := make(chan *conn, 1)
	for c != nil {
		s.serveConn(c, c.sock)
		s.mu.Lock()
		keep := len(s.runners) < maxRunners && !s.draining.Load()
		if keep {
			s.runners = append(s.runners, next)
		}
		s.mu.Unlock()
		if !keep {
			return
		}
		c = <-next
	}
}

// serveConn finds out what a connection speaks and serves it.
func (s *Server) serveConn(c *conn, nc net.Conn) {
	o, err := s.open(c, nc)
	if err != nil {
		s.notOpened(c, nc, err)
		return
	}
	c.stream.init(o.nc)
	c.peer = newPeer(nc.RemoteAddr(), c.l.Addr(), o.px)
	if o.tls != nil {
		c.peer.fixed = appendTLS(c.peer.fixed, o.tls)
	}
	if o.h2 {
		s.serveH2(c, o)
		return
	}
	c.setEarly(o.early)
	c.express = c.another
	c.serve()
}

// remove forgets a connection that has ended.
func (s *Server) remove(c *conn) {
	s.mu.Lock()
	delete(s.conns, c)
	last := len(s.conns) == 0
	s.mu.Unlock()
	s.stats.Open.Add(-1)
	select {
	case s.free <- struct{}{}:
	default:
	}
	if last && s.draining.Load() {
		s.checkEnded()
	}
}

func (s *Server) checkEnded() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.conns) == 0 && len(s.listeners) == 0 {
		select {
		case <-s.ended:
		default:
			close(s.ended)
		}
	}
}

// Shutdown stops accepting, lets idle connections live for DrainIdle, ends each of the others with its answer, and waits for
// them. When ctx ends first, what is left is cut off and ctx's error returned.
func (s *Server) Shutdown(ctx context.Context) error {
	idle := s.drainIdle()
	s.drainAt.Store(now() + int64(idle))
	s.draining.Store(true)
	s.mu.Lock()
	for _, idle := range s.runners {
		close(idle)
	}
	s.runners = nil
	for l := range s.listeners {
		if !l.setDeadline(time.Now()) {
			l.Close()
		}
	}
	at := time.Now().Add(idle)
	for c := range s.conns {
		if c.goAway != nil {
			go c.goAway()
		} else {
			c.sock.SetReadDeadline(at)
		}
	}
	s.mu.Unlock()
	s.checkEnded()
	select {
	case <-s.ended:
		return nil
	case <-ctx.Done():
		s.mu.Lock()
		for c := range s.conns {
			c.sock.Close()
		}
		s.mu.Unlock()
		return ctx.Err()
	}
}

func (s *Server) drainIdle() time.Duration { return s.settings.Load().DrainIdle }

// idleEnd is when an idle connection ends while the server shuts down.
func (s *Server) idleEnd(c *conn) int64 {
	return max(s.drainAt.Load(), c.idleSince.Load()+int64(s.drainIdle()))
}

// account counts a request that has ended and logs it.
func (a *answer) account(t int64) {
	st := &a.c.s.stats
	status := a.status
	if status == 0 {
		status = 499 // the client was gone before there was an answer; nginx's number for it
	}
	st.Statuses[status].Add(1)
	defer st.Running.Add(-1) // last: who sees it finds all else done
	if a.headless {
		st.Refused.Add(1)
		return
	}
	st.duration(t - a.start)
	if a.set.OnRequest != nil {
		a.set.OnRequest(status, time.Duration(t-a.start))
	}
	if a.set.OnAnswer != nil {
		a.set.OnAnswer(a.req.Worker, status, time.Duration(t-a.start), a.said+int64(len(a.sc.reply.fields)))
	}
	if a.set.Access != nil {
		a.set.Access.log(a, status, t-a.start)
	}
}

// health answers for the server itself.
func (a *answer) health(ready bool) {
	ok, text := true, "ok"
	if a.set.Health != nil {
		ok, text = a.set.Health(ready)
	}
	if text == "" {
		text = "ok"
	}
	status := "200 OK"
	if !ok {
		status = "503 Service Unavailable"
	}
	a.Head(status, []wire.Header{{Name: "Content-Type", Value: "text/plain; charset=utf-8"}, {Name: "Cache-Control", Value: "no-store"}})
	a.Data([]byte(text + "\n"))
	a.End(nil)
}

// pickID gives a request its id: what a trusted peer says, a new one otherwise.
func (s *settings) pickID(hs []http1.Header, p *peer) string {
	if s.trusts(p) {
		for i := range hs {
			if len(hs[i].Name) == len(s.RequestIDHeader) && sameKey(hs[i].Name, s.RequestIDHeader) && goodID(hs[i].Value) {
				return hs[i].Value
			}
		}
	}
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// goodID says whether a client's id may stand in logs.
func goodID(s string) bool {
	if s == "" || len(s) > 128 {
		return false
	}
	for i := 0; i < len(s); i++ {
		if s[i] <= ' ' || s[i] > '~' || s[i] == '"' || s[i] == '\\' {
			return false
		}
	}
	return true
}
