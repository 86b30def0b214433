package nginx

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
)

//go:embed directives.tsv
var directivesTSV string

// A rule is how one module takes a directive.
type rule struct {
	contexts []string
	counts   []int
	atLeast  int // of "1+" and "2+"; 0 otherwise
	any      bool
	flag     bool
	block    bool
	kind     string
	words    []string
	module   string // empty for nginx's own
}

// rules are the known directives; a name may have several rules.
var rules = sync.OnceValue(func() map[string][]rule {
	out := map[string][]rule{}
	for line := range strings.Lines(directivesTSV) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if strings.HasPrefix(line, "#") || len(f) != 6 {
			continue
		}
		r := rule{contexts: strings.Split(f[1], ","), kind: f[3]}
		for _, a := range strings.Split(f[2], ",") {
			switch a {
			case "flag":
				r.flag = true
			case "any":
				r.any = true
			case "block":
				r.block = true
			case "1+", "2+":
				r.atLeast = int(a[0] - '0')
			default:
				r.counts = append(r.counts, int(a[0]-'0'))
			}
		}
		if f[4] != "-" {
			r.words = strings.Split(f[4], "|")
		}
		if f[5] != "-" {
			r.module = f[5]
		}
		out[f[0]] = append(out[f[0]], r)
	}
	return out
})

func (r *rule) in(context string) bool {
	return r.contexts[0] == "any" || slices.Contains(r.contexts, context)
}

// takes tells whether the number of arguments is right.
func (r *rule) takes(n int) bool {
	switch {
	case r.any:
		return true
	case r.flag:
		return n == 1
	case r.atLeast > 0:
		return n >= r.atLeast
	}
	return slices.Contains(r.counts, n)
}

// opens maps the directives that open a block to the context inside, by the context they stand in. Blocks whose lines
// are no directives (map, types) map to "data".
func opens(name, context string) string {
	switch context + " " + name {
	case "main http", "main events", "main stream", "main mail":
		return name
	case "http server", "http upstream":
		return name
	case "stream server", "stream upstream":
		return "stream-" + name
	case "mail server":
		return "mail-server"
	case "server if":
		return "server-if"
	case "location if":
		return "location-if"
	case "server location", "location location":
		return "location"
	case "location limit_except":
		return "limit_except"
	}
	return "data"
}

// guessContext tells in which context a file's directives belong: main for a whole configuration, else the innermost
// context in which all that are known may stand.
func guessContext(directives []*Directive) string {
	best, bestScore := "main", -1
	for _, context := range []string{"main", "http", "server", "location", "upstream", "stream"} {
		score := 0
		for _, d := range directives {
			if d.Name.Text == "include" {
				continue
			}
			for _, r := range rules()[d.Name.Text] {
				if r.in(context) && r.contexts[0] != "any" && r.block == d.HasBlock {
					score++
					if d.HasBlock {
						score += 3
					}
					break
				}
			}
		}
		if score > bestScore && (score > 0 || context == "main") {
			best, bestScore = context, score
		}
	}
	return best
}
