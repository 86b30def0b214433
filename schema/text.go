package schema

import (
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// ExprText writes an expression for people, in the notation of the native format: env("PORT", "8000"),
// cpu_count() * 2 + 1, "unix:/run/${hostname()}.sock". What cannot be known is its source text in question marks.
func ExprText(e Expr) string {
	var w exprWriter
	w.expr(e, 0)
	return w.String()
}

// PlainText is ExprText without question marks, for a sentence that says why a value cannot be had.
func PlainText(e Expr) string {
	w := exprWriter{plain: true}
	w.expr(e, 0)
	return w.String()
}

type exprWriter struct {
	strings.Builder
	// plain tells that what cannot be known has no question marks around it.
	plain bool
}

// Binding strengths, weakest first, as in HCL.
const (
	precCond = iota + 1
	precOr
	precAnd
	precEqual
	precCompare
	precAdd
	precMul
	precUnary
)

var binaryPrec = map[string]int{
	"or": precOr, "and": precAnd, "==": precEqual, "!=": precEqual, "in": precCompare, "not in": precCompare,
	"<": precCompare, "<=": precCompare, ">": precCompare, ">=": precCompare,
	"+": precAdd, "-": precAdd, "|": precAdd, "^": precAdd, "&": precMul, "<<": precAdd, ">>": precAdd,
	"*": precMul, "/": precMul, "//": precMul, "%": precMul, "**": precUnary,
}

func (w *exprWriter) expr(e Expr, outer int) {
	switch e := e.(type) {
	case nil:
		w.WriteString("?")
	case *Const:
		w.WriteString(ValueText(e.Val))
	case *Env:
		w.env(e)
	case *HostFact:
		w.WriteString(string(e.Fact) + "()")
	case *Unary:
		op := e.Op
		if op == "not" {
			op = "!"
		}
		w.WriteString(op)
		w.expr(e.X, precUnary)
	case *Binary:
		w.binary(e, outer)
	case *Cond:
		w.open(outer > precCond)
		w.expr(e.Test, precCond+1)
		w.WriteString(" ? ")
		w.expr(e.Then, precCond+1)
		w.WriteString(" : ")
		w.expr(e.Else, precCond)
		w.close(outer > precCond)
	case *Call:
		w.call(e, outer)
	case *Template:
		w.template(e)
	case *List:
		w.WriteByte('[')
		w.list(e.Items)
		w.WriteByte(']')
	case *Map:
		w.WriteByte('{')
		for i, k := range e.Keys {
			if i > 0 {
				w.WriteString(", ")
			}
			w.WriteString(strconv.Quote(k) + " = ")
			w.expr(e.Values[i], 0)
		}
		w.WriteByte('}')
	case *FuncRef:
		w.WriteString(e.Name)
		if e.Kind == "function" || e.Kind == "lambda" {
			params := e.Params
			if e.VarArgs {
				params = append(params[:len(params):len(params)], "*args")
			}
			w.WriteString("(" + strings.Join(params, ", ") + ")")
		}
	case *Unset:
		w.WriteString("unset")
	case *Opaque:
		if w.plain {
			w.WriteString(oneLine(e.Source))
			return
		}
		w.WriteString("?" + oneLine(e.Source) + "?")
	}
}

func (w *exprWriter) env(e *Env) {
	w.WriteString("env(" + strconv.Quote(e.Name))
	if e.Default != nil {
		w.WriteString(", ")
		w.expr(e.Default, 0)
	}
	w.WriteByte(')')
}

func (w *exprWriter) binary(e *Binary, outer int) {
	op := e.Op
	switch op {
	case "and":
		op = "&&"
	case "or":
		op = "||"
	}
	prec := binaryPrec[e.Op]
	w.open(prec < outer)
	w.expr(e.L, prec)
	w.WriteString(" " + op + " ")
	w.expr(e.R, prec+1)
	w.close(prec < outer)
}

// isWhole tells whether an expression is a whole number for sure, so that int() around it says nothing.
func isWhole(e Expr) bool {
	switch e := e.(type) {
	case *HostFact:
		return e.Fact == CPUCount || e.Fact == UserID || e.Fact == GroupID
	case *Const:
		return e.Val.IsKnown() && !e.Val.IsNull() && e.Val.Type() == cty.Number && e.Val.AsBigFloat().IsInt()
	case *Call:
		return e.Func == "int" || e.Func == "len" || e.Func == "convert_int"
	case *Binary:
		switch e.Op {
		case "+", "-", "*", "//", "%":
			return isWhole(e.L) && isWhole(e.R)
		}
	}
	return false
}

func (w *exprWriter) call(e *Call, outer int) {
	name := e.Func
	if strings.HasPrefix(name, "convert_") && len(e.Args) == 1 {
		switch name {
		case "convert_not":
			w.expr(&Unary{Op: "not", X: e.Args[0]}, precUnary)
			return
		case "convert_list":
			w.WriteByte('[')
			w.expr(e.Args[0], 0)
			w.WriteByte(']')
			return
		case "convert_none_false", "convert_text":
			w.expr(e.Args[0], 0)
			return
		}
		name = strings.TrimPrefix(name, "convert_")
	}
	if name == "int" && len(e.Args) == 1 && isWhole(e.Args[0]) {
		w.expr(e.Args[0], outer)
		return
	}
	w.WriteString(name + "(")
	w.list(e.Args)
	w.WriteByte(')')
}

func (w *exprWriter) template(e *Template) {
	w.WriteByte('"')
	for _, p := range e.Parts {
		if c, ok := p.(*Const); ok {
			if t, ok := PythonText(c.Val); ok {
				quoted := strconv.Quote(t)
				w.WriteString(strings.ReplaceAll(quoted[1:len(quoted)-1], "${", "$${"))
				continue
			}
		}
		w.WriteString("${")
		w.expr(p, 0)
		w.WriteByte('}')
	}
	w.WriteByte('"')
}

func (w *exprWriter) list(items []Expr) {
	for i, x := range items {
		if i > 0 {
			w.WriteString(", ")
		}
		w.expr(x, 0)
	}
}

func (w *exprWriter) open(needed bool) {
	if needed {
		w.WriteByte('(')
	}
}

func (w *exprWriter) close(needed bool) {
	if needed {
		w.WriteByte(')')
	}
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// ValueText writes a value in the native format's notation: text quoted, lists in brackets, null for no value, and
// ? for what is not known.
func ValueText(v cty.Value) string {
	switch {
	case v == cty.NilVal || !v.IsKnown():
		return "?"
	case v.IsNull():
		return "null"
	case v.Type() == cty.String:
		return strconv.Quote(v.AsString())
	case v.Type().IsObjectType() || v.Type().IsMapType():
		m := v.AsValueMap()
		parts := make([]string, 0, len(m))
		for _, k := range sortedKeys(m) {
			parts = append(parts, strconv.Quote(k)+" = "+ValueText(m[k]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case v.CanIterateElements():
		var parts []string
		for it := v.ElementIterator(); it.Next(); {
			_, x := it.Element()
			parts = append(parts, ValueText(x))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	t, ok := TextOf(v)
	if !ok {
		return "?"
	}
	return t
}

// templateEndings end the names of templates.
var templateEndings = []string{".j2", ".jinja", ".jinja2", ".tmpl", ".tpl", ".template", ".erb", ".mustache", ".in", ".mako"}

// TrimTemplate takes the ending of a template's name off a name: "web.service.j2" becomes "web.service". Ok tells whether
// there was one.
func TrimTemplate(name string) (rest string, ok bool) {
	for _, ending := range templateEndings {
		if len(name) > len(ending) && strings.EqualFold(name[len(name)-len(ending):], ending) {
			return name[:len(name)-len(ending)], true
		}
	}
	return name, false
}
