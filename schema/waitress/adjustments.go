package waitress

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
	"gsrv/schema/cmdline"
)

// An Adjustment is what a source gives for one setting.
type Adjustment struct {
	// Text is the value; where Known is false it depends on something that is not known.
	Text  string
	Known bool
	// Value is what waitress makes of the text; unknown where that is not known or refused.
	Value cty.Value
	// Range is where the value stands, NameRange where its key or flag does.
	Range, NameRange hcl.Range
	// Sub gives the place of the bytes from i to j of Text; nil for the whole value's.
	Sub func(i, j int) hcl.Range
}

// Adjustments are the settings that waitress is started with, and where problems with them are noted.
type Adjustments struct {
	// Given are the settings that the source sets.
	Given map[string]*Adjustment
	// Header is the place of problems that no given setting causes.
	Header hcl.Range
	// Spell writes a setting as the source would: "trusted_proxy = ADDRESS", "--trusted-proxy=ADDRESS"; the name alone
	// where the value is empty.
	Spell func(name, value string) string
	// Variables says what becomes of a shell's variable in a value, and what to write instead.
	Variables string
	// Diags are the problems found.
	Diags hcl.Diagnostics
}

// Has tells whether any of the settings is given.
func (a *Adjustments) Has(names ...string) bool { return a.First(names...) != "" }

// First gives the first of the settings that is given, or "".
func (a *Adjustments) First(names ...string) string {
	for _, n := range names {
		if a.Given[n] != nil {
			return n
		}
	}
	return ""
}

// value gives what waitress makes of a setting: the given one, else the default.
func (a *Adjustments) value(name string) cty.Value {
	if g := a.Given[name]; g != nil {
		return g.Value
	}
	return cmdline.FromJSON(Catalogue.Lookup(name).Default)
}

func (a *Adjustments) truth(name string) bool {
	v := a.value(name)
	return v.IsKnown() && !v.IsNull() && v.Type() == cty.Bool && v.True()
}

func (a *Adjustments) number(name string) (int64, bool) {
	v := a.value(name)
	if !v.IsKnown() || v.IsNull() || v.Type() != cty.Number {
		return 0, false
	}
	n, _ := v.AsBigFloat().Int64()
	return n, true
}

func (a *Adjustments) text(name string) (string, bool) {
	if g := a.Given[name]; g != nil && g.Known {
		return g.Text, true
	}
	return "", false
}

func (a *Adjustments) at(name string) hcl.Range {
	if g := a.Given[name]; g != nil {
		return schema.At(g.Range, schema.At(g.NameRange, a.Header))
	}
	return a.Header
}

func (a *Adjustments) nameAt(name string) hcl.Range {
	if g := a.Given[name]; g != nil {
		return schema.At(g.NameRange, a.at(name))
	}
	return a.Header
}

// refuse notes what waitress refuses; message is its exception.
func (a *Adjustments) refuse(code string, at hcl.Range, message, summary, detail string, args ...any) {
	d := schema.Errorf(code, at, summary, detail, args...)
	schema.DetailOf(d).ServerMessage = message
	a.Diags = append(a.Diags, d)
}

func (a *Adjustments) warn(code string, at hcl.Range, summary, detail string, args ...any) {
	a.Diags = append(a.Diags, schema.Warnf(code, at, summary, detail, args...))
}

func (a *Adjustments) note(code string, at hcl.Range, summary, detail string, args ...any) {
	a.Diags = append(a.Diags, schema.Notef(code, at, summary, detail, args...))
}
