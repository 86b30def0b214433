package paste

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gsrv/schema"
	"gsrv/schema/ini"
)

// An Environment is what is installed for a Python, read from its metadata directories; nothing is imported.
type Environment struct {
	dists map[string]*Distribution
}

// maxMetadata is the largest entry_points.txt that is read, in bytes, and maxDirs how many directories are looked into.
const (
	maxMetadata = 1 << 20
	maxDirs     = 50
)

// OpenEnvironment reads the packages that stand in directories on Python's module search path, the first of a name
// counting, and in the directories that their .pth files add.
func OpenEnvironment(dirs ...string) *Environment {
	e := &Environment{dists: map[string]*Distribution{}}
	seen := map[string]bool{}
	for i := 0; i < len(dirs) && i < maxDirs; i++ {
		if seen[dirs[i]] {
			continue
		}
		seen[dirs[i]] = true
		dirs = append(dirs[:len(dirs):len(dirs)], e.scan(dirs[i])...)
	}
	return e
}

// scan reads one directory's packages and gives the directories that its .pth files add.
func (e *Environment) scan(dir string) (more []string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	for _, entry := range entries {
		name := entry.Name()
		path := filepath.Join(dir, name)
		base, kind := name, ""
		for _, suffix := range []string{".dist-info", ".egg-info", ".pth", ".egg"} {
			if strings.HasSuffix(name, suffix) {
				base, kind = strings.TrimSuffix(name, suffix), suffix
			}
		}
		switch kind {
		case ".pth":
			for line := range strings.Lines(string(readSmall(path))) {
				line = strings.TrimSpace(line)
				if line != "" && line[0] != '#' && !strings.HasPrefix(line, "import ") && !strings.HasPrefix(line, "import\t") {
					if !filepath.IsAbs(line) {
						line = filepath.Join(dir, line)
					}
					more = append(more, line)
				}
			}
		case ".dist-info", ".egg-info":
			e.add(base, filepath.Join(path, "entry_points.txt"))
		case ".egg":
			e.add(base, filepath.Join(path, "EGG-INFO", "entry_points.txt"))
		}
	}
	return more
}

func (e *Environment) add(base, entryPoints string) {
	name, _, _ := strings.Cut(base, "-")
	key := normalized(name)
	if e.dists[key] != nil {
		return
	}
	d := &Distribution{Name: name, Groups: map[string]map[string]string{}}
	for _, section := range ini.Plain(entryPoints, readSmall(entryPoints)).Sections {
		for _, key := range section.Keys {
			if match := entryPoint().FindStringSubmatch(key.Value); match != nil {
				object := match[1]
				if match[3] != "" {
					object += ":" + match[3]
				}
				d.add(section.Name, key.Name, object)
			}
		}
	}
	e.dists[key] = d
}

func readSmall(path string) []byte {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxMetadata {
		return nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	return text
}

// Distribution gives an installed package, or nil. It is what Loader.Installed takes.
func (e *Environment) Distribution(name string) *Distribution { return e.dists[normalized(name)] }

// Len is the number of packages found.
func (e *Environment) Len() int { return len(e.dists) }

// MachineEnvironment is the Python environment a command on this host would use: the active virtual environment, or
// that of the Pythons on PATH. It is nil where there is none.
func MachineEnvironment(host schema.Host) *Environment {
	if venv, state := host.Env("VIRTUAL_ENV"); state == schema.EnvSet && venv != "" {
		if e := prefixEnvironment(venv); e != nil {
			return e
		}
	}
	var dirs []string
	searchPath, _ := host.Env("PATH")
	for _, dir := range filepath.SplitList(searchPath) {
		if filepath.IsAbs(dir) {
			dirs = append(dirs, packageDirs(filepath.Dir(dir))...)
		}
	}
	if e := OpenEnvironment(dirs...); e.Len() > 0 {
		return e
	}
	return nil
}

// ProgramEnvironment is the virtual environment that a program's own path leads to: /srv/shop/.venv/bin/pserve uses
// /srv/shop/.venv. It is nil where the path does not stand in one.
func ProgramEnvironment(program string) *Environment {
	if !filepath.IsAbs(program) {
		return nil
	}
	prefix := filepath.Dir(filepath.Dir(program))
	config := readSmall(filepath.Join(prefix, "pyvenv.cfg"))
	if config == nil || strings.Contains(strings.ToLower(string(config)), "include-system-site-packages = true") {
		return nil
	}
	return prefixEnvironment(prefix)
}

func prefixEnvironment(prefix string) *Environment {
	if e := OpenEnvironment(packageDirs(prefix)...); e.Len() > 0 {
		return e
	}
	return nil
}

// packageDirs lists the directories of installed packages below an installation's prefix.
func packageDirs(prefix string) []string {
	var dirs []string
	for _, pattern := range []string{"lib/python3*/site-packages", "lib64/python3*/site-packages", "lib/python3*/dist-packages", "lib/python3/dist-packages"} {
		found, err := filepath.Glob(filepath.Join(escapeGlob(prefix), pattern))
		if err == nil {
			dirs = append(dirs, found...)
		}
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}

func escapeGlob(s string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(s)
}
