package value

import "strings"

// moduleFuncs are the modelled functions of the standard library, by qualified name.
var moduleFuncs map[string]method

// CallModule calls a pure function of the standard library: "json.loads", "os.path.join".
func CallModule(b *Budget, name string, args []Value, kwargs []Kwarg) (Value, error) {
	b = b.orNew()
	m, ok := moduleFuncs[name]
	if !ok {
		return nil, unsupported("the function %s is not modelled", name)
	}
	short := name[strings.LastIndexByte(name, '.')+1:]
	return m.run(b, nil, short, short, args, kwargs)
}

// ModuleNames lists what [CallModule] knows, sorted.
func ModuleNames() []string { return sortedKeys(moduleFuncs) }

// pathArg is an argument of a function of os.path.
func pathArg(v Value) (string, error) {
	switch s := v.(type) {
	case Str:
		return string(s), nil
	case Bytes:
		return "", unsupported("paths in bytes are not modelled")
	}
	if IsForeign(v) {
		return "", foreignError(v, "taking the path of")
	}
	return "", typeError("expected str, bytes or os.PathLike object, not %s", TypeName(v))
}

// pyFunc is a function written in Python, whose wrong number of arguments is not modelled.
func pyFunc(lo int, names []string, fn func(c *call) (Value, error)) method {
	return varKwArgs(func(c *call) (Value, error) {
		if len(c.rest) > len(names) {
			return nil, unsupported("calling a function with %d arguments of %d is not modelled", len(c.rest), len(names))
		}
		c.args = make([]Value, len(names))
		copy(c.args, c.rest)
		for _, k := range c.kw {
			found := false
			for i, n := range names {
				if n == k.Name && c.args[i] == nil {
					c.args[i], found = k.Value, true
				}
			}
			if !found {
				return nil, unsupported("calling a function with the argument %s is not modelled", k.Name)
			}
		}
		for i := range lo {
			if c.args[i] == nil {
				return nil, unsupported("calling a function without its argument %s is not modelled", names[i])
			}
		}
		return fn(c)
	})
}

func moduleTable() map[string]method {
	path := func(f func(b *Budget, p string) (Value, error)) method {
		return pyFunc(1, []string{"p"}, func(c *call) (Value, error) {
			p, err := pathArg(c.args[0])
			if err != nil {
				return nil, err
			}
			if err := c.b.text(len(p)); err != nil {
				return nil, err
			}
			return f(c.b, p)
		})
	}
	pair := func(x, y string) (Value, error) { return NewTuple(Str(x), Str(y)), nil }
	text := func(f func(s string) (Value, error)) method {
		return pyFunc(1, []string{"s"}, func(c *call) (Value, error) {
			s, ok := c.args[0].(Str)
			if !ok {
				return nil, unsupported("calling this function with a value of type %s is not modelled", TypeName(c.args[0]))
			}
			if err := c.b.text(len(s) * 5); err != nil {
				return nil, err
			}
			return f(string(s))
		})
	}
	m := map[string]method{
		"json.loads":               pyFunc(1, []string{"s"}, jsonLoadsFunc),
		"json.dumps":               varKwArgs(jsonDumpsFunc),
		"shlex.split":              pyFunc(1, []string{"s", "comments", "posix"}, shlexSplitFunc),
		"shlex.quote":              text(func(s string) (Value, error) { return Str(ShlexQuote(s)), nil }),
		"shlex.join":               pyFunc(1, []string{"split_command"}, shlexJoinFunc),
		"textwrap.dedent":          text(func(s string) (Value, error) { return Str(TextDedent(s)), nil }),
		"distutils.util.strtobool": text(StrToBool),
		"os.path.join":             varArgs(pathJoinFunc),
		"os.path.basename":         path(func(_ *Budget, p string) (Value, error) { _, base := PathSplit(p); return Str(base), nil }),
		"os.path.dirname":          path(func(_ *Budget, p string) (Value, error) { dir, _ := PathSplit(p); return Str(dir), nil }),
		"os.path.split":            path(func(_ *Budget, p string) (Value, error) { return pair(PathSplit(p)) }),
		"os.path.splitext":         path(func(_ *Budget, p string) (Value, error) { return pair(PathSplitext(p)) }),
		"os.path.normpath":         path(func(_ *Budget, p string) (Value, error) { return Str(PathNorm(p)), nil }),
		"os.path.normcase":         path(func(_ *Budget, p string) (Value, error) { return Str(p), nil }),
		"os.path.isabs":            path(func(_ *Budget, p string) (Value, error) { return Bool(strings.HasPrefix(p, "/")), nil }),
		"os.path.commonpath": pyFunc(1, []string{"paths"}, func(c *call) (Value, error) {
			elems, err := collectUnordered(c.b, c.args[0])
			if err != nil {
				return nil, err
			}
			paths := make([]string, len(elems))
			for i, e := range elems {
				if paths[i], err = pathArg(e); err != nil {
					return nil, err
				}
			}
			p, err := PathCommon(paths)
			return Str(p), err
		}),
		"os.path.abspath": path(func(_ *Budget, p string) (Value, error) {
			if !strings.HasPrefix(p, "/") {
				return nil, unsupported("the current directory is not known")
			}
			return Str(PathNorm(p)), nil
		}),
		"os.path.expanduser": path(func(_ *Budget, p string) (Value, error) {
			if strings.HasPrefix(p, "~") {
				return nil, unsupported("the home directory is not known")
			}
			return Str(p), nil
		}),
	}
	return m
}

func pathJoinFunc(c *call) (Value, error) {
	if len(c.rest) == 0 {
		return nil, typeError("join() missing 1 required positional argument: 'a'")
	}
	parts := make([]string, len(c.rest))
	for i, a := range c.rest {
		var err error
		if parts[i], err = pathArg(a); err != nil {
			if e, ok := err.(*Exception); ok && e.Type == "TypeError" && i > 0 {
				return nil, typeError("join() argument must be str, bytes, or os.PathLike object, not '%s'", TypeName(a))
			}
			return nil, err
		}
		if err := c.b.text(len(parts[i]) * (len(c.rest) - i)); err != nil {
			return nil, err
		}
	}
	return Str(PathJoin(parts[0], parts[1:]...)), nil
}

func shlexSplitFunc(c *call) (Value, error) {
	s, ok := c.args[0].(Str)
	if !ok {
		return nil, unsupported("shlex.split of a value of type %s is not modelled", TypeName(c.args[0]))
	}
	comments := false
	if c.has(1) {
		var err error
		if comments, err = Truth(c.b, c.args[1]); err != nil {
			return nil, err
		}
	}
	if c.has(2) {
		if posix, err := Truth(c.b, c.args[2]); err != nil || !posix {
			return nil, unsupported("shlex.split without posix is not modelled")
		}
	}
	parts, err := ShlexSplit(c.b, string(s), comments)
	if err != nil {
		return nil, err
	}
	return textList(c.b, parts, func(s string) Value { return Str(s) })
}

func shlexJoinFunc(c *call) (Value, error) {
	elems, err := Collect(c.b, c.args[0])
	if err != nil {
		return nil, err
	}
	parts := make([]string, len(elems))
	for i, e := range elems {
		s, ok := e.(Str)
		if !ok {
			return nil, unsupported("shlex.join of a value of type %s is not modelled", TypeName(e))
		}
		if err := c.b.text(len(s) * 5); err != nil {
			return nil, err
		}
		parts[i] = ShlexQuote(string(s))
	}
	return Str(strings.Join(parts, " ")), nil
}
