package value

import (
	"errors"
	"math"
	"strings"
	"testing"
)

// Each of these would take far more than the budget; all must be refused before they begin, with a
// budget of any size up to what a machine has.
func TestBudgetStopsBombs(t *testing.T) {
	huge := NewBigInt(NewInt(10).Big().Exp(NewInt(10).Big(), NewInt(30).Big(), nil))
	big := NewInt(1_000_000_000_000)
	bin := func(op Op, x, y Value) func(b *Budget) (Value, error) {
		return func(b *Budget) (Value, error) { return Binary(b, op, x, y) }
	}
	call := func(recv Value, name string, args ...Value) func(b *Budget) (Value, error) {
		return func(b *Budget) (Value, error) { return CallMethod(b, recv, name, args, nil) }
	}
	builtin := func(name string, args ...Value) func(b *Budget) (Value, error) {
		return func(b *Budget) (Value, error) { return CallBuiltin(b, name, args, nil) }
	}
	long := Str(strings.Repeat("a", 100_000))
	rng := &Range{Stop: big, Step: NewInt(1)}
	nested := Value(NewList(Str("lol")))
	for range 60 {
		nested = NewList(nested, nested)
	}
	for name, f := range map[string]func(b *Budget) (Value, error){
		"str * n":       bin(OpMul, Str("a"), big),
		"bytes * n":     bin(OpMul, Bytes("a"), big),
		"list * n":      bin(OpMul, NewList(NewInt(0)), big),
		"n * tuple":     bin(OpMul, big, NewTuple(NewInt(0))),
		"10 ** n":       bin(OpPow, NewInt(10), NewInt(10_000_000_000)),
		"10 ** huge":    bin(OpPow, NewInt(10), huge),
		"1 << n":        bin(OpLShift, NewInt(1), NewInt(1_000_000_000)),
		"1 << huge":     bin(OpLShift, NewInt(1), huge),
		"%nd":           bin(OpMod, Str("%1000000000d"), NewInt(1)),
		"%*d":           bin(OpMod, Str("%*d"), NewTuple(big, NewInt(1))),
		"%.nf":          bin(OpMod, Str("%.1000000000f"), Float(1)),
		"%.nd":          bin(OpMod, Str("%.1000000000d"), NewInt(1)),
		"list(range)":   builtin("list", rng),
		"tuple(range)":  builtin("tuple", rng),
		"sorted(range)": builtin("sorted", rng),
		"sum(range)":    builtin("sum", rng),
		"set(range)":    builtin("set", rng),
		"max(range)":    builtin("max", rng),
		"all(range)":    builtin("all", &Range{Start: NewInt(1), Stop: big, Step: NewInt(1)}),
		"bytes(n)":      builtin("bytes", big),
		"format width":  builtin("format", NewInt(1), Str("1000000000")),
		"format prec":   builtin("format", Float(1), Str(".1000000000f")),
		"format commas": builtin("format", NewInt(1), Str("01000000000,")),
		"format str":    builtin("format", Str("x"), Str("1000000000")),
		"ljust":         call(Str("a"), "ljust", big),
		"center":        call(Str("a"), "center", big, Str("é")),
		"zfill":         call(Str("a"), "zfill", big),
		"expandtabs":    call(Str("\t\t"), "expandtabs", NewInt(1<<31-1)),
		"replace":       call(long, "replace", Str("a"), long),
		"replace empty": call(long, "replace", Str(""), long),
		"join":          call(long, "join", NewList(make100(long)...)),
		"join str":      call(long, "join", long),
		"translate":     call(long, "translate", dictOf1(NewInt('a'), long)),
		"str.format":    call(Str("{:1000000000}"), "format", NewInt(1)),
		"to_bytes":      call(NewInt(1), "to_bytes", big, Str("big")),
		"repr(nested)":  builtin("repr", nested),
		"pow mod":       builtin("pow", huge, bigOf("0x"+strings.Repeat("f", 40000)), bigOf("0x"+strings.Repeat("f", 40001))),
		"list slice":    func(b *Budget) (Value, error) { l := NewList(); return l, SetItem(b, l, NewSlice(nil, nil, nil), rng) },
		"list +=":       func(b *Budget) (Value, error) { return InPlace(b, OpAdd, NewList(), rng) },
		"unpack":        func(b *Budget) (Value, error) { vs, err := Unpack(b, rng, 1, 0, true); return NewList(vs...), err },
		"json indent": func(b *Budget) (Value, error) {
			return CallModule(b, "json.dumps", []Value{nested}, []Kwarg{{"indent", NewInt(900)}})
		},
		"in endless": func(b *Budget) (Value, error) { ok, err := Contains(b, rng, Float(0.5)); return Bool(ok), err },
		"round":      builtin("round", bigOf("0x"+strings.Repeat("f", 100000)), NewInt(-300000)),
	} {
		b := NewBudget(200_000, 8<<20)
		_, err := f(b)
		var over *BudgetError
		if !errors.As(err, &over) {
			t.Errorf("%s: error %v, want a BudgetError", name, err)
		}
		if b.Steps < 0 || b.Bytes < 0 {
			t.Errorf("%s: overdrawn to %d steps, %d bytes", name, b.Steps, b.Bytes)
		}
		if _, err := f(nil); !errors.As(err, &over) {
			t.Errorf("%s without a budget: error %v, want a BudgetError", name, err)
		}
	}
}

func make100(v Value) []Value {
	out := make([]Value, 100)
	for i := range out {
		out[i] = v
	}
	return out
}

func dictOf1(k, v Value) *Dict {
	d := NewDict()
	_ = d.Set(nil, k, v)
	return d
}

func TestLazyRangeIsFree(t *testing.T) {
	b := NewBudget(1000, 10_000)
	r := &Range{Stop: NewInt(1_000_000_000_000), Step: NewInt(3)}
	v, err := GetItem(b, r, NewInt(-1))
	wantRepr(t, "last element", v, err, "999999999999")
	if in, err := Contains(b, r, NewInt(999_999_999_999)); err != nil || !in {
		t.Errorf("in: %v, %v", in, err)
	}
	if n, err := Len(b, r); err != nil || n != 333_333_333_334 {
		t.Errorf("len: %d, %v", n, err)
	}
}

func TestDeepNesting(t *testing.T) {
	deep := Value(NewTuple())
	l := Value(NewList())
	for range 100_000 {
		deep, l = NewTuple(deep), NewList(l)
	}
	b := NewBudget(math.MaxInt64, math.MaxInt64)
	_, err := Repr(b, l)
	wantUnsupported(t, "repr", err)
	_, err = HashOf(b, deep)
	wantUnsupported(t, "hash", err)
	_, err = Equal(b, l, NewList(l.(*List).Elems[0].(*List).Elems[0]))
	wantUnsupported(t, "==", err)
	_, err = Clone(b, l, map[Value]Value{})
	wantUnsupported(t, "clone", err)
	_, err = CallModule(b, "json.loads", []Value{Str(strings.Repeat("[", 100_000))}, nil)
	wantUnsupported(t, "json.loads", err)
	_, err = CallModule(b, "json.dumps", []Value{l}, nil)
	wantUnsupported(t, "json.dumps", err)
	if b.depth != 0 {
		t.Errorf("depth is left at %d", b.depth)
	}
}

func TestDictChangedWhileIterating(t *testing.T) {
	d := dictOf1(Str("a"), None)
	it, err := Iterate(nil, d)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := it.Next(nil); err != nil {
		t.Fatal(err)
	}
	_ = d.SetStr(nil, "b", None)
	var exc *Exception
	if _, _, err := it.Next(nil); !errors.As(err, &exc) || exc.Error() != "RuntimeError: dictionary changed size during iteration" {
		t.Errorf("error %v", err)
	}
}

func TestDictKeepsOrderThroughDeletions(t *testing.T) {
	b := NewBudget(1e7, 1e8)
	d := NewDict()
	for i := range int64(500) {
		_ = d.Set(b, NewInt(i), NewInt(i))
	}
	for i := range int64(499) {
		if i%5 != 0 {
			if _, ok, err := d.Delete(b, NewInt(i)); err != nil || !ok {
				t.Fatalf("delete %d: %v, %v", i, ok, err)
			}
		}
	}
	_ = d.Set(b, Float(5), Str("five"))
	want := int64(0)
	d.Items(func(k, v Value) bool {
		if n, _ := k.(Int).Int64(); n != want && n != 499 {
			t.Errorf("key %d where %d belongs", n, want)
		}
		want += 5
		return true
	})
	if v, ok, err := d.Get(b, NewInt(5)); err != nil || !ok || v != Value(Str("five")) {
		t.Errorf("d[5] = %v, %v, %v", v, ok, err)
	}
}

func TestExceptionHierarchy(t *testing.T) {
	for _, tt := range []struct {
		name, class string
		want        bool
	}{
		{"KeyError", "LookupError", true},
		{"JSONDecodeError", "ValueError", true},
		{"UnicodeDecodeError", "ValueError", true},
		{"IOError", "OSError", true},
		{"FileNotFoundError", "EnvironmentError", true},
		{"KeyboardInterrupt", "Exception", false},
		{"ValueError", "KeyError", false},
		{"NoSuchError", "Exception", false},
	} {
		if got := ExceptionIsA(tt.name, tt.class); got != tt.want {
			t.Errorf("ExceptionIsA(%s, %s) = %v", tt.name, tt.class, got)
		}
	}
}

func TestOSText(t *testing.T) {
	s := StrFromOS("a\xff\xc3\xa9")
	wantRepr(t, "text of bytes that are not UTF-8", s, nil, `'a\udcffé'`)
	if raw, ok := s.OSBytes(); !ok || raw != "a\xff\xc3\xa9" {
		t.Errorf("OSBytes gave %q, %v", raw, ok)
	}
	if _, ok := Str("\xed\xa0\x80").OSBytes(); ok {
		t.Error("another lone surrogate was encoded")
	}
	for _, tt := range []struct{ got, want string }{
		{PathAbs("a/../b", "/srv"), "/srv/b"},
		{PathAbs("/x//y", "/srv"), "/x/y"},
		{PathRel("/srv/a", "/srv/b/c"), "../../a"},
		{PathRel("/srv", "/srv"), "."},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
	if p, ok := PathExpandUser("~/x", "/home/u/"); !ok || p != "/home/u/x" {
		t.Errorf("PathExpandUser gave %q, %v", p, ok)
	}
	if _, ok := PathExpandUser("~root", "/home/u"); ok {
		t.Error("another user's home was known")
	}
}
