package write

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
	"gsrv/schema/native"
)

// TestRoundTrip takes every golden of gsrv.hcl, and every other configuration as gsrv.hcl, to each server and back: what is
// exact on the way there has the value again that it had, on every host.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	compared := 0
	for _, g := range goldens(t) {
		if g.source == "native" {
			compared += roundTrip(t, g.name, g.read(t, schema.NoHost), g.version)
		}
	}
	if compared < 100 {
		t.Errorf("only %d settings compared", compared)
	}
	for i, f := range findings(t) {
		if i%4 != 0 && os.Getenv("CI") == "" {
			continue // a quarter of them is quick enough for every day
		}
		text, _ := native.Write(f.cfg)
		cfg, diags := readText(t, "native", string(text), schema.NoHost, newest)
		refused := slices.ContainsFunc(diags, func(d *hcl.Diagnostic) bool {
			return d.Severity == hcl.DiagError && schema.DetailOf(d).Code != "missing-application"
		})
		if refused {
			continue // values that gsrv does not take, numbers above its bounds for example
		}
		compared += roundTrip(t, f.name, cfg, newest)
	}
	t.Logf("%d settings compared", compared)
}

// roundTrip takes a configuration of gsrv.hcl to each server and back, and gives the number of comparisons.
func roundTrip(t *testing.T, name string, cfg *schema.Config, v schema.Version) int {
	t.Helper()
	compared := 0
	for target, write := range writers {
		out := write(cfg, Options{Version: v})
		there, _ := readText(t, target, string(out.Text), schema.NoHost, v)
		text, notes := native.Write(there)
		for _, host := range hosts {
			if negative(cfg, host) {
				continue // gsrv refuses the source there
			}
			back, diags := readText(t, "native", string(text), host, newest)
			for _, d := range diags {
				code := schema.DetailOf(d).Code
				if d.Severity == 1 && code != "missing-application" && code != "invalid-value" && !unset(d.Detail) && !hostsFault(cfg, d.Summary+d.Detail) {
					t.Errorf("%s by %s: %s: %s\n%s", name, target, d.Summary, d.Detail, text)
				}
			}
			for _, l := range out.Lines {
				s := cfg.Setting(l.Model)
				if l.Class != Exact || s == nil || s.Value == nil || s.Layer == schema.LayerDefault || len(l.Native) == 0 || strings.HasPrefix(l.Model, "hooks.") {
					continue
				}
				want, diags := s.Value.Eval(host)
				switch text := shown(want); {
				case strings.Contains(text, "$(") || strings.HasPrefix(l.Model, "listen.") && literal(cfg, host):
					continue // a variable that is not set; gsrv refuses it where it is a part of an address
				case strings.HasPrefix(text, `"config:`):
					continue // app.paste_file says it
				}
				got := back.Setting(l.Model)
				if diags.HasErrors() || !want.IsWhollyKnown() || noted(notes, l.Model) || brokenList(want) && want.CanIterateElements() {
					continue
				}
				if got == nil || got.OnHost.IsKnown() && !sameSetting(l.Model, want, got.OnHost) {
					have := "nothing"
					if got != nil {
						have = shown(got.OnHost)
					}
					t.Errorf("%s by %s: %s was %s and is %s on host %v\n%s\n%s", name, target, l.Model, shown(want), have, host.Environ, out.Text, text)
				}
				compared++
			}
		}
	}
	return compared
}

// unset tells whether a message is about a variable that has no value on a host.
func unset(detail string) bool {
	return strings.Contains(detail, "a number is required") || strings.Contains(detail, "must not be null")
}

// literal tells whether an address holds a reference that uWSGI leaves in it on a host.
func literal(cfg *schema.Config, host schema.Host) bool {
	for _, name := range []string{"listen.http", "listen.uwsgi", "listen.fastcgi", "listen.scgi"} {
		if s := cfg.Setting(name); s != nil && s.Value != nil {
			if v, _ := s.Value.Eval(host); strings.Contains(shown(v), "$(") {
				return true
			}
		}
	}
	return false
}

// noted tells whether gsrv.hcl's writer said that it could not say a setting.
func noted(notes hcl.Diagnostics, model string) bool {
	for _, n := range notes {
		if strings.HasPrefix(n.Detail, model+" ") {
			return true
		}
	}
	return false
}
