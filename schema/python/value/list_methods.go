package value

import (
	"slices"
)

func listOf(c *call) *List { return c.recv.(*List) }

func listMethods() map[string]method {
	m := seqMethods()
	for name, add := range map[string]method{
		"append": oneArg(func(c *call) (Value, error) {
			l := listOf(c)
			l.Elems = append(l.Elems, c.args[0])
			return None, c.b.elems(1)
		}),
		"clear": noArgs(func(c *call) (Value, error) {
			listOf(c).Elems = nil
			return None, nil
		}),
		"copy": noArgs(func(c *call) (Value, error) {
			elems, err := joinElems(c.b, listOf(c).Elems, nil)
			return &List{elems}, err
		}),
		"extend": oneArg(func(c *call) (Value, error) { return None, listOf(c).extend(c.b, c.args[0]) }),
		"insert": posArgs(2, 2, listInsert),
		"pop":    posArgs(0, 1, listPop),
		"remove": oneArg(listRemove),
		"reverse": noArgs(func(c *call) (Value, error) {
			slices.Reverse(listOf(c).Elems)
			return None, c.b.Step(int64(len(listOf(c).Elems)))
		}),
		"sort": kwOnlyArgs(0, 2, []string{"key", "reverse"}, func(c *call) (Value, error) {
			l := listOf(c)
			elems := slices.Clone(l.Elems)
			err := sortElems(c.b, elems, arg(c, 0), arg(c, 1))
			if err == nil {
				l.Elems = elems
			}
			return None, err
		}),
	} {
		m[name] = add
	}
	return m
}

// arg is an argument, or None where it was not given.
func arg(c *call, i int) Value {
	if c.has(i) {
		return c.args[i]
	}
	return None
}

// extend appends the elements of an iterable.
func (l *List) extend(b *Budget, v Value) error {
	if src, ok := v.(*List); ok {
		if err := b.elems(len(src.Elems)); err != nil {
			return err
		}
		l.Elems = append(l.Elems, src.Elems...)
		return nil
	}
	elems, err := Collect(b, v)
	if err != nil {
		return err
	}
	l.Elems = append(l.Elems, elems...)
	return nil
}

func listInsert(c *call) (Value, error) {
	i, err := needSize(c.args[0])
	if err != nil {
		return nil, err
	}
	l := listOf(c)
	if i < 0 {
		i = max(i+len(l.Elems), 0)
	}
	i = min(i, len(l.Elems))
	if err := c.b.elems(1); err != nil {
		return nil, err
	}
	l.Elems = slices.Insert(l.Elems, i, c.args[1])
	return None, c.b.Step(int64(len(l.Elems)-i) / 8)
}

func listPop(c *call) (Value, error) {
	l, i := listOf(c), -1
	if c.has(0) {
		var err error
		if i, err = needSize(c.args[0]); err != nil {
			return nil, err
		}
	}
	if len(l.Elems) == 0 {
		return nil, NewException("IndexError", "pop from empty list")
	}
	if i < 0 {
		i += len(l.Elems)
	}
	if i < 0 || i >= len(l.Elems) {
		return nil, NewException("IndexError", "pop index out of range")
	}
	v := l.Elems[i]
	l.Elems = slices.Delete(l.Elems, i, i+1)
	return v, c.b.Step(int64(len(l.Elems)-i) / 8)
}

func listRemove(c *call) (Value, error) {
	l := listOf(c)
	for i, e := range l.Elems {
		eq, err := elemEqual(c.b, e, c.args[0])
		if err != nil {
			return nil, err
		}
		if eq {
			l.Elems = slices.Delete(l.Elems, i, i+1)
			return None, nil
		}
	}
	return nil, valueError("list.remove(x): x not in list")
}

// seqMethods are count and index, of lists, tuples and ranges.
func seqMethods() map[string]method {
	return map[string]method{
		"count": oneArg(func(c *call) (Value, error) {
			if r, ok := c.recv.(*Range); ok {
				in, err := Contains(c.b, r, c.args[0])
				n, _ := asInt(Bool(in))
				return n, err
			}
			elems, err := Collect(c.b, c.recv)
			if err != nil {
				return nil, err
			}
			n := int64(0)
			for _, e := range elems {
				eq, err := elemEqual(c.b, e, c.args[0])
				if err != nil {
					return nil, err
				}
				if eq {
					n++
				}
			}
			return NewInt(n), nil
		}),
		"index": posArgs(1, 3, seqIndex),
	}
}

func rangeMethods() map[string]method {
	m := seqMethods()
	m["index"] = oneArg(rangeIndex)
	return m
}

func rangeIndex(c *call) (Value, error) {
	r := c.recv.(*Range)
	in, err := Contains(c.b, r, c.args[0])
	if err != nil {
		return nil, err
	}
	n, isInt := asInt(c.args[0])
	switch {
	case !in && isInt:
		s, err := Repr(c.b, c.args[0])
		if err != nil {
			return nil, err
		}
		return nil, valueError("%s is not in range", s)
	case !in:
		return nil, valueError("sequence.index(x): x not in sequence")
	case !isInt:
		n = intFromFloat(float64(c.args[0].(Float)))
	}
	q, _, err := intDivMod(c.b, mustInt(intBinary(c.b, OpSub, n, r.Start)), r.Step)
	return q, err
}

func seqIndex(c *call) (Value, error) {
	elems, err := Collect(c.b, c.recv)
	if err != nil {
		return nil, err
	}
	start, end, err := seqBounds(c, len(elems))
	if err != nil {
		return nil, err
	}
	for i := start; i < end; i++ {
		eq, err := elemEqual(c.b, elems[i], c.args[0])
		if err != nil {
			return nil, err
		}
		if eq {
			return NewInt(int64(i)), nil
		}
	}
	if _, ok := c.recv.(*Tuple); ok {
		return nil, valueError("tuple.index(x): x not in tuple")
	}
	r, err := Repr(c.b, c.args[0])
	if err != nil {
		return nil, err
	}
	return nil, valueError("%s is not in list", r)
}

func seqBounds(c *call, length int) (int, int, error) {
	at := func(i, dflt int) (int, error) {
		if !c.has(i) {
			return dflt, nil
		}
		n, ok := asInt(c.args[i])
		if !ok {
			if IsForeign(c.args[i]) {
				return 0, foreignError(c.args[i], "slicing by")
			}
			return 0, typeError("slice indices must be integers or have an __index__ method")
		}
		k := n.clamp()
		if k < 0 {
			k = max(k+int64(length), 0)
		}
		return int(min(k, int64(length))), nil
	}
	start, err := at(1, 0)
	if err != nil {
		return 0, 0, err
	}
	end, err := at(2, length)
	return start, end, err
}

// sortElems sorts in place, stably, as list.sort does.
func sortElems(b *Budget, elems []Value, key, reverse Value) error {
	rev := false
	if _, none := reverse.(NoneType); !none {
		n, err := needIndex(reverse)
		if err != nil {
			return err
		}
		rev = n.Sign() != 0
	}
	type pair struct{ key, val Value }
	if err := b.elems(2 * len(elems)); err != nil {
		return err
	}
	pairs := make([]pair, len(elems))
	for i, e := range elems {
		k, err := callKey(b, key, e)
		if err != nil {
			return err
		}
		pairs[i] = pair{k, e}
	}
	if rev {
		slices.Reverse(pairs)
	}
	if err := sortStable(pairs, func(x, y pair) (bool, error) { return Compare(b, OpLt, x.key, y.key) }); err != nil {
		return err
	}
	if rev {
		slices.Reverse(pairs)
	}
	for i, p := range pairs {
		elems[i] = p.val
	}
	return nil
}

// sortStable sorts with the comparisons CPython makes for up to 63 elements, in its order, so that
// the first one to fail is the same: a run at the start, then binary insertion.
func sortStable[T any](s []T, less func(x, y T) (bool, error)) error {
	if len(s) >= 64 {
		var failed error
		slices.SortStableFunc(s, func(x, y T) int {
			for i, p := range [2][2]T{{x, y}, {y, x}} {
				if failed != nil {
					return 0
				}
				var lt bool
				if lt, failed = less(p[0], p[1]); lt {
					return 2*i - 1
				}
			}
			return 0
		})
		return failed
	}
	run := min(len(s), 1)
	descending := false
	for ; run < len(s); run++ {
		lt, err := less(s[run], s[run-1])
		if err != nil {
			return err
		}
		if run == 1 {
			descending = lt
		}
		if lt != descending {
			break
		}
	}
	if descending {
		slices.Reverse(s[:run])
	}
	for i := run; i < len(s); i++ {
		pivot := s[i]
		lo, hi := 0, i
		for lo < hi {
			mid := lo + (hi-lo)/2
			lt, err := less(pivot, s[mid])
			if err != nil {
				return err
			}
			if lt {
				hi = mid
			} else {
				lo = mid + 1
			}
		}
		copy(s[lo+1:i+1], s[lo:i])
		s[lo] = pivot
	}
	return nil
}

func callKey(b *Budget, key, v Value) (Value, error) {
	if _, none := key.(NoneType); none {
		return v, nil
	}
	return callFunc(b, key, v)
}

// callFunc calls a function value through the budget's interpreter.
func callFunc(b *Budget, fn Value, args ...Value) (Value, error) {
	if b == nil || b.Call == nil {
		return nil, unsupported("calling a value of type %s is not modelled", TypeName(fn))
	}
	if !IsForeign(fn) {
		return nil, typeError("'%s' object is not callable", TypeName(fn))
	}
	return b.Call(b, fn, args, nil)
}
