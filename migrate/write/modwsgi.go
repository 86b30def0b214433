package write

import (
	"path"
	"slices"
	"strings"

	"gsrv/schema"
	"gsrv/schema/modwsgi"
)

// ModWSGIExpress writes a configuration of any dialect as a shell script that starts mod_wsgi-express.
func ModWSGIExpress(cfg *schema.Config, o Options) *Output {
	m := &modwsgiWriter{commandWriter: newCommand(cfg, "mod_wsgi", modwsgi.New(), o, "mod_wsgi-express", "start-server", "x.py")}
	m.program, m.name, m.install = "mod_wsgi-express start-server", "mod_wsgi-express", "mod_wsgi-standalone"
	m.sh.dollars = true
	for name, f := range map[string]func(*schema.Setting){
		"app.module": m.module, "app.file": m.script, "app.paste_file": m.pasteFile, "app.paste_variables": m.paste,
		"app.directory":            m.workingDirectory,
		"app.python_path":          m.pythonPaths,
		"listen.http":              func(s *schema.Setting) { m.listen(s) },
		"listen.mode":              m.missing,
		"workers.class":            m.class,
		"workers.timeout":          m.seconds,
		"workers.graceful_timeout": m.seconds,
		"workers.recycle.lifetime": m.seconds,
		"http.keep_alive":          m.seconds,
		"http.timeout":             m.seconds,
		"http.send_file":           m.sendFile,
		"proxy.trusted":            m.trusted,
		"tls.certificate":          m.certificate,
		"tls.client_certificate":   m.clientCertificate,
		"tls.key":                  m.withCertificate,
		"tls.client_ca":            m.withCertificate,
		"log.level":                m.level,
		"log.error.to":             m.errorLog,
		"log.access.to":            m.accessLog,
		"log.access.format":        m.accessFormat,
		"process.pid_file":         m.plain,
		"process.user":             m.account, "process.group": m.account,
		"static.map": m.static,
	} {
		m.special[name] = f
	}
	m.otherProtocols(m.listen)
	m.run()
	m.needApplication()
	return m.output()
}

type modwsgiWriter struct {
	*commandWriter
	// logDirectory is where the error log goes; empty for the terminal.
	logDirectory string
}

// module writes a module with the name of the application in it.
func (m *modwsgiWriter) module(s *schema.Setting) {
	if m.fromPaste() {
		m.silent(s, DroppedNoEffect, "app.paste_file says the same")
		return
	}
	if s.Layer == schema.LayerDefault || isNullConst(s.Value) {
		m.silent(s, ExactByDefault, "")
		return
	}
	text, ok := constText(s.Value)
	name, object, found := strings.Cut(strings.TrimSpace(text), ":")
	if !found {
		object = "application"
	}
	if !ok || !importable(name) || !importable(object) {
		m.todo(s, Verbatim, "mod_wsgi-express takes a module's name, and the application's in it with --callable-object: write a module that has the application under a name.")
		return
	}
	code := []string{"--application-type=module"}
	if object != "application" {
		code = append(code, "--callable-object="+object)
	}
	m.operands = append(m.operands, name)
	m.items = append(m.items, item{line: m.line(s, Exact, "", "--application-type", "--callable-object", "ENTRY-POINT"), code: code})
}

// script writes a Python file, which is what mod_wsgi-express takes unless told otherwise.
func (m *modwsgiWriter) script(s *schema.Setting) {
	if s.Layer == schema.LayerDefault || isNullConst(s.Value) || m.given("app.module") != nil && !m.fromPaste() {
		if m.given("app.module") != nil && s.Layer != schema.LayerDefault && !isNullConst(s.Value) {
			m.todo(s, Verbatim, "mod_wsgi-express serves one application, and app.module names one.")
			return
		}
		m.silent(s, ExactByDefault, "")
		return
	}
	e := s.Value
	callable, _ := m.callable()
	if text, ok := constText(e); ok {
		if file, object, found := strings.Cut(text, ":"); found {
			e, callable = schema.String(file, s.Range), object
		}
	}
	word, err := m.sh.operand(e)
	if err != nil {
		m.todo(s, Verbatim, sentence(err))
		return
	}
	it := item{line: m.line(s, Exact, "", "ENTRY-POINT")}
	if callable != "" && callable != "application" {
		if !importable(callable) {
			m.todo(s, Verbatim, "The application's name in the file is none that mod_wsgi-express could take.")
			return
		}
		it.code = []string{"--callable-object=" + callable}
	}
	m.operands = append(m.operands, word)
	m.items = append(m.items, it)
}

func (m *modwsgiWriter) pasteFile(s *schema.Setting) {
	file, ok := m.pasteApp()
	name, section, found := strings.Cut(file, "#")
	word, err := m.sh.operand(schema.String(name, s.Range))
	switch {
	case !ok || isNullConst(s.Value):
		m.silent(s, ExactByDefault, "")
	case err != nil:
		m.todo(s, Verbatim, sentence(err))
	case found:
		m.todo(s, Verbatim, "mod_wsgi-express takes a file's main application alone, not ["+"app:"+section+"]: write a module that calls paste.deploy.loadapp().")
	default:
		m.operands = append(m.operands, word)
		m.items = append(m.items, item{line: m.line(s, Exact, "", "--application-type", "ENTRY-POINT"), code: []string{"--application-type=paste"}})
	}
}

func (m *modwsgiWriter) workingDirectory(s *schema.Setting) {
	if s.Layer == schema.LayerDefault || isFact(s.Value) || isNullConst(s.Value) {
		m.silent(s, ExactByDefault, "")
		return
	}
	m.write(s, "working-directory", s.Value)
}

func (m *modwsgiWriter) pythonPaths(s *schema.Setting) {
	if s.Layer == schema.LayerDefault || isNullConst(s.Value) || m.off(s) {
		m.silent(s, ExactByDefault, "")
		return
	}
	if patterns := Patterns(m.cfg); len(patterns) > 0 {
		m.todo(s, Verbatim, PatternNote(patterns, "mod_wsgi-express"))
		return
	}
	m.write(s, "python-path", s.Value)
}

// listen writes the one host and port; with a certificate the port is that of HTTPS.
func (m *modwsgiWriter) listen(s *schema.Setting) bool {
	if m.elsewhere(s) {
		return true
	}
	tls := m.given("tls.certificate") != nil && !isNullConst(m.given("tls.certificate").Value)
	if s.Layer == schema.LayerDefault && m.isDefault(s) && !tls {
		m.silent(s, ExactByDefault, "")
		return true
	}
	m.bound = true
	m.sh.notes = nil
	items, ok := m.addressItems(s)
	if !ok || len(items) == 0 {
		m.todo(s, Verbatim, "How many addresses there are depends on the host, and mod_wsgi-express listens on one.")
		return true
	}
	if m.source == "mod_wsgi" && len(items) == 2 && tls {
		return m.both(s, items)
	}
	_, socket := unixPath(items[0])
	_, open := descriptor(items[0])
	if socket || open {
		m.todo(s, Refused, "mod_wsgi-express listens on TCP alone: choose a port, and let the proxy use that.")
		return true
	}
	port := "--port"
	if tls {
		port = "--https-port"
	}
	words, err := m.oneAddress(items[0], "--host", port)
	if err != nil {
		m.todo(s, Verbatim, sentence(err))
		return true
	}
	l := m.classified(s, m.sh.notes, "--host", port)
	switch {
	case len(items) > 1:
		l.Class, l.Note = Approximated, "mod_wsgi-express listens on one address, and the others are left out: let the proxy listen on them."
	case tls:
		l.Class, l.Note = Approximated, "Apache speaks HTTPS on this port, and plain HTTP on --port (8000) as well: close that one by the firewall, or redirect it (--https-only with --server-name)."
	}
	m.add(l, words...)
	return true
}

// both writes the ports for HTTP and HTTPS of the same host.
func (m *modwsgiWriter) both(s *schema.Setting, items []schema.Expr) bool {
	words, err := m.oneAddress(items[0], "--host", "--port")
	more, err2 := m.oneAddress(items[1], "--host", "--https-port")
	if err != nil || err2 != nil {
		m.todo(s, Verbatim, "It is no address of a host and a port.")
		return true
	}
	m.add(m.classified(s, m.sh.notes, "--host", "--port", "--https-port"), append(words, more[len(more)-1])...)
	return true
}

func (m *modwsgiWriter) class(s *schema.Setting) {
	class, ok := constText(s.Value)
	n, known := m.numberOf("workers.threads")
	switch {
	case ok && (class == "asgi" || class == "trio" || class == "asyncio" || class == "uvloop" || strings.HasPrefix(class, "uvicorn")):
		m.todo(s, Refused, "mod_wsgi-express runs WSGI applications alone, and the source's is an ASGI one: uvicorn or hypercorn can run it.")
	case s.Layer == schema.LayerDefault, s.Native == "threads", m.isDefault(s), class == "sync" && known && n <= 1:
		if m.isDefault(s) {
			m.silent(s, ExactByDefault, "")
			return
		}
		m.silent(s, DroppedNoEffect, "the number of threads says it")
	default:
		sup := m.support(s)
		m.todo(s, sup.Class, sup.Words)
	}
}

// sendFile: mod_wsgi-express does not use it unless told, and others' default is a trifle.
func (m *modwsgiWriter) sendFile(s *schema.Setting) {
	if s.Layer == schema.LayerDefault {
		m.silent(s, ExactByDefault, "")
		return
	}
	m.plain(s)
}

// trusted writes the proxies and the headers that are believed of them.
func (m *modwsgiWriter) trusted(s *schema.Setting) {
	if m.unsaid(s, "trust-proxy") {
		return
	}
	items, ok := itemsOf(s.Value)
	note := ""
	if call, converted := s.Value.(*schema.Call); !ok && converted && call.Func == "convert_csv" && len(call.Args) == 1 {
		if env, variable := call.Args[0].(*schema.Env); variable {
			if text, fallback := constText(envDefault(env)); fallback && text != "" {
				for part := range strings.SplitSeq(text, ",") {
					items = append(items, schema.String(strings.TrimSpace(part), s.Range))
				}
				ok, note = true, " The variable "+env.Name+" is not read: these are the addresses without it."
			}
		}
	}
	if !ok {
		m.todo(s, Verbatim, "How many proxies there are depends on the host.")
		return
	}
	if len(items) == 0 {
		m.silent(s, ExactByDefault, "")
		return
	}
	o := m.cat.Lookup("trust-proxy")
	m.sh.notes = nil
	words, err := m.words(o, &schema.List{Items: items, Src: s.Range})
	if texts, known := knownTexts(items); known && slices.Contains(texts, "*") {
		words, err = nil, nil // without addresses the headers of everybody are believed
	}
	if err != nil {
		m.todo(s, Verbatim, sentence(err))
		return
	}
	if m.source != "mod_wsgi" {
		for _, header := range []string{"X-Forwarded-For", "X-Forwarded-Proto"} {
			words = append(words, "--trust-proxy-header="+header)
		}
		m.add(m.line(s, Approximated, m.support(s).Words+" X-Forwarded-For gives the application the client's address."+note, "--trust-proxy", "--trust-proxy-header"), words...)
		return
	}
	m.add(m.line(s, Exact, "", "--trust-proxy"), words...)
}

func (m *modwsgiWriter) certificate(s *schema.Setting) {
	if m.unsaid(s, "ssl-certificate-file") {
		return
	}
	m.write(s, "ssl-certificate-file", s.Value)
	it := &m.items[len(m.items)-1]
	if len(it.code) > 0 && !slices.ContainsFunc(m.items, func(it item) bool {
		return slices.ContainsFunc(it.code, func(w string) bool { return strings.HasPrefix(w, "--https-port=") })
	}) {
		it.code = append(it.code, "--https-port=8443")
		it.line.Class, it.line.Note = Approximated, "Apache speaks HTTPS on a port of its own, 8443 here, and plain HTTP on --port as well."
		it.comment = []string{"TODO(gsrv): " + it.line.Note}
	}
}

// withCertificate are settings that mod_wsgi-express refuses without a certificate.
func (m *modwsgiWriter) withCertificate(s *schema.Setting) {
	if c := m.given("tls.certificate"); c == nil || isNullConst(c.Value) || !slices.ContainsFunc(m.items, func(it item) bool {
		return it.line.Model == "tls.certificate" && len(it.code) > 0
	}) {
		if s.Layer == schema.LayerDefault || isNullConst(s.Value) {
			m.silent(s, ExactByDefault, "")
			return
		}
		m.silent(s, DroppedNoEffect, "there is no certificate, and so no TLS")
		return
	}
	m.plain(s)
}

func (m *modwsgiWriter) clientCertificate(s *schema.Setting) {
	word, ok := constText(s.Value)
	switch {
	case m.idle(s), s.Layer == schema.LayerDefault, ok && word == "none", isNullConst(s.Value):
		m.silent(s, ExactByDefault, "")
	case ok && word == "required":
		m.add(m.line(s, Exact, "", "--ssl-verify-client"), "--ssl-verify-client=/")
	default:
		sup := m.support(s)
		m.todo(s, Verbatim, sup.Words)
	}
}

var apacheLevels = map[string]string{"critical": "crit", "error": "error", "warning": "warn", "info": "info", "debug": "debug"}

func (m *modwsgiWriter) level(s *schema.Setting) {
	if m.unsaid(s, "log-level") {
		return
	}
	known := true
	e := mapTexts(s.Value, func(level string) string {
		known = known && apacheLevels[strings.ToLower(level)] != ""
		return apacheLevels[strings.ToLower(level)]
	})
	if _, ok := constText(e); !known || !ok {
		m.todo(s, Verbatim, "Apache's words are crit, error, warn, info and debug, and this value is none that could be translated here.")
		return
	}
	m.write(s, "log-level", e)
}

// errorLog writes the terminal, or the directory and name of a file.
func (m *modwsgiWriter) errorLog(s *schema.Setting) {
	text, ok := constText(s.Value)
	switch {
	case s.Layer == schema.LayerDefault && m.isDefault(s), isNullConst(s.Value):
		m.silent(s, ExactByDefault, "")
	case !ok:
		m.todo(s, Verbatim, "mod_wsgi-express takes the log's directory and its name apart, and this value depends on the host.")
	case text == "":
		m.todo(s, Verbatim, "It names no file.")
	case text == "-" || text == "/dev/stderr":
		m.add(m.classified(s, nil, "--log-to-terminal"), "--log-to-terminal")
	default:
		dir, err := m.sh.word("--log-directory=", schema.String(path.Dir(text), s.Range))
		name, err2 := m.sh.word("--error-log-name=", schema.String(path.Base(text), s.Range))
		if err != nil || err2 != nil {
			m.todo(s, Verbatim, "The file's name has no form on this command line.")
			return
		}
		m.logDirectory = path.Dir(text)
		m.add(m.line(s, Exact, "", "--log-directory", "--error-log-name"), dir, name)
	}
}

// accessLog: it stands in the directory of the error log, or with it on the terminal.
func (m *modwsgiWriter) accessLog(s *schema.Setting) {
	text, ok := constText(s.Value)
	switch {
	case isNullConst(s.Value), s.Layer == schema.LayerDefault && m.isDefault(s):
		m.silent(s, ExactByDefault, "")
	case !ok:
		m.todo(s, Verbatim, "mod_wsgi-express takes the log's directory and its name apart, and this value depends on the host.")
	case text == "":
		m.todo(s, Verbatim, "It names no file.")
	case text == "-" || text == "/dev/stdout":
		m.access(s, m.logDirectory == "", nil)
	default:
		name, err := m.sh.word("--access-log-name=", schema.String(path.Base(text), s.Range))
		if err != nil {
			m.todo(s, Verbatim, sentence(err))
			return
		}
		m.access(s, path.Dir(text) == m.logDirectory, []string{name})
	}
}

func (m *modwsgiWriter) access(s *schema.Setting, same bool, words []string) {
	l := m.classified(s, nil, "--access-log")
	if !same {
		l.Class, l.Note = Approximated, "mod_wsgi-express writes its access log beside the error log."
	}
	m.add(l, append([]string{"--access-log"}, words...)...)
}

func (m *modwsgiWriter) accessFormat(s *schema.Setting) {
	if s.Layer == schema.LayerDefault || isNullConst(s.Value) {
		m.silent(s, ExactByDefault, "")
		return
	}
	if m.source == "mod_wsgi" {
		m.plain(s)
		return
	}
	sup := m.support(s)
	m.todo(s, sup.Class, sup.Words)
}

func (m *modwsgiWriter) account(s *schema.Setting) {
	if s.Layer == schema.LayerDefault || isFact(s.Value) || isNullConst(s.Value) {
		m.silent(s, ExactByDefault, "")
		return
	}
	m.write(s, strings.TrimPrefix(s.Name, "process."), s.Value)
}

// static writes pairs of a URL and a directory.
func (m *modwsgiWriter) static(s *schema.Setting) {
	items, ok := itemsOf(s.Value)
	if s.Layer == schema.LayerDefault || ok && len(items) == 0 || isNullConst(s.Value) {
		m.silent(s, ExactByDefault, "")
		return
	}
	texts, known := knownTexts(items)
	if !ok || !known {
		m.todo(s, Verbatim, "Its value depends on the host.")
		return
	}
	var words []string
	for _, text := range texts {
		url, dir, found := strings.Cut(text, "=")
		first, err := m.sh.operand(schema.String(url, s.Range))
		second, err2 := m.sh.operand(schema.String(dir, s.Range))
		if !found || err != nil || err2 != nil || strings.HasPrefix(url, "-") {
			m.todo(s, Verbatim, "It is no pair of a URL and a directory.")
			return
		}
		words = append(words, "--url-alias "+first+" "+second)
	}
	m.add(m.line(s, Exact, "", "--url-alias"), words...)
}
