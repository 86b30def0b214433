package value

import (
	"math"
	"math/big"
)

// Value is a Python object. The kinds declared in this package are concrete; any other
// implementation is foreign (see [IsForeign]).
type Value interface {
	// TypeName is the name of the object's class, as in type(x).__name__: "int", "NoneType".
	TypeName() string
}

// NoneType is the class of [None].
type NoneType struct{}

// EllipsisType is the class of [Ellipsis].
type EllipsisType struct{}

// NotImplementedType is the class of [NotImplemented].
type NotImplementedType struct{}

// The singletons.
var (
	None           = NoneType{}
	Ellipsis       = EllipsisType{}
	NotImplemented = NotImplementedType{}
)

type (
	// Bool is True or False.
	Bool bool
	// Float is a double.
	Float float64
	// Complex is a complex number.
	Complex complex128
	// Str is text in generalised UTF-8: a lone surrogate is its three-byte form.
	Str string
	// Bytes is an immutable sequence of bytes.
	Bytes string
)

// True and False as values.
const (
	True  = Bool(true)
	False = Bool(false)
)

// Int is an integer of any size. The zero Int is 0. Two Ints are compared with [Int.Cmp], not ==.
type Int struct {
	i int64
	b *big.Int // nil when the number fits in i; never changed once set
}

// NewInt makes an Int.
func NewInt(i int64) Int { return Int{i: i} }

// NewBigInt makes an Int of b, which must not be changed afterwards.
func NewBigInt(b *big.Int) Int {
	if b.IsInt64() {
		return Int{i: b.Int64()}
	}
	return Int{b: b}
}

// Int64 is the number and whether it fits in 64 bits.
func (n Int) Int64() (int64, bool) { return n.i, n.b == nil }

// Big is the number as a big.Int, which the caller must not change.
func (n Int) Big() *big.Int {
	if n.b != nil {
		return n.b
	}
	return big.NewInt(n.i)
}

// Sign is -1, 0 or 1.
func (n Int) Sign() int {
	if n.b != nil {
		return n.b.Sign()
	}
	switch {
	case n.i < 0:
		return -1
	case n.i > 0:
		return 1
	}
	return 0
}

// Cmp is -1, 0 or 1 as n is less than, equal to or greater than m.
func (n Int) Cmp(m Int) int {
	if n.b == nil && m.b == nil {
		switch {
		case n.i < m.i:
			return -1
		case n.i > m.i:
			return 1
		}
		return 0
	}
	return n.Big().Cmp(m.Big())
}

// BitLen is the number of bits of the absolute value.
func (n Int) BitLen() int {
	if n.b != nil {
		return n.b.BitLen()
	}
	return big.NewInt(n.i).BitLen()
}

// clamp gives the number as an int64, saturated at the ends.
func (n Int) clamp() int64 {
	if n.b == nil {
		return n.i
	}
	if n.b.Sign() < 0 {
		return math.MinInt64
	}
	return math.MaxInt64
}

// List is a mutable sequence.
type List struct{ Elems []Value }

// NewList makes a list of its arguments.
func NewList(elems ...Value) *List { return &List{Elems: elems} }

// Tuple is an immutable sequence; nobody changes Elems once it is made.
type Tuple struct{ Elems []Value }

// NewTuple makes a tuple of its arguments.
func NewTuple(elems ...Value) *Tuple { return &Tuple{Elems: elems} }

// Range is range(start, stop, step); Step is never 0.
type Range struct{ Start, Stop, Step Int }

// Slice is slice(start, stop, step), the index of x[a:b:c]; absent parts are None.
type Slice struct{ Start, Stop, Step Value }

// NewSlice makes a slice; a nil part stands for None.
func NewSlice(start, stop, step Value) *Slice {
	part := func(v Value) Value {
		if v == nil {
			return None
		}
		return v
	}
	return &Slice{part(start), part(stop), part(step)}
}

// Type names of the concrete kinds.

// TypeName implements Value.
func (NoneType) TypeName() string { return "NoneType" }

// TypeName implements Value.
func (EllipsisType) TypeName() string { return "ellipsis" }

// TypeName implements Value.
func (NotImplementedType) TypeName() string { return "NotImplementedType" }

// TypeName implements Value.
func (Bool) TypeName() string { return "bool" }

// TypeName implements Value.
func (Int) TypeName() string { return "int" }

// TypeName implements Value.
func (Float) TypeName() string { return "float" }

// TypeName implements Value.
func (Complex) TypeName() string { return "complex" }

// TypeName implements Value.
func (Str) TypeName() string { return "str" }

// TypeName implements Value.
func (Bytes) TypeName() string { return "bytes" }

// TypeName implements Value.
func (*List) TypeName() string { return "list" }

// TypeName implements Value.
func (*Tuple) TypeName() string { return "tuple" }

// TypeName implements Value.
func (*Range) TypeName() string { return "range" }

// TypeName implements Value.
func (*Slice) TypeName() string { return "slice" }

// TypeName is the name of v's class.
func TypeName(v Value) string {
	if v == nil {
		return "NoneType"
	}
	return v.TypeName()
}
