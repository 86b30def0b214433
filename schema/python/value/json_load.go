package value

import (
	"fmt"
	"math"
	"strings"
)

// jsonReader follows the C scanner of CPython's json module, positions of errors included.
type jsonReader struct {
	b  *Budget
	s  string
	rs []rune
}

// JSONLoads is json.loads(text).
func JSONLoads(b *Budget, text string) (Value, error) {
	b = b.orNew()
	if err := b.text(len(text) * 5); err != nil {
		return nil, err
	}
	if err := b.Step(int64(len(text)) / 4); err != nil {
		return nil, err
	}
	r := &jsonReader{b: b, s: text, rs: decodeRunes(text)}
	if len(r.rs) > 0 && r.rs[0] == 0xfeff {
		return nil, r.fail("Unexpected UTF-8 BOM (decode using utf-8-sig)", 0)
	}
	v, end, err := r.value(r.space(0))
	if err != nil {
		return nil, err
	}
	if end = r.space(end); end != len(r.rs) {
		return nil, r.fail("Extra data", end)
	}
	return v, nil
}

func (r *jsonReader) fail(msg string, pos int) error {
	line, col := 1, pos+1
	for i := range min(pos, len(r.rs)) {
		if r.rs[i] == '\n' {
			line++
			col = pos - i
		}
	}
	text := fmt.Sprintf("%s: line %d column %d (char %d)", msg, line, col, pos)
	return &Exception{Type: "JSONDecodeError", Msg: text, Args: []Value{Str(text)}}
}

func (r *jsonReader) at(i int) rune {
	if i < len(r.rs) {
		return r.rs[i]
	}
	return -1
}

func (r *jsonReader) space(i int) int {
	for c := r.at(i); c == ' ' || c == '\t' || c == '\n' || c == '\r'; c = r.at(i) {
		i++
	}
	return i
}

func (r *jsonReader) word(i int, w string) bool {
	for k, c := range w {
		if r.at(i+k) != c {
			return false
		}
	}
	return true
}

func (r *jsonReader) value(i int) (Value, int, error) {
	if err := r.b.elems(1); err != nil {
		return nil, 0, err
	}
	for _, w := range []struct {
		text string
		v    Value
	}{
		{"null", None},
		{"true", True},
		{"false", False},
		{"NaN", Float(math.NaN())},
		{"Infinity", Float(math.Inf(1))},
		{"-Infinity", Float(math.Inf(-1))},
	} {
		if r.word(i, w.text) {
			return w.v, i + len(w.text), nil
		}
	}
	switch r.at(i) {
	case '"':
		s, end, err := r.str(i + 1)
		return Str(s), end, err
	case '{', '[':
		if err := r.b.enter(); err != nil {
			return nil, 0, err
		}
		defer r.b.leave()
		if r.at(i) == '{' {
			return r.object(i + 1)
		}
		return r.array(i + 1)
	}
	return r.number(i)
}

func (r *jsonReader) object(i int) (Value, int, error) {
	d := NewDict()
	if i = r.space(i); r.at(i) == '}' {
		return d, i + 1, nil
	}
	for {
		if r.at(i) != '"' {
			return nil, 0, r.fail("Expecting property name enclosed in double quotes", i)
		}
		key, next, err := r.str(i + 1)
		if err != nil {
			return nil, 0, err
		}
		if i = r.space(next); r.at(i) != ':' {
			return nil, 0, r.fail("Expecting ':' delimiter", i)
		}
		v, next, err := r.value(r.space(i + 1))
		if err != nil {
			return nil, 0, err
		}
		if err := d.SetStr(r.b, key, v); err != nil {
			return nil, 0, err
		}
		switch i = r.space(next); r.at(i) {
		case '}':
			return d, i + 1, nil
		case ',':
			i = r.space(i + 1)
		default:
			return nil, 0, r.fail("Expecting ',' delimiter", i)
		}
	}
}

func (r *jsonReader) array(i int) (Value, int, error) {
	l := NewList()
	if i = r.space(i); r.at(i) == ']' {
		return l, i + 1, nil
	}
	for {
		v, next, err := r.value(i)
		if err != nil {
			return nil, 0, err
		}
		l.Elems = append(l.Elems, v)
		switch i = r.space(next); r.at(i) {
		case ']':
			return l, i + 1, nil
		case ',':
			i = r.space(i + 1)
		default:
			return nil, 0, r.fail("Expecting ',' delimiter", i)
		}
	}
}

func (r *jsonReader) str(i int) (string, int, error) {
	begin := i - 1
	var buf []byte
	for {
		c := r.at(i)
		switch {
		case c == -1:
			return "", 0, r.fail("Unterminated string starting at", begin)
		case c == '"':
			return string(buf), i + 1, nil
		case c == '\\':
			ch, next, err := r.escape(i, begin)
			if err != nil {
				return "", 0, err
			}
			buf, i = appendRune(buf, ch), next
			continue
		case c < ' ':
			return "", 0, r.fail("Invalid control character at", i)
		}
		buf = appendRune(buf, c)
		i++
	}
}

var jsonEscapes = map[rune]rune{
	'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t',
}

func (r *jsonReader) escape(i, begin int) (rune, int, error) {
	c := r.at(i + 1)
	if c == -1 {
		return 0, 0, r.fail("Unterminated string starting at", begin)
	}
	if c != 'u' {
		e, ok := jsonEscapes[c]
		if !ok {
			return 0, 0, r.fail("Invalid \\escape", i)
		}
		return e, i + 2, nil
	}
	end := i + 6
	if end >= len(r.rs) {
		return 0, 0, r.fail("Invalid \\uXXXX escape", i+1)
	}
	ch, ok := r.hex4(i + 2)
	if !ok {
		return 0, 0, r.fail("Invalid \\uXXXX escape", i+1)
	}
	if ch >= 0xd800 && ch < 0xdc00 && end+6 < len(r.rs) && r.at(end) == '\\' && r.at(end+1) == 'u' {
		low, ok := r.hex4(end + 2)
		if !ok {
			return 0, 0, r.fail("Invalid \\uXXXX escape", end+1)
		}
		if low >= 0xdc00 && low < 0xe000 {
			return (ch-0xd800)<<10 + (low - 0xdc00) + 0x10000, end + 6, nil
		}
	}
	return ch, end, nil
}

func (r *jsonReader) hex4(i int) (rune, bool) {
	n := rune(0)
	for k := range 4 {
		c := r.at(i + k)
		if c < 0 || c > 0x7f || digitValue(byte(c)) > 15 {
			return 0, false
		}
		n = n<<4 | rune(digitValue(byte(c)))
	}
	return n, true
}

func (r *jsonReader) number(start int) (Value, int, error) {
	digit := func(i int) bool { return r.at(i) >= '0' && r.at(i) <= '9' }
	i := start
	if r.at(i) == '-' {
		i++
	}
	switch {
	case r.at(i) == '0':
		i++
	case digit(i):
		for digit(i) {
			i++
		}
	default:
		return nil, 0, r.fail("Expecting value", start)
	}
	isFloat := false
	if r.at(i) == '.' && digit(i+1) {
		isFloat = true
		for i++; digit(i); i++ {
		}
	}
	if c := r.at(i); c == 'e' || c == 'E' {
		k := i + 1
		if c := r.at(k); c == '+' || c == '-' {
			k++
		}
		if digit(k) {
			isFloat = true
			for i = k; digit(i); i++ {
			}
		}
	}
	text := string(r.rs[start:i])
	if isFloat {
		f, _ := parseFloatASCII(text)
		return Float(f), i, nil
	}
	n, err := ParseInt(r.b, text, 10)
	return n, i, err
}

func jsonLoadsFunc(c *call) (Value, error) {
	switch s := arg(c, 0).(type) {
	case Str:
		return JSONLoads(c.b, string(s))
	case Bytes:
		if strings.Contains(string(s), "\x00") {
			return nil, unsupported("JSON in UTF-16 or UTF-32 is not modelled")
		}
		text, err := decodeBytes(c.b, strings.TrimPrefix(string(s), "\ufeff"), "utf-8", "surrogatepass")
		if err != nil {
			return nil, err
		}
		return JSONLoads(c.b, string(text.(Str)))
	default:
		if IsForeign(s) {
			return nil, foreignError(s, "reading JSON from")
		}
		return nil, typeError("the JSON object must be str, bytes or bytearray, not %s", TypeName(s))
	}
}
