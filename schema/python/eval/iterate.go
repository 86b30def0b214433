package eval

import (
	"gsrv/schema"
	"gsrv/schema/python/syntax"
	"gsrv/schema/python/value"
)

// iterOf makes an iterator over elements that are there already.
func iterOf(name string, elems []value.Value) *value.Iter {
	i := 0
	return value.NewIter(name, func(b *value.Budget) (value.Value, bool, error) {
		if i >= len(elems) {
			return nil, false, nil
		}
		i++
		return elems[i-1], true, b.Step(1)
	})
}

// iterate gives a function that yields the elements of a value, or the reason why they are not known.
func (in *interp) iterate(v value.Value, n syntax.Node) (func() (value.Value, bool, error), *Unknown, error) {
	switch x := v.(type) {
	case *Symbolic:
		if l, ok := x.Expr.(*schema.List); ok {
			i := 0
			return func() (value.Value, bool, error) {
				if i >= len(l.Items) {
					return nil, false, nil
				}
				i++
				return in.fromExpr(l.Items[i-1]), true, nil
			}, nil, nil
		}
		return nil, in.follow(n, "a loop", v), nil
	case *Unknown:
		return nil, in.follow(n, "a loop", v), nil
	case *environ:
		d, complete := x.all()
		if !complete {
			return nil, in.unknown(n, "it is the whole environment, which is known only when the server starts", "the environment"), nil
		}
		v = d
	case *namespace:
		v = x.dict(in)
	case *instance:
		if x.class.kind == "namedtuple" {
			v = in.namedTupleValues(x)
			break
		}
		if m, _, ok := x.class.lookup("__iter__"); ok {
			it, err := in.call(&method{self: x, fn: m}, nil, nil, n)
			if err != nil {
				return nil, nil, err
			}
			if it != value.Value(x) {
				return in.iterate(it, n)
			}
		}
		return nil, in.unknown(n, "it goes through an object of class "+x.class.name), nil
	case *class:
		if x.kind == "enum" {
			var elems []value.Value
			for _, m := range x.members {
				elems = append(elems, x.attrs[m])
			}
			v = value.NewList(elems...)
		}
	}
	it, err := value.Iterate(in.budget, v)
	if err != nil {
		u, err := in.wrap(nil, err, n)
		if err != nil {
			return nil, nil, err
		}
		return nil, u.(*Unknown), nil
	}
	return func() (value.Value, bool, error) {
		x, ok, err := it.Next(in.budget)
		if d, depends := err.(*dependsError); depends {
			return nil, false, d
		}
		if err != nil {
			u, err := in.wrap(nil, err, n)
			return u, err == nil, err
		}
		return x, ok, nil
	}, nil, nil
}

// fromExpr turns a part of an expression back into a value.
func (in *interp) fromExpr(e schema.Expr) value.Value {
	if c, ok := e.(*schema.Const); ok {
		if v := fromCty(c.Val); v != nil {
			return v
		}
	}
	return symbolic(e, "")
}

// comprehension runs the loops of a comprehension in a scope of its own.
func (in *interp) comprehension(gens []*syntax.Comprehension, n syntax.Node, s *scope, each func(*scope) error) (*Unknown, error) {
	inner := &scope{vars: map[string]slot{"\x00comp": {v: value.True}}, parent: s, globals: s.globals, mod: s.mod, isFunc: true}
	if s == s.globals {
		inner.parent = s
	}
	// The first iterable belongs to the scope around: a class body's names are seen there only.
	iterable, err := in.expr(gens[0].Iter, s)
	if err != nil {
		return nil, err
	}
	in.scopes = append(in.scopes, inner)
	defer func() { in.scopes = in.scopes[:len(in.scopes)-1] }()
	return in.generate(gens, iterable, n, inner, each)
}

// generate runs the first loop over its iterable, the others inside it.
func (in *interp) generate(gens []*syntax.Comprehension, iterable value.Value, n syntax.Node, s *scope, each func(*scope) error) (*Unknown, error) {
	g := gens[0]
	next, why, err := in.iterate(iterable, g.Iter)
	if err != nil {
		return nil, err
	}
	if why != nil {
		return in.follow(n, "a comprehension", why), nil
	}
loop:
	for {
		if err := in.step(n); err != nil {
			return nil, err
		}
		v, ok, err := next()
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, nil
		}
		if err := in.budget.Alloc(16); err != nil {
			_, err = in.wrap(nil, err, n)
			return nil, err
		}
		if err := in.assign(g.Target, v, g.Iter, s); err != nil {
			return nil, err
		}
		for _, cond := range g.Ifs {
			t, err := in.expr(cond, s)
			if err != nil {
				return nil, err
			}
			truth, known, test, err := in.truth(t, cond)
			if err != nil {
				return nil, err
			}
			if !known {
				return in.follow(n, "a comprehension", symbolic(test, "")), nil
			}
			if !truth {
				continue loop
			}
		}
		if len(gens) == 1 {
			if err := each(s); err != nil {
				return nil, err
			}
			continue
		}
		inner, err := in.expr(gens[1].Iter, s)
		if err != nil {
			return nil, err
		}
		if why, err := in.generate(gens[1:], inner, n, s, each); why != nil || err != nil {
			return why, err
		}
	}
}
