package eval

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
	"gsrv/schema/python/syntax"
	"gsrv/schema/python/value"
)

// A Symbolic is a value that depends on host inputs; it is an expression over them.
type Symbolic struct {
	Expr schema.Expr
	// Kind is the Python type where it is sure: "str", "int", "float", "bool", "list"; else empty.
	Kind string
}

// TypeName implements value.Value.
func (s *Symbolic) TypeName() string {
	if s.Kind != "" {
		return s.Kind
	}
	return "object"
}

// An Unknown is a value that cannot be known without running code.
type Unknown struct{ Why *schema.Opaque }

// TypeName implements value.Value.
func (*Unknown) TypeName() string { return "object" }

// A slot is a name's value and where it was given.
type slot struct {
	v        value.Value
	at, name hcl.Range
	kind     string // "import", "function", "class", "" for a plain value
	earlier  *earlier
	count    int
}

type earlier struct {
	at, name hcl.Range
	v        value.Value
	next     *earlier
}

// A scope is a namespace: a module's, a function call's, a class body's.
type scope struct {
	vars    map[string]slot
	order   []string
	parent  *scope // enclosing function scope, for closures
	globals *scope
	mod     *module
	isFunc  bool
	isClass bool
	// global and nonlocal names of a function.
	global, nonlocal map[string]bool
	// local names of a function: those it assigns.
	local map[string]bool
	// nondet tells that names may be bound which are not known.
	open []*schema.Opaque
}

// A module is a module's namespace.
type module struct {
	name    string
	file    string
	scope   *scope
	tree    *syntax.Module
	src     []byte
	lines   []int // start of each line in src
	bom     int
	builtin map[string]value.Value // a modelled library module
	// missing is set for a module that gsrv does not read: its attributes are unknown.
	missing bool
	dir     string // of a package
}

// TypeName implements value.Value.
func (*module) TypeName() string { return "module" }

// A function is a def or a lambda.
type function struct {
	name      string
	qual      string // the qualified name, in messages
	doc       value.Value
	args      *syntax.Arguments
	defaults  []value.Value
	kwDefault []value.Value
	body      []syntax.Stmt
	expr      syntax.Expr // a lambda's
	scope     *scope      // where it was defined
	def       hcl.Range
	mod       *module
	generator bool
	async     bool
	locals    map[string]bool
	attrs     map[string]value.Value
	class     *class // the class it was defined in, for super()
	// wrapped is the function that functools.wraps copied from.
	wrapped value.Value
}

// TypeName implements value.Value.
func (*function) TypeName() string { return "function" }

// PyTruth implements value.Truther.
func (*function) PyTruth(*value.Budget) (bool, error) { return true, nil }

// HashKey implements value.Hasher.
func (f *function) HashKey() (string, error) { return fmt.Sprintf("function %p", f), nil }

// PyIs implements value.Identer.
func (f *function) PyIs(o value.Value) (bool, error) { return value.Value(f) == o, nil }

// PyEqual implements value.Equaler.
func (f *function) PyEqual(_ *value.Budget, o value.Value) (bool, error) {
	return value.Value(f) == o, nil
}

// A native is a function that is modelled in Go.
type native struct {
	name string
	// wrapped is the function that this one stands for.
	wrapped value.Value
	call    func(in *interp, args []value.Value, kwargs []value.Kwarg, at syntax.Node) (value.Value, error)
}

// TypeName implements value.Value.
func (*native) TypeName() string { return "builtin_function_or_method" }

// PyTruth implements value.Truther.
func (*native) PyTruth(*value.Budget) (bool, error) { return true, nil }

// HashKey implements value.Hasher.
func (n *native) HashKey() (string, error) { return "native " + n.name, nil }

// PyIs implements value.Identer.
func (n *native) PyIs(o value.Value) (bool, error) {
	m, ok := o.(*native)
	return ok && m.name == n.name, nil
}

// PyEqual implements value.Equaler.
func (n *native) PyEqual(_ *value.Budget, o value.Value) (bool, error) { return n.PyIs(o) }

// A class is a class of the source, a built-in one or a modelled one.
type class struct {
	name    string
	bases   []*class
	attrs   map[string]value.Value
	order   []string
	mod     *module
	def     hcl.Range
	builtin bool
	// unknownBase tells that a base is not known, so that attributes may come from it.
	unknownBase *schema.Opaque
	// fields of a dataclass or namedtuple, in order.
	fields []string
	kind   string // "dataclass", "namedtuple", "enum", "exception", ""
	// members of an enum in order.
	members []string
	// construct makes an instance of a modelled class.
	construct func(in *interp, args []value.Value, kwargs []value.Kwarg, at syntax.Node) (value.Value, error)
}

// TypeName implements value.Value.
func (*class) TypeName() string { return "type" }

// PyTruth implements value.Truther.
func (*class) PyTruth(*value.Budget) (bool, error) { return true, nil }

// HashKey implements value.Hasher.
func (c *class) HashKey() (string, error) { return fmt.Sprintf("class %p", c), nil }

// PyIs implements value.Identer.
func (c *class) PyIs(o value.Value) (bool, error) { return value.Value(c) == o, nil }

// PyEqual implements value.Equaler.
func (c *class) PyEqual(_ *value.Budget, o value.Value) (bool, error) {
	return value.Value(c) == o, nil
}

// mro is the order in which attributes are looked up: CPython's C3 linearization, or depth first where there is none.
func (c *class) mro() []*class {
	if len(c.bases) == 0 {
		return []*class{c}
	}
	if len(c.bases) == 1 {
		return append([]*class{c}, c.bases[0].mro()...)
	}
	var rows [][]*class
	for _, b := range c.bases {
		rows = append(rows, b.mro())
	}
	rows = append(rows, slices.Clone(c.bases))
	out := []*class{c}
	for {
		rows = slices.DeleteFunc(rows, func(row []*class) bool { return len(row) == 0 })
		if len(rows) == 0 {
			return out
		}
		pick := rows[0][0]
		for _, row := range rows {
			if !slices.ContainsFunc(rows, func(other []*class) bool { return slices.Contains(other[1:], row[0]) }) {
				pick = row[0]
				break
			}
		}
		out = append(out, pick)
		for i, row := range rows {
			rows[i] = slices.DeleteFunc(slices.Clone(row), func(k *class) bool { return k == pick })
		}
	}
}

func (c *class) lookup(name string) (value.Value, *class, bool) {
	for _, k := range c.mro() {
		if v, ok := k.attrs[name]; ok {
			return v, k, true
		}
	}
	return nil, nil, false
}

func (c *class) isSubclass(of *class) bool {
	for _, k := range c.mro() {
		if k == of || k.builtin && of.builtin && k.name == of.name {
			return true
		}
	}
	return false
}

func (c *class) hasUnknownBase() *schema.Opaque {
	for _, k := range c.mro() {
		if k.unknownBase != nil {
			return k.unknownBase
		}
	}
	return nil
}

// An instance is an object of a class of the source.
type instance struct {
	class *class
	attrs map[string]value.Value
	order []string
	exc   *value.Exception // for an exception
	dict  *value.Dict      // __dict__, once it was asked for; it follows the attributes
}

// TypeName implements value.Value.
func (i *instance) TypeName() string { return i.class.name }

// HashKey implements value.Hasher.
func (i *instance) HashKey() (string, error) { return fmt.Sprintf("instance %p", i), nil }

// PyIs implements value.Identer.
func (i *instance) PyIs(o value.Value) (bool, error) { return value.Value(i) == o, nil }

// PyEqual implements value.Equaler: identity, where the class has no __eq__ of its own.
func (i *instance) PyEqual(_ *value.Budget, o value.Value) (bool, error) {
	if _, _, ok := i.class.lookup("__eq__"); ok || i.class.kind == "dataclass" {
		return false, &value.UnsupportedError{What: "comparing objects of class " + i.class.name}
	}
	return value.Value(i) == o, nil
}

// PyTruth implements value.Truther.
func (i *instance) PyTruth(*value.Budget) (bool, error) {
	for _, name := range []string{"__bool__", "__len__"} {
		if _, _, ok := i.class.lookup(name); ok {
			return false, &value.UnsupportedError{What: "the truth of an object of class " + i.class.name}
		}
	}
	if i.class.hasUnknownBase() != nil {
		return false, &value.UnsupportedError{What: "the truth of an object of class " + i.class.name}
	}
	return true, nil
}

// PyRepr implements value.Reprer.
func (i *instance) PyRepr(*value.Budget) (string, error) {
	return "", &value.UnsupportedError{What: "the text of an object of class " + i.class.name}
}

func (i *instance) set(name string, v value.Value) {
	if _, ok := i.attrs[name]; !ok {
		i.order = append(i.order, name)
	}
	i.attrs[name] = v
	if i.dict != nil {
		// Without a budget nothing can fail: the key is text.
		_ = i.dict.SetStr(nil, name, v)
	}
}

// remove deletes an attribute and tells whether it was there.
func (i *instance) remove(name string) bool {
	if _, ok := i.attrs[name]; !ok {
		return false
	}
	delete(i.attrs, name)
	i.order = slices.DeleteFunc(slices.Clone(i.order), func(n string) bool { return n == name })
	if i.dict != nil {
		_, _, _ = i.dict.Delete(nil, value.Str(name))
	}
	return true
}

// A method is a function bound to an object.
type method struct {
	self value.Value
	fn   value.Value
}

// TypeName implements value.Value.
func (*method) TypeName() string { return "method" }

// PyTruth implements value.Truther.
func (*method) PyTruth(*value.Budget) (bool, error) { return true, nil }

// A boundBuiltin is a method of a concrete value, "x".upper.
type boundBuiltin struct {
	recv value.Value
	name string
}

// TypeName implements value.Value.
func (*boundBuiltin) TypeName() string { return "builtin_function_or_method" }

// PyTruth implements value.Truther.
func (*boundBuiltin) PyTruth(*value.Budget) (bool, error) { return true, nil }

// A wrapper is the result of a decorator that changes how a function is bound: "staticmethod", "classmethod", "property".
type wrapper struct {
	kind string
	fn   value.Value
	set  value.Value // of a property
}

// TypeName implements value.Value.
func (w *wrapper) TypeName() string { return w.kind }

// A partial is functools.partial.
type partial struct {
	fn     value.Value
	args   []value.Value
	kwargs []value.Kwarg
}

// TypeName implements value.Value.
func (*partial) TypeName() string { return "partial" }

// PyTruth implements value.Truther.
func (*partial) PyTruth(*value.Budget) (bool, error) { return true, nil }

// raised is a Python exception on its way.
type raised struct {
	exc   *value.Exception
	inst  *instance
	class *class
	at    hcl.Range
	trace []Frame
	// vague is set where the exception's details are not known.
	vague *Unknown
}

// Error implements error.
func (r *raised) Error() string { return r.exc.Error() }

// giveUp ends the evaluation: the budget is used up.
type giveUp struct {
	what string
	at   hcl.Range
}

// Error implements error.
func (g *giveUp) Error() string { return g.what }

func isForeignUnknown(v value.Value) bool {
	switch v.(type) {
	case *Symbolic, *Unknown:
		return true
	}
	return false
}
