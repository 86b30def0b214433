package syntax

// targetKind says where a target stands; it shapes the message and what is allowed.
type targetKind uint8

const (
	assignTarget targetKind = iota
	forTarget
	delTarget
	withTarget
	augTarget
)

// store marks an expression, and what is inside a tuple or list, as assigned to (or deleted); anything that is no
// place to assign to is refused.
func (p *parser) store(e Expr, kind targetKind) {
	ctx := Store
	if kind == delTarget {
		ctx = Del
	}
	switch e := e.(type) {
	case *Name:
		e.Ctx = ctx
		return
	case *Attribute:
		e.Ctx = ctx
		return
	case *Subscript:
		e.Ctx = ctx
		return
	case *Starred:
		if kind == delTarget {
			p.unexpected()
		}
		if _, double := e.Value.(*Starred); double {
			p.unexpected()
		}
		e.Ctx = ctx
		p.store(e.Value, kind)
		return
	case *Tuple:
		if kind != augTarget {
			e.Ctx = ctx
			for _, x := range e.Elts {
				p.store(x, kind)
			}
			return
		}
	case *List:
		if kind != augTarget {
			e.Ctx = ctx
			for _, x := range e.Elts {
				p.store(x, kind)
			}
			return
		}
	}
	p.unexpected()
}

// describe names a kind of expression as CPython's messages do.
func describe(e Expr) string {
	switch e := e.(type) {
	case *Attribute:
		return "attribute"
	case *Subscript:
		return "subscript"
	case *Starred:
		return "starred"
	case *Name:
		return "name"
	case *List:
		return "list"
	case *Tuple:
		return "tuple"
	case *Lambda:
		return "lambda"
	case *Call:
		return "function call"
	case *BoolOp, *BinOp, *UnaryOp:
		return "expression"
	case *GeneratorExp:
		return "generator expression"
	case *Yield, *YieldFrom:
		return "yield expression"
	case *Await:
		return "await expression"
	case *ListComp:
		return "list comprehension"
	case *SetComp:
		return "set comprehension"
	case *DictComp:
		return "dict comprehension"
	case *Dict:
		return "dict literal"
	case *Set:
		return "set display"
	case *JoinedStr, *FormattedValue:
		return "f-string expression"
	case *TemplateStr:
		return "t-string expression"
	case *Constant:
		switch e.Value {
		case nil:
			return "None"
		case true:
			return "True"
		case false:
			return "False"
		case Ellipsis{}:
			return "ellipsis"
		}
		return "literal"
	case *Compare:
		return "comparison"
	case *IfExp:
		return "conditional expression"
	case *NamedExpr:
		return "named expression"
	}
	return "expression"
}
