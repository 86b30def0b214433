package rules

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"

	"gsrv/lint"
	"gsrv/schema"
)

func TestListeners(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		{"gunicorn.conf.py", "workers = 2\n", nil}, // PORT is not known
		{"gunicorn.conf.py", "bind = ['0.0.0.0:80', ':81', '[::1]:82', 'LOCALHOST:83', 'unix:/run/a.sock', 'unix:@a', 'fd://3']\n", []string{
			"bind http tcp 0.0.0.0:80 wildcard public 1:10-1:20", "bind http tcp 0.0.0.0:81 wildcard public 1:24-1:27", "bind http tcp [::1]:82 loopback 1:31-1:39",
			"bind http tcp localhost:83 loopback 1:43-1:55", "bind http unix unix:/run/a.sock loopback 1:59-1:75", "bind http abstract unix:@a loopback 1:79-1:86", "bind http fd fd://3 1:90-1:96",
		}},
		{"gunicorn.conf.py", "import os\nbind = ['10.0.0.1:80', os.environ['B']]\ncertfile = 'a.pem'\n", []string{"bind https tcp 10.0.0.1:80 2:10-2:21"}},
		{"command", "gunicorn -b 192.0.2.1:8000 shop.wsgi", []string{"bind http tcp 192.0.2.1:8000 public 1:13-1:27"}},
		{"uwsgi.ini", "[uwsgi]\nsocket = :1\nsocket = /run/a\nuwsgi-socket = *:2\nhttp = 127.0.0.1:3\nhttps-socket = [::]:4,a.crt,a.key\nhttp-socket = =0\nstats = @s\nfastcgi-socket = name:5\n", []string{
			"socket uwsgi tcp 0.0.0.0:1 wildcard public 2:10-2:12", "socket uwsgi unix /run/a loopback 3:10-3:16", "uwsgi-socket uwsgi tcp 0.0.0.0:2 wildcard public 4:16-4:19", "http-socket http fd =0 7:15-7:17",
			"https-socket https tcp [::]:4 wildcard public 6:16-6:22", "http http tcp 127.0.0.1:3 loopback 5:8-5:19", "fastcgi-socket fastcgi tcp name:5 9:18-9:24", "stats json abstract @s loopback 8:9-8:11",
		}},
		{"uwsgi.ini", "[uwsgi]\nsocket = :80\nprotocol = http11\nsocket = $(S)\n", []string{"socket http tcp 0.0.0.0:80 wildcard public 2:10-2:13"}},
		{"production.ini", "[server:main]\nuse = egg:waitress#main\n", []string{"host http tcp 0.0.0.0:8080 wildcard public"}},
		{"production.ini", "[server:main]\nuse = egg:waitress#main\nlisten = *:80 [::1]:81 10.0.0.1\n", []string{
			"listen http tcp 0.0.0.0:80 wildcard public 3:10-3:14", "listen http tcp [::1]:81 loopback 3:15-3:23", "listen http tcp 10.0.0.1:8080 3:24-3:32",
		}},
		{"production.ini", "[server:main]\nuse = egg:waitress#main\nport = 6543\n", []string{"port http tcp 0.0.0.0:6543 wildcard public 3:8-3:12"}},
		{"production.ini", "[server:main]\nuse = egg:waitress#main\nunix_socket = /run/a\n", []string{"unix_socket http unix /run/a loopback 3:15-3:21"}},
		{"command", "uvicorn --host 0.0.0.0 --port 81 shop:app", []string{"host http tcp 0.0.0.0:81 wildcard public 1:16-1:23"}},
		{"command", "uvicorn --uds /run/a shop:app", []string{"uds http unix /run/a loopback 1:15-1:21"}},
		{"command", "uvicorn --fd 3 shop:app", []string{"fd http fd 3 1:14-1:15"}},
	} {
		t.Run(test.text, func(t *testing.T) {
			dir := t.TempDir()
			src := lint.Source{Root: dir, Host: &schema.HostInputs{Vars: map[string]*string{}, Dir: dir}}
			p := &lint.Pass{Unit: evidenceUnit(t, src, test.name, test.text, lint.Surroundings{})}
			list, _ := listeners(p)
			var got []string
			for _, l := range list {
				s := fmt.Sprintf("%s %s %s %s", l.Option, l.Protocol, l.Kind, l.where())
				for _, is := range []struct {
					word  string
					holds bool
				}{{"wildcard", l.wildcard()}, {"public", l.public()}, {"loopback", l.loopback()}} {
					if is.holds {
						s += " " + is.word
					}
				}
				if l.explicit() {
					_, place, _ := strings.Cut(lint.Place(l.Range), ":")
					s += " " + place
				}
				got = append(got, s)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestNetworkEvidence checks what the rules about networks make of the surroundings.
func TestNetworkEvidence(t *testing.T) {
	at := hcl.Range{Filename: "evidence"}
	proxy := lint.Surroundings{Proxies: []lint.Evidence{{Message: "nginx forwards to 127.0.0.1:8000", Range: at}}}
	edge := lint.Surroundings{Edge: &lint.Evidence{Message: "compose publishes the port", Range: at}}
	container := lint.Surroundings{Container: &lint.Evidence{Message: "a Dockerfile starts it", Range: at}}
	platform := lint.Surroundings{Platform: &lint.Evidence{Message: "a Procfile starts it", Range: at}}
	inside := container
	inside.Proxies = proxy.Proxies
	for _, test := range []struct {
		rule, name, text string
		around           lint.Surroundings
		want             string // the severity of the one finding, empty for none
	}{
		{"N001", "gunicorn.conf.py", "bind = '0.0.0.0:8000'\n", lint.Surroundings{}, ""},
		{"N001", "gunicorn.conf.py", "bind = '0.0.0.0:8000'\n", proxy, "warning"},
		{"N001", "gunicorn.conf.py", "bind = '0.0.0.0:8000'\n", inside, ""},
		{"N001", "command", "uvicorn --host 0.0.0.0 shop:app", proxy, "warning"},
		{"N001", "gunicorn.conf.py", "bind = '0.0.0.0:8000'\nforwarded_allow_ips = '127.0.0.1'\n", platform, ""},
		{"N001", "gunicorn.conf.py", "# no nginx here\nbind = '0.0.0.0:8000'\n", lint.Surroundings{}, ""},
		{"N002", "gunicorn.conf.py", "bind = '0.0.0.0:8000'\n", edge, "warning"},
		{"N002", "gunicorn.conf.py", "bind = '0.0.0.0:80'\n", proxy, ""},
		{"N002", "gunicorn.conf.py", "bind = '0.0.0.0:80'\n", platform, ""},
		{"N003", "gunicorn.conf.py", "bind = '0.0.0.0:8000'\nforwarded_allow_ips = '*'\n", edge, "error"},
		{"N003", "gunicorn.conf.py", "bind = '0.0.0.0:8000'\nforwarded_allow_ips = '*'\n", platform, "info"},
		{"N003", "gunicorn.conf.py", "bind = '0.0.0.0:8000'\nforwarded_allow_ips = '*'\n", container, "info"},
		{"N006", "uwsgi.ini", "[uwsgi]\nsocket = :3031\n", container, "info"},
		{"N007", "uwsgi.ini", "[uwsgi]\nhttp-socket = :8080\n", edge, "warning"},
		{"N007", "uwsgi.ini", "[uwsgi]\nhttp-socket = :80\n", platform, ""},
		{"N009", "uwsgi.ini", "[uwsgi]\nstats = :9191\n", container, "warning"},
		{"N011", "uwsgi.ini", "[uwsgi]\nsocket = /tmp/a.sock\nchmod-socket = 666\n", container, ""},
		{"N013", "production.ini", "[server:main]\nuse = egg:waitress#main\n", proxy, "warning"},
		{"N013", "production.ini", "[server:main]\nuse = egg:waitress#main\n", container, ""},
		{"T007", "gunicorn.conf.py", "bind = '0.0.0.0:443'\n", container, "info"},
		{"T007", "gunicorn.conf.py", "bind = '0.0.0.0:443'\n", proxy, ""},
	} {
		t.Run(test.rule+"/"+test.text, func(t *testing.T) {
			dir := t.TempDir()
			src := lint.Source{Root: dir, Host: &schema.HostInputs{Vars: map[string]*string{}, Dir: dir}}
			findings := Lookup(test.rule).Run(evidenceUnit(t, src, test.name, test.text, test.around))
			got := ""
			for _, f := range findings {
				got += f.Severity.String()
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestWeakCipher(t *testing.T) {
	for list, want := range map[string]string{
		"":                               "",
		"HIGH:!aNULL:!MD5":               "",
		"ECDHE+AESGCM:ECDHE+CHACHA20":    "",
		"ECDHE-RSA-AES128-GCM-SHA256":    "",
		"ALL":                            "ALL",
		"ALL:!aNULL:!eNULL":              "",
		"HIGH:RC4-SHA":                   "RC4-SHA",
		"DES-CBC3-SHA:HIGH":              "DES-CBC3-SHA",
		"kEDH+LOW":                       "kEDH+LOW",
		"DEFAULT:-RC4:!3DES:@SECLEVEL=1": "",
		"RC4:HIGH:!RC4":                  "",
		"eNULL":                          "eNULL",
	} {
		if got := weakCipher(list); got != want {
			t.Errorf("%q: got %q, want %q", list, got, want)
		}
	}
}

// TestSecretIsNeverShown checks that nothing of a finding about a secret holds it.
func TestSecretIsNeverShown(t *testing.T) {
	const secret = "kf93-vmq2-81xz-pw7d"
	for name, text := range map[string]string{
		"gunicorn.conf.py": "raw_env = ['SECRET_KEY=" + secret + "', 'DB_PASSWORD=" + secret + "=" + "']\n",
		"escapes.conf.py":  "raw_env = ['SECRET_KEY=kf93-' + 'vmq2-81xz-pw7d', 'DB_PASSWORD=\\x6bf93-vmq2-81xz-pw7d']\n",
		"uwsgi.ini":        "[uwsgi]\nenv = SECRET_KEY=" + secret + "\n",
		"command":          "gunicorn -e API_TOKEN=" + secret + " shop.wsgi",
	} {
		dir := t.TempDir()
		src := lint.Source{Root: dir, Host: &schema.HostInputs{Vars: map[string]*string{}, Dir: dir}}
		u := evidenceUnit(t, src, name, text, lint.Surroundings{})
		findings := Lookup("V019").Run(u)
		if len(findings) == 0 {
			t.Errorf("%s: no finding", name)
		}
		for _, f := range findings {
			shown := string(f.Files.Text(f.Range.Filename))
			if strings.Contains(f.Message+shown, secret) || f.Fix != nil || len(f.Related) > 0 {
				t.Errorf("%s: the secret shows: %s (%s)", name, f.Message, shown)
			}
			if len(shown) != len(u.Files().Text(f.Range.Filename)) || !strings.Contains(shown, "**") {
				t.Errorf("%s: the text is another one: %s", name, shown)
			}
		}
	}
}
