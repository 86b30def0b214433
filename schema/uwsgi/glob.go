package uwsgi

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gsrv/schema"
)

// maxGlob bounds the names that one pattern may give.
const maxGlob = 10_000

func (r *reader) glob(pattern string) []string { return Glob(r.in.Files, pattern) }

// IsPattern tells whether uWSGI looks for what matches a name, where an option takes patterns (pythonpath, for-glob).
func IsPattern(name string) bool { return strings.ContainsAny(name, "*?[\\") }

// Glob is glob(3) with GLOB_MARK and GLOB_NOCHECK, as uWSGI expands pythonpath while it reads it: matches sorted,
// directories with a slash at the end, the pattern itself where nothing matches. Names starting with a dot need one in the
// pattern. Relative patterns start from the directory of files.
func Glob(files *schema.Files, pattern string) []string {
	if !IsPattern(pattern) {
		if pattern != "" && files.Exists(pattern) == "dir" && !strings.HasSuffix(pattern, "/") {
			return []string{pattern + "/"}
		}
		return []string{pattern}
	}
	prefixes := []string{""}
	rest := pattern
	for rest != "" && len(prefixes) > 0 {
		slashes := len(rest) - len(strings.TrimLeft(rest, "/"))
		part := rest[slashes:]
		if i := strings.IndexByte(part, '/'); i >= 0 {
			part = part[:i]
		}
		for i := range prefixes {
			prefixes[i] += rest[:slashes]
		}
		rest = rest[slashes+len(part):]
		if part == "" {
			break
		}
		var next []string
		for _, p := range prefixes {
			next = append(next, globPart(files, p, part, rest != "")...)
			if len(next) > maxGlob {
				next = next[:maxGlob]
				break
			}
		}
		prefixes = next
	}
	if len(prefixes) == 0 {
		return []string{pattern}
	}
	slices.Sort(prefixes)
	for i, p := range prefixes {
		if !strings.HasSuffix(p, "/") && files.Exists(p) == "dir" {
			prefixes[i] = p + "/"
		}
	}
	return prefixes
}

func globPart(files *schema.Files, dir, part string, directory bool) []string {
	var out []string
	keep := func(name string) {
		kind := files.Exists(dir + name)
		if directory && kind == "dir" || !directory && kind != "" {
			out = append(out, dir+name)
		}
	}
	if !IsPattern(part) {
		keep(part)
		return out
	}
	at := dir
	if at == "" {
		at = "."
	}
	f, err := os.Open(files.Path(at))
	if err != nil {
		return nil
	}
	defer f.Close()
	names, _ := f.Readdirnames(maxGlob)
	// Readdir leaves these two out; libc matches them where the pattern starts with a dot.
	for _, name := range append(names, ".", "..") {
		if strings.HasPrefix(name, ".") && !strings.HasPrefix(part, ".") {
			continue
		}
		// Go writes the negated set with ^ only.
		if ok, err := filepath.Match(strings.ReplaceAll(part, "[!", "[^"), name); err == nil && ok {
			keep(name)
		}
	}
	return out
}
