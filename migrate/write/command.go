package write

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
	"gsrv/schema/cmdline"
)

// A commandWriter writes a server's command line as a shell script that ends in the command: what has to be told comes
// first as comments, then what the shell does for the server (its directory, its environment), then the command with
// one option a line.
type commandWriter struct {
	*core
	sh      shellWriter
	cat     *schema.Catalogue
	release schema.Version
	// program is the command with its first words: waitress-serve, mod_wsgi-express start-server.
	program string
	// name is the program's alone.
	name string
	// install is the package that brings the program.
	install string
	// shell are the lines in front of the command, exports what they set for it, NAME=VALUE each.
	shell, exports []string
	// operands are the words behind the options, redirections those behind them.
	operands, redirections []string
	// special are the settings that take more than a conversion.
	special map[string]func(*schema.Setting)
	// owns are settings of the server's own options that special functions write.
	owns map[string]bool
	// bound tells that addresses were written.
	bound bool
	// ini is set where the settings are the keys of a Paste file's section, not options of a command.
	ini *pasteValues
}

// newCommand starts a command line for a server: defaults come from its own dialect, of a command line that names
// nothing but an application.
func newCommand(cfg *schema.Config, target string, d schema.Dialect, o Options, argv ...string) *commandWriter {
	defaults := commandDefaults(d, o.Version, argv)
	c := &commandWriter{cat: d.Catalogue(), release: o.Version, special: map[string]func(*schema.Setting){}, owns: map[string]bool{}}
	if c.release.IsZero() {
		c.release = schema.MustVersion(c.cat.Newest)
	}
	c.core = newCore(cfg, target, defaults)
	c.above = o.Above
	for name := range c.defaults {
		if strings.HasPrefix(name, "app.") && name != "app.required" && c.defaults[name].Layer != schema.LayerDefault {
			delete(c.defaults, name) // the application that was made up
		}
	}
	for name, f := range map[string]func(*schema.Setting){
		"app.directory": c.directory, "app.environment": c.environment, "app.python_path": c.pythonPath, "app.virtualenv": c.virtualenv,
		"process.umask": c.umask, "process.pid_file": c.pidFile, "workers.count": c.count,
		"workers.master": c.inherent, "workers.python_threads": c.inherent, "workers.single_interpreter": c.inherent, "process.stop_on_term": c.inherent, "app.required": c.inherent,
	} {
		c.special[name] = f
	}
	return c
}

// readDefaults keeps what commandDefaults has read, by server and release.
var readDefaults sync.Map

// commandDefaults gives what a server does without being told.
func commandDefaults(d schema.Dialect, v schema.Version, argv []string) *schema.Config {
	key := d.Name() + " " + v.String()
	if cfg, ok := readDefaults.Load(key); ok {
		return cfg.(*schema.Config)
	}
	files := schema.NewFiles("/")
	line, words := schema.JoinWords(argv)
	files.Put(schema.CommandLine, line)
	cfg, _ := d.Read(schema.Input{Files: files, Dir: "/", Host: schema.NoHost, Command: words, Version: v, OmitNative: true})
	readDefaults.Store(key, cfg)
	return cfg
}

// run writes every setting.
func (c *commandWriter) run() {
	for _, open := range c.cfg.Open {
		c.items = append(c.items, item{
			line:    Line{Class: Verbatim, Note: "other settings may be set: " + open.Reason},
			comment: []string{"TODO(gsrv): other settings may be set: " + shortened(open.Source) + " (" + open.Reason + ")."},
		})
	}
	for i := range schema.Model.Options {
		name := schema.Model.Options[i].Name
		s := c.settings[name]
		switch {
		case s == nil:
		case c.special[name] != nil:
			c.special[name](s)
		default:
			c.plain(s)
		}
	}
	c.others()
}

// output renders what was written.
func (c *commandWriter) output() *Output {
	var head, options []string
	var lines []Line
	for _, it := range c.gathered() {
		lines = append(lines, it.line)
		if c.above != nil && len(it.comment)+len(it.code)+len(it.line.Native) > 0 {
			var above []string
			for _, l := range append([]Line{it.line}, it.joined...) {
				above = append(above, c.above(l)...)
			}
			for _, text := range above {
				switch {
				case strings.TrimSpace(text) == "":
				case len(it.code) > 0:
					text = flagOf(it.code[0]) + ": " + text
				case len(it.line.Native) > 0 && len(it.comment) == 0:
					text = it.line.Native[0] + ": " + text
				}
				head = append(head, strings.TrimRight("# "+text, " \t"))
			}
		}
		for _, text := range it.comment {
			if len(it.code) > 0 {
				text = flagOf(it.code[0]) + ": " + text
			}
			if strings.Contains(text, ": TODO(gsrv): ") {
				text = "TODO(gsrv): " + strings.Replace(text, "TODO(gsrv): ", "", 1)
			}
			for _, l := range wrap(text, 110) {
				head = append(head, "# "+l)
			}
		}
		options = append(options, it.code...)
	}
	var b strings.Builder
	b.WriteString("#!/bin/sh\n# " + c.name + "'s command line, translated by gsrv from the settings of " + c.sourceTitle() + ".\n")
	// A variable of the application's must not change what the words below are made of.
	wrapped := slices.ContainsFunc(c.exports, func(export string) bool {
		name, _, _ := strings.Cut(export, "=")
		used := regexp.MustCompile(`\$\{?` + name + `\b`)
		return used.MatchString(strings.Join(c.exports, "\n") + strings.Join(options, "\n") + strings.Join(c.shell, "\n") + strings.Join(c.operands, "\n") + strings.Join(c.redirections, "\n") + c.program)
	})
	shell := slices.Clone(c.shell)
	for _, export := range c.exports {
		if !wrapped {
			shell = append(shell, "export "+export)
		}
	}
	for _, part := range [][]string{head, shell} {
		if len(part) > 0 {
			b.WriteString("\n" + strings.Join(part, "\n") + "\n")
		}
	}
	b.WriteString("\nexec ")
	words := append(append(options, c.operands...), c.redirections...)
	if wrapped {
		b.WriteString("env")
		words = append(append(slices.Clone(c.exports), c.program), words...)
	} else {
		b.WriteString(c.program)
	}
	for _, w := range words {
		b.WriteString(" \\\n    " + w)
	}
	b.WriteString("\n")
	return &Output{Text: []byte(b.String()), Lines: lines}
}

// flagOf gives the option that a word of a command line begins with.
func flagOf(word string) string {
	if i := strings.Index(word, "--"); i > 0 {
		word = word[i:]
	}
	if i := strings.IndexAny(word, "= ;"); i > 0 {
		return word[:i]
	}
	return word
}

// lookup gives an option of the server where this release has it.
func (c *commandWriter) lookup(name string) *schema.Option {
	if o := c.cat.Lookup(name); o != nil && o.Known(c.release) {
		return o
	}
	return nil
}

// plain writes a setting that is one option of the server's, by the catalogue's conversion.
func (c *commandWriter) plain(s *schema.Setting) {
	o := optionOf(c.cat, s.Name)
	if o == nil {
		c.missing(s)
		return
	}
	if c.unsaid(s, o.Name) {
		return
	}
	e, ok := s.Value, true
	if o.Convert != "int" && o.Convert != "list" {
		e, ok = schema.Revert(o.Convert, s.Value)
	}
	if !ok {
		c.todo(s, Verbatim, "The option "+o.Name+" has no form for this value.")
		return
	}
	c.write(s, o.Name, e)
}

// unsaid deals with a setting that needs no option, or that this release has no option for; true where it did.
func (c *commandWriter) unsaid(s *schema.Setting, option string) bool {
	switch o := c.cat.Lookup(option); {
	case s.Layer == schema.LayerDefault && c.isDefault(s):
		c.silent(s, ExactByDefault, "")
	case !o.Known(c.release) && (s.Layer == schema.LayerDefault || c.isDefault(s)):
		c.silent(s, ExactByDefault, "")
	case !o.Known(c.release):
		when := "it came with " + o.Since
		if o.Removed != "" && c.release.AtLeast(o.Removed) {
			when = "it went with " + o.Removed
		}
		c.todo(s, Verbatim, title(c.target)+" "+c.release.String()+" has no "+c.spell(o)+"; "+when+".")
	case s.Layer == schema.LayerDefault && c.nothing(s):
		// The source leaves it to the target, whatever that does then.
	case c.idle(s):
		c.silent(s, DroppedNoEffect, idleWords(s))
	case isNullConst(s.Value) && c.isDefault(s):
		c.silent(s, ExactByDefault, "")
	default:
		return false
	}
	return true
}

// spell gives an option as the target's user writes it.
func (c *commandWriter) spell(o *schema.Option) string {
	if c.ini == nil && len(o.Flags) > 0 {
		return longFlag(o)
	}
	return o.Name
}

// longFlag gives the option's name on the command line, the long one where there is one.
func longFlag(o *schema.Option) string {
	for _, f := range o.Flags {
		if strings.HasPrefix(f, "--") {
			return f
		}
	}
	return o.Flags[0]
}

// nothing tells whether a default is no value, which leaves the target's own in force.
func (c *commandWriter) nothing(s *schema.Setting) bool {
	v, ok := constant(s.Value)
	if s.Layer == schema.LayerDefault && isFact(s.Value) {
		return true // the server's own account and directory are the target's, too
	}
	return s.Value == nil || ok && (v.IsNull() || v.CanIterateElements() && v.LengthInt() == 0 && c.defaults[s.Name] == nil)
}

// missing deals with a setting that the server has no option for.
func (c *commandWriter) missing(s *schema.Setting) {
	if s.Layer == schema.LayerDefault || c.isDefault(s) || c.nothing(s) || c.off(s) {
		if s.Layer != schema.LayerDefault {
			c.silent(s, ExactByDefault, "")
		}
		return
	}
	sup := c.support(s)
	if sup.Class == Exact {
		c.silent(s, ExactByDefault, sup.Words)
		return
	}
	c.todo(s, sup.Class, sup.Words)
}

// off tells whether a setting switches off what the target does not have.
func (c *commandWriter) off(s *schema.Setting) bool {
	v, ok := constant(s.Value)
	if !ok || v.IsNull() || c.defaults[s.Name] != nil {
		return false
	}
	if v.CanIterateElements() {
		return v.LengthInt() == 0
	}
	m := schema.Model.Lookup(s.Name)
	return m != nil && m.Default != "" && schema.ValueText(v) == m.Default && (v.Type() == cty.Bool && !v.True() || v.Type() == cty.Number && v.AsBigFloat().Sign() == 0)
}

// write writes an option, with the class and words that the tables have for the setting.
func (c *commandWriter) write(s *schema.Setting, option string, e schema.Expr) {
	c.sh.notes = nil
	o := c.cat.Lookup(option)
	words, err := c.words(o, e)
	if err != nil {
		c.todo(s, Verbatim, sentence(err))
		return
	}
	c.add(c.classified(s, c.sh.notes, c.spell(o)), words...)
}

// classified is the line of a setting that is written, by its layer, the tables and what the expression lost.
func (c *commandWriter) classified(s *schema.Setting, notes []string, options ...string) Line {
	sup := c.support(s)
	if s.Layer == schema.LayerDefault {
		return c.line(s, PinnedDefault, c.pinned(s), options...)
	}
	if len(notes) > 0 {
		return c.line(s, Approximated, strings.TrimSpace(sup.Words+" "+title(strings.Join(notes, "; ")))+".", options...)
	}
	return c.line(s, sup.Class, sup.Words, options...)
}

// words writes an option with its value, or the line of a Paste file.
func (c *commandWriter) words(o *schema.Option, e schema.Expr) ([]string, error) {
	if c.ini != nil {
		text, err := c.ini.value(o, e)
		return []string{o.Name + " = " + text}, err
	}
	if env, ok := e.(*schema.Env); ok && env.Default == nil && env.Missing == schema.MissingNull && nullDefault(o) && o.Type != cmdline.TypeSwitch && shellName(env.Name) {
		colon := ""
		if env.EmptyIsUnset {
			colon = ":"
		}
		return []string{"${" + env.Name + colon + "+" + longFlag(o) + `="$` + env.Name + `"}`}, nil
	}
	switch {
	case o.Type == cmdline.TypeSwitch:
		return c.toggle(o, e)
	case o.Multi:
		return c.many(o, e)
	case o.Type == "int" || o.Type == "octal":
		text, err := c.sh.whole(longFlag(o)+"=", e)
		return []string{text}, err
	}
	text, err := c.sh.word(longFlag(o)+"=", e)
	return []string{text}, err
}

func nullDefault(o *schema.Option) bool { return o.Default == "" || o.Default == "null" }

// toggle writes a switch; off is nothing where there is no flag for it and it is the default.
func (c *commandWriter) toggle(o *schema.Option, e schema.Expr) ([]string, error) {
	on, off := longFlag(o), ""
	if i := slices.IndexFunc(o.Flags, func(f string) bool { return strings.HasPrefix(f, "--no-") }); i >= 0 {
		off = o.Flags[i]
	}
	if v, ok := constant(e); ok && !v.IsNull() && v.Type() == cty.Bool {
		switch {
		case v.True():
			return []string{on}, nil
		case off != "":
			return []string{off}, nil
		}
		return nil, nil
	}
	text, err := c.sh.flag(e, on, off)
	return []string{text}, err
}

// many writes an option once for each value.
func (c *commandWriter) many(o *schema.Option, e schema.Expr) ([]string, error) {
	items, ok := itemsOf(e)
	if !ok {
		return nil, cannotSay("how many values it has depends on the host")
	}
	var out []string
	for _, item := range items {
		text, err := c.sh.word(longFlag(o)+"=", item)
		if err != nil {
			return nil, err
		}
		out = append(out, text)
	}
	return out, nil
}

// itemsOf gives the values of a list, those of a constant one as constants.
func itemsOf(e schema.Expr) ([]schema.Expr, bool) {
	if l, ok := e.(*schema.List); ok {
		return l.Items, true
	}
	if call, ok := e.(*schema.Call); ok && len(call.Args) == 1 && call.Func == "convert_list" && isText(call.Args[0]) {
		return call.Args, true
	}
	v, ok := constant(e)
	if !ok || v.IsNull() || !v.Type().IsTupleType() && !v.Type().IsListType() {
		return nil, false
	}
	out := []schema.Expr{}
	for _, x := range v.AsValueSlice() {
		out = append(out, &schema.Const{Val: x, Src: e.Range()})
	}
	return out, true
}

// others writes what the model has no name for: the server's own options where the source is the same server.
func (c *commandWriter) others() {
	done := map[string]bool{}
	for _, s := range c.unmapped() {
		o := c.lookup(s.Native)
		if c.source != c.target || o == nil || c.owns[s.Native] || standing[c.source][s.Native] != "" || done[s.Native] {
			continue
		}
		done[s.Native] = true
		if c.ini == nil && len(o.Flags) == 0 {
			c.todo(s, Verbatim, "The command line has no option for it.")
			continue
		}
		c.write(s, s.Native, s.Value)
	}
	before := len(c.items)
	c.core.others(func(s *schema.Setting, name string) {
		o := c.lookup(strings.ReplaceAll(name, "-", "_"))
		if o == nil {
			o = c.lookup(name)
		}
		if o == nil || c.ini == nil && len(o.Flags) == 0 {
			c.todo(s, Verbatim, title(c.target)+" "+c.release.String()+" has no option "+name+".")
			return
		}
		c.write(s, o.Name, s.Value)
	})
	c.items = append(c.items[:before:before], slices.DeleteFunc(c.items[before:], func(it item) bool {
		return done[it.line.Source] && len(it.code) == 0
	})...)
}

// seconds rounds what the server takes in whole seconds up.
func (c *commandWriter) seconds(s *schema.Setting) {
	v, ok := constant(s.Value)
	if !ok || v.IsNull() || v.Type() != cty.Number || v.AsBigFloat().IsInt() {
		c.plain(s)
		return
	}
	n, _ := v.AsBigFloat().Int(nil)
	o := optionOf(c.cat, s.Name)
	if c.unsaid(s, o.Name) {
		return
	}
	up := &schema.Const{Val: cty.NumberIntVal(n.Int64() + 1)}
	words, err := c.words(o, up)
	if err != nil {
		c.todo(s, Verbatim, sentence(err))
		return
	}
	c.add(c.line(s, Approximated, title(c.target)+" takes whole seconds: "+schema.ValueText(v)+" is rounded up.", c.spell(o)), words...)
}

// count writes the number of workers; none is one elsewhere.
func (c *commandWriter) count(s *schema.Setting) {
	if n, ok := c.numberOf(s.Name); ok && n == 0 && s.Layer != schema.LayerDefault {
		c.todo(s, Approximated, title(c.target)+" has one worker at least.")
		return
	}
	c.plain(s)
}

// oneThread is for servers whose workers have one thread each.
func (c *commandWriter) oneThread(s *schema.Setting) {
	if n, ok := c.numberOf(s.Name); ok && n <= 1 {
		c.silent(s, ExactByDefault, "")
		return
	}
	c.missing(s)
}

// unlessZero gives a number that 0 switches off, as leaving it out does.
func (c *commandWriter) unlessZero(s *schema.Setting) {
	if n, ok := c.numberOf(s.Name); ok && n == 0 {
		c.silent(s, ExactByDefault, "")
		return
	}
	c.plain(s)
}
