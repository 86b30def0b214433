package rules

import (
	"bytes"
	"path"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"gsrv/lint"
	"gsrv/schema"
)

// A pythonNeed says which Python a server needs from a release on, and which release was the last before that.
type pythonNeed struct{ since, python, before string }

// pythonNeeds are the servers' declarations for pip (python_requires), oldest first.
var pythonNeeds = map[string][]pythonNeed{
	"gunicorn": {{"20.0.0", "3.4", "19.10.0"}, {"20.1.0", "3.5", "20.0.4"}, {"22.0.0", "3.7", "21.2.0"}, {"24.0.0", "3.10", "23.0.0"}},
	"uvicorn":  {{"0.17.1", "3.7", "0.16.0"}, {"0.23.0", "3.8", "0.22.0"}, {"0.34.0", "3.9", "0.33.0"}, {"0.40.0", "3.10", "0.39.0"}},
	"waitress": {{"2.0.0", "3.6", "1.4.4"}, {"2.1.0", "3.7", "2.0.0"}, {"3.0.0", "3.8", "2.1.2"}, {"3.0.1", "3.9", "3.0.0"}},
}

var pythonVersionRules = []*lint.Rule{
	{
		ID: "W030", Name: "python-version-unsupported", Severity: lint.Error, Servers: []string{"gunicorn", "uvicorn", "waitress"},
		Summary: "The pinned server does not install on the Python version that the project runs.",
		Explain: `Each release of a server declares the oldest Python that it runs on, and pip refuses to install it on an older one:
"Requires-Python". The build fails, or an old image keeps serving.

The rule compares the server's version, where the project pins it or it is given, with the version in .python-version or runtime.txt beside
the configuration or above it.

Raise the Python version, or pin the last release that supports it.`,
		Sources: []string{"gunicorn, uvicorn and waitress: python_requires of each release"},
		Check: func(p *lint.Pass) {
			needs := pythonNeeds[p.Server()]
			if p.Pinned.IsZero() || len(needs) == 0 {
				return
			}
			at, version, ok := projectPython(p)
			if !ok {
				return
			}
			needed, last := "", ""
			for _, n := range needs {
				if p.Pinned.AtLeast(n.since) && !version.AtLeast(n.python) {
					needed = n.python
					if last == "" {
						last = n.before
					}
				}
			}
			if needed != "" {
				p.Report(at, "%s %s needs Python %s or later, and the project runs %s: pip does not install it. Raise the Python version, or pin %s %s, the last release for it.", p.Server(), p.Pinned, needed, version, p.Server(), last).
					Also(p.PinnedAt, "the server's version")
			}
		},
	},
}

// projectPython gives the Python version that the nearest .python-version or runtime.txt names, and where.
func projectPython(p *lint.Pass) (hcl.Range, schema.Version, bool) {
	dir := "."
	if !strings.HasPrefix(p.Name, "<") {
		dir = path.Dir(p.Name)
	}
	for ; ; dir = path.Dir(dir) {
		for _, name := range []string{".python-version", "runtime.txt"} {
			name = path.Join(dir, name)
			text, err := p.Files().Read(name)
			if err != nil {
				continue
			}
			if start, end, ok := versionIn(text); ok {
				if v, err := schema.ParseVersion(string(text[start:end])); err == nil {
					return schema.RangeOf(name, text, start, end), v, true
				}
			}
			return hcl.Range{}, schema.Version{}, false
		}
		if dir == "." || dir == "/" {
			return hcl.Range{}, schema.Version{}, false
		}
	}
}

// versionIn finds the version of CPython in the first line that is not a remark: "3.8.10" or "python-3.8.10". It must
// name the minor version too.
func versionIn(text []byte) (start, end int, ok bool) {
	offset := 0
	for line := range bytes.Lines(text) {
		trimmed := bytes.TrimSpace(line)
		if len(trimmed) == 0 || trimmed[0] == '#' {
			offset += len(line)
			continue
		}
		start = offset + bytes.Index(line, trimmed)
		end = start + len(trimmed)
		if bytes.HasPrefix(trimmed, []byte("python-")) {
			start += len("python-")
		}
		version := text[start:end]
		for _, c := range version {
			if c != '.' && (c < '0' || c > '9') {
				return 0, 0, false
			}
		}
		return start, end, bytes.Count(version, []byte(".")) >= 1
	}
	return 0, 0, false
}
