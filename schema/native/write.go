package native

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
)

// WriteOptions say how WriteWith writes.
type WriteOptions struct {
	// All writes the settings that are gsrv's defaults, too.
	All bool
	// Above gives the comment lines to put above what is written of a setting, "#" included, each ended by a line break; a
	// setting that comes to several lines is asked for each of them. Nil for no comments.
	Above func(s *schema.Setting) string
	// Behind gives the comment to put behind the line of a setting, without "#"; empty for none.
	Behind func(s *schema.Setting) string
	// Keep tells that a setting is written although it is gsrv's default.
	Keep func(s *schema.Setting) bool
	// Placed is told how each setting was written.
	Placed func(s *schema.Setting, how Placed, why string)
	// HideHost leaves the value on the host out where an expression that depends on the environment cannot be said, so
	// that nothing of the environment gets into the file.
	HideHost bool
	// ExtraHead is the comment above the settings of an extra block, "#" included, ended by a line break.
	ExtraHead string
}

// Placed is the way in which a setting stands in gsrv.hcl.
type Placed uint8

// The ways.
const (
	PlacedExact   Placed = iota // as it means
	PlacedDefault               // not at all, as it is gsrv's default
	PlacedHost                  // as its value on the host that was read for, under a TODO
	PlacedTodo                  // as a TODO alone
	PlacedExtra                 // in an extra block
)

// WriteWith is Write with options.
func WriteWith(cfg *schema.Config, o WriteOptions) ([]byte, hcl.Diagnostics) { return write(cfg, o) }

// Write gives a configuration of any dialect as gsrv.hcl: what differs from gsrv's defaults, in the order of
// schema.Model, expressions kept as expressions. What HCL cannot say is written as the value on the host that was
// read for, under a "TODO(gsrv)" comment with the source; each is a note in the diagnostics. Settings that the common
// model lacks go into an extra block under the server's name.
func Write(cfg *schema.Config) ([]byte, hcl.Diagnostics) { return write(cfg, WriteOptions{}) }

// WriteAll is Write with the settings that are gsrv's defaults too.
func WriteAll(cfg *schema.Config) ([]byte, hcl.Diagnostics) {
	return write(cfg, WriteOptions{All: true})
}

type writer struct {
	cfg   *schema.Config
	all   bool
	opt   WriteOptions
	diags hcl.Diagnostics
	byOpt map[string]*schema.Setting
}

// above gives the comment to put above what is written of a setting.
func (w *writer) above(s *schema.Setting) string {
	if w.opt.Above == nil {
		return ""
	}
	return w.opt.Above(s)
}

func (w *writer) placed(s *schema.Setting, how Placed, why string) {
	if w.opt.Placed != nil {
		w.opt.Placed(s, how, why)
	}
}

func write(cfg *schema.Config, o WriteOptions) ([]byte, hcl.Diagnostics) {
	w := &writer{cfg: cfg, all: o.All, opt: o, byOpt: map[string]*schema.Setting{}}
	for i := range cfg.Model {
		w.byOpt[cfg.Model[i].Name] = &cfg.Model[i]
	}
	var parts []string
	for _, o := range cfg.Open {
		w.note(o.Src, "Other settings may be set: %s.", o.Reason)
		parts = append(parts, todo("other settings may be set: "+w.source(o)+" ("+o.Reason+")"))
	}
	for _, b := range root().blocks {
		if b.listener {
			parts = append(parts, w.listeners(b)...)
		} else if t := w.block(b); t != "" {
			parts = append(parts, t)
		}
	}
	parts = append(parts, w.extras()...)
	return hclwrite.Format([]byte(strings.Join(parts, "\n"))), w.diags
}

func (w *writer) note(at hcl.Range, detail string, args ...any) {
	w.diags = append(w.diags, schema.Notef("not-expressible", at, "Not said in gsrv.hcl", detail, args...))
}

// block writes a block with its nested ones; empty where there is nothing to say in it.
func (w *writer) block(b *block) string {
	var body strings.Builder
	label, head := "", ""
	for _, a := range b.attrs {
		s := w.byOpt[a.option.Name]
		if s == nil || !a.written() {
			continue
		}
		if a == b.label {
			if text, ok := labelText(s.Value); ok {
				label, head = " "+text, w.above(s)
				w.placed(s, PlacedExact, "")
				continue
			}
		}
		body.WriteString(w.attribute(a, s))
	}
	for _, c := range b.blocks {
		if t := w.block(c); t != "" {
			if body.Len() > 0 {
				body.WriteByte('\n')
			}
			body.WriteString(t)
		}
	}
	switch {
	case body.Len() > 0:
		return head + b.name + label + " {\n" + body.String() + "}\n"
	case label != "":
		return head + b.name + label + " {}\n"
	}
	return ""
}

// labelText writes plain text as a label.
func labelText(e schema.Expr) (string, bool) {
	v, ok := constant(e)
	if !ok || v.Type() != cty.String || v.IsNull() {
		return "", false
	}
	t, err := valueText(v)
	return t, err == nil
}

// constant gives the value of an expression that is the same on every host.
func constant(e schema.Expr) (cty.Value, bool) {
	if _, hook := e.(*schema.FuncRef); hook || e == nil || !schema.IsConst(e) {
		return cty.DynamicVal, false
	}
	v, diags := e.Eval(schema.NoHost)
	return v, !diags.HasErrors() && v != cty.NilVal && v.IsWhollyKnown()
}

// attribute writes one line, or the comment that stands for it.
func (w *writer) attribute(a *attribute, s *schema.Setting) string {
	if !w.all && w.isDefault(a.option, s) && (w.opt.Keep == nil || isNull(s.Value) || !w.opt.Keep(s)) {
		w.placed(s, PlacedDefault, "")
		return ""
	}
	if isNull(s.Value) {
		if a.option.Default == "" || s.Layer == schema.LayerDefault {
			w.placed(s, PlacedDefault, "")
			return ""
		}
		w.placed(s, PlacedTodo, "gsrv.hcl has no value that switches it off")
		w.note(s.Range, "%s is switched off here; gsrv.hcl has no value that means it.", a.option.Name)
		return w.above(s) + todo(fmt.Sprintf("%s is set to no value in %s, which has no counterpart", a.name, w.from(s)))
	}
	return w.above(s) + w.line(a.name, a.option, s)
}

// isDefault tells whether a setting has the value that gsrv uses without it.
func (w *writer) isDefault(o *schema.Option, s *schema.Setting) bool {
	v, ok := constant(s.Value)
	if !ok {
		return false
	}
	def := defaultOf(o)
	if v.IsNull() || def.IsNull() {
		return v.IsNull() && def.IsNull()
	}
	a, errA := constantText(o, v)
	b, errB := constantText(o, def)
	return errA == nil && errB == nil && a == b
}

// line writes name = value; where the expression cannot be said, the host's value under a comment.
func (w *writer) line(name string, o *schema.Option, s *schema.Setting) string {
	var text string
	var err error
	if o == nil {
		text, err = hclText(s.Value)
	} else {
		text, err = attributeText(o, s.Value)
	}
	if err != nil && w.cfg.Dialect == schema.Model.Server {
		text, err = ownSource(s.Value, err)
	}
	if err == nil {
		behind := ""
		if w.opt.Behind != nil && !strings.Contains(text, "\n") {
			if behind = w.opt.Behind(s); behind != "" {
				behind = " # " + behind
			}
		}
		if o == nil {
			w.placed(s, PlacedExtra, "")
		} else {
			w.placed(s, PlacedExact, "")
		}
		return name + " = " + text + behind + "\n"
	}
	shown := "written as " + w.sourceOf(s)
	known := ""
	if s.OnHost != cty.NilVal && s.OnHost.IsWhollyKnown() && !s.OnHost.IsNull() && !(w.opt.HideHost && fromEnvironment(s.Value)) && (o == nil || o.Type != "hook") {
		if o == nil {
			known, _ = valueText(s.OnHost)
		} else {
			known, _ = constantText(o, s.OnHost)
		}
	}
	full := name
	if o != nil {
		full = o.Name
	}
	if known == "" {
		w.placed(s, PlacedTodo, err.Error())
		w.note(s.Range, "%s is left out: %s.", full, err)
		return todo(fmt.Sprintf("%s is %s; %s", name, shown, err))
	}
	w.placed(s, PlacedHost, err.Error())
	w.note(s.Range, "%s is written as its value on the host that was read for: %s.", full, err)
	return todo(fmt.Sprintf("%s; %s; this is the value on the host that was read for", shown, err)) + name + " = " + known + "\n"
}

// fromEnvironment tells whether a value may hold something of the environment.
func fromEnvironment(e schema.Expr) bool {
	found := false
	schema.Walk(e, func(e schema.Expr) bool {
		switch e.(type) {
		case *schema.Env, *schema.Opaque:
			found = true
		}
		return !found
	})
	return found
}

// ownSource gives an expression of gsrv.hcl that the model cannot say as it was written, unless it refers to locals.
func ownSource(e schema.Expr, why error) (string, error) {
	o, ok := e.(*schema.Opaque)
	if !ok || strings.Contains(o.Source, "\n") {
		return "", why
	}
	x, diags := hclsyntax.ParseExpression([]byte(o.Source), "", startPos)
	if diags.HasErrors() || len(x.Variables()) > 0 {
		return "", why
	}
	return o.Source, nil
}

// todo makes a comment of one line.
func todo(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, " "))
	return "# TODO(gsrv): " + strings.Join(strings.Fields(text), " ") + "\n"
}

func (w *writer) from(s *schema.Setting) string {
	if s.Source != "" {
		return s.Source
	}
	return w.cfg.Dialect
}

// sourceOf gives the text a setting was written as.
func (w *writer) sourceOf(s *schema.Setting) string {
	if w.cfg.Files != nil {
		at := s.Range
		if src := w.cfg.Files.Text(at.Filename); src != nil && at.Start.Byte < at.End.Byte && at.CanSliceBytes(src) {
			return shortened(string(at.SliceBytes(src))) + " in " + w.from(s)
		}
	}
	if o := schema.FindOpaque(s.Value); o != nil {
		return w.source(o) + " in " + w.from(s)
	}
	return "an expression in " + w.from(s)
}

func (w *writer) source(o *schema.Opaque) string { return shortened(o.Source) }

func shortened(s string) string {
	if r := []rune(s); len(r) > 200 {
		return string(r[:200]) + "…"
	}
	return s
}

// A writtenListener is one listen block, taken from the model's settings.
type writtenListener struct {
	protocol string
	address  schema.Expr
	onHost   cty.Value
	list     bool // address is a list of addresses
	attrs    []schema.Setting
	setting  *schema.Setting
}

// listenersOf gives the listen blocks that the model's settings come to.
func listenersOf(b *block, model []schema.Setting) []writtenListener {
	byName := map[string]*schema.Setting{}
	for i := range model {
		byName[model[i].Name] = &model[i]
	}
	var out []writtenListener
	for _, a := range b.attrs {
		if s := byName[a.option.Name]; s != nil && a.role == schema.RoleProtocol {
			out = append(out, addressesOf(a.name, s)...)
		}
	}
	for i := range out {
		l := &out[i]
		for _, a := range b.attrs {
			s := byName[a.option.Name]
			switch {
			case s == nil:
			case a.role == schema.RoleUnixListener && !l.mayBeUnix():
			case a.role == schema.RoleListener || a.role == schema.RoleUnixListener:
				l.attrs = append(l.attrs, *s)
			case a.role == schema.RoleByAddress:
				l.override(b, s)
			}
		}
	}
	return out
}

func addressesOf(protocol string, s *schema.Setting) []writtenListener {
	each := func(items []schema.Expr, values []cty.Value) []writtenListener {
		var out []writtenListener
		for i, e := range items {
			out = append(out, writtenListener{protocol: protocol, address: e, onHost: values[i], setting: s})
		}
		return out
	}
	switch e := s.Value.(type) {
	case *schema.List:
		values := make([]cty.Value, len(e.Items))
		for i := range values {
			values[i] = cty.UnknownVal(cty.String)
		}
		if s.OnHost != cty.NilVal && s.OnHost.IsKnown() && isSequence(s.OnHost) && s.OnHost.LengthInt() == len(values) {
			values = s.OnHost.AsValueSlice()
		}
		return each(e.Items, values)
	case *schema.Const:
		if e.Val.IsKnown() && !e.Val.IsNull() && isSequence(e.Val) {
			var items []schema.Expr
			values := e.Val.AsValueSlice()
			for _, v := range values {
				items = append(items, &schema.Const{Val: v, Src: e.Src})
			}
			return each(items, values)
		}
		return nil
	}
	v := s.OnHost
	if v == cty.NilVal {
		v = cty.DynamicVal
	}
	return []writtenListener{{protocol: protocol, address: s.Value, onHost: v, list: true, setting: s}}
}

// addressKey names an address in the settings by address: its text, or the expression where it depends on the host.
func addressKey(e schema.Expr) string {
	if v, ok := constant(e); ok {
		if t, ok := schema.TextOf(v); ok {
			return t
		}
	}
	return canonical(e)
}

// override adds what is set for this address alone.
func (l *writtenListener) override(b *block, s *schema.Setting) {
	addresses, ok := s.Value.(*schema.Map)
	if !ok {
		return
	}
	key := addressKey(l.address)
	for i, k := range addresses.Keys {
		own, ok := addresses.Values[i].(*schema.Map)
		if k != key || !ok {
			continue
		}
		var values map[string]cty.Value
		if s.OnHost != cty.NilVal && s.OnHost.IsKnown() && s.OnHost.CanIterateElements() {
			if v := s.OnHost.AsValueMap()[k]; v != cty.NilVal && v.IsKnown() && v.CanIterateElements() {
				values = v.AsValueMap()
			}
		}
		for j, name := range own.Keys {
			a := b.attr(name)
			if a == nil {
				continue
			}
			o := *s
			o.Name, o.Native, o.Option, o.Value, o.OnHost = a.option.Name, a.option.Name, a.option, own.Values[j], cty.DynamicVal
			if v, ok := values[name]; ok {
				o.OnHost = v
			}
			l.set(o)
		}
	}
}

func (l *writtenListener) set(s schema.Setting) {
	for i := range l.attrs {
		if l.attrs[i].Name == s.Name {
			l.attrs[i] = s
			return
		}
	}
	l.attrs = append(l.attrs, s)
}

// mayBeUnix tells whether the address that is written is a unix socket, or one on other hosts: an expression that cannot be written
// stands as the value of this host.
func (l *writtenListener) mayBeUnix() bool {
	if !schema.UnixSocket(l.address) {
		return false
	}
	o := addressOption
	if l.list {
		o = addressesType
	}
	_, err := attributeText(o, l.address)
	return err == nil || l.onHost == cty.NilVal || unixSocket(l.onHost) != no
}

// listeners writes the listen blocks, none where they come to the default.
func (w *writer) listeners(b *block) []string {
	var out []string
	plain, kept := true, false
	blocks := listenersOf(b, w.cfg.Model)
	for _, l := range blocks {
		var body strings.Builder
		label := ""
		one := *l.setting
		one.Range = schema.At(l.address.Range(), one.Range)
		head := w.above(&one)
		kept = kept || head != ""
		if text, ok := labelText(l.address); ok && !l.list {
			label = " " + text
			w.placed(&one, PlacedExact, "")
			if l.onHost == cty.NilVal || !l.onHost.IsKnown() {
				l.onHost, _ = constant(l.address)
			}
		} else {
			s := *l.setting
			s.Value, s.OnHost, s.Option = l.address, l.onHost, addressOption
			if l.list {
				s.Option = addressesType
			}
			if len(blocks) == 1 || l.list {
				s.Range = l.setting.Range
			} else {
				s.Range = l.address.Range()
			}
			line := w.line(addressAttr, s.Option, &s)
			body.WriteString(line)
			if !strings.HasPrefix(line, addressAttr) && !strings.Contains(line, "\n"+addressAttr) {
				out = append(out, head+line) // a listen block without address is none
				continue
			}
		}
		if w.all || l.protocol != b.protocols()[0] {
			fmt.Fprintf(&body, "%s = %q\n", protocolAttr, l.protocol)
		}
		for _, s := range l.attrs {
			_, name, _ := strings.Cut(s.Name, ".")
			body.WriteString(w.attribute(b.attr(name), &s))
		}
		plain = plain && body.Len() == 0
		if body.Len() == 0 {
			out = append(out, head+b.name+label+" {}\n")
		} else {
			out = append(out, head+b.name+label+" {\n"+body.String()+"}\n")
		}
	}
	if plain && !w.all && !kept && w.defaultAddresses(b) {
		return nil
	}
	return out
}

// defaultAddresses tells whether every protocol listens where gsrv does without being told.
func (w *writer) defaultAddresses(b *block) bool {
	for _, a := range b.attrs {
		s := w.byOpt[a.option.Name]
		if a.role != schema.RoleProtocol || s == nil {
			continue
		}
		empty := &schema.Option{Type: "list", Default: "[]"}
		if !w.isDefault(a.option, s) && !(a.option.Default == "" && (isNull(s.Value) || w.isDefault(empty, s))) {
			return false
		}
	}
	return true
}

// extras writes what the common model has no name for, under the server it belongs to.
func (w *writer) extras() []string {
	order := []string{}
	bodies := map[string]*strings.Builder{}
	seen := map[string]bool{}
	for i := range w.cfg.Settings {
		s := &w.cfg.Settings[i]
		if s.Layer == schema.LayerDefault || s.Name != "" || s.Option != nil && s.Option.Model != "" {
			continue
		}
		server, name := w.cfg.Dialect, s.Native
		if rest, ok := strings.CutPrefix(name, extraBlock+"."); ok && w.cfg.Dialect == schema.Model.Server {
			server, name, _ = strings.Cut(rest, ".")
		}
		b := bodies[server]
		if b == nil {
			b = &strings.Builder{}
			b.WriteString(w.opt.ExtraHead)
			bodies[server] = b
			order = append(order, server)
		}
		b.WriteString(w.above(s))
		switch {
		case !hclsyntax.ValidIdentifier(name):
			w.placed(s, PlacedTodo, "it is no name that HCL can have")
			w.note(s.Range, "%q cannot be a name in gsrv.hcl.", name)
			b.WriteString(todo(fmt.Sprintf("%q is no name that HCL can have; %s", name, w.sourceOf(s))))
		case seen[server+"."+name]:
			w.placed(s, PlacedTodo, "it is set more than once")
			w.note(s.Range, "%s is set more than once.", name)
			b.WriteString(todo(fmt.Sprintf("%s is set again: %s", name, w.sourceOf(s))))
		default:
			seen[server+"."+name] = true
			b.WriteString(w.line(name, nil, s))
		}
	}
	var out []string
	for _, server := range order {
		label, err := valueText(cty.StringVal(server))
		if err != nil {
			continue
		}
		out = append(out, extraBlock+" "+label+" {\n"+bodies[server].String()+"}\n")
	}
	return out
}
