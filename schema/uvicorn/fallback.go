package uvicorn

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
	"gsrv/schema/cmdline"
	"gsrv/schema/python/eval"
	"gsrv/schema/python/value"
)

// fallbacks takes what uvicorn puts in place of an option that is None: WEB_CONCURRENCY for workers and
// FORWARDED_ALLOW_IPS for forwarded_allow_ips. Where the variable may be set, the default depends on it.
func (r *reader) fallbacks(defaults *cmdline.Layer) *cmdline.Layer {
	layer := cmdline.NewLayer(schema.LayerEnv, "environment")
	if !r.release.AtLeast("0.10.0") || r.stopped {
		return layer
	}
	for _, name := range []string{"workers", "forwarded_allow_ips"} {
		o := Catalogue.Lookup(name)
		if r.cli.Has(name) || r.env.Has(name) {
			continue
		}
		text, at, state := r.outside(o.Env)
		var e schema.Expr = &schema.Env{Name: o.Env, Default: &schema.Const{Val: cmdline.FromJSON(o.Default)}, Src: at}
		if o.Type == "int" {
			e = &schema.Call{Func: "int", Args: []schema.Expr{e}, Src: at}
		}
		if state != schema.EnvSet {
			s := defaults.Get(name)
			s.Value = e
			if state == schema.EnvUnknown {
				s.OnHost, s.Text = cty.DynamicVal, ""
			}
			continue
		}
		s := schema.Setting{Native: name, Option: o, Value: e, OnHost: cty.StringVal(text), Source: "environment " + o.Env, Range: at, NameRange: at}
		if o.Type == "int" {
			s.OnHost = cty.DynamicVal
			if n, ok := cmdline.Int(text, 10); ok {
				s.OnHost = n
			} else {
				d := r.program.Refuse("invalid-environment", at, "", o.Env+" is no number",
					"uvicorn takes the number of workers from %s where --workers is not given, and ends with a traceback: %s is no whole number. Set the variable to one, remove it, or give --workers.", o.Env, cmdline.Repr(text))
				schema.DetailOf(d).ServerMessage = "ValueError: invalid literal for int() with base 10: " + cmdline.Repr(text)
				r.add(d)
			}
		}
		layer.Add(s)
	}
	return layer
}

// outside gives a variable of the environment or, where that does not have it, of the file of --env-file, which uvicorn
// loads first.
func (r *reader) outside(name string) (text string, at hcl.Range, state schema.EnvState) {
	text, state = r.in.Host.Env(name)
	switch state {
	case schema.EnvSet:
		file := schema.EnvFile(name)
		r.in.Files.Put(file, []byte(text))
		return text, schema.RangeOf(file, []byte(text), 0, len(text)), state
	case schema.EnvUnset:
		if file := r.given("env_file"); file != nil {
			if t, ok := r.fromEnvFile(file.OnHost, name); ok {
				return t, file.Range, schema.EnvSet
			}
		}
	}
	return "", hcl.Range{}, state
}

// given gives what the command line or a variable sets an option to, or nil.
func (r *reader) given(name string) *schema.Setting {
	if s := r.cli.Get(name); s != nil {
		return s
	}
	return r.env.Get(name)
}

// fromEnvFile gives a variable of a file as python-dotenv reads it.
func (r *reader) fromEnvFile(file cty.Value, name string) (string, bool) {
	if !file.IsWhollyKnown() || file.IsNull() || file.Type() != cty.String || r.in.Files.Exists(file.AsString()) != "file" {
		return "", false
	}
	source := "from dotenv import dotenv_values\nresult = dotenv_values(" + cmdline.Repr(file.AsString()) + ").get(" + cmdline.Repr(name) + ")\n"
	result := eval.Module(eval.Options{Files: r.in.Files, Host: r.in.Host, Filename: "<env file>", Source: []byte(source), ModuleName: "env_file", Dir: r.in.Dir})
	for _, b := range result.Bindings {
		if t, ok := b.OnHost.(value.Str); ok && b.Name == "result" {
			return string(t), true
		}
	}
	return "", false
}
