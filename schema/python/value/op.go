package value

// Op is an operator, spelled as in the source.
type Op string

// The operators. In-place forms use the same names with [InPlace].
const (
	OpAdd      Op = "+"
	OpSub      Op = "-"
	OpMul      Op = "*"
	OpMatMul   Op = "@"
	OpDiv      Op = "/"
	OpFloorDiv Op = "//"
	OpMod      Op = "%"
	OpPow      Op = "**"
	OpLShift   Op = "<<"
	OpRShift   Op = ">>"
	OpAnd      Op = "&"
	OpOr       Op = "|"
	OpXor      Op = "^"

	OpInvert Op = "~"   // unary
	OpNot    Op = "not" // unary; OpAdd and OpSub are unary as well

	OpEq    Op = "=="
	OpNe    Op = "!="
	OpLt    Op = "<"
	OpLe    Op = "<="
	OpGt    Op = ">"
	OpGe    Op = ">="
	OpIn    Op = "in"
	OpNotIn Op = "not in"
	OpIs    Op = "is"
	OpIsNot Op = "is not"
)
