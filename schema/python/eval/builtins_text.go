package eval

import (
	"strings"

	"gsrv/schema/python/syntax"
	"gsrv/schema/python/value"
)

// wantsText tells whether a built-in function shows its argument as text.
func wantsText(name string) bool {
	return name == "str" || name == "repr" || name == "format" || name == "ascii"
}

// goesThrough are the built-in functions that go through the elements of their arguments.
var goesThrough = map[string]bool{
	"list": true, "tuple": true, "set": true, "frozenset": true, "sorted": true, "sum": true, "min": true, "max": true, "any": true, "all": true, "enumerate": true, "zip": true,
	"map": true, "filter": true, "dict": true,
}

// ownConversions are the methods by which an object of the source's own class converts itself.
var ownConversions = map[string]string{"int": "__int__", "float": "__float__", "abs": "__abs__", "round": "__round__", "hash": "__hash__"}

// shown gives what str() and format see: an object's __str__, a path's text, an enum's value.
func (in *interp) shown(v value.Value, n syntax.Node) (value.Value, error) {
	o, ok := v.(*instance)
	if !ok {
		switch x := v.(type) {
		case *class, *function, *module, *native, *environ, *method, *partial, *wrapper, *superObject, *boundBuiltin:
			return in.unknown(n, "it is the text of an object of type "+x.TypeName()), nil
		case *namespace:
			return x.dict(in), nil
		}
		return v, nil
	}
	if p, isPath := o.attrs["\x00path"]; isPath {
		return p, nil
	}
	for _, name := range []string{"__str__", "__repr__"} {
		if m, _, found := o.class.lookup(name); found && (name == "__str__" || o.exc == nil) {
			return in.call(&method{self: o, fn: m}, nil, nil, n)
		}
	}
	if o.exc != nil {
		return value.Str(o.exc.Msg), nil
	}
	if o.class.kind == "enum" {
		for _, b := range o.class.mro() {
			if b.builtin && (b.name == "str" || b.name == "int") {
				break
			}
		}
		return value.Str(o.class.name + "." + in.textOf(o.attrs["name"])), nil
	}
	return in.unknown(n, "it is the text of an object of class "+o.class.name), nil
}

// represented gives what repr() sees of an object of the source's own classes.
func (in *interp) represented(o *instance, n syntax.Node) (value.Value, error) {
	if m, _, found := o.class.lookup("__repr__"); found {
		return in.call(&method{self: o, fn: m}, nil, nil, n)
	}
	if o.exc != nil {
		text, err := value.Repr(in.budget, value.NewTuple(o.exc.Args...))
		if err != nil {
			return in.wrap(nil, err, n)
		}
		if len(o.exc.Args) == 1 {
			text = strings.TrimSuffix(text, ",)") + ")"
		}
		return value.Str(o.class.name + text), nil
	}
	return in.unknown(n, "it is the representation of an object of class "+o.class.name), nil
}

// plain gives the built-in value behind an object that stands for one: a path, a named tuple, a namespace.
func (in *interp) plain(v value.Value, n syntax.Node) (value.Value, error) {
	switch x := v.(type) {
	case *namespace:
		return x.dict(in), nil
	case *environ:
		d, complete := x.all()
		if !complete {
			return in.unknown(n, "it is the whole environment, which is known only when the server starts", "the environment"), nil
		}
		return d, nil
	case *instance:
		if x.class.kind == "namedtuple" {
			return in.namedTupleValues(x), nil
		}
		if m, _, ok := x.class.lookup("__iter__"); ok && x.class.kind == "" {
			it, err := in.call(&method{self: x, fn: m}, nil, nil, n)
			if err != nil {
				return nil, err
			}
			return it, nil
		}
	case *class:
		if x.kind == "enum" {
			var elems []value.Value
			for _, m := range x.members {
				elems = append(elems, x.attrs[m])
			}
			return value.NewList(elems...), nil
		}
	}
	return v, nil
}
