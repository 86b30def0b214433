package syntax

import (
	"strconv"
	"strings"
	"sync"

	"golang.org/x/text/unicode/runenames"
)

var nameTable = sync.OnceValue(func() map[string]rune {
	m := make(map[string]rune, 40000)
	for r := rune(0); r <= 0x10FFFF; r++ {
		if r >= 0x3400 && r <= 0x9FFF || r >= 0xAC00 && r <= 0xD7A3 || r >= 0x20000 && r <= 0x323AF || r >= 0xE000 && r <= 0xF8FF {
			continue
		}
		if n := runenames.Name(r); n != "" && n[0] != '<' {
			m[n] = r
		}
	}
	for alias, r := range controlNames {
		m[alias] = r
	}
	return m
})

// controlNames are the formal aliases of control characters, which have no name of their own.
var controlNames = map[string]rune{
	"NULL": 0, "NUL": 0, "BELL": 0x1F514, "ALERT": 7, "BEL": 7, "BACKSPACE": 8, "BS": 8, "CHARACTER TABULATION": 9, "HORIZONTAL TABULATION": 9, "TAB": 9, "HT": 9,
	"LINE FEED": 10, "NEW LINE": 10, "END OF LINE": 10, "LF": 10, "NL": 10, "EOL": 10, "LINE TABULATION": 11, "VERTICAL TABULATION": 11, "VT": 11,
	"FORM FEED": 12, "FF": 12, "CARRIAGE RETURN": 13, "CR": 13, "ESCAPE": 27, "ESC": 27, "DELETE": 127, "DEL": 127, "NEXT LINE": 0x85, "NEL": 0x85,
	"NO-BREAK SPACE": 0xA0, "NBSP": 0xA0, "SOFT HYPHEN": 0xAD, "SHY": 0xAD, "BYTE ORDER MARK": 0xFEFF, "BOM": 0xFEFF, "ZWNBSP": 0xFEFF, "ZERO WIDTH SPACE": 0x200B, "ZWSP": 0x200B,
	"LATIN SMALL LETTER GHA": 0x1A3, "LATIN CAPITAL LETTER GHA": 0x1A2,
}

var (
	hangulL = strings.Fields("G GG N D DD R M B BB S SS - J JJ C K T P H")
	hangulV = strings.Fields("A AE YA YAE EO E YEO YE O WA WAE OE YO U WEO WE WI YU EU YI I")
	hangulT = strings.Fields("- G GG GS N NJ NH D L LG LM LB LS LT LP LH M B BS S SS NG J C K T P H")
)

// runeByName gives the character of a Unicode name, as \N{…} takes it.
func runeByName(name string) (rune, bool) {
	name = strings.ToUpper(name)
	if hex, ok := strings.CutPrefix(name, "CJK UNIFIED IDEOGRAPH-"); ok && (len(hex) == 4 || len(hex) == 5) {
		n, err := strconv.ParseUint(hex, 16, 32)
		return rune(n), err == nil && (n >= 0x3400 && n <= 0x4DBF || n >= 0x4E00 && n <= 0x9FFF || n >= 0x20000 && n <= 0x323AF)
	}
	if syllable, ok := strings.CutPrefix(name, "HANGUL SYLLABLE "); ok {
		return hangul(syllable)
	}
	r, ok := nameTable()[name]
	return r, ok
}

func hangul(s string) (rune, bool) {
	for l, ln := range hangulL {
		for v, vn := range hangulV {
			for t, tn := range hangulT {
				if strings.ReplaceAll(ln+vn+tn, "-", "") == s {
					return rune(0xAC00 + (l*21+v)*28 + t), true
				}
			}
		}
	}
	return 0, false
}
