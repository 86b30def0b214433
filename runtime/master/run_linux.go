package master

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"gsrv/runtime/control"
	"gsrv/runtime/plan"
	"gsrv/runtime/wire"
)

// A master is a running server. The loop's goroutine alone changes it; what others look at is under mu.
type master struct {
	o      Options
	log    *Log
	notify notifier
	// ctx ends when the server stops at once.
	ctx    context.Context
	cancel context.CancelFunc
	events chan func()

	heir    *inheritance
	started time.Time

	mu       sync.Mutex
	plan     *plan.Plan
	state    string
	failure  string
	reloads  int
	override int
	// adaptive is how many workers the load asked for last, 0 before.
	adaptive   int
	cheaper    cheaper
	stats      *statsServer
	tallies    tallies
	listeners  []*listener
	front      Front
	current    *generation
	draining   []*generation
	generation int
	waits      wire.Waits // of generations that have gone

	pid      *pidFile
	socket   *control.Socket
	admin    *control.Admin
	upgrade  *upgrade
	promoted bool
	watch    *watcher
	changed  string
	// waiting are those who want to hear how the reload that runs ends; next those of the one after it.
	waiting, next []func(error)
	reloading     bool
	again         bool          // HUP came while the server was starting
	patience      time.Duration // see reloadPatience
	stop          context.CancelFunc
	giveUp        context.CancelFunc // of the reload that runs
	finished      bool
	code          int
	backoff       time.Duration
	counts        counts
	statsd        atomic.Pointer[control.Statsd]
}

// Run serves until it is told to stop, and gives the process's exit code.
func Run(o Options) int {
	if o.Start == nil {
		o.Start = startWorkers
	}
	if o.Front == nil {
		o.Front = newFront
	}
	m := &master{o: o, log: NewLog(os.Stderr), plan: o.Plan, events: make(chan func(), 16), state: "starting", started: time.Now(), heir: inherited(), patience: reloadPatience}
	status, code, done := m.detach()
	if done {
		return code
	}
	m.ctx, m.cancel = context.WithCancel(context.Background())
	defer m.cancel()
	defer m.log.Close()
	notified, signals := make(chan os.Signal, 64), make(chan os.Signal)
	go gather(m.ctx, notified, signals)
	signal.Notify(notified, unix.SIGHUP, unix.SIGQUIT, unix.SIGINT, unix.SIGTERM, unix.SIGTTIN, unix.SIGTTOU, unix.SIGUSR1, unix.SIGUSR2, unix.SIGWINCH, unix.SIGCHLD)
	defer signal.Stop(notified)
	// A client that has gone, or a log reader that has, is an error of that write.
	signal.Ignore(unix.SIGPIPE)
	m.notify = newNotifier()
	for _, name := range []string{"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"} {
		os.Unsetenv(name)
	}
	if m.o.Batch {
		if err := batch(); err != nil {
			m.log.warningf("--batch: %v; going on without", err)
		}
	}
	if err := m.start(); err != nil {
		m.abandon()
		status.failed(err, m.log)
		return ExitFailed
	}
	m.loop(signals, status)
	return m.code
}

// abandon undoes what a start that failed has done.
func (m *master) abandon() {
	m.cancel()
	if m.heir == nil {
		closeAll(m.listeners)
	}
	m.pid.remove()
	if m.socket != nil {
		m.socket.Close()
	}
	if m.admin != nil {
		m.admin.Close()
	}
	if m.stats != nil {
		m.stats.Close()
	}
}

// start does all that comes before the first generation.
func (m *master) start() error {
	p := m.plan
	by, err := startLogger(m.ctx, p, m.log, m.heir == nil)
	if err != nil {
		return err
	}
	if _, err := m.log.Configure(&p.Log, by); err != nil {
		return err
	}
	for _, r := range p.Remarks {
		m.log.Log("info", r.String())
	}
	name := "gsrv"
	if m.o.Version != "" {
		name += " " + m.o.Version
	}
	m.log.infof("Starting %s", name)
	setProcessName("gsrv: " + p.Process.Name)
	if m.heir != nil {
		m.override = m.heir.Override
	}
	if p.Process.PIDFile != "" {
		pid, err := createPIDFile(m.pidPath(p), 0)
		if err != nil {
			return err
		}
		m.pid = pid
	}
	if err := m.firstListeners(); err != nil {
		return err
	}
	all, _, err := m.wantedListeners(p, m.listeners, systemdSockets())
	if err != nil {
		return err
	}
	// What the server before this one listened on and this one does not is that one's to remove.
	for _, l := range m.listeners {
		if !contains(all, l) {
			l.close(false)
		}
	}
	m.listeners = all
	respecify(all, p.Listen)
	if err := m.startStatsd(p); err != nil {
		return err
	}
	if m.front, err = m.o.Front(p, m.log, m.backend()); err != nil {
		return err
	}
	m.observe()
	if err := m.openStats(p); err != nil {
		return err
	}
	return m.openControl()
}

// observe has the front tell of every answer, for the statistics.
func (m *master) observe() {
	if f, ok := m.front.(interface {
		Observe(f func(worker, status int, took time.Duration, bytes int64))
	}); ok {
		f.Observe(m.tallies.request)
	}
}

func (m *master) backend() *Backend {
	return &Backend{Sender: m.sender, OnRequest: m.onRequest, Health: m.health}
}

func (m *master) openControl() error {
	if m.o.Control != "" {
		path := m.o.Control
		if m.heir != nil {
			path += ".2"
		}
		s, err := control.Listen(path, m)
		if err != nil {
			return err
		}
		m.socket = s
	}
	if m.o.Admin != "" && m.heir == nil {
		a, err := control.ListenAdmin(m.o.Admin, m)
		if err != nil {
			return err
		}
		m.admin = a
		m.log.infof("Health and metrics at: http://%s/-/health, /-/ready, /metrics", a.Addr())
	}
	return nil
}

func (m *master) pidPath(p *plan.Plan) string {
	if m.heir != nil && !m.promoted {
		return p.Process.PIDFile + ".2"
	}
	return p.Process.PIDFile
}

func contains(list []*listener, l *listener) bool {
	for _, x := range list {
		if x == l {
			return true
		}
	}
	return false
}

// boot starts a generation; it is called beside the loop.
func (m *master) boot(ctx context.Context, p *plan.Plan, number, workers int, reload bool) (*generation, error) {
	before, age := 0, 0
	if reload {
		m.mu.Lock()
		before = m.workersFor(m.plan)
		if m.current != nil {
			if w, ok := m.current.Workers.(interface{ WorkerAge() int }); ok {
				age = w.WorkerAge()
			}
		}
		m.mu.Unlock()
	}
	if p.App.PythonFrom != "" {
		m.log.infof("Using Python: %s (from %s)", p.App.Python, p.App.PythonFrom)
	}
	w, err := m.o.Start(ctx, &Boot{
		Plan: p, Workers: workers, Number: number, Log: m.log, Stderr: m.log.File(p.Log.CaptureOutput),
		Reload: reload, Before: before, Age: age, Event: m.count,
	})
	if err != nil {
		return nil, err
	}
	return &generation{Workers: w, number: number, master: m, plan: p}, nil
}

// workersFor is how many workers a plan's generation gets.
func (m *master) workersFor(p *plan.Plan) int {
	if m.override > 0 {
		return m.override
	}
	if p.Workers.Cheaper != nil {
		return adapted(p, m.adaptive)
	}
	return p.Workers.Count
}

// serve runs the accept loop of a listener.
func (m *master) serve(l *listener) {
	front := m.front
	spec := l.spec
	ln := l.Listener
	go func() {
		if err := front.Serve(ln, &spec); err != nil && !errors.Is(err, errClosed) {
			m.log.errorf("%s: %v", l, err)
		}
	}()
}

func (m *master) addresses() []string {
	var out []string
	for _, l := range m.listeners {
		scheme := "http://"
		if m.plan.TLS != nil && !l.spec.Plain {
			scheme = "https://"
		}
		text := l.String()
		if l.Addr().Network() != "unix" {
			text = scheme + text
		}
		out = append(out, text)
	}
	return out
}

// post hands something to the loop.
func (m *master) post(f func()) {
	select {
	case m.events <- f:
	case <-m.ctx.Done():
	}
}

func (m *master) setState(state string) {
	m.mu.Lock()
	m.state = state
	m.mu.Unlock()
}

var errClosed = fmt.Errorf("the listener is closed")

// gather queues signals, so that none is lost while the loop is busy with a hook. Those that say nothing new beside one that
// waits already are dropped.
func gather(ctx context.Context, in <-chan os.Signal, out chan<- os.Signal) {
	var queue []os.Signal
	for {
		var next os.Signal
		var to chan<- os.Signal
		if len(queue) > 0 {
			next, to = queue[0], out
		}
		select {
		case s := <-in:
			if !slices.Contains(queue, s) || s == unix.SIGTTIN || s == unix.SIGTTOU {
				queue = append(queue, s)
			}
		case to <- next:
			queue = queue[1:]
		case <-ctx.Done():
			return
		}
	}
}

// quiet tells whether a signal is one that a terminal sends on its own.
func quiet(s os.Signal) bool { return s == syscall.SIGWINCH || s == syscall.SIGCHLD }
