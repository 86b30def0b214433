package startup

import (
	"slices"
	"strings"
	"sync"

	"gsrv/schema/python/syntax"
)

// canonical gives the full name under which the tables know a library's object that can be imported by several.
func canonical(name string) string {
	if to, ok := aliases()[name]; ok {
		return to
	}
	for i := len(name) - 1; i > 0; i-- {
		if name[i] != '.' {
			continue
		}
		if to, ok := aliases()[name[:i]]; ok {
			return to + name[i:]
		}
	}
	return name
}

// index holds every name of the tables, those they begin with, and the libraries.
var index = sync.OnceValues(func() (names, tops map[string]bool) {
	names, tops = map[string]bool{}, map[string]bool{}
	add := func(name string) {
		for {
			names[name] = true
			i := strings.LastIndexByte(name, '.')
			if i < 0 {
				tops[name] = true
				return
			}
			name = name[:i]
		}
	}
	for name := range facts() {
		add(name)
	}
	for name, to := range aliases() {
		add(name)
		add(to)
	}
	for name := range results() {
		add(name)
	}
	for name := range uwsgiDecorators() {
		add(name)
	}
	for name := range importFacts {
		add(name)
	}
	for _, name := range otherNames {
		add(name)
	}
	return names, tops
})

// knownName tells whether the tables have something of a name.
func knownName(name string) bool {
	names, _ := index()
	return names[name]
}

// knownLibrary tells whether a top-level package is one of the tables'.
func knownLibrary(name string) bool {
	_, tops := index()
	return tops[name] || standard()[name]
}

// startable tells whether objects of a library's class have a method start that starts something.
func startable(class string) bool { _, ok := facts()[class+".start"]; return ok }

// endsWith tells whether leaving a with statement ends what an object of a class has started.
func endsWith(class string) bool { return managers()[class] }

// lockLike tells whether a library's callable gives a lock between processes.
func lockLike(name string) bool {
	last := strings.ToLower(lastPart(name))
	return strings.Contains(last, "lock") && !strings.HasPrefix(name, "threading.") && !strings.HasPrefix(name, "builtins.")
}

// endings are methods that end what their object has started.
var endings = map[string]bool{
	"join": true, "shutdown": true, "stop": true, "close": true, "cancel": true, "terminate": true, "communicate": true,
	"wait": true, "kill": true, "disconnect": true, "dispose": true, "loop_stop": true,
}

// callLibrary calls a library's callable: what it starts is in the tables.
func (a *analysis) callLibrary(f *frame, node syntax.Expr, name string, on *instance, args arguments) value {
	name = canonical(name)
	a.recordCall(f, node, name)
	if v, done := a.builtin(f, node, name, on, args); done {
		return v
	}
	result := &instance{lib: name, call: args}
	if to, ok := results()[name]; ok {
		result.lib = to
	}
	owner := on
	if isConstructor(name) {
		owner = result
	}
	a.initialiseAs(f, node, name, owner, args)
	if on != nil && endings[lastPart(name)] && !a.timed(name, args) {
		if strings.HasPrefix(on.lib, "subprocess.") {
			a.waited(on)
		} else {
			a.ended(on)
		}
	}
	return result
}

// isConstructor tells a callable that makes the object an effect belongs to from a method of one.
func isConstructor(name string) bool {
	return isClass(name) || results()[name] != "" || !isClass(parentPart(name))
}

func parentPart(name string) string {
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		return name[:i]
	}
	return ""
}

// timed tells whether a join waits for a limited time only.
func (a *analysis) timed(name string, args arguments) bool {
	if lastPart(name) != "join" && lastPart(name) != "wait" {
		return false
	}
	v, ok := args.get(0, "timeout")
	return ok && !isNone(v)
}

// initialise tells what the construction of a library's class starts, for a class of the project that is derived from it.
func (a *analysis) initialise(f *frame, node syntax.Expr, i *instance, args arguments) {
	a.initialiseAs(f, node, i.lib, i, args)
}

func (a *analysis) initialiseAs(f *frame, node syntax.Expr, name string, owner *instance, args arguments) {
	if fact, ok := facts()[name]; ok {
		if fact.unless != nil && fact.unless(a.truth, args) {
			return
		}
		if owner != nil && owner.managed && fact.pooled {
			return
		}
		a.add1(f, node, fact.kind, name, "", fact.note, owner)
		return
	}
	if kind, note, ok := patternFact(name); ok {
		a.add1(f, node, kind, name, "", note, owner)
	}
}

// add1 records an effect. owner is the object that can end it.
func (a *analysis) add1(f *frame, node syntax.Node, kind Kind, callable, what, note string, owner *instance) {
	if what == "" {
		what = f.text(node)
	}
	top, _, _ := strings.Cut(callable, ".")
	e := &Effect{
		Kind: kind, What: what, Library: top, Callable: callable, Note: note, Range: f.at(node), Path: slices.Clone(a.steps),
		Conditional: a.depth > 0, Guard: a.guard(), AfterFork: a.fork > 0, depth: a.depth,
	}
	if a.silent > 0 {
		owner.has(e)
		return
	}
	at := place{e.Range, string(kind)}
	if old, ok := a.places[at]; ok && !old.gone {
		owner.has(old)
		if old.AfterFork && !e.AfterFork || old.AfterFork == e.AfterFork && old.Conditional && !e.Conditional {
			old.AfterFork, old.Conditional, old.Guard, old.Path, old.depth = e.AfterFork, e.Conditional, e.Guard, e.Path, e.depth
		}
		return
	}
	if len(a.report.Effects) >= maxEffects {
		a.report.Truncated = true
		return
	}
	owner.has(e)
	a.order++
	e.Order = a.order
	a.places[at] = e
	a.report.Effects = append(a.report.Effects, e)
	for _, m := range a.loading {
		m.effects = append(m.effects, e)
	}
}

// has notes that an object, if there is one, can end an effect.
func (i *instance) has(e *Effect) {
	if i != nil && len(i.effects) < maxEffects && !slices.Contains(i.effects, e) {
		i.effects = append(i.effects, e)
	}
}

func (a *analysis) guard() string {
	for i := len(a.guards) - 1; i >= 0; i-- {
		if a.guards[i] != "" {
			return a.guards[i]
		}
	}
	return ""
}

// ended takes back what an object has started: it is over before the import is.
func (a *analysis) ended(i *instance) {
	for _, e := range i.effects {
		if a.depth <= e.depth {
			e.gone = true
		}
	}
	if a.depth == 0 {
		i.effects = nil
	}
}

// waited makes processes of an object commands: they have ended.
func (a *analysis) waited(i *instance) {
	for _, e := range i.effects {
		if a.depth <= e.depth && e.Kind == Process {
			e.Kind = Command
		}
	}
}

func (a *analysis) recordCall(f *frame, node syntax.Node, name string) {
	if a.silent > 0 || strings.HasPrefix(name, "builtins.") || strings.HasPrefix(name, "str.") || strings.HasPrefix(name, "list.") || strings.HasPrefix(name, "dict.") {
		return
	}
	at := place{f.at(node), name}
	if a.called[at] {
		return
	}
	if len(a.report.Calls) >= maxCalls {
		a.report.Truncated = true
		return
	}
	a.called[at] = true
	a.order++
	a.report.Calls = append(a.report.Calls, Call{Name: name, Range: at.at, Conditional: a.depth > 0, AfterFork: a.fork > 0, Order: a.order})
}

func (a *analysis) projectCall(f *frame, node syntax.Node, fn *function) {
	at := place{f.at(node), fn.mod.name + "." + fn.name}
	if a.silent > 0 || a.called[at] || len(a.report.ProjectCalls) >= maxCalls {
		return
	}
	a.called[at] = true
	a.order++
	a.report.ProjectCalls = append(a.report.ProjectCalls, Call{Name: at.kind, Range: at.at, Conditional: a.depth > 0, AfterFork: a.fork > 0, Order: a.order})
}

// imported tells what the import of a library's module does by itself.
func (a *analysis) imported(f *frame, node syntax.Node, name string) {
	for ; name != ""; name = parentPart(name) {
		if fact, ok := importFacts[name]; ok {
			a.add1(f, node, fact.kind, name, "import "+name, fact.note, nil)
			return
		}
	}
}

// afterFork calls a function that was registered to run in each worker.
func (a *analysis) afterFork(f *frame, node syntax.Expr, v value) {
	a.fork++
	switch v := v.(type) {
	case coroutine:
	default:
		a.callValue(f, node, v, arguments{open: true, mod: f.mod})
	}
	a.fork--
}
