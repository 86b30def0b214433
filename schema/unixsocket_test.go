package schema_test

import (
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
)

func TestUnixSocket(t *testing.T) {
	none := hcl.Range{}
	text := func(s string) schema.Expr { return schema.String(s, none) }
	env := &schema.Env{Name: "BIND", Default: text("127.0.0.1:80")}
	list := func(items ...schema.Expr) schema.Expr { return &schema.List{Items: items} }
	template := func(parts ...schema.Expr) schema.Expr { return &schema.Template{Parts: parts} }
	for _, test := range []struct {
		e    schema.Expr
		want bool
	}{
		{nil, false},
		{text("unix:/run/x.sock"), true},
		{text("fd://3"), false},
		{text("127.0.0.1:80"), false},
		{&schema.Const{Val: texts("127.0.0.1:80", "unix:x")}, true},
		{&schema.Const{Val: texts("127.0.0.1:80")}, false},
		{&schema.Const{Val: cty.EmptyTupleVal}, false},
		{&schema.Const{Val: cty.DynamicVal}, true},
		{env, true},
		{list(text(":80"), env), true},
		{list(text(":80"), template(text("0.0.0.0:"), env)), false},
		{template(text("unix:"), env), true},
		{template(text("un"), env), true},
		{template(text(""), env, text(":80")), true},
		{&schema.Binary{Op: "+", L: text("0.0.0.0:"), R: env}, false},
		{&schema.Binary{Op: "+", L: text("unix:/run/"), R: env}, true},
		{&schema.Binary{Op: "+", L: list(text(":80")), R: list(text("unix:x"))}, true},
		{&schema.Cond{Test: env, Then: text("unix:x"), Else: text(":80")}, true},
		{&schema.Cond{Test: env, Then: &schema.Unset{}, Else: text(":80")}, false},
		{&schema.Call{Func: "convert_list", Args: []schema.Expr{template(text(":"), env)}}, false},
		{&schema.Opaque{Source: "address()"}, true},
	} {
		if got := schema.UnixSocket(test.e); got != test.want {
			t.Errorf("%s: %t", schema.ExprText(test.e), got)
		}
	}
}
