package value

// Iter is an iterator object: what iter, zip, map, reversed … return.
type Iter struct {
	Name string // type name: "list_iterator", "zip"
	next func(b *Budget) (Value, bool, error)
}

func (it *Iter) TypeName() string { return it.Name }

// NewIter makes an iterator object of a type name and a function.
func NewIter(name string, next func(b *Budget) (Value, bool, error)) *Iter {
	return &Iter{Name: name, next: next}
}

func hashKey(b *Budget, v Value) (any, error) { return nil, unsupported("pending") }

func Truth(b *Budget, v Value) (bool, error)                 { return false, unsupported("pending") }
func Repr(b *Budget, v Value) (string, error)                { return "", unsupported("pending") }
func ToStr(b *Budget, v Value) (string, error)               { return "", unsupported("pending") }
func Ascii(b *Budget, v Value) (string, error)               { return "", unsupported("pending") }
func Format(b *Budget, v Value, spec string) (string, error) { return "", unsupported("pending") }
func HashOf(b *Budget, v Value) (Value, error)               { return nil, unsupported("pending") }
func Equal(b *Budget, x, y Value) (bool, error)              { return false, unsupported("pending") }
func Is(x, y Value) (bool, error)                            { return false, unsupported("pending") }

// Compare is every comparison: == != < <= > >= in, not in, is, is not.
func Compare(b *Budget, op Op, x, y Value) (bool, error)   { return false, unsupported("pending") }
func Contains(b *Budget, container, v Value) (bool, error) { return false, unsupported("pending") }
func Unary(b *Budget, op Op, x Value) (Value, error)       { return nil, unsupported("pending") }
func Binary(b *Budget, op Op, x, y Value) (Value, error)   { return nil, unsupported("pending") }
func InPlace(b *Budget, op Op, x, y Value) (Value, error)  { return nil, unsupported("pending") }
func GetItem(b *Budget, v, index Value) (Value, error)     { return nil, unsupported("pending") }
func SetItem(b *Budget, v, index, x Value) error           { return unsupported("pending") }
func DelItem(b *Budget, v, index Value) error              { return unsupported("pending") }
func Len(b *Budget, v Value) (int, error)                  { return 0, unsupported("pending") }
func Iterate(b *Budget, v Value) (Iterator, error)         { return nil, unsupported("pending") }
func Collect(b *Budget, v Value) ([]Value, error)          { return nil, unsupported("pending") }
func Unpack(b *Budget, v Value, before, after int, star bool) ([]Value, error) {
	return nil, unsupported("pending")
}

// CallMethod calls a method of a concrete value.
func CallMethod(b *Budget, recv Value, name string, args []Value, kwargs []Kwarg) (Value, error) {
	return nil, unsupported("pending")
}

// CallClassMethod calls a method through its class: str.lower("A"), dict.fromkeys(…), int.from_bytes(…).
func CallClassMethod(b *Budget, class, name string, args []Value, kwargs []Kwarg) (Value, error) {
	return nil, unsupported("pending")
}

func HasMethod(typeName, name string) bool { return false }
func MethodNames(typeName string) []string { return nil }

// Attribute is a data attribute of a concrete value: (3).real, range(3).stop.
func Attribute(b *Budget, v Value, name string) (Value, error) { return nil, unsupported("pending") }

// CallBuiltin calls a pure built-in function or constructor by name.
func CallBuiltin(b *Budget, name string, args []Value, kwargs []Kwarg) (Value, error) {
	return nil, unsupported("pending")
}
func BuiltinNames() []string { return nil }

// CallModule calls a modelled pure library function by its qualified name: "json.loads", "shlex.split".
func CallModule(b *Budget, name string, args []Value, kwargs []Kwarg) (Value, error) {
	return nil, unsupported("pending")
}
func ModuleNames() []string { return nil }

// A Piece is a part of a formatted text: literal Text, or a Value to be shown in it.
type Piece struct {
	Text    string // literal, when Value is nil
	Value   Value
	Conv    byte   // 's', 'r', 'a' or 0 for a replacement field; 0 with Percent
	Spec    string // format spec, or the whole conversion ("%-5.2f") with Percent
	Percent bool
}

// Render shows a piece.
func (p Piece) Render(b *Budget) (string, error) { return "", unsupported("pending") }

// PercentPieces splits template % arg, and FormatPieces template.format(*args, **kwargs), into
// pieces, so that a caller can render those it alone understands.
func PercentPieces(b *Budget, template string, arg Value) ([]Piece, error) {
	return nil, unsupported("pending")
}
func FormatPieces(b *Budget, template string, args []Value, kwargs []Kwarg) ([]Piece, error) {
	return nil, unsupported("pending")
}

// Clone copies a value and everything mutable it reaches; memo keeps shared parts shared.
func Clone(b *Budget, v Value, memo map[Value]Value) (Value, error) {
	return nil, unsupported("pending")
}
