package write

import (
	"strings"
	"unicode"

	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
)

// shellWriter writes expressions of the model as words of a POSIX shell.
type shellWriter struct {
	// notes are differences in words between an expression and what the shell makes of it.
	notes []string
	// dollars tells that the program itself replaces $NAME in its arguments, as mod_wsgi-express does.
	dollars bool
}

func (w *shellWriter) note(text string) {
	for _, n := range w.notes {
		if n == text {
			return
		}
	}
	w.notes = append(w.notes, text)
}

// word gives a text and an expression behind it as one word: --listen="0.0.0.0:$PORT".
func (w *shellWriter) word(prefix string, e schema.Expr) (string, error) {
	if text, ok := constWord(e); ok {
		quoted, err := w.literal(text)
		return prefix + quoted, err
	}
	text, err := w.inner(e, false)
	if err != nil {
		return "", err
	}
	return prefix + `"` + text + `"`, nil
}

// literal quotes a text that is the same on every host.
func (w *shellWriter) literal(text string) (string, error) {
	if strings.ContainsFunc(text, unicode.IsControl) {
		return "", cannotSay("it holds control characters")
	}
	if w.dollars && strings.Contains(text, "$") {
		return "", cannotSay("it holds a dollar sign, which mod_wsgi-express takes for a variable")
	}
	if text == "" {
		return "", nil
	}
	return schema.ShellQuote(text), nil
}

// operand is word for an argument of its own, which may be empty.
func (w *shellWriter) operand(e schema.Expr) (string, error) {
	text, err := w.word("", e)
	if text == "" && err == nil {
		text = "''"
	}
	return text, err
}

// constWord gives the text of an expression that is the same on every host.
func constWord(e schema.Expr) (string, bool) {
	v, ok := constant(e)
	if !ok || v.IsNull() {
		return "", false
	}
	return schema.TextOf(v)
}

// inner writes an expression as it stands between double quotes; inside tells that it stands in a ${…} as well.
func (w *shellWriter) inner(e schema.Expr, inside bool) (string, error) {
	if v, ok := constant(e); ok {
		text, ok := schema.PythonText(v)
		if v.IsNull() || !ok {
			return "", cannotSay("the value may be missing")
		}
		if _, err := w.literal(text); err != nil {
			return "", err
		}
		return escaped(text, inside), nil
	}
	switch e := e.(type) {
	case *schema.Env:
		return w.env(e)
	case *schema.HostFact:
		return w.fact(e.Fact)
	case *schema.Template:
		return w.parts(e.Parts, inside)
	case *schema.Cond:
		return w.choice(e)
	case *schema.Binary:
		if e.Op == "+" && (isText(e.L) || isText(e.R)) {
			return w.parts([]schema.Expr{e.L, e.R}, inside)
		}
		if env, ok := e.L.(*schema.Env); ok && e.Op == "or" && env.Default == nil {
			return w.env(&schema.Env{Name: env.Name, Default: e.R, EmptyIsUnset: true})
		}
		if e.Op == "or" {
			return w.choice(&schema.Cond{Test: e.L, Then: e.L, Else: e.R})
		}
	case *schema.Call:
		if text, done, err := w.call(e, inside); done {
			return text, err
		}
	case *schema.Opaque:
		return "", cannotSay("its value cannot be told without running the source: " + e.Reason)
	case *schema.FuncRef:
		return "", cannotSay("it is a Python function")
	case *schema.Unset:
		return "", cannotSay("it may not be set at all")
	}
	if isNumber(e) {
		text, err := w.number(e)
		if _, extreme := e.(*schema.Call); extreme && strings.HasPrefix(text, "(") && strings.HasSuffix(text, ")") && strings.Count(text, "?") == 1 {
			text = text[1 : len(text)-1]
		}
		return "$(( " + text + " ))", err
	}
	return "", cannotSay("it has no form in a shell")
}

func escaped(text string, inside bool) string {
	text = strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "`", "\\`").Replace(text)
	if inside {
		text = strings.ReplaceAll(text, "}", `\}`)
	}
	return text
}

func (w *shellWriter) parts(parts []schema.Expr, inside bool) (string, error) {
	var b strings.Builder
	for i, p := range parts {
		if schema.MayBeNull(p) {
			return "", cannotSay("a part of it may be missing")
		}
		text, err := w.inner(p, inside)
		if err != nil {
			return "", err
		}
		if strings.HasPrefix(text, "$") && shellName(text[1:]) && i < len(parts)-1 {
			text = "${" + text[1:] + "}"
		}
		b.WriteString(text)
	}
	return b.String(), nil
}

func nameRune(r rune) bool {
	return r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

// env writes $NAME or ${NAME:-DEFAULT}.
func (w *shellWriter) env(e *schema.Env) (string, error) {
	if !shellName(e.Name) {
		return "", cannotSay("a shell has no variable of the name " + e.Name)
	}
	op := "-"
	if e.EmptyIsUnset {
		op = ":-"
	}
	switch {
	case e.Default != nil:
		if schema.MayBeNull(e.Default) {
			return "", cannotSay("the variable " + e.Name + " may be missing")
		}
		text, err := w.inner(e.Default, true)
		return "${" + e.Name + op + text + "}", err
	case e.Missing == schema.MissingError:
		return "${" + e.Name + strings.TrimSuffix(op, "-") + "?}", nil
	case e.Missing == schema.MissingLiteral:
		if w.dollars {
			return "", cannotSay("without the variable " + e.Name + " it holds a dollar sign")
		}
		return "${" + e.Name + op + `\$(` + e.Name + ")}", nil
	case e.Missing == schema.MissingEmpty:
		return "$" + e.Name, nil
	}
	return "", cannotSay("the variable " + e.Name + " may be missing")
}

func shellName(name string) bool {
	return name != "" && (name[0] < '0' || name[0] > '9') && strings.IndexFunc(name, func(r rune) bool { return !nameRune(r) }) < 0
}

// shellFacts are commands and variables that tell of the host. getconf counts the CPUs that are online, as Python's
// os.cpu_count() and uWSGI's %k do; nproc would count those that the process may use.
var shellFacts = map[schema.Fact]string{
	schema.CPUCount: "$(getconf _NPROCESSORS_ONLN)", schema.Hostname: "$(hostname)", schema.CurrentDir: "$PWD", schema.UserID: "$(id -u)", schema.GroupID: "$(id -g)",
	schema.UserName: "$(id -un)", schema.GroupName: "$(id -gn)", schema.HomeDir: "$HOME", schema.Platform: "linux", schema.ProcessID: "$$", schema.Now: "$(date +%s)",
	schema.TempDir: "${TMPDIR:-/tmp}",
}

func (w *shellWriter) fact(f schema.Fact) (string, error) {
	text, ok := shellFacts[f]
	if !ok {
		return "", cannotSay("a shell has no name for the host's " + string(f))
	}
	return text, nil
}

// call writes the functions that a shell has something for; done is false for those that are arithmetic or nothing.
func (w *shellWriter) call(e *schema.Call, inside bool) (text string, done bool, err error) {
	if len(e.Args) != 1 {
		return "", false, nil
	}
	x := e.Args[0]
	switch e.Func {
	case "str", "convert_text", "convert_none_false", "convert_list":
		if schema.MayBeNull(x) {
			return "", true, cannotSay("the value may be missing")
		}
		text, err = w.inner(x, inside)
		return text, true, err
	case "int", "convert_int":
		x = needed(x)
		if inner, ok := x.(*schema.Call); ok && (inner.Func == "int" || inner.Func == "convert_int") {
			return w.call(inner, inside)
		}
		if isNumber(x) {
			return "", false, nil
		}
		text, err = w.inner(x, inside)
		return text, true, err
	case "lower", "upper":
		if schema.MayBeNull(x) {
			return "", true, cannotSay("the value may be missing")
		}
		text, err = w.inner(x, false)
		from, to := "[:upper:]", "[:lower:]"
		if e.Func == "upper" {
			from, to = to, from
		}
		return `$(printf %s "` + text + `" | tr '` + from + "' '" + to + "')", true, err
	}
	return "", false, nil
}

// choice writes a value that a test decides.
func (w *shellWriter) choice(c *schema.Cond) (string, error) {
	if holdsUnset(c) || schema.MayBeNull(c) {
		return "", cannotSay("it may not be set at all")
	}
	test, err := w.test(c.Test)
	if err != nil {
		return "", err
	}
	then, err := w.echo(c.Then)
	if err != nil {
		return "", err
	}
	otherwise, err := w.echo(c.Else)
	if err != nil {
		return "", err
	}
	return "$(if " + test.text + "; then " + then + "; else " + otherwise + "; fi)", nil
}

// echo writes a command that prints a value.
func (w *shellWriter) echo(e schema.Expr) (string, error) {
	text, err := w.operand(e)
	if err != nil {
		return "", err
	}
	if plain, ok := constWord(e); ok && plain != "" && plain[0] != '-' && !strings.ContainsAny(plain, `\`) {
		return "echo " + text, nil
	}
	return "printf %s " + text, nil
}

// flag writes an option that a test switches on: an unquoted $(…) that prints it or nothing.
func (w *shellWriter) flag(e schema.Expr, on, off string) (string, error) {
	test, err := w.test(e)
	if err != nil {
		return "", err
	}
	text := "$(if " + test.text + "; then echo " + on
	if off != "" {
		text += "; else echo " + off
	}
	return text + "; fi)", nil
}

// whole writes a number for an option that takes a whole one; text that is a number stays text.
func (w *shellWriter) whole(prefix string, e schema.Expr) (string, error) {
	if v, ok := constant(e); ok {
		if v.IsNull() || v.Type() == cty.Number && !v.AsBigFloat().IsInt() {
			return "", cannotSay("it is no whole number")
		}
	} else if schema.MayBeNull(e) {
		return "", cannotSay("the value may be missing")
	}
	return w.word(prefix, needed(e))
}

// needed has the shell end without a variable that uWSGI would leave as it is written, which is no number.
func needed(e schema.Expr) schema.Expr {
	if call, ok := e.(*schema.Call); ok && (call.Func == "int" || call.Func == "convert_int") && len(call.Args) == 1 {
		return &schema.Call{Func: call.Func, Args: []schema.Expr{needed(call.Args[0])}, Src: call.Src}
	}
	if env, ok := e.(*schema.Env); ok && env.Default == nil && env.Missing == schema.MissingLiteral {
		return &schema.Env{Name: env.Name, EmptyIsUnset: env.EmptyIsUnset, Missing: schema.MissingError, Src: env.Src}
	}
	return e
}
