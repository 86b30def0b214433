package uwsgi

import (
	"sort"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
)

// A source is a text that options come from: a file, a variable, the command line.
type source struct {
	name  string
	text  []byte
	lines []int
}

func newSource(name string, text []byte) *source { return &source{name: name, text: text} }

func (s *source) pos(offset int) hcl.Pos {
	if s.lines == nil {
		s.lines = append(s.lines, 0)
		for i, c := range s.text {
			if c == '\n' {
				s.lines = append(s.lines, i+1)
			}
		}
	}
	line := sort.SearchInts(s.lines, offset+1) - 1
	return hcl.Pos{Line: line + 1, Column: offset - s.lines[line] + 1, Byte: offset}
}

func (s *source) rng(from, to int) hcl.Range {
	from = min(max(from, 0), len(s.text))
	to = min(max(to, from), len(s.text))
	return hcl.Range{Filename: s.name, Start: s.pos(from), End: s.pos(to)}
}

// unknown stands in a text for one part that the host alone knows. No value of uWSGI's, being a C string, can hold
// this byte otherwise.
const unknown = "\x00"

// A text is a value on the host together with the parts it was made of: what the source spells out, and expressions
// over host inputs.
type text struct {
	s    string
	segs []segment
}

// A segment is one part of a text.
type segment struct {
	// at and n are its place in the text.
	at, n int
	// expr is nil for a part that the source spells out.
	expr schema.Expr
	// src and from, to are where it stands; src is nil for a part that stands nowhere.
	src      *source
	from, to int
}

func plain(s string) text {
	if s == "" {
		return text{}
	}
	return text{s: s, segs: []segment{{n: len(s)}}}
}

func sourced(src *source, from, to int) text {
	return text{s: string(src.text[from:to]), segs: []segment{{n: to - from, src: src, from: from, to: to}}}
}

// expression is a part with its text on the host; known is false where the host does not tell.
func expression(e schema.Expr, onHost string, known bool) text {
	if !known {
		onHost = unknown
	}
	return text{s: onHost, segs: []segment{{n: len(onHost), expr: e}}}
}

// placed gives t all of whose parts stand at one place.
func (t text) placed(src *source, from, to int) text {
	segs := make([]segment, len(t.segs))
	for i, g := range t.segs {
		g.src, g.from, g.to = src, from, to
		segs[i] = g
	}
	return text{s: t.s, segs: segs}
}

// known tells whether the whole text is known on the host.
func (t text) known() bool { return !strings.Contains(t.s, unknown) }

// literal tells whether the source spells the whole text out.
func (t text) literal() bool {
	for _, g := range t.segs {
		if g.expr != nil {
			return false
		}
	}
	return true
}

// slice gives a part of the text. A part of an expression is no expression any more, so it is kept as an Opaque.
func (t text) slice(i, j int) text {
	if i >= j {
		return text{}
	}
	if i == 0 && j == len(t.s) {
		return t
	}
	out := text{s: t.s[i:j]}
	first := sort.Search(len(t.segs), func(k int) bool { return t.segs[k].at+t.segs[k].n > i })
	for _, g := range t.segs[first:] {
		if g.at >= j {
			break
		}
		from, to := max(g.at, i), min(g.at+g.n, j)
		part := segment{at: from - i, n: to - from, expr: g.expr, src: g.src, from: g.from, to: g.to}
		if part.n != g.n {
			if g.expr != nil {
				part.expr = &schema.Opaque{Source: schema.ExprText(g.expr), Reason: "it is a part of a value that only the host knows", Src: g.expr.Range()}
			} else if g.to-g.from == g.n {
				part.from = g.from + from - g.at
				part.to = part.from + part.n
			}
		}
		out.segs = append(out.segs, part)
	}
	return out
}

func (t text) trim(cutset string) text {
	i, j := 0, len(t.s)
	for i < j && strings.IndexByte(cutset, t.s[i]) >= 0 {
		i++
	}
	for j > i && strings.IndexByte(cutset, t.s[j-1]) >= 0 {
		j--
	}
	return t.slice(i, j)
}

func join(parts ...text) text {
	var b strings.Builder
	var segs []segment
	for _, p := range parts {
		for _, g := range p.segs {
			g.at += b.Len()
			if n := len(segs); n > 0 && g.expr == nil && segs[n-1].expr == nil && adjacent(segs[n-1], g) {
				segs[n-1].n += g.n
				segs[n-1].to = g.to
				continue
			}
			segs = append(segs, g)
		}
		b.WriteString(p.s)
	}
	return text{s: b.String(), segs: segs}
}

func adjacent(a, b segment) bool {
	return a.src == b.src && (a.src == nil || a.to == b.from && a.to-a.from == a.n && b.to-b.from == b.n)
}

// replaceAll puts with in place of every what, as uwsgi_substitute does.
func (t text) replaceAll(what string, with text) text {
	if what == "" || !strings.Contains(t.s, what) {
		return t
	}
	var parts []text
	from := 0
	for {
		i := strings.Index(t.s[from:], what)
		if i < 0 {
			return join(append(parts, t.slice(from, len(t.s)))...)
		}
		parts = append(parts, t.slice(from, from+i), with)
		from += i + len(what)
	}
}

// cstring gives the text up to a NUL byte that the source holds.
func (t text) cstring() text {
	for i := 0; ; i++ {
		k := strings.IndexByte(t.s[i:], 0)
		if k < 0 {
			return t
		}
		i += k
		seg := sort.Search(len(t.segs), func(k int) bool { return t.segs[k].at+t.segs[k].n > i })
		if t.segs[seg].expr == nil {
			return t.slice(0, i)
		}
	}
}

// shown is the text with what is not known in its source's words, for messages.
func (t text) shown() string {
	if t.known() {
		return t.s
	}
	var b strings.Builder
	for _, g := range t.segs {
		if part := t.s[g.at : g.at+g.n]; part == unknown && g.expr != nil {
			b.WriteString(shownExpr(g.expr))
		} else {
			b.WriteString(part)
		}
	}
	return b.String()
}

func shownExpr(e schema.Expr) string {
	switch e := e.(type) {
	case *schema.Env:
		return "$(" + e.Name + ")"
	case *schema.HostFact:
		return magicOf(e.Fact)
	case *schema.Opaque:
		return e.Source
	}
	return "%(" + schema.ExprText(e) + ")"
}

// rng is where the text stands: from its first part's place to its last one's, when both are in one source.
func (t text) rng() hcl.Range {
	var first, last *segment
	for i := range t.segs {
		if t.segs[i].src != nil {
			if first == nil {
				first = &t.segs[i]
			}
			last = &t.segs[i]
		}
	}
	if first == nil {
		return hcl.Range{}
	}
	if last.src != first.src || last.to < first.from {
		last = first
	}
	return first.src.rng(first.from, last.to)
}

// expr gives the text as an expression: a constant, an expression of the host's, or a template of both.
func (t text) expr(at hcl.Range) schema.Expr {
	var parts []schema.Expr
	literal := strings.Builder{}
	flush := func() {
		if literal.Len() > 0 {
			parts = append(parts, schema.String(literal.String(), at))
			literal.Reset()
		}
	}
	for _, g := range t.segs {
		if g.expr == nil {
			literal.WriteString(t.s[g.at : g.at+g.n])
			continue
		}
		flush()
		parts = append(parts, g.expr)
	}
	flush()
	switch len(parts) {
	case 0:
		return schema.String("", at)
	case 1:
		return parts[0]
	}
	return &schema.Template{Parts: parts, Src: at}
}

// onHost gives the text's value on the host.
func (t text) onHost() cty.Value {
	if t.known() {
		return cty.StringVal(t.s)
	}
	return cty.DynamicVal
}
