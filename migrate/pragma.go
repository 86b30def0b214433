package migrate

import (
	"regexp"
	"strings"
)

// toolComment is what a comment stands in that speaks to a tool for Python's source, and to nobody who reads another file.
const toolComment = "a tool for Python"

// pragma matches a comment, without its sign, that is for a checker, a formatter, a coverage or an editor alone.
var pragma = regexp.MustCompile(`(?i)^\s*(?:` + strings.Join([]string{
	`noqa(?:\s*:.*)?`, `(?:flake8|ruff)\s*:.*`, `type\s*:\s*ignore\b.*`, `(?:mypy|pyright|pyre|pytype|basedpyright)\s*:.*`, `pyre-(?:ignore|fixme|strict|unsafe)\b.*`,
	`py(?:lint|codestyle)\s*:.*`, `fmt\s*:\s*(?:on|off|skip)`, `yapf\s*:\s*(?:enable|disable).*`, `isort\s*:.*`, `autopep8\s*:\s*(?:on|off)`,
	`nosec\b(?:\s*[:B].*)?`, `nosemgrep\b.*`, `noinspection\s+\w+.*`, `pragma\s*:\s*no\s*(?:cover|branch)\b.*`, `lgtm\s*\[.*`, `NOSONAR\b.*`,
	`vi(?:m)?\s*:\s*(?:set\s|\w+=).*`, `-\*-.*-\*-\s*`,
}, "|") + `)\s*$`)

// withoutPragmas gives a comment's text without what it says to tools: "workers  # noqa: E501" is "workers". said tells that
// something is left for people.
func withoutPragmas(text string) (rest string, said bool) {
	if strings.Contains(text, "\n") {
		return text, true // a docstring
	}
	rest = text
	for {
		i := strings.LastIndexByte(rest, '#')
		if i < 0 || !pragma.MatchString(rest[i+1:]) {
			break
		}
		rest = strings.TrimRight(rest[:i], " \t")
	}
	return rest, strings.TrimSpace(rest) != "" && !pragma.MatchString(rest) || text == ""
}

// dropPragmas takes what comments of Python say to tools out of them, for a target that is no Python.
func dropPragmas(parts []part) {
	for i := range parts {
		p := &parts[i]
		if p.kind != KindComment || p.inside != "" || !strings.HasPrefix(p.key, "#") || !p.python {
			continue
		}
		rest, said := withoutPragmas(p.text)
		if !said {
			p.inside = toolComment
			continue
		}
		p.text = rest
	}
}
