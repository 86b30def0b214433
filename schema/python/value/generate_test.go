package value

import (
	"flag"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
)

// gen makes random values and operations, the same ones in every run.
type gen struct{ *rand.Rand }

// seed makes other operations than the usual ones: go test -seed 7.
var seed = flag.Uint64("seed", 311, "seed of the generated operations")

func newGen(stream uint64) *gen { return &gen{rand.New(rand.NewPCG(stream, *seed))} }

func pickOne[T any](g *gen, from ...T) T { return from[g.IntN(len(from))] }

func bigOf(s string) Int {
	z, _ := new(big.Int).SetString(s, 0)
	return NewBigInt(z)
}

func (g *gen) int() Value {
	switch g.IntN(10) {
	case 0, 1, 2, 3:
		return NewInt(int64(g.IntN(13) - 4))
	case 4:
		return NewInt(g.Int64() - g.Int64())
	case 5:
		return pickOne(g, NewInt(math.MaxInt64), NewInt(math.MinInt64), bigOf("0x8000000000000000"),
			bigOf("-0x8000000000000001"), bigOf("0x10000000000000000"), bigOf("100000000000000000000"),
			bigOf("-123456789012345678901234567890"), bigOf("1"+strings.Repeat("0", 310)),
			NewInt(1<<53+1), NewInt(1<<31), NewInt(-1<<31), NewInt(0x110000), NewInt(0xd800))
	case 6:
		return Bool(g.IntN(2) == 0)
	}
	return NewInt(int64(g.IntN(2000) - 500))
}

func (g *gen) float() Value {
	switch g.IntN(6) {
	case 0:
		return Float(pickOne(g, 0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.NaN(), 1e16, 1e15,
			9999999999999998, 1e22, 1e-4, 1e-5, 123456789, math.MaxFloat64, 5e-324, 0.1, 1e100, 1e300, 999999.5))
	case 1:
		return Float(float64(g.IntN(40)-20) / 2)
	case 2:
		return Float(float64(g.IntN(4000)-2000) / 8)
	case 3:
		return Float(math.Float64frombits(g.Uint64()))
	case 4:
		return Float(math.Round(g.NormFloat64()*1e5) / 100)
	}
	return Float(g.NormFloat64() * math.Pow(10, float64(g.IntN(40)-20)))
}

var words = []string{
	"", "a", "b", "ab", "abc", "aab", " ", "  x ", "\t", "\n", "a\nb", "x\r\ny\r", "foo bar", "Hello World", "HELLO",
	"hello", "ß", "Straße", "ŉ", "ΑΣ", "ΑΣ Β", "İ", "é", "e\u0301", "日本語", "😀", "😀x", "\x00", "\x1f", "'", "\"", "'\"", "\\",
	"1", "12", "-3", "+4", " 5 ", "1_000", "0x1F", "0b11", "0o17", "1.5", "1e5", "inf", "nan", "٣", "½", "²", "a,b,c", "a,,b", "key=val",
	"{}", "%s", "ǆ", "ǅ", "ﬁ", "\u2028", "\u00a0", "\xed\xa0\x80", "a\xed\xb2\x80b", "_x1", "x-y", "127.0.0.1:8000", "gunicorn.conf.py", "/srv/app/x.py",
	"True", "a.b.c", "aaa", "abab", "tItLe cAsE", "they're bill's", "x\ty\tz", "00042", "-0",
}

func (g *gen) str() Value {
	switch g.IntN(4) {
	case 0:
		var sb strings.Builder
		for range g.IntN(6) {
			sb.WriteString(pickOne(g, words...))
		}
		return Str(sb.String())
	case 1:
		var rs []rune
		for range g.IntN(8) {
			rs = append(rs, pickOne(g, 'a', 'b', 'A', ' ', '.', ',', '1', 'é', 'ß', '日', '😀', '\n', '\t'))
		}
		return Str(encodeRunes(rs))
	}
	return Str(pickOne(g, words...))
}

func (g *gen) bytes() Value {
	return Bytes(pickOne(g, "", "a", "abc", "a b c", "\xff", "\x00\x01", "caf\xc3\xa9", "\xe2\x82", "\xed\xa0\x80", "Hello", "a,b,,c", " x ", "12", "1.5", "aab", "\r\n", "l1\nl2"))
}

func (g *gen) elems(depth int) []Value {
	var out []Value
	for range g.IntN(5) {
		out = append(out, g.value(depth-1))
	}
	return out
}

func (g *gen) sameKind() []Value {
	f := pickOne(g, g.int, g.str, g.float)
	var out []Value
	for range g.IntN(7) {
		out = append(out, f())
	}
	return out
}

func (g *gen) list(depth int) Value {
	if g.IntN(2) == 0 {
		return &List{g.sameKind()}
	}
	return &List{g.elems(depth)}
}

func (g *gen) tuple(depth int) Value {
	if g.IntN(2) == 0 {
		return &Tuple{g.sameKind()}
	}
	return &Tuple{g.elems(depth)}
}

func (g *gen) key() Value {
	switch g.IntN(6) {
	case 0, 1, 2:
		return Str(pickOne(g, "a", "b", "c", "key", "x", ""))
	case 3:
		return NewInt(int64(g.IntN(5)))
	case 4:
		return pickOne[Value](g, None, True, False, Float(1), Float(2.5), Bytes("b"), NewTuple(NewInt(1), Str("a")))
	}
	return g.str()
}

func (g *gen) dict(depth int) Value {
	depth = min(depth, 2)
	d := NewDict()
	for range g.IntN(5) {
		if err := d.Set(nil, g.key(), g.value(depth-1)); err != nil {
			panic(err)
		}
	}
	return d
}

func (g *gen) set() Value {
	s := NewSet(g.IntN(3) == 0)
	for range g.IntN(5) {
		if err := s.Add(nil, g.key()); err != nil {
			panic(err)
		}
	}
	return s
}

func (g *gen) smallOrNone() Value {
	if g.IntN(3) == 0 {
		return None
	}
	return NewInt(int64(g.IntN(13) - 6))
}

func (g *gen) slice() Value {
	step := g.smallOrNone()
	if g.IntN(2) == 0 {
		step = None
	}
	return &Slice{g.smallOrNone(), g.smallOrNone(), step}
}

func (g *gen) rng() Value {
	step := int64(g.IntN(9) - 4)
	if step == 0 {
		step = 1
	}
	return &Range{NewInt(int64(g.IntN(20) - 10)), NewInt(int64(g.IntN(20) - 10)), NewInt(step)}
}

// value is any value; containers nest at most depth deep.
func (g *gen) value(depth int) Value {
	n := 14
	if depth <= 0 {
		n = 8
	}
	switch g.IntN(n) {
	case 0, 1:
		return g.int()
	case 2:
		return g.float()
	case 3, 4, 5:
		return g.str()
	case 6:
		return pickOne[Value](g, None, True, False, Ellipsis)
	case 7:
		return g.bytes()
	case 8:
		return g.list(depth)
	case 9:
		return g.tuple(depth)
	case 10:
		return g.dict(depth)
	case 11:
		return g.set()
	case 12:
		return g.rng()
	}
	switch g.IntN(4) {
	case 0:
		return g.slice()
	case 1:
		return Complex(complex(float64(g.IntN(3)), float64(g.IntN(3)-1)))
	}
	if depth < 2 { // the identity of a view of values is lost in its source
		return &DictView{g.dict(depth).(*Dict), pickOne(g, KeysView, ItemsView)}
	}
	return &DictView{g.dict(1).(*Dict), pickOne(g, KeysView, ValuesView, ItemsView)}
}

// like is a value of the same kind as v, mostly.
func (g *gen) like(v Value) Value {
	if g.IntN(4) == 0 {
		return g.value(2)
	}
	switch v := v.(type) {
	case Bool, Int, Float, Complex:
		if g.IntN(2) == 0 {
			return g.float()
		}
		return g.int()
	case Str:
		return g.str()
	case Bytes:
		return g.bytes()
	case *List:
		return g.list(2)
	case *Tuple:
		return g.tuple(2)
	case *Dict:
		return g.dict(2)
	case *Set, *DictView:
		return g.set()
	case *Range:
		return g.rng()
	default:
		return v
	}
}

// member is an element of v, or the like.
func (g *gen) member(v Value) Value {
	if elems, err := collectUnordered(nil, v); err == nil && len(elems) > 0 && g.IntN(3) > 0 {
		m := pickOne(g, elems...)
		if !strings.Contains(source(m), "NaN") { // a source does not say which NaN is the same object
			return m
		}
	}
	return g.value(1)
}

// formatSpec is a format specification, mostly a valid one.
func (g *gen) formatSpec() string {
	var sb strings.Builder
	maybe := func(n int, opts ...string) {
		if g.IntN(n) == 0 {
			sb.WriteString(pickOne(g, opts...))
		}
	}
	maybe(2, "<", ">", "^", "=", "*<", "x>", "0^", "é^", "{=", "0=", "🙂>")
	maybe(3, "+", "-", " ")
	maybe(12, "z")
	maybe(4, "#")
	maybe(4, "0")
	maybe(2, "1", "2", "5", "10", "17", "30")
	maybe(4, ",", "_", ",", "_", ",_", "_,")
	maybe(3, ".0", ".1", ".2", ".3", ".5", ".10", ".17", ".20", ".", ".50")
	maybe(2, "d", "b", "o", "x", "X", "n", "e", "E", "f", "F", "g", "G", "%", "c", "s")
	maybe(40, "q", "ss", "!", "é", "y")
	return sb.String()
}

// percentSpec is a conversion of the % operator, mostly a valid one.
func (g *gen) percentSpec() string {
	var sb strings.Builder
	maybe := func(n int, opts ...string) {
		if g.IntN(n) == 0 {
			sb.WriteString(pickOne(g, opts...))
		}
	}
	sb.WriteString("%")
	maybe(6, "(a)", "(b)", "(key)", "(x(y))", "()")
	maybe(4, "-", "+", " ", "#", "0", "-0", "+#", "0 ")
	maybe(3, "5", "10", "1", "*", "20")
	maybe(3, ".0", ".2", ".10", ".", ".*", ".3")
	maybe(20, "l", "h", "L")
	sb.WriteString(pickOne(g, "s", "d", "s", "d", "i", "u", "o", "x", "X", "e", "E", "f", "F", "g", "G", "c", "r", "a", "%", "s", "f", "s", "y", "é", ""))
	return sb.String()
}

// template is a template of str.format, mostly a valid one.
func (g *gen) template() string {
	var sb strings.Builder
	auto := g.IntN(2) == 0
	for range 1 + g.IntN(3) {
		sb.WriteString(pickOne(g, "", "x", " ", "{{", "}}", "é", ":"))
		sb.WriteString("{")
		if auto {
			sb.WriteString(pickOne(g, "", "", "", "a", "[0]"))
		} else {
			sb.WriteString(pickOne(g, "0", "1", "a", "b", "0[0]", "a[x]", "0[-1]", "b[key]", "0.real", "1[0][1]", "0[a b]", "7"))
		}
		if g.IntN(3) == 0 {
			sb.WriteString(pickOne(g, "!r", "!s", "!a", "!x", "!", "!rr"))
		}
		if g.IntN(2) == 0 {
			sb.WriteString(":")
			if g.IntN(4) == 0 {
				sb.WriteString(pickOne(g, "{}", "{1}", "{0}.{1}", ">{1}", "{a}", "{{}}", "{:{}}"))
			} else {
				sb.WriteString(g.formatSpec())
			}
		}
		sb.WriteString("}")
	}
	s := sb.String()
	if g.IntN(12) == 0 && len(s) > 0 {
		i := g.IntN(len(s) + 1)
		s = s[:i] + pickOne(g, "{", "}", "[", "]", ".", "!", ":") + s[i:]
		s = strings.ToValidUTF8(s, "?")
	}
	return s
}
