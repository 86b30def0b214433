package paste

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
	"gsrv/schema/ini"
)

// A configLoader is PasteDeploy's ConfigLoader: one file and the defaults it is read with.
type configLoader struct {
	l        *Loader
	filename string
	file     *parsedFile
	// defaults holds raw values: here, __file__, [DEFAULT], then the caller's variables that none of these has.
	defaults     *Conf
	interpolated *Conf
}

// absolute matches a name that says its kind ("egg:…"), as PasteDeploy tells it from a section's name.
var absolute = lazy(`^[a-zA-Z]+:`)

func (c *configLoader) context(kind *Kind, name string, global *Conf, at hcl.Range) (*Context, *Error) {
	if absolute().MatchString(name) {
		return c.l.load(kind, name, nil, dirname(c.filename), global, at)
	}
	section, err := c.find(kind, name, at)
	if err != nil {
		return nil, err
	}
	if err := c.l.spend(c, section, kind, at); err != nil {
		return nil, err
	}
	ref := SectionRef{File: c.file.doc.Filename, Name: section, Header: c.file.headers[section]}
	if err := c.l.enter(ref, at); err != nil {
		return nil, err
	}
	defer c.l.leave()
	s := &sectionLoader{configLoader: c, kind: kind, section: section, ref: ref, at: at}
	context, err := s.load(global)
	if err != nil {
		return nil, err
	}
	context.File, context.Section, context.Header = ref.File, ref.Name, ref.Header
	context.Sections = append([]SectionRef{ref}, context.Sections...)
	context.Dropped = append(s.dropped, context.Dropped...)
	return context, nil
}

// dirname is os.path.dirname.
func dirname(p string) string {
	i := strings.LastIndexByte(p, '/') + 1
	head := p[:i]
	if t := strings.TrimRight(head, "/"); t != "" {
		return t
	}
	return head
}

// A sectionLoader makes the context of one section.
type sectionLoader struct {
	*configLoader
	kind    *Kind
	section string
	ref     SectionRef
	at      hcl.Range

	global, local, additions *Conf
	dropped                  []Dropped
}

func (s *sectionLoader) load(given *Conf) (*Context, *Error) {
	defaults, err := s.defaultsConf()
	if err != nil {
		return nil, err
	}
	s.global, s.local, s.additions = defaults.copy(), newConf(), newConf()
	s.global.update(given)
	if err := s.options(defaults); err != nil {
		return nil, err
	}
	var filterWith *Value
	if s.kind == App || s.kind == Filter {
		filterWith = s.local.remove("filter-with")
	}
	if require := s.local.remove("require"); require != nil {
		for _, name := range ini.Fields(require.Text) {
			if _, err := s.l.distribution(name, require.Range); err != nil {
				return nil, err
			}
		}
	}
	context, err := s.object()
	if err != nil || filterWith == nil {
		return context, err
	}
	if err := unknownName("filter-with", filterWith); err != nil {
		return nil, err
	}
	filter, err := s.context(Filter, filterWith.Text, s.global, filterWith.Range)
	if err != nil {
		return nil, err
	}
	return &Context{Type: "filtered_with", Global: s.global, Local: s.local, Filter: filter, Next: context}, nil
}

// options sorts the section's keys and, after them, those of [DEFAULT], into local settings, set and get lines.
func (s *sectionLoader) options(defaults *Conf) *Error {
	gets := newConf()
	keys := s.file.keys[s.section]
	seen := map[string]bool{}
	for _, key := range keys {
		seen[key.Name] = true
		if err := s.option(key.Name, key, defaults, gets); err != nil {
			return err
		}
	}
	for _, name := range s.defaults.names {
		if !seen[name] {
			if err := s.option(name, nil, defaults, gets); err != nil {
				return err
			}
		}
	}
	for _, name := range gets.names {
		wanted := gets.values[name]
		v := s.global.Get(wanted.Text)
		if v == nil {
			return ini.NewError("KeyError", ini.PythonRepr(wanted.Text), "unknown-variable", wanted.Range, "Unknown variable",
				"\"get %s\" takes the global setting %q, and neither [DEFAULT] nor the command line nor a \"set\" line gives it. Add %s = VALUE to [DEFAULT].", name, wanted.Text, wanted.Text)
		}
		got := *v
		got.NameRange = wanted.NameRange
		s.local.set(name, &got)
	}
	return nil
}

func (s *sectionLoader) option(name string, key *ini.Key, defaults, gets *Conf) *Error {
	switch {
	case strings.HasPrefix(name, "set "):
		v, err := s.get(s.section, name)
		if err != nil {
			return err
		}
		target := ini.Strip(name[4:])
		s.global.set(target, v)
		s.additions.set(target, v)
	case strings.HasPrefix(name, "get "):
		v, err := s.get(s.section, name)
		if err != nil {
			return err
		}
		gets.set(ini.Strip(name[4:]), v)
	case defaults.Get(name) != nil:
		if key != nil {
			s.dropped = append(s.dropped, Dropped{Name: name, Text: key.Value, Range: key.Range, NameRange: key.NameRange, By: s.defaults.Get(name)})
		}
	default:
		v, err := s.get(s.section, name)
		if err != nil {
			return err
		}
		s.local.set(name, v)
	}
	return nil
}

func (s *sectionLoader) object() (*Context, *Error) {
	switch {
	case strings.HasPrefix(s.section, "filter-app:"):
		return s.filterApp()
	case strings.HasPrefix(s.section, "pipeline:"):
		return s.pipeline()
	case s.local.Get("use") != nil:
		return s.use(s.kind)
	}
	return s.explicit(s.kind)
}

func (s *sectionLoader) use(kind *Kind) (*Context, *Error) {
	use := s.local.remove("use")
	if err := unknownName("use", use); err != nil {
		return nil, err
	}
	context, err := s.context(kind, use.Text, s.global, use.Range)
	if err != nil {
		return nil, err
	}
	context.Global.update(s.additions)
	for _, name := range s.local.names {
		v := *s.local.values[name]
		v.Over = context.Local.Get(name)
		context.Local.set(name, &v)
	}
	if file := s.global.Get("__file__"); file != nil {
		context.Global.set("__file__", file)
	}
	if context.Protocol == "" && !context.Unknown {
		prefix, _, _ := strings.Cut(s.section, ":")
		switch prefix {
		case "application", "app":
			context.Protocol = "paste.app_factory"
		case "composit", "composite":
			context.Protocol = "paste.composit_factory"
		default:
			context.Protocol = "paste." + prefix + "_factory"
		}
	}
	return context, nil
}

// unknownName is the error for a key that must name something and depends on a variable that is not known.
func unknownName(key string, v *Value) *Error {
	if v.Known {
		return nil
	}
	return ini.NewError("LookupError", "", "unknown-variable", v.Range, "Not known what is meant",
		"What \"%s\" names depends on a variable that is given when the server is started. Give the command that starts it, with the variable.", key)
}

// entryPoint matches a factory's "module:attribute", as importlib.metadata reads it.
var entryPoint = lazy(`^([\pL\pN_.]+)\s*(:\s*([\pL\pN_.]+)\s*)?(\[.*\]\s*)?$`)

func (s *sectionLoader) explicit(kind *Kind) (*Context, *Error) {
	var protocols []string
	for _, options := range kind.protocols {
		for _, protocol := range options {
			if s.local.Get(protocol) != nil {
				protocols = append(protocols, protocol)
				break
			}
		}
	}
	if len(protocols) > 1 {
		pairs := make([]string, len(protocols))
		for i, p := range protocols {
			pairs[i] = "(" + ini.PythonRepr(p) + ", " + ini.PythonRepr(s.local.Get(p).Text) + ")"
		}
		return nil, ini.NewError("LookupError", fmt.Sprintf("Multiple protocols given in section %s: [%s]", ini.PythonRepr(s.section), strings.Join(pairs, ", ")), "conflict", s.local.Get(protocols[1]).NameRange, "Two factories",
			"[%s] gives %s and %s, and only one can make the object. Remove the one that is not meant.", s.section, protocols[0], protocols[1])
	}
	if len(protocols) == 0 {
		err := ini.NewError("LookupError", "No loader given in section "+ini.PythonRepr(s.section), "no-loader", s.ref.Header, "Nothing to load",
			"[%s] says nothing about what it is made of. Add \"use = egg:NAME\" (an installed package), \"use = call:MODULE:FUNCTION\" or \"%s = MODULE:FUNCTION\".", s.section, kind.protocols[0][0])
		if i := slices.IndexFunc(s.dropped, func(d Dropped) bool { return d.Name == "use" }); i >= 0 {
			d := s.dropped[i]
			err.Diags[0].Detail = fmt.Sprintf("The \"use\" of [%s] has no effect, because %s also has \"use\" and PasteDeploy leaves such keys out of the section. Remove it there.", s.section, d.by())
			err.Diags[0].Subject = &d.NameRange
			schema.DetailOf(err.Diags[0]).Related = []schema.Related{{Message: "this one stands in its way", Range: d.By.NameRange}}
		}
		return nil, err
	}
	value := s.local.remove(protocols[0])
	match := entryPoint().FindStringSubmatch(value.Text)
	if match == nil || strings.Trim(match[1], ".") == "" {
		return nil, ini.NewError("AttributeError", "'NoneType' object has no attribute 'group'", "invalid-value", value.Range, "Not the name of a factory",
			"%s = %s is not MODULE:FUNCTION, and the server does not start. Write the module's dotted name, a colon and the function.", protocols[0], ini.Quote(value.Text))
	}
	object := match[1]
	if match[3] != "" {
		object += ":" + match[3]
	}
	return &Context{Type: kind.Name, Protocol: protocols[0], Object: object, ObjectRange: value.Range, Global: s.global, Local: s.local}, nil
}

func (s *sectionLoader) filterApp() (*Context, *Error) {
	next := s.local.remove("next")
	if next == nil {
		return nil, ini.NewError("LookupError", fmt.Sprintf("The [%s] section in %s is missing a 'next' setting", s.section, s.filename), "missing-key", s.ref.Header, "The application is missing",
			"A filter-app section names the application it is put around. Add \"next = NAME\" to [%s].", s.section)
	}
	if err := unknownName("next", next); err != nil {
		return nil, err
	}
	context := &Context{Type: "filter_app", Global: s.global, Local: s.local}
	var err *Error
	if context.Next, err = s.context(App, next.Text, s.global, next.Range); err != nil {
		return nil, err
	}
	if s.local.Get("use") != nil {
		context.Filter, err = s.use(Filter)
	} else {
		context.Filter, err = s.explicit(Filter)
	}
	if err != nil {
		return nil, err
	}
	return context, nil
}

func (s *sectionLoader) pipeline() (*Context, *Error) {
	value := s.local.remove("pipeline")
	if value == nil {
		return nil, ini.NewError("LookupError", fmt.Sprintf("The [%s] section in %s is missing a 'pipeline' setting", s.section, s.filename), "missing-key", s.ref.Header, "The pipeline is missing",
			"Add \"pipeline = FILTER … APP\" to [%s]: the filters in order, the application last.", s.section)
	}
	if s.local.Len() > 0 {
		first := s.local.Get(s.local.names[0])
		return nil, ini.NewError("LookupError", fmt.Sprintf("The [%s] pipeline section in %s has extra (disallowed) settings: %s", s.section, s.filename, strings.Join(s.local.names, ", ")), "unknown-setting", schema.At(first.NameRange, s.ref.Header), "Setting in a pipeline",
			"A pipeline section holds \"pipeline\" and nothing else; %s belongs into the section of the application or filter it is meant for, or into [DEFAULT].", strings.Join(s.local.names, ", "))
	}
	if err := unknownName("pipeline", value); err != nil {
		return nil, err
	}
	words := fieldsAt(value.Text)
	if len(words) == 0 {
		return nil, ini.NewError("IndexError", "list index out of range", "invalid-value", value.NameRange, "Empty pipeline",
			"\"pipeline\" in [%s] names nothing. Write the filters in order and the application last.", s.section)
	}
	context := &Context{Type: "pipeline", Global: s.global, Local: s.local}
	last := words[len(words)-1]
	var err *Error
	if context.App, err = s.context(App, last.text, s.global, value.sub(last)); err != nil {
		return nil, err
	}
	for _, word := range words[:len(words)-1] {
		filter, err := s.context(Filter, word.text, s.global, value.sub(word))
		if err != nil {
			return nil, err
		}
		context.Filters = append(context.Filters, filter)
	}
	return context, nil
}

// A field is a word of a value and where it begins.
type field struct {
	text string
	at   int
}

func fieldsAt(s string) []field {
	var fields []field
	at := 0
	for _, w := range ini.Fields(s) {
		i := strings.Index(s[at:], w) + at
		fields = append(fields, field{w, i})
		at = i + len(w)
	}
	return fields
}

// sub gives the place of a word of the value: exact where nothing was put into it.
func (v *Value) sub(f field) hcl.Range {
	if v.Key == nil || v.Key.Value != v.Text {
		return v.Range
	}
	return v.Key.Sub(f.at, f.at+len(f.text))
}

// by says in words what stands in a dropped key's way.
func (d Dropped) by() string {
	switch d.By.Origin {
	case FromDefault:
		return fmt.Sprintf("[DEFAULT] in line %d of %s", d.By.NameRange.Start.Line, path.Base(d.By.NameRange.Filename))
	case FromCaller:
		return "the command line"
	}
	return "PasteDeploy itself"
}
