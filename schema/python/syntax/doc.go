// Package syntax reads Python source: a lexer, a parser and a tree with positions.
//
// The tree has the names and fields of CPython's ast module and is the same, positions included, as
// ast.parse gives in CPython 3.11; Dump prints it as ast.dump does. Parse takes the grammar of Python 3.8 to 3.14,
// Options.Minor only that of one version. Nothing here knows of servers.
//
// The parser (parse*.go) is made to be fast and only tells whether a text is Python. Where it is not, an explainer
// (explain*.go) reads the statement that fails once more in CPython's own way, with backtracking and in the same order of
// attempts, and so finds CPython's message and place; a hint is added where there is more to say than CPython does. Columns count
// characters from 1; an error inside a string stands at that string, where CPython names the token behind it.
//
// The tests compare both with what CPython 3.11 says: testdata/cases.json holds its recorded answers, made by
// testdata/oracle.py, which also answers for mutations of them as the tests run.
package syntax
