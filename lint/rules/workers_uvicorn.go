package rules

import (
	"gsrv/lint"
	"gsrv/schema"
)

// websocketOptions are uvicorn's options for its WebSocket implementations.
var websocketOptions = []string{"ws_max_size", "ws_max_queue", "ws_ping_interval", "ws_ping_timeout", "ws_per_message_deflate"}

// uvicornWorkerRules are about options of uvicorn that the chosen implementation ignores.
var uvicornWorkerRules = []*lint.Rule{
	{
		ID: "W011", Name: "uvicorn-wsgi-with-websockets", Severity: lint.Warning, Servers: []string{"uvicorn"},
		Summary: "With --interface wsgi there are no WebSockets, whatever --ws says.",
		Explain: `For a WSGI application uvicorn sets its WebSocket implementation aside: WSGI has no way to speak it. A client that asks for an
upgrade is refused, although --ws or one of the --ws options is given.

Take the options out, or serve an ASGI application.`,
		Sources: []string{"uvicorn/config.py, load"},
		Fix:     lint.FixSafe,
		Check: func(p *lint.Pass) {
			if kind, ok := p.Text("interface"); !ok || kind != "wsgi" {
				return
			}
			if ws, ok := p.Text("ws"); ok && ws == "none" {
				return
			}
			if s := p.FirstSet(append([]string{"ws"}, websocketOptions...)...); s != nil && !s.Maybe && s.Text != "auto" {
				p.Report(s.Range, "With --interface wsgi uvicorn speaks no WebSocket at all, whatever %s says. Take it out, or serve an ASGI application.", flagName(s)).
					Also(p.Get("interface").Range, "the interface").With(dropIgnored(p, s))
			}
		},
	},
	{
		ID: "W012", Name: "uvicorn-ws-options-ignored", Severity: lint.Warning, Servers: []string{"uvicorn"},
		Summary: "The WebSocket implementation in use does not read this option.",
		Explain: `uvicorn has several WebSocket implementations, and not all of them read all options. With --ws none there is none. wsproto read
neither ws_max_size nor the pings before uvicorn 0.46: messages of any size come in, and dead connections stay. websockets-sansio sent no
pings before 0.44.

About wsproto and websockets-sansio the rule speaks only where uvicorn's version is known.

Upgrade uvicorn, or write ` + "`--ws websockets`" + `.`,
		Sources: []string{"uvicorn release notes 0.44.0 and 0.46.0", "uvicorn/protocols/websockets"},
		Check: func(p *lint.Pass) {
			ws, ok := p.Text("ws")
			if kind, known := p.Text("interface"); !ok || known && kind == "wsgi" {
				return // W011
			}
			for _, name := range []string{"ws_max_size", "ws_ping_interval", "ws_ping_timeout"} {
				s := p.Set(name)
				if s == nil || s.Maybe {
					continue
				}
				switch {
				case ws == "none":
					p.Report(s.Range, "With --ws none uvicorn speaks no WebSocket, so %s does nothing. Take it out.", flagName(s)).Also(p.Get("ws").Range, "no WebSocket")
				case ws == "wsproto" && p.Before("0.46.0"), ws == "websockets-sansio" && name != "ws_max_size" && p.Before("0.44.0"):
					p.Report(s.Range, "%s does not read %s in uvicorn %s: the limit is not there. Upgrade uvicorn, or write --ws websockets.", ws, flagName(s), p.Pinned).
						Also(p.Get("ws").Range, "the implementation").Also(p.PinnedAt, "the version")
				}
			}
		},
	},
	{
		ID: "W013", Name: "uvicorn-ws-queue-ignored", Severity: lint.Info, Servers: []string{"uvicorn"}, Since: "0.23.0",
		Summary: "ws_max_queue is read by the implementation websockets alone.",
		Explain: `How many messages wait for the application is an option of the implementation named websockets. wsproto and websockets-sansio
have no such queue, and from uvicorn 0.50 on --ws auto takes websockets-sansio.

Take the option out, or write ` + "`--ws websockets`" + `.`,
		Sources: []string{"uvicorn/protocols/websockets", "uvicorn release notes 0.50.0"},
		Fix:     lint.FixSafe,
		Check: func(p *lint.Pass) {
			s := p.Set("ws_max_queue")
			ws, ok := p.Text("ws")
			if kind, known := p.Text("interface"); s == nil || s.Maybe || !ok || known && kind == "wsgi" {
				return
			}
			if ws != "websockets-sansio" && ws != "wsproto" && ws != "none" && (ws != "auto" || !p.AtLeast("0.50.0")) {
				return
			}
			p.Report(s.Range, "%s does nothing with --ws %s: only the implementation websockets has a queue. Take it out, or write --ws websockets.", flagName(s), ws).
				Also(p.Get("ws").Range, "the implementation").With(dropIgnored(p, s))
		},
	},
	{
		ID: "W014", Name: "uvicorn-h11-option-ignored", Severity: lint.Info, Servers: []string{"uvicorn"}, Since: "0.18.0",
		Summary: "h11_max_incomplete_event_size is read by the parser h11 alone.",
		Explain: `The limit for a request's head that has not come in whole belongs to the parser h11. With --http httptools nothing reads it, and
the limit that is written down is not there.

Write ` + "`--http h11`" + ` where the limit matters, set one in the proxy, or take the option out.`,
		Sources: []string{"uvicorn documentation, settings: --h11-max-incomplete-event-size", "uvicorn/protocols/http"},
		Fix:     lint.FixSafe,
		Check: func(p *lint.Pass) {
			s := p.Set("h11_max_incomplete_event_size")
			if parser, ok := p.Text("http"); s == nil || s.Maybe || !ok || parser != "httptools" {
				return
			}
			p.Report(s.Range, "httptools does not read %s: request heads are not limited by it. Write --http h11, or set the limit in the proxy and take this out.", flagName(s)).
				Also(p.Get("http").Range, "the parser").With(dropIgnored(p, s))
		},
	},
}

// flagName names a setting as its place does: by its flag on a command line.
func flagName(s *schema.Setting) string {
	if s.Layer == schema.LayerCLI && s.Option != nil && len(s.Option.Flags) > 0 {
		return s.Option.Flags[0]
	}
	return s.Native
}
