package eval

import (
	"errors"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
	"gsrv/schema/python/value"
)

// An outcome is how a block ended on the path that goes on; guarded are paths that left it under a condition.
type outcome struct {
	kind    outcomeKind
	val     value.Value
	guarded []guarded
}

type outcomeKind uint8

const (
	normal outcomeKind = iota
	returned
	broke
	continued
)

// A guarded outcome is what happens where the test holds; snap is the state on that path.
type guarded struct {
	test schema.Expr
	kind outcomeKind
	val  value.Value
	snap *snapshot
}

// A side is one side of a branch that has been run to its end.
type side struct {
	out  outcome
	err  error
	snap *snapshot
}

// maxForks bounds the branches taken on conditions that are not known.
const maxForks = 3000

func (in *interp) run(f func() (outcome, error)) side {
	scopes := slices.Clone(in.scopes)
	frames := len(in.frames)
	out, err := f()
	in.scopes = scopes
	in.frames = in.frames[:frames]
	return side{out, err, in.snapshot()}
}

// fork runs two sides from the same state and joins what they came to.
func (in *interp) fork(test schema.Expr, a, b func() (outcome, error), at hcl.Range) (outcome, error) {
	in.forks++
	if in.forks > maxForks {
		return outcome{}, &giveUp{what: "it has too many branches that depend on the host", at: at}
	}
	base := in.snapshot()
	in.budget.Steps -= int64(len(base.scopes)+len(base.lists)+len(base.dicts)) * 4
	in.forkDepth++
	pa := in.run(a)
	in.restore(base)
	pb := in.run(b)
	in.forkDepth--
	for _, p := range []side{pa, pb} {
		if errors.Is(p.err, errForkYield) || errors.Is(p.err, errClosed) {
			in.restore(base)
			return outcome{}, p.err
		}
	}
	return in.merge(test, pa, pb, at)
}

// merge joins two paths; where only one goes on, the other waits as a guarded outcome.
func (in *interp) merge(test schema.Expr, a, b side, at hcl.Range) (outcome, error) {
	for _, p := range []side{a, b} {
		var g *giveUp
		if errors.As(p.err, &g) {
			return outcome{}, p.err
		}
	}
	pending := append(under(test, a.out.guarded), under(not(test), b.out.guarded)...)
	switch {
	case a.err != nil && b.err != nil:
		if len(pending) == 0 {
			in.restore(b.snap)
			return outcome{}, b.err
		}
		in.restore(b.snap)
		return outcome{guarded: pending}, b.err
	case a.err != nil:
		in.leaves(a.err, test, a.snap)
		in.restore(b.snap)
		b.out.guarded = pending
		return b.out, nil
	case b.err != nil:
		in.leaves(b.err, not(test), b.snap)
		in.restore(a.snap)
		a.out.guarded = pending
		return a.out, nil
	case a.out.kind == b.out.kind:
		in.join(test, a.snap, b.snap, at)
		out := outcome{kind: a.out.kind, guarded: pending}
		if out.kind == returned {
			out.val = in.joinValue(test, a.out.val, b.out.val, at)
		}
		return out, nil
	case b.out.kind == normal:
		in.restore(b.snap)
		return outcome{guarded: append(pending, guarded{test, a.out.kind, a.out.val, a.snap})}, nil
	}
	in.restore(a.snap)
	a.out.guarded = append(pending, guarded{not(test), b.out.kind, b.out.val, b.snap})
	return a.out, nil
}

func under(test schema.Expr, gs []guarded) []guarded {
	out := make([]guarded, len(gs))
	for i, g := range gs {
		g.test = &schema.Binary{Op: "and", L: test, R: g.test, Src: test.Range()}
		out[i] = g
	}
	return out
}

func not(test schema.Expr) schema.Expr {
	switch t := test.(type) {
	case *schema.Unary:
		if t.Op == "not" {
			return t.X
		}
	case *schema.Binary:
		if opposite, ok := map[string]string{"==": "!=", "!=": "==", "in": "not in", "not in": "in"}[t.Op]; ok {
			return &schema.Binary{Op: opposite, L: t.L, R: t.R, Src: t.Src}
		}
	}
	return &schema.Unary{Op: "not", X: test, Src: test.Range()}
}

// leaves notes an exception that is raised only where the test holds.
func (in *interp) leaves(err error, test schema.Expr, snap *snapshot) {
	var r *raised
	if !errors.As(err, &r) {
		return
	}
	for i := len(in.tries) - 1; i >= 0; i-- {
		if in.tries[i].catches(in, r.exc.Type) {
			in.tries[i].may = append(in.tries[i].may, may{typ: r.exc.Type, test: test, snap: snap, exc: r})
			return
		}
	}
	in.conditional = append(in.conditional, r.result(in))
}

func (r *raised) result(in *interp) *Raised {
	out := &Raised{Type: r.exc.Type, Msg: r.exc.Msg, Range: r.at, Trace: r.trace}
	if r.inst != nil {
		out.Type = r.inst.class.name
		if m, k, ok := r.inst.class.lookup("__str__"); ok && !k.builtin {
			if v, err := in.call(&method{self: r.inst, fn: m}, nil, nil, nil); err == nil {
				out.Msg = in.textOf(v)
			}
		}
	}
	if out.Type == "SystemExit" {
		out.ExitCode = exitCode(r.exc)
	}
	return out
}

func exitCode(e *value.Exception) int {
	if len(e.Args) == 0 {
		return 0
	}
	switch v := e.Args[0].(type) {
	case value.NoneType:
		return 0
	case value.Int:
		n, _ := v.Int64()
		return int(n)
	case value.Bool:
		if v {
			return 1
		}
		return 0
	}
	return 1
}

// settleGuarded joins guarded returns into a function's result.
func (in *interp) settleGuarded(out outcome, err error, at hcl.Range) (value.Value, error) {
	val := value.Value(value.None)
	if out.kind == returned {
		val = out.val
	}
	for i := len(out.guarded) - 1; i >= 0; i-- {
		g := out.guarded[i]
		if g.kind != returned {
			continue
		}
		if err != nil {
			var r *raised
			if !errors.As(err, &r) {
				return nil, err
			}
			in.leaves(err, not(g.test), in.snapshot())
			err = nil
			in.restore(g.snap)
			val = g.val
			continue
		}
		in.join(g.test, g.snap, in.snapshot(), at)
		val = in.joinValue(g.test, g.val, val, at)
	}
	return val, err
}

// A snapshot is the contents of everything mutable that a program in progress can reach.
type snapshot struct {
	scopes    map[*scope]scopeCopy
	lists     map[*value.List][]value.Value
	dicts     map[*value.Dict]*value.Dict
	sets      map[*value.Set][]value.Value
	instances map[*instance]attrsCopy
	classes   map[*class]attrsCopy
	written   map[string]value.Value
	order     []string
	// counts are how far each generator had come.
	counts map[*generator]int
}

type scopeCopy struct {
	vars  map[string]slot
	order []string
	open  []*schema.Opaque
}

type attrsCopy struct {
	attrs map[string]value.Value
	order []string
}

func (in *interp) snapshot() *snapshot {
	s := &snapshot{
		scopes: map[*scope]scopeCopy{}, lists: map[*value.List][]value.Value{}, dicts: map[*value.Dict]*value.Dict{}, sets: map[*value.Set][]value.Value{},
		instances: map[*instance]attrsCopy{}, classes: map[*class]attrsCopy{}, written: maps.Clone(in.environ.written), order: slices.Clone(in.environ.order),
	}
	for _, sc := range in.scopes {
		s.scope(sc)
	}
	for _, m := range in.modules {
		if m.scope != nil {
			s.scope(m.scope)
		}
	}
	for _, waiting := range in.waiting {
		for _, sc := range waiting {
			s.scope(sc)
		}
	}
	for _, g := range in.generators {
		if g.count > 0 && !g.done {
			for _, sc := range g.own.scopes {
				s.scope(sc)
			}
		}
		if s.counts == nil {
			s.counts = map[*generator]int{}
		}
		s.counts[g] = g.count
	}
	for _, v := range in.environ.written {
		s.value(v)
	}
	s.value(in.sysPath)
	return s
}

func (s *snapshot) scope(sc *scope) {
	for ; sc != nil; sc = sc.parent {
		if _, seen := s.scopes[sc]; seen {
			return
		}
		s.scopes[sc] = scopeCopy{maps.Clone(sc.vars), slices.Clone(sc.order), slices.Clone(sc.open)}
		for _, v := range sc.vars {
			s.value(v.v)
		}
		if sc.globals != nil && sc.globals != sc {
			s.scope(sc.globals)
		}
	}
}

func (s *snapshot) value(v value.Value) {
	switch v := v.(type) {
	case *value.List:
		if _, seen := s.lists[v]; seen {
			return
		}
		s.lists[v] = slices.Clone(v.Elems)
		if len(v.Elems) > 5000 {
			return
		}
		for _, x := range v.Elems {
			s.value(x)
		}
	case *value.Tuple:
		if len(v.Elems) > 5000 {
			return
		}
		for _, x := range v.Elems {
			s.value(x)
		}
	case *value.Dict:
		if _, seen := s.dicts[v]; seen {
			return
		}
		c, err := v.Copy(nil)
		if err != nil {
			return
		}
		s.dicts[v] = c
		v.Items(func(_, x value.Value) bool {
			s.value(x)
			return true
		})
	case *value.Set:
		if _, seen := s.sets[v]; !seen && v.TypeName() == "set" {
			s.sets[v] = slices.Clone(v.Elems())
		}
	case *instance:
		if _, seen := s.instances[v]; seen {
			return
		}
		s.instances[v] = attrsCopy{maps.Clone(v.attrs), slices.Clone(v.order)}
		for _, x := range v.attrs {
			s.value(x)
		}
		s.value(v.class)
		if v.dict != nil {
			s.value(v.dict)
		}
	case *class:
		if _, seen := s.classes[v]; seen || v.builtin {
			return
		}
		s.classes[v] = attrsCopy{maps.Clone(v.attrs), slices.Clone(v.order)}
		for _, x := range v.attrs {
			s.value(x)
		}
		for _, b := range v.bases {
			s.value(b)
		}
	case *function:
		s.scope(v.scope)
	case *method:
		s.value(v.self)
		s.value(v.fn)
	case *partial:
		s.value(v.fn)
		for _, x := range v.args {
			s.value(x)
		}
	case *wrapper:
		s.value(v.fn)
	case *module:
		if v.scope != nil {
			s.scope(v.scope)
		}
	}
}

// restore puts the contents back. What is not in the snapshot was not reachable then.
func (in *interp) restore(s *snapshot) {
	for sc, c := range s.scopes {
		sc.vars, sc.order, sc.open = maps.Clone(c.vars), slices.Clone(c.order), slices.Clone(c.open)
	}
	for g, count := range s.counts {
		g.broken = g.broken || g.count != count
	}
	for l, c := range s.lists {
		l.Elems = slices.Clone(c)
	}
	for d, c := range s.dicts {
		setDict(d, c)
	}
	for set, c := range s.sets {
		setSet(set, c)
	}
	for i, c := range s.instances {
		i.attrs, i.order = maps.Clone(c.attrs), slices.Clone(c.order)
	}
	for k, c := range s.classes {
		k.attrs, k.order = maps.Clone(c.attrs), slices.Clone(c.order)
	}
	in.environ.written, in.environ.order = maps.Clone(s.written), slices.Clone(s.order)
}

func setDict(d, from *value.Dict) {
	d.Clear()
	from.Items(func(k, v value.Value) bool { return d.Set(nil, k, v) == nil })
}

func setSet(s *value.Set, elems []value.Value) {
	fresh := value.NewSet(false)
	for _, v := range elems {
		if fresh.Add(nil, v) != nil {
			return
		}
	}
	*s = *fresh
}

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

// A tryFrame is a try statement whose body is running.
type tryFrame struct {
	types []string // exception types its handlers name; "" for a bare except
	may   []may
}

// may is an exception that some hosts raise.
type may struct {
	typ  string
	test schema.Expr
	snap *snapshot
	exc  *raised
}

func (t *tryFrame) catches(in *interp, typ string) bool {
	for _, h := range t.types {
		if h == "" || value.ExceptionIsA(typ, h) || h == typ {
			return true
		}
	}
	return false
}

// mayRaise notes that what is being evaluated raises an exception where the test holds.
func (in *interp) mayRaise(typ string, test schema.Expr, exc *raised) {
	for i := len(in.tries) - 1; i >= 0; i-- {
		t := in.tries[i]
		if !t.catches(in, typ) {
			continue
		}
		for _, m := range t.may {
			if m.typ == typ && schema.ExprText(m.test) == schema.ExprText(test) {
				return
			}
		}
		t.may = append(t.may, may{typ: typ, test: test, snap: in.snapshot(), exc: exc})
		return
	}
}
