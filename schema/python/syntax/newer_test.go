package syntax

import (
	"errors"
	"regexp"
	"strings"
	"testing"
)

var attributes = regexp.MustCompile(`(, )?lineno=\d+, col_offset=\d+, end_lineno=\d+, end_col_offset=\d+`)

// shape is a tree without places and without the module around it.
func shape(t *testing.T, m *Module) string {
	t.Helper()
	var b strings.Builder
	if err := Dump(&b, m); err != nil {
		t.Fatal(err)
	}
	s := attributes.ReplaceAllString(b.String(), "")
	s = strings.ReplaceAll(s, ", ctx=Load()", "")
	return strings.TrimSuffix(strings.TrimPrefix(s, "Module(body=["), "], type_ignores=[])")
}

// What came after Python 3.11: the trees are what the enhancement proposals say, and Python 3.11 refuses the text.
func TestNewer(t *testing.T) {
	const (
		noParams = "arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])"
		pass     = "body=[Pass()]"
	)
	field := func(s string) string { return "Expr(value=JoinedStr(values=[FormattedValue(" + s + ")]))" }
	for _, c := range []struct{ pep, src, want string }{
		{"PEP 701", `f'{a['b']}'`, field("value=Subscript(value=Name(id='a'), slice=Constant(value='b')), conversion=-1")},
		{"PEP 701", `f"{", ".join(x)}"`, field("value=Call(func=Attribute(value=Constant(value=', '), attr='join'), args=[Name(id='x')], keywords=[]), conversion=-1")},
		{"PEP 701", `f'{'\n'}'`, field(`value=Constant(value='\n'), conversion=-1`)},
		{"PEP 701", "f'{a\n # why }\n }'", field("value=Name(id='a'), conversion=-1")},
		{"PEP 701", "f'''{\na  # it's\n}'''", field("value=Name(id='a'), conversion=-1")},
		{"PEP 701", "f'{f'{f'{1}'}'}'", field("value=JoinedStr(values=[FormattedValue(value=JoinedStr(values=[FormattedValue(value=Constant(value=1), conversion=-1)]), conversion=-1)]), conversion=-1")},
		{"PEP 701", "f'{x:{y:{z}}}'", field("value=Name(id='x'), conversion=-1, format_spec=JoinedStr(values=[FormattedValue(value=Name(id='y'), conversion=-1, " +
			"format_spec=JoinedStr(values=[FormattedValue(value=Name(id='z'), conversion=-1)]))])")},
		{"PEP 701", `f"{'"'}"`, field(`value=Constant(value='"'), conversion=-1`)},
		{"PEP 701", `f'{d['a']:{d['w']}}'`, field("value=Subscript(value=Name(id='d'), slice=Constant(value='a')), conversion=-1, " +
			"format_spec=JoinedStr(values=[FormattedValue(value=Subscript(value=Name(id='d'), slice=Constant(value='w')), conversion=-1)])")},

		{"PEP 695", "type X = int", "TypeAlias(name=Name(id='X', ctx=Store()), value=Name(id='int'))"},
		{"PEP 695", "type X[T, *Ts, **P] = T", "TypeAlias(name=Name(id='X', ctx=Store()), type_params=[TypeVar(name='T'), TypeVarTuple(name='Ts'), ParamSpec(name='P')], value=Name(id='T'))"},
		{"PEP 695", "type type = type", "TypeAlias(name=Name(id='type', ctx=Store()), value=Name(id='type'))"},
		{"PEP 695", "class A[T](B): pass", "ClassDef(name='A', bases=[Name(id='B')], keywords=[], " + pass + ", decorator_list=[], type_params=[TypeVar(name='T')])"},
		{"PEP 695", "class A[T,]: pass", "ClassDef(name='A', bases=[], keywords=[], " + pass + ", decorator_list=[], type_params=[TypeVar(name='T')])"},
		{"PEP 695", "def f[T: (int, str)](): pass", "FunctionDef(name='f', args=" + noParams + ", " + pass +
			", decorator_list=[], type_params=[TypeVar(name='T', bound=Tuple(elts=[Name(id='int'), Name(id='str')]))])"},
		{"PEP 695", "async def f[T]() -> T: pass", "AsyncFunctionDef(name='f', args=" + noParams + ", " + pass + ", decorator_list=[], returns=Name(id='T'), type_params=[TypeVar(name='T')])"},
		{"PEP 696", "type X[T: a = b, *Ts = *c, **P = [d]] = e", "TypeAlias(name=Name(id='X', ctx=Store()), type_params=[TypeVar(name='T', bound=Name(id='a'), default_value=Name(id='b')), " +
			"TypeVarTuple(name='Ts', default_value=Starred(value=Name(id='c'))), ParamSpec(name='P', default_value=List(elts=[Name(id='d')]))], value=Name(id='e'))"},

		{"PEP 758", "try: pass\nexcept A, B: pass", "Try(" + pass + ", handlers=[ExceptHandler(type=Tuple(elts=[Name(id='A'), Name(id='B')]), " + pass + ")], orelse=[], finalbody=[])"},
		{"PEP 758", "try: pass\nexcept* A, B: pass", "TryStar(" + pass + ", handlers=[ExceptHandler(type=Tuple(elts=[Name(id='A'), Name(id='B')]), " + pass + ")], orelse=[], finalbody=[])"},

		{"PEP 750", "t'a{b!r:>{c}}'", "Expr(value=TemplateStr(values=[Constant(value='a'), Interpolation(value=Name(id='b'), str='b', conversion=114, " +
			"format_spec=JoinedStr(values=[Constant(value='>'), FormattedValue(value=Name(id='c'), conversion=-1)]))]))"},
		{"PEP 750", "t'{a = }' t'b'", "Expr(value=TemplateStr(values=[Constant(value='a = '), Interpolation(value=Name(id='a'), str='a', conversion=114), Constant(value='b')]))"},
		{"PEP 750", `rt'\{a}'`, `Expr(value=TemplateStr(values=[Constant(value='\\'), Interpolation(value=Name(id='a'), str='a', conversion=-1)]))`},
		{"PEP 750", `Tr'''{a:x}'''`, `Expr(value=TemplateStr(values=[Interpolation(value=Name(id='a'), str='a', conversion=-1, format_spec=JoinedStr(values=[Constant(value='x')]))]))`},
	} {
		m, err := Parse("f", []byte(c.src))
		if err != nil {
			t.Errorf("%s: %q: %v", c.pep, c.src, err)
			continue
		}
		if got := shape(t, m); got != c.want {
			t.Errorf("%s: %q:\ngot  %s\nwant %s", c.pep, c.src, got, c.want)
		}
		if _, err := (Options{Python311: true}).Parse("f", []byte(c.src)); err == nil {
			t.Errorf("%s: %q: taken as Python 3.11", c.pep, c.src)
		}
	}
}

// Newer words are plain names where the grammar lets them be.
func TestNewerWordsAsNames(t *testing.T) {
	for _, src := range []string{
		"type = 1", "type(x)", "type in x", "type", "type.x = 1", "type[0]", "type, match = case, _", "print(type)", "type: int = 1", "def type(type=type): pass",
		"match = 1", "match(x)", "match[x]", "match, case = 1, 2", "match.x", "match * a", "match - 1", "case = match", "class match: pass", "t = 1", "t(x)",
		"match x:\n case t: pass", "match (x):\n case match: pass", "match -a:\n case type(): pass", "match [a]:\n case _: pass", "match not a:\n case _: pass",
	} {
		for _, o := range []Options{{}, {Python311: true}} {
			if _, err := o.Parse("f", []byte(src)); err != nil {
				t.Errorf("%q: %v", src, err)
			}
		}
	}
}

func TestNewerRefused(t *testing.T) {
	for _, c := range []struct {
		src, msg  string
		line, col int
	}{
		{"type X[] = 1", "invalid syntax", 1, 8},
		{"type X[*Ts: int] = 1", "invalid syntax", 1, 11},
		{"type x.y = 1", "invalid syntax", 1, 7},
		{"type X", "invalid syntax", 1, 7},
		{"try: pass\nexcept A, B as e: pass", "multiple exception types must be parenthesized", 2, 8},
		{"t'a' 'b'", "cannot mix t-string literals with string or bytes literals", 1, 1},
		{"f'a' t'b'", "cannot mix t-string literals with string or bytes literals", 1, 1},
		{"bt'a'", "invalid syntax", 1, 3},
		{"x = f'{a'", "f-string: expecting '}'", 1, 5},
		{"x = f'{a b}'", "f-string: invalid syntax. Perhaps you forgot a comma?", 1, 8},
		{"x = f'{}'", "f-string: empty expression not allowed", 1, 5},
		{"x = f'}'", "f-string: single '}' is not allowed", 1, 5},
		{"x = t'}'", "t-string: single '}' is not allowed", 1, 5},
		{"x = t'{a b}'", "t-string: invalid syntax. Perhaps you forgot a comma?", 1, 8},
		{"x = f'{a!x}'", "f-string: invalid conversion character: expected 's', 'r', or 'a'", 1, 5},
		{"x = f'{a:\n}'", "f-string: newlines are not allowed in format specifiers for single quoted f-strings", 1, 10},
	} {
		_, err := Parse("f", []byte(c.src))
		var e *SyntaxError
		if !errors.As(err, &e) {
			t.Errorf("%q: %v", c.src, err)
			continue
		}
		if e.Msg != c.msg || e.Line != c.line || e.Col != c.col {
			t.Errorf("%q: got %d:%d: %s, want %d:%d: %s", c.src, e.Line, e.Col, e.Msg, c.line, c.col, c.msg)
		}
	}
}
