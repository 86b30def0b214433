package ini_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	iniv1 "gopkg.in/ini.v1"

	"gsrv/schema/ini"
	"gsrv/schema/ini/initest"
)

// TestPlain proves that nothing is lost on the way through gopkg.in/ini.v1: every key of every section, repeated ones
// included, with the bytes it stands at.
func TestPlain(t *testing.T) {
	text := "\ufeff; top\nlost = 1\n[a]\nk = 1\n  k: 2 ; two\n\"q\" = 'x' # y\n- = 1\n- = 2\n`b` = `c\n%(x)s = %(y)s\nend = \\\nz = \"\"\"\n\n[b] rest\nbare\n = 3\nk =\n[a]\nk = 3\r\n"
	doc := ini.Plain("x.ini", []byte(text))
	var got []string
	for _, s := range doc.Sections {
		got = append(got, fmt.Sprintf("[%s] %d", s.Name, s.Header.Start.Line))
		if at := text[s.NameRange.Start.Byte:s.NameRange.End.Byte]; at != s.Name {
			t.Errorf("[%s] stands at %q", s.Name, at)
		}
		for _, k := range s.Keys {
			got = append(got, fmt.Sprintf("%s|%s %d", k.Name, k.Value, k.Line))
			if at := text[k.NameRange.Start.Byte:k.NameRange.End.Byte]; at != k.Name {
				t.Errorf("%s stands at %q", k.Name, at)
			}
			if at := text[k.Range.Start.Byte:k.Range.End.Byte]; at != k.Value {
				t.Errorf("the value %q stands at %q", k.Value, at)
			}
		}
	}
	want := []string{"[a] 3", "k|1 4", "k|2 ; two 5", "\"q\"|'x' # y 6", "-|1 7", "-|2 8", "`b`|`c 9", "%(x)s|%(y)s 10", `end|\ 11`, `z|""" 12`, "[b] 14", "k| 17", "[a] 18", "k|3 19"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	var b strings.Builder
	b.WriteString("[a]\n")
	for i := range 50_000 {
		fmt.Fprintf(&b, "k%d = %d\n", i, i)
	}
	if s := ini.Plain("x.ini", []byte(b.String())).Sections; len(s) != 1 || len(s[0].Keys) != 50_000 {
		t.Error("keys of a large section are lost")
	}
}

// TestPositions checks that the places of names, values and their lines hold what was read.
func TestPositions(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for range 3000 {
		text := initest.Text(r)
		for i, doc := range []*ini.Document{parse(text), ini.Plain("x.ini", text)} {
			for _, s := range doc.Sections {
				if at := string(text[s.NameRange.Start.Byte:s.NameRange.End.Byte]); at != s.Name && i == 0 {
					t.Fatalf("%q: [%s] stands at %q", text, s.Name, at)
				}
				for _, k := range s.Keys {
					if at := string(text[k.NameRange.Start.Byte:k.NameRange.End.Byte]); at != k.Name && i == 0 {
						t.Fatalf("%q: %s stands at %q", text, k.Name, at)
					}
					at := 0
					for _, line := range strings.SplitAfter(k.Value, "\n") {
						end := at + len(strings.TrimSuffix(line, "\n"))
						where := k.Sub(at, end)
						if got := string(text[where.Start.Byte:where.End.Byte]); got != k.Value[at:end] && i == 0 {
							t.Fatalf("%q: %q stands at %q", text, k.Value[at:end], got)
						}
						at += len(line)
					}
				}
			}
		}
	}
}

func parse(text []byte) *ini.Document {
	doc, _ := ini.Parse("x.ini", text, ini.Dialect{Lenient: true})
	return doc
}

// TestWhyNotIniV1 keeps the reasons for which Parse reads the lines itself: gopkg.in/ini.v1, set up as closely to
// configparser as it can be, reads each of these otherwise. Where one of them changes, the library may have caught up.
func TestWhyNotIniV1(t *testing.T) {
	cases := []struct{ name, text, key, want string }{
		{"indentation of a continuation line", "[a]\nk = 1\n   2\n", "k", "1\n2"},
		{"comment between lines of a value", "[a]\nk = 1\n# note\n   2\n", "k", "1\n2"},
		{"indented key after a value", "[a]\n  k = 1\n  l = 2\n", "l", "2"},
		{"back quotes", "[a]\nk = `1`\n", "k", "`1`"},
		{"triple quotes", "[a]\nk = \"\"\"1\"\"\"\n", "k", "\"\"\"1\"\"\""},
		{"quoted key", "[a]\n\"k\" = 1\n", "\"k\"", "1"},
		{"key named -", "[a]\n- = 1\n", "-", "1"},
		{"carriage return", "[a]\nk = 1\rl = 2\n", "l", "2"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			doc, err := ini.Parse("x.ini", []byte(c.text), ini.Dialect{})
			if err != nil {
				t.Fatal(err)
			}
			key := doc.Section("a").Key(c.key)
			if key == nil || key.Value != c.want {
				t.Fatalf("Parse gives %v, want %q", key, c.want)
			}
			file, lerr := iniv1.LoadSources(iniv1.LoadOptions{AllowPythonMultilineValues: true, IgnoreInlineComment: true, IgnoreContinuation: true, PreserveSurroundedQuote: true, KeyValueDelimiters: "=:"}, []byte(c.text))
			if lerr == nil && file.Section("a").HasKey(c.key) && file.Section("a").Key(c.key).Value() == c.want {
				t.Error("the library reads this faithfully now")
			}
		})
	}
	for _, text := range []string{"[a]\nk = 1\nk = 2\n", "[a]\n[a]\n", "k = 1\n", "\ufeff[a]\nk = 1\n"} {
		if _, err := ini.Parse("x.ini", []byte(text), ini.Dialect{}); err == nil {
			t.Errorf("%q: Parse takes it", text)
		}
		if _, err := iniv1.LoadSources(iniv1.LoadOptions{}, []byte(text)); err != nil {
			t.Errorf("%q: the library refuses it now: %v", text, err)
		}
	}
}

// FuzzParse looks for panics, and for values that do not stand where they are said to.
func FuzzParse(f *testing.F) {
	for _, text := range oddTexts {
		f.Add([]byte(text), false)
	}
	r := rand.New(rand.NewPCG(1, 1))
	for range 100 {
		f.Add(initest.Text(r), true)
	}
	f.Fuzz(func(t *testing.T, text []byte, lenient bool) {
		doc, err := ini.Parse("x.ini", text, ini.Dialect{Lenient: lenient, InlineComments: []string{";"}})
		if err != nil && (len(err.Diags) == 0 || err.Class == "") {
			t.Error("error without words")
		}
		for _, s := range doc.Sections {
			for _, k := range s.Keys {
				if at := text[k.NameRange.Start.Byte:k.NameRange.End.Byte]; string(at) != k.Name {
					t.Errorf("%q stands at %q", k.Name, at)
				}
				lookup := func(name string) (string, bool) {
					if x := s.Key(name); x != nil {
						return x.Value, true
					}
					return "", false
				}
				if _, _, err := ini.Interpolate(nil, k.Name, s.Name, k.Value, lookup, k.Sub); err != nil && err.Diags[0].Subject == nil {
					t.Error("interpolation error without a place")
				}
			}
		}
		ini.Plain("x.ini", text)
	})
}

func BenchmarkParse(b *testing.B) {
	text := []byte(strings.Repeat("[server:main]\n# note\nuse = egg:waitress#main\nlisten =\n  127.0.0.1:80\n  127.0.0.1:81\nport = 8080\n", 2000))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		parse(text)
	}
}
