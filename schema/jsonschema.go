package schema

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/xeipuuv/gojsonschema"
	"github.com/zclconf/go-cty/cty"
)

// ValidateModel checks the effective settings of cfg.Model whose value on the host is known against the JSON Schema
// generated from Model. What it finds are warnings, "out-of-range" or "invalid-value", at the place where the value was
// set; a place that already has an error in reported is passed over, and so are defaults.
func ValidateModel(cfg *Config, reported hcl.Diagnostics) hcl.Diagnostics {
	return validate(Model, cfg.Model, func(s *Setting) string { return s.Name }, true, reported)
}

// ValidateNative checks settings in a server's own terms against its catalogue: numbers against Min and Max, words
// against Enum. The words of Option.Type are the dialect's own, so values that are neither are its reader's to check.
func ValidateNative(cat *Catalogue, settings []Setting, reported hcl.Diagnostics) hcl.Diagnostics {
	return validate(cat, settings, func(s *Setting) string { return s.Native }, false, reported)
}

func validate(cat *Catalogue, settings []Setting, name func(*Setting) string, typed bool, reported hcl.Diagnostics) hcl.Diagnostics {
	properties, document := map[string]any{}, map[string]any{}
	byName := map[string]*Setting{}
	for i := range settings {
		s := &settings[i]
		o := cat.Lookup(name(s))
		if o == nil || s.Layer == LayerDefault || hasError(reported, s.Range) || !known(s.OnHost) {
			continue
		}
		sub := optionSchema(o, s.OnHost, typed)
		if sub == nil {
			continue
		}
		properties[name(s)], document[name(s)] = sub, jsonOf(s.OnHost)
		byName[name(s)] = s
	}
	if len(properties) == 0 {
		return nil
	}
	// Only the schema of the settings at hand is compiled: compiling all of a catalogue takes longer than reading.
	compiled, err := gojsonschema.NewSchema(gojsonschema.NewGoLoader(map[string]any{"type": "object", "properties": properties}))
	if err != nil {
		return hcl.Diagnostics{Notef("internal", hcl.Range{}, "Settings not checked", "The schema of the settings does not compile: %s.", err)}
	}
	result, err := compiled.Validate(gojsonschema.NewGoLoader(document))
	if err != nil {
		return hcl.Diagnostics{Notef("internal", hcl.Range{}, "Settings not checked", "The settings cannot be checked: %s.", err)}
	}
	return violations(cat, byName, result.Errors())
}

// violations turns the schema's errors into one diagnostic for each setting, in catalogue order.
func violations(cat *Catalogue, byName map[string]*Setting, errors []gojsonschema.ResultError) hcl.Diagnostics {
	bad := map[string]string{}
	for _, e := range errors {
		path := strings.Split(e.Context().String("\x00"), "\x00")
		if len(path) < 2 {
			continue
		}
		if _, seen := bad[path[1]]; !seen {
			bad[path[1]] = e.Type()
		}
	}
	names := sortedKeys(bad)
	slices.SortStableFunc(names, func(a, b string) int { return cat.Position(a) - cat.Position(b) })
	var diags hcl.Diagnostics
	for _, n := range names {
		diags = append(diags, violation(cat.Lookup(n), n, byName[n], bad[n]))
	}
	return diags
}

func violation(o *Option, name string, s *Setting, kind string) *hcl.Diagnostic {
	is := describe(s.OnHost)
	if t, ok := TextOf(s.OnHost); ok && s.OnHost.Type() == cty.Number {
		is = t
	}
	if s.Native != "" && s.Native != name {
		name += " (" + s.Native + ")"
	}
	switch kind {
	case "number_gte", "number_lte":
		return Warnf("out-of-range", s.Range, "Value out of range", "%s is %s; it must be %s.", name, is, boundsText(o))
	case "enum":
		d := Warnf("invalid-value", s.Range, "Unknown word", "%s is %s; it must be one of %s.", name, is, strings.Join(o.Enum, ", "))
		if s.OnHost.Type() == cty.String {
			if near := Nearest(s.OnHost.AsString(), o.Enum); near != "" {
				d.Detail += " Did you mean " + near + "?"
				DetailOf(d).Suggest = near
			}
		}
		return d
	}
	return Warnf("invalid-value", s.Range, "Value does not fit", "%s is %s; it must be %s.", name, is, typeWords(o))
}

func boundsText(o *Option) string {
	show := func(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }
	switch {
	case o.Min != nil && o.Max != nil:
		return show(*o.Min) + " to " + show(*o.Max)
	case o.Min != nil:
		return show(*o.Min) + " or more"
	case o.Max != nil:
		return show(*o.Max) + " or less"
	}
	return "another number"
}

func typeWords(o *Option) string {
	if o.Form != "" {
		return o.Form
	}
	words := map[string]string{
		"bool": "true or false", "int": "a whole number", "duration": "a number of seconds", "size": "a number of bytes", "list": "a list of texts",
		"octal": "a mode in octal digits such as 0660", "map": "a map of texts", "any": "a map", "string": "text", "hook": "a function",
	}
	if w, ok := words[o.Type]; ok {
		return w
	}
	return fmt.Sprintf("of type %s", o.Type)
}

// optionSchema is the schema of one option's value; nil where there is nothing to check.
func optionSchema(o *Option, v cty.Value, typed bool) map[string]any {
	s := map[string]any{}
	if typed {
		switch o.Type {
		case "bool":
			s["type"] = "boolean"
		case "int":
			s["type"] = "integer"
		case "duration", "size":
			s["type"] = "number"
		case "list":
			s["type"], s["items"] = "array", map[string]any{"type": "string"}
		case "map":
			s["type"], s["additionalProperties"] = "object", map[string]any{"type": "string"}
		case "any":
			s["type"] = "object"
		case "octal":
			s["type"], s["pattern"] = "string", "^0[0-7]{3,4}$"
		case "string", "hook":
			s["type"] = "string"
		}
	}
	if v.Type() == cty.Number || typed {
		if o.Min != nil {
			s["minimum"] = *o.Min
		}
		if o.Max != nil {
			s["maximum"] = *o.Max
		}
	}
	if o.Pattern != "" && (typed || v.Type() == cty.String) {
		s["pattern"] = o.Pattern
	}
	if len(o.Enum) > 0 && (typed || v.Type() == cty.String) {
		s["enum"] = o.Enum
	}
	if len(s) == 0 {
		return nil
	}
	return s
}

func known(v cty.Value) bool {
	return v != cty.NilVal && v.IsWhollyKnown() && !v.IsNull()
}

func hasError(diags hcl.Diagnostics, at hcl.Range) bool {
	return slices.ContainsFunc(diags, func(d *hcl.Diagnostic) bool {
		return d.Severity == hcl.DiagError && d.Subject != nil && d.Subject.Overlaps(at)
	})
}

// jsonOf gives a value as encoding/json takes it.
func jsonOf(v cty.Value) any {
	switch t := v.Type(); {
	case v.IsNull():
		return nil
	case t == cty.Bool:
		return v.True()
	case t == cty.String:
		return v.AsString()
	case t == cty.Number:
		if n, exact := v.AsBigFloat().Int64(); exact == big.Exact {
			return n
		}
		return json.Number(v.AsBigFloat().Text('f', -1))
	case t.IsObjectType() || t.IsMapType():
		out := map[string]any{}
		for k, e := range v.AsValueMap() {
			out[k] = jsonOf(e)
		}
		return out
	}
	out := []any{}
	for it := v.ElementIterator(); it.Next(); {
		_, e := it.Element()
		out = append(out, jsonOf(e))
	}
	return out
}
