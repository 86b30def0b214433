package start

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gsrv/schema"
)

func TestTrial(t *testing.T) {
	dir := os.Getenv("TRIAL")
	if dir == "" {
		t.Skip()
	}
	filepath.Walk(dir, func(p string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return nil
		}
		files := schema.NewFiles(filepath.Dir(p))
		name := filepath.Base(p)
		var commands []*Command
		var diags error
		short := name
		if i := strings.Index(name, "__"); i > 0 {
			short = name[i+2:]
		}
		switch {
		case strings.Contains(short, "compose"):
			c, d := Compose(files, name)
			commands, diags = c, d
		case strings.Contains(short, "Procfile"):
			c, d := Procfile(files, name)
			commands, diags = c, d
		case strings.Contains(strings.ToLower(short), "dockerfile"):
			c, d := Dockerfile(files, name, DockerOptions{})
			commands, diags = c, d
		default:
			c, d := Script(files, name)
			commands, diags = c, d
		}
		t.Logf("== %s %v", name, diags)
		for _, c := range commands {
			t.Logf("   %s ports=%v", show(c)+more(c), c.Ports)
		}
		return nil
	})
}
