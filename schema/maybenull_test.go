package schema

import (
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// TestMayBeNull holds the answer against what expressions come to on hosts with and without each variable.
func TestMayBeNull(t *testing.T) {
	var at hcl.Range
	a, b := &Env{Name: "A"}, &Env{Name: "B"}
	text := String("x", at)
	list := &List{Items: []Expr{text}}
	tests := []struct {
		name string
		e    Expr
		want bool
	}{
		{"a variable", a, true},
		{"a variable with a default", &Env{Name: "A", Default: text}, false},
		{"a variable with None as its default", &Env{Name: "A", Default: None(at)}, true},
		{"a variable that must be set", &Env{Name: "A", Missing: MissingError}, false},
		{"or with text", &Binary{Op: "or", L: a, R: text}, false},
		{"or with a variable", &Binary{Op: "or", L: a, R: b}, true},
		{"or with None", &Binary{Op: "or", L: a, R: None(at)}, true},
		{"and with text", &Binary{Op: "and", L: a, R: text}, true},
		{"and with a variable", &Binary{Op: "and", L: text, R: b}, true},
		{"and of texts", &Binary{Op: "and", L: text, R: text}, false},
		{"nested or", &Binary{Op: "or", L: &Binary{Op: "or", L: a, R: b}, R: text}, false},
		{"a choice", &Cond{Test: a, Then: b, Else: text}, true},
		{"a choice of texts", &Cond{Test: a, Then: text, Else: text}, false},
		{"a choice that sets nothing", &Cond{Test: a, Then: text, Else: &Unset{}}, true},
		{"a number of it", &Call{Func: "convert_int", Args: []Expr{a}}, true},
		{"a list of it", &Call{Func: "convert_list", Args: []Expr{a}}, false},
		{"parts of it", &Call{Func: "convert_csv", Args: []Expr{a}}, false},
		{"words of it", &Call{Func: "convert_words", Args: []Expr{a}}, false},
		{"false for None", &Call{Func: "convert_none_false", Args: []Expr{a}}, false},
		{"a list", list, false},
		{"joined text", &Template{Parts: []Expr{a, text}}, false},
	}
	empty, set := "", "1"
	hosts := []map[string]*string{{}, {"A": &empty}, {"A": &set}, {"B": &empty}, {"B": &set}, {"A": &empty, "B": &empty}, {"A": &set, "B": &set}}
	for _, tt := range tests {
		if got := MayBeNull(tt.e); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
		seen := false
		for i, env := range hosts {
			v, diags := tt.e.Eval(&HostInputs{Vars: env, NoEnv: true})
			if diags.HasErrors() || v == cty.NilVal || !v.IsKnown() {
				continue
			}
			seen = seen || v.IsNull()
			if v.IsNull() && !tt.want {
				t.Errorf("%s: null on host %d", tt.name, i)
			}
		}
		if tt.want && !seen {
			t.Errorf("%s: null on no host", tt.name)
		}
	}
}
