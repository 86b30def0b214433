package write

import (
	"net/netip"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
	"gsrv/schema/gunicorn"
)

// module writes the application's name; releases before 20.1 take it on the command line alone.
func (g *gunicornWriter) module(s *schema.Setting) {
	if g.fromPaste() {
		g.items = append(g.items, item{line: g.line(s, Exact, "", "paste")})
		return
	}
	if g.release.Spec("wsgi_app") == nil && s.Layer != schema.LayerDefault {
		g.todo(s, Approximated, "gunicorn "+g.release.Version.String()+" takes the application on the command line alone: gunicorn -c "+gunicornFile+" "+schema.ShellQuote(shownText(s))+".")
		return
	}
	g.plain(s)
}

// pasteFile writes the Paste file and the name of the application in it. In a gunicorn.conf.py paste only tells that the
// application is Paste's: its name is that of wsgi_app.
func (g *gunicornWriter) pasteFile(s *schema.Setting) {
	file, ok := g.pasteApp()
	if !ok {
		if g.unsaid(s, "paste") {
			return
		}
		g.todo(s, Approximated, "gunicorn takes a Paste file whose name depends on the host on its command line: gunicorn --paste FILE.")
		return
	}
	if g.release.Spec("wsgi_app") == nil {
		g.todo(s, Approximated, "gunicorn "+g.release.Version.String()+" takes the Paste file on its command line alone: gunicorn -c "+gunicornFile+" --paste "+schema.ShellQuote(file)+".")
		return
	}
	app, err := pythonValue(cty.StringVal("config:" + file))
	if err != nil {
		g.todo(s, Verbatim, sentence(err))
		return
	}
	plain, _, _ := strings.Cut(file, "#")
	name, err := pythonValue(cty.StringVal(plain))
	if err != nil {
		g.todo(s, Verbatim, sentence(err))
		return
	}
	g.add(g.line(s, Exact, "", "paste", "wsgi_app"), "wsgi_app = "+app, "paste = "+name)
}

func shownText(s *schema.Setting) string {
	if t, ok := constText(s.Value); ok {
		return t
	}
	return schema.PlainText(s.Value)
}

var identifier = regexp.MustCompile(`^[\pL_][\pL\pN_]*$`)

// file writes a Python file as the module that it is when its directory is on the search path.
func (g *gunicornWriter) file(s *schema.Setting) {
	text, ok := constText(s.Value)
	if !ok || text == "" || g.settings["app.module"] != nil && g.given("app.module") != nil {
		g.missing(s)
		return
	}
	name, callable, found := strings.Cut(text, ":")
	if !found {
		callable = "application"
	}
	relative := path.Clean(name)
	if dir, ok := g.textOf("app.directory"); ok && path.IsAbs(relative) {
		if rest, below := strings.CutPrefix(relative, strings.TrimSuffix(path.Clean(dir), "/")+"/"); below {
			relative = rest
		}
	}
	module := strings.ReplaceAll(strings.TrimSuffix(relative, ".py"), "/", ".")
	plain := !slices.ContainsFunc(strings.Split(module, "."), func(part string) bool { return !identifier.MatchString(part) })
	if !strings.HasSuffix(relative, ".py") || !plain || g.release.Spec("wsgi_app") == nil {
		g.todo(s, Verbatim, "gunicorn imports a module, and this file has no name that Python could import: put an importable module in front of it, and name that in wsgi_app.")
		return
	}
	value, err := pythonValue(cty.StringVal(module + ":" + callable))
	if err != nil {
		g.todo(s, Verbatim, sentence(err))
		return
	}
	sup := g.support(s)
	g.add(g.line(s, Approximated, sup.Words, "wsgi_app"), "wsgi_app = "+value)
}

// pasteVariables writes NAME=VALUE texts, in which \= is a plain sign.
func (g *gunicornWriter) pasteVariables(s *schema.Setting) {
	if g.unsaid(s, "raw_paste_global_conf") {
		return
	}
	v, ok := constant(s.Value)
	if !ok || v.IsNull() || !v.CanIterateElements() {
		g.todo(s, Verbatim, "its value depends on the host.")
		return
	}
	l := &schema.List{Src: s.Range}
	values := v.AsValueMap()
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		text, _ := schema.TextOf(values[name])
		l.Items = append(l.Items, schema.String(strings.ReplaceAll(name, "=", `\=`)+"="+strings.ReplaceAll(text, "=", `\=`), s.Range))
	}
	g.write(s, "raw_paste_global_conf", l)
}

// bind writes the addresses that speak HTTP; there may be none where others are written.
func (g *gunicornWriter) bind(s *schema.Setting) {
	if s.Layer != schema.LayerDefault && g.listens(s.Name) == nil {
		for name := range socketOptions {
			if g.listens(name) != nil {
				g.silent(s, DroppedNoEffect, "the source listens elsewhere")
				return
			}
		}
	}
	g.bound = g.listens(s.Name) != nil
	if one := oneAddress(s.Value); one != nil && !g.unsaid(s, "bind") {
		g.write(s, "bind", one)
		return
	} else if one != nil {
		return
	}
	g.plain(s)
}

// oneAddress gives the only item of a list of addresses, which people write as it is; nil where there is another number, or
// where the item might be taken for several.
func oneAddress(e schema.Expr) schema.Expr {
	var item schema.Expr
	switch x := e.(type) {
	case *schema.List:
		if len(x.Items) == 1 {
			item = x.Items[0]
		}
	case *schema.Const:
		if v := x.Val; v.IsKnown() && !v.IsNull() && (v.Type().IsTupleType() || v.Type().IsListType()) && v.LengthInt() == 1 {
			item = &schema.Const{Val: v.AsValueSlice()[0], Src: x.Src}
		}
	}
	if item == nil || !isText(item) || blanksAround(item) {
		return nil
	}
	comma := false
	schema.Walk(item, func(e schema.Expr) bool {
		switch e := e.(type) {
		case *schema.Const:
			text, ok := schema.TextOf(e.Val)
			comma = comma || ok && (text == "" || strings.Contains(text, ","))
		case *schema.Opaque, *schema.Unset:
			comma = true
		}
		return !comma
	})
	if comma {
		return nil
	}
	return item
}

// otherProtocol writes addresses of a protocol that gunicorn may not speak.
func (g *gunicornWriter) otherProtocol(s *schema.Setting) {
	v, ok := constant(s.Value)
	if s.Layer == schema.LayerDefault || ok && (v.IsNull() || v.CanIterateElements() && v.LengthInt() == 0) {
		g.silent(s, ExactByDefault, "")
		return
	}
	sup := g.support(s)
	if g.bound {
		g.todo(s, Approximated, "gunicorn speaks one protocol on all its addresses, which is HTTP on those above: let the proxy use one of them, with proxy_pass http://… in the place of uwsgi_pass, fastcgi_pass or scgi_pass.")
		return
	}
	e := s.Value
	if one := oneAddress(e); one != nil {
		e = one
	}
	code, err := g.assignment("bind", e, 0)
	if err != nil {
		g.todo(s, Verbatim, sentence(err))
		return
	}
	g.bound = true
	if s.Name == "listen.uwsgi" && g.release.Spec("protocol") != nil {
		note := "gunicorn believes these variables of these peers alone by default; uWSGI believes everybody who can connect, so only the proxy should."
		g.add(g.line(s, Exact, "", "bind", "protocol", "uwsgi_allow_ips"), append(code, `protocol = "uwsgi"`)...)
		g.items[len(g.items)-1].comment = nil
		if !onlyLocal(s.Value) {
			g.items[len(g.items)-1].comment = []string{note}
			g.items[len(g.items)-1].code = append(g.items[len(g.items)-1].code, `uwsgi_allow_ips = "*"`)
		} else {
			g.items[len(g.items)-1].line.Native = []string{"bind", "protocol"}
		}
		return
	}
	g.add(g.line(s, Approximated, sup.Words, "bind"), code...)
}

// onlyLocal tells whether addresses are unix sockets or of the loopback interface.
func onlyLocal(e schema.Expr) bool {
	v, ok := constant(e)
	if !ok || !v.CanIterateElements() {
		return false
	}
	return !slices.ContainsFunc(v.AsValueSlice(), func(x cty.Value) bool {
		t, _ := schema.TextOf(x)
		return !strings.HasPrefix(t, "unix:") && !strings.HasPrefix(t, "127.") && !strings.HasPrefix(t, "[::1]") && !strings.HasPrefix(t, "localhost:")
	})
}

// socketMode writes the umask that gives unix sockets their permissions; gunicorn uses it for nothing else but temporary files.
func (g *gunicornWriter) socketMode(s *schema.Setting) {
	mode, constant := constText(s.Value)
	switch {
	case isNullConst(s.Value), s.Layer == schema.LayerDefault && (!constant || mode == "0777"): // gunicorn's own
		g.silent(s, ExactByDefault, "")
		return
	case g.idle(s):
		g.silent(s, DroppedNoEffect, idleWords(s))
		return
	case !g.bindsSocket():
		g.todo(s, Verbatim, "The sockets that it is for are not among those that gunicorn binds: once bind names one, give it the permissions again, umask = 0o117 for 0660.")
		return
	}
	mask, ok := schema.Revert("socketmode", s.Value)
	if !ok {
		g.todo(s, Verbatim, "gunicorn's umask, which gives its unix sockets their permissions, has no form for these: say so yourself, umask = 0o117 for 0660.")
		return
	}
	g.write(s, "umask", mask)
}

// bindsSocket tells whether gunicorn itself may bind a unix socket: beside addresses for HTTP those for other protocols are
// not carried over.
func (g *gunicornWriter) bindsSocket() bool {
	l := g.given("listen.http")
	return l == nil || l.Value == nil || schema.UnixSocket(l.Value) || strings.Contains(schema.ExprText(l.Value), "fd://")
}

// umask has the configuration itself set the umask of the application: gunicorn's setting is for unix sockets alone.
func (g *gunicornWriter) umask(s *schema.Setting) {
	if s.Layer == schema.LayerDefault || isNullConst(s.Value) {
		g.silent(s, ExactByDefault, "")
		return
	}
	mode, ok := constText(s.Value)
	n, valid := schema.RevertValue("octal", cty.StringVal(mode))
	if !ok || !valid {
		g.todo(s, Verbatim, "Its value depends on the host, and gunicorn has no setting for it: let who starts it set it (systemd's UMask=, umask before the command).")
		return
	}
	mask, _ := n.AsBigFloat().Int64()
	switch daemon, known := g.truthOf("process.daemon"); {
	case (daemon || !known && g.given("process.daemon") != nil) && mask != 0o22:
		g.todo(s, Verbatim, "As a daemon gunicorn sets the umask to 022 itself, after it has read this file: start it in the foreground, and let the service manager set it (systemd's UMask=).")
	case daemon && known:
		g.silent(s, ExactByDefault, "gunicorn sets it itself as a daemon")
	default:
		g.py.need("os")
		g.add(g.line(s, Approximated, g.shown(s)+": "+g.support(s).Words, "os.umask"), "os.umask("+octalLiteral(mask)+")")
	}
	if g.settings["listen.mode"] == nil && g.unixSocket(true) {
		g.add(Line{Model: "listen.mode", Native: []string{"umask"}, Class: PinnedDefault, Note: "The mode of unix sockets, which follows from the umask of " + title(g.source) + "."}, "umask = "+octalLiteral(mask))
	}
}

// gunicornClasses are gunicorn's names of the model's classes of workers.
var gunicornClasses = map[string]string{"sync": "sync", "thread": "gthread", "gevent": "gevent", "eventlet": "eventlet", "tornado": "tornado"}

func (g *gunicornWriter) workerClass(s *schema.Setting) {
	if g.threadsDecide(s.Value) {
		g.silent(s, ExactByDefault, "gunicorn's sync workers become threaded ones with more than one thread")
		return
	}
	if g.unsaid(s, "worker_class") {
		return
	}
	known := true
	note := ""
	e := mapTexts(s.Value, func(class string) string {
		switch {
		case gunicornClasses[class] != "":
			return gunicornClasses[class]
		case class == "asgi" && g.release.Spec("asgi_loop") != nil:
			return "asgi"
		case class == "asgi":
			note = "gunicorn before 24.0 runs ASGI applications with uvicorn's worker class alone, which has to be installed."
			return "uvicorn.workers.UvicornWorker"
		case g.source == "gunicorn" || strings.Contains(class, "."):
			return class
		}
		known = false
		return class
	})
	if !known {
		g.todo(s, Verbatim, "gunicorn has no such class of workers: it has sync, gthread, gevent, eventlet and tornado.")
		return
	}
	if v, ok := constText(e); ok && v == "sync" {
		if n, ok := g.numberOf("workers.threads"); !ok || n > 1 {
			note = "with more than one thread gunicorn's sync workers become threaded ones."
		}
	}
	g.py.remarks = nil
	code, err := g.assignment("worker_class", e, 0)
	switch {
	case err != nil:
		g.todo(s, Verbatim, sentence(err))
	case note != "" && s.Layer != schema.LayerDefault:
		g.add(g.line(s, Approximated, note, "worker_class"), code...)
	default:
		g.add(g.classified(s, "worker_class"), code...)
	}
}

// mapTexts replaces the texts that an expression can come to.
func mapTexts(e schema.Expr, f func(string) string) schema.Expr {
	switch x := e.(type) {
	case *schema.Const:
		if x.Val.IsKnown() && !x.Val.IsNull() && x.Val.Type() == cty.String {
			return schema.String(f(x.Val.AsString()), x.Src)
		}
	case *schema.Cond:
		return &schema.Cond{Test: x.Test, Then: mapTexts(x.Then, f), Else: mapTexts(x.Else, f), Src: x.Src}
	case *schema.Env:
		if x.Default != nil {
			y := *x
			y.Default = mapTexts(x.Default, f)
			return &y
		}
	}
	return e
}

// sendFile: gunicorn takes any value of sendfile for no; without one the variable SENDFILE counts.
func (g *gunicornWriter) sendFile(s *schema.Setting) {
	v, ok := constant(s.Value)
	switch {
	case s.Layer == schema.LayerDefault:
		g.silent(s, ExactByDefault, "")
	case g.release.Spec("sendfile") == nil:
		g.unsaid(s, "sendfile")
	case ok && v.Type() == cty.Bool && !v.IsNull() && !v.True():
		g.add(g.line(s, Exact, "", "sendfile"), "sendfile = False")
	case ok && v.Type() == cty.Bool && !v.IsNull():
		g.silent(s, ExactByDefault, "")
	default:
		g.py.remarks = nil
		test, err := g.py.expr(&schema.Unary{Op: "not", X: s.Value}, pyLowest)
		if err != nil {
			g.todo(s, Verbatim, sentence(err))
			return
		}
		g.add(g.line(s, Exact, "", "sendfile"), "if "+test+":", "    sendfile = False")
	}
}

func (g *gunicornWriter) proxyProtocol(s *schema.Setting) {
	if g.unsaid(s, "proxy_protocol") {
		return
	}
	v, ok := constant(s.Value)
	if ok && v.IsNull() {
		v = cty.False
	}
	if ok && v.Type() == cty.Bool {
		g.write(s, "proxy_protocol", &schema.Const{Val: v})
		return
	}
	g.write(s, "proxy_protocol", s.Value)
}

var certificatePolicies = []string{"none", "optional", "required"}

func (g *gunicornWriter) clientCertificate(s *schema.Setting) {
	if g.unsaid(s, "cert_reqs") {
		return
	}
	word, ok := constText(s.Value)
	i := slices.Index(certificatePolicies, word)
	if !ok || i < 0 {
		g.todo(s, Verbatim, "gunicorn's cert_reqs is a number (0 none, 1 optional, 2 required), and this value depends on the host.")
		return
	}
	g.py.need("ssl")
	g.add(g.classified(s, "cert_reqs"), "cert_reqs = ssl.CERT_"+strings.ToUpper(word))
}

func (g *gunicornWriter) statsd(s *schema.Setting) {
	if g.unsaid(s, "statsd_host") {
		return
	}
	g.write(s, "statsd_host", s.Value)
}

// seconds rounds what gunicorn takes in whole seconds up.
func (g *gunicornWriter) seconds(s *schema.Setting) {
	v, ok := constant(s.Value)
	if !ok || v.IsNull() || v.Type() != cty.Number || v.AsBigFloat().IsInt() {
		g.plain(s)
		return
	}
	o := optionOf(gunicorn.Catalogue, s.Name)
	n, _ := v.AsBigFloat().Int(nil)
	up := cty.NumberIntVal(n.Int64() + 1)
	text, err := pythonValue(up)
	if err != nil {
		g.todo(s, Verbatim, sentence(err))
		return
	}
	g.add(g.line(s, Approximated, "gunicorn takes whole seconds: "+schema.ValueText(v)+" is rounded up.", o.Name), o.Name+" = "+text)
}

// keepAlive: gunicorn's sync workers close every connection, whatever keepalive says.
func (g *gunicornWriter) keepAlive(s *schema.Setting) {
	class, _ := g.textOf("workers.class")
	threads, counted := g.numberOf("workers.threads")
	v, ok := constant(s.Value)
	zero := ok && !v.IsNull() && v.Type() == cty.Number && v.AsBigFloat().Sign() == 0
	before := len(g.items)
	g.seconds(s)
	if s.Layer == schema.LayerDefault || zero || g.source == "gunicorn" || class != "sync" || counted && threads > 1 {
		return
	}
	for i := before; i < len(g.items); i++ {
		if it := &g.items[i]; len(it.code) > 0 && it.line.Class == Exact {
			it.line.Class, it.line.Note = Approximated, "gunicorn's sync workers close each connection after its request: this counts once there are threads."
			it.comment = []string{"TODO(gsrv): " + it.line.Note}
		}
	}
}

// requestHead raises gunicorn's limits to what the source's buffer for a whole head takes.
func (g *gunicornWriter) requestHead(s *schema.Setting) {
	n, ok := g.numberOf(s.Name)
	if s.Layer == schema.LayerDefault || !ok || n == 0 || g.given("http.limits.request_line") != nil || g.given("http.limits.header_size") != nil {
		g.missing(s)
		return
	}
	const line, longestLine, field = 4094, 8190, 8190 // gunicorn's defaults, and the most it takes for a line
	var options, code []string
	if n > line {
		options = append(options, "limit_request_line")
		code = append(code, "limit_request_line = "+strconv.FormatInt(min(n, longestLine), 10))
	}
	if n > field {
		options = append(options, "limit_request_field_size")
		code = append(code, "limit_request_field_size = "+strconv.FormatInt(n, 10))
	}
	if len(code) == 0 {
		g.missing(s)
		return
	}
	g.add(g.line(s, Approximated, g.shown(s)+" limits the whole request head, gunicorn the request line and each header. These take what the source takes, but for lines above 8190 bytes.", options...), code...)
}

// reloadFiles: gunicorn looks at further files only while it reloads code.
func (g *gunicornWriter) reloadFiles(s *schema.Setting) {
	if s.Layer != schema.LayerDefault && g.source == "uwsgi" && g.given("reload.enabled") == nil {
		g.todo(s, Verbatim, "gunicorn looks at files only while reload is on, in development: send SIGHUP to its master where this file was touched.")
		return
	}
	g.plain(s)
}

// trusted writes addresses of proxies; gunicorn does not start with anything else.
func (g *gunicornWriter) trusted(s *schema.Setting) {
	if v, ok := constant(s.Value); ok && s.Layer != schema.LayerDefault && !v.IsNull() && v.CanIterateElements() {
		for _, item := range v.AsValueSlice() {
			text, _ := schema.TextOf(item)
			if _, err := netip.ParseAddr(text); err == nil || text == "*" || text == "" {
				continue
			}
			if _, err := netip.ParsePrefix(text); err != nil {
				g.todo(s, Verbatim, "gunicorn takes IP addresses, networks or *, and does not start with "+strconv.Quote(text)+".")
				return
			}
		}
	}
	g.plain(s)
}

// virtualenv: gunicorn runs where it is installed.
func (g *gunicornWriter) virtualenv(s *schema.Setting) {
	home, ok := constText(s.Value)
	if s.Layer == schema.LayerDefault || !ok || home == "" {
		g.missing(s)
		return
	}
	g.todo(s, Verbatim, "gunicorn runs in the environment that it is installed in: install it there and start "+path.Join(home, "bin/gunicorn")+".")
}

// accessFormat writes the format of the access log in gunicorn's names.
func (g *gunicornWriter) accessFormat(s *schema.Setting) {
	if s.Layer == schema.LayerDefault {
		g.silent(s, ExactByDefault, "")
		return
	}
	text, ok := constText(s.Value)
	if g.source != "uwsgi" || !ok {
		g.plain(s)
		return
	}
	format, unknown := gunicornFormat(text)
	note := "uWSGI's log-format " + shortened(text) + " in gunicorn's names."
	if len(unknown) > 0 {
		note += " gunicorn has nothing like " + strings.Join(unknown, ", ") + ": - stands there."
	}
	value, err := pythonValue(cty.StringVal(format))
	if err != nil {
		g.todo(s, Verbatim, sentence(err))
		return
	}
	g.add(g.line(s, Approximated, note, "access_log_format"), "access_log_format = "+value)
}

// hookFile is a file whose functions are the hooks: each is a setting of its own.
func (g *gunicornWriter) hookFile(s *schema.Setting) {
	g.silent(s, ExactByDefault, "its functions are written as the hooks they are")
}

// hook imports a function from the file that defines it.
func (g *gunicornWriter) hook(s *schema.Setting) {
	option := strings.TrimPrefix(s.Name, "hooks.")
	f, ok := s.Value.(*schema.FuncRef)
	switch {
	case s.Layer == schema.LayerDefault || isNullConst(s.Value):
		g.silent(s, ExactByDefault, "")
		return
	case g.release.Spec(option) == nil:
		g.unsaid(s, option)
		return
	case !ok || f.Def.Filename == "" || f.Kind == "lambda":
		g.todo(s, Verbatim, "its code has to be copied: define "+option+" in this file.")
		return
	}
	file := path.Clean(f.Def.Filename)
	module := strings.ReplaceAll(strings.TrimSuffix(file, ".py"), "/", ".")
	plain := !slices.ContainsFunc(strings.Split(module, "."), func(part string) bool { return !identifier.MatchString(part) })
	if !strings.HasSuffix(file, ".py") || !plain || !identifier.MatchString(f.Name) {
		g.todo(s, Verbatim, "its file has no name that Python could import from the directory that gunicorn is started in: copy the function into this file.")
		return
	}
	line := "from " + module + " import " + f.Name
	if f.Name != option {
		line += " as " + option
	}
	l := g.line(s, Exact, "", option)
	if g.above != nil {
		for _, text := range g.above(l) {
			g.from = append(g.from, strings.TrimRight("# "+text, " \t"))
		}
	}
	g.from = append(g.from, line)
	g.items = append(g.items, item{line: l})
}
