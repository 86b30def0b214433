package lint

import (
	"path"
	"path/filepath"
	"strings"
)

// inside tells whether a name is a real file below the linted directory: not absolute, not above it, not a pseudo file.
func inside(name string) bool {
	return name != "" && !strings.HasPrefix(name, "<") && filepath.IsLocal(name)
}

// Candidate tells from its path alone whether a file may be a server's configuration, so that no other file needs to be
// opened. Files that the user names are read whatever they are called.
func Candidate(name string) bool {
	lower := strings.ToLower(name)
	base := path.Base(lower)
	switch ext := path.Ext(base); ext {
	case ".ini":
		return true
	case ".hcl":
		return !strings.HasPrefix(base, ".")
	case ".py":
		if strings.HasPrefix(base, "test_") || strings.HasSuffix(base, "_test.py") {
			return false
		}
		return strings.HasSuffix(base, ".conf.py") || strings.Contains(lower, "gunicorn") || strings.Contains(base, "guni")
	case ".conf", ".cfg", "":
		return strings.Contains(base, "gunicorn") || strings.Contains(base, "uwsgi")
	case ".xml", ".yaml", ".yml", ".json":
		return strings.Contains(lower, "uwsgi")
	}
	return false
}

// sureEnough is how sure a dialect must be of a file that was found rather than named.
const sureEnough = 60

// templateSuffixes end the names of templates, which are no configurations before something fills them in.
var templateSuffixes = []string{".j2", ".jinja", ".jinja2", ".tmpl", ".tpl", ".template", ".erb", ".mustache", ".in", ".mako"}

// Template tells whether a path is a template of what could be a configuration.
func Template(name string) bool {
	for _, suffix := range templateSuffixes {
		if rest, ok := strings.CutSuffix(strings.ToLower(name), suffix); ok {
			return Candidate(rest)
		}
	}
	return false
}
