package paste

import (
	"strings"

	"github.com/zclconf/go-cty/cty"

	"gsrv/schema/ini"
	"gsrv/schema/waitress"
)

// The types of server settings in this package's catalogues besides those of waitress.Cast. All are text in the file;
// the server casts them.
const (
	typeString = "string" // kept as it is
	typeInt    = "int"    // Python's int()
	typeList   = "list"   // split at white space
	typeAsBool = "asbool" // PasteDeploy's converter: true yes on y t 1, false no off n f 0; anything else is refused
)

// cast gives a setting's value as the server makes it from text; a failure is the ValueError's message.
func cast(typ, text string) (cty.Value, string) {
	if typ == typeAsBool {
		word := strings.ToLower(ini.Strip(text))
		v, known := waitress.Truth(text)
		if !known {
			return cty.DynamicVal, "String is not true/false: " + ini.PythonRepr(word)
		}
		return cty.BoolVal(v), ""
	}
	return waitress.Cast(typ, text)
}
