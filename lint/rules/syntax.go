package rules

import "gsrv/lint"

// syntaxRules are the rules of family S. Syntax and schema: names, values and files that the server refuses, drops or reads otherwise than meant.
var syntaxRules = []*lint.Rule{}
