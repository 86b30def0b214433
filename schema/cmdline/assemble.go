package cmdline

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
)

// A Layer collects the settings of one source: a setting that is given again replaces the earlier value, one of an
// option that repeats adds to it.
type Layer struct {
	kind     schema.LayerKind
	name     string
	settings []schema.Setting
	index    map[string]int
}

// NewLayer makes an empty layer. Name tells people where it comes from: "command line".
func NewLayer(kind schema.LayerKind, name string) *Layer {
	return &Layer{kind: kind, name: name, index: map[string]int{}}
}

// Constant adds a value that the source spells out at a place. at is where the value stands, nameAt where the flag or
// variable does.
func (l *Layer) Constant(o *schema.Option, v cty.Value, at, nameAt hcl.Range) {
	l.Add(schema.Setting{Native: o.Name, Option: o, Value: &schema.Const{Val: v, Src: at}, OnHost: v, Range: at, NameRange: nameAt})
}

// Add adds a setting. Source may name its place where the layer's own name does not.
func (l *Layer) Add(s schema.Setting) {
	o := s.Option
	s.Layer = l.kind
	if s.Source == "" {
		s.Source = l.name
	}
	if s.Text == "" {
		s.Text = Text(o, s.OnHost)
	}
	s.Name = o.Model
	i, again := l.index[o.Name]
	switch {
	case o.Multi && l.kind != schema.LayerDefault:
		if !again {
			l.index[o.Name] = len(l.settings)
			l.settings = append(l.settings, gathered(schema.Setting{}, s))
			return
		}
		l.settings[i] = gathered(l.settings[i], s)
	case again:
		old := l.settings[i]
		s.Shadowed = append([]schema.Setting{bare(old)}, old.Shadowed...)
		l.settings[i] = s
	default:
		l.index[o.Name] = len(l.settings)
		l.settings = append(l.settings, s)
	}
}

// Get gives the setting of an option, or nil. It stays valid until the next Add.
func (l *Layer) Get(name string) *schema.Setting {
	if i, ok := l.index[name]; ok {
		return &l.settings[i]
	}
	return nil
}

// Has tells whether the layer sets an option.
func (l *Layer) Has(name string) bool { return l.Get(name) != nil }

// gathered adds a value to a repeated option's. The list itself is made once all are there.
func gathered(all, s schema.Setting) schema.Setting {
	part := bare(s)
	s.Parts = append(all.Parts, part)
	return s
}

func bare(s schema.Setting) schema.Setting {
	s.Shadowed, s.Parts = nil, nil
	return s
}

// finish makes the lists of repeated options.
func (l *Layer) finish() *schema.Layer {
	for i := range l.settings {
		s := &l.settings[i]
		if len(s.Parts) == 0 {
			continue
		}
		items := make([]schema.Expr, len(s.Parts))
		values := make([]cty.Value, len(s.Parts))
		for j, p := range s.Parts {
			items[j], values[j] = p.Value, p.OnHost
		}
		s.Value = &schema.List{Items: items, Src: s.Range}
		s.OnHost = cty.TupleVal(values)
		s.Text = Text(s.Option, s.OnHost)
	}
	return &schema.Layer{Kind: l.kind, Name: l.name, Settings: l.settings}
}

// Defaults is the layer of a release's defaults.
func Defaults(cat *schema.Catalogue, release schema.Version) *Layer {
	l := NewLayer(schema.LayerDefault, "default")
	for i := range cat.Options {
		if o := &cat.Options[i]; o.Known(release) {
			l.Constant(o, FromJSON(DefaultOf(o, release)), hcl.Range{}, hcl.Range{})
		}
	}
	return l
}

// Assemble lays the layers over each other, weakest first, and puts them and the effective settings into the Config.
// A stronger layer replaces the whole value, lists included.
func Assemble(cfg *schema.Config, cat *schema.Catalogue, layers ...*Layer) {
	index := map[string]int{}
	for _, l := range layers {
		layer := l.finish()
		if len(layer.Settings) > 0 {
			cfg.Layers = append(cfg.Layers, layer)
		}
		for _, s := range layer.Settings {
			i, seen := index[s.Native]
			if !seen {
				index[s.Native] = len(cfg.Settings)
				cfg.Settings = append(cfg.Settings, s)
				continue
			}
			old := cfg.Settings[i]
			s.Shadowed = slices.Concat(s.Shadowed, []schema.Setting{bare(old)}, old.Shadowed)
			cfg.Settings[i] = s
		}
	}
	schema.SortByCatalogue(cfg.Settings, cat)
}

// Native gives the effective settings as data for encoding/json, under the names that the server keeps them by.
func Native(cfg *schema.Config) map[string]any {
	out := map[string]any{}
	for _, s := range cfg.Settings {
		name := s.Native
		if d := FactsOf(s.Option).Dest; d != "" {
			name = d
		}
		out[name] = Plain(s.OnHost)
	}
	return out
}
