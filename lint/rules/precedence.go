package rules

import "gsrv/lint"

// precedenceRules are the rules of family P. Precedence and shadowing: values that never take effect because another place wins.
var precedenceRules = []*lint.Rule{}
