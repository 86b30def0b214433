package value

import (
	"slices"
	"strings"
	"unicode"
)

func inRanges(table []runeRange, r rune) bool {
	_, ok := slices.BinarySearchFunc(table, r, func(x runeRange, r rune) int {
		switch {
		case r < x.lo:
			return 1
		case r > x.hi:
			return -1
		}
		return 0
	})
	return ok
}

func isNewer(r rune) bool { return r >= 0x80 && inRanges(newerRunes, r) }

func isPrintable(r rune) bool { return unicode.IsPrint(r) && !isNewer(r) }

func isSpace(r rune) bool {
	switch {
	case r < 0x80:
		return r >= 9 && r <= 13 || r >= 0x1c && r <= 0x20
	case r == 0x85, r == 0xa0, r == 0x1680, r >= 0x2000 && r <= 0x200a,
		r == 0x2028, r == 0x2029, r == 0x202f, r == 0x205f, r == 0x3000:
		return true
	}
	return false
}

func isAlpha(r rune) bool   { return unicode.IsLetter(r) && !isNewer(r) }
func isDecimal(r rune) bool { return unicode.Is(unicode.Nd, r) && !isNewer(r) }
func isDigit(r rune) bool   { return isDecimal(r) || inRanges(digitRunes, r) }
func isNumeric(r rune) bool { return isDigit(r) || inRanges(numericRunes, r) }
func isAlnum(r rune) bool   { return isAlpha(r) || isNumeric(r) }

// decimalDigit is the value of a decimal digit of any alphabet, or -1. Each alphabet's ten digits
// follow one another from its zero.
func decimalDigit(r rune) int {
	if r >= '0' && r <= '9' {
		return int(r - '0')
	}
	if r < 0x80 || !isDecimal(r) {
		return -1
	}
	for _, rg := range unicode.Nd.R16 {
		if rune(rg.Lo) <= r && r <= rune(rg.Hi) {
			return int(r-rune(rg.Lo)) % 10
		}
	}
	for _, rg := range unicode.Nd.R32 {
		if rune(rg.Lo) <= r && r <= rune(rg.Hi) {
			return int(r-rune(rg.Lo)) % 10
		}
	}
	return -1
}

func isLowerRune(r rune) bool {
	switch r {
	case 0x10fc, 0xa7f2, 0xa7f3, 0xa7f4, 0xab69: // lower case since Unicode 15 only
		return false
	}
	return unicode.In(r, unicode.Ll, unicode.Other_Lowercase) && !isNewer(r)
}

func isUpperRune(r rune) bool {
	return unicode.In(r, unicode.Lu, unicode.Other_Uppercase) && !isNewer(r)
}

func isTitleRune(r rune) bool { return unicode.Is(unicode.Lt, r) }

func isCased(r rune) bool { return isLowerRune(r) || isUpperRune(r) || isTitleRune(r) }

// isCaseIgnorable is what stands between a letter and a final sigma without mattering.
func isCaseIgnorable(r rune) bool {
	switch r {
	case '\'', '.', ':', 0xb7, 0x387, 0x55f, 0x5f4, 0x2018, 0x2019, 0x2024, 0x2027,
		0xfe13, 0xfe52, 0xfe55, 0xff07, 0xff0e, 0xff1a:
		return true
	}
	return unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf, unicode.Lm, unicode.Sk) && !isNewer(r)
}

func upperRune(r rune) string {
	if s, ok := fullUpper()[r]; ok {
		return s
	}
	return runeString(unicode.ToUpper(r))
}

func titleRune(r rune) string {
	if s, ok := fullTitle()[r]; ok {
		return s
	}
	return runeString(unicode.ToTitle(r))
}

func lowerRune(r rune) string {
	if r == 0x130 {
		return "i\u0307"
	}
	return runeString(unicode.ToLower(r))
}

func foldRune(r rune) string {
	if s, ok := fullFold()[r]; ok {
		return s
	}
	return runeString(unicode.ToLower(r))
}

const (
	capitalSigma = 0x3a3
	finalSigma   = "\u03c2"
)

// lowerAt is the lower case of rs[i], which for a capital sigma depends on its neighbours.
func lowerAt(rs []rune, i int) string {
	if rs[i] != capitalSigma {
		return lowerRune(rs[i])
	}
	j := i - 1
	for j >= 0 && isCaseIgnorable(rs[j]) {
		j--
	}
	if j < 0 || !isCased(rs[j]) {
		return lowerRune(rs[i])
	}
	for j = i + 1; j < len(rs) && isCaseIgnorable(rs[j]); j++ {
	}
	if j < len(rs) && isCased(rs[j]) {
		return lowerRune(rs[i])
	}
	return finalSigma
}

func strLower(s string) string {
	if isASCII(s) {
		return strings.ToLower(s)
	}
	rs := decodeRunes(s)
	var sb strings.Builder
	for i := range rs {
		sb.WriteString(lowerAt(rs, i))
	}
	return sb.String()
}

func strUpper(s string) string {
	if isASCII(s) {
		return strings.ToUpper(s)
	}
	return mapRunes(s, upperRune)
}

func strFold(s string) string {
	if isASCII(s) {
		return strings.ToLower(s)
	}
	return mapRunes(s, foldRune)
}

func strCapitalize(s string) string {
	rs := decodeRunes(s)
	var sb strings.Builder
	for i, r := range rs {
		if i == 0 {
			sb.WriteString(titleRune(r))
		} else {
			sb.WriteString(lowerAt(rs, i))
		}
	}
	return sb.String()
}

func strTitle(s string) string {
	rs := decodeRunes(s)
	var sb strings.Builder
	prev := false
	for i, r := range rs {
		if prev {
			sb.WriteString(lowerAt(rs, i))
		} else {
			sb.WriteString(titleRune(r))
		}
		prev = isCased(r)
	}
	return sb.String()
}

func strSwapcase(s string) string {
	rs := decodeRunes(s)
	var sb strings.Builder
	for i, r := range rs {
		switch {
		case isUpperRune(r):
			sb.WriteString(lowerAt(rs, i))
		case isLowerRune(r):
			sb.WriteString(upperRune(r))
		default:
			sb.WriteString(runeString(r))
		}
	}
	return sb.String()
}

func strIsTitle(s string) bool {
	cased, prev := false, false
	for _, r := range decodeRunes(s) {
		switch {
		case isUpperRune(r) || isTitleRune(r):
			if prev {
				return false
			}
			prev, cased = true, true
		case isLowerRune(r):
			if !prev {
				return false
			}
			cased = true
		default:
			prev = false
		}
	}
	return cased
}

// strIsCase says whether s has a cased character and none of the other case.
func strIsCase(s string, want, other func(rune) bool) bool {
	cased := false
	for len(s) > 0 {
		r, n := nextRune(s)
		s = s[n:]
		if other(r) || isTitleRune(r) {
			return false
		}
		cased = cased || want(r)
	}
	return cased
}

func isIdentifier(s string) bool {
	for i, r := range decodeRunes(s) {
		start := r == '_' || isAlpha(r) || unicode.In(r, unicode.Nl, unicode.Other_ID_Start) && !isNewer(r)
		switch r {
		// Letters by category that are not identifiers in normal form (XID_Start, XID_Continue).
		case 0xe33, 0xeb3, 0xff9e, 0xff9f:
			start = i > 0
		case 0x37a, 0x2e2f, 0x309b, 0x309c, 0xfdfa, 0xfdfb, 0xfe70, 0xfe72, 0xfe74, 0xfe76, 0xfe78,
			0xfe7a, 0xfe7c, 0xfe7e, 0xfc5e, 0xfc5f, 0xfc60, 0xfc61, 0xfc62, 0xfc63:
			return false
		}
		if start {
			continue
		}
		if i == 0 || isNewer(r) || !unicode.In(r, unicode.Mn, unicode.Mc, unicode.Nd, unicode.Pc, unicode.Other_ID_Continue) {
			return false
		}
	}
	return s != ""
}
