package value

// Set is a set or a frozenset. Members are kept in the order of insertion, which is not the order
// CPython shows: see [Set.Elems].
type Set struct {
	d      *Dict
	Frozen bool
}

// NewSet makes an empty set or frozenset.
func NewSet(frozen bool) *Set { return &Set{d: NewDict(), Frozen: frozen} }

// TypeName implements Value.
func (s *Set) TypeName() string {
	if s.Frozen {
		return "frozenset"
	}
	return "set"
}

// Len is the number of members.
func (s *Set) Len() int { return s.d.Len() }

// Add puts a member in; one that is there already keeps its first form.
func (s *Set) Add(b *Budget, v Value) error {
	hk, err := hashKey(b, v)
	if err != nil {
		return err
	}
	return s.add(b, hk, v)
}

func (s *Set) add(b *Budget, hk any, v Value) error {
	if _, ok := s.d.index[hk]; ok {
		return nil
	}
	return s.d.set(b, hk, v, None)
}

// Has says whether v is a member.
func (s *Set) Has(b *Budget, v Value) (bool, error) {
	hk, err := hashKey(b, v)
	if err != nil {
		return false, err
	}
	_, ok := s.d.index[hk]
	return ok, nil
}

// Elems is the members in the order of insertion. CPython's order differs, and for strings from
// run to run: where the order shows in a result, [Iterate] reports an UnsupportedError instead.
func (s *Set) Elems() []Value {
	out := make([]Value, 0, s.Len())
	for _, e := range s.d.entries {
		if e.hk != nil {
			out = append(out, e.key)
		}
	}
	return out
}

func (s *Set) copy(b *Budget, frozen bool) (*Set, error) {
	d, err := s.d.Copy(b)
	if err != nil {
		return nil, err
	}
	return &Set{d: d, Frozen: frozen}, nil
}
