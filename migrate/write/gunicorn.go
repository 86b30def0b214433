package write

import (
	"slices"
	"strings"
	"unicode"

	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
	"gsrv/schema/gunicorn"
)

// gunicornFile is the file that gunicorn reads without being told.
const gunicornFile = "gunicorn.conf.py"

// Gunicorn writes a configuration of any dialect as a gunicorn.conf.py.
func Gunicorn(cfg *schema.Config, o Options) *Output {
	g := &gunicornWriter{release: gunicorn.ForVersion(o.Version)}
	files := schema.NewFiles("/")
	files.Put(gunicornFile, nil)
	defaults, _ := gunicorn.New().Read(schema.Input{Files: files, Dir: "/", Host: schema.NoHost, File: gunicornFile, Version: o.Version, OmitNative: true})
	g.core = newCore(cfg, "gunicorn", defaults)
	g.above = o.Above
	for _, open := range cfg.Open {
		g.items = append(g.items, item{
			line:    Line{Class: Verbatim, Note: "other settings may be set: " + open.Reason},
			comment: []string{"TODO(gsrv): other settings may be set: " + shortened(open.Source) + " (" + open.Reason + ")."},
		})
	}
	for i := range schema.Model.Options {
		g.setting(schema.Model.Options[i].Name)
		if schema.Model.Options[i].Name == "app.module" && g.release.Spec("wsgi_app") != nil {
			g.noApplication("wsgi_app = \"PACKAGE.MODULE:CALLABLE\"")
		}
	}
	g.others()
	var body strings.Builder
	lines := g.render(&body, func(s string) string { return "# " + s })
	var b strings.Builder
	b.WriteString("# gunicorn's settings, translated by gsrv from those of " + g.sourceTitle() + ".\n")
	modules := make([]string, 0, len(g.py.imports))
	for m := range g.py.imports {
		modules = append(modules, m)
	}
	slices.Sort(modules)
	if len(modules) > 0 {
		b.WriteByte('\n')
	}
	for _, m := range modules {
		b.WriteString("import " + m + "\n")
	}
	if len(g.from) > 0 {
		b.WriteByte('\n')
	}
	for _, line := range g.from {
		b.WriteString(line + "\n")
	}
	if body.Len() > 0 {
		b.WriteString("\n" + body.String())
	}
	return &Output{Text: []byte(b.String()), Lines: lines}
}

type gunicornWriter struct {
	*core
	release *gunicorn.Release
	py      pythonWriter
	// bound tells that bind was written.
	bound bool
	// from are the lines that import hooks.
	from []string
}

// gunicornSpecial are the settings that take more than a conversion.
var gunicornSpecial map[string]func(*gunicornWriter, *schema.Setting)

func init() {
	gunicornSpecial = map[string]func(*gunicornWriter, *schema.Setting){
		"app.module":               (*gunicornWriter).module,
		"app.file":                 (*gunicornWriter).file,
		"listen.http":              (*gunicornWriter).bind,
		"app.paste_variables":      (*gunicornWriter).pasteVariables,
		"listen.uwsgi":             (*gunicornWriter).otherProtocol,
		"listen.fastcgi":           (*gunicornWriter).otherProtocol,
		"listen.scgi":              (*gunicornWriter).otherProtocol,
		"listen.mode":              (*gunicornWriter).socketMode,
		"workers.class":            (*gunicornWriter).workerClass,
		"http.send_file":           (*gunicornWriter).sendFile,
		"proxy.protocol":           (*gunicornWriter).proxyProtocol,
		"proxy.trusted":            (*gunicornWriter).trusted,
		"proxy.protocol_trusted":   (*gunicornWriter).trusted,
		"tls.client_certificate":   (*gunicornWriter).clientCertificate,
		"log.access.format":        (*gunicornWriter).accessFormat,
		"process.umask":            (*gunicornWriter).umask,
		"hooks.file":               (*gunicornWriter).hookFile,
		"metrics.statsd.address":   (*gunicornWriter).statsd,
		"log.level":                (*gunicornWriter).plain,
		"app.paste_file":           (*gunicornWriter).pasteFile,
		"app.python_path":          (*gunicornWriter).searchPath,
		"workers.recycle.jitter":   (*gunicornWriter).plain,
		"process.daemon":           (*gunicornWriter).plain,
		"reload.files":             (*gunicornWriter).reloadFiles,
		"app.virtualenv":           (*gunicornWriter).virtualenv,
		"http.limits.request_head": (*gunicornWriter).requestHead,
		"workers.timeout":          (*gunicornWriter).seconds,
		"http.keep_alive":          (*gunicornWriter).keepAlive,
		"workers.graceful_timeout": (*gunicornWriter).seconds,
	}
}

// optionOf finds the option that a model name has in a catalogue.
func optionOf(cat *schema.Catalogue, model string) *schema.Option {
	for i := range cat.Options {
		if o := &cat.Options[i]; o.Model == model && o.Canonical == "" {
			return o
		}
	}
	return nil
}

// setting writes one of the model's settings.
func (g *gunicornWriter) setting(name string) {
	s := g.settings[name]
	if s == nil {
		return
	}
	g.py.remarks = nil
	if strings.HasPrefix(name, "hooks.") && name != "hooks.file" {
		g.hook(s)
		return
	}
	if special := gunicornSpecial[name]; special != nil {
		special(g, s)
		return
	}
	g.plain(s)
}

// plain writes a setting that is one option of gunicorn's, by the catalogue's conversion.
func (g *gunicornWriter) plain(s *schema.Setting) {
	o := optionOf(gunicorn.Catalogue, s.Name)
	if o == nil {
		g.missing(s)
		return
	}
	if g.unsaid(s, o.Name) {
		return
	}
	e, ok := s.Value, true
	if o.Convert != "int" { // numbers are made where they are written
		e, ok = schema.Revert(o.Convert, s.Value)
	}
	if !ok {
		g.todo(s, Verbatim, "gunicorn's "+o.Name+" has no form for this value.")
		return
	}
	g.write(s, o.Name, e)
}

// unsaid deals with a setting that needs no line, or that this release has no option for; true where it did.
func (g *gunicornWriter) unsaid(s *schema.Setting, option string) bool {
	spec := g.release.Spec(option)
	switch {
	case s.Layer == schema.LayerDefault && g.isDefault(s):
		g.silent(s, ExactByDefault, "")
	case spec == nil && s.Layer == schema.LayerDefault:
		g.silent(s, ExactByDefault, "")
	case spec == nil && g.isDefault(s):
		g.silent(s, ExactByDefault, "")
	case spec == nil:
		o := gunicorn.Catalogue.Lookup(option)
		g.todo(s, Verbatim, "gunicorn "+g.release.Version.String()+" has no "+option+"; it came with "+o.Since+".")
	case s.Layer == schema.LayerDefault && g.nothing(s):
		// The source leaves it to the target, whatever that does then.
	case g.idle(s):
		g.silent(s, DroppedNoEffect, idleWords(s))
	default:
		return false
	}
	return true
}

// nothing tells whether a default is no value, which leaves gunicorn's own in force.
func (g *gunicornWriter) nothing(s *schema.Setting) bool {
	v, ok := constant(s.Value)
	if isFact(s.Value) {
		return true // the server's own account and directory are gunicorn's, too
	}
	return s.Value == nil || ok && (v.IsNull() || v.CanIterateElements() && v.LengthInt() == 0 && g.defaults[s.Name] == nil)
}

// missing deals with a setting that gunicorn has no option for.
func (g *gunicornWriter) missing(s *schema.Setting) {
	if s.Layer == schema.LayerDefault || g.isDefault(s) || g.nothing(s) {
		if s.Layer != schema.LayerDefault {
			g.silent(s, ExactByDefault, "")
		}
		return
	}
	sup := g.support(s)
	if sup.Class == Exact {
		sup.Class = ExactByDefault
		g.silent(s, sup.Class, sup.Words)
		return
	}
	if class, why := g.moot(s); class != "" {
		g.silent(s, class, why)
		return
	}
	g.todo(s, sup.Class, sup.Words)
}

// write writes option = expression, with the class and words that the tables have for it.
func (g *gunicornWriter) write(s *schema.Setting, option string, e schema.Expr) {
	g.py.remarks = nil
	code, err := g.assignment(option, e, 0)
	if err != nil {
		g.todo(s, Verbatim, sentence(err))
		return
	}
	g.add(g.classified(s, option), code...)
}

// classified is the line of a setting that is written, by its layer, the tables and what the expression lost.
func (g *gunicornWriter) classified(s *schema.Setting, options ...string) Line {
	sup := g.support(s)
	if hook := g.cfg.Setting("hook-master-start"); s.Name == "workers.graceful_timeout" && hook != nil && g.stopsGracefully(hook) {
		sup = Support{Class: Exact} // it counts on SIGTERM, too
	}
	switch {
	case s.Layer == schema.LayerDefault:
		return g.line(s, PinnedDefault, g.pinned(s), options...)
	}
	l := g.line(s, sup.Class, sup.Words, options...)
	if l.Note == "" {
		l.Note = strings.Join(g.py.remarks, " ")
	}
	return l
}

func sentence(err error) string {
	text := err.Error()
	if text == "" || strings.HasPrefix(text, "uWSGI") || strings.HasPrefix(text, "gunicorn") {
		return text + "."
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// assignment writes option = expression; branches on which the option is not set become an if statement.
func (g *gunicornWriter) assignment(option string, e schema.Expr, depth int) ([]string, error) {
	indent := strings.Repeat("    ", depth)
	if c, ok := e.(*schema.Cond); ok && holdsUnset(c) {
		test, err := g.py.expr(c.Test, pyLowest)
		if err != nil {
			return nil, err
		}
		then, otherwise := c.Then, c.Else
		if _, unset := then.(*schema.Unset); unset {
			if test, err = g.py.expr(&schema.Unary{Op: "not", X: c.Test}, pyLowest); err != nil {
				return nil, err
			}
			then, otherwise = otherwise, then
		}
		code := []string{indent + "if " + test + ":"}
		body, err := g.assignment(option, then, depth+1)
		if err != nil {
			return nil, err
		}
		code = append(code, body...)
		if _, unset := otherwise.(*schema.Unset); unset {
			return code, nil
		}
		if body, err = g.assignment(option, otherwise, depth+1); err != nil {
			return nil, err
		}
		return append(append(code, indent+"else:"), body...), nil
	}
	text, err := g.value(option, e)
	return []string{indent + option + " = " + text}, err
}

func holdsUnset(e schema.Expr) bool {
	c, ok := e.(*schema.Cond)
	if !ok {
		_, unset := e.(*schema.Unset)
		return unset
	}
	return holdsUnset(c.Then) || holdsUnset(c.Else)
}

// value writes an expression as this option's validator takes it.
func (g *gunicornWriter) value(option string, e schema.Expr) (string, error) {
	spec := g.release.Spec(option)
	switch {
	case spec == nil:
	case option == "umask":
		if v, ok := constant(e); ok && v.Type() == cty.Number {
			n, _ := v.AsBigFloat().Int64()
			return octalLiteral(n), nil
		}
	case spec.Option.Type == "posint" || spec.Option.Type == "int":
		return g.whole(e)
	case spec.Option.Type == "string" || spec.Option.Type == "path" || spec.Option.Type == "list":
		if hasNull(e) {
			return "", cannotSay("the value may be missing, for which gunicorn stops")
		}
		if blanksAround(e) {
			return "", cannotSay("gunicorn cuts off blanks at the ends of text")
		}
	}
	return g.py.expr(e, pyLowest)
}

// blanksAround tells whether a text begins or ends with what Python's strip() removes.
func blanksAround(e schema.Expr) bool {
	items := []schema.Expr{e}
	switch x := e.(type) {
	case *schema.List:
		items = x.Items
	case *schema.Cond:
		return blanksAround(x.Then) || blanksAround(x.Else)
	case *schema.Env:
		if x.Default != nil {
			return blanksAround(x.Default)
		}
	case *schema.Binary:
		if x.Op == "+" {
			return blanksAround(&schema.Template{Parts: []schema.Expr{x.L, x.R}})
		}
		return blanksAround(x.L) || blanksAround(x.R)
	case *schema.Template:
		parts := merged(x.Parts)
		if len(parts) == 0 {
			return false
		}
		if len(parts) == 1 {
			return blanksAround(parts[0])
		}
		if blanksAround(parts[0]) || blanksAround(parts[len(parts)-1]) {
			return true
		}
		first, ok1 := constText(parts[0])
		last, ok2 := constText(parts[len(parts)-1])
		return ok1 && strings.TrimLeftFunc(first, pythonSpace) != first || ok2 && strings.TrimRightFunc(last, pythonSpace) != last
	}
	return slices.ContainsFunc(items, func(item schema.Expr) bool {
		if _, same := item.(*schema.Const); !same && item != e {
			return blanksAround(item)
		}
		v, ok := constant(item)
		if !ok || v.IsNull() {
			return false
		}
		if v.Type() == cty.String {
			return strings.TrimFunc(v.AsString(), pythonSpace) != v.AsString()
		}
		if v.Type().IsTupleType() {
			return slices.ContainsFunc(v.AsValueSlice(), func(x cty.Value) bool {
				return !x.IsNull() && x.Type() == cty.String && strings.TrimFunc(x.AsString(), pythonSpace) != x.AsString()
			})
		}
		return false
	})
}

// pythonSpace is what Python's str.strip() removes.
func pythonSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }

// hasNull tells whether the items of a list may be None, which gunicorn refuses.
func hasNull(e schema.Expr) bool {
	l, ok := e.(*schema.List)
	return ok && slices.ContainsFunc(l.Items, schema.MayBeNull)
}

func octalLiteral(n int64) string {
	if n == 0 {
		return "0"
	}
	digits := ""
	for ; n > 0; n /= 8 {
		digits = string(rune('0'+n%8)) + digits
	}
	for len(digits) < 3 {
		digits = "0" + digits
	}
	return "0o" + digits
}

// whole writes a number as Python's int: what may be text or a float goes through int().
func (g *gunicornWriter) whole(e schema.Expr) (string, error) {
	switch x := e.(type) {
	case *schema.Const:
		if x.Val.IsKnown() && !x.Val.IsNull() && x.Val.Type() == cty.Number && !x.Val.AsBigFloat().IsInt() {
			return "", cannotSay("gunicorn takes whole numbers alone")
		}
	case *schema.Call:
		if x.Func == "convert_int" && len(x.Args) == 1 {
			t, _, err := g.py.toInt(x.Args[0])
			return t, err
		}
		if x.Func == "float" && len(x.Args) == 1 {
			t, err := g.py.expr(x.Args[0], pyCond)
			return "int(" + t + ")", err
		}
	}
	switch {
	case isNumber(e) && !hasFraction(e):
		return g.py.expr(e, pyLowest)
	case isNumber(e) && wholeCall(e):
		return g.py.expr(e, pyLowest)
	case isNumber(e):
		t, err := g.py.expr(e, pyLowest)
		return "int(" + t + ")", err
	}
	if v, ok := constant(e); ok {
		return pythonValue(v)
	}
	// Text that is a number: int(…) fails for anything else, as gunicorn does.
	t, err := g.py.expr(e, pyCond)
	return "int(" + t + ")", err
}

func wholeCall(e schema.Expr) bool {
	c, ok := e.(*schema.Call)
	return ok && (c.Func == "int" || c.Func == "floor" || c.Func == "ceil" || c.Func == "len")
}

// others writes what the model has no name for.
func (g *gunicornWriter) others() {
	g.core.others(func(s *schema.Setting, name string) {
		if g.release.Spec(name) == nil {
			g.todo(s, Verbatim, "gunicorn "+g.release.Version.String()+" has no setting "+name+".")
			return
		}
		g.write(s, name, s.Value)
	})
}
