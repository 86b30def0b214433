package uwsgi

import (
	"bytes"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
)

// A Dialect reads uWSGI's configurations.
type Dialect struct{}

// New gives the dialect.
func New() *Dialect { return &Dialect{} }

// Name implements schema.Dialect.
func (*Dialect) Name() string { return "uwsgi" }

// Catalogue implements schema.Dialect.
func (*Dialect) Catalogue() *schema.Catalogue { return Catalogue() }

// Programs implements schema.Dialect. The distribution's program loads the plugin that its name ends with.
func (*Dialect) Programs() []string {
	return []string{"uwsgi", "uwsgi-core", "uwsgi_python", "uwsgi_python3", "uwsgi_python311", "pyuwsgi"}
}

// Recognise implements schema.Dialect. An ini file may hold a uWSGI section beside a Paste configuration; such a file
// is both, and Paste's reader answers for itself.
func (*Dialect) Recognise(name string, text []byte) int {
	base := strings.ToLower(path.Base(name))
	named := strings.Contains(base, "uwsgi")
	score := 0
	switch formatOf(base) {
	case "ini", "":
		score = recogniseINI(text, named, formatOf(base) == "ini")
	case "xml":
		if bytes.Contains(text, []byte("<uwsgi")) {
			score = 95
		}
	case "yaml":
		for line := range bytes.Lines(text) {
			if bytes.HasPrefix(line, []byte("uwsgi:")) {
				score = 85
			}
		}
	case "json":
		if t := bytes.TrimLeft(text, " \t\r\n"); bytes.HasPrefix(t, []byte("{")) && bytes.Contains(t, []byte(`"uwsgi"`)) {
			score = 80
		}
	}
	if score > 0 && named {
		score = min(100, score+5)
	}
	return score
}

func recogniseINI(text []byte, named, ini bool) int {
	score, paste := 0, false
	for line := range bytes.Lines(text) {
		line = bytes.Trim(line, " \t\r\n")
		switch {
		case bytes.HasPrefix(line, []byte("[uwsgi")):
			score = 90
		case bytes.HasPrefix(line, []byte("[server:")), bytes.HasPrefix(line, []byte("[app:")), bytes.HasPrefix(line, []byte("[composite:")), bytes.HasPrefix(line, []byte("[pipeline:")):
			paste = true
		}
	}
	switch {
	case score > 0 && paste:
		return 60
	case score > 0:
		return score
	case named && ini && !paste && bytes.Contains(text, []byte("[")):
		return 40
	}
	return 0
}

// Read implements schema.Dialect. A file without a command line is read as "uwsgi --ini FILE" would, or --xml, --yaml
// and --json by its name; FILE:SECTION chooses a section, as the option does.
func (*Dialect) Read(in schema.Input) (*schema.Config, hcl.Diagnostics) {
	r := newReader(in)
	switch {
	case len(in.Command) > 0:
		r.programPlugins(in.Command[0].Text)
		r.readEnvironment()
		r.layer, r.source = schema.LayerCLI, "command line"
		r.readCommand(in.Command[1:])
	default:
		r.readEnvironment()
		r.layer, r.source = schema.LayerCLI, "command line"
		format := formatOf(in.File)
		if format == "" {
			format = formatOf(beforeColon(in.File))
		}
		format = or(format, "ini")
		e := &entry{key: plain(format), val: plain(in.File), raw: plain(in.File), synthetic: true}
		e.keyRange = hcl.Range{Filename: beforeSection(in), Start: hcl.InitialPos, End: hcl.InitialPos}
		if strings.Contains(in.File, unknown) {
			r.refuse("file-unreadable", e.keyRange, "Configuration file cannot be read", "", "The name of the file holds a NUL byte, and no file can have such a name.")
			r.stopped = true
		}
		r.add(e)
	}
	if !r.stopped {
		r.openAtEnd()
		r.expandAll()
	}
	if !r.stopped {
		r.configure()
		r.checkLoggers()
	}
	c := r.config()
	return c, r.sorted()
}

// beforeSection is the file that a file's own problems are shown in.
func beforeSection(in schema.Input) string {
	if in.Files.Exists(in.File) == "" {
		if file, _, colon := splitSection(in.File); colon {
			return file
		}
	}
	return in.File
}

func newReader(in schema.Input) *reader {
	if in.Host == nil {
		in.Host = schema.NoHost
	}
	if in.Files == nil {
		in.Files = schema.NewFiles(in.Dir)
	}
	r := &reader{
		in: in, dir: in.Dir, plugins: map[string]bool{}, first: map[string]*entry{}, implied: map[Flag]*entry{},
		custom: map[string]text{}, envOverlay: map[string]string{}, refs: map[string]bool{},
	}
	r.target, r.version = in.Version, in.Version.String()
	if in.Version.IsZero() {
		r.target, r.version = schema.MustVersion(Newest), Newest
	}
	r.modular = !in.PyPI && !in.Version.IsZero() && in.Version.Compare(schema.MustVersion("2.0.21")) == 0
	if r.modular {
		r.version = "2.0.21-debian"
	} else {
		for _, p := range embeddedPlugins {
			r.plugins[p] = true
		}
	}
	_, r.onMachine = in.Host.Fact(schema.UserID)
	if r.dir == "" {
		if abs, err := filepath.Abs(in.Files.Path(".")); err == nil {
			r.dir = abs
		}
	}
	r.magic = r.systemMagic()
	return r
}

// sorted gives the diagnostics, the server's refusals first and in the order they were met, without repetitions.
func (r *reader) sorted() hcl.Diagnostics {
	slices.SortStableFunc(r.diags, func(a, b *hcl.Diagnostic) int { return rank(a) - rank(b) })
	type key struct {
		summary, detail string
		at              hcl.Range
	}
	seen := map[key]bool{}
	return slices.DeleteFunc(r.diags, func(d *hcl.Diagnostic) bool {
		k := key{summary: d.Summary, detail: d.Detail}
		if d.Subject != nil {
			k.at = *d.Subject
		}
		if seen[k] {
			return true
		}
		seen[k] = true
		return false
	})
}

func rank(d *hcl.Diagnostic) int {
	switch {
	case d.Severity == hcl.DiagError:
		return 0
	case !schema.DetailOf(d).Note:
		return 1
	}
	return 2
}
