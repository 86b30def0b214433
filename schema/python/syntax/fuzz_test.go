package syntax

import (
	"errors"
	"io"
	"reflect"
	"testing"
)

// FuzzParse holds that any text is read or refused, that what the tree says about places is true, and that what Python
// 3.11 takes is also taken by default.
func FuzzParse(f *testing.F) {
	for _, c := range cases(f) {
		f.Add([]byte(c.Source))
	}
	f.Add([]byte("type X[T: int, *Ts, **P] = T\ndef f[T = int](): pass\nclass C[*Ts]: pass\ntry: a\nexcept B, C: d\n"))
	f.Add([]byte("f'{f'{f'{a}'}'}' f'{\n a # b\n}' f'{x:{'{'}}'\nt'a{b!r:c}' rt'{d=}'\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		old, oldErr := Options{Python311: true}.Parse("f", src)
		if oldErr == nil {
			if err := Dump(io.Discard, old); err != nil {
				t.Fatal(err)
			}
			checkSpans(t, old)
		}
		checkError(t, oldErr)
		m, err := Parse("f", src)
		checkError(t, err)
		if err == nil {
			checkSpans(t, m)
			checkError(t, Check("f", m))
		} else if oldErr == nil {
			t.Fatalf("Python 3.11 takes it, the default does not: %v", err)
		}
	})
}

func checkError(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	var e *SyntaxError
	if !errors.As(err, &e) {
		t.Fatalf("the error is a %T", err)
	}
	if e.Msg == "" || e.Line < 1 || e.Col < 1 || e.EndLine < e.Line || e.Start > e.End || e.Start < 0 || e.EndLine == e.Line && e.EndCol < e.Col {
		t.Fatalf("impossible error %+v", e)
	}
}

// checkSpans holds that nodes lie in the source and in their parents, and that each is visited once.
func checkSpans(t *testing.T, m *Module) {
	t.Helper()
	seen := map[Node]bool{}
	var within func(n Node, outer *Pos, text string)
	within = func(n Node, outer *Pos, text string) {
		s := n.Span()
		if s.Start < 0 || s.Start > s.End || int(s.End) > len(m.Source) {
			t.Fatalf("%T spans %d to %d of %d", n, s.Start, s.End, len(m.Source))
		}
		if s.Lineno < 1 || s.ColOffset < 0 || s.EndLineno < s.Lineno || s.EndColOffset < 0 {
			t.Fatalf("%T stands at %+v", n, *s)
		}
		if outer != nil && (s.Start < outer.Start || s.End > outer.End) {
			t.Fatalf("%T at %d–%d sticks out of its %s at %d–%d", n, s.Start, s.End, text, outer.Start, outer.End)
		}
		if seen[n] {
			t.Fatalf("%T is there twice", n)
		}
		seen[n] = true
		first := true
		Inspect(n, func(c Node) bool {
			if first {
				first = false
				return true
			}
			where := s
			switch n.(type) {
			case *FunctionDef, *AsyncFunctionDef, *ClassDef:
				if isDecorator(n, c) {
					where = outer // decorators stand before what they decorate
				}
			case *JoinedStr, *TemplateStr, *FormattedValue, *Interpolation:
				where = outer // a format stands at its literal, its parts at the whole concatenation
			}
			within(c, where, reflect.TypeOf(n).String())
			return false
		})
	}
	for _, s := range m.Body {
		within(s, nil, "")
	}
}

func isDecorator(parent, n Node) bool {
	var list []Expr
	switch d := parent.(type) {
	case *FunctionDef:
		list = d.DecoratorList
	case *AsyncFunctionDef:
		list = d.DecoratorList
	case *ClassDef:
		list = d.DecoratorList
	}
	for _, e := range list {
		if Node(e) == n {
			return true
		}
	}
	return false
}
