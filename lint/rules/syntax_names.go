package rules

import (
	"fmt"
	"strings"

	"gsrv/lint"
)

// syntaxNameRules are about names that the server does not know.
var syntaxNameRules = []*lint.Rule{
	{
		ID: "S001", Name: "unknown-setting-near-miss", Severity: lint.Warning, Servers: []string{"gunicorn"}, Fix: lint.FixOffer,
		Summary: "A name in the configuration file is nearly one of gunicorn's settings and has no effect.",
		Explain: `gunicorn runs the configuration file and then picks the names that it knows. Any other name is an ordinary variable: there is no
message, and the setting that was meant keeps its default. A misspelt ` + "`timeout`" + ` leaves 30 seconds in force.

The rule speaks where the name is close to a setting or a hook, is the word of a command-line flag, or is a setting in capitals, and nothing
in the file reads it. Names that begin with an underscore, imports and other constants are left alone.

Write the setting's own name, as listed by ` + "`gunicorn --print-config`" + `.`,
		Sources: []string{"gunicorn app/base.py, load_config_from_module_name_or_filename", "gunicorn documentation, Settings"},
		Codes:   claimed("S001"),
		Check:   takeOver(rename),
	},
	{
		ID: "S002", Name: "unknown-cli-option", Severity: lint.Error,
		Summary: "The command line has an option that the server does not know.",
		Explain: `The server prints its usage and ends with a non-zero status before it listens. Under a supervisor that is a restart loop.

gunicorn, uWSGI and waitress accept a long option that is cut short as long as only one option begins so; uvicorn takes whole names only.
Hooks and some of gunicorn's settings exist in the configuration file only. An option that another release has is reported as removed (S020) or as too new (S022).`,
		Sources: []string{"gunicorn documentation, Settings", "uWSGI core/uwsgi.c (getopt_long)", "waitress runner.py", "uvicorn main.py"},
		Codes:   claimed("S002"),
		Check:   takeOver(),
	},
	{
		ID: "S003", Name: "uwsgi-unknown-option", Severity: lint.Warning, Servers: []string{"uwsgi"}, Fix: lint.FixOffer,
		Summary: "uWSGI has no option of this name and takes the line for a placeholder.",
		Explain: `In a configuration file uWSGI accepts any key: what is no option becomes a placeholder that other lines could use as
` + "`%(key)`" + `. A misspelt option is therefore silent and has no effect, unless ` + "`strict = true`" + ` is set: then uWSGI refuses to start.

The rule is silent where the placeholder is used or declared with set-placeholder. Where the name is like no option it is reported as
information, because an application can read such keys from ` + "`uwsgi.opt`" + `.

Write the option's name, and add ` + "`strict = true`" + ` so that uWSGI itself reports the next slip.`,
		Sources: []string{"uWSGI documentation, Things to know (best practices and issues)", "uWSGI core/config.c"},
		Codes:   claimed("S003"),
		Check: takeOver(rename, func(p *lint.Pass, x *diagnosis, f *lint.Finding) {
			if f.Severity == lint.Warning && x.detail.Suggest == "" && x.Summary == "Unknown option" {
				f.As(lint.Info)
			}
		}),
	},
	{
		ID: "S004", Name: "uwsgi-underscore-option", Severity: lint.Error, Servers: []string{"uwsgi"}, Fix: lint.FixOffer,
		Summary: "uWSGI's option names have dashes; with underscores the line has no effect.",
		Explain: `uWSGI compares names exactly. ` + "`wsgi_file = app.py`" + ` sets a placeholder that nothing uses: the application is not
loaded, and requests get "no python application found".

Write the name with dashes. The few options that really have an underscore, such as start_response-nodelay, are not reported.`,
		Sources: []string{"uWSGI core/config.c", "uWSGI documentation, Options"},
		Codes:   claimed("S004"),
		Check:   takeOver(rename, severe),
	},
	{
		ID: "S007", Name: "waitress-unknown-adjustment", Severity: lint.Error, Servers: []string{"waitress"}, Fix: lint.FixOffer,
		Summary: "waitress has no setting of this name and does not start with it.",
		Explain: `waitress raises ` + "`ValueError: Unknown adjustment`" + ` for a name it does not know, so pserve ends with a traceback and nothing
is served. Besides use, every key of the [server:…] section is passed on.

Write the adjustment's own name, or move a key that is not waitress's to the section it belongs to.`,
		Sources: []string{"waitress documentation, Arguments to waitress.serve", "waitress adjustments.py"},
		Codes:   claimed("S007"),
		Check:   takeOver(rename),
	},
	{
		ID: "S008", Name: "paste-unknown-gunicorn-key", Severity: lint.Error, Servers: []string{"gunicorn"}, Fix: lint.FixOffer,
		Summary: "A [server:…] section for gunicorn has a key that is none of its settings.",
		Explain: `A configuration file in Python may hold any name, a Paste section may not: gunicorn's runner sets every key but use, host and
port, and ends with ` + "`AttributeError: No configuration setting for`" + ` at the first one it does not know.

Write the setting's name as gunicorn's manual gives it, with underscores.`,
		Sources: []string{"gunicorn app/pasterapp.py", "gunicorn config.py, Config.set"},
		Codes:   claimed("S008"),
		Check:   takeOver(rename),
	},
	{
		ID: "S040", Name: "internal-setting-set", Severity: lint.Info, Servers: []string{"gunicorn"}, Fix: lint.FixOffer,
		Summary: "default_proc_name is gunicorn's own; proc_name names the processes.",
		Explain: `gunicorn sets default_proc_name to the application's name after it has read the configuration, so a value given there is lost.
The name that ps and top show comes from proc_name, and only with the package setproctitle installed.`,
		Sources: []string{"gunicorn config.py, DefaultProcName", "gunicorn app/wsgiapp.py"},
		Codes:   claimed("S040"),
		Check: takeOver(func(p *lint.Pass, x *diagnosis, f *lint.Finding) {
			if s := p.Set("default_proc_name"); s != nil && p.Set("proc_name") == nil {
				f.With(p.ReplaceFix(lint.Edit{Range: s.NameRange, New: "proc_name"}, nil, "proc_name", "default_proc_name"))
			}
		}),
	},
}

// rename offers the name that was likely meant.
func rename(p *lint.Pass, x *diagnosis, f *lint.Finding) {
	if x.detail.Suggest == "" || x.Subject == nil || x.onCommandLine() {
		return
	}
	if p.Set(x.detail.Suggest) != nil {
		return // both are there: a person has to say which value is meant
	}
	at, old := f.Range, x.source
	if rest, ok := strings.CutPrefix(old, "def "); ok {
		old, _, _ = strings.Cut(rest, "(")
		at.Start.Byte += len("def ")
		at.Start.Column += len("def ")
		at.End = at.Start
		at.End.Byte += len(old)
		at.End.Column += len(old)
	}
	if old == "" || strings.ContainsAny(old, " \t\n") {
		return
	}
	f.With(p.MendFix(fmt.Sprintf("Write %s instead of %s", x.detail.Suggest, old),
		[]lint.Edit{{Range: at, New: x.detail.Suggest}}, []string{old}, x.detail.Suggest))
}

// severe reports as an error what the server takes: the line does not do what it says.
func severe(_ *lint.Pass, x *diagnosis, f *lint.Finding) {
	if !x.detail.Note {
		f.As(lint.Error)
	}
}
