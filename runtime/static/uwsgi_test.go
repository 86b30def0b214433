//go:build linux

package static_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"gsrv/fixtures/oracle"
	"gsrv/runtime/front"
	"gsrv/runtime/http1"
	"gsrv/runtime/static"
	"gsrv/runtime/wire"
)

const pathApp = `
def application(environ, start_response):
    body = b"app " + environ["PATH_INFO"].encode("latin-1")
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
`

// pathSender answers as pathApp does.
type pathSender struct{}

func (pathSender) Cancel(*wire.Request) {}

func (pathSender) Send(r *wire.Request) {
	parts := strings.Split(string(r.Environ), "\x00")
	for i := 0; i+1 < len(parts); i += 2 {
		if parts[i] == "RAW_URI" {
			path, _, _ := strings.Cut(parts[i+1], "?")
			r.Answer.Head("200 OK", nil)
			r.Answer.Data([]byte("app " + http1.UWSGIPath(path)))
			r.Answer.End(nil)
			return
		}
	}
	r.Answer.End(fmt.Errorf("no RAW_URI"))
}

// modified is the time of all files of a site.
var modified = time.Date(2024, 2, 29, 12, 34, 56, 789e6, time.UTC)

// site makes files to be served and gives their directory, without links in its name.
func site(t testing.TB) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{
		"app.py":     pathApp,
		"mime.types": "# types\ntext/html\t\t\t\thtml htm\ntext/css css\napplication/javascript js\ntext/x-c c h\nimage/png png x\nimage/other png\ntext/plain txt\nbroken\napplication/x-open  open \nlast/line last",
		"www/a.txt":  "the file a\n", "www/index.html": "<p>index\n", "www/sub/index.html": "<p>sub\n", "www/sub/b.css": "b{}\n", "www/sub/deep/c.js": "c()\n", "www/empty": "",
		"www/no.c": "int c;\n", "www/no.h": "int h;\n", "www/one.x": "x\n", "www/pic.png": "png\n", "www/end.open": "open\n", "www/last.last": "last\n", "www/dot.": "dot\n", "www/UP.TXT": "up\n", "www/code.py": "secret()\n",
		"www/with space.txt": "space\n", "www/per%cent.txt": "percent\n", "www/plus+sign.txt": "plus\n", "www/quo\"te.txt": "quote\n", "www/ümlaut.txt": "umlaut\n", "www/back\\slash.txt": "back\n",
		"www/.hidden": "hidden\n", "www/..strange": "strange\n", "www/dir.d/file": "in dir.d\n", "www/zip.css": "plain css\n", "www/zip.css.gz": "gz css\n", "www/zip.css.br": "br css\n", "www/gzonly.js": "plain js\n", "www/gzonly.js.gz": "gz js\n", "www/none.css": "no copy\n", "www/sly.css": "plain\n", "www/evil/x": "x",
		"www/big.bin":          strings.Repeat("0123456789abcdef", 20000),
		"www-private/key":      "private\n",
		"outside/secret.txt":   "secret\n",
		"allowed/shared.txt":   "shared\n",
		"checked/favicon.ico":  "icon\n",
		"checked/a.txt":        "another a\n",
		"checked/static/a.txt": "checked first\n",
		"kept/media/m.txt":     "media\n",
		"one.txt":              "just one\n",
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, modified, modified); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, "www/bare"), 0o755); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{
		"www/in": "a.txt", "www/out": "../outside/secret.txt", "www/outdir": "../outside", "www/shared": "../allowed", "www/loop": "loop", "www/dangling": "nowhere", "www/abs": filepath.Join(dir, "www/sub"),
		"www/evil/index.html": "../../outside/secret.txt", "www/sly.css.gz": "../outside/secret.txt", "current": "www", "www/top": "/",
	} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "www/fifo"), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// configOf is what both servers are given.
func configOf(dir string) static.Config {
	return static.Config{
		Check:    []string{filepath.Join(dir, "checked")},
		Maps:     []static.Map{{Mount: "/static", Target: filepath.Join(dir, "current")}, {Mount: "/one", Target: filepath.Join(dir, "one.txt")}, {Mount: "/later", Target: filepath.Join(dir, "nothing")}},
		Appended: []static.Map{{Mount: "/media", Target: filepath.Join(dir, "kept")}},
		Index:    []string{"default.html", "index.html"}, SkipExt: []string{".py"}, Safe: []string{filepath.Join(dir, "allowed")},
		MIMEFiles: []string{filepath.Join(dir, "mime.types")}, Ranges: true,
		GzipSuffixes: []string{".css"}, Gzip: []string{`/gz.*\.js$`},
		Expires: []static.Expiry{
			{By: static.ByFile, Match: `/sub/.*\.css$`, Seconds: 60, Modified: true},
			{By: static.ByPath, Match: "^/media", Seconds: 120, Modified: true},
			{By: static.ByURI, Match: `\?v=`, Seconds: 180, Modified: true},
			{By: static.ByType, Match: "application/javascript", Seconds: 240, Modified: true},
		},
	}
}

// arguments are a Config's for uWSGI.
func arguments(c *static.Config) (args []string) {
	each := func(name string, list []string) {
		for _, v := range list {
			args = append(args, "--"+name, v)
		}
	}
	each("check-static", c.Check)
	for _, m := range c.Maps {
		each("static-map", []string{m.Mount + "=" + m.Target})
	}
	for _, m := range c.Appended {
		each("static-map2", []string{m.Mount + "=" + m.Target})
	}
	each("static-index", c.Index)
	each("static-skip-ext", c.SkipExt)
	each("static-safe", c.Safe)
	each("mimefile", c.MIMEFiles)
	each("static-gzip-ext", c.GzipSuffixes)
	each("static-gzip", c.Gzip)
	for _, e := range c.Expires {
		name, sep := map[string]string{static.ByFile: "static-expires", static.ByPath: "static-expires-path-info", static.ByURI: "static-expires-uri", static.ByType: "static-expires-type"}[e.By], " "
		if e.By == static.ByType {
			sep = "="
		}
		if e.Modified {
			name += "-mtime"
		}
		each(name, []string{e.Match + sep + fmt.Sprint(e.Seconds)})
	}
	if c.Ranges {
		args = append(args, "--honour-range")
	}
	return args
}

// startUWSGI runs the uwsgi of this machine and gives its address.
func startUWSGI(t *testing.T, dir string, args ...string) string {
	t.Helper()
	program := oracle.Program(t, "uwsgi")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, append([]string{"--plugin", "python3", "--http-socket", address, "--wsgi-file", filepath.Join(dir, "app.py"), "--buffer-size", "16384"}, args...)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGQUIT)
		cmd.Wait()
		if t.Failed() {
			b, _ := os.ReadFile(log.Name())
			t.Logf("uwsgi: %.3000s", b)
		}
	})
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			return address
		}
		if time.Now().After(end) {
			oracle.Missing(t, "uwsgi with its Python plugin does not start")
		}
	}
}

// startFront serves the files and gives the address.
func startFront(t *testing.T, c static.Config) string {
	t.Helper()
	files, warnings, err := static.New(c)
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	sender := files.Before(pathSender{})
	s, err := front.New(front.Config{Sender: func() wire.Sender { return sender }, KeepAlive: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l, front.ListenerInfo{Name: "test"}) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		s.Shutdown(ctx)
		<-served
		l.Close()
	})
	return l.Addr().String()
}

// told are the fields of an answer that must be the same.
var told = []string{"Content-Type", "Content-Length", "Content-Range", "Content-Encoding", "Last-Modified", "X-Accel-Redirect", "X-Sendfile", "Expires"}

// ask sends a request and gives what the answer says, in a line.
func ask(t *testing.T, address, request string) string {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	method, _, _ := strings.Cut(request, " ")
	resp, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
	if err != nil {
		return "no answer: " + err.Error()
	}
	body, err := io.ReadAll(resp.Body)
	out := fmt.Sprint(resp.Status)
	for _, name := range told {
		if v := resp.Header[name]; len(v) > 0 {
			out += fmt.Sprintf(" %s=%q", name, v)
		}
	}
	if len(body) > 200 {
		body = fmt.Appendf(nil, "%s... %d bytes", body[:20], len(body))
	}
	return fmt.Sprintf("%s %q %v", out, body, err)
}

// paths are asked for with GET.
var paths = []string{
	"/", "/static", "/static/", "/static/a.txt", "/static//a.txt", "/static/./a.txt", "/static/../static/a.txt", "/static/sub/../a.txt", "/static/sub%2f..%2fa.txt", "/static/sub%2Fb.css", "/static%2fa.txt", "/statica.txt", "/static/a.txt/",
	"/static/a.txt/.", "/static/a.txt/..", "/static/a.txt%2f..%2fa.txt", "/static/nothing", "/static/nothing/../a.txt", "/static/nothing%2f..%2fa.txt", "/static/sub", "/static/sub/", "/static/sub/index.html", "/static/bare", "/static/bare/",
	"/static/sub/deep/c.js", "/static/sub/deep", "/static/empty", "/static/no.c", "/static/no.h", "/static/one.x", "/static/pic.png", "/static/end.open", "/static/last.last", "/static/dot.", "/static/UP.TXT", "/static/code.py", "/static/code.py?x", "/static/code%2epy",
	"/static/with%20space.txt", "/static/per%25cent.txt", "/static/per%%cent.txt", "/static/plus+sign.txt", "/static/plus%2bsign.txt", "/static/quo%22te.txt", "/static/%c3%bcmlaut.txt", "/static/%C3%BCmlaut.txt", "/static/back%5cslash.txt", "/static/.hidden", "/static/..strange",
	"/static/dir.d/file", "/static/big.bin", "/static/in", "/static/out", "/static/outdir", "/static/outdir/secret.txt", "/static/shared", "/static/shared/shared.txt", "/static/loop", "/static/loop/x", "/static/dangling", "/static/abs/b.css", "/static/abs/", "/static/fifo", "/static/top/etc/passwd",
	"/static/../outside/secret.txt", "/static/%2e%2e/outside/secret.txt", "/static/..%2foutside%2fsecret.txt", "/static/%2e%2e%2foutside%2fsecret.txt", "/static/sub/..%2f..%2foutside/secret.txt", "/static/.%2e/outside/secret.txt", "/static/%2e./outside/secret.txt", "/static/..%5coutside", "/static/....//a.txt", "/static/.../a.txt",
	"/..", "/../", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/static/%252e%252e/outside/secret.txt", "/static/..;/a.txt", "/static/%2fetc%2fpasswd", "/static//etc/passwd", "/static/~root", "//static/a.txt", "/./static/a.txt", "/x/../static/a.txt", "/x/%2e%2e/static/a.txt",
	"/Static/a.txt", "/static/A.txt", "/static?x=1", "/static/a.txt?", "/static/a.txt?v=1", "/static/a.txt?v=/../x", "/static/a.txt#frag", "/static/a%2etxt", "/static/a.txt%20", "/static/a.txt.", "/static/a.txt%2f", "/static/a.txt%", "/static/a.txt%2", "/static/a.txt%zz", "/static/%",
	"/one", "/one/", "/one/more", "/oneself", "/one.txt", "/later", "/later/a.txt", "/media", "/media/", "/media/m.txt", "/media/../media/m.txt", "/media/../one.txt", "/mediam.txt", "/media/../../outside/secret.txt", "/favicon.ico", "/a.txt", "/checked", "/static/zip.css", "/static/gzonly.js", "/static/none.css", "/static/sub/b.css",
	"/" + strings.Repeat("x", 300), "/static/" + strings.Repeat("x", 5000), "/static/" + strings.Repeat("sub/../", 300) + "a.txt", "/static/" + strings.Repeat("./", 300) + "a.txt", "/static/" + strings.Repeat("/", 300) + "a.txt", "/static/" + strings.Repeat("sub%2f..%2f", 300) + "a.txt",
	"/a/b/..", "/a/b/.", "/a/b/../", "/a/./b", "/a/.b", "/a/..b", "/a/b..", "/a//b", "/a/..", "/.a", "/..a", "/a/%2e%2e/b", "/a%2f..%2fb", "/a/.%2fb", "/a/..%2fb", "/%2f", "/%41", "/%4", "/a%%b", "/a/.../b", "/a/%25", "/a/..//b", "/a///../b", "/./", "/.", "/a;b=c", "/a%3fb",
}

// requests are asked for as they are.
var requests = []string{
	"HEAD /static/a.txt", "HEAD /static/nothing", "HEAD /static/sub/", "HEAD /static/big.bin", "POST /static/a.txt\nContent-Length: 2", "PUT /static/a.txt\nContent-Length: 2", "DELETE /static/a.txt", "OPTIONS /static/a.txt",
	"GET /static/a.txt\nIf-Modified-Since: Thu, 29 Feb 2024 12:34:56 GMT", "GET /static/a.txt\nIf-Modified-Since: Thu, 29 Feb 2024 12:34:55 GMT", "GET /static/a.txt\nIf-Modified-Since: Thu, 29 Feb 2024 12:34:57 GMT", "GET /static/a.txt\nIf-Modified-Since: Fri, 01 Jan 2038 00:00:00 GMT",
	"HEAD /static/a.txt\nIf-Modified-Since: Thu, 29 Feb 2024 12:34:56 GMT", "GET /static/a.txt\nIf-Modified-Since: nonsense", "GET /static/a.txt\nIf-Modified-Since: Thu Feb 29 12:34:56 2024", "GET /static/a.txt\nIf-Modified-Since: 0",
	"GET /static/nothing\nIf-Modified-Since: Thu, 29 Feb 2024 12:34:56 GMT", "GET /static/a.txt\nIf-None-Match: x", "GET /static/a.txt\nIf-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT",
	"GET /static/a.txt\nRange: bytes=4-5\nIf-Range: Thu, 29 Feb 2024 12:34:56 GMT", "GET /static/a.txt\nRange: bytes=0-3", "GET /static/a.txt\nRange: bytes=4-", "GET /static/a.txt\nRange: bytes=4-7", "GET /static/a.txt\nRange: bytes=-4", "GET /static/a.txt\nRange: bytes=0-", "GET /static/a.txt\nRange: bytes=0-10", "GET /static/a.txt\nRange: bytes=0-11", "GET /static/a.txt\nRange: bytes=5-99", "GET /static/a.txt\nRange: bytes=11-", "GET /static/a.txt\nRange: bytes=99-",
	"GET /static/a.txt\nRange: bytes=7-4", "GET /static/a.txt\nRange: items=0-3", "GET /static/a.txt\nRange: bytes", "GET /static/a.txt\nRange: bytes=", "GET /static/a.txt\nRange: bytes=-", "GET /static/a.txt\nRange: bytes=-0", "GET /static/a.txt\nRange: bytes=0-1,4-5", "GET /static/a.txt\nRange: bytes=4-5,0-1",
	"GET /static/empty\nRange: bytes=0-3", "GET /static/a.txt\nRange: bytes=0-3\nIf-Modified-Since: Thu, 29 Feb 2024 12:34:56 GMT", "GET /static/big.bin\nRange: bytes=100000-299999", "GET /a\nRange: bytes=0-1",
	"GET /static/zip.css\nAccept-Encoding: gzip", "GET /static/zip.css\nAccept-Encoding: br", "GET /static/zip.css\nAccept-Encoding: gzip, deflate, br", "GET /static/zip.css\nAccept-Encoding: deflate", "GET /static/zip.css\nAccept-Encoding: GZIP", "GET /static/zip.css\nAccept-Encoding: x-gzip", "GET /static/gzonly.js\nAccept-Encoding: gzip, br",
	"GET /static/none.css\nAccept-Encoding: gzip", "GET /static/a.txt\nAccept-Encoding: gzip", "HEAD /static/zip.css\nAccept-Encoding: gzip", "GET /static/zip.css\nAccept-Encoding: gzip\nRange: bytes=0-2", "GET /static/zip.css\nAccept-Encoding: gzip\nIf-Modified-Since: Thu, 29 Feb 2024 12:34:56 GMT",
}

func written(request string) string {
	line, fields, _ := strings.Cut(request, "\n")
	if fields != "" {
		fields = strings.ReplaceAll(fields, "\n", "\r\n") + "\r\n"
	}
	text := line + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + fields + "\r\n"
	if strings.Contains(fields, "Content-Length: 2") {
		text += "hi"
	}
	return text
}

// stricter are the requests that gsrv answers otherwise: what it says, and what uWSGI says.
var stricter = map[string]struct{ ours, theirs string }{
	// NUL ends the name for uWSGI.
	"GET /static/a.txt%zz": {"app /static/a.txt", "checked first"},
	// uWSGI answers HEAD with the application's body.
	"HEAD /static/nothing": {"200 OK", ""},
	// uWSGI compares names without looking where a directory's ends.
	"GET /static/..%2fwww-private/key": {"app /static/../www-private/key", "private"},
	// What stands for a directory may be a link to anywhere, for uWSGI; so may the compressed copy.
	"GET /static/evil/":                          {"app /static/evil/", "secret"},
	"GET /static/sly.css\nAccept-Encoding: gzip": {"plain", "secret"},
	// uWSGI does not look at If-Range, so that parts of different files are put together.
	"GET /static/a.txt\nRange: bytes=4-5\nIf-Range: Wed, 28 Feb 2024 12:34:56 GMT": {"200 OK", "206 Partial Content"},
	"GET /static/a.txt\nRange: bytes=4-5\nIf-Range: \"etag\"":                      {"200 OK", "206 Partial Content"},
	// The end of a file that is shorter is the whole file.
	"GET /static/a.txt\nRange: bytes=-99": {`200 OK Content-Type=["text/plain"] Content-Length=["14"]`, "unexpected EOF"},
}

// TestAsUWSGI asks both servers for the same and compares what they say.
func TestAsUWSGI(t *testing.T) {
	dir := site(t)
	c := configOf(dir)
	theirs, ours := startUWSGI(t, dir, arguments(&c)...), startFront(t, c)
	all := slices.Clone(requests)
	for _, p := range paths {
		all = append(all, "GET "+p)
	}
	same := 0
	for q := range stricter {
		if !slices.Contains(all, q) {
			all = append(all, q)
		}
	}
	for _, q := range all {
		got, want := ask(t, ours, written(q)), ask(t, theirs, written(q))
		if c, ok := stricter[q]; ok {
			if !strings.Contains(got, c.ours) || !strings.Contains(want, c.theirs) {
				t.Errorf("%.100q\ngot  %.300s\nuWSGI %.300s", q, got, want)
			}
			continue
		}
		if strings.HasPrefix(got, "416 ") {
			got = strings.Replace(got, ` Content-Length=["0"]`, "", 1) // uWSGI ends the connection instead
		}
		if got != want {
			t.Errorf("%.100q\ngot  %.300s\nwant %.300s", q, got, want)
			continue
		}
		same++
	}
	if same < 200 {
		t.Errorf("%d of %d requests are answered alike", same, len(all))
	}
}
