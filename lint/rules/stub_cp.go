package rules
import "gsrv/lint"
var recycleRules = []*lint.Rule{}
var reloadRules = []*lint.Rule{}
var gunicornPairRules = []*lint.Rule{}
var waitressPairRules = []*lint.Rule{}
var uvicornPairRules = []*lint.Rule{}
var uwsgiAppRules = []*lint.Rule{}
