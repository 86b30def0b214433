package master

import (
	"context"
	"errors"
	"time"

	"gsrv/runtime/plan"
)

// reload reads the configuration again, starts a generation from it, and moves traffic there when it is ready. Where
// anything fails, the old one serves on. Done, if any, hears how it went.
func (m *master) reload(done func(error)) {
	if m.state == "stopping" || m.state == "starting" {
		if m.state == "starting" && done == nil {
			m.log.infof("The server is starting; it reloads after that")
			m.again = true
		}
		if done != nil {
			done(errors.New("the server is " + m.state))
		}
		return
	}
	if m.reloading {
		// What has changed since that one began needs a reload of its own.
		m.next = append(m.next, done)
		number := m.generation
		time.AfterFunc(m.patience, func() {
			m.post(func() {
				if m.reloading && m.generation == number && m.state != "stopping" {
					m.log.warningf("The reload that runs has not come to an end; it is given up for the one that was asked for since")
					m.giveUp()
				}
			})
		})
		return
	}
	m.reloading = true
	m.waiting = append(m.waiting, done)
	paused := m.state == "paused" || m.state == "waiting"
	if !paused {
		m.setState("reloading")
	}
	m.voice().reloading()
	m.log.infof("Hang up: %s", m.name())
	ctx, cancel := context.WithCancel(m.ctx)
	m.stop, m.giveUp = cancel, cancel
	m.generation++
	number, configured, override, adaptive, have := m.generation, m.plan.Workers.Count, m.override, m.adaptive, m.listeners
	go func() {
		outcome := m.prepare(ctx, number, have, func(p *plan.Plan) int {
			switch count := p.Workers.Count; {
			case override > 0 && count == configured:
				return override
			case p.Workers.Cheaper != nil:
				return adapted(p, adaptive)
			default:
				return count
			}
		})
		m.post(func() { m.reloaded(ctx, outcome, paused) })
	}()
}

// reloadPatience is how long a reload may go on when another one waits for it: an application that hangs while it is loaded
// must not keep its mended version out.
const reloadPatience = 30 * time.Second

// A candidate is what a reload has come to.
type candidate struct {
	plan        *plan.Plan
	gen         *generation
	workers     int
	all, opened []*listener
	// log writes the logs in place of the server; nil where it writes them itself.
	log recorder
	err error
}

// prepare does the slow part of a reload, beside the loop: have are the listeners that are open, workers gives their number
// for a plan.
func (m *master) prepare(ctx context.Context, number int, have []*listener, workers func(*plan.Plan) int) *candidate {
	c := &candidate{}
	p, err := m.o.Load()
	if err != nil {
		c.err = err
		return c
	}
	c.plan = p
	if c.all, c.opened, c.err = m.wantedListeners(p, have, nil); c.err != nil {
		return c
	}
	c.workers = workers(p)
	if c.log, c.err = startLogger(ctx, p, m.log, false); c.err == nil {
		c.gen, c.err = m.boot(ctx, p, number, c.workers, true)
	}
	if c.err != nil {
		closeAll(c.opened)
		m.log.retire(c.log)
	}
	return c
}

func (m *master) reloaded(ctx context.Context, c *candidate, paused bool) {
	m.reloading = false
	waiting := m.waiting
	m.waiting = nil
	tell := func(err error) {
		for _, f := range waiting {
			if f != nil {
				f(err)
			}
		}
	}
	if ctx.Err() != nil && m.state != "stopping" && m.ctx.Err() == nil && c.err == nil {
		c.err = errors.New("it was given up for another reload")
		c.gen.Kill()
		closeAll(c.opened)
	}
	if m.state == "stopping" || m.ctx.Err() != nil {
		if c.gen != nil {
			c.gen.Kill()
			closeAll(c.opened)
			m.log.retire(c.log)
		}
		tell(errors.New("the server is stopping"))
		if m.current == nil {
			m.end(m.code)
		}
		return
	}
	if c.err == nil {
		if c.err = m.reconfigure(c.plan, c.log, paused); c.err != nil {
			c.gen.Kill()
			closeAll(c.opened)
		}
	}
	if c.err != nil {
		m.log.errorf("Reload failed; the configuration and the workers from before go on serving. The reason:\n%v", c.err)
		m.fail(c.err)
		if !paused {
			m.setState("serving")
		}
		m.voice().ready("Reload failed; serving as before")
		tell(c.err)
	} else {
		m.adopt(c, paused)
		tell(nil)
	}
	if next := m.next; next != nil {
		m.next = nil
		m.waiting = append(m.waiting, next...)
		m.reload(nil)
	}
}

// reconfigure makes the log and the front follow a plan. Where either cannot, both stay as they are.
func (m *master) reconfigure(p *plan.Plan, by recorder, paused bool) error {
	former, err := m.log.Configure(&p.Log, by)
	if err != nil {
		m.log.retire(by)
		return err
	}
	if paused {
		// The former front has shut down.
		var front Front
		if front, err = m.o.Front(p, m.log, m.backend()); err == nil {
			m.mu.Lock()
			m.front = front
			m.mu.Unlock()
			m.observe()
		}
	} else {
		err = m.front.Reconfigure(p)
	}
	if err != nil {
		m.log.Configure(&m.plan.Log, former)
		m.log.retire(by)
		return err
	}
	m.log.retire(former)
	if err := m.front.Reopen(); err != nil {
		m.log.errorf("%v", err)
	}
	return nil
}

// adopt moves everything to a candidate that has proven itself.
func (m *master) adopt(c *candidate, paused bool) {
	p, former := c.plan, m.plan
	if err := m.startStatsd(p); err != nil {
		m.log.errorf("%v", err)
	}
	if err := m.openStats(p); err != nil {
		m.log.errorf("%v", err)
	}
	before := m.listeners
	old := m.swap(p, c.gen)
	m.guard(c.gen)
	if want := m.workersFor(p); want != c.workers {
		// It was changed meanwhile.
		if m.override > 0 {
			m.scale(want)
		} else if err := m.current.Scale(want); err != nil {
			m.log.errorf("The number of workers could not be changed: %v", err)
		}
	}
	m.mu.Lock()
	m.listeners = c.all
	respecify(c.all, p.Listen)
	m.mu.Unlock()
	anew := spokenDifferently(former, p)
	for _, l := range c.all {
		if contains(before, l) && anew && !paused {
			m.front.Leave(l.Listener)
		}
		if paused || anew || !contains(before, l) {
			m.serve(l)
		}
	}
	for _, l := range before {
		if !contains(c.all, l) {
			m.log.infof("No longer listening at: %s", l)
			m.front.Leave(l.Listener)
			l.close(true)
		}
	}
	if old != nil {
		m.retire(old)
	}
	m.movePID()
	setProcessName("gsrv: " + p.Process.Name)
	for _, r := range p.Remarks {
		m.log.Log("info", r.String())
	}
	serve := "serve"
	if m.workersFor(p) == 1 {
		serve = "serves"
	}
	m.log.infof("Reloaded: %s %s at %s", count(m.workersFor(p), "worker"), serve, join(m.addresses()))
	m.voice().ready(p.Config.Summary)
	m.startWatch()
}

// retire lets a generation finish what it has.
func (m *master) retire(g *generation) {
	g.retired = true
	g.close()
	m.mu.Lock()
	m.draining = append(m.draining, g)
	m.mu.Unlock()
	limit := g.plan.Workers.GracefulTimeout
	go func() {
		ctx, cancel := context.WithTimeout(m.ctx, limit)
		defer cancel()
		g.Drain(ctx)
		g.Kill()
		<-g.Done()
		m.post(func() {
			m.mu.Lock()
			defer m.mu.Unlock()
			for i, x := range m.draining {
				if x == g {
					addWaits(&m.waits, g)
					m.draining = append(m.draining[:i:i], m.draining[i+1:]...)
					return
				}
			}
		})
	}()
}

// movePID follows a configuration that names another pid file.
func (m *master) movePID() {
	path := m.pidPath(m.plan)
	if m.plan.Process.PIDFile == "" {
		path = ""
	}
	if m.pid != nil && m.pid.path == path {
		return
	}
	m.pid.remove()
	m.pid = nil
	if path == "" {
		return
	}
	former := 0
	if m.heir != nil && m.promoted {
		former = m.heir.Parent
	}
	pid, err := createPIDFile(path, former)
	if err != nil {
		m.log.errorf("%v", err)
		return
	}
	m.pid = pid
}

// pause is WINCH: a server that is being replaced, or has no terminal to resize, ends its workers and keeps its sockets.
// HUP brings them back.
func (m *master) pause() {
	if !m.plan.Process.Daemon && !m.upgrade.alive() || m.state != "serving" {
		m.log.debugf("SIGWINCH ignored: no new server is there")
		return
	}
	m.log.infof("graceful stop of workers")
	m.setState("paused")
	old := m.current
	old.retired = true
	front, limit := m.front, m.plan.Workers.GracefulTimeout
	go func() {
		ctx, cancel := context.WithTimeout(m.ctx, limit)
		defer cancel()
		front.Shutdown(ctx)
		old.Drain(ctx)
		old.Kill()
	}()
}
