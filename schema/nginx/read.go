package nginx

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
)

// maxIncludeDepth and maxFiles bound what includes may pull in.
const (
	maxIncludeDepth = 16
	maxFiles        = 1000
	maxDiagnostics  = 500
)

type reader struct {
	files        *schema.Files
	cfg          *Config
	prefix       string // what relative includes are relative to
	root         string // the tree: what absolute includes may name
	diags        hcl.Diagnostics
	parsed       map[string]*file
	opened       []string // files being read, outermost first
	total        int      // directives taken
	opens        int      // includes followed
	loadsModules bool
	portless     []*Directive    // targets that may name an upstream
	lates        hcl.Diagnostics // what nginx says at the end of http
}

// Read reads the configuration in a file with what it includes within the tree (files.Dir, or the directory of the
// file where that is not set). It always gives a Config with as much as could be read. Errors are what "nginx -t"
// refuses; the first is the one that it reports.
func Read(files *schema.Files, name string) (*Config, hcl.Diagnostics) {
	r := &reader{files: files, cfg: &Config{File: name}, prefix: filepath.Dir(name), parsed: map[string]*file{}}
	r.root = files.Dir
	if r.root == "" || filepath.IsAbs(name) && !within(r.root, name) {
		r.root = r.prefix
	}
	text, err := files.Read(name)
	if err != nil {
		diag := schema.Errorf("file-unreadable", hcl.Range{Filename: name, Start: hcl.InitialPos, End: hcl.InitialPos}, "nginx cannot read its configuration", "%s. Check the path.", err)
		return r.cfg, hcl.Diagnostics{diag}
	}
	f := r.parse(name, text)
	r.cfg.Context = guessContext(f.directives)
	r.cfg.Template = f.engine
	for _, d := range f.directives {
		// Debian loads its modules by an include that is not part of a repository.
		if d.Name.Text == "load_module" || d.Name.Text == "include" && strings.Contains(d.Arg(0), "modules") {
			r.loadsModules = true
		}
	}
	r.cfg.Directives = f.directives
	r.file(f, r.newLevel(r.cfg.Context), nil)
	r.cfg.resolve()
	if !r.diags.HasErrors() {
		r.afterAll()
	}
	r.diags = append(r.diags, r.lates...)
	if !r.diags.HasErrors() {
		r.variables()
	}
	r.whole()
	return r.cfg, r.diags
}

// whole checks what nginx checks of a whole configuration.
func (r *reader) whole() {
	if r.cfg.Context != "main" || r.cfg.Template != "" || r.diags.HasErrors() {
		return
	}
	events := false
	Each(r.cfg.Directives, func(d *Directive) bool {
		events = events || d.Name.Text == "events"
		return !events
	})
	if !events && !r.openIncludes() {
		diag := schema.Errorf("no-events", hcl.Range{Filename: r.cfg.File, Start: hcl.InitialPos, End: hcl.InitialPos}, "nginx refuses this", "No \"events\" section in configuration. Add an empty one: events {}.")
		schema.DetailOf(diag).ServerMessage = "no \"events\" section in configuration"
		r.add(diag)
	}
}

func (r *reader) openIncludes() bool {
	return slices.ContainsFunc(r.cfg.Includes, func(i *Include) bool { return len(i.Files) == 0 && i.Directive.Parent == nil })
}

func (r *reader) add(d *hcl.Diagnostic) {
	if len(r.diags) < maxDiagnostics {
		r.diags = append(r.diags, d)
	}
}

func (r *reader) newLevel(context string) *level {
	return &level{context: context, seen: map[string]*Directive{}}
}

func (r *reader) parse(name string, text []byte) *file {
	if f := r.parsed[name]; f != nil {
		return f
	}
	f := parseFile(name, text)
	r.parsed[name] = f
	r.cfg.Files = append(r.cfg.Files, name)
	return f
}

// file takes the directives of a file into a level.
func (r *reader) file(f *file, in *level, parent *Directive) {
	r.block(f.directives, in)
	if f.err == nil {
		return
	}
	diag := f.lex.report(f.err)
	if f.engine != "" {
		diag.Severity = hcl.DiagWarning
		diag.Summary = "Template, read up to here"
		diag.Detail = fmt.Sprintf("%s The file is a template (%s); what stands behind this place is not used.", sentence(f.err.message), f.engine)
		schema.DetailOf(diag).Note = true
	}
	r.add(diag)
}

func (r *reader) block(block []*Directive, in *level) {
	for _, d := range block {
		if r.total++; r.total > maxDirectives {
			return
		}
		if in.context == "data" {
			r.data(d, in)
			continue
		}
		if fit := r.check(d, in); fit == nil {
			if d.HasBlock {
				r.unchecked(d)
			}
			continue
		}
		switch {
		case d.Name.Text == "include":
			r.include(d, in)
		case d.HasBlock:
			r.enter(d, in)
		default:
			r.directive(d, in)
		}
	}
}

// enter takes a block.
func (r *reader) enter(d *Directive, in *level) {
	r.beforeBlock(d, in)
	inner := r.newLevel(opens(d.Name.Text, in.context))
	inner.block, inner.around = d, in
	r.block(d.Block, inner)
	r.afterBlock(d, in)
}

// unchecked follows the includes of a block that has no rules, so that its files are known.
func (r *reader) unchecked(d *Directive) {
	for _, sub := range d.Block {
		if sub.Name.Text == "include" && len(sub.Args) == 1 {
			r.include(sub, r.newLevel("unknown"))
		}
	}
}

// data is a line of a block whose lines are no directives: map, geo, types.
func (r *reader) data(d *Directive, in *level) {
	if d.HasBlock {
		r.refuse(d, d.Range, "syntax-error", "unexpected \"{\"", "Lines of this block end with a semicolon.")
		return
	}
	if in.block != nil && in.block.Name.Text == "map" && len(d.Args) != 1 && !(len(d.Args) == 0 && (d.Name.Text == "hostnames" || d.Name.Text == "volatile")) && !r.anyOpen(d) && !d.Name.Open {
		r.refuse(d, d.Range, "wrong-arguments", "invalid number of the map parameters", "Each line of a map has a value and what it becomes, and ends with a semicolon.")
	}
	if d.Name.Text == "include" && len(d.Args) == 1 {
		r.include(d, in)
	}
}

// include reads what an include names and takes it in its place.
func (r *reader) include(d *Directive, in *level) {
	if len(d.Args) != 1 {
		return
	}
	word := d.Args[0]
	inc := &Include{Directive: d, Pattern: word}
	r.cfg.Includes = append(r.cfg.Includes, inc)
	if word.Open || strings.Contains(word.Text, "$") {
		return
	}
	names, glob, outside := r.find(word.Text)
	if len(names) == 0 {
		if glob {
			return
		}
		if text, ok := shipped[filepath.Base(word.Text)]; ok {
			name := "<nginx " + filepath.Base(word.Text) + ">"
			r.files.Put(name, []byte(text))
			inc.Shipped = true
			names = []string{name}
		} else {
			r.missing(d, word, outside)
			return
		}
	}
	if len(r.opened) >= maxIncludeDepth {
		r.refuse(d, word.Range, "include-loop", "includes are nested too deep", "Files that include each other make nginx open them until it runs out of file descriptors.")
		return
	}
	for _, name := range names {
		if r.opens++; r.opens > maxFiles {
			r.add(schema.Warnf("too-many-files", word.Range, "Too many included files", "Only the first %d includes are followed.", maxFiles))
			return
		}
		if name == r.cfg.File || slices.Contains(r.opened, name) {
			r.refuse(d, word.Range, "include-loop", fmt.Sprintf("%s includes itself", name), "nginx opens it again and again until it runs out of file descriptors. Take the include out.")
			continue
		}
		text, err := r.files.Read(name)
		if err != nil {
			r.add(schema.Errorf("file-unreadable", word.Range, "An included file cannot be read", "%s. nginx refuses to start without it.", err))
			continue
		}
		inc.Files = append(inc.Files, name)
		r.opened = append(r.opened, name)
		f := parseFile(name, text)
		if !slices.Contains(r.cfg.Files, name) {
			r.cfg.Files = append(r.cfg.Files, name)
		}
		for _, sub := range f.directives {
			sub.Parent = d.Parent
		}
		d.Block = append(d.Block, f.directives...)
		r.file(f, in, d.Parent)
		r.opened = r.opened[:len(r.opened)-1]
	}
}

// find gives the files of the tree that an include's pattern names. An absolute pattern outside the tree is looked for
// in the tree as well: a repository keeps its conf.d beside nginx.conf.
func (r *reader) find(pattern string) (names []string, glob, outside bool) {
	glob = strings.ContainsAny(pattern, "*?[")
	var tries []string
	switch {
	case !filepath.IsAbs(pattern):
		tries = append(tries, filepath.Join(r.prefix, pattern))
	case within(r.root, pattern) && r.root != "":
		tries = append(tries, filepath.Clean(pattern))
	default:
		outside = true
		for _, etc := range []string{"/etc/nginx/", "/usr/local/etc/nginx/", "/usr/local/nginx/conf/", "/opt/nginx/conf/"} {
			if rest, ok := strings.CutPrefix(pattern, etc); ok {
				tries = append(tries, filepath.Join(r.prefix, rest))
			}
		}
	}
	for _, try := range tries {
		if filepath.IsAbs(try) && !within(r.root, try) || strings.HasPrefix(try, "../") && r.files.Dir != "" || wide(try) {
			outside = true
			continue
		}
		if !glob {
			if r.files.Exists(try) == "file" {
				return []string{try}, false, outside
			}
			continue
		}
		found, err := filepath.Glob(r.files.Path(try))
		if err != nil {
			continue
		}
		for _, path := range found {
			if !filepath.IsAbs(try) && r.files.Dir != "" {
				if rel, err := filepath.Rel(r.files.Dir, path); err == nil {
					path = rel
				}
			}
			if r.files.Exists(path) == "file" {
				names = append(names, path)
			}
		}
		slices.Sort(names)
		if len(names) > 0 {
			return names, true, outside
		}
	}
	return nil, glob, outside
}

func (r *reader) missing(d *Directive, word Word, outside bool) {
	message := fmt.Sprintf("open() \"%s\" failed (2: No such file or directory)", word.Text)
	if r.cfg.Context == "main" && !outside {
		r.refuse(d, word.Range, "include-missing", message, "A name without a slash in front is looked for beside the main configuration file, not beside the file with the include.")
		return
	}
	r.add(schema.Notef("include-unread", word.Range, "Included file is not in the tree", "%s is not among the files that were read, so what it sets is not known.", word.Text))
}

// wide tells that a pattern has wildcards in so many of its parts that following it would search a whole tree.
func wide(pattern string) bool {
	n := 0
	for _, part := range strings.Split(pattern, "/") {
		if strings.ContainsAny(part, "*?[") {
			n++
		}
	}
	return n > 3
}

// within tells whether a path lies in a directory.
func within(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, "../")
}
