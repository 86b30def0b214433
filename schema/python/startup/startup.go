package startup

import (
	"path/filepath"
	"slices"
	"strings"

	"gsrv/schema"
	"gsrv/schema/python/syntax"
)

// App tells what the import of an application starts. What is read counts towards schema.MaxTotalSize of files: a reader of
// its own, with the same directory, leaves that of a configuration alone.
func App(files *schema.Files, opts Options) *Report {
	a := newAnalysis(files, opts)
	target, name, called := splitApp(opts.App)
	m := a.target(target)
	if m == nil {
		return a.finish()
	}
	a.report.Found = true
	a.start(m)
	if m.scope != nil && m.tree != nil {
		a.object(m, name, called || opts.Factory)
	}
	return a.finish()
}

// Function tells what the call of a function starts that a file defines, such as a hook of a gunicorn configuration: the
// file's own effects are left out. Options.App names the file or module.
func Function(files *schema.Files, opts Options, name string) *Report {
	a := newAnalysis(files, opts)
	m := a.target(opts.App)
	if m == nil {
		return a.finish()
	}
	a.silent++
	a.start(m)
	a.silent--
	if m.scope == nil || m.tree == nil {
		return a.finish()
	}
	v, ok := m.scope.lookup(name)
	if !ok {
		return a.finish()
	}
	a.report.Found = true
	f := &frame{mod: m, scope: m.scope}
	args := arguments{open: true, mod: m}
	node := &syntax.Name{ID: name, Pos: syntax.Pos{Lineno: 1, EndLineno: 1}}
	if fn, ok := v.(*function); ok {
		node.Pos = headOf(fn)
		f = &frame{mod: fn.mod, scope: fn.scope}
		a.await(f, node, a.invoke(f, node, fn, args))
	} else {
		a.callValue(f, node, v, args)
	}
	return a.finish()
}

// start runs a module as the server imports it: with the packages above it.
func (a *analysis) start(m *module) {
	if a.modules[m.name] == m {
		parts := strings.Split(m.name, ".")
		for i := range parts[:len(parts)-1] {
			if up := a.find(strings.Join(parts[:i+1], ".")); up != nil {
				a.load(up)
			}
		}
	}
	a.load(m)
}

// splitApp takes "shop.wsgi:create_app()" apart.
func splitApp(app string) (module, name string, called bool) {
	module, name, _ = strings.Cut(app, ":")
	if i := strings.IndexByte(name, '('); i >= 0 {
		return module, strings.TrimSpace(name[:i]), true
	}
	return module, name, false
}

// target finds the module that a name or a path of a file stands for.
func (a *analysis) target(name string) *module {
	if name == "" {
		return nil
	}
	if !strings.ContainsRune(name, '/') {
		// A module before a file: shop.wsgi may be either.
		if m := a.find(name); m != nil {
			return m
		}
	}
	if ext := filepath.Ext(name); ext == ".py" || ext == ".wsgi" || strings.ContainsRune(name, '/') {
		for _, dir := range a.path {
			file := name
			if !filepath.IsAbs(name) {
				file = filepath.Join(dir, name)
			}
			if a.files.Exists(file) == "file" || a.files.Text(file) != nil {
				return a.fileModule(file)
			}
		}
		return nil
	}
	return nil
}

// object tells what stands under the application's name, and makes the application where the name is a factory.
func (a *analysis) object(m *module, name string, factory bool) {
	o := &a.report.Object
	o.Name = name
	if name == "" {
		return
	}
	f := &frame{mod: m, scope: m.scope}
	first, rest, _ := strings.Cut(name, ".")
	v, ok := m.scope.lookup(first)
	node := &syntax.Name{ID: first, Pos: syntax.Pos{Lineno: 1, EndLineno: 1}}
	switch {
	case ok:
		o.Defined = "yes"
	case len(m.scope.stars) > 0 || m.scope.open || a.lazyNames(m):
		return
	default:
		o.Defined = "no"
		return
	}
	for rest != "" {
		first, rest, _ = strings.Cut(rest, ".")
		v = a.getattr(f, node, v, first)
	}
	if fn, ok := v.(*function); ok && factory {
		node.Pos = headOf(fn)
		v = a.invoke(&frame{mod: fn.mod, scope: fn.scope}, node, fn, arguments{mod: m})
	} else if factory {
		v = a.callValue(f, node, v, arguments{mod: m})
	}
	for _, one := range each(v) {
		switch one := one.(type) {
		case *instance:
			o.Class = one.lib
			if one.project != nil && one.lib == "" {
				o.Class = one.project.mod.name + "." + one.project.name
			}
		case *function:
			o.Function, o.Async = true, one.async
		case libref:
			o.Class = one.name
		}
	}
}

// finish orders what was found.
func (a *analysis) finish() *Report {
	if a.budget <= 0 {
		a.report.Truncated = true
	}
	a.report.Effects = slices.DeleteFunc(a.report.Effects, func(e *Effect) bool { return e.gone })
	slices.SortStableFunc(a.report.Effects, func(x, y *Effect) int { return x.Order - y.Order })
	return a.report
}
