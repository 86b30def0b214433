package frame

import (
	"bytes"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
)

func TestPrint(t *testing.T) {
	text := []byte("a = 1\n\tbind = 'é\x1b[31m'  # " + strings.Repeat("x", 300) + "\n")
	files := schema.NewFiles("")
	files.Put("c.py", text)
	start := bytes.Index(text, []byte("'é"))
	d := schema.Warnf("some-code", schema.RangeOf("c.py", text, start, start+9), "Wrong \x1b]0;title\x07", "What happens.\nWhat to do.")
	detail := schema.DetailOf(d)
	detail.ServerMessage = "no"
	detail.Related = []schema.Related{{Message: "set here", Range: schema.RangeOf("c.py", text, 4, 5)}}
	var out bytes.Buffer
	(&Printer{W: &out, Files: files}).one(d)
	lines := strings.Split(out.String(), "\n")
	want := []string{
		`c.py:2:9: warning: Wrong \x1b]0;title\x07 [some-code]`,
		"    2 |  bind = 'é�[31m'  # " + strings.Repeat("x", 90) + "…",
		"      |         ^~~~~~~~",
		"  What happens.", "  What to do.", "  The server says: no",
		"  c.py:1:5: set here", "    1 | a = 1", "      |     ^", "",
	}
	for i := range want {
		if i >= len(lines) || lines[i] != want[i] && i != 1 {
			t.Fatalf("line %d:\n%s\nwant\n%s", i, out.String(), strings.Join(want, "\n"))
		}
	}
	if n := len([]rune(lines[1])); n > maxLine+8 || !strings.HasSuffix(lines[1], "…") {
		t.Errorf("a long line is not cut: %d characters", n)
	}
	if strings.ContainsAny(out.String(), "\x1b\x07") {
		t.Error("control characters reach the terminal")
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"plain é": "plain é", "a\nb\tc": `a\nb\tc`, "\x00\x7f": `\x00\x7f`, "\xff": `\xff`, "a\u202eb": `a\u202eb`, "\u0085": `\x85`,
	} {
		if got := Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestPrintLines(t *testing.T) {
	text := []byte("a = [\n  1,\n\n  2, # é\n  3,\n] # end\nb\n")
	files := schema.NewFiles("")
	files.Put("c.py", text)
	for name, c := range map[string]struct {
		lines int
		end   string
		want  string
	}{
		"all":        {6, "]", "    1 | a = [\n      |     ^\n    2 |   1,\n      |   ~~\n    3 |\n    4 |   2, # é\n      |   ~~~~~~\n    5 |   3,\n      |   ~~\n    6 | ] # end\n      | ~\n"},
		"cut":        {3, "]", "    1 | a = [\n      |     ^\n    2 |   1,\n      |   ~~\n  ... |\n    6 | ] # end\n      | ~\n"},
		"two":        {2, "]", "    1 | a = [\n      |     ^\n    2 |   1,\n      |   ~~\n"},
		"first":      {0, "]", "    1 | a = [\n      |     ^\n"},
		"line break": {6, "1,\n", "    1 | a = [\n      |     ^\n    2 |   1,\n      |   ~~\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			end := bytes.Index(text, []byte(c.end)) + len(c.end)
			d := schema.Warnf("some-code", schema.RangeOf("c.py", text, 4, end), "Wrong", "")
			(&Printer{W: &out, Files: files, Lines: c.lines}).Print([]*hcl.Diagnostic{d})
			_, got, _ := strings.Cut(out.String(), "\n")
			if got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}
