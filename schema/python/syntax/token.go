package syntax

type kind uint8

const (
	tEOF kind = iota
	tNewline
	tIndent
	tDedent
	tError // where the tokeniser gave up
	tName
	tNumber
	tString
	tOp // every operator and delimiter; op says which
)

// A token is a piece of the source. Its text is src[start:end].
type token struct {
	kind       kind
	op         op
	kw         keyword
	start, end int32
	line       int32 // of the start
	endLine    int32
}

type op uint8

const (
	oNone op = iota
	oLPar
	oRPar
	oLSqb
	oRSqb
	oLBrace
	oRBrace
	oComma
	oColon
	oSemi
	oDot
	oEllipsis
	oArrow
	oColonEq
	oAssign
	oPlus
	oMinus
	oStar
	oSlash
	oVBar
	oAmper
	oLess
	oGreater
	oPercent
	oEqEq
	oNotEq
	oLessEq
	oGreaterEq
	oTilde
	oCircum
	oLShift
	oRShift
	oDStar
	oDSlash
	oAt
	oUnknown // a character that no token has
	oPlusEq
	oMinusEq
	oStarEq
	oSlashEq
	oPercentEq
	oAmperEq
	oVBarEq
	oCircumEq
	oLShiftEq
	oRShiftEq
	oDStarEq
	oDSlashEq
	oAtEq
)

type keyword uint8

const (
	kNone keyword = iota
	kFalse
	kNoneValue
	kTrue
	kAnd
	kAs
	kAssert
	kAsync
	kAwait
	kBreak
	kClass
	kContinue
	kDef
	kDel
	kElif
	kElse
	kExcept
	kFinally
	kFor
	kFrom
	kGlobal
	kIf
	kImport
	kIn
	kIs
	kLambda
	kNonlocal
	kNot
	kOr
	kPass
	kRaise
	kReturn
	kTry
	kWhile
	kWith
	kYield
)

var keywords = map[string]keyword{
	"False": kFalse, "None": kNoneValue, "True": kTrue, "and": kAnd, "as": kAs, "assert": kAssert, "async": kAsync, "await": kAwait,
	"break": kBreak, "class": kClass, "continue": kContinue, "def": kDef, "del": kDel, "elif": kElif, "else": kElse, "except": kExcept,
	"finally": kFinally, "for": kFor, "from": kFrom, "global": kGlobal, "if": kIf, "import": kImport, "in": kIn, "is": kIs,
	"lambda": kLambda, "nonlocal": kNonlocal, "not": kNot, "or": kOr, "pass": kPass, "raise": kRaise, "return": kReturn, "try": kTry,
	"while": kWhile, "with": kWith, "yield": kYield,
}
