package cmdline

import (
	"encoding/json"
	"math"
	"math/big"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
	"gsrv/schema/python/value"
)

// Repr gives text as Python's repr does.
func Repr(s string) string {
	r, err := value.Repr(nil, value.Str(s))
	if err != nil {
		return "'" + s + "'"
	}
	return r
}

// Int reads a whole number as Python's int(text, base) does.
func Int(text string, base int) (cty.Value, bool) {
	n, err := value.ParseInt(nil, text, base)
	if err != nil {
		return cty.DynamicVal, false
	}
	return cty.NumberVal(new(big.Float).SetInt(n.Big())), true
}

// Float reads a number as Python's float(text) does. Infinity and not-a-number are kept as the text that Python
// prints for them.
func Float(text string) (cty.Value, bool) {
	f, err := value.ParseFloat(nil, text)
	switch {
	case err != nil:
		return cty.DynamicVal, false
	case math.IsInf(f, 0) || math.IsNaN(f):
		t, _ := value.Repr(nil, value.Float(f))
		return cty.StringVal(t), true
	}
	return cty.NumberFloatVal(f), true
}

// Bool reads a truth value as click does.
func Bool(text string) (v, ok bool) {
	t := strings.ToLower(strings.TrimSpace(text))
	switch t {
	case "1", "true", "t", "yes", "y", "on":
		return true, true
	case "0", "false", "f", "no", "n", "off":
		return false, true
	}
	return false, false
}

// FromJSON makes a value of an option's default.
func FromJSON(text string) cty.Value {
	if text == "" {
		return schema.Null
	}
	var v any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return schema.Null
	}
	return fromAny(v)
}

func fromAny(v any) cty.Value {
	switch v := v.(type) {
	case string:
		return cty.StringVal(v)
	case json.Number:
		n, err := cty.ParseNumberVal(v.String())
		if err != nil {
			return schema.Null
		}
		return n
	case bool:
		return cty.BoolVal(v)
	case []any:
		items := make([]cty.Value, len(v))
		for i, x := range v {
			items[i] = fromAny(x)
		}
		return cty.TupleVal(items)
	}
	return schema.Null
}

// Plain is a value as data for encoding/json.
func Plain(v cty.Value) any {
	switch {
	case v == cty.NilVal || !v.IsKnown() || v.IsNull():
		return nil
	case v.Type() == cty.String:
		return v.AsString()
	case v.Type() == cty.Bool:
		return v.True()
	case v.Type() == cty.Number:
		t, _ := schema.TextOf(v)
		return json.Number(t)
	}
	items := []any{}
	for it := v.ElementIterator(); it.Next(); {
		_, x := it.Element()
		items = append(items, Plain(x))
	}
	return items
}

// Text is a value as Python prints it: None, True, 4, ['a', 'b']; empty where it is not known.
func Text(o *schema.Option, v cty.Value) string {
	if v != cty.NilVal && v.IsKnown() && !v.IsNull() && v.Type() == cty.String {
		return v.AsString()
	}
	return pythonRepr(o, v)
}

func pythonRepr(o *schema.Option, v cty.Value) string {
	switch {
	case v == cty.NilVal || !v.IsKnown():
		return ""
	case v.IsNull():
		return "None"
	case v.Type() == cty.String:
		return Repr(v.AsString())
	case v.Type() == cty.Bool:
		if v.True() {
			return "True"
		}
		return "False"
	case v.Type() == cty.Number:
		t, _ := schema.TextOf(v)
		if o != nil && o.Type == "float" {
			f, _ := v.AsBigFloat().Float64()
			t, _ = value.Repr(nil, value.Float(f))
		}
		return t
	}
	var items []string
	for it := v.ElementIterator(); it.Next(); {
		_, x := it.Element()
		items = append(items, pythonRepr(o, x))
	}
	return "[" + strings.Join(items, ", ") + "]"
}
