package schema

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// A Version is a release number such as 20.1.0. The zero Version stands for the newest release known.
type Version struct {
	parts [4]int
	text  string
}

// ParseVersion reads "20.1.0", "v20.1" or "2.0.21-debian"; what follows the numbers is ignored.
func ParseVersion(s string) (Version, error) {
	t := strings.TrimPrefix(strings.TrimSpace(s), "v")
	end := strings.IndexFunc(t, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
	if end >= 0 {
		t = t[:end]
	}
	t = strings.Trim(t, ".")
	fields := strings.Split(t, ".")
	if t == "" || len(fields) > 4 {
		return Version{}, fmt.Errorf("%q is not a version number such as 20.1.0", s)
	}
	v := Version{text: t}
	for i, f := range fields {
		n, err := strconv.Atoi(f)
		if err != nil || n > 1<<20 {
			return Version{}, fmt.Errorf("%q is not a version number such as 20.1.0", s)
		}
		v.parts[i] = n
	}
	return v, nil
}

// MustVersion is ParseVersion for constants; it panics on a bad one.
func MustVersion(s string) Version {
	v, err := ParseVersion(s)
	if err != nil {
		panic(err)
	}
	return v
}

// IsZero tells whether no version was given.
func (v Version) IsZero() bool { return v.text == "" }

// String gives the version as written; empty for the zero Version.
func (v Version) String() string { return v.text }

// Compare orders versions; missing parts count as zero, so 20.1 equals 20.1.0.
func (v Version) Compare(w Version) int {
	for i := range v.parts {
		if c := cmp.Compare(v.parts[i], w.parts[i]); c != 0 {
			return c
		}
	}
	return 0
}

// AtLeast tells whether v is the release named or a later one. An empty name is older than everything.
func (v Version) AtLeast(name string) bool {
	return name == "" || v.Compare(MustVersion(name)) >= 0
}

// A Target is a server and the version of it that is meant: gunicorn@20.1.0.
type Target struct {
	Server  string
	Version Version
}

// ParseTarget reads SERVER or SERVER@VERSION.
func ParseTarget(s string) (Target, error) {
	name, version, found := strings.Cut(s, "@")
	t := Target{Server: strings.ToLower(strings.TrimSpace(name))}
	if t.Server == "" {
		return t, fmt.Errorf("%q names no server; write it as gunicorn@20.1.0", s)
	}
	if found {
		v, err := ParseVersion(version)
		if err != nil {
			return t, err
		}
		t.Version = v
	}
	return t, nil
}
