package project

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// tomlError says in which line a document is broken.
func tomlError(err error, text []byte) error {
	if err == nil {
		return nil
	}
	var fault *unstable.ParserError
	if errors.As(err, &fault) {
		at := cap(text) - cap(fault.Highlight)
		if at < 0 || at > len(text) {
			at = len(text)
		}
		return fmt.Errorf("line %d is not TOML: %s", 1+strings.Count(string(text[:at]), "\n"), fault.Message)
	}
	return fmt.Errorf("it is not TOML: %w", err)
}

// pyproject reads the dependency lists of pyproject.toml: [project], [dependency-groups] and the tables of Poetry, PDM
// and uv.
func (r *pinReader) pyproject(src *source, _ bool) error {
	return eachTOML(src.text, func(e tomlEntry) {
		path := slices.Concat(e.table, e.key)
		switch {
		case matches(path, "project", "dependencies"):
			r.requirementList(src, e.value, false)
		case matches(path, "project", "optional-dependencies", "*"),
			matches(path, "dependency-groups", "*"),
			matches(path, "tool", "hatch", "envs", "*", "dependencies"),
			matches(path, "tool", "hatch", "envs", "*", "extra-dependencies"):
			group := path[len(path)-1]
			if path[0] == "tool" {
				group = path[3]
				if group == "default" {
					group = "dev"
				}
			}
			r.requirementList(src, e.value, forDevelopers(group))
		case matches(path, "tool", "pdm", "dev-dependencies", "*"), matches(path, "tool", "uv", "dev-dependencies"):
			r.requirementList(src, e.value, true)
		case matches(path, "tool", "uv", "constraint-dependencies"), matches(path, "tool", "uv", "override-dependencies"):
			before := len(r.gathered)
			r.requirementList(src, e.value, false)
			for i := before; i < len(r.gathered); i++ {
				r.gathered[i].constraint = true
			}
		case len(path) >= 4 && matches(path[:3], "tool", "poetry", "dependencies"):
			r.dependencyAt(src, e, 3, false)
		case len(path) >= 4 && matches(path[:3], "tool", "poetry", "dev-dependencies"):
			r.dependencyAt(src, e, 3, true)
		case len(path) >= 6 && matches(path[:5], "tool", "poetry", "group", "*", "dependencies"):
			r.dependencyAt(src, e, 5, forDevelopers(path[3]))
		}
	})
}

// dependencyAt reads a dependency whose name is the nth part of the whole path, wherever the table's header ends:
// [tool.poetry.dependencies] with gunicorn = …, or [tool.poetry.dependencies.gunicorn] with version = ….
func (r *pinReader) dependencyAt(src *source, e tomlEntry, n int, dev bool) {
	e.key = slices.Concat(e.table, e.key)[n:]
	r.dependencyTable(src, e, dev)
}

// matches compares a path with names; "*" stands for any.
func matches(path []string, names ...string) bool {
	return len(path) == len(names) &&
		slices.EqualFunc(path, names, func(a, b string) bool { return b == "*" || a == b })
}

func (r *pinReader) requirementList(src *source, list *unstable.Node, dev bool) {
	for _, s := range stringsOf(list) {
		r.addRequirement(src, s.text, s.start, KindRequirement, dev)
	}
}

// pipfile reads Pipenv's own file.
func (r *pinReader) pipfile(src *source, _ bool) error {
	return eachTOML(src.text, func(e tomlEntry) {
		if len(e.table) == 0 || len(e.table) > 2 {
			return
		}
		switch group := e.table[0]; group {
		case "packages", "dev-packages":
			r.dependencyAt(src, e, 1, group == "dev-packages")
		case "source", "requires", "scripts", "pipenv":
		default: // a category of its own: [gunicorn-only]
			r.dependencyAt(src, e, 1, forDevelopers(group))
		}
	})
}
