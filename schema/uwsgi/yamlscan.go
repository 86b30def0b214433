package uwsgi

import (
	"strings"
	"unicode/utf8"
)

// uWSGI does not parse YAML: it looks at the token stream of libyaml's scanner. gopkg.in/yaml.v3 shows only what a
// parser makes of that stream, and refuses much that uWSGI takes, so the scanner is here: block and flow collections
// by indentation, simple keys, plain, quoted and block scalars.

type yamlKind uint8

const (
	yamlStreamEnd yamlKind = iota + 1
	yamlDirective
	yamlDocument
	yamlKey
	yamlValue
	yamlFlowSequenceStart
	yamlFlowSequenceEnd
	yamlFlowMappingStart
	yamlFlowMappingEnd
	yamlBlockSequenceStart
	yamlBlockMappingStart
	yamlBlockEnd
	yamlFlowEntry
	yamlBlockEntry
	yamlScalar
	yamlAnchor
)

type yamlToken struct {
	kind  yamlKind
	value text
	at    int
}

// yamlSimpleKey is a place where a key may have begun that only a later colon shows to be one.
type yamlSimpleKey struct {
	possible, required bool
	number             int
	at, line, column   int
}

type yamlScanner struct {
	t    text
	s    string
	at   int
	line int
	// column counts characters, as libyaml does.
	column int

	tokens  []yamlToken
	taken   int
	indent  int
	indents []int
	keys    []yamlSimpleKey
	allowed bool
	ended   bool

	fail   string
	failAt int
}

func newYAMLScanner(t text) *yamlScanner {
	y := &yamlScanner{t: t, s: t.s, indent: -1, keys: make([]yamlSimpleKey, 1), allowed: true}
	for i := 0; i < len(t.s); {
		c, n := utf8.DecodeRuneInString(t.s[i:])
		if c == utf8.RuneError && n == 1 || c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != 0 || c == 0x7f || c >= 0x80 && c < 0xa0 && c != 0x85 {
			y.error(i, "the file holds a byte that YAML does not allow")
			break
		}
		i += n
	}
	y.at = 0
	if strings.HasPrefix(t.s, "\ufeff") {
		y.at = len("\ufeff")
	}
	return y
}

func (y *yamlScanner) error(at int, why string) {
	if y.fail == "" {
		y.fail, y.failAt = why, at
	}
}

// next gives the next token; false after an error or the end.
func (y *yamlScanner) next() (yamlToken, bool) {
	for y.fail == "" && !y.ended && y.needMore() {
		y.fetch()
	}
	if y.fail != "" || len(y.tokens) == 0 {
		return yamlToken{}, false
	}
	tok := y.tokens[0]
	y.tokens = y.tokens[1:]
	y.taken++
	return tok, true
}

func (y *yamlScanner) needMore() bool {
	if len(y.tokens) == 0 {
		return true
	}
	y.stale()
	for _, k := range y.keys {
		if k.possible && k.number == y.taken {
			return true
		}
	}
	return false
}

func (y *yamlScanner) peek(n int) byte {
	if y.at+n < len(y.s) {
		return y.s[y.at+n]
	}
	return 0
}

func (y *yamlScanner) end(n int) bool { return y.at+n >= len(y.s) }

func isBreak(c byte) bool { return c == '\n' || c == '\r' }
func isBlank(c byte) bool { return c == ' ' || c == '\t' }

func (y *yamlScanner) blankz(n int) bool {
	return y.end(n) || isBlank(y.peek(n)) || isBreak(y.peek(n))
}

// skip goes one character on within a line.
func (y *yamlScanner) skip() {
	_, n := utf8.DecodeRuneInString(y.s[y.at:])
	y.at += max(n, 1)
	y.column++
}

func (y *yamlScanner) skipBreak() {
	if y.peek(0) == '\r' && y.peek(1) == '\n' {
		y.at++
	}
	y.at++
	y.column = 0
	y.line++
}

func (y *yamlScanner) flow() int { return len(y.keys) - 1 }

func (y *yamlScanner) push(kind yamlKind) {
	y.tokens = append(y.tokens, yamlToken{kind: kind, at: y.at})
}

func (y *yamlScanner) fetch() {
	y.blanks()
	y.stale()
	y.unroll(y.column)
	if y.fail != "" {
		return
	}
	if y.end(0) {
		y.column = 0
		y.unroll(-1)
		y.removeKey()
		y.allowed = false
		y.push(yamlStreamEnd)
		y.ended = true
		return
	}
	c := y.peek(0)
	switch {
	case y.column == 0 && c == '%':
		y.unroll(-1)
		y.removeKey()
		y.allowed = false
		y.push(yamlDirective)
		for !y.end(0) && !isBreak(y.peek(0)) {
			y.skip()
		}
	case y.column == 0 && (strings.HasPrefix(y.s[y.at:], "---") || strings.HasPrefix(y.s[y.at:], "...")) && y.blankz(3):
		y.unroll(-1)
		y.removeKey()
		y.allowed = false
		y.push(yamlDocument)
		y.at += 3
		y.column += 3
	case c == '[' || c == '{':
		y.saveKey()
		y.keys = append(y.keys, yamlSimpleKey{})
		y.allowed = true
		y.push(map[byte]yamlKind{'[': yamlFlowSequenceStart, '{': yamlFlowMappingStart}[c])
		y.skip()
		if y.flow() > maxNesting {
			y.error(y.at, "the collections are nested too deep")
		}
	case c == ']' || c == '}':
		y.removeKey()
		if y.flow() > 0 {
			y.keys = y.keys[:len(y.keys)-1]
		}
		y.allowed = false
		y.push(map[byte]yamlKind{']': yamlFlowSequenceEnd, '}': yamlFlowMappingEnd}[c])
		y.skip()
	case c == ',':
		y.removeKey()
		y.allowed = true
		y.push(yamlFlowEntry)
		y.skip()
	case c == '-' && y.blankz(1):
		y.blockIndicator(yamlBlockSequenceStart, yamlBlockEntry, "a list entry cannot stand here")
		y.allowed = true
	case c == '?' && (y.flow() > 0 || y.blankz(1)):
		y.blockIndicator(yamlBlockMappingStart, yamlKey, "a key cannot stand here")
		y.allowed = y.flow() == 0
	case c == ':' && (y.flow() > 0 || y.blankz(1)):
		y.value()
	case c == '*' || c == '&':
		y.saveKey()
		y.allowed = false
		y.anchor()
	case c == '!':
		y.saveKey()
		y.allowed = false
		y.push(yamlAnchor)
		for !y.blankz(0) {
			y.skip()
		}
	case (c == '|' || c == '>') && y.flow() == 0:
		y.removeKey()
		y.allowed = true
		y.block(c == '|')
	case c == '\'' || c == '"':
		y.saveKey()
		y.allowed = false
		y.quoted(c)
	case !y.blankz(0) && strings.IndexByte("-?:,[]{}#&*!|>'\"%@`", c) < 0, c == '-' && !isBlank(y.peek(1)), y.flow() == 0 && (c == '?' || c == ':') && !y.blankz(1):
		y.saveKey()
		y.allowed = false
		y.plain()
	default:
		y.error(y.at, "no value can begin with this character; put it in quotes")
	}
}

// blanks goes to the next token: white space, comments and line breaks.
func (y *yamlScanner) blanks() {
	for !y.end(0) {
		c := y.peek(0)
		switch {
		case c == ' ' || c == '\t' && (y.flow() > 0 || !y.allowed):
			y.skip()
		case c == '#':
			for !y.end(0) && !isBreak(y.peek(0)) {
				y.skip()
			}
		case isBreak(c):
			y.skipBreak()
			if y.flow() == 0 {
				y.allowed = true
			}
		default:
			return
		}
	}
}

func (y *yamlScanner) stale() {
	for i := range y.keys {
		k := &y.keys[i]
		if k.possible && (k.line < y.line || k.at+1024 < y.at) {
			if k.required {
				y.error(k.at, "a colon is missing after this key")
			}
			k.possible = false
		}
	}
}

func (y *yamlScanner) saveKey() {
	if !y.allowed {
		return
	}
	y.removeKey()
	y.keys[len(y.keys)-1] = yamlSimpleKey{
		possible: true, required: y.flow() == 0 && y.indent == y.column,
		number: y.taken + len(y.tokens), at: y.at, line: y.line, column: y.column,
	}
}

func (y *yamlScanner) removeKey() {
	k := &y.keys[len(y.keys)-1]
	if k.possible && k.required {
		y.error(k.at, "a colon is missing after this key")
	}
	k.possible = false
}

func (y *yamlScanner) roll(column, number int, kind yamlKind) {
	if y.flow() > 0 || y.indent >= column {
		return
	}
	y.indents = append(y.indents, y.indent)
	y.indent = column
	y.insert(number, yamlToken{kind: kind, at: y.at})
}

func (y *yamlScanner) insert(number int, tok yamlToken) {
	if number < 0 {
		y.tokens = append(y.tokens, tok)
		return
	}
	i := number - y.taken
	y.tokens = append(y.tokens[:i], append([]yamlToken{tok}, y.tokens[i:]...)...)
}

func (y *yamlScanner) unroll(column int) {
	for y.flow() == 0 && y.indent > column {
		y.push(yamlBlockEnd)
		y.indent = y.indents[len(y.indents)-1]
		y.indents = y.indents[:len(y.indents)-1]
	}
}

func (y *yamlScanner) blockIndicator(start, kind yamlKind, why string) {
	if y.flow() == 0 {
		if !y.allowed {
			y.error(y.at, why)
			return
		}
		y.roll(y.column, -1, start)
	}
	y.removeKey()
	y.push(kind)
	y.skip()
}

func (y *yamlScanner) value() {
	k := &y.keys[len(y.keys)-1]
	if k.possible {
		y.insert(k.number, yamlToken{kind: yamlKey, at: k.at})
		y.roll(k.column, k.number, yamlBlockMappingStart)
		k.possible = false
		y.allowed = false
	} else {
		if y.flow() == 0 {
			if !y.allowed {
				y.error(y.at, "a second colon with a blank behind it cannot stand here; put the value in quotes")
				return
			}
			y.roll(y.column, -1, yamlBlockMappingStart)
		}
		y.allowed = y.flow() == 0
	}
	y.push(yamlValue)
	y.skip()
}

func (y *yamlScanner) anchor() {
	y.push(yamlAnchor)
	y.skip()
	from := y.at
	for !y.end(0) && (y.peek(0) == '_' || y.peek(0) == '-' || y.peek(0) >= '0' && y.peek(0) <= '9' || y.peek(0)|0x20 >= 'a' && y.peek(0)|0x20 <= 'z') {
		y.skip()
	}
	if y.at == from || !y.blankz(0) && strings.IndexByte("?:,]}%@`", y.peek(0)) < 0 {
		y.error(y.at, "the name of an anchor or alias must stand here; put a value that begins with * or & in quotes")
	}
}

func (y *yamlScanner) scalar(at int, parts ...text) {
	y.tokens = append(y.tokens, yamlToken{kind: yamlScalar, value: join(parts...), at: at})
}

// fold is what a scalar over several lines has between them: one line break is a blank, more are themselves less one.
func fold(breaks int) text {
	if breaks <= 1 {
		return plain(" ")
	}
	return plain(strings.Repeat("\n", breaks-1))
}

func (y *yamlScanner) plain() {
	start, indent := y.at, y.indent+1
	var parts []text
	space, breaks := 0, 0 // where the blanks before this piece begin, and the line breaks in them
	last := y.at
	for {
		if y.column == 0 && (strings.HasPrefix(y.s[y.at:], "---") || strings.HasPrefix(y.s[y.at:], "...")) && y.blankz(3) || y.peek(0) == '#' && !y.end(0) {
			break
		}
		from := y.at
		for !y.blankz(0) {
			c := y.peek(0)
			if y.flow() > 0 && c == ':' && y.at+1 < len(y.s) && strings.IndexByte(",?[]{}", y.peek(1)) >= 0 {
				y.error(y.at, "a colon cannot stand here")
				return
			}
			if c == ':' && y.blankz(1) || y.flow() > 0 && strings.IndexByte(",[]{}", c) >= 0 {
				break
			}
			y.skip()
		}
		if y.at > from {
			if len(parts) > 0 {
				if breaks > 0 {
					parts = append(parts, fold(breaks))
				} else {
					parts = append(parts, y.t.slice(space, from))
				}
			}
			parts = append(parts, y.t.slice(from, y.at))
			last = y.at
			breaks = 0
		}
		if y.end(0) || !isBlank(y.peek(0)) && !isBreak(y.peek(0)) {
			break
		}
		space = last
		for !y.end(0) && (isBlank(y.peek(0)) || isBreak(y.peek(0))) {
			if isBlank(y.peek(0)) {
				if breaks > 0 && y.column < indent && y.peek(0) == '\t' {
					y.error(y.at, "a tab cannot indent")
					return
				}
				y.skip()
			} else {
				y.skipBreak()
				breaks++
			}
		}
		if y.flow() == 0 && y.column < indent {
			break
		}
	}
	y.scalar(start, parts...)
	if breaks > 0 {
		y.allowed = true
	}
}

func (y *yamlScanner) quoted(quote byte) {
	start := y.at
	y.skip()
	var parts []text
	for {
		if y.column == 0 && (strings.HasPrefix(y.s[y.at:], "---") || strings.HasPrefix(y.s[y.at:], "...")) && y.blankz(3) {
			y.error(start, "the quotes are not closed")
			return
		}
		if y.end(0) {
			y.error(start, "the quotes are not closed")
			return
		}
		leading := false
		from := y.at
		for !y.blankz(0) {
			c := y.peek(0)
			if c == quote && quote == '\'' && y.peek(1) == '\'' {
				parts = append(parts, y.t.slice(from, y.at+1))
				y.skip()
				y.skip()
				from = y.at
				continue
			}
			if c == quote {
				break
			}
			if quote == '"' && c == '\\' {
				parts = append(parts, y.t.slice(from, y.at))
				if isBreak(y.peek(1)) {
					y.skip()
					y.skipBreak()
					from = y.at
					leading = true
					break
				}
				piece := y.escape()
				if y.fail != "" {
					return
				}
				parts = append(parts, piece)
				from = y.at
				continue
			}
			y.skip()
		}
		parts = append(parts, y.t.slice(from, y.at))
		if !y.end(0) && y.peek(0) == quote {
			y.skip()
			y.scalar(start, parts...)
			return
		}
		blank, breaks := y.at, 0
		for !y.end(0) && (isBlank(y.peek(0)) || isBreak(y.peek(0))) {
			if isBlank(y.peek(0)) {
				y.skip()
			} else {
				y.skipBreak()
				breaks++
			}
		}
		switch {
		case leading:
			if breaks > 0 {
				parts = append(parts, plain(strings.Repeat("\n", breaks)))
			}
		case breaks > 0:
			parts = append(parts, fold(breaks))
		default:
			parts = append(parts, y.t.slice(blank, y.at))
		}
	}
}

// escape reads a backslash and what follows it in double quotes.
func (y *yamlScanner) escape() text {
	at := y.at
	y.skip()
	c := y.peek(0)
	const names = "0abt\tnvfre \"/\\N_LP"
	values := [...]string{"\x00", "\a", "\b", "\t", "\t", "\n", "\v", "\f", "\r", "\x1b", " ", "\"", "/", "\\", "\u0085", "\u00a0", "\u2028", "\u2029"}
	if i := strings.IndexByte(names, c); i >= 0 && !y.end(0) {
		y.skip()
		return plain(values[i])
	}
	n := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c]
	if n == 0 {
		y.error(at, "there is no such escape")
		return text{}
	}
	y.skip()
	var code rune
	for range n {
		k := strings.IndexByte("0123456789abcdef", y.peek(0)|0x20)
		if k < 0 || y.end(0) {
			y.error(at, "hexadecimal digits must follow the escape")
			return text{}
		}
		code = code<<4 | rune(k)
		y.skip()
	}
	if code >= 0xd800 && code <= 0xdfff || code > 0x10ffff || code < 0 {
		y.error(at, "there is no such character")
		return text{}
	}
	return plain(string(code))
}

// block reads a literal or folded scalar.
func (y *yamlScanner) block(literal bool) {
	start := y.at
	y.skip()
	chomp, increment := byte(0), 0
	for range 2 {
		switch c := y.peek(0); {
		case (c == '+' || c == '-') && chomp == 0:
			chomp = c
			y.skip()
		case c >= '0' && c <= '9' && increment == 0 && !y.end(0):
			if c == '0' {
				y.error(y.at, "the indentation cannot be 0")
				return
			}
			increment = int(c - '0')
			y.skip()
		}
	}
	for !y.end(0) && isBlank(y.peek(0)) {
		y.skip()
	}
	if y.peek(0) == '#' {
		for !y.end(0) && !isBreak(y.peek(0)) {
			y.skip()
		}
	}
	if !y.blankz(0) {
		y.error(y.at, "a comment or a line break must follow the indicator of a block")
		return
	}
	if !y.end(0) {
		y.skipBreak()
	}
	indent := 0
	if increment > 0 {
		indent = max(y.indent, 0) + increment
	}
	var parts []text
	trailing := y.blockBreaks(&indent)
	lineBreak, leadingBlank := 0, false
	for y.fail == "" && y.column == indent && !y.end(0) {
		trailingBlank := isBlank(y.peek(0))
		if !literal && lineBreak > 0 && !leadingBlank && !trailingBlank {
			if trailing == 0 {
				parts = append(parts, plain(" "))
			}
		} else if lineBreak > 0 {
			parts = append(parts, plain("\n"))
		}
		lineBreak = 0
		parts = append(parts, plain(strings.Repeat("\n", trailing)))
		leadingBlank = isBlank(y.peek(0))
		from := y.at
		for !y.end(0) && !isBreak(y.peek(0)) {
			y.skip()
		}
		parts = append(parts, y.t.slice(from, y.at))
		if y.end(0) {
			trailing = 0
			break
		}
		y.skipBreak()
		lineBreak = 1
		trailing = y.blockBreaks(&indent)
	}
	if chomp != '-' && lineBreak > 0 {
		parts = append(parts, plain("\n"))
	}
	if chomp == '+' {
		parts = append(parts, plain(strings.Repeat("\n", trailing)))
	}
	y.scalar(start, parts...)
}

// blockBreaks eats the indentation and the empty lines before a line of a block, and finds out the indentation where
// it is not known.
func (y *yamlScanner) blockBreaks(indent *int) (breaks int) {
	longest := 0
	for {
		for (*indent == 0 || y.column < *indent) && y.peek(0) == ' ' {
			y.skip()
		}
		longest = max(longest, y.column)
		if (*indent == 0 || y.column < *indent) && y.peek(0) == '\t' {
			y.error(y.at, "a tab cannot indent")
			return breaks
		}
		if y.end(0) || !isBreak(y.peek(0)) {
			break
		}
		y.skipBreak()
		breaks++
	}
	if *indent == 0 {
		*indent = max(longest, y.indent+1, 1)
	}
	return breaks
}
