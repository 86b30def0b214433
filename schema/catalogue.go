package schema

import (
	"math"
	"regexp"
	"strings"
	"sync"
)

// A Catalogue is one server's options: data, one option a line, from which reader, writer, validator, JSON
// Schema and documentation are made. Its tables are plain Go literals, so that loading one costs nothing.
type Catalogue struct {
	// Server is the dialect's name, Newest the newest release the catalogue knows.
	Server string
	Newest string
	// Options in the order the server's own manual or help lists them.
	Options []Option

	once  sync.Once
	index map[string]int
}

// An Option is one setting a server knows.
type Option struct {
	// Name is the server's own; Aliases are other names of the same option. Canonical is set on an alias that the
	// catalogue lists as an entry of its own.
	Name      string
	Aliases   []string
	Canonical string
	// Flags are the command line's: "-w", "--workers".
	Flags []string
	// Env is an environment variable the server itself reads for it.
	Env string
	// Type is the catalogue's word for the value: bool, int, string … each dialect's package documents its own.
	Type string
	// Unit is "seconds", "bytes", "megabytes" … where the value is a quantity.
	Unit string
	// Multi tells that repeating the option adds a value instead of replacing it.
	Multi bool
	// Default is the newest release's default as JSON text; empty where it has none.
	Default string
	// Min and Max bound a number, inclusive; nil where there is no bound.
	Min, Max *float64
	// Enum lists the accepted words.
	Enum []string
	// Pattern is a regular expression that a text must fit, of the syntax that RE2 and JSON Schema share; Form says the same in words:
	// "a path that begins with /". Both are empty where any text will do.
	Pattern, Form string
	// Since is the first release that has it ("" for always), Removed the first without it, Deprecated the
	// first that warns; RenamedTo is its successor.
	Since, Removed, Deprecated, RenamedTo string
	// Model is the common model's name for it, Convert the conversion from the native value to the model's
	// (see Convert); both empty where the model has no counterpart.
	Model, Convert string
	// Derived tells that the server works the value out itself; nobody is meant to set it.
	Derived bool
	// Arity and Args describe a hook's parameters.
	Arity int
	Args  []string
	// Extra holds what only one dialect needs, "kind=…;plugin=…" style data in that dialect's own type.
	Extra any
	// Summary says in a few words what it does; Notes are facts worth telling with a finding.
	Summary string
	Notes   []string
}

// Fits tells whether a text has the form that the option's Pattern asks for.
func (o *Option) Fits(text string) bool {
	return o.Pattern == "" || regexp.MustCompile(o.Pattern).MatchString(text)
}

// Lookup gives the option of a name or alias, or nil. Names are case-sensitive.
func (c *Catalogue) Lookup(name string) *Option {
	c.once.Do(c.build)
	if i, ok := c.index[name]; ok {
		return &c.Options[i]
	}
	return nil
}

// Position gives the place of a name in the catalogue; unknown names come last.
func (c *Catalogue) Position(name string) int {
	c.once.Do(c.build)
	if i, ok := c.index[name]; ok {
		return i
	}
	return math.MaxInt
}

func (c *Catalogue) build() {
	c.index = make(map[string]int, len(c.Options))
	for i := range c.Options {
		c.index[c.Options[i].Name] = i
	}
	for i := range c.Options {
		for _, a := range c.Options[i].Aliases {
			if _, taken := c.index[a]; !taken {
				c.index[a] = i
			}
		}
	}
}

// Known tells whether the release has the option.
func (o *Option) Known(v Version) bool {
	return v.AtLeast(o.Since) && (o.Removed == "" || !v.AtLeast(o.Removed))
}

// Nearest gives the known name that is most likely meant by a misspelt one, or "" where none is close: within
// two edits (one for names of four letters or fewer), ignoring case, dashes and underscores.
func Nearest(name string, known []string) string {
	fold := func(s string) string {
		return strings.ToLower(strings.Map(func(r rune) rune {
			if r == '-' || r == '_' || r == ' ' {
				return -1
			}
			return r
		}, s))
	}
	want := fold(name)
	limit := 2
	if len(want) <= 4 {
		limit = 1
	}
	best, bestDistance := "", limit+1
	for _, k := range known {
		if d := editDistance(want, fold(k), bestDistance); d < bestDistance {
			best, bestDistance = k, d
		}
	}
	return best
}

// editDistance is the optimal string alignment distance (a swap of neighbours is one edit), or limit when it is not below it.
func editDistance(a, b string, limit int) int {
	if d := len(a) - len(b); d >= limit || -d >= limit {
		return limit
	}
	before, previous, current := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := 1; i <= len(a); i++ {
		current[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			current[j] = min(previous[j]+1, current[j-1]+1, previous[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				current[j] = min(current[j], before[j-2]+1)
			}
		}
		before, previous, current = previous, current, before
	}
	return min(previous[len(b)], limit)
}
