package gunicorn

import (
	"strings"

	"gsrv/schema"
	"gsrv/schema/python/value"
)

// callable is the validator of a hook; arity -1 takes any number of parameters.
func (c *validator) callable(v value.Value, arity int) (value.Value, error) {
	if s, ok := v.(value.Str); ok {
		dot := strings.LastIndexByte(string(s), '.')
		if dot < 0 {
			return nil, typeError("Value '%s' is not import string. Format: module[.submodules...].object", string(s))
		}
		found, err := c.dotted(string(s)[:dot], string(s)[dot+1:])
		if err != nil {
			return nil, err
		}
		v = found
	}
	f, ok := v.(*code)
	if !ok {
		if value.IsForeign(v) {
			return nil, &unknown{"what it is cannot be told"}
		}
		if c.release.AtLeast("20.0.0") {
			return nil, formatted("TypeError", "Value is not callable: %s", v)
		}
		return nil, formatted("TypeError", "Value is not six.callable: %s", v)
	}
	if arity == -1 {
		return f, nil
	}
	n, known := f.arity()
	if !known {
		return nil, &unknown{"how many parameters " + f.ref.Name + " takes is not known"}
	}
	if n != arity {
		return nil, typeError("Value must have an arity of: %d", arity)
	}
	return f, nil
}

// arity is the number of positional parameters, those with defaults included, *args not.
func (c *code) arity() (int, bool) {
	switch c.ref.Kind {
	case "function", "lambda", "class", "instance":
		return len(c.ref.Params), c.ref.Def.Filename != "" || len(c.ref.Params) > 0
	}
	return 0, false
}

func (c *validator) dotted(module, name string) (value.Value, error) {
	if module == "" {
		return nil, valueError("Empty module name")
	}
	if c.resolve != nil {
		v, raised := c.resolve(module, name)
		if raised != nil {
			switch {
			case raised.IsA("ImportError"):
				return nil, typeError("%s", raised.Msg)
			case raised.IsA("AttributeError"):
				return nil, typeError("Can not load '%s' from '%s'", name, module)
			}
			return nil, raised
		}
		if v != nil {
			return v, nil
		}
	}
	return nil, &unknown{"the module " + module + " cannot be read"}
}

// wrappedPostRequest is what gunicorn puts around a post_request with two or three parameters.
const wrappedPostRequest = "validate_post_request.<locals>.<lambda>"

func (c *validator) postRequest(v value.Value) (value.Value, error) {
	v, err := c.callable(v, -1)
	if err != nil {
		return nil, err
	}
	f := v.(*code)
	n, known := f.arity()
	switch {
	case !known:
		return nil, &unknown{"how many parameters " + f.ref.Name + " takes is not known"}
	case n == 4:
		return f, nil
	case n == 2 || n == 3:
		return &code{ref: f.ref, qualname: wrappedPostRequest}, nil
	}
	return nil, typeError("Value must have an arity of: 4")
}

// defaultHook stands for the function that gunicorn itself has for a hook.
func defaultHook(s *Spec) *code {
	return &code{ref: &schema.FuncRef{Name: s.Facts.Hook, Kind: "function", Params: s.Option.Args}, qualname: s.Facts.Hook}
}
