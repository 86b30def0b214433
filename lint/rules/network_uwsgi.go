package rules

import (
	"strings"

	"gsrv/lint"
)

// uwsgiNetworkRules are about what uWSGI alone listens on.
var uwsgiNetworkRules = []*lint.Rule{
	{
		ID: "N006", Name: "uwsgi-socket-public", Severity: lint.Error, Servers: []string{"uwsgi"},
		Summary: "The uwsgi protocol lets whoever speaks it choose what the server runs; it must not be open to every interface.",
		Explain: `socket speaks the uwsgi protocol, in which the peer sends the request's variables: client address, authenticated user, and UWSGI_FILE and the like, by which uWSGI loads code from a path
of the peer's choice. uWSGI takes ":3031" for every interface, so anybody who can reach the port can run programs as the server's account. FastCGI and SCGI sockets are open in the same way.

It is an error where the port is known to be reachable and a warning where it is not known, an info in containers and in projects with a Dockerfile, where the port must be open to the proxy's container and must not be published; it is silent for files of development and where protocol is http.

Write ` + "`socket = 127.0.0.1:3031`" + `, or a unix socket.`,
		Sources: []string{"uWSGI documentation, Things to know: never expose uwsgi sockets", "uWSGI documentation, magic variables: UWSGI_FILE"},
		Fix:     lint.FixOffer,
		Check: func(p *lint.Pass) {
			if p.Development() {
				return
			}
			for _, l := range servers(p) {
				switch l.Protocol {
				case "uwsgi", "suwsgi", "fastcgi", "scgi":
				default:
					continue
				}
				if !l.public() || l.Option == "fastrouter" {
					continue
				}
				if contained(p) || containerFile(p) != "" {
					p.Report(l.Range, "Whoever reaches %s speaks the %s protocol and can have the server run code of their choice. That is right inside a container's network only: never publish this port.", l.where(), spoken(l)).As(lint.Info)
					continue
				}
				f := p.Report(l.Range, "%s is open to every interface, and whoever speaks the %s protocol to it can have the server run code of their choice. Write %s = %s.", l.where(), spoken(l), l.Option, local(l)).
					With(rehostFix(p, l, "127.0.0.1"))
				if p.Around.Edge == nil && p.Around.Production == nil {
					f.As(lint.Warning) // a firewall or a container's network may be between
				}
			}
		},
	},
	{
		ID: "N007", Name: "uwsgi-http-socket-public", Severity: lint.Warning, Servers: []string{"uwsgi"},
		Summary: "With http-socket the workers themselves talk to clients, and slow ones hold them.",
		Explain: `http-socket has the workers speak HTTP, which is made for a proxy in front: a worker waits for its client, so that a few slow ones hold all of them, and the parser is a bare one. The http option
starts a router process that takes clients and hands complete requests to the workers.

It speaks where http-socket listens on port 80 or 443 of every interface, or the surroundings show that clients come directly; it is an info in containers and in projects with a Dockerfile, and silent where anything tells of a proxy.

Write ` + "`http = 0.0.0.0:80`" + `, or put a proxy in front and listen on 127.0.0.1.`,
		Sources: []string{"uWSGI documentation, Things to know: http and http-socket", "uWSGI documentation, native HTTP support"},
		Fix:     lint.FixOffer,
		Check: func(p *lint.Pass) {
			if p.Development() || p.Around.Platform != nil {
				return
			}
			for _, l := range servers(p) {
				if !strings.HasPrefix(l.Option, "http-") && !strings.HasPrefix(l.Option, "http11-") && l.Option != "https-socket" || l.Option == "http-to-https" {
					continue
				}
				if !l.public() || p.Around.Edge == nil && l.Port != 80 && l.Port != 443 || len(proxyHints(p, l)) > 0 {
					continue
				}
				router := "http"
				if l.Option == "https-socket" {
					router = "https"
				}
				f := p.Report(l.Range, "Clients talk to the workers themselves at %s, and each slow one holds a worker. Write %s instead of %s, which puts a router process between them.", l.where(), router, l.Option)
				if p.Around.Edge == nil && (contained(p) || containerFile(p) != "") {
					f.As(lint.Info)
				}
				if s := p.Set(l.Option); s != nil && len(s.Parts) <= 1 && p.Set(router) == nil && l.Option != "http11-socket" {
					f.With(p.RenameFix(s, router, s.Text))
				}
			}
		},
	},
	{
		ID: "N008", Name: "uwsgi-http-router-behind-proxy", Severity: lint.Info, Servers: []string{"uwsgi"},
		Summary: "The http option starts a router process that is of no use behind a web server.",
		Explain: `http starts a process that takes HTTP and hands requests to the workers. On the loopback interface only a proxy on the same machine reaches it, and that does the same work: each request takes one hop
more, and X-Forwarded-For is the only trace of the client.

It speaks where http listens on the loopback interface, and is silent where the router does more than pass on (http-to, subscriptions, websockets, keep-alive, chunked input, https).

Use ` + "`http-socket = 127.0.0.1:8000`" + ` for a proxy that speaks HTTP, or ` + "`socket`" + ` for nginx's uwsgi_pass.`,
		Sources: []string{"uWSGI documentation, Quickstart: putting behind a full webserver"},
		Fix:     lint.FixOffer,
		Check: func(p *lint.Pass) {
			s := p.Set("http")
			if s == nil || p.Development() || len(s.Parts) > 1 || len(p.Config.Open) > 0 || p.Set("http-socket") != nil {
				return
			}
			for _, other := range p.Config.Settings {
				// Whatever else is said to the router is a reason to have it.
				if n := other.Native; other.Layer > 0 && n != "http" && n != "http-timeout" && n != "http-socket" && (strings.HasPrefix(n, "http-") || strings.HasPrefix(n, "https")) {
					return
				}
			}
			if p.FirstSet("fastrouter", "subscribe-to", "socket", "uwsgi-socket") != nil {
				return
			}
			for _, l := range servers(p) {
				if l.Option == "http" && l.Kind == socketTCP && l.loopback() {
					p.Report(l.Range, "Only a proxy on this machine reaches %s, and behind one the router process that http starts is one hop too many. Write http-socket = %s, or socket for uwsgi_pass.", l.where(), l.Text).
						With(p.RenameFix(s, "http-socket", s.Text))
				}
			}
		},
	},
	{
		ID: "N009", Name: "uwsgi-stats-public", Severity: lint.Error, Servers: []string{"uwsgi"},
		Summary: "The statistics socket tells everybody who connects what the server does and for whom.",
		Explain: `The stats socket writes the state of all workers as JSON to whoever connects, without asking: the variables of the requests that are being served (paths, client addresses, cookies), directories, applications,
memory. ":9191" is every interface.

It is a warning in containers and in projects with a Dockerfile, where an exporter beside may read it, and silent for files of development. Write ` + "`stats = 127.0.0.1:9191`" + ` or a unix socket.`,
		Sources: []string{"uWSGI documentation, the stats server", "uWSGI documentation, Quickstart: monitoring"},
		Fix:     lint.FixOffer,
		Check: func(p *lint.Pass) {
			list, _ := listeners(p)
			if p.Development() {
				return
			}
			for _, l := range list {
				if l.Role != roleStats || !l.public() {
					continue
				}
				f := p.Report(l.Range, "Whoever connects to %s is told what the workers are serving, with the requests' variables. Write %s = %s, or a unix socket.", l.where(), l.Option, local(l))
				if contained(p) || containerFile(p) != "" {
					f.As(lint.Warning)
					continue
				}
				f.With(rehostFix(p, l, "127.0.0.1"))
			}
		},
	},
	{
		ID: "N010", Name: "uwsgi-control-service-public", Severity: lint.Error, Servers: []string{"uwsgi"},
		Summary: "A router's subscriptions, its uwsgi side or a cache are open to everybody without a key.",
		Explain: `Subscription servers take packets by which a program says "send me the requests for this domain"; without signatures anybody who reaches the port takes over any site of the router. The fastrouter speaks the
uwsgi protocol, in which the peer sets the request's variables, and cache-udp-server has any peer change cached values.

It is silent for subscription servers with subscriptions-sign-check or subscriptions-credentials-check, and a warning in containers and in projects with a Dockerfile. Write ` + "`http-subscription-server = 127.0.0.1:5500`" + `, or the address of a private network.`,
		Sources: []string{"uWSGI documentation, Fastrouter; Subscription server; securing the subscription system"},
		Fix:     lint.FixOffer,
		Check: func(p *lint.Pass) {
			list, _ := listeners(p)
			if p.Development() {
				return
			}
			signed := !p.NotSet("subscriptions-sign-check", "subscriptions-credentials-check")
			for _, l := range list {
				subscriptions := strings.HasSuffix(l.Option, "-subscription-server")
				if !l.public() || subscriptions && signed || !subscriptions && l.Option != "fastrouter" && l.Option != "cache-udp-server" {
					continue
				}
				what := "can set any variable of a request"
				switch {
				case subscriptions:
					what = "can have the router send it any site's requests, since subscriptions need no signature"
				case l.Option == "cache-udp-server":
					what = "can change what is cached"
				}
				f := p.Report(l.Range, "Whoever reaches %s %s. Write %s = %s, or an address that only the other servers reach.", l.where(), what, l.Option, local(l))
				if contained(p) || containerFile(p) != "" {
					f.As(lint.Warning)
					continue
				}
				f.With(rehostFix(p, l, "127.0.0.1"))
			}
		},
	},
}

// spoken names a listener's protocol for people.
func spoken(l *listener) string {
	switch l.Protocol {
	case "fastcgi":
		return "FastCGI"
	case "scgi":
		return "SCGI"
	}
	return "uwsgi"
}
