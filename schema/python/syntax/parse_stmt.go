package syntax

import "strings"

// statements reads statements until a dedent or the end.
func (p *parser) statements() []Stmt {
	var out []Stmt
	for p.tok.kind != tEOF && p.tok.kind != tDedent {
		out = p.statement(out)
	}
	return out
}

func (p *parser) statement(out []Stmt) []Stmt {
	p.enter()
	defer p.leave()
	switch p.tok.kw {
	case kIf:
		return append(out, p.ifStmt())
	case kWhile:
		return append(out, p.whileStmt())
	case kFor:
		return append(out, p.forStmt(p.tok, false))
	case kTry:
		return append(out, p.tryStmt())
	case kWith:
		return append(out, p.withStmt(p.tok, false))
	case kDef:
		return append(out, p.funcDef(p.tok, nil, false))
	case kClass:
		return append(out, p.classDef(nil))
	case kAsync:
		return append(out, p.asyncStmt(nil))
	case kNone:
		if p.tok.op == oAt {
			return append(out, p.decorated())
		}
		if p.isSoft("match") && !p.before(10) {
			if s := p.matchStmt(); s != nil {
				return append(out, s)
			}
		}
	}
	return p.simpleStmts(out)
}

// simpleStmts reads "a; b; c NEWLINE".
func (p *parser) simpleStmts(out []Stmt) []Stmt {
	for {
		out = append(out, p.simpleStmt())
		if !p.acceptOp(oSemi) {
			break
		}
		if p.tok.kind == tNewline {
			break
		}
	}
	if p.tok.kind != tNewline {
		p.unexpected()
	}
	p.next()
	return out
}

func (p *parser) simpleStmt() Stmt {
	start := p.tok
	switch p.tok.kw {
	case kPass:
		p.next()
		return &Pass{Pos: p.from(start)}
	case kBreak:
		p.next()
		return &Break{Pos: p.from(start)}
	case kContinue:
		p.next()
		return &Continue{Pos: p.from(start)}
	case kReturn:
		p.next()
		var v Expr
		if p.tok.kind != tNewline && p.tok.op != oSemi {
			v = p.starExpressions()
		}
		return &Return{Pos: p.from(start), Value: v}
	case kRaise:
		p.next()
		s := &Raise{}
		if p.tok.kind != tNewline && p.tok.op != oSemi {
			s.Exc = p.expression()
			if p.acceptKw(kFrom) {
				s.Cause = p.expression()
			}
		}
		s.Pos = p.from(start)
		return s
	case kGlobal, kNonlocal:
		p.next()
		names := []string{p.name()}
		for p.acceptOp(oComma) {
			names = append(names, p.name())
		}
		if start.kw == kGlobal {
			return &Global{Pos: p.from(start), Names: names}
		}
		return &Nonlocal{Pos: p.from(start), Names: names}
	case kDel:
		return p.delStmt()
	case kAssert:
		p.next()
		s := &Assert{Test: p.expression()}
		if p.acceptOp(oComma) {
			s.Msg = p.expression()
		}
		s.Pos = p.from(start)
		return s
	case kImport:
		return p.importStmt()
	case kFrom:
		return p.importFrom()
	case kNone:
		if p.isSoft("type") && p.peek(1).kind == tName && p.peek(1).kw == kNone && (p.peek(2).op == oAssign || p.peek(2).op == oLSqb) && !p.py311 {
			return p.typeAlias()
		}
	}
	return p.exprStmt()
}

func (p *parser) typeAlias() Stmt {
	start := p.tok
	p.next()
	nameTok := p.tok
	s := &TypeAlias{}
	id := p.name()
	s.Name = &Name{Pos: p.from(nameTok), ID: id, Ctx: Store}
	s.TypeParams = p.typeParams()
	p.expectOp(oAssign)
	s.Value = p.expression()
	s.Pos = p.from(start)
	return s
}

// typeParams reads "[T, *Ts, **P]" of PEP 695, if it is there.
func (p *parser) typeParams() []TypeParam {
	if !p.isOp(oLSqb) || p.py311 {
		return nil
	}
	p.next()
	var out []TypeParam
	for !p.isOp(oRSqb) {
		start := p.tok
		def := func(star bool) Expr {
			if p.before(13) || !p.acceptOp(oAssign) {
				return nil
			}
			if star && p.isOp(oStar) {
				return p.starred()
			}
			return p.expression()
		}
		switch {
		case p.acceptOp(oDStar):
			t := &ParamSpec{Name: p.name(), Default: def(false)}
			t.Pos = p.from(start)
			out = append(out, t)
		case p.acceptOp(oStar):
			t := &TypeVarTuple{Name: p.name(), Default: def(true)}
			t.Pos = p.from(start)
			out = append(out, t)
		default:
			t := &TypeVar{Name: p.name()}
			if p.acceptOp(oColon) {
				t.Bound = p.expression()
			}
			t.Default = def(false)
			t.Pos = p.from(start)
			out = append(out, t)
		}
		if !p.acceptOp(oComma) {
			break
		}
	}
	if len(out) == 0 {
		p.unexpected()
	}
	p.expectOp(oRSqb)
	return out
}

var augOps = map[op]Operator{
	oPlusEq: Add, oMinusEq: Sub, oStarEq: Mult, oAtEq: MatMult, oSlashEq: Div, oPercentEq: Mod, oAmperEq: BitAnd, oVBarEq: BitOr, oCircumEq: BitXor,
	oLShiftEq: LShift, oRShiftEq: RShift, oDStarEq: Pow, oDSlashEq: FloorDiv,
}

// exprStmt reads an expression statement or any kind of assignment.
func (p *parser) exprStmt() Stmt {
	start := p.tok
	e := p.yieldOrStar()
	switch {
	case p.isOp(oColon):
		return p.annAssign(start, e)
	case p.isOp(oAssign):
		targets := []Expr{e}
		var value Expr
		for p.acceptOp(oAssign) {
			value = p.yieldOrStar()
			if p.isOp(oAssign) {
				targets = append(targets, value)
			}
		}
		for _, t := range targets {
			p.store(t, assignTarget)
		}
		return &Assign{Pos: p.from(start), Targets: targets, Value: value}
	case p.tok.op >= oPlusEq:
		op := augOps[p.tok.op]
		p.store(e, augTarget)
		if _, starred := e.(*Starred); starred {
			p.unexpected()
		}
		p.next()
		value := p.yieldOrStar()
		return &AugAssign{Pos: p.from(start), Target: e, Op: op, Value: value}
	}
	return &ExprStmt{Pos: p.from(start), Value: e}
}

func (p *parser) annAssign(start token, target Expr) Stmt {
	simple := 0
	switch t := target.(type) {
	case *Name:
		if start.kind == tName {
			simple = 1
		}
		t.Ctx = Store
	case *Attribute:
		t.Ctx = Store
	case *Subscript:
		t.Ctx = Store
	default:
		p.unexpected()
	}
	p.next()
	s := &AnnAssign{Target: target, Annotation: p.expression(), Simple: simple}
	if p.acceptOp(oAssign) {
		s.Value = p.yieldOrStar()
	}
	s.Pos = p.from(start)
	return s
}

func (p *parser) delStmt() Stmt {
	start := p.tok
	p.next()
	var targets []Expr
	for {
		e := p.bitOr()
		p.store(e, delTarget)
		targets = append(targets, e)
		if !p.acceptOp(oComma) || p.tok.kind == tNewline || p.isOp(oSemi) {
			break
		}
	}
	return &Delete{Pos: p.from(start), Targets: targets}
}

func (p *parser) dottedName() string {
	name := p.name()
	if !p.isOp(oDot) {
		return name
	}
	parts := []string{name}
	for p.acceptOp(oDot) {
		parts = append(parts, p.name())
	}
	return strings.Join(parts, ".")
}

func (p *parser) importStmt() Stmt {
	start := p.tok
	p.next()
	var names []*Alias
	for {
		t := p.tok
		a := &Alias{Name: p.dottedName()}
		if p.acceptKw(kAs) {
			a.AsName = p.name()
		}
		a.Pos = p.from(t)
		names = append(names, a)
		if !p.acceptOp(oComma) {
			break
		}
	}
	return &Import{Pos: p.from(start), Names: names}
}

func (p *parser) importFrom() Stmt {
	start := p.tok
	p.next()
	s := &ImportFrom{}
	for p.isOp(oDot) || p.isOp(oEllipsis) {
		if p.isOp(oEllipsis) {
			s.Level += 2
		}
		s.Level++
		p.next()
	}
	if s.Level == 0 || !p.isKw(kImport) {
		s.Module, s.HasModule = p.dottedName(), true
	}
	p.expectKw(kImport)
	if p.isOp(oStar) {
		t := p.tok
		p.next()
		s.Names = []*Alias{{Pos: p.from(t), Name: "*"}}
		s.Pos = p.from(start)
		return s
	}
	parens := p.acceptOp(oLPar)
	for {
		t := p.tok
		a := &Alias{Name: p.name()}
		if p.acceptKw(kAs) {
			a.AsName = p.name()
		}
		a.Pos = p.from(t)
		s.Names = append(s.Names, a)
		if !p.acceptOp(oComma) {
			break
		}
		if parens && p.isOp(oRPar) {
			break
		}
	}
	if parens {
		p.expectOp(oRPar)
	}
	s.Pos = p.from(start)
	return s
}
