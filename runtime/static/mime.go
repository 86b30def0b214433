package static

import (
	"os"
	"strings"
)

// readTypes reads a file with types, as uWSGI does: the first type of an extension counts, and one of a single letter at the end of a
// line is not seen.
func readTypes(types map[string]string, name string) error {
	b, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	text := string(b)
	for {
		line, rest, more := strings.Cut(text, "\n")
		if !more {
			return nil // a line without its end is not read
		}
		text = rest
		if line == "" || !alphanumeric(line[0]) {
			continue
		}
		end := strings.IndexAny(line, " \t")
		if end < 0 {
			continue
		}
		mime, list := line[:end], strings.TrimLeft(line[end:], " \t")
		if list == "" {
			continue
		}
		words := strings.FieldsFunc(list, func(r rune) bool { return r == ' ' || r == '\t' })
		closed := strings.HasSuffix(list, " ") || strings.HasSuffix(list, "\t")
		for i, ext := range words {
			if i == len(words)-1 && !closed && len(ext) < 2 {
				continue
			}
			if _, taken := types[ext]; !taken {
				types[ext] = mime
			}
		}
	}
}

func alphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// typeOf is a file's type by what follows the last dot of its path; "" where it is not known.
func (f *Files) typeOf(path string) string {
	dot := strings.LastIndexByte(path, '.')
	if dot < 0 {
		return ""
	}
	return f.types[path[dot+1:]]
}
