package gunicorn

import (
	"slices"
	"strings"

	"gsrv/schema"
	"gsrv/schema/python/eval"
	"gsrv/schema/python/value"
)

// invented maps names that people give to a setting, besides the words of its flags, to the setting meant.
var invented = map[string]string{
	"access_log": "accesslog", "accesslog_file": "accesslog", "access_log_file": "accesslog", "accesslogfile": "accesslog",
	"error_log": "errorlog", "errorlog_file": "errorlog", "error_log_file": "errorlog", "errorlogfile": "errorlog", "logfile": "errorlog", "log": "errorlog",
	"log_format": "access_log_format", "access_log_fmt": "access_log_format", "access_logfmt": "access_log_format", "accesslog_format": "access_log_format",
	"process_name": "proc_name", "app_name": "proc_name", "procname": "proc_name",
	"python_path": "pythonpath", "pid_path": "pidfile", "pid_file": "pidfile",
	"environment": "raw_env", "env_vars": "raw_env", "raw_envs": "raw_env",
	"worker_type": "worker_class", "worker_kind": "worker_class", "workerclass": "worker_class", "worker_classes": "worker_class", "workers_class": "worker_class",
	"num_workers": "workers", "nworkers": "workers", "n_workers": "workers", "worker_count": "workers", "workers_count": "workers", "worker_num": "workers", "workers_num": "workers", "number_of_workers": "workers", "worker_processes": "workers",
	"num_threads": "threads", "n_threads": "threads", "thread_count": "threads", "worker_threads": "threads", "threads_per_worker": "threads",
	"worker_timeout": "timeout", "request_timeout": "timeout", "worker_connection": "worker_connections", "connections": "worker_connections",
	"graceful_shutdown_timeout": "graceful_timeout", "keepalive_timeout": "keepalive",
	"bind_address": "bind", "listen": "bind", "address": "bind", "binds": "bind",
	"working_directory": "chdir", "working_dir": "chdir", "workdir": "chdir", "directory": "chdir",
	"auto_reload": "reload", "autoreload": "reload", "hot_reload": "reload",
	"daemonize": "daemon", "background": "daemon",
	"ssl_certfile": "certfile", "ssl_cert": "certfile", "cert_file": "certfile", "ssl_certificate": "certfile",
	"ssl_keyfile": "keyfile", "ssl_key": "keyfile", "key_file": "keyfile", "ssl_ca_certs": "ca_certs", "ssl_ciphers": "ciphers",
	"preload_application": "preload_app", "trusted_proxies": "forwarded_allow_ips", "forwarded_ips": "forwarded_allow_ips",
	"max_request": "max_requests", "max_requests_per_worker": "max_requests", "log_config_dict": "logconfig_dict", "logging_config": "logconfig_dict", "log_config": "logconfig",
	"wsgi_application": "wsgi_app", "app_module": "wsgi_app", "wsgi_module": "wsgi_app",
}

// inventedHooks are names that people give to hooks, the oldest releases' own among them.
var inventedHooks = map[string]string{
	"before_fork": "pre_fork", "after_fork": "post_fork", "before_exec": "pre_exec", "worker_init": "post_worker_init", "post_init": "post_worker_init", "pre_worker_init": "post_worker_init",
	"on_start": "on_starting", "on_startup": "on_starting", "on_started": "when_ready", "on_ready": "when_ready", "ready": "when_ready", "server_ready": "when_ready",
	"on_stop": "on_exit", "on_shutdown": "on_exit", "on_stopping": "on_exit", "on_exiting": "on_exit", "worker_quit": "worker_int", "post_worker_exit": "worker_exit", "on_worker_exit": "worker_exit",
	"before_request": "pre_request", "after_request": "post_request", "worker_started": "post_worker_init",
}

// noSuch says of settings that people look for in gunicorn what there is instead.
var noSuch = map[string]string{
	"max_worker_memory": "gunicorn has no limit on a worker's memory; max_requests recycles workers by their number of requests.",
	"max_memory":        "gunicorn has no limit on memory; max_requests recycles workers by their number of requests.",
	"command":           "gunicorn does not start itself: a command belongs into the service's own file.",
	"max_workers":       "gunicorn keeps the number of workers that workers says; it has no upper and lower bound for it.",
	"min_workers":       "gunicorn keeps the number of workers that workers says; it has no upper and lower bound for it.",
}

// neverMeant are settings that a name nearly like them is not taken for: too short, or for other eyes.
var neverMeant = []string{"spew", "paste", "config", "check_config", "print_config", "default_proc_name", "root_path", "protocol", "tmp_upload_dir"}

// meant gives the setting that is most likely meant by a name that is none, or "".
func (r *reader) meant(name string) string {
	folded := strings.ToLower(name)
	known := func(n string) bool { return r.release.Spec(n) != nil }
	if s := invented[folded]; s != "" && known(s) {
		return s
	}
	for _, s := range r.release.Specs {
		for _, f := range s.Flags {
			if strings.ReplaceAll(strings.TrimLeft(f, "-"), "-", "_") == folded && strings.HasPrefix(f, "--") && !slices.Contains(neverMeant, s.Name) {
				return s.Name
			}
		}
	}
	if len(name) < 4 {
		return ""
	}
	var candidates []string
	for _, s := range r.release.Specs {
		if s.Facts.Hook == "" && !slices.Contains(neverMeant, s.Name) {
			candidates = append(candidates, s.Name)
		}
	}
	return closeEnough(name, schema.Nearest(name, candidates))
}

// closeEnough keeps a guess that is within one edit, or two for a long name: short words are too much alike.
func closeEnough(name, guess string) string {
	if guess == "" || len(name) > 7 {
		return guess
	}
	a, b := strings.ReplaceAll(strings.ToLower(name), "_", ""), strings.ReplaceAll(guess, "_", "")
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	swapped := len(a) == 2 && len(b) == 2 && a[0] == b[1] && a[1] == b[0]
	if len(a) <= 1 && len(b) <= 1 || swapped {
		return guess
	}
	return ""
}

// meantHook gives the hook that is most likely meant by a function's name, or "".
func (r *reader) meantHook(name string) string {
	if h := inventedHooks[name]; h != "" && r.release.Spec(h) != nil {
		return h
	}
	var candidates []string
	for _, s := range r.release.Specs {
		if s.Facts.Hook != "" {
			candidates = append(candidates, s.Name)
		}
	}
	return schema.Nearest(name, candidates)
}

// adviseOnNames looks at the names a configuration gives to things: gunicorn skips those it does not know without a word.
func (r *reader) adviseOnNames(file string, result *eval.Result) {
	bound := map[string]bool{}
	for i := range result.Bindings {
		bound[result.Bindings[i].Name] = true
	}
	for i := range result.Bindings {
		b := &result.Bindings[i]
		if r.release.Spec(b.Name) != nil {
			r.adviseOnSetName(b)
			continue
		}
		if strings.HasPrefix(b.Name, "_") || result.Read[b.Name] || b.Kind == "import" || b.Kind == "module" || b.Kind == "class" || b.NameRange.Filename != file {
			continue
		}
		r.adviseOnName(b, bound)
	}
}

func (r *reader) adviseOnName(b *eval.Binding, bound map[string]bool) {
	if o := Catalogue.Lookup(b.Name); o != nil {
		r.otherReleaseName(b, o)
		return
	}
	if b.Kind == "function" && b.Func != nil && b.Func.Kind == "function" {
		if hook := r.meantHook(b.Name); hook != "" && !bound[hook] {
			r.nameWarning("unknown-setting", b, hook, "Function with nearly a hook's name", "gunicorn never calls %s: it is no hook, and names it does not know are skipped without a message. Did you mean %s?", b.Name, hook)
		}
		return
	}
	folded := strings.ToLower(b.Name)
	if s := r.release.Spec(folded); s != nil {
		if !bound[folded] {
			r.nameWarning("wrong-case", b, folded, "Setting in the wrong case", "gunicorn's names are in lower case, and it skips %s without a message. Write %s.", b.Name, folded)
		}
		return
	}
	if folded != b.Name {
		return // a constant of the file's own
	}
	if why := noSuch[folded]; why != "" {
		r.nameWarning("unknown-setting", b, "", "Unknown setting "+b.Name, "gunicorn has no such setting and skips it without a message. %s", why)
		return
	}
	if near := r.meant(b.Name); near != "" && !bound[near] {
		r.nameWarning("unknown-setting", b, near, "Unknown setting "+b.Name, "gunicorn has no setting %s and skips it without a message: %s stays as it is without this line. Did you mean %s?", b.Name, near, near)
	}
}

func (r *reader) nameWarning(code string, b *eval.Binding, suggest, summary, detail string, args ...any) {
	d := schema.Warnf(code, r.firstLine(b.NameRange), summary, detail, args...)
	schema.DetailOf(d).Suggest = suggest
	r.add(d)
}

// successors says what took the place of settings that are gone.
var successors = map[string]string{
	"debug":                      "Leave it out; for development there is reload.",
	"django_settings":            "Put DJANGO_SETTINGS_MODULE=… into raw_env.",
	"x_forwarded_for_header":     "Leave it out; the address of the client is the application's to read, from the header a trusted proxy sets.",
	"tolerate_dangerous_framing": "Leave it out: such requests are refused now.",
}

// otherReleaseName reports a setting that the release does not have.
func (r *reader) otherReleaseName(b *eval.Binding, o *schema.Option) {
	if o.Removed != "" && r.release.AtLeast(o.Removed) {
		r.nameWarning("removed-setting", b, "", "Setting that is gone", "%s was removed in gunicorn %s, and %s skips it without a message. %s", b.Name, o.Removed, r.release.Version, successors[b.Name])
		return
	}
	if !r.release.AtLeast(o.Since) {
		r.nameWarning("setting-too-new", b, "", "Setting of a later release", "%s came with gunicorn %s, and %s skips it without a message. Install %s or later, or name the release in use with --target.", b.Name, o.Since, r.release.Version, o.Since)
	}
}

// adviseOnSetName notes settings that have no effect in a configuration file.
func (r *reader) adviseOnSetName(b *eval.Binding) {
	switch b.Name {
	case "config":
		if _, isText := b.OnHost.(value.Str); !isText {
			return // most often a reader of the environment that happens to be named so
		}
		r.add(schema.Notef("no-effect", b.NameRange, "config has no effect here", "gunicorn stores the name and reads no other file for it. Name the file with -c, or import it here."))
	case "default_proc_name":
		r.add(schema.Notef("no-effect", b.NameRange, "Internal setting", "default_proc_name is what gunicorn itself derives from the application's name. Use proc_name."))
	}
}
