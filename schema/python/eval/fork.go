package eval

import (
	"errors"
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
