package rules

import (
	"bytes"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"gsrv/lint"
	"gsrv/schema"
)

// syntaxStartRules are about the application, files and variables that the start needs.
var syntaxStartRules = []*lint.Rule{
	{
		ID: "S023", Name: "hook-arity-mismatch", Severity: lint.Error, Servers: []string{"gunicorn"},
		Summary: "A hook does not take the number of parameters that gunicorn calls it with.",
		Explain: `gunicorn counts the parameters of each hook while it reads the configuration and ends with "Value must have an arity of: 2".
Parameters with a default count; *args does not.

The message gives the signature.`,
		Sources: []string{"gunicorn config.py, validate_callable", "gunicorn documentation, Settings: Server Hooks"},
		Codes:   claimed("S023"),
		Check:   takeOver(),
	},
	{
		ID: "S025", Name: "app-uri-malformed", Severity: lint.Error, Servers: []string{"gunicorn", "uvicorn", "waitress"},
		Summary: "The application is not named as the server wants it: package.module:object.",
		Explain: `The servers import the application, so it is named as in an import statement, with a colon before the object:
` + "`shop.wsgi:application`" + `. A path, a call with anything but literals, or a missing object where one is needed ends the start.

gunicorn calls a factory that is written with parentheses, uvicorn wants --factory and waitress --call instead.`,
		Sources: []string{"gunicorn util.py, import_app", "uvicorn importer.py", "waitress runner.py"},
		Codes:   claimed("S025"),
		Check:   takeOver(),
	},
	{
		ID: "S026", Name: "app-object-not-found", Severity: lint.Error, Servers: []string{"gunicorn"},
		Summary: "The application's module is there, and does not hold what the server asks it for.",
		Explain: `gunicorn imports the module in each worker and looks for the object, application where none is named. Without it every worker
ends while it boots, and the master gives up with status 3 or 4.

The rule reads the module's source in the project; the server itself is not run. It is silent for modules outside, and where star imports or a module-level __getattr__ may
supply the name.`,
		Sources: []string{"gunicorn util.py, import_app", "gunicorn arbiter.py (WORKER_BOOT_ERROR, APP_LOAD_ERROR)"},
		Codes:   claimed("S026"),
		Check:   checkObject,
	},
	{
		ID: "S032", Name: "env-number-invalid", Severity: lint.Error,
		Summary: "A variable that the server reads itself has a value that it cannot use.",
		Explain: `gunicorn and uvicorn read WEB_CONCURRENCY as a number, gunicorn makes its default address of PORT. A value that is no number ends
the start with a traceback, even where the configuration sets workers. Quotes that an env file keeps are a common cause.

Set the variable to a plain number or remove it.`,
		Sources: []string{"gunicorn config.py, Workers", "uvicorn config.py (WEB_CONCURRENCY)"},
		Codes:   claimed("S032"),
		Check:   takeOver(),
	},
	{
		ID: "S037", Name: "config-file-extension", Severity: lint.Info, Servers: []string{"gunicorn"},
		Summary: "The configuration file's name does not end in .py.",
		Explain: `Since 20.0 gunicorn prints a warning at every start for such a file and reads it all the same; a few releases read files with
.py only and end. Editors and linters take it for something other than Python.

Rename it, and the option that names it.`,
		Sources: []string{"gunicorn app/base.py, get_config_from_filename", "gunicorn documentation, News 20.0"},
		Codes:   claimed("S037"),
		Check:   takeOver(),
	},
	{
		ID: "S039", Name: "gunicorn-extra-script", Severity: lint.Error, Servers: []string{"gunicorn"},
		Summary: "gunicorn_django and gunicorn_paster are not there any more.",
		Explain: `gunicorn_django was removed in 19.7 and gunicorn_paster in 20.0: the shell answers "command not found". Where the release is not
known it is a warning.

Start the WSGI module with the plain command: ` + "`gunicorn shop.wsgi:application`" + `; a Paste file with ` + "`gunicorn --paste production.ini`" + ` or pserve.`,
		Sources: []string{"gunicorn setup.py (entry points), tags 19.6.0, 19.7.0, 19.10.0, 20.0", "gunicorn documentation, News"},
		Codes:   claimed("S039"),
		Check:   takeOver(unlessPinned),
	},
	{
		ID: "S041", Name: "path-not-found", Severity: lint.Error,
		Summary: "A file or directory that the start needs is not there.",
		Explain: `A configuration that is named and missing, a directory to change into that does not exist, a file of variables that cannot be
opened: the server ends with the name in its message. For a file that is linted alone it is a warning, because the directory that the server is
started in may be another, and information where the path is absolute and outside the project.

Relative names start from the directory that the server is started in. Where the file is made later, in the image or by the deployment, ignore
the finding with a comment.`,
		Sources: []string{"gunicorn app/base.py", "gunicorn config.py, validate_chdir", "uWSGI core/config.c", "PasteDeploy loadwsgi.py"},
		Codes:   claimed("S041"),
		Check: takeOver(func(p *lint.Pass, x *diagnosis, f *lint.Finding) {
			if strings.Contains(x.source, "{{") {
				f.As(lint.Info) // a template's placeholder
			} else if path := strings.Trim(x.source, `"'`); strings.HasPrefix(path, "/") && !strings.HasPrefix(path, p.Root+"/") {
				f.As(lint.Info)
			} else if p.File() {
				f.Lower(1)
			}
		}),
	},
	{
		ID: "S042", Name: "script-name-shape", Severity: lint.Warning, Servers: []string{"gunicorn"},
		Summary: "SCRIPT_NAME has to begin with a slash and must not end with one.",
		Explain: `gunicorn takes the variable SCRIPT_NAME as the prefix that the application is mounted at, and cuts it off each request's path. With
"/shop/" or "/" the rest, PATH_INFO, lacks its first slash, and the application's routes do not match. No path begins with "shop": since 22.0 gunicorn
refuses every request then, and before it the application builds wrong URLs.

Write ` + "`SCRIPT_NAME=/shop`" + `, or leave it out for an application at the root.`,
		Sources: []string{"gunicorn http/wsgi.py, create, tags 20.1.0 and 22.0.0", "gunicorn documentation, FAQ: How do I set SCRIPT_NAME?", "PEP 3333"},
		Check:   checkScriptNameVariable,
	},
}

// checkObject takes over what the reader says of the application where it knows the machine, and otherwise looks at what the
// module's source in the project gives names to.
func checkObject(p *lint.Pass) {
	takeOver()(p)
	if len(p.OwnDiags()) > 0 {
		return
	}
	app := p.App()
	if !app.Found || app.Truncated || app.Object.Defined != "no" || len(app.Unreadable) > 0 {
		return
	}
	for i := range p.Config.Model {
		s := &p.Config.Model[i]
		if s.Name != "app.module" || s.Maybe || !s.OnHost.IsKnown() {
			continue
		}
		file := app.Modules[len(app.Modules)-1]
		module, _, named := strings.Cut(p.Source(s.Range), ":")
		want := strings.ReplaceAll(strings.Trim(module, `"'`), ".", "/")
		for _, m := range app.Modules {
			if strings.HasSuffix(strings.TrimSuffix(strings.TrimSuffix(m, ".py"), "/__init__"), want) {
				file = m
			}
		}
		hint := "Name the object that the module has, behind a colon."
		if object := likelyApp(p.Files().Text(file)); object != "" {
			hint = "Was :" + object + " meant?"
		}
		if !named {
			hint = "Where no name is given, " + p.Server() + " looks for it. " + hint
		}
		p.Report(s.Range, "%s gives the name %s to nothing: %s does not load the application and ends while it starts. %s", file, app.Object.Name, p.Server(), hint)
		return
	}
}

// likelyApp gives the name that a module's source gives to what looks like its application, or "".
func likelyApp(src []byte) string {
	for line := range bytes.Lines(src) {
		name, value, ok := bytes.Cut(line, []byte(" = "))
		if !ok {
			continue
		}
		switch string(name) {
		case "app", "application", "wsgi", "wsgi_app", "api":
			if bytes.Contains(value, []byte("(")) {
				return string(name)
			}
		}
	}
	return ""
}

func checkScriptNameVariable(p *lint.Pass) {
	items, _ := p.Items("raw_env")
	for _, item := range items {
		if value, ok := strings.CutPrefix(item.Text, "SCRIPT_NAME="); ok {
			scriptName(p, value, item.Range)
		}
	}
	if p.Launch == nil || p.Launch.Env["SCRIPT_NAME"] == nil {
		return
	}
	text := p.Files().Text(schema.CommandLine)
	word := []byte("SCRIPT_NAME=")
	if i := bytes.Index(text, word); i >= 0 {
		end := i + len(word)
		for end < len(text) && text[end] != ' ' {
			end++
		}
		scriptName(p, *p.Launch.Env["SCRIPT_NAME"], schema.RangeOf(schema.CommandLine, text, i, end))
	}
}

func scriptName(p *lint.Pass, value string, at hcl.Range) {
	if value == "" || strings.HasPrefix(value, "/") && !strings.HasPrefix(value, "//") && !strings.HasSuffix(value, "/") {
		return
	}
	instead := "Leave it out for an application at the root."
	if bare := strings.Trim(value, "/"); bare != "" {
		instead = "Write SCRIPT_NAME=/" + bare + "."
	}
	effect := "is cut off each request's path, and what is left lacks its first slash: the application does not find its URLs"
	if !strings.HasPrefix(value, "/") {
		effect = "is no beginning of any request's path: gunicorn from 22.0 on refuses every request, and with older releases the application builds wrong URLs"
	}
	p.Report(at, "SCRIPT_NAME=%s %s. %s", value, effect, instead)
}
