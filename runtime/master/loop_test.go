//go:build linux

package master

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"gsrv/runtime/control"
	"gsrv/runtime/plan"
	"gsrv/runtime/wire"
	"gsrv/schema"
)

// fakeWorkers is a generation that does as it is told.
type fakeWorkers struct {
	boot    *Boot
	done    chan struct{}
	once    sync.Once
	count   atomic.Int64
	drain   chan struct{} // Drain returns when it is closed
	drained atomic.Bool
	killed  atomic.Bool
}

func (w *fakeWorkers) Send(r *wire.Request) { r.Answer.End(nil) }
func (w *fakeWorkers) Cancel(*wire.Request) {}
func (w *fakeWorkers) Scale(n int) error {
	if n > 512 {
		return errors.New("too many")
	}
	w.count.Store(int64(n))
	return nil
}
func (w *fakeWorkers) Done() <-chan struct{} { return w.done }
func (w *fakeWorkers) end()                  { w.once.Do(func() { close(w.done) }) }
func (w *fakeWorkers) Kill()                 { w.killed.Store(true); w.end() }
func (w *fakeWorkers) Status() []control.Worker {
	return make([]control.Worker, w.count.Load())
}
func (w *fakeWorkers) RunHook(context.Context, string) error { return nil }
func (w *fakeWorkers) Stop(ctx context.Context) error        { return w.Drain(ctx) }
func (w *fakeWorkers) Drain(ctx context.Context) error {
	w.drained.Store(true)
	select {
	case <-w.drain:
	case <-ctx.Done():
		return ctx.Err()
	}
	w.end()
	return nil
}

type fakeFront struct{ closed atomic.Bool }

func (f *fakeFront) Serve(net.Listener, *plan.Listener) error { return nil }
func (f *fakeFront) Reconfigure(*plan.Plan) error             { return nil }
func (f *fakeFront) Shutdown(context.Context) error           { return nil }
func (f *fakeFront) Leave(net.Listener)                       {}
func (f *fakeFront) Close()                                   { f.closed.Store(true) }
func (f *fakeFront) Reopen() error                            { return nil }
func (f *fakeFront) Traffic() control.Traffic                 { return control.Traffic{} }

// A rig is a master with fakes, and what a test steers it by.
type rig struct {
	t       *testing.T
	m       *master
	signals chan os.Signal
	ended   chan struct{}
	// boots are asked for how a start goes: the answer is its error.
	boots   chan *Boot
	outcome chan error

	mu   sync.Mutex
	gens []*fakeWorkers
	next *plan.Plan
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, signals: make(chan os.Signal, 8), ended: make(chan struct{}), boots: make(chan *Boot), outcome: make(chan error)}
	p := &plan.Plan{
		Config: &schema.Config{Summary: "a test"}, Listen: []plan.Listener{{Network: "tcp", Address: "127.0.0.1:0", Backlog: 8, UID: -1, GID: -1}},
		Workers: plan.Workers{Count: 2, Class: "sync", GracefulTimeout: time.Minute},
		Log:     plan.Log{Level: "debug", Error: filepath.Join(t.TempDir(), "log")}, Process: plan.Process{UID: -1, GID: -1},
	}
	r.next = p
	m := &master{
		o: Options{
			Plan: p,
			Load: func() (*plan.Plan, error) { r.mu.Lock(); defer r.mu.Unlock(); return r.next, nil },
			Start: func(ctx context.Context, b *Boot) (Workers, error) {
				r.boots <- b
				select {
				case err := <-r.outcome:
					if err != nil {
						return nil, err
					}
				case <-ctx.Done():
					return nil, ctx.Err()
				}
				w := &fakeWorkers{boot: b, done: make(chan struct{}), drain: make(chan struct{})}
				w.count.Store(int64(b.Workers))
				r.mu.Lock()
				r.gens = append(r.gens, w)
				r.mu.Unlock()
				return w, nil
			},
			Front: func(*plan.Plan, *Log, *Backend) (Front, error) {
				return &fakeFront{}, nil
			},
		},
		log: NewLog(os.Stderr), plan: p, events: make(chan func(), 16), state: "starting", started: time.Now(), patience: reloadPatience,
	}
	m.ctx, m.cancel = context.WithCancel(context.Background())
	r.m = m
	if err := m.start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(r.ended)
		m.loop(r.signals, daemonStatus{})
	}()
	t.Cleanup(func() {
		m.cancel()
		for _, w := range r.generations() {
			w.Kill()
		}
	})
	return r
}

func (r *rig) generations() []*fakeWorkers {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]*fakeWorkers{}, r.gens...)
}

// boot waits for a start and gives it its outcome.
func (r *rig) boot(err error) *Boot {
	r.t.Helper()
	b := r.starts()
	r.outcome <- err
	return b
}

func (r *rig) starts() *Boot {
	r.t.Helper()
	select {
	case b := <-r.boots:
		return b
	case <-time.After(20 * time.Second):
		r.t.Fatal("nothing is started")
	}
	return nil
}

func (r *rig) until(what string, ok func(s control.Status) bool) {
	r.t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(r.m.Status()); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			r.t.Fatalf("never: %s; it is %+v", what, r.m.Status())
		}
	}
}

func (r *rig) serving() {
	r.t.Helper()
	r.boot(nil)
	r.until("serving", func(s control.Status) bool { return s.State == "serving" })
}

func (r *rig) end() int {
	r.t.Helper()
	select {
	case <-r.ended:
	case <-time.After(20 * time.Second):
		r.t.Fatal("the loop does not end")
	}
	return r.m.code
}

// TestStopWhileStarting: TERM ends a server whose application is still loading.
func TestStopWhileStarting(t *testing.T) {
	r := newRig(t)
	r.starts()
	r.signals <- unix.SIGTERM
	if code := r.end(); code != ExitOK {
		t.Errorf("status %d", code)
	}
}

// TestHealth: a server that starts is alive and not ready.
func TestHealth(t *testing.T) {
	r := newRig(t)
	if ok, _ := r.m.health(false); !ok {
		t.Error("it is not alive while it starts")
	}
	if ok, why := r.m.health(true); ok || why != "not ready: starting" {
		t.Errorf("ready while it starts: %v, %q", ok, why)
	}
	r.serving()
	if ok, why := r.m.health(true); !ok {
		t.Errorf("not ready while it serves: %q", why)
	}
}

// TestStartFails: the server ends with 1 and the reason.
func TestStartFails(t *testing.T) {
	r := newRig(t)
	r.boot(errors.New("no module named shop"))
	if code := r.end(); code != ExitFailed || !strings.Contains(r.m.log.Tail(), "no module named shop") {
		t.Errorf("status %d, log %s", code, r.m.log.Tail())
	}
}

// TestScaleWhileReloading: TTIN during a reload counts for the generation that comes of it, and a second HUP is not lost.
func TestScaleWhileReloading(t *testing.T) {
	r := newRig(t)
	r.serving()
	r.signals <- unix.SIGHUP
	b := r.starts()
	if b.Workers != 2 || !b.Reload {
		t.Errorf("the reload starts %d workers, reload %t", b.Workers, b.Reload)
	}
	r.signals <- unix.SIGTTIN
	r.signals <- unix.SIGHUP
	r.until("3 wanted", func(s control.Status) bool { return s.Wanted == 3 })
	r.outcome <- nil
	r.until("3 workers", func(s control.Status) bool { return s.Generation == 2 && len(s.Workers) == 3 })
	if b := r.boot(nil); b.Workers != 3 {
		t.Errorf("the second reload starts %d workers, want 3", b.Workers)
	}
	r.until("generation 3", func(s control.Status) bool { return s.Generation == 3 && s.Reloads == 2 })

	// A configuration with another number of its own has the say again.
	r.mu.Lock()
	p := *r.next
	p.Workers.Count = 5
	r.next = &p
	r.mu.Unlock()
	r.signals <- unix.SIGHUP
	if b := r.boot(nil); b.Workers != 5 {
		t.Errorf("the third reload starts %d workers, want 5", b.Workers)
	}
	r.until("5 wanted", func(s control.Status) bool { return s.Wanted == 5 && s.Generation == 4 })
}

// TestReloadFails: the former generation serves on, and whoever asked hears why.
func TestReloadFails(t *testing.T) {
	r := newRig(t)
	r.serving()
	answer := make(chan error, 1)
	go func() { answer <- r.m.Reload() }()
	r.boot(errors.New("division by zero"))
	if err := <-answer; err == nil || !strings.Contains(err.Error(), "division by zero") {
		t.Errorf("the answer is %v", err)
	}
	s := r.m.Status()
	if s.State != "serving" || s.Generation != 1 || s.Failure == "" || r.generations()[0].drained.Load() {
		t.Errorf("after a reload that failed: %+v", s)
	}
	go func() { answer <- r.m.Reload() }()
	r.boot(nil)
	if err := <-answer; err != nil {
		t.Errorf("the answer is %v", err)
	}
	r.until("the first generation drains", func(s control.Status) bool {
		return r.generations()[0].drained.Load() && len(s.Draining) == 2 && s.Failure == ""
	})
	close(r.generations()[0].drain)
	r.until("the first generation is gone", func(s control.Status) bool { return len(s.Draining) == 0 })
}

// TestStopWhileReloading: TERM during a reload gives that up and ends both generations.
func TestStopWhileReloading(t *testing.T) {
	r := newRig(t)
	r.serving()
	r.signals <- unix.SIGHUP
	r.starts()
	r.signals <- unix.SIGTERM
	r.until("draining", func(control.Status) bool { return r.generations()[0].drained.Load() })
	close(r.generations()[0].drain)
	if code := r.end(); code != ExitOK || len(r.generations()) != 1 {
		t.Errorf("status %d, %d generations", code, len(r.generations()))
	}
}

// TestQuickStop: INT cuts a graceful stop short.
func TestQuickStop(t *testing.T) {
	r := newRig(t)
	r.serving()
	r.signals <- unix.SIGTERM
	r.until("draining", func(control.Status) bool { return r.generations()[0].drained.Load() })
	r.signals <- unix.SIGINT
	r.end()
	if !r.generations()[0].killed.Load() {
		t.Error("the workers were not ended")
	}
}

// TestRevive: a generation that is lost altogether is started again, until that works.
func TestRevive(t *testing.T) {
	r := newRig(t)
	r.serving()
	r.generations()[0].end()
	r.boot(errors.New("the disk is full"))
	r.until("the reason", func(s control.Status) bool { return strings.Contains(s.Failure, "disk is full") })
	r.boot(nil)
	r.until("back", func(s control.Status) bool { return s.Generation == 3 && s.Failure == "" })
	if g, ok := r.m.sender().(*generation); !ok || g.Workers != Workers(r.generations()[1]) {
		t.Error("requests do not go to the new generation")
	}
}

// TestScaleRefused: a number that the workers do not take is not kept for the next reload, which would fail for it.
func TestScaleRefused(t *testing.T) {
	r := newRig(t)
	r.serving()
	if err := r.m.Scale(600); err == nil {
		t.Error("600 workers are taken")
	}
	if s := r.m.Status(); s.Wanted != 2 {
		t.Errorf("%d workers are wanted", s.Wanted)
	}
	r.signals <- unix.SIGHUP
	if b := r.boot(nil); b.Workers != 2 {
		t.Errorf("the reload starts %d workers", b.Workers)
	}
}

// TestHangUpWhileStarting: HUP during the start is for a configuration that has changed since; it is done afterwards.
func TestHangUpWhileStarting(t *testing.T) {
	r := newRig(t)
	r.starts()
	r.signals <- unix.SIGHUP
	r.until("heard", func(control.Status) bool { return strings.Contains(r.m.log.Tail(), "it reloads after that") })
	r.outcome <- nil
	if b := r.boot(nil); !b.Reload {
		t.Error("the second start is no reload")
	}
	r.until("reloaded once", func(s control.Status) bool { return s.Reloads == 1 && s.State == "serving" })
}

// TestGather: storms of signals while the loop is busy hide none that matters.
func TestGather(t *testing.T) {
	in, out := make(chan os.Signal), make(chan os.Signal)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go gather(ctx, in, out)
	for range 1000 {
		in <- unix.SIGCHLD
		in <- unix.SIGWINCH
	}
	in <- unix.SIGTTIN
	in <- unix.SIGTTIN
	in <- unix.SIGTERM
	for _, want := range []os.Signal{unix.SIGCHLD, unix.SIGWINCH, unix.SIGTTIN, unix.SIGTTIN, unix.SIGTERM} {
		if got := <-out; got != want {
			t.Errorf("%v comes, want %v", got, want)
		}
	}
}

// TestPIDFileFormer: the file of a server that was killed and is still in the process table is taken over by the server that
// replaces it, and by no other.
func TestPIDFileFormer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pid")
	former := os.Getppid()
	if err := os.WriteFile(path, fmt.Appendln(nil, former), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := createPIDFile(path, 0); err == nil {
		t.Error("the file of a process that lives is taken")
	}
	if _, err := createPIDFile(path, former); err != nil {
		t.Error(err)
	}
}

// TestReloadHangs: an application that hangs while it is loaded does not keep its mended version out.
func TestReloadHangs(t *testing.T) {
	r := newRig(t)
	r.m.patience = 10 * time.Millisecond
	r.serving()
	answer := make(chan error, 1)
	go func() { answer <- r.m.Reload() }()
	r.starts()
	r.signals <- unix.SIGHUP
	if err := <-answer; err == nil {
		t.Error("the reload that hangs is said to be done")
	}
	r.boot(nil)
	r.until("the mended version serves", func(s control.Status) bool { return s.Generation == 3 && s.State == "serving" && s.Failure == "" })
}

// TestUpgradeNonBlocking: sockets that a new server is given do not block the old one.
func TestUpgradeNonBlocking(t *testing.T) {
	r := newRig(t)
	r.serving()
	program := startProgram
	startProgram = "/bin/true"
	defer func() { startProgram = program }()
	u, ready, err := r.m.spawnUpgrade()
	if err != nil {
		t.Fatal(err)
	}
	defer u.life.Close()
	defer ready.Close()
	defer u.cmd.Wait()
	raw, err := r.m.listeners[0].Listener.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) {
		if flags, err := unix.FcntlInt(fd, unix.F_GETFL, 0); err != nil || flags&unix.O_NONBLOCK == 0 {
			t.Errorf("the listener's flags are %o (%v)", flags, err)
		}
	})
}
