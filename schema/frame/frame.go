// Package frame prints diagnostics for people: one line that says where and what, the source line with the exact
// range underlined, what happens and what to do, and the other places that belong to it.
package frame

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fatih/color"
	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
)

// maxLine is how much of a long source line a frame shows, in characters.
const maxLine = 110

// A Printer writes diagnostics with code frames.
type Printer struct {
	W io.Writer
	// Files holds the texts that ranges point into.
	Files *schema.Files
	// Color turns terminal colours on.
	Color bool
	// Lines is how many source lines of a range that spans several are shown; the first line alone where it is not
	// more than 1.
	Lines int
}

// Print writes every diagnostic, errors as they come.
func (p *Printer) Print(diags hcl.Diagnostics) {
	for _, d := range diags {
		p.one(d)
	}
}

// Severity gives the word for a diagnostic: error, warning or note.
func Severity(d *hcl.Diagnostic) string {
	switch {
	case d.Severity == hcl.DiagError:
		return "error"
	case schema.DetailOf(d).Note:
		return "note"
	}
	return "warning"
}

func (p *Printer) paint(attrs ...color.Attribute) func(string) string {
	if !p.Color {
		return func(s string) string { return s }
	}
	c := color.New(attrs...)
	c.EnableColor()
	return func(s string) string { return c.Sprint(s) }
}

func (p *Printer) one(d *hcl.Diagnostic) {
	bold := p.paint(color.Bold)
	word := Severity(d)
	tint := map[string]func(string) string{
		"error": p.paint(color.FgRed, color.Bold), "warning": p.paint(color.FgYellow, color.Bold), "note": p.paint(color.FgCyan),
	}[word]
	detail := schema.DetailOf(d)

	var b strings.Builder
	if d.Subject != nil && d.Subject.Filename != "" {
		b.WriteString(bold(Place(p.Files, *d.Subject)) + ": ")
	}
	b.WriteString(tint(word) + ": " + bold(Clean(d.Summary)))
	if detail.Code != "" {
		b.WriteString(" [" + Clean(detail.Code) + "]")
	}
	b.WriteByte('\n')
	if d.Subject != nil {
		p.frame(&b, *d.Subject, tint)
	}
	writeIndented(&b, d.Detail)
	if detail.ServerMessage != "" {
		writeIndented(&b, "The server says: "+detail.ServerMessage)
	}
	for _, r := range detail.Related {
		b.WriteString("  " + Place(p.Files, r.Range) + ": " + Clean(r.Message) + "\n")
		p.frame(&b, r.Range, p.paint(color.FgCyan))
	}
	io.WriteString(p.W, b.String())
}

func writeIndented(b *strings.Builder, text string) {
	if text == "" {
		return
	}
	for line := range strings.SplitSeq(text, "\n") {
		b.WriteString("  " + Clean(line) + "\n")
	}
}

// Place gives file:line:column as people count: lines and characters from 1.
func Place(files *schema.Files, r hcl.Range) string {
	line, column := LineColumn(files, r.Start, r.Filename)
	if line == 0 {
		return Clean(r.Filename)
	}
	return fmt.Sprintf("%s:%d:%d", Clean(r.Filename), line, column)
}

// LineColumn gives the line and the column in characters of a position, from 1; 0 where the range has none.
func LineColumn(files *schema.Files, pos hcl.Pos, filename string) (line, column int) {
	column = pos.Column
	if files != nil {
		if text := files.Text(filename); text != nil && pos.Byte >= 0 && pos.Byte <= len(text) && pos.Line > 0 {
			start := bytes.LastIndexByte(text[:pos.Byte], '\n') + 1
			column = utf8.RuneCount(text[start:pos.Byte]) + 1
		}
	}
	return pos.Line, column
}

// fit cuts a long line to what a terminal shows, keeping the marked part.
func fit(before, marked, after string) (string, string, string) {
	b, m, a := []rune(before), []rune(marked), []rune(after)
	if len(b)+len(m)+len(a) <= maxLine {
		return before, marked, after
	}
	if len(m) > maxLine-20 {
		m = append(m[:maxLine-21], '…')
		a = nil
	}
	room := maxLine - len(m)
	if len(b) > room/2 {
		b = append([]rune{'…'}, b[len(b)-room/2+1:]...)
	}
	if rest := maxLine - len(b) - len(m); len(a) > rest {
		a = append(a[:max(rest-1, 0)], '…')
	}
	return string(b), string(m), string(a)
}

// expand makes source text safe and even to print: tabs become a space, control characters a mark.
func expand(text []byte) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\r':
			return ' '
		case r == utf8.RuneError || !unicode.IsPrint(r) && r != ' ':
			return '�'
		}
		return r
	}, string(text))
}

// Clean makes any text from outside safe for a terminal: control characters and invisible direction marks are
// shown as escapes.
func Clean(s string) string {
	if !strings.ContainsFunc(s, unsafeRune) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case unsafeRune(r) && r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case unsafeRune(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
		i += size
	}
	return b.String()
}

func unsafeRune(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }
