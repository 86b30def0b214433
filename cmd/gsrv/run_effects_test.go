//go:build linux

package main

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"gsrv/runtime/plan"
	"gsrv/schema"
	"gsrv/schema/gunicorn"
	"gsrv/schema/native"
	"gsrv/schema/uwsgi"
	"gsrv/schema/waitress"
)

// An effect shows what settings do in a server that runs: it is started with them, and looked at from outside.
type effect struct {
	name string
	// server is whose settings they are, in its own dialect.
	server string
	// settings are the names of those that the effect shows, parted by spaces.
	settings string
	// conf is the configuration: gunicorn.conf.py, the [uwsgi] section of uwsgi.ini, the options of waitress-serve, or gsrv.hcl. A
	// server without an address listens at one of its own.
	conf string
	// args come after gsrv run.
	args  []string
	files map[string]string
	// prepare makes what else must be there, before the server starts.
	prepare func(t *testing.T, dir string)
	root    bool
	observe func(t *testing.T, s *testServer)
	// without is another configuration, where the settings are left out or differ, and otherwise what is seen then.
	without   string
	otherwise func(t *testing.T, s *testServer)
}

// probeApp tells what it sees of its process and its requests.
const probeApp = `import json, os, sys, threading, time
LOADED_BY = os.getpid()
PLACE = os.getcwd()
VERSION = "one"
barriers = {}
lock = threading.Lock()
kept = []

def descriptors():
    out = []
    for name in os.listdir("/proc/self/fd"):
        try:
            out.append(os.readlink("/proc/self/fd/" + name))
        except OSError:
            pass
    return out

def stuck_in_here():
    time.sleep(60)

def answer(environ):
    path, query = environ["PATH_INFO"], environ["QUERY_STRING"]
    if path == "/process":
        mask = os.umask(0)
        os.umask(mask)
        return {"pid": os.getpid(), "loaded_by": LOADED_BY, "uid": os.getuid(), "gid": os.getgid(), "groups": os.getgroups(), "umask": mask,
            "directory": os.getcwd(), "place": PLACE, "path": sys.path, "environ": dict(os.environ), "python": sys.executable, "prefix": sys.prefix,
            "version": VERSION, "file": __file__, "name": __name__}
    if path == "/meet":
        # Answers when so many requests are under way in this process at the same time.
        n, _, wait = query.partition(",")
        with lock:
            barrier = barriers.setdefault(n, threading.Barrier(int(n)))
        try:
            barrier.wait(float(wait))
            return {"met": True}
        except threading.BrokenBarrierError:
            return {"met": False}
    if path == "/body":
        return {"length": len(environ["wsgi.input"].read()), "files": descriptors()}
    if path == "/stuck":
        open(os.path.join(PLACE, "stuck-%d" % os.getpid()), "w").close()
        stuck_in_here()
    if path == "/grow":
        kept.append(b"x" * (200 << 20))
        return {"pid": os.getpid()}
    if path == "/make":
        open(query, "w").close()
        return {}
    if path == "/print":
        print("printed " + query, flush=True)
        return {}
    return {k: v for k, v in environ.items() if isinstance(v, str)}

def app(environ, start_response):
    if environ["PATH_INFO"] == "/file":
        start_response("200 OK", [("Content-Length", str(os.path.getsize("large")))])
        return environ["wsgi.file_wrapper"](open("large", "rb"))
    body = json.dumps(answer(environ)).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]

application = app

def make(global_config, **local):
    def app_of_paste(environ, start_response):
        if environ["PATH_INFO"] != "/paste":
            return app(environ, start_response)
        body = json.dumps({"global": dict(global_config), "local": local}).encode()
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]
    return app_of_paste
`

// start starts a server with a configuration of the effect's kind.
func (e *effect) start(t *testing.T, conf string) *testServer {
	t.Helper()
	files := map[string]string{"probe.py": probeApp}
	for name, text := range e.files {
		files[name] = text
	}
	args := append([]string{"--no-check", "--control", "ctl.sock"}, e.args...)
	switch e.server {
	case "gunicorn":
		if !strings.Contains(conf, "bind =") {
			conf = "bind = '127.0.0.1:0'\n" + conf
		}
		files["gunicorn.conf.py"] = conf
		if !strings.Contains(conf, "wsgi_app =") && !strings.Contains(conf, "paste =") {
			args = append(args, "probe:app")
		}
	case "uwsgi":
		files["uwsgi.ini"] = "[uwsgi]\n" + conf
		args = append(args, "uwsgi.ini")
	case "waitress":
		args = append(append(args, "--", "waitress-serve"), append(strings.Fields(conf), "probe:app")...)
	case "gsrv":
		files["gsrv.hcl"] = conf
		args = append(args, "gsrv.hcl")
	}
	dir := serverFiles(t, files)
	for _, d := range []string{filepath.Dir(dir), dir} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if e.prepare != nil {
		e.prepare(t, dir)
	}
	return startServer(t, dir, args...)
}

// effects are all of them.
func effects() []effect {
	var all []effect
	for _, list := range [][]effect{gunicornEffects, gunicornHTTPEffects, gunicornLogEffects, loggingEffects, uwsgiEffects, uwsgiFileEffects, otherEffects} {
		all = append(all, list...)
	}
	return all
}

// elsewhere names the tests that show the effects of settings which no effect here does.
var elsewhere = map[string]map[string]string{
	"gunicorn": {
		"config": "TestRunWays", "wsgi_app": "TestRunWays", "bind": "TestRunUnixSocket", "reload": "TestRunReload", "reload_engine": "TestRunReload",
		"reuse_port": "TestRunInherited", "pidfile": "TestRunSignals", "accesslog": "TestRunSignals", "errorlog": "TestRunSignals",
		"syslog": "TestRunSyslog", "syslog_addr": "TestRunSyslog", "syslog_prefix": "TestRunSyslog", "syslog_facility": "TestRunSyslog",
		"capture_output": "TestRunCapture", "statsd_host": "TestRunControl", "statsd_prefix": "TestRunControl",
		"certfile": "TestRunTLS", "http_protocols": "TestRunTLS",
		"disable_redirect_access_to_syslog": "TestRunSyslogApart", "dogstatsd_tags": "TestRunStatsdTags", "enable_backlog_metric": "TestRunStatsdTags",
	},
	"uwsgi": {"ini": "TestRunWays", "log-syslog": "TestRunSyslogOfUWSGI"},
}

// atATime bounds the servers that run beside each other.
var atATime = make(chan struct{}, 2)

// TestRunEffects starts a server for each effect and looks at it.
func TestRunEffects(t *testing.T) {
	t.Parallel()
	list := effects()
	for i := range list {
		e := &list[i]
		t.Run(e.server+"/"+e.name, func(t *testing.T) {
			t.Parallel()
			if e.root && os.Geteuid() != 0 {
				t.Skip("only root may change the account")
			}
			atATime <- struct{}{}
			defer func() { <-atATime }()
			t.Run("with", func(t *testing.T) { e.observe(t, e.start(t, e.conf)) })
			if e.otherwise != nil {
				t.Run("without", func(t *testing.T) { e.otherwise(t, e.start(t, e.without)) })
			}
		})
	}
}

func catalogueOf(server string) *schema.Catalogue {
	return map[string]*schema.Catalogue{
		"gunicorn": gunicorn.New().Catalogue(), "uwsgi": uwsgi.New().Catalogue(), "waitress": waitress.Catalogue, "gsrv": native.New().Catalogue(),
	}[server]
}

// asReadOnly are options that shape how a file is read; gsrv show's tests of reading see what they do.
var asReadOnly = regexp.MustCompile(`^(xml|yaml|json|js|yml|xmlconfig|config|inherit|include|inject-.*|set|set-ph|set-placeholder|declare-option2?|resolve|for.*|end-?for|if.*|end-?if|(end-)?(black|white)list|strict|mode)$`)

// mostUsed are options of uWSGI that must be shown in uWSGI's own dialect.
var mostUsed = strings.Fields(`http http-socket socket protocol processes threads gevent harakiri max-requests module wsgi-file callable chdir env home pythonpath mount
	pidfile uid gid chmod-socket chown-socket umask daemonize logto req-logger disable-logging buffer-size limit-post http-timeout http-keepalive listen lazy-apps
	need-app die-on-term vacuum reload-on-rss max-worker-lifetime worker-reload-mercy touch-reload procname ini-paste`)

// TestRunEffectsCover walks the tables of runtime/plan: every setting that is honoured has an effect or a test, and nothing else has.
func TestRunEffectsCover(t *testing.T) {
	t.Parallel()
	tests := testNames(t)
	shown := map[string]map[string]bool{}
	models := map[string]bool{}
	show := func(server, name, by string) {
		table := tableNamed(server)
		if table == nil {
			t.Fatalf("%s: there is no server %s", by, server)
		}
		o := catalogueOf(server).Lookup(name)
		if o == nil {
			t.Errorf("%s: %s has no setting %s", by, server, name)
			return
		}
		if r := table.RuleOf(o); r == nil || r.Verdict != plan.Honoured {
			t.Errorf("%s: %s's %s is not honoured", by, server, name)
		}
		if shown[server] == nil {
			shown[server] = map[string]bool{}
		}
		shown[server][o.Name] = true
		if server == "gsrv" {
			models[o.Name] = true
		} else if o.Model != "" {
			models[o.Model] = true
		}
	}
	for server, list := range elsewhere {
		for name, test := range list {
			if !tests[test] {
				t.Errorf("%s's %s: there is no %s", server, name, test)
			}
			show(server, name, test)
		}
	}
	for _, e := range effects() {
		given := e.conf + e.without + strings.Join(e.args, " ")
		for name := range strings.FieldsSeq(e.settings) {
			show(e.server, name, e.server+"/"+e.name)
			word := name[strings.LastIndexByte(name, '.')+1:]
			if e.server == "waitress" {
				word = strings.ReplaceAll(word, "_", "-")
			}
			if !strings.Contains(given, word) && !blocks[name] {
				t.Errorf("%s/%s: %s is not set in it", e.server, e.name, name)
			}
		}
	}
	for _, name := range mostUsed {
		if !shown["uwsgi"][name] {
			t.Errorf("uwsgi's %s has no effect in its own dialect", name)
		}
	}
	for _, table := range plan.Tables {
		catalogue := catalogueOf(table.Server)
		for i := range catalogue.Options {
			o := &catalogue.Options[i]
			rule := table.RuleOf(o)
			if rule == nil || rule.Verdict != plan.Honoured || o.Canonical != "" && shown[table.Server][o.Canonical] {
				continue
			}
			if shown[table.Server][o.Name] || table.Server == "uwsgi" && asReadOnly.MatchString(o.Name) {
				continue
			}
			// runtime/plan's TestHonoured shows that the option arrives where another server's does, whose effect is shown.
			model := o.Model
			if table.Server == "gsrv" {
				model = o.Name
			}
			if table.Server != "gunicorn" && models[model] {
				continue
			}
			t.Errorf("%s's %s is honoured, and no test shows its effect (%s)", table.Server, o.Name, model)
		}
	}
}

// blocks are settings of gsrv.hcl that are labels of blocks.
var blocks = map[string]bool{"app.module": true, "listen.http": true, "hooks.file": true, "listen.by_address": true}

func tableNamed(server string) *plan.Table {
	for _, t := range plan.Tables {
		if t.Server == server {
			return t
		}
	}
	return nil
}

// testNames gives the tests of this package.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && strings.HasPrefix(fn.Name.Name, "Test") {
				names[fn.Name.Name] = true
			}
		}
	}
	return names
}

// seen is an answer of the probe.
type seen map[string]any

func (s seen) text(name string) string {
	if v, ok := s[name]; ok {
		return fmt.Sprint(v)
	}
	return ""
}

// ask requests a path of the probe.
func ask(t *testing.T, address, path string) seen {
	t.Helper()
	var out seen
	if err := json.Unmarshal([]byte(get(t, address, path)), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// dial connects to host:port or a unix socket, for as long as patience lasts.
func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	network := "tcp"
	if strings.HasPrefix(address, "/") {
		network = "unix"
	}
	c, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return c
}

// exchange sends bytes over a connection and gives all that comes back until it is closed.
func exchange(t *testing.T, address, raw string) string {
	t.Helper()
	c := dial(t, address)
	defer c.Close()
	if _, err := io.WriteString(c, raw); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(c)
	if err != nil && len(answer) == 0 {
		t.Fatalf("%q: %v", raw, err)
	}
	return string(answer)
}

// status is the status of an answer, in three digits.
func status(answer string) string {
	_, rest, _ := strings.Cut(answer, " ")
	code, _, _ := strings.Cut(rest, " ")
	return code
}

// wantStatus sends a request as it stands and looks at the status of its answer.
func wantStatus(t *testing.T, address, raw, want string) string {
	t.Helper()
	answer := exchange(t, address, raw)
	if got := status(answer); got != want {
		t.Errorf("%.60q: status %s, want %s", raw, got, want)
	}
	return answer
}

// request is a GET of the probe's view of its environ, with header lines.
func request(headers ...string) string {
	lines := append([]string{"GET /environ HTTP/1.1", "Host: server", "Connection: close"}, headers...)
	return strings.Join(lines, "\r\n") + "\r\n\r\n"
}

// environOf sends a request with headers and gives the environ that the application sees.
func environOf(t *testing.T, address string, headers ...string) seen {
	t.Helper()
	return parseSeen(t, exchange(t, address, request(headers...)))
}

func parseSeen(t *testing.T, answer string) seen {
	t.Helper()
	_, body, _ := strings.Cut(answer, "\r\n\r\n")
	var out seen
	if err := json.Unmarshal([]byte(body), &out); err != nil {
		t.Fatalf("%v in %q", err, answer)
	}
	return out
}

// meet tells whether n requests that are sent at the same time run in one process at the same time; wait is for how many
// seconds one waits for the others.
func meet(t *testing.T, address string, n int, wait string) bool {
	t.Helper()
	return meeting(address, n, n, wait) == n
}

// anyMeet tells whether n of so many requests that are sent at the same time run in one process at the same time.
func anyMeet(t *testing.T, address string, n, of int) bool {
	t.Helper()
	return meeting(address, n, of, "5") >= n
}

func meeting(address string, n, of int, wait string) (met int) {
	answers := make(chan string, of)
	for range of {
		go func() {
			answer, err := tryGet(address, fmt.Sprintf("/meet?%d,%s", n, wait))
			if err != nil {
				answer = err.Error()
			}
			answers <- answer
		}()
	}
	for range of {
		if strings.Contains(<-answers, "true") {
			met++
		}
	}
	return met
}

// keptOpen tells whether a connection is kept after a request.
func keptOpen(t *testing.T, address string) bool {
	t.Helper()
	c := dial(t, address)
	defer c.Close()
	in := bufio.NewReader(c)
	for range 2 {
		if _, err := io.WriteString(c, "GET /environ HTTP/1.1\r\nHost: server\r\n\r\n"); err != nil {
			return false
		}
		line, err := in.ReadString('\n')
		if err != nil || !strings.Contains(line, " 200 ") {
			return false
		}
		length := 0
		for line != "\r\n" {
			if line, err = in.ReadString('\n'); err != nil {
				t.Fatal(err)
			}
			fmt.Sscanf(strings.ToLower(line), "content-length: %d", &length)
		}
		if _, err := io.CopyN(io.Discard, in, int64(length)); err != nil {
			t.Fatal(err)
		}
	}
	return true
}

// modeOf is a file's mode.
func modeOf(t *testing.T, path string) os.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

// want compares what was seen with what should be.
func want(t *testing.T, what string, got, want any) {
	t.Helper()
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		t.Errorf("%s: %s, want %s", what, g, w)
	}
}

// handshake makes a TLS connection, or tells why not.
func handshake(address string, c *tls.Config) (*tls.Conn, error) {
	c.InsecureSkipVerify = true
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: patience}, "tcp", address, c)
	if err != nil {
		return nil, err
	}
	conn.SetDeadline(time.Now().Add(patience))
	return conn, nil
}
