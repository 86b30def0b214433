package startup

import (
	"gsrv/schema/python/syntax"
)

// getattr gives an attribute of what an expression stands for.
func (a *analysis) getattr(f *frame, node syntax.Expr, on value, name string) value {
	switch on := on.(type) {
	case libref:
		return a.libraryAttribute(on.name + "." + name)
	case *module:
		return a.attribute(f, node, on, name, false)
	case *instance:
		return a.member(f, node, on, name)
	case libmethod:
		return libmethod{on.on, on.name + "." + name}
	case *class:
		if v, ok := a.classAttr(on, name, nil); ok {
			if fn, ok := v.(*function); ok && fn.wrap == "class" {
				fn := *fn
				fn.self = on
				return &fn
			}
			return v
		}
		if base := a.libraryBase(on, 0); base != "" {
			return libmethod{&instance{lib: base, project: on}, base + "." + name}
		}
	case super:
		return a.superMember(f, node, on, name)
	case *function:
		if on.wrap == "task" && (name == "delay" || name == "apply_async") {
			return libref{"celery.Task." + name}
		}
	case *list:
		return libmethod{&instance{lib: "list", attrs: map[string]value{"": on}}, "list." + name}
	case *dict:
		return libmethod{&instance{lib: "dict", attrs: map[string]value{"": on}}, "dict." + name}
	case constant:
		if _, ok := on.v.(string); ok {
			return libmethod{&instance{lib: "str", attrs: map[string]value{"": on}}, "str." + name}
		}
	case alt:
		var out value
		for _, one := range on {
			if one == nil || isNone(one) {
				continue
			}
			out = join(out, a.getattr(f, node, one, name))
		}
		return out
	}
	return nil
}

// libraryAttribute gives an attribute of a library's module or class; Django's settings are the project's.
func (a *analysis) libraryAttribute(name string) value {
	if v, ok := a.setting(name); ok {
		return v
	}
	return libref{name}
}

// member gives an attribute of an object: its own, its class's, or a library's method.
func (a *analysis) member(f *frame, node syntax.Expr, i *instance, name string) value {
	if v, ok := i.attrs[name]; ok {
		return v
	}
	if i.project != nil {
		if name == "__class__" {
			return i.project
		}
		if v, ok := a.classAttr(i.project, name, nil); ok {
			return a.bindMethod(f, node, v, i)
		}
		if i.lib == "" {
			return nil
		}
	}
	return libmethod{i, i.lib + "." + name}
}

func (a *analysis) bindMethod(f *frame, node syntax.Expr, v value, self value) value {
	fn, ok := v.(*function)
	if !ok || fn.self != nil {
		return v
	}
	out := *fn
	switch fn.wrap {
	case "static":
		return v
	case "class":
		if i, ok := self.(*instance); ok {
			out.self = i.project
		} else {
			out.self = self
		}
		return &out
	case "property":
		out.self, out.wrap = self, ""
		return a.invoke(f, node, &out, arguments{})
	}
	out.self = self
	return &out
}

// classAttr finds a name in a class or its bases; after is the class behind which to look, for super().
func (a *analysis) classAttr(c *class, name string, after *class) (value, bool) {
	looking := after == nil
	for _, one := range a.mro(c) {
		if looking {
			if v, ok := one.attrs[name]; ok {
				return v, true
			}
		}
		looking = looking || one == after
	}
	return nil, false
}

// mro gives a class and its bases of the project in an order close to Python's: depth first, each once, the last time it occurs.
func (a *analysis) mro(c *class) []*class {
	var out []*class
	seen := map[*class]bool{}
	var walk func(c *class, depth int)
	walk = func(c *class, depth int) {
		if depth > 20 || seen[c] || len(out) > 100 {
			return
		}
		seen[c] = true
		out = append(out, c)
		for _, b := range c.bases {
			for _, one := range each(b) {
				if base, ok := one.(*class); ok {
					walk(base, depth+1)
				}
			}
		}
	}
	walk(c, 0)
	return out
}

// libraryBase gives the library's class that a class of the project is derived from, or "".
func (a *analysis) libraryBase(c *class, depth int) string {
	if depth > 20 {
		return ""
	}
	for _, b := range c.bases {
		for _, one := range each(b) {
			switch one := one.(type) {
			case libref:
				if one.name != "builtins.object" {
					return canonical(one.name)
				}
			case libmethod: // class User(db.Model)
				return canonical(one.name)
			case *class:
				if name := a.libraryBase(one, depth+1); name != "" {
					return name
				}
			}
		}
	}
	return ""
}

func (a *analysis) superMember(f *frame, node syntax.Expr, on super, name string) value {
	c := on.cls
	i, isInstance := on.self.(*instance)
	if isInstance && i.project != nil {
		c = i.project
	} else if k, ok := on.self.(*class); ok {
		c = k
	}
	if v, ok := a.classAttr(c, name, on.cls); ok {
		return a.bindMethod(f, node, v, on.self)
	}
	if name == "__new__" {
		return libref{"builtins.object.__new__"}
	}
	if isInstance && i.lib != "" {
		return libmethod{i, i.lib + "." + name}
	}
	return nil
}
