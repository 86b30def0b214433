package syntax

import (
	"errors"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/htmlindex"
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
	l := &lexer{src: text, py311: o.Python311}
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

func failText(src string, at int, msg string) {
	panic(failure{err: newError("SyntaxError", src, at, at, msg)})
}

// decode gives the source as UTF-8 without byte order mark, with line feeds for line ends.
func decode(src []byte) string {
	text := string(src)
	if i := strings.IndexByte(text, 0); i >= 0 {
		failText(text, i, "source code string cannot contain null bytes")
	}
	bom := strings.HasPrefix(text, "\ufeff")
	text = strings.TrimPrefix(text, "\ufeff")
	name := cookie(text)
	switch lower := strings.ToLower(strings.ReplaceAll(name, "_", "-")); {
	case bom && name != "" && lower != "utf-8" && !strings.HasPrefix(lower, "utf-8-"):
		failText(text, 0, "encoding problem: "+name+" with BOM")
	case name == "" || lower == "utf-8" || strings.HasPrefix(lower, "utf-8-") || lower == "utf8":
	default:
		decoded, err := decodeNamed(lower, text)
		if err != nil {
			failText(text, 0, "unknown encoding: "+name)
		}
		text = decoded
	}
	if !utf8.ValidString(text) {
		at := 0
		for at < len(text) {
			r, size := utf8.DecodeRuneInString(text[at:])
			if r == utf8.RuneError && size == 1 {
				break
			}
			at += size
		}
		failText(text, at, "(unicode error) 'utf-8' codec can't decode byte 0x"+hexByte(text[at])+" in position "+itoa(int32(at))+": invalid byte")
	}
	if strings.IndexByte(text, '\r') >= 0 {
		text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	}
	return text
}

func hexByte(c byte) string {
	const digits = "0123456789abcdef"
	return string([]byte{digits[c>>4], digits[c&15]})
}

func decodeNamed(name, text string) (string, error) {
	switch name {
	case "latin-1", "iso-8859-1", "iso8859-1", "latin1", "l1", "8859", "cp819":
		var b strings.Builder
		for i := 0; i < len(text); i++ {
			b.WriteRune(rune(text[i]))
		}
		return b.String(), nil
	case "ascii", "us-ascii", "646":
		return text, nil
	}
	e, err := htmlindex.Get(name)
	if err != nil {
		e, err = htmlindex.Get(strings.Replace(strings.Replace(name, "cp", "windows-", 1), "iso8859", "iso-8859", 1))
	}
	if err != nil {
		return "", err
	}
	out, err := e.NewDecoder().String(text)
	if err == nil && strings.ContainsRune(out, utf8.RuneError) {
		err = errors.New("undecodable")
	}
	return out, err
}

// cookie gives the encoding that one of the first two lines declares, as PEP 263 says.
func cookie(text string) string {
	for range 2 {
		line, rest, found := strings.Cut(text, "\n")
		trimmed := strings.TrimLeft(line, " \t\f")
		if strings.HasPrefix(trimmed, "#") {
			if name := declared(trimmed); name != "" {
				return name
			}
		} else if strings.TrimRight(trimmed, "\r") != "" {
			return ""
		}
		if !found {
			break
		}
		text = rest
	}
	return ""
}

func declared(comment string) string {
	for {
		i := strings.Index(comment, "coding")
		if i < 0 {
			return ""
		}
		comment = comment[i+len("coding"):]
		if comment == "" || comment[0] != ':' && comment[0] != '=' {
			continue
		}
		name := strings.TrimLeft(comment[1:], " \t")
		end := 0
		for end < len(name) && (isNameByte(name[end]) && name[end] < 0x80 || name[end] == '-' || name[end] == '.') {
			end++
		}
		if end > 0 {
			return name[:end]
		}
	}
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
