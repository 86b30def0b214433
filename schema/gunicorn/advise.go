package gunicorn

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
	"gsrv/schema/python/value"
)

// adviseOnValues looks at the effective values that gunicorn takes although they cannot be meant.
func (r *reader) adviseOnValues() {
	for _, s := range r.release.Specs {
		e := r.stack.entries[s.Name]
		if e.Layer == schema.LayerDefault || e.val == nil || e.refused {
			continue
		}
		switch s.Name {
		case "bind":
			r.adviseOnBind(e)
		case "worker_class":
			r.adviseOnWorkerClass(e)
		case "loglevel":
			r.adviseOnLevel(e)
		case "raw_env", "raw_paste_global_conf":
			r.adviseOnPairs(e)
		case "sendfile":
			if e.val == value.True && r.release.AtLeast("19.6.0") {
				r.warn("inverted-value", e, "sendfile = True switches it off", "gunicorn takes any value but None as a wish not to use sendfile: True and False do the same. Leave the setting out to use sendfile.")
			}
		case "umask":
			r.adviseOnUmask(e)
		case "secure_scheme_headers":
			r.adviseOnSchemeHeaders(e)
		case "forwarded_allow_ips", "proxy_allow_ips":
			r.adviseOnAddresses(e)
		case "syslog_facility":
			r.adviseOnFacility(e)
		case "ssl_version":
			if r.release.AtLeast("21.0.0") {
				r.add(schema.Notef("no-effect", e.Range, "ssl_version has no effect", "gunicorn ignores it since 21.0 and prints a warning at every start. Leave it out; the hook ssl_context decides on versions."))
			}
		default:
			r.adviseOnNumber(e)
		}
		r.adviseOnText(e)
	}
	r.adviseOnTLS()
}

func (r *reader) warn(code string, e *entry, summary, detail string, args ...any) *hcl.Diagnostic {
	at := e.Range
	if emptyRange(at) {
		at = e.NameRange
	}
	d := schema.Warnf(code, at, summary, detail, args...)
	r.add(d)
	return d
}

// adviseOnText finds what became text by accident: None, a reference nobody has filled in, a number in quotes.
func (r *reader) adviseOnText(e *entry) {
	raw, isText := e.raw.(value.Str)
	switch e.val.(type) {
	case value.Str:
		if e.val == value.Str("None") && e.Native != "default_proc_name" && e.Native != "wsgi_app" {
			r.warn("none-as-text", e, "The text None", "%s is the four letters None, not the absence of a value: most often a variable that is not set went through str() or an f-string. gunicorn takes it literally. Test for None first, or give the variable a default.", e.Native)
		}
	case value.Int:
		if _, literal := e.Value.(*schema.Const); isText && literal && e.Layer == schema.LayerFile && e.spec.Validator == "pos_int" && e.Native != "umask" {
			r.add(schema.Notef("number-as-text", e.Range, "Number in quotes", "gunicorn makes the number %s of the text %s. Without quotes it says what it is.", e.Text, pyRepr(string(raw))))
		}
		if e.raw == value.True {
			r.warn("suspicious-value", e, e.Native+" = True counts as 1", "%s is a number, and True counts as 1 there. Write the number that is meant.", e.Native)
		}
	}
}

// adviseOnNumber knows the bounds that gunicorn keeps to without saying so.
func (r *reader) adviseOnNumber(e *entry) {
	n, ok := e.val.(value.Int)
	if !ok {
		return
	}
	i, small := n.Int64()
	switch e.Native {
	case "workers":
		if small && i == 0 {
			r.warn("out-of-range", e, "No workers", "With workers = 0 the master starts and listens, but nobody answers a request. Give at least 1.")
		}
	case "limit_request_line":
		if !small || i > 8190 {
			r.warn("out-of-range", e, "limit_request_line is capped", "gunicorn takes anything above 8190 as 8190 bytes, without a message. Write 8190, or 0 for no limit; the server in front has a limit of its own.")
		}
	case "limit_request_fields":
		if !small || i > 32768 || i == 0 {
			r.warn("out-of-range", e, "limit_request_fields is capped", "gunicorn takes 0 and anything above 32768 as 32768 header fields, without a message. Write the number that is meant.")
		}
	case "limit_request_field_size":
		if (!small || i > 8190) && !r.release.AtLeast("19.0") {
			r.warn("out-of-range", e, "limit_request_field_size is capped", "gunicorn takes anything above 8190 as 8190 bytes up to 18.0, without a message.")
		}
	case "cert_reqs":
		if !small || i > 2 {
			r.warn("out-of-range", e, "Unknown policy for client certificates", "cert_reqs is 0 (none), 1 (optional) or 2 (required); TLS connections fail with %s.", e.Text)
		}
	}
}

var suspectUmask = []string{"22", "27", "77", "26", "66", "222", "777", "755", "644", "177", "137", "117"}

// adviseOnUmask finds octal digits that are read as decimal.
func (r *reader) adviseOnUmask(e *entry) {
	src := strings.Trim(strings.TrimSpace(r.text(e.Range)), `"'`)
	if n, ok := e.val.(value.Int); ok && slices.Contains(suspectUmask, src) && n.Big().String() == src {
		r.warn("suspicious-value", e, "umask in decimal", "%s is read as a decimal number: the mask is 0o%o, not 0o%s. Write 0o%s.", src, n.Big(), src, src)
	}
}

// text gives the source at a range, or "".
func (r *reader) text(at hcl.Range) string {
	src := r.in.Files.Text(at.Filename)
	if at.Start.Byte > at.End.Byte || at.End.Byte > len(src) {
		return ""
	}
	return string(src[at.Start.Byte:at.End.Byte])
}

// adviseOnPairs finds entries of NAME=VALUE lists without the sign.
func (r *reader) adviseOnPairs(e *entry) {
	list, ok := e.val.(*value.List)
	if !ok {
		return
	}
	for i, x := range list.Elems {
		s, isText := x.(value.Str)
		if isText && strings.Contains(string(s), "=") {
			continue
		}
		d := r.warn("invalid-value", e, "Entry without =", "%s takes NAME=VALUE, and %s has no sign: gunicorn accepts the list and fails when it uses it, at the start.", e.Native, shownRepr(x))
		if i < len(e.Parts) {
			at := e.Parts[i].Range
			d.Subject = &at
		}
		schema.DetailOf(d).ServerMessage = "Error: environment setting " + shownRepr(x) + " invalid"
	}
}

var levels = []string{"debug", "info", "warning", "error", "critical"}

func (r *reader) adviseOnLevel(e *entry) {
	s, ok := e.val.(value.Str)
	if !ok || slices.Contains(levels, lower(string(s))) {
		return
	}
	hint := "Write one of " + strings.Join(levels, ", ") + "."
	switch near := schema.Nearest(string(s), levels); {
	case lower(string(s)) == "warn":
		hint = "Did you mean warning?"
	case near != "":
		hint = "Did you mean " + near + "?"
	}
	r.warn("unknown-word", e, "Unknown log level", "gunicorn does not know the level %s and logs at info, without a message. %s", pyRepr(string(s)), hint)
}

var facilities = []string{
	"auth", "authpriv", "cron", "daemon", "ftp", "kern", "lpr", "mail", "news", "security", "syslog", "user", "uucp",
	"local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
}

func (r *reader) adviseOnFacility(e *entry) {
	s, ok := e.val.(value.Str)
	if ok && !slices.Contains(facilities, lower(string(s))) {
		r.warn("unknown-word", e, "Unknown syslog facility", "gunicorn does not know the facility %s: with syslog = True the start fails. Write one of %s.", pyRepr(string(s)), strings.Join(facilities, ", "))
	}
}

func (r *reader) adviseOnSchemeHeaders(e *entry) {
	d, ok := e.val.(*value.Dict)
	if !ok {
		return
	}
	for _, item := range dictItems(d) {
		name, isText := item[0].(value.Str)
		if isText && strings.ToUpper(string(name)) != string(name) {
			r.warn("wrong-case", e, "Header name in lower case", "gunicorn compares the names of secure_scheme_headers in upper case, so %s never matches and requests count as http. Write %s.", pyRepr(string(name)), pyRepr(strings.ToUpper(string(name))))
		}
		if _, isText := item[1].(value.Str); !isText {
			r.warn("suspicious-value", e, "Header value that is no text", "The value for %s is %s, and a header's value is text: they are never equal. Put it in quotes.", shownRepr(item[0]), shownRepr(item[1]))
		}
	}
}

// adviseOnAddresses finds what releases before 23.0 take and never match.
func (r *reader) adviseOnAddresses(e *entry) {
	list, ok := e.val.(*value.List)
	if !ok || r.release.AtLeast("23.0.0") {
		return
	}
	for _, x := range list.Elems {
		s, _ := x.(value.Str)
		if s != "*" && s != "" && !isPythonAddress(string(s)) {
			r.warn("suspicious-value", e, "Entry that never matches", "gunicorn %s compares %s with the peer's address as text, so only addresses and * match, host names and networks never do. List the addresses; networks are known from 24.1.1 on.", e.Native, pyRepr(string(s)))
		}
	}
}

// adviseOnTLS finds a key without its certificate.
func (r *reader) adviseOnTLS() {
	key, cert := r.stack.entries["keyfile"], r.stack.entries["certfile"]
	if key == nil || cert == nil || key.val == nil || cert.val == nil {
		return
	}
	if k, ok := key.val.(value.Str); ok && k != "" && (cert.val == value.None || cert.val == value.Str("")) {
		r.warn("incomplete", key, "Key without a certificate", "keyfile switches TLS on, and without certfile no connection succeeds. Set certfile to the certificate chain that belongs to the key.")
	}
}

// workerNames are the short names of worker classes, with the releases that know them.
var workerNames = []struct{ name, since, removed string }{
	{"sync", "", ""},
	{"eventlet", "", "26.0.0"},
	{"gevent", "", ""},
	{"gevent_wsgi", "", ""},
	{"gevent_pywsgi", "", ""},
	{"tornado", "", ""},
	{"gthread", "19.4", ""},
	{"gaiohttp", "19.0", "20.0.0"},
	{"asgi", "24.0.0", ""},
}

func (r *reader) adviseOnWorkerClass(e *entry) {
	if e.val == value.None {
		r.warn("suspicious-value", e, "No worker class", "With worker_class = None gunicorn ends at the start with an error of its own. Leave the setting out for sync.")
		return
	}
	s, ok := e.val.(value.Str)
	if !ok || strings.HasPrefix(string(s), "egg:") || strings.Contains(string(s), ".") {
		return
	}
	name := strings.TrimLeft(string(s), "#")
	var known []string
	for _, w := range workerNames {
		has := r.release.AtLeast(w.since) && (w.removed == "" || !r.release.AtLeast(w.removed))
		switch {
		case has && w.name == name:
			return
		case has:
			known = append(known, w.name)
		case w.name == name && w.removed != "" && r.release.AtLeast(w.removed):
			d := r.warn("unknown-word", e, "Worker class that is gone", "gunicorn removed the %s worker in %s, and does not start with it. Use gevent or gthread, or name the release in use with --target.", name, w.removed)
			schema.DetailOf(d).ServerMessage = fmt.Sprintf("Error: class uri %s invalid or not found", pyRepr(string(s)))
			return
		case w.name == name:
			d := r.warn("unknown-word", e, "Worker class of a later release", "The %s worker came with gunicorn %s, and %s does not start with it.", name, w.since, r.release.Version)
			schema.DetailOf(d).ServerMessage = fmt.Sprintf("Error: class uri %s invalid or not found", pyRepr(string(s)))
			return
		}
	}
	hint := "Short names are " + strings.Join(known, ", ") + "; any other worker is named by its full path, package.module.Class."
	near := schema.Nearest(name, known)
	if near != "" {
		hint = "Did you mean " + near + "? " + hint
	}
	d := r.warn("unknown-word", e, "Unknown worker class", "gunicorn has no worker named %s: its check passes, the start fails. %s", pyRepr(string(s)), hint)
	schema.DetailOf(d).ServerMessage = fmt.Sprintf("Error: class uri %s invalid or not found", pyRepr(string(s)))
	schema.DetailOf(d).Suggest = near
}

var (
	schemes = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(https?|ws|wss|uwsgi|file)://`) })
	bareV6  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9A-Fa-f]*:[0-9A-Fa-f:]*:[0-9A-Fa-f]*$`) })
)

func (r *reader) adviseOnBind(e *entry) {
	list, ok := e.val.(*value.List)
	if !ok {
		return
	}
	if len(list.Elems) == 0 {
		r.warn("suspicious-value", e, "No address to listen on", "bind is empty: gunicorn takes it and listens nowhere. Name an address, or leave bind out for 127.0.0.1:8000.")
		return
	}
	for i, x := range list.Elems {
		s, ok := x.(value.Str)
		if !ok {
			r.warn("suspicious-value", e, "bind holds no text", "The entry %s is no address, and the start fails. Take it out.", shownRepr(x))
			continue
		}
		if summary, detail := r.bindProblem(string(s)); summary != "" {
			d := r.warn("invalid-address", e, summary, "%s", detail)
			if i < len(e.Parts) {
				at := e.Parts[i].Range
				d.Subject = &at
			}
			if _, err := ParseAddress(r.release.Version, string(s)); err != nil {
				raised, _ := asException(err)
				schema.DetailOf(d).ServerMessage = "Error: " + raised.Msg
			}
		}
	}
}

// bindProblem says what is wrong with an address that gunicorn's check takes; "" for nothing.
func (r *reader) bindProblem(s string) (summary, detail string) {
	a, err := ParseAddress(r.release.Version, s)
	isSocket := strings.HasPrefix(s, "unix:")
	switch {
	case !isSocket && strings.Contains(s, ","):
		return "Several addresses in one text", "A text is one address: commas are not split, and the start fails or listens elsewhere than meant. Write a list, bind = [\"…\", \"…\"], or repeat -b."
	case !isSocket && (strings.HasSuffix(s, ":None") || strings.HasPrefix(s, "None:") || s == "None"):
		return "None in the address", pyRepr(s) + " holds the word None: most often a variable that is not set. The check passes, the start fails or listens on a name that does not exist. Give the variable a default."
	case !isSocket && strings.ContainsAny(s, "${}"):
		return "Unfilled placeholder in the address", pyRepr(s) + " holds a $ or a brace that nothing has replaced, and the start fails. gunicorn does not know variables in its settings: read them with os.environ in the configuration file, or let the shell replace them on the command line."
	case schemes().MatchString(s):
		return "Address with a scheme", pyRepr(s) + " begins with a scheme that gunicorn does not know here, and the start fails. Write host:port."
	case !isSocket && (strings.HasPrefix(s, "/") || strings.HasPrefix(s, "./") || strings.HasSuffix(s, ".sock")):
		return "Path without unix:", pyRepr(s) + " is read as a host name. Write unix:" + s + " for a socket."
	case !isSocket && !strings.Contains(s, "[") && bareV6().MatchString(s):
		return "IPv6 address without brackets", pyRepr(s) + " has several colons, and gunicorn takes what stands before the first for the host. Write [address]:port."
	case err != nil:
		raised, _ := asException(err)
		return "Address that cannot be read", "The check passes, the start fails: " + sentence(raised.Msg) + ". Write host:port, [IPv6]:port, unix:PATH or fd://NUMBER."
	case !a.IsFD && a.Path == "" && !isSocket && (a.Port < 0 || a.Port > 65535):
		return "Port out of range", fmt.Sprintf("There is no port %d, and the start fails. Ports go up to 65535.", a.Port)
	case isSocket && a.Path == "":
		return "Socket without a path", "unix: is followed by nothing. Write unix:/run/NAME.sock."
	case strings.ContainsAny(a.Host, " \t\"'"):
		return "Address that cannot be read", pyRepr(s) + " holds blanks or quotes, which no host name has: the start fails. Take them out."
	}
	return "", ""
}
