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
		p.closeOr(oRPar)
		return e
	}
	first := p.starNamedExpression()
	switch {
	case p.isKw(kFor) || p.isKw(kAsync):
		if _, ok := first.(*Starred); ok {
			p.failNode(first, "iterable unpacking cannot be used in comprehension")
		}
		gens := p.generators()
		p.closeOr(oRPar)
		return &GeneratorExp{Pos: p.from(start), Elt: first, Generators: gens}
	case p.isOp(oComma):
		elts := []Expr{first}
		for p.acceptOp(oComma) {
			if p.isOp(oRPar) {
				break
			}
			elts = append(elts, p.starNamedExpression())
		}
		p.closeOr(oRPar)
		return &Tuple{Pos: p.from(start), Elts: elts}
	}
	p.closeOr(oRPar)
	if _, ok := first.(*Starred); ok {
		p.failNode(first, "cannot use starred expression here")
	}
	return first
}

// closeOr expects a closing bracket; otherwise a comma was likely forgotten.
func (p *parser) closeOr(o op) {
	if p.tok.op != o {
		p.missingComma()
	}
	p.next()
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
			p.failNode(first, "iterable unpacking cannot be used in comprehension")
		}
		gens := p.generators()
		p.closeOr(oRSqb)
		return &ListComp{Pos: p.from(start), Elt: first, Generators: gens}
	}
	elts := []Expr{first}
	for p.acceptOp(oComma) {
		if p.isOp(oRSqb) {
			break
		}
		elts = append(elts, p.starNamedExpression())
	}
	if p.isKw(kFor) {
		p.failRange(int(elts[0].Span().Start), int(p.tokens[p.i-1].end), "did you forget parentheses around the comprehension target?")
	}
	p.closeOr(oRSqb)
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
		if p.isOp(oComma) || p.isOp(oRBrace) {
			p.failAt(p.tokens[p.i-1], "expression expected after dictionary key and ':'")
		}
		value := p.expression()
		if p.isKw(kFor) || p.isKw(kAsync) {
			gens := p.generators()
			p.closeOr(oRBrace)
			return &DictComp{Pos: p.from(start), Key: first, Value: value, Generators: gens}
		}
		return p.dictRest(start, first, value)
	}
	if p.isKw(kFor) || p.isKw(kAsync) {
		if starred {
			p.failNode(first, "iterable unpacking cannot be used in comprehension")
		}
		gens := p.generators()
		p.closeOr(oRBrace)
		return &SetComp{Pos: p.from(start), Elt: first, Generators: gens}
	}
	elts := []Expr{first}
	for p.acceptOp(oComma) {
		if p.isOp(oRBrace) {
			break
		}
		elts = append(elts, p.starNamedExpression())
	}
	p.closeOr(oRBrace)
	return &Set{Pos: p.from(start), Elts: elts}
}

// dictRest reads the items of a dict behind the first one (or all, where key is nil and value too).
func (p *parser) dictRest(start token, key, value Expr) Expr {
	d := &Dict{}
	if value != nil {
		d.Keys, d.Values = append(d.Keys, key), append(d.Values, value)
		if !p.acceptOp(oComma) {
			p.closeOr(oRBrace)
			d.Pos = p.from(start)
			return d
		}
	}
	for !p.isOp(oRBrace) {
		if p.acceptOp(oDStar) {
			d.Keys = append(d.Keys, nil)
			d.Values = append(d.Values, p.bitOr())
			if p.isKw(kFor) {
				p.failAt(p.tok, "dict unpacking cannot be used in dict comprehension")
			}
		} else {
			key := p.expression()
			if !p.isOp(oColon) {
				if p.isOp(oComma) || p.isOp(oRBrace) {
					p.failAt(p.tokens[p.i-1], "':' expected after dictionary key")
				}
				p.unexpected()
			}
			p.next()
			if p.isOp(oComma) || p.isOp(oRBrace) {
				p.failAt(p.tokens[p.i-1], "expression expected after dictionary key and ':'")
			}
			d.Keys = append(d.Keys, key)
			d.Values = append(d.Values, p.expression())
		}
		if !p.acceptOp(oComma) {
			break
		}
	}
	p.closeOr(oRBrace)
	d.Pos = p.from(start)
	return d
}
