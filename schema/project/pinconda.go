package project

import (
	"fmt"
	"regexp"
	"strings"
	"sync"

	"gopkg.in/yaml.v3"
)

// "gunicorn=20.1.0=py39_0", "gunicorn >=20", "conda-forge::gunicorn", "gunicorn[version='>=20']".
var condaSpec = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\s*(?:[\w./-]+::)?([A-Za-z0-9][A-Za-z0-9._-]*)\s*(.*?)\s*$`)
})

// condaEnvironment reads the dependencies of a conda environment, with the pip list in it.
func (r *pinReader) condaEnvironment(src *source, _ bool) error {
	var doc yaml.Node
	if err := yaml.Unmarshal(src.text, &doc); err != nil {
		return fmt.Errorf("it is not YAML: %w", err)
	}
	if len(doc.Content) == 0 {
		return nil
	}
	list := yamlField(doc.Content[0], "dependencies")
	if list == nil || list.Kind != yaml.SequenceNode {
		return nil
	}
	for _, item := range list.Content {
		switch item.Kind {
		case yaml.ScalarNode:
			r.condaPackage(src, item)
		case yaml.MappingNode:
			pip := yamlField(item, "pip")
			if pip == nil || pip.Kind != yaml.SequenceNode {
				continue
			}
			for _, line := range pip.Content {
				r.condaPip(src, line)
			}
		}
	}
	return nil
}

func yamlField(node *yaml.Node, key string) *yaml.Node {
	if node.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			return node.Content[i+1]
		}
	}
	return nil
}

// scalarStart gives the offset of a plain or quoted scalar's first character.
func scalarStart(src *source, node *yaml.Node) int {
	at := src.offset(node.Line, node.Column)
	if node.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
		at++
	}
	return at
}

func (r *pinReader) condaPackage(src *source, node *yaml.Node) {
	m := condaSpec().FindStringSubmatchIndex(node.Value)
	if m == nil {
		return
	}
	name, spec := node.Value[m[2]:m[3]], node.Value[m[4]:m[5]]
	if strings.HasPrefix(spec, "[") {
		spec = ""
	}
	if spec != "" && spec[0] >= '0' && spec[0] <= '9' { // "gunicorn 20.1.0": what follows a space is one sign less
		version, _, _ := strings.Cut(spec, " ") // a build string may follow
		spec = "==" + version
	}
	p := specPin(name, spec)
	p.Kind = KindRequirement
	start := scalarStart(src, node)
	p.Range = src.at(start+m[2], start+m[5])
	if text, _, exact := exactVersion(spec); exact && p.Exact() {
		if i := strings.Index(node.Value[m[3]:], text); i >= 0 {
			p.Range = src.at(start+m[3]+i, start+m[3]+i+len(text))
		}
	}
	r.add(p)
}

// condaPip reads one line of the pip list, which is a line of a requirements file.
func (r *pinReader) condaPip(src *source, node *yaml.Node) {
	if node.Kind != yaml.ScalarNode {
		return
	}
	if m := includeOption().FindStringSubmatch(strings.TrimSpace(node.Value)); m != nil {
		if err := r.include(src.name, strings.TrimSpace(m[3]), false, strings.Contains(m[1]+m[2], "c")); err != nil {
			r.skip(src.name, err)
		}
		return
	}
	if !strings.HasPrefix(node.Value, "-") {
		r.addRequirement(src, node.Value, scalarStart(src, node), KindRequirement, false)
	}
}
