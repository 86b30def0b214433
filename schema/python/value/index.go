package value

// indices resolves a slice against a length, as slice.indices does: the first index, how many
// elements there are, and the step.
func (s *Slice) indices(length int) (start, stop, step, count int, err error) {
	part := func(v Value) (n int64, none bool, err error) {
		if _, ok := v.(NoneType); ok {
			return 0, true, nil
		}
		i, ok := asInt(v)
		if !ok {
			if IsForeign(v) {
				return 0, false, foreignError(v, "slicing by")
			}
			return 0, false, typeError("slice indices must be integers or None or have an __index__ method")
		}
		n = i.clamp()
		return n, false, nil
	}
	st, none, err := part(s.Step)
	if err != nil {
		return 0, 0, 0, 0, err
	}
	if none {
		st = 1
	}
	if st == 0 {
		return 0, 0, 0, 0, valueError("slice step cannot be zero")
	}
	if st < -1<<62 {
		st = -1 << 62
	}
	if st > 1<<62 {
		st = 1 << 62
	}
	n := int64(length)
	lower, upper := int64(0), n
	if st < 0 {
		lower, upper = -1, n-1
	}
	bound := func(v Value, dflt int64) (int64, error) {
		i, none, err := part(v)
		if err != nil || none {
			return dflt, err
		}
		if i < 0 {
			return max(i+n, lower), nil
		}
		return min(i, upper), nil
	}
	dStart, dStop := lower, upper
	if st < 0 {
		dStart, dStop = upper, lower
	}
	a, err := bound(s.Start, dStart)
	if err != nil {
		return 0, 0, 0, 0, err
	}
	z, err := bound(s.Stop, dStop)
	if err != nil {
		return 0, 0, 0, 0, err
	}
	c := int64(0)
	switch {
	case st > 0 && a < z:
		c = (z-a-1)/st + 1
	case st < 0 && z < a:
		c = (a-z-1)/(-st) + 1
	}
	return int(a), int(z), int(st), int(c), nil
}

// element resolves an integer index against a length.
func element(index Int, length int, msg string) (int, error) {
	i, ok := index.Int64()
	if !ok {
		return 0, NewException("IndexError", "cannot fit 'int' into an index-sized integer")
	}
	if i < 0 {
		i += int64(length)
	}
	if i < 0 || i >= int64(length) {
		return 0, NewException("IndexError", "%s", msg)
	}
	return int(i), nil
}

func indexError(index Value, format string) error {
	if IsForeign(index) {
		return foreignError(index, "indexing by")
	}
	return typeError(format, TypeName(index))
}

// GetItem is v[index].
func GetItem(b *Budget, v, index Value) (Value, error) {
	b = b.orNew()
	if err := b.Step(1); err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case *Dict:
		val, ok, err := v.Get(b, index)
		if err == nil && !ok {
			err = keyError(b, index)
		}
		return val, err
	case *List:
		elems, one, err := pick(b, v.Elems, index, "list")
		if one != nil || err != nil {
			return one, err
		}
		return &List{elems}, nil
	case *Tuple:
		elems, one, err := pick(b, v.Elems, index, "tuple")
		if one != nil || err != nil {
			return one, err
		}
		return &Tuple{elems}, nil
	case Str:
		return strItem(b, string(v), index)
	case Bytes:
		if n, ok := asInt(index); ok {
			i, err := element(n, len(v), "index out of range")
			if err != nil {
				return nil, err
			}
			return NewInt(int64(v[i])), nil
		}
		s, ok := index.(*Slice)
		if !ok {
			return nil, indexError(index, "byte indices must be integers or slices, not %s")
		}
		start, _, step, count, err := s.indices(len(v))
		if err != nil {
			return nil, err
		}
		if err := b.text(count); err != nil {
			return nil, err
		}
		out := make([]byte, count)
		for i := range out {
			out[i] = v[start+i*step]
		}
		return Bytes(out), nil
	case *Range:
		return rangeItem(v, index)
	}
	if IsForeign(v) {
		return nil, foreignError(v, "indexing")
	}
	return nil, typeError("'%s' object is not subscriptable", TypeName(v))
}

// pick is an element (one) or a slice of elems.
func pick(b *Budget, elems []Value, index Value, what string) (part []Value, one Value, err error) {
	if n, ok := asInt(index); ok {
		i, err := element(n, len(elems), what+" index out of range")
		if err != nil {
			return nil, nil, err
		}
		return nil, elems[i], nil
	}
	s, ok := index.(*Slice)
	if !ok {
		return nil, nil, indexError(index, what+" indices must be integers or slices, not %s")
	}
	start, _, step, count, err := s.indices(len(elems))
	if err != nil {
		return nil, nil, err
	}
	if err := b.elems(count); err != nil {
		return nil, nil, err
	}
	part = make([]Value, count)
	for i := range part {
		part[i] = elems[start+i*step]
	}
	return part, nil, nil
}

func strItem(b *Budget, s string, index Value) (Value, error) {
	if err := b.Step(int64(len(s)) / 64); err != nil {
		return nil, err
	}
	if n, ok := asInt(index); ok {
		i, err := element(n, runeLen(s), "string index out of range")
		if err != nil {
			return nil, err
		}
		return Str(substring(s, i, i+1)), nil
	}
	sl, ok := index.(*Slice)
	if !ok {
		return nil, indexError(index, "string indices must be integers, not '%s'")
	}
	start, stop, step, count, err := sl.indices(runeLen(s))
	if err != nil {
		return nil, err
	}
	if step == 1 {
		t := substring(s, start, max(start, stop))
		return Str(t), b.text(len(t))
	}
	if err := b.text(count*4 + len(s)*4); err != nil {
		return nil, err
	}
	rs := decodeRunes(s)
	out := make([]rune, count)
	for i := range out {
		out[i] = rs[start+i*step]
	}
	return Str(encodeRunes(out)), nil
}

func rangeItem(r *Range, index Value) (Value, error) {
	length := r.Len()
	if n, ok := asInt(index); ok {
		if n.Sign() < 0 {
			n = mustInt(intBinary(nil, OpAdd, n, length))
		}
		if n.Sign() < 0 || n.Cmp(length) >= 0 {
			return nil, NewException("IndexError", "range object index out of range")
		}
		return r.At(n), nil
	}
	s, ok := index.(*Slice)
	if !ok {
		return nil, indexError(index, "range indices must be integers or slices, not %s")
	}
	if length.b != nil || length.i > 1<<40 {
		return nil, unsupported("slicing a range of %s elements is not modelled", length.Big())
	}
	start, stop, step, _, err := s.indices(int(length.i))
	if err != nil {
		return nil, err
	}
	return &Range{
		Start: r.At(NewInt(int64(start))), Stop: r.At(NewInt(int64(stop))),
		Step: mustInt(intBinary(nil, OpMul, r.Step, NewInt(int64(step)))),
	}, nil
}

// SetItem is v[index] = x.
func SetItem(b *Budget, v, index, x Value) error {
	b = b.orNew()
	if err := b.Step(1); err != nil {
		return err
	}
	switch v := v.(type) {
	case *Dict:
		return v.Set(b, index, x)
	case *List:
		if n, ok := asInt(index); ok {
			i, err := element(n, len(v.Elems), "list assignment index out of range")
			if err == nil {
				v.Elems[i] = x
			}
			return err
		}
		s, ok := index.(*Slice)
		if !ok {
			return indexError(index, "list indices must be integers or slices, not %s")
		}
		return v.setSlice(b, s, x)
	}
	if IsForeign(v) {
		return foreignError(v, "assigning to an item of")
	}
	if n, ok := asInt(index); ok && n.b != nil && hasLength(v) {
		return NewException("IndexError", "cannot fit 'int' into an index-sized integer")
	}
	return typeError("'%s' object does not support item assignment", TypeName(v))
}

func (l *List) setSlice(b *Budget, s *Slice, x Value) error {
	_, _, step, _, err := s.indices(len(l.Elems))
	if err != nil {
		return err
	}
	elems, err := Collect(b, x)
	if err != nil {
		if e, ok := err.(*Exception); ok && e.Type == "TypeError" {
			if step == 1 {
				return typeError("can only assign an iterable")
			}
			return typeError("must assign iterable to extended slice")
		}
		return err
	}
	if step == 1 {
		// Collecting x may have changed the list's length, when x is an iterator over it.
		start, stop, _, _, err := s.indices(len(l.Elems))
		if err != nil {
			return err
		}
		return l.splice(b, start, max(start, stop), elems)
	}
	start, _, step, count, err := s.indices(len(l.Elems))
	if err != nil {
		return err
	}
	if len(elems) != count {
		return valueError("attempt to assign sequence of size %d to extended slice of size %d", len(elems), count)
	}
	for i, e := range elems {
		l.Elems[start+i*step] = e
	}
	return nil
}

// splice replaces l[start:stop].
func (l *List) splice(b *Budget, start, stop int, elems []Value) error {
	if err := b.elems(len(l.Elems) - (stop - start) + len(elems)); err != nil {
		return err
	}
	out := make([]Value, 0, len(l.Elems)-(stop-start)+len(elems))
	out = append(out, l.Elems[:start]...)
	out = append(out, elems...)
	l.Elems = append(out, l.Elems[stop:]...)
	return nil
}

// DelItem is del v[index].
func DelItem(b *Budget, v, index Value) error {
	b = b.orNew()
	if err := b.Step(1); err != nil {
		return err
	}
	switch v := v.(type) {
	case *Dict:
		_, ok, err := v.Delete(b, index)
		if err == nil && !ok {
			err = keyError(b, index)
		}
		return err
	case *List:
		if n, ok := asInt(index); ok {
			i, err := element(n, len(v.Elems), "list assignment index out of range")
			if err != nil {
				return err
			}
			return v.splice(b, i, i+1, nil)
		}
		s, ok := index.(*Slice)
		if !ok {
			return indexError(index, "list indices must be integers or slices, not %s")
		}
		start, _, step, count, err := s.indices(len(v.Elems))
		if err != nil {
			return err
		}
		if err := b.elems(len(v.Elems)); err != nil {
			return err
		}
		drop := make(map[int]bool, count)
		for i := range count {
			drop[start+i*step] = true
		}
		var out []Value
		for i, e := range v.Elems {
			if !drop[i] {
				out = append(out, e)
			}
		}
		v.Elems = out
		return nil
	}
	if IsForeign(v) {
		return foreignError(v, "deleting an item of")
	}
	if n, ok := asInt(index); ok && hasLength(v) {
		if n.b != nil {
			return NewException("IndexError", "cannot fit 'int' into an index-sized integer")
		}
		return typeError("'%s' object doesn't support item deletion", TypeName(v))
	}
	return typeError("'%s' object does not support item deletion", TypeName(v))
}

// hasLength says whether an immutable v is a sequence to CPython's item functions.
func hasLength(v Value) bool {
	switch v.(type) {
	case Str, Bytes, *Tuple, *Range, *Set, *DictView:
		return true
	}
	return false
}
