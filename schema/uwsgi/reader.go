package uwsgi

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
)

// Bounds on what one configuration may make of itself. Real ones have some dozens of options.
const (
	maxEntries = 20_000    // options in the list, the turns of loops included
	maxDepth   = 64        // configuration files loading each other
	maxText    = 16 << 20  // bytes that expansion may produce in all
	maxReports = 200       // warnings and notes
	maxSteps   = 4_000_000 // characters looked at while placeholders are expanded, in all
	maxValue   = 300_000   // and in one value
)

// An entry is one option in uWSGI's list, known or not.
type entry struct {
	key text
	// val is the value as far as it is expanded, raw as it was read. null tells that there is none, which only
	// the command line can do.
	val, raw text
	null     bool
	// configured entries are done with: immediate ones, and placeholders.
	configured  bool
	placeholder bool
	// synthetic marks the option that loads a file which is read without a command line.
	synthetic bool
	// cond is the host's condition under which the entry is there at all; nil for certain.
	cond schema.Expr
	// block is the directive that let the entry in, if any.
	block *block

	layer  schema.LayerKind
	source string
	// keyRange and valRange are set where the texts do not know their place.
	keyRange, valRange hcl.Range
}

// An applied option is an entry whose handler ran, in the order of the handlers.
type applied struct {
	option *schema.Option
	entry  *entry
	val    text
	null   bool
}

// reader goes through uWSGI's phases for one start of it.
type reader struct {
	in      schema.Input
	dir     string
	version string
	target  schema.Version
	// modular tells the distribution's build, in which plugins are loaded as modules.
	modular    bool
	onMachine  bool
	plugins    map[string]bool
	pluginDirs []string

	magic      magicTable
	magicFirst bool
	lastIni    string
	haveIni    bool
	stdinUsed  bool
	stack      []string

	list  []*entry
	first map[string]*entry

	applied []applied
	implied map[Flag]*entry
	custom  map[string]text

	block        *block
	blockRunning bool
	cond         schema.Expr

	strict, autoload     bool
	strictAt             *entry
	blacklist, whitelist *string
	injectBefore         []*entry
	injectAfter          []*entry
	envOverlay           map[string]string

	layer  schema.LayerKind
	source string

	// refs are the names that some value mentions as %(name) or tests with if-opt.
	refs map[string]bool

	textMade, steps, depth int

	diags   hcl.Diagnostics
	refused bool
	// stopped tells that nothing more is read: uWSGI has exited, or a bound was met. exit is uWSGI's status then.
	stopped bool
	quit    *entry
	open    []*schema.Opaque
}

func (r *reader) keyRange(e *entry) hcl.Range {
	if e.keyRange.Filename != "" {
		return e.keyRange
	}
	return e.key.rng()
}

// valueRange is where the value stands, or the key where there is none.
func (r *reader) valueRange(e *entry) hcl.Range {
	if e.valRange.Filename != "" {
		return e.valRange
	}
	if at := e.raw.rng(); at.Filename != "" {
		return at
	}
	return r.keyRange(e)
}

// refuse records what uWSGI exits for. The start is refused; reading goes on to find what else there is.
func (r *reader) refuse(code string, at hcl.Range, summary, server, detail string, args ...any) *schema.Detail {
	d := schema.Errorf(code, at, summary, detail, args...)
	schema.DetailOf(d).ServerMessage = server
	if !r.stopped && !(r.full() && r.refused) {
		r.diags = append(r.diags, d)
		r.refused = true
	}
	return schema.DetailOf(d)
}

func (r *reader) warn(code string, at hcl.Range, summary, detail string, args ...any) *schema.Detail {
	return r.report(schema.Warnf(code, at, summary, detail, args...))
}

func (r *reader) note(code string, at hcl.Range, summary, detail string, args ...any) *schema.Detail {
	return r.report(schema.Notef(code, at, summary, detail, args...))
}

// report keeps a diagnostic, up to the bound.
func (r *reader) report(d *hcl.Diagnostic) *schema.Detail {
	if !r.stopped && !r.full() {
		r.diags = append(r.diags, d)
		if r.full() {
			r.diags = append(r.diags, schema.Notef("more-problems", *d.Subject, "More problems", "There are more problems than the %d that are shown. Mend these first.", maxReports))
		}
	}
	return schema.DetailOf(d)
}

func (r *reader) full() bool { return len(r.diags) >= maxReports }

// limit stops reading at a bound.
func (r *reader) limit(code string, at hcl.Range, summary, detail string, args ...any) {
	r.refuse(code, at, summary, "", detail, args...)
	r.stopped = true
}

// opaque records that options may come from where gsrv does not look.
func (r *reader) opaque(src, reason string, at hcl.Range) {
	r.open = append(r.open, &schema.Opaque{Source: src, Reason: reason, Src: at})
}

// lookup gives the option of a name as it is known at the moment: the release has it and its plugin is loaded.
func (r *reader) lookup(name string) *schema.Option {
	o := Catalogue().Lookup(name)
	if o == nil || !r.available(o) || r.modular && !r.autoload && !r.loaded(o) {
		return nil
	}
	return o
}

// available tells whether the release has the option, on Linux.
func (r *reader) available(o *schema.Option) bool {
	return o.Known(r.target) && !strings.Contains(info(o).Cond, "__FreeBSD__") && !strings.Contains(info(o).Cond, "UWSGI_SSL_SESSION_CACHE")
}

// add is uWSGI's add_exported_option: an option joins the list, unless a block decides otherwise, and acts if it is
// an immediate one.
func (r *reader) add(e *entry) {
	if r.stopped {
		return
	}
	if !r.allowed(e) {
		return
	}
	if !r.blockRunning {
		if isTerminator(e.key.s) {
			r.block = nil
		}
		if r.block != nil {
			r.runBlock(e)
			return
		}
	}
	if len(r.list) >= maxEntries {
		r.limit("too-many-options", r.keyRange(e), "Too many options", "The configuration makes more than %d options. Nothing after this one is read.", maxEntries)
		return
	}
	e.layer, e.source = r.layer, r.source
	if r.cond != nil {
		e.cond = r.cond
	}
	if e.block == nil {
		e.block = r.block
	}
	r.list = append(r.list, e)
	if r.first[e.key.s] == nil {
		r.first[e.key.s] = e
	}
	r.mention(e)
	if e.placeholder {
		if r.lookup(e.key.s) != nil {
			r.refuse("placeholder-is-option", r.keyRange(e), "Placeholder with an option's name",
				fmt.Sprintf("you cannot use %s as a placeholder, it is already available as an option", e.key.s),
				"%s is an option of uWSGI's, and set-placeholder takes only other names. Use set, or another name.", e.key.s)
		}
		e.configured = true
		return
	}
	if template, ok := r.custom[e.key.s]; ok && Catalogue().Lookup(e.key.s) == nil {
		e.configured = true
		r.applyCustom(template, e)
		return
	}
	o := r.lookup(e.key.s)
	if o == nil {
		r.unknownNow(e)
		return
	}
	x := info(o)
	if x.Flags&^Immediate != 0 && e.cond == nil {
		for f := ImpliesMaster; f <= ImpliesMetrics; f <<= 1 {
			if x.Flags&f != 0 && r.implied[f] == nil {
				r.implied[f] = e
			}
		}
	}
	if x.Flags&Immediate != 0 {
		e.configured = true
		r.handle(o, e, e.val, e.null)
	}
}

// allowed checks the lists of forbidden and of permitted options.
func (r *reader) allowed(e *entry) bool {
	name := e.key.s
	word := ""
	switch {
	case r.blacklist != nil && hasWord(*r.blacklist, name):
		word = "blacklist"
	case r.whitelist != nil && !hasWord(*r.whitelist, name):
		word = "whitelist"
	default:
		return true
	}
	how := "the whitelist before it does not name it"
	if word == "blacklist" {
		how = "the blacklist before it names it"
	}
	r.refuse("forbidden-option", r.keyRange(e), "Forbidden option", fmt.Sprintf("uWSGI error: forbidden option %q (by %s)", name, word),
		"%s is not allowed here: %s. uWSGI exits. Remove the option, or close the list with end-%s.", name, how, word)
	return false
}

func hasWord(list, name string) bool {
	for _, w := range strings.FieldsFunc(list, func(c rune) bool { return c == ' ' }) {
		if strings.EqualFold(w, name) {
			return true
		}
	}
	return false
}

// unknownNow meets a name that is no option at the moment. Under strict that ends the start; otherwise the entry
// stays in the list as a placeholder and is looked at again when the options are applied.
func (r *reader) unknownNow(e *entry) {
	if !r.strict || e.cond != nil {
		return
	}
	r.strictRefusal(e)
	e.configured = true
}

func (r *reader) strictRefusal(e *entry) {
	name := e.key.s
	detail := fmt.Sprintf("%s is no option of uWSGI %s, and strict refuses what it does not know.", name, r.version)
	out := " Remove it, or declare it as your own with set-placeholder = " + name + "=VALUE."
	if o := Catalogue().Lookup(name); o != nil {
		if plugin := info(o).Plugin; plugin != "" && !r.loaded(o) {
			detail = fmt.Sprintf("%s is an option of the plugin %s, which is not loaded at this place, and strict refuses what it does not know.", name, plugin)
			out = fmt.Sprintf(" Put plugin = %s before it.", moduleFor(plugin))
		} else if !o.Known(r.target) {
			detail = fmt.Sprintf("%s came with uWSGI %s, and strict refuses what %s does not know.", name, o.Since, r.version)
			out = " Remove it, or upgrade."
		}
	} else if near := nearest(name); near != "" {
		out = " Was " + near + " meant?"
	}
	d := r.refuse("unknown-option", r.keyRange(e), "Unknown option under strict", "[strict-mode] unknown config directive: "+name, "%s", detail+out)
	if near := nearest(name); near != "" && Catalogue().Lookup(name) == nil {
		d.Suggest = near
	}
}

// moduleFor names the module of a plugin as a plugin line would.
func moduleFor(plugin string) string {
	switch plugin {
	case "python":
		return "python3"
	case "gevent", "asyncio", "greenlet", "tornado":
		return "python3," + plugin + "_python3"
	}
	return plugin
}

// mention notes the names that a value refers to.
func (r *reader) mention(e *entry) {
	if o := Catalogue().Lookup(e.key.s); o != nil {
		if name := canonical(o).Name; name == "log-format" {
			return
		} else if name == "if-opt" || name == "if-not-opt" || name == "get" {
			n, _, _ := strings.Cut(e.val.s, "=")
			r.refs[n] = true
		}
	}
	s := e.val.s
	for {
		i := strings.Index(s, "%(")
		if i < 0 {
			return
		}
		s = s[i+2:]
		j := strings.IndexByte(s, ')')
		if j < 0 {
			return
		}
		r.refs[s[:j]] = true
		for _, w := range strings.Fields(s[:j]) {
			r.refs[w] = true
		}
	}
}

// env gives an environment variable as uWSGI sees it while it reads its options.
func (r *reader) env(name string) (string, schema.EnvState) {
	if v, ok := r.envOverlay[name]; ok {
		return v, schema.EnvSet
	}
	if strings.Contains(name, unknown) {
		return "", schema.EnvUnknown
	}
	return r.in.Host.Env(name)
}
