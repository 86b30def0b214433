package ini_test

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema/ini"
	"gsrv/schema/ini/initest"
)

type question struct {
	Text    []byte   `json:"text"`
	Lower   bool     `json:"lower"`
	Lenient bool     `json:"lenient"`
	Inline  []string `json:"inline"`
}

type answer struct {
	Sections []any      `json:"sections"`
	Values   [][]string `json:"values"`
	Error    string     `json:"error"`
	Message  string     `json:"message"`
}

// read answers a question as the driver does, with our reader.
func read(q question) answer {
	doc, err := ini.Parse("x.ini", q.Text, ini.Dialect{LowerKeys: q.Lower, Lenient: q.Lenient, InlineComments: q.Inline})
	if err != nil {
		return answer{Error: err.Class, Message: err.Message}
	}
	type section struct {
		names  []string
		values map[string]string
	}
	all := map[string]*section{}
	order := append([]string{ini.DefaultSection}, doc.Names(ini.DefaultSection)...)
	for _, name := range order {
		all[name] = &section{values: map[string]string{}}
	}
	for _, s := range doc.Sections {
		for _, k := range s.Keys {
			if _, ok := all[s.Name].values[k.Name]; !ok {
				all[s.Name].names = append(all[s.Name].names, k.Name)
			}
			all[s.Name].values[k.Name] = k.Value
		}
	}
	a := answer{Values: [][]string{}}
	for _, name := range order {
		keys := []any{}
		for _, k := range all[name].names {
			keys = append(keys, []any{k, all[name].values[k]})
			lookup := func(v string) (string, bool) {
				if q.Lower {
					v = strings.ToLower(v)
				}
				if text, ok := all[name].values[v]; ok {
					return text, true
				}
				text, ok := all[ini.DefaultSection].values[v]
				return text, ok
			}
			got := []string{"ok", ""}
			text, _, err := ini.Interpolate(nil, k, name, all[name].values[k], lookup, func(int, int) hcl.Range { return hcl.Range{} })
			if err != nil {
				got = []string{err.Class, err.Message}
			} else {
				got[1] = text
			}
			a.Values = append(a.Values, got)
		}
		a.Sections = append(a.Sections, []any{name, keys})
	}
	return a
}

// TestDifferential compares the reader with Python's configparser on generated files.
func TestDifferential(t *testing.T) {
	r := rand.New(rand.NewPCG(20, 11))
	var questions []question
	for i := range 6000 {
		q := question{Text: initest.Text(r)}
		switch i % 4 {
		case 1:
			q.Lenient = true
		case 2:
			q.Lower = true
		case 3:
			q.Lenient, q.Inline = true, []string{";"}
		}
		questions = append(questions, q)
	}
	for _, text := range oddTexts {
		questions = append(questions, question{Text: []byte(text)}, question{Text: []byte(text), Lenient: true, Lower: true, Inline: []string{"#", ";"}})
	}
	answers := initest.Ask[question, answer](t, "testdata/configparser_driver.py", []string{"configparser"}, questions)
	bad, refused := 0, 0
	for i, want := range answers {
		if want.Error != "" {
			refused++
		}
		if got := read(questions[i]); !reflect.DeepEqual(got, want) && bad < 10 {
			bad++
			t.Errorf("%q lower=%t lenient=%t inline=%q\nreal %v\nours %v", questions[i].Text, questions[i].Lower, questions[i].Lenient, questions[i].Inline, want, got)
		}
	}
	t.Logf("%d files, %d of them refused by configparser", len(questions), refused)
}

// oddTexts are corners found by reading configparser.
var oddTexts = []string{
	"", "\n", "\ufeff", "\ufeff\n[a]\n", "\ufeff[a]\nb=1\n", "[a]\n\ufeffb=1\n",
	"[a]\nb=%(c)s\nc=%(d)s\nd=%(b)s\n",
	"[a]\nb=%(c)s%(c)s\nc=%(d)s%(d)s\nd=1\n",
	"[a]\nb=%()s\n", "[a]\nb=%(c)\n", "[a]\nb=%(c)x\n", "[a]\nb=%(c\nc=1\n", "[a]\nb=%(c\n  d)s\n", "[a]\nb=%%%\n", "[a]\nb=%%%%\n",
	"[DEFAULT]\na=1\n[x]\nb=%(a)s\n[DEFAULT]\nc=2\n", "[DEFAULT]\na=1\n[DEFAULT]\na=2\n",
	"[a]\n b=1\n  c=2\n d=3\n", "[a]\nb=1\n\n  more\n\n\nc=2\n", "[a]\nb=1\n# note\n  more\n", "[a]\nb=1\n  # note\n  more\n",
	"[a]\n  b=1\nc=2\n", "  [a]\n  b=1\n   more\n  c=1\n", "[a]\nb=\n\n\n", "[a]\nb=\n  \n  x\n", "[a]\nb\n  x\n", "[a]\n=1\n=2\n", "[a]\n=1\n  more\n",
	"[a]b]\nc=1\n", "[a] # note\nb=1\n", "[a]]\n", "[]\n", "[]]\n", "[a\n", "a]\n", "[\n", "[a]\n[b\nc=1\n",
	"[a]\nb=1\rc=2\r\nd=3\n", "[a]\nb=1\x0b\nc=2\x1c\nd=\u2028x\u2028\n", "[a]\n\x0cb=1\n", "[a]\nb=\x00\n",
	"[a]\nb = 1\n\u00a0 more\n", "[a]\nb = 1\n\u200bmore = 2\n",
	"b=1\n", "# x\nb=1", "; x\n[a]\nb:1=2\n", "[a]\nb = = 1\n", "[a]\nb : 1\nb = 2\n", "[a]\nB=1\nb=2\n", "[a]\nİ=1\n",
	"[a]\nb=1 ; c\nc=1;d\nd=; e\ne=# f\n", "[a]\nb=1\n ; x\n y\n", "[a] ; x\nb=1\n", "[a ; x]\nb=1\n",
	"[a]\n" + strings.Repeat("x", 9000) + "\n", "[a]\nb=" + strings.Repeat("x", 9000) + "\n[a]\n\xff", "[a]\nb=1\nb=2\n" + strings.Repeat("#\n", 5000) + "\xff",
	"[a]\nb=" + strings.Repeat("x", 8185) + "\n\xe2(", "[a]\nb=" + strings.Repeat("x", 8184) + "\n\xe2(", "[a]\nb=" + strings.Repeat("x", 8184) + "\n\xe2\x82\xac\xff", "[a]\nb=" + strings.Repeat("x", 8187) + "\xc3", "[a]\nb=1\nb=2\n\xc3",
	"[a]\nb=\xe9t\xe9\n", "[a]\nb=\xed\xa0\x80\n", "[a]\nb=\xc3", "[a]\nb=\xe2\x82", "[a]\nb=\xf5\n", "[a]\nb=\xc0\x80\n", "[a]\nb=\xe0\x80\x80\n", "[a]\nb=\xf4\x90\x80\x80\n", "[a]\nb=\xf0\x80\x80\x80\n", "[a]\nb=\xe2(\n",
}
