package rules

import "gsrv/lint"

// loggingRules are the rules of family O. Logging and observability.
var loggingRules = []*lint.Rule{}
