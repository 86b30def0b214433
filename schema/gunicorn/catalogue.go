package gunicorn

import (
	"cmp"
	"slices"
	"strings"

	"gsrv/schema"
	"gsrv/schema/python/value"
)

// Newest is the newest release the catalogue knows, and the one that is meant where no version is given.
const Newest = "26.1.0"

// Catalogue lists the settings of all releases, those that are gone included.
var Catalogue = &schema.Catalogue{
	Server:  "gunicorn",
	Newest:  Newest,
	Options: slices.Concat(serverSettings, mechanicsSettings, loggingSettings, hookSettings, tlsSettings),
}

// Facts is what the catalogue knows of a setting besides an Option's fields.
type Facts struct {
	// Section is the manual's.
	Section string
	// Order is the place in gunicorn's own list, in which the command line's values are applied.
	Order int
	// Validator names the function that every value goes through: "pos_int", "callable(2)".
	Validator string
	// Action and NArgs are argparse's: "append", "store_true", "store_const"; "?". Const is the value that a flag without
	// an argument stands for, ArgType the conversion argparse makes (int, auto_int), Meta the name of the argument in help.
	Action, NArgs, Const, ArgType, Meta string
	// Hook is the qualified name of the function that is a hook's default.
	Hook string
	// Backport is a release whose Debian package has the setting before its time.
	Backport string
	// Gap are the release that lost the setting and the one that has it again.
	Gap [2]string
	// Was lists what was different in earlier releases, newest first.
	Was []Was
}

// Was is a former state: before release Until, Field was Value. Fields are default (JSON), flags (with commas), action,
// nargs, const, type (Facts.ArgType), validator and env (Option.Env).
type Was struct{ Until, Field, Value string }

// FactsOf gives what only this package's catalogue holds of an option of it.
func FactsOf(o *schema.Option) *Facts { return o.Extra.(*Facts) }

func bound(n float64) *float64 { return &n }

// A Spec is a setting as one release has it.
type Spec struct {
	Name   string
	Option *schema.Option
	Facts  *Facts
	// Flags, Env, Action, NArgs, Const, ArgType and Validator are those of the release; see Facts.
	Flags                                    []string
	Env                                      string
	Action, NArgs, Const, ArgType, Validator string
	// DefaultJSON is the default as JSON text before the validator has seen it; "null" for none, "" where it is computed
	// from the host.
	DefaultJSON string
}

// A Release is the settings of one version of gunicorn, in gunicorn's own order.
type Release struct {
	Version schema.Version
	Specs   []*Spec
	byName  map[string]*Spec
}

// ForVersion gives the settings in force in a release; the zero Version stands for Newest.
func ForVersion(v schema.Version) *Release {
	if v.IsZero() {
		v = schema.MustVersion(Newest)
	}
	r := &Release{Version: v, byName: make(map[string]*Spec, len(Catalogue.Options))}
	specs := make([]Spec, 0, len(Catalogue.Options))
	for i := range Catalogue.Options {
		if o := &Catalogue.Options[i]; Known(o, v) {
			specs = append(specs, specFor(o, v))
		}
	}
	for i := range specs {
		r.Specs = append(r.Specs, &specs[i])
		r.byName[specs[i].Name] = &specs[i]
	}
	slices.SortFunc(r.Specs, func(a, b *Spec) int { return cmp.Compare(a.Facts.Order, b.Facts.Order) })
	return r
}

// Spec gives the setting of a name, or nil where the release does not have it.
func (r *Release) Spec(name string) *Spec { return r.byName[name] }

// AtLeast tells whether the release is the one named or a later one.
func (r *Release) AtLeast(version string) bool { return r.Version.AtLeast(version) }

// Known tells whether a release has a setting.
func Known(o *schema.Option, v schema.Version) bool {
	f := FactsOf(o)
	if f.Backport != "" && v.Compare(schema.MustVersion(f.Backport)) == 0 {
		return true
	}
	if f.Gap[0] != "" && v.AtLeast(f.Gap[0]) && !v.AtLeast(f.Gap[1]) {
		return false
	}
	return o.Known(v)
}

func specFor(o *schema.Option, v schema.Version) Spec {
	f := FactsOf(o)
	s := Spec{
		Name: o.Name, Option: o, Facts: f, Flags: o.Flags, Env: o.Env, Action: f.Action, NArgs: f.NArgs, Const: f.Const,
		ArgType: f.ArgType, Validator: f.Validator, DefaultJSON: o.Default,
	}
	if o.Default == "" && !slices.Contains(computedDefaults, o.Name) {
		s.DefaultJSON = "null"
	}
	for _, was := range f.Was {
		if v.AtLeast(was.Until) {
			continue
		}
		switch was.Field {
		case "default":
			s.DefaultJSON = was.Value
		case "flags":
			s.Flags = nil
			if was.Value != "" {
				s.Flags = strings.Split(was.Value, ",")
			}
		case "action":
			s.Action = was.Value
		case "nargs":
			s.NArgs = was.Value
		case "const":
			s.Const = was.Value
		case "type":
			s.ArgType = was.Value
		case "validator":
			s.Validator = was.Value
		case "env":
			s.Env = was.Value
		}
	}
	return s
}

// computedDefaults are the settings whose default gunicorn takes from the machine.
var computedDefaults = []string{"user", "group", "chdir", "control_socket"}

// jsonValue gives JSON text of the catalogue as Python's json.loads would.
func jsonValue(text string) value.Value {
	v, err := value.JSONLoads(nil, text)
	if err != nil {
		panic("gunicorn catalogue: " + text + ": " + err.Error())
	}
	return v
}

// Flag is the long flag of a setting for messages, or the only one; "" where the command line has none.
func (s *Spec) Flag() string {
	for _, f := range s.Flags {
		if strings.HasPrefix(f, "--") {
			return f
		}
	}
	if len(s.Flags) > 0 {
		return s.Flags[0]
	}
	return ""
}
