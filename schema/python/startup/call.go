package startup

import (
	"slices"

	"gsrv/schema/python/syntax"
)

func (a *analysis) call(f *frame, e *syntax.Call) value {
	if n, ok := e.Func.(*syntax.Name); ok && n.ID == "super" {
		return a.super(f, e)
	}
	fn := a.expr(f, e.Func)
	args := arguments{node: e, mod: f.mod}
	for _, x := range e.Args {
		if s, ok := x.(*syntax.Starred); ok {
			if l, ok := a.expr(f, s.Value).(*list); ok && !l.open {
				args.pos = append(args.pos, l.elems...)
			} else {
				args.open = true
			}
			continue
		}
		args.pos = append(args.pos, a.expr(f, x))
	}
	for _, k := range e.Keywords {
		v := a.expr(f, k.Value)
		if k.Arg == "" {
			d, ok := v.(*dict)
			if !ok || d.open {
				args.open = true
			}
			if ok {
				for name, v := range d.items {
					args.set(name, v)
				}
			}
			continue
		}
		args.set(k.Arg, v)
	}
	return a.callValue(f, e, fn, args)
}

func (a *arguments) set(name string, v value) {
	if a.kw == nil {
		a.kw = map[string]value{}
	}
	a.kw[name] = v
}

// callValue calls what an expression stands for.
func (a *analysis) callValue(f *frame, node syntax.Expr, fn value, args arguments) value {
	switch fn := fn.(type) {
	case *function:
		return a.invoke(f, node, fn, args)
	case *class:
		return a.construct(f, node, fn, args)
	case libref:
		return a.callLibrary(f, node, fn.name, nil, args)
	case libmethod:
		return a.callLibrary(f, node, fn.name, fn.on, args)
	case partial:
		all := arguments{pos: append(slices.Clone(fn.args.pos), args.pos...), open: args.open || fn.args.open, node: args.node, mod: args.mod}
		for k, v := range fn.args.kw {
			all.set(k, v)
		}
		for k, v := range args.kw {
			all.set(k, v)
		}
		return a.callValue(f, node, fn.fn, all)
	case *instance:
		if fn.project != nil {
			if m, ok := a.member(f, node, fn, "__call__").(*function); ok {
				return a.invoke(f, node, m, args)
			}
			return nil
		}
		return a.callLibrary(f, node, fn.lib+".__call__", fn, args)
	case alt:
		var out value
		for i, one := range fn {
			if one == nil || isNone(one) {
				continue
			}
			var got value
			if i == 0 && len(fn) == 1 {
				got = a.callValue(f, node, one, args)
			} else {
				a.unsure("", func() flow { got = a.callValue(f, node, one, args); return flow{} })
			}
			out = join(out, got)
		}
		return out
	}
	return nil
}

func isNone(v value) bool {
	c, ok := v.(constant)
	return ok && c.v == nil
}

// invoke calls a function of the project.
func (a *analysis) invoke(f *frame, node syntax.Expr, fn *function, args arguments) value {
	switch fn.wrap {
	case "thread":
		a.add1(f, node, Thread, "uwsgidecorators.thread", "", "uwsgidecorators.thread runs the function in a new thread each time it is called", nil)
		return fn
	}
	if fn.async && fn.wrap != "context" {
		return coroutine{fn, args}
	}
	if fn.yields && fn.wrap != "context" {
		// A generator's body runs as far as its elements are taken; most often that is to the end.
		return a.enter(f, node, fn, args)
	}
	return a.enter(f, node, fn, args)
}

// enter runs the body of a function of the project.
func (a *analysis) enter(f *frame, node syntax.Expr, fn *function, args arguments) value {
	if a.active[fn.node] > 1 || a.nesting+40 >= maxNesting || len(a.steps) >= maxDepth {
		if len(a.steps) >= maxDepth {
			a.report.Truncated = true
		}
		return nil
	}
	a.active[fn.node]++
	defer func() { a.active[fn.node]-- }()
	inner := &frame{mod: fn.mod, scope: newScope(fn.scope, a.depth), fn: fn}
	inner.scope.global = fn.scope.global
	if fn.self != nil && fn.wrap != "static" {
		args.pos = append([]value{fn.self}, args.pos...)
	}
	a.bindParameters(inner, fn, args)
	if fn.mod != f.mod {
		a.projectCall(f, node, fn)
	}
	var out value
	a.step(f, node, "calls "+fn.name+"()", func() {
		if fn.lambda != nil {
			out = a.expr(inner, fn.lambda)
			return
		}
		fl := a.block(inner, fn.body)
		out = inner.returns
		if !inner.returned {
			out = constant{nil}
		} else if !fl.end {
			out = join(out, constant{nil})
		}
	})
	if fn.yields {
		return nil
	}
	return out
}

func (a *analysis) bindParameters(inner *frame, fn *function, args arguments) {
	p := fn.params
	names := slices.Concat(p.PosOnlyArgs, p.Args)
	without := len(names) - len(p.Defaults)
	define := &frame{mod: fn.mod, scope: fn.scope}
	// Defaults were evaluated where the function was defined; what they have started is not started again.
	fallback := func(e syntax.Expr) value {
		a.silent++
		defer func() { a.silent-- }()
		return a.expr(define, e)
	}
	for i, arg := range names {
		v, ok := args.get(i, arg.Arg)
		if !ok && i >= without && !args.open {
			v = fallback(p.Defaults[i-without])
		}
		inner.scope.names[arg.Arg] = v
	}
	for i, arg := range p.KwOnlyArgs {
		v, ok := args.kw[arg.Arg]
		if !ok && p.KwDefaults[i] != nil && !args.open {
			v = fallback(p.KwDefaults[i])
		}
		inner.scope.names[arg.Arg] = v
	}
	if p.Vararg != nil {
		rest := &list{open: args.open}
		if len(args.pos) > len(names) {
			rest.elems = slices.Clone(args.pos[len(names):])
		}
		inner.scope.names[p.Vararg.Arg] = rest
	}
	if p.Kwarg != nil {
		rest := &dict{items: map[string]value{}, open: args.open}
		for k, v := range args.kw {
			if !slices.ContainsFunc(names, func(n *syntax.Arg) bool { return n.Arg == k }) && !slices.ContainsFunc(p.KwOnlyArgs, func(n *syntax.Arg) bool { return n.Arg == k }) {
				rest.items[k] = v
			}
		}
		inner.scope.names[p.Kwarg.Arg] = rest
	}
}

// construct makes an object of a class of the project.
func (a *analysis) construct(f *frame, node syntax.Expr, c *class, args arguments) value {
	i := &instance{project: c, lib: a.libraryBase(c, 0), attrs: map[string]value{}, call: args}
	if m, ok := a.classAttr(c, "__new__", nil); ok {
		if fn, ok := m.(*function); ok {
			fn := *fn
			fn.self, fn.wrap = c, "class"
			if got, ok := a.invoke(f, node, &fn, args).(*instance); ok {
				i = got
			}
		}
	}
	if m, ok := a.classAttr(c, "__init__", nil); ok {
		if fn, ok := m.(*function); ok {
			fn := *fn
			fn.self = i
			a.invoke(f, node, &fn, args)
			return i
		}
	}
	if i.lib != "" {
		a.initialise(f, node, i, args)
	}
	return i
}

// await runs a coroutine to its end.
func (a *analysis) await(f *frame, node syntax.Expr, v value) value {
	if c, ok := v.(coroutine); ok {
		return a.enter(f, node, c.fn, c.args)
	}
	return v
}

func (a *analysis) super(f *frame, e *syntax.Call) value {
	if f.fn == nil {
		return nil
	}
	var self value
	if params := slices.Concat(f.fn.params.PosOnlyArgs, f.fn.params.Args); len(params) > 0 {
		self, _ = f.scope.lookup(params[0].Arg)
	}
	if len(e.Args) > 1 {
		self = a.expr(f, e.Args[1])
	}
	if f.fn.owner == nil {
		return nil
	}
	return super{f.fn.owner, self}
}
