package supervisor

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"gsrv/schema"
	"gsrv/schema/ini"
)

// A getter reads the keys of one section. It reports each refusal once.
type getter struct {
	r      *reader
	s      *section
	names  names
	quiet  bool   // for the second and later processes of a program
	suffix string // what supervisord adds to its messages in a program's section
}

func (g *getter) refuse(k *key, code, message, advice string) {
	if g.quiet {
		return
	}
	at := g.s.at
	if k != nil {
		at = k.Range
	}
	g.r.refuse(at, code, message+g.suffix, advice)
}

// get expands a key; nil where the file does not give it or its expansion fails.
func (g *getter) get(name string) (*key, *mapped) {
	k := g.s.keys[name]
	if k == nil {
		return nil, nil
	}
	v, bad := expand(k.value, g.names, g.s.name+"."+name)
	if bad != nil {
		g.refuse(k, "bad-expansion", bad.message, "A percent sign that is meant is written %%; %(ENV_NAME)s needs the variable in supervisord's own environment.")
		return k, nil
	}
	return k, &v
}

func (g *getter) text(name, value string) Text {
	k, v := g.get(name)
	switch {
	case k == nil:
		return Text{Value: value}
	case v == nil:
		return Text{Value: k.Value, Set: true, Open: true, Range: k.Range}
	}
	return Text{Value: v.text, Set: true, Open: v.open, Range: k.Range}
}

// pythonInt reads what Python's int() takes.
var pythonInt = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[+-]?[0-9]+(_[0-9]+)*$`) })

func (g *getter) number(name string, value int64) Int {
	t := g.text(name, "")
	if !t.Set || t.Open {
		return Int{Value: value, Set: t.Set, Open: t.Open, Range: t.Range}
	}
	text := ini.Strip(t.Value)
	n, err := strconv.ParseInt(strings.ReplaceAll(text, "_", ""), 10, 64)
	if !pythonInt().MatchString(text) || err != nil {
		g.refuse(g.s.keys[name], "invalid-value", "invalid literal for int() with base 10: "+ini.PythonRepr(t.Value), "Give a whole number.")
		return Int{Value: value, Set: true, Range: t.Range}
	}
	return Int{Value: n, Set: true, Range: t.Range}
}

func (g *getter) boolean(name string, value bool) Bool {
	t := g.text(name, "")
	b := Bool{Value: value, Set: t.Set, Open: t.Open, Range: t.Range}
	if !t.Set || t.Open {
		return b
	}
	switch strings.ToLower(t.Value) {
	case "yes", "true", "on", "1":
		b.Value = true
	case "no", "false", "off", "0":
		b.Value = false
	default:
		g.refuse(g.s.keys[name], "invalid-value", "not a valid boolean value: "+ini.PythonRepr(t.Value), "Write true or false.")
	}
	return b
}

func (g *getter) octal(name, value string) Text {
	t := g.text(name, value)
	if t.Set && !t.Open {
		text := strings.TrimPrefix(strings.TrimPrefix(strings.ToLower(ini.Strip(t.Value)), "0o"), "+")
		if _, err := strconv.ParseUint(strings.ReplaceAll(text, "_", ""), 8, 32); err != nil {
			g.refuse(g.s.keys[name], "invalid-value", t.Value+" can not be converted to an octal type", "Give an octal number: 022.")
		}
	}
	return t
}

func (g *getter) size(name string) {
	t := g.text(name, "")
	if !t.Set || t.Open {
		return
	}
	text := strings.ToLower(t.Value)
	for _, unit := range []string{"kb", "mb", "gb"} {
		if rest, ok := strings.CutSuffix(text, unit); ok {
			text = rest
			break
		}
	}
	if !pythonInt().MatchString(ini.Strip(text)) {
		g.refuse(g.s.keys[name], "invalid-value", "invalid literal for int() with base 10: "+ini.PythonRepr(text), "Give a number of bytes, or a number with KB, MB or GB.")
	}
}

// signals are the names that Python knows on Linux.
var signals = strings.Fields("ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT RTMAX RTMIN SEGV STKFLT STOP SYS TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ _BLOCK _DFL _IGN _SETMASK _UNBLOCK")

var signalNumbers = map[int64]string{1: "HUP", 2: "INT", 3: "QUIT", 6: "ABRT", 9: "KILL", 10: "USR1", 12: "USR2", 14: "ALRM", 15: "TERM", 17: "CHLD", 18: "CONT", 19: "STOP", 28: "WINCH"}

func (g *getter) signal(name string) Text {
	t := g.text(name, "TERM")
	if !t.Set || t.Open {
		return t
	}
	text := strings.ToUpper(ini.Strip(t.Value))
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		if n < 0 || n > 64 || n == 32 || n == 33 || n > 34 && n < 64 {
			g.refuse(g.s.keys[name], "invalid-value", fmt.Sprintf("value %s is not a valid signal number", ini.PythonRepr(t.Value)), "Give a name: TERM, INT, QUIT, HUP.")
		}
		if known := signalNumbers[n]; known != "" {
			t.Value = known
		}
		return t
	}
	short := strings.TrimPrefix(text, "SIG")
	for _, s := range signals {
		if s == short {
			t.Value = short
			return t
		}
	}
	g.refuse(g.s.keys[name], "invalid-value", fmt.Sprintf("value %s is not a valid signal name", ini.PythonRepr(t.Value)), "Give a name: TERM, INT, QUIT, HUP.")
	return t
}

func (g *getter) restart() Text {
	t := g.text("autorestart", "unexpected")
	if t.Open {
		return t
	}
	switch strings.ToLower(t.Value) {
	case "yes", "true", "on", "1":
		t.Value = "true"
	case "no", "false", "off", "0":
		t.Value = "false"
	case "unexpected":
		t.Value = "unexpected"
	default:
		g.refuse(g.s.keys["autorestart"], "invalid-value", "invalid 'autorestart' value "+ini.PythonRepr(strings.ToLower(t.Value)), "Write true, false or unexpected.")
	}
	return t
}

// environment reads KEY="value" pairs; each value has its place.
func (g *getter) environment(name string) (out []Variable) {
	k := g.s.keys[name]
	if k == nil {
		return nil
	}
	v, bad := expand(k.value, g.names, "environment")
	if bad != nil {
		g.refuse(k, "bad-expansion", bad.message, "A percent sign that is meant is written %%; %(ENV_NAME)s needs the variable in supervisord's own environment.")
		return nil
	}
	list, message := pairs(v.text)
	if message != "" && !v.open {
		g.refuse(k, "invalid-value", message, "Write KEY=\"value\",KEY2=\"value\"; values with anything but letters, digits and _/.+-(): need the quotes.")
	}
	for _, p := range list {
		t := Text{Value: p.value.text, Set: true, Open: strings.Contains(p.value.text, "%(") && v.open, Range: k.Sub(v.at[p.value.start], v.at[p.value.end])}
		found := false
		for i := range out {
			if out[i].Name == p.name.text {
				out[i].Value, found = t, true
			}
		}
		if !found && len(out) < 5000 {
			out = append(out, Variable{p.name.text, t})
		}
	}
	return out
}

// command reads a command and parts it into words.
func (g *getter) command() (c Command, ok bool) {
	k, v := g.get("command")
	if k == nil {
		return c, false
	}
	c.Text = Text{Value: k.Value, Set: true, Open: v == nil, Range: k.Range}
	if v == nil {
		return c, true
	}
	c.Value, c.Open = v.text, v.open
	words, message := splitCommand(v.text)
	if message != "" && !v.open {
		g.refuse(k, "invalid-command", fmt.Sprintf("can't parse command %s: %s", ini.PythonRepr(v.text), message), "The program ends up FATAL. Close the quote, or write a backslash before one that is meant; supervisord starts no shell.")
	}
	for _, w := range words {
		c.Words = append(c.Words, schema.Word{Text: w.text, Range: k.Sub(v.at[w.start], v.at[w.end])})
	}
	return c, true
}

// logfile reads a log's name: "none" for NONE and OFF, "auto", "syslog", or a path.
func (g *getter) logfile(name string) Text {
	t := g.text(name, "auto")
	if t.Set && !t.Open {
		switch lower := strings.ToLower(t.Value); lower {
		case "none", "off":
			t.Value = "none"
		case "auto", "syslog":
			t.Value = lower
		}
	}
	return t
}
