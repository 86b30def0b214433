package write

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
	"gsrv/schema/waitress"
)

// Waitress writes a configuration of any dialect as a shell script that starts waitress-serve.
func Waitress(cfg *schema.Config, o Options) *Output {
	w := newWaitress(cfg, o)
	w.run()
	w.needApplication()
	return w.output()
}

// newWaitress prepares waitress's adjustments, as options or as the keys of a Paste file.
func newWaitress(cfg *schema.Config, o Options) *waitressWriter {
	w := &waitressWriter{newCommand(cfg, "waitress", waitress.New(), o, "waitress-serve", "x:y")}
	w.program, w.name, w.install = "waitress-serve", "waitress-serve", "waitress"
	for name, f := range map[string]func(*schema.Setting){
		"app.module": w.application, "app.file": w.file, "app.paste_file": w.paste, "app.paste_variables": w.paste,
		"listen.http":      func(s *schema.Setting) { w.listen(s) },
		"listen.mode":      w.socketMode,
		"workers.count":    w.count,
		"workers.class":    w.class,
		"workers.threads":  w.threads,
		"workers.preload":  w.always,
		"workers.timeout":  w.missing,
		"http.keep_alive":  w.seconds,
		"http.limits.body": w.body, "http.limits.request_head": w.head,
		"proxy.trusted": w.trusted,
		"log.error.to":  w.errorFile,
	} {
		w.special[name] = f
	}
	w.otherProtocols(w.listen)
	return w
}

type waitressWriter struct{ *commandWriter }

// listen writes the addresses: --listen for each, or a unix socket, with which there can be no other address.
func (w *waitressWriter) listen(s *schema.Setting) bool {
	if w.elsewhere(s) {
		return true
	}
	if s.Layer == schema.LayerDefault && w.isDefault(s) {
		w.silent(s, ExactByDefault, "")
		return true
	}
	w.bound = true
	w.sh.notes = nil
	if w.ini != nil && w.source == "waitress" && w.asWritten(s) {
		return true
	}
	items, ok := w.addressItems(s)
	if !ok {
		w.todo(s, Verbatim, "How many addresses there are depends on the host.")
		return true
	}
	var paths, names []schema.Expr
	for _, item := range items {
		if p, ok := unixPath(item); ok {
			paths = append(paths, p)
		} else if fd, ok := descriptor(item); ok {
			w.todo(s, Refused, "waitress-serve takes no open sockets (descriptor "+fd+"): give it the address to listen on.")
			return true
		} else {
			names = append(names, item)
		}
	}
	option, value := "listen", schema.Expr(&schema.List{Items: names, Src: s.Range})
	lost := ""
	if len(paths) > 0 {
		option, value = "unix_socket", paths[0]
		if len(items) > 1 {
			lost = "waitress listens either on one unix socket or on TCP: the other addresses are left out. Start a second server for them, or listen on TCP alone."
		}
	}
	if w.lookup(option) == nil {
		return w.hostAndPort(s, items)
	}
	for _, name := range names {
		if _, ok := constText(name); !ok && strings.Contains(schema.ExprText(name), "unix:") {
			w.todo(s, Verbatim, "waitress has different options for TCP and for unix sockets, and this address is one or the other.")
			return true
		}
		if text, ok := constText(name); ok && (strings.ContainsAny(text, " \t") || text == "") {
			w.todo(s, Verbatim, "Its address is none that waitress could listen on.")
			return true
		}
	}
	o := w.cat.Lookup(option)
	words, err := w.words(o, value)
	if err != nil {
		w.todo(s, Verbatim, sentence(err))
		return true
	}
	l := w.classified(s, w.sh.notes, w.spell(o))
	if lost != "" {
		l.Class, l.Note = Approximated, lost
	}
	w.add(l, words...)
	if option == "unix_socket" {
		w.modeOf(s)
	}
	return true
}

// asWritten writes the keys that say where to listen as the source's Paste file has them, variables of pserve included.
func (w *waitressWriter) asWritten(s *schema.Setting) bool {
	var code, names []string
	for _, name := range []string{"listen", "host", "port", "unix_socket"} {
		for i := range w.cfg.Settings {
			given := &w.cfg.Settings[i]
			if given.Native != name || given.Layer == schema.LayerDefault {
				continue
			}
			words, err := w.words(w.cat.Lookup(name), given.Value)
			if err != nil {
				return false
			}
			code, names = append(code, words...), append(names, name)
		}
	}
	if len(code) == 0 {
		return false
	}
	w.add(w.classified(s, nil, names...), code...)
	if slices.Contains(names, "unix_socket") {
		w.modeOf(s)
	}
	return true
}

// hostAndPort writes one address for releases before 1.0, which have no --listen.
func (w *waitressWriter) hostAndPort(s *schema.Setting, items []schema.Expr) bool {
	if len(items) != 1 || w.ini != nil {
		w.todo(s, Verbatim, "waitress "+w.release.String()+" has no listen and one address alone; it came with 1.0.0.")
		return true
	}
	words, err := w.oneAddress(items[0], "--host", "--port")
	if err != nil {
		w.todo(s, Verbatim, sentence(err))
		return true
	}
	w.add(w.classified(s, w.sh.notes, "--host", "--port"), words...)
	return true
}

// modeOf writes the permissions right below the unix socket.
func (w *waitressWriter) modeOf(s *schema.Setting) {
	mode := w.given("listen.mode")
	switch {
	case mode != nil:
		w.socketMode(mode)
	case w.source == "waitress":
		return
	default:
		w.socketDefault(s)
	}
	w.special["listen.mode"] = func(*schema.Setting) {}
}

// socketDefault says that waitress's sockets are for its own account alone where the source's are for more.
func (w *waitressWriter) socketDefault(s *schema.Setting) {
	note := "waitress lets only its own account use the unix socket; with 660 the proxy has to be in its group."
	t := *s
	t.Name, t.Native = "listen.mode", ""
	o := w.cat.Lookup("unix_socket_perms")
	words, err := w.words(o, schema.String("660", s.Range))
	if err != nil {
		return
	}
	w.add(Line{Model: "listen.mode", Native: []string{w.spell(o)}, Class: Approximated, Note: note}, words...)
}

// socketMode writes the permissions of the unix socket in octal.
func (w *waitressWriter) socketMode(s *schema.Setting) {
	mode, ok := constText(s.Value)
	socket := false
	for _, name := range []string{"listen.http", "listen.uwsgi", "listen.fastcgi", "listen.scgi"} {
		l := w.settings[name]
		socket = socket || l != nil && l.Value != nil && strings.Contains(schema.ExprText(l.Value), "unix:")
	}
	switch {
	case !socket:
		w.silent(s, DroppedNoEffect, "there is no unix socket")
	case s.Layer == schema.LayerDefault, isNullConst(s.Value):
		w.silent(s, ExactByDefault, "")
	case !ok:
		w.todo(s, Verbatim, "Its value depends on the host.")
	default:
		if _, valid := schema.RevertValue("octal", cty.StringVal(mode)); !valid {
			w.todo(s, Verbatim, "It is no octal number.")
			return
		}
		text := strings.TrimLeft(mode, "0")
		if text == "" {
			text = "0"
		}
		w.write(s, "unix_socket_perms", schema.String(text, s.Range))
	}
}

// processes gives the number of the source's workers, and whether it is one.
func (w *waitressWriter) processes() (e schema.Expr, one bool) {
	s := w.settings["workers.count"]
	if s == nil || s.Value == nil {
		return nil, true
	}
	if n, ok := w.numberOf("workers.count"); ok {
		return s.Value, n <= 1
	}
	if !isNumber(s.Value) {
		return nil, s.Layer == schema.LayerDefault
	}
	return s.Value, false
}

// count is one: other workers become threads.
func (w *waitressWriter) count(s *schema.Setting) {
	if _, one := w.processes(); one {
		class := ExactByDefault
		if n, ok := w.numberOf(s.Name); !ok || n != 1 {
			class = DroppedNoEffect
		}
		w.silent(s, class, "")
		return
	}
	sup := w.support(s)
	w.todo(s, sup.Class, sup.Words)
}

func (w *waitressWriter) class(s *schema.Setting) {
	class, ok := constText(s.Value)
	switch {
	case ok && class == "asgi" || strings.HasPrefix(class, "uvicorn"):
		w.todo(s, Refused, "waitress runs WSGI applications alone, and the source's is an ASGI one: uvicorn or hypercorn can run it.")
	case w.isDefault(s):
		w.silent(s, ExactByDefault, "")
	case s.Layer == schema.LayerDefault || s.Native == "threads": // which make the class
		w.silent(s, DroppedNoEffect, "the number of threads says it")
	default:
		sup := w.support(s)
		w.todo(s, sup.Class, sup.Words)
	}
}

// threads are those of all the source's workers together.
func (w *waitressWriter) threads(s *schema.Setting) {
	count, one := w.processes()
	if one || count == nil {
		if !w.unsaid(s, "threads") {
			w.write(s, "threads", s.Value)
		}
		return
	}
	o := w.cat.Lookup("threads")
	product := schema.Expr(&schema.Binary{Op: "*", L: count, R: s.Value, Src: s.Range})
	if n, ok := w.numberOf("workers.threads"); ok && n == 1 {
		product = count
	} else if v, ok := constant(product); ok {
		product = &schema.Const{Val: v, Src: s.Range}
	}
	w.sh.notes = nil
	words, err := w.words(o, product)
	if err != nil {
		w.todo(s, Verbatim, sentence(err))
		return
	}
	w.add(w.line(s, Approximated, "the workers of the source times their threads, because waitress is one process.", w.spell(o)), words...)
}

func (w *waitressWriter) always(s *schema.Setting) {
	w.silent(s, ExactByDefault, "")
}

// body: 0 is no limit elsewhere, and none at all for waitress.
func (w *waitressWriter) body(s *schema.Setting) {
	if n, ok := w.numberOf(s.Name); ok && n == 0 {
		if s.Layer == schema.LayerDefault {
			w.silent(s, DroppedNoEffect, "it is no more than a default; waitress's own limit is 1 GiB")
			return
		}
		w.todo(s, Approximated, "waitress has always a limit, 1 GiB by default.")
		return
	}
	w.plain(s)
}

func (w *waitressWriter) head(s *schema.Setting) {
	if n, ok := w.numberOf(s.Name); ok && n == 0 {
		if s.Layer == schema.LayerDefault {
			w.silent(s, DroppedNoEffect, "it is no more than a default; waitress's own limit is 256 KiB")
			return
		}
		w.todo(s, Approximated, "waitress has always a limit, 256 KiB by default.")
		return
	}
	w.plain(s)
}

// trusted writes the one proxy that waitress can believe, and the headers that the source believes.
func (w *waitressWriter) trusted(s *schema.Setting) {
	if w.unsaid(s, "trusted_proxy") {
		return
	}
	items, ok := itemsOf(s.Value)
	note := ""
	if call, converted := s.Value.(*schema.Call); !ok && converted && call.Func == "convert_csv" && len(call.Args) == 1 && isText(call.Args[0]) {
		items, ok = []schema.Expr{mapTexts(call.Args[0], firstOf)}, true
		note = "waitress believes one address, no list and no network, which the variable " + variableOf(s.Value) + " has to hold."
	}
	if !ok {
		w.todo(s, Verbatim, "How many proxies there are depends on the host.")
		return
	}
	w.sh.notes = nil
	addresses := slices.DeleteFunc(slices.Clone(items), func(e schema.Expr) bool {
		text, ok := constText(e)
		_, err := netip.ParseAddr(text)
		return ok && text != "*" && err != nil
	})
	switch {
	case len(items) == 0:
		w.silent(s, ExactByDefault, "")
		return
	case len(addresses) == 0:
		w.todo(s, Verbatim, "waitress believes one address, no list and no network.")
		return
	case len(items) > 1:
		note = "waitress believes one address, no list and no network: the others are left out."
	}
	if i := slices.IndexFunc(addresses, func(e schema.Expr) bool { t, ok := constText(e); return ok && t == "*" }); i > 0 {
		addresses[0] = addresses[i]
	}
	o, headers := w.cat.Lookup("trusted_proxy"), w.lookup("trusted_proxy_headers")
	words, err := w.words(o, addresses[0])
	if err != nil {
		w.todo(s, Verbatim, sentence(err))
		return
	}
	names := []string{w.spell(o)}
	if believed := map[string]string{"gunicorn": "x-forwarded-proto", "uvicorn": "x-forwarded-for x-forwarded-proto", "native": "x-forwarded-proto"}[w.source]; believed != "" && headers != nil && !w.extraNamed(headers.Name) {
		more, err := w.words(headers, schema.String(believed, s.Range))
		if err == nil {
			words, names = append(words, more...), append(names, w.spell(headers))
		}
	}
	l := w.classified(s, w.sh.notes, names...)
	if note != "" {
		l.Class, l.Note = Approximated, note
	}
	w.add(l, words...)
}

// firstOf gives the first address of a list with commas.
func firstOf(list string) string {
	first, _, _ := strings.Cut(list, ",")
	return strings.TrimSpace(first)
}
