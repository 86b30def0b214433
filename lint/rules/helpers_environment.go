package rules

import (
	"github.com/hashicorp/hcl/v2"

	"gsrv/lint"
	"gsrv/schema"
)

// variableRange gives the place of an environment variable that is known to be set: its whole value.
func variableRange(p *lint.Pass, name string) hcl.Range {
	text, state := p.Input.Host.Env(name)
	if state != schema.EnvSet {
		return hcl.Range{}
	}
	file := schema.EnvFile(name)
	p.Files().Put(file, []byte(text))
	return schema.RangeOf(file, []byte(text), 0, len(text))
}
