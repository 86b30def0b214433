package value

func dictOf(c *call) *Dict { return c.recv.(*Dict) }

func dictMethods() map[string]method {
	view := func(kind ViewKind) method {
		return noArgs(func(c *call) (Value, error) { return &DictView{dictOf(c), kind}, nil })
	}
	return map[string]method{
		"clear": noArgs(func(c *call) (Value, error) { dictOf(c).Clear(); return None, nil }),
		"copy": noArgs(func(c *call) (Value, error) {
			d, err := dictOf(c).Copy(c.b)
			if err != nil {
				return nil, err
			}
			return d, nil
		}),
		"get": posArgs(1, 2, func(c *call) (Value, error) {
			v, ok, err := dictOf(c).Get(c.b, c.args[0])
			if err == nil && !ok {
				return arg(c, 1), nil
			}
			return v, err
		}),
		"items":  view(ItemsView),
		"keys":   view(KeysView),
		"values": view(ValuesView),
		"pop":    posArgs(1, 2, dictPop),
		"popitem": noArgs(func(c *call) (Value, error) {
			d := dictOf(c)
			if d.Len() == 0 {
				return nil, &Exception{Type: "KeyError", Msg: "'popitem(): dictionary is empty'", Args: []Value{Str("popitem(): dictionary is empty")}}
			}
			e := d.deleteAt(len(d.entries) - 1) // the last entry is never a deleted one
			return NewTuple(e.key, e.val), nil
		}),
		"setdefault": posArgs(1, 2, func(c *call) (Value, error) {
			d := dictOf(c)
			v, ok, err := d.Get(c.b, c.args[0])
			if err != nil || ok {
				return v, err
			}
			return arg(c, 1), d.Set(c.b, c.args[0], arg(c, 1))
		}),
		"update": varKwArgs(dictUpdateMethod),
	}
}

func dictPop(c *call) (Value, error) {
	var v Value
	var ok bool
	var err error
	if dictOf(c).Len() > 0 { // an empty dictionary does not even hash the key
		v, ok, err = dictOf(c).Delete(c.b, c.args[0])
	}
	switch {
	case err != nil || ok:
		return v, err
	case c.has(1):
		return c.args[1], nil
	}
	return nil, keyError(c.b, c.args[0])
}

func dictUpdateMethod(c *call) (Value, error) {
	if len(c.rest) > 1 {
		return nil, typeError("update expected at most 1 argument, got %d", len(c.rest))
	}
	return None, dictFill(c.b, dictOf(c), c.rest, c.kw)
}

// dictFill is what dict(...) and update(...) do with their arguments.
func dictFill(b *Budget, d *Dict, args []Value, kw []Kwarg) error {
	if len(args) == 1 {
		if err := dictUpdate(b, d, args[0]); err != nil {
			return err
		}
	}
	for _, k := range kw {
		if err := d.SetStr(b, k.Name, k.Value); err != nil {
			return err
		}
	}
	return nil
}

// dictUpdate merges a dictionary or a sequence of pairs.
func dictUpdate(b *Budget, d *Dict, v Value) error {
	if src, ok := v.(*Dict); ok {
		for _, e := range src.entries {
			if e.hk != nil {
				if err := b.Step(1); err != nil {
					return err
				}
				if err := d.set(b, e.hk, e.key, e.val); err != nil {
					return err
				}
			}
		}
		return nil
	}
	it, err := Iterate(b, v)
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		pair, ok, err := it.Next(b)
		if err != nil || !ok {
			return err
		}
		kv, err := Collect(b, pair)
		if err != nil {
			if e, ok := err.(*Exception); ok && e.Type == "TypeError" {
				return typeError("cannot convert dictionary update sequence element #%d to a sequence", i)
			}
			return err
		}
		if len(kv) != 2 {
			return valueError("dictionary update sequence element #%d has length %d; 2 is required", i, len(kv))
		}
		if err := d.Set(b, kv[0], kv[1]); err != nil {
			return err
		}
	}
}

func dictFromkeys(c *call) (Value, error) {
	it, err := Iterate(c.b, c.args[0])
	if err != nil {
		return nil, err
	}
	d := NewDict()
	for {
		k, ok, err := it.Next(c.b)
		if err != nil {
			return nil, err
		}
		if !ok {
			return d, nil
		}
		if err := d.Set(c.b, k, arg(c, 1)); err != nil {
			return nil, err
		}
	}
}

func keysViewMethods() map[string]method {
	return map[string]method{
		"isdisjoint": oneArg(func(c *call) (Value, error) {
			s, err := toSet(c.b, c.recv, false)
			if err != nil {
				return nil, err
			}
			return setDisjoint(c.b, s, c.args[0])
		}),
	}
}
