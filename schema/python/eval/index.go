package eval

import (
	"math/big"

	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
	"gsrv/schema/python/syntax"
	"gsrv/schema/python/value"
)

// namespaceMethod calls a method of globals() or locals().
func (in *interp) namespaceMethod(ns *namespace, name string, args []value.Value, kwargs []value.Kwarg, n syntax.Node) (value.Value, error) {
	switch name {
	case "update":
		for _, a := range args {
			d := value.NewDict()
			why, err := in.updateDict(d, a, n)
			if err != nil {
				return nil, err
			}
			if why != nil {
				ns.scope.open = append(ns.scope.open, why.Why)
				continue
			}
			d.Items(func(k, v value.Value) bool {
				return ns.setItem(in, k, v, n, n) == nil
			})
		}
		for _, k := range kwargs {
			in.bind(ns.scope, k.Name, k.Value, n, n, "")
		}
		return value.None, nil
	case "setdefault":
		if len(args) > 0 {
			if key, ok := args[0].(value.Str); ok {
				if v, found := ns.scope.vars[string(key)]; found {
					return v.v, nil
				}
				v := value.Value(value.None)
				if len(args) > 1 {
					v = args[1]
				}
				in.bind(ns.scope, string(key), v, n, n, "")
				return v, nil
			}
		}
	}
	return in.callMethod(ns.dict(in), name, args, kwargs, n)
}

// getItem is obj[index].
func (in *interp) getItem(obj, index value.Value, n syntax.Node) (value.Value, error) {
	switch o := obj.(type) {
	case *environ:
		name, ok := index.(value.Str)
		if !ok {
			if isForeignUnknown(index) {
				return in.follow(n, "a variable whose name is not known", index), nil
			}
			return nil, in.raise(n, "TypeError", "str expected, not %s", index.TypeName())
		}
		return o.subscript(string(name), n)
	case *sysModules:
		if name, ok := index.(value.Str); ok {
			if m, found := in.modules[string(name)]; found {
				return m, nil
			}
		}
		return in.follow(n, "which modules are loaded", index), nil
	case *namespace:
		if name, ok := index.(value.Str); ok {
			if v, found := o.scope.vars[string(name)]; found {
				return v.v, nil
			}
			return nil, in.thrown(&value.Exception{Type: "KeyError", Msg: pyQuote(string(name)), Args: []value.Value{name}}, n)
		}
		return in.follow(n, "a name that is not known", index), nil
	case *Symbolic:
		return in.symbolicItem(o, index, n), nil
	case *Unknown:
		return in.follow(n, "a subscript", o), nil
	case *instance:
		if o.class.kind == "namedtuple" {
			return in.getItem(in.namedTupleValues(o), index, n)
		}
		if m, _, ok := o.class.lookup("__getitem__"); ok {
			return in.call(&method{self: o, fn: m}, []value.Value{index}, nil, n)
		}
		if w := o.class.hasUnknownBase(); w != nil {
			return &Unknown{w}, nil
		}
		return nil, in.raise(n, "TypeError", "'%s' object is not subscriptable", o.class.name)
	case *class:
		if o.kind == "enum" {
			if name, ok := index.(value.Str); ok {
				if v, found := o.attrs[string(name)]; found {
					return v, nil
				}
				return nil, in.thrown(&value.Exception{Type: "KeyError", Msg: pyQuote(string(name)), Args: []value.Value{name}}, n)
			}
		}
		return o, nil // list[int] and the like
	case *native, *function, *method:
		return obj, nil
	}
	if isForeignUnknown(index) {
		if d, ok := obj.(*value.Dict); ok {
			return in.mapItem(d, index, n), nil
		}
		return in.follow(n, "an index that is not known", index), nil
	}
	v, err := value.GetItem(in.budget, obj, index)
	return in.wrap(v, err, n)
}

// mapItem is a dict with text keys under a key that depends on the host: the choice of a profile by a variable.
func (in *interp) mapItem(d *value.Dict, index value.Value, n syntax.Node) value.Value {
	key, ok := index.(*Symbolic)
	if !ok || d.Len() == 0 || d.Len() > 20 {
		return in.follow(n, "a key that is not known", index)
	}
	at := in.rng(n)
	var out value.Value
	good := true
	d.Items(func(k, v value.Value) bool {
		text, isText := k.(value.Str)
		if !isText {
			good = false
			return false
		}
		if out == nil {
			out = v
			return true
		}
		test := &schema.Binary{Op: "==", L: key.Expr, R: schema.String(string(text), at), Src: at}
		out = in.joinValue(test, v, out, at)
		return true
	})
	if !good {
		return in.follow(n, "a key that is not known", index)
	}
	return out
}

func (in *interp) symbolicItem(s *Symbolic, index value.Value, n syntax.Node) value.Value {
	switch e := s.Expr.(type) {
	case *schema.Map:
		if k, ok := index.(value.Str); ok {
			for i, name := range e.Keys {
				if name == string(k) {
					return in.fromExpr(e.Values[i])
				}
			}
		}
	case *schema.List:
		if k, ok := index.(value.Int); ok {
			if i, fits := k.Int64(); fits && i >= 0 && i < int64(len(e.Items)) {
				return in.fromExpr(e.Items[i])
			}
		}
	case *schema.Cond:
		at := in.rng(n)
		a := in.symbolicOrItem(e.Then, index, n)
		b := in.symbolicOrItem(e.Else, index, n)
		if a != nil && b != nil {
			return in.joinValue(e.Test, a, b, at)
		}
	}
	return in.follow(n, "a subscript", s, index)
}

func (in *interp) symbolicOrItem(e schema.Expr, index value.Value, n syntax.Node) value.Value {
	switch e.(type) {
	case *schema.Map, *schema.List, *schema.Cond:
		v := in.symbolicItem(&Symbolic{Expr: e}, index, n)
		if _, bad := v.(*Unknown); !bad {
			return v
		}
	}
	return nil
}

// fromCty turns a constant of an expression into a Python value, or nil.
func fromCty(v cty.Value) value.Value {
	switch {
	case v.IsNull():
		return value.None
	case !v.IsKnown():
		return nil
	case v.Type() == cty.String:
		return value.Str(v.AsString())
	case v.Type() == cty.Bool:
		return value.Bool(v.True())
	case v.Type() == cty.Number:
		f := v.AsBigFloat()
		if i, acc := f.Int(nil); acc == big.Exact {
			return value.NewBigInt(i)
		}
		x, _ := f.Float64()
		return value.Float(x)
	}
	return nil
}
