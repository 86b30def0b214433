package startup

import (
	"maps"
	"slices"

	"gsrv/schema/python/syntax"
)

// A value is what an expression stands for as far as it matters here: one of the types below, or nil where it is not known.
type value any

type (
	// constant is a literal's value, as syntax.Constant has it.
	constant struct{ v any }
	// libref is a library's object by its full name, such as threading.Thread.
	libref struct{ name string }
	// libmethod is an attribute of a library's object; name is its full name by the object's class.
	libmethod struct {
		on   *instance
		name string
	}
	// partial is functools.partial.
	partial struct {
		fn   value
		args arguments
	}
	// alt is one of several values.
	alt []value
	// super is what super() gives.
	super struct {
		cls  *class
		self value
	}
	// coroutine is the call of a coroutine function that nothing has awaited.
	coroutine struct {
		fn   *function
		args arguments
	}
)

// An instance is an object of a library's class, of one of the project's, or of the project's class that is derived from
// a library's.
type instance struct {
	lib     string
	project *class
	attrs   map[string]value
	call    arguments
	effects []*Effect
	// managed is set within the with statement that ends what the object has started.
	managed bool
}

type function struct {
	name   string
	params *syntax.Arguments
	body   []syntax.Stmt
	lambda syntax.Expr
	mod    *module
	scope  *scope // where it was defined
	owner  *class
	self   value
	async  bool
	yields bool
	// wrap is how a decorator changes the call: "property", "static", "class", "thread", "task", "context".
	wrap string
	node syntax.Node
}

type class struct {
	name  string
	mod   *module
	bases []value
	attrs map[string]value
	def   *syntax.ClassDef
}

type list struct {
	elems []value
	// open is set where there may be others.
	open bool
}

type dict struct {
	items map[string]value
	open  bool
}

// sorted gives the values in the order of their keys, so that two runs give the same.
func (d *dict) sorted() []value {
	out := make([]value, 0, len(d.items))
	for _, k := range slices.Sorted(maps.Keys(d.items)) {
		out = append(out, d.items[k])
	}
	return out
}

// arguments are those of a call.
type arguments struct {
	pos []value
	kw  map[string]value
	// open is set where *args or **kwargs of unknown contents are passed on.
	open bool
	node *syntax.Call
	mod  *module
}

// get gives an argument by place or name.
func (a arguments) get(i int, name string) (value, bool) {
	if v, ok := a.kw[name]; ok && name != "" {
		return v, true
	}
	if i >= 0 && i < len(a.pos) {
		return a.pos[i], true
	}
	return nil, false
}

type scope struct {
	names  map[string]value
	up     *scope
	class  bool
	global *scope
	// outer are names that global and nonlocal statements take from elsewhere.
	outer map[string]*scope
	// stars are the libraries that from LIBRARY import * has taken names from.
	stars []string
	// open is set where names may stand in it that are not known.
	open bool
	// depth is how many unknown tests were around when it was made.
	depth int
}

func newScope(up *scope, depth int) *scope {
	s := &scope{names: map[string]value{}, up: up, depth: depth}
	if up != nil {
		s.global = up.global
	} else {
		s.global = s
	}
	return s
}

// lookup finds a name as Python does: a class's body is not seen from the functions in it.
func (s *scope) lookup(name string) (v value, found bool) {
	if o, ok := s.outer[name]; ok {
		v, found = o.names[name]
		return v, found
	}
	for at := s; at != nil; at = at.up {
		if at.class && at != s {
			continue
		}
		if v, ok := at.names[name]; ok {
			return v, true
		}
	}
	return nil, false
}

const maxAlternatives = 8

// join makes the value that is one of two.
func join(a, b value) value {
	if a == nil && b == nil || same(a, b) {
		return b
	}
	var out alt // nil among them stands for what is not known
	for _, v := range []value{a, b} {
		one, ok := v.(alt)
		if !ok {
			one = alt{v}
		}
		for _, v := range one {
			known := false
			for _, o := range out {
				known = known || same(o, v) || o == nil && v == nil
			}
			if !known && len(out) <= maxAlternatives {
				if len(out) == maxAlternatives {
					v = nil
				}
				out = append(out, v)
			}
		}
	}
	if len(out) == 1 {
		return out[0]
	}
	return out
}

// joinAll makes the value that is one of several.
func joinAll(vs []value) value {
	var out value
	for i, v := range vs {
		if i == 0 {
			out = v
		} else {
			out = join(out, v)
		}
	}
	return out
}

// same tells whether two values are one and the same; only values that can be compared are.
func same(a, b value) bool {
	switch a := a.(type) {
	case constant:
		b, ok := b.(constant)
		return ok && equalConstants(a, b)
	case libref:
		return a == b
	case *instance, *function, *class, *module, *list, *dict:
		return a == b
	}
	return false
}

// each gives the alternatives of a value.
func each(v value) []value {
	if a, ok := v.(alt); ok {
		return a
	}
	return []value{v}
}

func text(v value) (string, bool) {
	c, ok := v.(constant)
	if !ok {
		return "", false
	}
	s, ok := c.v.(string)
	return s, ok
}
