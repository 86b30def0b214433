package static

import (
	"os"
	"path/filepath"
	"strings"
)

// pathMost is the longest path that Linux takes.
const pathMost = 4096

// find gives the file that a path stands for, by its real path; "" leaves the request to the application.
func (f *Files) find(path string) string {
	if path == "" || strings.IndexByte(path, 0) >= 0 || hasSuffix(path, f.c.SkipExt) {
		return ""
	}
	for _, r := range f.rules {
		if !strings.HasPrefix(path, r.mount) {
			continue
		}
		at := r.resolve()
		if at == nil {
			continue
		}
		rest := path
		if r.kind == kindMap {
			rest = path[len(r.mount):]
		}
		if name := f.below(at, rest); name != "" {
			return name
		}
	}
	return ""
}

// below looks for a file in a root.
func (f *Files) below(at *root, rest string) string {
	name := at.path
	if !at.file {
		name += "/" + rest
	}
	if len(name) >= pathMost {
		return ""
	}
	real, regular, ok := realPath(name)
	if !ok || !f.allowed(at, real) {
		return ""
	}
	if !regular {
		if real = f.index(at, real); real == "" {
			return ""
		}
	}
	if hasSuffix(real, f.c.SkipExt) {
		return ""
	}
	return real
}

// index is the file that stands for a directory.
func (f *Files) index(at *root, dir string) string {
	for _, name := range f.c.Index {
		// The name is the configuration's own and may lead anywhere in the directory, but not out of it by a link.
		real, regular, ok := realPath(strings.TrimSuffix(dir, "/") + "/" + name)
		if ok && regular && f.allowed(at, real) {
			return real
		}
	}
	return ""
}

// allowed says that a real path is in the directory that is served, or in one that links may lead into.
func (f *Files) allowed(at *root, real string) bool {
	if at.file {
		return real == at.path || f.safe(real)
	}
	return under(real, at.path) || f.safe(real)
}

func (f *Files) safe(real string) bool {
	for _, dir := range f.c.Safe {
		if dir != "" && under(real, dir) {
			return true
		}
	}
	return false
}

// under says that a path is a directory or something in it.
func under(path, dir string) bool {
	rest, ok := strings.CutPrefix(path, strings.TrimRight(dir, "/"))
	return ok && (rest == "" || rest[0] == '/')
}

func hasSuffix(path string, ends []string) bool {
	for _, e := range ends {
		if strings.HasSuffix(path, e) {
			return true
		}
	}
	return false
}

// realPath takes every symbolic link and every ".." out of a path, as realpath does: one by one, so that what is in front of them
// must be there. It says whether a file or a directory is there; of other kinds there is nothing to serve.
func realPath(name string) (real string, regular, ok bool) {
	real, err := filepath.EvalSymlinks(name)
	if err != nil {
		return "", false, false
	}
	st, err := os.Stat(real)
	if err != nil || !st.Mode().IsRegular() && !st.IsDir() {
		return "", false, false
	}
	return real, st.Mode().IsRegular(), true
}
