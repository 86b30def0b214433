package rules

import (
	"gsrv/lint"
	"gsrv/schema"
)

// appLoaders are the options by which uWSGI loads a Python application.
var appLoaders = []string{"module", "wsgi-file", "mount", "paste", "file", "eval", "pump"}

// routerListeners are the options that start uWSGI's HTTP router.
var routerListeners = []string{"http", "httprouter", "https", "https2", "http-to-https", "http-subscription-server"}

// uwsgiLoops are options that run an event loop in the workers.
var uwsgiLoops = []string{"gevent", "asyncio", "tornado", "loop", "async", "ugreen", "greenlet", "fiber", "coroae"}

var uwsgiTimeoutRules = []*lint.Rule{
	{
		ID: "L015", Name: "uwsgi-harakiri-missing", Severity: lint.Info, Servers: []string{"uwsgi"},
		Summary: "Without harakiri nothing frees a worker that is stuck in a request.",
		Explain: `uWSGI has no limit for a request of its own. A worker that deadlocks or waits for a peer that never answers stays busy, and when
all of them do, the listen queue fills and the site is down. With harakiri the master kills a worker whose request takes longer than so many
seconds, logs what it was doing, and starts another.

The rule is silent without a master (nobody would start another worker), and where an event loop or websockets make long requests normal.

Add ` + "`harakiri = 60`" + `, or whatever is above the longest request that is allowed.`,
		Sources: []string{"uWSGI documentation, options: harakiri", "uWSGI core/master_checks.c"},
		Fix:     lint.FixOffer,
		Check: func(p *lint.Pass) {
			loader := p.FirstSet(appLoaders...)
			if _, production := p.InProduction(); loader == nil || !production || !p.True("master") || !p.NotSet("harakiri") {
				return
			}
			if p.FirstSet(uwsgiLoops...) != nil || p.True("http-websockets") {
				return
			}
			p.Report(loader.Range, "No limit is set for requests: a worker that gets stuck in one is never freed. Add harakiri = 60, or what is above the longest request that is allowed.").
				With(p.InsertFix(loader, "harakiri", 60))
		},
	},
	{
		ID: "L016", Name: "uwsgi-http-timeout-below-harakiri", Severity: lint.Warning, Servers: []string{"uwsgi"},
		Summary: "The HTTP router hangs up on clients before harakiri would end the request.",
		Explain: `uWSGI's HTTP router closes the client's connection when the worker has sent nothing for http-timeout seconds (60 where it is not
set). The client gets an empty reply, without a status. The worker knows nothing of it and goes on until it is done or harakiri comes, and
the client most likely asks again: the same work twice.

Set http-timeout a few seconds above harakiri, so that the worker's limit comes first.`,
		Sources: []string{"uWSGI plugins/http/http.c", "uWSGI documentation, options: http-timeout, harakiri"},
		Fix:     lint.FixOffer,
		Check: func(p *lint.Pass) {
			harakiri, ok := p.Int("harakiri")
			limit, known := p.Int("http-timeout")
			if !ok || !known || limit <= 0 || limit >= harakiri || p.FirstSet(routerListeners...) == nil {
				return
			}
			at := p.Get("harakiri")
			if s := p.Set("http-timeout"); s != nil {
				p.Report(s.Range, "The HTTP router closes the client's connection after %d seconds without an answer, while harakiri lets the worker go on for %d. Write http-timeout = %d.", limit, harakiri, harakiri+5).
					Also(at.Range, "harakiri").With(p.SetFix(s, harakiri+5))
				return
			}
			p.Report(at.Range, "The worker may take %d seconds, but the HTTP router closes the client's connection after %d seconds without an answer (the default of http-timeout). Add http-timeout = %d.", harakiri, limit, harakiri+5).
				With(p.InsertFix(at, "http-timeout", harakiri+5))
		},
	},
	{
		ID: "L019", Name: "uwsgi-gevent-socket-timeout", Severity: lint.Info, Servers: []string{"uwsgi"},
		Summary: "With gevent uWSGI asks for a socket-timeout of at least 30 seconds.",
		Explain: `socket-timeout is how long uWSGI waits for a client or proxy to take or send data. Its default of 4 seconds is meant for workers
that must not be kept waiting; under gevent waiting is cheap, and a short limit cuts slow uploads, long polling and websockets. uWSGI says
so at each start: "Running gevent with a socket-timeout lower than 30 seconds is not recommended".

The option gevent raises it to 30 by itself. That is undone by a lower socket-timeout after it, and does not happen with
` + "`loop = gevent`" + `.`,
		Sources: []string{"uWSGI plugins/gevent/gevent.c"},
		Fix:     lint.FixOffer,
		Check: func(p *lint.Pass) {
			timeout := p.Set("socket-timeout")
			if gevent := p.Set("gevent"); gevent != nil {
				n, ok := p.Int("socket-timeout")
				if timeout != nil && ok && n < 30 && after(timeout, gevent) {
					p.Report(timeout.Range, "gevent has raised socket-timeout to 30, and this takes it down to %d again: slow uploads and websockets are cut after %d seconds of silence. Write at least 30.", n, n).
						Also(gevent.Range, "gevent").With(p.SetFix(timeout, 30))
				}
				return
			}
			loop, ok := p.Text("loop")
			n, known := p.Int("socket-timeout")
			if !ok || loop != "gevent" || !known || n >= 30 {
				return
			}
			if timeout != nil {
				p.Report(timeout.Range, "socket-timeout = %d is short for gevent: slow uploads and websockets are cut after %d seconds of silence. Write at least 30.", n, n).With(p.SetFix(timeout, 30))
				return
			}
			s := p.Get("loop")
			p.Report(s.Range, "loop = gevent leaves socket-timeout at %d: slow uploads and websockets are cut after %d seconds of silence. Add socket-timeout = 30.", n, n).With(p.InsertFix(s, "socket-timeout", 30))
		},
	},
	{
		ID: "L025", Name: "uwsgi-reload-mercy-vs-harakiri", Severity: lint.Info, Servers: []string{"uwsgi"},
		Summary: "A reload kills workers before harakiri would: requests that are still allowed are cut.",
		Explain: `At a graceful reload a worker may finish its request for worker-reload-mercy seconds (60 where it is not set); then it is killed.
A harakiri above that promises requests more time than a reload gives them, so the longest ones die at each deploy.

Set worker-reload-mercy to harakiri's value, or bring harakiri down: above ten minutes no reload should wait that long, and the work belongs
into a queue, a mule or the spooler.`,
		Sources: []string{"uWSGI documentation, The Art of Graceful Reloading", "uWSGI core/master_utils.c"},
		Fix:     lint.FixOffer,
		Check: func(p *lint.Pass) {
			harakiri, ok := p.Int("harakiri")
			mercy, known := p.Int("worker-reload-mercy")
			if !ok || !known || mercy >= harakiri || !p.True("master") {
				return
			}
			at := p.Get("harakiri")
			s := p.Set("worker-reload-mercy")
			if harakiri > 600 {
				// A reload that waits that long is no remedy.
				p.Report(at.Range, "harakiri allows requests %s, but a reload kills workers after %d: the long ones are cut at each deploy. Bring harakiri down, or leave such work to a queue, mule or spooler.", span(harakiri), mercy)
				return
			}
			if s != nil {
				p.Report(s.Range, "A reload kills workers after %d seconds, while harakiri allows requests %d: the long ones are cut at each deploy. Write worker-reload-mercy = %d.", mercy, harakiri, harakiri).
					Also(at.Range, "harakiri").With(p.SetFix(s, harakiri))
				return
			}
			p.Report(at.Range, "Requests may take %d seconds, but a reload kills workers after %d (the default of worker-reload-mercy): the long ones are cut at each deploy. Add worker-reload-mercy = %d.", harakiri, mercy, harakiri).
				With(p.InsertFix(at, "worker-reload-mercy", harakiri))
		},
	},
}

// after tells whether a setting stands behind another one in the same file.
func after(s, other *schema.Setting) bool {
	return s.Range.Filename == other.Range.Filename && s.Range.Start.Byte > other.Range.Start.Byte
}
