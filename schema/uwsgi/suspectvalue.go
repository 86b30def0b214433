package uwsgi

import (
	"fmt"
	"slices"
	"strings"

	"gsrv/schema"
)

// suspectValue reports values that uWSGI reads in another way than they are written.
func (r *reader) suspectValue(a *applied) {
	e := a.entry
	if a.null || e.layer == schema.LayerDefault {
		return
	}
	s := a.val.s
	if !a.val.known() {
		// What the source spells out can still be judged.
		s = a.val.shown()
	}
	if r.suspectShell(a, s) {
		return
	}
	switch a.option.Type {
	case "bool", "bool-inverted":
		r.suspectBool(a, s)
	case "int", "rawint", "uint64", "uint16", "megabytes", "int-additive", "int-list":
		if a.val.known() && !(info(a.option).Flags&Immediate != 0 && reference(s) != "") {
			r.suspectNumber(a, s)
		}
	default:
		if isOneWord(a.option) {
			r.suspectWord(a, s)
		}
		if a.option.Name == "env" && !strings.Contains(s, "=") && a.val.known() {
			r.warn("env-without-value", r.valueRange(e), "Variable without a value", "env takes NAME=VALUE. Without the = uWSGI removes the variable %s from the environment. Use unenv for that, or write the value.", quote(s))
		}
	}
}

// suspectShell reports a shell's variables, which uWSGI does not know.
func (r *reader) suspectShell(a *applied, s string) bool {
	kind := a.option.Type
	judged := isOneWord(a.option) || kind == "bool" || kind == "bool-inverted" || isNumeric(kind)
	i := strings.IndexByte(s, '$')
	if !judged || i < 0 || i+1 >= len(s) {
		return false
	}
	next := s[i+1]
	if next != '{' && next != '_' && (next|0x20 < 'a' || next|0x20 > 'z') {
		return false
	}
	name := strings.TrimLeft(s[i+1:], "{")
	if j := strings.IndexFunc(name, func(c rune) bool {
		return c != '_' && (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9')
	}); j >= 0 {
		name = name[:j]
	}
	effect := "keeps the text as it stands"
	switch {
	case isNumeric(kind):
		effect = fmt.Sprintf("reads %d", cNumber(kind, s))
	case kind == "bool" || kind == "bool-inverted":
		effect = "takes the option as on, whatever the variable is"
	}
	d := r.warn("shell-variable", r.valueRange(a.entry), "Shell variable in the value", "uWSGI does not know %s and %s. It writes environment variables $(NAME), and has no default values: write $(%s), and set it always.", quote(s), effect, name)
	if strings.HasPrefix(s, "$") && (s == "$"+name || s == "${"+name+"}") {
		d.Suggest = "$(" + name + ")"
	}
	return true
}

func isNumeric(kind string) bool {
	return slices.Contains([]string{"int", "rawint", "uint64", "uint16", "megabytes", "int-additive", "int-list"}, kind)
}

// comment splits a value at what looks like a comment behind it: a blank, then ";" or "#".
func comment(s string) (before, after string, ok bool) {
	for i := 1; i < len(s); i++ {
		if (s[i] == ';' || s[i] == '#') && (s[i-1] == ' ' || s[i-1] == '\t') {
			return strings.TrimRight(s[:i], " \t"), s[i:], true
		}
	}
	return s, "", false
}

func unquoted(s string) (string, bool) {
	if len(s) >= 2 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0] {
		return s[1 : len(s)-1], true
	}
	return s, false
}

var falseWords = []string{"n", "none", "null", "nil", "disabled", "disable", "never", "f", "non", "nope", "0x0", "00", "-", "inactive", "deny", "without"}

func (r *reader) suspectBool(a *applied, s string) {
	at := r.valueRange(a.entry)
	name := a.option.Name
	if before, after, ok := comment(s); ok {
		if !isTrue(before, false) {
			r.warn("inline-comment", at, "Comment turns the option on", "There are no comments behind values: %s is the whole value, which is not one of uWSGI's words for no, so %s is on. Put the comment on a line of its own.", quote(s), name).Suggest = before
			return
		}
		r.note("inline-comment", at, "Comment in the value", "There are no comments behind values; %s is a part of it. It does no harm here, as anything but false, off, no and 0 means on.", quote(after))
		return
	}
	word := s
	if inner, ok := unquoted(s); ok {
		if !isTrue(inner, false) {
			r.warn("quoted-value", at, "Quotes turn the option on", "uWSGI keeps quotes: %s is not its word for no, so %s is on. Remove the quotes.", s, name).Suggest = inner
			return
		}
		word = inner
	}
	if slices.Contains(falseWords, strings.ToLower(word)) {
		r.warn("bool-word", at, "Not a word for no", "uWSGI reads false, off, no and 0 as no and everything else as yes: %s = %s turns %s on. Write false.", name, s, name).Suggest = "false"
	}
}

func (r *reader) suspectNumber(a *applied, s string) {
	at := r.valueRange(a.entry)
	kind, name := a.option.Type, a.option.Name
	n := cNumber(kind, s)
	digits := strings.TrimLeft(strings.TrimLeft(s, " \t"), "+-")
	if digits != "" && allDigits(digits) {
		r.suspectRange(a, s, n)
		return
	}
	if before, after, ok := comment(s); ok {
		if d := strings.TrimLeft(before, "+-"); d != "" && allDigits(d) {
			r.note("inline-comment", at, "Comment in the value", "There are no comments behind values; %s is a part of it. uWSGI reads the number at its beginning, %d.", quote(after), n)
			return
		}
	}
	if inner, ok := unquoted(s); ok && inner != "" && allDigits(inner) {
		r.warn("quoted-value", at, "Quoted number", "uWSGI keeps quotes and reads %s as %d. Remove the quotes.", s, n).Suggest = inner
		return
	}
	if s == "" {
		if a.entry.raw.s == "" {
			r.warn("not-a-number", at, "Number missing", "%s takes a number, and uWSGI reads the empty value as 0. Write the number, or remove the line.", name)
		} else {
			r.warn("not-a-number", at, "Number missing", "%s takes a number; %s is empty here, and uWSGI reads it as 0.", name, quote(a.entry.raw.s))
		}
		return
	}
	lead := len(digits) - len(strings.TrimLeft(digits, "0123456789"))
	if lead == 0 {
		if strings.Contains(s, "$(") {
			// The unset variable is reported already.
			return
		}
		r.warn("not-a-number", at, "Not a number", "%s takes a number, and uWSGI reads %s as 0.", name, quote(s))
		return
	}
	unit := ""
	switch a.option.Unit {
	case "seconds", "milliseconds", "bytes", "megabytes", "kilobytes":
		unit = " " + a.option.Unit
	}
	r.warn("number-suffix", at, "Text after a number", "uWSGI reads the digits only: %s = %s is %d%s. It knows no units and no fractions. Write the plain number.", name, quote(s), n, unit)
}

// suspectRange reports numbers that do not fit.
func (r *reader) suspectRange(a *applied, s string, n int64) {
	at := r.valueRange(a.entry)
	name := a.option.Name
	full := cLong(s)
	switch a.option.Type {
	case "uint16":
		if full == 65536 {
			r.note("number-range", at, "Number too large", "%s holds at most 65535, and uWSGI takes that.", name)
		} else if full > 65535 || full < 0 {
			r.warn("number-range", at, "Number too large", "%s holds at most 65535: uWSGI takes that instead of %s.", name, quote(s)).Suggest = "65535"
		}
	case "uint64", "megabytes":
		if full < 0 {
			r.warn("number-range", at, "Negative number", "%s has no sign: uWSGI reads %s as a number of twenty digits.", name, quote(s))
		}
	default:
		if full != n {
			r.warn("number-range", at, "Number too large", "%s is a C int, so %s becomes %d.", name, quote(s), n)
		}
	}
}

func (r *reader) suspectWord(a *applied, s string) {
	at := r.valueRange(a.entry)
	name := a.option.Name
	if before, _, ok := comment(s); ok {
		r.warn("inline-comment", at, "Comment in the value", "There are no comments behind values: %s takes all of %s. Put the comment on a line of its own.", name, quote(s)).Suggest = before
		return
	}
	if inner, ok := unquoted(s); ok && inner != "" {
		r.warn("quoted-value", at, "Quotes in the value", "uWSGI keeps quotes: %s is %s with them. Remove them.", name, s).Suggest = inner
		return
	}
	if a.option.Type == "socket-list" && s != "" && allDigits(s) {
		r.warn("port-without-colon", at, "Port without a colon", "An address without a colon is a unix socket: uWSGI makes a file called %s in the directory it is started in. Write :%s, or 127.0.0.1:%s.", s, s, s).Suggest = ":" + s
	}
	if strings.HasPrefix(s, "~") && a.option.Type != "socket-list" {
		r.warn("tilde", at, "Tilde is not expanded", "uWSGI has no ~ for a home directory: %s is the path %s, relative to the directory it is started in. Write the whole path, or $(HOME).", name, quote(s))
	}
}
