package nginx

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"gsrv/schema"
)

// TestModel reads the files of testdata/model.txtar and compares what is found with the lines that stand with them.
func TestModel(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/model.txtar")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for i := 0; i+1 < len(archive.Files); i += 2 {
		f, want := archive.Files[i], archive.Files[i+1]
		write(t, dir, f.Name, string(f.Data))
		cfg, diags := Read(schema.NewFiles(dir), f.Name)
		if diags.HasErrors() {
			t.Error(diags)
		}
		if diff := cmp.Diff(string(want.Data), describe(cfg)); diff != "" {
			t.Errorf("%s: -want +got\n%s", f.Name, diff)
		}
	}
}

// describe writes the model in lines.
func describe(c *Config) string {
	var b strings.Builder
	fmt.Fprintf(&b, "context %s\n", c.Context)
	for _, s := range c.Servers {
		var names, listens []string
		port := ""
		for _, n := range s.Names {
			names = append(names, n.Text)
		}
		for i, l := range s.Listen {
			if i == 0 {
				port = l.Port
			}
			text := l.Address
			for _, on := range []struct {
				set  bool
				word string
			}{{l.TLS, " tls"}, {l.HTTP2, " http2"}, {l.Default, " default"}, {l.Implied, " implied"}} {
				if on.set {
					text += on.word
				}
			}
			listens = append(listens, text)
		}
		fmt.Fprintf(&b, "server %s %s: %s\n", port, strings.Join(names, " "), strings.Join(listens, "; "))
	}
	for _, p := range c.Proxied() {
		b.WriteString(describePass(p))
	}
	return b.String()
}

func describePass(p Proxied) string {
	var b strings.Builder
	path := "(server)"
	if p.Location != nil {
		path = p.Location.Path.Text
	}
	fmt.Fprintf(&b, "%s %s %s", path, p.Protocol, p.Target.Text)
	if p.HasURI && !strings.Contains(p.URI, "$") {
		b.WriteString(" uri " + p.URI)
	}
	b.WriteString(" ->")
	for _, a := range p.Addresses {
		b.WriteString(" " + a.Text)
	}
	if p.Open {
		b.WriteString(" open")
	}
	if p.KeepAlive {
		b.WriteString(" keepalive")
	}
	b.WriteByte(';')
	for _, h := range p.Headers {
		value := h.Value.Text
		if value == "" {
			value = `""`
		}
		fmt.Fprintf(&b, " %s=%s", h.Name.Text, value)
		if h.Default {
			b.WriteString("(default)")
		}
	}
	if len(p.Params) > 0 {
		fmt.Fprintf(&b, " %d params", len(p.Params))
	}
	fmt.Fprintf(&b, "; read %s body %d", p.ReadTimeout.Value, p.MaxBody.Value)
	if p.HTTPVersion.Value != "" {
		b.WriteString(" version " + p.HTTPVersion.Value)
	}
	if !p.Buffering.Value {
		b.WriteString(" unbuffered")
	}
	if !p.RequestBuffering.Value {
		b.WriteString(" request-unbuffered")
	}
	b.WriteByte('\n')
	return b.String()
}

// TestPlaces checks that words stand where their ranges say.
func TestPlaces(t *testing.T) {
	dir := t.TempDir()
	text := "server {\n  listen 80;\n  location / {\n    proxy_pass \"http://a:1\" ;\n  }\n}\n"
	write(t, dir, "a.conf", text)
	cfg, _ := Read(schema.NewFiles(dir), "a.conf")
	p := cfg.Proxied()[0]
	for _, c := range []struct {
		got  string
		want string
	}{
		{p.Target.Range.String(), "a.conf:4,16-28"},
		{p.Pass.Range.String(), "a.conf:4,5-30"},
		{cfg.Servers[0].Listen[0].Range.String(), "a.conf:2,10-12"},
		{p.Location.Directive.BlockRange.String(), "a.conf:3,14-5,4"},
	} {
		if c.got != c.want {
			t.Errorf("got %s, want %s", c.got, c.want)
		}
	}
}

// TestTemplates reads templates: what stands in marks is open, the rest is read.
func TestTemplates(t *testing.T) {
	for _, c := range []struct{ name, text, engine, address string }{
		{"jinja", "{% if tls %}\nserver {\n{{ extra }}\nlisten {{ port }};\n{% endif %}\nlocation / { proxy_pass http://127.0.0.1:{{ app_port }}; }\n}\n", "jinja", "127.0.0.1:{{ app_port }} open"},
		{"plain parts", "server {\n{% for n in names %}server_name {{ n }};{% endfor %}\nlocation / { proxy_pass http://127.0.0.1:80; } }", "jinja", "127.0.0.1:80"},
		{"erb", "server { location / { proxy_pass http://<%= @host %>:80; }\n<% if x %>\n<% end %>\n}", "erb", "<%= @host %>:80 open"},
		{"go", "server { location / { proxy_pass http://{{ .Values.host }}:80; } {{- if .x }} {{- end }}\n}", "go", "{{ .Values.host }}:80 open"},
		{"envsubst", "server { location / { proxy_pass http://${HOST}:${PORT}/; } }", "", "${HOST}:${PORT} open"},
		{"script", "server { location / { uwsgi_pass unix:INSTALL_DIR/uwsgi.sock; uwsgi_param QUERY_STRING $query_string; } }", "", "unix:INSTALL_DIR/uwsgi.sock open"},
		{"percent", "server { location / { uwsgi_pass unix:%SOCKET%; } }", "", "unix:%SOCKET% open"},
	} {
		dir := t.TempDir()
		write(t, dir, "a", c.text)
		cfg, diags := Read(schema.NewFiles(dir), "a")
		if diags.HasErrors() || cfg.Template != c.engine {
			t.Errorf("%s: engine %q, %v", c.name, cfg.Template, diags)
		}
		passes := cfg.Proxied()
		if len(passes) != 1 || len(passes[0].Addresses) != 1 {
			t.Errorf("%s: %d passes", c.name, len(passes))
			continue
		}
		got := passes[0].Addresses[0].Text
		if passes[0].Open {
			got += " open"
		}
		if got != c.address {
			t.Errorf("%s: got %q, want %q", c.name, got, c.address)
		}
	}
}

// TestIncludes follows includes within the tree, beside the main file, and not out of it.
func TestIncludes(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "tree/nginx.conf", "events {}\nhttp { include conf.d/*.conf; include /etc/nginx/sites/*; include /etc/passwd; include ../secret; include ../s*; include */*/*/*/*; include $x; }\n")
	write(t, dir, "tree/conf.d/b.conf", "upstream b { server 127.0.0.1:2; include more; }\n")
	write(t, dir, "tree/conf.d/a.conf", "server { location / { include conf.d/pass; } }\n")
	write(t, dir, "tree/conf.d/pass", "proxy_pass http://b;\n")
	write(t, dir, "tree/sites/c", "server { content_by_lua_block { local s = \"}\" -- }\n } location / { uwsgi_pass c:1; } }\n")
	write(t, dir, "tree/more", "keepalive 2;\n")
	write(t, dir, "secret", "server { }")
	cfg, diags := Read(schema.NewFiles(dir+"/tree"), "nginx.conf")
	want := "nginx.conf conf.d/a.conf conf.d/pass conf.d/b.conf more sites/c"
	if got := strings.Join(cfg.Files, " "); got != want {
		t.Errorf("read %s\nwant %s\n%v", got, want, diags)
	}
	if p := cfg.Proxied(); len(p) != 2 || p[0].Upstream == nil || p[0].Upstream.Keepalive == nil || p[0].Addresses[0].Text != "127.0.0.1:2" {
		t.Errorf("passes: %+v", p)
	}
	write(t, dir, "loop/nginx.conf", "events {} include a;")
	write(t, dir, "loop/a", "include b;")
	write(t, dir, "loop/b", "include a;")
	_, diags = Read(schema.NewFiles(dir+"/loop"), "nginx.conf")
	if len(diags) != 1 || schema.DetailOf(diags[0]).Code != "include-loop" {
		t.Errorf("loop: %v", diags)
	}
}

// FuzzRead reads anything: no panic, places within the text, an end.
func FuzzRead(f *testing.F) {
	for _, s := range append(append([]string{}, lexical[:60]...), semantic...) {
		f.Add(s)
	}
	f.Add("server { {{ a }} {% b %} <% c %> ${D} {#")
	f.Add("a_by_lua_block { --[[ } ]] [==[ } ]==] '}' }")
	f.Add(strings.Repeat("set $a $a$b$a; set $b $b$a$a;", 20) + " if (x) { " + strings.Repeat("set $a $a$b;", 30) + " } location / { proxy_pass http://$a$b$a; }")
	f.Add("include x; set $a $b; set $b $a; location / { proxy_pass http://$a$b$a; }")
	f.Fuzz(func(t *testing.T, text string) {
		files := schema.NewFiles(t.TempDir())
		files.Put("x", []byte(text))
		cfg, diags := Read(files, "x")
		for _, p := range cfg.Proxied() {
			if p.Pass.Range.End.Byte > len(text) {
				t.Fatalf("place %v outside of the text", p.Pass.Range)
			}
		}
		for _, d := range diags {
			if d.Detail == "" || d.Subject == nil {
				t.Fatalf("empty diagnostic %#v", d)
			}
		}
	})
}
