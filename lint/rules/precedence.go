package rules

import "slices"

// precedenceRules are the rules of family P. Precedence and shadowing: values that never take effect because another place wins.
var precedenceRules = slices.Concat(layerRules, environmentRules, startRules)
