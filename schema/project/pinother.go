package project

import (
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"gopkg.in/yaml.v3"

	"gsrv/schema"
)

// repositoryRoot gives the repository that a directory lies in, or the other directory where it lies in none.
func repositoryRoot(dir, otherwise string) string {
	if root := repositoryOf(dir); root != "" {
		return root
	}
	return otherwise
}

// setupCfg reads the dependencies of setuptools' declarative configuration: lists of requirements, one a line, indented below
// their key.
func (r *pinReader) setupCfg(src *source, dev bool) error {
	section, key := "", ""
	offset := 0
	for line := range strings.Lines(string(src.text)) {
		at := offset
		offset += len(line)
		text := strings.TrimRight(line, "\r\n")
		trimmed := strings.TrimSpace(text)
		switch {
		case trimmed == "" || trimmed[0] == '#' || trimmed[0] == ';':
			continue
		case trimmed[0] == '[':
			section, key = strings.Trim(trimmed, "[]"), ""
			continue
		case text[0] != ' ' && text[0] != '\t':
			name, rest, found := strings.Cut(text, "=")
			if !found {
				key = ""
				continue
			}
			key = strings.TrimSpace(name)
			at += len(name) + 1
			text = rest
		}
		switch {
		case section == "options" && key == "install_requires":
			r.addRequirement(src, text, at, KindRequirement, dev)
		case section == "options.extras_require" && key != "":
			r.addRequirement(src, text, at, KindRequirement, dev || forDevelopers(key))
		}
	}
	return nil
}

// condaEnvironment reads an environment.yml: conda's own packages ("gunicorn=20.1.0") and the list under pip.
func (r *pinReader) condaEnvironment(src *source, dev bool) error {
	var doc struct {
		Dependencies []yaml.Node `yaml:"dependencies"`
	}
	if err := yaml.Unmarshal(src.text, &doc); err != nil {
		return err
	}
	for i := range doc.Dependencies {
		node := &doc.Dependencies[i]
		switch node.Kind {
		case yaml.ScalarNode:
			name, spec, _ := strings.Cut(strings.ReplaceAll(node.Value, " ", ""), "=")
			if strings.ContainsAny(name, "<>!~:") {
				r.addRequirement(src, node.Value, src.offset(node.Line, node.Column), KindRequirement, dev)
				continue
			}
			// conda's "=20.1" is a prefix and its third part a build.
			if spec, _, _ = strings.Cut(strings.TrimPrefix(spec, "="), "="); spec != "" {
				spec = "==" + spec
			}
			p := specPin(name, spec)
			at := src.offset(node.Line, node.Column)
			p.Kind, p.Dev, p.Range = KindRequirement, dev, src.at(at, at+len(node.Value))
			r.add(p)
		case yaml.MappingNode:
			for k := 0; k+1 < len(node.Content); k += 2 {
				if node.Content[k].Value != "pip" {
					continue
				}
				for _, item := range node.Content[k+1].Content {
					r.addRequirement(src, item.Value, src.offset(item.Line, item.Column), KindRequirement, dev)
				}
			}
		}
	}
	return nil
}

var (
	pipInstall = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`\b(?:pip[0-9.]*|uv pip|pipx)\s+install\s+([^&|;\n]*)`)
	})
	pipWord   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`"[^"]*"|'[^']*'|\S+`) })
	fromImage = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?im)^\s*FROM\s+(?:--\S+\s+)*(\S+)`)
	})
	// serverImages are base images that bring a server of a version that their tags do not tell.
	serverImages = map[string]string{
		"tiangolo/uwsgi-nginx": "uwsgi", "tiangolo/uwsgi-nginx-flask": "uwsgi", "tiangolo/meinheld-gunicorn": "gunicorn", "tiangolo/meinheld-gunicorn-flask": "gunicorn",
		"tiangolo/uvicorn-gunicorn": "gunicorn", "tiangolo/uvicorn-gunicorn-fastapi": "gunicorn",
	}
)

// pipValued are pip's options that take the next word.
var pipValued = map[string]bool{"-r": true, "--requirement": true, "-c": true, "--constraint": true, "-i": true, "--index-url": true, "--extra-index-url": true, "-f": true, "--find-links": true, "-t": true, "--target": true, "--prefix": true, "--trusted-host": true, "-e": true, "--editable": true}

// dockerfile reads the packages that a build file's pip commands name, and base images that bring a server.
func (r *pinReader) dockerfile(src *source, dev bool) error {
	// A continued line is one command; what is taken out keeps its place.
	text := strings.NewReplacer("\\\r\n", "   ", "\\\n", "  ").Replace(string(src.text))
	for _, m := range pipInstall().FindAllStringSubmatchIndex(text, 200) {
		list := text[m[2]:m[3]]
		skip := false
		for _, w := range pipWord().FindAllStringIndex(list, 500) {
			word, at := list[w[0]:w[1]], m[2]+w[0]
			if len(word) > 1 && (word[0] == '"' || word[0] == '\'') {
				word, at = word[1:len(word)-1], at+1
			}
			switch {
			case skip:
				skip = false
			case strings.HasPrefix(word, "-"):
				skip = pipValued[word]
			case !strings.ContainsAny(word, "$/"):
				r.addRequirement(src, word, at, KindImage, dev)
			}
		}
	}
	for _, m := range fromImage().FindAllStringSubmatchIndex(text, 50) {
		image := text[m[2]:m[3]]
		name, _, _ := strings.Cut(image, ":")
		if server := serverImages[name]; server != "" {
			r.add(Pin{Name: server, Kind: KindImage, Dev: dev, Range: src.at(m[2], m[3])})
		}
	}
	return nil
}

// PinCache reads the pins of directories once each. It is safe for concurrent use.
type PinCache struct {
	root string

	mu   sync.Mutex
	dirs map[string]*Pins
}

// NewPinCache makes a cache for the directories at and below an absolute directory.
func NewPinCache(root string) *PinCache { return &PinCache{root: root, dirs: map[string]*Pins{}} }

// in gives the pins of one directory, relative to the root.
func (c *PinCache) in(dir string) *Pins {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.dirs[dir]; p != nil {
		return p
	}
	p := ReadPins(schema.NewFiles(c.root), dir)
	c.dirs[dir] = p
	return p
}

// Lookup gives what a directory, or the nearest one above it up to the repository's root, pins of a package; text is the
// file that the pin stands in. Directories and the pin's file name are relative to the cache's root.
func (c *PinCache) Lookup(dir, name string) (pin Pin, text []byte, ok bool) {
	limit := repositoryRoot(c.root, c.root)
	for range 100 {
		pins := c.in(dir)
		if pin, ok := pins.Lookup(name); ok {
			return pin, pins.Text(pin.Range.Filename), true
		}
		if filepath.Join(c.root, dir) == limit {
			return Pin{}, nil, false
		}
		up := filepath.Join(dir, "..")
		if up == dir || !within(limit, filepath.Join(c.root, up)) {
			return Pin{}, nil, false
		}
		dir = up
	}
	return Pin{}, nil, false
}
