package value

import "strings"

// Binary is x op y.
func Binary(b *Budget, op Op, x, y Value) (Value, error) {
	return binary(b.orNew(), op, x, y, false)
}

// InPlace is x op= y: a mutable x is changed and returned, otherwise it is [Binary].
func InPlace(b *Budget, op Op, x, y Value) (Value, error) {
	b = b.orNew()
	switch x := x.(type) {
	case *List:
		switch op {
		case OpAdd:
			return x, x.extend(b, y)
		case OpMul:
			if IsForeign(y) {
				return nil, foreignError(y, "multiplying by")
			}
			if n, ok := asInt(y); ok {
				elems, err := repeatElems(b, x.Elems, n)
				if err != nil {
					return nil, err
				}
				x.Elems = elems
				return x, nil
			}
		}
	case *Dict:
		if op == OpOr {
			return x, dictUpdate(b, x, y)
		}
	case *Set:
		if other, ok := y.(*Set); ok && !x.Frozen {
			if z, err := setBinary(b, op, x, other); err != nil || z != nil {
				if err == nil {
					x.d = z.d
				}
				return x, err
			}
		}
	}
	return binary(b, op, x, y, true)
}

func binary(b *Budget, op Op, x, y Value, inPlace bool) (Value, error) {
	if err := b.Step(1); err != nil {
		return nil, err
	}
	if xn, ok := asInt(x); ok {
		if yn, ok := asInt(y); ok {
			xb, xIsBool := x.(Bool)
			yb, yIsBool := y.(Bool)
			if xIsBool && yIsBool {
				switch op {
				case OpAnd:
					return xb && yb, nil
				case OpOr:
					return xb || yb, nil
				case OpXor:
					return Bool(xb != yb), nil
				}
			}
			if v, err := intBinary(b, op, xn, yn); v != nil || err != nil {
				return v, err
			}
			return nil, operandError(op, x, y, inPlace)
		}
	}
	if s, ok := x.(Str); ok && op == OpMod {
		v, err := Percent(b, string(s), y)
		return v, err
	}
	if IsForeign(x) {
		return nil, foreignError(x, "computing with")
	}
	if IsForeign(y) {
		return nil, foreignError(y, "computing with")
	}
	if isNumber(x) && isNumber(y) {
		if v, err := numBinary(op, x, y); v != nil || err != nil {
			return v, err
		}
		return nil, operandError(op, x, y, inPlace)
	}
	switch op {
	case OpAdd:
		return concat(b, x, y, inPlace)
	case OpMul:
		return repeat(b, x, y, inPlace)
	case OpMod:
		if _, ok := x.(Bytes); ok {
			return nil, unsupported("formatting bytes with %% is not modelled")
		}
	case OpOr:
		if dx, ok := x.(*Dict); ok {
			if dy, ok := y.(*Dict); ok {
				z, err := dx.Copy(b)
				if err != nil {
					return nil, err
				}
				return z, dictUpdate(b, z, dy)
			}
		}
	}
	switch op {
	case OpOr, OpAnd, OpXor, OpSub:
		if v, err := setLikeBinary(b, op, x, y); v != nil || err != nil {
			return v, err
		}
	}
	return nil, operandError(op, x, y, inPlace)
}

func numBinary(op Op, x, y Value) (Value, error) {
	_, xc := x.(Complex)
	_, yc := y.(Complex)
	if xc || yc {
		switch op {
		case OpAdd, OpSub, OpMul, OpDiv, OpPow:
		default:
			return nil, nil
		}
		cx, err := asComplex(x)
		if err != nil {
			return nil, err
		}
		cy, err := asComplex(y)
		if err != nil {
			return nil, err
		}
		return complexBinary(op, cx, cy)
	}
	if op == OpAnd || op == OpOr || op == OpXor || op == OpLShift || op == OpRShift || op == OpMatMul {
		return nil, nil
	}
	fx, _, err := asFloat(x)
	if err != nil {
		return nil, err
	}
	fy, _, err := asFloat(y)
	if err != nil {
		return nil, err
	}
	return floatBinary(op, fx, fy)
}

func asComplex(v Value) (complex128, error) {
	if c, ok := v.(Complex); ok {
		return complex128(c), nil
	}
	f, _, err := asFloat(v)
	return complex(f, 0), err
}

func operandError(op Op, x, y Value, inPlace bool) error {
	name := string(op)
	switch {
	case inPlace:
		name += "="
	case op == OpPow:
		name = "** or pow()"
	}
	return typeError("unsupported operand type(s) for %s: '%s' and '%s'", name, TypeName(x), TypeName(y))
}

func concat(b *Budget, x, y Value, inPlace bool) (Value, error) {
	switch x := x.(type) {
	case Str:
		if y, ok := y.(Str); ok {
			return x + y, b.text(len(x) + len(y))
		}
		return nil, typeError(`can only concatenate str (not "%s") to str`, TypeName(y))
	case Bytes:
		if y, ok := y.(Bytes); ok {
			return x + y, b.text(len(x) + len(y))
		}
		return nil, typeError("can't concat %s to bytes", TypeName(y))
	case *List:
		if y, ok := y.(*List); ok {
			elems, err := joinElems(b, x.Elems, y.Elems)
			return &List{elems}, err
		}
		return nil, typeError(`can only concatenate list (not "%s") to list`, TypeName(y))
	case *Tuple:
		if y, ok := y.(*Tuple); ok {
			elems, err := joinElems(b, x.Elems, y.Elems)
			return &Tuple{elems}, err
		}
		return nil, typeError(`can only concatenate tuple (not "%s") to tuple`, TypeName(y))
	}
	return nil, operandError(OpAdd, x, y, inPlace)
}

func joinElems(b *Budget, x, y []Value) ([]Value, error) {
	if err := b.elems(len(x) + len(y)); err != nil {
		return nil, err
	}
	out := make([]Value, 0, len(x)+len(y))
	return append(append(out, x...), y...), nil
}

func isSequence(v Value) bool {
	switch v.(type) {
	case Str, Bytes, *List, *Tuple:
		return true
	}
	return false
}

func repeat(b *Budget, x, y Value, inPlace bool) (Value, error) {
	seq, count := x, y
	if !isSequence(x) {
		seq, count = y, x
	}
	noRepeat := false // x has the operations of a sequence, yet not this one: y is not asked in place
	switch x.(type) {
	case *Set, *Dict, *Range, *DictView:
		noRepeat = inPlace
	}
	if !isSequence(seq) || noRepeat {
		return nil, operandError(OpMul, x, y, inPlace)
	}
	n, ok := asInt(count)
	if !ok {
		return nil, typeError("can't multiply sequence by non-int of type '%s'", TypeName(count))
	}
	switch s := seq.(type) {
	case Str:
		t, err := repeatText(b, string(s), n)
		return Str(t), err
	case Bytes:
		t, err := repeatText(b, string(s), n)
		return Bytes(t), err
	case *List:
		elems, err := repeatElems(b, s.Elems, n)
		return &List{elems}, err
	}
	elems, err := repeatElems(b, seq.(*Tuple).Elems, n)
	return &Tuple{elems}, err
}

func repeatCount(n Int) (int64, error) {
	i, ok := n.Int64()
	if !ok {
		return 0, NewException("OverflowError", "cannot fit 'int' into an index-sized integer")
	}
	return max(i, 0), nil
}

func repeatText(b *Budget, s string, n Int) (string, error) {
	i, err := repeatCount(n)
	if err != nil || s == "" || i == 0 {
		return "", err
	}
	size := mulSize(int64(len(s)), i)
	if err := b.Alloc(size); err != nil {
		return "", err
	}
	return strings.Repeat(s, int(i)), b.Step(size / 64)
}

func repeatElems(b *Budget, elems []Value, n Int) ([]Value, error) {
	i, err := repeatCount(n)
	if err != nil || len(elems) == 0 || i == 0 {
		return nil, err
	}
	size := mulSize(int64(len(elems)), i)
	if err := b.Alloc(mulSize(size, wordSize)); err != nil {
		return nil, err
	}
	if err := b.Step(size); err != nil {
		return nil, err
	}
	out := make([]Value, 0, size)
	for ; i > 0; i-- {
		out = append(out, elems...)
	}
	return out, nil
}

// setBinary is & | - ^ of two sets, as the left one's kind; nil for another operator.
func setBinary(b *Budget, op Op, x, y *Set) (*Set, error) {
	if err := b.elems(4 * (x.Len() + y.Len())); err != nil {
		return nil, err
	}
	z := NewSet(x.Frozen)
	put := func(from, other *Set, when bool) error {
		for _, e := range from.d.entries {
			if e.hk == nil {
				continue
			}
			if _, ok := other.d.index[e.hk]; ok == when {
				if err := z.add(b, e.hk, e.key); err != nil {
					return err
				}
			}
		}
		return nil
	}
	var err error
	empty := NewSet(false)
	switch op {
	case OpAnd:
		// Equal members of different types (1 and 1.0) come from the smaller set.
		if y.Len() > x.Len() {
			x, y = y, x
		}
		err = put(y, x, true)
	case OpOr:
		if err = put(x, empty, false); err == nil {
			err = put(y, x, false)
		}
	case OpSub:
		err = put(x, y, false)
	case OpXor:
		if err = put(x, y, false); err == nil {
			err = put(y, x, false)
		}
	default:
		return nil, nil
	}
	return z, err
}

// setLikeBinary is the operators of sets and of dictionary views; nil when neither operand has them.
func setLikeBinary(b *Budget, op Op, x, y Value) (Value, error) {
	xs, xIsSet := x.(*Set)
	ys, yIsSet := y.(*Set)
	if xIsSet && yIsSet {
		return setBinary(b, op, xs, ys)
	}
	isView := func(v Value) bool {
		w, ok := v.(*DictView)
		return ok && w.Kind != ValuesView
	}
	if !isView(x) && !isView(y) {
		return nil, nil
	}
	if op == OpAnd {
		view, other := x, y
		if !isView(x) {
			view, other = y, x
		}
		return viewIntersect(b, view, other)
	}
	xs, err := toSet(b, x, false)
	if err != nil {
		return nil, err
	}
	ys, err = toSet(b, y, false)
	if err != nil {
		return nil, err
	}
	return setBinary(b, op, xs, ys)
}

// viewIntersect is the members of an iterable that a view contains; those it does not contain need
// not even have a hash.
func viewIntersect(b *Budget, view, other Value) (Value, error) {
	if s, ok := other.(*Set); ok && view.(*DictView).Dict.Len() <= s.Len() {
		view, other = other, view // equal members of different types come from the smaller one
	}
	out := NewSet(false)
	elems, err := collectUnordered(b, other)
	if err != nil {
		return nil, err
	}
	for _, e := range elems {
		in, err := Contains(b, view, e)
		if err != nil {
			return nil, err
		}
		if in {
			if err := out.Add(b, e); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// Unary is op x, for + - ~ and not.
func Unary(b *Budget, op Op, x Value) (Value, error) {
	if op == OpNot {
		t, err := Truth(b, x)
		return Bool(!t), err
	}
	if IsForeign(x) {
		return nil, foreignError(x, "computing with")
	}
	if n, ok := asInt(x); ok {
		switch op {
		case OpAdd:
			return n, nil
		case OpSub:
			return intBinary(b, OpSub, Int{}, n)
		case OpInvert:
			return intBinary(b, OpSub, NewInt(-1), n)
		}
	}
	switch x := x.(type) {
	case Float:
		switch op {
		case OpAdd:
			return x, nil
		case OpSub:
			return -x, nil
		}
	case Complex:
		switch op {
		case OpAdd:
			return x, nil
		case OpSub:
			return -x, nil
		}
	}
	return nil, typeError("bad operand type for unary %s: '%s'", op, TypeName(x))
}

// Truth is bool(v).
func Truth(b *Budget, v Value) (bool, error) {
	b = b.orNew()
	switch v := v.(type) {
	case NoneType:
		return false, nil
	case Bool:
		return bool(v), nil
	case Int:
		return v.Sign() != 0, nil
	case Float:
		return v != 0, nil
	case Complex:
		return v != 0, nil
	case Str:
		return v != "", nil
	case Bytes:
		return v != "", nil
	case *List:
		return len(v.Elems) > 0, nil
	case *Tuple:
		return len(v.Elems) > 0, nil
	case *Dict:
		return v.Len() > 0, nil
	case *Set:
		return v.Len() > 0, nil
	case *Range:
		return v.Len().Sign() > 0, nil
	case *DictView:
		return v.Dict.Len() > 0, nil
	case EllipsisType, NotImplementedType, *Slice, *Iter:
		return true, nil
	case Truther:
		return v.PyTruth(b)
	case Sized:
		n, err := v.PyLen(b)
		return n > 0, err
	}
	return false, foreignError(v, "taking the truth of")
}
