package project

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"gsrv/schema"
)

// A pepVersion is a version as PEP 440 orders it. The public releases that gsrv asks about have no suffixes, but a
// specifier may name one that has: ">=20.0rc1", "<21.dev0".
type pepVersion struct {
	epoch   int
	release []int
	// pre and post order what follows the release: development releases below pre-releases (alpha, beta, candidate)
	// below the release itself, post-releases above it.
	pre, preN  int
	post       int
	dev        int
	local      string
	normalised string
}

const (
	noPost  = -1
	noDev   = 1 << 30
	preDev  = 0 // a development release of the release itself: before every pre-release
	preNone = 4
)

// The grammar is that of PEP 440, appendix B, letter for letter in what it takes; packaging's VERSION_PATTERN is the
// reference the tests compare with.
var pepPattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^v?(?:(\d+)!)?(\d+(?:\.\d+)*)` +
		`(?:[-_.]?(alpha|a|beta|b|preview|pre|c|rc)[-_.]?(\d+)?)?` +
		`(?:-(\d+)|[-_.]?(post|rev|r)[-_.]?(\d+)?)?` +
		`(?:[-_.]?(dev)[-_.]?(\d+)?)?` +
		`(?:\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?$`)
})

// maxNumber bounds the numbers in versions; dates such as 20240101 are below it.
const maxNumber = 1 << 29

func parsePEP440(s string) (pepVersion, bool) {
	m := pepPattern().FindStringSubmatch(strings.ToLower(strings.TrimSpace(s)))
	if m == nil {
		return pepVersion{}, false
	}
	v := pepVersion{pre: preNone, post: noPost, dev: noDev, local: m[10]}
	ok := true
	number := func(s string) int {
		if s == "" {
			return 0
		}
		n, err := strconv.Atoi(s)
		ok = ok && err == nil && n < maxNumber
		return n
	}
	v.epoch = number(m[1])
	for part := range strings.SplitSeq(m[2], ".") {
		v.release = append(v.release, number(part))
	}
	if m[3] != "" {
		v.pre = map[byte]int{'a': 1, 'b': 2, 'c': 3, 'p': 3, 'r': 3}[m[3][0]]
		v.preN = number(m[4])
	}
	if m[5] != "" {
		v.post = number(m[5])
	} else if m[6] != "" {
		v.post = number(m[7])
	}
	if m[8] != "" {
		v.dev = number(m[9])
		if v.pre == preNone && v.post == noPost {
			v.pre = preDev
		}
	}
	v.normalised = strings.ToLower(strings.TrimPrefix(strings.TrimSpace(s), "v"))
	return v, ok
}

func (v pepVersion) compare(w pepVersion) int {
	return cmp.Or(
		cmp.Compare(v.epoch, w.epoch),
		compareReleases(v.release, w.release),
		cmp.Compare(v.pre, w.pre),
		cmp.Compare(v.preN, w.preN),
		cmp.Compare(v.post, w.post),
		cmp.Compare(v.dev, w.dev),
	)
}

func compareReleases(a, b []int) int {
	for i := range max(len(a), len(b)) {
		if c := cmp.Compare(at(a, i), at(b, i)); c != 0 {
			return c
		}
	}
	return 0
}

func at(release []int, i int) int {
	if i < len(release) {
		return release[i]
	}
	return 0
}

// hasPrefix tells whether v is one of prefix.*: the missing parts of either count as zero.
func (v pepVersion) hasPrefix(prefix []int) bool {
	for i, n := range prefix {
		if at(v.release, i) != n {
			return false
		}
	}
	return true
}

// A clause is one comparison of a specifier.
type clause struct {
	op, version string
}

var clausePattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\s*(===|==|~=|!=|<=|>=|<|>|\^|~|=|)\s*(.*?)\s*$`) })

// specifierClauses splits a specifier into alternatives ("||" as Poetry writes them, "|" as conda does) of clauses that
// must all hold.
func specifierClauses(spec string) [][]clause {
	var out [][]clause
	for alternative := range strings.FieldsFuncSeq(spec, func(r rune) bool { return r == '|' }) {
		var all []clause
		for _, part := range strings.Split(poetryCommas(alternative), ",") {
			if strings.TrimSpace(part) == "" {
				continue
			}
			m := clausePattern().FindStringSubmatch(part)
			if m == nil {
				continue
			}
			all = append(all, clause{op: m[1], version: strings.TrimSpace(m[2])})
		}
		out = append(out, all)
	}
	return out
}

var spacedClause = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(\S)\s+([<>=!~^])`) })

// poetryCommas puts commas between clauses that are only spaced apart: ">=20 <21", as Poetry takes them.
func poetryCommas(s string) string {
	return spacedClause().ReplaceAllString(strings.ReplaceAll(s, ",", " , "), "$1,$2")
}

// Allows tells whether the specifier lets v be installed. It knows the operators of PEP 440 (==, !=, ~=, ===, <, <=,
// >, >= and the .* suffix), Poetry's ^, ~, * and ||, and conda's = and |. A pin without a specifier allows everything,
// and so does a clause that cannot be understood: it is never the reason to rule a version out.
func (p Pin) Allows(v schema.Version) bool {
	if v.IsZero() {
		return true
	}
	candidate, ok := parsePEP440(v.String())
	if !ok {
		return true
	}
	if p.Spec == "" {
		return !p.Exact() || p.Version.Compare(v) == 0
	}
	alternatives := specifierClauses(p.Spec)
	return len(alternatives) == 0 || slices.ContainsFunc(alternatives, func(all []clause) bool {
		return !slices.ContainsFunc(all, func(c clause) bool { return !c.allows(candidate) })
	})
}

func (c clause) allows(v pepVersion) bool {
	text := c.version
	if c.op == "===" {
		return strings.EqualFold(v.normalised, text)
	}
	if text == "" || text == "*" {
		return c.op != "!="
	}
	if prefix, isPrefix := strings.CutSuffix(text, "*"); isPrefix {
		return c.allowsPrefix(v, strings.TrimSuffix(prefix, "."))
	}
	if c.op == "=" { // conda: 20.1 stands for 20.1.*, and a build string may follow
		version, _, _ := strings.Cut(text, "=")
		return clause{op: "=="}.allowsPrefix(v, version)
	}
	w, ok := parsePEP440(text)
	if !ok {
		return true
	}
	order := v.compare(w)
	switch c.op {
	case "==", "":
		return order == 0 && w.local == ""
	case "!=":
		return order != 0 || w.local != ""
	case "<=":
		return order <= 0
	case ">=":
		return order >= 0
	case "<":
		return order < 0
	case ">":
		return order > 0
	case "~=":
		return order >= 0 && (len(w.release) < 2 || v.epoch == w.epoch && v.hasPrefix(w.release[:len(w.release)-1]))
	case "^", "~":
		return order >= 0 && v.epoch == w.epoch && compareReleases(v.release, poetryCeiling(c.op, w.release)) < 0
	}
	return true
}

func (c clause) allowsPrefix(v pepVersion, text string) bool {
	w, ok := parsePEP440(text)
	if !ok {
		return true
	}
	inside := v.epoch == w.epoch && v.hasPrefix(w.release) && w.pre == preNone && w.post == noPost && w.dev == noDev
	switch c.op {
	case "!=":
		return !inside
	case ">=":
		return compareReleases(v.release, w.release) >= 0
	case "<":
		return compareReleases(v.release, w.release) < 0
	case ">":
		return compareReleases(v.release, w.release) > 0 && !inside
	case "<=":
		return compareReleases(v.release, w.release) <= 0 || inside
	}
	return inside
}

// poetryCeiling gives the first release that ^ or ~ no longer allows: ^1.2.3 ends at 2, ^0.2.3 at 0.3, ^0.0.3 at
// 0.0.4, ~1.2.3 at 1.3, ~1 at 2.
func poetryCeiling(op string, release []int) []int {
	i := min(1, len(release)-1)
	if op == "^" {
		i = slices.IndexFunc(release, func(n int) bool { return n != 0 })
		if i < 0 {
			i = len(release) - 1
		}
	}
	ceiling := slices.Clone(release[:i+1])
	ceiling[i]++
	return ceiling
}

// exactVersion gives the one version a specifier allows, as written, and where in the specifier it stands.
func exactVersion(spec string) (text string, at int, found bool) {
	alternatives := specifierClauses(spec)
	if len(alternatives) != 1 {
		return "", 0, false
	}
	for _, c := range alternatives[0] {
		text := c.version
		switch c.op {
		case "==", "===", "":
		case "=":
			// conda's own convention: an export writes all parts with a single sign; with fewer parts it is a prefix.
			version, build, hasBuild := strings.Cut(text, "=")
			if !hasBuild && strings.Count(version, ".") < 2 || strings.Contains(build, "*") {
				continue
			}
			text = version
		default:
			continue
		}
		if _, ok := parsePEP440(text); !ok {
			continue
		}
		return text, max(strings.Index(spec, text), 0), true
	}
	return "", 0, false
}
