package write

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"gsrv/fixtures/oracle"
	"gsrv/schema"
)

// TestUmask: gunicorn's umask is the mode of unix sockets, that of uWSGI and gsrv is the application's.
func TestUmask(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, dialect, target, text, want, without string }{
		{"to uwsgi", "gunicorn", "uwsgi", "bind = 'unix:/run/x.sock'\numask = 0o007\n", "\nchmod-socket = 770\n", "umask"},
		{"to uwsgi, default", "gunicorn", "uwsgi", "bind = 'unix:/run/x.sock'\n", "\nchmod-socket = 777\n", "\numask"},
		{"to uwsgi, no socket", "gunicorn", "uwsgi", "bind = '127.0.0.1:80'\numask = 0o007\n", "", "chmod-socket"},
		{"to uwsgi, host's port", "gunicorn", "uwsgi", "import os\nbind = '127.0.0.1:' + os.environ['PORT']\numask = 0o007\n", "", "chmod-socket"},
		{"to uwsgi, host's mask", "gunicorn", "uwsgi", "import os\nbind = 'unix:/run/x.sock'\numask = os.environ['MASK']\n", `TODO(gsrv): umask = env("MASK")`, "\nchmod-socket"},
		{"back", "gunicorn", "gunicorn", "import os\nbind = 'unix:/run/x.sock'\numask = os.environ['MASK']\n", "\numask = os.environ[\"MASK\"]\n", "TODO(gsrv): umask"},
		{"to hypercorn", "gunicorn", "hypercorn", "bind = 'unix:/run/x.sock'\numask = 0o007\n", "--umask=7", "umask 0007"},
		{"to hypercorn, default", "gunicorn", "hypercorn", "bind = 'unix:/run/x.sock'\n", "--umask=0", "umask 0000"},
		{"to hypercorn, no socket", "uwsgi", "hypercorn", "[uwsgi]\nhttp-socket = :80\nchmod-socket = 660\n", "", "--umask"},
		{"to waitress", "gunicorn", "waitress", "bind = 'unix:/run/x.sock'\numask = 0o007\n", "--unix-socket-perms=770", "umask"},
		{"to uvicorn", "gunicorn", "uvicorn", "bind = 'unix:/run/x.sock'\numask = 0o007\n", "TODO(gsrv): umask = 0o007 is not carried over", "\numask"},
		{"mode", "uwsgi", "gunicorn", "[uwsgi]\nhttp-socket = /run/x.sock\nchmod-socket = 660\n", "\numask = 0o117\n", "TODO(gsrv): chmod"},
		{"mode beyond permissions", "native", "gunicorn", "listen \"unix:/run/x.sock\" {\n mode = \"01660\"\n}\n", "TODO(gsrv): listen.mode = \"01660\" is not carried over", "\numask"},
		{"mode without a socket", "uwsgi", "gunicorn", "[uwsgi]\nhttp-socket = 127.0.0.1:80\nchmod-socket = 660\n", "", "umask"},
		{"mask", "uwsgi", "gunicorn", "[uwsgi]\nhttp-socket = 127.0.0.1:80\numask = 027\n", "\nos.umask(0o027)\n", "\numask"},
		{"mask and a socket", "uwsgi", "gunicorn", "[uwsgi]\nhttp-socket = /run/x.sock\numask = 027\n", "\nos.umask(0o027)\n\n# The mode of unix sockets, which follows from the umask of uWSGI.\numask = 0o027\n", ""},
		{"mask and mode", "native", "gunicorn", "listen \"unix:/run/x.sock\" {\n mode = \"0660\"\n}\nprocess {\n umask = \"0027\"\n}\n", "\nos.umask(0o027)\n", "\numask = 0o027"},
		{"mask of a daemon", "native", "gunicorn", "process {\n umask = \"0027\"\n daemon = true\n}\n", "it has read this file: start", "\nos.umask("},
		{"a daemon's own mask", "native", "gunicorn", "process {\n umask = \"0022\"\n daemon = true\n}\n", "", "umask"},
		{"host's", "native", "gunicorn", "process {\n umask = env(\"MASK\", \"0027\")\n}\n", "TODO(gsrv): process.umask", "\nos.umask("},
		{"waitress's own mode", "waitress", "gunicorn", "[server:main]\nuse = egg:waitress\nunix_socket = /run/x.sock\n", "\numask = 0o177\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.dialect == "waitress" {
				c.dialect = "paste"
			}
			cfg, _ := readText(t, c.dialect, c.text, schema.NoHost, newest)
			write := writers[c.target]
			if write == nil {
				write = commands[c.target].write
			}
			text := string(write(cfg, Options{}).Text)
			flowing := strings.ReplaceAll(text, "\n# ", " ")
			if !strings.Contains(text, c.want) && !strings.Contains(flowing, c.want) {
				t.Errorf("%q is not in\n%s", c.want, text)
			}
			if c.without != "" && strings.Contains(text, c.without) {
				t.Errorf("%q is in\n%s", c.without, text)
			}
		})
	}
}

// TestUmaskOfGunicorn runs Debian's gunicorn with what is written: the socket has its mode, the application's files the mask.
func TestUmaskOfGunicorn(t *testing.T) {
	t.Parallel()
	program := oracle.Program(t, "gunicorn")
	dir := t.TempDir()
	socket := filepath.Join(dir, "s.sock")
	cfg, _ := readText(t, "native", "app \"app:app\" {}\nlisten \"unix:"+socket+"\" {\n mode = \"0660\"\n}\nprocess {\n umask = \"0027\"\n}\n", schema.NoHost, newest)
	written := Gunicorn(cfg, Options{Version: schema.MustVersion("20.1.0")})
	for name, text := range map[string]string{
		"gunicorn.conf.py": string(written.Text),
		"app.py":           "def app(environ, start_response):\n    open('made', 'w').close()\n    start_response('200 OK', [])\n    return []\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, program)
	cmd.Dir, cmd.Env = dir, []string{"PATH=/usr/bin:/bin", "HOME=" + dir}
	var log strings.Builder
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Signal(syscall.SIGTERM)
	client := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		for {
			conn, err := new(net.Dialer).DialContext(ctx, "unix", socket)
			if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ECONNREFUSED) || ctx.Err() != nil {
				return conn, err
			}
			time.Sleep(20 * time.Millisecond) // it is not there yet
		}
	}, DisableKeepAlives: true}}
	request, _ := http.NewRequestWithContext(ctx, http.MethodGet, "http://x/", nil)
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err, log.String(), string(written.Text))
	}
	answer.Body.Close()
	for name, want := range map[string]os.FileMode{"s.sock": 0o660, "made": 0o640} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v, not %o", name, info.Mode().Perm(), err, want)
		}
	}
}
