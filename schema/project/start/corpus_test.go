package start

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
)

// TestCorpus reads real deployment files where a collection of them lies beside the checkout. Each starts something,
// and none is refused.
func TestCorpus(t *testing.T) {
	const collection = "../../../../shared/corpus/deploy"
	for kind, read := range map[string]func(*schema.Files, string) ([]*Command, hcl.Diagnostics){
		"procfile": Procfile,
		"dockerfile": func(f *schema.Files, name string) ([]*Command, hcl.Diagnostics) {
			return Dockerfile(f, name, DockerOptions{})
		},
		"compose": func(f *schema.Files, name string) ([]*Command, hcl.Diagnostics) { return Compose(f, name) },
	} {
		names, _ := filepath.Glob(filepath.Join(collection, kind, "*"))
		if len(names) == 0 {
			t.Skip("no collection of real files")
		}
		for _, name := range names {
			if strings.HasPrefix(filepath.Base(name), ".") {
				continue
			}
			files := schema.NewFiles(filepath.Dir(name))
			commands, diags := read(files, filepath.Base(name))
			sound(t, files, commands, diags)
			if len(commands) == 0 || diags.HasErrors() {
				t.Errorf("%s: %d commands, %s", name, len(commands), diags)
			}
		}
	}
}
