package control

import (
	"bytes"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

// statsdPacket is the largest datagram that is sent: it fits into one Ethernet frame.
const statsdPacket = 1400

// A Statsd sends gunicorn's metrics to a statsd server: gunicorn.requests, gunicorn.request.status.N,
// gunicorn.request.duration, gunicorn.workers, gunicorn.backlog and gunicorn.log.LEVEL. Metrics are gathered for a moment and sent
// together, a line each. That nobody listens is no error.
type Statsd struct {
	prefix, tags string

	mu      sync.Mutex
	conn    net.Conn
	pending bytes.Buffer
	done    chan struct{}
}

// NewStatsd sends to host:port or, unix:///path or /path, a datagram socket.
func NewStatsd(address, prefix string, tags []string) (*Statsd, error) {
	network := "udp"
	if path, ok := strings.CutPrefix(address, "unix://"); ok {
		network, address = "unixgram", path
	} else if strings.HasPrefix(address, "/") {
		network = "unixgram"
	}
	conn, err := net.Dial(network, address)
	if err != nil && network == "udp" {
		return nil, fmt.Errorf("statsd: %w", err)
	}
	s := &Statsd{conn: conn, done: make(chan struct{})}
	if prefix = strings.TrimRight(prefix, "."); prefix != "" {
		s.prefix = prefix + "."
	}
	if len(tags) > 0 {
		s.tags = "|#" + strings.Join(tags, ",")
	}
	go s.run()
	return s, nil
}

func (s *Statsd) run() {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.mu.Lock()
			s.flush()
			s.mu.Unlock()
		case <-s.done:
			return
		}
	}
}

// flush sends what has been gathered; s.mu is held.
func (s *Statsd) flush() {
	if s.pending.Len() > 0 && s.conn != nil {
		// Requests wait for this: a statsd server that does not read its socket must not hold them up.
		s.conn.SetWriteDeadline(time.Now().Add(time.Millisecond))
		s.conn.Write(bytes.TrimSuffix(s.pending.Bytes(), []byte("\n")))
	}
	s.pending.Reset()
}

func (s *Statsd) send(name, value, kind string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.prefix) + len(name) + len(value) + len(kind) + len(s.tags) + 3; s.pending.Len()+n > statsdPacket {
		s.flush()
	}
	for _, part := range [...]string{s.prefix, name, ":", value, "|", kind, s.tags, "\n"} {
		s.pending.WriteString(part)
	}
}

// Request tells of a request that has been answered.
func (s *Statsd) Request(status int, took time.Duration) {
	s.send("gunicorn.request.duration", strconv.FormatFloat(float64(took)/float64(time.Millisecond), 'f', 3, 64), "ms")
	s.send("gunicorn.requests", "1", "c|@1.0")
	s.send("gunicorn.request.status."+strconv.Itoa(status), "1", "c|@1.0")
}

// Log tells of a line in the error log; gunicorn counts those from warning on.
func (s *Statsd) Log(level string) {
	switch level {
	case "warning", "error", "critical":
		s.send("gunicorn.log."+level, "1", "c|@1.0")
	}
}

// Workers tells how many there are.
func (s *Statsd) Workers(n int) { s.send("gunicorn.workers", strconv.Itoa(n), "g") }

// Backlog tells how many connections wait to be accepted.
func (s *Statsd) Backlog(n int) { s.send("gunicorn.backlog", strconv.Itoa(n), "h") }

// Close sends what is left and ends.
func (s *Statsd) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flush()
	if s.conn != nil {
		s.conn.Close()
		s.conn = nil
	}
	close(s.done)
}
