package worker

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"syscall"
	"time"

	"gsrv/runtime/wire"
)

// A Generation is a set of workers that run one state of configuration and code. It is a wire.Sender.
type Generation struct {
	c     Config
	q     *wire.Queue
	lanes int // of each worker, at most

	wake chan struct{}
	done chan struct{}

	mu        sync.Mutex
	z         *zygote
	up        bool // the zygote has booted
	procs     map[int]*proc
	target    int
	ready     int  // how many workers ever became ready
	ending    bool // Drain or Kill was called
	hooks     map[string]chan string
	failures  int // in a row
	forks     int // how many workers were ever forked, by former generations as well
	crashes   int // of workers that had been ready, in a row
	lastCrash time.Time
	retry     time.Time // not before then is another worker forked
	lastFail  string
	events    []Event
	died      error         // why the generation could not start
	settled   chan struct{} // closed when Start can tell how it went

	startedAt time.Time
	readers   sync.WaitGroup // goroutines that read stacks
}

// A proc is one worker process.
type proc struct {
	number  int
	pid     int
	w       *wire.Worker
	forked  time.Time
	readyAt time.Time
	failure string // why it did not boot
	limit   int64  // answers after which it is replaced
	dump    *os.File
	checked time.Time // memory
	orphan  bool      // its zygote is gone

	retiring string    // why it is to be replaced
	stopped  time.Time // when it was told to take no more
	nudged   time.Time
	pause    time.Duration
	stuck    map[uint64]bool // requests that were answered 504
	aborted  time.Time
	killed   bool
}

var errStopped = errors.New("the server is stopping")

// Start starts a generation and waits until its workers are ready. Where no worker boots, the error has the application's
// traceback. Canceling ctx ends the attempt; a started generation does not depend on ctx.
func Start(ctx context.Context, config *Config) (*Generation, error) {
	c := *config
	c.Workers = max(c.Workers, 1)
	lanes := max(c.Threads, 1)
	switch c.Class {
	case "", Sync:
		c.Class, lanes = Sync, 1
	case Gthread:
	case Gevent:
		if c.Threads == 0 {
			lanes = 1000
		}
	default:
		return nil, fmt.Errorf("worker class %q does not exist here; use sync, gthread or gevent", c.Class)
	}
	if c.Workers > wire.MaxWorkers/2 {
		return nil, fmt.Errorf("%d workers are more than %d", c.Workers, wire.MaxWorkers/2)
	}
	if c.GracefulTimeout <= 0 {
		c.GracefulTimeout = 30 * time.Second
	}
	if c.Log == nil {
		c.Log = func(string, string) {}
	}
	q, err := wire.NewQueue(lanes)
	if err != nil {
		return nil, err
	}
	g := &Generation{
		c: c, q: q, lanes: lanes, target: c.Workers,
		wake: make(chan struct{}, 1), done: make(chan struct{}), settled: make(chan struct{}),
		forks: c.AgeBefore,
		procs: map[int]*proc{}, hooks: map[string]chan string{}, startedAt: time.Now(),
	}
	if g.z, err = startZygote(&c, q, lanes, false, c.AgeBefore); err != nil {
		q.Close("")
		return nil, err
	}
	g.follow(g.z)
	go g.supervise()
	select {
	case <-g.settled:
		err = g.died
	case <-ctx.Done():
		err = fmt.Errorf("the start was given up: %w", context.Cause(ctx))
	}
	if err != nil {
		g.Kill()
		return nil, err
	}
	return g, nil
}

// Send implements wire.Sender.
func (g *Generation) Send(r *wire.Request) { g.q.Send(r) }

// Cancel implements wire.Sender.
func (g *Generation) Cancel(r *wire.Request) { g.q.Cancel(r) }

// InFlight is how many requests wait or run.
func (g *Generation) InFlight() int { return g.q.Stats() }

// WorkerAge is the age of the newest worker, for the next generation's AgeBefore.
func (g *Generation) WorkerAge() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.forks
}

// Waits is how long requests have waited for a worker, since the generation began.
func (g *Generation) Waits() wire.Waits { return g.q.Waits() }

// Reopen lets the processes open their log files again, where Python's logging writes them.
func (g *Generation) Reopen() {
	g.mu.Lock()
	z := g.z
	g.mu.Unlock()
	if z != nil && g.c.Logging {
		_ = z.command(map[string]any{"c": "reopen"}) // another zygote opens them anyway
	}
}

// Done is closed when all processes are gone.
func (g *Generation) Done() <-chan struct{} { return g.done }

func (g *Generation) poke() {
	select {
	case g.wake <- struct{}{}:
	default:
	}
}

// follow reads a zygote's messages until it, and all its workers, are gone.
func (g *Generation) follow(z *zygote) {
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		z.listen(func(m *message, fds []*os.File) { g.message(z, m, fds) })
	}()
	go func() {
		<-z.waited
		select {
		case <-heard: // its last words say more than its status
		case <-time.After(100 * time.Millisecond): // workers that outlive it keep the socket open
		}
		g.mu.Lock()
		if g.z == z {
			g.zygoteDied()
		}
		g.mu.Unlock()
		g.poke()
	}()
}

// tooOld is the exit status of an interpreter older than 3.8: see starter.
const tooOld = 38

// zygoteDied: g.mu is held.
func (g *Generation) zygoteDied() {
	state := ""
	if s := g.z.cmd.ProcessState; s != nil {
		state = s.String()
		if s.ExitCode() == tooOld && !g.up && g.died == nil {
			g.died = fmt.Errorf("%s is older than Python 3.8", g.z.cmd.Path)
		}
	}
	wasUp := g.up
	g.up = false
	if !wasUp && g.died == nil {
		g.died = fmt.Errorf("%s ended (%s) before the application was there", g.z.cmd.Path, state)
	}
	for _, p := range g.procs {
		if p.pid == 0 {
			delete(g.procs, p.number)
			continue
		}
		p.orphan = true
		if p.retiring == "" {
			p.retiring = "its zygote died"
		}
	}
	if wasUp && !g.ending {
		g.c.Log("error", fmt.Sprintf("the process that workers are forked from (pid %d) ended (%s); another one is started, its workers go on until theirs are ready", g.z.cmd.Process.Pid, state))
		g.failures++
		g.retry = time.Now().Add(backoff(g.failures))
		g.z.commands.Close()
		g.z = nil
	}
}

// message handles what a process tells.
func (g *Generation) message(z *zygote, m *message, fds []*os.File) {
	if m.T == "log" {
		g.c.Log(m.Level, fmt.Sprintf("[%d] %s", m.PID, m.Msg))
		return
	}
	if m.T == "logged" {
		if g.c.Logged != nil {
			g.c.Logged(m.Level)
		}
		return
	}
	g.mu.Lock()
	p := g.procs[m.N]
	if fromWorker := m.T == "lane" || m.T == "dump" || m.T == "ready"; fromWorker && (p == nil || p.pid != 0 && p.pid != m.PID) {
		// Its zygote died before it could tell of it: nobody would read its answers.
		_ = syscall.Kill(m.PID, syscall.SIGKILL)
		p = nil
	}
	switch m.T {
	case "zygote":
		g.up = g.z == z
	case "reopened":
		g.q.Nudge(min(2*len(g.procs), 256)) // idle ones look at their signals
	case "hook":
		if c := g.hooks[m.Name]; c != nil {
			c <- m.Msg
			delete(g.hooks, m.Name)
		}
	case "failed":
		if p != nil {
			p.failure = m.Msg
		} else if m.N < 0 && g.died == nil {
			g.died = errors.New(m.Msg)
		}
	case "forked":
		if p != nil {
			p.pid = m.Child
			p.w.SetPID(m.Child)
		}
	case "lane":
		if p != nil && len(fds) == 1 {
			f := fds[0]
			fds = nil
			if err := p.w.AddLane(f); err != nil {
				g.c.Log("error", fmt.Sprintf("worker (pid %d): %v", m.PID, err))
			}
		}
	case "dump":
		if p != nil && len(fds) == 1 {
			p.dump, fds = fds[0], nil
		}
	case "ready":
		if p != nil && p.readyAt.IsZero() {
			p.readyAt, p.pid = time.Now(), m.PID
			g.ready++
			g.failures, g.lastFail = 0, ""
			g.event("ready", p.pid, "")
		}
	case "exit":
		if p != nil {
			g.exited(p, syscall.WaitStatus(m.Status))
		}
	}
	g.mu.Unlock()
	for _, f := range fds {
		f.Close()
	}
	g.poke()
}

func (g *Generation) event(kind string, pid int, reason string) {
	if g.c.Event != nil {
		g.events = append(g.events, Event{kind, pid, reason})
	}
}

// exited handles a worker's end: what it held fails, and the next look of supervise forks another one. g.mu is held.
func (g *Generation) exited(p *proc, status syscall.WaitStatus) {
	how := fmt.Sprintf("exited with status %d", status.ExitStatus())
	if status.Signaled() {
		how = fmt.Sprintf("was killed by signal %d (%v)", status.Signal(), status.Signal())
		if status.Signal() == syscall.SIGKILL && !p.killed {
			how += "; the kernel does that when memory runs out"
		}
	}
	delete(g.procs, p.number)
	w, dump, pid := p.w, p.dump, p.pid
	p.dump = nil
	reason := fmt.Sprintf("worker (pid %d) %s", pid, how)
	g.event("exit", pid, how)
	switch {
	case p.readyAt.IsZero() && g.ending && !p.stopped.IsZero():
	case p.readyAt.IsZero():
		g.failures++
		g.retry = time.Now().Add(backoff(g.failures))
		why := p.failure
		if why == "" {
			why = reason + " before it was ready"
		}
		g.event("boot-failed", pid, why)
		if g.ready == 0 && g.died == nil {
			g.died = errors.New(why)
		} else if g.ready > 0 {
			again := fmt.Sprintf("the next attempt is in %v", backoff(g.failures))
			if why == g.lastFail {
				g.c.Log("error", fmt.Sprintf("worker (pid %d) did not boot, for the same reason (attempt %d); %s", pid, g.failures, again))
			} else {
				g.c.Log("error", fmt.Sprintf("worker (pid %d) did not boot; %s: %s", pid, again, why))
			}
			g.lastFail = why
		}
	case p.stopped.IsZero() && !g.ending:
		g.c.Log("error", reason+"; it is replaced"+g.crashed(p))
	}
	w.Dead(502, reason)
	if dump != nil {
		dump.Close()
	}
}

// crashed slows down the replacement of workers that die soon after they were ready, again and again; g.mu is held.
func (g *Generation) crashed(p *proc) string {
	now := time.Now()
	if now.Sub(p.readyAt) > time.Second {
		return ""
	}
	if now.Sub(g.lastCrash) > 5*time.Second {
		g.crashes = 0
	}
	g.crashes++
	g.lastCrash = now
	// Requests that kill workers must not take the capacity from all others for long.
	wait := min(backoff(g.crashes), time.Second)
	if p.w.Served() > 0 {
		wait = min(wait, 200*time.Millisecond)
	}
	if wait == 0 {
		return ""
	}
	g.retry = now.Add(wait)
	return fmt.Sprintf(" in %v: %d in a row died within a second", wait, g.crashes)
}

// backoff is how long to wait after so many failures in a row.
func backoff(failures int) time.Duration {
	if failures <= 1 {
		return 0
	}
	return min(100*time.Millisecond<<min(failures-2, 10), 10*time.Second)
}

// limit draws how many answers a new worker gives.
func (g *Generation) limit() int64 {
	if g.c.MaxRequests <= 0 {
		return 0
	}
	n := int64(g.c.MaxRequests)
	if g.c.MaxRequestsJitter > 0 {
		n += rand.Int64N(int64(g.c.MaxRequestsJitter) + 1)
	}
	return n
}

// fork asks the zygote for another worker; g.mu is held.
func (g *Generation) fork() {
	number := 0
	for g.procs[number] != nil {
		number++
	}
	if number >= wire.MaxWorkers {
		return
	}
	p := &proc{number: number, w: g.q.Attach(number), forked: time.Now(), limit: g.limit(), checked: time.Now()}
	g.forks++
	p.w.Limit(p.limit, g.poke)
	g.procs[number] = p
	if err := g.z.command(map[string]any{"c": "fork", "n": number}); err != nil {
		delete(g.procs, number)
	}
}
