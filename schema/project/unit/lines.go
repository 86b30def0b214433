package unit

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
)

// Bounds on one file.
const (
	maxLine        = 1 << 20 // systemd's own
	maxAssignments = 20_000
	maxDiagnostics = 300
)

// A document is one file's text with the starts of its lines.
type document struct {
	name string
	text []byte
	nl   []int
}

func newDocument(name string, text []byte) *document {
	d := &document{name: name, text: text}
	for i, c := range text {
		if c == '\n' {
			d.nl = append(d.nl, i)
		}
	}
	return d
}

func (d *document) pos(offset int) hcl.Pos {
	line, _ := slices.BinarySearch(d.nl, offset)
	begin := 0
	if line > 0 {
		begin = d.nl[line-1] + 1
	}
	return hcl.Pos{Line: line + 1, Column: offset - begin + 1, Byte: offset}
}

func (d *document) span(start, end int) hcl.Range {
	start = min(max(start, 0), len(d.text))
	end = min(max(end, start), len(d.text))
	return hcl.Range{Filename: d.name, Start: d.pos(start), End: d.pos(end)}
}

// Sub gives the place of the bytes from i to j of the value.
func (a *Assignment) Sub(i, j int) hcl.Range {
	if len(a.at) == 0 {
		return a.Range
	}
	i = min(max(i, 0), len(a.at)-1)
	j = min(max(j, i), len(a.at)-1)
	end := a.at[j]
	if j > i {
		end = a.at[j-1] + 1
	}
	return a.doc.span(a.at[i], end)
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// A lineReader joins continuation lines.
type lineReader struct {
	r       *reader
	doc     *document
	section *Section
	count   int
}

// A logical line and where its bytes come from.
type logical struct {
	text []byte
	at   []int
}

func (l *logical) add(text []byte, start int) {
	for i, c := range text {
		l.text = append(l.text, c)
		l.at = append(l.at, start+i)
	}
}

// read takes the lines of a file into the unit.
func (l *lineReader) read() {
	var line logical
	joining := false
	number := 0
	text := l.doc.text
	for start := 0; start < len(text); {
		end := start
		for end < len(text) && text[end] != '\n' && text[end] != 0 {
			end++
		}
		number++
		next := min(end+1, len(text))
		if end-start > maxLine || len(line.text)+end-start > maxLine {
			l.r.fail(l.doc.span(start, start+40), number, "Line too long", "line-too-long", "systemd reads lines of up to a megabyte, continuation lines together.")
			return
		}
		begin, from := start, start
		if number == 1 && strings.HasPrefix(string(text[:min(3, len(text))]), "\ufeff") {
			begin += 3
		}
		for begin < end && isSpace(text[begin]) {
			begin++
		}
		start = next
		if begin < end && (text[begin] == '#' || text[begin] == ';') {
			continue // also between continuation lines
		}
		if joining { // white space at the start of a continuation line counts
			begin = from
		}
		line.add(text[begin:end], begin)
		if escaped(line.text) {
			line.text[len(line.text)-1] = ' '
			joining = true
			continue
		}
		if !l.line(line, number) {
			return
		}
		line, joining = logical{}, false
	}
	if joining {
		l.line(line, number+1)
	}
}

// escaped tells whether a line ends in a backslash that is not itself escaped.
func escaped(text []byte) bool {
	n := 0
	for n < len(text) && text[len(text)-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}

// line takes one logical line; it gives false where systemd stops reading.
func (l *lineReader) line(line logical, number int) bool {
	start, end := 0, len(line.text)
	for start < end && isSpace(line.text[start]) {
		start++
	}
	for end > start && isSpace(line.text[end-1]) {
		end--
	}
	if start == end || line.text[start] == '#' || line.text[start] == ';' {
		return true
	}
	text := string(line.text[start:end])
	at := func(i, j int) hcl.Range {
		if j <= i {
			return l.doc.span(line.at[min(start+i, len(line.at)-1)], line.at[min(start+i, len(line.at)-1)])
		}
		return l.doc.span(line.at[start+i], line.at[start+j-1]+1)
	}
	whole := at(0, len(text))
	if text[0] == '[' {
		return l.header(text, whole, number)
	}
	if !utf8.ValidString(text) {
		l.r.warn(whole, number, "String is not UTF-8 clean, ignoring assignment: "+strings.ToValidUTF8(text, "\ufffd"), "invalid-encoding", "Save the file as UTF-8.")
		return true
	}
	eq := strings.IndexByte(text, '=')
	switch {
	case l.section == nil:
		l.r.warn(whole, number, "Assignment outside of section. Ignoring.", "outside-section", "Put a header such as [Service] above it.")
		return true
	case eq < 0:
		l.r.warn(whole, number, "Missing '=', ignoring line.", "syntax-error", "A line is KEY=VALUE. To go on with the line above, end that one with a backslash.")
		return true
	case eq == 0:
		l.r.warn(whole, number, "Missing key name before '=', ignoring line.", "syntax-error", "A line is KEY=VALUE.")
		return true
	}
	if l.count++; l.count > maxAssignments {
		l.r.fail(whole, number, "Too many assignments", "too-large", "A unit of more than twenty thousand lines is not read.")
		return false
	}
	key := strings.TrimRight(text[:eq], " \t\r\n")
	from := eq + 1
	for from < len(text) && isSpace(text[from]) {
		from++
	}
	a := &Assignment{Key: key, Value: text[from:], KeyRange: at(0, len(key)), line: number, doc: l.doc}
	a.at = append(a.at, line.at[start+from:end]...)
	if len(a.at) == 0 {
		a.Range = l.doc.span(line.at[end-1]+1, line.at[end-1]+1)
		a.at = []int{line.at[end-1] + 1}
	} else {
		a.Range = at(from, len(text))
		a.at = append(a.at, line.at[end-1]+1)
	}
	l.section.Assignments = append(l.section.Assignments, a)
	return true
}

func (l *lineReader) header(text string, at hcl.Range, number int) bool {
	if text[len(text)-1] != ']' {
		l.r.fail(at, number, fmt.Sprintf("Invalid section header '%s'", text), "syntax-error", "Close the bracket. systemd reads no line behind this one and does not load the unit.")
		return false
	}
	l.section = &Section{Name: text[1 : len(text)-1], Range: at}
	if !knownSection(l.r.unit.Kind, l.section.Name) && !strings.HasPrefix(l.section.Name, "X-") {
		l.r.warn(at, number, fmt.Sprintf("Unknown section '%s'. Ignoring.", l.section.Name), "unknown-section", "Correct the name; a section of your own begins with X-.")
	}
	l.r.unit.Sections = append(l.r.unit.Sections, l.section)
	return true
}

// warn reports what systemd ignores with a message, fail what keeps the unit from being loaded.
func (r *reader) warn(at hcl.Range, line int, message, code, advice string) {
	r.report(schema.Warnf(code, at, "systemd ignores this", "%s %s", sentence(message), advice), at, line, message)
}

func (r *reader) fail(at hcl.Range, line int, message, code, advice string) {
	r.report(schema.Errorf(code, at, "systemd does not load this unit", "%s %s", sentence(message), advice), at, line, message)
}

func (r *reader) report(d *hcl.Diagnostic, at hcl.Range, line int, message string) {
	if len(r.diags) < maxDiagnostics {
		schema.DetailOf(d).ServerMessage = fmt.Sprintf("%s:%d: %s", at.Filename, line, message)
		r.diags = append(r.diags, d)
	}
}

func sentence(message string) string {
	if strings.HasSuffix(message, ".") {
		return message
	}
	return message + "."
}
