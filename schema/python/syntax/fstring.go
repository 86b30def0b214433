package syntax

import "strings"

// fparser reads the inside of one f-string literal.
type fparser struct {
	p   *parser
	j   *joiner
	lit literal
	s   string
	i   int
	// lines were counted up to the offset counted of the token; the last of them starts at lineStart.
	counted, lineStart int
	lines              int32
}

// kind names the literal in messages.
func (f *fparser) kind() string {
	if f.lit.templat {
		return "t-string"
	}
	return "f-string"
}

func (f *fparser) fail(format string, args ...any) {
	f.p.failAt(f.lit.tok, strings.Replace(format, "f-string", f.kind(), 1), args...)
}

// parse reads literals and replacement fields to the end, or in a format spec to its closing brace.
func (f *fparser) parse(level int) {
	for {
		f.literal(level)
		if f.i >= len(f.s) || f.s[f.i] == '}' {
			return
		}
		f.i++
		f.field(level)
	}
}

func (f *fparser) literal(level int) {
	start := f.i
	emit := func(end int) {
		if end <= start {
			return
		}
		f.j.text.WriteString(f.p.decodeText(f.lit, f.s[start:end]))
	}
	for f.i < len(f.s) {
		c := f.s[f.i]
		if c == '\\' && !f.lit.raw {
			f.i++
			if f.i < len(f.s) {
				switch f.s[f.i] {
				case '{', '}':
					continue
				case 'N':
					// The braces of a name are none of a field.
					f.i++
					if f.i < len(f.s) {
						f.i++
						if f.s[f.i-1] == '{' {
							if end := strings.IndexByte(f.s[f.i:], '}'); end >= 0 {
								f.i += end + 1
							} else {
								f.i = len(f.s)
							}
						}
					}
					continue
				}
				f.i++
			}
			continue
		}
		if c != '{' && c != '}' {
			f.i++
			continue
		}
		if level == 0 {
			if f.i+1 < len(f.s) && f.s[f.i+1] == c {
				emit(f.i + 1)
				f.i += 2
				start = f.i
				continue
			}
			if c == '}' {
				f.fail("f-string: single '}' is not allowed")
			}
		}
		break
	}
	emit(f.i)
}

// field reads a replacement field; f.i stands behind its opening brace.
func (f *fparser) field(level int) {
	if level >= 2 && f.p.py311 {
		f.fail("f-string: expressions nested too deeply")
	}
	start := f.i
	f.skipExpression()
	end := f.i
	if f.i >= len(f.s) {
		f.fail("f-string: expecting '}'")
	}
	value := f.compile(start, end)
	debug := ""
	if f.s[f.i] == '=' {
		f.i++
		debug = f.s[start:f.i]
		for f.i < len(f.s) {
			from := f.i
			for f.i < len(f.s) && strings.IndexByte(" \t\n\r\f\v", f.s[f.i]) >= 0 {
				f.i++
			}
			debug += f.s[from:f.i]
			if f.p.py311 || f.i >= len(f.s) || f.s[f.i] != '#' {
				break
			}
			for f.i < len(f.s) && f.s[f.i] != '\n' {
				f.i++
			}
		}
		if f.i >= len(f.s) {
			f.fail("f-string: expecting '}'")
		}
	}
	conversion := -1
	if f.s[f.i] == '!' {
		f.i++
		if f.i >= len(f.s) {
			f.fail("f-string: expecting '}'")
		}
		conversion = int(f.s[f.i])
		f.i++
		if conversion != 's' && conversion != 'r' && conversion != 'a' {
			f.fail("f-string: invalid conversion character: expected 's', 'r', or 'a'")
		}
		for !f.p.py311 && f.i < len(f.s) && strings.IndexByte(" \t\n\f", f.s[f.i]) >= 0 {
			f.i++
		}
		if f.i >= len(f.s) {
			f.fail("f-string: expecting '}'")
		}
	}
	var spec Expr
	if f.s[f.i] == ':' {
		f.i++
		inner := &joiner{p: f.p, pos: f.j.pos, kind: f.j.kind}
		outer := f.j
		f.j = inner
		f.parse(level + 1)
		f.j = outer
		// CPython 3.11 places a format's end and the format itself at the literal, all else at the whole concatenation.
		t := f.lit.tok
		inner.pos = f.p.pos(t.start, t.line, t.end, t.endLine)
		inner.flush()
		spec = &JoinedStr{Pos: inner.pos, Values: inner.values}
	}
	if f.i >= len(f.s) || f.s[f.i] != '}' {
		f.fail("f-string: expecting '}'")
	}
	f.i++
	if debug != "" {
		if conversion == -1 && spec == nil {
			conversion = 'r'
		}
		f.j.text.WriteString(debug)
	}
	f.j.flush()
	if f.j.template && level == 0 {
		f.j.values = append(f.j.values, &Interpolation{Pos: f.j.pos, Value: value, Str: strings.TrimRight(f.s[start:end], " \t\n\f"), Conversion: conversion, FormatSpec: spec})
		return
	}
	f.j.values = append(f.j.values, &FormattedValue{Pos: f.j.pos, Value: value, Conversion: conversion, FormatSpec: spec})
}

// skipExpression finds the end of the expression: a "!", ":", "=" or "}" outside brackets and strings.
func (f *fparser) skipExpression() {
	var open []byte
	for f.i < len(f.s) {
		c := f.s[f.i]
		switch c {
		case '\\':
			if f.p.py311 {
				f.fail("f-string expression part cannot include a backslash")
			}
		case '#':
			if f.p.py311 {
				f.fail("f-string expression part cannot include '#'")
			}
			for f.i < len(f.s) && f.s[f.i] != '\n' {
				f.i++
			}
			continue
		case '\'', '"':
			f.skipString(c)
			continue
		case '(', '[', '{':
			if len(open) >= maxNesting {
				f.fail("f-string: too many nested parenthesis")
			}
			open = append(open, c)
		case ')', ']', '}':
			if len(open) == 0 {
				if c == '}' {
					return
				}
				f.fail("f-string: unmatched '%c'", c)
			}
			o := open[len(open)-1]
			open = open[:len(open)-1]
			if !(o == '(' && c == ')' || o == '[' && c == ']' || o == '{' && c == '}') {
				f.fail("f-string: closing parenthesis '%c' does not match opening parenthesis '%c'", c, o)
			}
		case '!', '=', '<', '>', ':':
			if len(open) > 0 {
				break
			}
			if c != ':' && f.i+1 < len(f.s) && f.s[f.i+1] == '=' {
				f.i += 2
				continue
			}
			if c == '<' || c == '>' {
				break
			}
			return
		}
		f.i++
	}
	if len(open) > 0 {
		f.fail("f-string: unmatched '%c'", open[len(open)-1])
	}
}

func (f *fparser) skipString(quote byte) {
	if f.p.py311 {
		n := 1
		if strings.HasPrefix(f.s[f.i:], strings.Repeat(string(quote), 3)) {
			n = 3
		}
		body := f.s[f.i+n:]
		end := strings.Index(body, strings.Repeat(string(quote), n))
		if end < 0 {
			if strings.IndexByte(body, '\\') >= 0 {
				f.fail("f-string expression part cannot include a backslash")
			}
			f.fail("f-string: unterminated string")
		}
		if strings.IndexByte(body[:end], '\\') >= 0 {
			f.fail("f-string expression part cannot include a backslash")
		}
		f.i += n + end + n
		return
	}
	l := &lexer{src: f.s, pos: f.i, line: 1}
	s := fscan{l: l, quote: 0, start: f.i, open: f.i}
	s.nested(quote, 0)
	f.i = l.pos
}

// compile parses the expression between two offsets of the literal's body.
func (f *fparser) compile(start, end int) Expr {
	text := f.s[start:end]
	if strings.Trim(text, " \t\n\f\r") == "" {
		if c := f.s[end]; c != '}' {
			f.fail("f-string: expression required before '%c'", c)
		}
		f.fail("f-string: empty expression not allowed")
	}
	line, col := f.location(start - 1)
	base := f.lit.tok.start + int32(f.lit.bodyStart+start) - 1
	sub := &parser{py311: f.p.py311, minor: f.p.minor, depth: f.p.depth + 1, shift: &shift{line: line, col: col, base: base}}
	if f.p.shift != nil {
		sub.shift.base += f.p.shift.base
	}
	sub.src = "(" + text + ")"
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(failure)
			if !ok {
				panic(r)
			}
			err := e.err
			if err == nil {
				err = sub.refusal()
			}
			if f.p.explaining && !e.final && sub.tokens != nil {
				sub.depth, sub.explaining = f.p.depth+1, true
				rule := "star_expressions"
				if !f.p.py311 {
					rule = "replacement"
				}
				if why := sub.explain(0, rule); why != nil {
					err = why
				}
			}
			// Tell the place in the file, not in the expression.
			msg := err.Msg
			ofTokens := err == sub.lexError && !sub.lexSoft
			if !err.inFString && !ofTokens && (f.p.py311 || !strings.HasPrefix(msg[1:], "-string")) {
				msg = f.kind() + ": " + msg
			}
			from := int(base)
			moved := newError(err.Type, f.p.src, from+err.Start, from+err.End, msg)
			moved.inFString = true
			panic(failure{err: moved, final: e.final})
		}
	}()
	lex := &lexer{src: sub.src + "\n", py311: f.p.py311}
	lex.run()
	sub.src = lex.src
	sub.tokens, sub.lines, sub.lexError, sub.lexSoft = lex.tokens, lex.lines, lex.err, lex.soft
	if len(lex.brackets) > 0 {
		sub.unclosed = &lex.brackets[len(lex.brackets)-1]
	}
	sub.enter()
	sub.reset(0)
	var e Expr
	if f.p.py311 {
		e = sub.starExpressions()
	} else { // since Python 3.12 the brackets are not part of the expression, so that *a may stand alone
		sub.next()
		e = sub.yieldOrStar()
		sub.expectOp(oRPar)
	}
	if sub.tok.kind == tNewline {
		sub.next()
	}
	if sub.tok.kind != tEOF {
		sub.unexpected()
	}
	return e
}

// linesTo counts the lines before an offset of the token, and notes where the last of them starts. Offsets only grow.
func (f *fparser) linesTo(text string, at int) int32 {
	part := text[f.counted:at]
	f.lines += int32(strings.Count(part, "\n"))
	if i := strings.LastIndexByte(part, '\n'); i >= 0 {
		f.lineStart = f.counted + i + 1
	}
	f.counted = at
	return f.lines
}

// location gives the line and the column shift of an expression whose opening brace stands at an offset of the body,
// as CPython 3.11's fstring_find_expr_location counts them.
func (f *fparser) location(brace int) (line, col int32) {
	t := f.lit.tok
	text := f.p.text(t)
	at := f.lit.bodyStart + brace
	newlineAfterBrace := true
	for i := at + 1; i < len(text) && text[i] != '}' && text[i] != '\n'; i++ {
		if text[i] != ' ' && text[i] != '\t' && text[i] != '\f' {
			newlineAfterBrace = false
			break
		}
	}
	lines := f.linesTo(text, at)
	if !newlineAfterBrace {
		col = int32(at - f.lineStart)
	}
	pos := f.p.pos(t.start, t.line, t.end, t.endLine)
	line = pos.Lineno + lines
	if lines == 0 {
		col += pos.ColOffset
	}
	return line, col
}
