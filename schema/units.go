package schema

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// A unit is a suffix and what one of it counts in the model's unit.
type unit struct {
	name  string
	scale *big.Rat
}

// durationUnits, in seconds, largest first.
var durationUnits = []unit{
	{"d", big.NewRat(86400, 1)},
	{"h", big.NewRat(3600, 1)},
	{"m", big.NewRat(60, 1)},
	{"s", big.NewRat(1, 1)},
	{"ms", big.NewRat(1, 1000)},
}

// sizeUnits, in bytes.
var sizeUnits = []unit{
	{"TiB", big.NewRat(1<<40, 1)},
	{"GiB", big.NewRat(1<<30, 1)},
	{"MiB", big.NewRat(1<<20, 1)},
	{"KiB", big.NewRat(1<<10, 1)},
	{"TB", big.NewRat(1e12, 1)},
	{"GB", big.NewRat(1e9, 1)},
	{"MB", big.NewRat(1e6, 1)},
	{"KB", big.NewRat(1e3, 1)},
	{"B", big.NewRat(1, 1)},
}

// maxQuantity is the longest text that is taken for a time or a size; no real one comes near.
const maxQuantity = 64

// ParseDuration reads a time written with its units, "30s", "1m30s", "500ms", "6h", "2d", as a number of seconds.
// Errors are for people and name what would be right.
func ParseDuration(s string) (cty.Value, error) {
	return parseQuantity(s, "time", `"30s"`, "ms, s, m, h or d", durationUnits)
}

// ParseSize reads a size written with its unit, "512MiB", "50MB", "8KiB", "100B", as a number of bytes.
func ParseSize(s string) (cty.Value, error) {
	v, err := parseQuantity(s, "size", `"512MiB"`, "B, KB, MB, GB, TB (powers of 1000), KiB, MiB, GiB or TiB (powers of 1024)", sizeUnits)
	if err == nil && !v.AsBigFloat().IsInt() {
		return cty.DynamicVal, fmt.Errorf("%q is no whole number of bytes", s)
	}
	return v, err
}

func parseQuantity(s, kind, example, units string, table []unit) (cty.Value, error) {
	fail := func(format string, args ...any) (cty.Value, error) {
		return cty.DynamicVal, fmt.Errorf(format, args...)
	}
	if len(s) > maxQuantity {
		return fail("a %s such as %s is expected, not %d characters of text", kind, example, len(s))
	}
	rest, negative := strings.CutPrefix(s, "-")
	if rest == "" {
		return fail("a %s such as %s is expected, not %q", kind, example, s)
	}
	total := new(big.Rat)
	previous := -1
	for rest != "" {
		end := strings.IndexFunc(rest, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
		number := rest
		if end >= 0 {
			number = rest[:end]
		}
		n, ok := new(big.Rat).SetString(number)
		if !ok || strings.HasPrefix(number, ".") || strings.HasSuffix(number, ".") {
			return fail("a %s such as %s is expected, not %q", kind, example, s)
		}
		if end < 0 {
			return fail("%q has no unit: write a %s as %s; units are %s", s, kind, example, units)
		}
		rest = rest[end:]
		end = strings.IndexFunc(rest, func(r rune) bool { return r == '.' || (r >= '0' && r <= '9') })
		name := rest
		if end >= 0 {
			name = rest[:end]
		}
		at := unitIndex(name, table)
		if at < 0 {
			return fail("%q has no unit that gsrv knows: units are %s, with no space before them", s, units)
		}
		if at <= previous || previous >= 0 && kind == "size" {
			return fail("%q: write a %s as %s; units go from large to small", s, kind, example)
		}
		previous = at
		total.Add(total, n.Mul(n, table[at].scale))
		rest = rest[len(name):]
	}
	if negative {
		total.Neg(total)
	}
	return cty.NumberVal(new(big.Float).SetPrec(512).SetRat(total)), nil
}

func unitIndex(name string, table []unit) int {
	for i, u := range table {
		if u.name == name {
			return i
		}
	}
	return -1
}

// FormatDuration writes a number of seconds as ParseDuration reads it, in the largest units that fit: "30s", "1m30s",
// "6h", "500ms". False for what is no number.
func FormatDuration(v cty.Value) (string, bool) {
	if !isNumber(v) {
		return "", false
	}
	f := v.AsBigFloat()
	sign := ""
	if f.Sign() < 0 {
		sign, f = "-", new(big.Float).Neg(f)
	}
	n, exact := f.Int64()
	if exact != big.Exact || n > 1<<53 {
		// In decimal digits, since a number that came from 64 bits of floating point is no exact thousandth.
		text := f.Text('f', -1)
		if milli, ok := new(big.Rat).SetString(text); ok && milli.Cmp(big.NewRat(1, 1)) < 0 {
			if milli.Mul(milli, big.NewRat(1000, 1)); milli.IsInt() {
				return sign + milli.Num().String() + "ms", true
			}
		}
		return sign + text + "s", true
	}
	var b strings.Builder
	b.WriteString(sign)
	for _, u := range []struct {
		name  string
		scale int64
	}{{"h", 3600}, {"m", 60}, {"s", 1}} {
		if q := n / u.scale; q > 0 {
			fmt.Fprintf(&b, "%d%s", q, u.name)
			n -= q * u.scale
		}
	}
	if b.Len() == len(sign) {
		return "0s", true
	}
	return b.String(), true
}

// FormatSize writes a number of bytes as ParseSize reads it, in the unit that makes it shortest: "512MiB", "50MB".
// False for what is no whole number.
func FormatSize(v cty.Value) (string, bool) {
	if !isNumber(v) || !v.AsBigFloat().IsInt() {
		return "", false
	}
	f := v.AsBigFloat()
	n, exact := f.Int64()
	if exact != big.Exact {
		return f.Text('f', 0) + "B", true
	}
	best := fmt.Sprintf("%dB", n)
	if n == 0 {
		return best, true
	}
	for _, u := range sizeUnits {
		scale := u.scale.Num().Int64()
		if n%scale != 0 {
			continue
		}
		if t := fmt.Sprintf("%d%s", n/scale, u.name); len(t) < len(best) || len(t) == len(best) && len(u.name) == 3 && !strings.HasSuffix(best, "iB") {
			best = t
		}
	}
	return best, true
}

func isNumber(v cty.Value) bool {
	if v == cty.NilVal || !v.IsKnown() || v.IsNull() || v.Type() != cty.Number {
		return false
	}
	exp := v.AsBigFloat().MantExp(nil)
	return !v.AsBigFloat().IsInf() && exp < 4096 && exp > -4096 // pages of digits are no quantity
}

// quantity is the conversions "duration" and "size" of ConvertValue: text with a unit as a number.
func quantity(conversion string, v cty.Value) cty.Value {
	if v.Type() != cty.String {
		return cty.DynamicVal
	}
	parse := ParseDuration
	if conversion == "size" {
		parse = ParseSize
	}
	n, err := parse(v.AsString())
	if err != nil {
		return cty.DynamicVal
	}
	return n
}
