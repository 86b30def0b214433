// Package value holds Python's data and its operations: numbers, text, containers, their
// operators, methods and the pure built-in functions, with the results, exception classes and
// messages of CPython 3.11. Nothing here runs code, reads a file or looks at the environment.
//
// An evaluator of Python source builds on it: it may put its own kinds of [Value] (functions,
// classes, unknowns, symbols) beside and inside these. An operation that would have to look into
// such a foreign value asks the optional interfaces of foreign.go, and reports an
// [UnsupportedError] where the value implements none of them.
//
// Every operation takes a [*Budget] and returns one of three kinds of error:
//
//   - [*Exception]: what CPython would raise, by class name and message;
//   - [*BudgetError]: the operation would take more steps or memory than is left; it is
//     reported before anything large is allocated;
//   - [*UnsupportedError]: the result depends on something that is not modelled, such as the
//     order of a set of strings, an object's address, or a foreign value. Nothing is ever guessed.
//
// Text is kept as Go strings in generalised UTF-8: what CPython's "surrogatepass" error handler
// writes, so that a lone surrogate (from os.environ or "\ud800") takes three bytes and counts as
// one character. Unicode data are those of CPython 3.11 (Unicode 14).
package value
