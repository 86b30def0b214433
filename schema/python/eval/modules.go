package eval

import (
	"errors"
	"io/fs"
	"path"
	"strings"

	"gsrv/schema"
	"gsrv/schema/python/syntax"
	"gsrv/schema/python/value"
)

// importModule gives a module by its dotted name: one that is modelled, one of the project's own, or one that gsrv does
// not read.
func (in *interp) importModule(name string, n syntax.Node) (*module, error) {
	if m, ok := in.modules[name]; ok {
		return m, nil
	}
	parent := (*module)(nil)
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		var err error
		if parent, err = in.importModule(name[:i], n); err != nil {
			return nil, err
		}
	}
	if table := library(in, name); table != nil {
		m := &module{name: name, builtin: table}
		in.modules[name] = m
		return m, nil
	}
	m, err := in.projectModule(name, parent, n)
	if err != nil || m != nil {
		return m, err
	}
	if parent != nil && parent.builtin != nil {
		if sub, ok := parent.builtin[name[strings.LastIndexByte(name, '.')+1:]].(*module); ok {
			return sub, nil
		}
	}
	if parent != nil && parent.scope != nil && !parent.missing {
		if parent.dir == "" {
			return nil, in.raise(n, "ModuleNotFoundError", "No module named '%s'; '%s' is not a package", name, parent.name)
		}
		return nil, in.raise(n, "ModuleNotFoundError", "No module named '%s'", name)
	}
	m = &module{name: name, missing: true}
	in.modules[name] = m
	return m, nil
}

// projectModule looks a module up in the package it belongs to, or on sys.path.
func (in *interp) projectModule(name string, parent *module, n syntax.Node) (*module, error) {
	var dirs []string
	last := name[strings.LastIndexByte(name, '.')+1:]
	if parent != nil {
		if parent.dir == "" {
			return nil, nil
		}
		dirs = []string{parent.dir}
	} else {
		for _, d := range in.sysPath.Elems {
			if dir, err := in.pathArg(d); err == nil && dir != nil {
				dirs = append(dirs, string(dir.(value.Str)))
			}
		}
	}
	for _, dir := range dirs {
		base := path.Join(dir, last)
		if in.files.Exists(path.Join(base, "__init__.py")) == "file" {
			return in.load(name, path.Join(base, "__init__.py"), base, parent, n)
		}
		if in.files.Exists(base+".py") == "file" {
			return in.load(name, base+".py", "", parent, n)
		}
		if in.files.Exists(base) == "dir" && parent == nil && hasPython(in, base) || in.files.Exists(base) == "dir" && parent != nil {
			m := &module{name: name, dir: base, tree: &syntax.Module{}}
			m.newScope()
			in.modules[name] = m
			in.attach(parent, last, m)
			return m, nil
		}
	}
	return nil, nil
}

// hasPython keeps folders that merely share a package's name from being taken for it.
func hasPython(in *interp, dir string) bool {
	return in.files.Exists(dir) == "dir" && !stdlibNames[path.Base(dir)]
}

func (in *interp) attach(parent *module, name string, m *module) {
	if parent != nil && parent.scope != nil {
		in.define(parent.scope, name, m)
	}
}

// load reads and runs one of the project's own modules.
func (in *interp) load(name, file, dir string, parent *module, n syntax.Node) (*module, error) {
	shown := file
	if in.o.Dir != "" && strings.HasPrefix(file, in.o.Dir+"/") {
		shown = strings.TrimPrefix(file, in.o.Dir+"/")
	}
	src, err := in.files.Read(shown)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		m := &module{name: name, missing: true}
		in.modules[name] = m
		in.diags = append(in.diags, schema.Warnf("module-unreadable", in.rng(n), "Module cannot be read", "%s. What it gives is not known.", err))
		return m, nil
	}
	m, se := parseModule(shown, src)
	if se != nil {
		return nil, in.raise(n, se.Type, "%s (%s, line %d)", se.Msg, path.Base(shown), se.Line)
	}
	m.name, m.dir = name, dir
	s := m.newScope()
	in.define(s, "__name__", value.Str(name))
	in.define(s, "__file__", value.Str(absolute(in.o.Dir, file)))
	in.define(s, "__doc__", docstring(m.tree.Body))
	pkg := name
	if dir == "" {
		pkg = strings.TrimSuffix(name[:max(strings.LastIndexByte(name, '.'), 0)], ".")
	}
	in.define(s, "__package__", value.Str(pkg))
	in.modules[name] = m
	if len(in.frames) >= maxCalls {
		return nil, in.raise(n, "RecursionError", "maximum recursion depth exceeded")
	}
	in.frames = append(in.frames, frame{name: "<module>", at: in.rng(n)})
	defer func() { in.frames = in.frames[:len(in.frames)-1] }()
	if err := in.runModule(m); err != nil {
		delete(in.modules, name)
		return nil, err
	}
	in.attach(parent, name[strings.LastIndexByte(name, '.')+1:], m)
	return m, nil
}

func absolute(dir, file string) string {
	if strings.HasPrefix(file, "/") || dir == "" {
		return file
	}
	return path.Join(dir, file)
}

func (in *interp) importStmt(n *syntax.Import, s *scope) error {
	for _, a := range n.Names {
		m, err := in.importChecked(a.Name, a)
		if err != nil {
			return err
		}
		name := a.AsName
		if name == "" {
			var top string
			top, _, _ = strings.Cut(a.Name, ".")
			name = top
			m = in.modules[top]
		}
		in.bind(s, name, m, a, a, "import")
	}
	return nil
}

// importChecked imports, and notes where a handler waits for ImportError that a module gsrv does not read may be missing.
func (in *interp) importChecked(name string, n syntax.Node) (*module, error) {
	m, err := in.importModule(name, n)
	if err == nil && m.missing {
		top, _, _ := strings.Cut(name, ".")
		in.mayRaise("ImportError", &schema.Opaque{
			Source: "import " + name, Reason: "whether the package " + top + " is installed is known only where the server runs", Needs: []string{"package " + top}, Src: in.rng(n),
		}, nil)
		in.mayRaise("ModuleNotFoundError", &schema.Opaque{
			Source: "import " + name, Reason: "whether the package " + top + " is installed is known only where the server runs", Needs: []string{"package " + top}, Src: in.rng(n),
		}, nil)
	}
	return m, err
}

func (in *interp) importFrom(n *syntax.ImportFrom, s *scope) error {
	name := n.Module
	if n.Level > 0 {
		pkg, ok := in.cur.scope.vars["__package__"].v.(value.Str)
		if !ok || pkg == "" {
			return in.raise(n, "ImportError", "attempted relative import with no known parent package")
		}
		base := string(pkg)
		for range n.Level - 1 {
			i := strings.LastIndexByte(base, '.')
			if i < 0 {
				return in.raise(n, "ImportError", "attempted relative import beyond top-level package")
			}
			base = base[:i]
		}
		name = strings.TrimSuffix(base+"."+n.Module, ".")
	}
	if name == "__future__" {
		for _, a := range n.Names {
			bound := a.AsName
			if bound == "" {
				bound = a.Name
			}
			in.bind(s, bound, in.unknown(a, "it is a feature of the language"), a, a, "import")
		}
		return nil
	}
	m, err := in.importChecked(name, n)
	if err != nil {
		return err
	}
	for _, a := range n.Names {
		if a.Name == "*" {
			if err := in.importStar(m, n, s); err != nil {
				return err
			}
			continue
		}
		v, err := in.importName(m, name, a)
		if err != nil {
			return err
		}
		bound := a.AsName
		if bound == "" {
			bound = a.Name
		}
		in.bind(s, bound, v, a, a, "import")
	}
	return nil
}

func (in *interp) importName(m *module, name string, a *syntax.Alias) (value.Value, error) {
	if m.scope != nil {
		if v, ok := m.scope.vars[a.Name]; ok {
			return v.v, nil
		}
		if m.dir != "" {
			sub, err := in.importModule(name+"."+a.Name, a)
			if err == nil {
				return sub, nil
			}
			if r, ok := isException(err); !ok || r.exc.Type != "ModuleNotFoundError" {
				return nil, err
			}
		}
		if len(m.scope.open) > 0 {
			return &Unknown{m.scope.open[0]}, nil
		}
		return nil, in.raise(a, "ImportError", "cannot import name '%s' from '%s' (%s)", a.Name, name, absolute(in.o.Dir, m.file))
	}
	if m.builtin != nil {
		if v, ok := m.builtin[a.Name]; ok {
			return v, nil
		}
		if table := library(in, name+"."+a.Name); table != nil {
			return in.importModule(name+"."+a.Name, a)
		}
		return in.unknown(a, "it comes from "+name+", of which gsrv does not model "+a.Name), nil
	}
	return in.foreignName(m, a.Name, a), nil
}

// foreignName is a name of a package that gsrv does not read.
func (in *interp) foreignName(m *module, name string, n syntax.Node) value.Value {
	top, _, _ := strings.Cut(m.name, ".")
	return &Unknown{&schema.Opaque{Source: in.cur.text(n), Reason: "it comes from the package " + top + ", which gsrv does not read", Src: in.rng(n)}}
}

func (in *interp) importStar(m *module, n *syntax.ImportFrom, s *scope) error {
	if m.scope == nil {
		if m.builtin != nil {
			for name, v := range m.builtin {
				if !strings.HasPrefix(name, "_") {
					in.bind(s, name, v, n, n, "import")
				}
			}
			s.open = append(s.open, &schema.Opaque{
				Source: in.cur.text(n), Reason: "import * takes every name of " + m.name + ", of which gsrv models some", Src: in.rng(n),
			})
			return nil
		}
		top, _, _ := strings.Cut(m.name, ".")
		s.open = append(s.open, &schema.Opaque{
			Source: in.cur.text(n), Reason: "import * takes every name of the package " + top + ", which gsrv does not read", Needs: []string{"package " + top}, Src: in.rng(n),
		})
		return nil
	}
	names := m.scope.order
	if all, ok := m.scope.vars["__all__"].v.(*value.List); ok {
		names = nil
		for _, v := range all.Elems {
			if name, ok := v.(value.Str); ok {
				names = append(names, string(name))
			}
		}
	}
	for _, name := range names {
		slot, ok := m.scope.vars[name]
		if !ok && m.scope.vars["__all__"].v != nil && len(m.scope.open) == 0 {
			return in.raise(n, "AttributeError", "module '%s' has no attribute '%s'", m.name, name)
		}
		if !ok || m.scope.vars["__all__"].v == nil && strings.HasPrefix(name, "_") {
			continue
		}
		in.bind(s, name, slot.v, n, n, slot.kind)
		// The value stands where the other module gives it.
		b := s.vars[name]
		b.at, b.name = slot.at, slot.name
		s.vars[name] = b
	}
	s.open = append(s.open, m.scope.open...)
	return nil
}

// moduleAttr is module.name.
func (in *interp) moduleAttr(m *module, name string, n syntax.Node) (value.Value, error) {
	switch {
	case m.scope != nil:
		if v, ok := m.scope.vars[name]; ok {
			return v.v, nil
		}
		if sub, ok := in.modules[m.name+"."+name]; ok {
			return sub, nil
		}
		if name == "__dict__" {
			return &namespace{m.scope}, nil
		}
		if len(m.scope.open) > 0 {
			return &Unknown{m.scope.open[0]}, nil
		}
		return nil, in.raise(n, "AttributeError", "module '%s' has no attribute '%s'", m.name, name)
	case m.builtin != nil:
		if v, ok := m.builtin[name]; ok {
			return v, nil
		}
		if table := library(in, m.name+"."+name); table != nil {
			return in.importModule(m.name+"."+name, n)
		}
		if name == "__name__" {
			return value.Str(m.name), nil
		}
		return in.unknown(n, "it comes from "+m.name+", of which gsrv does not model "+name), nil
	}
	return in.foreignName(m, name, n), nil
}

// readFile reads a file for the program; a file that does not exist is Python's error.
func (in *interp) readFile(name, display string, n syntax.Node) (string, *Unknown, error) {
	shown := name
	if in.o.Dir != "" && strings.HasPrefix(name, in.o.Dir+"/") {
		shown = strings.TrimPrefix(name, in.o.Dir+"/")
	}
	text, err := in.files.Read(shown)
	switch {
	case err == nil:
		if aerr := in.budget.Alloc(int64(len(text))); aerr != nil {
			_, err := in.wrap(nil, aerr, n)
			return "", nil, err
		}
		return string(text), nil, nil
	case errors.Is(err, fs.ErrNotExist):
		return "", nil, in.raise(n, "FileNotFoundError", "[Errno 2] No such file or directory: %s", pyQuote(display))
	case errors.Is(err, fs.ErrPermission):
		return "", nil, in.raise(n, "PermissionError", "[Errno 13] Permission denied: %s", pyQuote(display))
	case errors.Is(err, schema.ErrNotRegular) && in.files.Exists(shown) == "dir":
		return "", nil, in.raise(n, "IsADirectoryError", "[Errno 21] Is a directory: %s", pyQuote(display))
	}
	return "", in.unknown(n, "it is read from a file that gsrv cannot read: "+err.Error()), nil
}
