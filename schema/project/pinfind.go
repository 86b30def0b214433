package project

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"gsrv/schema"
)

// maxLevels bounds how many directories are looked at between a configuration and the root.
const maxLevels = 40

// repositoryRoot gives the nearest directory at or above dir that holds .git; failing that fallback, where it is at or
// above dir; failing that dir itself. All are absolute.
func repositoryRoot(dir, fallback string) string {
	if root := repositoryOf(dir); root != "" {
		return root
	}
	if within(fallback, dir) {
		return fallback
	}
	return dir
}

// FindPins gathers what dir and the directories above it, up to the repository's root, say about package versions. The
// root is the nearest directory with .git; where there is none, root (the directory gsrv was started in). The nearest
// directory that names a package decides, save that production goes before development, and that a version farther up
// which the nearer specifier allows (a workspace's lock file) is the version.
func FindPins(files *schema.Files, dir, root string) *Pins {
	start := absolute(files, dir)
	limit := repositoryRoot(start, absolute(files, root))
	var levels []*Pins
	for _, abs := range upwards(start, limit) {
		levels = append(levels, readPins(files, displayName(files, dir, abs), limit))
	}
	return mergePins(levels)
}

// upwards lists dir and its parents up to limit, nearest first.
func upwards(dir, limit string) []string {
	dirs := []string{dir}
	for range maxLevels {
		if dir == limit || filepath.Dir(dir) == dir {
			break
		}
		dir = filepath.Dir(dir)
		dirs = append(dirs, dir)
	}
	return dirs
}

// displayName gives the name under which a directory is read: relative where the caller's own name was.
func displayName(files *schema.Files, asked, abs string) string {
	if filepath.IsAbs(asked) {
		return abs
	}
	if rel, err := filepath.Rel(absolute(files, "."), abs); err == nil {
		return rel
	}
	return abs
}

// mergePins joins the pins of several directories, nearest first.
func mergePins(levels []*Pins) *Pins {
	if len(levels) == 1 {
		return levels[0]
	}
	merged := &Pins{best: map[string]Pin{}, texts: map[string][]byte{}}
	for _, level := range levels {
		merged.Skipped = append(merged.Skipped, level.Skipped...)
		merged.all = append(merged.all, level.all...)
		maps.Copy(merged.texts, level.texts)
		for name, farther := range level.best {
			nearer, found := merged.best[name]
			refines := found && !nearer.Exact() && farther.Exact() && nearer.Dev == farther.Dev && nearer.Allows(farther.Version)
			if !found || nearer.Dev && !farther.Dev || refines {
				merged.best[name] = farther
			}
		}
	}
	slices.SortStableFunc(merged.all, func(a, b Pin) int { return strings.Compare(a.Name, b.Name) })
	return merged
}

// A PinCache answers FindPins for many configurations of one tree and reads every directory once. It is safe for
// concurrent use.
type PinCache struct {
	// Dir is what relative names are relative to, as in schema.Files; empty for the process's directory.
	Dir string

	mu     sync.Mutex
	levels map[string]*pinLevel // by display name and limit
	merged map[string]*pinLevel
}

// A pinLevel is computed once, by whoever asks first; the others wait for it.
type pinLevel struct {
	once sync.Once
	pins *Pins
}

// Find is FindPins with what was read before. The Pins are shared: they must not be changed.
func (c *PinCache) Find(dir, root string) *Pins {
	files := schema.NewFiles(c.Dir)
	start, top := absolute(files, dir), absolute(files, root)
	whole := c.level(&c.merged, start+"\x00"+top+"\x00"+relativeMark(dir))
	whole.once.Do(func() {
		limit := repositoryRoot(start, top)
		var levels []*Pins
		for _, abs := range upwards(start, limit) {
			name := displayName(files, dir, abs)
			level := c.level(&c.levels, name+"\x00"+limit)
			// Each directory has bounds of its own, so that many lock files in a tree do not use up one budget.
			level.once.Do(func() { level.pins = readPins(schema.NewFiles(c.Dir), name, limit) })
			levels = append(levels, level.pins)
		}
		whole.pins = mergePins(levels)
	})
	return whole.pins
}

func relativeMark(dir string) string {
	if filepath.IsAbs(dir) {
		return "absolute"
	}
	return "relative"
}

func (c *PinCache) level(levels *map[string]*pinLevel, key string) *pinLevel {
	c.mu.Lock()
	defer c.mu.Unlock()
	if *levels == nil {
		*levels = map[string]*pinLevel{}
	}
	level := (*levels)[key]
	if level == nil {
		level = &pinLevel{}
		(*levels)[key] = level
	}
	return level
}
