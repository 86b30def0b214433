package paste

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
	"gsrv/schema/ini"
	"gsrv/schema/waitress"
)

// A reading makes a server's effective settings from the context that it is started with.
type reading struct {
	server  *server
	context *Context
	header  hcl.Range
	// values are the given settings after the server's casts; unknown where they depend on the host or are wrong.
	values map[string]cty.Value
	diags  hcl.Diagnostics
}

// given gives a setting's value in the file, or nil where it is not set.
func (r *reading) given(name string) *Value { return r.context.Local.Get(name) }

// has tells whether any of the settings is set.
func (r *reading) has(names ...string) bool { return r.first(names...) != "" }

func (r *reading) first(names ...string) string {
	for _, n := range names {
		if r.given(n) != nil {
			return n
		}
	}
	return ""
}

// number gives a setting's whole number: the given one, else the default. It is not known where the given one is wrong.
func (r *reading) number(name string) (int64, bool) {
	v, ok := r.values[name]
	if !ok {
		v = defaultValue(r.server.catalogue.Lookup(name))
	}
	if !v.IsKnown() || v.IsNull() || v.Type() != cty.Number {
		return 0, false
	}
	n, _ := v.AsBigFloat().Int64()
	return n, true
}

func (r *reading) at(name string) hcl.Range {
	v := r.given(name)
	if v == nil {
		return r.header
	}
	return schema.At(v.Range, schema.At(v.NameRange, r.header))
}

func (r *reading) nameAt(name string) hcl.Range {
	if v := r.given(name); v != nil {
		return schema.At(v.NameRange, r.at(name))
	}
	return r.header
}

// refuse reports what the server itself refuses; message is its exception.
func (r *reading) refuse(code string, at hcl.Range, message, summary, detail string, args ...any) {
	d := schema.Errorf(code, at, summary, detail, args...)
	schema.DetailOf(d).ServerMessage = message
	r.diags = append(r.diags, d)
}

func (r *reading) warn(code string, at hcl.Range, summary, detail string, args ...any) {
	r.diags = append(r.diags, schema.Warnf(code, at, summary, detail, args...))
}

// run casts and checks every key, in the order the server gets them.
func (r *reading) run() {
	r.values = map[string]cty.Value{}
	for _, name := range r.context.Local.Names() {
		option := r.server.catalogue.Lookup(name)
		if option == nil {
			r.unknown(name)
			continue
		}
		v := r.given(name)
		r.values[name] = cty.DynamicVal
		if !v.Known {
			continue
		}
		value, message := cast(option.Type, v.Text)
		if message != "" {
			r.refuse("invalid-value", r.at(name), "ValueError: "+message, "Wrong value", "%s", r.castDetail(name, option.Type, v.Text))
			continue
		}
		r.values[name] = value
		if option.Type == "bool" {
			r.word(name, v.Text)
		}
		if len(option.Enum) > 0 && option.Type == typeString && !slices.Contains(option.Enum, v.Text) && v.Text != "" {
			r.refuse("invalid-value", r.at(name), "AssertionError", "Wrong value", "%s is one of %s, and %s refuses %s.", name, strings.Join(option.Enum, ", "), r.server.name, ini.Quote(v.Text))
		}
	}
	if r.server.check != nil {
		r.server.check(r)
	}
}

func (r *reading) castDetail(name, typ, text string) string {
	switch typ {
	case typeAsBool:
		return fmt.Sprintf("%s is true or false (yes, no, on, off, 1, 0), and %s refuses %s.", name, r.server.name, ini.Quote(text))
	case "octal":
		return fmt.Sprintf("%s is an octal number such as 660, and %s refuses %s.", name, r.server.name, ini.Quote(text))
	}
	detail := fmt.Sprintf("%s is a whole number, and %s refuses %s.", name, r.server.name, ini.Quote(text))
	if before, _, found := strings.Cut(text, "#"); found && isNumber(before) {
		return detail + " A comment stands on a line of its own: behind a value it becomes part of it."
	}
	if before, _, found := strings.Cut(text, ";"); found && isNumber(before) {
		return detail + " A comment stands on a line of its own: behind a value it becomes part of it."
	}
	if waitress.ShellVariable().MatchString(text) {
		return detail + " Shell variables are not expanded in the file; write %(NAME)s and start with NAME=VALUE behind the file's name."
	}
	return detail
}

func isNumber(text string) bool {
	_, message := waitress.Cast(typeInt, text)
	return message == ""
}

// word warns of a truth value that waitress takes for false without a word.
func (r *reading) word(name, text string) {
	word := strings.ToLower(ini.Strip(text))
	if _, known := waitress.Truth(text); known || word == "" || word == "none" {
		return
	}
	r.warn("invalid-value", r.at(name), "Taken for false", "%s takes t, true, y, yes, on and 1 for true and anything else, also %s, for false without a word. Write true or false.", r.server.name, ini.Quote(text))
}

// unknown reports a key that the server does not know.
func (r *reading) unknown(name string) {
	var names []string
	for _, o := range r.server.catalogue.Options {
		names = append(names, o.Name)
	}
	near := schema.Nearest(name, names)
	meant := ""
	if near != "" {
		meant = " Is " + near + " meant?"
	}
	if r.server.ignores {
		r.warn("unknown-setting", r.nameAt(name), "Setting without effect", "%s takes host and port and ignores any other key, so %s does nothing.%s", r.server.name, name, meant)
	} else {
		message := fmt.Sprintf("ValueError: Unknown adjustment %s", ini.PythonRepr(name))
		switch {
		case r.server.catalogue == pasteHTTP && strings.HasPrefix(name, "threadpool_"):
			if v, ok := r.values["use_threadpool"]; ok && v.IsKnown() && v.False() {
				return
			}
			message = fmt.Sprintf("TypeError: ThreadPool.__init__() got an unexpected keyword argument %s", ini.PythonRepr(strings.TrimPrefix(name, "threadpool_")))
		case r.server.function != "":
			message = fmt.Sprintf("TypeError: %s() got an unexpected keyword argument %s", r.server.function, ini.PythonRepr(name))
		}
		r.refuse("unknown-setting", r.nameAt(name), message, "Unknown setting", "%s has no setting %s and does not start with it.%s", r.server.name, name, meant)
	}
	if near != "" {
		schema.DetailOf(r.diags[len(r.diags)-1]).Suggest = near
	}
}

// defaultValue is an option's default as a value; null where it has none.
func defaultValue(o *schema.Option) cty.Value {
	if o == nil || o.Default == "" {
		return schema.Null
	}
	var v any
	if err := json.Unmarshal([]byte(o.Default), &v); err != nil {
		return schema.Null
	}
	return toValue(v)
}

func toValue(v any) cty.Value {
	switch v := v.(type) {
	case string:
		return cty.StringVal(v)
	case float64:
		return cty.NumberFloatVal(v)
	case bool:
		return cty.BoolVal(v)
	case []any:
		items := make([]cty.Value, len(v))
		for i, x := range v {
			items[i] = toValue(x)
		}
		return cty.TupleVal(items)
	}
	return schema.Null
}

// fromValue is a value as data for encoding/json.
func fromValue(v cty.Value) any {
	switch {
	case v == cty.NilVal || !v.IsKnown() || v.IsNull():
		return nil
	case v.Type() == cty.String:
		return v.AsString()
	case v.Type() == cty.Bool:
		return v.True()
	case v.Type() == cty.Number:
		return json.Number(v.AsBigFloat().Text('f', -1))
	}
	items := []any{}
	for it := v.ElementIterator(); it.Next(); {
		_, x := it.Element()
		items = append(items, fromValue(x))
	}
	return items
}
