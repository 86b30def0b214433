package paste

import (
	"fmt"
	"path"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
	"gsrv/schema/ini"
)

// An option is an option of pserve or paster serve.
type option struct {
	short, long string
	arg         bool
	// paster and pserve tell which of the two has it.
	paster, pserve bool
}

// flags are pserve's of Pyramid 1.8 to 2.0 and paster serve's of PasteScript 3.
var flags = []option{
	{short: "-n", long: "--app-name", arg: true, paster: true, pserve: true},
	{short: "-s", long: "--server", arg: true, paster: true, pserve: true},
	{long: "--server-name", arg: true, paster: true, pserve: true},
	{long: "--reload", paster: true, pserve: true},
	{long: "--reload-interval", arg: true, paster: true, pserve: true},
	{short: "-b", long: "--browser", pserve: true},
	{short: "-v", long: "--verbose", paster: true, pserve: true},
	{short: "-q", long: "--quiet", paster: true, pserve: true},
	{short: "-h", long: "--help", paster: true, pserve: true},
	{long: "--daemon", paster: true},
	{long: "--pid-file", arg: true, paster: true},
	{long: "--log-file", arg: true, paster: true},
	{long: "--monitor-restart", paster: true},
	{long: "--status", paster: true},
	{long: "--user", arg: true, paster: true},
	{long: "--group", arg: true, paster: true},
	{long: "--stop-daemon", paster: true},
}

// A launch is a command line of pserve or paster, taken apart.
type launch struct {
	program string // pserve or paster
	file    schema.Word
	vars    []Var
	// values are the options by long name, the last one given counting; places are the words they were given in.
	values map[string]schema.Word
	// verb is start, stop, restart or status of paster; empty for none.
	verb string
	// idle says why nothing would be served: --help, stop, status.
	idle string
	end  hcl.Range
}

func (l *launch) has(name string) bool { _, ok := l.values[name]; return ok }

// text gives an option's value, or nil.
func (l *launch) text(name string) string { return l.values[name].Text }

// parseCommand takes a command line apart as the program does.
func parseCommand(words []schema.Word, host schema.Host) (*launch, hcl.Diagnostics) {
	l := &launch{program: path.Base(words[0].Text), values: map[string]schema.Word{}, end: words[len(words)-1].Range}
	if l.program != "paster" {
		l.program = "pserve"
	}
	args := words[1:]
	if l.program == "paster" {
		var diags hcl.Diagnostics
		if args, diags = l.subcommand(args); diags.HasErrors() || l.idle != "" {
			return l, diags
		}
	}
	plain, diags := l.options(args)
	if diags.HasErrors() || l.idle != "" {
		return l, diags
	}
	if l.program == "paster" {
		if file, state := host.Env("PASTE_CONFIG_FILE"); state == schema.EnvSet && file != "" {
			plain = append([]schema.Word{{Text: file}}, plain...)
		}
	}
	if len(plain) == 0 || plain[0].Text == "" {
		return l, append(diags, l.refuse("usage", l.end, "No configuration file", "You must give a config file",
			"Name the ini file: %s.", l.example()))
	}
	l.file = plain[0]
	rest := plain[1:]
	if l.program == "paster" && len(rest) > 0 {
		switch rest[0].Text {
		case "start", "stop", "restart", "status":
			l.verb, rest = rest[0].Text, rest[1:]
			if l.verb == "stop" || l.verb == "status" {
				l.idle = l.verb
			}
		}
	}
	if l.has("--stop-daemon") || l.has("--status") {
		l.idle = "stop or status"
	}
	if l.idle != "" {
		return l, diags
	}
	return l, append(diags, l.assignments(rest)...)
}

func (l *launch) example() string {
	if l.program == "paster" {
		return "paster serve production.ini"
	}
	return "pserve production.ini"
}

func (l *launch) refuse(code string, at hcl.Range, summary, server, detail string, args ...any) *hcl.Diagnostic {
	d := schema.Errorf(code, at, summary, detail, args...)
	schema.DetailOf(d).ServerMessage = server
	return d
}

// subcommand takes paster's own options and "serve" off.
func (l *launch) subcommand(args []schema.Word) ([]schema.Word, hcl.Diagnostics) {
	for len(args) > 0 {
		switch a := args[0].Text; {
		case a == "--plugin" && len(args) > 1:
			args = args[2:]
			continue
		case strings.HasPrefix(a, "--plugin="):
			args = args[1:]
			continue
		case a == "-h" || a == "--help":
			l.idle = "help"
			return nil, nil
		case a == "serve":
			return args[1:], nil
		default:
			return nil, hcl.Diagnostics{l.refuse("usage", args[0].Range, "Not paster serve", "", "Only \"paster serve\" starts a server; %s is not read. Write %s.", ini.Quote(a), l.example())}
		}
	}
	return nil, hcl.Diagnostics{l.refuse("usage", l.end, "Command is missing", "", "Write %s.", l.example())}
}

// options sorts words into options and plain arguments.
func (l *launch) options(args []schema.Word) (plain []schema.Word, diags hcl.Diagnostics) {
	chunk, chunks := false, 0
	for i := 0; i < len(args); i++ {
		word := args[i]
		if word.Text == "--" && !l.has("--") {
			l.values["--"] = word
			if !chunk && chunks > 0 && l.program == "pserve" {
				diags = append(diags, l.late(word))
			}
			continue
		}
		if l.has("--") || len(word.Text) < 2 || word.Text[0] != '-' {
			if !chunk {
				chunk = true
				chunks++
			}
			if chunks > 1 && l.program == "pserve" && !l.has("--") {
				diags = append(diags, l.late(word))
			}
			plain = append(plain, word)
			continue
		}
		chunk = false
		used, d := l.option(word, args[i+1:])
		i += used
		if d != nil {
			return plain, append(diags, d)
		}
		if l.has("--help") {
			l.idle = "help"
			return plain, diags
		}
	}
	return plain, diags
}

// late warns of a plain word after an option that follows the file: what older versions of argparse refuse.
func (l *launch) late(word schema.Word) *hcl.Diagnostic {
	d := schema.Warnf("argument-order", word.Range, "Variable after an option",
		"pserve on Python before 3.12.7 takes the file and its variables in one go and refuses what follows an option. Put %s right behind the file.", ini.Quote(word.Text))
	schema.DetailOf(d).ServerMessage = "error: unrecognized arguments: " + word.Text
	return d
}

// option reads one option word, with its value from the same word or the next, and gives how many more words it took.
func (l *launch) option(word schema.Word, rest []schema.Word) (int, *hcl.Diagnostic) {
	if !strings.HasPrefix(word.Text, "--") {
		return l.shortOptions(word, rest)
	}
	name, value, explicit := strings.Cut(word.Text, "=")
	var match []option
	for _, f := range l.known() {
		if f.long == name {
			match = []option{f}
			break
		}
		if strings.HasPrefix(f.long, name) {
			match = append(match, f)
		}
	}
	switch {
	case len(match) == 0:
		return 0, l.unknown(word, name)
	case len(match) > 1:
		names := make([]string, len(match))
		for i, f := range match {
			names[i] = f.long
		}
		return 0, l.refuse("usage", word.Range, "Ambiguous option", fmt.Sprintf("error: ambiguous option: %s could match %s", name, strings.Join(names, ", ")), "%s can be %s. Write it in full.", name, strings.Join(names, " or "))
	}
	f := match[0]
	switch {
	case !f.arg && explicit:
		return 0, l.refuse("usage", word.Range, "Option takes no value", "error: argument "+f.long+": ignored explicit argument "+ini.PythonRepr(value), "%s is a switch. Leave %s out.", f.long, ini.Quote("="+value))
	case !f.arg:
		l.values[f.long] = word
		return 0, nil
	case explicit:
		l.values[f.long] = word.Tail(len(name) + 1)
		return 0, nil
	}
	return l.argument(f, word, rest)
}

func (l *launch) shortOptions(word schema.Word, rest []schema.Word) (int, *hcl.Diagnostic) {
	for i := 1; i < len(word.Text); i++ {
		f := option{}
		for _, k := range l.known() {
			if k.short == "-"+word.Text[i:i+1] {
				f = k
			}
		}
		switch {
		case f.long == "":
			return 0, l.unknown(word, "-"+word.Text[i:i+1])
		case !f.arg:
			l.values[f.long] = word
		case i+1 < len(word.Text):
			tail := word.Tail(i + 1)
			if l.program == "pserve" && strings.HasPrefix(tail.Text, "=") {
				tail = word.Tail(i + 2)
			}
			l.values[f.long] = tail
			return 0, nil
		default:
			return l.argument(f, word, rest)
		}
	}
	return 0, nil
}

func (l *launch) argument(f option, word schema.Word, rest []schema.Word) (int, *hcl.Diagnostic) {
	if len(rest) == 0 || l.program == "pserve" && len(rest[0].Text) > 1 && rest[0].Text[0] == '-' {
		return 0, l.refuse("usage", word.Range, "Option without its value", "error: argument "+f.long+": expected one argument", "%s needs a value.", f.long)
	}
	l.values[f.long] = rest[0]
	return 1, nil
}

func (l *launch) known() []option {
	var known []option
	for _, f := range flags {
		if l.program == "paster" && f.paster || l.program == "pserve" && f.pserve {
			known = append(known, f)
		}
	}
	return known
}

func (l *launch) unknown(word schema.Word, name string) *hcl.Diagnostic {
	var names []string
	for _, f := range l.known() {
		names = append(names, f.long)
	}
	server := "error: unrecognized arguments: " + word.Text
	if l.program == "paster" {
		server = "error: no such option: " + name
	}
	d := l.refuse("unknown-option", word.Range, "Unknown option", server, "%s has no option %s.", l.program, name)
	if near := schema.Nearest(name, names); near != "" {
		d.Detail += " Is " + near + " meant?"
		schema.DetailOf(d).Suggest = near
	}
	return d
}

// assignments reads the variables behind the file, NAME=VALUE.
func (l *launch) assignments(words []schema.Word) (diags hcl.Diagnostics) {
	for _, word := range words {
		name, text, found := strings.Cut(word.Text, "=")
		if !found {
			return append(diags, l.refuse("usage", word.Range, "Not a variable", fmt.Sprintf("Variable assignment %s invalid (no \"=\")", ini.PythonRepr(word.Text)),
				"What follows the file are variables, NAME=VALUE; %s has no \"=\".", ini.Quote(word.Text)))
		}
		value := word.Tail(len(name) + 1)
		v := Var{Name: name, Text: text, Range: value.Range, NameRange: word.Range}
		for i := range l.vars {
			if l.vars[i].Name == name {
				l.vars[i] = v
				found = false
			}
		}
		if found {
			l.vars = append(l.vars, v)
		}
	}
	return diags
}
