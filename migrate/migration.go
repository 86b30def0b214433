package migrate

import (
	"bytes"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"gsrv/migrate/write"
	"gsrv/schema"
	"gsrv/schema/project"
)

// A Source is a configuration as its dialect read it.
type Source struct {
	Config *schema.Config
	// Diags are the reader's: what the server itself refuses is refused here, too.
	Diags hcl.Diagnostics
	// File is the configuration's own file; empty for a command line.
	File string
	// Words are the server's command line; empty for a file.
	Words []schema.Word
	// Input is what the reader was given, for reading again as another release of the server does; it may be zero.
	Input schema.Input
	// Beside is the directory, as an absolute path, that the target is going to lie in; empty where that is not known.
	// What the source says relative to its own directory stays so where the target lies there, too.
	Beside string
}

// fileDialect is the dialect that the source's own file is written in; empty for a command line.
func (s Source) fileDialect() string {
	if s.File == "" {
		return ""
	}
	name, _, _ := strings.Cut(s.File, "#")
	text := s.Config.Files.Text(name)
	if d, _ := project.DialectOfFile(name, text[:min(len(text), 64<<10)]); d != nil {
		return d.Name()
	}
	return s.Config.Dialect
}

// ToNative writes a configuration as gsrv.hcl.
func ToNative(src Source) *Accounting { return To(src, Native) }

// To writes a configuration for a target and accounts for everything in it. Nothing of the environment of the machine
// that it runs on is written: what depends on a variable stays an expression, or becomes a TODO.
func To(src Source, t Target) *Accounting {
	if src.fileDialect() == t.Name {
		return inPlace(src, t)
	}
	n := newMigration(src, t)
	out := n.run()
	if refused := n.refuses(out); len(refused) > 0 {
		// What the target refuses becomes a TODO: the file has to be one that it reads.
		n = newMigration(src, t)
		n.refused = refused
		out = n.run()
	}
	n.prove(out)
	n.advise(out)
	return out
}

func newMigration(src Source, t Target) *migration {
	n := &migration{
		Source: src, to: t, form: forms[t.Name], parts: scan(src.Config, src.File, src.Words),
		above: map[int][]int{}, orphans: map[int][]int{}, keep: map[int]bool{}, written: map[int]written{}, models: map[string]written{}, used: map[int]bool{}, notes: map[string]string{},
	}
	if n.form.dialect != "gunicorn" {
		dropPragmas(n.parts)
	}
	n.place = n.herePath()
	n.settings = make([][]schema.Setting, len(n.parts))
	for _, s := range given(n.Config) {
		for _, i := range matching(n.parts, s) {
			n.settings[i] = append(n.settings[i], s)
		}
	}
	return n
}

func (n *migration) run() *Accounting {
	n.hooks = n.hooksFile()
	n.cfg = n.target()
	n.write(false)
	n.attach()
	out := &Accounting{Target: n.to, Text: n.write(true)}
	if n.hooks != nil {
		out.Beside = map[string][]byte{hooksName: n.hooks.text}
	}
	out.around, out.place = n.beside(out), n.place
	n.classify(out)
	return out
}

// written is how a setting of the model, or one of the server's own, stands in the target.
type written struct {
	// model is the setting of the model that it is, target the target's name.
	model, target string
	class         Class
	why           string
	// stands tells that there is something of it in the target: a line, or a comment in its place.
	stands bool
	// own tells that it is the setting that the item names, not another one that follows from it.
	own bool
}

// rank orders the classes from those that an item may have beside a worse one.
func (w written) rank() int {
	if !w.stands && !w.class.Lost() {
		return -1
	}
	return slices.Index(Classes, w.class)
}

type migration struct {
	Source
	to Target
	// place is the directory that source and target share, where the source speaks of it.
	place string
	form  *form
	cfg   *schema.Config
	parts []part
	// settings are what the layers hold for each item.
	settings [][]schema.Setting
	// above are the comments of an item: those to put above it.
	above map[int][]int
	keep  map[int]bool
	// head and foot are the comments at the top and the end of the target.
	head, foot []int
	// orphans are the comments of an item that does not stand in the target.
	orphans map[int][]int
	// written tells where an item stands, by its number; models where a setting of the model does.
	written map[int]written
	models  map[string]written
	used    map[int]bool
	// notes tell how settings of the model differ in what their short form says.
	notes map[string]string
	// refused are the settings of the model that the target refuses, with what it says.
	refused map[string]string
	// hooks is the file that the Python of the source is kept in; nil where there is none to keep.
	hooks *hooksFile
	lines []write.Line
}

// title is the target's name in messages.
func (n *migration) title() string { return n.form.title }

// server is the source's server.
func (n *migration) server() string {
	if n.Config.Server != "" {
		return n.Config.Server
	}
	return n.Config.Dialect
}

// put records how a setting stands in the target.
func (n *migration) put(model string, items []int, w written) {
	w.model = model
	if old, ok := n.models[model]; model != "" && (!ok || w.rank() > old.rank()) {
		n.models[model] = w
	}
	for _, i := range items {
		old, ok := n.written[i]
		w.own = slices.ContainsFunc(n.settings[i], func(s schema.Setting) bool { return s.Option != nil && s.Option.Model == model })
		if !ok || w.rank() > old.rank() || w.own && !old.own && w.rank() == old.rank() {
			n.written[i] = w
		}
	}
}

// write writes the target; with comments once it is known where they belong.
func (n *migration) write(comments bool) []byte {
	n.lines, n.used = nil, map[int]bool{}
	var text []byte
	if n.form.write == nil {
		text = n.writeNative(comments)
	} else {
		text = n.writeLines(comments)
	}
	text = bytes.ReplaceAll(text, []byte("not known: "+n.title()+" refuses it"), []byte(n.title()+" refuses it"))
	if !comments {
		return text
	}
	head := n.comments(n.head)
	if n.to.Name == "paste" {
		// A Paste file that is written keeps what stands between the sections of the one that it is made from.
		n.foot = slices.DeleteFunc(n.foot, func(i int) bool {
			stands := strings.Contains("\n"+string(text), "\n"+n.parts[i].key+"\n")
			n.used[i] = n.used[i] || stands
			return stands
		})
	}
	foot := n.orphaned() + n.comments(n.foot)
	for i, p := range n.parts { // whatever found no line
		if p.kind == KindComment && p.inside == "" && !n.used[i] && !n.elsewhere(p) && !n.hooks.has(i) {
			foot += n.comments([]int{i})
		}
	}
	foot += n.undecided()
	if n.form.command {
		return inScript(text, head, foot)
	}
	var whole []string
	for _, part := range []string{head, string(text), foot} {
		if part != "" {
			whole = append(whole, part)
		}
	}
	return []byte(strings.Join(whole, "\n"))
}

// inScript puts comments into a script: some at the top, below the line that names the shell, others above the command.
func inScript(text []byte, head, foot string) []byte {
	first, rest, _ := strings.Cut(string(text), "\n")
	if head != "" {
		head += "\n"
	}
	if i := strings.LastIndex(rest, "\nexec "); i >= 0 && foot != "" {
		rest = rest[:i] + "\n" + foot + rest[i:]
		foot = ""
	}
	return []byte(first + "\n" + head + rest + foot)
}
