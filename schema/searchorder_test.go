package schema

import (
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

func TestReversed(t *testing.T) {
	var at hcl.Range
	pair := &Const{Val: cty.TupleVal([]cty.Value{cty.StringVal("a"), cty.StringVal("b")})}
	env := &Env{Name: "E"}
	for _, tt := range []struct {
		e    Expr
		want string
		ok   bool
	}{
		{pair, `["b", "a"]`, true},
		{&List{Items: []Expr{String("a", at), env, String("c", at)}}, `["c", env("E"), "a"]`, true},
		{&Cond{Test: env, Then: pair, Else: &List{}}, `env("E") ? ["b", "a"] : []`, true},
		{&Call{Func: "convert_list", Args: []Expr{env}}, `[env("E")]`, true},
		{&Call{Func: "convert_csv", Args: []Expr{env}}, `csv(env("E"))`, false},
		{String("a", at), `"a"`, false},
	} {
		got, ok := Reversed(tt.e)
		if text := ExprText(got); text != tt.want || ok != tt.ok {
			t.Errorf("%s: %s %v, want %s %v", ExprText(tt.e), text, ok, tt.want, tt.ok)
		}
	}
	s := []Setting{{Name: "app.python_path", Value: pair, OnHost: pair.Val}, {Name: "listen.http", Value: pair, OnHost: pair.Val}}
	ReverseSearchPath(s)
	if ExprText(s[0].Value) != `["b", "a"]` || ValueText(s[0].OnHost) != `["b", "a"]` || ExprText(s[1].Value) != `["a", "b"]` {
		t.Errorf("%s %s %s", ExprText(s[0].Value), ValueText(s[0].OnHost), ExprText(s[1].Value))
	}
}
