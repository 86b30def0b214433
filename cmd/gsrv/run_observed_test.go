package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"gsrv/runtime/control"
)

// mirrorApp tells what it was asked and where it runs, as JSON.
const mirrorApp = `import json, os, sys, time, threading
def application(environ, start_response):
    body = environ["wsgi.input"].read()
    if environ["PATH_INFO"] == "/slow":
        time.sleep(60)
    if environ["PATH_INFO"] == "/touch":
        open("touched", "w").close()
    out = {k: v for k, v in environ.items() if isinstance(v, str)}
    out.update(cwd=os.getcwd(), path=sys.path, length=len(body), threads=environ["wsgi.multithread"], pid=os.getpid(), SHOP=os.environ.get("SHOP", ""),
        uid=os.getuid(), comm=open("/proc/self/comm").read().strip(), thread=threading.current_thread().name)
    text = json.dumps(out).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(text)))])
    return [text]
app = application
`

// raw sends bytes over a connection of its own and reads one answer.
func raw(t *testing.T, address, request string) (status int, body string, closes bool) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	method, _, _ := strings.Cut(request, " ")
	r, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%q: %v", request, err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(text), r.Close
}

// mirror asks for a page of mirrorApp.
func mirror(t *testing.T, address, request string) map[string]any {
	t.Helper()
	status, body, _ := raw(t, address, request)
	var out map[string]any
	if err := json.Unmarshal([]byte(body), &out); err != nil {
		t.Fatalf("%q: %d %s", request, status, body)
	}
	return out
}

func pageRequest(path string, headers ...string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: shop\r\n" + strings.Join(append(headers, ""), "\r\n") + "\r\n"
}

// statuses sends requests and compares the status of their answers.
func statuses(t *testing.T, address string, want map[string]int) {
	t.Helper()
	for request, status := range want {
		if got, body, _ := raw(t, address, request); got != status {
			t.Errorf("%q: %d, want %d\n%s", request, got, status, body)
		}
	}
}

// listening asks a server for its address, where its log does not tell.
func listening(t *testing.T, socket string) (address string) {
	t.Helper()
	until(t, func() bool {
		r, err := control.Ask(socket, control.Request{Command: "status"}, patience)
		if err != nil || r.Status.State != "serving" {
			return false
		}
		address = strings.TrimPrefix(r.Status.Listen[0], "http://")
		return true
	})
	return address
}

// TestRunObservedGunicorn sets what it can of gunicorn's settings at once and looks for what each does.
func TestRunObservedGunicorn(t *testing.T) {
	t.Parallel()
	conf := `bind = "127.0.0.1:0"
worker_class = "gthread"
threads = 3
timeout = 1
keepalive = 1
chdir = "site"
pythonpath = "lib"
raw_env = ["SHOP=open"]
umask = 0o27
limit_request_line = 200
limit_request_fields = 5
limit_request_field_size = 100
header_map = "refuse"
forwarder_headers = "SCRIPT_NAME,REMOTE_USER"
secure_scheme_headers = {"X-SCHEME": "tls"}
forwarded_allow_ips = "127.0.0.1"
casefold_http_method = True
permit_unconventional_http_method = True
tmp_upload_dir = "."
accesslog = "access.log"
access_log_format = '%(m)s %(U)s %(s)s %({x-note}i)s'
loglevel = "warning"
errorlog = "error.log"
pidfile = "pid"
`
	dir := serverFiles(t, map[string]string{"site/hello.py": mirrorApp, "gunicorn.conf.py": conf, "site/lib/x.py": ""})
	startServer(t, dir, "hello:app", "--control", "ctl.sock")
	site := filepath.Join(dir, "site")
	until(t, func() bool { return exists(filepath.Join(site, "pid")) })
	address := listening(t, filepath.Join(dir, "ctl.sock"))
	m := mirror(t, address, pageRequest("/a/b?c=d", "X-Scheme: tls", "X-Note: seen", "SCRIPT_NAME: /a"))
	for key, want := range map[string]any{
		"cwd": site, "SHOP": "open", "threads": true, "wsgi.url_scheme": "https", "SCRIPT_NAME": "/a", "PATH_INFO": "/b", "QUERY_STRING": "c=d", "REMOTE_ADDR": "127.0.0.1",
	} {
		if m[key] != want {
			t.Errorf("%s is %v, want %v", key, m[key], want)
		}
	}
	if !strings.Contains(fmt.Sprint(m["path"]), filepath.Join(site, "lib")) {
		t.Errorf("sys.path is %v", m["path"])
	}
	if m := mirror(t, address, "get / HTTP/1.1\r\nHost: shop\r\n\r\n"); m["REQUEST_METHOD"] != "GET" {
		t.Errorf("casefold_http_method: %v", m["REQUEST_METHOD"])
	}
	statuses(t, address, map[string]int{
		pageRequest("/" + strings.Repeat("x", 300)):                      414,
		pageRequest("/", "A: 1", "B: 2", "C: 3", "D: 4", "E: 5", "F: 6"): 431,
		pageRequest("/", "A: "+strings.Repeat("x", 200)):                 431,
		pageRequest("/", "X_Y: 1"):                                       400,
		pageRequest("/slow"):                                             504,
	})
	mirror(t, address, pageRequest("/touch"))
	if info, err := os.Stat(filepath.Join(site, "touched")); err != nil || info.Mode().Perm() != os.FileMode(0o666&^inheritedUmask(t)) {
		t.Errorf("gunicorn's umask is not the application's: %v, %v", info, err)
	}
	large := 3 << 20
	if m := mirror(t, address, "POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: "+strconv.Itoa(large)+"\r\n\r\n"+strings.Repeat("x", large)); m["length"] != float64(large) {
		t.Errorf("a large body: %v bytes", m["length"])
	}
	until(t, func() bool { return strings.Contains(text(filepath.Join(site, "access.log")), "GET /b 200 seen\n") })
	// The stacks of what took too long are logged, and nothing below the level.
	errors := filepath.Join(site, "error.log")
	until(t, func() bool { return strings.Contains(text(errors), "hello.py\", line 5") })
	if log := text(errors); strings.Contains(log, "INFO") {
		t.Errorf("the error log at level warning:\n%s", log)
	}

	// An idle connection is closed after the keep-alive time, and not before.
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	io.WriteString(conn, pageRequest("/"))
	in := bufio.NewReader(conn)
	r, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, r.Body)
	idle := time.Now()
	if _, err := in.ReadByte(); err != io.EOF {
		t.Errorf("after the keep-alive time: %v", err)
	}
	if d := time.Since(idle); d < 900*time.Millisecond {
		t.Errorf("an idle connection was closed after %s, want 1s", d)
	}
}

// TestRunObservedOthers does the same for settings that gunicorn does not have.
func TestRunObservedOthers(t *testing.T) {
	t.Parallel()
	head := func(n int) string { return pageRequest("/", "A: "+strings.Repeat("x", n)) }
	post := func(n int) string {
		return "POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: " + strconv.Itoa(n) + "\r\n\r\n" + strings.Repeat("x", n)
	}
	for _, c := range []struct {
		name, file, text string
		args             []string
		statuses         map[string]int
		request          string
		want             map[string]any
	}{
		{
			"gsrv.hcl", "gsrv.hcl", "app \"hello:app\" {\n environment = { SHOP = \"open\" }\n}\nlisten \"127.0.0.1:0\" {}\nworkers {\n class = \"thread\"\n threads = 2\n timeout = \"1s\"\n}\nhttp {\n limits {\n  body = \"1KiB\"\n  request_head = 2000\n  header_size = 9000\n  request_line = 100\n  header_count = 4\n }\n}\nprocess {\n name = \"shop\"\n}\n", nil,
			map[string]int{post(1000): 200, post(2000): 413, head(1000): 200, head(3000): 431, pageRequest("/" + strings.Repeat("y", 200)): 414, pageRequest("/", "A: 1", "B: 2", "C: 3", "D: 4"): 431, pageRequest("/slow"): 504},
			pageRequest("/x"),
			map[string]any{"SHOP": "open", "threads": true},
		},
		{
			"uWSGI", "uwsgi.ini", "[uwsgi]\nmaster = true\nhttp-socket = 127.0.0.1:0\nwsgi-file = hello.py\nenv = SHOP=open\nharakiri = 1\nbuffer-size = 2000\nlimit-post = 1000\nprocesses = 2\nthreads = 2\nneed-app = true\npythonpath = lib\n",
			[]string{"uwsgi.ini"},
			map[string]int{post(1000): 200, post(1001): 413, head(1000): 200, head(3000): 431, pageRequest("/slow"): 504},
			pageRequest("/x"),
			map[string]any{"SHOP": "open", "threads": true},
		},
		{
			"waitress", "hello.txt", "",
			[]string{"--", "waitress-serve", "--listen=127.0.0.1:0", "--threads=2", "--url-scheme=https", "--url-prefix=/shop", "--max-request-header-size=2000", "--max-request-body-size=1000", "hello:app"},
			map[string]int{post(1000): 200, post(1001): 413, head(1000): 200, head(3000): 431},
			pageRequest("/shop/x"),
			map[string]any{"wsgi.url_scheme": "https", "SCRIPT_NAME": "/shop", "PATH_INFO": "/x", "threads": true},
		},
		{
			"waitress behind a proxy", "hello.txt", "",
			[]string{"--", "waitress-serve", "--listen=127.0.0.1:0", "--trusted-proxy=127.0.0.1", "--trusted-proxy-headers=x-forwarded-proto", "hello:app"},
			nil, pageRequest("/x", "X-Forwarded-Proto: https"),
			map[string]any{"wsgi.url_scheme": "https"},
		},
		{
			"PROXY protocol", "gunicorn.conf.py", "bind = '127.0.0.1:0'\nproxy_protocol = True\nuser = 'nobody'\n",
			[]string{"hello:app"},
			nil, "PROXY TCP4 192.0.2.7 192.0.2.1 4711 80\r\n" + pageRequest("/x"),
			map[string]any{"REMOTE_ADDR": "192.0.2.7", "REMOTE_PORT": "4711", "uid": float64(65534)},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if strings.Contains(c.text, "nobody") && os.Geteuid() != 0 {
				t.Skip("only root may run workers as another account")
			}
			dir := serverFiles(t, map[string]string{"hello.py": mirrorApp, c.file: c.text, "lib/x.py": ""})
			os.Chmod(filepath.Dir(dir), 0o755)
			if err := os.Chmod(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(c.text, "nobody") {
				c.args = append([]string{"--python", debianPython}, c.args...)
			}
			s := startServer(t, dir, c.args...)
			address := s.address()
			m := mirror(t, address, c.request)
			for key, want := range c.want {
				if m[key] != want {
					t.Errorf("%s is %v, want %v", key, m[key], want)
				}
			}
			statuses(t, address, c.statuses)
		})
	}
}
