package schema

import (
	"slices"

	"github.com/zclconf/go-cty/cty"
)

// Reversed gives a list back to front, on every host; false for what is no list that can be taken apart. gunicorn and uWSGI
// put each directory of their search paths before those before it, so that the last one is searched first, and the common
// model has the first one in front.
func Reversed(e Expr) (Expr, bool) {
	switch x := e.(type) {
	case *Const:
		if v := ReversedValue(x.Val); v != cty.NilVal {
			return &Const{Val: v, Src: x.Src}, true
		}
	case *List:
		items := slices.Clone(x.Items)
		slices.Reverse(items)
		return &List{Items: items, Src: x.Src}, true
	case *Cond:
		then, ok1 := Reversed(x.Then)
		otherwise, ok2 := Reversed(x.Else)
		return &Cond{Test: x.Test, Then: then, Else: otherwise, Src: x.Src}, ok1 && ok2
	case *Unset:
		return x, true
	case *Call:
		return x, x.Func == "convert_list" && len(x.Args) == 1 // of one
	}
	return e, false
}

// ReversedValue is Reversed of a value; cty.NilVal for one that is no known list.
func ReversedValue(v cty.Value) cty.Value {
	if v == cty.NilVal || !v.IsKnown() || v.IsNull() || !v.Type().IsTupleType() {
		return cty.NilVal
	}
	items := v.AsValueSlice()
	slices.Reverse(items)
	return cty.TupleVal(items)
}

// ReverseSearchPath turns the setting of a server that searches the last directory first round, as the model has it.
func ReverseSearchPath(settings []Setting) {
	for i := range settings {
		s := &settings[i]
		if s.Name != "app.python_path" {
			continue
		}
		if e, ok := Reversed(s.Value); ok {
			s.Value = e
		}
		if v := ReversedValue(s.OnHost); v != cty.NilVal {
			s.OnHost = v
		}
		s.Shadowed = slices.Clone(s.Shadowed)
		ReverseSearchPath(s.Shadowed)
	}
}
