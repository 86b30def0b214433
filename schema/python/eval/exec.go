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

// annotate keeps the annotations of a class body, for dataclasses.
func (in *interp) annotate(n *syntax.AnnAssign, s *scope) error {
	name, ok := n.Target.(*syntax.Name)
	if !ok || !s.isClass {
		return nil
	}
	d, _ := s.vars["__annotations__"].v.(*value.Dict)
	if d == nil {
		d = value.NewDict()
		in.bind(s, "__annotations__", d, n.Target, n.Annotation, "system")
	}
	return d.SetStr(in.budget, name.ID, value.Str(in.cur.text(n.Annotation)))
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
			in.endLoop(breaks, n)
			if out.kind == returned {
				return outcome{kind: returned, val: out.val, guarded: rest}, nil
			}
			return outcome{guarded: rest}, nil
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
			in.endLoop(breaks, n)
			if out.kind == returned {
				return outcome{kind: returned, val: out.val, guarded: rest}, nil
			}
			return outcome{guarded: rest}, nil
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

func (in *interp) assertStmt(n *syntax.Assert, s *scope) (outcome, error) {
	test, err := in.expr(n.Test, s)
	if err != nil {
		return outcome{}, err
	}
	truth, known, expr, err := in.truth(test, n.Test)
	if err != nil || known && truth {
		return outcome{}, err
	}
	fail := func() (outcome, error) {
		msg := ""
		if n.Msg != nil {
			v, err := in.expr(n.Msg, s)
			if err != nil {
				return outcome{}, err
			}
			msg = in.textOf(v)
		}
		return outcome{}, in.thrown(&value.Exception{Type: "AssertionError", Msg: msg, Args: []value.Value{value.Str(msg)}}, n)
	}
	if known {
		return fail()
	}
	return in.fork(expr, func() (outcome, error) { return outcome{}, nil }, fail, in.rng(n))
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

func (in *interp) raiseStmt(n *syntax.Raise, s *scope) error {
	if n.Exc == nil {
		if k := len(in.handling); k > 0 {
			return in.handling[k-1]
		}
		return in.raise(n, "RuntimeError", "No active exception to reraise")
	}
	v, err := in.expr(n.Exc, s)
	if err != nil {
		return err
	}
	return in.raiseValue(v, n)
}

func (in *interp) raiseValue(v value.Value, n syntax.Node) error {
	switch e := v.(type) {
	case *class:
		made, err := in.call(e, nil, nil, n)
		if err != nil {
			return err
		}
		return in.raiseValue(made, n)
	case *instance:
		if e.exc != nil {
			err := in.thrown(e.exc, n).(*raised)
			err.inst, err.class = e, e.class
			return err
		}
		return in.thrown(value.NewException("TypeError", "exceptions must derive from BaseException"), n)
	case *Unknown, *Symbolic:
		return in.thrown(&value.Exception{Type: "Exception", Msg: "an exception that is known only at run time"}, n)
	}
	return in.raise(n, "TypeError", "exceptions must derive from BaseException")
}

// handlerTypes names the exceptions that a handler catches; "" is all of them.
func (in *interp) handlerTypes(h *syntax.ExceptHandler, s *scope) []string {
	if h.Type == nil {
		return []string{""}
	}
	v, err := in.expr(h.Type, s)
	if err != nil {
		return handlerWords(h.Type)
	}
	return classNames(v)
}

// handlerWords names what a handler catches by its source, where that has no value yet.
func handlerWords(e syntax.Expr) []string {
	switch e := e.(type) {
	case *syntax.Name:
		return []string{e.ID}
	case *syntax.Attribute:
		return []string{e.Attr}
	case *syntax.Tuple:
		var out []string
		for _, x := range e.Elts {
			out = append(out, handlerWords(x)...)
		}
		return out
	}
	return nil
}

func classNames(v value.Value) []string {
	switch v := v.(type) {
	case *class:
		return []string{v.name}
	case *value.Tuple:
		var out []string
		for _, e := range v.Elems {
			out = append(out, classNames(e)...)
		}
		return out
	case *Unknown:
		return []string{"?"}
	}
	return nil
}

// handles tells whether a handler catches an exception.
func (in *interp) handles(names []string, r *raised) bool {
	for _, name := range names {
		if name == "" || name == r.exc.Type || value.ExceptionIsA(r.exc.Type, name) {
			return true
		}
		if r.class != nil {
			for _, k := range r.class.mro() {
				if k.name == name || value.ExceptionIsA(k.name, name) {
					return true
				}
			}
		}
	}
	return false
}

func (in *interp) tryStmt(n *syntax.Try, s *scope) (outcome, error) {
	tf := &tryFrame{}
	types := make([][]string, len(n.Handlers))
	for i, h := range n.Handlers {
		types[i] = in.handlerTypes(h, s)
		tf.types = append(tf.types, types[i]...)
	}
	in.tries = append(in.tries, tf)
	depth := len(in.tries)
	scopes, frames := len(in.scopes), len(in.frames)
	out, err := in.block(n.Body, s)
	in.tries = in.tries[:depth-1]
	if len(in.scopes) > scopes {
		in.scopes = in.scopes[:scopes]
	}
	if len(in.frames) > frames {
		in.frames = in.frames[:frames]
	}
	if r, ok := isException(err); ok {
		for _, h := range n.Handlers {
			if h.Type != nil {
				// CPython looks at the handlers only now.
				if _, bad := in.expr(h.Type, s); bad != nil {
					err = bad
					break
				}
			}
			if in.handles(in.handlerTypes(h, s), r) {
				pending := out.guarded
				out, err = in.handler(h, r, s)
				out.guarded = append(pending, out.guarded...)
				break
			}
		}
	} else if err == nil {
		if out.kind == normal {
			pending := out.guarded
			out, err = in.block(n.Orelse, s)
			out.guarded = append(pending, out.guarded...)
		}
		if err == nil || len(tf.may) > 0 {
			out, err = in.mayHandlers(n, tf, types, side{out, err, nil}, s)
		}
	}
	if len(n.Finalbody) == 0 {
		return out, err
	}
	final, finalErr := in.block(n.Finalbody, s)
	if finalErr != nil || final.kind != normal {
		final.guarded = append(out.guarded, final.guarded...)
		return final, finalErr
	}
	return out, err
}

// mayHandlers joins the normal end of a try with what its handlers do on the hosts where the body raises.
func (in *interp) mayHandlers(n *syntax.Try, tf *tryFrame, types [][]string, end side, s *scope) (outcome, error) {
	if len(tf.may) == 0 {
		return end.out, end.err
	}
	end.snap = in.snapshot()
	for k := len(tf.may) - 1; k >= 0; k-- {
		m := tf.may[k]
		r := m.exc
		if r == nil {
			r = &raised{exc: &value.Exception{Type: m.typ, Msg: ""}, at: in.rng(n), class: in.classes[m.typ], vague: in.unknown(n, "it is a "+m.typ+" that is raised on some hosts only")}
		}
		for i, h := range n.Handlers {
			if !in.handles(types[i], r) {
				continue
			}
			in.restore(m.snap)
			p := in.run(func() (outcome, error) { return in.handler(h, r, s) })
			out, err := in.merge(m.test, p, end, in.rng(n))
			end = side{out, err, in.snapshot()}
			break
		}
	}
	return end.out, end.err
}

func (in *interp) handler(h *syntax.ExceptHandler, r *raised, s *scope) (outcome, error) {
	if h.Name != "" {
		v := value.Value(r.vague)
		if r.vague == nil {
			v = in.exceptionValue(r)
		}
		in.bind(s, h.Name, v, h, h, "system")
	}
	in.handling = append(in.handling, r)
	out, err := in.block(h.Body, s)
	in.handling = in.handling[:len(in.handling)-1]
	if h.Name != "" {
		delete(s.vars, h.Name)
	}
	return out, err
}

// exceptionValue is the object of an exception.
func (in *interp) exceptionValue(r *raised) *instance {
	if r.inst == nil {
		c := in.classes[r.exc.Type]
		if c == nil {
			c = in.classes["Exception"]
		}
		r.inst = &instance{class: c, attrs: map[string]value.Value{}, exc: r.exc}
		if r.exc.Type == "SystemExit" {
			r.inst.set("code", value.Value(value.None))
			if len(r.exc.Args) > 0 {
				r.inst.set("code", r.exc.Args[0])
			}
		}
	}
	return r.inst
}

func (in *interp) withStmt(items []*syntax.WithItem, body []syntax.Stmt, n syntax.Node, s *scope) (outcome, error) {
	if len(items) == 0 {
		return in.block(body, s)
	}
	item := items[0]
	ctx, err := in.expr(item.ContextExpr, s)
	if err != nil {
		return outcome{}, err
	}
	entered := ctx
	var exit value.Value
	suppress := []string(nil)
	switch c := ctx.(type) {
	case *instance:
		if sup, ok := c.attrs["\x00suppress"]; ok {
			suppress = classNames(sup)
			break
		}
		enter, _, ok := c.class.lookup("__enter__")
		if !ok {
			break
		}
		if entered, err = in.call(&method{self: c, fn: enter}, nil, nil, item.ContextExpr); err != nil {
			return outcome{}, err
		}
		if m, _, ok := c.class.lookup("__exit__"); ok {
			exit = &method{self: c, fn: m}
		}
	case *Unknown, *Symbolic:
		entered = in.follow(item.ContextExpr, "a with statement", ctx)
	case *native, *function, *class, *module, *boundBuiltin, *method, *partial, *wrapper:
	default:
		return outcome{}, in.raise(item.ContextExpr, "TypeError", "'%s' object does not support the context manager protocol", ctx.TypeName())
	}
	if item.OptionalVars != nil {
		if err := in.assign(item.OptionalVars, entered, item.ContextExpr, s); err != nil {
			return outcome{}, err
		}
	}
	if suppress != nil {
		tf := &tryFrame{types: suppress}
		in.tries = append(in.tries, tf)
		depth := len(in.tries)
		out, err := in.withStmt(items[1:], body, n, s)
		in.tries = in.tries[:depth-1]
		if r, ok := isException(err); ok && in.handles(suppress, r) {
			return outcome{guarded: out.guarded}, nil
		}
		if len(tf.may) > 0 && err == nil {
			end := side{out, err, in.snapshot()}
			for _, m := range tf.may {
				o, e := in.merge(m.test, side{snap: m.snap}, end, in.rng(n))
				end = side{o, e, in.snapshot()}
			}
			return end.out, end.err
		}
		return out, err
	}
	out, err := in.withStmt(items[1:], body, n, s)
	if u, ok := ctx.(*Unknown); ok {
		if r, failed := isException(err); failed {
			// The manager may swallow it: what is not known is not refused.
			in.leaves(r, u.Why, in.snapshot())
			return outcome{guarded: out.guarded}, nil
		}
	}
	if exit != nil {
		r, failed := isException(err)
		args := []value.Value{value.None, value.None, value.None}
		if failed {
			o := in.exceptionValue(r)
			args[0], args[1], args[2] = o.class, o, in.unknown(n, "it is a traceback")
		}
		v, exitErr := in.call(exit, args, nil, item.ContextExpr)
		if exitErr != nil {
			return out, exitErr
		}
		if failed {
			if t, known, _, _ := in.truth(v, item.ContextExpr); known && t {
				return outcome{guarded: out.guarded}, nil
			}
		}
	}
	return out, err
}

func (in *interp) funcDef(n syntax.Node, name string, args *syntax.Arguments, body []syntax.Stmt, decorators []syntax.Expr, async bool, s *scope) error {
	made := make([]value.Value, len(decorators))
	for i, d := range decorators {
		v, err := in.expr(d, s)
		if err != nil {
			return err
		}
		made[i] = v
	}
	f, err := in.makeFunction(n, name, args, body, nil, async, s)
	if err != nil {
		return err
	}
	v := value.Value(f)
	for i := len(made) - 1; i >= 0; i-- {
		if v, err = in.decorate(made[i], v, decorators[i]); err != nil {
			return err
		}
	}
	in.bind(s, name, v, n, n, "function")
	return nil
}

// decorate applies a decorator; one that is not known gives a function that is not known, which keeps its name.
func (in *interp) decorate(d, f value.Value, n syntax.Node) (value.Value, error) {
	if isForeignUnknown(d) {
		u := in.follow(n, "a decorator", d)
		u.Why.Reason = "it is decorated with " + short(in.cur.text(n)) + ", which gsrv does not read"
		return u, nil
	}
	return in.call(d, []value.Value{f}, nil, n)
}

// qualified is __qualname__ of something defined in a scope.
func qualified(name string, s *scope) string {
	switch {
	case s.isClass:
		if q, ok := s.vars["__qualname__"].v.(value.Str); ok {
			return string(q) + "." + name
		}
	case s.isFunc:
		if f, ok := s.vars["\x00function"].v.(*function); ok {
			return f.qual + ".<locals>." + name
		}
	}
	return name
}

// docstring is __doc__ of a body.
func docstring(body []syntax.Stmt) value.Value {
	if len(body) > 0 {
		if e, ok := body[0].(*syntax.ExprStmt); ok {
			if c, ok := e.Value.(*syntax.Constant); ok {
				if text, ok := c.Value.(string); ok {
					return value.Str(text)
				}
			}
		}
	}
	return value.None
}

func (in *interp) makeFunction(n syntax.Node, name string, args *syntax.Arguments, body []syntax.Stmt, expr syntax.Expr, async bool, s *scope) (*function, error) {
	f := &function{name: name, qual: qualified(name, s), doc: docstring(body), args: args, body: body, expr: expr, scope: s, def: in.rng(n), mod: in.cur, async: async}
	for _, d := range args.Defaults {
		v, err := in.expr(d, s)
		if err != nil {
			return nil, err
		}
		f.defaults = append(f.defaults, v)
	}
	for _, d := range args.KwDefaults {
		if d == nil {
			f.kwDefault = append(f.kwDefault, nil)
			continue
		}
		v, err := in.expr(d, s)
		if err != nil {
			return nil, err
		}
		f.kwDefault = append(f.kwDefault, v)
	}
	f.locals = map[string]bool{}
	for name := range assignedNames(body) {
		f.locals[name] = true
	}
	syntax.InspectBody(body, func(n syntax.Node) bool {
		switch n.(type) {
		case *syntax.FunctionDef, *syntax.AsyncFunctionDef, *syntax.ClassDef, *syntax.Lambda:
			return false
		case *syntax.Yield, *syntax.YieldFrom:
			f.generator = true
		}
		return true
	})
	return f, nil
}

func (in *interp) classDef(n *syntax.ClassDef, s *scope) error {
	c := &class{name: n.Name, attrs: map[string]value.Value{}, mod: in.cur, def: in.rng(n)}
	for _, b := range n.Bases {
		v, err := in.expr(b, s)
		if err != nil {
			return err
		}
		switch k := v.(type) {
		case *class:
			c.bases = append(c.bases, k)
			if k.kind != "" && c.kind == "" {
				c.kind = k.kind
			}
			if c.fields == nil && k.fields != nil {
				c.fields = append(c.fields, k.fields...)
			}
		default:
			c.unknownBase = &schema.Opaque{Source: in.cur.text(b), Reason: "its class derives from " + short(in.cur.text(b)) + ", which gsrv does not read", Src: in.rng(b)}
			if u, ok := v.(*Unknown); ok && u.Why.Needs != nil {
				c.unknownBase.Needs = u.Why.Needs
			}
		}
	}
	body := &scope{vars: map[string]slot{}, parent: s, globals: s.globals, mod: s.mod, isClass: true}
	if s == s.globals {
		body.parent = nil
	}
	in.define(body, "__module__", value.Str(in.cur.name))
	in.define(body, "__qualname__", value.Str(qualified(n.Name, s)))
	if doc := docstring(n.Body); doc != value.Value(value.None) {
		in.define(body, "__doc__", doc)
	}
	in.scopes = append(in.scopes, body)
	_, err := in.block(n.Body, body)
	in.scopes = in.scopes[:len(in.scopes)-1]
	if err != nil {
		return err
	}
	for _, name := range body.order {
		if v, ok := body.vars[name]; ok {
			c.attrs[name] = v.v
			c.order = append(c.order, name)
			if f, ok := v.v.(*function); ok && f.class == nil {
				f.class = c
			}
			if w, ok := v.v.(*wrapper); ok {
				if f, ok := w.fn.(*function); ok && f.class == nil {
					f.class = c
				}
			}
		}
	}
	in.finishClass(c)
	for _, k := range n.Keywords {
		v, err := in.expr(k.Value, s)
		if err != nil {
			return err
		}
		if own, ok := v.(*class); k.Arg == "metaclass" && (!ok || own.name != "ABCMeta" && own.kind != "enum") {
			c.unknownBase = &schema.Opaque{Source: in.cur.text(k), Reason: "its class is made by a metaclass, which is not followed", Src: in.rng(k)}
		}
	}
	if m, k, ok := (&superObject{class: c, self: c}).find("__init_subclass__"); ok && !k.builtin {
		var kw []value.Kwarg
		for _, k := range n.Keywords {
			v, err := in.expr(k.Value, s)
			if err != nil {
				return err
			}
			if k.Arg != "" && k.Arg != "metaclass" {
				kw = append(kw, value.Kwarg{Name: k.Arg, Value: v})
			}
		}
		if w, ok := m.(*wrapper); ok {
			m = w.fn
		}
		if _, err := in.call(&method{self: c, fn: m}, nil, kw, n); err != nil {
			return err
		}
	}
	v := value.Value(c)
	for i := len(n.DecoratorList) - 1; i >= 0; i-- {
		d, err := in.expr(n.DecoratorList[i], s)
		if err != nil {
			return err
		}
		if v, err = in.decorate(d, v, n.DecoratorList[i]); err != nil {
			return err
		}
	}
	in.bind(s, n.Name, v, n, n, "class")
	return nil
}

// finishClass makes the members of an enum and the fields of a NamedTuple.
func (in *interp) finishClass(c *class) {
	switch c.kind {
	case "enum":
		for _, name := range c.order {
			v := c.attrs[name]
			if strings.HasPrefix(name, "_") {
				continue
			}
			switch v.(type) {
			case *function, *wrapper, *native:
				continue
			}
			member := &instance{class: c, attrs: map[string]value.Value{}}
			member.set("value", v)
			member.set("_value_", v)
			member.set("name", value.Str(name))
			c.attrs[name] = member
			c.members = append(c.members, name)
		}
	case "namedtuple":
		if d, ok := c.attrs["__annotations__"].(*value.Dict); ok {
			d.Items(func(k, _ value.Value) bool {
				c.fields = append(c.fields, string(k.(value.Str)))
				return true
			})
		}
	}
}

// describeCall names what is called, for a reason.
func describeCall(text string) string {
	text = short(text)
	if i := strings.IndexByte(text, '('); i > 0 {
		text = text[:i]
	}
	return fmt.Sprintf("it is the result of %s(), which is not run while reading", text)
}
