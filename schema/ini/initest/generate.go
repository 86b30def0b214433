package initest

import (
	"math/rand/v2"
	"strings"
)

func pick(r *rand.Rand, from ...string) string { return from[r.IntN(len(from))] }

// Text makes an INI file from pieces that readers trip over: odd spacing, continuation lines, comments in values,
// brackets, quotes, percent signs, repeated keys, line ends of all kinds, broken UTF-8, byte order marks.
func Text(r *rand.Rand) []byte {
	var b strings.Builder
	if r.IntN(40) == 0 {
		b.WriteString("\ufeff")
	}
	newline := pick(r, "\n", "\n", "\n", "\r\n", "\r")
	if r.IntN(12) != 0 {
		b.WriteString(pick(r, "[a]", "[server:main]", "[DEFAULT]", "# first"+newline+"[a]", newline+"[b]") + newline)
	}
	for range 1 + r.IntN(14) {
		b.WriteString(line(r))
		if r.IntN(60) == 0 {
			b.WriteString(pick(r, "\r", "\x0b", "\x1c", "\u2028", "\x85", "\x00"))
		}
		b.WriteString(newline)
	}
	text := b.String()
	if r.IntN(5) == 0 {
		text = strings.TrimSuffix(text, newline)
	}
	if r.IntN(50) == 0 {
		i := r.IntN(len(text) + 1)
		text = text[:i] + pick(r, "\xe9", "\xff", "\xe2\x82", "\xc3(", "\xf0\x9f") + text[i:]
	}
	return []byte(text)
}

func line(r *rand.Rand) string {
	indent := pick(r, "", "", "", "", " ", "    ", "\t", "\u3000", "  ")
	switch r.IntN(14) {
	case 0:
		return indent + pick(r, "[a]", "[b]", "[ c ]", "[DEFAULT]", "[d] # x", "[e", "[]", "[f]g]", "[]]", "e]", "[server:main]", "[default]")
	case 1:
		return indent + pick(r, "# comment", "; comment", "#", ";x=1", "rem x", "#[a]")
	case 2, 3:
		return pick(r, "", "", " ", "\t", "\x0c")
	case 4, 5:
		return pick(r, "  ", "    ", "\t", " \t ", "\u00a0") + pick(r, "more", "more = text", "[x]", "# no", "127.0.0.1:80", "a: b", "%(a)s")
	case 6:
		return indent + pick(r, "flag", "=x", ": y", "= ", "\"q\"", "key value", "é")
	}
	name := pick(r, "a", "b", "c", "k1", "k2", "k3", "k4", "k5", "k6", "Key", "key", "x y", "set x", "é", "\"q\"", "-", "`b`", "a[0]", "über")
	delimiter := pick(r, "=", " = ", ": ", " : ", "=\t", "  =  ", " =")
	value := pick(r, "", "1", "v w", "v ; c", "v # c", "\"q\"", "'q'", "`b`", "\"\"\"t\"\"\"", "a=b", "a:b", "%(a)s", "100%", "%%(x)s", "tail \\", "é", "x\u00a0", "[y]", "\U0001F600", "a\tb", "$X", "${X:-1}", ";", "#")
	return indent + name + delimiter + value + pick(r, "", "", " ", "\t")
}
