package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// writeCertificate writes a certificate for 127.0.0.1 that has signed itself, with its key, to one file.
func writeCertificate(t *testing.T, path, name string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER})...)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// tlsGet requests a page and gives the body, the protocol and the certificate's name.
func tlsGet(t *testing.T, address string, h2 bool) (body, protocol, name string) {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: h2}
	defer transport.CloseIdleConnections()
	c := &http.Client{Transport: transport, Timeout: patience}
	r, err := c.Get("https://" + address + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b), r.Proto, r.TLS.PeerCertificates[0].Subject.CommonName
}

// TestRunTLS: HTTPS with HTTP/2, a certificate that is renewed under way, one that is broken, and a reload to plain HTTP.
func TestRunTLS(t *testing.T) {
	t.Parallel()
	app := "def app(environ, start_response):\n    body = environ['wsgi.url_scheme'].encode()\n    start_response('200 OK', [('Content-Length', str(len(body)))])\n    return [body]\n"
	conf := "bind = '127.0.0.1:0'\ncertfile = keyfile = 'cert.pem'\nhttp_protocols = 'h2,h1'\n"
	dir := serverFiles(t, map[string]string{"hello.py": app, "gunicorn.conf.py": conf})
	cert := filepath.Join(dir, "cert.pem")
	writeCertificate(t, cert, "first")
	s := startServer(t, dir, "hello:app")
	address := s.address()
	if body, protocol, name := tlsGet(t, address, false); body != "https" || protocol != "HTTP/1.1" || name != "first" {
		t.Errorf("HTTP/1.1: %q by %s with %s", body, protocol, name)
	}
	if body, protocol, _ := tlsGet(t, address, true); body != "https" || protocol != "HTTP/2.0" {
		t.Errorf("HTTP/2: %q by %s", body, protocol)
	}
	writeCertificate(t, cert+".new", "second")
	if err := os.Rename(cert+".new", cert); err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { _, _, name := tlsGet(t, address, false); return name == "second" })

	writeFile(t, cert, "no certificate\n")
	s.signal(syscall.SIGHUP)
	s.await(1, "Reload failed")
	if _, _, name := tlsGet(t, address, false); name != "second" {
		t.Errorf("after a reload with a broken certificate: %s", name)
	}

	writeFile(t, filepath.Join(dir, "gunicorn.conf.py"), "bind = '127.0.0.1:0'\n")
	s.signal(syscall.SIGHUP)
	s.await(1, "Reloaded")
	if got := get(t, address, "/"); !strings.HasPrefix(got, "http") {
		t.Errorf("after a reload to plain HTTP: %q", got)
	}
}

// TestRunUpgradePlain: a new server speaks to every address as the old one did, and its processes hold none of the
// descriptors that it was given.
func TestRunUpgradePlain(t *testing.T) {
	t.Parallel()
	conf := "[uwsgi]\nhttp = 127.0.0.1:0\nhttps = 127.0.0.2:0,cert.pem,cert.pem\nhttp = 127.0.0.3:0\nhttp = 127.0.0.4:0\nhttp = 127.0.0.5:0\nmaster = true\nmodule = hello:app\n"
	dir := serverFiles(t, map[string]string{"hello.py": waitingApp, "uwsgi.ini": conf})
	writeCertificate(t, filepath.Join(dir, "cert.pem"), "one")
	s := startServer(t, dir, "uwsgi.ini")
	plain := s.address()
	worker, err := strconv.Atoi(get(t, plain, "/"))
	if err != nil {
		t.Fatal(err)
	}
	before := descriptorsOf(t, parent(worker))
	s.signal(syscall.SIGUSR2)
	s.await(1, `The new server with pid \d+ serves`)
	s.signal(syscall.SIGTERM)
	s.exit()
	s.await(1, "promoted")
	if worker, err = strconv.Atoi(get(t, plain, "/")); err != nil {
		t.Fatal(err)
	}
	if after := descriptorsOf(t, parent(worker)); after != before {
		t.Errorf("the process that workers are forked from has %d descriptors, before the upgrade %d", after, before)
	}
}

func descriptorsOf(t *testing.T, pid int) int {
	t.Helper()
	list, err := os.ReadDir("/proc/" + strconv.Itoa(pid) + "/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}
