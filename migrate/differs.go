package migrate

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"gsrv/schema"
)

// Differs tells in words how two configurations differ in a setting of the common model, on hosts with and without the
// variables that it depends on; empty where they agree.
func Differs(a, b *schema.Config, name string) string {
	return differs(a, b, name, nil)
}

// differs is Differs with a way to read the second configuration on a host, for what is only known there.
func differs(a, b *schema.Config, name string, read func(schema.Host) *schema.Config) string {
	sa, sb := modelSetting(a, name), modelSetting(b, name)
	for _, h := range hosts(name, sa, sb) {
		va, vb := valueOn(sa, h.host, name), valueOn(sb, h.host, name)
		if va != vb && read != nil {
			vb = valueOn(modelSetting(read(h.host), name), h.host, name)
		}
		if va != vb {
			return fmt.Sprintf("%s%s there, %s here", h.where, va, vb)
		}
	}
	return ""
}

func modelSetting(cfg *schema.Config, name string) *schema.Setting {
	for i := range cfg.Model {
		if cfg.Model[i].Name == name {
			return &cfg.Model[i]
		}
	}
	return nil
}

// A machine is one of those on which settings are compared, and the words for it.
type machine struct {
	host  schema.Host
	where string
}

// hosts gives machines on which an expression may have different values: without the variables that it depends on, and with
// values that suit the setting. Numbers are not compared for variables that hold none: every server has its own way to refuse
// or misread them.
func hosts(name string, settings ...*schema.Setting) []machine {
	names := map[string]bool{}
	for _, s := range settings {
		if s == nil || s.Value == nil {
			continue
		}
		schema.Walk(s.Value, func(e schema.Expr) bool {
			if env, ok := e.(*schema.Env); ok {
				names[env.Name] = true
			}
			return true
		})
	}
	variables := strings.Join(slices.Sorted(maps.Keys(names)), ", ")
	where := ""
	if len(names) > 0 {
		where = "without " + variables + " "
	}
	out := []machine{{&schema.HostInputs{NoEnv: true, CPUs: 1, Vars: map[string]*string{}}, where}}
	values := []string{"3", "true", "/srv/x", "127.0.0.1:80", ""}
	if o := schema.Model.Lookup(name); o != nil && (o.Type == "int" || o.Type == "duration" || o.Type == "size") {
		values = []string{"3", "0", "12"}
	}
	for _, value := range values {
		vars := map[string]*string{}
		for n := range names {
			vars[n] = &value
		}
		if len(names) > 0 {
			where = fmt.Sprintf("with %q in %s ", value, variables)
		}
		out = append(out, machine{&schema.HostInputs{NoEnv: true, CPUs: 4, Vars: vars}, where})
		if len(names) == 0 {
			break
		}
	}
	return out
}

// valueOn gives a setting's value on a host as text that equal values share.
func valueOn(s *schema.Setting, h schema.Host, name string) string {
	o := schema.Model.Lookup(name)
	if s == nil || s.Value == nil {
		return valueText(defaultValue(o), o)
	}
	v, diags := s.Value.Eval(h)
	if diags.HasErrors() || v == cty.NilVal || !v.IsWhollyKnown() {
		return "not known"
	}
	return valueText(v, o)
}

func defaultValue(o *schema.Option) cty.Value {
	if o == nil || o.Default == "" {
		return schema.Null
	}
	t, err := ctyjson.ImpliedType([]byte(o.Default))
	if err != nil {
		return schema.Null
	}
	v, err := ctyjson.Unmarshal([]byte(o.Default), t)
	if err != nil {
		return schema.Null
	}
	return v
}

func valueText(v cty.Value, o *schema.Option) string {
	if v.IsNull() || v.CanIterateElements() && v.LengthInt() == 0 || v.Type() == cty.String && v.AsString() == "" || v.Type() == cty.Bool && !v.True() {
		return "nothing"
	}
	if o != nil && o.Name == "app.module" && v.Type() == cty.String && !strings.Contains(v.AsString(), ":") {
		v = cty.StringVal(v.AsString() + ":application") // what every server takes from a module
	}
	if o != nil {
		if o.Name == "app.directory" && v.Type() == cty.String && len(v.AsString()) > 1 {
			v = cty.StringVal(strings.TrimRight(v.AsString(), "/"))
		}
		switch o.Type {
		case "list":
			v = schema.ConvertValue("list", v)
			if strings.HasPrefix(o.Name, "listen.") {
				v = addresses(v)
			}
		case "octal":
			v = schema.ConvertValue("octaltext", v)
		case "duration", "size", "int":
			if v.Type() == cty.String {
				if n := schema.ConvertValue("int", v); n.IsKnown() {
					v = n
				}
			}
		}
	}
	if t, ok := schema.TextOf(v); ok {
		return t
	}
	return schema.ValueText(v)
}

// addresses writes out that an address without a host is one of all addresses.
func addresses(v cty.Value) cty.Value {
	if !v.IsKnown() || v.IsNull() || !v.CanIterateElements() {
		return v
	}
	var out []cty.Value
	for _, item := range v.AsValueSlice() {
		if t, ok := schema.TextOf(item); ok && strings.HasPrefix(t, ":") {
			item = cty.StringVal("0.0.0.0" + t)
		}
		out = append(out, item)
	}
	return cty.TupleVal(out)
}
