package write

import (
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
)

// inShell tells of a setting that the shell in front of the command does.
func (c *commandWriter) inShell(s *schema.Setting, class Class, note, native string, code ...string) {
	l := c.line(s, class, note, native)
	it := item{line: l}
	if class.Lost() {
		it.comment = []string{"TODO(gsrv): " + native + ": " + note}
	}
	c.items = append(c.items, it)
	c.shell = append(c.shell, code...)
}

func (c *commandWriter) directory(s *schema.Setting) {
	if s.Layer == schema.LayerDefault || isFact(s.Value) || isNullConst(s.Value) {
		c.silent(s, ExactByDefault, "")
		return
	}
	text, err := c.sh.operand(s.Value)
	if err != nil {
		c.todo(s, Verbatim, sentence(err))
		return
	}
	c.inShell(s, Exact, "", "cd", "cd "+text+" || exit")
}

// inherent are settings that only uWSGI has: other servers do what they switch on without being told.
func (c *commandWriter) inherent(s *schema.Setting) {
	sup := c.support(s)
	on, known := c.truthOf(s.Name)
	switch {
	case s.Layer == schema.LayerDefault || c.isDefault(s):
		c.missing(s)
	case known && on:
		c.silent(s, DroppedNoEffect, strings.TrimSuffix(sup.Words, "."))
	default:
		c.todo(s, sup.Class, sup.Words)
	}
}

// environment sets variables for the server, which the application has from it.
func (c *commandWriter) environment(s *schema.Setting) {
	names, values, ok := pairsOf(s.Value)
	if len(names) == 0 && ok {
		c.silent(s, ExactByDefault, "")
		return
	}
	var code []string
	var sh shellWriter // the shell's own word, not the program's
	for i, name := range names {
		text, err := sh.word("", values[i])
		if !shellName(name) {
			err = cannotSay("a shell has no variable of the name " + name)
		}
		if err != nil {
			ok = false
			c.todo(s, Verbatim, sentence(err))
			return
		}
		code = append(code, name+"="+text)
	}
	if !ok {
		c.todo(s, Verbatim, "Which variables there are depends on the host.")
		return
	}
	c.exports = append(c.exports, code...)
	c.inShell(s, Exact, "", "export")
}

// pairsOf gives the names and values of a mapping.
func pairsOf(e schema.Expr) ([]string, []schema.Expr, bool) {
	if m, ok := e.(*schema.Map); ok {
		return m.Keys, m.Values, true
	}
	v, ok := constant(e)
	if !ok {
		return nil, nil, false
	}
	if v.IsNull() {
		return nil, nil, true
	}
	if !v.Type().IsObjectType() && !v.Type().IsMapType() {
		return nil, nil, false
	}
	var names []string
	for name := range v.AsValueMap() {
		names = append(names, name)
	}
	slices.Sort(names)
	var values []schema.Expr
	for _, name := range names {
		values = append(values, &schema.Const{Val: v.AsValueMap()[name], Src: e.Range()})
	}
	return names, values, true
}

// pythonPath puts directories before Python's search path, by the variable that Python itself reads.
func (c *commandWriter) pythonPath(s *schema.Setting) {
	items, ok := itemsOf(s.Value)
	switch {
	case s.Layer == schema.LayerDefault, ok && len(items) == 0, isNullConst(s.Value):
		c.silent(s, ExactByDefault, "")
		return
	case !ok:
		c.todo(s, Verbatim, "How many directories there are depends on the host.")
		return
	}
	patterns := Patterns(c.cfg)
	items = slices.DeleteFunc(slices.Clone(items), isPatternOf(patterns))
	if len(items) == 0 {
		c.todo(s, Verbatim, PatternNote(patterns, "PYTHONPATH"))
		return
	}
	t := &schema.Template{Src: s.Range}
	for i, item := range items {
		if text, ok := constText(item); ok && strings.Contains(text, ":") {
			c.todo(s, Verbatim, "A directory's name holds a colon, which parts PYTHONPATH.")
			return
		}
		if i > 0 {
			t.Parts = append(t.Parts, schema.String(":", s.Range))
		}
		t.Parts = append(t.Parts, item)
	}
	text, err := c.sh.inner(t, false)
	if err != nil {
		c.todo(s, Verbatim, sentence(err))
		return
	}
	class, note := Exact, ""
	if len(patterns) > 0 {
		class, note = Approximated, PatternNote(patterns, "PYTHONPATH")
	}
	c.inShell(s, class, note, "PYTHONPATH", `export PYTHONPATH="`+text+`${PYTHONPATH:+:$PYTHONPATH}"`)
}

// virtualenv starts the server that is installed in the environment.
func (c *commandWriter) virtualenv(s *schema.Setting) {
	if s.Layer == schema.LayerDefault || isNullConst(s.Value) {
		c.silent(s, ExactByDefault, "")
		return
	}
	_, rest, _ := strings.Cut(c.program, " ")
	text, err := c.sh.operand(&schema.Template{Parts: []schema.Expr{s.Value, schema.String("/bin/"+c.name, s.Range)}, Src: s.Range})
	if err != nil {
		c.todo(s, Verbatim, sentence(err))
		return
	}
	c.program = strings.TrimSpace(text + " " + rest)
	c.inShell(s, Approximated, "the command of the environment itself is started, so "+c.install+" has to be installed there.", c.name)
}

func (c *commandWriter) umask(s *schema.Setting) {
	mode, ok := constText(s.Value)
	_, valid := schema.RevertValue("octal", cty.StringVal(mode))
	switch {
	case isNullConst(s.Value), s.Layer == schema.LayerDefault && c.nothing(s):
		c.silent(s, ExactByDefault, "")
	case !ok || !valid:
		c.todo(s, Verbatim, "Its value depends on the host.")
	case s.Layer == schema.LayerDefault:
		c.inShell(s, PinnedDefault, c.pinned(s), "umask", "umask "+mode)
	default:
		c.inShell(s, Exact, "", "umask", "umask "+mode)
	}
}

// pidFile writes the shell's own process id, which is the server's once that has taken the shell's place.
func (c *commandWriter) pidFile(s *schema.Setting) {
	if s.Layer == schema.LayerDefault || isNullConst(s.Value) {
		c.silent(s, ExactByDefault, "")
		return
	}
	text, err := c.sh.operand(s.Value)
	if err != nil {
		c.todo(s, Verbatim, sentence(err))
		return
	}
	c.inShell(s, Approximated, "the shell writes the file before the server takes its place; nobody removes it in the end.", "echo $$", "echo $$ >"+text)
}

// errorFile sends standard error, where the server logs, to a file.
func (c *commandWriter) errorFile(s *schema.Setting) {
	c.redirect(s, "2>>", "-")
}

func (c *commandWriter) redirect(s *schema.Setting, operator, standard string) {
	text, ok := constText(s.Value)
	switch {
	case ok && (text == standard || text == "" && s.Layer == schema.LayerDefault), s.Layer == schema.LayerDefault && !ok, isNullConst(s.Value):
		c.silent(s, ExactByDefault, "")
		return
	}
	word, err := c.sh.operand(s.Value)
	if err != nil {
		c.todo(s, Verbatim, sentence(err))
		return
	}
	c.redirections = append(c.redirections, operator+word)
	c.inShell(s, Approximated, "the shell opens the file: it is not opened anew when it is rotated, so rotate it by copying (logrotate's copytruncate).", operator)
}
