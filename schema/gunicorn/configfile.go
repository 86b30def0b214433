package gunicorn

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
	"gsrv/schema/python/eval"
	"gsrv/schema/python/syntax"
	"gsrv/schema/python/value"
)

// defaultFile is the configuration file that is read where none is named.
const defaultFile = "gunicorn.conf.py"

// layFile reads the one configuration file that counts: of the command line, of GUNICORN_CMD_ARGS, or the default one.
func (r *reader) layFile(args, envArgs *parsedArgs) {
	given := args.last("config")
	if (given == nil || given.value.Text == "") && r.release.AtLeast("19.8.0") {
		given = envArgs.last("config")
	}
	if given != nil && given.value.Text != "" {
		r.layConfigFile(given.value)
		return
	}
	if r.release.AtLeast("17.5") {
		r.layDefaultFile()
	}
}

// layDefaultFile reads ./gunicorn.conf.py where there is one.
func (r *reader) layDefaultFile() {
	if r.in.Files.Exists(defaultFile) != "" {
		r.layPath(defaultFile, hcl.Range{Filename: schema.CommandLine})
	}
}

// layConfigFile reads what -c or the key config names.
func (r *reader) layConfigFile(w schema.Word) {
	location := w.Text
	if r.release.AtLeast("19.4") {
		if module, ok := strings.CutPrefix(location, "python:"); ok {
			r.layModule(module, w.Range)
			return
		}
		location = strings.TrimPrefix(location, "file:")
	} else if r.release.AtLeast("19.1") {
		// 19.1 to 19.3 try the text as a module's name first.
		if found := r.projectSearch().find(location); found.found && found.file != "" {
			r.layModule(location, w.Range)
			return
		}
	}
	if r.in.Files.Exists(location) == "" {
		r.missingFile(location, w)
		return
	}
	r.layPath(location, w.Range)
}

func (r *reader) missingFile(location string, w schema.Word) {
	if !r.release.AtLeast("17.5") {
		r.add(schema.Warnf("file-missing", w.Range, "No such configuration file", "%s does not exist, and gunicorn %s starts without it and without a message. Check the name; relative ones start from the directory gunicorn is started in.", pyRepr(location), r.release.Version))
		return
	}
	hint := "Check the name; relative ones start from the directory gunicorn is started in, not from that of chdir."
	if strings.HasPrefix(w.Text, "python:") || !r.release.AtLeast("19.4") && strings.HasPrefix(w.Text, "file:") {
		hint = fmt.Sprintf("gunicorn %s takes a path only; the prefixes file: and python: came with 19.4.", r.release.Version)
	} else if module := strings.ReplaceAll(location, ".", "/") + ".py"; !strings.Contains(location, "/") && r.in.Files.Exists(module) == "file" {
		hint = "A module is named python:" + location + ", a file " + module + "."
	}
	d := schema.Errorf("file-missing", w.Range, "No such configuration file", "%s does not exist, and gunicorn ends with status 1. %s", pyRepr(location), hint)
	schema.DetailOf(d).ServerMessage = "Error: " + pyRepr(location) + " doesn't exist"
	r.add(d)
}

// layPath reads a configuration file by its path.
func (r *reader) layPath(file string, at hcl.Range) {
	ext := path.Ext(strings.TrimLeft(path.Base(file), "."))
	if ext == ".pyc" {
		r.open(&schema.Opaque{Source: file, Reason: "the configuration file is compiled Python, which gsrv does not read", Src: at})
		r.add(schema.Notef("file-unreadable", at, "Compiled configuration file", "%s is compiled Python, which gsrv does not read: nothing it sets is known. Give the source instead.", file))
		return
	}
	if ext != ".py" && !r.extension(file, at) {
		return
	}
	source, err := r.in.Files.Read(file)
	if err != nil {
		r.unreadable(file, at, err)
		return
	}
	r.layBindings(file, r.evaluate(file, source, "__config__"))
}

// extension says what a release makes of a file that does not end in .py; false where it does not read it.
func (r *reader) extension(file string, at hcl.Range) bool {
	refuse := func(releases, server string) bool {
		d := schema.Errorf("file-extension", at, "Configuration file without .py", "gunicorn %s only files whose names end in .py, and ends with status 1. Rename %s.", releases, file)
		schema.DetailOf(d).ServerMessage = "Failed to read config file: " + file + "\n" + server
		r.add(d)
		return false
	}
	switch {
	case !r.release.AtLeast("19.0"):
	case !r.release.AtLeast("19.1"):
		return refuse("19.0 reads", "OSError: Cannot find config file. Path maybe incorrect! : "+value.PathAbs(file, r.in.Dir))
	case !r.release.AtLeast("20.0.1"):
	case !r.release.AtLeast("20.0.3"):
		return refuse("20.0.1 and 20.0.2 read", "AttributeError: 'NoneType' object has no attribute 'loader'")
	default:
		r.add(schema.Notef("file-extension", at, "Configuration file without .py", "gunicorn reads %s all the same, and prints a warning at every start: configuration file should have a valid Python extension.", file))
	}
	return true
}

func (r *reader) unreadable(file string, at hcl.Range, err error) {
	class, way := "OSError", "Check the path and its permissions."
	switch {
	case errors.Is(err, fs.ErrPermission):
		class, way = "PermissionError: [Errno 13] Permission denied: "+pyRepr(file), "Make it readable for the account that starts gunicorn."
	case errors.Is(err, schema.ErrNotRegular) && r.in.Files.Exists(file) == "dir":
		class, way = "IsADirectoryError: [Errno 21] Is a directory: "+pyRepr(file), "Name the file in it."
	case errors.Is(err, schema.ErrTooLarge):
		class, way = "", "A configuration has a few kilobytes; is it the right file?"
	}
	d := schema.Errorf("file-unreadable", at, "Configuration file cannot be read", "%s. %s", err, way)
	if class != "" {
		schema.DetailOf(d).ServerMessage = "Failed to read config file: " + file + "\n" + class
	}
	r.add(d)
	r.open(&schema.Opaque{Source: file, Reason: "the configuration file cannot be read", Src: at})
}

// layModule reads a configuration module by its dotted name.
func (r *reader) layModule(module string, at hcl.Range) {
	search := r.projectSearch()
	found := search.find(module)
	if !found.found {
		r.addInstalled(search)
		found = search.find(module)
	}
	switch {
	case found.file != "":
		shown := r.shownName(found.file)
		source, err := r.in.Files.Read(shown)
		if err != nil {
			r.unreadable(shown, at, err)
			return
		}
		r.layBindings(shown, r.evaluate(shown, source, module))
	case found.missing:
		message := "No module named " + pyRepr(missingPart(module, found.near))
		d := schema.Errorf("file-missing", at, "No such configuration module", "%s, and gunicorn ends with status 1: it looks in the directory it is started in, PYTHONPATH and the installed packages. A file is named by its path, without python:.", message)
		schema.DetailOf(d).ServerMessage = "Error: " + message
		r.add(d)
	default:
		r.open(&schema.Opaque{Source: "python:" + module, Reason: "the configuration module " + module + " is not found as source", Src: at})
	}
}

// projectSearch looks where the configuration's own imports are looked for.
func (r *reader) projectSearch() *moduleSearch {
	m := &moduleSearch{}
	for _, dir := range r.sysPath() {
		m.add(dir)
	}
	if _, state := r.in.Host.Env("PYTHONPATH"); state == schema.EnvUnknown {
		m.uncertain = true
	}
	return m
}

// sysPath gives the directories in which the configuration's imports find the project's modules.
func (r *reader) sysPath() []string {
	var dirs []string
	if r.release.AtLeast("19.8.0") || !r.release.AtLeast("17.5") {
		dirs = append(dirs, r.in.Dir) // releases between do it after the configuration is read
	}
	if paths, state := r.in.Host.Env("PYTHONPATH"); state == schema.EnvSet {
		for p := range strings.SplitSeq(paths, ":") {
			dirs = append(dirs, value.PathAbs(p, r.in.Dir))
		}
	}
	return dirs
}

func (r *reader) evaluate(file string, source []byte, module string) *eval.Result {
	return eval.Module(eval.Options{Files: r.in.Files, Host: r.in.Host, Filename: file, Source: source, ModuleName: module, Dir: r.in.Dir, SysPath: r.sysPath()})
}

// resolveDotted finds what a dotted path in a hook's setting names.
func (r *reader) resolveDotted(module, name string) (value.Value, *value.Exception) {
	search := r.projectSearch()
	found := search.find(module)
	if found.missing {
		r.addInstalled(search)
		found = search.find(module)
		if found.missing && r.check.machine {
			message := "No module named " + pyRepr(missingPart(module, found.near))
			return nil, value.NewException("ModuleNotFoundError", "%s", message)
		}
	}
	if found.file == "" {
		return nil, nil
	}
	shown := r.shownName(found.file)
	source, err := r.in.Files.Read(shown)
	if err != nil {
		return nil, nil
	}
	result := r.evaluate(shown, source, module)
	if result.Syntax != nil || result.Raised != nil {
		return nil, nil
	}
	for _, b := range result.Bindings {
		if b.Name != name {
			continue
		}
		switch {
		case b.Func != nil:
			return newCode(b.Func), nil
		case b.Set == eval.Set:
			return b.OnHost, nil
		}
		return nil, nil
	}
	if len(result.Open) > 0 {
		return nil, nil
	}
	if sub := search.find(module + "." + name); !sub.missing {
		return nil, nil
	}
	return nil, value.NewException("AttributeError", "module '%s' has no attribute '%s'", module, name)
}

// open notes that settings besides those found may be set.
func (r *reader) open(o *schema.Opaque) {
	r.cfg.Open = append(r.cfg.Open, o)
	for name, e := range r.stack.entries {
		r.stack.entries[name] = doubtful(e, o)
	}
}

// doubtful is an entry that something unreadable may have replaced.
func doubtful(e *entry, o *schema.Opaque) *entry {
	d := *e
	d.val = nil
	d.reason = "it may be set: " + o.Reason
	d.Value = &schema.Opaque{Source: o.Source, Reason: d.reason, Needs: o.Needs, Src: o.Src}
	d.finish()
	return &d
}

// layBindings makes the file layer of what a configuration assigns.
func (r *reader) layBindings(file string, result *eval.Result) {
	r.diags = append(r.diags, result.Diags...)
	switch {
	case result.Syntax != nil:
		r.syntaxError(file, result.Syntax)
		r.open(&schema.Opaque{Source: file, Reason: "the configuration file is no valid Python", Src: hcl.Range{Filename: file}})
		return
	case result.Raised != nil:
		r.raised(file, result.Raised)
	}
	told := map[string]bool{}
	for _, c := range result.Conditional {
		key := c.Range.String() + c.Type + c.Msg
		if len(told) < maxConditional && result.Raised == nil && !told[key] {
			told[key] = true
			r.conditional(c)
		}
	}
	for _, o := range result.Open {
		r.open(o)
	}
	if len(result.Open) > 0 {
		o := result.Open[0]
		r.add(schema.Notef("open-namespace", o.Src, "Other settings may be set", "What %s assigns is not known in full: %s. Settings that gsrv does not list may be set there, so their defaults are not stated.", file, o.Reason))
	}
	var entries []*entry
	for i := range result.Bindings {
		b := &result.Bindings[i]
		if s := r.release.Spec(b.Name); s != nil {
			entries = append(entries, r.fileEntry(s, b))
		}
	}
	r.stack.lay(schema.LayerFile, file, entries)
	r.adviseOnNames(file, result)
}

// maxConditional bounds how many conditional failures are told.
const maxConditional = 5

// fileEntry makes the setting of one name of the configuration file.
func (r *reader) fileEntry(s *Spec, b *eval.Binding) *entry {
	e := &entry{spec: s, Setting: schema.Setting{Native: s.Name, Option: s.Option, Name: s.Option.Model, Value: b.Value, Range: b.Range, NameRange: b.NameRange}}
	if e.Value == nil {
		e.Value = &schema.Opaque{Reason: "it is not known", Src: b.Range}
	}
	if emptyRange(e.Range) {
		e.Range = e.NameRange
	}
	for _, old := range b.Earlier {
		prior := schema.Setting{Native: s.Name, Option: s.Option, Name: s.Option.Model, Value: old.Value, Range: old.Range, NameRange: old.NameRange}
		if old.OnHost != nil {
			prior.OnHost = ctyOf(old.OnHost, maxNesting)
			prior.Text, _ = printed(old.OnHost)
		}
		e.Shadowed = append(e.Shadowed, prior)
	}
	switch b.Set {
	case eval.NotSet:
		e.absent = true
		return e
	case eval.MaybeSet:
		e.Maybe = true
	}
	e.raw = b.OnHost
	if b.Func != nil {
		e.raw = newCode(b.Func)
	}
	if e.raw == nil || e.Maybe {
		e.reason = "it is not known before the start"
		if b.Unknown != nil && b.Unknown.Reason != "" {
			e.reason = b.Unknown.Reason
		}
		e.raw = nil
		r.checkBranches(e)
		return e
	}
	if raised := e.take(r.check.validate(s, e.raw)); raised != nil {
		if strings.HasPrefix(s.Validator, "list_of_") && r.mayCreate(e) {
			return e
		}
		r.refuse(e, raised, false)
	}
	return e
}

// mayCreate tells whether the configuration names a missing file in another place too, where it may well create it. The
// value then stays, with a warning.
func (r *reader) mayCreate(e *entry) bool {
	list, err := listString(e.raw)
	if err != nil {
		return false
	}
	text := string(r.in.Files.Text(e.Range.Filename))
	for _, x := range list.(*value.List).Elems {
		name, ok := x.(value.Str)
		if ok && r.check.exists(string(name)) == "" && strings.Count(text, `"`+string(name)+`"`)+strings.Count(text, "'"+string(name)+"'") < 2 {
			return false
		}
	}
	e.val, e.refused, e.reason = list, false, ""
	r.add(schema.Notef("file-missing", e.Range, "Watched file does not exist yet", "gunicorn ends when a file of %s is missing at the start. The configuration names it in another place too and may create it there; otherwise create it first.", e.Native))
	return true
}

// checkBranches validates the constants that a value may come to on some host.
func (r *reader) checkBranches(e *entry) {
	var leaves func(x schema.Expr)
	leaves = func(x schema.Expr) {
		switch x := x.(type) {
		case *schema.Cond:
			leaves(x.Then)
			leaves(x.Else)
		case *schema.Const:
			v := pythonOf(x)
			if v == nil {
				return
			}
			if _, err := r.check.validate(e.spec, v); err != nil {
				if raised, _ := asException(err); raised != nil {
					d := schema.Warnf("invalid-value", schema.At(x.Src, e.Range), "Invalid value for "+e.Native+" on some hosts",
						"On a host where this branch is taken gunicorn does not start: %s = %s: %s. %s", e.Native, shorten(shownRepr(v)), sentence(raised.Msg), wayOut(e.spec, v))
					schema.DetailOf(d).ServerMessage = "Error: " + raised.Msg
					r.add(d)
				}
			}
		}
	}
	if _, conditional := e.Value.(*schema.Cond); conditional {
		leaves(e.Value)
	}
}

// pythonOf gives the Python value of a plain constant; nil for what has lost its type.
func pythonOf(c *schema.Const) value.Value {
	switch {
	case c.Val.IsNull():
		return value.None
	case !c.Val.IsKnown():
		return nil
	}
	switch c.Val.Type().FriendlyName() {
	case "string":
		return value.Str(c.Val.AsString())
	case "bool":
		return value.Bool(c.Val.True())
	case "number":
		if n, _ := c.Val.AsBigFloat().Int(nil); c.Val.AsBigFloat().IsInt() {
			return value.NewBigInt(n)
		}
	}
	return nil
}

// syntaxError reports a file that is no Python.
func (r *reader) syntaxError(file string, e *syntax.SyntaxError) {
	at := placeOf(file, r.in.Files.Text(file), e)
	hint := e.Hint
	if hint == "" {
		hint = "Correct the line; python3 -m py_compile " + file + " checks it again."
	} else {
		hint += " gunicorn runs it with the Python it is installed for; convert the file, 2to3 helps."
	}
	d := schema.Errorf("syntax-error", at, e.Type, "%s gunicorn cannot read the configuration and ends with status 1. %s", stop(capital(e.Msg)), hint)
	schema.DetailOf(d).ServerMessage = "Failed to read config file: " + file + "\n" + e.Type + ": " + e.Msg
	r.add(d)
}

func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return strings.ToUpper(string(r)) + s[n:]
}

// placeOf finds a syntax error's line and columns in the file as it is; the parser counts in the decoded text.
func placeOf(file string, text []byte, e *syntax.SyntaxError) hcl.Range {
	offset := func(line, col int) int {
		i := 0
		for n := 1; n < line && i < len(text); i++ {
			if text[i] == '\n' || text[i] == '\r' && (i+1 == len(text) || text[i+1] != '\n') {
				n++
			}
		}
		if line == 1 && strings.HasPrefix(string(text[:min(3, len(text))]), "\ufeff") {
			i = 3
		}
		for c := 1; c < col && i < len(text) && text[i] != '\n' && text[i] != '\r'; c++ {
			_, n := utf8.DecodeRune(text[i:])
			i += n
		}
		return i
	}
	start := offset(e.Line, e.Col)
	end := start
	if e.EndLine > 0 {
		end = offset(e.EndLine, e.EndCol)
	}
	return schema.RangeOf(file, text, start, max(end, start))
}

// raised reports an exception that ends the configuration file.
func (r *reader) raised(file string, e *eval.Raised) {
	at := e.Range
	if emptyRange(at) {
		at = hcl.Range{Filename: file, Start: hcl.InitialPos, End: hcl.InitialPos}
	}
	if e.Type == "SystemExit" {
		if e.ExitCode == 0 {
			r.add(schema.Warnf("no-start", at, "The configuration ends the program", "The file calls for the end of the program with status 0: gunicorn stops here without a message, as if all were well, and nothing is started. Take the call out."))
		} else {
			d := schema.Errorf("config-raises", at, "The configuration ends the program", "The file ends the program with status %d on this host, and gunicorn does not start. See what it asks for, or take the call out.", e.ExitCode)
			r.add(d)
		}
		r.stopped = true
		return
	}
	shown := e.Type
	if e.Msg != "" {
		shown += ": " + e.Msg
	}
	d := schema.Errorf("config-raises", at, "The configuration fails", "%s gunicorn cannot read %s on this host and ends with status 1. %s", stop(shown), file, raisedWayOut(e))
	detail := schema.DetailOf(d)
	detail.ServerMessage = "Failed to read config file: " + file + "\n" + shown
	for _, f := range e.Trace {
		if !emptyRange(f.Range) {
			detail.Related = append(detail.Related, schema.Related{Message: "called here, in " + f.Function, Range: f.Range})
		}
	}
	r.add(d)
}

func raisedWayOut(e *eval.Raised) string {
	name := strings.Trim(e.Msg, "'\"")
	switch e.Type {
	case "KeyError":
		if name != "" && strings.ToUpper(name) == name {
			return fmt.Sprintf("If %s is an environment variable, set it (--env %s=VALUE here), or give a default: os.environ.get(%q, …).", name, name, name)
		}
	case "ModuleNotFoundError", "ImportError":
		return "Install the module where gunicorn runs, or take the import out. Modules of the project are looked for in the directory gunicorn is started in."
	case "FileNotFoundError":
		return "Create the file, or catch the exception; relative names start from the directory gunicorn is started in."
	case "ValueError", "TypeError":
		if !strings.Contains(e.Msg, "NoneType") && !strings.Contains(e.Msg, "invalid literal") && !strings.Contains(e.Msg, "could not convert") {
			break
		}
		return "Look at the values that come from the environment: a variable that is not set is None, one that is set to nothing is empty text."
	}
	if _, builtin := value.ExceptionBase(e.Type); !builtin || e.Type == "RuntimeError" || e.Type == "AssertionError" || e.Type == "Exception" {
		return "The configuration itself, or what it calls, refuses to go on: give it what the message asks for."
	}
	return "Correct the line it points at."
}

// conditional notes an exception that other hosts' inputs bring about.
func (r *reader) conditional(e *eval.Raised) {
	shown := e.Type
	if e.Msg != "" && e.Msg != "?" {
		shown += ": " + e.Msg
	}
	r.add(schema.Notef("config-may-raise", e.Range, "The configuration fails on some hosts", "Where variables or other inputs differ from this host's, gunicorn may fail to read the file here: %s. %s", sentence(shown), raisedWayOut(e)))
}

// firstLine cuts a place off at the end of its first line, so that a function is shown by its head.
func (r *reader) firstLine(at hcl.Range) hcl.Range {
	if at.Start.Line == at.End.Line {
		return at
	}
	text := r.text(at)
	head, _, _ := strings.Cut(text, "\n")
	head = strings.TrimRight(head, "\r")
	at.End = at.Start
	at.End.Byte += len(head)
	at.End.Column += len(head)
	return at
}

func emptyRange(r hcl.Range) bool { return r.Filename == "" }
