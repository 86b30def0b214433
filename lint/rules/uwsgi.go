package rules

import (
	"strings"

	"github.com/hashicorp/hcl/v2"

	"gsrv/lint"
	"gsrv/schema"
)

// uwsgiLoaders are the options that make uWSGI load a Python application.
var uwsgiLoaders = []string{"module", "wsgi-file", "file", "eval", "paste", "ini-paste", "ini-paste-logged", "mount", "pump", "django"}

// uwsgiLoader gives the setting that loads the application, or nil.
func uwsgiLoader(p *lint.Pass) *schema.Setting { return p.FirstSet(uwsgiLoaders...) }

// uwsgiEmperor gives the setting that makes the unit an emperor, or nil.
func uwsgiEmperor(p *lint.Pass) *schema.Setting { return p.FirstSet("emperor", "zerg-emperor") }

// impliedBy gives the option that switches another one on where it is not written itself, or "".
func impliedBy(_ *lint.Pass, s *schema.Setting) string {
	if s == nil {
		return ""
	}
	// The reader says so in the name of the source.
	_, by, _ := strings.Cut(s.Source, ", implied by ")
	return by
}

// keyOf gives the range of a setting's name, or of its value where the name has none.
func keyOf(s *schema.Setting) hcl.Range {
	if s.NameRange.Filename != "" {
		return s.NameRange
	}
	return s.Range
}

// several tells whether uWSGI runs more than one worker for certain.
func several(p *lint.Pass) bool {
	n, ok := p.Int("processes")
	return ok && n > 1
}
