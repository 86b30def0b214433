package start

import (
	"strings"
)

// interpolate resolves ${VAR} in a Compose value as Compose does (compose-go, template): "$$" is a dollar sign; what is
// not set stays, open, or takes its default.
func (c *composition) interpolate(v *yamlValue, depth int) {
	if v == nil || depth > 60 || !c.r.step(1, v.at) {
		return
	}
	for _, item := range v.list {
		c.interpolate(item, depth+1)
	}
	for _, key := range v.keys {
		c.interpolate(v.values[key], depth+1)
	}
	if v.isMap || v.isList || !strings.Contains(v.text.text, "$") {
		return
	}
	var b builder
	v.opens = addOpen(v.opens, c.expand(&v.text, 0, len(v.text.text), &b, 0)...)
	v.text = b.fragment()
}

func nameEnd(s string, i, end int) int {
	for i < end && (s[i] == '_' || s[i] >= '0' && s[i] <= '9' || s[i]|0x20 >= 'a' && s[i]|0x20 <= 'z') {
		i++
	}
	return i
}

func (c *composition) expand(f *fragment, i, end int, b *builder, depth int) (opens []Open) {
	s := f.text
	for i < end && b.len() < maxValue {
		if s[i] != '$' || i+1 >= end {
			b.add(f, i, i+1)
			i++
			continue
		}
		if s[i+1] == '$' {
			b.put("$", f, i, i+2)
			i += 2
			continue
		}
		k := nameEnd(s, i+1, end)
		if k > i+1 {
			opens = addOpen(opens, c.variable(f, s[i+1:k], i, k, b)...)
			i = k
			continue
		}
		k = nameEnd(s, i+2, end)
		if s[i+1] != '{' || k == i+2 || k >= end {
			b.add(f, i, i+1)
			i++
			continue
		}
		name := s[i+2 : k]
		level, stop := 1, k
		for stop < end {
			if s[stop] == '{' && s[stop-1] == '$' {
				level++
			} else if s[stop] == '}' {
				if level--; level == 0 {
					break
				}
			}
			stop++
		}
		if stop >= end || depth > 20 {
			b.add(f, i, end)
			return opens
		}
		opens = addOpen(opens, c.operator(f, name, i, k, stop, b, depth)...)
		i = stop + 1
	}
	return opens
}

// operator is what stands between the name, which ends at k, and the closing brace at stop.
func (c *composition) operator(f *fragment, name string, i, k, stop int, b *builder, depth int) []Open {
	s := f.text
	value, known := c.env[name]
	colon := strings.HasPrefix(s[k:stop], ":")
	set := known && (!colon || value.Text != "")
	if colon {
		k++
	}
	if k == stop {
		return c.variable(f, name, i, stop+1, b)
	}
	switch s[k] {
	case '-':
		if set {
			return c.variable(f, name, i, stop+1, b)
		}
		before := b.len()
		opens := c.expand(f, k+1, stop, b, depth+1)
		return addOpen([]Open{{Name: name, Default: b.b.String()[before:], HasDefault: true, Why: "set where it is deployed; this is the default", Range: f.at(i, stop+1)}}, opens...)
	case '?':
		return c.variable(f, name, i, stop+1, b)
	case '+':
		if set {
			return c.expand(f, k+1, stop, b, depth+1)
		}
		return []Open{{Name: name, HasDefault: true, Why: "adds text where it is set", Range: f.at(i, stop+1)}}
	}
	b.add(f, i, stop+1)
	return nil
}

func (c *composition) variable(f *fragment, name string, i, j int, b *builder) []Open {
	if v, ok := c.env[name]; ok {
		b.put(v.Text, f, i, j)
		return nil
	}
	b.add(f, i, j)
	return []Open{{Name: name, Why: "set where it is deployed", Range: f.at(i, j)}}
}
