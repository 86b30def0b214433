package value

import (
	"slices"
)

// builtins are the pure built-in functions and constructors, by name.
var builtins map[string]method

// CallBuiltin calls a pure built-in function or constructor by its name.
func CallBuiltin(b *Budget, name string, args []Value, kwargs []Kwarg) (Value, error) {
	b = b.orNew()
	m, ok := builtins[name]
	if !ok {
		return nil, unsupported("the built-in function %s is not modelled", name)
	}
	return m.run(b, nil, name, name, args, kwargs)
}

// BuiltinNames lists what [CallBuiltin] knows, sorted.
func BuiltinNames() []string { return sortedKeys(builtins) }

func sortedKeys(m map[string]method) []string {
	names := make([]string, 0, len(m))
	for n := range m {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// IsInstance is isinstance(v, class) for a concrete value and the name of a built-in class.
func IsInstance(v Value, class string) bool {
	t := TypeName(v)
	return t == class || class == "object" || t == "bool" && class == "int"
}

func builtinTable() map[string]method {
	text := func(f func(*Budget, Value) (string, error)) method {
		return oneArg(func(c *call) (Value, error) {
			s, err := f(c.b, c.args[0])
			return Str(s), err
		})
	}
	return map[string]method{
		"abs":   oneArg(builtinAbs),
		"all":   oneArg(builtinAny(false)),
		"any":   oneArg(builtinAny(true)),
		"ascii": text(Ascii),
		"bin":   oneArg(builtinBase(2, "0b")),
		"bool": posArgs(0, 1, func(c *call) (Value, error) {
			t, err := Truth(c.b, arg(c, 0))
			return Bool(t), err
		}),
		"bytes":   kwArgs(0, []string{"source", "encoding", "errors"}, builtinBytes),
		"chr":     oneArg(builtinChr),
		"complex": kwArgs(0, []string{"real", "imag"}, builtinComplex),
		"dict": varKwArgs(func(c *call) (Value, error) {
			if len(c.rest) > 1 {
				return nil, typeError("dict expected at most 1 argument, got %d", len(c.rest))
			}
			d := NewDict()
			if err := dictFill(c.b, d, c.rest, c.kw); err != nil {
				return nil, err
			}
			return d, nil
		}),
		"divmod":    posArgs(2, 2, builtinDivmod),
		"enumerate": kwArgs(1, []string{"iterable", "start"}, builtinEnumerate),
		"filter":    posArgs(2, 2, builtinFilter),
		"float":     posArgs(0, 1, builtinFloat),
		"format": posArgs(1, 2, func(c *call) (Value, error) {
			spec := ""
			if c.has(1) {
				var err error
				if spec, err = needStr(c.args[1], "format() argument 2 must be str, not %s"); err != nil {
					return nil, err
				}
			}
			s, err := Format(c.b, c.args[0], spec)
			return Str(s), err
		}),
		"frozenset": posArgs(0, 1, builtinSet(true)),
		"hash":      oneArg(func(c *call) (Value, error) { return HashOf(c.b, c.args[0]) }),
		"hex":       oneArg(builtinBase(16, "0x")),
		"int":       kwArgs(0, []string{"", "base"}, builtinInt),
		"iter": posArgs(1, 2, func(c *call) (Value, error) {
			if c.has(1) {
				if IsForeign(c.args[0]) {
					return nil, unsupported("iter with two arguments is not modelled")
				}
				return nil, typeError("iter(v, w): v must be callable")
			}
			it, err := Iterate(c.b, c.args[0])
			if err != nil {
				return nil, err
			}
			if v, ok := it.(*Iter); ok {
				return v, nil
			}
			return NewIter("iterator", it.Next), nil
		}),
		"len": oneArg(func(c *call) (Value, error) {
			n, err := Len(c.b, c.args[0])
			return NewInt(int64(n)), err
		}),
		"list": posArgs(0, 1, func(c *call) (Value, error) {
			if !c.has(0) {
				return NewList(), nil
			}
			elems, err := Collect(c.b, c.args[0])
			return &List{elems}, err
		}),
		"map":  varArgs(builtinMap),
		"max":  varKwArgs(builtinExtreme("max", OpGt)),
		"min":  varKwArgs(builtinExtreme("min", OpLt)),
		"next": posArgs(1, 2, builtinNext),
		"oct":  oneArg(builtinBase(8, "0o")),
		"ord":  oneArg(builtinOrd),
		"pow":  kwArgs(2, []string{"base", "exp", "mod"}, builtinPow),
		"range": posArgs(1, 3, func(c *call) (Value, error) {
			n := make([]Int, len(c.args))
			for i, a := range c.args {
				var err error
				if n[i], err = needIndex(a); err != nil {
					return nil, err
				}
			}
			r := &Range{Step: NewInt(1)}
			switch len(n) {
			case 1:
				r.Stop = n[0]
			case 3:
				if r.Step = n[2]; n[2].Sign() == 0 {
					return nil, valueError("range() arg 3 must not be zero")
				}
				fallthrough
			case 2:
				r.Start, r.Stop = n[0], n[1]
			}
			return r, nil
		}),
		"repr":     text(Repr),
		"reversed": posArgs(1, 1, builtinReversed),
		"round":    kwArgs(1, []string{"number", "ndigits"}, builtinRound),
		"set":      posArgs(0, 1, builtinSet(false)),
		"slice": posArgs(1, 3, func(c *call) (Value, error) {
			if len(c.args) == 1 {
				return NewSlice(nil, c.args[0], nil), nil
			}
			return NewSlice(c.args[0], c.args[1], arg(c, 2)), nil
		}),
		"sorted": varKwArgs(builtinSorted),
		"str":    kwArgs(0, []string{"object", "encoding", "errors"}, builtinStr),
		"sum":    kwArgs(1, []string{"", "start"}, builtinSum),
		"tuple": posArgs(0, 1, func(c *call) (Value, error) {
			if !c.has(0) {
				return NewTuple(), nil
			}
			if t, ok := c.args[0].(*Tuple); ok {
				return t, nil
			}
			elems, err := Collect(c.b, c.args[0])
			return &Tuple{elems}, err
		}),
		"zip": varKwArgs(builtinZip),
	}
}

func builtinSet(frozen bool) func(c *call) (Value, error) {
	return func(c *call) (Value, error) {
		if !c.has(0) {
			return NewSet(frozen), nil
		}
		s, err := toSet(c.b, c.args[0], frozen)
		if err != nil {
			return nil, err
		}
		return s, nil
	}
}

func builtinAny(want bool) func(c *call) (Value, error) {
	return func(c *call) (Value, error) {
		it, err := IterateUnordered(c.b, c.args[0])
		if err != nil {
			return nil, err
		}
		for {
			v, ok, err := it.Next(c.b)
			if err != nil {
				return nil, err
			}
			if !ok {
				return Bool(!want), nil
			}
			t, err := Truth(c.b, v)
			if err != nil {
				return nil, err
			}
			if t == want {
				return Bool(want), nil
			}
		}
	}
}

// unorderedSet says whether v is a set whose order could show.
func unorderedSet(v Value) (*Set, bool) {
	s, ok := v.(*Set)
	return s, ok && s.Len() > 1
}

func builtinExtreme(name string, op Op) func(c *call) (Value, error) {
	return func(c *call) (Value, error) {
		var key Value = None
		var dflt Value
		for _, k := range c.kw {
			switch k.Name {
			case "key":
				key = k.Value
			case "default":
				dflt = k.Value
			default:
				return nil, typeError("'%s' is an invalid keyword argument for %s()", k.Name, name)
			}
		}
		elems := c.rest
		switch len(c.rest) {
		case 0:
			return nil, typeError("%s expected at least 1 argument, got 0", name)
		case 1:
			if s, ok := unorderedSet(c.rest[0]); ok {
				if _, none := key.(NoneType); !none {
					return nil, orderError(s)
				}
			}
			var err error
			if elems, err = collectUnordered(c.b, c.rest[0]); err != nil {
				return nil, err
			}
		default:
			if dflt != nil {
				return nil, typeError("Cannot specify a default for %s() with multiple positional arguments", name)
			}
		}
		if len(elems) == 0 {
			if dflt != nil {
				return dflt, nil
			}
			return nil, valueError("%s() arg is an empty sequence", name)
		}
		var best, bestKey Value
		for _, e := range elems {
			k, err := callKey(c.b, key, e)
			if err != nil {
				return nil, err
			}
			if best == nil {
				best, bestKey = e, k
				continue
			}
			better, err := Compare(c.b, op, k, bestKey)
			if err != nil {
				return nil, unorderedError(c.rest[0], err)
			}
			if better {
				best, bestKey = e, k
			}
		}
		return best, nil
	}
}

func builtinSum(c *call) (Value, error) {
	start := arg(c, 1)
	if !c.has(1) {
		start = NewInt(0)
	}
	set, unordered := unorderedSet(c.args[0])
	it, err := IterateUnordered(c.b, c.args[0])
	if err != nil {
		return nil, err
	}
	switch start.(type) {
	case Str:
		return nil, typeError("sum() can't sum strings [use ''.join(seq) instead]")
	case Bytes:
		return nil, typeError("sum() can't sum bytes [use b''.join(seq) instead]")
	}
	for {
		v, ok, err := it.Next(c.b)
		if err != nil {
			return nil, err
		}
		if !ok {
			return start, nil
		}
		if _, isInt := asInt(v); unordered && !isInt {
			return nil, orderError(set)
		}
		if start, err = Binary(c.b, OpAdd, start, v); err != nil {
			return nil, err
		}
	}
}

func builtinSorted(c *call) (Value, error) {
	if len(c.rest) != 1 {
		return nil, typeError("sorted expected 1 argument, got %d", len(c.rest))
	}
	var key, reverse Value = None, False
	for _, k := range c.kw {
		switch k.Name {
		case "key":
			key = k.Value
		case "reverse":
			reverse = k.Value
		default:
			return nil, typeError("'%s' is an invalid keyword argument for sort()", k.Name)
		}
	}
	if s, ok := unorderedSet(c.rest[0]); ok {
		if _, none := key.(NoneType); !none {
			return nil, orderError(s)
		}
	}
	elems, err := collectUnordered(c.b, c.rest[0])
	if err != nil {
		return nil, err
	}
	elems = slices.Clone(elems)
	return &List{elems}, unorderedError(c.rest[0], sortElems(c.b, elems, key, reverse))
}

// unorderedError hides which members of a set could not be compared: that depends on its order.
func unorderedError(v Value, err error) error {
	if s, ok := unorderedSet(v); ok {
		if e, ok := err.(*Exception); ok && e.Type == "TypeError" {
			return orderError(s)
		}
	}
	return err
}

func builtinNext(c *call) (Value, error) {
	it, ok := c.args[0].(*Iter)
	if !ok {
		if f, ok := c.args[0].(Iterator); ok {
			it = NewIter("iterator", f.Next)
		} else if IsForeign(c.args[0]) {
			return nil, foreignError(c.args[0], "taking the next element of")
		} else {
			return nil, typeError("'%s' object is not an iterator", TypeName(c.args[0]))
		}
	}
	v, ok, err := it.Next(c.b)
	switch {
	case err != nil || ok:
		return v, err
	case c.has(1):
		return c.args[1], nil
	}
	return nil, &Exception{Type: "StopIteration"}
}

func builtinEnumerate(c *call) (Value, error) {
	n := NewInt(0)
	if c.has(1) {
		var err error
		if n, err = needIndex(c.args[1]); err != nil {
			return nil, err
		}
	}
	it, err := Iterate(c.b, c.args[0])
	if err != nil {
		return nil, err
	}
	return NewIter("enumerate", func(b *Budget) (Value, bool, error) {
		v, ok, err := it.Next(b)
		if err != nil || !ok {
			return nil, false, err
		}
		t := NewTuple(n, v)
		n = mustInt(intBinary(b, OpAdd, n, NewInt(1)))
		return t, true, nil
	}), nil
}

func builtinZip(c *call) (Value, error) {
	strict := false
	for _, k := range c.kw {
		if k.Name != "strict" {
			return nil, typeError("zip() got an unexpected keyword argument '%s'", k.Name)
		}
		var err error
		if strict, err = Truth(c.b, k.Value); err != nil {
			return nil, err
		}
	}
	if strict {
		return nil, unsupported("zip with strict is not modelled")
	}
	its := make([]Iterator, len(c.rest))
	for i, a := range c.rest {
		var err error
		if its[i], err = Iterate(c.b, a); err != nil {
			if e, ok := err.(*Exception); ok && e.Type == "TypeError" {
				return nil, err
			}
			return nil, err
		}
	}
	return NewIter("zip", func(b *Budget) (Value, bool, error) {
		out, ok, err := nextOfEach(b, its)
		if err != nil || !ok || len(out) == 0 {
			return nil, false, err
		}
		return &Tuple{out}, true, nil
	}), nil
}

func nextOfEach(b *Budget, its []Iterator) ([]Value, bool, error) {
	out := make([]Value, len(its))
	for i, it := range its {
		v, ok, err := it.Next(b)
		if err != nil || !ok {
			return nil, false, err
		}
		out[i] = v
	}
	return out, true, b.elems(len(its))
}

func builtinMap(c *call) (Value, error) {
	if len(c.rest) < 2 {
		return nil, typeError("map() must have at least two arguments.")
	}
	fn := c.rest[0]
	its := make([]Iterator, len(c.rest)-1)
	for i, a := range c.rest[1:] {
		var err error
		if its[i], err = Iterate(c.b, a); err != nil {
			return nil, err
		}
	}
	return NewIter("map", func(b *Budget) (Value, bool, error) {
		args, ok, err := nextOfEach(b, its)
		if err != nil || !ok {
			return nil, false, err
		}
		v, err := callFunc(b, fn, args...)
		return v, err == nil, err
	}), nil
}

func builtinFilter(c *call) (Value, error) {
	it, err := Iterate(c.b, c.args[1])
	if err != nil {
		return nil, err
	}
	fn := c.args[0]
	return NewIter("filter", func(b *Budget) (Value, bool, error) {
		for {
			v, ok, err := it.Next(b)
			if err != nil || !ok {
				return nil, false, err
			}
			k, err := callKey(b, fn, v)
			if err != nil {
				return nil, false, err
			}
			t, err := Truth(b, k)
			if err != nil || t {
				return v, err == nil, err
			}
		}
	}), nil
}

func builtinReversed(c *call) (Value, error) {
	v := c.args[0]
	switch s := v.(type) {
	case *Range:
		n := s.Len()
		last := s.At(mustInt(intBinary(nil, OpSub, n, NewInt(1))))
		neg := mustInt(intBinary(nil, OpSub, Int{}, s.Step))
		end := mustInt(intBinary(nil, OpSub, s.Start, s.Step))
		if n.Sign() == 0 {
			last, end = s.Start, s.Start
		}
		return (&Range{Start: last, Stop: end, Step: neg}).iter(), nil
	case *List, *Tuple, Str, Bytes, *Dict, *DictView:
		elems, err := Collect(c.b, v)
		if err != nil {
			return nil, err
		}
		elems = slices.Clone(elems)
		slices.Reverse(elems)
		name := "reversed"
		switch w := v.(type) {
		case *List:
			name = "list_reverseiterator"
		case *Dict:
			name = "dict_reversekeyiterator"
		case *DictView:
			name = map[ViewKind]string{
				KeysView: "dict_reversekeyiterator", ValuesView: "dict_reversevalueiterator",
				ItemsView: "dict_reverseitemiterator",
			}[w.Kind]
		}
		return elemsIter(name, elems), nil
	}
	if IsForeign(v) {
		return nil, foreignError(v, "reversing")
	}
	return nil, typeError("'%s' object is not reversible", TypeName(v))
}
