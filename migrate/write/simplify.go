package write

import (
	"strings"

	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
)

// Simplify gives a shorter expression with the same value, as a person would write it; the note tells what the short form
// changes, empty for nothing.
func Simplify(e schema.Expr) (short schema.Expr, note string) {
	n := &simplifier{truths: true}
	return n.simplify(e, nil), n.note
}

// simplified is Simplify for writers whose values are no truth values: their texts and numbers want the choice.
func simplified(e schema.Expr) (short schema.Expr, note string) {
	n := &simplifier{}
	return n.simplify(e, nil), n.note
}

// A simplifier keeps what its short forms change; truths tells that a choice of true and false becomes its test.
type simplifier struct {
	truths bool
	note   string
}

// numberTest is how the reader of Python says that a test fails where a text holds no number.
const numberTest = "whether the text is a number"

// simplify gives an expression with the same value that uses what its own conditions tell of variables: where one is known
// to be set it is never null, and "X where it is set, otherwise 2" is X with the default 2.
func (n *simplifier) simplify(e schema.Expr, known map[string]bool) schema.Expr {
	switch x := e.(type) {
	case *schema.Env:
		if c, ok := x.Default.(*schema.Const); ok && c.Val.IsNull() {
			return n.simplify(&schema.Env{Name: x.Name, Missing: schema.MissingNull, EmptyIsUnset: x.EmptyIsUnset, Src: x.Src}, known)
		}
		if known[x.Name] && x.Default == nil && x.Missing == schema.MissingNull && !x.EmptyIsUnset {
			y := *x
			y.Missing = schema.MissingError
			return &y
		}
	case *schema.Cond:
		if o, is := x.Test.(*schema.Opaque); is && strings.HasPrefix(o.Reason, numberTest) {
			n.note = "text that is no number stops the start instead of giving another value"
			return n.simplify(x.Else, known)
		}
		if test := choiceOfTruth(x); test != nil && n.truths {
			return n.simplify(test, known)
		}
		name, set, ok := setTest(x.Test)
		if !ok {
			test := n.simplify(x.Test, known)
			yes, knownThen := x.Then, known
			switch t := test.(type) {
			case *schema.Env: // one that counts as true is set
				knownThen = with(known, t.Name, true)
			case *schema.Cond: // "Y where C, else nothing" counts as true where it is Y
				if c, is := t.Else.(*schema.Const); is && c.Val.IsNull() {
					yes = replacedText(n.simplify(yes, known), schema.ExprText(test), t.Then)
				}
			}
			return &schema.Cond{Test: test, Then: n.simplify(yes, knownThen), Else: n.simplify(x.Else, known), Src: x.Src}
		}
		if is, decided := known[name]; decided {
			if is == set {
				return n.simplify(x.Then, known)
			}
			return n.simplify(x.Else, known)
		}
		yes, no := x.Then, x.Else
		if !set {
			yes, no = no, yes
		}
		yes, no = n.simplify(yes, with(known, name, true)), n.simplify(no, with(known, name, false))
		if short := defaulted(name, yes, no, x); short != nil {
			return short
		}
		return &schema.Cond{Test: isSetTest(name, x), Then: yes, Else: no, Src: x.Src}
	case *schema.Binary:
		if f, is := x.L.(*schema.HostFact); is && x.Op == "or" && f.Fact == schema.CPUCount {
			return f // there is one at least
		}
		return &schema.Binary{Op: x.Op, L: n.simplify(x.L, known), R: n.simplify(x.R, known), Src: x.Src}
	case *schema.Unary:
		return &schema.Unary{Op: x.Op, X: n.simplify(x.X, known), Src: x.Src}
	case *schema.Call:
		args := make([]schema.Expr, len(x.Args))
		for i, a := range x.Args {
			args[i] = n.simplify(a, known)
		}
		if len(args) == 1 {
			args[0] = argument(x.Func, args[0])
		}
		if x.Func == "convert_int" && len(args) == 1 {
			// uWSGI reads the reference itself, which stays in the text, as the number 0.
			if env, ok := args[0].(*schema.Env); ok && env.Missing == schema.MissingLiteral && env.Default == nil {
				args[0] = &schema.Env{Name: env.Name, Default: schema.String("0", env.Src), Src: env.Src}
			}
		}
		return &schema.Call{Func: x.Func, Args: args, Src: x.Src}
	case *schema.Template:
		parts := make([]schema.Expr, len(x.Parts))
		for i, p := range x.Parts {
			parts[i] = argument("str", n.simplify(p, known))
		}
		return &schema.Template{Parts: parts, Src: x.Src}
	case *schema.List:
		items := make([]schema.Expr, len(x.Items))
		for i, p := range x.Items {
			items[i] = n.simplify(p, known)
		}
		return &schema.List{Items: items, Src: x.Src}
	case *schema.Map:
		values := make([]schema.Expr, len(x.Values))
		for i, p := range x.Values {
			values[i] = n.simplify(p, known)
		}
		return &schema.Map{Keys: x.Keys, Values: values, Src: x.Src}
	}
	return e
}

// choiceOfTruth gives the test of a choice that is true where a comparison holds and false where not, or the opposite; nil
// for every other choice.
func choiceOfTruth(c *schema.Cond) schema.Expr {
	then, ok1 := constant(c.Then)
	otherwise, ok2 := constant(c.Else)
	if !ok1 || !ok2 || then.Type() != cty.Bool || otherwise.Type() != cty.Bool || then.IsNull() || otherwise.IsNull() || then.True() == otherwise.True() {
		return nil
	}
	opposite := map[string]string{"==": "!=", "!=": "==", "in": "not in", "not in": "in"}
	switch t := c.Test.(type) {
	case *schema.Binary:
		switch {
		case opposite[t.Op] != "" && otherwise.True():
			return &schema.Binary{Op: opposite[t.Op], L: t.L, R: t.R, Src: t.Src}
		case opposite[t.Op] != "" || then.True() && (t.Op == "<" || t.Op == "<=" || t.Op == ">" || t.Op == ">="):
			return t
		}
	case *schema.Unary:
		if t.Op == "not" && then.True() {
			return t
		}
	}
	return nil
}

// replacedText gives an expression with another one in the place of each part that reads as text.
func replacedText(e schema.Expr, text string, by schema.Expr) schema.Expr {
	if schema.ExprText(e) == text {
		return by
	}
	switch x := e.(type) {
	case *schema.Binary:
		return &schema.Binary{Op: x.Op, L: replacedText(x.L, text, by), R: replacedText(x.R, text, by), Src: x.Src}
	case *schema.Call:
		args := make([]schema.Expr, len(x.Args))
		for i, a := range x.Args {
			args[i] = replacedText(a, text, by)
		}
		return &schema.Call{Func: x.Func, Args: args, Src: x.Src}
	}
	return e
}

// argument gives a variable as an argument of a function that takes its text: a default that is a number as text, and no
// default where there would be none to take.
func argument(function string, e schema.Expr) schema.Expr {
	env, ok := e.(*schema.Env)
	if !ok {
		return e
	}
	y := *env
	c, isConst := env.Default.(*schema.Const)
	switch function {
	case "int", "float":
		if env.Default == nil && env.Missing == schema.MissingNull && !env.EmptyIsUnset {
			y.Missing = schema.MissingError
			return &y
		}
		fallthrough
	case "str", "convert_int":
		if isConst && c.Val.IsKnown() && !c.Val.IsNull() && c.Val.Type() == cty.Number {
			if text, ok := schema.TextOf(c.Val); ok && c.Val.AsBigFloat().IsInt() {
				y.Default = schema.String(text, c.Src)
				return &y
			}
		}
	case "bool":
		if isConst && c.Val.IsKnown() && (c.Val.IsNull() || c.Val.Type() == cty.Bool) {
			text := ""
			if !c.Val.IsNull() && c.Val.True() {
				text = "true"
			}
			y.Default = schema.String(text, c.Src)
			return &y
		}
	}
	return e
}

func with(known map[string]bool, name string, set bool) map[string]bool {
	out := map[string]bool{name: set}
	for k, v := range known {
		if k != name {
			out[k] = v
		}
	}
	return out
}

// setTest reads a test of whether a variable is set.
func setTest(e schema.Expr) (name string, set, ok bool) {
	switch x := e.(type) {
	case *schema.Unary:
		if x.Op == "not" {
			name, set, ok = setTest(x.X)
			return name, !set, ok
		}
	case *schema.Binary:
		env, isEnv := x.L.(*schema.Env)
		null, isConst := x.R.(*schema.Const)
		if isEnv && isConst && null.Val.IsNull() && env.Default == nil && env.Missing == schema.MissingNull && !env.EmptyIsUnset && (x.Op == "!=" || x.Op == "==") {
			return env.Name, x.Op == "!=", true
		}
	}
	return "", false, false
}

func isSetTest(name string, x *schema.Cond) schema.Expr {
	return &schema.Binary{Op: "!=", L: &schema.Env{Name: name, Missing: schema.MissingNull, Src: x.Src}, R: schema.None(x.Src), Src: x.Src}
}

// defaulted gives a variable with a constant default for "the variable where it is set, otherwise the constant".
func defaulted(name string, yes, no schema.Expr, x *schema.Cond) schema.Expr {
	call, converts := yes.(*schema.Call)
	if converts && (call.Func == "convert_int" || call.Func == "int") && len(call.Args) == 1 {
		yes = call.Args[0]
	} else if converts {
		return nil
	}
	if t, ok := yes.(*schema.Template); ok && len(t.Parts) == 1 {
		yes = t.Parts[0]
	}
	env, ok := yes.(*schema.Env)
	c, isConst := no.(*schema.Const)
	if !ok || !isConst || env.Name != name || env.Default != nil || env.EmptyIsUnset || c.Val.IsNull() || !c.Val.IsKnown() {
		return nil
	}
	if converts != (c.Val.Type() == cty.Number) || !converts && c.Val.Type() != cty.String {
		return nil
	}
	text, ok := schema.TextOf(c.Val)
	if !ok {
		return nil
	}
	var out schema.Expr = &schema.Env{Name: name, Default: schema.String(text, c.Src), Src: x.Src}
	if converts {
		out = &schema.Call{Func: call.Func, Args: []schema.Expr{out}, Src: x.Src}
	}
	return out
}
