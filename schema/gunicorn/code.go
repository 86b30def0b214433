package gunicorn

import (
	"gsrv/schema"
	"gsrv/schema/python/value"
)

// code is a function, class or callable object of the configuration, as a value that validators look at.
type code struct {
	ref *schema.FuncRef
	// qualname is what gunicorn prints; empty where printing it would fail.
	qualname string
}

func newCode(ref *schema.FuncRef) *code {
	c := &code{ref: ref, qualname: ref.Name}
	if ref.Kind == "instance" {
		c.qualname = ""
	}
	return c
}

// TypeName implements value.Value.
func (c *code) TypeName() string {
	switch c.ref.Kind {
	case "class":
		return "type"
	case "instance":
		return c.ref.Name
	}
	return "function"
}

// PyRepr implements value.Reprer. The address that Python puts there is never known.
func (c *code) PyRepr(*value.Budget) (string, error) {
	switch c.ref.Kind {
	case "class":
		return "<class '__config__." + c.ref.Name + "'>", nil
	case "instance":
		return "<__config__." + c.ref.Name + " object at 0x...>", nil
	}
	return "<function " + c.ref.Name + " at 0x...>", nil
}

// PyTruth implements value.Truther: functions and classes are true.
func (c *code) PyTruth(*value.Budget) (bool, error) {
	if c.ref.Kind == "instance" {
		return false, &value.UnsupportedError{What: "the truth of an object is not modelled"}
	}
	return true, nil
}

// PyIter implements value.Iterable: there is nothing to iterate over.
func (c *code) PyIter(*value.Budget) (value.Iterator, error) {
	if c.ref.Kind == "instance" {
		return nil, &value.UnsupportedError{What: "iterating over an object is not modelled"}
	}
	return nil, value.NewException("TypeError", "'%s' object is not iterable", c.TypeName())
}

// PyEqual implements value.Equaler: code equals nothing but itself.
func (c *code) PyEqual(_ *value.Budget, other value.Value) (bool, error) {
	o, ok := other.(*code)
	return ok && o.ref == c.ref, nil
}
