package ini

import (
	"bytes"
	"strconv"
	"strings"

	ini "gopkg.in/ini.v1"
)

// tag is put around a key's line number and before its value, so that gopkg.in/ini.v1 keeps repeated keys apart, gives
// the line back, and finds no quote to take off. It is a control character that no INI file holds; one that does is
// read with it replaced.
const tag = "\x1f"

// maxKeys is after how many keys a section is opened anew: the library looks through all keys of a section for each
// one it adds, which takes minutes for a large one.
const maxKeys = 256

// Plain reads the common INI dialect with gopkg.in/ini.v1: "key = value" or "key: value", one a line, # and ; before
// comments, nothing quoted, continued or interpolated. Lines it cannot make sense of are left out, so it never fails: it is
// for recognising and skimming files whose dialect is not known. Section and key order and repetitions are kept.
func Plain(filename string, text []byte) *Document {
	doc := NewDocument(filename, text)
	tagged := tagLines(text)
	file, err := ini.LoadSources(ini.LoadOptions{
		IgnoreContinuation:      true,
		IgnoreInlineComment:     true,
		PreserveSurroundedQuote: true,
		SkipUnrecognizableLines: true,
		AllowNonUniqueSections:  true,
		KeyValueDelimiters:      "=:",
	}, tagged)
	if err != nil {
		return doc
	}
	starts := lineStarts(text)
	var s *Section
	for _, section := range file.Sections() {
		for _, key := range section.Keys() {
			fields := strings.SplitN(key.Name(), tag, 3)
			if len(fields) != 3 {
				continue
			}
			line, err := strconv.Atoi(fields[1])
			if err != nil || line < 1 || line > len(starts) {
				continue
			}
			if fields[2] == "" {
				s = plainHeader(doc, starts[line-1])
				continue
			}
			if s != nil {
				s.Keys = append(s.Keys, plainKey(doc, s.Name, fields[2], strings.TrimPrefix(key.Value(), tag), line, starts[line-1]))
			}
		}
	}
	return doc
}

// tagLines rewrites a text for the library: a key becomes "\x1fLINE\x1fkey = \x1fvalue", a header is followed by a
// marker key "\x1fLINE\x1f" that carries its line. Comments and blank lines need no place and go.
func tagLines(text []byte) []byte {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	text = bytes.ReplaceAll(text, []byte(tag), []byte(" "))
	var out bytes.Buffer
	number, keys := 0, 0
	var header []byte
	for line := range bytes.Lines(text) {
		number++
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' || line[0] == ';' {
			continue
		}
		mark := tag + strconv.Itoa(number) + tag
		if line[0] == '[' {
			if i := bytes.IndexByte(line, ']'); i > 1 {
				header, keys = line[:i+1], 0
				out.Write(header)
				out.WriteString("\n" + mark + " =\n")
			}
			continue
		}
		i := bytes.IndexAny(line, "=:")
		if i <= 0 {
			continue
		}
		if keys++; keys%maxKeys == 0 && header != nil {
			out.Write(header)
			out.WriteByte('\n')
		}
		out.WriteString(mark)
		out.Write(bytes.TrimSpace(line[:i]))
		out.WriteString("=" + tag)
		out.Write(bytes.TrimSpace(line[i+1:]))
		out.WriteByte('\n')
	}
	return out.Bytes()
}

func lineStarts(text []byte) []int {
	starts := []int{0}
	for i, c := range text {
		if c == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}

// plainLine gives the bounds of a line's text without white space around it.
func plainLine(text []byte, start int) (int, int) {
	end := len(text)
	if i := bytes.IndexByte(text[start:], '\n'); i >= 0 {
		end = start + i
	}
	if start == 0 && bytes.HasPrefix(text, []byte("\ufeff")) {
		start = 3
	}
	line := text[start:end]
	trimmed := bytes.TrimSpace(line)
	start += bytes.Index(line, trimmed)
	return start, start + len(trimmed)
}

func plainHeader(doc *Document, at int) *Section {
	start, end := plainLine(doc.Text, at)
	if i := bytes.IndexByte(doc.Text[start:end], ']'); i > 0 {
		end = start + i + 1
	}
	s := &Section{Name: string(doc.Text[start+1 : end-1]), Header: doc.Range(start, end), NameRange: doc.Range(start+1, end-1)}
	doc.Sections = append(doc.Sections, s)
	return s
}

func plainKey(doc *Document, section, name, value string, line, at int) *Key {
	start, end := plainLine(doc.Text, at)
	valueStart := max(end-len(value), start)
	return &Key{
		Name: name, Value: value, Section: section, Line: line, doc: doc,
		NameRange: doc.Range(start, start+len(name)), Range: doc.Range(valueStart, end),
		segments: []segment{{start: valueStart, end: end}},
	}
}
