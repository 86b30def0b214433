package value

// Clone copies a value and everything mutable it reaches, so that two branches of a program can
// change it apart. Parts that are shared stay shared; memo holds the copies made so far and may be
// used for several values of one state. Iterators and foreign values are not copied: a caller that
// has mutable ones puts their copies into memo first.
func Clone(b *Budget, v Value, memo map[Value]Value) (Value, error) {
	b = b.orNew()
	switch v.(type) {
	case *List, *Tuple, *Dict, *Set, *DictView:
	default:
		if c, ok := memo[keyable(v)]; ok {
			return c, nil
		}
		return v, nil
	}
	if c, ok := memo[v]; ok {
		return c, nil
	}
	if err := b.enter(); err != nil {
		return nil, err
	}
	defer b.leave()
	switch x := v.(type) {
	case *List:
		c := &List{}
		memo[v] = c
		var err error
		c.Elems, err = cloneAll(b, x.Elems, memo)
		return c, err
	case *Tuple:
		elems, err := cloneAll(b, x.Elems, memo)
		if err != nil {
			return nil, err
		}
		if c, ok := memo[v]; ok { // a list in the tuple held the tuple
			return c, nil
		}
		c := Value(x)
		for i := range elems {
			if !sameRef(elems[i], x.Elems[i]) {
				c = &Tuple{elems}
				break
			}
		}
		memo[v] = c
		return c, nil
	case *Dict:
		c, err := x.Copy(b)
		if err != nil {
			return nil, err
		}
		memo[v] = c
		for i := range c.entries {
			e := &c.entries[i]
			if e.key, err = Clone(b, e.key, memo); err != nil {
				return nil, err
			}
			if e.val, err = Clone(b, e.val, memo); err != nil {
				return nil, err
			}
		}
		return c, nil
	case *Set:
		if x.Frozen {
			return x, nil
		}
		c, err := x.copy(b, false)
		if err != nil {
			return nil, err
		}
		memo[v] = c
		return c, nil
	}
	view := v.(*DictView)
	d, err := Clone(b, view.Dict, memo)
	if err != nil {
		return nil, err
	}
	c := &DictView{d.(*Dict), view.Kind}
	memo[v] = c
	return c, nil
}

// keyable is v where it may be a key of a Go map, else nil.
func keyable(v Value) Value {
	if IsForeign(v) {
		return v
	}
	return nil
}

// sameRef says whether two values are one Go object, for the kinds Clone copies.
func sameRef(x, y Value) bool {
	switch x.(type) {
	case *List, *Tuple, *Dict, *Set, *DictView:
		return x == y
	}
	return !IsForeign(x) || x == y
}

func cloneAll(b *Budget, elems []Value, memo map[Value]Value) ([]Value, error) {
	if err := b.elems(len(elems)); err != nil {
		return nil, err
	}
	out := make([]Value, len(elems))
	for i, e := range elems {
		var err error
		if out[i], err = Clone(b, e, memo); err != nil {
			return nil, err
		}
	}
	return out, nil
}
