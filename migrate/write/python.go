package write

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
)

// pythonWriter writes expressions of the model as Python, and gathers the modules that they need.
type pythonWriter struct {
	imports map[string]bool
	// remarks tell what differs only where the source would not start, or would not do what it is meant to.
	remarks []string
}

func (w *pythonWriter) need(module string) {
	if w.imports == nil {
		w.imports = map[string]bool{}
	}
	w.imports[module] = true
}

func (w *pythonWriter) remark(text string) {
	if !slices.Contains(w.remarks, text) {
		w.remarks = append(w.remarks, text)
	}
}

// Python's binding strengths, weakest first.
const (
	pyLowest = iota
	pyCond
	pyOr
	pyAnd
	pyNot
	pyCompare
	pyBitOr
	pyBitXor
	pyBitAnd
	pyShift
	pyAdd
	pyMul
	pyUnary
	pyPower
	pyAtom
)

var pyBinary = map[string]int{
	"or": pyOr, "and": pyAnd, "==": pyCompare, "!=": pyCompare, "<": pyCompare, "<=": pyCompare, ">": pyCompare, ">=": pyCompare,
	"in": pyCompare, "not in": pyCompare, "|": pyBitOr, "^": pyBitXor, "&": pyBitAnd, "<<": pyShift, ">>": pyShift, "+": pyAdd, "-": pyAdd,
	"*": pyMul, "/": pyMul, "//": pyMul, "%": pyMul, "**": pyPower,
}

// cannotSay is the reason why a target has no form for an expression.
type cannotSay string

func (e cannotSay) Error() string { return string(e) }

// expr gives an expression as Python source that binds at least as tightly as outer.
func (w *pythonWriter) expr(e schema.Expr, outer int) (string, error) {
	text, prec, err := w.node(e)
	if err != nil {
		return "", err
	}
	if prec < outer {
		text = "(" + text + ")"
	}
	return text, nil
}

func (w *pythonWriter) node(e schema.Expr) (text string, prec int, err error) {
	switch e := e.(type) {
	case *schema.Const:
		t, err := pythonValue(e.Val)
		if strings.HasPrefix(t, "-") {
			return t, pyUnary, err
		}
		return t, pyAtom, err
	case *schema.Env:
		return w.env(e)
	case *schema.HostFact:
		return w.fact(e.Fact)
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
		t, err := w.exprs(e.Items)
		return "[" + t + "]", pyAtom, err
	case *schema.Map:
		parts := make([]string, len(e.Keys))
		for i, k := range e.Keys {
			v, err := w.expr(e.Values[i], pyCond)
			if err != nil {
				return "", 0, err
			}
			parts[i] = pythonString(k) + ": " + v
		}
		return "{" + strings.Join(parts, ", ") + "}", pyAtom, nil
	case *schema.FuncRef:
		return "", 0, cannotSay("it is a Python function")
	case *schema.Opaque:
		return "", 0, cannotSay("its value cannot be told without running the source: " + e.Reason)
	case *schema.Unset:
		return "", 0, cannotSay("it may not be set at all")
	}
	return "", 0, cannotSay("it has no form in Python")
}

func (w *pythonWriter) exprs(items []schema.Expr) (string, error) {
	parts := make([]string, len(items))
	for i, x := range items {
		t, err := w.expr(x, pyCond)
		if err != nil {
			return "", err
		}
		parts[i] = t
	}
	return strings.Join(parts, ", "), nil
}

// env writes os.environ.get(NAME, DEFAULT) or what comes nearest to an expression's ways with a missing variable.
func (w *pythonWriter) env(e *schema.Env) (string, int, error) {
	w.need("os")
	name := pythonString(e.Name)
	get := "os.environ.get(" + name + ")"
	fallback := ""
	switch {
	case e.Default != nil:
		t, prec, err := w.node(e.Default)
		if err != nil {
			return "", 0, err
		}
		if e.EmptyIsUnset {
			if prec < pyOr {
				t = "(" + t + ")"
			}
			return get + " or " + t, pyOr, nil
		}
		if mayFail(e.Default) {
			// get() computes its default even where it is not needed.
			if prec < pyCond {
				t = "(" + t + ")"
			}
			return "os.environ[" + name + "] if " + name + " in os.environ else " + t, pyCond, nil
		}
		fallback = t
	case e.Missing == schema.MissingError && e.EmptyIsUnset:
		return "", 0, cannotSay("the variable " + e.Name + " must be set and not empty")
	case e.Missing == schema.MissingError:
		return "os.environ[" + name + "]", pyAtom, nil
	case e.Missing == schema.MissingLiteral:
		fallback = pythonString("$(" + e.Name + ")")
	case e.Missing == schema.MissingEmpty:
		fallback = `""`
	}
	if e.EmptyIsUnset {
		if fallback == "" {
			fallback = "None"
		}
		return get + " or " + fallback, pyOr, nil
	}
	if fallback == "" || fallback == "None" {
		return get, pyAtom, nil
	}
	return "os.environ.get(" + name + ", " + fallback + ")", pyAtom, nil
}

// mayFail tells whether computing an expression can raise an exception.
func mayFail(e schema.Expr) bool {
	fails := false
	schema.Walk(e, func(e schema.Expr) bool {
		switch e := e.(type) {
		case *schema.Env:
			fails = fails || e.Default == nil && e.Missing == schema.MissingError
		case *schema.Call:
			fails = fails || e.Func == "int" || e.Func == "float" || e.Func == "convert_int"
		case *schema.Binary:
			fails = fails || e.Op == "/" || e.Op == "//" || e.Op == "%"
		}
		return !fails
	})
	return fails
}

var pythonFacts = map[schema.Fact]struct {
	modules []string
	text    string
}{
	schema.CPUCount:   {[]string{"multiprocessing"}, "multiprocessing.cpu_count()"},
	schema.Hostname:   {[]string{"socket"}, "socket.gethostname()"},
	schema.CurrentDir: {[]string{"os"}, "os.getcwd()"},
	schema.ConfigDir:  {[]string{"os"}, "os.path.dirname(os.path.abspath(__file__))"},
	schema.UserID:     {[]string{"os"}, "os.geteuid()"},
	schema.GroupID:    {[]string{"os"}, "os.getegid()"},
	schema.UserName:   {[]string{"os", "pwd"}, "pwd.getpwuid(os.geteuid()).pw_name"},
	schema.GroupName:  {[]string{"grp", "os"}, "grp.getgrgid(os.getegid()).gr_name"},
	schema.HomeDir:    {[]string{"os"}, `os.path.expanduser("~")`},
	schema.Platform:   {[]string{"sys"}, "sys.platform"},
	schema.ProcessID:  {[]string{"os"}, "os.getpid()"},
	schema.Now:        {[]string{"time"}, "int(time.time())"},
	schema.TempDir:    {[]string{"tempfile"}, "tempfile.gettempdir()"},
}

func (w *pythonWriter) fact(f schema.Fact) (string, int, error) {
	p, ok := pythonFacts[f]
	if !ok {
		return "", 0, cannotSay("Python has no name for the host's " + string(f))
	}
	for _, m := range p.modules {
		w.need(m)
	}
	return p.text, pyAtom, nil
}

// negated are the operators that say the opposite.
var negated = map[string]string{"==": "!=", "!=": "==", "in": "not in", "not in": "in"}

func (w *pythonWriter) unary(e *schema.Unary) (string, int, error) {
	if e.Op == "not" {
		if b, ok := e.X.(*schema.Binary); ok && negated[b.Op] != "" {
			return w.binary(&schema.Binary{Op: negated[b.Op], L: b.L, R: b.R, Src: e.Src})
		}
		t, err := w.expr(e.X, pyNot)
		return "not " + t, pyNot, err
	}
	t, err := w.expr(e.X, pyUnary)
	return e.Op + t, pyUnary, err
}

func (w *pythonWriter) binary(e *schema.Binary) (string, int, error) {
	prec, ok := pyBinary[e.Op]
	if !ok {
		return "", 0, cannotSay("Python has no operator " + e.Op)
	}
	left, right := prec, prec+1
	switch {
	case prec == pyCompare: // comparisons chain in Python
		left = prec + 1
	case e.Op == "**":
		left, right = prec+1, pyUnary
	case e.Op == "and" || e.Op == "or":
		right = prec
	}
	l, err := w.expr(e.L, left)
	if err != nil {
		return "", 0, err
	}
	if (e.Op == "==" || e.Op == "!=") && isNullConst(e.R) {
		return l + map[string]string{"==": " is None", "!=": " is not None"}[e.Op], pyCompare, nil
	}
	r, err := w.expr(e.R, right)
	return l + " " + e.Op + " " + r, prec, err
}

func isNullConst(e schema.Expr) bool {
	c, ok := e.(*schema.Const)
	return ok && c.Val.IsNull()
}

func (w *pythonWriter) cond(e *schema.Cond) (string, int, error) {
	test, err := w.expr(e.Test, pyOr)
	if err != nil {
		return "", 0, err
	}
	then, err := w.expr(e.Then, pyOr)
	if err != nil {
		return "", 0, err
	}
	otherwise, err := w.expr(e.Else, pyCond)
	return then + " if " + test + " else " + otherwise, pyCond, err
}

// template joins text with +; what is no text for certain goes through str().
func (w *pythonWriter) template(e *schema.Template) (string, int, error) {
	if len(e.Parts) == 0 {
		return `""`, pyAtom, nil
	}
	parts := make([]string, len(e.Parts))
	for i, p := range e.Parts {
		if c, ok := p.(*schema.Const); ok && c.Val.IsKnown() {
			if t, ok := schema.PythonText(c.Val); ok {
				parts[i] = pythonString(t)
				continue
			}
		}
		outer := pyAdd
		if !isText(p) {
			outer = pyLowest
		}
		t, err := w.expr(p, outer)
		if err != nil {
			return "", 0, err
		}
		if !isText(p) {
			t = "str(" + t + ")"
		}
		parts[i] = t
	}
	if len(parts) == 1 {
		return parts[0], pyAdd, nil
	}
	return strings.Join(parts, " + "), pyAdd, nil
}

// isText tells whether an expression is text, and not None, on every host.
func isText(e schema.Expr) bool {
	switch e := e.(type) {
	case *schema.Const:
		return e.Val.IsKnown() && !e.Val.IsNull() && e.Val.Type() == cty.String
	case *schema.Env:
		if e.Default != nil {
			return isText(e.Default)
		}
		return e.Missing != schema.MissingNull
	case *schema.HostFact:
		switch e.Fact {
		case schema.CPUCount, schema.UserID, schema.GroupID, schema.ProcessID, schema.Now, schema.Random:
			return false
		}
		return true
	case *schema.Template:
		return true
	case *schema.Cond:
		return isText(e.Then) && isText(e.Else)
	case *schema.Binary:
		switch e.Op {
		case "+":
			return isText(e.L) && isText(e.R)
		case "or":
			return isText(e.R) && (isText(e.L) || isNullableText(e.L))
		case "and":
			return isText(e.L) && isText(e.R)
		}
	case *schema.Call:
		switch e.Func {
		case "str", "lower", "upper", "strip", "lstrip", "rstrip", "replace", "join", "basename", "dirname", "pathjoin", "convert_octal":
			return true
		case "convert_text":
			return len(e.Args) == 1 && !schema.MayBeNull(e.Args[0])
		}
	}
	return false
}

func isNullableText(e schema.Expr) bool {
	env, ok := e.(*schema.Env)
	return ok && (env.Default == nil || isText(env.Default))
}

// isNumber tells whether an expression is a number on every host.
func isNumber(e schema.Expr) bool {
	switch e := e.(type) {
	case *schema.Const:
		return e.Val.IsKnown() && !e.Val.IsNull() && e.Val.Type() == cty.Number
	case *schema.HostFact:
		switch e.Fact {
		case schema.CPUCount, schema.UserID, schema.GroupID, schema.ProcessID, schema.Now:
			return true
		}
	case *schema.Unary:
		return e.Op != "not"
	case *schema.Binary:
		switch e.Op {
		case "+", "-", "*", "/", "//", "%", "**", "and", "or":
			return isNumber(e.L) && isNumber(e.R)
		case "|", "&", "^", "<<", ">>":
			return true
		}
	case *schema.Cond:
		return isNumber(e.Then) && isNumber(e.Else)
	case *schema.Call:
		switch e.Func {
		case "abs", "ceil", "float", "floor", "int", "len", "round", "convert_int", "convert_mib", "convert_kib", "convert_duration", "convert_size":
			return true
		case "min", "max":
			return !slices.ContainsFunc(e.Args, func(a schema.Expr) bool { return !isNumber(a) })
		}
	}
	return false
}

// pythonValue writes a constant: None, True, numbers, text, lists and mappings.
func pythonValue(v cty.Value) (string, error) {
	if v == cty.NilVal || !v.IsWhollyKnown() {
		return "", cannotSay("its value is not known")
	}
	if v.IsNull() {
		return "None", nil
	}
	switch t := v.Type(); {
	case t == cty.Bool:
		if v.True() {
			return "True", nil
		}
		return "False", nil
	case t == cty.Number:
		return pythonNumber(v.AsBigFloat())
	case t == cty.String:
		return pythonString(v.AsString()), nil
	case t.IsTupleType() || t.IsListType() || t.IsSetType():
		var parts []string
		for it := v.ElementIterator(); it.Next(); {
			_, x := it.Element()
			p, err := pythonValue(x)
			if err != nil {
				return "", err
			}
			parts = append(parts, p)
		}
		return "[" + strings.Join(parts, ", ") + "]", nil
	case t.IsObjectType() || t.IsMapType():
		var parts []string
		for it := v.ElementIterator(); it.Next(); { // in the order of the keys
			k, x := it.Element()
			p, err := pythonValue(x)
			if err != nil {
				return "", err
			}
			parts = append(parts, pythonString(k.AsString())+": "+p)
		}
		return "{" + strings.Join(parts, ", ") + "}", nil
	}
	return "", cannotSay("Python has no literal for it")
}

func pythonNumber(f *big.Float) (string, error) {
	if f.IsInf() {
		return "", cannotSay("it is not a finite number")
	}
	if f.Sign() == 0 {
		return "0", nil
	}
	if f.IsInt() {
		if f.MantExp(nil) > 4096 {
			return "", cannotSay("the number is too large")
		}
		return f.Text('f', 0), nil
	}
	x, _ := f.Float64()
	return strconv.FormatFloat(x, 'g', -1, 64), nil
}

// pythonString writes text as a Python string literal of one line, which every Python 3 reads as that text whatever the
// source's encoding keeps.
func pythonString(s string) string {
	quote := byte('"')
	if strings.Contains(s, `"`) && !strings.Contains(s, `'`) {
		quote = '\''
	}
	var b strings.Builder
	b.WriteByte(quote)
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			// A byte that is no UTF-8 is what Python makes of it in file names and variables.
			fmt.Fprintf(&b, `\udc%02x`, s[i])
		case r == rune(quote) || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == ' ' || unicode.IsGraphic(r) && !unicode.Is(unicode.Zs, r) && r != '\ufeff':
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
		i += n
	}
	b.WriteByte(quote)
	return b.String()
}
