package rules

import "slices"

// loggingRules are the rules of family O: logging and observability.
var loggingRules = slices.Concat(gunicornLogRules, uwsgiLogRules, uvicornLogRules, modwsgiLogRules)
