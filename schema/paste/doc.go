// Package paste reads Paste ini files as PasteDeploy 3 does, without running or importing anything, and is the dialect
// of the programs that serve them: pserve and paster.
//
// A Loader follows PasteDeploy's loadcontext: which object an app, filter or server is made of, and the settings it
// is given. Sections, "use" chains over several files, [DEFAULT], set, get and %(var)s work as they do there,
// the odd corners included; every value keeps its place. What is installed is not known: entry points of the eggs
// that are widely used come from a table (eggs.go), any other egg stays "egg:NAME#ENTRY".
//
// The facts are PasteDeploy 3.0.1's and 3.1's, whose loaders are alike; TestDifferential runs both on generated files.
package paste
