package lint

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// BaselineFile is the name under which a baseline is looked for in the directory that is linted.
const BaselineFile = ".gsrv-baseline.json"

const baselineVersion = 1

// A Baseline lists findings that are known and are not to fail a run: those of the day when a project began to lint.
type Baseline struct {
	Entries []BaselineEntry
}

// A BaselineEntry is one known finding. The fingerprint decides; the rest is for people.
type BaselineEntry struct {
	Fingerprint string `json:"fingerprint"`
	Rule        string `json:"rule"`
	File        string `json:"file"`
	Message     string `json:"message"`
}

type baselineDocument struct {
	Version  int             `json:"version"`
	Findings []BaselineEntry `json:"findings"`
}

// NewBaseline makes a baseline of findings.
func NewBaseline(findings []Finding) *Baseline {
	b := &Baseline{Entries: []BaselineEntry{}}
	for _, f := range findings {
		b.Entries = append(b.Entries, BaselineEntry{f.Fingerprint, f.Rule.ID, f.Range.Filename, f.Message})
	}
	return b
}

// ReadBaseline reads a baseline; unknown keys and versions are errors.
func ReadBaseline(text []byte) (*Baseline, error) {
	var doc baselineDocument
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&doc); err != nil {
		return nil, fmt.Errorf("not a baseline: %w", err)
	}
	if doc.Version != baselineVersion {
		return nil, fmt.Errorf("the baseline is of version %d, and this gsrv reads version %d; gsrv baseline create writes a new one", doc.Version, baselineVersion)
	}
	return &Baseline{Entries: doc.Findings}, nil
}

// Text gives the baseline as it is kept in a file.
func (b *Baseline) Text() []byte {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	// Texts and a number cannot fail to encode.
	_ = e.Encode(baselineDocument{baselineVersion, b.Entries})
	return out.Bytes()
}

// filter leaves out the findings that the baseline knows and counts them.
func (b *Baseline) filter(findings []Finding) (kept []Finding, known int) {
	if b == nil {
		return findings, 0
	}
	kept = b.Unknown(findings)
	return kept, len(findings) - len(kept)
}

// Unknown gives the findings that the baseline does not list.
func (b *Baseline) Unknown(findings []Finding) []Finding {
	set := map[string]bool{}
	for _, e := range b.Entries {
		set[e.Fingerprint] = true
	}
	var out []Finding
	for _, f := range findings {
		if !set[f.Fingerprint] {
			out = append(out, f)
		}
	}
	return out
}

// Prune gives the baseline without the entries that no finding has any more, and those entries.
func (b *Baseline) Prune(findings []Finding) (pruned *Baseline, stale []BaselineEntry) {
	found := map[string]bool{}
	for _, f := range findings {
		found[f.Fingerprint] = true
	}
	pruned = &Baseline{Entries: []BaselineEntry{}}
	for _, e := range b.Entries {
		if found[e.Fingerprint] {
			pruned.Entries = append(pruned.Entries, e)
		} else {
			stale = append(stale, e)
		}
	}
	return pruned, stale
}
