package native

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
)

// cpus2 is the expression that most Python configurations begin with.
func cpus2() schema.Expr {
	double := &schema.Binary{Op: "*", L: &schema.HostFact{Fact: schema.CPUCount}, R: schema.Int(2, hcl.Range{})}
	return &schema.Binary{Op: "+", L: double, R: schema.Int(1, hcl.Range{})}
}

func TestExpressionText(t *testing.T) {
	var none hcl.Range
	text := func(s string) schema.Expr { return schema.String(s, none) }
	integer := func(e schema.Expr) schema.Expr { return &schema.Call{Func: "int", Args: []schema.Expr{e}} }
	for _, c := range []struct {
		name string
		e    schema.Expr
		want string // the reason, after "!", where HCL cannot say it
	}{
		{"workers", cpus2(), "cpu_count() * 2 + 1"},
		{"int of a variable", integer(&schema.Env{Name: "W", Default: text("4")}), `int(env("W", "4"))`},
		{"int of a variable with a number", integer(&schema.Env{Name: "W", Default: cpus2()}), `int(env("W", cpu_count() * 2 + 1))`},
		{"int of a variable or a number", integer(&schema.Binary{Op: "or", L: &schema.Env{Name: "W"}, R: cpus2()}), `int(coalesce(env("W", null), cpu_count() * 2 + 1))`},
		{"an empty variable", integer(&schema.Env{Name: "W", Default: cpus2(), EmptyIsUnset: true}), `int(coalesce(env("W", ""), cpu_count() * 2 + 1))`},
		{"a variable with a number", &schema.Env{Name: "W", Default: cpus2()}, "!the default of W is no text, the variable is"},
		{"must be set", &schema.Env{Name: "W", Missing: schema.MissingError}, `env("W")`},
		{"placeholder", &schema.Env{Name: "W", Missing: schema.MissingLiteral}, `env("W", "$(W)")`},
		{"floor division", &schema.Binary{Op: "//", L: cpus2(), R: schema.Int(2, none)}, "floor((cpu_count() * 2 + 1) / 2)"},
		{"associativity", &schema.Binary{Op: "-", L: schema.Int(1, none), R: &schema.Binary{Op: "-", L: schema.Int(2, none), R: schema.Int(3, none)}}, "1 - (2 - 3)"},
		{"remainder", &schema.Binary{Op: "%", L: &schema.Unary{Op: "-", X: cpus2()}, R: schema.Int(3, none)}, "-(cpu_count() * 2 + 1) - 3 * floor(-(cpu_count() * 2 + 1) / 3)"},
		{"truth of text", &schema.Cond{Test: &schema.Env{Name: "D"}, Then: text("a"), Else: text("b")}, `coalesce(env("D", null), "") != "" ? "a" : "b"`},
		{"joined text", &schema.Binary{Op: "+", L: text("0.0.0.0:"), R: &schema.Env{Name: "PORT", Default: text("80")}}, `"0.0.0.0:${env("PORT", "80")}"`},
		{"dollar before a part", &schema.Template{Parts: []schema.Expr{text("a$"), &schema.HostFact{Fact: schema.Hostname}}}, `"a${"$"}${hostname()}"`},
		{"one part", &schema.Template{Parts: []schema.Expr{&schema.HostFact{Fact: schema.CPUCount}}}, "tostring(cpu_count())"},
		{"membership", &schema.Binary{Op: "not in", L: &schema.HostFact{Fact: schema.Hostname}, R: &schema.List{Items: []schema.Expr{text("a")}}}, `!contains(["a"], hostname())`},
		{"megabytes", &schema.Call{Func: "convert_mib", Args: []schema.Expr{cpus2()}}, "(cpu_count() * 2 + 1) * 1048576"},
		{"user id", &schema.HostFact{Fact: schema.UserID}, "!gsrv.hcl has no function for the host's uid"},
		{"unknown types", &schema.Binary{Op: "+", L: &schema.Call{Func: "get", Args: []schema.Expr{text("")}}, R: schema.Int(1, none)}, "!gsrv.hcl has no function for get() of these arguments"},
		{"bits", &schema.Binary{Op: "<<", L: schema.Int(1, none), R: schema.Int(3, none)}, "!HCL has no operator <<"},
		{"opaque", &schema.Opaque{Source: "f()", Reason: "it is a call"}, "!not known: it is a call"},
		{"lambda", &schema.FuncRef{Name: "<lambda>", Kind: "lambda"}, "!it is a lambda, which has no name to refer to"},
		{"dotted hook", &schema.FuncRef{Name: "shop.hooks.fork", Kind: "path"}, `"shop.hooks:fork"`},
		{"bytes", schema.String("\xff", none), "!it holds bytes that are no UTF-8 text"},
	} {
		got, err := hclText(c.e)
		if err != nil {
			got = "!" + err.Error()
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestWriteOther writes what only other servers have: hooks in the configuration itself, options without counterpart,
// values that cannot be said.
func TestWriteOther(t *testing.T) {
	source := "bind = compute()\nworker_class = Own\nworkers = detect()\nx = y()\n"
	files := schema.NewFiles("/")
	files.Put("conf.py", []byte(source))
	at := func(part string) hcl.Range {
		i := strings.Index(source, part)
		return schema.RangeOf("conf.py", []byte(source), i, i+len(part))
	}
	set := func(name, native string, e schema.Expr, onHost cty.Value, r hcl.Range) schema.Setting {
		return schema.Setting{Name: name, Native: native, Option: &schema.Option{Name: native, Model: name}, Value: e, OnHost: onHost, Layer: schema.LayerFile, Source: "conf.py", Range: r}
	}
	opaque := func(source string) schema.Expr {
		return &schema.Opaque{Source: source, Reason: "it is the result of " + source}
	}
	cfg := &schema.Config{Dialect: "other", Files: files, Model: []schema.Setting{
		set("listen.http", "bind", opaque("compute()"), cty.TupleVal([]cty.Value{cty.StringVal("127.0.0.1:1")}), at("compute()")),
		set("listen.uwsgi", "socket", &schema.Const{Val: cty.EmptyTupleVal}, cty.EmptyTupleVal, hcl.Range{}),
		set("workers.count", "workers", opaque("detect()"), cty.DynamicVal, at("detect()")),
		set("workers.class", "worker_class", &schema.FuncRef{Name: "Own", Kind: "class", Def: hcl.Range{Filename: "conf.py"}}, cty.StringVal("Own"), at("Own")),
		set("workers.timeout", "timeout", schema.Int(90, hcl.Range{}), cty.NumberIntVal(90), hcl.Range{}),
		set("http.keep_alive", "keepalive", schema.Int(2, hcl.Range{}), cty.NumberIntVal(2), hcl.Range{}),
		set("log.error.to", "errorlog", schema.None(hcl.Range{}), schema.Null, hcl.Range{}),
		set("hooks.post_fork", "post_fork", &schema.FuncRef{Name: "post_fork", Kind: "function", Def: hcl.Range{Filename: "conf.py"}}, cty.StringVal("post_fork"), hcl.Range{}),
		set("hooks.on_exit", "on_exit", &schema.FuncRef{Name: "<lambda>", Kind: "lambda"}, cty.StringVal("<lambda>"), hcl.Range{}),
	}, Open: []*schema.Opaque{{Source: "from secrets import *", Reason: "the module cannot be read"}}}
	cfg.Settings = append([]schema.Setting(nil), cfg.Model...)
	spew := set("", "spew", schema.Bool(true, hcl.Range{}), cty.True, hcl.Range{})
	odd := set("", "a.b", schema.Bool(true, hcl.Range{}), cty.True, hcl.Range{})
	unused := set("", "check", schema.Bool(false, hcl.Range{}), cty.False, hcl.Range{})
	unused.Layer = schema.LayerDefault
	cfg.Settings = append(cfg.Settings, spew, spew, odd, unused)
	want := `# TODO(gsrv): other settings may be set: from secrets import * (the module cannot be read)

listen {
  # TODO(gsrv): written as compute() in conf.py; not known: it is the result of compute(); this is the value on the host that was read for
  address = ["127.0.0.1:1"]
}

workers {
  # TODO(gsrv): count is written as detect() in conf.py; not known: it is the result of detect()
  # TODO(gsrv): written as Own in conf.py; it is Python code, not a value; this is the value on the host that was read for
  class   = "Own"
  timeout = "1m30s"
}

log {
  error {
    # TODO(gsrv): to is set to no value in conf.py, which has no counterpart
  }
}

hooks {
  post_fork = "conf.py:post_fork"
  # TODO(gsrv): on_exit is written as an expression in conf.py; it is a lambda, which has no name to refer to
}

extra "other" {
  spew = true
  # TODO(gsrv): spew is set again: an expression in conf.py
  # TODO(gsrv): "a.b" is no name that HCL can have; an expression in conf.py
}
`
	got, notes := Write(cfg)
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Error(d)
	}
	if len(notes) != 8 {
		t.Errorf("%d notes: %s", len(notes), showDiagnostics(notes))
	}
	for _, n := range notes {
		if !schema.DetailOf(n).Note {
			t.Errorf("no mere note: %s", n.Detail)
		}
	}
	if _, diags := readText(t, "app \"x:y\" {}\n"+string(got), testHost(nil)); diags.HasErrors() {
		t.Error(showDiagnostics(diags))
	}
}
