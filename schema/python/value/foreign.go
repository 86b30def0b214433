package value

// The interfaces below are optional for foreign values; an operation that needs one the value
// does not have reports an UnsupportedError. Each may itself return an UnsupportedError.

// Hasher is a foreign value that can be a dictionary key or a member of a set. HashKey is the
// same for two values exactly when they are equal in Python; for objects compared by identity it
// is made of a unique number.
type Hasher interface{ HashKey() (string, error) }

// Equaler is a foreign value that can tell whether it equals another.
type Equaler interface {
	PyEqual(b *Budget, other Value) (bool, error)
}

// Comparer is a foreign value that can be ordered.
type Comparer interface {
	PyCompare(b *Budget, op Op, other Value) (bool, error)
}

// Truther is a foreign value that knows its truth.
type Truther interface {
	PyTruth(b *Budget) (bool, error)
}

// Reprer is a foreign value with a repr.
type Reprer interface {
	PyRepr(b *Budget) (string, error)
}

// Strer is a foreign value whose str differs from its repr.
type Strer interface {
	PyStr(b *Budget) (string, error)
}

// Formatter is a foreign value with a __format__.
type Formatter interface {
	PyFormat(b *Budget, spec string) (string, error)
}

// Iterable is a foreign value that can be iterated over.
type Iterable interface {
	PyIter(b *Budget) (Iterator, error)
}

// Sized is a foreign value with a len.
type Sized interface {
	PyLen(b *Budget) (int, error)
}

// An Iterator yields the elements of an iterable: ok is false at the end.
type Iterator interface {
	Next(b *Budget) (v Value, ok bool, err error)
}

// IsForeign says whether v is of a kind this package does not know.
func IsForeign(v Value) bool {
	switch v.(type) {
	case NoneType, EllipsisType, NotImplementedType, Bool, Int, Float, Complex, Str, Bytes,
		*List, *Tuple, *Dict, *Set, *Range, *Slice, *Iter, *DictView:
		return false
	}
	return true
}

func foreignError(v Value, doing string) error {
	return unsupported("%s a value of type %s is not modelled", doing, TypeName(v))
}
