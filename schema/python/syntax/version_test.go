package syntax

import (
	"reflect"
	"strings"
	"testing"
)

// TestVersions holds from which version on a text is taken.
func TestVersions(t *testing.T) {
	for src, since := range map[string]int{
		"a = (b := 1)\ndef f(a, /): pass\n":               8,
		"match a:\n case 1: pass\n":                       10,
		"match a:\n case {'x': [1, *_]}: pass\n":          10,
		"match = 1\n":                                     8,
		"try: a\nexcept* B: c\n":                          11,
		"a[*b]\na[*b or c]\n":                             11,
		"type X = int\n":                                  12,
		"type = 1\ntype(x)\n":                             8,
		"def f[T](a: T): pass\n":                          12,
		"class A[T: int, *Ts, **P](B): pass\n":            12,
		"f'{a['b']}'\n":                                   12,
		"f'''{a = # b\n}'''\n":                            12,
		"f'{*a}'\n":                                       12,
		"f'{'\\n'.join(a)}'\n":                            12,
		"f'''{\na # comment\n}'''\n":                      12,
		"f'{a!r  :10}'\n":                                 12,
		"f'{f'{f'{a}'}'}'\n":                              12,
		"class A[T = int]: pass\n":                        13,
		"type X[*Ts = *tuple[int]] = int\n":               13,
		"t'a{b!r:c}'\n":                                   14,
		"try: a\nexcept B, C: d\n":                        14,
		"try: a\nexcept* B, C: d\n":                       14,
		"async def f[T](): return [x async for x in y]\n": 12,
	} {
		for minor := 8; minor <= 14; minor++ {
			_, err := Options{Minor: minor}.Parse("f", []byte(src))
			if took := err == nil; took != (minor >= since) {
				t.Errorf("%q since 3.%d: 3.%d gives %v", src, since, minor, err)
			}
		}
		if _, err := Parse("f", []byte(src)); err != nil {
			t.Errorf("%q: %v", src, err)
		}
	}
	for _, src := range []string{"type X[] = 1", "def f[](): pass", "try: a\nexcept B, C as d: e", "f'{a'", "f'{}'", "t'{'", "tb''", "f'{a!x}'", "type X", "class A[T](: pass"} {
		if _, err := Parse("f", []byte(src)); err == nil {
			t.Errorf("%q is taken", src)
		}
	}
}

// TestNewerTree looks at what the recorded cases cannot hold, since Python 3.11 has it not.
func TestNewerTree(t *testing.T) {
	for src, want := range map[string]string{
		"type X[T: int = str, *Ts, **P] = T": "TypeAlias Name TypeVar Name Name TypeVarTuple ParamSpec Name",
		"def f[T](a: T) -> T: pass":          "FunctionDef TypeVar Arg Name Name Pass",
		"class A[T](B): pass":                "ClassDef TypeVar Name Pass",
		"try: a\nexcept B, C: d":             "Try ExprStmt Name ExceptHandler Tuple Name Name ExprStmt Name",
		"t'a{b!r:c}'":                        "ExprStmt TemplateStr Constant Interpolation Name JoinedStr Constant",
		`f"{a["b"]} {x:{"{"}>10}"`:           "ExprStmt JoinedStr FormattedValue Subscript Name Constant Constant FormattedValue Name JoinedStr FormattedValue Constant Constant",
		"f'{'a' 'b'}{\n# c }\nd}'":           "ExprStmt JoinedStr FormattedValue Constant FormattedValue Name",
	} {
		m, err := Parse("f", []byte(src))
		if err != nil {
			t.Errorf("%q: %v", src, err)
			continue
		}
		var names []string
		InspectBody(m.Body, func(n Node) bool {
			names = append(names, reflect.TypeOf(n).Elem().Name())
			return true
		})
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%q: got %s, want %s", src, got, want)
		}
	}
	m, err := Parse("f", []byte("t'a{b !r:c}'"))
	if err != nil {
		t.Fatal(err)
	}
	i := m.Body[0].(*ExprStmt).Value.(*TemplateStr).Values[1].(*Interpolation)
	if i.Str != "b" || i.Conversion != 'r' || m.Text(i.Value) != "b" {
		t.Errorf("got %q %c %q", i.Str, i.Conversion, m.Text(i.Value))
	}
}
