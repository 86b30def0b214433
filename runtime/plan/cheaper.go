package plan

// cheaper takes the workers that come and go with the load.
func (r *reader) cheaper(p *Plan) {
	w := &p.Workers
	least := int(r.number("workers.minimum", 0))
	if least < 1 {
		return
	}
	if least >= w.Count {
		if r.server == "uwsgi" || least > w.Count {
			r.refuse(r.model["workers.minimum"], "run-workers", "More workers than there are", "At least %d workers are to be kept of %d. Ask for fewer, or for more processes.", least, w.Count)
		}
		return
	}
	c := &Cheaper{Minimum: least, Initial: least, Step: 1, Overload: 3, Algorithm: "spare"}
	w.Cheaper = c
	if r.server != "uwsgi" {
		return
	}
	if n := int(numberOf(r.own("cheaper-initial"), 0)); n > 0 {
		c.Initial = min(max(n, least), w.Count)
	}
	c.Step = max(int(numberOf(r.own("cheaper-step"), 1)), 1)
	c.Overload = max(int(numberOf(r.own("cheaper-overload"), 3)), 1)
	c.SoftRSS, c.HardRSS = numberOf(r.own("cheaper-rss-limit-soft"), 0), numberOf(r.own("cheaper-rss-limit-hard"), 0)
	if s := r.own("cheaper-algo"); s != nil {
		switch name := textOf(s, ""); name {
		case "spare", "backlog", "manual":
			c.Algorithm = name
		default:
			r.refuse(s, "run-workers", "Algorithm not known here", "cheaper-algo = %s: algorithms are spare, backlog and manual here. Take it out for spare, which is uWSGI's own.", name)
		}
	}
}
