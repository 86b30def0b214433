package uwsgi

import "github.com/hashicorp/hcl/v2"

// readYAML takes the scalars below the key that is asked for as options, from the scanner's tokens as uWSGI does: a
// key and a value make an option, the entries of a list one each with the list's key.
func (r *reader) readYAML(src *source, t text, asked string) {
	y := newYAMLScanner(t)
	place := func(at, to int) hcl.Range {
		if where := t.slice(min(at, len(t.s)), min(to, len(t.s))).rng(); where.Filename != "" {
			return where
		}
		return src.rng(len(src.text), len(src.text))
	}
	const (
		none = iota
		key
		value
		sequence
	)
	var current *text
	status, depth, seen := none, 0, false
	for parsing := true; parsing && !r.stopped; {
		tok, ok := y.next()
		if !ok {
			if y.fail != "" {
				r.refuse("syntax-error", place(y.failAt, y.failAt+1), "YAML cannot be read", "error parsing YAML file", "uWSGI exits: %s.", y.fail)
			}
			break
		}
		switch tok.kind {
		case yamlStreamEnd:
			parsing = false
		case yamlKey:
			status = key
		case yamlValue:
			status = value
		case yamlFlowSequenceStart, yamlBlockSequenceStart:
			if depth > 0 {
				depth++
			}
			status = sequence
		case yamlFlowEntry, yamlBlockEntry:
			status = sequence
		case yamlBlockMappingStart:
			if depth > 0 {
				depth++
			} else if current != nil && current.cstring().s == asked {
				depth, seen = 1, true
			}
		case yamlBlockEnd, yamlFlowSequenceEnd:
			if depth > 0 {
				depth--
				parsing = depth > 0
			}
			current, status = nil, none
		case yamlScalar:
			switch status {
			case key:
				current = &tok.value
			case value, sequence:
				if current != nil && depth > 0 {
					r.add(&entry{key: current.cstring(), val: tok.value.cstring(), raw: tok.value, valRange: place(tok.at, tok.at+max(1, len(tok.value.s)))})
				}
				if status == value {
					current, status = nil, none
				}
			default:
				parsing = false
				r.warn("yaml-unsupported", place(tok.at, tok.at+max(1, len(tok.value.s))), "uWSGI stops reading the YAML file here",
					"uWSGI looks at YAML's tokens only and cannot follow this one: it logs \"unsupported YAML token\" and ignores everything from here on. Write options as plain KEY: VALUE lines, without anchors, tags and nested maps.").ServerMessage = "unsupported YAML token 20 in " + asked + " block"
			}
		default:
			status = none
		}
	}
	if !seen && y.fail == "" && !r.stopped {
		r.warn("section-missing", place(0, 0), "Section not found", "%s has no block mapping under the key %q, so uWSGI takes nothing from it and starts with its defaults. Write %s: and the options indented below it.", src.name, asked, asked)
	}
}
