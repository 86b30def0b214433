package start

import (
	"path"
	"regexp"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
)

// procfileLine is a process type as Heroku and foreman read it (foreman's lib/foreman/procfile.rb); honcho takes the
// same (honcho/environ.py).
var procfileLine = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([A-Za-z0-9_-]+):[ \t]*(.+?)[ \t\r]*$`)
})

// IsProcfile tells whether a file's name is that of a Procfile: "Procfile", "Procfile.dev", "web.Procfile".
func IsProcfile(name string) bool {
	base := path.Base(name)
	return base == "Procfile" || strings.HasPrefix(base, "Procfile.") || strings.HasSuffix(base, ".Procfile") || strings.HasPrefix(base, "Procfile-")
}

// Procfile reads the process types of a Procfile. Each line runs in "sh -c" at the project's root; the platform sets
// PORT, and so does a .env file beside it for honcho and foreman, which is not read here: the platform has none.
func Procfile(files *schema.Files, name string) ([]*Command, hcl.Diagnostics) {
	r := newReader(files)
	src, err := r.open(name)
	if err != nil {
		return nil, hcl.Diagnostics{unreadable(name, err)}
	}
	seen := map[string]hcl.Range{}
	for start := 0; start < len(src.text); {
		end := strings.IndexByte(src.text[start:], '\n')
		if end < 0 {
			end = len(src.text)
		} else {
			end += start
		}
		r.procfileLine(src, name, start, end, seen)
		start = end + 1
	}
	return r.commands, r.diags
}

func (r *reader) procfileLine(src *source, name string, start, end int, seen map[string]hcl.Range) {
	line := strings.TrimPrefix(src.text[start:end], "\ufeff")
	start = end - len(line)
	trimmed := strings.TrimSpace(line)
	if trimmed == "" || strings.HasPrefix(trimmed, "#") || !r.step(1, src.at(start, end)) {
		return
	}
	m := procfileLine().FindStringSubmatchIndex(line)
	if m == nil {
		r.report(schema.Warnf("syntax-error", src.at(start, end), "Not a process type",
			"A Procfile's line is NAME: COMMAND, with letters, digits, - and _ in the name, from the line's first column. This line is passed over, so nothing of it runs."))
		return
	}
	service := line[m[2]:m[3]]
	if first, dup := seen[service]; dup {
		r.report(schema.Warnf("duplicate", src.at(start+m[2], start+m[3]), "Process type given twice",
			"%s: stands on line %d already; the platform keeps the last one. Remove one of them.", service, first.Start.Line))
		kept := r.commands[:0]
		for _, c := range r.commands {
			if c.Service != service {
				kept = append(kept, c)
			}
		}
		r.commands = kept
	}
	seen[service] = src.at(start+m[2], start+m[3])
	o := &origin{base: Command{Kind: KindProcfile, File: name, Service: service, Production: production(path.Base(name), service)}}
	frag := src.fragment(start+m[4], start+m[5])
	st := newState()
	st.argsKnown = true
	if dir := path.Dir(name); dir != "." {
		st.dir = Value{Text: dir}
	}
	r.run(o, st, frag, call{exec: true})
}

func unreadable(name string, err error) *hcl.Diagnostic {
	return schema.Errorf("file-missing", hcl.Range{Filename: name, Start: hcl.InitialPos, End: hcl.InitialPos}, "File cannot be read", "%s", err)
}
