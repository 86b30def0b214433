package uwsgi

import (
	"strings"
	"testing"

	"gsrv/schema"
)

// TestKeepAlive holds the model against what a client of uWSGI 2.0.21 with Debian's plugins http and python3 saw: how
// long a connection stays open after an answer. "0" closes at once; "" is not asked for, and closes at once, too.
func TestKeepAlive(t *testing.T) {
	for _, tt := range []struct{ words, ini, want string }{
		{"--http=127.0.0.1:8000", "", ""},
		{"--http=127.0.0.1:8000 --http-keepalive=4", "", "4"},
		{"--http=127.0.0.1:8000 --http-keepalive=4 --http-timeout=2", "", "4"},
		{"--http=127.0.0.1:8000 --http-keepalive=0", "", "0"},
		{"--http=127.0.0.1:8000 --http-keepalive=x", "", "0"},
		{"--http=127.0.0.1:8000 --http-keepalive --http-timeout=3", "", "3"},
		{"--http=127.0.0.1:8000 --http-keepalive", "", "60"},
		{"--http=127.0.0.1:8000 --http-keepalive=1", "", "60"},
		{"--http-socket=127.0.0.1:8000 --http-keepalive=4", "", ""},
		{"--http11-socket=127.0.0.1:8000", "", "4"},
		{"--http11-socket=127.0.0.1:8000 --http-keepalive=9", "", "4"},
		{"--http11-socket=127.0.0.1:8000 --socket-timeout=2", "", "2"},
		{"--ini=u.ini", "http = 127.0.0.1:8000\nhttp-timeout = 3\nhttp-keepalive\n", "0"},
		{"--ini=u.ini", "http = 127.0.0.1:8000\nhttp-timeout = 3\nhttp-keepalive = true\n", "0"},
		{"--ini=u.ini", "http = 127.0.0.1:8000\nhttp-keepalive = 75\n", "75"},
		{"--ini=u.ini", "http = 127.0.0.1:8000\nif-env = K\nhttp-keepalive = %(_)\nend-if =\n", "9"},
	} {
		dir := t.TempDir()
		writeFiles(t, dir, map[string]string{"u.ini": "[uwsgi]\n" + tt.ini})
		c, _ := readCommand(dir, strings.Fields("--plugins=http,python3 "+tt.words), [][2]string{{"K", "9"}}, "", "2.0.21")
		got := ""
		if s := c.Setting("http.keep_alive"); s != nil && s.Layer != schema.LayerDefault {
			got, _ = schema.TextOf(s.OnHost)
		}
		if got != tt.want {
			t.Errorf("%s %q: %q, want %q", tt.words, tt.ini, got, tt.want)
		}
	}
}
