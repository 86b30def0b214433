package eval

import (
	"path"
	"strings"

	"gsrv/schema"
	"gsrv/schema/python/syntax"
	"gsrv/schema/python/value"
)

// dotenvLines reads NAME=VALUE lines as python-dotenv and python-decouple do: export, quotes, comments.
func dotenvLines(text string) (names []string, values map[string]string) {
	values = map[string]string{}
	for line := range strings.SplitSeq(universalNewlines(text), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		line = strings.TrimSpace(strings.TrimPrefix(line, "export "))
		name, raw, found := strings.Cut(line, "=")
		name = strings.Trim(strings.TrimSpace(name), "'\"")
		if !found || name == "" {
			continue
		}
		raw = strings.TrimSpace(raw)
		if n := len(raw); n >= 2 && (raw[0] == '"' || raw[0] == '\'') {
			if end := strings.IndexByte(raw[1:], raw[0]); end >= 0 {
				raw = raw[1 : end+1]
			}
		} else if i := strings.Index(raw, " #"); i >= 0 {
			raw = strings.TrimSpace(raw[:i])
		}
		if _, seen := values[name]; !seen {
			names = append(names, name)
		}
		values[name] = raw
	}
	return names, values
}

// findDotenv looks for a .env file beside the running file and in the folders above, as find_dotenv does.
func (in *interp) findDotenv(name string) string {
	dir := path.Dir(absolute(in.o.Dir, in.cur.file))
	for range 32 {
		if in.files.Exists(path.Join(dir, name)) == "file" {
			return path.Join(dir, name)
		}
		if dir == "/" || dir == "." {
			return ""
		}
		dir = path.Dir(dir)
	}
	return ""
}

func libDotenv(in *interp) table {
	read := func(in *interp, args []value.Value, kwargs []value.Kwarg, n syntax.Node) ([]string, map[string]string, bool, *Unknown, error) {
		override := false
		var file value.Value
		if len(args) > 0 {
			file = args[0]
		}
		for _, k := range kwargs {
			switch k.Name {
			case "dotenv_path":
				file = k.Value
			case "override":
				override = k.Value == value.Value(value.True)
			}
		}
		name := ""
		if file == nil || file == value.Value(value.None) {
			name = in.findDotenv(".env")
		} else {
			p, err := in.pathArg(file)
			if err != nil {
				return nil, nil, false, nil, err
			}
			text, ok := p.(value.Str)
			if !ok {
				return nil, nil, false, in.follow(n, "a .env file", file), nil
			}
			name = absolute(in.cwd, string(text))
		}
		if name == "" || in.files.Exists(name) != "file" {
			return nil, nil, override, nil, nil
		}
		text, unknown, err := in.readFile(name, n)
		if err != nil || unknown != nil {
			return nil, nil, override, unknown, err
		}
		names, values := dotenvLines(text)
		return names, values, override, nil, nil
	}
	return table{
		"load_dotenv": fn("load_dotenv", func(in *interp, args []value.Value, kwargs []value.Kwarg, n syntax.Node) (value.Value, error) {
			names, values, override, unknown, err := read(in, args, kwargs, n)
			if err != nil || unknown != nil {
				return orUnknown(nil, unknown, err)
			}
			for _, name := range names {
				v, present, known := in.environ.get(name, in.rng(n), schema.MissingNull)
				switch {
				case override || known && !present:
					in.environ.set(name, value.Str(values[name]))
				case !known:
					in.environ.set(name, symbolic(&schema.Env{Name: name, Default: schema.String(values[name], in.rng(n)), Src: in.rng(n)}, "str"))
				default:
					_ = v
				}
			}
			return value.Bool(len(names) > 0), nil
		}),
		"dotenv_values": fn("dotenv_values", func(in *interp, args []value.Value, kwargs []value.Kwarg, n syntax.Node) (value.Value, error) {
			names, values, _, unknown, err := read(in, args, kwargs, n)
			if err != nil || unknown != nil {
				return orUnknown(nil, unknown, err)
			}
			d := value.NewDict()
			for _, name := range names {
				if err := d.SetStr(in.budget, name, value.Str(values[name])); err != nil {
					return in.wrap(nil, err, n)
				}
			}
			return d, nil
		}),
		"find_dotenv": fn("find_dotenv", func(in *interp, _ []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
			return value.Str(in.findDotenv(".env")), nil
		}),
	}
}

// libDecouple models python-decouple: the environment, then settings.ini or .env in the folders above.
func libDecouple(in *interp) table {
	t := table{}
	config := fn("config", func(in *interp, args []value.Value, kwargs []value.Kwarg, n syntax.Node) (value.Value, error) {
		name, ok := first(args).(value.Str)
		if !ok {
			return in.follow(n, "config()", args...), nil
		}
		var fallback, cast value.Value
		if len(args) > 1 {
			fallback = args[1]
		}
		for _, k := range kwargs {
			switch k.Name {
			case "default":
				fallback = k.Value
			case "cast":
				cast = k.Value
			}
		}
		if text, found, err := in.repository(string(name), n); err != nil {
			return nil, err
		} else if found {
			fallback = value.Str(text)
		}
		if fallback == nil {
			v, present, known := in.environ.get(string(name), in.rng(n), schema.MissingError)
			if known && !present {
				return nil, in.raise(n, "UndefinedValueError", "%s not found. Declare it as envvar or define a default value.", string(name))
			}
			return in.castValue(v, cast, n)
		}
		return in.castValue(in.environ.lookup(string(name), fallback, n), cast, n)
	})
	t["config"] = config
	t["AutoConfig"] = returns("AutoConfig", config)
	t["Csv"] = fn("Csv", func(in *interp, args []value.Value, kwargs []value.Kwarg, n syntax.Node) (value.Value, error) {
		return fn("Csv", func(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
			text, ok := first(args).(value.Str)
			if !ok {
				return in.follow(n, "Csv()", args...), nil
			}
			l := value.NewList()
			for p := range strings.SplitSeq(string(text), ",") {
				if p = strings.TrimSpace(p); p != "" {
					l.Elems = append(l.Elems, value.Str(p))
				}
			}
			return l, nil
		}), nil
	})
	return t
}

// repository finds a name in the .env that python-decouple would read.
func (in *interp) repository(name string, n syntax.Node) (string, bool, error) {
	file := in.findDotenv(".env")
	if file == "" {
		return "", false, nil
	}
	text, unknown, err := in.readFile(file, n)
	if err != nil || unknown != nil {
		return "", false, err
	}
	_, values := dotenvLines(text)
	v, ok := values[name]
	return v, ok, nil
}

func (in *interp) castValue(v, cast value.Value, n syntax.Node) (value.Value, error) {
	c, isClass := cast.(*class)
	switch {
	case cast == nil:
		return v, nil
	case isClass && c.name == "bool" && c.builtin:
		return in.decoupleBool(v, n)
	}
	return in.call(cast, []value.Value{v}, nil, n)
}

// decoupleBool is the truth that python-decouple and environs give text: not Python's bool().
func (in *interp) decoupleBool(v value.Value, n syntax.Node) (value.Value, error) {
	text, ok := v.(value.Str)
	if !ok {
		if isForeignUnknown(v) {
			return in.follow(n, "bool", v), nil
		}
		return in.callBuiltin("bool", []value.Value{v}, nil, n)
	}
	if text == "" {
		return value.False, nil
	}
	switch strings.ToLower(string(text)) {
	case "y", "yes", "t", "true", "on", "1":
		return value.True, nil
	case "n", "no", "f", "false", "off", "0":
		return value.False, nil
	}
	return nil, in.raise(n, "ValueError", "Invalid truth value: %s", strings.ToLower(string(text)))
}

// libEnvirons models environs.Env: env("X"), env.int("X", 1), env.bool, env.list, read_env.
func libEnvirons(in *interp) table {
	c := &class{name: "Env", attrs: table{}}
	get := func(kind string) *native {
		return fn("env."+kind, func(in *interp, args []value.Value, kwargs []value.Kwarg, n syntax.Node) (value.Value, error) {
			if len(args) > 0 {
				if _, isSelf := args[0].(*instance); isSelf {
					args = args[1:]
				}
			}
			return in.environsGet(kind, args, kwargs, n)
		})
	}
	for _, kind := range []string{"str", "int", "float", "bool", "list", "json", "path"} {
		c.attrs[kind] = get(kind)
	}
	c.attrs["__call__"] = get("str")
	dotenv := libDotenv(in)["load_dotenv"].(*native)
	c.attrs["read_env"] = fn("read_env", func(in *interp, args []value.Value, kwargs []value.Kwarg, n syntax.Node) (value.Value, error) {
		return dotenv.call(in, args[min(1, len(args)):], kwargs, n)
	})
	env := fn("Env", func(*interp, []value.Value, []value.Kwarg, syntax.Node) (value.Value, error) {
		return &instance{class: c, attrs: table{}}, nil
	})
	return table{"Env": env, "env": &instance{class: c, attrs: table{}}, "FileAwareEnv": env}
}

func (in *interp) environsGet(kind string, args []value.Value, kwargs []value.Kwarg, n syntax.Node) (value.Value, error) {
	name, ok := first(args).(value.Str)
	if !ok {
		return in.follow(n, "env()", args...), nil
	}
	var fallback value.Value
	if len(args) > 1 {
		fallback = args[1]
	}
	for _, k := range kwargs {
		if k.Name == "default" {
			fallback = k.Value
		}
	}
	v, present, known := in.environ.get(string(name), in.rng(n), schema.MissingError)
	if known && !present {
		if fallback == nil {
			return nil, in.raise(n, "EnvError", "Environment variable \"%s\" not set", string(name))
		}
		return fallback, nil
	}
	if !known && fallback != nil {
		v = in.environ.lookup(string(name), fallback, n)
	}
	switch kind {
	case "int", "float":
		return in.callBuiltin(kind, []value.Value{v}, nil, n)
	case "bool":
		return in.decoupleBool(v, n)
	case "list":
		text, ok := v.(value.Str)
		if !ok {
			return in.follow(n, "env.list()", v), nil
		}
		l := value.NewList()
		for p := range strings.SplitSeq(string(text), ",") {
			l.Elems = append(l.Elems, value.Str(strings.TrimSpace(p)))
		}
		return l, nil
	case "json":
		return pure("json.loads").call(in, []value.Value{v}, nil, n)
	case "path":
		return in.newPath([]value.Value{v}, n)
	}
	return v, nil
}
