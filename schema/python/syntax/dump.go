package syntax

import (
	"bufio"
	"io"
	"strconv"
)

// Dump writes the tree as CPython 3.11's ast.dump(tree, include_attributes=True) does; what came later as later versions do.
func Dump(w io.Writer, m *Module) error {
	d := &dumper{w: bufio.NewWriterSize(w, 64<<10)}
	d.str("Module(body=[")
	list(d, m.Body, func(s Stmt) { d.node(s) })
	d.str("], type_ignores=[])")
	return d.w.Flush()
}

type dumper struct{ w *bufio.Writer }

func (d *dumper) str(s string) { d.w.WriteString(s) }

func list[T any](d *dumper, items []T, f func(T)) {
	for i, x := range items {
		if i > 0 {
			d.str(", ")
		}
		f(x)
	}
}

// fields writes "Name(" and the fields that are present.
type fields struct {
	d     *dumper
	first bool
}

func (d *dumper) open(name string) *fields {
	d.str(name)
	d.str("(")
	return &fields{d, true}
}

func (f *fields) key(name string) {
	if !f.first {
		f.d.str(", ")
	}
	f.first = false
	f.d.str(name)
	f.d.str("=")
}

func (f *fields) text(name, raw string) *fields {
	f.key(name)
	f.d.str(raw)
	return f
}

func (f *fields) quoted(name, s string) *fields { return f.text(name, reprString(s)) }

func (f *fields) optional(name, s string) *fields {
	if s == "" {
		return f
	}
	return f.quoted(name, s)
}

func (f *fields) expr(name string, e Expr) *fields {
	if e == nil {
		return f
	}
	f.key(name)
	f.d.node(e)
	return f
}

func (f *fields) exprs(name string, es []Expr) *fields {
	f.key(name)
	f.d.str("[")
	list(f.d, es, func(e Expr) {
		if e == nil {
			f.d.str("None")
		} else {
			f.d.node(e)
		}
	})
	f.d.str("]")
	return f
}

func (f *fields) stmts(name string, ss []Stmt) *fields {
	f.key(name)
	f.d.str("[")
	list(f.d, ss, func(s Stmt) { f.d.node(s) })
	f.d.str("]")
	return f
}

func (f *fields) names(name string, ss []string) *fields {
	f.key(name)
	f.d.str("[")
	list(f.d, ss, func(s string) { f.d.str(reprString(s)) })
	f.d.str("]")
	return f
}

func (f *fields) pats(name string, ps []Pattern) *fields {
	f.key(name)
	f.d.str("[")
	list(f.d, ps, func(p Pattern) { f.d.node(p) })
	f.d.str("]")
	return f
}

func nodes[T Node](f *fields, name string, items []T) *fields {
	f.key(name)
	f.d.str("[")
	list(f.d, items, func(x T) { f.d.node(x) })
	f.d.str("]")
	return f
}

func (f *fields) ctx(c Context) *fields { return f.text("ctx", c.String()+"()") }

func (f *fields) gens(gs []*Comprehension) *fields {
	f.key("generators")
	f.d.str("[")
	list(f.d, gs, func(c *Comprehension) {
		f.d.open("comprehension").expr("target", c.Target).expr("iter", c.Iter).exprs("ifs", c.Ifs).text("is_async", strconv.Itoa(c.IsAsync)).end()
	})
	f.d.str("]")
	return f
}

func (f *fields) arguments(a *Arguments) *fields {
	f.key("args")
	g := f.d.open("arguments")
	nodes(g, "posonlyargs", a.PosOnlyArgs)
	nodes(g, "args", a.Args)
	if a.Vararg != nil {
		g.key("vararg")
		f.d.node(a.Vararg)
	}
	nodes(g, "kwonlyargs", a.KwOnlyArgs)
	g.exprs("kw_defaults", a.KwDefaults)
	if a.Kwarg != nil {
		g.key("kwarg")
		f.d.node(a.Kwarg)
	}
	g.exprs("defaults", a.Defaults)
	g.end()
	return f
}

// typeParams writes the parameters of Python 3.12 where there are any: CPython 3.11 has no such field.
func (f *fields) typeParams(params []TypeParam) *fields {
	if len(params) > 0 {
		nodes(f, "type_params", params)
	}
	return f
}

func (f *fields) end() { f.d.str(")") }

// done writes the position and the closing parenthesis.
func (f *fields) done(p *Pos) {
	var buf [96]byte
	b := buf[:0]
	if !f.first {
		b = append(b, ", "...)
	}
	b = append(b, "lineno="...)
	b = strconv.AppendInt(b, int64(p.Lineno), 10)
	b = append(b, ", col_offset="...)
	b = strconv.AppendInt(b, int64(p.ColOffset), 10)
	b = append(b, ", end_lineno="...)
	b = strconv.AppendInt(b, int64(p.EndLineno), 10)
	b = append(b, ", end_col_offset="...)
	b = strconv.AppendInt(b, int64(p.EndColOffset), 10)
	b = append(b, ')')
	f.d.w.Write(b)
}

func (d *dumper) node(n Node) {
	switch n := n.(type) {
	case Stmt:
		d.stmt(n)
	case Expr:
		d.expr(n)
	case Pattern:
		d.pattern(n)
	case *Arg:
		d.open("arg").quoted("arg", n.Arg).expr("annotation", n.Annotation).done(n.Span())
	case *Keyword:
		d.open("keyword").optional("arg", n.Arg).expr("value", n.Value).done(n.Span())
	case *Alias:
		d.open("alias").quoted("name", n.Name).optional("asname", n.AsName).done(n.Span())
	case *TypeVar:
		d.open("TypeVar").quoted("name", n.Name).expr("bound", n.Bound).expr("default_value", n.Default).done(n.Span())
	case *ParamSpec:
		d.open("ParamSpec").quoted("name", n.Name).expr("default_value", n.Default).done(n.Span())
	case *TypeVarTuple:
		d.open("TypeVarTuple").quoted("name", n.Name).expr("default_value", n.Default).done(n.Span())
	case *ExceptHandler:
		d.open("ExceptHandler").expr("type", n.Type).optional("name", n.Name).stmts("body", n.Body).done(n.Span())
	}
}

func (d *dumper) function(name string, n Node, id string, a *Arguments, body []Stmt, decorators []Expr, returns Expr, params []TypeParam) {
	d.open(name).quoted("name", id).arguments(a).stmts("body", body).exprs("decorator_list", decorators).expr("returns", returns).typeParams(params).done(n.Span())
}

func (d *dumper) items(f *fields, items []*WithItem) *fields {
	f.key("items")
	d.str("[")
	list(d, items, func(i *WithItem) {
		d.open("withitem").expr("context_expr", i.ContextExpr).expr("optional_vars", i.OptionalVars).end()
	})
	d.str("]")
	return f
}

func (d *dumper) try(name string, p *Pos, body []Stmt, handlers []*ExceptHandler, orelse, final []Stmt) {
	f := d.open(name).stmts("body", body)
	nodes(f, "handlers", handlers).stmts("orelse", orelse).stmts("finalbody", final).done(p)
}

func (d *dumper) stmt(s Stmt) {
	p := s.Span()
	switch n := s.(type) {
	case *FunctionDef:
		d.function("FunctionDef", n, n.Name, n.Args, n.Body, n.DecoratorList, n.Returns, n.TypeParams)
	case *AsyncFunctionDef:
		d.function("AsyncFunctionDef", n, n.Name, n.Args, n.Body, n.DecoratorList, n.Returns, n.TypeParams)
	case *ClassDef:
		f := d.open("ClassDef").quoted("name", n.Name).exprs("bases", n.Bases)
		nodes(f, "keywords", n.Keywords).stmts("body", n.Body).exprs("decorator_list", n.DecoratorList).typeParams(n.TypeParams).done(p)
	case *Return:
		d.open("Return").expr("value", n.Value).done(p)
	case *Delete:
		d.open("Delete").exprs("targets", n.Targets).done(p)
	case *Assign:
		d.open("Assign").exprs("targets", n.Targets).expr("value", n.Value).done(p)
	case *TypeAlias:
		d.open("TypeAlias").expr("name", n.Name).typeParams(n.TypeParams).expr("value", n.Value).done(p)
	case *AugAssign:
		d.open("AugAssign").expr("target", n.Target).text("op", n.Op.String()+"()").expr("value", n.Value).done(p)
	case *AnnAssign:
		d.open("AnnAssign").expr("target", n.Target).expr("annotation", n.Annotation).expr("value", n.Value).text("simple", strconv.Itoa(n.Simple)).done(p)
	case *For:
		d.open("For").expr("target", n.Target).expr("iter", n.Iter).stmts("body", n.Body).stmts("orelse", n.Orelse).done(p)
	case *AsyncFor:
		d.open("AsyncFor").expr("target", n.Target).expr("iter", n.Iter).stmts("body", n.Body).stmts("orelse", n.Orelse).done(p)
	case *While:
		d.open("While").expr("test", n.Test).stmts("body", n.Body).stmts("orelse", n.Orelse).done(p)
	case *If:
		d.open("If").expr("test", n.Test).stmts("body", n.Body).stmts("orelse", n.Orelse).done(p)
	case *With:
		d.items(d.open("With"), n.Items).stmts("body", n.Body).done(p)
	case *AsyncWith:
		d.items(d.open("AsyncWith"), n.Items).stmts("body", n.Body).done(p)
	case *Match:
		f := d.open("Match").expr("subject", n.Subject)
		f.key("cases")
		d.str("[")
		list(d, n.Cases, func(c *MatchCase) {
			g := d.open("match_case")
			g.key("pattern")
			d.node(c.Pattern)
			g.expr("guard", c.Guard).stmts("body", c.Body).end()
		})
		d.str("]")
		f.done(p)
	case *Raise:
		d.open("Raise").expr("exc", n.Exc).expr("cause", n.Cause).done(p)
	case *Try:
		d.try("Try", p, n.Body, n.Handlers, n.Orelse, n.Finalbody)
	case *TryStar:
		d.try("TryStar", p, n.Body, n.Handlers, n.Orelse, n.Finalbody)
	case *Assert:
		d.open("Assert").expr("test", n.Test).expr("msg", n.Msg).done(p)
	case *Import:
		nodes(d.open("Import"), "names", n.Names).done(p)
	case *ImportFrom:
		f := d.open("ImportFrom")
		if n.HasModule {
			f.quoted("module", n.Module)
		}
		nodes(f, "names", n.Names).text("level", strconv.Itoa(n.Level)).done(p)
	case *Global:
		d.open("Global").names("names", n.Names).done(p)
	case *Nonlocal:
		d.open("Nonlocal").names("names", n.Names).done(p)
	case *ExprStmt:
		d.open("Expr").expr("value", n.Value).done(p)
	case *Pass:
		d.open("Pass").done(p)
	case *Break:
		d.open("Break").done(p)
	case *Continue:
		d.open("Continue").done(p)
	}
}

func (d *dumper) expr(e Expr) {
	p := e.Span()
	switch n := e.(type) {
	case *BoolOp:
		d.open("BoolOp").text("op", n.Op.String()+"()").exprs("values", n.Values).done(p)
	case *NamedExpr:
		d.open("NamedExpr").expr("target", n.Target).expr("value", n.Value).done(p)
	case *BinOp:
		d.open("BinOp").expr("left", n.Left).text("op", n.Op.String()+"()").expr("right", n.Right).done(p)
	case *UnaryOp:
		d.open("UnaryOp").text("op", n.Op.String()+"()").expr("operand", n.Operand).done(p)
	case *Lambda:
		d.open("Lambda").arguments(n.Args).expr("body", n.Body).done(p)
	case *IfExp:
		d.open("IfExp").expr("test", n.Test).expr("body", n.Body).expr("orelse", n.Orelse).done(p)
	case *Dict:
		d.open("Dict").exprs("keys", n.Keys).exprs("values", n.Values).done(p)
	case *Set:
		d.open("Set").exprs("elts", n.Elts).done(p)
	case *ListComp:
		d.open("ListComp").expr("elt", n.Elt).gens(n.Generators).done(p)
	case *SetComp:
		d.open("SetComp").expr("elt", n.Elt).gens(n.Generators).done(p)
	case *DictComp:
		d.open("DictComp").expr("key", n.Key).expr("value", n.Value).gens(n.Generators).done(p)
	case *GeneratorExp:
		d.open("GeneratorExp").expr("elt", n.Elt).gens(n.Generators).done(p)
	case *Await:
		d.open("Await").expr("value", n.Value).done(p)
	case *Yield:
		d.open("Yield").expr("value", n.Value).done(p)
	case *YieldFrom:
		d.open("YieldFrom").expr("value", n.Value).done(p)
	case *Compare:
		f := d.open("Compare").expr("left", n.Left)
		f.key("ops")
		d.str("[")
		list(d, n.Ops, func(o CmpOperator) { d.str(o.String() + "()") })
		d.str("]")
		f.exprs("comparators", n.Comparators).done(p)
	case *Call:
		f := d.open("Call").expr("func", n.Func).exprs("args", n.Args)
		nodes(f, "keywords", n.Keywords).done(p)
	case *FormattedValue:
		d.open("FormattedValue").expr("value", n.Value).text("conversion", strconv.Itoa(n.Conversion)).expr("format_spec", n.FormatSpec).done(p)
	case *JoinedStr:
		d.open("JoinedStr").exprs("values", n.Values).done(p)
	case *Interpolation:
		d.open("Interpolation").expr("value", n.Value).quoted("str", n.Str).text("conversion", strconv.Itoa(n.Conversion)).expr("format_spec", n.FormatSpec).done(p)
	case *TemplateStr:
		d.open("TemplateStr").exprs("values", n.Values).done(p)
	case *Constant:
		f := d.open("Constant").text("value", Repr(n.Value))
		if n.Kind != "" {
			f.quoted("kind", n.Kind)
		}
		f.done(p)
	case *Attribute:
		d.open("Attribute").expr("value", n.Value).quoted("attr", n.Attr).ctx(n.Ctx).done(p)
	case *Subscript:
		d.open("Subscript").expr("value", n.Value).expr("slice", n.Slice).ctx(n.Ctx).done(p)
	case *Starred:
		d.open("Starred").expr("value", n.Value).ctx(n.Ctx).done(p)
	case *Name:
		d.open("Name").quoted("id", n.ID).ctx(n.Ctx).done(p)
	case *List:
		d.open("List").exprs("elts", n.Elts).ctx(n.Ctx).done(p)
	case *Tuple:
		d.open("Tuple").exprs("elts", n.Elts).ctx(n.Ctx).done(p)
	case *Slice:
		d.open("Slice").expr("lower", n.Lower).expr("upper", n.Upper).expr("step", n.Step).done(p)
	}
}

func (d *dumper) pattern(pat Pattern) {
	p := pat.Span()
	switch n := pat.(type) {
	case *MatchValue:
		d.open("MatchValue").expr("value", n.Value).done(p)
	case *MatchSingleton:
		d.open("MatchSingleton").text("value", Repr(n.Value)).done(p)
	case *MatchSequence:
		d.open("MatchSequence").pats("patterns", n.Patterns).done(p)
	case *MatchMapping:
		d.open("MatchMapping").exprs("keys", n.Keys).pats("patterns", n.Patterns).optional("rest", n.Rest).done(p)
	case *MatchClass:
		d.open("MatchClass").expr("cls", n.Cls).pats("patterns", n.Patterns).names("kwd_attrs", n.KwdAttrs).pats("kwd_patterns", n.KwdPatterns).done(p)
	case *MatchStar:
		d.open("MatchStar").optional("name", n.Name).done(p)
	case *MatchAs:
		f := d.open("MatchAs")
		if n.Pattern != nil {
			f.key("pattern")
			d.node(n.Pattern)
		}
		f.optional("name", n.Name).done(p)
	case *MatchOr:
		d.open("MatchOr").pats("patterns", n.Patterns).done(p)
	}
}
