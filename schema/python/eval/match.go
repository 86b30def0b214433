package eval

import (
	"gsrv/schema"
	"gsrv/schema/python/syntax"
	"gsrv/schema/python/value"
)

// matchStmt runs the first case that fits; a case whose fit is not known forks.
func (in *interp) matchStmt(n *syntax.Match, s *scope) (outcome, error) {
	subject, err := in.expr(n.Subject, s)
	if err != nil {
		return outcome{}, err
	}
	return in.matchCases(n.Cases, subject, n, s)
}

func (in *interp) matchCases(cases []*syntax.MatchCase, subject value.Value, n syntax.Node, s *scope) (outcome, error) {
	if len(cases) == 0 {
		return outcome{}, nil
	}
	c := cases[0]
	fits, test, err := in.fits(c.Pattern, subject, s)
	if err != nil {
		return outcome{}, err
	}
	if test == nil && !fits {
		return in.matchCases(cases[1:], subject, n, s)
	}
	body := func() (outcome, error) { return in.block(c.Body, s) }
	rest := func() (outcome, error) { return in.matchCases(cases[1:], subject, n, s) }
	if c.Guard != nil {
		inner := body
		body = func() (outcome, error) {
			g, err := in.expr(c.Guard, s)
			if err != nil {
				return outcome{}, err
			}
			truth, known, expr, err := in.truth(g, c.Guard)
			if err != nil {
				return outcome{}, err
			}
			if known {
				if truth {
					return inner()
				}
				return rest()
			}
			return in.fork(expr, inner, rest, in.rng(n))
		}
	}
	if test == nil {
		return body()
	}
	return in.fork(test, body, rest, in.rng(n))
}

// fits tells whether a pattern fits, binding its names; a test that is not nil says on which hosts.
func (in *interp) fits(p syntax.Pattern, v value.Value, s *scope) (bool, schema.Expr, error) {
	switch p := p.(type) {
	case *syntax.MatchAs:
		if p.Pattern != nil {
			ok, test, err := in.fits(p.Pattern, v, s)
			if err != nil || !ok && test == nil {
				return ok, test, err
			}
			in.bind(s, p.Name, v, p, p, "")
			return ok, test, nil
		}
		if p.Name != "" {
			in.bind(s, p.Name, v, p, p, "")
		}
		return true, nil, nil
	case *syntax.MatchValue:
		want, err := in.expr(p.Value, s)
		if err != nil {
			return false, nil, err
		}
		return in.equalTest(v, want, p)
	case *syntax.MatchSingleton:
		return in.equalTest(v, constant(p.Value), p)
	case *syntax.MatchOr:
		var test schema.Expr
		for _, alt := range p.Patterns {
			ok, t, err := in.fits(alt, v, s)
			if err != nil || ok && t == nil {
				return ok, nil, err
			}
			if t != nil {
				if test == nil {
					test = t
				} else {
					test = &schema.Binary{Op: "or", L: test, R: t, Src: in.rng(p)}
				}
			}
		}
		return test != nil, test, nil
	case *syntax.MatchSequence:
		var elems []value.Value
		switch l := v.(type) {
		case *value.List:
			elems = l.Elems
		case *value.Tuple:
			elems = l.Elems
		case *Symbolic, *Unknown:
			return in.notSure(p, v, s)
		default:
			return false, nil, nil
		}
		return in.fitsSequence(p, elems, s)
	}
	if m, ok := p.(*syntax.MatchMapping); ok {
		return in.fitsMapping(m, v, s)
	}
	if m, ok := p.(*syntax.MatchClass); ok {
		return in.fitsClass(m, v, s)
	}
	return true, in.unknown(p, "this kind of pattern is not followed", needsOf(v)...).Why, nil
}

func (in *interp) fitsSequence(p *syntax.MatchSequence, elems []value.Value, s *scope) (bool, schema.Expr, error) {
	star := -1
	for i, sub := range p.Patterns {
		if _, ok := sub.(*syntax.MatchStar); ok {
			star = i
		}
	}
	if star < 0 && len(elems) != len(p.Patterns) || star >= 0 && len(elems) < len(p.Patterns)-1 {
		return false, nil, nil
	}
	var test schema.Expr
	for i, sub := range p.Patterns {
		at := i
		if star >= 0 && i > star {
			at = len(elems) - (len(p.Patterns) - i)
		}
		if m, ok := sub.(*syntax.MatchStar); ok {
			rest := elems[star : len(elems)-(len(p.Patterns)-1-star)]
			if m.Name != "" {
				in.bind(s, m.Name, value.NewList(append([]value.Value{}, rest...)...), m, m, "")
			}
			continue
		}
		ok, t, err := in.fits(sub, elems[at], s)
		if err != nil || !ok && t == nil {
			return false, nil, err
		}
		if t != nil {
			if test == nil {
				test = t
			} else {
				test = &schema.Binary{Op: "and", L: test, R: t, Src: in.rng(p)}
			}
		}
	}
	return true, test, nil
}

func (in *interp) equalTest(v, want value.Value, n syntax.Node) (bool, schema.Expr, error) {
	r, err := in.compareOne("==", v, want, n)
	if err != nil {
		return false, nil, err
	}
	truth, known, test, err := in.truth(r, n)
	if err != nil {
		return false, nil, err
	}
	if known {
		return truth, nil, nil
	}
	return true, test, nil
}

// notSure binds the names of a pattern of which it is not known whether it fits.
func (in *interp) notSure(p syntax.Pattern, v value.Value, s *scope) (bool, schema.Expr, error) {
	why := in.unknown(p, "whether a pattern fits is known only when the server starts", needsOf(v)...)
	syntax.Inspect(p, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.MatchAs:
			if n.Name != "" {
				in.bind(s, n.Name, why, n, n, "")
			}
		case *syntax.MatchStar:
			if n.Name != "" {
				in.bind(s, n.Name, why, n, n, "")
			}
		case *syntax.MatchMapping:
			if n.Rest != "" {
				in.bind(s, n.Rest, why, n, n, "")
			}
		}
		return true
	})
	return true, why.Why, nil
}

func (in *interp) fitsMapping(p *syntax.MatchMapping, v value.Value, s *scope) (bool, schema.Expr, error) {
	if isForeignUnknown(v) || isOwn(v) {
		return in.notSure(p, v, s)
	}
	d, ok := v.(*value.Dict)
	if !ok {
		return false, nil, nil
	}
	rest, err := d.Copy(in.budget)
	if err != nil {
		_, err = in.wrap(nil, err, p)
		return false, nil, err
	}
	var test schema.Expr
	for i, ke := range p.Keys {
		k, err := in.expr(ke, s)
		if err != nil {
			return false, nil, err
		}
		if hidden(k) {
			return in.notSure(p, k, s)
		}
		x, found, err := d.Get(in.budget, k)
		if err != nil || !found {
			_, err = in.wrap(nil, err, p)
			return false, nil, err
		}
		if _, _, err := rest.Delete(in.budget, k); err != nil {
			_, err = in.wrap(nil, err, p)
			return false, nil, err
		}
		fit, t, err := in.fits(p.Patterns[i], x, s)
		if err != nil || !fit && t == nil {
			return false, nil, err
		}
		test = in.both(test, t, p)
	}
	if p.Rest != "" {
		in.bind(s, p.Rest, rest, p, p, "")
	}
	return true, test, nil
}

// both joins two tests of which either may be missing.
func (in *interp) both(a, b schema.Expr, n syntax.Node) schema.Expr {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return &schema.Binary{Op: "and", L: a, R: b, Src: in.rng(n)}
}

// wholePattern are the types whose only positional pattern stands for the value itself.
var wholePattern = map[string]bool{
	"bool": true, "bytearray": true, "bytes": true, "dict": true, "float": true, "frozenset": true, "int": true, "list": true, "set": true, "str": true, "tuple": true,
}

func (in *interp) fitsClass(p *syntax.MatchClass, v value.Value, s *scope) (bool, schema.Expr, error) {
	cv, err := in.expr(p.Cls, s)
	if err != nil {
		return false, nil, err
	}
	is, err := builtinIsinstance(in, []value.Value{v, cv}, nil, p)
	if err != nil {
		return false, nil, err
	}
	if is == value.Value(value.False) {
		return false, nil, nil
	}
	c, ok := cv.(*class)
	if hidden(is) || !ok {
		return in.notSure(p, v, s)
	}
	names := p.KwdAttrs
	patterns := p.KwdPatterns
	var test schema.Expr
	if len(p.Patterns) > 0 {
		if c.builtin && wholePattern[c.name] && len(p.Patterns) == 1 {
			fit, t, err := in.fits(p.Patterns[0], v, s)
			if err != nil || !fit && t == nil {
				return false, nil, err
			}
			test = t
		} else {
			args, ok := in.matchArgs(c)
			if !ok || len(args) < len(p.Patterns) {
				return in.notSure(p, v, s)
			}
			names = append(append([]string{}, args[:len(p.Patterns)]...), names...)
			patterns = append(append([]syntax.Pattern{}, p.Patterns...), patterns...)
		}
	}
	for i, name := range names {
		x, err := in.getAttr(v, name, p)
		if r, failed := isException(err); failed && r.exc.Type == "AttributeError" {
			return false, nil, nil
		}
		if err != nil {
			return false, nil, err
		}
		fit, t, err := in.fits(patterns[i], x, s)
		if err != nil || !fit && t == nil {
			return false, nil, err
		}
		test = in.both(test, t, p)
	}
	return true, test, nil
}

// matchArgs are the attributes that positional patterns of a class stand for.
func (in *interp) matchArgs(c *class) ([]string, bool) {
	if c.kind == "dataclass" || c.kind == "namedtuple" {
		return c.fields, true
	}
	v, _, ok := c.lookup("__match_args__")
	t, isTuple := v.(*value.Tuple)
	if !ok || !isTuple {
		return nil, false
	}
	var out []string
	for _, e := range t.Elems {
		text, isText := e.(value.Str)
		if !isText {
			return nil, false
		}
		out = append(out, string(text))
	}
	return out, true
}
