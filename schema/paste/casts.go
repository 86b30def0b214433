package paste

import (
	"fmt"
	"math/big"
	"strings"
	"unicode"

	"github.com/zclconf/go-cty/cty"

	"gsrv/schema/ini"
)

// The types of server settings in this package's catalogues. All are text in the file; the server casts them.
const (
	typeString = "string"      // kept as it is
	typeInt    = "int"         // Python's int()
	typeOctal  = "octal"       // Python's int(text, 8)
	typeBool   = "bool"        // waitress: t, true, y, yes, on, 1; anything else is false without an error
	typeAsBool = "asbool"      // PasteDeploy's converter: true yes on y t 1, false no off n f 0; anything else is refused
	typeList   = "list"        // split at white space
	typeSet    = "set"         // split at white space, lower-cased
	typeOrNone = "str-or-none" // empty text is none
	typePath   = "path-prefix" // one slash in front, none behind
	typeNone   = "sockets"     // cannot be given as text: always the empty list
)

var (
	truthy = map[string]bool{"t": true, "true": true, "y": true, "yes": true, "on": true, "1": true}
	falsy  = map[string]bool{"f": true, "false": true, "n": true, "no": true, "off": true, "0": true}
)

// cast gives a setting's value as the server makes it from text; a failure is the ValueError's message.
func cast(typ, text string) (cty.Value, string) {
	switch typ {
	case typeInt, typeOctal:
		base := 10
		if typ == typeOctal {
			base = 8
		}
		n := pythonInt(text, base)
		if n == nil {
			return cty.DynamicVal, fmt.Sprintf("invalid literal for int() with base %d: %s", base, ini.PythonRepr(text))
		}
		return cty.NumberVal(new(big.Float).SetInt(n)), ""
	case typeBool:
		return cty.BoolVal(truthy[strings.ToLower(ini.Strip(text))]), ""
	case typeAsBool:
		word := strings.ToLower(ini.Strip(text))
		if !truthy[word] && !falsy[word] {
			return cty.DynamicVal, "String is not true/false: " + ini.PythonRepr(word)
		}
		return cty.BoolVal(truthy[word]), ""
	case typeList, typeSet:
		words := ini.Fields(text)
		items := make([]cty.Value, len(words))
		for i, w := range words {
			if typ == typeSet {
				w = strings.ToLower(w)
			}
			items[i] = cty.StringVal(w)
		}
		return cty.TupleVal(items), ""
	case typeOrNone:
		if text == "" {
			return cty.NullVal(cty.DynamicPseudoType), ""
		}
	case typePath:
		text = ini.Strip(text)
		if text != "" {
			text = "/" + strings.Trim(text, "/")
		}
	case typeNone:
		return cty.EmptyTupleVal, ""
	}
	return cty.StringVal(text), ""
}

// maxDigits is the length over which Python refuses to make a number of text.
const maxDigits = 4300

// pythonInt reads a whole number as Python's int(text, base) does, or gives nil: white space around, a sign, a prefix
// (0o, for base 8), digits of any script with single underscores between them.
func pythonInt(text string, base int) *big.Int {
	s := ini.Strip(text)
	negative := strings.HasPrefix(s, "-")
	if negative || strings.HasPrefix(s, "+") {
		s = s[1:]
	}
	if base == 8 && (strings.HasPrefix(s, "0o") || strings.HasPrefix(s, "0O")) {
		s = strings.TrimPrefix(s[2:], "_")
	}
	var digits strings.Builder
	last := '_'
	for _, r := range s {
		switch d := digit(r); {
		case d >= 0 && d < base:
			digits.WriteByte(byte('0' + d))
		case r != '_' || last == '_':
			return nil
		}
		last = r
	}
	if last == '_' || digits.Len() > maxDigits && base == 10 {
		return nil
	}
	n, ok := new(big.Int).SetString(digits.String(), base)
	if !ok {
		return nil
	}
	if negative {
		n.Neg(n)
	}
	return n
}

// digit gives the value of a decimal digit of any script, or -1.
func digit(r rune) int {
	if r >= '0' && r <= '9' {
		return int(r - '0')
	}
	if r < 0x80 || !unicode.IsDigit(r) {
		return -1
	}
	// Digits of a script stand together from zero to nine, and the tables' ranges begin at a zero.
	for _, t := range unicode.Nd.R16 {
		if r >= rune(t.Lo) && r <= rune(t.Hi) {
			return int(r-rune(t.Lo)) % 10
		}
	}
	for _, t := range unicode.Nd.R32 {
		if r >= rune(t.Lo) && r <= rune(t.Hi) {
			return int(r-rune(t.Lo)) % 10
		}
	}
	return -1
}
