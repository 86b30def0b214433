package plan

import (
	"maps"
	"os"
	"slices"
	"strings"

	"gsrv/schema"
)

// hooks finds the file whose functions are hooks, and what they see as cfg.
func (r *reader) hooks(p *Plan) {
	h := &p.Hooks
	h.Settings = map[string]any{}
	file := ""
	names := map[string]bool{}
	references := map[string]string{} // hooks that are named one by one
	for i := range r.cfg.Model {
		s := &r.cfg.Model[i]
		name, ok := strings.CutPrefix(s.Name, "hooks.")
		if !ok || s.Layer == schema.LayerDefault {
			continue
		}
		if name == "file" {
			file = textOf(s, "")
			continue
		}
		names[name] = true
		if r.server != "gunicorn" {
			references[name] = reference(p, s)
		}
	}
	if r.server != "gunicorn" {
		h.Settings = r.likeGunicorn(p)
		r.loggers(p, h.Settings)
		for name, ref := range references {
			h.Settings[name] = ref
		}
	} else {
		// The file may set more than the settings that are known here, for hooks to use.
		if s := r.native["config"]; s != nil && s.OnHost.IsWhollyKnown() && !s.OnHost.IsNull() {
			file = textOf(s, "")
		}
		for i := range r.cfg.Settings {
			s := &r.cfg.Settings[i]
			if f, ok := s.Value.(*schema.FuncRef); ok && f.Kind != "path" {
				continue // an object of the file, which is not its name
			}
			if v, ok := plain(s.OnHost); ok && s.Option != nil && s.Option.Type != "callable" {
				h.Settings[s.Native] = v
			}
		}
	}
	switch file = strings.TrimPrefix(file, "file:"); {
	case file == "":
	case strings.HasPrefix(file, "python:"):
		h.File = file
	default:
		h.File = p.placed(p.started(file))
		switch _, err := os.Stat(h.File); {
		case err == nil:
		case r.server != "gunicorn":
			r.refuse(r.model["hooks.file"], "run-file", "File cannot be read", "The file of the hooks, %s, cannot be read: %v. A relative path starts where gsrv is started.", h.File, cause(err))
		case len(names) == 0:
			h.File = "" // gunicorn's default name, and there is none
		}
	}
	h.Names = slices.Sorted(maps.Keys(names))
	if len(h.Names) > len(references) && h.File == "" {
		r.diags = append(r.diags, schema.Errorf("run-hooks", wholeFile(r.cfg), "No file for the hooks", "The hooks %s are set, and it cannot be told in which file they are.", strings.Join(h.Names, ", ")))
	}
	if s := r.model["hooks.ssl_context"]; names["ssl_context"] && s != nil {
		r.refuse(s, "run-hook", "Hook not called", "ssl_context makes a context of Python's ssl module, and TLS is done outside of Python here. Say what it does with the settings of the tls block: certfile, keyfile, ca_certs, cert_reqs, ciphers.")
	}
}

// reference is how a hook is named for the workers: FILE:NAME or MODULE:NAME.
func reference(p *Plan, s *schema.Setting) string {
	if f, ok := s.Value.(*schema.FuncRef); ok && f.Kind != "path" && f.Def.Filename != "" {
		return p.placed(p.started(f.Def.Filename)) + ":" + f.Name
	}
	text := textOf(s, "")
	if file, name, ok := strings.Cut(text, ":"); ok && strings.HasSuffix(file, ".py") {
		return p.placed(p.started(file)) + ":" + name
	}
	return text
}

// likeGunicorn gives the settings that hooks look at, under gunicorn's names, for a configuration of another server.
func (r *reader) likeGunicorn(p *Plan) map[string]any {
	var bind []string
	for _, l := range p.Listen {
		bind = append(bind, l.Text)
	}
	out := map[string]any{
		"bind": bind, "workers": p.Workers.Count, "worker_class": p.Workers.Class, "threads": p.Workers.Threads, "worker_connections": p.Workers.Connections,
		"timeout": int(p.Workers.Timeout.Seconds()), "graceful_timeout": int(p.Workers.GracefulTimeout.Seconds()), "keepalive": int(p.HTTP.KeepAlive.Seconds()),
		"max_requests": p.Workers.MaxRequests, "max_requests_jitter": p.Workers.MaxRequestsJitter, "preload_app": p.Workers.Preload,
		"chdir": p.App.Directory, "daemon": p.Process.Daemon, "pidfile": nil, "proc_name": p.Process.Name, "loglevel": p.Log.Level, "errorlog": p.Log.Error,
		"accesslog": nil, "access_log_format": p.Log.Format, "reload": p.Reload.Enabled, "reuse_port": len(p.Listen) > 0 && p.Listen[0].ReusePort,
	}
	if p.Process.PIDFile != "" {
		out["pidfile"] = p.Process.PIDFile
	}
	if p.Log.Access != "" {
		out["accesslog"] = p.Log.Access
	}
	return out
}
