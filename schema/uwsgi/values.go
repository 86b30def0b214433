package uwsgi

import (
	"fmt"
	"net/netip"
	"regexp/syntax"
	"slices"
	"strings"

	"gsrv/schema"
)

// checkValue refuses a value that the option's handler exits for. The messages are uWSGI's own.
func (r *reader) checkValue(o *schema.Option, e *entry, val text, null bool) {
	if null || !val.known() {
		return
	}
	// A value that depends on the host is judged by what it is on this one.
	s := val.s
	switch o.Type {
	case "int", "int-additive":
		if cInt(s) < 0 && o.Name != "max-vars" {
			r.invalid(e, o, fmt.Sprintf("invalid value for option %q: must be > 0", o.Name), "%s must not be negative, and uWSGI exits for %s.", o.Name, quote(s))
		}
	case "int-list":
		if cInt(s) < 0 {
			r.invalid(e, o, "invalid file descriptor: "+s, "%s takes the number of a file descriptor, and uWSGI exits for %s.", o.Name, quote(s))
		}
	case "mode3":
		r.checkMode(o, e, s)
	case "mount=path-list":
		if !strings.Contains(s, "=") {
			r.invalid(e, o, "invalid document root in static map, syntax mountpoint=docroot", "%s takes MOUNTPOINT=DIRECTORY, and uWSGI exits without the =.", o.Name)
		}
	case "key=value-list":
		if o.Name != "env" && o.Name != "cgi" && !strings.Contains(s, "=") {
			r.invalid(e, o, "invalid dictionary syntax for "+o.Name, "%s takes KEY=VALUE, and uWSGI exits without the =.", o.Name)
		}
	case "regex-space-value-list":
		pattern, _, ok := strings.Cut(s, " ")
		if !ok {
			r.invalid(e, o, "invalid dictionary syntax for "+o.Name, "%s takes PATTERN VALUE with a blank between them, and uWSGI exits without it.", o.Name)
			return
		}
		r.checkPattern(o, e, pattern)
	case "name-space-regex-list":
		_, pattern, ok := strings.Cut(s, " ")
		if !ok {
			r.invalid(e, o, "invalid custom regexp syntax: must be <custom> <regexp>", "%s takes NAME PATTERN with a blank between them, and uWSGI exits without it.", o.Name)
			return
		}
		r.checkPattern(o, e, pattern)
	case "regex-list":
		r.checkPattern(o, e, s)
	case "ip-list":
		if _, err := netip.ParseAddr(s); err != nil {
			r.invalid(e, o, o.Name+": invalid address", "%s takes an IP address, and uWSGI exits for %s.", o.Name, quote(s))
		}
	case "socket-list":
		if info(o).Plugin == "" && strings.TrimSpace(s) == "" {
			r.invalid(e, o, "invalid/empty uwsgi socket name", "%s takes an address such as 127.0.0.1:3031 or /run/app.sock, and uWSGI exits for an empty one.", o.Name)
		}
	case "tls-socket-list":
		if strings.Count(s, ",") < 2 {
			name := o.Name
			if info(o).Plugin == "" {
				name = "https-socket"
			}
			r.invalid(e, o, fmt.Sprintf("invalid %s syntax must be socket,crt,key", name), "%s takes ADDRESS,CERTIFICATE,KEY, and uWSGI exits without them.", o.Name)
		}
	case "route-list":
		r.checkRoute(o, e, s)
	case "cron-list":
		r.checkCron(o, e, s)
	case "command-list":
		if (strings.Contains(o.Name, "smart-") || strings.HasPrefix(o.Name, "legion-")) && !strings.Contains(s, " ") {
			r.invalid(e, o, fmt.Sprintf("invalid smart-attach-daemon syntax: %s", s), "%s takes PIDFILE COMMAND with a blank between them, and uWSGI exits without it.", o.Name)
		}
	case "name:path":
		if !strings.Contains(s, ":") {
			r.invalid(e, o, fmt.Sprintf("invalid syntax for '%s', must be: <digest>:<directory>", o.Name), "%s takes DIGEST:DIRECTORY, and uWSGI exits without the colon.", o.Name)
		}
	case "tuple-list":
		if least := tupleWords[o.Name]; len(strings.Fields(s)) < least {
			r.invalid(e, o, "invalid "+o.Name+" syntax", "%s takes at least %d words, and uWSGI exits for %s.", o.Name, least, quote(s))
		}
	case "keyval-list":
		if missing := missingKeys(s, o.Name); missing != "" {
			r.invalid(e, o, "--"+o.Name+" option needs "+missing, "%s needs the keys %s, and uWSGI exits without them.", o.Name, missing)
		}
	case "csv":
		r.checkNames(o, e, s)
	case "user", "group":
		r.checkAccount(o, e, s)
	case "list":
		switch o.Name {
		case "collect-header", "response-header-collect", "pull-header":
			if !strings.Contains(s, " ") {
				r.invalid(e, o, "invalid collect header syntax, must be <header> <var>", "%s takes HEADER VARIABLE with a blank between them, and uWSGI exits without it.", o.Name)
			}
		case "hook-asap", "hook-pre-jail":
			if !strings.Contains(s, ":") {
				r.invalid(e, o, "invalid hook syntax, must be hook:args", "%s takes HOOK:ARGUMENTS, and uWSGI exits without the colon.", o.Name)
			}
		}
	case "str":
		if s == "" && (o.Name == "pidfile" || o.Name == "logto") {
			r.invalid(e, o, `open(""): No such file or directory`, "%s takes the name of a file, and uWSGI exits for an empty one.", o.Name)
		}
	}
}

// tupleWords are the words that uWSGI needs at least for options that take several.
var tupleWords = map[string]int{
	"legion": 4, "legion-mcast": 4, "legion-node": 2, "legion-lord": 2, "legion-unlord": 2, "legion-setup": 2, "legion-death": 2,
	"legion-join": 2, "legion-node-joined": 2, "legion-node-left": 2, "legion-quorum": 2, "legion-scroll": 2, "sni": 2, "sni-regexp": 2,
}

func (r *reader) invalid(e *entry, o *schema.Option, server, detail string, args ...any) *schema.Detail {
	return r.refuse("invalid-value", r.valueRange(e), "Invalid value for "+o.Name, server, detail, args...)
}

func quote(s string) string {
	if len(s) > 60 {
		s = s[:60] + "…"
	}
	return `"` + strings.ToValidUTF8(s, "?") + `"`
}

func (r *reader) checkMode(o *schema.Option, e *entry, s string) {
	if s == "1" && o.Name != "logfile-chmod" {
		return
	}
	ok := len(s) == 3
	for i := range len(s) {
		ok = ok && s[i] >= '0' && s[i] <= '7'
	}
	if ok {
		return
	}
	way := "Write it as 660 or the like."
	suggest := ""
	if t := strings.TrimPrefix(strings.TrimPrefix(s, "0o"), "0"); len(t) == 3 && strings.Trim(t, "01234567") == "" {
		way, suggest = "Write "+t+".", t
	}
	r.invalid(e, o, "invalid chmod value: "+s, "%s takes exactly three octal digits, and uWSGI exits for %s. %s", o.Name, quote(s), way).Suggest = suggest
}

// checkPattern refuses what no regular expression can be. PCRE takes more than Go does, so only what both refuse
// counts: brackets and parentheses that do not close, and a repetition of nothing.
func (r *reader) checkPattern(o *schema.Option, e *entry, pattern string) {
	_, err := syntax.Parse(pattern, syntax.Perl)
	if bad, ok := err.(*syntax.Error); ok && slices.Contains([]syntax.ErrorCode{syntax.ErrMissingBracket, syntax.ErrMissingParen, syntax.ErrMissingRepeatArgument, syntax.ErrTrailingBackslash}, bad.Code) &&
		!strings.Contains(pattern, "(?") && !strings.Contains(pattern, "++") && !strings.Contains(pattern, "[]") && !strings.Contains(pattern, "[^]") {
		r.invalid(e, o, "pcre error", "%s takes a regular expression, and uWSGI exits: %s.", o.Name, bad.Code)
	}
}

func (r *reader) checkRoute(o *schema.Option, e *entry, s string) {
	if strings.HasSuffix(o.Name, "route-label") {
		return
	}
	command := s
	if !strings.HasSuffix(o.Name, "-run") {
		subject, rest, ok := strings.Cut(s, " ")
		if !ok {
			r.invalid(e, o, "invalid route syntax", "%s takes a condition, a blank and ACTION:ARGUMENTS, and uWSGI exits without the blank.", o.Name)
			return
		}
		command = rest
		if strings.HasSuffix(o.Name, "route-if") || strings.HasSuffix(o.Name, "route-if-not") {
			name, _, ok := strings.Cut(subject, ":")
			if !ok {
				r.invalid(e, o, "invalid route condition syntax", "%s takes CONDITION:ARGUMENTS first, and uWSGI exits without the colon.", o.Name)
				return
			}
			if !slices.Contains(routeConditions, name) {
				r.invalid(e, o, fmt.Sprintf("unable to find %q route condition", name), "There is no route condition %q, and uWSGI exits. There are: %s.", name, strings.Join(routeConditions, " "))
				return
			}
		}
	}
	action, _, ok := strings.Cut(command, ":")
	if !ok {
		r.invalid(e, o, "invalid route syntax", "A route's action is written ACTION:ARGUMENTS, and uWSGI exits without the colon.")
		return
	}
	if !slices.Contains(routeActions, action) {
		way := ""
		if near := schema.Nearest(action, routeActions); near != "" {
			way = " Was " + near + " meant?"
		}
		r.invalid(e, o, fmt.Sprintf("unable to register route %q", s), "There is no route action %q, and uWSGI exits.%s", action, way)
	}
}

var routeConditions = strings.Fields("< <= == > >= contain contains empty endswith eq equal exists incache ipv4in ipv6in isdir isequal isexec isfile ishigher ishigherequal islink islower islowerequal lord re regexp startswith")

var routeActions = strings.Fields(`* + - / access addheader addvar alarm basicauth basicauth-next break break-with-status cache cache-continue
	cache-store cachedec cachediv cacheinc cachemul cacheset cachestore cachevar call cgi cgihelper chdir chunked clearheaders
	continue delheader disableheaders donotlog donotoffload expires fastfile fastfile-next file file-next fixcl fixpathinfo flush
	forcecl goto gridfs gzip harakiri hash http httpconnect httpdumb last ldapauth ldapauth-next log logvar memcached
	memcached-continue memcached-store memcachedstore metricdec metricdiv metricinc metricmul metricset offload proxyhttp
	proxyhttpconnect proxyuwsgi radius radius-next redirect redirect-301 redirect-302 redirect-permanent redis redis-continue
	redis-store redisstore remheader resetheaders return rewrite rewrite-last rpc rpcblob rpcnext rpcraw rpcret rpcvar send
	send-crnl sendfile sendfile-next setapp setdocroot setfile sethome setmethod setmodifier1 setmodifier2 setpathinfo setprocname
	setremoteaddr setscheme setscriptname seturi setuser signal spnego spnego-next ssi static static-next symcall symcall-next
	template to-file tofile toupper toxslt uwsgi xmldir xslt`)

// checkCron wants five numbers and a command, after a legion's name where the option is a legion's. sscanf takes the
// numbers, so blanks between them may be missing before a sign.
func (r *reader) checkCron(o *schema.Option, e *entry, s string) {
	if o.Name == "cron2" {
		return
	}
	fields := strings.Fields(s)
	if strings.Contains(o.Name, "legion") {
		fields = fields[min(1, len(fields)):]
	}
	ok := len(fields) >= 6
	for i := 0; ok && i < 5; i++ {
		n := strings.TrimLeft(fields[i], "+-")
		ok = n != "" && len(fields[i])-len(n) <= 1 && allDigits(n)
	}
	if !ok {
		way := ""
		if strings.Contains(s, "*") {
			way = " For \"any\" uWSGI writes -1 instead of *, and -N for every N."
		}
		r.invalid(e, o, "invalid cron syntax", "%s takes five numbers (minute, hour, day, month, weekday) and a command, and uWSGI exits for %s.%s", o.Name, quote(s), way)
	}
}

var (
	capabilities = strings.Fields(`audit_control audit_write chown dac_override dac_read_search fowner fsetid ipc_lock ipc_owner kill lease linux_immutable
		mac_admin mac_override mknod net_admin net_bind_service net_broadcast net_raw setfcap setgid setpcap setuid sys_admin sys_boot
		sys_chroot sys_module sys_nice sys_pacct sys_ptrace sys_rawio sys_resource sys_time sys_tty_config syslog wake_alarm`)
	namespaces = strings.Fields("files fs io ipc mnt mount net ns parent pid sysvsem user uts")
)

// checkNames refuses capabilities of which none exists, and namespaces that there are not.
func (r *reader) checkNames(o *schema.Option, e *entry, s string) {
	fields := strings.FieldsFunc(s, func(c rune) bool { return c == ',' })
	if strings.HasSuffix(o.Name, "cap") {
		for _, f := range fields {
			if slices.Contains(capabilities, f) || allDigits(f) {
				return
			}
		}
		r.invalid(e, o, "[security] empty capabilities mask !!!", "%s holds no capability that uWSGI knows, and it exits.", quote(s))
		return
	}
	for _, f := range fields {
		if !slices.Contains(namespaces, f) {
			r.invalid(e, o, "unknown namespace subsystem: "+f, "There is no namespace %s, and uWSGI exits. There are %s.", quote(f), strings.Join(namespaces, " "))
			return
		}
	}
}

func missingKeys(s, option string) string {
	have := map[string]bool{}
	for part := range strings.SplitSeq(s, ",") {
		if k, _, ok := strings.Cut(part, "="); ok {
			have[strings.TrimSpace(k)] = true
		}
	}
	switch option {
	case "attach-daemon2":
		if !have["command"] && !have["cmd"] && !have["exec"] {
			return "command"
		}
	case "https2", "sslrouter2":
		var missing []string
		for _, k := range []string{"addr", "cert", "key"} {
			if !have[k] && !(k == "cert" && have["crt"]) && !(k == "addr" && have["address"]) {
				missing = append(missing, k)
			}
		}
		return strings.Join(missing, ", ")
	}
	return ""
}

// checkAccount refuses the accounts that uWSGI looks up while it reads its options; uid and gid are looked up later.
func (r *reader) checkAccount(o *schema.Option, e *entry, s string) {
	if o.Name == "uid" || o.Name == "gid" || allDigits(s) && strings.Trim(s, "0") != "" {
		return
	}
	look, what := r.in.Host.LookupUser, "user"
	if o.Type == "group" {
		look, what = r.in.Host.LookupGroup, "group"
	}
	if _, exists, known := look(s); known && !exists {
		r.invalid(e, o, fmt.Sprintf("unable to find %s %s", what, s), "There is no %s %s on this host, and uWSGI exits.", what, quote(s))
	}
}
