package native

import (
	"slices"
	"strings"
	"sync"

	"gsrv/schema"
)

// The words of the format that are not in schema.Model: a block of values to refer to, and a block of what another
// server has and the model has not.
const (
	localsBlock = "locals"
	extraBlock  = "extra"
)

// The attributes of a listen block that stand for more than one setting of the model.
const (
	addressAttr  = "address"
	protocolAttr = "protocol"
)

// A block is one kind of block of the format: the settings whose names begin with its path.
type block struct {
	name, path string
	attrs      []*attribute
	blocks     []*block
	// label is the setting that the block's label gives; nil where it takes none.
	label *attribute
	// listener marks the block that is written once for each address.
	listener bool
}

type attribute struct {
	name   string
	option *schema.Option
	role   schema.ModelRole
}

// root is the body of a file, made from schema.Model when it is first needed.
var root = sync.OnceValue(func() *block {
	top := &block{}
	for i := range schema.Model.Options {
		o := &schema.Model.Options[i]
		parts := strings.Split(o.Name, ".")
		b := top
		for _, p := range parts[:len(parts)-1] {
			b = b.child(p)
		}
		role, _ := o.Extra.(schema.ModelRole)
		a := &attribute{name: parts[len(parts)-1], option: o, role: role}
		switch role {
		case schema.RoleLabel:
			b.label = a
		case schema.RoleProtocol:
			b.listener = true
		}
		b.attrs = append(b.attrs, a)
	}
	return top
})

func (b *block) child(name string) *block {
	if c := b.find(name); c != nil {
		return c
	}
	c := &block{name: name, path: strings.TrimPrefix(b.path+"."+name, ".")}
	b.blocks = append(b.blocks, c)
	return c
}

func (b *block) find(name string) *block {
	for _, c := range b.blocks {
		if c.name == name {
			return c
		}
	}
	return nil
}

// attr gives the attribute that is written as such in the block, or nil.
func (b *block) attr(name string) *attribute {
	for _, a := range b.attrs {
		if a.name == name && a.written() {
			return a
		}
	}
	return nil
}

// written tells whether the setting is an attribute of its block in the text; addresses by protocol are not.
func (a *attribute) written() bool {
	return a.role != schema.RoleProtocol && a.role != schema.RoleByAddress
}

// attrNames lists what may be written in the block as an attribute.
func (b *block) attrNames() []string {
	var names []string
	if b.listener {
		names = append(names, addressAttr, protocolAttr)
	}
	for _, a := range b.attrs {
		if a.written() {
			names = append(names, a.name)
		}
	}
	return names
}

// blockNames lists the blocks that may stand in the block.
func (b *block) blockNames() []string {
	var names []string
	for _, c := range b.blocks {
		names = append(names, c.name)
	}
	if b.path == "" {
		names = append(names, localsBlock, extraBlock)
	}
	return names
}

// protocols lists the words of a listen block's protocol, the default one first.
func (b *block) protocols() []string {
	var words []string
	for _, a := range b.attrs {
		if a.role == schema.RoleProtocol {
			words = append(words, a.name)
		}
	}
	return words
}

// anywhere gives the full paths of blocks that have an attribute or block of this name, for a hint to one that was
// written in the wrong place.
func anywhere(name string) []string {
	var paths []string
	var visit func(b *block)
	visit = func(b *block) {
		if b.path != "" && slices.Contains(b.attrNames(), name) || b.path != "" && b.find(name) != nil {
			paths = append(paths, b.path)
		}
		for _, c := range b.blocks {
			visit(c)
		}
	}
	visit(root())
	return paths
}
