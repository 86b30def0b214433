package start

import (
	"encoding/json"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
)

// An instruction is one of a Dockerfile: its lines joined, flags taken off.
type instruction struct {
	name  string // upper case
	flags []word // "--from=build"
	args  fragment
	// list is the exec form's array; nil for the shell form.
	list []word
	json bool
	at   hcl.Range
}

var dockerPatterns = sync.OnceValue(func() (p struct{ directive, heredoc *regexp.Regexp }) {
	p.directive = regexp.MustCompile(`^#[ \t]*([a-zA-Z][a-zA-Z0-9]*)[ \t]*=[ \t]*(.+?)[ \t\r]*$`)
	p.heredoc = regexp.MustCompile(`^[0-9]*<<(-?)([^<]+)$`)
	return p
})

const dockerBlank = " \t\v\f\r"

// dockerfile splits a Dockerfile into instructions as BuildKit does (moby/buildkit, frontend/dockerfile/parser).
func (r *reader) dockerfile(src *source) []instruction {
	var list []instruction
	escape := byte('\\')
	directives := true
	text := src.text
	for pos := 0; pos < len(text); {
		if !r.step(1, src.at(pos, pos)) || len(list) > 20_000 {
			break
		}
		end := lineEnd(text, pos)
		start := pos
		line := strings.TrimSuffix(text[pos:end], "\n")
		if pos == 0 {
			bare := strings.TrimPrefix(line, "\ufeff")
			start += len(line) - len(bare)
			line = bare
		}
		trimmed := strings.TrimLeft(line, dockerBlank)
		start += len(line) - len(trimmed)
		pos = end
		if strings.HasPrefix(trimmed, "#") {
			if m := dockerPatterns().directive.FindStringSubmatch(strings.TrimRight(trimmed, "\r")); m != nil && directives {
				if strings.EqualFold(m[1], "escape") && m[2] == "`" {
					escape = '`'
				}
			} else {
				directives = false
			}
			continue
		}
		directives = false
		var b builder
		last := start
		for more := true; ; {
			stop := start + len(strings.TrimRight(trimmed, "\r"))
			stop, more = continued(text, start, stop, escape)
			whole := src.fragment(start, stop)
			b.add(&whole, 0, len(whole.text))
			last = max(last, stop)
			if !more {
				break
			}
			// Comments and empty lines between continued lines do not count.
			for pos < len(text) {
				end = lineEnd(text, pos)
				trimmed = strings.TrimSuffix(text[pos:end], "\n")
				bare := strings.TrimLeft(trimmed, dockerBlank)
				start = pos
				pos = end
				if bare != "" && bare[0] != '#' {
					more = false
					break
				}
			}
			if more {
				break // the file ends
			}
		}
		joined := b.fragment()
		if strings.Trim(joined.text, dockerBlank) == "" {
			continue
		}
		in := r.instruction(joined, escape)
		in.at = src.at(firstOffset(joined), last)
		switch in.name {
		case "RUN", "COPY", "ADD":
			var ended bool
			if pos, ended = skipHeredocs(text, pos, dockerFields(in.args, escape)); !ended {
				r.report(schema.Errorf("syntax-error", in.at, "Here-document without an end",
					"The line with the word behind << alone is missing, so docker build refuses the file. What follows is not read."))
				return append(list, in)
			}
		}
		list = append(list, in)
	}
	return list
}

func firstOffset(f fragment) int {
	if len(f.segs) == 0 {
		return 0
	}
	return f.segs[0].off
}

func lineEnd(text string, pos int) int {
	if i := strings.IndexByte(text[pos:], '\n'); i >= 0 {
		return pos + i + 1
	}
	return len(text)
}

// continued takes the escape character off a line's end; more tells that there was one.
func continued(text string, start, stop int, escape byte) (int, bool) {
	k := stop
	for k > start && (text[k-1] == ' ' || text[k-1] == '\t') {
		k--
	}
	if k > start && text[k-1] == escape && (k-1 == start || text[k-2] != escape) {
		return k - 1, true
	}
	return stop, false
}

// skipHeredocs gives the position behind the here-documents that an instruction's line announces.
func skipHeredocs(text string, pos int, fields []fragment) (next int, ended bool) {
	for _, field := range fields {
		m := dockerPatterns().heredoc.FindStringSubmatch(field.text)
		if m == nil {
			continue
		}
		name := strings.NewReplacer(`"`, "", "'", "").Replace(m[2])
		at := pos
		ended = false
		for at < len(text) && !ended {
			end := lineEnd(text, at)
			body := strings.TrimRight(text[at:end], "\r\n")
			if m[1] == "-" {
				body = strings.TrimLeft(body, "\t")
			}
			at = end
			ended = body == name
		}
		if !ended {
			return pos, false
		}
		pos = at
	}
	return pos, true
}

// instruction takes a joined line apart.
func (r *reader) instruction(line fragment, escape byte) instruction {
	text := line.text
	i := len(text) - len(strings.TrimLeft(text, dockerBlank))
	j := i
	for j < len(text) && !strings.ContainsRune(dockerBlank, rune(text[j])) {
		j++
	}
	in := instruction{name: strings.ToUpper(text[i:j])}
	end := len(strings.TrimRight(text, dockerBlank))
	// ENV, LABEL and what runs by CMD's form have no flags before their arguments but --opts; all the same they are
	// taken off wherever they stand first, as BuildKit does.
	for {
		for j < end && strings.ContainsRune(dockerBlank, rune(text[j])) {
			j++
		}
		if !strings.HasPrefix(text[min(j, end):end], "--") {
			break
		}
		k := j
		for k < end && !strings.ContainsRune(dockerBlank, rune(text[k])) {
			if (text[k] == '"' || text[k] == '\'') && strings.IndexByte(text[k+1:end], text[k]) >= 0 {
				k += 1 + strings.IndexByte(text[k+1:end], text[k])
			} else if text[k] == escape {
				k++
			}
			k++
		}
		k = min(k, end)
		if text[j:k] == "--" {
			j = k
			break
		}
		flag := line.part(j, k)
		in.flags = append(in.flags, word{fragment: flag, rng: line.at(j, k)})
		j = k
	}
	in.args = line.part(min(j, end), end)
	switch in.name {
	case "CMD", "ENTRYPOINT", "SHELL", "COPY", "ADD", "RUN", "VOLUME", "HEALTHCHECK":
		args := in.args
		if in.name == "HEALTHCHECK" {
			kind, rest := cutWord(args)
			if !strings.EqualFold(kind.text, "CMD") {
				break
			}
			args = rest
		}
		in.list, in.json = jsonWords(args)
		if !in.json && strings.HasPrefix(args.text, "[") && in.name != "RUN" {
			r.report(schema.Warnf("invalid-value", args.at(0, len(args.text)), "Not the exec form",
				"The list is no valid JSON (strings stand in double quotes, without a comma at the end), so Docker gives the whole text to a shell: [ is then a command. Write %s [\"program\", \"argument\"].", in.name))
		}
	}
	return in
}

// cutWord takes the first word off.
func cutWord(f fragment) (first, rest fragment) {
	i := strings.IndexAny(f.text, dockerBlank)
	if i < 0 {
		return f, fragment{}
	}
	k := i
	for k < len(f.text) && strings.ContainsRune(dockerBlank, rune(f.text[k])) {
		k++
	}
	return f.part(0, i), f.part(k, len(f.text))
}

// jsonWords reads a JSON array of strings; ok is false for anything else.
func jsonWords(f fragment) (list []word, ok bool) {
	if !strings.HasPrefix(f.text, "[") {
		return nil, false
	}
	var texts []string
	if json.Unmarshal([]byte(f.text), &texts) != nil {
		return nil, false
	}
	var raw []any
	if json.Unmarshal([]byte(f.text), &raw) != nil {
		return nil, false
	}
	for _, v := range raw {
		if _, isText := v.(string); !isText {
			return nil, false
		}
	}
	list = []word{}
	for i := 0; i < len(f.text) && len(list) < len(texts); i++ {
		if f.text[i] != '"' {
			continue
		}
		start := i
		var b builder
		for i++; i < len(f.text) && f.text[i] != '"'; {
			var k int
			if f.text[i] != '\\' {
				_, size := utf8.DecodeRuneInString(f.text[i:])
				k = i + size
				b.add(&f, i, k)
			} else {
				k = i + 2
				if k <= len(f.text) && f.text[i+1] == 'u' {
					k = min(i+6, len(f.text))
					if k+6 <= len(f.text) && f.text[k] == '\\' && f.text[k+1] == 'u' && f.text[i+2]|0x20 == 'd' {
						k += 6 // a surrogate pair
					}
				}
				var s string
				_ = json.Unmarshal([]byte(`"`+f.text[i:min(k, len(f.text))]+`"`), &s)
				b.put(s, &f, i, k)
			}
			i = k
		}
		w := word{fragment: b.fragment(), rng: f.at(start, i+1)}
		if w.text != texts[len(list)] {
			// Bytes that are no UTF-8: JSON replaces them.
			w.fragment = fragment{text: texts[len(list)], segs: w.segs}
		}
		list = append(list, w)
	}
	return list, len(list) == len(texts)
}
