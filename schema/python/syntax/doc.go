// Package syntax reads Python source: a lexer, a parser and a tree with positions.
//
// The tree has the names and fields of CPython's ast module and is the same, positions included, as
// ast.parse gives in CPython 3.11; Dump prints it as ast.dump does. Parse takes the grammar of Python 3.8 to 3.14,
// Options.Python311 only what 3.11 takes. Errors are CPython's in wording and place. Nothing here knows of servers.
package syntax
