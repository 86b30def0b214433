package startup

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
	"gsrv/schema/python/syntax"
)

// A module is a file of the project, or a directory without __init__.py.
type module struct {
	name    string // dotted
	file    string // empty for a namespace package
	dir     string // where its submodules stand, empty for none
	tree    *syntax.Module
	lines   []int // where each line starts
	scope   *scope
	effects []*Effect
	depth   int // how many unknown tests were around its import
	fork    int // whether it was imported by what runs after the fork
	done    bool
}

type analysis struct {
	files   *schema.Files
	opts    Options
	path    []string
	report  *Report
	modules map[string]*module
	absent  map[string]bool
	loading []*module
	steps   []Step
	active  map[syntax.Node]int
	depth   int // unknown tests around
	guards  []string
	fork    int // above 0 within what runs after the fork
	silent  int // above 0 where nothing is recorded
	budget  int
	bytes   int
	nesting int
	order   int
	environ map[string]value
	django  bool
	places  map[place]*Effect
	called  map[place]bool
	seen    map[string]bool
}

type place struct {
	at   hcl.Range
	kind string
}

func newAnalysis(files *schema.Files, opts Options) *analysis {
	a := &analysis{
		files: files, opts: opts, path: opts.Path, report: &Report{}, budget: maxSteps,
		modules: map[string]*module{}, absent: map[string]bool{}, active: map[syntax.Node]int{}, environ: map[string]value{},
		places: map[place]*Effect{}, called: map[place]bool{}, seen: map[string]bool{},
	}
	if len(a.path) == 0 {
		a.path = []string{""}
	}
	return a
}

// within tells whether a search directory is the project's and not where packages are installed.
func within(dir string) bool {
	return !strings.Contains(dir, "site-packages") && !strings.Contains(dir, "dist-packages")
}

// find looks for a module of the project by its full name and answers nil for one that is not the project's.
func (a *analysis) find(name string) *module {
	if m, ok := a.modules[name]; ok {
		return m
	}
	if name == "" || a.absent[name] {
		return nil
	}
	m := a.locate(name)
	if m == nil {
		a.absent[name] = true
		return nil
	}
	a.modules[name] = m
	return m
}

func (a *analysis) locate(name string) *module {
	dirs := a.path
	last := name
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		parent := a.find(name[:i])
		if parent == nil || parent.dir == "" && parent.file != "" {
			return nil
		}
		dirs, last = []string{parent.dir}, name[i+1:]
	} else if standard()[name] {
		return nil
	}
	if last == "" || strings.ContainsAny(last, "/\x00") {
		return nil
	}
	namespace := ""
	for _, dir := range dirs {
		if !within(dir) {
			continue
		}
		base := filepath.Join(dir, last)
		if file := filepath.Join(base, "__init__.py"); a.files.Exists(file) == "file" {
			return &module{name: name, file: file, dir: base}
		}
		if file := base + ".py"; a.files.Exists(file) == "file" {
			return &module{name: name, file: file}
		}
		if namespace == "" && a.files.Exists(base) == "dir" {
			namespace = base
		}
	}
	// An installed package goes before a directory without __init__.py.
	if namespace != "" && (strings.Contains(name, ".") || !knownLibrary(name)) {
		return &module{name: name, dir: namespace}
	}
	return nil
}

// load runs a module's body, if it has not been run.
func (a *analysis) load(m *module) {
	if m.scope != nil {
		a.again(m)
		return
	}
	m.scope = newScope(nil, a.depth)
	m.scope.names["__name__"] = constant{m.name}
	m.scope.names["__file__"] = nil
	m.depth, m.fork = a.depth, a.fork
	if m.file == "" {
		m.done = true
		return
	}
	if len(a.report.Modules) >= MaxModules {
		a.report.Truncated = true
		m.scope.open = true
		return
	}
	if !a.parse(m) {
		m.scope.open = true
		return
	}
	a.loading = append(a.loading, m)
	// A module is imported once: the tests around this import are those of its scope.
	f := &frame{mod: m, scope: m.scope}
	a.block(f, m.tree.Body)
	a.loading = a.loading[:len(a.loading)-1]
	m.done = true
}

func (a *analysis) parse(m *module) bool {
	text, err := a.files.Read(m.file)
	if err != nil {
		a.report.Unreadable = append(a.report.Unreadable, err)
		return false
	}
	if a.bytes += len(text); a.bytes > MaxBytes {
		a.report.Truncated = true
		return false
	}
	a.report.Modules = append(a.report.Modules, m.file)
	tree, err := syntax.Parse(m.file, text)
	if err != nil {
		a.report.Unreadable = append(a.report.Unreadable, err)
		return false
	}
	m.tree, m.lines = tree, lineStarts(text)
	return true
}

// again notes that a module which was imported behind a test is also imported for certain.
func (a *analysis) again(m *module) {
	if a.silent > 0 {
		return
	}
	if a.depth == 0 && m.depth > 0 {
		for _, e := range m.effects {
			if e.depth <= m.depth {
				e.Conditional, e.Guard, e.depth = false, "", 0
			}
		}
		m.depth = 0
	}
	if a.fork == 0 && m.fork > 0 {
		for _, e := range m.effects {
			e.AfterFork = false
		}
		m.fork = 0
	}
}

// importModule imports a module and the packages above it, and gives the module, or nil for one of a library.
func (a *analysis) importModule(f *frame, node syntax.Node, name string) *module {
	if a.nesting >= maxDepth {
		a.report.Truncated = true
		return nil
	}
	a.nesting++
	defer func() { a.nesting-- }()
	parts := strings.Split(name, ".")
	a.note(f, node, parts[0])
	var m *module
	for i := range parts {
		full := strings.Join(parts[:i+1], ".")
		next := a.find(full)
		if next == nil {
			if m != nil && (m.dir != "" || m.file == "") {
				a.missing(full)
			}
			return nil
		}
		a.step(f, node, "imports "+full, func() { a.load(next) })
		if m != nil && m.scope != nil {
			if _, ok := m.scope.names[parts[i]]; !ok {
				m.scope.names[parts[i]] = next
			}
		}
		m = next
	}
	return m
}

func (a *analysis) missing(name string) {
	if !a.seen["missing "+name] && len(a.report.Missing) < MaxModules {
		a.seen["missing "+name] = true
		a.report.Missing = append(a.report.Missing, name)
	}
}

// note records the first import of a top-level package.
func (a *analysis) note(f *frame, node syntax.Node, name string) {
	if name == "" || a.silent > 0 || a.seen["import "+name] || len(a.report.Imports) >= maxCalls {
		return
	}
	a.seen["import "+name] = true
	a.order++
	a.report.Imports = append(a.report.Imports, Import{
		Name: name, Range: f.at(node), Project: a.find(name) != nil, Conditional: a.depth > 0, Order: a.order,
	})
}

// step does something that belongs to a place: what it starts is reached from there.
func (a *analysis) step(f *frame, node syntax.Node, what string, do func()) {
	a.steps = append(a.steps, Step{Range: f.at(node), What: what})
	do()
	a.steps = a.steps[:len(a.steps)-1]
}

// attribute gives a name of a module: what its body has bound, or a module below it.
func (a *analysis) attribute(f *frame, node syntax.Node, m *module, name string, imports bool) value {
	if m.scope != nil {
		if v, ok := m.scope.names[name]; ok {
			return v
		}
	}
	if sub := a.find(m.name + "." + name); imports && sub != nil {
		a.step(f, node, "imports "+sub.name, func() { a.load(sub) })
		if m.scope != nil {
			m.scope.names[name] = sub
		}
		return sub
	}
	if m.scope != nil {
		return a.starred(m.scope, name)
	}
	return nil
}

// starred finds a name among those that from LIBRARY import * has taken.
func (a *analysis) starred(s *scope, name string) value {
	for _, lib := range s.stars {
		if knownName(lib + "." + name) {
			return libref{lib + "." + name}
		}
	}
	return nil
}

func (a *analysis) importStmt(f *frame, n *syntax.Import) flow {
	for _, alias := range n.Names {
		if a.refused(alias.Name) {
			return flow{end: true, raised: "ImportError"}
		}
		m := a.importModule(f, alias, alias.Name)
		top, _, _ := strings.Cut(alias.Name, ".")
		switch {
		case alias.AsName != "" && m != nil:
			a.bind(f, alias.AsName, m)
		case alias.AsName != "" && a.find(top) == nil:
			a.imported(f, alias, alias.Name)
			a.bind(f, alias.AsName, libref{alias.Name})
		case alias.AsName != "":
			a.bind(f, alias.AsName, nil)
		case a.find(top) != nil:
			a.bind(f, top, a.modules[top])
		default:
			a.imported(f, alias, alias.Name)
			a.bind(f, top, libref{top})
		}
	}
	return flow{}
}

// refused tells whether the import of a module is known to fail under the server.
func (a *analysis) refused(name string) bool {
	top, _, _ := strings.Cut(name, ".")
	return (top == "uwsgi" || top == "uwsgidecorators") && a.opts.Server != "" && a.opts.Server != "uwsgi"
}

func (a *analysis) importFrom(f *frame, n *syntax.ImportFrom) flow {
	name := n.Module
	if n.Level > 0 {
		base, ok := f.mod.packageName(n.Level)
		if !ok {
			for _, alias := range n.Names {
				a.bind(f, bound(alias), nil)
			}
			return flow{}
		}
		name = base
		if n.Module != "" {
			name = strings.TrimPrefix(base+"."+n.Module, ".")
		}
	} else if a.refused(name) {
		return flow{end: true, raised: "ImportError"}
	}
	m := a.importModule(f, n, name)
	top, _, _ := strings.Cut(name, ".")
	for _, alias := range n.Names {
		switch {
		case alias.Name == "*" && m != nil:
			a.importStar(f, m)
		case alias.Name == "*" && a.find(top) == nil && n.Level == 0:
			f.scope.global.stars = append(f.scope.global.stars, name)
		case alias.Name == "*":
			f.scope.global.open = true
		case m != nil:
			v := a.attribute(f, alias, m, alias.Name, true)
			if v == nil && m.done && m.dir != "" && m.scope != nil && !m.scope.open && !a.has(m, alias.Name) {
				a.missing(m.name + "." + alias.Name)
			}
			a.bind(f, bound(alias), v)
		case a.find(top) == nil && n.Level == 0:
			a.imported(f, alias, name+"."+alias.Name)
			a.bind(f, bound(alias), libref{name + "." + alias.Name})
		default:
			a.bind(f, bound(alias), nil)
		}
	}
	if m == nil && a.find(top) == nil && n.Level == 0 {
		a.imported(f, n, name)
	}
	return flow{}
}

// has tells whether a module binds a name, to whatever value.
func (a *analysis) has(m *module, name string) bool {
	_, ok := m.scope.names[name]
	return ok || len(m.scope.stars) > 0 || strings.HasPrefix(name, "__") || a.lazyNames(m)
}

// lazyNames tells whether a module has a function __getattr__.
func (a *analysis) lazyNames(m *module) bool {
	_, ok := m.scope.names["__getattr__"]
	return ok
}

func (a *analysis) importStar(f *frame, m *module) {
	to := f.scope.global
	if m.scope == nil {
		return
	}
	only, limited := m.scope.names["__all__"].(*list)
	for name, v := range m.scope.names {
		if limited && !only.open && !only.hasText(name) || !limited && strings.HasPrefix(name, "_") {
			continue
		}
		to.names[name] = v
	}
	to.stars = append(to.stars, m.scope.stars...)
	to.open = to.open || m.scope.open
}

func (l *list) hasText(s string) bool {
	for _, e := range l.elems {
		if t, ok := text(e); ok && t == s {
			return true
		}
	}
	return false
}

func bound(alias *syntax.Alias) string {
	if alias.AsName != "" {
		return alias.AsName
	}
	return alias.Name
}

// packageName gives the package that a relative import of a level starts from.
func (m *module) packageName(level int) (string, bool) {
	name := m.name
	if m.dir == "" {
		level++
	}
	for range level - 1 {
		i := strings.LastIndexByte(name, '.')
		if i < 0 {
			return "", false
		}
		name = name[:i]
	}
	return name, true
}

// fileModule makes the module of a file that is given by its path.
func (a *analysis) fileModule(file string) *module {
	name := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	m := &module{name: name, file: file}
	if filepath.Base(file) == "__init__.py" {
		m.dir = filepath.Dir(file)
		m.name = filepath.Base(m.dir)
	}
	// The name that imports know it by, so that a module which imports it back does not read it twice.
	if known := a.find(m.name); known != nil && known.file == file {
		return known
	}
	return m
}

func (f *frame) at(n syntax.Node) hcl.Range { return f.mod.at(n) }

// at gives the place of a node, columns counted in bytes from 1.
func (m *module) at(n syntax.Node) hcl.Range {
	p := n.Span()
	return hcl.Range{Filename: m.file, Start: m.pos(p.Lineno, p.ColOffset), End: m.pos(p.EndLineno, p.EndColOffset)}
}

func (m *module) pos(line, column int32) hcl.Pos {
	at := hcl.Pos{Line: int(line), Column: int(column) + 1}
	if i := int(line) - 1; i >= 0 && i < len(m.lines) {
		at.Byte = m.lines[i] + int(column)
	}
	return at
}

// lineStarts gives the byte offset at which each line of a file starts.
func lineStarts(text []byte) []int {
	starts := []int{0}
	if bytes.HasPrefix(text, []byte("\xEF\xBB\xBF")) {
		starts[0] = 3
	}
	for i, c := range text {
		if c == '\n' || c == '\r' && (i+1 == len(text) || text[i+1] != '\n') {
			starts = append(starts, i+1)
		}
	}
	return starts
}

// String gives FILE:LINE: WHAT, for tests and logs.
func (s Step) String() string {
	return fmt.Sprintf("%s:%d %s", s.Range.Filename, s.Range.Start.Line, s.What)
}
