package plan

import (
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gsrv/schema"
)

// Static says which files are served without a worker, as uWSGI's options have it; paths are absolute.
type Static struct {
	Check                          []string
	Maps, Appended                 []StaticMap
	Index, SkipExt, Safe           []string
	MIMEFiles                      []string
	Expires                        []StaticExpiry
	GzipAll                        bool
	GzipDirs, GzipSuffixes, GzipRE []string
	Ranges                         bool
	// Header is X-Accel-Redirect or X-Sendfile, where the proxy sends the file.
	Header string
}

// A StaticMap serves a directory, or a file, at a mount point.
type StaticMap struct{ Mount, Target string }

// A StaticExpiry sets Expires. By is file, path, uri or type; Match a regular expression, or the type.
type StaticExpiry struct {
	By, Match string
	Seconds   int64
	Modified  bool
}

// static takes what uWSGI serves itself, and the map of gsrv.hcl.
func (r *reader) static(p *Plan) {
	s := &Static{}
	switch r.server {
	case "gsrv":
		s.Maps = r.staticMaps(p, r.known("static.map"))
		s.Ranges = true
	case "uwsgi":
		for _, x := range parts(r.own("check-static")) {
			s.Check = append(s.Check, p.inApp(textOf(&x, "")))
		}
		for _, c := range []struct {
			name string
			to   *[]StaticMap
		}{{"static-map", &s.Maps}, {"static-map2", &s.Appended}} {
			for _, x := range parts(r.own(c.name)) {
				*c.to = append(*c.to, r.staticMaps(p, &x)...)
			}
		}
	}
	if len(s.Check)+len(s.Maps)+len(s.Appended) == 0 {
		return
	}
	p.Static = s
	if r.server != "uwsgi" {
		return
	}
	each := func(name string) (out []string) {
		for _, x := range parts(r.own(name)) {
			out = append(out, listOf(&x)...)
		}
		return out
	}
	s.Index, s.SkipExt, s.Safe = each("static-index"), each("static-skip-ext"), each("static-safe")
	for _, f := range each("mimefile") {
		s.MIMEFiles = append(s.MIMEFiles, p.inApp(f))
	}
	s.GzipAll, s.GzipDirs, s.GzipSuffixes = r.ownFlag("static-gzip-all"), each("static-gzip-dir"), each("static-gzip-ext")
	for _, x := range parts(r.own("static-gzip")) {
		for _, re := range listOf(&x) {
			if r.expression(&x, "static-gzip", re) {
				s.GzipRE = append(s.GzipRE, re)
			}
		}
	}
	for _, c := range []struct {
		name, by, sep string
		modified      bool
	}{
		{"static-expires", "file", " ", false},
		{"static-expires-mtime", "file", " ", true},
		{"static-expires-path-info", "path", " ", false},
		{"static-expires-path-info-mtime", "path", " ", true},
		{"static-expires-uri", "uri", " ", false},
		{"static-expires-uri-mtime", "uri", " ", true},
		{"static-expires-type", "type", "=", false},
		{"static-expires-type-mtime", "type", "=", true},
	} {
		for _, x := range parts(r.own(c.name)) {
			for _, text := range pairsOf(&x, c.sep) {
				r.expiry(s, &x, c.name, c.by, c.sep, text, c.modified)
			}
		}
	}
	s.Ranges = r.ownFlag("honour-range")
	switch strings.ToLower(r.ownText("file-serve-mode")) {
	case "x-sendfile", "xsendfile":
		s.Header = "X-Sendfile"
	case "x-accel-redirect", "xaccelredirect", "nginx":
		s.Header = "X-Accel-Redirect"
	}
}

// pairsOf are a setting's words; some readers give pairs as a map.
func pairsOf(s *schema.Setting, sep string) []string {
	if m := mapOf(s); len(m) > 0 {
		var out []string
		for _, k := range slices.Sorted(maps.Keys(m)) {
			out = append(out, k+sep+m[k])
		}
		return out
	}
	return listOf(s)
}

// inApp makes a path absolute that is looked for after the application's directory has been entered.
func (p *Plan) inApp(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	// Not joined, which would take "..", and the links in front of it, out.
	return p.App.Directory + "/" + path
}

func (r *reader) staticMaps(p *Plan, s *schema.Setting) (out []StaticMap) {
	for _, text := range pairsOf(s, "=") {
		mount, target, ok := strings.Cut(text, "=")
		if !ok || target == "" {
			r.refuse(s, "run-static", "Static files of no directory", "%s is to be MOUNT=DIRECTORY, as in /static=/srv/shop/static, and it is %q.", s.Native, text)
			continue
		}
		out = append(out, StaticMap{Mount: mount, Target: p.inApp(target)})
	}
	return out
}

// expression refuses what Go's regular expressions do not have of PCRE's.
func (r *reader) expression(s *schema.Setting, name, re string) bool {
	if _, err := regexp.Compile(re); err != nil {
		r.refuse(s, "run-static", "Regular expression not understood", "%s: %v. gsrv run takes regular expressions as Go has them, without looking around and back references.", name, err)
		return false
	}
	return true
}

func (r *reader) expiry(st *Static, s *schema.Setting, name, by, sep, text string, modified bool) {
	match, seconds, ok := strings.Cut(text, sep)
	n, err := strconv.ParseInt(seconds, 10, 64)
	if !ok || err != nil || n < 0 {
		r.refuse(s, "run-static", "Expiry not understood", "%s is an expression, %q and a number of seconds, and it is %q.", name, sep, text)
		return
	}
	if by != "type" && !r.expression(s, name, match) {
		return
	}
	st.Expires = append(st.Expires, StaticExpiry{By: by, Match: match, Seconds: n, Modified: modified})
}
