package uwsgi

import (
	"strings"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
)

const iniBlanks = " \t\r"

// readIni reads the lines of an ini text. A line's first byte that is no blank tells what it is: ";" and "#" make a
// comment, "[" a section, everything else a key up to the first "=". A section's last byte is cut off unseen. There
// are no comments behind values, no continuation lines and no quotes.
func (r *reader) readIni(src *source, t text, asked string) {
	section, header := "", text{}
	found := false
	outside := 0
	var sections []text
	for from := 0; from < len(t.s) && !r.stopped; {
		to := strings.IndexByte(t.s[from:], '\n')
		if to < 0 {
			to = len(t.s)
		} else {
			to += from
		}
		line := t.slice(from, to).cstring().trim(iniBlanks)
		from = to + 1
		switch {
		case line.s == "":
		case line.s[0] == '[':
			section, header = line.s[1:max(1, len(line.s)-1)], line
			sections = append(sections, line)
			r.checkHeader(line, asked)
		case line.s[0] == ';' || line.s[0] == '#':
		case section == asked:
			found = true
			r.iniLine(line)
		case header.s == "" && outside == 0:
			outside++
			r.checkOutside(src, line)
		}
	}
	if !found && !r.stopped {
		r.missingSection(src, asked, sections)
	}
}

func (r *reader) iniLine(line text) {
	key, val := line, text{}
	if i := strings.IndexByte(line.s, '='); i >= 0 {
		key, val = line.slice(0, i).trim(iniBlanks), line.slice(i+1, len(line.s)).trim(iniBlanks)
	}
	e := &entry{key: key, val: val, raw: val, keyRange: key.rng()}
	if e.keyRange.Filename == "" {
		e.keyRange = line.rng()
	}
	r.add(e)
}

// checkHeader reports a section header that names another section than it seems to.
func (r *reader) checkHeader(line text, asked string) {
	end := strings.IndexByte(line.s, ']')
	name := ""
	if end >= 0 {
		name = line.s[1:end]
	}
	read := line.s[1:max(1, len(line.s)-1)]
	at := line.rng()
	switch {
	case end < 0:
		r.warn("section-header", at, "Section header without a closing bracket",
			"uWSGI cuts off the last byte of the header without looking at it, so this section is called %q. Close the bracket.", read)
	case end != len(line.s)-1:
		r.warn("section-header", at, "Text after a section header",
			"uWSGI takes everything up to the last byte of the line for the section's name, which is %q here: none of its options are in [%s]. Put the comment on a line of its own.", read, name)
	case name != asked && strings.TrimSpace(name) == asked:
		r.warn("section-header", at, "Blanks inside the brackets",
			"uWSGI keeps the blanks, so this is not the section %q, and its options are not read. Remove the blanks.", asked)
	case name != asked && strings.EqualFold(name, asked):
		r.warn("section-case", at, "Section in another case",
			"Section names are case-sensitive: %q is not %q, and its options are not read.", name, asked)
	}
}

// checkOutside reports the first line of a file that stands in no section.
func (r *reader) checkOutside(src *source, line text) {
	at := line.rng()
	if s, ok := strings.CutPrefix(line.s, "\xef\xbb\xbf"); ok && len(line.segs) > 0 && line.segs[0].from == 0 {
		if strings.HasPrefix(s, "[") {
			r.warn("byte-order-mark", at, "Byte order mark hides the first section",
				"The file starts with a UTF-8 byte order mark. uWSGI takes it for a part of the first line, which is then no section header, and ignores everything up to the next one. Save the file without it.")
		}
		return
	}
	r.warn("key-before-section", at, "Line before any section",
		"uWSGI reads only the section that is asked for, so lines before the first header have no effect. Put [uwsgi] above them.")
	_ = src
}

// missingSection reports a file without the section that is read. uWSGI warns and starts without it.
func (r *reader) missingSection(src *source, asked string, sections []text) {
	at := hcl.Range{Filename: src.name, Start: hcl.InitialPos, End: hcl.InitialPos}
	if n := len(r.list); n > 0 {
		if where := r.valueRange(r.list[n-1]); where.Filename != "" && where.Filename != src.name {
			at = where
		}
	}
	var names []string
	empty := false
	for _, s := range sections {
		name := s.s[1:max(1, len(s.s)-1)]
		if name == asked {
			empty = true
			at = s.rng()
		}
		names = append(names, "["+name+"]")
	}
	have := "The file has no sections."
	if len(names) > 8 {
		names = append(names[:8], "…")
	}
	if len(names) > 0 {
		have = "It has " + strings.Join(names, ", ") + "."
	}
	server := "*** WARNING: Can't find section \"" + asked + "\" in INI configuration file " + src.name + " ***"
	var d *schema.Detail
	if empty {
		d = r.note("section-empty", at, "Section without options", "The section [%s] of %s sets nothing.", asked, src.name)
	} else {
		d = r.warn("section-missing", at, "Section not found", "%s has no section [%s], so uWSGI takes nothing from it and starts with its defaults. %s", src.name, asked, have)
	}
	d.ServerMessage = server
}
