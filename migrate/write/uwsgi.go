package write

import (
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
	"gsrv/schema/uwsgi"
)

// uwsgiFile is the name that a written uwsgi.ini is read back under.
const uwsgiFile = "uwsgi.ini"

// debianVersion is the release of Debian's build, whose plugins are modules.
var debianVersion = schema.MustVersion("2.0.21")

// UWSGI writes a configuration of any dialect as a uwsgi.ini.
func UWSGI(cfg *schema.Config, o Options) *Output {
	files := schema.NewFiles("/")
	files.Put(uwsgiFile, []byte("[uwsgi]\n"))
	defaults, _ := uwsgi.New().Read(schema.Input{Files: files, Dir: "/", Host: schema.NoHost, File: uwsgiFile, Version: o.Version, OmitNative: true})
	version := o.Version
	if version.IsZero() {
		version = schema.MustVersion(uwsgi.Catalogue().Newest)
	}
	u := &uwsgiWriter{core: newCore(cfg, "uwsgi", defaults), ini: newINIWriter(), version: version, modular: o.Modular || !o.PyPI && !o.Version.IsZero() && o.Version.Compare(debianVersion) == 0}
	u.above = o.Above
	u.need("python3")
	u.setting("workers.master") // on top, as everything else depends on it
	for i := range schema.Model.Options {
		if name := schema.Model.Options[i].Name; name != "workers.master" {
			u.setting(name)
		}
		switch schema.Model.Options[i].Name {
		case "app.module":
			u.noApplication("module = PACKAGE.MODULE:CALLABLE")
		case "process.stop_on_term":
			u.vacuum()
		}
	}
	u.others(func(s *schema.Setting, name string) {
		if uwsgi.Catalogue().Lookup(name) == nil {
			u.todo(s, Verbatim, "uWSGI has no option "+name+".")
			return
		}
		u.write(s, name, s.Value)
	})
	var body strings.Builder
	lines := u.render(&body, iniComment)
	var b strings.Builder
	b.WriteString(iniComment("uWSGI's options, translated by gsrv from the settings of "+u.sourceTitle()+".") + "\n[uwsgi]\n")
	if u.modular {
		b.WriteString("plugins = " + strings.Join(u.plugins, ",") + "\n")
	}
	for _, open := range cfg.Open {
		for _, l := range wrap("TODO(gsrv): other settings may be set: "+shortened(open.Source)+" ("+open.Reason+").", 110) {
			b.WriteString(iniComment(l) + "\n")
		}
		lines = append(lines, Line{Class: Verbatim, Note: "other settings may be set: " + open.Reason})
	}
	if definitions := u.ini.definitions(body.String()); len(definitions) > 0 {
		b.WriteString(strings.Join(definitions, "\n") + "\n")
	}
	if body.Len() > 0 {
		b.WriteString(body.String())
	}
	return &Output{Text: []byte(b.String()), Lines: lines}
}

// iniComment makes a comment. uWSGI replaces % letters in comments as well, where one before a line break would glue the
// next line to it.
func iniComment(text string) string { return "# " + strings.ReplaceAll(text, "%", "%%") }

type uwsgiWriter struct {
	*core
	ini *iniWriter
	// secure tells that https-socket was written, which holds the TLS settings.
	secure  bool
	version schema.Version
	// modular tells that uWSGI loads its plugins from files, and plugins are those that this configuration needs.
	modular bool
	plugins []string
}

// need notes a plugin that a modular build has to load.
func (u *uwsgiWriter) need(plugin string) {
	if !slices.Contains(u.plugins, plugin) {
		u.plugins = append(u.plugins, plugin)
	}
}

var uwsgiSpecial map[string]func(*uwsgiWriter, *schema.Setting)

func init() {
	uwsgiSpecial = map[string]func(*uwsgiWriter, *schema.Setting){
		"app.module":                   (*uwsgiWriter).module,
		"app.file":                     (*uwsgiWriter).file,
		"app.paste_file":               (*uwsgiWriter).pasteFile,
		"listen.http":                  (*uwsgiWriter).listen,
		"listen.uwsgi":                 (*uwsgiWriter).listen,
		"listen.fastcgi":               (*uwsgiWriter).listen,
		"listen.scgi":                  (*uwsgiWriter).listen,
		"workers.class":                (*uwsgiWriter).workerClass,
		"workers.threads":              (*uwsgiWriter).threads,
		"workers.connections":          (*uwsgiWriter).connections,
		"workers.preload":              (*uwsgiWriter).preload,
		"workers.python_threads":       (*uwsgiWriter).pythonThreads,
		"workers.timeout":              (*uwsgiWriter).seconds,
		"workers.graceful_timeout":     (*uwsgiWriter).seconds,
		"workers.recycle.lifetime":     (*uwsgiWriter).seconds,
		"workers.recycle.memory":       (*uwsgiWriter).memory,
		"http.keep_alive":              (*uwsgiWriter).keepAlive,
		"http.timeout":                 (*uwsgiWriter).socketTimeout,
		"http.limits.request_head":     (*uwsgiWriter).requestHead,
		"tls.certificate":              (*uwsgiWriter).tls,
		"tls.key":                      (*uwsgiWriter).tls,
		"tls.ciphers":                  (*uwsgiWriter).tls,
		"tls.client_ca":                (*uwsgiWriter).tls,
		"tls.client_certificate":       (*uwsgiWriter).tls,
		"log.error.to":                 (*uwsgiWriter).errorLog,
		"log.access.to":                (*uwsgiWriter).accessLog,
		"log.access.format":            (*uwsgiWriter).accessFormat,
		"log.syslog.enabled":           (*uwsgiWriter).syslog,
		"log.syslog.address":           (*uwsgiWriter).syslogPart,
		"log.syslog.prefix":            (*uwsgiWriter).syslogPart,
		"log.syslog.facility":          (*uwsgiWriter).syslogPart,
		"metrics.statsd.address":       (*uwsgiWriter).statsd,
		"metrics.statsd.prefix":        (*uwsgiWriter).statsdPrefix,
		"process.daemon":               (*uwsgiWriter).daemon,
		"process.stop_on_term":         (*uwsgiWriter).stop,
		"process.supplementary_groups": (*uwsgiWriter).groups,
		"reload.enabled":               (*uwsgiWriter).reload,
	}
}

func (u *uwsgiWriter) setting(name string) {
	s := u.settings[name]
	if s == nil {
		return
	}
	u.ini.notes, u.ini.remarks = nil, nil
	if special := uwsgiSpecial[name]; special != nil {
		special(u, s)
		return
	}
	u.plain(s)
}

// plain writes a setting that is one option of uWSGI's, by the catalogue's conversion.
func (u *uwsgiWriter) plain(s *schema.Setting) {
	sup := u.support(s)
	o := optionOf(uwsgi.Catalogue(), s.Name)
	if o == nil || sup.Class == Verbatim || sup.Class == Refused {
		u.missing(s)
		return
	}
	if u.unsaid(s, o) {
		return
	}
	if text, ok := constText(s.Value); ok && text == "" && o.Type == "str" {
		u.silent(s, ExactByDefault, "")
		return
	}
	e, ok := schema.Revert(o.Convert, s.Value)
	if !ok {
		u.todo(s, Verbatim, "uWSGI's "+o.Name+" has no form for this value.")
		return
	}
	u.write(s, o.Name, e)
}

// unsaid deals with a setting that needs no line, or that this release has no option for; true where it did.
func (u *uwsgiWriter) unsaid(s *schema.Setting, o *schema.Option) bool {
	switch {
	case s.Layer == schema.LayerDefault && u.isDefault(s):
		u.silent(s, ExactByDefault, "")
	case s.Layer == schema.LayerDefault && u.nothing(s):
		// The source leaves it to the target, whatever that does then.
	case u.idle(s):
		u.silent(s, DroppedNoEffect, idleWords(s))
	case isNullConst(s.Value):
		u.silent(s, ExactByDefault, "")
	case o != nil && !o.Known(u.version) && (s.Layer == schema.LayerDefault || u.isDefault(s)):
		u.silent(s, ExactByDefault, "")
	case o != nil && !o.Known(u.version):
		u.todo(s, Verbatim, "uWSGI "+u.version.String()+" has no "+o.Name+"; it came with "+o.Since+".")
	default:
		return false
	}
	return true
}

// nothing tells whether a default says no more than what uWSGI does without being told.
func (u *uwsgiWriter) nothing(s *schema.Setting) bool {
	if s.Value == nil || isFact(s.Value) {
		return true
	}
	v, ok := constant(s.Value)
	if !ok || u.defaults[s.Name] != nil {
		return ok && v.IsNull()
	}
	if v.IsNull() {
		return true
	}
	switch {
	case v.Type() == cty.Bool:
		return !v.True()
	case v.Type() == cty.Number:
		return v.AsBigFloat().Sign() == 0
	case v.CanIterateElements():
		return v.LengthInt() == 0
	}
	return v.Type() == cty.String && v.AsString() == ""
}

// missing deals with a setting that uWSGI has no option for.
func (u *uwsgiWriter) missing(s *schema.Setting) {
	sup := u.support(s)
	switch {
	case s.Layer == schema.LayerDefault:
	case u.isDefault(s) || u.nothing(s):
		u.silent(s, ExactByDefault, "")
	case sup.Class == Exact:
		u.silent(s, ExactByDefault, sup.Words)
	default:
		if class, why := u.moot(s); class != "" {
			u.silent(s, class, why)
			return
		}
		u.todo(s, sup.Class, sup.Words)
	}
}

// write writes option = expression, with the class and words that the tables have for it.
func (u *uwsgiWriter) write(s *schema.Setting, option string, e schema.Expr) {
	code, err := u.assign(option, e)
	if err != nil {
		u.todo(s, Verbatim, sentence(err))
		return
	}
	if len(code) == 0 {
		u.silent(s, ExactByDefault, "")
		return
	}
	u.add(u.classified(s, u.ini.notes, option), code...)
}

// assign gives the lines of an option, with the notes of its value alone.
func (u *uwsgiWriter) assign(option string, e schema.Expr) ([]string, error) {
	u.ini.notes, u.ini.remarks = nil, nil
	return u.ini.assign(option, e)
}

func (u *uwsgiWriter) classified(s *schema.Setting, notes []string, options ...string) Line {
	sup := u.support(s)
	if s.Name == "workers.graceful_timeout" && u.graceful() {
		sup = Support{Class: Exact} // on SIGTERM, too
	}
	switch {
	case s.Layer == schema.LayerDefault:
		return u.line(s, PinnedDefault, u.pinned(s), options...)
	case len(notes) > 0:
		return u.line(s, Approximated, strings.TrimSpace(sup.Words+" "+strings.Join(notes, "; "))+".", options...)
	}
	l := u.line(s, sup.Class, sup.Words, options...)
	if l.Note == "" {
		l.Note = strings.Join(u.ini.remarks, " ")
	}
	return l
}
