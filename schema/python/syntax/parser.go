package syntax

import (
	"fmt"

	"golang.org/x/text/unicode/norm"
)

// maxDepth bounds the recursion of the parser; CPython's own bound is of this order.
const maxDepth = 3000

type parser struct {
	src    string
	tokens []token
	lines  []int32
	i      int
	tok    token
	depth  int
	py311  bool
	// unclosed is the innermost bracket that is open at the end of the text.
	unclosed *bracket
	// inside an f-string's expression positions are shifted as CPython 3.11 shifts them.
	shift *shift
}

func (p *parser) next() {
	p.i++
	p.tok = p.tokens[p.i]
}

func (p *parser) peek(n int) token {
	if p.i+n < len(p.tokens) {
		return p.tokens[p.i+n]
	}
	return p.tokens[len(p.tokens)-1]
}

func (p *parser) reset(i int) {
	p.i = i
	p.tok = p.tokens[i]
}

func (p *parser) isOp(o op) bool { return p.tok.op == o }

func (p *parser) isKw(k keyword) bool { return p.tok.kw == k }

func (p *parser) text(t token) string { return p.src[t.start:t.end] }

func (p *parser) acceptOp(o op) bool {
	if p.tok.op == o {
		p.next()
		return true
	}
	return false
}

func (p *parser) acceptKw(k keyword) bool {
	if p.tok.kw == k {
		p.next()
		return true
	}
	return false
}

func (p *parser) failAt(t token, format string, args ...any) {
	p.failRange(int(t.start), int(t.end), format, args...)
}

func (p *parser) failRange(start, end int, format string, args ...any) {
	panic(failure{newError("SyntaxError", p.src, start, end, fmt.Sprintf(format, args...))})
}

func (p *parser) failNode(n Node, format string, args ...any) {
	s := n.Span()
	p.failRange(int(s.Start), int(s.End), format, args...)
}

// unexpected refuses the current token with CPython's generic messages.
func (p *parser) unexpected() {
	switch p.tok.kind {
	case tIndent:
		p.failIndent(p.tok, "unexpected indent")
	case tDedent:
		if p.i > 0 {
			p.failIndent(p.tok, "unindent does not match any outer indentation level")
		}
	case tEOF:
		if p.unclosed != nil {
			p.failRange(p.unclosed.pos, p.unclosed.pos+1, "'%c' was never closed", p.unclosed.char)
		}
	}
	if p.unclosed != nil && p.unclosed.line < p.tok.line {
		p.failRange(p.unclosed.pos, p.unclosed.pos+1, "'%c' was never closed", p.unclosed.char)
	}
	p.failAt(p.tok, "invalid syntax")
}

func (p *parser) failIndent(t token, format string, args ...any) {
	panic(failure{newError("IndentationError", p.src, int(t.end), int(t.end), fmt.Sprintf(format, args...))})
}

func (p *parser) expectOp(o op) token {
	t := p.tok
	if t.op != o {
		p.unexpected()
	}
	p.next()
	return t
}

func (p *parser) expectColon() {
	if p.tok.op != oColon {
		if p.tok.kind == tEOF || p.unclosed != nil && p.unclosed.line < p.tok.line {
			p.unexpected()
		}
		if p.tok.op == oAssign || p.tok.op == oColonEq {
			p.unexpected()
		}
		if p.tok.kind == tNewline {
			p.failAt(p.tok, "expected ':'")
		}
		p.unexpected()
	}
	p.next()
}

func (p *parser) expectKw(k keyword) {
	if p.tok.kw != k {
		p.unexpected()
	}
	p.next()
}

func (p *parser) enter() {
	p.depth++
	if p.depth > maxDepth {
		p.failAt(p.tok, "too many nested expressions")
	}
}

func (p *parser) leave() { p.depth-- }

// name reads an identifier.
func (p *parser) name() string {
	if p.tok.kind != tName || p.tok.kw != kNone {
		p.unexpected()
	}
	s := p.ident(p.tok)
	p.next()
	return s
}

// ident gives an identifier's text, normalised as PEP 3131 says.
func (p *parser) ident(t token) string {
	s := p.text(t)
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return norm.NFKC.String(s)
		}
	}
	return s
}

// isSoft tells whether the current token is a soft keyword.
func (p *parser) isSoft(word string) bool {
	return p.tok.kind == tName && p.tok.kw == kNone && p.text(p.tok) == word
}

func (p *parser) col(line, offset int32) int32 {
	if line < 1 || int(line) > len(p.lines) {
		return 0
	}
	return offset - p.lines[line-1]
}

// from makes the position of a node that starts at a token and ends with the last one read.
func (p *parser) from(start token) Pos {
	end := p.tokens[p.i-1]
	return p.pos(start.start, start.line, end.end, end.endLine)
}

func (p *parser) pos(start, line, end, endLine int32) Pos {
	pos := Pos{Lineno: line, ColOffset: p.col(line, start), EndLineno: endLine, EndColOffset: p.col(endLine, end), Start: start, End: end}
	if p.shift != nil {
		p.shift.apply(&pos)
	}
	return pos
}

// attempt runs f; where it fails, the parser is where it was.
func (p *parser) attempt(f func()) (ok bool) {
	i, depth := p.i, p.depth
	defer func() {
		if r := recover(); r != nil {
			if _, isFailure := r.(failure); !isFailure {
				panic(r)
			}
			p.reset(i)
			p.depth = depth
			ok = false
		}
	}()
	f()
	return true
}
