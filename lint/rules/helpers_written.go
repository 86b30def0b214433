package rules

import (
	"strings"

	"gsrv/lint"
	"gsrv/schema"
)

// written gives a setting's name as it stands in the source: the flag on a command line, the key in a file, the variable.
func written(p *lint.Pass, s *schema.Setting) string {
	switch lint.FormOf(s.NameRange.Filename) {
	case lint.FormEnv:
		return strings.TrimSuffix(strings.TrimPrefix(s.NameRange.Filename, "<environment "), ">")
	case lint.FormXML:
		return s.Native
	}
	name, _, _ := strings.Cut(p.Source(s.NameRange), "=")
	if name == "" || len(name) > 60 {
		return s.Native
	}
	return strings.Trim(name, `"'`)
}

// literal tells whether a setting is written out, so that no variable of the host decides.
func literal(s *schema.Setting) bool {
	_, ok := s.Value.(*schema.Const)
	return ok && !s.Maybe
}
