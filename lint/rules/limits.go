package rules

import "slices"

// limitsRules are the rules of family L: limits, timeouts and sizing.
var limitsRules = slices.Concat(gunicornTimeoutRules, uwsgiTimeoutRules, waitressLimitRules, sizingRules, requestLimitRules, modwsgiLimitRules)
