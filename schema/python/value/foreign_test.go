package value

import (
	"errors"
	"strings"
	"testing"
)

// symbol is a foreign value of which nothing is known.
type symbol struct{ name string }

func (*symbol) TypeName() string { return "symbol" }

// function is a foreign value that can be called, compared and hashed.
type function struct {
	name string
	call func(args []Value) (Value, error)
}

func (*function) TypeName() string { return "function" }

func (f *function) HashKey() (string, error) { return f.name, nil }

func (f *function) PyEqual(_ *Budget, other Value) (bool, error) { return Value(f) == other, nil }

func calling() *Budget {
	b := NewBudget(1_000_000, 1<<20)
	b.Call = func(_ *Budget, fn Value, args []Value, _ []Kwarg) (Value, error) {
		return fn.(*function).call(args)
	}
	b.GetAttr = func(_ *Budget, v Value, name string) (Value, error) {
		if s, ok := v.(*symbol); ok {
			return Str(s.name + "." + name), nil
		}
		return Attribute(nil, v, name)
	}
	return b
}

func wantUnsupported(t *testing.T, what string, err error) {
	t.Helper()
	var no *UnsupportedError
	if !errors.As(err, &no) || no.What == "" {
		t.Errorf("%s: error %v, want an UnsupportedError", what, err)
	}
}

func wantRepr(t *testing.T, what string, v Value, err error, want string) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	if got, err := Repr(NewBudget(1e6, 1e6), v); err != nil || got != want {
		t.Errorf("%s = %s, %v; want %s", what, got, err, want)
	}
}

func TestForeignValuesInContainers(t *testing.T) {
	b := calling()
	x := &symbol{"x"}
	l := NewList(NewInt(1), x)
	if _, err := CallMethod(b, l, "append", []Value{Str("z")}, nil); err != nil {
		t.Fatal(err)
	}
	if v, err := GetItem(b, l, NewInt(1)); err != nil || v != Value(x) {
		t.Errorf("indexing a list gave %v, %v", v, err)
	}
	if n, err := Len(b, l); err != nil || n != 3 {
		t.Errorf("len = %d, %v", n, err)
	}
	both, err := Binary(b, OpAdd, l, l)
	if err != nil || len(both.(*List).Elems) != 6 {
		t.Errorf("concatenation gave %v, %v", both, err)
	}
	vs, err := Unpack(b, l, 1, 0, true)
	if err != nil || vs[1].(*List).Elems[0] != Value(x) {
		t.Errorf("unpacking gave %v, %v", vs, err)
	}
	d := NewDict()
	if err := d.Set(b, Str("k"), x); err != nil {
		t.Fatal(err)
	}
	if v, err := CallMethod(b, d, "get", []Value{Str("k")}, nil); err != nil || v != Value(x) {
		t.Errorf("get gave %v, %v", v, err)
	}
	// What is found before the unknown element is sure; what is not found is not.
	if in, err := Contains(b, l, NewInt(1)); err != nil || !in {
		t.Errorf("1 in l = %v, %v", in, err)
	}
	if in, err := Contains(b, l, Str("z")); err != nil || !in {
		t.Errorf("'z' in l = %v, %v", in, err)
	}
	_, err = Contains(b, l, NewInt(2))
	wantUnsupported(t, "2 in l", err)
	_, err = Repr(b, l)
	wantUnsupported(t, "repr(l)", err)
	_, err = Equal(b, l, NewList(NewInt(1), NewInt(2), Str("z")))
	wantUnsupported(t, "l == other", err)
	if eq, err := Equal(b, l, NewList(NewInt(2), NewInt(2), Str("z"))); err != nil || eq {
		t.Errorf("lists that differ before the unknown element: %v, %v", eq, err)
	}
	if err := d.Set(b, x, None); err == nil {
		t.Error("a value that cannot be hashed became a key")
	}
	for _, name := range []string{"int", "float", "sum", "sorted", "abs", "ord", "round"} {
		_, err := CallBuiltin(b, name, []Value{x}, nil)
		wantUnsupported(t, name, err)
	}
	for _, op := range []Op{OpAdd, OpMul, OpMod, OpOr, OpPow} {
		_, err := Binary(b, op, x, NewInt(1))
		wantUnsupported(t, "x "+string(op)+" 1", err)
		_, err = Binary(b, op, NewInt(1), x)
		wantUnsupported(t, "1 "+string(op)+" x", err)
	}
	_, err = Binary(b, OpMod, Str("%s"), x)
	wantUnsupported(t, "'%s' % x", err)
	_, err = CallMethod(b, Str(","), "join", []Value{NewList(Str("a"), x)}, nil)
	wantUnsupported(t, "join", err)
	_, err = Is(x, None)
	wantUnsupported(t, "x is None", err)
}

func TestForeignKeysAndCalls(t *testing.T) {
	b := calling()
	length := &function{"length", func(args []Value) (Value, error) {
		n, err := Len(nil, args[0])
		return NewInt(int64(n)), err
	}}
	d := NewDict()
	if err := d.Set(b, length, Str("v")); err != nil {
		t.Fatal(err)
	}
	if v, ok, err := d.Get(b, length); err != nil || !ok || v != Value(Str("v")) {
		t.Errorf("lookup of a function gave %v, %v, %v", v, ok, err)
	}
	words := NewList(Str("ccc"), Str("a"), Str("bb"), Str("d"))
	for _, tt := range []struct {
		what, name string
		args       []Value
		kw         []Kwarg
		want       string
	}{
		{"sorted by key", "sorted", []Value{words}, []Kwarg{{"key", length}}, "['a', 'd', 'bb', 'ccc']"},
		{"sorted by key, reversed", "sorted", []Value{words}, []Kwarg{{"key", length}, {"reverse", True}}, "['ccc', 'bb', 'a', 'd']"},
		{"max by key", "max", []Value{words}, []Kwarg{{"key", length}}, "'ccc'"},
		{"min by key", "min", []Value{words}, []Kwarg{{"key", length}}, "'a'"},
	} {
		v, err := CallBuiltin(b, tt.name, tt.args, tt.kw)
		wantRepr(t, tt.what, v, err, tt.want)
	}
	m, err := CallBuiltin(b, "map", []Value{length, words}, nil)
	if err != nil {
		t.Fatal(err)
	}
	v, err := CallBuiltin(b, "list", []Value{m}, nil)
	wantRepr(t, "list(map)", v, err, "[3, 1, 2, 1]")
	v, err = CallBuiltin(b, "list", []Value{m}, nil)
	wantRepr(t, "the map a second time", v, err, "[]")
	f, err := CallBuiltin(b, "filter", []Value{None, NewList(NewInt(0), NewInt(2))}, nil)
	if err != nil {
		t.Fatal(err)
	}
	v, err = CallBuiltin(b, "tuple", []Value{f}, nil)
	wantRepr(t, "tuple(filter)", v, err, "(2,)")
	_, err = CallBuiltin(NewBudget(1000, 1000), "sorted", []Value{words}, []Kwarg{{"key", length}})
	wantUnsupported(t, "a key without an interpreter", err)
	v, err = CallModule(b, "json.dumps", []Value{NewList(NewSet(false))}, []Kwarg{{"default", length}})
	wantRepr(t, "json.dumps with default", v, err, "'[0]'")
}

func TestPieces(t *testing.T) {
	b := calling()
	x := &symbol{"x"}
	show := func(ps []Piece) string {
		var sb strings.Builder
		for _, p := range ps {
			switch conv, percent := p.Percent(); {
			case p.Value == nil:
				sb.WriteString(p.Text)
			case IsForeign(p.Value):
				if percent {
					sb.WriteString("<x" + conv + ">")
				} else {
					sb.WriteString("<x!" + string(rune(p.Conv)) + ":" + p.Spec + ">")
				}
			default:
				s, err := p.Render(b)
				if err != nil {
					t.Error(err)
				}
				sb.WriteString(s)
			}
		}
		return sb.String()
	}
	ps, err := FormatPieces(b, "{}:{!r:>{}} {n.attr}{{}}", []Value{NewInt(8), x, NewInt(5)}, []Kwarg{{"n", x}})
	if got, want := show(ps), "8:<x!r:>5> x.attr{}"; err != nil || got != want {
		t.Errorf("FormatPieces gave %q, %v; want %q", got, err, want)
	}
	ps, err = PercentPieces(b, "%s:%-5.2f|%%", NewTuple(Str("h"), x))
	if got, want := show(ps), "h:<x%-5.2f>|%"; err != nil || got != want {
		t.Errorf("PercentPieces gave %q, %v; want %q", got, err, want)
	}
	if _, err := PercentPieces(b, "%(a)s", x); err == nil {
		t.Error("a key of an unknown mapping was found")
	}
}

func TestClone(t *testing.T) {
	b := NewBudget(1e6, 1e6)
	shared := NewList(NewInt(1))
	d := NewDict()
	_ = d.SetStr(b, "a", shared)
	_ = d.SetStr(b, "self", d)
	memo := map[Value]Value{}
	c, err := Clone(b, NewTuple(shared, d, Str("s")), memo)
	if err != nil {
		t.Fatal(err)
	}
	shared.Elems[0] = NewInt(2)
	wantRepr(t, "the copy", c, nil, "([1], {'a': [1], 'self': {...}}, 's')")
	cd := c.(*Tuple).Elems[1].(*Dict)
	if a, _ := cd.GetStr("a"); a != c.(*Tuple).Elems[0] {
		t.Error("what was shared is shared no more")
	}
	if self, _ := cd.GetStr("self"); self != Value(cd) {
		t.Error("the copy refers to the original")
	}
	again, err := Clone(b, shared, memo)
	if err != nil || again != c.(*Tuple).Elems[0] {
		t.Errorf("the memo was not used: %v, %v", again, err)
	}
	fixed := NewTuple(NewInt(1), Str("a"))
	if same, err := Clone(b, fixed, memo); err != nil || same != Value(fixed) {
		t.Errorf("an immutable tuple was copied: %v, %v", same, err)
	}
}

func TestIs(t *testing.T) {
	l := NewList()
	for _, tt := range []struct {
		x, y Value
		want string
	}{
		{None, None, "True"},
		{None, False, "False"},
		{True, True, "True"},
		{True, NewInt(1), "False"},
		{NewInt(256), NewInt(256), "True"},
		{NewInt(257), NewInt(257), "unknown"},
		{NewInt(257), NewInt(258), "False"},
		{Str("ab"), Str("ab"), "unknown"},
		{Str("ab"), Str("ac"), "False"},
		{l, l, "True"},
		{l, NewList(), "False"},
		{NewTuple(), NewTuple(), "True"},
		{NewTuple(l), NewTuple(l), "unknown"},
		{Float(1), Float(1), "unknown"},
	} {
		got := "unknown"
		if is, err := Is(tt.x, tt.y); err == nil {
			got = map[bool]string{true: "True", false: "False"}[is]
		}
		if got != tt.want {
			t.Errorf("%#v is %#v: %s, want %s", tt.x, tt.y, got, tt.want)
		}
	}
}

func TestSetOrderIsNeverGuessed(t *testing.T) {
	b := NewBudget(1e6, 1e6)
	s := NewSet(false)
	for _, w := range []string{"b", "a"} {
		if err := s.Add(b, Str(w)); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range []string{"list", "tuple", "repr", "str", "enumerate", "iter", "zip"} {
		_, err := CallBuiltin(b, f, []Value{s}, nil)
		wantUnsupported(t, f, err)
	}
	_, err := CallMethod(b, Str(","), "join", []Value{s}, nil)
	wantUnsupported(t, "join", err)
	_, err = CallMethod(b, s, "pop", nil, nil)
	wantUnsupported(t, "pop", err)
	v, err := CallBuiltin(b, "sorted", []Value{s}, nil)
	wantRepr(t, "sorted", v, err, "['a', 'b']")
	_, err = CallBuiltin(b, "hash", []Value{Str("a")}, nil)
	wantUnsupported(t, "hash of a string", err)
}
