package waitress

import (
	"slices"
	"sync"

	"gsrv/schema"
	"gsrv/schema/cmdline"
)

// Catalogue lists waitress's adjustments, 0.1 to 3.0. Defaults are 3.0's; types are those of Cast.
var Catalogue = &schema.Catalogue{Server: "waitress", Newest: "3.0.2", Options: []schema.Option{
	{Name: "host", Flags: []string{"--host"}, Type: "string", Default: `"0.0.0.0"`, Summary: "Address to listen on."},
	{Name: "port", Flags: []string{"--port"}, Type: "int", Default: "8080", Summary: "TCP port."},
	{Name: "listen", Flags: []string{"--listen"}, Type: "list", Default: `["0.0.0.0:8080"]`, Since: "1.0.0", Summary: "Addresses to listen on, host:port."},
	{Name: "unix_socket", Flags: []string{"--unix-socket"}, Type: "string", Since: "0.8.4", Summary: "Path of a unix socket to listen on."},
	{Name: "unix_socket_perms", Flags: []string{"--unix-socket-perms"}, Type: "octal", Default: "384", Since: "0.8.4", Model: "listen.mode", Convert: "octal", Summary: "Permissions of the unix socket, octal."},
	{Name: "sockets", Flags: []string{"--sockets"}, Type: "sockets", Default: "[]", Since: "1.2.0", Summary: "Open sockets; only for Python code."},
	{Name: "ipv4", Flags: []string{"--ipv4", "--no-ipv4"}, Type: "bool", Default: "true", Since: "1.0.0", Summary: "Resolve names to IPv4 addresses."},
	{Name: "ipv6", Flags: []string{"--ipv6", "--no-ipv6"}, Type: "bool", Default: "true", Since: "1.0.0", Summary: "Resolve names to IPv6 addresses."},
	{Name: "backlog", Flags: []string{"--backlog"}, Type: "int", Default: "1024", Model: "listen.backlog", Summary: "Connections the kernel keeps waiting."},
	{Name: "threads", Flags: []string{"--threads"}, Type: "int", Default: "4", Model: "workers.threads", Summary: "Threads that run the application."},
	{Name: "connection_limit", Flags: []string{"--connection-limit"}, Type: "int", Default: "100", Model: "workers.connections", Summary: "Most open connections.", Extra: &cmdline.Facts{Was: []cmdline.Was{{Before: "0.4", Default: "1000"}}}},
	{Name: "channel_timeout", Flags: []string{"--channel-timeout"}, Type: "int", Unit: "seconds", Default: "120", Model: "http.keep_alive", Summary: "Idle time after which a connection is closed."},
	{Name: "cleanup_interval", Flags: []string{"--cleanup-interval"}, Type: "int", Unit: "seconds", Default: "30", Summary: "Time between two looks for idle connections."},
	{Name: "max_request_header_size", Flags: []string{"--max-request-header-size"}, Type: "int", Unit: "bytes", Default: "262144", Model: "http.limits.request_head", Summary: "Largest request head."},
	{Name: "max_request_body_size", Flags: []string{"--max-request-body-size"}, Type: "int", Unit: "bytes", Default: "1073741824", Model: "http.limits.body", Summary: "Largest request body."},
	{Name: "trusted_proxy", Flags: []string{"--trusted-proxy"}, Type: "str-or-none", Since: "0.8.9", Model: "proxy.trusted", Convert: "list", Summary: "Address of the proxy whose headers are believed, or *."},
	{Name: "trusted_proxy_count", Flags: []string{"--trusted-proxy-count"}, Type: "int", Default: "1", Since: "1.2.0", Summary: "Proxies in a row that are believed."},
	{Name: "trusted_proxy_headers", Flags: []string{"--trusted-proxy-headers"}, Type: "set", Default: "[]", Since: "1.2.0", Enum: []string{"forwarded", "x-forwarded-by", "x-forwarded-for", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto"}, Summary: "Headers believed from the proxy."},
	{Name: "log_untrusted_proxy_headers", Flags: []string{"--log-untrusted-proxy-headers", "--no-log-untrusted-proxy-headers"}, Type: "bool", Default: "false", Since: "1.2.0", Summary: "Log proxy headers that are not believed."},
	{Name: "clear_untrusted_proxy_headers", Flags: []string{"--clear-untrusted-proxy-headers", "--no-clear-untrusted-proxy-headers"}, Type: "bool", Default: "true", Since: "1.2.0", Summary: "Remove proxy headers that are not believed.", Notes: []string{"false by default before 3.0.0"}, Extra: &cmdline.Facts{Was: []cmdline.Was{{Before: "3.0.0", Default: "false"}}}},
	{Name: "url_scheme", Flags: []string{"--url-scheme"}, Type: "string", Default: `"http"`, Summary: "Scheme the application sees."},
	{Name: "url_prefix", Flags: []string{"--url-prefix"}, Type: "path-prefix", Default: `""`, Since: "0.8.6", Summary: "Path the application is mounted at."},
	{Name: "server_name", Flags: []string{"--server-name"}, Type: "string", Default: `"waitress.invalid"`, Since: "2.0.0", Summary: "Server name for requests without a Host header."},
	{Name: "ident", Flags: []string{"--ident"}, Type: "str-or-none", Default: `"waitress"`, Summary: "Text of the Server header; empty for none."},
	{Name: "expose_tracebacks", Flags: []string{"--expose-tracebacks", "--no-expose-tracebacks"}, Type: "bool", Default: "false", Summary: "Send tracebacks to clients."},
	{Name: "log_socket_errors", Flags: []string{"--log-socket-errors", "--no-log-socket-errors"}, Type: "bool", Default: "true", Summary: "Log connections that break off."},
	{Name: "recv_bytes", Flags: []string{"--recv-bytes"}, Type: "int", Unit: "bytes", Default: "8192", Summary: "Bytes read at a time."},
	{Name: "send_bytes", Flags: []string{"--send-bytes"}, Type: "int", Unit: "bytes", Default: "1", Deprecated: "1.3.0", Summary: "Bytes gathered before sending.", Extra: &cmdline.Facts{Was: []cmdline.Was{{Before: "1.3.0", Default: "18000"}, {Before: "0.7", Default: "9000"}}}},
	{Name: "outbuf_overflow", Flags: []string{"--outbuf-overflow"}, Type: "int", Unit: "bytes", Default: "1048576", Summary: "Response size from which a file is used."},
	{Name: "outbuf_high_watermark", Flags: []string{"--outbuf-high-watermark"}, Type: "int", Unit: "bytes", Default: "16777216", Since: "1.3.0", Summary: "Unsent bytes at which the application is paused."},
	{Name: "inbuf_overflow", Flags: []string{"--inbuf-overflow"}, Type: "int", Unit: "bytes", Default: "524288", Summary: "Request size from which a file is used."},
	{Name: "channel_request_lookahead", Flags: []string{"--channel-request-lookahead"}, Type: "int", Default: "0", Since: "2.0.0", Summary: "Requests read ahead on a connection."},
	{Name: "asyncore_loop_timeout", Flags: []string{"--asyncore-loop-timeout"}, Type: "int", Unit: "seconds", Default: "1", Since: "0.8.3", Summary: "Longest wait of the main loop."},
	{Name: "asyncore_use_poll", Flags: []string{"--asyncore-use-poll", "--no-asyncore-use-poll"}, Type: "bool", Default: "false", Since: "0.8.6", Summary: "Wait with poll() instead of select()."},
}}

// commandLine is the catalogue as waitress-serve's options are: switches take no value, --listen adds up.
var commandLine = sync.OnceValue(func() *schema.Catalogue {
	c := &schema.Catalogue{Server: Catalogue.Server, Newest: Catalogue.Newest, Options: slices.Clone(Catalogue.Options)}
	for i := range c.Options {
		o := &c.Options[i]
		switch {
		case o.Type == "bool":
			o.Type = cmdline.TypeSwitch
		case o.Name == "listen":
			o.Multi = true
		}
		switch o.Name {
		case "host", "port", "listen", "unix_socket":
			o.Model = "listen.http"
		}
	}
	return c
})
