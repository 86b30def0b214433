package syntax

import "fmt"

// Check tells what CPython's compiler refuses although the grammar takes it: a return outside a function, a keyword that is given
// twice, a name declared global after it was used. Importing a file, as gunicorn does with its configuration, means
// compiling it. The error is a *SyntaxError in CPython 3.11's words.
func Check(filename string, m *Module) (err error) {
	defer func() {
		if r := recover(); r != nil {
			f, ok := r.(failure)
			if !ok {
				panic(r)
			}
			f.err.Filename = filename
			err = f.err
		}
	}()
	c := &checker{src: m.Source, futures: map[Stmt]bool{}}
	c.future(m.Body)
	checkNames(m)
	c.unit = &unit{kind: moduleUnit}
	c.stmts(m.Body)
	return nil
}

func refuse(src string, n Node, format string, args ...any) {
	p := n.Span()
	panic(failure{err: newError("SyntaxError", src, int(p.Start), int(p.End), fmt.Sprintf(format, args...))})
}

type unitKind uint8

const (
	moduleUnit unitKind = iota
	classUnit
	functionUnit
	asyncUnit
	lambdaUnit
	comprehensionUnit
)

// A unit is what CPython compiles to a code object of its own.
type unit struct {
	kind unitKind
	// blocks are the loops and other blocks around the statement.
	blocks []blockKind
	yields bool
}

type blockKind uint8

const (
	otherBlock blockKind = iota
	loopBlock
	groupBlock // the handler of an except*
)

// maxBlocks is CPython's CO_MAXBLOCKS.
const maxBlocks = 20

type checker struct {
	src     string
	unit    *unit
	futures map[Stmt]bool
}

func (c *checker) refuse(n Node, format string, args ...any) { refuse(c.src, n, format, args...) }

// within checks what belongs to a unit of its own.
func (c *checker) within(u *unit, f func()) {
	outer := c.unit
	c.unit = u
	f()
	c.unit = outer
}

// block checks statements in a block of the unit.
func (c *checker) block(at Node, body []Stmt, kinds ...blockKind) {
	u := c.unit
	n := len(u.blocks)
	u.blocks = append(u.blocks, kinds...)
	if len(u.blocks) > maxBlocks {
		c.refuse(at, "too many statically nested blocks")
	}
	c.stmts(body)
	u.blocks = u.blocks[:n]
}

// future checks that imports from __future__ stand at the beginning and are of what there is.
func (c *checker) future(body []Stmt) {
	for i, s := range body {
		switch s := s.(type) {
		case *ImportFrom:
			if s.Module != "__future__" || s.Level != 0 {
				return
			}
			c.futures[s] = true
			for _, a := range s.Names {
				switch a.Name {
				case "nested_scopes", "generators", "division", "absolute_import", "with_statement", "print_function", "unicode_literals",
					"barry_as_FLUFL", "generator_stop", "annotations":
				case "braces":
					c.refuse(s, "not a chance")
				default:
					c.refuse(s, "future feature %s is not defined", a.Name)
				}
			}
		case *ExprStmt:
			k, ok := s.Value.(*Constant)
			if !ok || i > 0 {
				return
			}
			if _, ok := k.Value.(string); !ok {
				return
			}
		default:
			return
		}
	}
}

func (c *checker) stmts(body []Stmt) {
	for _, s := range body {
		c.stmt(s)
	}
}

func (c *checker) stmt(s Stmt) {
	switch s := s.(type) {
	case *FunctionDef:
		c.function(s, functionUnit, s.Name, s.DecoratorList, s.Args, s.Returns, s.Body)
	case *AsyncFunctionDef:
		c.function(s, asyncUnit, s.Name, s.DecoratorList, s.Args, s.Returns, s.Body)
	case *ClassDef:
		c.exprs(s.DecoratorList)
		c.keywords(s.Keywords)
		c.elements(s.Bases)
		c.bind(s, s.Name)
		c.within(&unit{kind: classUnit}, func() { c.stmts(s.Body) })
	case *Return:
		switch {
		case c.unit.kind != functionUnit && c.unit.kind != asyncUnit:
			c.refuse(s, "'return' outside function")
		case s.Value != nil && c.unit.kind == asyncUnit && c.unit.yields:
			c.refuse(s, "'return' with value in async generator")
		}
		c.leave(s, false)
		c.expr(s.Value)
	case *Break:
		if !c.leave(s, true) {
			c.refuse(s, "'break' outside loop")
		}
	case *Continue:
		if !c.leave(s, true) {
			c.refuse(s, "'continue' not properly in loop")
		}
	case *For:
		c.loop(s, s.Target, s.Iter, s.Body, s.Orelse)
	case *AsyncFor:
		if c.unit.kind != asyncUnit {
			c.refuse(s, "'async for' outside async function")
		}
		c.loop(s, s.Target, s.Iter, s.Body, s.Orelse)
	case *While:
		c.expr(s.Test)
		c.block(s, s.Body, loopBlock)
		c.stmts(s.Orelse)
	case *If:
		c.expr(s.Test)
		c.stmts(s.Body)
		c.stmts(s.Orelse)
	case *With:
		c.with(s, s.Items, s.Body)
	case *AsyncWith:
		if c.unit.kind != asyncUnit {
			c.refuse(s, "'async with' outside async function")
		}
		c.with(s, s.Items, s.Body)
	case *Try:
		c.try(s, s.Body, s.Handlers, s.Orelse, s.Finalbody, otherBlock)
	case *TryStar:
		c.try(s, s.Body, s.Handlers, s.Orelse, s.Finalbody, groupBlock)
	case *Match:
		c.match(s)
	case *Import:
		for _, a := range s.Names {
			c.bind(s, a.AsName)
			c.bind(s, a.Name)
		}
	case *ImportFrom:
		if s.Module == "__future__" && s.Level == 0 && !c.futures[s] {
			c.refuse(s, "from __future__ imports must occur at the beginning of the file")
		}
		for _, a := range s.Names {
			if a.AsName != "" {
				c.bind(s, a.AsName)
			} else {
				c.bind(s, a.Name)
			}
		}
	default:
		Inspect(s, func(n Node) bool {
			if e, ok := n.(Expr); ok {
				c.expr(e)
				return false
			}
			return true
		})
	}
}

// leave checks a statement that leaves the blocks around it, up to the innermost loop or all; it tells whether there is a loop.
func (c *checker) leave(s Stmt, toLoop bool) bool {
	for i := len(c.unit.blocks) - 1; i >= 0; i-- {
		switch c.unit.blocks[i] {
		case groupBlock:
			c.refuse(s, "'break', 'continue' and 'return' cannot appear in an except* block")
		case loopBlock:
			if toLoop {
				return true
			}
		}
	}
	return false
}

func (c *checker) loop(s Stmt, target, iter Expr, body, orelse []Stmt) {
	c.expr(iter)
	u := c.unit
	u.blocks = append(u.blocks, loopBlock)
	c.expr(target)
	u.blocks = u.blocks[:len(u.blocks)-1]
	c.block(s, body, loopBlock)
	c.stmts(orelse)
}

func (c *checker) with(s Stmt, items []*WithItem, body []Stmt) {
	kinds := make([]blockKind, len(items))
	for _, i := range items {
		c.expr(i.ContextExpr)
		c.expr(i.OptionalVars)
	}
	c.block(s, body, kinds...)
}

func (c *checker) try(s Stmt, body []Stmt, handlers []*ExceptHandler, orelse, final []Stmt, kind blockKind) {
	var outer []blockKind
	if len(final) > 0 {
		outer = []blockKind{otherBlock}
	}
	if len(handlers) > 0 {
		c.block(s, body, append(outer[:len(outer):len(outer)], otherBlock)...)
	} else {
		c.block(s, body, outer...)
	}
	for i, h := range handlers {
		if h.Type == nil && i < len(handlers)-1 {
			c.refuse(h, "default 'except:' must be last")
		}
		c.expr(h.Type)
		c.bind(h, h.Name)
		c.block(h, h.Body, append(outer[:len(outer):len(outer)], kind, otherBlock)...)
	}
	c.block(s, orelse, outer...)
	c.block(s, final, outer...)
}

// bind refuses the one name that nothing may be assigned to.
func (c *checker) bind(n Node, name string) {
	if name == "__debug__" {
		c.refuse(n, "cannot assign to __debug__")
	}
}

func (c *checker) parameters(n Node, a *Arguments) {
	for _, list := range [][]*Arg{a.PosOnlyArgs, a.Args, {a.Vararg}, a.KwOnlyArgs, {a.Kwarg}} {
		for _, p := range list {
			if p != nil {
				c.bind(n, p.Arg)
			}
		}
	}
	c.exprs(a.Defaults)
	c.exprs(a.KwDefaults)
}

func (c *checker) function(s Stmt, kind unitKind, name string, decorators []Expr, a *Arguments, returns Expr, body []Stmt) {
	c.exprs(decorators)
	c.parameters(s, a)
	for _, list := range [][]*Arg{a.Args, a.PosOnlyArgs, {a.Vararg}, a.KwOnlyArgs, {a.Kwarg}} {
		for _, p := range list {
			if p == nil {
				continue
			}
			if star, ok := p.Annotation.(*Starred); ok {
				c.expr(star.Value)
			} else {
				c.expr(p.Annotation)
			}
		}
	}
	c.expr(returns)
	c.bind(s, name)
	u := &unit{kind: kind, yields: yields(body)}
	c.within(u, func() { c.stmts(body) })
}

// yields tells whether statements make the function around them a generator.
func yields(body []Stmt) (found bool) {
	InspectBody(body, func(n Node) bool {
		switch n.(type) {
		case *FunctionDef, *AsyncFunctionDef, *ClassDef, *Lambda:
			return false
		case *Yield, *YieldFrom:
			found = true
		}
		return !found
	})
	return found
}
