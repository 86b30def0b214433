package project

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
)

// The kinds of places that name a package's version.
const (
	// KindLock is a lock file: what is installed, to the digit.
	KindLock = "lock"
	// KindRequirement is what the project asks for.
	KindRequirement = "requirement"
	// KindImage is a container's build file: a pip command in it, or a base image that brings a server.
	KindImage = "image"
)

// A Pin is what a project says about one package's version.
type Pin struct {
	// Name is the package's name as PEP 503 normalises it: lower case, "-" between words.
	Name string
	// Version is the exact version; zero where the source does not name one.
	Version schema.Version
	// Text is that version as written, "20.1.0" or "23.0rc1"; empty where it is not exact.
	Text string
	// Spec is the specifier as written, ">=20,<21"; empty where there is none.
	Spec string
	// Kind is one of KindLock, KindRequirement and KindImage.
	Kind string
	// Dev is set where only developers get the package: a group or file named dev, test, docs …
	Dev bool
	// Range is where the version stands, or the requirement where no exact version is named.
	Range hcl.Range

	constraint bool // only bounds a package that something else asks for: pip's -c
}

// Exact tells whether one version is named.
func (p Pin) Exact() bool { return !p.Version.IsZero() }

// strength orders pins of one package: production before development, then the lock file, an exact version, a range.
func (p Pin) strength() int {
	s := 0
	switch {
	case p.Kind == KindLock:
		s = 3
	case p.Exact():
		s = 2
	case p.Spec != "":
		s = 1
	}
	if !p.Dev {
		s += 10
	}
	return s
}

// A SkippedFile is a file that was passed over, and why.
type SkippedFile struct {
	Name, Reason string
}

// Pins are what a project says of the packages it installs.
type Pins struct {
	// Skipped lists the files that could not be read, or only in part.
	Skipped []SkippedFile

	all   []Pin
	best  map[string]Pin
	texts map[string][]byte
}

// aliases are packages that install the same server under another name.
var aliases = map[string][]string{
	"uwsgi": {"pyuwsgi"},
}

// Lookup gives the strongest pin of a package. The name is normalised first; "uwsgi" also finds pyuwsgi, which is
// uWSGI built as a Python extension.
func (p *Pins) Lookup(name string) (Pin, bool) {
	if p == nil {
		return Pin{}, false
	}
	name = normaliseName(name)
	pin, found := p.best[name]
	for _, alias := range aliases[name] {
		if other, ok := p.best[alias]; ok && (!found || other.strength() > pin.strength()) {
			pin, found = other, true
		}
	}
	return pin, found
}

// Has tells whether the project installs a package, of whatever version.
func (p *Pins) Has(name string) bool {
	_, found := p.Lookup(name)
	return found
}

// All lists every place that names a package, by package, strongest first.
func (p *Pins) All() []Pin {
	if p == nil {
		return nil
	}
	return slices.Clone(p.all)
}

// Text gives the bytes of a file that pins point into, for code frames; nil for a file that holds none.
func (p *Pins) Text(filename string) []byte {
	if p == nil {
		return nil
	}
	return p.texts[filename]
}

var nameSeparators = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[-_.]+`) })

// normaliseName folds the spellings of one package's name together as PEP 503 asks.
func normaliseName(name string) string {
	return nameSeparators().ReplaceAllString(strings.ToLower(strings.TrimSpace(name)), "-")
}

// settle sorts what was gathered and picks the strongest of each package.
func settle(gathered []Pin) (all []Pin, best map[string]Pin) {
	asked := map[string]bool{}
	for _, p := range gathered {
		if !p.constraint {
			asked[p.Name] = true
		}
	}
	all = slices.DeleteFunc(gathered, func(p Pin) bool { return !asked[p.Name] })
	slices.SortStableFunc(all, func(a, b Pin) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), cmp.Compare(b.strength(), a.strength()))
	})
	best = make(map[string]Pin, len(asked))
	for i := 0; i < len(all); {
		end := i + 1
		for end < len(all) && all[end].Name == all[i].Name {
			end++
		}
		best[all[i].Name] = strongest(all[i:end])
		i = end
	}
	return all, best
}

// strongest gives the first of a package's pins. Where the same file names several versions with equal weight (one for
// each Python, chosen by markers) none of them is the version; the specifier then allows any of them.
func strongest(pins []Pin) Pin {
	first := pins[0]
	if !first.Exact() {
		return first
	}
	specs := []string{"==" + first.Text}
	seen := map[string]bool{specs[0]: true}
	for _, p := range pins[1:] {
		if p.strength() != first.strength() || p.Range.Filename != first.Range.Filename {
			break
		}
		if spec := "==" + p.Text; !seen[spec] {
			seen[spec] = true
			specs = append(specs, spec)
		}
	}
	if len(specs) > 1 {
		first.Version, first.Text, first.Spec = schema.Version{}, "", strings.Join(specs, " || ")
	}
	return first
}
