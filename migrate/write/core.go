package write

import (
	"slices"
	"strings"
	"unicode"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
)

// A core holds what every writer needs: the source's settings by model name, what the target does without being told,
// and the lines written so far.
type core struct {
	cfg    *schema.Config
	target string
	// source is the server whose meaning the settings have: gunicorn, uwsgi, waitress, native …
	source   string
	settings map[string]*schema.Setting
	// defaults are the target's model settings of an empty configuration.
	defaults map[string]*schema.Setting
	items    []item
	told     map[string]bool
	// above gives the source's comments for a line; nil for none.
	above func(Line) []string
}

// An item is one setting as it is written: comments, and lines of code below them.
type item struct {
	line    Line
	comment []string
	code    []string
	// lost is the setting as its source has it, and reason why it is not carried over, where that is all there is to it.
	lost, reason string
	// joined are the lines of further settings that the comment is about.
	joined []Line
}

// always are settings that a server does not have because it can do no other way.
var always = map[string]map[string]cty.Value{
	"gunicorn": {
		"app.required": cty.True, "workers.master": cty.True, "workers.python_threads": cty.True, "workers.single_interpreter": cty.True,
		"process.stop_on_term": cty.True, "http.limits.request_head": cty.Zero,
	},
	"uwsgi": {"log.error.to": cty.StringVal("-")},
	"waitress": {
		"app.required": cty.True, "workers.python_threads": cty.True, "workers.single_interpreter": cty.True, "process.stop_on_term": cty.True,
		"workers.timeout": cty.Zero, "workers.preload": cty.True,
	},
	"uvicorn": {
		"app.required": cty.True, "workers.python_threads": cty.True, "workers.single_interpreter": cty.True, "process.stop_on_term": cty.True,
	},
}

func newCore(cfg *schema.Config, target string, defaults *schema.Config) *core {
	c := &core{cfg: cfg, target: target, source: cfg.Server, settings: map[string]*schema.Setting{}, defaults: map[string]*schema.Setting{}, told: map[string]bool{}}
	if c.source == "" {
		c.source = cfg.Dialect
	}
	if cfg.Dialect == schema.Model.Server {
		c.source = schema.Model.Server
	}
	for i := range cfg.Model {
		s := cfg.Model[i]
		if s.Layer != schema.LayerDefault && (target == "gunicorn" || target == "uwsgi") {
			if short, note := simplified(s.Value); note == "" && s.Value != nil {
				s.Value = short
			}
		}
		if s.Name == "app.python_path" && s.Value != nil && (target == "gunicorn" || target == "uwsgi") {
			s.Value, _ = schema.Reversed(s.Value) // each of them puts the next one in front
		}
		c.settings[s.Name] = &s
	}
	if c.source == "uwsgi" && target != "uwsgi" {
		c.resolveShared()
	}
	for name, v := range always[c.source] {
		if c.settings[name] == nil {
			text, _ := schema.TextOf(v)
			c.settings[name] = &schema.Setting{Name: name, Value: &schema.Const{Val: v}, OnHost: v, Text: text, Layer: schema.LayerDefault, Source: c.source}
		}
	}
	for i := range defaults.Model {
		c.defaults[defaults.Model[i].Name] = &defaults.Model[i]
	}
	for name, v := range always[target] {
		if c.defaults[name] == nil {
			c.defaults[name] = &schema.Setting{Name: name, Value: &schema.Const{Val: v}, OnHost: v}
		}
	}
	return c
}

// given gives a setting that the source makes itself, or nil where it has none or leaves it at its default.
func (c *core) given(name string) *schema.Setting {
	if s := c.settings[name]; s != nil && s.Layer != schema.LayerDefault {
		return s
	}
	return nil
}

// constant gives the value of an expression that is the same on every host.
func constant(e schema.Expr) (cty.Value, bool) {
	if e == nil || !schema.IsConst(e) {
		return cty.DynamicVal, false
	}
	if _, hook := e.(*schema.FuncRef); hook {
		return cty.DynamicVal, false
	}
	v, diags := e.Eval(schema.NoHost)
	return v, !diags.HasErrors() && v != cty.NilVal && v.IsWhollyKnown()
}

// isDefault tells whether a setting has the value that the target uses without it, on every host.
func (c *core) isDefault(s *schema.Setting) bool {
	d := c.defaults[s.Name]
	v, ok := constant(s.Value)
	if d == nil {
		return ok && v.IsNull()
	}
	if d.Value != nil && s.Value != nil && schema.ExprText(d.Value) == schema.ExprText(s.Value) {
		return true
	}
	w, known := constant(d.Value)
	return ok && known && schema.ValueText(v) == schema.ValueText(w)
}

// isFact tells whether an expression is a fact of the host alone: its account, its directory.
func isFact(e schema.Expr) bool {
	if c, ok := e.(*schema.Call); ok && len(c.Args) == 1 && c.Func == "convert_text" {
		e = c.Args[0]
	}
	_, ok := e.(*schema.HostFact)
	return ok
}

// pasteApp gives the Paste file of the application with the name of its section, where it is not main; false for an
// application that is none of Paste's.
func (c *core) pasteApp() (string, bool) {
	file, ok := c.textOf("app.paste_file")
	if !ok || file == "" {
		return "", false
	}
	file = strings.TrimPrefix(file, "config:")
	if uri, ok := c.textOf("app.module"); ok && strings.HasPrefix(uri, "config:") && !strings.Contains(file, "#") {
		if _, name, found := strings.Cut(uri, "#"); found && name != "main" {
			file += "#" + name
		}
	}
	return file, true
}

// fromPaste tells whether the application's name is that of a Paste file, which app.paste_file stands for.
func (c *core) fromPaste() bool {
	uri, ok := c.textOf("app.module")
	_, paste := c.pasteApp()
	return ok && paste && strings.HasPrefix(uri, "config:")
}

// listens gives a setting of addresses that has some.
func (c *core) listens(name string) *schema.Setting {
	s := c.given(name)
	if s == nil {
		return nil
	}
	if v, ok := constant(s.Value); ok && (v.IsNull() || v.CanIterateElements() && v.LengthInt() == 0) {
		return nil
	}
	return s
}

// truthOf gives a constant truth value of a setting; known is false where it is none.
func (c *core) truthOf(name string) (value, known bool) {
	s := c.settings[name]
	if s == nil {
		return false, false
	}
	v, ok := constant(s.Value)
	if !ok || v.IsNull() || v.Type() != cty.Bool {
		return false, false
	}
	return v.True(), true
}

// textOf gives a constant text of a setting.
func (c *core) textOf(name string) (string, bool) {
	s := c.settings[name]
	if s == nil {
		return "", false
	}
	return constText(s.Value)
}

func constText(e schema.Expr) (string, bool) {
	v, ok := constant(e)
	if !ok || v.IsNull() || v.Type() != cty.String {
		return "", false
	}
	return v.AsString(), true
}

// numberOf gives a constant whole number of a setting.
func (c *core) numberOf(name string) (int64, bool) {
	s := c.settings[name]
	if s == nil {
		return 0, false
	}
	v, ok := constant(s.Value)
	if !ok || v.IsNull() || v.Type() != cty.Number {
		return 0, false
	}
	n, _ := v.AsBigFloat().Int64()
	return n, v.AsBigFloat().IsInt()
}

// support gives what the target's table says of a setting, for this source.
func (c *core) support(s *schema.Setting) Support {
	if s.Name == "" {
		return Support{Class: Exact} // a setting of the target's own
	}
	sup, ok := Supports(c.target, s.Name)
	if !ok {
		return Support{Class: Verbatim, Words: c.target + " has no such setting."}
	}
	if s.Name == "workers.timeout" || s.Name == "workers.recycle.jitter" {
		if v, ok := constant(s.Value); ok && !v.IsNull() && v.Type() == cty.Number && v.AsBigFloat().Sign() == 0 {
			return Support{Class: Exact} // "never" is the same everywhere
		}
	}
	if s.Name == "workers.timeout" && (c.target == "gunicorn" || c.target == "uwsgi") && c.perRequest() {
		return Support{Class: Exact}
	}
	return sup.from(c.source)
}

// line starts what is told of a setting.
func (c *core) line(s *schema.Setting, class Class, note string, native ...string) Line {
	l := Line{Model: s.Name, Source: s.Native, Native: native, Class: class, Note: note}
	if s.Layer != schema.LayerDefault {
		at := s.Range
		if at.Filename == "" {
			at = s.NameRange
		}
		if at.Filename != "" {
			l.From = []hcl.Range{at}
		}
	}
	return l
}

// add writes a setting; a note of the line becomes a comment above it.
func (c *core) add(l Line, code ...string) {
	it := item{line: l, code: code}
	switch {
	case l.Class.Lost():
		it.comment = []string{"TODO(gsrv): " + l.Note}
	case l.Note != "" && len(code) > 0 && (l.Class == PinnedDefault || !c.told[l.Note]):
		it.comment = []string{l.Note}
		c.told[l.Note] = true // what is true of several settings is told once
	}
	c.items = append(c.items, it)
}

// silent tells of a setting that needs no line.
func (c *core) silent(s *schema.Setting, class Class, note string) {
	c.items = append(c.items, item{line: c.line(s, class, note)})
}

// todo writes the comment that stands for a setting which the target cannot take as it is.
func (c *core) todo(s *schema.Setting, class Class, reason string) {
	l := c.line(s, class, reason)
	shown := c.shown(s)
	c.items = append(c.items, item{line: l, comment: []string{"TODO(gsrv): " + shown + " is not carried over. " + reason}, lost: shown, reason: reason})
}

// mostShown is the length from which settings that are not carried over are told by name alone.
const mostShown = 240

// gathered puts settings that are not carried over for one reason, one after the other in a group, into one comment.
func (c *core) gathered() []item {
	var out []item
	last := -1 // the item of out that a further setting may join
	var names []string
	for _, it := range c.items {
		switch {
		case it.lost == "":
			if len(it.comment)+len(it.code) > 0 {
				last = -1
			}
			out = append(out, it)
		case last >= 0 && out[last].reason == it.reason && group(out[last].line) == group(it.line):
			names = append(names, it.lost)
			out[last].joined = append(out[last].joined, it.line)
			shown := strings.Join(names, ", ")
			if len([]rune(shown)) > mostShown && len(names) > 2 { // the source has their values
				keys := []string{out[last].line.Source}
				for _, l := range out[last].joined {
					keys = append(keys, l.Source)
				}
				if !slices.Contains(keys, "") {
					shown = strings.Join(keys, ", ")
				}
			}
			out[last].comment = []string{"TODO(gsrv): " + shown + " are not carried over. " + it.reason}
			out = append(out, item{line: it.line})
		default:
			names = []string{it.lost}
			last = len(out)
			out = append(out, it)
		}
	}
	return out
}

func group(l Line) string {
	g, _, _ := strings.Cut(l.Model, ".")
	return g
}

// shown is a setting as its source has it, in one line.
func (c *core) shown(s *schema.Setting) string {
	name := s.Native
	if name == "" {
		name = s.Name
	}
	text, value := s.Text, s.Value
	if s.Name != "" && s.Native != "" { // in the server's own units
		if own := c.cfg.Setting(s.Native); own != nil && own.Native == s.Native && own.Range == s.Range && own.Value != nil {
			value = own.Value
		}
	}
	if value != nil {
		if short, note := simplified(value); note == "" && c.source == "uwsgi" { // its conditions are blocks around it
			value = short
		}
		text = schema.PlainText(value)
		if v, ok := constant(value); ok && s.Native == "umask" && !v.IsNull() && v.Type() == cty.Number {
			n, _ := v.AsBigFloat().Int64()
			text = octalLiteral(n)
		}
	}
	return name + " = " + shortened(text)
}

func shortened(s string) string {
	if r := []rune(s); len(r) > 200 {
		return string(r[:200]) + "…"
	}
	return s
}

// variableOf gives the first environment variable of an expression.
func variableOf(e schema.Expr) string {
	name := ""
	schema.Walk(e, func(e schema.Expr) bool {
		if env, ok := e.(*schema.Env); ok && name == "" {
			name = env.Name
		}
		return name == ""
	})
	return name
}

// idle tells that a default of the source has no effect, because what it belongs to is off.
func (c *core) idle(s *schema.Setting) bool {
	if s.Name == "listen.mode" || s.Name == "listen.owner" {
		return !c.unixSocket(s.Layer != schema.LayerDefault)
	}
	if s.Layer != schema.LayerDefault {
		return false
	}
	for _, w := range []struct{ names, needs string }{
		{"log.syslog.address log.syslog.prefix log.syslog.facility", "log.syslog.enabled"},
		{"metrics.statsd.prefix metrics.statsd.tags", "metrics.statsd.address"},
		{"proxy.protocol_trusted", "proxy.protocol"},
		{"tls.key tls.client_ca tls.client_certificate tls.ciphers tls.suppress_ragged_eofs tls.handshake_on_connect", "tls.certificate"},
		{"reload.engine reload.files", "reload.enabled"},
		{"workers.recycle.jitter", "workers.recycle.requests"},
	} {
		if slices.Contains(strings.Fields(w.names), s.Name) {
			return c.given(w.needs) == nil
		}
	}
	return false
}

// unixSocket tells whether an address is a unix socket, or may be one.
func (c *core) unixSocket(perhaps bool) bool {
	for name := range socketOptions {
		l := c.settings[name]
		if l == nil || l.Value == nil {
			continue
		}
		if text := schema.ExprText(l.Value); strings.Contains(text, "unix:") || perhaps && (schema.UnixSocket(l.Value) || strings.Contains(text, "fd://")) {
			return true
		}
	}
	return false
}

// idleWords say why a setting has nothing to act on.
func idleWords(s *schema.Setting) string {
	if s.Name == "listen.mode" || s.Name == "listen.owner" {
		return "no address is a unix socket"
	}
	return "what it belongs to is off"
}

// sourceTitle names the source's configuration.
func (c *core) sourceTitle() string {
	if c.source == schema.Model.Server {
		return "gsrv.hcl"
	}
	return title(c.source)
}

// title is a server's name as it is written in text.
func title(server string) string {
	switch server {
	case "uwsgi":
		return "uWSGI"
	case "native":
		return "gsrv"
	case "":
		return "the source"
	}
	return server
}

// oneLine makes text fit for one line of a comment.
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, " "))
	return strings.Join(strings.Fields(text), " ")
}

// wrap parts a comment into lines of at most width runes, as words allow.
func wrap(text string, width int) []string {
	var lines []string
	line, n := "", 0
	for word := range strings.FieldsSeq(oneLine(text)) {
		size := len([]rune(word))
		if n > 0 && n+1+size > width {
			lines = append(lines, line)
			line, n = "", 0
		}
		if n > 0 {
			line += " "
			n++
		}
		line += word
		n += size
	}
	if n > 0 {
		lines = append(lines, line)
	}
	return lines
}

// render puts the items together: a blank line between groups (the first part of the model's names).
func (c *core) render(b *strings.Builder, comment func(string) string) []Line {
	var lines []Line
	before := ""
	for _, it := range c.gathered() {
		lines = append(lines, it.line)
		if len(it.comment)+len(it.code) == 0 {
			continue
		}
		if g := group(it.line); g != before {
			if b.Len() > 0 {
				b.WriteByte('\n')
			}
			before = g
		}
		if c.above != nil {
			for _, l := range append([]Line{it.line}, it.joined...) {
				for _, text := range c.above(l) {
					b.WriteString(strings.TrimRight(comment(text), " \t") + "\n")
				}
			}
		}
		for _, text := range it.comment {
			for _, l := range wrap(text, 110) {
				b.WriteString(comment(l) + "\n")
			}
		}
		for _, l := range it.code {
			b.WriteString(l + "\n")
		}
	}
	return lines
}
