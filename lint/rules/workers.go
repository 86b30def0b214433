package rules

import "slices"

// workersRules are the rules of family W: workers and the applications they run.
var workersRules = slices.Concat(workerSettingRules, workerClassRules, uwsgiWorkerRules, uvicornWorkerRules, modwsgiWorkerRules, pythonVersionRules, workerLibraryRules)
