package project

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"gsrv/schema"
)

// maxPinFiles bounds how many files of one directory are read for pins.
const maxPinFiles = 60

// ReadPins reads what the files of one directory (and of its folder requirements) say about package versions. It never
// fails: a file that cannot be read is listed in Skipped.
func ReadPins(files *schema.Files, dir string) *Pins {
	abs := absolute(files, dir)
	return readPins(files, dir, repositoryRoot(abs, abs))
}

// readPins is ReadPins that follows includes within limit, an absolute directory.
func readPins(files *schema.Files, dir, limit string) *Pins {
	r := &pinReader{
		files: files,
		limit: limit,
		seen:  map[string]bool{},
		pins:  &Pins{texts: map[string][]byte{}},
	}
	for _, f := range r.list(dir) {
		r.read(f)
	}
	r.pins.all, r.pins.best = settle(r.gathered)
	return r.pins
}

// A pinReader gathers the pins of one directory.
type pinReader struct {
	files    *schema.Files
	limit    string
	seen     map[string]bool
	gathered []Pin
	pins     *Pins
}

// A pinFile is a file to read and how.
type pinFile struct {
	name string
	dev  bool
	read func(r *pinReader, src *source, dev bool) error
}

// pinReaders are the files known by their exact names.
var pinReaders = map[string]func(*pinReader, *source, bool) error{
	"poetry.lock":      (*pinReader).poetryLock,
	"uv.lock":          (*pinReader).uvLock,
	"pdm.lock":         (*pinReader).pdmLock,
	"Pipfile.lock":     (*pinReader).pipfileLock,
	"Pipfile":          (*pinReader).pipfile,
	"pyproject.toml":   (*pinReader).pyproject,
	"setup.cfg":        (*pinReader).setupCfg,
	"environment.yml":  (*pinReader).condaEnvironment,
	"environment.yaml": (*pinReader).condaEnvironment,
}

var (
	requirementsFile = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)^(?:.*[-_.])?requirements?(?:[-_.].*)?\.(?:txt|in|pip)$`)
	})
	requirementsDir = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)^(?:requirements?|reqs)$`) })
	dockerFile      = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(?:Dockerfile|Containerfile)(?:[.-].*)?$|\.[Dd]ockerfile$`)
	})
	devWord = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)^(?:dev|devel|develop|development|tests?|testing|tox|lint|linting|linters?|docs?|documentation|ci|local|qa|` +
			`typing|types|mypy|tools|tooling|debug|style|format|formatting|build|bench|benchmarks?|examples?|pre-?commit|coverage|e2e|notebooks?|jupyter|release|optional-dev)$`)
	})
)

// forDevelopers tells from the words of a file's or a group's name that only developers install it.
func forDevelopers(name string) bool {
	return slices.ContainsFunc(strings.FieldsFunc(name, func(r rune) bool { return strings.ContainsRune("-_. ", r) }), devWord().MatchString)
}

// list finds the files of dir that may pin something: production first, so that a file which both kinds include
// counts for production.
func (r *pinReader) list(dir string) []pinFile {
	var out []pinFile
	var folders []string
	for _, name := range r.names(dir) {
		path := filepath.Join(dir, name)
		switch {
		case pinReaders[name] != nil:
			out = append(out, pinFile{name: path, read: pinReaders[name]})
		case requirementsFile().MatchString(name):
			out = append(out, pinFile{name: path, dev: forDevelopers(name), read: (*pinReader).requirements})
		case dockerFile().MatchString(name):
			out = append(out, pinFile{name: path, dev: forDevelopers(name), read: (*pinReader).dockerfile})
		case requirementsDir().MatchString(name):
			folders = append(folders, path)
		}
	}
	for _, folder := range folders {
		for _, name := range r.names(folder) {
			switch filepath.Ext(name) {
			case ".txt", ".in", ".pip":
				base := strings.TrimSuffix(name, filepath.Ext(name))
				out = append(out, pinFile{name: filepath.Join(folder, name), dev: forDevelopers(base), read: (*pinReader).requirements})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b pinFile) int {
		return cmp.Compare(devLast(a.dev), devLast(b.dev))
	})
	return out
}

func devLast(dev bool) int {
	if dev {
		return 1
	}
	return 0
}

// names lists the plain files and folders of dir, sorted. A directory that cannot be read is listed as skipped.
func (r *pinReader) names(dir string) []string {
	entries, err := os.ReadDir(r.files.Path(cmp.Or(dir, ".")))
	if err != nil && !errors.Is(err, fs.ErrNotExist) && len(entries) == 0 && isDir(r.files.Path(dir)) {
		r.skip(dir, err)
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func (r *pinReader) skip(name string, err error) {
	reason := strings.TrimPrefix(err.Error(), name+": ")
	var pe *fs.PathError
	if errors.As(err, &pe) {
		reason = pe.Err.Error()
	}
	r.pins.Skipped = append(r.pins.Skipped, SkippedFile{Name: name, Reason: reason})
}

// read reads one file once. What stood before a fault in it is kept.
func (r *pinReader) read(f pinFile) {
	if r.seen[f.name] {
		return
	}
	if len(r.seen) >= maxPinFiles {
		r.skip(f.name, fmt.Errorf("only %d files are read for package versions in one directory", maxPinFiles))
		return
	}
	r.seen[f.name] = true
	raw, err := r.files.Read(f.name)
	if err != nil {
		if r.files.Exists(f.name) == "dir" {
			return // a folder that has a file's name says nothing
		}
		r.skip(f.name, err)
		return
	}
	before := len(r.gathered)
	// Reading pins must never cost the findings of the configuration beside them, so a fault in a
	// library's parser is told like a fault in the file.
	defer func() {
		if fault := recover(); fault != nil {
			r.skip(f.name, fmt.Errorf("the parser failed on it: %v", fault))
		}
		if len(r.gathered) > before {
			r.pins.texts[f.name] = raw
		}
	}()
	if err := f.read(r, newSource(f.name, raw), f.dev); err != nil {
		r.skip(f.name, err)
	}
}

func (r *pinReader) add(p Pin) {
	if p.Name != "" {
		r.gathered = append(r.gathered, p)
	}
}

// addRequirement adds a PEP 508 requirement that begins at an offset of the file.
func (r *pinReader) addRequirement(src *source, text string, offset int, kind string, dev bool) {
	req, ok := parseRequirement(text)
	if !ok {
		return
	}
	if p, ok := req.pin(src, offset, kind, dev); ok {
		r.add(p)
	}
}

// absolute gives the cleaned absolute path of a name of files.
func absolute(files *schema.Files, name string) string {
	path := files.Path(cmp.Or(name, "."))
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return filepath.Clean(path)
}
