package migrate

import (
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"gsrv/migrate/write"
	"gsrv/schema"
	"gsrv/schema/native"
)

// target gives the configuration that is written: the source's, without defaults that say nothing and without what is no
// setting of the server.
func (n *migration) target() *schema.Config {
	given := *n.Config
	if n.form.write != nil {
		given.Model = slices.Clone(given.Model)
		for i := range given.Model {
			n.refuse(&given.Model[i])
			n.move(&given.Model[i])
			n.here(&given.Model[i])
		}
		return &given
	}
	given.Model = nil
	for _, s := range n.Config.Model {
		if s.Layer != schema.LayerDefault && (s.Option == nil || !s.Option.Derived || implied(s)) || s.Layer == schema.LayerDefault && pins(n.Config, s) {
			var note string
			if s.Value, note = write.Simplify(s.Value); note != "" {
				n.notes[s.Name] = note
			}
			if patterns := write.Patterns(n.Config); len(patterns) > 0 && s.Name == "app.python_path" {
				n.notes[s.Name] = write.PatternNote(patterns, "gsrv")
			}
			n.refuse(&s)
			n.move(&s)
			n.here(&s)
			given.Model = append(given.Model, s)
		}
	}
	given.Settings = nil
	for _, s := range n.Config.Settings {
		if s.Layer == schema.LayerDefault || s.Option == nil || s.Option.Derived || s.Name != "" || s.Option.Model != "" {
			continue
		}
		if fate := fateOf(n.Config.Dialect, s.Option); fate.class != write.Verbatim || n.modelled(s) || implied(s) {
			continue
		}
		if n.unsaid(s) {
			continue
		}
		s.Value, _ = write.Simplify(s.Value)
		given.Settings = append(given.Settings, s)
	}
	return &given
}

// unsaid tells whether an option of the server's own is set to nothing: None, or false where that is its default.
func (n *migration) unsaid(s schema.Setting) bool {
	c, ok := s.Value.(*schema.Const)
	if !ok || s.Option == nil || !c.Val.IsKnown() {
		return false
	}
	return c.Val.IsNull() || n.Config.Dialect == "gunicorn" && s.Option.Default == "false" && c.Val.Type() == cty.Bool && !c.Val.True()
}

// refuse makes a TODO of a setting that the target refuses.
func (n *migration) refuse(s *schema.Setting) {
	if why := n.refused[s.Name]; why != "" && s.Value != nil && s.Layer != schema.LayerDefault {
		s.Value = &schema.Opaque{Source: schema.PlainText(s.Value), Reason: n.title() + " refuses it: " + why, Src: s.Value.Range()}
		s.OnHost = cty.DynamicVal
	}
}

// move has a hook refer to the file that it was moved to.
func (n *migration) move(s *schema.Setting) {
	if f, ok := s.Value.(*schema.FuncRef); ok && n.hooks != nil && f.Def.Filename == n.hooks.from {
		moved := *f
		moved.Def.Filename = hooksName
		s.Value = &moved
	}
}

func implied(s schema.Setting) bool { return strings.Contains(s.Source, ", implied by ") }

// modelled tells whether a setting of the server's own became one of the model's.
func (n *migration) modelled(s schema.Setting) bool {
	for _, m := range n.Config.Model {
		if m.Native == s.Native && m.Layer != schema.LayerDefault {
			return true
		}
	}
	return false
}

// pins tells whether a default of the source is written where gsrv's differs: one that means something there.
func pins(cfg *schema.Config, s schema.Setting) bool {
	o := schema.Model.Lookup(s.Name)
	if o == nil || o.Type == "hook" || s.Value == nil || schema.FindOpaque(s.Value) != nil {
		return false
	}
	ok := true
	schema.Walk(s.Value, func(e schema.Expr) bool {
		if f, is := e.(*schema.HostFact); is && f.Fact != schema.CPUCount && f.Fact != schema.Hostname {
			ok = false
		}
		return ok
	})
	if !ok {
		return false
	}
	if c, is := s.Value.(*schema.Const); is {
		v := c.Val
		if v.IsNull() || v.CanIterateElements() && v.LengthInt() == 0 || v.Type() == cty.String && v.AsString() == "" {
			return false
		}
	}
	if l, is := s.Value.(*schema.List); is && len(l.Items) == 0 {
		return false
	}
	switch s.Name {
	case "log.syslog.address", "log.syslog.prefix", "log.syslog.facility":
		return isTrue(cfg, "log.syslog.enabled")
	case "metrics.statsd.prefix", "metrics.statsd.tags":
		return isSet(cfg, "metrics.statsd.address")
	case "proxy.protocol_trusted":
		return isTrue(cfg, "proxy.protocol")
	case "log.access.format":
		return isSet(cfg, "log.access.to")
	case "workers.minimum":
		return false
	case "tls.ciphers", "tls.client_certificate":
		return isSet(cfg, "tls.certificate")
	case "app.directory", "process.user", "process.group":
		return false // those of the start, without being told
	}
	return true
}

func isSet(cfg *schema.Config, name string) bool {
	s := cfg.Setting(name)
	return s != nil && s.Layer != schema.LayerDefault
}

func isTrue(cfg *schema.Config, name string) bool {
	s := cfg.Setting(name)
	if s == nil || s.OnHost == cty.NilVal || !s.OnHost.IsKnown() || s.OnHost.IsNull() || s.OnHost.Type() != cty.Bool {
		return s != nil
	}
	return s.OnHost.True()
}

func defaultText(name string) string {
	o := schema.Model.Lookup(name)
	if o == nil {
		return ""
	}
	v := defaultValue(o)
	if v.Type() == cty.Number {
		format := map[string]func(cty.Value) (string, bool){"duration": schema.FormatDuration, "size": schema.FormatSize}[o.Type]
		if format != nil {
			if text, ok := format(v); ok {
				return text
			}
		}
	}
	return o.Default
}

// writeNative writes gsrv.hcl; with comments once it is known where they belong.
func (n *migration) writeNative(comments bool) []byte {
	dialect := n.Config.Dialect
	o := native.WriteOptions{
		HideHost:  true,
		ExtraHead: "# TODO(gsrv): gsrv has no counterpart for these and does not use them; decide what becomes of each\n",
		Placed:    func(s *schema.Setting, how native.Placed, why string) { n.placed(s, how, why) },
		Keep: func(s *schema.Setting) bool {
			return slices.ContainsFunc(n.items(s), func(i int) bool { return n.keep[i] })
		},
		Behind: func(s *schema.Setting) string {
			if note := n.notes[s.Name]; note != "" {
				return "TODO(gsrv): " + note
			}
			if s.Layer != schema.LayerDefault || dialect == schema.Model.Server {
				return ""
			}
			if d := defaultText(s.Name); d != "" {
				return n.server() + "'s default; gsrv's is " + d
			}
			return n.server() + "'s default"
		},
	}
	if comments {
		o.Above = func(s *schema.Setting) string {
			var b strings.Builder
			for _, i := range n.items(s) {
				b.WriteString(n.comments(n.above[i]))
			}
			return b.String()
		}
	}
	text, _ := native.WriteWith(n.cfg, o)
	return text
}

// placed records how a setting was written in gsrv.hcl.
func (n *migration) placed(s *schema.Setting, how native.Placed, why string) {
	target := s.Name
	if how == native.PlacedExtra || target == "" {
		target = "extra." + n.Config.Dialect + "." + s.Native
	}
	w := written{target: target, stands: how != native.PlacedDefault}
	switch how {
	case native.PlacedExact:
		w.class = write.Exact
	case native.PlacedDefault:
		w.class, w.why = write.ExactByDefault, "gsrv's default"
	case native.PlacedHost:
		w.class, w.why = write.Approximated, "written as the value on the host that was read for: "+why
	case native.PlacedTodo:
		w.class, w.why = write.Verbatim, "left as a TODO: "+strings.Replace(why, "not known: "+n.title()+" refuses it", n.title()+" refuses it", 1)
	case native.PlacedExtra:
		w.class, w.why = write.Verbatim, "gsrv has no counterpart; kept in an extra block"
		if s.Option != nil {
			w.why = fateOf(n.Config.Dialect, s.Option).reason + "; kept in an extra block"
		}
	}
	items := n.items(s)
	n.put(s.Name, items, w)
	line := write.Line{Model: s.Name, Source: s.Native, Native: []string{target}, Class: w.class, Note: why}
	for _, i := range items {
		line.From = append(line.From, n.parts[i].whole)
	}
	if s.Layer == schema.LayerDefault {
		line.Class, line.Note = write.PinnedDefault, n.server()+"'s default"
	}
	again := line.Class == write.PinnedDefault && slices.ContainsFunc(n.lines, func(l write.Line) bool { return l.Model == line.Model })
	if how != native.PlacedDefault && !again {
		n.lines = append(n.lines, line)
	}
}
