package syntax

func (c *checker) exprs(list []Expr) {
	for _, e := range list {
		c.expr(e)
	}
}

// elements checks expressions among which there may be starred ones.
func (c *checker) elements(list []Expr) {
	for _, e := range list {
		if star, ok := e.(*Starred); ok {
			e = star.Value
		}
		c.expr(e)
	}
}

func (c *checker) expr(e Expr) {
	if e == nil {
		return
	}
	Inspect(e, func(n Node) bool {
		e, ok := n.(Expr)
		return !ok || c.one(e)
	})
}

// one checks an expression; it tells whether what is below it is still to be checked.
func (c *checker) one(e Expr) bool {
	switch e := e.(type) {
	case *Name:
		if e.ID == "__debug__" && e.Ctx == Del {
			c.refuse(e, "cannot delete __debug__")
		}
		if e.Ctx == Store {
			c.bind(e, e.ID)
		}
	case *Attribute:
		if e.Ctx == Store {
			c.bind(e, e.Attr)
		}
	case *Starred:
		if e.Ctx == Store {
			c.refuse(e, "starred assignment target must be in a list or tuple")
		}
		c.refuse(e, "can't use starred expression here")
	case *Tuple:
		c.sequence(e, e.Elts, e.Ctx)
		return false
	case *List:
		c.sequence(e, e.Elts, e.Ctx)
		return false
	case *Set:
		c.elements(e.Elts)
		return false
	case *Call:
		c.keywords(e.Keywords)
		c.expr(e.Func)
		c.elements(e.Args)
		return false
	case *Lambda:
		c.parameters(e, e.Args)
		c.within(&unit{kind: lambdaUnit}, func() { c.expr(e.Body) })
		return false
	case *ListComp:
		c.comprehension(e, e.Generators, false, e.Elt)
		return false
	case *SetComp:
		c.comprehension(e, e.Generators, false, e.Elt)
		return false
	case *DictComp:
		c.comprehension(e, e.Generators, false, e.Key, e.Value)
		return false
	case *GeneratorExp:
		c.comprehension(e, e.Generators, true, e.Elt)
		return false
	case *Yield:
		if c.unit.kind < functionUnit {
			c.refuse(e, "'yield' outside function")
		}
	case *YieldFrom:
		if c.unit.kind < functionUnit {
			c.refuse(e, "'yield' outside function")
		}
		if c.unit.kind == asyncUnit {
			c.refuse(e, "'yield from' inside async function")
		}
	case *Await:
		if c.unit.kind < functionUnit {
			c.refuse(e, "'await' outside function")
		}
		if c.unit.kind != asyncUnit && c.unit.kind != comprehensionUnit {
			c.refuse(e, "'await' outside async function")
		}
	}
	return true
}

func (c *checker) sequence(n Node, elts []Expr, ctx Context) {
	if ctx == Store {
		stars := 0
		for _, e := range elts {
			if _, ok := e.(*Starred); ok {
				stars++
			}
		}
		if stars > 1 {
			c.refuse(n, "multiple starred expressions in assignment")
		}
	}
	c.elements(elts)
}

// keywords checks the keywords of a call or class, and their values.
func (c *checker) keywords(list []*Keyword) {
	seen := make(map[string]*Keyword, len(list))
	var first *Keyword // CPython reports the second of the pair whose first comes first
	for _, k := range list {
		if k.Arg == "" {
			continue
		}
		c.bind(k, k.Arg)
		if before, ok := seen[k.Arg]; ok {
			if first == nil || before.Start < seen[first.Arg].Start {
				first = k
			}
			continue
		}
		seen[k.Arg] = k
	}
	if first != nil {
		c.refuse(first, "keyword argument repeated: %s", first.Arg)
	}
	for _, k := range list {
		c.expr(k.Value)
	}
}

func (c *checker) comprehension(e Expr, gens []*Comprehension, generator bool, elts ...Expr) {
	if !generator && c.unit.kind != asyncUnit && c.unit.kind != comprehensionUnit && asynchronous(gens, elts) {
		c.refuse(e, "asynchronous comprehension outside of an asynchronous function")
	}
	c.expr(gens[0].Iter)
	c.within(&unit{kind: comprehensionUnit}, func() {
		for i, g := range gens {
			if i > 0 {
				c.expr(g.Iter)
			}
			c.expr(g.Target)
			c.exprs(g.Ifs)
		}
		c.exprs(elts)
	})
}

// asynchronous tells whether a comprehension awaits anything.
func asynchronous(gens []*Comprehension, elts []Expr) (found bool) {
	look := func(e Expr) {
		Inspect(e, func(n Node) bool {
			switch n := n.(type) {
			case *Await:
				found = true
			case *ListComp:
				found = found || asynchronous(n.Generators, []Expr{n.Elt})
				return false
			case *SetComp:
				found = found || asynchronous(n.Generators, []Expr{n.Elt})
				return false
			case *DictComp:
				found = found || asynchronous(n.Generators, []Expr{n.Key, n.Value})
				return false
			case *GeneratorExp, *Lambda:
				return false
			}
			return !found
		})
	}
	for i, g := range gens {
		if g.IsAsync != 0 {
			return true
		}
		if i > 0 {
			look(g.Iter)
		}
		for _, e := range g.Ifs {
			look(e)
		}
	}
	for _, e := range elts {
		look(e)
	}
	return found
}
