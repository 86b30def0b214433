package value

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

// maxIntDigits is how many decimal digits CPython converts between int and str.
const maxIntDigits = 4300

// asInt is the number of an int or a bool.
func asInt(v Value) (Int, bool) {
	switch v := v.(type) {
	case Int:
		return v, true
	case Bool:
		if v {
			return Int{i: 1}, true
		}
		return Int{}, true
	}
	return Int{}, false
}

// needIndex is operator.index(v).
func needIndex(v Value) (Int, error) {
	if n, ok := asInt(v); ok {
		return n, nil
	}
	if IsForeign(v) {
		return Int{}, foreignError(v, "counting with")
	}
	return Int{}, typeError("'%s' object cannot be interpreted as an integer", TypeName(v))
}

// needSize is an argument of C type Py_ssize_t.
func needSize(v Value) (int, error) {
	n, err := needIndex(v)
	if err != nil {
		return 0, err
	}
	i, ok := n.Int64()
	if !ok {
		return 0, NewException("OverflowError", "Python int too large to convert to C ssize_t")
	}
	return int(i), nil
}

// needCInt is an argument of C type int.
func needCInt(v Value) (int, error) {
	n, err := needIndex(v)
	if err != nil {
		return 0, err
	}
	i, ok := n.Int64()
	switch {
	case !ok, i > math.MaxInt32, i < math.MinInt32:
		return 0, NewException("OverflowError", "Python int too large to convert to C int")
	}
	return int(i), nil
}

// intText is the decimal form, within CPython's limit of digits.
func intText(n Int) (string, error) {
	if n.b == nil {
		return strconv.FormatInt(n.i, 10), nil
	}
	if n.b.BitLen() > maxIntDigits*4 {
		return "", intDigitsError()
	}
	s := n.b.String()
	if len(strings.TrimPrefix(s, "-")) > maxIntDigits {
		return "", intDigitsError()
	}
	return s, nil
}

func intDigitsError() error {
	return valueError("Exceeds the limit (%d digits) for integer string conversion; use sys.set_int_max_str_digits() to increase the limit", maxIntDigits)
}

// intFromFloat is the integer part of a finite double.
func intFromFloat(f float64) Int {
	f = math.Trunc(f)
	if f >= -(1<<62) && f <= 1<<62 {
		return NewInt(int64(f))
	}
	z, _ := big.NewFloat(f).Int(nil)
	return NewBigInt(z)
}

// intToFloat rounds half to even, as float(n) does.
func intToFloat(n Int) (float64, error) {
	if n.b == nil {
		return float64(n.i), nil
	}
	if n.b.BitLen() <= 1024 {
		if f, _ := new(big.Float).SetInt(n.b).Float64(); !math.IsInf(f, 0) {
			return f, nil
		}
	}
	return 0, NewException("OverflowError", "int too large to convert to float")
}

// asFloat is the double of a real number; ok is false for other values.
func asFloat(v Value) (f float64, ok bool, err error) {
	if x, isFloat := v.(Float); isFloat {
		return float64(x), true, nil
	}
	n, isInt := asInt(v)
	if !isInt {
		return 0, false, nil
	}
	f, err = intToFloat(n)
	return f, true, err
}

// floatRepr is repr of a double: the shortest text that reads back the same.
func floatRepr(f float64) string { return floatShort(f, true) }

func floatShort(f float64, addDot bool) string {
	switch {
	case f != f:
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	s := strconv.FormatFloat(f, 'e', -1, 64)
	mant, exp, _ := strings.Cut(s, "e")
	e, _ := strconv.Atoi(exp)
	if e < -4 || e >= 16 {
		return mant + "e" + expText(e)
	}
	s = strconv.FormatFloat(f, 'f', -1, 64)
	if addDot && !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// expText is an exponent with a sign and at least two digits.
func expText(e int) string {
	sign := "+"
	if e < 0 {
		sign, e = "-", -e
	}
	s := strconv.Itoa(e)
	if len(s) < 2 {
		s = "0" + s
	}
	return sign + s
}

func complexRepr(c complex128) string {
	re, im := real(c), imag(c)
	ims := floatShort(im, false) + "j"
	if re == 0 && !math.Signbit(re) {
		return ims
	}
	if !strings.HasPrefix(ims, "-") {
		ims = "+" + ims
	}
	return "(" + floatShort(re, false) + ims + ")"
}

// ParseInt reads what int(s, base) reads, whose error names the whole argument.
func ParseInt(b *Budget, s string, base int) (Int, error) {
	fail := func() (Int, error) {
		return Int{}, valueError("invalid literal for int() with base %d: %s", base, truncRepr(s))
	}
	if base != 0 && (base < 2 || base > 36) {
		return Int{}, valueError("int() base must be >= 2 and <= 36, or 0")
	}
	if err := b.text(len(s)); err != nil {
		return Int{}, err
	}
	t, ok := asciiDigits(s)
	if !ok {
		return fail()
	}
	t = strings.Trim(t, asciiSpace)
	neg := false
	if t != "" && (t[0] == '-' || t[0] == '+') {
		neg, t = t[0] == '-', t[1:]
	}
	zeroBase := base == 0
	use := base
	prefixed := 0
	if len(t) >= 2 && t[0] == '0' {
		switch t[1] | 0x20 {
		case 'x':
			prefixed = 16
		case 'o':
			prefixed = 8
		case 'b':
			prefixed = 2
		}
	}
	switch {
	case prefixed != 0 && (zeroBase || base == prefixed):
		use, t = prefixed, t[2:]
		t = strings.TrimPrefix(t, "_")
	case zeroBase:
		use = 10
	}
	digits := make([]byte, 0, len(t))
	under := true // an underscore may not come here
	for i := range len(t) {
		c := t[i]
		if c == '_' {
			if under {
				return fail()
			}
			under = true
			continue
		}
		if d := digitValue(c); d >= use {
			return fail()
		}
		under = false
		digits = append(digits, c)
	}
	if under {
		return fail()
	}
	if zeroBase && use == 10 && digits[0] == '0' && strings.Trim(string(digits), "0") != "" {
		return fail()
	}
	if use&(use-1) != 0 && len(digits) > maxIntDigits {
		return Int{}, valueError("Exceeds the limit (%d digits) for integer string conversion: value has %d digits; use sys.set_int_max_str_digits() to increase the limit", maxIntDigits, len(digits))
	}
	z, ok := new(big.Int).SetString(string(digits), use)
	if !ok {
		return fail()
	}
	if neg {
		z.Neg(z)
	}
	return NewBigInt(z), nil
}

func digitValue(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'z':
		return int(c|0x20-'a') + 10
	}
	return 99
}

// truncRepr is repr cut to 200 characters ("%.200R").
func truncRepr(s string) string {
	r := strRepr(s)
	if runeLen(r) > 200 {
		r = substring(r, 0, 200)
	}
	return r
}

// asciiSpace is what str.strip takes for white space among ASCII characters.
const asciiSpace = " \t\n\r\v\f\x1c\x1d\x1e\x1f"

// asciiDigits turns other alphabets' digits into ASCII ones and their white space into spaces; ok
// is false when anything else is outside ASCII.
func asciiDigits(s string) (string, bool) {
	if isASCII(s) {
		return s, true
	}
	ok := true
	out := mapRunes(s, func(r rune) string {
		switch {
		case r < 0x80:
			return string(r)
		case isSpace(r):
			return " "
		}
		if d := decimalDigit(r); d >= 0 {
			return strconv.Itoa(d)
		}
		ok = false
		return "?"
	})
	return out, ok
}

// ParseFloat reads what float(s) reads.
func ParseFloat(b *Budget, s string) (float64, error) {
	if err := b.text(len(s)); err != nil {
		return 0, err
	}
	if t, ok := asciiDigits(s); ok {
		if f, ok := parseFloatASCII(strings.Trim(t, asciiSpace)); ok {
			return f, nil
		}
	}
	return 0, valueError("could not convert string to float: %s", strRepr(s))
}

func parseFloatASCII(t string) (float64, bool) {
	digit := func(i int) bool { return i >= 0 && i < len(t) && t[i] >= '0' && t[i] <= '9' }
	for i := range len(t) {
		switch c := t[i]; {
		case c == '_':
			if !digit(i-1) || !digit(i+1) {
				return 0, false
			}
		case c == 'x' || c == 'X' || c == 'p' || c == 'P':
			return 0, false
		}
	}
	t = strings.ReplaceAll(t, "_", "")
	body := t
	if body != "" && (body[0] == '+' || body[0] == '-') {
		body = body[1:]
	}
	switch strings.ToLower(body) {
	case "inf", "infinity":
		return math.Inf(1 - 2*strings.Count(t[:1], "-")), true
	case "nan":
		return math.NaN(), true
	}
	if body == "" || body[0] != '.' && (body[0] < '0' || body[0] > '9') {
		return 0, false
	}
	f, err := strconv.ParseFloat(t, 64)
	if err != nil && !math.IsInf(f, 0) {
		return 0, false
	}
	return f, true
}

// roundFloat is round(f, digits), correctly rounded from the exact value.
func roundFloat(f float64, digits Int) (float64, error) {
	if f != f || math.IsInf(f, 0) || f == 0 {
		return f, nil
	}
	d := digits.clamp()
	if d > 323 {
		return f, nil
	}
	if d < -308 {
		return 0 * f, nil
	}
	if d >= 0 {
		r, err := strconv.ParseFloat(strconv.FormatFloat(f, 'f', int(d), 64), 64)
		if err != nil {
			return 0, NewException("OverflowError", "rounded value too large to represent")
		}
		return r, nil
	}
	// FormatFloat has no negative precision: round the exact value to a power of ten.
	exact, _ := new(big.Float).SetFloat64(f).Rat(nil)
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(-d), nil)
	q := ratRound(exact, unit)
	r, _ := new(big.Float).SetInt(q.Mul(q, unit)).Float64()
	if math.IsInf(r, 0) {
		return 0, NewException("OverflowError", "rounded value too large to represent")
	}
	if r == 0 {
		return math.Copysign(0, f), nil
	}
	return r, nil
}

// ratRound is x/unit rounded to an integer, half to even.
func ratRound(x *big.Rat, unit *big.Int) *big.Int {
	den := new(big.Int).Mul(x.Denom(), unit)
	q, r := new(big.Int).DivMod(x.Num(), den, new(big.Int))
	switch c := r.Lsh(r, 1).Cmp(den); {
	case c > 0, c == 0 && q.Bit(0) == 1:
		q.Add(q, big.NewInt(1))
	}
	return q
}
