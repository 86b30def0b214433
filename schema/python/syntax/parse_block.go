package syntax

// block reads what follows a colon: statements on the same line, or an indented block.
func (p *parser) block() []Stmt {
	if p.tok.kind != tNewline {
		return p.simpleStmts(nil)
	}
	p.next()
	if p.tok.kind != tIndent {
		p.unexpected()
	}
	p.next()
	body := p.statements()
	if p.tok.kind != tDedent {
		p.unexpected()
	}
	p.next()
	return body
}

// blockPos gives the position from a token to the last one read that is no layout: a semicolon behind the last
// statement of a body is part of the compound statement, as in CPython.
func (p *parser) blockPos(start token) Pos {
	i := p.i - 1
	for i > 0 && p.tokens[i].kind >= tNewline && p.tokens[i].kind <= tDedent {
		i--
	}
	end := &p.tokens[i]
	return p.pos(start.start, start.line, end.end, end.endLine)
}

func (p *parser) ifStmt() Stmt {
	p.enter()
	defer p.leave()
	start := p.tok
	p.next()
	s := &If{Test: p.namedExpression()}
	p.expectColon()
	s.Body = p.block()
	switch {
	case p.isKw(kElif):
		s.Orelse = []Stmt{p.ifStmt()}
	case p.isKw(kElse):
		s.Orelse = p.elseBlock()
	}
	s.Pos = p.blockPos(start)
	return s
}

func (p *parser) elseBlock() []Stmt {
	if !p.isKw(kElse) {
		return nil
	}
	p.next()
	p.expectColon()
	return p.block()
}

func (p *parser) whileStmt() Stmt {
	start := p.tok
	p.next()
	s := &While{Test: p.namedExpression()}
	p.expectColon()
	s.Body = p.block()
	s.Orelse = p.elseBlock()
	s.Pos = p.blockPos(start)
	return s
}

func (p *parser) forStmt(start token, async bool) Stmt {
	p.expectKw(kFor)
	target := p.targets()
	p.expectKw(kIn)
	iter := p.starExpressions()
	p.expectColon()
	body := p.block()
	orelse := p.elseBlock()
	pos := p.blockPos(start)
	if async {
		return &AsyncFor{Pos: pos, Target: target, Iter: iter, Body: body, Orelse: orelse}
	}
	return &For{Pos: pos, Target: target, Iter: iter, Body: body, Orelse: orelse}
}

func (p *parser) withStmt(start token, async bool) Stmt {
	p.expectKw(kWith)
	var items []*WithItem
	parens := false
	if p.isOp(oLPar) {
		parens = p.attempt(func() {
			p.next()
			for {
				items = append(items, p.withItem(true))
				if !p.acceptOp(oComma) || p.isOp(oRPar) {
					break
				}
			}
			p.expectOp(oRPar)
			if !p.isOp(oColon) {
				p.unexpected()
			}
		})
	}
	if !parens {
		items = []*WithItem{p.withItem(false)}
		for p.acceptOp(oComma) {
			items = append(items, p.withItem(false))
		}
	}
	p.expectColon()
	body := p.block()
	pos := p.blockPos(start)
	if async {
		return &AsyncWith{Pos: pos, Items: items, Body: body}
	}
	return &With{Pos: pos, Items: items, Body: body}
}

func (p *parser) withItem(parens bool) *WithItem {
	item := &WithItem{ContextExpr: p.expression()}
	if p.acceptKw(kAs) {
		t := p.targetElement()
		p.store(t, withTarget)
		item.OptionalVars = t
		if !p.isOp(oComma) && !p.isOp(oColon) && !(parens && p.isOp(oRPar)) {
			p.unexpected()
		}
	}
	return item
}

func (p *parser) asyncStmt(decorators []Expr) Stmt {
	start := p.tok
	p.next()
	switch p.tok.kw {
	case kDef:
		return p.funcDef(start, decorators, true)
	case kFor:
		if decorators == nil {
			return p.forStmt(start, true)
		}
	case kWith:
		if decorators == nil {
			return p.withStmt(start, true)
		}
	}
	p.unexpected()
	return nil
}

func (p *parser) decorated() Stmt {
	decorators := []Expr{}
	for p.acceptOp(oAt) {
		decorators = append(decorators, p.namedExpression())
		if p.tok.kind != tNewline {
			p.unexpected()
		}
		p.next()
	}
	switch p.tok.kw {
	case kDef:
		return p.funcDef(p.tok, decorators, false)
	case kClass:
		return p.classDef(decorators)
	case kAsync:
		return p.asyncStmt(decorators)
	}
	p.unexpected()
	return nil
}

func (p *parser) funcDef(start token, decorators []Expr, async bool) Stmt {
	p.expectKw(kDef)
	name := p.name()
	params := p.typeParams()
	p.expectOp(oLPar)
	args := p.parameters(oRPar, true)
	p.expectOp(oRPar)
	var returns Expr
	if p.acceptOp(oArrow) {
		returns = p.expression()
	}
	p.expectColon()
	body := p.block()
	pos := p.blockPos(start)
	if async {
		return &AsyncFunctionDef{Pos: pos, Name: name, Args: args, Body: body, DecoratorList: decorators, Returns: returns, TypeParams: params}
	}
	return &FunctionDef{Pos: pos, Name: name, Args: args, Body: body, DecoratorList: decorators, Returns: returns, TypeParams: params}
}

func (p *parser) classDef(decorators []Expr) Stmt {
	start := p.tok
	p.next()
	s := &ClassDef{Name: p.name(), DecoratorList: decorators}
	s.TypeParams = p.typeParams()
	if p.isOp(oLPar) {
		p.arguments(&s.Bases, &s.Keywords, false)
	}
	p.expectColon()
	s.Body = p.block()
	s.Pos = p.blockPos(start)
	return s
}

func (p *parser) tryStmt() Stmt {
	start := p.tok
	p.next()
	p.expectColon()
	body := p.block()
	var handlers []*ExceptHandler
	star := false
	for i := 0; p.isKw(kExcept); i++ {
		h, isStar := p.exceptHandler()
		if i > 0 && isStar != star {
			p.unexpected()
		}
		star = isStar
		handlers = append(handlers, h)
	}
	var orelse, final []Stmt
	if len(handlers) > 0 {
		orelse = p.elseBlock()
	}
	if p.isKw(kFinally) {
		p.next()
		p.expectColon()
		final = p.block()
	}
	if len(handlers) == 0 && final == nil {
		p.unexpected()
	}
	pos := p.blockPos(start)
	if star {
		return &TryStar{Pos: pos, Body: body, Handlers: handlers, Orelse: orelse, Finalbody: final}
	}
	return &Try{Pos: pos, Body: body, Handlers: handlers, Orelse: orelse, Finalbody: final}
}

func (p *parser) exceptHandler() (*ExceptHandler, bool) {
	start := p.tok
	p.next()
	h := &ExceptHandler{}
	star := !p.before(11) && p.acceptOp(oStar)
	if !p.isOp(oColon) {
		first := p.tok
		h.Type = p.expression()
		if p.isOp(oComma) {
			p.exceptWithoutParens(first, h)
		}
		if p.acceptKw(kAs) {
			h.Name = p.name()
		}
	} else if star {
		p.unexpected()
	}
	p.expectColon()
	h.Body = p.block()
	h.Pos = p.blockPos(start)
	return h, star
}

// exceptWithoutParens reads "except A, B:" of Python 3.14; before, and with "as", it is refused.
func (p *parser) exceptWithoutParens(first token, h *ExceptHandler) {
	elts := []Expr{h.Type}
	for p.acceptOp(oComma) {
		if p.isOp(oColon) {
			break
		}
		elts = append(elts, p.expression())
	}
	if p.before(14) || p.isKw(kAs) {
		p.unexpected()
	}
	h.Type = &Tuple{Pos: p.from(first), Elts: elts}
}
