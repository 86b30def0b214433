package report

import (
	"bytes"
	"encoding/xml"
	"slices"

	"gsrv/lint"
)

// encodeXML writes a document. Text in v must be clean already: XML has no way to write control characters.
func encodeXML(b *bytes.Buffer, v any) error {
	b.WriteString(xml.Header)
	enc := xml.NewEncoder(b)
	enc.Indent("", "  ")
	if err := enc.Encode(v); err != nil {
		return err
	}
	b.WriteByte('\n')
	return nil
}

// A fileGroup is a file with what was found in it, for formats that are ordered by file.
type fileGroup struct {
	name     string
	status   *lint.FileStatus
	findings []*lint.Finding
	troubles []trouble
}

// byFile groups findings and troubles by file: the files that were asked for or found first, in their order, then others
// that findings stand in.
func (r *Report) byFile() []*fileGroup {
	var groups []*fileGroup
	index := map[string]*fileGroup{}
	group := func(name string) *fileGroup {
		if g := index[name]; g != nil {
			return g
		}
		g := &fileGroup{name: name}
		index[name] = g
		groups = append(groups, g)
		return g
	}
	for i := range r.Result.Files {
		f := &r.Result.Files[i]
		group(f.Name).status = f
	}
	known := len(groups)
	for i := range r.Result.Findings {
		f := &r.Result.Findings[i]
		name, _ := fileOf(f)
		g := group(name)
		g.findings = append(g.findings, f)
	}
	for _, t := range r.troubles() {
		g := group(t.file)
		g.troubles = append(g.troubles, t)
	}
	slices.SortStableFunc(groups[known:], func(a, b *fileGroup) int { return bytes.Compare([]byte(a.name), []byte(b.name)) })
	return groups
}
