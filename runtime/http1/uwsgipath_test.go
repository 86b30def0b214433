package http1

import (
	"strings"
	"testing"
)

// TestUWSGIPath has what the application's PATH_INFO is in uWSGI 2.0.21.
func TestUWSGIPath(t *testing.T) {
	for path, want := range map[string]string{
		"/": "/", "/a/b/..": "/a/", "/a/b/../": "/a/", "/a/./b": "/a/b", "/a/.": "/a/", "/a//b": "/a//b", "/..": "", "/../x": "/x", "/a/%2e%2e/b": "/a/../b", "/a%2f..%2fb": "/a/../b",
		"/a%%b": "/a%b", "/a%": "/a", "/a%4": "/a", "/a%41": "/aA", "/a%zz": "/a\x00", "/.a": "/.a", "/..a": "/..a", "/...": "/...", "/a#b": "/a", "": "",
	} {
		if got := UWSGIPath(path); got != want {
			t.Errorf("%q: %q, not %q", path, got, want)
		}
	}
}

func FuzzUWSGIPath(f *testing.F) {
	for _, p := range []string{"/a/../b", "/%2e%2e/", "x/./..", "/..", "/a%zz%%", "#", "/a/b/..", "../..", "./", "/./.."} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, path string) {
		got := UWSGIPath(path)
		if len(got) > len(path)+1 {
			t.Errorf("%q grows to %q", path, got)
		}
		// Segments of two dots are left where they were written otherwise alone.
		if !strings.Contains(path, "%") && strings.Contains(got, "/../") {
			t.Errorf("%q: %q", path, got)
		}
	})
}
