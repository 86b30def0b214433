package migrate

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
)

// A part is an item as its source's text shows it, before it is known what becomes of it.
type part struct {
	kind Kind
	key  string
	// whole is the statement or line, name the key alone.
	whole, name hcl.Range
	// section is the ini section it stands in.
	section string
	// inside is the function or class that a comment stands in.
	inside string
	// behind tells that a comment stands behind something on its line.
	behind bool
	// header tells that a comment stands at the top of its file, with an empty line below.
	header bool
	// python tells that it is a line of Python.
	python bool
	// text is a comment's text without its sign.
	text string
}

// scan lists the items of every text that a configuration was read from; words are its server's command line.
func scan(cfg *schema.Config, main string, words []schema.Word) []part {
	var out []part
	for _, name := range sources(cfg, main, words) {
		text := cfg.Files.Text(name)
		switch {
		case len(words) > 0 && inFile(words, name):
			out = append(out, scanWords(cfg, words, name)...)
		case name == schema.CommandLine || strings.HasPrefix(name, "<"):
			out = append(out, scanPlaces(cfg, name)...)
		case cfg.Dialect == "gunicorn" && !strings.HasSuffix(name, ".ini"), strings.HasSuffix(name, ".py"):
			out = append(out, scanPython(name, text)...)
		default:
			switch ext := strings.ToLower(filepath.Ext(name)); ext {
			case ".xml":
				out = append(out, scanXML(name, text)...)
			case ".yaml", ".yml", ".toml":
				out = append(out, scanKeyed(cfg, name, text)...)
			case ".hcl":
				out = append(out, scanHCL(cfg, name, text)...)
			case ".json", ".js":
				out = append(out, scanPlaces(cfg, name)...)
			default:
				out = append(out, scanINI(name, text, cfg.Dialect == "uwsgi")...)
			}
		}
	}
	return append(out, leftovers(cfg, out)...)
}

// sources lists the texts that hold settings: the configuration's own file first.
func sources(cfg *schema.Config, main string, words []schema.Word) []string {
	if cfg.Files == nil {
		return nil
	}
	var names []string
	add := func(name string) {
		if name != "" && !slices.Contains(names, name) && cfg.Files.Text(name) != nil {
			names = append(names, name)
		}
	}
	add(main)
	if main == "" {
		add(schema.CommandLine)
		for _, w := range words {
			add(w.Range.Filename)
		}
	}
	for _, s := range given(cfg) {
		if cfg.Dialect == "gunicorn" && strings.HasSuffix(s.Range.Filename, ".py") && len(names) > 0 && strings.HasSuffix(names[0], ".py") {
			continue // a module that the configuration imports: its settings are listed one by one
		}
		add(s.Range.Filename)
		add(s.NameRange.Filename)
	}
	return names
}

// given lists everything that the source sets, in the order of the layers: what was overridden and single values, too.
func given(cfg *schema.Config) []schema.Setting {
	var out []schema.Setting
	var add func(s schema.Setting)
	add = func(s schema.Setting) {
		if s.Option != nil && s.Option.Derived || s.Layer == schema.LayerDefault {
			return
		}
		if len(s.Parts) > 0 {
			for _, p := range s.Parts {
				p.Layer = s.Layer
				add(p)
			}
		} else {
			out = append(out, s)
		}
		for _, o := range s.Shadowed {
			add(o)
		}
	}
	for _, l := range cfg.Layers {
		for _, s := range l.Settings {
			add(s)
		}
	}
	for _, s := range cfg.Model { // an application named on the command line is no setting of any layer
		if s.Option == nil && s.Layer != schema.LayerDefault && s.Parts == nil && place(s).Filename == schema.CommandLine {
			add(s)
		}
	}
	return out
}

// place gives where a setting stands: its key, or its value where the key has no place.
func place(s schema.Setting) hcl.Range { return schema.At(s.NameRange, s.Range) }

// scanPlaces lists what the settings say that stand in a text with no notation for comments: words of a command line, a
// variable, JSON.
func scanPlaces(cfg *schema.Config, name string) []part {
	var out []part
	for _, s := range given(cfg) {
		if at := place(s); at.Filename == name {
			out = addPart(out, s)
		}
	}
	slices.SortStableFunc(out, func(a, b part) int { return comparePos(a.name.Start, b.name.Start) })
	return out
}

// inFile tells whether words of a command line stand in a file: one that starts servers, such as a Procfile.
func inFile(words []schema.Word, name string) bool {
	return slices.ContainsFunc(words, func(w schema.Word) bool { return w.Range.Filename == name })
}

// scanWords lists the options and arguments of a command line that stand in a file: those that make a setting and, each with
// the word behind it, those that do not.
func scanWords(cfg *schema.Config, all []schema.Word, name string) []part {
	out := scanPlaces(cfg, name)
	var words []schema.Word
	for i, w := range all {
		if w.Range.Filename == name || i == 0 {
			words = append(words, w)
		}
	}
	taken := func(r hcl.Range) bool {
		return slices.ContainsFunc(out, func(p part) bool {
			return comparePos(p.whole.Start, r.End) < 0 && comparePos(r.Start, p.whole.End) < 0
		})
	}
	for i := 1; i < len(words); i++ {
		w := words[i]
		if taken(w.Range) || w.Text == "--" {
			continue
		}
		p := part{kind: KindSetting, key: w.Text, whole: w.Range, name: w.Range}
		if strings.HasPrefix(w.Text, "-") {
			p.key, _, _ = strings.Cut(w.Text, "=")
			if i+1 < len(words) && p.key == w.Text && !strings.HasPrefix(words[i+1].Text, "-") && !taken(words[i+1].Range) && i+2 <= len(words) {
				p.whole.End = words[i+1].Range.End
				i++
			}
		}
		out = append(out, p)
	}
	slices.SortStableFunc(out, func(a, b part) int { return comparePos(a.name.Start, b.name.Start) })
	return out
}

// addPart adds a setting's item unless its place has one.
func addPart(out []part, s schema.Setting) []part {
	at := place(s)
	for i := range out {
		if out[i].name == at {
			return out
		}
	}
	whole := at
	if s.Range.Filename == at.Filename && comparePos(s.Range.End, whole.End) > 0 {
		whole.End = s.Range.End
	}
	return append(out, part{kind: KindSetting, key: s.Native, whole: whole, name: at})
}

// leftovers lists the settings that no item of the texts stands for: those of an imported module, for example.
func leftovers(cfg *schema.Config, parts []part) []part {
	var out []part
	for _, s := range given(cfg) {
		at := place(s)
		if at.Filename == "" || at.Start == at.End && strings.HasPrefix(at.Filename, "<") {
			continue
		}
		if strings.Contains(s.Source, "implied by") || len(matching(parts, s)) > 0 {
			continue
		}
		out = addPart(out, s)
	}
	return out
}

func comparePos(a, b hcl.Pos) int {
	return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
}

// within tells whether a range lies in another.
func within(r, outer hcl.Range) bool {
	return r.Filename != "" && r.Filename == outer.Filename && comparePos(outer.Start, r.Start) <= 0 && comparePos(r.End, outer.End) <= 0
}

// matching gives the items that a setting stands in.
func matching(parts []part, s schema.Setting) []int {
	var out []int
	for i, p := range parts {
		if p.kind == KindComment {
			continue
		}
		switch {
		case s.NameRange.Filename != "" && s.NameRange.Start != s.NameRange.End:
			// A placeholder's name stands in the value of the option that makes it.
			if within(s.NameRange, p.name) || s.Option == nil && p.name != p.whole && within(s.NameRange, p.whole) || p.key == s.Native && within(s.NameRange, p.whole) || p.kind == KindHook && within(s.NameRange, p.whole) {
				out = append(out, i)
			}
		case within(s.Range, p.whole) && (p.key == s.Native || p.name == p.whole || !shared(parts, p)):
			out = append(out, i)
		}
	}
	return out
}

// shared tells whether several names are assigned in the statement.
func shared(parts []part, p part) bool {
	n := 0
	for _, o := range parts {
		if o.whole == p.whole && o.kind == p.kind {
			n++
		}
	}
	return n > 1
}
