package rules

import "slices"

// securityRules are the rules of family V: switches that give safety away, and advisories.
var securityRules = slices.Concat(advisoryRules, switchRules, secretRules)
