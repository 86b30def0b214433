package rules

import (
	"strings"

	"gsrv/lint"
	"gsrv/schema"
)

// waitressPairRules are those about waitress's settings that need or exclude each other.
var waitressPairRules = []*lint.Rule{
	{
		ID: "C020", Name: "waitress-proxy-options-need-trusted-proxy", Severity: lint.Error, Servers: []string{"waitress"}, Since: "1.2", Codes: []string{"conflict"},
		Summary: "Options about a proxy mean nothing without trusted_proxy; waitress refuses them.",
		Explain: "`trusted_proxy_count` and `trusted_proxy_headers` say what to believe of a proxy, `trusted_proxy`" + ` says of which one. waitress does not start with the
first and without the second. ` + "`log_untrusted_proxy_headers`" + ` logs what ` + "`clear_untrusted_proxy_headers`" + ` removes, so that with the latter switched off it does nothing, which is a
warning.

Write the proxy's address as waitress sees it (` + "`trusted_proxy = 127.0.0.1`" + `), or remove the others.`,
		Sources: []string{"waitress documentation, arguments", "waitress/adjustments.py"},
		Check: func(p *lint.Pass) {
			for _, d := range p.OwnDiags() {
				if strings.Contains(schema.DetailOf(d).ServerMessage, "has no meaning without setting trusted_proxy") {
					p.ReportDiag(d)
				}
			}
			s, clearing := p.Set("log_untrusted_proxy_headers"), p.Set("clear_untrusted_proxy_headers")
			if s != nil && clearing != nil && p.True("log_untrusted_proxy_headers") && p.False("clear_untrusted_proxy_headers") {
				p.Report(keyOf(s), "%s does nothing: waitress logs the headers that it removes, and it is told to remove none. Let it remove them, or leave this out.", written(p, s)).
					As(lint.Warning).Also(keyOf(clearing), "removing is switched off here")
			}
		},
	},
	{
		ID: "C021", Name: "waitress-forwarded-mix", Severity: lint.Error, Servers: []string{"waitress"}, Codes: []string{"conflict"},
		Summary: "Forwarded and the X-Forwarded headers cannot both be trusted.",
		Explain: "`trusted_proxy_headers`" + ` names the headers that the proxy sets. The standard's Forwarded and the older X-Forwarded-For, -Proto, -Host, -Port and -By say the same
thing twice, and a client could set the kind that the proxy does not overwrite. waitress refuses to start with both.

Name the kind that the proxy sets. nginx, HAProxy and the cloud's load balancers set X-Forwarded-*.`,
		Sources: []string{"waitress documentation, using behind a reverse proxy", "waitress/adjustments.py"},
		Check: func(p *lint.Pass) {
			for _, d := range p.OwnDiags() {
				if strings.Contains(schema.DetailOf(d).ServerMessage, "are mutually exclusive. Can't trust both") {
					p.ReportDiag(d)
				}
			}
		},
	},
	{
		ID: "C022", Name: "waitress-listen-conflict", Severity: lint.Error, Servers: []string{"waitress"}, Codes: []string{"conflict"},
		Summary: "These options about where to listen exclude each other; waitress refuses to start.",
		Explain: "waitress takes either `listen`, or `host` and `port`, or `unix_socket`, or ready-made `sockets`" + `, and ends with a ValueError where two of them are given.

Keep one: ` + "`listen = 127.0.0.1:8080`" + ` says host and port at once, and takes several addresses.`,
		Sources: []string{"waitress documentation, arguments", "waitress/adjustments.py"},
		Check: func(p *lint.Pass) {
			for _, d := range p.OwnDiags() {
				if d.Summary == "Two settings that exclude each other" {
					p.ReportDiag(d)
				}
			}
		},
	},
}
