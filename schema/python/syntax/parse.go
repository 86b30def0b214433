package syntax

import (
	"strings"
	"unicode/utf8"
)

// Options choose how a text is read.
type Options struct {
	// Python311 refuses the grammar that came after Python 3.11.
	Python311 bool
}

// Parse reads a file of Python 3.8 to 3.14. The error is a *SyntaxError.
func Parse(filename string, src []byte) (*Module, error) {
	return Options{}.Parse(filename, src)
}

// Parse reads a file as the options say. The error is a *SyntaxError.
func (o Options) Parse(filename string, src []byte) (mod *Module, err error) {
	defer func() {
		if r := recover(); r != nil {
			f, ok := r.(failure)
			if !ok {
				panic(r)
			}
			f.err.Filename = filename
			f.err.Hint = python2Hint(f.err, src)
			mod, err = nil, f.err
		}
	}()
	text := decode(src)
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	l := &lexer{src: text, py311: o.Python311, garbled: !utf8.ValidString(text)}
	l.tokens = make([]token, 0, len(text)/4+16)
	l.run()
	p := newParser(l)
	return &Module{Body: p.module(), Source: text}, nil
}

func newParser(l *lexer) *parser {
	p := &parser{src: l.src, tokens: l.tokens, lines: l.lines, py311: l.py311, lexError: l.err, lexSoft: l.soft}
	if n := len(l.brackets); n > 0 {
		p.unclosed = &l.brackets[n-1]
	}
	p.reset(0)
	return p
}

// module reads the whole text; where it cannot, it says why.
func (p *parser) module() (body []Stmt) {
	defer func() {
		if r := recover(); r != nil {
			f, ok := r.(failure)
			if !ok {
				panic(r)
			}
			if f.err == nil {
				f.err = p.refusal()
			}
			if !f.final {
				p.depth, p.explaining = 0, true
				if e := p.explain(p.top, "file"); e != nil {
					f.err = e
				}
			}
			panic(f)
		}
	}()
	for p.tok.kind != tEOF {
		p.top = p.i
		body = p.statement(body)
	}
	return body
}

// python2Hint tells when a text that does not parse looks like Python 2.
func python2Hint(e *SyntaxError, src []byte) string {
	line := ""
	if lines := strings.Split(string(src), "\n"); e.Line >= 1 && e.Line <= len(lines) {
		line = strings.TrimSpace(lines[e.Line-1])
	}
	switch {
	case strings.HasPrefix(e.Msg, "Missing parentheses in call to"),
		strings.HasPrefix(e.Msg, "leading zeros in decimal integer"),
		strings.HasPrefix(e.Msg, "multiple exception types must be parenthesized"),
		strings.Contains(line, "<>"), strings.Contains(line, "`"),
		strings.HasPrefix(line, "print ") || strings.HasPrefix(line, "exec "),
		strings.Contains(line, "ur'") || strings.Contains(line, `ur"`):
		return "This looks like Python 2."
	}
	return ""
}
