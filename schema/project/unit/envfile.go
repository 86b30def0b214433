package unit

import (
	"strings"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
)

// ReadEnvironment reads a file of EnvironmentFile=: NAME=value lines with quotes, backslashes at the end of a line and
// comments that begin with "#" or ";". Variables are not expanded. A line that is no assignment is ignored by systemd
// and by this reader.
func ReadEnvironment(files *schema.Files, name string) ([]Variable, hcl.Diagnostics) {
	text, err := files.Read(name)
	if err != nil {
		return nil, hcl.Diagnostics{schema.Errorf("file-unreadable", hcl.Range{Filename: name, Start: hcl.InitialPos, End: hcl.InitialPos}, "The environment file cannot be read", "%s. The service does not start without it, unless its path has a dash in front.", err)}
	}
	s := &Service{}
	doc := newDocument(name, text)
	for i := 0; i < len(text); {
		i = environmentLine(doc, i, s)
	}
	return s.Environment, nil
}

func isLineEnd(c byte) bool { return c == '\n' || c == '\r' }

// environmentLine reads from one line's start to the next.
func environmentLine(doc *document, i int, s *Service) int {
	text := doc.text
	for i < len(text) && isSpace(text[i]) {
		i++
	}
	if i == len(text) {
		return i
	}
	if text[i] == '#' || text[i] == ';' {
		for i < len(text) && !isLineEnd(text[i]) {
			if text[i] == '\\' { // a comment goes on behind it
				i++
			}
			i++
		}
		return min(i, len(text))
	}
	start := i
	for i < len(text) && text[i] != '=' && !isLineEnd(text[i]) {
		i++
	}
	if i == len(text) || text[i] != '=' {
		return i
	}
	name := strings.TrimRight(string(text[start:i]), " \t")
	i++
	from := i
	value, i := environmentValue(text, i)
	for from < i && isSpace(text[from]) {
		from++
	}
	end := i
	for end > from && isSpace(text[end-1]) {
		end--
	}
	if variableName().MatchString(name) {
		s.set(name, Text{Value: value, Set: true, Open: templated(value), Range: doc.span(from, end)})
	}
	return i
}

// environmentValue reads a value up to the end of its line.
func environmentValue(text []byte, i int) (string, int) {
	var b []byte
	for i < len(text) { // before a value, or behind a quoted part
		switch c := text[i]; {
		case isLineEnd(c):
			return string(b), i
		case c == '\'':
			for i++; i < len(text) && text[i] != '\''; i++ {
				b = append(b, text[i])
			}
			i++
		case c == '"':
			for i++; i < len(text) && text[i] != '"'; i++ {
				if text[i] == '\\' && i+1 < len(text) {
					i++
					if strings.IndexByte("\"\\`$", text[i]) < 0 && text[i] != '\n' {
						b = append(b, '\\')
					}
					if text[i] == '\n' {
						continue
					}
				}
				b = append(b, text[i])
			}
			i++
		case isSpace(c):
			i++
		default:
			return plainValue(text, i, b)
		}
	}
	return string(b), len(text)
}

// plainValue reads the part of a value that is not quoted; white space at its end does not count.
func plainValue(text []byte, i int, b []byte) (string, int) {
	keep := len(b)
	for i < len(text) && !isLineEnd(text[i]) {
		c := text[i]
		if c == '\\' {
			i++
			if i < len(text) && !isLineEnd(text[i]) {
				b = append(b, text[i])
			}
			keep = len(b)
			i++
			continue
		}
		b = append(b, c)
		if !isSpace(c) {
			keep = len(b)
		}
		i++
	}
	return string(b[:keep]), min(i, len(text))
}
