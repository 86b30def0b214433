//go:build linux

package static_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gsrv/runtime/static"
	"gsrv/runtime/wire"
)

// taken is an answer that is kept.
type taken struct {
	status, body string
	headers      []wire.Header
	ended        int
}

func (a *taken) Informational(int, []wire.Header)    {}
func (a *taken) Head(status string, h []wire.Header) { a.status, a.headers = status, h }
func (a *taken) Data(p []byte) int64                 { a.body += string(p); return 0 }
func (a *taken) Flush()                              {}
func (a *taken) End(error)                           { a.ended++ }
func (a *taken) File(f *os.File, offset, n int64) {
	b, _ := io.ReadAll(io.NewSectionReader(f, offset, n))
	f.Close()
	a.body += string(b)
}

func (a *taken) field(name string) string {
	for _, h := range a.headers {
		if h.Name == name {
			return h.Value
		}
	}
	return ""
}

// environ writes variables as the front does.
func environ(kv ...string) []byte { return []byte(strings.Join(kv, "\x00") + "\x00") }

func serve(f *static.Files, kv ...string) (*taken, bool) {
	a := &taken{}
	ok := f.Serve(&wire.Request{Environ: environ(kv...), Answer: a})
	return a, ok
}

// FuzzServe asks for any path with any fields: what is served is a file of the site, whole or in part, and never one that is outside of
// the directories that are served.
func FuzzServe(f *testing.F) {
	dir := site(f)
	var inside [][]byte
	for _, sub := range []string{"www", "checked", "kept", "allowed", "one.txt"} {
		filepath.WalkDir(filepath.Join(dir, sub), func(path string, d os.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				b, _ := os.ReadFile(path)
				inside = append(inside, b)
			}
			return nil
		})
	}
	c := configOf(dir)
	c.GzipAll = true
	files, _, err := static.New(c)
	if err != nil {
		f.Fatal(err)
	}
	for _, p := range paths {
		f.Add(p, "", "")
	}
	for q := range stricter {
		line, _, _ := strings.Cut(q, "\n")
		_, path, _ := strings.Cut(line, " ")
		f.Add(path, "bytes=1-", "gzip, br")
	}
	f.Fuzz(func(t *testing.T, path, ranges, accepts string) {
		if strings.ContainsRune(path+ranges+accepts, 0) {
			return
		}
		a, ok := serve(files, "REQUEST_METHOD", "GET", "RAW_URI", path, "HTTP_RANGE", ranges, "HTTP_ACCEPT_ENCODING", accepts)
		if ok != (a.ended == 1) || !ok && a.status != "" {
			t.Fatalf("%q: answered %v, status %q, ended %d times", path, ok, a.status, a.ended)
		}
		if !ok || a.body == "" {
			return
		}
		for _, b := range inside {
			if strings.Contains(string(b), a.body) && (a.field("Content-Range") != "" || len(b) == len(a.body)) {
				return
			}
		}
		t.Fatalf("%q with range %q and %q gives %.100q", path, ranges, accepts, a.body)
	})
}

// TestNothingOutside: what lies outside is not given, however it is asked for.
func TestNothingOutside(t *testing.T) {
	dir := site(t)
	files, _, err := static.New(configOf(dir))
	if err != nil {
		t.Fatal(err)
	}
	ups := []string{"..", "%2e%2e", ".%2e", "%2E.", "..%2f..", "%2e%2e%2f%2e%2e", "sub/../..", "sub%2f..%2f..", "abs/..", "abs%2f..%2f..", "shared%2f..", "outdir%2f..", "loop/..", "nothing%2f..%2f.."}
	for _, mount := range []string{"/static/", "/static", "/static//", "/media/", "/media", "/", "/one/", "//"} {
		for _, up := range ups {
			for _, target := range []string{"outside/secret.txt", "www-private/key", "app.py", "mime.types", "outdir/secret.txt", "out", "top/etc/passwd", "etc/passwd", "-private/key"} {
				for _, sep := range []string{"/", "%2f", "//", ""} {
					path := mount + up + sep + target
					if a, ok := serve(files, "REQUEST_METHOD", "GET", "RAW_URI", path); ok && a.body != "just one\n" { // that stands for all of /one
						t.Errorf("%s gives %.60q", path, a.body)
					}
				}
			}
		}
	}
}

// TestSwapped: a file that becomes a link, a directory or a FIFO is not followed.
func TestSwapped(t *testing.T) {
	dir := site(t)
	files, _, err := static.New(configOf(dir))
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "www/sub/b.css")
	get := func() (string, bool) {
		a, ok := serve(files, "REQUEST_METHOD", "GET", "RAW_URI", "/static/sub/b.css")
		return a.body, ok
	}
	if body, ok := get(); !ok || body != "b{}\n" {
		t.Fatalf("%q %v", body, ok)
	}
	os.Remove(name)
	if _, ok := get(); ok {
		t.Error("a file that is gone")
	}
	if err := os.Symlink(filepath.Join(dir, "outside/secret.txt"), name); err != nil {
		t.Fatal(err)
	}
	if body, ok := get(); ok {
		t.Errorf("a link that leads out gives %q", body)
	}
	os.Remove(name)
	if err := os.Mkdir(name, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, ok := get(); ok {
		t.Error("a directory")
	}
}

// TestLater: a directory that comes after the start is served.
func TestLater(t *testing.T) {
	dir := site(t)
	files, _, err := static.New(configOf(dir))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := serve(files, "REQUEST_METHOD", "GET", "RAW_URI", "/later/x.txt"); ok {
		t.Fatal("served before it is there")
	}
	if err := os.Mkdir(filepath.Join(dir, "nothing"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "nothing/x.txt"), []byte("x\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if a, ok := serve(files, "REQUEST_METHOD", "GET", "RAW_URI", "/later/x.txt"); !ok || a.body != "x\n" {
		t.Errorf("%q %v", a.body, ok)
	}
}

// TestAccount: files are read with the account's rights alone, and the process's own are as before.
func TestAccount(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root may read as another account")
	}
	dir := site(t)
	for _, d := range []string{filepath.Dir(dir), dir} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		mode     os.FileMode
		uid, gid int
	}{"www/root.txt": {0o600, 0, 0}, "www/own.txt": {0o400, 65534, 0}, "www/group.txt": {0o040, 0, 65533}, "www/second.txt": {0o040, 0, 60001}} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
		if os.Chown(path, c.uid, c.gid) != nil || os.Chmod(path, c.mode) != nil {
			t.Skip("files cannot be given away")
		}
	}
	c := configOf(dir)
	c.Account = &static.Account{UID: 65534, GID: 65533, Groups: []int{60001}}
	files, _, err := static.New(c)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{"root.txt": false, "own.txt": true, "group.txt": true, "second.txt": true, "a.txt": true} {
		if _, ok := serve(files, "REQUEST_METHOD", "GET", "RAW_URI", "/static/"+path); ok != want {
			t.Errorf("%s: %v", path, ok)
		}
	}
	if _, err := os.ReadFile(filepath.Join(dir, "www/root.txt")); err != nil {
		t.Errorf("the process itself: %v", err)
	}
}

func BenchmarkServe(b *testing.B) {
	files, _, err := static.New(configOf(site(b)))
	if err != nil {
		b.Fatal(err)
	}
	for name, path := range map[string]string{"file": "/static/sub/b.css", "application": "/shop/item/1"} {
		env := environ("REQUEST_METHOD", "GET", "RAW_URI", path, "QUERY_STRING", "", "HTTP_HOST", "x", "HTTP_USER_AGENT", "y")
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				files.Serve(&wire.Request{Environ: env, Answer: &taken{}})
			}
		})
	}
}
