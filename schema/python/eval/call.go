package eval

import (
	"slices"
	"strings"

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

// TypeName implements value.Value.
func (*superObject) TypeName() string { return "super" }

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

// TypeName implements value.Value.
func (*fieldDefault) TypeName() string { return "Field" }
