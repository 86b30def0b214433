package gunicorn

import (
	"gsrv/schema"
)

// shlexSplit parts text into words as Python's shlex.split does and gives each its place in the pseudo file. The error
// is Python's message.
func shlexSplit(file, text string) (words []schema.Word, message string) {
	src := []byte(text)
	i := 0
	for {
		for i < len(text) && isShlexSpace(text[i]) {
			i++
		}
		if i == len(text) {
			return words, ""
		}
		start := i
		var token []byte
		for i < len(text) && !isShlexSpace(text[i]) {
			switch c := text[i]; c {
			case '\\':
				if i+1 == len(text) {
					return words, "No escaped character"
				}
				token = append(token, text[i+1])
				i += 2
			case '\'', '"':
				i++
				for {
					if i == len(text) {
						return words, "No closing quotation"
					}
					if text[i] == c {
						i++
						break
					}
					if text[i] == '\\' && c == '"' {
						if i+1 == len(text) {
							return words, "No escaped character"
						}
						if n := text[i+1]; n == '"' || n == '\\' {
							i++
						}
						// any other escaped character keeps its backslash
					}
					token = append(token, text[i])
					i++
				}
			default:
				token = append(token, c)
				i++
			}
		}
		words = append(words, schema.Word{Text: string(token), Range: schema.RangeOf(file, src, start, i)})
	}
}

func isShlexSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }
