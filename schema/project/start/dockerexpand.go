package start

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// dockerWord resolves quotes and variables of one word of an instruction, as BuildKit's shell lexer does.
func dockerWord(f fragment, escape byte, lookup func(string) (variable, bool)) word {
	w := word{rng: f.at(0, len(f.text))}
	var b builder
	d := &dockerExpander{f: &f, escape: escape, lookup: lookup, b: &b, w: &w}
	d.run(0, len(f.text), 0)
	w.fragment = b.fragment()
	return w
}

type dockerExpander struct {
	f      *fragment
	escape byte
	lookup func(string) (variable, bool)
	b      *builder
	w      *word
}

func (d *dockerExpander) run(i, end, depth int) {
	text := d.f.text
	quote := byte(0)
	for i < end {
		c := text[i]
		switch {
		case quote == '\'':
			if c == '\'' {
				quote = 0
			} else {
				d.b.add(d.f, i, i+1)
			}
			i++
		case c == '\'' && quote == 0, c == '"' && quote == 0:
			quote = c
			i++
		case c == '"':
			quote = 0
			i++
		case c == d.escape && i+1 < end:
			if quote == '"' && text[i+1] != '"' && text[i+1] != '$' && text[i+1] != d.escape {
				d.b.add(d.f, i, i+1)
			}
			d.b.add(d.f, i+1, i+2)
			i += 2
		case c == d.escape:
			i++
		case c == '$' && i+1 < end:
			i = d.dollar(i, end, depth)
		default:
			d.b.add(d.f, i, i+1)
			i++
		}
	}
}

// dollar expands the variable at i and gives the position behind it.
func (d *dockerExpander) dollar(i, end, depth int) int {
	text := d.f.text
	if text[i+1] != '{' {
		k := i + 1
		for k < end && (text[k] == '_' || text[k] >= '0' && text[k] <= '9' || text[k]|0x20 >= 'a' && text[k]|0x20 <= 'z') {
			k++
		}
		if k == i+1 {
			d.b.add(d.f, i, k)
			return k
		}
		d.value(text[i+1:k], "", 0, 0, i, k, depth)
		return k
	}
	level, k := 0, i+1
	for k < end {
		if text[k] == '{' {
			level++
		} else if text[k] == '}' {
			if level--; level == 0 {
				break
			}
		} else if text[k] == d.escape {
			k++
		}
		k++
	}
	if k >= end {
		d.b.add(d.f, i, end)
		return end
	}
	n := i + 2
	for n < k && (text[n] == '_' || text[n] >= '0' && text[n] <= '9' || text[n]|0x20 >= 'a' && text[n]|0x20 <= 'z') {
		n++
	}
	op, from := "", n
	switch {
	case strings.HasPrefix(text[n:k], ":-"), strings.HasPrefix(text[n:k], ":+"), strings.HasPrefix(text[n:k], ":?"):
		op, from = text[n:n+2], n+2
	case n < k:
		op, from = text[n:n+1], n+1
	}
	d.value(text[i+2:n], op, from, k, i, k+1, depth)
	return k + 1
}

func (d *dockerExpander) value(name, op string, from, to, i, j, depth int) {
	v, known := d.lookup(name)
	at := d.f.at(i, j)
	put := func() {
		d.w.opens = addOpen(d.w.opens, v.opens...)
		if d.b.len()+len(v.text) <= maxValue {
			d.b.put(v.text, d.f, i, j)
		}
	}
	open := func(hasDefault bool, def, why string) {
		d.w.opens = addOpen(d.w.opens, Open{Name: name, HasDefault: hasDefault, Default: def, Why: why, Range: at})
	}
	switch strings.TrimPrefix(op, ":") {
	case "":
		if known {
			put()
			return
		}
		d.b.add(d.f, i, j)
		open(false, "", "the base image or the builder sets it")
	case "-", "?":
		if known && (v.text != "" || op[0] != ':') {
			put()
			return
		}
		before := d.b.len()
		if depth < 20 && strings.HasSuffix(op, "-") {
			d.run(from, to, depth+1)
		}
		if !known {
			open(true, d.b.b.String()[before:], "the base image or the builder can set it; this is the default")
		}
	case "+":
		if known && (v.text != "" || op[0] != ':') && depth < 20 {
			d.run(from, to, depth+1)
		}
	default: // #, % and / patterns
		d.b.add(d.f, i, j)
		open(false, "", "a pattern of the Dockerfile")
	}
}

// dockerFields splits a fragment into words at blanks outside quotes, not resolved yet.
func dockerFields(f fragment, escape byte) []fragment {
	var list []fragment
	text := f.text
	start, quote, level := -1, byte(0), 0
	for i := 0; i < len(text); i++ {
		c := text[i]
		blank := strings.IndexByte(dockerBlank, c) >= 0 && quote == 0 && level == 0
		if start >= 0 && blank {
			list = append(list, f.part(start, i))
			start = -1
			continue
		}
		if blank {
			continue
		}
		if start < 0 {
			start = i
		}
		switch {
		case c == escape && quote != '\'':
			i++
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote == 0 && c == '$' && i+1 < len(text) && text[i+1] == '{':
			level++
		case quote == 0 && c == '}' && level > 0:
			level--
		}
	}
	if start >= 0 {
		list = append(list, f.part(start, len(text)))
	}
	return list
}

// assignments are the pairs of ENV, LABEL and ARG. A single "NAME value" is the old form of ENV.
func assignments(f fragment, escape byte, old bool) (names []string, values []fragment, ranges []hcl.Range) {
	fields := dockerFields(f, escape)
	if len(fields) == 0 {
		return nil, nil, nil
	}
	if !strings.Contains(fields[0].text, "=") && old {
		name, rest := cutWord(f)
		return []string{name.text}, []fragment{rest}, []hcl.Range{f.at(0, len(f.text))}
	}
	for _, field := range fields {
		name, value, ok := strings.Cut(field.text, "=")
		if !ok && old {
			continue
		}
		names = append(names, name)
		if ok {
			values = append(values, field.part(len(field.text)-len(value), len(field.text)))
		} else {
			values = append(values, fragment{segs: nil, text: "\x00"})
		}
		ranges = append(ranges, field.at(0, len(field.text)))
	}
	return names, values, ranges
}
