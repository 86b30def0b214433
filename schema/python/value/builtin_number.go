package value

import (
	"math"
	"math/big"
	"strings"
	"unicode/utf8"
)

func builtinInt(c *call) (Value, error) {
	if !c.has(0) {
		if c.has(1) {
			return nil, typeError("int() missing string argument")
		}
		return NewInt(0), nil
	}
	v := c.args[0]
	if c.has(1) {
		base, err := needIndex(c.args[1])
		if err != nil {
			return nil, err
		}
		n := base.clamp()
		if n != 0 && (n < 2 || n > 36) {
			return nil, valueError("int() base must be >= 2 and <= 36, or 0")
		}
		switch s := v.(type) {
		case Str:
			return intResult(ParseInt(c.b, string(s), int(n)))
		case Bytes:
			return bytesToInt(c.b, string(s), int(n))
		}
		if IsForeign(v) {
			return nil, foreignError(v, "converting to int")
		}
		return nil, typeError("int() can't convert non-string with explicit base")
	}
	switch x := v.(type) {
	case Bool, Int:
		n, _ := asInt(x)
		return n, nil
	case Float:
		return intResult(floatToInt(float64(x)))
	case Str:
		return intResult(ParseInt(c.b, string(x), 10))
	case Bytes:
		return bytesToInt(c.b, string(x), 10)
	}
	if IsForeign(v) {
		return nil, foreignError(v, "converting to int")
	}
	return nil, typeError("int() argument must be a string, a bytes-like object or a real number, not '%s'", TypeName(v))
}

func intResult(n Int, err error) (Value, error) {
	if err != nil {
		return nil, err
	}
	return n, nil
}

func bytesToInt(b *Budget, s string, base int) (Value, error) {
	if isASCII(s) {
		if n, err := ParseInt(b, s, base); err == nil {
			return n, nil
		} else if e, ok := err.(*Exception); !ok || !strings.HasPrefix(e.Msg, "invalid literal") {
			return nil, err
		}
	}
	r := bytesRepr(s)
	if len(r) > 200 {
		r = r[:200]
	}
	return nil, valueError("invalid literal for int() with base %d: %s", base, r)
}

func builtinFloat(c *call) (Value, error) {
	if !c.has(0) {
		return Float(0), nil
	}
	v := c.args[0]
	if f, ok, err := asFloat(v); ok {
		if err != nil {
			return nil, err
		}
		return Float(f), nil
	}
	var f float64
	var err error
	switch s := v.(type) {
	case Str:
		f, err = ParseFloat(c.b, string(s))
	case Bytes:
		if f, err = ParseFloat(c.b, string(s)); err != nil || !isASCII(string(s)) {
			return nil, valueError("could not convert string to float: %s", bytesRepr(string(s)))
		}
	default:
		if IsForeign(v) {
			return nil, foreignError(v, "converting to float")
		}
		return nil, typeError("float() argument must be a string or a real number, not '%s'", TypeName(v))
	}
	if err != nil {
		return nil, err
	}
	return Float(f), nil
}

func builtinStr(c *call) (Value, error) {
	if !c.has(0) {
		if c.has(1) || c.has(2) {
			return nil, unsupported("str() with an encoding and no object is not modelled")
		}
		return Str(""), nil
	}
	if !c.has(1) && !c.has(2) {
		s, err := ToStr(c.b, c.args[0])
		return Str(s), err
	}
	enc := &call{b: c.b, args: c.args[1:]}
	name, errs, err := codecArgs(enc, "str")
	if err != nil {
		return nil, err
	}
	switch s := c.args[0].(type) {
	case Bytes:
		return decodeBytes(c.b, string(s), name, errs)
	case Str:
		return nil, typeError("decoding str is not supported")
	}
	if IsForeign(c.args[0]) {
		return nil, foreignError(c.args[0], "decoding")
	}
	return nil, typeError("decoding to str: need a bytes-like object, %s found", TypeName(c.args[0]))
}

func builtinBytes(c *call) (Value, error) {
	switch {
	case !c.has(0):
		if c.has(1) {
			return nil, typeError("encoding without a string argument")
		}
		if c.has(2) {
			return nil, typeError("errors without a string argument")
		}
		return Bytes(""), nil
	case c.has(1) || c.has(2):
		s, ok := c.args[0].(Str)
		if !ok {
			if IsForeign(c.args[0]) {
				return nil, foreignError(c.args[0], "encoding")
			}
			for i, what := range []string{"encoding", "errors"} {
				if !c.has(i + 1) {
					continue
				}
				t, err := needStr(c.args[i+1], "bytes() argument '"+what+"' must be str, not %s")
				if err != nil {
					return nil, err
				}
				if !utf8.ValidString(t) {
					return nil, unsupported("an encoding with lone surrogates is not modelled")
				}
				if strings.Contains(t, "\x00") {
					return nil, valueError("embedded null character")
				}
			}
			if c.has(1) {
				return nil, typeError("encoding without a string argument")
			}
			return nil, typeError("errors without a string argument")
		}
		return encodeAs(&call{b: c.b, recv: s, args: c.args[1:]}, "bytes")
	}
	switch v := c.args[0].(type) {
	case Str:
		return nil, typeError("string argument without an encoding")
	case Bool, Int:
		n, _ := asInt(v)
		size, ok := n.Int64()
		switch {
		case !ok:
			return nil, NewException("OverflowError", "cannot fit 'int' into an index-sized integer")
		case size < 0:
			return nil, valueError("negative count")
		}
		if err := c.b.Alloc(size); err != nil {
			return nil, err
		}
		return Bytes(make([]byte, size)), nil
	}
	s, err := bytesFrom(c.b, c.args[0], "cannot convert '%s' object to bytes")
	return Bytes(s), err
}

func builtinComplex(c *call) (Value, error) {
	if _, ok := arg(c, 0).(Str); ok {
		return nil, unsupported("complex() of a string is not modelled")
	}
	if _, ok := arg(c, 1).(Str); ok {
		return nil, typeError("complex() second arg can't be a string")
	}
	for i, what := range []string{"first argument must be a string or a number", "second argument must be a number"} {
		if !c.has(i) {
			continue
		}
		if IsForeign(c.args[i]) {
			return nil, foreignError(c.args[i], "converting to complex")
		}
		if !isNumber(c.args[i]) {
			return nil, typeError("complex() %s, not '%s'", what, TypeName(c.args[i]))
		}
	}
	part := func(i int) (complex128, error) {
		if !c.has(i) {
			return 0, nil
		}
		return asComplex(c.args[i])
	}
	re, err := part(0)
	if err != nil {
		return nil, err
	}
	im, err := part(1)
	if err != nil {
		return nil, err
	}
	// A part that was not complex adds nothing, not even to the sign of a zero.
	z := complex(real(re), real(im))
	if _, ok := arg(c, 0).(Complex); ok {
		z = complex(real(z), imag(re)+imag(z))
		if !c.has(1) {
			z = re
		}
	}
	if _, ok := arg(c, 1).(Complex); ok {
		z = complex(real(z)-imag(im), imag(z))
	}
	return Complex(z), nil
}

func builtinAbs(c *call) (Value, error) {
	if n, ok := asInt(c.args[0]); ok {
		if n.Sign() < 0 {
			return intBinary(c.b, OpSub, Int{}, n)
		}
		return n, nil
	}
	switch x := c.args[0].(type) {
	case Float:
		return Float(math.Abs(float64(x))), nil
	case Complex:
		return Float(math.Hypot(real(x), imag(x))), nil
	}
	if IsForeign(c.args[0]) {
		return nil, foreignError(c.args[0], "computing with")
	}
	return nil, typeError("bad operand type for abs(): '%s'", TypeName(c.args[0]))
}

func builtinBase(base int, prefix string) func(c *call) (Value, error) {
	return func(c *call) (Value, error) {
		n, err := needIndex(c.args[0])
		if err != nil {
			return nil, err
		}
		s, err := intDigits(c.b, n, base)
		if n.Sign() < 0 {
			prefix := "-" + prefix
			return Str(prefix + s), err
		}
		return Str(prefix + s), err
	}
}

func builtinChr(c *call) (Value, error) {
	n, err := needCInt(c.args[0])
	if err != nil {
		return nil, err
	}
	if n < 0 || n > utf8.MaxRune {
		return nil, valueError("chr() arg not in range(0x110000)")
	}
	return Str(runeString(rune(n))), nil
}

func builtinOrd(c *call) (Value, error) {
	switch s := c.args[0].(type) {
	case Str:
		if n := runeLen(string(s)); n != 1 {
			return nil, typeError("ord() expected a character, but string of length %d found", n)
		}
		r, _ := nextRune(string(s))
		return NewInt(int64(r)), nil
	case Bytes:
		if len(s) != 1 {
			return nil, typeError("ord() expected a character, but string of length %d found", len(s))
		}
		return NewInt(int64(s[0])), nil
	}
	if IsForeign(c.args[0]) {
		return nil, foreignError(c.args[0], "taking the code of")
	}
	return nil, typeError("ord() expected string of length 1, but %s found", TypeName(c.args[0]))
}

func builtinDivmod(c *call) (Value, error) {
	x, y := c.args[0], c.args[1]
	n, ok1 := asInt(x)
	m, ok2 := asInt(y)
	if ok1 && ok2 {
		q, r, err := intDivMod(c.b, n, m)
		return NewTuple(q, r), err
	}
	fx, ok1, err1 := asFloat(x)
	fy, ok2, err2 := asFloat(y)
	switch {
	case IsForeign(x):
		return nil, foreignError(x, "computing with")
	case IsForeign(y):
		return nil, foreignError(y, "computing with")
	case !ok1 || !ok2:
		return nil, typeError("unsupported operand type(s) for divmod(): '%s' and '%s'", TypeName(x), TypeName(y))
	case err1 != nil:
		return nil, err1
	case err2 != nil:
		return nil, err2
	case fy == 0:
		return nil, zeroDivision("float divmod()")
	}
	q, r := floatDivMod(fx, fy)
	return NewTuple(Float(q), Float(r)), nil
}

func builtinPow(c *call) (Value, error) {
	if _, none := arg(c, 2).(NoneType); none {
		return Binary(c.b, OpPow, c.args[0], c.args[1])
	}
	var n [3]Int
	for i, a := range c.args {
		var ok bool
		if n[i], ok = asInt(a); ok {
			continue
		}
		if IsForeign(a) {
			return nil, foreignError(a, "computing with")
		}
		for _, a := range c.args {
			switch {
			case IsForeign(a):
				return nil, foreignError(a, "computing with")
			case TypeName(a) == "float":
				return nil, typeError("pow() 3rd argument not allowed unless all arguments are integers")
			case TypeName(a) == "complex":
				return nil, unsupported("pow of complex numbers is not modelled")
			}
		}
		return nil, typeError("unsupported operand type(s) for ** or pow(): '%s', '%s', '%s'",
			TypeName(c.args[0]), TypeName(c.args[1]), TypeName(c.args[2]))
	}
	return intPowMod(c.b, n[0], n[1], n[2])
}

func builtinRound(c *call) (Value, error) {
	x := c.args[0]
	_, none := arg(c, 1).(NoneType)
	digits := Int{}
	if isFloat := func() bool { _, ok := x.(Float); return ok }(); !none && (isFloat || isNumber(x)) {
		var err error
		if digits, err = needIndex(c.args[1]); err != nil {
			return nil, err
		}
	}
	if n, ok := asInt(x); ok {
		if none || digits.Sign() >= 0 {
			return n, nil
		}
		return roundInt(c.b, n, digits)
	}
	if f, ok := x.(Float); ok {
		if none {
			return intResult(floatToInt(roundIfFinite(float64(f))))
		}
		r, err := roundFloat(float64(f), digits)
		return Float(r), err
	}
	if IsForeign(x) {
		return nil, foreignError(x, "rounding")
	}
	return nil, typeError("type %s doesn't define __round__ method", TypeName(x))
}

func roundIfFinite(f float64) float64 {
	if math.IsInf(f, 0) || f != f {
		return f
	}
	return math.RoundToEven(f)
}

func roundInt(b *Budget, n, digits Int) (Value, error) {
	d := max(digits.clamp(), -math.MaxInt64)
	if err := bigCost(b, mulSize(4, -d)); err != nil { // CPython works the power of ten out, too
		return nil, err
	}
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(-d), nil)
	q := ratRound(new(big.Rat).SetInt(n.Big()), unit)
	return NewBigInt(q.Mul(q, unit)), nil
}
