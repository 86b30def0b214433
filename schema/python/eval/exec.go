package eval

import (
	"errors"
	"fmt"
	"strings"

	"gsrv/schema"
	"gsrv/schema/python/syntax"
	"gsrv/schema/python/value"
)

// block runs statements until one leaves the block.
func (in *interp) block(body []syntax.Stmt, s *scope) (outcome, error) {
	var pending []guarded
	for _, st := range body {
		out, err := in.stmt(st, s)
		pending = append(pending, out.guarded...)
		if err != nil {
			return outcome{guarded: pending}, err
		}
		if out.kind != normal {
			out.guarded = pending
			return out, nil
		}
	}
	return outcome{guarded: pending}, nil
}

// stmt runs a statement; where its course is not known, neither is what it assigns or returns.
func (in *interp) stmt(st syntax.Stmt, s *scope) (outcome, error) {
	out, err := in.statement(st, s)
	var d *dependsError
	if !errors.As(err, &d) {
		return out, err
	}
	if _, ok := st.(*syntax.Return); ok {
		return outcome{kind: returned, val: d.why}, nil
	}
	in.widen([]syntax.Stmt{st}, s, d.why)
	return outcome{guarded: out.guarded}, nil
}

func (in *interp) statement(st syntax.Stmt, s *scope) (outcome, error) {
	if err := in.step(st); err != nil {
		return outcome{}, err
	}
	if n := len(in.frames); n > 0 {
		in.frames[n-1].at = in.rng(st)
	}
	switch n := st.(type) {
	case *syntax.ExprStmt:
		_, err := in.expr(n.Value, s)
		return outcome{}, err
	case *syntax.Assign:
		v, err := in.expr(n.Value, s)
		if err != nil {
			return outcome{}, err
		}
		for _, t := range n.Targets {
			if err := in.assign(t, v, n.Value, s); err != nil {
				return outcome{}, err
			}
		}
		return outcome{}, nil
	case *syntax.AnnAssign:
		if n.Value == nil {
			return outcome{}, in.annotate(n, s)
		}
		v, err := in.expr(n.Value, s)
		if err != nil {
			return outcome{}, err
		}
		if err := in.assign(n.Target, v, n.Value, s); err != nil {
			return outcome{}, err
		}
		return outcome{}, in.annotate(n, s)
	case *syntax.AugAssign:
		return outcome{}, in.augAssign(n, s)
	case *syntax.If:
		return in.ifStmt(n, s)
	case *syntax.For:
		return in.forStmt(n, s)
	case *syntax.While:
		return in.whileStmt(n, s)
	case *syntax.Try:
		return in.tryStmt(n, s)
	case *syntax.With:
		return in.withStmt(n.Items, n.Body, n, s)
	case *syntax.FunctionDef:
		return outcome{}, in.funcDef(n, n.Name, n.Args, n.Body, n.DecoratorList, false, s)
	case *syntax.AsyncFunctionDef:
		return outcome{}, in.funcDef(n, n.Name, n.Args, n.Body, n.DecoratorList, true, s)
	case *syntax.ClassDef:
		return outcome{}, in.classDef(n, s)
	case *syntax.Return:
		v := value.Value(value.None)
		if n.Value != nil {
			var err error
			if v, err = in.expr(n.Value, s); err != nil {
				return outcome{}, err
			}
		}
		return outcome{kind: returned, val: v}, nil
	case *syntax.Raise:
		return outcome{}, in.raiseStmt(n, s)
	case *syntax.Assert:
		return in.assertStmt(n, s)
	case *syntax.Import:
		return outcome{}, in.importStmt(n, s)
	case *syntax.ImportFrom:
		return outcome{}, in.importFrom(n, s)
	case *syntax.Delete:
		for _, t := range n.Targets {
			if err := in.delete(t, s); err != nil {
				return outcome{}, err
			}
		}
	case *syntax.Break:
		return outcome{kind: broke}, nil
	case *syntax.Continue:
		return outcome{kind: continued}, nil
	case *syntax.Match:
		return in.matchStmt(n, s)
	case *syntax.TryStar:
		why := in.unknown(n, "it is set in a try statement with except*, which is not followed")
		var bodies []syntax.Stmt
		bodies = append(append(append(bodies, n.Body...), n.Orelse...), n.Finalbody...)
		for _, h := range n.Handlers {
			bodies = append(bodies, h.Body...)
		}
		for name, target := range assignedNames(bodies) {
			in.bind(s, name, why, target, n, "")
		}
		return outcome{}, nil
	case *syntax.TypeAlias:
		if name, ok := n.Name.(*syntax.Name); ok {
			in.bind(s, name.ID, in.unknown(n, "it is a type alias"), n.Name, n.Value, "")
		}
	}
	return outcome{}, nil
}

func (in *interp) augAssign(n *syntax.AugAssign, s *scope) error {
	if t, ok := n.Target.(*syntax.Name); ok {
		old, err := in.lookup(t.ID, s, t)
		if err != nil {
			return err
		}
		right, err := in.expr(n.Value, s)
		if err != nil {
			return err
		}
		v, err := in.inPlace(n.Op, old, right, n)
		if err != nil {
			return err
		}
		in.bind(s, t.ID, v, t, n.Value, "")
		return nil
	}
	old, err := in.expr(n.Target, s)
	if err != nil {
		return err
	}
	right, err := in.expr(n.Value, s)
	if err != nil {
		return err
	}
	v, err := in.inPlace(n.Op, old, right, n)
	if err != nil {
		return err
	}
	return in.assign(n.Target, v, n.Value, s)
}

func (in *interp) inPlace(op syntax.Operator, l, r value.Value, n syntax.Node) (value.Value, error) {
	if e, ok := l.(*environ); ok && op.Symbol() == "|" {
		return e, e.update([]value.Value{r}, nil, n)
	}
	if s, ok := l.(*Symbolic); ok && mutable(s.Expr) {
		in.spoil(s, n)
		return s, nil
	}
	if isForeignUnknown(l) || isForeignUnknown(r) && !isContainer(l) || isOwn(l) || isOwn(r) {
		return in.binary(op.Symbol(), l, r, n)
	}
	v, err := value.InPlace(in.budget, value.Op(op.Symbol()), l, r)
	return in.wrap(v, err, n)
}

func isContainer(v value.Value) bool {
	switch v.(type) {
	case *value.List, *value.Dict, *value.Set, *value.Tuple:
		return true
	}
	return false
}

// isOwn tells whether a value is one of the interpreter's own kinds, whose operators it looks up itself.
func isOwn(v value.Value) bool {
	switch v.(type) {
	case *instance, *environ, *namespace, *class:
		return true
	}
	return false
}

func (in *interp) ifStmt(n *syntax.If, s *scope) (outcome, error) {
	test, err := in.expr(n.Test, s)
	if err != nil {
		return outcome{}, err
	}
	truth, known, expr, err := in.truth(test, n.Test)
	if err != nil {
		return outcome{}, err
	}
	if known {
		if truth {
			return in.block(n.Body, s)
		}
		return in.block(n.Orelse, s)
	}
	return in.fork(expr,
		func() (outcome, error) { return in.block(n.Body, s) },
		func() (outcome, error) { return in.block(n.Orelse, s) }, in.rng(n))
}

// loopBody handles the outcome of one round; done tells that the loop ends here.
func (in *interp) loopBody(out outcome, breaks, rest *[]guarded, n syntax.Node) (done bool) {
	for i := len(out.guarded) - 1; i >= 0; i-- {
		switch g := out.guarded[i]; g.kind {
		case continued:
			in.join(g.test, g.snap, in.snapshot(), in.rng(n))
		case broke:
			*breaks = append(*breaks, g)
		case returned:
			*rest = append(*rest, g)
		}
	}
	return out.kind == broke || out.kind == returned
}

// leaveLoop is the outcome of a loop that its body left by break or return.
func (in *interp) leaveLoop(out outcome, breaks, rest []guarded, n syntax.Node) outcome {
	in.endLoop(breaks, n)
	if out.kind == returned {
		return outcome{kind: returned, val: out.val, guarded: rest}
	}
	return outcome{guarded: rest}
}

func (in *interp) endLoop(breaks []guarded, n syntax.Node) {
	for i := len(breaks) - 1; i >= 0; i-- {
		in.join(breaks[i].test, breaks[i].snap, in.snapshot(), in.rng(n))
	}
}

func (in *interp) forStmt(n *syntax.For, s *scope) (outcome, error) {
	iterable, err := in.expr(n.Iter, s)
	if err != nil {
		return outcome{}, err
	}
	next, why, err := in.iterate(iterable, n.Iter)
	if err != nil {
		return outcome{}, err
	}
	if why != nil {
		in.widen(n.Body, s, why)
		in.widenTarget(n.Target, s, why)
		return outcome{}, nil
	}
	var breaks, rest []guarded
	for {
		if err := in.step(n); err != nil {
			return outcome{}, err
		}
		v, ok, err := next()
		if err != nil {
			return outcome{guarded: rest}, err
		}
		if !ok {
			break
		}
		if err := in.assign(n.Target, v, n.Iter, s); err != nil {
			return outcome{guarded: rest}, err
		}
		out, err := in.block(n.Body, s)
		if err != nil {
			out.guarded = append(rest, out.guarded...)
			return out, err
		}
		if in.loopBody(out, &breaks, &rest, n) {
			return in.leaveLoop(out, breaks, rest, n), nil
		}
	}
	out, err := in.block(n.Orelse, s)
	in.endLoop(breaks, n)
	out.guarded = append(rest, out.guarded...)
	return out, err
}

func (in *interp) whileStmt(n *syntax.While, s *scope) (outcome, error) {
	var breaks, rest []guarded
	for {
		if err := in.step(n); err != nil {
			return outcome{}, err
		}
		test, err := in.expr(n.Test, s)
		if err != nil {
			return outcome{guarded: rest}, err
		}
		truth, known, expr, err := in.truth(test, n.Test)
		if err != nil {
			return outcome{guarded: rest}, err
		}
		if !known {
			why := in.unknown(n.Test, "it is set in a loop whose end depends on the host", needsOf(symbolic(expr, ""))...)
			in.widen(n.Body, s, why)
			in.endLoop(breaks, n)
			return outcome{guarded: rest}, nil
		}
		if !truth {
			break
		}
		out, err := in.block(n.Body, s)
		if err != nil {
			out.guarded = append(rest, out.guarded...)
			return out, err
		}
		if in.loopBody(out, &breaks, &rest, n) {
			return in.leaveLoop(out, breaks, rest, n), nil
		}
	}
	out, err := in.block(n.Orelse, s)
	in.endLoop(breaks, n)
	out.guarded = append(rest, out.guarded...)
	return out, err
}

// widen makes everything a loop may change unknown: how often it runs is not known.
func (in *interp) widen(body []syntax.Stmt, s *scope, why *Unknown) {
	for name, n := range assignedNames(body) {
		in.bind(s, name, in.loopUnknown(n, why), n, n, "")
	}
	// Containers and namespaces that are changed in place.
	syntax.InspectBody(body, func(n syntax.Node) bool {
		var base syntax.Expr
		switch n := n.(type) {
		case *syntax.Subscript:
			if n.Ctx == syntax.Store {
				base = n.Value
			}
		case *syntax.Attribute:
			if n.Ctx == syntax.Store {
				base = n.Value
			}
		case *syntax.Call:
			if a, ok := n.Func.(*syntax.Attribute); ok {
				switch a.Attr {
				case "append", "extend", "insert", "update", "add", "setdefault", "pop", "remove", "clear":
					base = a.Value
				}
			}
			if f, ok := n.Func.(*syntax.Name); ok && f.ID == "setattr" && len(n.Args) > 0 {
				base = n.Args[0]
			}
		}
		if base == nil {
			return true
		}
		v, err := in.expr(base, s)
		if err != nil {
			return true
		}
		switch v := v.(type) {
		case *namespace:
			v.scope.open = append(v.scope.open, &schema.Opaque{
				Source: in.cur.text(n), Reason: "names are assigned in a loop over " + whatLoops(why), Needs: why.Why.Needs, Src: in.rng(n),
			})
		case *module:
			if v.scope != nil {
				v.scope.open = append(v.scope.open, &schema.Opaque{Source: in.cur.text(n), Reason: "names are assigned in a loop over " + whatLoops(why), Needs: why.Why.Needs, Src: in.rng(n)})
			}
		case *value.List, *value.Dict, *value.Set:
			if name, ok := base.(*syntax.Name); ok {
				in.bind(s, name.ID, in.loopUnknown(n, why), name, n, "")
			}
		}
		return true
	})
}

func whatLoops(why *Unknown) string {
	if src := short(why.Why.Source); src != "" {
		return src + ", which is known only when the server starts"
	}
	return "something that is known only when the server starts"
}

func (in *interp) loopUnknown(n syntax.Node, why *Unknown) *Unknown {
	return &Unknown{&schema.Opaque{Source: in.cur.text(n), Reason: "it is set in a loop over " + whatLoops(why), Needs: why.Why.Needs, Src: in.rng(n)}}
}

func (in *interp) widenTarget(t syntax.Expr, s *scope, why *Unknown) {
	_ = in.assign(t, in.loopUnknown(t, why), t, s)
}

// textOf gives a value as text for a message; what is not known is written as its source.
func (in *interp) textOf(v value.Value) string {
	if s, ok := v.(*Symbolic); ok {
		return schema.ExprText(s.Expr)
	}
	if t, err := value.ToStr(in.budget, v); err == nil {
		return t
	}
	return "?"
}

// describeCall names what is called, for a reason.
func describeCall(text string) string {
	text = short(text)
	if i := strings.IndexByte(text, '('); i > 0 {
		text = text[:i]
	}
	return fmt.Sprintf("it is the result of %s(), which is not run while reading", text)
}
