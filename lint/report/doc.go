// Package report writes what a lint run found: for people with code frames, and for programs in the formats that code
// hosts and CI servers read. Every format says the same; each has its file.
//
// What stands in configurations, and the names of files, is untrusted: no format passes control characters on to a
// terminal, and every format is well formed whatever the input holds.
package report
