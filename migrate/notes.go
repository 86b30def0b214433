package migrate

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"gsrv/migrate/write"
	"gsrv/schema"
)

// advise adds what there is to know beside the items.
func (n *migration) advise(out *Accounting) {
	n.adviseApplication(out)
	source := n.server()
	note := func(rule, model, text string) {
		note := Note{Rule: rule, Text: text}
		if s := n.Config.Setting(model); s != nil && s.Layer != schema.LayerDefault {
			note.Source = place(*s)
		}
		out.Notes = append(out.Notes, note)
	}
	pair := func(a, b string) bool {
		return source == a && n.to.Name == b || source == b && n.to.Name == a
	}
	for _, d := range n.Diags {
		if schema.DetailOf(d).Code == "not-expanded" && d.Subject != nil && source == "uwsgi" {
			out.Notes = append(out.Notes, Note{Source: *d.Subject, Text: "the source is taken at its word: " + d.Detail})
		}
	}
	if names := n.unresolved(); len(names) > 0 {
		note("", "", "uWSGI finds no value for "+strings.Join(names, ", ")+" in this file, so that the reference stays as it is written. Where the value comes from a command line (--set) or another file, migrate that: gsrv migrate --to "+n.to.Name+" -- uwsgi …")
	}
	if s := n.Config.Setting("workers.preload"); pair("uwsgi", "gunicorn") && (s == nil || s.Layer == schema.LayerDefault) {
		note("G001", "workers.preload", "uWSGI loads the application before it forks its workers unless lazy-apps is set, gunicorn in each worker unless preload_app is. What the source did is kept; either may be better for your application.")
	}
	if s := n.Config.Setting("workers.timeout"); s != nil && s.Layer != schema.LayerDefault && n.models["workers.timeout"].class.Lost() {
		note("G002", "workers.timeout", "a limit for a request and a watch over a worker are not the same: see what workers.timeout became before you rely on it.")
	}
	for _, protocol := range []string{"listen.uwsgi", "listen.fastcgi", "listen.scgi"} {
		if !isSet(n.Config, protocol) || n.to.Name == schema.Model.Server || n.to.Name == "uwsgi" {
			continue
		}
		if m, ok := n.models[protocol]; ok && m.class == write.Exact {
			continue
		}
		name := strings.TrimPrefix(protocol, "listen.")
		note("G003", protocol, fmt.Sprintf("the proxy in front speaks %s, and %s does not: change %s_pass to proxy_pass together with this.", name, n.title(), name))
	}
	if s := n.Config.Setting("listen.http"); s != nil && s.Layer == schema.LayerDefault && n.to.Name != schema.Model.Server && slices.ContainsFunc(out.Pinned, func(l write.Line) bool { return l.Model == "listen.http" }) {
		note("G006", "", fmt.Sprintf("the source names no address; %s's own is written out, because %s would listen elsewhere.", source, n.title()))
	}
	if source != n.to.Name && n.to.Name != schema.Model.Server && (source == "uwsgi" || n.to.Name == "uwsgi") {
		note("G008", "", fmt.Sprintf("signals mean other things to %s than to %s: look at KillSignal, stopsignal and what reloads it in the files that start it.", n.title(), source))
	}
	if source == "waitress" && n.to.Name != "waitress" && n.to.Name != schema.Model.Server || source != "waitress" && n.to.Name == "waitress" {
		note("G009", "", "waitress takes a whole request before it calls the application; other servers hand its body over as it comes, and need a proxy that buffers.")
	}
	if s := n.Config.Setting("log.access.format"); s != nil && s.Layer != schema.LayerDefault {
		if m := n.models["log.access.format"]; m.class.Lost() {
			note("G014", "log.access.format", "the format of the access log could not be said in full; whatever reads the log has to know.")
		}
	}
}

// placeholder is a reference of uWSGI's to an option or to a variable of the file's own.
var placeholder = regexp.MustCompile(`%\([A-Za-z][\w.-]*\)`)

// unresolved gives the placeholders of uWSGI's that stand in values because nothing defines them, sorted. Formats of logs
// have names of the same look.
func (n *migration) unresolved() []string {
	if n.Config.Dialect != "uwsgi" {
		return nil
	}
	var names []string
	for _, s := range n.Config.Settings {
		if s.Layer == schema.LayerDefault || s.Value == nil || s.Option == nil || strings.Contains(s.Native, "format") || strings.Contains(s.Native, "encoder") {
			continue
		}
		schema.Walk(s.Value, func(e schema.Expr) bool {
			if c, ok := e.(*schema.Const); ok {
				names = append(names, placeholder.FindAllString(schema.ValueText(c.Val), -1)...)
			}
			return true
		})
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// adviseApplication tells that a file names no application.
func (n *migration) adviseApplication(out *Accounting) {
	if n.File == "" || isSet(n.Config, "app.module") || isSet(n.Config, "app.file") || isSet(n.Config, "app.paste_file") {
		return
	}
	if m := n.Config.Setting("app.required"); m != nil && !isTrue(n.Config, "app.required") {
		return
	}
	text := fmt.Sprintf("%s names no application; %s is given it on its command line.", filepath.Base(n.File), n.server())
	if n.to.Name == schema.Model.Server {
		text += ` Add it to gsrv.hcl, as in app "shop.wsgi:application" {}, or migrate the command line: gsrv migrate -- ` + n.server() + " …"
	} else {
		text += fmt.Sprintf(" Give it to %s, too, or migrate the command line: gsrv migrate --to %s -- %s …", n.title(), n.to.Name, n.server())
	}
	out.Notes = append(out.Notes, Note{Text: text})
}

// adviseUpgrade adds what there is to know about going from one release of gunicorn to another.
func (u *upgrade) adviseUpgrade(out *Accounting) {
	crosses := func(version string) bool { return u.to.AtLeast(version) && !u.from.AtLeast(version) }
	note := func(rule, text string) { out.Notes = append(out.Notes, Note{Rule: rule, Text: text}) }
	if u.form.dialect != "gunicorn" {
		return
	}
	if crosses("19.0") {
		note("G010", "since gunicorn 19.0 REMOTE_ADDR is the address of the proxy and not that of X-Forwarded-For: let the framework read the header, if the application uses the address.")
	}
	if crosses("20.0.0") && isSet(u.before, "app.paste_file") {
		note("G012", "since gunicorn 20.0.0 --paste reads no [server:main] any more, and there is no gunicorn_paster: start with pserve, or move those settings to gunicorn.conf.py.")
	}
	if crosses("22.0.0") {
		note("G011", "since gunicorn 22.0.0 headers with underscores are dropped: where the proxy sends some, rename them, or name them in forwarder_headers.")
	}
}
