package gunicorn

import (
	"math/big"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
	"gsrv/schema/python/value"
)

// model gives the effective settings in the terms of the common model.
func (r *reader) model() []schema.Setting {
	var native []schema.Setting
	for _, s := range r.cfg.Settings {
		switch s.Native {
		case "worker_class", "sendfile", "proxy_protocol", "cert_reqs", "statsd_host", "loglevel", "wsgi_app", "bind", "raw_paste_global_conf", "paste":
			continue // these take more than a conversion
		case "logger_class":
			if s.Layer == schema.LayerDefault {
				continue
			}
		}
		native = append(native, plainConstants(s))
	}
	out := schema.ToModel(native)
	out = append(out, r.modelBind(), r.modelWorkerClass())
	for _, m := range []struct {
		native, model string
		convert       func(cty.Value) cty.Value
	}{
		{"sendfile", "http.send_file", r.sendFile},
		{"proxy_protocol", "proxy.protocol", proxyProtocolOn},
		{"cert_reqs", "tls.client_certificate", certificatePolicy},
		{"statsd_host", "metrics.statsd.address", statsdText},
		{"loglevel", "log.level", levelName},
		{"raw_paste_global_conf", "app.paste_variables", pasteVariables},
	} {
		if s := r.cfg.Setting(m.native); s != nil && s.Native == m.native {
			out = append(out, converted(*s, m.model, m.convert))
		}
	}
	out = append(out, r.modelApp()...)
	if !unixSocket(out) {
		out = slices.DeleteFunc(out, func(s schema.Setting) bool { return s.Name == "listen.mode" && s.Layer == schema.LayerDefault })
	}
	schema.ReverseSearchPath(out)
	schema.SortModel(out)
	return out
}

// unixSocket tells whether an address is or may be a unix socket, the one thing that umask is for (gunicorn/sock.py sets it to bind,
// and sets it back: 20.1.0 gives the application's files the inherited one).
func unixSocket(model []schema.Setting) bool {
	return slices.ContainsFunc(model, func(s schema.Setting) bool {
		return (s.Name == "listen.http" || s.Name == "listen.uwsgi") && s.Value != nil &&
			(strings.Contains(schema.ExprText(s.Value), "unix:") || s.OnHost != cty.NilVal && s.OnHost.IsKnown() && strings.Contains(schema.ValueText(s.OnHost), "unix:"))
	})
}

// plainConstants gives a setting whose constant expressions are what gunicorn's validator made of them, so that
// "0x10" counts as 16.
func plainConstants(s schema.Setting) schema.Setting {
	if s.Value != nil && schema.IsConst(s.Value) && s.OnHost != cty.NilVal && s.OnHost.IsWhollyKnown() {
		if _, ok := s.Value.(*schema.FuncRef); !ok {
			s.Value = &schema.Const{Val: s.OnHost, Src: s.Value.Range()}
		}
	}
	if env, ok := s.Value.(*schema.Env); ok && s.Option != nil && s.Option.Type == "bool" {
		s.Value = textTruth(env)
	}
	return s
}

// textTruth is what gunicorn makes of the text of a variable where it takes a truth value: "true" is one in whatever letters,
// "false" and None are not, and for all else it does not start.
func textTruth(env *schema.Env) schema.Expr {
	e := *env
	if c, ok := e.Default.(*schema.Const); ok && !c.Val.IsNull() && c.Val.Type() != cty.String {
		return env // a truth value already, or nothing that gunicorn takes
	}
	if c, ok := e.Default.(*schema.Const); ok && c.Val.IsNull() || e.Default == nil && e.Missing == schema.MissingNull {
		e.Default = schema.String("false", env.Src)
	}
	lower := &schema.Call{Func: "lower", Args: []schema.Expr{&e}, Src: env.Src}
	return &schema.Binary{Op: "==", L: lower, R: schema.String("true", env.Src), Src: env.Src}
}

// converted gives a setting under a model name through a conversion of values; what depends on the host keeps its
// expression where the conversion has no name in the model.
func converted(s schema.Setting, model string, convert func(cty.Value) cty.Value) schema.Setting {
	s.Name = model
	onHost := cty.DynamicVal
	if s.OnHost != cty.NilVal && s.OnHost.IsWhollyKnown() {
		onHost = convert(s.OnHost)
	}
	s.Value = convertLeaves(plainValueOf(s), convert) // of what gunicorn holds, before that is converted, too
	s.OnHost = onHost
	shadowed := make([]schema.Setting, len(s.Shadowed))
	for i, o := range s.Shadowed {
		shadowed[i] = converted(o, model, convert)
	}
	if s.Shadowed = shadowed; len(shadowed) == 0 {
		s.Shadowed = nil
	}
	s.Parts = nil
	return s
}

func plainValueOf(s schema.Setting) schema.Expr { return plainConstants(s).Value }

// convertLeaves converts the constants that an expression can come to; what is between them stays.
func convertLeaves(e schema.Expr, convert func(cty.Value) cty.Value) schema.Expr {
	switch x := e.(type) {
	case *schema.Const:
		if v := convert(x.Val); v.IsKnown() {
			return &schema.Const{Val: v, Src: x.Src}
		}
	case *schema.Cond:
		return &schema.Cond{Test: x.Test, Then: convertLeaves(x.Then, convert), Else: convertLeaves(x.Else, convert), Src: x.Src}
	case *schema.Env:
		if x.Default != nil {
			y := *x
			y.Default = convertLeaves(x.Default, convert)
			return &y
		}
	case *schema.List, *schema.Map:
		if schema.IsConst(e) {
			if v, diags := e.Eval(schema.NoHost); !diags.HasErrors() && v.IsWhollyKnown() {
				if c := convert(v); c.IsKnown() {
					return &schema.Const{Val: c, Src: e.Range()}
				}
			}
		}
	}
	return e
}

// sendFile: any value but None switches sendfile off from 19.6 on, and the variable SENDFILE counts without one.
func (r *reader) sendFile(v cty.Value) cty.Value {
	switch {
	case !v.IsNull() && r.release.AtLeast("19.6.0"):
		return cty.False
	case !v.IsNull():
		return v
	case !r.release.AtLeast("19.6.0"):
		return cty.True
	}
	text, state := r.in.Host.Env("SENDFILE")
	switch state {
	case schema.EnvSet:
		switch lower(text) {
		case "y", "1", "yes", "true":
			return cty.True
		}
		return cty.False
	case schema.EnvUnknown:
		return cty.DynamicVal
	}
	return cty.True
}

func proxyProtocolOn(v cty.Value) cty.Value {
	switch {
	case v.IsNull():
		return cty.False
	case v.Type() == cty.Bool:
		return v
	case v.Type() == cty.String:
		mode := proxyProtocolWords[strip(lower(v.AsString()))]
		return cty.BoolVal(mode != "off" && mode != "")
	}
	return cty.DynamicVal
}

func certificatePolicy(v cty.Value) cty.Value {
	n := schema.ConvertValue("int", v)
	if !n.IsKnown() || n.IsNull() || n.Type() != cty.Number {
		return cty.DynamicVal
	}
	switch i, _ := n.AsBigFloat().Int64(); i {
	case 0:
		return cty.StringVal("none")
	case 1:
		return cty.StringVal("optional")
	case 2:
		return cty.StringVal("required")
	}
	return cty.DynamicVal
}

func statsdText(v cty.Value) cty.Value {
	if !v.IsNull() && v.Type().IsTupleType() && v.LengthInt() == 2 {
		items := v.AsValueSlice()
		host, _ := schema.TextOf(items[0])
		port, _ := schema.TextOf(items[1])
		return cty.StringVal(host + ":" + port)
	}
	return v
}

// levelName gives the level that gunicorn logs at: a word it does not know means info.
func levelName(v cty.Value) cty.Value {
	if v.IsNull() || v.Type() != cty.String {
		return cty.DynamicVal
	}
	switch level := lower(v.AsString()); level {
	case "debug", "info", "warning", "error", "critical":
		return cty.StringVal(level)
	}
	return cty.StringVal("info")
}

// pasteVariables parts NAME=VALUE texts as gunicorn does: \= is a plain sign.
func pasteVariables(v cty.Value) cty.Value {
	if v.IsNull() || !v.CanIterateElements() {
		return cty.DynamicVal
	}
	m := map[string]cty.Value{}
	for _, item := range v.AsValueSlice() {
		if item.IsNull() || item.Type() != cty.String {
			return cty.DynamicVal
		}
		s := item.AsString()
		for i := 0; i < len(s); i++ {
			if s[i] == '=' && (i == 0 || s[i-1] != '\\') {
				m[strings.ReplaceAll(s[:i], `\=`, "=")] = cty.StringVal(strings.ReplaceAll(s[i+1:], `\=`, "="))
				break
			}
		}
	}
	return cty.ObjectVal(m)
}

// modelBind gives the addresses: under listen.uwsgi where the listeners speak the uwsgi protocol, in full otherwise.
func (r *reader) modelBind() schema.Setting {
	s := *r.cfg.Setting("bind")
	name := "listen.http"
	if p := r.cfg.Setting("protocol"); p != nil && p.Native == "protocol" && p.Text == "uwsgi" {
		name = "listen.uwsgi"
	}
	m := converted(s, name, func(v cty.Value) cty.Value {
		list := schema.ConvertValue("list", v)
		if !list.IsWhollyKnown() || list.IsNull() {
			return cty.DynamicVal
		}
		items := []cty.Value{}
		for _, x := range list.AsValueSlice() {
			if x.IsNull() || x.Type() != cty.String {
				return cty.DynamicVal
			}
			if a, err := ParseAddress(r.release.Version, x.AsString()); err == nil {
				x = cty.StringVal(a.String())
			}
			items = append(items, x)
		}
		return cty.TupleVal(items)
	})
	m.Value = textOfOne(m.Value, false)
	if env, ok := m.Value.(*schema.Env); ok && env.Default != nil {
		m.Value = &schema.List{Items: []schema.Expr{env}, Src: env.Src}
	}
	m.Value = schema.Convert("list", m.Value)
	return m
}

// textOfOne gives a list of one text that stands inside an expression as that text: a variable's default is text, as the
// variable is.
func textOfOne(e schema.Expr, inside bool) schema.Expr {
	switch x := e.(type) {
	case *schema.Const:
		if inside && x.Val.IsKnown() && !x.Val.IsNull() && x.Val.Type().IsTupleType() && x.Val.LengthInt() == 1 {
			return &schema.Const{Val: x.Val.AsValueSlice()[0], Src: x.Src}
		}
	case *schema.Env:
		if x.Default != nil {
			y := *x
			y.Default = textOfOne(x.Default, true)
			return &y
		}
	case *schema.Cond:
		return &schema.Cond{Test: x.Test, Then: textOfOne(x.Then, inside), Else: textOfOne(x.Else, inside), Src: x.Src}
	}
	return e
}

// threadedWorker tells whether threads turns the sync worker into gthread, and whether that can be told.
func (r *reader) threadedWorker() (threaded, known bool) {
	if r.release.Spec("threads") == nil {
		return false, true
	}
	e := r.stack.entries["threads"]
	n, ok := e.val.(value.Int)
	return ok && n.Cmp(value.NewInt(1)) > 0, ok
}

// effectiveClass gives the worker class that runs for a configured one.
func (r *reader) effectiveClass(class string) string {
	if class == "sync" || strings.HasSuffix(class, "SyncWorker") {
		if threaded, _ := r.threadedWorker(); threaded {
			return "gthread"
		}
	}
	return class
}

func (r *reader) modelWorkerClass() schema.Setting {
	s := *r.cfg.Setting("worker_class")
	m := converted(s, "workers.class", func(v cty.Value) cty.Value {
		if v.IsNull() || v.Type() != cty.String {
			return cty.DynamicVal
		}
		class := r.effectiveClass(v.AsString())
		switch class {
		case "gthread", "gunicorn.workers.gthread.ThreadWorker":
			class = "thread"
		case "gunicorn.workers.sync.SyncWorker":
			class = "sync"
		case "gunicorn.workers.ggevent.GeventWorker":
			class = "gevent"
		}
		return cty.StringVal(class)
	})
	threaded, known := r.threadedWorker()
	t := r.cfg.Setting("threads")
	if t == nil {
		return m
	}
	if c, ok := m.Value.(*schema.Const); ok && !known && t.Value != nil && schema.FindOpaque(t.Value) == nil && c.Val.Type() == cty.String && !c.Val.IsNull() && c.Val.AsString() == "sync" {
		// More than one thread makes the class; how many there are is the host's.
		test := &schema.Binary{Op: ">", L: t.Value, R: schema.Int(1, t.Range), Src: t.Range}
		m.Value = &schema.Cond{Test: test, Then: schema.String("thread", t.Range), Else: c, Src: t.Range}
		m.OnHost = cty.DynamicVal
		if t.OnHost != cty.NilVal && t.OnHost.IsKnown() && !t.OnHost.IsNull() && t.OnHost.Type() == cty.Number {
			m.OnHost = cty.StringVal("sync")
			if t.OnHost.AsBigFloat().Cmp(big.NewFloat(1)) > 0 {
				m.OnHost = cty.StringVal("thread")
			}
		}
		m.Text, _ = schema.TextOf(m.OnHost)
		threaded = true
	}
	if threaded && s.Text == "sync" && s.Layer == schema.LayerDefault {
		m.Native, m.Layer, m.Source, m.Range, m.NameRange = t.Native, t.Layer, t.Source, t.Range, t.NameRange
	}
	return m
}

// modelApp gives the application under its model name.
func (r *reader) modelApp() []schema.Setting {
	var out []schema.Setting
	if p := r.cfg.Setting("paste"); p != nil && p.Native == "paste" && p.Layer != schema.LayerDefault {
		out = append(out, schema.Converted(*p, "app.paste_file", ""))
	} else if r.app.paste && r.in.File != "" && !r.fromCommand {
		v := cty.StringVal(r.in.File)
		out = append(out, schema.Setting{Name: "app.paste_file", Value: &schema.Const{Val: v, Src: r.app.at}, OnHost: v, Text: r.in.File, Layer: schema.LayerFramework, Source: "command line", Range: r.app.at})
	}
	full := func(v cty.Value) cty.Value {
		if v.IsNull() || v.Type() != cty.String {
			return v
		}
		module, object := moduleAndObject(v.AsString())
		return cty.StringVal(module + ":" + object)
	}
	setting := r.cfg.Setting("wsgi_app")
	switch {
	case r.app.paste:
	case r.app.given:
		v := full(cty.StringVal(r.app.uri))
		s := schema.Setting{Name: "app.module", Native: "APP_MODULE", Value: &schema.Const{Val: v, Src: r.app.at}, OnHost: v, Text: r.app.uri, Layer: schema.LayerCLI, Source: "command line", Range: r.app.at, NameRange: r.app.at}
		if setting != nil && setting.Layer != schema.LayerDefault {
			s.Shadowed = append([]schema.Setting{bare(converted(*setting, "app.module", full))}, setting.Shadowed...)
		}
		out = append(out, s)
	case setting != nil:
		out = append(out, converted(*setting, "app.module", full))
	}
	return out
}
