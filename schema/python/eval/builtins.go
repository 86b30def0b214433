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

// wantsText tells whether a built-in function shows its argument as text.
func wantsText(name string) bool {
	return name == "str" || name == "repr" || name == "format" || name == "ascii"
}

// goesThrough are the built-in functions that go through the elements of their arguments.
var goesThrough = map[string]bool{
	"list": true, "tuple": true, "set": true, "frozenset": true, "sorted": true, "sum": true, "min": true, "max": true, "any": true, "all": true, "enumerate": true, "zip": true,
	"map": true, "filter": true, "dict": true,
}

// ownConversions are the methods by which an object of the source's own class converts itself.
var ownConversions = map[string]string{"int": "__int__", "float": "__float__", "abs": "__abs__", "round": "__round__", "hash": "__hash__"}

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

// shown gives what str() and format see: an object's __str__, a path's text, an enum's value.
func (in *interp) shown(v value.Value, n syntax.Node) (value.Value, error) {
	o, ok := v.(*instance)
	if !ok {
		switch x := v.(type) {
		case *class, *function, *module, *native, *environ, *method, *partial, *wrapper, *superObject, *boundBuiltin:
			return in.unknown(n, "it is the text of an object of type "+x.TypeName()), nil
		case *namespace:
			return x.dict(in), nil
		}
		return v, nil
	}
	if p, isPath := o.attrs["\x00path"]; isPath {
		return p, nil
	}
	for _, name := range []string{"__str__", "__repr__"} {
		if m, _, found := o.class.lookup(name); found && (name == "__str__" || o.exc == nil) {
			return in.call(&method{self: o, fn: m}, nil, nil, n)
		}
	}
	if o.exc != nil {
		return value.Str(o.exc.Msg), nil
	}
	if o.class.kind == "enum" {
		for _, b := range o.class.mro() {
			if b.builtin && (b.name == "str" || b.name == "int") {
				break
			}
		}
		return value.Str(o.class.name + "." + in.textOf(o.attrs["name"])), nil
	}
	return in.unknown(n, "it is the text of an object of class "+o.class.name), nil
}

// represented gives what repr() sees of an object of the source's own classes.
func (in *interp) represented(o *instance, n syntax.Node) (value.Value, error) {
	if m, _, found := o.class.lookup("__repr__"); found {
		return in.call(&method{self: o, fn: m}, nil, nil, n)
	}
	if o.exc != nil {
		text, err := value.Repr(in.budget, value.NewTuple(o.exc.Args...))
		if err != nil {
			return in.wrap(nil, err, n)
		}
		if len(o.exc.Args) == 1 {
			text = strings.TrimSuffix(text, ",)") + ")"
		}
		return value.Str(o.class.name + text), nil
	}
	return in.unknown(n, "it is the representation of an object of class "+o.class.name), nil
}

// plain gives the built-in value behind an object that stands for one: a path, a named tuple, a namespace.
func (in *interp) plain(v value.Value, n syntax.Node) (value.Value, error) {
	switch x := v.(type) {
	case *namespace:
		return x.dict(in), nil
	case *environ:
		d, complete := x.all()
		if !complete {
			return in.unknown(n, "it is the whole environment, which is known only when the server starts", "the environment"), nil
		}
		return d, nil
	case *instance:
		if x.class.kind == "namedtuple" {
			return in.namedTupleValues(x), nil
		}
		if m, _, ok := x.class.lookup("__iter__"); ok && x.class.kind == "" {
			it, err := in.call(&method{self: x, fn: m}, nil, nil, n)
			if err != nil {
				return nil, err
			}
			return it, nil
		}
	case *class:
		if x.kind == "enum" {
			var elems []value.Value
			for _, m := range x.members {
				elems = append(elems, x.attrs[m])
			}
			return value.NewList(elems...), nil
		}
	}
	return v, nil
}

func (in *interp) typeOf(v value.Value, n syntax.Node) value.Value {
	switch x := v.(type) {
	case *instance:
		return x.class
	case *Symbolic:
		if c, ok := in.classes[x.Kind]; ok && x.Kind != "" {
			return c
		}
		return in.follow(n, "type()", v)
	case *Unknown:
		return in.follow(n, "type()", v)
	}
	if c, ok := in.classes[v.TypeName()]; ok {
		return c
	}
	c := &class{name: v.TypeName(), builtin: true, attrs: map[string]value.Value{}}
	in.classes[c.name] = c
	return c
}

func builtinGetattr(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
	if len(args) < 2 {
		return nil, in.raise(n, "TypeError", "getattr expected at least 2 arguments, got %d", len(args))
	}
	name, ok := args[1].(value.Str)
	if !ok {
		return in.follow(n, "getattr()", args...), nil
	}
	v, err := in.getAttr(args[0], string(name), n)
	if r, failed := isException(err); failed && len(args) > 2 && r.exc.Type == "AttributeError" {
		return args[2], nil
	}
	return v, err
}

func builtinHasattr(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
	if len(args) != 2 {
		return nil, in.raise(n, "TypeError", "hasattr expected 2 arguments, got %d", len(args))
	}
	if isForeignUnknown(args[0]) {
		return in.follow(n, "hasattr()", args...), nil
	}
	v, err := builtinGetattr(in, args, nil, n)
	if r, failed := isException(err); failed && r.exc.Type == "AttributeError" {
		return value.False, nil
	}
	if u, ok := v.(*Unknown); ok {
		return u, nil
	}
	return value.True, err
}

func builtinSetattr(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
	if len(args) != 3 {
		return nil, in.raise(n, "TypeError", "setattr expected 3 arguments, got %d", len(args))
	}
	name, ok := args[1].(value.Str)
	if !ok {
		if m, isModule := args[0].(*module); isModule && m.scope != nil {
			m.scope.open = append(m.scope.open, &schema.Opaque{Source: in.cur.text(n), Reason: "setattr() with a name that is known only when the server starts", Needs: needsOf(args[1]), Src: in.rng(n)})
		}
		return value.None, nil
	}
	return value.None, in.setAttr(args[0], string(name), args[2], n, n)
}

func builtinIsinstance(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
	if len(args) != 2 {
		return nil, in.raise(n, "TypeError", "isinstance expected 2 arguments, got %d", len(args))
	}
	if t, ok := args[1].(*value.Tuple); ok {
		for _, c := range t.Elems {
			v, err := builtinIsinstance(in, []value.Value{args[0], c}, nil, n)
			if err != nil || v != value.Value(value.False) {
				return v, err
			}
		}
		return value.False, nil
	}
	c, ok := args[1].(*class)
	if !ok {
		return in.follow(n, "isinstance()", args...), nil
	}
	switch x := args[0].(type) {
	case *Unknown:
		return in.follow(n, "isinstance()", x), nil
	case *Symbolic:
		if x.Kind == "" {
			return in.follow(n, "isinstance()", x), nil
		}
		return value.Bool(x.Kind == c.name || x.Kind == "bool" && c.name == "int" || c.name == "object"), nil
	case *instance:
		if x.class.isSubclass(c) || c.name == "object" {
			return value.True, nil
		}
		if o := x.class.hasUnknownBase(); o != nil {
			return &Unknown{o}, nil
		}
		return value.False, nil
	}
	if !c.builtin {
		return value.False, nil
	}
	return value.Bool(c.name == "object" || value.IsInstance(args[0], c.name)), nil
}

func builtinIssubclass(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
	if len(args) == 2 {
		a, ok := args[0].(*class)
		b, both := args[1].(*class)
		if ok && both {
			return value.Bool(a.isSubclass(b)), nil
		}
	}
	return in.follow(n, "issubclass()", args...), nil
}

func builtinCallable(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
	switch x := first(args).(type) {
	case *function, *native, *class, *method, *partial, *boundBuiltin:
		return value.True, nil
	case *instance:
		_, _, ok := x.class.lookup("__call__")
		return value.Bool(ok), nil
	case *Unknown:
		return in.follow(n, "callable()", x), nil
	}
	return value.False, nil
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

func builtinVars(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
	switch x := first(args).(type) {
	case *module:
		if x.scope != nil {
			return &namespace{x.scope}, nil
		}
	case *instance:
		return in.getAttr(x, "__dict__", n)
	case *class:
		return in.getAttr(x, "__dict__", n)
	}
	return in.follow(n, "vars()", args...), nil
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
