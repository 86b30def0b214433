package uvicorn

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
	"gsrv/schema/cmdline"
)

// options converts what the command line gives, in the order in which each option first appears. Of an option that is
// repeated the last value counts, and click looks at no other.
func (r *reader) options(line *cmdline.Line, given map[string]bool) {
	var order []*schema.Option
	all := map[*schema.Option][]cmdline.Given{}
	for _, g := range line.Given {
		o := g.Flag.Option
		if o == nil {
			continue
		}
		if all[o] == nil {
			order = append(order, o)
		}
		all[o] = append(all[o], g)
		given[o.Name] = true
	}
	for _, o := range order {
		for i, g := range all[o] {
			switch {
			case o.Type == cmdline.TypeSwitch:
				r.cli.Constant(o, cty.BoolVal(!g.Flag.Off), g.Name.Range, g.Name.Range)
			case o.Multi || i == len(all[o])-1:
				r.value(r.cli, o, g.Values[0], g.Name.Range, "")
			default:
				r.cli.Constant(o, cty.StringVal(g.Values[0].Text), g.Values[0].Range, g.Name.Range)
			}
		}
	}
}

// variables takes the options that the command line leaves alone from UVICORN_NAME.
func (r *reader) variables(given map[string]bool) {
	if !r.automatic() {
		return
	}
	for i := range Catalogue.Options {
		o := &Catalogue.Options[i]
		if given[o.Name] || len(o.Flags) == 0 || !o.Known(r.release) {
			continue
		}
		variable := "UVICORN_" + strings.ToUpper(o.Name)
		text, at, set := r.variable(variable)
		if !set {
			continue
		}
		if !o.Multi {
			r.value(r.env, o, schema.Word{Text: text, Range: at}, at, variable)
			continue
		}
		for _, part := range split(text, o.Type == "path") {
			where := schema.RangeOf(at.Filename, []byte(text), part.at, part.at+len(part.text))
			r.value(r.env, o, schema.Word{Text: part.text, Range: where}, where, variable)
		}
	}
}

type part struct {
	text string
	at   int
}

// split parts a variable's text as click does for an option that may be repeated: at white space, paths at colons.
func split(text string, paths bool) []part {
	var parts []part
	at := 0
	if paths {
		for p := range strings.SplitSeq(text, ":") {
			parts = append(parts, part{p, at})
			at += len(p) + 1
		}
		return parts
	}
	for _, p := range strings.Fields(text) {
		i := strings.Index(text[at:], p) + at
		parts = append(parts, part{p, i})
		at = i + len(p)
	}
	return parts
}

// value converts one value as click does and adds it to a layer; variable names where it comes from, if not from a flag.
func (r *reader) value(layer *cmdline.Layer, o *schema.Option, w schema.Word, nameAt hcl.Range, variable string) {
	s := schema.Setting{Native: o.Name, Option: o, Range: w.Range, NameRange: nameAt}
	if variable != "" {
		s.Source = "environment " + variable
	}
	v, message := r.convert(o, w.Text)
	if message == "" {
		s.OnHost = v
		s.Value = &schema.Const{Val: v, Src: w.Range}
		if variable != "" {
			s.Value = fromVariable(o, variable, w.Range)
		}
		layer.Add(s)
		return
	}
	s.OnHost = cty.DynamicVal
	s.Value = &schema.Opaque{Source: w.Text, Reason: "uvicorn refuses the value", Src: w.Range}
	layer.Add(s)
	r.refuse(o, w, message, variable)
}

// fromVariable is the expression of an option that a variable gives.
func fromVariable(o *schema.Option, variable string, at hcl.Range) schema.Expr {
	var e schema.Expr = &schema.Env{Name: variable, Default: &schema.Const{Val: cmdline.FromJSON(o.Default)}, EmptyIsUnset: true, Src: at}
	if o.Type == "int" {
		e = &schema.Call{Func: "int", Args: []schema.Expr{e}, Src: at}
	}
	return e
}

func (r *reader) refuse(o *schema.Option, w schema.Word, message, variable string) {
	flag := o.Flags[0]
	what, code := flag, "invalid-value"
	if variable != "" {
		what, code = variable, "invalid-environment"
	}
	detail, suggest := "", ""
	switch {
	case r.enum(o) != nil:
		detail = "It is one of " + strings.Join(r.enum(o), ", ") + "."
		suggest = schema.Nearest(w.Text, r.enum(o))
		if strings.EqualFold(w.Text, "warn") {
			suggest = "warning"
		}
		if suggest != "" {
			detail = "Did you mean " + suggest + "? " + detail
		}
	case o.Type == "path":
		detail = "Nothing stands there: mend the path, which is relative to the directory the server is started in."
		if variable == "" {
			code = "file-missing"
		}
	case o.Type == "int":
		detail = "Give a whole number in decimal digits."
	case o.Type == "float":
		detail = "Give a number."
	default:
		detail = "Write true or false."
	}
	d := r.program.Refuse(code, w.Range, fmt.Sprintf("Invalid value for '%s': %s", flag, message), "Invalid value for an option",
		"uvicorn does not take %s for %s, and ends with status 2. %s", cmdline.Repr(w.Text), what, detail)
	schema.DetailOf(d).Suggest = suggest
	r.add(d)
}

// enum gives the words that an option takes in the release; nil for any.
func (r *reader) enum(o *schema.Option) []string {
	if o.Type != "choice" {
		return nil
	}
	free := o.Name == "loop" || o.Name == "http" || o.Name == "ws"
	if free && r.release.AtLeast("0.36.0") {
		return nil // import strings are taken as well
	}
	words := o.Enum
	drop := func(word string) {
		words = slices.DeleteFunc(slices.Clone(words), func(w string) bool { return w == word })
	}
	if !r.release.AtLeast("0.35.0") {
		drop("websockets-sansio")
	}
	if !r.release.AtLeast("0.10.3") {
		drop("trace")
	}
	if o.Name == "loop" && r.release.AtLeast("0.9.1") && !r.release.AtLeast("0.11.0") {
		words = append(slices.Clone(words), "iocp")
	}
	return words
}

// convert gives a value as click makes it from text, or the message of click's refusal.
func (r *reader) convert(o *schema.Option, text string) (cty.Value, string) {
	repr := cmdline.Repr(text)
	switch o.Type {
	case "int":
		if v, ok := cmdline.Int(text, 10); ok {
			return v, ""
		}
		return cty.DynamicVal, repr + " is not a valid integer."
	case "float":
		if v, ok := cmdline.Float(text); ok {
			return v, ""
		}
		return cty.DynamicVal, repr + " is not a valid float."
	case "bool", cmdline.TypeSwitch:
		if v, ok := cmdline.Bool(text); ok {
			return cty.BoolVal(v), ""
		}
		return cty.DynamicVal, repr + " is not a valid boolean."
	case "choice":
		words := r.enum(o)
		if words == nil || slices.Contains(words, text) {
			break
		}
		quoted := make([]string, len(words))
		for i, w := range words {
			quoted[i] = cmdline.Repr(w)
		}
		return cty.DynamicVal, repr + " is not one of " + strings.Join(quoted, ", ") + "."
	case "path":
		if o.Name == "reload_dirs" && !r.release.AtLeast("0.15.0") {
			break
		}
		if r.machine && (text == "" || r.in.Files.Exists(text) == "") {
			return cty.DynamicVal, "Path " + repr + " does not exist."
		}
	}
	return cty.StringVal(text), ""
}
