package project

import (
	"regexp"
	"strings"
	"sync"

	"gsrv/schema"
)

// A requirement is one dependency as PEP 508 writes it, with the offsets of its parts.
type requirement struct {
	name       string
	spec       string
	specAt     int // where spec begins
	start, end int // the requirement without marker and options
	marker     string
	url        string
}

var (
	requirementName = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*`)
	})
	optionStart = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\s-`) })
	eggName     = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[#&]egg=([A-Za-z0-9][A-Za-z0-9._-]*)`) })
	wheelName   = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`([A-Za-z0-9][A-Za-z0-9_.]*)-([0-9][^-/]*)(?:-[^/]*)?\.whl(?:$|[#?])`)
	})
)

// parseRequirement reads one requirement: "gunicorn[gevent]>=20,<21; python_version >= '3.8' --hash=…", "name @ url",
// a URL with #egg=name or the address of a wheel.
func parseRequirement(s string) (requirement, bool) {
	r := requirement{}
	body := s
	if i := optionStart().FindStringIndex(body); i != nil {
		body = body[:i[0]]
	}
	r.start = len(body) - len(strings.TrimLeft(body, " \t"))
	m := requirementName().FindStringSubmatchIndex(body)
	isURL := strings.Contains(body, "://") && !strings.Contains(body, "@ ") && (m == nil || m[1] == len(body) || body[m[1]] != '@')
	if isURL || m == nil {
		return urlRequirement(body, r)
	}
	r.name = body[m[2]:m[3]]
	rest := body[m[1]:]
	r.specAt = m[1]
	if strings.HasPrefix(rest, "@") {
		r.url = strings.TrimSpace(rest[1:])
		r.url, r.marker, _ = strings.Cut(r.url, " ;")
		r.end = len(strings.TrimRight(body, " \t"))
		if w := wheelName().FindStringSubmatch(r.url); w != nil {
			r.spec = "==" + w[2]
			r.specAt = m[2]
		}
		return r, true
	}
	if i := strings.IndexByte(rest, ';'); i >= 0 {
		rest, r.marker = rest[:i], rest[i+1:]
	}
	if trimmed := strings.TrimSpace(rest); strings.HasPrefix(trimmed, "(") && strings.HasSuffix(trimmed, ")") {
		r.specAt += strings.IndexByte(rest, '(') + 1
		rest = trimmed[1 : len(trimmed)-1]
	}
	r.spec = strings.TrimSpace(rest)
	r.specAt += len(rest) - len(strings.TrimLeft(rest, " \t"))
	r.end = r.specAt + len(r.spec)
	if r.spec == "" {
		r.end = m[3]
	} else if !strings.ContainsRune("=<>!~", rune(r.spec[0])) {
		return requirement{}, false
	}
	return r, true
}

func urlRequirement(body string, r requirement) (requirement, bool) {
	r.end = len(strings.TrimRight(body, " \t"))
	r.url = body[r.start:r.end]
	if m := wheelName().FindStringSubmatchIndex(body); m != nil {
		r.name, r.spec, r.specAt = body[m[2]:m[3]], "=="+body[m[4]:m[5]], m[4]-2
		return r, true
	}
	if m := eggName().FindStringSubmatch(body); m != nil {
		r.name = m[1]
		return r, true
	}
	return requirement{}, false
}

var foreignMarker = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)\b(?:` +
		`sys_platform\s*==\s*["'](?:win32|cygwin|darwin)["']` +
		`|platform_system\s*==\s*["'](?:windows|darwin)["']` +
		`|os_name\s*==\s*["'](?:nt|java)["']` +
		`|sys_platform\s*!=\s*["']linux["']|platform_system\s*!=\s*["']linux["']|os_name\s*!=\s*["']posix["']` +
		`|python_version\s*<=?\s*["'](?:2[0-9.]*|3|3\.0)["']|python_version\s*==\s*["']2[0-9.]*\*?["']` +
		`|python_version\s*in\s*["']2[0-9., ]*["'])`)
})

// foreign tells whether a marker keeps the requirement off the machines gsrv is for: Linux servers with Python 3.
// "or" makes it a matter of the rest of the marker, which is then taken to hold.
func foreign(marker string) bool {
	return foreignMarker().MatchString(marker) && !strings.Contains(marker, " or ")
}

// pin makes the Pin of a requirement; offset is where its text begins in the file.
func (r requirement) pin(src *source, offset int, kind string, dev bool) (Pin, bool) {
	if r.name == "" || foreign(r.marker) {
		return Pin{}, false
	}
	p := specPin(r.name, r.spec)
	p.Kind, p.Dev = kind, dev
	p.Range = src.at(offset+r.start, offset+r.end)
	if text, at, exact := exactVersion(r.spec); exact && p.Exact() && r.url == "" {
		p.Range = src.at(offset+r.specAt+at, offset+r.specAt+at+len(text))
	}
	return p, true
}

// specPin makes a Pin of a name and a specifier, without its place.
func specPin(name, spec string) Pin {
	p := Pin{Name: normaliseName(name), Spec: strings.TrimSpace(spec)}
	if p.Spec == "*" {
		p.Spec = ""
	}
	if text, _, exact := exactVersion(p.Spec); exact {
		p.setExact(text)
	}
	return p
}

// setExact names the version; one that schema.Version cannot hold (an epoch, five parts) leaves the pin a range.
func (p *Pin) setExact(text string) {
	if strings.Contains(text, "!") {
		return
	}
	if v, err := schema.ParseVersion(text); err == nil {
		p.Version, p.Text = v, text
	}
}
