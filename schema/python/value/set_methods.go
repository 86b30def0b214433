package value

func setOf(c *call) *Set { return c.recv.(*Set) }

// toSet makes a set of any iterable.
func toSet(b *Budget, v Value, frozen bool) (*Set, error) {
	if s, ok := v.(*Set); ok {
		return s.copy(b, frozen)
	}
	it, err := IterateUnordered(b, v)
	if err != nil {
		return nil, err
	}
	s := NewSet(frozen)
	for {
		e, ok, err := it.Next(b)
		if err != nil {
			return nil, err
		}
		if !ok {
			return s, nil
		}
		if err := s.Add(b, e); err != nil {
			return nil, err
		}
	}
}

// asSet is an argument of a set method: any iterable.
func asSet(b *Budget, v Value) (*Set, error) {
	if s, ok := v.(*Set); ok {
		return s, nil
	}
	return toSet(b, v, false)
}

func setDisjoint(b *Budget, s *Set, v Value) (Value, error) {
	other, err := asSet(b, v)
	if err != nil {
		return nil, err
	}
	for k := range s.d.index {
		if _, ok := other.d.index[k]; ok {
			return False, nil
		}
	}
	return True, nil
}

func frozensetMethods() map[string]method {
	// fold applies an operator with each argument in turn.
	fold := func(op Op) method {
		return varArgs(func(c *call) (Value, error) {
			s, err := setFold(c, op)
			if err != nil {
				return nil, err
			}
			return s, nil
		})
	}
	test := func(op Op) method {
		return oneArg(func(c *call) (Value, error) {
			other, err := asSet(c.b, c.args[0])
			if err != nil {
				return nil, err
			}
			return Bool(keysCompare(op, setOf(c).d, other.d)), nil
		})
	}
	return map[string]method{
		"copy": noArgs(func(c *call) (Value, error) {
			if setOf(c).Frozen {
				return setOf(c), nil
			}
			s, err := setOf(c).copy(c.b, false)
			if err != nil {
				return nil, err
			}
			return s, nil
		}),
		"difference":   fold(OpSub),
		"intersection": fold(OpAnd),
		"union":        fold(OpOr),
		"symmetric_difference": oneArg(func(c *call) (Value, error) {
			other, err := asSet(c.b, c.args[0])
			if err != nil {
				return nil, err
			}
			s, err := setBinary(c.b, OpXor, setOf(c), other)
			if err != nil {
				return nil, err
			}
			return s, nil
		}),
		"isdisjoint": oneArg(func(c *call) (Value, error) { return setDisjoint(c.b, setOf(c), c.args[0]) }),
		"issubset":   test(OpLe),
		"issuperset": oneArg(func(c *call) (Value, error) {
			if _, ok := c.args[0].(*Set); ok || IsForeign(c.args[0]) {
				return test(OpGe).fn(c)
			}
			it, err := IterateUnordered(c.b, c.args[0])
			if err != nil {
				return nil, err
			}
			for { // the elements after the first that is missing are not even hashed
				e, ok, err := it.Next(c.b)
				if err != nil || !ok {
					return True, err
				}
				hk, err := hashKey(c.b, e)
				if err != nil {
					return nil, err
				}
				if _, ok := setOf(c).d.index[hk]; !ok {
					return False, nil
				}
			}
		}),
	}
}

func setFold(c *call, op Op) (*Set, error) {
	s, err := setOf(c).copy(c.b, setOf(c).Frozen)
	for _, a := range c.rest {
		if err != nil {
			return nil, err
		}
		var other *Set
		if other, err = asSet(c.b, a); err != nil {
			return nil, err
		}
		if _, isSet := a.(*Set); op == OpAnd && !isSet {
			// Equal members of different types come from the argument.
			s, err = setBinary(c.b, OpSub, other, mustSet(setBinary(c.b, OpSub, other, s)))
			if err == nil {
				s.Frozen = setOf(c).Frozen
			}
			continue
		}
		s, err = setBinary(c.b, op, s, other)
	}
	return s, err
}

// mustSet is a set, or an empty one after an error, which the next operation then meets as well.
func mustSet(s *Set, err error) *Set {
	if err != nil {
		return NewSet(false)
	}
	return s
}

func setMethods() map[string]method {
	m := frozensetMethods()
	update := func(op Op) method {
		return varArgs(func(c *call) (Value, error) {
			s, err := setFold(c, op)
			if err == nil {
				setOf(c).d = s.d
			}
			return None, err
		})
	}
	remove := func(missing func(b *Budget, v Value) error) method {
		return oneArg(func(c *call) (Value, error) {
			hk, err := memberKey(c.b, c.args[0])
			if err != nil {
				return nil, err
			}
			if i, ok := setOf(c).d.index[hk]; ok {
				setOf(c).d.deleteAt(i)
				return None, nil
			}
			return None, missing(c.b, c.args[0])
		})
	}
	for name, add := range map[string]method{
		"add":                 oneArg(func(c *call) (Value, error) { return None, setOf(c).Add(c.b, c.args[0]) }),
		"clear":               noArgs(func(c *call) (Value, error) { setOf(c).d.Clear(); return None, nil }),
		"discard":             remove(func(*Budget, Value) error { return nil }),
		"remove":              remove(keyError),
		"pop":                 noArgs(setPop),
		"update":              update(OpOr),
		"difference_update":   update(OpSub),
		"intersection_update": update(OpAnd),
		"symmetric_difference_update": oneArg(func(c *call) (Value, error) {
			other, err := asSet(c.b, c.args[0])
			if err != nil {
				return nil, err
			}
			s, err := setBinary(c.b, OpXor, setOf(c), other)
			if err != nil {
				return nil, err
			}
			setOf(c).d = s.d
			return None, nil
		}),
	} {
		m[name] = add
	}
	return m
}

func setPop(c *call) (Value, error) {
	s := setOf(c)
	switch s.Len() {
	case 0:
		return nil, &Exception{Type: "KeyError", Msg: "'pop from an empty set'", Args: []Value{Str("pop from an empty set")}}
	case 1:
		v := s.Elems()[0]
		s.d.Clear()
		return v, nil
	}
	return nil, orderError(s)
}
