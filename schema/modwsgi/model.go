package modwsgi

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
	"gsrv/schema/cmdline"
)

// finish lays the command line over the defaults and fills in the Config.
func (r *reader) finish() (*schema.Config, hcl.Diagnostics) {
	cmdline.Assemble(r.cfg, Catalogue, cmdline.Defaults(Catalogue, r.release), r.cli)
	if !r.stopped {
		r.checkTogether()
	}
	r.cfg.Model = r.model()
	r.cfg.Native = r.native()
	r.cfg.Summary = r.summary()
	return r.cfg, r.diags
}

func (r *reader) native() map[string]any {
	out := map[string]any{}
	for name, v := range cmdline.Native(r.cfg) {
		out[strings.ReplaceAll(name, "-", "_")] = v
	}
	return out
}

// get gives an effective setting; nil where the release has none.
func (r *reader) get(name string) *schema.Setting {
	if s := r.cfg.Setting(name); s != nil && s.Native == name {
		return s
	}
	return nil
}

// text gives a setting's text; empty where it is not set.
func (r *reader) text(name string) string {
	if s := r.get(name); s != nil && s.OnHost.IsKnown() && !s.OnHost.IsNull() && s.OnHost.Type() == cty.String {
		return s.OnHost.AsString()
	}
	return ""
}

func (r *reader) on(name string) bool {
	s := r.get(name)
	return s != nil && s.OnHost.IsKnown() && !s.OnHost.IsNull() && s.OnHost.Type() == cty.Bool && s.OnHost.True()
}

func (r *reader) number(name string) (int64, bool) {
	s := r.get(name)
	if s == nil || !s.OnHost.IsKnown() || s.OnHost.IsNull() || s.OnHost.Type() != cty.Number {
		return 0, false
	}
	n, _ := s.OnHost.AsBigFloat().Int64()
	return n, true
}

// ownModel are the settings whose place in the model takes more than a conversion.
var ownModel = map[string]bool{
	"host": true, "port": true, "https-port": true, "processes": true, "user": true, "group": true, "log-level": true, "access-log": true, "log-to-terminal": true,
	"log-directory": true, "url-alias": true, "application-type": true, "entry-point": true, "ssl-certificate": true, "ssl-verify-client": true,
	"working-directory": true, "python-path": true,
}

// model gives the effective settings in the terms of the common model.
func (r *reader) model() []schema.Setting {
	var plain []schema.Setting
	for _, s := range r.cfg.Settings {
		if !ownModel[s.Native] {
			plain = append(plain, s)
		}
	}
	out := schema.ToModel(plain)
	at := func(native, model string, v cty.Value) {
		if s := r.get(native); s != nil {
			out = append(out, changed(*s, model, v))
		}
	}
	processes := r.get("processes").OnHost
	if n, ok := r.number("processes"); processes.IsKnown() && (processes.IsNull() || ok && n == 0) {
		processes = cty.NumberIntVal(1)
	}
	at("processes", "workers.count", processes)
	for _, name := range []string{"user", "group"} {
		s := *r.get(name)
		if s.Layer == schema.LayerDefault {
			fact := map[string]schema.Fact{"user": schema.UserName, "group": schema.GroupName}[name]
			s.Value = &schema.HostFact{Fact: fact}
			s.OnHost = cty.DynamicVal
			if v, ok := r.in.Host.Fact(fact); ok {
				s.OnHost = v
				s.Text = v.AsString()
			}
		}
		s.Name = "process." + name
		out = append(out, s)
	}
	at("log-level", "log.level", logLevel(r.text("log-level")))
	out = append(out, r.logs()...)
	out = append(out, r.listen())
	for _, name := range []string{"working-directory", "python-path"} {
		if s := r.get(name); s != nil && s.Layer != schema.LayerDefault {
			s := schema.Converted(*s, s.Option.Model, "")
			out = append(out, s)
		}
	}
	out = append(out, r.tls()...)
	if s := r.get("url-alias"); s != nil && s.Layer != schema.LayerDefault {
		var maps []cty.Value
		for _, p := range s.Parts {
			pair := p.OnHost.AsValueSlice()
			maps = append(maps, cty.StringVal(pair[0].AsString()+"="+pair[1].AsString()))
		}
		at("url-alias", "static.map", cty.TupleVal(maps))
	}
	if app, ok := r.app(); ok {
		out = append(out, app)
	}
	out = append(out, fixed("workers.class", cty.StringVal("thread")), fixed("workers.master", cty.True))
	schema.SortModel(out)
	return out
}

func fixed(name string, v cty.Value) schema.Setting {
	text, _ := schema.TextOf(v)
	return schema.Setting{Name: name, Value: &schema.Const{Val: v}, OnHost: v, Text: text, Layer: schema.LayerDefault, Source: "mod_wsgi-express"}
}

// changed gives a setting under a model name with the model's value; an expression over the host stays.
func changed(s schema.Setting, model string, v cty.Value) schema.Setting {
	s.Name, s.OnHost, s.Shadowed, s.Parts = model, v, nil, nil
	if schema.IsConst(s.Value) && v.IsWhollyKnown() {
		s.Value = &schema.Const{Val: v, Src: s.Range}
	}
	return s
}

// logLevel gives the model's word for one of Apache's.
func logLevel(text string) cty.Value {
	word := strings.ToLower(text)
	switch word {
	case "emerg", "alert", "crit":
		word = "critical"
	case "warn":
		word = "warning"
	case "notice":
		word = "info"
	case "error", "info", "debug":
	default:
		if !strings.HasPrefix(word, "trace") {
			return cty.DynamicVal
		}
		word = "debug"
	}
	return cty.StringVal(word)
}

// logs gives where the logs go: a directory of their own, the terminal, or the server's directory. A directory takes
// precedence over the terminal.
func (r *reader) logs() []schema.Setting {
	place := func(fallback, name string) (schema.Setting, string) {
		switch dir := r.text("log-directory"); {
		case dir != "":
			return *r.get("log-directory"), filepath.Join(dir, r.text(name))
		case r.on("log-to-terminal"):
			return *r.get("log-to-terminal"), fallback
		}
		return *r.get("log-directory"), ""
	}
	var out []schema.Setting
	if s, file := place("-", "error-log-name"); file != "" {
		out = append(out, changed(s, "log.error.to", cty.StringVal(file)))
	}
	access := *r.get("access-log")
	switch s, file := place("-", "access-log-name"); {
	case !r.on("access-log"):
		out = append(out, changed(access, "log.access.to", schema.Null))
	case file != "":
		s.Layer, s.Range, s.NameRange = access.Layer, access.Range, access.NameRange
		out = append(out, changed(s, "log.access.to", cty.StringVal(file)))
	}
	return out
}

// listen gives the addresses: one for HTTP, one more for HTTPS.
func (r *reader) listen() schema.Setting {
	host, port, https := r.get("host"), r.get("port"), r.get("https-port")
	s := *port
	if port.Layer == schema.LayerDefault && host.Layer != schema.LayerDefault {
		s = *host
	}
	s.Name, s.Shadowed = "listen.http", nil
	name := r.text("host")
	if name == "" {
		name = "0.0.0.0"
	}
	if strings.Contains(name, ":") && !strings.HasPrefix(name, "[") {
		name = "[" + name + "]"
	}
	addresses := []schema.Expr{address(name, port)}
	list := []cty.Value{joined(name, port)}
	if https != nil && (!https.OnHost.IsKnown() || !https.OnHost.IsNull()) {
		addresses = append(addresses, address(name, https))
		list = append(list, joined(name, https))
	}
	s.OnHost = cty.TupleVal(list)
	s.Value = &schema.List{Items: addresses, Src: s.Range}
	if s.Text = ""; s.OnHost.IsWhollyKnown() {
		var texts []string
		for _, v := range list {
			texts = append(texts, v.AsString())
		}
		s.Text = strings.Join(texts, " ")
		if schema.IsConst(s.Value) {
			s.Value = &schema.Const{Val: s.OnHost, Src: s.Range}
		}
	}
	return s
}

func joined(host string, port *schema.Setting) cty.Value {
	text, ok := schema.TextOf(port.OnHost)
	if !ok {
		return cty.UnknownVal(cty.String)
	}
	return cty.StringVal(host + ":" + text)
}

func address(host string, port *schema.Setting) schema.Expr {
	return &schema.Template{Parts: []schema.Expr{schema.String(host+":", port.Range), port.Value}, Src: port.Range}
}

// tls gives the certificate's files where --ssl-certificate names both at once, and what clients must show.
func (r *reader) tls() []schema.Setting {
	var out []schema.Setting
	if base := r.text("ssl-certificate"); base != "" {
		s := *r.get("ssl-certificate")
		out = append(out, changed(s, "tls.certificate", cty.StringVal(base+".crt")), changed(s, "tls.key", cty.StringVal(base+".key")))
	}
	if s := r.get("ssl-verify-client"); s != nil && s.Layer != schema.LayerDefault {
		out = append(out, changed(*s, "tls.client_certificate", cty.StringVal("required")))
	}
	return out
}

// app gives the application under the model's name for its kind.
func (r *reader) app() (schema.Setting, bool) {
	if r.entry == nil {
		return schema.Setting{}, false
	}
	name, value := "app.file", r.entry.Text
	switch r.text("application-type") {
	case "script", "":
	case "paste":
		name = "app.paste_file"
	case "static":
		return schema.Setting{}, false
	default:
		name = "app.module"
		value += ":" + r.text("callable-object")
	}
	v := cty.StringVal(value)
	return schema.Setting{
		Name: name, Native: "ENTRY-POINT", Value: &schema.Const{Val: v, Src: r.entry.Range}, OnHost: v, Text: value,
		Layer: schema.LayerCLI, Source: "command line", Range: r.entry.Range, NameRange: r.entry.Range,
	}, true
}

// summary says in one line what would run.
func (r *reader) summary() string {
	var b strings.Builder
	fmt.Fprintf(&b, "mod_wsgi-express %s: ", r.release)
	amount := func(name, one, many string) {
		n, ok := r.number(name)
		s := r.get(name)
		switch {
		case s.OnHost.IsKnown() && s.OnHost.IsNull() || ok && n <= 1:
			b.WriteString("1 " + one)
		case ok:
			fmt.Fprintf(&b, "%d %s", n, many)
		default:
			b.WriteString("an unknown number of " + many)
		}
	}
	amount("processes", "process", "processes")
	b.WriteString(" of ")
	amount("threads", "thread", "threads")
	if s := r.listen(); s.Text != "" {
		b.WriteString(" on " + s.Text)
	}
	if r.entry != nil {
		b.WriteString(", app " + r.entry.Text)
	}
	return b.String()
}
