package lint

import (
	"path"
	"slices"
	"strings"
	"sync"

	"gsrv/schema"
	"gsrv/schema/python/startup"
)

// analyses are what is known of the unit's Python code, read when a rule first asks.
type analyses struct {
	app   sync.Once
	found *startup.Report

	mu    sync.Mutex
	hooks map[string]*startup.Report
	file  *startup.Report
}

// App tells what the application starts when it is imported, from its source in the project; never nil, and Found is false
// where the application is not known or its source is not there.
func (u *Unit) App() *startup.Report {
	u.code.app.Do(func() {
		u.code.found = &startup.Report{}
		if app := u.appName(); app != "" {
			u.code.found = startup.App(u.Files(), startup.Options{
				App: app, Path: u.pythonPath(), Factory: u.Config.Server == "uvicorn" && u.True("factory"), Server: u.Config.Server, Environ: u.environ,
			})
		}
	})
	return u.code.found
}

// ConfigFile tells what a gunicorn configuration file itself starts when it is read; never nil.
func (u *Unit) ConfigFile(name string) *startup.Report {
	u.code.mu.Lock()
	defer u.code.mu.Unlock()
	if u.code.file == nil {
		u.code.file = startup.App(u.Files(), startup.Options{App: name, Path: u.pythonPath(), Server: u.Config.Server, Environ: u.environ})
	}
	return u.code.file
}

// Hook tells what a function of a Python file starts when it is called; never nil.
func (u *Unit) Hook(file, function string) *startup.Report {
	u.code.mu.Lock()
	defer u.code.mu.Unlock()
	key := file + "\x00" + function
	if r := u.code.hooks[key]; r != nil {
		return r
	}
	r := startup.Function(u.Files(), startup.Options{App: file, Path: u.pythonPath(), Server: u.Config.Server, Environ: u.environ}, function)
	if u.code.hooks == nil {
		u.code.hooks = map[string]*startup.Report{}
	}
	u.code.hooks[key] = r
	return r
}

// appName gives the application as the server is given it, or "" where it is not known or not in the project.
func (u *Unit) appName() string {
	for _, name := range []string{"app.module", "app.file"} {
		for i := range u.Config.Model {
			s := &u.Config.Model[i]
			if s.Name != name {
				continue
			}
			if text, ok := textOf(s.OnHost); ok && !s.Maybe {
				if name == "app.file" {
					text += u.callable()
				}
				return text
			}
		}
	}
	return ""
}

// callable gives ":NAME" for the object in the application's file; empty where it is not known.
func (u *Unit) callable() string {
	setting := map[string]string{"uwsgi": "callable", "mod_wsgi": "callable-object"}[u.Config.Server]
	if setting == "" {
		return ""
	}
	if name, ok := u.Text(setting); ok && name != "" {
		return ":" + name
	}
	if u.NotSet(setting) {
		return ":application"
	}
	return ""
}

// pythonPath gives the directories to look for modules in, relative to the root: where the application is entered, the
// module search path, the configuration's own directory and those above it.
func (u *Unit) pythonPath() []string {
	var dirs []string
	add := func(dir string) {
		if dir = path.Clean(dir); (dir == "." || inside(dir)) && !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	base := "."
	if s := u.model("app.directory"); s != nil {
		if text, ok := textOf(s.OnHost); ok {
			if rel, ok := strings.CutPrefix(text, u.Root+"/"); ok {
				text = rel
			}
			if inside(text) {
				base = text
			}
		}
	}
	add(base)
	if s := u.model("app.python_path"); s != nil && s.OnHost.IsWhollyKnown() && !s.OnHost.IsNull() && s.OnHost.CanIterateElements() {
		for it := s.OnHost.ElementIterator(); it.Next(); {
			_, v := it.Element()
			if text, ok := textOf(v); ok {
				if rel, ok := strings.CutPrefix(text, u.Root+"/"); ok {
					add(rel)
				} else if !path.IsAbs(text) {
					add(path.Join(base, text))
				}
			}
		}
	}
	add(".")
	if inside(u.Name) {
		for dir := path.Dir(u.Name); dir != "."; dir = path.Dir(dir) {
			add(dir)
		}
	}
	add("src")
	return dirs
}

func (u *Unit) model(name string) *schema.Setting {
	for i := range u.Config.Model {
		if u.Config.Model[i].Name == name {
			return &u.Config.Model[i]
		}
	}
	return nil
}

func (u *Unit) environ(name string) (value string, set, known bool) {
	value, state := u.Input.Host.Env(name)
	return value, state == schema.EnvSet, state != schema.EnvUnknown
}
