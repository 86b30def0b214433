package native

import (
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"gsrv/schema"
)

// setting computes an attribute, fits it to its option's type and range, and reports what does not fit. A null
// leaves the setting alone; false then, and after an error.
func (r *reader) setting(o *schema.Option, x hclsyntax.Expression, nameRange hcl.Range) (schema.Setting, bool) {
	v, diags := r.ev.value(x, r.ev.ctx)
	r.diags = append(r.diags, diags...)
	if diags.HasErrors() || r.ev.exhausted {
		return schema.Setting{}, false
	}
	f := &fitting{option: o, expr: x, literal: isLiteral(x)}
	e := r.ev.translate(x, r.text.src)
	if v.IsKnown() && v.IsNull() && schema.IsConst(e) {
		return schema.Setting{}, false
	}
	value, model, problem := f.fit(v, e)
	if problem == nil && value.IsKnown() && value.IsNull() {
		value = defaultOf(o)
	}
	if problem == nil {
		problem = f.inRange(value)
	}
	if problem != nil {
		r.diags = append(r.diags, problem)
		return schema.Setting{}, false
	}
	model = withDefault(o, model)
	return schema.Setting{
		Name: o.Name, Native: o.Name, Option: o, Value: model, OnHost: value, Text: textOf(o, value),
		Layer: schema.LayerFile, Source: r.text.name, Range: x.Range(), NameRange: nameRange,
	}, true
}

// withDefault puts the option's default where an expression yields null, which leaves the setting alone.
func withDefault(o *schema.Option, e schema.Expr) schema.Expr {
	def := defaultOf(o)
	if def.IsNull() {
		return e
	}
	switch x := e.(type) {
	case *schema.Const:
		if x.Val.IsNull() {
			return &schema.Const{Val: def, Src: x.Src}
		}
	case *schema.Cond:
		if raw := rawText(o, e); raw != nil {
			if env, ok := raw.(*schema.Env); ok {
				n := *env
				n.Default = schema.String(textOf(o, def), env.Src)
				f := &fitting{option: o}
				return f.conversion(cty.String, &n)
			}
		}
		return &schema.Cond{Test: x.Test, Then: withDefault(o, x.Then), Else: withDefault(o, x.Else), Src: x.Src}
	case *schema.Env:
		if x.Default == nil && x.Missing == schema.MissingNull {
			n := *x
			n.Default = &schema.Const{Val: def, Src: x.Src}
			return &n
		}
	}
	return e
}

func isLiteral(x hclsyntax.Expression) bool {
	switch x := x.(type) {
	case *hclsyntax.LiteralValueExpr:
		return true
	case *hclsyntax.TemplateExpr:
		return x.IsStringLiteral()
	case *hclsyntax.UnaryOpExpr:
		return isLiteral(x.Val)
	}
	return false
}

// A fitting converts one value to one option's type.
type fitting struct {
	option  *schema.Option
	expr    hclsyntax.Expression
	literal bool
}

// examples show how a value of each type is written.
var examples = map[string]string{
	"string": `"text"`, "bool": "true or false", "int": "4", "duration": `"30s"`, "size": `"512MiB"`, "octal": `"0660"`,
	"list": `["a", "b"]`, "map": `{ NAME = "value" }`, "any": `{ name = "value" }`, "hook": `"hooks.py:post_fork"`,
}

// kinds name the types in messages.
var kinds = map[string]string{
	"string": "text", "bool": "a truth value", "int": "a whole number", "duration": "a time", "size": "a size", "octal": "a mode in octal digits",
	"list": "a list of texts", "map": "a map of texts", "any": "a map", "hook": "a Python function",
}

func (f *fitting) errorf(detail string, args ...any) *hcl.Diagnostic {
	return schema.Errorf("invalid-value", f.expr.Range(), "Value does not fit", "%s: %s", f.option.Name, fmt.Sprintf(detail, args...))
}

func (f *fitting) wrongType(v cty.Value) *hcl.Diagnostic {
	kind := f.option.Type
	d := f.errorf("needs %s such as %s, not %s.", kinds[kind], examples[kind], describe(v))
	if fix := f.suggest(v); fix != "" {
		d.Detail = strings.TrimSuffix(d.Detail, ".") + ". Write " + fix + "."
		schema.DetailOf(d).Suggest = fix
	}
	return d
}

// suggest turns a literal of the wrong type into what was likely meant.
func (f *fitting) suggest(v cty.Value) string {
	if !f.literal || v.IsNull() || !v.IsKnown() {
		return ""
	}
	text, ok := schema.TextOf(v)
	if !ok {
		return ""
	}
	number := v.Type() == cty.Number
	switch f.option.Type {
	case "string":
		return strconv.Quote(text)
	case "duration":
		if number {
			return `"` + text + `s"`
		}
	case "size":
		if t, ok := schema.FormatSize(v); number && ok {
			return `"` + t + `"`
		}
	case "octal":
		if number && octalText().MatchString(leadingZero(text)) {
			return `"` + leadingZero(text) + `"`
		}
	case "int":
		if _, err := strconv.Atoi(text); err == nil {
			return text
		}
	case "bool":
		switch strings.ToLower(text) {
		case "true", "yes", "on", "1":
			return "true"
		case "false", "no", "off", "0":
			return "false"
		}
	case "list":
		if v.Type() == cty.String {
			return "[" + strconv.Quote(text) + "]"
		}
	}
	return ""
}

// quantityWords are other spellings of the units.
var quantityWords = map[string][]struct{ word, unit string }{
	"duration": {
		{"milliseconds", "ms"},
		{"millis", "ms"},
		{"msec", "ms"},
		{"ms", "ms"},
		{"seconds", "s"},
		{"second", "s"},
		{"secs", "s"},
		{"sec", "s"},
		{"minutes", "m"},
		{"minute", "m"},
		{"mins", "m"},
		{"min", "m"},
		{"hours", "h"},
		{"hour", "h"},
		{"hrs", "h"},
		{"days", "d"},
		{"day", "d"},
		{"", "s"},
	},
	"size": {
		{"kib", "KiB"},
		{"mib", "MiB"},
		{"gib", "GiB"},
		{"tib", "TiB"},
		{"kb", "KB"},
		{"mb", "MB"},
		{"gb", "GB"},
		{"tb", "TB"},
		{"k", "KiB"},
		{"m", "MiB"},
		{"g", "GiB"},
		{"t", "TiB"},
		{"bytes", "B"},
		{"", "B"},
	},
}

// meantQuantity guesses the right spelling of a time or size: "5 minutes" is "5m", "50M" is "50MiB".
func meantQuantity(kind, text string, parse func(string) (cty.Value, error)) string {
	t := strings.ToLower(strings.Join(strings.Fields(shorten(text)), ""))
	for _, w := range quantityWords[kind] {
		if number, ok := strings.CutSuffix(t, w.word); ok && strings.Trim(number, "0123456789.") == "" {
			if _, err := parse(number + w.unit); err == nil {
				return strconv.Quote(number + w.unit)
			}
		}
	}
	return ""
}

// meantWord guesses which word of a list was meant: a near one, or the only one that begins so.
func meantWord(text string, words []string) string {
	if near := schema.Nearest(text, words); near != "" {
		return near
	}
	found := ""
	for _, w := range words {
		if text != "" && strings.HasPrefix(w, strings.ToLower(text)) {
			if found != "" {
				return ""
			}
			found = w
		}
	}
	return found
}

// lazily compiles a pattern when it is first needed: a program that reads no gsrv.hcl does not pay for it.
func lazily(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

var octalText = lazily(`^0[0-7]{3,4}$`)

func leadingZero(digits string) string {
	digits = strings.TrimLeft(digits, "0")
	for len(digits) < 3 {
		digits = "0" + digits
	}
	return "0" + digits
}

// describe names a value in a message, in HCL's words.
func describe(v cty.Value) string {
	switch t := v.Type(); {
	case !v.IsKnown():
		return t.FriendlyName()
	case v.IsNull():
		return "null"
	case t == cty.String:
		return "the text " + strconv.Quote(shorten(v.AsString()))
	case t == cty.Number:
		n, _ := schema.TextOf(v)
		return "the number " + shorten(n)
	case t == cty.Bool:
		return strconv.FormatBool(v.True())
	case t.IsObjectType() || t.IsMapType():
		return "a map"
	}
	return "a list"
}

func shorten(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:57]) + "…"
	}
	return s
}

// fit converts value and expression. Unknown values stay unknown and are not judged.
func (f *fitting) fit(v cty.Value, e schema.Expr) (cty.Value, schema.Expr, *hcl.Diagnostic) {
	if v.IsKnown() && v.IsNull() {
		return v, f.conversion(v.Type(), e), nil
	}
	kind := v.Type()
	model := f.conversion(kind, e)
	if kind == cty.DynamicPseudoType {
		return cty.DynamicVal, model, nil
	}
	wrong := func() (cty.Value, schema.Expr, *hcl.Diagnostic) { return cty.DynamicVal, nil, f.wrongType(v) }
	fromText := kind == cty.String && !f.literal
	switch f.option.Type {
	case "string":
		if kind != cty.String {
			return wrong()
		}
	case "hook":
		if kind != cty.String {
			return wrong()
		}
		return f.hook(v, model)
	case "bool":
		if kind != cty.Bool && !fromText {
			return wrong()
		}
		b, err := convert.Convert(v, cty.Bool)
		if err != nil {
			return wrong()
		}
		v = b
	case "int":
		if kind != cty.Number && !fromText {
			return wrong()
		}
		n, err := convert.Convert(v, cty.Number)
		if err != nil {
			return wrong()
		}
		if n.IsKnown() && !n.AsBigFloat().IsInt() {
			return cty.DynamicVal, nil, f.errorf("needs a whole number, not %s. floor() and ceil() round.", shorten(numberText(n)))
		}
		v = n
	case "duration", "size":
		if kind != cty.String {
			return wrong()
		}
		if !v.IsKnown() {
			return cty.UnknownVal(cty.Number), model, nil
		}
		parse := schema.ParseDuration
		if f.option.Type == "size" {
			parse = schema.ParseSize
		}
		n, err := parse(v.AsString())
		if err != nil {
			d := f.errorf("%s.", err)
			if fix := meantQuantity(f.option.Type, v.AsString(), parse); fix != "" && f.literal {
				d.Detail += " Write " + fix + "."
				schema.DetailOf(d).Suggest = fix
			}
			return cty.DynamicVal, nil, d
		}
		return n, model, nil
	case "octal":
		if kind != cty.String {
			return wrong()
		}
		if v.IsKnown() && !octalText().MatchString(v.AsString()) {
			if d := strings.TrimPrefix(v.AsString(), "0o"); octalText().MatchString("0" + leadingZero(d)[1:]) {
				return cty.DynamicVal, nil, f.errorf("needs four or five octal digits, the first a 0: write %q, not %q.", leadingZero(d), v.AsString())
			}
			return wrong()
		}
	case "list":
		return f.list(v, model)
	case "map":
		return f.mapping(v, model)
	case "any":
		if !kind.IsObjectType() && !kind.IsMapType() {
			return wrong()
		}
	}
	if !v.IsKnown() {
		v = cty.UnknownVal(v.Type())
	}
	return v, model, nil
}

func numberText(v cty.Value) string {
	if v.AsBigFloat().Sign() == 0 {
		return "0" // big.Float has a negative zero too
	}
	if n, exact := v.AsBigFloat().Int64(); exact == big.Exact {
		return strconv.FormatInt(n, 10)
	}
	return v.AsBigFloat().Text('f', -1)
}

// conversion writes out what fit does to a value as a part of the expression.
func (f *fitting) conversion(kind cty.Type, e schema.Expr) schema.Expr {
	switch f.option.Type {
	case "int":
		if kind == cty.String {
			return eachBranch(e, func(e schema.Expr) schema.Expr {
				return &schema.Call{Func: "int", Args: []schema.Expr{e}, Src: e.Range()}
			})
		}
	case "bool":
		return eachBranch(e, func(e schema.Expr) schema.Expr { return convertTo(e, kind, cty.Bool) })
	case "duration", "size":
		return eachBranch(e, func(e schema.Expr) schema.Expr { return quantity(f.option.Type, e) })
	case "hook":
		return eachBranch(e, hookExpr)
	case "map":
		if m, ok := e.(*schema.Map); ok && (kind.IsObjectType() || kind.IsMapType()) {
			out := &schema.Map{Keys: m.Keys, Src: m.Src}
			for i, k := range m.Keys {
				t := cty.DynamicPseudoType
				if kind.IsObjectType() && kind.HasAttribute(k) {
					t = kind.AttributeType(k)
				}
				out.Values = append(out.Values, convertTo(m.Values[i], t, cty.String))
			}
			return out
		}
	}
	return e
}

// eachBranch applies f to the values an expression may turn out to be; null stays null.
func eachBranch(e schema.Expr, f func(schema.Expr) schema.Expr) schema.Expr {
	switch x := e.(type) {
	case *schema.Cond:
		return &schema.Cond{Test: x.Test, Then: eachBranch(x.Then, f), Else: eachBranch(x.Else, f), Src: x.Src}
	case *schema.Const:
		if x.Val.IsNull() {
			return e
		}
	}
	converted := f(e)
	if converted != e && schema.MayBeNull(e) {
		test := &schema.Binary{Op: "==", L: e, R: schema.None(e.Range()), Src: e.Range()}
		return &schema.Cond{Test: test, Then: schema.None(e.Range()), Else: converted, Src: e.Range()}
	}
	return converted
}

// quantity takes a time or size apart: "${x}s" is x itself.
func quantity(conversion string, e schema.Expr) schema.Expr {
	if t, ok := e.(*schema.Template); ok && len(t.Parts) == 2 {
		if unit, ok := t.Parts[1].(*schema.Const); ok && unit.Val.Type() == cty.String {
			if n, ok := numeric(t.Parts[0]); ok && unit.Val.AsString() == baseUnit[conversion] {
				return n
			}
		}
	}
	return schema.Convert(conversion, e)
}

// baseUnit is the model's unit of each kind of quantity.
var baseUnit = map[string]string{"duration": "s", "size": "B"}

// numeric tells whether an expression can only be a number, so that a template with it is that number's text.
func numeric(e schema.Expr) (schema.Expr, bool) {
	switch x := e.(type) {
	case *schema.HostFact:
		return e, factType(x.Fact) == cty.Number
	case *schema.Binary:
		switch x.Op {
		case "+", "-", "*", "/", "%", "//", "**":
			return e, true
		}
	case *schema.Unary:
		return e, x.Op == "-"
	case *schema.Const:
		return e, x.Val.Type() == cty.Number
	case *schema.Cond:
		_, a := numeric(x.Then)
		_, b := numeric(x.Else)
		return e, a && b
	case *schema.Call:
		return e, slices.Contains([]string{"int", "float", "floor", "ceil", "abs", "min", "max", "len", "round"}, x.Func)
	}
	return e, false
}

func (f *fitting) list(v cty.Value, e schema.Expr) (cty.Value, schema.Expr, *hcl.Diagnostic) {
	if !isSequence(v) {
		return cty.DynamicVal, nil, f.wrongType(v)
	}
	if !v.IsKnown() {
		return cty.DynamicVal, e, nil
	}
	var items []cty.Value
	for it := v.ElementIterator(); it.Next(); {
		_, item := it.Element()
		if item.IsKnown() && item.IsNull() || item.Type() != cty.String && item.Type() != cty.DynamicPseudoType {
			return cty.DynamicVal, nil, f.errorf("needs a list of texts such as %s, and one of its elements is %s.", examples["list"], describe(item))
		}
		items = append(items, item)
	}
	if items == nil {
		return cty.EmptyTupleVal, e, nil
	}
	return cty.TupleVal(items), e, nil
}

func (f *fitting) mapping(v cty.Value, e schema.Expr) (cty.Value, schema.Expr, *hcl.Diagnostic) {
	if t := v.Type(); !t.IsObjectType() && !t.IsMapType() {
		return cty.DynamicVal, nil, f.wrongType(v)
	}
	if !v.IsKnown() {
		return cty.DynamicVal, e, nil
	}
	out := map[string]cty.Value{}
	for k, item := range v.AsValueMap() {
		text, err := convert.Convert(item, cty.String)
		if err != nil || item.IsKnown() && item.IsNull() {
			return cty.DynamicVal, nil, f.errorf("needs a map of texts such as %s, and %s is %s.", examples["map"], k, describe(item))
		}
		out[k] = text
	}
	return cty.ObjectVal(out), e, nil
}

var hookText = lazily(`^(?:[^:]+\.py|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$`)

// hook takes FILE.py:FUNCTION or MODULE:FUNCTION.
func (f *fitting) hook(v cty.Value, e schema.Expr) (cty.Value, schema.Expr, *hcl.Diagnostic) {
	if !v.IsKnown() {
		return v, e, nil
	}
	if !hookText().MatchString(v.AsString()) {
		return cty.DynamicVal, nil, f.errorf(`needs a Python function as "hooks.py:NAME" or "package.module:NAME", not %q.`, shorten(v.AsString()))
	}
	return cty.StringVal(functionName(v.AsString())), e, nil
}

// functionName is the name a FuncRef has for a hook's text: a file's functions go by their own, a module's by path.
func functionName(text string) string {
	if file, name, ok := strings.Cut(text, ":"); ok && strings.HasSuffix(file, ".py") {
		return name
	}
	return text
}

func hookExpr(e schema.Expr) schema.Expr {
	c, ok := e.(*schema.Const)
	if !ok || c.Val.Type() != cty.String || !c.Val.IsKnown() || !hookText().MatchString(c.Val.AsString()) {
		return e
	}
	text := c.Val.AsString()
	if file, name, _ := strings.Cut(text, ":"); strings.HasSuffix(file, ".py") {
		return &schema.FuncRef{Name: name, Kind: "function", Def: hcl.Range{Filename: file}, Src: c.Src}
	}
	return &schema.FuncRef{Name: text, Kind: "path", Src: c.Src}
}

// inRange checks bounds and words on the host's value.
func (f *fitting) inRange(v cty.Value) *hcl.Diagnostic {
	o := f.option
	if !v.IsKnown() || v.IsNull() {
		return nil
	}
	here := ""
	if !f.literal {
		here = " on this host"
	}
	if v.Type() == cty.Number {
		n := v.AsBigFloat()
		low := o.Min != nil && n.Cmp(big.NewFloat(*o.Min)) < 0
		high := o.Max != nil && n.Cmp(big.NewFloat(*o.Max)) > 0
		if low || high {
			return schema.Errorf("out-of-range", f.expr.Range(), "Value out of range", "%s is %s%s; it must be %s.", o.Name, shorten(textOf(o, v)), here, rangeText(o))
		}
	}
	if v.Type() == cty.String && !o.Fits(v.AsString()) {
		return schema.Errorf("invalid-value", f.expr.Range(), "Value does not fit", "%s is %q%s; it must be %s.", o.Name, shorten(v.AsString()), here, o.Form)
	}
	if len(o.Enum) > 0 && v.Type() == cty.String && !slices.Contains(o.Enum, v.AsString()) {
		near := meantWord(v.AsString(), o.Enum)
		d := schema.Errorf("invalid-value", f.expr.Range(), "Unknown word", "%s is %q%s; it must be one of %s.%s", o.Name, shorten(v.AsString()), here, strings.Join(o.Enum, ", "), suggestion(near))
		if near != "" {
			schema.DetailOf(d).Suggest = strconv.Quote(near)
		}
		return d
	}
	return nil
}

// rangeText says in words what numbers an option takes.
func rangeText(o *schema.Option) string {
	show := func(n float64) string { return textOf(o, cty.NumberFloatVal(n)) }
	switch {
	case o.Min != nil && o.Max != nil:
		return show(*o.Min) + " to " + show(*o.Max)
	case o.Min != nil:
		return show(*o.Min) + " or more"
	}
	return show(*o.Max) + " or less"
}
