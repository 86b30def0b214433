package syntax

import (
	"strings"
)

// A shift places the nodes of an f-string's expression as CPython 3.11 does: the expression is parsed on its own,
// in parentheses, and its first line moved.
type shift struct {
	line, col int32 // of the first line of the expression
	base      int32 // byte offset of its first byte in the source
}

func (s *shift) apply(p *Pos) {
	if p.Lineno == 1 {
		p.ColOffset += s.col
	}
	if p.EndLineno == 1 {
		p.EndColOffset += s.col
	}
	p.Lineno += s.line - 1
	p.EndLineno += s.line - 1
	p.Start += s.base
	p.End += s.base
}

// literal is one string token taken apart.
type literal struct {
	tok                         token
	prefix                      string
	body                        string
	bodyStart                   int
	raw, bytes, format, templat bool
}

func (p *parser) literal(t token) literal {
	text := p.text(t)
	i := strings.IndexAny(text, `'"`)
	l := literal{tok: t, prefix: text[:i]}
	for _, c := range l.prefix {
		switch c {
		case 'r', 'R':
			l.raw = true
		case 'b', 'B':
			l.bytes = true
		case 'f', 'F':
			l.format = true
		case 't', 'T':
			l.templat = true
		}
	}
	n := 1
	if len(text) >= i+6 && text[i+1] == text[i] && text[i+2] == text[i] {
		n = 3
	}
	l.body = text[i+n : len(text)-n]
	l.bodyStart = i + n
	return l
}

// strings reads adjacent string literals as one expression.
func (p *parser) strings() Expr {
	start := p.tok
	first := p.i
	for p.tok.kind == tString {
		p.next()
	}
	pos := p.from(start)
	kind := ""
	var b strings.Builder
	j := &joiner{p: p, pos: pos}
	var isBytes, isFormat, isTemplate, isText, isOther bool
	for i := first; i < p.i; i++ {
		l := p.literal(p.tokens[i])
		if l.templat && p.before(14) {
			p.failAt(l.tok, "invalid syntax")
		}
		if i == first && l.prefix == "u" {
			kind = "u"
		}
		isBytes = isBytes || l.bytes
		isText = isText || !l.bytes
		isFormat = isFormat || l.format
		isTemplate = isTemplate || l.templat
		isOther = isOther || !l.templat
		switch {
		case l.bytes:
			b.WriteString(p.decodeBytes(l))
		case !l.format && !l.templat:
			j.text.WriteString(p.decodeText(l, l.body))
		}
		if isBytes && isText {
			p.failRange(int(start.start), int(p.tokens[p.i-1].end), "cannot mix bytes and nonbytes literals")
		}
		if isTemplate && isOther {
			p.failRange(int(start.start), int(p.tokens[p.i-1].end), "cannot mix t-string literals with string or bytes literals")
		}
		if l.format || l.templat {
			j.kind = kind
			j.template = l.templat
			f := fparser{p: p, j: j, lit: l, s: l.body}
			f.parse(0)
		}
	}
	switch {
	case isBytes:
		return &Constant{Pos: pos, Value: Bytes(b.String())}
	case isTemplate:
		j.kind = kind
		j.flush()
		return &TemplateStr{Pos: pos, Values: j.values}
	case isFormat:
		j.kind = kind
		j.flush()
		return &JoinedStr{Pos: pos, Values: j.values}
	}
	return &Constant{Pos: pos, Value: j.text.String(), Kind: kind}
}

// joiner gathers the parts of an f-string.
type joiner struct {
	p        *parser
	pos      Pos
	kind     string
	template bool
	text     strings.Builder
	values   []Expr
}

func (j *joiner) flush() {
	if j.text.Len() > 0 {
		j.values = append(j.values, &Constant{Pos: j.pos, Value: j.text.String(), Kind: j.kind})
		j.text.Reset()
	}
}
