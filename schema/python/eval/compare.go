package eval

import (
	"gsrv/schema"
	"gsrv/schema/python/syntax"
	"gsrv/schema/python/value"
)

func (in *interp) compareExpr(n *syntax.Compare, s *scope) (value.Value, error) {
	left, err := in.expr(n.Left, s)
	if err != nil {
		return nil, err
	}
	var result value.Value = value.True
	for i, op := range n.Ops {
		right, err := in.expr(n.Comparators[i], s)
		if err != nil {
			return nil, err
		}
		r, err := in.compareOne(op.Symbol(), left, right, n)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			result = r
		} else {
			at := in.rng(n)
			a, b := in.toExpr(result, at), in.toExpr(r, at)
			if hidden(result) || hidden(r) {
				result = symbolic(&schema.Binary{Op: "and", L: a, R: b, Src: at}, "bool")
			} else {
				result = r
			}
		}
		if !hidden(r) {
			truth, known, _, err := in.truth(r, n)
			if err != nil {
				return nil, err
			}
			if known && !truth {
				return r, nil
			}
		}
		left = right
	}
	return result, nil
}

func (in *interp) compareOne(op string, l, r value.Value, n syntax.Node) (value.Value, error) {
	if op == "in" || op == "not in" {
		if v, ok, err := in.containsOwn(l, r, n); ok || err != nil {
			if err != nil || op == "in" {
				return v, err
			}
			truth, known, test, err := in.truth(v, n)
			if err != nil {
				return nil, err
			}
			if known {
				return value.Bool(!truth), nil
			}
			return symbolic(not(test), "bool"), nil
		}
	}
	lh, rh := isForeignUnknown(l), isForeignUnknown(r)
	if lh || rh || (op == "in" || op == "not in" || op == "==" || op == "!=") && (hidden(l) || hidden(r)) {
		if op == "is" || op == "is not" {
			if v, ok := in.isNone(op, l, r, n); ok {
				return v, nil
			}
		}
		return in.symbolicBinary(op, l, r, n), nil
	}
	switch op {
	case "is", "is not":
		same, err := value.Is(l, r)
		if err != nil {
			return in.wrap(nil, err, n)
		}
		return value.Bool(same == (op == "is")), nil
	}
	if op == "==" || op == "!=" {
		if a, b := pathText(l), pathText(r); a != nil && b != nil {
			return in.compareOne(op, a, b, n)
		}
	}
	if v, ok, err := in.compareInstances(op, l, r, n); ok {
		return v, err
	}
	ok, err := value.Compare(in.budget, value.Op(op), l, r)
	return in.wrap(value.Bool(ok), err, n)
}

// isNone decides "x is None" where the kind of a value that is not known rules it out.
func (in *interp) isNone(op string, l, r value.Value, n syntax.Node) (value.Value, bool) {
	s, ok := l.(*Symbolic)
	if !ok || r != value.Value(value.None) {
		return nil, false
	}
	if env, isEnv := s.Expr.(*schema.Env); isEnv && env.Default == nil && env.Missing == schema.MissingNull {
		return nil, false
	}
	switch s.Kind {
	case "str", "int", "float", "bool", "list":
		return value.Bool(op == "is not"), true
	}
	return nil, false
}

func (in *interp) compareInstances(op string, l, r value.Value, n syntax.Node) (value.Value, bool, error) {
	i, ok := l.(*instance)
	if !ok {
		return nil, false, nil
	}
	name := map[string]string{"==": "__eq__", "!=": "__ne__", "<": "__lt__", "<=": "__le__", ">": "__gt__", ">=": "__ge__"}[op]
	if m, _, found := i.class.lookup(name); found && name != "" {
		v, err := in.call(&method{self: i, fn: m}, []value.Value{r}, nil, n)
		return v, true, err
	}
	if i.class.kind == "enum" && (op == "==" || op == "!=") {
		if j, same := r.(*instance); same && j.class == i.class {
			return value.Bool((i == j) == (op == "==")), true, nil
		}
		for _, b := range i.class.mro() {
			if b.builtin && (b.name == "str" || b.name == "int") {
				v, err := in.compareOne(op, i.attrs["value"], r, n)
				return v, true, err
			}
		}
		return value.Bool(op != "=="), true, nil
	}
	if i.class.kind == "namedtuple" {
		v, err := in.compareOne(op, in.namedTupleValues(i), r, n)
		return v, true, err
	}
	return nil, false, nil
}

// containsOwn is "x in container" for os.environ, namespaces, modules and objects.
func (in *interp) containsOwn(x, container value.Value, n syntax.Node) (value.Value, bool, error) {
	switch c := container.(type) {
	case *environ:
		name, ok := x.(value.Str)
		if !ok {
			return in.follow(n, "a variable whose name is not known", x), true, nil
		}
		return c.contains(string(name), n), true, nil
	case *namespace:
		name, ok := x.(value.Str)
		if !ok {
			return in.follow(n, "a name that is not known", x), true, nil
		}
		_, found := c.scope.vars[string(name)]
		if !found && len(c.scope.open) > 0 {
			return &Unknown{c.scope.open[0]}, true, nil
		}
		return value.Bool(found), true, nil
	case *instance:
		if m, _, ok := c.class.lookup("__contains__"); ok {
			v, err := in.call(&method{self: c, fn: m}, []value.Value{x}, nil, n)
			return v, true, err
		}
		return in.unknown(n, "it asks an object of class "+c.class.name), true, nil
	case *sysModules:
		if name, ok := x.(value.Str); ok {
			if m, found := in.modules[string(name)]; found && !m.missing {
				return value.True, true, nil
			}
		}
		return in.unknown(n, "which modules are loaded is known only when the server runs"), true, nil
	case *class:
		if c.kind == "enum" {
			return in.follow(n, "an enum", x), true, nil
		}
	}
	return nil, false, nil
}
