package write

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
	"gsrv/schema/gunicorn"
)

// Paste writes a configuration of any dialect as a Paste file for pserve: the server's settings are in [server:main].
// Where the source has a Paste file all its other sections stay as they are; elsewhere [app:main] has to be completed by
// hand, because Paste makes applications by factories.
func Paste(cfg *schema.Config, o Options) *Output {
	server := o.Server
	if server == "" {
		server = nearestServer(cfg)
	}
	var release Options
	if server == "waitress" {
		release.Version = o.Version
	}
	p := &pasteWriter{commandWriter: newWaitress(cfg, release).commandWriter}
	p.special["app.directory"], p.special["app.environment"], p.special["app.python_path"] = p.outside, p.outside, p.outside
	p.ini, p.server, p.above = &pasteValues{}, server, o.Above
	var body []item
	if server == "gunicorn" {
		p.target = "gunicorn"
		body = p.gunicorn(o)
	} else {
		body = p.waitress(o)
	}
	return p.output(body)
}

// nearestServer is waitress for what it serves itself, and for the servers with no processes but one.
func nearestServer(cfg *schema.Config) string {
	switch cfg.Server {
	case "waitress":
		return "waitress"
	case "gunicorn", "uwsgi":
		return "gunicorn"
	}
	if s := cfg.Setting("workers.count"); s != nil && s.Layer != schema.LayerDefault {
		if v, ok := constant(s.Value); !ok || v.IsNull() || v.Type() != cty.Number || v.GreaterThan(cty.NumberIntVal(1)).True() {
			return "gunicorn"
		}
	}
	return "waitress"
}

type pasteWriter struct {
	*commandWriter
	server string
}

// pasteValues writes values as a Paste file has them. The file knows no variables of the environment.
type pasteValues struct{}

func (v *pasteValues) value(o *schema.Option, e schema.Expr) (string, error) {
	value, ok := constant(e)
	if !ok {
		if text, ok := interpolated(e); ok {
			return text, nil
		}
		return "", v.depends(o, e)
	}
	text := ""
	switch {
	case value.IsNull():
		return "", cannotSay("a Paste file has no form for no value")
	case value.Type() == cty.Bool:
		text = map[bool]string{true: "true", false: "false"}[value.True()]
	case value.Type().IsTupleType() || value.Type().IsListType():
		separator := " "
		if o.Type != "list" && o.Type != "set" {
			separator = ","
		}
		if gunicorn.Catalogue.Lookup(o.Name) == o && o.Type == "list" && value.LengthInt() != 1 {
			return "", cannotSay("gunicorn takes a text of a Paste file for one value of the list")
		}
		var parts []string
		for _, item := range value.AsValueSlice() {
			part, ok := schema.TextOf(item)
			if !ok || part == "" || strings.Contains(part, separator) || strings.TrimSpace(part) != part {
				return "", cannotSay("a value of the list holds what parts it")
			}
			parts = append(parts, part)
		}
		if separator == "," {
			separator = ", "
		}
		text = strings.Join(parts, separator)
	default:
		if text, ok = schema.TextOf(value); !ok {
			return "", cannotSay("a Paste file has no form for a mapping")
		}
	}
	if strings.ContainsFunc(text, unicode.IsControl) {
		return "", cannotSay("it holds control characters")
	}
	if strings.TrimFunc(text, pythonSpace) != text {
		return "", cannotSay("a Paste file cuts off blanks at the ends of values")
	}
	return strings.ReplaceAll(text, "%", "%%"), nil
}

var startVariable = regexp.MustCompile(`^%\([^()]+\)s$`)

// interpolated writes a value over the variables that pserve is started with, which only a Paste file has.
func interpolated(e schema.Expr) (string, bool) {
	parts := merged([]schema.Expr{onlyItem(e)})
	var b strings.Builder
	for _, p := range parts {
		if o, ok := p.(*schema.Opaque); ok && startVariable.MatchString(o.Source) {
			b.WriteString(o.Source)
			continue
		}
		text, ok := constText(p)
		if !ok || strings.ContainsFunc(text, unicode.IsControl) {
			return "", false
		}
		b.WriteString(strings.ReplaceAll(text, "%", "%%"))
	}
	return b.String(), b.Len() > 0
}

// depends says how a value that depends on the environment reaches the file: pserve takes variables as arguments.
func (v *pasteValues) depends(o *schema.Option, e schema.Expr) error {
	var sh shellWriter
	var arguments []string
	var b strings.Builder
	say := func(p schema.Expr) bool {
		if text, ok := constText(p); ok {
			b.WriteString(strings.ReplaceAll(text, "%", "%%"))
			return true
		}
		name := "value"
		if variable := variableOf(p); variable != "" {
			name = strings.ToLower(variable)
		}
		word, err := sh.operand(p)
		b.WriteString("%(" + name + ")s")
		arguments = append(arguments, name+"="+word)
		return err == nil
	}
	parts := []schema.Expr{e}
	if t, ok := onlyItem(e).(*schema.Template); ok {
		parts = merged(t.Parts)
	}
	for _, p := range parts {
		if !say(onlyItem(p)) {
			if schema.FindOpaque(p) != nil {
				return cannotSay("its value cannot be told without running the source: " + schema.FindOpaque(p).Reason)
			}
			return cannotSay("its value depends on the host, and a Paste file holds constants alone")
		}
	}
	return cannotSay("a Paste file holds constants and what pserve is started with: write " + o.Name + " = " + b.String() + " and start it as pserve FILE " + strings.Join(arguments, " "))
}

// outside are settings of the process that pserve takes as it finds them.
func (p *pasteWriter) outside(s *schema.Setting) {
	if s.Layer == schema.LayerDefault || isFact(s.Value) || isNullConst(s.Value) || p.off(s) {
		p.silent(s, ExactByDefault, "")
		return
	}
	v, ok := constant(s.Value)
	if ok && v.CanIterateElements() && v.LengthInt() == 0 {
		p.silent(s, ExactByDefault, "")
		return
	}
	p.todo(s, Verbatim, "A Paste file does not set it for the server: let the service manager do so (systemd's WorkingDirectory= and Environment=), or the script that starts pserve.")
}

// application tells of what [app:main] stands for.
func (p *pasteWriter) application(name string) bool {
	switch name {
	case "app.module", "app.file", "app.paste_file", "app.paste_variables":
		return true
	}
	return false
}

// waitress writes waitress's adjustments.
func (p *pasteWriter) waitress(Options) []item {
	for _, name := range []string{"app.module", "app.file", "app.paste_file", "app.paste_variables"} {
		p.special[name] = func(*schema.Setting) {} // output writes them
	}
	for _, name := range []string{"app.virtualenv", "process.umask", "process.pid_file", "log.error.to"} {
		p.special[name] = p.inManager
	}
	p.run()
	items := p.items
	p.items = nil
	return items
}

// inManager are settings of the process that only who starts pserve can make.
func (p *pasteWriter) inManager(s *schema.Setting) {
	text, ok := constText(s.Value)
	if s.Layer == schema.LayerDefault || isNullConst(s.Value) || ok && text == "-" && s.Name == "log.error.to" {
		p.silent(s, ExactByDefault, "")
		return
	}
	p.todo(s, Verbatim, map[string]string{
		"app.virtualenv":   "start the environment's own pserve.",
		"process.umask":    "pserve keeps the umask that it is started with: let the service manager set it (systemd's UMask=).",
		"process.pid_file": "pserve writes no pid file; a service manager needs none.",
		"log.error.to":     "pserve logs as the file's [loggers], [handlers] and [formatters] say: add a handler for this file there.",
	}[s.Name])
}

// gunicorn writes gunicorn's settings: what is written as gunicorn.conf.py, read back, one key each.
func (p *pasteWriter) gunicorn(o Options) []item {
	written := Gunicorn(p.cfg, Options{Version: o.Version})
	release := gunicorn.ForVersion(o.Version)
	files := schema.NewFiles("/")
	files.Put(gunicornFile, written.Text)
	back, _ := gunicorn.New().Read(schema.Input{Files: files, Dir: "/", Host: schema.NoHost, File: gunicornFile, Version: o.Version, OmitNative: true})
	p.items = nil
	for _, l := range written.Lines {
		s := p.settings[l.Model]
		if l.Model == "" {
			s = p.cfg.Setting(l.Source)
		}
		switch {
		case p.application(l.Model):
		case l.Model == "process.umask" && len(l.Native) > 0:
			p.todo(s, Verbatim, "gunicorn has no setting for the umask of the application, and a Paste file holds no code: let who starts it set it (systemd's UMask=).")
		case s == nil && l.Model == "listen.mode":
			p.keys(&schema.Setting{}, l, back, release)
		case s == nil:
			p.items = append(p.items, item{line: l, comment: noteOf(l)})
		case len(l.Native) == 0 && l.Class.Lost():
			p.todo(s, l.Class, l.Note)
		case len(l.Native) == 0:
			p.items = append(p.items, item{line: l})
		case s.Source == "[loggers]": // gunicorn finds the section itself
			p.silent(s, ExactByDefault, "")
		case l.Model == "app.python_path" && len(Patterns(p.cfg)) > 0:
			p.todo(s, Verbatim, PatternNote(Patterns(p.cfg), "gunicorn"))
		case strings.HasPrefix(l.Model, "hooks."):
			p.todo(s, Verbatim, "A Paste file holds no code: put the function into a gunicorn.conf.py, and name that with config = gunicorn.conf.py.")
		default:
			p.keys(s, l, back, release)
		}
	}
	items := p.items
	p.items = nil
	return items
}

func noteOf(l Line) []string {
	if l.Note == "" || !l.Class.Lost() {
		return nil
	}
	return []string{"TODO(gsrv): " + l.Note}
}

// keys writes a setting's options as keys of the section.
func (p *pasteWriter) keys(s *schema.Setting, l Line, back *schema.Config, release *gunicorn.Release) {
	var code []string
	for _, name := range l.Native {
		b, spec := back.Setting(name), release.Spec(name)
		if b == nil || spec == nil || b.Layer == schema.LayerDefault || isNullConst(b.Value) && nullDefault(spec.Option) {
			continue
		}
		text, err := "", error(nil)
		if hosts, ok := manyHosts(name, b.Value); ok {
			code = append(code, "host = "+hosts)
			l.Native = slices.Clone(l.Native)
			l.Native[slices.Index(l.Native, name)] = "host"
			continue
		}
		if n, ok := constant(b.Value); ok && name == "umask" && !n.IsNull() && n.Type() == cty.Number {
			i, _ := n.AsBigFloat().Int64()
			text = octalLiteral(i)
		} else {
			text, err = p.ini.value(spec.Option, b.Value)
		}
		if err != nil {
			p.todo(s, Verbatim, sentence(err))
			return
		}
		code = append(code, strings.TrimRight(name+" = "+text, " "))
	}
	if len(code) == 0 {
		if l.Class == Exact {
			l.Class = ExactByDefault
		}
		p.items = append(p.items, item{line: l})
		return
	}
	p.add(l, code...)
}

// manyHosts gives the text of host, which is the key that gunicorn parts at commas, for several addresses.
func manyHosts(name string, e schema.Expr) (string, bool) {
	items, ok := itemsOf(e)
	if name != "bind" || !ok || len(items) < 2 {
		return "", false
	}
	texts, ok := knownTexts(items)
	if !ok || slices.ContainsFunc(texts, func(t string) bool {
		return t == "" || strings.ContainsAny(t, ", \t") || strings.ContainsFunc(t, unicode.IsControl)
	}) {
		return "", false
	}
	return strings.ReplaceAll(strings.Join(texts, ","), "%", "%%"), true
}

// output puts the file together.
func (p *pasteWriter) output(body []item) *Output {
	head := p.top()
	p.items = body
	var b strings.Builder
	lines := append(head.lines, p.render(&b, func(s string) string { return "# " + s })...)
	section := "[server:main]\nuse = egg:" + p.server + "#main\n" + head.todo + strings.ReplaceAll(b.String(), "\n\n", "\n")
	renamed := map[string]string{}
	for _, l := range lines {
		if len(l.Native) > 0 && l.Source != "" {
			renamed[l.Source] = l.Native[0]
		}
	}
	for i, c := range head.comments {
		if name := renamed[c.key]; name != "" {
			head.comments[i].key = name
		}
	}
	section = commented(section, head.comments)
	return &Output{Text: []byte(head.before + section + head.after), Lines: lines}
}

// A pasteTop is what stands around the server's section.
type pasteTop struct {
	before, after string
	// comments are those of the section that is replaced.
	comments []keyComment
	// todo is what is said of the start.
	todo  string
	lines []Line
}

// top writes the application: the source's own file, or a section to be completed.
func (p *pasteWriter) top() pasteTop {
	var t pasteTop
	say := func(name string, class Class, note string, native ...string) {
		if s := p.settings[name]; s != nil && s.Layer != schema.LayerDefault && !isNullConst(s.Value) {
			t.lines = append(t.lines, p.line(s, class, note, native...))
		}
	}
	if v := p.given("app.paste_variables"); v != nil {
		if isNullConst(v.Value) || p.off(v) {
			t.lines = append(t.lines, p.line(v, ExactByDefault, ""))
		} else {
			t.lines = append(t.lines, p.line(v, Verbatim, "the variables are handed to pserve as NAME=VALUE."))
			t.todo = "# TODO(gsrv): " + p.shown(v) + ": hand the variables to pserve as NAME=VALUE.\n"
		}
	}
	if file, ok := p.pasteApp(); ok {
		name, fragment, _ := strings.Cut(file, "#")
		say("app.module", Exact, "", "[app:main]")
		say("app.paste_file", Exact, "", "[app:main]")
		say("app.file", DroppedNoEffect, "the Paste file says what the application is")
		if text, err := p.cfg.Files.Read(name); err == nil {
			t.before, t.after, t.comments = around(string(text), p.source == "uwsgi")
			return t
		}
		use := "use = config:" + name
		if fragment != "" {
			use += "#" + fragment
		}
		t.before = p.title() + "[app:main]\n" + use + "\n\n"
		return t
	}
	app, ok := p.textOf("app.module")
	if !ok {
		if file, isFile := p.textOf("app.file"); isFile {
			if module, callable := p.moduleOf(file); module != "" {
				app, ok = module+":"+callable, true
			}
		}
	}
	module, object, found := strings.Cut(app, ":")
	if !found {
		object = "application"
	}
	note := "Paste makes applications by factories: name the project's own (use = egg:PROJECT), or a function main(global_conf, **settings) that returns the application."
	line := "# use = egg:PROJECT"
	if plain, _, _ := strings.Cut(object, "("); ok && importable(module) && importable(plain) {
		note = "Paste makes applications by factories, and " + app + " is an application: define main(global_conf, **settings) in " + module + " that returns " + object + ", or name the project's own factory (use = egg:PROJECT)."
		line = "paste.app_factory = " + module + ":main"
	}
	say("app.module", Approximated, note, "paste.app_factory")
	say("app.file", Approximated, note, "paste.app_factory")
	if len(t.lines) == 0 {
		t.lines = append(t.lines, Line{Class: Verbatim, Note: note})
	}
	var b strings.Builder
	for _, l := range wrap("TODO(gsrv): "+note, 110) {
		b.WriteString("# " + l + "\n")
	}
	t.before = p.title() + "[app:main]\n" + b.String() + line + "\n\n"
	return t
}

func (p *pasteWriter) title() string {
	return "; A Paste file for pserve, translated by gsrv from the settings of " + p.sourceTitle() + ".\n\n"
}

// around parts a Paste file where its server's section stands, which is left out with the other sections of the same
// server; comments inside of it are kept. Without such a section the new one comes last.
func around(text string, uwsgi bool) (before, after string, comments []keyComment) {
	var kept []string
	place := -1
	inside := false
	lines := strings.SplitAfter(text, "\n")
	for i, line := range lines {
		trimmed := strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			name := strings.ToLower(strings.Trim(trimmed, "[]"))
			was := inside
			inside = name == "server:main" || uwsgi && name == "uwsgi"
			if inside && (place < 0 || name == "server:main") {
				place = len(kept)
			}
			if was && !inside { // comments right above a section belong to it
				from := i
				for from > 0 && comment(lines[from-1]) {
					from--
				}
				if n := i - from; n > 0 && n <= len(comments) {
					comments = comments[:len(comments)-n]
					kept = append(kept, lines[from:i]...)
				}
			}
			if inside {
				continue
			}
		}
		switch {
		case !inside:
			kept = append(kept, line)
		case comment(line):
			comments = append(comments, keyComment{text: strings.TrimRight(line, "\r\n")})
		case trimmed != "":
			for i := len(comments) - 1; i >= 0 && comments[i].key == ""; i-- {
				comments[i].key = keyOf(line)
			}
		}
	}
	if place < 0 {
		before = strings.Join(kept, "")
		if before != "" && !strings.HasSuffix(before, "\n") {
			before += "\n"
		}
		return before + "\n", "", comments
	}
	after = strings.Join(kept[place:], "")
	if after != "" {
		after = "\n" + after
	}
	return strings.Join(kept[:place], ""), after, comments
}

// A keyComment is a comment of a section and the key above which it stands; none at the section's end.
type keyComment struct{ text, key string }

func keyOf(line string) string {
	if i := strings.IndexAny(line, "=:"); i > 0 {
		return strings.ToLower(strings.TrimSpace(line[:i]))
	}
	return ""
}

// commented puts the old section's comments above their keys again. Those whose key is gone come first, those at the
// section's end last.
func commented(section string, comments []keyComment) string {
	lines := strings.Split(strings.TrimSuffix(section, "\n"), "\n")
	for end := len(comments); end > 0; {
		from := end - 1
		for from > 0 && comments[from-1].key == comments[from].key {
			from--
		}
		at := min(2, len(lines))
		if comments[from].key == "" {
			at = len(lines)
		}
		for j, line := range lines {
			if comments[from].key != "" && !comment(line) && keyOf(line) == comments[from].key {
				at = j
			}
		}
		for i := end - 1; i >= from; i-- {
			lines = slices.Insert(lines, at, comments[i].text)
		}
		end = from
	}
	return strings.Join(lines, "\n") + "\n"
}

func comment(line string) bool {
	return strings.HasPrefix(line, "#") || strings.HasPrefix(line, ";")
}

// pasteSupport says how a Paste file takes the settings of the model: as gunicorn does, without its code.
func pasteSupport() map[string]Support {
	out := map[string]Support{}
	for name, s := range gunicornSupport {
		if strings.HasPrefix(name, "hooks.") {
			s = Support{Verbatim, "a Paste file holds no code: put it into a gunicorn.conf.py, and name that with config = gunicorn.conf.py.", nil}
		}
		if slices.Contains([]string{"app.module", "app.file"}, name) {
			s = Support{Approximated, "Paste makes applications by factories: name one in [app:main].", nil}
		}
		out[name] = s
	}
	out["log.config"] = Support{Verbatim, "a Paste file has no form for a mapping: write it as [loggers], [handlers] and [formatters].", nil}
	return out
}
