package syntax

import (
	"strings"
	"unicode/utf8"
)

// decodeText gives the value of literal text of a token.
func (p *parser) decodeText(l literal, s string) string {
	if l.raw || strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); {
		if s[i] != '\\' {
			j := strings.IndexByte(s[i:], '\\')
			if j < 0 {
				j = len(s) - i
			}
			b.WriteString(s[i : i+j])
			i += j
			continue
		}
		begin := i
		i++
		if i >= len(s) {
			b.WriteByte('\\')
			break
		}
		c := s[i]
		i++
		if v, ok := simpleEscape(c); ok {
			b.WriteByte(v)
			continue
		}
		switch {
		case c == '\n':
		case c >= '0' && c <= '7':
			v := rune(c - '0')
			for n := 1; n < 3 && i < len(s) && s[i] >= '0' && s[i] <= '7'; n++ {
				v = v*8 + rune(s[i]-'0')
				i++
			}
			b.WriteString(encodeRune(v))
		case c == 'x' || c == 'u' || c == 'U':
			want := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c]
			v, n := hexDigits(s[i:], want)
			if n < want {
				p.unicodeError(l, s, begin, i+n-1, map[byte]string{'x': `truncated \xXX escape`, 'u': `truncated \uXXXX escape`, 'U': `truncated \UXXXXXXXX escape`}[c])
			}
			i += want
			if v > 0x10FFFF {
				p.unicodeError(l, s, begin, i-1, "illegal Unicode character")
			}
			b.WriteString(encodeRune(rune(v)))
		case c == 'N':
			end := -1
			if i < len(s) && s[i] == '{' {
				end = strings.IndexByte(s[i:], '}')
			}
			if end < 2 {
				last := i - 1
				if end == 1 {
					last = i
				} else if i < len(s) && s[i] == '{' {
					last = len(s) - 1
				}
				p.unicodeError(l, s, begin, last, `malformed \N character escape`)
			}
			r, ok := runeByName(s[i+1 : i+end])
			if !ok || p.py311 && newerThan311(r) {
				p.unicodeError(l, s, begin, i+end, "unknown Unicode character name")
			}
			b.WriteString(encodeRune(r))
			i += end + 1
		default:
			b.WriteByte('\\')
			i--
			if c >= 0x80 {
				_, size := utf8.DecodeRuneInString(s[i:])
				b.WriteString(s[i : i+size])
				i += size
			} else {
				b.WriteByte(c)
				i++
			}
		}
	}
	return b.String()
}

func (p *parser) unicodeError(l literal, s string, from, to int, msg string) {
	// CPython counts the position in a copy where each non-ASCII character is a ten-byte escape.
	count := func(i int) int {
		n := 0
		for _, r := range s[:i] {
			if r >= 0x80 {
				n += 10
			} else {
				n++
			}
		}
		return n
	}
	p.failAt(l.tok, "(unicode error) 'unicodeescape' codec can't decode bytes in position %d-%d: %s", count(from), count(to), msg)
}

func simpleEscape(c byte) (byte, bool) {
	switch c {
	case '\\', '\'', '"':
		return c, true
	case 'a':
		return 7, true
	case 'b':
		return 8, true
	case 'f':
		return 12, true
	case 'n':
		return 10, true
	case 'r':
		return 13, true
	case 't':
		return 9, true
	case 'v':
		return 11, true
	}
	return 0, false
}

func hexDigits(s string, most int) (v uint32, n int) {
	for n < most && n < len(s) {
		c := s[n]
		switch {
		case c >= '0' && c <= '9':
			v = v<<4 | uint32(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			v = v<<4 | uint32(c|0x20-'a'+10)
		default:
			return v, n
		}
		n++
	}
	return v, n
}

// encodeRune gives UTF-8, and for a lone surrogate the three bytes it would have.
func encodeRune(r rune) string {
	if r >= 0xD800 && r <= 0xDFFF {
		return string([]byte{0xE0 | byte(r>>12), 0x80 | byte(r>>6)&0x3F, 0x80 | byte(r)&0x3F})
	}
	return string(r)
}

func (p *parser) decodeBytes(l literal) string {
	s := l.body
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			p.failAt(l.tok, "bytes can only contain ASCII literal characters")
		}
	}
	if l.raw || strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		c := s[i]
		i++
		if c != '\\' {
			b.WriteByte(c)
			continue
		}
		c = s[i]
		i++
		if v, ok := simpleEscape(c); ok {
			b.WriteByte(v)
			continue
		}
		switch {
		case c == '\n':
		case c >= '0' && c <= '7':
			v := int(c - '0')
			for n := 1; n < 3 && i < len(s) && s[i] >= '0' && s[i] <= '7'; n++ {
				v = v*8 + int(s[i]-'0')
				i++
			}
			b.WriteByte(byte(v))
		case c == 'x':
			v, n := hexDigits(s[i:], 2)
			if n < 2 {
				p.failAt(l.tok, "(value error) invalid \\x escape at position %d", i-2)
			}
			b.WriteByte(byte(v))
			i += 2
		default:
			b.WriteByte('\\')
			b.WriteByte(c)
		}
	}
	return b.String()
}
