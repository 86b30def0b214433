package rules

import (
	"strings"

	"github.com/hashicorp/hcl/v2"

	"gsrv/lint"
	"gsrv/schema"
)

// uvicornRules are the rules about uvicorn alone, but for those about its WebSocket and HTTP implementations.
var uvicornRules = []*lint.Rule{
	{
		ID: "C005", Name: "uvicorn-reload-with-workers", Severity: lint.Error, Servers: []string{"uvicorn"},
		Summary: "While it reloads, uvicorn runs one process, whatever number of workers is set.",
		Explain: `--reload and --workers exclude each other. uvicorn notes '"workers" flag is ignored when reloading is enabled.' in its log and serves from a single process, which
watches the source files beside. A production server that was meant to have four processes then has one, and restarts whenever a file changes.

The rule is an error where both are written down, and a warning where the number comes from the environment (WEB_CONCURRENCY or UVICORN_WORKERS), as a platform may set it for every program.

Take ` + "`--reload`" + ` out of what production starts, and keep it for the developers' own command line.`,
		Sources: []string{"uvicorn documentation, settings: --reload, --workers", "uvicorn/config.py, Config"},
		Fix:     lint.FixOffer,
		Check: func(p *lint.Pass) {
			n, ok := p.Int("workers")
			reload := p.Set("reload")
			if !ok || n <= 1 || reload == nil || !p.True("reload") || len(p.DiagsOf("conflict")) > 0 {
				return
			}
			workers := p.Get("workers")
			f := p.Report(valuePlace(reload), "While it reloads uvicorn runs a single process: %d workers are ignored, and the server restarts when a source file changes. Take reload out for production.", n).
				Also(workers.Range, "%d workers are asked for here", n).
				With(p.DeleteFix(reload, "false"))
			if workers.Layer == schema.LayerEnv {
				f.Lower(1)
			}
		},
	},
	{
		ID: "C029", Name: "uvicorn-reload-options-alone", Severity: lint.Info, Servers: []string{"uvicorn"},
		Summary: "The options that say what the reloader watches do nothing while reload is off.",
		Explain: `--reload-dir, --reload-include, --reload-exclude and --reload-delay tell the reloader what to watch and how often. Without --reload there is no reloader; for all but the delay uvicorn
warns at every start that the "current configuration will not reload as not all conditions are met".

In production take them out. Where the reloader is wanted, add ` + "`--reload`" + `.`,
		Sources: []string{"uvicorn documentation, settings: development", "uvicorn/config.py, Config"},
		Fix:     lint.FixSafe,
		Check: func(p *lint.Pass) {
			if !p.False("reload") {
				return
			}
			for _, name := range []string{"reload_dirs", "reload_includes", "reload_excludes", "reload_delay"} {
				s := p.Set(name)
				if s == nil || s.Maybe || !p.Known(name) || s.OnHost.IsNull() {
					continue
				}
				f := p.Report(valuePlace(s), "%s does nothing while reload is off. Take it out, or add --reload where the reloader is wanted.", flagName(p, s))
				if name == "reload_delay" {
					f.With(p.DeleteFix(s, "0.25"))
				} else {
					f.With(p.DeleteFix(s, ""))
				}
			}
		},
	},
	{
		ID: "C030", Name: "uvicorn-limit-concurrency-one", Severity: lint.Error, Servers: []string{"uvicorn"},
		Summary: "limit_concurrency counts the connection that asks as well, so that a limit of 1 refuses every request.",
		Explain: `uvicorn answers 503 Service Unavailable when the open connections, or the running tasks, have reached limit_concurrency. The connection that sends the request is one of them: a limit
of N lets N - 1 connections in, and 1 or 0 answers 503 to everybody, the load balancer's health check included.

Idle keep-alive connections count too. A limit of 2 to 4 is filled by one browser, which opens six connections; the rule reports those as an information.

Set a value well above the number of clients that are connected at once, for example ` + "`--limit-concurrency 1000`" + `, or leave the limit out. The limit holds for each worker on its own.`,
		Sources: []string{"uvicorn documentation, server behavior: resource limits", "uvicorn/protocols/http/h11_impl.py"},
		Check: func(p *lint.Pass) {
			s := p.Set("limit_concurrency")
			n, ok := p.Int("limit_concurrency")
			if s == nil || !ok || n > 4 {
				return
			}
			if n <= 1 {
				p.Report(s.Range, "The request's own connection counts, so with limit_concurrency %d uvicorn answers 503 to every request. Set a value well above the number of clients, or leave it out.", n)
				return
			}
			p.Report(s.Range, "limit_concurrency %d lets %d %s in, idle keep-alive ones included: one browser fills it, and everybody else gets 503. Set a value well above the number of clients.",
				n, n-1, oneOrMany(n-1, "connection", "connections")).As(lint.Info)
		},
	},
	{
		ID: "O015", Name: "uvicorn-colors-with-log-config", Severity: lint.Info, Servers: []string{"uvicorn"}, Since: "0.10.9",
		Summary: "use_colors does nothing where the logging is configured by a file.",
		Explain: `uvicorn puts --use-colors and --no-use-colors into its own logging configuration. With --log-config FILE that configuration is not used, and nothing looks at the flag: colours
come, or do not come, from the formatters that the file names.

Take the flag out. In the file, the formatters ` + "`uvicorn.logging.DefaultFormatter` and `uvicorn.logging.AccessFormatter`" + ` have a use_colors of their own.`,
		Sources: []string{"uvicorn documentation, settings: logging", "uvicorn/config.py, configure_logging"},
		Fix:     lint.FixSafe,
		Check: func(p *lint.Pass) {
			s := p.Set("use_colors")
			file, ok := p.Text("log_config")
			if s == nil || s.Maybe || !p.Known("use_colors") || s.OnHost.IsNull() || !ok || file == "" {
				return
			}
			p.Report(valuePlace(s), "use_colors does nothing: the logging is configured by %s. Take it out, or set use_colors in that file's formatters.", file).
				Also(p.Get("log_config").Range, "configured here").
				With(p.DeleteFix(s, ""))
		},
	},
	{
		ID: "V012", Name: "uvicorn-known-vulnerable", Severity: lint.Error, Servers: []string{"uvicorn"}, Until: "0.11.6",
		Summary: "uvicorn before 0.11.7 lets clients write into the log and, through the application, into response headers.",
		Explain: `Two advisories concern releases before 0.11.7. CVE-2020-7694: the path of a request goes into the access log decoded, so that %0a and escape sequences in a URL forge lines of the
log and drive the terminal that shows it. CVE-2020-7695: line ends in the values of response headers are sent as they are, so that an application that puts a client's text into a header, as redirects do, lets the client write headers and bodies of its own.

The rule speaks where the release is known: pinned by the project, or named with --target.

Pin ` + "`uvicorn>=0.11.7`" + `, better a release of this year.`,
		Sources: []string{"PYSEC-2020-150 (CVE-2020-7694)", "PYSEC-2020-151 (CVE-2020-7695)", "uvicorn release notes, 0.11.7"},
		Check: func(p *lint.Pass) {
			if p.Before("0.11.7") {
				p.Report(pinPlace(p), "uvicorn %s has known holes: a URL can forge lines of the access log (CVE-2020-7694), and a line end in a response header splits the response (CVE-2020-7695). Use 0.11.7 or later.", p.Pinned)
			}
		},
	},
}

// valuePlace is where a setting is written: its value or, for a flag, its name.
func valuePlace(s *schema.Setting) hcl.Range {
	if s.Range.Filename == "" {
		return s.NameRange
	}
	return s.Range
}

// flagName gives a setting's name as the place needs it where it stands: the flag of a command line, else the parameter.
func flagName(p *lint.Pass, s *schema.Setting) string {
	if s.Layer == schema.LayerCLI {
		if text := p.Source(s.NameRange); strings.HasPrefix(text, "-") {
			name, _, _ := strings.Cut(text, "=")
			return name
		}
	}
	return s.Native
}

// pinPlace is where the server's version is pinned or, where the user named it, where the server is started.
func pinPlace(p *lint.Pass) hcl.Range {
	if p.PinnedAt.Filename != "" {
		return p.PinnedAt
	}
	return startPlace(p)
}

// startPlace is where the server is started: the program of a command line, the first line of a file's settings.
func startPlace(p *lint.Pass) hcl.Range {
	if p.Launch != nil && len(p.Launch.Words) > 0 {
		return p.Launch.Words[0].Range
	}
	if s := firstSetting(p); s != nil {
		return s.NameRange
	}
	return hcl.Range{Filename: p.Name, Start: hcl.InitialPos, End: hcl.InitialPos}
}

func oneOrMany(n int64, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
