package rules

import (
	"path"
	"strings"

	"gsrv/lint"
	"gsrv/schema"
)

// uwsgiAppRules are those about the applications that uWSGI loads and what it leaves behind.
var uwsgiAppRules = []*lint.Rule{
	{
		ID: "C027", Name: "uwsgi-need-app-missing", Severity: lint.Info, Servers: []string{"uwsgi"}, Fix: lint.FixOffer,
		Summary: "When the application cannot be imported uWSGI keeps running without it; need-app makes it exit.",
		Explain: `uWSGI can be told by each request which application to load, so an application that fails to import is no reason for it to stop: it logs the
traceback, runs on in "full dynamic mode", and answers every request with "Internal Server Error". The supervisor, the container platform and a check of the
port see a server that is up, and a rolling deploy goes on with the broken version.

With ` + "`need-app = true`" + ` uWSGI exits with status 22 instead. The rule is silent for emperors and for files that are named for development.`,
		Sources: []string{"uWSGI documentation, options: need-app", "uWSGI 2.0.21 run with a module that does not exist"},
		Check: func(p *lint.Pass) {
			loader := uwsgiLoader(p)
			if _, ok := p.InProduction(); !ok || loader == nil || loader.Maybe || !p.False("need-app") || uwsgiEmperor(p) != nil || p.FirstSet("vassal-sos", "zerg") != nil {
				return
			}
			if p.FirstSet("socket", "uwsgi-socket", "http-socket", "http", "https", "https-socket", "http11-socket", "fastcgi-socket", "scgi-socket") == nil {
				return // what serves is put together elsewhere
			}
			p.Report(keyOf(loader), "If the application cannot be imported uWSGI keeps running and answers every request with an error 500, and a deploy looks as if it had worked. Add need-app = true.").
				With(p.InsertFix(loader, "need-app", true))
		},
	},
	{
		ID: "C028", Name: "uwsgi-strict-missing", Severity: lint.Info, Off: true, Servers: []string{"uwsgi"}, Fix: lint.FixOffer,
		Summary: "strict makes uWSGI refuse misspelt options.",
		Explain: `Any name that is no option defines a placeholder in a uWSGI configuration, so a misspelt option is taken without a word and does nothing. With
` + "`strict = true`" + ` uWSGI refuses to start and names the line. Placeholders are then defined with ` + "`set-placeholder = name=value`" + `.

The rule speaks of files that could be strict as they stand: every name in them is an option. Where a name is none, S003 says so.`,
		Sources: []string{"uWSGI documentation, Things to Know", "uWSGI documentation, Upgrading to 2.0"},
		Check:   checkStrictMissing,
	},
	{
		ID: "C031", Name: "uwsgi-two-app-loaders", Severity: lint.Warning, Servers: []string{"uwsgi"}, Fix: lint.FixSafe,
		Summary: "Two options load the default application, and uWSGI takes one of them.",
		Explain: "`module`, `wsgi-file`, `paste`, `eval`" + ` and the like each load the application for all requests. Where several are given uWSGI tries them in a fixed order,
whatever their order in the file: module, wsgi-file, pecan, paste, eval. The first one that loads serves, and the others are skipped with the line "mountpoint  already
configured. skip." in the log.

The finding is a note where both name the same module (wsgi-file = /srv/shop/wsgi.py, module = wsgi). Keep the one that is meant. To serve several applications give each its path with mount.`,
		Sources: []string{"uWSGI plugins/python/python_plugin.c, uwsgi_python_init_apps", "uWSGI 2.0.21 run with module and wsgi-file in both orders"},
		Check: func(p *lint.Pass) {
			if len(p.Config.Open) > 0 {
				return
			}
			var first *schema.Setting
			for _, name := range loaderOrder {
				s := p.Set(name)
				switch {
				case s == nil || s.Maybe:
				case first == nil:
					first = s
				default:
					f := p.Report(s.Range, "%s is not loaded: uWSGI tries %s first, which serves all requests. Keep the one that is meant.", written(p, s), written(p, first)).
						Also(first.Range, "this one serves").With(p.DeleteFix(s, defaultOf(s)))
					if sameModule(first, s) {
						f.As(lint.Info)
					}
				}
			}
		},
	},
	{
		ID: "C032", Name: "uwsgi-harakiri-no-post-buffering", Severity: lint.Info, Servers: []string{"uwsgi"}, Fix: lint.FixOffer,
		Summary: "Slow uploads count against harakiri where nothing buffers the body.",
		Explain: "`harakiri`" + ` measures a request from its beginning. With http-socket and without a buffering proxy in front, the worker itself waits for a body that a phone sends
slowly, and is killed in the middle of it: the client sees a broken connection, the log "HARAKIRI". uWSGI warns of the combination at every start.

` + "`post-buffering = 4096`" + ` makes uWSGI read the body, beyond 4096 bytes to disk, before the application starts. The rule speaks only of a
worker's HTTP socket that is open to more than this host.`,
		Sources: []string{"uWSGI core/init.c, sanitize_args", "uWSGI documentation, Things to Know"},
		Check: func(p *lint.Pass) {
			harakiri := p.Set("harakiri")
			n, ok := p.Int("harakiri")
			if harakiri == nil || !ok || n < 1 || len(p.Around.Proxies) > 0 || p.Development() {
				return
			}
			if buffer, ok := p.Int("post-buffering"); p.Set("post-buffering") != nil && (!ok || buffer > 0) || !p.NotSet("http", "https", "http2https") {
				return
			}
			for _, name := range []string{"http-socket", "http11-socket", "https-socket"} {
				items, _ := p.Items(name)
				for _, item := range items {
					if beyondLoopback(item.Text) {
						p.Report(harakiri.Range, "A client that takes more than %d seconds to send its body has its worker killed, unless a proxy in front buffers: nothing here does. Add post-buffering = 4096.", n).
							Also(item.Range, "the worker itself speaks HTTP here").With(p.InsertFix(harakiri, "post-buffering", 4096))
						return
					}
				}
			}
		},
	},
	{
		ID: "C033", Name: "uwsgi-manage-script-name-missing", Severity: lint.Warning, Servers: []string{"uwsgi"}, Fix: lint.FixOffer,
		Summary: "Without manage-script-name the mounted application is not chosen by the path.",
		Explain: "`mount = /shop=shop.py`" + ` loads an application for a SCRIPT_NAME. uWSGI itself does not make one of the path unless ` + "`manage-script-name`" + ` is on: every request goes to the
default application (the module, or the first mount), with the prefix left in PATH_INFO. Where two are mounted the second never gets a request.

With an HTTP socket nobody else can set SCRIPT_NAME, and the finding is a warning. With a uwsgi socket the web server may, as
` + "`uwsgi_param SCRIPT_NAME /shop`" + ` in nginx does, so it is a note.`,
		Sources: []string{"uWSGI documentation, Nginx support: hosting multiple apps", "uWSGI 2.0.21 run with one and two mounts, with and without the option"},
		Check:   checkMountedPaths,
	},
	{
		ID: "C034", Name: "uwsgi-vacuum-missing", Severity: lint.Info, Servers: []string{"uwsgi"}, Fix: lint.FixOffer,
		Summary: "Socket files stay behind when uWSGI stops.",
		Explain: `uWSGI removes its Unix sockets and pid files at the end only with ` + "`vacuum = true`" + `. Without it they stay: what looks for the file believes that the server is there, a
pid file names a process that may be another one by then, and after a change of user or path the old file is in the way.

The rule is silent in containers, whose files go with them.`,
		Sources: []string{"uWSGI documentation, options: vacuum"},
		Check:   checkVacuum,
	},
}

// loaderOrder are the loaders of the default application in the order in which uWSGI tries them.
var loaderOrder = []string{"module", "wsgi-file", "pecan", "paste", "eval", "web3", "pump", "wsgi-lite"}

// sameModule tells whether a module and a file are likely the same: shop.wsgi:app and /srv/shop/wsgi.py.
func sameModule(module, file *schema.Setting) bool {
	if module.Native != "module" || file.Native != "wsgi-file" {
		return false
	}
	name, _, _ := strings.Cut(module.Text, ":")
	return name != "" && path.Base(strings.TrimSuffix(file.Text, ".py")) == name[strings.LastIndexByte(name, '.')+1:]
}

func checkStrictMissing(p *lint.Pass) {
	if !p.File() || p.Development() || !p.NotSet("strict") || uwsgiLoader(p) == nil && uwsgiEmperor(p) == nil {
		return
	}
	if len(p.DiagsOf("unknown-option", "option-too-new", "option-unreleased", "plugin-not-loaded", "placeholder-unknown")) > 0 {
		return
	}
	var first *schema.Setting
	for _, layer := range p.Config.Layers {
		for i := range layer.Settings {
			s := &layer.Settings[i]
			if s.Option == nil || p.Get(s.Native) == nil && !strings.HasPrefix(s.Option.Type, "logic") {
				return // no option, or none of this build
			}
			if first == nil && s.NameRange.Filename == p.Name {
				first = s
			}
		}
	}
	if first == nil || strings.HasPrefix(first.Native, "if-") || strings.HasPrefix(first.Native, "for") {
		return
	}
	p.Report(first.NameRange, "A misspelt option would be taken for a placeholder and do nothing, without a word. Every name here is an option: add strict = true, and uWSGI refuses the next slip.").
		With(p.InsertFix(first, "strict", true))
}

// beyondLoopback tells whether an address is reachable from other hosts: not loopback, not a Unix socket.
func beyondLoopback(address string) bool {
	address, _, _ = strings.Cut(address, ",")
	host, port, ok := cutLast(address, ":")
	if !ok || port == "" {
		return false
	}
	return !strings.HasPrefix(host, "127.") && host != "localhost" && host != "[::1]" && !strings.Contains(host, "/") && !strings.HasPrefix(host, "fd")
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

func checkMountedPaths(p *lint.Pass) {
	if !p.False("manage-script-name") {
		return
	}
	mounts, _ := p.Items("mount")
	var prefixed []lint.Item
	for _, m := range mounts {
		if prefix, _, ok := strings.Cut(m.Text, "="); ok && strings.HasPrefix(prefix, "/") && prefix != "/" {
			prefixed = append(prefixed, m)
		}
	}
	if len(prefixed) == 0 {
		return
	}
	m, loader := prefixed[0], p.FirstSet(loaderOrder...)
	prefix, app, _ := strings.Cut(m.Text, "=")
	message := "PATH_INFO keeps " + prefix + " in front, and the application looks for its pages below that."
	switch {
	case loader != nil:
		message = "every request goes to " + loader.Text + ", those below " + prefix + " too."
	case len(prefixed) > 1:
		m = prefixed[1]
		prefix, _, _ = strings.Cut(m.Text, "=")
		message = "every request goes to " + app + ", those below " + prefix + " too."
	}
	message = "uWSGI makes no SCRIPT_NAME of the path: " + message + " Add manage-script-name = true."
	severity := lint.Warning
	if p.FirstSet("http-socket", "http", "https", "https-socket", "http11-socket") == nil {
		message, severity = "Unless the web server sets SCRIPT_NAME: "+message, lint.Info
	}
	f := p.Report(m.Range, "%s", message).As(severity)
	f.With(p.InsertFix(p.Get("mount"), "manage-script-name", true))
}

func checkVacuum(p *lint.Pass) {
	if p.Around.Container != nil || p.Development() || !p.False("vacuum") {
		return
	}
	for _, name := range []string{"socket", "uwsgi-socket", "http-socket", "fastcgi-socket", "scgi-socket", "http11-socket"} {
		s := p.Set(name)
		items, _ := p.Items(name)
		for _, item := range items {
			socket := p.Source(item.Range)
			if strings.ContainsAny(item.Text, ":@$") || strings.HasPrefix(item.Text, "fd") || item.Text == "" {
				continue
			}
			p.Report(item.Range, "%s stays behind when uWSGI stops: whatever looks for the file believes that the server is there. Add vacuum = true.", strings.Trim(socket, "\"'")).
				With(p.InsertFix(s, "vacuum", true))
			return
		}
	}
}
