package schema_test

import (
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
	"gsrv/schema/django"
	"gsrv/schema/flask"
	"gsrv/schema/granian"
	"gsrv/schema/gunicorn"
	"gsrv/schema/hypercorn"
	"gsrv/schema/modwsgi"
	"gsrv/schema/uvicorn"
	"gsrv/schema/uwsgi"
	"gsrv/schema/waitress"
)

func texts(items ...string) cty.Value {
	values := make([]cty.Value, len(items))
	for i, s := range items {
		values[i] = cty.StringVal(s)
	}
	return cty.TupleVal(values)
}

// samples are values of each of the model's types.
var samples = map[string][]cty.Value{
	"string":   {cty.StringVal(""), cty.StringVal("shop.wsgi:application"), cty.StringVal("a, b"), schema.Null},
	"bool":     {cty.True, cty.False},
	"int":      {cty.NumberIntVal(0), cty.NumberIntVal(7), cty.NumberIntVal(65535)},
	"duration": {cty.NumberIntVal(0), cty.NumberIntVal(90), cty.NumberFloatVal(0.5)},
	"size":     {cty.NumberIntVal(0), cty.NumberIntVal(512 << 20), cty.NumberIntVal(3 << 10)},
	"octal":    {cty.StringVal("0000"), cty.StringVal("0022"), cty.StringVal("0660"), cty.StringVal("01777")},
	"list":     {cty.EmptyTupleVal, texts("a"), texts("/srv/a", "/srv/b c"), texts("10.0.0.0/8", "*")},
	"map":      {cty.EmptyObjectVal, cty.ObjectVal(map[string]cty.Value{"A": cty.StringVal("1"), "B": cty.StringVal("x=y")})},
}

// TestRevert walks every option of every catalogue that has a counterpart in the model: what Revert gives comes back
// through Convert as the same value, as a constant and inside a choice that the host makes. Every kind of conversion that
// takes a type must bring back most of the values of it.
func TestRevert(t *testing.T) {
	catalogues := []*schema.Catalogue{
		gunicorn.Catalogue, uwsgi.Catalogue(), waitress.Catalogue, uvicorn.Catalogue, hypercorn.Catalogue, granian.Catalogue,
		django.Catalogue, flask.Catalogue, modwsgi.Catalogue,
	}
	options, values := 0, 0
	for _, c := range catalogues {
		for i := range c.Options {
			o := &c.Options[i]
			if o.Model == "" {
				continue
			}
			m := schema.Model.Lookup(o.Model)
			if m == nil {
				t.Errorf("%s %s: the model has no %s", c.Server, o.Name, o.Model)
				continue
			}
			options++
			back := 0
			for _, want := range samples[m.Type] {
				if reverted(t, c.Server+" "+o.Name, o.Convert, want) {
					back++
				}
			}
			if n := len(samples[m.Type]); n > 0 && back*2 < n {
				t.Errorf("%s %s: %q brings back only %d of %d values of type %s", c.Server, o.Name, o.Convert, back, n, m.Type)
			}
			values += back
		}
	}
	t.Logf("%d options, %d values", options, values)
}

func reverted(t *testing.T, name, conversion string, want cty.Value) bool {
	t.Helper()
	native, ok := schema.RevertValue(conversion, want)
	if !ok {
		return false
	}
	if got := schema.ConvertValue(conversion, native); !got.IsWhollyKnown() || show(got) != show(want) {
		t.Errorf("%s, %s: %s became %s and then %s", name, conversion, show(want), show(native), show(got))
	}
	test := &schema.Binary{Op: "==", L: &schema.Env{Name: "X"}, R: schema.String("1", hcl.Range{})}
	choice := &schema.Cond{Test: test, Then: &schema.Const{Val: want}, Else: &schema.Const{Val: want}}
	e, ok := schema.Revert(conversion, choice)
	if !ok {
		t.Errorf("%s, %s: %s cannot be reverted in a choice", name, conversion, show(want))
		return true
	}
	got, diags := schema.Convert(conversion, e).Eval(schema.NoHost)
	if diags.HasErrors() || show(got) != show(want) {
		t.Errorf("%s, %s: in a choice %s became %s: %v", name, conversion, show(want), show(got), diags)
	}
	return true
}

func show(v cty.Value) string { return schema.ValueText(v) }

// TestRevertExpressions takes expressions over the host there and back.
func TestRevertExpressions(t *testing.T) {
	none := hcl.Range{}
	env := func(name, def string) schema.Expr { return &schema.Env{Name: name, Default: schema.String(def, none)} }
	host := &schema.HostInputs{Machine: true, Environ: map[string]string{"N": "12", "DIR": "/srv/x"}, CPUs: 4}
	for _, test := range []struct {
		conversion string
		model      schema.Expr
	}{
		{"int", schema.Convert("int", env("N", "3"))},
		{"octal", schema.Convert("octal", &schema.Call{Func: "int", Args: []schema.Expr{env("N", "3")}})},
		{"socketmode", schema.Convert("socketmode", &schema.Call{Func: "int", Args: []schema.Expr{env("N", "3")}})},
		{"socketmode", schema.Convert("socketmode", env("N", "0o7"))},
		{"mib", schema.Convert("mib", env("N", "3"))},
		{"csv", &schema.List{Items: []schema.Expr{env("DIR", "/a"), schema.String("/b", none)}}},
		{"csv", schema.Convert("csv", env("DIR", "/a,/b"))},
		{"csv", &schema.Binary{Op: "+", L: &schema.List{Items: []schema.Expr{env("DIR", "/a")}}, R: &schema.List{Items: []schema.Expr{schema.String("/c", none)}}}},
		{"words", &schema.List{Items: []schema.Expr{env("DIR", "/a"), schema.String("/b", none)}}},
		{"keyvals", &schema.Map{Keys: []string{"A", "B", "C"}, Values: []schema.Expr{env("DIR", "/a"), schema.String("1", none), &schema.Template{Parts: []schema.Expr{schema.String("x", none), env("N", "")}}}}},
		{"not", &schema.Binary{Op: "==", L: env("N", "3"), R: schema.String("12", none)}},
		{"text", env("N", "3")},
		{"list", &schema.List{Items: []schema.Expr{env("DIR", "/a")}}},
	} {
		native, ok := schema.Revert(test.conversion, test.model)
		if !ok {
			t.Errorf("%s: %s cannot be reverted", test.conversion, schema.ExprText(test.model))
			continue
		}
		want, d1 := test.model.Eval(host)
		got, d2 := schema.Convert(test.conversion, native).Eval(host)
		if d1.HasErrors() || d2.HasErrors() || !got.IsWhollyKnown() || show(got) != show(want) {
			t.Errorf("%s: %s is %s; as %s it is %s", test.conversion, schema.ExprText(test.model), show(want), schema.ExprText(native), show(got))
		}
	}
	for _, test := range []struct {
		conversion string
		value      cty.Value
	}{
		{"mib", cty.NumberIntVal(1000)},
		{"csv", texts("a,b")},
		{"csv", texts("")},
		{"words", texts("two words")},
		{"keyvals", cty.ObjectVal(map[string]cty.Value{"A=B": cty.StringVal("")})},
		{"octal", cty.StringVal("9")},
		{"socketmode", cty.StringVal("9")},
		{"socketmode", cty.StringVal("01777")},
		{"not", cty.StringVal("x")},
		{"unheard-of", cty.True},
	} {
		if v, ok := schema.RevertValue(test.conversion, test.value); ok {
			t.Errorf("%s of %s gives %s", test.conversion, show(test.value), show(v))
		}
	}
}

// TestSocketMode: what gunicorn 20.1.0's unix sockets have under a umask, and its int(x, 0) of text.
func TestSocketMode(t *testing.T) {
	for _, test := range []struct {
		umask cty.Value
		want  string
	}{
		{cty.NumberIntVal(0), `"0777"`},
		{cty.NumberIntVal(0o7), `"0770"`},
		{cty.NumberIntVal(0o117), `"0660"`},
		{cty.NumberIntVal(0o1022), `"0755"`},
		{cty.StringVal("0o7"), `"0770"`},
		{cty.StringVal(" 18 "), `"0755"`},
		{cty.StringVal("0x12"), `"0755"`},
		{cty.StringVal("00"), `"0777"`},
	} {
		if got := show(schema.ConvertValue("socketmode", test.umask)); got != test.want {
			t.Errorf("umask %s gives %s, not %s", show(test.umask), got, test.want)
		}
	}
	for _, v := range []cty.Value{cty.NumberIntVal(-1), cty.NumberFloatVal(0.5), cty.StringVal("022"), cty.StringVal(""), cty.StringVal("-1"), cty.StringVal("seven"), cty.True} {
		if got := schema.ConvertValue("socketmode", v); got.IsKnown() {
			t.Errorf("umask %s gives %s", show(v), show(got))
		}
	}
}
