package schema

import (
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// Revert is the way back of Convert: it gives the expression that a native option needs for the model's setting to come
// to e. What depends on the host stays an expression. False where there is none: memory that is no whole number of
// mebibytes, a path with a comma in a list that commas part.
func Revert(conversion string, e Expr) (Expr, bool) {
	if conversion == "" || e == nil {
		return e, e != nil
	}
	switch x := e.(type) {
	case *Const:
		v, ok := RevertValue(conversion, x.Val)
		if !ok {
			return nil, false
		}
		return &Const{Val: v, Src: x.Src}, true
	case *Opaque, *Unset, *FuncRef:
		return e, true
	case *Cond:
		then, ok := Revert(conversion, x.Then)
		if !ok {
			return nil, false
		}
		otherwise, ok := Revert(conversion, x.Else)
		if !ok {
			return nil, false
		}
		return &Cond{Test: x.Test, Then: then, Else: otherwise, Src: x.Src}, true
	case *Call:
		if x.Func == "convert_"+conversion && len(x.Args) == 1 {
			return x.Args[0], true
		}
	case *List:
		switch conversion {
		case "csv":
			return joined(x, ",")
		case "words":
			return joined(x, " ")
		}
	case *Map:
		if conversion == "keyvals" {
			return keyTexts(x)
		}
	}
	if IsConst(e) {
		if v, diags := e.Eval(NoHost); !diags.HasErrors() && v.IsWhollyKnown() {
			back, ok := RevertValue(conversion, v)
			return &Const{Val: back, Src: e.Range()}, ok
		}
	}
	switch conversion {
	case "not":
		return &Unary{Op: "not", X: e, Src: e.Range()}, true
	case "text", "int", "list", "none_false":
		return e, true
	case "csv":
		return &Call{Func: "join", Args: []Expr{String(",", e.Range()), e}, Src: e.Range()}, true
	case "words":
		return &Call{Func: "join", Args: []Expr{String(" ", e.Range()), e}, Src: e.Range()}, true
	}
	return nil, false
}

// joined is a list as one text with a separator; items that depend on the host are taken not to hold the separator.
func joined(l *List, separator string) (Expr, bool) {
	t := &Template{Src: l.Src}
	for i, item := range l.Items {
		if c, ok := item.(*Const); ok {
			if c.Val.IsNull() || c.Val.Type() != cty.String || !plainItem(c.Val.AsString(), separator) {
				return nil, false
			}
		} else if holds(item, separator) {
			return nil, false
		}
		if i > 0 {
			t.Parts = append(t.Parts, String(separator, l.Src))
		}
		t.Parts = append(t.Parts, item)
	}
	return simplified(t), true
}

// holds tells whether a text inside an expression would not survive as a part.
func holds(e Expr, separator string) bool {
	found := false
	Walk(e, func(e Expr) bool {
		if c, ok := e.(*Const); ok && c.Val.IsKnown() && !c.Val.IsNull() && c.Val.Type() == cty.String {
			found = found || !plainItem(c.Val.AsString(), separator)
		}
		return !found
	})
	return found
}

// simplified puts neighbouring texts of a template together.
func simplified(t *Template) Expr {
	out := &Template{Src: t.Src}
	for _, p := range t.Parts {
		c, ok := p.(*Const)
		if last := len(out.Parts) - 1; ok && last >= 0 && c.Val.Type() == cty.String {
			if before, ok := out.Parts[last].(*Const); ok && before.Val.Type() == cty.String {
				out.Parts[last] = String(before.Val.AsString()+c.Val.AsString(), before.Src)
				continue
			}
		}
		out.Parts = append(out.Parts, p)
	}
	if len(out.Parts) == 0 {
		return String("", t.Src)
	}
	if c, ok := out.Parts[0].(*Const); ok && len(out.Parts) == 1 {
		return c
	}
	return out
}

// keyTexts is a map as a list of K=V texts.
func keyTexts(m *Map) (Expr, bool) {
	l := &List{Src: m.Src}
	for i, k := range m.Keys {
		if strings.Contains(k, "=") {
			return nil, false
		}
		switch v := m.Values[i].(type) {
		case *Const:
			text, ok := TextOf(v.Val)
			if !ok {
				return nil, false
			}
			l.Items = append(l.Items, String(k+"="+text, v.Src))
		case *Template:
			l.Items = append(l.Items, simplified(&Template{Parts: append([]Expr{String(k+"=", v.Src)}, v.Parts...), Src: v.Src}))
		default:
			l.Items = append(l.Items, &Template{Parts: []Expr{String(k+"=", m.Src), v}, Src: m.Src})
		}
	}
	return l, true
}

// plainItem tells whether a text survives as one part of a text that a separator parts.
func plainItem(s, separator string) bool {
	if separator == "," {
		return s != "" && !strings.Contains(s, ",") && strings.TrimSpace(s) == s
	}
	fields := strings.Fields(s)
	return len(fields) == 1 && fields[0] == s
}

// RevertValue is the way back of ConvertValue: where it answers true, ConvertValue of what it gives is v again.
func RevertValue(conversion string, v cty.Value) (cty.Value, bool) {
	if v == cty.NilVal || !v.IsWhollyKnown() {
		return cty.DynamicVal, false
	}
	back, ok := revertValue(conversion, v)
	if !ok {
		return cty.DynamicVal, false
	}
	return back, same(ConvertValue(conversion, back), v)
}

// same compares values of the model, where lists and tuples are one kind.
func same(a, b cty.Value) bool {
	if a == cty.NilVal || !a.IsWhollyKnown() || a.IsNull() != b.IsNull() {
		return false
	}
	if a.IsNull() {
		return true
	}
	sequence := func(v cty.Value) bool { return v.Type().IsTupleType() || v.Type().IsListType() }
	mapping := func(v cty.Value) bool { return v.Type().IsObjectType() || v.Type().IsMapType() }
	switch {
	case sequence(a) && sequence(b):
		return slices.EqualFunc(a.AsValueSlice(), b.AsValueSlice(), same)
	case mapping(a) && mapping(b):
		x, y := a.AsValueMap(), b.AsValueMap()
		for k, v := range x {
			if w, ok := y[k]; !ok || !same(v, w) {
				return false
			}
		}
		return len(x) == len(y)
	}
	return equal(a, b)
}

func revertValue(conversion string, v cty.Value) (cty.Value, bool) {
	if v.IsNull() {
		return v, true
	}
	kind := v.Type()
	switch conversion {
	case "", "list", "none_false":
		return v, true
	case "text":
		return v, kind == cty.String
	case "int":
		return v, kind == cty.Number
	case "not":
		if kind == cty.Bool {
			return v.Not(), true
		}
	case "mib", "kib":
		scale := int64(1 << 20)
		if conversion == "kib" {
			scale = 1 << 10
		}
		if kind == cty.Number {
			n := new(big.Float).Quo(v.AsBigFloat(), new(big.Float).SetInt64(scale))
			return cty.NumberVal(n), n.IsInt()
		}
	case "octal":
		if kind == cty.String {
			n, err := strconv.ParseInt(v.AsString(), 8, 32)
			return cty.NumberIntVal(n), err == nil && n >= 0
		}
	case "socketmode":
		if kind == cty.String {
			n, err := strconv.ParseInt(v.AsString(), 8, 32)
			return cty.NumberIntVal(0o777 &^ n), err == nil && n >= 0
		}
	case "octaltext":
		if kind == cty.String {
			return cty.StringVal(strings.TrimPrefix(v.AsString(), "0")), true
		}
	case "csv", "words":
		return joinedValue(v, map[string]string{"csv": ",", "words": " "}[conversion])
	case "keyvals":
		return keyTextValues(v)
	case "duration":
		t, ok := FormatDuration(v)
		return cty.StringVal(t), ok
	case "size":
		t, ok := FormatSize(v)
		return cty.StringVal(t), ok
	}
	return cty.DynamicVal, false
}

func joinedValue(v cty.Value, separator string) (cty.Value, bool) {
	if !v.Type().IsTupleType() && !v.Type().IsListType() {
		return cty.DynamicVal, false
	}
	var parts []string
	for _, item := range v.AsValueSlice() {
		if item.IsNull() || item.Type() != cty.String || !plainItem(item.AsString(), separator) {
			return cty.DynamicVal, false
		}
		parts = append(parts, item.AsString())
	}
	return cty.StringVal(strings.Join(parts, separator)), true
}

func keyTextValues(v cty.Value) (cty.Value, bool) {
	if !v.Type().IsObjectType() && !v.Type().IsMapType() {
		return cty.DynamicVal, false
	}
	values := v.AsValueMap()
	items := make([]cty.Value, 0, len(values))
	for _, k := range sortedKeys(values) {
		text, ok := TextOf(values[k])
		if !ok || strings.Contains(k, "=") {
			return cty.DynamicVal, false
		}
		items = append(items, cty.StringVal(k+"="+text))
	}
	return cty.TupleVal(items), true
}
