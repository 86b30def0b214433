package migrate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"gsrv/migrate/write"
	"gsrv/schema"
)

// classify gives every item its class.
func (n *migration) classify(out *Accounting) {
	out.Lines = n.lines
	for _, l := range n.lines {
		if l.Class == write.PinnedDefault {
			out.Pinned = append(out.Pinned, l)
		}
	}
	for i := range n.parts {
		out.Items = append(out.Items, n.item(i))
	}
}

// item gives one item with its class.
func (n *migration) item(i int) Item {
	p := n.parts[i]
	it := Item{Kind: p.kind, Source: p.whole, Key: p.key, Comment: p.kind == KindComment}
	set := func(c Class, target, reason string, args ...any) Item {
		if len(args) > 0 {
			reason = fmt.Sprintf(reason, args...)
		}
		it.Class, it.Target, it.Reason = c, target, reason
		return it
	}
	switch {
	case n.hooks.has(i) && !n.placedAt(i):
		return set(write.Exact, hooksName, "kept in %s", hooksName)
	case p.kind == KindComment && p.inside == fileComment:
		return set(write.DroppedNoEffect, "", "tells how the Python file is run or encoded")
	case p.kind == KindComment && p.inside == toolComment:
		return set(write.DroppedNoEffect, "", "speaks to a tool that checks or formats Python")
	case p.kind == KindComment && p.inside != "":
		return set(write.DroppedNoEffect, "", "goes with %s, which nothing uses", p.inside)
	case n.elsewhere(p):
		return set(write.Exact, n.targetOf("app.paste_file"), "stays in %s, which the target refers to", p.whole.Filename)
	case p.kind == KindComment:
		return set(write.Exact, "comment", "")
	}
	if d := n.refusal(p); d != nil {
		return set(write.Refused, "", "%s refuses it: %s", n.server(), d.Summary)
	}
	if w, ok := n.written[i]; ok {
		if n.hooks.has(i) && w.class.Lost() {
			w.why = strings.TrimSpace(w.why + " Its Python is kept in " + hooksName + ".")
		}
		it.Model = w.model
		return set(w.class, w.target, w.why)
	}
	for _, s := range n.settings[i] {
		if s.Option == nil {
			continue
		}
		if by := n.overriding(s); by != "" {
			return set(write.DroppedNoEffect, "", "overridden by %s", by)
		}
		if why := n.idle(s); why != "" {
			return set(write.DroppedNoEffect, "", why)
		}
		f := n.fate(s.Option)
		it.Model = f.target
		if w, ok := n.models[f.target]; ok && f.target != "" {
			if w.class.Lost() {
				return set(w.class, f.target, "part of %s: %s", f.target, w.why)
			}
			return set(w.class, w.target, "part of %s", w.target)
		}
		switch reason := strings.ReplaceAll(f.reason, "gsrv", n.title()); {
		case f.class != write.Verbatim:
			return set(f.class, n.targetOf(f.target), reason)
		case reason != "" && s.Option.Model == "":
			return set(write.Verbatim, "", reason)
		case s.Option.Derived:
			return set(write.DroppedNoEffect, "", "%s works it out itself", n.server())
		}
		return set(write.Verbatim, "", "%s has no counterpart", n.title())
	}
	return n.unknown(p, &it, set)
}

// fate gives what becomes of an option that nothing was written for.
func (n *migration) fate(o *schema.Option) fate {
	f := fateOf(n.Config.Dialect, o)
	if f.class == write.Exact && o.Model == "" && schema.Model.Lookup(f.target) != nil && !isSet(n.Config, f.target) && !n.partOfBlock(f.target) {
		// The reader could make nothing of it: an application whose mount point only a variable tells.
		switch o.Name {
		case "mount":
			return fate{write.Verbatim, "", "gsrv serves one application, at /: put several together in Python (werkzeug's DispatcherMiddleware), or start a server for each, and name the application yourself"}
		case "callable":
			return fate{write.Verbatim, "", "it belongs to a module or file that nothing here names: name the application yourself"}
		}
		return fate{write.Verbatim, "", "what comes of it cannot be told; set it yourself"}
	}
	if n.form.write == nil || f.class == write.Exact || o.Model != "" {
		return f
	}
	class, words := write.Own(n.Config.Dialect, n.form.dialect, o)
	return fate{class, "", strings.TrimSuffix(words, ".")}
}

// partOfBlock tells whether another setting of the block that a setting belongs to is set: an address says more than one.
func (n *migration) partOfBlock(model string) bool {
	block, _, _ := strings.Cut(model, ".")
	if block == "app" {
		return isSet(n.Config, "app.module") || isSet(n.Config, "app.file") || isSet(n.Config, "app.paste_file")
	}
	return slices.ContainsFunc(n.Config.Model, func(s schema.Setting) bool {
		return s.Layer != schema.LayerDefault && strings.HasPrefix(s.Name, block+".")
	})
}

// placedAt tells whether an item is a setting that was looked at.
func (n *migration) placedAt(i int) bool {
	_, ok := n.written[i]
	return ok
}

// idle tells why a setting that counts has nothing to act on: permissions of sockets where there is none, and the
// connections of a router that does not run.
func (n *migration) idle(s schema.Setting) string {
	if s.Option.Name == "http-keepalive" && n.Config.Dialect == "uwsgi" && !isSet(n.Config, "http.keep_alive") {
		return "uWSGI keeps connections of its HTTP router alone (http = ADDRESS), and there is none"
	}
	if s.Option.Model == "" && n.unsaid(s) {
		return "it is no more than the default"
	}
	if o := s.Option; o.Model != "listen.mode" && o.Model != "listen.owner" {
		return ""
	}
	for _, name := range []string{"listen.http", "listen.uwsgi", "listen.fastcgi", "listen.scgi"} {
		if m := n.Config.Setting(name); m != nil && m.Value != nil && (schema.UnixSocket(m.Value) || strings.Contains(schema.ExprText(m.Value), "fd://")) {
			return ""
		}
	}
	return "no address is a unix socket"
}

// unknown is an item that is no setting of the server.
func (n *migration) unknown(p part, it *Item, set func(Class, string, string, ...any) Item) Item {
	if p.whole.Filename == schema.CommandLine || inFile(n.Words, p.whole.Filename) {
		return n.argument(p, set)
	}
	python := strings.HasSuffix(p.whole.Filename, ".py") || n.Config.Dialect == "gunicorn" && p.section == ""
	if python {
		return n.python(p, it, set)
	}
	if n.Config.Dialect == "uwsgi" {
		if p.section != "" && !n.isSection(p) {
			return set(write.DroppedNoEffect, "", "uwsgi does not read section [%s]", p.section)
		}
		for _, name := range n.Config.Files.Names() {
			if text := n.Config.Files.Text(name); strings.Contains(string(text), "%("+p.key+")") {
				return set(write.Exact, "", "a placeholder; its value stands wherever %%(%s) is used", p.key)
			}
		}
		return set(write.DroppedNoEffect, "", "uwsgi has no such option and ignores it")
	}
	for _, d := range n.Diags {
		if schema.DetailOf(d).Code == "dropped-setting" && d.Subject != nil && within(*d.Subject, p.whole) {
			return set(write.DroppedNoEffect, "", "never reaches the server: a key of [DEFAULT] has its name")
		}
	}
	if p.section != "" && strings.HasPrefix(p.section, "server:") {
		switch p.key {
		case "use", "paste.server_factory", "paste.server_runner":
			return set(write.DroppedNoEffect, "", "names the server that is replaced")
		}
	}
	return set(write.Verbatim, "", "gsrv cannot tell what it means to %s", n.server())
}

// files are the flags that name a configuration, whose items are listed by themselves.
var files = []string{"-c", "--config", "--ini", "-x", "--xml", "-y", "--yaml", "--yml", "-j", "--json", "--paste", "--paster"}

// argument is a word of the command line that makes no setting.
func (n *migration) argument(p part, set func(Class, string, string, ...any) Item) Item {
	for _, d := range n.Diags {
		if d.Severity == hcl.DiagError && !schema.DetailOf(d).Application && len(n.written) == 0 {
			return set(write.Refused, "", "%s does not start with this command line: %s", n.server(), d.Summary)
		}
	}
	switch {
	case slices.Contains(files, p.key):
		return set(write.Exact, "", "names a configuration that is migrated")
	case n.Config.Dialect == "waitress" && p.key == "--call":
		return set(write.Verbatim, "", "the application is made by calling this; name the application itself in app.module")
	case !strings.HasPrefix(p.key, "-"):
		for _, name := range n.Config.Files.Names() {
			if name == p.key || strings.HasPrefix(p.key, name+":") {
				return set(write.Exact, "", "names a configuration that is migrated")
			}
		}
	}
	return set(write.Verbatim, "", "gsrv cannot tell what it means to %s", n.server())
}

// python is code that is no setting of gunicorn's.
func (n *migration) python(p part, it *Item, set func(Class, string, string, ...any) Item) Item {
	switch {
	case p.kind == KindStatement && p.key == "import":
		return set(write.DroppedNoEffect, "", "needed by the Python of the file alone")
	case p.kind == KindStatement && n.pure(p):
		return set(write.DroppedNoEffect, "", "prints or prepares; nothing of it reaches a setting")
	case n.feeds(p) != "":
		model := n.feeds(p)
		switch w := n.models[model]; {
		case w.class == write.Verbatim:
			return set(write.Verbatim, model, "stands in the TODO for the setting that uses it")
		case w.class.Lost():
			return set(w.class, w.target, "its value stands in the settings that use it: %s", w.why)
		}
		it.Model = model
		return set(write.Exact, n.targetOf(model), "its value stands in the settings that use it")
	case n.again(p) != "":
		return set(write.DroppedNoEffect, "", "overridden by %s", n.again(p))
	case p.kind == KindStatement:
		return set(write.Verbatim, "", "Python that runs while %s reads its configuration; move it to the application or to a file of hooks", n.server())
	case p.kind == KindHook:
		return set(write.DroppedNoEffect, "", "%s has no hook of this name, and no setting refers to it", n.server())
	}
	return set(write.DroppedNoEffect, "", "%s has no such setting and ignores it", n.server())
}

// pure tells whether a statement only prints.
func (n *migration) pure(p part) bool {
	return strings.HasPrefix(strings.TrimSpace(n.source(p)), "print(")
}

// again tells what sets the name of an item for good.
func (n *migration) again(p part) string {
	if e := n.Config.Setting(p.key); e != nil && e.Native == p.key && e.Layer != schema.LayerDefault && p.kind == KindSetting {
		return describe(*e)
	}
	return ""
}

// targetOf gives the target's name of a setting of the model.
func (n *migration) targetOf(model string) string {
	if w, ok := n.models[model]; ok {
		return w.target
	}
	if n.form.write == nil {
		return model
	}
	return ""
}

// feeds names the setting into which an item's value goes.
func (n *migration) feeds(p part) string {
	for _, s := range n.cfg.Model {
		if s.Layer == schema.LayerDefault {
			continue
		}
		found := false
		schema.Walk(s.Value, func(e schema.Expr) bool {
			found = found || within(e.Range(), p.whole) && e.Range().Start != e.Range().End
			return !found
		})
		if !found && p.kind == KindSetting && p.key != "" {
			// A value that was computed stands where the setting is made; what it was made of is named there.
			if text := n.Config.Files.Text(s.Range.Filename); text != nil && s.Range.CanSliceBytes(text) {
				found = slices.Contains(identifiers(string(s.Range.SliceBytes(text))), p.key)
			}
		}
		if found {
			return s.Name
		}
	}
	return ""
}

func identifiers(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}

// refusal gives the reader's error at an item.
func (n *migration) refusal(p part) *hcl.Diagnostic {
	for _, d := range n.Diags {
		if d.Severity == hcl.DiagError && !schema.DetailOf(d).Application && d.Subject != nil && within(*d.Subject, p.whole) {
			return d
		}
	}
	return nil
}

// overriding tells what overrides a setting: a later one of the same name, or another name of the same thing.
func (n *migration) overriding(s schema.Setting) string {
	same := func(o schema.Setting) bool { return place(o) == place(s) && o.Range == s.Range }
	for _, list := range [][]schema.Setting{n.Config.Settings, n.Config.Model} {
		for _, e := range list {
			for _, o := range e.Shadowed {
				if same(o) && e.Layer != schema.LayerDefault {
					return describe(e)
				}
			}
		}
	}
	e := n.Config.Setting(s.Native)
	if e != nil && !same(*e) && len(e.Parts) == 0 && e.Layer != schema.LayerDefault && e.Native == s.Native && place(*e) != place(s) {
		return describe(*e)
	}
	if s.Option.Model == "" {
		return ""
	}
	for _, m := range n.Config.Model {
		if m.Name == s.Option.Model && m.Native != s.Native && m.Layer != schema.LayerDefault {
			return describe(m)
		}
	}
	return ""
}

func describe(s schema.Setting) string {
	at := place(s)
	if at.Filename == "" {
		return s.Native
	}
	if strings.HasPrefix(at.Filename, "<") {
		if name, ok := strings.CutPrefix(at.Filename, "<environment "); ok {
			return s.Native + " in " + strings.TrimSuffix(name, ">")
		}
		return fmt.Sprintf("%s on the %s", s.Native, strings.Trim(at.Filename, "<>"))
	}
	return fmt.Sprintf("%s at %s:%d", s.Native, at.Filename, at.Start.Line)
}
