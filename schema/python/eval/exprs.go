package eval

import (
	"math/big"

	"gsrv/schema"
	"gsrv/schema/python/syntax"
	"gsrv/schema/python/value"
)

// maxExprDepth bounds the nesting of expressions; the parser's own bound is of this order.
const maxExprDepth = 2500

// expr evaluates an expression.
func (in *interp) expr(e syntax.Expr, s *scope) (value.Value, error) {
	if err := in.step(e); err != nil {
		return nil, err
	}
	in.exprDepth++
	defer func() { in.exprDepth-- }()
	if in.exprDepth > maxExprDepth {
		return nil, &giveUp{what: "it is nested too deeply", at: in.rng(e)}
	}
	switch n := e.(type) {
	case *syntax.Constant:
		return constant(n.Value), nil
	case *syntax.Name:
		return in.lookup(n.ID, s, n)
	case *syntax.Attribute:
		v, err := in.expr(n.Value, s)
		if err != nil {
			return nil, err
		}
		return in.getAttr(v, n.Attr, n)
	case *syntax.Subscript:
		v, err := in.expr(n.Value, s)
		if err != nil {
			return nil, err
		}
		index, err := in.expr(n.Slice, s)
		if err != nil {
			return nil, err
		}
		return in.getItem(v, index, n)
	case *syntax.Slice:
		var parts [3]value.Value
		for i, x := range []syntax.Expr{n.Lower, n.Upper, n.Step} {
			if x == nil {
				continue
			}
			v, err := in.expr(x, s)
			if err != nil {
				return nil, err
			}
			if isForeignUnknown(v) {
				return in.follow(n, "a slice", v), nil
			}
			parts[i] = v
		}
		return value.NewSlice(parts[0], parts[1], parts[2]), nil
	case *syntax.Call:
		return in.callExpr(n, s)
	case *syntax.BinOp:
		l, err := in.expr(n.Left, s)
		if err != nil {
			return nil, err
		}
		r, err := in.expr(n.Right, s)
		if err != nil {
			return nil, err
		}
		return in.binary(n.Op.Symbol(), l, r, n)
	case *syntax.UnaryOp:
		return in.unary(n, s)
	case *syntax.BoolOp:
		return in.boolOp(n, n.Values, s)
	case *syntax.Compare:
		return in.compareExpr(n, s)
	case *syntax.IfExp:
		return in.ifExp(n, s)
	case *syntax.JoinedStr:
		return in.joinedStr(n, s)
	case *syntax.List:
		elems, err := in.elements(n.Elts, s)
		if err != nil {
			return nil, err
		}
		return value.NewList(elems...), nil
	case *syntax.Tuple:
		elems, err := in.elements(n.Elts, s)
		if err != nil {
			return nil, err
		}
		return value.NewTuple(elems...), nil
	case *syntax.Set:
		elems, err := in.elements(n.Elts, s)
		if err != nil {
			return nil, err
		}
		return in.makeSet(elems, n)
	case *syntax.Dict:
		return in.dictExpr(n, s)
	case *syntax.Lambda:
		return in.makeFunction(n, "<lambda>", n.Args, nil, n.Body, false, s)
	case *syntax.NamedExpr:
		v, err := in.expr(n.Value, s)
		if err != nil {
			return nil, err
		}
		dest := s
		for dest.mod != nil && dest.vars["\x00comp"].v != nil && dest.parent != nil {
			dest = dest.parent
		}
		return v, in.assign(n.Target, v, n.Value, dest)
	case *syntax.ListComp:
		out := value.NewList()
		why, err := in.comprehension(n.Generators, n, s, func(s *scope) error {
			v, err := in.expr(n.Elt, s)
			out.Elems = append(out.Elems, v)
			return err
		})
		return orUnknown(out, why, err)
	case *syntax.GeneratorExp:
		return in.generatorExpression(n, s)
	case *syntax.SetComp:
		var elems []value.Value
		why, err := in.comprehension(n.Generators, n, s, func(s *scope) error {
			v, err := in.expr(n.Elt, s)
			elems = append(elems, v)
			return err
		})
		if why != nil || err != nil {
			return orUnknown(nil, why, err)
		}
		return in.makeSet(elems, n)
	case *syntax.DictComp:
		out := value.NewDict()
		why, err := in.comprehension(n.Generators, n, s, func(s *scope) error {
			k, err := in.expr(n.Key, s)
			if err != nil {
				return err
			}
			v, err := in.expr(n.Value, s)
			if err != nil {
				return err
			}
			return in.setItem(out, k, v, n, n)
		})
		return orUnknown(out, why, err)
	case *syntax.Starred:
		return in.expr(n.Value, s)
	case *syntax.Await:
		return in.unknown(n, "it is awaited"), nil
	case *syntax.Yield:
		return in.yield(n.Value, s)
	case *syntax.YieldFrom:
		v, err := in.expr(n.Value, s)
		if err != nil {
			return nil, err
		}
		next, why, err := in.iterate(v, n)
		if err != nil {
			return nil, err
		}
		if why != nil {
			return value.None, in.yieldedOnly(why, s)
		}
		for {
			x, ok, err := next()
			if err != nil || !ok {
				return value.None, err
			}
			if _, err := in.yielded(x, s); err != nil {
				return nil, err
			}
		}
	}
	return in.unknown(e, "this kind of expression is not followed"), nil
}

func orUnknown(v value.Value, why *Unknown, err error) (value.Value, error) {
	switch {
	case err != nil:
		return nil, err
	case why != nil:
		return why, nil
	}
	return v, nil
}

func constant(v any) value.Value {
	switch v := v.(type) {
	case nil:
		return value.None
	case bool:
		return value.Bool(v)
	case int64:
		return value.NewInt(v)
	case *big.Int:
		return value.NewBigInt(v)
	case float64:
		return value.Float(v)
	case complex128:
		return value.Complex(v)
	case string:
		return value.Str(v)
	case syntax.Bytes:
		return value.Bytes(v)
	}
	return value.Ellipsis
}

// elements evaluates the items of a display, *unpacked ones spread.
func (in *interp) elements(elts []syntax.Expr, s *scope) ([]value.Value, error) {
	out := make([]value.Value, 0, len(elts))
	for _, e := range elts {
		star, isStar := e.(*syntax.Starred)
		if !isStar {
			v, err := in.expr(e, s)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
			continue
		}
		v, err := in.expr(star.Value, s)
		if err != nil {
			return nil, err
		}
		next, why, err := in.iterate(v, star)
		if err != nil {
			return nil, err
		}
		if why != nil {
			out = append(out, why)
			continue
		}
		for {
			x, ok, err := next()
			if err != nil {
				return nil, err
			}
			if !ok {
				break
			}
			out = append(out, x)
		}
	}
	return out, nil
}

func (in *interp) makeSet(elems []value.Value, n syntax.Node) (value.Value, error) {
	set := value.NewSet(false)
	for _, v := range elems {
		if hidden(v) {
			return in.follow(n, "a set", v), nil
		}
		if err := set.Add(in.budget, v); err != nil {
			return in.wrap(nil, err, n)
		}
	}
	return set, nil
}

func (in *interp) dictExpr(n *syntax.Dict, s *scope) (value.Value, error) {
	d := value.NewDict()
	for i, ke := range n.Keys {
		if ke == nil {
			v, err := in.expr(n.Values[i], s)
			if err != nil {
				return nil, err
			}
			if why, err := in.updateDict(d, v, n.Values[i]); why != nil || err != nil {
				return orUnknown(nil, why, err)
			}
			continue
		}
		k, err := in.expr(ke, s)
		if err != nil {
			return nil, err
		}
		v, err := in.expr(n.Values[i], s)
		if err != nil {
			return nil, err
		}
		if isForeignUnknown(k) {
			return in.follow(n, "a key that is not known", k), nil
		}
		if err := d.Set(in.budget, k, v); err != nil {
			return in.wrap(nil, err, n)
		}
	}
	return d, nil
}

// updateDict lays a mapping over a dict; a mapping that is not known gives the reason.
func (in *interp) updateDict(d *value.Dict, v value.Value, n syntax.Node) (*Unknown, error) {
	switch m := v.(type) {
	case *environ:
		all, complete := m.all()
		if !complete {
			return in.unknown(n, "it holds the whole environment, which is known only when the server starts", "the environment"), nil
		}
		v = all
	case *namespace:
		v = m.dict(in)
	case *Symbolic:
		if mp, ok := m.Expr.(*schema.Map); ok {
			for i, k := range mp.Keys {
				if err := d.SetStr(in.budget, k, symbolic(mp.Values[i], "")); err != nil {
					_, err := in.wrap(nil, err, n)
					return nil, err
				}
			}
			return nil, nil
		}
		return in.follow(n, "a mapping", v), nil
	case *Unknown:
		return in.follow(n, "a mapping", v), nil
	}
	other, ok := v.(*value.Dict)
	if !ok {
		return nil, in.raise(n, "TypeError", "'%s' object is not a mapping", v.TypeName())
	}
	var bad error
	other.Items(func(k, x value.Value) bool {
		bad = d.Set(in.budget, k, x)
		return bad == nil
	})
	if bad != nil {
		_, err := in.wrap(nil, bad, n)
		return nil, err
	}
	return nil, nil
}

func (in *interp) binary(op string, l, r value.Value, n syntax.Node) (value.Value, error) {
	if text, ok := l.(value.Str); ok && op == "%" {
		r = formatted(string(text), r)
	}
	if v, ok, err := in.ownBinary(op, l, r, n); ok {
		return v, err
	}
	if isForeignUnknown(l) || isForeignUnknown(r) {
		if op == "%" {
			if text, ok := l.(value.Str); ok {
				return in.percent(string(text), r, n)
			}
		}
		return in.symbolicBinary(op, l, r, n), nil
	}
	if text, ok := l.(value.Str); ok && op == "%" && hidden(r) {
		return in.percent(string(text), r, n)
	}
	v, err := value.Binary(in.budget, value.Op(op), l, r)
	return in.wrap(v, err, n)
}

var operatorMethods = map[string]string{
	"+": "add", "-": "sub", "*": "mul", "/": "truediv", "//": "floordiv", "%": "mod", "**": "pow", "|": "or", "&": "and", "^": "xor", "<<": "lshift", ">>": "rshift",
}

// ownBinary applies an operator to paths, os.environ and objects of the source's classes.
func (in *interp) ownBinary(op string, l, r value.Value, n syntax.Node) (value.Value, bool, error) {
	if e, ok := l.(*environ); ok && op == "|" {
		d, complete := e.all()
		if !complete {
			return in.unknown(n, "it holds the whole environment, which is known only when the server starts", "the environment"), true, nil
		}
		v, err := in.binary(op, d, r, n)
		return v, true, err
	}
	if op == "/" {
		if v, ok, err := in.joinPath(l, r, n); ok {
			return v, true, err
		}
	}
	if i, ok := l.(*instance); ok && i.class.kind == "enum" && derivesText(i.class) {
		v, err := in.binary(op, i.attrs["value"], r, n)
		return v, true, err
	}
	if i, ok := r.(*instance); ok && i.class.kind == "enum" && derivesText(i.class) {
		v, err := in.binary(op, l, i.attrs["value"], n)
		return v, true, err
	}
	if i, ok := l.(*instance); ok {
		if m, _, found := i.class.lookup("__" + operatorMethods[op] + "__"); found {
			v, err := in.call(&method{self: i, fn: m}, []value.Value{r}, nil, n)
			return v, true, err
		}
		if o := i.class.hasUnknownBase(); o != nil {
			return &Unknown{o}, true, nil
		}
	}
	if i, ok := r.(*instance); ok {
		if m, _, found := i.class.lookup("__r" + operatorMethods[op] + "__"); found {
			v, err := in.call(&method{self: i, fn: m}, []value.Value{l}, nil, n)
			return v, true, err
		}
	}
	return nil, false, nil
}

func (in *interp) unary(n *syntax.UnaryOp, s *scope) (value.Value, error) {
	v, err := in.expr(n.Operand, s)
	if err != nil {
		return nil, err
	}
	if n.Op == syntax.Not {
		truth, known, test, err := in.truth(v, n.Operand)
		if err != nil {
			return nil, err
		}
		if known {
			return value.Bool(!truth), nil
		}
		return symbolic(not(test), "bool"), nil
	}
	op := map[syntax.UnaryOperator]string{syntax.USub: "-", syntax.UAdd: "+", syntax.Invert: "~"}[n.Op]
	if sym, ok := v.(*Symbolic); ok {
		return symbolic(&schema.Unary{Op: op, X: sym.Expr, Src: in.rng(n)}, sym.Kind), nil
	}
	if u, ok := v.(*Unknown); ok {
		return in.follow(n, "an operation", u), nil
	}
	r, err := value.Unary(in.budget, value.Op(op), v)
	return in.wrap(r, err, n)
}

// boolOp evaluates "a or b or c" and "a and b and c"; where an operand's truth is not known both continuations count.
func (in *interp) boolOp(n *syntax.BoolOp, values []syntax.Expr, s *scope) (value.Value, error) {
	v, err := in.expr(values[0], s)
	if err != nil || len(values) == 1 {
		return v, err
	}
	truth, known, test, err := in.truth(v, values[0])
	if err != nil {
		return nil, err
	}
	if known {
		if truth == (n.Op == syntax.Or) {
			return v, nil
		}
		return in.boolOp(n, values[1:], s)
	}
	// The rest is evaluated only on some hosts; an exception there is one of those hosts only.
	rest, err := in.speculate(test, n.Op == syntax.Or, func() (value.Value, error) { return in.boolOp(n, values[1:], s) })
	if err != nil {
		return nil, err
	}
	if rest == nil {
		return v, nil
	}
	at := in.rng(n)
	left := in.toExpr(v, at)
	right := in.toExpr(rest, at)
	op := "and"
	if n.Op == syntax.Or {
		op = "or"
		if env, ok := left.(*schema.Env); ok && env.Missing != schema.MissingError {
			if c, isConst := env.Default.(*schema.Const); env.Default == nil || isConst && falsy(c) {
				return symbolic(&schema.Env{Name: env.Name, Default: right, EmptyIsUnset: true, Src: env.Src}, joinKind("str", kindOf(rest))), nil
			}
		}
	}
	return symbolic(&schema.Binary{Op: op, L: left, R: right, Src: at}, joinKind(kindOf(v), kindOf(rest))), nil
}

func falsy(c *schema.Const) bool {
	t, known := schema.Truth(c.Val)
	return known && !t
}

func joinKind(a, b string) string {
	if a == b {
		return a
	}
	return ""
}

// speculate evaluates something that happens only where the test is false (or true, for negated); an exception gives nil.
func (in *interp) speculate(test schema.Expr, negated bool, f func() (value.Value, error)) (value.Value, error) {
	before := in.snapshot()
	in.forkDepth++
	v, err := f()
	in.forkDepth--
	if r, ok := isException(err); ok {
		in.restore(before)
		if negated {
			test = not(test)
		}
		in.leaves(r, test, before)
		return nil, nil
	}
	return v, err
}

func (in *interp) ifExp(n *syntax.IfExp, s *scope) (value.Value, error) {
	t, err := in.expr(n.Test, s)
	if err != nil {
		return nil, err
	}
	truth, known, test, err := in.truth(t, n.Test)
	if err != nil {
		return nil, err
	}
	if known {
		if truth {
			return in.expr(n.Body, s)
		}
		return in.expr(n.Orelse, s)
	}
	a, err := in.speculate(test, false, func() (value.Value, error) { return in.expr(n.Body, s) })
	if err != nil {
		return nil, err
	}
	b, err := in.speculate(test, true, func() (value.Value, error) { return in.expr(n.Orelse, s) })
	if err != nil {
		return nil, err
	}
	switch {
	case a == nil && b == nil:
		return nil, in.raise(n, "Exception", "both sides of the condition fail")
	case a == nil:
		return b, nil
	case b == nil:
		return a, nil
	}
	return in.joinValue(test, a, b, in.rng(n)), nil
}
