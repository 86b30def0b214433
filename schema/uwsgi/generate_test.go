package uwsgi

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// generator makes configurations out of the pieces that uWSGI's reader looks at.
type generator struct {
	*rand.Rand
	files map[string]string
	depth int
}

func (g *generator) pick(s ...string) string { return s[g.IntN(len(s))] }

func (g *generator) chance(percent int) bool { return g.IntN(100) < percent }

// generate makes the i-th configuration of a seed.
func generate(seed, i uint64) *trial {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, i)), files: map[string]string{}}
	c := &trial{files: g.files}
	g.files["there"] = "text\n"
	g.files["list.txt"] = "one\ntwo %(base)\r\n\nlast"
	g.files["n.txt"] = g.pick("3\n", "7", "\n", "", "a b\n\n", "x\r\n", "%(base)\n", "4\x00 5")
	g.files["sub/a.txt"] = ""
	for range g.IntN(4) {
		c.env = append(c.env, [2]string{g.pick("STAGE", "PORT", "WHO", "UWSGI_WORKERS", "UWSGI_PROCNAME", "UWSGI_X_Y", "UWSGI_STRICT", "UWSGI_THREADS"), g.pick("prod", "8000", "4", "%(base)", "a b", "", "$(WHO)y", "true")})
	}
	c.env = dedupe(c.env)
	var argv []string
	for range 1 + g.IntN(3) {
		argv = append(argv, g.argument()...)
	}
	// The environment comes first in uWSGI's list, so these two work whatever the rest does.
	c.env = append([][2]string{{"UWSGI_SHOW_CONFIG", "true"}, {"UWSGI_HOOK_PRE_JAIL", "exit:0"}}, c.env...)
	c.argv = argv
	return c
}

func dedupe(env [][2]string) [][2]string {
	seen := map[string]bool{}
	var out [][2]string
	for _, kv := range env {
		// A variable that refers to itself makes uWSGI run until its memory ends.
		if !seen[kv[0]] && !(kv[0] == "WHO" && strings.Contains(kv[1], "WHO")) {
			seen[kv[0]] = true
			out = append(out, kv)
		}
	}
	return out
}

func (g *generator) argument() []string {
	switch g.IntN(12) {
	case 0:
		return []string{"--" + g.option() + "=" + g.value()}
	case 1:
		return []string{"--" + g.option(), g.value()}
	case 2:
		return []string{g.pick("-M", "-p", "-Mp", "-p4", "-MTp2", "-C", "-C666", "-l", "-Lm", "-", "--", "-S", "-s:0", "-i", "-t5", "-z"), g.value()}
	case 3:
		return []string{"--" + g.pick("master", "vacuum", "no-such", "mas", "proc", "process", "enable-t", "vac", "die", "die-on-term=1", "exit", "exit=0", "exit=4", "if-not-reload", "endif", "strict")}
	case 4:
		return []string{g.file()}
	case 5:
		return []string{"--set", g.word() + g.pick("=", "", "==") + g.value()}
	}
	name := g.file()
	switch {
	case strings.HasSuffix(name, ".json"):
		return []string{g.pick("--json", "-j", "--include", "--js"), name + g.pick("", "", "", ":uwsgi", ":other")}
	case strings.HasSuffix(name, ".yaml"):
		return []string{g.pick("--yaml", "-y", "--include", "--yml"), name + g.pick("", "", "", ":uwsgi", ":other")}
	case strings.HasSuffix(name, ".xml"):
		return []string{g.pick("--xml", "-x", "--include"), name + g.pick("", "", "", ":a", ":b")}
	}
	return []string{g.pick("--ini", "--ini", "--ini", "--include", "--inherit"), name + g.pick("", "", "", "", ":other", ":uwsgi", ":", ":none")}
}

func (g *generator) word() string {
	return g.pick("base", "name", "n", "mine", "my key", "Workers", "work_ers", "a.b", "x")
}

func (g *generator) option() string {
	return g.pick("workers", "processes", "threads", "master", "procname", "harakiri", "listen", "buffer-size", "chmod-socket",
		"static-map", "env", "uid", "socket", "http-socket", "chdir2", "max-requests", "lazy-apps", "vacuum", "log-format", "reload-on-rss",
		"cheaper", "stats", "limit-post", "umask", "route-run", "cron", "smart-attach-daemon", "collect-header", "disable-logging",
		"touch-reload", "pidfile2", "add-header", "static-expires", "log-route", "plugin-dir", "cap", "max-vars", "prio")
}

func (g *generator) value() string {
	if g.chance(35) {
		return g.reference()
	}
	return g.pick("1", "4", "true", "false", "no", "", "a b", "660", "0660", "-1", "3x", "/srv/app", "a=b", "127.0.0.1:0", "x ; y", "\"q\"", "é", "%%", "1 2 3 4 5 ls", "a:b", "last:", "99999999999", "+5", " 7", "log:x")
}

func (g *generator) reference() string {
	switch g.IntN(9) {
	case 0:
		return g.pick("", "x", "-") + "$(" + g.pick("STAGE", "PORT", "WHO", "NOPE", "", "A(B)", "HOME") + ")" + g.pick("", "y", "$(PORT)")
	case 1:
		return g.pick("", "x") + "@(" + g.pick("n.txt", "n.txt", "there", "list.txt", "nope") + ")" + g.pick("", "y")
	case 2:
		return "%(" + g.word() + " " + g.pick("+", "-", "*", "/", "++", "--", "") + " " + g.pick("1", "2", "0", "n", "base", "nope", "-3") + ")"
	case 3:
		return "%(" + g.pick("n", "3", "base") + g.pick(" + 1 * 2", " 4", " ++", " + n - 1", "  ", " / 0", " 2 + 2 --") + ")"
	case 4:
		return g.pick("%k", "%h", "%n", "%s", "%e", "%d", "%p", "%c", "%x", "%o", "%N", "%O", "%X", "%u", "%U", "%v", "%0", "%1", "%9", "%V", "%j", "%J", "%i", "%b", "%z", "% ", "%[", "%g", "%G", "%P", "%S", "%D", "%E", "%C")
	case 5:
		return g.pick("(", ")", "$", "%(", "$(", "@(", "%()", "$()", "%(a", "((", "$$(PORT)", "%%(base)", "%(%(base))", "$(PO$(WHO)RT)")
	}
	return g.pick("", "", "x", "-", "/") + "%(" + g.pick(g.word(), g.option(), "_", "nope") + ")" + g.pick("", "", "/y", "%(n)")
}

// file makes a configuration file and gives its name.
func (g *generator) file() string {
	name := g.pick("x", "y", "z.prod", "sub/w", "with space")
	g.depth++
	defer func() { g.depth-- }()
	switch g.IntN(10) {
	case 0, 1:
		name += ".yaml"
		g.files[name] = g.yaml()
	case 2, 3:
		name += ".json"
		g.files[name] = g.json()
	case 4:
		name += ".xml"
		g.files[name] = g.xml()
	default:
		name += ".ini"
		g.files[name] = g.ini()
	}
	return name
}

func (g *generator) ini() string {
	var b strings.Builder
	if g.chance(5) {
		b.WriteString("\ufeff")
	}
	if g.chance(92) {
		b.WriteString(g.pick("[uwsgi]\n", "[uwsgi]\n", "[uwsgi]\n", "[uwsgi]\r\n", "  [uwsgi] \n", "[other]\na = 1\n[uwsgi]\n", "[uwsgi] ; x\n", "[uwsgi\n", "[Uwsgi]\n", "[ uwsgi ]\n"))
	}
	for range g.IntN(9) {
		b.WriteString(g.iniLine())
		b.WriteString(g.pick("\n", "\n", "\n", "\n", "\r\n", "\n\n", "\n; c\n", "%\n", "\n[uwsgi]\n", "\n[other]\n"))
	}
	if g.chance(10) {
		b.WriteString(g.pick("last", "[", "[]", "x=%%", "\x00y=1\n", "z = 1"))
	}
	return b.String()
}

func (g *generator) iniLine() string {
	eq := g.pick(" = ", "=", "  =  ", "\t=\t", " =", "= ")
	switch g.IntN(14) {
	case 0, 1:
		return g.word() + eq + g.value()
	case 2:
		return g.pick("master", "vacuum", "x", "; c = d", "# c", "workers: 3", "threads", " ", "harakiri ; c", "=v", "end", "a\\")
	case 3:
		return g.pick("set", "set-placeholder", "set-ph") + eq + g.word() + g.pick("=", "=", "=", "") + g.value()
	case 4:
		return g.block()
	case 5:
		return g.block()
	case 6:
		if g.depth < 3 {
			name := g.file()
			if g.chance(60) && strings.HasSuffix(name, ".ini") {
				return g.pick("ini", "include", "inherit") + eq + name + g.pick("", "", "", ":other", ":")
			}
			return "include" + eq + name
		}
		return "ini" + eq + g.pick(":other", ":nope", "nope.ini")
	case 7:
		return g.pick("strict", "blacklist", "whitelist", "end-blacklist", "end-whitelist", "declare-option", "declare-option", "plugin", "need-plugin") + eq +
			g.pick("true", "workers base", "mine=procname=$1;env=$2", "x=socket=127.0.0.1:$1", "nosuch", "python3", "http", "mine=workers=$1", "base name n mine workers procname endif", "false")
	case 8:
		return g.pick("module", "http", "wsgi-file", "pythonpath", "logger", "req-logger", "log-master") + eq + g.pick("app:application", ":8000", "app.py", "file:x.log", "stdio", "syslog", "true")
	}
	return g.option() + eq + g.value()
}

func (g *generator) block() string {
	var b strings.Builder
	b.WriteString(g.pick("for = a b", "for =", "for = %(base) c", "for-times = 3", "for-times = x", "for-glob = *.txt", "for-glob = sub/*", "for-glob = s*", "for-glob = none*",
		"for-readline = list.txt", "for-readline = nope", "if-env = STAGE", "if-env = STAGE=prod", "if-not-env = STAGE", "ifenv = PORT", "if-not-env = STAGE=prod", "if-opt = workers", "if-opt = base=1",
		"if-not-opt = base", "if-not-opt = workers=4", "if-exists = there", "if-not-exists = there", "if-file = there", "if-dir = sub", "ifdir = sub", "if-not-file = sub", "if-reload = 1", "if-not-reload = 1",
		"if-plugin = python", "if-not-plugin = python", "if-hostname = nope", "if-not-hostname = nope", "if-hostname-match = .*", "if-directory = sub", "if-not-dir = x"))
	b.WriteString("\n")
	for range g.IntN(3) {
		b.WriteString(g.pick(g.option(), g.word(), g.word()))
		b.WriteString(" = " + g.pick("%(_)", "x%(_)y%(_)", g.value(), g.value()) + "\n")
	}
	if g.chance(8) {
		b.WriteString(g.iniLine() + "\n")
	}
	if g.chance(85) {
		b.WriteString(g.pick("endif =", "endfor =", "end =", "endif", "end-if = x", "end-for ="))
	}
	return b.String()
}

func (g *generator) json() string {
	if g.chance(4) {
		return g.pick("", "{", "[]", "3", `{"uwsgi": 3}`, `{"uwsgi": {}} x`, `{"other": {}}`, `{"uwsgi": {"a": 1,}}`, `{"uwsgi": {"a": 01}}`, "{\"uwsgi\": {\"a\": \"\t\"}}", `{"uwsgi": {"a": tru}}`, `{"uwsgi": {"a": "\x"}}`, "{\"uwsgi\": {\"a\": \"\xff\"}}")
	}
	var b strings.Builder
	b.WriteString(g.pick(`{"uwsgi": {`, "// c\n{ \"uwsgi\" : {\n", `{"x": [1, {"y": null}], "uwsgi": {`, `{"uwsgi": /* c */ {`))
	for i := range g.IntN(6) {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s: %s", g.jsonText(g.pick(g.option(), g.word())), g.jsonValue(2))
	}
	b.WriteString(g.pick("}}", "}}\n", "}, \"z\": {\"workers\": 9}}", "} // c\n}"))
	return b.String()
}

func (g *generator) jsonText(s string) string {
	s = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\t", `\t`).Replace(s)
	if g.chance(10) {
		s += g.pick(`\u0041`, `\/`, `\n`, `\u00e9`, `\ud83d\ude00`, `\ud83d`, `\u0000x`)
	}
	return `"` + s + `"`
}

func (g *generator) jsonValue(depth int) string {
	switch g.IntN(9) {
	case 0:
		return g.pick("true", "false", "null")
	case 1:
		return g.pick("0", "4", "-1", "1.5", "1e3", "12345678901234567890", "-0", "2E-2")
	case 2:
		if depth > 0 {
			var items []string
			for range g.IntN(4) {
				items = append(items, g.jsonValue(depth-1))
			}
			return "[" + strings.Join(items, ",") + "]"
		}
	case 3:
		if g.chance(30) {
			return `{"k": "v"}`
		}
	}
	return g.jsonText(g.value())
}

func (g *generator) yaml() string {
	var b strings.Builder
	b.WriteString(g.pick("", "", "", "---\n", "# c\n", "%YAML 1.1\n---\n", "other:\n  workers: 9\n", "x: 1\n", "\ufeff"))
	b.WriteString(g.pick("uwsgi:\n", "uwsgi:\n", "uwsgi:\n", "uwsgi: # c\n", "\"uwsgi\":\n", "uwsgi :\n", "other:\n", "uwsgi:\n\n"))
	in := g.pick("  ", "  ", "    ", " ")
	for range g.IntN(7) {
		key := g.pick(g.option(), g.option(), g.word(), `"quoted key"`)
		switch g.IntN(10) {
		case 0:
			b.WriteString(in + key + ":\n" + in + g.pick("  ", "") + "- a\n" + in + g.pick("  ", "") + "- " + g.yamlScalar() + "\n")
		case 1:
			b.WriteString(in + key + ": [" + g.pick("a, b", "1", "", "a, [b, c], d", "{x: y}, z", "\"q\", 'r'", "a,\n   b") + "]\n")
		case 2:
			b.WriteString(in + key + ": " + g.pick("|\n    a\n    b\n", ">\n    a\n    b\n\n    c\n", "|-\n    a\n", "|+\n    a\n\n", ">-\n    a\n     b\n    c\n", "|2\n    a\n"))
		case 3:
			b.WriteString(g.pick("# c\n", "\n", in+"# c\n", in+"? k\n"+in+": v\n", in+"{a: b}\n", in+"- x\n", in+key+": {a: b, c: d}\n", in+key+":\n"+in+"  inner: 1\n", in+key+": &a 3\n", in+key+": !!str 3\n", in+key+"\n", in+key+": *a\n", "...\n", in+key+": a: b\n", in+"\tx: 1\n", in+key+": @x\n", in+key+": 'it''s'\n"))
		default:
			b.WriteString(in + key + g.pick(": ", ":  ", ":\t", " : ") + g.yamlScalar() + g.pick("", "", "", " # c", " ", "#c") + "\n")
		}
	}
	b.WriteString(g.pick("", "", "", "tail: 1\n", "tail:\n  workers: 8\n", "  ", "...\n"))
	return b.String()
}

func (g *generator) yamlScalar() string {
	return g.pick("true", "4", "null", "~", "a b", `"q \n \x41 \u00e9"`, `'s ''t'''`, "127.0.0.1:0", "/srv/app", "a#b", "x, y", "-1", "1.5", "", "%k", "50%%", "%(base)", "$(PORT)", "@(n.txt)",
		"'%(base)/x'", "660", "a\n      b", "\"a\n      b\"", "[x]", "key=val", "http://x:80/", "? x", "- x", "é", "\"\\/\"", "'a\n\n      b'", "a:b")
}

func (g *generator) xml() string {
	var b strings.Builder
	b.WriteString(g.pick("", "", `<?xml version="1.0"?>`, "<!-- c -->", "<!DOCTYPE uwsgi>"))
	root := g.pick("", "", "", "c")
	if root != "" {
		b.WriteString("<c>" + g.pick("", "<x/>", `<uwsgi id="a"><n>9</n></uwsgi>`))
	}
	b.WriteString(g.pick("<uwsgi>", "<uwsgi>", `<uwsgi id="b">`, "<uwsgi\n>"))
	for range g.IntN(6) {
		key := g.pick("workers", "processes", "master", "procname", "base", "n", "chmod-socket", "static-map", "env", "lazy-apps", "listen")
		switch g.IntN(12) {
		case 0:
			b.WriteString("<" + key + "/>")
		case 1:
			b.WriteString(g.pick("text", "<!-- c -->", "<![CDATA[x = 1]]>", "<?pi x?>", "&amp;", "\n  "))
		case 2:
			b.WriteString(g.pick(`<app mountpoint="/x"><script>app</script></app>`, `<app mountpoint="/x">app:a</app>`, `<app/>`, `<app domain="d">y</app>`, "<app mountpoint=\"/z\">\n <module>m</module>\n</app>"))
		case 3:
			fmt.Fprintf(&b, `<%s id="%s">%s</%s>`, key, g.pick("a", "b"), g.pick("1", "2"), key)
		case 4:
			fmt.Fprintf(&b, "<%s>%s</%s>", key, g.pick("<!--c-->3", "3<!--c-->4", "<![CDATA[5]]>", "1<b/>", "&#65;", "", "<b/>", "a &lt; b", " 4 ", "\n4\n"), key)
		default:
			v := strings.NewReplacer("&", "&amp;", "<", "&lt;").Replace(g.value())
			fmt.Fprintf(&b, "<%s>%s</%s>", key, v, key)
		}
	}
	if g.chance(96) {
		b.WriteString("</uwsgi>")
	}
	if root != "" {
		b.WriteString("</c>")
	}
	b.WriteString(g.pick("", "\n", "", "<!-- end -->", "x"))
	return b.String()
}
