package gunicorn

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// A generator makes configurations that are close to what people write, with mistakes among them.
type generator struct {
	*rand.Rand
	release *Release
	// careful keeps to the first words of each list, which are right more often.
	careful bool
}

func (g *generator) one(list ...string) string {
	n := len(list)
	if g.careful {
		n = (n + 2) / 3
	}
	return list[g.IntN(n)]
}

func (g *generator) chance(percent int) bool { return g.IntN(100) < percent }

func (g *generator) vector(i int) *vector {
	g.careful = g.chance(60)
	v := &vector{ID: fmt.Sprint(i), Target: g.release.Version.String(), Files: map[string]string{}, Env: map[string]string{}}
	if g.chance(75) {
		v.Files[defaultFile] = g.file()
	}
	if g.chance(10) {
		v.Files["other.py"] = g.file()
	}
	v.Files["sub/empty"] = ""
	v.Files["hooks.py"] = "def start(server):\n    pass\ndef two(a, b): pass\nnumber = 3\nclass Hook:\n    def __init__(self, a): pass\n"
	if g.chance(80) {
		v.Argv = g.args(3)
		if g.chance(85) {
			at := g.IntN(len(v.Argv) + 1)
			v.Argv = append(v.Argv[:at:at], append([]string{"app:app"}, v.Argv[at:]...)...)
		}
	} else {
		v.Argv = []string{"app:app"}
	}
	if g.chance(12) {
		v.Env["WEB_CONCURRENCY"] = g.one("3", " 4 ", "x", "", "-1", "1_0", "0x3", "٣")
	}
	if g.chance(12) {
		v.Env["PORT"] = g.one("80", "", "x", "5000 ")
	}
	if g.chance(12) {
		v.Env["FORWARDED_ALLOW_IPS"] = g.one("*", "", "10.0.0.1, 10.0.0.2", "10.0.0.0/8", "proxy", "::1,,")
	}
	if g.chance(15) {
		v.Env["GUNICORN_CMD_ARGS"] = g.one(strings.Join(quoteAll(g.args(2)), " "), "--name 'a b' -w 3", "-w '", `--name a\ b --bind "x\"y"`, "-c other.py", `\`, "app:app -w 2", `--name "a\qb"`, "  ", "--name ''")
	}
	return v
}

func quoteAll(words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = "'" + strings.ReplaceAll(w, "'", `'"'"'`) + "'"
	}
	return out
}

// file makes a configuration file of assignments and functions.
func (g *generator) file() string {
	var b strings.Builder
	b.WriteString("# made by a test\n")
	for range g.IntN(4) + 1 {
		s := g.release.Specs[g.IntN(len(g.release.Specs))]
		if s.Name == "paste" || s.Name == "spew" {
			continue
		}
		if strings.HasPrefix(s.Validator, "callable") || s.Validator == "post_request" {
			b.WriteString(g.hook(s))
			continue
		}
		name := s.Name
		if g.chance(3) {
			name = strings.ToUpper(name)
		}
		fmt.Fprintf(&b, "%s = %s\n", name, g.literal(s))
	}
	return b.String()
}

func (g *generator) hook(s *Spec) string {
	params := []string{"a", "b", "c", "d", "e"}[:g.IntN(5)]
	if g.careful || g.chance(60) {
		params = s.Option.Args
	}
	list := strings.Join(params, ", ")
	form := g.IntN(8)
	if g.careful {
		form = 7 * g.IntN(2)
	}
	switch form {
	case 0:
		return fmt.Sprintf("%s = lambda %s: None\n", s.Name, list)
	case 1:
		return fmt.Sprintf("%s = %s\n", s.Name, g.one(`"hooks.start"`, `"hooks.two"`, `"hooks.number"`, `"hooks.none"`, `"nomod.x"`, `"start"`, `"hooks.Hook"`, `""`, `".x"`, "None", "3", "[1]", "(1, 2)", "()", "{}", `" hooks.start"`))
	case 2:
		return fmt.Sprintf("def %s(*args): pass\n", s.Name)
	case 3:
		return fmt.Sprintf("def %s(%s): pass\n", s.Name, strings.TrimPrefix(list+", **kw", ", "))
	case 4:
		return fmt.Sprintf("def %s(%s): pass\n", s.Name, strings.TrimPrefix(list+", *, k=1", ", "))
	}
	return fmt.Sprintf("def %s(%s): pass\n", s.Name, list)
}

var oddLiterals = []string{
	"None", "True", "False", "0", "1", "-1", "30.5", "1e3", `""`, `" "`, `"x"`, `"3"`, `"010"`, `"0x1F"`, `" 7 "`, `"1_000"`, "[]", "[1]", `["a", "b"]`, `("a",)`, `("a", "b")`, "()", "{}", `{"a": "b"}`, `{"a": 1, 2: None}`, `b"12"`, `b"x"`,
	`"a,b"`, `"True"`, `" false "`, "2**70", "[None]", `["a", 3]`, "{1}", "(1, [2, (3,)])", `"ä\n"`, "float('inf')", "1j", `[" a "]`,
}

func (g *generator) literal(s *Spec) string {
	if !g.careful && g.chance(25) {
		return g.one(oddLiterals...)
	}
	name, _, _ := strings.Cut(s.Validator, "(")
	switch name {
	case "bool":
		return g.one("True", "False", `"true"`, `"FALSE"`, `"yes"`, "1", "None")
	case "pos_int", "http2_frame_size":
		return g.one("4", "16384", `"12"`, `"0b11"`, "0o22", "-3", `"-3"`, "10**9", "True")
	case "list_string":
		return g.one(`"127.0.0.1:80"`, `["127.0.0.1:80", "unix:/x"]`, `"a=b"`, "None", `"a,b"`)
	case "list_of_existing_files", "list_of_files_or_patterns":
		return g.one(`"app.py"`, `["app.py", "sub"]`, `"nope"`, `"*.py"`, `"*.nope"`, `["[a"]`, `[""]`)
	case "string_to_list", "string_to_addr_list":
		return g.one(`"127.0.0.1"`, `"*"`, `"10.0.0.0/8, ::1"`, `"10.0.0.1/8"`, `"host"`, `"1.2.3.4/255.255.255.255"`, `"fe80::1%eth0"`, `"1.2.3.4/0.0.0.255"`, `"01.2.3.4"`, `"::/0"`, `"10.0.0.0/8/8"`, `","`, `" , "`, `"1.2.3.0/24,*"`, `"2001:db8::/129"`, `"1.2.3.4/+8"`)
	case "dict":
		return g.one("{}", `{"X-SCHEME": "https"}`, "None", "[]")
	case "user", "group":
		return g.one("0", `"0"`, `"root"`, `"nobody-at-all"`, "None", `"12 "`, "1.5", "-1", `"²"`)
	case "chdir":
		return g.one(`"sub"`, `"."`, `"nope"`, `""`, `"/"`, `" sub "`, `"app.py"`, `"sub/../sub//"`, "None")
	case "hostport", "statsd_address":
		return g.one(`"localhost:8125"`, `"localhost"`, `"a:b"`, `":1"`, `"a:1:2"`, `"unix:///x"`, `"unix:88"`, `"unix:/x"`, `"[::1]:5"`, `"fd://3"`, `"fd://x"`, `"tcp://A:1"`, "None")
	case "reload_engine":
		return g.one(`"auto"`, `"poll"`, `"POLL"`, `"x"`, "[]", "None")
	case "ssl_version":
		return g.one("2", `"TLSv1_2"`, `"5"`, `"x"`, "5", "99", "[]", "None", "(1,)", "(1, 2)")
	case "class":
		return g.one(`"sync"`, `" gevent "`, "None", "str", `"a.b.C"`)
	}
	if len(s.Option.Enum) > 0 && g.chance(60) {
		word := g.one(s.Option.Enum...)
		return g.one(`"`+word+`"`, `" `+strings.ToUpper(word)+` "`)
	}
	if name == "http_protocols" {
		return g.one(`"h1,h2"`, `"h2, H1,"`, `"h1,h1"`, `"h4"`, `","`)
	}
	return g.one(`"text"`, `"/path/x"`, "None", `" two words "`)
}

// args makes up to n options with their values.
func (g *generator) args(n int) []string {
	var out []string
	for range g.IntN(n + 1) {
		out = append(out, g.option()...)
	}
	if g.chance(3) {
		out = append(out, "--")
	}
	return out
}

func (g *generator) option() []string {
	odd := g.IntN(40)
	if g.careful {
		odd = 9
	}
	switch odd {
	case 0:
		return []string{g.one("-DR", "-Dw4", "-w", "-DRx", "-Rw", "-D=1", "-", "-x", "-5", "-1.5", "--no-such", "--work", "--preloa", "--no", "--daemon=1", "--log-sys", "--limit-request-field", "-D=", "--reload=", "-b", "--bind=", "-é", "two words", "-two words", "--name=--x", "-n-", "-n--", "--env", "--env=A=1", "--=", "--=3")}
	case 1:
		return []string{g.one("-w", "--threads", "--bi"), g.one("-1", "-1.5", "-x", "", " 3", "3_0", "٣", "0x3", "--")}
	}
	var spec *Spec
	for spec == nil || len(spec.Flags) == 0 || spec.Name == "paste" || spec.Name == "spew" {
		spec = g.release.Specs[g.IntN(len(g.release.Specs))]
	}
	name := spec.Flags[g.IntN(len(spec.Flags))]
	if strings.HasPrefix(name, "--") && g.chance(15) {
		name = name[:len(name)-g.IntN(min(4, len(name)-3))]
	}
	if strings.HasPrefix(spec.Action, "store_") && g.chance(95) {
		return []string{name}
	}
	val := strings.Trim(g.literal(spec), `"`)
	if spec.ArgType != "" && g.chance(70) {
		val = g.one("3", "0", "022", "0x12", "18", "09", "x", "0o17", "-1", "1.5")
	}
	switch {
	case spec.NArgs == "?" && g.chance(40):
		return []string{name}
	case g.chance(30):
		return []string{name + "=" + val}
	case !strings.HasPrefix(name, "--") && g.chance(30):
		return []string{name + val}
	}
	return []string{name, val}
}
