//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// socketOf gives the path of the server's socket once it takes connections.
func socketOf(t *testing.T, s *testServer) string {
	t.Helper()
	path := filepath.Join(s.dir, "s.sock")
	until(t, func() bool {
		c, err := net.Dial("unix", path)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return path
}

// logOf gives the lines of requests once the last of them is there.
func logOf(t *testing.T, s *testServer, name, last string) string {
	t.Helper()
	until(t, func() bool { return strings.Contains(text(filepath.Join(s.dir, name)), last) })
	return text(filepath.Join(s.dir, name))
}

// logged wants lines in a log, and others not.
func logged(t *testing.T, s *testServer, log string, lines, others []string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains(log, line) {
			t.Errorf("no %q in the log:\n%s", line, log)
		}
	}
	for _, line := range others {
		if strings.Contains(log, line) {
			t.Errorf("%q is in the log:\n%s", line, log)
		}
	}
}

// longAgo is the time of files whose answers expire by it.
var longAgo = time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC)

const uwsgiStart = "http-socket = s.sock\nmaster = true\nmodule = probe:app\n"

// staticFiles are served in the effects below.
var staticFiles = map[string]string{
	"www/a.txt": "plain text\n", "www/sub/index.html": "<p>\n", "www/app.skip": "secret\n", "www/style.css": "css\n", "www/style.css.gz": "zipped\n", "www/gz/b.js": "js\n", "www/gz/b.js.gz": "zipped js\n", "www/re.doc": "doc\n", "www/re.doc.gz": "zipped doc\n",
	"kept/media/m.txt": "media\n", "all/favicon.ico": "icon\n", "shared/s.txt": "shared\n", "types": "text/one txt\ntext/css css\napplication/x-doc doc\n",
}

// fetched sends a GET and gives the answer as it came.
func fetched(t *testing.T, address, path string, headers ...string) string {
	t.Helper()
	return exchange(t, address, "GET "+path+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"+strings.Join(append(headers, ""), "\r\n")+"\r\n")
}

// answered wants parts of the answers to GET; one with "!" in front must not be in it.
func answered(t *testing.T, address string, want map[string][]string, headers ...string) {
	t.Helper()
	for path, parts := range want {
		got := fetched(t, address, path, headers...)
		for _, part := range parts {
			part, not := strings.CutPrefix(part, "!")
			if strings.Contains(got, part) == not {
				t.Errorf("%s: %q (%v) in %s", path, part, !not, got)
			}
		}
	}
}

// uwsgiFileEffects are of uWSGI's request log and of its static files.
var uwsgiFileEffects = []effect{
	{
		name: "log format", server: "uwsgi", settings: "log-format logformat-strftime logdate log-x-forwarded-for req-logger",
		conf: uwsgiStart + "log-format = %(addr) %(method) %(uri) %(status) %(ftime) %(var.HTTP_X_B) %(nothing)\nlogformat-strftime = true\nlogdate = year-%%Y\nlog-x-forwarded-for = true\nreq-logger = file:one.log\nreq-logger = two file:logfile=two.log\n",
		observe: func(t *testing.T, s *testServer) {
			fetched(t, socketOf(t, s), "/logged?a=b", "X-Forwarded-For: 10.1.2.3", "X-B: bee")
			for _, name := range []string{"one.log", "two.log"} {
				logged(t, s, logOf(t, s, name, "/logged"), []string{"10.1.2.3 GET /logged?a=b 200 year-20", " bee -\n"}, nil)
			}
			for _, name := range []string{"one.log", "two.log"} {
				os.Rename(filepath.Join(s.dir, name), filepath.Join(s.dir, name+".1"))
			}
			s.signal(syscall.SIGUSR1)
			until(t, func() bool { return exists(filepath.Join(s.dir, "one.log")) && exists(filepath.Join(s.dir, "two.log")) })
			fetched(t, socketOf(t, s), "/after")
			for _, name := range []string{"one.log", "two.log"} {
				logged(t, s, logOf(t, s, name, "/after"), nil, []string{"/logged"})
			}
		},
		without: uwsgiStart + "req-logger = file:one.log\n",
		otherwise: func(t *testing.T, s *testServer) {
			fetched(t, socketOf(t, s), "/logged?a=b", "X-Forwarded-For: 10.1.2.3")
			logged(t, s, logOf(t, s, "one.log", "/logged"), []string{"|app: 0|req: 1/1] ", "GET /logged?a=b => generated ", " msecs (HTTP/1.1 200) 2 headers in ", " bytes (1 switches on core 0)\n"}, []string{"10.1.2.3"})
		},
	},
	{
		name: "own line", server: "uwsgi", settings: "log-micros memory-report logto",
		conf: uwsgiStart + "log-micros = true\nmemory-report = true\nlogto = all.log\n",
		observe: func(t *testing.T, s *testServer) {
			get(t, socketOf(t, s), "/logged")
			log := logOf(t, s, "all.log", "/logged")
			logged(t, s, log, []string{"Listening at", "{address space usage: ", "MB} {rss usage: ", "MB} [pid: ", " micros (HTTP/1.1 200)"}, []string{"{rss usage: 0 "})
		},
		without: uwsgiStart,
		otherwise: func(t *testing.T, s *testServer) {
			get(t, socketOf(t, s), "/logged")
			logged(t, s, strings.Join(s.await(1, ".*GET /logged.*"), "\n"), []string{" msecs (HTTP/1.1 200)"}, []string{"rss usage"})
		},
	},
	{
		name: "some requests", server: "uwsgi", settings: "disable-logging log-4xx log-5xx log-big log-sendfile",
		conf:  uwsgiStart + "disable-logging = true\nlog-4xx = true\nlog-5xx = true\nlog-big = 100000\nlog-sendfile = true\nlog-format = %(uri) %(status)\nreq-logger = file:one.log\n",
		files: map[string]string{"large": strings.Repeat("large ", 1000), "probe.py": probeApp + "\ninner = app\ndef app(environ, start_response):\n    path = environ['PATH_INFO']\n    if path[1:].isdigit():\n        start_response(path[1:] + ' X', [])\n        return [b'x']\n    if path == '/big':\n        start_response('200 OK', [])\n        return [b'x' * 200000]\n    return inner(environ, start_response)\n"},
		observe: func(t *testing.T, s *testServer) {
			socket := socketOf(t, s)
			for _, path := range []string{"/quiet", "/404", "/503", "/302", "/big", "/file", "/499"} {
				fetched(t, socket, path)
			}
			logged(t, s, logOf(t, s, "one.log", "/499"), []string{"/404 404\n", "/503 503\n", "/big 200\n", "/file 200\n"}, []string{"/quiet", "/302"})
		},
	},
	{
		name: "slow and empty requests", server: "uwsgi", settings: "log-slow log-zero",
		conf: uwsgiStart + "disable-logging = true\nlog-slow = 150\nlog-zero = true\nlog-format = %(uri) %(status)\nlogger = file:all.log\n",
		observe: func(t *testing.T, s *testServer) {
			socket := socketOf(t, s)
			fetched(t, socket, "/quiet")
			fetched(t, socket, "/meet?2,0.3") // which waits for another request
			exchange(t, socket, "HEAD /head HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
			logged(t, s, logOf(t, s, "all.log", "/head"), []string{"/meet"}, []string{"/quiet"})
		},
	},
	{
		name: "static", server: "uwsgi", settings: "static-map static-map2 check-static static-index static-skip-ext static-safe mimefile honour-range", files: staticFiles,
		conf: uwsgiStart + "static-map = /static=www\nstatic-map2 = /media=kept\ncheck-static = all\nstatic-index = index.html\nstatic-skip-ext = .skip\nstatic-safe = %dshared\nmimefile = types\nhonour-range = true\nreq-logger = file:one.log\n",
		prepare: func(t *testing.T, dir string) {
			for link, to := range map[string]string{"safe.txt": "../shared/s.txt", "unsafe.txt": "../probe.py"} {
				if err := os.Symlink(to, filepath.Join(dir, "www", link)); err != nil {
					t.Fatal(err)
				}
			}
		},
		observe: func(t *testing.T, s *testServer) {
			socket := socketOf(t, s)
			const app = "application/json"
			answered(t, socket, map[string][]string{
				"/static/a.txt": {"200 OK", "Content-Type: text/one\r\n", "Last-Modified: ", "\r\n\r\nplain text\n", "!Expires", "!Content-Encoding"}, "/static/sub": {"<p>\n"}, "/static/app.skip": {app}, "/static/safe.txt": {"shared\n"}, "/static/unsafe.txt": {app},
				"/static/nothing": {app}, "/media/m.txt": {"media\n"}, "/favicon.ico": {"icon\n"}, "/static/../probe.py": {app}, "/static/%2e%2e/probe.py": {app}, "/static/style.css": {"\r\n\r\ncss\n"},
			}, "Accept-Encoding: gzip")
			answered(t, socket, map[string][]string{"/static/a.txt": {"206 Partial", "Content-Range: bytes 6-9/11\r\n", "\r\n\r\ntext"}}, "Range: bytes=6-9")
			answered(t, socket, map[string][]string{"/static/a.txt": {"304 Not Modified", "!plain"}}, "If-Modified-Since: Fri, 01 Jan 2038 00:00:00 GMT")
			logged(t, s, logOf(t, s, "one.log", "GET /favicon.ico"), []string{"|app: -1|req: -1/", "via sendfile() (HTTP/1.1 200)"}, nil)
		},
		without: uwsgiStart + "static-map = /static=www\n",
		otherwise: func(t *testing.T, s *testServer) {
			answered(t, socketOf(t, s), map[string][]string{
				"/static/a.txt": {"200 OK", "\r\n\r\nplain text\n", "!text/one"}, "/static/sub": {"application/json"}, "/static/app.skip": {"secret"}, "/static/safe.txt": {"application/json"}, "/media/m.txt": {"application/json"}, "/favicon.ico": {"application/json"},
			}, "Range: bytes=6-9")
		},
	},
	{
		name: "static expiry and compression", server: "uwsgi", files: staticFiles,
		settings: "static-expires static-expires-mtime static-expires-uri static-expires-uri-mtime static-expires-path-info static-expires-path-info-mtime static-expires-type static-expires-type-mtime static-gzip static-gzip-dir static-gzip-ext",
		conf: uwsgiStart + "static-map = /static=www\nmimefile = types\nstatic-expires = /a\\.txt$ 60\nstatic-expires-mtime = /sub/ 60\nstatic-expires-uri = \\?now 60\nstatic-expires-uri-mtime = \\?then 60\nstatic-expires-path-info = /gz/ 60\nstatic-expires-path-info-mtime = \\.skip$ 60\n" +
			"static-expires-type = text/css=60\nstatic-expires-type-mtime = application/x-doc=60\nstatic-gzip = \\.doc$\nstatic-gzip-dir = %dwww/gz\nstatic-gzip-ext = .css\n",
		prepare: func(t *testing.T, dir string) {
			for name := range staticFiles {
				if err := os.Chtimes(filepath.Join(dir, name), longAgo, longAgo); err != nil {
					t.Fatal(err)
				}
			}
		},
		observe: func(t *testing.T, s *testServer) {
			socket := socketOf(t, s)
			const then = "Expires: Thu, 01 Jan 2015 00:01:00 GMT\r\n"
			answered(t, socket, map[string][]string{
				"/static/a.txt": {"Expires: ", "!" + then}, "/static/sub/index.html": {then}, "/static/re.doc?now": {"Expires: ", then}, "/static/sub/index.html?then": {then}, "/static/gz/b.js": {"Expires: ", "!" + then, "\r\n\r\njs\n"}, "/static/app.skip": {then},
				"/static/style.css": {"Expires: ", "!" + then, "\r\n\r\ncss\n"}, "/static/re.doc": {then, "\r\n\r\ndoc\n"},
			})
			answered(t, socket, map[string][]string{
				"/static/a.txt": {"plain text", "!Content-Encoding"}, "/static/style.css": {"Content-Encoding: gzip\r\n", "\r\n\r\nzipped\n", "text/css"}, "/static/gz/b.js": {"zipped js"}, "/static/re.doc": {"zipped doc"},
			}, "Accept-Encoding: gzip")
		},
	},
	{
		name: "static files that the proxy sends", server: "uwsgi", settings: "file-serve-mode static-gzip-all", files: staticFiles,
		conf: uwsgiStart + "static-map = /static=www\nfile-serve-mode = nginx\nstatic-gzip-all = true\n",
		observe: func(t *testing.T, s *testServer) {
			answered(t, socketOf(t, s), map[string][]string{"/static/style.css": {"X-Accel-Redirect: " + filepath.Join(s.dir, "www/style.css.gz") + "\r\n", "Content-Encoding: gzip", "!zipped"}}, "Accept-Encoding: gzip")
		},
		without: uwsgiStart + "static-map = /static=www\nfile-serve-mode = x-sendfile\n",
		otherwise: func(t *testing.T, s *testServer) {
			answered(t, socketOf(t, s), map[string][]string{"/static/style.css": {"X-Sendfile: " + filepath.Join(s.dir, "www/style.css") + "\r\n", "!\r\n\r\ncss"}}, "Accept-Encoding: gzip")
		},
	},
	{
		name: "static files of the workers' account", server: "uwsgi", settings: "static-map uid gid", files: staticFiles, root: true,
		conf: uwsgiStart + "static-map = /static=www\nuid = 33\ngid = 65534\nchmod-socket = 666\n", args: []string{"--python", debianPython},
		prepare: func(t *testing.T, dir string) {
			if err := os.Chmod(filepath.Join(dir, "www/a.txt"), 0o600); err != nil {
				t.Fatal(err)
			}
		},
		observe: func(t *testing.T, s *testServer) {
			answered(t, socketOf(t, s), map[string][]string{"/static/a.txt": {"application/json", "!plain"}, "/static/style.css": {"\r\n\r\ncss\n"}})
		},
	},
	{
		name: "cheaper", server: "uwsgi", settings: "cheaper cheaper-step cheaper-overload cheaper-algo cheaper-rss-limit-soft cheaper-rss-limit-hard",
		conf: uwsgiStart + "processes = 3\ncheaper = 1\ncheaper-overload = 1\ncheaper-step = 2\ncheaper-algo = spare\ncheaper-rss-limit-soft = 8000000000\ncheaper-rss-limit-hard = 9000000000\n",
		observe: func(t *testing.T, s *testServer) {
			socket, control := socketOf(t, s), filepath.Join(s.dir, "ctl.sock")
			until(t, func() bool { return workerCount(t, control) == 1 })
			done := make(chan int)
			go func() { done <- meeting(socket, 2, 1, "4") }() // which waits for a second request in its process
			until(t, func() bool { return workerCount(t, control) == 3 })
			<-done
			until(t, func() bool { return workerCount(t, control) == 1 })
		},
		without: uwsgiStart + "processes = 3\ncheaper = 1\ncheaper-algo = manual\ncheaper-initial = 2\n",
		otherwise: func(t *testing.T, s *testServer) {
			s.await(1, "Using worker: 2 sync workers, 1 to 3 by the load")
			want(t, "workers", workerCount(t, filepath.Join(s.dir, "ctl.sock")), 2)
		},
	},
	{
		name: "cheaper at the start", server: "uwsgi", settings: "cheaper-initial",
		conf: uwsgiStart + "processes = 3\ncheaper = 1\ncheaper-algo = backlog\ncheaper-overload = 1\ncheaper-initial = 3\n",
		observe: func(t *testing.T, s *testServer) {
			s.await(1, "Using worker: 3 sync workers, 1 to 3 by the load")
			socketOf(t, s)
			until(t, func() bool { return workerCount(t, filepath.Join(s.dir, "ctl.sock")) == 1 })
		},
	},
	{
		name: "statistics", server: "uwsgi", settings: "stats",
		conf: uwsgiStart + "processes = 3\nthreads = 2\ncheaper = 2\nstats = stats.sock\n",
		observe: func(t *testing.T, s *testServer) {
			socket := socketOf(t, s)
			pid := ask(t, socket, "/process").text("pid")
			for range 3 {
				fetched(t, socket, "/logged")
			}
			var st struct {
				PID     int
				Load    int
				Sockets []struct {
					Name  string
					Proto string
				}
				Workers []map[string]any
			}
			until(t, func() bool {
				c := dial(t, filepath.Join(s.dir, "stats.sock"))
				defer c.Close()
				if err := json.NewDecoder(c).Decode(&st); err != nil {
					t.Fatal(err)
				}
				n := 0.0
				for _, w := range st.Workers {
					n += w["requests"].(float64)
				}
				return n == 4 && st.Load == 0
			})
			want(t, "pid", st.PID, s.cmd.Process.Pid)
			want(t, "sockets", len(st.Sockets), 1)
			want(t, "workers", len(st.Workers), 3)
			want(t, "the third", st.Workers[2]["status"], "cheap")
			seen := false
			for _, w := range st.Workers[:2] {
				want(t, "cores", len(w["cores"].([]any)), 2)
				want(t, "status", w["status"], "idle")
				if fmt.Sprint(w["pid"]) == pid {
					seen = true
					if w["rss"].(float64) < 1<<20 || w["vsz"].(float64) < 1<<20 || w["tx"].(float64) < 100 || w["avg_rt"].(float64) <= 0 || w["running_time"].(float64) <= 0 || w["last_spawn"].(float64) < 1e9 {
						t.Errorf("a worker without figures: %v", w)
					}
				}
			}
			if !seen {
				t.Errorf("no worker %s in %v", pid, st.Workers)
			}
		},
		without: uwsgiStart,
		otherwise: func(t *testing.T, s *testServer) {
			socketOf(t, s)
			if exists(filepath.Join(s.dir, "stats.sock")) {
				t.Error("there are statistics")
			}
		},
	},
	{
		name: "statistics by HTTP", server: "uwsgi", settings: "stats-http stats-minified stats-no-cores",
		conf: uwsgiStart + "stats = stats.sock\nstats-http = true\nstats-minified = true\nstats-no-cores = true\n",
		observe: func(t *testing.T, s *testServer) {
			socketOf(t, s)
			s.await(1, "Using worker")
			answered(t, filepath.Join(s.dir, "stats.sock"), map[string][]string{"/": {"HTTP/1.0 200 OK\r\n", "Content-Type: application/json\r\n", `"listen_queue":0,`, `"status":"idle"`, "!cores", "!\t"}})
		},
	},
	{
		name: "static", server: "gsrv", settings: "static.map", files: staticFiles,
		conf: "app \"probe:app\" {}\nlisten \"unix:s.sock\" {}\nstatic {\n  map = [\"/static=www\"]\n}\n",
		observe: func(t *testing.T, s *testServer) {
			answered(t, socketOf(t, s), map[string][]string{"/static/a.txt": {"200 OK", "\r\n\r\nplain text\n"}, "/static/%2e%2e/probe.py": {"application/json"}})
		},
	},
	{
		name: "log format of uWSGI", server: "gsrv", settings: "log.access.format log.access.to",
		conf: "app \"probe:app\" {}\nlisten \"unix:s.sock\" {}\nlog {\n  access {\n    to = \"one.log\"\n    format = \"%(method) %(uri) %(wid) %(var.HTTP_HOST)\"\n  }\n}\n",
		observe: func(t *testing.T, s *testServer) {
			fetched(t, socketOf(t, s), "/logged")
			logged(t, s, logOf(t, s, "one.log", "/logged"), []string{"GET /logged 1 x\n"}, nil)
		},
		without: "app \"probe:app\" {}\nlisten \"unix:s.sock\" {}\nlog {\n  access {\n    to = \"one.log\"\n  }\n}\n",
		otherwise: func(t *testing.T, s *testServer) {
			fetched(t, socketOf(t, s), "/logged")
			logged(t, s, logOf(t, s, "one.log", "/logged"), []string{`"GET /logged HTTP/1.1" 200`}, nil)
		},
	},
}
