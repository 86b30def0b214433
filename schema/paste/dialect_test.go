package paste

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
)

// TestServerReader checks that a server with a dialect of its own gets its context, and that the Paste file's part of
// the model is added to what it gives.
func TestServerReader(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "conf/production.ini", "[DEFAULT]\nworkers = 9\n[app:main]\nuse = egg:shop\n[server:main]\nuse = egg:gunicorn#main\nhost = %(host)s\nworkers = 4\n")
	var got *Context
	readers := map[string]ServerReader{"gunicorn.app.pasterapp:serve": func(in schema.Input, server *Context) (*schema.Config, hcl.Diagnostics) {
		got = server
		if in.File != "conf/production.ini" {
			t.Errorf("in.File is %q", in.File)
		}
		return &schema.Config{Dialect: "gunicorn", Summary: "gunicorn: …", Files: in.Files}, nil
	}}
	config, diags := readIn(dir, []string{"pserve", "conf/production.ini", "host=::1"}, readers)
	if got == nil || got.Protocol != "paste.server_runner" || got.Section != "server:main" || got.File != "conf/production.ini" {
		t.Fatalf("context %+v", got)
	}
	if got.Local.Len() != 0 || len(got.Dropped) != 2 {
		t.Errorf("local %v, dropped %v", got.Local.Texts(), got.Dropped)
	}
	if config.Dialect != "gunicorn" || config.Summary != "gunicorn: …" || config.Setting("app.paste_file") == nil || config.Setting("app.paste_variables") == nil {
		t.Errorf("config %+v", config)
	}
	dropped := 0
	for _, d := range diags {
		if schema.DetailOf(d).Code == "dropped-setting" {
			dropped++
		}
	}
	if dropped != 2 {
		t.Errorf("%d warnings of dropped settings, want 2: %v", dropped, diags)
	}
}

// TestPlaces checks that a value knows where it stands and what was put into it.
func TestPlaces(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "x.ini", "[DEFAULT]\nname = shop\n[server:main]\nuse = egg:gunicorn\nproc_name = %(name)s-%(port_var)s\npidfile = %(here)s/g.pid\n")
	l := &Loader{Files: schema.NewFiles(dir), Dir: dir}
	env := &schema.Env{Name: "PORT"}
	c, err := l.LoadContext(Request{Kind: Server, URI: "config:x.ini", RelativeTo: dir, Vars: []Var{{Name: "port_var", Expr: env, Unknown: true}}})
	if err != nil {
		t.Fatal(err)
	}
	v := c.Local.Get("proc_name")
	if v.Known || v.Range.Start.Line != 5 || v.Range.Start.Column != 13 || v.NameRange.Start.Column != 1 || len(v.Refs) != 2 || v.Refs[0].Range.Start.Line != 2 {
		t.Errorf("proc_name: %+v", v)
	}
	if got := schema.ExprText(v.Expr); got != `"shop-${env("PORT")}"` {
		t.Errorf("proc_name is %s", got)
	}
	if v := c.Local.Get("pidfile"); !v.Known || v.Text != dir+"/g.pid" || v.Refs[0].Origin != FromLoader {
		t.Errorf("pidfile: %+v", v)
	}
}

// TestEnvironment reads packages of every kind of installation, and uses them where the command names its own Python.
func TestEnvironment(t *testing.T) {
	venv := t.TempDir()
	site := filepath.Join(venv, "lib/python3.11/site-packages")
	write(t, venv, "pyvenv.cfg", "home = /usr/bin\ninclude-system-site-packages = false\n")
	write(t, site, "shop-1.0.dist-info/entry_points.txt", "[paste.app_factory]\nmain = shop.wsgi:make_app [extra]\n")
	write(t, site, "old_pkg-2.0.egg-info/entry_points.txt", "[paste.app_factory]\nmain=old.pkg:app\n")
	write(t, site, "zipped-1.egg/EGG-INFO/entry_points.txt", "[paste.filter_factory]\nmain = zipped:f\n")
	write(t, site, "dev.pth", "# editable\nimport site\n../../../src\n")
	write(t, venv, "src/linked.egg-info/entry_points.txt", "[paste.server_runner]\nmain = linked.server:run\n")
	e := ProgramEnvironment(filepath.Join(venv, "bin/pserve"))
	if e == nil {
		t.Fatal("no environment")
	}
	for name, want := range map[string]string{"Shop": "shop.wsgi:make_app", "old-pkg": "old.pkg:app", "zipped": "zipped:f", "linked": "linked.server:run"} {
		d := e.Distribution(name)
		found := false
		if d != nil {
			for _, group := range d.Groups {
				found = found || group["main"] == want
			}
		}
		if !found {
			t.Errorf("%s: %+v", name, d)
		}
	}
	dir := t.TempDir()
	write(t, dir, "x.ini", "[app:main]\nuse = egg:shopp\n[server:main]\nuse = egg:linked\n")
	config, diags := readIn(dir, []string{filepath.Join(venv, "bin/pserve"), "x.ini"}, nil)
	if !diags.HasErrors() || schema.DetailOf(diags[0]).Code != "package-missing" {
		t.Errorf("a package that is not installed: %v", diags)
	}
	if !strings.HasPrefix(config.Summary, "linked.server:run") {
		t.Errorf("summary %q", config.Summary)
	}
	if ProgramEnvironment("pserve") != nil || ProgramEnvironment("/nonexistent/bin/pserve") != nil {
		t.Error("an environment out of nothing")
	}
}

func TestDebugContext(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "x.ini", "[app:main]\nuse = egg:shop\n[server:main]\nuse = egg:waitress\nport = %(p)s\n")
	venv := t.TempDir()
	write(t, venv, "lib/python3.11/site-packages/other-1.dist-info/METADATA", "")
	host := &schema.HostInputs{Vars: map[string]*string{"VIRTUAL_ENV": &venv}}
	data, diags := DebugContext(schema.NewFiles(dir), dir, host, "server", "config:x.ini", "", []Var{{Name: "p", Text: "80"}})
	if m, _ := data.(map[string]any); diags.HasErrors() || m["object"] != "waitress:serve_paste" || m["local"].(map[string]string)["port"] != "80" {
		t.Errorf("%v %v", data, diags)
	}
	if _, diags := DebugContext(schema.NewFiles(dir), dir, host, "app", "config:x.ini", "", nil); !diags.HasErrors() {
		t.Error("a package that is not installed here is taken")
	}
	if _, diags := DebugContext(schema.NewFiles(dir), dir, host, "servlet", "config:x.ini", "", nil); !diags.HasErrors() {
		t.Error("an unknown kind is taken")
	}
}

func TestRecognise(t *testing.T) {
	for text, want := range map[string]bool{
		"[server:main]\nuse = egg:waitress\n":                                                                              true,
		"[composite:main]\n/ = home\nuse = egg:Paste#urlmap\n":                                                             true,
		"[pipeline:api]\npipeline = a b\n":                                                                                 true,
		"[app:main]\npaste.app_factory = a:b\n":                                                                            true,
		"[Server:main]\nuse = egg:waitress\n":                                                                              true,
		"[alembic]\nscript_location = alembic\nsqlalchemy.url = %(url)s\n[loggers]\nkeys = root\n":                         false,
		"[tox]\nenvlist = py311\n[testenv:docs]\ndeps = sphinx\n":                                                          false,
		"[metadata]\nname = x\n[options.entry_points]\npaste.app_factory =\n  main = x:y\n[flake8]\nmax-line-length = 9\n": false,
		"[uwsgi]\nmodule = x\n":                                                                                            false,
		"[program:app]\ncommand = pserve x.ini\n[inet_http_server]\nport = 9001\n":                                         false,
		"[uwsgi]\npaste = config:%p\n[app:main]\nuse = egg:x\n":                                                            false,
		"": false, "\x00\xff[": false,
	} {
		if got := New(nil).Recognise("x.ini", []byte(text)); (got > 50) != want {
			t.Errorf("%q: %d", text, got)
		}
	}
}

// TestNames checks the tables against each other.
func TestNames(t *testing.T) {
	d := New(nil)
	if d.Name() != "paste" || strings.Join(d.Programs(), " ") != "pserve paster" || d.Catalogue().Lookup("threads") == nil {
		t.Error(d.Name(), d.Programs())
	}
	for object, s := range servers {
		if s.name == "" || s.catalogue == nil || !strings.Contains(object, ":") {
			t.Errorf("%s: %+v", object, s)
		}
		for _, o := range s.catalogue.Options {
			if o.Model != "" && schema.Model.Lookup(o.Model) == nil {
				t.Errorf("%s: %s maps to %s, which the model does not have", object, o.Name, o.Model)
			}
		}
	}
}
