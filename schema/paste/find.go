package paste

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
	"gsrv/schema/ini"
)

// find gives the section of a name for a kind of object.
func (c *configLoader) find(kind *Kind, name string, at hcl.Range) (string, *Error) {
	var possible []string
	for _, options := range kind.prefixes {
		for _, prefix := range options {
			if found := c.named(prefix, name); len(found) > 0 {
				possible = append(possible, found...)
				break
			}
		}
	}
	if len(possible) == 1 {
		return possible[0], nil
	}
	var prefixes, reprs []string
	for _, options := range kind.prefixes {
		prefixes = append(prefixes, options...)
	}
	for _, p := range prefixes {
		reprs = append(reprs, ini.PythonRepr(p))
	}
	tail := fmt.Sprintf(" %s (prefixed by %s) found in config %s", ini.PythonRepr(name), strings.Join(reprs, " or "), c.filename)
	if len(possible) > 1 {
		quoted := make([]string, len(possible))
		for i, p := range possible {
			quoted[i] = ini.PythonRepr(p)
		}
		err := ini.NewError("LookupError", fmt.Sprintf("Ambiguous section names [%s] for section", strings.Join(quoted, ", "))+tail, "ambiguous-section", c.file.headers[possible[1]], "Two sections of one name",
			"[%s] and [%s] both describe the %s %q, and the server does not start. Rename one of them.", possible[0], possible[1], kind.Name, name)
		schema.DetailOf(err.Diags[0]).Related = []schema.Related{{Message: "the other one", Range: c.file.headers[possible[0]]}}
		return "", err
	}
	return "", c.notFound(kind, name, prefixes, tail, at)
}

func (c *configLoader) named(prefix, name string) []string {
	var found []string
	for _, section := range c.file.sections {
		if rest, ok := strings.CutPrefix(section, prefix+":"); ok && ini.Strip(rest) == name {
			found = append(found, section)
		}
	}
	return found
}

// notFound is the error for a missing section; it points at the section that was likely meant.
func (c *configLoader) notFound(kind *Kind, name string, prefixes []string, tail string, at hcl.Range) *Error {
	wanted := prefixes[0] + ":" + name
	summary := fmt.Sprintf("No section [%s]", wanted)
	message := "No section" + tail
	shown := c.file.doc.Filename
	if near, why := c.near(name, prefixes); near != "" {
		err := ini.NewError("LookupError", message, "section-missing", c.file.headers[near], summary,
			"%s has no %s %q: %s. Write [%s].", shown, kind.Name, name, why, wanted)
		schema.DetailOf(err.Diags[0]).Suggest = "[" + wanted + "]"
		return err
	}
	var there []string
	for _, s := range c.file.sections {
		for _, p := range prefixes {
			if strings.HasPrefix(s, p+":") {
				there = append(there, "["+s+"]")
			}
		}
	}
	way := fmt.Sprintf("Add a section [%s].", wanted)
	if len(there) > 0 {
		way = fmt.Sprintf("The file has %s; name one of these, or add a section [%s].", strings.Join(there[:min(len(there), 8)], ", "), wanted)
	}
	if at.Filename == "" {
		at = c.file.doc.Range(0, 0)
	}
	return ini.NewError("LookupError", message, "section-missing", at, summary, "%s has no %s %q. %s", shown, kind.Name, name, way)
}

// near finds a section that differs from the wanted one only in ways that are surely a slip.
func (c *configLoader) near(name string, prefixes []string) (section, why string) {
	for _, s := range c.file.sections {
		kind, rest, found := strings.Cut(s, ":")
		for _, p := range prefixes {
			switch {
			case !found && name == "main" && strings.EqualFold(ini.Strip(s), p):
				return s, "[" + s + "] without a name is not looked for"
			case found && ini.Strip(kind) != kind && strings.EqualFold(ini.Strip(kind), p) && ini.Strip(rest) == name:
				return s, "no space may stand before the colon of [" + s + "]"
			case found && kind != p && strings.EqualFold(kind, p) && strings.EqualFold(ini.Strip(rest), name):
				return s, "the kind of a section is written in lower case, and [" + s + "] is not looked at"
			case found && kind == p && strings.EqualFold(ini.Strip(rest), name):
				return s, "names of sections are case-sensitive, and [" + s + "] is another one"
			}
		}
	}
	return "", ""
}
