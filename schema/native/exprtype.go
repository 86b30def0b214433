package native

import (
	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
)

// typeOf is the type of an expression's value on every host; cty.DynamicPseudoType where that cannot be told.
func typeOf(e schema.Expr) cty.Type {
	switch e := e.(type) {
	case *schema.Const:
		return e.Val.Type()
	case *schema.Env:
		if e.Default == nil || typeOf(e.Default) == cty.String || isNull(e.Default) {
			return cty.String
		}
	case *schema.HostFact:
		switch e.Fact {
		case schema.CPUCount, schema.UserID, schema.GroupID:
			return cty.Number
		case schema.Hostname, schema.CurrentDir, schema.ConfigDir, schema.Platform:
			return cty.String
		}
	case *schema.Template, *schema.FuncRef:
		return cty.String
	case *schema.Unary:
		if e.Op == "not" {
			return cty.Bool
		}
		return cty.Number
	case *schema.Binary:
		return binaryType(e)
	case *schema.Cond:
		a, b := typeOf(e.Then), typeOf(e.Else)
		switch {
		case a.Equals(b) || isNull(e.Else):
			return a
		case isNull(e.Then):
			return b
		}
	case *schema.Call:
		return callType(e)
	case *schema.List:
		return cty.EmptyTuple
	case *schema.Map:
		return cty.EmptyObject
	}
	return cty.DynamicPseudoType
}

func isNull(e schema.Expr) bool {
	switch e := e.(type) {
	case *schema.Unset:
		return true
	case *schema.Const:
		return e.Val.IsNull()
	}
	return false
}

func binaryType(e *schema.Binary) cty.Type {
	l, r := typeOf(e.L), typeOf(e.R)
	switch e.Op {
	case "==", "!=", "<", "<=", ">", ">=", "in", "not in":
		return cty.Bool
	case "and", "or":
		if l.Equals(r) || e.Op == "or" && isNull(e.R) {
			return l
		}
		return cty.DynamicPseudoType
	case "+":
		if l == cty.String && r == cty.String {
			return cty.String
		}
		if isList(l) && isList(r) {
			return cty.EmptyTuple
		}
	}
	if l == cty.Number && r == cty.Number {
		return cty.Number
	}
	return cty.DynamicPseudoType
}

func isList(t cty.Type) bool { return t.IsTupleType() || t.IsListType() }

func callType(e *schema.Call) cty.Type {
	switch e.Func {
	case "abs", "ceil", "float", "floor", "int", "len", "round", "convert_mib", "convert_kib", "convert_int", "convert_duration", "convert_size":
		return cty.Number
	case "min", "max":
		for _, a := range e.Args {
			if typeOf(a) != cty.Number {
				return cty.DynamicPseudoType
			}
		}
		return cty.Number
	case "bool", "contains", "startswith", "endswith", "convert_not":
		return cty.Bool
	case "split", "convert_list", "convert_csv", "convert_words":
		return cty.EmptyTuple
	case "convert_none_false":
		if len(e.Args) == 1 && typeOf(e.Args[0]) == cty.Bool && !schema.MayBeNull(e.Args[0]) {
			return cty.Bool
		}
		return cty.DynamicPseudoType
	case "get":
		return cty.DynamicPseudoType
	case "convert_keyvals":
		return cty.EmptyObject
	}
	return cty.String
}
