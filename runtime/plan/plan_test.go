package plan_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"

	"gsrv/runtime/plan"
	"gsrv/schema"
	"gsrv/schema/project"
)

// planOf reads one file, or a command line where name is empty, and makes its plan.
func planOf(t *testing.T, dialect, name, text string) (*plan.Plan, hcl.Diagnostics) {
	t.Helper()
	dir := t.TempDir()
	files := schema.NewFiles(dir)
	for n, body := range map[string]string{"cert.pem": "", "hooks.py": "def post_fork(server, worker): pass\n", "hello.py": "app = application = lambda e, s: []\n", "production.ini": "[app:main]\nuse = call:hello:make\n[app:other]\nuse = call:hello:make\n[uwsgi]\n"} {
		if err := os.WriteFile(filepath.Join(dir, n), []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, sub := range []string{"sub", "lib"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	in := schema.Input{Files: files, Dir: dir, Host: &schema.HostInputs{Dir: dir, CPUs: 4, Machine: true, Environ: map[string]string{"HOME": dir}}}
	if name == "" {
		line, words := schema.JoinWords(strings.Fields(text))
		files.Put(schema.CommandLine, line)
		in.Command = words
	} else {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		in.File = name
	}
	cfg, diags := project.DialectByName(dialect).Read(in)
	if diags.HasErrors() {
		t.Fatalf("%s: %v\n%s", dialect, diags, text)
	}
	return plan.Make(cfg, dir)
}

// image is what a plan comes to, for comparison: paths below its directory do not depend on that.
func image(t *testing.T, p *plan.Plan) map[string]any {
	t.Helper()
	c := *p
	c.Config = nil
	c.Hooks.Settings = nil // every setting is in there
	b, err := json.Marshal(&c)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal([]byte(strings.ReplaceAll(string(b), p.Directory, "DIR")), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// A sample gives a setting a value. With is what must be there beside it, in both plans that are compared.
type sample struct{ text, with string }

// Settings that shape how the others are read, and leave nothing of themselves in a plan.
var reading = regexp.MustCompile(`^(config|ini|xml|yaml|json|js|yml|xmlconfig|inherit|include|inject-.*|set|set-ph|set-placeholder|declare-option2?|resolve|for.*|end-?for|if.*|end-?if|(end-)?(black|white)list|strict|mode|need-app|vacuum|die-on-term|app\.required)$`)

var samples = map[string]map[string]sample{
	"gunicorn": {
		"wsgi_app": {"'hello:application'", ""}, "bind": {"'127.0.0.1:8001'", ""}, "backlog": {"64", ""}, "workers": {"3", ""}, "threads": {"3", ""},
		"max_requests": {"10", ""}, "max_requests_jitter": {"5", "max_requests = 10"}, "graceful_timeout": {"7", ""}, "keepalive": {"7", ""},
		"worker_class": {"'gevent'", ""}, "worker_connections": {"7", "worker_class = 'gevent'"}, "timeout": {"7", ""},
		"limit_request_line": {"100", ""}, "limit_request_fields": {"10", ""}, "limit_request_field_size": {"100", ""},
		"reload": {"True", ""}, "reload_engine": {"'poll'", "reload = True"}, "reload_extra_files": {"['hooks.py']", "reload = True"},
		"preload_app": {"True", ""}, "sendfile": {"False", ""}, "reuse_port": {"True", ""}, "chdir": {"'sub'", ""}, "pidfile": {"'pid'", ""},
		"user": {"65534", ""}, "group": {"65534", ""}, "umask": {"0o22", "bind = 'unix:a.sock'"}, "initgroups": {"True", "user = 65534"}, "daemon": {"True", ""},
		"raw_env": {"['A=b']", ""}, "pythonpath": {"'lib'", ""}, "paste": {"'production.ini'", ""}, "raw_paste_global_conf": {"['a=b']", "paste = 'production.ini'"},
		"proc_name": {"'shop'", ""}, "default_proc_name": {"'shop'", ""}, "tmp_upload_dir": {"'sub'", ""},
		"secure_scheme_headers": {"{'X-SCHEME': 'https'}", ""}, "forwarded_allow_ips": {"'10.0.0.0/8'", ""}, "forwarder_headers": {"'REMOTE_USER'", ""}, "header_map": {"'refuse'", ""},
		"proxy_protocol": {"True", ""}, "proxy_allow_ips": {"'10.0.0.1'", "proxy_protocol = True"},
		"permit_obsolete_folding": {"True", ""}, "strip_header_spaces": {"True", ""}, "permit_unconventional_http_method": {"True", ""},
		"permit_unconventional_http_version": {"True", ""}, "casefold_http_method": {"True", ""},
		"accesslog": {"'access.log'", ""}, "access_log_format": {"'%(h)s'", ""}, "errorlog": {"'error.log'", ""}, "loglevel": {"'debug'", ""},
		"syslog": {"True", ""}, "syslog_addr": {"'udp://127.0.0.1:5514'", "syslog = True"}, "syslog_prefix": {"'shop'", "syslog = True"},
		"syslog_facility": {"'daemon'", "syslog = True"}, "disable_redirect_access_to_syslog": {"True", "syslog = True"}, "capture_output": {"True", ""},
		"logconfig": {"'logging.ini'", ""}, "logconfig_dict": {"{'version': 1}", ""}, "logconfig_json": {"'logging.json'", ""}, "logger_class": {"'shop.Logger'", ""},
		"enable_stdio_inheritance": {"True", ""}, "statsd_host": {"'127.0.0.1:8125'", ""}, "statsd_prefix": {"'shop'", "statsd_host = '127.0.0.1:8125'"},
		"dogstatsd_tags": {"'a,b'", "statsd_host = '127.0.0.1:8125'"}, "enable_backlog_metric": {"True", "statsd_host = '127.0.0.1:8125'"},
		"certfile": {"'cert.pem'", ""}, "keyfile": {"'hooks.py'", "certfile = 'cert.pem'"}, "cert_reqs": {"2", "certfile = 'cert.pem'"},
		"ca_certs": {"'cert.pem'", "certfile = 'cert.pem'"}, "ciphers": {"'ECDHE+AESGCM'", "certfile = 'cert.pem'"}, "http_protocols": {"'h2,h1'", ""},
		"http2_max_concurrent_streams": {"7", ""}, "http2_initial_window_size": {"70000", ""}, "http2_max_frame_size": {"20000", ""}, "http2_max_header_list_size": {"7000", ""},
	},
	"uwsgi": {
		"http": {":8001", ""}, "httprouter": {":8001", ""}, "http-socket": {":8001", ""}, "http11-socket": {":8001", ""}, "https": {":8443,cert.pem,cert.pem", ""},
		"https-socket": {":8443,cert.pem,cert.pem", ""}, "socket": {":8001", "protocol = http"}, "protocol": {"http", "socket = :8001"}, "processes": {"3", ""}, "threads": {"3", ""},
		"gevent": {"30", ""}, "harakiri": {"7", ""}, "listen": {"64", ""}, "chmod-socket": {"660", "http-socket = /tmp/a.sock"}, "chown-socket": {"65534:65534", "http-socket = /tmp/a.sock"},
		"umask": {"022", ""}, "reuse-port": {"true", ""}, "abstract-socket": {"true", "http-socket = /tmp/a.sock"},
		"buffer-size": {"8192", ""}, "limit-post": {"1000", ""}, "http-timeout": {"7", ""}, "http-keepalive": {"7", "http = 127.0.0.1:8002"},
		"http-enable-proxy-protocol": {"true", ""}, "enable-proxy-protocol": {"true", ""}, "max-requests": {"10", ""}, "max-requests-delta": {"5", "max-requests = 10"},
		"max-worker-lifetime": {"70", ""}, "reload-on-rss": {"100", ""}, "worker-reload-mercy": {"7", ""}, "pidfile": {"pid", ""}, "pidfile2": {"pid", ""}, "safe-pidfile": {"pid", ""}, "safe-pidfile2": {"pid", ""},
		"uid": {"65534", ""}, "gid": {"65534", ""}, "immediate-uid": {"65534", ""}, "immediate-gid": {"65534", ""}, "no-initgroups": {"true", "uid = 65534"},
		"procname": {"shop", ""}, "procname-master": {"shop", ""}, "procname-prefix": {"shop", ""}, "procname-prefix-spaced": {"shop", ""},
		"daemonize": {"error.log", ""}, "daemonize2": {"error.log", ""}, "logto": {"error.log", ""}, "logto2": {"error.log", ""}, "log-syslog": {"shop", ""},
		"logger": {"file:error.log", ""}, "req-logger": {"file:access.log", ""}, "disable-logging": {"true", ""}, "lazy": {"true", "master = true"}, "lazy-apps": {"true", "master = true"},
		"chdir": {"sub", ""}, "env": {"A=b", ""}, "wsgi-file": {"hello.py", "-"}, "module": {"hello:app", "-"}, "callable": {"app", ""}, "home": {"sub", ""}, "pythonpath": {"lib", ""},
		"paste": {"config:production.ini", "-"}, "ini-paste": {"production.ini", "-"}, "mount": {"/=hello.py", "-"}, "py-auto-reload": {"1", ""}, "touch-reload": {"hooks.py", ""}, "disable-sendfile": {"true", ""},
		"stats": {"127.0.0.1:9191", ""}, "stats-http": {"true", "stats = :9191"}, "stats-minified": {"true", "stats = :9191"}, "stats-no-cores": {"true", "stats = :9191"},
		"cheaper": {"1", "processes = 4"}, "cheaper-initial": {"2", "processes = 4\ncheaper = 1"}, "cheaper-step": {"2", "processes = 4\ncheaper = 1"}, "cheaper-overload": {"9", "processes = 4\ncheaper = 1"},
		"cheaper-algo": {"backlog", "processes = 4\ncheaper = 1"}, "cheaper-rss-limit-soft": {"1000", "processes = 4\ncheaper = 1"}, "cheaper-rss-limit-hard": {"1000", "processes = 4\ncheaper = 1"},
		"static-map": {"/s=sub", ""}, "static-map2": {"/s=sub", ""}, "check-static": {"sub", ""}, "static-index": {"index.html", "static-map = /s=sub"},
		"static-skip-ext": {".py", "static-map = /s=sub"}, "static-safe": {"/srv", "static-map = /s=sub"}, "mimefile": {"hooks.py", "static-map = /s=sub"},
		"static-gzip": {`\.js$$`, "static-map = /s=sub"}, "static-gzip-all": {"true", "static-map = /s=sub"}, "static-gzip-dir": {"/srv", "static-map = /s=sub"},
		"static-gzip-ext": {".js", "static-map = /s=sub"}, "honour-range": {"true", "static-map = /s=sub"}, "file-serve-mode": {"nginx", "static-map = /s=sub"},
		"static-expires-type": {"text/css=60", "static-map = /s=sub"}, "static-expires-type-mtime": {"text/css=60", "static-map = /s=sub"}, "static-expires": {"/a 60", "static-map = /s=sub"},
		"static-expires-mtime": {"/a 60", "static-map = /s=sub"}, "static-expires-uri": {"/a 60", "static-map = /s=sub"}, "static-expires-uri-mtime": {"/a 60", "static-map = /s=sub"},
		"static-expires-path-info": {"/a 60", "static-map = /s=sub"}, "static-expires-path-info-mtime": {"/a 60", "static-map = /s=sub"}, "log-format": {"%(uri)", ""},
		"logformat-strftime": {"true", "log-date = %%Y"}, "logdate": {"%%Y", "log-format-strftime = true"}, "log-zero": {"true", ""}, "log-slow": {"70", ""}, "log-4xx": {"true", ""},
		"log-5xx": {"true", ""}, "log-big": {"70", ""}, "log-sendfile": {"true", ""}, "log-micros": {"true", ""}, "log-x-forwarded-for": {"true", ""}, "memory-report": {"true", ""},
	},
	"waitress": {
		"host": {"127.0.0.2", ""}, "port": {"8001", ""}, "listen": {"127.0.0.1:8001", ""}, "unix_socket": {"/tmp/a.sock", ""}, "unix_socket_perms": {"660", "--unix-socket=/tmp/a.sock"},
		"backlog": {"64", ""}, "threads": {"7", ""}, "connection_limit": {"7", ""}, "channel_timeout": {"7", ""}, "max_request_header_size": {"7000", ""}, "max_request_body_size": {"7000", ""},
		"trusted_proxy": {"10.0.0.1", ""}, "url_scheme": {"https", ""}, "url_prefix": {"/shop", ""}, "ipv4": {"", ""}, "ipv6": {"", ""},
	},
	"gsrv": {
		"app.module": {`app "hello:application" {}`, "-"}, "app.file": {"app {\n file = \"hello.py\"\n}", "-"}, "app.directory": {"app \"hello:app\" {\n directory = \"sub\"\n}", "-"},
		"app.python_path": {"app \"hello:app\" {\n python_path = [\"lib\"]\n}", "-"}, "app.virtualenv": {"app \"hello:app\" {\n virtualenv = \"sub\"\n}", "-"},
		"app.environment": {"app \"hello:app\" {\n environment = { A = \"b\" }\n}", "-"}, "app.paste_file": {"app {\n paste_file = \"production.ini\"\n}", "-"},
		"app.paste_variables": {"app {\n paste_file = \"production.ini\"\n paste_variables = { a = \"b\" }\n}", "-"},
		"listen.http":         {`listen "127.0.0.1:8001" {}`, ""}, "listen.backlog": {"listen \"127.0.0.1:8000\" {\n backlog = 64\n}", ""}, "listen.mode": {"listen \"unix:/tmp/a.sock\" {\n mode = \"0660\"\n}", ""},
		"listen.owner": {"listen \"unix:/tmp/a.sock\" {\n owner = \"65534:65534\"\n}", ""}, "listen.reuse_port": {"listen \"127.0.0.1:8000\" {\n reuse_port = true\n}", ""},
		"listen.by_address": {"listen \"127.0.0.1:8000\" {\n backlog = 64\n}\nlisten \"127.0.0.1:8001\" {\n backlog = 65\n}", ""},
		"workers.count":     {"workers {\n count = 3\n}", ""}, "workers.class": {"workers {\n class = \"gevent\"\n}", ""}, "workers.threads": {"workers {\n threads = 3\n}", ""},
		"workers.connections": {"workers {\n class = \"gevent\"\n connections = 7\n}", ""}, "workers.preload": {"workers {\n preload = true\n}", ""}, "workers.timeout": {"workers {\n timeout = \"7s\"\n}", ""},
		"workers.graceful_timeout": {"workers {\n graceful_timeout = \"7s\"\n}", ""}, "workers.recycle.requests": {"workers {\n recycle {\n requests = 7\n}\n}", ""},
		"workers.recycle.jitter": {"workers {\n recycle {\n jitter = 7\n}\n}", ""}, "workers.recycle.memory": {"workers {\n recycle {\n memory = \"7MiB\"\n}\n}", ""}, "workers.recycle.lifetime": {"workers {\n recycle {\n lifetime = \"7m\"\n}\n}", ""},
		"http.keep_alive": {"http {\n keep_alive = \"7s\"\n}", ""}, "http.timeout": {"http {\n timeout = \"7s\"\n}", ""}, "http.send_file": {"http {\n send_file = false\n}", ""},
		"http.request_id_header": {"http {\n request_id_header = \"X-Request-ID\"\n}", ""}, "http.health_path": {"http {\n health_path = \"/health\"\n}", ""}, "http.ready_path": {"http {\n ready_path = \"/ready\"\n}", ""},
		"http.limits.request_line": {"http {\n limits {\n request_line = 100\n}\n}", ""}, "http.limits.header_count": {"http {\n limits {\n header_count = 10\n}\n}", ""},
		"http.limits.header_size": {"http {\n limits {\n header_size = 100\n}\n}", ""}, "http.limits.request_head": {"http {\n limits {\n request_head = 1000\n}\n}", ""}, "http.limits.body": {"http {\n limits {\n body = \"7MiB\"\n}\n}", ""},
		"proxy.trusted": {"proxy {\n trusted = [\"10.0.0.0/8\"]\n}", ""}, "proxy.protocol": {"proxy {\n protocol = true\n}", ""}, "proxy.protocol_trusted": {"proxy {\n protocol = true\n protocol_trusted = [\"10.0.0.1\"]\n}", ""},
		"proxy.secure_scheme_headers": {"proxy {\n secure_scheme_headers = { X-SCHEME = \"https\" }\n}", ""}, "proxy.forwarder_headers": {"proxy {\n forwarder_headers = [\"REMOTE_USER\"]\n}", ""}, "proxy.header_map": {"proxy {\n header_map = \"refuse\"\n}", ""},
		"tls.certificate": {"tls {\n certificate = \"cert.pem\"\n}", ""}, "tls.key": {"tls {\n certificate = \"cert.pem\"\n key = \"hooks.py\"\n}", ""}, "tls.client_ca": {"tls {\n certificate = \"cert.pem\"\n client_ca = \"cert.pem\"\n}", ""},
		"tls.client_certificate": {"tls {\n certificate = \"cert.pem\"\n client_certificate = \"required\"\n}", ""}, "tls.ciphers": {"tls {\n certificate = \"cert.pem\"\n ciphers = \"ECDHE+AESGCM\"\n}", ""},
		"log.level": {"log {\n level = \"debug\"\n}", ""}, "log.error.to": {"log {\n error {\n to = \"error.log\"\n}\n}", ""}, "log.access.to": {"log {\n access {\n to = \"access.log\"\n}\n}", ""},
		"log.access.format": {"log {\n access {\n format = \"json\"\n}\n}", ""}, "log.capture_output": {"log {\n capture_output = true\n}", ""}, "log.syslog.enabled": {"log {\n syslog {\n enabled = true\n}\n}", ""},
		"log.syslog.address": {"log {\n syslog {\n enabled = true\n address = \"udp://127.0.0.1:5514\"\n}\n}", ""}, "log.syslog.prefix": {"log {\n syslog {\n enabled = true\n prefix = \"shop\"\n}\n}", ""},
		"log.config": {"log {\n config = { version = 1 }\n}", ""}, "log.config_file": {"log {\n config_file = \"logging.ini\"\n}", ""}, "log.class": {"log {\n class = \"shop.Logger\"\n}", ""},
		"log.syslog.facility":    {"log {\n syslog {\n enabled = true\n facility = \"daemon\"\n}\n}", ""},
		"metrics.statsd.address": {"metrics {\n statsd {\n address = \"127.0.0.1:8125\"\n}\n}", ""}, "metrics.statsd.prefix": {"metrics {\n statsd {\n address = \"127.0.0.1:8125\"\n prefix = \"shop\"\n}\n}", ""},
		"metrics.statsd.tags": {"metrics {\n statsd {\n address = \"127.0.0.1:8125\"\n tags = [\"a\"]\n}\n}", ""},
		"process.user":        {"process {\n user = \"65534\"\n}", ""}, "process.group": {"process {\n group = \"65534\"\n}", ""}, "process.supplementary_groups": {"process {\n supplementary_groups = true\n}", ""},
		"process.umask": {"process {\n umask = \"0022\"\n}", ""}, "process.pid_file": {"process {\n pid_file = \"pid\"\n}", ""}, "process.daemon": {"process {\n daemon = true\n}", ""}, "process.name": {"process {\n name = \"shop\"\n}", ""},
		"workers.minimum":       {"workers {\n count = 4\n minimum = 2\n}", ""},
		"metrics.stats_address": {"metrics {\n stats_address = \"127.0.0.1:9191\"\n}", ""},
		"static.map":            {"static {\n map = [\"/s=sub\"]\n}", ""},
		"reload.enabled":        {"reload {\n enabled = true\n}", ""}, "reload.engine": {"reload {\n engine = \"poll\"\n}", ""}, "reload.files": {"reload {\n files = [\"hooks.py\"]\n}", ""},
		"hooks.file": {`hooks "hooks.py" {}`, ""},
	},
}

// write puts a setting into a configuration of a server; an empty text leaves it out.
func write(server, name, text, with string) (dialect, file, body string) {
	switch server {
	case "gunicorn":
		// A Paste file is taken from the command line alone.
		switch {
		case strings.Contains(name, "paste") && text == "":
			return "gunicorn", "", "gunicorn --paste production.ini"
		case name == "paste":
			return "gunicorn", "", "gunicorn --paste production.ini#other"
		case name == "raw_paste_global_conf":
			return "gunicorn", "", "gunicorn --paste production.ini --paste-global a=b"
		}
		body = "wsgi_app = 'hello:app'\n" + with + "\n"
		if text != "" {
			body += name + " = " + text + "\n"
		}
		return "gunicorn", "gunicorn.conf.py", body
	case "uwsgi":
		body = "[uwsgi]\n"
		if with != "-" {
			body += "wsgi-file = hello.py\n" + with + "\n"
		}
		if !strings.Contains(with, "socket") && !strings.Contains(with, "http =") && !(strings.Contains(name, "http") && strings.HasPrefix(text, ":")) && name != "socket" {
			body += "http-socket = 127.0.0.1:8000\n"
		}
		if text != "" {
			body += name + " = " + text + "\n"
		}
		return "uwsgi", "uwsgi.ini", body
	case "waitress":
		body = "waitress-serve " + with
		if text != "" {
			body += " --" + strings.ReplaceAll(name, "_", "-") + "=" + text
		}
		return "waitress", "", body + " hello:app"
	}
	if with != "-" || text == "" {
		body = "app \"hello:app\" {}\n"
	}
	return "native", "gsrv.hcl", body + text + "\n"
}

// TestHonoured gives every setting that counts as honoured a value and sees it arrive in the plan.
func TestHonoured(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root may name another account")
	}
	for _, table := range plan.Tables {
		catalogue := catalogues()[table.Server]
		for i := range catalogue.Options {
			o := &catalogue.Options[i]
			if rule := table.RuleOf(o); rule == nil || rule.Verdict != plan.Honoured || o.Canonical != "" || reading.MatchString(o.Name) || o.Type == "callable" || o.Type == "hook" {
				continue
			}
			t.Run(table.Server+"/"+o.Name, func(t *testing.T) {
				s, ok := samples[table.Server][o.Name]
				if !ok {
					t.Fatal("no sample")
				}
				if s.text == "" {
					return // of no effect on its own
				}
				dialect, file, body := write(table.Server, o.Name, "", s.with)
				without, _ := planOf(t, dialect, file, body)
				dialect, file, body = write(table.Server, o.Name, s.text, s.with)
				with, diags := planOf(t, dialect, file, body)
				if diags.HasErrors() {
					t.Fatalf("refused: %v\n%s", diags, body)
				}
				if len(with.Remarks) > len(without.Remarks) {
					t.Errorf("it is said to have no meaning: %v", with.Remarks)
				}
				if cmp.Equal(image(t, with), image(t, without)) {
					t.Errorf("it changes nothing:\n%s", body)
				}
			})
		}
	}
}

// TestHooks: the file of the hooks and their names reach the plan.
func TestHooks(t *testing.T) {
	p, diags := planOf(t, "gunicorn", "gunicorn.conf.py", "wsgi_app = 'hello:app'\ndef when_ready(server): pass\ndef post_fork(server, worker): pass\n")
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	if got := fmt.Sprint(p.Hooks.Names); got != "[post_fork when_ready]" || filepath.Base(p.Hooks.File) != "gunicorn.conf.py" {
		t.Errorf("hooks %s of %s", got, p.Hooks.File)
	}
	p, diags = planOf(t, "native", "gsrv.hcl", "app \"hello:app\" {}\nhooks {\n  post_fork  = \"hooks.py:post_fork\"\n  when_ready = \"shop.startup:connect\"\n}\n")
	if got := fmt.Sprint(p.Hooks.Settings["post_fork"], " ", p.Hooks.Settings["when_ready"]); diags.HasErrors() || got != filepath.Join(p.Directory, "hooks.py")+":post_fork shop.startup:connect" {
		t.Errorf("hooks one by one: %s, %v", got, diags)
	}
	p, diags = planOf(t, "native", "gsrv.hcl", "app \"hello:app\" {}\nhooks \"hooks.py\" {}\n")
	if diags.HasErrors() || filepath.Base(p.Hooks.File) != "hooks.py" {
		t.Errorf("hooks of %q, %v", p.Hooks.File, diags)
	}
}

// TestRefused: what cannot be honoured is an error at its place that says what to use instead.
func TestRefused(t *testing.T) {
	for _, c := range []struct{ dialect, file, text, at, want string }{
		{"gunicorn", "gunicorn.conf.py", "wsgi_app = 'hello:app'\nworker_class = 'tornado'\n", "gunicorn.conf.py:2", "Tornado"},
		{"gunicorn", "gunicorn.conf.py", "wsgi_app = 'hello:app'\nworker_class = 'uvicorn.workers.UvicornWorker'\n", "gunicorn.conf.py:2", "uvicorn or hypercorn"},
		{"gunicorn", "gunicorn.conf.py", "wsgi_app = 'hello:app'\naccess_log_format = 'json'\nlogger_class = 'shop.Logger'\n", "gunicorn.conf.py:2", "formatter for JSON"},
		{"native", "gsrv.hcl", "app \"hello:app\" {}\nlog {\n  config_file = \"logging.yaml\"\n}\n", "gsrv.hcl:3", "as JSON"},
		{"gunicorn", "gunicorn.conf.py", "wsgi_app = 'hello:app'\ndef ssl_context(conf, make): return make()\n", "gunicorn.conf.py:2", "certfile"},
		{"gunicorn", "gunicorn.conf.py", "wsgi_app = 'hello:app'\nworkers = 0\n", "gunicorn.conf.py:2", "at least 1"},
		{"gunicorn", "gunicorn.conf.py", "wsgi_app = 'hello:app'\nimport random\nworkers = random.randint(1, 9)\n", "gunicorn.conf.py:3", "cannot be told"},
		{"uwsgi", "uwsgi.ini", "[uwsgi]\nmodule = hello\nsocket = :3031\n", "uwsgi.ini:3", "proxy_pass"},
		{"uwsgi", "uwsgi.ini", "[uwsgi]\nmodule = hello\nhttp-socket = :3031\nspooler = tasks\n", "uwsgi.ini:4", "Celery"},
		{"uwsgi", "uwsgi.ini", "[uwsgi]\nmodule = hello\nhttp-socket = :3031\nlogger = redislog\n", "uwsgi.ini:4", "log-syslog"},
		{"uwsgi", "uwsgi.ini", "[uwsgi]\nmodule = hello\nhttp-socket = :3031\nprocesses = 2\ncheaper = 2\n", "uwsgi.ini:5", "of 2"},
		{"uwsgi", "uwsgi.ini", "[uwsgi]\nmodule = hello\nhttp-socket = :3031\nprocesses = 4\ncheaper = 2\ncheaper-algo = busyness\n", "uwsgi.ini:6", "spare"},
		{"uwsgi", "uwsgi.ini", "[uwsgi]\nmodule = hello\nhttp-socket = :3031\nlogto = 10.0.0.1:514\n", "uwsgi.ini:4", "req-logger = rsyslog:10.0.0.1:514"},
		{"uwsgi", "uwsgi.ini", "[uwsgi]\nmodule = hello\nhttp-socket = :3031\nreq-logger = file:logfile=a.log,maxsize=1000\n", "uwsgi.ini:4", "logrotate"},
		{"uwsgi", "uwsgi.ini", "[uwsgi]\nmodule = hello\nhttp-socket = :3031\nlogger = file:a.log\nlogger = two file:b.log\n", "uwsgi.ini:5", "req-logger"},
		{"uwsgi", "uwsgi.ini", "[uwsgi]\nmodule = hello\nhttp-socket = :3031\nstatic-map = /s=sub\nstatic-expires = (?<=a)b 60\n", "uwsgi.ini:5", "looking around"},
		{"uwsgi", "uwsgi.ini", "[uwsgi]\nmodule = hello\nhttp-socket = :3031\nstatic-map = /s=sub\nstatic-expires = b soon\n", "uwsgi.ini:5", "number of seconds"},
		{"uwsgi", "uwsgi.ini", "[uwsgi]\nhttp-socket = :3031\nmount = /a=hello.py\n", "uwsgi.ini:3", "SCRIPT_NAME"},
		{"native", "gsrv.hcl", "app \"hello:app\" {}\nlisten \"127.0.0.1:3031\" {\n  protocol = \"uwsgi\"\n}\n", "gsrv.hcl:2", "proxy_pass"},
		{"uvicorn", "", "uvicorn hello:app", "<command line>:1", "ASGI"},
	} {
		_, diags := planOf(t, c.dialect, c.file, c.text)
		found := false
		for _, d := range diags.Errs() {
			one := d.(*hcl.Diagnostic)
			found = found || one.Subject != nil && strings.HasPrefix(one.Subject.String(), c.at+",") && strings.Contains(one.Detail, c.want)
		}
		if !found {
			t.Errorf("%q: no error at %s that says %q: %v", c.text, c.at, c.want, diags)
		}
	}
}

// TestIdle: refused settings that ask for nothing are fine, and those of Python's logging start no process then.
func TestIdle(t *testing.T) {
	for _, text := range []string{"spew = False\n", "logconfig = None\n", "protocol = 'http'\n", "dirty_workers = 0\n", "logger_class = 'gunicorn.glogging.Logger'\n", "logger_class = 'gunicorn.instrument.statsd.Statsd'\nstatsd_host = '127.0.0.1:8125'\n", "logconfig_dict = {}\n"} {
		p, diags := planOf(t, "gunicorn", "gunicorn.conf.py", "wsgi_app = 'hello:app'\n"+text)
		if diags.HasErrors() {
			t.Errorf("%q: %v", text, diags)
		}
		if p.Log.Python {
			t.Errorf("%q: Python is to write the logs", text)
		}
	}
}

// TestRemarksInOrder: what has no meaning here is told in the order of the file.
func TestRemarksInOrder(t *testing.T) {
	p, diags := planOf(t, "uwsgi", "uwsgi.ini", "[uwsgi]\nhttp-socket = 127.0.0.1:0\nmodule = hello\nmaster = true\noffload-threads = 1\nenable-threads = true\n")
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	var got []string
	for _, r := range p.Remarks {
		got = append(got, r.Setting)
	}
	if want := []string{"master", "offload-threads", "enable-threads"}; !cmp.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
