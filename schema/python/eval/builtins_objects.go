package eval

import (
	"gsrv/schema"
	"gsrv/schema/python/syntax"
	"gsrv/schema/python/value"
)

func (in *interp) typeOf(v value.Value, n syntax.Node) value.Value {
	switch x := v.(type) {
	case *instance:
		return x.class
	case *Symbolic:
		if c, ok := in.classes[x.Kind]; ok && x.Kind != "" {
			return c
		}
		return in.follow(n, "type()", v)
	case *Unknown:
		return in.follow(n, "type()", v)
	}
	if c, ok := in.classes[v.TypeName()]; ok {
		return c
	}
	c := &class{name: v.TypeName(), builtin: true, attrs: map[string]value.Value{}}
	in.classes[c.name] = c
	return c
}

func builtinGetattr(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
	if len(args) < 2 {
		return nil, in.raise(n, "TypeError", "getattr expected at least 2 arguments, got %d", len(args))
	}
	name, ok := args[1].(value.Str)
	if !ok {
		return in.follow(n, "getattr()", args...), nil
	}
	v, err := in.getAttr(args[0], string(name), n)
	if r, failed := isException(err); failed && len(args) > 2 && r.exc.Type == "AttributeError" {
		return args[2], nil
	}
	return v, err
}

func builtinHasattr(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
	if len(args) != 2 {
		return nil, in.raise(n, "TypeError", "hasattr expected 2 arguments, got %d", len(args))
	}
	if isForeignUnknown(args[0]) {
		return in.follow(n, "hasattr()", args...), nil
	}
	v, err := builtinGetattr(in, args, nil, n)
	if r, failed := isException(err); failed && r.exc.Type == "AttributeError" {
		return value.False, nil
	}
	if u, ok := v.(*Unknown); ok {
		return u, nil
	}
	return value.True, err
}

func builtinSetattr(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
	if len(args) != 3 {
		return nil, in.raise(n, "TypeError", "setattr expected 3 arguments, got %d", len(args))
	}
	name, ok := args[1].(value.Str)
	if !ok {
		if m, isModule := args[0].(*module); isModule && m.scope != nil {
			m.scope.open = append(m.scope.open, &schema.Opaque{Source: in.cur.text(n), Reason: "setattr() with a name that is known only when the server starts", Needs: needsOf(args[1]), Src: in.rng(n)})
		}
		return value.None, nil
	}
	return value.None, in.setAttr(args[0], string(name), args[2], n, n)
}

func builtinIsinstance(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
	if len(args) != 2 {
		return nil, in.raise(n, "TypeError", "isinstance expected 2 arguments, got %d", len(args))
	}
	if t, ok := args[1].(*value.Tuple); ok {
		for _, c := range t.Elems {
			v, err := builtinIsinstance(in, []value.Value{args[0], c}, nil, n)
			if err != nil || v != value.Value(value.False) {
				return v, err
			}
		}
		return value.False, nil
	}
	c, ok := args[1].(*class)
	if !ok {
		return in.follow(n, "isinstance()", args...), nil
	}
	switch x := args[0].(type) {
	case *Unknown:
		return in.follow(n, "isinstance()", x), nil
	case *Symbolic:
		if x.Kind == "" {
			return in.follow(n, "isinstance()", x), nil
		}
		return value.Bool(x.Kind == c.name || x.Kind == "bool" && c.name == "int" || c.name == "object"), nil
	case *instance:
		if x.class.isSubclass(c) || c.name == "object" {
			return value.True, nil
		}
		if o := x.class.hasUnknownBase(); o != nil {
			return &Unknown{o}, nil
		}
		return value.False, nil
	}
	if !c.builtin {
		return value.False, nil
	}
	return value.Bool(c.name == "object" || value.IsInstance(args[0], c.name)), nil
}

func builtinIssubclass(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
	if len(args) == 2 {
		a, ok := args[0].(*class)
		b, both := args[1].(*class)
		if ok && both {
			return value.Bool(a.isSubclass(b)), nil
		}
	}
	return in.follow(n, "issubclass()", args...), nil
}

func builtinCallable(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
	switch x := first(args).(type) {
	case *function, *native, *class, *method, *partial, *boundBuiltin:
		return value.True, nil
	case *instance:
		_, _, ok := x.class.lookup("__call__")
		return value.Bool(ok), nil
	case *Unknown:
		return in.follow(n, "callable()", x), nil
	}
	return value.False, nil
}

func builtinVars(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
	switch x := first(args).(type) {
	case *module:
		if x.scope != nil {
			return &namespace{x.scope}, nil
		}
	case *instance:
		return in.getAttr(x, "__dict__", n)
	case *class:
		return in.getAttr(x, "__dict__", n)
	}
	return in.follow(n, "vars()", args...), nil
}
