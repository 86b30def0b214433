package project

import (
	"errors"
	"strings"

	"gsrv/schema/ini"
)

// setupCfg reads install_requires and the extras of setup.cfg: one requirement a line, or several parted by ";" where
// they stand on one.
func (r *pinReader) setupCfg(src *source, _ bool) error {
	doc, fault := ini.Parse(src.name, src.text, ini.Dialect{LowerKeys: true, Lenient: true})
	for _, section := range doc.Sections {
		for _, key := range section.Keys {
			switch {
			case section.Name == "options" && key.Name == "install_requires":
				r.setupList(src, key, false)
			case section.Name == "options.extras_require":
				r.setupList(src, key, forDevelopers(key.Name))
			}
		}
	}
	if fault != nil {
		return errors.New(fault.Message)
	}
	return nil
}

func (r *pinReader) setupList(src *source, key *ini.Key, dev bool) {
	at := 0
	for line := range strings.SplitSeq(key.Value, "\n") {
		text, _, _ := strings.Cut(line, " #")
		if text = strings.TrimRight(text, " \t"); strings.TrimSpace(text) != "" && !strings.HasPrefix(text, "#") {
			r.setupRequirement(key, text, at, src.name, dev)
		}
		at += len(line) + 1
	}
}

func (r *pinReader) setupRequirement(key *ini.Key, text string, at int, name string, dev bool) {
	req, ok := parseRequirement(text)
	if !ok {
		return
	}
	// Offsets count in the key's value, which the document maps to its lines.
	p, ok := req.pin(newSource(name, []byte(text)), 0, KindRequirement, dev)
	if !ok {
		return
	}
	p.Range = key.Sub(at+p.Range.Start.Byte, at+p.Range.End.Byte)
	r.add(p)
}
