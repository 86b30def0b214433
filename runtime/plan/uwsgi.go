package plan

import (
	"strings"

	"gsrv/schema"
)

// uwsgi is what uWSGI's options ask for beyond the common model.
func (r *reader) uwsgi(p *Plan) {
	p.Reload.Touch = true
	if r.ownFlag("abstract-socket") {
		for i := range p.Listen {
			if l := &p.Listen[i]; l.Network == "unix" && !strings.HasPrefix(l.Address, "@") {
				l.Address = "@" + l.Address
			}
		}
	}
	r.beside(p)
	mounts := parts(r.own("mount"))
	for i := range mounts {
		point, _, _ := strings.Cut(textOf(&mounts[i], ""), "=")
		switch {
		case len(mounts) > 1:
			r.refuse(&mounts[i], "run-mount", "Several applications", "gsrv run serves one application. Put the applications together in a WSGI module (werkzeug's DispatcherMiddleware does), or run a server for each.")
		case strings.Trim(point, "/") != "":
			r.refuse(&mounts[i], "run-mount", "Application below a path", "gsrv run serves the application for every path, and this one is mounted at %s. Take module or wsgi-file, and let the proxy set SCRIPT_NAME.", point)
		case r.own("module") != nil || r.own("wsgi-file") != nil:
			r.refuse(&mounts[i], "run-mount", "Several applications", "There is module or wsgi-file as well, and gsrv run serves one application. Take one of them out.")
		}
	}
	for _, name := range []string{"http", "httprouter", "https", "http-socket", "http11-socket", "https-socket", "socket"} {
		for _, s := range parts(r.own(name)) {
			if text := textOf(&s, ""); strings.HasPrefix(text, "=") {
				r.refuse(&s, "run-listen", "Shared socket", "%s = %s uses a shared socket, which gsrv run does not have. Write the address itself.", name, text)
			}
		}
	}
}

// beside finds the addresses without TLS: uWSGI has HTTP and HTTPS beside each other. They come in the order of the options,
// as the common model has them.
func (r *reader) beside(p *Plan) {
	if p.TLS == nil || len(r.addresses) > 0 {
		return
	}
	var plain []bool
	for _, name := range []string{"http", "httprouter", "http-socket", "http11-socket", "https", "https-socket", "socket"} {
		for range parts(r.own(name)) {
			plain = append(plain, !strings.HasPrefix(name, "https"))
		}
	}
	if len(plain) != len(p.Listen) {
		if !r.hasErrors() {
			r.refuse(r.model["tls.certificate"], "run-listen", "HTTP beside HTTPS", "It cannot be told which of the addresses %v are HTTPS. Serve HTTP and HTTPS with a server each.", listOf(r.known("listen.http")))
		}
		return
	}
	for i := range p.Listen {
		p.Listen[i].Plain = plain[i]
	}
}

// parts are the single values of an option that may come several times.
func parts(s *schema.Setting) []schema.Setting {
	switch {
	case s == nil:
		return nil
	case s.Parts != nil:
		return s.Parts
	}
	return []schema.Setting{*s}
}

// stats reads the address of uWSGI's statistics: host:port, or a path.
func (r *reader) stats(p *Plan) {
	s := r.own("stats")
	if r.server == "gsrv" {
		s = r.known("metrics.stats_address")
	}
	text := textOf(s, "")
	if text == "" {
		return
	}
	st := &Stats{Network: "unix", Address: text, HTTP: r.ownFlag("stats-http"), Minified: r.ownFlag("stats-minified"), NoCores: r.ownFlag("stats-no-cores")}
	switch {
	case strings.HasPrefix(text, "fd://") || strings.HasPrefix(text, "="):
		r.refuse(s, "run-stats", "Statistics at a descriptor", "stats = %s: write host:port or the path of a socket.", text)
		return
	case strings.Contains(text, ":"):
		st.Network = "tcp"
	case !strings.HasPrefix(text, "@"):
		st.Address = p.started(text)
	}
	p.Stats = st
}
