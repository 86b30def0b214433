package write

import (
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
	"gsrv/schema/uwsgi"
)

// Patterns gives the entries of uWSGI's pythonpath that it takes for patterns, in the order in which they are written.
func Patterns(cfg *schema.Config) []string {
	s := cfg.Setting("app.python_path")
	if cfg.Dialect != "uwsgi" || s == nil || s.Value == nil || s.Layer == schema.LayerDefault {
		return nil
	}
	var out []string
	for _, item := range listItems(s.Value) {
		if text, ok := constText(item); ok && isPattern(item) {
			out = append(out, shortened(text))
		} else if isPattern(item) {
			out = append(out, shortened(schema.PlainText(item)))
		}
	}
	slices.Reverse(out) // the model has what is searched first in front
	return out
}

// PatternNote says what uWSGI does with patterns, and what is to be done about them for a target.
func PatternNote(patterns []string, target string) string {
	return "uWSGI takes " + strings.Join(patterns, ", ") + " for a pattern, and takes each directory that matches when it starts. " + target + " takes directories alone: write down those of the server."
}

// isPatternOf is isPattern where there are patterns at all.
func isPatternOf(patterns []string) func(schema.Expr) bool {
	return func(e schema.Expr) bool { return len(patterns) > 0 && isPattern(e) }
}

func isPattern(e schema.Expr) bool {
	found := false
	schema.Walk(e, func(e schema.Expr) bool {
		if c, ok := e.(*schema.Const); ok {
			text, _ := schema.TextOf(c.Val)
			found = found || uwsgi.IsPattern(text)
		}
		return !found
	})
	return found
}

// listItems are the entries of a list that is the same number of entries on every host; of both branches of a choice.
func listItems(e schema.Expr) []schema.Expr {
	switch x := e.(type) {
	case *schema.List:
		return x.Items
	case *schema.Cond:
		return append(slices.Clone(listItems(x.Then)), listItems(x.Else)...)
	case *schema.Call:
		if x.Func == "convert_list" {
			return x.Args
		}
	case *schema.Const:
		var out []schema.Expr
		if v := x.Val; v.IsKnown() && !v.IsNull() && v.CanIterateElements() && v.Type() != cty.String {
			for _, item := range v.AsValueSlice() {
				out = append(out, &schema.Const{Val: item, Src: x.Src})
			}
		}
		return out
	}
	return nil
}

// searchPath writes pythonpath. Where uWSGI looked for what matches a pattern, gunicorn's file, being Python, does the same.
func (g *gunicornWriter) searchPath(s *schema.Setting) {
	patterns := Patterns(g.cfg)
	_, listed := s.Value.(*schema.List)
	_, constant := s.Value.(*schema.Const)
	if len(patterns) == 0 || g.unsaid(s, "pythonpath") {
		if len(patterns) == 0 {
			g.plain(s)
		}
		return
	}
	if !listed && !constant {
		g.todo(s, Verbatim, PatternNote(patterns, "gunicorn"))
		return
	}
	var parts []string
	var plain []schema.Expr
	flush := func() error {
		if len(plain) == 0 {
			return nil
		}
		text, err := g.py.exprs(plain)
		parts, plain = append(parts, "["+text+"]"), nil
		return err
	}
	write := func() error {
		for _, item := range listItems(s.Value) {
			if text, ok := constText(item); ok && strings.Contains(text, ",") || !isText(item) {
				return cannotSay("gunicorn's pythonpath is one text with commas between directories")
			}
			if !isPattern(item) {
				plain = append(plain, item)
				continue
			}
			if err := flush(); err != nil {
				return err
			}
			text, err := g.py.expr(unescaped(item), pyLowest)
			if err != nil {
				return err
			}
			parts = append(parts, "sorted(glob.glob("+text+"))")
		}
		return flush()
	}
	if err := write(); err != nil {
		g.todo(s, Verbatim, sentence(err))
		return
	}
	g.py.need("glob")
	note := "uWSGI takes " + strings.Join(patterns, ", ") + " for a pattern, and takes each directory that matches when it starts. So does this line: see that it finds those that you mean, or write them down."
	g.add(g.line(s, Approximated, note, "pythonpath"), `pythonpath = ",".join(`+strings.Join(parts, " + ")+")")
}

// unescaped writes what glob(3) takes literally behind a backslash as Python's glob takes it, in brackets.
func unescaped(e schema.Expr) schema.Expr {
	c, ok := e.(*schema.Const)
	if !ok {
		return e
	}
	text, _ := schema.TextOf(c.Val)
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text) && strings.IndexByte("*?[", text[i+1]) >= 0:
			i++
			b.WriteString("[" + text[i:i+1] + "]")
		case text[i] == '\\' && i+1 < len(text):
			i++
			b.WriteByte(text[i])
		default:
			b.WriteByte(text[i])
		}
	}
	return schema.String(b.String(), c.Src)
}
