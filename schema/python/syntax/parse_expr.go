package syntax

// expression: disjunction ['if' disjunction 'else' expression] | lambda.
func (p *parser) expression() Expr {
	p.enter()
	defer p.leave()
	if p.isKw(kLambda) {
		return p.lambda()
	}
	start := p.tok
	e := p.disjunction()
	if p.isKw(kIf) {
		p.next()
		test := p.disjunction()
		p.expectKw(kElse)
		orelse := p.expression()
		return &IfExp{Pos: p.from(start), Test: test, Body: e, Orelse: orelse}
	}
	return e
}

// namedExpression: NAME ':=' expression | expression.
func (p *parser) namedExpression() Expr {
	if p.tok.kind == tName && p.tok.kw == kNone && p.peek(1).op == oColonEq {
		start := p.tok
		target := &Name{ID: p.ident(p.tok), Ctx: Store}
		p.next()
		target.Pos = p.from(start)
		p.next()
		value := p.expression()
		return &NamedExpr{Pos: p.from(start), Target: target, Value: value}
	}
	e := p.expression()
	if p.isOp(oColonEq) {
		p.unexpected()
	}
	return e
}

// starNamedExpression: '*' bitwise_or | named_expression.
func (p *parser) starNamedExpression() Expr {
	if p.isOp(oStar) {
		return p.starred()
	}
	return p.namedExpression()
}

func (p *parser) starred() Expr {
	start := p.tok
	p.next()
	v := p.bitOr()
	return &Starred{Pos: p.from(start), Value: v}
}

func (p *parser) starExpression() Expr {
	if p.isOp(oStar) {
		return p.starred()
	}
	return p.expression()
}

// starExpressions: a tuple without parentheses, or one expression.
func (p *parser) starExpressions() Expr {
	start := p.tok
	first := p.starExpression()
	if !p.isOp(oComma) {
		return first
	}
	return p.tupleRest(start, first, p.starExpression)
}

// tupleRest reads ", x, y[,]" behind the first element.
func (p *parser) tupleRest(start token, first Expr, element func() Expr) Expr {
	elts := []Expr{first}
	for p.acceptOp(oComma) {
		if !p.startsExpression() {
			break
		}
		elts = append(elts, element())
	}
	return &Tuple{Pos: p.from(start), Elts: elts}
}

// startsExpression tells whether the current token can begin an expression.
func (p *parser) startsExpression() bool {
	switch p.tok.kind {
	case tName:
		switch p.tok.kw {
		case kNone, kFalse, kNoneValue, kTrue, kAwait, kLambda, kNot, kYield:
			return true
		}
		return false
	case tNumber, tString:
		return true
	case tOp:
		switch p.tok.op {
		case oLPar, oLSqb, oLBrace, oMinus, oPlus, oTilde, oStar, oEllipsis:
			return true
		}
	}
	return false
}

func (p *parser) yieldOrStar() Expr {
	if p.isKw(kYield) {
		return p.yield()
	}
	return p.starExpressions()
}

func (p *parser) yield() Expr {
	start := p.tok
	p.next()
	if p.acceptKw(kFrom) {
		v := p.expression()
		return &YieldFrom{Pos: p.from(start), Value: v}
	}
	var v Expr
	if p.startsExpression() && !p.isKw(kYield) {
		v = p.starExpressions()
	}
	return &Yield{Pos: p.from(start), Value: v}
}

func (p *parser) disjunction() Expr {
	start := p.tok
	e := p.conjunction()
	if !p.isKw(kOr) {
		return e
	}
	values := []Expr{e}
	for p.acceptKw(kOr) {
		values = append(values, p.conjunction())
	}
	return &BoolOp{Pos: p.from(start), Op: Or, Values: values}
}

func (p *parser) conjunction() Expr {
	start := p.tok
	e := p.inversion()
	if !p.isKw(kAnd) {
		return e
	}
	values := []Expr{e}
	for p.acceptKw(kAnd) {
		values = append(values, p.inversion())
	}
	return &BoolOp{Pos: p.from(start), Op: And, Values: values}
}

func (p *parser) inversion() Expr {
	if p.isKw(kNot) {
		p.enter()
		defer p.leave()
		start := p.tok
		p.next()
		e := p.inversion()
		return &UnaryOp{Pos: p.from(start), Op: Not, Operand: e}
	}
	return p.comparison()
}

func (p *parser) cmpOp() (CmpOperator, bool) {
	switch p.tok.op {
	case oEqEq:
		p.next()
		return Eq, true
	case oNotEq:
		p.next()
		return NotEq, true
	case oLess:
		p.next()
		return Lt, true
	case oLessEq:
		p.next()
		return LtE, true
	case oGreater:
		p.next()
		return Gt, true
	case oGreaterEq:
		p.next()
		return GtE, true
	}
	switch p.tok.kw {
	case kIn:
		p.next()
		return In, true
	case kNot:
		if p.peek(1).kw == kIn {
			p.next()
			p.next()
			return NotIn, true
		}
	case kIs:
		p.next()
		if p.acceptKw(kNot) {
			return IsNot, true
		}
		return Is, true
	}
	return 0, false
}

func (p *parser) comparison() Expr {
	start := p.tok
	e := p.bitOr()
	op, ok := p.cmpOp()
	if !ok {
		return e
	}
	c := &Compare{Left: e}
	for ok {
		c.Ops = append(c.Ops, op)
		c.Comparators = append(c.Comparators, p.bitOr())
		op, ok = p.cmpOp()
	}
	c.Pos = p.from(start)
	return c
}

type binary struct {
	op   Operator
	prec int8
}

var binaryOps = [oDSlash + 2]binary{
	oVBar: {BitOr, 1}, oCircum: {BitXor, 2}, oAmper: {BitAnd, 3}, oLShift: {LShift, 4}, oRShift: {RShift, 4}, oPlus: {Add, 5}, oMinus: {Sub, 5},
	oStar: {Mult, 6}, oSlash: {Div, 6}, oDSlash: {FloorDiv, 6}, oPercent: {Mod, 6}, oAt: {MatMult, 6},
}

func (p *parser) bitOr() Expr { return p.binary(1) }

// binary reads operators of at least the given strength, left to right.
func (p *parser) binary(prec int8) Expr {
	start := p.tok
	left := p.factor()
	for int(p.tok.op) < len(binaryOps) && binaryOps[p.tok.op].prec >= prec {
		b := binaryOps[p.tok.op]
		p.next()
		right := p.binary(b.prec + 1)
		left = &BinOp{Pos: p.from(start), Left: left, Op: b.op, Right: right}
	}
	return left
}

func (p *parser) factor() Expr {
	var op UnaryOperator
	switch p.tok.op {
	case oMinus:
		op = USub
	case oPlus:
		op = UAdd
	case oTilde:
		op = Invert
	default:
		return p.power()
	}
	p.enter()
	defer p.leave()
	start := p.tok
	p.next()
	e := p.factor()
	return &UnaryOp{Pos: p.from(start), Op: op, Operand: e}
}

func (p *parser) power() Expr {
	start := p.tok
	var e Expr
	if p.isKw(kAwait) {
		p.next()
		v := p.primary()
		e = &Await{Pos: p.from(start), Value: v}
	} else {
		e = p.primary()
	}
	if p.isOp(oDStar) {
		p.enter()
		defer p.leave()
		p.next()
		right := p.factor()
		return &BinOp{Pos: p.from(start), Left: e, Op: Pow, Right: right}
	}
	return e
}

func (p *parser) primary() Expr {
	start := p.tok
	e := p.atom()
	for {
		switch p.tok.op {
		case oDot:
			p.next()
			name := p.name()
			e = &Attribute{Pos: p.from(start), Value: e, Attr: name}
		case oLPar:
			p.enter()
			c := &Call{Func: e}
			p.arguments(&c.Args, &c.Keywords, true)
			c.Pos = p.from(start)
			e = c
			p.leave()
		case oLSqb:
			p.enter()
			p.next()
			s := p.slices()
			p.expectOp(oRSqb)
			e = &Subscript{Pos: p.from(start), Value: e, Slice: s}
			p.leave()
		default:
			return e
		}
	}
}

func (p *parser) slices() Expr {
	start := p.tok
	first := p.slice()
	if !p.isOp(oComma) {
		if _, ok := first.(*Starred); ok {
			return &Tuple{Pos: p.from(start), Elts: []Expr{first}}
		}
		return first
	}
	elts := []Expr{first}
	for p.acceptOp(oComma) {
		if p.isOp(oRSqb) {
			break
		}
		elts = append(elts, p.slice())
	}
	return &Tuple{Pos: p.from(start), Elts: elts}
}

func (p *parser) slice() Expr {
	start := p.tok
	if p.isOp(oStar) && !p.before(11) {
		p.next()
		v := p.expression()
		return &Starred{Pos: p.from(start), Value: v}
	}
	var lower Expr
	if !p.isOp(oColon) {
		lower = p.namedExpression()
		if !p.isOp(oColon) {
			return lower
		}
		if _, ok := lower.(*NamedExpr); ok && lower.Span().Start == start.start {
			p.unexpected()
		}
	}
	s := &Slice{Lower: lower}
	p.next()
	if !p.isOp(oColon) && !p.isOp(oComma) && !p.isOp(oRSqb) {
		s.Upper = p.expression()
	}
	if p.acceptOp(oColon) && !p.isOp(oComma) && !p.isOp(oRSqb) {
		s.Step = p.expression()
	}
	s.Pos = p.from(start)
	return s
}

// arguments reads "(…)" of a call or class; genexp says whether a bare generator expression may stand there.
func (p *parser) arguments(args *[]Expr, keywords *[]*Keyword, genexp bool) {
	open := p.tok
	p.expectOp(oLPar)
	sawKeyword, sawDouble := false, false
	for !p.isOp(oRPar) {
		start := p.tok
		switch {
		case p.isOp(oStar):
			if sawDouble {
				p.unexpected()
			}
			p.next()
			v := p.expression()
			*args = append(*args, &Starred{Pos: p.from(start), Value: v})
		case p.isOp(oDStar):
			sawDouble = true
			p.next()
			v := p.expression()
			*keywords = append(*keywords, &Keyword{Pos: p.from(start), Value: v})
		case p.tok.kind == tName && p.peek(1).op == oAssign:
			if p.tok.kw != kNone {
				p.unexpected()
			}
			sawKeyword = true
			name := p.ident(p.tok)
			p.next()
			p.next()
			v := p.expression()
			*keywords = append(*keywords, &Keyword{Pos: p.from(start), Arg: name, Value: v})
		default:
			e := p.namedExpression()
			if p.isKw(kFor) || p.isKw(kAsync) {
				gens := p.generators()
				if !genexp || len(*args)+len(*keywords) > 0 || !p.isOp(oRPar) {
					p.unexpected()
				}
				p.next()
				*args = append(*args, &GeneratorExp{Pos: p.from(open), Elt: e, Generators: gens})
				return
			}
			if sawDouble || sawKeyword {
				p.unexpected()
			}
			*args = append(*args, e)
		}
		if !p.acceptOp(oComma) {
			break
		}
	}
	p.expectOp(oRPar)
}

// generators reads one or more "for target in iter [if cond]…".
func (p *parser) generators() []*Comprehension {
	var out []*Comprehension
	for p.isKw(kFor) || p.isKw(kAsync) && p.peek(1).kw == kFor {
		c := &Comprehension{}
		if p.acceptKw(kAsync) {
			c.IsAsync = 1
		}
		p.next()
		c.Target = p.targets()
		p.expectKw(kIn)
		c.Iter = p.disjunction()
		for p.acceptKw(kIf) {
			c.Ifs = append(c.Ifs, p.disjunction())
		}
		out = append(out, c)
	}
	if len(out) == 0 {
		p.unexpected()
	}
	return out
}

// targets reads the left side of a for: one target, or several with commas.
func (p *parser) targets() Expr {
	start := p.tok
	first := p.targetElement()
	if p.isOp(oComma) {
		elts := []Expr{first}
		for p.acceptOp(oComma) {
			if !p.startsExpression() {
				break
			}
			elts = append(elts, p.targetElement())
		}
		first = &Tuple{Pos: p.from(start), Elts: elts}
	}
	p.store(first, forTarget)
	return first
}

func (p *parser) targetElement() Expr {
	if p.isOp(oStar) {
		return p.starred()
	}
	return p.bitOr()
}

func (p *parser) lambda() Expr {
	start := p.tok
	p.next()
	args := p.parameters(oColon, false)
	p.expectColon()
	body := p.expression()
	return &Lambda{Pos: p.from(start), Args: args, Body: body}
}
