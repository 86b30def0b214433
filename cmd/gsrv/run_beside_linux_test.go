package main

import (
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// TestRunBesideTLS: a plain address beside one with TLS stays plain in a new server on the same sockets, and follows a reload.
func TestRunBesideTLS(t *testing.T) {
	t.Parallel()
	ini := "[uwsgi]\nmaster = true\nmodule = probe:app\nneed-app = true\n"
	dir := serverFiles(t, map[string]string{"probe.py": probeApp, "uwsgi.ini": ini + "http = 127.0.0.1:0\nhttps = 127.0.0.1:0,cert.pem,key.pem\n"})
	certificates(t, dir)
	s := startServer(t, dir, "uwsgi.ini")
	m := s.await(1, `Listening at: http://(\S+), https://(\S+) `)
	plain, secure := m[1], m[2]
	both := func() {
		t.Helper()
		want(t, "the plain address", environOf(t, plain)["wsgi.url_scheme"], "http")
		want(t, "the other one", schemeByTLS(t, secure), "https")
	}
	both()
	s.signal(syscall.SIGHUP)
	s.await(1, "Reloaded")
	both()
	s.signal(syscall.SIGUSR2)
	heir, _ := strconv.Atoi(s.await(1, `The new server with pid (\d+) serves`)[1])
	s.signal(syscall.SIGTERM)
	s.exit()
	s.await(1, "promoted")
	both()
	// What was plain gets TLS as well.
	writeFile(t, filepath.Join(dir, "uwsgi.ini"), ini+"https = 127.0.0.1:0,cert.pem,key.pem\nhttps = 127.0.0.1:0,cert.pem,key.pem\n")
	if err := syscall.Kill(heir, syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	s.await(1, "Reloaded: .* serves at https://"+plain+", https://"+secure)
	want(t, "the address that was plain", schemeByTLS(t, plain), "https")
	syscall.Kill(heir, syscall.SIGTERM)
	<-s.eof
}
