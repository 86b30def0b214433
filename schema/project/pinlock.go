package project

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/pelletier/go-toml/v2/unstable"
)

// A lockedPackage is one [[package]] of a lock file.
type lockedPackage struct {
	name, version tomlString
	hasVersion    bool
	groups        []string
	root          bool // the project itself
	dev           bool
	needs         []string // what it depends on, where the reader asks for it
	devNeeds      []string
}

// eachPackage gives the packages of a lock file in TOML. visit sees every entry of a package's tables.
func (r *pinReader) eachPackage(src *source, visit func(*lockedPackage, tomlEntry, []string)) ([]*lockedPackage, error) {
	var packages []*lockedPackage
	var current *lockedPackage
	header := -1
	err := eachTOML(src.text, func(e tomlEntry) {
		if len(e.table) == 0 || e.table[0] != "package" {
			return
		}
		if len(e.table) == 1 && e.header != header {
			header = e.header
			current = &lockedPackage{}
			packages = append(packages, current)
		}
		if current == nil {
			return
		}
		if s, ok := stringOf(e.value); ok && len(e.table) == 1 && len(e.key) == 1 {
			switch e.key[0] {
			case "name":
				current.name = s
			case "version":
				current.version, current.hasVersion = s, true
			case "category": // Poetry before 1.5
				current.dev = s.text != "main"
			}
		}
		if len(e.table) == 1 && len(e.key) == 1 && e.key[0] == "groups" {
			current.groups = texts(stringsOf(e.value))
		}
		if visit != nil {
			visit(current, e, append(append([]string(nil), e.table[1:]...), e.key...))
		}
	})
	return packages, err
}

func texts(list []tomlString) []string {
	var out []string
	for _, s := range list {
		out = append(out, s.text)
	}
	return out
}

func (r *pinReader) addLocked(src *source, packages []*lockedPackage) {
	for _, p := range packages {
		if p.root || p.name.text == "" {
			continue
		}
		pin := Pin{Name: normaliseName(p.name.text), Kind: KindLock, Dev: p.dev, Range: src.at(p.name.start, p.name.end)}
		if p.hasVersion {
			if _, ok := parsePEP440(p.version.text); ok {
				pin.setExact(p.version.text)
				pin.Spec = "==" + p.version.text
				pin.Range = src.at(p.version.start, p.version.end)
			}
		}
		r.add(pin)
	}
}

// poetryLock reads poetry.lock: "category" before Poetry 1.5, "groups" from 2.0; between them it does not say which
// packages are for developers.
func (r *pinReader) poetryLock(src *source, _ bool) error {
	packages, err := r.eachPackage(src, nil)
	for _, p := range packages {
		if len(p.groups) > 0 {
			p.dev = onlyDevelopers(p.groups)
		}
	}
	r.addLocked(src, packages)
	return err
}

// pdmLock reads pdm.lock, whose packages name the groups that want them.
func (r *pinReader) pdmLock(src *source, _ bool) error { return r.poetryLock(src, false) }

func onlyDevelopers(groups []string) bool {
	for _, g := range groups {
		if !forDevelopers(g) {
			return false
		}
	}
	return len(groups) > 0
}

// uvLock reads uv.lock. It does not mark the packages for developers: those are what the project's own entry asks for
// in its dev-dependencies only, and what only they need in turn.
func (r *pinReader) uvLock(src *source, _ bool) error {
	packages, err := r.eachPackage(src, func(p *lockedPackage, e tomlEntry, path []string) {
		switch {
		case matches(path, "source"):
			fields(e.value, func(key string, _ *unstable.Node) {
				p.root = p.root || key == "virtual" || key == "editable"
			})
		case matches(path, "dependencies"), matches(path, "optional-dependencies", "*"):
			p.needs = append(p.needs, dependencyNames(e.value)...)
		case matches(path, "dev-dependencies", "*"):
			if forDevelopers(path[1]) {
				p.devNeeds = append(p.devNeeds, dependencyNames(e.value)...)
			} else {
				p.needs = append(p.needs, dependencyNames(e.value)...)
			}
		}
	})
	markDevelopers(packages)
	r.addLocked(src, packages)
	return err
}

// markDevelopers marks what can be reached from the roots' dev-dependencies alone.
func markDevelopers(packages []*lockedPackage) {
	byName := map[string][]*lockedPackage{}
	var production, development []string
	for _, p := range packages {
		byName[p.name.text] = append(byName[p.name.text], p)
		if p.root {
			production = append(production, p.needs...)
			development = append(development, p.devNeeds...)
		}
	}
	reached := reach(byName, production)
	for name := range reach(byName, development) {
		for _, p := range byName[name] {
			p.dev = !reached[name]
		}
	}
}

func reach(byName map[string][]*lockedPackage, from []string) map[string]bool {
	seen := map[string]bool{}
	for len(from) > 0 {
		name := from[len(from)-1]
		from = from[:len(from)-1]
		if seen[name] {
			continue
		}
		seen[name] = true
		for _, p := range byName[name] {
			from = append(from, p.needs...)
		}
	}
	return seen
}

// dependencyNames gives the names in a list of { name = "…" }.
func dependencyNames(list *unstable.Node) []string {
	if list == nil || list.Kind != unstable.Array {
		return nil
	}
	var out []string
	it := list.Children()
	for it.Next() {
		fields(it.Node(), func(key string, value *unstable.Node) {
			if s, ok := stringOf(value); ok && key == "name" {
				out = append(out, s.text)
			}
		})
	}
	return out
}

// pipfileLock reads Pipfile.lock: JSON with one object for each category, package names as keys.
func (r *pinReader) pipfileLock(src *source, _ bool) error {
	d := json.NewDecoder(bytes.NewReader(src.text))
	var path []string // keys of the open objects
	var key string    // the key whose value is next
	var arrays []bool // whether each open bracket is an array
	wantKey := true   // inside an object, a string is a key
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			if len(arrays) > 0 {
				return errors.New("it is not JSON: it ends too early")
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("line %d is not JSON: %w", 1+bytes.Count(src.text[:min(int(d.InputOffset()), len(src.text))], []byte("\n")), err)
		}
		inArray := len(arrays) > 0 && arrays[len(arrays)-1]
		switch t := token.(type) {
		case json.Delim:
			switch t {
			case '{', '[':
				if len(arrays) > maxJSONDepth {
					return fmt.Errorf("it is nested more than %d deep", maxJSONDepth)
				}
				arrays = append(arrays, t == '[')
				path = append(path, key)
				wantKey = t == '{'
			default:
				if len(path) == 3 && path[1] != "_meta" && t == '}' {
					r.lockedWithoutVersion(src, path, int(d.InputOffset()))
				}
				arrays = arrays[:len(arrays)-1]
				path = path[:len(path)-1]
				wantKey = len(arrays) > 0 && !arrays[len(arrays)-1]
			}
			continue
		case string:
			if !inArray && wantKey {
				key, wantKey = t, false
				continue
			}
			if len(path) == 3 && key == "version" && path[1] != "_meta" && !inArray {
				r.lockedVersion(src, path[1], path[2], t, int(d.InputOffset()))
			}
		}
		wantKey = !inArray
	}
}

const (
	maxJSONDepth = 100
	maxEntry     = 64 << 10 // bytes of one package's entry
)

func (r *pinReader) lockedVersion(src *source, category, name, spec string, end int) {
	p := specPin(name, spec)
	p.Kind, p.Dev = KindLock, category == "develop" || category != "default" && forDevelopers(category)
	start := end - 1 - len(spec) // before the closing quote
	p.Range = src.at(start, end-1)
	if text, at, exact := exactVersion(spec); exact && p.Exact() {
		p.Range = src.at(start+at, start+at+len(text))
	}
	r.add(p)
}

// lockedWithoutVersion adds a package locked to a commit or a path: it is there, in a version that is not named.
func (r *pinReader) lockedWithoutVersion(src *source, path []string, end int) {
	name := normaliseName(path[2])
	if n := len(r.gathered); n > 0 && r.gathered[n-1].Name == name && r.gathered[n-1].Range.Filename == src.name {
		return
	}
	p := Pin{Name: name, Kind: KindLock, Dev: path[1] == "develop"}
	quoted := `"` + path[2] + `"`
	// The key stands a few lines above; one spelt with escapes is not looked for through the whole file.
	from := max(0, end-maxEntry)
	at := bytes.LastIndex(src.text[from:end], []byte(quoted))
	if at < 0 {
		at = end - from - 1
		quoted = `""`
	}
	at += from
	p.Range = src.at(at+1, at+len(quoted)-1)
	r.add(p)
}
