package eval

import (
	"slices"
	"strings"

	"gsrv/schema/python/syntax"
	"gsrv/schema/python/value"
)

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
