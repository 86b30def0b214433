package syntax

import "strings"

// str reads a string literal whose prefix starts at start; l.pos stands on its first quote.
func (l *lexer) str(start int, prefix string) {
	line := l.line
	quote := l.src[l.pos]
	triple := strings.HasPrefix(l.src[l.pos:], strings.Repeat(string(quote), 3))
	open := l.pos
	if triple {
		l.pos += 3
	} else {
		l.pos++
	}
	formatted := !l.py311 && strings.ContainsAny(prefix, "fFtT")
	if formatted {
		s := fscan{l: l, quote: quote, triple: triple, raw: strings.ContainsAny(prefix, "rR"), start: start, open: open}
		s.literal(0)
	} else {
		l.plainString(start, open, quote, triple)
	}
	if l.garbled {
		n := 1
		if triple {
			n = 3
		}
		body := l.src[open+n : l.pos-n]
		if at, size, why := invalidUTF8(body); size > 0 {
			l.softFail("SyntaxError", open+n+at, utf8Error(body, at, size, why))
		}
	}
	t := l.add(tString, start, l.pos, line)
	t.endLine = l.line
}

func (l *lexer) unterminated(start int, triple bool) {
	kind := "string literal"
	if triple {
		kind = "triple-quoted string literal"
	}
	at := l.line
	if l.pos >= len(l.src) && at > 1 {
		at-- // CPython counts the last line that holds anything
	}
	l.fail(start, "unterminated %s (detected at line %d)", kind, at)
}

func (l *lexer) plainString(start, open int, quote byte, triple bool) {
	for {
		if l.pos >= len(l.src) {
			l.unterminated(start, triple)
		}
		switch c := l.src[l.pos]; c {
		case '\n':
			if !triple {
				l.unterminated(start, false)
			}
			l.newline()
		case '\\':
			l.pos++
			if l.pos >= len(l.src) {
				l.unterminated(start, triple)
			}
			if l.src[l.pos] == '\n' {
				l.newline()
			} else {
				l.pos++
			}
		case quote:
			if !triple {
				l.pos++
				return
			}
			if strings.HasPrefix(l.src[l.pos:], l.src[open:open+3]) {
				l.pos += 3
				return
			}
			l.pos++
		default:
			l.pos++
		}
	}
}

// fscan finds the end of an f-string as PEP 701 defines it: quotes inside its expressions do not end it.
type fscan struct {
	l           *lexer
	quote       byte
	triple, raw bool
	start, open int
}

const maxFStringDepth = 150

// literal reads literal text up to the closing quote, or in a format spec (depth over 0) up to the closing brace.
func (s *fscan) literal(depth int) {
	l := s.l
	for {
		if l.pos >= len(l.src) {
			l.unterminated(s.start, s.triple)
		}
		switch c := l.src[l.pos]; {
		case c == '\n':
			if !s.triple {
				if depth > 0 {
					l.fail(l.pos, "f-string: newlines are not allowed in format specifiers for single quoted f-strings")
				}
				l.unterminated(s.start, false)
			}
			l.newline()
		case c == '\\':
			s.escape()
		case c == s.quote && (!s.triple || strings.HasPrefix(l.src[l.pos:], l.src[s.open:s.open+3])):
			if depth > 0 {
				l.fail(l.pos, "f-string: expecting '}'")
			}
			l.pos++
			if s.triple {
				l.pos += 2
			}
			return
		case c == '{':
			l.pos++
			if depth == 0 && l.at(l.pos) == '{' {
				l.pos++
				continue
			}
			s.expression(depth)
		case c == '}' && depth > 0:
			return
		default:
			l.pos++
		}
	}
}

func (s *fscan) escape() {
	l := s.l
	l.pos++
	switch c := l.at(l.pos); {
	case c == '\n':
		l.newline()
	case c == '{' || c == '}':
	case c == 'N' && !s.raw && l.at(l.pos+1) == '{':
		if i := strings.IndexAny(l.src[l.pos:], "}\n"); i >= 0 && l.src[l.pos+i] == '}' {
			l.pos += i + 1
		} else {
			l.pos++
		}
	default:
		l.pos++
	}
}

// expression reads up to and over the brace that closes a replacement field.
func (s *fscan) expression(depth int) {
	l := s.l
	if depth >= maxFStringDepth {
		l.fail(l.pos, "f-string: expressions nested too deeply")
	}
	nesting := 0
	for {
		if l.pos >= len(l.src) {
			l.unterminated(s.start, s.triple)
		}
		switch c := l.src[l.pos]; c {
		case '\n':
			l.newline()
		case '#':
			for l.pos < len(l.src) && l.src[l.pos] != '\n' {
				l.pos++
			}
		case '\'', '"':
			s.nested(c, depth)
		case '(', '[', '{':
			nesting++
			l.pos++
		case ')', ']':
			nesting--
			l.pos++
		case '}':
			l.pos++
			if nesting <= 0 {
				return
			}
			nesting--
		case '!':
			l.pos++
			if l.at(l.pos) == '=' {
				l.pos++
			}
		case ':':
			l.pos++
			if nesting == 0 {
				s.literal(depth + 1)
				if l.at(l.pos) == '}' {
					l.pos++
				}
				return
			}
		default:
			l.pos++
		}
	}
}

// nested reads a string inside an expression.
func (s *fscan) nested(quote byte, depth int) {
	l := s.l
	start := l.pos
	if quote == s.quote && !s.triple && depth >= maxFStringDepth {
		l.fail(start, "f-string: expressions nested too deeply")
	}
	from := start
	for from > 0 && start-from < 2 && isNameByte(l.src[from-1]) {
		from--
	}
	prefix := l.src[from:start]
	triple := strings.HasPrefix(l.src[start:], strings.Repeat(string(quote), 3))
	if triple {
		l.pos += 3
	} else {
		l.pos++
	}
	if isStringPrefix(prefix) && strings.ContainsAny(prefix, "fFtT") {
		n := fscan{l: l, quote: quote, triple: triple, raw: strings.ContainsAny(prefix, "rR"), start: from, open: start}
		if depth >= maxFStringDepth {
			l.fail(start, "f-string: expressions nested too deeply")
		}
		n.literalNested(depth + 1)
		return
	}
	if quote == s.quote && triple == s.triple && !l.closes(start, quote, triple) {
		l.fail(s.start, "f-string: expecting '}'")
	}
	l.plainString(start, start, quote, triple)
}

// closes tells whether the plain string that opens at an offset, behind whose quotes l.pos stands, has an end.
func (l *lexer) closes(open int, quote byte, triple bool) bool {
	text := l.src[l.pos:]
	if !triple {
		text, _, _ = strings.Cut(text, "\n")
	}
	return strings.Contains(text, l.src[open:l.pos])
}

// literalNested is literal for an f-string inside another: it has its own closing quote.
func (s *fscan) literalNested(level int) {
	if level > maxFStringDepth {
		s.l.fail(s.start, "f-string: expressions nested too deeply")
	}
	s.literal(0)
}
