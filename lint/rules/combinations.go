package rules

import "slices"

// combinationRules are the rules of family C: settings that are right alone and fail together.
var combinationRules = slices.Concat(forkRules, emperorRules, recycleRules, reloadRules, gunicornPairRules, waitressPairRules, uvicornPairRules, uwsgiAppRules)
