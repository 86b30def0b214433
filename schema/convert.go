package schema

import (
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// ToModel makes the common model's settings from effective native ones by the catalogue's Model and Convert
// fields. Where several native options map to one model name, the last one that is not a default wins. What needs
// more than one option to tell (uWSGI's preload) is the dialect's to add.
func ToModel(native []Setting) []Setting {
	var out []Setting
	index := map[string]int{}
	for _, s := range native {
		if s.Option == nil || s.Option.Model == "" {
			continue
		}
		m := Converted(s, s.Option.Model, s.Option.Convert)
		if i, ok := index[m.Name]; ok {
			if m.Layer != LayerDefault {
				m.Shadowed = append(m.Shadowed, bare(out[i]))
				out[i] = m
			}
			continue
		}
		index[m.Name] = len(out)
		out = append(out, m)
	}
	SortModel(out)
	return out
}

// Converted gives a native setting under a model name, value and shadowed values converted.
func Converted(s Setting, model, conversion string) Setting {
	s.Name = model
	s.Value = Convert(conversion, s.Value)
	s.OnHost = ConvertValue(conversion, s.OnHost)
	shadowed := make([]Setting, len(s.Shadowed))
	for i, o := range s.Shadowed {
		shadowed[i] = Converted(o, model, conversion)
	}
	s.Shadowed = shadowed
	if len(shadowed) == 0 {
		s.Shadowed = nil
	}
	return s
}

// SortModel orders model settings as Model lists them.
func SortModel(settings []Setting) {
	sortSettings(settings, func(s *Setting) int { return Model.Position(s.Name) })
}

// Convert applies a named conversion to an expression: at once to a constant, as a Call around anything that
// depends on the host. Opaque parts stay Opaque. The conversions are those of ConvertValue.
func Convert(conversion string, e Expr) Expr {
	if conversion == "" || e == nil {
		return e
	}
	switch x := e.(type) {
	case *Const:
		v := ConvertValue(conversion, x.Val)
		if v.IsKnown() {
			return &Const{Val: v, Src: x.Src}
		}
	case *Opaque, *Unset, *FuncRef:
		return e
	case *Cond:
		return &Cond{Test: x.Test, Then: Convert(conversion, x.Then), Else: Convert(conversion, x.Else), Src: x.Src}
	case *List:
		if conversion == "list" {
			return e
		}
		if conversion == "keyvals" {
			if m := keyValues(x); m != nil {
				return m
			}
		}
	case *Template:
		// A template of one part has the type of that part, as in HCL; one that holds text is text.
		holdsText := slices.ContainsFunc(x.Parts, func(p Expr) bool {
			c, ok := p.(*Const)
			return ok && c.Val.IsKnown() && !c.Val.IsNull() && c.Val.Type() == cty.String && c.Val.AsString() != ""
		})
		if conversion == "list" && holdsText {
			return &List{Items: []Expr{x}, Src: x.Src}
		}
	}
	if IsConst(e) {
		if v, diags := e.Eval(NoHost); !diags.HasErrors() && v.IsWhollyKnown() {
			if c := ConvertValue(conversion, v); c.IsWhollyKnown() {
				return &Const{Val: c, Src: e.Range()}
			}
		}
	}
	return &Call{Func: "convert_" + conversion, Args: []Expr{e}, Src: e.Range()}
}

// keyValues makes a map of a list of "K=V" texts whose values may depend on the host; nil where a key is not plain.
func keyValues(l *List) *Map {
	m := &Map{Src: l.Src}
	for _, item := range l.Items {
		parts := []Expr{item}
		if t, ok := item.(*Template); ok {
			parts = t.Parts
		}
		if len(parts) == 0 {
			return nil
		}
		c, ok := parts[0].(*Const)
		if !ok || c.Val.IsNull() || c.Val.Type() != cty.String {
			return nil
		}
		key, first, found := strings.Cut(c.Val.AsString(), "=")
		if !found {
			return nil
		}
		rest := parts[1:]
		if first != "" || len(rest) == 0 {
			rest = append([]Expr{String(first, c.Src)}, rest...)
		}
		var v Expr = &Template{Parts: rest, Src: item.Range()}
		if len(rest) == 1 {
			v = rest[0]
		}
		m.Keys, m.Values = append(m.Keys, key), append(m.Values, v)
	}
	return m
}

// ConvertValue applies a conversion to a value:
//
//	not        a truth value reversed
//	text       any value as text
//	mib        a number of mebibytes as bytes
//	kib        a number of kibibytes as bytes
//	octal      a number as octal text: 18 is "0022"
//	octaltext  text of octal digits with a leading zero: "660" is "0660"
//	socketmode a umask as the mode of the unix sockets that it leaves: 7 and "0o7" are "0770"
//	int        text with leading digits as a number, as C's atoi
//	list       text as a list of one; null as an empty list
//	csv        text split at commas, parts trimmed, empty ones dropped
//	words      text split at white space
//	keyvals    a list of "K=V" texts as a map
//	none_false null as false
//	duration   text with a unit as seconds: "1m30s" is 90 (see ParseDuration)
//	size       text with a unit as bytes: "8KiB" is 8192 (see ParseSize)
//
// An unknown or unsuitable value gives cty.DynamicVal.
func ConvertValue(conversion string, v cty.Value) cty.Value {
	if conversion == "" || v == cty.NilVal || !v.IsWhollyKnown() {
		if v == cty.NilVal {
			return cty.DynamicVal
		}
		return v
	}
	if v.IsNull() {
		switch conversion {
		case "list", "csv", "words":
			return cty.EmptyTupleVal
		case "none_false":
			return cty.False
		}
		return v
	}
	switch conversion {
	case "none_false":
		return v
	case "duration", "size":
		return quantity(conversion, v)
	case "not":
		if v.Type() == cty.Bool {
			return v.Not()
		}
	case "text":
		if t, ok := TextOf(v); ok {
			return cty.StringVal(t)
		}
	case "mib", "kib":
		scale := int64(1 << 20)
		if conversion == "kib" {
			scale = 1 << 10
		}
		if n := ConvertValue("int", v); n.IsKnown() && n.Type() == cty.Number {
			return n.Multiply(cty.NumberIntVal(scale))
		}
	case "octal":
		if v.Type() == cty.Number {
			if n, acc := v.AsBigFloat().Int64(); acc == big.Exact && n >= 0 {
				return cty.StringVal("0" + leftPad(strconv.FormatInt(n, 8), 3))
			}
		}
		return ConvertValue("octaltext", v)
	case "octaltext":
		if v.Type() == cty.String {
			t := strings.TrimPrefix(v.AsString(), "0o")
			if n, err := strconv.ParseInt(t, 8, 32); err == nil && n >= 0 {
				return cty.StringVal("0" + leftPad(strconv.FormatInt(n, 8), 3))
			}
		}
	case "socketmode":
		switch v.Type() {
		case cty.Number:
			if n, acc := v.AsBigFloat().Int64(); acc == big.Exact && n >= 0 {
				return cty.StringVal("0" + leftPad(strconv.FormatInt(0o777&^n, 8), 3))
			}
		case cty.String: // as Python's int(x, 0), which refuses 022
			t := strings.TrimSpace(v.AsString())
			if n, err := strconv.ParseInt(t, 0, 32); err == nil && n >= 0 && (n == 0 || t[0] != '0' || t[1] < '0' || t[1] > '9') {
				return ConvertValue(conversion, cty.NumberIntVal(n))
			}
		}
	case "int":
		switch v.Type() {
		case cty.Number:
			return v
		case cty.String:
			return cty.NumberIntVal(atoi(v.AsString()))
		case cty.Bool:
			if v.True() {
				return cty.NumberIntVal(1)
			}
			return cty.NumberIntVal(0)
		}
	case "list":
		if v.Type().IsTupleType() || v.Type().IsListType() {
			return v
		}
		return cty.TupleVal([]cty.Value{v})
	case "csv", "words":
		if v.Type().IsTupleType() || v.Type().IsListType() {
			return v
		}
		if v.Type() == cty.String {
			var parts []string
			if conversion == "words" {
				parts = strings.Fields(v.AsString())
			} else {
				for p := range strings.SplitSeq(v.AsString(), ",") {
					if p = strings.TrimSpace(p); p != "" {
						parts = append(parts, p)
					}
				}
			}
			items := make([]cty.Value, len(parts))
			for i, p := range parts {
				items[i] = cty.StringVal(p)
			}
			return cty.TupleVal(items)
		}
	case "keyvals":
		if v.CanIterateElements() && !v.Type().IsObjectType() && !v.Type().IsMapType() {
			m := map[string]cty.Value{}
			for it := v.ElementIterator(); it.Next(); {
				_, item := it.Element()
				if item.Type() != cty.String {
					return cty.DynamicVal
				}
				if key, value, _ := strings.Cut(item.AsString(), "="); key != "" { // no variable can have no name
					m[key] = cty.StringVal(value)
				}
			}
			return cty.ObjectVal(m)
		}
		return v
	}
	return cty.DynamicVal
}

func leftPad(s string, n int) string {
	for len(s) < n {
		s = "0" + s
	}
	return s
}

// atoi reads leading white space, a sign and digits as C's atoi does; anything else is 0.
func atoi(s string) int64 {
	s = strings.TrimLeft(s, " \t\n\v\f\r")
	end := 0
	if end < len(s) && (s[end] == '-' || s[end] == '+') {
		end++
	}
	for end < len(s) && s[end] >= '0' && s[end] <= '9' {
		end++
	}
	n, err := strconv.ParseInt(s[:end], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// TextOf gives a string, number or truth value as text: numbers in decimal, truth values as true and false.
func TextOf(v cty.Value) (string, bool) {
	if !v.IsKnown() || v.IsNull() {
		return "", false
	}
	switch v.Type() {
	case cty.String:
		return v.AsString(), true
	case cty.Number:
		if v.AsBigFloat().Sign() == 0 {
			return "0", true // big.Float has a negative zero too
		}
		return v.AsBigFloat().Text('f', -1), true
	case cty.Bool:
		return strconv.FormatBool(v.True()), true
	}
	return "", false
}

// At gives a range or, where it is empty, another.
func At(r, otherwise hcl.Range) hcl.Range {
	if r.Filename == "" {
		return otherwise
	}
	return r
}
