package master

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
