package ini

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"gsrv/schema"
)

// DefaultSection is the section whose keys every other one inherits.
const DefaultSection = "DEFAULT"

// A Dialect says how a Python program set its configparser up. The zero Dialect is ConfigParser() with
// optionxform = str: strict, keys as written, no inline comments.
type Dialect struct {
	// LowerKeys folds keys to lower case, as configparser does unless it is told otherwise.
	LowerKeys bool
	// Lenient is strict=False: a repeated key replaces the earlier value, a repeated section goes on.
	Lenient bool
	// InlineComments are the prefixes that start a comment after white space: ";" for supervisord.
	InlineComments []string
	// Source is the file name in the exceptions' messages; the document's name where it is empty.
	Source string
}

// Parse reads a text as Python's configparser does (the rules of 3.8 to 3.12). The Document holds what could be
// read, also where there is an error; the error is what the Python program would stop with.
//
// In a Document read this way [DEFAULT] is a section like any other, and the keys of a section opened again (which
// only a lenient dialect and [DEFAULT] allow) stand under a second Section of the same name.
func Parse(filename string, text []byte, dialect Dialect) (*Document, *Error) {
	p := &parser{doc: NewDocument(filename, text), dialect: dialect, source: dialect.Source}
	if p.source == "" {
		p.source = filename
	}
	bad, badErr := p.findInvalid()
	err := p.run(bad)
	p.finish()
	if err == nil && badErr != nil {
		err = badErr
	}
	if err == nil && p.bad != nil {
		err = p.bad
	}
	return p.doc, err
}

type parser struct {
	doc     *Document
	dialect Dialect
	source  string

	section *Section
	key     *Key // the key that continuation lines belong to
	indent  int
	opened  map[string]*Section
	keys    map[[2]string]*Key
	bad     *Error // the ParsingError that collects every bad line
}

// chunk is how much text Python decodes at a time.
const chunk = 8192

// findInvalid gives how many bytes are seen before Python's decoder stops at invalid UTF-8, all where it never does.
func (p *parser) findInvalid() (int, *Error) {
	text := p.doc.Text
	if utf8.Valid(text) {
		return len(text), nil
	}
	at := 0
	for at < len(text) {
		r, n := utf8.DecodeRune(text[at:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		at += n
	}
	length, reason := invalidSequence(text[at:])
	begin := at / chunk * chunk
	for begin > 0 && begin < at && !utf8.RuneStart(text[begin]) {
		begin-- // a character that straddles two chunks is decoded with the second one
	}
	if reason == "unexpected end of data" || at+length >= (at/chunk+1)*chunk {
		begin = at // what is left undecided of one chunk begins the next
	}
	which := fmt.Sprintf("byte 0x%02x in position %d", text[at], at-begin)
	if length > 1 {
		which = fmt.Sprintf("bytes in position %d-%d", at-begin, at-begin+length-1)
	}
	message := fmt.Sprintf("'utf-8' codec can't decode %s: %s", which, reason)
	return begin, NewError("UnicodeDecodeError", message, "invalid-encoding", p.doc.Range(at, at+length), "Not valid UTF-8",
		"The byte 0x%02x here is no UTF-8, so the file cannot be decoded and the server does not start. Save the file as UTF-8; if it is Latin-1: iconv -f latin1 -t utf-8.", text[at])
}

// invalidSequence says how many bytes Python's decoder takes together as wrong, and why.
func invalidSequence(b []byte) (length int, reason string) {
	need := 0
	switch lead := b[0]; {
	case lead >= 0xc2 && lead <= 0xdf:
		need = 1
	case lead >= 0xe0 && lead <= 0xef:
		need = 2
	case lead >= 0xf0 && lead <= 0xf4:
		need = 3
	default:
		return 1, "invalid start byte"
	}
	for i := 1; i <= need; i++ {
		if i == len(b) {
			return i, "unexpected end of data"
		}
		low, high := byte(0x80), byte(0xbf)
		if i == 1 {
			switch b[0] {
			case 0xe0:
				low = 0xa0
			case 0xed:
				high = 0x9f
			case 0xf0:
				low = 0x90
			case 0xf4:
				high = 0x8f
			}
		}
		if b[i] < low || b[i] > high {
			return i, "invalid continuation byte"
		}
	}
	return need + 1, "invalid continuation byte"
}

func (p *parser) run(limit int) *Error {
	p.opened, p.keys = map[string]*Section{}, map[[2]string]*Key{}
	text := p.doc.Text
	number := 0
	for start := 0; start < len(text); {
		end, next := lineEnd(text, start)
		if limit < len(text) && next > limit {
			return nil
		}
		number++
		if err := p.line(number, start, end, next > end); err != nil {
			return err
		}
		start = next
	}
	return nil
}

// lineEnd finds the end of a line, which is "\n", "\r\n" or "\r" (Python's universal newlines), and the next one's start.
func lineEnd(text []byte, start int) (end, next int) {
	i := bytes.IndexAny(text[start:], "\r\n")
	if i < 0 {
		return len(text), len(text)
	}
	end = start + i
	next = end + 1
	if text[end] == '\r' && next < len(text) && text[next] == '\n' {
		next++
	}
	return end, next
}

func (p *parser) line(number, start, end int, ended bool) *Error {
	line := string(p.doc.Text[start:end])
	value, commented := p.uncomment(line)
	if value == "" {
		// An empty line stays part of the value above it; a comment there leaves no trace.
		if !commented && p.key != nil && p.key.Name != "" {
			p.key.lines = append(p.key.lines, "")
			p.key.segments = append(p.key.segments, segment{start: end, end: end})
		}
		return nil
	}
	lead := strings.IndexFunc(line, func(r rune) bool { return !isSpace(r) })
	indent := utf8.RuneCountInString(line[:lead])
	at := start + lead
	if p.key != nil && p.key.Name != "" && indent > p.indent {
		p.key.lines = append(p.key.lines, value)
		p.key.segments = append(p.key.segments, segment{start: at, end: at + len(value)})
		return nil
	}
	p.indent = indent
	if value[0] == '[' {
		if closing := strings.LastIndexByte(value, ']'); closing > 1 {
			return p.header(value[1:closing], number, at, at+closing+1)
		}
	}
	raw := line
	if ended {
		raw += "\n"
	}
	if p.section == nil {
		return p.missingHeader(number, start, end, raw, value)
	}
	return p.option(value, raw, number, at)
}

// uncomment takes comments off a line and strips it.
func (p *parser) uncomment(line string) (value string, commented bool) {
	if t := strings.TrimLeftFunc(line, isSpace); strings.HasPrefix(t, "#") || strings.HasPrefix(t, ";") {
		return "", true
	}
	cut := len(line)
	for _, prefix := range p.dialect.InlineComments {
		for from := 0; prefix != "" && from < cut; {
			i := strings.Index(line[from:cut], prefix)
			if i < 0 {
				break
			}
			i += from
			before, _ := utf8.DecodeLastRuneInString(line[:i])
			if i == 0 || isSpace(before) {
				cut, commented = i, true
				break
			}
			from = i + 1
		}
	}
	return Strip(line[:cut]), commented
}

func (p *parser) header(name string, number, start, end int) *Error {
	section := &Section{Name: name, Header: p.doc.Range(start, end), NameRange: p.doc.Range(start+1, end-1)}
	if first, open := p.opened[name]; open && !p.dialect.Lenient && name != DefaultSection {
		message := fmt.Sprintf("While reading from %s [line %2d]: section %s already exists", PythonRepr(p.source), number, PythonRepr(name))
		err := NewError("DuplicateSectionError", message, "duplicate-section", section.Header, "Section given twice",
			"[%s] is already opened on line %d, and the file is refused. Move the keys below it there, or rename one of the two.", name, first.Header.Start.Line)
		schema.DetailOf(err.Diags[0]).Related = []schema.Related{{Message: "first opened here", Range: first.Header}}
		return err
	}
	if p.opened[name] == nil {
		p.opened[name] = section
	}
	p.doc.Sections = append(p.doc.Sections, section)
	p.section, p.key = section, nil
	return nil
}

func (p *parser) missingHeader(number, start, end int, raw, value string) *Error {
	message := fmt.Sprintf("File contains no section headers.\nfile: %s, line: %d\n%s", PythonRepr(p.source), number, PythonRepr(raw))
	at := p.doc.Range(start, end)
	detail := "Every key stands in a section, and this line comes before the first one; the file is refused. Put a section header such as [server:main] above it."
	summary := "Key outside any section"
	code := "missing-section"
	switch {
	case start == 0 && strings.HasPrefix(value, "\ufeff"):
		code, summary = "byte-order-mark", "Byte order mark"
		at = p.doc.Range(0, 3)
		detail = "The file begins with a byte order mark, which is taken for part of the first line; the file is refused. Save it as UTF-8 without a byte order mark (sed -i '1s/^\\xEF\\xBB\\xBF//' FILE)."
	case value[0] == '[' && !strings.ContainsRune(value, ']'):
		code, summary = "syntax-error", "Section header without its closing bracket"
		detail = "A section header is written [NAME]; this one has no \"]\", so it is taken for a key outside any section and the file is refused."
	}
	return NewError("MissingSectionHeaderError", message, code, at, summary, "%s", detail)
}

func (p *parser) option(value, raw string, number, at int) *Error {
	delimiter := strings.IndexAny(value, "=:")
	if delimiter < 0 {
		summary, detail := "Line is no \"key = value\"", "A line in a section is a key, \"=\" or \":\", and a value; this one has no delimiter, and the file is refused. Write %s with its value, put # before it if it is a comment, or indent it if it goes on with the value above."
		if value[0] == '[' {
			summary, detail = "Section header without its closing bracket", "A section header is written [NAME]; %s has no \"]\", and the file is refused."
		}
		p.badLine(number, raw, at, len(value), summary, fmt.Sprintf(detail, Quote(value)))
		return nil
	}
	name := strings.TrimRightFunc(value[:delimiter], isSpace)
	if name == "" {
		p.badLine(number, raw, at, len(value), "Key is missing", fmt.Sprintf("Nothing stands before the %q, and the file is refused. Write the key it belongs to, or indent the line if it goes on with the value above.", value[delimiter:delimiter+1]))
	}
	key := &Key{Name: name, Section: p.section.Name, Line: number, doc: p.doc, NameRange: p.doc.Range(at, at+len(name))}
	if p.dialect.LowerKeys {
		// Python's lower() makes two characters of this one, Go's one.
		key.Name = strings.ToLower(strings.ReplaceAll(name, "İ", "i\u0307"))
	}
	id := [2]string{p.section.Name, key.Name}
	if first := p.keys[id]; first != nil && !p.dialect.Lenient {
		message := fmt.Sprintf("While reading from %s [line %2d]: option %s in section %s already exists", PythonRepr(p.source), number, PythonRepr(key.Name), PythonRepr(p.section.Name))
		err := NewError("DuplicateOptionError", message, "duplicate-key", key.NameRange, "Key given twice",
			"%q is already set in [%s] on line %d, and the file is refused. Remove one of the two.", key.Name, p.section.Name, first.NameRange.Start.Line)
		schema.DetailOf(err.Diags[0]).Related = []schema.Related{{Message: "first set here", Range: first.NameRange}}
		return err
	}
	p.keys[id] = key
	rest := value[delimiter+1:]
	text := Strip(rest)
	start := at + delimiter + 1
	if text != "" {
		start += strings.Index(rest, text)
	}
	key.lines = []string{text}
	key.segments = []segment{{start: start, end: start + len(text)}}
	p.section.Keys = append(p.section.Keys, key)
	p.key = key
	return nil
}

// badLine adds a line to the ParsingError, which is raised once the whole file is read.
func (p *parser) badLine(number int, raw string, at, length int, summary, detail string) {
	if p.bad == nil {
		p.bad = &Error{Class: "ParsingError", Message: "Source contains parsing errors: " + PythonRepr(p.source)}
	}
	// A binary file can have any number of such lines; twenty make the point.
	if len(p.bad.Diags) >= 20 {
		return
	}
	line := fmt.Sprintf("\n\t[line %2d]: %s", number, PythonRepr(raw))
	p.bad.Message += line
	d := schema.Errorf("syntax-error", p.doc.Range(at, at+length), summary, "%s", detail)
	schema.DetailOf(d).ServerMessage = "ParsingError: Source contains parsing errors: " + PythonRepr(p.source) + line
	p.bad.Diags = append(p.bad.Diags, d)
}

// finish joins the lines of every value and drops the white space and empty lines at its end.
func (p *parser) finish() {
	for _, section := range p.doc.Sections {
		for _, key := range section.Keys {
			key.join()
		}
	}
}

func (key *Key) join() {
	joined := strings.Join(key.lines, "\n")
	key.Value = strings.TrimRightFunc(joined, isSpace)
	at := 0
	for i := range key.segments {
		key.segments[i].at = at
		at += len(key.lines[i]) + 1
	}
	used := len(key.segments)
	for used > 1 && key.segments[used-1].at >= len(key.Value) {
		used--
	}
	key.segments, key.lines = key.segments[:used], nil
	first, last := key.segments[0], key.segments[used-1]
	for _, s := range key.segments {
		if s.start < s.end {
			first = s
			break
		}
	}
	key.Range = key.doc.Range(first.start, min(last.end, last.start+len(key.Value)-last.at))
}
