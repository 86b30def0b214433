package value

import (
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// compositeKey is the hash key of a value without a comparable Go form of its own.
type compositeKey string

type noneKey struct{}

// hashKey is a comparable Go value that is the same for two values exactly when they are equal in
// Python (1, 1.0 and True share one), or the TypeError of an unhashable value.
func hashKey(b *Budget, v Value) (any, error) {
	switch v := v.(type) {
	case Str:
		return v, nil
	case NoneType:
		return noneKey{}, nil
	case Bool:
		if v {
			return int64(1), nil
		}
		return int64(0), nil
	case Int:
		if v.b == nil {
			return v.i, nil
		}
		return compositeKey("i" + v.b.Text(62)), nil
	case Float:
		f := float64(v)
		switch {
		case f != f:
			return nil, unsupported("whether two NaNs are the same object is not known")
		case math.IsInf(f, 0) || f != math.Trunc(f):
			return f, nil
		}
		return hashKey(b, intFromFloat(f))
	case Complex:
		if imag(v) == 0 {
			return hashKey(b, Float(real(v)))
		}
		return compositeKey("c" + strconv.FormatComplex(complex128(v), 'g', -1, 128)), nil
	case Bytes:
		return v, nil
	case EllipsisType, NotImplementedType:
		return compositeKey(v.TypeName()), nil
	case *Tuple:
		parts, err := hashParts(b, v.Elems)
		if err != nil {
			return nil, err
		}
		return compositeKey("(" + strings.Join(parts, "")), nil
	case *Set:
		if v.Frozen {
			return v.key(b)
		}
	case *Range:
		n := v.Len()
		key := "r" + n.Big().String()
		if n.Sign() > 0 {
			key += " " + v.Start.Big().String()
		}
		if n.Cmp(NewInt(1)) > 0 {
			key += " " + v.Step.Big().String()
		}
		return compositeKey(key), nil
	case *Iter:
		return v, nil
	case *DictView:
		if v.Kind == ValuesView {
			return v, nil
		}
	case *List, *Dict, *Slice:
	case Hasher:
		k, err := v.HashKey()
		return compositeKey("f" + k), err
	default:
		return nil, foreignError(v, "hashing")
	}
	return nil, typeError("unhashable type: '%s'", v.TypeName())
}

// key is the hash key of a set as if it were frozen.
func (s *Set) key(b *Budget) (any, error) {
	parts, err := hashParts(b, s.Elems())
	if err != nil {
		return nil, err
	}
	slices.Sort(parts)
	return compositeKey("{" + strings.Join(parts, "")), nil
}

// memberKey is the hash key for looking a value up in a set, where a set stands for its frozenset.
func memberKey(b *Budget, v Value) (any, error) {
	if s, ok := v.(*Set); ok {
		return s.key(b)
	}
	return hashKey(b, v)
}

func hashParts(b *Budget, elems []Value) ([]string, error) {
	if err := b.enter(); err != nil {
		return nil, err
	}
	defer b.leave()
	if err := b.elems(len(elems)); err != nil {
		return nil, err
	}
	parts := make([]string, len(elems))
	for i, e := range elems {
		hk, err := hashKey(b, e)
		if err != nil {
			return nil, err
		}
		s := keyText(hk)
		if err := b.text(len(s)); err != nil {
			return nil, err
		}
		parts[i] = strconv.Itoa(len(s)) + ":" + s
	}
	return parts, nil
}

func keyText(hk any) string {
	switch k := hk.(type) {
	case Str:
		return "s" + string(k)
	case Bytes:
		return "b" + string(k)
	case int64:
		return "i" + strconv.FormatInt(k, 10)
	case float64:
		return "d" + strconv.FormatFloat(k, 'g', -1, 64)
	case compositeKey:
		return "k" + string(k)
	case *Iter:
		return "p" + pointerText(k)
	case *DictView:
		return "p" + pointerText(k)
	}
	return "n"
}

const (
	hashModulus = 1<<61 - 1
	hashInf     = 314159
)

// HashOf is hash(v), where it does not depend on the run: for numbers and tuples of them.
func HashOf(b *Budget, v Value) (Value, error) {
	b = b.orNew()
	if _, err := hashKey(b, v); err != nil {
		return nil, err
	}
	h, err := hashNumber(b, v)
	return NewInt(h), err
}

func hashNumber(b *Budget, v Value) (int64, error) {
	switch v := v.(type) {
	case Bool, Int:
		n, _ := asInt(v)
		m := new(big.Int).Rem(n.Big(), big.NewInt(hashModulus)).Int64()
		if m == -1 {
			m = -2
		}
		return m, nil
	case Float:
		return hashFloat(float64(v)), nil
	case *Tuple:
		if err := b.enter(); err != nil {
			return 0, err
		}
		defer b.leave()
		// The xxHash variant of tuplehash in Objects/tupleobject.c.
		const p1, p2, p5 = 11400714785074694791, 14029467366897019727, 2870177450012600261
		acc := uint64(p5)
		for _, e := range v.Elems {
			h, err := hashNumber(b, e)
			if err != nil {
				return 0, err
			}
			acc += uint64(h) * p2
			acc = acc<<31 | acc>>33
			acc *= p1
		}
		acc += uint64(len(v.Elems)) ^ (p5 ^ 3527539)
		if acc == math.MaxUint64 {
			return 1546275796, nil
		}
		return int64(acc), nil
	}
	return 0, unsupported("the hash of a value of type %s differs from run to run", TypeName(v))
}

func hashFloat(f float64) int64 {
	if math.IsInf(f, 1) {
		return hashInf
	}
	if math.IsInf(f, -1) {
		return -hashInf
	}
	m, e := math.Frexp(math.Abs(f))
	var x uint64
	for m != 0 {
		x = (x<<28)&hashModulus | x>>(61-28)
		m *= 1 << 28
		e -= 28
		y := uint64(m)
		m -= float64(y)
		x += y
		if x >= hashModulus {
			x -= hashModulus
		}
	}
	e = ((e % 61) + 61) % 61
	x = (x<<e)&hashModulus | x>>(61-e)
	h := int64(x)
	if f < 0 {
		h = -h
	}
	if h == -1 {
		h = -2
	}
	return h
}
