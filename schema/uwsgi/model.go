package uwsgi

import (
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
)

// model makes the common model's settings: the catalogue's table, and here what takes more than one option to tell.
func model(r *reader, native []schema.Setting) []schema.Setting {
	var single []schema.Setting
	for _, s := range native {
		if s.Option != nil && s.Option.Model == "app.paste_file" {
			continue
		}
		single = append(single, s)
	}
	out := schema.ToModel(single)
	add := func(name string, from *schema.Setting, value schema.Expr, onHost cty.Value) {
		s := schema.Setting{Name: name, Value: value, OnHost: onHost}
		if from != nil {
			s.Native, s.Option, s.Layer, s.Source, s.Range, s.NameRange, s.Maybe = from.Native, from.Option, from.Layer, from.Source, from.Range, from.NameRange, from.Maybe
		}
		s.Text, _ = schema.TextOf(onHost)
		out = append(slices.DeleteFunc(out, func(o schema.Setting) bool { return o.Name == name }), s)
	}
	constant := func(name string, from *schema.Setting, v cty.Value) {
		c := &schema.Const{Val: v}
		if from != nil {
			c.Src = from.Range
		}
		add(name, from, c, v)
	}
	m := &modelMaker{r: r, native: native, add: add, constant: constant}
	m.listeners()
	m.keepAlive()
	m.application()
	m.workers()
	m.logging()
	m.process()
	schema.ReverseSearchPath(out)
	schema.SortModel(out)
	return out
}

type modelMaker struct {
	r        *reader
	native   []schema.Setting
	add      func(name string, from *schema.Setting, value schema.Expr, onHost cty.Value)
	constant func(name string, from *schema.Setting, v cty.Value)
}

func (m *modelMaker) given(names ...string) *schema.Setting {
	for _, n := range names {
		if s := given(m.native, n); s != nil {
			return s
		}
	}
	return nil
}

// parts are the single values of an accumulating option.
func parts(s *schema.Setting) []schema.Setting {
	if s == nil {
		return nil
	}
	if s.Parts != nil {
		return s.Parts
	}
	return []schema.Setting{*s}
}

// listeners puts the addresses of the socket options together by protocol.
func (m *modelMaker) listeners() {
	plain := "listen.uwsgi"
	if p := m.given("protocol", "socket-protocol"); p != nil {
		switch p.Text {
		case "http", "http11", "https":
			plain = "listen.http"
		case "fastcgi", "fastcgi-nph":
			plain = "listen.fastcgi"
		case "scgi", "scgi-nph":
			plain = "listen.scgi"
		}
	}
	protocols := []struct {
		option, model string
		tls           bool
	}{
		{"http", "listen.http", false},
		{"httprouter", "listen.http", false},
		{"http-socket", "listen.http", false},
		{"http11-socket", "listen.http", false},
		{"https", "listen.http", true},
		{"https-socket", "listen.http", true},
		{"socket", plain, false},
		{"uwsgi-socket", "listen.uwsgi", false},
		{"puwsgi-socket", "listen.uwsgi", false},
		{"suwsgi-socket", "listen.uwsgi", true},
		{"fastcgi-socket", "listen.fastcgi", false},
		{"fastcgi-nph-socket", "listen.fastcgi", false},
		{"scgi-socket", "listen.scgi", false},
		{"scgi-nph-socket", "listen.scgi", false},
	}
	lists := map[string]*schema.List{}
	hosts := map[string][]cty.Value{}
	first := map[string]*schema.Setting{}
	for _, p := range protocols {
		for _, s := range parts(m.given(p.option)) {
			value, onHost := s.Value, s.OnHost
			if p.tls {
				value, onHost = m.tls(&s)
			}
			list := lists[p.model]
			if list == nil {
				list = &schema.List{Src: s.Range}
				lists[p.model] = list
				at := s
				first[p.model] = &at
			}
			if n := len(list.Items); n > 0 {
				if both := eitherOr(list.Items[n-1], addressExpr(value)); both != nil {
					list.Items[n-1] = both
					continue
				}
			}
			list.Items = append(list.Items, addressExpr(value))
			hosts[p.model] = append(hosts[p.model], addressValue(onHost))
		}
	}
	for _, name := range []string{"listen.http", "listen.uwsgi", "listen.fastcgi", "listen.scgi"} {
		if list := lists[name]; list != nil {
			m.add(name, first[name], list, cty.TupleVal(hosts[name]))
		}
	}
}

// eitherOr makes one choice of two values of which an if block and its opposite set one each; nil for others.
func eitherOr(a, b schema.Expr) schema.Expr {
	first, ok1 := a.(*schema.Cond)
	second, ok2 := b.(*schema.Cond)
	if !ok1 || !ok2 {
		return nil
	}
	_, unset1 := first.Else.(*schema.Unset)
	_, unset2 := second.Else.(*schema.Unset)
	opposite, not := second.Test.(*schema.Unary)
	if !unset1 || !unset2 || !not || opposite.Op != "not" || schema.ExprText(opposite.X) != schema.ExprText(first.Test) {
		return nil
	}
	return &schema.Cond{Test: first.Test, Then: first.Then, Else: second.Then, Src: first.Src}
}

// tls takes ADDRESS,CERTIFICATE,KEY[,CIPHERS[,CLIENT CA]] apart.
func (m *modelMaker) tls(s *schema.Setting) (schema.Expr, cty.Value) {
	if s.OnHost == cty.NilVal || !s.OnHost.IsKnown() || s.OnHost.Type() != cty.String {
		return s.Value, cty.DynamicVal
	}
	fields := strings.SplitN(s.OnHost.AsString(), ",", 5)
	for i, name := range []string{"", "tls.certificate", "tls.key", "tls.ciphers", "tls.client_ca"} {
		if i > 0 && i < len(fields) && fields[i] != "" {
			m.field(name, s, fields[i])
		}
	}
	if len(fields) == 5 && fields[4] != "" {
		m.constant("tls.client_certificate", s, cty.StringVal("required"))
	}
	if schema.IsConst(s.Value) {
		return schema.String(fields[0], s.Range), cty.StringVal(fields[0])
	}
	return &schema.Opaque{Source: schema.ExprText(s.Value), Reason: "the address is a part of a value that the host decides on", Src: s.Range}, cty.StringVal(fields[0])
}

func (m *modelMaker) field(name string, s *schema.Setting, value string) {
	if schema.IsConst(s.Value) {
		m.constant(name, s, cty.StringVal(value))
		return
	}
	m.add(name, s, &schema.Opaque{Source: schema.ExprText(s.Value), Reason: "it is a part of a value that the host decides on", Src: s.Range}, cty.StringVal(value))
}

// address writes uWSGI's address as the model does: a name without a colon is a unix socket, a port alone is on all
// addresses.
func address(s string) string {
	s = strings.TrimLeft(s, " \t")
	switch {
	case s == "" || strings.HasPrefix(s, "=") || strings.HasPrefix(s, "fd://"):
		return s
	case strings.HasPrefix(s, ":"):
		return "0.0.0.0" + s
	case strings.HasPrefix(s, "*:"):
		return "0.0.0.0" + s[1:]
	case strings.HasPrefix(s, "@"), !strings.Contains(s, ":"):
		return "unix:" + s
	}
	return s
}

func addressValue(v cty.Value) cty.Value {
	if v == cty.NilVal || !v.IsKnown() || v.IsNull() || v.Type() != cty.String {
		return cty.DynamicVal
	}
	return cty.StringVal(address(v.AsString()))
}

func addressExpr(e schema.Expr) schema.Expr {
	switch x := e.(type) {
	case *schema.Const:
		return &schema.Const{Val: addressValue(x.Val), Src: x.Src}
	case *schema.Template:
		first, ok := x.Parts[0].(*schema.Const)
		if !ok {
			break
		}
		colon := false
		for _, p := range x.Parts {
			if c, ok := p.(*schema.Const); ok && c.Val.Type() == cty.String && strings.Contains(c.Val.AsString(), ":") {
				colon = true
			}
		}
		text := first.Val.AsString()
		switch {
		case colon:
			text = address(text + ":")
			text = strings.TrimSuffix(text, ":")
		case strings.HasPrefix(text, "/"):
			text = "unix:" + text
		default:
			return e
		}
		return &schema.Template{Parts: append([]schema.Expr{&schema.Const{Val: cty.StringVal(text), Src: first.Src}}, x.Parts[1:]...), Src: x.Src}
	case *schema.Cond:
		return &schema.Cond{Test: x.Test, Then: addressExpr(x.Then), Else: addressExpr(x.Else), Src: x.Src}
	}
	return e
}

// withoutScheme takes config: from the front of a Paste file's URI, on every host.
func withoutScheme(e schema.Expr) schema.Expr {
	switch e := e.(type) {
	case *schema.Const:
		if text, ok := schema.TextOf(e.Val); ok {
			return schema.String(strings.TrimPrefix(text, "config:"), e.Src)
		}
	case *schema.Cond:
		return &schema.Cond{Test: e.Test, Then: withoutScheme(e.Then), Else: withoutScheme(e.Else), Src: e.Src}
	case *schema.Template:
		if len(e.Parts) > 1 {
			return &schema.Template{Parts: append([]schema.Expr{withoutScheme(e.Parts[0])}, e.Parts[1:]...), Src: e.Src}
		}
	}
	return e
}

// application tells what is loaded: a module and its callable, a file, or a Paste file.
func (m *modelMaker) application() {
	callable := m.given("callable")
	switch {
	case m.given("ini-paste", "ini-paste-logged") != nil:
		s := m.given("ini-paste", "ini-paste-logged")
		if n := len(s.Parts); n > 0 {
			s = &s.Parts[n-1] // each replaces the one before it
		}
		m.add("app.paste_file", s, s.Value, s.OnHost)
	case m.given("paste") != nil:
		s := m.given("paste")
		v := s.OnHost
		if v.IsKnown() && v.Type() == cty.String {
			v = cty.StringVal(strings.TrimPrefix(v.AsString(), "config:"))
		}
		m.add("app.paste_file", s, withoutScheme(s.Value), v)
	}
	if s := m.given("module"); s != nil {
		m.module(s, callable)
	}
	if s := m.given("wsgi-file"); s != nil {
		m.file("app.file", s, callable)
	}
	if m.given("module", "wsgi-file", "paste", "ini-paste", "ini-paste-logged") == nil {
		if mounts := parts(m.given("mount")); len(mounts) == 1 && mounts[0].OnHost.IsKnown() {
			m.mount(&mounts[0], callable)
		}
	}
	if s := m.given("static-map"); s == nil {
		if s := m.given("static-map2"); s != nil {
			m.add("static.map", s, s.Value, s.OnHost)
		}
	}
}

// module adds the callable's name to a module that has none.
func (m *modelMaker) module(s, callable *schema.Setting) {
	name := schema.Expr(schema.String("application", s.Range))
	nameOnHost := cty.StringVal("application")
	if callable != nil {
		name, nameOnHost = callable.Value, callable.OnHost
	}
	v := s.OnHost
	if !v.IsKnown() || v.Type() != cty.String {
		m.add("app.module", s, s.Value, v)
		return
	}
	if strings.Contains(v.AsString(), ":") {
		m.add("app.module", s, s.Value, v)
		return
	}
	joined := cty.DynamicVal
	if nameOnHost.IsKnown() && nameOnHost.Type() == cty.String {
		joined = cty.StringVal(v.AsString() + ":" + nameOnHost.AsString())
	}
	if schema.IsConst(s.Value) && schema.IsConst(name) {
		m.constant("app.module", s, joined)
		return
	}
	m.add("app.module", s, &schema.Template{Parts: []schema.Expr{s.Value, schema.String(":", s.Range), name}, Src: s.Range}, joined)
}

// file gives an application's file, with the callable where it is not the usual one.
func (m *modelMaker) file(model string, s, callable *schema.Setting) {
	if callable == nil || callable.Text == "application" || !schema.IsConst(s.Value) || !schema.IsConst(callable.Value) {
		m.add(model, s, s.Value, s.OnHost)
		return
	}
	m.constant(model, s, cty.StringVal(s.Text+":"+callable.Text))
}

// mount is MOUNTPOINT=APPLICATION, where the application is a file or a module.
func (m *modelMaker) mount(s, callable *schema.Setting) {
	_, app, ok := strings.Cut(s.Text, "=")
	if !ok || !schema.IsConst(s.Value) {
		return
	}
	sub := *s
	sub.Text, sub.Value, sub.OnHost = app, schema.String(app, s.Range), cty.StringVal(app)
	switch {
	case strings.HasSuffix(app, ".ini"):
		m.add("app.paste_file", s, sub.Value, sub.OnHost)
	case strings.Contains(app, "/") || strings.HasSuffix(app, ".py") || strings.HasSuffix(app, ".wsgi"):
		m.file("app.file", &sub, callable)
	default:
		m.module(&sub, callable)
	}
}

func (m *modelMaker) workers() {
	master, masterKnown := truth(m.native, "master")
	lazyApps, k1 := truth(m.native, "lazy-apps")
	lazy, k2 := truth(m.native, "lazy")
	from := m.given("lazy-apps", "lazy", "master")
	if masterKnown && k1 && k2 {
		m.constant("workers.preload", from, cty.BoolVal(master && !lazyApps && !lazy))
	} else if from != nil {
		var e schema.Expr = schema.Bool(master, from.Range)
		if s := effective(m.native, "master"); s != nil {
			e = s.Value
		}
		for _, name := range []string{"lazy-apps", "lazy"} {
			if s := m.given(name); s != nil {
				e = &schema.Binary{Op: "and", L: e, R: &schema.Unary{Op: "not", X: s.Value, Src: s.Range}, Src: s.Range}
			}
		}
		m.add("workers.preload", from, e, cty.DynamicVal)
	}
	threads, known := number(m.native, "threads")
	class := "sync"
	engine := m.given("gevent", "asyncio", "tornado", "greenlet", "async", "loop")
	switch {
	case engine != nil && engine.Native == "async":
		class = "sync"
		if n, ok := number(m.native, "async"); ok && n > 1 {
			class = "async"
		}
	case engine != nil && engine.Native == "loop":
		class = engine.Text
	case engine != nil:
		class = engine.Native
	case known && threads > 1:
		class = "thread"
		engine = m.given("threads")
	}
	if engine == nil && !known {
		// More than one thread makes the class; how many there are is the host's.
		t := m.given("threads")
		m.add("workers.class", t, &schema.Cond{
			Test: &schema.Binary{Op: ">", L: t.Value, R: schema.Int(1, t.Range), Src: t.Range},
			Then: schema.String("thread", t.Range), Else: schema.String("sync", t.Range), Src: t.Range,
		}, cty.DynamicVal)
	} else {
		m.constant("workers.class", engine, cty.StringVal(class))
	}
	if s := m.given("gevent", "asyncio", "tornado", "async"); s != nil {
		m.add("workers.connections", s, schema.Convert("int", s.Value), schema.ConvertValue("int", s.OnHost))
	}
	if known && threads > 1 && m.given("enable-threads") == nil {
		m.constant("workers.python_threads", m.given("threads"), cty.True)
	}
}

func (m *modelMaker) logging() {
	target := m.given("logto", "logto2", "daemonize", "daemonize2")
	if loggers := parts(m.given("logger")); len(loggers) > 0 {
		m.destination("log.error.to", &loggers[len(loggers)-1])
	} else if target != nil {
		m.add("log.error.to", target, target.Value, target.OnHost)
	}
	off, known := truth(m.native, "disable-logging")
	all := parts(m.given("logger"))
	loggers := parts(m.given("req-logger"))
	switch {
	case len(loggers) == 0 && known && !off && len(all) > 0:
		// Without a logger of their own, requests go where everything goes.
		m.destination("log.access.to", &all[len(all)-1])
	case len(loggers) > 0:
		m.destination("log.access.to", &loggers[len(loggers)-1])
	case known && off:
		m.constant("log.access.to", m.given("disable-logging"), schema.Null)
	case target != nil:
		m.add("log.access.to", target, target.Value, target.OnHost)
	case known:
		m.constant("log.access.to", nil, cty.StringVal("-"))
	}
}

// destination is a logger's value as a path: file:/var/log/x and file:logfile=/var/log/x,maxsize=1 are /var/log/x.
func (m *modelMaker) destination(model string, s *schema.Setting) {
	if schema.IsConst(s.Value) {
		arg := s.Text
		if i := strings.IndexByte(arg, ' '); i > 0 && allIDBytes(arg[:i]) {
			arg = arg[i+1:]
		}
		engine, rest, _ := strings.Cut(arg, ":")
		switch engine {
		case "file":
			for field := range strings.SplitSeq(rest, ",") {
				if v, ok := strings.CutPrefix(field, "logfile="); ok {
					rest = v
				}
			}
			m.constant(model, s, cty.StringVal(rest))
			return
		case "stdio":
			m.constant(model, s, cty.StringVal("-"))
			return
		}
	}
	if path := filePart(s.Value); path != nil {
		value, _ := path.Eval(m.r.in.Host)
		m.add(model, s, path, value)
		return
	}
	m.add(model, s, s.Value, s.OnHost)
}

// filePart gives the path of a logger's value that depends on the host, file:logfile=PATH,maxsize=1 for example; nil for
// other values.
func filePart(e schema.Expr) schema.Expr {
	t, ok := e.(*schema.Template)
	if !ok || len(t.Parts) < 2 {
		return nil
	}
	text := func(e schema.Expr) (string, bool) {
		c, ok := e.(*schema.Const)
		if !ok {
			return "", false
		}
		return schema.TextOf(c.Val)
	}
	first, ok := text(t.Parts[0])
	if i := strings.IndexByte(first, ' '); ok && i > 0 && allIDBytes(first[:i]) {
		first = first[i+1:]
	}
	rest, file := strings.CutPrefix(first, "file:")
	rest = strings.TrimPrefix(rest, "logfile=")
	if !ok || !file || strings.ContainsAny(rest, "=,") {
		return nil
	}
	out := &schema.Template{Src: t.Src}
	if rest != "" {
		out.Parts = append(out.Parts, schema.String(rest, t.Parts[0].Range()))
	}
	for _, p := range t.Parts[1:] {
		s, constant := text(p)
		if !constant {
			out.Parts = append(out.Parts, p)
			continue
		}
		path, _, more := strings.Cut(s, ",")
		if path != "" {
			out.Parts = append(out.Parts, schema.String(path, p.Range()))
		}
		if more {
			break
		}
	}
	return out
}

func (m *modelMaker) process() {
	s := m.given("daemonize", "daemonize2")
	if s != nil && s.Text != "" || s != nil && !s.OnHost.IsKnown() {
		m.constant("process.daemon", s, cty.True)
	} else {
		m.constant("process.daemon", nil, cty.False)
	}
	if s := m.given("procname"); s == nil {
		if s := m.given("procname-master", "procname-prefix-spaced", "procname-prefix"); s != nil {
			m.add("process.name", s, s.Value, s.OnHost)
		}
	}
	if s := m.given("py-auto-reload"); s != nil {
		if n, ok := number(m.native, "py-auto-reload"); ok {
			m.constant("reload.enabled", s, cty.BoolVal(n > 0))
		} else {
			m.add("reload.enabled", s, &schema.Binary{Op: ">", L: s.Value, R: schema.Int(0, s.Range), Src: s.Range}, cty.DynamicVal)
		}
	}
}
