package eval

import (
	"errors"
	"slices"

	"gsrv/schema"
	"gsrv/schema/python/syntax"
	"gsrv/schema/python/value"
)

// bind gives a name a value in a scope.
func (in *interp) bind(s *scope, name string, v value.Value, target, from syntax.Node, kind string) {
	dest := s
	switch {
	case s.global[name]:
		dest = s.globals
	case s.nonlocal[name]:
		for p := s.parent; p != nil; p = p.parent {
			if _, ok := p.vars[name]; ok && p.isFunc {
				dest = p
				break
			}
		}
	}
	old, existed := dest.vars[name]
	next := slot{v: v, at: in.rng(from), name: in.rng(target), kind: kind, count: old.count + 1}
	if existed && old.kind != "system" && !dest.isFunc && old.count < 50 {
		next.earlier = &earlier{at: old.at, name: old.name, v: old.v, next: old.earlier}
	}
	if !existed {
		dest.order = append(dest.order, name)
	}
	dest.vars[name] = next
}

// assign stores a value in a target of any kind; from is the expression it comes from.
func (in *interp) assign(target syntax.Expr, v value.Value, from syntax.Node, s *scope) error {
	switch t := target.(type) {
	case *syntax.Name:
		in.bind(s, t.ID, v, t, from, "")
		return nil
	case *syntax.Starred:
		return in.assign(t.Value, v, from, s)
	case *syntax.Tuple:
		return in.unpack(t.Elts, v, from, s)
	case *syntax.List:
		return in.unpack(t.Elts, v, from, s)
	case *syntax.Attribute:
		obj, err := in.expr(t.Value, s)
		if err != nil {
			return err
		}
		return in.setAttr(obj, t.Attr, v, t, from)
	case *syntax.Subscript:
		obj, err := in.expr(t.Value, s)
		if err != nil {
			return err
		}
		index, err := in.expr(t.Slice, s)
		if err != nil {
			return err
		}
		return in.setItem(obj, index, v, t, from)
	}
	return in.raise(target, "SyntaxError", "cannot assign to this")
}

func (in *interp) unpack(targets []syntax.Expr, v value.Value, from syntax.Node, s *scope) error {
	before, after, star := 0, 0, false
	for _, t := range targets {
		switch _, isStar := t.(*syntax.Starred); {
		case isStar:
			star = true
		case star:
			after++
		default:
			before++
		}
	}
	parts, err := in.unpackValue(v, before, after, star, from, len(targets))
	if err != nil {
		return err
	}
	nodes := make([]syntax.Node, len(targets))
	for i := range nodes {
		nodes[i] = from
	}
	if lit, ok := from.(*syntax.Tuple); ok && len(lit.Elts) == len(targets) && !star {
		for i, e := range lit.Elts {
			if _, isStar := e.(*syntax.Starred); isStar {
				break
			}
			nodes[i] = e
		}
	}
	for i, t := range targets {
		if err := in.assign(t, parts[i], nodes[i], s); err != nil {
			return err
		}
	}
	return nil
}

func (in *interp) unpackValue(v value.Value, before, after int, star bool, from syntax.Node, n int) ([]value.Value, error) {
	if isForeignUnknown(v) {
		out := make([]value.Value, n)
		for i := range out {
			out[i] = in.follow(from, "unpacking", v)
		}
		return out, nil
	}
	if i, ok := v.(*instance); ok && i.class.kind == "namedtuple" {
		v = in.namedTupleValues(i)
	}
	parts, err := value.Unpack(in.budget, v, before, after, star)
	if err != nil {
		u, err := in.wrap(nil, err, from)
		if err != nil {
			return nil, err
		}
		out := make([]value.Value, n)
		for i := range out {
			out[i] = u
		}
		return out, nil
	}
	return parts, nil
}

// setItem is obj[index] = v.
func (in *interp) setItem(obj, index, v value.Value, target, from syntax.Node) error {
	switch o := obj.(type) {
	case *environ:
		name, ok := index.(value.Str)
		if !ok {
			if isForeignUnknown(index) {
				return nil
			}
			return in.raise(target, "TypeError", "str expected, not %s", index.TypeName())
		}
		if k := kindOf(v); k != "str" && !isForeignUnknown(v) {
			return in.raise(target, "TypeError", "str expected, not %s", v.TypeName())
		}
		o.set(string(name), v)
		return nil
	case *namespace:
		return o.setItem(in, index, v, target, from)
	case *Symbolic:
		in.spoil(o, target)
		return nil
	case *Unknown:
		return nil
	case *instance:
		if m, _, ok := o.class.lookup("__setitem__"); ok {
			_, err := in.call(&method{self: o, fn: m}, []value.Value{index, v}, nil, target)
			return err
		}
		return nil
	case *module:
		return in.raise(target, "TypeError", "'module' object does not support item assignment")
	}
	if isForeignUnknown(index) {
		in.poison(obj, in.follow(target, "an index that is not known", index))
		return nil
	}
	err := value.SetItem(in.budget, obj, index, v)
	if err != nil {
		_, err = in.wrap(nil, err, target)
	}
	return err
}

// mutable tells whether an expression stands for a container, which may be changed in place.
func mutable(e schema.Expr) bool {
	switch e := e.(type) {
	case *schema.List, *schema.Map:
		return true
	case *schema.Cond:
		return mutable(e.Then) || mutable(e.Else)
	}
	return false
}

// spoil notes that a container whose contents depend on the host is changed in place: nothing is known of it any more,
// whatever name it goes by.
func (in *interp) spoil(s *Symbolic, n syntax.Node) {
	s.Expr = &schema.Opaque{
		Source: in.cur.text(n), Reason: "it is changed after a branch that depends on the host had changed it", Needs: needsOfExpr(s.Expr), Src: in.rng(n),
	}
}

// poison makes the contents of a container unknown: something was stored at a place that is not known.
func (in *interp) poison(obj value.Value, why *Unknown) {
	switch o := obj.(type) {
	case *value.List:
		for i := range o.Elems {
			o.Elems[i] = why
		}
	case *value.Dict:
		o.Items(func(k, _ value.Value) bool { return o.Set(in.budget, k, why) == nil })
	}
}

// setAttr is obj.name = v.
func (in *interp) setAttr(obj value.Value, name string, v value.Value, target, from syntax.Node) error {
	switch o := obj.(type) {
	case *instance:
		if w, _, ok := o.class.lookup(name); ok {
			if p, isProp := w.(*wrapper); isProp && p.kind == "property" {
				if p.set == nil {
					return in.raise(target, "AttributeError", "property '%s' of '%s' object has no setter", name, o.class.name)
				}
				_, err := in.call(p.set, []value.Value{o, v}, nil, target)
				return err
			}
		}
		o.set(name, v)
	case *class:
		if _, ok := o.attrs[name]; !ok {
			o.order = append(o.order, name)
		}
		o.attrs[name] = v
	case *function:
		if o.attrs == nil {
			o.attrs = map[string]value.Value{}
		}
		o.attrs[name] = v
	case *module:
		if o.scope != nil {
			in.bind(o.scope, name, v, target, from, "")
		} else if o.name == "os" && name == "environ" {
			if d, ok := v.(*value.Dict); ok {
				in.environ.written = map[string]value.Value{}
				return in.environ.update([]value.Value{d}, nil, target)
			}
		}
	case *Symbolic, *Unknown, *native, *partial, *method, *environ:
	default:
		return in.raise(target, "AttributeError", "'%s' object has no attribute '%s'", obj.TypeName(), name)
	}
	return nil
}

// delete removes a target.
func (in *interp) delete(target syntax.Expr, s *scope) error {
	switch t := target.(type) {
	case *syntax.Name:
		dest := s
		if s.global[t.ID] {
			dest = s.globals
		}
		if _, ok := dest.vars[t.ID]; !ok {
			return in.raise(t, "NameError", "name '%s' is not defined", t.ID)
		}
		delete(dest.vars, t.ID)
		for i, n := range dest.order {
			if n == t.ID {
				dest.order = append(dest.order[:i:i], dest.order[i+1:]...)
				break
			}
		}
		return nil
	case *syntax.Tuple:
		for _, e := range t.Elts {
			if err := in.delete(e, s); err != nil {
				return err
			}
		}
		return nil
	case *syntax.List:
		for _, e := range t.Elts {
			if err := in.delete(e, s); err != nil {
				return err
			}
		}
		return nil
	case *syntax.Attribute:
		obj, err := in.expr(t.Value, s)
		if err != nil {
			return err
		}
		switch o := obj.(type) {
		case *instance:
			if !o.remove(t.Attr) && o.class.hasUnknownBase() == nil {
				return in.raise(t, "AttributeError", "'%s' object has no attribute '%s'", o.class.name, t.Attr)
			}
		case *class:
			delete(o.attrs, t.Attr)
			o.order = slices.DeleteFunc(slices.Clone(o.order), func(n string) bool { return n == t.Attr })
		}
		return nil
	case *syntax.Subscript:
		return in.deleteItem(t, s)
	}
	return nil
}

func (in *interp) deleteItem(t *syntax.Subscript, s *scope) error {
	obj, err := in.expr(t.Value, s)
	if err != nil {
		return err
	}
	index, err := in.expr(t.Slice, s)
	if err != nil {
		return err
	}
	switch o := obj.(type) {
	case *environ:
		if name, ok := index.(value.Str); ok {
			if _, err := o.subscript(string(name), t); err != nil {
				return err
			}
			o.set(string(name), nil)
		}
		return nil
	case *namespace:
		if name, ok := index.(value.Str); ok {
			delete(o.scope.vars, string(name))
		}
		return nil
	case *Symbolic:
		in.spoil(o, t)
		return nil
	case *Unknown, *instance:
		return nil
	}
	if isForeignUnknown(index) {
		in.poison(obj, in.follow(t, "an index that is not known", index))
		return nil
	}
	if err := value.DelItem(in.budget, obj, index); err != nil {
		_, err = in.wrap(nil, err, t)
		return err
	}
	return nil
}

// lookup finds a name as Python's scoping does.
func (in *interp) lookup(name string, s *scope, n syntax.Node) (value.Value, error) {
	if s.global[name] {
		s = s.globals
	}
	for p := s; p != nil; p = p.parent {
		if p != s && p.isClass {
			continue
		}
		if v, ok := p.vars[name]; ok {
			return v.v, nil
		}
		if p.isFunc && p.local[name] && !p.global[name] && !p.nonlocal[name] && p == s {
			if len(p.open) > 0 {
				return &Unknown{p.open[0]}, nil
			}
			return nil, in.raise(n, "UnboundLocalError", "cannot access local variable '%s' where it is not associated with a value", name)
		}
	}
	if v, ok := s.globals.vars[name]; ok {
		return v.v, nil
	}
	if v, ok := in.builtins[name]; ok {
		return v, nil
	}
	if len(s.globals.open) > 0 {
		o := *s.globals.open[0]
		o.Source = name
		return &Unknown{&o}, nil
	}
	return nil, in.raise(n, "NameError", "name '%s' is not defined", name)
}

// isException tells whether an error is a Python exception.
func isException(err error) (*raised, bool) {
	var r *raised
	ok := errors.As(err, &r)
	return r, ok
}

// namespace is what globals() and locals() give at module level.
type namespace struct {
	scope *scope
}

// TypeName implements value.Value.
func (*namespace) TypeName() string { return "dict" }

func (ns *namespace) setItem(in *interp, index, v value.Value, target, from syntax.Node) error {
	name, ok := index.(value.Str)
	if !ok {
		ns.scope.open = append(ns.scope.open, &schema.Opaque{
			Source: in.cur.text(target), Reason: "names are assigned here that are known only when the server starts",
			Needs: needsOf(index), Src: in.rng(target),
		})
		return nil
	}
	in.bind(ns.scope, string(name), v, target, from, "")
	return nil
}

// dict gives the namespace as a plain dict.
func (ns *namespace) dict(in *interp) *value.Dict {
	d := value.NewDict()
	for _, name := range ns.scope.order {
		if v, ok := ns.scope.vars[name]; ok {
			if d.SetStr(in.budget, name, v.v) != nil {
				break
			}
		}
	}
	return d
}
