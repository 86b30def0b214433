package paste

import (
	"slices"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
	"gsrv/schema/ini"
)

// Origin is where a value comes from.
type Origin uint8

// The origins of a value.
const (
	FromSection Origin = iota // a key of the section
	FromDefault               // a key of [DEFAULT]
	FromCaller                // a variable given when the server is started
	FromLoader                // here and __file__, which the loader sets
)

// A Value is one setting after interpolation.
type Value struct {
	// Text is the value; where Known is false it depends on a variable whose value is not known, and only Expr counts.
	Text  string
	Known bool
	// Expr is the value over host inputs: a constant unless a variable given by the caller depends on the host.
	Expr schema.Expr
	// Origin tells where it comes from; Section is that section's name, Key the key; nil for FromCaller and FromLoader.
	Origin  Origin
	Section string
	Key     *ini.Key
	// Range is where the value stands, NameRange where its key or variable stands. Both are zero for FromLoader.
	Range, NameRange hcl.Range
	// Over is the value it took the place of, from a section that this one uses; nil for none.
	Over *Value
	// File is the file of that section.
	File string
	// Refs are the variables that were put into it, nearest first.
	Refs []Ref
}

// A Ref is a variable that an interpolated value refers to.
type Ref struct {
	Name   string
	Origin Origin
	// Range is where the variable's own value stands.
	Range hcl.Range
}

// A Conf is a mapping that keeps its order, as Python's dict does. A nil Conf is empty.
type Conf struct {
	names  []string
	values map[string]*Value
}

func newConf() *Conf { return &Conf{values: map[string]*Value{}} }

// Get gives the value of a name, or nil.
func (c *Conf) Get(name string) *Value {
	if c == nil {
		return nil
	}
	return c.values[name]
}

// Names lists the keys in order.
func (c *Conf) Names() []string {
	if c == nil {
		return nil
	}
	return slices.Clone(c.names)
}

// Len is the number of keys.
func (c *Conf) Len() int {
	if c == nil {
		return 0
	}
	return len(c.names)
}

// Texts gives the values as text by name.
func (c *Conf) Texts() map[string]string {
	m := make(map[string]string, c.Len())
	for _, n := range c.Names() {
		m[n] = c.values[n].Text
	}
	return m
}

func (c *Conf) set(name string, v *Value) {
	if _, ok := c.values[name]; !ok {
		c.names = append(c.names, name)
	}
	c.values[name] = v
}

func (c *Conf) remove(name string) *Value {
	v, ok := c.values[name]
	if ok {
		delete(c.values, name)
		c.names = slices.DeleteFunc(c.names, func(n string) bool { return n == name })
	}
	return v
}

func (c *Conf) update(from *Conf) {
	for _, n := range from.Names() {
		c.set(n, from.values[n])
	}
}

func (c *Conf) copy() *Conf {
	out := newConf()
	out.update(c)
	return out
}
