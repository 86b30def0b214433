package static

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// What a Range asks for.
const (
	whole = iota
	partial
	unsatisfied
)

// parseRange reads the field Range for a file of size bytes. Of several ranges the first counts; what cannot be read is not
// satisfied, as in uWSGI.
func parseRange(text string, size int64) (from, length int64, part int) {
	text, _, _ = strings.Cut(text, ",")
	span, ok := strings.CutPrefix(text, "bytes=")
	first, last, dash := strings.Cut(span, "-")
	if !ok || !dash || first == "" && last == "" {
		return 0, 0, unsatisfied
	}
	to := int64(math.MaxInt64)
	if first == "" {
		n, ok := number(last)
		if !ok || n == 0 {
			return 0, 0, unsatisfied
		}
		from = max(size-n, 0)
	} else {
		if from, ok = number(first); !ok {
			return 0, 0, unsatisfied
		}
		if last != "" {
			if to, ok = number(last); !ok || to < from {
				return 0, 0, unsatisfied
			}
		}
	}
	to = min(to, size-1)
	switch {
	case from == 0 && to == size-1:
		return 0, size, whole
	case to < from:
		return 0, 0, unsatisfied
	}
	return from, to - from + 1, partial
}

func number(text string) (int64, bool) {
	n, err := strconv.ParseUint(text, 10, 63)
	return int64(n), err == nil
}

// parseDate reads a date in the form of RFC 1123; uWSGI knows no other.
func parseDate(text string) (time.Time, bool) {
	t, err := time.Parse("Mon, 02 Jan 2006 15:04:05 GMT", text)
	return t, err == nil
}
