package gunicorn

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
	"gsrv/schema/python/syntax"
)

// checkApplication looks whether the application can be found: the module on the path that gunicorn imports from, the
// name in the module. It never imports anything, and is silent where it cannot be sure.
func (r *reader) checkApplication() {
	module, object := moduleAndObject(r.app.uri)
	factory := r.checkObject(object)
	if !r.check.machine {
		return
	}
	found := r.findModule(module)
	if found.file == "" || factory == "" {
		return
	}
	r.checkName(module, factory, object, found.file)
}

// appError reports an application that gunicorn cannot load.
func (r *reader) appError(code, summary, server, detail string, args ...any) *hcl.Diagnostic {
	d := schema.Errorf(code, r.app.at, summary, detail, args...)
	schema.DetailOf(d).ServerMessage = server
	r.add(d)
	return d
}

// checkObject checks the part behind the colon and gives the name to look for; "" where there is none to tell.
func (r *reader) checkObject(object string) string {
	text := strings.TrimLeft(object, " \t")
	mod, err := syntax.Parse("<application>", []byte("("+text+"\n)"))
	if err != nil || len(mod.Body) != 1 {
		if r.release.AtLeast("20.0.1") || err != nil {
			r.appError("invalid-application", "No name and no call", fmt.Sprintf("gunicorn.errors.AppImportError: Failed to parse %s as an attribute name or function call.", pyRepr(object)),
				"The part behind the colon, %s, is no Python. Write the name of the application in its module (shop.wsgi:application) or the call that makes it (shop:create_app()).", pyRepr(object))
		}
		return ""
	}
	statement, ok := mod.Body[0].(*syntax.ExprStmt)
	if !ok {
		return ""
	}
	if !r.release.AtLeast("20.0.1") {
		// Releases before evaluate the text as an expression in the module.
		if name, ok := statement.Value.(*syntax.Name); ok {
			return name.ID
		}
		return ""
	}
	switch e := statement.Value.(type) {
	case *syntax.Name:
		return e.ID
	case *syntax.Call:
		name, ok := e.Func.(*syntax.Name)
		if !ok {
			r.appError("invalid-application", "Not the call of a plain name", fmt.Sprintf("gunicorn.errors.AppImportError: Function reference must be a simple name: %s", pyRepr(object)),
				"gunicorn calls only a function of the module itself: %s has a dot or more in front of its brackets. Put a function or name into the module that makes the application, and name that.", pyRepr(object))
			return ""
		}
		if !literalArguments(e) {
			r.appError("invalid-application", "Arguments that are no literals", fmt.Sprintf("gunicorn.errors.AppImportError: Failed to parse arguments as literal values: %s", pyRepr(object)),
				"gunicorn calls the factory with literal arguments only: text, numbers, True, False, None, and lists or dictionaries of these. %s has something else, such as a calculation or a name. Write the value itself, or a function without arguments.", pyRepr(object))
			return ""
		}
		return name.ID
	}
	r.appError("invalid-application", "No name and no call", fmt.Sprintf("gunicorn.errors.AppImportError: Failed to parse %s as an attribute name or function call.", pyRepr(object)),
		"The part behind the colon must be one name of the module or one call of a function in it, and %s is neither (attributes with dots are not taken). Give the application a name of its own in the module.", pyRepr(object))
	return ""
}

func literalArguments(call *syntax.Call) bool {
	for _, a := range call.Args {
		if !literal(a) {
			return false
		}
	}
	for _, k := range call.Keywords {
		if !literal(k.Value) {
			return false
		}
	}
	return true
}

// literal tells whether ast.literal_eval takes an expression.
func literal(e syntax.Expr) bool {
	switch e := e.(type) {
	case *syntax.Constant:
		return true
	case *syntax.List:
		return allLiteral(e.Elts)
	case *syntax.Tuple:
		return allLiteral(e.Elts)
	case *syntax.Set:
		return allLiteral(e.Elts)
	case *syntax.Dict:
		return !slices.Contains(e.Keys, nil) && allLiteral(e.Keys) && allLiteral(e.Values)
	case *syntax.Call:
		name, ok := e.Func.(*syntax.Name)
		return ok && name.ID == "set" && len(e.Args) == 0 && len(e.Keywords) == 0
	case *syntax.UnaryOp:
		return (e.Op == syntax.UAdd || e.Op == syntax.USub) && isNumber(e.Operand)
	case *syntax.BinOp:
		left := e.Left
		if u, ok := left.(*syntax.UnaryOp); ok && (u.Op == syntax.UAdd || u.Op == syntax.USub) {
			left = u.Operand
		}
		right, ok := e.Right.(*syntax.Constant)
		if !ok || e.Op != syntax.Add && e.Op != syntax.Sub {
			return false
		}
		_, isComplex := right.Value.(complex128)
		l, ok := left.(*syntax.Constant)
		if !ok {
			return false
		}
		_, leftComplex := l.Value.(complex128)
		return isComplex && isNumber(l) && !leftComplex
	}
	return false
}

func allLiteral(list []syntax.Expr) bool {
	for _, e := range list {
		if !literal(e) {
			return false
		}
	}
	return true
}

func isNumber(e syntax.Expr) bool {
	c, ok := e.(*syntax.Constant)
	if !ok {
		return false
	}
	switch c.Value.(type) {
	case nil, bool, string, syntax.Bytes, syntax.Ellipsis:
		return false
	}
	return true
}

// findModule looks the module up and reports one that is certainly missing.
func (r *reader) findModule(module string) where {
	search := r.searchPath(false)
	w := search.find(module)
	if !w.missing {
		return w
	}
	r.addInstalled(search)
	if w = search.find(module); !w.missing {
		return w
	}
	message := "No module named " + pyRepr(missingPart(module, w.near))
	if w.near != "" && isModuleFile(search, w.near) {
		message += "; " + pyRepr(w.near) + " is not a package"
	}
	server := "ModuleNotFoundError: " + message
	if with := r.searchPath(true).find(module); with.found {
		r.appError("app-found-late", "gunicorn --check-config does not find the application", server,
			"%s lies in a directory of pythonpath, which gunicorn adds only when it really starts: a start finds it, gunicorn --check-config and --print-config end with status 1. Where the check is part of the deployment, set PYTHONPATH or chdir instead.", pyRepr(module))
		return with
	}
	hint := r.moduleHint(module)
	r.appError("app-not-found", "The application's module is not found", server,
		"There is no module %s where gunicorn imports from: the directory it is started in (%s), %sPYTHONPATH and the installed packages. %s", pyRepr(module), r.in.Dir, r.chdirNote(), hint)
	return w
}

func (r *reader) chdirNote() string {
	if e := r.stack.entries["chdir"]; e != nil && e.Layer != schema.LayerDefault {
		return "the directory of chdir, "
	}
	return ""
}

// missingPart is the name that Python's message gives: up to the first part that is not there.
func missingPart(module, near string) string {
	if near == "" {
		first, _, _ := strings.Cut(module, ".")
		return first
	}
	rest, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(module, near), "."), ".")
	return near + "." + rest
}

func isModuleFile(m *moduleSearch, name string) bool {
	w := m.find(name)
	return w.found && w.file != "" && filepath.Base(w.file) != "__init__.py"
}

// moduleHint guesses what was meant by a module that is not there.
func (r *reader) moduleHint(module string) string {
	switch {
	case r.app.given && slices.Contains([]string{"true", "false", "0", "1", "yes", "no", "on", "off"}, strings.ToLower(module)):
		return "It looks like a value for the option before it, which takes none: gunicorn's switches are on where they are named, and off where they are not."
	case strings.HasSuffix(module, ".py") && r.in.Files.Exists(module) == "file":
		return "This is a file's name: write it without .py, as " + pyRepr(strings.ReplaceAll(strings.TrimSuffix(module, ".py"), "/", ".")) + "."
	case strings.Contains(module, "/"):
		dir, base := filepath.Split(strings.TrimSuffix(module, ".py"))
		return fmt.Sprintf("Modules are named with dots, not as paths: write %s:…, or --chdir %s %s:….", strings.ReplaceAll(strings.Trim(strings.TrimSuffix(module, ".py"), "/"), "/", "."), strings.TrimSuffix(dir, "/"), base)
	}
	rel := strings.ReplaceAll(module, ".", "/")
	for _, pattern := range []string{"*", "*/*"} {
		for _, end := range []string{".py", "/__init__.py"} {
			found, _ := filepath.Glob(filepath.Join(escapeGlob(r.in.Dir), pattern, escapeGlob(rel)+end))
			if len(found) > 0 {
				dir, err := filepath.Rel(r.in.Dir, strings.TrimSuffix(strings.TrimSuffix(found[0], end), rel))
				if err == nil {
					return fmt.Sprintf("It is in %s: add --chdir %s (or chdir in the configuration file), or install the package.", dir, dir)
				}
			}
		}
	}
	if near := r.nearModule(module); near != "" {
		return "Did you mean " + pyRepr(near) + "? Otherwise start it from the project's directory, or name that with --chdir."
	}
	return "Start it from the project's directory, name that with --chdir, or install the package. When it exists only on the server's machine, read with --no-host-env."
}

func (r *reader) nearModule(module string) string {
	head, last := "", module
	if i := strings.LastIndexByte(module, '.'); i >= 0 {
		head, last = module[:i], module[i+1:]
	}
	dir := filepath.Join(r.in.Dir, strings.ReplaceAll(head, ".", "/"))
	var known []string
	for _, pattern := range []string{"*.py", "*/__init__.py"} {
		found, _ := filepath.Glob(filepath.Join(escapeGlob(dir), pattern))
		for _, f := range found {
			name := strings.TrimSuffix(filepath.Base(f), ".py")
			if name == "__init__" {
				name = filepath.Base(filepath.Dir(f))
			}
			known = append(known, name)
		}
	}
	near := schema.Nearest(last, known)
	if near == "" || head == "" {
		return near
	}
	return head + "." + near
}

// checkName looks for a name in the application's module.
func (r *reader) checkName(module, name, object, file string) {
	shown := file
	if rel, err := filepath.Rel(r.in.Dir, file); err == nil && !strings.HasPrefix(rel, "..") {
		shown = rel
	}
	text, err := r.in.Files.Read(shown)
	if err != nil {
		return
	}
	mod, err := syntax.Parse(shown, text)
	if err != nil {
		return // what is wrong with it belongs to the import itself
	}
	names := namesOf(mod)
	if names.open {
		return
	}
	if !slices.Contains(names.list, name) {
		hint := "Look at what the module calls its application."
		if near := schema.Nearest(name, names.list); near != "" {
			hint = "Did you mean " + module + ":" + near + "?"
		} else if i := slices.IndexFunc(names.list, func(n string) bool { return n == "application" || n == "app" || n == "create_app" }); i >= 0 {
			hint = "Did you mean " + module + ":" + names.list[i] + "?"
		}
		server := fmt.Sprintf("gunicorn.errors.AppImportError: Failed to find attribute %s in %s.", pyRepr(name), pyRepr(module))
		if strings.IndexByte(r.app.uri, ':') < 0 {
			hint += " Where no name is given, gunicorn looks for application."
		}
		d := r.appError("app-not-found", "The module has no such name", server, "%s never gives the name %s to anything, and gunicorn ends with status 1 when it loads the application. %s", shown, pyRepr(name), hint)
		schema.DetailOf(d).Suggest = ""
		return
	}
	value, at := names.literals[name], names.count[name]
	if value == nil || at != 1 || object != name {
		return
	}
	src := value.Span()
	d := r.appError("app-not-callable", "The application cannot be called", "gunicorn.errors.AppImportError: Application object must be callable.",
		"%s is %s in %s, and an application is a function or an object that can be called: gunicorn ends with status 1. Name the application itself.", pyRepr(name), mod.Text(value), shown)
	schema.DetailOf(d).Related = []schema.Related{{Message: "it gets its value here", Range: schema.RangeOf(shown, []byte(mod.Source), int(src.Start), int(src.End))}}
}

// moduleNames are the names that a module gives to things.
type moduleNames struct {
	list []string
	// count says how often a name gets a value, literals which names get a plain value in the module's own body.
	count    map[string]int
	literals map[string]syntax.Expr
	// open is set where names may come from elsewhere.
	open bool
}

// namesOf collects every name that gets a value anywhere in a module. It takes too many for the module's own (those of
// functions are among them), so that a name that is missing here is missing for certain.
func namesOf(mod *syntax.Module) *moduleNames {
	n := &moduleNames{count: map[string]int{}, literals: map[string]syntax.Expr{}}
	syntax.InspectBody(mod.Body, func(node syntax.Node) bool {
		switch node := node.(type) {
		case *syntax.Name:
			if node.Ctx != syntax.Load {
				n.add(node.ID)
			} else if slices.Contains([]string{"globals", "exec", "vars", "locals", "setattr", "__import__"}, node.ID) {
				n.open = true
			}
		case *syntax.FunctionDef:
			n.add(node.Name)
			n.open = n.open || node.Name == "__getattr__"
		case *syntax.AsyncFunctionDef:
			n.add(node.Name)
		case *syntax.ClassDef:
			n.add(node.Name)
		case *syntax.ExceptHandler:
			n.add(node.Name)
		case *syntax.MatchAs:
			n.add(node.Name)
		case *syntax.MatchStar:
			n.add(node.Name)
		case *syntax.MatchMapping:
			n.add(node.Rest)
		case *syntax.Alias:
			n.alias(node)
		case *syntax.Attribute:
			n.open = n.open || node.Attr == "modules" || node.Attr == "__dict__"
		}
		return true
	})
	for _, s := range mod.Body {
		if a, ok := s.(*syntax.Assign); ok && len(a.Targets) == 1 {
			if name, ok := a.Targets[0].(*syntax.Name); ok && plainValue(a.Value) {
				n.literals[name.ID] = a.Value
			}
		}
	}
	return n
}

func (n *moduleNames) add(name string) {
	if name == "" {
		return
	}
	if n.count[name] == 0 {
		n.list = append(n.list, name)
	}
	n.count[name]++
}

func (n *moduleNames) alias(a *syntax.Alias) {
	switch {
	case a.Name == "*":
		n.open = true
	case a.AsName != "":
		n.add(a.AsName)
	default:
		first, _, _ := strings.Cut(a.Name, ".")
		n.add(first)
	}
}

// plainValue tells whether an expression is a value that cannot be called.
func plainValue(e syntax.Expr) bool {
	switch e.(type) {
	case *syntax.Constant, *syntax.List, *syntax.Tuple, *syntax.Dict, *syntax.Set, *syntax.JoinedStr:
		return true
	}
	return false
}
