package master

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"gsrv/runtime/plan"
)

// facilities are syslog's, by the names that gunicorn takes.
var facilities = map[string]int{
	"kern": 0, "user": 1, "mail": 2, "daemon": 3, "auth": 4, "security": 4, "syslog": 5, "lpr": 6, "news": 7, "uucp": 8, "cron": 9, "authpriv": 10, "ftp": 11,
	"local0": 16, "local1": 17, "local2": 18, "local3": 19, "local4": 20, "local5": 21, "local6": 22, "local7": 23,
}

// A syslogWriter sends every Write as one message of severity info, as the servers do.
type syslogWriter struct {
	dial func() (net.Conn, error)

	mu       sync.Mutex
	conn     net.Conn
	dialled  time.Time
	priority int
	prefix   string
	stream   bool
}

// dialSyslog opens udp://host:port, tcp://host:port, unix://path, with #dgram or #stream behind a path.
func dialSyslog(p *plan.Syslog) (*syslogWriter, error) {
	facility, ok := facilities[strings.ToLower(strings.TrimPrefix(strings.ToLower(p.Facility), "log_"))]
	if !ok {
		return nil, fmt.Errorf("there is no facility %q", p.Facility)
	}
	w := &syslogWriter{priority: facility<<3 | 6, prefix: p.Prefix}
	scheme, address, ok := strings.Cut(p.Address, "://")
	if !ok {
		return nil, fmt.Errorf("%q is no address such as udp://host:514 or unix:///dev/log", p.Address)
	}
	switch scheme {
	case "udp", "tcp":
		if _, _, e := net.SplitHostPort(address); e != nil {
			address = net.JoinHostPort(strings.Trim(address, "[]"), "514")
		}
		w.stream = scheme == "tcp"
		limit := 5 * time.Second
		w.dial = func() (net.Conn, error) {
			conn, err := net.DialTimeout(scheme, address, limit)
			limit = time.Second // from then on all that logs waits for it
			return conn, err
		}
	case "unix":
		path, kind, _ := strings.Cut(address, "#")
		w.dial = func() (conn net.Conn, err error) {
			if kind != "stream" {
				conn, err = net.Dial("unixgram", path)
			}
			if kind == "stream" || err != nil && kind == "" {
				w.stream = true
				conn, err = net.Dial("unix", path)
			}
			return conn, err
		}
	default:
		return nil, fmt.Errorf("%q is no address such as udp://host:514 or unix:///dev/log", p.Address)
	}
	var err error
	if w.conn, err = w.dial(); err != nil {
		return nil, err
	}
	return w, nil
}

// Write implements io.Writer. A syslog server that was started again is found again, as Python's handler finds it.
func (w *syslogWriter) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	err := w.send(line)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) && time.Since(w.dialled) > 10*time.Second {
		w.dialled = time.Now()
		if conn, e := w.dial(); e == nil {
			w.conn.Close()
			w.conn = conn
			err = w.send(line)
		}
	}
	return len(line), err
}

func (w *syslogWriter) send(line []byte) error {
	end := "\x00"
	if w.stream {
		end = "\n"
	}
	w.conn.SetWriteDeadline(time.Now().Add(time.Second))
	_, err := fmt.Fprintf(w.conn, "<%d>%s[%d]: %s%s", w.priority, w.prefix, os.Getpid(), strings.TrimRight(string(line), "\n"), end)
	return err
}

// Close implements io.Closer.
func (w *syslogWriter) Close() error { return w.conn.Close() }
