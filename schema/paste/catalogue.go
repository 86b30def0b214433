package paste

import "gsrv/schema"

// A server is what is known of an entry point that a [server:] section can use.
type server struct {
	// name is the server's own, for messages.
	name      string
	catalogue *schema.Catalogue
	// function is the Python function's name in its TypeError for a keyword it does not take; empty for a server that
	// has its own message or takes anything.
	function string
	// ignores tells that unknown keys are taken and have no effect.
	ignores bool
	// protocol is the model's listen list that host and port belong to: listen.http, listen.fastcgi …
	protocol string
	// check looks at what single keys do not tell.
	check func(*reading)
}

// servers are the known servers by their object.
var servers = map[string]*server{
	"waitress:serve_paste":                          {name: "waitress", catalogue: waitress, protocol: "listen.http", check: checkWaitress},
	"paste.httpserver:server_runner":                {name: "Paste's HTTP server", catalogue: pasteHTTP, function: "serve", protocol: "listen.http", check: checkPasteHTTP},
	"pyramid.scripts.pserve:wsgiref_server_runner":  {name: "wsgiref", catalogue: wsgiref, ignores: true, protocol: "listen.http"},
	"pyramid.scripts.pserve:cherrypy_server_runner": {name: "CherryPy", catalogue: cherrypy, function: "cherrypy_server_runner", protocol: "listen.http"},
	"paste.script.cherrypy_server:cpwsgi_server":    {name: "CherryPy", catalogue: cherrypy, function: "cpwsgi_server", protocol: "listen.http"},
	"paste.script.wsgiutils_server:run_server":      {name: "WSGIUtils", catalogue: hostPort("wsgiutils", "localhost", "8080"), function: "run_server", protocol: "listen.http"},
	"paste.script.twisted_web2_server:run_twisted":  {name: "Twisted", catalogue: hostPort("twisted", "127.0.0.1", "8080"), function: "run_twisted", protocol: "listen.http"},
	"paste.script.cgi_server:paste_run_cgi":         {name: "CGI", catalogue: &schema.Catalogue{Server: "cgi"}, function: "paste_run_cgi"},
	"paste.script.flup_server:run_fcgi_thread":      {name: "flup FastCGI", catalogue: fastCGI, function: "run_fcgi_thread", protocol: "listen.fastcgi"},
	"paste.script.flup_server:run_fcgi_fork":        {name: "flup FastCGI", catalogue: fastCGI, function: "run_fcgi_fork", protocol: "listen.fastcgi"},
	"paste.script.flup_server:run_scgi_thread":      {name: "flup SCGI", catalogue: flup("scgi", "4000"), function: "run_scgi_thread", protocol: "listen.scgi"},
	"paste.script.flup_server:run_scgi_fork":        {name: "flup SCGI", catalogue: flup("scgi", "4000"), function: "run_scgi_fork", protocol: "listen.scgi"},
	"paste.script.flup_server:run_ajp_thread":       {name: "flup AJP", catalogue: flup("ajp", "8009"), function: "run_ajp_thread"},
	"paste.script.flup_server:run_ajp_fork":         {name: "flup AJP", catalogue: flup("ajp", "8009"), function: "run_ajp_fork"},
}

// waitress lists waitress's adjustments, 0.1 to 3.0. Defaults are 3.0's.
var waitress = &schema.Catalogue{Server: "waitress", Newest: "3.0.2", Options: []schema.Option{
	{Name: "host", Flags: []string{"--host"}, Type: typeString, Default: `"0.0.0.0"`, Summary: "Address to listen on."},
	{Name: "port", Flags: []string{"--port"}, Type: typeInt, Default: "8080", Summary: "TCP port."},
	{Name: "listen", Flags: []string{"--listen"}, Type: typeList, Default: `["0.0.0.0:8080"]`, Since: "1.0.0", Summary: "Addresses to listen on, host:port."},
	{Name: "unix_socket", Flags: []string{"--unix-socket"}, Type: typeString, Since: "0.8.4", Summary: "Path of a unix socket to listen on."},
	{Name: "unix_socket_perms", Flags: []string{"--unix-socket-perms"}, Type: typeOctal, Default: "384", Since: "0.8.4", Model: "listen.mode", Convert: "octal", Summary: "Permissions of the unix socket, octal."},
	{Name: "sockets", Flags: []string{"--sockets"}, Type: typeNone, Default: "[]", Since: "1.2.0", Summary: "Open sockets; only for Python code."},
	{Name: "ipv4", Flags: []string{"--ipv4", "--no-ipv4"}, Type: typeBool, Default: "true", Since: "1.0.0", Summary: "Resolve names to IPv4 addresses."},
	{Name: "ipv6", Flags: []string{"--ipv6", "--no-ipv6"}, Type: typeBool, Default: "true", Since: "1.0.0", Summary: "Resolve names to IPv6 addresses."},
	{Name: "backlog", Flags: []string{"--backlog"}, Type: typeInt, Default: "1024", Model: "listen.backlog", Summary: "Connections the kernel keeps waiting."},
	{Name: "threads", Flags: []string{"--threads"}, Type: typeInt, Default: "4", Model: "workers.threads", Summary: "Threads that run the application."},
	{Name: "connection_limit", Flags: []string{"--connection-limit"}, Type: typeInt, Default: "100", Model: "workers.connections", Summary: "Most open connections."},
	{Name: "channel_timeout", Flags: []string{"--channel-timeout"}, Type: typeInt, Unit: "seconds", Default: "120", Model: "http.keep_alive", Summary: "Idle time after which a connection is closed."},
	{Name: "cleanup_interval", Flags: []string{"--cleanup-interval"}, Type: typeInt, Unit: "seconds", Default: "30", Summary: "Time between two looks for idle connections."},
	{Name: "max_request_header_size", Flags: []string{"--max-request-header-size"}, Type: typeInt, Unit: "bytes", Default: "262144", Model: "http.limits.request_head", Summary: "Largest request head."},
	{Name: "max_request_body_size", Flags: []string{"--max-request-body-size"}, Type: typeInt, Unit: "bytes", Default: "1073741824", Model: "http.limits.body", Summary: "Largest request body."},
	{Name: "trusted_proxy", Flags: []string{"--trusted-proxy"}, Type: typeOrNone, Since: "0.8.9", Model: "proxy.trusted", Convert: "list", Summary: "Address of the proxy whose headers are believed, or *."},
	{Name: "trusted_proxy_count", Flags: []string{"--trusted-proxy-count"}, Type: typeInt, Default: "1", Since: "1.2.0", Summary: "Proxies in a row that are believed."},
	{Name: "trusted_proxy_headers", Flags: []string{"--trusted-proxy-headers"}, Type: typeSet, Default: "[]", Since: "1.2.0", Enum: []string{"forwarded", "x-forwarded-by", "x-forwarded-for", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto"}, Summary: "Headers believed from the proxy."},
	{Name: "log_untrusted_proxy_headers", Flags: []string{"--log-untrusted-proxy-headers", "--no-log-untrusted-proxy-headers"}, Type: typeBool, Default: "false", Since: "1.2.0", Summary: "Log proxy headers that are not believed."},
	{Name: "clear_untrusted_proxy_headers", Flags: []string{"--clear-untrusted-proxy-headers", "--no-clear-untrusted-proxy-headers"}, Type: typeBool, Default: "true", Since: "1.2.0", Summary: "Remove proxy headers that are not believed.", Notes: []string{"false by default before 3.0.0"}},
	{Name: "url_scheme", Flags: []string{"--url-scheme"}, Type: typeString, Default: `"http"`, Summary: "Scheme the application sees."},
	{Name: "url_prefix", Flags: []string{"--url-prefix"}, Type: typePath, Default: `""`, Since: "0.8.6", Summary: "Path the application is mounted at."},
	{Name: "server_name", Flags: []string{"--server-name"}, Type: typeString, Default: `"waitress.invalid"`, Since: "2.0.0", Summary: "Server name for requests without a Host header."},
	{Name: "ident", Flags: []string{"--ident"}, Type: typeOrNone, Default: `"waitress"`, Summary: "Text of the Server header; empty for none."},
	{Name: "expose_tracebacks", Flags: []string{"--expose-tracebacks", "--no-expose-tracebacks"}, Type: typeBool, Default: "false", Summary: "Send tracebacks to clients."},
	{Name: "log_socket_errors", Flags: []string{"--log-socket-errors", "--no-log-socket-errors"}, Type: typeBool, Default: "true", Summary: "Log connections that break off."},
	{Name: "recv_bytes", Flags: []string{"--recv-bytes"}, Type: typeInt, Unit: "bytes", Default: "8192", Summary: "Bytes read at a time."},
	{Name: "send_bytes", Flags: []string{"--send-bytes"}, Type: typeInt, Unit: "bytes", Default: "1", Deprecated: "1.3.0", Summary: "Bytes gathered before sending."},
	{Name: "outbuf_overflow", Flags: []string{"--outbuf-overflow"}, Type: typeInt, Unit: "bytes", Default: "1048576", Summary: "Response size from which a file is used."},
	{Name: "outbuf_high_watermark", Flags: []string{"--outbuf-high-watermark"}, Type: typeInt, Unit: "bytes", Default: "16777216", Since: "1.3.0", Summary: "Unsent bytes at which the application is paused."},
	{Name: "inbuf_overflow", Flags: []string{"--inbuf-overflow"}, Type: typeInt, Unit: "bytes", Default: "524288", Summary: "Request size from which a file is used."},
	{Name: "channel_request_lookahead", Flags: []string{"--channel-request-lookahead"}, Type: typeInt, Default: "0", Since: "2.0.0", Summary: "Requests read ahead on a connection."},
	{Name: "asyncore_loop_timeout", Flags: []string{"--asyncore-loop-timeout"}, Type: typeInt, Unit: "seconds", Default: "1", Since: "0.8.3", Summary: "Longest wait of the main loop."},
	{Name: "asyncore_use_poll", Flags: []string{"--asyncore-use-poll", "--no-asyncore-use-poll"}, Type: typeBool, Default: "false", Since: "0.8.6", Summary: "Wait with poll() instead of select()."},
}}

// pasteHTTP lists what egg:Paste#http takes, Paste 3.5 to 3.10.
var pasteHTTP = &schema.Catalogue{Server: "Paste#http", Newest: "3.10.1", Options: []schema.Option{
	{Name: "host", Type: typeString, Default: `"127.0.0.1"`, Summary: "Address to listen on."},
	{Name: "port", Type: typeInt, Default: "8080", Summary: "TCP port; 4443 with TLS."},
	{Name: "ssl_pem", Type: typeString, Model: "tls.certificate", Summary: "Certificate and key, PEM file; * makes a throwaway one."},
	{Name: "ssl_context", Type: typeString, Summary: "TLS context; only for Python code."},
	{Name: "server_version", Type: typeString, Summary: "Text of the Server header."},
	{Name: "protocol_version", Type: typeString, Enum: []string{"HTTP/0.9", "HTTP/1.0", "HTTP/1.1"}, Summary: "HTTP version spoken."},
	{Name: "start_loop", Type: typeAsBool, Default: "true", Summary: "Serve at once; only for Python code."},
	{Name: "daemon_threads", Type: typeAsBool, Default: "false", Summary: "Drop open requests when stopped."},
	{Name: "socket_timeout", Type: typeInt, Unit: "seconds", Model: "http.timeout", Summary: "Longest life of a connection."},
	{Name: "use_threadpool", Type: typeAsBool, Default: "true", Summary: "Serve from a fixed number of threads."},
	{Name: "threadpool_workers", Type: typeInt, Default: "10", Model: "workers.threads", Summary: "Threads in the pool."},
	{Name: "request_queue_size", Type: typeInt, Default: "5", Model: "listen.backlog", Summary: "Connections the kernel keeps waiting."},
	{Name: "threadpool_max_requests", Type: typeInt, Default: "100", Summary: "Requests after which a thread is replaced."},
	{Name: "threadpool_hung_thread_limit", Type: typeInt, Unit: "seconds", Default: "30", Summary: "Time after which a thread counts as hung."},
	{Name: "threadpool_kill_thread_limit", Type: typeInt, Unit: "seconds", Default: "1800", Summary: "Time after which a hung thread is killed."},
	{Name: "threadpool_dying_limit", Type: typeInt, Unit: "seconds", Default: "300", Summary: "Time a killed thread gets to end."},
	{Name: "threadpool_spawn_if_under", Type: typeInt, Default: "5", Summary: "Busy threads below which more are started."},
	{Name: "threadpool_max_zombie_threads_before_die", Type: typeInt, Default: "0", Summary: "Threads that cannot be killed before the process ends; 0 for any."},
	{Name: "threadpool_hung_check_period", Type: typeInt, Default: "100", Summary: "Requests between two looks for hung threads."},
	{Name: "threadpool_logger", Type: typeString, Summary: "Logger; only for Python code."},
	{Name: "threadpool_error_email", Type: typeString, Summary: "Who is told of hung threads."},
	{Name: "threadpool_name", Type: typeString, Summary: "Name of the pool in the log."},
	{Name: "handler", Type: typeString, Summary: "Request handler; only for Python code."},
}}

var wsgiref = hostPort("wsgiref", "0.0.0.0", "8080")

// cherrypy lists what egg:PasteScript#cherrypy and egg:pyramid#cherrypy take.
var cherrypy = &schema.Catalogue{Server: "cherrypy", Options: []schema.Option{
	{Name: "host", Type: typeString, Default: `"127.0.0.1"`, Summary: "Address to listen on."},
	{Name: "port", Type: typeInt, Default: "8080", Summary: "TCP port; 4443 with TLS."},
	{Name: "ssl_pem", Type: typeString, Model: "tls.certificate", Summary: "Certificate and key, PEM file."},
	{Name: "protocol_version", Type: typeString, Summary: "HTTP version spoken."},
	{Name: "numthreads", Type: typeInt, Default: "10", Model: "workers.threads", Summary: "Threads that run the application."},
	{Name: "server_name", Type: typeString, Summary: "Server name the application sees."},
	{Name: "max", Type: typeInt, Default: "-1", Summary: "Most queued requests; -1 for any."},
	{Name: "request_queue_size", Type: typeInt, Default: "5", Model: "listen.backlog", Summary: "Connections the kernel keeps waiting."},
	{Name: "timeout", Type: typeInt, Unit: "seconds", Default: "10", Model: "http.timeout", Summary: "Time a connection may be silent."},
}}

var fastCGI = &schema.Catalogue{Server: "flup", Options: []schema.Option{
	{Name: "host", Type: typeString, Summary: "Address to listen on; without it and socket, the web server's own socket."},
	{Name: "port", Type: typeInt, Summary: "TCP port."},
	{Name: "socket", Type: typeString, Summary: "Path of a unix socket."},
	{Name: "umask", Type: typeInt, Summary: "File creation mask for the socket, a decimal number."},
	{Name: "multiplexed", Type: typeAsBool, Default: "false", Summary: "Serve several requests on a connection."},
}}

func flup(name, port string) *schema.Catalogue {
	c := hostPort(name, "localhost", port)
	c.Options = append(c.Options,
		schema.Option{Name: "scriptName", Type: typeString, Default: `""`, Summary: "Path the application is mounted at."},
		schema.Option{Name: "allowedServers", Type: typeList, Default: `["127.0.0.1"]`, Summary: "Addresses that may connect."})
	return c
}

func hostPort(name, host, port string) *schema.Catalogue {
	return &schema.Catalogue{Server: name, Options: []schema.Option{
		{Name: "host", Type: typeString, Default: `"` + host + `"`, Summary: "Address to listen on."},
		{Name: "port", Type: typeInt, Default: port, Summary: "TCP port."},
	}}
}
