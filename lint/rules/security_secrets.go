package rules

import (
	"bytes"
	"strings"

	"gsrv/lint"
	"gsrv/schema"
)

// secretRules are about secrets that stand where they can be read.
var secretRules = []*lint.Rule{
	{
		ID: "V019", Name: "secret-in-config", Severity: lint.Warning, Servers: []string{"gunicorn", "uwsgi"},
		Summary: "A secret is written into the server's configuration.",
		Explain: `raw_env (gunicorn) and env (uWSGI) set variables for the application. A password or key there is read by whoever has the repository, a backup or an image, and by every account that may read the file; on a command line every account of
the machine sees it in the list of processes.

It speaks for names that end in SECRET, SECRET_KEY, PASSWORD, TOKEN, API_KEY and the like with a value of eight characters or more; it is an info for values such as changeme, and silent for values from variables, for paths and for files of
development. The value itself is never shown.

Have the service manager give the variable from a file that only root reads (systemd's EnvironmentFile= or LoadCredential=), or from the platform's secrets, and replace the secret.`,
		Sources: []string{"Django documentation, deployment checklist: SECRET_KEY", "OWASP Secrets Management Cheat Sheet"},
		Check: func(p *lint.Pass) {
			if p.Development() {
				return
			}
			var found []*lint.Finding
			var hidden []lint.Item
			for _, option := range []string{"raw_env", "env"} {
				items, _ := p.Items(option)
				for _, item := range items {
					name, value, ok := strings.Cut(item.Text, "=")
					if !ok || p.Config.Server == "gunicorn" && option == "env" || !secretName(name) {
						continue
					}
					grade := secretValue(value)
					if grade == 0 {
						continue
					}
					f := p.Report(part(p, item.Range, name), "The value of %s is written here, for everybody who can read this. Give it when the server starts, from a file that only root reads or the platform's secrets, and replace it.", strings.TrimSpace(name)).As(grade)
					if grade == lint.Info {
						f.Message = "The value of " + strings.TrimSpace(name) + " is written here and looks like a stand-in. See that production is given a secret of its own."
					}
					found = append(found, f)
					hidden = append(hidden, item)
				}
			}
			// What shows a finding in its text would show the secret beside the name, and those of the lines around it.
			files := masked(p, hidden)
			for _, f := range found {
				f.Files = files
			}
		},
	},
}

// masked gives the unit's texts with asterisks for the values of NAME=VALUE items, at the same places.
func masked(p *lint.Pass, items []lint.Item) *schema.Files {
	files := schema.NewFiles(p.Files().Dir)
	for _, name := range p.Files().Names() {
		text := bytes.Clone(p.Files().Text(name))
		for _, item := range items {
			_, value, _ := strings.Cut(item.Text, "=")
			stars := bytes.Repeat([]byte("*"), len(value))
			if bytes.Contains(text, []byte(value)) {
				text = bytes.ReplaceAll(text, []byte(value), stars)
				continue
			}
			if item.Range.Filename != name || item.Range.End.Byte > len(text) {
				continue
			}
			// Written in another way, with escapes or in pieces: all of it is covered.
			for i := item.Range.Start.Byte; i < item.Range.End.Byte; i++ {
				if text[i] != '\n' {
					text[i] = '*'
				}
			}
		}
		files.Put(name, text)
	}
	return files
}

// secretName tells whether a variable's name says that its value is secret.
func secretName(name string) bool {
	upper := strings.ToUpper(strings.TrimSpace(name))
	for _, end := range []string{"SECRET", "SECRET_KEY", "PASSWORD", "PASSWD", "TOKEN", "API_KEY", "APIKEY", "LICENSE_KEY", "ACCESS_KEY", "PRIVATE_KEY", "ENCRYPTION_KEY"} {
		if upper == end || strings.HasSuffix(upper, "_"+end) || end == "APIKEY" && strings.HasSuffix(upper, end) {
			return true
		}
	}
	return false
}

// secretValue tells how bad a value is to find: 0 for none, info for a stand-in.
func secretValue(value string) lint.Severity {
	v := strings.ToLower(strings.Trim(strings.TrimSpace(value), `'"`))
	if len(v) < 8 || strings.HasPrefix(v, "/") || strings.HasPrefix(v, "file:") || strings.ContainsAny(v, "<>") || strings.HasPrefix(v, "$") || strings.HasPrefix(v, "%(") ||
		strings.HasPrefix(v, "@(") || strings.HasPrefix(v, "{{") || strings.Trim(v, "x*.-_") == "" {
		return 0
	}
	for _, word := range []string{"changeme", "change-me", "change_me", "example", "dummy", "your-", "your_", "placeholder", "replace", "todo", "insecure", "not-secret", "notsecret", "default", "testing"} {
		if strings.Contains(v, word) {
			return lint.Info
		}
	}
	return lint.Warning
}
