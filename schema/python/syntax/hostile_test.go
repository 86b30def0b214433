package syntax

import (
	"errors"
	"strings"
	"testing"
)

// Texts made to exhaust the stack or the time of a parser give a tree or an error.
func TestHostile(t *testing.T) {
	const n = 30_000
	repeat := strings.Repeat
	cases := map[string]string{
		"open brackets":           repeat("(", n),
		"brackets":                repeat("[", n) + repeat("]", n),
		"brackets, 199":           repeat("[", 199) + repeat("]", 199),
		"braces":                  repeat("{", n),
		"calls":                   "f" + repeat("(f", n),
		"chained calls":           "f" + repeat("()", n),
		"subscripts":              "a" + repeat("[0]", n),
		"minus":                   repeat("-", n) + "1",
		"tildes without operand":  repeat("~", n),
		"not":                     repeat("not ", n) + "a",
		"not without operand":     repeat("not ", n),
		"await":                   repeat("await ", n) + "a",
		"power":                   repeat("1**", n) + "1",
		"sum":                     repeat("1+", n) + "1",
		"sum without end":         repeat("1+", n),
		"comparisons":             repeat("a<", n) + "a",
		"and":                     repeat("a and ", n) + "b",
		"or and":                  repeat("a or b and ", n) + "b",
		"attributes":              "a" + repeat(".a", n),
		"attributes, mistaken":    "a" + repeat(".a", n) + " b",
		"conditionals":            repeat("a if b else ", n) + "c",
		"conditionals, unended":   repeat("a if b else ", n),
		"ifs":                     repeat("a if ", n),
		"lambdas":                 repeat("lambda: ", n) + "1",
		"lambdas without end":     repeat("lambda x=", n),
		"elif":                    "if a: pass\n" + repeat("elif a: pass\n", n),
		"elif, mistaken":          "if a: pass\n" + repeat("elif a: pass\n", n) + "elif",
		"else if":                 repeat("if a: pass\nelse: ", n),
		"nested blocks":           nestedBlocks(n),
		"nested blocks, 99":       nestedBlocks(99) + repeat(" ", 99) + "pass\n",
		"if on a line":            repeat("if a:", n),
		"assignments":             repeat("a=", n) + "1",
		"assignments, mistaken":   repeat("a=", n) + "1=2",
		"walrus":                  repeat("(a:=", n) + "1" + repeat(")", n),
		"statements":              repeat("a;", n),
		"statements, mistaken":    repeat("a;", n) + "a b",
		"decorators":              repeat("@a\n", n),
		"with":                    repeat("with (", n),
		"with in 150":             "with " + repeat("(", 150) + "a" + repeat(")", 150) + ": pass",
		"with in 150, mistaken":   "with " + repeat("(", 150) + "a" + repeat(")", 150) + " b: pass",
		"with items":              "with (" + repeat("a as b, ", n) + "c as d): pass",
		"with items, mistaken":    "with (" + repeat("a as b, ", n) + "c as d",
		"match in 150":            "match " + repeat("(", 150) + "a" + repeat(")", 150) + ":\n case 1: pass",
		"match in 150, mistaken":  "match " + repeat("(", 150) + "a" + repeat(")", 150) + " b:\n case 1: pass",
		"match as a name":         repeat("match(", 150) + repeat(")", 150),
		"nested match":            nestedMatch(98),
		"pattern":                 "match a:\n case " + repeat("[", 150) + repeat("]", 150) + ": pass",
		"pattern, mistaken":       "match a:\n case " + repeat("(", 150) + "b c" + repeat(")", 150) + ": pass",
		"pattern of classes":      "match a:\n case " + repeat("a(b=", 150) + "1" + repeat(")", 150) + ": pass",
		"pattern of alternatives": "match a:\n case " + repeat("1|", n) + "1: pass",
		"lambda defaults":         repeat("lambda a=(", 150) + "1" + repeat("): 1", 150),
		"print":                   repeat("print a\n", n),
		"print, nested":           "print " + repeat("(", 150) + "a" + repeat(")", 150) + " b",
		"print, long":             "print " + repeat("a, ", n) + "b",
		"print of calls":          repeat("print a(", 150),
		"comprehensions":          repeat("[a for a in ", 150) + "b" + repeat("]", 150),
		"comprehensions, broken":  repeat("[a for a in ", 150) + "b c" + repeat("]", 150),
		"comprehension of many":   "[a " + repeat("for a in b ", n) + "]",
		"comprehension of ifs":    "[a for a in b " + repeat("if c ", n) + "]",
		"dicts, broken":           repeat("{1:", 150) + "2 3" + repeat("}", 150),
		"call of pairs, broken":   "f(" + repeat("a=b,", n) + "c d)",
		"tuple, broken":           "(" + repeat("a,", n) + "c d)",
		"list of lists, broken":   "[" + repeat("[a],", n) + "c d]",
		"parens, broken":          repeat("(", 150) + "a b" + repeat(")", 150),
		"calls, broken":           repeat("f(", 150) + "a b" + repeat(")", 150),
		"calls by name, broken":   repeat("f(x=", 150) + "a b" + repeat(")", 150),
		"subscripts, broken":      repeat("a[", 150) + "b c" + repeat("]", 150),
		"mixed, broken":           repeat("{f([", 60) + "a b" + repeat("])}", 60),
		"conditional, broken":     repeat("(a if b else ", 150) + "a b" + repeat(")", 150),
		"named, broken":           repeat("(a := ", 150) + "a b" + repeat(")", 150),
		"for targets":             "for " + repeat("(", 150) + "a" + repeat(")", 150) + " in b: pass",
		"for targets, broken":     "for " + repeat("(", 150) + "a()" + repeat(")", 150) + " in b: pass",
		"del targets":             "del " + repeat("(", 150) + "a" + repeat(")", 150) + " b",
		"targets, broken":         repeat("(", 150) + "a" + repeat(")", 150) + " = f() = 1",
		"starred":                 repeat("*", n) + "a",
		"starred targets":         repeat("*a, ", n) + "= 1 = 2",
		"f-strings":               repeat("f'{", n),
		"f-strings in turn":       repeat(`f"{f'{`, 1000) + "a" + repeat(`}'}"`, 1000),
		"f-string formats":        "f'" + repeat("{a:", n) + repeat("}", n) + "'",
		"f-string of fields":      "f'" + repeat("{a}", n) + "'",
		"f-string of blanks":      "f'{" + repeat(" ", n) + "}'",
		"f-strings side by side":  repeat("f'{a}' ", n),
		"f-string, broken":        "f'" + repeat("{a}", n) + "{b c}'",
		"f-string of brackets":    "f'{" + repeat("(", n) + "}'",
		"strings side by side":    repeat("'a' ", n),
		"strings, bytes":          repeat("'a' ", n) + "b'a'",
		"escapes":                 "'" + repeat(`\x41`, n) + "'",
		"names of characters":     "'" + repeat(`\N{HANGUL SYLLABLE GAGG}`, n) + "'",
		"escapes, broken":         "'" + repeat(`\N{`, n) + "'",
		"long line":               "a = " + repeat("bbb + ", 300_000) + "c",
		"tokens":                  repeat("a+", 1_200_000),
		"long name":               repeat("a", 2_000_000),
		"long string":             "'" + repeat("a", 2_000_000) + "'",
		"long string, unended":    "'" + repeat("a", 2_000_000),
		"long comment":            "#" + repeat("a", 2_000_000),
		"long number":             repeat("9", 2_000_000),
		"long hex number":         "0x" + repeat("f", 2_000_000),
		"long float":              "0." + repeat("9", 2_000_000),
		"blank lines":             repeat("\n", 2_000_000),
		"blanks":                  repeat(" ", 2_000_000),
		"continuations":           repeat("\\\n", n) + "a",
		"semicolons":              repeat(";", n),
		"indents":                 repeat(" \n", n),
		"triple quotes":           repeat(`"""`, n),
		"quotes":                  repeat(`"`, n-1),
		"try":                     repeat("try:\n pass\nfinally:\n pass\n", n),
		"except":                  "try: pass\n" + repeat("except a: pass\n", n),
		"except, mistaken":        "try: pass\n" + repeat("except a: pass\n", n) + "except*: pass",
		"defs":                    "def f(" + repeat("a,", n) + "): pass",
		"defs, mistaken":          "def f(" + repeat("a,", n) + "b c): pass",
		"defs with defaults":      "def f(" + repeat("a=1,", n) + "b): pass",
		"imports":                 "from a import (" + repeat("a,", n) + ")",
		"imports, mistaken":       "import " + repeat("a.", n) + "b c",
		"big file, broken at end": repeat("a = [1, 2]\n", n) + "a b\n",
		"big call, broken at end": "f(\n" + repeat(" a=1,\n", n) + "a b\n)",
		"big block, broken":       "def f():\n" + repeat(" a = [1, 2]\n", n) + " a b\n",
		"global":                  "global " + repeat("a,", n),
		"type parameters":         "def f[" + repeat("a,", n) + "b](): pass",
		"annotations":             repeat("a:", n),
		"arrows":                  "def f()" + repeat("->a", n),
		"dots":                    repeat(".", n),
		"from dots":               "from " + repeat(".", n) + " import a",
		"unknown characters":      repeat("$", n),
		"invalid bytes":           repeat("\xff", n),
		"invalid bytes, string":   "'" + repeat("\xff", n) + "'",
	}
	for name, src := range cases {
		t.Run(name, func(t *testing.T) {
			for _, o := range []Options{{}, {Python311: true}} {
				m, err := o.Parse("f", []byte(src))
				if err == nil {
					if m == nil {
						t.Fatal("neither a tree nor an error")
					}
					err = Check("f", m)
				}
				if err == nil {
					continue
				}
				var e *SyntaxError
				if !errors.As(err, &e) || e.Msg == "" || e.Line < 1 || e.Col < 1 || e.Start > e.End {
					t.Fatalf("%#v", err)
				}
			}
		})
	}
}

func nestedBlocks(n int) string {
	if n > 2000 {
		n = 2000 // the text grows with the square
	}
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + "if a:\n")
	}
	return b.String()
}

func nestedMatch(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + []string{"match a:\n", "case b:\n"}[i%2])
	}
	return b.String() + strings.Repeat(" ", n) + "a b\n"
}
