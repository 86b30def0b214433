package value

import "strings"

// PathJoin is os.path.join on a POSIX system.
func PathJoin(first string, more ...string) string {
	path := first
	for _, p := range more {
		switch {
		case strings.HasPrefix(p, "/"):
			path = p
		case path == "" || strings.HasSuffix(path, "/"):
			path += p
		default:
			path += "/" + p
		}
	}
	return path
}

// PathSplit is os.path.split: everything before the last slash, and what follows it.
func PathSplit(p string) (dir, base string) {
	i := strings.LastIndexByte(p, '/') + 1
	dir, base = p[:i], p[i:]
	if t := strings.TrimRight(dir, "/"); t != "" {
		dir = t
	}
	return dir, base
}

// PathSplitext is os.path.splitext; dots at the start of the name begin no extension.
func PathSplitext(p string) (root, ext string) {
	slash := strings.LastIndexByte(p, '/')
	dot := strings.LastIndexByte(p, '.')
	if dot > slash && strings.Trim(p[slash+1:dot], ".") != "" {
		return p[:dot], p[dot:]
	}
	return p, ""
}

// PathNorm is os.path.normpath.
func PathNorm(p string) string {
	if p == "" {
		return "."
	}
	slashes := 0
	if strings.HasPrefix(p, "/") {
		slashes = 1
		if strings.HasPrefix(p, "//") && !strings.HasPrefix(p, "///") {
			slashes = 2
		}
	}
	var parts []string
	for _, c := range strings.Split(p, "/") {
		if c == "" || c == "." {
			continue
		}
		if c != ".." || slashes == 0 && len(parts) == 0 || len(parts) > 0 && parts[len(parts)-1] == ".." {
			parts = append(parts, c)
		} else if len(parts) > 0 {
			parts = parts[:len(parts)-1]
		}
	}
	if out := strings.Repeat("/", slashes) + strings.Join(parts, "/"); out != "" {
		return out
	}
	return "."
}

// PathAbs is os.path.abspath with a given current directory.
func PathAbs(p, cwd string) string {
	if !strings.HasPrefix(p, "/") {
		p = PathJoin(cwd, p)
	}
	return PathNorm(p)
}

// PathExpandUser is os.path.expanduser with a given $HOME; ok is false for ~name, which needs the
// system's list of users.
func PathExpandUser(p, home string) (string, bool) {
	if !strings.HasPrefix(p, "~") {
		return p, true
	}
	if rest := p[1:]; rest == "" || rest[0] == '/' {
		out := strings.TrimRight(home, "/") + rest
		if out == "" {
			out = "/"
		}
		return out, true
	}
	return p, false
}

// PathCommon is os.path.commonpath.
func PathCommon(paths []string) (string, error) {
	if len(paths) == 0 {
		return "", valueError("commonpath() arg is an empty sequence")
	}
	split := make([][]string, len(paths))
	abs := strings.HasPrefix(paths[0], "/")
	for i, p := range paths {
		if strings.HasPrefix(p, "/") != abs {
			return "", valueError("Can't mix absolute and relative paths")
		}
		for _, c := range strings.Split(p, "/") {
			if c != "" && c != "." {
				split[i] = append(split[i], c)
			}
		}
	}
	common := split[0]
	for _, s := range split[1:] {
		n := 0
		for n < len(common) && n < len(s) && common[n] == s[n] {
			n++
		}
		common = common[:n]
	}
	out := strings.Join(common, "/")
	if abs {
		out = "/" + out
	}
	return out, nil
}

// PathRel is os.path.relpath of absolute paths.
func PathRel(path, start string) string {
	comps := func(p string) []string {
		return strings.FieldsFunc(PathNorm(p), func(r rune) bool { return r == '/' })
	}
	p, s := comps(path), comps(start)
	n := 0
	for n < len(p) && n < len(s) && p[n] == s[n] {
		n++
	}
	var out []string
	for range s[n:] {
		out = append(out, "..")
	}
	out = append(out, p[n:]...)
	if len(out) == 0 {
		return "."
	}
	return strings.Join(out, "/")
}
