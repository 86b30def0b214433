package rules

import "slices"

// syntaxRules are the rules of family S. Syntax and schema: names, values and files that the server refuses, drops or reads otherwise than meant.
var syntaxRules = slices.Concat(syntaxNameRules, syntaxValueRules, syntaxNumberRules, syntaxUWSGIRules, syntaxStartRules, syntaxVersionRules, syntaxSourceRules)
