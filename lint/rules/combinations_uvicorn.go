package rules

import "gsrv/lint"

// uvicornPairRules are those about uvicorn's options that need or exclude each other.
var uvicornPairRules = []*lint.Rule{
	{
		ID: "C005", Name: "uvicorn-reload-with-workers", Severity: lint.Error, Servers: []string{"uvicorn"},
		Summary: "uvicorn ignores the number of workers while it reloads.",
		Explain: "With `--reload` uvicorn runs one process and watches its files; `--workers`" + ` and WEB_CONCURRENCY are ignored. In production that is a single process
where several are meant, and one that restarts when a file changes.

Where the number comes from WEB_CONCURRENCY, which platforms set by themselves, the finding is a warning. Leave out --reload in production and
--workers in development.`,
		Sources: []string{"uvicorn documentation, settings: reload, workers", "uvicorn 0.17.6 run with both: one server process"},
		Check: func(p *lint.Pass) {
			reload, workers := p.Set("reload"), p.Get("workers")
			n, ok := p.Int("workers")
			if reload == nil || !p.True("reload") || !ok || n < 2 {
				return
			}
			f := p.Report(keyOf(reload), "uvicorn runs a single process while it reloads, and not the %d workers that are asked for. Leave out --reload in production, or --workers in development.", n)
			if p.Set("workers") == nil || lint.FormOf(workers.Range.Filename) == lint.FormEnv {
				f.As(lint.Warning)
			}
			f.Also(workers.Range, "the workers")
		},
	},
	{
		ID: "C029", Name: "uvicorn-reload-options-alone", Severity: lint.Info, Servers: []string{"uvicorn"}, Fix: lint.FixSafe,
		Summary: "These options matter only together with reload.",
		Explain: "`--reload-dir`, `--reload-include`, `--reload-exclude` and `--reload-delay` say what the reloader watches. Without `--reload`" + ` there is no reloader; for all but the
last uvicorn prints a warning at every start. Leave them out, or add --reload in development.`,
		Sources: []string{"uvicorn/config.py: conditions for reloading", "uvicorn documentation, settings: reloading without watchfiles"},
		Check: func(p *lint.Pass) {
			if !p.False("reload") {
				return
			}
			if s := p.FirstSet("reload_dirs", "reload_includes", "reload_excludes", "reload_delay"); s != nil {
				p.Report(keyOf(s), "%s does nothing without --reload. Leave it out, or add --reload in development.", written(p, s)).With(p.DeleteFix(s, defaultOf(s)))
			}
		},
	},
	{
		ID: "C030", Name: "uvicorn-limit-concurrency-one", Severity: lint.Error, Servers: []string{"uvicorn"},
		Summary: "A limit of N admits N-1 connections at once; a limit of 1 answers 503 to all.",
		Explain: "uvicorn counts the connection it is about to serve among those of `--limit-concurrency`" + ` and answers "503 Service Unavailable" when the count has reached the
limit. With 1, or 0, every request gets 503. With 2 to 4 the server works until a few browsers hold their idle keep-alive connections open, which is a
note.

The limit is a fuse against overload and is in the hundreds; the number of requests worked on at once is the application's to limit.`,
		Sources: []string{"uvicorn documentation, server behavior: resource limits", "uvicorn 0.17.6 run with limits 1 and 2"},
		Check: func(p *lint.Pass) {
			s := p.Set("limit_concurrency")
			n, ok := p.Int("limit_concurrency")
			switch {
			case s == nil || !ok || n > 4:
			case n <= 1:
				p.Report(s.Range, "Every request is answered with 503: the connection itself counts, so a limit of %d is reached by the first. Give the number of connections that are too many, in the hundreds.", n)
			default:
				p.Report(s.Range, "With a limit of %d, %d idle keep-alive connections are enough for 503 to everybody else. Give the number of connections that are too many, in the hundreds.", n, n-1).As(lint.Info)
			}
		},
	},
}
