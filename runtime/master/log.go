package master

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"gsrv/runtime/plan"
	"gsrv/runtime/reason"
)

// levels by name, as gunicorn has them.
var levels = map[string]int{"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}

// A Log is the error log: a file, standard error, syslog, or the last two together.
type Log struct {
	mu sync.Mutex
	// leaving are recorders that still write what they have.
	leaving sync.WaitGroup
	level   int
	path    string
	file    *os.File
	std     *os.File
	pipe    *os.File // what workers print with capture_output; nil until it is needed
	syslog  io.WriteCloser
	prefix  string
	// count is told of every line that is written, for statsd; nil for nobody.
	count func(level string)
	// python, where set, writes in place of file and syslog.
	python recorder
	// tail keeps the last lines, for whoever waits for a daemon.
	tail []string
}

// A recorder writes the logs in place of the server: Python's logging.
type recorder interface {
	// Error takes a message of a process, Access a request.
	Error(level string, pid int, at time.Time, message string)
	Access(record []byte)
	// Wants tells whether requests are logged.
	Wants() bool
	Reopen()
	// Close writes what waits, within the limit.
	Close(limit time.Duration)
}

// lastLines is how long a log process may take to write what waits when it ends.
const lastLines = 10 * time.Second

// NewLog gives a log to a standard stream until Configure says otherwise.
func NewLog(std *os.File) *Log { return &Log{std: std, file: std, level: levels["info"]} }

// Configure opens what a plan asks for; by is what writes the logs where the plan wants Python's logging. It gives what has done
// so until now, which is to be retired. Where it fails the log stays as it was.
func (l *Log) Configure(p *plan.Log, by recorder) (former recorder, err error) {
	file := l.std
	if by != nil {
		p = &plan.Log{Level: p.Level}
	}
	if p.Error != "-" && p.Error != "" {
		f, err := openLog(p.Error)
		if err != nil {
			return nil, reason.File("error log", p.Error, err)
		}
		file = f
	}
	var sys io.WriteCloser
	prefix := ""
	if p.Syslog != nil {
		s, err := dialSyslog(p.Syslog)
		if err != nil {
			if file != l.std {
				file.Close()
			}
			return nil, fmt.Errorf("syslog: %w", err)
		}
		sys, prefix = s, p.Syslog.Prefix
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.close()
	former, l.python = l.python, by
	l.file, l.syslog, l.prefix, l.level = file, sys, prefix, levels[p.Level]
	l.path = ""
	if file != l.std {
		l.path = p.Error
	}
	return former, nil
}

// retire lets a recorder end that has written the logs until now; Close waits for it.
func (l *Log) retire(r recorder) {
	if r != nil {
		l.leaving.Go(func() { r.Close(lastLines) })
	}
}

func openLog(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
}

func (l *Log) close() {
	if l.file != nil && l.file != l.std {
		l.file.Close()
	}
	if l.syslog != nil {
		l.syslog.Close()
	}
}

// Close writes what waits.
func (l *Log) Close() {
	l.mu.Lock()
	by := l.python
	l.python = nil
	l.mu.Unlock()
	if by != nil {
		by.Close(lastLines)
	}
	l.leaving.Wait()
}

// Access takes the record of a request, for Python's logging.
func (l *Log) Access(record []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.python != nil {
		l.python.Access(record)
	}
}

// Python tells whether Python's logging writes the logs, and whether requests are logged there.
func (l *Log) Python() (writes, requests bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.python != nil, l.python != nil && l.python.Wants()
}

// Aside writes a line to the standard stream alone: what the log itself cannot take.
func (l *Log) Aside(level, message string) {
	l.std.WriteString(line(time.Now(), os.Getpid(), level, message))
}

// Reopen opens the file again, after logrotate has moved it away.
func (l *Log) Reopen() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.python != nil {
		l.python.Reopen()
		return nil
	}
	if l.path == "" {
		return nil
	}
	f, err := openLog(l.path)
	if err != nil {
		return fmt.Errorf("the error log stays as it is: %w", err)
	}
	l.file.Close()
	l.file = f
	return nil
}

// File is where the application's own output belongs: standard error, or with capture_output the error log, wherever that
// goes by then.
func (l *Log) File(capture bool) *os.File {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !capture || l.path == "" {
		return l.std
	}
	if l.pipe == nil {
		read, write, err := os.Pipe()
		if err != nil {
			return l.file
		}
		l.pipe = write
		go io.Copy(captured{l}, read)
	}
	return l.pipe
}

// captured writes what workers have printed to the log's file of the moment.
type captured struct{ l *Log }

func (c captured) Write(p []byte) (int, error) {
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	c.l.file.Write(p)
	return len(p), nil
}

// Log writes a line, or several, at a level.
func (l *Log) Log(level, message string) {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.count != nil {
		l.count(level)
	}
	if levels[level] < l.level && l.python == nil {
		return
	}
	// A worker's own message begins with its process id.
	pid := os.Getpid()
	if rest, ok := strings.CutPrefix(message, "["); ok {
		if digits, text, ok := strings.Cut(rest, "] "); ok {
			if n, err := strconv.Atoi(digits); err == nil {
				pid, message = n, text
			}
		}
	}
	text := line(now, pid, level, message)
	if l.python != nil {
		l.python.Error(level, pid, now, strings.TrimRight(message, "\n"))
	} else {
		l.file.WriteString(text)
	}
	if l.syslog != nil {
		fmt.Fprintf(l.syslog, "[%d] [%s] %s", pid, strings.ToUpper(level), message)
	}
	if levels[level] < l.level {
		return
	}
	l.tail = append(l.tail, text)
	if len(l.tail) > 40 {
		l.tail = l.tail[1:]
	}
}

// line is a line of the error log.
func line(now time.Time, pid int, level, message string) string {
	return fmt.Sprintf("[%s] [%d] [%s] %s\n", now.Format("2006-01-02 15:04:05 -0700"), pid, strings.ToUpper(level), strings.TrimRight(message, "\n"))
}

// counted tells of a line that was written elsewhere.
func (l *Log) counted(level string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.count != nil {
		l.count(level)
	}
}

// Tail gives the last lines.
func (l *Log) Tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.tail, "")
}

func (l *Log) debugf(format string, args ...any)   { l.Log("debug", fmt.Sprintf(format, args...)) }
func (l *Log) infof(format string, args ...any)    { l.Log("info", fmt.Sprintf(format, args...)) }
func (l *Log) warningf(format string, args ...any) { l.Log("warning", fmt.Sprintf(format, args...)) }
func (l *Log) errorf(format string, args ...any)   { l.Log("error", fmt.Sprintf(format, args...)) }
