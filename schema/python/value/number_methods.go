package value

import (
	"fmt"
	"math"
	"math/big"
	"math/bits"
	"strings"
)

func intOf(c *call) Int {
	n, _ := asInt(c.recv)
	return n
}

func intMethods() map[string]method {
	self := noArgs(func(c *call) (Value, error) { return intOf(c), nil })
	return map[string]method{
		"as_integer_ratio": noArgs(func(c *call) (Value, error) { return NewTuple(intOf(c), NewInt(1)), nil }),
		"bit_count": noArgs(func(c *call) (Value, error) {
			n := 0
			for _, w := range intOf(c).Big().Bits() {
				n += bits.OnesCount(uint(w))
			}
			return NewInt(int64(n)), nil
		}),
		"bit_length": noArgs(func(c *call) (Value, error) { return NewInt(int64(intOf(c).BitLen())), nil }),
		"conjugate":  self,
		"to_bytes":   kwOnlyArgs(0, 1, []string{"length", "byteorder", "signed"}, intToBytes),
	}
}

func byteOrder(c *call, i int, fn string) (big bool, err error) {
	if !c.has(i) {
		return true, nil
	}
	s, err := needStr(c.args[i], fn+"() argument 'byteorder' must be str, not %s")
	switch {
	case err != nil:
		return false, err
	case s == "big":
		return true, nil
	case s == "little":
		return false, nil
	}
	return false, valueError("byteorder must be either 'little' or 'big'")
}

func intToBytes(c *call) (Value, error) {
	length := 1
	var err error
	if c.has(0) {
		if length, err = needSize(c.args[0]); err != nil {
			return nil, err
		}
	}
	bigEnd, err := byteOrder(c, 1, "to_bytes")
	if err != nil {
		return nil, err
	}
	signed, err := Truth(c.b, arg(c, 2))
	if err != nil {
		return nil, err
	}
	n := intOf(c)
	if length < 0 {
		return nil, valueError("length argument must be non-negative")
	}
	if n.Sign() < 0 && !signed {
		return nil, NewException("OverflowError", "can't convert negative int to unsigned")
	}
	if err := c.b.text(length); err != nil {
		return nil, err
	}
	z := n.Big()
	need := z.BitLen()
	if signed {
		if z.Sign() < 0 {
			need = new(big.Int).Not(z).BitLen()
		}
		need++
	}
	// Into no bytes at all CPython puts 0, and -1 as well.
	empty := length == 0 && (z.Sign() == 0 || z.IsInt64() && z.Int64() == -1)
	if need > length*8 && !empty {
		return nil, NewException("OverflowError", "int too big to convert")
	}
	if empty {
		return Bytes(""), nil
	}
	if z.Sign() < 0 {
		z = new(big.Int).Add(z, new(big.Int).Lsh(big.NewInt(1), uint(length)*8))
	}
	out := z.FillBytes(make([]byte, length))
	if !bigEnd {
		reverseBytes(out)
	}
	return Bytes(out), nil
}

func reverseBytes(s []byte) {
	for i, j := 0, len(s)-1; i < j; i, j = i+1, j-1 {
		s[i], s[j] = s[j], s[i]
	}
}

func intFromBytes(c *call) (Value, error) {
	raw, err := bytesFrom(c.b, c.args[0], "cannot convert '%s' object to bytes")
	if err != nil {
		return nil, err
	}
	bigEnd, err := byteOrder(c, 1, "from_bytes")
	if err != nil {
		return nil, err
	}
	signed, err := Truth(c.b, arg(c, 2))
	if err != nil {
		return nil, err
	}
	buf := []byte(raw)
	if !bigEnd {
		reverseBytes(buf)
	}
	z := new(big.Int).SetBytes(buf)
	if signed && len(buf) > 0 && buf[0] >= 0x80 {
		z.Sub(z, new(big.Int).Lsh(big.NewInt(1), uint(len(buf))*8))
	}
	n := NewBigInt(z)
	if c.recv == Value(True) {
		return Bool(n.Sign() != 0), nil
	}
	return n, nil
}

func floatMethods() map[string]method {
	f := func(c *call) float64 { return float64(c.recv.(Float)) }
	return map[string]method{
		"as_integer_ratio": noArgs(func(c *call) (Value, error) {
			x := f(c)
			switch {
			case x != x:
				return nil, valueError("cannot convert NaN to integer ratio")
			case math.IsInf(x, 0):
				return nil, NewException("OverflowError", "cannot convert Infinity to integer ratio")
			}
			r := new(big.Rat).SetFloat64(x)
			return NewTuple(NewBigInt(new(big.Int).Set(r.Num())), NewBigInt(new(big.Int).Set(r.Denom()))), nil
		}),
		"conjugate":  noArgs(func(c *call) (Value, error) { return c.recv, nil }),
		"hex":        noArgs(func(c *call) (Value, error) { return Str(floatHex(f(c))), nil }),
		"is_integer": noArgs(func(c *call) (Value, error) { x := f(c); return Bool(x == math.Trunc(x) && !math.IsInf(x, 0)), nil }),
	}
}

func floatHex(x float64) string {
	if x != x || math.IsInf(x, 0) {
		return floatRepr(x)
	}
	u := math.Float64bits(x)
	exp, frac := int(u>>52)&0x7ff, u&(1<<52-1)
	sign, lead := "", 1
	if math.Signbit(x) {
		sign = "-"
	}
	switch {
	case exp == 0 && frac == 0:
		return sign + "0x0.0p+0"
	case exp == 0:
		lead, exp = 0, 1
	}
	return fmt.Sprintf("%s0x%d.%013xp%+d", sign, lead, frac, exp-1023)
}

func floatFromhex(c *call) (Value, error) {
	s, err := needStr(c.args[0], "fromhex() argument must be str, not %s")
	if err != nil {
		return nil, err
	}
	return nil, unsupported("float.fromhex(%s) is not modelled", truncRepr(s))
}

func complexMethods() map[string]method {
	return map[string]method{
		"conjugate": noArgs(func(c *call) (Value, error) {
			z := c.recv.(Complex)
			return Complex(complex(real(z), -imag(z))), nil
		}),
	}
}

func sliceMethods() map[string]method {
	return map[string]method{
		"indices": oneArg(func(c *call) (Value, error) {
			n, err := needIndex(c.args[0])
			if err != nil {
				return nil, err
			}
			if n.Sign() < 0 {
				return nil, valueError("length should not be negative")
			}
			length, ok := n.Int64()
			if !ok || length > 1<<40 {
				return nil, unsupported("the indices of a slice of %s elements are not modelled", n.Big())
			}
			start, stop, step, _, err := c.recv.(*Slice).indices(int(length))
			return NewTuple(NewInt(int64(start)), NewInt(int64(stop)), NewInt(int64(step))), err
		}),
	}
}

// bytesFrom is bytes(v) for the functions that take any bytes-like object or iterable of integers.
func bytesFrom(b *Budget, v Value, msg string) (string, error) {
	if s, ok := v.(Bytes); ok {
		return string(s), nil
	}
	if _, ok := v.(Str); ok {
		return "", typeError(msg, TypeName(v))
	}
	elems, err := Collect(b, v)
	if err != nil {
		if e, ok := err.(*Exception); ok && e.Type == "TypeError" {
			return "", typeError(msg, TypeName(v))
		}
		return "", err
	}
	var sb strings.Builder
	for _, e := range elems {
		n, err := needIndex(e)
		if err != nil {
			return "", err
		}
		i, ok := n.Int64()
		if !ok || i < 0 || i > 255 {
			return "", valueError("bytes must be in range(0, 256)")
		}
		sb.WriteByte(byte(i))
	}
	return sb.String(), nil
}
