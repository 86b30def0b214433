package eval

import (
	"gsrv/schema/python/syntax"
	"gsrv/schema/python/value"
)

// construct makes an instance of a class.
func (in *interp) construct(c *class, args []value.Value, kwargs []value.Kwarg, n syntax.Node) (value.Value, error) {
	for _, k := range c.mro() {
		if k.construct != nil {
			if k == c {
				return k.construct(in, args, kwargs, n)
			}
			break
		}
	}
	if c.builtin && c.kind != "exception" {
		return in.callBuiltin(c.name, args, kwargs, n)
	}
	if c.kind == "enum" && len(c.members) > 0 && len(args) == 1 {
		return in.enumMember(c, args[0], n)
	}
	o := &instance{class: c, attrs: map[string]value.Value{}}
	if m, k, ok := c.lookup("__new__"); ok && !k.builtin {
		if w, isStatic := m.(*wrapper); isStatic {
			m = w.fn
		}
		made, err := in.call(m, append([]value.Value{c}, args...), kwargs, n)
		if err != nil {
			return nil, err
		}
		same, ok := made.(*instance)
		if !ok || !same.class.isSubclass(c) {
			return made, nil
		}
		o = same
	}
	if in.isExceptionClass(c) {
		in.initException(o, args)
	}
	if init, _, ok := c.lookup("__init__"); ok {
		_, err := in.call(&method{self: o, fn: init}, args, kwargs, n)
		return o, err
	}
	switch c.kind {
	case "dataclass", "namedtuple":
		return o, in.fillFields(c, o, args, kwargs, n)
	}
	if _, _, own := c.lookup("__new__"); own {
		return o, nil
	}
	if c.hasUnknownBase() == nil && o.exc == nil && len(args)+len(kwargs) > 0 && !derivesBuiltin(c) {
		return nil, in.raise(n, "TypeError", "%s() takes no arguments", c.name)
	}
	if derivesBuiltin(c) {
		return in.unknown(n, "it is an object of class "+c.name+", which derives from a built-in type"), nil
	}
	return o, nil
}

func derivesBuiltin(c *class) bool {
	for _, k := range c.mro() {
		if k.builtin && k.name != "object" && k.kind != "exception" && k.kind != "enum" {
			return true
		}
	}
	return false
}

func (in *interp) isExceptionClass(c *class) bool {
	for _, k := range c.mro() {
		if k.kind == "exception" && k.builtin {
			return true
		}
	}
	return false
}

// exceptionBase gives the built-in class that package value knows.
func (in *interp) exceptionBase(c *class) string {
	for _, k := range c.mro() {
		if k.builtin && k.kind == "exception" {
			return k.name
		}
	}
	return "Exception"
}

// errnoClasses are the subclasses that OSError(errno, text) makes.
var errnoClasses = map[int64]string{
	1: "PermissionError", 2: "FileNotFoundError", 3: "ProcessLookupError", 4: "InterruptedError", 10: "ChildProcessError", 11: "BlockingIOError", 13: "PermissionError",
	17: "FileExistsError", 20: "NotADirectoryError", 21: "IsADirectoryError", 32: "BrokenPipeError", 104: "ConnectionResetError", 110: "TimeoutError", 111: "ConnectionRefusedError",
}

// initException gives an exception object its arguments and the text that str() shows.
func (in *interp) initException(o *instance, args []value.Value) {
	base := in.exceptionBase(o.class)
	e := &value.Exception{Type: base, Args: args, Msg: in.exceptionText(args)}
	switch {
	case len(args) == 1 && value.ExceptionIsA(base, "KeyError"):
		if text, err := value.Repr(in.budget, args[0]); err == nil {
			e.Msg = text
		}
	case len(args) >= 2 && len(args) <= 3 && value.ExceptionIsA(base, "OSError"):
		code, ok := args[0].(value.Int)
		if !ok {
			break
		}
		number, _ := code.Int64()
		if name, ok := errnoClasses[number]; ok && o.class == in.classes["OSError"] {
			e.Type, o.class = name, in.classes[name]
		}
		e.Msg = "[Errno " + in.textOf(args[0]) + "] " + in.textOf(args[1])
		o.set("errno", args[0])
		o.set("strerror", args[1])
		if len(args) == 3 {
			if text, err := value.Repr(in.budget, args[2]); err == nil {
				e.Msg += ": " + text
			}
			o.set("filename", args[2])
			e.Args = args[:2]
		}
	case value.ExceptionIsA(base, "SystemExit"):
		switch len(args) {
		case 0:
			o.set("code", value.None)
		case 1:
			o.set("code", args[0])
		}
	}
	o.exc = e
	o.set("args", value.NewTuple(e.Args...))
}

func (in *interp) exceptionText(args []value.Value) string {
	switch len(args) {
	case 0:
		return ""
	case 1:
		return in.textOf(args[0])
	}
	t, err := value.Repr(in.budget, value.NewTuple(args...))
	if err != nil {
		return ""
	}
	return t
}

func (in *interp) enumMember(c *class, v value.Value, n syntax.Node) (value.Value, error) {
	if hidden(v) {
		return in.follow(n, "an enum", v), nil
	}
	for _, name := range c.members {
		m := c.attrs[name].(*instance)
		if eq, err := value.Equal(in.budget, m.attrs["value"], v); err == nil && eq {
			return m, nil
		}
	}
	text, _ := value.Repr(in.budget, v)
	return nil, in.raise(n, "ValueError", "%s is not a valid %s", text, c.name)
}

// fillFields sets the fields of a dataclass or a named tuple from a call's arguments.
func (in *interp) fillFields(c *class, o *instance, args []value.Value, kwargs []value.Kwarg, n syntax.Node) error {
	fields := c.fields
	if len(args) > len(fields) {
		return in.raise(n, "TypeError", "%s.__init__() takes %d positional arguments but %d were given", c.name, len(fields)+1, len(args)+1)
	}
	for i, v := range args {
		o.set(fields[i], v)
	}
next:
	for _, k := range kwargs {
		for _, f := range fields {
			if f == k.Name {
				o.set(f, k.Value)
				continue next
			}
		}
		return in.raise(n, "TypeError", "%s.__init__() got an unexpected keyword argument '%s'", c.name, k.Name)
	}
	for _, f := range fields {
		if _, ok := o.attrs[f]; ok {
			continue
		}
		d, _, ok := c.lookup(f)
		if !ok {
			d, ok = c.attrs["\x00default "+f]
		}
		if !ok {
			return in.raise(n, "TypeError", "%s.__init__() missing 1 required positional argument: '%s'", c.name, f)
		}
		if factory, isFactory := d.(*fieldDefault); isFactory {
			switch {
			case factory.value != nil:
				d = factory.value
			case factory.factory != nil:
				v, err := in.call(factory.factory, nil, nil, n)
				if err != nil {
					return err
				}
				d = v
			}
		}
		o.set(f, d)
	}
	if post, _, ok := c.lookup("__post_init__"); ok {
		_, err := in.call(&method{self: o, fn: post}, nil, nil, n)
		return err
	}
	return nil
}

// A fieldDefault is dataclasses.field(default=…, default_factory=…).
type fieldDefault struct{ value, factory value.Value }

func (in *interp) namedTupleValues(i *instance) value.Value {
	var out []value.Value
	for _, f := range i.class.fields {
		out = append(out, i.attrs[f])
	}
	return value.NewTuple(out...)
}
