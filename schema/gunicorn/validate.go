package gunicorn

import (
	"errors"
	"strconv"
	"strings"

	"gsrv/schema"
	"gsrv/schema/python/value"
)

// validator checks values as the validators of one release do, on one host.
type validator struct {
	release *Release
	host    schema.Host
	files   *schema.Files
	// cwd is what gunicorn's util.getcwd gives: the directory it is started in.
	cwd string
	// machine tells that the host is a known machine, so that what is not there is missing.
	machine bool
	// resolve finds the function, class or value that a dotted path names: the value, or Python's exception. Both nil
	// where it cannot be told.
	resolve func(module, name string) (value.Value, *value.Exception)
}

// unknown is the error of a validator whose answer cannot be told.
type unknown struct{ reason string }

func (u *unknown) Error() string { return u.reason }

func typeError(format string, args ...any) error {
	return value.NewException("TypeError", format, args...)
}

func valueError(format string, args ...any) error {
	return value.NewException("ValueError", format, args...)
}

// configError is gunicorn.errors.ConfigError.
func configError(format string, args ...any) error {
	return value.NewException("ConfigError", format, args...)
}

// formatted makes an exception whose message is Python's template % val, with the surprises that brings for tuples.
func formatted(class, template string, val value.Value) error {
	text, err := value.Percent(nil, template, val)
	if err != nil {
		return err
	}
	return value.NewException(class, "%s", string(text.(value.Str)))
}

// validate applies the setting's validator. The error is a *value.Exception where gunicorn refuses the value, and
// anything else where that cannot be told.
func (c *validator) validate(s *Spec, v value.Value) (value.Value, error) {
	name, arg, _ := strings.Cut(s.Validator, "(")
	switch name {
	case "bool":
		return c.boolean(v)
	case "pos_int":
		return posInt(v)
	case "string":
		return stringOrNone(v)
	case "list_string":
		return listString(v)
	case "list_of_existing_files":
		return c.existingFiles(v, false)
	case "list_of_files_or_patterns":
		return c.existingFiles(v, true)
	case "string_to_list":
		return stringToList(v)
	case "string_to_addr_list":
		return c.addrList(v)
	case "dict":
		if _, ok := v.(*value.Dict); ok {
			return v, nil
		}
		if value.IsForeign(v) && !isCode(v) {
			return nil, &unknown{"its type is not known"}
		}
		return nil, formatted("TypeError", "Value is not a dictionary: %s ", v)
	case "class":
		return class(v)
	case "callable":
		arity, _ := strconv.Atoi(strings.TrimSuffix(arg, ")"))
		return c.callable(v, arity)
	case "post_request":
		return c.postRequest(v)
	case "user":
		return c.account(v, schema.UserID, c.host.LookupUser, "user")
	case "group":
		return c.account(v, schema.GroupID, c.host.LookupGroup, "group")
	case "chdir":
		return c.chdir(v)
	case "hostport":
		return hostPort(v)
	case "statsd_address":
		return c.statsdAddress(v)
	case "reload_engine":
		return reloadEngine(v)
	case "ssl_version":
		return c.sslVersion(v)
	case "header_map_behaviour":
		return word(v, false, "Invalid type for casting: %s", "Invalid header map behaviour: %s", "drop", "refuse", "dangerous")
	case "asgi_loop":
		return word(v, true, "Invalid type for casting: %s", "Invalid ASGI loop: %s", "auto", "asyncio", "uvloop")
	case "asgi_lifespan":
		return word(v, true, "Invalid type for casting: %s", "Invalid ASGI lifespan: %s", "auto", "on", "off")
	case "http_parser":
		return word(v, true, "http_parser must be a string", "http_parser must be one of: auto, fast, python", "auto", "fast", "python")
	case "proxy_protocol":
		return proxyProtocol(v)
	case "http_protocols":
		return httpProtocols(v)
	case "http2_frame_size":
		return frameSize(v)
	}
	return nil, &unknown{"gsrv does not know the rule " + s.Validator}
}

func isCode(v value.Value) bool { _, ok := v.(*code); return ok }

// text gives a string value; objects whose class is not known may be strings.
func text(v value.Value) (s string, isText bool, err error) {
	switch v := v.(type) {
	case value.Str:
		return string(v), true, nil
	case *code:
		return "", false, nil
	}
	if value.IsForeign(v) {
		return "", false, &unknown{"its type is not known"}
	}
	return "", false, nil
}

func (c *validator) boolean(v value.Value) (value.Value, error) {
	if v == value.None && c.release.AtLeast("19.4.2") {
		return v, nil
	}
	if b, ok := v.(value.Bool); ok {
		return b, nil
	}
	s, ok, err := text(v)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, formatted("TypeError", "Invalid type for casting: %s", v)
	}
	switch strip(lower(s)) {
	case "true":
		return value.True, nil
	case "false":
		return value.False, nil
	}
	return nil, valueError("Invalid boolean: %s", s)
}

func strip(s string) string { return method(s, "strip") }
func lower(s string) string { return method(s, "lower") }

func method(s, name string) string {
	v, err := value.CallMethod(nil, value.Str(s), name, nil, nil)
	if err != nil {
		return s
	}
	return string(v.(value.Str))
}

// integer is what int(val, 0), or int(val) for a number, gives.
func integer(v value.Value) (value.Int, error) {
	switch v := v.(type) {
	case value.Int:
		return v, nil
	case value.Bool:
		if v {
			return value.NewInt(1), nil
		}
		return value.NewInt(0), nil
	case value.Str:
		return value.ParseInt(nil, string(v), 0)
	case value.Bytes:
		n, err := value.ParseInt(nil, string(v), 0)
		if err != nil {
			return n, formatted("ValueError", "invalid literal for int() with base 0: %r", v)
		}
		return n, nil
	}
	if value.IsForeign(v) && !isCode(v) {
		return value.Int{}, &unknown{"its type is not known"}
	}
	return value.Int{}, typeError("int() can't convert non-string with explicit base")
}

func posInt(v value.Value) (value.Value, error) {
	n, err := integer(v)
	if err != nil {
		return nil, err
	}
	if n.Sign() < 0 {
		return nil, formatted("ValueError", "Value must be positive: %s", n)
	}
	return n, nil
}

func frameSize(v value.Value) (value.Value, error) {
	n, err := integer(v)
	if err != nil {
		return nil, err
	}
	if i, ok := n.Int64(); !ok || i < 16384 || i > 16777215 {
		return nil, formatted("ValueError", "http2_max_frame_size must be between 16384 and 16777215, got %s", n)
	}
	return n, nil
}

func stringOrNone(v value.Value) (value.Value, error) {
	if v == value.None {
		return v, nil
	}
	s, ok, err := text(v)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, formatted("TypeError", "Not a string: %s", v)
	}
	return value.Str(strip(s)), nil
}

func listString(v value.Value) (value.Value, error) {
	if truth, err := value.Truth(nil, v); err != nil {
		return nil, err
	} else if !truth {
		return value.NewList(), nil
	}
	items := []value.Value{v}
	if _, ok := v.(value.Str); !ok {
		var err error
		if items, err = value.Collect(nil, v); err != nil {
			return nil, err
		}
	}
	out := make([]value.Value, len(items))
	for i, item := range items {
		s, err := stringOrNone(item)
		if err != nil {
			return nil, err
		}
		out[i] = s
	}
	return value.NewList(out...), nil
}

func stringToList(v value.Value) (value.Value, error) {
	s, err := stringOrNone(v)
	if err != nil {
		return nil, err
	}
	out := value.NewList()
	if t, _ := s.(value.Str); t != "" {
		for part := range strings.SplitSeq(string(t), ",") {
			if part != "" {
				out.Elems = append(out.Elems, value.Str(strip(part)))
			}
		}
	}
	return out, nil
}

func (c *validator) existingFiles(v value.Value, patterns bool) (value.Value, error) {
	list, err := listString(v)
	if err != nil {
		return nil, err
	}
	for _, item := range list.(*value.List).Elems {
		s, ok := item.(value.Str)
		if !ok {
			if patterns { // the search for wildcards wants text
				return nil, typeError("expected string or bytes-like object, got 'NoneType'")
			}
			continue
		}
		if patterns && strings.ContainsAny(string(s), "*?[") {
			continue
		}
		if c.exists(string(s)) == "" && c.machine {
			return nil, valueError("File %s does not exists.", string(s))
		}
	}
	return list, nil
}

// exists tells what stands at a path: "file", "dir", "other", "" for nothing.
func (c *validator) exists(name string) string {
	if name == "" {
		return ""
	}
	return c.files.Exists(value.PathAbs(name, c.cwd))
}

func class(v value.Value) (value.Value, error) {
	if f, ok := v.(*code); ok {
		switch f.ref.Kind {
		case "class":
			return v, nil
		case "function", "lambda":
			return nil, &unknown{"gunicorn calls " + f.ref.Name + "() for it"}
		}
	}
	return stringOrNone(v)
}

func (c *validator) account(v value.Value, own schema.Fact, lookup func(string) (int, bool, bool), kind string) (value.Value, error) {
	switch v := v.(type) {
	case value.NoneType:
		if id, ok := c.host.Fact(own); ok {
			n, _ := id.AsBigFloat().Int64()
			return value.NewInt(n), nil
		}
		return nil, &unknown{"it is the account that starts the server"}
	case value.Int, value.Bool:
		return v, nil
	case value.Str:
		if digits, _ := value.CallMethod(nil, v, "isdigit", nil, nil); digits == value.True {
			return intOf(string(v))
		}
		id, exists, known := lookup(string(v))
		switch {
		case !known:
			return nil, &unknown{"the number of the " + kind + " " + string(v) + " on the server's machine is not known"}
		case !exists:
			return nil, configError("No such %s: '%s'", kind, string(v))
		}
		return value.NewInt(int64(id)), nil
	case value.Bytes:
		if digits, _ := value.CallMethod(nil, v, "isdigit", nil, nil); digits == value.True {
			return intOf(string(v))
		}
		return nil, typeError("%s() argument must be str, not bytes", map[string]string{"user": "getpwnam", "group": "getgrnam"}[kind])
	}
	if value.IsForeign(v) && !isCode(v) {
		return nil, &unknown{"its type is not known"}
	}
	return nil, value.NewException("AttributeError", "'%s' object has no attribute 'isdigit'", value.TypeName(v))
}

func intOf(s string) (value.Value, error) {
	n, err := value.ParseInt(nil, s, 10)
	if err != nil {
		return nil, err
	}
	return n, nil
}

func (c *validator) chdir(v value.Value) (value.Value, error) {
	s, err := stringOrNone(v)
	if err != nil {
		return nil, err
	}
	t, ok := s.(value.Str)
	if !ok {
		return nil, typeError("join() argument must be str, bytes, or os.PathLike object, not 'NoneType'")
	}
	path := value.PathAbs(value.PathNorm(value.PathJoin(c.cwd, string(t))), c.cwd)
	if strings.ContainsRune(path, 0) {
		return nil, configError("can't chdir to %s", pyRepr(string(t)))
	}
	if c.files.Exists(path) == "" && c.machine {
		return nil, configError("can't chdir to %s", pyRepr(string(t)))
	}
	return value.Str(path), nil
}

// asException gives the exception of a refusal, or nil and why the answer cannot be told.
func asException(err error) (*value.Exception, string) {
	var e *value.Exception
	if errors.As(err, &e) {
		return e, ""
	}
	return nil, err.Error()
}
