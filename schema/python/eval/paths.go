package eval

import (
	"path"
	"strings"

	"gsrv/schema"
	"gsrv/schema/python/syntax"
	"gsrv/schema/python/value"
)

// Paths are instances whose text is kept under "\x00path".

func (in *interp) makePath(text value.Value) value.Value {
	return &instance{class: in.pathClass(), attrs: map[string]value.Value{"\x00path": text}}
}

func (in *interp) pathClass() *class {
	if c, ok := in.classes["\x00Path"]; ok {
		return c
	}
	c := &class{name: "PosixPath", attrs: map[string]value.Value{}}
	c.construct = func(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
		return in.newPath(args, n)
	}
	c.attrs["cwd"] = fn("Path.cwd", func(in *interp, _ []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
		return in.makePath(in.fact(schema.CurrentDir, "str", n)), nil
	})
	c.attrs["home"] = fn("Path.home", func(in *interp, _ []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
		return in.makePath(in.fact(schema.HomeDir, "str", n)), nil
	})
	in.classes["\x00Path"] = c
	return c
}

func (in *interp) newPath(args []value.Value, n syntax.Node) (value.Value, error) {
	if len(args) == 0 {
		return in.makePath(value.Str(".")), nil
	}
	p, err := in.pathArg(args[0])
	if err != nil {
		return nil, err
	}
	if p == nil {
		if isForeignUnknown(args[0]) {
			p = args[0]
		} else {
			return nil, in.raise(n, "TypeError", "expected str, bytes or os.PathLike object, not %s", args[0].TypeName())
		}
	}
	out := in.makePath(cleanPath(p))
	for _, a := range args[1:] {
		v, ok, err := in.joinPath(out, a, n)
		if err != nil {
			return nil, err
		}
		if !ok {
			return in.follow(n, "a path", a), nil
		}
		out = v
	}
	return out, nil
}

// cleanPath writes a path as pathlib does: no empty or "." parts.
func cleanPath(v value.Value) value.Value {
	text, ok := v.(value.Str)
	if !ok {
		return v
	}
	var parts []string
	for p := range strings.SplitSeq(string(text), "/") {
		if p != "" && p != "." {
			parts = append(parts, p)
		}
	}
	out := strings.Join(parts, "/")
	switch {
	case strings.HasPrefix(string(text), "/"):
		out = "/" + out
	case out == "":
		out = "."
	}
	return value.Str(out)
}

// pathText gives the text of a path object, or nil.
func pathText(v value.Value) value.Value {
	if o, ok := v.(*instance); ok {
		if p, isPath := o.attrs["\x00path"]; isPath {
			return p
		}
	}
	return nil
}

// pathArg gives the text of an argument that may be text or a path; nil where it is not known text.
func (in *interp) pathArg(v value.Value) (value.Value, error) {
	if p := pathText(v); p != nil {
		v = p
	}
	if s, ok := v.(value.Str); ok {
		return s, nil
	}
	return nil, nil
}

// joinPath is path / "name".
func (in *interp) joinPath(l, r value.Value, n syntax.Node) (value.Value, bool, error) {
	lp, rp := pathText(l), pathText(r)
	if lp == nil && rp == nil {
		return nil, false, nil
	}
	if lp == nil {
		lp = l
	}
	if rp == nil {
		rp = r
	}
	a, aok := lp.(value.Str)
	b, bok := rp.(value.Str)
	if aok && bok {
		return in.makePath(cleanPath(value.Str(value.PathJoin(string(a), string(b))))), true, nil
	}
	if !isText(lp) && !isForeignUnknown(lp) || !isText(rp) && !isForeignUnknown(rp) {
		return nil, true, in.raise(n, "TypeError", "unsupported operand type(s) for /: '%s' and '%s'", l.TypeName(), r.TypeName())
	}
	return in.makePath(in.pathCall("pathjoin", n, lp, rp)), true, nil
}

// pathCall is a path function of values that are not all known.
func (in *interp) pathCall(name string, n syntax.Node, args ...value.Value) value.Value {
	at := in.rng(n)
	call := &schema.Call{Func: name, Src: at}
	for _, a := range args {
		if !expressible(a) {
			return in.follow(n, "a path", args...)
		}
		call.Args = append(call.Args, in.toExpr(a, at))
	}
	return symbolic(call, "str")
}

func (in *interp) pathAttr(o *instance, p value.Value, name string, n syntax.Node) (value.Value, error) {
	text, known := p.(value.Str)
	self := func(f func(args []value.Value) (value.Value, error)) (value.Value, error) {
		return fn("Path."+name, func(_ *interp, args []value.Value, _ []value.Kwarg, _ syntax.Node) (value.Value, error) {
			return f(args)
		}), nil
	}
	switch name {
	case "__str__", "as_posix", "__fspath__":
		return self(func([]value.Value) (value.Value, error) { return p, nil })
	case "joinpath":
		return self(func(args []value.Value) (value.Value, error) { return in.newPath(append([]value.Value{o}, args...), n) })
	case "resolve", "absolute":
		return self(func([]value.Value) (value.Value, error) {
			if !known {
				return o, nil
			}
			if strings.HasPrefix(string(text), "/") {
				return in.makePath(value.Str(path.Clean(string(text)))), nil
			}
			dir := in.fact(schema.CurrentDir, "str", n)
			if d, ok := dir.(value.Str); ok {
				return in.makePath(value.Str(value.PathAbs(string(text), string(d)))), nil
			}
			return in.makePath(in.pathCall("pathjoin", n, dir, p)), nil
		})
	case "expanduser":
		return self(func([]value.Value) (value.Value, error) { return o, nil })
	}
	if !known {
		if name == "parent" {
			return in.makePath(in.pathCall("dirname", n, p)), nil
		}
		if name == "name" {
			return in.pathCall("basename", n, p), nil
		}
		return in.follow(n, "a path", p), nil
	}
	return in.knownPathAttr(o, string(text), name, n, self)
}

func (in *interp) knownPathAttr(o *instance, text, name string, n syntax.Node, self func(func([]value.Value) (value.Value, error)) (value.Value, error)) (value.Value, error) {
	base := path.Base(text)
	if text == "." || text == "/" {
		base = ""
	}
	stem, suffix := base, ""
	if i := strings.LastIndexByte(base, '.'); i > 0 && i < len(base)-1 {
		stem, suffix = base[:i], base[i:]
	}
	parent := func(t string) string {
		switch i := strings.LastIndexByte(t, '/'); {
		case i > 0:
			return t[:i]
		case i == 0:
			return "/"
		}
		return "."
	}
	switch name {
	case "name":
		return value.Str(base), nil
	case "stem":
		return value.Str(stem), nil
	case "suffix":
		return value.Str(suffix), nil
	case "parent":
		return in.makePath(value.Str(parent(text))), nil
	case "parents":
		l := value.NewList()
		for t := text; t != "/" && t != "."; {
			t = parent(t)
			l.Elems = append(l.Elems, in.makePath(value.Str(t)))
		}
		return l, nil
	case "parts":
		t := value.NewTuple()
		if strings.HasPrefix(text, "/") {
			t.Elems = append(t.Elems, value.Str("/"))
		}
		for p := range strings.SplitSeq(strings.Trim(text, "/"), "/") {
			if p != "" && p != "." {
				t.Elems = append(t.Elems, value.Str(p))
			}
		}
		return t, nil
	case "exists", "is_file", "is_dir":
		return self(func([]value.Value) (value.Value, error) { return in.pathTest(name, text), nil })
	case "read_text", "read_bytes":
		return self(func([]value.Value) (value.Value, error) {
			content, unknown, err := in.readFile(absolute(in.cwd, text), text, n)
			if err != nil || unknown != nil {
				return orUnknown(nil, unknown, err)
			}
			if name == "read_bytes" {
				return value.Bytes(content), nil
			}
			return value.Str(universalNewlines(content)), nil
		})
	case "with_suffix":
		return self(func(args []value.Value) (value.Value, error) {
			s, ok := first(args).(value.Str)
			if !ok {
				return in.follow(n, "a path", args...), nil
			}
			return in.makePath(value.Str(strings.TrimSuffix(text, suffix) + string(s))), nil
		})
	case "with_name":
		return self(func(args []value.Value) (value.Value, error) {
			s, ok := first(args).(value.Str)
			if !ok {
				return in.follow(n, "a path", args...), nil
			}
			return in.makePath(cleanPath(value.Str(parent(text) + "/" + string(s)))), nil
		})
	case "is_absolute":
		return self(func([]value.Value) (value.Value, error) { return value.Bool(strings.HasPrefix(text, "/")), nil })
	case "open":
		return self(func(args []value.Value) (value.Value, error) {
			return openFile(in, append([]value.Value{o}, args...), nil, n)
		})
	case "mkdir", "touch", "unlink", "write_text", "write_bytes", "chmod":
		return self(func([]value.Value) (value.Value, error) { return value.None, nil })
	}
	return in.unknown(n, "Path."+name+" is not followed"), nil
}

// pathTest asks the file system; only what is sure counts.
func (in *interp) pathTest(name, text string) value.Value {
	kind := in.files.Exists(absolute(in.cwd, text))
	switch name {
	case "is_file", "isfile":
		return value.Bool(kind == "file")
	case "is_dir", "isdir":
		return value.Bool(kind == "dir")
	}
	return value.Bool(kind != "")
}

func universalNewlines(s string) string {
	if strings.IndexByte(s, '\r') < 0 {
		return s
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}

// fileObject is what open() gives.
func (in *interp) fileObject(text string, unknown *Unknown) value.Value {
	c := &class{name: "TextIOWrapper", attrs: map[string]value.Value{}}
	content := universalNewlines(text)
	lines := value.NewList()
	for rest := content; rest != ""; {
		i := strings.IndexByte(rest, '\n')
		if i < 0 {
			i = len(rest) - 1
		}
		lines.Elems = append(lines.Elems, value.Str(rest[:i+1]))
		rest = rest[i+1:]
	}
	o := &instance{class: c, attrs: map[string]value.Value{}}
	// The place in the file goes on with each read.
	at := 0
	takes := func(f func() value.Value) nativeFunc {
		return func(*interp, []value.Value, []value.Kwarg, syntax.Node) (value.Value, error) {
			if unknown != nil {
				return unknown, nil
			}
			return f(), nil
		}
	}
	remaining := func() *value.List {
		out := value.NewList(append([]value.Value{}, lines.Elems[at:]...)...)
		at = len(lines.Elems)
		return out
	}
	c.attrs["read"] = fn("read", func(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
		if unknown != nil || len(args) > 1 {
			return orUnknown(in.unknown(n, "a part of a file is not followed"), unknown, nil)
		}
		var text strings.Builder
		for _, l := range lines.Elems[at:] {
			part, _ := l.(value.Str)
			text.WriteString(string(part))
		}
		if err := in.budget.Alloc(int64(text.Len())); err != nil {
			return in.wrap(nil, err, n)
		}
		at = len(lines.Elems)
		return value.Str(text.String()), nil
	})
	c.attrs["readlines"] = fn("readlines", takes(func() value.Value { return remaining() }))
	c.attrs["readline"] = fn("readline", takes(func() value.Value {
		if at == len(lines.Elems) {
			return value.Str("")
		}
		at++
		return lines.Elems[at-1]
	}))
	c.attrs["__iter__"] = fn("__iter__", takes(func() value.Value { return remaining() }))
	c.attrs["__enter__"] = fn("__enter__", func(*interp, []value.Value, []value.Kwarg, syntax.Node) (value.Value, error) { return o, nil })
	c.attrs["__exit__"] = returns("__exit__", value.None)
	for _, name := range []string{"close", "write", "flush", "writelines"} {
		c.attrs[name] = returns(name, value.None)
	}
	return o
}

// fact gives something that only the host knows.
func (in *interp) fact(f schema.Fact, kind string, n syntax.Node) value.Value {
	if v, ok := in.host.Fact(f); ok {
		if out := fromCty(v); out != nil {
			return out
		}
	}
	return &Symbolic{Expr: &schema.HostFact{Fact: f, Src: in.rng(n)}, Kind: kind}
}
