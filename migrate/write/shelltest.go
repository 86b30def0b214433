package write

import (
	"strings"

	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
)

// A shellTest is a list of commands that succeeds where a condition holds; compound tells that it is more than one.
type shellTest struct {
	text     string
	compound bool
}

func (t shellTest) single() string {
	if t.compound {
		return "{ " + t.text + "; }"
	}
	return t.text
}

// test writes an expression as a condition, with Python's notion of truth.
func (w *shellWriter) test(e schema.Expr) (shellTest, error) {
	if v, ok := constant(e); ok {
		switch {
		case v.IsNull():
			return shellTest{text: "false"}, nil
		case v.Type() == cty.Bool && v.True(), v.Type() == cty.String && v.AsString() != "":
			return shellTest{text: "true"}, nil
		case v.Type() == cty.Bool, v.Type() == cty.String:
			return shellTest{text: "false"}, nil
		}
	}
	switch e := e.(type) {
	case *schema.Unary:
		if e.Op == "not" {
			t, err := w.test(e.X)
			return shellTest{text: "! " + t.single()}, err
		}
	case *schema.Call:
		if (e.Func == "bool" || e.Func == "convert_none_false") && len(e.Args) == 1 {
			return w.test(e.Args[0])
		}
		if e.Func == "convert_not" && len(e.Args) == 1 {
			return w.test(&schema.Unary{Op: "not", X: e.Args[0]})
		}
	case *schema.Binary:
		switch e.Op {
		case "and", "or":
			l, err := w.test(e.L)
			if err != nil {
				return l, err
			}
			r, err := w.test(e.R)
			return shellTest{l.single() + map[string]string{"and": " && ", "or": " || "}[e.Op] + r.single(), true}, err
		case "==", "!=":
			return w.equal(e.L, e.R, e.Op == "!=")
		case "in", "not in":
			return w.member(e)
		case "<", "<=", ">", ">=":
			return w.compare(e, map[string]string{"<": "-lt", "<=": "-le", ">": "-gt", ">=": "-ge"}[e.Op])
		}
	case *schema.Cond:
		return w.testChoice(e)
	case *schema.Env:
		text, err := w.orEmpty(e, "")
		return shellTest{text: `[ -n "` + text + `" ]`}, err
	}
	switch {
	case isNumber(e):
		return w.compare(&schema.Binary{L: e, R: &schema.Const{Val: cty.Zero}}, "-ne")
	case isText(e) && !schema.MayBeNull(e):
		text, err := w.inner(e, false)
		return shellTest{text: `[ -n "` + text + `" ]`}, err
	}
	return shellTest{}, cannotSay("its condition has no form in a shell")
}

// testChoice writes a condition that another one decides.
func (w *shellWriter) testChoice(c *schema.Cond) (shellTest, error) {
	if holdsUnset(c) {
		return shellTest{}, cannotSay("it may not be set at all")
	}
	test, err := w.test(c.Test)
	if err != nil {
		return test, err
	}
	then, err := w.test(c.Then)
	if err != nil {
		return then, err
	}
	otherwise, err := w.test(c.Else)
	switch {
	case then.text == "true" && otherwise.text == "false":
		return test, err
	case then.text == "false" && otherwise.text == "true":
		return w.test(&schema.Unary{Op: "not", X: c.Test})
	}
	return shellTest{"if " + test.text + "; then " + then.text + "; else " + otherwise.text + "; fi", true}, err
}

// orEmpty writes a variable that may be missing, with a text in its place.
func (w *shellWriter) orEmpty(e schema.Expr, missing string) (string, error) {
	if env, ok := e.(*schema.Env); ok && env.Default == nil && env.Missing == schema.MissingNull {
		return w.env(&schema.Env{Name: env.Name, Default: schema.String(missing, env.Src), EmptyIsUnset: env.EmptyIsUnset})
	}
	if schema.MayBeNull(e) {
		return "", cannotSay("its condition has no form in a shell")
	}
	return w.inner(e, false)
}

func (w *shellWriter) equal(l, r schema.Expr, not bool) (shellTest, error) {
	none := cannotSay("its condition has no form in a shell")
	if isNullConst(l) {
		l, r = r, l
	}
	if isNullConst(r) {
		env, ok := l.(*schema.Env)
		if !ok || env.Default != nil || env.Missing != schema.MissingNull || !shellName(env.Name) {
			return shellTest{}, none
		}
		colon := ""
		if env.EmptyIsUnset {
			colon = ":"
		}
		op := map[bool]string{false: "-z", true: "-n"}[not]
		return shellTest{text: "[ " + op + ` "${` + env.Name + colon + `+x}" ]`}, nil
	}
	op := map[bool]string{false: "=", true: "!="}[not]
	if isNumber(l) && isNumber(r) {
		return w.compare(&schema.Binary{L: l, R: r}, map[bool]string{false: "-eq", true: "-ne"}[not])
	}
	if _, ok := constText(l); ok {
		l, r = r, l
	}
	text, ok := constText(r)
	if env, variable := l.(*schema.Env); !ok || !isText(l) && (!variable || env.Default != nil) {
		return shellTest{}, none
	}
	missing := ""
	if text == "" {
		missing = "unset"
	}
	left, err := w.orEmpty(l, missing)
	if err != nil {
		return shellTest{}, err
	}
	right, err := w.operand(schema.String(text, r.Range()))
	return shellTest{text: `[ "` + left + `" ` + op + " " + right + " ]"}, err
}

// member writes "in" a list of texts.
func (w *shellWriter) member(e *schema.Binary) (shellTest, error) {
	v, ok := constant(e.R)
	if !ok || v.IsNull() || !v.CanIterateElements() || v.LengthInt() == 0 || v.Type().IsObjectType() || v.Type().IsMapType() {
		return shellTest{}, cannotSay("its condition has no form in a shell")
	}
	var tests []string
	for _, item := range v.AsValueSlice() {
		if item.IsNull() || item.Type() != cty.String {
			return shellTest{}, cannotSay("its condition has no form in a shell")
		}
		t, err := w.equal(e.L, schema.String(item.AsString(), e.Src), e.Op == "not in")
		if err != nil {
			return t, err
		}
		tests = append(tests, t.text)
	}
	if e.Op == "not in" {
		return shellTest{strings.Join(tests, " && "), len(tests) > 1}, nil
	}
	return shellTest{strings.Join(tests, " || "), len(tests) > 1}, nil
}

func (w *shellWriter) compare(e *schema.Binary, op string) (shellTest, error) {
	if !isNumber(e.L) || !isNumber(e.R) {
		return shellTest{}, cannotSay("its condition has no form in a shell")
	}
	l, err := w.operand(e.L)
	if err != nil {
		return shellTest{}, err
	}
	r, err := w.operand(e.R)
	return shellTest{text: "[ " + l + " " + op + " " + r + " ]"}, err
}

// number writes a number as it stands in $((…)).
func (w *shellWriter) number(e schema.Expr) (string, error) {
	if v, ok := constant(e); ok {
		if v.IsNull() || v.Type() != cty.Number || !v.AsBigFloat().IsInt() {
			return "", cannotSay("a shell counts in whole numbers alone")
		}
		text, _ := schema.TextOf(v)
		return text, nil
	}
	switch e := e.(type) {
	case *schema.HostFact:
		return w.fact(e.Fact)
	case *schema.Unary:
		t, err := w.number(e.X)
		return e.Op + " (" + t + ")", err
	case *schema.Cond:
		return w.choice(e)
	case *schema.Binary:
		return w.arithmetic(e)
	case *schema.Call:
		switch e.Func {
		case "int", "convert_int":
			if len(e.Args) != 1 {
				break
			}
			if b, ok := e.Args[0].(*schema.Binary); ok && b.Op == "/" {
				return w.arithmetic(&schema.Binary{Op: "//", L: b.L, R: b.R})
			}
			if isNumber(e.Args[0]) {
				return w.number(e.Args[0])
			}
			w.note("a shell takes a number with a leading 0 for an octal one")
			return w.inner(needed(e.Args[0]), false)
		case "min", "max":
			return w.extreme(e)
		case "abs", "round", "floor", "ceil":
			if len(e.Args) == 1 && e.Func != "abs" && isNumber(e.Args[0]) && !hasFraction(e.Args[0]) {
				return w.number(e.Args[0])
			}
		}
	}
	return "", cannotSay("it has no form in a shell's arithmetic")
}

func (w *shellWriter) arithmetic(e *schema.Binary) (string, error) {
	op := map[string]string{"+": "+", "-": "-", "*": "*", "//": "/", "%": "%"}[e.Op]
	if op == "" || !isNumber(e.L) || !isNumber(e.R) || hasFraction(e.L) || hasFraction(e.R) {
		return "", cannotSay("it has no form in a shell's arithmetic")
	}
	if op == "/" || op == "%" {
		if v, ok := constant(e.R); !ok || v.AsBigFloat().Sign() <= 0 {
			return "", cannotSay("it divides by a number that the host decides")
		}
		if mayBeNegative(e.L) {
			w.note("a shell rounds towards zero where Python rounds down")
		}
	}
	l, err := w.operandOf(op, e.L, false)
	if err != nil {
		return "", err
	}
	r, err := w.operandOf(op, e.R, true)
	return l + " " + op + " " + r, err
}

// operandOf is number in parentheses where it binds less than the operator next to it.
func (w *shellWriter) operandOf(op string, e schema.Expr, right bool) (string, error) {
	if b, ok := e.(*schema.Binary); ok && !right && (op == "+" || op == "-" || b.Op == "*") {
		if _, known := constant(e); !known {
			return w.number(e)
		}
	}
	if b, ok := e.(*schema.Binary); ok && right && op == "+" && b.Op == "*" {
		return w.number(e)
	}
	return w.term(e)
}

// mayBeNegative tells whether a number can be below zero: one that a difference or a variable makes.
func mayBeNegative(e schema.Expr) bool {
	found := false
	schema.Walk(e, func(e schema.Expr) bool {
		switch e := e.(type) {
		case *schema.Env:
			found = true
		case *schema.Unary:
			found = found || e.Op != "+"
		case *schema.Binary:
			found = found || e.Op == "-"
		case *schema.Const:
			found = found || e.Val.IsKnown() && !e.Val.IsNull() && e.Val.Type() == cty.Number && e.Val.AsBigFloat().Sign() < 0
		}
		return !found
	})
	return found
}

// term is number in parentheses where it is more than one thing.
func (w *shellWriter) term(e schema.Expr) (string, error) {
	text, err := w.number(e)
	switch e.(type) {
	case *schema.Binary, *schema.Unary, *schema.Call:
		if strings.Contains(text, " ") && !strings.HasPrefix(text, "(") {
			text = "(" + text + ")"
		}
	}
	return text, err
}

// extreme writes min and max by ?:, in pairs.
func (w *shellWriter) extreme(e *schema.Call) (string, error) {
	if len(e.Args) < 2 || len(e.Args) > 3 || !isNumber(e) || hasFraction(e) {
		return "", cannotSay("it has no form in a shell's arithmetic")
	}
	op := map[string]string{"min": "<", "max": ">"}[e.Func]
	best, err := w.term(e.Args[0])
	if err != nil {
		return "", err
	}
	for _, a := range e.Args[1:] {
		next, err := w.term(a)
		if err != nil {
			return "", err
		}
		best = "(" + best + " " + op + " " + next + " ? " + best + " : " + next + ")"
	}
	return best, nil
}
