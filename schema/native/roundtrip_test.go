package native

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
)

// A generator makes random expressions of a type. Every setting gets a line of its own, so that notes can be told
// apart.
type generator struct {
	*rand.Rand
	line int
}

func (g *generator) at() hcl.Range {
	pos := hcl.Pos{Line: g.line, Column: 1, Byte: g.line}
	return hcl.Range{Filename: "generated", Start: pos, End: pos}
}

func (g *generator) pick(words ...string) string { return words[g.Intn(len(words))] }

func (g *generator) word() string {
	return g.pick("a", "shop", "/srv/x", "two words", `quote " and \ backslash`, "${not} %{this} $ %", "line\nbreak", "ümlaut ☃", "tab\t", "", "true", "12", "$(X)", "#", "$$", "%%{", "'")
}

func (g *generator) env(def schema.Expr) *schema.Env {
	e := &schema.Env{Name: g.pick("A", "B", "N", "EMPTY", "NONE"), Default: def, Src: g.at()}
	if def == nil {
		e.Missing = []schema.MissingEnv{schema.MissingNull, schema.MissingError, schema.MissingLiteral, schema.MissingEmpty}[g.Intn(4)]
	} else {
		e.EmptyIsUnset = g.Intn(2) == 0
	}
	return e
}

func (g *generator) text(depth int) schema.Expr {
	if depth <= 0 || g.Intn(3) == 0 {
		return schema.String(g.word(), g.at())
	}
	switch g.Intn(9) {
	case 0:
		return g.env(g.text(depth - 1))
	case 1:
		return g.env(nil)
	case 2:
		return &schema.HostFact{Fact: schema.Hostname}
	case 3:
		return &schema.Template{Parts: []schema.Expr{g.text(depth - 1), g.number(depth - 1), g.text(depth - 1)}}
	case 4:
		return &schema.Binary{Op: "+", L: g.text(depth - 1), R: g.text(depth - 1)}
	case 5:
		return &schema.Cond{Test: g.truth(depth - 1), Then: g.text(depth - 1), Else: g.text(depth - 1)}
	case 6:
		return &schema.Call{Func: g.pick("lower", "upper", "strip", "basename", "dirname", "lstrip"), Args: []schema.Expr{g.text(depth - 1)}}
	case 7:
		return &schema.Binary{Op: g.pick("or", "and"), L: g.text(depth - 1), R: g.text(depth - 1)}
	}
	return &schema.Call{Func: "str", Args: []schema.Expr{g.number(depth - 1)}}
}

func (g *generator) number(depth int) schema.Expr {
	if depth <= 0 || g.Intn(3) == 0 {
		return schema.Int(int64(g.Intn(40)), g.at())
	}
	n := func() schema.Expr { return g.number(depth - 1) }
	switch g.Intn(9) {
	case 0:
		return &schema.HostFact{Fact: schema.CPUCount}
	case 1:
		return &schema.Binary{Op: g.pick("+", "-", "*", "//", "%", "**"), L: n(), R: n()}
	case 2:
		return &schema.Call{Func: g.pick("min", "max"), Args: []schema.Expr{n(), n()}}
	case 3:
		return &schema.Call{Func: g.pick("int", "floor", "ceil", "abs"), Args: []schema.Expr{&schema.Binary{Op: "/", L: n(), R: schema.Int(4, g.at())}}}
	case 4:
		return &schema.Call{Func: g.pick("int", "float", "convert_int"), Args: []schema.Expr{&schema.Env{Name: "N", Default: schema.String("3", g.at())}}}
	case 5:
		return &schema.Cond{Test: g.truth(depth - 1), Then: n(), Else: n()}
	case 6:
		return &schema.Unary{Op: "-", X: n()}
	case 7:
		return &schema.Call{Func: "len", Args: []schema.Expr{g.text(depth - 1)}}
	}
	return &schema.Binary{Op: "or", L: n(), R: n()}
}

func (g *generator) truth(depth int) schema.Expr {
	if depth <= 0 {
		return schema.Bool(g.Intn(2) == 0, g.at())
	}
	switch g.Intn(6) {
	case 0:
		return &schema.Unary{Op: "not", X: g.anything(depth - 1)}
	case 1:
		return &schema.Binary{Op: g.pick("==", "!=", "<", "<=", ">", ">="), L: g.number(depth - 1), R: g.number(depth - 1)}
	case 2:
		return &schema.Binary{Op: g.pick("==", "!=", "in", "not in"), L: g.text(depth - 1), R: g.text(depth - 1)}
	case 3:
		return &schema.Binary{Op: g.pick("and", "or"), L: g.truth(depth - 1), R: g.truth(depth - 1)}
	case 4:
		return &schema.Binary{Op: g.pick("in", "not in"), L: g.text(depth - 1), R: g.list(depth - 1)}
	}
	return &schema.Call{Func: "bool", Args: []schema.Expr{g.anything(depth - 1)}}
}

func (g *generator) anything(depth int) schema.Expr {
	switch g.Intn(4) {
	case 0:
		return g.text(depth)
	case 1:
		return g.number(depth)
	case 2:
		return g.list(depth)
	}
	return g.truth(depth)
}

func (g *generator) list(depth int) schema.Expr {
	if depth > 0 {
		switch g.Intn(6) {
		case 0:
			return &schema.Call{Func: "convert_csv", Args: []schema.Expr{g.env(schema.String("a, b,,c", g.at()))}}
		case 1:
			return &schema.Binary{Op: "+", L: g.list(depth - 1), R: g.list(depth - 1)}
		case 2:
			return &schema.Call{Func: "split", Args: []schema.Expr{g.text(depth - 1), schema.String(",", g.at())}}
		case 3:
			return &schema.Call{Func: "convert_list", Args: []schema.Expr{g.text(depth - 1)}}
		}
	}
	l := &schema.List{}
	for range g.Intn(3) {
		l.Items = append(l.Items, g.text(depth-1))
	}
	return l
}

func (g *generator) mapping(depth int) schema.Expr {
	m := &schema.Map{}
	for _, k := range []string{"A", "b-c", "with space", "for", "ünï", "1"}[:g.Intn(7)] {
		m.Keys, m.Values = append(m.Keys, k), append(m.Values, g.text(depth-1))
	}
	return m
}

func (g *generator) value(o *schema.Option) schema.Expr {
	depth := g.Intn(5)
	if g.Intn(8) == 0 {
		return &schema.Opaque{Source: "requests.get('x')\n", Reason: "it is the result of a call"}
	}
	if len(o.Enum) > 0 {
		if depth < 2 {
			return schema.String(g.pick(o.Enum...), g.at())
		}
		return &schema.Cond{Test: g.truth(depth - 1), Then: schema.String(o.Enum[0], g.at()), Else: schema.String(o.Enum[1], g.at())}
	}
	switch o.Type {
	case "bool":
		return g.truth(depth)
	case "int":
		return g.number(depth)
	case "size":
		if g.Intn(2) == 0 {
			return &schema.Call{Func: "convert_mib", Args: []schema.Expr{g.number(depth)}}
		}
		return g.number(depth)
	case "duration":
		if g.Intn(4) == 0 {
			return &schema.Const{Val: cty.NumberFloatVal(float64(g.Intn(100000)) / 1000)}
		}
		return g.number(depth)
	case "octal":
		return &schema.Call{Func: "convert_octal", Args: []schema.Expr{schema.Int(int64(g.Intn(512)), g.at())}}
	case "list":
		return g.list(depth)
	case "map":
		return g.mapping(depth)
	case "any":
		return &schema.Map{Keys: []string{"version", "names"}, Values: []schema.Expr{schema.Int(1, g.at()), g.list(depth)}}
	case "hook":
		return &schema.FuncRef{Name: "post_fork", Kind: g.pick("function", "lambda"), Def: hcl.Range{Filename: g.pick("hooks.py", "")}}
	}
	return g.text(depth)
}

var hosts = []schema.Host{
	testHost(nil),
	&schema.HostInputs{Machine: true, Environ: map[string]string{"A": "7", "B": "x, y", "N": "12", "EMPTY": ""}, CPUs: 5, Dir: "/srv"},
	&schema.HostInputs{Machine: true, Environ: map[string]string{"A": "", "B": "", "N": "0", "NONE": "some"}, CPUs: 1, Dir: "/srv"},
}

// generate makes a Config of a made-up server with random settings, read for hosts[0].
func generate(seed int64) *schema.Config {
	g := &generator{Rand: rand.New(rand.NewSource(seed))}
	cfg := &schema.Config{Dialect: "other", Files: schema.NewFiles("/")}
	add := func(o *schema.Option, e schema.Expr) {
		v, diags := e.Eval(hosts[0])
		if diags.HasErrors() {
			v = cty.DynamicVal
		}
		cfg.Model = append(cfg.Model, schema.Setting{Name: o.Name, Native: o.Name, Option: o, Value: e, OnHost: v, Layer: schema.LayerFile, Source: "generated", Range: g.at()})
	}
	for i := range schema.Model.Options {
		o := &schema.Model.Options[i]
		g.line++
		role, _ := o.Extra.(schema.ModelRole)
		switch {
		case role == schema.RoleByAddress || o.Name != "app.module" && g.Intn(3) > 0:
		case role == schema.RoleProtocol:
			l := &schema.List{}
			for n := range g.Intn(3) {
				prefix := schema.String(g.pick("127.0.0.1", "[::1]", ""), g.at())
				var port schema.Expr = schema.String(fmt.Sprintf(":%d", g.line*10+n), g.at())
				if g.Intn(2) == 0 {
					port = &schema.Template{Parts: []schema.Expr{schema.String(":", g.at()), &schema.Env{Name: "N", Default: schema.String(fmt.Sprint(g.line*10+n), g.at())}}}
				}
				l.Items = append(l.Items, &schema.Binary{Op: "+", L: prefix, R: port})
			}
			add(o, l)
		default:
			add(o, g.value(o))
		}
	}
	return cfg
}

// checkRoundTrip writes a Config and reads it back on every host: each setting must have the value its expression has
// there, or the one of the host read for where a note says that it was frozen.
func checkRoundTrip(t *testing.T, cfg *schema.Config) (checked int) {
	text, notes := Write(cfg)
	frozen := map[int]bool{}
	for _, n := range notes {
		frozen[n.Subject.Start.Line] = true
	}
	if formatted, diags := Format(text); diags.HasErrors() || string(formatted) != string(text) {
		t.Errorf("not in canonical form: %s\n%s", showDiagnostics(diags), Diff("written", text, formatted))
	}
	for _, host := range hosts {
		back, diags := readText(t, string(text), host)
		for _, d := range diags {
			if code := schema.DetailOf(d).Code; code == "syntax-error" || strings.HasPrefix(code, "unknown") || strings.HasPrefix(code, "duplicate-s") {
				t.Fatalf("%s\n%s", showDiagnostics(diags), text)
			}
		}
		for i := range cfg.Model {
			s := &cfg.Model[i]
			if frozen[s.Range.Start.Line] && host != hosts[0] {
				continue
			}
			want, evalDiags := s.Value.Eval(host)
			role, _ := s.Option.Extra.(schema.ModelRole)
			if evalDiags.HasErrors() || !want.IsWhollyKnown() || role == schema.RoleListener || role == schema.RoleUnixListener {
				continue
			}
			if want.IsNull() {
				want = defaultOf(s.Option)
			}
			if want.Type() == cty.Number && want.AsBigFloat().MantExp(nil) > 52 {
				continue // Python divides in 64 bits of floating point, HCL exactly
			}
			if _, err := constantText(s.Option, want); err != nil || invalid(s.Option, want) || rejected(diags, text, s.Option) {
				continue
			}
			got := back.Setting(s.Name)
			if got == nil {
				t.Fatalf("%s is missing\n%s", s.Name, text)
			}
			if a, b := textOf(s.Option, want), textOf(s.Option, got.OnHost); a != b && !(role == schema.RoleProtocol && a == "[]" && (b == "null" || got.Layer == schema.LayerDefault)) {
				t.Fatalf("%s: %s became %s\n%s\n%s", s.Name, a, b, text, showDiagnostics(diags))
			}
			checked++
		}
	}
	return checked
}

// invalid tells whether the format refuses a value for its range.
func invalid(o *schema.Option, v cty.Value) bool {
	return (&fitting{option: o, expr: literalExpr(v), literal: true}).inRange(v) != nil
}

// rejected tells whether reading reported the very attribute, which another host's value may be wrong for.
func rejected(diags hcl.Diagnostics, text []byte, o *schema.Option) bool {
	_, last, _ := cutLast(o.Name, ".")
	for _, d := range diags {
		start := strings.LastIndexByte(string(text[:d.Subject.Start.Byte]), '\n') + 1
		line := strings.TrimSpace(string(text[start:d.Subject.End.Byte]))
		if strings.HasPrefix(line, last+" ") || strings.HasPrefix(line, "address ") || strings.HasPrefix(line, "listen ") {
			return true
		}
	}
	return false
}

func TestRoundTrip(t *testing.T) {
	checked := 0
	for seed := range int64(120) {
		checked += checkRoundTrip(t, generate(seed))
	}
	if checked < 5000 {
		t.Errorf("only %d values compared", checked)
	}
}

// TestRoundTripUnknownHost reads what was written where nothing is known: that must never be an error of its own.
func TestRoundTripUnknownHost(t *testing.T) {
	for seed := range int64(100) {
		text, _ := Write(generate(seed))
		_, diags := readText(t, string(text), schema.NoHost)
		for _, d := range diags {
			switch schema.DetailOf(d).Code {
			case "missing-application", "duplicate-address", "out-of-range", "invalid-value": // of constants
			default:
				t.Fatalf("%s\n%s", showDiagnostics(hcl.Diagnostics{d}), text)
			}
		}
	}
}

// TestQuoting writes every short text of the characters that HCL's quoting knows.
func TestQuoting(t *testing.T) {
	var visit func(text string, more int)
	visit = func(text string, more int) {
		quoted, err := valueText(cty.StringVal(text))
		if err != nil {
			t.Fatal(err)
		}
		cfg, diags := readText(t, "app \"x:y\" { directory = "+quoted+" }\n", testHost(nil))
		if diags.HasErrors() || cfg.Setting("app.directory").OnHost.AsString() != text {
			t.Errorf("%q as %s: %s", text, quoted, showDiagnostics(diags))
		}
		if more == 0 {
			return
		}
		for _, c := range []string{"$", "%", "{", `"`, `\`, "a"} {
			visit(text+c, more-1)
		}
	}
	visit("", 3)
}

func FuzzWrite(f *testing.F) {
	f.Add(int64(1))
	f.Fuzz(func(t *testing.T, seed int64) { checkRoundTrip(t, generate(seed)) })
}
