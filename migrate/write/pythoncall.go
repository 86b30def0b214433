package write

import (
	"strings"

	"gsrv/schema"
)

// pythonMethods are the functions of the model that are methods of text in Python.
var pythonMethods = map[string]bool{
	"lower": true, "upper": true, "strip": true, "lstrip": true, "rstrip": true, "startswith": true, "endswith": true, "replace": true, "split": true,
}

// pythonFunctions name Python's function, with the module that has it.
var pythonFunctions = map[string]struct{ module, name string }{
	"abs": {"", "abs"}, "bool": {"", "bool"}, "float": {"", "float"}, "int": {"", "int"}, "len": {"", "len"}, "max": {"", "max"},
	"min": {"", "min"}, "round": {"", "round"}, "str": {"", "str"},
	"ceil": {"math", "math.ceil"}, "floor": {"math", "math.floor"},
	"basename": {"os", "os.path.basename"}, "dirname": {"os", "os.path.dirname"}, "pathjoin": {"os", "os.path.join"},
}

// call writes one of schema.Functions, or a conversion of values that has to be written out.
func (w *pythonWriter) call(e *schema.Call) (string, int, error) {
	if conversion, ok := strings.CutPrefix(e.Func, "convert_"); ok && len(e.Args) == 1 {
		return w.conversion(conversion, e.Args[0])
	}
	if f, ok := pythonFunctions[e.Func]; ok {
		if f.module != "" {
			w.need(f.module)
		}
		args, err := w.exprs(e.Args)
		return f.name + "(" + args + ")", pyAtom, err
	}
	if len(e.Args) == 0 {
		return "", 0, cannotSay("the function " + e.Func + " has no form in Python")
	}
	switch {
	case pythonMethods[e.Func]:
		return w.method(e.Args[0], e.Func, e.Args[1:])
	case e.Func == "join" && len(e.Args) == 2, e.Func == "get" && len(e.Args) == 3:
		return w.method(e.Args[0], e.Func, e.Args[1:])
	case e.Func == "contains" && len(e.Args) == 2:
		return w.binary(&schema.Binary{Op: "in", L: e.Args[1], R: e.Args[0], Src: e.Src})
	}
	return "", 0, cannotSay("the function " + e.Func + " has no form in Python")
}

func (w *pythonWriter) method(object schema.Expr, name string, args []schema.Expr) (string, int, error) {
	o, err := w.expr(object, pyAtom)
	if err != nil {
		return "", 0, err
	}
	a, err := w.exprs(args)
	return o + "." + name + "(" + a + ")", pyAtom, err
}

// conversion writes a conversion of the model that depends on the host.
func (w *pythonWriter) conversion(name string, arg schema.Expr) (string, int, error) {
	switch name {
	case "not":
		return w.unary(&schema.Unary{Op: "not", X: arg, Src: arg.Range()})
	case "int":
		return w.toInt(arg)
	case "mib", "kib":
		t, _, err := w.toInt(arg)
		if err != nil {
			return "", 0, err
		}
		return t + map[string]string{"mib": " * 1024 * 1024", "kib": " * 1024"}[name], pyMul, nil
	case "none_false":
		t, err := w.expr(arg, pyOr)
		return t + " or False", pyOr, err
	case "text":
		if isText(arg) {
			return w.node(arg)
		}
		if !isNumber(arg) || hasFraction(arg) {
			break
		}
		t, err := w.expr(arg, pyLowest)
		return "str(" + t + ")", pyAtom, err
	case "octal":
		if isNumber(arg) {
			t, err := w.expr(arg, pyLowest)
			return `"0{:03o}".format(` + t + ")", pyAtom, err
		}
	case "list":
		if isText(arg) {
			t, err := w.expr(arg, pyCond)
			return "[" + t + "]", pyAtom, err
		}
	case "csv":
		if isText(arg) {
			t, err := w.expr(arg, pyAtom)
			return "[part.strip() for part in " + t + `.split(",") if part.strip()]`, pyAtom, err
		}
	case "words":
		if isText(arg) {
			t, err := w.expr(arg, pyAtom)
			return t + ".split()", pyAtom, err
		}
	}
	return "", 0, cannotSay("Python has no short form for " + schema.PlainText(&schema.Call{Func: "convert_" + name, Args: []schema.Expr{arg}}))
}

// toInt makes a number of what may be text. C's atoi, which uWSGI reads numbers with, takes leading digits and gives 0
// without; Python fails on text that is no number.
func (w *pythonWriter) toInt(arg schema.Expr) (string, int, error) {
	if isNumber(arg) {
		t, err := w.expr(arg, pyMul)
		return t, pyMul, err
	}
	if env, ok := arg.(*schema.Env); ok && env.Default == nil && env.Missing != schema.MissingError {
		e := *env
		e.Default = schema.String("0", env.Src)
		arg = &e
	}
	w.remark("gunicorn stops where such a variable holds no number; the source reads the digits that it begins with, or 0.")
	t, err := w.expr(arg, pyCond)
	return "int(" + t + ")", pyAtom, err
}

// hasFraction tells whether a number may come out as Python's float.
func hasFraction(e schema.Expr) bool {
	found := false
	schema.Walk(e, func(e schema.Expr) bool {
		switch e := e.(type) {
		case *schema.Binary:
			found = found || e.Op == "/" || e.Op == "**"
		case *schema.Call:
			found = found || e.Func == "float" || e.Func == "round" || e.Func == "convert_duration"
		case *schema.Const:
			found = found || isNumber(e) && !e.Val.AsBigFloat().IsInt()
		}
		return !found
	})
	return found
}
