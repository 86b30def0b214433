package syntax

import (
	"math/big"
	"strconv"
	"strings"
)

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func (l *lexer) at(i int) byte {
	if i < len(l.src) {
		return l.src[i]
	}
	return 0
}

// decimals reads digits with single underscores between them.
func (l *lexer) decimals() {
	for {
		for isDigit(l.at(l.pos)) {
			l.pos++
		}
		if l.at(l.pos) != '_' {
			return
		}
		l.pos++
		if !isDigit(l.at(l.pos)) {
			l.fail(l.pos-1, "invalid decimal literal")
		}
	}
}

func (l *lexer) number() {
	start := l.pos
	kind := "decimal"
	if l.at(start) == '0' {
		switch l.at(start+1) | 0x20 {
		case 'x':
			l.based("hexadecimal", func(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' })
			l.endNumber(start, "hexadecimal")
			return
		case 'o':
			l.based("octal", func(c byte) bool { return c >= '0' && c <= '7' })
			l.endNumber(start, "octal")
			return
		case 'b':
			l.based("binary", func(c byte) bool { return c == '0' || c == '1' })
			l.endNumber(start, "binary")
			return
		}
	}
	nonZero := false
	if l.at(l.pos) != '.' {
		l.decimals()
		if l.at(start) == '0' {
			nonZero = strings.Trim(l.src[start:l.pos], "0_") != ""
		}
	}
	whole := true
	if l.at(l.pos) == '.' {
		whole = false
		l.pos++
		if isDigit(l.at(l.pos)) {
			l.decimals()
		}
	}
	if l.at(l.pos)|0x20 == 'e' {
		next := l.at(l.pos + 1)
		switch {
		case isDigit(next):
			whole = false
			l.pos++
			l.decimals()
		case (next == '+' || next == '-') && isDigit(l.at(l.pos+2)):
			whole = false
			l.pos += 2
			l.decimals()
		case next == '+' || next == '-':
			l.fail(l.pos+1, "invalid decimal literal")
		}
	}
	if l.at(l.pos)|0x20 == 'j' {
		whole = false
		l.pos++
		kind = "imaginary"
	}
	if whole && nonZero && l.at(l.pos)|0x20 != 'e' {
		zeros := start
		for c := l.at(zeros); c == '0' || c == '_'; c = l.at(zeros) {
			zeros++
		}
		l.failType("SyntaxError", start, zeros, "leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal integers")
	}
	l.endNumber(start, kind)
}

func (l *lexer) based(kind string, ok func(byte) bool) {
	l.pos += 2
	for {
		if l.at(l.pos) == '_' {
			l.pos++
		}
		if !ok(l.at(l.pos)) {
			if isDigit(l.at(l.pos)) {
				l.fail(l.pos, "invalid digit '%c' in %s literal", l.at(l.pos), kind)
			}
			l.fail(l.pos-1, "invalid %s literal", kind)
		}
		for ok(l.at(l.pos)) {
			l.pos++
		}
		if l.at(l.pos) != '_' {
			break
		}
	}
	if isDigit(l.at(l.pos)) {
		l.fail(l.pos, "invalid digit '%c' in %s literal", l.at(l.pos), kind)
	}
}

// endNumber refuses a name that is glued to a number, other than the keywords CPython still lets through.
func (l *lexer) endNumber(start int, kind string) {
	rest := l.src[l.pos:]
	for _, word := range []string{"and", "else", "for", "if", "in", "is", "or", "not"} {
		// "in" may even be the beginning of a name, which then is what is wrong.
		if strings.HasPrefix(rest, word) && (word[0] == 'i' || !isNameByte(l.at(l.pos+len(word)))) {
			l.addNumber(start)
			return
		}
	}
	if c := l.at(l.pos); isNameByte(c) && c < 0x80 {
		l.fail(l.pos-1, "invalid %s literal", kind)
	}
	l.addNumber(start)
}

func (l *lexer) addNumber(start int) { l.add(tNumber, start, l.pos, l.line) }

// maxIntDigits is the longest decimal integer that CPython converts.
const maxIntDigits = 4300

// numberValue gives the value of a number token: int64, *big.Int, float64 or complex128.
func (p *parser) numberValue(t token) any {
	text := p.src[t.start:t.end]
	if strings.IndexByte(text, '_') >= 0 {
		text = strings.ReplaceAll(text, "_", "")
	}
	if len(text) > 1 && text[0] == '0' && text[1] > '9' && text[1]|0x20 != 'e' && text[1]|0x20 != 'j' {
		if n, err := strconv.ParseInt(text, 0, 64); err == nil {
			return n
		}
		n, _ := new(big.Int).SetString(text, 0)
		return n
	}
	last := text[len(text)-1] | 0x20
	if last == 'j' {
		f, _ := strconv.ParseFloat(text[:len(text)-1], 64)
		return complex(0, f)
	}
	if strings.ContainsAny(text, ".eE") {
		f, _ := strconv.ParseFloat(text, 64)
		return f
	}
	if text[0] == '0' && strings.Trim(text, "0") != "" { // "07" in "07else": the check for leading zeros is not made there
		f, _ := strconv.ParseFloat(text, 64)
		return f
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n
	}
	if len(text) > maxIntDigits {
		p.failAt(t, "Exceeds the limit (%d digits) for integer string conversion: value has %d digits; use sys.set_int_max_str_digits() to increase the limit - Consider hexadecimal for huge integer literals to avoid decimal conversion limits.", maxIntDigits, len(text))
	}
	n, _ := new(big.Int).SetString(text, 10)
	return n
}
