package rules

import (
	"context"
	"path/filepath"
	"testing"

	"golang.org/x/tools/txtar"

	"gsrv/lint"
	"gsrv/schema"
)

// FuzzLint runs every rule over anything: nothing crashes, every range lies in its text, and applying the fixes ends in a text on
// which no fix is left to apply.
func FuzzLint(f *testing.F) {
	files, err := filepath.Glob(filepath.Join(fixtureDir, "*.txtar"))
	if err != nil {
		f.Fatal(err)
	}
	names := []string{"uwsgi.ini", "gunicorn.conf.py", "production.ini", "uwsgi.yaml", "uwsgi.xml", "uwsgi.json", "gsrv.hcl"}
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, section := range a.Files {
			for i, name := range names {
				if filepath.Base(section.Name) == name {
					f.Add(byte(i), section.Data)
				}
			}
		}
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, kind byte, text []byte) {
		if len(text) > 4096 {
			return
		}
		name := names[int(kind)%len(names)]
		l := &lint.Linter{
			Source: lint.Source{Root: dir, Host: &schema.HostInputs{Dir: dir}, Overlay: map[string][]byte{name: text}},
			Rules:  All(),
		}
		run := func(l *lint.Linter) *lint.Result { return l.Run(context.Background(), []string{name}) }
		check := func(res *lint.Result) {
			for _, c := range res.Crashes {
				t.Fatalf("%s crashed: %v\n%s", c.Rule, c.Value, c.Stack)
			}
			for _, x := range res.Findings {
				if x.Files != nil { // a finding about a secret shows no source
					source := x.Files.Text(x.Range.Filename)
					if x.Range.Filename != "" && (x.Range.End.Byte > len(source) || x.Range.Start.Byte > x.Range.End.Byte) {
						t.Fatalf("%s: range %v of a text of %d bytes", x.Rule.ID, x.Range, len(source))
					}
				}
				if x.Message == "" || x.Fingerprint == "" {
					t.Fatalf("%s: no message or fingerprint", x.Rule.ID)
				}
			}
		}
		check(run(l))
		repair, res := l.Repair(run, true)
		check(res)
		if fixed := repair.Texts[name]; fixed != nil {
			l.Overlay = map[string][]byte{name: fixed}
			if again, _ := l.Repair(run, true); again.Applied > 0 {
				t.Fatalf("fixes are left after the fixes:\n%s\nbecame\n%s", text, fixed)
			}
		}
	})
}
