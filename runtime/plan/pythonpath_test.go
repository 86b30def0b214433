package plan_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gsrv/runtime/plan"
	"gsrv/schema"
	"gsrv/schema/project"
)

// TestPythonPath: what servers put before Python's search path, the directory that is searched first in front. uWSGI
// expands patterns in the directory that it is started in, as it reads them, and each match goes before the one
// before it; what matches nothing stays as it is written. uWSGI 2.0.21 and gunicorn 20.1.0 have these orders.
func TestPythonPath(t *testing.T) {
	for _, tt := range []struct{ dialect, file, text, want string }{
		{"uwsgi", "u.ini", "[uwsgi]\nhttp-socket = :8000\nmodule = a:b\nplugins = python3\npythonpath = DIR/lib*/site\n", "DIR/lib2/site DIR/lib10/site DIR/lib1/site"},
		{"uwsgi", "u.ini", "[uwsgi]\nhttp-socket = :8000\nmodule = a:b\nplugins = python3\npythonpath = DIR/first\npythonpath = DIR/lib[12]\npythonpath = DIR/none*\npp = DIR/{lib1,lib2}\n", "DIR/{lib1,lib2} DIR/none* DIR/lib2 DIR/lib1 DIR/first"},
		{"uwsgi", "u.ini", "[uwsgi]\nhttp-socket = :8000\nmodule = a:b\nplugins = python3\nchdir = DIR/sub\npythonpath = lib?\n", "DIR/sub/lib2 DIR/sub/lib1"},
		{"uwsgi", "u.ini", "[uwsgi]\nhttp-socket = :8000\nmodule = a:b\nplugins = python3\npythonpath = DIR/*hid*\n", "DIR/*hid*"},
		{"uwsgi", "u.ini", "[uwsgi]\nhttp-socket = :8000\nmodule = a:b\nplugins = python3\npythonpath = DIR/sp \\[a\\]\n", "DIR/sp [a]"},
		{"gunicorn", "g.conf.py", "wsgi_app = 'a:b'\npythonpath = 'DIR/one,DIR/two,DIR/one,lib*'\n", "DIR/lib* DIR/two DIR/one"},
		{"native", "gsrv.hcl", "app \"a:b\" {\n  python_path = [\"DIR/one\", \"DIR/two\"]\n}\n", "DIR/one DIR/two"},
	} {
		dir, err := filepath.EvalSymlinks(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		for _, sub := range []string{"lib1/site", "lib2/site", "lib10/site", ".ahid", "sp [a]", "sub/lib1", "sub/lib9"} {
			if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		files := schema.NewFiles(dir)
		files.Put(tt.file, []byte(strings.ReplaceAll(tt.text, "DIR", dir)))
		cfg, diags := project.DialectByName(tt.dialect).Read(schema.Input{Files: files, Dir: dir, Host: &schema.HostInputs{Dir: dir, CPUs: 2, NoEnv: true}, File: tt.file})
		p, more := plan.Make(cfg, dir)
		var got []string
		for _, name := range p.App.PythonPath {
			got = append(got, strings.TrimSuffix(strings.ReplaceAll(name, dir, "DIR"), "/"))
		}
		if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s%v%v", tt.text, diff, diags, more)
		}
	}
}
