package supervisor

import (
	"fmt"
	"strings"
)

// A span is a word of a text and where it stands in it.
type span struct {
	text       string
	start, end int
}

// splitCommand parts a command as Python's shlex.split does. The error is Python's.
func splitCommand(s string) (words []span, message string) {
	i := 0
	for {
		for i < len(s) && isBlank(s[i]) {
			i++
		}
		if i == len(s) {
			return words, ""
		}
		start := i
		var word []byte
		for i < len(s) && !isBlank(s[i]) {
			switch c := s[i]; c {
			case '\\':
				if i+1 == len(s) {
					return words, "No escaped character"
				}
				word = append(word, s[i+1])
				i += 2
			case '\'', '"':
				for i++; ; i++ {
					if i == len(s) {
						return words, "No closing quotation"
					}
					if s[i] == c {
						i++
						break
					}
					if c == '"' && s[i] == '\\' {
						if i+1 == len(s) {
							return words, "No escaped character"
						}
						if s[i+1] == '"' || s[i+1] == '\\' {
							i++
						}
					}
					word = append(word, s[i])
				}
			default:
				word = append(word, c)
				i++
			}
		}
		words = append(words, span{string(word), start, i})
	}
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

func isWordChar(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("_/.+-():", c) >= 0
}

// tokens parts the value of environment= as shlex.shlex does with supervisord's word characters: quotes keep their
// text together and stay in the token, "#" begins a comment, any other character is a token of its own.
func tokens(s string) (out []span, message string) {
	for i := 0; i < len(s); {
		c := s[i]
		start := i
		switch {
		case isBlank(c):
			i++
			continue
		case c == '#':
			i = endOfLine(s, i)
			continue
		case c == '"' || c == '\'':
			n := strings.IndexByte(s[i+1:], c)
			if n < 0 {
				return out, "No closing quotation"
			}
			i += n + 2
			out = append(out, span{s[start:i], start, i})
		case isWordChar(c):
			var word []byte
			for i < len(s) {
				if s[i] == '#' { // the comment ends with its line, the word goes on behind it
					i = endOfLine(s, i)
					continue
				}
				if !isWordChar(s[i]) && s[i] != '"' && s[i] != '\'' {
					break
				}
				word = append(word, s[i])
				i++
			}
			out = append(out, span{string(word), start, i})
		default:
			i++
			for i < len(s) && s[i]&0xc0 == 0x80 { // the rest of a character
				i++
			}
			out = append(out, span{s[start:i], start, i})
		}
	}
	return out, ""
}

func endOfLine(s string, i int) int {
	if n := strings.IndexByte(s[i:], '\n'); n >= 0 {
		return i + n + 1
	}
	return len(s)
}

// A pair is one variable of environment=.
type pair struct{ name, value span }

// pairs reads KEY=value,KEY2="a, b". A value is one token, so a "%" or "@" outside of quotes ends it.
func pairs(s string) (out []pair, message string) {
	list, message := tokens(s)
	if message != "" {
		return nil, message
	}
	for i := 0; i < len(list); i += 4 {
		if i+2 >= len(list) || list[i+1].text != "=" {
			return out, fmt.Sprintf("Unexpected end of key/value pairs in value '%s'", s)
		}
		value := list[i+2]
		value.text = strings.Trim(value.text, "'\"")
		out = append(out, pair{list[i], value})
	}
	return out, ""
}
