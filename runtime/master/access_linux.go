package master

import (
	"bytes"
	"io"
	"net"
	"os"
	"reflect"
	"strings"
	"sync"
	"time"

	"gsrv/runtime/control"
	"gsrv/runtime/front"
	"gsrv/runtime/plan"
)

// openAccess opens the access log, or gives the one that is open where nothing of it has changed.
func (s *server) openAccess(p *plan.Log) (*front.AccessLog, error) {
	var sys *plan.Syslog
	if p.Syslog != nil && p.Syslog.Access {
		sys = p.Syslog
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	python, requests := s.log.Python()
	if python {
		sys = nil
	}
	if s.access != nil && !python && !s.spec.Python && s.spec.Access == p.Access && s.spec.Format == p.Format && sys == nil && s.spec.Syslog == nil &&
		len(p.Sinks) == 0 && len(s.spec.Sinks) == 0 && reflect.DeepEqual(s.spec.Requests, p.Requests) {
		return s.access, nil
	}
	var l *front.AccessLog
	var files []*logFile
	if requests {
		var err error
		if l, err = front.OpenAccessLog(front.AccessLogConfig{Sink: s.log.Access}); err != nil {
			return nil, err
		}
	}
	if !python && (p.Access != "" || sys != nil || len(p.Sinks) > 0) {
		c := front.AccessLogConfig{Format: p.Format, JSON: p.Format == "json", Error: func(err error) { s.log.errorf("The access log cannot be written: %v", err) }}
		if q := p.Requests; q != nil {
			c.UWSGI = &front.UWSGILog{
				Format: q.Format, Date: q.Date, Micros: q.Micros, Memory: q.Memory, ForwardedFor: q.ForwardedFor, Router: q.Router,
				Quiet: q.Quiet, Empty: q.Empty, ClientErrors: q.ClientErrors, ServerErrors: q.ServerErrors, Files: q.Files, Slow: q.Slow, Large: q.Large,
				Worker: s.workerNumber,
			}
		}
		if p.Requests == nil && p.Either && front.UWSGIFormat(p.Format) {
			c.UWSGI = &front.UWSGILog{Format: p.Format, Worker: s.workerNumber}
		}
		var writers []io.Writer
		add := func(sink plan.Sink) error {
			w, f, err := openSink(sink)
			if err != nil {
				return err
			}
			writers = append(writers, w)
			if f != nil {
				files = append(files, f)
			}
			return nil
		}
		switch {
		case p.Access == "-":
			writers = append(writers, os.Stdout)
		case p.Access != "" && (sys != nil || len(p.Sinks) > 0):
			if err := add(plan.Sink{File: p.Access}); err != nil {
				return nil, err
			}
		case p.Access != "":
			c.Path = p.Access
		}
		if sys != nil {
			if err := add(plan.Sink{Syslog: sys}); err != nil {
				return nil, err
			}
		}
		for _, sink := range p.Sinks {
			if err := add(sink); err != nil {
				return nil, err
			}
		}
		if len(writers) > 0 {
			c.Writer = io.MultiWriter(writers...)
		}
		var err error
		if l, err = front.OpenAccessLog(c); err != nil {
			return nil, err
		}
	}
	if old := s.access; old != nil {
		// Requests that run may still log to it.
		time.AfterFunc(time.Minute, func() { old.Close() })
	}
	s.access, s.files, s.spec = l, files, *p
	s.spec.Python = python
	return l, nil
}

// openSink opens one of several places of the access log; the file is given where it can be opened again.
func openSink(sink plan.Sink) (io.Writer, *logFile, error) {
	switch {
	case sink.Syslog != nil:
		w, err := dialSyslog(sink.Syslog)
		if err != nil {
			return nil, nil, err
		}
		return lines{w}, nil, nil
	case sink.Socket != "":
		scheme, address, _ := strings.Cut(sink.Socket, "://")
		if scheme == "unix" {
			scheme = "unixgram"
		}
		c, err := net.Dial(scheme, address)
		if err != nil {
			return nil, nil, err
		}
		return lines{c}, nil, nil
	case sink.File != "":
		f := &logFile{path: sink.File}
		return f, f, f.reopen()
	}
	return os.Stderr, nil, nil
}

// A logFile is one of several files of the access log.
type logFile struct {
	path string

	mu   sync.Mutex
	file *os.File
}

// reopen opens the file by its name; where that fails the former one goes on.
func (l *logFile) reopen() error {
	f, err := openLog(l.path)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file != nil {
		l.file.Close()
	}
	l.file = f
	return nil
}

// Write implements io.Writer.
func (l *logFile) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.file.Write(b)
}

// lines gives a writer one line at a time.
type lines struct{ w io.Writer }

func (l lines) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		end := len(p)
		if i := bytes.IndexByte(p, '\n'); i >= 0 {
			end = i + 1
		}
		if _, err := l.w.Write(p[:end]); err != nil {
			return 0, err
		}
		p = p[end:]
	}
	return n, nil
}

// workerNumber is the place of a process among the workers that serve, 0 for none.
func (s *server) workerNumber(pid int) int {
	g, ok := s.backend.Sender().(interface{ Status() []control.Worker })
	if !ok {
		return 0
	}
	for _, w := range g.Status() {
		if w.PID == pid {
			return w.Number
		}
	}
	return 0
}
