package waitress

import (
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
	"gsrv/schema/cmdline"
	"gsrv/schema/ini"
)

var (
	truthy = map[string]bool{"t": true, "true": true, "y": true, "yes": true, "on": true, "1": true}
	falsy  = map[string]bool{"f": true, "false": true, "n": true, "no": true, "off": true, "0": true}
)

// Truth reads a word for a truth value. waitress takes every word that it does not know for false; known is then false.
func Truth(text string) (v, known bool) {
	word := strings.ToLower(ini.Strip(text))
	return truthy[word], truthy[word] || falsy[word]
}

// Cast gives an adjustment's value as waitress makes it from text; a failure is the ValueError's message. The types are:
//
//	string       kept as it is
//	int          Python's int()
//	octal        Python's int(text, 8)
//	bool         t, true, y, yes, on, 1; anything else is false without an error
//	list         split at white space
//	set          split at white space, lower-cased
//	str-or-none  empty text is none
//	path-prefix  one slash in front, none behind
//	sockets      cannot be given as text: always the empty list
func Cast(typ, text string) (cty.Value, string) {
	switch typ {
	case "int", "octal":
		base := 10
		if typ == "octal" {
			base = 8
		}
		n, ok := cmdline.Int(text, base)
		if !ok {
			return cty.DynamicVal, fmt.Sprintf("invalid literal for int() with base %d: %s", base, ini.PythonRepr(text))
		}
		return n, ""
	case "bool", cmdline.TypeSwitch:
		v, _ := Truth(text)
		return cty.BoolVal(v), ""
	case "list", "set":
		words := ini.Fields(text)
		items := make([]cty.Value, len(words))
		for i, w := range words {
			if typ == "set" {
				w = strings.ToLower(w)
			}
			items[i] = cty.StringVal(w)
		}
		return cty.TupleVal(items), ""
	case "str-or-none":
		if text == "" {
			return schema.Null, ""
		}
	case "path-prefix":
		text = ini.Strip(text)
		if text != "" {
			text = "/" + strings.Trim(text, "/")
		}
	case "sockets":
		return cty.EmptyTupleVal, ""
	}
	return cty.StringVal(text), ""
}
