package unit

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// A token is a word and where it stands in its value.
type token struct {
	text       string
	start, end int
}

// nextWord takes a word off a value from i on: quotes anywhere in it, C escapes in and out of quotes. unknown tells of
// an escape that systemd leaves as it is. ok is false at the end; bad for a quote that is not closed.
func nextWord(s string, i int) (w token, next int, unknown, ok, bad bool) {
	for i < len(s) && isSpace(s[i]) {
		i++
	}
	if i == len(s) {
		return w, i, false, false, false
	}
	w.start = i
	var b strings.Builder
	var quote byte
	for i < len(s) {
		c := s[i]
		switch {
		case c == '\\' && i+1 == len(s):
			unknown = true
			b.WriteByte(c)
		case c == '\\':
			text, n := unescape(s[i+1:])
			if n == 0 {
				unknown = true
				b.WriteByte('\\')
				i++
				continue
			}
			b.WriteString(text)
			i += 1 + n
			continue
		case c == '{' && quote == 0 && strings.HasPrefix(s[i:], "{{") && strings.Contains(s[i:], "}}"):
			n := strings.Index(s[i:], "}}") + 2 // a template's expression is one piece
			b.WriteString(s[i : i+n])
			i += n
			continue
		case quote != 0:
			if c == quote {
				quote = 0
			} else {
				b.WriteByte(c)
			}
		case c == '"' || c == '\'':
			quote = c
		case isSpace(c):
			w.text, w.end = b.String(), i
			return w, i, unknown, true, false
		default:
			b.WriteByte(c)
		}
		i++
	}
	w.text, w.end = b.String(), i
	return w, i, unknown, true, quote != 0
}

// unescape reads what stands behind a backslash; n is 0 for an escape that systemd does not know.
func unescape(s string) (text string, n int) {
	if i := strings.IndexByte(`abfnrtv\"'s`, s[0]); i >= 0 {
		return "\a\b\f\n\r\t\v\\\"' "[i : i+1], 1
	}
	number := func(from, digits, base int) (int64, bool) {
		if len(s) < from+digits || strings.ContainsAny(s[from:from+digits], "+-_") {
			return 0, false
		}
		v, err := strconv.ParseInt(s[from:from+digits], base, 64)
		return v, err == nil && v != 0
	}
	switch c := s[0]; {
	case c == 'x':
		if v, ok := number(1, 2, 16); ok {
			return string([]byte{byte(v)}), 3
		}
	case c == 'u':
		if v, ok := number(1, 4, 16); ok && utf8.ValidRune(rune(v)) {
			return string(rune(v)), 5
		}
	case c == 'U':
		if v, ok := number(1, 8, 16); ok && v <= utf8.MaxRune && utf8.ValidRune(rune(v)) {
			return string(rune(v)), 9
		}
	case c >= '0' && c <= '7':
		if v, ok := number(0, 3, 8); ok && v <= 255 {
			return string([]byte{byte(v)}), 3
		}
	}
	return "", 0
}

// specifiers resolves %% and tells whether others are left. They depend on where the unit is installed.
func specifiers(s string) (text string, open bool) {
	if !strings.Contains(s, "%") {
		return s, false
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		b.WriteByte(s[i])
		if s[i] != '%' || i+1 == len(s) {
			continue
		}
		switch c := s[i+1]; {
		case c == '%':
			i++
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			open = true
		}
	}
	return b.String(), open
}
