package eval

import (
	"errors"
	"path"
	"sort"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
	"gsrv/schema/python/syntax"
	"gsrv/schema/python/value"
)

// maxCalls is CPython's recursion limit.
const maxCalls = 990

// An interp is one run over a module.
type interp struct {
	o      Options
	host   schema.Host
	budget *value.Budget
	files  *schema.Files

	modules  map[string]*module // sys.modules
	loading  map[string]bool
	main     *module
	sysPath  *value.List
	environ  *environ
	builtins map[string]value.Value
	classes  map[string]*class

	frames []frame // calls in progress, outermost first
	// scopes are the namespaces of calls in progress, roots of a snapshot.
	scopes []*scope
	cur    *module
	// mayRaise gathers, inside a try, what may be raised on some hosts.
	tries       []*tryFrame
	conditional []*Raised
	ended       *raised
	diags       hcl.Diagnostics
	stopped     *giveUp
	forks       int
	handling    []*raised // exceptions being handled, for a bare raise
	cwd         string
	generators  []*generator
	generatorOf map[*value.Iter]*generator
	// waiting are the scopes of those that wait for a generator's next value; forkDepth counts the branches being followed.
	waiting   [][]*scope
	forkDepth int
	exprNodes int
	exprDepth int
}

type frame struct {
	name string
	at   hcl.Range
}

// openHost hides what differs from host to host.
type openHost struct{ schema.Host }

// Env implements schema.Host: never known.
func (openHost) Env(string) (string, schema.EnvState) { return "", schema.EnvUnknown }

// EnvNames implements schema.Host.
func (openHost) EnvNames() ([]string, bool) { return nil, false }

// Fact implements schema.Host: only what is the same on every host.
func (h openHost) Fact(f schema.Fact) (cty.Value, bool) {
	if f == schema.Platform || f == schema.CurrentDir {
		return h.Host.Fact(f)
	}
	return cty.DynamicVal, false
}

func newInterp(o Options, host schema.Host) *interp {
	in := &interp{
		o: o, host: host, files: o.Files, budget: value.NewBudget(o.Steps, o.Memory),
		modules: map[string]*module{}, loading: map[string]bool{}, cwd: o.Dir,
	}
	in.budget.Call = func(_ *value.Budget, fn value.Value, args []value.Value, kwargs []value.Kwarg) (value.Value, error) {
		return in.call(fn, args, kwargs, nil)
	}
	in.budget.GetAttr = func(_ *value.Budget, v value.Value, name string) (value.Value, error) {
		return in.getAttr(v, name, nil)
	}
	in.environ = newEnviron(in)
	in.sysPath = value.NewList()
	for _, dir := range o.SysPath {
		in.sysPath.Elems = append(in.sysPath.Elems, value.Str(dir))
	}
	in.classes = builtinClasses()
	in.builtins = in.makeBuiltins()
	return in
}

// parseModule reads source text.
func parseModule(name string, src []byte) (*module, *syntax.SyntaxError) {
	tree, err := syntax.Parse(name, src)
	if err == nil {
		// Importing a module compiles it, and the compiler refuses more than the grammar.
		err = syntax.Check(name, tree)
	}
	if err != nil {
		var se *syntax.SyntaxError
		if errors.As(err, &se) {
			return nil, se
		}
		return nil, &syntax.SyntaxError{Filename: name, Type: "SyntaxError", Msg: err.Error(), Line: 1, Col: 1}
	}
	m := &module{file: name, tree: tree, src: src, lines: []int{0}}
	if len(src) >= 3 && src[0] == 0xEF && src[1] == 0xBB && src[2] == 0xBF {
		m.bom = 3
	}
	for i, c := range src {
		switch {
		case c == '\n', c == '\r' && (i+1 >= len(src) || src[i+1] != '\n'):
			m.lines = append(m.lines, i+1)
		}
	}
	return m, nil
}

// newScope gives a module its namespace.
func (m *module) newScope() *scope {
	m.scope = &scope{vars: map[string]slot{}, mod: m}
	m.scope.globals = m.scope
	return m.scope
}

// rng gives a node's place in its file.
func (m *module) rng(n syntax.Node) hcl.Range {
	if m == nil || n == nil {
		return hcl.Range{}
	}
	p := n.Span()
	return hcl.Range{Filename: m.file, Start: m.pos(p.Lineno, p.ColOffset), End: m.pos(p.EndLineno, p.EndColOffset)}
}

func (m *module) pos(line, col int32) hcl.Pos {
	i := int(line) - 1
	if i < 0 || i >= len(m.lines) {
		return hcl.Pos{Line: int(line), Column: int(col) + 1, Byte: len(m.src)}
	}
	at := m.lines[i] + int(col)
	if i == 0 {
		at += m.bom
	}
	return hcl.Pos{Line: int(line), Column: int(col) + 1, Byte: min(at, len(m.src))}
}

// text gives a node's source.
func (m *module) text(n syntax.Node) string {
	if m == nil || m.tree == nil || n == nil {
		return ""
	}
	return m.tree.Text(n)
}

func (in *interp) rng(n syntax.Node) hcl.Range { return in.cur.rng(n) }

// runMain evaluates the module that was asked for.
func (in *interp) runMain(parsed *module) {
	m := *parsed
	m.name = in.o.ModuleName
	in.main = &m
	in.modules[m.name] = in.main
	s := in.main.newScope()
	file := m.file
	if !strings.HasPrefix(file, "/") && in.o.Dir != "" {
		file = path.Join(in.o.Dir, file)
	}
	in.define(s, "__name__", value.Str(m.name))
	in.define(s, "__file__", value.Str(file))
	in.define(s, "__doc__", docstring(m.tree.Body))
	in.define(s, "__package__", value.None)
	for _, name := range []string{"__spec__", "__loader__", "__cached__"} {
		in.define(s, name, dynamicValue(name))
	}
	in.define(s, "__builtins__", &module{name: "builtins", builtin: in.builtins})
	err := in.runModule(in.main)
	var r *raised
	if errors.As(err, &r) {
		in.ended = r
	}
}

func (in *interp) define(s *scope, name string, v value.Value) {
	s.vars[name] = slot{v: v, kind: "system"}
	s.order = append(s.order, name)
}

// runModule runs a module's statements in its namespace.
func (in *interp) runModule(m *module) error {
	saved := in.cur
	in.cur = m
	in.scopes = append(in.scopes, m.scope)
	defer func() {
		in.cur = saved
		in.scopes = in.scopes[:len(in.scopes)-1]
	}()
	if _, err := in.block(m.tree.Body, m.scope); err != nil {
		return in.settle(err, m)
	}
	return nil
}

// settle turns an error that reached a module's end into what the caller sees: exceptions go on, an exhausted budget is
// noted and every name still to be assigned is not known.
func (in *interp) settle(err error, m *module) error {
	var g *giveUp
	if errors.As(err, &g) || errors.As(in.budgetError(err), &g) {
		if in.stopped == nil {
			in.stopped = g
			in.diags = append(in.diags, schema.Warnf("gave-up", g.at, "Too much to evaluate",
				"Reading this stopped here: %s. What is assigned from here on is not known. A server would run it; simplify it so that it can be checked.", g.what))
		}
		in.forget(m)
		return nil
	}
	return err
}

func (in *interp) budgetError(err error) error {
	var b *value.BudgetError
	if errors.As(err, &b) {
		at := hcl.Range{}
		if n := len(in.frames); n > 0 {
			at = in.frames[n-1].at
		}
		return &giveUp{what: describeBudget(b), at: at}
	}
	return err
}

func describeBudget(b *value.BudgetError) string {
	if b.What == "bytes" {
		return "a value would take more memory than the limit for reading"
	}
	return "it takes more steps than the limit for reading"
}

// forget makes every name that the module still assigns unknown.
func (in *interp) forget(m *module) {
	for name, n := range assignedNames(m.tree.Body) {
		s, ok := m.scope.vars[name]
		if ok && !m.rngAfter(n, in.stopped.at) {
			continue
		}
		s.v = &Unknown{&schema.Opaque{Source: name, Reason: "reading stopped before it: " + in.stopped.what, Src: m.rng(n)}}
		s.name = m.rng(n)
		s.at = m.rng(n)
		if !ok {
			m.scope.order = append(m.scope.order, name)
		}
		m.scope.vars[name] = s
	}
}

func (m *module) rngAfter(n syntax.Node, at hcl.Range) bool {
	return at.Filename != m.file || m.rng(n).Start.Byte >= at.Start.Byte || at.Filename == ""
}

// assignedNames finds the names that statements assign at their own level, with the last place.
func assignedNames(body []syntax.Stmt) map[string]syntax.Node {
	out := map[string]syntax.Node{}
	visit := func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.FunctionDef:
			out[n.Name] = n
			return false
		case *syntax.AsyncFunctionDef:
			out[n.Name] = n
			return false
		case *syntax.ClassDef:
			out[n.Name] = n
			return false
		case *syntax.Lambda, *syntax.ListComp, *syntax.SetComp, *syntax.DictComp, *syntax.GeneratorExp:
			return false
		case *syntax.Name:
			if n.Ctx == syntax.Store {
				out[n.ID] = n
			}
		case *syntax.Alias:
			name := n.AsName
			if name == "" {
				name, _, _ = strings.Cut(n.Name, ".")
			}
			out[name] = n
		case *syntax.ExceptHandler:
			if n.Name != "" {
				out[n.Name] = n
			}
		}
		return true
	}
	syntax.InspectBody(body, visit)
	return out
}

// step charges one step for a node.
func (in *interp) step(n syntax.Node) error {
	if in.budget.Steps <= 0 {
		return &giveUp{what: "it takes more steps than the limit for reading", at: in.rng(n)}
	}
	in.budget.Steps--
	return nil
}

// unknown makes a value that cannot be known.
func (in *interp) unknown(n syntax.Node, reason string, needs ...string) *Unknown {
	return &Unknown{&schema.Opaque{Source: in.cur.text(n), Reason: reason, Needs: needs, Src: in.rng(n)}}
}

// raise makes a Python exception.
func (in *interp) raise(n syntax.Node, typ, format string, args ...any) error {
	return in.thrown(value.NewException(typ, format, args...), n)
}

// thrown puts an exception on its way with the place it comes from.
func (in *interp) thrown(e *value.Exception, n syntax.Node) error {
	r := &raised{exc: e, at: in.errorRange(n), class: in.classes[e.Type]}
	for _, f := range in.frames {
		r.trace = append(r.trace, Frame{Function: f.name, Range: f.at})
	}
	return r
}

// errorRange is the place CPython gives to an error: of an attribute or a method call over several lines, where its name
// stands.
func (in *interp) errorRange(n syntax.Node) hcl.Range {
	attr, ok := n.(*syntax.Attribute)
	if call, isCall := n.(*syntax.Call); isCall {
		attr, ok = call.Func.(*syntax.Attribute)
	}
	at := in.rng(n)
	if !ok {
		return at
	}
	if end := in.rng(attr).End; end.Line > at.Start.Line {
		at.Start = hcl.Pos{Line: end.Line, Column: max(end.Column-len(attr.Attr), 1), Byte: max(end.Byte-len(attr.Attr), 0)}
	}
	return at
}

// wrap turns an error of package value into one of the interpreter; unsupported operations become an unknown value.
func (in *interp) wrap(v value.Value, err error, n syntax.Node) (value.Value, error) {
	if err == nil {
		return v, nil
	}
	switch e := err.(type) {
	case *value.Exception:
		return nil, in.thrown(e, n)
	case *value.BudgetError:
		return nil, &giveUp{what: describeBudget(e), at: in.rng(n)}
	case *value.UnsupportedError:
		return in.unknown(n, e.What), nil
	case *dependsError:
		return e.why, nil
	}
	return nil, err
}

// needsOf names the host inputs that values depend on.
func needsOf(vs ...value.Value) []string {
	seen := map[string]bool{}
	var collect func(v value.Value, depth int)
	left := 2000
	collect = func(v value.Value, depth int) {
		if left--; depth > 4 || left < 0 {
			return
		}
		switch v := v.(type) {
		case *Symbolic:
			for _, n := range needsOfExpr(v.Expr) {
				seen[n] = true
			}
		case *Unknown:
			for _, n := range v.Why.Needs {
				seen[n] = true
			}
		case *value.List:
			for _, x := range v.Elems[:min(len(v.Elems), 50)] {
				collect(x, depth+1)
			}
		case *value.Tuple:
			for _, x := range v.Elems[:min(len(v.Elems), 50)] {
				collect(x, depth+1)
			}
		}
	}
	for _, v := range vs {
		collect(v, 0)
	}
	out := make([]string, 0, len(seen))
	for n := range seen {
		out = append(out, n)
	}
	sort.Strings(out)
	return out
}

// needsOfExpr names the host inputs of an expression; of a very large one, the first.
func needsOfExpr(e schema.Expr) []string {
	var out []string
	seen := map[string]bool{}
	add := func(n string) {
		if !seen[n] {
			seen[n] = true
			out = append(out, n)
		}
	}
	visited := 0
	schema.Walk(e, func(e schema.Expr) bool {
		switch e := e.(type) {
		case *schema.Env:
			add("environment variable " + e.Name)
		case *schema.HostFact:
			add(string(e.Fact))
		case *schema.Opaque:
			for _, n := range e.Needs {
				add(n)
			}
		}
		visited++
		return visited <= 4*maxExprSize
	})
	return out
}

// hidden tells whether a value is, or holds, something that is not known.
func hidden(v value.Value) bool {
	left := maxNodes
	return hiddenWithin(v, 0, &left)
}

// hiddenWithin looks at so many parts at most; what is larger counts as not known.
func hiddenWithin(v value.Value, depth int, left *int) bool {
	if *left--; depth > 20 || *left < 0 {
		return true
	}
	switch v := v.(type) {
	case *Symbolic, *Unknown:
		return true
	case *value.List:
		return anyWithin(v.Elems, depth, left)
	case *value.Tuple:
		return anyWithin(v.Elems, depth, left)
	case *value.Set:
		return anyWithin(v.Elems(), depth, left)
	case *value.Dict:
		found := false
		v.Items(func(k, x value.Value) bool {
			found = hiddenWithin(k, depth+1, left) || hiddenWithin(x, depth+1, left)
			return !found
		})
		return found
	}
	return false
}

func anyWithin(vs []value.Value, depth int, left *int) bool {
	for _, v := range vs {
		switch v.(type) {
		case *Symbolic, *Unknown, *value.List, *value.Tuple, *value.Set, *value.Dict:
			if hiddenWithin(v, depth+1, left) {
				return true
			}
		}
	}
	return false
}

// anyHidden tells it of several values.
func anyHidden(vs []value.Value, depth int) bool {
	left := maxNodes
	return anyWithin(vs, depth, &left)
}

// follow explains a result that follows from values that are not known.
func (in *interp) follow(n syntax.Node, what string, vs ...value.Value) *Unknown {
	for _, v := range vs {
		if u := firstUnknown(v, 0); u != nil {
			return &Unknown{&schema.Opaque{Source: in.cur.text(n), Reason: u.Why.Reason, Needs: u.Why.Needs, Src: in.rng(n)}}
		}
	}
	needs := needsOf(vs...)
	reason := what
	if len(needs) > 0 {
		reason = "it depends on " + strings.Join(needs, ", ") + " by way of " + what
	}
	return in.unknown(n, reason, needs...)
}

func firstUnknown(v value.Value, depth int) *Unknown {
	left := maxNodes
	return unknownWithin(v, depth, &left)
}

func unknownWithin(v value.Value, depth int, left *int) *Unknown {
	if *left--; depth > 5 || *left < 0 {
		return nil
	}
	switch v := v.(type) {
	case *Unknown:
		return v
	case *Symbolic:
		if o := schema.FindOpaque(v.Expr); o != nil {
			return &Unknown{o}
		}
	case *value.List:
		for _, x := range v.Elems {
			if u := unknownWithin(x, depth+1, left); u != nil {
				return u
			}
		}
	case *value.Tuple:
		for _, x := range v.Elems {
			if u := unknownWithin(x, depth+1, left); u != nil {
				return u
			}
		}
	}
	return nil
}
