package rules

import (
	"strings"

	"github.com/hashicorp/hcl/v2"

	"gsrv/lint"
	"gsrv/schema"
	"gsrv/schema/python/syntax"
)

// syntaxSourceRules are about how the files themselves are written.
var syntaxSourceRules = []*lint.Rule{
	{
		ID: "S017", Name: "duplicate-assignment", Severity: lint.Warning, Servers: []string{"gunicorn"},
		Summary: "A setting is assigned twice in the configuration file; only the last assignment counts.",
		Explain: `The configuration is a Python program, and gunicorn looks at the names when it has run. An earlier assignment is lost without a
message, though a reader may take it for the value in force.

The rule looks at assignments of plain values on the top level, outside if and try, with nothing in between that reads the name. Equal values are
information. Delete the line that is not meant.`,
		Sources: []string{"gunicorn app/base.py, load_config_from_module_name_or_filename"},
		Check:   checkTwice,
	},
	{
		ID: "S019", Name: "paste-duplicate-key", Severity: lint.Error, Fix: lint.FixSafe,
		Summary: "A key or a section stands twice in a Paste file, and Python's parser refuses the whole file.",
		Explain: `Python 3's configparser is strict: a key that is repeated in one section, in any case of its letters, and a section that is repeated end
the start with DuplicateOptionError or DuplicateSectionError.

Delete the one that is not meant. Where both lines say the same the second can go.`,
		Sources: []string{"Python documentation, configparser (strict)", "PasteDeploy loadwsgi.py, NicerConfigParser"},
		Codes:   claimed("S019"),
		Check: takeOver(func(p *lint.Pass, x *diagnosis, f *lint.Finding) {
			if x.detail.Code == "duplicate-key" {
				dropRepeated(p, x, f)
			}
		}),
	},
	{
		ID: "S027", Name: "config-python-error", Severity: lint.Error, Servers: []string{"gunicorn"},
		Summary: "The configuration file is no valid Python, or raises while it is read.",
		Explain: `gunicorn runs the file at the start; a syntax error, an undefined name or any other exception is printed with its traceback and ends the
start with status 1. On a reload the master keeps the old workers, so the mistake shows at the next restart.

The rule speaks of exceptions only where they are certain on the host that the file is read for.`,
		Sources: []string{"gunicorn app/base.py, get_config_from_filename", "Python documentation, Full grammar specification"},
		Codes:   claimed("S027"),
		Check:   takeOver(),
	},
	{
		ID: "S034", Name: "access-log-atom-unknown", Severity: lint.Warning, Servers: []string{"gunicorn"},
		Summary: "The access log's format names something that gunicorn does not know and writes as a dash.",
		Explain: `gunicorn replaces ` + "`%(NAME)s`" + ` by what it knows of the request: h l u t r m U q H s b B f a T D M L p, and
` + "`{header}i`, `{header}o`, `{variable}e`" + `. For any other name it writes "-", so the log looks complete and the column is empty.

The rule is silent where a logger class of the project's own, or uvicorn's workers, write the log.`,
		Sources: []string{"gunicorn glogging.py, Logger.atoms and SafeAtoms", "gunicorn documentation, Settings: access_log_format"},
		Check:   checkAtoms,
	},
}

const atoms = " h l u t r s m U q H b B f a T D M L p "

func checkAtoms(p *lint.Pass) {
	s := p.Set("access_log_format")
	format, ok := p.Text("access_log_format")
	if s == nil || !ok || p.Set("logger_class") != nil || gunicornWorker(p) == workerUvicorn || gunicornWorker(p) == workerCustom {
		return
	}
	seen := map[string]bool{}
	for rest := format; ; {
		i := strings.Index(rest, "%(")
		if i < 0 {
			return
		}
		if i > 0 && rest[i-1] == '%' {
			rest = rest[i+2:]
			continue
		}
		name, after, found := strings.Cut(rest[i+2:], ")")
		if !found {
			return
		}
		rest = after
		if strings.HasPrefix(name, "{") && len(name) > 3 && (strings.HasSuffix(name, "}i") || strings.HasSuffix(name, "}o") || strings.HasSuffix(name, "}e")) {
			continue
		}
		if strings.Contains(atoms, " "+name+" ") && name != "" || seen[name] {
			continue
		}
		seen[name] = true
		hint := "Names are " + strings.TrimSpace(atoms) + ", and {header}i, {header}o, {variable}e."
		if strings.HasPrefix(name, "{") {
			hint = "Behind the brace stands i for a request's header, o for a response's, e for a variable."
		}
		p.Report(s.Range, "%%(%s)s is nothing that gunicorn knows of a request: every line of the access log has \"-\" in its place. %s", name, hint)
	}
}

// dropRepeated deletes a repeated key's line where it says the same as the first.
func dropRepeated(p *lint.Pass, x *diagnosis, f *lint.Finding) {
	text := p.Files().Text(f.Range.Filename)
	if len(x.detail.Related) == 0 || x.detail.Related[0].Range.Filename != f.Range.Filename {
		return
	}
	line := func(at hcl.Range) (start, end int, key, value string) {
		start, end = at.Start.Byte, at.Start.Byte
		for start > 0 && text[start-1] != '\n' {
			start--
		}
		for end < len(text) && text[end] != '\n' {
			end++
		}
		key, value, _ = strings.Cut(string(text[start:end]), "=")
		if end < len(text) {
			end++
		}
		return start, end, strings.TrimSpace(key), strings.TrimSpace(value)
	}
	start, end, key, value := line(f.Range)
	_, _, oldKey, oldValue := line(x.detail.Related[0].Range)
	if !strings.EqualFold(key, oldKey) || value != oldValue || value == "" || end < len(text) && (text[end] == ' ' || text[end] == '\t') {
		return
	}
	f.With(p.MendFix("Delete the repeated line", []lint.Edit{{Range: schema.RangeOf(f.Range.Filename, text, start, end), New: ""}}, nil))
}

// checkTwice finds plain assignments that a later one on the same level makes useless.
func checkTwice(p *lint.Pass) {
	if !strings.HasSuffix(p.Name, ".py") {
		return
	}
	text := p.Files().Text(p.Name)
	m, err := syntax.Parse(p.Name, text)
	if err != nil || m.Source != string(text) {
		return // a file in another encoding or with other line ends has other offsets
	}
	type place struct {
		at    hcl.Range
		value string
	}
	last := map[string]place{}
	for _, stmt := range m.Body {
		assign, ok := stmt.(*syntax.Assign)
		if !ok || len(assign.Targets) != 1 {
			forget(stmt, func(name string) { delete(last, name) })
			continue
		}
		target, ok := assign.Targets[0].(*syntax.Name)
		_, plain := assign.Value.(*syntax.Constant)
		forget(assign.Value, func(name string) { delete(last, name) })
		if !ok {
			continue
		}
		o := p.Dialect.Catalogue().Lookup(target.ID)
		if o == nil || !plain {
			delete(last, target.ID)
			continue
		}
		pos, of := assign.Value.Span(), target.Span()
		now := place{schema.RangeOf(p.Name, text, int(of.Start), int(pos.End)), m.Source[pos.Start:pos.End]}
		if old, twice := last[target.ID]; twice {
			if old.value == now.value {
				p.Report(old.at, "%s is set to %s here and once more below. Delete one of the lines.", target.ID, old.value).As(lint.Info).Also(now.at, "set again here")
			} else {
				p.Report(old.at, "%s = %s never takes effect: %s = %s further down replaces it. Delete the line that is not meant.", target.ID, old.value, target.ID, now.value).Also(now.at, "the value in force")
			}
		}
		last[target.ID] = now
	}
}

// forget tells of every name that a part of a program mentions.
func forget(n syntax.Node, each func(string)) {
	syntax.Inspect(n, func(n syntax.Node) bool {
		if name, ok := n.(*syntax.Name); ok {
			each(name.ID)
		}
		return true
	})
}
