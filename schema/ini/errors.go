package ini

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
)

// An Error is what Python's configparser raises, with the exception's class and message, and our own words for it.
type Error struct {
	// Class is the exception's class: "DuplicateOptionError", "UnicodeDecodeError".
	Class string
	// Message is the exception's text, str(e).
	Message string
	// Diags say the same for people, one for each place. Their Detail holds Class and Message.
	Diags hcl.Diagnostics
}

func (e *Error) Error() string { return e.Class + ": " + e.Message }

// NewError makes an Error with one diagnostic.
func NewError(class, message, code string, at hcl.Range, summary, detail string, args ...any) *Error {
	d := schema.Errorf(code, at, summary, detail, args...)
	schema.DetailOf(d).ServerMessage = class + ": " + message
	return &Error{Class: class, Message: message, Diags: hcl.Diagnostics{d}}
}

// PythonRepr writes a text as Python's repr() does, for messages that quote it.
func PythonRepr(s string) string {
	quote := byte('\'')
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = '"'
	}
	var b strings.Builder
	b.WriteByte(quote)
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			b.WriteString(`\udc` + strconv.FormatInt(int64(s[i]), 16))
		case r == rune(quote) || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x100:
			b.WriteString(`\x` + padded(r, 2))
		case r < 0x10000:
			b.WriteString(`\u` + padded(r, 4))
		default:
			b.WriteString(`\U` + padded(r, 8))
		}
		i += n
	}
	b.WriteByte(quote)
	return b.String()
}

func padded(r rune, width int) string {
	h := strconv.FormatInt(int64(r), 16)
	return strings.Repeat("0", max(width-len(h), 0)) + h
}

// Quote puts a text into a message for people: control characters escaped, cut where it is long.
func Quote(s string) string {
	const most = 60
	if utf8.RuneCountInString(s) > most {
		s = string([]rune(s)[:most]) + "…"
	}
	return strconv.Quote(s)
}

// isSpace is Python's str.isspace for one character: Unicode's white space and the four separators U+001C to U+001F.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }

// Strip removes white space at both ends as Python's str.strip does.
func Strip(s string) string { return strings.TrimFunc(s, isSpace) }

// Fields splits at white space as Python's str.split does.
func Fields(s string) []string { return strings.FieldsFunc(s, isSpace) }
