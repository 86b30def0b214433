package plan

// nativeTable is for gsrv.hcl, by the names of the common model.
var nativeTable = &Table{Server: "gsrv", Rules: []Rule{
	{Honoured, "app.module app.file app.directory app.python_path app.virtualenv app.environment app.paste_file app.paste_variables", ""},
	{Honoured, "listen.http listen.backlog listen.mode listen.owner listen.reuse_port listen.by_address", ""},
	{Honoured, "workers.count workers.class workers.threads workers.connections workers.preload workers.timeout workers.graceful_timeout", "Classes are sync, thread and gevent."},
	{Honoured, "workers.recycle.requests workers.recycle.jitter workers.recycle.memory workers.recycle.lifetime", ""},
	{Honoured, "workers.minimum", "Workers are added, up to count, when all have been busy for three seconds, and taken again, one every three seconds."},
	{Honoured, "http.keep_alive http.timeout http.send_file http.request_id_header http.health_path http.ready_path http.limits.request_line http.limits.header_count http.limits.header_size http.limits.request_head http.limits.body", ""},
	{Honoured, "proxy.trusted proxy.protocol proxy.protocol_trusted proxy.secure_scheme_headers proxy.forwarder_headers proxy.header_map", ""},
	{Honoured, "tls.certificate tls.key tls.client_ca tls.client_certificate tls.ciphers", "Certificates are read again when their files change. HTTP/2 is offered."},
	{Honoured, "log.level log.error.to log.access.to log.access.format log.capture_output log.syslog.*", "The access log's format is gunicorn's, uWSGI's log-format, or json."},
	{Honoured, "log.config log.config_file log.class", "gunicorn's logconfig_dict, logconfig (or logconfig_json, by the file's name) and logger_class: see [Python's logging](#pythons-logging)."},
	{Honoured, "metrics.statsd.address metrics.statsd.prefix metrics.statsd.tags", ""},
	{Honoured, "metrics.stats_address", "uWSGI's statistics, for uwsgitop."},
	{Honoured, "process.user process.group process.supplementary_groups process.umask process.pid_file process.daemon process.name", ""},
	{Honoured, "static.map", "Files are sent without a worker, before the application is asked, and never out of their directory."},
	{Honoured, "reload.enabled reload.engine reload.files", ""},
	{Honoured, "hooks.file hooks.on_starting hooks.on_reload hooks.when_ready hooks.pre_fork hooks.post_fork hooks.post_worker_init hooks.worker_int hooks.worker_abort hooks.pre_exec hooks.pre_request hooks.post_request hooks.child_exit hooks.worker_exit hooks.nworkers_changed hooks.on_exit", ""},

	{Meaningless, "app.required", "A server without its application serves nothing: it is always required."},
	{Meaningless, "process.stop_on_term", "SIGTERM always stops the server; HUP reloads it."},
	{Meaningless, "workers.master", "There is always a master."},
	{Meaningless, "workers.python_threads", "The application may always start threads."},
	{Meaningless, "workers.single_interpreter", "The application always runs in Python's main interpreter."},
	{Meaningless, "workers.temporary_directory", "Workers have no heartbeat file."},
	{Meaningless, "tls.suppress_ragged_eofs tls.handshake_on_connect", "TLS is done outside of Python: a connection that breaks off disturbs nobody, and handshakes hold no worker."},

	{Refused, "listen.uwsgi listen.fastcgi listen.scgi", "gsrv run speaks HTTP. Use a listen block without protocol, and the proxy's proxy_pass."},
	{Refused, "hooks.ssl_context", "TLS is done outside of Python. Say what the hook does with the settings of the tls block."},
}}
