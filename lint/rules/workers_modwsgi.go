package rules

import "gsrv/lint"

// modwsgiRules are about mod_wsgi-express alone.
var modwsgiWorkerRules = []*lint.Rule{
	{
		ID: "W026", Name: "mod-wsgi-embedded-mode", Severity: lint.Info, Servers: []string{"mod_wsgi"}, Since: "4.8.0",
		Summary: "In embedded mode the application runs inside Apache's own processes.",
		Explain: `With --embedded-mode Apache decides how many processes there are and when they end, by its own load: each holds a copy of the
application, starts and stops at surprise, and cannot be restarted without Apache. request-timeout, maximum-requests and the other limits of
the daemon processes do not apply.

Leave the option out: daemon mode keeps a fixed number of processes for the application. The rule is silent with --debug-mode, which needs a
single process.`,
		Sources: []string{"mod_wsgi documentation, user guides: processes and threading", "mod_wsgi-express start-server --help"},
		Check: func(p *lint.Pass) {
			if s := p.Set("embedded-mode"); s != nil && p.True("embedded-mode") && p.False("debug-mode") {
				p.Report(s.Range, "The application runs inside Apache's processes: their number follows Apache's load, and the limits of daemon processes, such as request-timeout, do not apply. Leave --embedded-mode out.")
			}
		},
	},
}

var modwsgiLimitRules = []*lint.Rule{
	{
		ID: "L024", Name: "mod-wsgi-threads-excessive", Severity: lint.Info, Servers: []string{"mod_wsgi"},
		Summary: "Many threads in one Python process wait for each other; more processes serve more.",
		Explain: `In one Python process one thread at a time runs Python code. A few threads use the time in which others wait for the network or
the database; dozens of them make every request slower, and one that goes wrong takes all the others with it.

mod_wsgi-express has one process with 5 threads unless it is told otherwise. Raise --processes first, and keep --threads at some 5 to 15.`,
		Sources: []string{"mod_wsgi documentation, configuration directives: WSGIDaemonProcess"},
		Check: func(p *lint.Pass) {
			s := p.Set("threads")
			if n, ok := p.Int("threads"); s != nil && ok && n > 50 && p.False("free-threading") {
				p.Report(s.Range, "%d threads share one Python process, in which one at a time runs Python code. Raise --processes and keep --threads at some 5 to 15.", n)
			}
		},
	},
}

var modwsgiLogRules = []*lint.Rule{
	{
		ID: "O014", Name: "mod-wsgi-log-not-on-terminal", Severity: lint.Info, Servers: []string{"mod_wsgi"},
		Summary: "The logs stay in files although the terminal is asked for, or a supervisor expects them there.",
		Explain: `mod_wsgi-express writes its logs to files below the server root in /tmp. Containers and supervisors collect what comes on the
terminal, which --log-to-terminal is for. --log-directory wins over it without a message, and --rotate-logs does nothing beside it.

The rule speaks about these two combinations, and where a container is known to start the server without --log-to-terminal or
--log-directory.

Use ` + "`--log-to-terminal`" + ` alone.`,
		Sources: []string{"mod_wsgi documentation, user guides: mod_wsgi-express quickstart", "mod_wsgi express/server.py"},
		Fix:     lint.FixOffer,
		Check: func(p *lint.Pass) {
			terminal, directory, rotate := p.Set("log-to-terminal"), p.Set("log-directory"), p.Set("rotate-logs")
			on := terminal != nil && p.True("log-to-terminal")
			switch {
			case on && directory != nil && !directory.Maybe:
				p.Report(directory.Range, "The logs go to files in this directory: --log-directory wins over --log-to-terminal without a message. Leave one of the two out.").
					Also(terminal.Range, "no effect").With(dropIgnored(p, directory))
			case on && rotate != nil && p.True("rotate-logs"):
				p.Report(rotate.Range, "--rotate-logs does nothing together with --log-to-terminal. Leave it out.").
					Also(terminal.Range, "the logs go to the terminal").With(dropIgnored(p, rotate))
			case p.Around.Container != nil && p.NotSet("log-to-terminal", "log-directory"):
				if s := firstSetting(p); s != nil {
					p.Report(s.NameRange, "The logs go to files in /tmp inside the container, where nobody collects them. Add --log-to-terminal.").
						Also(p.Around.Container.Range, "%s", p.Around.Container.Message).With(p.InsertFix(s, "log-to-terminal", true))
				}
			}
		},
	},
}
