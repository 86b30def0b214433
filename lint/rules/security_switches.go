package rules

import (
	"fmt"
	"slices"
	"strings"

	"gsrv/lint"
)

// identityHeaders are variables by which a proxy tells who the user is.
var identityHeaders = []string{"REMOTE_USER", "AUTH_USER", "X_REMOTE_USER", "X_FORWARDED_USER", "X_AUTH_REQUEST_USER", "SSL_CLIENT_S_DN", "SSL_CLIENT_VERIFY", "OIDC_CLAIM_SUB"}

// parserSwitch is a rule about one of gunicorn's switches that make its parser take what it should refuse.
func parserSwitch(rule lint.Rule, message string, names ...string) *lint.Rule {
	rule.Servers = []string{"gunicorn"}
	rule.Fix = lint.FixOffer
	rule.Check = func(p *lint.Pass) {
		for _, name := range names {
			o := p.Dialect.Catalogue().Lookup(name)
			if s := p.Set(name); s != nil && p.True(name) && (o == nil || o.Since == "" || !p.Before(o.Since)) {
				f := p.Report(s.Range, message, name)
				if fix := p.DeleteFix(s, "False"); fix != nil {
					f.With(fix)
				} else {
					f.With(p.SetFix(s, false))
				}
			}
		}
	}
	return &rule
}

// switchRules are about settings that give safety away.
var switchRules = []*lint.Rule{
	{
		ID: "V003", Name: "tolerate-dangerous-framing", Severity: lint.Error, Servers: []string{"gunicorn"},
		Summary: "Requests whose length is ambiguous are taken, which is what request smuggling is made of.",
		Explain: `tolerate_dangerous_framing has gunicorn 22.0.0, the one release that knows it, take requests with both Content-Length and Transfer-Encoding, and with encodings that it cannot read. A proxy in front may see another end of the request: the
rest is then a request of its own, past the proxy's rules.

Delete it, and move to 23.0 or later, which has no such switch.`,
		Sources: []string{"gunicorn 22.0.0 and 23.0.0 news"},
		Since:   "22.0.0", Until: "22.0.0", Fix: lint.FixOffer,
		Check: func(p *lint.Pass) {
			if s := p.Set("tolerate_dangerous_framing"); s != nil && p.AtLeast("22.0.0") && p.Before("23.0.0") && p.True("tolerate_dangerous_framing") {
				p.Report(s.Range, "Requests whose length is ambiguous are taken, so a client can smuggle one past the proxy. Delete tolerate_dangerous_framing and move to gunicorn 23 or later.").
					Also(p.PinnedAt, "the version is pinned here").With(p.DeleteFix(s, "False"))
			}
		},
	},
	{
		ID: "V004", Name: "header-map-dangerous", Severity: lint.Error, Servers: []string{"gunicorn"},
		Summary: "A client can forge the headers that the proxy sets, by writing underscores for dashes.",
		Explain: `The application sees X-Remote-User and X_Remote_User under one name. A proxy removes or overwrites the first, and often passes the second on; with header_map = "dangerous" gunicorn merges both, so a client
chooses what the application takes from the proxy.

Leave header_map at "drop". A header with underscores that the proxy itself sends is let through by ` + "`forwarder_headers = \"SCRIPT_NAME,PATH_INFO,REMOTE_USER\"`" + ` (23.0 and later), from the addresses in forwarded_allow_ips alone.`,
		Sources: []string{"gunicorn documentation, settings: header_map, forwarder_headers"},
		Since:   "22.0.0", Fix: lint.FixOffer,
		Check: func(p *lint.Pass) {
			if s := p.Set("header_map"); s != nil && textIs(p, "header_map", "dangerous") && !p.Before("22.0.0") {
				p.Report(s.Range, "A client that writes underscores for dashes in a header's name has it taken for the proxy's own. Write \"drop\", and name headers with underscores that the proxy sends in forwarder_headers.").
					With(p.SetFix(s, "drop"))
			}
		},
	},
	parserSwitch(lint.Rule{
		ID: "V005", Name: "obsolete-folding-permitted", Severity: lint.Warning,
		Summary: "Header lines that are continued on the next line are taken again, and proxies read them in other ways.",
		Explain: `HTTP has dropped continued header lines, because programs disagree on them: what is one header for gunicorn is two for a proxy in front, or none. Such differences are what request smuggling is made of.

Delete the setting; a client that needs it is better mended. gunicorn marks it as temporary.`,
		Sources: []string{"gunicorn documentation, settings: permit_obsolete_folding", "RFC 9112, section 5.2"}, Since: "23.0.0",
	}, "%s takes header lines that are continued on the next, which a proxy in front may read differently: a way to smuggle requests past it. Delete it.", "permit_obsolete_folding"),
	parserSwitch(lint.Rule{
		ID: "V006", Name: "strip-header-spaces", Severity: lint.Warning,
		Summary: "Blanks before a header's colon are taken, which proxies read in other ways.",
		Explain: `"Content-Length : 5" is no header by HTTP's rules. A proxy may pass it on as an unknown one while gunicorn, with strip_header_spaces, takes it for the length: both then see another end of the request, and the rest is a request of
its own past the proxy's rules.

Delete the setting.`,
		Sources: []string{"gunicorn documentation, settings: strip_header_spaces", "RFC 9112, section 5.1"}, Since: "19.10.0",
	}, "%s takes headers with blanks before the colon, which a proxy in front may read differently: a way to smuggle requests past it. Delete it.", "strip_header_spaces"),
	parserSwitch(lint.Rule{
		ID: "V007", Name: "unconventional-http-permitted", Severity: lint.Info,
		Summary: "A temporary switch for malformed requests is on.",
		Explain: `permit_unconventional_http_method, permit_unconventional_http_version and casefold_http_method bring back what gunicorn took before 22.0. They are for the time until a client is mended, and marked for removal; with
casefold_http_method a proxy's rules for POST do not see "post".

Delete the setting when no client needs it any more.`,
		Sources: []string{"gunicorn 22.0.0 news"}, Since: "22.0.0",
	}, "%s lets malformed requests in that gunicorn refuses otherwise, and is to be removed. Delete it when no client needs it any more.", "permit_unconventional_http_method", "permit_unconventional_http_version", "casefold_http_method"),
	{
		ID: "V008", Name: "forwarder-headers-with-wide-trust", Severity: lint.Error, Servers: []string{"gunicorn"},
		Summary: "Every client may say which user it is.",
		Explain: `forwarder_headers lets the named headers through to the application from the peers in forwarded_allow_ips. REMOTE_USER and the like say who is logged in; with forwarded_allow_ips = "*" everybody who can connect
says so.

It is silent on unix sockets, and a warning on the loopback interface, in containers and where the address is not known. Name the proxy in forwarded_allow_ips.`,
		Sources: []string{"gunicorn documentation, settings: forwarder_headers, forwarded_allow_ips"},
		Since:   "23.0.0",
		Check: func(p *lint.Pass) {
			s := p.Set("forwarder_headers")
			hosts, _ := trusted(p, "forwarded_allow_ips")
			l, severity := widest(p)
			if s == nil || p.Before("23.0.0") || everybody(hosts) == "" || severity == 0 {
				return
			}
			headers, _ := trusted(p, "forwarder_headers")
			for _, h := range headers {
				if !slices.Contains(identityHeaders, strings.ToUpper(h)) {
					continue
				}
				f := p.Report(s.Range, "Whoever can connect sets %s and is that user, since forwarded_allow_ips trusts everybody. Name the proxy's address there.", h)
				if severity == lint.Info {
					f.As(lint.Warning)
				}
				if allow := p.Get("forwarded_allow_ips"); allow != nil {
					f.Also(allow.Range, "everybody is trusted here")
				}
				if l != nil && l.explicit() {
					f.Also(l.Range, "the server listens here")
				}
				return
			}
		},
	},
	{
		ID: "V015", Name: "uwsgi-catch-exceptions", Severity: lint.Error, Servers: []string{"uwsgi"},
		Summary: "Clients are shown the tracebacks of the application's errors.",
		Explain: `With catch-exceptions uWSGI writes the traceback of an uncaught exception into the response: paths, code and values for anybody who finds an error. uWSGI's own help calls it discouraged outside of tests.

It is silent for files of development, and a warning where nothing proves that the file serves in production. Delete it; the traceback is in the log all the same.`,
		Sources: []string{"uWSGI documentation, options: catch-exceptions"},
		Fix:     lint.FixOffer,
		Check: func(p *lint.Pass) {
			maybe, ok := p.InProduction()
			if s := p.Set("catch-exceptions"); ok && s != nil && p.True("catch-exceptions") {
				maybe(p.Report(keyOf(s), "Clients are shown the traceback of every uncaught exception, with paths and code. Delete catch-exceptions; the log has the traceback all the same.").With(p.DeleteFix(s, "")))
			}
		},
	},
	{
		ID: "V016", Name: "waitress-expose-tracebacks", Severity: lint.Error, Servers: []string{"waitress"},
		Summary: "Clients are shown the tracebacks of the application's errors.",
		Explain: `With expose_tracebacks waitress writes the traceback of an unhandled error into the response: paths, code and values for anybody who finds an error.

It is silent for files of development (development.ini), and a warning where nothing proves that the file serves in production. Write ` + "`expose_tracebacks = false`" + `; the traceback is logged.`,
		Sources: []string{"waitress documentation, arguments: expose_tracebacks"},
		Fix:     lint.FixOffer,
		Check: func(p *lint.Pass) {
			maybe, ok := p.InProduction()
			if s := p.Set("expose_tracebacks"); ok && s != nil && p.True("expose_tracebacks") {
				maybe(p.Report(s.Range, "Clients are shown the traceback of every unhandled error, with paths and code. Write expose_tracebacks = false; the log has it all the same.").With(p.SetFix(s, false)))
			}
		},
	},
	{
		ID: "V018", Name: "uwsgi-privileges-half-dropped", Severity: lint.Warning, Servers: []string{"uwsgi"},
		Summary: "uWSGI gives up root's user or root's group, but not both.",
		Explain: `uid and gid are changed when uWSGI is started by root. With uid alone the processes keep root's group, and may read and write what that group may; with gid alone they stay root, and so does uid = root: a hole in the application is then
one in the machine.

It is silent where the other one may be set elsewhere, and for the emperor's file with emperor-tyrant. Set both: ` + "`uid = shop` and `gid = shop`" + `.`,
		Sources: []string{"uWSGI documentation, Things to know: uid and gid", "uWSGI core/uwsgi.c, uwsgi_as_root"},
		Fix:     lint.FixOffer,
		Check: func(p *lint.Pass) {
			uid, gid := p.Set("uid"), p.Set("gid")
			user, known := p.Text("uid")
			if n, isInt := p.Int("uid"); isInt {
				user, known = fmt.Sprint(n), true
			}
			switch {
			case uid != nil && known && (user == "root" || user == "0"):
				if uwsgiEmperor(p) == nil {
					p.Report(uid.Range, "The application runs as root: a hole in it is one in the whole machine. Write the name of an account of its own, and its group in gid.")
				}
			case uid != nil && p.NotSet("gid", "immediate-gid", "emperor-tyrant"):
				f := p.Report(uid.Range, "Started by root, the processes keep root's group, since gid is not set. Add gid with the group of this account.")
				if known && !startsWithDigit(user) {
					f.With(p.InsertFix(uid, "gid", user))
				}
			case gid != nil && p.NotSet("uid", "immediate-uid", "emperor-tyrant"):
				f := p.Report(gid.Range, "Started by root, the processes stay root, since uid is not set: only the group is given up. Add uid with an account of the application's own.")
				f.With(nil)
			}
		},
	},
}

func startsWithDigit(s string) bool { return s == "" || s[0] >= '0' && s[0] <= '9' }
