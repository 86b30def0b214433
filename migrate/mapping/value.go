package mapping

import (
	"strings"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"gsrv/schema"
)

// longest is the length over which a default is cut: log formats would make a table of one column.
const longest = 32

// defaultText gives an option's default as code, with its unit; empty for none that says something.
func defaultText(o *schema.Option) string {
	v, ok := value(o.Default)
	if !ok || v.IsNull() {
		return ""
	}
	switch {
	case v.Type() == cty.Bool:
		if v.True() {
			return "on"
		}
		return "off"
	case v.CanIterateElements() && v.LengthInt() == 0:
		return ""
	case v.Type() == cty.String && v.AsString() == "":
		return ""
	}
	if (o.Convert == "octal" || o.Convert == "socketmode") && v.Type() == cty.Number {
		v = schema.ConvertValue("octal", v)
	}
	text := code(cut(plain(v)))
	if o.Unit != "" && v.Type() == cty.Number && v.AsBigFloat().Sign() != 0 {
		text += " " + o.Unit
	}
	return text
}

// modelDefault gives a default as gsrv.hcl writes it.
func modelDefault(o *schema.Option) string {
	v, ok := value(o.Default)
	if !ok || v.IsNull() {
		return ""
	}
	format := map[string]func(cty.Value) (string, bool){"duration": schema.FormatDuration, "size": schema.FormatSize}[o.Type]
	if format != nil {
		if t, ok := format(v); ok {
			return code(`"` + t + `"`)
		}
	}
	if v.Type() == cty.String {
		return code(`"` + v.AsString() + `"`)
	}
	return code(plain(v))
}

func value(text string) (cty.Value, bool) {
	if text == "" {
		return cty.NilVal, false
	}
	kind, err := ctyjson.ImpliedType([]byte(text))
	if err != nil {
		return cty.NilVal, false
	}
	v, err := ctyjson.Unmarshal([]byte(text), kind)
	return v, err == nil
}

// plain gives a value as people write it in a table: lists with commas between.
func plain(v cty.Value) string {
	if t, ok := schema.TextOf(v); ok {
		return t
	}
	if v.Type().IsTupleType() {
		var parts []string
		for _, item := range v.AsValueSlice() {
			parts = append(parts, plain(item))
		}
		return strings.Join(parts, ", ")
	}
	return schema.ValueText(v)
}

func cut(s string) string {
	if r := []rune(s); len(r) > longest {
		return string(r[:longest-1]) + "…"
	}
	return s
}

// code gives text as code in a cell of a table.
func code(s string) string {
	s = strings.ReplaceAll(s, "|", `\|`)
	if strings.Contains(s, "`") {
		return "`` " + s + " ``"
	}
	return "`" + s + "`"
}

// escape gives prose for a cell of a table.
func escape(s string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "*", `\*`).Replace(s)
}
