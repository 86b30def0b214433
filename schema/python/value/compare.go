package value

import (
	"fmt"
	"math"
	"math/big"
	"math/cmplx"
	"strings"
)

func pointerText(p any) string { return fmt.Sprintf("%p", p) }

// Identer is a foreign value that knows whether it is the same object as another.
type Identer interface {
	PyIs(other Value) (bool, error)
}

// Is is "x is y". Equal numbers and strings outside CPython's caches may or may not be one object,
// which is reported as an UnsupportedError.
func Is(x, y Value) (bool, error) {
	for _, p := range [2][2]Value{{x, y}, {y, x}} {
		if IsForeign(p[0]) {
			if f, ok := p[0].(Identer); ok {
				return f.PyIs(p[1])
			}
			return false, foreignError(p[0], "comparing the identity of")
		}
	}
	if x.TypeName() != y.TypeName() {
		return false, nil
	}
	unsure := unsupported("whether two equal values of type %s are one object is not known", x.TypeName())
	switch x := x.(type) {
	case NoneType, EllipsisType, NotImplementedType:
		return true, nil
	case Bool:
		return x == y.(Bool), nil
	case Int:
		if x.Cmp(y.(Int)) != 0 {
			return false, nil
		}
		if n, ok := x.Int64(); ok && n >= -5 && n <= 256 {
			return true, nil
		}
		return false, unsure
	case Str:
		if x != y.(Str) {
			return false, nil
		}
		if len(x) <= 1 {
			return true, nil
		}
		return false, unsure
	case Bytes:
		if x != y.(Bytes) {
			return false, nil
		}
		if len(x) <= 1 {
			return true, nil
		}
		return false, unsure
	case Float:
		if f := y.(Float); x == f || math.IsNaN(float64(x)) {
			return false, unsure
		}
		return false, nil
	case Complex:
		if x == y.(Complex) || cmplx.IsNaN(complex128(x)) {
			return false, unsure
		}
		return false, nil
	case *Tuple:
		z := y.(*Tuple)
		if x == z || len(x.Elems) == 0 && len(z.Elems) == 0 {
			return true, nil
		}
		if len(x.Elems) != len(z.Elems) {
			return false, nil
		}
		if eq, err := Equal(nil, x, z); err == nil && !eq {
			return false, nil
		}
		return false, unsure
	case *Set:
		z := y.(*Set)
		if x != z && x.Frozen && x.Len() == z.Len() {
			return false, unsure
		}
		return x == z, nil
	}
	return x == y, nil
}

// identical is the shortcut containers take: the same mutable object is equal to itself.
func identical(x, y Value) bool {
	switch x := x.(type) {
	case *List:
		y, ok := y.(*List)
		return ok && x == y
	case *Dict:
		y, ok := y.(*Dict)
		return ok && x == y
	case *Tuple:
		y, ok := y.(*Tuple)
		return ok && x == y
	case *Set:
		y, ok := y.(*Set)
		return ok && x == y
	}
	return false
}

// elemEqual is the comparison containers make: identity, then equality.
func elemEqual(b *Budget, x, y Value) (bool, error) {
	if identical(x, y) {
		return true, nil
	}
	if f, ok := x.(Float); ok && f != f {
		if g, ok := y.(Float); ok && g != g {
			return false, unsupported("whether two NaNs are the same object is not known")
		}
	}
	return Equal(b, x, y)
}

// Equal is x == y.
func Equal(b *Budget, x, y Value) (bool, error) {
	b = b.orNew()
	if err := b.Step(1); err != nil {
		return false, err
	}
	for _, p := range [2][2]Value{{x, y}, {y, x}} {
		if IsForeign(p[0]) {
			if f, ok := p[0].(Equaler); ok {
				return f.PyEqual(b, p[1])
			}
			return false, foreignError(p[0], "comparing")
		}
	}
	if isNumber(x) && isNumber(y) {
		return numEqual(x, y), nil
	}
	switch x := x.(type) {
	case NoneType, EllipsisType, NotImplementedType:
		return x == y, nil
	case Str:
		y, ok := y.(Str)
		return ok && x == y, nil
	case Bytes:
		y, ok := y.(Bytes)
		return ok && x == y, nil
	case *List:
		if y, ok := y.(*List); ok {
			return elemsEqual(b, x.Elems, y.Elems)
		}
	case *Tuple:
		if y, ok := y.(*Tuple); ok {
			return elemsEqual(b, x.Elems, y.Elems)
		}
	case *Dict:
		if y, ok := y.(*Dict); ok {
			return dictEqual(b, x, y)
		}
	case *Set:
		if yk, ok := setKeys(y); ok {
			return keysSubset(x.d, yk, true), nil
		}
	case *Range:
		if y, ok := y.(*Range); ok {
			xk, _ := hashKey(b, x)
			yk, _ := hashKey(b, y)
			return xk == yk, nil
		}
	case *Slice:
		if y, ok := y.(*Slice); ok {
			return elemsEqual(b, []Value{x.Start, x.Stop, x.Step}, []Value{y.Start, y.Stop, y.Step})
		}
	case *DictView:
		return viewCompare(b, OpEq, x, y)
	case *Iter:
		return Value(x) == y, nil
	}
	return false, nil
}

// setKeys gives the keys of a set or of a keys view.
func setKeys(v Value) (*Dict, bool) {
	switch v := v.(type) {
	case *Set:
		return v.d, true
	case *DictView:
		if v.Kind == KeysView {
			return v.Dict, true
		}
	}
	return nil, false
}

// keysSubset says whether the keys of x are among y's; with same, whether they are the same.
func keysSubset(x, y *Dict, same bool) bool {
	if x.Len() > y.Len() || same && x.Len() != y.Len() {
		return false
	}
	for k := range x.index {
		if _, ok := y.index[k]; !ok {
			return false
		}
	}
	return true
}

func elemsEqual(b *Budget, x, y []Value) (bool, error) {
	if len(x) != len(y) {
		return false, nil
	}
	if err := b.enter(); err != nil {
		return false, err
	}
	defer b.leave()
	for i := range x {
		if eq, err := elemEqual(b, x[i], y[i]); err != nil || !eq {
			return false, err
		}
	}
	return true, nil
}

func dictEqual(b *Budget, x, y *Dict) (bool, error) {
	if x.Len() != y.Len() {
		return false, nil
	}
	if err := b.enter(); err != nil {
		return false, err
	}
	defer b.leave()
	for _, e := range x.entries {
		if e.hk == nil {
			continue
		}
		i, ok := y.index[e.hk]
		if !ok {
			return false, nil
		}
		if eq, err := elemEqual(b, e.val, y.entries[i].val); err != nil || !eq {
			return false, err
		}
	}
	return true, nil
}

func isNumber(v Value) bool {
	switch v.(type) {
	case Bool, Int, Float, Complex:
		return true
	}
	return false
}

func numEqual(x, y Value) bool {
	if xc, ok := x.(Complex); ok {
		if yc, ok := y.(Complex); ok {
			return xc == yc
		}
		return imag(xc) == 0 && numEqual(Float(real(xc)), y)
	}
	if _, ok := y.(Complex); ok {
		return numEqual(y, x)
	}
	c, ordered := numCompare(x, y)
	return ordered && c == 0
}

// numCompare orders two real numbers exactly; ordered is false when one is a NaN.
func numCompare(x, y Value) (c int, ordered bool) {
	xf, xIsFloat := x.(Float)
	yf, yIsFloat := y.(Float)
	switch {
	case xIsFloat && yIsFloat:
		switch {
		case xf < yf:
			return -1, true
		case xf > yf:
			return 1, true
		}
		return 0, xf == yf
	case xIsFloat:
		c, ordered = numCompare(y, x)
		return -c, ordered
	case yIsFloat:
		f := float64(yf)
		switch {
		case f != f:
			return 0, false
		case math.IsInf(f, 1):
			return -1, true
		case math.IsInf(f, -1):
			return 1, true
		}
		n, _ := asInt(x)
		return new(big.Float).SetInt(n.Big()).Cmp(big.NewFloat(f)), true
	}
	n, _ := asInt(x)
	m, _ := asInt(y)
	return n.Cmp(m), true
}

// swapped gives the operator with its operands exchanged.
var swapped = map[Op]Op{OpLt: OpGt, OpLe: OpGe, OpGt: OpLt, OpGe: OpLe}

// Compare is every comparison: == != < <= > >=, in, not in, is, is not.
func Compare(b *Budget, op Op, x, y Value) (bool, error) {
	b = b.orNew()
	switch op {
	case OpEq:
		return Equal(b, x, y)
	case OpNe:
		eq, err := Equal(b, x, y)
		return !eq, err
	case OpIn:
		return Contains(b, y, x)
	case OpNotIn:
		in, err := Contains(b, y, x)
		return !in, err
	case OpIs:
		return Is(x, y)
	case OpIsNot:
		is, err := Is(x, y)
		return !is, err
	}
	if err := b.Step(1); err != nil {
		return false, err
	}
	if IsForeign(x) || IsForeign(y) {
		if f, ok := x.(Comparer); ok {
			return f.PyCompare(b, op, y)
		}
		if f, ok := y.(Comparer); ok {
			return f.PyCompare(b, swapped[op], x)
		}
		if IsForeign(x) {
			return false, foreignError(x, "ordering")
		}
		return false, foreignError(y, "ordering")
	}
	switch x := x.(type) {
	case Bool, Int, Float:
		if _, ok := y.(Complex); !ok && isNumber(y) {
			c, ordered := numCompare(x, y)
			return ordered && holds(op, c), nil
		}
	case Str:
		if y, ok := y.(Str); ok {
			return holds(op, strings.Compare(string(x), string(y))), nil
		}
	case Bytes:
		if y, ok := y.(Bytes); ok {
			return holds(op, strings.Compare(string(x), string(y))), nil
		}
	case *List:
		if y, ok := y.(*List); ok {
			return elemsCompare(b, op, x.Elems, y.Elems)
		}
	case *Tuple:
		if y, ok := y.(*Tuple); ok {
			return elemsCompare(b, op, x.Elems, y.Elems)
		}
	case *Slice:
		if y, ok := y.(*Slice); ok {
			return elemsCompare(b, op, []Value{x.Start, x.Stop, x.Step}, []Value{y.Start, y.Stop, y.Step})
		}
	case *Set:
		if yk, ok := setKeys(y); ok {
			return keysCompare(op, x.d, yk), nil
		}
		if v, ok := y.(*DictView); ok && v.Kind == ItemsView {
			return viewCompare(b, swapped[op], v, x)
		}
	case *DictView:
		if x.Kind != ValuesView && isSetLike(y) {
			return viewCompare(b, op, x, y)
		}
	}
	return false, typeError("'%s' not supported between instances of '%s' and '%s'", op, x.TypeName(), y.TypeName())
}

func isSetLike(v Value) bool {
	switch v := v.(type) {
	case *Set:
		return true
	case *DictView:
		return v.Kind != ValuesView
	}
	return false
}

func keysCompare(op Op, x, y *Dict) bool {
	switch op {
	case OpLe:
		return keysSubset(x, y, false)
	case OpLt:
		return x.Len() < y.Len() && keysSubset(x, y, false)
	case OpGe:
		return keysSubset(y, x, false)
	case OpGt:
		return y.Len() < x.Len() && keysSubset(y, x, false)
	}
	return keysSubset(x, y, true)
}

// viewCompare compares a keys or items view with anything set-like.
func viewCompare(b *Budget, op Op, x *DictView, y Value) (bool, error) {
	if x.Kind == ValuesView {
		return Value(x) == y, nil
	}
	if !isSetLike(y) {
		return false, nil
	}
	other, err := Len(b, y)
	if err != nil {
		return false, err
	}
	n := x.Dict.Len()
	switch op {
	case OpEq, OpLt, OpLe:
		if n > other || op == OpEq && n != other || op == OpLt && n == other {
			return false, nil
		}
		return allContained(b, x, y)
	}
	if n < other || op == OpGt && n == other {
		return false, nil
	}
	return allContained(b, y, x)
}

// allContained says whether each member of x is in y.
func allContained(b *Budget, x, y Value) (bool, error) {
	elems, err := collectUnordered(b, x)
	if err != nil {
		return false, err
	}
	for _, e := range elems {
		if in, err := Contains(b, y, e); err != nil || !in {
			return false, err
		}
	}
	return true, nil
}

func holds(op Op, c int) bool {
	switch op {
	case OpLt:
		return c < 0
	case OpLe:
		return c <= 0
	case OpGt:
		return c > 0
	case OpGe:
		return c >= 0
	}
	return c == 0
}

func elemsCompare(b *Budget, op Op, x, y []Value) (bool, error) {
	if err := b.enter(); err != nil {
		return false, err
	}
	defer b.leave()
	for i := range min(len(x), len(y)) {
		eq, err := elemEqual(b, x[i], y[i])
		if err != nil {
			return false, err
		}
		if !eq {
			return Compare(b, op, x[i], y[i])
		}
	}
	return holds(op, len(x)-len(y)), nil
}

// Contains is v in container.
func Contains(b *Budget, container, v Value) (bool, error) {
	b = b.orNew()
	switch c := container.(type) {
	case Str:
		s, ok := v.(Str)
		if !ok {
			if IsForeign(v) {
				return false, foreignError(v, "looking for")
			}
			return false, typeError("'in <string>' requires string as left operand, not %s", TypeName(v))
		}
		if err := b.Step(int64(len(c))/16 + 1); err != nil {
			return false, err
		}
		return strings.Contains(string(c), string(s)), nil
	case Bytes:
		if n, ok := asInt(v); ok {
			i, fits := n.Int64()
			if !fits || i < 0 || i > 255 {
				return false, valueError("byte must be in range(0, 256)")
			}
			return strings.IndexByte(string(c), byte(i)) >= 0, nil
		}
		s, err := needBytes(v)
		return strings.Contains(string(c), s), err
	case *List:
		return elemsContain(b, c.Elems, v)
	case *Tuple:
		return elemsContain(b, c.Elems, v)
	case *Dict:
		_, ok, err := c.Get(b, v)
		return ok, err
	case *Set:
		hk, err := memberKey(b, v)
		if err != nil {
			return false, err
		}
		_, ok := c.d.index[hk]
		return ok, nil
	case *Range:
		if n, ok := asInt(v); ok {
			return c.contains(n), nil
		}
		switch v := v.(type) {
		case Float:
			if f := float64(v); f == math.Trunc(f) && !math.IsInf(f, 0) {
				return c.contains(intFromFloat(f)), nil
			}
			return false, b.Step(c.Len().clamp())
		case Complex:
			return false, unsupported("looking for a complex number in a range is not modelled")
		}
		if IsForeign(v) {
			return false, foreignError(v, "looking for")
		}
		return false, nil
	case *DictView:
		switch c.Kind {
		case KeysView:
			_, ok, err := c.Dict.Get(b, v)
			return ok, err
		case ItemsView:
			t, ok := v.(*Tuple)
			if !ok || len(t.Elems) != 2 {
				return false, nil
			}
			val, ok, err := c.Dict.Get(b, t.Elems[0])
			if err != nil || !ok {
				return false, err
			}
			return elemEqual(b, val, t.Elems[1])
		}
	}
	it, err := Iterate(b, container)
	if err != nil {
		if e, ok := err.(*Exception); ok && e.Type == "TypeError" {
			return false, typeError("argument of type '%s' is not iterable", TypeName(container))
		}
		return false, err
	}
	for {
		e, ok, err := it.Next(b)
		if err != nil || !ok {
			return false, err
		}
		if eq, err := elemEqual(b, e, v); err != nil || eq {
			return eq, err
		}
	}
}

// elemsContain looks through elements; one that cannot be compared matters only if none is equal.
func elemsContain(b *Budget, elems []Value, v Value) (bool, error) {
	var unknown error
	for _, e := range elems {
		eq, err := elemEqual(b, e, v)
		if err != nil {
			if _, ok := err.(*UnsupportedError); !ok {
				return false, err
			}
			if unknown == nil {
				unknown = err
			}
			continue
		}
		if eq {
			return true, nil
		}
	}
	return false, unknown
}
