package rules

import (
	"bytes"
	"strings"

	"gsrv/lint"
)

// A libraryNeed says which release of a library a worker refuses to start below, from a gunicorn release on.
type libraryNeed struct{ since, library string }

// workerLibraries are the packages behind the kinds of workers that need one, and gunicorn's own checks, newest first.
var workerLibraries = map[string]struct {
	pkg   string
	needs []libraryNeed
}{
	workerGevent:   {"gevent", []libraryNeed{{"24.0.0", "24.10.1"}, {"20.0.0", "1.4"}}},
	workerEventlet: {"eventlet", []libraryNeed{{"24.0.0", "0.40.3"}, {"19.10.0", "0.24.1"}, {"", "0.9.7"}}},
	workerTornado:  {"tornado", nil},
}

// bringLibrary are packages that bring a worker's library along.
var bringLibrary = map[string][]string{
	"gevent":  {"gevent-websocket", "geventhttpclient", "locust"},
	"uvicorn": {"uvicorn-worker", "fastapi-cli"},
}

var workerLibraryRules = []*lint.Rule{
	{
		ID: "W008", Name: "worker-library-missing-or-old", Severity: lint.Error, Servers: []string{"gunicorn"},
		Summary: "The worker class needs a package that the project does not install, or a newer version of it.",
		Explain: `gunicorn does not bring gevent, eventlet, tornado or uvicorn along. The worker class is imported at the start, and where its
package is missing or too old gunicorn ends there: "gevent worker requires gevent 24.10.1 or higher" (1.4 before gunicorn 24).

A version that is pinned too low, and a package that is missing from a lock file, are errors. Where only requirements are known a missing
package is a warning, as something else may bring it. Extras such as gunicorn[gevent] count. The rule is silent where the project's
requirements do not name gunicorn either.

Require the package: ` + "`gunicorn[gevent]`" + `, or ` + "`gevent>=24.10.1`" + `.`,
		Sources: []string{"gunicorn/workers/ggevent.py and geventlet.py of each release", "gunicorn documentation, design: choosing a worker type"},
		Check: func(p *lint.Pass) {
			server, ok := p.Pin("gunicorn")
			if !ok || server.Kind == "image" {
				return
			}
			kind := gunicornWorker(p)
			library := workerLibraries[kind]
			if kind == workerUvicorn {
				library.pkg = "uvicorn-worker"
				if class, _ := p.Text("worker_class"); strings.HasPrefix(class, "uvicorn.") {
					library.pkg = "uvicorn"
				}
			}
			at := classRange(p)
			if library.pkg == "" || at.Filename == "" || kind == workerEventlet && p.AtLeast("26.0.0") {
				return
			}
			pin, ok := p.Pin(library.pkg)
			if !ok {
				for _, name := range bringLibrary[library.pkg] {
					if _, ok := p.Pin(name); ok {
						return
					}
				}
				if bytes.Contains(requirementLine(p, server), []byte(library.pkg)) {
					return // gunicorn[gevent]
				}
				f := p.Report(at, "This worker class needs the package %s, and the requirements do not name it: gunicorn ends at the start where it is not installed. Require it.", library.pkg).
					Also(server.Range, "gunicorn is required here")
				if server.Kind != "lock" {
					f.As(lint.Warning)
				}
				return
			}
			if pin.Version.IsZero() {
				return
			}
			for _, need := range library.needs {
				if p.Before(need.since) {
					continue
				}
				if !pin.Version.AtLeast(need.library) {
					f := p.Report(at, "gunicorn %s needs %s %s or later for this worker and does not start with %s %s. Raise the pin.", serverText(p, need.since), library.pkg, need.library, library.pkg, pin.Version).
						Also(pin.Range, "%s is pinned here", library.pkg)
					if p.Pinned.IsZero() {
						f.As(lint.Warning)
					}
				}
				return
			}
		},
	},
	{
		ID: "O016", Name: "proc-name-without-setproctitle", Severity: lint.Info, Servers: []string{"gunicorn"},
		Summary: "proc_name names the processes only where the package setproctitle is installed.",
		Explain: `gunicorn sets the titles that ps and top show by the package setproctitle. Without it proc_name is accepted and the processes
look like any other Python program.

The rule speaks where the project's requirements name gunicorn and not setproctitle; gunicorn[setproctitle] counts.

Require ` + "`gunicorn[setproctitle]`" + `, or take proc_name out.`,
		Sources: []string{"gunicorn documentation, settings: proc_name", "gunicorn/util.py, _setproctitle"},
		Check: func(p *lint.Pass) {
			s := p.Set("proc_name")
			server, ok := p.Pin("gunicorn")
			if s == nil || !ok || server.Kind == "image" || p.Known("proc_name") && p.False("proc_name") {
				return
			}
			if _, ok := p.Pin("setproctitle"); ok || bytes.Contains(requirementLine(p, server), []byte("setproctitle")) {
				return
			}
			p.Report(s.Range, "The processes do not get this name, as the package setproctitle is not required. Require gunicorn[setproctitle], or take proc_name out.").
				Also(server.Range, "gunicorn is required here")
		},
	},
}

// serverText names the release that a need is about: the pinned one, or all from one on.
func serverText(p *lint.Pass, since string) string {
	if p.Pinned.IsZero() {
		return since + " and later"
	}
	return p.Pinned.String()
}

// requirementLine gives the line that a pin stands on.
func requirementLine(p *lint.Pass, pin lint.Pin) []byte {
	text, err := p.Files().Read(pin.Range.Filename)
	at := pin.Range.Start.Byte
	if err != nil || at > len(text) {
		return nil
	}
	start := bytes.LastIndexByte(text[:at], '\n') + 1
	line, _, _ := bytes.Cut(text[start:], []byte("\n"))
	return line
}
