package ini

import (
	"slices"
	"sort"

	"github.com/hashicorp/hcl/v2"
)

// A Document is an INI file as it was read: sections and keys in the order written, repeated ones included.
type Document struct {
	// Filename is the name used in ranges, Text the bytes that offsets count in.
	Filename string
	Text     []byte
	// Sections in the order of their headers. A section that is opened twice where the dialect allows it is listed twice.
	Sections []*Section

	newlines []int
}

// A Section is a header and what follows it up to the next one.
type Section struct {
	Name string
	// Header spans the brackets, NameRange what stands between them.
	Header, NameRange hcl.Range
	Keys              []*Key
}

// A Key is one key with its value.
type Key struct {
	// Name as the dialect keeps it, Value with the lines joined by "\n".
	Name, Value string
	// Section is the name of the section that holds it.
	Section string
	// Line counts as the dialect's own reader counts in its messages, from 1.
	Line int
	// NameRange is where the key stands, Range where its value stands, first to last line. The Range of an empty
	// value is the empty place after the delimiter.
	NameRange, Range hcl.Range

	doc      *Document
	segments []segment
	lines    []string // the value's lines while it is being read
}

// A segment is the part of a value that stands on one line: value[at:] begins at byte start of the document.
type segment struct{ at, start, end int }

// Sub gives the place of the bytes from i to j of the value.
func (k *Key) Sub(i, j int) hcl.Range {
	if k.doc == nil || len(k.segments) == 0 {
		return k.Range
	}
	return k.doc.Range(k.offset(i, false), k.offset(j, true))
}

// offset maps a byte of the value to a byte of the document. The end of a range belongs to the segment before it.
func (k *Key) offset(i int, isEnd bool) int {
	n := sort.Search(len(k.segments), func(n int) bool {
		if isEnd {
			return k.segments[n].at >= i
		}
		return k.segments[n].at > i
	})
	s := k.segments[max(n-1, 0)]
	return min(s.start+max(i-s.at, 0), s.end)
}

// NewDocument makes an empty document over a text, for readers of other dialects that want its places.
func NewDocument(filename string, text []byte) *Document {
	d := &Document{Filename: filename, Text: text}
	for i, c := range text {
		if c == '\n' {
			d.newlines = append(d.newlines, i)
		}
	}
	return d
}

// Range gives the place of the bytes from start to end. Columns count bytes, lines end with "\n", as in hcl.
func (d *Document) Range(start, end int) hcl.Range {
	start = min(max(start, 0), len(d.Text))
	end = min(max(end, start), len(d.Text))
	return hcl.Range{Filename: d.Filename, Start: d.pos(start), End: d.pos(end)}
}

func (d *Document) pos(offset int) hcl.Pos {
	line, _ := slices.BinarySearch(d.newlines, offset)
	begin := 0
	if line > 0 {
		begin = d.newlines[line-1] + 1
	}
	return hcl.Pos{Line: line + 1, Column: offset - begin + 1, Byte: offset}
}

// Section gives the first section of a name, or nil.
func (d *Document) Section(name string) *Section {
	for _, s := range d.Sections {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// Names lists the sections' names in order, each once, without the default section.
func (d *Document) Names(defaultSection string) []string {
	var names []string
	seen := map[string]bool{defaultSection: true}
	for _, s := range d.Sections {
		if !seen[s.Name] {
			seen[s.Name] = true
			names = append(names, s.Name)
		}
	}
	return names
}

// Key gives the last key of a name, which is the one that counts where repeating is allowed, or nil.
func (s *Section) Key(name string) *Key {
	for i := len(s.Keys) - 1; i >= 0; i-- {
		if s.Keys[i].Name == name {
			return s.Keys[i]
		}
	}
	return nil
}
