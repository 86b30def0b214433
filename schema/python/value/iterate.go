package value

import "math"

// Iter is an iterator object: what iter, zip, map, reversed and the like return. Like CPython's it
// works only as far as it is asked to, and is used up once.
type Iter struct {
	Name string // type name: "list_iterator", "zip"
	next func(b *Budget) (Value, bool, error)
	done bool
}

// NewIter makes an iterator object of a type name and a function that yields the elements.
func NewIter(name string, next func(b *Budget) (Value, bool, error)) *Iter {
	return &Iter{Name: name, next: next}
}

// TypeName implements Value.
func (it *Iter) TypeName() string { return it.Name }

// Next implements Iterator.
func (it *Iter) Next(b *Budget) (Value, bool, error) {
	if it.done {
		return nil, false, nil
	}
	if err := b.Step(1); err != nil {
		return nil, false, err
	}
	v, ok, err := it.next(b)
	if err == nil && !ok {
		it.done = true
	}
	return v, ok && err == nil, err
}

// elemsIter iterates over a fixed sequence.
func elemsIter(name string, elems []Value) *Iter {
	i := 0
	return NewIter(name, func(*Budget) (Value, bool, error) {
		if i >= len(elems) {
			return nil, false, nil
		}
		i++
		return elems[i-1], true, nil
	})
}

// Iterate is iter(v). A set of several members has no known order: see [IterateUnordered].
func Iterate(b *Budget, v Value) (Iterator, error) {
	switch v := v.(type) {
	case *Set:
		if v.Len() > 1 {
			return nil, orderError(v)
		}
	case Iterable:
		return v.PyIter(b)
	}
	it, err := iterate(v)
	if err != nil {
		return nil, err
	}
	return it, nil
}

// IterateUnordered is iter(v) for a use whose result does not depend on the order.
func IterateUnordered(b *Budget, v Value) (Iterator, error) {
	if s, ok := v.(*Set); ok {
		return setIter(s), nil
	}
	return Iterate(b, v)
}

func setIter(s *Set) *Iter {
	return dictIter(s.d, "set_iterator", "Set", func(e dictEntry) Value { return e.key })
}

func iterate(v Value) (*Iter, error) {
	switch v := v.(type) {
	case *Iter:
		return v, nil
	case *List:
		i := 0
		return NewIter("list_iterator", func(*Budget) (Value, bool, error) {
			if i >= len(v.Elems) {
				return nil, false, nil
			}
			i++
			return v.Elems[i-1], true, nil
		}), nil
	case *Tuple:
		return elemsIter("tuple_iterator", v.Elems), nil
	case Str:
		rest := string(v)
		name := "str_iterator"
		if isASCII(rest) {
			name = "str_ascii_iterator"
		}
		return NewIter(name, func(*Budget) (Value, bool, error) {
			if rest == "" {
				return nil, false, nil
			}
			_, n := nextRune(rest)
			c := rest[:n]
			rest = rest[n:]
			return Str(c), true, nil
		}), nil
	case Bytes:
		i := 0
		return NewIter("bytes_iterator", func(*Budget) (Value, bool, error) {
			if i >= len(v) {
				return nil, false, nil
			}
			i++
			return NewInt(int64(v[i-1])), true, nil
		}), nil
	case *Range:
		return v.iter(), nil
	case *Set:
		return setIter(v), nil
	case *Dict:
		return dictIter(v, "dict_keyiterator", "dictionary", func(e dictEntry) Value { return e.key }), nil
	case *DictView:
		switch v.Kind {
		case KeysView:
			return iterate(v.Dict)
		case ValuesView:
			return dictIter(v.Dict, "dict_valueiterator", "dictionary", func(e dictEntry) Value { return e.val }), nil
		}
		return dictIter(v.Dict, "dict_itemiterator", "dictionary", func(e dictEntry) Value { return NewTuple(e.key, e.val) }), nil
	}
	if IsForeign(v) {
		return nil, foreignError(v, "iterating over")
	}
	return nil, typeError("'%s' object is not iterable", TypeName(v))
}

func dictIter(d *Dict, name, what string, show func(e dictEntry) Value) *Iter {
	i, size, version := 0, d.Len(), d.version
	return NewIter(name, func(*Budget) (Value, bool, error) {
		if d.version != version {
			if d.Len() != size {
				return nil, false, NewException("RuntimeError", "%s changed size during iteration", what)
			}
			return nil, false, unsupported("a %s whose keys change while it is iterated over is not modelled", what)
		}
		for i < len(d.entries) {
			e := d.entries[i]
			i++
			if e.hk != nil {
				return show(e), true, nil
			}
		}
		return nil, false, nil
	})
}

// elems is the members of a view.
func (v *DictView) elems(b *Budget) ([]Value, error) { return Collect(b, v) }

// Collect is list(v) as a Go slice, within the budget.
func Collect(b *Budget, v Value) ([]Value, error) {
	b = b.orNew()
	it, err := Iterate(b, v)
	if err != nil {
		return nil, err
	}
	return drain(b, v, it)
}

func collectUnordered(b *Budget, v Value) ([]Value, error) {
	b = b.orNew()
	it, err := IterateUnordered(b, v)
	if err != nil {
		return nil, err
	}
	return drain(b, v, it)
}

func drain(b *Budget, v Value, it Iterator) ([]Value, error) {
	if IsForeign(v) {
		var out []Value
		for {
			e, ok, err := it.Next(b)
			if err != nil || !ok {
				return out, err
			}
			if err := b.elems(1); err != nil {
				return nil, err
			}
			out = append(out, e)
		}
	}
	var out []Value
	if n, err := Len(nil, v); err == nil {
		if err := b.Alloc(mulSize(int64(n), wordSize)); err != nil {
			return nil, err
		}
		if b != nil && int64(n) > b.Steps {
			return nil, &BudgetError{What: "steps", Need: int64(n)}
		}
		out = make([]Value, 0, n)
	}
	for {
		e, ok, err := it.Next(b)
		if err != nil {
			return nil, err
		}
		if !ok {
			return out, nil
		}
		if len(out) == cap(out) {
			if err := b.Alloc(wordSize); err != nil {
				return nil, err
			}
			if b == nil && len(out) > nilSteps {
				return nil, &BudgetError{What: "steps", Need: nilSteps}
			}
		}
		out = append(out, e)
	}
}

// Unpack spreads v over assignment targets: before names, then with star a list, then after names.
// The list is at index before of the result.
func Unpack(b *Budget, v Value, before, after int, star bool) ([]Value, error) {
	b = b.orNew()
	it, err := Iterate(b, v)
	if err != nil {
		if e, ok := err.(*Exception); ok && e.Type == "TypeError" {
			return nil, typeError("cannot unpack non-iterable %s object", TypeName(v))
		}
		return nil, err
	}
	var out []Value
	want := before + after
	for star || len(out) <= want {
		e, ok, err := it.Next(b)
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		if err := b.elems(1); err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	switch {
	case len(out) < want && star:
		return nil, valueError("not enough values to unpack (expected at least %d, got %d)", want, len(out))
	case len(out) < want:
		return nil, valueError("not enough values to unpack (expected %d, got %d)", want, len(out))
	case len(out) > want && !star:
		return nil, valueError("too many values to unpack (expected %d)", want)
	}
	if !star {
		return out, nil
	}
	rest := NewList(append([]Value(nil), out[before:len(out)-after]...)...)
	res := append([]Value(nil), out[:before]...)
	res = append(res, rest)
	return append(res, out[len(out)-after:]...), nil
}

// Len is len(v).
func Len(b *Budget, v Value) (int, error) {
	switch v := v.(type) {
	case Str:
		return runeLen(string(v)), b.Step(int64(len(v)) / 64)
	case Bytes:
		return len(v), nil
	case *List:
		return len(v.Elems), nil
	case *Tuple:
		return len(v.Elems), nil
	case *Dict:
		return v.Len(), nil
	case *Set:
		return v.Len(), nil
	case *DictView:
		return v.Dict.Len(), nil
	case *Range:
		n, ok := v.Len().Int64()
		if !ok {
			return 0, NewException("OverflowError", "Python int too large to convert to C ssize_t")
		}
		return int(n), nil
	case Sized:
		return v.PyLen(b)
	}
	if IsForeign(v) {
		return 0, foreignError(v, "taking the length of")
	}
	return 0, typeError("object of type '%s' has no len()", TypeName(v))
}

// Len is the number of elements.
func (r *Range) Len() Int {
	lo, hi, step := r.Start, r.Stop, r.Step
	if step.Sign() < 0 {
		lo, hi = hi, lo
		step = mustInt(intBinary(nil, OpSub, Int{}, step))
	}
	if lo.Cmp(hi) >= 0 {
		return Int{}
	}
	span := mustInt(intBinary(nil, OpSub, hi, lo))
	span = mustInt(intBinary(nil, OpSub, span, NewInt(1)))
	q, _, err := intDivMod(nil, span, step)
	if err != nil {
		return Int{}
	}
	return mustInt(intBinary(nil, OpAdd, q, NewInt(1)))
}

// mustInt takes the result of an operation on integers that cannot fail, or 0.
func mustInt(v Value, err error) Int {
	n, _ := v.(Int)
	return n
}

// At is element i, without a check of the bounds.
func (r *Range) At(i Int) Int {
	return mustInt(intBinary(nil, OpAdd, r.Start, mustInt(intBinary(nil, OpMul, i, r.Step))))
}

func (r *Range) contains(n Int) bool {
	lo, hi := r.Start, r.Stop
	if r.Step.Sign() > 0 && (n.Cmp(lo) < 0 || n.Cmp(hi) >= 0) ||
		r.Step.Sign() < 0 && (n.Cmp(lo) > 0 || n.Cmp(hi) <= 0) {
		return false
	}
	_, m, err := intDivMod(nil, mustInt(intBinary(nil, OpSub, n, lo)), r.Step)
	return err == nil && m.Sign() == 0
}

func (r *Range) iter() *Iter {
	n := r.Len()
	i, next := int64(0), r.Start
	name := "range_iterator"
	if n.b != nil || r.Start.b != nil || r.Stop.b != nil || r.Step.b != nil {
		name = "longrange_iterator"
	}
	return NewIter(name, func(*Budget) (Value, bool, error) {
		if i == math.MaxInt64 || i >= n.clamp() {
			return nil, false, nil
		}
		v := next
		i++
		next = mustInt(intBinary(nil, OpAdd, next, r.Step))
		return v, true, nil
	})
}
