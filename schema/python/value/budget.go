package value

import (
	"fmt"
	"math"
)

// A Budget bounds what a chain of operations may cost, and carries the two things operations
// need of an interpreter. It is used from one goroutine at a time.
//
// A nil Budget stands for a new one of a million steps and 16 MB.
type Budget struct {
	// Steps is how many elementary steps are left (about one for each element looked at).
	Steps int64
	// Bytes is how much memory may still be taken. Memory that was freed is not given back.
	Bytes int64

	// Call calls a function value: the key of sorted, the first argument of map. Nil where
	// there are no functions; operations that need it then report an UnsupportedError.
	Call func(b *Budget, fn Value, args []Value, kwargs []Kwarg) (Value, error)
	// GetAttr looks up an attribute for a replacement field such as {0.name}.
	GetAttr func(b *Budget, v Value, name string) (Value, error)

	depth int // nesting of the container being looked at
}

// Kwarg is a keyword argument; a call's are kept in the order they were written.
type Kwarg struct {
	Name  string
	Value Value
}

const (
	nilSteps = 1_000_000
	nilBytes = 16 << 20
	// maxDepth is how deep containers may nest before an operation on them is given up.
	// CPython's own limit is 1000 frames less those already in use.
	maxDepth = 900
	// wordSize is what an element of a container is reckoned to take.
	wordSize = 16
)

// NewBudget makes a budget of so many steps and bytes.
func NewBudget(steps, bytes int64) *Budget { return &Budget{Steps: steps, Bytes: bytes} }

// orNew is b, or a new budget in place of none.
func (b *Budget) orNew() *Budget {
	if b == nil {
		return NewBudget(nilSteps, nilBytes)
	}
	return b
}

// Step charges n steps.
func (b *Budget) Step(n int64) error {
	if b == nil {
		if n > nilSteps {
			return &BudgetError{What: "steps", Need: n}
		}
		return nil
	}
	if n < 0 || n > b.Steps {
		return &BudgetError{What: "steps", Need: n}
	}
	b.Steps -= n
	return nil
}

// Alloc charges n bytes, to be called before they are taken.
func (b *Budget) Alloc(n int64) error {
	if b == nil {
		if n < 0 || n > nilBytes {
			return &BudgetError{What: "bytes", Need: n}
		}
		return nil
	}
	if n < 0 || n > b.Bytes {
		return &BudgetError{What: "bytes", Need: n}
	}
	b.Bytes -= n
	return nil
}

// elems charges for n elements of a container.
func (b *Budget) elems(n int) error {
	if err := b.Step(int64(n)); err != nil {
		return err
	}
	return b.Alloc(int64(n) * wordSize)
}

// text charges for n bytes of text: its memory, and a step for every 64 bytes.
func (b *Budget) text(n int) error {
	if err := b.Step(int64(n)/64 + 1); err != nil {
		return err
	}
	return b.Alloc(int64(n))
}

// enter goes one level deeper into a container; every success is paired with leave.
func (b *Budget) enter() error {
	if b == nil {
		return nil
	}
	if b.depth >= maxDepth {
		return unsupported("containers nested more than %d deep", maxDepth)
	}
	b.depth++
	return nil
}

func (b *Budget) leave() {
	if b != nil {
		b.depth--
	}
}

// mulSize multiplies two sizes, saturated.
func mulSize(x, y int64) int64 {
	if x == 0 || y == 0 {
		return 0
	}
	if x > math.MaxInt64/y {
		return math.MaxInt64
	}
	return x * y
}

// BudgetError says that an operation needs more than is left.
type BudgetError struct {
	What string // "steps" or "bytes"
	Need int64  // what the operation asked for, as far as it is known
}

func (e *BudgetError) Error() string {
	return fmt.Sprintf("evaluation needs %d more %s than its limit allows", e.Need, e.What)
}

// UnsupportedError says why an operation's result is not known.
type UnsupportedError struct{ What string }

func (e *UnsupportedError) Error() string { return e.What }

func unsupported(format string, args ...any) error {
	return &UnsupportedError{What: fmt.Sprintf(format, args...)}
}
