package value

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// A Piece is a part of a formatted text: literal text, or a value to be shown in it. A caller
// whose values are only partly known takes the pieces and renders the known ones.
type Piece struct {
	Text  string // the literal, when Value is nil
	Value Value
	Conv  byte   // str.format: 's', 'r', 'a' for !s !r !a, else 0
	Spec  string // str.format: the format spec, nested fields filled in
	conv  *conversion
}

// Percent says whether the piece is a conversion of the % operator, and shows it: "%-5.2f".
func (p Piece) Percent() (string, bool) {
	if p.conv == nil {
		return "", false
	}
	return p.conv.text(), true
}

// Render shows a piece.
func (p Piece) Render(b *Budget) (string, error) {
	if p.Value == nil {
		return p.Text, b.text(len(p.Text))
	}
	if p.conv != nil {
		return p.conv.render(b, p.Value)
	}
	v := p.Value
	if p.Conv != 0 {
		s, err := Convert(b, v, p.Conv)
		if err != nil {
			return "", err
		}
		v = Str(s)
	}
	return Format(b, v, p.Spec)
}

// Convert is the conversion of a replacement field: 's' str, 'r' repr, 'a' ascii.
func Convert(b *Budget, v Value, conv byte) (string, error) {
	switch conv {
	case 'r':
		return Repr(b, v)
	case 'a':
		return Ascii(b, v)
	}
	return ToStr(b, v)
}

func render(b *Budget, pieces []Piece) (Value, error) {
	var sb strings.Builder
	for _, p := range pieces {
		s, err := p.Render(b)
		if err != nil {
			return nil, err
		}
		sb.WriteString(s)
	}
	return Str(sb.String()), nil
}

// conversion is one conversion specifier of the % operator.
type conversion struct {
	minus, plus, space, alt, zero bool
	width                         int
	prec                          int // -1 when absent
	char                          rune
}

func (c *conversion) text() string {
	s := "%"
	for _, f := range []struct {
		on   bool
		text string
	}{{c.minus, "-"}, {c.plus, "+"}, {c.space, " "}, {c.alt, "#"}, {c.zero, "0"}} {
		if f.on {
			s += f.text
		}
	}
	if c.width > 0 {
		s += fmt.Sprint(c.width)
	}
	if c.prec >= 0 {
		s += fmt.Sprintf(".%d", c.prec)
	}
	return s + string(c.char)
}

// Percent is template % arg.
func Percent(b *Budget, template string, arg Value) (Value, error) {
	b = b.orNew()
	pieces := []Piece{}
	err := percentPieces(b, template, arg, func(p Piece) error {
		// CPython renders as it goes: an earlier value's error comes before a later syntax error.
		s, err := p.Render(b)
		pieces = append(pieces, Piece{Text: s})
		return err
	})
	if err != nil {
		return nil, err
	}
	return render(b, pieces)
}

// PercentPieces splits template % arg into pieces without showing the values.
func PercentPieces(b *Budget, template string, arg Value) ([]Piece, error) {
	var pieces []Piece
	err := percentPieces(b, template, arg, func(p Piece) error {
		pieces = append(pieces, p)
		return nil
	})
	return pieces, err
}

// percentReader goes through a template of the % operator.
type percentReader struct {
	b    *Budget
	rs   []rune
	pos  int
	arg  Value // the whole right operand, or the value of the last mapping key
	args []Value
	next int
	// single is set while arg is a lone value rather than a tuple; used once it was taken.
	single, used bool
	mapping      Value
}

func percentPieces(b *Budget, template string, arg Value, emit func(Piece) error) error {
	b = b.orNew()
	if err := b.text(len(template) * 4); err != nil {
		return err
	}
	r := &percentReader{b: b, rs: decodeRunes(template), arg: arg, single: true}
	switch a := arg.(type) {
	case *Tuple:
		r.args, r.single = a.Elems, false
	case *Dict, *List, Bytes, *Range:
		r.mapping = arg
	case Str:
	default:
		if IsForeign(arg) {
			r.mapping = arg
		}
	}
	for r.pos < len(r.rs) {
		start := r.pos
		for r.pos < len(r.rs) && r.rs[r.pos] != '%' {
			r.pos++
		}
		if r.pos > start {
			if err := emit(Piece{Text: encodeRunes(r.rs[start:r.pos])}); err != nil {
				return err
			}
		}
		if r.pos >= len(r.rs) {
			break
		}
		r.pos++
		p, err := r.specifier()
		if err != nil {
			return err
		}
		if err := emit(p); err != nil {
			return err
		}
	}
	left := r.single && !r.used || !r.single && r.next < len(r.args)
	if left && r.mapping == nil {
		return typeError("not all arguments converted during string formatting")
	}
	if left && IsForeign(arg) && r.mapping == arg && !r.used {
		return foreignError(arg, "formatting with")
	}
	return nil
}

func (r *percentReader) take() (Value, error) {
	switch {
	case r.single && !r.used:
		r.used = true
		return r.arg, nil
	case !r.single && r.next < len(r.args):
		r.next++
		return r.args[r.next-1], nil
	}
	return nil, typeError("not enough arguments for format string")
}

func (r *percentReader) char() (rune, error) {
	if r.pos >= len(r.rs) {
		return 0, valueError("incomplete format")
	}
	r.pos++
	return r.rs[r.pos-1], nil
}

func (r *percentReader) key() error {
	if r.mapping == nil {
		return typeError("format requires a mapping")
	}
	start, depth := r.pos, 1
	for depth > 0 && r.pos < len(r.rs) {
		switch r.rs[r.pos] {
		case ')':
			depth--
		case '(':
			depth++
		}
		r.pos++
	}
	if depth > 0 {
		return valueError("incomplete format key")
	}
	v, err := GetItem(r.b, r.mapping, Str(encodeRunes(r.rs[start:r.pos-1])))
	if err != nil {
		return err
	}
	r.arg, r.single, r.used = v, true, false
	return nil
}

// number reads a width or a precision: digits, or * for the next argument.
func (r *percentReader) number(c rune, width bool, what string) (int, rune, error) {
	if c == '*' {
		v, err := r.take()
		if err != nil {
			return 0, 0, err
		}
		n, ok := asInt(v)
		if !ok {
			if IsForeign(v) {
				return 0, 0, foreignError(v, "formatting with a width of")
			}
			return 0, 0, typeError("* wants int")
		}
		i, fits := n.Int64()
		if !fits && width {
			return 0, 0, NewException("OverflowError", "Python int too large to convert to C ssize_t")
		}
		if !width && (!fits || i > math.MaxInt32 || i < math.MinInt32) {
			return 0, 0, NewException("OverflowError", "Python int too large to convert to C int")
		}
		c, err := r.char()
		return int(i), c, err
	}
	n := 0
	limit := math.MaxInt
	if !width {
		limit = math.MaxInt32
	}
	for c >= '0' && c <= '9' {
		d := int(c - '0')
		if n > (limit-d)/10 {
			return 0, 0, valueError("%s too big", what)
		}
		n = n*10 + d
		var err error
		if c, err = r.char(); err != nil {
			return 0, 0, err
		}
	}
	return n, c, nil
}

func (r *percentReader) specifier() (Piece, error) {
	f := &conversion{prec: -1}
	c, err := r.char()
	if err != nil {
		return Piece{}, err
	}
	if c == '%' {
		return Piece{Text: "%"}, nil
	}
	if c == '(' {
		if err := r.key(); err != nil {
			return Piece{}, err
		}
		if c, err = r.char(); err != nil {
			return Piece{}, err
		}
	}
flags:
	for {
		switch c {
		case '-':
			f.minus = true
		case '+':
			f.plus = true
		case ' ':
			f.space = true
		case '#':
			f.alt = true
		case '0':
			f.zero = true
		default:
			break flags
		}
		if c, err = r.char(); err != nil {
			return Piece{}, err
		}
	}
	if f.width, c, err = r.number(c, true, "width"); err != nil {
		return Piece{}, err
	}
	if f.width < 0 {
		f.minus, f.width = true, -f.width
	}
	if c == '.' {
		if c, err = r.char(); err != nil {
			return Piece{}, err
		}
		if f.prec, c, err = r.number(c, false, "precision"); err != nil {
			return Piece{}, err
		}
		f.prec = max(f.prec, 0)
	}
	if c == 'h' || c == 'l' || c == 'L' {
		if c, err = r.char(); err != nil {
			return Piece{}, err
		}
	}
	f.char = c
	v, err := r.take()
	if err != nil {
		return Piece{}, err
	}
	if c >= 0x80 || !strings.ContainsRune("diuoxXeEfFgGcsra", c) {
		shown := "?"
		if c > 31 && c < 127 {
			shown = string(c)
		}
		return Piece{}, valueError("unsupported format character '%s' (0x%x) at index %d", shown, c, r.pos-1)
	}
	return Piece{Value: v, conv: f}, nil
}

func (c *conversion) render(b *Budget, v Value) (string, error) {
	switch c.char {
	case 's', 'r', 'a':
		s, err := Convert(b, v, byte(c.char))
		if err != nil {
			return "", err
		}
		if c.prec >= 0 && c.prec < runeLen(s) {
			s = substring(s, 0, c.prec)
		}
		return c.pad(b, "", "", s, ' ')
	case 'c':
		s, err := percentChar(v)
		if err != nil {
			return "", err
		}
		return c.pad(b, "", "", s, ' ')
	}
	if IsForeign(v) {
		return "", foreignError(v, "formatting")
	}
	fill := ' '
	if c.zero {
		fill = '0'
	}
	neg, prefix, body := false, "", ""
	if strings.ContainsRune("diuoxX", c.char) {
		n, err := c.integer(v)
		if err != nil {
			return "", err
		}
		neg = n.Sign() < 0
		base := 10
		switch c.char {
		case 'o':
			base, prefix = 8, "0o"
		case 'x', 'X':
			base, prefix = 16, "0"+string(c.char)
		}
		if !c.alt || base == 10 {
			prefix = ""
		}
		if body, err = intDigits(b, n, base); err != nil {
			return "", err
		}
		if c.char == 'X' {
			body = strings.ToUpper(body)
		}
		if err := b.text(max(c.prec, 0)); err != nil {
			return "", err
		}
		body = strings.Repeat("0", max(c.prec-len(body), 0)) + body
	} else {
		x, ok, err := asFloat(v)
		if err != nil {
			return "", err
		}
		if !ok {
			return "", typeError("must be real number, not %s", TypeName(v))
		}
		prec := c.prec
		if prec < 0 {
			prec = 6
		}
		if body, err = fmtFloat(b, math.Abs(x), byte(c.char), prec, c.alt, false); err != nil {
			return "", err
		}
		neg = math.Signbit(x) && x == x
	}
	sign := ""
	switch {
	case neg:
		sign = "-"
	case c.plus:
		sign = "+"
	case c.space:
		sign = " "
	}
	return c.pad(b, sign, prefix, body, fill)
}

func (c *conversion) integer(v Value) (Int, error) {
	if n, ok := asInt(v); ok {
		return n, nil
	}
	x, isFloat := v.(Float)
	if !strings.ContainsRune("diu", c.char) {
		return Int{}, typeError("%%%c format: an integer is required, not %s", c.char, TypeName(v))
	}
	if !isFloat {
		return Int{}, typeError("%%%c format: a real number is required, not %s", c.char, TypeName(v))
	}
	return floatToInt(float64(x))
}

// floatToInt is int(f).
func floatToInt(f float64) (Int, error) {
	switch {
	case f != f:
		return Int{}, valueError("cannot convert float NaN to integer")
	case math.IsInf(f, 0):
		return Int{}, NewException("OverflowError", "cannot convert float infinity to integer")
	}
	return intFromFloat(f), nil
}

func percentChar(v Value) (string, error) {
	if s, ok := v.(Str); ok && runeLen(string(s)) == 1 {
		return string(s), nil
	}
	n, ok := asInt(v)
	if !ok {
		if IsForeign(v) {
			return "", foreignError(v, "formatting")
		}
		return "", typeError("%%c requires int or char")
	}
	i, fits := n.Int64()
	if !fits || i < 0 || i > utf8.MaxRune {
		return "", NewException("OverflowError", "%%c arg not in range(0x110000)")
	}
	return runeString(rune(i)), nil
}

// pad brings a conversion to its width: zeros go between the sign or prefix and the digits.
func (c *conversion) pad(b *Budget, sign, prefix, body string, fill rune) (string, error) {
	n := len(sign) + len(prefix) + runeLen(body)
	pad := max(c.width-n, 0)
	if err := b.text(len(body)); err != nil {
		return "", err
	}
	if err := b.Alloc(int64(pad)); err != nil {
		return "", err
	}
	switch {
	case c.minus:
		return sign + prefix + body + strings.Repeat(" ", pad), nil
	case fill == '0':
		return sign + prefix + strings.Repeat("0", pad) + body, nil
	}
	return strings.Repeat(" ", pad) + sign + prefix + body, nil
}
