package front

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// DefaultAccessFormat is gunicorn's access_log_format.
const DefaultAccessFormat = `%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s"`

// An AccessLog writes a line for each request. Lines are gathered and written a few times a second, by one goroutine; when
// they come faster than they can be written requests wait, none is lost.
type AccessLog struct {
	format []piece // nil: JSON
	json   bool
	uwsgi  *uwsgiLog
	sink   func([]byte) // in place of all below
	fail   func(error)

	mu      sync.Mutex
	room    sync.Cond // told when pending has been written
	path    string
	w       io.Writer
	file    *os.File
	pending []byte
	writing []byte
	told    bool // that writing fails
	wake    chan struct{}
	done    chan struct{}
	closed  bool
}

// AccessLogConfig says what is logged where.
type AccessLogConfig struct {
	// Path is the file, opened for appending; "" where Writer is given.
	Path string
	// Writer gets whole lines, several in one call.
	Writer io.Writer
	// Sink gets a record of each request in place of lines, from any goroutine; it must not wait, nor keep the record.
	Sink func(record []byte)
	// Format is gunicorn's access_log_format; "" stands for DefaultAccessFormat.
	Format string
	// JSON writes an object a line instead.
	JSON bool
	// UWSGI writes uWSGI's lines instead; nil: no.
	UWSGI *UWSGILog
	// Mode is for a file that is made; 0 stands for 0640.
	Mode os.FileMode
	// Error is told when lines cannot be written, once until they can be again.
	Error func(error)
}

const (
	// flushEvery is how long a line may wait.
	flushEvery = 200 * time.Millisecond
	// flushAt is how many bytes are gathered before they are written at once.
	flushAt = 32 << 10
	// pendingMost is how many bytes may wait before requests do.
	pendingMost = 1 << 20
)

// OpenAccessLog opens a log.
func OpenAccessLog(c AccessLogConfig) (*AccessLog, error) {
	l := &AccessLog{json: c.JSON, path: c.Path, w: c.Writer, fail: c.Error, wake: make(chan struct{}, 1), done: make(chan struct{})}
	l.room.L = &l.mu
	if c.Sink != nil {
		l.sink, l.closed = c.Sink, true
		close(l.done)
		return l, nil
	}
	switch {
	case c.UWSGI != nil:
		l.uwsgi = newUWSGILog(c.UWSGI)
	case !c.JSON:
		f := c.Format
		if f == "" {
			f = DefaultAccessFormat
		}
		var err error
		if l.format, err = parseFormat(f); err != nil {
			return nil, err
		}
	}
	if c.Writer == nil {
		if c.Path == "" {
			return nil, fmt.Errorf("front: an access log needs a path or a writer")
		}
		if err := l.open(c.Mode); err != nil {
			return nil, err
		}
	}
	go l.run()
	return l, nil
}

func (l *AccessLog) open(mode os.FileMode) error {
	if mode == 0 {
		mode = 0o640
	}
	f, err := os.OpenFile(l.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	if l.file != nil {
		l.file.Close()
	}
	l.file, l.w = f, f
	return nil
}

// Reopen writes what waits and opens the file again by its name, for logrotate. Where that fails the former file goes on.
func (l *AccessLog) Reopen() error {
	l.Flush()
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.writing != nil {
		l.room.Wait()
	}
	if l.file == nil || l.closed {
		return nil
	}
	return l.open(0)
}

// Flush returns when all lines so far are written.
func (l *AccessLog) Flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for !l.closed && (len(l.pending) > 0 || l.writing != nil) {
		l.poke()
		l.room.Wait()
	}
}

// Close writes what waits and ends the log. Lines of requests that are still under way are written one by one.
func (l *AccessLog) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil
	}
	l.closed = true
	l.poke()
	l.mu.Unlock()
	<-l.done
	if l.file != nil {
		return l.file.Close()
	}
	return nil
}

func (l *AccessLog) poke() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// add takes a line.
func (l *AccessLog) add(line []byte) {
	l.mu.Lock()
	for len(l.pending) > pendingMost && !l.closed {
		l.room.Wait()
	}
	if l.closed {
		l.addLate(line)
		l.mu.Unlock()
		return
	}
	if len(l.pending) == 0 || len(l.pending) < flushAt && len(l.pending)+len(line) >= flushAt {
		l.poke()
	}
	l.pending = append(l.pending, line...)
	l.mu.Unlock()
}

// addLate writes a line after Close.
func (l *AccessLog) addLate(line []byte) {
	w := l.w
	if l.path != "" {
		f, err := os.OpenFile(l.path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			if l.fail != nil {
				l.fail(err)
			}
			return
		}
		defer f.Close()
		w = f
	}
	l.writeAll(w, line)
}

// run writes what has been gathered.
func (l *AccessLog) run() {
	defer close(l.done)
	timer := time.NewTimer(flushEvery)
	defer timer.Stop()
	var spare []byte
	for {
		<-l.wake
		l.mu.Lock()
		if len(l.pending) < flushAt && !l.closed {
			// The first line of a batch: others may join it.
			l.mu.Unlock()
			timer.Reset(flushEvery)
			select {
			case <-timer.C:
			case <-l.wake:
				timer.Stop()
			}
			l.mu.Lock()
		}
		l.writing, l.pending = l.pending, spare[:0]
		if l.writing == nil {
			l.writing = []byte{}
		}
		w, closed := l.w, l.closed
		b := l.writing
		l.mu.Unlock()
		if len(b) > 0 {
			l.writeAll(w, b)
		}
		l.mu.Lock()
		spare = l.writing
		if cap(spare) > 2*pendingMost {
			spare = nil
		}
		l.writing = nil
		rest := len(l.pending) > 0
		l.room.Broadcast()
		if rest {
			l.poke()
		}
		l.mu.Unlock()
		if closed && !rest {
			return
		}
	}
}

func (l *AccessLog) writeAll(w io.Writer, b []byte) {
	for len(b) > 0 {
		n, err := w.Write(b)
		b = b[n:]
		if err == nil {
			l.told = false
			continue
		}
		if !l.told && l.fail != nil {
			l.fail(err)
		}
		l.told = true
		return
	}
}
