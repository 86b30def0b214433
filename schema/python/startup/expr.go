package startup

import (
	"strings"

	"gsrv/schema/python/syntax"
)

const maxNesting = 1500

// text gives a node's source on one line, shortened.
func (f *frame) text(n syntax.Node) string {
	if n == nil || f.mod.tree == nil {
		return ""
	}
	s := f.mod.tree.Text(n)
	if len(s) > 400 {
		s = s[:400]
	}
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 80 {
		s = string(r[:79]) + "…"
	}
	return strings.ToValidUTF8(s, "")
}

// expr follows an expression and gives what it stands for.
func (a *analysis) expr(f *frame, e syntax.Expr) value {
	if e == nil {
		return constant{nil}
	}
	a.budget--
	if a.budget <= 0 || a.nesting >= maxNesting {
		a.report.Truncated = true
		return nil
	}
	a.nesting++
	defer func() { a.nesting-- }()
	switch e := e.(type) {
	case *syntax.Constant:
		return constant{e.Value}
	case *syntax.Name:
		return a.name(f, e.ID)
	case *syntax.Attribute:
		return a.getattr(f, e, a.expr(f, e.Value), e.Attr)
	case *syntax.Call:
		return a.call(f, e)
	case *syntax.NamedExpr:
		v := a.expr(f, e.Value)
		a.assign(f, e.Target, v)
		return v
	case *syntax.BoolOp:
		return a.boolOp(f, e)
	case *syntax.UnaryOp:
		return a.unary(f, e)
	case *syntax.Compare:
		return a.compare(f, e)
	case *syntax.BinOp:
		return a.add(a.expr(f, e.Left), a.expr(f, e.Right), e.Op)
	case *syntax.IfExp:
		return a.ifExp(f, e)
	case *syntax.Lambda:
		return &function{name: "lambda", params: e.Args, lambda: e.Body, mod: f.mod, scope: f.scope, node: e}
	case *syntax.List:
		return a.display(f, e.Elts)
	case *syntax.Tuple:
		return a.display(f, e.Elts)
	case *syntax.Set:
		return a.display(f, e.Elts)
	case *syntax.Dict:
		return a.dictDisplay(f, e)
	case *syntax.ListComp:
		return a.comprehension(f, e.Generators, e.Elt)
	case *syntax.SetComp:
		return a.comprehension(f, e.Generators, e.Elt)
	case *syntax.DictComp:
		a.comprehension(f, e.Generators, e.Value)
		return nil
	case *syntax.GeneratorExp:
		// It runs when something takes its elements: most often the call it is an argument of.
		return a.comprehension(f, e.Generators, e.Elt)
	case *syntax.Await:
		return a.await(f, e, a.expr(f, e.Value))
	case *syntax.Yield:
		return a.expr(f, e.Value)
	case *syntax.YieldFrom:
		return a.expr(f, e.Value)
	case *syntax.JoinedStr:
		return a.joined(f, e)
	case *syntax.FormattedValue:
		return a.expr(f, e.Value)
	case *syntax.Subscript:
		return a.subscript(f, e)
	case *syntax.Starred:
		return a.expr(f, e.Value)
	}
	return nil
}

func (a *analysis) name(f *frame, id string) value {
	if v, ok := f.scope.lookup(id); ok {
		return v
	}
	g := f.scope.global
	if v := a.starred(g, id); v != nil {
		return v
	}
	if g.open || len(g.stars) > 0 {
		return nil
	}
	if _, taken := f.scope.outer[id]; taken {
		return nil
	}
	return libref{"builtins." + id}
}

func (a *analysis) joined(f *frame, e *syntax.JoinedStr) value {
	out, known := "", true
	for _, v := range e.Values {
		s, ok := text(a.expr(f, v))
		if fv, formatted := v.(*syntax.FormattedValue); formatted && (fv.FormatSpec != nil || fv.Conversion >= 0) {
			ok = false
		}
		out, known = out+s, known && ok && len(out) < 1<<16
	}
	if !known {
		return nil
	}
	return constant{out}
}

func (a *analysis) display(f *frame, elts []syntax.Expr) value {
	out := &list{}
	for _, e := range elts {
		if s, ok := e.(*syntax.Starred); ok {
			if l, ok := a.expr(f, s.Value).(*list); ok {
				a.spend(len(l.elems))
				out.elems, out.open = append(out.elems, l.elems...), out.open || l.open
			} else {
				out.open = true
			}
			continue
		}
		out.elems = append(out.elems, a.expr(f, e))
	}
	out.limit()
	return out
}

func (a *analysis) dictDisplay(f *frame, e *syntax.Dict) value {
	out := &dict{items: map[string]value{}}
	for i, v := range e.Values {
		got := a.expr(f, v)
		if e.Keys[i] == nil {
			if d, ok := got.(*dict); ok {
				a.spend(8 * len(d.items))
				for k, v := range d.items {
					out.items[k] = v
				}
				out.open = out.open || d.open
			} else {
				out.open = true
			}
			continue
		}
		if k, ok := text(a.expr(f, e.Keys[i])); ok {
			out.items[k] = got
		} else {
			out.items["\x00"+f.text(e.Keys[i])] = got
		}
	}
	return out
}

func (a *analysis) boolOp(f *frame, e *syntax.BoolOp) value {
	stop := no
	if e.Op == syntax.Or {
		stop = yes
	}
	depth, guards := a.depth, len(a.guards)
	defer func() { a.depth, a.guards = depth, a.guards[:guards] }()
	var out value
	sure := true
	for i, operand := range e.Values {
		v := a.expr(f, operand)
		t := a.truth(v)
		switch {
		case t == stop && sure:
			return v
		case t == stop:
			// One of those before may have ended it, with the same truth.
			return truthOnly(stop)
		case t == unknown:
			out, sure = join(out, v), false
			if i == 0 {
				out = v
			}
			if i < len(e.Values)-1 {
				a.depth++
				a.guards = append(a.guards, f.text(operand))
			}
		case sure:
			out = v
		default:
			out = join(out, v)
		}
	}
	return out
}

// truthOnly is a value of which only the truth is known.
func truthOnly(t truth) value { return constant{t == yes} }

func (a *analysis) ifExp(f *frame, e *syntax.IfExp) value {
	switch a.truth(a.expr(f, e.Test)) {
	case yes:
		return a.expr(f, e.Body)
	case no:
		return a.expr(f, e.Orelse)
	}
	var one, two value
	guard := f.text(e.Test)
	a.unsure(guard, func() flow { one = a.expr(f, e.Body); return flow{} })
	a.unsure("not "+guard, func() flow { two = a.expr(f, e.Orelse); return flow{} })
	return join(one, two)
}

func (a *analysis) comprehension(f *frame, generators []*syntax.Comprehension, elt syntax.Expr) value {
	inner := &frame{mod: f.mod, scope: newScope(f.scope, a.depth), fn: f.fn}
	out := &list{}
	a.generate(inner, generators, elt, out)
	out.limit()
	return out
}

func (a *analysis) generate(f *frame, generators []*syntax.Comprehension, elt syntax.Expr, out *list) {
	if len(generators) == 0 {
		out.elems = append(out.elems, a.expr(f, elt))
		return
	}
	g := generators[0]
	over := a.expr(f, g.Iter)
	elems, exact := a.elements(over)
	turn := func(e value) {
		a.assign(f, g.Target, e)
		depth, guards := a.depth, len(a.guards)
		defer func() { a.depth, a.guards = depth, a.guards[:guards] }()
		for _, test := range g.Ifs {
			switch a.truth(a.expr(f, test)) {
			case no:
				return
			case unknown:
				a.depth++
				a.guards = append(a.guards, f.text(test))
				out.open = true
			}
		}
		a.generate(f, generators[1:], elt, out)
	}
	if exact && len(elems) <= maxTurns {
		for _, e := range elems {
			turn(e)
			if a.budget <= 0 {
				return
			}
		}
		return
	}
	out.open = true
	any := joinAll(elems)
	if len(elems) > 0 || a.nonempty(over) {
		turn(any)
		return
	}
	a.unsure("for "+f.text(g.Target)+" in "+f.text(g.Iter), func() flow { turn(any); return flow{} })
}

// elements gives what an iteration yields; exact is false where there may be others.
func (a *analysis) elements(v value) (elems []value, exact bool) {
	switch v := v.(type) {
	case *list:
		a.spend(len(v.elems))
		return v.elems, !v.open
	case *dict:
		a.spend(4 * len(v.items))
		for k := range v.items {
			if strings.HasPrefix(k, "\x00") {
				return nil, false
			}
			elems = append(elems, constant{k})
		}
		sortTexts(elems)
		return elems, !v.open
	case constant:
		if s, ok := v.v.(string); ok && s == "" {
			return nil, true
		}
	}
	return nil, false
}

// nonempty tells whether an iteration over something that is not known has a turn for all one can tell: that over a range
// that is not written as empty.
func (a *analysis) nonempty(v value) bool {
	i, ok := v.(*instance)
	if !ok {
		return false
	}
	switch i.lib {
	case "builtins.range":
		first, _ := i.call.get(0, "")
		c, isConstant := first.(constant)
		return len(i.call.pos) > 1 || !isConstant || !isZero(c)
	case "builtins.enumerate", "builtins.reversed", "builtins.sorted":
		if inner, ok := i.call.get(0, ""); ok {
			elems, _ := a.elements(inner)
			return len(elems) > 0 || a.nonempty(inner)
		}
	case "itertools.count", "itertools.cycle", "itertools.repeat":
		return true
	}
	return false
}

func (a *analysis) subscript(f *frame, e *syntax.Subscript) value {
	on := a.expr(f, e.Value)
	key := a.expr(f, e.Slice)
	switch on := on.(type) {
	case *dict:
		if k, ok := text(key); ok {
			if v, ok := on.items[k]; ok {
				return v
			}
			return nil
		}
		a.spend(8 * len(on.items))
		return joinAll(on.sorted())
	case *list:
		if c, ok := key.(constant); ok && !on.open {
			if i, ok := integer(c); ok {
				if i < 0 {
					i += len(on.elems)
				}
				if i >= 0 && i < len(on.elems) {
					return on.elems[i]
				}
			}
			return nil
		}
		a.spend(8 * len(on.elems))
		return joinAll(on.elems)
	case libref:
		if on.name == "os.environ" {
			v, _ := a.environment(key)
			return v
		}
		// A generic: Queue[int].
		return on
	case *class:
		return on
	case *instance:
		return libmethod{on, on.lib + ".[]"}
	}
	return nil
}

// environment gives the value of an environment variable as far as it is known, and whether that is so.
func (a *analysis) environment(key value) (v value, known bool) {
	name, ok := text(key)
	if !ok {
		return nil, false
	}
	if v, ok := a.environ[name]; ok {
		return v, true
	}
	if a.opts.Environ != nil {
		if s, set, known := a.opts.Environ(name); known {
			if set {
				return constant{s}, true
			}
			return constant{nil}, true
		}
	}
	if developmentOnly[name] {
		return constant{nil}, true
	}
	return nil, false
}

// developmentOnly are variables that only development servers set, in the process they restart.
var developmentOnly = map[string]bool{"RUN_MAIN": true, "WERKZEUG_RUN_MAIN": true, "WERKZEUG_SERVER_FD": true}
