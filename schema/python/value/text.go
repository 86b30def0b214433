package value

import (
	"strings"
	"unicode/utf8"
)

// nextRune decodes the first character of s, which may be a lone surrogate in three bytes.
// A byte that begins no character counts as U+FFFD.
func nextRune(s string) (rune, int) {
	if s[0] < utf8.RuneSelf {
		return rune(s[0]), 1
	}
	r, n := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && n == 1 && len(s) >= 3 && s[0] == 0xED &&
		s[1] >= 0xA0 && s[1] <= 0xBF && s[2] >= 0x80 && s[2] <= 0xBF {
		return 0xD000 | rune(s[1]&0x3F)<<6 | rune(s[2]&0x3F), 3
	}
	return r, n
}

// appendRune encodes a character, lone surrogates included.
func appendRune(buf []byte, r rune) []byte {
	if isSurrogate(r) {
		return append(buf, 0xED, 0x80|byte(r>>6)&0x3F, 0x80|byte(r)&0x3F)
	}
	return utf8.AppendRune(buf, r)
}

func isSurrogate(r rune) bool { return r >= 0xD800 && r <= 0xDFFF }

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// decodeRunes splits text into its characters.
func decodeRunes(s string) []rune {
	out := make([]rune, 0, len(s))
	for len(s) > 0 {
		r, n := nextRune(s)
		out = append(out, r)
		s = s[n:]
	}
	return out
}

func encodeRunes(rs []rune) string {
	buf := make([]byte, 0, len(rs)+len(rs)/4)
	for _, r := range rs {
		buf = appendRune(buf, r)
	}
	return string(buf)
}

func runeString(r rune) string { return string(appendRune(nil, r)) }

// runeLen is the number of characters of s.
func runeLen(s string) int {
	if isASCII(s) {
		return len(s)
	}
	n := 0
	for len(s) > 0 {
		_, size := nextRune(s)
		s = s[size:]
		n++
	}
	return n
}

// mapRunes applies f to each character.
func mapRunes(s string, f func(r rune) string) string {
	var sb strings.Builder
	for len(s) > 0 {
		r, n := nextRune(s)
		sb.WriteString(f(r))
		s = s[n:]
	}
	return sb.String()
}

// allRunes says whether s is not empty and f holds for all its characters.
func allRunes(s string, f func(r rune) bool) bool {
	if s == "" {
		return false
	}
	for len(s) > 0 {
		r, n := nextRune(s)
		if !f(r) {
			return false
		}
		s = s[n:]
	}
	return true
}

// runeOffset is the byte offset of character i, at most len(s).
func runeOffset(s string, i int) int {
	off := 0
	for ; i > 0 && off < len(s); i-- {
		_, n := nextRune(s[off:])
		off += n
	}
	return off
}

// substring is s[i:j] by characters, with 0 <= i and j <= len(s).
func substring(s string, i, j int) string {
	if i >= j {
		return ""
	}
	if isASCII(s) {
		return s[i:j]
	}
	start := runeOffset(s, i)
	return s[start : start+runeOffset(s[start:], j-i)]
}

// StrFromOS makes text of bytes the operating system gave, as os.fsdecode does with UTF-8:
// each byte that is not part of a valid character becomes a lone surrogate U+DC80…U+DCFF.
func StrFromOS(s string) Str {
	if utf8.ValidString(s) {
		return Str(s)
	}
	var buf []byte
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 {
			r = 0xDC00 + rune(s[0])
		}
		buf = appendRune(buf, r)
		s = s[n:]
	}
	return Str(buf)
}

// OSBytes is the reverse of [StrFromOS]; ok is false when the text has other lone surrogates.
func (s Str) OSBytes() (string, bool) {
	if utf8.ValidString(string(s)) {
		return string(s), true
	}
	var buf []byte
	for rest := string(s); len(rest) > 0; {
		r, n := nextRune(rest)
		switch {
		case r >= 0xDC80 && r <= 0xDCFF:
			buf = append(buf, byte(r-0xDC00))
		case isSurrogate(r):
			return "", false
		default:
			buf = append(buf, rest[:n]...)
		}
		rest = rest[n:]
	}
	return string(buf), true
}
