package master

import (
	"context"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"gsrv/runtime/plan"
	"gsrv/runtime/wire"
)

// sender gives the generation that serves now.
func (m *master) sender() wire.Sender {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.current == nil {
		return nobody{}
	}
	return m.current
}

// nobody answers where there are no workers.
type nobody struct{}

func (nobody) Send(r *wire.Request) {
	r.Answer.End(&wire.Failure{Status: 503, Reason: "no workers serve"})
}
func (nobody) Cancel(*wire.Request) {}

// loop boots the first generation and then does what signals, the control socket and outcomes ask, until the server has
// stopped.
func (m *master) loop(signals <-chan os.Signal, status daemonStatus) {
	m.firstGeneration(status)
	second := time.NewTicker(time.Second)
	defer second.Stop()
	var watchdog <-chan time.Time
	if m.notify.watchdog > 0 {
		t := time.NewTicker(m.notify.watchdog)
		defer t.Stop()
		watchdog = t.C
		m.notify.alive()
	}
	for !m.finished {
		select {
		case f := <-m.events:
			f()
		case s := <-signals:
			m.signal(s)
		case <-second.C:
			m.gauges()
			m.adapt()
			if m.stats != nil && m.current != nil {
				m.tallies.look(m.current.Status())
			}
		case <-watchdog:
			m.notify.alive()
		}
	}
}

// firstGeneration starts the workers and, when they are ready, the accept loops.
func (m *master) firstGeneration(status daemonStatus) {
	m.startWatch()
	ctx, cancel := context.WithCancel(m.ctx)
	m.stop = cancel
	p, n := m.plan, m.workersFor(m.plan)
	m.generation = 1
	go func() {
		g, err := m.boot(ctx, p, 1, n, false)
		m.post(func() {
			if ctx.Err() != nil {
				if g != nil {
					g.Kill()
				}
				m.end(m.code)
				return
			}
			if err != nil {
				m.log.errorf("%s did not start under %s, so nothing is served:\n%v", applicationName(&p.App), p.App.Python, err)
				if m.plan.Reload.Enabled && m.heir == nil && status.pipe == nil {
					m.awaitChange(err)
					return
				}
				status.failed(err, nil)
				m.end(ExitFailed)
				return
			}
			m.begin(g)
			status.ready()
		})
	}()
}

// applicationName is how the configuration names the application.
func applicationName(a *plan.App) string {
	switch {
	case a.Paste != "":
		return a.Paste + "#" + a.PasteName
	case a.File != "":
		return a.File + ":" + a.Callable
	}
	return a.Module
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// awaitChange is for development: an application that does not load is mended and tried again, without a new start.
func (m *master) awaitChange(err error) {
	m.fail(err)
	m.setState("waiting")
	m.log.infof("Waiting for a change")
	m.catchUp()
}

// begin opens the doors.
func (m *master) begin(g *generation) {
	m.mu.Lock()
	m.current, m.state = g, "serving"
	m.mu.Unlock()
	m.guard(g)
	for _, l := range m.listeners {
		m.serve(l)
	}
	m.log.infof("Listening at: %s (%d)", join(m.addresses()), os.Getpid())
	w := &m.plan.Workers
	shape := count(m.workersFor(m.plan), w.Class+" worker")
	if w.Threads > 1 {
		what := "threads"
		if w.Class == "gevent" {
			what = "greenlets"
		}
		shape += fmt.Sprintf(" × %d %s", w.Threads, what)
	}
	if c := w.Cheaper; c != nil {
		shape += fmt.Sprintf(", %d to %d by the load", c.Minimum, w.Count)
	}
	m.log.infof("Using worker: %s", shape)
	m.voice().ready(m.plan.Config.Summary)
	m.announce()
	m.catchUp()
}

func join(list []string) string {
	out := ""
	for i, s := range list {
		if i > 0 {
			out += ", "
		}
		out += s
	}
	return out
}

func (m *master) signal(s os.Signal) {
	name := unix.SignalName(s.(unix.Signal))
	if !quiet(s) {
		m.log.infof("Handling signal: %s", name)
	}
	switch s {
	case unix.SIGTERM:
		m.shutdown(true)
	case unix.SIGINT, unix.SIGQUIT:
		m.shutdown(false)
	case unix.SIGHUP:
		m.reload(nil)
	case unix.SIGTTIN:
		m.scaleBy(1)
	case unix.SIGTTOU:
		m.scaleBy(-1)
	case unix.SIGUSR1:
		m.reopen()
	case unix.SIGUSR2:
		m.startUpgrade()
	case unix.SIGWINCH:
		m.pause()
	case unix.SIGCHLD:
		m.reap()
	}
}

// end leaves the loop.
func (m *master) end(code int) {
	m.code = code
	m.finished = true
	m.stopWatch()
	replaced := m.upgrade.alive()
	for _, l := range m.listeners {
		l.close(!replaced && (m.heir == nil || m.promoted))
	}
	if m.front != nil {
		m.front.Close()
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
	if s := m.statsd.Swap(nil); s != nil {
		s.Close()
	}
	m.upgrade.hand(m.voice())
	m.cancel()
	m.log.infof("Shutting down: %s", m.name())
}

func (m *master) name() string {
	if m.heir != nil && !m.promoted {
		return "Master.2"
	}
	return "Master"
}

// shutdown ends the server: graceful, after the answers that are due; else at once. A second one that is not graceful
// cuts the first short.
func (m *master) shutdown(graceful bool) {
	if m.state == "stopping" {
		if !graceful && m.stop != nil {
			m.log.infof("Quick shutdown requested")
			m.stop()
		}
		return
	}
	booting := m.current == nil && (m.state == "starting" || m.reloading)
	m.setState("stopping")
	if m.upgrade.alive() && m.upgrade.serving.Load() {
		// The service goes on: systemd would end all of it, the new server as well, after TimeoutStopSec.
		m.upgrade.hand(m.voice())
	} else {
		m.voice().stopping()
	}
	if m.stop != nil {
		m.stop() // whatever is being started is not wanted any more
	}
	if booting {
		return // its outcome ends the loop
	}
	if m.current == nil {
		m.end(ExitOK)
		return
	}
	limit := m.plan.Workers.GracefulTimeout
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	m.stop = cancel
	all, current := append([]*generation{}, m.draining...), m.current
	if current != nil {
		current.retired = true
		all = append(all, current)
	}
	front := m.front
	go func() {
		defer cancel()
		if graceful {
			if err := front.Shutdown(ctx); err != nil && ctx.Err() == context.DeadlineExceeded {
				m.log.warningf("Some requests were not answered within the graceful timeout of %s", limit)
			}
			for _, g := range all {
				if g == current {
					g.Stop(ctx)
				} else {
					g.Drain(ctx)
				}
			}
		}
		front.Close()
		for _, g := range all {
			g.Kill()
		}
		for _, g := range all {
			<-g.Done()
		}
		m.post(func() { m.end(ExitOK) })
	}()
}

// guard watches a generation that nobody has ended: when its last process is gone, another is started, after a while that
// grows with every time.
func (m *master) guard(g *generation) {
	born := time.Now()
	go func() {
		<-g.Done()
		m.post(func() {
			if g.retired || g != m.current || m.state == "stopping" {
				return
			}
			if time.Since(born) > time.Minute {
				m.backoff = 0
			}
			m.backoff = min(max(2*m.backoff, 500*time.Millisecond), 30*time.Second)
			m.log.errorf("The workers have ended and could not be kept up; starting them again in %s", m.backoff)
			m.revive(g, m.backoff)
		})
	}()
}

func (m *master) revive(g *generation, after time.Duration) {
	ctx, cancel := context.WithCancel(m.ctx)
	m.stop = cancel
	p, n := m.plan, m.workersFor(m.plan)
	m.generation++
	number := m.generation
	go func() {
		select {
		case <-ctx.Done():
			return
		case <-time.After(after):
		}
		fresh, err := m.boot(ctx, p, number, n, true)
		m.post(func() {
			switch {
			case ctx.Err() != nil || m.current != g || m.state == "stopping":
				if fresh != nil {
					fresh.Kill()
				}
			case err != nil:
				m.fail(err)
				m.backoff = min(2*m.backoff, 30*time.Second)
				m.log.errorf("The application did not start again; trying once more in %s:\n%v", m.backoff, err)
				m.revive(g, m.backoff)
			default:
				m.mu.Lock()
				m.current, m.failure = fresh, ""
				m.mu.Unlock()
				g.close()
				m.guard(fresh)
				m.log.infof("The workers are back")
			}
		})
	}()
}

func (m *master) fail(err error) {
	m.mu.Lock()
	m.failure = err.Error()
	m.mu.Unlock()
}

// scaleBy adds or takes workers, as TTIN and TTOU ask; the number holds until the configuration's own changes.
func (m *master) scaleBy(n int) {
	if m.current == nil {
		return
	}
	want := m.workersFor(m.plan) + n
	if want < 1 {
		return
	}
	m.scale(want)
}

func (m *master) scale(want int) error {
	m.mu.Lock()
	before := m.override
	if m.override = want; want == m.plan.Workers.Count {
		m.override = 0
	}
	m.mu.Unlock()
	want = m.workersFor(m.plan)
	if m.current == nil {
		return fmt.Errorf("the workers are not up yet; there will be %d", want)
	}
	m.log.infof("Workers: %d", want)
	if err := m.current.Scale(want); err != nil {
		m.log.errorf("The number of workers could not be changed: %v", err)
		m.mu.Lock()
		m.override = before // or every reload would fail for the same reason
		m.mu.Unlock()
		return err
	}
	return nil
}

// reopen opens the logs again, for logrotate.
func (m *master) reopen() {
	if err := m.log.Reopen(); err != nil {
		m.log.errorf("%v", err)
	}
	if err := m.front.Reopen(); err != nil {
		m.log.errorf("%v", err)
	}
	for _, g := range append([]*generation{m.current}, m.draining...) {
		if g == nil {
			continue
		}
		if w, ok := g.Workers.(interface{ Reopen() }); ok {
			w.Reopen()
		}
	}
}

// swap makes a plan and its generation those that serve.
func (m *master) swap(p *plan.Plan, g *generation) (old *generation) {
	m.mu.Lock()
	defer m.mu.Unlock()
	old = m.current
	if p.Workers.Count != m.plan.Workers.Count {
		m.override = 0
	}
	if p.Workers.Cheaper == nil {
		m.adaptive = 0
	}
	m.plan, m.current, m.state, m.failure = p, g, "serving", ""
	m.reloads++
	return old
}
