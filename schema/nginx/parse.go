package nginx

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// A Directive is one directive with what stands in its block.
type Directive struct {
	Name Word
	Args []Word
	// HasBlock tells that it opened a block; Block is what stands in it. For an "include", Block is what the included
	// files hold.
	HasBlock bool
	Block    []*Directive
	// Code is the text of a block in another language (content_by_lua_block), braces excluded.
	Code string
	// Range spans the directive's own words up to the ";" or "{", BlockRange the braces and all between them.
	Range, BlockRange hcl.Range
	// Parent is the directive in whose block it stands; an included directive's parent is the one around the include.
	Parent *Directive
	// Template tells that it stands in a file with a template's marks: it may be one of several alternatives.
	Template bool

	line int // where nginx has read to when it takes the directive
}

// Arg gives the text of the i-th argument, from 0; empty where there is none.
func (d *Directive) Arg(i int) string {
	if d == nil || i >= len(d.Args) {
		return ""
	}
	return d.Args[i].Text
}

// Words gives the arguments' texts.
func (d *Directive) Words() []string {
	if d == nil {
		return nil
	}
	out := make([]string, len(d.Args))
	for i, w := range d.Args {
		out[i] = w.Text
	}
	return out
}

// maxDepth bounds the nesting of blocks; maxDirectives the directives of a configuration.
const (
	maxDepth      = 64
	maxDirectives = 100_000
)

// A file is one file's directives and where nginx stops reading it.
type file struct {
	lex        *lexer
	directives []*Directive
	err        *syntaxError
	engine     string
	count      int
}

// parseFile reads the words of a file. Where it cannot go on the error is kept with what was read so far.
func parseFile(name string, text []byte) *file {
	masked, open, engine := maskTemplate(text)
	f := &file{engine: engine, lex: &lexer{name: name, text: masked, raw: text, open: open, line: 1, doc: newLines(name, text)}}
	f.directives = f.block(nil, 0)
	return f
}

func (f *file) block(parent *Directive, depth int) (out []*Directive) {
	l := f.lex
	for {
		begin := l.pos
		words, how, bad := l.directive()
		switch {
		case bad != nil:
			f.err = bad
			return out
		case how == endFile:
			if parent != nil {
				f.err = l.fail(parent.Name.Range.Start.Byte, parent.Range.End.Byte, "The block that opens here is never closed.", "unexpected end of file, expecting \"}\"")
			}
			return out
		case how == endClose:
			if parent == nil {
				f.err = l.fail(l.pos-1, l.pos, "It closes no block: remove it, or look for a brace too many above.", "unexpected \"}\"")
			}
			return out
		}
		f.count++
		if f.count > maxDirectives {
			f.err = l.fail(begin, l.pos, "A configuration of more than a hundred thousand directives is not read.", "too many directives")
			return out
		}
		d := &Directive{Name: words[0], Args: words[1:], HasBlock: how == endOpen, Parent: parent, Template: f.engine != "", line: l.line}
		d.Range = hcl.Range{Filename: l.name, Start: words[0].Range.Start, End: l.doc.pos(l.pos)}
		out = append(out, d)
		if !d.HasBlock {
			continue
		}
		if depth == maxDepth {
			f.err = l.fail(words[0].Range.Start.Byte, l.pos, "Blocks more than 64 deep are not read.", "blocks too deep")
			return out
		}
		open := l.pos - 1
		if strings.HasSuffix(d.Name.Text, "_by_lua_block") {
			if !f.lua(d) {
				return out
			}
		} else {
			d.Block = f.block(d, depth+1)
		}
		d.BlockRange = l.doc.span(open, l.pos)
		if f.err != nil {
			return out
		}
	}
}

// lua skips a block of Lua: braces count unless they stand in a string or a comment.
func (f *file) lua(d *Directive) bool {
	l := f.lex
	start, depth := l.pos, 1
	open := map[int]bool{} // levels of long brackets that nothing closes any more
	for l.pos < len(l.text) {
		rest := l.text[l.pos:]
		switch c := rest[0]; {
		case c == '\n':
			l.line++
		case c == '{':
			depth++
		case c == '}':
			depth--
			if depth == 0 {
				d.Code = string(l.raw[start:l.pos])
				l.pos++
				return true
			}
		case c == '\'' || c == '"':
			i := 1
			for i < len(rest) && rest[i] != c && rest[i] != '\n' {
				if rest[i] == '\\' {
					i++
				}
				i++
			}
			if i < len(rest) && rest[i] == '\n' {
				i--
			}
			l.skip(min(i, len(rest)-1))
		case c == '-' && len(rest) > 1 && rest[1] == '-':
			if n := longBracket(rest[2:], open); n > 0 {
				l.skip(n + 1)
				break
			}
			for l.pos+1 < len(l.text) && l.text[l.pos+1] != '\n' {
				l.pos++
			}
		case c == '[':
			if n := longBracket(rest, open); n > 0 {
				l.skip(n - 1)
			}
		}
		l.pos++
	}
	f.err = l.fail(d.Name.Range.Start.Byte, d.Range.End.Byte, "The Lua block that opens here is never closed.", "unexpected end of file, expecting \"}\"")
	return false
}

func (l *lexer) skip(n int) {
	for range n {
		if l.text[l.pos] == '\n' {
			l.line++
		}
		l.pos++
	}
	if l.pos < len(l.text) && l.text[l.pos] == '\n' {
		l.line++
	}
}

// longBracket gives the length of a Lua long bracket ([[…]], [=[…]=]) at the start of text; 0 for none. Levels that
// nothing closes are kept in open.
func longBracket(text []byte, open map[int]bool) int {
	if len(text) == 0 || text[0] != '[' {
		return 0
	}
	i := 1
	for i < len(text) && text[i] == '=' {
		i++
	}
	if i >= len(text) || text[i] != '[' || open[i] {
		return 0
	}
	end := "]" + strings.Repeat("=", i-1) + "]"
	n := bytes.Index(text[i+1:], []byte(end))
	if n < 0 {
		open[i] = true
		return 0
	}
	return i + 1 + n + len(end)
}

// Each calls f for the directives of a block with those of its includes in their place, in the order nginx takes
// them; it stops when f gives false.
func Each(block []*Directive, f func(*Directive) bool) bool {
	for _, d := range block {
		if d.Name.Text == "include" && !d.HasBlock {
			if !f(d) || !Each(d.Block, f) {
				return false
			}
		} else if !f(d) {
			return false
		}
	}
	return true
}

// sentence makes nginx's message the start of a text for people.
func sentence(message string) string {
	if message == "" {
		return ""
	}
	message = strings.ToUpper(message[:1]) + message[1:]
	if !strings.HasSuffix(message, ".") {
		message += "."
	}
	return message
}

func at(name string, line int) string { return fmt.Sprintf(" in %s:%d", name, line) }
