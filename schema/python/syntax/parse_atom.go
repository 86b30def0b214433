package syntax

func (p *parser) atom() Expr {
	t := p.tok
	switch t.kind {
	case tName:
		switch t.kw {
		case kNone:
			p.next()
			return &Name{Pos: p.from(t), ID: p.ident(t)}
		case kTrue:
			p.next()
			return &Constant{Pos: p.from(t), Value: true}
		case kFalse:
			p.next()
			return &Constant{Pos: p.from(t), Value: false}
		case kNoneValue:
			p.next()
			return &Constant{Pos: p.from(t)}
		}
	case tNumber:
		p.next()
		return &Constant{Pos: p.from(t), Value: p.numberValue(t)}
	case tString:
		return p.strings()
	case tOp:
		switch t.op {
		case oEllipsis:
			p.next()
			return &Constant{Pos: p.from(t), Value: Ellipsis{}}
		case oLPar:
			p.enter()
			defer p.leave()
			return p.parenthesised()
		case oLSqb:
			p.enter()
			defer p.leave()
			return p.listDisplay()
		case oLBrace:
			p.enter()
			defer p.leave()
			return p.braceDisplay()
		}
	}
	p.unexpected()
	return nil
}

// parenthesised reads a group, a tuple, a generator expression or (yield).
func (p *parser) parenthesised() Expr {
	start := p.tok
	p.next()
	if p.acceptOp(oRPar) {
		return &Tuple{Pos: p.from(start)}
	}
	if p.isKw(kYield) {
		e := p.yield()
		p.expectOp(oRPar)
		return e
	}
	first := p.starNamedExpression()
	switch {
	case p.isKw(kFor) || p.isKw(kAsync):
		if _, ok := first.(*Starred); ok {
			p.unexpected()
		}
		gens := p.generators()
		p.expectOp(oRPar)
		return &GeneratorExp{Pos: p.from(start), Elt: first, Generators: gens}
	case p.isOp(oComma):
		elts := []Expr{first}
		for p.acceptOp(oComma) {
			if p.isOp(oRPar) {
				break
			}
			elts = append(elts, p.starNamedExpression())
		}
		p.expectOp(oRPar)
		return &Tuple{Pos: p.from(start), Elts: elts}
	}
	p.expectOp(oRPar)
	if _, ok := first.(*Starred); ok {
		p.unexpected()
	}
	return first
}

func (p *parser) listDisplay() Expr {
	start := p.tok
	p.next()
	if p.acceptOp(oRSqb) {
		return &List{Pos: p.from(start)}
	}
	first := p.starNamedExpression()
	if p.isKw(kFor) || p.isKw(kAsync) {
		if _, ok := first.(*Starred); ok {
			p.unexpected()
		}
		gens := p.generators()
		p.expectOp(oRSqb)
		return &ListComp{Pos: p.from(start), Elt: first, Generators: gens}
	}
	elts := []Expr{first}
	for p.acceptOp(oComma) {
		if p.isOp(oRSqb) {
			break
		}
		elts = append(elts, p.starNamedExpression())
	}
	p.expectOp(oRSqb)
	return &List{Pos: p.from(start), Elts: elts}
}

// braceDisplay reads a dict, a set or their comprehensions.
func (p *parser) braceDisplay() Expr {
	start := p.tok
	p.next()
	if p.acceptOp(oRBrace) {
		return &Dict{Pos: p.from(start)}
	}
	if p.isOp(oDStar) {
		return p.dictRest(start, nil, nil)
	}
	bare := p.tok.kind == tName // a parenthesised a := b may be a key, a bare one may not
	first := p.starNamedExpression()
	_, starred := first.(*Starred)
	_, named := first.(*NamedExpr)
	if p.isOp(oColon) && !starred {
		if named && bare {
			p.unexpected()
		}
		p.next()
		value := p.expression()
		if p.isKw(kFor) || p.isKw(kAsync) {
			gens := p.generators()
			p.expectOp(oRBrace)
			return &DictComp{Pos: p.from(start), Key: first, Value: value, Generators: gens}
		}
		return p.dictRest(start, first, value)
	}
	if p.isKw(kFor) || p.isKw(kAsync) {
		if starred {
			p.unexpected()
		}
		gens := p.generators()
		p.expectOp(oRBrace)
		return &SetComp{Pos: p.from(start), Elt: first, Generators: gens}
	}
	elts := []Expr{first}
	for p.acceptOp(oComma) {
		if p.isOp(oRBrace) {
			break
		}
		elts = append(elts, p.starNamedExpression())
	}
	p.expectOp(oRBrace)
	return &Set{Pos: p.from(start), Elts: elts}
}

// dictRest reads the items of a dict behind the first one (or all, where key is nil and value too).
func (p *parser) dictRest(start token, key, value Expr) Expr {
	d := &Dict{}
	if value != nil {
		d.Keys, d.Values = append(d.Keys, key), append(d.Values, value)
		if !p.acceptOp(oComma) {
			p.expectOp(oRBrace)
			d.Pos = p.from(start)
			return d
		}
	}
	for !p.isOp(oRBrace) {
		if p.acceptOp(oDStar) {
			d.Keys = append(d.Keys, nil)
			d.Values = append(d.Values, p.bitOr())
		} else {
			key := p.expression()
			p.expectOp(oColon)
			d.Keys = append(d.Keys, key)
			d.Values = append(d.Values, p.expression())
		}
		if !p.acceptOp(oComma) {
			break
		}
	}
	p.expectOp(oRBrace)
	d.Pos = p.from(start)
	return d
}
