package paste

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
	"gsrv/schema/ini"
)

// Bounds on how far sections may lead to other sections. PasteDeploy itself ends in Python's recursion limit after
// some 250 files or 490 sections; no real file goes deeper than ten.
const (
	maxDepth    = 200
	maxContexts = 5000
	maxKeys     = 20_000     // keys and sections in one file; real ones have a few hundred at most
	maxCopied   = 500_000    // entries of all global configurations, of which every context has one
	maxScanned  = 10_000_000 // sections and keys looked at for all contexts
)

// An Error is what PasteDeploy raises: the exception's class, its message, and diagnostics for people.
type Error = ini.Error

// A Loader reads Paste files. Its zero value is not usable; Files must be set.
type Loader struct {
	// Files reads the files.
	Files *schema.Files
	// Dir is the directory the server is started in, absolute: what os.path.abspath goes from.
	Dir string
	// Installed, where it is set, knows the Python environment: it gives a distribution, or nil where there is none
	// of that name. Without it eggs that the built-in table does not list are taken as they are.
	Installed func(name string) *Distribution

	// Open leaves variables that nothing gives unknown instead of refusing them: for a file that is read without the
	// command that starts it. Missing then lists them, in order of appearance.
	Open    bool
	Missing []Ref

	parsed   map[string]*parsedFile
	contexts int
	copied   int
	scanned  int
	budget   *ini.Budget
	stack    []SectionRef
}

// A Var is a variable given when the server is started: "pserve production.ini http_port=8080".
type Var struct {
	Name, Text string
	// Expr is the value over host inputs; nil for a constant. Where it cannot be told on the host, Text is empty and
	// Unknown set.
	Expr    schema.Expr
	Unknown bool
	// Range is where the value stands, NameRange where the name does.
	Range, NameRange hcl.Range
}

// A Request says what to load.
type Request struct {
	Kind *Kind
	// URI is "config:FILE", "egg:NAME" or "call:MODULE:FUNCTION", with "#NAME" at the end or not.
	URI string
	// Name is the section or entry point; empty for what the URI says, or main.
	Name string
	// RelativeTo is the directory that a relative config: path starts from; empty for none, which makes such a path an error.
	RelativeTo string
	// Vars are the variables given by the caller, PasteDeploy's global_conf.
	Vars []Var
	// At is where the URI stands, for errors about it.
	At hcl.Range
}

// LoadContext gives what PasteDeploy's loadcontext gives. The error is always an *Error: the exception PasteDeploy
// raises, with diagnostics. A Loader may be used for several contexts; files are read once.
func (l *Loader) LoadContext(r Request) (*Context, error) {
	l.contexts, l.copied, l.scanned, l.stack, l.budget = 0, 0, 0, nil, ini.DefaultBudget()
	var global *Conf
	if len(r.Vars) > 0 {
		global = newConf()
		for _, v := range r.Vars {
			global.set(v.Name, v.value())
		}
	}
	var name *string
	if r.Name != "" {
		name = &r.Name
	}
	c, err := l.load(r.Kind, r.URI, name, r.RelativeTo, global, r.At)
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (v Var) value() *Value {
	e := v.Expr
	if e == nil {
		e = schema.String(v.Text, v.Range)
	}
	return &Value{Text: v.Text, Known: !v.Unknown, Expr: e, Origin: FromCaller, Range: v.Range, NameRange: v.NameRange}
}

func (l *Loader) load(kind *Kind, uri string, name *string, relativeTo string, global *Conf, at hcl.Range) (*Context, *Error) {
	if before, fragment, found := strings.Cut(uri, "#"); found {
		uri = before
		if name == nil {
			name = &fragment
		}
	}
	if name == nil {
		main := "main"
		name = &main
	}
	scheme, rest, found := strings.Cut(uri, ":")
	if !found {
		return nil, ini.NewError("LookupError", "URI has no scheme: "+ini.PythonRepr(uri), "invalid-uri", at, "No kind before the name",
			"%s must say what it is: config:%s for a file, egg:NAME for an installed package, call:MODULE:FUNCTION for a function.", ini.Quote(uri), uri)
	}
	scheme = strings.ToLower(scheme)
	switch scheme {
	case "config":
		return l.loadConfig(kind, uri, rest, *name, relativeTo, global, at)
	case "egg":
		return l.loadEgg(kind, rest, *name, relativeTo, global, at)
	case "call":
		return l.loadCall(kind, rest, global, at)
	}
	return nil, ini.NewError("LookupError", fmt.Sprintf("URI scheme not known: %s (from config, egg, call)", ini.PythonRepr(scheme)), "invalid-uri", at, "Unknown kind of name",
		"%s begins with %s:, and only config:FILE, egg:NAME and call:MODULE:FUNCTION are known. A section of this file is named without any.", ini.Quote(uri), scheme)
}

func (l *Loader) loadConfig(kind *Kind, uri, file, name, relativeTo string, global *Conf, at hcl.Range) (*Context, *Error) {
	absolute := strings.HasPrefix(file, "/")
	file = strings.ReplaceAll(file, `\`, "/")
	if !absolute {
		if relativeTo == "" {
			return nil, ini.NewError("ValueError", fmt.Sprintf("Cannot resolve relative uri %s; no relative_to keyword argument given", ini.PythonRepr(uri)), "invalid-uri", at, "Relative file name",
				"%s is relative, and here it is not known to what. Write the path in full, beginning with a slash.", ini.Quote(file))
		}
		relativeTo = strings.ReplaceAll(relativeTo, `\`, "/")
		if strings.HasSuffix(relativeTo, "/") {
			file = relativeTo + file
		} else {
			file = relativeTo + "/" + file
		}
	}
	if strings.HasPrefix(file, "///") {
		file = file[2:]
	}
	loader, err := l.open(unquote(file), global, at)
	if err != nil {
		return nil, err
	}
	return loader.context(kind, name, global, at)
}

// unquote decodes percent escapes as urllib.parse.unquote does.
func unquote(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var b []byte
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			hi, lo := unhex(s[i+1]), unhex(s[i+2])
			if hi >= 0 && lo >= 0 {
				b = append(b, byte(hi<<4|lo))
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return strings.ToValidUTF8(string(b), "\ufffd")
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// A parsedFile is a file's sections; it does not depend on who asks.
type parsedFile struct {
	doc      *ini.Document
	sections []string
	keys     map[string][]*ini.Key
	index    map[[2]string]*ini.Key
	headers  map[string]hcl.Range
	err      *Error
}

// open makes PasteDeploy's ConfigLoader for a file.
func (l *Loader) open(filename string, global *Conf, at hcl.Range) (*configLoader, *Error) {
	filename = ini.Strip(filename)
	file := l.read(filename, at)
	if file.err != nil {
		return nil, file.err
	}
	absolute := path.Clean(filename)
	if !path.IsAbs(absolute) {
		absolute = path.Join(l.Dir, filename)
	}
	c := &configLoader{l: l, filename: filename, file: file, defaults: newConf()}
	for _, d := range []struct{ name, text string }{{"here", path.Dir(absolute)}, {"__file__", absolute}} {
		c.defaults.set(d.name, &Value{Text: d.text, Known: true, Expr: schema.String(d.text, hcl.Range{}), Origin: FromLoader})
	}
	for _, key := range file.keys[ini.DefaultSection] {
		c.defaults.set(key.Name, &Value{Text: key.Value, Known: true, Origin: FromDefault, Section: ini.DefaultSection, File: file.doc.Filename, Key: key, Range: key.Range, NameRange: key.NameRange})
	}
	for _, name := range global.Names() {
		if c.defaults.Get(name) == nil {
			c.defaults.set(name, global.Get(name))
		}
	}
	return c, nil
}

// read gives a file's sections, reading it the first time.
func (l *Loader) read(filename string, at hcl.Range) *parsedFile {
	file := l.parsed[filename]
	if file == nil {
		file = l.parse(filename, at)
		if l.parsed == nil {
			l.parsed = map[string]*parsedFile{}
		}
		l.parsed[filename] = file
	}
	return file
}

func (l *Loader) parse(filename string, at hcl.Range) *parsedFile {
	shown := filename
	if rest, ok := strings.CutPrefix(filename, strings.TrimSuffix(l.Dir, "/")+"/"); ok && l.Dir != "" && rest != "" && !strings.HasPrefix(rest, "/") {
		shown = rest
	}
	text, err := l.Files.Read(shown)
	if err != nil {
		return &parsedFile{err: readError(filename, err, at)}
	}
	doc, perr := ini.Parse(shown, text, ini.Dialect{Source: filename})
	f := &parsedFile{doc: doc, err: perr, sections: doc.Names(ini.DefaultSection), keys: map[string][]*ini.Key{}, index: map[[2]string]*ini.Key{}, headers: map[string]hcl.Range{}}
	keys := 0
	for _, s := range doc.Sections {
		if keys += 1 + len(s.Keys); keys > maxKeys && f.err == nil {
			f.err = ini.NewError("MemoryError", "", "too-large", s.Header, "Too many keys", "%s has more than %d sections and keys, and no more are read. A Paste file has a few hundred at most; is it the right one?", shown, maxKeys)
			return f
		}
		f.keys[s.Name] = append(f.keys[s.Name], s.Keys...)
		for _, k := range s.Keys {
			f.index[[2]string{s.Name, k.Name}] = k
		}
		if _, ok := f.headers[s.Name]; !ok {
			f.headers[s.Name] = s.Header
		}
	}
	return f
}

func readError(filename string, err error, at hcl.Range) *Error {
	repr := ini.PythonRepr(filename)
	class, message, code, summary, way := "OSError", err.Error(), "file-unreadable", "File cannot be read", "Check the path and its permissions."
	switch {
	case errors.Is(err, fs.ErrNotExist):
		class, message, code, summary = "FileNotFoundError", "[Errno 2] No such file or directory: "+repr, "file-missing", "No such file"
		way = "Check the name; a relative one in \"config:\" starts from the directory of the file that holds it."
	case errors.Is(err, fs.ErrPermission):
		class, message = "PermissionError", "[Errno 13] Permission denied: "+repr
		way = "Make it readable for the account that starts the server."
	case errors.Is(err, schema.ErrNotRegular):
		if strings.Contains(err.Error(), "directory") {
			class, message = "IsADirectoryError", "[Errno 21] Is a directory: "+repr
		}
		way = "Name the ini file itself."
	case errors.Is(err, schema.ErrTooLarge):
		class, message, code, way = "MemoryError", "", "too-large", "A Paste file has a few kilobytes; is it the right one?"
	case errors.Is(err, fs.ErrInvalid):
		class, message, way = "ValueError", "embedded null byte", "Check the name."
	}
	return ini.NewError(class, message, code, at, summary, "%s. %s", err, way)
}

// enter counts a context and finds sections that lead back to themselves.
func (l *Loader) enter(ref SectionRef, at hcl.Range) *Error {
	l.contexts++
	l.stack = append(l.stack, ref)
	if len(l.stack) <= maxDepth && l.contexts <= maxContexts {
		return nil
	}
	message := "maximum recursion depth exceeded"
	last := l.stack[len(l.stack)-1]
	first := len(l.stack) - 2
	for first >= 0 && l.stack[first] != last {
		first--
	}
	if first < 0 || l.contexts > maxContexts {
		return ini.NewError("RecursionError", message, "include-loop", at, "Sections lead too far",
			"More than %d sections were followed, %d deep, without an end. Name the object itself in \"use\".", l.contexts-1, len(l.stack)-1)
	}
	var names []string
	var related []schema.Related
	for _, s := range l.stack[first:] {
		names = append(names, s.File+" ["+s.Name+"]")
		if len(related) < len(l.stack)-1-first {
			related = append(related, schema.Related{Message: "by way of this section", Range: s.Header})
		}
	}
	err := ini.NewError("RecursionError", message, "include-loop", at, "Section leads back to itself",
		"%s: the chain never ends at an application or server, and the start fails with a RecursionError. Let one of them name the object itself, as in \"use = egg:NAME\".", strings.Join(names, " → "))
	schema.DetailOf(err.Diags[0]).Related = related
	return err
}

// spend counts what making a context of a section costs.
func (l *Loader) spend(c *configLoader, section string, kind *Kind, at hcl.Range) *Error {
	l.copied += c.defaults.Len()
	l.scanned += c.defaults.Len() + len(c.file.keys[section])
	for _, options := range kind.prefixes {
		l.scanned += len(options) * len(c.file.sections)
	}
	if l.copied <= maxCopied && l.scanned <= maxScanned {
		return nil
	}
	return ini.NewError("MemoryError", "", "too-large", at, "Too many sections and keys", "So many sections lead to each other, with so many keys in [DEFAULT], that no more are followed. A Paste file has a few dozen; is it the right one?")
}

func (l *Loader) leave() { l.stack = l.stack[:len(l.stack)-1] }
