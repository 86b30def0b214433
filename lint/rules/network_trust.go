package rules

import (
	"cmp"
	"net/netip"
	"strings"

	"gsrv/lint"
	"gsrv/schema"
)

// trustRules are about whom the server believes.
var trustRules = []*lint.Rule{
	{
		ID: "N003", Name: "forwarded-allow-ips-wildcard", Severity: lint.Warning, Servers: []string{"gunicorn", "uvicorn"},
		Summary: "With forwarded_allow_ips = \"*\" every client may say who it is and that it came by HTTPS.",
		Explain: `Forwarded headers (X-Forwarded-Proto, X-Forwarded-For and the like) are believed from the addresses in forwarded_allow_ips. With * everybody who can connect to the
port can set the scheme, and under uvicorn the client's address: secure cookies and redirects to HTTPS can be fooled, rate limits and address lists passed, logs forged.

It is an error where the surroundings show that clients connect directly, a warning on TCP addresses, an info on the loopback interface, on platforms, in containers and where the
address is not known, and silent on unix sockets, where the directory's permissions decide who connects.

Name the proxy's address or network: ` + "`forwarded_allow_ips = \"10.0.0.5\"`" + `. Keep * only where nobody but the proxy can reach the port.`,
		Sources: []string{"gunicorn documentation, settings: forwarded_allow_ips; Deploying Gunicorn", "uvicorn documentation, Deployment: proxies and forwarded headers"},
		Fix:     lint.FixOffer,
		Check: func(p *lint.Pass) {
			s := p.Set("forwarded_allow_ips")
			if s == nil || p.Config.Server == "uvicorn" && !p.True("proxy_headers") {
				return
			}
			hosts, _ := trusted(p, "forwarded_allow_ips")
			word := everybody(hosts)
			l, severity := widest(p)
			if word == "" || severity == 0 {
				return
			}
			forge := "the scheme of its requests"
			if p.Config.Server == "uvicorn" {
				forge = "its address and scheme"
			}
			if l == nil {
				p.Report(s.Range, "%s is trusted here: every client that can connect may forge %s. Name the proxy's address, unless nobody but the proxy reaches the port.", word, forge).As(severity)
				return
			}
			f := p.Report(s.Range, "%s is trusted here, so every client that reaches %s may forge %s. Name the proxy's address instead.", word, l.where(), forge).As(severity)
			if l.explicit() {
				f.Also(l.Range, "the server listens here")
			}
			if l.loopback() && len(hosts) == 1 {
				f.Message = word + " is trusted here. Only this machine reaches " + l.where() + ", so 127.0.0.1 says what is meant, and stays right when the address is changed."
				f.With(trustFix(p, s, word))
			}
		},
	},
	{
		ID: "N004", Name: "proxy-allow-ips-wildcard", Severity: lint.Warning, Servers: []string{"gunicorn"},
		Summary: "With the PROXY protocol open to everybody, clients can claim any address.",
		Explain: `With proxy_protocol gunicorn takes the client's address from the line that a load balancer puts before the request. proxy_allow_ips says whose line counts; with * or a whole
public network anybody who can connect claims any address, and passes address lists and rate limits.

It is an error where the surroundings show that clients connect directly, a warning on TCP addresses, an info on the loopback interface, on platforms and in containers, and silent on unix sockets.

Name the load balancer's addresses: ` + "`proxy_allow_ips = \"10.0.0.5\"`" + `.`,
		Sources: []string{"gunicorn documentation, settings: proxy_protocol, proxy_allow_ips"},
		Check: func(p *lint.Pass) {
			s := p.Set("proxy_allow_ips")
			if s == nil || p.Set("proxy_protocol") == nil || !proxyProtocol(p) {
				return
			}
			hosts, _ := trusted(p, "proxy_allow_ips")
			word := cmp.Or(everybody(hosts), publicNetwork(hosts))
			if _, severity := widest(p); word != "" && severity != 0 {
				p.Report(s.Range, "Whoever connects from %s may claim any client address by a PROXY line. Name the load balancer's addresses.", strings.Replace(word, "*", "anywhere", 1)).As(severity)
			}
		},
	},
	{
		ID: "N015", Name: "waitress-trusted-proxy-wildcard", Severity: lint.Warning, Servers: []string{"waitress"},
		Summary: "With trusted_proxy = * every client may set the client address and the scheme.",
		Explain: `waitress takes the headers named in trusted_proxy_headers from the peer in trusted_proxy. With * everybody who can connect is that peer: client address, host and scheme are
whatever the client says.

It is an error where the surroundings show that clients connect directly, a warning on TCP addresses, an info on the loopback interface, on platforms and in containers, and silent on a unix socket.

Name the proxy: ` + "`trusted_proxy = 127.0.0.1`" + `.`,
		Sources: []string{"waitress documentation, arguments: trusted_proxy"},
		Fix:     lint.FixOffer,
		Check: func(p *lint.Pass) {
			l, severity := widest(p)
			if severity == 0 || !textIs(p, "trusted_proxy", "*") {
				return
			}
			s := p.Get("trusted_proxy")
			f := p.Report(s.Range, "Every client that can connect is a trusted proxy here and may forge its address, host and scheme. Name the proxy's address instead.").As(severity)
			if l != nil && l.loopback() {
				f.With(p.SetFix(s, "127.0.0.1"))
			}
		},
	},
	{
		ID: "N016", Name: "waitress-proxy-headers-implicit", Severity: lint.Warning, Servers: []string{"waitress"},
		Summary: "Without trusted_proxy_headers waitress takes only X-Forwarded-Proto from the trusted proxy, and has announced to take nothing.",
		Explain: `trusted_proxy alone makes waitress believe X-Forwarded-Proto of that peer and nothing else: the client address in the application and in logs is the proxy's. waitress warns
that this default goes away; then not even the scheme is taken, and redirects and secure cookies break.

Name the headers that the proxy really sets, for example ` + "`trusted_proxy_headers = x-forwarded-for x-forwarded-proto`" + `. A header that the proxy passes through unchanged must not be named.`,
		Sources: []string{"waitress documentation, arguments: trusted_proxy_headers", "waitress 1.2 changes"},
		Since:   "1.2.0", Fix: lint.FixOffer,
		Check: func(p *lint.Pass) {
			s := p.Set("trusted_proxy")
			if text, ok := p.Text("trusted_proxy"); !ok || text == "" || s == nil || !p.NotSet("trusted_proxy_headers") || p.Before("1.2.0") {
				return
			}
			p.Report(s.Range, "Only x-forwarded-proto is taken from this proxy, and a later waitress takes nothing: it warns at every start. Name the headers that the proxy sets, such as trusted_proxy_headers = x-forwarded-for x-forwarded-proto.").
				With(p.InsertFix(s, "trusted_proxy_headers", "x-forwarded-proto"))
		},
	},
	{
		ID: "N017", Name: "waitress-untrusted-headers-kept", Severity: lint.Warning, Servers: []string{"waitress"},
		Summary: "Forwarded headers that waitress does not trust still reach the application.",
		Explain: `With clear_untrusted_proxy_headers off, headers such as X-Forwarded-For that the client itself wrote are handed to the application as if a proxy had set them. A
framework's own proxy support believes them.

It speaks where the option is switched off, and for releases before 3.0.0, where it is off by default, when trusted_proxy is set and the project pins such a release. Set
` + "`clear_untrusted_proxy_headers = true`" + `; whoever reads forwarded headers in the application must have the proxy overwrite every one of them.`,
		Sources: []string{"waitress documentation, arguments: clear_untrusted_proxy_headers", "waitress 3.0.0 changes"},
		Fix:     lint.FixOffer,
		Check: func(p *lint.Pass) {
			s := p.Set("clear_untrusted_proxy_headers")
			if p.Development() || p.Before("1.2.0") || s != nil && !p.False("clear_untrusted_proxy_headers") {
				return
			}
			if s != nil {
				p.Report(s.Range, "Forwarded headers that a client writes itself reach the application as if a proxy had set them. Write clear_untrusted_proxy_headers = true.").With(p.SetFix(s, true))
				return
			}
			proxy := p.Set("trusted_proxy")
			if proxy == nil || !p.Before("3.0.0") || !p.NotSet("clear_untrusted_proxy_headers") {
				return
			}
			p.Report(proxy.Range, "waitress %s hands on the forwarded headers that it does not trust: the application sees what a client wrote as if this proxy had set it. Add clear_untrusted_proxy_headers = true.", p.Pinned).
				Also(p.PinnedAt, "the version is pinned here").With(p.InsertFix(proxy, "clear_untrusted_proxy_headers", true))
		},
	},
	{
		ID: "N019", Name: "uvicorn-uds-headers-ignored", Severity: lint.Warning, Servers: []string{"uvicorn"},
		Summary: "On a unix socket uvicorn believes forwarded headers only when it trusts everybody.",
		Explain: `A peer on a unix socket has no address, so uvicorn never finds it in forwarded_allow_ips: X-Forwarded-Proto and X-Forwarded-For are dropped however many addresses are named, and the
application sees http and no client.

It is a warning where addresses are named, an info with the default. Start it with ` + "`--forwarded-allow-ips='*'`" + ` and let the socket's directory permit the proxy alone.`,
		Sources: []string{"uvicorn documentation, Deployment: UNIX domain sockets", "uvicorn/middleware/proxy_headers.py"},
		Check: func(p *lint.Pass) {
			s := p.Set("uds")
			hosts, known := trusted(p, "forwarded_allow_ips")
			allow := p.Set("forwarded_allow_ips")
			if s == nil || p.Set("fd") != nil || !p.True("proxy_headers") || allow != nil && !known || everybody(hosts) != "" {
				return
			}
			if allow != nil {
				p.Report(allow.Range, "A proxy on the unix socket has no address, so this list never matches and its forwarded headers are dropped. Write --forwarded-allow-ips='*'; the directory's permissions decide who may connect.").Also(s.Range, "the unix socket")
				return
			}
			p.Report(s.Range, "A proxy on this unix socket has no address, so its X-Forwarded-Proto and X-Forwarded-For are dropped and the application sees http, unless FORWARDED_ALLOW_IPS is set to *. Add --forwarded-allow-ips='*'.").As(lint.Info)
		},
	},
	{
		ID: "N021", Name: "gunicorn-uwsgi-protocol-open", Severity: lint.Error, Servers: []string{"gunicorn"},
		Summary: "The uwsgi protocol is open to everybody, and it has no authentication.",
		Explain: `With protocol = "uwsgi" gunicorn takes the request's variables as the peer sends them: client address, scheme, authenticated user. uwsgi_allow_ips says who may speak it; with * everybody
who can connect may.

It is silent on unix sockets, and a warning on the loopback interface and in containers. Name the proxy: ` + "`uwsgi_allow_ips = \"10.0.0.5\"`" + `.`,
		Sources: []string{"gunicorn documentation, uWSGI protocol: uwsgi_allow_ips"},
		Since:   "24.0.0", Fix: lint.FixOffer,
		Check: func(p *lint.Pass) {
			s := p.Set("uwsgi_allow_ips")
			if s == nil || !textIs(p, "protocol", "uwsgi") || p.Before("24.0.0") {
				return
			}
			hosts, _ := trusted(p, "uwsgi_allow_ips")
			l, severity := widest(p)
			if everybody(hosts) == "" || severity == 0 {
				return
			}
			f := p.Report(s.Range, "Everybody who can connect may speak the uwsgi protocol and set client address, scheme and user as they like. Name the proxy's address instead.")
			if severity == lint.Info {
				f.As(lint.Warning)
			}
			if l != nil && l.explicit() {
				f.Also(l.Range, "the server listens here")
				if l.loopback() && len(hosts) == 1 {
					f.With(trustFix(p, s, hosts[0]))
				}
			}
		},
	},
	{
		ID: "N022", Name: "control-socket-open", Severity: lint.Warning, Servers: []string{"gunicorn"},
		Summary: "Other accounts can write to gunicorn's control socket, and with it reload or stop the server.",
		Explain: `From 25.1 on gunicorn listens on a unix socket for commands. Whoever may write to it can reload workers, change their number and stop the server. control_socket_mode is 0o600 unless set;
a mode with write permission for group or others hands that over, and a socket in /tmp is at a place where any account can put its own first.

Write ` + "`control_socket_mode = 0o600`" + `, or control_socket_disable = True where it is not used. 0o660 with a group of administrators is an info.`,
		Sources: []string{"gunicorn documentation, settings: control_socket, control_socket_mode", "gunicorn 25.1.0 news"},
		Since:   "25.1.0", Fix: lint.FixOffer,
		Check: func(p *lint.Pass) {
			if p.Before("25.1.0") || p.True("control_socket_disable") {
				return
			}
			if s := p.Set("control_socket_mode"); s != nil {
				if mode, ok := p.Int("control_socket_mode"); ok && mode&0o022 != 0 {
					f := p.Report(s.Range, "Mode 0o%03o lets other accounts write to the control socket and so reload or stop the server. Write 0o600.", mode)
					if mode&0o002 == 0 {
						f.As(lint.Info)
					} else if p.File() {
						f.With(p.SourceFix(s, s.Range, "0o600", "384"))
					}
				}
			}
			if path, ok := p.Text("control_socket"); ok && p.Set("control_socket") != nil && temporary(path) {
				p.Report(p.Get("control_socket").Range, "%s is in a directory where every account can make files: another one can take the name before the server does. Use a directory of the server's own, such as /run/NAME.", path)
			}
		},
	},
}

// widest gives the listener that most can reach, nil where none is known, and how bad it is to trust everybody there: 0 on unix sockets.
func widest(p *lint.Pass) (*listener, lint.Severity) {
	list := servers(p)
	var found *listener
	for _, l := range list {
		switch {
		case l.Kind == socketUnix || l.Kind == socketAbstract:
		case found == nil || found.loopback() && !l.loopback() || !found.wildcard() && l.wildcard():
			found = l
		}
	}
	switch {
	case found == nil && len(list) > 0:
		return nil, 0
	case found == nil || found.Kind == socketFD:
		return nil, lint.Info
	case found.loopback() || contained(p) || containerFile(p) != "" || p.Development():
		return found, lint.Info
	case p.Around.Edge != nil:
		return found, lint.Error
	}
	return found, lint.Warning
}

// trustFix makes the fix that trusts this machine in place of everybody.
func trustFix(p *lint.Pass, s *schema.Setting, everybody string) *lint.Fix {
	fix := p.SetFix(s, "127.0.0.1")
	if fix != nil {
		// gunicorn prints the list that it makes of the text.
		fix.Promise[s.Native] = strings.Replace(s.Text, everybody, "127.0.0.1", 1)
	}
	return fix
}

// publicNetwork gives the first of the addresses that is a large network of public addresses, or "".
func publicNetwork(hosts []string) string {
	for _, h := range hosts {
		network, err := netip.ParsePrefix(h)
		if err != nil || network.Bits() >= network.Addr().BitLen()/2 {
			continue
		}
		// 100.64.0.0/10 is used inside clouds.
		if a := network.Addr(); a.IsGlobalUnicast() && !a.IsPrivate() && !netip.MustParsePrefix("100.64.0.0/10").Contains(a) {
			return h
		}
	}
	return ""
}

// temporary tells whether a path is in a directory where every account can make files.
func temporary(path string) bool {
	for _, dir := range []string{"/tmp/", "/var/tmp/", "/dev/shm/"} {
		if strings.HasPrefix(path, dir) && !strings.Contains(path[len(dir):], "/") {
			return true
		}
	}
	return false
}
