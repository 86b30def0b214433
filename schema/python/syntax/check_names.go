package syntax

import "strings"

// What is known of a name in a scope.
type nameUse uint8

const (
	isGlobal nameUse = 1 << iota
	isNonlocal
	isLocal
	isParameter
	isUsed
	isAnnotated
	isImported
	isIteration // the target of a comprehension
)

type scopeKind uint8

const (
	moduleScope scopeKind = iota
	functionScope
	classScope
	comprehensionScope
)

type scope struct {
	kind       scopeKind
	what       string // of a comprehension: what messages call it
	outer      *scope
	names      map[string]nameUse
	directives []directive
	inner      []*scope
	// inIterable and inTarget are set while those parts of a comprehension are looked at.
	inIterable int
	inTarget   bool
}

// A directive is a name of a global or nonlocal statement.
type directive struct {
	name string
	at   Node
}

type namer struct {
	src string
	*scope
}

// checkNames checks what CPython's symbol table does: declarations and the scopes of names.
func checkNames(m *Module) {
	n := &namer{m.Source, &scope{names: map[string]nameUse{}}}
	n.stmts(m.Body)
	n.resolve(n.scope)
}

func (n *namer) within(kind scopeKind, what string, f func()) {
	outer := n.scope
	n.scope = &scope{kind: kind, what: what, outer: outer, names: map[string]nameUse{}}
	outer.inner = append(outer.inner, n.scope)
	f()
	n.scope = outer
}

func (n *namer) stmts(body []Stmt) { InspectBody(body, n.visit) }

func (n *namer) exprs(list ...Expr) {
	for _, e := range list {
		if e != nil {
			Inspect(e, n.visit)
		}
	}
}

func (n *namer) add(at Node, name string, use nameUse) {
	if name == "" {
		return
	}
	was := n.names[name]
	if use == isParameter && was&isParameter != 0 {
		refuse(n.src, at, "duplicate argument '%s' in function definition", name)
	}
	if n.inTarget {
		if was&(isGlobal|isNonlocal) != 0 {
			refuse(n.src, at, "comprehension inner loop cannot rebind assignment expression target '%s'", name)
		}
		use |= isIteration
	}
	n.names[name] = was | use
}

func (n *namer) visit(node Node) bool {
	switch x := node.(type) {
	case *FunctionDef:
		n.function(x, x.Name, x.Args, x.DecoratorList, x.Returns, x.Body)
	case *AsyncFunctionDef:
		n.function(x, x.Name, x.Args, x.DecoratorList, x.Returns, x.Body)
	case *ClassDef:
		n.add(x, x.Name, isLocal)
		n.exprs(x.Bases...)
		for _, k := range x.Keywords {
			n.exprs(k.Value)
		}
		n.exprs(x.DecoratorList...)
		n.within(classScope, "", func() { n.stmts(x.Body) })
	case *Lambda:
		n.exprs(x.Args.Defaults...)
		n.exprs(x.Args.KwDefaults...)
		n.within(functionScope, "", func() {
			n.parameters(x.Args)
			n.exprs(x.Body)
		})
	case *ListComp:
		n.comprehension("list comprehension", x.Generators, x.Elt)
	case *SetComp:
		n.comprehension("set comprehension", x.Generators, x.Elt)
	case *DictComp:
		n.comprehension("dict comprehension", x.Generators, x.Value, x.Key)
	case *GeneratorExp:
		n.comprehension("generator expression", x.Generators, x.Elt)
	case *Yield:
		n.yield(x)
		return true
	case *YieldFrom:
		n.yield(x)
		return true
	case *NamedExpr:
		n.named(x)
	case *Name:
		if x.Ctx == Load {
			n.add(x, x.ID, isUsed)
		} else {
			n.add(x, x.ID, isLocal)
		}
	case *Global:
		n.declare(x, x.Names, isGlobal, "global")
	case *Nonlocal:
		n.declare(x, x.Names, isNonlocal, "nonlocal")
	case *AnnAssign:
		n.annotated(x)
	case *Alias:
		n.alias(x)
	case *ExceptHandler:
		n.exprs(x.Type)
		n.add(x, x.Name, isLocal)
		n.stmts(x.Body)
	case *MatchStar:
		n.add(x, x.Name, isLocal)
	case *MatchAs:
		n.add(x, x.Name, isLocal)
		return true
	case *MatchMapping:
		n.add(x, x.Rest, isLocal)
		return true
	default:
		return true
	}
	return false
}

func (n *namer) alias(a *Alias) {
	name := a.AsName
	if name == "" {
		name, _, _ = strings.Cut(a.Name, ".")
	}
	if name == "*" {
		if n.kind != moduleScope {
			refuse(n.src, a, "import * only allowed at module level")
		}
		return
	}
	n.add(a, name, isImported)
}

func (n *namer) parameters(a *Arguments) {
	for _, list := range [][]*Arg{a.PosOnlyArgs, a.Args, a.KwOnlyArgs, {a.Vararg}, {a.Kwarg}} {
		for _, p := range list {
			if p != nil {
				n.add(p, p.Arg, isParameter)
			}
		}
	}
}

func (n *namer) function(s Stmt, name string, a *Arguments, decorators []Expr, returns Expr, body []Stmt) {
	n.add(s, name, isLocal)
	n.exprs(a.Defaults...)
	n.exprs(a.KwDefaults...)
	for _, list := range [][]*Arg{a.PosOnlyArgs, a.Args, {a.Vararg}, {a.Kwarg}, a.KwOnlyArgs} {
		for _, p := range list {
			if p != nil {
				n.exprs(p.Annotation)
			}
		}
	}
	n.exprs(returns)
	n.exprs(decorators...)
	n.within(functionScope, "", func() {
		n.parameters(a)
		n.stmts(body)
	})
}

func (n *namer) comprehension(what string, gens []*Comprehension, elts ...Expr) {
	n.inIterable++
	n.exprs(gens[0].Iter)
	n.inIterable--
	iterable := n.inIterable
	n.within(comprehensionScope, what, func() {
		n.inIterable = iterable
		for i, g := range gens {
			n.inTarget = true
			n.exprs(g.Target)
			n.inTarget = false
			if i > 0 {
				n.inIterable++
				n.exprs(g.Iter)
				n.inIterable--
			}
			n.exprs(g.Ifs...)
		}
		n.exprs(elts...)
	})
}

func (n *namer) yield(e Expr) {
	if n.kind == comprehensionScope {
		refuse(n.src, e, "'yield' inside %s", n.what)
	}
}

func (n *namer) named(e *NamedExpr) {
	if n.inIterable > 0 {
		refuse(n.src, e, "assignment expression cannot be used in a comprehension iterable expression")
	}
	target := e.Target.(*Name)
	home := n.scope
	for home.kind == comprehensionScope {
		if home.names[target.ID]&isIteration != 0 {
			refuse(n.src, e, "assignment expression cannot rebind comprehension iteration variable '%s'", target.ID)
		}
		home = home.outer
	}
	if home != n.scope {
		if home.kind == classScope {
			refuse(n.src, e, "assignment expression within a comprehension cannot be used in a class body")
		}
		declared := isNonlocal
		if home.kind == moduleScope || home.names[target.ID]&isGlobal != 0 {
			declared = isGlobal
		}
		for s := n.scope; s != home; s = s.outer {
			s.names[target.ID] |= declared
		}
		home.names[target.ID] |= isLocal
	}
	n.exprs(e.Value)
	if home == n.scope {
		n.exprs(target)
	}
}

func (n *namer) declare(s Stmt, names []string, use nameUse, word string) {
	for _, name := range names {
		was := n.names[name]
		switch {
		case was&isParameter != 0:
			refuse(n.src, s, "name '%s' is parameter and %s", name, word)
		case was&isUsed != 0:
			refuse(n.src, s, "name '%s' is used prior to %s declaration", name, word)
		case was&isAnnotated != 0:
			refuse(n.src, s, "annotated name '%s' can't be %s", name, word)
		case was&isLocal != 0:
			refuse(n.src, s, "name '%s' is assigned to before %s declaration", name, word)
		}
		n.names[name] |= use
		n.directives = append(n.directives, directive{name, s})
	}
}

func (n *namer) annotated(s *AnnAssign) {
	if target, ok := s.Target.(*Name); ok {
		was := n.names[target.ID]
		if was&(isGlobal|isNonlocal) != 0 && n.kind != moduleScope && s.Simple == 1 {
			word := "nonlocal"
			if was&isGlobal != 0 {
				word = "global"
			}
			refuse(n.src, s, "annotated name '%s' can't be %s", target.ID, word)
		}
		switch {
		case s.Simple == 1:
			n.add(target, target.ID, isAnnotated|isLocal)
		case s.Value != nil:
			n.add(target, target.ID, isLocal)
		}
	} else {
		n.exprs(s.Target)
	}
	n.exprs(s.Annotation, s.Value)
}

// resolve checks the nonlocal names of a scope and of those in it.
func (n *namer) resolve(s *scope) {
	for _, d := range s.directives {
		use := s.names[d.name]
		switch {
		case use&isNonlocal == 0:
		case use&isGlobal != 0:
			refuse(n.src, d.at, "name '%s' is nonlocal and global", d.name)
		case s.kind == moduleScope:
			refuse(n.src, d.at, "nonlocal declaration not allowed at module level")
		case !s.outer.binds(d.name):
			refuse(n.src, d.at, "no binding for nonlocal '%s' found", d.name)
		}
	}
	for _, inner := range s.inner {
		n.resolve(inner)
	}
}

// binds tells whether a name belongs to this function or to one around it.
func (s *scope) binds(name string) bool {
	for ; s.kind != moduleScope; s = s.outer {
		use := s.names[name]
		switch {
		case s.kind == classScope:
			if name == "__class__" {
				return true
			}
		case use&isGlobal != 0:
			return false
		case use&isNonlocal == 0 && use&(isLocal|isParameter|isImported) != 0:
			return true
		}
	}
	return false
}
