package rules

import "gsrv/lint"

// networkRules are the rules of family N. Who can reach the server, and whose word it takes.
var networkRules = []*lint.Rule{}
