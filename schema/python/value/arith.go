package value

import (
	"math"
	"math/big"
	"math/bits"
)

// bigCost charges for an operation on big integers of so many bits that gives one of size bits.
func bigCost(b *Budget, size int64) error {
	if size <= 64 {
		return nil
	}
	words := float64(size) / 64
	cost := words * math.Sqrt(words)
	if cost > math.MaxInt64/4 {
		cost = math.MaxInt64 / 4
	}
	if err := b.Alloc(size / 8); err != nil {
		return err
	}
	return b.Step(int64(cost))
}

func zeroDivision(msg string) error { return NewException("ZeroDivisionError", "%s", msg) }

// intBinary is an operation on two integers.
func intBinary(b *Budget, op Op, x, y Int) (Value, error) {
	if x.b == nil && y.b == nil {
		if v, ok := smallBinary(op, x.i, y.i); ok {
			return v, nil
		}
	}
	switch op {
	case OpAdd, OpSub, OpAnd, OpOr, OpXor:
		if err := bigCost(b, int64(max(x.BitLen(), y.BitLen())+1)); err != nil {
			return nil, err
		}
		z := new(big.Int)
		switch op {
		case OpAdd:
			z.Add(x.Big(), y.Big())
		case OpSub:
			z.Sub(x.Big(), y.Big())
		case OpAnd:
			z.And(x.Big(), y.Big())
		case OpOr:
			z.Or(x.Big(), y.Big())
		case OpXor:
			z.Xor(x.Big(), y.Big())
		}
		return NewBigInt(z), nil
	case OpMul:
		if err := bigCost(b, int64(x.BitLen())+int64(y.BitLen())); err != nil {
			return nil, err
		}
		return NewBigInt(new(big.Int).Mul(x.Big(), y.Big())), nil
	case OpDiv:
		return intTrueDiv(b, x, y)
	case OpFloorDiv, OpMod:
		if op == OpMod && y.Sign() == 0 {
			return nil, zeroDivision("integer modulo by zero")
		}
		q, m, err := intDivMod(b, x, y)
		if err != nil {
			return nil, err
		}
		if op == OpMod {
			return m, nil
		}
		return q, nil
	case OpPow:
		return intPow(b, x, y)
	case OpLShift, OpRShift:
		return intShift(b, op, x, y)
	}
	return nil, nil
}

// smallBinary is the operation on machine integers, where it does not overflow.
func smallBinary(op Op, x, y int64) (Value, bool) {
	switch op {
	case OpAdd:
		z := x + y
		return NewInt(z), (z > x) == (y > 0)
	case OpSub:
		z := x - y
		return NewInt(z), (z < x) == (y > 0)
	case OpMul:
		hi, lo := bits.Mul64(absU(x), absU(y))
		if hi != 0 || lo > math.MaxInt64 {
			return nil, false
		}
		return NewInt(x * y), true
	case OpAnd:
		return NewInt(x & y), true
	case OpOr:
		return NewInt(x | y), true
	case OpXor:
		return NewInt(x ^ y), true
	}
	return nil, false
}

func absU(x int64) uint64 {
	if x < 0 {
		return -uint64(x)
	}
	return uint64(x)
}

// intDivMod is floor division and its remainder, which has the divisor's sign.
func intDivMod(b *Budget, x, y Int) (Int, Int, error) {
	if y.Sign() == 0 {
		return Int{}, Int{}, zeroDivision("integer division or modulo by zero")
	}
	if x.b == nil && y.b == nil && x.i != math.MinInt64 {
		q, m := x.i/y.i, x.i%y.i
		if m != 0 && (m < 0) != (y.i < 0) {
			q--
			m += y.i
		}
		return NewInt(q), NewInt(m), nil
	}
	if err := bigCost(b, int64(max(x.BitLen(), y.BitLen()))); err != nil {
		return Int{}, Int{}, err
	}
	q, m := new(big.Int).QuoRem(x.Big(), y.Big(), new(big.Int))
	if m.Sign() != 0 && m.Sign() != y.Sign() {
		q.Sub(q, big.NewInt(1))
		m.Add(m, y.Big())
	}
	return NewBigInt(q), NewBigInt(m), nil
}

func intTrueDiv(b *Budget, x, y Int) (Value, error) {
	if y.Sign() == 0 {
		return nil, zeroDivision("division by zero")
	}
	const exact = 1 << 53
	if x.b == nil && y.b == nil && absU(x.i) <= exact && absU(y.i) <= exact {
		return Float(float64(x.i) / float64(y.i)), nil
	}
	if err := bigCost(b, 2*int64(max(x.BitLen(), y.BitLen()))); err != nil {
		return nil, err
	}
	f, _ := new(big.Rat).SetFrac(x.Big(), y.Big()).Float64()
	if math.IsInf(f, 0) {
		return nil, NewException("OverflowError", "integer division result too large for a float")
	}
	if f == 0 && (x.Sign() < 0) != (y.Sign() < 0) {
		f = math.Copysign(0, -1)
	}
	return Float(f), nil
}

func intPow(b *Budget, x, y Int) (Value, error) {
	if y.Sign() < 0 {
		fx, err := intToFloat(x)
		if err != nil {
			return nil, err
		}
		fy, err := intToFloat(y)
		if err != nil {
			return nil, err
		}
		return floatPow(fx, fy)
	}
	if xi, ok := x.Int64(); ok && xi >= -1 && xi <= 1 {
		switch {
		case y.Sign() == 0 || xi == 1:
			return NewInt(1), nil
		case xi == 0:
			return NewInt(0), nil
		case y.Big().Bit(0) == 0:
			return NewInt(1), nil
		}
		return NewInt(-1), nil
	}
	if err := bigCost(b, mulSize(int64(x.BitLen()), y.clamp())); err != nil {
		return nil, err
	}
	return NewBigInt(new(big.Int).Exp(x.Big(), y.Big(), nil)), nil
}

// intPowMod is pow(x, y, m).
func intPowMod(b *Budget, x, y, m Int) (Value, error) {
	if m.Sign() == 0 {
		return nil, valueError("pow() 3rd argument cannot be 0")
	}
	size := int64(max(x.BitLen(), m.BitLen()))
	if err := bigCost(b, size); err != nil {
		return nil, err
	}
	if err := b.Step(mulSize(int64(y.BitLen()), 1+size*size/(64*64)/8)); err != nil {
		return nil, err
	}
	mod := new(big.Int).Abs(m.Big())
	base, exp := new(big.Int).Mod(x.Big(), mod), y.Big()
	if y.Sign() < 0 {
		if base = new(big.Int).ModInverse(base, mod); base == nil {
			return nil, valueError("base is not invertible for the given modulus")
		}
		exp = new(big.Int).Neg(exp)
	}
	z := new(big.Int).Exp(base, exp, mod)
	z.Mod(z, mod)
	if m.Sign() < 0 && z.Sign() != 0 {
		z.Add(z, m.Big())
	}
	return NewBigInt(z), nil
}

func intShift(b *Budget, op Op, x, y Int) (Value, error) {
	if y.Sign() < 0 {
		return nil, valueError("negative shift count")
	}
	if x.Sign() == 0 {
		return NewInt(0), nil
	}
	n := y.clamp()
	if op == OpRShift {
		if n >= int64(x.BitLen()) {
			if x.Sign() < 0 {
				return NewInt(-1), nil
			}
			return NewInt(0), nil
		}
		if x.b == nil {
			return NewInt(x.i >> uint(n)), nil
		}
		return NewBigInt(new(big.Int).Rsh(x.b, uint(n))), nil
	}
	size := int64(x.BitLen()) + n
	if size < 0 {
		size = math.MaxInt64
	}
	if err := b.Alloc(size / 8); err != nil {
		return nil, err
	}
	if err := b.Step(size / 64); err != nil {
		return nil, err
	}
	return NewBigInt(new(big.Int).Lsh(x.Big(), uint(n))), nil
}

// floatBinary is an operation on two doubles; nil for an operator floats do not have.
func floatBinary(op Op, x, y float64) (Value, error) {
	switch op {
	case OpAdd:
		return Float(x + y), nil
	case OpSub:
		return Float(x - y), nil
	case OpMul:
		return Float(x * y), nil
	case OpDiv:
		if y == 0 {
			return nil, zeroDivision("float division by zero")
		}
		return Float(x / y), nil
	case OpFloorDiv:
		if y == 0 {
			return nil, zeroDivision("float floor division by zero")
		}
		q, _ := floatDivMod(x, y)
		return Float(q), nil
	case OpMod:
		if y == 0 {
			return nil, zeroDivision("float modulo")
		}
		_, m := floatDivMod(x, y)
		return Float(m), nil
	case OpPow:
		return floatPow(x, y)
	}
	return nil, nil
}

// floatDivMod follows _float_div_mod of Objects/floatobject.c.
func floatDivMod(x, y float64) (float64, float64) {
	mod := math.Mod(x, y)
	div := (x - mod) / y
	if mod != 0 {
		if (y < 0) != (mod < 0) {
			mod += y
			div--
		}
	} else {
		mod = math.Copysign(0, y)
	}
	if div == 0 {
		return math.Copysign(0, x/y), mod
	}
	floor := math.Floor(div)
	if div-floor > 0.5 {
		floor++
	}
	return floor, mod
}

// floatPow is x ** y on doubles.
func floatPow(x, y float64) (Value, error) {
	switch {
	case y == 0 || x == 1:
		return Float(1), nil
	case x != x || y != y:
		return Float(math.NaN()), nil
	case math.IsInf(x, 0) || math.IsInf(y, 0):
		return Float(math.Pow(x, y)), nil
	case x == 0:
		if y < 0 {
			return nil, zeroDivision("0.0 cannot be raised to a negative power")
		}
		return Float(math.Pow(x, y)), nil
	case x < 0 && y != math.Trunc(y):
		return nil, unsupported("a negative number raised to a fraction gives a complex number, which is not modelled")
	}
	neg := x < 0 && math.Mod(y, 2) != 0
	f, sure := exactPow(math.Abs(x), y)
	if !sure {
		return nil, unsupported("the last digit of %s ** %s depends on the C library", floatRepr(x), floatRepr(y))
	}
	if math.IsInf(f, 0) {
		return nil, &Exception{
			Type: "OverflowError", Msg: "(34, 'Numerical result out of range')",
			Args: []Value{NewInt(34), Str("Numerical result out of range")},
		}
	}
	if neg {
		f = -f
	}
	return Float(f), nil
}

const powPrec = 200 // bits; the result is rounded to 53

// powDoubt is how far from the middle between two doubles, in units of their distance, a power has to
// be for the C library's pow to round it correctly: its error is bounded by 0.52 such units.
const powDoubt = 0.02

// exactPow is x**y correctly rounded, for positive x, where math.Pow may be off by one in the last
// place; sure is false when the C library's pow may be, too.
func exactPow(x, y float64) (f float64, sure bool) {
	switch approx := math.Pow(x, y); {
	case math.IsInf(approx, 0) && math.Abs(y*math.Log2(x)) > 1100:
		return approx, true
	case approx == 0 && y*math.Log2(x) < -1200:
		return 0, true
	}
	newf := func() *big.Float { return new(big.Float).SetPrec(powPrec) }
	// x**y = 2**n * exp(r) with |r| <= ln(2)/2.
	ln2 := lnSmall(newf().SetInt64(2))
	m, e := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m, e = m*2, e-1
	}
	t := lnSmall(newf().SetFloat64(m))
	t.Add(t, newf().Mul(ln2, newf().SetInt64(int64(e))))
	t.Mul(t, newf().SetFloat64(y))
	nf, _ := newf().Quo(t, ln2).Float64()
	n := math.RoundToEven(nf)
	t.Sub(t, newf().Mul(ln2, newf().SetFloat64(n)))
	sum, term := newf().SetInt64(1), newf().SetInt64(1)
	for i := int64(1); i < 200; i++ {
		term.Mul(term, t)
		term.Quo(term, newf().SetInt64(i))
		if term.Sign() == 0 || term.MantExp(nil) < -powPrec {
			break
		}
		sum.Add(sum, term)
	}
	f, _ = sum.SetMantExp(sum, int(n)).Float64()
	if math.IsInf(f, 0) || f == 0 {
		return f, true
	}
	off := newf().Sub(sum, newf().SetFloat64(f))
	ulp := newf().SetFloat64(math.Nextafter(f, math.Inf(1)) - f)
	d, _ := off.Quo(off.Abs(off), ulp).Float64()
	return f, d < 0.5-powDoubt
}

// lnSmall is the natural logarithm of x in [0.5, 2], by 2·atanh((x-1)/(x+1)).
func lnSmall(x *big.Float) *big.Float {
	newf := func() *big.Float { return new(big.Float).SetPrec(powPrec) }
	one := newf().SetInt64(1)
	z := newf().Quo(newf().Sub(x, one), newf().Add(x, one))
	sq := newf().Mul(z, z)
	sum, p := newf().Set(z), newf().Set(z)
	for i := int64(3); i < 1000; i += 2 {
		p.Mul(p, sq)
		term := newf().Quo(p, newf().SetInt64(i))
		if term.Sign() == 0 || term.MantExp(nil) < sum.MantExp(nil)-powPrec {
			break
		}
		sum.Add(sum, term)
	}
	return sum.Mul(sum, newf().SetInt64(2))
}

// complexBinary is an operation on two complex numbers.
func complexBinary(op Op, x, y complex128) (Value, error) {
	switch op {
	case OpAdd:
		return Complex(x + y), nil
	case OpSub:
		return Complex(x - y), nil
	case OpMul:
		return Complex(complex(real(x)*real(y)-imag(x)*imag(y), real(x)*imag(y)+imag(x)*real(y))), nil
	case OpDiv:
		if y == 0 {
			return nil, zeroDivision("complex division by zero")
		}
		return nil, unsupported("dividing complex numbers is not modelled")
	case OpPow:
		return nil, unsupported("powers of complex numbers are not modelled")
	}
	return nil, nil
}
