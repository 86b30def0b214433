package rules

import (
	"bytes"
	"strings"

	"gsrv/lint"
	"gsrv/schema"
)

// syntaxUWSGIRules are about uWSGI's own ways of reading a file.
var syntaxUWSGIRules = []*lint.Rule{
	{
		ID: "S005", Name: "uwsgi-inline-comment", Severity: lint.Warning, Servers: []string{"uwsgi"}, Fix: lint.FixOffer,
		Summary: "A remark behind a value is a part of the value.",
		Explain: `In uWSGI's ini files only lines that begin with ; or # are comments. Behind a value the remark belongs to the value:
` + "`socket = /run/shop.sock ; nginx`" + ` makes a socket with that whole name, and ` + "`master = false ; for now`" + ` switches master on, because only
false, off, no and 0 mean no.

For addresses, paths and names this is an error, for a switch that is turned on against its word a warning. Behind a number, whose digits are
still read, it is information.

Put the remark on a line of its own.`,
		Sources: []string{"uWSGI core/ini.c, uwsgi_ini_config", "uWSGI core/uwsgi.c, uwsgi_opt_true"},
		Codes:   claimed("S005"),
		Check: takeOver(func(p *lint.Pass, x *diagnosis, f *lint.Finding) {
			if o := x.option(); o != nil && o.Type != "bool" && o.Type != "bool-inverted" {
				severe(p, x, f)
			}
			moveRemark(p, x, f)
		}),
	},
	{
		ID: "S006", Name: "uwsgi-section-missing", Severity: lint.Error, Servers: []string{"uwsgi"},
		Summary: "uWSGI does not find the section it reads, or not where it looks.",
		Explain: `uWSGI takes the options of one section, [uwsgi] unless the command names another (shop.ini:production). Where that section is not
there it starts with its defaults, and only a line in the log tells. Lines before the first header belong to no section, a header in
another case is another section, and text behind the closing bracket is dropped.

Name the section uwsgi, or name it where the file is loaded.`,
		Sources: []string{"uWSGI core/ini.c", "uWSGI documentation, Configuring uWSGI"},
		Codes:   claimed("S006"),
		Check: func(p *lint.Pass) {
			// What hides the section says more than that it is not there.
			hides := p.DiagsOf("section-case", "byte-order-mark")
			takeOver(func(p *lint.Pass, x *diagnosis, f *lint.Finding) {
				if x.detail.Code != "section-empty" && x.detail.Code != "section-header" && x.detail.Code != "key-before-section" {
					severe(p, x, f)
				}
			}, func(p *lint.Pass, x *diagnosis, f *lint.Finding) {
				if x.detail.Code == "section-missing" && len(hides) > 0 {
					p.Drop(f)
				}
			})(p)
		},
	},
	{
		ID: "S018", Name: "uwsgi-duplicate-scalar", Severity: lint.Warning, Servers: []string{"uwsgi"},
		Summary: "An option that holds one value is set twice in one file; the last value counts.",
		Explain: `uWSGI applies options from top to bottom. For an option with one value (processes, harakiri, chdir …) each line replaces the one
before, also under another of its names: workers and processes are the same. The earlier line looks as if it counted.

Options that hold several values, such as socket, env and pythonpath, and lines in if and for blocks are not reported. Delete the line that is not meant.`,
		Sources: []string{"uWSGI documentation, How uWSGI parses config files", "uWSGI core/uwsgi.c, uwsgi_opt_set_int and uwsgi_opt_set_str"},
		Codes:   claimed("S018"),
		Check: takeOver(func(_ *lint.Pass, _ *diagnosis, f *lint.Finding) {
			f.As(lint.Warning)
		}),
	},
	{
		ID: "S030", Name: "uwsgi-chmod-value", Severity: lint.Error, Servers: []string{"uwsgi"}, Fix: lint.FixSafe,
		Summary: "uWSGI wants exactly three octal digits here and exits on anything else.",
		Explain: `For chmod-socket uWSGI takes three octal digits, or nothing or 1 for 666. The usual four digits end it with
"invalid chmod value: 0660".

Write 660 where the proxy runs under the socket's group, together with chown-socket.`,
		Sources: []string{"uWSGI core/uwsgi.c, uwsgi_opt_chmod_socket"},
		Codes:   claimed("S030"),
		Check: takeOver(func(p *lint.Pass, x *diagnosis, f *lint.Finding) {
			if s := x.source; len(s) == 4 && s[0] == '0' && strings.Trim(s, "01234567") == "" {
				f.With(p.MendFix("Write "+s[1:]+" instead of "+s, []lint.Edit{{Range: f.Range, New: s[1:]}}, nil))
			}
		}),
	},
}

// moveRemark puts the remark behind a value onto a line above.
func moveRemark(p *lint.Pass, x *diagnosis, f *lint.Finding) {
	text := p.Files().Text(f.Range.Filename)
	if x.setting == nil || lint.FormOf(f.Range.Filename) != lint.FormINI || x.setting.NameRange.Filename != f.Range.Filename || f.Range.End.Byte > len(text) {
		return
	}
	value := x.source
	cut := -1
	for i := 1; i < len(value) && cut < 0; i++ {
		if (value[i] == ';' || value[i] == '#') && (value[i-1] == ' ' || value[i-1] == '\t') {
			cut = i
		}
	}
	lineStart := bytes.LastIndexByte(text[:f.Range.Start.Byte], '\n') + 1
	if cut < 0 || strings.Contains(value, "\n") {
		return
	}
	kept := strings.TrimRight(value[:cut], " \t")
	at := f.Range.Start.Byte
	f.With(p.MendFix("Put the remark on the line above", []lint.Edit{
		{Range: schema.RangeOf(f.Range.Filename, text, lineStart, lineStart), New: value[cut:] + "\n"},
		{Range: schema.RangeOf(f.Range.Filename, text, at+len(kept), at+len(value)), New: ""},
	}, nil, x.setting.Native))
}
