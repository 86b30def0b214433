package gunicorn

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
)

// TestUnknownHost reads for a host of which nothing is known: nothing is frozen, and nothing is refused for what may
// be there.
func TestUnknownHost(t *testing.T) {
	dir := t.TempDir()
	check(t, os.WriteFile(filepath.Join(dir, defaultFile), []byte(`import multiprocessing, os
bind = "0.0.0.0:" + os.environ.get("PORT", "8000")
threads = multiprocessing.cpu_count()
user = "no-such-account-anywhere"
chdir = "/no/such/directory"
if os.environ.get("DEBUG"):
    reload = True
if os.environ.get("ODD"):
    timeout = -1
`), 0o644))
	in := schema.Input{Files: schema.NewFiles(dir), Dir: dir, Host: schema.NoHost}
	text, words := schema.JoinWords([]string{"gunicorn", "shop.wsgi"})
	in.Files.Put(schema.CommandLine, text)
	in.Command = words
	cfg, diags := New().Read(in)
	checkSound(t, cfg, diags)
	if diags.HasErrors() {
		t.Errorf("refused: %q", diagTexts(diags))
	}
	for name, want := range map[string]string{
		"bind":                `"0.0.0.0:${env("PORT", "8000")}"`,
		"threads":             "cpu_count()",
		"workers":             `int(env("WEB_CONCURRENCY", 1))`,
		"forwarded_allow_ips": `env("FORWARDED_ALLOW_IPS", "127.0.0.1,::1")`,
		"reload":              `env("DEBUG") ? true : false`,
		"chdir":               `"/no/such/directory"`,
	} {
		s := cfg.Setting(name)
		if got := schema.ExprText(s.Value); got != want {
			t.Errorf("%s: want %s, got %s", name, want, got)
		}
		if known := s.OnHost != cty.DynamicVal; known != (name == "chdir") {
			t.Errorf("%s: on the host %v", name, s.OnHost)
		}
	}
	found := false
	for _, d := range diags {
		found = found || schema.DetailOf(d).Code == "invalid-value" && strings.Contains(d.Detail, "timeout = -1")
	}
	if !found {
		t.Errorf("the branch that cannot be meant is not told: %q", diagTexts(diags))
	}
}

// TestOpenNamespace reads a configuration whose names come from elsewhere: defaults are not stated as facts.
func TestOpenNamespace(t *testing.T) {
	dir := t.TempDir()
	check(t, os.WriteFile(filepath.Join(dir, defaultFile), []byte("from company_wide_defaults import *\nworkers = 3\n"), 0o644))
	cfg, diags := readIn(dir, "", map[string]string{}, "-t", "9")
	checkSound(t, cfg, diags)
	if len(cfg.Open) == 0 {
		t.Fatalf("not open: %q", diagTexts(diags))
	}
	for name, known := range map[string]bool{"workers": true, "timeout": true, "bind": false, "reload": false} {
		if s := cfg.Setting(name); s.OnHost.IsWhollyKnown() != known {
			t.Errorf("%s: known %v, on the host %v", name, !known, s.OnHost)
		}
	}
	for _, d := range diags {
		if schema.DetailOf(d).Code == "no-application" {
			t.Errorf("%s: wsgi_app may be set where gsrv cannot look", d.Detail)
		}
	}
}

// TestLayers checks who overrides whom, and that the place of every value is kept.
func TestLayers(t *testing.T) {
	dir := t.TempDir()
	check(t, os.WriteFile(filepath.Join(dir, "app.py"), []byte(appSource), 0o644))
	check(t, os.WriteFile(filepath.Join(dir, defaultFile), []byte("workers = 3\nworkers = 4\nbind = ['a:1', 'b:2']\n"), 0o644))
	env := map[string]string{"GUNICORN_CMD_ARGS": "--workers 5", "WEB_CONCURRENCY": "2"}
	cfg, diags := readIn(dir, "", env, "-w6", "--workers=7", "-b", "c:3", "--bind=d:4", "app:app")
	checkSound(t, cfg, diags)
	s := cfg.Setting("workers")
	var places []string
	for _, x := range append([]schema.Setting{*s}, s.Shadowed...) {
		places = append(places, x.Layer.String()+" "+schema.ValueText(x.OnHost)+" "+x.Range.String())
	}
	want := "cli 7 <command line>:1,24-25; cli 6 <command line>:1,12-13; env 5 <environment GUNICORN_CMD_ARGS>:1,11-12; " +
		"file 4 gunicorn.conf.py:2,11-12; file 3 gunicorn.conf.py:1,11-12; env 2 <environment WEB_CONCURRENCY>:1,1-2; default 1 :0,0-0"
	if got := strings.Join(places, "; "); got != want {
		t.Errorf("want %s\ngot  %s", want, got)
	}
	b := cfg.Setting("bind")
	if len(b.Parts) != 2 || b.Parts[1].Range.String() != "<command line>:1,40-43" || b.Text != "['c:3', 'd:4']" {
		t.Errorf("bind: %+v", b)
	}
	if got := cfg.Summary; got != "gunicorn 26.1.0: 7 sync workers on c:3 and d:4, app app:app" {
		t.Errorf("summary %q", got)
	}
}

// TestModel checks the terms of the common model.
func TestModel(t *testing.T) {
	dir := t.TempDir()
	check(t, os.WriteFile(filepath.Join(dir, "app.py"), []byte(appSource), 0o644))
	check(t, os.WriteFile(filepath.Join(dir, defaultFile), []byte(`bind = "unix:///run/x.sock"
workers = "0x10"
threads = 4
umask = 0o22
loglevel = "LOUD"
cert_reqs = 2
proxy_protocol = "v1"
raw_env = ["A=1", "B=x=y"]
forwarded_allow_ips = "10.0.0.1, 10.0.0.2"
statsd_host = "h:1"
pythonpath = "a,b"
`), 0o644))
	cfg, diags := readIn(dir, "", map[string]string{"SENDFILE": "no"}, "app")
	checkSound(t, cfg, diags)
	for name, want := range map[string]string{
		"app.module": `"app:application"`, "listen.http": `["unix:/run/x.sock"]`, "workers.count": "16", "workers.class": `"thread"`,
		"listen.mode": `"0755"`, "log.level": `"info"`, "tls.client_certificate": `"required"`, "proxy.protocol": "true",
		"app.environment": `{"A" = "1", "B" = "x=y"}`, "proxy.trusted": `["10.0.0.1", "10.0.0.2"]`, "metrics.statsd.address": `"h:1"`,
		"app.python_path": `["b", "a"]`, "http.send_file": "false", "workers.timeout": "30", "workers.preload": "false",
	} {
		s := cfg.Setting(name)
		if s == nil {
			t.Errorf("%s is missing", name)
		} else if got := schema.ValueText(s.OnHost); got != want {
			t.Errorf("%s: want %s, got %s", name, want, got)
		}
	}
	for _, s := range cfg.Model {
		if schema.Model.Lookup(s.Name) == nil {
			t.Errorf("%s is no name of the model", s.Name)
		}
	}
}

// TestUmask: the mask is for unix sockets alone. gunicorn 20.1.0 gives the application's files the umask that it is started with.
func TestUmask(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"default", `bind = "unix:/run/x.sock"`, `"0777" default`},
		{"given", "bind = 'unix:/run/x.sock'\numask = 0o007", `"0770" file`},
		{"text", "bind = ['127.0.0.1:80', 'unix:/run/x.sock']\numask = '0o27'", `"0750" file`},
		{"more than permissions", "bind = 'unix:/run/x.sock'\numask = 0o7077", `"0700" file`},
		{"no socket", "bind = '127.0.0.1:80'", ""},
		{"no socket, given", "bind = '127.0.0.1:80'\numask = 0o007", `"0770" file`},
		{"variable", "import os\nbind = os.environ.get('BIND', 'unix:/run/x.sock')", `"0777" default`},
		{"variable mask", "import os\nbind = 'unix:/run/x.sock'\numask = os.environ.get('MASK', '0o7')", `"0770" file`},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			check(t, os.WriteFile(filepath.Join(dir, "app.py"), []byte(appSource), 0o644))
			check(t, os.WriteFile(filepath.Join(dir, defaultFile), []byte(c.text+"\n"), 0o644))
			cfg, diags := readIn(dir, "", nil, "app")
			checkSound(t, cfg, diags)
			got := ""
			for _, s := range cfg.Model {
				switch s.Name {
				case "process.umask":
					t.Errorf("process.umask is %s", schema.ValueText(s.OnHost))
				case "listen.mode":
					got = schema.ValueText(s.OnHost) + " " + s.Layer.String()
				}
			}
			if got != c.want {
				t.Errorf("want %s, got %s", c.want, got)
			}
		})
	}
}
