package project

import (
	"path"
	"strings"

	"gsrv/schema"
)

// RunOptions are the options of gsrv run itself; the value tells whether one takes a value. Everything else on its command
// line is a server's.
var RunOptions = map[string]bool{
	"no-check": false, "batch": false, "help": false, "python": true, "control": true, "admin": true, "cpus": true, "target": true, "paste": true, "listen": true, "deployment": true,
	"request-id-header": true, "health-path": true, "ready-path": true,
}

// RunFiles are the endings of configuration files that gsrv run takes as they are: a plain word with another ending,
// shop.wsgi, is gunicorn's name of an application.
var RunFiles = []string{".hcl", ".py", ".ini", ".xml", ".yaml", ".yml", ".json", ".cfg", ".conf"}

// unwrapRun gives the command line of the server whose settings "gsrv run …" serves with; nil where that is a gsrv.hcl, or
// no such command. Words that stand for nothing on the command line have the place of the program.
func (l *Launch) unwrapRun(words []schema.Word) []schema.Word {
	if len(words) < 2 || words[1].Text != "run" {
		return nil
	}
	word := func(text string) schema.Word { return schema.Word{Text: text, Range: words[0].Range} }
	var rest []schema.Word
	var paste *schema.Word
	for i := 2; i < len(words); i++ {
		text := words[i].Text
		if text == "--" {
			return words[i+1:]
		}
		name, _, hasValue := strings.Cut(strings.TrimPrefix(text, "--"), "=")
		takes, own := RunOptions[name]
		if !own || !strings.HasPrefix(text, "--") {
			rest = append(rest, words[i])
			continue
		}
		value := words[i]
		if hasValue {
			value = words[i].Tail(len("--") + len(name) + len("="))
		} else if takes {
			if i++; i == len(words) {
				return nil
			}
			value = words[i]
		}
		switch name {
		case "paste":
			paste = &value
		case "python":
			l.Python = value.Text
		}
	}
	flags, variables := false, true
	for _, w := range rest {
		flags = flags || strings.HasPrefix(w.Text, "-")
		variables = variables && strings.Contains(w.Text, "=")
	}
	switch {
	case paste != nil && !flags && variables:
		return append([]schema.Word{word("pserve"), *paste}, rest...)
	case paste != nil:
		return append([]schema.Word{word("gunicorn"), word("--paste"), *paste}, rest...)
	case len(rest) == 0:
		return nil
	case len(rest) > 1 || flags:
		return append([]schema.Word{word("gunicorn")}, rest...)
	}
	switch file := rest[0]; path.Ext(file.Text) {
	case ".hcl":
		return nil
	case ".py":
		return []schema.Word{word("gunicorn"), word("-c"), file}
	case ".ini", ".xml", ".yaml", ".yml", ".json", ".cfg", ".conf":
		return []schema.Word{word("uwsgi"), file}
	}
	return []schema.Word{word("gunicorn"), rest[0]}
}
