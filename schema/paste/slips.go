package paste

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
	"gsrv/schema/ini"
	"gsrv/schema/waitress"
)

// dropped warns of section keys that PasteDeploy leaves out because [DEFAULT] or the command line has one of the same name.
func (r *reader) dropped() {
	seen := map[string]bool{}
	var walk func(c *Context, isServer bool)
	walk = func(c *Context, isServer bool) {
		if c == nil {
			return
		}
		for _, d := range c.Dropped {
			id := d.NameRange.String()
			if seen[id] || d.Name == "here" || d.Name == "__file__" || !isServer && d.Text == d.By.Text {
				continue
			}
			seen[id] = true
			who, instead := "the application", fmt.Sprintf("it can only see the other value, %s, in the global configuration", ini.Quote(d.By.Text))
			if isServer {
				who, instead = "the server", "which uses its default instead"
			}
			w := schema.Warnf("dropped-setting", d.NameRange, "Setting is dropped", "%s = %s never reaches %s, %s: %s has a key of this name, and PasteDeploy then leaves the section's out. Rename the one that is not meant for %s, or write \"get %s = %s\" here to pass the other on.",
				d.Name, ini.Quote(d.Text), who, instead, d.by(), who, d.Name, d.Name)
			schema.DetailOf(w).Related = []schema.Related{{Message: "this one stands in its way", Range: d.By.NameRange}}
			if d.By.NameRange.Filename == "" {
				schema.DetailOf(w).Related = nil
			}
			r.add(w)
		}
		walk(c.App, isServer)
		for _, f := range c.Filters {
			walk(f, isServer)
		}
		walk(c.Next, isServer)
		walk(c.Filter, isServer)
	}
	walk(r.server, true)
	walk(r.app, false)
	r.shellVariables()
	r.unclosedHeaders()
}

// unclosedHeaders warns of section headers that lack their bracket and, holding a colon, are taken for keys.
func (r *reader) unclosedHeaders() {
	if r.loader == nil {
		return
	}
	var keys []*ini.Key
	for _, file := range r.loader.parsed {
		if file.doc == nil {
			continue
		}
		for _, section := range file.doc.Sections {
			for _, key := range section.Keys {
				if strings.HasPrefix(key.Name, "[") {
					keys = append(keys, key)
				}
			}
		}
	}
	slices.SortFunc(keys, func(a, b *ini.Key) int {
		return cmp.Or(strings.Compare(a.NameRange.Filename, b.NameRange.Filename), a.NameRange.Start.Byte-b.NameRange.Start.Byte)
	})
	for _, key := range keys {
		r.add(schema.Warnf("syntax-error", hcl.RangeBetween(key.NameRange, key.Range), "Section header without its closing bracket", "The line has no \"]\", so it is taken for a key of [%s], and what follows belongs to that section. Add the bracket.", key.Section))
	}
}

// shellVariables warns of a shell's variables in the server's settings; waitress's addresses are refused elsewhere.
func (r *reader) shellVariables() {
	if r.server == nil {
		return
	}
	for _, name := range r.server.Local.Names() {
		v := r.server.Local.Get(name)
		m := waitress.ShellVariable().FindString(v.Text)
		if m == "" || v.Key == nil || slices.ContainsFunc(r.diags, func(d *hcl.Diagnostic) bool { return d.Subject != nil && d.Subject.Overlaps(v.Range) }) {
			continue
		}
		r.add(schema.Warnf("shell-variable", v.Range, "Variable is not expanded", "%s is passed on as it stands: PasteDeploy knows no shell variables. Write %%(NAME)s, and start with NAME=VALUE behind the file's name.", m))
	}
}

// forServer are settings that no application has, so that in [DEFAULT] they can only be meant for the server.
var forServer = []string{"listen", "threads", "unix_socket", "unix_socket_perms", "trusted_proxy", "trusted_proxy_headers", "trusted_proxy_count", "url_scheme", "channel_timeout", "connection_limit", "max_request_body_size", "use_threadpool", "threadpool_workers", "numthreads"}

// meantForServer warns of keys in [DEFAULT] that the server would know and never gets.
func (r *reader) meantForServer(s *server) {
	used := map[string]bool{}
	if doc := r.document(); doc != nil {
		for _, section := range doc.Sections {
			for _, key := range section.Keys {
				if strings.HasPrefix(key.Name, "get ") {
					used[key.Value] = true
				}
			}
		}
		text := string(doc.Text)
		for _, name := range forServer {
			used[name] = used[name] || strings.Contains(text, "%("+name+")s")
		}
	}
	for _, name := range r.server.Global.Names() {
		v := r.server.Global.Get(name)
		if v.Origin != FromDefault || used[name] || s.catalogue.Lookup(name) == nil || !slices.Contains(forServer, name) || r.server.Local.Get(name) != nil {
			continue
		}
		if slices.ContainsFunc(r.server.Dropped, func(d Dropped) bool { return d.Name == name }) {
			continue
		}
		r.add(schema.Warnf("misplaced-setting", v.NameRange, "Setting never reaches the server", "[DEFAULT] is for the application; %s does not get %s from it and uses its default. Move the line to [%s].", s.name, name, r.server.Section))
	}
}

// Recognise implements schema.Dialect. Sections that only Paste has tell for certain; alembic.ini, tox.ini and setup.cfg
// have none of them.
func (*Dialect) Recognise(name string, text []byte) int {
	if !strings.Contains(string(text), "[") {
		return 0
	}
	best, uwsgi, served := 0, false, false
	for _, s := range ini.Plain(name, text).Sections {
		kind, rest, found := strings.Cut(s.Name, ":")
		uwsgi = uwsgi || s.Name == "uwsgi"
		served = served || kind == "server"
		if !found || ini.Strip(rest) == "" {
			continue
		}
		score := 0
		switch strings.ToLower(ini.Strip(kind)) {
		case "server", "app", "application", "composite", "composit", "filter-app":
			score = 60
		case "pipeline", "filter":
			score = 40
		default:
			continue
		}
		for _, k := range s.Keys {
			if k.Name == "use" || k.Name == "pipeline" || strings.HasPrefix(k.Name, "paste.") && strings.Contains(k.Name, "_factory") || k.Name == "paste.server_runner" {
				score = 95
			}
		}
		best = max(best, score)
	}
	if uwsgi && !served {
		// A file for uWSGI that also holds the application it loads.
		best = min(best, 50)
	}
	return best
}
