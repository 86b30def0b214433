package write

import (
	"regexp"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
	"gsrv/schema/uwsgi"
)

// iniWriter writes expressions of the model as the values of a uwsgi.ini: constants with their signs escaped, variables
// as $(NAME), facts as % letters, arithmetic as %(a + b), and choices as if blocks. uWSGI's blocks do not nest, and what
// its options cannot repeat must not be said twice.
type iniWriter struct {
	// own are the placeholders that were defined so far, by the expression that they stand for; constants are those that
	// stand for a sign.
	own       map[string]string
	names     map[string]bool
	constants map[string]string
	// keys are the options that were written; a literal %(KEY) would be replaced by their value.
	keys map[string]bool
	// notes are differences of a value, remarks what differs only where the source would not start.
	notes, remarks []string
}

func newINIWriter() *iniWriter {
	return &iniWriter{own: map[string]string{}, names: map[string]bool{}, constants: map[string]string{}, keys: map[string]bool{}}
}

func (w *iniWriter) note(text string) {
	if !slices.Contains(w.notes, text) {
		w.notes = append(w.notes, text)
	}
}

func (w *iniWriter) remark(text string) {
	if !slices.Contains(w.remarks, text) {
		w.remarks = append(w.remarks, text)
	}
}

// iniFacts are the % letters of the host's facts.
var iniFacts = map[schema.Fact]string{
	schema.CPUCount: "%k", schema.Hostname: "%h", schema.CurrentDir: "%v", schema.UserID: "%u", schema.UserName: "%U", schema.GroupID: "%g",
	schema.GroupName: "%G", schema.Now: "%t", schema.ConfigDir: "%d", // which ends with a slash
}

// a block is what may stand around an option: the variable that %(_) stands for in it.
type block struct{ env string }

// assign gives the lines that set an option to an expression.
func (w *iniWriter) assign(option string, e schema.Expr) ([]string, error) {
	w.keys[option] = true
	if v, ok := constant(e); ok {
		e = &schema.Const{Val: v, Src: e.Range()}
	}
	switch x := e.(type) {
	case *schema.List:
		return w.each(option, x.Items)
	case *schema.Const:
		if v := x.Val; v.IsKnown() && !v.IsNull() && (v.Type().IsTupleType() || v.Type().IsListType()) {
			var items []schema.Expr
			for _, item := range v.AsValueSlice() {
				items = append(items, &schema.Const{Val: item, Src: x.Src})
			}
			return w.each(option, items)
		}
	}
	return w.one(option, e, false)
}

// each writes an option once for every item.
func (w *iniWriter) each(option string, items []schema.Expr) ([]string, error) {
	var lines []string
	for _, item := range items {
		l, err := w.one(option, item, true)
		if err != nil {
			return nil, err
		}
		lines = append(lines, l...)
	}
	return lines, nil
}

// one writes a single value of an option; adds tells that every value counts, so that none may be said in vain.
func (w *iniWriter) one(option string, e schema.Expr, adds bool) ([]string, error) {
	adds = adds || option == "chmod-socket" // a second one is read together with the first
	if c, ok := e.(*schema.Cond); ok {
		return w.choice(option, c, adds)
	}
	if isTest(e) {
		return w.choice(option, &schema.Cond{Test: e, Then: schema.Bool(true, e.Range()), Else: schema.Bool(false, e.Range()), Src: e.Range()}, adds)
	}
	env, several := choosing(e)
	switch {
	case env == nil:
		text, err := w.text(e, block{})
		if err == nil && immediate(option) && strings.Contains(text, "(") && !schema.IsConst(e) {
			err = cannotSay("uWSGI reads " + option + " before it replaces variables")
		}
		return iniLine(option, text), err
	case several && notEmpty(option) && mayBeEmpty(e):
		return nil, cannotSay("uWSGI exits for an empty " + option + ", which this may be")
	}
	// One variable with a default makes two lines, of which one counts; further variables are placeholders in them. The
	// first one has to be that one: where a value begins with a placeholder that is empty, uWSGI expands no other.
	set := &schema.Env{Name: env.Name, Missing: schema.MissingLiteral, Src: env.Src}
	var test schema.Expr = &schema.Binary{Op: "!=", L: &schema.Env{Name: env.Name, Src: env.Src}, R: schema.None(env.Src), Src: env.Src}
	if env.EmptyIsUnset {
		test = &schema.Env{Name: env.Name, Src: env.Src}
	}
	return w.choice(option, &schema.Cond{Test: test, Then: replaced(e, env, set), Else: replaced(e, env, env.Default), Src: e.Range()}, adds)
}

// isTest tells whether an expression is a comparison, whose value is true or false.
func isTest(e schema.Expr) bool {
	switch e := e.(type) {
	case *schema.Unary:
		return e.Op == "not" && !schema.IsConst(e)
	case *schema.Binary:
		switch e.Op {
		case "==", "!=", "<", "<=", ">", ">=", "in", "not in":
			return !schema.IsConst(e)
		}
	}
	return false
}

// iniLine is a line of an option; none for an empty value of those that uWSGI exits for.
func iniLine(option, text string) []string {
	if text == "" && notEmpty(option) {
		return nil
	}
	return []string{option + " = " + text}
}

// notEmpty tells whether uWSGI exits for an option without a value.
func notEmpty(option string) bool {
	return option == "pidfile" || option == "logto" || option == "daemonize" || strings.HasSuffix(option, "socket")
}

// mayBeEmpty tells whether a text may come to nothing on some host, because variables are all that it is made of.
func mayBeEmpty(e schema.Expr) bool {
	switch e := e.(type) {
	case *schema.Const:
		text, ok := schema.TextOf(e.Val)
		return ok && text == ""
	case *schema.Env:
		return !e.EmptyIsUnset || e.Default != nil && mayBeEmpty(e.Default)
	case *schema.Template:
		return !slices.ContainsFunc(e.Parts, func(p schema.Expr) bool { return !mayBeEmpty(p) })
	case *schema.Binary:
		return e.Op == "+" && mayBeEmpty(e.L) && mayBeEmpty(e.R)
	case *schema.Cond:
		return mayBeEmpty(e.Then) || mayBeEmpty(e.Else)
	}
	return false
}

// immediate tells whether uWSGI applies an option while it reads the file, before variables are replaced.
func immediate(option string) bool {
	o := uwsgi.Catalogue().Lookup(option)
	if o == nil {
		return false
	}
	info, ok := o.Extra.(*uwsgi.Info)
	return ok && info.Flags&uwsgi.Immediate != 0
}

// choosing finds the variable with a default of its own in an expression; several tells that there are more.
func choosing(e schema.Expr) (found *schema.Env, several bool) {
	schema.Walk(e, func(e schema.Expr) bool {
		env, ok := e.(*schema.Env)
		if !ok || env.Default == nil || isNullConst(env.Default) {
			return true
		}
		several = several || found != nil && schema.ExprText(found) != schema.ExprText(env)
		if found == nil {
			found = env
		}
		return true
	})
	return found, several
}

// replaced puts an expression in the place of another.
func replaced(e, old, with schema.Expr) schema.Expr {
	if e == old || schema.ExprText(e) == schema.ExprText(old) {
		return with
	}
	all := func(list []schema.Expr) []schema.Expr {
		out := make([]schema.Expr, len(list))
		for i, x := range list {
			out[i] = replaced(x, old, with)
		}
		return out
	}
	switch e := e.(type) {
	case *schema.Binary:
		return &schema.Binary{Op: e.Op, L: replaced(e.L, old, with), R: replaced(e.R, old, with), Src: e.Src}
	case *schema.Unary:
		return &schema.Unary{Op: e.Op, X: replaced(e.X, old, with), Src: e.Src}
	case *schema.Cond:
		return &schema.Cond{Test: replaced(e.Test, old, with), Then: replaced(e.Then, old, with), Else: replaced(e.Else, old, with), Src: e.Src}
	case *schema.Call:
		return &schema.Call{Func: e.Func, Args: all(e.Args), Src: e.Src}
	case *schema.Template:
		return &schema.Template{Parts: all(e.Parts), Src: e.Src}
	case *schema.Env:
		if e.Default != nil {
			n := *e
			n.Default = replaced(e.Default, old, with)
			return &n
		}
	}
	return e
}

// choice writes a choice that the host makes as blocks.
func (w *iniWriter) choice(option string, c *schema.Cond, adds bool) ([]string, error) {
	t, err := testOf(c.Test)
	if err != nil {
		return nil, err
	}
	if t.spelt {
		w.remark("uWSGI compares letter by letter, and the source does not: other spellings than these count as no.")
	}
	then := func(inside block) ([]string, error) { return w.plain(option, c.Then, inside) }
	if t.pair() {
		otherwise := func() ([]string, error) { return w.plain(option, c.Else, block{}) }
		if _, nested := c.Else.(*schema.Cond); nested || isChoosing(c.Else) && !adds {
			if adds {
				return nil, cannotSay("uWSGI's if blocks do not nest, and each value of " + option + " counts")
			}
			// The last value counts, so the weaker one stands first.
			lines, err := w.one(option, c.Else, adds)
			if err != nil {
				return nil, err
			}
			inner, err := then(block{t.steps[0].env})
			return append(lines, blockLines(t.steps[0].directive, inner)...), err
		}
		a, err := then(block{t.steps[0].env})
		if err != nil {
			return nil, err
		}
		b, err := otherwise()
		if err != nil {
			return nil, err
		}
		return append(blockLines(t.steps[0].directive, a), blockLines(t.steps[1].directive, b)...), nil
	}
	if adds {
		return w.chosen(option, c, t)
	}
	first := c.Else
	if t.initial {
		first = c.Then
	}
	lines, err := w.one(option, first, adds)
	if err != nil {
		return nil, err
	}
	for _, s := range t.steps {
		branch := c.Else
		if s.then {
			branch = c.Then
		}
		if _, unset := branch.(*schema.Unset); unset {
			return nil, cannotSay("uWSGI cannot take back an option that an earlier block has set")
		}
		inner, err := w.plain(option, branch, block{s.env})
		if err != nil {
			return nil, err
		}
		lines = append(lines, blockLines(s.directive, inner)...)
	}
	return lines, nil
}

// chosen writes a value of an option of which every one counts: a placeholder holds it, of which the first definition
// counts.
func (w *iniWriter) chosen(option string, c *schema.Cond, t test) ([]string, error) {
	if immediate(option) {
		return nil, cannotSay("uWSGI reads " + option + " before it replaces variables")
	}
	name := w.placeholder(option)
	var lines []string
	define := func(directive string, e schema.Expr, inside block) error {
		if _, unset := e.(*schema.Unset); unset {
			return cannotSay("uWSGI's if blocks cannot test this, where each value of " + option + " counts")
		}
		inner, err := w.plain(name, e, inside)
		if directive != "" {
			inner = blockLines(directive, inner)
		}
		lines = append(lines, inner...)
		return err
	}
	branch := func(then bool) schema.Expr {
		if then {
			return c.Then
		}
		return c.Else
	}
	for _, s := range slices.Backward(t.steps) {
		if err := define(s.directive, branch(s.then), block{s.env}); err != nil {
			return nil, err
		}
	}
	if err := define("", branch(t.initial), block{}); err != nil {
		return nil, err
	}
	return append(lines, option+" = %("+name+")"), nil
}

func isChoosing(e schema.Expr) bool {
	env, _ := choosing(e)
	return env != nil
}

// blockLines puts lines into a block; none for a branch that sets nothing.
func blockLines(directive string, lines []string) []string {
	if len(lines) == 0 {
		return nil
	}
	return append(append([]string{directive}, lines...), "end-if =")
}

// plain writes a value without blocks around it, as the inside of one.
func (w *iniWriter) plain(option string, e schema.Expr, inside block) ([]string, error) {
	if _, unset := e.(*schema.Unset); unset {
		return nil, nil
	}
	if _, nested := e.(*schema.Cond); nested {
		return nil, cannotSay("uWSGI's if blocks do not nest")
	}
	text, err := w.text(e, inside)
	if err == nil && immediate(option) && strings.Contains(strings.ReplaceAll(text, "%(_)", ""), "(") && !schema.IsConst(e) {
		err = cannotSay("uWSGI reads " + option + " before it replaces variables")
	}
	return iniLine(option, text), err
}

var variableName = regexp.MustCompile(`^[^()\n\r\x00=%$@ \t]+$`)

// text writes an expression as one value.
func (w *iniWriter) text(e schema.Expr, inside block) (string, error) {
	if v, ok := constant(e); ok {
		return w.literal(v)
	}
	switch x := e.(type) {
	case *schema.Const:
		return w.literal(x.Val)
	case *schema.Env:
		return w.env(x, inside)
	case *schema.HostFact:
		if t, ok := iniFacts[x.Fact]; ok {
			return t, nil
		}
		return "", cannotSay("uWSGI has no name for the host's " + string(x.Fact))
	case *schema.Template:
		var b strings.Builder
		parts := merged(x.Parts)
		for i, p := range parts {
			if fact, ok := p.(*schema.HostFact); ok && fact.Fact == schema.ConfigDir && i+1 < len(parts) {
				if rest, ok := constText(parts[i+1]); ok && strings.HasPrefix(rest, "/") {
					parts[i+1] = schema.String(rest[1:], parts[i+1].Range())
				}
			}
			t, err := w.text(p, inside)
			if err != nil {
				return "", err
			}
			b.WriteString(t)
		}
		return b.String(), untrimmed(b.String())
	case *schema.Binary:
		if x.Op == "+" && (isText(x.L) || isText(x.R)) {
			return w.text(&schema.Template{Parts: []schema.Expr{x.L, x.R}, Src: x.Src}, inside)
		}
		t, err := w.arithmetic(x, inside)
		return "%(" + t + ")", err
	case *schema.Call:
		return w.call(x, inside)
	case *schema.Opaque:
		return "", cannotSay("its value cannot be told without running the source: " + x.Reason)
	case *schema.Unset:
		return "", cannotSay("it may not be set at all")
	case *schema.FuncRef:
		return "", cannotSay("it is a Python function")
	}
	return "", cannotSay("uWSGI has no form for " + schema.PlainText(e))
}

// merged flattens nested templates and puts neighbouring texts together, so that signs are seen beside each other.
func merged(parts []schema.Expr) []schema.Expr {
	var out []schema.Expr
	for _, p := range parts {
		add := []schema.Expr{p}
		if t, ok := p.(*schema.Template); ok {
			add = merged(t.Parts)
		}
		if b, ok := p.(*schema.Binary); ok && b.Op == "+" && (isText(b.L) || isText(b.R)) {
			add = merged([]schema.Expr{b.L, b.R})
		}
		for _, p := range add {
			if c, ok := p.(*schema.Const); ok && c.Val.IsKnown() {
				if text, ok := schema.PythonText(c.Val); ok {
					if last := len(out) - 1; last >= 0 {
						if before, ok := constText(out[last]); ok {
							out[last] = schema.String(before+text, c.Src)
							continue
						}
					}
					out = append(out, schema.String(text, c.Src))
					continue
				}
			}
			out = append(out, p)
		}
	}
	return out
}

func (w *iniWriter) call(x *schema.Call, inside block) (string, error) {
	if len(x.Args) == 1 {
		switch x.Func {
		case "int", "float", "floor", "convert_int":
			// uWSGI reads numbers with C's atoi: leading digits, 0 without any.
			arg := x.Args[0]
			if b, ok := arg.(*schema.Binary); ok && b.Op == "/" && (x.Func == "int" || x.Func == "floor") {
				t, err := w.arithmetic(&schema.Binary{Op: "//", L: b.L, R: b.R, Src: b.Src}, inside)
				return "%(" + t + ")", err
			}
			if x.Func != "convert_int" && !isNumber(arg) {
				w.remark("uWSGI takes a variable that holds no number for 0, and does not stop.")
			}
			return w.text(arg, inside)
		case "str", "convert_text", "convert_list", "convert_octaltext":
			return w.text(x.Args[0], inside)
		}
	}
	if e, bound := bounded(x); e != nil {
		w.note("uWSGI has no " + x.Func + "(): the bound " + schema.PlainText(bound) + " is not kept")
		return w.text(e, inside)
	}
	return "", cannotSay("uWSGI has no form for " + schema.PlainText(x))
}

// bounded parts min(…) and max(…) of a number into what varies and the constant that bounds it; nil for others.
func bounded(x *schema.Call) (e, bound schema.Expr) {
	if x.Func != "min" && x.Func != "max" || len(x.Args) != 2 {
		return nil, nil
	}
	_, first := constant(x.Args[0])
	_, second := constant(x.Args[1])
	switch {
	case first && !second:
		return x.Args[1], x.Args[0]
	case second && !first:
		return x.Args[0], x.Args[1]
	}
	return nil, nil
}

// env writes a variable. One with a default becomes a placeholder of its own, of which the first definition counts.
func (w *iniWriter) env(x *schema.Env, inside block) (string, error) {
	if !variableName.MatchString(x.Name) {
		return "", cannotSay("uWSGI cannot name the variable " + x.Name)
	}
	if x.Default == nil || isNullConst(x.Default) {
		if inside.env == x.Name {
			return "%(_)", nil
		}
		if x.Missing != schema.MissingLiteral || x.EmptyIsUnset {
			w.note("uWSGI keeps the text $(" + x.Name + ") where the variable is not set")
		}
		return "$(" + x.Name + ")", nil
	}
	key := schema.ExprText(x)
	if name, ok := w.own[key]; ok && name != "" {
		return "%(" + name + ")", nil
	}
	fallback, err := w.text(x.Default, block{})
	if err != nil {
		return "", err
	}
	name := w.placeholder(x.Name)
	var lines []string
	if x.EmptyIsUnset {
		lines = blockLines("if-env = "+x.Name+"=", []string{name + " = " + fallback})
	}
	lines = append(lines, blockLines("if-env = "+x.Name, []string{name + " = %(_)"})...)
	lines = append(lines, blockLines("if-not-env = "+x.Name, []string{name + " = " + fallback})...)
	w.own[key] = name
	w.constants[name] = strings.Join(lines, "\n")
	return "%(" + name + ")", nil
}

// placeholder makes a name that is no option of uWSGI's.
func (w *iniWriter) placeholder(like string) string {
	name := "my-" + strings.ToLower(strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '-'
	}, like))
	for w.names[name] || w.keys[name] || uwsgi.Catalogue().Lookup(name) != nil {
		name += "-x"
	}
	w.names[name] = true
	return name
}

// sign gives the placeholder of a sign that would begin a reference.
func (w *iniWriter) sign(name, sign string) string {
	w.names[name] = true
	w.constants[name] = "set-placeholder = " + name + "=" + sign
	return "%(" + name + ")"
}

// definitions are the lines of the placeholders that a text uses, in the order of their names.
func (w *iniWriter) definitions(text string) []string {
	names := make([]string, 0, len(w.constants))
	for name := range w.constants {
		used := strings.Contains(text, name)
		for other, lines := range w.constants {
			used = used || other != name && strings.Contains(lines, "%("+name)
		}
		if used {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var lines []string
	for _, name := range names {
		lines = append(lines, strings.Split(w.constants[name], "\n")...)
	}
	return lines
}

// literal writes a constant.
func (w *iniWriter) literal(v cty.Value) (string, error) {
	if v == cty.NilVal || !v.IsWhollyKnown() {
		return "", cannotSay("its value is not known")
	}
	text, ok := schema.TextOf(v)
	if !ok {
		return "", cannotSay("uWSGI has no form for " + schema.ValueText(v))
	}
	if strings.ContainsAny(text, "\n\x00") {
		return "", cannotSay("a value of a uwsgi.ini is one line")
	}
	if err := untrimmed(text); err != nil {
		return "", err
	}
	for _, ref := range uwsgiReference.FindAllString(text, -1) {
		name := ref[2 : len(ref)-1]
		if strings.Contains(name, " ") || w.keys[name] || uwsgi.Catalogue().Lookup(name) != nil || strings.HasPrefix(name, "my-") || name == "dollar" || name == "at" || name == "_" {
			return "", cannotSay("uWSGI would replace " + ref + " by a value")
		}
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		reference := i+1 < len(text) && text[i+1] == '('
		switch c := text[i]; {
		case c == '%' && reference:
			b.WriteByte('%') // stays as it is, for no option has the name
		case c == '%':
			b.WriteString("%%")
		case c == '$' && reference:
			b.WriteString(w.sign("dollar", "$"))
		case c == '@' && reference:
			b.WriteString(w.sign("at", "@"))
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), nil
}

var uwsgiReference = regexp.MustCompile(`%\([^)]*\)`)

// untrimmed refuses blanks at the ends of a value, which uWSGI cuts off.
func untrimmed(text string) error {
	if strings.Trim(text, " \t\r") != text {
		return cannotSay("uWSGI cuts off blanks at the ends of a value")
	}
	return nil
}

// arithmetic writes a chain of operators, which uWSGI computes from left to right in whole numbers.
func (w *iniWriter) arithmetic(e schema.Expr, inside block) (string, error) {
	x, ok := e.(*schema.Binary)
	if !ok {
		return w.operand(e, inside)
	}
	op := map[string]string{"+": "+", "-": "-", "*": "*", "//": "/"}[x.Op]
	if op == "" {
		return "", cannotSay("uWSGI cannot compute " + schema.PlainText(e) + ": it has + - * / of whole numbers")
	}
	l, r := x.L, x.R
	if _, chain := unwrapped(r).(*schema.Binary); chain && (op == "+" || op == "*") {
		l, r = r, l
	}
	if _, chain := unwrapped(r).(*schema.Binary); chain {
		return "", cannotSay("uWSGI computes from left to right, without parentheses: " + schema.PlainText(e))
	}
	left, err := w.arithmetic(unwrapped(l), inside)
	if err != nil {
		return "", err
	}
	right, err := w.operand(r, inside)
	return left + " " + op + " " + right, err
}

// unwrapped takes int() off what uWSGI computes in whole numbers anyway.
func unwrapped(e schema.Expr) schema.Expr {
	if c, ok := e.(*schema.Call); ok && len(c.Args) == 1 && (c.Func == "int" || c.Func == "floor") {
		if b, ok := c.Args[0].(*schema.Binary); ok {
			if b.Op == "/" {
				return &schema.Binary{Op: "//", L: b.L, R: b.R, Src: b.Src}
			}
			return b
		}
	}
	return e
}

// operand writes a number, a fact or a variable inside of arithmetic.
func (w *iniWriter) operand(e schema.Expr, inside block) (string, error) {
	if v, ok := constant(e); ok {
		if v.IsNull() || v.Type() != cty.Number || !v.AsBigFloat().IsInt() || v.AsBigFloat().Sign() < 0 {
			return "", cannotSay("uWSGI computes with whole numbers that are not negative")
		}
		return w.literal(v)
	}
	t, err := w.text(e, inside)
	if err != nil {
		return "", err
	}
	if name, own := strings.CutPrefix(t, "%("); own && !strings.HasPrefix(t, "%(_") {
		return strings.TrimSuffix(name, ")"), nil // names stand alone in arithmetic
	}
	if strings.Contains(t, " ") {
		return "", cannotSay("uWSGI cannot compute " + schema.PlainText(e))
	}
	return t, nil
}
