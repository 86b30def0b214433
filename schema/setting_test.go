package schema

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

func set(name, value string, layer LayerKind, option *Option) Setting {
	v := String(value, hcl.Range{})
	return Setting{Native: name, Value: v, OnHost: v.Val, Layer: layer, Option: option}
}

func TestMerge(t *testing.T) {
	multi := &Option{Name: "socket", Multi: true}
	merged := Merge([]*Layer{
		{Kind: LayerDefault, Settings: []Setting{set("workers", "1", LayerDefault, nil), set("socket", "none", LayerDefault, multi)}},
		{Kind: LayerFile, Settings: []Setting{set("workers", "2", LayerFile, nil), set("socket", "a", LayerFile, multi), set("workers", "3", LayerFile, nil)}},
		{Kind: LayerCLI, Settings: []Setting{set("workers", "4", LayerCLI, nil), set("socket", "b", LayerCLI, multi)}},
	})
	var got []string
	for _, s := range merged {
		got = append(got, s.Native+"="+ValueText(s.OnHost))
		for _, o := range s.Shadowed {
			got = append(got, "  over "+ValueText(o.OnHost)+" "+o.Layer.String())
		}
		for _, p := range s.Parts {
			got = append(got, "  part "+ValueText(p.OnHost)+" "+p.Layer.String())
		}
	}
	want := []string{
		`workers="4"`, `  over "3" file`, `  over "2" file`, `  over "1" default`,
		`socket=["a", "b"]`, `  over "none" default`, `  part "a" file`, `  part "b" cli`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestMergeMaybe: a setting that only some hosts make leaves the weaker value on the others.
func TestMergeMaybe(t *testing.T) {
	at := hcl.Range{}
	maybe := set("bind", "x", LayerFile, nil)
	maybe.Maybe = true
	maybe.Value = &Cond{Test: &Env{Name: "D"}, Then: String("x", at), Else: &Unset{}}
	merged := Merge([]*Layer{{Kind: LayerDefault, Settings: []Setting{set("bind", "d", LayerDefault, nil)}}, {Kind: LayerFile, Settings: []Setting{maybe}}})
	one := "1"
	for _, tt := range []struct {
		host Host
		want cty.Value
	}{
		{&HostInputs{Vars: map[string]*string{"D": &one}}, cty.StringVal("x")},
		{&HostInputs{Vars: map[string]*string{"D": nil}}, cty.StringVal("d")},
	} {
		v, diags := merged[0].Value.Eval(tt.host)
		if diags.HasErrors() || !v.RawEquals(tt.want) {
			t.Errorf("%s: %v %v", ExprText(merged[0].Value), ValueText(v), diags)
		}
	}
	if got := ExprText(merged[0].Value); got != `env("D") ? "x" : "d"` {
		t.Error(got)
	}
}

func TestNearest(t *testing.T) {
	known := []string{"workers", "worker_class", "timeout", "harakiri", "processes", "bind"}
	for name, want := range map[string]string{
		"worker": "workers", "wokers": "workers", "WORKERS": "workers", "worker-class": "worker_class", "harakari": "harakiri", "bimd": "bind", "bnid": "bind", "bxyd": "", "unrelated": "", "": "",
	} {
		if got := Nearest(name, known); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestVersion(t *testing.T) {
	if !MustVersion("20.1").AtLeast("20.1.0") || MustVersion("19.9.0").AtLeast("19.10.0") || !MustVersion("26.1.0").AtLeast("") {
		t.Error("order of versions")
	}
	for _, bad := range []string{"", "x", "1.2.3.4.5", "99999999999"} {
		if _, err := ParseVersion(bad); err == nil {
			t.Errorf("%q is taken for a version", bad)
		}
	}
	if target, err := ParseTarget("uwsgi@2.0.21-debian"); err != nil || target.Server != "uwsgi" || target.Version.String() != "2.0.21" {
		t.Errorf("%+v %v", target, err)
	}
}

func TestJoinWords(t *testing.T) {
	text, words := JoinWords([]string{"gunicorn", "a b", "it's", "", "x\ny", "-w4"})
	if want := `gunicorn 'a b' 'it'\''s' '' $'x\ny' -w4`; string(text) != want {
		t.Errorf("%s, want %s", text, want)
	}
	for _, w := range words {
		if got := string(text[w.Range.Start.Byte:w.Range.End.Byte]); got != ShellQuote(w.Text) {
			t.Errorf("%q stands at %q", w.Text, got)
		}
	}
	if tail := words[5].Tail(2); tail.Text != "4" || string(text[tail.Range.Start.Byte:tail.Range.End.Byte]) != "4" {
		t.Errorf("%+v", tail)
	}
}
