package gunicorn

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
)

// TestAdvice checks what is said, and what is not, of what gunicorn takes without a word.
func TestAdvice(t *testing.T) {
	tests := []struct {
		name, version, file string
		argv                []string
		want                []string // code and place of every warning, in order
	}{
		{"misspelt", "20.1.0", "wrokers = 3\ntimout = 5\nmax_request = 7\n", nil, []string{"unknown-setting 1:1", "unknown-setting 2:1", "unknown-setting 3:1"}},
		{"flag for name", "20.1.0", "preload = True\naccess_logfile = '-'\nlog_level = 'debug'\npid = 'x'\nname = 'n'\n", nil, []string{"unknown-setting 1:1", "unknown-setting 2:1", "unknown-setting 3:1", "unknown-setting 4:1", "unknown-setting 5:1"}},
		{"helper is read", "20.1.0", "name = 'x'\nproc_name = name\nworker = 3\nworkers = worker * 2\nport = 80\nbind = f':{port}'\n", nil, nil},
		{"helper read in a hook", "20.1.0", "worker = 3\ndef on_exit(server):\n    print(worker)\n", nil, nil},
		{"right one is there too", "20.1.0", "worker = 3\nworkers = 4\n", nil, nil},
		{"private and imported", "20.1.0", "_workers = 3\n__version__ = '1'\nimport logging as log\nfrom os import name\n", nil, nil},
		{"own names", "20.1.0", "base = 'x'\nhost = 'h'\nchain = 1\npath = '/'\napp = 2\nnew = 3\nDEBUG = True\nMAX = 3\n", nil, nil},
		{"wrong case", "20.1.0", "Workers = 3\nBIND = ':80'\n", nil, []string{"wrong-case 1:1", "wrong-case 2:1"}},
		{"constant that is read", "20.1.0", "WORKERS = 3\nworkers = WORKERS\n", nil, nil},
		{"removed", "20.1.0", "debug = True\n", nil, []string{"removed-setting 1:1"}},
		{"removed name as helper", "20.1.0", "debug = True\nreload = debug\n", nil, nil},
		{"too new", "19.10.0", "wsgi_app = 'app:app'\n", []string{"app:app"}, []string{"setting-too-new 1:1"}},
		{"near a hook", "20.1.0", "def post_work_init(worker):\n    pass\ndef helper(a):\n    pass\n", nil, []string{"unknown-setting 1:1"}},
		{"called helper near a hook", "20.1.0", "def on_exits():\n    return 3\nworkers = on_exits()\n", nil, nil},
		{"comma in bind", "20.1.0", "bind = '127.0.0.1:1,127.0.0.1:2'\n", nil, []string{"invalid-address 1:8"}},
		{"none in bind", "20.1.0", "import os\nbind = f\"0.0.0.0:{os.environ.get('NOPE')}\"\n", nil, []string{"invalid-address 2:8"}},
		{"binds", "20.1.0", "bind = ['/run/x.sock', 'http://a:1', '::1:80', 'a:99999', 'unix:', 'a:$PORT']\n", nil, []string{"invalid-address 1:8", "invalid-address 1:8", "invalid-address 1:8", "invalid-address 1:8", "invalid-address 1:8", "invalid-address 1:8"}},
		{"good binds", "20.1.0", "bind = ['a', ':80', '[::1]:80', 'unix:/run/x.sock', 'unix:///run/y', 'fd://3', 'tcp://a:1', 'a:0', '']\n", nil, nil},
		{"bind argument", "20.1.0", "", []string{"-b", "a:1", "-b", "a:b,c", "app:app"}, []string{"invalid-address 1:20"}},
		{"words", "20.1.0", "loglevel = 'loud'\nworker_class = 'gevnt'\nsyslog_facility = 'x'\n", nil, []string{"unknown-word 2:16", "unknown-word 1:12", "unknown-word 3:19"}},
		{"good words", "20.1.0", "loglevel = 'WARNING'\nworker_class = 'uvicorn.workers.UvicornWorker'\nsyslog_facility = 'local3'\n", nil, nil},
		{"worker gone", "26.0.0", "worker_class = 'eventlet'\n", nil, []string{"unknown-word 1:16"}},
		{"umask", "20.1.0", "umask = 22\n", nil, []string{"suspicious-value 1:9"}},
		{"good umask", "20.1.0", "umask = 0o22\n", nil, nil},
		{"sendfile", "20.1.0", "sendfile = True\n", nil, []string{"inverted-value 1:12"}},
		{"sendfile off", "20.1.0", "sendfile = False\n", nil, nil},
		{"bounds", "20.1.0", "limit_request_line = 9000\nlimit_request_fields = 40000\nworkers = 0\ncert_reqs = 7\n", nil, []string{"out-of-range 3:11", "out-of-range 1:22", "out-of-range 2:24", "out-of-range 4:13"}},
		{"text none", "20.1.0", "import os\npidfile = str(os.environ.get('NOPE'))\n", nil, []string{"none-as-text 2:11"}},
		{"pairs", "20.1.0", "raw_env = ['A=1', 'B']\n", nil, []string{"invalid-value 1:11"}},
		{"key alone", "20.1.0", "keyfile = 'k.pem'\n", nil, []string{"incomplete 1:11"}},
		{"networks never match", "22.0.0", "forwarded_allow_ips = '10.0.0.0/8'\n", nil, []string{"suspicious-value 1:23"}},
		{"networks match", "25.0.0", "forwarded_allow_ips = '10.0.0.0/8'\n", nil, nil},
		{"overridden", "20.1.0", "loglevel = 'loud'\n", []string{"--log-level", "info", "app:app"}, nil},
		{"two words", "20.1.0", "", []string{"app:app", "two"}, []string{"ignored-argument 1:18"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			check(t, os.WriteFile(filepath.Join(dir, "app.py"), []byte(appSource), 0o644))
			check(t, os.WriteFile(filepath.Join(dir, defaultFile), []byte(test.file), 0o644))
			argv := test.argv
			if argv == nil {
				argv = []string{"app:app"}
			}
			cfg, diags := readIn(dir, test.version, map[string]string{}, argv...)
			checkSound(t, cfg, diags)
			var got []string
			for _, d := range diags {
				if d.Severity == hcl.DiagError {
					t.Errorf("error: %s: %s", d.Summary, d.Detail)
				} else if !schema.DetailOf(d).Note {
					got = append(got, fmt.Sprintf("%s %d:%d", schema.DetailOf(d).Code, d.Subject.Start.Line, d.Subject.Start.Column))
				}
			}
			if strings.Join(got, ", ") != strings.Join(test.want, ", ") {
				t.Errorf("want %q, got %q:\n%s", test.want, got, strings.Join(diagTexts(diags), "\n"))
			}
		})
	}
}
