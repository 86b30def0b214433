package eval

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
	"gsrv/schema/python/syntax"
	"gsrv/schema/python/value"
)

// symbolic makes a value of an expression; an expression that is only an Opaque is an Unknown.
func symbolic(e schema.Expr, kind string) value.Value {
	if o, ok := e.(*schema.Opaque); ok {
		return &Unknown{o}
	}
	if largerThan(e, maxExprSize) {
		return &Unknown{&schema.Opaque{Source: "…", Reason: "it depends on the host in too many ways to write down", Needs: needsOfExpr(e), Src: e.Range()}}
	}
	return &Symbolic{Expr: e, Kind: kind}
}

// maxExprSize bounds an expression, in nodes: parts are shared, so that a few branches more would double it each time.
const maxExprSize = 400

func largerThan(e schema.Expr, most int) bool {
	n := 0
	schema.Walk(e, func(schema.Expr) bool {
		n++
		return n <= most
	})
	return n > most
}

// joinValue is a where the test holds on the host and b where it does not. A nil value is a name that is not set.
func (in *interp) joinValue(test schema.Expr, a, b value.Value, at hcl.Range) value.Value {
	if sameValue(a, b) {
		return a
	}
	side := func(v value.Value) schema.Expr {
		if v == nil {
			return &schema.Unset{Src: at}
		}
		return in.toExpr(v, at)
	}
	kind := kindOf(a)
	if kind != kindOf(b) {
		kind = ""
	}
	return symbolic(simplifyCond(test, side(a), side(b), at), kind)
}

// maxNodes bounds a walk over a value: parts may be shared, so that a small value is a large tree.
const maxNodes = 50_000

// sameValue tells whether two values are alike for certain.
func sameValue(a, b value.Value) bool {
	left := maxNodes
	return sameWithin(a, b, &left)
}

func sameWithin(a, b value.Value, left *int) bool {
	if *left--; *left < 0 {
		return false
	}
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	switch x := a.(type) {
	case value.Int:
		y, ok := b.(value.Int)
		return ok && x.Cmp(y) == 0
	case value.Str:
		y, ok := b.(value.Str)
		return ok && x == y
	case value.Bool, value.Float, value.Bytes, value.NoneType, value.EllipsisType, value.Complex:
		return a == b
	case *value.Tuple:
		y, ok := b.(*value.Tuple)
		return ok && sameAll(x.Elems, y.Elems, left)
	case *value.List:
		y, ok := b.(*value.List)
		return ok && (x == y || sameAll(x.Elems, y.Elems, left))
	case *Symbolic:
		y, ok := b.(*Symbolic)
		return ok && (x == y || x.Expr == y.Expr || schema.ExprText(x.Expr) == schema.ExprText(y.Expr))
	case *Unknown:
		y, ok := b.(*Unknown)
		return ok && x.Why == y.Why
	case *value.Dict, *value.Set, *function, *class, *instance, *module, *native, *environ, *method, *partial, *wrapper:
		return a == b
	}
	return false
}

func sameValues(a, b []value.Value) bool {
	left := maxNodes
	return sameAll(a, b, &left)
}

func sameAll(a, b []value.Value, left *int) bool {
	return slices.EqualFunc(a, b, func(x, y value.Value) bool { return sameWithin(x, y, left) })
}

func kindOf(v value.Value) string {
	switch v := v.(type) {
	case value.Str:
		return "str"
	case value.Int:
		return "int"
	case value.Float:
		return "float"
	case value.Bool:
		return "bool"
	case *value.List:
		return "list"
	case *Symbolic:
		return v.Kind
	}
	return ""
}

// simplifyCond writes the usual ways to give a variable a default as one Env.
func simplifyCond(test, then, els schema.Expr, at hcl.Range) schema.Expr {
	name, present := presence(test)
	if name != "" {
		value, fallback := then, els
		if !present {
			value, fallback = els, then
		}
		if out := withDefault(value, name, fallback); out != nil {
			return out
		}
	}
	if u, ok := test.(*schema.Unary); ok && u.Op == "not" {
		return simplifyCond(u.X, els, then, at)
	}
	return &schema.Cond{Test: test, Then: then, Else: els, Src: at}
}

// presence recognises a test of whether a variable is set: env("X") == null or != null.
func presence(test schema.Expr) (name string, present bool) {
	b, ok := test.(*schema.Binary)
	if !ok || b.Op != "==" && b.Op != "!=" {
		return "", false
	}
	env, ok := b.L.(*schema.Env)
	c, isConst := b.R.(*schema.Const)
	if !ok || !isConst || !c.Val.IsNull() || env.Default != nil {
		return "", false
	}
	return env.Name, b.Op == "!="
}

// withDefault gives the value with a default for the variable, where the value is the variable itself; else nil.
func withDefault(e schema.Expr, name string, fallback schema.Expr) schema.Expr {
	env, ok := e.(*schema.Env)
	if !ok || env.Name != name || env.Default != nil {
		return nil
	}
	if c, ok := fallback.(*schema.Const); ok && c.Val.IsNull() {
		return &schema.Env{Name: name, Missing: schema.MissingNull, Src: env.Src}
	}
	if _, unset := fallback.(*schema.Unset); unset {
		return nil
	}
	return &schema.Env{Name: name, Default: fallback, Src: env.Src}
}

// truth gives a value's truth; known is false where it depends on what is not known, and then test is the expression.
func (in *interp) truth(v value.Value, n syntax.Node) (truth, known bool, test schema.Expr, err error) {
	switch x := v.(type) {
	case *Symbolic:
		return false, false, x.Expr, nil
	case *Unknown:
		return false, false, x.Why, nil
	case *instance:
		if _, isPath := x.attrs["\x00path"]; isPath {
			return true, true, nil, nil
		}
		for _, name := range []string{"__bool__", "__len__"} {
			if m, _, ok := x.class.lookup(name); ok {
				r, err := in.call(&method{self: x, fn: m}, nil, nil, n)
				if err != nil {
					return false, false, nil, err
				}
				return in.truth(r, n)
			}
		}
		if o := x.class.hasUnknownBase(); o != nil {
			return false, false, o, nil
		}
		return true, true, nil, nil
	case *environ:
		return true, true, nil, nil
	case *module, *method, *boundBuiltin, *partial, *wrapper:
		return true, true, nil, nil
	}
	t, err := value.Truth(in.budget, v)
	if err != nil {
		u, err := in.wrap(nil, err, n)
		if err != nil {
			return false, false, nil, err
		}
		return false, false, u.(*Unknown).Why, nil
	}
	return t, true, nil, nil
}

// binary applies an operator to values of which one at least is not known.
func (in *interp) symbolicBinary(op string, l, r value.Value, n syntax.Node) value.Value {
	for _, v := range []value.Value{l, r} {
		if u, ok := v.(*Unknown); ok {
			return in.follow(n, "an operation", u)
		}
		if !expressible(v) {
			return in.follow(n, "an operation on "+v.TypeName(), l, r)
		}
	}
	at := in.rng(n)
	le, re := in.toExpr(l, at), in.toExpr(r, at)
	lk, rk := kindOf(l), kindOf(r)
	switch op {
	case "+":
		if lk == "str" || rk == "str" {
			return symbolic(concat(at, le, re), "str")
		}
	case "%":
		if lk == "str" {
			return in.follow(n, "% formatting", l, r)
		}
	case "==", "!=", "<", "<=", ">", ">=", "in", "not in":
		return symbolic(&schema.Binary{Op: op, L: le, R: re, Src: at}, "bool")
	case "is", "is not":
		return symbolic(&schema.Binary{Op: map[string]string{"is": "==", "is not": "!="}[op], L: le, R: re, Src: at}, "bool")
	case "@":
		return in.follow(n, "the operator @", l, r)
	}
	kind := ""
	if numeric(lk) && numeric(rk) {
		switch {
		case op == "/" || lk == "float" || rk == "float":
			kind = "float"
		case op != "**":
			kind = "int"
		}
	}
	return symbolic(&schema.Binary{Op: op, L: le, R: re, Src: at}, kind)
}

func numeric(kind string) bool { return kind == "int" || kind == "float" || kind == "bool" }

// expressible tells whether a value can stand in an expression without losing what it is.
func expressible(v value.Value) bool {
	switch v.(type) {
	case *Symbolic, value.Str, value.Int, value.Float, value.Bool, value.NoneType, *value.List, *value.Tuple, *value.Dict, *value.Set:
		return true
	}
	return false
}

// concat joins texts into one template.
func concat(at hcl.Range, parts ...schema.Expr) schema.Expr {
	t := &schema.Template{Src: at}
	for _, p := range parts {
		switch p := p.(type) {
		case *schema.Template:
			t.Parts = append(t.Parts, p.Parts...)
		case *schema.Const:
			if p.Val.Type() == cty.String && !p.Val.IsNull() && p.Val.AsString() == "" {
				continue
			}
			t.Parts = append(t.Parts, p)
		default:
			t.Parts = append(t.Parts, p)
		}
	}
	return t
}

// stringMethods are the methods of text that an expression can say, with the name in schema.Functions.
var stringMethods = map[string]string{
	"lower": "lower", "upper": "upper", "strip": "strip", "lstrip": "lstrip", "rstrip": "rstrip", "split": "split", "replace": "replace",
	"startswith": "startswith", "endswith": "endswith", "casefold": "lower",
}

// symbolicMethod calls a method of a value that is not known.
func (in *interp) symbolicMethod(s *Symbolic, name string, args []value.Value, kwargs []value.Kwarg, n syntax.Node) value.Value {
	fn, ok := stringMethods[name]
	simple := ok && len(kwargs) == 0
	for _, a := range args {
		switch a.(type) {
		case value.Str, *Symbolic:
		default:
			simple = false
		}
	}
	if fn == "split" && len(args) > 1 {
		simple = false
	}
	if !simple {
		return in.follow(n, "the method "+name, append([]value.Value{s}, args...)...)
	}
	at := in.rng(n)
	call := &schema.Call{Func: fn, Args: []schema.Expr{s.Expr}, Src: at}
	for _, a := range args {
		call.Args = append(call.Args, in.toExpr(a, at))
	}
	kind := "str"
	switch fn {
	case "startswith", "endswith":
		kind = "bool"
	case "split":
		kind = "list"
	}
	return symbolic(call, kind)
}

// builtinKinds are the built-in functions that an expression can say, and the type they give.
var builtinKinds = map[string]string{"int": "int", "float": "float", "str": "str", "bool": "bool", "len": "int", "max": "", "min": "", "abs": "", "round": ""}

// symbolicBuiltin calls a built-in function with arguments that are not all known.
func (in *interp) symbolicBuiltin(name string, args []value.Value, kwargs []value.Kwarg, n syntax.Node) value.Value {
	kind, ok := builtinKinds[name]
	for _, a := range args {
		if !expressible(a) {
			ok = false
		}
	}
	if !ok || len(kwargs) > 0 || len(args) == 0 || (name == "int" || name == "str") && len(args) != 1 {
		return in.follow(n, name+"()", args...)
	}
	if name == "round" && len(args) != 1 {
		return in.follow(n, name+"()", args...)
	}
	at := in.rng(n)
	call := &schema.Call{Func: name, Src: at}
	for _, a := range args {
		call.Args = append(call.Args, in.toExpr(a, at))
	}
	if s, isSym := args[0].(*Symbolic); isSym && len(args) == 1 && (name == "int" && s.Kind == "int" || name == "str" && s.Kind == "str") {
		return s
	}
	switch name {
	case "max", "min":
		kind = "int"
		for _, a := range args {
			if k := kindOf(a); k != "int" {
				kind = ""
			}
		}
	case "round":
		kind = "int"
	case "abs":
		kind = kindOf(args[0])
	}
	return symbolic(call, kind)
}

// isText tells whether a value is text for sure.
func isText(v value.Value) bool { return kindOf(v) == "str" }

// piecesExpr makes a template of formatted pieces, or nil where a piece needs formatting that an expression cannot say.
func (in *interp) piecesExpr(pieces []value.Piece, n syntax.Node) value.Value {
	at := in.rng(n)
	var parts []schema.Expr
	var all []value.Value
	for _, p := range pieces {
		if p.Value == nil {
			parts = append(parts, schema.String(p.Text, at))
			continue
		}
		all = append(all, p.Value)
		if !hidden(p.Value) {
			text, err := p.Render(in.budget)
			if err != nil {
				return in.follow(n, "formatting", p.Value)
			}
			parts = append(parts, schema.String(text, at))
			continue
		}
		conversion, percent := p.Percent()
		s, ok := p.Value.(*Symbolic)
		plain := p.Spec == "" && (p.Conv == 0 || p.Conv == 's')
		if percent {
			plain = conversion == "%s" || conversion == "%d" && ok && s.Kind == "int"
		} else if p.Spec == "d" && ok && s.Kind == "int" {
			plain = true
		}
		if !ok || !plain {
			return in.follow(n, "formatting", all...)
		}
		parts = append(parts, s.Expr)
	}
	return symbolic(concat(at, parts...), "str")
}

// sentence trims source text for a reason.
func short(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 60 {
		s = s[:57] + "…"
	}
	return s
}
