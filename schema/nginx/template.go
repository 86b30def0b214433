package nginx

import (
	"bytes"
	"regexp"
	"sync"
)

// marks are a template's placeholders that nginx would read as part of a word: $NAME and ${NAME} for envsubst (nginx's
// own variables are lower case), %(name)s, %NAME%, @NAME@, __NAME__, <NAME>, $(name), and INSTALL_DIR/ that a script replaces.
var marks = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\$\{[A-Z_][A-Z0-9_]*\}|\$[A-Z_][A-Z0-9_]*\b|\$\{[^}]*:-|%\([A-Za-z_]\w*\)s|%[A-Z_][A-Z0-9_]*%|@[A-Z_][A-Z0-9_]*@|\b__[A-Z][A-Z0-9_]*__\b|<[A-Za-z_][A-Za-z0-9_-]*>|\$\([A-Za-z_]\w*\)|(?:^|unix:|http://)[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?:[/:]|$)`)
})

// pairs are the marks of template languages that would break nginx's grammar.
var pairs = []struct {
	open, close, engine string
	statement           bool
}{
	{"{{", "}}", "jinja", false},
	{"{%", "%}", "jinja", true},
	{"{#", "#}", "jinja", true},
	{"<%", "%>", "erb", false},
}

// maskTemplate replaces a template's marks with bytes that read as part of a word, or with spaces where they stand for
// whole lines. Offsets stay. It gives the engine's name, empty where the text is no template.
func maskTemplate(text []byte) (masked []byte, open []bool, engine string) {
	if !bytes.Contains(text, []byte("{{")) && !bytes.Contains(text, []byte("{%")) && !bytes.Contains(text, []byte("<%")) {
		return text, nil, ""
	}
	masked = bytes.Clone(text)
	open = make([]bool, len(text))
	gone := map[string]bool{}
	last := byte(';') // the last significant byte before the place
	for i := 0; i < len(masked); i++ {
		matched := false
		for _, p := range pairs {
			if gone[p.close] || !bytes.HasPrefix(text[i:], []byte(p.open)) {
				continue
			}
			n := bytes.Index(text[i+len(p.open):], []byte(p.close))
			if n < 0 {
				gone[p.close] = true
				continue
			}
			if engine == "" && p.open != "{#" {
				engine = p.engine
				if p.open == "{{" && (bytes.Contains(text, []byte("{{.")) || bytes.Contains(text, []byte("{{ .")) || bytes.Contains(text, []byte("{{-")) && bytes.Contains(text, []byte("end }}"))) {
					engine = "go"
				}
			}
			if p.open == "{#" && engine == "" && !bytes.Contains(text, []byte("{{")) {
				continue
			}
			end := i + len(p.open) + n + len(p.close)
			statement := p.statement || p.engine == "erb" && text[min(i+2, len(text)-1)] != '='
			fill := byte('X')
			if statement || alone(text, i, end) && (last == ';' || last == '{' || last == '}') {
				fill = ' '
			}
			for j := i; j < end; j++ {
				if fill != ' ' || text[j] != '\n' {
					masked[j] = fill
				}
				open[j] = true
			}
			if fill != ' ' {
				last = fill
			}
			i = end - 1
			matched = true
			break
		}
		if matched {
			continue
		}
		if c := masked[i]; c == '#' && (i == 0 || isSpace(masked[i-1])) {
			for i+1 < len(masked) && masked[i+1] != '\n' {
				i++
			}
		} else if !isSpace(c) {
			last = c
		}
	}
	return masked, open, engine
}

// alone tells whether nothing else stands on the lines of text[start:end].
func alone(text []byte, start, end int) bool {
	for i := start - 1; i >= 0 && text[i] != '\n'; i-- {
		if !isSpace(text[i]) {
			return false
		}
	}
	for i := end; i < len(text) && text[i] != '\n'; i++ {
		if !isSpace(text[i]) {
			return false
		}
	}
	return true
}
