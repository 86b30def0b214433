package uwsgi

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
)

// schemes are the URLs that uWSGI reads a configuration from. None of them is followed here: nothing is fetched, no
// command is run, no symbol is called.
var schemes = []string{"emperor", "http", "data", "sym", "section", "fd", "exec", "call", "callint"}

func scheme(name string) string {
	for _, s := range schemes {
		if strings.HasPrefix(name, s+"://") {
			return s
		}
	}
	return ""
}

var schemeReasons = map[string]string{
	"emperor": "the emperor hands it over when it starts the vassal", "http": "it is fetched from the network when uWSGI starts",
	"data": "it is appended to uWSGI's program", "sym": "it is a symbol of uWSGI's program", "section": "it is a section of uWSGI's program",
	"fd": "it is read from an inherited file descriptor", "exec": "it is what a command prints", "call": "it is what a function returns",
	"callint": "it is what a function returns",
}

// splitSection gives a configuration's file and the section that is asked for, which stands after the last colon.
func splitSection(name string) (file, section string, colon bool) {
	from := 0
	if scheme(name) != "" {
		from = strings.LastIndexByte(name, '/')
	}
	i := strings.LastIndexByte(name[from:], ':')
	if i < 0 {
		return name, "", false
	}
	return name[:from+i], name[from+i+1:], true
}

// formatOf gives the format of a configuration by its name's end, as include, inherit and positional arguments
// choose it; empty for none.
func formatOf(name string) string {
	for _, f := range [][2]string{{".ini", "ini"}, {".xml", "xml"}, {".yaml", "yaml"}, {".yml", "yaml"}, {".json", "json"}, {".js", "json"}} {
		if strings.HasSuffix(name, f[0]) {
			return f[1]
		}
	}
	return ""
}

// include loads a file whose format its name tells.
func (r *reader) include(e *entry, name string) {
	// The upper-case letters are those of the first file that an ini, xml, yaml or json option loads.
	first := r.magicFirst
	r.magicFirst = true
	defer func() { r.magicFirst = first }()
	format := formatOf(name)
	if format == "" {
		r.noFormat(e, name)
		return
	}
	r.load(e, name, format)
}

func (r *reader) noFormat(e *entry, name string) {
	at := r.valueRange(e)
	server := "unable to load configuration from " + name
	switch {
	case strings.Contains(name, unknown):
		r.opaque(r.shownName(e), "its name depends on the host", at)
		return
	case strings.Contains(name, "$(") || strings.Contains(name, "%(") || strings.Contains(name, "@("):
		r.refuse("file-name", at, "File name is not expanded", server,
			"Options that load files act before $(…), @(…) and %%(…) are replaced, so uWSGI looks for a file that is called %s and exits. Only the %% letters, such as %%d, work here.", name)
	case formatOf(beforeColon(name)) != "":
		r.refuse("file-name", at, "A section cannot be chosen here", server,
			"Only the options ini, xml, yaml and json take FILE:SECTION. Here uWSGI tells the format by the end of the whole name, finds none and exits. Write %s = %s instead.", formatOf(beforeColon(name)), name)
	default:
		r.refuse("file-name", at, "Not a configuration file", server,
			"uWSGI tells a configuration's format by its name: .ini, .xml, .yaml, .yml, .json or .js. It does not know what %s is and exits. Name the format with --ini FILE or the like.", name)
	}
}

func beforeColon(name string) string {
	if i := strings.LastIndexByte(name, ':'); i >= 0 {
		return name[:i]
	}
	return ""
}

func (r *reader) shownName(e *entry) string { return e.val.shown() }

// load reads a configuration file in one format and adds its options at this place in the list.
func (r *reader) load(e *entry, name, format string) {
	if r.stopped {
		return
	}
	at := r.valueRange(e)
	if strings.Contains(name, unknown) {
		r.opaque(r.shownName(e), "its name depends on the host", at)
		return
	}
	if len(r.stack) >= maxDepth {
		r.includeLoop(at, name)
		return
	}
	if !r.fillMagic(name, e) {
		return
	}
	r.stack = append(r.stack, name)
	layer, sourceName := r.layer, r.source
	defer func() {
		r.stack = r.stack[:len(r.stack)-1]
		r.layer, r.source = layer, sourceName
	}()
	file, section, colon := splitSection(name)
	if format == "ini" {
		switch {
		case colon && file == "" && !r.haveIni:
			r.refuse("section-without-file", at, "No file to take the section from", "!!! uWSGI process got Segmentation Fault !!!",
				"%s means a section of the ini file that was read last, and there is none yet: uWSGI crashes. Write the file's name before the colon.", name)
			r.stopped = true
			return
		case colon && file == "":
			file = r.lastIni
		default:
			r.lastIni, r.haveIni = file, true
		}
	}
	if format == "xml" && colon && section == "" {
		r.refuse("xml-id", at, "No id after the colon", "invalid xml id", "%s asks for an XML element by its id, and the id is empty. Remove the colon, or write the id after it.", name)
		return
	}
	text, src, ok := r.readConfig(file, e, format != "xml")
	if !ok {
		return
	}
	r.layer, r.source = schema.LayerFile, file
	switch format {
	case "ini":
		r.readIni(src, text, or(section, "uwsgi"))
	case "yaml":
		r.readYAML(src, text, or(section, "uwsgi"))
	case "json":
		r.cutName(e, file, colon)
		r.readJSON(src, text, or(section, "uwsgi"), at)
	case "xml":
		r.cutName(e, file, colon)
		r.readXML(src, text, section, colon, at)
	}
}

// cutName leaves the option's value without its section: reading JSON and XML cuts it off there for good.
func (r *reader) cutName(e *entry, file string, colon bool) {
	if colon && strings.HasPrefix(e.val.s, file) {
		e.val = e.val.slice(0, len(file))
	}
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func (r *reader) includeLoop(at hcl.Range, name string) {
	chain := r.stack
	if i := slices.Index(chain, name); i >= 0 {
		for j := i + 1; j < len(chain); j++ {
			if chain[j] == name {
				chain = chain[i:j]
				break
			}
		}
	}
	if len(chain) > 8 {
		chain = chain[:8]
	}
	r.limit("include-loop", at, "Configuration files load each other without end",
		"%s → %s: uWSGI follows that until it runs out of stack and crashes. Remove one of the lines that load the other.", strings.Join(chain, " → "), name)
}

// readConfig reads a configuration's raw text and replaces the % letters in it.
func (r *reader) readConfig(file string, e *entry, terminated bool) (text, *source, bool) {
	src, raw, ok := r.readRaw(file, e)
	if !ok {
		return text{}, nil, false
	}
	if len(r.injectBefore)+len(r.injectAfter) > 0 {
		var parts []text
		for _, x := range r.injectBefore {
			if _, t, ok := r.readRaw(x.val.s, x); ok {
				parts = append(parts, t)
			}
		}
		parts = append(parts, raw)
		for _, x := range r.injectAfter {
			if _, t, ok := r.readRaw(x.val.s, x); ok {
				parts = append(parts, t)
			}
		}
		raw = join(parts...)
	}
	return r.substituteMagic(src, raw, terminated), src, true
}

func (r *reader) readRaw(file string, e *entry) (*source, text, bool) {
	at := r.valueRange(e)
	if s := scheme(file); s != "" {
		r.opaque(file, schemeReasons[s], at)
		r.note("not-read", at, "Configuration from elsewhere", "What %s holds is not known here: %s. Options that it sets are missing from what is shown.", file, schemeReasons[s])
		return nil, text{}, false
	}
	name := file
	var data []byte
	if file == "-" {
		name = "<standard input>"
		if r.in.Stdin == nil {
			r.opaque("-", "it is read from standard input", at)
			r.note("not-read", at, "Configuration from standard input", "What standard input holds when uWSGI starts is not known here.")
			return nil, text{}, false
		}
		if !r.stdinUsed {
			data = r.in.Stdin
		}
		r.stdinUsed = true
		r.in.Files.Put(name, data)
	} else {
		var err error
		if data, err = r.in.Files.Read(file); err != nil {
			r.fileProblem(file, err, e)
			return nil, text{}, false
		}
	}
	src := newSource(name, data)
	return src, sourced(src, 0, len(data)), true
}

// fileProblem reports a configuration file that cannot be read; uWSGI exits for it.
func (r *reader) fileProblem(file string, err error, e *entry) {
	code, server := "file-missing", fmt.Sprintf("open(%q): %v", file, err)
	why := sentence(err)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		server = fmt.Sprintf("realpath() of %s failed: No such file or directory", file)
		why = "There is no file " + file
		if file == "" {
			why = "The name of the file is empty"
		}
	case errors.Is(err, schema.ErrNotRegular), errors.Is(err, schema.ErrTooLarge):
		code, server = "file-unreadable", ""
	default:
		code = "file-unreadable"
	}
	where := ""
	if r.dir != "" && !strings.HasPrefix(file, "/") {
		where = " Names are relative to the directory that uWSGI is started in, here " + r.dir + ", whatever chdir says."
	}
	if strings.Contains(file, "$(") || strings.Contains(file, "%(") || strings.Contains(file, "@(") {
		where = " Options that load files act before $(…), @(…) and %(…) are replaced; only the % letters, such as %d, work here."
	}
	r.refuse(code, r.valueRange(e), "Configuration file cannot be read", server, "%s.%s", why, where)
}
