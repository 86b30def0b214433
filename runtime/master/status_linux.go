package master

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"gsrv/runtime/control"
	"gsrv/schema"
)

// Status implements control.Server.
func (m *master) Status() control.Status {
	m.mu.Lock()
	p, front, current := m.plan, m.front, m.current
	s := control.Status{
		Version: m.o.Version, PID: os.Getpid(), State: m.state, Summary: p.Config.Summary, Started: m.started, Reloads: m.reloads,
		Failure: m.failure, Configured: p.Workers.Count, Wanted: m.workersFor(p),
	}
	draining := slices.Clone(m.draining)
	waits := m.waits
	if current != nil {
		s.Generation = current.number
	}
	s.Listen = m.addresses()
	m.mu.Unlock()
	if current != nil {
		s.Workers = current.Status()
	}
	for _, g := range draining {
		s.Draining = append(s.Draining, g.Status()...)
		addWaits(&waits, g)
	}
	if w, ok := current.waiting(); ok {
		s.Waiting = max(w-s.BusyRequests(), 0)
	}
	addWaits(&waits, current)
	s.Waits = waitHistogram(&waits)
	s.Events = m.counts.all()
	if front != nil {
		s.Traffic = front.Traffic()
	}
	return s
}

// health is what probes on the application's own addresses hear.
func (m *master) health(ready bool) (ok bool, why string) {
	if !ready {
		return true, ""
	}
	m.mu.Lock()
	s := control.Status{State: m.state}
	current := m.current
	m.mu.Unlock()
	if current != nil {
		s.Workers = current.Status()
	}
	if !s.Ready() {
		return false, "not ready: " + s.State
	}
	return true, "ready"
}

// wait runs something in the loop and waits for what it says.
func (m *master) wait(f func(done func(error))) error {
	outcome := make(chan error, 1)
	m.post(func() {
		f(func(err error) { outcome <- err })
	})
	select {
	case err := <-outcome:
		return err
	case <-m.ctx.Done():
		return errors.New("the server has stopped")
	}
}

// Reload implements control.Server.
func (m *master) Reload() error { return m.wait(m.reload) }

// Scale implements control.Server.
func (m *master) Scale(n int) error {
	if n < 0 || n > maxWorkers {
		return fmt.Errorf("%d workers: it goes from 1 to %d, and 0 gives the number back to the configuration", n, maxWorkers)
	}
	return m.wait(func(done func(error)) {
		if n == 0 {
			n = m.plan.Workers.Count
		}
		done(m.scale(n))
	})
}

// maxWorkers is more than any machine runs; beyond it is a slip.
const maxWorkers = 4096

// Stop implements control.Server.
func (m *master) Stop(graceful bool) { m.post(func() { m.shutdown(graceful) }) }

// Configuration implements control.Server.
func (m *master) Configuration() []string {
	m.mu.Lock()
	cfg := m.plan.Config
	m.mu.Unlock()
	var out []string
	for i := range cfg.Model {
		s := &cfg.Model[i]
		place := s.Layer.String()
		switch {
		case s.Layer == schema.LayerDefault:
		case s.Range.Filename == "" && s.Source != "":
			place = s.Source
		case s.Range.Filename != "":
			place = fmt.Sprintf("%s:%d:%d", s.Range.Filename, s.Range.Start.Line, s.Range.Start.Column)
		}
		out = append(out, fmt.Sprintf("%s = %s  (%s)", s.Name, schema.ValueText(s.OnHost), place))
	}
	return out
}
