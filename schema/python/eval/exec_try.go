package eval

import (
	"gsrv/schema/python/syntax"
	"gsrv/schema/python/value"
)

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
