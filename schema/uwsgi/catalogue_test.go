package uwsgi

import (
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gsrv/schema"
)

func TestCatalogue(t *testing.T) {
	cat := Catalogue()
	if got := len(cat.Options); got != 1261 {
		t.Errorf("%d options, want 1261", got)
	}
	if got := len(devOptions); got != 74 {
		t.Errorf("%d options of the development branch, want 74", got)
	}
	seen := map[string]bool{}
	for i := range cat.Options {
		o := &cat.Options[i]
		if seen[o.Name] {
			t.Errorf("%s is listed twice", o.Name)
		}
		seen[o.Name] = true
		if o.Canonical != "" && (cat.Lookup(o.Canonical) == nil || cat.Lookup(o.Canonical).Canonical != "") {
			t.Errorf("%s: %s is not the first name of its group", o.Name, o.Canonical)
		}
		for _, a := range o.Aliases {
			if other := cat.Lookup(a); other == nil || canonical(other) != o {
				t.Errorf("%s: the alias %s is not one", o.Name, a)
			}
		}
		if o.Model != "" && schema.Model.Lookup(o.Model) == nil {
			t.Errorf("%s: the model has no %s", o.Name, o.Model)
		}
		if o.Type == "" || o.Summary == "" {
			t.Errorf("%s has no kind or summary", o.Name)
		}
		if o.Default != "" && canonical(o) == o {
			if s := defaultSetting(o, schema.MustVersion(Newest)); !s.OnHost.IsKnown() {
				t.Errorf("%s: default %s is not JSON", o.Name, o.Default)
			}
		}
		if o.Since != "" {
			schema.MustVersion(o.Since)
		}
	}
}

// TestHelp compares the names, the letters and their order with what uWSGI itself prints.
func TestHelp(t *testing.T) {
	uwsgi := needUWSGI(t)
	out, err := exec.Command(uwsgi, "--plugin", "python3,http", "--help").Output()
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, m := range regexp.MustCompile(`(?m)^ +(?:-(.)\|)?--(\S+)`).FindAllStringSubmatch(string(out), -1) {
		want = append(want, m[1]+" "+m[2])
	}
	r := newReader(schema.Input{Host: schema.NoHost, Version: schema.MustVersion("2.0.21")})
	r.plugins["python"], r.plugins["http"] = true, true
	var got []string
	for _, o := range r.cliOptions(func(*schema.Option) bool { return true }) {
		got = append(got, strings.Trim(string(info(o).Short), "\x00")+" "+o.Name)
	}
	// The table of the core has two names twice.
	if diff := cmp.Diff(slices.Compact(want), got); diff != "" {
		t.Errorf("(-uwsgi +catalogue)\n%s", diff)
	}
}

func TestRecognise(t *testing.T) {
	tests := []struct {
		name, text string
		low, high  int
	}{
		{"uwsgi.ini", "[uwsgi]\nhttp = :8000\n", 90, 100},
		{"prod.ini", "# c\n[uwsgi]\n", 80, 95},
		{"production.ini", "[app:main]\nuse = egg:x\n[uwsgi]\n", 50, 70},
		{"production.ini", "[app:main]\nuse = egg:x\n[server:main]\n", 0, 0},
		{"uwsgi.ini", "[base]\nmodule = x\n", 30, 50},
		{"setup.cfg", "[metadata]\nname = x\n", 0, 0},
		{"a.xml", "<uwsgi><x/></uwsgi>", 90, 100},
		{"a.xml", "<html/>", 0, 0},
		{"a.yaml", "x: 1\nuwsgi:\n  a: 1\n", 80, 95},
		{"docker-compose.yaml", "services:\n  web:\n    image: uwsgi\n", 0, 0},
		{"a.json", "{\"uwsgi\": {}}", 70, 95},
		{"package.json", "{\"name\": \"x\"}", 0, 0},
		{"uwsgi.conf", "start on runlevel\n", 0, 0},
	}
	for _, tt := range tests {
		if got := New().Recognise(tt.name, []byte(tt.text)); got < tt.low || got > tt.high {
			t.Errorf("%s %q: %d, want %d to %d", tt.name, tt.text, got, tt.low, tt.high)
		}
	}
}

// TestBuilds reads command lines as the two builds do.
func TestBuilds(t *testing.T) {
	tests := []struct {
		argv    string
		version string
		code    string
	}{
		{"--http :8000 -w app:app", "", ""},
		{"--http :8000", "2.0.21", "ambiguous-option"},
		{"--plugin http --http :8000", "2.0.21", ""},
		{"--plugin python3,http -w app --http :8000", "2.0.21", ""},
		{"-w app", "2.0.21", "unknown-option"},
		{"--http-socket :8000 --php-docroot x", "", "unknown-option"},
		{"--plugin php --http-socket :8000 --php-docroot x", "", ""},
		{"--max-requests-delta 3 --http-socket :8000", "2.0.21", "unknown-option"},
		{"--max-requests-delta 3 --http-socket :8000", "2.0.30", ""},
		{"--need-plugin gevent_python3 --socket :1", "2.0.21", "plugin-order"},
		{"--need-plugin python3,gevent_python3 --gevent 9 --socket :1", "2.0.21", ""},
		{"--need-plugin nosuch --socket :1", "", "plugin-missing"},
	}
	for _, tt := range tests {
		_, diags := readCommand(t.TempDir(), strings.Fields(tt.argv), nil, "", tt.version)
		got := ""
		for _, d := range diags {
			if d.Severity == 1 && got == "" {
				got = schema.DetailOf(d).Code
			}
		}
		if got != tt.code {
			t.Errorf("%s with %s: %q, want %q: %v", tt.argv, tt.version, got, tt.code, diags)
		}
	}
}
