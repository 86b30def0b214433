package rules

import (
	"strings"

	"gsrv/lint"
	"gsrv/schema"
)

// recycleRules are those about how many workers uWSGI runs, and when they end.
var recycleRules = []*lint.Rule{
	{
		ID: "C015", Name: "uwsgi-gevent-with-threads", Severity: lint.Error, Servers: []string{"uwsgi"}, Fix: lint.FixOffer,
		Summary: "uWSGI's threads do not work with the gevent loop.",
		Explain: "With `gevent = N`" + ` each worker serves N requests at once in greenlets, in one thread. ` + "`threads`" + ` takes over the number of request slots
that uWSGI makes room for: with gevent = 100 and threads = 4 there are four, and the loop still starts as if there were a hundred. uWSGI's
manual rules the combination out.

Remove ` + "`threads`" + `. ` + "`enable-threads`" + ` is another option and may stay; gevent switches it on by itself.`,
		Sources: []string{"uWSGI documentation, The Gevent loop engine: notes", "uWSGI core/init.c: cores"},
		Check: func(p *lint.Pass) {
			threads := p.Set("threads")
			n, ok := p.Int("threads")
			if threads == nil || !ok || n < 2 {
				return
			}
			loop, name := p.Set("gevent"), "gevent"
			if loop == nil {
				if text, ok := p.Text("loop"); ok && text == "gevent" {
					loop, name = p.Set("loop"), "loop"
				}
			}
			if loop == nil || loop.Maybe {
				return
			}
			if greenlets, ok := p.Int("gevent"); name == "gevent" && (!ok || greenlets < 1) {
				return
			}
			p.Report(threads.Range, "threads = %d does not work with the gevent loop, which serves all requests of a worker in one thread: only %d request slots are left. Remove threads.", n, n).
				Also(keyOf(loop), "the gevent loop").With(p.DeleteFix(threads, "1"))
		},
	},
	{
		ID: "C016", Name: "uwsgi-recycle-without-master", Severity: lint.Error, Servers: []string{"uwsgi"}, Fix: lint.FixOffer,
		Summary: "Without a master nobody starts a worker again that recycles.",
		Explain: "`max-requests`, `reload-on-rss` and `reload-on-as`" + ` end a worker so that a fresh one takes its place, and it is the master that starts
it. Without a master the worker just ends: with max-requests = 1000 uWSGI serves a thousand requests per worker and is gone, with status 0. Whether something
starts it again is up to a supervisor, and until then connections are refused. ` + "`max-worker-lifetime`" + ` is watched by the master and does nothing at all without.

Write ` + "`master = true`" + `. The rule is silent where another option switches the master on (stats, cheaper, touch-reload …).`,
		Sources: []string{"uWSGI documentation, Quickstart for Python/WSGI applications", "uWSGI 2.0.21 run with each of the options, one and two processes"},
		Check:   checkRecycleWithoutMaster,
	},
	{
		ID: "C017", Name: "uwsgi-cheaper-not-below-processes", Severity: lint.Error, Servers: []string{"uwsgi"}, Codes: []string{"start-refused"},
		Summary: "cheaper must be lower than the number of processes; uWSGI exits.",
		Explain: "`cheaper`" + ` is the number of workers that are kept when there is little to do, ` + "`processes`" + ` the number at most. uWSGI refuses to start unless the first is
lower. Mind that processes is 1 where it is not set.

` + "`cheaper-initial`" + `, the number at the start, lies between the two. uWSGI corrects another number and says so in its log; that is a warning.`,
		Sources: []string{"uWSGI core/init.c, sanitize_args", "uWSGI documentation, The uWSGI cheaper subsystem"},
		Check: func(p *lint.Pass) {
			if refusals(p, "invalid cheaper value") {
				return
			}
			initial := p.Set("cheaper-initial")
			n, ok := p.Int("cheaper-initial")
			least, ok1 := p.Int("cheaper")
			most, ok2 := p.Int("processes")
			switch {
			case initial == nil || !ok || !ok1 || !ok2 || least < 1:
			case n < least:
				p.Report(initial.Range, "cheaper-initial is %d and must not be below cheaper, which is %d: uWSGI starts %d workers and warns at every start.", n, least, least).
					As(lint.Warning).Also(p.Get("cheaper").Range, "the lower bound")
			case n > most:
				f := p.Report(initial.Range, "cheaper-initial is %d and there are at most %d workers: uWSGI starts %d and warns at every start.", n, most, most).As(lint.Warning)
				if own := p.Set("processes"); own != nil {
					f.Also(own.Range, "the upper bound")
				}
			}
		},
	},
	{
		ID: "C018", Name: "uwsgi-cheaper-rss-needs", Severity: lint.Error, Servers: []string{"uwsgi"}, Codes: []string{"start-refused"}, Fix: lint.FixSafe,
		Summary: "Memory limits for cheaper need memory-report, and a hard limit above the soft one; uWSGI exits otherwise.",
		Explain: "`cheaper-rss-limit-soft`" + ` stops uWSGI from starting further workers when all together use that many bytes, ` + "`cheaper-rss-limit-hard`" + ` makes it
stop workers. uWSGI measures memory only with ` + "`memory-report`" + `, and refuses to start with a limit and without the report, with a hard limit alone, and with one that is not above the soft one.`,
		Sources: []string{"uWSGI core/init.c, sanitize_args", "uWSGI documentation, The uWSGI cheaper subsystem: setting memory limits"},
		Check: func(p *lint.Pass) {
			soft, hard := p.Set("cheaper-rss-limit-soft"), p.Set("cheaper-rss-limit-hard")
			for _, f := range reportRefusals(p, "enabling cheaper-rss-limit-soft", "cheaper-rss-limit-hard value") {
				if soft != nil && f.Range == soft.Range {
					f.With(p.InsertFix(soft, "memory-report", true))
				}
			}
			if n, ok := p.Int("cheaper-rss-limit-hard"); hard != nil && ok && n > 0 && p.NotSet("cheaper-rss-limit-soft") {
				p.Report(hard.Range, "cheaper-rss-limit-hard needs cheaper-rss-limit-soft beside it, and uWSGI exits: enabling cheaper-rss-limit-hard requires setting also cheaper-rss-limit-soft. Add one below %d.", n)
			}
		},
	},
	{
		ID: "C019", Name: "uwsgi-lifetime-order", Severity: lint.Error, Servers: []string{"uwsgi"}, Codes: []string{"start-refused"},
		Summary: "The shortest life of a worker must be below the longest; uWSGI exits.",
		Explain: "`max-worker-lifetime`" + ` restarts a worker after that many seconds, ` + "`min-worker-lifetime`" + ` (10 seconds if it is not set) keeps it for so long whatever
happens. uWSGI refuses to start where the first is not above the second. Both are seconds: an hour is 3600.`,
		Sources: []string{"uWSGI core/init.c, sanitize_args"},
		Check:   func(p *lint.Pass) { reportRefusals(p, "invalid min-worker-lifetime") },
	},
	{
		ID: "C023", Name: "jitter-without-max-requests", Severity: lint.Warning, Servers: []string{"gunicorn", "uwsgi", "uvicorn"}, Fix: lint.FixSafe,
		Summary: "Jitter does nothing while workers are not recycled.",
		Explain: `max_requests_jitter (gunicorn), max-requests-delta (uWSGI) and limit_max_requests_jitter (uvicorn) spread the moments at which workers recycle, so
that they do not all restart together. They add to a limit that is 0 or not set here: no worker is ever recycled, and a leak of memory that
the recycling was meant for goes on.

Set the limit (` + "`max_requests = 1000`" + `), or remove the jitter.`,
		Sources: []string{"gunicorn documentation, settings: max_requests_jitter", "uWSGI changelog 2.0.29", "uvicorn documentation, settings"},
		Check:   checkJitter,
	},
}

// refusals reports the refusals to start whose message begins so, and tells whether there are any.
func refusals(p *lint.Pass, messages ...string) bool { return len(reportRefusals(p, messages...)) > 0 }

// reportRefusals reports as errors what the reader says of a refusal to start whose message begins with one of these.
func reportRefusals(p *lint.Pass, messages ...string) []*lint.Finding {
	var out []*lint.Finding
	for _, d := range p.OwnDiags() {
		if startsWithAny(schema.DetailOf(d).ServerMessage, messages) {
			out = append(out, p.ReportDiag(d).As(lint.Error))
		}
	}
	return out
}

func startsWithAny(text string, beginnings []string) bool {
	for _, b := range beginnings {
		if strings.HasPrefix(text, b) {
			return true
		}
	}
	return false
}

func checkRecycleWithoutMaster(p *lint.Pass) {
	if !p.False("master") || uwsgiEmperor(p) != nil || uwsgiLoader(p) == nil || len(p.Config.Open) > 0 {
		return
	}
	if s := p.FirstSet("zerg", "pyrun", "cron-mode"); s != nil {
		return
	}
	own := p.Set("master")
	for _, name := range []string{"max-requests", "reload-on-rss", "reload-on-as", "max-worker-lifetime"} {
		s := p.Set(name)
		n, ok := p.Int(name)
		if s == nil || !ok || n < 1 {
			continue
		}
		var f *lint.Finding
		switch name {
		case "max-requests":
			f = p.Report(s.Range, "There is no master to start a worker again: each worker serves %d requests and ends, and after the last one uWSGI is gone. Add master = true.", n)
		case "max-worker-lifetime":
			f = p.Report(s.Range, "max-worker-lifetime is the master's work, and there is no master: no worker is ever restarted. Add master = true.").As(lint.Warning)
		default:
			f = p.Report(s.Range, "There is no master to start a worker again: one that uses more than %d MB ends, and after the last one uWSGI is gone. Add master = true.", n)
		}
		if own != nil {
			f.Also(own.Range, "the master is switched off here").With(p.SetFix(own, true))
		} else {
			f.With(p.InsertFix(s, "master", true))
		}
		if vassalFile(p.Name) {
			f.Lower(1)
		}
	}
}

// jitters are the options for the jitter of recycling and the limits they belong to.
var jitters = map[string]struct{ jitter, limit, example string }{
	"gunicorn": {"max_requests_jitter", "max_requests", "max_requests = 1000"},
	"uwsgi":    {"max-requests-delta", "max-requests", "max-requests = 1000"},
	"uvicorn":  {"limit_max_requests_jitter", "limit_max_requests", "--limit-max-requests 1000"},
}

func checkJitter(p *lint.Pass) {
	names := jitters[p.Server()]
	jitter := p.Set(names.jitter)
	n, ok := p.Int(names.jitter)
	if jitter == nil || !ok || n <= 0 || !p.Known(names.limit) {
		return
	}
	if limit, ok := p.Int(names.limit); ok && limit > 0 {
		return
	}
	if p.File() && p.Server() == "gunicorn" && p.Set(names.limit) == nil && len(p.Config.Open) > 0 {
		return
	}
	state := "not set"
	limit := p.Set(names.limit)
	if limit != nil {
		state = "0"
	}
	f := p.Report(jitter.Range, "%s = %d does nothing: %s is %s, so no worker is ever recycled. Write %s, or remove the jitter.", jitter.Native, n, names.limit, state, names.example)
	if limit != nil {
		f.Also(limit.Range, "recycling is switched off here")
	}
	f.With(p.DeleteFix(jitter, defaultOf(jitter)))
}

// defaultOf gives the text that a setting has where nobody sets it, or "" where there is none.
func defaultOf(s *schema.Setting) string {
	for _, x := range s.Shadowed {
		if x.Layer == schema.LayerDefault {
			return x.Text
		}
	}
	return ""
}
