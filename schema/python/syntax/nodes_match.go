package syntax

// The nodes of patterns and type parameters.

type (
	// MatchValue is CPython's ast.MatchValue.
	MatchValue struct {
		Pos
		Value Expr
	}
	// MatchSingleton matches None (nil), True or False.
	MatchSingleton struct {
		Pos
		Value any
	}
	// MatchSequence is CPython's ast.MatchSequence.
	MatchSequence struct {
		Pos
		Patterns []Pattern
	}
	// MatchMapping is CPython's ast.MatchMapping.
	MatchMapping struct {
		Pos
		Keys     []Expr
		Patterns []Pattern
		Rest     string
	}
	// MatchClass is CPython's ast.MatchClass.
	MatchClass struct {
		Pos
		Cls         Expr
		Patterns    []Pattern
		KwdAttrs    []string
		KwdPatterns []Pattern
	}
	// MatchStar is CPython's ast.MatchStar.
	MatchStar struct {
		Pos
		Name string
	}
	// MatchAs is CPython's ast.MatchAs.
	MatchAs struct {
		Pos
		Pattern Pattern
		Name    string
	}
	// MatchOr is CPython's ast.MatchOr.
	MatchOr struct {
		Pos
		Patterns []Pattern
	}
)

type (
	// TypeVar is CPython's ast.TypeVar.
	TypeVar struct {
		Pos
		Name    string
		Bound   Expr
		Default Expr
	}
	// ParamSpec is CPython's ast.ParamSpec.
	ParamSpec struct {
		Pos
		Name    string
		Default Expr
	}
	// TypeVarTuple is CPython's ast.TypeVarTuple.
	TypeVarTuple struct {
		Pos
		Name    string
		Default Expr
	}
)

func (*MatchValue) pattern()     {}
func (*MatchSingleton) pattern() {}
func (*MatchSequence) pattern()  {}
func (*MatchMapping) pattern()   {}
func (*MatchClass) pattern()     {}
func (*MatchStar) pattern()      {}
func (*MatchAs) pattern()        {}
func (*MatchOr) pattern()        {}
func (*TypeVar) typeParam()      {}
func (*ParamSpec) typeParam()    {}
func (*TypeVarTuple) typeParam() {}
