// Package lint finds what operators of Python web servers learn the hard way: settings that are right one by one and
// fail together, values that a server takes without a word, defaults that do not suit the application.
//
// A Rule is a value with a check function. A Linter reads configurations into Units, runs every rule over each unit in
// parallel, applies what the user said about rules (configuration, ignores, baseline) and gives Findings in a stable
// order. Package lint/rules holds the rules, lint/report the output formats.
//
// Nothing is guessed: a value that only the host knows is unknown, and a rule that needs it is silent.
package lint
