// Package eval finds out statically what a Python module assigns. It is an interpreter that never runs code of the
// host: it models the language, the built-in functions and the part of the standard library that configuration files
// use, reads files only through schema.Files, and never touches the network.
//
// A module is interpreted twice. Once for the host: every input the schema.Host knows (environment variables, the number
// of CPUs) is a concrete value, so that branches, loops, exceptions and the difference of 2 and 2.0 are CPython's; this gives
// Binding.OnHost. And once with every input open: environment variables are symbols, both sides of a branch on them are
// taken and joined; this gives Binding.Value, the expression that holds on every host. What neither can know is a
// schema.Opaque that says why.
package eval
