package paste

import (
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"gsrv/schema/ini/initest"
)

type question struct {
	Files map[string]string `json:"files"` // base64
	Kind  string            `json:"kind"`
	URI   string            `json:"uri"`
	Name  string            `json:"name"`
	Vars  map[string]string `json:"vars"`
}

type reply struct {
	Context map[string]any `json:"context"`
	Error   string         `json:"error"`
	Message string         `json:"message"`
}

func (q question) vector() vector {
	v := vector{Files: map[string]string{}, Kind: q.Kind, URI: q.URI, Name: q.Name, Vars: q.Vars}
	for name, text := range q.Files {
		plain, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			panic(err)
		}
		v.Files[name] = string(plain)
	}
	return v
}

type generator struct{ *rand.Rand }

func (g generator) pick(from ...string) string { return from[g.IntN(len(from))] }

func (g generator) chance(n int) bool { return g.IntN(n) == 0 }

func (g generator) value() string {
	if !g.chance(4) {
		return g.pick("1", "", "a b", "%(here)s/x", "%(__file__)s", "%%(h)s", "x\n    y", "é", "$X", "x ; y")
	}
	return g.pick("1", "", "a b", "%(here)s/x", "%(__file__)s", "%(v)s", "%(w)s", "%(v)s-%(w)s", "%%(h)s", "50%", "%(nope)s", "x ; y", "x\n    y", "\n  a\n\n  b", "%(port)s", "é", "$X", "%(a)s%(b)s", "%(v)x")
}

func (g generator) object(kind string) string {
	switch kind {
	case "filter", "filter-app":
		return g.pick("use = egg:Paste#cgitb", "use = egg:PasteDeploy#prefix", "use = call:pmod:make_filter", "paste.filter_factory = pmod:make_filter", "paste.filter_app_factory = pmod:make_filter", "use = base", "use = f2", "use = config:other.ini#f2", "use: egg:paste#gzip", "use = egg:Paste#nope")
	case "server":
		return g.pick("use = egg:gunicorn#main", "use = egg:waitress", "use = egg:Paste#http", "use = egg:pyramid#wsgiref", "use = call:pmod:make_server", "paste.server_factory = pmod:make_server", "paste.server_runner = pmod:make_server", "use = base", "use = config:other.ini", "use = config:sub/third.ini#base", "use = egg:no-such-dist", "use = EGG:WAITRESS#main")
	}
	return g.pick("use = egg:Paste#urlmap", "use = egg:Paste#test", "use = call:pmod:make_app", "paste.app_factory = pmod:make_app", "paste.composite_factory = pmod:make_app", "use = base", "use = home", "use = config:other.ini", "use = config:other.ini#base", "use = config:sub/third.ini", "use = config:x.ini#home", "use = call:pmod", "use = http:x", "use = egg:", "use = call:pmod:a:b", "paste.app_factory = pmod : make_app", "paste.app_factory = not a name!", "use = call:pmod:make_app#x", "use = egg:Paste#call:pmod:make_app", "use = %(v)s")
}

func (g generator) section(kind, name string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "[%s:%s]\n", kind, g.pick(name, name, name, name, " "+name, name+" "))
	if !g.chance(12) && kind != "pipeline" {
		b.WriteString(g.object(kind) + "\n")
	}
	switch kind {
	case "pipeline":
		b.WriteString(g.pick("pipeline = f1 f2 home\n", "pipeline = home\n", "pipeline: f1\n  home\n", "pipeline = egg:Paste#cgitb home\n", "pipeline =\n", "", "pipeline = %(v)s\n", "pipeline = f1 base\n", "pipeline = f1 config:other.ini#home\n"))
		if !g.chance(4) {
			return b.String()
		}
	case "filter-app":
		b.WriteString(g.pick("next = home\n", "next = home\n", "next = base\n", "next = call:pmod:make_app\n", ""))
	}
	names := g.Perm(10)
	for _, i := range names[:g.IntN(6)] {
		name := []string{"a", "b", "port", "v", "w", "set v", "set mode", "get x", "filter-with", "require"}[i]
		value := g.value()
		switch name {
		case "get x":
			value = g.pick("v", "mode", "here", "nope", "%(v)s")
		case "filter-with":
			value = g.pick("f1", "f2", "nope", "call:pmod:make_filter")
		case "require":
			value = g.pick("Paste", "waitress PasteDeploy", "no-such-dist", "")
		}
		fmt.Fprintf(&b, "%s%s%s\n", name, g.pick(" = ", "=", ": "), value)
	}
	return b.String()
}

func (g generator) file() string {
	var b strings.Builder
	if g.chance(60) {
		b.WriteString("\ufeff")
	}
	if g.chance(2) {
		b.WriteString("[DEFAULT]\n")
		for _, i := range g.Perm(6)[:g.IntN(4)] {
			fmt.Fprintf(&b, "%s = %s\n", []string{"v", "w", "port", "mode", "set mode", "get y"}[i], g.pick("1", "2", "home", "%(w)s", "%(here)s", "", "dev", "mode", "%(v)s", "v"))
		}
	}
	kinds := []string{"app", "app", "server", "server", "filter", "composite", "pipeline", "filter-app", "application", "composit"}
	var wanted [][2]string
	if !g.chance(6) {
		// Most files have what others refer to; the rest of them tests the refusals.
		wanted = append(wanted,
			[2]string{g.pick("app", "composite", "pipeline", "filter-app", "application"), "main"},
			[2]string{g.pick("app", "app", "composite", "pipeline", "filter-app"), "base"},
			[2]string{"server", "main"}, [2]string{"server", "base"})
		wanted = append(wanted, [2]string{"filter", "base"}, [2]string{"filter", "f1"}, [2]string{"filter", "f2"})
	} else {
		for range 2 + g.IntN(5) {
			kind := kinds[g.IntN(len(kinds))]
			name := g.pick("main", "main", "base", "home")
			if kind == "filter" {
				name = g.pick("f1", "f2", "main")
			}
			wanted = append(wanted, [2]string{kind, name})
		}
	}
	for _, w := range wanted {
		kind, name := w[0], w[1]
		if g.chance(40) {
			b.WriteString(g.pick("# note\n", "\n", "; note\n", "stray\n", "[server]\nport = 1\n", "[Server:main]\n", "x = 1\n"))
		}
		b.WriteString(g.section(kind, name))
	}
	text := b.String()
	if !strings.Contains(text, "[filter:f1]") && g.chance(2) {
		text += "[filter:f1]\npaste.filter_factory = pmod:make_filter\nn = %(here)s\n"
	}
	if !strings.Contains(text, ":home]") {
		text += "[app:home]\npaste.app_factory = pmod:make_app\nwhere = %(here)s\n"
	}
	if g.chance(10) {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	if g.chance(80) {
		text = strings.ReplaceAll(text, "é", "\xe9")
	}
	return text
}

func (g generator) question() question {
	q := question{Files: map[string]string{}, Vars: map[string]string{}}
	for _, name := range []string{"x.ini", "other.ini", "sub/third.ini"} {
		if name == "x.ini" || !g.chance(5) {
			q.Files[name] = base64.StdEncoding.EncodeToString([]byte(g.file()))
		}
	}
	q.Kind = g.pick("app", "app", "server", "server", "filter")
	q.URI = g.pick("config:x.ini", "config:x.ini", "config:x.ini", "config:x.ini", "config:x.ini", "config:x.ini", "config:x.ini", "config:x.ini", "config:x.ini#base", "config:$DIR/x.ini", "CONFIG:x.ini", "config:x%2Eini", "egg:Paste#test", "call:pmod:make_app", "config:sub/third.ini")
	if g.chance(20) {
		q.URI = g.pick("config:nope.ini", "config:sub", "x.ini", "http:x", "egg:", "call:x")
	}
	q.Name = g.pick("", "", "", "", "", "", "base", "base")
	switch {
	case g.chance(20):
		q.Name = g.pick("home", "egg:Paste#test", "f1", "nope")
	case q.Kind == "filter":
		q.Name = g.pick("f1", "f2", "base")
	}
	for range g.IntN(3) {
		q.Vars[g.pick("v", "w", "port", "mode", "here")] = g.pick("7", "home", "%(w)s", "50%", "", "x y")
	}
	return q
}

var record = flag.Bool("record", false, "write what PasteDeploy answered to a choice of generated questions to testdata")

// recordVectors keeps a choice of questions with PasteDeploy's answers, for machines that do not have it: all that end in a
// context, and a few of every exception.
func recordVectors(t *testing.T, questions []question, answers []reply) {
	type file struct {
		Note    string   `json:"note"`
		Vectors []vector `json:"vectors"`
	}
	out := file{Note: "recorded from PasteDeploy 3.0.1 on Python 3.11; $DIR is the directory of the files"}
	kept := map[string]int{}
	for i, a := range answers {
		limit := 6
		if a.Error == "" {
			limit = 60
		}
		id := a.Error
		if a.Error == "LookupError" {
			id += strings.Join(strings.Fields(a.Message)[:3], " ")
		}
		if kept[id] >= limit || a.Error == "RecursionError" || a.Error == "UnicodeDecodeError" {
			continue
		}
		kept[id]++
		v := questions[i].vector()
		v.ID = fmt.Sprintf("generated-%d", i)
		v.Expect.Context, v.Expect.Error, v.Expect.Message = a.Context, a.Error, a.Message
		out.Vectors = append(out.Vectors, v)
	}
	text, err := json.MarshalIndent(out, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("testdata/generated.vectors.json", append(text, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestDifferential compares the loader with the real PasteDeploy on generated files: contexts, exceptions and their
// messages.
func TestDifferential(t *testing.T) {
	g := generator{rand.New(rand.NewPCG(3, 1))}
	var questions []question
	for range 500 {
		questions = append(questions, g.question())
	}
	answers := initest.Ask[question, reply](t, "testdata/paste_driver.py", []string{"paste.deploy", "waitress", "pyramid", "gunicorn", "paste.httpserver"}, questions)
	if *record {
		recordVectors(t, questions, answers)
	}
	bad, contexts := 0, 0
	classes := map[string]int{}
	for i, want := range answers {
		classes[want.Error]++
		if want.Error == "" {
			contexts++
		}
		v := questions[i].vector()
		got, err := v.run(t)
		why := ""
		switch {
		case (err != nil) != (want.Error != ""):
			why = "one takes it, the other does not"
		case err != nil && err.Class != want.Error:
			why = "another exception"
		case err != nil && err.Class != "RecursionError" && err.Message != want.Message:
			why = "another message"
		case err == nil:
			why = differs(want.Context, got, "context")
			if why == "" {
				why = differs(got, any(want.Context), "reverse")
			}
		}
		if why != "" && bad < 8 {
			bad++
			t.Errorf("%s: %s %s name=%q vars=%v\nx.ini: %q\nother.ini: %q\nthird.ini: %q\nreal %s %s\nours %v", why, v.Kind, v.URI, v.Name, v.Vars, v.Files["x.ini"], v.Files["other.ini"], v.Files["sub/third.ini"], want.Error, want.Message, err)
		}
	}
	t.Logf("%d questions, %d contexts, exceptions %v", len(questions), contexts, classes)
}
