package write

import (
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
)

// extraOf gives a setting of gsrv.hcl's extra blocks: the server it is for, and its name there.
func (c *core) extraOf(s *schema.Setting) (server, name string, ok bool) {
	if c.cfg.Dialect != schema.Model.Server {
		return "", "", false
	}
	rest, ok := strings.CutPrefix(s.Native, "extra.")
	if !ok {
		return "", "", false
	}
	return split(rest)
}

func split(s string) (before, after string, ok bool) { return strings.Cut(s, ".") }

// noApplication asks for the application where the source's configuration does not name it: it is an argument of its
// command line then, or one of several that it mounts.
func (c *core) noApplication(example string) {
	for _, name := range []string{"app.module", "app.file", "app.paste_file"} {
		if s := c.given(name); s != nil && !isNullConst(s.Value) {
			return
		}
	}
	if c.cfg.Dialect == schema.Model.Server {
		return
	}
	where := "the source does not name one"
	if c.source == "gunicorn" && !slices.ContainsFunc(c.cfg.Layers, func(l *schema.Layer) bool { return l.Kind == schema.LayerCLI }) {
		where = "gunicorn is given it on its command line"
	}
	if s := c.cfg.Setting("mount"); s != nil && c.source == "uwsgi" {
		where = "the source mounts several"
		if len(s.Parts) == 1 {
			where = "the source mounts it where a variable tells"
		}
	}
	reason := "Name the application here, as " + example + ": " + where + "."
	c.items = append(c.items, item{line: Line{Model: "app.module", Class: Verbatim, Note: reason}, comment: []string{"TODO(gsrv): " + reason}})
}

// unmapped are the settings that the source makes and the common model has no name for, once for each name.
func (c *core) unmapped() []*schema.Setting {
	used := map[string]bool{}
	for i := range c.cfg.Model {
		used[c.cfg.Model[i].Native] = true
	}
	var out []*schema.Setting
	for i := range c.cfg.Settings {
		s := &c.cfg.Settings[i]
		if s.Layer == schema.LayerDefault || s.Name != "" || s.Option != nil && s.Option.Model != "" || used[s.Native] {
			continue
		}
		out = append(out, s)
	}
	return out
}

// standing are options of a source that other settings of the model stand for already, or that mean nothing elsewhere.
var standing = map[string]map[string]string{
	"uwsgi": {
		"callable": "app.module", "protocol": "listen.uwsgi", "socket-protocol": "listen.uwsgi", "lazy-apps": "workers.preload", "lazy": "workers.preload",
		"gevent": "workers.class", "asyncio": "workers.class", "greenlet": "workers.class", "async": "workers.class", "loop": "workers.class",
		"logto": "log.error.to", "logto2": "log.error.to", "logger": "log.error.to", "req-logger": "log.access.to", "disable-logging": "log.access.to",
		"daemonize": "process.daemon", "daemonize2": "process.daemon", "procname-master": "process.name", "procname-prefix": "process.name",
		"procname-prefix-spaced": "process.name", "py-auto-reload": "reload.enabled", "py-autoreload": "reload.enabled", "static-map2": "static.map",
		"http": "listen.http", "http-socket": "listen.http", "https": "listen.http", "https-socket": "listen.http", "socket": "listen.uwsgi", "http11-socket": "listen.http", "ssl-socket": "listen.uwsgi", "suwsgi-socket": "listen.uwsgi", "puwsgi-socket": "listen.uwsgi",
		"fastcgi-socket": "listen.fastcgi", "fastcgi-nph-socket": "listen.fastcgi", "scgi-socket": "listen.scgi", "scgi-nph-socket": "listen.scgi",
		"uwsgi-socket": "listen.uwsgi", "http-keepalive": "http.keep_alive", "module": "app.module", "wsgi-file": "app.file",
	},
}

// isFor tells whether an extra block is for the target. A Paste file's server is mostly waitress, whose settings are one
// list wherever they stand.
func (c *core) isFor(server string) bool {
	waitress := func(s string) bool { return s == "paste" || s == "waitress" }
	return server == c.target || waitress(server) && waitress(c.target)
}

// extraNamed tells whether an extra block for the target has a setting of a name.
func (c *core) extraNamed(name string) bool {
	return slices.ContainsFunc(c.unmapped(), func(s *schema.Setting) bool {
		server, n, ok := c.extraOf(s)
		return ok && n == name && c.isFor(server)
	})
}

// others deals with the settings that the model has no name for: those of an extra block for the target are written,
// the others become comments.
func (c *core) others(write func(s *schema.Setting, name string)) {
	var reasons []string
	left := map[string][]*schema.Setting{}
	classes := map[string]Class{}
	for _, s := range c.unmapped() {
		server, name, extra := c.extraOf(s)
		switch {
		case extra && c.isFor(server) && c.said(name):
			c.silent(s, DroppedNoEffect, "a setting that gsrv has says it already")
		case extra && c.isFor(server):
			write(s, name)
		case extra:
			c.silent(s, DroppedNoEffect, "it is for "+title(server))
		case s.Option == nil && c.source == "uwsgi":
			c.silent(s, DroppedNoEffect, "it is a placeholder of the source's own")
		case standing[c.source][s.Native] != "":
		case isNullConst(s.Value):
			c.silent(s, DroppedNoEffect, "it is not set")
		case isOff(s):
			c.silent(s, DroppedNoEffect, "it is off")
		case strings.Contains(s.Source, ", implied by "):
			c.silent(s, DroppedNoEffect, "another option implies it")
		case s.Native == "hook-master-start" && c.source == "uwsgi" && c.stopsGracefully(s):
			c.silent(s, ExactByDefault, "it has uWSGI finish its requests on SIGTERM, as "+title(c.target)+" does")
		default:
			option := s.Option
			if option == nil {
				option = &schema.Option{Name: s.Native}
			}
			class, reason := Own(c.source, c.target, option)
			if !class.Lost() {
				c.silent(s, class, reason)
				continue
			}
			if left[reason] == nil {
				reasons = append(reasons, reason)
			}
			left[reason] = append(left[reason], s)
			classes[reason] = class
		}
	}
	for _, reason := range reasons { // those with one reason stand together
		for _, s := range left[reason] {
			c.todo(s, classes[reason], reason)
		}
	}
}

// said tells whether an option of the target's own only repeats a setting of the model that was written.
func (c *core) said(name string) bool {
	model := standing[c.target][name]
	if model == "" {
		return false
	}
	same := func(other string) bool {
		return other == model || strings.HasPrefix(model, "listen.") && (other == "listen.http" || other == "listen.uwsgi" || other == "listen.fastcgi" || other == "listen.scgi")
	}
	return slices.ContainsFunc(c.items, func(it item) bool {
		return same(it.line.Model) && (len(it.code) > 0 || len(it.line.Native) > 0)
	})
}

// stopsGracefully tells whether a hook of uWSGI's only has it finish its requests when it is stopped.
func (c *core) stopsGracefully(s *schema.Setting) bool {
	v, ok := constant(s.Value)
	if !ok || !v.CanIterateElements() {
		return false
	}
	return !slices.ContainsFunc(v.AsValueSlice(), func(x cty.Value) bool {
		text, _ := schema.TextOf(x)
		return text != "unix_signal:15 gracefully_kill_them_all"
	})
}

// isOff tells whether a setting is false, which is no more than not to set it.
func isOff(s *schema.Setting) bool {
	v, ok := constant(s.Value)
	return ok && !v.IsNull() && v.Type() == cty.Bool && !v.True()
}
