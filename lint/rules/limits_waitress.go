package rules

import "gsrv/lint"

var waitressLimitRules = []*lint.Rule{
	{
		ID: "L022", Name: "waitress-select-limit", Severity: lint.Warning, Servers: []string{"waitress"},
		Summary: "waitress watches connections with select(), which fails above 1024 descriptors; a high connection_limit needs poll.",
		Explain: `waitress waits for its connections with select(), which cannot watch a descriptor numbered 1024 or more. With a connection_limit
near that, enough clients at once make the main loop fail with "filedescriptor out of range in select()", and nobody is served any more.

Switch to poll() with ` + "`asyncore_use_poll = true`" + `, which has no such limit, or keep connection_limit at 900 or below: files, pipes
and the log take descriptors too. Each connection takes one, so the limit of open files (ulimit -n) must be above connection_limit as well.`,
		Sources: []string{"waitress documentation, arguments: connection_limit, asyncore_use_poll"},
		Fix:     lint.FixOffer,
		Check: func(p *lint.Pass) {
			n, ok := p.Int("connection_limit")
			if !ok || n <= 900 || !p.False("asyncore_use_poll") {
				return
			}
			s := p.Get("connection_limit")
			f := p.Report(s.Range, "waitress watches connections with select(), which fails from descriptor 1024 on: with up to %d connections the server can stop answering under load. Add asyncore_use_poll = true.", n)
			if poll := p.Set("asyncore_use_poll"); poll != nil {
				f.With(p.SetFix(poll, true))
			} else {
				f.With(p.InsertFix(s, "asyncore_use_poll", true))
			}
		},
	},
	{
		ID: "L023", Name: "waitress-channel-timeout-short", Severity: lint.Info, Servers: []string{"waitress"},
		Summary: "A short channel_timeout closes connections that the proxy still wants to use.",
		Explain: `waitress closes a connection on which nothing happened for channel_timeout seconds. Proxies and load balancers keep their
connections open to use them again, often for 60 seconds; when waitress closes first, a request can meet the closing connection, and the
client gets a 502 from the proxy. A client on a slow line that pauses that long is cut as well.

Leave the default of 120, or set a value above the proxy's idle time.`,
		Sources: []string{"waitress documentation, arguments: channel_timeout"},
		Check: func(p *lint.Pass) {
			n, ok := p.Int("channel_timeout")
			if _, production := p.InProduction(); !ok || n >= 10 || !production {
				return
			}
			p.Report(p.Get("channel_timeout").Range, "waitress closes connections after %s without traffic. A proxy that wants to use one again meets a closed connection and answers 502. Write a value above the proxy's idle time, or leave the default of 120.", span(n))
		},
	},
}
