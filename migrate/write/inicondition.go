package write

import (
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
)

// A step is a block of a test; the last one that applies counts.
type step struct {
	directive string
	then      bool
	env       string // the variable that %(_) stands for
}

// A test is a condition as uWSGI's blocks say it: a pair of which exactly one applies, or what counts without any block
// and the steps that change it.
type test struct {
	initial bool
	steps   []step
	paired  bool
	// spelt tells that it compares with a few spellings where the source takes any.
	spelt bool
}

func (t test) pair() bool { return t.paired }

func (t test) not() test {
	if t.paired {
		return test{paired: true, steps: []step{t.steps[1], t.steps[0]}, spelt: t.spelt}
	}
	out := test{initial: !t.initial, spelt: t.spelt}
	for _, s := range t.steps {
		s.then = !s.then
		out.steps = append(out.steps, s)
	}
	return out
}

func testOf(e schema.Expr) (test, error) {
	no := cannotSay("uWSGI's if blocks compare a variable with a text (if-env = NAME=VALUE), and cannot test " + schema.PlainText(e))
	switch x := e.(type) {
	case *schema.Unary:
		if x.Op == "not" {
			t, err := testOf(x.X)
			return t.not(), err
		}
	case *schema.Call:
		if (x.Func == "bool" || x.Func == "convert_none_false") && len(x.Args) == 1 {
			return testOf(x.Args[0])
		}
	case *schema.Cond: // a choice of true and false is its own test
		then, ok1 := truthOf(x.Then)
		otherwise, ok2 := truthOf(x.Else)
		if !ok1 || !ok2 || then == otherwise {
			return test{}, no
		}
		t, err := testOf(x.Test)
		if otherwise {
			t = t.not()
		}
		return t, err
	case *schema.Env:
		def := x.Default
		initial := false
		if def != nil {
			v, ok := constant(def)
			if !ok {
				return test{}, no
			}
			initial, _ = schema.Truth(v)
		}
		if initial && x.EmptyIsUnset {
			return test{}, no
		}
		return test{initial: initial, steps: []step{{"if-env = " + x.Name, true, x.Name}, {"if-env = " + x.Name + "=", false, x.Name}}}, nil
	case *schema.Binary:
		switch x.Op {
		case "==", "!=":
			t, err := equalTest(x.L, x.R, no)
			if err != nil {
				t, err = equalTest(x.R, x.L, no)
			}
			if x.Op == "!=" {
				t = t.not()
			}
			return t, err
		case "in", "not in":
			v, ok := constant(x.R)
			if !ok || v.IsNull() || !v.CanIterateElements() {
				return test{}, no
			}
			t, err := envTest(x.L, v.AsValueSlice(), no)
			if x.Op == "not in" {
				t = t.not()
			}
			return t, err
		}
	}
	return test{}, no
}

// truthOf gives the truth of an expression that has the same one on every host.
func truthOf(e schema.Expr) (truth, known bool) {
	if v, ok := constant(e); ok {
		return schema.Truth(v)
	}
	return false, false
}

func equalTest(l, r schema.Expr, no error) (test, error) {
	v, ok := constant(r)
	if !ok {
		return test{}, no
	}
	switch x := l.(type) {
	case *schema.Env:
		if v.IsNull() && x.Default == nil && x.Missing == schema.MissingNull && !x.EmptyIsUnset {
			return test{paired: true, steps: []step{{"if-not-env = " + x.Name, true, ""}, {"if-env = " + x.Name, false, x.Name}}}, nil
		}
		return envTest(l, []cty.Value{v}, no)
	case *schema.Call:
		return envTest(l, []cty.Value{v}, no)
	case *schema.HostFact:
		if t, ok := constText(r); ok && x.Fact == schema.Hostname && plainArgument(t) {
			return test{paired: true, steps: []step{{"if-hostname = " + t, true, ""}, {"if-not-hostname = " + t, false, ""}}}, nil
		}
	}
	return test{}, no
}

// plainArgument tells whether a directive can have a text as its value.
func plainArgument(s string) bool {
	return s != "" && strings.Trim(s, " \t\r") == s && !strings.ContainsAny(s, "\n\x00%$@")
}

// lowered gives a variable with its constant default in small letters.
func lowered(e schema.Expr) schema.Expr {
	env, ok := e.(*schema.Env)
	if !ok {
		return e
	}
	if text, ok := constText(env.Default); ok {
		x := *env
		x.Default = schema.String(strings.ToLower(text), env.Src)
		return &x
	}
	return e
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// envTest is whether a variable has one of some values.
func envTest(e schema.Expr, values []cty.Value, no error) (test, error) {
	if c, ok := e.(*schema.Call); ok && c.Func == "lower" && len(c.Args) == 1 {
		// uWSGI compares letter by letter: these are the ways in which people write it.
		var spelt []cty.Value
		for _, v := range values {
			if v.IsNull() || v.Type() != cty.String || v.AsString() != strings.ToLower(v.AsString()) {
				return test{}, no
			}
			for _, text := range []string{v.AsString(), capital(v.AsString()), strings.ToUpper(v.AsString())} {
				if !slices.ContainsFunc(spelt, func(x cty.Value) bool { return x.AsString() == text }) {
					spelt = append(spelt, cty.StringVal(text))
				}
			}
		}
		t, err := envTest(lowered(c.Args[0]), spelt, no)
		t.spelt = err == nil && len(spelt) > len(values)
		return t, err
	}
	env, ok := e.(*schema.Env)
	if !ok || env.EmptyIsUnset {
		return test{}, no
	}
	var words []string
	for _, v := range values {
		if v.IsNull() || v.Type() != cty.String || v.AsString() != "" && !plainArgument(v.AsString()) {
			return test{}, no
		}
		words = append(words, v.AsString())
	}
	t := test{}
	if env.Default != nil {
		d, ok := constText(env.Default)
		if !ok && !isNullConst(env.Default) {
			return test{}, no
		}
		t.initial = ok && slices.Contains(words, d)
	} else if env.Missing == schema.MissingEmpty {
		t.initial = slices.Contains(words, "")
	}
	if len(words) == 1 && !t.initial {
		return test{paired: true, steps: []step{
			{"if-env = " + env.Name + "=" + words[0], true, env.Name}, {"if-not-env = " + env.Name + "=" + words[0], false, ""},
		}}, nil
	}
	if t.initial {
		t.steps = append(t.steps, step{"if-env = " + env.Name, false, env.Name})
	}
	for _, word := range words {
		t.steps = append(t.steps, step{"if-env = " + env.Name + "=" + word, true, env.Name})
	}
	return t, nil
}
