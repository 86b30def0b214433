package rules

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/tools/txtar"

	"gsrv/lint"
	"gsrv/schema"
)

// BenchmarkLint lints typical configurations, those of the fixtures, with every rule: a configuration each time.
func BenchmarkLint(b *testing.B) {
	files, err := filepath.Glob(filepath.Join(fixtureDir, "*.txtar"))
	if err != nil || len(files) == 0 {
		b.Fatal(err)
	}
	root := b.TempDir()
	var names []string
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			b.Fatal(err)
		}
		for _, section := range a.Files {
			switch base := filepath.Base(section.Name); base {
			case "uwsgi.ini", "gunicorn.conf.py", "production.ini":
				name := fmt.Sprintf("%s%03d/%s", base[:1], len(names), base)
				if err := os.MkdirAll(filepath.Join(root, filepath.Dir(name)), 0o755); err != nil {
					b.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(root, name), section.Data, 0o644); err != nil {
					b.Fatal(err)
				}
				names = append(names, name)
			}
		}
	}
	l := &lint.Linter{Source: lint.Source{Root: root, Host: &schema.HostInputs{Dir: root}}, Rules: All(), Policy: &lint.Policy{}}
	l.UsePins()
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		l.Run(context.Background(), names[i%len(names):i%len(names)+1])
		i++
	}
}
