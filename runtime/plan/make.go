package plan

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
	"gsrv/schema/uwsgi"
)

// Make makes the plan of a configuration that was read in directory dir (absolute). What gsrv run cannot honour is an error
// with its place; the plan is whole all the same, for a look at it. Where listen has addresses, they replace those of the
// configuration.
func Make(cfg *schema.Config, dir string, listen ...string) (*Plan, hcl.Diagnostics) {
	return MakeAt(cfg, dir, nil, listen...)
}

// MakeAt is Make for a configuration whose absolute paths are those of another machine or of a container: place gives what stands
// here at such a path, the path itself where nothing does. It is asked for directories and files that are read, not for sockets,
// logs and the like.
func MakeAt(cfg *schema.Config, dir string, place func(path string) string, listen ...string) (*Plan, hcl.Diagnostics) {
	r := newReader(cfg)
	r.addresses = listen
	p := &Plan{Config: cfg, Directory: dir, base: dir, place: place}
	if why := foreign(r.server); why != "" {
		r.diags = append(r.diags, schema.Errorf("run-server", wholeFile(cfg), "Not a configuration that gsrv run serves", "%s", why))
		return p, r.diags
	}
	p.Remarks = r.verdicts()
	r.app(p)
	r.workers(p)
	r.listen(p)
	r.http(p)
	r.proxy(p)
	r.tls(p)
	r.logs(p)
	r.process(p)
	r.static(p)
	r.stats(p)
	r.sockets(p)
	r.hooks(p)
	p.Reload = Reload{Enabled: r.flag("reload.enabled", false), Poll: r.text("reload.engine", "auto") == "poll", Files: r.paths(p, r.list("reload.files"))}
	if r.server == "uwsgi" {
		r.uwsgi(p)
	}
	return p, unique(r.diags)
}

// Summaries of what a configuration lacks.
const (
	NoApplication = "No application"
	NoAddress     = "No address"
)

// foreign tells why a server's configuration is not run; empty for one that is.
func foreign(server string) string {
	switch server {
	case "gunicorn", "uwsgi", "waitress", "gsrv":
		return ""
	case "uvicorn", "hypercorn", "granian":
		return server + " serves ASGI applications, and gsrv run serves WSGI ones. Run the application with " + server + ", or migrate the settings of its WSGI application with gsrv migrate."
	case "flask", "django":
		return server + "'s development server has no settings for production. Write a gsrv.hcl (docs/native.md), or give the command of a production server."
	case "mod_wsgi-express", "modwsgi", "apache":
		return "Apache's settings are not run. gsrv migrate writes a gsrv.hcl of them, and gsrv run serves that."
	case "":
		return "It does not tell which server would run, so there is nothing to go by."
	}
	return "gsrv run takes the settings of gunicorn, uWSGI, waitress and gsrv.hcl, and these are for " + server + "."
}

func wholeFile(cfg *schema.Config) hcl.Range {
	for _, s := range cfg.Settings {
		if s.Range.Filename != "" {
			return hcl.Range{Filename: s.Range.Filename, Start: hcl.InitialPos, End: hcl.InitialPos}
		}
	}
	return hcl.Range{Filename: schema.CommandLine, Start: hcl.InitialPos, End: hcl.InitialPos}
}

// unique drops what was said twice: several parts of the plan look at the same setting.
func unique(diags hcl.Diagnostics) hcl.Diagnostics {
	var out hcl.Diagnostics
	seen := map[string]bool{}
	for _, d := range diags {
		key := d.Summary + "\x00" + d.Detail
		if d.Subject != nil {
			key += "\x00" + d.Subject.String()
		}
		if !seen[key] {
			seen[key] = true
			out = append(out, d)
		}
	}
	return out
}

// path makes a path of the configuration absolute.
func (p *Plan) path(name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	if rest, ok := strings.CutPrefix(name, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	return filepath.Join(p.base, name)
}

// started makes a path absolute that is relative to where the server was started.
func (p *Plan) started(name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(p.Directory, name)
}

// placed gives what stands here at a path that is read.
func (p *Plan) placed(path string) string {
	if p.place == nil || path == "" {
		return path
	}
	return p.place(path)
}

func (r *reader) paths(p *Plan, names []string) []string {
	var out []string
	for _, n := range names {
		out = append(out, p.path(n))
	}
	return out
}

func (r *reader) app(p *Plan) {
	a := &p.App
	a.Directory = p.placed(p.started(r.text("app.directory", p.Directory)))
	if info, err := os.Stat(a.Directory); err != nil || !info.IsDir() {
		why := "it is no directory"
		if err != nil {
			why = cause(err).Error()
		}
		r.refuse(r.model["app.directory"], "run-directory", "No such directory", "The application's directory, %s, cannot be entered: %s. Correct the path; a relative one starts where gsrv is started.", a.Directory, why)
	}
	if r.server == "gunicorn" {
		// gunicorn enters it before it opens any file but the configuration.
		p.base = a.Directory
	}
	if a.Virtualenv = r.text("app.virtualenv", ""); a.Virtualenv != "" && !filepath.IsAbs(a.Virtualenv) {
		a.Virtualenv = filepath.Join(a.Directory, a.Virtualenv) // uWSGI enters chdir first
	}
	a.Virtualenv = p.placed(a.Virtualenv)
	a.Environment = mapOf(r.known("app.environment"))
	a.Required = r.flag("app.required", true)
	a.PythonPath = r.pythonPath(p, a.Directory)
	module := r.text("app.module", "")
	if s := r.known("app.paste_file"); s != nil {
		file, name, _ := strings.Cut(strings.TrimPrefix(textOf(s, ""), "config:"), "#")
		if _, n, ok := strings.Cut(module, "#"); ok && name == "" {
			name = n
		}
		if name == "" {
			name = "main"
		}
		a.Paste, a.PasteName, a.PasteVariables = p.placed(p.path(file)), name, mapOf(r.known("app.paste_variables"))
		return
	}
	if module != "" {
		a.Module = module
		return
	}
	if s := r.known("app.file"); s != nil {
		file, callable := textOf(s, ""), "application"
		if f, c, ok := strings.Cut(file, ":"); ok {
			file, callable = f, c
		}
		if !filepath.IsAbs(file) {
			file = filepath.Join(a.Directory, file)
		}
		a.File, a.Callable = p.placed(file), callable
		return
	}
	r.diags = append(r.diags, schema.Errorf("run-app", wholeFile(r.cfg), NoApplication, "The configuration names no application to serve. Name it, as in shop.wsgi:application."))
}

// pythonPath gives the directories that come before Python's search path, the first to be searched in front. uWSGI expands
// patterns in the directory that it is started in, before it enters another; what is relative counts from the one entered.
// uWSGI and gunicorn put each directory before those before it, gunicorn once.
func (r *reader) pythonPath(p *Plan, entered string) []string {
	var out []string
	add := func(dir string) {
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(entered, dir)
		}
		dir = p.placed(dir)
		if r.server != "gunicorn" || !slices.Contains(out, dir) {
			out = append(out, dir)
		}
	}
	listed := slices.Clone(r.list("app.python_path"))
	if r.server == "uwsgi" || r.server == "gunicorn" {
		slices.Reverse(listed) // as they are written
	}
	for _, dir := range listed {
		if r.server != "uwsgi" {
			add(dir)
			continue
		}
		for _, found := range uwsgi.Glob(schema.NewFiles(p.Directory), dir) {
			add(found)
		}
	}
	if r.server == "uwsgi" || r.server == "gunicorn" {
		slices.Reverse(out)
	}
	return out
}

// startTimeout is how long a worker may take to load the application, where a request may not take longer still. gunicorn counts
// loading as a request, which ends those that load large models; here it only ends those that hang.
const startTimeout = 10 * time.Minute

func (r *reader) workers(p *Plan) {
	w := &p.Workers
	w.Count = int(r.number("workers.count", 1))
	if s := r.model["workers.count"]; s != nil && s.Value != nil && !schema.IsConst(s.Value) {
		w.CountFrom = schema.ExprText(s.Value)
	}
	if w.Count < 1 {
		r.refuse(r.model["workers.count"], "run-workers", "No workers", "It comes to %d workers here, which serve nothing. Ask for at least 1, and look at the variables that it depends on.", w.Count)
	}
	w.Threads = int(r.number("workers.threads", 1))
	w.Connections = int(r.number("workers.connections", 1000))
	w.Preload = r.flag("workers.preload", false)
	w.Timeout = r.seconds("workers.timeout", 30*time.Second)
	w.GracefulTimeout = r.seconds("workers.graceful_timeout", 30*time.Second)
	w.StartTimeout = max(startTimeout, w.Timeout)
	w.MaxRequests = int(r.number("workers.recycle.requests", 0))
	w.MaxRequestsJitter = int(r.number("workers.recycle.jitter", 0))
	w.MaxMemory = r.number("workers.recycle.memory", 0)
	w.MaxLifetime = r.seconds("workers.recycle.lifetime", 0)
	w.SendFile = r.flag("http.send_file", true) && !r.ownFlag("disable-sendfile")
	r.cheaper(p)
	r.class(p)
}

// classes are the worker classes that run here, by every name that servers have for them.
var classes = map[string]string{
	"sync": "sync", "gthread": "gthread", "thread": "gthread", "gevent": "gevent", "gevent_wsgi": "gevent", "gevent_pywsgi": "gevent",
	"gunicorn.workers.sync.SyncWorker": "sync", "gunicorn.workers.gthread.ThreadWorker": "gthread",
	"gunicorn.workers.ggevent.GeventWorker": "gevent", "gunicorn.workers.ggevent.GeventPyWSGIWorker": "gevent",
}

func (r *reader) class(p *Plan) {
	w := &p.Workers
	s := r.known("workers.class")
	name := textOf(s, "sync")
	word := strings.TrimPrefix(name, "egg:gunicorn#")
	class, ok := classes[word]
	switch {
	case ok:
		w.Class = class
	case strings.Contains(word, "tornado"):
		r.refuse(s, "run-class", "Worker class not served", "%s runs the application in Tornado's loop, which gsrv run does not. A WSGI application runs in sync or thread workers; an application written for Tornado runs as a program of its own.", name)
	case strings.Contains(word, "eventlet"):
		r.refuse(s, "run-class", "Worker class not served", "%s needs eventlet, which is no longer maintained, and gsrv run does not use it. Take gevent, which runs such applications the same way, or thread.", name)
	case word == "asgi" || strings.Contains(word, "uvicorn") || strings.Contains(word, "Asgi") || strings.Contains(word, "ASGI") || strings.Contains(word, "asyncio"):
		r.refuse(s, "run-class", "Worker class not served", "%s runs ASGI applications, and gsrv run serves WSGI ones. Serve this application with uvicorn or hypercorn, or its WSGI entry (Django: PROJECT.wsgi:application) with sync or thread workers.", name)
	default:
		r.refuse(s, "run-class", "Worker class not served", "%s is a worker of its own, and gsrv run's workers are sync, thread (gthread) and gevent. Requests are read and answers are sent outside of the workers here, so a worker class has nothing to add to that; what it does to the application belongs into a hook (post_fork, post_worker_init) or a WSGI middleware.", name)
	}
	if w.Class == "" {
		w.Class = "sync"
	}
	// gunicorn makes threaded workers of sync ones with threads.
	if w.Class == "sync" && w.Threads > 1 {
		w.Class = "gthread"
	}
	if w.Threads < 1 {
		w.Threads = 1
	}
	if w.Class == "sync" {
		w.Threads = 1
	}
	if w.Class == "gevent" {
		w.Threads = w.Connections
	}
}

func (r *reader) http(p *Plan) {
	h := &p.HTTP
	h.KeepAlive = r.seconds("http.keep_alive", 2*time.Second)
	if s := r.known("http.timeout"); s != nil {
		t := secondsOf(s, 0)
		h.HeaderTimeout, h.BodyTimeout, h.WriteTimeout = t, t, t
	} else {
		h.HeaderTimeout, h.BodyTimeout, h.WriteTimeout = time.Minute, time.Minute, time.Minute
	}
	h.RequestLine = int(r.number("http.limits.request_line", 4094))
	h.HeaderCount = int(r.number("http.limits.header_count", 100))
	h.HeaderSize = int(r.number("http.limits.header_size", 8190))
	h.Head = int(r.number("http.limits.request_head", 0))
	h.MaxBody = r.number("http.limits.body", 0)
	h.RequestIDHeader, h.HealthPath, h.ReadyPath = r.text("http.request_id_header", ""), r.text("http.health_path", ""), r.text("http.ready_path", "")
	h.Gunicorn = r.server == "gunicorn"
	h.RequestURI = r.server != "gunicorn" // which has RAW_URI alone; applications that come from the others to gsrv.hcl still have it
	if r.server == "uwsgi" || r.server == "waitress" {
		h.RequestLine, h.HeaderSize, h.HeaderCount = 0, 0, 0 // these servers bound the whole head alone
	}
	h.SpoolDirectory = p.path(r.ownText("tmp_upload_dir"))
	if r.server == "waitress" {
		// channel_timeout is for a connection that is silent, whatever it is in the middle of.
		h.HeaderTimeout, h.BodyTimeout, h.WriteTimeout = h.KeepAlive, h.KeepAlive, h.KeepAlive
		h.MaxConnections = p.Workers.Connections
	}
	h.UnconventionalMethod = r.ownFlag("permit_unconventional_http_method")
	h.UnconventionalVersion = r.ownFlag("permit_unconventional_http_version")
	h.CasefoldMethod = r.ownFlag("casefold_http_method")
	h.ObsoleteFolding = r.ownFlag("permit_obsolete_folding")
	h.StripHeaderSpaces = r.ownFlag("strip_header_spaces")
	// Zero leaves the limits to the front.
	h.HTTP2 = HTTP2{
		Enabled:       r.server == "gsrv" || slices.Contains(listOf(r.own("http_protocols")), "h2"),
		Cleartext:     r.server == "gsrv" || slices.Contains([]string{"prior-knowledge", "both"}, r.ownText("http2_cleartext")),
		MaxStreams:    int(numberOf(r.own("http2_max_concurrent_streams"), 0)),
		InitialWindow: int(numberOf(r.own("http2_initial_window_size"), 0)),
		MaxFrame:      int(numberOf(r.own("http2_max_frame_size"), 0)),
		MaxHeaderList: int(numberOf(r.own("http2_max_header_list_size"), 0)),
	}
}

func (r *reader) proxy(p *Plan) {
	x := &p.Proxy
	x.Trusted, x.All = r.prefixes(r.known("proxy.trusted"))
	if r.model["proxy.trusted"] == nil && r.server == "gsrv" {
		x.Trusted = []netipPrefix{mustPrefix("127.0.0.1"), mustPrefix("::1")}
	}
	x.Protocol = "off"
	if r.flag("proxy.protocol", false) {
		x.Protocol = "auto"
		if mode := strings.ToLower(r.ownText("proxy_protocol")); mode == "v1" || mode == "v2" {
			x.Protocol = mode
		}
	}
	x.ProtocolTrusted, x.ProtocolAll = r.prefixes(r.known("proxy.protocol_trusted"))
	if r.server == "uwsgi" {
		x.ProtocolAll = true // uWSGI has no list of peers
	}
	if x.Protocol != "off" && len(x.ProtocolTrusted) == 0 && !x.ProtocolAll {
		x.ProtocolTrusted = x.Trusted
		x.ProtocolAll = x.All
	}
	x.SecureSchemeHeaders = map[string]string{}
	if r.server == "waitress" && (len(x.Trusted) > 0 || x.All) {
		x.SecureSchemeHeaders["X-FORWARDED-PROTO"] = "https"
	}
	if r.server == "uwsgi" {
		// It believes everybody (uwsgi_parse_vars): the proxy in front of it sets them, or removes them.
		x.All = true
		x.SecureSchemeHeaders = map[string]string{"X-FORWARDED-PROTO": "https", "X-FORWARDED-SSL": "on"}
	}
	for k, v := range mapOf(r.known("proxy.secure_scheme_headers")) {
		x.SecureSchemeHeaders[strings.ToUpper(k)] = v
	}
	if r.known("proxy.secure_scheme_headers") == nil && r.server == "gsrv" {
		x.SecureSchemeHeaders = map[string]string{"X-FORWARDED-PROTOCOL": "ssl", "X-FORWARDED-PROTO": "https", "X-FORWARDED-SSL": "on"}
	}
	x.ForwarderHeaders = r.list("proxy.forwarder_headers")
	if r.known("proxy.forwarder_headers") == nil && r.server == "gsrv" {
		x.ForwarderHeaders = []string{"SCRIPT_NAME", "PATH_INFO"}
	}
	x.HeaderMap = r.text("proxy.header_map", "drop")
	if r.server == "waitress" {
		x.Scheme, x.Prefix = r.ownText("url_scheme"), r.ownText("url_prefix")
	}
}

func (r *reader) tls(p *Plan) {
	certificate := r.text("tls.certificate", "")
	if certificate == "" {
		return
	}
	t := &TLS{
		Certificate: p.placed(p.path(certificate)), Key: p.placed(p.path(r.text("tls.key", certificate))), ClientCA: p.placed(p.path(r.text("tls.client_ca", ""))),
		ClientCertificate: r.text("tls.client_certificate", "none"), Ciphers: r.text("tls.ciphers", ""),
	}
	for _, f := range []struct{ model, file string }{{"tls.certificate", t.Certificate}, {"tls.key", t.Key}, {"tls.client_ca", t.ClientCA}} {
		if f.file == "" || f.model == "tls.key" && f.file == t.Certificate {
			continue
		}
		if file, err := os.Open(f.file); err != nil {
			r.refuse(r.model[f.model], "run-file", "File cannot be read", "%s cannot be read: %v.", f.file, cause(err))
		} else {
			file.Close()
		}
	}
	p.TLS = t
}

// cause is an error without the name of the system call and of the file.
func cause(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

func (r *reader) logs(p *Plan) {
	l := &p.Log
	l.Level = r.text("log.level", "info")
	l.Error = stream(p, r.text("log.error.to", "-"))
	l.Access = stream(p, r.text("log.access.to", ""))
	l.Format = r.text("log.access.format", `%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s"`)
	l.Either = r.server == "gsrv"
	l.CaptureOutput = r.flag("log.capture_output", false)
	if r.flag("log.syslog.enabled", false) {
		l.Syslog = &Syslog{Address: r.text("log.syslog.address", "udp://localhost:514"), Prefix: r.text("log.syslog.prefix", ""), Facility: r.text("log.syslog.facility", "user")}
		l.Syslog.Access = !r.ownFlag("disable_redirect_access_to_syslog")
		if l.Syslog.Prefix == "" {
			l.Syslog.Prefix = r.text("process.name", "gsrv")
		}
	}
	if r.server == "uwsgi" {
		r.uwsgiLogs(p)
	}
	r.pythonLogs(l)
	if address := r.text("metrics.statsd.address", ""); address != "" {
		p.Statsd = &Statsd{Address: address, Prefix: r.text("metrics.statsd.prefix", ""), Tags: r.list("metrics.statsd.tags"), Backlog: r.ownFlag("enable_backlog_metric")}
	}
}

func stream(p *Plan, to string) string {
	if to == "" || to == "-" {
		return to
	}
	return p.path(to)
}
