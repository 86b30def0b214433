package rules

import (
	"gsrv/lint"
	"gsrv/schema/python/startup"
)

// gunicornPairRules are those about settings of gunicorn that need or exclude each other.
var gunicornPairRules = []*lint.Rule{
	{
		ID: "C014", Name: "async-worker-with-preload", Severity: lint.Warning, Servers: []string{"gunicorn"}, Fix: lint.FixOffer, Since: "19.0",
		Summary: "Preloading imports the application before the worker patches the standard library.",
		Explain: `The gevent and eventlet workers replace sockets, locks and ssl of the standard library by their own, in each worker after the fork. With preload_app the
application is imported before that, in the master. Modules that took hold of the originals keep them: a database driver or HTTP client
blocks the whole worker while it waits, locks made before are of the wrong kind, and ssl fails with RecursionError on the first HTTPS request.

The rule is silent where the configuration file or the application patches by itself. Otherwise drop preload_app, or put these lines at the very top
of the configuration file:

    import gevent.monkey
    gevent.monkey.patch_all()`,
		Sources: []string{"gunicorn/workers/ggevent.py: patch in init_process", "gunicorn issues 1566 and 2796", "gevent issue 1016"},
		Check:   checkAsyncPreload,
	},
	{
		ID: "C024", Name: "statsd-options-without-host", Severity: lint.Info, Servers: []string{"gunicorn"},
		Summary: "No StatsD server is named, so the other StatsD settings do nothing.",
		Explain: "`statsd_prefix`, `dogstatsd_tags` and `enable_backlog_metric`" + ` say how gunicorn's metrics are sent. They are sent only where ` + "`statsd_host`" + ` names a
server; without it no metric leaves the process and nothing says so.

The rule is silent with a logger class of one's own. Write ` + "`statsd_host = \"127.0.0.1:8125\"`" + `, or remove the others.`,
		Sources: []string{"gunicorn documentation, settings: statsd_host", "gunicorn/config.py: logger_class"},
		Check: func(p *lint.Pass) {
			if !p.False("statsd_host") || p.Set("logger_class") != nil {
				return
			}
			for _, name := range []string{"dogstatsd_tags", "statsd_prefix", "enable_backlog_metric"} {
				s := p.Set(name)
				if s == nil || !p.Known(name) {
					continue
				}
				if text, isText := p.Text(name); !p.True(name) && (!isText || text == "") {
					continue
				}
				p.Report(s.Range, "%s does nothing: statsd_host is not set, so no metrics are sent. Write statsd_host = \"127.0.0.1:8125\" with the server's address, or remove it.", name)
				return
			}
		},
	},
	{
		ID: "C025", Name: "fast-parser-with-compat-flags", Severity: lint.Error, Servers: []string{"gunicorn"}, Fix: lint.FixOffer, Since: "25.2.0",
		Summary: "The fast parser refuses these switches, and every request fails.",
		Explain: "`http_parser = \"fast\"`" + ` demands the parser written in C, which knows neither ` + "`permit_obsolete_folding`" + ` nor ` + "`strip_header_spaces`" + `. gunicorn comes up, and
each connection ends with a RuntimeError.

Both switches let headers through that other servers read differently, which is how requests are smuggled past a proxy: remove them. Where an old
client needs them, write ` + "`http_parser = \"auto\"`" + `, which takes the parser in Python with them.`,
		Sources: []string{"gunicorn/http/message.py, _check_fast_parser", "gunicorn documentation, settings: http_parser"},
		Check: func(p *lint.Pass) {
			parser, ok := p.Text("http_parser")
			if !ok || parser != "fast" || p.Before("25.2.0") {
				return
			}
			for _, name := range []string{"permit_obsolete_folding", "strip_header_spaces"} {
				if s := p.Set(name); s != nil && p.True(name) {
					p.Report(keyOf(s), "The fast parser refuses %s: gunicorn starts, and every request fails with a RuntimeError. Remove it, or write http_parser = \"auto\".", name).
						Also(p.Get("http_parser").Range, "the fast parser").With(p.SetFix(s, false))
				}
			}
		},
	},
	{
		ID: "C026", Name: "initgroups-without-user", Severity: lint.Warning, Servers: []string{"gunicorn"}, Fix: lint.FixSafe,
		Summary: "initgroups belongs to a change of user, and none is asked for.",
		Explain: "`initgroups`" + ` gives the workers the supplementary groups of ` + "`user`" + `, when the master is root and changes to that user. Without ` + "`user`" + ` there are two outcomes:
started by root the workers stay root, and the setting does nothing; started by anybody else each worker ends with "PermissionError: [Errno 1]
Operation not permitted" and gunicorn shuts down.

Write user and group beside it, or remove it. The start by another user than root has that user's groups anyway.`,
		Sources: []string{"gunicorn/util.py, set_owner_process", "gunicorn 20.1.0 started with initgroups as root and as nobody"},
		Check: func(p *lint.Pass) {
			s := p.Set("initgroups")
			if s == nil || !p.True("initgroups") || !p.NotSet("user") {
				return
			}
			p.Report(keyOf(s), "initgroups is set and user is not: started by root it does nothing, started by anybody else the workers fail with PermissionError and gunicorn shuts down. Set user, or remove it.").
				With(p.DeleteFix(s, defaultOf(s)))
		},
	},
}

func checkAsyncPreload(p *lint.Pass) {
	kind := gunicornWorker(p)
	if kind != workerGevent && kind != workerEventlet || !p.True("preload_app") || p.Before("19.0") || patchesItself(p) {
		return
	}
	app := p.App()
	for _, e := range app.Effects {
		if e.Kind == startup.MonkeyPatch && !e.AfterFork {
			return
		}
	}
	preload, class := p.Get("preload_app"), p.Get("worker_class")
	f := p.Report(keyOf(preload), "The application is imported before the %s worker patches the standard library: its sockets, locks and ssl stay the blocking ones, or fail with RecursionError. Drop preload_app, or patch at the top of the configuration file.", kind).
		Also(class.Range, "the worker").With(p.SetFix(preload, false))
	for _, i := range app.Imports {
		if early[i.Name] {
			f.Also(i.Range, "%s is imported before the patch", i.Name)
			return
		}
	}
	for _, pkg := range []string{"requests", "urllib3", "boto3", "redis", "psycopg2", "psycopg2-binary", "grpcio"} {
		if pin, ok := p.Pin(pkg); ok {
			f.Also(pin.Range, "%s uses sockets and ssl from its import on", pkg)
			return
		}
	}
}

// early are modules that take hold of sockets, locks or ssl when they are imported.
var early = map[string]bool{"requests": true, "urllib3": true, "boto3": true, "botocore": true, "redis": true, "psycopg2": true, "grpc": true, "ssl": true, "aiohttp": true, "httpx": true}
