package nginx

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
)

// nginxSays runs "nginx -t" over a file and gives its first complaint without the file's directory; empty where it
// accepts the file.
func nginxSays(t testing.TB, dir, name string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "nginx", "-t", "-p", dir, "-c", filepath.Join(dir, name))
	out, err := cmd.CombinedOutput()
	if err == nil {
		return ""
	}
	for line := range strings.Lines(string(out)) {
		if _, message, ok := strings.Cut(line, "[emerg] "); ok {
			message = regexp.MustCompile(`^\d+#\d+: `).ReplaceAllString(strings.TrimSpace(message), "")
			return strings.ReplaceAll(message, dir+"/", "")
		}
	}
	return strings.TrimSpace(string(out))
}

// needNginx skips the test where nginx is missing or cannot test a plain configuration here.
func needNginx(t testing.TB) {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "nginx.conf", "pid nginx.pid; error_log stderr; events {}\n")
	if err := exec.Command("nginx", "-v").Run(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("nginx is missing:", err)
		}
		t.Skip("nginx is missing:", err)
	}
	if said := nginxSays(t, dir, "nginx.conf"); said != "" {
		t.Skip("nginx cannot test configurations here:", said)
	}
}

func write(t testing.TB, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// weSay gives the server's message of our first error.
func weSay(dir, name string) string {
	_, diags := Read(schema.NewFiles(dir), name)
	for _, d := range diags {
		if d.Severity == hcl.DiagError {
			message, _, _ := strings.Cut(schema.DetailOf(d).ServerMessage, "\n") // as nginxSays has its first line
			return strings.TrimSpace(message)
		}
	}
	return ""
}

// lexical are files at the edges of nginx's grammar; each is compared with what nginx says.
var lexical = []string{
	"", ";", "{", "}", "events {}", "events {", "events {}}", "events", "events ", "events;", "pid", "pid x",
	"events {} # comment", "events {} \"", "events {} \"abc", "events {} 'a'", "events {} \"pid\" x;", "events {} pid \"a\"b;",
	"events {} pid \"a\";", "events {} pid \"a\"\n;", "events {} pid a\\;b;", "events {} pid a\\ b;", "events {} env \"a=b\\\"c\";",
	"events {} env A=${x;", "events {} env A=$ {x;", "events {} env a{b;", "events {} env a}b;", "events {} env a#b;", "events {} #\n#",
	"events {}\nhttp {\n server {\n listen 8080\n server_name a;\n}\n}", "events {}\nhttp { server { listen 8080 } }",
	"events {} env ('a');", "events {} env 'a');", "events {} env a'b;", "events {} \\;", "events {} \\", "events {} env \\", "events {} env a\\",
	"events {}\n\n env \"a\nb\"\n;", "events {} }\n", "events {} http { } }", "events {} http {{ }", "events {} http { map $a $b { x y } }",
	"events {} http { map $a $b { x { y z; } } }", "events {} http { types { text/html html } }", "events {} worker_processes 1 2;",
	"events {} worker_processes;", "events {} worker_processes { }", "events { http { } }", "events {} server { }", "events {} nonsense on;",
	"events {} http { nonsense; }", "events {} http { sendfile maybe; }", "events {} http { sendfile ON; }", "events {} http { sendfile on; sendfile on; }",
	"events {} http { keepalive_requests ten; }", "events {} http { client_body_timeout 5x; }", "events {} http { client_body_timeout \"1m 30s\"; }",
	"events {} http { client_body_timeout 30s1m; }", "events {} http { client_body_timeout 1y; }", "events {} http { client_body_timeout 5ms; }",
	"events {} http { client_body_buffer_size 5g; }", "events {} http { client_body_buffer_size 5 k; }", "events {} http { client_max_body_size 5g; }",
	"events {} http { client_max_body_size 0; client_max_body_size 1; }", "events {} http { client_max_body_size ; }", "events {} http { client_max_body_size -1; }",
	"events {} http { proxy_http_version 2; }", "events {} http { proxy_http_version 1.1; }", "events {} http { ssl_protocols TLSv1.4; }",
	"events {} http { ssl_protocols TLSv1.2 tlsv1.3; }", "events {} http { proxy_buffers 8; }", "events {} http { proxy_buffers 0 8k; }", "events {} http { proxy_buffers 8 8k; }",
	"events {} http { include missing.conf; }", "events {} http { include missing/*.conf; }", "events {} http { include a b; }", "events {} include;",
	"http { }", "events {} events {}", "events {} http {} http {}", "events {} user a b c;", "events {} http { proxy_set_header a; }",
	"events {} http { proxy_set_header X $host; add_header a b always; add_header a b never; }", "events {} http { gzip \"on\"; }", "events {} http { gzip 'on'off; }",
	"\xef\xbb\xbfevents {}", "events {} http { server { location / { return 200 \"a\\\"b;{}\"; } } }", "events {} http { log_format a '$remote_addr \"$request\"' ' b'; }",
	"events {} http { server { location ~ ^/a{2}$ { } } }", "events {} http { server { location ~ \"^/a{2}$\" { } } }", "events {}\r\nhttp {\r\n}\r\n", "events {} http { server { } location / { } }",
	"events {} pid a ;pid b;", "events {} pid\na\n;", "events {} http { upstream a { server 127.0.0.1; } upstream b { } }", "events {} http { if ($a) { } }",
	"events {} # " + strings.Repeat("x", 4100), "events {} # " + strings.Repeat("x", 4000) + "\n# " + strings.Repeat("y", 4080) + "\n", "events {} env " + strings.Repeat("x", 4095) + ";", "events {} env " + strings.Repeat("x", 4096) + ";",
	"events {} env \"" + strings.Repeat("x", 4094) + "\";", "events {} env \"" + strings.Repeat("x", 4095) + "\";", "events {}\n env \"" + strings.Repeat("x\n", 4095) + "\";", "events {}\n# a\n#" + strings.Repeat("z", 5000) + "\n pid x;",
}

func TestLexicalLikeNginx(t *testing.T) {
	needNginx(t)
	for _, text := range lexical {
		compare(t, text)
	}
}

// compare holds our first error against nginx's.
func compare(t *testing.T, text string) {
	t.Helper()
	dir := t.TempDir()
	head := "pid nginx.pid; error_log stderr;"
	if strings.Contains(text, "pid") {
		head = "error_log stderr;"
	}
	if strings.HasPrefix(text, "\xef\xbb\xbf") || text == "" {
		head = ""
	}
	write(t, dir, "nginx.conf", head+text)
	want, got := nginxSays(t, dir, "nginx.conf"), weSay(dir, "nginx.conf")
	if want != got {
		shown := text
		if len(shown) > 200 {
			shown = shown[:200] + "…"
		}
		t.Errorf("%q\nnginx: %s\nours:  %s", shown, want, got)
	}
}

// semantic are files that nginx refuses, or takes, for what single directives mean.
var semantic = []string{
	"upstream a { server 127.0.0.1; } upstream a { server 127.0.0.1; }", "upstream a { server 127.0.0.1; } upstream A { server 127.0.0.1; }",
	"upstream a { server 127.0.0.1 weight=0; }", "upstream a { server 127.0.0.1 fail_timeout=5x; }",
	"upstream a { server 127.0.0.1:70000; }", "upstream a { server 127.0.0.1:abc; }", "upstream a { server unix:/tmp/x.sock fail_timeout=0; }",
	"upstream a { server 127.0.0.1 fail_timeout 0; }", "upstream a { }", "upstream a {\n\n\n}", "upstream { server 127.0.0.1; }",
	"server { location / { proxy_pass 127.0.0.1:8000; } }", "server { location / { proxy_pass http://127.0.0.1:8000; proxy_pass http://127.0.0.1:1; } }",
	"server { location ~ x { proxy_pass http://127.0.0.1:8000/; } }", "server { location ~ x { proxy_pass http://127.0.0.1:8000; } }",
	"server { location @a { proxy_pass http://127.0.0.1:8000/; } }", "server { location / { if ($a) { proxy_pass http://127.0.0.1/; } } }",
	"server { set $up 127.0.0.1; location / { if ($up) { proxy_pass http://127.0.0.1; } } }", "server { location ~ x { proxy_pass http://unix:/tmp/a.sock:/; } }",
	"server { location ~ x { proxy_pass http://unix:/tmp/a.sock; } }", "server { location / { proxy_pass unix:/tmp/a.sock; } }",
	"server { location / { uwsgi_pass unix:/tmp/a.sock; } }", "server { location / { uwsgi_pass unix:/tmp/a.sock; uwsgi_pass 127.0.0.1:1; } }",
	"server { location / { uwsgi_pass uwsgi://127.0.0.1:3031; } }", "server { location / { grpc_pass grpc://127.0.0.1:50051; } }",
	"server { location / { fastcgi_pass 127.0.0.1:9000; } }", "server { location /a { location /b { } } }", "server { location = /a { location /a { } } }",
	"server { location /a { location @b { } } }", "server { location @a { location /b { } } }", "server { location /a { location ~ b { } } }", "server { location ~ a { location /b { } } }",
	"server { location ~~ /a { } }", "server { location =/a { } }", "server { location ^~/a { } }", "server { location ~* \\.php$ { } }", "server { location a b c { } }",
	"server { listen 80; listen 80; }", "server { listen 80; listen *:80; }", "server { listen 8080 default_server; listen [::]:8080 ipv6only=on; }", "server { listen 70000; }",
	"server { listen 127.0.0.1:0; }", "server { listen 80 sssl; }", "server { listen unix:/tmp/n.sock; }", "server { listen 80 backlog=100 reuseport; }", "server { listen 127.0.0.1:abc; }",
	"server { set x 1; }", "server { set $x 1; }", "server { if ($host = a) { return 301 https://a; } }", "server { if ($host == a) { return 301 https://a; } }",
	"server { if ($host) { } }", "server { if ( $host = a ) { } }", "server { if (!-f $request_filename) { } }", "server { if (-q $request_filename) { } }", "server { if $host = a { } }",
	"server { if ($host = a { } }", "server { if ($host = a && $uri = b) { } }", "server { if ($host ~ a|b) { } }", "server { if ($host = ) { } }",
	"server { return 1000; }", "server { return abc def; }", "server { return 301; }", "server { return https://x; }", "server { return 200 ok; }",
	"server { location / { alias /a; root /b; } }", "server { root /a; root /b; }", "server { location / { alias /a; alias /b; } }", "server { alias /x; }",
	"server { location / { client_max_body_size 1m; client_max_body_size 2m; } }", "server { server_name a; server_name b; }", "proxy_set_header Host $host; server { proxy_set_header A b; }",
	"server { location / { limit_except GET { deny all; } } }", "server { listen 80; listen 81; location / { uwsgi_param A b; uwsgi_param C d if_not_empty; uwsgi_param C d x; } }",
	"server { location / { deny all; allow 127.0.0.1; error_page 404 /x; try_files $uri @a; } location @a { } }", "server { location / { expires max; etag off; } }",
	"map $http_upgrade $connection_upgrade { default upgrade; '' close; }", "map $http_upgrade { a b; }", "map $http_upgrade $x { a; }", "map $http_upgrade x { a b; }",
	"geo $g { default 0; 127.0.0.1 1; }", "types { text/html html; } default_type a/b;", "server { types { } default_type a/b; }", "server { location / { proxy_pass http://127.0.0.1; proxy_read_timeout 60; proxy_read_timeout 61; } }",
	"server { location / { proxy_buffering off; proxy_buffering off; } }", "server { location / { proxy_cookie_path / /x; keepalive_timeout 5 5; keepalive_timeout 5; } }",
	"server { location / { internal; internal; } }", "server { index a b; autoindex on; charset utf-8; }", "server { access_log off; error_log stderr warn; }",
	"server { error_log stderr loud; }", "server { location / { uwsgi_pass 127.0.0.1; } }", "server { location / { fastcgi_pass 127.0.0.1; } }", "server { location / { grpc_pass 127.0.0.1; } }",
	"server { location / { rewrite ^ /a last; rewrite ^ /a sometimes; } }", "server { location / { } location / { } }", "server { location ~ a { } location ~ a { } }", "server { location = / { } location / { } }",
	"server { location @a { } location @a { } }", "server { location /a { } location ^~ /a { } }",
	"server { listen 443 ssl; }", "server { location / { proxy_pass http://127.0.0.1:99999; } }", "server { location / { proxy_pass http://; } }", "server { location / { add_header X $nope; } }",
	"server { location / { proxy_set_header X $nope; } }", "server { location / { add_header X \"$host}${uri}\"; } }",
}

// later are refusals of nginx that need its modules' own code; they are read without complaint.
var later = map[string]string{
	"upstream a { server 127.0.0.1 backup down; }":  "no servers in upstream \"a\" in nginx.conf:1",
	"server { access_log /dev/null nope; }":         "unknown log format \"nope\" in nginx.conf:1",
	"server { location / { add_header X ${uri; } }": "the closing bracket in \"uri\" variable is missing in nginx.conf:1",
	"server { if ($a$b = c) { } }":                  "unknown \"a$b\" variable",
}

func TestNotChecked(t *testing.T) {
	needNginx(t)
	for text, want := range later {
		dir := t.TempDir()
		write(t, dir, "nginx.conf", "pid nginx.pid; error_log stderr; events {} http { "+text+" }")
		if said := nginxSays(t, dir, "nginx.conf"); !strings.HasPrefix(said, want) {
			t.Errorf("%s: nginx says %q", text, said)
		}
	}
}

// TestVariablesAreNginxs asks nginx whether it has each of the variables that are taken for its own.
func TestVariablesAreNginxs(t *testing.T) {
	needNginx(t)
	dir := t.TempDir()
	var b strings.Builder
	b.WriteString("pid nginx.pid; error_log stderr; events {} http { server { ")
	for _, name := range ownVariables {
		if !strings.Contains(" http3 is_request_port request_port memcached_key upstream_first_byte_time ", " "+name+" ") {
			b.WriteString("add_header X $" + name + "; ")
		}
	}
	b.WriteString("} }")
	write(t, dir, "nginx.conf", b.String())
	if said := nginxSays(t, dir, "nginx.conf"); said != "" {
		t.Error(said)
	}
}

func TestSemanticsLikeNginx(t *testing.T) {
	needNginx(t)
	for _, text := range semantic {
		compare(t, "events {} http { "+text+" }")
	}
}
