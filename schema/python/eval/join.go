package eval

import (
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
	"gsrv/schema/python/value"
)

// join makes the state that is a where the test holds and b where it does not.
func (in *interp) join(test schema.Expr, a, b *snapshot, at hcl.Range) {
	in.restore(b)
	replaced := map[value.Value]value.Value{}
	in.joinLists(test, a, b, at, replaced)
	in.joinDicts(test, a, b, at, replaced)
	b.replaceInside(replaced)
	for sc, ca := range a.scopes {
		cb, both := b.scopes[sc]
		if !both {
			sc.vars, sc.order, sc.open = ca.vars, ca.order, ca.open
			continue
		}
		in.joinScope(test, sc, ca, cb, at, replaced)
	}
	for i, ca := range a.instances {
		if cb, both := b.instances[i]; both {
			i.attrs, i.order = in.joinAttrs(test, ca, cb, at, replaced)
		}
	}
	for k, ca := range a.classes {
		if cb, both := b.classes[k]; both {
			k.attrs, k.order = in.joinAttrs(test, ca, cb, at, replaced)
		}
	}
	env := in.joinWritten(test, a, b, at)
	in.environ.written = env.attrs
	in.environ.order = env.order
}

func (in *interp) joinLists(test schema.Expr, a, b *snapshot, at hcl.Range, replaced map[value.Value]value.Value) {
	for l, ca := range a.lists {
		cb, both := b.lists[l]
		switch {
		case !both:
			l.Elems = ca
		case sameValues(ca, cb):
		case len(ca) == len(cb):
			joined := make([]value.Value, len(ca))
			for i := range ca {
				joined[i] = in.joinValue(test, ca[i], cb[i], at)
			}
			l.Elems = joined
		default:
			side := func(elems []value.Value) schema.Expr {
				return &schema.List{Items: exprsOf(in, elems, at, 0), Src: at}
			}
			replaced[l] = symbolic(&schema.Cond{Test: test, Then: side(ca), Else: side(cb), Src: at}, "list")
		}
	}
	for s, ca := range a.sets {
		if cb, both := b.sets[s]; both && len(ca) != len(cb) {
			replaced[s] = &Unknown{&schema.Opaque{Source: "set", Reason: "it differs from host to host", Src: at}}
		}
	}
}

func (in *interp) joinDicts(test schema.Expr, a, b *snapshot, at hcl.Range, replaced map[value.Value]value.Value) {
	for d, ca := range a.dicts {
		cb, both := b.dicts[d]
		if !both {
			setDict(d, ca)
			continue
		}
		if !sameKeys(ca, cb) {
			replaced[d] = symbolic(&schema.Cond{Test: test, Then: in.toExpr(ca, at), Else: in.toExpr(cb, at), Src: at}, "")
			continue
		}
		ca.Items(func(k, va value.Value) bool {
			vb, found, err := cb.Get(nil, k)
			if err != nil {
				return false
			}
			if !found {
				vb = nil
			}
			return d.Set(nil, k, in.joinValue(test, va, vb, at)) == nil
		})
	}
}

// sameKeys tells whether two dicts have the same keys.
func sameKeys(a, b *value.Dict) bool {
	same := a.Len() == b.Len()
	a.Items(func(k, _ value.Value) bool {
		_, found, err := b.Get(nil, k)
		same = same && found && err == nil
		return same
	})
	return same
}

// replaceInside puts what stands for containers that differ from host to host where other containers hold them.
func (b *snapshot) replaceInside(replaced map[value.Value]value.Value) {
	if len(replaced) == 0 {
		return
	}
	for l := range b.lists {
		for i, x := range l.Elems {
			if r, ok := container(replaced, x); ok {
				l.Elems[i] = r
			}
		}
	}
	for d := range b.dicts {
		var keys, values []value.Value
		d.Items(func(k, x value.Value) bool {
			if r, ok := container(replaced, x); ok {
				keys, values = append(keys, k), append(values, r)
			}
			return true
		})
		for i, k := range keys {
			if d.Set(nil, k, values[i]) != nil {
				return
			}
		}
	}
}

// container looks a value up where it is a container: other values may not be comparable.
func container(replaced map[value.Value]value.Value, v value.Value) (value.Value, bool) {
	switch v.(type) {
	case *value.List, *value.Dict, *value.Set:
		r, ok := replaced[v]
		return r, ok
	}
	return nil, false
}

func (in *interp) joinScope(test schema.Expr, sc *scope, a, b scopeCopy, at hcl.Range, replaced map[value.Value]value.Value) {
	vars := make(map[string]slot, len(b.vars))
	order := slices.Clone(b.order)
	for name, sb := range b.vars {
		sa, both := a.vars[name]
		if !both {
			sb.v = in.joinValue(test, nil, sb.v, at)
			vars[name] = sb
			continue
		}
		if r, ok := container(replaced, sb.v); ok && sa.v == sb.v {
			sb.v = r
			vars[name] = sb
			continue
		}
		if sameValue(sa.v, sb.v) {
			vars[name] = sb
			continue
		}
		v := in.joinValue(test, sa.v, sb.v, at)
		// The place of the later assignment counts; both stay known through the parts of the expression.
		if sa.count > sb.count || sa.count == sb.count && sa.at.Start.Byte > sb.at.Start.Byte && sa.at.Filename == sb.at.Filename {
			sb = sa
		}
		sb.v = v
		vars[name] = sb
	}
	for _, name := range a.order {
		if _, both := b.vars[name]; both {
			continue
		}
		sa, ok := a.vars[name]
		if !ok {
			continue
		}
		sa.v = in.joinValue(test, sa.v, nil, at)
		vars[name] = sa
		order = append(order, name)
	}
	sc.vars, sc.order = vars, order
	sc.open = slices.Clone(b.open)
	for _, o := range a.open {
		if !slices.Contains(sc.open, o) {
			sc.open = append(sc.open, o)
		}
	}
}

func (in *interp) joinAttrs(test schema.Expr, a, b attrsCopy, at hcl.Range, replaced map[value.Value]value.Value) (map[string]value.Value, []string) {
	attrs := make(map[string]value.Value, len(b.attrs))
	order := slices.Clone(b.order)
	for name, vb := range b.attrs {
		va, both := a.attrs[name]
		if !both {
			va = nil
		}
		if r, ok := container(replaced, vb); ok && va == vb {
			attrs[name] = r
			continue
		}
		attrs[name] = in.joinValue(test, va, vb, at)
	}
	for _, name := range a.order {
		if _, both := b.attrs[name]; !both {
			attrs[name] = in.joinValue(test, a.attrs[name], nil, at)
			order = append(order, name)
		}
	}
	return attrs, order
}

// joinWritten joins what was written to os.environ; on a side that did not write, the host's own value stands.
func (in *interp) joinWritten(test schema.Expr, a, b *snapshot, at hcl.Range) attrsCopy {
	out := attrsCopy{attrs: maps.Clone(b.written), order: slices.Clone(b.order)}
	if out.attrs == nil {
		out.attrs = map[string]value.Value{}
	}
	side := func(written map[string]value.Value, name string) value.Value {
		if v, ok := written[name]; ok {
			if v == nil {
				return value.None
			}
			return v
		}
		e := &environ{in: in, written: map[string]value.Value{}}
		v, present, known := e.get(name, at, schema.MissingNull)
		if known && !present {
			return value.None
		}
		return v
	}
	for name := range a.written {
		if !sameValue(a.written[name], b.written[name]) {
			out.attrs[name] = in.joinValue(test, side(a.written, name), side(b.written, name), at)
			if !slices.Contains(out.order, name) {
				out.order = append(out.order, name)
			}
		}
	}
	for name := range b.written {
		if _, both := a.written[name]; !both {
			out.attrs[name] = in.joinValue(test, side(a.written, name), side(b.written, name), at)
		}
	}
	return out
}
