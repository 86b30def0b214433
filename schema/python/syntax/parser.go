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
	py311  bool // refuses what came after Python 3.11
	minor  int
	// top is the first token of the statement of the module that is being read.
	top int
	// unclosed is the innermost bracket that is open where the tokens end, lexError why they end there.
	unclosed *bracket
	lexError *SyntaxError
	lexSoft  bool
	// explaining is set while the reason of a refusal is looked for.
	explaining bool
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

// before tells whether the text is to be read by a version of Python older than 3.minor.
func (p *parser) before(minor int) bool { return p.minor != 0 && p.minor < minor }

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
	panic(failure{err: newError("SyntaxError", p.src, start, end, fmt.Sprintf(format, args...))})
}

// unexpected refuses the current token. Why, explain finds out.
func (p *parser) unexpected() { panic(failure{}) }

// refusal is the error where there is no explanation.
func (p *parser) refusal() *SyntaxError {
	if p.tok.kind == tError {
		return p.lexError
	}
	return newError("SyntaxError", p.src, int(p.tok.start), int(p.tok.end), "invalid syntax")
}

// failHere refuses a token in the manner of CPython: layout and the end of the text have no extent of their own, there the
// error stands at the last character that was read.
func (p *parser) failHere(typ string, t token, format string, args ...any) {
	start, end := int(t.start), int(t.end)
	switch t.kind {
	case tIndent, tDedent, tEOF:
		line := int(p.lines[t.line-1])
		if end == len(p.src) {
			line = 0 // behind the last line, which is then where it stands
		}
		start = max(end-1, line)
		end = start
	}
	panic(failure{err: newError(typ, p.src, start, end, fmt.Sprintf(format, args...))})
}

func (p *parser) neverClosed() *SyntaxError { return p.unclosed.neverClosed(p.src) }

func (p *parser) expectOp(o op) token {
	t := p.tok
	if t.op != o {
		p.unexpected()
	}
	p.next()
	return t
}

func (p *parser) expectColon() { p.expectOp(oColon) }

func (p *parser) expectKw(k keyword) {
	if p.tok.kw != k {
		p.unexpected()
	}
	p.next()
}

func (p *parser) enter() {
	p.depth++
	if p.depth > maxDepth {
		panic(failure{err: newError("SyntaxError", p.src, int(p.tok.start), int(p.tok.end), "too many levels of nesting"), final: true})
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
