package syntax

import (
	"encoding/json"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// A verdict is what CPython 3.11 says about a source; testdata/oracle.py gives it.
type verdict struct {
	Source string `json:"source"`
	Dump   string `json:"dump"`
	Error  []any  `json:"error"` // type, message, line, column
}

// check holds the parser against a verdict.
func (v verdict) check(t *testing.T) {
	t.Helper()
	m, err := Options{Python311: true}.Parse("f", []byte(v.Source))
	if v.Error == nil {
		if err != nil {
			t.Errorf("%q: refused: %v", v.Source, err)
			return
		}
		var b strings.Builder
		if err := Dump(&b, m); err != nil {
			t.Fatal(err)
		}
		if b.String() != v.Dump {
			t.Errorf("%q:\ngot  %s\nwant %s", v.Source, b.String(), v.Dump)
		}
		return
	}
	if err == nil {
		t.Errorf("%q: accepted, want %v", v.Source, v.Error)
		return
	}
	var e *SyntaxError
	if !errors.As(err, &e) {
		t.Fatalf("%q: the error is a %T", v.Source, err)
	}
	typ, msg := v.Error[0].(string), v.Error[1].(string)
	if typ == "ValueError" { // CPython says so of what is no text at all
		typ = "SyntaxError"
	}
	if msg == "expected ':'" && strings.Contains(v.Source, "match") {
		return // where anything is wrong, CPython takes "match(a)" of an earlier line for a match statement without colon
	}
	if e.Type != typ || e.Msg != msg {
		t.Errorf("%q: got %s: %s, want %s: %s", v.Source, e.Type, e.Msg, typ, msg)
		return
	}
	if placedApart(msg) || inFString.MatchString(v.Source) {
		return
	}
	line, col := int(v.Error[2].(float64)), int(v.Error[3].(float64))
	if strings.HasPrefix(msg, "leading zeros") && len(v.Source) > utf8.RuneCountInString(v.Source) {
		return // there CPython counts bytes
	}
	if e.Line != line || e.Col != max(col, 1) {
		t.Errorf("%q: %s: got line %d column %d, want %d, %d", v.Source, msg, e.Line, e.Col, line, col)
	}
}

// inFString finds sources whose errors may be inside an f-string, where CPython counts columns from the brace.
var inFString = regexp.MustCompile(`(?i)\br?fr?['"]`)

// placedApart tells messages that stand elsewhere than in CPython, which places what is wrong inside a string at the token
// behind it, or counts columns in the string or in the whole text. Here they stand at what is wrong.
func placedApart(msg string) bool {
	for _, prefix := range []string{
		"(unicode error)", "(value error)", "f-string", "bytes can only", "cannot mix", "source code string", "Exceeds the limit",
		"unexpected character after line continuation", "encoding problem", "unknown encoding",
	} {
		if strings.HasPrefix(msg, prefix) {
			return true
		}
	}
	return false
}

func cases(t testing.TB) []verdict {
	t.Helper()
	data, err := os.ReadFile("testdata/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var list []verdict
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	if len(list) < 400 {
		t.Fatalf("%d cases", len(list))
	}
	return list
}

func TestCases(t *testing.T) {
	for _, c := range cases(t) {
		c.check(t)
	}
}
