package migrate

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
)

// ownPlace is how each dialect's files speak of the directory that they lie in. A reader knows it and gives the path.
var ownPlace = map[string][]string{
	"gunicorn": {"__file__"}, "uwsgi": {"%d"}, "paste": {"%(here)s"}, "native": {"config_dir()"}, "hypercorn": {"__file__"},
}

// herePath gives the directory that the source's file and the target share, where the file speaks of it; empty otherwise.
func (n *migration) herePath() string {
	if n.Beside == "" || n.form.command || n.to.Name == "paste" {
		return ""
	}
	seen := map[string]bool{}
	for _, s := range given(n.Config) {
		name := s.Range.Filename
		if name == "" || seen[name] {
			continue
		}
		seen[name] = true
		path := name
		if !filepath.IsAbs(path) {
			path = filepath.Join(n.Input.Dir, name)
		}
		if filepath.Dir(path) != n.Beside {
			continue
		}
		text := string(n.Config.Files.Text(name))
		for _, words := range ownPlace {
			for _, w := range words {
				if strings.Contains(text, w) {
					return n.Beside
				}
			}
		}
	}
	return ""
}

// here writes a path of the configuration's own directory as one, so that the target can move as the source can.
func (n *migration) here(s *schema.Setting) {
	if n.place != "" && s.Value != nil {
		s.Value = hereIn(s.Value, n.place, s.Name == "app.directory")
	}
}

func hereIn(e schema.Expr, dir string, directory bool) schema.Expr {
	switch x := e.(type) {
	case *schema.Const:
		if !x.Val.IsKnown() || x.Val.IsNull() {
			return e
		}
		if x.Val.CanIterateElements() && (x.Val.Type().IsTupleType() || x.Val.Type().IsListType()) {
			list := &schema.List{Src: x.Src}
			changed := false
			for it := x.Val.ElementIterator(); it.Next(); {
				_, v := it.Element()
				item := hereIn(&schema.Const{Val: v, Src: x.Src}, dir, directory)
				_, same := item.(*schema.Const)
				changed = changed || !same
				list.Items = append(list.Items, item)
			}
			if changed {
				return list
			}
			return e
		}
		if x.Val.Type().IsObjectType() {
			return hereInMap(x, dir)
		}
		if x.Val.Type() != cty.String {
			return e
		}
		before, rest, ok := cutDir(x.Val.AsString(), dir)
		if directory {
			rest = strings.TrimSuffix(rest, "/")
		}
		if !ok {
			return e
		}
		var parts []schema.Expr
		if before != "" {
			parts = append(parts, schema.String(before, x.Src))
		}
		parts = append(parts, &schema.HostFact{Fact: schema.ConfigDir, Src: x.Src})
		if rest != "" {
			parts = append(parts, schema.String(rest, x.Src))
		}
		if len(parts) == 1 {
			return parts[0]
		}
		return &schema.Template{Parts: parts, Src: x.Src}
	case *schema.List:
		list := &schema.List{Src: x.Src}
		for _, item := range x.Items {
			list.Items = append(list.Items, hereIn(item, dir, directory))
		}
		return list
	case *schema.Map:
		m := &schema.Map{Keys: x.Keys, Src: x.Src}
		for _, v := range x.Values {
			m.Values = append(m.Values, hereIn(v, dir, false))
		}
		return m
	case *schema.Template:
		if len(x.Parts) == 0 {
			return e
		}
		switch first := hereIn(x.Parts[0], dir, false).(type) {
		case *schema.HostFact:
			return &schema.Template{Parts: append([]schema.Expr{first}, x.Parts[1:]...), Src: x.Src}
		case *schema.Template:
			return &schema.Template{Parts: append(slices.Clone(first.Parts), x.Parts[1:]...), Src: x.Src}
		}
	case *schema.Cond:
		return &schema.Cond{Test: x.Test, Then: hereIn(x.Then, dir, directory), Else: hereIn(x.Else, dir, directory), Src: x.Src}
	}
	return e
}

// hereInMap is hereIn of the values of a constant mapping: variables that name files.
func hereInMap(c *schema.Const, dir string) schema.Expr {
	m := &schema.Map{Src: c.Src}
	changed := false
	for it := c.Val.ElementIterator(); it.Next(); { // in the order of the keys
		k, v := it.Element()
		item := hereIn(&schema.Const{Val: v, Src: c.Src}, dir, false)
		_, same := item.(*schema.Const)
		changed = changed || !same
		m.Keys, m.Values = append(m.Keys, k.AsString()), append(m.Values, item)
	}
	if changed {
		return m
	}
	return c
}

// cutDir finds a directory at the beginning of a text, or behind what says which kind of name follows: unix:, config:.
func cutDir(text, dir string) (before, rest string, ok bool) {
	kinds := []string{"", "unix:", "config:", "file:"}
	if i := strings.IndexByte(text, '='); i >= 0 { // what is mapped to it, as in static-map
		kinds = append(kinds, text[:i+1])
	}
	for _, kind := range kinds {
		if path, is := strings.CutPrefix(text, kind); is {
			if rest, ok = strings.CutPrefix(path, dir); ok && (rest == "" || rest[0] == '/') {
				return kind, rest, true
			}
		}
	}
	return "", "", false
}
