package syntax

// parameters reads a parameter list up to, not including, the closing token.
func (p *parser) parameters(closing op, annotated bool) *Arguments {
	a := &Arguments{}
	star, slash, defaulted := false, false, false
	for !p.isOp(closing) {
		switch {
		case p.isOp(oSlash):
			if slash || star || len(a.Args) == 0 {
				p.unexpected()
			}
			slash = true
			a.PosOnlyArgs, a.Args = a.Args, nil
			p.next()
		case p.isOp(oDStar):
			p.next()
			a.Kwarg = p.parameter(annotated, false)
			p.acceptOp(oComma)
			if !p.isOp(closing) {
				p.unexpected()
			}
			return a
		case p.isOp(oStar):
			if star {
				p.unexpected()
			}
			star = true
			p.next()
			if p.isOp(oComma) {
				if n := p.peek(1); n.op == closing || n.op == oDStar {
					p.unexpected()
				}
			} else {
				a.Vararg = p.parameter(annotated, annotated)
			}
		default:
			arg := p.parameter(annotated, false)
			var value Expr
			if p.acceptOp(oAssign) {
				value = p.expression()
			}
			switch {
			case star:
				a.KwOnlyArgs = append(a.KwOnlyArgs, arg)
				a.KwDefaults = append(a.KwDefaults, value)
			default:
				if value != nil {
					defaulted = true
					a.Defaults = append(a.Defaults, value)
				} else if defaulted {
					p.unexpected()
				}
				a.Args = append(a.Args, arg)
			}
		}
		if !p.acceptOp(oComma) {
			break
		}
	}
	if !p.isOp(closing) {
		p.unexpected()
	}
	return a
}

func (p *parser) parameter(annotated, starAnnotation bool) *Arg {
	start := p.tok
	arg := &Arg{Arg: p.name()}
	if annotated && p.acceptOp(oColon) {
		if starAnnotation && p.isOp(oStar) {
			arg.Annotation = p.starred()
		} else {
			arg.Annotation = p.expression()
		}
	}
	arg.Pos = p.from(start)
	return arg
}
