package project

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// WalkOptions say what a walk looks at.
type WalkOptions struct {
	// Ignored looks at files that .gitignore leaves out, too.
	Ignored bool
	// Wanted tells from a file's name alone whether it is of interest; nil for every file. It is asked before anything
	// else is done with the file.
	Wanted func(base string) bool
}

// Unreadable is a directory that could not be read.
type Unreadable struct {
	Path string
	Err  error
}

// WalkStats are the figures of a walk.
type WalkStats struct {
	// Files and Dirs count what was seen, directories that were passed over not included.
	Files, Dirs int
	Unreadable  []Unreadable
}

// passedOver are directories that hold other people's code, or none: versions' stores, dependencies, caches.
var passedOver = map[string]bool{
	".git": true, ".hg": true, ".svn": true, "node_modules": true, "bower_components": true, "__pycache__": true, "site-packages": true,
	".tox": true, ".nox": true, ".mypy_cache": true, ".pytest_cache": true, ".ruff_cache": true, ".eggs": true, ".venv": true, ".terraform": true,
}

// Walk gives every regular file below root that is wanted, by its path relative to root, in an order that is always the same:
// names sorted within their directory. It respects .gitignore files (those of the directories above, up to the
// repository's root, and .git/info/exclude included), follows no symbolic link to a directory and enters no virtual environment. A
// directory that cannot be read is counted and passed over; an error is for the root alone, or a context that has ended.
func Walk(ctx context.Context, root string, opts WalkOptions, found func(path string)) (WalkStats, error) {
	w := &walker{ctx: ctx, root: root, opts: opts, found: found}
	var patterns []ignorePattern
	var domain []string
	if !opts.Ignored {
		patterns, domain = above(root)
	}
	err := w.dir("", domain, patterns)
	return w.stats, err
}

type walker struct {
	ctx   context.Context
	root  string
	opts  WalkOptions
	found func(string)
	stats WalkStats
}

// above gives the ignore patterns of the repository that hold outside of root, and the names that lead from the
// repository's root to it.
func above(root string) (patterns []ignorePattern, domain []string) {
	abs, err := filepath.Abs(root)
	if err != nil {
		return nil, nil
	}
	repository := repositoryOf(abs)
	if repository == "" {
		return nil, nil
	}
	patterns = readIgnore(filepath.Join(repository, ".git", "info", "exclude"), 0)
	rel, err := filepath.Rel(repository, abs)
	if err != nil || rel == "." {
		return patterns, nil
	}
	at := repository
	for name := range strings.SplitSeq(rel, string(filepath.Separator)) {
		patterns = append(patterns, readIgnore(filepath.Join(at, ".gitignore"), len(domain))...)
		domain = append(slices.Clip(domain), name)
		at = filepath.Join(at, name)
	}
	return patterns, domain
}

// repositoryOf gives the directory at or above dir that holds .git, or "".
func repositoryOf(dir string) string {
	for {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}

// maxIgnore is how much of an ignore file is read, in bytes.
const maxIgnore = 1 << 20

// An ignorePattern is one line of a .gitignore file.
type ignorePattern struct {
	// glob is matched against the path from the directory of the file, which is depth names below the repository's root.
	glob  string
	depth int
	// again takes an earlier match back ("!"), dirOnly matches directories alone ("build/").
	again, dirOnly bool
}

func readIgnore(file string, depth int) []ignorePattern {
	info, err := os.Stat(file)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxIgnore {
		return nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	var out []ignorePattern
	for line := range strings.Lines(strings.TrimPrefix(string(text), "\ufeff")) {
		if p, ok := parseIgnore(strings.TrimRight(line, "\r\n"), depth); ok {
			out = append(out, p)
		}
	}
	return out
}

// parseIgnore reads a line as gitignore(5) says.
func parseIgnore(line string, depth int) (ignorePattern, bool) {
	for strings.HasSuffix(line, " ") && !strings.HasSuffix(line, `\ `) {
		line = line[:len(line)-1]
	}
	p := ignorePattern{depth: depth}
	if strings.HasPrefix(line, "#") {
		return p, false
	}
	if rest, ok := strings.CutPrefix(line, "!"); ok {
		p.again, line = true, rest
	}
	if rest, ok := strings.CutSuffix(line, "/"); ok {
		p.dirOnly, line = true, rest
	}
	if line == "" {
		return p, false
	}
	anchored := strings.Contains(line, "/")
	// Braces mean nothing to git.
	glob := strings.NewReplacer(`\{`, `\{`, `\}`, `\}`, "{", `\{`, "}", `\}`).Replace(strings.TrimPrefix(line, "/"))
	if rest, ok := strings.CutSuffix(glob, "/**"); ok {
		glob = rest + "/**/*" // what is inside, not the directory itself
	}
	if !anchored {
		glob = "**/" + glob
	}
	p.glob = glob
	return p, doublestar.ValidatePattern(glob)
}

// ignored tells whether the last pattern that matches a path leaves it out.
func ignored(patterns []ignorePattern, path []string, dir bool) bool {
	for _, p := range slices.Backward(patterns) {
		if p.dirOnly && !dir || p.depth >= len(path) {
			continue
		}
		if doublestar.MatchUnvalidated(p.glob, strings.Join(path[p.depth:], "/")) {
			return !p.again
		}
	}
	return false
}

func (w *walker) dir(rel string, domain []string, patterns []ignorePattern) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	entries, err := os.ReadDir(filepath.Join(w.root, rel))
	if err != nil {
		if rel == "" {
			return err
		}
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		w.stats.Unreadable = append(w.stats.Unreadable, Unreadable{rel, err})
		return nil
	}
	w.stats.Dirs++
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	if !w.opts.Ignored && has(entries, ".gitignore") {
		patterns = append(slices.Clip(patterns), readIgnore(filepath.Join(w.root, rel, ".gitignore"), len(domain))...)
	}
	for _, e := range entries {
		name := e.Name()
		switch {
		case e.IsDir():
			if passedOver[name] {
				continue
			}
			inner := append(slices.Clip(domain), name)
			if ignored(patterns, inner, true) || virtualEnvironment(filepath.Join(w.root, rel, name)) {
				continue
			}
			if err := w.dir(filepath.Join(rel, name), inner, patterns); err != nil {
				return err
			}
		default:
			w.stats.Files++
			if w.opts.Wanted != nil && !w.opts.Wanted(name) {
				continue
			}
			if ignored(patterns, append(slices.Clip(domain), name), false) || !regular(filepath.Join(w.root, rel, name), e) {
				continue
			}
			w.found(filepath.Join(rel, name))
		}
	}
	return nil
}

func has(sorted []fs.DirEntry, name string) bool {
	_, found := slices.BinarySearchFunc(sorted, name, func(e fs.DirEntry, name string) int { return cmp.Compare(e.Name(), name) })
	return found
}

// virtualEnvironment tells whether a directory is one of Python's.
func virtualEnvironment(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, "pyvenv.cfg"))
	return err == nil
}

// regular tells whether an entry is a plain file, or a symbolic link to one.
func regular(path string, e fs.DirEntry) bool {
	if e.Type()&fs.ModeSymlink == 0 {
		return e.Type().IsRegular()
	}
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
