package rules

import "gsrv/lint"

// processRules are the rules of family M. The process model: what is loaded before and after the fork, and what runs in the background.
var processRules = []*lint.Rule{}
