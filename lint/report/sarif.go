package report

import (
	"bytes"
	"path"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"gsrv/lint"
	"gsrv/schema"
)

const (
	sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	// sarifBase is what names of files are relative to.
	sarifBase = "SRCROOT"
	// sarifFingerprint names gsrv's way to recognise a finding; its number changes when the way does.
	sarifFingerprint = "gsrvFinding/v1"
	// maxSnippet bounds the source text that is repeated in the log, in bytes.
	maxSnippet = 4096
)

// sarifNotifications are what the run itself may have to tell; the order is that of their indexes.
var sarifNotifications = []sarifDescriptor{
	{ID: "unreadable", ShortDescription: &sarifText{Text: "A file could not be read and was not linted."}},
	{ID: "crash", ShortDescription: &sarifText{Text: "A rule or a reader of gsrv failed; what it would have found is missing."}},
}

// writeSARIF writes the Static Analysis Results Interchange Format, version 2.1.0.
func writeSARIF(b *bytes.Buffer, r *Report, o options) error {
	s := sarifWriter{root: r.Root, indexes: map[string]int{}}
	run := sarifRun{
		Tool: sarifTool{sarifDriver{
			Name: "gsrv", Version: valid(r.Version), Language: "en-US", Rules: []sarifDescriptor{}, Notifications: sarifNotifications,
		}},
		ColumnKind: "unicodeCodePoints",
		Results:    []sarifResult{},
		Properties: map[string]any{"suppressed": r.Result.Suppressed, "baselined": r.Result.Baselined},
	}
	base := sarifArtifactLocation{Description: &sarifText{Text: "The directory that was linted."}}
	if path.IsAbs(r.Root) {
		base.URI = "file://" + escapePath(strings.TrimRight(path.Clean(r.Root), "/")+"/")
	}
	run.OriginalURIBaseIDs = map[string]sarifArtifactLocation{sarifBase: base}
	for i, rule := range r.rules() {
		s.indexes[rule.ID] = i
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule(rule))
	}
	seen := map[string]bool{}
	for _, f := range r.Result.Files {
		if name := path.Clean(f.Name); statusOf(f) == statusChecked && !pseudo(f.Name) && !seen[name] {
			seen[name] = true
			run.Artifacts = append(run.Artifacts, sarifArtifact{s.artifact(f.Name), []string{"analysisTarget"}})
		}
	}
	for i := range r.Result.Findings {
		run.Results = append(run.Results, s.result(&r.Result.Findings[i]))
	}
	troubles := r.troubles()
	invocation := sarifInvocation{ExecutionSuccessful: len(troubles) == 0}
	for _, t := range troubles {
		invocation.Notifications = append(invocation.Notifications, s.notification(t, o))
	}
	run.Invocations = []sarifInvocation{invocation}
	return encodeJSON(b, sarifLog{sarifSchema, "2.1.0", []sarifRun{run}})
}

type sarifWriter struct {
	root    string
	indexes map[string]int
}

func sarifRule(rule *lint.Rule) sarifDescriptor {
	d := sarifDescriptor{
		ID: rule.ID, Name: rule.Name, Default: &sarifConfiguration{level(rule.Severity)},
		ShortDescription: orNil(rule.Summary),
	}
	explain, markdown := strings.TrimSpace(rule.Explain), "**"+rule.Summary+"**"
	if explain == "" {
		explain = rule.Summary
	} else {
		markdown += "\n\n" + explain
	}
	first, _, _ := strings.Cut(explain, "\n\n")
	d.FullDescription = orNil(strings.ReplaceAll(plain(first), "\n", " "))
	text := plain(explain)
	if len(rule.Sources) > 0 {
		text += "\n\nSources:"
		markdown += "\n\n### Sources\n"
		for _, source := range rule.Sources {
			text += "\n- " + source
			markdown += "\n- " + source
		}
	}
	d.Help = &sarifText{valid(text), valid(markdown)}
	tags := []string{}
	if family := rule.Family(); family != "" {
		tags = append(tags, family)
	}
	tags = append(tags, rule.Servers...)
	if rule.ID != "" && strings.Contains("NTV", rule.ID[:1]) {
		tags = append(tags, "security")
	}
	// GitHub reads problem.severity: error, warning or recommendation.
	problem := level(rule.Severity)
	if problem == "note" {
		problem = "recommendation"
	}
	d.Properties = map[string]any{"tags": tags, "problem.severity": problem, "fix": rule.Fix.String()}
	return d
}

// plain takes the marks of Markdown that a rule's page uses out of a text.
func plain(markdown string) string {
	return strings.NewReplacer("```", "", "`", "", "**", "").Replace(markdown)
}

func orNil(text string) *sarifText {
	if text == "" {
		return nil
	}
	return &sarifText{Text: valid(text)}
}

func (s *sarifWriter) result(f *lint.Finding) sarifResult {
	id, _ := ruleOf(f)
	res := sarifResult{RuleID: id, RuleIndex: -1, Level: level(f.Severity), Message: sarifText{Text: valid(f.Message)}}
	if index, ok := s.indexes[id]; ok {
		res.RuleIndex = index
	}
	at := s.location(f.Files, f.Range)
	if at.Physical == nil && !pseudo(f.Unit) {
		// What stands in no file is shown with the file that is configured.
		at.Physical = &sarifPhysical{Artifact: s.artifact(f.Unit)}
	}
	res.Locations = []sarifLocation{}
	if at.Physical != nil || at.Logical != nil {
		res.Locations = append(res.Locations, at)
	}
	for i, rel := range f.Related {
		l := s.location(f.Files, rel.Range)
		l.ID, l.Message = &i, &sarifText{Text: valid(rel.Message)}
		res.Related = append(res.Related, l)
	}
	if f.Fix != nil {
		if changes := s.changes(f); len(changes) > 0 {
			res.Fixes = []sarifFix{{sarifText{Text: valid(f.Fix.Title)}, changes, map[string]any{"safe": f.Fix.Safe}}}
		}
	}
	if f.Fingerprint != "" {
		res.Fingerprints = map[string]string{sarifFingerprint: f.Fingerprint}
	}
	if f.Unit != "" {
		res.Properties = map[string]any{"unit": valid(f.Unit)}
	}
	return res
}

// location gives a physical location, or a logical one for what stands in no file.
func (s *sarifWriter) location(files *schema.Files, r hcl.Range) sarifLocation {
	if pseudo(r.Filename) {
		if r.Filename == "" {
			return sarifLocation{}
		}
		name := valid(strings.Trim(r.Filename, "<>"))
		l := sarifLocation{Logical: []sarifLogical{{Name: name, FullyQualifiedName: valid(r.Filename), Kind: logicalKind(name)}}}
		if p := placeOf(files, r); p.known && p.marked() != "" {
			l.Message = &sarifText{Text: clip(p.marked())}
		}
		return l
	}
	physical := &sarifPhysical{Artifact: s.artifact(r.Filename)}
	if p := placeOf(files, r); p.known {
		region := sarifRegionOf(&p)
		if p.text != nil {
			length := p.end.offset - p.start.offset
			region.ByteOffset, region.ByteLength = &p.start.offset, &length
			if length > 0 && length <= maxSnippet {
				region.Snippet = &sarifText{Text: valid(p.marked())}
			}
			if text, first, last := p.around(1); text != "" && len(text) <= maxSnippet {
				physical.Context = &sarifRegion{StartLine: first, EndLine: last, Snippet: &sarifText{Text: valid(text)}}
			}
		}
		physical.Region = &region
	}
	return sarifLocation{Physical: physical}
}

// logicalKind is the kind of a logical location: SARIF leaves the words open.
func logicalKind(name string) string {
	if kind, _, ok := strings.Cut(name, " "); ok && kind == "environment" {
		return "environment variable"
	}
	return name
}

func clip(text string) string {
	if len(text) > maxSnippet {
		text = text[:maxSnippet] + "…"
	}
	return valid(text)
}

func sarifRegionOf(p *place) sarifRegion {
	return sarifRegion{StartLine: p.start.line, StartColumn: p.start.column, EndLine: p.end.line, EndColumn: p.end.column}
}

// changes gives the edits of a fix by file. There are none where one of them is in no file: a half of a fix is none.
func (s *sarifWriter) changes(f *lint.Finding) []sarifChange {
	var out []sarifChange
	index := map[string]int{}
	for _, e := range f.Fix.Edits {
		p := placeOf(f.Files, e.Range)
		if pseudo(e.Range.Filename) || !p.known {
			return nil
		}
		i, ok := index[p.file]
		if !ok {
			i = len(out)
			index[p.file] = i
			out = append(out, sarifChange{Artifact: s.artifact(p.file)})
		}
		replacement := sarifReplacement{Deleted: sarifRegionOf(&p)}
		if e.New != "" {
			replacement.Inserted = &sarifText{Text: valid(e.New)}
		}
		out[i].Replacements = append(out[i].Replacements, replacement)
	}
	return out
}

func (s *sarifWriter) notification(t trouble, o options) sarifNotification {
	n := sarifNotification{Level: "error", Message: sarifText{Text: valid(t.message)}}
	for i, d := range sarifNotifications {
		if d.ID == t.id {
			n.Descriptor = sarifReference{d.ID, i}
		}
	}
	if i, ok := s.indexes[t.rule]; ok && t.rule != "" {
		n.AssociatedRule = &sarifReference{t.rule, i}
	}
	if at := s.location(nil, hcl.Range{Filename: t.file}); at.Physical != nil || at.Logical != nil {
		n.Locations = []sarifLocation{at}
	}
	if o.stacks && len(t.stack) > 0 {
		n.Properties = map[string]any{"stack": valid(string(t.stack))}
	}
	return n
}

// artifact gives the URI of a file: relative to SRCROOT, or a file: URI where the name is absolute and outside.
func (s *sarifWriter) artifact(name string) sarifArtifactLocation {
	if path.IsAbs(name) {
		root := strings.TrimRight(s.root, "/") + "/"
		if rest, ok := strings.CutPrefix(path.Clean(name), root); ok && path.IsAbs(s.root) && rest != "" {
			return sarifArtifactLocation{URI: escapePath(rest), URIBaseID: sarifBase}
		}
		return sarifArtifactLocation{URI: "file://" + escapePath(path.Clean(name))}
	}
	return sarifArtifactLocation{URI: escapePath(path.Clean(name)), URIBaseID: sarifBase}
}

// escapePath writes a path in a URI: all bytes but the unreserved ones and the slash are escaped, so that a colon makes
// no scheme and a name that is not UTF-8 is kept.
func escapePath(name string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~/", c) >= 0:
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		}
	}
	return b.String()
}
