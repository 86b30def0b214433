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
			return true, in.unknown(p, "whether a pattern fits is known only when the server starts", needsOf(v)...).Why, nil
		default:
			return false, nil, nil
		}
		return in.fitsSequence(p, elems, s)
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
