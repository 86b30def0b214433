package start

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/rogpeppe/go-internal/txtar"

	"gsrv/schema"
)

// seeds are the files of the shapes whose names end so.
func seeds(f *testing.F, match func(string) bool) {
	f.Helper()
	names, _ := filepath.Glob("testdata/*.txtar")
	for _, name := range names {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			if match(file.Name) {
				f.Add(string(file.Data))
			}
		}
	}
}

// sound checks what must hold of any answer: places inside their files, openings that belong to words.
func sound(t *testing.T, files *schema.Files, commands []*Command, diags hcl.Diagnostics) {
	t.Helper()
	check := func(what string, r hcl.Range) {
		if r.Filename == "" {
			return
		}
		text := files.Text(r.Filename)
		if r.Start.Byte < 0 || r.End.Byte < r.Start.Byte || r.End.Byte > len(text) || r.Start.Line < 1 || r.Start.Column < 1 {
			t.Fatalf("%s: %v outside of %s (%d bytes)", what, r, r.Filename, len(text))
		}
	}
	for _, c := range commands {
		if len(c.Words) == 0 {
			t.Fatal("a command without words")
		}
		for _, w := range c.Words {
			check("word "+w.Text, w.Range)
		}
		for _, o := range c.Open {
			check("open "+o.Name, o.Range)
			if o.Word < -1 || o.Word >= len(c.Words) {
				t.Fatalf("open %q of word %d among %d", o.Name, o.Word, len(c.Words))
			}
		}
		for name, v := range c.Env {
			check("env "+name, v.Range)
		}
		for _, rel := range c.Related {
			check("related "+rel.Message, rel.Range)
		}
		check("command", c.Range)
	}
	for _, d := range diags {
		check("diagnostic "+d.Summary, *d.Subject)
	}
}

func fuzzTree() *schema.Files {
	files := schema.NewFiles(filepath.Join(os.TempDir(), "no-such-directory"))
	for name, text := range map[string]string{
		"run.sh":        "#!/bin/sh\nexec gunicorn \"$@\"\n",
		"entrypoint.sh": "#!/bin/sh\n. ./env\n./run.sh \"$@\"\nexec \"$@\"\n",
		"env":           "A=1\n",
	} {
		files.Put(name, []byte(text))
	}
	return files
}

func FuzzScript(f *testing.F) {
	seeds(f, func(name string) bool { return strings.HasSuffix(name, ".sh") || strings.HasSuffix(name, "start") })
	for _, text := range []string{
		"a=b; set -- $a \"$@\"; exec \"$@\"", "case $1 in a*) gunicorn x;; esac", "f() { f; }; f", "for x in a b; do $x; done",
		"while :; do break; done", "x=(a b); ${x[@]:1} ${#x} ${x/a/b} ${x%%b*} $((1+2*x))", "eval \"$(cat x)\"", "sh -c 'sh -c \"gunicorn a\"'",
		"[[ $a == b* && ! -z $c ]] || exit", "cat <<-E\n\tx\n\tE\ngunicorn", "$(", "${a:-${b:-$c}}", "x=$x$x; x=$x$x; x=$x$x; $x", "((((((((((", "{{ a }} {% b %}",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		files := fuzzTree()
		files.Put("x.sh", []byte(text))
		commands, diags := Script(files, "x.sh")
		sound(t, files, commands, diags)
	})
}

func FuzzProcfile(f *testing.F) {
	seeds(f, func(name string) bool { return strings.HasSuffix(name, "Procfile") })
	f.Fuzz(func(t *testing.T, text string) {
		files := fuzzTree()
		files.Put("Procfile", []byte(text))
		commands, diags := Procfile(files, "Procfile")
		sound(t, files, commands, diags)
	})
}

func FuzzDockerfile(f *testing.F) {
	seeds(f, func(name string) bool { return strings.HasSuffix(name, "Dockerfile") })
	f.Add("FROM a\nCMD [\"\\u00e9\\ud83d\\ude00\\n\", \"x\"]\nENV A=${B:-${C}} D=\"e f\" G='$h'\nCOPY --from=0 *.py a/ b\\\n\n# c\n d")
	f.Add("FROM a as b\nFROM b as a\nFROM a\nCOPY --from=a . .\nENTRYPOINT x\nSHELL [\"bash\", \"-ec\"]\nCMD y")
	f.Fuzz(func(t *testing.T, text string) {
		files := fuzzTree()
		files.Put("Dockerfile", []byte(text))
		commands, diags := Dockerfile(files, "Dockerfile", DockerOptions{})
		sound(t, files, commands, diags)
	})
}

func FuzzCompose(f *testing.F) {
	seeds(f, func(name string) bool { return strings.HasSuffix(name, ".yml") || strings.HasSuffix(name, ".yaml") })
	f.Add("services:\n  a: &a {command: 'x ''y'' z', extends: b}\n  b:\n    <<: *a\n    command: \"\\x41 \\\n      b $$c ${D:-${E:+f}}\"\n    volumes: [a:b:ro, {type: bind, source: ., target: /x}]\n")
	f.Add("services: {a: {build: ., command: [sh, -c, 'gunicorn é']}}\ninclude: [compose.yaml]\n")
	f.Add("services:\n  web:\n    command: |\n      gunicorn\n        app\n    environment:\n      - A\n      - B=${C?d}\n")
	f.Fuzz(func(t *testing.T, text string) {
		files := fuzzTree()
		files.Put("compose.yaml", []byte(text))
		files.Put("Dockerfile", []byte("FROM x\nCMD y $A"))
		commands, diags := Compose(files, "compose.yaml", "compose.yaml")
		sound(t, files, commands, diags)
	})
}
