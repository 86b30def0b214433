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

// adapted is the number of a plan whose workers come and go: what it was, or the initial one.
func adapted(p *plan.Plan, now int) int {
	q := p.Workers.Cheaper
	if now == 0 {
		return q.Initial
	}
	return min(max(now, q.Minimum), p.Workers.Count)
}
