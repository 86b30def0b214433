package value

// Dict is a mapping in order of insertion.
type Dict struct {
	entries []dictEntry
	index   map[any]int // hash key to place in entries
	dead    int         // entries that were deleted
	version uint64      // changes with every insertion and deletion, for iterators
}

type dictEntry struct {
	hk       any // nil once deleted
	key, val Value
}

// NewDict makes an empty dictionary.
func NewDict() *Dict { return &Dict{index: map[any]int{}} }

// TypeName implements Value.
func (*Dict) TypeName() string { return "dict" }

// Len is the number of items.
func (d *Dict) Len() int { return len(d.index) }

// Get looks a key up; the error is the key's, when it cannot be hashed.
func (d *Dict) Get(b *Budget, key Value) (Value, bool, error) {
	hk, err := hashKey(b, key)
	if err != nil {
		return nil, false, err
	}
	if i, ok := d.index[hk]; ok {
		return d.entries[i].val, true, nil
	}
	return nil, false, nil
}

// GetStr looks up a string key.
func (d *Dict) GetStr(key string) (Value, bool) {
	if i, ok := d.index[Str(key)]; ok {
		return d.entries[i].val, true
	}
	return nil, false
}

// Set stores an item. A key that is there already keeps its place and its first form.
func (d *Dict) Set(b *Budget, key, val Value) error {
	hk, err := hashKey(b, key)
	if err != nil {
		return err
	}
	return d.set(b, hk, key, val)
}

func (d *Dict) set(b *Budget, hk any, key, val Value) error {
	if i, ok := d.index[hk]; ok {
		d.entries[i].val = val
		return nil
	}
	if err := b.elems(4); err != nil {
		return err
	}
	d.index[hk] = len(d.entries)
	d.entries = append(d.entries, dictEntry{hk, key, val})
	d.version++
	return nil
}

// SetStr stores an item under a string key.
func (d *Dict) SetStr(b *Budget, key string, val Value) error {
	return d.set(b, Str(key), Str(key), val)
}

// Delete removes a key and says whether it was there.
func (d *Dict) Delete(b *Budget, key Value) (Value, bool, error) {
	hk, err := hashKey(b, key)
	if err != nil {
		return nil, false, err
	}
	i, ok := d.index[hk]
	if !ok {
		return nil, false, nil
	}
	return d.deleteAt(i).val, true, nil
}

func (d *Dict) deleteAt(i int) dictEntry {
	e := d.entries[i]
	delete(d.index, e.hk)
	d.entries[i] = dictEntry{}
	d.dead++
	d.version++
	for n := len(d.entries); n > 0 && d.entries[n-1].hk == nil; n-- {
		d.entries = d.entries[:n-1]
		d.dead--
	}
	if d.dead > 32 && d.dead > len(d.entries)/2 {
		d.compact()
	}
	return e
}

func (d *Dict) compact() {
	live := d.entries[:0]
	for _, e := range d.entries {
		if e.hk != nil {
			d.index[e.hk] = len(live)
			live = append(live, e)
		}
	}
	clear(d.entries[len(live):])
	d.entries, d.dead = live, 0
}

// Clear removes every item.
func (d *Dict) Clear() {
	d.entries, d.index, d.dead = nil, map[any]int{}, 0
	d.version++
}

// Items calls f for each item in order until it returns false. f must not change d.
func (d *Dict) Items(f func(key, val Value) bool) {
	for _, e := range d.entries {
		if e.hk != nil && !f(e.key, e.val) {
			return
		}
	}
}

// Copy is a shallow copy.
func (d *Dict) Copy(b *Budget) (*Dict, error) {
	if err := b.elems(4 * d.Len()); err != nil {
		return nil, err
	}
	c := &Dict{index: make(map[any]int, d.Len()), entries: make([]dictEntry, 0, d.Len())}
	for _, e := range d.entries {
		if e.hk != nil {
			c.index[e.hk] = len(c.entries)
			c.entries = append(c.entries, e)
		}
	}
	return c, nil
}

// DictView is what keys(), values() and items() return; it follows its dictionary.
type DictView struct {
	Dict *Dict
	Kind ViewKind
}

// ViewKind says what a view shows.
type ViewKind string

// The kinds of view; each is its type's name.
const (
	KeysView   ViewKind = "dict_keys"
	ValuesView ViewKind = "dict_values"
	ItemsView  ViewKind = "dict_items"
)

// TypeName implements Value.
func (v *DictView) TypeName() string { return string(v.Kind) }
