package schema

import (
	"slices"
	"strings"
)

// MayBeNull tells whether an expression comes to null (None, a branch on which nothing is set) on some host. Code that
// cannot be known is not counted: no writer has a form for it anyhow.
func MayBeNull(e Expr) bool {
	switch e := e.(type) {
	case *Const:
		return e.Val.IsNull()
	case *Env:
		if e.Default != nil {
			return MayBeNull(e.Default)
		}
		return e.Missing == MissingNull
	case *Unset:
		return true
	case *Cond:
		return MayBeNull(e.Then) || MayBeNull(e.Else)
	case *Binary:
		// An operand on the left of "or" is the value only where it counts as true, which null does not; on the left of
		// "and", only where it does not.
		return (e.Op == "or" || e.Op == "and") && (MayBeNull(e.R) || e.Op == "and" && MayBeNull(e.L))
	case *Call:
		switch e.Func {
		case "get":
			return true
		case "convert_list", "convert_csv", "convert_words", "convert_none_false":
			return false
		}
		return strings.HasPrefix(e.Func, "convert_") && slices.ContainsFunc(e.Args, MayBeNull)
	}
	return false
}
