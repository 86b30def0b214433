package main

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
)

// overrule puts what gsrv run's own options say into a configuration, in the terms of the common model, so that the plan and gsrv ctl
// config go by it.
func overrule(q *runRequest, cfg *schema.Config) error {
	for _, o := range []struct{ flag, text, name string }{
		{"--request-id-header", q.requestID, "http.request_id_header"}, {"--health-path", q.health, "http.health_path"}, {"--ready-path", q.ready, "http.ready_path"},
	} {
		if o.text == "" {
			continue
		}
		if option := schema.Model.Lookup(o.name); !option.Fits(o.text) {
			return usagef("run %s %s: give %s", o.flag, o.text, option.Form)
		}
		setModel(cfg, o.name, cty.StringVal(o.text), o.flag)
	}
	if len(q.listen) > 0 {
		cfg.Model = slices.DeleteFunc(cfg.Model, func(s schema.Setting) bool {
			return slices.Contains([]string{"listen.uwsgi", "listen.fastcgi", "listen.scgi"}, s.Name)
		})
		var addresses []cty.Value
		for _, a := range q.listen {
			addresses = append(addresses, cty.StringVal(a))
		}
		setModel(cfg, "listen.http", cty.TupleVal(addresses), "--listen")
	}
	return nil
}

// callFactory makes the application of waitress-serve --call APP the call that it stands for. The option is the command's own and no
// setting of waitress's, so the configuration does not hold it.
func callFactory(r *reading) {
	if r.launch == nil || r.config.Server != "waitress" || !slices.ContainsFunc(r.launch.Words, func(w schema.Word) bool {
		return len(w.Text) >= len("--ca") && strings.HasPrefix("--call", w.Text) // getopt takes what is unambiguous
	}) {
		return
	}
	for i := range r.config.Model {
		s := &r.config.Model[i]
		if text, ok := schema.TextOf(s.OnHost); ok && s.Name == "app.module" {
			s.OnHost = cty.StringVal(text + "()")
			s.Value = &schema.Const{Val: s.OnHost, Src: s.Range}
		}
	}
}

// adviceElsewhere are pieces of advice for whoever reads a configuration on another machine than its server's, by options that gsrv run does
// not have: what it reads is served here.
var adviceElsewhere = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(` When it exists only on the server's machine, read with --no-host-env\.|, or read with --no-host-env when it exists only there|,( or)? give it with --env [^ ,.]+`)
})

// forHere takes advice out that does not hold where the configuration is served.
func forHere(diags hcl.Diagnostics) {
	for _, d := range diags {
		d.Detail = adviceElsewhere().ReplaceAllString(d.Detail, "")
	}
}

// setModel gives a setting of the common model a value, in its place among the others.
func setModel(cfg *schema.Config, name string, value cty.Value, flag string) {
	s := schema.Setting{Name: name, Native: name, Option: schema.Model.Lookup(name), Value: &schema.Const{Val: value}, OnHost: value, Layer: schema.LayerCLI, Source: "gsrv run " + flag}
	cfg.Model = slices.DeleteFunc(cfg.Model, func(old schema.Setting) bool { return old.Name == name })
	i := slices.IndexFunc(cfg.Model, func(old schema.Setting) bool { return schema.Model.Position(old.Name) > schema.Model.Position(name) })
	if i < 0 {
		i = len(cfg.Model)
	}
	cfg.Model = slices.Insert(cfg.Model, i, s)
}
