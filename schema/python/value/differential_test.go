package value

import (
	"strings"
	"testing"
)

func rec(kind, op string, vals ...Value) *record { return &record{Kind: kind, Op: op, vals: vals} }

// sameAnswer compares a result with the oracle's.
func sameAnswer(r *record, want string) bool { return r.got == want }

func TestOperatorsLikePython(t *testing.T) {
	g := newGen(1)
	var rs []*record
	binary := []Op{OpAdd, OpSub, OpMul, OpDiv, OpFloorDiv, OpMod, OpPow, OpLShift, OpRShift, OpAnd, OpOr, OpXor, OpMatMul}
	compare := []Op{OpEq, OpNe, OpLt, OpLe, OpGt, OpGe, OpIn, OpNotIn}
	for range 9000 {
		x := g.value(2)
		rs = append(rs, rec(pickOne(g, "binary", "binary", "inplace"), string(pickOne(g, binary...)), x, g.like(x)))
	}
	for range 5000 {
		x := g.value(2)
		rs = append(rs, rec("compare", string(pickOne(g, compare...)), x, g.like(x)))
		rs = append(rs, rec("compare", "in", g.member(x), x))
	}
	for range 1500 {
		rs = append(rs, rec("unary", string(pickOne(g, OpAdd, OpSub, OpInvert, OpNot)), g.value(2)))
		rs = append(rs, rec("binary", "*", g.list(1), g.int()), rec("binary", "*", g.str(), g.int()))
		rs = append(rs, rec("binary", string(pickOne(g, binary[:12]...)), g.int(), g.int()))
		rs = append(rs, rec("binary", string(pickOne(g, binary[:7]...)), g.float(), g.float()))
	}
	compareWithPython(t, rs, 0.12)
}

func TestItemsLikePython(t *testing.T) {
	g := newGen(2)
	var rs []*record
	for range 3000 {
		v := pickOne(g, g.list(2), g.tuple(2), g.str(), g.bytes(), g.dict(2), g.rng(), g.value(2))
		var index Value
		switch g.IntN(5) {
		case 0, 1:
			index = NewInt(int64(g.IntN(12) - 6))
		case 2, 3:
			index = g.slice()
		default:
			index = g.member(v)
		}
		rs = append(rs, rec("getitem", "", v, index), rec("delitem", "", v, index))
		rs = append(rs, rec("setitem", "", v, index, pickOne(g, g.list(1), g.value(1), g.str())))
		rs = append(rs, rec("unpack", pickOne(g, "", "star"), pickOne(g, g.list(1), g.value(1))))
	}
	compareWithPython(t, rs, 0.1)
}

// methodArgs are plausible arguments of a method.
func (g *gen) methodArgs(recv Value, name string) ([]Value, []Kwarg) {
	var args []Value
	var kw []Kwarg
	small := func() Value { return NewInt(int64(g.IntN(14) - 3)) }
	text := g.str
	if _, ok := recv.(Bytes); ok {
		text = g.bytes
	}
	part := func() Value {
		if s, ok := recv.(Str); ok && len(s) > 0 && g.IntN(2) == 0 {
			n := runeLen(string(s))
			i := g.IntN(n)
			return Str(substring(string(s), i, min(n, i+1+g.IntN(2))))
		}
		return text()
	}
	if g.IntN(8) == 0 {
		for range g.IntN(4) {
			args = append(args, g.value(1))
		}
		if g.IntN(4) == 0 {
			kw = append(kw, Kwarg{pickOne(g, "sep", "maxsplit", "x", "keepends", "key"), g.value(1)})
		}
		return args, kw
	}
	switch name {
	case "center", "ljust", "rjust":
		args = append(args, small())
		if g.IntN(2) == 0 {
			args = append(args, pickOne[Value](g, Str("*"), Str("é"), text()))
		}
	case "zfill", "expandtabs":
		args = append(args, small())
	case "count", "find", "rfind", "index", "rindex", "startswith", "endswith", "remove":
		if _, ok := recv.(Str); ok {
			args = append(args, part())
		} else {
			args = append(args, g.member(recv))
		}
		if strings.HasSuffix(name, "with") && g.IntN(4) == 0 {
			args[0] = NewTuple(part(), part())
		}
		for range g.IntN(3) {
			args = append(args, g.smallOrNone())
		}
	case "split", "rsplit":
		if g.IntN(3) > 0 {
			args = append(args, pickOne[Value](g, None, part(), part()))
		}
		if g.IntN(2) == 0 {
			kw = append(kw, Kwarg{"maxsplit", small()})
		}
	case "strip", "lstrip", "rstrip":
		if g.IntN(2) == 0 {
			args = append(args, pickOne[Value](g, None, part()))
		}
	case "replace":
		args = append(args, part(), text())
		if g.IntN(2) == 0 {
			args = append(args, small())
		}
	case "join":
		l := &List{}
		for range g.IntN(4) {
			l.Elems = append(l.Elems, text())
		}
		args = append(args, pickOne[Value](g, l, &Tuple{l.Elems}, text()))
	case "partition", "rpartition", "removeprefix", "removesuffix":
		args = append(args, part())
	case "splitlines":
		if g.IntN(2) == 0 {
			args = append(args, Bool(g.IntN(2) == 0))
		}
	case "encode", "decode":
		if g.IntN(4) > 0 {
			args = append(args, Str(pickOne(g, "utf-8", "ascii", "latin-1", "UTF8", "latin1")))
			if g.IntN(2) == 0 {
				args = append(args, Str(pickOne(g, "strict", "ignore", "replace", "backslashreplace", "surrogateescape", "surrogatepass", "xmlcharrefreplace", "nosuch")))
			}
		}
	case "translate":
		d := NewDict()
		for range g.IntN(4) {
			_ = d.Set(nil, NewInt(int64(pickOne(g, 'a', 'b', 'é', ' '))), pickOne[Value](g, None, Str("xy"), NewInt(0x263a), Str("")))
		}
		args = append(args, d)
	case "format", "format_map":
		args = append(args, g.value(1), g.value(1))
	case "get", "pop", "setdefault", "insert", "append", "add", "discard":
		args = append(args, g.member(recv))
		if g.IntN(2) == 0 || name == "insert" {
			args = append(args, g.value(1))
		}
		if _, ok := recv.(*List); ok && (name == "pop" || name == "insert") {
			args[0] = small()
		}
	case "update", "union", "intersection", "difference", "symmetric_difference", "issubset", "issuperset", "isdisjoint",
		"difference_update", "intersection_update", "symmetric_difference_update", "extend":
		args = append(args, pickOne(g, g.set(), g.list(1), g.dict(1), g.like(recv), g.str()))
		if name == "update" {
			if _, ok := recv.(*Dict); ok && g.IntN(2) == 0 {
				kw = append(kw, Kwarg{"k", g.value(1)})
			}
		}
	case "sort":
		if g.IntN(2) == 0 {
			kw = append(kw, Kwarg{"reverse", Bool(g.IntN(2) == 0)})
		}
	case "to_bytes":
		args = append(args, NewInt(int64(g.IntN(12))), Str(pickOne(g, "big", "little", "odd")))
		if g.IntN(2) == 0 {
			kw = append(kw, Kwarg{"signed", True})
		}
	}
	return args, kw
}

func TestMethodsLikePython(t *testing.T) {
	g := newGen(3)
	var rs []*record
	makers := []func() Value{
		g.str, g.str, g.str, g.str, g.bytes, g.bytes,
		func() Value { return g.list(2) },
		func() Value { return g.tuple(2) },
		func() Value { return g.dict(2) },
		func() Value { return g.dict(2) },
		g.set, g.set, g.int, g.float, g.rng, g.slice,
	}
	for range 22000 {
		recv := pickOne(g, makers...)()
		name := pickOne(g, MethodNames(recv.TypeName())...)
		if _, static := staticMethods[recv.TypeName()][name]; static {
			continue
		}
		r := rec("method", name, recv)
		args, kw := g.methodArgs(recv, name)
		r.vals, r.kw = append(r.vals, args...), kw
		rs = append(rs, r)
	}
	for range 300 {
		r := rec("class", "fromkeys", g.list(1), g.value(1))
		r.Class = "dict"
		rs = append(rs, r)
		r = rec("class", "from_bytes", pickOne(g, g.bytes(), g.list(1)), Str(pickOne(g, "big", "little")))
		r.Class = "int"
		if g.IntN(2) == 0 {
			r.kw = []Kwarg{{"signed", True}}
		}
		rs = append(rs, r)
		r = rec("class", "maketrans", g.str(), g.str(), g.str())
		r.vals = r.vals[:1+g.IntN(3)]
		if g.IntN(2) == 0 {
			r.vals = []Value{g.dict(1)}
		}
		r.Class = "str"
		rs = append(rs, r)
		r = rec("class", "fromhex", pickOne[Value](g, g.str(), Str("00ff 1A"), Str("0"), Str("zz")))
		r.Class = "bytes"
		rs = append(rs, r)
		r = rec("class", "lower", g.value(1))
		r.Class = "str"
		rs = append(rs, r)
	}
	compareWithPython(t, rs, 0.1)
}

func TestFormattingLikePython(t *testing.T) {
	g := newGen(4)
	var rs []*record
	for range 9000 {
		rs = append(rs, rec("builtin", "format", pickOne(g, g.int(), g.float(), g.float(), g.str(), g.value(1)), Str(g.formatSpec())))
	}
	for range 9000 {
		tmpl := ""
		var args []Value
		for range 1 + g.IntN(3) {
			s := g.percentSpec()
			tmpl += pickOne(g, "", "x", "é ") + s
			for range strings.Count(s, "*") {
				args = append(args, NewInt(int64(g.IntN(20)-5)))
			}
			if !strings.HasSuffix(s, "%") {
				args = append(args, pickOne(g, g.int(), g.float(), g.str(), g.value(1)))
			}
		}
		arg := Value(&Tuple{args})
		switch {
		case strings.Contains(tmpl, "("):
			d := NewDict()
			for _, k := range []string{"a", "b", "key", "x(y)", ""} {
				_ = d.SetStr(nil, k, pickOne(g, g.int(), g.float(), g.str(), g.value(1)))
			}
			arg = d
		case len(args) == 1 && g.IntN(2) == 0:
			arg = args[0]
		case g.IntN(10) == 0:
			arg = g.value(2)
		}
		rs = append(rs, rec("binary", "%", Str(tmpl), arg))
	}
	for range 8000 {
		r := rec("method", "format", Str(g.template()))
		for range g.IntN(4) {
			r.vals = append(r.vals, pickOne(g, g.int(), g.int(), g.float(), g.str(), g.value(2)))
		}
		for _, n := range []string{"a", "b"} {
			if g.IntN(2) == 0 {
				r.kw = append(r.kw, Kwarg{n, pickOne(g, g.int(), g.str(), g.dict(1))})
			}
		}
		rs = append(rs, r)
	}
	compareWithPython(t, rs, 0.1)
}

func TestBuiltinsLikePython(t *testing.T) {
	g := newGen(5)
	var rs []*record
	names := BuiltinNames()
	iterable := func() Value { return pickOne(g, g.list(1), g.tuple(1), g.str(), g.set(), g.dict(1), g.rng()) }
	for range 14000 {
		name := pickOne(g, names...)
		r := rec("builtin", name)
		switch name {
		case "int", "float", "abs", "round", "chr", "hex", "bin", "oct", "hash", "bool", "divmod", "pow", "complex", "ord":
			for range 1 + g.IntN(2) {
				r.vals = append(r.vals, pickOne(g, g.int(), g.float(), g.str(), g.value(1)))
			}
			if name == "pow" && g.IntN(2) == 0 {
				r.vals = []Value{g.int(), g.int(), g.int()}
			}
			if name == "round" && len(r.vals) > 1 && g.IntN(4) > 0 {
				r.vals = []Value{pickOne(g, g.float(), g.int()), NewInt(int64(g.IntN(30) - 10))}
			}
		case "sorted", "sum", "min", "max", "any", "all", "list", "tuple", "set", "frozenset", "len", "reversed", "enumerate", "iter":
			r.vals = append(r.vals, iterable())
			switch {
			case name == "sorted" && g.IntN(2) == 0:
				r.kw = []Kwarg{{"reverse", Bool(g.IntN(2) == 0)}}
			case strings.HasPrefix(name, "m") && g.IntN(3) == 0:
				r.kw = []Kwarg{{"default", g.int()}}
			case strings.HasPrefix(name, "m") && g.IntN(3) == 0:
				r.vals = append(r.vals, g.like(r.vals[0]))
			case (name == "enumerate" || name == "sum") && g.IntN(2) == 0:
				r.vals = append(r.vals, g.int())
			}
		case "dict":
			if g.IntN(3) > 0 {
				r.vals = append(r.vals, pickOne[Value](g, g.dict(1), NewList(NewTuple(g.key(), g.int()), NewTuple(g.key(), g.str())), g.list(2)))
			}
			r.kw = []Kwarg{{"k", g.value(1)}}
		case "zip":
			for range g.IntN(4) {
				r.vals = append(r.vals, iterable())
			}
		case "range", "slice":
			for range 1 + g.IntN(3) {
				r.vals = append(r.vals, NewInt(int64(g.IntN(9)-4)))
			}
		}
		if g.IntN(10) == 0 {
			r.vals = nil
			for range g.IntN(4) {
				r.vals = append(r.vals, g.value(1))
			}
		}
		rs = append(rs, r)
	}
	digits := []string{"0", "1", "9", "_", ".", "e", "E", "+", "-", "x", "X", "b", "o", "a", "F", " ", "\n", "inf", "nan", "٣", "０", "z", "\u00a0", "12", "345"}
	for range 5000 {
		s := ""
		for range 1 + g.IntN(6) {
			s += pickOne(g, digits...)
		}
		rs = append(rs, rec("builtin", "float", Str(s)), rec("builtin", "int", Str(s)))
		rs = append(rs, rec("builtin", "int", Str(s), NewInt(int64(pickOne(g, 0, 2, 8, 10, 16, 36, 1, 37)))))
	}
	for range 3000 {
		rs = append(rs, rec("builtin", "repr", g.float()), rec("builtin", "round", g.float(), NewInt(int64(g.IntN(8)-2))))
		rs = append(rs, rec("builtin", pickOne(g, "repr", "str", "ascii"), g.value(2)))
	}
	compareWithPython(t, rs, 0.2)
}

func (g *gen) jsonText(depth int) string {
	ws := func() string { return pickOne(g, "", "", "", " ", "\n", "\t ") }
	switch n := g.IntN(12); {
	case n < 2 && depth > 0:
		parts := []string{}
		for range g.IntN(4) {
			parts = append(parts, ws()+g.jsonText(depth-1)+ws())
		}
		return "[" + strings.Join(parts, ",") + "]"
	case n < 5 && depth > 0:
		parts := []string{}
		for range g.IntN(4) {
			parts = append(parts, ws()+pickOne(g, `"a"`, `"b"`, `"é"`)+ws()+":"+ws()+g.jsonText(depth-1))
		}
		return "{" + strings.Join(parts, ",") + "}"
	}
	return pickOne(g, "1", "-1", "0", "1.5", "-0.0", "1e5", "1E-3", "01", "1.", "-", "true", "false", "null", "NaN", "-Infinity", "Infinity",
		`"x"`, `""`, `"\n\u00e9"`, `"\ud83d\ude00"`, `"\ud83d"`, `"\ud83dx"`, `"\q"`, `"\u12"`, `"\u12g4"`, `"a`, "\"\t\"", "'x'", "nul", "123456789012345678901234567890", "1e400", `"日本"`, "[", "")
}

func TestLibraryLikePython(t *testing.T) {
	g := newGen(6)
	var rs []*record
	for range 6000 {
		s := g.jsonText(3)
		if g.IntN(3) == 0 {
			runes := []rune(s)
			i := g.IntN(len(runes) + 1)
			s = string(runes[:i]) + pickOne(g, "{", "}", "[", "]", ",", ":", "\"", "\\", "1", " ", "\n", "x", "-", ".") + string(runes[i:])
		}
		rs = append(rs, rec("module", "json.loads", Str(s)))
	}
	for range 4000 {
		r := rec("module", "json.dumps", pickOne(g, g.dict(2), g.list(2), g.value(2)))
		opts := []Kwarg{
			{"indent", pickOne[Value](g, None, NewInt(2), NewInt(0), Str("\t"))},
			{"sort_keys", Bool(g.IntN(2) == 0)},
			{"ensure_ascii", Bool(g.IntN(2) == 0)},
			{"separators", NewTuple(Str(","), Str(":"))},
			{"skipkeys", Bool(g.IntN(2) == 0)},
			{"allow_nan", Bool(g.IntN(2) == 0)},
		}
		for _, o := range opts {
			if g.IntN(4) == 0 {
				r.kw = append(r.kw, o)
			}
		}
		rs = append(rs, r)
	}
	shell := []string{"a", "b", " ", "'", "\"", "\\", "#", "$x", "\t", "--opt=v", "''", "\n", "é", "\\\"", "x y"}
	paths := []string{"/", "//", "///", "a", "b", ".", "..", ".py", "a.b", "...", "~", "/srv", "é", "", ".tar.gz", "~/x"}
	names := []string{"basename", "dirname", "split", "splitext", "normpath", "isabs", "abspath", "expanduser", "normcase"}
	for range 3000 {
		s := ""
		for range g.IntN(7) {
			s += pickOne(g, shell...)
		}
		r := rec("module", "shlex.split", Str(s))
		if g.IntN(4) == 0 {
			r.vals = append(r.vals, True)
		}
		rs = append(rs, r, rec("module", "shlex.quote", Str(s)))
		p := ""
		for range g.IntN(6) {
			p += pickOne(g, paths...)
			if g.IntN(2) == 0 {
				p += "/"
			}
		}
		rs = append(rs, rec("module", "os.path."+pickOne(g, names...), pickOne[Value](g, Str(p), Str(p), Str(p), g.value(1))))
		rs = append(rs, rec("module", "os.path.join", Str(p), Str(pickOne(g, paths...)), pickOne(g, Value(Str("c")), g.value(0))))
		rs = append(rs, rec("module", "os.path.commonpath", NewList(Str(p), Str("/srv/"+p), Str(p+"/x"))))
		rs = append(rs, rec("module", "shlex.join", NewList(Str(s), Str(p))))
		d := ""
		for range g.IntN(5) {
			d += pickOne(g, "", "  ", "\t", "    ", " \t", "\r") + pickOne(g, "x", "", "yy z", "\v") + "\n"
		}
		rs = append(rs, rec("module", "textwrap.dedent", Str(d)))
		rs = append(rs, rec("module", "distutils.util.strtobool", Str(pickOne(g, "yes", "No", "TRUE", "off", "1", "maybe", "", "0", "Y", "İ"))))
	}
	compareWithPython(t, rs, 0.1)
}

func TestCharactersLikePython(t *testing.T) {
	var rs []*record
	for lo := int64(0); lo < 0x32000; lo += 0x40 {
		rs = append(rs, rec("characters", "", NewInt(lo), NewInt(lo+0x40)))
	}
	for _, lo := range []int64{0xe0000, 0xe0100, 0xf0000, 0x10ff00} {
		rs = append(rs, rec("characters", "", NewInt(lo), NewInt(lo+0x100)))
	}
	compareWithPython(t, rs, 0)
}
