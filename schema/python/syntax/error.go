package syntax

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// A SyntaxError says why a text is no Python, in CPython's words.
type SyntaxError struct {
	Filename string
	// Type is SyntaxError, IndentationError or TabError.
	Type string
	Msg  string
	// Line and Col count from 1, Col in characters; End is where the wrong part ends.
	Line, Col, EndLine, EndCol int
	// Start and End are byte offsets into the decoded text.
	Start, End int
	// Hint says what else to think of: that the file is Python 2.
	Hint string
	// inFString is set where the message says already that it is about an f-string.
	inFString bool
}

// Error gives FILE:LINE:COL: TYPE: MESSAGE.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s: %s", e.Filename, e.Line, e.Col, e.Type, e.Msg)
}

func newError(typ, src string, start, end int, msg string) *SyntaxError {
	start = min(max(start, 0), len(src))
	end = min(max(end, start), len(src))
	e := &SyntaxError{Type: typ, Msg: msg, Start: start, End: end}
	e.Line, e.Col = lineColumn(src, start)
	e.EndLine, e.EndCol = lineColumn(src, end)
	return e
}

func lineColumn(src string, at int) (line, col int) {
	begin := strings.LastIndexByte(src[:at], '\n') + 1
	return strings.Count(src[:at], "\n") + 1, utf8.RuneCountInString(src[begin:at]) + 1
}
