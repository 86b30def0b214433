package uwsgi

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxGlob bounds the names that one pattern may give.
const maxGlob = 10_000

// glob is glob(3) with GLOB_MARK and GLOB_NOCHECK: matches sorted, directories with a slash at the end, the pattern
// itself where nothing matches. Names starting with a dot need one in the pattern.
func (r *reader) glob(pattern string) []string {
	if !strings.ContainsAny(pattern, "*?[\\") {
		if pattern != "" && r.in.Files.Exists(pattern) == "dir" && !strings.HasSuffix(pattern, "/") {
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
			next = append(next, r.globPart(p, part, rest != "")...)
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
		if !strings.HasSuffix(p, "/") && r.in.Files.Exists(p) == "dir" {
			prefixes[i] = p + "/"
		}
	}
	return prefixes
}

func (r *reader) globPart(dir, part string, directory bool) []string {
	var out []string
	keep := func(name string) {
		kind := r.in.Files.Exists(dir + name)
		if directory && kind == "dir" || !directory && kind != "" {
			out = append(out, dir+name)
		}
	}
	if !strings.ContainsAny(part, "*?[\\") {
		keep(part)
		return out
	}
	at := dir
	if at == "" {
		at = "."
	}
	f, err := os.Open(r.in.Files.Path(at))
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
