package schema

// Model is the common model: every setting that servers share, under one name and in one unit. It is also the
// catalogue of the native format, gsrv.hcl, whose blocks are the parts of the names.
//
// Types: string, bool, int, duration (a number of seconds), size (a number of bytes), octal (text such as
// "0660"), list (of strings), map (of strings), any (a free mapping), hook (a reference to a function). Extra is a
// ModelRole where gsrv.hcl writes the setting in another way than as an attribute.
var Model = &Catalogue{Server: "native", Options: modelOptions}

// A ModelRole, in the Extra of a Model option, says how gsrv.hcl writes a setting that is not simply an attribute of
// the block its name says.
type ModelRole string

// The roles of settings in gsrv.hcl.
const (
	// RoleLabel is the one setting that a block's label gives: app "shop.wsgi:application" {}.
	RoleLabel ModelRole = "label"
	// RoleProtocol is the list of addresses of the listen blocks with this protocol.
	RoleProtocol ModelRole = "protocol"
	// RoleListener is an attribute of a listen block that belongs to its address.
	RoleListener ModelRole = "listener"
	// RoleUnixListener is a RoleListener that only a unix socket has.
	RoleUnixListener ModelRole = "unix-listener"
	// RoleByAddress holds, by address, the attributes in which listen blocks differ from each other.
	RoleByAddress ModelRole = "by-address"
)

func bound(f float64) *float64 { return &f }

var (
	zero     = bound(0)
	maxInt32 = bound(1<<31 - 1)
)

var modelOptions = []Option{
	{Name: "app.module", Type: "string", Extra: RoleLabel, Summary: "The WSGI application as module:callable, shop.wsgi:application."},
	{Name: "app.file", Type: "string", Summary: "The WSGI application as a Python file, where it has no importable name."},
	{Name: "app.directory", Type: "string", Summary: "Directory entered before the application is loaded; the one the server is started in where it is not set."},
	{Name: "app.python_path", Type: "list", Summary: "Directories put before Python's module search path, the one that is searched first in front."},
	{Name: "app.virtualenv", Type: "string", Summary: "Virtual environment whose Python and packages are used."},
	{Name: "app.environment", Type: "map", Summary: "Environment variables set for the application."},
	{Name: "app.paste_file", Type: "string", Summary: "Paste ini file that composes the application."},
	{Name: "app.paste_variables", Type: "map", Summary: "Variables handed to the Paste file."},
	{Name: "app.required", Type: "bool", Default: `true`, Summary: "Refuse to start when the application cannot be loaded."},

	{Name: "listen.http", Type: "list", Default: `["127.0.0.1:8000"]`, Extra: RoleProtocol, Summary: "Addresses that speak HTTP: host:port, [v6]:port, unix:/path, fd://3."},
	{Name: "listen.uwsgi", Type: "list", Extra: RoleProtocol, Summary: "Addresses that speak the uwsgi protocol, for a proxy's uwsgi_pass."},
	{Name: "listen.fastcgi", Type: "list", Extra: RoleProtocol, Summary: "Addresses that speak FastCGI."},
	{Name: "listen.scgi", Type: "list", Extra: RoleProtocol, Summary: "Addresses that speak SCGI."},
	{Name: "listen.backlog", Type: "int", Min: zero, Max: maxInt32, Default: "2048", Extra: RoleListener, Summary: "Length of the queue of connections not yet accepted."},
	{Name: "listen.mode", Type: "octal", Extra: RoleUnixListener, Summary: "Permissions of unix sockets, 0660; as the umask leaves them where it is not set."},
	{Name: "listen.owner", Type: "string", Extra: RoleUnixListener, Summary: "Owner of unix sockets, user:group; the account that starts the server where it is not set."},
	{Name: "listen.reuse_port", Type: "bool", Default: "false", Extra: RoleListener, Summary: "Set SO_REUSEPORT, so that several servers can share an address."},

	{Name: "listen.by_address", Type: "any", Extra: RoleByAddress, Summary: "Backlog, mode, owner and reuse_port of single addresses, where they differ from the other addresses'."},

	{Name: "workers.count", Type: "int", Min: zero, Max: maxInt32, Default: "1", Summary: "Number of worker processes."},
	{Name: "workers.minimum", Type: "int", Min: zero, Max: maxInt32, Summary: "Number of workers kept when there is little to do; all of them where it is not set."},
	{Name: "workers.class", Type: "string", Default: `"sync"`, Summary: "How a worker runs requests: sync, thread, gevent, or a class of the server's own."},
	{Name: "workers.threads", Type: "int", Min: zero, Max: maxInt32, Default: "1", Summary: "Threads per worker."},
	{Name: "workers.connections", Type: "int", Min: zero, Max: maxInt32, Default: `1000`, Summary: "Connections a worker may hold at once."},
	{Name: "workers.preload", Type: "bool", Default: "false", Summary: "Load the application once, before the workers are forked."},
	{Name: "workers.master", Type: "bool", Default: "true", Summary: "Run a master process that watches the workers."},
	{Name: "workers.python_threads", Type: "bool", Default: "true", Summary: "Let the application start threads of its own."},
	{Name: "workers.single_interpreter", Type: "bool", Default: "true", Summary: "Run the application in Python's main interpreter."},
	{Name: "workers.timeout", Type: "duration", Min: zero, Default: "30", Summary: "Time after which a worker that does not answer is replaced; 0 for never."},
	{Name: "workers.graceful_timeout", Type: "duration", Min: zero, Default: "30", Summary: "Time a worker gets to finish its requests when it is stopped."},
	{Name: "workers.temporary_directory", Type: "string", Summary: "Directory for the workers' heartbeat files; memory-backed is best."},
	{Name: "workers.recycle.requests", Type: "int", Min: zero, Max: maxInt32, Default: "0", Summary: "Requests after which a worker is replaced; 0 for never."},
	{Name: "workers.recycle.jitter", Type: "int", Min: zero, Max: maxInt32, Default: "0", Summary: "Random number of requests added, so that workers are not replaced together."},
	{Name: "workers.recycle.memory", Type: "size", Min: zero, Default: `0`, Summary: "Resident memory over which a worker is replaced after its request; 0 for never."},
	{Name: "workers.recycle.lifetime", Type: "duration", Min: zero, Default: `0`, Summary: "Age at which a worker is replaced; 0 for never."},

	{Name: "http.keep_alive", Type: "duration", Min: zero, Default: "2", Summary: "Time an idle connection is kept open for the next request."},
	{Name: "http.timeout", Type: "duration", Min: zero, Summary: "Time a client may take between two parts of a request."},
	{Name: "http.send_file", Type: "bool", Default: `true`, Summary: "Use sendfile(2) for files."},
	{Name: "http.request_id_header", Type: "string", Pattern: "^[-!#$%&'*+.^_`|~0-9A-Za-z]+$", Form: "a header name such as X-Request-ID", Summary: "Header that carries a request's id, X-Request-ID: a trusted proxy's is taken, otherwise one is made; the application and the client get it."},
	{Name: "http.health_path", Type: "string", Pattern: "^/[^\\x00-\\x20?#\\x7f]*$", Form: "a path that begins with /, such as /-/health", Summary: "Path at which the server itself answers 200 while it runs."},
	{Name: "http.ready_path", Type: "string", Pattern: "^/[^\\x00-\\x20?#\\x7f]*$", Form: "a path that begins with /, such as /-/ready", Summary: "Path at which the server itself answers 200 while workers are ready, 503 otherwise."},
	{Name: "http.limits.request_line", Type: "int", Min: zero, Default: "4094", Summary: "Longest request line in bytes; 0 for no limit."},
	{Name: "http.limits.header_count", Type: "int", Min: zero, Default: "100", Summary: "Most header fields in a request."},
	{Name: "http.limits.header_size", Type: "int", Min: zero, Default: "8190", Summary: "Longest header field in bytes; 0 for no limit."},
	{Name: "http.limits.request_head", Type: "int", Min: zero, Default: `0`, Summary: "Largest request head (line and headers, as variables) in bytes; 0 for no limit."},
	{Name: "http.limits.body", Type: "size", Min: zero, Default: `0`, Summary: "Largest request body; 0 for no limit."},

	{Name: "proxy.trusted", Type: "list", Default: `["127.0.0.1", "::1"]`, Summary: "Proxies whose forwarded headers are believed: addresses, networks, or *."},
	{Name: "proxy.protocol", Type: "bool", Default: "false", Summary: "Expect the PROXY protocol on new connections."},
	{Name: "proxy.protocol_trusted", Type: "list", Summary: "Peers that may speak the PROXY protocol."},
	{Name: "proxy.secure_scheme_headers", Type: "map", Summary: "Headers and values by which a trusted proxy says that the request was HTTPS."},
	{Name: "proxy.forwarder_headers", Type: "list", Summary: "Headers a trusted proxy may set that override the environ."},
	{Name: "proxy.header_map", Type: "string", Enum: []string{"drop", "refuse", "dangerous"}, Default: `"drop"`, Summary: "What happens to header names with underscores: drop, refuse, dangerous."},

	{Name: "tls.certificate", Type: "string", Summary: "Certificate chain, PEM file."},
	{Name: "tls.key", Type: "string", Summary: "Private key, PEM file."},
	{Name: "tls.client_ca", Type: "string", Summary: "Authorities whose client certificates are accepted, PEM file."},
	{Name: "tls.client_certificate", Type: "string", Enum: []string{"none", "optional", "required"}, Default: `"none"`, Summary: "Whether clients must show a certificate: none, optional, required."},
	{Name: "tls.ciphers", Type: "string", Summary: "Accepted ciphers, in OpenSSL's notation."},
	{Name: "tls.suppress_ragged_eofs", Type: "bool", Default: "true", Summary: "Take a TLS connection that ends without notice as a normal end."},
	{Name: "tls.handshake_on_connect", Type: "bool", Default: "false", Summary: "Do the TLS handshake when a connection is accepted."},

	{Name: "log.level", Type: "string", Enum: []string{"debug", "info", "warning", "error", "critical"}, Default: `"info"`, Summary: "Least severity that is logged."},
	{Name: "log.error.to", Type: "string", Default: `"-"`, Summary: "Error log: a file, or - for standard error."},
	{Name: "log.access.to", Type: "string", Summary: "Access log: a file, - for standard output, unset for none."},
	{Name: "log.access.format", Type: "string", Summary: "Format of the access log."},
	{Name: "log.capture_output", Type: "bool", Default: "false", Summary: "Send the application's standard output and error to the error log."},
	{Name: "log.config_file", Type: "string", Summary: "Python logging configuration file."},
	{Name: "log.config", Type: "any", Summary: "Python logging configuration, as dictConfig takes it."},
	{Name: "log.class", Type: "string", Summary: "Logger class of the server's own."},
	{Name: "log.syslog.enabled", Type: "bool", Default: "false", Summary: "Send the logs to syslog."},
	{Name: "log.syslog.address", Type: "string", Summary: "Address of syslog."},
	{Name: "log.syslog.prefix", Type: "string", Default: `"gsrv"`, Summary: "Program name in syslog."},
	{Name: "log.syslog.facility", Type: "string", Default: `"user"`, Summary: "Syslog facility."},

	{Name: "metrics.statsd.address", Type: "string", Summary: "host:port of a statsd server."},
	{Name: "metrics.statsd.prefix", Type: "string", Summary: "Prefix of statsd names."},
	{Name: "metrics.statsd.tags", Type: "list", Summary: "DogStatsD tags."},
	{Name: "metrics.stats_address", Type: "string", Summary: "Address on which the server tells its state as JSON."},

	{Name: "process.user", Type: "string", Summary: "Account the workers run as, by name or number; the one that starts the server where it is not set."},
	{Name: "process.group", Type: "string", Summary: "Group the workers run as, by name or number; the account's own where it is not set."},
	{Name: "process.supplementary_groups", Type: "bool", Default: "false", Summary: "Take over all groups of the account."},
	{Name: "process.umask", Type: "octal", Summary: "File creation mask, 0022; inherited where it is not set."},
	{Name: "process.pid_file", Type: "string", Summary: "File that holds the master's process id."},
	{Name: "process.daemon", Type: "bool", Default: "false", Summary: "Detach from the terminal."},
	{Name: "process.name", Type: "string", Summary: "Name shown by ps."},
	{Name: "process.stop_on_term", Type: "bool", Default: "true", Summary: "Stop on SIGTERM (uWSGI's master reloads instead, unless told)."},

	{Name: "reload.enabled", Type: "bool", Default: "false", Summary: "Restart workers when code changes; for development."},
	{Name: "reload.engine", Type: "string", Enum: []string{"auto", "poll", "inotify"}, Default: `"auto"`, Summary: "How changes are noticed."},
	{Name: "reload.files", Type: "list", Summary: "More files to watch."},

	{Name: "static.map", Type: "list", Summary: "Static files served without the application, mount=directory."},

	{Name: "hooks.file", Type: "string", Extra: RoleLabel, Summary: "Python file whose functions with the names of hooks are the hooks."},
	{Name: "hooks.on_starting", Type: "hook", Summary: "Before the master is initialised."},
	{Name: "hooks.on_reload", Type: "hook", Summary: "When the configuration is read again."},
	{Name: "hooks.when_ready", Type: "hook", Summary: "When the master has started."},
	{Name: "hooks.pre_fork", Type: "hook", Summary: "In the master, before a worker is forked."},
	{Name: "hooks.post_fork", Type: "hook", Summary: "In the worker, after the fork."},
	{Name: "hooks.post_worker_init", Type: "hook", Summary: "In the worker, after the application is loaded."},
	{Name: "hooks.worker_int", Type: "hook", Summary: "In the worker, on SIGINT or SIGQUIT."},
	{Name: "hooks.worker_abort", Type: "hook", Summary: "In the worker, on SIGABRT, mostly a timeout."},
	{Name: "hooks.pre_exec", Type: "hook", Summary: "In the master, before a new master is executed."},
	{Name: "hooks.pre_request", Type: "hook", Summary: "In the worker, before a request."},
	{Name: "hooks.post_request", Type: "hook", Summary: "In the worker, after a request."},
	{Name: "hooks.child_exit", Type: "hook", Summary: "In the master, after a worker has exited."},
	{Name: "hooks.worker_exit", Type: "hook", Summary: "In the worker, before it exits."},
	{Name: "hooks.nworkers_changed", Type: "hook", Summary: "In the master, when the number of workers has changed."},
	{Name: "hooks.on_exit", Type: "hook", Summary: "In the master, before it exits."},
	{Name: "hooks.ssl_context", Type: "hook", Summary: "Makes the TLS context."},
}
