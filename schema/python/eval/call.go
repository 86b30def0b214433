package eval

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
	"gsrv/schema/python/syntax"
	"gsrv/schema/python/value"
)

// callExpr evaluates a call.
func (in *interp) callExpr(n *syntax.Call, s *scope) (value.Value, error) {
	if name, ok := n.Func.(*syntax.Name); ok {
		if v, done, err := in.specialCall(name.ID, n, s); done {
			return v, err
		}
	}
	var fn value.Value
	var err error
	if a, ok := n.Func.(*syntax.Attribute); ok {
		recv, err := in.expr(a.Value, s)
		if err != nil {
			return nil, err
		}
		args, kwargs, why, err := in.callArgs(n, s)
		if err != nil {
			return nil, err
		}
		if why != nil {
			return in.follow(n, "a call", why), nil
		}
		return in.callMethod(recv, a.Attr, args, kwargs, n)
	}
	if fn, err = in.expr(n.Func, s); err != nil {
		return nil, err
	}
	args, kwargs, why, err := in.callArgs(n, s)
	if err != nil {
		return nil, err
	}
	if why != nil {
		return in.follow(n, "a call", why), nil
	}
	return in.call(fn, args, kwargs, n)
}

func (in *interp) callArgs(n *syntax.Call, s *scope) ([]value.Value, []value.Kwarg, *Unknown, error) {
	args, err := in.elements(n.Args, s)
	if err != nil {
		return nil, nil, nil, err
	}
	var kwargs []value.Kwarg
	twice := ""
	for _, k := range n.Keywords {
		v, err := in.expr(k.Value, s)
		if err != nil {
			return nil, nil, nil, err
		}
		if k.Arg != "" {
			kwargs = append(kwargs, value.Kwarg{Name: k.Arg, Value: v})
			continue
		}
		d := value.NewDict()
		why, err := in.updateDict(d, v, k.Value)
		if err != nil || why != nil {
			return nil, nil, why, err
		}
		d.Items(func(key, x value.Value) bool {
			if name, ok := key.(value.Str); ok {
				if slices.ContainsFunc(kwargs, func(have value.Kwarg) bool { return have.Name == string(name) }) && twice == "" {
					twice = string(name)
				}
				kwargs = append(kwargs, value.Kwarg{Name: string(name), Value: x})
			}
			return true
		})
	}
	if twice != "" {
		return nil, nil, nil, in.raise(n, "TypeError", "%s got multiple values for keyword argument '%s'", in.calledName(n.Func, s), twice)
	}
	return args, kwargs, nil, nil
}

// calledName is how CPython names a function in an error of a call.
func (in *interp) calledName(e syntax.Expr, s *scope) string {
	if name, ok := e.(*syntax.Name); ok {
		if v, err := in.lookup(name.ID, s, name); err == nil {
			if f, ok := v.(*function); ok {
				return f.mod.name + "." + f.qual + "()"
			}
		}
	}
	return in.cur.text(e) + "()"
}

// specialCall handles calls that look at the namespace they stand in.
func (in *interp) specialCall(name string, n *syntax.Call, s *scope) (value.Value, bool, error) {
	if _, shadowed := s.vars[name]; shadowed {
		return nil, false, nil
	}
	if _, shadowed := s.globals.vars[name]; shadowed {
		return nil, false, nil
	}
	switch name {
	case "globals":
		return &namespace{s.globals}, true, nil
	case "locals", "vars":
		if len(n.Args) > 0 {
			return nil, false, nil
		}
		if s == s.globals || s.isClass {
			return &namespace{s}, true, nil
		}
		return (&namespace{s}).dict(in), true, nil
	case "super":
		if len(n.Args) == 0 {
			return in.super(s, n), true, nil
		}
		args, _, why, err := in.callArgs(n, s)
		if err != nil || why != nil {
			v, err := orUnknown(nil, why, err)
			return v, true, err
		}
		if c, ok := args[0].(*class); ok && len(args) == 2 {
			return &superObject{class: c, self: args[1]}, true, nil
		}
		return in.unknown(n, "this form of super() is not followed"), true, nil
	case "exec", "eval":
		v, err := in.execEval(name, n, s)
		return v, true, err
	}
	return nil, false, nil
}

// super makes the object that looks attributes up behind the class of the running method.
func (in *interp) super(s *scope, n syntax.Node) value.Value {
	for p := s; p != nil; p = p.parent {
		f, ok := p.vars["\x00function"].v.(*function)
		if !ok || f.class == nil {
			continue
		}
		var params []*syntax.Arg
		params = append(append(params, f.args.PosOnlyArgs...), f.args.Args...)
		if len(params) == 0 {
			break
		}
		return &superObject{class: f.class, self: p.vars[params[0].Arg].v}
	}
	return in.unknown(n, "super() is used outside a method")
}

// A superObject is super() of a running method.
type superObject struct {
	class *class
	self  value.Value
}

// TypeName implements value.Value.
func (*superObject) TypeName() string { return "super" }

// after gives the classes that super() looks at: those behind the method's own in the order of the object's class.
func (o *superObject) after() []*class {
	of := o.class
	switch self := o.self.(type) {
	case *instance:
		of = self.class
	case *class:
		of = self
	}
	order := of.mro()
	if i := slices.Index(order, o.class); i >= 0 {
		return order[i+1:]
	}
	return o.class.mro()[1:]
}

// find looks an attribute up behind the class.
func (o *superObject) find(name string) (value.Value, *class, bool) {
	for _, k := range o.after() {
		if v, ok := k.attrs[name]; ok {
			return v, k, true
		}
	}
	return nil, nil, false
}

// execEval runs text that is known as code; text that is not known may assign anything.
func (in *interp) execEval(name string, n *syntax.Call, s *scope) (value.Value, error) {
	args, _, why, err := in.callArgs(n, s)
	if err != nil {
		return nil, err
	}
	var text value.Str
	ok := false
	if why == nil && len(args) > 0 {
		text, ok = args[0].(value.Str)
	}
	target := s
	if len(args) > 1 {
		switch ns := args[1].(type) {
		case *namespace:
			target = ns.scope
		case *value.Dict:
			if ok {
				return in.execIn(name, string(text), ns, n)
			}
			in.poison(ns, in.follow(n, name+"()", args[0]))
			return in.unknown(n, name+"() runs code that is known only when the server starts"), nil
		default:
			return in.unknown(n, name+"() with this namespace is not followed"), nil
		}
	}
	if !ok {
		o := &schema.Opaque{Source: in.cur.text(n), Reason: name + "() runs code that is known only when the server starts", Needs: needsOf(args...), Src: in.rng(n)}
		if name == "exec" {
			target.globals.open = append(target.globals.open, o)
			return value.None, nil
		}
		return &Unknown{o}, nil
	}
	source := string(text)
	if name == "eval" {
		source = strings.TrimSpace(source)
	}
	tree, perr := syntax.Parse("<string>", []byte(source))
	if perr != nil {
		se := perr.(*syntax.SyntaxError)
		return nil, in.raise(n, se.Type, "%s (<string>, line %d)", se.Msg, se.Line)
	}
	return in.execTree(name, tree, target, n)
}

// execIn runs text with a dict for its names.
func (in *interp) execIn(name, text string, ns *value.Dict, n *syntax.Call) (value.Value, error) {
	tree, perr := syntax.Parse("<string>", []byte(strings.TrimSpace(text)))
	if perr != nil {
		se := perr.(*syntax.SyntaxError)
		return nil, in.raise(n, se.Type, "%s (<string>, line %d)", se.Msg, se.Line)
	}
	target := &scope{vars: map[string]slot{}, mod: in.cur}
	target.globals = target
	ns.Items(func(k, v value.Value) bool {
		if key, ok := k.(value.Str); ok {
			in.bind(target, string(key), v, n, n, "")
		}
		return true
	})
	in.scopes = append(in.scopes, target)
	v, err := in.execTree(name, tree, target, n)
	in.scopes = in.scopes[:len(in.scopes)-1]
	for _, key := range target.order {
		if slot, ok := target.vars[key]; ok && err == nil {
			if serr := ns.SetStr(in.budget, key, slot.v); serr != nil {
				return in.wrap(nil, serr, n)
			}
		}
	}
	return v, err
}

func (in *interp) execTree(name string, tree *syntax.Module, target *scope, n *syntax.Call) (value.Value, error) {
	at := in.rng(n)
	// Places inside the text are not places in the file: what it binds stands at the call.
	m := &module{name: in.cur.name, file: "", scope: target.globals, tree: tree}
	saved := in.cur
	in.cur = m
	defer func() { in.cur = saved }()
	if name == "eval" {
		if len(tree.Body) == 1 {
			if e, ok := tree.Body[0].(*syntax.ExprStmt); ok {
				v, err := in.expr(e.Value, target)
				return v, placed(err, at)
			}
		}
		return nil, in.raise(n, "SyntaxError", "invalid syntax")
	}
	_, err := in.block(tree.Body, target)
	return value.None, placed(err, at)
}

// placed gives an exception of text that was run as code the place of the call.
func placed(err error, at hcl.Range) error {
	if r, ok := isException(err); ok && r.at.Filename == "" {
		r.at = at
	}
	return err
}

// call calls a value. n is the call for places and reasons; it may be nil.
func (in *interp) call(fn value.Value, args []value.Value, kwargs []value.Kwarg, n syntax.Node) (value.Value, error) {
	switch f := fn.(type) {
	case *function:
		return in.callFunction(f, args, kwargs, n)
	case *native:
		return f.call(in, args, kwargs, n)
	case *method:
		return in.call(f.fn, append([]value.Value{f.self}, args...), kwargs, n)
	case *boundBuiltin:
		return in.callMethod(f.recv, f.name, args, kwargs, n)
	case *class:
		return in.construct(f, args, kwargs, n)
	case *partial:
		all := append(append([]value.Value{}, f.args...), args...)
		kw := append([]value.Kwarg{}, f.kwargs...)
		for _, k := range kwargs {
			if i := slices.IndexFunc(kw, func(have value.Kwarg) bool { return have.Name == k.Name }); i >= 0 {
				kw[i].Value = k.Value
			} else {
				kw = append(kw, k)
			}
		}
		return in.call(f.fn, all, kw, n)
	case *wrapper:
		if f.kind == "staticmethod" {
			return in.call(f.fn, args, kwargs, n)
		}
	case *instance:
		if m, _, ok := f.class.lookup("__call__"); ok {
			return in.call(&method{self: f, fn: m}, args, kwargs, n)
		}
		if o := f.class.hasUnknownBase(); o != nil {
			return &Unknown{o}, nil
		}
		return nil, in.raise(n, "TypeError", "'%s' object is not callable", f.class.name)
	case *Unknown:
		u := in.unknown(n, describeCall(in.cur.text(n)), needsOf(append([]value.Value{fn}, args...)...)...)
		if strings.HasPrefix(f.Why.Reason, "it comes from the package") || n == nil || in.cur.text(n) == "" {
			u.Why.Reason = f.Why.Reason
		}
		return u, nil
	case *Symbolic:
		return in.follow(n, "a call", fn), nil
	case *module:
		return nil, in.raise(n, "TypeError", "'module' object is not callable")
	}
	return nil, in.raise(n, "TypeError", "'%s' object is not callable", fn.TypeName())
}

// callFunction runs a function of the source.
func (in *interp) callFunction(f *function, args []value.Value, kwargs []value.Kwarg, n syntax.Node) (value.Value, error) {
	if len(in.frames) >= maxCalls {
		return nil, in.raise(n, "RecursionError", "maximum recursion depth exceeded")
	}
	if f.async {
		return in.unknown(n, "it is a coroutine, which is not run while reading"), nil
	}
	s := &scope{vars: map[string]slot{}, parent: f.scope, globals: f.scope.globals, mod: f.mod, isFunc: true, local: f.locals}
	if f.scope.isClass {
		s.parent = f.scope.parent
	}
	if f.scope == f.scope.globals {
		s.parent = nil
	}
	in.declare(s, f.body)
	if err := in.bindArgs(f, s, args, kwargs, n); err != nil {
		return nil, err
	}
	s.vars["\x00function"] = slot{v: f}
	if f.generator {
		return in.callGenerator(f, s, n)
	}
	saved := in.cur
	at := in.rng(n)
	in.cur = f.mod
	in.frames = append(in.frames, frame{name: f.name, at: at})
	in.scopes = append(in.scopes, s)
	depth := len(in.frames)
	defer func() {
		in.cur = saved
		in.frames = in.frames[:depth-1]
		in.scopes = in.scopes[:len(in.scopes)-1]
	}()
	if f.expr != nil {
		return in.expr(f.expr, s)
	}
	scopes := len(in.scopes)
	out, err := in.block(f.body, s)
	in.scopes = in.scopes[:min(scopes, len(in.scopes))]
	return in.settleGuarded(out, err, f.def)
}

// declare notes the global and nonlocal names of a function body.
func (in *interp) declare(s *scope, body []syntax.Stmt) {
	syntax.InspectBody(body, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.FunctionDef, *syntax.AsyncFunctionDef, *syntax.ClassDef, *syntax.Lambda:
			return false
		case *syntax.Global:
			if s.global == nil {
				s.global = map[string]bool{}
			}
			for _, name := range n.Names {
				s.global[name] = true
			}
		case *syntax.Nonlocal:
			if s.nonlocal == nil {
				s.nonlocal = map[string]bool{}
			}
			for _, name := range n.Names {
				s.nonlocal[name] = true
			}
		}
		return true
	})
}

func (in *interp) yield(e syntax.Expr, s *scope) (value.Value, error) {
	v := value.Value(value.None)
	if e != nil {
		var err error
		if v, err = in.expr(e, s); err != nil {
			return nil, err
		}
	}
	return in.yielded(v, s)
}

// bindArgs matches arguments with parameters, with CPython's errors.
func (in *interp) bindArgs(f *function, s *scope, args []value.Value, kwargs []value.Kwarg, n syntax.Node) error {
	a := f.args
	params := append(append([]*syntax.Arg{}, a.PosOnlyArgs...), a.Args...)
	set := func(name string, v value.Value) {
		s.vars[name] = slot{v: v, at: in.rng(n), name: in.rng(n)}
		s.order = append(s.order, name)
	}
	given := map[string]bool{}
	for i, p := range params {
		if i < len(args) {
			set(p.Arg, args[i])
			given[p.Arg] = true
		}
	}
	if a.Vararg != nil {
		rest := []value.Value{}
		if len(args) > len(params) {
			rest = args[len(params):]
		}
		set(a.Vararg.Arg, value.NewTuple(rest...))
	} else if len(args) > len(params) {
		plural := "s"
		if len(params) == 1 {
			plural = ""
		}
		was := "were"
		if len(args) == 1 {
			was = "was"
		}
		takes := itoa(len(params))
		if d := len(f.defaults); d > 0 {
			takes = "from " + itoa(len(params)-d) + " to " + takes
			plural = "s"
		}
		return in.raise(n, "TypeError", "%s() takes %s positional argument%s but %d %s given", f.qual, takes, plural, len(args), was)
	}
	var extra *value.Dict
	if a.Kwarg != nil {
		extra = value.NewDict()
		set(a.Kwarg.Arg, extra)
	}
	for _, k := range kwargs {
		known := false
		for _, p := range append(append([]*syntax.Arg{}, a.Args...), a.KwOnlyArgs...) {
			known = known || p.Arg == k.Name
		}
		switch {
		case known && given[k.Name]:
			return in.raise(n, "TypeError", "%s() got multiple values for argument '%s'", f.qual, k.Name)
		case known:
			set(k.Name, k.Value)
			given[k.Name] = true
		case extra != nil:
			if err := extra.SetStr(in.budget, k.Name, k.Value); err != nil {
				_, err = in.wrap(nil, err, n)
				return err
			}
		case isPosOnly(a, k.Name):
			return in.raise(n, "TypeError", "%s() got some positional-only arguments passed as keyword arguments: '%s'", f.qual, k.Name)
		default:
			return in.raise(n, "TypeError", "%s() got an unexpected keyword argument '%s'", f.qual, k.Name)
		}
	}
	var missing []string
	for i, p := range params {
		if given[p.Arg] {
			continue
		}
		if d := i - (len(params) - len(f.defaults)); d >= 0 {
			set(p.Arg, f.defaults[d])
		} else {
			missing = append(missing, p.Arg)
		}
	}
	if len(missing) > 0 {
		return in.missingArgs(f, missing, "positional", n)
	}
	for i, p := range a.KwOnlyArgs {
		if given[p.Arg] {
			continue
		}
		if f.kwDefault[i] == nil {
			missing = append(missing, p.Arg)
			continue
		}
		set(p.Arg, f.kwDefault[i])
	}
	if len(missing) > 0 {
		return in.missingArgs(f, missing, "keyword-only", n)
	}
	return nil
}

func isPosOnly(a *syntax.Arguments, name string) bool {
	for _, p := range a.PosOnlyArgs {
		if p.Arg == name {
			return true
		}
	}
	return false
}

func (in *interp) missingArgs(f *function, names []string, kind string, n syntax.Node) error {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = "'" + name + "'"
	}
	text := quoted[0]
	plural := ""
	if k := len(quoted); k > 1 {
		plural = "s"
		text = strings.Join(quoted[:k-1], ", ") + " and " + quoted[k-1]
		if k > 2 {
			text = strings.Join(quoted[:k-1], ", ") + ", and " + quoted[k-1]
		}
	}
	return in.raise(n, "TypeError", "%s() missing %d required %s argument%s: %s", f.qual, len(names), kind, plural, text)
}

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

// TypeName implements value.Value.
func (*fieldDefault) TypeName() string { return "Field" }

func (in *interp) namedTupleValues(i *instance) value.Value {
	var out []value.Value
	for _, f := range i.class.fields {
		out = append(out, i.attrs[f])
	}
	return value.NewTuple(out...)
}

// iterOf makes an iterator over elements that are there already.
func iterOf(name string, elems []value.Value) *value.Iter {
	i := 0
	return value.NewIter(name, func(b *value.Budget) (value.Value, bool, error) {
		if i >= len(elems) {
			return nil, false, nil
		}
		i++
		return elems[i-1], true, b.Step(1)
	})
}

// iterate gives a function that yields the elements of a value, or the reason why they are not known.
func (in *interp) iterate(v value.Value, n syntax.Node) (func() (value.Value, bool, error), *Unknown, error) {
	switch x := v.(type) {
	case *Symbolic:
		if l, ok := x.Expr.(*schema.List); ok {
			i := 0
			return func() (value.Value, bool, error) {
				if i >= len(l.Items) {
					return nil, false, nil
				}
				i++
				return in.fromExpr(l.Items[i-1]), true, nil
			}, nil, nil
		}
		return nil, in.follow(n, "a loop", v), nil
	case *Unknown:
		return nil, in.follow(n, "a loop", v), nil
	case *environ:
		d, complete := x.all()
		if !complete {
			return nil, in.unknown(n, "it is the whole environment, which is known only when the server starts", "the environment"), nil
		}
		v = d
	case *namespace:
		v = x.dict(in)
	case *instance:
		if x.class.kind == "namedtuple" {
			v = in.namedTupleValues(x)
			break
		}
		if m, _, ok := x.class.lookup("__iter__"); ok {
			it, err := in.call(&method{self: x, fn: m}, nil, nil, n)
			if err != nil {
				return nil, nil, err
			}
			if it != value.Value(x) {
				return in.iterate(it, n)
			}
		}
		return nil, in.unknown(n, "it goes through an object of class "+x.class.name), nil
	case *class:
		if x.kind == "enum" {
			var elems []value.Value
			for _, m := range x.members {
				elems = append(elems, x.attrs[m])
			}
			v = value.NewList(elems...)
		}
	}
	it, err := value.Iterate(in.budget, v)
	if err != nil {
		u, err := in.wrap(nil, err, n)
		if err != nil {
			return nil, nil, err
		}
		return nil, u.(*Unknown), nil
	}
	return func() (value.Value, bool, error) {
		x, ok, err := it.Next(in.budget)
		if d, depends := err.(*dependsError); depends {
			return nil, false, d
		}
		if err != nil {
			u, err := in.wrap(nil, err, n)
			return u, err == nil, err
		}
		return x, ok, nil
	}, nil, nil
}

// fromExpr turns a part of an expression back into a value.
func (in *interp) fromExpr(e schema.Expr) value.Value {
	if c, ok := e.(*schema.Const); ok {
		if v := fromCty(c.Val); v != nil {
			return v
		}
	}
	return symbolic(e, "")
}

// comprehension runs the loops of a comprehension in a scope of its own.
func (in *interp) comprehension(gens []*syntax.Comprehension, n syntax.Node, s *scope, each func(*scope) error) (*Unknown, error) {
	inner := &scope{vars: map[string]slot{"\x00comp": {v: value.True}}, parent: s, globals: s.globals, mod: s.mod, isFunc: true}
	if s == s.globals {
		inner.parent = s
	}
	// The first iterable belongs to the scope around: a class body's names are seen there only.
	iterable, err := in.expr(gens[0].Iter, s)
	if err != nil {
		return nil, err
	}
	in.scopes = append(in.scopes, inner)
	defer func() { in.scopes = in.scopes[:len(in.scopes)-1] }()
	return in.generate(gens, iterable, n, inner, each)
}

// generate runs the first loop over its iterable, the others inside it.
func (in *interp) generate(gens []*syntax.Comprehension, iterable value.Value, n syntax.Node, s *scope, each func(*scope) error) (*Unknown, error) {
	g := gens[0]
	next, why, err := in.iterate(iterable, g.Iter)
	if err != nil {
		return nil, err
	}
	if why != nil {
		return in.follow(n, "a comprehension", why), nil
	}
loop:
	for {
		if err := in.step(n); err != nil {
			return nil, err
		}
		v, ok, err := next()
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, nil
		}
		if err := in.budget.Alloc(16); err != nil {
			_, err = in.wrap(nil, err, n)
			return nil, err
		}
		if err := in.assign(g.Target, v, g.Iter, s); err != nil {
			return nil, err
		}
		for _, cond := range g.Ifs {
			t, err := in.expr(cond, s)
			if err != nil {
				return nil, err
			}
			truth, known, test, err := in.truth(t, cond)
			if err != nil {
				return nil, err
			}
			if !known {
				return in.follow(n, "a comprehension", symbolic(test, "")), nil
			}
			if !truth {
				continue loop
			}
		}
		if len(gens) == 1 {
			if err := each(s); err != nil {
				return nil, err
			}
			continue
		}
		inner, err := in.expr(gens[1].Iter, s)
		if err != nil {
			return nil, err
		}
		if why, err := in.generate(gens[1:], inner, n, s, each); why != nil || err != nil {
			return why, err
		}
	}
}
