package write

import (
	"regexp"
	"slices"
	"strings"
)

// logNames pairs the names of gunicorn's access log with uWSGI's.
var logNames = []struct{ gunicorn, uwsgi string }{
	{"%(h)s", "%(addr)"},
	{"%(u)s", "%(user)"},
	{"%(t)s", "[%(ltime)]"},
	{"%(r)s", "%(method) %(uri) %(proto)"},
	{"%(m)s", "%(method)"},
	{"%({raw_uri}e)s", "%(uri)"}, // with the query, and as the client sent it
	{"%(U)s", "%(var.PATH_INFO)"},
	{"%(q)s", "%(var.QUERY_STRING)"},
	{"%(H)s", "%(proto)"},
	{"%(s)s", "%(status)"},
	{"%(b)s", "%(rsize)"},
	{"%(B)s", "%(rsize)"},
	{"%(f)s", "%(referer)"},
	{"%(a)s", "%(uagent)"},
	{"%(L)s", "%(secs)"}, // 0.000203
	{"%(T)s", "%(secs)"},
	{"%(M)s", "%(msecs)"},
	{"%(D)s", "%(micros)"},
	{"%(p)s", "%(pid)"},
	{"%(B)s", "%(size)"},
	{"%({host}i)s", "%(host)"},
	{"%({content-length}i)s", "%(cl)"},
	{"%(t)s", "%(ctime)"},
	{"%(t)s", "%(time)"},
	{"%(t)s", "%(ftime)"},
}

var (
	gunicornName = regexp.MustCompile(`%\([^)]*\)s`)
	uwsgiName    = regexp.MustCompile(`%\([^)]*\)`)
)

// uwsgiFormat writes gunicorn's format in uWSGI's names; unknown is the first name that has no counterpart.
func uwsgiFormat(format string) (out, unknown string) {
	out = gunicornName.ReplaceAllStringFunc(format, func(name string) string {
		if name == "%(l)s" {
			return "-"
		}
		for _, n := range logNames {
			if n.gunicorn == name {
				return n.uwsgi
			}
		}
		if header, ok := strings.CutPrefix(name, "%({"); ok && strings.HasSuffix(header, "}i)s") {
			return "%(var.HTTP_" + strings.ToUpper(strings.ReplaceAll(strings.TrimSuffix(header, "}i)s"), "-", "_")) + ")"
		}
		if variable, ok := strings.CutPrefix(name, "%({"); ok && strings.HasSuffix(variable, "}e)s") {
			return "%(var." + strings.ToUpper(strings.TrimSuffix(variable, "}e)s")) + ")"
		}
		if unknown == "" {
			unknown = name
		}
		return name
	})
	return strings.ReplaceAll(out, "%%", "%"), unknown
}

// gunicornFormat writes uWSGI's format in gunicorn's names, with - for those that gunicorn has nothing like.
func gunicornFormat(format string) (out string, unknown []string) {
	request := "%(method) %(uri) %(proto)"
	format = strings.ReplaceAll(format, request, "%(\x00request)")
	format = strings.ReplaceAll(format, "[%(ltime)]", "%(\x00time)")
	last := 0
	var b strings.Builder
	text := func(s string) { b.WriteString(strings.ReplaceAll(s, "%", "%%")) }
	for _, at := range uwsgiName.FindAllStringIndex(format, -1) {
		text(format[last:at[0]])
		last = at[1]
		name := format[at[0]:at[1]]
		switch name {
		case "%(\x00request)":
			b.WriteString("%(r)s")
			continue
		case "%(\x00time)", "%(ltime)":
			b.WriteString("%(t)s")
			continue
		}
		found := false
		for _, n := range logNames {
			if n.uwsgi == name {
				b.WriteString(n.gunicorn)
				found = true
				break
			}
		}
		if header, ok := strings.CutPrefix(name, "%(var.HTTP_"); ok && !found {
			b.WriteString("%({" + strings.ToLower(strings.ReplaceAll(strings.TrimSuffix(header, ")"), "_", "-")) + "}i)s")
			found = true
		}
		if variable, ok := strings.CutPrefix(name, "%(var."); ok && !found {
			b.WriteString("%({" + strings.ToLower(strings.TrimSuffix(variable, ")")) + "}e)s")
			found = true
		}
		if !found {
			b.WriteString("-")
			if !slices.Contains(unknown, name) {
				unknown = append(unknown, name)
			}
		}
	}
	text(format[last:])
	return b.String(), unknown
}
