package syntax

// matchStmt reads a match statement; nil where "match" turns out to be a plain name.
func (p *parser) matchStmt() Stmt {
	start := p.tok
	switch n := p.peek(1); {
	case n.kind == tNewline, n.kind == tOp && (n.op == oDot || n.op == oAssign || n.op == oComma || n.op == oRPar || n.op == oColon || n.op >= oPlusEq):
		return nil
	}
	i := p.i
	var subject Expr
	ok := p.attempt(func() {
		p.next()
		t := p.tok
		subject = p.starNamedExpression()
		if p.isOp(oComma) {
			subject = p.tupleRest(t, subject, p.starNamedExpression)
		} else if _, starred := subject.(*Starred); starred {
			p.unexpected()
		}
		p.expectOp(oColon)
		if p.tok.kind != tNewline {
			p.unexpected()
		}
	})
	if !ok {
		p.reset(i)
		return nil
	}
	p.next()
	if p.tok.kind != tIndent {
		p.unexpected()
	}
	p.next()
	s := &Match{Subject: subject}
	for p.isSoft("case") {
		s.Cases = append(s.Cases, p.caseBlock())
	}
	if len(s.Cases) == 0 || p.tok.kind != tDedent {
		p.unexpected()
	}
	p.next()
	s.Pos = p.blockPos(start)
	return s
}

func (p *parser) caseBlock() *MatchCase {
	p.next()
	c := &MatchCase{Pattern: p.patterns()}
	if p.acceptKw(kIf) {
		c.Guard = p.namedExpression()
	}
	p.expectColon()
	c.Body = p.block()
	return c
}

// patterns reads an open sequence pattern or one pattern.
func (p *parser) patterns() Pattern {
	start := p.tok
	first := p.maybeStarPattern()
	if !p.isOp(oComma) {
		if _, star := first.(*MatchStar); star {
			p.unexpected()
		}
		return first
	}
	list := []Pattern{first}
	for p.acceptOp(oComma) {
		if p.isOp(oColon) || p.isKw(kIf) {
			break
		}
		list = append(list, p.maybeStarPattern())
	}
	return &MatchSequence{Pos: p.from(start), Patterns: list}
}

func (p *parser) maybeStarPattern() Pattern {
	start := p.tok
	if p.acceptOp(oStar) {
		name := p.captureName()
		return &MatchStar{Pos: p.from(start), Name: name}
	}
	return p.patternAs()
}

// captureName reads a name to bind; "_" binds nothing.
func (p *parser) captureName() string {
	name := p.name()
	if name == "_" {
		return ""
	}
	return name
}

func (p *parser) patternAs() Pattern {
	p.enter()
	defer p.leave()
	start := p.tok
	pat := p.orPattern()
	if p.acceptKw(kAs) {
		t := p.tok
		if p.isSoft("_") {
			p.unexpected()
		}
		if t.kind != tName || t.kw != kNone {
			p.unexpected()
		}
		name := p.name()
		return &MatchAs{Pos: p.from(start), Pattern: pat, Name: name}
	}
	return pat
}

func (p *parser) orPattern() Pattern {
	start := p.tok
	first := p.closedPattern()
	if !p.isOp(oVBar) {
		return first
	}
	list := []Pattern{first}
	for p.acceptOp(oVBar) {
		list = append(list, p.closedPattern())
	}
	return &MatchOr{Pos: p.from(start), Patterns: list}
}

func (p *parser) closedPattern() Pattern {
	p.enter()
	defer p.leave()
	start := p.tok
	switch start.kind {
	case tNumber, tString:
		v := p.literalPattern()
		return &MatchValue{Pos: p.from(start), Value: v}
	case tName:
		switch start.kw {
		case kNoneValue:
			p.next()
			return &MatchSingleton{Pos: p.from(start)}
		case kTrue, kFalse:
			p.next()
			return &MatchSingleton{Pos: p.from(start), Value: start.kw == kTrue}
		case kNone:
			return p.namePattern()
		}
	case tOp:
		switch start.op {
		case oMinus:
			v := p.literalPattern()
			return &MatchValue{Pos: p.from(start), Value: v}
		case oLPar:
			return p.groupPattern()
		case oLSqb:
			p.next()
			list := p.patternList(oRSqb)
			return &MatchSequence{Pos: p.from(start), Patterns: list}
		case oLBrace:
			return p.mappingPattern()
		}
	}
	p.unexpected()
	return nil
}

// literalPattern reads a string, a signed number or a complex number a±bj.
func (p *parser) literalPattern() Expr {
	start := p.tok
	if start.kind == tString {
		return p.strings()
	}
	left := p.signedNumber()
	if p.isOp(oPlus) || p.isOp(oMinus) {
		op := Add
		if p.isOp(oMinus) {
			op = Sub
		}
		if isComplex(left) {
			p.unexpected()
		}
		p.next()
		t := p.tok
		if t.kind != tNumber {
			p.unexpected()
		}
		p.next()
		right := &Constant{Pos: p.from(t), Value: p.numberValue(t)}
		if !isComplex(right) {
			p.unexpected()
		}
		return &BinOp{Pos: p.from(start), Left: left, Op: op, Right: right}
	}
	return left
}

func isComplex(e Expr) bool {
	if u, ok := e.(*UnaryOp); ok {
		e = u.Operand
	}
	c, ok := e.(*Constant)
	if !ok {
		return false
	}
	_, ok = c.Value.(complex128)
	return ok
}

func (p *parser) signedNumber() Expr {
	start := p.tok
	negative := p.acceptOp(oMinus)
	t := p.tok
	if t.kind != tNumber {
		p.unexpected()
	}
	p.next()
	var e Expr = &Constant{Pos: p.from(t), Value: p.numberValue(t)}
	if negative {
		e = &UnaryOp{Pos: p.from(start), Op: USub, Operand: e}
	}
	return e
}

// namePattern reads a capture, a wildcard, a dotted value or a class pattern.
func (p *parser) namePattern() Pattern {
	start := p.tok
	id := p.name()
	if !p.isOp(oDot) && !p.isOp(oLPar) {
		if id == "_" {
			return &MatchAs{Pos: p.from(start)}
		}
		return &MatchAs{Pos: p.from(start), Name: id}
	}
	var e Expr = &Name{Pos: p.from(start), ID: id}
	for p.acceptOp(oDot) {
		attr := p.name()
		e = &Attribute{Pos: p.from(start), Value: e, Attr: attr}
	}
	if !p.isOp(oLPar) {
		return &MatchValue{Pos: p.from(start), Value: e}
	}
	p.next()
	c := &MatchClass{Cls: e}
	for !p.isOp(oRPar) {
		if p.tok.kind == tName && p.tok.kw == kNone && p.peek(1).op == oAssign {
			c.KwdAttrs = append(c.KwdAttrs, p.name())
			p.next()
			c.KwdPatterns = append(c.KwdPatterns, p.patternAs())
		} else {
			c.Patterns = append(c.Patterns, p.patternAs())
			if len(c.KwdAttrs) > 0 {
				p.unexpected()
			}
		}
		if !p.acceptOp(oComma) {
			break
		}
	}
	p.expectOp(oRPar)
	c.Pos = p.from(start)
	return c
}

func (p *parser) groupPattern() Pattern {
	start := p.tok
	p.next()
	if p.acceptOp(oRPar) {
		return &MatchSequence{Pos: p.from(start)}
	}
	first := p.maybeStarPattern()
	if p.isOp(oComma) {
		list := []Pattern{first}
		for p.acceptOp(oComma) {
			if p.isOp(oRPar) {
				break
			}
			list = append(list, p.maybeStarPattern())
		}
		p.expectOp(oRPar)
		return &MatchSequence{Pos: p.from(start), Patterns: list}
	}
	if _, star := first.(*MatchStar); star {
		p.unexpected()
	}
	p.expectOp(oRPar)
	return first
}

func (p *parser) patternList(closing op) []Pattern {
	var list []Pattern
	for !p.isOp(closing) {
		list = append(list, p.maybeStarPattern())
		if !p.acceptOp(oComma) {
			break
		}
	}
	p.expectOp(closing)
	return list
}

func (p *parser) mappingPattern() Pattern {
	start := p.tok
	p.next()
	m := &MatchMapping{}
	for !p.isOp(oRBrace) {
		if p.acceptOp(oDStar) {
			if p.isSoft("_") {
				p.unexpected()
			}
			m.Rest = p.name()
			p.acceptOp(oComma)
			break
		}
		m.Keys = append(m.Keys, p.mappingKey())
		p.expectOp(oColon)
		m.Patterns = append(m.Patterns, p.patternAs())
		if !p.acceptOp(oComma) {
			break
		}
	}
	p.expectOp(oRBrace)
	m.Pos = p.from(start)
	return m
}

func (p *parser) mappingKey() Expr {
	start := p.tok
	switch {
	case start.kind == tNumber || start.kind == tString || start.op == oMinus:
		return p.literalPattern()
	case start.kw == kNoneValue || start.kw == kTrue || start.kw == kFalse:
		return p.atom()
	case start.kind == tName && start.kw == kNone && p.peek(1).op == oDot:
		var e Expr = &Name{ID: p.name()}
		e.Span().copyFrom(p.from(start))
		for p.acceptOp(oDot) {
			attr := p.name()
			e = &Attribute{Pos: p.from(start), Value: e, Attr: attr}
		}
		return e
	}
	p.unexpected()
	return nil
}
