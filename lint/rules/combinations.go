package rules

import "gsrv/lint"

// combinationRules are the rules of family C: settings that are right alone and fail together.
var combinationRules = []*lint.Rule{
	{
		ID: "C013", Name: "uwsgi-worker-reload-needs-lazy-apps", Severity: lint.Error, Servers: []string{"uwsgi"},
		Summary: "Reloading only the workers needs lazy-apps; without it the workers are forked again from the old code.",
		Explain: `uWSGI's touch-workers-reload and touch-chain-reload restart the workers and leave the master as it is. Unless
lazy-apps (or lazy) is on, the application was loaded in the master, so every new worker is a fork of the code that is being replaced: the
deploy reports success and the old version keeps serving.

Add lazy-apps, or use touch-reload, which restarts everything.`,
		Sources: []string{"uWSGI documentation, The Art of Graceful Reloading", "uWSGI core/master_utils.c"},
		Fix:     lint.FixOffer,
		Check: func(p *lint.Pass) {
			for _, name := range []string{"touch-workers-reload", "touch-chain-reload"} {
				s := p.Set(name)
				if s == nil || !p.False("lazy-apps") || !p.False("lazy") {
					continue
				}
				p.Report(s.Range, "%s restarts workers that are forked from the code the master loaded at start: a deploy keeps serving the old version. Add lazy-apps = true.", name).
					With(p.InsertFix(s, "lazy-apps", true))
			}
		},
	},
	{
		ID: "C003", Name: "reload-with-preload", Severity: lint.Error, Servers: []string{"gunicorn"},
		Summary: "The reloader cannot reload preloaded code; the two exclude each other.",
		Explain: `With preload_app the master imports the application before it forks. The reloader restarts workers when a file
changes, and each new worker is a fork of a master that still holds the old code: changes never show.

Drop preload_app where reload is wanted, which is in development only.`,
		Sources: []string{"gunicorn documentation, settings: reload, preload_app"},
		Fix:     lint.FixOffer,
		Check: func(p *lint.Pass) {
			if !p.True("reload") || !p.True("preload_app") {
				return
			}
			preload := p.Get("preload_app")
			p.Report(p.Get("reload").Range, "reload restarts workers that are forked from a master with the application preloaded: changed code is never loaded.").
				Also(preload.Range, "preloaded because of this").
				With(p.SetFix(preload, false))
		},
	},
}
