package write

import (
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
	"gsrv/schema/hypercorn"
	"gsrv/schema/uvicorn"
)

// Uvicorn writes a configuration of any dialect as a shell script that starts uvicorn.
func Uvicorn(cfg *schema.Config, o Options) *Output {
	u := &uvicornWriter{newCommand(cfg, "uvicorn", uvicorn.New(), o, "uvicorn", "x:y")}
	u.program, u.name, u.install = "uvicorn", "uvicorn", "uvicorn"
	for name, f := range map[string]func(*schema.Setting){
		"app.module": u.application, "app.file": u.file, "app.paste_file": u.paste, "app.paste_variables": u.paste,
		"listen.http":              func(s *schema.Setting) { u.listen(s) },
		"workers.class":            u.class,
		"workers.threads":          u.oneThread,
		"workers.connections":      u.connections,
		"workers.timeout":          u.missing,
		"workers.graceful_timeout": u.seconds,
		"workers.recycle.requests": u.unlessZero,
		"http.keep_alive":          u.seconds,
		"http.limits.request_head": u.head,
		"proxy.trusted":            u.trusted,
		"tls.client_certificate":   u.clientCertificate,
		"log.level":                u.level,
		"log.access.to":            u.accessLog,
		"log.error.to":             u.errorFile,
		"app.python_path":          u.appDir,
	} {
		u.special[name] = f
	}
	u.otherProtocols(u.listen)
	u.run()
	u.needApplication()
	return u.output()
}

type uvicornWriter struct{ *commandWriter }

// listen writes the one address that uvicorn listens on.
func (u *uvicornWriter) listen(s *schema.Setting) bool {
	if u.elsewhere(s) {
		return true
	}
	if s.Layer == schema.LayerDefault && u.isDefault(s) {
		u.silent(s, ExactByDefault, "")
		return true
	}
	u.bound = true
	u.sh.notes = nil
	items, ok := u.addressItems(s)
	if !ok || len(items) == 0 {
		u.todo(s, Verbatim, "How many addresses there are depends on the host, and uvicorn listens on one.")
		return true
	}
	var words []string
	var err error
	names := []string{"--host", "--port"}
	if p, ok := unixPath(items[0]); ok {
		names = []string{"--uds"}
		words, err = u.words(u.cat.Lookup("uds"), p)
	} else if fd, ok := descriptor(items[0]); ok {
		names = []string{"--fd"}
		words, err = u.words(u.cat.Lookup("fd"), schema.String(fd, s.Range))
	} else {
		words, err = u.oneAddress(items[0], "--host", "--port")
	}
	if err != nil {
		u.todo(s, Verbatim, sentence(err))
		return true
	}
	l := u.classified(s, u.sh.notes, names...)
	if len(items) > 1 {
		l.Class, l.Note = Approximated, "uvicorn listens on one address, and the others are left out: let the proxy listen on them."
	}
	u.add(l, words...)
	return true
}

// class says that a WSGI application has to be wrapped.
func (u *uvicornWriter) class(s *schema.Setting) {
	class, ok := constText(s.Value)
	switch {
	case ok && (class == "asgi" || strings.HasPrefix(class, "uvicorn.workers.") || strings.HasPrefix(class, "uvicorn_worker.")):
		if !strings.HasSuffix(class, "H11Worker") {
			u.silent(s, DroppedNoEffect, "uvicorn runs ASGI applications without being told")
			return
		}
		u.add(u.line(s, Exact, "", "--http", "--loop"), "--http=h11", "--loop=asyncio")
	case ok && (class == "asyncio" || class == "uvloop"):
		u.add(u.line(s, Exact, "", "--loop"), "--loop="+class)
	case ok && class == "trio":
		u.todo(s, Refused, "uvicorn does not run on trio; hypercorn does.")
	case u.lookup("interface") == nil:
		u.todo(s, Refused, "uvicorn "+u.release.String()+" runs ASGI applications alone; --interface=wsgi came with 0.6.0.")
	default:
		sup := u.support(s)
		u.add(u.line(s, Approximated, sup.Words, "--interface"), "--interface=wsgi")
	}
}

// connections: other servers let connections over the limit wait, so that a default of theirs is none of uvicorn's.
func (u *uvicornWriter) connections(s *schema.Setting) {
	if s.Layer == schema.LayerDefault {
		u.silent(s, DroppedNoEffect, "it is no more than a default")
		return
	}
	u.plain(s)
}

func (u *uvicornWriter) head(s *schema.Setting) {
	if n, ok := u.numberOf(s.Name); s.Layer == schema.LayerDefault || ok && n == 0 {
		u.silent(s, DroppedNoEffect, "it is no more than a default, or none")
		return
	}
	u.plain(s)
}

// trusted writes the proxies as one text; none is --no-proxy-headers.
func (u *uvicornWriter) trusted(s *schema.Setting) {
	if u.unsaid(s, "forwarded_allow_ips") {
		return
	}
	if v, ok := constant(s.Value); ok && (v.IsNull() || v.CanIterateElements() && v.LengthInt() == 0) {
		u.add(u.classified(s, nil, "--no-proxy-headers"), "--no-proxy-headers")
		return
	}
	e, ok := schema.Revert("csv", s.Value)
	if !ok {
		u.todo(s, Verbatim, "An address holds a comma, or what there is depends on the host.")
		return
	}
	u.write(s, "forwarded_allow_ips", e)
}

func (u *uvicornWriter) clientCertificate(s *schema.Setting) {
	if u.unsaid(s, "ssl_cert_reqs") {
		return
	}
	word, ok := constText(s.Value)
	i := slices.Index(certificatePolicies, word)
	if !ok || i < 0 {
		u.todo(s, Verbatim, "uvicorn's --ssl-cert-reqs is a number (0 none, 1 optional, 2 required), and this value depends on the host.")
		return
	}
	u.add(u.classified(s, nil, "--ssl-cert-reqs"), "--ssl-cert-reqs="+strconv.Itoa(i))
}

var uvicornLevels = []string{"critical", "error", "warning", "info", "debug", "trace"}

// level writes the level; a variable has to hold one of uvicorn's words.
func (u *uvicornWriter) level(s *schema.Setting) {
	if u.unsaid(s, "log_level") {
		return
	}
	e := mapTexts(s.Value, strings.ToLower)
	if text, ok := constText(e); ok && !slices.Contains(uvicornLevels, text) {
		u.todo(s, Verbatim, "uvicorn has no such level: it has "+strings.Join(uvicornLevels, ", ")+".")
		return
	}
	u.write(s, "log_level", e)
}

// accessLog: standard output is uvicorn's default, a file the shell's to open.
func (u *uvicornWriter) accessLog(s *schema.Setting) {
	u.access(s, "access_log")
}

func (c *commandWriter) access(s *schema.Setting, option string) {
	v, ok := constant(s.Value)
	switch {
	case ok && !v.IsNull() && v.Type() == cty.String && v.AsString() == "-":
		c.silent(s, ExactByDefault, "")
	case ok && v.IsNull():
		if c.unsaid(s, option) || s.Layer == schema.LayerDefault && c.isDefault(s) {
			return
		}
		c.writeOff(s, option)
	case s.Layer == schema.LayerDefault:
		c.silent(s, ExactByDefault, "")
	default:
		c.redirect(s, ">>", "-")
	}
}

func (c *commandWriter) writeOff(s *schema.Setting, option string) {
	o := c.cat.Lookup(option)
	words, err := c.toggle(o, schema.Bool(false, s.Range))
	if err != nil || len(words) == 0 {
		c.silent(s, ExactByDefault, "")
		return
	}
	c.add(c.classified(s, nil, words[0]), words...)
}

// appDir writes one directory as the option, several as the variable that Python reads.
func (u *uvicornWriter) appDir(s *schema.Setting) {
	items, ok := itemsOf(s.Value)
	if !ok || len(items) != 1 || len(Patterns(u.cfg)) > 0 || s.Layer == schema.LayerDefault || u.lookup("app_dir") == nil {
		u.pythonPath(s)
		return
	}
	u.write(s, "app_dir", items[0])
}

// Hypercorn writes a configuration of any dialect as a shell script that starts hypercorn.
func Hypercorn(cfg *schema.Config, o Options) *Output {
	h := &hypercornWriter{newCommand(cfg, "hypercorn", hypercorn.New(), o, "hypercorn", "x:y"), false}
	h.program, h.name, h.install = "hypercorn", "hypercorn", "hypercorn"
	for name, f := range map[string]func(*schema.Setting){
		"app.module": h.application, "app.file": h.file, "app.paste_file": h.paste, "app.paste_variables": h.paste,
		"listen.http":              func(s *schema.Setting) { h.listen(s) },
		"listen.mode":              h.socketMode,
		"workers.class":            h.class,
		"workers.threads":          h.oneThread,
		"workers.connections":      h.missing,
		"workers.timeout":          h.missing,
		"workers.recycle.requests": h.unlessZero,
		"workers.recycle.jitter":   h.missing,
		"http.limits.request_head": h.defaultsAside,
		"proxy.trusted":            h.missing,
		"tls.client_certificate":   h.clientCertificate,
		"log.level":                h.level,
		"log.config":               h.missing, "log.class": h.defaultsAside, "log.access.format": h.defaultsAside, "metrics.statsd.tags": h.missing,
		"process.pid_file": h.plain,
	} {
		h.special[name] = f
	}
	h.otherProtocols(h.listen)
	h.run()
	if h.wsgi && len(h.operands) > 0 {
		h.operands[0] = "wsgi:" + h.operands[0]
	}
	h.needApplication()
	return h.output()
}

type hypercornWriter struct {
	*commandWriter
	// wsgi tells that the application is a WSGI one, which its name has to say.
	wsgi bool
}

func (h *hypercornWriter) listen(s *schema.Setting) bool {
	if h.elsewhere(s) {
		return true
	}
	if s.Layer == schema.LayerDefault && h.isDefault(s) {
		h.silent(s, ExactByDefault, "")
		return true
	}
	h.bound = true
	h.sh.notes = nil
	items, ok := h.addressItems(s)
	if !ok || len(items) == 0 {
		h.todo(s, Verbatim, "How many addresses there are depends on the host.")
		return true
	}
	h.write(s, "bind", &schema.List{Items: items, Src: s.Range})
	return true
}

func (h *hypercornWriter) class(s *schema.Setting) {
	class, ok := constText(s.Value)
	switch {
	case ok && (class == "asgi" || strings.HasPrefix(class, "uvicorn")):
		h.silent(s, DroppedNoEffect, "hypercorn runs ASGI applications without being told")
	case ok && (class == "asyncio" || class == "uvloop" || class == "trio"):
		if !h.unsaid(s, "worker_class") {
			h.write(s, "worker_class", s.Value)
		}
	default:
		h.wsgi = true
		sup := h.support(s)
		h.items = append(h.items, item{line: h.line(s, Approximated, sup.Words, "wsgi:"), comment: []string{"TODO(gsrv): wsgi: " + sup.Words}})
	}
}

// defaultsAside leaves defaults of the source to the target.
func (h *hypercornWriter) defaultsAside(s *schema.Setting) {
	if s.Layer == schema.LayerDefault || isNullConst(s.Value) {
		h.silent(s, DroppedNoEffect, "it is no more than a default")
		return
	}
	sup := h.support(s)
	h.todo(s, sup.Class, sup.Words)
}

// socketMode writes the umask that gives unix sockets their permissions.
func (h *hypercornWriter) socketMode(s *schema.Setting) {
	mode, ok := constText(s.Value)
	n, valid := schema.RevertValue("octal", cty.StringVal(mode))
	switch {
	case isNullConst(s.Value), s.Layer == schema.LayerDefault && !ok:
		h.silent(s, ExactByDefault, "")
		return
	case h.idle(s):
		h.silent(s, DroppedNoEffect, idleWords(s))
		return
	case !ok || !valid:
		h.todo(s, Verbatim, "Its value depends on the host.")
		return
	}
	bits, _ := n.AsBigFloat().Int64()
	word := "--umask=" + strconv.FormatInt(0o777&^bits, 10)
	if s.Layer == schema.LayerDefault {
		h.add(h.line(s, PinnedDefault, h.pinned(s), "--umask"), word)
		return
	}
	h.add(h.line(s, Approximated, h.support(s).Words, "--umask"), word)
}

func (h *hypercornWriter) clientCertificate(s *schema.Setting) {
	if h.unsaid(s, "verify_mode") {
		return
	}
	word, ok := constText(s.Value)
	if !ok || !slices.Contains(certificatePolicies, word) {
		h.todo(s, Verbatim, "Its value depends on the host.")
		return
	}
	h.add(h.classified(s, nil, "--verify-mode"), "--verify-mode=CERT_"+strings.ToUpper(word))
}

func (h *hypercornWriter) level(s *schema.Setting) {
	if h.unsaid(s, "loglevel") {
		return
	}
	h.write(s, "loglevel", mapTexts(s.Value, strings.ToUpper))
}
