package rules

import "gsrv/lint"

// limitsRules are the rules of family L. Limits, timeouts and sizing.
var limitsRules = []*lint.Rule{}
