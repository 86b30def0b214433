package plan

import (
	"net"
	"strings"

	"gsrv/schema"
)

// A RequestLog makes the access log uWSGI's.
type RequestLog struct {
	// Format is log-format; "" for uWSGI's own line. Date is what strftime makes of %(ftime).
	Format, Date string
	// Micros, Memory and ForwardedFor are log-micros, memory-report and log-x-forwarded-for; Router says that requests would come
	// through uWSGI's HTTP router, which adds variables that the own line counts.
	Micros, Memory, ForwardedFor, Router bool
	// Quiet logs those requests alone that the following ask for: log-zero, log-4xx, log-5xx, log-sendfile, log-slow (milliseconds) and
	// log-big (bytes).
	Quiet                                    bool
	Empty, ClientErrors, ServerErrors, Files bool
	Slow, Large                              int64
}

// A Sink is a further place where the access log goes.
type Sink struct {
	// File is a path; Stderr is standard error; Socket gets a datagram a line: unix:///path or udp://host:port; Syslog is syslog.
	File   string
	Stderr bool
	Socket string
	Syslog *Syslog
}

// uwsgiLogs takes the loggers and what is logged of requests.
func (r *reader) uwsgiLogs(p *Plan) {
	l := &p.Log
	for _, name := range []string{"logto", "logto2", "daemonize", "daemonize2"} {
		if s := r.own(name); s != nil {
			if host, port, ok := strings.Cut(textOf(s, ""), ":"); ok && host != "" && port != "" {
				r.refuse(s, "run-log", "Log by UDP", "%s = %s:%s would send the log by UDP. Use req-logger = rsyslog:%s:%s for the requests, or log-syslog.", name, host, port, host, port)
			}
		}
	}
	l.Requests = &RequestLog{
		Format: r.text("log.access.format", ""), Micros: r.ownFlag("log-micros"), Memory: r.ownFlag("memory-report"), ForwardedFor: r.ownFlag("log-x-forwarded-for"),
		Router: r.own("http-socket") == nil && r.own("http11-socket") == nil && (r.own("http") != nil || r.own("httprouter") != nil || r.own("https") != nil),
		Quiet:  r.ownFlag("disable-logging"), Empty: r.ownFlag("log-zero"), ClientErrors: r.ownFlag("log-4xx"), ServerErrors: r.ownFlag("log-5xx"), Files: r.ownFlag("log-sendfile"),
		Slow: numberOf(r.own("log-slow"), 0), Large: numberOf(r.own("log-big"), 0),
	}
	l.Format = ""
	if r.ownFlag("logformat-strftime") {
		if date := r.ownText("logdate"); !plainDate[strings.ToLower(date)] {
			l.Requests.Date = date
		}
	}
	everything := r.sinks(p, "logger")
	if s := r.own("log-syslog"); s != nil {
		text := ""
		if list := listOf(s); len(list) > 0 {
			text = list[len(list)-1]
		}
		if plainDate[strings.ToLower(text)] {
			text = ""
		}
		everything = append(everything, Sink{Syslog: syslogOf(text)})
	}
	for _, s := range everything {
		if s.Syslog != nil {
			if l.Syslog == nil {
				l.Syslog = &Syslog{Address: s.Syslog.Address, Prefix: s.Syslog.Prefix, Facility: s.Syslog.Facility}
			}
		}
	}
	sinks := r.sinks(p, "req-logger")
	if len(sinks) == 0 {
		sinks = everything
	}
	if len(sinks) == 0 {
		// Without loggers requests go where everything goes: a file, or standard error.
		if l.Error != "" && l.Error != "-" {
			sinks = []Sink{{File: l.Error}}
		} else {
			sinks = []Sink{{Stderr: true}}
		}
	}
	q := l.Requests
	l.Access, l.Sinks = "", nil
	if q.Quiet && !q.Empty && !q.ClientErrors && !q.ServerErrors && !q.Files && q.Slow == 0 && q.Large == 0 {
		return
	}
	if sinks[0].File != "" {
		l.Access, sinks = sinks[0].File, sinks[1:]
	}
	l.Sinks = sinks
}

// plainDate are values of options with an optional one that only say that they are wanted.
var plainDate = map[string]bool{"": true, "true": true, "1": true, "on": true, "yes": true}

// sinks gives the places of logger or req-logger.
func (r *reader) sinks(p *Plan, name string) (sinks []Sink) {
	loggers := parts(r.own(name))
	files := 0
	for i := range loggers {
		s := &loggers[i]
		sink, ok := r.logger(p, s)
		if sink.File != "" || sink.Stderr {
			files++
		}
		switch {
		case !ok:
			r.refuse(s, "run-log", "Logger not known here", "%s = %s: loggers are file:PATH, stdio, syslog, rsyslog:HOST:PORT,PREFIX and, of requests, socket:ADDRESS here; log-syslog is syslog, too.", name, textOf(s, ""))
		case name == "logger" && (files > 1 || sink.Socket != ""):
			r.refuse(s, "run-log", "Several logs", "gsrv run writes one error log, and syslog beside it. Take the other logger out; requests may have several with req-logger.")
		default:
			sinks = append(sinks, sink)
		}
	}
	return sinks
}

// logger reads one: [NAME ]ENGINE[:ARGUMENT], as uWSGI does.
func (r *reader) logger(p *Plan, s *schema.Setting) (Sink, bool) {
	text := textOf(s, "")
	if id, rest, ok := strings.Cut(text, " "); ok && !strings.ContainsFunc(id, func(c rune) bool { return c < '0' || c > '9' && c < 'A' || c > 'Z' && c < 'a' || c > 'z' }) {
		text = rest // a name for log-route
	}
	engine, arg, _ := strings.Cut(text, ":")
	switch engine {
	case "stdio":
		return Sink{Stderr: true}, true
	case "file":
		if strings.Contains(arg, "=") {
			pairs := map[string]string{}
			for pair := range strings.SplitSeq(arg, ",") {
				k, v, _ := strings.Cut(pair, "=")
				pairs[k] = v
			}
			if pairs["maxsize"] != "" || pairs["backupname"] != "" {
				r.refuse(s, "run-log", "Log that rotates itself", "%s is to be renamed when it is large, which gsrv run does not do. Take maxsize and backupname out, and use logrotate with USR1.", firstOf(pairs["logfile"], "The log"))
			}
			arg = pairs["logfile"]
		}
		return Sink{File: p.path(arg)}, arg != ""
	case "syslog":
		return Sink{Syslog: syslogOf(arg)}, true
	case "rsyslog":
		address, prefix, _ := strings.Cut(arg, ",")
		prefix, _, _ = strings.Cut(prefix, ",")
		return Sink{Syslog: &Syslog{Address: "udp://" + address, Prefix: firstOf(prefix, "uwsgi"), Facility: "daemon"}}, address != ""
	case "socket":
		address, _, _ := strings.Cut(arg, ",")
		if host, port, err := net.SplitHostPort(address); err == nil {
			return Sink{Socket: "udp://" + net.JoinHostPort(host, port)}, true
		}
		return Sink{Socket: "unix://" + p.path(address)}, address != ""
	}
	return Sink{}, false
}

// syslogOf reads PREFIX[,FACILITY] as the plugin does.
func syslogOf(text string) *Syslog {
	prefix, facility, _ := strings.Cut(text, ",")
	return &Syslog{Address: "unix:///dev/log", Prefix: firstOf(prefix, "uwsgi"), Facility: firstOf(facility, "daemon")}
}
