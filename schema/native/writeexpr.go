package native

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
)

// An unsayable explains why HCL cannot say an expression with the same meaning.
type unsayable struct{ reason string }

func (u unsayable) Error() string { return u.reason }

func cannot(format string, args ...any) error { return unsayable{fmt.Sprintf(format, args...)} }

// maxWritten bounds the text of one expression, in bytes.
const maxWritten = 16 << 10

// hclText writes an expression in HCL with the same value on every host.
func hclText(e schema.Expr) (string, error) {
	w := &exprWriter{}
	t, err := w.expr(e)
	if err == nil && len(t) > maxWritten {
		return "", cannot("it is longer than %d KiB", maxWritten>>10)
	}
	return t, err
}

type exprWriter struct{ nodes int }

// valueText writes a value as HCL does.
func valueText(v cty.Value) (string, error) {
	if v == cty.NilVal || !v.IsWhollyKnown() {
		return "", cannot("its value is not known")
	}
	if err := sayable(v); err != nil {
		return "", err
	}
	if v.Type() == cty.Number && !v.IsNull() {
		return numberText(v), nil
	}
	if !v.IsNull() && isSequence(v) {
		var items []string
		for it := v.ElementIterator(); it.Next(); {
			_, item := it.Element()
			t, err := valueText(item)
			if err != nil {
				return "", err
			}
			items = append(items, t)
		}
		return "[" + strings.Join(items, ", ") + "]", nil
	}
	if !v.IsNull() && (v.Type().IsObjectType() || v.Type().IsMapType()) {
		m := v.AsValueMap()
		var items []string
		for _, k := range sortedKeys(m) {
			t, err := valueText(m[k])
			if err != nil {
				return "", err
			}
			items = append(items, keyText(k)+" = "+t)
		}
		return objectText(items), nil
	}
	return string(hclwrite.TokensForValue(v).Bytes()), nil
}

func objectText(items []string) string {
	if len(items) == 0 {
		return "{}"
	}
	return "{ " + strings.Join(items, ", ") + " }"
}

func keyText(k string) string {
	if hclsyntax.ValidIdentifier(k) && k != "for" && k != "null" && k != "true" && k != "false" {
		return k
	}
	return string(hclwrite.TokensForValue(cty.StringVal(k)).Bytes())
}

// sayable refuses text that no UTF-8 file can hold.
func sayable(v cty.Value) error {
	switch {
	case v.IsNull():
	case v.Type() == cty.String:
		if s := v.AsString(); !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
			return cannot("it holds bytes that are no UTF-8 text")
		}
	case v.Type() == cty.Number:
		if f := v.AsBigFloat(); f.IsInf() {
			return cannot("it is infinite")
		} else if exp := f.MantExp(nil); exp > maxExponent || exp < -maxExponent {
			return cannot("it has more than a thousand digits")
		}
	}
	return nil
}

func (w *exprWriter) expr(e schema.Expr) (string, error) {
	if w.nodes++; w.nodes > maxNodes {
		return "", cannot("it has more than %d parts", maxNodes)
	}
	switch e := e.(type) {
	case *schema.Const:
		return valueText(e.Val)
	case *schema.Unset:
		return "null", nil
	case *schema.Env:
		return w.env(e)
	case *schema.HostFact:
		if e.Fact == schema.CPUCount || e.Fact == schema.Hostname || e.Fact == schema.ConfigDir {
			return string(e.Fact) + "()", nil
		}
		return "", cannot("gsrv.hcl has no function for the host's %s", e.Fact)
	case *schema.Unary:
		return w.unary(e)
	case *schema.Binary:
		return w.binary(e)
	case *schema.Cond:
		return w.cond(e)
	case *schema.Call:
		return w.call(e)
	case *schema.Template:
		return w.template(e)
	case *schema.List:
		items, err := w.all(e.Items)
		return "[" + strings.Join(items, ", ") + "]", err
	case *schema.Map:
		values, err := w.all(e.Values)
		for i := range values {
			values[i] = keyText(e.Keys[i]) + " = " + values[i]
		}
		return objectText(values), err
	case *schema.FuncRef:
		return w.function(e)
	case *schema.Opaque:
		return "", cannot("not known: %s", e.Reason)
	}
	return "", cannot("it has no form in HCL")
}

func (w *exprWriter) all(exprs []schema.Expr) ([]string, error) {
	out := make([]string, len(exprs))
	for i, e := range exprs {
		t, err := w.expr(e)
		if err != nil {
			return nil, err
		}
		out[i] = t
	}
	return out, nil
}

// How tightly HCL's operators bind; anything else binds tightest.
const (
	bindCond = iota
	bindOr
	bindAnd
	bindEqual
	bindCompare
	bindSum
	bindProduct
	bindUnary
	bindTerm
)

var binding = map[hclsyntax.TokenType]int{
	hclsyntax.TokenQuestion: bindCond, hclsyntax.TokenOr: bindOr, hclsyntax.TokenAnd: bindAnd,
	hclsyntax.TokenEqualOp: bindEqual, hclsyntax.TokenNotEqual: bindEqual,
	hclsyntax.TokenLessThan: bindCompare, hclsyntax.TokenLessThanEq: bindCompare, hclsyntax.TokenGreaterThan: bindCompare, hclsyntax.TokenGreaterThanEq: bindCompare,
	hclsyntax.TokenPlus: bindSum, hclsyntax.TokenMinus: bindSum,
	hclsyntax.TokenStar: bindProduct, hclsyntax.TokenSlash: bindProduct, hclsyntax.TokenPercent: bindProduct,
	hclsyntax.TokenBang: bindUnary,
}

// bindingOf tells how tightly a written expression holds together: by its loosest operator outside brackets.
func bindingOf(text string) int {
	if !strings.ContainsAny(text, " -!") {
		return bindTerm
	}
	tokens, _ := hclsyntax.LexExpression([]byte(text), "", startPos)
	loosest, depth := bindTerm, 0
	operandNext := true
	for _, t := range tokens {
		switch t.Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenOQuote, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
			depth++
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenCQuote, hclsyntax.TokenTemplateSeqEnd:
			depth--
		}
		b, operator := binding[t.Type]
		if depth == 0 && operator {
			if operandNext {
				b = bindUnary
			}
			loosest = min(loosest, b)
		}
		operandNext = operator
	}
	return loosest
}

// operand writes an expression that stands beside an operator, in brackets where it binds less tightly than at least.
func (w *exprWriter) operand(e schema.Expr, least int) (string, error) {
	t, err := w.expr(e)
	if err != nil {
		return "", err
	}
	return bracketed(t, least)
}

func bracketed(t string, least int) (string, error) {
	if len(t) > maxWritten {
		return "", cannot("it is longer than %d KiB", maxWritten>>10)
	}
	if bindingOf(t) < least {
		return "(" + t + ")", nil
	}
	return t, nil
}

// loose writes an expression of which only the text matters, or the number that the text holds: env(), coalesce() and
// a conditional convert a number among texts themselves.
func (w *exprWriter) loose(e schema.Expr) (string, error) {
	switch x := e.(type) {
	case *schema.Call:
		if x.Func == "convert_text" && typeOf(x.Args[0]) == cty.Number && !schema.MayBeNull(x.Args[0]) {
			return w.expr(x.Args[0])
		}
	case *schema.Env:
		if x.Default != nil && typeOf(x.Default) != cty.String && typeOf(x) != cty.String {
			return w.looseEnv(x)
		}
	case *schema.Binary:
		if x.Op == "or" && typeOf(x.L) == cty.String && typeOf(x.R) != cty.String {
			l, err := w.expr(x.L)
			if err != nil {
				return "", err
			}
			r, err := w.loose(x.R)
			return "coalesce(" + l + ", " + r + ")", err
		}
	case *schema.Cond:
		if typeOf(x) == cty.DynamicPseudoType {
			return w.looseCond(x)
		}
	}
	if t := typeOf(e); t != cty.String && t != cty.Number {
		return "", cannot("it may be neither text nor a number")
	}
	return w.expr(e)
}

func (w *exprWriter) looseEnv(e *schema.Env) (string, error) {
	name, err := valueText(cty.StringVal(e.Name))
	if err != nil {
		return "", err
	}
	def, err := w.loose(e.Default)
	if e.EmptyIsUnset {
		return "coalesce(env(" + name + `, ""), ` + def + ")", err
	}
	return "env(" + name + ", " + def + ")", err
}

func (w *exprWriter) looseCond(e *schema.Cond) (string, error) {
	test, err := w.truth(e.Test, false)
	if err != nil {
		return "", err
	}
	yes, err := w.loose(e.Then)
	if err != nil {
		return "", err
	}
	no, err := w.loose(e.Else)
	return test + " ? " + yes + " : " + no, err
}

func (w *exprWriter) env(e *schema.Env) (string, error) {
	name, err := valueText(cty.StringVal(e.Name))
	if err != nil || e.Name == "" || strings.Contains(e.Name, "=") {
		return "", cannot("the variable's name is no name")
	}
	def := ""
	switch {
	case e.Default != nil:
		if t := typeOf(e.Default); t != cty.String && !isNull(e.Default) {
			return "", cannot("the default of %s is no text, the variable is", e.Name)
		}
		if isNull(e.Default) {
			def = "null"
		} else if def, err = w.loose(e.Default); err != nil {
			return "", err
		}
	case e.Missing == schema.MissingNull:
		def = "null"
	case e.Missing == schema.MissingEmpty:
		def = `""`
	case e.Missing == schema.MissingLiteral:
		if def, err = valueText(cty.StringVal("$(" + e.Name + ")")); err != nil {
			return "", err
		}
	}
	switch {
	case e.EmptyIsUnset && def == "":
		return "", cannot("an empty %s fails the start", e.Name)
	case e.EmptyIsUnset:
		return `coalesce(env(` + name + `, ""), ` + def + ")", nil
	case def == "":
		return "env(" + name + ")", nil
	}
	return "env(" + name + ", " + def + ")", nil
}

func (w *exprWriter) unary(e *schema.Unary) (string, error) {
	switch {
	case e.Op == "not":
		return w.truth(e.X, true)
	case typeOf(e.X) != cty.Number:
		return "", cannot("the operand of %s may be no number", e.Op)
	case e.Op == "+":
		return w.expr(e.X)
	case e.Op == "-":
		t, err := w.operand(e.X, bindUnary)
		return "-" + t, err
	}
	return "", cannot("HCL has no operator %s", e.Op)
}

// truth writes the truth value that Python gives an expression: false for null, zero and what is empty.
func (w *exprWriter) truth(e schema.Expr, negated bool) (string, error) {
	if c, ok := e.(*schema.Cond); ok && isNull(c.Else) && typeOf(c.Then) == cty.Number && !schema.MayBeNull(c.Then) {
		test, err := w.truth(c.Test, false)
		if err != nil {
			return "", err
		}
		then, err := w.truth(c.Then, negated)
		return fmt.Sprintf("(%s ? %s : %t)", test, then, negated), err
	}
	plain, err := w.expr(e)
	if err != nil {
		return "", err
	}
	t, err := bracketed(plain, bindCompare)
	if err != nil {
		return "", err
	}
	is := " != "
	if negated {
		is = " == "
	}
	nullable := schema.MayBeNull(e)
	switch kind := typeOf(e); {
	case kind == cty.Bool && !nullable && negated:
		t, err = bracketed(plain, bindUnary)
		return "!" + t, err
	case kind == cty.Bool && !nullable:
		return bracketed(plain, bindOr)
	case kind == cty.String && nullable:
		return `coalesce(` + plain + `, "")` + is + `""`, nil
	case kind == cty.String:
		return t + is + `""`, nil
	case kind == cty.Number && !nullable:
		return t + is + "0", nil
	case isList(kind) && !nullable:
		return "length(" + plain + ")" + is + "0", nil
	}
	return "", cannot("whether it counts as true depends on its type, which is not known")
}

func (w *exprWriter) binary(e *schema.Binary) (string, error) {
	switch e.Op {
	case "and", "or":
		return w.andOr(e)
	case "in", "not in":
		return w.contains(e)
	}
	level := map[string]int{
		"==": bindEqual, "!=": bindEqual, "<": bindCompare, "<=": bindCompare, ">": bindCompare, ">=": bindCompare,
		"-": bindSum, "*": bindProduct, "/": bindProduct, "//": bindProduct, "%": bindProduct,
	}[e.Op]
	lt, rt := typeOf(e.L), typeOf(e.R)
	if e.Op == "+" && lt == cty.Number {
		level = bindSum
	}
	right := level
	if level > 0 {
		right++
	}
	l, err := w.operand(e.L, level)
	if err != nil {
		return "", err
	}
	r, err := w.operand(e.R, right)
	if err != nil {
		return "", err
	}
	switch e.Op {
	case "==", "!=":
		if !lt.Equals(rt) && (lt == cty.Bool || rt == cty.Bool) || lt == cty.DynamicPseudoType && !isNull(e.L) || rt == cty.DynamicPseudoType && !isNull(e.R) {
			return "", cannot("the types on both sides of %s are not known to be the same", e.Op)
		}
		return l + " " + e.Op + " " + r, nil
	case "+":
		if lt == cty.String && rt == cty.String {
			return w.template(&schema.Template{Parts: []schema.Expr{e.L, e.R}})
		}
		if isList(lt) && isList(rt) {
			return "concat(" + l + ", " + r + ")", nil
		}
	}
	if lt != cty.Number || rt != cty.Number {
		return "", cannot("the operands of %s may be no numbers", e.Op)
	}
	switch e.Op {
	case "+", "-", "*", "/", "<", "<=", ">", ">=":
		return l + " " + e.Op + " " + r, nil
	case "//":
		return "floor(" + l + " / " + r + ")", nil
	case "%":
		if notNegative(e.L) && notNegative(e.R) {
			return l + " % " + r, nil
		}
		return l + " - " + r + " * floor(" + l + " / " + r + ")", nil
	case "**":
		return "pow(" + l + ", " + r + ")", nil
	}
	return "", cannot("HCL has no operator %s", e.Op)
}

// andOr writes Python's and and or, which yield an operand.
func (w *exprWriter) andOr(e *schema.Binary) (string, error) {
	lt, rt := typeOf(e.L), typeOf(e.R)
	if lt == cty.Bool && rt == cty.Bool && !schema.MayBeNull(e.L) && !schema.MayBeNull(e.R) {
		symbol, level := " || ", bindOr
		if e.Op == "and" {
			symbol, level = " && ", bindAnd
		}
		l, err := w.operand(e.L, level)
		if err != nil {
			return "", err
		}
		r, err := w.operand(e.R, level+1)
		return l + symbol + r, err
	}
	if lt == cty.String && (rt == cty.String || isNull(e.R)) && e.Op == "or" {
		args, err := w.all([]schema.Expr{e.L, e.R})
		return "coalesce(" + strings.Join(args, ", ") + ")", err
	}
	if !lt.Equals(rt) && !isNull(e.R) {
		return "", cannot("%s yields values of different types", e.Op)
	}
	test, err := w.truth(e.L, false)
	if err != nil {
		return "", err
	}
	sides, err := w.all([]schema.Expr{e.L, e.R})
	if err != nil {
		return "", err
	}
	if e.Op == "and" {
		slices.Reverse(sides)
	}
	return test + " ? " + sides[0] + " : " + sides[1], nil
}

func (w *exprWriter) contains(e *schema.Binary) (string, error) {
	args, err := w.all([]schema.Expr{e.R, e.L})
	if err != nil {
		return "", err
	}
	not := ""
	if e.Op == "not in" {
		not = "!"
	}
	lt, rt := typeOf(e.L), typeOf(e.R)
	switch {
	case schema.MayBeNull(e.L) || schema.MayBeNull(e.R):
	case lt == cty.String && rt == cty.String:
		return not + "strcontains(" + args[0] + ", " + args[1] + ")", nil
	case isList(rt) && (lt == cty.String || lt == cty.Number):
		return not + "contains(" + args[0] + ", " + args[1] + ")", nil
	case rt.IsObjectType() && lt == cty.String:
		return not + "contains(keys(" + args[0] + "), " + args[1] + ")", nil
	}
	return "", cannot("what %s compares is not known", e.Op)
}

func (w *exprWriter) cond(e *schema.Cond) (string, error) {
	test, err := w.truth(e.Test, false)
	if err != nil {
		return "", err
	}
	a, b := typeOf(e.Then), typeOf(e.Else)
	if !a.Equals(b) && !isNull(e.Then) && !isNull(e.Else) && !(isList(a) && isList(b)) {
		return "", cannot("its branches have different types, which HCL would convert")
	}
	sides, err := w.all([]schema.Expr{e.Then, e.Else})
	if err != nil {
		return "", err
	}
	return test + " ? " + sides[0] + " : " + sides[1], nil
}

// template writes text with "${…}" for what depends on the host.
func (w *exprWriter) template(e *schema.Template) (string, error) {
	var b strings.Builder
	b.WriteByte('"')
	interpolated := 0
	for _, p := range flatten(e.Parts) {
		if c, ok := p.(*schema.Const); ok && c.Val.IsKnown() && !c.Val.IsNull() {
			t, ok := schema.PythonText(c.Val)
			if !ok {
				return "", cannot("a part of it is no text")
			}
			quoted, err := valueText(cty.StringVal(t))
			if err != nil {
				return "", err
			}
			b.WriteString(quoted[1 : len(quoted)-1])
			continue
		}
		t, err := w.expr(p)
		if err != nil {
			return "", err
		}
		if kind := typeOf(p); kind != cty.String && kind != cty.Number || schema.MayBeNull(p) {
			return "", cannot("a part of it may be no text")
		}
		interpolated++
		if written := b.String(); strings.HasSuffix(written, "$") || strings.HasSuffix(written, "%") {
			// Before "${" these would read as an escape.
			plain := strings.TrimRight(written, "$%")
			b.Reset()
			b.WriteString(plain + `${"` + written[len(plain):] + `"}`)
		}
		b.WriteString("${" + t + "}")
	}
	b.WriteByte('"')
	t := b.String()
	if interpolated == 1 && strings.HasPrefix(t, `"${`) && strings.HasSuffix(t, `}"`) && callLikeWrap(t) {
		// A template of one part alone is that part, a number too; tostring keeps it text.
		return "tostring(" + t[3:len(t)-2] + ")", nil
	}
	return t, nil
}

func callLikeWrap(t string) bool {
	x, diags := hclsyntax.ParseExpression([]byte(t), "", startPos)
	_, wrap := x.(*hclsyntax.TemplateWrapExpr)
	return wrap && !diags.HasErrors()
}

// flatten takes texts that are joined in steps, a + b + c, as one; "$" and "{" in neighbouring parts come together.
func flatten(parts []schema.Expr) []schema.Expr {
	var out []schema.Expr
	var add func(schema.Expr)
	add = func(e schema.Expr) {
		switch e := e.(type) {
		case *schema.Template:
			for _, p := range e.Parts {
				add(p)
			}
			return
		case *schema.Binary:
			if e.Op == "+" && typeOf(e.L) == cty.String && typeOf(e.R) == cty.String {
				add(e.L)
				add(e.R)
				return
			}
		case *schema.Const:
			text, ok := schema.PythonText(e.Val)
			if last := len(out) - 1; ok && last >= 0 {
				if c, isConst := out[last].(*schema.Const); isConst {
					if before, ok := schema.PythonText(c.Val); ok {
						out[last] = schema.String(before+text, c.Src)
						return
					}
				}
			}
		}
		out = append(out, e)
	}
	for _, p := range parts {
		add(p)
	}
	return out
}

// function writes a reference to Python code as FILE.py:NAME or MODULE:NAME.
func (w *exprWriter) function(e *schema.FuncRef) (string, error) {
	name := e.Name
	switch {
	case e.Kind == "path":
	case e.Kind == "function" && e.Def.Filename != "":
		name = e.Def.Filename + ":" + e.Name
	default:
		return "", cannot("it is a %s, which has no name to refer to", e.Kind)
	}
	if module, f, ok := cutLast(name, "."); ok && e.Kind == "path" && !strings.Contains(name, ":") {
		name = module + ":" + f
	}
	if !hookText().MatchString(name) {
		return "", cannot("%q is no reference to a function", name)
	}
	return valueText(cty.StringVal(name))
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// scaled writes a number times a constant, computed where it can be.
func scaled(text string, e schema.Expr, factor int64) string {
	if c, ok := e.(*schema.Const); ok && c.Val.Type() == cty.Number {
		return numberText(cty.NumberVal(new(big.Float).Mul(c.Val.AsBigFloat(), new(big.Float).SetInt64(factor))))
	}
	return fmt.Sprintf("%s * %d", text, factor)
}
