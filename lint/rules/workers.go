package rules

import "gsrv/lint"

// workersRules are the rules of family W. Workers and the applications they run.
var workersRules = []*lint.Rule{}
