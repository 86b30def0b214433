package modwsgi

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
	"gsrv/schema/cmdline"
)

// A Dialect reads the command line of mod_wsgi-express; it implements schema.Dialect.
type Dialect struct{}

// New gives the dialect.
func New() *Dialect { return &Dialect{} }

// Name implements schema.Dialect.
func (*Dialect) Name() string { return "mod_wsgi" }

// Catalogue implements schema.Dialect.
func (*Dialect) Catalogue() *schema.Catalogue { return Catalogue }

// Programs implements schema.Dialect.
func (*Dialect) Programs() []string { return []string{"mod_wsgi-express", "mod_wsgi-express-3"} }

// Recognise implements schema.Dialect: mod_wsgi-express has no configuration file.
func (*Dialect) Recognise(string, []byte) int { return 0 }

// reader reads one command line.
type reader struct {
	in      schema.Input
	release schema.Version
	program *cmdline.Program
	cfg     *schema.Config
	diags   hcl.Diagnostics
	cli     *cmdline.Layer
	// words are the command line's words, as written, by where they stand: variables in them are replaced before they
	// are read.
	words map[int]schema.Word
	// entry is the application; nil where the command names none.
	entry *schema.Word
	// stopped is set where nothing would be started.
	stopped bool
	// machine tells that the files of this machine count.
	machine bool
}

func (r *reader) add(d *hcl.Diagnostic) { r.diags = append(r.diags, d) }

// Read implements schema.Dialect.
func (*Dialect) Read(in schema.Input) (*schema.Config, hcl.Diagnostics) {
	if in.Host == nil {
		in.Host = schema.NoHost
	}
	if in.Files == nil {
		in.Files = schema.NewFiles(in.Dir)
	}
	r := &reader{in: in, release: in.Version, words: map[int]schema.Word{}}
	if r.release.IsZero() {
		r.release = schema.MustVersion(Catalogue.Newest)
	}
	_, r.machine = in.Host.Fact(schema.Hostname)
	r.program = &cmdline.Program{Name: "mod_wsgi-express", Catalogue: Catalogue, Release: r.release, Status: 2, Prefix: "mod_wsgi-express: error: "}
	r.cfg = &schema.Config{Dialect: "mod_wsgi", Server: "mod_wsgi", Target: r.release, Files: in.Files}
	r.cli = cmdline.NewLayer(schema.LayerCLI, "command line")
	if len(in.Command) == 0 {
		r.stopped = true
		r.add(schema.Errorf("no-server", hcl.Range{Filename: schema.CommandLine, Start: hcl.InitialPos, End: hcl.InitialPos}, "mod_wsgi-express has no configuration file",
			"Give its command line: gsrv show -- mod_wsgi-express start-server wsgi.py."))
	} else {
		r.readCommand()
	}
	return r.finish()
}

// readCommand reads the command, then its options.
func (r *reader) readCommand() {
	program := r.in.Command[0]
	if len(r.in.Command) < 2 {
		r.stopped = true
		r.add(r.program.Refuse("no-command", program.Range, "No command was specified.", "No command", "mod_wsgi-express is told what to do by its first word, and ends with status 2 without one. Write mod_wsgi-express start-server and the application's file."))
		return
	}
	command := r.in.Command[1]
	switch command.Text {
	case "start-server", "setup-server":
	case "module-config", "module-location", "install-module":
		r.stopped = true
		r.add(schema.Warnf("no-start", command.Range, "The command starts nothing", "%s tells of the Apache module or copies it, and no server is started. The command that starts one is start-server.", command.Text))
		return
	default:
		r.stopped = true
		near := schema.Nearest(command.Text, []string{"start-server", "setup-server"})
		hint := "The command that starts a server is start-server."
		if near != "" {
			hint = "Did you mean " + near + "?"
		}
		d := r.program.Refuse("unknown-command", command.Range, "Invalid command was specified.", "Unknown command", "mod_wsgi-express has no command %s, and ends with status 2. %s", cmdline.Repr(command.Text), hint)
		schema.DetailOf(d).Suggest = near
		r.add(d)
		return
	}
	r.options(r.in.Command[2:])
}

func (r *reader) options(written []schema.Word) {
	flags := cmdline.FlagsOf(Catalogue, r.release)
	flags.Add(&cmdline.Flag{Name: "-h"})
	flags.Add(&cmdline.Flag{Name: "--help"})
	words := make([]schema.Word, len(written))
	for i, w := range written {
		r.words[w.Range.Start.Byte] = w
		words[i] = schema.Word{Text: r.expand(w.Text), Range: w.Range}
	}
	line := cmdline.Optparse(flags, words, r.check)
	for _, g := range line.Given {
		if g.Flag.Option == nil {
			r.stopped = true
			r.add(schema.Warnf("no-start", g.Name.Range, "The command only prints a text", "%s makes mod_wsgi-express print its options and end. Nothing is started. Leave it out.", g.Name.Text))
			break
		}
		r.lay(g)
	}
	if line.Err != nil {
		r.stopped = true
		r.add(r.refusal(line.Err, flags))
		return
	}
	if r.stopped {
		return
	}
	if s := r.cli.Get("entry-point"); s != nil && s.Text != "" {
		r.entry = &schema.Word{Text: s.Text, Range: s.Range}
	} else if len(line.Args) > 0 {
		r.entry = &line.Args[0]
		line.Args = line.Args[1:]
	}
	if r.entry != nil && len(line.Args) > 0 {
		w := line.Args[0]
		r.add(schema.Warnf("ignored-argument", w.Range, "Ignored word on the command line", "mod_wsgi-express serves one application, %s, and ignores %s without a message. Leave it out, or put its value directly behind the option it belongs to.", r.entry.Text, cmdline.Repr(w.Text)))
	}
}

// refusal adds to a parser's message what kind of value is right.
func (r *reader) refusal(e *cmdline.Error, flags *cmdline.Flags) *hcl.Diagnostic {
	d := r.program.Diagnostic(e, flags)
	if e.Code != "invalid-value" {
		return d
	}
	switch flags.Lookup(e.Name).Option.Type {
	case "int":
		d.Detail += " Give a whole number; a leading 0 makes it octal."
	case "fraction":
		d.Detail += " Give a share from 0 to 1: 0.5 is half."
	default:
		d.Detail += " Give a number."
	}
	return d
}

// check gives optparse's message for a value that it does not take.
func (r *reader) check(g *cmdline.Given) string {
	o := g.Flag.Option
	if o == nil || len(g.Values) == 0 {
		return ""
	}
	text := g.Values[0].Text
	switch o.Type {
	case "int":
		if _, ok := integer(text); !ok {
			return "option " + g.Flag.Name + ": invalid integer value: " + cmdline.Repr(text)
		}
	case "float", "fraction":
		v, ok := cmdline.Float(text)
		if !ok {
			return "option " + g.Flag.Name + ": invalid floating-point value: " + cmdline.Repr(text)
		}
		outside := v.Type() == cty.Number && (v.LessThan(cty.Zero).True() || v.GreaterThan(cty.NumberIntVal(1)).True())
		if o.Type == "fraction" && (outside || v.Type() == cty.String && strings.HasSuffix(v.AsString(), "inf")) {
			return g.Flag.Name + " option value needs to be within the range 0 to 1."
		}
	}
	return ""
}

// integer reads a number as optparse does: 0x and 0b in front, a leading 0 for octal.
func integer(text string) (cty.Value, bool) {
	base, digits := 10, text
	switch prefix := strings.ToLower(text[:min(2, len(text))]); {
	case prefix == "0x":
		base = 16
	case prefix == "0b":
		base = 2
		if digits = text[2:]; digits == "" {
			digits = "0"
		}
	case strings.HasPrefix(text, "0"):
		base = 8
	}
	return cmdline.Int(digits, base)
}

// lay adds an option to the layer of the command line.
func (r *reader) lay(g cmdline.Given) {
	o := g.Flag.Option
	s := schema.Setting{Native: o.Name, Option: o, NameRange: g.Name.Range, Range: g.Name.Range}
	switch {
	case g.Flag.Args == 0:
		s.OnHost = cty.True
		s.Value = schema.Bool(true, s.Range)
	case g.Flag.Args == 1:
		w := g.Values[0]
		s.Range = w.Range
		s.OnHost = r.convert(o, w.Text)
		s.Value = r.expression(o, g, w, s.OnHost)
	default:
		var items []cty.Value
		for _, w := range g.Values {
			items = append(items, cty.StringVal(w.Text))
		}
		s.Range = hcl.RangeBetween(g.Values[0].Range, g.Values[len(g.Values)-1].Range)
		s.OnHost = cty.TupleVal(items)
		s.Value = &schema.Const{Val: s.OnHost, Src: s.Range}
	}
	r.cli.Add(s)
}

func (r *reader) convert(o *schema.Option, text string) cty.Value {
	switch o.Type {
	case "int":
		v, _ := integer(text)
		return v
	case "float", "fraction":
		v, _ := cmdline.Float(text)
		return v
	}
	return cty.StringVal(text)
}
