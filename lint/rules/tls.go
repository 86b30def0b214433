package rules

import "gsrv/lint"

// tlsRules are the rules of family T. TLS.
var tlsRules = []*lint.Rule{}
