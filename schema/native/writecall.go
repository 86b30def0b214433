package native

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
)

var startPos = hcl.InitialPos

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// writtenCalls names HCL's function for one of the model's, and the types its arguments must have to mean the same.
var writtenCalls = map[string]struct {
	name string
	args []cty.Type // the last one repeats
}{
	"abs": {"abs", []cty.Type{cty.Number}}, "ceil": {"ceil", []cty.Type{cty.Number}}, "floor": {"floor", []cty.Type{cty.Number}},
	"min": {"min", []cty.Type{cty.Number}}, "max": {"max", []cty.Type{cty.Number}},
	"basename": {"basename", []cty.Type{cty.String}}, "dirname": {"dirname", []cty.Type{cty.String}},
	"lower": {"lower", []cty.Type{cty.String}}, "upper": {"upper", []cty.Type{cty.String}}, "replace": {"replace", []cty.Type{cty.String}},
	"contains": {"strcontains", []cty.Type{cty.String}}, "startswith": {"startswith", []cty.Type{cty.String}}, "endswith": {"endswith", []cty.Type{cty.String}},
}

func (w *exprWriter) call(e *schema.Call) (string, error) {
	if (e.Func == "int" || e.Func == "float") && len(e.Args) == 1 && typeOf(e.Args[0]) == cty.DynamicPseudoType && !schema.MayBeNull(e.Args[0]) {
		t, err := w.loose(e.Args[0])
		return map[string]string{"int": "int(", "float": "tonumber("}[e.Func] + t + ")", err
	}
	args, err := w.all(e.Args)
	if err != nil {
		return "", err
	}
	if len(args) == 0 {
		return "", cannot("%s() has no argument", e.Func)
	}
	for _, a := range e.Args {
		if schema.MayBeNull(a) {
			return "", cannot("%s() may meet no value", e.Func)
		}
	}
	if c, ok := writtenCalls[e.Func]; ok {
		for i, a := range e.Args {
			if typeOf(a) != c.args[min(i, len(c.args)-1)] {
				return "", cannot("an argument of %s() may have another type", e.Func)
			}
		}
		return c.name + "(" + strings.Join(args, ", ") + ")", nil
	}
	first := typeOf(e.Args[0])
	primitive := first == cty.String || first == cty.Number
	switch {
	case e.Func == "bool":
		return w.truth(e.Args[0], false)
	case e.Func == "int" && len(args) == 1 && primitive:
		return "int(" + args[0] + ")", nil
	case e.Func == "float" && len(args) == 1 && primitive:
		return "tonumber(" + args[0] + ")", nil
	case e.Func == "str" && primitive:
		return "tostring(" + args[0] + ")", nil
	case e.Func == "len" && (first == cty.String || isList(first) || first.IsObjectType()):
		return "length(" + args[0] + ")", nil
	case e.Func == "strip" && first == cty.String && len(args) == 1:
		return "trimspace(" + args[0] + ")", nil
	case e.Func == "strip" && first == cty.String && typeOf(e.Args[1]) == cty.String:
		return "trim(" + args[0] + ", " + args[1] + ")", nil
	case e.Func == "split" && len(args) == 2 && first == cty.String && constText(e.Args[1]) != "":
		return "split(" + args[1] + ", " + args[0] + ")", nil
	case e.Func == "join" && len(args) == 2 && first == cty.String && isList(typeOf(e.Args[1])):
		return "join(" + strings.Join(args, ", ") + ")", nil
	case e.Func == "get" && len(args) == 3 && first.IsObjectType():
		return "lookup(" + strings.Join(args, ", ") + ")", nil
	}
	if conversion, ok := strings.CutPrefix(e.Func, "convert_"); ok && len(args) == 1 {
		return w.conversion(conversion, args[0], e.Args[0])
	}
	return "", cannot("gsrv.hcl has no function for %s() of these arguments", e.Func)
}

func constText(e schema.Expr) string {
	if c, ok := e.(*schema.Const); ok && c.Val.Type() == cty.String && c.Val.IsKnown() && !c.Val.IsNull() {
		return c.Val.AsString()
	}
	return ""
}

// conversion writes a conversion between a server's value and the model's.
func (w *exprWriter) conversion(name, text string, e schema.Expr) (string, error) {
	kind := typeOf(e)
	operand, err := bracketed(text, bindProduct)
	if err != nil {
		return "", err
	}
	switch {
	case name == "text" && (kind == cty.String || kind == cty.Number || kind == cty.Bool):
		return "tostring(" + text + ")", nil
	case name == "none_false" && kind == cty.Bool && !schema.MayBeNull(e):
		return text, nil
	case name == "not" && kind == cty.Bool:
		return w.truth(e, true)
	case (name == "mib" || name == "kib") && (kind == cty.Number || kind == cty.String):
		if kind == cty.String {
			operand = "tonumber(" + text + ")"
		}
		factor := int64(1 << 20)
		if name == "kib" {
			factor = 1 << 10
		}
		return scaled(operand, e, factor), nil
	case name == "int" && kind == cty.Number:
		return text, nil
	case name == "int" && kind == cty.Bool:
		test, err := bracketed(text, bindOr)
		return test + " ? 1 : 0", err
	case name == "int" && kind == cty.String:
		// A server that reads numbers as C does takes "abc" for 0 and "4 ;" for 4; here both stop the start.
		return "int(" + text + ")", nil
	case name == "octal" && kind == cty.Number:
		return `format("0%03o", ` + text + ")", nil
	case name == "socketmode" && kind == cty.Number: // a umask: what it leaves of 0777
		return `format("0%03o", 511 - ` + operand + " % 512)", nil
	case name == "list" && (kind == cty.String || kind == cty.Number):
		return "[" + text + "]", nil
	case name == "list" && isList(kind), (name == "csv" || name == "words") && isList(kind):
		return text, nil
	case splitConversions[name] != "" && kind == cty.String:
		return splitLoop(splitConversions[name], text), nil
	}
	return "", cannot("the conversion to the form of gsrv.hcl (%s) has no function", name)
}

// attributeText writes an expression as the value of an option: quantities get their units.
func attributeText(o *schema.Option, e schema.Expr) (string, error) {
	return (&exprWriter{}).attribute(o, e)
}

func (w *exprWriter) attribute(o *schema.Option, e schema.Expr) (string, error) {
	if text := rawText(o, e); text != nil {
		return w.expr(text)
	}
	switch x := e.(type) {
	case *schema.Cond:
		test, err := w.truth(x.Test, false)
		if err != nil {
			return "", err
		}
		yes, err := w.attribute(o, x.Then)
		if err != nil {
			return "", err
		}
		no, err := w.attribute(o, x.Else)
		if err != nil {
			return "", err
		}
		if a, b := typeOf(x.Then), typeOf(x.Else); !a.Equals(b) && !isNull(x.Then) && !isNull(x.Else) && !(isList(a) && isList(b)) {
			return "", cannot("its branches have different types, which HCL would convert")
		}
		return test + " ? " + yes + " : " + no, nil
	case *schema.Unset:
		return "null", nil
	case *schema.Const:
		if x.Val != cty.NilVal && x.Val.IsWhollyKnown() {
			return constantText(o, x.Val)
		}
	case *schema.FuncRef:
		if o.Type != "hook" {
			return "", cannot("it is Python code, not a value")
		}
	}
	kind := typeOf(e)
	switch o.Type {
	case "duration", "size":
		if v, ok := constant(e); ok {
			return constantText(o, v)
		}
		if kind != cty.Number || schema.MayBeNull(e) {
			return "", cannot("it may be no number, so it has no unit")
		}
		t, err := w.expr(e)
		return `"${` + t + "}" + baseUnit[o.Type] + `"`, err
	case "int":
		if kind == cty.String {
			return w.expr(&schema.Call{Func: "int", Args: []schema.Expr{e}})
		}
	}
	if opaque := schema.FindOpaque(e); opaque != nil {
		return "", cannot("not known: %s", opaque.Reason)
	}
	if !fits(o.Type, kind) {
		return "", cannot("it may not be %s", kinds[o.Type])
	}
	return w.expr(e)
}

// rawText finds the text below the conversion that the reader makes itself; nil where there is none. A null is what it
// leaves alone, in "x == null ? null : int(x)" too.
func rawText(o *schema.Option, e schema.Expr) schema.Expr {
	if c, ok := e.(*schema.Cond); ok && isNull(c.Then) {
		test, ok := c.Test.(*schema.Binary)
		raw := rawText(o, c.Else)
		if ok && test.Op == "==" && isNull(test.R) && raw != nil && sameExpr(raw, test.L) {
			return raw
		}
		return nil
	}
	var text schema.Expr
	switch x := e.(type) {
	case *schema.Call:
		if len(x.Args) == 1 && (x.Func == "int" && o.Type == "int" || x.Func == "convert_"+o.Type && baseUnit[o.Type] != "") {
			text = x.Args[0]
		}
	case *schema.Binary:
		if o.Type == "bool" && x.Op == "in" && canonical(x.R) == truthWords {
			text = x.L
		}
	}
	if text == nil || typeOf(text) != cty.String || schema.IsConst(text) {
		return nil
	}
	return text
}

// truthWords is the list that convertTo looks text up in.
const truthWords = `["true", "1"]`

// fits tells whether an expression of a type can be the value of an option of a type.
func fits(option string, kind cty.Type) bool {
	switch option {
	case "int":
		return kind == cty.Number
	case "bool":
		return kind == cty.Bool
	case "list":
		return isList(kind)
	case "map", "any":
		return kind.IsObjectType() || kind.IsMapType()
	}
	return kind == cty.String
}

// constantText writes a known value of the model as the native format has it.
func constantText(o *schema.Option, v cty.Value) (string, error) {
	if v.IsNull() {
		return "null", nil
	}
	kind := v.Type()
	switch {
	case o.Type == "duration" && kind == cty.Number:
		if t, ok := schema.FormatDuration(v); ok && len(t) < 60 {
			return `"` + t + `"`, nil
		}
	case o.Type == "size" && kind == cty.Number:
		if t, ok := schema.FormatSize(v); ok {
			return `"` + t + `"`, nil
		}
	case o.Type == "list" && isList(kind):
		for it := v.ElementIterator(); it.Next(); {
			if _, item := it.Element(); item.IsNull() || item.Type() != cty.String {
				return "", cannot("it is a list of more than texts")
			}
		}
		return valueText(v)
	case o.Type == "int" && kind == cty.Number && !v.AsBigFloat().IsInt():
		return "", cannot("it is no whole number")
	case o.Type == "hook" && kind == cty.String:
		return (&exprWriter{}).function(&schema.FuncRef{Name: v.AsString(), Kind: "path"})
	case o.Type == "octal" && kind == cty.String && !octalText().MatchString(v.AsString()):
		return "", cannot("%q is no mode in octal digits", v.AsString())
	case fits(o.Type, kind):
		return valueText(v)
	}
	return "", cannot("%s is not %s", describe(v), kinds[o.Type])
}

// textOf is a value of the model as the native format writes it; empty where it is not known.
func textOf(o *schema.Option, v cty.Value) string {
	if v == cty.NilVal || !v.IsWhollyKnown() {
		return ""
	}
	var t string
	var ok bool
	switch o.Type {
	case "duration":
		t, ok = schema.FormatDuration(v)
	case "size":
		t, ok = schema.FormatSize(v)
	case "string", "octal", "hook":
		t, ok = schema.TextOf(v)
	}
	if ok {
		return t
	}
	t, err := valueText(v)
	if err != nil {
		return fmt.Sprint(err)
	}
	return t
}

// sameExpr tells whether two expressions have the same value on every host.
func sameExpr(a, b schema.Expr) bool { return canonical(a) == canonical(b) }

// canonical is a text that two expressions have in common only where they are the same.
func canonical(e schema.Expr) string {
	if t, err := hclText(e); err == nil {
		return t
	}
	if o := schema.FindOpaque(e); o != nil {
		return "opaque " + o.Source
	}
	return fmt.Sprintf("at %s", e.Range())
}
