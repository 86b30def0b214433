package project

import (
	"bytes"
	"sort"
	"unicode/utf16"

	"github.com/hashicorp/hcl/v2"
)

// A source is one file that pins are read from. Lock files name thousands of packages, so lines are counted once.
type source struct {
	name string
	// text is the file as UTF-8, what the readers see.
	text []byte
	// back maps an offset of text to one of the file; nil where they are the same.
	back     []int
	newlines []int // of the file
	starts   []int // of the lines of text, once offset asks
}

func newSource(name string, raw []byte) *source {
	s := &source{name: name, text: raw}
	for i := 0; i < len(raw); i++ {
		n := bytes.IndexByte(raw[i:], '\n')
		if n < 0 {
			break
		}
		i += n
		s.newlines = append(s.newlines, i)
	}
	s.decode(raw)
	return s
}

// decode takes off a byte order mark and turns UTF-16 into UTF-8: PowerShell writes "pip freeze > requirements.txt"
// that way, and pip reads it.
func (s *source) decode(raw []byte) {
	var unit func(i int) uint16
	switch {
	case bytes.HasPrefix(raw, []byte("\xef\xbb\xbf")):
		s.text = raw[3:]
		s.back = make([]int, len(s.text)+1)
		for i := range s.back {
			s.back[i] = i + 3
		}
		return
	case bytes.HasPrefix(raw, []byte("\xff\xfe")):
		unit = func(i int) uint16 { return uint16(raw[i]) | uint16(raw[i+1])<<8 }
	case bytes.HasPrefix(raw, []byte("\xfe\xff")):
		unit = func(i int) uint16 { return uint16(raw[i])<<8 | uint16(raw[i+1]) }
	default:
		return
	}
	s.text = nil
	for i := 2; i+1 < len(raw); i += 2 {
		r, at := rune(unit(i)), i
		if utf16.IsSurrogate(r) && i+3 < len(raw) {
			r = utf16.DecodeRune(r, rune(unit(i+2)))
			i += 2
		}
		for range len(string(r)) {
			s.back = append(s.back, at)
		}
		s.text = append(s.text, string(r)...)
	}
	s.back = append(s.back, len(raw))
}

// at gives the place of text[start:end] in the file.
func (s *source) at(start, end int) hcl.Range {
	start = min(max(start, 0), len(s.text))
	end = min(max(end, start), len(s.text))
	return hcl.Range{Filename: s.name, Start: s.pos(start), End: s.pos(end)}
}

func (s *source) pos(offset int) hcl.Pos {
	if s.back != nil {
		offset = s.back[offset]
	}
	line := sort.SearchInts(s.newlines, offset)
	column := offset + 1
	if line > 0 {
		column = offset - s.newlines[line-1]
	}
	return hcl.Pos{Line: line + 1, Column: column, Byte: offset}
}

// offset gives the offset of a line and a column, both from 1, the column counted in characters as YAML does.
func (s *source) offset(line, column int) int {
	if s.starts == nil {
		s.starts = []int{0}
		for i, c := range s.text {
			if c == '\n' {
				s.starts = append(s.starts, i+1)
			}
		}
	}
	if line > len(s.starts) {
		return len(s.text)
	}
	at := s.starts[max(line-1, 0)]
	for i := range string(s.text[at:min(at+4*column, len(s.text))]) {
		if column--; column == 0 {
			return at + i
		}
	}
	return at
}
