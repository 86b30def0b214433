package eval

import (
	"gsrv/schema"
	"gsrv/schema/python/syntax"
	"gsrv/schema/python/value"
)

// unboundMethod is str.lower, dict.fromkeys.
func (in *interp) unboundMethod(class, name string) value.Value {
	return &native{name: class + "." + name, call: func(in *interp, args []value.Value, kwargs []value.Kwarg, n syntax.Node) (value.Value, error) {
		if name == "fromkeys" || name == "maketrans" || name == "fromhex" || name == "from_bytes" {
			if anyHidden(args, 0) {
				return in.follow(n, class+"."+name, args...), nil
			}
			v, err := value.CallClassMethod(in.budget, class, name, args, kwargs)
			return in.wrap(v, err, n)
		}
		if len(args) == 0 {
			return nil, in.raise(n, "TypeError", "unbound method %s.%s() needs an argument", class, name)
		}
		return in.callMethod(args[0], name, args[1:], kwargs, n)
	}}
}

// callMethod is obj.name(…).
func (in *interp) callMethod(obj value.Value, name string, args []value.Value, kwargs []value.Kwarg, n syntax.Node) (value.Value, error) {
	switch o := obj.(type) {
	case *environ:
		return o.method(name, args, kwargs, n)
	case *sysModules:
		if name == "get" && len(args) > 0 {
			return in.getItem(o, args[0], n)
		}
		return in.unknown(n, "which modules are loaded is known only when the server runs"), nil
	case *namespace:
		return in.namespaceMethod(o, name, args, kwargs, n)
	case *Symbolic:
		if mutable(o.Expr) {
			switch name {
			case "append", "extend", "insert", "update", "add", "setdefault", "pop", "popitem", "remove", "discard", "clear", "sort", "reverse":
				in.spoil(o, n)
			}
		}
		return in.symbolicMethod(o, name, args, kwargs, n), nil
	case *module, *instance, *class, *superObject, *function, *Unknown, *native, *method, *partial, *wrapper, *boundBuiltin, *fieldDefault:
		fn, err := in.getAttr(obj, name, n)
		if err != nil {
			return nil, err
		}
		return in.call(fn, args, kwargs, n)
	}
	if it, ok := obj.(*value.Iter); ok {
		if g := in.generatorOf[it]; g != nil && (name == "send" || name == "close" || name == "throw") {
			return in.generatorMethod(it, g, name, args, n)
		}
	}
	if !value.HasMethod(obj.TypeName(), name) {
		return nil, in.raise(n, "AttributeError", "'%s' object has no attribute '%s'", obj.TypeName(), name)
	}
	if text, ok := obj.(value.Str); ok {
		if v, done := in.textMethod(string(text), name, args, kwargs, n); done {
			return v, nil
		}
	}
	if d, ok := obj.(*value.Dict); ok && name == "update" {
		return value.None, in.dictUpdate(d, args, kwargs, n)
	}
	for _, a := range args {
		if isForeignUnknown(a) && !storesArgument(obj, name) {
			if _, ok := obj.(*value.Dict); ok && (name == "get" || name == "pop" || name == "setdefault") && a != args[0] && !hidden(args[0]) {
				continue
			}
			return in.follow(n, "the method "+name, append([]value.Value{obj}, args...)...), nil
		}
	}
	v, err := value.CallMethod(in.budget, obj, name, args, kwargs)
	return in.wrap(v, err, n)
}

// storesArgument tells whether a method of a container only keeps its argument.
func storesArgument(obj value.Value, name string) bool {
	switch obj.(type) {
	case *value.List:
		return name == "append" || name == "insert"
	}
	return false
}

func (in *interp) dictUpdate(d *value.Dict, args []value.Value, kwargs []value.Kwarg, n syntax.Node) error {
	for _, a := range args {
		switch a.(type) {
		case *value.Dict, *environ, *namespace, *Symbolic, *Unknown:
			why, err := in.updateDict(d, a, n)
			if err != nil {
				return err
			}
			if why != nil {
				in.poison(d, why)
			}
			continue
		}
		if _, err := value.CallMethod(in.budget, d, "update", []value.Value{a}, nil); err != nil {
			_, err = in.wrap(nil, err, n)
			return err
		}
	}
	for _, k := range kwargs {
		if err := d.SetStr(in.budget, k.Name, k.Value); err != nil {
			_, err = in.wrap(nil, err, n)
			return err
		}
	}
	return nil
}

// textMethod calls methods of known text with arguments that are not known: join, format.
func (in *interp) textMethod(text, name string, args []value.Value, kwargs []value.Kwarg, n syntax.Node) (value.Value, bool) {
	switch name {
	case "format":
		if !anyHidden(args, 0) && !kwargsHidden(kwargs) {
			return nil, false
		}
		pieces, err := value.FormatPieces(in.budget, text, args, kwargs)
		if err != nil {
			return in.follow(n, "formatting", append(args, kwValues(kwargs)...)...), true
		}
		return in.piecesExpr(pieces, n), true
	case "join":
		if len(args) != 1 || !hidden(args[0]) {
			return nil, false
		}
		var elems []value.Value
		switch l := args[0].(type) {
		case *value.List:
			elems = l.Elems
		case *value.Tuple:
			elems = l.Elems
		default:
			return in.follow(n, "join", args...), true
		}
		var parts []schema.Expr
		at := in.rng(n)
		for i, e := range elems {
			if !isText(e) {
				return in.follow(n, "join", elems...), true
			}
			if i > 0 {
				parts = append(parts, schema.String(text, at))
			}
			parts = append(parts, in.toExpr(e, at))
		}
		return symbolic(concat(at, parts...), "str"), true
	}
	return nil, false
}

func kwargsHidden(kwargs []value.Kwarg) bool { return anyHidden(kwValues(kwargs), 0) }

func kwValues(kwargs []value.Kwarg) []value.Value {
	out := make([]value.Value, len(kwargs))
	for i, k := range kwargs {
		out[i] = k.Value
	}
	return out
}
