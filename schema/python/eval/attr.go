package eval

import (
	"gsrv/schema"
	"gsrv/schema/python/syntax"
	"gsrv/schema/python/value"
)

// getAttr is obj.name.
func (in *interp) getAttr(obj value.Value, name string, n syntax.Node) (value.Value, error) {
	switch o := obj.(type) {
	case *module:
		return in.moduleAttr(o, name, n)
	case *instance:
		return in.instanceAttr(o, name, n)
	case *class:
		return in.classAttr(o, name, n)
	case *superObject:
		for _, k := range o.after() {
			if v, ok := k.attrs[name]; ok {
				return in.bindAttr(v, o.self, n)
			}
		}
		if self, ok := o.self.(*instance); ok && name == "__init__" && self.exc != nil {
			return fn(name, func(in *interp, args []value.Value, _ []value.Kwarg, _ syntax.Node) (value.Value, error) {
				in.initException(self, args)
				return value.None, nil
			}), nil
		}
		if self, ok := o.self.(*instance); ok && name == "__str__" && self.exc != nil {
			return returns(name, value.Str(self.exc.Msg)), nil
		}
		if name == "__new__" {
			return fn(name, func(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
				if c, ok := first(args).(*class); ok && !derivesBuiltin(c) && c.kind == "" && c.hasUnknownBase() == nil {
					return &instance{class: c, attrs: map[string]value.Value{}}, nil
				}
				return in.follow(n, "__new__()", args...), nil
			}), nil
		}
		if name == "__init__" || name == "__post_init__" || name == "__init_subclass__" {
			return &native{name: name, call: func(*interp, []value.Value, []value.Kwarg, syntax.Node) (value.Value, error) { return value.None, nil }}, nil
		}
		if w := o.class.hasUnknownBase(); w != nil {
			return &Unknown{w}, nil
		}
		return nil, in.raise(n, "AttributeError", "'super' object has no attribute '%s'", name)
	case *function:
		switch name {
		case "__name__":
			return value.Str(o.name), nil
		case "__qualname__":
			return value.Str(o.qual), nil
		case "__doc__":
			return o.doc, nil
		case "__module__":
			return value.Str(o.mod.name), nil
		case "__wrapped__":
			if o.wrapped != nil {
				return o.wrapped, nil
			}
		}
		if v, ok := o.attrs[name]; ok {
			return v, nil
		}
		return nil, in.raise(n, "AttributeError", "'function' object has no attribute '%s'", name)
	case *Symbolic:
		return &boundBuiltin{recv: o, name: name}, nil
	case *Unknown:
		u := in.unknown(n, o.Why.Reason, o.Why.Needs...)
		return u, nil
	case *environ:
		return &boundBuiltin{recv: o, name: name}, nil
	case *namespace:
		return &boundBuiltin{recv: o, name: name}, nil
	case *native, *partial, *method, *wrapper, *boundBuiltin:
		if w, ok := obj.(*wrapper); ok && w.kind == "property" && (name == "setter" || name == "getter" || name == "deleter") {
			return fn(name, func(_ *interp, args []value.Value, _ []value.Kwarg, _ syntax.Node) (value.Value, error) {
				c := *w
				switch name {
				case "setter":
					c.set = first(args)
				case "getter":
					c.fn = first(args)
				}
				return &c, nil
			}), nil
		}
		if name == "__name__" {
			if f := in.funcRef(obj, in.rng(n)); f != nil {
				return value.Str(f.Name), nil
			}
		}
		if nat, ok := obj.(*native); ok && (name == "cache_clear" || name == "cache_info") {
			return nat, nil
		}
		return in.unknown(n, "it is an attribute of a function"), nil
	case *fieldDefault:
		return in.unknown(n, "it is an attribute of a dataclass field"), nil
	}
	if value.HasMethod(obj.TypeName(), name) {
		return &boundBuiltin{recv: obj, name: name}, nil
	}
	v, err := value.Attribute(in.budget, obj, name)
	return in.wrap(v, err, n)
}

func (in *interp) instanceAttr(o *instance, name string, n syntax.Node) (value.Value, error) {
	if path, ok := o.attrs["\x00path"]; ok {
		return in.pathAttr(o, path, name, n)
	}
	if v, _, ok := o.class.lookup(name); ok {
		if w, isProp := v.(*wrapper); isProp && w.kind == "property" {
			return in.call(w.fn, []value.Value{o}, nil, n)
		}
	}
	if o.dict != nil {
		// What was written to __dict__ counts too.
		if v, ok := o.dict.GetStr(name); ok {
			return v, nil
		}
	} else if v, ok := o.attrs[name]; ok {
		return v, nil
	}
	if v, _, ok := o.class.lookup(name); ok {
		return in.bindAttr(v, o, n)
	}
	switch name {
	case "__class__":
		return o.class, nil
	case "__dict__":
		if o.dict != nil {
			return o.dict, nil
		}
		d := value.NewDict()
		o.dict = d
		for _, k := range o.order {
			if err := d.SetStr(in.budget, k, o.attrs[k]); err != nil {
				return in.wrap(nil, err, n)
			}
		}
		return d, nil
	case "args":
		if o.exc != nil {
			return value.NewTuple(o.exc.Args...), nil
		}
	case "filename", "errno", "strerror", "code", "lineno", "msg", "name", "reason", "__traceback__", "__cause__", "__context__":
		if o.exc != nil {
			return in.unknown(n, "it is a detail of an exception"), nil
		}
	}
	if w := o.class.hasUnknownBase(); w != nil {
		return &Unknown{&schema.Opaque{Source: in.cur.text(n), Reason: w.Reason, Needs: w.Needs, Src: in.rng(n)}}, nil
	}
	if m, _, ok := o.class.lookup("__getattr__"); ok {
		return in.call(&method{self: o, fn: m}, []value.Value{value.Str(name)}, nil, n)
	}
	if o.class.kind == "enum" && derivesText(o.class) {
		return in.getAttr(o.attrs["value"], name, n)
	}
	if o.class.kind == "namedtuple" && (name == "_asdict" || name == "_replace") {
		return in.unknown(n, "the method "+name+" of a named tuple is not followed"), nil
	}
	return nil, in.raise(n, "AttributeError", "'%s' object has no attribute '%s'", o.class.name, name)
}

// derivesText tells whether the members of an enum are text or numbers too.
func derivesText(c *class) bool {
	for _, k := range c.mro() {
		if k.builtin && (k.name == "str" || k.name == "int") {
			return true
		}
	}
	return false
}

// bindAttr binds a class attribute to an object.
func (in *interp) bindAttr(v value.Value, self value.Value, n syntax.Node) (value.Value, error) {
	switch f := v.(type) {
	case *function:
		return &method{self: self, fn: f}, nil
	case *native:
		return &method{self: self, fn: f}, nil
	case *wrapper:
		switch f.kind {
		case "staticmethod":
			return f.fn, nil
		case "classmethod":
			if i, ok := self.(*instance); ok {
				return &method{self: i.class, fn: f.fn}, nil
			}
			return &method{self: self, fn: f.fn}, nil
		case "property":
			return in.call(f.fn, []value.Value{self}, nil, n)
		}
	}
	return v, nil
}

func (in *interp) classAttr(c *class, name string, n syntax.Node) (value.Value, error) {
	if v, _, ok := c.lookup(name); ok {
		switch w := v.(type) {
		case *wrapper:
			switch w.kind {
			case "staticmethod":
				return w.fn, nil
			case "classmethod":
				return &method{self: c, fn: w.fn}, nil
			}
		case *fieldDefault:
			if w.value != nil {
				return w.value, nil
			}
		}
		return v, nil
	}
	switch name {
	case "__name__", "__qualname__":
		return value.Str(c.name), nil
	case "_fields":
		if c.kind == "namedtuple" {
			t := value.NewTuple()
			for _, f := range c.fields {
				t.Elems = append(t.Elems, value.Str(f))
			}
			return t, nil
		}
	case "__mro__":
		t := value.NewTuple()
		for _, k := range c.mro() {
			t.Elems = append(t.Elems, k)
		}
		if k := len(t.Elems); k == 0 || t.Elems[k-1] != value.Value(in.classes["object"]) {
			t.Elems = append(t.Elems, in.classes["object"])
		}
		return t, nil
	case "__members__":
		d := value.NewDict()
		for _, m := range c.members {
			if err := d.SetStr(in.budget, m, c.attrs[m]); err != nil {
				return in.wrap(nil, err, n)
			}
		}
		return d, nil
	case "__dict__":
		d := value.NewDict()
		for _, k := range c.order {
			if err := d.SetStr(in.budget, k, c.attrs[k]); err != nil {
				return in.wrap(nil, err, n)
			}
		}
		return d, nil
	case "__doc__":
		return value.None, nil
	case "__module__":
		if c.mod != nil {
			return value.Str(c.mod.name), nil
		}
	}
	if c.builtin {
		if value.HasMethod(c.name, name) {
			return in.unboundMethod(c.name, name), nil
		}
	}
	if o := c.hasUnknownBase(); o != nil {
		return &Unknown{&schema.Opaque{Source: in.cur.text(n), Reason: o.Reason, Needs: o.Needs, Src: in.rng(n)}}, nil
	}
	return nil, in.raise(n, "AttributeError", "type object '%s' has no attribute '%s'", c.name, name)
}
