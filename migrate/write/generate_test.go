package write

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
)

var (
	seeds     = flag.Int("seeds", 100, "number of generated configurations")
	firstSeed = flag.Uint64("seed", 1, "seed of the first one")
)

// A generator makes configurations of a made-up server out of random expressions of each setting's type.
type generator struct{ *rand.Rand }

func (g generator) pick(words ...string) string { return words[g.IntN(len(words))] }

var somewhere = hcl.Range{Filename: "generated", Start: hcl.InitialPos, End: hcl.InitialPos}

func (g generator) word() string {
	return g.pick("a", "shop", "/srv/x", "two words", `quote " and \ backslash`, `both ' and "`, "50%", "100% sure %n", "$(HOME)", "@(file)", "%(x)", "%%k", "${HOME}",
		"line\nbreak", "ümlaut ☃", "tab\tinside", " blank", "blank ", "", "true", "12", "#no; comment", "a=b", "{x}", "\x1b[0m", "end\\", "$$(A)", "'", "a,b")
}

func (g generator) constant() schema.Expr { return schema.String(g.word(), somewhere) }

func (g generator) env() *schema.Env {
	e := &schema.Env{Name: g.pick("A", "B", "N", "NAME", "EMPTY"), Src: somewhere}
	switch g.IntN(4) {
	case 0:
		e.Missing = schema.MissingLiteral
	case 1:
		e.Default, e.EmptyIsUnset = g.constant(), true
	default:
		e.Default = g.constant()
	}
	return e
}

func (g generator) test() schema.Expr {
	env := &schema.Env{Name: g.pick("A", "B", "N", "NAME")}
	var e schema.Expr = &schema.Binary{Op: g.pick("==", "!="), L: env, R: g.someText("7", "x", "")}
	switch g.IntN(5) {
	case 0:
		e = &schema.Binary{Op: g.pick("==", "!="), L: env, R: schema.None(somewhere)}
	case 1:
		e = env
	case 2:
		e = &schema.Binary{Op: g.pick("in", "not in"), L: &schema.Env{Name: "A", Default: schema.String("7", somewhere)}, R: &schema.List{Items: []schema.Expr{g.someText("7"), g.someText("true")}}}
	}
	if g.IntN(4) == 0 {
		e = &schema.Unary{Op: "not", X: e}
	}
	return e
}

func (g generator) someText(words ...string) schema.Expr {
	return schema.String(g.pick(words...), somewhere)
}

func (g generator) text(depth int) schema.Expr {
	if depth == 0 || g.IntN(3) == 0 {
		return g.constant()
	}
	switch g.IntN(5) {
	case 0:
		return g.env()
	case 1:
		return &schema.Template{Parts: []schema.Expr{g.text(depth - 1), g.someText("-", "/", "$", "%", ":"), g.text(depth - 1)}}
	case 2:
		return &schema.Cond{Test: g.test(), Then: g.text(depth - 1), Else: g.text(depth - 1)}
	case 3:
		return &schema.Binary{Op: "+", L: g.constant(), R: g.text(depth - 1)}
	}
	return &schema.Call{Func: g.pick("lower", "upper", "strip"), Args: []schema.Expr{g.constant()}}
}

func (g generator) number(depth int) schema.Expr {
	if depth == 0 || g.IntN(3) == 0 {
		return schema.Int(int64(g.IntN(100)), somewhere)
	}
	cpus := &schema.HostFact{Fact: schema.CPUCount}
	switch g.IntN(7) {
	case 0:
		return cpus
	case 1:
		return &schema.Binary{Op: g.pick("+", "*", "//"), L: g.number(depth - 1), R: schema.Int(int64(1+g.IntN(5)), somewhere)}
	case 2:
		return &schema.Call{Func: "int", Args: []schema.Expr{&schema.Env{Name: "N", Default: schema.String("3", somewhere)}}}
	case 3:
		return &schema.Cond{Test: g.test(), Then: g.number(depth - 1), Else: g.number(depth - 1)}
	case 4:
		return &schema.Call{Func: g.pick("min", "max"), Args: []schema.Expr{g.number(depth - 1), g.number(depth - 1)}}
	case 5:
		return schema.Convert("int", &schema.Env{Name: "N", Missing: schema.MissingLiteral, Src: somewhere})
	}
	return &schema.Binary{Op: "+", L: schema.Int(1, somewhere), R: &schema.Binary{Op: "*", L: cpus, R: schema.Int(2, somewhere)}}
}

func (g generator) truth() schema.Expr {
	if g.IntN(2) == 0 {
		return schema.Bool(g.IntN(2) == 0, somewhere)
	}
	e := g.test()
	if _, env := e.(*schema.Env); env {
		return &schema.Call{Func: "bool", Args: []schema.Expr{e}}
	}
	return e
}

func (g generator) value(o *schema.Option) schema.Expr {
	depth := g.IntN(3)
	if g.IntN(12) == 0 {
		return &schema.Opaque{Source: "requests.get('x')\n# \u2028", Reason: "it is the result of a call"}
	}
	if len(o.Enum) > 0 {
		return g.someText(o.Enum...)
	}
	switch o.Type {
	case "bool":
		return g.truth()
	case "int", "duration":
		return g.number(depth)
	case "size":
		return &schema.Binary{Op: "*", L: schema.Int(int64(g.IntN(9)), somewhere), R: schema.Int(1<<20, somewhere)}
	case "octal":
		return g.someText("0022", "0660", "0000", "0777")
	case "list":
		l := &schema.List{}
		for range g.IntN(3) {
			l.Items = append(l.Items, g.text(depth))
		}
		return l
	case "map":
		m := &schema.Map{}
		for _, k := range []string{"A", "PATH_X", "b-c"}[:g.IntN(4)] {
			m.Keys, m.Values = append(m.Keys, k), append(m.Values, g.text(depth))
		}
		return m
	case "any":
		return &schema.Map{Keys: []string{"version", "x"}, Values: []schema.Expr{schema.Int(1, somewhere), g.text(0)}}
	}
	return g.text(depth)
}

// suited are settings whose values have a form that random text has not.
func (g generator) suited(name string) schema.Expr {
	switch name {
	case "workers.class":
		return g.someText("sync", "thread", "gevent")
	case "app.module":
		return g.someText("shop.wsgi:application", "shop:make()", "shop:app")
	case "app.file":
		return g.someText("shop/wsgi.py", "wsgi.py:app", "no-module.py")
	case "app.directory":
		return g.someText("/srv", "/srv/shop")
	case "listen.http", "listen.uwsgi", "listen.fastcgi", "listen.scgi":
		l := &schema.List{}
		for range 1 + g.IntN(2) {
			switch g.IntN(4) {
			case 0:
				l.Items = append(l.Items, g.someText("unix:/run/x.sock", "127.0.0.1:8001", "[::1]:8002"))
			case 1:
				l.Items = append(l.Items, &schema.Template{Parts: []schema.Expr{g.someText("0.0.0.0:"), &schema.Env{Name: "PORT", Default: g.someText("8000", "80")}}})
			case 2:
				l.Items = append(l.Items, &schema.Cond{Test: g.test(), Then: g.someText("0.0.0.0:1"), Else: g.someText("unix:/run/y.sock")})
			default:
				l.Items = append(l.Items, &schema.Template{Parts: []schema.Expr{&schema.Env{Name: "HOST", Default: g.someText("10.0.0.2", "localhost")}, g.someText(":"), &schema.Env{Name: "PORT", Default: g.someText("8000")}}})
			}
		}
		return l
	case "process.user", "process.group", "listen.owner":
		return g.someText("www-data", "1000")
	case "reload.files", "app.python_path":
		return &schema.List{Items: []schema.Expr{g.someText("/srv/a", "/srv/b"), &schema.Template{Parts: []schema.Expr{g.someText("/srv/"), &schema.Env{Name: "NAME", Default: g.someText("x")}}}}}
	case "static.map":
		return &schema.List{Items: []schema.Expr{g.someText("/s=/srv/s", "/m=/srv/100%")}}
	case "proxy.trusted", "proxy.protocol_trusted":
		return &schema.List{Items: []schema.Expr{g.someText("10.0.0.1", "*", "127.0.0.1")}}
	case "tls.certificate", "tls.key", "tls.client_ca":
		return g.someText("/etc/tls/" + map[string]string{"tls.certificate": "cert", "tls.key": "key", "tls.client_ca": "ca"}[name] + ".pem")
	case "metrics.statsd.address":
		return g.someText("localhost:8125", "10.0.0.9:8125")
	case "log.syslog.address":
		return g.someText("udp://localhost:514")
	case "log.config", "log.class", "log.config_file", "hooks.file":
		return g.someText("x")
	case "http.request_id_header":
		return g.someText("X-Request-ID", "X-Trace")
	case "http.health_path", "http.ready_path":
		return g.someText("/-/health", "/100%/$x")
	case "log.access.format":
		return g.someText("%(h)s 100%%", `%(r)s "%(a)s"`)
	}
	return nil
}

// generate makes a configuration.
func generate(seed uint64) *schema.Config {
	g := generator{rand.New(rand.NewPCG(seed, 7))}
	apart := generator{rand.New(rand.NewPCG(seed, 8))}
	cfg := &schema.Config{Dialect: "native", Files: schema.NewFiles("/")}
	for i := range schema.Model.Options {
		o := &schema.Model.Options[i]
		g := g
		if o.Pattern != "" {
			g = apart // these came later, and leave the numbers of the others as they are
		}
		if g.IntN(3) > 0 && o.Name != "app.module" || o.Name == "listen.by_address" || strings.HasPrefix(o.Name, "hooks.") || o.Name == "app.paste_variables" || o.Name == "app.paste_file" || o.Name == "log.config" {
			continue
		}
		e := g.suited(o.Name)
		if e == nil {
			e = g.value(o)
		}
		cfg.Model = append(cfg.Model, schema.Setting{Name: o.Name, Native: o.Name, Option: o, Value: e, OnHost: cty.DynamicVal, Layer: schema.LayerFile, Source: "generated", Range: somewhere})
	}
	return cfg
}

// checkGenerated writes a generated configuration for every target and reads it back on every host.
func checkGenerated(t testing.TB, seed uint64) (compared int) {
	cfg := generate(seed)
	for target, write := range writers {
		out := write(cfg, Options{})
		again := write(cfg, Options{})
		if string(out.Text) != string(again.Text) {
			t.Errorf("seed %d, %s: two runs differ", seed, target)
		}
		for _, host := range hosts {
			compared += checkReadBack(t, cfg, target, out, host, newest)
		}
		told := map[string]bool{}
		for _, l := range out.Lines {
			told[l.Model] = true
		}
		for _, s := range cfg.Model {
			if !told[s.Name] {
				t.Errorf("seed %d, %s: nothing is told of %s", seed, target, s.Name)
			}
		}
	}
	return compared
}

func TestGenerated(t *testing.T) {
	t.Parallel()
	compared := 0
	for i := range uint64(*seeds) {
		t.Run(fmt.Sprint(*firstSeed+i), func(t *testing.T) { compared += checkGenerated(t, *firstSeed+i) })
	}
	if compared < *seeds*20 {
		t.Errorf("only %d settings compared", compared)
	}
	t.Logf("%d settings compared", compared)
}

func FuzzGenerated(f *testing.F) {
	f.Add(uint64(3))
	f.Fuzz(func(t *testing.T, seed uint64) { checkGenerated(t, seed) })
}
