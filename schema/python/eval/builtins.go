package eval

import (
	"errors"
	"strconv"
	"strings"

	"gsrv/schema"
	"gsrv/schema/python/syntax"
	"gsrv/schema/python/value"
)

func itoa(n int) string { return strconv.Itoa(n) }

// typeNames are the built-in classes.
var typeNames = []string{
	"int", "float", "str", "bool", "list", "dict", "tuple", "set", "frozenset", "bytes", "bytearray", "complex", "range", "object", "type", "slice", "memoryview",
}

func builtinClasses() map[string]*class {
	out := map[string]*class{}
	for _, name := range typeNames {
		out[name] = &class{name: name, builtin: true, attrs: map[string]value.Value{}}
	}
	out["bool"].bases = []*class{out["int"]}
	var exception func(name string) *class
	exception = func(name string) *class {
		if c, ok := out[name]; ok {
			return c
		}
		c := &class{name: name, builtin: true, kind: "exception", attrs: map[string]value.Value{}}
		out[name] = c
		if base, ok := value.ExceptionBase(name); ok && base != "" {
			c.bases = []*class{exception(base)}
		}
		return c
	}
	for _, name := range value.ExceptionNames() {
		exception(name)
	}
	return out
}

type nativeFunc = func(in *interp, args []value.Value, kwargs []value.Kwarg, n syntax.Node) (value.Value, error)

func fn(name string, f nativeFunc) *native { return &native{name: name, call: f} }

// returns makes a function that gives the same value whatever it is called with.
func returns(name string, v value.Value) *native {
	return fn(name, func(*interp, []value.Value, []value.Kwarg, syntax.Node) (value.Value, error) { return v, nil })
}

// dynamic makes a function whose result is known only at run time.
func dynamic(name, reason string) *native {
	return fn(name, func(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
		return in.unknown(n, reason, needsOf(args...)...), nil
	})
}

// makeBuiltins gives the built-in names.
func (in *interp) makeBuiltins() map[string]value.Value {
	b := map[string]value.Value{}
	for _, name := range value.BuiltinNames() {
		b[name] = fn(name, func(in *interp, args []value.Value, kwargs []value.Kwarg, n syntax.Node) (value.Value, error) {
			return in.callBuiltin(name, args, kwargs, n)
		})
	}
	for name, c := range in.classes {
		b[name] = c
	}
	b["EnvironmentError"], b["IOError"] = in.classes["OSError"], in.classes["OSError"]
	b["NotImplemented"] = value.NotImplemented
	b["Ellipsis"] = value.Ellipsis
	b["__debug__"] = value.True
	b["print"] = returns("print", value.None)
	b["input"] = dynamic("input", "it is typed in when the server starts")
	b["open"] = fn("open", openFile)
	b["getattr"] = fn("getattr", builtinGetattr)
	b["hasattr"] = fn("hasattr", builtinHasattr)
	b["setattr"] = fn("setattr", builtinSetattr)
	b["isinstance"] = fn("isinstance", builtinIsinstance)
	b["issubclass"] = fn("issubclass", builtinIssubclass)
	b["callable"] = fn("callable", builtinCallable)
	b["iter"] = fn("iter", builtinIter)
	b["next"] = fn("next", builtinNext)
	b["id"] = dynamic("id", "it is an address in memory")
	b["__import__"] = fn("__import__", builtinImport)
	b["compile"] = dynamic("compile", "it is compiled code")
	b["dir"] = dynamic("dir", "it lists names of an object")
	b["vars"] = fn("vars", builtinVars)
	for _, kind := range []string{"staticmethod", "classmethod", "property"} {
		b[kind] = fn(kind, func(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
			if len(args) == 0 {
				return in.unknown(n, kind+"() without a function is not followed"), nil
			}
			return &wrapper{kind: kind, fn: args[0]}, nil
		})
	}
	return b
}

// callBuiltin calls a built-in function or type.
func (in *interp) callBuiltin(name string, args []value.Value, kwargs []value.Kwarg, n syntax.Node) (value.Value, error) {
	switch name {
	case "object":
		return &instance{class: in.classes["object"], attrs: map[string]value.Value{}}, nil
	case "type":
		if len(args) == 1 {
			return in.typeOf(args[0], n), nil
		}
		return in.unknown(n, "a class made by type() is not followed"), nil
	case "slice", "memoryview", "bytearray":
		return in.unknown(n, name+"() is not followed"), nil
	}
	if o, ok := first(args).(*instance); ok && (name == "repr" || name == "ascii") && len(args) == 1 {
		return in.represented(o, n)
	}
	for i, a := range args {
		if !wantsText(name) {
			break
		}
		v, err := in.shown(a, n)
		if err != nil {
			return nil, err
		}
		if _, own := a.(*instance); own || v != a {
			args[i] = v
		}
	}
	for i, a := range args {
		if o, ok := a.(*instance); ok && o.class.kind == "" && !goesThrough[name] {
			continue
		}
		plain, err := in.plain(a, n)
		if err != nil {
			return nil, err
		}
		if plain != a {
			args[i] = plain
		}
	}
	if o, ok := first(args).(*instance); ok && len(args) == 1 {
		if special := ownConversions[name]; special != "" {
			if m, _, found := o.class.lookup(special); found {
				return in.call(&method{self: o, fn: m}, nil, nil, n)
			}
		}
	}
	switch name {
	case "bool", "len":
		if c, ok := first(args).(*cpuSet); ok && name == "len" {
			return c.count, nil
		}
		if o, ok := first(args).(*instance); ok {
			if name == "bool" {
				t, known, test, err := in.truth(o, n)
				if err != nil {
					return nil, err
				}
				if known {
					return value.Bool(t), nil
				}
				return symbolic(test, "bool"), nil
			}
			if m, _, found := o.class.lookup("__len__"); found {
				return in.call(&method{self: o, fn: m}, nil, nil, n)
			}
		}
	case "any", "all":
		if len(args) == 1 {
			if v, done, err := in.anyAll(name, args[0], n); done {
				return v, err
			}
		}
	case "zip":
		if len(kwargs) > 0 {
			return in.follow(n, "zip() with arguments by name", append(args, kwValues(kwargs)...)...), nil
		}
		fallthrough
	case "list", "tuple", "sorted", "enumerate", "reversed", "map", "filter", "iter", "dict":
		for _, a := range args {
			if isForeignUnknown(a) {
				return in.follow(n, name+"()", args...), nil
			}
		}
		v, err := value.CallBuiltin(in.budget, name, args, kwargs)
		return in.builtinResult(v, err, n)
	}
	if anyHidden(args, 0) && !(name == "len" && !isForeignUnknown(first(args))) {
		if (name == "max" || name == "min") && len(args) == 1 {
			if l, ok := args[0].(*value.List); ok {
				args = l.Elems
			} else if t, ok := args[0].(*value.Tuple); ok {
				args = t.Elems
			}
		}
		switch name {
		case "int", "float":
			in.mayRaise("ValueError", &schema.Opaque{
				Source: in.cur.text(n), Reason: "whether the text is a number is known only when the server starts", Needs: needsOf(args...), Src: in.rng(n),
			}, nil)
		}
		return in.symbolicBuiltin(name, args, kwargs, n), nil
	}
	v, err := value.CallBuiltin(in.budget, name, args, kwargs)
	return in.builtinResult(v, err, n)
}

// builtinResult passes on errors of calls that package value made back into the interpreter.
func (in *interp) builtinResult(v value.Value, err error, n syntax.Node) (value.Value, error) {
	var r *raised
	var g *giveUp
	if errors.As(err, &r) || errors.As(err, &g) || errors.Is(err, errClosed) || errors.Is(err, errForkYield) {
		return nil, err
	}
	return in.wrap(v, err, n)
}

func first(args []value.Value) value.Value {
	if len(args) == 0 {
		return nil
	}
	return args[0]
}

func (in *interp) anyAll(name string, v value.Value, n syntax.Node) (value.Value, bool, error) {
	if isForeignUnknown(v) {
		return in.follow(n, name+"()", v), true, nil
	}
	next, why, err := in.iterate(v, n)
	if err != nil || why != nil {
		return why, true, err
	}
	var open []schema.Expr
	for {
		x, ok, err := next()
		if err != nil {
			v, err := in.wrap(nil, err, n)
			return v, true, err
		}
		if !ok {
			break
		}
		t, known, test, err := in.truth(x, n)
		if err != nil {
			return nil, true, err
		}
		switch {
		case !known:
			open = append(open, test)
		case t == (name == "any"):
			return value.Bool(t), true, nil
		}
	}
	if len(open) == 0 {
		return value.Bool(name == "all"), true, nil
	}
	op := map[string]string{"any": "or", "all": "and"}[name]
	e := open[0]
	for _, o := range open[1:] {
		e = &schema.Binary{Op: op, L: e, R: o, Src: in.rng(n)}
	}
	return symbolic(&schema.Call{Func: "bool", Args: []schema.Expr{e}, Src: in.rng(n)}, "bool"), true, nil
}

func builtinIter(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
	if len(args) != 1 {
		return in.unknown(n, "iter() with a sentinel is not followed"), nil
	}
	next, why, err := in.iterate(args[0], n)
	if err != nil || why != nil {
		return orUnknown(nil, why, err)
	}
	return value.NewIter("iterator", func(*value.Budget) (value.Value, bool, error) { return next() }), nil
}

func builtinNext(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
	it, ok := first(args).(*value.Iter)
	if !ok {
		return in.follow(n, "next()", args...), nil
	}
	v, more, err := it.Next(in.budget)
	if err != nil {
		return in.builtinResult(nil, err, n)
	}
	if more {
		return v, nil
	}
	if len(args) > 1 {
		return args[1], nil
	}
	return nil, in.raise(n, "StopIteration", "")
}

func builtinImport(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
	name, ok := first(args).(value.Str)
	if !ok {
		return in.follow(n, "__import__()", args...), nil
	}
	m, err := in.importModule(string(name), n)
	if err != nil {
		return nil, err
	}
	if top, _, dotted := strings.Cut(string(name), "."); dotted {
		return in.modules[top], nil
	}
	return m, nil
}

// openFile is open(): a file that is read gives an object with its text.
func openFile(in *interp, args []value.Value, kwargs []value.Kwarg, n syntax.Node) (value.Value, error) {
	mode := "r"
	if len(args) > 1 {
		if m, ok := args[1].(value.Str); ok {
			mode = string(m)
		}
	}
	for _, k := range kwargs {
		if m, ok := k.Value.(value.Str); ok && k.Name == "mode" {
			mode = string(m)
		}
	}
	path, err := in.pathArg(first(args))
	if err != nil || path == nil {
		return in.follow(n, "open()", args...), nil
	}
	if strings.ContainsAny(mode, "wax+") {
		return in.fileObject("", in.unknown(n, "it is a file that is written")), nil
	}
	text, unknown, err := in.readFile(string(path.(value.Str)), string(path.(value.Str)), n)
	if err != nil {
		return nil, err
	}
	if unknown != nil {
		return in.fileObject("", unknown), nil
	}
	return in.fileObject(text, nil), nil
}
