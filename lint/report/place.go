package report

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"

	"gsrv/lint"
	"gsrv/schema"
)

// A point is a position as people count: lines and characters from 1; offset counts bytes from 0.
type point struct{ line, column, offset int }

// A place is a range that is safe to print: in order, within its text where there is one.
type place struct {
	file       string
	start, end point
	// known tells that there is a position in the file; text that there is the text, so that offsets hold.
	known bool
	text  []byte
}

// placeOf makes a place of a range. Columns are counted in characters where the text is known.
func placeOf(files *schema.Files, r hcl.Range) place {
	p := place{file: r.Filename}
	if r.Filename == "" || r.Start.Line <= 0 {
		return p
	}
	p.known = true
	if files != nil {
		p.text = files.Text(r.Filename)
	}
	if p.text == nil || r.Start.Byte < 0 || r.Start.Byte > len(p.text) {
		p.text = nil
		p.start = point{r.Start.Line, max(r.Start.Column, 1), max(r.Start.Byte, 0)}
		p.end = point{max(r.End.Line, p.start.line), max(r.End.Column, 1), max(r.End.Byte, p.start.offset)}
		if p.end.line == p.start.line {
			p.end.column = max(p.end.column, p.start.column)
		}
		return p
	}
	end := min(max(r.End.Byte, r.Start.Byte), len(p.text))
	p.start = point{r.Start.Line, column(p.text, r.Start.Byte), r.Start.Byte}
	p.end = point{r.Start.Line + bytes.Count(p.text[r.Start.Byte:end], []byte("\n")), column(p.text, end), end}
	return p
}

func column(text []byte, offset int) int {
	start := bytes.LastIndexByte(text[:offset], '\n') + 1
	return utf8.RuneCount(text[start:offset]) + 1
}

// marked is the text that the place covers; empty where it is not known.
func (p *place) marked() string {
	if p.text == nil {
		return ""
	}
	return string(p.text[p.start.offset:p.end.offset])
}

// around is the text of the lines that the place covers and of n lines before and after, and the first and last of them.
func (p *place) around(n int) (text string, first, last int) {
	if p.text == nil {
		return "", 0, 0
	}
	start, first := p.start.offset, p.start.line
	start = bytes.LastIndexByte(p.text[:start], '\n') + 1
	for ; n > 0 && start > 0 && first > 1 && p.start.line-first < n; first-- {
		start = bytes.LastIndexByte(p.text[:start-1], '\n') + 1
	}
	end, last := p.end.offset, p.end.line
	for i := 0; ; i++ {
		next := bytes.IndexByte(p.text[end:], '\n')
		if next < 0 || i == n {
			if next < 0 {
				next = len(p.text) - end
			}
			end += next
			break
		}
		// A last line that is empty is none.
		if end+next+1 == len(p.text) {
			end += next
			break
		}
		end += next + 1
		last++
	}
	return string(p.text[start:end]), first, last
}

// pseudo tells whether a name stands for text that is in no file: "<command line>", "<environment X>".
func pseudo(name string) bool {
	return name == "" || strings.HasPrefix(name, "<") && strings.HasSuffix(name, ">")
}

// fileOf gives the file that a finding is listed under in formats that know only files: its own, or that of its unit
// where it stands in none; position tells that the finding's line is one of that file.
func fileOf(f *lint.Finding) (name string, position bool) {
	switch {
	case !pseudo(f.Range.Filename):
		return f.Range.Filename, true
	case !pseudo(f.Unit):
		return f.Unit, false
	case f.Range.Filename != "":
		return f.Range.Filename, true
	case f.Unit != "":
		return f.Unit, false
	}
	return schema.CommandLine, false
}
