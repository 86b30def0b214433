package rules

import "gsrv/lint"

// securityRules are the rules of family V. Security switches and advisories.
var securityRules = []*lint.Rule{}
