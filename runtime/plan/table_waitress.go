package plan

// waitressTable is for waitress's adjustments, also in a Paste file's [server:main].
var waitressTable = &Table{Server: "waitress", Rules: []Rule{
	{Honoured, "host port listen unix_socket unix_socket_perms backlog", ""},
	{Honoured, "threads", "One worker process with that many threads."},
	{Honoured, "connection_limit", ""},
	{Honoured, "channel_timeout", "The time an idle connection is kept."},
	{Honoured, "max_request_header_size max_request_body_size", ""},
	{Honoured, "trusted_proxy", ""},
	{Honoured, "url_scheme url_prefix", ""},
	{Honoured, "ipv4 ipv6", "* is 0.0.0.0 and [::], a name every address that it has, of the families that are on."},

	{Meaningless, "server_name", "SERVER_NAME is the address that the listener has; applications go by the Host header."},
	{Meaningless, "cleanup_interval", "Idle connections are closed when their time is over, without looking for them."},
	{Meaningless, "log_socket_errors", "The access log tells of requests that broke off; errors of sockets are logged at debug level."},
	{Meaningless, "recv_bytes send_bytes outbuf_overflow outbuf_high_watermark inbuf_overflow", "Buffers are gsrv's own: small bodies are kept in memory, large ones in an unlinked file."},
	{Meaningless, "channel_request_lookahead", "The next request of a connection is read when the one before it is answered."},
	{Meaningless, "asyncore_loop_timeout asyncore_use_poll", "There is no such loop here."},
	{Meaningless, "log_untrusted_proxy_headers", "Headers of peers that are not trusted are not believed, and not logged."},
	{Meaningless, "clear_untrusted_proxy_headers", "Headers of peers that are not trusted change nothing; the application sees them as HTTP_ variables, as any other."},

	{Refused, "sockets", "It is for Python code alone. Use listen or unix_socket."},
	{Refused, "trusted_proxy_count", "One proxy is believed: the peer. Let it write the headers anew instead of adding to them."},
	{Refused, "trusted_proxy_headers", "Of a trusted peer, X-Forwarded-Proto, -Protocol and -Ssl set the scheme, and nothing sets the client's address: the application sees HTTP_X_FORWARDED_FOR. Leave x-forwarded-proto alone in it, and use the framework's middleware for the rest (werkzeug's ProxyFix, Django's USE_X_FORWARDED_HOST)."},
	{Refused, "ident", "The Server header is gsrv's. Remove or set it in the proxy."},
	{Refused, "expose_tracebacks", "Tracebacks go to the error log, not to clients. Use the framework's debug pages in development."},
}}
