package frame

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
)

// frame writes the lines of the range, as many as Lines allows, and underlines what of them the range covers. Where
// there are more, the first and the last are shown.
func (p *Printer) frame(b *strings.Builder, r hcl.Range, tint func(string) string) {
	if p.Files == nil || r.Start.Line <= 0 {
		return
	}
	text := p.Files.Text(r.Filename)
	if text == nil || r.Start.Byte < 0 || r.Start.Byte > len(text) {
		return
	}
	from, to := r.Start.Byte, min(max(r.End.Byte, r.Start.Byte), len(text))
	// A range that ends with a line break ends on that line.
	extra := bytes.Count(bytes.TrimSuffix(text[from:to], []byte("\n")), []byte("\n"))
	limit := max(p.Lines, 1)
	head, tail := extra+1, 0
	if head > limit {
		head = limit
		if limit > 2 {
			head, tail = limit-1, 1
		}
	}
	start := bytes.LastIndexByte(text[:from], '\n') + 1
	for i := 0; i <= extra; i++ {
		end := len(text)
		if n := bytes.IndexByte(text[start:], '\n'); n >= 0 {
			end = start + n
		}
		switch {
		case i < head || i > extra-tail:
			line(b, text, start, end, max(from, start), min(to, end), r.Start.Line+i, i == 0, tint)
		case i == head && tail > 0:
			b.WriteString("  ... |\n")
		}
		start = min(end+1, len(text))
	}
}

// line writes one source line, text[start:end], and underlines text[from:to] of it. On lines that a range goes on to, the
// indentation is not what is meant.
func line(b *strings.Builder, text []byte, start, end, from, to, number int, first bool, tint func(string) string) {
	to = max(min(to, end), from)
	before, marked, after := fit(expand(text[start:from]), expand(text[from:to]), expand(text[to:end]))
	b.WriteString(strings.TrimRight(fmt.Sprintf("%5d | %s%s%s", number, before, marked, after), " ") + "\n")
	marked = strings.TrimRight(marked, " ")
	under := "^"
	if !first {
		code := strings.TrimLeft(marked, " ")
		if code == "" {
			return
		}
		before, marked, under = marked[:len(marked)-len(code)], code, "~"
	}
	rest := utf8.RuneCountInString(marked) - 1
	fmt.Fprintf(b, "      | %s%s\n", strings.Repeat(" ", utf8.RuneCountInString(before)), tint(under+strings.Repeat("~", max(rest, 0))))
}
