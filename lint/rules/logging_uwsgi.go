package rules

import "gsrv/lint"

var uwsgiLogRules = []*lint.Rule{
	{
		ID: "O012", Name: "uwsgi-logging-all-off", Severity: lint.Info, Servers: []string{"uwsgi"},
		Summary: "With disable-logging even failing and slow requests leave no trace.",
		Explain: `disable-logging takes the line for each request away, which is common where the proxy in front logs. Then errors, slow requests
and broken connections leave no line in uWSGI's log either, and when something fails there is nothing to see which worker had it and how
long it took. A req-logger gets nothing as well.

uWSGI can keep the lines that matter: log-5xx, log-4xx, log-slow (milliseconds), log-big (bytes), log-ioerror. They work together with
disable-logging. The rule is silent where one of them is set.

Add ` + "`log-5xx = true`" + ` and ` + "`log-slow = 3000`" + `.`,
		Sources: []string{"uWSGI core/logging.c, uwsgi_logit_simple and log_request", "uWSGI documentation, options: log-5xx"},
		Fix:     lint.FixOffer,
		Check: func(p *lint.Pass) {
			if _, production := p.InProduction(); !production || !p.True("disable-logging") || len(p.Around.Proxies) > 0 {
				return
			}
			if p.NotSet("log-4xx", "log-5xx", "log-slow", "log-big", "log-zero", "log-ioerror", "log-sendfile") {
				s := p.Get("disable-logging")
				p.Report(s.NameRange, "Even failing and slow requests leave no line in uWSGI's log. Add log-5xx = true and log-slow = 3000 (milliseconds); they work together with disable-logging.").
					With(p.InsertFix(s, "log-5xx", true))
			}
		},
	},
}
