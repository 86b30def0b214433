package uwsgi

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
)

// startChecks are the refusals that come after the options are read, when uWSGI puts itself together. --show-config
// prints the options before them, so they are no errors of reading, but the server does not come up.
func (r *reader) startChecks(c *schema.Config) {
	s := c.Settings
	fail := func(name, server, detail string, args ...any) {
		at := hcl.Range{}
		if x := given(s, name); x != nil {
			at = x.Range
		}
		r.warn("start-refused", at, "uWSGI refuses to start", detail, args...).ServerMessage = server
	}
	processes, p1 := number(s, "processes")
	cheaper, p2 := number(s, "cheaper")
	if p1 && p2 && cheaper > 0 && cheaper >= processes {
		fail("cheaper", "invalid cheaper value: must be lower than processes", "cheaper is %d and must be lower than processes, which is %d. uWSGI exits. Raise processes or lower cheaper.", cheaper, processes)
	}
	longest, p1 := number(s, "max-worker-lifetime")
	shortest, p2 := number(s, "min-worker-lifetime")
	if p1 && p2 && longest > 0 && shortest >= longest {
		fail("max-worker-lifetime", fmt.Sprintf("invalid min-worker-lifetime value (%d), must be lower than max-worker-lifetime (%d)", shortest, longest),
			"max-worker-lifetime is %d seconds and must be more than min-worker-lifetime, which is %d. uWSGI exits. Lower min-worker-lifetime or raise the other.", longest, shortest)
	}
	soft, p1 := number(s, "cheaper-rss-limit-soft")
	hard, p2 := number(s, "cheaper-rss-limit-hard")
	if p1 && soft > 0 && given(s, "memory-report") == nil && r.implied[ImpliesMemory] == nil {
		fail("cheaper-rss-limit-soft", "enabling cheaper-rss-limit-soft requires enabling also memory-report", "cheaper-rss-limit-soft works with memory-report only, and uWSGI exits without it. Add memory-report = true.")
	}
	if p1 && p2 && hard > 0 && hard <= soft {
		fail("cheaper-rss-limit-hard", "cheaper-rss-limit-hard value must be higher than cheaper-rss-limit-soft value", "cheaper-rss-limit-hard is %d and must be more than cheaper-rss-limit-soft, which is %d. uWSGI exits.", hard, soft)
	}
	r.checkSockets(c)
}

// serving are the options that give uWSGI something to do without a socket.
var serving = []string{
	"socket", "uwsgi-socket", "http-socket", "http11-socket", "fastcgi-socket", "fastcgi-nph-socket", "scgi-socket", "scgi-nph-socket",
	"raw-socket", "puwsgi-socket", "suwsgi-socket", "https-socket", "map-socket", "lazy-socket", "zeromq", "zmq", "udp", "zerg",
	"shared-socket", "undeferred-shared-socket", "no-server", "command-mode", "emperor", "emperor-proxy", "attach-daemon",
	"attach-control-daemon", "smart-attach-daemon", "smart-attach-daemon2", "attach-daemon2", "legion-attach-daemon", "cron", "cron2",
	"unique-cron", "spooler", "spooler-external", "spooler-import", "loop", "legion", "setns-socket", "mongrel2", "gevent", "asyncio", "tornado",
	"http", "https", "https2", "http-to-https", "fastrouter", "rawrouter", "sslrouter", "sslrouter2", "forkptyrouter", "forkptyurouter", "tuntap-router",
	"http-subscription-server", "fastrouter-subscription-server", "zergpool", "dumb-loop", "curl-cron", "worker-exec", "honour-stdin", "early-emperor",
	"pyshell", "pyrun", "ping", "nagios", "socket-protocol", "snmp", "fiber", "coroae", "rbthreads", "ugreen", "carbon",
}

func isServing(option string) bool {
	return slices.Contains(serving, option) || strings.HasSuffix(option, "-socket") && option != "chmod-socket" && option != "chown-socket"
}

// checkSockets reports a server without anything to serve. A file may be meant to be loaded by another one, or by an
// emperor that hands over sockets, so that is certain for a whole command line only.
func (r *reader) checkSockets(c *schema.Config) {
	if len(r.open) > 0 || r.refused {
		return
	}
	for i := range c.Settings {
		s := &c.Settings[i]
		if s.Layer != schema.LayerDefault && isServing(s.Native) {
			return
		}
	}
	for _, name := range []string{"LISTEN_FDS", "UPSTART_EVENTS", "UWSGI_EMPEROR_FD"} {
		if _, state := r.env(name); state == schema.EnvSet {
			return
		}
	}
	at := hcl.Range{Filename: r.in.File, Start: hcl.InitialPos, End: hcl.InitialPos}
	server := "The -s/--socket option is missing and stdin is not a socket."
	if len(r.in.Command) == 0 {
		r.note("no-socket", at, "No socket", "Nothing here says where to listen, so uWSGI exits unless another file, the command line, an emperor or systemd gives it a socket.").ServerMessage = server
		return
	}
	at = r.in.Command[0].Range
	r.warn("start-refused", at, "uWSGI refuses to start", "No option says where to listen, and uWSGI exits unless its standard input is a socket. Add http-socket = 127.0.0.1:8000 or socket = /run/app.sock.").ServerMessage = server
}

// checkLoggers refuses loggers that there are not, which uWSGI looks for as soon as its options are applied.
func (r *reader) checkLoggers() {
	for _, a := range r.applied {
		if n := a.option.Name; n != "logger" && n != "req-logger" && n != "logger-req" || !a.val.known() || a.null || a.entry.cond != nil {
			continue
		}
		engine := loggerEngine(a.val.s)
		plugin := loggerPlugins[engine]
		switch {
		case plugin == "":
			r.invalid(a.entry, a.option, "unable to find logger "+engine, "There is no logger %s, and uWSGI exits. There are file, syslog, rsyslog, socket, stdio, fd, redislog and others.", quote(engine))
		case r.modular && !r.plugins[plugin]:
			r.invalid(a.entry, a.option, "unable to find logger "+engine, "The logger %s is in the plugin %s, which is not loaded, and uWSGI exits. Add plugin = %s.", engine, plugin, plugin)
		}
	}
}

// loggerEngine is the engine of a logger's value, [ID ]ENGINE[:ARGUMENT].
func loggerEngine(s string) string {
	if i := strings.IndexByte(s, ' '); i > 0 && allIDBytes(s[:i]) {
		s = s[i+1:]
	}
	engine, _, _ := strings.Cut(s, ":")
	return engine
}

func allIDBytes(s string) bool {
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}

// loggerPlugins says which plugin brings a logger.
var loggerPlugins = map[string]string{
	"file": "logfile", "syslog": "syslog", "rsyslog": "rsyslog", "socket": "logsocket", "redislog": "redislog", "mongodblog": "mongodblog",
	"graylog2": "graylog2", "crypto": "logcrypto", "pipe": "logpipe", "zeromq": "logzmq", "zmq": "logzmq", "systemd": "systemd_logger",
	"python": "python", "stdio": "logfile", "fd": "logfile",
}
