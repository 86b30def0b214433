package syntax

// Inspect calls f for a node and, as long as f answers true, for the nodes below it: in the order of the source, but of a
// call or class the positional parts before the keywords, as in the tree.
func Inspect(n Node, f func(Node) bool) { walker(f).one(n) }

// InspectBody calls Inspect for each statement.
func InspectBody(body []Stmt, f func(Node) bool) { each(f, body) }

type walker func(Node) bool

func each[T Node](w walker, nodes []T) {
	for _, n := range nodes {
		w.one(n)
	}
}

func (w walker) arguments(a *Arguments) {
	// A default belongs to one of the last positional parameters.
	without := len(a.PosOnlyArgs) + len(a.Args) - len(a.Defaults)
	for i, arg := range a.PosOnlyArgs {
		w.one(arg)
		if i >= without {
			w.one(a.Defaults[i-without])
		}
	}
	for i, arg := range a.Args {
		w.one(arg)
		if i += len(a.PosOnlyArgs); i >= without {
			w.one(a.Defaults[i-without])
		}
	}
	if a.Vararg != nil {
		w.one(a.Vararg)
	}
	for i, arg := range a.KwOnlyArgs {
		w.one(arg)
		w.one(a.KwDefaults[i])
	}
	if a.Kwarg != nil {
		w.one(a.Kwarg)
	}
}

func (w walker) generators(list []*Comprehension) {
	for _, c := range list {
		w.one(c.Target)
		w.one(c.Iter)
		each(w, c.Ifs)
	}
}

// one visits a node and what is below it. A nil interface is a part that is not there.
func (w walker) one(n Node) {
	if n == nil || !w(n) {
		return
	}
	switch n := n.(type) {
	case *FunctionDef:
		each(w, n.DecoratorList)
		each(w, n.TypeParams)
		w.arguments(n.Args)
		w.one(n.Returns)
		each(w, n.Body)
	case *AsyncFunctionDef:
		each(w, n.DecoratorList)
		each(w, n.TypeParams)
		w.arguments(n.Args)
		w.one(n.Returns)
		each(w, n.Body)
	case *ClassDef:
		each(w, n.DecoratorList)
		each(w, n.TypeParams)
		each(w, n.Bases)
		each(w, n.Keywords)
		each(w, n.Body)
	case *Return:
		w.one(n.Value)
	case *Delete:
		each(w, n.Targets)
	case *Assign:
		each(w, n.Targets)
		w.one(n.Value)
	case *TypeAlias:
		w.one(n.Name)
		each(w, n.TypeParams)
		w.one(n.Value)
	case *AugAssign:
		w.one(n.Target)
		w.one(n.Value)
	case *AnnAssign:
		w.one(n.Target)
		w.one(n.Annotation)
		w.one(n.Value)
	case *For:
		w.one(n.Target)
		w.one(n.Iter)
		each(w, n.Body)
		each(w, n.Orelse)
	case *AsyncFor:
		w.one(n.Target)
		w.one(n.Iter)
		each(w, n.Body)
		each(w, n.Orelse)
	case *While:
		w.one(n.Test)
		each(w, n.Body)
		each(w, n.Orelse)
	case *If:
		w.one(n.Test)
		each(w, n.Body)
		each(w, n.Orelse)
	case *With:
		for _, i := range n.Items {
			w.one(i.ContextExpr)
			w.one(i.OptionalVars)
		}
		each(w, n.Body)
	case *AsyncWith:
		for _, i := range n.Items {
			w.one(i.ContextExpr)
			w.one(i.OptionalVars)
		}
		each(w, n.Body)
	case *Match:
		w.one(n.Subject)
		for _, c := range n.Cases {
			w.one(c.Pattern)
			w.one(c.Guard)
			each(w, c.Body)
		}
	case *Raise:
		w.one(n.Exc)
		w.one(n.Cause)
	case *Try:
		each(w, n.Body)
		each(w, n.Handlers)
		each(w, n.Orelse)
		each(w, n.Finalbody)
	case *TryStar:
		each(w, n.Body)
		each(w, n.Handlers)
		each(w, n.Orelse)
		each(w, n.Finalbody)
	case *Assert:
		w.one(n.Test)
		w.one(n.Msg)
	case *Import:
		each(w, n.Names)
	case *ImportFrom:
		each(w, n.Names)
	case *ExprStmt:
		w.one(n.Value)
	case *BoolOp:
		each(w, n.Values)
	case *NamedExpr:
		w.one(n.Target)
		w.one(n.Value)
	case *BinOp:
		w.one(n.Left)
		w.one(n.Right)
	case *UnaryOp:
		w.one(n.Operand)
	case *Lambda:
		w.arguments(n.Args)
		w.one(n.Body)
	case *IfExp:
		w.one(n.Body)
		w.one(n.Test)
		w.one(n.Orelse)
	case *Dict:
		for i, v := range n.Values {
			w.one(n.Keys[i])
			w.one(v)
		}
	case *Set:
		each(w, n.Elts)
	case *ListComp:
		w.one(n.Elt)
		w.generators(n.Generators)
	case *SetComp:
		w.one(n.Elt)
		w.generators(n.Generators)
	case *DictComp:
		w.one(n.Key)
		w.one(n.Value)
		w.generators(n.Generators)
	case *GeneratorExp:
		w.one(n.Elt)
		w.generators(n.Generators)
	case *Await:
		w.one(n.Value)
	case *Yield:
		w.one(n.Value)
	case *YieldFrom:
		w.one(n.Value)
	case *Compare:
		w.one(n.Left)
		each(w, n.Comparators)
	case *Call:
		w.one(n.Func)
		each(w, n.Args)
		each(w, n.Keywords)
	case *FormattedValue:
		w.one(n.Value)
		w.one(n.FormatSpec)
	case *JoinedStr:
		each(w, n.Values)
	case *Interpolation:
		w.one(n.Value)
		w.one(n.FormatSpec)
	case *TemplateStr:
		each(w, n.Values)
	case *Attribute:
		w.one(n.Value)
	case *Subscript:
		w.one(n.Value)
		w.one(n.Slice)
	case *Starred:
		w.one(n.Value)
	case *List:
		each(w, n.Elts)
	case *Tuple:
		each(w, n.Elts)
	case *Slice:
		w.one(n.Lower)
		w.one(n.Upper)
		w.one(n.Step)
	case *MatchValue:
		w.one(n.Value)
	case *MatchSequence:
		each(w, n.Patterns)
	case *MatchMapping:
		for i, p := range n.Patterns {
			w.one(n.Keys[i])
			w.one(p)
		}
	case *MatchClass:
		w.one(n.Cls)
		each(w, n.Patterns)
		each(w, n.KwdPatterns)
	case *MatchAs:
		w.one(n.Pattern)
	case *MatchOr:
		each(w, n.Patterns)
	case *TypeVar:
		w.one(n.Bound)
		w.one(n.Default)
	case *ParamSpec:
		w.one(n.Default)
	case *TypeVarTuple:
		w.one(n.Default)
	case *Arg:
		w.one(n.Annotation)
	case *Keyword:
		w.one(n.Value)
	case *ExceptHandler:
		w.one(n.Type)
		each(w, n.Body)
	}
}
