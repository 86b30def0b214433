package paste

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
	"gsrv/schema/ini"
)

// logging checks the logging sections. With a [loggers] section pserve and paster give the whole file to Python's
// logging.config.fileConfig before anything else, and what it refuses stops the start.
func (r *reader) logging() {
	if r.file == "" || len(r.in.Command) == 0 {
		return
	}
	read := r.document()
	if read == nil || read.Section("loggers") == nil {
		return
	}
	// fileConfig's parser folds keys to lower case, which the loader of the rest does not.
	doc, perr := ini.Parse(r.file, read.Text, ini.Dialect{LowerKeys: true})
	if perr != nil {
		for _, d := range perr.Diags {
			d.Detail += " Keys that differ in case alone are the same to Python's logging, which reads the whole file because it has a [loggers] section."
		}
		r.add(perr.Diags...)
		return
	}
	l := &logConfig{doc: doc, vars: map[string]string{}, budget: ini.DefaultBudget()}
	for _, v := range r.request.Vars {
		l.vars[strings.ToLower(v.Name)] = v.Text
	}
	l.check()
	r.add(l.diags...)
}

// A logConfig is the logging sections of a file.
type logConfig struct {
	doc   *ini.Document
	vars  map[string]string
	diags hcl.Diagnostics
	// budget is shared by all values.
	budget *ini.Budget
}

func (l *logConfig) check() {
	formatters := l.list("formatters", "formatter")
	handlers := l.list("handlers", "handler")
	loggers := l.list("loggers", "logger")
	if len(loggers) > 0 && !loggers["root"] {
		l.refuse(l.doc.Section("loggers").Header, "ValueError: list.remove(x): x not in list", "Root logger is missing", "keys in [loggers] must name root, with a section [logger_root].")
	}
	for _, name := range l.names("handler_", handlers) {
		s := l.doc.Section("handler_" + name)
		if s.Key("class") == nil {
			l.refuse(s.Header, "KeyError: 'class'", "Handler without a class", "[%s] says nothing of what it is. Add class = StreamHandler and args = (sys.stderr,).", s.Name)
		}
		l.refer(s, "formatter", formatters, "formatter")
		l.level(s)
	}
	for _, name := range l.names("logger_", loggers) {
		s := l.doc.Section("logger_" + name)
		if name != "root" && s.Key("qualname") == nil {
			l.refuse(s.Header, "KeyError: 'qualname'", "Logger without a name", "[%s] does not say which logger it is for. Add qualname = %s.", s.Name, name)
		}
		if s.Key("handlers") == nil {
			l.refuse(s.Header, "KeyError: 'handlers'", "Logger without handlers", "[%s] has no handlers key, which must be there even where it is empty. Add \"handlers =\".", s.Name)
			continue
		}
		l.refer(s, "handlers", handlers, "handler")
		l.level(s)
	}
}

// names keeps diagnostics in the file's order.
func (l *logConfig) names(prefix string, listed map[string]bool) []string {
	var names []string
	for _, s := range l.doc.Sections {
		if name, ok := strings.CutPrefix(s.Name, prefix); ok && listed[name] {
			names = append(names, name)
		}
	}
	return names
}

// list reads "keys" of [formatters], [handlers] or [loggers]; each name needs a section of its own.
func (l *logConfig) list(section, prefix string) map[string]bool {
	names := map[string]bool{}
	s := l.doc.Section(section)
	if s == nil {
		l.refuse(l.doc.Section("loggers").Header, "KeyError: '"+section+"'", "Logging sections are incomplete", "A file with [loggers] is read by Python's logging, which needs [loggers], [handlers] and [formatters], each with keys; [%s] is missing and the start fails.", section)
		return names
	}
	key := s.Key("keys")
	if key == nil {
		l.refuse(s.Header, "KeyError: 'keys'", "Logging sections are incomplete", "[%s] needs \"keys = NAME, …\", and the start fails without.", section)
		return names
	}
	value := l.value(s, key)
	if value == "" {
		return names
	}
	for name := range strings.SplitSeq(value, ",") {
		name = ini.Strip(name)
		names[name] = true
		if l.doc.Section(prefix+"_"+name) == nil {
			class := "KeyError: '" + prefix + "_" + name + "'"
			l.refuse(key.Range, class, "Logging section is missing", "%s in [%s] has no section [%s_%s], and the start fails. Add it, or take the name off the list.", ini.Quote(name), section, prefix, name)
		}
	}
	return names
}

// refer checks names that a section gives against those listed.
func (l *logConfig) refer(s *ini.Section, key string, listed map[string]bool, what string) {
	k := s.Key(key)
	if k == nil {
		return
	}
	value := l.value(s, k)
	if value == "" {
		return
	}
	for name := range strings.SplitSeq(value, ",") {
		if name = ini.Strip(name); !listed[name] {
			l.refuse(k.Range, "KeyError: "+ini.PythonRepr(name), "Unknown "+what, "%s in [%s] is not among the keys of [%ss], and the start fails. Add it there, with its section [%s_%s].", ini.Quote(name), s.Name, what, what, name)
		}
	}
}

// level checks a level's name; Python's logging knows them in capitals only.
func (l *logConfig) level(s *ini.Section) {
	k := s.Key("level")
	if k == nil {
		return
	}
	switch level := l.value(s, k); level {
	case "", "CRITICAL", "FATAL", "ERROR", "WARN", "WARNING", "INFO", "DEBUG", "NOTSET":
	default:
		d := l.refuse(k.Range, "ValueError: Unknown level: "+ini.PythonRepr(level), "Unknown level", "%s is no level of Python's logging, and the start fails. Write DEBUG, INFO, WARNING, ERROR or CRITICAL, in capitals.", ini.Quote(level))
		if upper := strings.ToUpper(level); upper == "WARNING" || upper == "INFO" || upper == "DEBUG" || upper == "ERROR" || upper == "CRITICAL" {
			schema.DetailOf(d).Suggest = upper
		}
	}
}

// value replaces a key's variables; one that cannot be is an error of its own, reported once.
func (l *logConfig) value(s *ini.Section, key *ini.Key) string {
	defaults := l.doc.Section(ini.DefaultSection)
	lookup := func(name string) (string, bool) {
		name = strings.ToLower(name)
		if k := s.Key(name); k != nil {
			return k.Value, true
		}
		if defaults != nil {
			if k := defaults.Key(name); k != nil {
				return k.Value, true
			}
		}
		v, ok := l.vars[name]
		return v, ok
	}
	text, _, err := ini.Interpolate(l.budget, key.Name, s.Name, key.Value, lookup, key.Sub)
	if err != nil {
		l.diags = append(l.diags, err.Diags...)
		return ""
	}
	return text
}

func (l *logConfig) refuse(at hcl.Range, message, summary, detail string, args ...any) *hcl.Diagnostic {
	d := schema.Errorf("logging-config", at, summary, "%s", fmt.Sprintf(detail, args...))
	schema.DetailOf(d).ServerMessage = message
	l.diags = append(l.diags, d)
	return d
}
