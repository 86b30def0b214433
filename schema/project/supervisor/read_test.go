package supervisor

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/rogpeppe/go-internal/txtar"

	"gsrv/schema"
)

// tree unpacks a txtar archive.
func tree(t testing.TB, text string) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range txtar.Parse([]byte(text)).Files {
		path := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const shop = `
-- supervisord.conf --
[supervisord]
nodaemon = true
environment = TZ="UTC",DB_URL="%(ENV_DB)s"

[include]
files = conf.d/*.conf /etc/supervisor/extra/*.conf ../out.conf
-- conf.d/web.conf --
[program:web]
command = %(here)s/venv/bin/gunicorn -b "0.0.0.0:8000" ; the shop
    shop.wsgi:app
environment = A="1, 2",
    TZ="CET"
user = shop
stopsignal = QUIT
-- conf.d/queue.conf --
[program:queue]
command = python -m queue --port 90%(process_num)02d
process_name = q%(process_num)d
numprocs = 3
[group:all]
programs = web,queue
-- extra/log.conf --
[eventlistener:log]
command = log
events = PROCESS_STATE
`

func TestTree(t *testing.T) {
	dir := tree(t, shop)
	cfg, diags := Read(schema.NewFiles(dir), "supervisord.conf", Options{})
	if diags.HasErrors() || cfg.Fragment || !cfg.Daemon.NoDaemon.Value {
		t.Fatal(diags)
	}
	if got := strings.Join(cfg.Files, " "); got != "supervisord.conf conf.d/queue.conf conf.d/web.conf extra/log.conf" {
		t.Error("read", got)
	}
	web := cfg.Program("web")
	var words, places []string
	for _, w := range web.Command.Words {
		words, places = append(words, w.Text), append(places, w.Range.String())
	}
	if got := strings.Join(words, "|"); got != dir+"/conf.d/venv/bin/gunicorn|-b|0.0.0.0:8000|shop.wsgi:app" {
		t.Error("words", got)
	}
	if got := strings.Join(places, " "); got != "conf.d/web.conf:2,11-37 conf.d/web.conf:2,38-40 conf.d/web.conf:2,41-55 conf.d/web.conf:3,5-18" {
		t.Error("places", got)
	}
	var env []string
	for _, v := range web.Processes[0].Environment {
		text := v.Name + "=" + v.Value.Value
		if v.Value.Open {
			text += "?"
		}
		env = append(env, text+"@"+v.Value.Range.String())
	}
	if got := strings.Join(env, " "); got != "TZ=CET@conf.d/web.conf:5,8-13 DB_URL=%(ENV_DB)s?@supervisord.conf:3,31-43 A=1, 2@conf.d/web.conf:4,17-23" {
		t.Error("environment", got)
	}
	queue := cfg.Program("queue")
	if len(queue.Processes) != 3 || queue.Processes[2].Name.Value != "q2" || queue.Processes[2].Command.Words[4].Text != "9002" || queue.Group != "all" {
		t.Errorf("queue: %+v", queue)
	}
	if web.StopSignal.Value != "QUIT" || web.User.Range.String() != "conf.d/web.conf:6,8-12" || !web.AutoStart.Value || web.StopWaitSecs.Value != 10 {
		t.Errorf("web: %+v", web)
	}
}

// TestRefusals has what supervisord refuses and where.
func TestRefusals(t *testing.T) {
	for _, c := range []struct{ text, code, at string }{
		{"[supervisord]\n[program:a]\nautostart=true\n", "missing-value", "a.conf:2,1-12"},
		{"[supervisord]\n[program:a]\ncommand=x\nautostart=perhaps\n", "invalid-value", "a.conf:4,11-18"},
		{"[supervisord]\n[program:a]\ncommand=x 'y\n", "invalid-command", "a.conf:3,9-13"},
		{"[supervisord]\n[program:a b]\ncommand=x\n", "invalid-name", "a.conf:2,1-14"},
		{"[program:a]\ncommand=x %(ENV_PORT)s 5%\n", "bad-expansion", "a.conf:2,9-26"},
		{"[supervisord]\nnonsense\n", "syntax-error", "a.conf:2,1-9"},
		{"[supervisord]\n[include]\n", "missing-value", "a.conf:2,1-10"},
	} {
		dir := tree(t, "-- a.conf --\n"+c.text)
		_, diags := Read(schema.NewFiles(dir), "a.conf", Options{})
		if len(diags) != 1 || schema.DetailOf(diags[0]).Code != c.code || diags[0].Subject.String() != c.at {
			t.Errorf("%q: %v", c.text, diags)
			for _, d := range diags {
				t.Log(schema.DetailOf(d).Code, d.Subject)
			}
		}
	}
}

// TestHostile reads files made to be expensive; the test's own time limit is the measure.
func TestHostile(t *testing.T) {
	program := "[program:p%]\ncommand=x\nnumprocs=64\nprocess_name=%(process_num)d\n"
	var many strings.Builder
	many.WriteString("[supervisord]\nenvironment=A=1" + strings.Repeat(",B=\"%(here)s\"", 2000) + "\n")
	for i := range 3000 {
		many.WriteString(strings.Replace(program, "%", strconv.Itoa(i), 1))
	}
	for name, text := range map[string]string{
		"many":  many.String(),
		"large": "[supervisord]\n" + strings.Replace(program, "%", "", 1) + "environment=A=1" + strings.Repeat(",B=\"xxxxxxxx\"", 300_000) + "\n",
		"here":  "[include]\nfiles=" + strings.Repeat("%(here)s ", 100_000) + "\n[supervisord]\n",
		"twice": "[supervisord]\nenvironment=A=\"" + strings.Repeat("%(ENV_X)s", 100_000) + "\"\n",
	} {
		t.Run(name, func(t *testing.T) {
			files := schema.NewFiles(t.TempDir())
			files.Put("x", []byte(text))
			Read(files, "x", Options{Env: map[string]string{"X": strings.Repeat("y", 1000)}})
		})
	}
}

// FuzzRead reads anything: no panic, places within the file, an end.
func FuzzRead(f *testing.F) {
	for key, list := range values {
		for _, v := range list {
			f.Add("[supervisord]\n[program:a]\ncommand=a\n"+key+"="+v+"\n", true)
		}
	}
	f.Add("[supervisord]\nenvironment=A=\"%(ENV_A)s%(ENV_A)s\"\n[include]\nfiles=%(here)s/* x\n[group:g]\nprograms=a,b\n[fcgi-program:b]\nsocket=tcp://a:1\n", false)
	f.Fuzz(func(t *testing.T, text string, known bool) {
		files := schema.NewFiles(t.TempDir())
		files.Put("x", []byte(text))
		options := Options{}
		if known {
			options.Env = map[string]string{"A": text[:min(len(text), 20)]}
		}
		cfg, diags := Read(files, "x", options)
		check := func(r hcl.Range) {
			if r.End.Byte > len(text) || r.Start.Byte > r.End.Byte {
				t.Fatalf("place %v outside of the text", r)
			}
		}
		for _, p := range cfg.Programs {
			check(p.Range)
			for _, w := range p.Command.Words {
				check(w.Range)
			}
		}
		for _, d := range diags {
			check(*d.Subject)
			if d.Detail == "" {
				t.Fatalf("empty diagnostic %#v", d)
			}
		}
	})
}
