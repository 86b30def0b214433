package gunicorn

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
)

// TestBadInput reads what is no configuration: each gives a clear diagnostic, at once.
func TestBadInput(t *testing.T) {
	file := func(text string) func(t *testing.T, path string) {
		return func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	tests := []struct {
		name string
		make func(t *testing.T, path string)
		want string // part of the first error; "" where there is none
	}{
		{"truncated", file("workers = (\n"), "'(' was never closed"},
		{"binary", file("\x7fELF\x02\x01\x01\x00\x00\x00\xff\xfe"), "null bytes"},
		{"nul", file("workers = 3\x00\n"), "null bytes"},
		{"bom", file("\ufeffworkers = 3\r\n"), ""},
		{"crlf", file("workers = 3\r\nthreads = 2\r\n"), ""},
		{"invalid utf-8", file("proc_name = '\xff\xfe'\n"), "utf-8"},
		{"empty", file(""), ""},
		{"python 2", file("print 'x'\n"), "Python 2"},
		{"endless", file("while True:\n    pass\n"), ""},
		{"bomb", file("workers = 10**10**10\n"), ""},
		{"large text", file("proc_name = 'a' * 10**12\n"), ""},
		{"deep", file("x = " + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + "\n"), "nested"},
		{"holds itself", file("logconfig_dict = {}\nlogconfig_dict['a'] = logconfig_dict\n"), ""},
		{"directory", func(t *testing.T, path string) { check(t, os.Mkdir(path, 0o755)) }, "directory"},
		{"fifo", func(t *testing.T, path string) { check(t, syscall.Mkfifo(path, 0o644)) }, "named pipe"},
		{"large", func(t *testing.T, path string) {
			check(t, os.WriteFile(path, nil, 0o644))
			check(t, os.Truncate(path, 100<<20))
		}, "too large"},
		{"link to itself", func(t *testing.T, path string) { check(t, os.Symlink(filepath.Base(path), path)) }, "does not exist"},
		{"import loop", func(t *testing.T, path string) {
			file("from other import x\nworkers = 2\n")(t, path)
			file("import conf\nfrom conf import workers\nx = 1\n")(t, filepath.Join(filepath.Dir(path), "other.py"))
		}, "cannot import name 'x'"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			check(t, os.WriteFile(filepath.Join(dir, "app.py"), []byte(appSource), 0o644))
			test.make(t, filepath.Join(dir, "conf.py"))
			cfg, diags := readIn(dir, "20.1.0", map[string]string{}, "-c", "conf.py", "app:app")
			checkSound(t, cfg, diags)
			first := ""
			for _, d := range diags {
				if d.Severity == hcl.DiagError {
					first = d.Summary + ": " + d.Detail + " " + schema.DetailOf(d).ServerMessage
					break
				}
			}
			if (test.want == "") != (first == "") || !strings.Contains(first, test.want) {
				t.Errorf("want %q, got %q of %q", test.want, first, diagTexts(diags))
			}
		})
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
