package syntax

import (
	"errors"
	"strings"
	"testing"
)

// TestHints holds what is said beyond CPython's message, and that it is said at the right place only.
func TestHints(t *testing.T) {
	for _, c := range []struct{ src, want string }{
		{"x = 1\nprint x\n", "print(…)"},
		{"print 'a', b\n", "print(…)"},
		{"exec code\n", "exec(…)"},
		{"exec 'a' in b, c\n", "exec(…)"},
		{"umask = 0022\n", "0o777"},
		{"try: a\nexcept (A), e: b\n", "except A as e"},
		{"if a <> b: pass\n", "!="},
		{"x = `a`\n", "repr(…)"},
		{"x = 10L\n", "leave out the L"},
		{"x = 0xFFL\n", "leave out the L"},
		{"raise ValueError, 'x'\n", "raise E(text)"},
		{"x = ur'a'\n", "r'…'"},
		{"if a:\n\tb\n        c\n", "spaces"},
		{"bind = “a”\n", "Write \"."},
		{"bind = ‘a’\n", "Write '."},
		{"x = a – b\n", "hyphen"},
		{"x =\u00a01\n", "plain space"},
		{"x = 1\u200b\n", "Delete it"},
		{"x = \x00\n", "UTF-16"},
		{"x = '\xe9'\n", "coding: latin-1"},
		{"x = (1,\n", ""},
		{"x = = 1\n", ""},
		{"bind = 127.0.0.1:8000\n", ""},
		{"timeout = 30s\n", ""},
	} {
		_, err := Options{Python311: true}.Parse("f", []byte(c.src))
		var e *SyntaxError
		if !errors.As(err, &e) {
			t.Errorf("%q is taken", c.src)
			continue
		}
		if c.want == "" && e.Hint != "" || !strings.Contains(strings.ToLower(e.Hint), strings.ToLower(c.want)) {
			t.Errorf("%q: %s: hint %q, want %q", c.src, e.Msg, e.Hint, c.want)
		}
	}
}
