package unit

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/rogpeppe/go-internal/txtar"

	"gsrv/schema"
)

func tree(t testing.TB, text string) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range txtar.Parse([]byte(text)).Files {
		writeUnit(t, dir, f.Name, string(f.Data))
	}
	return dir
}

const shop = `
-- shop@.service --
[Unit]
Description=The shop

[Service]
Type=notify
User=shop
WorkingDirectory=/srv/shop
Environment="TZ=Europe/Berlin" 'OPTS=-w 4' PORT=80
EnvironmentFile=-/etc/default/shop
ExecStartPre=+/bin/mkdir -p /run/shop
ExecStart=/srv/shop/bin/gunicorn --bind :$PORT \
    # the workers
    "--workers=${WORKERS}" $OPTS \
    shop.wsgi:app
ExecReload=/bin/kill -s HUP $MAINPID
KillMode=mixed
KillSignal=QUIT
TimeoutStopSec=1min 5s
LimitNOFILE=4096:8192
RuntimeDirectory=shop shop/%i
Restart=on-failure
-- shop@.service.d/20-more.conf --
[Service]
Environment=TZ=UTC
ExecStart=
ExecStart=-@/srv/shop/bin/gunicorn shop%i \; \x41 "a b"c
-- shop@one.service.d/20-more.conf --
[Service]
RestartSec=3
-- service.d/10-all.conf --
[Service]
PrivateTmp=yes
-- shop.socket --
[Socket]
ListenStream=/run/shop.sock
ListenStream=
ListenStream=127.0.0.1:8000
ListenStream=[::1]:8001
ListenStream=9000
SocketMode=0660
SocketUser=www-data
`

func words(list []schema.Word) string {
	var out []string
	for _, w := range list {
		out = append(out, w.Text+"@"+strings.TrimPrefix(w.Range.String(), w.Range.Filename+":"))
	}
	return strings.Join(out, " | ")
}

func TestService(t *testing.T) {
	dir := tree(t, shop)
	files := schema.NewFiles(dir)
	files.Put("alone.service", []byte(strings.SplitN(strings.SplitN(shop, "-- shop@.service --\n", 2)[1], "-- ", 2)[0]))
	u, diags := Read(files, "alone.service")
	if len(diags) > 0 {
		t.Error(diags)
	}
	s := u.Service
	if got, want := words(s.ExecStart[0].Words), `/srv/shop/bin/gunicorn@11,11-33 | --bind@11,34-40 | :$PORT@11,41-47 | --workers=${WORKERS}@13,5-27 | $OPTS@13,28-33 | shop.wsgi:app@14,5-18`; got != want {
		t.Errorf("words\n%s\nwant\n%s", got, want)
	}
	env := map[string]string{}
	for _, v := range s.Environment {
		env[v.Name] = v.Value.Value
	}
	expanded, unknown := s.ExecStart[0].Expand(func(name string) (string, bool) { v, ok := env[name]; return v, ok })
	var texts []string
	for _, w := range expanded {
		texts = append(texts, w.Text)
	}
	if got := strings.Join(texts, "|"); got != "/srv/shop/bin/gunicorn|--bind|:$PORT|--workers=|-w|4|shop.wsgi:app" || strings.Join(unknown, " ") != "WORKERS" {
		t.Errorf("expanded %s, unknown %v", got, unknown)
	}
	if !s.ExecStartPre[0].Privileged || s.ExecStartPre[0].Prefixes != "+" || s.ExecStartPre[0].Path.Text != "/bin/mkdir" {
		t.Errorf("%+v", s.ExecStartPre)
	}
	if s.KillSignal.Value != "SIGQUIT" || s.KillMode.Value != "mixed" || s.TimeoutStop.Value != 65*time.Second || s.TimeoutStart.Value != 90*time.Second || s.LimitNOFILE.Value != 4096 || s.NotifyAccess.Value != "main" || s.Type.Value != "notify" {
		t.Errorf("%+v", s)
	}
	if len(s.RuntimeDirectory) != 2 || s.RuntimeDirectory[0].Open || !s.RuntimeDirectory[1].Open {
		t.Errorf("%+v", s.RuntimeDirectory)
	}
	if f := s.EnvironmentFiles[0]; !f.Optional || f.Path.Value != "/etc/default/shop" || f.Path.Range.String() != "alone.service:9,17-35" {
		t.Errorf("%+v", f)
	}
}

func TestDropIns(t *testing.T) {
	dir := tree(t, shop)
	files := schema.NewFiles(dir)
	u, diags := Read(files, "shop@.service")
	if diags.HasErrors() {
		t.Error(diags)
	}
	if got := strings.Join(u.Files, " "); got != "shop@.service service.d/10-all.conf shop@.service.d/20-more.conf" {
		t.Error(got)
	}
	c := u.Service.ExecStart
	if len(c) != 1 || !c[0].IgnoreFailure || !c[0].Argv0 || !c[0].Open || words(c[0].Words) != "shop%i@4,36-42 | ;@4,43-45 | A@4,46-50 | a bc@4,51-57" {
		t.Errorf("%+v", c)
	}
	if u.Service.Environment[0].Value.Value != "UTC" || !u.Service.PrivateTmp.Value {
		t.Errorf("%+v", u.Service)
	}
	files.Put("shop@one.service", files.Text("shop@.service"))
	u, _ = Read(files, "shop@one.service")
	if got := strings.Join(u.Files, " "); got != "shop@one.service service.d/10-all.conf shop@one.service.d/20-more.conf" || u.Instance != "one" || u.Service.RestartSec.Value != 3*time.Second {
		t.Error(got)
	}
}

func TestSocket(t *testing.T) {
	u, diags := Read(schema.NewFiles(tree(t, shop)), "shop.socket")
	if len(diags) > 0 {
		t.Error(diags)
	}
	var got []string
	for _, l := range u.Socket.Listen {
		got = append(got, l.Network+" "+l.Host+" "+l.Port+l.Path)
	}
	if diff := cmp.Diff([]string{"tcp 127.0.0.1 8000", "tcp ::1 8001", "tcp  9000"}, got); diff != "" {
		t.Error(diff)
	}
	if u.Socket.Mode.Value != "0660" || u.Socket.Service.Value != "shop.service" || u.Socket.User.Range.String() != "shop.socket:8,12-20" {
		t.Errorf("%+v", u.Socket)
	}
}

func TestEnvironmentFile(t *testing.T) {
	files := schema.NewFiles("")
	files.Put("env", []byte("# c\nA=1\n  B = two words  # no comment\nC=\"a\\\"b\\c $X\n2\" tail\nD='x\\'y\nE=a\\\n b\\ \nbad line\n1F=x\nG=\n;x\nA=2 \nexport H=1\nI=a\"b\"\n"))
	list, diags := ReadEnvironment(files, "env")
	if len(diags) > 0 {
		t.Error(diags)
	}
	var got []string
	for _, v := range list {
		got = append(got, v.Name+"="+v.Value.Value)
	}
	want := []string{"A=2", "B=two words  # no comment", "C=a\"b\\c $X\n2tail", "D=x\\y", "E=a b ", "G=", "I=a\"b\""}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := list[1].Value.Range.String(); got != "env:3,7-30" {
		t.Error(got)
	}
}

// TestPlaceholders reads a unit that an installation script completes.
func TestPlaceholders(t *testing.T) {
	files := schema.NewFiles("")
	files.Put("a.service", []byte("[Service]\nWorkingDirectory=INSTALL_DIR\nExecStart=@bindir@/gunicorn -c INSTALL_DIR/x.py\nEnvironment=MODE=PRE_PROD\nExecReload={{ venv }}/bin/reload x\n"))
	u, diags := Read(files, "a.service")
	if len(diags) > 0 {
		t.Error(diags)
	}
	if s := u.Service; !s.WorkingDirectory.Open || len(s.ExecStart) != 1 || !s.ExecStart[0].Open || s.ExecStart[0].Path.Text != "@bindir@/gunicorn" || s.Environment[0].Value.Open {
		t.Errorf("%+v", s)
	}
}

func TestSpans(t *testing.T) {
	for s, want := range map[string]time.Duration{
		"5": 5 * time.Second, "5s": 5 * time.Second, "1.5 h": 90 * time.Minute, "1min 30": 90 * time.Second, "2d3h": 51 * time.Hour,
		"250ms": 250 * time.Millisecond, "7us": 7 * time.Microsecond, "1 week": 7 * 24 * time.Hour,
	} {
		if d, infinite, ok := ParseSpan(s); d != want || infinite || !ok {
			t.Errorf("%q: %v %v %v", s, d, infinite, ok)
		}
	}
	for _, s := range []string{"", "x", "5x", "-1", "5.", "s"} {
		if _, _, ok := ParseSpan(s); ok {
			t.Errorf("%q is taken", s)
		}
	}
}

// TestHostile reads files made to be expensive; the test's own time limit is the measure.
func TestHostile(t *testing.T) {
	var names strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&names, "Environment=A%d=1\n", i)
	}
	for name, text := range map[string]string{
		"variables":     "[Service]\n" + names.String(),
		"continuations": "[Service]\nExecStart=" + strings.Repeat("a \\\n", 300_000),
		"sections":      strings.Repeat("[Service]\nA=1\n", 200_000),
		"commands":      "[Service]\n" + strings.Repeat("ExecStart=/a ; /b ; /c\n", 100_000),
		"long":          "[Service]\nExecStart=" + strings.Repeat("x", 3_000_000),
	} {
		t.Run(name, func(t *testing.T) {
			files := schema.NewFiles(t.TempDir())
			files.Put("x.service", []byte(text))
			Read(files, "x.service")
			if _, diags := ReadEnvironment(files, "x.service"); diags.HasErrors() {
				t.Error(diags)
			}
		})
	}
}

// FuzzRead reads anything: no panic, places within the file, an end.
func FuzzRead(f *testing.F) {
	for _, l := range lines {
		f.Add("[Service]\nExecStart=/bin/true\n"+strings.ReplaceAll(l, "|", "\n")+"\n", "a.service")
	}
	f.Add("[Socket]\nListenStream=\\\n80\nListenStream=%t/x\nSocketMode=8\n", "a@b.socket")
	f.Add("A='\\\n\"B=\\\\\nC=\"\\", "a-b-.service")
	f.Fuzz(func(t *testing.T, text, name string) {
		if strings.ContainsAny(name, "/\x00") || len(name) > 40 {
			return
		}
		files := schema.NewFiles(t.TempDir())
		files.Put(name, []byte(text))
		u, diags := Read(files, name)
		check := func(r hcl.Range) {
			if r.End.Byte > len(text) || r.Start.Byte > r.End.Byte {
				t.Fatalf("place %v outside of the text", r)
			}
		}
		if u.Service != nil {
			for _, c := range u.Service.ExecStart {
				for _, w := range c.Words {
					check(w.Range)
				}
				c.Expand(func(string) (string, bool) { return text, true })
			}
			for _, v := range u.Service.Environment {
				check(v.Value.Range)
			}
		}
		for _, d := range diags {
			check(*d.Subject)
			if d.Detail == "" {
				t.Fatalf("empty diagnostic %#v", d)
			}
		}
		list, _ := ReadEnvironment(files, name)
		for _, v := range list {
			check(v.Value.Range)
		}
	})
}
