package worker

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A Logger writes the server's log through Python's logging, in a process of its own: an interpreter that serves no
// requests, lives as long as its configuration, and is replaced when it dies. Nobody waits for it: records are kept in
// memory up to loggerMost, and dropped and counted beyond.
type Logger struct {
	c      Config
	report func(string)
	conn   *net.UnixConn
	theirs *os.File // kept here, so that a process that takes another's place finds what that one has not read

	level  atomic.Int32
	access atomic.Bool
	pid    atomic.Int32

	mu      sync.Mutex
	wake    chan struct{}
	pending []byte
	dropped int
	closing bool

	first   bool // the process that may empty files
	written chan struct{}
	gone    chan struct{} // closed when the process has ended for good
	cmd     atomic.Pointer[exec.Cmd]
	giveUp  chan struct{}
}

const (
	// loggerMost is how many bytes of records may wait.
	loggerMost = 4 << 20
	// packetMost is how many bytes go to the process in one piece: what is lost when it dies on them.
	packetMost = 32 << 10
	// recordMost is the longest record: what the kernel takes in one packet for sure.
	recordMost = 128 << 10
	// loggerStart is how long the process may take to set logging up.
	loggerStart = 30 * time.Second
)

// Kinds of records, as logger.py has them.
const (
	recordError  = 1
	recordAccess = 2
	recordReopen = 3
)

var loggerLevels = []string{"", "debug", "info", "warning", "error", "critical"}

// StartLogger starts a log process; the error says why the loggers cannot be set up. Report gets what must be told
// elsewhere than in the log. Fresh says that the server starts, so that handlers with mode "w" empty their files.
func StartLogger(ctx context.Context, c *Config, report func(string), fresh bool) (*Logger, error) {
	l := &Logger{
		c: *c, report: report, wake: make(chan struct{}, 1), written: make(chan struct{}), gone: make(chan struct{}),
		giveUp: make(chan struct{}), first: fresh,
	}
	l.c.Logging = true
	var err error
	if l.conn, l.theirs, err = pair(unix.SOCK_SEQPACKET); err != nil {
		return nil, err
	}
	if raw, err := l.conn.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUF, 1<<20) })
	}
	dead, err := l.start(ctx)
	if err != nil {
		l.conn.Close()
		l.theirs.Close()
		return nil, err
	}
	l.first = false
	go l.write()
	go l.guard(dead)
	return l, nil
}

// PID is the process's, 0 while there is none.
func (l *Logger) PID() int { return int(l.pid.Load()) }

// start starts the process and waits until it is ready; dead gets how it ended.
func (l *Logger) start(ctx context.Context) (dead <-chan error, err error) {
	path, err := findPython(&l.c)
	if err != nil {
		return nil, err
	}
	events, theirs, err := pair(unix.SOCK_SEQPACKET)
	if err != nil {
		return nil, err
	}
	defer events.Close()
	defer theirs.Close()
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer read.Close()
	modules, boot := sources()
	cmd := pythonCommand(&l.c, path, "logs")
	cmd.ExtraFiles = []*os.File{read, l.theirs, theirs}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	say := common(&l.c, modules)
	maps.Copy(say, map[string]any{"main": "logger", "fds": map[string]int{"records": 4, "events": 5}, "first": l.first})
	start, err := json.Marshal(say)
	if err == nil {
		err = startOn(cmd)
	}
	if err != nil {
		write.Close()
		return nil, fmt.Errorf("the log process cannot be started: %w", err)
	}
	theirs.Close()
	go tell(write, boot, start)
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	if err := l.boot(ctx, events, cmd); err != nil {
		select {
		case <-ended:
		case <-time.After(time.Second):
			_ = cmd.Process.Kill()
			<-ended
		}
		if cmd.ProcessState.ExitCode() == tooOld {
			err = fmt.Errorf("%s is older than Python 3.8", cmd.Path)
		}
		return nil, fmt.Errorf("the logs cannot be set up: %w", err)
	}
	l.pid.Store(int32(cmd.Process.Pid))
	l.cmd.Store(cmd)
	return ended, nil
}

// boot waits for the process's first word.
func (l *Logger) boot(ctx context.Context, events *net.UnixConn, cmd *exec.Cmd) error {
	ctx, cancel := context.WithTimeout(ctx, loggerStart)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = events.SetReadDeadline(time.Now()) })
	defer stop()
	buf := make([]byte, 128<<10)
	n, err := events.Read(buf)
	if ctx.Err() != nil {
		return fmt.Errorf("the log process was not ready within %s: %w", loggerStart, context.Cause(ctx))
	}
	var said struct {
		T, Msg string
		Level  int32
		Access bool
	}
	if err != nil || n == 0 || json.Unmarshal(buf[:n], &said) != nil {
		return fmt.Errorf("the log process (%s) ended before the loggers were set up; what it wrote stands above", cmd.Path)
	}
	if said.T != "ready" {
		return errors.New(said.Msg)
	}
	l.level.Store(said.Level)
	l.access.Store(said.Access)
	return nil
}

// guard starts another process when one dies, until the log is closed.
func (l *Logger) guard(dead <-chan error) {
	defer close(l.gone)
	failures, since := 0, time.Now()
	for {
		err := <-dead
		pid := l.pid.Swap(0)
		l.mu.Lock()
		closing := l.closing
		l.mu.Unlock()
		if closing && (err == nil || l.abandoned()) {
			return
		}
		if time.Since(since) > time.Minute {
			failures = 0
		}
		how := "it ended"
		if err != nil {
			how = err.Error()
		}
		for {
			failures++
			wait := backoff(failures)
			l.report(fmt.Sprintf("The log process (pid %d) is not there any more (%s); it is started again in %v. What is logged until then waits, up to %d MiB", pid, how, wait, loggerMost>>20))
			select {
			case <-time.After(wait):
			case <-l.giveUp:
				return
			}
			since = time.Now()
			ctx, cancel := context.WithCancel(context.Background())
			stop := make(chan struct{})
			go func() {
				select {
				case <-l.giveUp:
					cancel()
				case <-stop:
				}
			}()
			dead, err = l.start(ctx)
			close(stop)
			cancel()
			if err == nil {
				break
			}
			how = err.Error()
		}
	}
}

// abandoned tells that nobody waits for what has not been written.
func (l *Logger) abandoned() bool {
	select {
	case <-l.giveUp:
		return true
	default:
		return false
	}
}

// write gives the process what waits, without anybody else waiting for it.
func (l *Logger) write() {
	defer close(l.written)
	var spare []byte
	for {
		l.mu.Lock()
		out, dropped, closing := l.pending, l.dropped, l.closing
		l.pending, l.dropped = spare[:0], 0
		l.mu.Unlock()
		if len(out) == 0 && dropped == 0 {
			if closing {
				return
			}
			spare = out
			<-l.wake
			continue
		}
		if dropped > 0 {
			text := fmt.Sprintf("%d lines of the log were dropped: they came faster than the log process writes", dropped)
			out = appendError(out, "warning", os.Getpid(), time.Now(), text)
		}
		for rest := out; len(rest) > 0; {
			n := packet(rest)
			if _, err := l.conn.Write(rest[:n]); err != nil {
				if errors.Is(err, unix.EMSGSIZE) {
					l.drop() // a record beyond what this kernel takes
				} else {
					l.lost(rest)
					return
				}
			}
			rest = rest[n:]
		}
		spare = out
		if cap(spare) > loggerMost/4 {
			spare = nil
		}
	}
}

// packet is how many bytes of records go into one packet: whole records, one at least.
func packet(b []byte) int {
	n := 0
	for n < len(b) {
		size := frameHead + int(binary.LittleEndian.Uint32(b[n:]))
		if n > 0 && n+size > packetMost {
			break
		}
		n += size
	}
	return n
}

// records counts those in b.
func records(b []byte) (n int) {
	for ; len(b) > 0; n++ {
		b = b[frameHead+int(binary.LittleEndian.Uint32(b)):]
	}
	return n
}

// lost counts what could not be given away before the log was closed.
func (l *Logger) lost(b []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dropped += records(b) + records(l.pending)
	l.pending = nil
}

// drop counts a record that is not logged.
func (l *Logger) drop() {
	l.mu.Lock()
	l.dropped++
	l.mu.Unlock()
}

const frameHead = 5

// appendFrame begins a record of a length.
func appendFrame(b []byte, kind byte, length int) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(length))
	return append(b, kind)
}

func appendError(b []byte, level string, pid int, at time.Time, text string) []byte {
	text = text[:min(len(text), recordMost-64)]
	b = appendFrame(b, recordError, 13+len(text))
	b = binary.LittleEndian.AppendUint32(b, uint32(pid))
	b = binary.LittleEndian.AppendUint64(b, uint64(at.UnixNano()))
	b = append(b, byte(max(slices.Index(loggerLevels, level), 1)))
	return append(b, text...)
}

// room says whether a record of a length is taken; l.mu is held.
func (l *Logger) room(length int) bool {
	if l.closing || len(l.pending)+length > loggerMost {
		l.dropped++
		return false
	}
	if len(l.pending) == 0 {
		select {
		case l.wake <- struct{}{}:
		default:
		}
	}
	return true
}

// Error logs a message of the server at debug, info, warning, error or critical, as one of the process pid.
func (l *Logger) Error(level string, pid int, at time.Time, message string) {
	if 10*slices.Index(loggerLevels, level) < int(l.level.Load()) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.room(len(message)) {
		l.pending = appendError(l.pending, level, pid, at, message)
	}
}

// Wants tells whether requests are logged at all.
func (l *Logger) Wants() bool { return l.access.Load() }

// Access logs a request: a record as front makes it.
func (l *Logger) Access(record []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(record) > recordMost {
		l.dropped++
		return
	}
	if l.room(len(record)) {
		l.pending = append(appendFrame(l.pending, recordAccess, len(record)), record...)
	}
}

// Reopen opens log files again, after what has been logged so far.
func (l *Logger) Reopen() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.room(0) {
		l.pending = appendFrame(l.pending, recordReopen, 0)
	}
}

// Close lets the process write what waits, and ends it; after the limit it is killed. What was not written is reported.
func (l *Logger) Close(limit time.Duration) {
	l.mu.Lock()
	if l.closing {
		l.mu.Unlock()
		<-l.gone
		return
	}
	l.closing = true
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
	deadline := time.Now().Add(limit)
	_ = l.conn.SetWriteDeadline(deadline)
	<-l.written
	l.conn.Close()
	select {
	case <-l.gone:
	case <-time.After(time.Until(deadline)):
		close(l.giveUp)
		l.report(fmt.Sprintf("The log process (pid %d) has not written everything within %v and is killed", l.PID(), limit))
		for ended := false; !ended; {
			if cmd := l.cmd.Load(); cmd != nil {
				_ = cmd.Process.Kill()
			}
			select {
			case <-l.gone:
				ended = true
			case <-time.After(50 * time.Millisecond): // one that was being started
			}
		}
	}
	l.theirs.Close()
	l.mu.Lock()
	n := l.dropped
	l.mu.Unlock()
	if n > 0 {
		l.report(fmt.Sprintf("%d lines of the log were dropped while the log process ended", n))
	}
}
