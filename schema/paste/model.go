package paste

import (
	"fmt"
	"net/netip"
	"path"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
	"gsrv/schema/waitress"
)

// model gives a server's settings in the common model's terms, without those about the application.
func (r *reader) model(s *reading) []schema.Setting {
	model := schema.ToModel(r.config.Settings)
	if s.server.protocol != "" {
		if listen, ok := r.listen(s); ok {
			model = append(model, listen)
		}
	}
	class := "thread"
	if s.server.ignores || s.server.name == "CGI" {
		class = "sync"
	}
	if len(s.server.catalogue.Options) > 0 {
		model = append(model, fixed("workers.count", cty.NumberIntVal(1), s.server.name), fixed("workers.class", cty.StringVal(class), s.server.name),
			fixed("workers.master", cty.False, s.server.name))
	}
	return model
}

// fixed is a model setting that follows from the kind of server.
func fixed(name string, v cty.Value, source string) schema.Setting {
	return schema.Setting{Name: name, Value: &schema.Const{Val: v}, OnHost: v, Text: plain(v), Layer: schema.LayerDefault, Source: source}
}

// listen gives the addresses a server listens on.
func (r *reader) listen(s *reading) (schema.Setting, bool) {
	setting := schema.Setting{Name: s.server.protocol, Layer: schema.LayerDefault, Source: s.server.name, OnHost: cty.DynamicVal}
	keys := []string{"listen", "unix_socket", "socket", "host", "port"}
	key := s.first(keys...)
	if key != "" {
		v := s.given(key)
		setting.Native, setting.Layer, setting.Source = key, schema.LayerFramework, "["+s.context.Section+"]"
		setting.Range, setting.NameRange = v.Range, v.NameRange
		setting.Value = v.Expr
	}
	for _, k := range keys {
		if v := s.given(k); v != nil && !v.Known || v != nil && s.values[k].Type() == cty.DynamicPseudoType && s.server.catalogue.Lookup(k) != nil && !s.values[k].IsKnown() {
			setting.Value = &schema.Opaque{Source: v.Text, Reason: "it is no valid address", Src: v.Range}
			if !v.Known {
				setting.Value = &schema.List{Items: []schema.Expr{v.Expr}, Src: v.Range}
			}
			return setting, true
		}
	}
	var list []string
	switch {
	case key == "unix_socket" || key == "socket":
		list = []string{"unix:" + s.given(key).Text}
	case s.server.catalogue == waitress.Catalogue:
		adjustments := s.adjustments()
		addresses, _ := adjustments.Addresses()
		for _, a := range addresses {
			host, port := adjustments.Split(a)
			if host == "*" {
				host = "0.0.0.0"
			}
			list = append(list, join(host, port))
		}
	default:
		host, _ := s.effective("host")
		port, _ := s.effective("port")
		if s.given("port") == nil && strings.Count(host, ":") == 1 {
			host, port, _ = strings.Cut(host, ":")
		} else if s.given("port") == nil && s.has("ssl_pem", "ssl_context") {
			port = "4443"
		}
		if host == "" {
			return setting, false
		}
		list = []string{join(strings.Trim(host, "[]"), port)}
	}
	items := make([]cty.Value, len(list))
	for i, a := range list {
		items[i] = cty.StringVal(a)
	}
	setting.OnHost = cty.TupleVal(items)
	setting.Text = strings.Join(list, " ")
	setting.Value = &schema.Const{Val: setting.OnHost, Src: setting.Range}
	return setting, true
}

// effective gives a setting's value as text, the default where it is not given.
func (r *reading) effective(name string) (string, bool) {
	v, ok := r.values[name]
	if !ok {
		v = defaultValue(r.server.catalogue.Lookup(name))
	}
	return schema.TextOf(v)
}

func join(host, port string) string {
	if a, err := netip.ParseAddr(host); err == nil && a.Is6() {
		host = "[" + host + "]"
	}
	return host + ":" + port
}

// finish adds what the launch and the application say to the model.
func (r *reader) finish(model []schema.Setting) {
	has := map[string]bool{}
	for _, s := range model {
		has[s.Name] = true
	}
	add := func(name string, value cty.Value, at hcl.Range, layer schema.LayerKind, source string) {
		if has[name] {
			return
		}
		has[name] = true
		model = append(model, schema.Setting{Name: name, Value: &schema.Const{Val: value, Src: at}, OnHost: value, Text: plain(value), Layer: layer, Source: source, Range: at})
	}
	command := "command line"
	if r.file != "" {
		layer, at := schema.LayerCLI, r.launch.file.Range
		add("app.paste_file", cty.StringVal(r.file), at, layer, command)
	}
	if r.app != nil {
		add("app.module", cty.StringVal(r.appURI()), r.app.Header, schema.LayerFramework, "["+r.app.Section+"]")
	}
	if len(r.launch.vars) > 0 {
		m := map[string]cty.Value{}
		for _, v := range r.launch.vars {
			m[v.Name] = cty.StringVal(v.Text)
		}
		add("app.paste_variables", cty.ObjectVal(m), r.launch.vars[0].NameRange, schema.LayerCLI, command)
	}
	texts := []struct{ flag, name, fallback string }{
		{"--pid-file", "process.pid_file", "paster.pid"},
		{"--log-file", "log.error.to", "paster.log"},
		{"--user", "process.user", ""},
		{"--group", "process.group", ""},
	}
	daemon := r.launch.has("--daemon") || r.launch.verb == "start" || r.launch.verb == "restart"
	for _, t := range texts {
		switch {
		case r.launch.has(t.flag):
			add(t.name, cty.StringVal(r.launch.text(t.flag)), r.launch.values[t.flag].Range, schema.LayerCLI, command)
		case daemon && t.fallback != "":
			add(t.name, cty.StringVal(t.fallback), hcl.Range{}, schema.LayerDefault, "paster")
		}
	}
	if daemon {
		add("process.daemon", cty.True, r.launch.values["--daemon"].Range, schema.LayerCLI, command)
	}
	if r.launch.has("--reload") {
		at := r.launch.values["--reload"].Range
		add("reload.enabled", cty.True, at, schema.LayerCLI, command)
		if daemon {
			r.add(r.launch.refuse("conflict", at, "Two options that exclude each other", "The --daemon and --reload options may not be used together", "--reload is for development and does not go with --daemon or start; paster stops. Leave one out."))
		}
	}
	schema.SortModel(model)
	r.config.Model = model
}

func (r *reader) appURI() string {
	if r.file == "" {
		return r.request.URI
	}
	return "config:" + r.file + "#" + r.appName
}

// describe says in a few words what an application is made of.
func describe(c *Context, name string) string {
	text := name
	if c.Section != "" {
		text = "[" + c.Section + "]"
	}
	inner := c
	for inner.Object == "" {
		switch {
		case inner.App != nil:
			inner = inner.App
		case inner.Next != nil:
			inner = inner.Next
		default:
			return text
		}
	}
	return text + " (" + inner.Object + ")"
}

func (r *reader) summary(s *reading) string {
	var b strings.Builder
	b.WriteString(s.server.name)
	b.WriteByte(':')
	for _, m := range r.config.Model {
		if m.Name == "workers.threads" && m.OnHost.IsWhollyKnown() {
			fmt.Fprintf(&b, " %s threads", m.Text)
		}
	}
	for _, m := range r.config.Model {
		if m.Name == s.server.protocol && m.OnHost.IsWhollyKnown() {
			fmt.Fprintf(&b, " on %s", m.Text)
		}
	}
	if r.app != nil {
		app := describe(r.app, r.appName)
		if r.file != "" {
			app = path.Base(r.file) + " " + app
		}
		b.WriteString(", app " + app)
	}
	return strings.Replace(b.String(), ":,", ",", 1)
}
