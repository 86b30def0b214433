package gunicorn

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
	"gsrv/schema/python/value"
)

// refuse reports a value that gunicorn's validator does not take. fromArguments tells that it was given as a
// command-line argument, where gunicorn prints only the error itself.
func (r *reader) refuse(e *entry, raised *value.Exception, fromArguments bool) {
	e.refused = true
	e.val = nil
	shown := "the value"
	if s, err := value.ToStr(nil, e.raw); err == nil {
		shown = s
	}
	server := "Error: " + raised.Msg
	if raised.Type == "ConfigError" && !r.release.AtLeast("19.4") {
		server = "gunicorn.errors.ConfigError: " + raised.Msg // not caught there: it ends in a traceback
	}
	if !fromArguments {
		server = "Invalid value for " + e.Native + ": " + shown + "\n\n" + server
	}
	at := e.Range
	given := e.Native + " = " + shorten(shownRepr(e.raw))
	way := wayOut(e.spec, e.raw)
	if c, ok := e.raw.(*code); ok {
		at = r.firstLine(at)
		switch {
		case e.spec.Option.Type != "callable":
			given = fmt.Sprintf("%s, which is a %s here", e.Native, map[bool]string{true: "class", false: "function"}[c.ref.Kind == "class"])
			way = fmt.Sprintf("gunicorn takes every name of the file that is one of its settings, imported ones too. Give it another name: … as read_%s.", e.Native)
		case c.ref.Kind == "lambda":
			given = e.Native + " = lambda " + strings.Join(c.ref.Params, ", ") + ": …"
		case c.ref.Kind == "function":
			given = "def " + c.ref.Name + "(" + strings.Join(c.ref.Params, ", ") + ")"
		}
	}
	d := schema.Errorf("invalid-value", at, "Invalid value for "+e.Native,
		"gunicorn does not start with %s: %s %s", given, stop(raised.Msg), way)
	schema.DetailOf(d).ServerMessage = server
	r.add(d)
}

// sentence gives an exception's message without the full stop and white space at its end.
func sentence(s string) string { return strings.TrimRight(s, ". \n\t") }

// stop gives an exception's message as a sentence that ends.
func stop(s string) string {
	s = strings.TrimRight(s, " \n\t")
	if s != "" && strings.ContainsRune(".?!", rune(s[len(s)-1])) {
		return s
	}
	return s + "."
}

func shownRepr(v value.Value) string {
	s, err := value.Repr(nil, v)
	if err != nil {
		return "this value"
	}
	return s
}

// shorten keeps a message readable when a value is long.
func shorten(s string) string {
	if r := []rune(s); len(r) > 80 {
		return string(r[:60]) + "…" + string(r[len(r)-15:])
	}
	return s
}

// wayOut says what a setting takes instead.
func wayOut(s *Spec, v value.Value) string {
	name, _, _ := strings.Cut(s.Validator, "(")
	switch name {
	case "pos_int":
		return numberWayOut(s, v)
	case "bool":
		return "Write True or False; the texts \"true\" and \"false\" in any case are taken too, numbers and other words are not."
	case "string", "class":
		if s.Validator == "class" {
			return "Give a name, a dotted path as text, or the class itself."
		}
		return "Give text in quotes, or None for no value."
	case "list_string":
		return fmt.Sprintf("Give a text for one value or a list of texts: %s = [\"…\", \"…\"].", s.Name)
	case "list_of_existing_files", "list_of_files_or_patterns":
		return "Name files that exist when the server is started; relative names start from the directory it is started in."
	case "string_to_list":
		return fmt.Sprintf("Give one text with commas, not a list: %s = \"127.0.0.1,10.0.0.1\".", s.Name)
	case "string_to_addr_list":
		return fmt.Sprintf("Give one text with commas of IP addresses, networks whose host part is zero (10.0.0.0/8), or * for all: %s = \"127.0.0.1,10.0.0.0/8\". Host names are not taken.", s.Name)
	case "dict":
		return "Give a dictionary, {} for an empty one; the configuration file is the only place where one can stand."
	case "callable", "post_request":
		params := strings.Join(s.Option.Args, ", ")
		return fmt.Sprintf("Define it as a function with exactly %s: def %s(%s). Parameters with a default count, *args does not.", plural(len(s.Option.Args), "parameter"), s.Name, params)
	case "user", "group":
		return "Give a name that exists on the server's machine, or its number; create the account first, or read with --no-host-env when it exists only there."
	case "chdir":
		return "Name a directory that exists where the server is started; a relative one starts from there. When it exists only on the server's machine, read with --no-host-env."
	case "hostport":
		return fmt.Sprintf("Write it as host:port: %s = \"127.0.0.1:8125\".", s.Name)
	case "statsd_address":
		return fmt.Sprintf("Write it as host:port or unix:///path: %s = \"127.0.0.1:8125\".", s.Name)
	case "reload_engine":
		return "Write auto, poll or inotify, in lower case."
	case "ssl_version":
		return "Leave it out: the default takes the best version both sides know."
	case "http2_frame_size":
		return "Give a number from 16384 to 16777215."
	case "http_protocols":
		return "Give one text with commas, each of h1, h2 and h3 at most once: http_protocols = \"h2,h1\"."
	}
	if len(s.Option.Enum) > 0 {
		return "Write one of " + strings.Join(s.Option.Enum, ", ") + "."
	}
	return ""
}

func numberWayOut(s *Spec, v value.Value) string {
	switch v := v.(type) {
	case value.Float:
		return fmt.Sprintf("Only whole numbers are taken: %s = %.0f, or int(…) around the calculation.", s.Name, float64(v))
	case value.NoneType:
		return fmt.Sprintf("Leave the setting out to have the default, or give a number. Where the value comes from a variable, give that a default: int(os.environ.get(\"NAME\", \"%s\")).", defaultText(s))
	case value.Str:
		t := strings.TrimSpace(string(v))
		digits := strings.TrimLeft(t, "0")
		switch {
		case t == "":
			return "The text is empty: a variable that is set to nothing counts as set. Give a number, or use \"or\" for the default: int(os.environ.get(\"NAME\") or 1)."
		case digits != t && digits != "" && strings.Trim(digits, "0123456789") == "":
			return fmt.Sprintf("Text with a leading zero is no number for Python: write 0o%s where octal is meant, %s otherwise.", digits, digits)
		}
		if _, err := strconv.ParseFloat(t, 64); err == nil {
			return "Only whole numbers from 0 on are taken."
		}
		return "Give a whole number from 0 on."
	case value.Int:
		return "Give a number from 0 on" + zeroMeans(s.Name) + "."
	}
	return "Give a whole number from 0 on."
}

func zeroMeans(name string) string {
	switch name {
	case "timeout", "max_requests":
		return "; 0 switches it off"
	}
	return ""
}

func defaultText(s *Spec) string {
	if s.DefaultJSON == "" || s.DefaultJSON == "null" {
		return "0"
	}
	return s.DefaultJSON
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// argumentError makes the diagnostic of what argparse refuses.
func (r *reader) argumentError(e *argError, program string) *hcl.Diagnostic {
	prog := program[strings.LastIndexByte(program, '/')+1:]
	at := e.at.Range
	var d *hcl.Diagnostic
	switch e.code {
	case "ambiguous-option":
		d = schema.Errorf(e.code, at, "Ambiguous option", "%s could stand for %s. gunicorn prints its usage and ends with status 2. Write the option in full.", e.at.Text, strings.Join(e.matches, ", "))
	case "unknown-option":
		d = r.unknownOption(e)
	case "missing-argument":
		d = schema.Errorf(e.code, at, "Option without its value", "%s needs a value%s, and what follows is none. gunicorn prints its usage and ends with status 2. A value that begins with a dash is written %s=VALUE.", e.at.Text, meta(e.spec), strings.TrimSuffix(e.at.Text, "="))
	case "unexpected-argument":
		d = schema.Errorf(e.code, at, "Option takes no value", "gunicorn prints its usage and ends with status 2: %s. The option is on or absent; leave the value out.", e.message)
	default:
		d = schema.Errorf(e.code, at, "Invalid value for an option", "gunicorn prints its usage and ends with status 2: %s. Give a whole number%s.", e.message, octalHint(e.spec))
	}
	schema.DetailOf(d).ServerMessage = prog + ": error: " + e.message
	return d
}

func meta(s *Spec) string {
	if s == nil || s.Facts.Meta == "" {
		return ""
	}
	return " (" + s.Facts.Meta + ")"
}

func octalHint(s *Spec) string {
	if s != nil && s.ArgType == "auto_int" {
		return "; 0o22 or 022 is octal"
	}
	return " in decimal digits"
}

func (r *reader) unknownOption(e *argError) *hcl.Diagnostic {
	w := e.unknown[0]
	var others []string
	for _, x := range e.unknown[1:] {
		others = append(others, pyRepr(x.Text))
	}
	if !strings.HasPrefix(w.Text, "-") {
		return schema.Errorf("unexpected-argument", w.Range, "Word that belongs to no option",
			"%s stands apart from the application's name, and gunicorn ends with status 2. Put quotes around a value with blanks, or leave the word out.", pyRepr(w.Text))
	}
	flag, _, _ := strings.Cut(w.Text, "=")
	detail := fmt.Sprintf("gunicorn %s has no option %s: it prints its usage and ends with status 2. ", r.release.Version, flag)
	suggest := ""
	if spec, why := r.otherRelease(flag); spec != nil {
		detail += why
	} else {
		var known []string
		for _, s := range r.release.Specs {
			known = append(known, s.Flags...)
			known = append(known, "--"+strings.ReplaceAll(s.Name, "_", "-"))
		}
		if near := schema.Nearest(flag, known); near != "" {
			suggest = r.flagNamed(near)
		}
		if suggest != "" {
			detail += "Did you mean " + suggest + "?"
		} else {
			detail += "See gunicorn --help for those it has."
		}
	}
	if len(others) > 0 {
		detail += " The same goes for " + strings.Join(others, ", ") + "."
	}
	d := schema.Errorf("unknown-option", w.Range, "Unknown option", "%s", detail)
	schema.DetailOf(d).Suggest = suggest
	return d
}

// flagNamed gives the flag for one, or for "--" and a setting's name.
func (r *reader) flagNamed(near string) string {
	name := strings.ReplaceAll(strings.TrimPrefix(near, "--"), "-", "_")
	if s := r.release.Spec(name); s != nil {
		return s.Flag()
	}
	return near
}

// otherRelease finds a flag that other releases have, and says so.
func (r *reader) otherRelease(flag string) (*schema.Option, string) {
	for i := range Catalogue.Options {
		o := &Catalogue.Options[i]
		flags := o.Flags
		for _, w := range FactsOf(o).Was {
			if w.Field == "flags" {
				flags = append(flags[:len(flags):len(flags)], strings.Split(w.Value, ",")...)
			}
		}
		for _, f := range flags {
			if f == flag && flag != "" {
				return o, r.lifespan(o, flag)
			}
		}
	}
	return nil, ""
}

// lifespan says in which releases a setting exists, as one sentence or two.
func (r *reader) lifespan(o *schema.Option, what string) string {
	switch {
	case o.Removed != "" && r.release.AtLeast(o.Removed):
		return fmt.Sprintf("%s was removed in gunicorn %s.", what, o.Removed)
	case !r.release.AtLeast(o.Since):
		return fmt.Sprintf("%s came with gunicorn %s. Install that or a newer one, or leave it out.", what, o.Since)
	}
	return fmt.Sprintf("%s is known in other releases only.", what)
}
