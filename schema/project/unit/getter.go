package unit

import (
	"regexp"
	"slices"
	"strings"
	"sync"
)

// A getter reads the keys of one section.
type getter struct {
	r       *reader
	section string
}

func (g getter) all(key string) []*Assignment { return g.r.unit.All(g.section, key) }

// each calls f for every assignment of a key, those that an empty one takes back included, so that what systemd
// complains of is found in all of them.
func (g getter) each(key string, f func(a *Assignment)) {
	for _, s := range g.r.unit.Sections {
		if s.Name != g.section {
			continue
		}
		for _, a := range s.Assignments {
			if a.Key == key {
				f(a)
			}
		}
	}
}

func (a *Assignment) text() Text {
	value, open := specifiers(a.Value)
	return Text{Value: value, Set: true, Open: open || templated(a.Value), Range: a.Range}
}

// placeholder is what an installation script replaces: @BINDIR@, INSTALL_DIR/bin.
var placeholder = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`@[A-Za-z_][A-Za-z0-9_]*@|(^|[ =:"'])[A-Z][A-Z0-9]*(_[A-Z0-9]+)+/`)
})

// templated tells that a value holds a template's marks.
func templated(s string) bool {
	return strings.Contains(s, "{{") || strings.Contains(s, "{%") || strings.Contains(s, "<%") || placeholder().MatchString(s)
}

// last gives the last value that check takes; what it does not take systemd ignores.
func (g getter) last(key, value string, check func(a *Assignment, t *Text) bool) Text {
	out := Text{Value: value}
	g.each(key, func(a *Assignment) {
		if a.Value == "" {
			out = Text{Value: value, Range: a.Range}
			return
		}
		t := a.text()
		if t.Open || check == nil || check(a, &t) {
			out = t
		}
	})
	return out
}

// strict is last for keys that an empty value does not reset.
func (g getter) strict(key, value string, check func(a *Assignment, t *Text) bool) Text {
	out := Text{Value: value}
	g.each(key, func(a *Assignment) {
		if t := a.text(); t.Open || check(a, &t) {
			out = t
		}
	})
	return out
}

func (g getter) text(key, value string) Text { return g.last(key, value, nil) }

func (g getter) enum(key, value string) Text {
	e := enums[g.section+"."+key]
	return g.strict(key, value, func(a *Assignment, t *Text) bool {
		if slices.Contains(e.words, t.Value) || slices.Contains(later, t.Value) {
			return true
		}
		g.r.warn(a.Range, a.line, e.message+a.Value, "invalid-value", "It may be: "+strings.Join(e.words, ", ")+".")
		return false
	})
}

func (g getter) signal(key, value string) Text {
	return g.strict(key, value, func(a *Assignment, t *Text) bool {
		name, ok := parseSignal(t.Value)
		if !ok {
			g.r.warn(a.Range, a.line, "Failed to parse signal name, ignoring: "+a.Value, "invalid-value", "Give a name such as SIGTERM, SIGINT or SIGQUIT.")
			return false
		}
		t.Value = name
		return true
	})
}

func (g getter) mode(key, value string) Text {
	return g.strict(key, value, func(a *Assignment, t *Text) bool {
		if !parseMode(t.Value) {
			g.r.warn(a.Range, a.line, "Failed to parse mode value, ignoring: "+a.Value, "invalid-value", "Give an octal number: 0660.")
			return false
		}
		return true
	})
}

func (g getter) boolean(key string, value bool) Bool {
	out := Bool{Value: value}
	g.each(key, func(a *Assignment) {
		t := a.text()
		v, ok := parseBool(t.Value)
		switch {
		case t.Open:
			out = Bool{Value: value, Set: true, Open: true, Range: a.Range}
		case ok:
			out = Bool{Value: v, Set: true, Range: a.Range}
		default:
			g.r.warn(a.Range, a.line, "Failed to parse boolean value, ignoring: "+a.Value, "invalid-value", "Write yes or no.")
		}
	})
	return out
}

// duration reads a time span; message is systemd's for one that it cannot read. zero tells that 0 stands for no limit.
func (g getter) duration(key, message string, d Duration, zero bool) Duration {
	out := d
	g.each(key, func(a *Assignment) {
		t := a.text()
		value, infinite, ok := ParseSpan(t.Value)
		switch {
		case t.Open:
			out = Duration{Value: d.Value, Set: true, Open: true, Range: a.Range}
		case ok:
			out = Duration{Value: value, Infinite: infinite || zero && value == 0, Set: true, Range: a.Range}
		default:
			g.r.warn(a.Range, a.line, message+a.Value, "invalid-value", "Give seconds, or numbers with units: 90, 5min, 1h 30min, infinity.")
		}
	})
	return out
}

// words reads a list of words over all assignments of a key.
func (g getter) words(key string) (out []Text) {
	for _, a := range g.all(key) {
		for i := 0; ; {
			w, next, _, ok, bad := nextWord(a.Value, i)
			if !ok || bad {
				break
			}
			i = next
			value, open := specifiers(w.text)
			out = append(out, Text{Value: value, Set: true, Open: open, Range: a.Sub(w.start, w.end)})
		}
	}
	return out
}
