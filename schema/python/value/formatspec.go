package value

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// formatSpec is a parsed format specification: [[fill]align][sign][z][#][0][width][,_][.prec][type].
type formatSpec struct {
	fill  rune
	align byte // '<' '>' '^' '=' or 0
	sign  byte // '+' '-' ' ' or 0
	noNeg bool // z: a negative zero loses its sign
	alt   bool
	width int
	comma byte // ',' or '_' or 0
	prec  int  // -1 when absent
	typ   rune // 0 when absent
}

// Format is format(v, spec).
func Format(b *Budget, v Value, spec string) (string, error) {
	b = b.orNew()
	if f, ok := v.(Formatter); ok {
		return f.PyFormat(b, spec)
	}
	if IsForeign(v) {
		return "", foreignError(v, "formatting")
	}
	if spec == "" {
		return ToStr(b, v)
	}
	if err := b.Step(int64(len(spec))/16 + 1); err != nil {
		return "", err
	}
	switch x := v.(type) {
	case Str:
		f, err := parseSpec(spec, '<', 's', "str")
		if err != nil {
			return "", err
		}
		return f.str(b, string(x))
	case Bool, Int:
		n, _ := asInt(v)
		f, err := parseSpec(spec, '>', 'd', v.TypeName())
		if err != nil {
			return "", err
		}
		return f.int(b, n, v.TypeName())
	case Float:
		f, err := parseSpec(spec, '>', 0, "float")
		if err != nil {
			return "", err
		}
		return f.float(b, float64(x), "float")
	case Complex:
		return "", unsupported("formatting a complex number with a format spec is not modelled")
	}
	return "", typeError("unsupported format string passed to %s.__format__", v.TypeName())
}

func isAlign(r rune) bool { return r == '<' || r == '>' || r == '=' || r == '^' }

// parseSpec reads a format specification; dflt is the type's alignment, typ its presentation type.
func parseSpec(spec string, dflt byte, typ rune, typeName string) (*formatSpec, error) {
	rs := decodeRunes(spec)
	f := &formatSpec{fill: ' ', align: dflt, prec: -1, typ: typ}
	at := func(i int) rune {
		if i < len(rs) {
			return rs[i]
		}
		return -1
	}
	pos := 0
	fillSet, alignSet := false, false
	switch {
	case len(rs) >= 2 && isAlign(rs[1]):
		f.fill, f.align, pos = rs[0], byte(rs[1]), 2
		fillSet, alignSet = true, true
	case isAlign(at(0)):
		f.align, pos, alignSet = byte(rs[0]), 1, true
	}
	if c := at(pos); c == ' ' || c == '+' || c == '-' {
		f.sign = byte(c)
		pos++
	}
	if at(pos) == 'z' {
		f.noNeg = true
		pos++
	}
	if at(pos) == '#' {
		f.alt = true
		pos++
	}
	if !fillSet && at(pos) == '0' {
		f.fill = '0'
		if !alignSet && dflt == '>' {
			f.align = '='
		}
		pos++
	}
	number := func() (int, bool, error) {
		n, start := 0, pos
		for ; decimalDigitAt(rs, pos) >= 0; pos++ {
			d := decimalDigitAt(rs, pos)
			if n > (math.MaxInt64-d)/10 {
				return 0, false, valueError("Too many decimal digits in format string")
			}
			n = n*10 + d
		}
		return n, pos > start, nil
	}
	var err error
	if f.width, _, err = number(); err != nil {
		return nil, err
	}
	both := func() error { return valueError("Cannot specify both ',' and '_'.") }
	if at(pos) == ',' {
		f.comma = ','
		pos++
	}
	if at(pos) == '_' {
		if f.comma != 0 {
			return nil, both()
		}
		f.comma = '_'
		pos++
	}
	if at(pos) == ',' && f.comma == '_' {
		return nil, both()
	}
	if at(pos) == '.' {
		pos++
		n, some, err := number()
		if err != nil {
			return nil, err
		}
		if !some {
			return nil, valueError("Format specifier missing precision")
		}
		f.prec = n
	}
	if len(rs)-pos > 1 {
		return nil, valueError("Invalid format specifier '%s' for object of type '%s'", spec, typeName)
	}
	if pos < len(rs) {
		f.typ = rs[pos]
	}
	if f.comma != 0 {
		ok := f.typ == 0 || strings.ContainsRune("defgEG%F", f.typ) || f.comma == '_' && strings.ContainsRune("boxX", f.typ)
		if !ok {
			if f.typ > 32 && f.typ < 128 {
				return nil, valueError("Cannot specify '%c' with '%c'.", f.comma, f.typ)
			}
			return nil, valueError("Cannot specify '%c' with '\\x%x'.", f.comma, f.typ)
		}
	}
	return f, nil
}

func decimalDigitAt(rs []rune, i int) int {
	if i >= len(rs) {
		return -1
	}
	return decimalDigit(rs[i])
}

func (f *formatSpec) unknown(typeName string) error {
	if f.typ > 32 && f.typ < 128 {
		return valueError("Unknown format code '%c' for object of type '%s'", f.typ, typeName)
	}
	return valueError("Unknown format code '\\x%x' for object of type '%s'", f.typ, typeName)
}

func (f *formatSpec) str(b *Budget, s string) (string, error) {
	if f.typ != 's' {
		return "", f.unknown("str")
	}
	switch {
	case f.sign == ' ':
		return "", valueError("Space not allowed in string format specifier")
	case f.sign != 0:
		return "", valueError("Sign not allowed in string format specifier")
	case f.noNeg:
		return "", valueError("Negative zero coercion (z) not allowed in string format specifier")
	case f.alt:
		return "", valueError("Alternate form (#) not allowed in string format specifier")
	case f.align == '=':
		return "", valueError("'=' alignment not allowed in string format specifier")
	}
	n := runeLen(s)
	if f.prec >= 0 && f.prec < n {
		s, n = substring(s, 0, f.prec), f.prec
	}
	return f.pad(b, s, n)
}

// pad brings text of n characters to the width.
func (f *formatSpec) pad(b *Budget, s string, n int) (string, error) {
	if err := b.text(len(s)); err != nil || f.width <= n {
		return s, err
	}
	fill := runeString(f.fill)
	pad := f.width - n
	if err := b.Alloc(mulSize(int64(pad), int64(len(fill)))); err != nil {
		return "", err
	}
	left := 0
	switch f.align {
	case '>', '=':
		left = pad
	case '^':
		left = pad / 2
	}
	return strings.Repeat(fill, left) + s + strings.Repeat(fill, pad-left), nil
}

func (f *formatSpec) int(b *Budget, n Int, typeName string) (string, error) {
	switch f.typ {
	case 'e', 'E', 'f', 'F', 'g', 'G', '%':
		x, err := intToFloat(n)
		if err != nil {
			return "", err
		}
		return f.float(b, x, typeName)
	case 'd', 'n', 'b', 'o', 'x', 'X', 'c':
	default:
		return "", f.unknown(typeName)
	}
	if f.prec >= 0 {
		return "", valueError("Precision not allowed in integer format specifier")
	}
	if f.noNeg {
		return "", valueError("Negative zero coercion (z) not allowed in integer format specifier")
	}
	if f.typ == 'c' {
		if f.sign != 0 {
			return "", valueError("Sign not allowed with integer format specifier 'c'")
		}
		if f.alt {
			return "", valueError("Alternate form (#) not allowed with integer format specifier 'c'")
		}
		cp, ok := n.Int64()
		if !ok {
			return "", NewException("OverflowError", "Python int too large to convert to C long")
		}
		if cp < 0 || cp > utf8.MaxRune {
			return "", NewException("OverflowError", "%%c arg not in range(0x110000)")
		}
		return f.number(b, false, "", "", runeString(rune(cp)))
	}
	base, prefix := 10, ""
	switch f.typ {
	case 'b':
		base, prefix = 2, "0b"
	case 'o':
		base, prefix = 8, "0o"
	case 'x', 'X':
		base, prefix = 16, "0"+string(f.typ)
	}
	if !f.alt || base == 10 {
		prefix = ""
	}
	digits, err := intDigits(b, n, base)
	if err != nil {
		return "", err
	}
	if f.typ == 'X' {
		digits = strings.ToUpper(digits)
	}
	return f.number(b, n.Sign() < 0, prefix, digits, "")
}

// intDigits is the absolute value in a base.
func intDigits(b *Budget, n Int, base int) (string, error) {
	if err := b.text(n.BitLen()); err != nil {
		return "", err
	}
	if base == 10 {
		s, err := intText(n)
		return strings.TrimPrefix(s, "-"), err
	}
	return new(big.Int).Abs(n.Big()).Text(base), nil
}

func (f *formatSpec) float(b *Budget, x float64, typeName string) (string, error) {
	typ, prec, dot0 := byte('r'), f.prec, false
	switch {
	case f.typ == 0:
		dot0 = true
		if prec >= 0 {
			typ = 'g'
		}
	case f.typ == 'n':
		typ = 'g'
	case f.typ < 0x80 && strings.ContainsRune("eEfFgG%", f.typ):
		typ = byte(f.typ)
	default:
		return "", f.unknown(typeName)
	}
	if typ != 'r' && prec < 0 {
		prec = 6
	}
	if prec > math.MaxInt32 {
		return "", valueError("precision too big")
	}
	percent := ""
	if typ == '%' {
		x, typ, percent = x*100, 'f', "%"
	}
	s, err := fmtFloat(b, math.Abs(x), typ, prec, f.alt, dot0)
	if err != nil {
		return "", err
	}
	neg := math.Signbit(x) && x == x
	if f.noNeg && strings.Trim(strings.SplitN(strings.ToLower(s), "e", 2)[0], "0.") == "" {
		neg = false
	}
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return f.number(b, neg, "", s[:i], s[i:]+percent)
}

// fmtFloat writes a double that is not negative as PyOS_double_to_string does: e, f, g or r.
func fmtFloat(b *Budget, x float64, typ byte, prec int, alt, dot0 bool) (string, error) {
	up := typ >= 'A' && typ <= 'Z'
	typ |= 0x20
	s := ""
	switch {
	case x != x:
		s = "nan"
	case math.IsInf(x, 0):
		s = "inf"
	case typ == 'f':
		if err := b.text(prec + 400); err != nil {
			return "", err
		}
		s = strconv.FormatFloat(x, 'f', prec, 64)
		if alt && prec == 0 {
			s += "."
		}
	case typ == 'e':
		if err := b.text(prec + 10); err != nil {
			return "", err
		}
		mant, exp, _ := strings.Cut(strconv.FormatFloat(x, 'e', prec, 64), "e")
		if alt && prec == 0 {
			mant += "."
		}
		e, _ := strconv.Atoi(exp)
		s = mant + "e" + expText(e)
	default:
		var err error
		if s, err = fmtGeneral(b, x, typ, prec, alt, dot0); err != nil {
			return "", err
		}
	}
	if up {
		s = strings.ToUpper(s)
	}
	return s, nil
}

// fmtGeneral is fmtFloat for g, and for r, the shortest text that reads back the same.
func fmtGeneral(b *Budget, x float64, typ byte, prec int, alt, dot0 bool) (string, error) {
	limit := 16
	digits := -1
	if typ == 'g' {
		if prec == 0 {
			prec = 1
		}
		digits = prec - 1
		limit = prec
		if dot0 {
			limit--
		}
		if alt {
			if err := b.text(prec + 10); err != nil {
				return "", err
			}
		} else {
			digits = min(digits, 1200) // a double has no more digits than this
		}
	}
	mant, exp, _ := strings.Cut(strconv.FormatFloat(x, 'e', digits, 64), "e")
	e, _ := strconv.Atoi(exp)
	ds := strings.Replace(mant, ".", "", 1)
	if typ != 'g' || !alt {
		ds = ds[:1] + strings.TrimRight(ds[1:], "0")
	}
	if e < -4 || e+1 > limit {
		s := ds[:1]
		if len(ds) > 1 || alt {
			s += "." + ds[1:]
		}
		return s + "e" + expText(e), nil
	}
	var s string
	switch point := e + 1; {
	case point <= 0:
		s = "0." + strings.Repeat("0", -point) + ds
	case point >= len(ds):
		s = ds + strings.Repeat("0", point-len(ds))
		if dot0 {
			s += ".0"
		} else if alt {
			s += "."
		}
	default:
		s = ds[:point] + "." + ds[point:]
	}
	if x == 0 && typ == 'g' && alt {
		s = "0." + strings.Repeat("0", max(prec-1, 0))
		if dot0 && prec == 1 {
			s += "0"
		}
	}
	return s, nil
}

// number lays out sign, prefix, grouped digits and the rest (a fraction, an exponent, "inf").
func (f *formatSpec) number(b *Budget, neg bool, prefix, digits, rest string) (string, error) {
	sign := ""
	switch {
	case neg:
		sign = "-"
	case f.sign == '+' || f.sign == ' ':
		sign = string(rune(f.sign))
	}
	fixed := len(sign) + len(prefix) + runeLen(rest)
	minWidth := 0
	if f.fill == '0' && f.align == '=' {
		minWidth = f.width - fixed
	}
	if err := b.text(max(minWidth, len(digits)) * 2); err != nil {
		return "", err
	}
	if digits != "" {
		size := 3
		if f.typ == 'b' || f.typ == 'o' || f.typ == 'x' || f.typ == 'X' {
			size = 4
		}
		sep := ""
		if f.comma != 0 {
			sep = string(rune(f.comma))
		}
		digits = groupDigits(digits, sep, size, minWidth)
	}
	body := prefix + digits + rest
	n := fixed - len(sign) + len(digits)
	if f.align != '=' {
		return f.pad(b, sign+body, n+len(sign))
	}
	inner := *f
	inner.width -= len(sign) + len(prefix)
	s, err := inner.pad(b, digits+rest, n-len(prefix))
	return sign + prefix + s, err
}

// groupDigits puts separators between groups from the right, with zeros before until the whole
// is minWidth long, as _PyUnicode_InsertThousandsGrouping does.
func groupDigits(digits, sep string, size, minWidth int) string {
	if sep == "" {
		return strings.Repeat("0", max(minWidth-len(digits), 0)) + digits
	}
	var groups []string
	left := len(digits)
	for {
		n := min(size, max(left, minWidth, 1))
		chars := min(left, n)
		groups = append(groups, strings.Repeat("0", n-chars)+digits[left-chars:left])
		left -= chars
		minWidth -= n
		if left <= 0 && minWidth <= 0 {
			break
		}
		minWidth -= len(sep)
	}
	var sb strings.Builder
	for i := len(groups) - 1; i >= 0; i-- {
		sb.WriteString(groups[i])
		if i > 0 {
			sb.WriteString(sep)
		}
	}
	return sb.String()
}

// charText is the text of a code point in an error message.
func charText(r rune) string {
	if r > 32 && r < 127 {
		return string(r)
	}
	return fmt.Sprintf("\\x%x", r)
}
