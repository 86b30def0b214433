package eval

import (
	"maps"
	"slices"

	"gsrv/schema"
	"gsrv/schema/python/value"
)

// A snapshot is the contents of everything mutable that a program in progress can reach.
type snapshot struct {
	scopes    map[*scope]scopeCopy
	lists     map[*value.List][]value.Value
	dicts     map[*value.Dict]*value.Dict
	sets      map[*value.Set][]value.Value
	instances map[*instance]attrsCopy
	classes   map[*class]attrsCopy
	written   map[string]value.Value
	order     []string
	// counts are how far each generator had come.
	counts map[*generator]int
}

type scopeCopy struct {
	vars  map[string]slot
	order []string
	open  []*schema.Opaque
}

type attrsCopy struct {
	attrs map[string]value.Value
	order []string
}

func (in *interp) snapshot() *snapshot {
	s := &snapshot{
		scopes: map[*scope]scopeCopy{}, lists: map[*value.List][]value.Value{}, dicts: map[*value.Dict]*value.Dict{}, sets: map[*value.Set][]value.Value{},
		instances: map[*instance]attrsCopy{}, classes: map[*class]attrsCopy{}, written: maps.Clone(in.environ.written), order: slices.Clone(in.environ.order),
	}
	for _, sc := range in.scopes {
		s.scope(sc)
	}
	for _, m := range in.modules {
		if m.scope != nil {
			s.scope(m.scope)
		}
	}
	for _, waiting := range in.waiting {
		for _, sc := range waiting {
			s.scope(sc)
		}
	}
	for _, g := range in.generators {
		if g.count > 0 && !g.done {
			for _, sc := range g.own.scopes {
				s.scope(sc)
			}
		}
		if s.counts == nil {
			s.counts = map[*generator]int{}
		}
		s.counts[g] = g.count
	}
	for _, v := range in.environ.written {
		s.value(v)
	}
	s.value(in.sysPath)
	return s
}

func (s *snapshot) scope(sc *scope) {
	for ; sc != nil; sc = sc.parent {
		if _, seen := s.scopes[sc]; seen {
			return
		}
		s.scopes[sc] = scopeCopy{maps.Clone(sc.vars), slices.Clone(sc.order), slices.Clone(sc.open)}
		for _, v := range sc.vars {
			s.value(v.v)
		}
		if sc.globals != nil && sc.globals != sc {
			s.scope(sc.globals)
		}
	}
}

func (s *snapshot) value(v value.Value) {
	switch v := v.(type) {
	case *value.List:
		if _, seen := s.lists[v]; seen {
			return
		}
		s.lists[v] = slices.Clone(v.Elems)
		if len(v.Elems) > 5000 {
			return
		}
		for _, x := range v.Elems {
			s.value(x)
		}
	case *value.Tuple:
		if len(v.Elems) > 5000 {
			return
		}
		for _, x := range v.Elems {
			s.value(x)
		}
	case *value.Dict:
		if _, seen := s.dicts[v]; seen {
			return
		}
		c, err := v.Copy(nil)
		if err != nil {
			return
		}
		s.dicts[v] = c
		v.Items(func(_, x value.Value) bool {
			s.value(x)
			return true
		})
	case *value.Set:
		if _, seen := s.sets[v]; !seen && v.TypeName() == "set" {
			s.sets[v] = slices.Clone(v.Elems())
		}
	case *instance:
		if _, seen := s.instances[v]; seen {
			return
		}
		s.instances[v] = attrsCopy{maps.Clone(v.attrs), slices.Clone(v.order)}
		for _, x := range v.attrs {
			s.value(x)
		}
		s.value(v.class)
		if v.dict != nil {
			s.value(v.dict)
		}
	case *class:
		if _, seen := s.classes[v]; seen || v.builtin {
			return
		}
		s.classes[v] = attrsCopy{maps.Clone(v.attrs), slices.Clone(v.order)}
		for _, x := range v.attrs {
			s.value(x)
		}
		for _, b := range v.bases {
			s.value(b)
		}
	case *function:
		s.scope(v.scope)
	case *method:
		s.value(v.self)
		s.value(v.fn)
	case *partial:
		s.value(v.fn)
		for _, x := range v.args {
			s.value(x)
		}
	case *wrapper:
		s.value(v.fn)
	case *module:
		if v.scope != nil {
			s.scope(v.scope)
		}
	}
}

// restore puts the contents back. What is not in the snapshot was not reachable then.
func (in *interp) restore(s *snapshot) {
	for sc, c := range s.scopes {
		sc.vars, sc.order, sc.open = maps.Clone(c.vars), slices.Clone(c.order), slices.Clone(c.open)
	}
	for g, count := range s.counts {
		g.broken = g.broken || g.count != count
	}
	for l, c := range s.lists {
		l.Elems = slices.Clone(c)
	}
	for d, c := range s.dicts {
		setDict(d, c)
	}
	for set, c := range s.sets {
		setSet(set, c)
	}
	for i, c := range s.instances {
		i.attrs, i.order = maps.Clone(c.attrs), slices.Clone(c.order)
	}
	for k, c := range s.classes {
		k.attrs, k.order = maps.Clone(c.attrs), slices.Clone(c.order)
	}
	in.environ.written, in.environ.order = maps.Clone(s.written), slices.Clone(s.order)
}

func setDict(d, from *value.Dict) {
	d.Clear()
	from.Items(func(k, v value.Value) bool { return d.Set(nil, k, v) == nil })
}

func setSet(s *value.Set, elems []value.Value) {
	fresh := value.NewSet(false)
	for _, v := range elems {
		if fresh.Add(nil, v) != nil {
			return
		}
	}
	*s = *fresh
}
