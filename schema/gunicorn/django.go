package gunicorn

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
	"gsrv/schema/python/value"
)

// readDjangoCommand reads "gunicorn_django ARGUMENTS [SETTINGS]", which 19.7 no longer has.
func (r *reader) readDjangoCommand() {
	program := r.in.Command[0]
	if r.release.AtLeast("19.7.0") {
		r.add(schema.Errorf("removed-command", program.Range, "gunicorn_django is gone", "gunicorn %s has no gunicorn_django, it was removed in 19.7: start the project's WSGI module instead, as gunicorn PROJECT.wsgi. Or name the release in use with --target gunicorn@19.6.0.", r.release.Version))
		r.stopped = true
		return
	}
	args := r.arguments(r.in.Command[1:], program)
	if r.stopped {
		return
	}
	r.app = appRef{known: true, given: true, uri: "django", at: program.Range, paste: true}
	if len(args.positional) > 0 {
		r.djangoSettings(args.positional[0])
	}
	if !r.stopped {
		r.layConfiguration(args)
	}
}

// djangoSettings takes the settings module from the first word: its dotted name, or the project's directory.
func (r *reader) djangoSettings(w schema.Word) {
	kind := r.in.Files.Exists(w.Text)
	if strings.Contains(w.Text, ".") && kind != "file" && kind != "dir" {
		r.layDjango("django_settings", w.Text, w.Range)
		return
	}
	dir, module := value.PathAbs(w.Text, r.in.Dir), "settings"
	switch kind {
	case "dir":
		if !isFile(filepath.Join(dir, "settings.py")) {
			found, _ := filepath.Glob(filepath.Join(escapeGlob(dir), "*", "settings.py"))
			slices.Sort(found)
			if len(found) == 0 {
				dir = ""
				break
			}
			dir = filepath.Dir(found[0])
		}
	case "file":
		module = strings.TrimSuffix(filepath.Base(dir), filepath.Ext(dir))
		dir = filepath.Dir(dir)
	default:
		dir = ""
	}
	if dir == "" {
		d := schema.Errorf("no-application", w.Range, "No Django project", "%s holds no settings.py, nor does a directory in it, and gunicorn_django ends with status 1. Name the project's directory or its settings module.", pyRepr(w.Text))
		schema.DetailOf(d).ServerMessage = "Error: django project not found"
		r.add(d)
		r.stopped = true
		return
	}
	r.layDjango("django_settings", filepath.Base(dir)+"."+module, w.Range)
	r.layDjango("pythonpath", filepath.Dir(dir), w.Range)
}

func (r *reader) layDjango(name, text string, at hcl.Range) {
	s := r.release.Spec(name)
	if s == nil {
		return
	}
	e := &entry{spec: s, raw: value.Str(text), Setting: schema.Setting{Native: s.Name, Option: s.Option, Name: s.Option.Model, Value: schema.String(text, at), Range: at, NameRange: at}}
	e.take(r.check.validate(s, e.raw))
	r.stack.lay(schema.LayerFramework, "command line", []*entry{e})
}
