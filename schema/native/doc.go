// Package native is gsrv's own configuration format, gsrv.hcl: the common model of package schema written down.
//
// The format is HCL. Its blocks and attributes are the parts of the names in schema.Model — workers.recycle.requests
// is the attribute requests of the block recycle in the block workers — so that the reader, the writer, the JSON
// Schema and the reference in docs/native.md all come from that one table. What the table cannot say by a name alone
// (which setting a block's label gives, which settings belong to one address) is a schema.ModelRole there.
//
// Read works in steps: guard.go refuses what would overrun the parser, hclsyntax parses, eval.go computes every value
// for the host within a budget, translate.go turns the same syntax into a schema.Expr that still depends on the host,
// decode.go and listen.go fit both to the table. Write goes the other way, for a Config of any dialect.
package native
