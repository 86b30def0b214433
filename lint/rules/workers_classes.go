package rules

import (
	"strings"

	"gsrv/lint"
)

// wsgiFrameworks are packages whose applications speak WSGI, by their PEP 503 names.
var wsgiFrameworks = []string{"flask", "pyramid", "bottle", "falcon", "cherrypy", "webpy", "django"}

// workerClassRules are about the worker class itself.
var workerClassRules = []*lint.Rule{
	{
		ID: "W005", Name: "tornado-worker-for-wsgi", Severity: lint.Warning, Servers: []string{"gunicorn"},
		Summary: "The tornado worker is for tornado's own applications; a WSGI application blocks its loop with each request.",
		Explain: `gunicorn wraps a WSGI application for the tornado worker, and then each request runs inside the event loop: nothing else is
served by that worker meanwhile, and its heartbeat stops, so a request that takes longer than the timeout takes the worker with it.
gunicorn's manual advises against it.

The finding is a warning where the project requires a WSGI framework and no tornado application shows, and an information otherwise, as the
application may be a tornado.web.Application.

Use ` + "`worker_class = \"gthread\"`" + ` or ` + "`\"gevent\"`" + ` for WSGI applications.`,
		Sources: []string{"gunicorn documentation, design: tornado workers", "gunicorn/workers/gtornado.py"},
		Check: func(p *lint.Pass) {
			if gunicornWorker(p) != workerTornado {
				return
			}
			at := classRange(p)
			for _, name := range wsgiFrameworks {
				if pin, ok := p.Pin(name); ok {
					p.Report(at, "The tornado worker runs each request of a WSGI application inside its event loop, and serves nothing else meanwhile. Use worker_class = \"gthread\" or \"gevent\".").
						Also(pin.Range, "%s is required here", name)
					return
				}
			}
			p.Report(at, "The tornado worker is for tornado's own applications: a WSGI application blocks its event loop with each request. Use gthread or gevent for one.").As(lint.Info)
		},
	},
	{
		ID: "W006", Name: "eventlet-worker-gone", Severity: lint.Error, Servers: []string{"gunicorn"}, Since: "25.0.0",
		Summary: "gunicorn 26 has no eventlet worker any more; 25 warns about it.",
		Explain: `eventlet is no longer developed. gunicorn 25 warns at each start, and 26 has no such worker: it ends with "class uri 'eventlet'
invalid or not found" before it serves anything.

The finding is an error where gunicorn is pinned to 26 or later, a warning where it is pinned to 25 or not at all (the next installation
brings the newest), and an information below.

Move to ` + "`worker_class = \"gevent\"`" + ` and require gevent 24.10.1 or later, or to gthread. Code that calls eventlet itself has to be
changed with it.`,
		Sources: []string{"gunicorn news, 25.0.0 and 26.0.0", "gunicorn/workers/geventlet.py"},
		Fix:     lint.FixOffer,
		Check: func(p *lint.Pass) {
			if gunicornWorker(p) != workerEventlet {
				return
			}
			s := p.Get("worker_class")
			switch {
			case p.AtLeast("26.0.0"):
				p.Report(s.Range, "gunicorn %s has no eventlet worker and does not start. Use worker_class = \"gevent\" (and require gevent), or gthread.", p.Pinned).
					Also(p.PinnedAt, "the version").With(p.SetFix(s, workerGevent))
			case p.AtLeast("25.0.0"):
				p.Report(s.Range, "The eventlet worker is deprecated, and gunicorn 26 does not start with it. Use worker_class = \"gevent\" (and require gevent), or gthread.").As(lint.Warning)
			case p.Pinned.IsZero():
				p.Report(s.Range, "gunicorn 26 has no eventlet worker and does not start. Use worker_class = \"gevent\" (and require gevent) or gthread, or pin gunicorn below 26.").As(lint.Warning)
			default:
				p.Report(s.Range, "gunicorn 26 has no eventlet worker any more: an upgrade beyond 25 needs gevent or gthread here.").As(lint.Info)
			}
		},
	},
	{
		ID: "W007", Name: "gaiohttp-worker-gone", Severity: lint.Error, Servers: []string{"gunicorn"}, Since: "19.8",
		Summary: "gunicorn 20 and later have no gaiohttp worker; aiohttp brings its own.",
		Explain: `The gaiohttp worker was for old aiohttp versions, was deprecated in gunicorn 19.8 and is gone since 20.0: gunicorn ends with
"class uri 'gaiohttp' invalid or not found".

The finding is an error where gunicorn is pinned to 20 or later, and a warning where it is pinned to 19.8 or above or not at all.

Write ` + "`worker_class = \"aiohttp.GunicornWebWorker\"`" + `, which comes with aiohttp.`,
		Sources: []string{"gunicorn news, 19.8 and 20.0", "aiohttp documentation, deployment: gunicorn"},
		Fix:     lint.FixOffer,
		Check: func(p *lint.Pass) {
			s := p.Set("worker_class")
			class, ok := p.Text("worker_class")
			if s == nil || !ok || class != "gaiohttp" && class != "gunicorn.workers.gaiohttp.AiohttpWorker" || p.Before("19.8") {
				return
			}
			f := p.Report(s.Range, "gunicorn 20 and later have no gaiohttp worker and do not start. Write worker_class = \"aiohttp.GunicornWebWorker\".")
			if !p.AtLeast("20.0") {
				f.As(lint.Warning)
				return
			}
			f.Also(p.PinnedAt, "the version").With(p.SetFix(s, "aiohttp.GunicornWebWorker"))
		},
	},
	{
		ID: "W016", Name: "uvicorn-workers-module-deprecated", Severity: lint.Info, Servers: []string{"gunicorn"}, Since: "uvicorn 0.30.0",
		Summary: "uvicorn.workers is deprecated; the worker is in the package uvicorn-worker now.",
		Explain: `Since uvicorn 0.30 the module uvicorn.workers warns at its import that it will go, and gets no changes any more. The same classes
are in the package uvicorn-worker.

The rule is silent where uvicorn is pinned below 0.30.

Require uvicorn-worker and write ` + "`worker_class = \"uvicorn_worker.UvicornWorker\"`" + `.`,
		Sources: []string{"uvicorn release notes 0.30.0", "uvicorn/workers.py"},
		Fix:     lint.FixOffer,
		Check: func(p *lint.Pass) {
			s := p.Set("worker_class")
			class, ok := p.Text("worker_class")
			name, found := strings.CutPrefix(class, "uvicorn.workers.")
			if s == nil || !ok || !found {
				return
			}
			if pin, ok := p.Pin("uvicorn"); ok && !pin.Version.IsZero() && !pin.Version.AtLeast("0.30.0") {
				return
			}
			f := p.Report(s.Range, "uvicorn.workers is deprecated since uvicorn 0.30 and will go. Require uvicorn-worker and write worker_class = \"uvicorn_worker.%s\".", name)
			if pin, ok := p.Pin("uvicorn-worker"); ok {
				f.Also(pin.Range, "uvicorn-worker is required already").With(p.SetFix(s, "uvicorn_worker."+name))
			}
		},
	},
}
