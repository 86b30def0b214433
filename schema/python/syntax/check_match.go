package syntax

import (
	"math/big"
	"slices"
)

func (c *checker) match(s *Match) {
	c.expr(s.Subject)
	for i, k := range s.Cases {
		c.pattern(k.Pattern, i == len(s.Cases)-1 || k.Guard != nil, map[string]bool{})
		c.expr(k.Guard)
		c.stmts(k.Body)
	}
}

// pattern checks a pattern; bound gathers the names it binds. Last tells whether it may match anything: where something follows,
// that could never be reached.
func (c *checker) pattern(p Pattern, last bool, bound map[string]bool) {
	bind := func(n Node, name string) {
		if name == "" {
			return
		}
		c.bind(n, name)
		if bound[name] {
			c.refuse(n, "multiple assignments to name '%s' in pattern", name)
		}
		bound[name] = true
	}
	switch p := p.(type) {
	case *MatchValue:
		c.expr(p.Value)
	case *MatchSequence:
		stars := 0
		for _, e := range p.Patterns {
			if _, ok := e.(*MatchStar); ok {
				stars++
			}
		}
		if stars > 1 {
			c.refuse(p, "multiple starred expressions in sequence pattern")
		}
		c.patterns(p.Patterns, bound)
	case *MatchStar:
		bind(p, p.Name)
	case *MatchMapping:
		seen := map[any]bool{}
		for _, k := range p.Keys {
			if k, ok := k.(*Constant); ok {
				key := k.Value
				switch v := key.(type) { // equal keys are the same key
				case bool:
					if key = int64(0); v {
						key = int64(1)
					}
				case float64:
					if i := int64(v); float64(i) == v {
						key = i
					}
				case *big.Int:
					key = "int " + v.String()
				}
				if seen[key] {
					c.refuse(p, "mapping pattern checks duplicate key (%s)", Repr(k.Value))
				}
				seen[key] = true
			}
			c.expr(k)
		}
		c.patterns(p.Patterns, bound)
		bind(p, p.Rest)
	case *MatchClass:
		for i, name := range p.KwdAttrs {
			c.bind(p.KwdPatterns[i], name)
			if slices.Contains(p.KwdAttrs[:i], name) {
				c.refuse(p.KwdPatterns[i], "attribute name repeated in class pattern: %s", name)
			}
		}
		c.expr(p.Cls)
		c.patterns(p.Patterns, bound)
		c.patterns(p.KwdPatterns, bound)
	case *MatchAs:
		if p.Pattern == nil {
			if !last {
				if p.Name == "" {
					c.refuse(p, "wildcard makes remaining patterns unreachable")
				}
				c.refuse(p, "name capture '%s' makes remaining patterns unreachable", p.Name)
			}
			bind(p, p.Name)
			return
		}
		c.pattern(p.Pattern, last, bound)
		bind(p, p.Name)
	case *MatchOr:
		var first map[string]bool
		for i, alt := range p.Patterns {
			mine := map[string]bool{}
			for name := range bound {
				mine[name] = true
			}
			c.pattern(alt, last && i == len(p.Patterns)-1, mine)
			if i == 0 {
				first = mine
				continue
			}
			same := len(mine) == len(first)
			for name := range mine {
				same = same && first[name]
			}
			if !same {
				c.refuse(alt, "alternative patterns bind different names")
			}
		}
		for name := range first {
			bound[name] = true
		}
	}
}

func (c *checker) patterns(list []Pattern, bound map[string]bool) {
	for _, p := range list {
		c.pattern(p, true, bound)
	}
}
