package schema

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// Functions lists the functions a Call may name, with Python's meaning where Python has them. "convert_X" are the
// conversions of ConvertValue besides.
var Functions = []string{
	"abs", "basename", "bool", "ceil", "contains", "dirname", "endswith", "float", "floor", "get", "int", "join", "len", "lower", "lstrip",
	"max", "min", "pathjoin", "replace", "round", "rstrip", "split", "startswith", "str", "strip", "upper",
}

func problem(at hcl.Range, summary, detail string, args ...any) (cty.Value, hcl.Diagnostics) {
	return cty.DynamicVal, hcl.Diagnostics{Errorf("evaluation", at, summary, detail, args...)}
}

// Eval implements Expr.
func (e *Const) Eval(Host) (cty.Value, hcl.Diagnostics) { return e.Val, nil }

// Eval implements Expr: text, or what Default, EmptyIsUnset and Missing say.
func (e *Env) Eval(h Host) (cty.Value, hcl.Diagnostics) {
	text, state := h.Env(e.Name)
	switch {
	case state == EnvUnknown:
		return cty.DynamicVal, nil
	case state == EnvSet && (text != "" || !e.EmptyIsUnset):
		return cty.StringVal(text), nil
	case e.Default != nil:
		return e.Default.Eval(h)
	}
	switch e.Missing {
	case MissingError:
		return problem(e.Src, "Environment variable not set", "%s is not set, and the configuration fails without it. Set it, or give it with --env %s=VALUE.", e.Name, e.Name)
	case MissingLiteral:
		return cty.StringVal("$(" + e.Name + ")"), nil
	case MissingEmpty:
		return cty.StringVal(""), nil
	}
	return Null, nil
}

// Eval implements Expr.
func (e *HostFact) Eval(h Host) (cty.Value, hcl.Diagnostics) {
	if v, ok := h.Fact(e.Fact); ok {
		return v, nil
	}
	return cty.DynamicVal, nil
}

// Eval implements Expr: one side where the test is known, unknown otherwise, unless both sides agree.
func (e *Cond) Eval(h Host) (cty.Value, hcl.Diagnostics) {
	test, diags := e.Test.Eval(h)
	if diags.HasErrors() {
		return cty.DynamicVal, diags
	}
	truth, known := Truth(test)
	if !known {
		a, ad := e.Then.Eval(h)
		b, bd := e.Else.Eval(h)
		if !ad.HasErrors() && !bd.HasErrors() && a.IsWhollyKnown() && b.IsWhollyKnown() && a.RawEquals(b) {
			return a, nil
		}
		return cty.DynamicVal, nil
	}
	if truth {
		return e.Then.Eval(h)
	}
	return e.Else.Eval(h)
}

// Eval implements Expr.
func (e *Template) Eval(h Host) (cty.Value, hcl.Diagnostics) {
	var b strings.Builder
	known := true
	for _, p := range e.Parts {
		v, diags := p.Eval(h)
		if diags.HasErrors() {
			return cty.DynamicVal, diags
		}
		text, ok := PythonText(v)
		known = known && ok
		b.WriteString(text)
	}
	if !known {
		return cty.DynamicVal, nil
	}
	return cty.StringVal(b.String()), nil
}

// Eval implements Expr.
func (e *List) Eval(h Host) (cty.Value, hcl.Diagnostics) {
	items := make([]cty.Value, len(e.Items))
	for i, x := range e.Items {
		v, diags := x.Eval(h)
		if diags.HasErrors() {
			return cty.DynamicVal, diags
		}
		items[i] = v
	}
	return cty.TupleVal(items), nil
}

// Eval implements Expr.
func (e *Map) Eval(h Host) (cty.Value, hcl.Diagnostics) {
	attrs := make(map[string]cty.Value, len(e.Keys))
	for i, k := range e.Keys {
		v, diags := e.Values[i].Eval(h)
		if diags.HasErrors() {
			return cty.DynamicVal, diags
		}
		attrs[k] = v
	}
	return cty.ObjectVal(attrs), nil
}

// Eval implements Expr: the name of the function.
func (e *FuncRef) Eval(Host) (cty.Value, hcl.Diagnostics) { return cty.StringVal(e.Name), nil }

// Eval implements Expr.
func (e *Unset) Eval(Host) (cty.Value, hcl.Diagnostics) { return Null, nil }

// Eval implements Expr.
func (e *Opaque) Eval(Host) (cty.Value, hcl.Diagnostics) { return cty.DynamicVal, nil }

// Truth gives Python's truth of a value: false for null, zero, empty text and empty collections.
func Truth(v cty.Value) (truth, known bool) {
	if v == cty.NilVal || !v.IsKnown() {
		return false, false
	}
	if v.IsNull() {
		return false, true
	}
	switch t := v.Type(); {
	case t == cty.Bool:
		return v.True(), true
	case t == cty.Number:
		return v.AsBigFloat().Sign() != 0, true
	case t == cty.String:
		return v.AsString() != "", true
	case v.CanIterateElements():
		return v.LengthInt() > 0, true
	}
	return false, false
}

// PythonText gives a value as Python's str() does: None, True and False capitalised.
func PythonText(v cty.Value) (string, bool) {
	if v == cty.NilVal || !v.IsWhollyKnown() {
		return "", false
	}
	if v.IsNull() {
		return "None", true
	}
	switch t := v.Type(); {
	case t == cty.Bool:
		if v.True() {
			return "True", true
		}
		return "False", true
	case t == cty.String:
		return v.AsString(), true
	case t == cty.Number:
		return TextOf(v)
	}
	return "", false
}

// Eval implements Expr.
func (e *Unary) Eval(h Host) (cty.Value, hcl.Diagnostics) {
	v, diags := e.X.Eval(h)
	if diags.HasErrors() {
		return cty.DynamicVal, diags
	}
	if e.Op == "not" {
		truth, known := Truth(v)
		if !known {
			return cty.DynamicVal, nil
		}
		return cty.BoolVal(!truth), nil
	}
	if !v.IsKnown() {
		return cty.DynamicVal, nil
	}
	n, ok := number(v)
	if !ok {
		return problem(e.Src, "Not a number", "The operator %s needs a number.", e.Op)
	}
	switch e.Op {
	case "-":
		return cty.NumberVal(new(big.Float).Neg(n)), nil
	case "+":
		return cty.NumberVal(n), nil
	case "~":
		if i, acc := n.Int(nil); acc == big.Exact {
			return cty.NumberVal(new(big.Float).SetInt(i.Not(i))), nil
		}
	}
	return cty.DynamicVal, nil
}

func number(v cty.Value) (*big.Float, bool) {
	if v.IsNull() {
		return nil, false
	}
	switch v.Type() {
	case cty.Number:
		return v.AsBigFloat(), true
	case cty.Bool:
		if v.True() {
			return big.NewFloat(1), true
		}
		return new(big.Float), true
	}
	return nil, false
}

// Eval implements Expr.
func (e *Binary) Eval(h Host) (cty.Value, hcl.Diagnostics) {
	l, diags := e.L.Eval(h)
	if diags.HasErrors() {
		return cty.DynamicVal, diags
	}
	if e.Op == "and" || e.Op == "or" {
		truth, known := Truth(l)
		if !known {
			return cty.DynamicVal, nil
		}
		if truth == (e.Op == "or") {
			return l, nil
		}
		return e.R.Eval(h)
	}
	r, diags := e.R.Eval(h)
	if diags.HasErrors() {
		return cty.DynamicVal, diags
	}
	if !l.IsWhollyKnown() || !r.IsWhollyKnown() {
		return cty.DynamicVal, nil
	}
	return e.apply(l, r)
}

func (e *Binary) apply(l, r cty.Value) (cty.Value, hcl.Diagnostics) {
	switch e.Op {
	case "==", "!=":
		return cty.BoolVal(equal(l, r) == (e.Op == "==")), nil
	case "in", "not in":
		if l.IsNull() || r.IsNull() {
			break
		}
		found := false
		switch {
		case r.Type() == cty.String && l.Type() == cty.String:
			found = strings.Contains(r.AsString(), l.AsString())
		case r.Type().IsObjectType() || r.Type().IsMapType():
			_, found = r.AsValueMap()[mustText(l)]
		case r.CanIterateElements():
			found = slices.ContainsFunc(r.AsValueSlice(), func(x cty.Value) bool { return equal(l, x) })
		default:
			return cty.DynamicVal, nil
		}
		return cty.BoolVal(found == (e.Op == "in")), nil
	}
	if !l.IsNull() && !r.IsNull() && l.Type() == cty.String && r.Type() == cty.String {
		a, b := l.AsString(), r.AsString()
		switch e.Op {
		case "+":
			return cty.StringVal(a + b), nil
		case "<":
			return cty.BoolVal(a < b), nil
		case "<=":
			return cty.BoolVal(a <= b), nil
		case ">":
			return cty.BoolVal(a > b), nil
		case ">=":
			return cty.BoolVal(a >= b), nil
		}
	}
	if e.Op == "+" && !l.IsNull() && !r.IsNull() && l.Type().IsTupleType() && r.Type().IsTupleType() {
		return cty.TupleVal(append(l.AsValueSlice(), r.AsValueSlice()...)), nil
	}
	a, aok := number(l)
	b, bok := number(r)
	if !aok || !bok {
		return problem(e.Src, "Operands do not fit", "The operator %s cannot take %s and %s.", e.Op, describe(l), describe(r))
	}
	return e.arithmetic(a, b)
}

func (e *Binary) arithmetic(a, b *big.Float) (cty.Value, hcl.Diagnostics) {
	num := func(f *big.Float) (cty.Value, hcl.Diagnostics) { return cty.NumberVal(f), nil }
	switch e.Op {
	case "+":
		return num(new(big.Float).Add(a, b))
	case "-":
		return num(new(big.Float).Sub(a, b))
	case "*":
		return num(new(big.Float).Mul(a, b))
	case "<":
		return cty.BoolVal(a.Cmp(b) < 0), nil
	case "<=":
		return cty.BoolVal(a.Cmp(b) <= 0), nil
	case ">":
		return cty.BoolVal(a.Cmp(b) > 0), nil
	case ">=":
		return cty.BoolVal(a.Cmp(b) >= 0), nil
	}
	if e.Op == "/" || e.Op == "//" || e.Op == "%" {
		if b.Sign() == 0 {
			return problem(e.Src, "Division by zero", "The right side of %s is zero.", e.Op)
		}
		if e.Op == "/" {
			x, _ := a.Float64()
			y, _ := b.Float64()
			return num(big.NewFloat(x / y))
		}
		q := floor(new(big.Float).Quo(a, b))
		if e.Op == "//" {
			return num(q)
		}
		return num(new(big.Float).Sub(a, new(big.Float).Mul(b, q)))
	}
	x, xa := a.Int64()
	y, ya := b.Int64()
	if xa == big.Exact && ya == big.Exact {
		switch {
		case e.Op == "&":
			return cty.NumberIntVal(x & y), nil
		case e.Op == "|":
			return cty.NumberIntVal(x | y), nil
		case e.Op == "^":
			return cty.NumberIntVal(x ^ y), nil
		case e.Op == "<<" && y >= 0 && y < 64:
			return num(new(big.Float).SetInt(new(big.Int).Lsh(big.NewInt(x), uint(y))))
		case e.Op == ">>" && y >= 0:
			return cty.NumberIntVal(x >> min(uint64(y), 63)), nil
		case e.Op == "**" && y >= 0 && y <= 64:
			return num(new(big.Float).SetInt(new(big.Int).Exp(big.NewInt(x), big.NewInt(y), nil)))
		}
	}
	return cty.DynamicVal, nil
}

func floor(f *big.Float) *big.Float {
	i, acc := f.Int(nil)
	if acc == big.Above { // truncated towards zero from below: f is negative with a fraction
		i.Sub(i, big.NewInt(1))
	}
	return new(big.Float).SetInt(i)
}

func equal(l, r cty.Value) bool {
	if l.IsNull() || r.IsNull() {
		return l.IsNull() && r.IsNull()
	}
	if a, ok := number(l); ok {
		b, ok := number(r)
		return ok && a.Cmp(b) == 0
	}
	return l.RawEquals(r)
}

func mustText(v cty.Value) string {
	t, _ := TextOf(v)
	return t
}

func describe(v cty.Value) string {
	switch {
	case v.IsNull():
		return "no value"
	case v.Type() == cty.String:
		return "text " + strconv.Quote(v.AsString())
	case v.Type() == cty.Number:
		return "the number " + mustText(v)
	case v.Type() == cty.Bool:
		return "a truth value"
	case v.Type().IsObjectType() || v.Type().IsMapType():
		return "a mapping"
	}
	return "a list"
}

// Eval implements Expr.
func (e *Call) Eval(h Host) (cty.Value, hcl.Diagnostics) {
	args := make([]cty.Value, len(e.Args))
	for i, a := range e.Args {
		v, diags := a.Eval(h)
		if diags.HasErrors() {
			return cty.DynamicVal, diags
		}
		if v == cty.NilVal || !v.IsWhollyKnown() {
			return cty.DynamicVal, nil
		}
		args[i] = v
	}
	if name, ok := strings.CutPrefix(e.Func, "convert_"); ok && len(args) == 1 {
		return ConvertValue(name, args[0]), nil
	}
	v, err := callFunction(e.Func, args)
	if err != nil {
		return problem(e.Src, "Function failed", "%s: %s.", e.Func, err)
	}
	return v, nil
}

func callFunction(name string, args []cty.Value) (cty.Value, error) {
	if len(args) == 0 {
		return cty.DynamicVal, nil
	}
	first := args[0]
	text := func(i int) string {
		if i < len(args) && !args[i].IsNull() && args[i].Type() == cty.String {
			return args[i].AsString()
		}
		return ""
	}
	switch name {
	case "str":
		if t, ok := PythonText(first); ok {
			return cty.StringVal(t), nil
		}
		return cty.DynamicVal, nil
	case "bool":
		if t, ok := Truth(first); ok {
			return cty.BoolVal(t), nil
		}
		return cty.DynamicVal, nil
	case "int", "float", "round", "floor", "ceil", "abs":
		return toNumber(name, args)
	case "min", "max":
		return extreme(name, args)
	case "len":
		if !first.IsNull() && first.Type() == cty.String {
			return cty.NumberIntVal(int64(len([]rune(first.AsString())))), nil
		}
		if !first.IsNull() && first.CanIterateElements() {
			return cty.NumberIntVal(int64(first.LengthInt())), nil
		}
		return cty.DynamicVal, nil
	case "get":
		if len(args) == 3 && !first.IsNull() && first.Type().IsObjectType() {
			if v, ok := first.AsValueMap()[text(1)]; ok {
				return v, nil
			}
			return args[2], nil
		}
		return cty.DynamicVal, nil
	}
	if first.IsNull() || first.Type() != cty.String {
		return cty.DynamicVal, fmt.Errorf("%s is no text", describe(first))
	}
	return textFunction(name, first.AsString(), args, text)
}

func textFunction(name, s string, args []cty.Value, text func(int) string) (cty.Value, error) {
	cutset := " \t\n\r\v\f"
	if len(args) > 1 && text(1) != "" {
		cutset = text(1)
	}
	switch name {
	case "lower":
		return cty.StringVal(strings.ToLower(s)), nil
	case "upper":
		return cty.StringVal(strings.ToUpper(s)), nil
	case "strip":
		return cty.StringVal(strings.Trim(s, cutset)), nil
	case "lstrip":
		return cty.StringVal(strings.TrimLeft(s, cutset)), nil
	case "rstrip":
		return cty.StringVal(strings.TrimRight(s, cutset)), nil
	case "startswith":
		return cty.BoolVal(strings.HasPrefix(s, text(1))), nil
	case "endswith":
		return cty.BoolVal(strings.HasSuffix(s, text(1))), nil
	case "contains":
		return cty.BoolVal(strings.Contains(s, text(1))), nil
	case "replace":
		if len(args) == 3 {
			return cty.StringVal(strings.ReplaceAll(s, text(1), text(2))), nil
		}
	case "split":
		var parts []string
		if len(args) > 1 && text(1) != "" {
			parts = strings.Split(s, text(1))
		} else {
			parts = strings.Fields(s)
		}
		items := make([]cty.Value, len(parts))
		for i, p := range parts {
			items[i] = cty.StringVal(p)
		}
		return cty.TupleVal(items), nil
	case "join":
		if len(args) == 2 && args[1].CanIterateElements() {
			var parts []string
			for _, v := range args[1].AsValueSlice() {
				if v.IsNull() || v.Type() != cty.String {
					return cty.DynamicVal, fmt.Errorf("%s is no text", describe(v))
				}
				parts = append(parts, v.AsString())
			}
			return cty.StringVal(strings.Join(parts, s)), nil
		}
	case "basename":
		return cty.StringVal(s[strings.LastIndexByte(s, '/')+1:]), nil
	case "dirname":
		i := strings.LastIndexByte(s, '/') + 1
		head := s[:i]
		if trimmed := strings.TrimRight(head, "/"); trimmed != "" {
			head = trimmed
		}
		return cty.StringVal(head), nil
	case "pathjoin":
		for i := 1; i < len(args); i++ {
			next := text(i)
			switch {
			case strings.HasPrefix(next, "/"):
				s = next
			case s == "" || strings.HasSuffix(s, "/"):
				s += next
			default:
				s += "/" + next
			}
		}
		return cty.StringVal(s), nil
	}
	return cty.DynamicVal, nil
}

func toNumber(name string, args []cty.Value) (cty.Value, error) {
	v := args[0]
	if v.IsNull() {
		return cty.DynamicVal, fmt.Errorf("None is no number")
	}
	if v.Type() == cty.String {
		t := strings.ReplaceAll(strings.TrimSpace(v.AsString()), "_", "")
		if name == "int" {
			n, ok := new(big.Int).SetString(t, 10)
			if !ok || len(t) > 4300 {
				return cty.DynamicVal, fmt.Errorf("%q is no whole number", v.AsString())
			}
			return cty.NumberVal(new(big.Float).SetInt(n)), nil
		}
		f, err := strconv.ParseFloat(t, 64)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return cty.DynamicVal, fmt.Errorf("%q is no number", v.AsString())
		}
		return cty.NumberFloatVal(f), nil
	}
	n, ok := number(v)
	if !ok {
		return cty.DynamicVal, fmt.Errorf("%s is no number", describe(v))
	}
	switch name {
	case "int":
		i, _ := n.Int(nil)
		return cty.NumberVal(new(big.Float).SetInt(i)), nil
	case "floor":
		return cty.NumberVal(floor(n)), nil
	case "ceil":
		f := floor(new(big.Float).Neg(n))
		return cty.NumberVal(f.Neg(f)), nil
	case "abs":
		return cty.NumberVal(new(big.Float).Abs(n)), nil
	case "round":
		if len(args) == 1 {
			f, _ := n.Float64()
			return cty.NumberFloatVal(math.RoundToEven(f)), nil
		}
		return cty.DynamicVal, nil
	}
	return cty.NumberVal(n), nil
}

func extreme(name string, args []cty.Value) (cty.Value, error) {
	if len(args) == 1 && args[0].CanIterateElements() {
		args = args[0].AsValueSlice()
	}
	var best cty.Value
	for i, v := range args {
		n, ok := number(v)
		if !ok {
			return cty.DynamicVal, fmt.Errorf("%s is no number", describe(v))
		}
		if i == 0 {
			best = v
			continue
		}
		b, _ := number(best)
		if c := n.Cmp(b); c < 0 && name == "min" || c > 0 && name == "max" {
			best = v
		}
	}
	if len(args) == 0 {
		return cty.DynamicVal, fmt.Errorf("nothing to choose from")
	}
	return best, nil
}
