package startup

import (
	"strings"

	"gsrv/schema/python/syntax"
)

// setupDjango does what django.setup() does: it reads the settings, imports every installed application, its models, and
// calls its AppConfig.ready. get_wsgi_application also makes the middleware. The URLconf is imported by the first request only.
func (a *analysis) setupDjango(f *frame, node syntax.Expr, name string) {
	if a.django {
		return
	}
	settings := a.settingsModule(f, node)
	if settings == nil || settings.scope == nil {
		return
	}
	a.django = true
	a.step(f, node, "calls "+lastPart(name)+"(), which sets Django up", func() {
		a.populate(settings)
		if name != "django.setup" {
			a.middleware(settings)
		}
	})
}

// settingsModule imports the module that DJANGO_SETTINGS_MODULE names.
func (a *analysis) settingsModule(f *frame, node syntax.Node) *module {
	v, _ := a.environment(constant{"DJANGO_SETTINGS_MODULE"})
	name, ok := text(v)
	if !ok || name == "" {
		return nil
	}
	if a.report.Settings == "" && a.silent == 0 {
		a.report.Settings = name
	}
	if m := a.find(name); m != nil && m.scope != nil {
		return m
	}
	if f == nil {
		return nil
	}
	return a.importModule(f, node, name)
}

const settingsPrefix = "django.conf.settings."

// setting gives the value of one of Django's settings by its full name.
func (a *analysis) setting(name string) (value, bool) {
	key, ok := strings.CutPrefix(name, settingsPrefix)
	if !ok || strings.Contains(key, ".") {
		return nil, false
	}
	m := a.settingsModule(nil, nil)
	if m == nil || !m.done || m.scope.open || len(m.scope.stars) > 0 {
		return nil, true
	}
	v, ok := m.scope.names[key]
	if !ok {
		return nil, true
	}
	return v, true
}

// settingList gives the texts of a setting that is a list.
func settingList(m *module, name string) []string {
	var out []string
	v, _ := m.scope.lookup(name)
	for _, one := range each(v) {
		l, ok := one.(*list)
		if !ok {
			continue
		}
		for _, e := range l.elems {
			if s, ok := text(e); ok {
				out = append(out, s)
			}
		}
	}
	return out
}

// An application of Django's that stands in the project.
type djangoApp struct {
	name   string // of its package
	config *class // nil where it has none of its own
}

func (a *analysis) populate(settings *module) {
	f := &frame{mod: settings, scope: settings.scope}
	node := &syntax.Name{Pos: syntax.Pos{Lineno: 1, EndLineno: 1}}
	if at := settings.assigned("INSTALLED_APPS"); at != nil {
		node.Pos = *at.Span()
	}
	entries := settingList(settings, "INSTALLED_APPS")
	var apps []djangoApp
	admin := false
	for _, entry := range entries {
		admin = admin || entry == "django.contrib.admin" || entry == "django.contrib.admin.apps.AdminConfig"
		if fact, ok := installedFacts[entry]; ok {
			a.add1(f, node, fact.kind, entry, entry+" in INSTALLED_APPS", fact.note, nil)
		}
		if top, _, _ := strings.Cut(entry, "."); a.find(top) == nil {
			a.note(f, node, top)
			continue
		}
		if app, ok := a.installed(f, node, entry); ok {
			apps = append(apps, app)
		}
	}
	for _, app := range apps {
		if a.find(app.name+".models") != nil {
			a.importModule(f, node, app.name+".models")
		}
	}
	for _, app := range apps {
		a.ready(app)
	}
	if admin {
		// AdminConfig.ready imports the module admin of every application.
		for _, app := range apps {
			if a.find(app.name+".admin") != nil {
				a.importModule(f, node, app.name+".admin")
			}
		}
	}
}

// installed imports what an entry of INSTALLED_APPS names, as AppConfig.create does.
func (a *analysis) installed(f *frame, node syntax.Node, entry string) (djangoApp, bool) {
	if m := a.find(entry); m != nil {
		a.importModule(f, node, entry)
		app := djangoApp{name: entry}
		if m.scope != nil {
			if path, ok := text(m.scope.names["default_app_config"]); ok {
				// Django before 4.1.
				if c, ok := a.importPath(f, &syntax.Name{Pos: *node.Span()}, path).(*class); ok {
					app.config = c
					return app, true
				}
			}
		}
		if a.find(entry+".apps") != nil {
			app.config = a.defaultConfig(a.importModule(f, node, entry+".apps"))
		}
		return app, true
	}
	parent := parentPart(entry)
	m := a.importModule(f, node, parent)
	if m == nil || m.scope == nil {
		return djangoApp{}, false
	}
	c, ok := m.scope.names[lastPart(entry)].(*class)
	if !ok {
		return djangoApp{}, false
	}
	name := strings.TrimSuffix(parent, ".apps")
	if v, ok := a.classAttr(c, "name", nil); ok {
		if s, ok := text(v); ok {
			name = s
		}
	}
	if a.find(name) != nil {
		a.importModule(f, node, name)
	}
	return djangoApp{name, c}, true
}

// defaultConfig chooses the AppConfig of an application's module apps: the only one, or that with default = True.
func (a *analysis) defaultConfig(m *module) *class {
	if m == nil || m.tree == nil || m.scope == nil {
		return nil
	}
	var candidates, defaults []*class
	for _, s := range m.tree.Body {
		def, ok := s.(*syntax.ClassDef)
		if !ok {
			continue
		}
		c, ok := m.scope.names[def.Name].(*class)
		if !ok || !strings.HasPrefix(a.libraryBase(c, 0), "django.apps.") {
			continue
		}
		v, set := c.attrs["default"]
		switch {
		case !set:
			candidates = append(candidates, c)
		case a.truth(v) == yes:
			candidates, defaults = append(candidates, c), append(defaults, c)
		}
	}
	switch {
	case len(defaults) == 1:
		return defaults[0]
	case len(defaults) == 0 && len(candidates) == 1:
		return candidates[0]
	}
	return nil
}

func (a *analysis) ready(app djangoApp) {
	if app.config == nil {
		return
	}
	v, ok := a.classAttr(app.config, "ready", nil)
	fn, isFunction := v.(*function)
	if !ok || !isFunction {
		return
	}
	if a.silent == 0 {
		a.report.Ready = append(a.report.Ready, fn.mod.at(fn.node))
	}
	self := &instance{project: app.config, lib: a.libraryBase(app.config, 0), attrs: map[string]value{}}
	method := *fn
	method.self = self
	a.callMethod(&method)
}

// callMethod calls a method of the project on behalf of a framework: the step that leads there is the method itself.
func (a *analysis) callMethod(fn *function) {
	f := &frame{mod: fn.mod, scope: fn.scope}
	a.enter(f, &syntax.Name{ID: fn.name, Pos: headOf(fn)}, fn, arguments{open: true, mod: fn.mod})
}

// headOf gives the place of a function's first line.
func headOf(fn *function) syntax.Pos {
	if fn.node == nil {
		return syntax.Pos{Lineno: 1, EndLineno: 1}
	}
	return *fn.node.Span()
}

// middleware makes what MIDDLEWARE names: each is called once when the handler is made.
func (a *analysis) middleware(settings *module) {
	f := &frame{mod: settings, scope: settings.scope}
	at := settings.assigned("MIDDLEWARE")
	if at == nil {
		return
	}
	node := &syntax.Name{ID: "MIDDLEWARE", Pos: *at.Span()}
	for _, entry := range settingList(settings, "MIDDLEWARE") {
		if top, _, _ := strings.Cut(entry, "."); a.find(top) == nil {
			continue
		}
		a.callValue(f, node, a.importPath(f, node, entry), arguments{pos: []value{nil}, mod: settings})
	}
}

// assigned gives the statement of a module that first assigns a name, or nil.
func (m *module) assigned(name string) syntax.Node {
	if m.tree == nil {
		return nil
	}
	for _, s := range m.tree.Body {
		if a, ok := s.(*syntax.Assign); ok {
			for _, t := range a.Targets {
				if n, ok := t.(*syntax.Name); ok && n.ID == name {
					return n
				}
			}
		}
	}
	return nil
}

// isQuery tells whether a library's object is a query of Django's that has not been sent.
func isQuery(name string) bool {
	return strings.HasPrefix(name, "django.db.models.Model.objects") || strings.Contains(name, ".models.") && strings.Contains(name, ".objects")
}
