package value

import (
	"strings"
)

// ShlexSplit is shlex.split(s, comments).
func ShlexSplit(b *Budget, s string, comments bool) ([]string, error) {
	if err := b.text(len(s) * 2); err != nil {
		return nil, err
	}
	var out []string
	var token []byte
	quoted, some := false, false
	flush := func() {
		if some || quoted {
			out = append(out, string(token))
		}
		token, quoted, some = nil, false, false
	}
	add := func(c byte) { token, some = append(token, c), true }
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			flush()
		case c == '#' && comments:
			flush()
			n := strings.IndexByte(s[i:], '\n')
			if n < 0 {
				i = len(s)
			} else {
				i += n
			}
		case c == '\\':
			if i++; i >= len(s) {
				return nil, valueError("No escaped character")
			}
			add(s[i])
		case c == '\'' || c == '"':
			quoted = true
			for i++; ; i++ {
				if i >= len(s) {
					return nil, valueError("No closing quotation")
				}
				if s[i] == c {
					break
				}
				if c == '"' && s[i] == '\\' {
					if i++; i >= len(s) {
						return nil, valueError("No escaped character")
					}
					if s[i] != '"' && s[i] != '\\' {
						add('\\')
					}
				}
				add(s[i])
			}
		default:
			add(c)
		}
	}
	flush()
	return out, nil
}

// ShlexQuote is shlex.quote(s).
func ShlexQuote(s string) string {
	if s == "" {
		return "''"
	}
	for i := range len(s) {
		c := s[i]
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && !strings.ContainsRune("_@%+=:,./-", rune(c)) {
			return "'" + strings.ReplaceAll(s, "'", `'"'"'`) + "'"
		}
	}
	return s
}

// TextDedent is textwrap.dedent(s).
func TextDedent(s string) string {
	lines := strings.Split(s, "\n")
	margin, some := "", false
	for i, l := range lines {
		body := strings.TrimLeft(l, " \t")
		if body == "" {
			lines[i] = ""
			continue
		}
		indent := l[:len(l)-len(body)]
		if !some {
			margin, some = indent, true
			continue
		}
		n := 0
		for n < len(margin) && n < len(indent) && margin[n] == indent[n] {
			n++
		}
		margin = margin[:n]
	}
	for i, l := range lines {
		lines[i] = strings.TrimPrefix(l, margin)
	}
	return strings.Join(lines, "\n")
}

// StrToBool is distutils.util.strtobool(s).
func StrToBool(s string) (Value, error) {
	switch l := strLower(s); l {
	case "y", "yes", "t", "true", "on", "1":
		return NewInt(1), nil
	case "n", "no", "f", "false", "off", "0":
		return NewInt(0), nil
	default:
		return nil, valueError("invalid truth value %s", strRepr(l))
	}
}
