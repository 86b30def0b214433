package eval

import (
	"path"
	"strings"

	"gsrv/schema"
	"gsrv/schema/python/syntax"
	"gsrv/schema/python/value"
)

// An envLine is one line of a .env file; value is nil for a name without "=".
type envLine struct {
	name  string
	value *string
}

// envLines reads NAME=VALUE lines as python-dotenv and python-decouple do: export, quotes, comments. Escapes in quotes are
// python-dotenv's alone.
func envLines(text string, escapes bool) []envLine {
	var out []envLine
	for line := range strings.SplitSeq(universalNewlines(text), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		line = strings.TrimSpace(strings.TrimPrefix(line, "export "))
		name, raw, found := strings.Cut(line, "=")
		name = strings.Trim(strings.TrimSpace(name), "'\"")
		if name == "" {
			continue
		}
		if !found {
			out = append(out, envLine{name: name})
			continue
		}
		v := envValue(strings.TrimSpace(raw), escapes)
		out = append(out, envLine{name, &v})
	}
	return out
}

func envValue(raw string, escapes bool) string {
	if len(raw) >= 2 && (raw[0] == '"' || raw[0] == '\'') {
		for i := 1; i < len(raw); i++ {
			switch {
			case raw[i] == '\\' && escapes:
				i++
			case raw[i] == raw[0]:
				if !escapes {
					return raw[1:i]
				}
				return unescape(raw[1:i], raw[0])
			}
		}
		return raw
	}
	if i := strings.Index(raw, " #"); i >= 0 {
		raw = strings.TrimSpace(raw[:i])
	}
	return raw
}

// unescape decodes what python-dotenv decodes: the usual letters in double quotes, only quote and backslash in single ones.
func unescape(s string, quote byte) string {
	letters := map[byte]byte{'\\': '\\', '\'': '\''}
	if quote == '"' {
		letters = map[byte]byte{'\\': '\\', '\'': '\'', '"': '"', 'a': 7, 'b': 8, 'f': 12, 'n': 10, 'r': 13, 't': 9, 'v': 11}
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			if c, ok := letters[s[i+1]]; ok {
				b.WriteByte(c)
				i++
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// expandEnv replaces ${NAME} and ${NAME:-default}, as python-dotenv does; false where a variable's value is not known.
func expandEnv(s string, get func(string) (string, bool, bool)) (string, bool) {
	var b strings.Builder
	for {
		i := strings.Index(s, "${")
		end := -1
		if i >= 0 {
			end = strings.IndexByte(s[i:], '}')
		}
		if i < 0 || end < 0 {
			b.WriteString(s)
			return b.String(), true
		}
		b.WriteString(s[:i])
		name, fallback, _ := strings.Cut(s[i+2:i+end], ":-")
		v, set, known := get(name)
		if !known {
			return "", false
		}
		if !set {
			v = fallback
		}
		b.WriteString(v)
		s = s[i+end+1:]
	}
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
	type content struct {
		lines    []envLine
		override bool
		unknown  *Unknown
	}
	read := func(in *interp, args []value.Value, kwargs []value.Kwarg, n syntax.Node) (content, error) {
		c := content{}
		var file value.Value
		if len(args) > 0 {
			file = args[0]
		}
		for _, k := range kwargs {
			switch k.Name {
			case "dotenv_path":
				file = k.Value
			case "override":
				c.override = k.Value == value.Value(value.True)
			}
		}
		name := ""
		if file == nil || file == value.Value(value.None) {
			name = in.findDotenv(".env")
		} else {
			p, err := in.pathArg(file)
			if err != nil {
				return c, err
			}
			text, ok := p.(value.Str)
			if !ok {
				c.unknown = in.follow(n, "a .env file", file)
				return c, nil
			}
			name = absolute(in.cwd, string(text))
		}
		if name == "" || in.files.Exists(name) != "file" {
			return c, nil
		}
		text, unknown, err := in.readFile(name, name, n)
		c.unknown = unknown
		if err == nil && unknown == nil {
			c.lines = envLines(text, true)
		}
		return c, err
	}
	// resolved gives a line's value with the variables in it replaced: by the file's own values, and the environment's,
	// whichever counts more.
	resolved := func(in *interp, c content, seen map[string]string, line envLine, n syntax.Node) value.Value {
		if line.value == nil {
			return value.None
		}
		text, known := expandEnv(*line.value, func(name string) (string, bool, bool) {
			own, inFile := seen[name]
			v, present, known := in.environ.get(name, in.rng(n), schema.MissingNull)
			env, isText := v.(value.Str)
			switch {
			case inFile && (c.override || known && !present):
				return own, true, true
			case known && present && isText:
				return string(env), true, true
			case known && !present:
				return "", false, true
			}
			return "", false, false
		})
		if !known {
			return in.unknown(n, "it is put together from variables that are known only when the server starts")
		}
		seen[line.name] = text
		return value.Str(text)
	}
	return table{
		"load_dotenv": fn("load_dotenv", func(in *interp, args []value.Value, kwargs []value.Kwarg, n syntax.Node) (value.Value, error) {
			c, err := read(in, args, kwargs, n)
			if err != nil || c.unknown != nil {
				return orUnknown(nil, c.unknown, err)
			}
			seen := map[string]string{}
			values := make([]value.Value, len(c.lines))
			for i, line := range c.lines {
				values[i] = resolved(in, c, seen, line, n)
			}
			for i, line := range c.lines {
				if line.value == nil {
					continue
				}
				_, present, known := in.environ.get(line.name, in.rng(n), schema.MissingNull)
				switch {
				case c.override || known && !present:
					in.environ.set(line.name, values[i])
				case !known:
					in.environ.set(line.name, symbolic(&schema.Env{Name: line.name, Default: in.toExpr(values[i], in.rng(n)), Src: in.rng(n)}, "str"))
				}
			}
			return value.Bool(len(c.lines) > 0), nil
		}),
		"dotenv_values": fn("dotenv_values", func(in *interp, args []value.Value, kwargs []value.Kwarg, n syntax.Node) (value.Value, error) {
			c, err := read(in, args, kwargs, n)
			if err != nil || c.unknown != nil {
				return orUnknown(nil, c.unknown, err)
			}
			c.override = true
			d := value.NewDict()
			seen := map[string]string{}
			for _, line := range c.lines {
				if err := d.SetStr(in.budget, line.name, resolved(in, c, seen, line, n)); err != nil {
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
	text, unknown, err := in.readFile(file, file, n)
	if err != nil || unknown != nil {
		return "", false, err
	}
	for _, line := range envLines(text, false) {
		if line.name == name && line.value != nil {
			return *line.value, true, nil
		}
	}
	return "", false, nil
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
