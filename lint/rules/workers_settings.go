package rules

import (
	"strings"

	"github.com/hashicorp/hcl/v2"

	"gsrv/lint"
	"gsrv/schema"
)

// workerSettingRules are about settings that the worker class in use ignores.
var workerSettingRules = []*lint.Rule{
	{
		ID: "W001", Name: "keepalive-ignored-by-sync", Severity: lint.Info, Servers: []string{"gunicorn"},
		Summary: "Sync workers close every connection after its response; keepalive does nothing for them.",
		Explain: `A sync worker serves one request, closes the connection and takes the next. keepalive is about workers that can wait for several
connections at once: gthread, gevent, eventlet, tornado, asgi and Uvicorn's. A load balancer in front that counts on kept connections opens
a new one for each request.

The rule is silent where keepalive is at its default, and where the worker class cannot be told.

Use threads (` + "`threads = 4`" + ` makes gthread of sync), or take keepalive out.`,
		Sources: []string{"gunicorn documentation, settings: keepalive", "gunicorn/workers/sync.py"},
		Check: func(p *lint.Pass) {
			s := p.Set("keepalive")
			if n, ok := p.Int("keepalive"); s != nil && ok && n > 0 && n != 2 && gunicornWorker(p) == workerSync {
				p.Report(s.Range, "Sync workers close every connection after its response, so keepalive = %d does nothing. Use threads = 4 (gthread) where connections should be kept, or take it out.", n).
					Also(classRange(p), "sync workers")
			}
		},
	},
	{
		ID: "W002", Name: "threads-upgrade-sync", Severity: lint.Info, Servers: []string{"gunicorn"}, Since: "19.0",
		Summary: "threads above 1 make gunicorn run gthread workers although sync is written.",
		Explain: `gunicorn has no sync worker with threads. Where worker_class is sync and threads is above 1 it runs gthread instead, without a
message: a thread pool, connections that are kept alive, and a timeout that watches the main loop instead of single requests.

Write what runs, ` + "`worker_class = \"gthread\"`" + `, or take threads out.`,
		Sources: []string{"gunicorn/config.py, worker_class", "gunicorn documentation, settings: threads"},
		Fix:     lint.FixSafe,
		Check: func(p *lint.Pass) {
			s := p.Set("worker_class")
			class, ok := p.Text("worker_class")
			if s == nil || !ok || p.Before("19.0") || gunicornWorker(p) != workerThread || workerClasses[class] == workerThread {
				return
			}
			n, _ := p.Int("threads")
			p.Report(s.Range, "With threads = %d gunicorn runs gthread workers, not sync ones. Write worker_class = \"gthread\", which is what runs, or take threads out.", n).
				Also(p.Get("threads").Range, "threads").With(p.SetFix(s, workerThread))
		},
	},
	{
		ID: "W003", Name: "threads-ignored", Severity: lint.Warning, Servers: []string{"gunicorn"},
		Summary: "This worker class has no thread pool; threads does nothing.",
		Explain: `Only the gthread worker reads threads. gevent and eventlet serve many connections with greenlets, tornado, asgi and Uvicorn's
workers with one event loop: a request that blocks the loop blocks the worker, whatever threads says.

The rule is silent for worker classes that gunicorn does not bring itself, Uvicorn's apart.

Take threads out, or use ` + "`worker_class = \"gthread\"`" + ` where threads are meant.`,
		Sources: []string{"gunicorn documentation, settings: threads", "gunicorn/workers/gasgi.py", "uvicorn_worker"},
		Fix:     lint.FixSafe,
		Check: func(p *lint.Pass) {
			s := p.Set("threads")
			kind := gunicornWorker(p)
			if n, ok := p.Int("threads"); s == nil || !ok || n <= 1 || !keepsAlive(kind) || kind == workerThread {
				return
			}
			p.Report(s.Range, "The %s worker has no thread pool, so threads = %s does nothing. Take it out, or use worker_class = \"gthread\".", kind, s.Text).
				Also(classRange(p), "the worker class").With(dropIgnored(p, s))
		},
	},
	{
		ID: "W004", Name: "worker-connections-ignored", Severity: lint.Info, Servers: []string{"gunicorn"},
		Summary: "This worker class does not read worker_connections.",
		Explain: `worker_connections bounds how many connections one gthread, gevent, eventlet or asgi worker holds. A sync worker has one at a
time; tornado's and Uvicorn's take as many as come. Uvicorn's own limit_concurrency cannot be given by gunicorn's settings.

The rule is silent where the value is the default, 1000.

Take it out, or choose the worker class that it is meant for.`,
		Sources: []string{"gunicorn documentation, settings: worker_connections", "gunicorn/workers"},
		Fix:     lint.FixSafe,
		Check: func(p *lint.Pass) {
			s := p.Set("worker_connections")
			kind := gunicornWorker(p)
			if n, ok := p.Int("worker_connections"); s == nil || !ok || n == 1000 || kind != workerSync && kind != workerTornado && kind != workerUvicorn {
				return
			}
			f := p.Report(s.Range, "The %s worker does not read worker_connections: %s is no limit. Take it out, or choose gthread or gevent.", kind, s.Text).
				Also(classRange(p), "the worker class")
			if !p.File() || p.Set("worker_class") != nil {
				// Otherwise the command line may choose a class that reads it.
				f.With(dropIgnored(p, s))
			}
		},
	},
	{
		ID: "W015", Name: "uvicorn-worker-ignores-settings", Severity: lint.Warning, Servers: []string{"gunicorn"},
		Summary: "Uvicorn's worker does not take this setting from gunicorn.",
		Explain: `Uvicorn's worker brings a server of its own. Of gunicorn's settings it takes keepalive, timeout, max_requests,
forwarded_allow_ips, backlog and the certificates; the rest of what is about HTTP is read by nobody, without a message.

For limits on requests, for which headers are trusted and for the PROXY protocol the finding is a warning: the protection that is written
down is not there, and with the PROXY protocol every request is answered 400. For the rest, formats and hooks, it is an information. threads
and worker_connections are rules W003 and W004. A worker class of your own that derives from Uvicorn's is left out.

Set it on the worker, in a class that derives from UvicornWorker with ` + "`CONFIG_KWARGS = {\"h11_max_incomplete_event_size\": 16384}`" + `
for example, in the proxy, or use gunicorn's own asgi worker (24.0 and later).`,
		Sources: []string{"uvicorn_worker/_workers.py", "uvicorn documentation, deployment: gunicorn"},
		Check: func(p *lint.Pass) {
			if gunicornWorker(p) != workerUvicorn {
				return
			}
			dead := func(name string) *schema.Setting {
				s := p.Set(name)
				if s == nil || s.Maybe || s.Layer == schema.LayerEnv || p.Known(name) && isDefault(s) {
					return nil
				}
				return s
			}
			var limits *lint.Finding
			for _, name := range []string{"limit_request_line", "limit_request_fields", "limit_request_field_size"} {
				s := dead(name)
				if s != nil && limits == nil {
					limits = p.Report(s.NameRange, "Uvicorn's worker does not read limit_request_line, limit_request_fields and limit_request_field_size: it does not limit requests by them. Set the limits in the proxy.").
						Also(classRange(p), "Uvicorn's worker")
				} else if s != nil {
					limits.Also(s.NameRange, "not read either")
				}
			}
			for _, ignored := range uvicornIgnores {
				if s := dead(ignored.name); s != nil {
					f := p.Report(s.NameRange, "Uvicorn's worker does not read %s%s", s.Native, ignored.sentence).Also(classRange(p), "Uvicorn's worker")
					if !ignored.loss {
						f.As(lint.Info)
					}
				}
			}
		},
	},
	{
		ID: "W022", Name: "http2-worker-unsupported", Severity: lint.Warning, Servers: []string{"gunicorn"}, Since: "25.0.0",
		Summary: "This worker class speaks HTTP/1.1 only, whatever http_protocols says.",
		Explain: `HTTP/2 is served by gthread, gevent and asgi workers. sync and tornado log a warning at the start and stay with HTTP/1.1. h3 is
accepted as a word and served by none.

Write ` + "`worker_class = \"gthread\"`" + `, or take h2 out. HTTP/2 needs the h2 package (gunicorn[http2]) and, where gunicorn does the
TLS, certfile and keyfile as well.`,
		Sources: []string{"gunicorn documentation, settings: http_protocols", "gunicorn/workers/sync.py, run"},
		Check: func(p *lint.Pass) {
			s := p.Set("http_protocols")
			if s == nil || p.Before("25.0.0") {
				return
			}
			items, _ := p.Items("http_protocols")
			kind := gunicornWorker(p)
			for _, item := range items {
				switch text := strings.ToLower(strings.TrimSpace(item.Text)); {
				case text == "h3":
					p.Report(s.Range, "gunicorn accepts h3 and does not serve it: clients get HTTP/1.1 or HTTP/2. Take h3 out.")
				case text == "h2" && (kind == workerSync || kind == workerTornado):
					p.Report(s.Range, "The %s worker serves HTTP/1.1 only, although h2 is asked for. Write worker_class = \"gthread\", or take h2 out.", kind).Also(classRange(p), "the worker class")
				}
			}
		},
	},
	{
		ID: "W028", Name: "handshake-flag-ignored", Severity: lint.Info, Servers: []string{"gunicorn"}, Since: "19.0",
		Summary: "do_handshake_on_connect does nothing for this worker class.",
		Explain: `The flag moves the TLS handshake from the first read to the moment when the connection is taken. sync, gthread, gevent and
eventlet workers look at it; tornado's, asgi and Uvicorn's leave the handshake to their event loop.

Take it out.`,
		Sources: []string{"gunicorn/sock.py", "gunicorn documentation, settings: do_handshake_on_connect"},
		Fix:     lint.FixSafe,
		Check: func(p *lint.Pass) {
			s := p.Set("do_handshake_on_connect")
			kind := gunicornWorker(p)
			if s == nil || !p.True("do_handshake_on_connect") || kind != workerTornado && kind != workerUvicorn && kind != workerAsgi {
				return
			}
			p.Report(s.Range, "The %s worker makes the TLS handshake in its own way: do_handshake_on_connect does nothing. Take it out.", kind).
				Also(classRange(p), "the worker class").With(dropIgnored(p, s))
		},
	},
}

// uvicornIgnores are gunicorn's settings, the limits apart, that Uvicorn's worker does not take, and how the sentence
// about it ends. loss tells that a protection or a promise is not kept.
var uvicornIgnores = []struct {
	name, sentence string
	loss           bool
}{
	{"header_map", ": it neither drops nor refuses headers with underscores. Let the proxy do it.", true},
	{"forwarder_headers", ": it trusts X-Forwarded-For and X-Forwarded-Proto alone, from forwarded_allow_ips.", true},
	{"secure_scheme_headers", ": it takes the scheme from X-Forwarded-Proto alone. Let the proxy send that.", true},
	{"proxy_protocol", ": it takes the PROXY line for a broken request and answers 400. Switch it off in the load balancer too, or use gunicorn's asgi worker.", true},
	{"proxy_allow_ips", ". Take it out.", false},
	{"access_log_format", ", as it has a format of its own. Set it in a logging configuration, or take it out.", false},
	{"http_protocols", ", and serves HTTP/1.1 only. Take it out.", false},
	{"strip_header_spaces", ". Take it out.", false},
	{"permit_obsolete_folding", ". Take it out.", false},
	{"casefold_http_method", ". Take it out.", false},
	{"sendfile", ". Take it out.", false},
	{"pre_request", ", so the hook is never called. Use a middleware of the application.", false},
	{"post_request", ", so the hook is never called. Use a middleware of the application.", false},
	{"ssl_context", ": the hook is never called, and TLS is set up without it.", true},
	{"permit_unconventional_http_method", ". Take it out.", false},
	{"permit_unconventional_http_version", ". Take it out.", false},
}

// isDefault tells whether a setting has the value that it would have if nobody set it.
func isDefault(s *schema.Setting) bool {
	for _, o := range s.Shadowed {
		if o.Layer == schema.LayerDefault {
			return o.Text == s.Text
		}
	}
	return false
}

// classRange is where the worker class is set; zero where it is the default.
func classRange(p *lint.Pass) (at hcl.Range) {
	if s := p.Set("worker_class"); s != nil {
		at = s.Range
	}
	return at
}

// dropIgnored makes the fix that takes out a setting nobody reads, where no more than the default is below it.
func dropIgnored(p *lint.Pass, s *schema.Setting) *lint.Fix {
	switch {
	case len(s.Shadowed) == 0:
		return p.DeleteFix(s, "")
	case len(s.Shadowed) == 1 && s.Shadowed[0].Layer == schema.LayerDefault:
		return p.DeleteFix(s, s.Shadowed[0].Text)
	}
	return nil
}
