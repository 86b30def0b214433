package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gsrv/fixtures/oracle"
)

// TestRunPyramid serves a Pyramid project from its production.ini, as pserve would, with wsgiref's validator around it.
func TestRunPyramid(t *testing.T) {
	oracle.Modules(t, debianPython, "pyramid", "paste.deploy")
	dir := filepath.Join(t.TempDir(), "project")
	if err := os.CopyFS(dir, os.DirFS("testdata/pyramid")); err != nil {
		t.Fatal(err)
	}
	s := startServer(t, dir, "--python", debianPython, "--paste", "production.ini")
	base := "http://" + s.address()
	jar, _ := cookiejar.New(nil)
	browser := &http.Client{Jar: jar, Timeout: patience}
	do := func(method, path, contentType string, body io.Reader) (int, string) {
		t.Helper()
		req, err := http.NewRequest(method, base+path, body)
		if err != nil {
			t.Fatal(err)
		}
		if contentType != "" {
			req.Header.Set("Content-Type", contentType)
		}
		resp, err := browser.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(b)
	}
	var home struct{ Greeting, URL, Client string }
	if _, got := do("GET", "/", "", nil); json.Unmarshal([]byte(got), &home) != nil ||
		home.Greeting != "Hello from "+dir || home.URL != base+"/" || home.Client != "127.0.0.1" {
		t.Errorf("%s", got)
	}
	s.await(1, `INFO +\[shop\] home of Hello from`) // as [loggers] says

	// A form with a token and a session in a cookie; without the token it is refused.
	var basket struct {
		Items []string
		Token string
	}
	look := func(got string) {
		t.Helper()
		if err := json.Unmarshal([]byte(got), &basket); err != nil {
			t.Fatalf("%v: %s", err, got)
		}
	}
	_, got := do("GET", "/basket", "", nil)
	look(got)
	for _, item := range []string{"tea", "café ☕"} {
		form := url.Values{"item": {item}, "csrf_token": {basket.Token}}
		_, got := do("POST", "/basket", "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
		look(got)
	}
	if len(basket.Items) != 2 || basket.Items[1] != "café ☕" {
		t.Errorf("%+v", basket)
	}
	if status, got := do("POST", "/basket", "application/x-www-form-urlencoded", strings.NewReader("item=none")); status != 400 {
		t.Errorf("without a token: %d %.300s", status, got)
	}

	for _, n := range []int{0, 70_000, 2_000_000} {
		data := bytes.Repeat([]byte("\x00\xff"), n/2)
		var body bytes.Buffer
		w := multipart.NewWriter(&body)
		part, _ := w.CreateFormFile("file", "a.bin")
		part.Write(data)
		w.Close()
		if _, got := do("POST", "/upload", w.FormDataContentType(), &body); got != fmt.Sprintf("a.bin %d %x", n, sha256.Sum256(data)) {
			t.Errorf("%d bytes: %.300s", n, got)
		}
	}
	if _, got := do("GET", "/stream", "", nil); strings.Count(got, "\n") != 1000 || !strings.HasSuffix(got, "line 999\n") {
		t.Errorf("%d bytes", len(got))
	}
	source, err := os.ReadFile(filepath.Join(dir, "shop", "__init__.py"))
	if err != nil {
		t.Fatal(err)
	}
	if _, got := do("GET", "/manual", "", nil); got != string(source) {
		t.Errorf("%d bytes of %d", len(got), len(source))
	}
	if _, got := do("GET", "/static/shop.css", "", nil); got != "body { color: #123456; }\n" {
		t.Errorf("%q", got)
	}
	if status, got := do("GET", "/nowhere", "", nil); status != 404 || got != `{"missing": "/nowhere"}` {
		t.Errorf("%d %s", status, got)
	}
	if status, _ := do("GET", "/fails", "", nil); status != 500 {
		t.Errorf("%d", status)
	}
	s.await(1, `^ValueError: the shop is closed$`)
	if strings.Contains(s.output(), "AssertionError") {
		t.Error("the validator objects")
	}
}
