package start

import (
	"path"
	"slices"
	"strings"
)

// procfileManagers are programs that start the process types of a Procfile, with the subcommand that does so; "" for
// those that do it by themselves.
var procfileManagers = map[string]string{
	"honcho": "start", "foreman": "start", "forego": "start", "goreman": "start", "overmind": "start", "gaffer": "start", "hivemind": "",
}

// manager follows "honcho start" and its like into the Procfile; false where that is not in the project.
func (r *reader) manager(o *origin, st *state, name string, words []word) bool {
	subcommand, ok := procfileManagers[name]
	if !ok || r.depth >= maxDepth {
		return false
	}
	file, env, dir := "Procfile", ".env", st.dir.Text
	var names []string
	started := subcommand == ""
	for i := 1; i < len(words); i++ {
		option, value, joined := strings.Cut(words[i].text, "=")
		next := func() string {
			if !joined && i+1 < len(words) {
				i++
				value = words[i].text
			}
			return value
		}
		switch {
		case option == "-f" || option == "--procfile" || option == "--root" || option == "-d" || option == "--app-root":
			if strings.HasSuffix(option, "file") || option == "-f" {
				file = next()
			} else {
				dir = path.Join(dir, next())
			}
		case option == "-e" || option == "--env":
			env = next()
		case slices.Contains([]string{"-c", "-m", "-p", "-q", "-t", "--concurrency", "--formation", "--port", "--quiet", "--timeout"}, option):
			next()
		case strings.HasPrefix(option, "-"):
		case !started:
			if words[i].text != subcommand {
				return false
			}
			started = true
		case name == "hivemind":
			file = words[i].text
		default:
			names = append(names, words[i].text)
		}
	}
	if !started {
		return false
	}
	inner := st.clone()
	inner.dir.Text = dir
	found, ok := r.locate(o, inner, "./"+strings.TrimPrefix(file, "./"))
	if path.IsAbs(file) {
		found, ok = r.locate(o, inner, file)
	}
	if !ok {
		return false
	}
	src, err := r.open(found)
	if err != nil || len(src.text) > maxScript {
		return false
	}
	if envName, ok := r.locate(o, inner, "./"+strings.TrimPrefix(env, "./")); ok {
		if envSrc, err := r.open(envName); err == nil && len(envSrc.text) < maxScript {
			for _, s := range envFile(envSrc) {
				if !s.bare {
					inner.set(s.name, variable{fragment: fragment{text: s.value.Text}, rng: s.value.Range, given: true}, true)
				}
			}
		}
	}
	inner.args, inner.argsKnown, inner.funcs = nil, true, map[string]*function{}
	next := o.via("starts the process types of "+path.Base(found), words[0].rng)
	r.depth++
	defer func() { r.depth-- }()
	for _, p := range r.processTypes(src) {
		if len(names) > 0 && !slices.Contains(names, p.name) {
			continue
		}
		own := *next
		own.base.Service = strings.TrimPrefix(o.base.Service+"/"+p.name, "/")
		r.run(&own, inner.clone(), p.line, call{exec: true})
	}
	return true
}
