package nginx

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
)

// A Word is a directive's name or one of its arguments.
type Word struct {
	// Text is the word as nginx has it: without quotes, escapes of quotes, backslashes, \t, \r and \n undone.
	Text string
	// Range is where it stands, quotes included.
	Range hcl.Range
	// Quote is '"' or '\'' for a quoted word, 0 for a plain one.
	Quote byte
	// Open tells that the word holds a template's marks, so its text is not what the server will see.
	Open bool
}

// ending is how a directive ended.
type ending int

const (
	endSemicolon ending = iota
	endOpen             // {
	endClose            // }
	endFile
)

// maxToken is nginx's read buffer: a word, or a comment, that does not fit is refused.
const maxToken = 4096

// maxWords bounds the words of one directive; a "server_name" or "allow" list in the wild stays below a thousand.
const maxWords = 10_000

// A syntaxError is what nginx's reader refuses. Line is the one in nginx's message.
type syntaxError struct {
	message string
	line    int
	start   int
	end     int
	advice  string
}

type lexer struct {
	name string
	text []byte // with a template's marks masked
	raw  []byte // as it stands in the file
	open []bool // which bytes are masked; nil where none is
	pos  int
	line int
	doc  lines
}

// lines finds the place of an offset.
type lines struct {
	name  string
	nl    []int
	total int
}

func newLines(name string, text []byte) lines {
	l := lines{name: name, total: len(text)}
	for i, c := range text {
		if c == '\n' {
			l.nl = append(l.nl, i)
		}
	}
	return l
}

func (l lines) pos(offset int) hcl.Pos {
	lo, hi := 0, len(l.nl)
	for lo < hi {
		mid := (lo + hi) / 2
		if l.nl[mid] < offset {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	column := offset + 1
	if lo > 0 {
		column = offset - l.nl[lo-1]
	}
	return hcl.Pos{Line: lo + 1, Column: column, Byte: offset}
}

func (l lines) span(start, end int) hcl.Range {
	start = min(max(start, 0), l.total)
	end = min(max(end, start), l.total)
	return hcl.Range{Filename: l.name, Start: l.pos(start), End: l.pos(end)}
}

func (l *lexer) fail(start, end int, advice, message string, args ...any) *syntaxError {
	return &syntaxError{message: fmt.Sprintf(message, args...), line: l.line, start: start, end: end, advice: advice}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// directive reads words up to the ";", "{", "}" or the end of the file, by the rules of ngx_conf_read_token.
func (l *lexer) directive() (words []Word, how ending, bad *syntaxError) {
	lastSpace := true
	var needSpace, comment, quoted, variable bool
	var quote byte
	start, startLine := l.pos, l.line
	for {
		if l.pos-start >= maxToken && !(lastSpace && !comment) && l.pos < len(l.text) {
			line := l.line
			l.line = startLine
			if quote != 0 {
				return words, 0, l.fail(start-1, start, "Close the quote, or put a backslash before a quote that is meant.", "too long parameter, probably missing terminating \"%c\" character", quote)
			}
			if comment {
				l.line = line
			}
			return words, 0, l.fail(start, start+10, "nginx reads words and comments of up to 4096 bytes; cut it into several.", "too long parameter \"%s...\" started", l.raw[start:min(start+10, len(l.raw))])
		}
		if l.pos >= len(l.text) {
			if len(words) > 0 || !lastSpace {
				if quote != 0 {
					return words, 0, l.fail(start-1, start, "The quote that opens here is never closed.", "unexpected end of file, expecting \";\" or \"}\"")
				}
				return words, 0, l.fail(l.lastText(), len(l.text), "End the last directive with a semicolon.", "unexpected end of file, expecting \";\" or \"}\"")
			}
			return nil, endFile, nil
		}
		c := l.text[l.pos]
		l.pos++
		if c == '\n' {
			l.line++
			comment = false
		}
		if comment {
			continue
		}
		if quoted {
			quoted = false
			continue
		}
		if needSpace {
			switch {
			case isSpace(c):
				lastSpace, needSpace = true, false
				continue
			case c == ';':
				return words, endSemicolon, nil
			case c == '{':
				return words, endOpen, nil
			case c == ')':
				lastSpace, needSpace = true, false
			default:
				return words, 0, l.fail(l.pos-1, l.pos, "A quoted word ends at its closing quote: put a space or a semicolon behind it, or the quotes around the whole word.", "unexpected \"%c\"", c)
			}
		}
		if lastSpace {
			start, startLine = l.pos-1, l.line
			if isSpace(c) {
				continue
			}
			switch c {
			case ';', '{':
				if len(words) == 0 {
					return words, 0, l.fail(l.pos-1, l.pos, "No directive stands before it; remove it.", "unexpected \"%c\"", c)
				}
				if c == '{' {
					return words, endOpen, nil
				}
				return words, endSemicolon, nil
			case '}':
				if len(words) != 0 {
					return words, 0, l.fail(l.pos-1, l.pos, "The directive before it is not ended by a semicolon.", "unexpected \"}\"")
				}
				return nil, endClose, nil
			case '#':
				comment = true
				continue
			case '\\':
				quoted = true
			case '"', '\'':
				start++
				quote = c
			case '$':
				variable = true
			}
			lastSpace = false
			continue
		}
		if c == '{' && variable {
			continue
		}
		variable = false
		switch c {
		case '\\':
			quoted = true
			continue
		case '$':
			variable = true
			continue
		}
		found := false
		if quote != 0 {
			if c == quote {
				needSpace, found = true, true
			}
		} else if isSpace(c) || c == ';' || c == '{' {
			lastSpace, found = true, true
		}
		if !found {
			continue
		}
		if len(words) == maxWords {
			return words, 0, l.fail(start, l.pos, "A directive of more than ten thousand words is not read.", "too many words")
		}
		words = append(words, l.word(start, l.pos-1, quote))
		quote = 0
		switch {
		case needSpace:
		case c == ';':
			return words, endSemicolon, nil
		case c == '{':
			return words, endOpen, nil
		}
	}
}

// lastText is the offset of the last byte that is not white space.
func (l *lexer) lastText() int {
	i := len(l.text)
	for i > 0 && isSpace(l.text[i-1]) {
		i--
	}
	return max(i-1, 0)
}

func (l *lexer) word(start, end int, quote byte) Word {
	w := Word{Text: unescape(l.raw[start:end]), Quote: quote, Range: l.doc.span(start, end)}
	if quote != 0 {
		w.Range = l.doc.span(start-1, end+1)
	}
	if l.open != nil {
		for i := start; i < end && !w.Open; i++ {
			w.Open = l.open[i]
		}
	}
	w.Open = w.Open || marks().Match(l.raw[start:end])
	return w
}

// unescape undoes \" \' \\ \t \r \n; any other backslash stays.
func unescape(src []byte) string {
	out := make([]byte, 0, len(src))
	for i := 0; i < len(src); i++ {
		if src[i] == '\\' && i+1 < len(src) {
			switch src[i+1] {
			case '"', '\'', '\\':
				i++
			case 't', 'r', 'n':
				out = append(out, map[byte]byte{'t': '\t', 'r': '\r', 'n': '\n'}[src[i+1]])
				i++
				continue
			}
		}
		out = append(out, src[i])
	}
	return string(out)
}

// report makes the diagnostic of a syntax error.
func (l *lexer) report(e *syntaxError) *hcl.Diagnostic {
	d := schema.Errorf("syntax-error", l.doc.span(e.start, e.end), "nginx cannot read this", "%s", sentence(e.message)+" "+e.advice)
	schema.DetailOf(d).ServerMessage = fmt.Sprintf("%s in %s:%d", e.message, l.name, e.line)
	return d
}
