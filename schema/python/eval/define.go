package eval

import (
	"strings"

	"gsrv/schema"
	"gsrv/schema/python/syntax"
	"gsrv/schema/python/value"
)

// annotate keeps the annotations of a class body, for dataclasses.
func (in *interp) annotate(n *syntax.AnnAssign, s *scope) error {
	name, ok := n.Target.(*syntax.Name)
	if !ok || !s.isClass {
		return nil
	}
	d, _ := s.vars["__annotations__"].v.(*value.Dict)
	if d == nil {
		d = value.NewDict()
		in.bind(s, "__annotations__", d, n.Target, n.Annotation, "system")
	}
	return d.SetStr(in.budget, name.ID, value.Str(in.cur.text(n.Annotation)))
}

func (in *interp) funcDef(n syntax.Node, name string, args *syntax.Arguments, body []syntax.Stmt, decorators []syntax.Expr, async bool, s *scope) error {
	made := make([]value.Value, len(decorators))
	for i, d := range decorators {
		v, err := in.expr(d, s)
		if err != nil {
			return err
		}
		made[i] = v
	}
	f, err := in.makeFunction(n, name, args, body, nil, async, s)
	if err != nil {
		return err
	}
	v := value.Value(f)
	for i := len(made) - 1; i >= 0; i-- {
		if v, err = in.decorate(made[i], v, decorators[i]); err != nil {
			return err
		}
	}
	in.bind(s, name, v, n, n, "function")
	return nil
}

// decorate applies a decorator; one that is not known gives a function that is not known, which keeps its name.
func (in *interp) decorate(d, f value.Value, n syntax.Node) (value.Value, error) {
	if isForeignUnknown(d) {
		u := in.follow(n, "a decorator", d)
		u.Why.Reason = "it is decorated with " + short(in.cur.text(n)) + ", which gsrv does not read"
		return u, nil
	}
	return in.call(d, []value.Value{f}, nil, n)
}

// qualified is __qualname__ of something defined in a scope.
func qualified(name string, s *scope) string {
	switch {
	case s.isClass:
		if q, ok := s.vars["__qualname__"].v.(value.Str); ok {
			return string(q) + "." + name
		}
	case s.isFunc:
		if f, ok := s.vars["\x00function"].v.(*function); ok {
			return f.qual + ".<locals>." + name
		}
	}
	return name
}

// docstring is __doc__ of a body.
func docstring(body []syntax.Stmt) value.Value {
	if len(body) > 0 {
		if e, ok := body[0].(*syntax.ExprStmt); ok {
			if c, ok := e.Value.(*syntax.Constant); ok {
				if text, ok := c.Value.(string); ok {
					return value.Str(text)
				}
			}
		}
	}
	return value.None
}

func (in *interp) makeFunction(n syntax.Node, name string, args *syntax.Arguments, body []syntax.Stmt, expr syntax.Expr, async bool, s *scope) (*function, error) {
	f := &function{name: name, qual: qualified(name, s), doc: docstring(body), args: args, body: body, expr: expr, scope: s, def: in.rng(n), mod: in.cur, async: async}
	for _, d := range args.Defaults {
		v, err := in.expr(d, s)
		if err != nil {
			return nil, err
		}
		f.defaults = append(f.defaults, v)
	}
	for _, d := range args.KwDefaults {
		if d == nil {
			f.kwDefault = append(f.kwDefault, nil)
			continue
		}
		v, err := in.expr(d, s)
		if err != nil {
			return nil, err
		}
		f.kwDefault = append(f.kwDefault, v)
	}
	f.locals = map[string]bool{}
	for name := range assignedNames(body) {
		f.locals[name] = true
	}
	syntax.InspectBody(body, func(n syntax.Node) bool {
		switch n.(type) {
		case *syntax.FunctionDef, *syntax.AsyncFunctionDef, *syntax.ClassDef, *syntax.Lambda:
			return false
		case *syntax.Yield, *syntax.YieldFrom:
			f.generator = true
		}
		return true
	})
	return f, nil
}

func (in *interp) classDef(n *syntax.ClassDef, s *scope) error {
	c := &class{name: n.Name, attrs: map[string]value.Value{}, mod: in.cur, def: in.rng(n)}
	for _, b := range n.Bases {
		v, err := in.expr(b, s)
		if err != nil {
			return err
		}
		switch k := v.(type) {
		case *class:
			c.bases = append(c.bases, k)
			if k.kind != "" && c.kind == "" {
				c.kind = k.kind
			}
			if c.fields == nil && k.fields != nil {
				c.fields = append(c.fields, k.fields...)
			}
		default:
			c.unknownBase = &schema.Opaque{Source: in.cur.text(b), Reason: "its class derives from " + short(in.cur.text(b)) + ", which gsrv does not read", Src: in.rng(b)}
			if u, ok := v.(*Unknown); ok && u.Why.Needs != nil {
				c.unknownBase.Needs = u.Why.Needs
			}
		}
	}
	body := &scope{vars: map[string]slot{}, parent: s, globals: s.globals, mod: s.mod, isClass: true}
	if s == s.globals {
		body.parent = nil
	}
	in.define(body, "__module__", value.Str(in.cur.name))
	in.define(body, "__qualname__", value.Str(qualified(n.Name, s)))
	if doc := docstring(n.Body); doc != value.Value(value.None) {
		in.define(body, "__doc__", doc)
	}
	in.scopes = append(in.scopes, body)
	_, err := in.block(n.Body, body)
	in.scopes = in.scopes[:len(in.scopes)-1]
	if err != nil {
		return err
	}
	for _, name := range body.order {
		if v, ok := body.vars[name]; ok {
			c.attrs[name] = v.v
			c.order = append(c.order, name)
			if f, ok := v.v.(*function); ok && f.class == nil {
				f.class = c
			}
			if w, ok := v.v.(*wrapper); ok {
				if f, ok := w.fn.(*function); ok && f.class == nil {
					f.class = c
				}
			}
		}
	}
	in.finishClass(c)
	for _, k := range n.Keywords {
		v, err := in.expr(k.Value, s)
		if err != nil {
			return err
		}
		if own, ok := v.(*class); k.Arg == "metaclass" && (!ok || own.name != "ABCMeta" && own.kind != "enum") {
			c.unknownBase = &schema.Opaque{Source: in.cur.text(k), Reason: "its class is made by a metaclass, which is not followed", Src: in.rng(k)}
		}
	}
	if m, k, ok := (&superObject{class: c, self: c}).find("__init_subclass__"); ok && !k.builtin {
		var kw []value.Kwarg
		for _, k := range n.Keywords {
			v, err := in.expr(k.Value, s)
			if err != nil {
				return err
			}
			if k.Arg != "" && k.Arg != "metaclass" {
				kw = append(kw, value.Kwarg{Name: k.Arg, Value: v})
			}
		}
		if w, ok := m.(*wrapper); ok {
			m = w.fn
		}
		if _, err := in.call(&method{self: c, fn: m}, nil, kw, n); err != nil {
			return err
		}
	}
	v := value.Value(c)
	for i := len(n.DecoratorList) - 1; i >= 0; i-- {
		d, err := in.expr(n.DecoratorList[i], s)
		if err != nil {
			return err
		}
		if v, err = in.decorate(d, v, n.DecoratorList[i]); err != nil {
			return err
		}
	}
	in.bind(s, n.Name, v, n, n, "class")
	return nil
}

// finishClass makes the members of an enum and the fields of a NamedTuple.
func (in *interp) finishClass(c *class) {
	switch c.kind {
	case "enum":
		for _, name := range c.order {
			v := c.attrs[name]
			if strings.HasPrefix(name, "_") {
				continue
			}
			switch v.(type) {
			case *function, *wrapper, *native:
				continue
			}
			member := &instance{class: c, attrs: map[string]value.Value{}}
			member.set("value", v)
			member.set("_value_", v)
			member.set("name", value.Str(name))
			c.attrs[name] = member
			c.members = append(c.members, name)
		}
	case "namedtuple":
		if d, ok := c.attrs["__annotations__"].(*value.Dict); ok {
			d.Items(func(k, _ value.Value) bool {
				c.fields = append(c.fields, string(k.(value.Str)))
				return true
			})
		}
	}
}
