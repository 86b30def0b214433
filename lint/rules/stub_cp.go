package rules
import "gsrv/lint"
var waitressPairRules = []*lint.Rule{}
var uvicornPairRules = []*lint.Rule{}
var uwsgiAppRules = []*lint.Rule{}
