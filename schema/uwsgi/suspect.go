package uwsgi

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
)

// What uWSGI takes silently although it cannot be meant.

func nearest(name string) string {
	near := schema.Nearest(name, optionNames())
	if near == name {
		return ""
	}
	return near
}

// unsetEnv reports a reference to a variable that is not set.
func (r *reader) unsetEnv(name string, at hcl.Range, e *entry) {
	r.warn("environment-unset", at, "Environment variable not set",
		"%s is not set here, and uWSGI leaves the text $(%s) in the value of %s. Set the variable, or give it with --env %s=VALUE.", name, name, e.key.s, name)
}

// openAtEnd reports a block that nothing closes.
func (r *reader) openAtEnd() {
	b := r.block
	if b == nil {
		return
	}
	what := "No option comes after it."
	if b.met > 0 {
		what = fmt.Sprintf("The %d options after it, those of further files and of the command line too, are all under its condition: %d of them count here.", b.met, b.kept)
	}
	end := "endif"
	if strings.HasPrefix(b.directive, "for") {
		end = "endfor"
	}
	r.warn("block-open", r.keyRange(b.entry), "Block is never closed", "Nothing closes this %s. %s Write %s = after the last option that belongs to it.", b.directive, what, end)
}

func (r *reader) suspicions(c *schema.Config) {
	if r.quit != nil || r.exited() {
		return
	}
	for _, e := range r.list {
		if r.full() {
			return
		}
		r.suspectKey(e)
		r.suspectReferences(e)
	}
	for i := range r.applied {
		r.suspectValue(&r.applied[i])
	}
	r.suspectRepeats(c)
}

// exited tells whether reading stopped at a bound or a crash, after which nothing can be said of the rest.
func (r *reader) exited() bool { return r.stopped }

// suspectKey reports names that are no options.
func (r *reader) suspectKey(e *entry) {
	name := e.key.s
	if e.placeholder || isTerminator(name) || strings.Contains(name, unknown) || name == "app" && formatOf(r.keyRange(e).Filename) == "xml" {
		return
	}
	if _, ok := r.custom[name]; ok {
		return
	}
	at := r.keyRange(e)
	if o := Catalogue().Lookup(name); o != nil {
		r.suspectOption(o, e)
		return
	}
	if r.strict || r.refs[name] {
		return
	}
	if dev := devOption(name); dev != nil {
		r.warn("option-unreleased", at, "Option of the development branch", "%s exists in uWSGI's development branch 2.1 only. No release knows it, so it has no effect. Remove it.", name)
		return
	}
	near := nearest(name)
	if e.layer == schema.LayerEnv {
		variable := "UWSGI_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
		if near != "" && !r.envUsed(variable) {
			r.note("unknown-option", at, "Variable names no option", "uWSGI takes %s for the option %s, which there is not. Was %s meant?", variable, name, "UWSGI_"+strings.ToUpper(strings.ReplaceAll(near, "-", "_")))
		}
		return
	}
	summary, detail := "Unknown option", ""
	suggest := near
	word := firstWord(name)
	foreign, isForeign := foreignNames[name]
	switch {
	case word != name && Catalogue().Lookup(strings.TrimSuffix(word, ":")) != nil:
		summary, detail, suggest = r.wholeLine(name, word)
	case isForeign:
		detail, suggest = fmt.Sprintf("uWSGI has no option %s and ignores it. %s", name, foreign), ""
	case near != "" && strings.EqualFold(near, name):
		summary = "Option in another case"
		detail = fmt.Sprintf("Names of options are case-sensitive: uWSGI does not take %s for %s but for a placeholder of your own, so it has no effect. Write %s.", name, near, near)
	case near != "" && strings.ReplaceAll(name, "_", "-") == near:
		detail = fmt.Sprintf("uWSGI's options are written with dashes: it takes %s for a placeholder of your own, so it has no effect. Write %s.", name, near)
	case near != "":
		detail = fmt.Sprintf("uWSGI has no option %s. It takes it for a placeholder of your own, which nothing here uses, so it has no effect. Was %s meant?", name, near)
	default:
		detail = fmt.Sprintf("uWSGI has no option %s. It takes it for a placeholder of your own, which nothing here uses as %%(%s), so it has no effect. Remove it, or declare it with set-placeholder = %s=VALUE if your application reads it from uwsgi.opt.", name, name, name)
	}
	var d *schema.Detail
	if !isForeign && word == name && (len(r.open) > 0 || r.refused) && !strings.EqualFold(strings.ReplaceAll(name, "_", "-"), near) {
		// A file that could not be read may use it.
		d = r.note("unknown-option", at, summary, "%s", detail)
	} else {
		d = r.warn("unknown-option", at, summary, "%s", detail)
	}
	d.Suggest = suggest
}

// foreignNames are names that other programs and uWSGI's own documents know for what is meant.
var foreignNames = map[string]string{
	"user": "The option for the account is uid.", "group": "The option for the group is gid.", "guid": "The option for the group is gid.",
	"stdout_logfile": "That is supervisor's; uWSGI's is logto.", "stderr_logfile": "That is supervisor's; uWSGI's is logto.",
	"bind": "That is gunicorn's; uWSGI's options are socket and http-socket.", "timeout": "That is gunicorn's; uWSGI's is harakiri.",
	"port": "The address is given with socket or http-socket, as HOST:PORT.", "host": "The address is given with socket or http-socket, as HOST:PORT.",
	"exec-pre": "Commands are run with exec-asap, exec-pre-app and the like.", "exec-before": "Commands are run with exec-asap, exec-pre-app and the like.",
}

// wholeLine explains a line without "=" whose first word is an option: the whole line is the name.
func (r *reader) wholeLine(name, word string) (summary, detail, suggest string) {
	option := strings.TrimSuffix(word, ":")
	rest := strings.TrimSpace(name[len(word):])
	switch {
	case strings.HasPrefix(rest, ";") || strings.HasPrefix(rest, "#"):
		return "Comment in an option's name", fmt.Sprintf("There are no comments behind options: the whole line is the name here, so %s is not set. Put the comment on a line of its own.", option), option
	case strings.HasSuffix(word, ":"):
		return "Colon instead of =", fmt.Sprintf("uWSGI's ini files take = only: the whole line is the name here, so %s is not set. Write %s = %s.", option, option, rest), ""
	}
	return "No = after the option", fmt.Sprintf("The whole line up to an = is the name here, so %s is not set. Write %s = before its value.", option, option), ""
}

func firstWord(s string) string {
	if i := strings.IndexAny(s, " \t"); i >= 0 {
		return s[:i]
	}
	return s
}

func (r *reader) envUsed(variable string) bool {
	for _, e := range r.list {
		if strings.Contains(e.raw.s, "$("+variable+")") {
			return true
		}
		if o := Catalogue().Lookup(e.key.s); o != nil && o.Type == "logic" && strings.HasPrefix(e.val.s, variable) {
			return true
		}
	}
	return false
}

// suspectOption reports options that exist, but not here.
func (r *reader) suspectOption(o *schema.Option, e *entry) {
	at := r.keyRange(e)
	switch {
	case !r.available(o) && !r.strict:
		if !o.Known(r.target) {
			r.warn("option-too-new", at, "Option of a later release", "%s came with uWSGI %s. %s takes it for a placeholder, so it has no effect. Upgrade, or remove it.", o.Name, o.Since, r.version)
		}
	case info(o).Plugin != "" && !r.plugins[info(o).Plugin] && !r.autoload && !(r.strict && r.modular):
		plugin := info(o).Plugin
		where := "This is not one of the plugins compiled into the usual build"
		if r.modular {
			where = "Debian's build loads plugins as modules"
		}
		r.note("plugin-not-loaded", at, "Plugin not loaded", "%s is an option of the plugin %s. %s: without plugin = %s uWSGI takes it for a placeholder, and it has no effect.", o.Name, plugin, where, moduleFor(plugin))
	}
}

// suspectReferences reports references that stay in a value.
func (r *reader) suspectReferences(e *entry) {
	o := Catalogue().Lookup(e.key.s)
	if o == nil || e.null {
		if e.placeholder && strings.Contains(e.val.s, "$(") {
			r.warn("not-expanded", r.valueRange(e), "Placeholder value is not expanded",
				"The value of a set-placeholder is never expanded: whoever uses %%(%s) gets %s as it stands. Write %s = … as an option of its own instead, outside set-placeholder.", e.key.s, quote(e.val.s), e.key.s)
		}
		return
	}
	x := info(o)
	if x.Flags&Immediate != 0 {
		if ref := reference(e.raw.s); ref != "" && o.Type != "config-file" && o.Type != "name=value" && o.Type != "name=template" && o.Type != "command" && o.Type != "logic-end" {
			what := "sees the text " + quote(e.raw.s)
			switch o.Type {
			case "int", "octal":
				what = fmt.Sprintf("reads %d", cInt(e.raw.s))
			case "logic":
				if strings.HasPrefix(o.Name, "for") {
					what = "takes the whole reference for one item"
				} else {
					what = "tests the text " + quote(e.raw.s)
				}
			}
			r.warn("not-expanded", r.valueRange(e), "Value is not expanded here",
				"uWSGI applies %s while it reads, before $(…), @(…) and %%(…) are replaced, and %s. Write the value itself; only the %% letters, such as %%k, work here.", o.Name, what)
		}
		return
	}
	if canonical(o).Name == "log-format" || o.Type == "route-list" || e.layer == schema.LayerEnv {
		return
	}
	if i := strings.Index(e.val.s, "%("); i >= 0 {
		name, _, ok := strings.Cut(e.val.s[i+2:], ")")
		if !ok || strings.Contains(name, " ") {
			return
		}
		why := "There is no option of that name"
		if found := r.first[name]; found != nil && !found.null {
			why = "It comes out of another reference at the very beginning of the value, which uWSGI does not look at again"
		} else if o := Catalogue().Lookup(name); o != nil && r.aliasUsed(o) != "" {
			why = fmt.Sprintf("The option is set as %s, and references do not follow other names of an option", r.aliasUsed(o))
		}
		detail := "%%(%s) stays in the value of %s as it stands. %s."
		if len(r.open) > 0 || r.refused || r.fragment() {
			detail += " Another file that loads this one, or the command line, may set it."
			r.note("placeholder-unknown", r.valueRange(e), "Reference stays in the value", detail, name, e.key.s, why)
		} else {
			r.warn("placeholder-unknown", r.valueRange(e), "Reference stays in the value", detail, name, e.key.s, why)
		}
	}
}

// fragment tells whether a file, read on its own, looks like one that another loads: it does not say where to listen.
func (r *reader) fragment() bool {
	return len(r.in.Command) == 0 && !slices.ContainsFunc(r.applied, func(a applied) bool { return isServing(canonical(a.option).Name) })
}

func sameValue(a, b schema.Setting) bool {
	return a.Text == b.Text || a.OnHost.IsKnown() && b.OnHost.IsKnown() && a.OnHost.RawEquals(b.OnHost)
}

func (r *reader) aliasUsed(o *schema.Option) string {
	for _, e := range r.list {
		if p := Catalogue().Lookup(e.key.s); p != nil && p != o && canonical(p) == canonical(o) {
			return p.Name
		}
	}
	return ""
}

// reference gives the first $(…), @(…) or %(…) of a text.
func reference(s string) string {
	for _, open := range []string{"$(", "@(", "%("} {
		if i := strings.Index(s, open); i >= 0 && strings.Contains(s[i:], ")") {
			return s[i : i+strings.IndexByte(s[i:], ')')+1]
		}
	}
	return ""
}

// suspectRepeats reports scalars that one file sets twice (commands, such as print, run each time), and references that take another one of two values than
// the option itself.
func (r *reader) suspectRepeats(c *schema.Config) {
	for i := range c.Settings {
		s := &c.Settings[i]
		if s.Option == nil || s.Option.Multi || s.Option.Type == "command" || len(s.Shadowed) == 0 || s.Maybe {
			continue
		}
		old := s.Shadowed[0]
		if old.Layer != schema.LayerDefault && old.Layer == s.Layer && old.Source == s.Source && !old.Maybe && !sameValue(old, *s) && old.NameRange.Filename == s.NameRange.Filename {
			r.note("repeated-option", s.NameRange, "Option set twice", "%s is set to %s before, and the last one counts: %s.", s.Native, quote(old.Text), quote(s.Text)).
				Related = []schema.Related{{Message: "set before", Range: old.NameRange}}
		}
	}
	last := map[string]*entry{}
	for _, e := range r.list {
		last[e.key.s] = e
	}
	for name, e := range last {
		first := r.first[name]
		if first == e || !r.refs[name] || first.val.s == e.val.s || first.cond != nil || e.cond != nil {
			continue
		}
		if o := Catalogue().Lookup(name); o != nil && o.Multi || isTerminator(name) || o != nil && strings.HasPrefix(o.Type, "logic") {
			continue
		}
		r.warn("placeholder-first", r.keyRange(e), "References use the first value", "%s is defined more than once, and %%(%s) is always the first definition, %s, wherever it stands. Keep one.", name, name, quote(first.val.shown())).
			Related = []schema.Related{{Message: "the definition that references use", Range: r.keyRange(first)}}
	}
}

// oneWord are the options whose values are one word each: an address, a path, a name. A comment, quotes or a shell's
// variable in them cannot be meant.
var oneWord = []string{
	"socket", "uwsgi-socket", "http-socket", "http11-socket", "http", "httprouter", "fastcgi-socket", "scgi-socket", "stats", "stats-server",
	"chdir", "chdir2", "module", "callable", "wsgi-file", "home", "pythonpath", "uid", "gid", "pidfile", "pidfile2", "safe-pidfile", "logto", "logto2",
	"daemonize", "daemonize2", "touch-reload", "py-autoreload", "chown-socket", "paste", "emperor", "virtualenv", "master-fifo", "cheaper-algo",
}

// isOneWord tells whether an option's value is one word.
func isOneWord(o *schema.Option) bool { return slices.Contains(oneWord, canonical(o).Name) }
