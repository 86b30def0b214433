package value

import (
	"errors"
	"testing"
	"unicode/utf8"
)

// wantDefined fails on an error of a kind operations do not return.
func wantDefined(t *testing.T, err error) {
	t.Helper()
	var exc *Exception
	var over *BudgetError
	var no *UnsupportedError
	if err != nil && !errors.As(err, &exc) && !errors.As(err, &over) && !errors.As(err, &no) {
		t.Errorf("error of type %T: %v", err, err)
	}
}

func fuzzBudget() *Budget { return NewBudget(100_000, 1<<20) }

func FuzzNumbers(f *testing.F) {
	for _, s := range []string{"12", " -0x_1f ", "1_000", "٣", "1e400", "-inf", "nan", "0b", "_1", "1__0", ".5e-3", "\xff", "0o17", "1_0.0_1"} {
		f.Add(s, 10)
		f.Add(s, 0)
	}
	f.Fuzz(func(t *testing.T, s string, base int) {
		n, err := ParseInt(fuzzBudget(), s, base)
		wantDefined(t, err)
		if err == nil && n.BitLen() < 10_000 {
			text, err := intText(n)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := ParseInt(fuzzBudget(), text, 10); err != nil || again.Cmp(n) != 0 {
				t.Errorf("%q reads as %s, which reads as %v, %v", s, text, again, err)
			}
		}
		x, err := ParseFloat(fuzzBudget(), s)
		wantDefined(t, err)
		if err == nil && x == x {
			if again, err := ParseFloat(fuzzBudget(), floatRepr(x)); err != nil || again != x {
				t.Errorf("%q reads as %s, which reads as %v, %v", s, floatRepr(x), again, err)
			}
		}
	})
}

func FuzzPercent(f *testing.F) {
	for _, s := range []string{"%s", "%5.2f|%-3d", "%(a)s", "%*.*f", "%%", "%", "%(a", "%#x %+o", "%c%r%a", "%.3s", "%5%", "\xed\xa0\x80%s"} {
		f.Add(s, "x", 3.5, int64(7))
	}
	f.Fuzz(func(t *testing.T, template, s string, x float64, n int64) {
		d := dictOf1(Str("a"), Float(x))
		for _, arg := range []Value{NewTuple(Str(s), Float(x), NewInt(n)), Str(s), NewInt(n), d, &symbol{"u"}} {
			_, err := Binary(fuzzBudget(), OpMod, Str(template), arg)
			wantDefined(t, err)
			_, err = PercentPieces(fuzzBudget(), template, arg)
			wantDefined(t, err)
		}
	})
}

func FuzzFormat(f *testing.F) {
	for _, s := range []string{"{}", "{0!r:>{1}}", "{a.real}", "{a[0]}", "{{}}", "{", "}", "{:{}{}}", "{0[", "{a!}", "{:.3f}", "{:,}"} {
		f.Add(s, "x", 3.5, int64(7))
	}
	f.Fuzz(func(t *testing.T, template, s string, x float64, n int64) {
		args := []Value{Str(s), Float(x), NewInt(n)}
		_, err := CallMethod(fuzzBudget(), Str(template), "format", args, []Kwarg{{"a", NewList(args...)}})
		wantDefined(t, err)
		_, err = FormatPieces(fuzzBudget(), template, args, nil)
		wantDefined(t, err)
	})
}

func FuzzFormatSpec(f *testing.F) {
	for _, s := range []string{"", ">10", "*^+#012,.3f", "08.2f", "_x", "é<5", "=+,d", ".0e", "z.1f", "n", "c", "%", "1000000000", ".99999999f"} {
		f.Add(s, "x", 3.5, int64(7))
	}
	f.Fuzz(func(t *testing.T, spec, s string, x float64, n int64) {
		for _, v := range []Value{Str(s), Float(x), NewInt(n), Bool(n > 0), None} {
			_, err := Format(fuzzBudget(), v, spec)
			wantDefined(t, err)
		}
	})
}

func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"a": [1, -2.5e3, true, null, "x\u00e9\ud83d\ude00"]}`, `[`, `"\q"`, `NaN`, `{"a" 1}`, "[1,]", "\ufeff1", `"\ud800"`, "01", "-"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := JSONLoads(fuzzBudget(), s)
		wantDefined(t, err)
		if err != nil || !utf8.ValidString(s) {
			return
		}
		o := NewJSONOptions()
		text, err := JSONDumps(NewBudget(1e6, 1e8), v, o)
		if err != nil {
			wantDefined(t, err)
			return
		}
		again, err := JSONLoads(NewBudget(1e6, 1e8), text)
		if err != nil {
			t.Fatalf("%q was written as %q: %v", s, text, err)
		}
		if twice, err := JSONDumps(NewBudget(1e6, 1e8), again, o); err != nil || twice != text {
			t.Errorf("%q was written as %q, then as %q, %v", s, text, twice, err)
		}
	})
}

func FuzzMethods(f *testing.F) {
	f.Add(uint64(1), "abc", "b")
	f.Add(uint64(2), "\xed\xa0\x80é", "")
	f.Add(uint64(3), "\xff\xfe", "\xff")
	f.Fuzz(func(t *testing.T, stream uint64, s, x string) {
		g := newGen(stream)
		for _, name := range MethodNames("str") {
			args, kw := g.methodArgs(Str(s), name)
			_, err := CallMethod(fuzzBudget(), Str(s), name, args, kw)
			wantDefined(t, err)
			_, err = CallMethod(fuzzBudget(), Str(s), name, []Value{Str(x)}, nil)
			wantDefined(t, err)
		}
		for _, name := range ModuleNames() {
			_, err := CallModule(fuzzBudget(), name, []Value{Str(s)}, nil)
			wantDefined(t, err)
		}
		for _, name := range BuiltinNames() {
			_, err := CallBuiltin(fuzzBudget(), name, []Value{Str(s), g.value(2)}, nil)
			wantDefined(t, err)
		}
	})
}
