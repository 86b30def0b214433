package eval

import (
	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
	"gsrv/schema/python/syntax"
	"gsrv/schema/python/value"
)

// environ is os.environ: what the host says, overlaid by what the program wrote.
type environ struct {
	in *interp
	// written holds assignments; a nil value is a deletion.
	written map[string]value.Value
	order   []string
	// replaced is set once the whole environment was exchanged for one that is not known.
	replaced *Unknown
}

func newEnviron(in *interp) *environ {
	return &environ{in: in, written: map[string]value.Value{}}
}

// TypeName implements value.Value.
func (*environ) TypeName() string { return "_Environ" }

// get gives a variable: a value, or absent, or (where the host does not know) a symbol; missing is what it gives
// when the variable is not set and no default stands in.
func (e *environ) get(name string, at hcl.Range, missing schema.MissingEnv) (v value.Value, present, known bool) {
	if w, ok := e.written[name]; ok {
		if w == nil {
			return nil, false, true
		}
		return w, true, true
	}
	if e.replaced != nil {
		return e.replaced, true, true
	}
	text, state := e.in.host.Env(name)
	switch state {
	case schema.EnvSet:
		return value.StrFromOS(text), true, true
	case schema.EnvUnset:
		return nil, false, true
	}
	return &Symbolic{Expr: &schema.Env{Name: name, Missing: missing, Src: at}, Kind: "str"}, false, false
}

// lookup is get with a default: os.environ.get, os.getenv.
func (e *environ) lookup(name string, fallback value.Value, n syntax.Node) value.Value {
	at := e.in.rng(n)
	v, present, known := e.get(name, at, schema.MissingNull)
	switch {
	case !known:
		if fallback == nil || fallback == value.Value(value.None) {
			return &Symbolic{Expr: &schema.Env{Name: name, Missing: schema.MissingNull, Src: at}}
		}
		kind := ""
		if kindOf(fallback) == "str" {
			kind = "str"
		}
		return &Symbolic{Expr: &schema.Env{Name: name, Default: e.in.toExpr(fallback, at), Src: at}, Kind: kind}
	case present:
		return v
	case fallback == nil:
		return value.None
	}
	return fallback
}

// subscript is os.environ[name].
func (e *environ) subscript(name string, n syntax.Node) (value.Value, error) {
	v, present, known := e.get(name, e.in.rng(n), schema.MissingError)
	if !known {
		e.in.mayRaise("KeyError", &schema.Binary{Op: "==", L: &schema.Env{Name: name, Src: e.in.rng(n)}, R: schema.None(e.in.rng(n)), Src: e.in.rng(n)},
			&raised{exc: &value.Exception{Type: "KeyError", Msg: pyQuote(name), Args: []value.Value{value.Str(name)}}, at: e.in.errorRange(n), class: e.in.classes["KeyError"]})
		return v, nil
	}
	if !present {
		return nil, e.in.thrown(&value.Exception{Type: "KeyError", Msg: pyQuote(name), Args: []value.Value{value.Str(name)}}, n)
	}
	return v, nil
}

func pyQuote(s string) string {
	r, err := value.Repr(nil, value.Str(s))
	if err != nil {
		return s
	}
	return r
}

// contains is "NAME in os.environ".
func (e *environ) contains(name string, n syntax.Node) value.Value {
	_, present, known := e.get(name, e.in.rng(n), schema.MissingNull)
	if !known {
		at := e.in.rng(n)
		return &Symbolic{Expr: &schema.Binary{Op: "!=", L: &schema.Env{Name: name, Src: at}, R: schema.None(at), Src: at}, Kind: "bool"}
	}
	return value.Bool(present)
}

func (e *environ) set(name string, v value.Value) {
	if _, ok := e.written[name]; !ok {
		e.order = append(e.order, name)
	}
	e.written[name] = v
}

// all gives the whole environment as a dict, or false where others may be set.
func (e *environ) all() (*value.Dict, bool) {
	d := value.NewDict()
	names, complete := e.in.host.EnvNames()
	for _, name := range names {
		if v, present, known := e.get(name, hcl.Range{}, schema.MissingNull); known && present {
			if d.SetStr(e.in.budget, name, v) != nil {
				return d, false
			}
		}
	}
	for _, name := range e.order {
		if v := e.written[name]; v != nil {
			if d.SetStr(e.in.budget, name, v) != nil {
				return d, false
			}
		}
	}
	return d, complete
}

// method calls a method of os.environ.
func (e *environ) method(name string, args []value.Value, kwargs []value.Kwarg, n syntax.Node) (value.Value, error) {
	in := e.in
	key := func(i int) (string, bool) {
		if i >= len(args) {
			return "", false
		}
		s, ok := args[i].(value.Str)
		return string(s), ok
	}
	for _, k := range kwargs {
		if k.Name == "default" && len(args) == 1 {
			args = append(args, k.Value)
		}
	}
	switch name {
	case "get", "pop", "setdefault":
		k, ok := key(0)
		if !ok {
			if len(args) > 0 && !isForeignUnknown(args[0]) {
				return nil, in.raise(n, "TypeError", "str expected, not %s", args[0].TypeName())
			}
			return in.follow(n, "a variable whose name is not known", args...), nil
		}
		var fallback value.Value
		if len(args) > 1 {
			fallback = args[1]
		}
		switch name {
		case "get":
			return e.lookup(k, fallback, n), nil
		case "setdefault":
			v := e.lookup(k, fallback, n)
			e.set(k, v)
			return v, nil
		}
		if fallback == nil {
			v, err := e.subscript(k, n)
			if err == nil {
				e.set(k, nil)
			}
			return v, err
		}
		v := e.lookup(k, fallback, n)
		e.set(k, nil)
		return v, nil
	case "copy", "items", "keys", "values":
		d, complete := e.all()
		if !complete {
			return in.unknown(n, "it is the whole environment, which is known only when the server starts", "the environment"), nil
		}
		if name == "copy" {
			return d, nil
		}
		return in.callMethod(d, name, nil, nil, n)
	case "update":
		return value.None, e.update(args, kwargs, n)
	case "clear":
		d, complete := e.all()
		if !complete {
			e.replaced = in.unknown(n, "the environment is cleared, and what is set afterwards depends on it")
			clear(e.written)
		}
		d.Items(func(k, _ value.Value) bool {
			e.set(string(k.(value.Str)), nil)
			return true
		})
		return value.None, nil
	}
	return in.unknown(n, "os.environ."+name+" is not followed"), nil
}

func (e *environ) update(args []value.Value, kwargs []value.Kwarg, n syntax.Node) error {
	for _, a := range args {
		d, ok := a.(*value.Dict)
		if !ok {
			e.replaced = e.in.unknown(n, "os.environ is updated with something that is not known", needsOf(a)...)
			clear(e.written)
			return nil
		}
		var bad error
		d.Items(func(k, v value.Value) bool {
			name, ok := k.(value.Str)
			if !ok || kindOf(v) != "str" && !isForeignUnknown(v) {
				bad = e.in.raise(n, "TypeError", "str expected, not %s", v.TypeName())
				return false
			}
			e.set(string(name), v)
			return true
		})
		if bad != nil {
			return bad
		}
	}
	for _, k := range kwargs {
		e.set(k.Name, k.Value)
	}
	return nil
}
