package nginx

import (
	"math"
	"strings"
	"time"
)

// ParseTime reads a time as nginx does: numbers with y, M, w, d, h, m, s and ms from the largest unit down, "1h 30m";
// a plain number counts seconds. Directives with whole seconds take years and months but no milliseconds.
func ParseTime(s string, seconds bool) (time.Duration, bool) {
	const units = " yMwdhms" // steps 1 to 7; ms is 8, a plain number 9
	scales := []int64{0, 365 * 86400, 30 * 86400, 7 * 86400, 86400, 3600, 60, 1}
	step := 2
	if seconds {
		step = 0
	}
	var total, value int64
	valid := false
	add := func(scale int64) bool {
		if value > math.MaxInt64/scale || total > math.MaxInt64-value*scale {
			return false
		}
		total += value * scale
		value = 0
		return true
	}
	for i := 0; i < len(s); {
		c := s[i]
		i++
		if c >= '0' && c <= '9' {
			if value > (math.MaxInt64-9)/10 {
				return 0, false
			}
			value = value*10 + int64(c-'0')
			valid = true
			continue
		}
		var scale int64
		switch n := strings.IndexByte(units, c); {
		case c == ' ':
			if step >= 7 {
				return 0, false
			}
			step, scale = 9, 1000
		case c == 'm' && i < len(s) && s[i] == 's':
			if seconds || step >= 8 {
				return 0, false
			}
			i++
			step, scale = 8, 1
		case n > 0:
			if step >= n {
				return 0, false
			}
			step, scale = n, scales[n]*1000
		default:
			return 0, false
		}
		if !add(scale) {
			return 0, false
		}
		for i < len(s) && s[i] == ' ' {
			i++
		}
	}
	if !valid || !add(1000) || total > math.MaxInt64/int64(time.Millisecond) {
		return 0, false
	}
	return time.Duration(total) * time.Millisecond, true
}

// ParseSize reads a size in bytes: a number with k or m, and g for directives that take an offset.
func ParseSize(s string, offset bool) (int64, bool) {
	scale := int64(1)
	if s != "" {
		switch c := s[len(s)-1]; {
		case c == 'k' || c == 'K':
			scale = 1 << 10
		case c == 'm' || c == 'M':
			scale = 1 << 20
		case offset && (c == 'g' || c == 'G'):
			scale = 1 << 30
		}
	}
	if scale > 1 {
		s = s[:len(s)-1]
	}
	n, ok := parseNumber(s)
	if !ok || n > math.MaxInt64/scale {
		return 0, false
	}
	return n * scale, true
}

func parseNumber(s string) (int64, bool) {
	if s == "" {
		return 0, false
	}
	var n int64
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' || n > (math.MaxInt64-9)/10 {
			return 0, false
		}
		n = n*10 + int64(s[i]-'0')
	}
	return n, true
}

func secondsOf(n int64) time.Duration { return time.Duration(n) * time.Second }
