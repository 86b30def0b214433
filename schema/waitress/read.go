package waitress

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
	"gsrv/schema/cmdline"
	"gsrv/schema/ini"
)

// A Dialect reads the command line of waitress-serve; it implements schema.Dialect.
type Dialect struct{}

// New gives the dialect.
func New() *Dialect { return &Dialect{} }

// Name implements schema.Dialect.
func (*Dialect) Name() string { return "waitress" }

// Catalogue implements schema.Dialect.
func (*Dialect) Catalogue() *schema.Catalogue { return commandLine() }

// Programs implements schema.Dialect; the dotted names are those that "python -m" takes.
func (*Dialect) Programs() []string {
	return []string{"waitress-serve", "waitress", "waitress.__main__", "waitress.runner"}
}

// Recognise implements schema.Dialect: waitress has no configuration file.
func (*Dialect) Recognise(string, []byte) int { return 0 }

// reader reads one command line.
type reader struct {
	in      schema.Input
	release schema.Version
	program *cmdline.Program
	cfg     *schema.Config
	diags   hcl.Diagnostics
	cli     *cmdline.Layer
	// adjustments are the settings as waitress checks them.
	adjustments *Adjustments
	// app is the application's name, factory whether it is called to make it.
	app     *schema.Word
	factory bool
	// stopped is set where nothing would be started.
	stopped bool
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
	r := &reader{in: in, release: in.Version}
	if r.release.IsZero() {
		r.release = schema.MustVersion(Catalogue.Newest)
	}
	r.program = &cmdline.Program{Name: "waitress-serve", Catalogue: commandLine(), Release: r.release, Status: 1, Prefix: "Error: "}
	r.cfg = &schema.Config{Dialect: "waitress", Server: "waitress", Target: r.release, Files: in.Files}
	r.cli = cmdline.NewLayer(schema.LayerCLI, "command line")
	start := hcl.Range{Filename: schema.CommandLine, Start: hcl.InitialPos, End: hcl.InitialPos}
	if len(in.Command) > 0 {
		start = in.Command[0].Range
	}
	r.adjustments = &Adjustments{
		Given: map[string]*Adjustment{}, Header: start, Spell: spell,
		Variables: "nothing has put a value in place of the variable (a shell does, outside of single quotes)",
	}
	if len(in.Command) == 0 {
		r.stopped = true
		r.add(schema.Errorf("no-server", start, "waitress has no configuration file", "Give its command line: gsrv show -- waitress-serve --listen=*:8080 shop.wsgi:application."))
	} else {
		r.readCommand()
	}
	return r.finish()
}

// spell writes a setting as an option.
func spell(name, value string) string {
	flag := "--" + strings.ReplaceAll(name, "_", "-")
	if value != "" {
		flag += "=" + value
	}
	return flag
}

// readCommand follows waitress-serve: getopt's own refusals, --help, the application, then the adjustments.
func (r *reader) readCommand() {
	flags := cmdline.FlagsOf(commandLine(), r.release)
	flags.Add(&cmdline.Flag{Name: "--help"})
	flags.Add(&cmdline.Flag{Name: "--call"})
	line := cmdline.Getopt(flags, r.in.Command[1:])
	help := slices.IndexFunc(line.Given, func(g cmdline.Given) bool { return g.Flag.Name == "--help" })
	switch {
	case line.Err != nil:
		r.stopped = true
		r.add(r.program.Diagnostic(line.Err, flags))
	case help >= 0:
		r.stopped = true
		r.add(schema.Warnf("no-start", line.Given[help].Name.Range, "The command only prints a text",
			"--help makes waitress-serve print its options and end. Nothing is started and nothing else on the command line counts. Leave it out."))
	default:
		r.application(line.Args)
	}
	silent := r.stopped
	r.settings(line, silent)
	if !silent {
		r.adjustments.Check(slices.ContainsFunc(r.adjustments.Diags, func(d *hcl.Diagnostic) bool { return schema.DetailOf(d).Code == "conflict" }))
		r.diags = append(r.diags, r.adjustments.Diags...)
	}
}

// The forms of an application's name; a line feed behind it passes. From 3.0.2 on pkgutil.resolve_name reads it, which
// needs no colon.
var (
	namePattern    = lazy(`(?i)^[a-z_ſK][a-z0-9_ſK]*(\.[a-z_ſK][a-z0-9_ſK]*)*:[a-z_ſK][a-z0-9_ſK]*(\.[a-z_ſK][a-z0-9_ſK]*)*\n?$`)
	resolvePattern = lazy(`^[\pL_][\pL\pN_]*(\.[\pL_][\pL\pN_]*)*(:([\pL_][\pL\pN_]*(\.[\pL_][\pL\pN_]*)*)?)?\n?$`)
)

func (r *reader) application(words []schema.Word) {
	switch {
	case len(words) == 0:
		r.stopped = true
		r.add(r.program.Refuse("no-application", r.in.Command[0].Range, "Specify one application only", "No application",
			"The command line names no application: waitress-serve prints its options and ends with status 1. Add it as module:object, for example shop.wsgi:application, behind all options."))
		return
	case len(words) > 1:
		w := words[0]
		r.stopped = true
		d := r.program.Refuse("unexpected-argument", words[1].Range, "Specify one application only", "Word that belongs to no option",
			"The first word that is no option, %s, ends the options; what follows counts as further applications, and waitress-serve ends with status 1. Put the application last, and options in front of it.", ini.Quote(w.Text))
		schema.DetailOf(d).Related = []schema.Related{{Message: "the options end here", Range: w.Range}}
		r.add(d)
		return
	}
	w := words[0]
	r.app = &w
	resolves := r.release.AtLeast("3.0.2")
	pattern, message := namePattern(), "Malformed application '"+w.Text+"'"
	if resolves {
		pattern, message = resolvePattern(), "invalid format: "+cmdline.Repr(w.Text)
	}
	module, object, _ := strings.Cut(strings.TrimSuffix(w.Text, "\n"), ":")
	file := strings.HasSuffix(module, ".py")
	if pattern.MatchString(w.Text) && !file && (object != "" || strings.Contains(module, ".")) {
		return
	}
	hint := "Write module:object, for example shop.wsgi:application."
	switch {
	case file:
		hint = "Write " + strings.ReplaceAll(strings.TrimPrefix(strings.TrimSuffix(module, ".py"), "./"), "/", ".") + ":" + first(object, "application") + "."
	case strings.Contains(w.Text, "("):
		hint = "waitress-serve takes a name alone; a function that makes the application is named with --call in front: --call shop:create_app."
	case object == "":
		hint = "waitress-serve assumes no name for the application: write " + module + ":application, or what it is called there."
	}
	if !pattern.MatchString(w.Text) {
		r.add(r.program.Refuse("invalid-application", w.Range, message, "No name of an application",
			"%s is not in the form module:object, and waitress-serve ends with status 1. %s", ini.Quote(w.Text), hint))
		return
	}
	what := "a module, which cannot answer requests"
	if file {
		what = "a file, and waitress-serve takes a module's name"
	}
	d := schema.Errorf("invalid-application", w.Range, "No name of an application", "%s is the name of %s. %s", ini.Quote(w.Text), what, hint)
	schema.DetailOf(d).Application = true
	r.add(d)
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// settings takes the adjustments from the options: --listen adds up, of any other the last one counts.
func (r *reader) settings(line *cmdline.Line, silent bool) {
	var order []string
	for _, g := range line.Given {
		o := g.Flag.Option
		if o == nil {
			r.factory = r.factory || g.Flag.Name == "--call"
			continue
		}
		a := &Adjustment{Known: true, NameRange: g.Name.Range, Range: g.Name.Range}
		switch {
		case g.Flag.Args == 0 && g.Flag.Off:
			a.Text = "false"
		case g.Flag.Args == 0:
			a.Text = "true"
		default:
			w := g.Values[0]
			a.Text, a.Range = w.Text, w.Range
		}
		a.Value, _ = Cast(o.Type, a.Text)
		r.lay(o, g, a)
		old := r.adjustments.Given[o.Name]
		if old == nil {
			order = append(order, o.Name)
		}
		if o.Name == "listen" {
			a = r.listening(old, a)
		}
		r.adjustments.Given[o.Name] = a
	}
	if silent {
		return
	}
	r.adjustments.Conflicts()
	for _, name := range order {
		o, a := Catalogue.Lookup(name), r.adjustments.Given[name]
		if _, message := Cast(o.Type, a.Text); message != "" {
			what := "a whole number"
			if o.Type == "octal" {
				what = "an octal number such as 660"
			}
			r.adjustments.refuse("invalid-value", a.Range, "ValueError: "+message, "Invalid value for an option", "%s is %s, and waitress refuses %s.", spell(name, ""), what, ini.Quote(a.Text))
		}
	}
}

// listening joins the addresses of --listen with those given before.
func (r *reader) listening(old, a *Adjustment) *Adjustment {
	own, at := a.Text, a.Range
	joined := &Adjustment{Known: true, Range: a.Range, NameRange: a.NameRange}
	joined.Text = " " + own
	var before func(i, j int) hcl.Range
	if old != nil {
		joined.Text, before = old.Text+joined.Text, old.Sub
	}
	from := len(joined.Text) - len(own)
	joined.Value, _ = Cast("list", joined.Text)
	joined.Sub = func(i, j int) hcl.Range {
		if i < from && before != nil {
			return before(i, j)
		}
		part := at
		if at.End.Byte-at.Start.Byte == len(own) && i >= from {
			part.Start.Byte += i - from
			part.Start.Column += i - from
			part.End.Byte, part.End.Column = part.Start.Byte+j-i, part.Start.Column+j-i
		}
		return part
	}
	return joined
}

// lay adds a setting to the layer of the command line.
func (r *reader) lay(o *schema.Option, g cmdline.Given, a *Adjustment) {
	if a.Value.IsKnown() || o.Type == "list" {
		if o.Name != "listen" {
			r.cli.Constant(o, a.Value, a.Range, g.Name.Range)
			return
		}
		for _, w := range ini.Fields(a.Text) {
			r.cli.Constant(o, cty.StringVal(w), a.Range, g.Name.Range)
		}
		return
	}
	r.cli.Add(schema.Setting{
		Native: o.Name, Option: o, OnHost: cty.DynamicVal, Range: a.Range, NameRange: g.Name.Range,
		Value: &schema.Opaque{Source: a.Text, Reason: "waitress refuses the value", Src: a.Range},
	})
}
