package startup

import (
	"strings"

	"gsrv/schema/python/syntax"
)

// A frame is the run of a module's, class's or function's body.
type frame struct {
	mod   *module
	scope *scope
	fn    *function
	// returns is what the function may return.
	returns  value
	returned bool
}

// A flow says how a statement leaves the block it stands in.
type flow struct {
	// end is set where nothing after it in the function runs; may where that depends on what cannot be known.
	end, may bool
	// leaves and mayLeave are the same for break and continue, which end a turn of a loop.
	leaves, mayLeave bool
	// raised is the exception where one ends it.
	raised string
}

func (fl flow) stops() bool { return fl.end || fl.leaves }

// block runs statements. What stands after one that may leave the block is behind a test, too.
func (a *analysis) block(f *frame, body []syntax.Stmt) flow {
	depth, guards := a.depth, len(a.guards)
	defer func() { a.depth, a.guards = depth, a.guards[:guards] }()
	var out flow
	for _, s := range body {
		fl := a.stmt(f, s)
		if fl.stops() {
			fl.may = fl.may || out.may && fl.leaves
			fl.mayLeave = fl.mayLeave || out.mayLeave && fl.end
			if out.may || out.mayLeave {
				// It ends either way, but how is not known.
				fl.raised = ""
			}
			return fl
		}
		if (fl.may || fl.mayLeave) && !out.may && !out.mayLeave {
			a.depth++
			a.guards = append(a.guards, a.guardOf(f, s))
		}
		out.may, out.mayLeave = out.may || fl.may, out.mayLeave || fl.mayLeave
		if a.budget <= 0 {
			a.report.Truncated = true
			return out
		}
	}
	return out
}

func (a *analysis) guardOf(f *frame, s syntax.Stmt) string {
	if s, ok := s.(*syntax.If); ok {
		return "not " + f.text(s.Test)
	}
	return ""
}

// unsure runs something behind a test that cannot be known.
func (a *analysis) unsure(guard string, do func() flow) flow {
	a.depth++
	a.guards = append(a.guards, guard)
	fl := do()
	a.depth--
	a.guards = a.guards[:len(a.guards)-1]
	return fl
}

func (a *analysis) stmt(f *frame, s syntax.Stmt) flow {
	a.budget--
	if a.budget <= 0 || a.nesting >= maxNesting {
		a.report.Truncated = true
		return flow{}
	}
	a.nesting++
	defer func() { a.nesting-- }()
	switch s := s.(type) {
	case *syntax.Import:
		return a.importStmt(f, s)
	case *syntax.ImportFrom:
		return a.importFrom(f, s)
	case *syntax.FunctionDef:
		a.define(f, &function{name: s.Name, params: s.Args, body: s.Body, node: s}, s.DecoratorList)
	case *syntax.AsyncFunctionDef:
		a.define(f, &function{name: s.Name, params: s.Args, body: s.Body, node: s, async: true}, s.DecoratorList)
	case *syntax.ClassDef:
		a.defineClass(f, s)
	case *syntax.Return:
		v := a.expr(f, s.Value)
		if !f.returned {
			f.returns, f.returned = v, true
		} else {
			f.returns = join(f.returns, v)
		}
		return flow{end: true}
	case *syntax.Raise:
		return flow{end: true, raised: a.exception(f, s.Exc)}
	case *syntax.Assign:
		v := a.expr(f, s.Value)
		for _, t := range s.Targets {
			a.assign(f, t, v)
		}
	case *syntax.AnnAssign:
		if s.Value != nil {
			a.assign(f, s.Target, a.expr(f, s.Value))
		}
	case *syntax.AugAssign:
		a.augment(f, s)
	case *syntax.ExprStmt:
		if name := a.leaves(f, s.Value); name != "" {
			return flow{end: true, raised: name}
		}
	case *syntax.If:
		return a.ifStmt(f, s)
	case *syntax.For:
		return a.forLoop(f, s.Target, a.expr(f, s.Iter), s.Iter, s.Body, s.Orelse)
	case *syntax.AsyncFor:
		return a.forLoop(f, s.Target, a.expr(f, s.Iter), s.Iter, s.Body, s.Orelse)
	case *syntax.While:
		return a.whileLoop(f, s)
	case *syntax.With:
		return a.with(f, s.Items, s.Body)
	case *syntax.AsyncWith:
		return a.with(f, s.Items, s.Body)
	case *syntax.Try:
		return a.try(f, s.Body, s.Handlers, s.Orelse, s.Finalbody)
	case *syntax.TryStar:
		return a.try(f, s.Body, s.Handlers, s.Orelse, s.Finalbody)
	case *syntax.Match:
		return a.match(f, s)
	case *syntax.Delete:
		for _, t := range s.Targets {
			if n, ok := t.(*syntax.Name); ok && a.depth <= f.scope.depth {
				delete(f.scope.names, n.ID)
			}
		}
	case *syntax.Assert:
		a.expr(f, s.Test)
	case *syntax.Global:
		for _, name := range s.Names {
			f.scope.elsewhere(name, f.scope.global)
		}
	case *syntax.Nonlocal:
		for _, name := range s.Names {
			for at := f.scope.up; at != nil; at = at.up {
				if _, ok := at.names[name]; ok && !at.class {
					f.scope.elsewhere(name, at)
					break
				}
			}
		}
	case *syntax.Break, *syntax.Continue:
		return flow{leaves: true}
	}
	return flow{}
}

func (s *scope) elsewhere(name string, at *scope) {
	if s == at {
		return
	}
	if s.outer == nil {
		s.outer = map[string]*scope{}
	}
	s.outer[name] = at
}

// leaves evaluates an expression that is a statement, and gives the exception where it is a call that ends the program.
func (a *analysis) leaves(f *frame, e syntax.Expr) string {
	call, ok := e.(*syntax.Call)
	v := a.expr(f, e)
	if !ok {
		return ""
	}
	if i, ok := v.(*instance); ok && (i.lib == "sys.exit" || i.lib == "os._exit" || i.lib == "builtins.exit" || i.lib == "builtins.quit") && i.call.node == call {
		return "SystemExit"
	}
	return ""
}

func (a *analysis) exception(f *frame, e syntax.Expr) string {
	v := a.expr(f, e)
	switch v := v.(type) {
	case libref:
		return lastPart(v.name)
	case *instance:
		if v.project == nil {
			return lastPart(v.lib)
		}
	}
	return "?"
}

func (a *analysis) ifStmt(f *frame, s *syntax.If) flow {
	v := a.expr(f, s.Test)
	switch a.truth(v) {
	case yes:
		return a.block(f, s.Body)
	case no:
		return a.block(f, s.Orelse)
	}
	guard := f.text(s.Test)
	one := a.unsure(guard, func() flow { return a.block(f, s.Body) })
	two := a.unsure("not "+guard, func() flow { return a.block(f, s.Orelse) })
	return either(one, two)
}

// either joins two ways of which one is taken. One that ends by an exception stops the start of the application
// altogether: what follows runs for certain, if the application starts.
func either(one, two flow) flow {
	fatal := func(fl flow) bool { return fl.end && fl.raised != "" }
	switch {
	case one.end && two.end:
		if fatal(one) {
			return two
		}
		return one
	case fatal(one):
		return two
	case fatal(two):
		return one
	}
	out := flow{may: one.may || two.may || one.end || two.end, mayLeave: one.mayLeave || two.mayLeave || one.leaves || two.leaves}
	if one.stops() && two.stops() {
		out.leaves = true
	}
	return out
}

// turn removes from the flow of a loop's body what ends at the loop.
func (fl flow) turn() flow {
	fl.leaves, fl.mayLeave = false, false
	return fl
}

const maxTurns = 64

func (a *analysis) forLoop(f *frame, target syntax.Expr, over value, iter syntax.Expr, body, orelse []syntax.Stmt) flow {
	a.consume(f, iter, over)
	elems, exact := a.elements(over)
	if exact && len(elems) == 0 {
		return a.block(f, orelse)
	}
	if exact && len(elems) <= maxTurns {
		var out flow
		for _, e := range elems {
			a.assign(f, target, e)
			fl := a.block(f, body)
			if fl.end || fl.leaves && !fl.may {
				if fl.end {
					return fl
				}
				if breaks(body) {
					break
				}
			}
			out.may = out.may || fl.may
		}
		return out
	}
	any := joinAll(elems)
	once := func() flow {
		a.assign(f, target, any)
		return a.block(f, body)
	}
	var fl flow
	if len(elems) > 0 || a.nonempty(over) {
		fl = once().turn()
	} else {
		fl = a.unsure("for "+f.text(target)+" in "+f.text(iter), once).turn()
		if fl.end && fl.raised == "" {
			fl = flow{may: true}
		} else if fl.end {
			fl = flow{}
		}
	}
	if fl.end {
		return fl
	}
	return either(fl, a.block(f, orelse).turn())
}

// breaks tells whether a loop's body has a break of its own.
func breaks(body []syntax.Stmt) bool {
	found := false
	syntax.InspectBody(body, func(n syntax.Node) bool {
		switch n.(type) {
		case *syntax.Break:
			found = true
		case *syntax.For, *syntax.While, *syntax.AsyncFor, *syntax.FunctionDef, *syntax.ClassDef, *syntax.AsyncFunctionDef, syntax.Expr:
			return false
		}
		return !found
	})
	return found
}

func (a *analysis) whileLoop(f *frame, s *syntax.While) flow {
	truth := a.truth(a.expr(f, s.Test))
	if truth == no {
		return a.block(f, s.Orelse)
	}
	once := func() flow { return a.block(f, s.Body) }
	if truth == yes {
		fl := once().turn()
		if !fl.end && !fl.may && !breaks(s.Body) {
			if c, ok := s.Test.(*syntax.Constant); ok && c.Value != nil {
				return flow{end: true} // for ever
			}
		}
		return fl
	}
	fl := a.unsure("while "+f.text(s.Test), once).turn()
	if fl.end {
		fl = flow{may: fl.raised == ""}
	}
	return either(fl, a.block(f, s.Orelse).turn())
}

func (a *analysis) try(f *frame, body []syntax.Stmt, handlers []*syntax.ExceptHandler, orelse, final []syntax.Stmt) flow {
	fl := a.block(f, body)
	caught := false
	if fl.end && fl.raised != "" && fl.raised != "?" {
		for _, h := range handlers {
			if a.catches(f, h, fl.raised) {
				a.bindHandler(f, h)
				fl, caught = a.block(f, h.Body), true
				break
			}
		}
	}
	if !caught {
		sure := a.importsSurely(f, body)
		for _, h := range handlers {
			if sure && forImports(f, h) {
				continue
			}
			a.bindHandler(f, h)
			got := a.unsure("except "+f.text(h.Type), func() flow { return a.block(f, h.Body) })
			if fl.end && fl.raised != "" && !(got.end && got.raised != "") {
				fl = got
			}
		}
		if !fl.stops() {
			fl = then(fl, a.block(f, orelse))
		}
	}
	if last := a.block(f, final); last.stops() {
		return last
	}
	return fl
}

// importsSurely tells that every statement is an import that cannot fail: of the standard library, of a module of the
// project that is there, of uwsgi under uWSGI.
func (a *analysis) importsSurely(f *frame, body []syntax.Stmt) bool {
	imports := false
	for _, s := range body {
		var names []string
		switch s := s.(type) {
		case *syntax.Import:
			for _, n := range s.Names {
				names = append(names, n.Name)
			}
		case *syntax.ImportFrom:
			if s.Level > 0 {
				return false
			}
			names = append(names, s.Module)
		default:
			continue
		}
		imports = true
		for _, name := range names {
			top, _, _ := strings.Cut(name, ".")
			serverOwn := a.opts.Server == "uwsgi" && (top == "uwsgi" || top == "uwsgidecorators")
			if !serverOwn && !(standard()[top] && top != "uwsgi" && top != "gunicorn" && top != "uvicorn") && a.find(name) == nil {
				return false
			}
		}
	}
	return imports
}

// forImports tells that an except clause takes nothing but the failure of an import.
func forImports(f *frame, h *syntax.ExceptHandler) bool {
	name := f.text(h.Type)
	return name == "ImportError" || name == "ModuleNotFoundError"
}

// then joins two flows of which the second follows the first.
func then(one, two flow) flow {
	two.may, two.mayLeave = two.may || one.may, two.mayLeave || one.mayLeave
	return two
}

func (a *analysis) bindHandler(f *frame, h *syntax.ExceptHandler) {
	if h.Name != "" {
		a.bind(f, h.Name, nil)
	}
}

// catches tells whether an except clause takes an exception.
func (a *analysis) catches(f *frame, h *syntax.ExceptHandler, raised string) bool {
	if h.Type == nil {
		return true
	}
	types := []syntax.Expr{h.Type}
	if t, ok := h.Type.(*syntax.Tuple); ok {
		types = t.Elts
	}
	for _, t := range types {
		name := lastPart(f.text(t))
		switch {
		case name == raised, name == "BaseException", name == "Exception" && raised != "SystemExit", name == "ModuleNotFoundError" && raised == "ImportError":
			return true
		}
	}
	return false
}

func (a *analysis) match(f *frame, s *syntax.Match) flow {
	a.expr(f, s.Subject)
	var out flow
	for i, c := range s.Cases {
		fl := a.unsure("match "+f.text(s.Subject), func() flow { return a.block(f, c.Body) })
		if i == 0 {
			out = fl
		} else {
			out = either(out, fl)
		}
	}
	return either(out, flow{})
}

// with runs the body of a with statement. Leaving it ends what some objects have started.
func (a *analysis) with(f *frame, items []*syntax.WithItem, body []syntax.Stmt) flow {
	guards := len(a.guards)
	var managed []*instance
	for _, item := range items {
		v := a.expr(f, item.ContextExpr)
		inside := v
		for _, one := range each(v) {
			i, ok := one.(*instance)
			if !ok {
				continue
			}
			if i.project != nil {
				if m, ok := a.member(f, item.ContextExpr, i, "__enter__").(*function); ok {
					inside = a.invoke(f, item.ContextExpr, m, arguments{})
				}
			}
			if endsWith(i.lib) {
				i.managed = true
				managed = append(managed, i)
			}
			if lockLike(i.lib) {
				a.guards = append(a.guards, f.text(item.ContextExpr))
			}
		}
		if item.OptionalVars != nil {
			a.assign(f, item.OptionalVars, inside)
		}
	}
	fl := a.block(f, body)
	for _, i := range managed {
		i.managed = false
		a.ended(i)
	}
	a.guards = a.guards[:guards]
	return fl
}
