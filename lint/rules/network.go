package rules

import "slices"

// networkRules are the rules of family N: who can reach the server, and whom it believes.
var networkRules = slices.Concat(exposureRules, trustRules, uwsgiNetworkRules, unixSocketRules)
