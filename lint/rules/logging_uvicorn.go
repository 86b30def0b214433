package rules

import "gsrv/lint"

var uvicornLogRules = []*lint.Rule{
	{
		ID: "O015", Name: "uvicorn-colors-with-log-config", Severity: lint.Info, Servers: []string{"uvicorn"},
		Summary: "use_colors does nothing beside a logging configuration in a file.",
		Explain: `uvicorn puts use_colors into its own logging dictionary. With --log-config naming a file (ini, JSON or YAML) that dictionary is
not used, and the file alone says how the log looks.

Take the option out, and set use_colors on the formatter in the file: ` + "`\"()\": uvicorn.logging.DefaultFormatter`" + ` takes it.`,
		Sources: []string{"uvicorn/config.py, configure_logging", "uvicorn documentation, settings: logging"},
		Fix:     lint.FixSafe,
		Check: func(p *lint.Pass) {
			s, file := p.Set("use_colors"), p.Set("log_config")
			if _, ok := p.Text("log_config"); s == nil || s.Maybe || file == nil || !ok {
				return
			}
			p.Report(s.Range, "%s does nothing, as the log is set up by a file. Take it out, and set use_colors on the formatter there.", flagName(s)).
				Also(file.Range, "the file").With(dropIgnored(p, s))
		},
	},
}
