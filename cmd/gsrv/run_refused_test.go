//go:build linux

package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"gsrv/runtime/plan"
	"gsrv/schema"
	"gsrv/schema/uwsgi"
)

// refusedValues are values for settings that take particular ones.
var refusedValues = map[string]map[string]string{
	"gunicorn": {
		"ssl_context": "def ssl_context(config, make): return make()", "protocol": "'uwsgi'", "control_socket_mode": "0o660",
		"dirty_apps": "['tasks:app']",
	},
	"waitress": {"trusted_proxy_headers": "x-forwarded-for", "trusted_proxy_count": "2", "sockets": "x"},
	"gsrv": {
		"listen.uwsgi": "listen \"127.0.0.1:3031\" {\n  protocol = \"uwsgi\"\n}", "listen.fastcgi": "listen \"127.0.0.1:3031\" {\n  protocol = \"fastcgi\"\n}",
		"listen.scgi":       "listen \"127.0.0.1:3031\" {\n  protocol = \"scgi\"\n}",
		"hooks.ssl_context": "hooks {\n  ssl_context = \"hooks:f\"\n}",
	},
}

// refusedCase writes a configuration with a refused setting: its file or its command line, and where the setting stands.
func refusedCase(server string, o *schema.Option) (q *runRequest, file, text, at string) {
	value, given := refusedValues[server][o.Name]
	number := o.Type == "int" || o.Type == "pos_int" || o.Type == "number" || strings.HasPrefix(o.Type, "int") || strings.Contains(o.Type, "size")
	switch server {
	case "gunicorn":
		file, at = "gunicorn.conf.py", "gunicorn.conf.py:2:"
		text = "wsgi_app = 'probe:app'\n"
		switch {
		case strings.HasPrefix(value, "def "):
			return &runRequest{file: file}, file, text + value + "\n", at
		case given:
		case o.Type == "bool":
			value = "True"
		case number:
			value = "3"
		default:
			value = "'x'"
		}
		return &runRequest{file: file}, file, text + o.Name + " = " + value + "\n", at
	case "uwsgi":
		if value = "71"; o.Type == "bool" {
			value = "true"
		}
		file, at = "uwsgi.ini", "uwsgi.ini:4:"
		return &runRequest{file: file}, file, "[uwsgi]\nhttp-socket = 127.0.0.1:0\nmodule = probe:app\n" + o.Name + " = " + value + "\n", at
	case "waitress":
		word := "--" + strings.ReplaceAll(o.Name, "_", "-")
		if o.Type != "bool" {
			if value == "" {
				value = "x"
			}
			word += "=" + value
		}
		return &runRequest{command: []string{"waitress-serve", word, "probe:app"}}, "", "", "<command line>:1:"
	}
	return &runRequest{file: "gsrv.hcl"}, "gsrv.hcl", "app \"probe:app\" {}\n" + value + "\n", "gsrv.hcl:"
}

// TestRunRefusesSettings gives every refused setting a value, and sees gsrv run refuse it by its name, at its place, with what to
// use instead.
func TestRunRefusesSettings(t *testing.T) {
	t.Parallel()
	n := 0
	for _, table := range plan.Tables {
		catalogue := catalogueOf(table.Server)
		for i := range catalogue.Options {
			o := &catalogue.Options[i]
			rule := table.RuleOf(o)
			if rule == nil || rule.Verdict != plan.Refused || cannotBeSet(table.Server, o) {
				continue
			}
			n++
			q, file, text, at := refusedCase(table.Server, o)
			files := map[string]string{"probe.py": probeApp}
			if file != "" {
				files[file] = text
			}
			dir := serverFiles(t, files)
			q.noCheck = true
			if o.Removed != "" && table.Server == "gunicorn" {
				q.target = "gunicorn@18.0"
				if o.Since != "" {
					q.target = "gunicorn@" + o.Since
				}
				q.file, q.command = "", []string{"gunicorn", "-c", file, "probe:app"}
			}
			var out bytes.Buffer
			s := &session{stdin: strings.NewReader(""), stdout: &out, stderr: &out}
			_, err := s.planOf(q, dir)
			got := strings.ReplaceAll(out.String(), dir+string(filepath.Separator), "")
			if err == nil {
				t.Errorf("%s's %s is not refused:\n%s\n%s", table.Server, o.Name, text, got)
				continue
			}
			if problem := refusedAt(got, at, o, rule); problem != "" {
				t.Errorf("%s's %s: %s:\n%s\n%s", table.Server, o.Name, problem, text, got)
			}
		}
	}
	if n < 300 {
		t.Errorf("only %d settings are refused", n)
	}
}

// refusedAt looks for the error of a refused setting; empty where it is right.
func refusedAt(got, at string, o *schema.Option, rule *plan.Rule) string {
	var summary string
	lines := strings.Split(got, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, at) && strings.Contains(line, ": error: ") {
			summary += strings.Join(lines[i:min(i+8, len(lines))], "\n") + "\n"
		}
	}
	name := o.Name[strings.LastIndexByte(o.Name, '.')+1:]
	switch {
	case summary == "":
		return "there is no error at " + at
	case !strings.Contains(strings.ReplaceAll(summary, "-", "_"), strings.ReplaceAll(name, "-", "_")):
		return "the error does not name it"
	case len(strings.Fields(rule.Why)) < 4:
		return fmt.Sprintf("the reason tells no way out: %q", rule.Why)
	}
	return ""
}

// cannotBeSet tells of settings that ask for nothing, whatever they are given in a file.
func cannotBeSet(server string, o *schema.Option) bool {
	switch info := o.Extra.(type) {
	case *uwsgi.Info:
		return strings.Contains(info.Cond, "FreeBSD") // Linux's uWSGI does not have them
	}
	return server == "waitress" && o.Name == "sockets" // takes sockets of Python alone: of texts it makes an empty list
}
