package value

import "slices"

// A call is a call of a method or function that was bound to its parameters.
type call struct {
	b    *Budget
	recv Value
	args []Value // by parameter; nil where none was given and there is no default
	kw   []Kwarg // only where the function takes any keywords
	rest []Value // only where the function takes any arguments
}

func (c *call) has(i int) bool { return i < len(c.args) && c.args[i] != nil }

// argStyle says how a function of C reads its arguments, which shows in its error messages.
type argStyle int

const (
	styleNone    argStyle = iota // METH_NOARGS
	styleOne                     // METH_O
	stylePos                     // _PyArg_CheckPositional
	styleTuple                   // PyArg_ParseTuple with a function name
	styleKeyword                 // _PyArg_UnpackKeywords
	styleVar                     // any arguments
	styleVarKw                   // any arguments and keywords
)

type method struct {
	style    argStyle
	min, max int      // positional arguments
	names    []string // styleKeyword: the parameters, "" for positional-only ones
	kwOnly   int      // styleKeyword: how many of names are keyword-only, at the end
	fn       func(c *call) (Value, error)
}

func noArgs(fn func(c *call) (Value, error)) method { return method{style: styleNone, fn: fn} }

func oneArg(fn func(c *call) (Value, error)) method {
	return method{style: styleOne, min: 1, max: 1, fn: fn}
}

func posArgs(lo, hi int, fn func(c *call) (Value, error)) method {
	return method{style: stylePos, min: lo, max: hi, fn: fn}
}

func tupleArgs(lo, hi int, fn func(c *call) (Value, error)) method {
	return method{style: styleTuple, min: lo, max: hi, fn: fn}
}

func kwArgs(lo int, names []string, fn func(c *call) (Value, error)) method {
	return method{style: styleKeyword, min: lo, max: len(names), names: names, fn: fn}
}

// kwOnlyArgs is kwArgs whose last n parameters are keyword-only.
func kwOnlyArgs(lo, n int, names []string, fn func(c *call) (Value, error)) method {
	return method{style: styleKeyword, min: lo, max: len(names) - n, names: names, kwOnly: n, fn: fn}
}

func varArgs(fn func(c *call) (Value, error)) method { return method{style: styleVar, fn: fn} }

func varKwArgs(fn func(c *call) (Value, error)) method { return method{style: styleVarKw, fn: fn} }

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

// bind checks a call's arguments and runs it. short is the bare name, full the qualified one.
func (m method) run(b *Budget, recv Value, short, full string, args []Value, kwargs []Kwarg) (Value, error) {
	if err := b.Step(1); err != nil {
		return nil, err
	}
	c := &call{b: b, recv: recv, args: args}
	if len(kwargs) > 0 && m.style != styleKeyword && m.style != styleVarKw {
		return nil, typeError("%s() takes no keyword arguments", full)
	}
	n := len(args)
	switch m.style {
	case styleNone:
		if n > 0 {
			return nil, typeError("%s() takes no arguments (%d given)", full, n)
		}
	case styleOne:
		if n != 1 {
			return nil, typeError("%s() takes exactly one argument (%d given)", full, n)
		}
	case stylePos:
		if n < m.min || n > m.max {
			want, how := m.min, "at least "
			if n > m.max {
				want, how = m.max, "at most "
			}
			if m.min == m.max {
				how = ""
			}
			return nil, typeError("%s expected %s%d argument%s, got %d", short, how, want, plural(want), n)
		}
	case styleTuple:
		if n < m.min || n > m.max {
			want, how := m.min, "at least"
			if n > m.max {
				want, how = m.max, "at most"
			}
			if m.min == m.max {
				how = "exactly"
			}
			return nil, typeError("%s() takes %s %d argument%s (%d given)", short, how, want, plural(want), n)
		}
	case styleKeyword:
		if err := m.keywords(c, short, args, kwargs); err != nil {
			return nil, err
		}
	case styleVarKw:
		c.kw = kwargs
		fallthrough
	case styleVar:
		c.rest = args
	}
	return m.fn(c)
}

func (m method) keywords(c *call, short string, args []Value, kwargs []Kwarg) error {
	n, total := len(args), len(args)+len(kwargs)
	if total > len(m.names) {
		kind := ""
		if n == 0 {
			kind = "keyword "
		}
		how := "at most"
		if m.min == len(m.names) {
			how = "exactly"
		}
		return typeError("%s() takes %s %d %sargument%s (%d given)", short, how, len(m.names), kind, plural(len(m.names)), total)
	}
	if n > m.max {
		if m.max == 0 {
			return typeError("%s() takes no positional arguments", short)
		}
		how := "at most"
		if m.min == m.max {
			how = "exactly"
		}
		return typeError("%s() takes %s %d positional argument%s (%d given)", short, how, m.max, plural(m.max), n)
	}
	c.args = make([]Value, len(m.names))
	copy(c.args, args)
	for i := n; i < m.min; i++ {
		if m.names[i] == "" {
			return typeError("%s() takes at least %d positional argument%s (%d given)", short, i+1, plural(i+1), n)
		}
	}
	for _, k := range kwargs {
		i := slices.Index(m.names, k.Name)
		if i < 0 || k.Name == "" {
			return typeError("'%s' is an invalid keyword argument for %s()", k.Name, short)
		}
		if i < n {
			return typeError("argument for %s() given by name ('%s') and position (%d)", short, k.Name, i+1)
		}
		c.args[i] = k.Value
	}
	for i := range m.min {
		if c.args[i] == nil {
			if short == "enumerate" {
				return typeError("enumerate() missing required argument 'iterable'")
			}
			return typeError("%s() missing required argument '%s' (pos %d)", short, m.names[i], i+1)
		}
	}
	return nil
}

// methodTables holds each concrete type's methods by name.
var methodTables map[string]map[string]method

// staticMethods are the class methods and static methods, called through a class or an object.
var staticMethods map[string]map[string]method

func init() {
	methodTables = map[string]map[string]method{
		"str": strMethods(), "bytes": bytesMethods(), "list": listMethods(),
		"tuple": seqMethods(), "dict": dictMethods(), "set": setMethods(),
		"frozenset": frozensetMethods(), "int": intMethods(), "float": floatMethods(),
		"range": rangeMethods(), "slice": sliceMethods(), "complex": complexMethods(),
		"dict_keys": keysViewMethods(), "dict_items": keysViewMethods(), "dict_values": {},
	}
	methodTables["bool"] = methodTables["int"]
	staticMethods = map[string]map[string]method{
		"str":   {"maketrans": posArgs(1, 3, strMaketrans)},
		"bytes": {"fromhex": oneArg(bytesFromhex), "maketrans": posArgs(2, 2, bytesMaketrans)},
		"dict":  {"fromkeys": posArgs(1, 2, dictFromkeys)},
		"int":   {"from_bytes": kwOnlyArgs(1, 1, []string{"bytes", "byteorder", "signed"}, intFromBytes)},
		"float": {"fromhex": oneArg(floatFromhex)},
	}
	staticMethods["bool"] = staticMethods["int"]
	builtins = builtinTable()
	moduleFuncs = moduleTable()
}

func findMethod(typeName, name string) (m method, static, ok bool) {
	if m, ok = methodTables[typeName][name]; ok {
		return m, false, true
	}
	m, ok = staticMethods[typeName][name]
	return m, true, ok
}

// owner is the class a type's method is qualified with in messages.
func owner(typeName string) string {
	if typeName == "bool" {
		return "int"
	}
	return typeName
}

// CallMethod calls a method of a concrete value.
func CallMethod(b *Budget, recv Value, name string, args []Value, kwargs []Kwarg) (Value, error) {
	b = b.orNew()
	if IsForeign(recv) {
		return nil, foreignError(recv, "calling a method of")
	}
	t := recv.TypeName()
	m, _, ok := findMethod(t, name)
	if !ok {
		if isDunder(name) {
			return nil, unsupported("the special method %s of %s is not modelled", name, t)
		}
		if unmodelled(t, name) {
			return nil, unsupported("the method %s of %s is not modelled", name, t)
		}
		return nil, NewException("AttributeError", "'%s' object has no attribute '%s'", t, name)
	}
	return m.run(b, recv, name, owner(t)+"."+name, args, kwargs)
}

// otherAttributes are the attributes of each type that are neither methods modelled here nor given
// by [Attribute]. Calling a data attribute fails in Python in ways that are not modelled either.
var otherAttributes = map[string][]string{
	"bytes": {
		"capitalize", "center", "expandtabs", "islower", "istitle", "isupper", "ljust", "rjust",
		"swapcase", "title", "translate", "zfill",
	},
	"int":         {"real", "imag", "numerator", "denominator"},
	"bool":        {"real", "imag", "numerator", "denominator"},
	"float":       {"real", "imag"},
	"complex":     {"real", "imag"},
	"range":       {"start", "stop", "step"},
	"slice":       {"start", "stop", "step"},
	"dict_keys":   {"mapping"},
	"dict_values": {"mapping"},
	"dict_items":  {"mapping"},
}

func unmodelled(typeName, name string) bool {
	return slices.Contains(otherAttributes[typeName], name)
}

func isDunder(name string) bool {
	return len(name) > 4 && name[:2] == "__" && name[len(name)-2:] == "__"
}

// CallClassMethod calls a method through its class: str.lower("A"), dict.fromkeys(x).
func CallClassMethod(b *Budget, class, name string, args []Value, kwargs []Kwarg) (Value, error) {
	b = b.orNew()
	m, static, ok := findMethod(class, name)
	switch {
	case !ok && (isDunder(name) || unmodelled(class, name)):
		return nil, unsupported("the method %s of %s is not modelled", name, class)
	case !ok:
		return nil, NewException("AttributeError", "type object '%s' has no attribute '%s'", class, name)
	case static:
		return m.run(b, classValue(class), name, class+"."+name, args, kwargs)
	case len(args) == 0:
		return nil, typeError("unbound method %s.%s() needs an argument", owner(class), name)
	case IsForeign(args[0]):
		return nil, foreignError(args[0], "calling a method of")
	}
	if t := args[0].TypeName(); t != class && (t != "bool" || class != "int") {
		return nil, typeError("descriptor '%s' for '%s' objects doesn't apply to a '%s' object", name, owner(class), t)
	}
	return m.run(b, args[0], name, owner(class)+"."+name, args[1:], kwargs)
}

// classValue tells a class method of int whether it was called on bool: it is True then.
func classValue(class string) Value { return Bool(class == "bool") }

// HasMethod says whether a type has a method, class methods included.
func HasMethod(typeName, name string) bool {
	_, _, ok := findMethod(typeName, name)
	return ok
}

// MethodNames lists a type's methods, sorted.
func MethodNames(typeName string) []string {
	var names []string
	for n := range methodTables[typeName] {
		names = append(names, n)
	}
	for n := range staticMethods[typeName] {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// Attribute is a data attribute of a concrete value, such as (3).real or range(3).stop.
func Attribute(b *Budget, v Value, name string) (Value, error) {
	switch v := v.(type) {
	case Bool, Int:
		n, _ := asInt(v)
		switch name {
		case "real", "numerator":
			return n, nil
		case "imag":
			return NewInt(0), nil
		case "denominator":
			return NewInt(1), nil
		}
	case Float:
		switch name {
		case "real":
			return v, nil
		case "imag":
			return Float(0), nil
		}
	case Complex:
		switch name {
		case "real":
			return Float(real(v)), nil
		case "imag":
			return Float(imag(v)), nil
		}
	case *Range:
		switch name {
		case "start":
			return v.Start, nil
		case "stop":
			return v.Stop, nil
		case "step":
			return v.Step, nil
		}
	case *Slice:
		switch name {
		case "start":
			return v.Start, nil
		case "stop":
			return v.Stop, nil
		case "step":
			return v.Step, nil
		}
	}
	switch {
	case IsForeign(v):
		return nil, foreignError(v, "taking an attribute of")
	case HasMethod(v.TypeName(), name) || isDunder(name) || unmodelled(v.TypeName(), name):
		return nil, unsupported("%s.%s as a value is not modelled", v.TypeName(), name)
	}
	return nil, NewException("AttributeError", "'%s' object has no attribute '%s'", v.TypeName(), name)
}

func needStr(v Value, format string) (string, error) {
	if s, ok := v.(Str); ok {
		return string(s), nil
	}
	if IsForeign(v) {
		return "", foreignError(v, "calling a function with")
	}
	return "", typeError(format, typeOrNone(v))
}

// typeOrNone is the type as messages about arguments name it: None stands for itself.
func typeOrNone(v Value) string {
	if _, ok := v.(NoneType); ok {
		return "None"
	}
	return TypeName(v)
}

func needBytes(v Value) (string, error) {
	if s, ok := v.(Bytes); ok {
		return string(s), nil
	}
	if IsForeign(v) {
		return "", foreignError(v, "calling a function with")
	}
	return "", typeError("a bytes-like object is required, not '%s'", TypeName(v))
}
