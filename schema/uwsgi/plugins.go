package uwsgi

import (
	"path"
	"slices"
	"strings"

	"gsrv/schema"
)

// uWSGI is built in two ways. The distribution's build has the bare core, and plugins are modules that a plugin line
// loads from a directory; PyPI's build has Python and the plugins below compiled in. An option whose plugin is not
// loaded is an unknown one: silently kept as a placeholder in files, refused on the command line and under strict.
//
// The recordings this package is tested with are of Debian's 2.0.21, so a target of exactly that release means the
// modular build. Any other target means PyPI's build; in files its options of further plugins count as there, as they
// are where the plugin is installed.

// embeddedPlugins are compiled into the default build, which "pip install uwsgi" makes (buildconf/default.ini).
var embeddedPlugins = []string{
	"python", "gevent", "ping", "cache", "nagios", "rrdtool", "carbon", "rpc", "corerouter", "fastrouter", "http", "ugreen",
	"signal", "syslog", "rsyslog", "logsocket", "router_uwsgi", "router_redirect", "router_basicauth", "zergpool",
	"redislog", "mongodblog", "router_rewrite", "router_http", "logfile", "router_cache", "rawrouter", "router_static",
	"sslrouter", "spooler", "cheaper_busyness", "symcall", "transformation_tofile", "transformation_gzip",
	"transformation_chunked", "transformation_offload", "router_memcached", "router_redis", "router_hash",
	"router_expires", "router_metrics", "transformation_template", "stats_pusher_socket",
}

// debianModules are the modules of Debian 12's packages (uwsgi-core, uwsgi-plugins-all and the ones for languages).
var debianModules = []string{
	"alarm_curl", "alarm_xmpp", "asyncio_python3", "asyncio_python311", "cache", "carbon", "cgi", "cheaper_backlog2",
	"cheaper_busyness", "clock_monotonic", "clock_realtime", "corerouter", "curl_cron", "echo", "emperor_amqp",
	"emperor_pg", "emperor_zeromq", "fastrouter", "fiber", "forkptyrouter", "gccgo", "geoip", "gevent_python3",
	"gevent_python311", "glusterfs", "graylog2", "greenlet_python3", "greenlet_python311", "http", "jvm", "jvm_openjdk17",
	"jwsgi", "jwsgi_openjdk17", "ldap", "logcrypto", "logfile", "logpipe", "logsocket", "logzmq", "lua", "lua51", "lua52",
	"mongrel2", "mono", "msgpack", "nagios", "notfound", "pam", "php", "ping", "psgi", "pty", "python3", "python311", "rack",
	"rack_ruby31", "rados", "rawrouter", "rbthreads", "redislog", "ring", "ring_openjdk17", "router_access",
	"router_basicauth", "router_cache", "router_expires", "router_hash", "router_http", "router_memcached",
	"router_metrics", "router_radius", "router_redirect", "router_redis", "router_rewrite", "router_static",
	"router_uwsgi", "router_xmldir", "rpc", "rrdtool", "rsyslog", "servlet", "servlet_openjdk17", "signal", "spooler",
	"sqlite3", "ssi", "sslrouter", "stats_pusher_file", "stats_pusher_socket", "stats_pusher_statsd", "symcall",
	"syslog", "systemd_logger", "tornado_python3", "tornado_python311", "transformation_chunked",
	"transformation_gzip", "transformation_offload", "transformation_template", "transformation_tofile",
	"transformation_toupper", "tuntap", "ugreen", "webdav", "xattr", "xslt", "zabbix", "zergpool",
}

// pluginNeeds are the plugins that another one cannot be loaded without. The routers load theirs themselves; for the
// others the symbols are missing unless the language was loaded before.
var pluginNeeds = map[string]string{
	"gevent": "python", "asyncio": "python", "greenlet": "python", "tornado": "python", "fiber": "rack", "rbthreads": "rack",
	"jwsgi": "jvm", "ring": "jvm", "servlet": "jvm",
}

var routerPlugins = []string{"http", "fastrouter", "rawrouter", "sslrouter", "forkptyrouter"}

// pluginOf gives the plugin that a module's name stands for: python3, python311 and python3_plugin.so are python.
func pluginOf(module string) string {
	name := strings.TrimSuffix(path.Base(module), "_plugin.so")
	for _, language := range []string{"_python", "_pypy", "_openjdk", "_ruby"} {
		if base, version, ok := strings.Cut(name, language); ok && strings.Trim(version, "0123456789.") == "" {
			name = base
		}
	}
	for _, language := range []string{"python", "lua", "rack", "ruby", "mono"} {
		if version, ok := strings.CutPrefix(name, language); ok && version != "" && strings.Trim(version, "0123456789.") == "" {
			return language
		}
	}
	return name
}

// loadPlugins is the plugin option: a comma list of names, paths, or MODIFIER:NAME. need tells that a missing plugin
// stops the start, which the option's name says.
func (r *reader) loadPlugins(o *entry, need bool) {
	for part := range strings.SplitSeq(o.val.s, ",") {
		if part == "" {
			continue
		}
		name := strings.TrimSpace(part)
		if i := strings.IndexByte(name, ':'); i >= 0 {
			name = name[i+1:]
		}
		name, _, _ = strings.Cut(name, "|")
		if strings.ContainsRune(name, 0) {
			r.note("plugin-unknown", r.valueRange(o), "Plugin not known", "Which plugin is loaded depends on the host, so options that it brings may be taken for unknown ones.")
			continue
		}
		r.loadPlugin(o, name, need)
	}
}

func (r *reader) loadPlugin(o *entry, name string, need bool) {
	plugin := pluginOf(name)
	if r.plugins[plugin] {
		return
	}
	at := r.valueRange(o)
	if !r.hasModule(name) {
		if need {
			r.refuse("plugin-missing", at, "Plugin not found", "unable to load plugin \""+name+"\"",
				"There is no plugin %q%s, and %s stops the start without it.%s", name, r.buildPhrase(), o.key.s, suggestModule(name))
		} else {
			r.warn("plugin-missing", at, "Plugin not found",
				"There is no plugin %q%s. uWSGI logs that and goes on without it, so the options it should bring have no effect.%s", name, r.buildPhrase(), suggestModule(name))
		}
		return
	}
	if base := pluginNeeds[plugin]; base != "" && !r.plugins[base] {
		if need {
			r.refuse("plugin-order", at, "Plugin loaded too early", "unable to load plugin \""+name+"\"",
				"The plugin %s needs the plugin %s loaded before it. Write %s first.", name, base, base)
		} else {
			r.warn("plugin-order", at, "Plugin loaded too early",
				"The plugin %s needs the plugin %s loaded before it; as it stands uWSGI logs an undefined symbol and goes on without it. Write %s first.", name, base, base)
		}
		return
	}
	r.plugins[plugin] = true
	if slices.Contains(routerPlugins, plugin) {
		r.plugins["corerouter"] = true
	}
}

// hasModule tells whether a module of this name can be loaded.
func (r *reader) hasModule(name string) bool {
	file := name
	if !strings.HasSuffix(file, "_plugin.so") {
		file += "_plugin.so"
	}
	if strings.Contains(name, "/") {
		return r.in.Files.Exists(file) != "" || !r.onMachine
	}
	for _, dir := range r.pluginDirs {
		if r.in.Files.Exists(dir+"/"+file) != "" {
			return true
		}
	}
	if len(r.pluginDirs) > 0 && !r.onMachine {
		return true
	}
	if r.modular {
		return slices.Contains(debianModules, name)
	}
	return knownPlugin(pluginOf(name))
}

// knownPlugin tells whether uWSGI has a plugin of this name in any build.
func knownPlugin(name string) bool {
	if slices.Contains(embeddedPlugins, name) || name == "php" || name == "notfound" || name == "psgi" {
		return true
	}
	for _, module := range debianModules {
		if pluginOf(module) == name {
			return true
		}
	}
	for i := range pluginOptions {
		if info(&pluginOptions[i]).Plugin == name {
			return true
		}
	}
	return slices.Contains([]string{"dummy", "cplusplus", "legion_cache_fetch", "exception_log", "alarm_speech", "emperor_mongodb", "stats_pusher_mongodb", "router_spnego", "pyuwsgi", "objc_gc", "matheval", "libffi", "libtcc"}, name)
}

func suggestModule(name string) string {
	if near := schema.Nearest(name, debianModules); near != "" && near != name {
		return " Was " + near + " meant?"
	}
	return ""
}

func (r *reader) buildPhrase() string {
	if r.modular {
		return " among Debian's modules for uWSGI " + r.version
	}
	return ""
}

// loaded tells whether an option's plugin is there: in the core, compiled in, or loaded by now.
func (r *reader) loaded(o *schema.Option) bool {
	plugin := info(o).Plugin
	return plugin == "" || r.plugins[plugin]
}

// programPlugins loads the plugins that the program's own name asks for: uwsgi_python3 loads python3.
func (r *reader) programPlugins(program string) {
	base := path.Base(program)
	if i := strings.Index(base, "uwsgi_"); i >= 0 {
		for name := range strings.SplitSeq(base[i+len("uwsgi_"):], "_") {
			if name != "" && r.hasModule(name) {
				r.plugins[pluginOf(name)] = true
			}
		}
	}
	if names, state := r.in.Host.Env("UWSGI_PLUGINS"); state == schema.EnvSet {
		for name := range strings.SplitSeq(names, ",") {
			if r.hasModule(name) {
				r.plugins[pluginOf(name)] = true
			}
		}
	}
}
