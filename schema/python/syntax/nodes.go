package syntax

// The node types have the names and fields of CPython's ast module.

type (
	// FunctionDef is CPython's ast.FunctionDef.
	FunctionDef struct {
		Pos
		Name          string
		Args          *Arguments
		Body          []Stmt
		DecoratorList []Expr
		Returns       Expr
		TypeParams    []TypeParam
	}
	// AsyncFunctionDef is CPython's ast.AsyncFunctionDef.
	AsyncFunctionDef struct {
		Pos
		Name          string
		Args          *Arguments
		Body          []Stmt
		DecoratorList []Expr
		Returns       Expr
		TypeParams    []TypeParam
	}
	// ClassDef is CPython's ast.ClassDef.
	ClassDef struct {
		Pos
		Name          string
		Bases         []Expr
		Keywords      []*Keyword
		Body          []Stmt
		DecoratorList []Expr
		TypeParams    []TypeParam
	}
	// Return is CPython's ast.Return.
	Return struct {
		Pos
		Value Expr
	}
	// Delete is CPython's ast.Delete.
	Delete struct {
		Pos
		Targets []Expr
	}
	// Assign is CPython's ast.Assign.
	Assign struct {
		Pos
		Targets []Expr
		Value   Expr
	}
	// TypeAlias is CPython's ast.TypeAlias.
	TypeAlias struct {
		Pos
		Name       Expr
		TypeParams []TypeParam
		Value      Expr
	}
	// AugAssign is CPython's ast.AugAssign.
	AugAssign struct {
		Pos
		Target Expr
		Op     Operator
		Value  Expr
	}
	// AnnAssign is CPython's ast.AnnAssign.
	AnnAssign struct {
		Pos
		Target     Expr
		Annotation Expr
		Value      Expr
		Simple     int
	}
	// For is CPython's ast.For.
	For struct {
		Pos
		Target Expr
		Iter   Expr
		Body   []Stmt
		Orelse []Stmt
	}
	// AsyncFor is CPython's ast.AsyncFor.
	AsyncFor struct {
		Pos
		Target Expr
		Iter   Expr
		Body   []Stmt
		Orelse []Stmt
	}
	// While is CPython's ast.While.
	While struct {
		Pos
		Test   Expr
		Body   []Stmt
		Orelse []Stmt
	}
	// If is CPython's ast.If.
	If struct {
		Pos
		Test   Expr
		Body   []Stmt
		Orelse []Stmt
	}
	// With is CPython's ast.With.
	With struct {
		Pos
		Items []*WithItem
		Body  []Stmt
	}
	// AsyncWith is CPython's ast.AsyncWith.
	AsyncWith struct {
		Pos
		Items []*WithItem
		Body  []Stmt
	}
	// Match is CPython's ast.Match.
	Match struct {
		Pos
		Subject Expr
		Cases   []*MatchCase
	}
	// Raise is CPython's ast.Raise.
	Raise struct {
		Pos
		Exc   Expr
		Cause Expr
	}
	// Try is CPython's ast.Try.
	Try struct {
		Pos
		Body      []Stmt
		Handlers  []*ExceptHandler
		Orelse    []Stmt
		Finalbody []Stmt
	}
	// TryStar is CPython's ast.TryStar.
	TryStar struct {
		Pos
		Body      []Stmt
		Handlers  []*ExceptHandler
		Orelse    []Stmt
		Finalbody []Stmt
	}
	// Assert is CPython's ast.Assert.
	Assert struct {
		Pos
		Test Expr
		Msg  Expr
	}
	// Import is CPython's ast.Import.
	Import struct {
		Pos
		Names []*Alias
	}
	// ImportFrom is from MODULE import NAMES; HasModule is false for "from . import x".
	ImportFrom struct {
		Pos
		Module    string
		HasModule bool
		Names     []*Alias
		Level     int
	}
	// Global is CPython's ast.Global.
	Global struct {
		Pos
		Names []string
	}
	// Nonlocal is CPython's ast.Nonlocal.
	Nonlocal struct {
		Pos
		Names []string
	}
	// ExprStmt is CPython's Expr: an expression as a statement.
	ExprStmt struct {
		Pos
		Value Expr
	}
	// Pass is CPython's ast.Pass.
	Pass struct {
		Pos
	}
	// Break is CPython's ast.Break.
	Break struct {
		Pos
	}
	// Continue is CPython's ast.Continue.
	Continue struct {
		Pos
	}
)

type (
	// BoolOp is CPython's ast.BoolOp.
	BoolOp struct {
		Pos
		Op     BoolOperator
		Values []Expr
	}
	// NamedExpr is CPython's ast.NamedExpr.
	NamedExpr struct {
		Pos
		Target Expr
		Value  Expr
	}
	// BinOp is CPython's ast.BinOp.
	BinOp struct {
		Pos
		Left  Expr
		Op    Operator
		Right Expr
	}
	// UnaryOp is CPython's ast.UnaryOp.
	UnaryOp struct {
		Pos
		Op      UnaryOperator
		Operand Expr
	}
	// Lambda is CPython's ast.Lambda.
	Lambda struct {
		Pos
		Args *Arguments
		Body Expr
	}
	// IfExp is CPython's ast.IfExp.
	IfExp struct {
		Pos
		Test   Expr
		Body   Expr
		Orelse Expr
	}
	// Dict has a nil key where **mapping is unpacked.
	Dict struct {
		Pos
		Keys   []Expr
		Values []Expr
	}
	// Set is CPython's ast.Set.
	Set struct {
		Pos
		Elts []Expr
	}
	// ListComp is CPython's ast.ListComp.
	ListComp struct {
		Pos
		Elt        Expr
		Generators []*Comprehension
	}
	// SetComp is CPython's ast.SetComp.
	SetComp struct {
		Pos
		Elt        Expr
		Generators []*Comprehension
	}
	// DictComp is CPython's ast.DictComp.
	DictComp struct {
		Pos
		Key        Expr
		Value      Expr
		Generators []*Comprehension
	}
	// GeneratorExp is CPython's ast.GeneratorExp.
	GeneratorExp struct {
		Pos
		Elt        Expr
		Generators []*Comprehension
	}
	// Await is CPython's ast.Await.
	Await struct {
		Pos
		Value Expr
	}
	// Yield is CPython's ast.Yield.
	Yield struct {
		Pos
		Value Expr
	}
	// YieldFrom is CPython's ast.YieldFrom.
	YieldFrom struct {
		Pos
		Value Expr
	}
	// Compare is CPython's ast.Compare.
	Compare struct {
		Pos
		Left        Expr
		Ops         []CmpOperator
		Comparators []Expr
	}
	// Call is CPython's ast.Call.
	Call struct {
		Pos
		Func     Expr
		Args     []Expr
		Keywords []*Keyword
	}
	// FormattedValue is CPython's ast.FormattedValue.
	FormattedValue struct {
		Pos
		Value      Expr
		Conversion int
		FormatSpec Expr
	}
	// JoinedStr is CPython's ast.JoinedStr.
	JoinedStr struct {
		Pos
		Values []Expr
	}
	// Interpolation is CPython's ast.Interpolation.
	Interpolation struct {
		Pos
		Value      Expr
		Str        string
		Conversion int
		FormatSpec Expr
	}
	// TemplateStr is CPython's ast.TemplateStr.
	TemplateStr struct {
		Pos
		Values []Expr
	}
	// Constant is a literal. Value is nil (None), bool, Ellipsis, *big.Int, int64, float64, complex128, string or Bytes;
	// Kind is "u" for u'…'. A lone surrogate in a string is kept as its three-byte (WTF-8) form.
	Constant struct {
		Pos
		Value any
		Kind  string
	}
	// Attribute is CPython's ast.Attribute.
	Attribute struct {
		Pos
		Value Expr
		Attr  string
		Ctx   Context
	}
	// Subscript is CPython's ast.Subscript.
	Subscript struct {
		Pos
		Value Expr
		Slice Expr
		Ctx   Context
	}
	// Starred is CPython's ast.Starred.
	Starred struct {
		Pos
		Value Expr
		Ctx   Context
	}
	// Name is CPython's ast.Name.
	Name struct {
		Pos
		ID  string
		Ctx Context
	}
	// List is CPython's ast.List.
	List struct {
		Pos
		Elts []Expr
		Ctx  Context
	}
	// Tuple is CPython's ast.Tuple.
	Tuple struct {
		Pos
		Elts []Expr
		Ctx  Context
	}
	// Slice is CPython's ast.Slice.
	Slice struct {
		Pos
		Lower Expr
		Upper Expr
		Step  Expr
	}
)

func (*FunctionDef) stmt()      {}
func (*AsyncFunctionDef) stmt() {}
func (*ClassDef) stmt()         {}
func (*Return) stmt()           {}
func (*Delete) stmt()           {}
func (*Assign) stmt()           {}
func (*TypeAlias) stmt()        {}
func (*AugAssign) stmt()        {}
func (*AnnAssign) stmt()        {}
func (*For) stmt()              {}
func (*AsyncFor) stmt()         {}
func (*While) stmt()            {}
func (*If) stmt()               {}
func (*With) stmt()             {}
func (*AsyncWith) stmt()        {}
func (*Match) stmt()            {}
func (*Raise) stmt()            {}
func (*Try) stmt()              {}
func (*TryStar) stmt()          {}
func (*Assert) stmt()           {}
func (*Import) stmt()           {}
func (*ImportFrom) stmt()       {}
func (*Global) stmt()           {}
func (*Nonlocal) stmt()         {}
func (*ExprStmt) stmt()         {}
func (*Pass) stmt()             {}
func (*Break) stmt()            {}
func (*Continue) stmt()         {}
func (*BoolOp) expr()           {}
func (*NamedExpr) expr()        {}
func (*BinOp) expr()            {}
func (*UnaryOp) expr()          {}
func (*Lambda) expr()           {}
func (*IfExp) expr()            {}
func (*Dict) expr()             {}
func (*Set) expr()              {}
func (*ListComp) expr()         {}
func (*SetComp) expr()          {}
func (*DictComp) expr()         {}
func (*GeneratorExp) expr()     {}
func (*Await) expr()            {}
func (*Yield) expr()            {}
func (*YieldFrom) expr()        {}
func (*Compare) expr()          {}
func (*Call) expr()             {}
func (*FormattedValue) expr()   {}
func (*JoinedStr) expr()        {}
func (*Interpolation) expr()    {}
func (*TemplateStr) expr()      {}
func (*Constant) expr()         {}
func (*Attribute) expr()        {}
func (*Subscript) expr()        {}
func (*Starred) expr()          {}
func (*Name) expr()             {}
func (*List) expr()             {}
func (*Tuple) expr()            {}
func (*Slice) expr()            {}
