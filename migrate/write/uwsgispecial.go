package write

import (
	"math/big"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
	"gsrv/schema/uwsgi"
)

// module writes the application; uWSGI calls a factory that takes no arguments.
func (u *uwsgiWriter) module(s *schema.Setting) {
	if u.fromPaste() {
		u.items = append(u.items, item{line: u.line(s, Exact, "", "paste")})
		return
	}
	text, ok := constText(s.Value)
	if s.Layer == schema.LayerDefault && (!ok || text == "") {
		u.silent(s, ExactByDefault, "")
		return
	}
	if strings.Contains(text, "(") && !strings.HasSuffix(text, "()") {
		u.todo(s, Verbatim, "uWSGI calls a factory without arguments: put a module in front of it that calls it with them.")
		return
	}
	u.write(s, "module", s.Value)
}

// file writes a Python file, with the callable's name behind a colon as an option of its own.
func (u *uwsgiWriter) file(s *schema.Setting) {
	text, ok := constText(s.Value)
	if !ok {
		if s.Layer == schema.LayerDefault || isNullConst(s.Value) {
			u.silent(s, ExactByDefault, "")
			return
		}
		u.write(s, "wsgi-file", s.Value)
		return
	}
	file, callable, found := strings.Cut(text, ":")
	code, err := u.assign("wsgi-file", schema.String(file, s.Range))
	if err == nil && found {
		var more []string
		more, err = u.ini.assign("callable", schema.String(callable, s.Range))
		code = append(code, more...)
	}
	if err != nil {
		u.todo(s, Verbatim, sentence(err))
		return
	}
	options := []string{"wsgi-file"}
	if found {
		options = append(options, "callable")
	}
	u.add(u.classified(s, nil, options...), code...)
}

func (u *uwsgiWriter) pasteFile(s *schema.Setting) {
	if s.Layer == schema.LayerDefault && u.nothing(s) || isNullConst(s.Value) {
		u.silent(s, ExactByDefault, "")
		return
	}
	config := schema.Expr(schema.String("config:", s.Range))
	file := s.Value
	if text, ok := u.pasteApp(); ok {
		file = schema.String(text, s.Range)
		if !strings.HasPrefix(text, "/") {
			// PasteDeploy refuses a relative name that it is given without a place.
			u.write(s, "paste", &schema.Template{Parts: []schema.Expr{config, &schema.HostFact{Fact: schema.CurrentDir}, schema.String("/", s.Range), file}, Src: s.Range})
			return
		}
	}
	u.write(s, "paste", &schema.Template{Parts: []schema.Expr{config, file}, Src: s.Range})
}

// socketOptions are the options of the model's protocols.
var socketOptions = map[string]string{"listen.http": "http-socket", "listen.uwsgi": "socket", "listen.fastcgi": "fastcgi-socket", "listen.scgi": "scgi-socket"}

// listen writes the addresses, each on a line of its own; with a certificate those of HTTP are HTTPS.
func (u *uwsgiWriter) listen(s *schema.Setting) {
	if v, ok := constant(s.Value); ok && (v.IsNull() || v.CanIterateElements() && v.LengthInt() == 0) {
		if s.Layer != schema.LayerDefault {
			u.silent(s, DroppedNoEffect, "there is no address")
		}
		return
	}
	if s.Layer == schema.LayerDefault {
		for name := range socketOptions {
			if name != s.Name && u.listens(name) != nil {
				u.silent(s, DroppedNoEffect, "the source listens elsewhere")
				return
			}
		}
	}
	option := socketOptions[s.Name]
	tail := ""
	if s.Name == "listen.http" && u.secured() {
		option = "https-socket"
		var why string
		if tail, why = u.certificate(); why != "" {
			u.todo(s, Verbatim, why)
			return
		}
	}
	e, note := socketAddresses(s.Value, tail)
	if e == nil {
		u.todo(s, Verbatim, "uWSGI has no form for these addresses.")
		return
	}
	code, err := u.assign(option, e)
	switch {
	case err != nil:
		u.todo(s, Verbatim, sentence(err))
	case len(code) == 0:
		u.silent(s, ExactByDefault, "")
	case note != "" && s.Layer != schema.LayerDefault:
		u.secure = u.secure || option == "https-socket"
		u.add(u.line(s, Approximated, note, option), code...)
	default:
		u.secure = u.secure || option == "https-socket"
		u.add(u.classified(s, u.ini.notes, option), code...)
	}
}

// secured tells whether the source has a certificate, and thereby TLS.
func (u *uwsgiWriter) secured() bool {
	s := u.given("tls.certificate")
	if s == nil || isNullConst(s.Value) {
		return false
	}
	text, constant := constText(s.Value)
	return !constant || text != ""
}

// certificate is what stands behind an address that speaks TLS: ,CERTIFICATE,KEY[,CIPHERS[,CLIENT CA]].
func (u *uwsgiWriter) certificate() (tail, why string) {
	fields := []string{"", "", "", ""}
	for i, name := range []string{"tls.certificate", "tls.key", "tls.ciphers", "tls.client_ca"} {
		s := u.given(name)
		if s == nil || isNullConst(s.Value) {
			continue
		}
		text, ok := constText(s.Value)
		if !ok || strings.Contains(text, ",") {
			return "", "uWSGI's https-socket = ADDRESS,CERTIFICATE,KEY takes no commas in the names of files."
		}
		fields[i] = text
	}
	if policy, _ := u.textOf("tls.client_certificate"); policy != "required" {
		fields[3] = ""
	}
	if fields[1] == "" {
		fields[1] = fields[0]
	}
	n := 4
	for n > 2 && fields[n-1] == "" {
		n--
	}
	return "," + strings.Join(fields[:n], ","), ""
}

// tls tells what became of the settings that https-socket holds.
func (u *uwsgiWriter) tls(s *schema.Setting) {
	if s.Layer == schema.LayerDefault || isNullConst(s.Value) {
		u.silent(s, ExactByDefault, "")
		return
	}
	policy, _ := u.textOf("tls.client_certificate")
	switch {
	case s.Name == "tls.client_certificate" && policy == "none":
		u.silent(s, ExactByDefault, "")
	case !u.secured():
		u.silent(s, DroppedNoEffect, "there is no certificate")
	case s.Name == "tls.client_certificate" && u.given("tls.client_ca") == nil:
		u.todo(s, Verbatim, "uWSGI asks for certificates of clients where https-socket names the authority, and the source names none.")
	case !u.secure:
		u.todo(s, Verbatim, "uWSGI speaks TLS where https-socket = ADDRESS,CERTIFICATE,KEY says so, and there is no address to put it on.")
	case s.Name == "tls.client_certificate" && policy == "optional", s.Name == "tls.client_ca" && policy != "required":
		u.todo(s, Verbatim, "uWSGI's https-socket asks every client for a certificate where it has an authority, so it was left out.")
	default:
		if _, why := u.certificate(); why != "" {
			u.todo(s, Verbatim, why)
			return
		}
		u.items = append(u.items, item{line: u.line(s, Exact, "", "https-socket")})
	}
}

// socketAddresses writes the model's addresses as uWSGI's: a unix socket is a plain path. The note is about what only the
// host knows.
func socketAddresses(e schema.Expr, tail string) (out schema.Expr, note string) {
	all := func(items []schema.Expr) schema.Expr {
		l := &schema.List{Src: e.Range()}
		for _, item := range items {
			address, n := socketAddress(item)
			if address == nil {
				return nil
			}
			if n != "" {
				note = n
			}
			if tail != "" {
				address = &schema.Template{Parts: merged([]schema.Expr{address, schema.String(tail, e.Range())}), Src: e.Range()}
			}
			l.Items = append(l.Items, address)
		}
		return l
	}
	switch x := e.(type) {
	case *schema.List:
		return orNil(all(x.Items)), note
	case *schema.Const:
		if x.Val.IsKnown() && !x.Val.IsNull() && (x.Val.Type().IsTupleType() || x.Val.Type().IsListType()) {
			var items []schema.Expr
			for _, v := range x.Val.AsValueSlice() {
				items = append(items, &schema.Const{Val: v, Src: x.Src})
			}
			return orNil(all(items)), note
		}
	case *schema.Call:
		if x.Func == "convert_list" && len(x.Args) == 1 {
			return orNil(all(x.Args)), note
		}
	case *schema.Cond:
		// Which lists there are is the host's: each has to be one address, for uWSGI to have them in blocks.
		a, n1 := socketAddresses(x.Then, tail)
		b, n2 := socketAddresses(x.Else, tail)
		one, ok1 := a.(*schema.List)
		other, ok2 := b.(*schema.List)
		if ok1 && ok2 && len(one.Items) == 1 && len(other.Items) == 1 {
			return &schema.List{Items: []schema.Expr{&schema.Cond{Test: x.Test, Then: one.Items[0], Else: other.Items[0], Src: x.Src}}, Src: x.Src}, n1 + n2
		}
	}
	return nil, note
}

// orNil keeps a nil list from becoming an expression that is not nil.
func orNil(e schema.Expr) schema.Expr {
	if l, ok := e.(*schema.List); ok && l == nil {
		return nil
	}
	return e
}

func socketAddress(e schema.Expr) (out schema.Expr, note string) {
	const byHost = "uWSGI writes a unix socket as a plain path, without unix: in front: see to it that the variable's value has none."
	switch x := e.(type) {
	case *schema.Const:
		text, ok := constText(e)
		if !ok {
			return nil, ""
		}
		path, unix := strings.CutPrefix(text, "unix:")
		if unix && strings.Contains(path, ":") && !strings.HasPrefix(path, "@") {
			return nil, ""
		}
		return schema.String(path, x.Src), ""
	case *schema.Template:
		parts := merged(x.Parts)
		if len(parts) == 0 {
			return nil, ""
		}
		if first, ok := constText(parts[0]); ok {
			path, unix := strings.CutPrefix(first, "unix:")
			if unix {
				rest := append([]schema.Expr{schema.String(path, x.Src)}, parts[1:]...)
				return &schema.Template{Parts: rest, Src: x.Src}, ""
			}
			return e, ""
		}
		for _, p := range parts {
			if t, ok := constText(p); ok && strings.Contains(t, ":") {
				return e, ""
			}
		}
		return e, byHost
	case *schema.Binary:
		if x.Op == "+" {
			return socketAddress(&schema.Template{Parts: []schema.Expr{x.L, x.R}, Src: x.Src})
		}
	case *schema.Env:
		n := *x
		if x.Default != nil {
			def, _ := socketAddress(x.Default)
			if def == nil {
				return nil, ""
			}
			n.Default = def
		}
		return &n, byHost
	case *schema.Cond:
		a, n1 := socketAddress(x.Then)
		b, n2 := socketAddress(x.Else)
		if a == nil || b == nil {
			return nil, ""
		}
		if n1 == "" {
			n1 = n2
		}
		return &schema.Cond{Test: x.Test, Then: a, Else: b, Src: x.Src}, n1
	}
	return nil, ""
}

// class gives the class of workers where it is the same on every host.
func (u *uwsgiWriter) class() string {
	class, _ := u.textOf("workers.class")
	return class
}

func (u *uwsgiWriter) workerClass(s *schema.Setting) {
	class, known := constText(s.Value)
	threads, counted := u.numberOf("workers.threads")
	switch {
	case !known && u.threadsDecide(s.Value):
		if e, ok := schema.Revert("int", u.settings["workers.threads"].Value); ok {
			if _, err := newINIWriter().assign("threads", e); err != nil {
				u.silent(s, Verbatim, "threads make the class, and their number is not carried over")
				return
			}
		}
		u.silent(s, ExactByDefault, "threads make the class")
	case !known:
		u.todo(s, Verbatim, "uWSGI's workers have threads, or gevent, by options of their own, and this class is the host's to choose.")
	case class == "gevent":
		n := schema.Expr(schema.Int(1000, s.Range))
		if c := u.settings["workers.connections"]; c != nil && c.Value != nil {
			n = c.Value
		}
		code, err := u.assign("gevent", n)
		if err != nil {
			u.todo(s, Verbatim, sentence(err))
			return
		}
		u.need("gevent_python3")
		u.add(u.classified(s, u.ini.notes, "gevent"), code...)
	case class == "sync" && u.settings["workers.threads"] != nil && (!counted || threads > 1):
		u.silent(s, DroppedNoEffect, "more than one thread makes threaded workers of sync ones")
	case class == "sync" && threads <= 1:
		u.silent(s, ExactByDefault, "")
	case class == "thread" && threads > 1:
		u.silent(s, ExactByDefault, "threads make the class")
	case class == "thread" && !counted && u.settings["workers.threads"] != nil:
		u.todo(s, Approximated, "uWSGI's workers have threads where there is more than one, and how many there are is the host's.")
	case class == "thread" && s.Layer == schema.LayerDefault:
		u.silent(s, ExactByDefault, "")
	case class == "thread":
		u.todo(s, Approximated, "With one thread uWSGI's workers are as without any: raise threads for more.")
	case class == "asgi" || strings.Contains(class, "uvicorn"):
		u.todo(s, Refused, "uWSGI does not run ASGI applications.")
	default:
		u.todo(s, Verbatim, "uWSGI has no such class of workers: it has processes, threads and gevent.")
	}
}

// threadsDecide tells whether a class is what the number of threads makes it.
func (c *core) threadsDecide(e schema.Expr) bool {
	choice, ok := e.(*schema.Cond)
	if !ok || c.settings["workers.threads"] == nil {
		return false
	}
	then, a := constText(choice.Then)
	otherwise, b := constText(choice.Else)
	return a && b && then == "thread" && otherwise == "sync"
}

func (u *uwsgiWriter) threads(s *schema.Setting) {
	if u.class() == "gevent" {
		if n, ok := u.numberOf(s.Name); s.Layer != schema.LayerDefault && (!ok || n > 1) {
			u.silent(s, DroppedNoEffect, "gevent's workers have no threads")
			return
		}
		u.silent(s, ExactByDefault, "")
		return
	}
	u.plain(s)
}

func (u *uwsgiWriter) connections(s *schema.Setting) {
	switch {
	case u.class() == "gevent" && s.Layer != schema.LayerDefault:
		u.items = append(u.items, item{line: u.line(s, Exact, "", "gevent")})
	case s.Layer == schema.LayerDefault:
		u.silent(s, ExactByDefault, "")
	case u.class() == "sync":
		u.silent(s, DroppedNoEffect, "sync workers have one connection each")
	default:
		sup := u.support(s)
		u.todo(s, sup.Class, sup.Words)
	}
}

// preload: uWSGI loads the application in the master unless lazy-apps says otherwise.
func (u *uwsgiWriter) preload(s *schema.Setting) {
	master, known := u.truthOf("workers.master")
	v, ok := constant(s.Value)
	if ok && v.IsNull() {
		ok, v = true, cty.False
	}
	switch {
	case ok && v.Type() == cty.Bool && v.True() && known && master:
		u.silent(s, ExactByDefault, "")
	case ok && v.Type() == cty.Bool && !v.True() && known && !master:
		u.silent(s, ExactByDefault, "")
	case ok && v.Type() == cty.Bool && v.True():
		u.silent(s, DroppedNoEffect, "without a master there is nobody to load the application first")
	default:
		e, _ := schema.Revert("not", s.Value)
		if c, ok := e.(*schema.Unary); ok {
			e = &schema.Cond{Test: c.X, Then: schema.Bool(false, s.Range), Else: schema.Bool(true, s.Range), Src: s.Range}
		}
		code, err := u.assign("lazy-apps", e)
		if err != nil {
			u.todo(s, Verbatim, sentence(err))
			return
		}
		l := u.classified(s, u.ini.notes, "lazy-apps")
		if !known || !master {
			l.Class, l.Note = Approximated, "uWSGI loads the application before its workers only with a master."
		}
		u.add(l, code...)
	}
}

// seconds rounds what uWSGI takes in whole seconds up.
func (u *uwsgiWriter) seconds(s *schema.Setting) {
	v, ok := constant(s.Value)
	o := optionOf(uwsgi.Catalogue(), s.Name)
	if s.Name == "workers.timeout" && s.Layer == schema.LayerDefault && u.class() != "sync" && len(u.support(s).Words) > 0 {
		// Where workers have threads or greenlets, the source's timeout does not limit requests as harakiri would.
		u.silent(s, DroppedNoEffect, "it does not limit requests, as harakiri would")
		return
	}
	if !ok || v.IsNull() || v.Type() != cty.Number || v.AsBigFloat().IsInt() {
		u.plain(s)
		return
	}
	n, _ := v.AsBigFloat().Int(nil)
	up := new(big.Int).Add(n, big.NewInt(1))
	u.add(u.line(s, Approximated, "uWSGI takes whole seconds: "+schema.ValueText(v)+" is rounded up.", o.Name), o.Name+" = "+up.String())
}

func (u *uwsgiWriter) memory(s *schema.Setting) {
	v, ok := constant(s.Value)
	if !ok || v.IsNull() || v.Type() != cty.Number {
		u.plain(s)
		return
	}
	if _, exact := schema.RevertValue("mib", v); exact {
		u.plain(s)
		return
	}
	n, _ := new(big.Float).Quo(v.AsBigFloat(), big.NewFloat(1<<20)).Int(nil)
	up := new(big.Int).Add(n, big.NewInt(1))
	u.add(u.line(s, Approximated, "uWSGI takes whole mebibytes: "+schema.ValueText(v)+" bytes are rounded up.", "reload-on-rss"), "reload-on-rss = "+up.String())
}

// keepAlive: uWSGI's own HTTP sockets keep no connections. Its router would, but is no place for what a worker served: it
// ends at once on SIGTERM, and with it every request that still runs (uWSGI 2.0.21).
func (u *uwsgiWriter) keepAlive(s *schema.Setting) {
	v, ok := constant(s.Value)
	threads, counted := u.numberOf("workers.threads")
	switch {
	case s.Layer == schema.LayerDefault || ok && v.IsNull():
		u.plain(s)
	case ok && v.Type() == cty.Number && v.AsBigFloat().Sign() == 0:
		u.silent(s, ExactByDefault, "uWSGI's HTTP sockets close each connection")
	case u.source == "gunicorn" && u.class() == "sync" && counted && threads <= 1:
		u.silent(s, DroppedNoEffect, "gunicorn's sync workers close each connection, and so do uWSGI's")
	case u.listens("listen.http") == nil && (u.listens("listen.uwsgi") != nil || u.listens("listen.fastcgi") != nil || u.listens("listen.scgi") != nil):
		u.silent(s, DroppedNoEffect, "no address speaks HTTP")
	default:
		u.plain(s)
	}
}

func (u *uwsgiWriter) socketTimeout(s *schema.Setting) {
	v, ok := constant(s.Value)
	if s.Layer == schema.LayerDefault || ok && v.IsNull() {
		return // the source has no limit that it was told, and neither have uWSGI's sockets
	}
	if !ok || v.Type() != cty.Number || !v.AsBigFloat().IsInt() {
		u.todo(s, Verbatim, u.support(s).Words)
		return
	}
	code, err := u.ini.assign("socket-timeout", s.Value)
	if err != nil {
		u.todo(s, Verbatim, sentence(err))
		return
	}
	words := uwsgiSupport[s.Name].Words
	u.add(u.line(s, Approximated, words, "socket-timeout"), code...)
}

// requestHead writes the size of uWSGI's buffer for a request's variables, which cannot be without a limit.
func (u *uwsgiWriter) requestHead(s *schema.Setting) {
	n, ok := u.numberOf(s.Name)
	if !ok {
		u.plain(s)
		return
	}
	const most = 65535
	switch {
	case n > 0 && n <= most:
		u.plain(s)
	case s.Layer == schema.LayerDefault:
		u.add(u.line(s, PinnedDefault, u.pinned(s), "buffer-size"), "buffer-size = 65535")
	default:
		u.add(u.line(s, Approximated, "uWSGI's buffer for a request's head has 65535 bytes at most.", "buffer-size"), "buffer-size = 65535")
	}
}

// gracefulStop is the hook with which uWSGI's master lets workers finish their requests on SIGTERM, for as long as
// worker-reload-mercy. die-on-term alone interrupts them.
const gracefulStop = "hook-master-start = unix_signal:15 gracefully_kill_them_all"

// graceful tells that the source lets requests finish on SIGTERM, and that there is a master to see to it.
func (u *uwsgiWriter) graceful() bool {
	stops, known := u.truthOf("process.stop_on_term")
	master, has := u.truthOf("workers.master")
	return u.source != "uwsgi" && known && stops && has && master
}

func (u *uwsgiWriter) stop(s *schema.Setting) {
	if !u.graceful() || u.unsaid(s, optionOf(uwsgi.Catalogue(), s.Name)) {
		if !u.graceful() {
			u.plain(s)
		}
		return
	}
	l := u.classified(s, nil, "die-on-term", "hook-master-start")
	if l.Note == "" {
		l.Note = u.pinned(s)
	}
	u.add(l, "die-on-term = true", gracefulStop)
}

// pythonThreads writes enable-threads, which later releases need no more and take all the same.
func (u *uwsgiWriter) pythonThreads(s *schema.Setting) {
	on, known := u.truthOf(s.Name)
	threads, counted := u.numberOf("workers.threads")
	if s.Layer != schema.LayerDefault || !known || !on || u.source == "uwsgi" || counted && threads > 1 {
		u.plain(s)
		return
	}
	u.add(u.line(s, PinnedDefault, u.pinned(s), "enable-threads"), "enable-threads = true")
}

// vacuum has uWSGI remove its unix sockets and its pid file, as every other server does.
func (u *uwsgiWriter) vacuum() {
	if u.source == "uwsgi" {
		return
	}
	files := u.given("process.pid_file") != nil
	for name := range socketOptions {
		if s := u.settings[name]; s != nil && s.Value != nil && strings.Contains(schema.ExprText(s.Value), "unix:") {
			files = true
		}
	}
	if files {
		u.add(Line{Native: []string{"vacuum"}, Class: PinnedDefault, Note: title(u.source) + " removes its sockets and its pid file when it stops; uWSGI leaves them."}, "vacuum = true")
	}
}
