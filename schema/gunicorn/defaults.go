package gunicorn

import (
	"os"
	"path/filepath"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
	"gsrv/schema/python/value"
)

// layDefaults puts gunicorn's own defaults at the bottom, and over them what it takes from variables when it is
// imported.
func (r *reader) layDefaults() {
	var defaults, fromEnv []*entry
	for _, s := range r.release.Specs {
		e := &entry{spec: s, Setting: schema.Setting{Native: s.Name, Option: s.Option, Name: s.Option.Model}}
		set := r.defaultOf(s, e)
		defaults = append(defaults, e)
		if set != nil {
			fromEnv = append(fromEnv, set)
		}
	}
	r.stack.lay(schema.LayerDefault, "default", defaults)
	r.stack.lay(schema.LayerEnv, "environment", fromEnv)
}

// defaultOf fills in a setting's default; where a variable that is set replaces it, that comes back as an entry of
// its own.
func (r *reader) defaultOf(s *Spec, e *entry) (set *entry) {
	none := hcl.Range{}
	switch {
	case s.Facts.Hook != "":
		hook := defaultHook(s)
		e.val, e.Value = hook, constant(hook, none)
		return nil
	case s.Name == "user" || s.Name == "group":
		fact := schema.UserID
		if s.Name == "group" {
			fact = schema.GroupID
		}
		e.Value = &schema.HostFact{Fact: fact}
		e.take(r.check.validate(s, value.None))
		return nil
	case s.Name == "chdir":
		e.Value = &schema.HostFact{Fact: schema.CurrentDir}
		e.val = value.Str(r.check.cwd)
		return nil
	case s.Name == "control_socket" && s.DefaultJSON == "":
		r.controlSocket(e)
		return nil
	}
	fallback := jsonValue(s.DefaultJSON)
	e.Value = constant(fallback, none)
	if fallback == value.None {
		e.val = fallback // gunicorn leaves None alone
	} else {
		e.take(r.check.validate(s, fallback))
	}
	if s.Env == "" {
		return nil
	}
	return r.fromVariable(s, e)
}

// take records what the validator made of a value.
func (e *entry) take(v value.Value, err error) *value.Exception {
	if err == nil {
		e.val = v
		return nil
	}
	raised, why := asException(err)
	e.reason = why
	e.refused = raised != nil
	return raised
}

// fromVariable gives a default the shape it has through the variable gunicorn reads for it: PORT, WEB_CONCURRENCY,
// FORWARDED_ALLOW_IPS.
func (r *reader) fromVariable(s *Spec, e *entry) *entry {
	text, state := r.in.Host.Env(s.Env)
	file := schema.EnvFile(s.Env)
	at := hcl.Range{}
	if state == schema.EnvSet {
		r.in.Files.Put(file, []byte(text))
		at = schema.RangeOf(file, []byte(text), 0, len(text))
	}
	variable := &schema.Env{Name: s.Env, Default: e.Value, Src: at}
	var expr schema.Expr = variable
	if s.Env == "PORT" {
		variable.Default = nil
		address := &schema.Template{Parts: []schema.Expr{schema.String("0.0.0.0:", at), variable}, Src: at}
		isSet := &schema.Binary{Op: "!=", L: &schema.Env{Name: s.Env, Src: at}, R: schema.None(at), Src: at}
		expr = &schema.Cond{Test: isSet, Then: &schema.List{Items: []schema.Expr{address}, Src: at}, Else: e.Value, Src: at}
	}
	if s.Env == "WEB_CONCURRENCY" {
		expr = &schema.Call{Func: "int", Args: []schema.Expr{variable}, Src: at}
	}
	e.Value = expr
	switch state {
	case schema.EnvUnset:
		return nil
	case schema.EnvUnknown:
		e.val, e.reason = nil, "the variable "+s.Env+" may be set when the server starts"
		return nil
	}
	e.Value = constant(jsonValue(s.DefaultJSON), hcl.Range{})
	set := &entry{spec: s, Setting: schema.Setting{Native: s.Name, Option: s.Option, Name: s.Option.Model, Value: expr, Source: "environment " + s.Env, Range: at, NameRange: at}}
	var given value.Value = value.StrFromOS(text)
	switch s.Env {
	case "PORT":
		given = value.NewList(value.Str("0.0.0.0:") + value.StrFromOS(text))
	case "WEB_CONCURRENCY":
		n, err := value.ParseInt(nil, text, 10)
		if raised := set.take(n, err); raised != nil {
			d := schema.Errorf("invalid-environment", at, "WEB_CONCURRENCY is no number",
				"gunicorn reads %s as the default number of workers before anything else, and does not start: it ends with a traceback, even where the configuration sets workers. Set the variable to a whole number, or remove it.", s.Env)
			schema.DetailOf(d).ServerMessage = raised.Error()
			r.add(d)
			return set
		}
		given = n
	}
	if raised := set.take(r.check.validate(s, given)); raised != nil {
		d := schema.Errorf("invalid-environment", at, s.Env+" has a value that gunicorn refuses",
			"gunicorn takes %s from the variable %s and does not start with this value, even where the configuration sets %s: %s. %s", s.Name, s.Env, s.Name, raised.Msg, wayOut(s, given))
		schema.DetailOf(d).ServerMessage = "Error: " + raised.Msg
		r.add(d)
	}
	return set
}

// controlSocket fills in the default place of the control socket, which depends on what exists on the machine.
func (r *reader) controlSocket(e *entry) {
	runtime := &schema.Env{Name: "XDG_RUNTIME_DIR", Default: schema.String("", hcl.Range{}), EmptyIsUnset: true}
	home := &schema.Template{Parts: []schema.Expr{&schema.HostFact{Fact: schema.HomeDir}, schema.String("/.gunicorn/gunicorn.ctl", hcl.Range{})}}
	e.Value = &schema.Cond{Test: runtime, Then: &schema.Template{Parts: []schema.Expr{runtime, schema.String("/gunicorn.ctl", hcl.Range{})}}, Else: home}
	dir, state := r.in.Host.Env("XDG_RUNTIME_DIR")
	if state == schema.EnvUnknown || !r.check.machine {
		e.reason = "it depends on the variable XDG_RUNTIME_DIR and the account's home directory"
		return
	}
	if state == schema.EnvSet && dir != "" && r.check.exists(dir) == "dir" {
		e.val = value.Str(value.PathJoin(dir, "gunicorn.ctl"))
		return
	}
	if h, ok := r.in.Host.Fact(schema.HomeDir); ok {
		e.val = value.Str(value.PathJoin(value.PathJoin(h.AsString(), ".gunicorn"), "gunicorn.ctl"))
		return
	}
	e.reason = "the account's home directory is not known"
}

// workingDirectory is what gunicorn's util.getcwd gives: $PWD where that names the directory it is started in.
func workingDirectory(in schema.Input) string {
	pwd, state := in.Host.Env("PWD")
	if state != schema.EnvSet || !filepath.IsAbs(pwd) {
		return in.Dir
	}
	a, err := os.Stat(pwd)
	if err != nil {
		return in.Dir
	}
	if b, err := os.Stat(in.Dir); err != nil || !os.SameFile(a, b) {
		return in.Dir
	}
	return pwd
}
