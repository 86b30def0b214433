package eval

import (
	"strings"

	"gsrv/schema/python/syntax"
	"gsrv/schema/python/value"
)

func libCollections(in *interp) table {
	dictLike := func(name string) *native {
		return fn(name, func(in *interp, args []value.Value, kwargs []value.Kwarg, n syntax.Node) (value.Value, error) {
			if name == "defaultdict" && len(args) > 0 {
				args = args[1:]
			}
			return in.callBuiltin("dict", args, kwargs, n)
		})
	}
	t := table{"OrderedDict": dictLike("OrderedDict")}
	t["defaultdict"] = dynamic("defaultdict", "a defaultdict is not followed")
	t["Counter"] = dynamic("Counter", "a Counter is not followed")
	t["deque"] = dynamic("deque", "a deque is not followed")
	t["ChainMap"] = dynamic("ChainMap", "a ChainMap is not followed")
	t["namedtuple"] = fn("namedtuple", func(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
		if len(args) < 2 {
			return in.follow(n, "namedtuple()", args...), nil
		}
		name, ok := args[0].(value.Str)
		c := &class{name: string(name), kind: "namedtuple", attrs: table{}, mod: in.cur, def: in.rng(n)}
		switch f := args[1].(type) {
		case value.Str:
			c.fields = strings.Fields(strings.ReplaceAll(string(f), ",", " "))
		case *value.List:
			for _, e := range f.Elems {
				text, isText := e.(value.Str)
				ok = ok && isText
				c.fields = append(c.fields, string(text))
			}
		default:
			ok = false
		}
		if !ok {
			return in.follow(n, "namedtuple()", args...), nil
		}
		return c, nil
	})
	return t
}

func libFunctools(in *interp) table {
	identity := func(name string) *native {
		return fn(name, func(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
			switch first(args).(type) {
			case *function, *native, *class:
				return args[0], nil
			}
			return fn(name, func(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
				return first(args), nil
			}), nil
		})
	}
	t := table{"lru_cache": fn("lru_cache", lruCache), "cache": fn("cache", lruCache), "total_ordering": identity("total_ordering"), "singledispatch": identity("singledispatch")}
	t["partial"] = fn("functools.partial", func(in *interp, args []value.Value, kwargs []value.Kwarg, n syntax.Node) (value.Value, error) {
		if len(args) == 0 {
			return nil, in.raise(n, "TypeError", "type 'partial' takes at least one argument")
		}
		return &partial{fn: args[0], args: args[1:], kwargs: kwargs}, nil
	})
	t["wraps"] = fn("functools.wraps", func(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
		wrapped := first(args)
		return fn("wraps", func(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
			f, ok := first(args).(*function)
			if !ok {
				return first(args), nil
			}
			c := *f
			c.wrapped = wrapped
			if w, ok := wrapped.(*function); ok {
				c.name = w.name
			}
			return &c, nil
		}), nil
	})
	t["reduce"] = fn("functools.reduce", func(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
		if len(args) < 2 {
			return nil, in.raise(n, "TypeError", "reduce expected at least 2 arguments, got %d", len(args))
		}
		next, why, err := in.iterate(args[1], n)
		if err != nil || why != nil {
			return orUnknown(nil, why, err)
		}
		var acc value.Value
		if len(args) > 2 {
			acc = args[2]
		}
		for {
			v, ok, err := next()
			if err != nil {
				return nil, err
			}
			if !ok {
				break
			}
			if acc == nil {
				acc = v
				continue
			}
			if acc, err = in.call(args[0], []value.Value{acc, v}, nil, n); err != nil {
				return nil, err
			}
		}
		if acc == nil {
			return nil, in.raise(n, "TypeError", "reduce() of empty iterable with no initial value")
		}
		return acc, nil
	})
	t["cached_property"] = in.builtins["property"]
	return t
}

func libItertools(in *interp) table {
	t := table{}
	t["chain"] = fn("itertools.chain", func(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
		var out []value.Value
		for _, a := range args {
			next, why, err := in.iterate(a, n)
			if err != nil || why != nil {
				return orUnknown(nil, why, err)
			}
			for {
				v, ok, err := next()
				if err != nil {
					return nil, err
				}
				if !ok {
					break
				}
				out = append(out, v)
			}
		}
		return iterOf("chain", out), nil
	})
	for _, name := range []string{"product", "count", "cycle", "repeat", "groupby", "islice", "permutations", "combinations", "zip_longest", "takewhile", "dropwhile", "accumulate", "starmap"} {
		t[name] = dynamic("itertools."+name, "itertools."+name+" is not followed")
	}
	return t
}

func libOperator(in *interp) table {
	t := table{}
	for name, op := range map[string]string{"add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%", "pow": "**"} {
		t[name] = fn("operator."+name, func(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
			if len(args) != 2 {
				return nil, in.raise(n, "TypeError", "%s expected 2 arguments, got %d", name, len(args))
			}
			return in.binary(op, args[0], args[1], n)
		})
	}
	t["itemgetter"] = fn("operator.itemgetter", func(in *interp, keys []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
		return fn("itemgetter", func(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
			if len(keys) != 1 || len(args) != 1 {
				return in.follow(n, "itemgetter()", args...), nil
			}
			return in.getItem(args[0], keys[0], n)
		}), nil
	})
	return t
}

func libCopy(in *interp) table {
	return table{
		"copy": fn("copy.copy", func(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
			switch v := first(args).(type) {
			case *value.List, *value.Dict, *value.Set:
				return in.callMethod(v, "copy", nil, nil, n)
			case *environ, *namespace:
				return in.callMethod(v, "copy", nil, nil, n)
			case nil:
				return value.None, nil
			}
			return args[0], nil
		}),
		"deepcopy": fn("copy.deepcopy", func(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
			if len(args) == 0 {
				return value.None, nil
			}
			v, err := value.Clone(in.budget, args[0], map[value.Value]value.Value{})
			return in.wrap(v, err, n)
		}),
	}
}

func libStrtobool(in *interp) table {
	f := fn("strtobool", func(in *interp, args []value.Value, kwargs []value.Kwarg, n syntax.Node) (value.Value, error) {
		return pure("distutils.util.strtobool").call(in, args, kwargs, n)
	})
	return table{"strtobool": f, "util": &module{name: "distutils.util", builtin: table{"strtobool": f}}}
}

func libDataclasses(in *interp) table {
	make := func(in *interp, c *class) value.Value {
		c.kind = "dataclass"
		var fields []string
		for _, b := range c.bases {
			fields = append(fields, b.fields...)
		}
		if d, ok := c.attrs["__annotations__"].(*value.Dict); ok {
			d.Items(func(k, v value.Value) bool {
				name := string(k.(value.Str))
				if text, ok := v.(value.Str); ok && strings.Contains(string(text), "ClassVar") {
					return true
				}
				for _, f := range fields {
					if f == name {
						return true
					}
				}
				fields = append(fields, name)
				return true
			})
		}
		c.fields = fields
		return c
	}
	return table{
		"dataclass": fn("dataclass", func(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
			if c, ok := first(args).(*class); ok {
				return make(in, c), nil
			}
			return fn("dataclass", func(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
				if c, ok := first(args).(*class); ok {
					return make(in, c), nil
				}
				return first(args), nil
			}), nil
		}),
		"field": fn("field", func(in *interp, _ []value.Value, kwargs []value.Kwarg, n syntax.Node) (value.Value, error) {
			f := &fieldDefault{}
			for _, k := range kwargs {
				switch k.Name {
				case "default":
					f.value = k.Value
				case "default_factory":
					f.factory = k.Value
				}
			}
			return f, nil
		}),
		"asdict": fn("asdict", func(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
			o, ok := first(args).(*instance)
			if !ok {
				return in.follow(n, "asdict()", args...), nil
			}
			d := value.NewDict()
			for _, f := range o.class.fields {
				if err := d.SetStr(in.budget, f, o.attrs[f]); err != nil {
					return in.wrap(nil, err, n)
				}
			}
			return d, nil
		}),
	}
}

func libEnum(in *interp) table {
	base := &class{name: "Enum", kind: "enum", builtin: true, attrs: table{}}
	str := &class{name: "StrEnum", kind: "enum", builtin: true, bases: []*class{in.classes["str"], base}, attrs: table{}}
	integer := &class{name: "IntEnum", kind: "enum", builtin: true, bases: []*class{in.classes["int"], base}, attrs: table{}}
	return table{"Enum": base, "StrEnum": str, "IntEnum": integer, "auto": dynamic("enum.auto", "enum.auto() is not followed"), "unique": fn("unique", func(_ *interp, args []value.Value, _ []value.Kwarg, _ syntax.Node) (value.Value, error) {
		return first(args), nil
	})}
}

func libContextlib(in *interp) table {
	c := &class{name: "suppress", attrs: table{}}
	return table{
		"suppress": fn("suppress", func(_ *interp, args []value.Value, _ []value.Kwarg, _ syntax.Node) (value.Value, error) {
			return &instance{class: c, attrs: table{"\x00suppress": value.NewTuple(args...)}}, nil
		}),
		"contextmanager": fn("contextmanager", contextManager),
		"nullcontext": fn("nullcontext", func(_ *interp, args []value.Value, _ []value.Kwarg, _ syntax.Node) (value.Value, error) {
			if len(args) == 0 {
				return managerOf(value.None), nil
			}
			return managerOf(args[0]), nil
		}),
	}
}

// managerOf is a context manager that gives a value and does nothing at its end.
func managerOf(v value.Value) value.Value {
	return &instance{class: &class{name: "_GeneratorContextManager", attrs: table{"__enter__": returns("__enter__", v), "__exit__": returns("__exit__", value.None)}}, attrs: table{}}
}

// lruCache is functools.lru_cache, with or without arguments: results that are known are kept.
func lruCache(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
	switch first(args).(type) {
	case *function, *native, *class, *method:
	default:
		return fn("lru_cache", lruCache), nil
	}
	wrapped := args[0]
	kept := value.NewDict()
	cached := fn(callableName(wrapped), func(in *interp, args []value.Value, kwargs []value.Kwarg, n syntax.Node) (value.Value, error) {
		if anyHidden(args, 0) || len(kwargs) > 0 {
			return in.call(wrapped, args, kwargs, n)
		}
		key := value.NewTuple(append([]value.Value{}, args...)...)
		v, found, err := kept.Get(in.budget, key)
		if err != nil {
			return in.wrap(nil, err, n)
		}
		if found {
			return v, nil
		}
		if v, err = in.call(wrapped, args, nil, n); err != nil || hidden(v) || in.forkDepth > 0 {
			return v, err
		}
		if err := kept.Set(in.budget, key, v); err != nil {
			return in.wrap(nil, err, n)
		}
		return v, nil
	})
	cached.wrapped = wrapped
	return cached, nil
}

func callableName(v value.Value) string {
	switch v := v.(type) {
	case *function:
		return v.name
	case *class:
		return v.name
	}
	return "lru_cache"
}
