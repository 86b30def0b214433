package migrate

import "gsrv/migrate/write"

// into is an option that is a part of a setting of the model that another option makes.
func into(model string) fate { return fate{write.Exact, model, "part of " + model} }

// dropped is an option that has nothing to do where gsrv serves.
func dropped(reason string) fate { return fate{write.DroppedNoEffect, "", reason} }

// aside is an option that gsrv has no counterpart for, with the reason.
func aside(reason string) fate { return fate{write.Verbatim, "", reason} }

const (
	ownPlugins = "loads a part of uWSGI; gsrv has none to load"
	condition  = "decides which settings count; it became their condition"
	reads      = "names the configuration that is migrated"
)

// fates lists, by dialect, the options that the common model has no name for and that are not simply kept aside.
var fates = map[string]map[string]fate{
	"gunicorn": {
		"config": dropped(reads), "check_config": dropped("a way to call gunicorn, not a setting"), "print_config": dropped("a way to call gunicorn, not a setting"),
		"default_proc_name": dropped("gunicorn overwrites it with the application's name"),
		"django_settings":   aside("gsrv has no Django settings of its own: set DJANGO_SETTINGS_MODULE in app.environment"),
		"debug":             aside("gsrv has no debug mode"), "spew": aside("gsrv traces no lines"),
		"ssl_version": aside("gsrv chooses the TLS versions itself"),
	},
	"uwsgi": {
		"callable": into("app.module"), "mount": into("app.module"), "paste": into("app.paste_file"), "ini-paste": into("app.paste_file"), "ini-paste-logged": into("app.paste_file"),
		"module": into("app.module"), "wsgi-file": into("app.file"), "static-map2": into("static.map"),
		"http": into("listen.http"), "httprouter": into("listen.http"), "http-socket": into("listen.http"), "http11-socket": into("listen.http"), "https": into("listen.http"), "https-socket": into("listen.http"),
		"socket": into("listen.uwsgi"), "uwsgi-socket": into("listen.uwsgi"), "puwsgi-socket": into("listen.uwsgi"), "suwsgi-socket": into("listen.uwsgi"),
		"fastcgi-socket": into("listen.fastcgi"), "fastcgi-nph-socket": into("listen.fastcgi"), "scgi-socket": into("listen.scgi"), "scgi-nph-socket": into("listen.scgi"),
		"http-keepalive": into("http.keep_alive"),
		"protocol":       into("listen"), "socket-protocol": into("listen"),
		"master": into("workers.preload"), "lazy": into("workers.preload"), "lazy-apps": into("workers.preload"),
		"gevent": into("workers.connections"), "asyncio": into("workers.connections"), "tornado": into("workers.connections"), "async": into("workers.connections"), "greenlet": into("workers.class"), "loop": into("workers.class"),
		"logger": into("log.error.to"), "logto": into("log.error.to"), "logto2": into("log.error.to"), "req-logger": into("log.access.to"), "disable-logging": into("log.access.to"),
		"daemonize": into("process.daemon"), "daemonize2": into("process.daemon"),
		"procname-master": into("process.name"), "procname-prefix": into("process.name"), "procname-prefix-spaced": into("process.name"),
		"py-auto-reload": into("reload.enabled"),

		"ini": dropped(reads), "yaml": dropped(reads), "yml": dropped(reads), "json": dropped(reads), "js": dropped(reads), "xml": dropped(reads), "xmlconfig": dropped(reads),
		"config": dropped(reads), "include": dropped(reads), "inherit": dropped(reads),
		"plugin": dropped(ownPlugins), "plugins": dropped(ownPlugins), "need-plugin": dropped(ownPlugins), "need-plugins": dropped(ownPlugins), "plugins-dir": dropped(ownPlugins), "plugin-dir": dropped(ownPlugins),
		"plugins-list": dropped(ownPlugins), "plugin-list": dropped(ownPlugins), "autoload": dropped(ownPlugins),
		"set-placeholder": dropped("a placeholder; its value stands where it is used"), "set-ph": dropped("a placeholder; its value stands where it is used"),
		"vacuum": dropped("gsrv removes its sockets and its pid file itself"),
		"strict": dropped("gsrv refuses unknown settings always"),
		"if-env": fate{write.Exact, "", condition}, "if-not-env": fate{write.Exact, "", condition}, "if-opt": fate{write.Exact, "", condition}, "if-not-opt": fate{write.Exact, "", condition}, "if-file": fate{write.Exact, "", condition}, "if-not-file": fate{write.Exact, "", condition},
		"if-dir": fate{write.Exact, "", condition}, "if-not-dir": fate{write.Exact, "", condition}, "if-directory": fate{write.Exact, "", condition}, "if-exists": fate{write.Exact, "", condition}, "if-not-exists": fate{write.Exact, "", condition}, "if-hostname": fate{write.Exact, "", condition}, "if-not-hostname": fate{write.Exact, "", condition},
		"ifdef": fate{write.Exact, "", condition}, "ifndef": fate{write.Exact, "", condition},
		"endif": fate{write.Exact, "", condition}, "endfor": fate{write.Exact, "", condition}, "for": fate{write.Exact, "", condition}, "for-glob": fate{write.Exact, "", condition}, "for-times": fate{write.Exact, "", condition}, "for-readline": fate{write.Exact, "", condition},
		"print": dropped("prints a text while uwsgi starts"), "exit": aside("ends uwsgi"), "show-config": dropped("a way to call uwsgi, not a setting"),
	},
	"paste": {
		"use":  dropped("names the server that is replaced"),
		"host": into("listen.http"), "port": into("listen.http"), "listen": into("listen.http"), "unix_socket": into("listen.http"),
	},
	"waitress": {
		"host": into("listen.http"), "port": into("listen.http"), "listen": into("listen.http"), "unix_socket": into("listen.http"),
	},
}
