package write

import (
	"slices"
	"strings"

	"gsrv/schema"
	"gsrv/schema/uwsgi"
)

// An advice says what becomes of options that a server has alone: its class, and what to do in their place. The words
// name the target as TARGET.
type advice struct {
	// names are options, parted by blanks; one that ends in * stands for all that begin so.
	names string
	class Class
	words string
	// targets are those that it is true of; empty for all.
	targets string
}

// Own gives what becomes of a server's option that the common model has no name for when its configuration is written
// for a target: dropped-no-effect or exact-by-default where nothing is lost, verbatim with what to do instead, as a
// sentence, otherwise. Options with a name in the model are those of Supports.
func Own(source, target string, o *schema.Option) (Class, string) {
	name := o.Name
	if o.Canonical != "" {
		name = o.Canonical
	}
	if model := standing[source][name]; model != "" {
		if s, ok := Supports(target, model); ok && s.Class != Exact {
			return s.Class, s.Words
		}
		return Exact, "It is a part of " + model + "."
	}
	for _, a := range advices[source] {
		if a.covers(name) && (a.targets == "" || slices.Contains(strings.Fields(a.targets), target)) {
			return a.class, strings.ReplaceAll(a.words, "TARGET", title(target))
		}
	}
	if source == "uwsgi" {
		if class, words := ownUWSGI(o, target); class != "" {
			return class, words
		}
	}
	words := title(target) + " has no counterpart that gsrv knows."
	if o.Summary != "" {
		words = strings.TrimSuffix(o.Summary, ".") + ": " + words
	}
	return Verbatim, words
}

func (a advice) covers(name string) bool {
	for pattern := range strings.FieldsSeq(a.names) {
		if prefix, ok := strings.CutSuffix(pattern, "*"); ok && strings.HasPrefix(name, prefix) || pattern == name {
			return true
		}
	}
	return false
}

// ownUWSGI tells of uWSGI's options by their kind: commands, conditions, other languages' plugins.
func ownUWSGI(o *schema.Option, target string) (Class, string) {
	switch o.Type {
	case "logic", "logic-end":
		return DroppedNoEffect, "It decides which of uWSGI's options count, and those are taken over."
	case "command":
		return DroppedNoEffect, "It is a command to uWSGI and no setting."
	case "config-file":
		return DroppedNoEffect, "It names a file whose settings are taken over."
	case "deprecated":
		return DroppedNoEffect, "uWSGI itself no longer does anything for it."
	}
	info, ok := o.Extra.(*uwsgi.Info)
	if !ok || info.Plugin == "" {
		return "", ""
	}
	switch info.Plugin {
	case "cgi", "coroae", "fiber", "go", "gccgo", "jvm", "jwsgi", "lua", "mono", "php", "psgi", "pypy", "rack", "rbthreads", "ring", "v8", "servlet", "stackless", "symcall":
		return Verbatim, "It is for uWSGI's plugin " + info.Plugin + "; " + title(target) + " runs Python applications, in CPython."
	}
	return Verbatim, title(target) + " has nothing like uWSGI's plugin " + info.Plugin + "."
}

const (
	elsewhere  = "Let the service manager do it: "
	uwsgiAPI   = "Applications use it by Python's module uwsgi, which is there under uWSGI alone: "
	routing    = "TARGET routes no requests: let the proxy in front do it, or a WSGI middleware."
	ownRouter  = "It belongs to uWSGI's own router, whose part the proxy in front of TARGET takes."
	ownPlugins = "uWSGI's plugins are its own."
)

// advices are what is known of options that a server has alone, by the server; the first that covers a name counts.
var advices = map[string][]advice{
	"gunicorn":  gunicornAdvice,
	"uwsgi":     uwsgiAdvice,
	"waitress":  waitressAdvice,
	"uvicorn":   uvicornAdvice,
	"hypercorn": hypercornAdvice,
	"granian":   granianAdvice,
	"mod_wsgi":  modwsgiAdvice,
}

var uwsgiAdvice = []advice{
	// What uWSGI does to itself.
	{"strict skip-zero autoload no-server command-mode weight auto-weight dump-options show-config", DroppedNoEffect, "It is about how uWSGI reads its own options.", ""},
	{"plugin* need-plugin* dlopen plugins-list", DroppedNoEffect, ownPlugins, ""},
	{"ldap sqlite3", Verbatim, "gsrv does not read settings out of LDAP or SQLite: write them into a file.", ""},
	{"ini yaml yml json js xml xmlconfig config include inherit", DroppedNoEffect, "It names a file whose settings are taken over.", ""},
	{"set-placeholder set-ph set declare-option* resolve if-* for for-* endfor endif print iprint blacklist end-blacklist whitelist end-whitelist inject-*", DroppedNoEffect, "It makes or checks other options of uWSGI's, and those are taken over.", ""},
	{"thunder-lock", DroppedNoEffect, "It orders uWSGI's own workers at accept().", ""},
	{"auto-procname procname-append", DroppedNoEffect, "It only names uWSGI's processes.", ""},
	{"vacuum", ExactByDefault, "TARGET removes its unix sockets and its pid file itself.", "gunicorn"},
	{"vacuum", DroppedNoEffect, "It removes uWSGI's own sockets and pid file when it stops.", ""},
	{"no-orphans", ExactByDefault, "TARGET's workers end when their master is gone.", "gunicorn"},
	{"ignore-sigpipe ignore-write-errors write-errors-tolerance write-errors-exception-only disable-write-exception", DroppedNoEffect, "It is about how uWSGI reports clients that have gone away.", ""},
	{"no-defer-accept", ExactByDefault, "TARGET accepts connections at once anyway.", ""},
	{"wsgi-env-behaviour wsgi-env-behavior", ExactByDefault, "TARGET makes a new environ for each request.", ""},
	{"log-master* threaded-logger log-zero", DroppedNoEffect, "It is about which of uWSGI's processes writes the log.", ""},
	{"async ugreen* greenlet stackless", Verbatim, "It makes uWSGI's workers run requests side by side; TARGET has workers of its own for that.", ""},
	{"fallback-config", Verbatim, elsewhere + "OnFailure= in systemd.", ""},
	{"pcre-jit check-interval loop-list loops-list", DroppedNoEffect, "It is about uWSGI's own master and libraries.", ""},
	{"jidfile jid-file", Verbatim, elsewhere + "it makes the jail.", ""},
	{"no-default-app", Verbatim, "With it uWSGI answers a request that no mount fits with an error; TARGET serves one application for all.", ""},

	// The application.
	{"mount manage-script-name ignore-script-name vhost vhost-host max-apps", Verbatim, "TARGET serves one application at /: put several together in Python (werkzeug's DispatcherMiddleware), or let the proxy send the header SCRIPT_NAME.", "gunicorn"},
	{"mount manage-script-name ignore-script-name vhost vhost-host max-apps", Verbatim, "TARGET serves one application at /: put several together in Python (werkzeug's DispatcherMiddleware).", ""},
	{"import shared-import spooler-import eval pymodule-alias post-pymodule-alias", Verbatim, "TARGET imports the application alone: import it in the application's module.", ""},
	{"py-tracebacker", Verbatim, "For a look at where workers stand use py-spy dump --pid PID, or faulthandler.", ""},
	{"catch-exceptions reload-on-exception* exception-handler*", Verbatim, "TARGET logs exceptions and answers with status 500; what more is wanted is a WSGI middleware's.", ""},
	{"py-auto-reload-ignore", Verbatim, "TARGET looks at every module when it reloads code.", ""},
	{"pyargv py-programname py-executable", Verbatim, "sys.argv and sys.executable are those that TARGET is started with.", ""},
	{"no-site pyshell* python python-version python-raw optimize pyhome reload-os-env", Verbatim, "Python is the one that TARGET runs in: choose it, and its options, where TARGET is started.", ""},
	{"web3 pump wsgi-lite pecan test", Verbatim, "TARGET serves WSGI applications: name the application by its module.", ""},
	{"paste-logger ini-paste-logged", Verbatim, "Name the Paste file as TARGET's logging configuration.", "gunicorn"},
	{"py-call-*", ExactByDefault, "TARGET forks as Python does, with its hooks.", "gunicorn"},
	{"start_response-nodelay wsgi-* py-call-* py-sharedarea python-worker-override", Verbatim, "It changes how uWSGI calls the application; TARGET calls it as PEP 3333 says.", ""},

	// Processes beside the workers.
	{"cron cron2 unique-cron cron-harakiri legion-cron unique-legion-cron curl-cron legion-curl-cron", Verbatim, "TARGET runs no jobs at set times: use cron or a systemd timer.", ""},
	{"attach-* smart-attach-* legion-attach-* legion-smart-* daemons-honour-stdin worker-exec worker-exec2", Verbatim, "TARGET starts no other programs: run it as a service of its own.", ""},
	{"mule mules farm mule-* touch-mules-reload", Verbatim, "TARGET has no mules: run the code as a service of its own, or in a task queue.", ""},
	{"spooler* touch-spoolers-reload", Verbatim, "TARGET has no spooler: use a task queue (Celery, RQ) with a service of its own.", ""},
	{"signal-timer signal-rbtimer signal-bufsize clock* ", Verbatim, "TARGET has no signals and timers of its own: use cron, a systemd timer or a task queue.", ""},
	{"cache* add-cache-item load-file-in-cache* check-cache", Verbatim, uwsgiAPI + "use Redis or memcached.", ""},
	{"queue* sharedarea locks lock-engine ftok persistent-ipcsem rpc-max", Verbatim, uwsgiAPI + "use a database, Redis or multiprocessing.", ""},
	{"emperor* early-emperor vassal* imperial-* heartbeat", Verbatim, "TARGET has no emperor: make each configuration a service of its own (a systemd template unit).", ""},
	{"die-on-idle idle cheap", Verbatim, "TARGET goes on when it has nothing to do: a socket unit of systemd's starts it on demand.", ""},
	{"legion*", Verbatim, "TARGET's instances do not know of each other: leave it to keepalived, Consul or the orchestrator.", ""},
	{"shared-socket", DroppedNoEffect, "The addresses that name its number have its own address.", ""},
	{"zerg* undeferred-shared-socket map-socket", Verbatim, "TARGET's instances share no sockets in this way: use reuse_port, or a socket of systemd's.", ""},
	{"subscri* unsubscribe* start-unsubscribed multicast* udp", Verbatim, "TARGET announces itself to no router: name its address in the proxy.", ""},
	{"cheaper-* touch-workers-reload", Verbatim, "The number of TARGET's workers stays as it is told.", ""},

	// Signals, reloads, hooks.
	{"hook-* call-* after-request-hook", Verbatim, "TARGET has no hooks of uWSGI's kind: its own are Python functions (on_starting, post_fork, post_request …).", "gunicorn"},
	{"hook-* call-* after-request-hook", Verbatim, "TARGET has no hooks: do it in the service's ExecStartPre= or in the application.", ""},
	{"exec-* mount-* umount-* wait-for-* check-mountpoint", Verbatim, elsewhere + "ExecStartPre=, ExecStopPost=, RequiresMountsFor= or After= in systemd.", ""},
	{"touch-* fs-* propagate-touch", Verbatim, "TARGET looks at no files to reload: send SIGHUP to its master.", "gunicorn"},
	{"touch-* fs-* propagate-touch", Verbatim, "TARGET looks at no files to reload: restart its service.", ""},
	{"master-fifo", Verbatim, "TARGET's master takes signals: HUP reloads, TERM stops, TTIN and TTOU change the number of workers.", "gunicorn"},
	{"reload-mercy mule-reload-mercy", Verbatim, "How long TARGET's workers get is said by its time for a graceful stop.", ""},
	{"min-worker-lifetime max-worker-lifetime-delta", Verbatim, "TARGET does not recycle workers by age.", ""},
	{"reload-on-* evil-reload-on-* brutal-reload-on-* mem-collector-freq", Verbatim, "TARGET does not look at what its workers use: limit it in the service manager (MemoryMax= in systemd).", ""},
	{"harakiri-*", Verbatim, "TARGET has nothing to set about how a worker that takes too long is ended.", ""},
	{"no-threads-wait exit-on-reload skip-atexit skip-atexit-teardown reaper use-abort backtrace-depth", Verbatim, "TARGET ends its workers by its own rules.", ""},
	{"flock*", Verbatim, elsewhere + "systemd starts a service once; flock(1) before the command does it elsewhere.", ""},
	{"daemonize daemonize2 logfile-*", Verbatim, "Run TARGET under a service manager, which keeps its log.", ""},
	{"stop reload pause", DroppedNoEffect, "It is a command to uWSGI and no setting.", ""},

	// The system.
	{"max-fd close-on-exec*", Verbatim, elsewhere + "LimitNOFILE= in systemd, ulimits in Compose.", ""},
	{"limit-as limit-nproc prio never-swap ksm cpu-affinity thread-stacksize", Verbatim, elsewhere + "LimitAS=, LimitNPROC=, Nice=, CPUAffinity=, MemorySwapMax= in systemd.", ""},
	{"forkbomb-delay", Verbatim, elsewhere + "RestartSec= and StartLimitBurst= in systemd.", ""},
	{"cap chroot pivot-root unshare* setns* jail* cgroup* namespace* refork* privileged-* unprivileged-* emperor-cap master-as-root drop-after-* immediate-uid immediate-gid", Verbatim, elsewhere + "User=, CapabilityBoundingSet=, RootDirectory= and the like in systemd, or a container.", ""},
	{"add-gid", Verbatim, elsewhere + "SupplementaryGroups= in systemd.", ""},
	{"no-initgroups", Verbatim, "TARGET decides by itself which of the account's groups it takes over.", ""},
	{"envdir early-envdir unenv", Verbatim, elsewhere + "EnvironmentFile= and UnsetEnvironment= in systemd, env_file in Compose.", ""},
	{"tcp-* so-* socket-sndbuf socket-rcvbuf freebind abstract-socket mode safe-fd no-fd-passing shutdown-sockets", Verbatim, "TARGET sets its sockets up by itself; a socket unit of systemd's can do more (KeepAlive=, FreeBind=, SendBuffer=).", ""},
	{"notify-socket", Verbatim, "TARGET has no socket that tells of its state.", ""},
	{"force-cwd chdir2", Verbatim, "TARGET enters one directory, before it loads the application.", ""},
	{"binsh honour-stdin binary-path file-write", Verbatim, elsewhere + "ExecStartPre= in systemd.", ""},

	// Requests.
	{"post-buffering* body-read-warning upload-progress", Verbatim, "TARGET hands the body to the application as it comes: let the proxy buffer it (proxy_request_buffering on is nginx's default).", ""},
	{"route* final-route* error-route* response-route* router-list error-page-* add-header rem-header collect-header pull-header response-headers-limit allowed-modifiers remap-modifier", Verbatim, routing, ""},
	{"static-* check-static* mimefile file-serve-mode honour-range offload-threads", Verbatim, "TARGET serves no static files: let the proxy do it (location with alias or root), or the application (WhiteNoise).", ""},
	{"http-socket-modifier* https-socket-modifier* fastcgi-modifier* scgi-modifier* raw-* cgi-mode", Verbatim, "It is about protocols and handlers of uWSGI's own.", ""},
	{"http-* https* fastrouter* rawrouter* sslrouter* forkpty* force-gateway", Verbatim, ownRouter, ""},
	{"websockets-* chunked-input-*", Verbatim, uwsgiAPI + "a WSGI server without it needs another library for WebSockets.", ""},
	{"socket-timeout max-vars", Verbatim, "TARGET has limits of its own; keep a proxy in front of it that cuts slow clients off.", ""},
	{"disable-sendfile", Verbatim, "TARGET decides on sendfile by itself.", ""},
	{"ssl-* sni* https-*", Verbatim, "TARGET's TLS has fewer settings: end TLS in the proxy where this is needed.", ""},

	// Logs and figures.
	{"log-4xx log-5xx log-slow log-big log-sendfile log-ioerror", Verbatim, "TARGET's access log has all requests or none: choose among them where logs are gathered, or in the proxy.", ""},
	{"memory-report log-micros logdate log-date logformat-strftime", Verbatim, "It changes what uWSGI's own log lines look like.", ""},
	{"log-x-forwarded-for", Verbatim, "TARGET's access log has the peer's address; %({x-forwarded-for}i)s in access_log_format is the header.", "gunicorn"},
	{"log-x-forwarded-for", Verbatim, "TARGET's log has the peer's address unless it trusts the proxy.", ""},
	{"log-maxsize log-backupname log-truncate log-reopen touch-logrotate touch-logreopen", Verbatim, "TARGET does not rotate its logs: use logrotate (SIGUSR1 has gunicorn open them again), or log to standard error.", "gunicorn"},
	{"log-maxsize log-backupname log-truncate log-reopen", Verbatim, "TARGET does not rotate its logs: use logrotate, or log to standard error.", ""},
	{"log-* req-logger logger logger-list logto logto2", Verbatim, "TARGET logs with Python's logging: what it should look like and where it goes is a logging configuration's.", ""},
	{"alarm* not-log-alarm", Verbatim, "TARGET raises no alarms: watch its log and its health from outside.", ""},
	{"stats-* enable-metrics metric* carbon* rrdtool* snmp* nagios zabbix*", Verbatim, "TARGET has statsd_host for figures of its own; more is a middleware's (prometheus_client).", "gunicorn"},
	{"stats-* enable-metrics metric* carbon* rrdtool* snmp* nagios zabbix*", Verbatim, "TARGET gives no figures: use a middleware (prometheus_client).", ""},
	{"rsyslog-*", Verbatim, "TARGET's syslog settings are fewer.", "gunicorn"},
	{"py-autoreload python-autoreload py-auto-reload", Verbatim, "TARGET reloads code with a setting of its own, in development.", ""},
	{"profiler", Verbatim, "Profile from outside (py-spy), or in a WSGI middleware.", ""},
}
