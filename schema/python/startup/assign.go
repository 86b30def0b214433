package startup

import (
	"strings"

	"gsrv/schema/python/syntax"
)

// bind gives a name a value. Behind a test that cannot be known it may keep the one it has.
func (a *analysis) bind(f *frame, name string, v value) {
	s := f.scope
	if o, ok := s.outer[name]; ok {
		s = o
	}
	if old, ok := s.names[name]; ok && a.depth > s.depth {
		v = join(old, v)
	}
	s.names[name] = v
}

func (a *analysis) assign(f *frame, target syntax.Expr, v value) {
	switch t := target.(type) {
	case *syntax.Name:
		a.bind(f, t.ID, v)
	case *syntax.Attribute:
		a.assignAttribute(f, t, v)
	case *syntax.Subscript:
		key := a.expr(f, t.Slice)
		switch on := a.expr(f, t.Value).(type) {
		case *dict:
			if k, ok := text(key); ok {
				on.items[k] = v
			} else {
				on.open = true
				on.items["\x00"+f.text(t.Slice)] = v
			}
		case libref:
			if k, ok := text(key); ok && on.name == "os.environ" {
				a.environ[k] = v
			}
		case *list:
			on.elems, on.open = append(on.elems, v), true
		}
	case *syntax.Tuple:
		a.unpack(f, t.Elts, v)
	case *syntax.List:
		a.unpack(f, t.Elts, v)
	case *syntax.Starred:
		a.assign(f, t.Value, nil)
	}
}

func (a *analysis) unpack(f *frame, targets []syntax.Expr, v value) {
	l, ok := v.(*list)
	known := ok && !l.open && len(l.elems) == len(targets)
	for i, t := range targets {
		if known {
			a.assign(f, t, l.elems[i])
		} else {
			a.assign(f, t, nil)
		}
	}
}

func (a *analysis) assignAttribute(f *frame, t *syntax.Attribute, v value) {
	set := func(attrs map[string]value) {
		if old, ok := attrs[t.Attr]; ok && a.depth > 0 {
			v = join(old, v)
		}
		attrs[t.Attr] = v
	}
	on := a.expr(f, t.Value)
	for _, one := range each(on) {
		switch one := one.(type) {
		case *instance:
			if one.attrs == nil {
				one.attrs = map[string]value{}
			}
			set(one.attrs)
		case *class:
			set(one.attrs)
		case *module:
			if one.scope != nil {
				set(one.scope.names)
			}
		case libref:
			// uwsgi.post_fork_hook = f
			if one.name == "uwsgi" && t.Attr == "post_fork_hook" {
				a.afterFork(f, t, v)
			}
		}
	}
}

func (a *analysis) augment(f *frame, s *syntax.AugAssign) {
	v := a.expr(f, s.Value)
	old := a.expr(f, s.Target)
	a.assign(f, s.Target, a.add(old, v, s.Op))
}

// add joins two lists or texts.
func (a *analysis) add(x, y value, op syntax.Operator) value {
	if op != syntax.Add {
		return nil
	}
	if one, ok := text(x); ok {
		if two, ok := text(y); ok && len(one)+len(two) < 1<<16 {
			return constant{one + two}
		}
		return nil
	}
	one, ok1 := x.(*list)
	two, ok2 := y.(*list)
	if !ok1 && !ok2 {
		return nil
	}
	out := &list{open: !ok1 || !ok2}
	for _, l := range []*list{one, two} {
		if l != nil {
			a.spend(len(l.elems))
			out.elems = append(out.elems, l.elems...)
			out.open = out.open || l.open
		}
	}
	out.limit()
	return out
}

const maxElements = 2000

// spend takes work on the elements of something from what is left.
func (a *analysis) spend(elements int) { a.budget -= elements / 8 }

func (l *list) limit() {
	if len(l.elems) > maxElements {
		l.elems, l.open = l.elems[:maxElements], true
	}
}

// define binds a function, after its decorators have been applied.
func (a *analysis) define(f *frame, fn *function, decorators []syntax.Expr) {
	fn.mod, fn.scope = f.mod, f.scope
	fn.yields = yields(fn.body)
	for _, d := range fn.params.Defaults {
		a.expr(f, d)
	}
	a.bind(f, fn.name, a.decorate(f, fn, decorators))
}

func (a *analysis) decorate(f *frame, v value, decorators []syntax.Expr) value {
	found := make([]value, len(decorators))
	for i, d := range decorators {
		found[i] = a.expr(f, d)
	}
	for i := len(decorators) - 1; i >= 0; i-- {
		v = a.applyDecorator(f, decorators[i], found[i], v)
	}
	return v
}

func (a *analysis) applyDecorator(f *frame, node syntax.Expr, d, v value) value {
	switch d := d.(type) {
	case *function, *class, partial:
		got := a.callValue(f, node, d, arguments{pos: []value{v}, mod: f.mod})
		if got == nil {
			return v
		}
		return got
	case *instance:
		if d.project != nil {
			if got := a.callValue(f, node, d, arguments{pos: []value{v}, mod: f.mod}); got != nil {
				return got
			}
			return v
		}
		return a.libraryDecorator(f, node, d.lib, true, v)
	case libref:
		return a.libraryDecorator(f, node, d.name, false, v)
	case libmethod:
		return a.libraryDecorator(f, node, d.name, false, v)
	}
	return v
}

// libraryDecorator applies a library's decorator; made is set where it is what a call has given: @timer(3).
func (a *analysis) libraryDecorator(f *frame, node syntax.Expr, name string, made bool, v value) value {
	fn, isFunction := v.(*function)
	wrapped := func(how string) value {
		if !isFunction {
			return v
		}
		out := *fn
		out.wrap = how
		return &out
	}
	switch name {
	case "builtins.property", "functools.cached_property", "django.utils.functional.cached_property", "werkzeug.utils.cached_property":
		return wrapped("property")
	case "builtins.staticmethod":
		return wrapped("static")
	case "builtins.classmethod":
		return wrapped("class")
	case "contextlib.contextmanager", "contextlib.asynccontextmanager":
		return wrapped("context")
	case "uwsgidecorators.postfork":
		a.afterFork(f, node, v)
		return v
	case "uwsgidecorators.thread":
		return wrapped("thread")
	}
	if fact, ok := uwsgiDecorators()[name]; ok && (made || !fact.factory) {
		a.add1(f, node, UWSGITimer, name, "", fact.note, nil)
		return v
	}
	if last := lastPart(name); last == "task" || last == "shared_task" || last == "periodic_task" {
		if strings.HasPrefix(name, "celery.") {
			return wrapped("task")
		}
	}
	return v
}

func yields(body []syntax.Stmt) bool {
	found := false
	syntax.InspectBody(body, func(n syntax.Node) bool {
		switch n.(type) {
		case *syntax.Yield, *syntax.YieldFrom:
			found = true
		case *syntax.FunctionDef, *syntax.AsyncFunctionDef, *syntax.ClassDef, *syntax.Lambda:
			return false
		}
		return !found
	})
	return found
}

// defineClass runs a class's body and binds the class.
func (a *analysis) defineClass(f *frame, s *syntax.ClassDef) {
	c := &class{name: s.Name, mod: f.mod, def: s}
	for _, b := range s.Bases {
		c.bases = append(c.bases, a.expr(f, b))
	}
	for _, k := range s.Keywords {
		a.expr(f, k.Value)
	}
	inner := newScope(f.scope, a.depth)
	inner.class = true
	inner.names["__name__"] = constant{s.Name}
	a.block(&frame{mod: f.mod, scope: inner}, s.Body)
	c.attrs = inner.names
	delete(c.attrs, "__name__")
	for name, v := range c.attrs {
		if fn, ok := v.(*function); ok && fn.owner == nil && fn.scope == inner {
			fn := *fn
			fn.owner = c
			c.attrs[name] = &fn
		}
	}
	a.bind(f, s.Name, a.decorate(f, c, s.DecoratorList))
}
