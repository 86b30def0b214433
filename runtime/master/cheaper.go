package master

import "gsrv/runtime/plan"

// A cheaper changes the number of workers with the load, once a second, as uWSGI's cheaper subsystem does.
type cheaper struct {
	// overload counts the seconds in which every worker was busy, idle those in which more than one was not.
	overload, idle int
}

// load is what there is to do: active workers, and busy ones of them; requests that wait for a worker; the memory of all workers in
// bytes.
type load struct {
	active, busy, waiting int
	rss                   int64
}

// next says how many workers are to be added, or taken (-1), of at most as many as the configuration has.
func (c *cheaper) next(q *plan.Cheaper, l load, most int) int {
	grow := true
	if q.SoftRSS > 0 {
		switch {
		case q.HardRSS > 0 && l.active > 1 && l.rss >= q.HardRSS:
			return -1
		case l.rss >= q.SoftRSS:
			grow = false
		}
	}
	more := min(max(q.Step, 1), max(most-l.active, 0))
	switch q.Algorithm {
	case "manual":
		return 0
	case "backlog":
		switch {
		case grow && l.waiting > q.Overload:
			return more
		case l.waiting < q.Overload && l.active > q.Minimum:
			return -1
		}
		return 0
	}
	if l.busy < l.active {
		c.overload = max(c.overload-1, 0)
	} else {
		c.overload++
		c.idle = 0
	}
	switch {
	case grow && c.overload > q.Overload:
		c.overload = 0
		return more
	case c.overload > 0 || l.active-l.busy == 1:
		return 0
	}
	c.idle++
	if l.active > q.Minimum && c.idle%max(q.Overload, 1) == 0 {
		return -1
	}
	return 0
}

// adapt looks at the load and changes the number of workers. While an operator has set it, it stays.
func (m *master) adapt() {
	q := m.plan.Workers.Cheaper
	if q == nil || m.current == nil || m.override > 0 || m.state != "serving" {
		return
	}
	var l load
	for _, w := range m.current.Status() {
		if w.State == "leaving" {
			continue
		}
		l.active++
		l.rss += w.RSS
		if w.Busy > 0 {
			l.busy++
		}
		l.waiting -= w.Busy
	}
	l.waiting = max(l.waiting+int(m.front.Traffic().Active), 0)
	have := m.workersFor(m.plan)
	if l.active < have {
		return // those that are to come are not there yet
	}
	want := min(max(have+m.cheaper.next(q, l, m.plan.Workers.Count), 1), m.plan.Workers.Count)
	if want == have {
		return
	}
	m.mu.Lock()
	m.adaptive = want
	m.mu.Unlock()
	m.log.infof("Workers: %d, since %d of %d are busy", want, l.busy, l.active)
	if err := m.current.Scale(want); err != nil {
		m.log.errorf("The number of workers could not be changed: %v", err)
	}
}

// adapted is the number of a plan whose workers come and go: what it was, or the initial one.
func adapted(p *plan.Plan, now int) int {
	q := p.Workers.Cheaper
	if now == 0 {
		return q.Initial
	}
	return min(max(now, q.Minimum), p.Workers.Count)
}
