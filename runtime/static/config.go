package static

import (
	"fmt"
	"path/filepath"
	"regexp"
	"runtime"
	"sync/atomic"
)

// Config says which files are served where.
type Config struct {
	// Check are directories in which every path is looked for (check-static). They come first.
	Check []string
	// Maps serve what follows the mount point (static-map), Appended the whole path (static-map2). A target may be a file: it
	// stands for everything below its mount point.
	Maps, Appended []Map
	// Index are files that stand for their directory, SkipExt ends of paths and files that are the application's
	// (static-skip-ext).
	Index, SkipExt []string
	// Safe are directories that symbolic links may lead into (static-safe), besides the one that is served.
	Safe []string
	// MIMEFiles tell types by extension; none stands for /etc/mime.types.
	MIMEFiles []string
	// Expires says when answers expire.
	Expires []Expiry
	// GzipAll looks for a copy with .br or .gz of every file, for clients that take it; GzipPrefixes and GzipSuffixes of
	// those whose real path begins or ends so, Gzip of those that a regular expression matches.
	GzipAll                    bool
	GzipPrefixes, GzipSuffixes []string
	Gzip                       []string
	// Ranges answers the field Range (honour-range).
	Ranges bool
	// Header lets a proxy send the file: X-Accel-Redirect or X-Sendfile, with the file's path (file-serve-mode).
	Header string
	// Account reads the files; nil for the process's own.
	Account *Account
}

// A Map serves a directory, or one file, at a mount point.
type Map struct{ Mount, Target string }

// What an Expiry goes by.
const (
	ByFile = "file" // the file's real path
	ByPath = "path" // PATH_INFO
	ByURI  = "uri"  // the request's target
	ByType = "type" // the type in full, no expression
)

// An Expiry sets the field Expires where its expression matches.
type Expiry struct {
	By    string
	Match string
	// Seconds count from the request, or from the file's time.
	Seconds  int64
	Modified bool

	match *regexp.Regexp
}

// An Account is whom files are opened as: workers that are not root must not hand out by the front what they could not read.
type Account struct {
	UID, GID int
	Groups   []int
}

// Files serves them.
type Files struct {
	c     Config
	types map[string]string
	gzip  []*regexp.Regexp
	rules []*rule
	// as runs a function as the account, and waits for it.
	as func(func())
}

// A rule is one directory or file that is served.
type rule struct {
	mount, target string
	kind          int
	// root is the target without symbolic links, once it is there. Like in uWSGI it stays until the next reload.
	root atomic.Pointer[root]
}

const (
	kindCheck = iota
	kindMap
	kindAppended
)

type root struct {
	path string
	file bool
}

// New makes Files of a Config. Warnings tell of files with types that are not there.
func New(c Config) (f *Files, warnings []string, err error) {
	f = &Files{c: c, types: map[string]string{}, as: func(do func()) { do() }}
	for i := range f.c.Expires {
		e := &f.c.Expires[i]
		if e.By == ByType {
			continue
		}
		if e.match, err = regexp.Compile(e.Match); err != nil {
			return nil, nil, fmt.Errorf("static: %w", err)
		}
	}
	for _, expr := range c.Gzip {
		re, err := regexp.Compile(expr)
		if err != nil {
			return nil, nil, fmt.Errorf("static: %w", err)
		}
		f.gzip = append(f.gzip, re)
	}
	for _, dir := range c.Check {
		f.rules = append(f.rules, &rule{target: dir, kind: kindCheck})
	}
	for _, m := range c.Maps {
		f.rules = append(f.rules, &rule{mount: m.Mount, target: m.Target, kind: kindMap})
	}
	for _, m := range c.Appended {
		f.rules = append(f.rules, &rule{mount: m.Mount, target: m.Target, kind: kindAppended})
	}
	files := c.MIMEFiles
	if len(files) == 0 {
		files = []string{"/etc/mime.types"}
	}
	for _, name := range files {
		if err := readTypes(f.types, name); err != nil {
			warnings = append(warnings, fmt.Sprintf("static files: types cannot be read, so that answers have no Content-Type: %v", err))
		}
	}
	if c.Account != nil {
		stop := make(chan struct{})
		if f.as, err = account(*c.Account, stop); err != nil {
			close(stop)
			return nil, nil, err
		}
		// A request may still be read that began before a reload: what reads files ends with the last that knows of it.
		runtime.AddCleanup(f, func(stop chan struct{}) { close(stop) }, stop)
	}
	return f, warnings, nil
}

// resolve gives the rule's target without symbolic links; nil where it is not there.
func (r *rule) resolve() *root {
	if have := r.root.Load(); have != nil {
		return have
	}
	path, regular, ok := realPath(r.target)
	if !ok {
		return nil
	}
	if path, ok = absolute(path); !ok {
		return nil
	}
	found := &root{path: path, file: regular}
	r.root.Store(found)
	return found
}

func absolute(path string) (string, bool) {
	abs, err := filepath.Abs(path)
	return abs, err == nil
}
