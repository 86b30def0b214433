package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"gsrv/lint"
)

// gitlabIssue is one entry of a Code Quality report. Facts: GitLab documentation, Code Quality report format.
type gitlabIssue struct {
	Type        string         `json:"type"`
	Description string         `json:"description"`
	CheckName   string         `json:"check_name"`
	Categories  []string       `json:"categories"`
	Fingerprint string         `json:"fingerprint"`
	Severity    string         `json:"severity"`
	Location    gitlabLocation `json:"location"`
}

type gitlabLocation struct {
	Path  string      `json:"path"`
	Lines gitlabLines `json:"lines"`
}

type gitlabLines struct {
	Begin int `json:"begin"`
	End   int `json:"end"`
}

// writeGitLab writes the Code Quality report that GitLab shows in merge requests.
func writeGitLab(b *bytes.Buffer, r *Report, _ options) error {
	issues := []gitlabIssue{}
	for i := range r.Result.Findings {
		f := &r.Result.Findings[i]
		file, own := fileOf(f)
		issue := gitlabIssue{
			Type: "issue", Description: cleanLines(f.Message), CheckName: label(f), Categories: []string{gitlabCategory(f)},
			Fingerprint: f.Fingerprint, Severity: map[string]string{"error": "critical", "warning": "major", "note": "info"}[level(f.Severity)],
			Location: gitlabLocation{valid(file), gitlabLines{1, 1}},
		}
		if p := placeOf(f.Files, f.Range); own && p.known {
			issue.Location.Lines = gitlabLines{p.start.line, p.end.line}
		} else if f.Range.Filename != "" && !own {
			issue.Description = cleanLines(f.Range.Filename + ": " + f.Message)
		}
		issues = append(issues, issue)
	}
	for _, t := range r.troubles() {
		issues = append(issues, gitlabIssue{
			Type: "issue", Description: cleanLines(t.message), CheckName: "gsrv " + t.id, Categories: []string{"Bug Risk"},
			Severity: "critical", Location: gitlabLocation{valid(t.file), gitlabLines{1, 1}},
		})
	}
	// GitLab compares reports by fingerprint and drops what has one that was there already.
	seen := map[string]bool{}
	for i := range issues {
		is := &issues[i]
		for n := 0; is.Fingerprint == "" || seen[is.Fingerprint]; n++ {
			sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%s\x00%d", is.CheckName, is.Location.Path, is.Description, n))
			is.Fingerprint = hex.EncodeToString(sum[:16])
		}
		seen[is.Fingerprint] = true
	}
	return encodeJSON(b, issues)
}

// gitlabCategory gives the category of Code Climate that a rule's family belongs to.
func gitlabCategory(f *lint.Finding) string {
	if f.Rule != nil && f.Rule.ID != "" {
		switch f.Rule.ID[0] {
		case 'N', 'T', 'V':
			return "Security"
		case 'L':
			return "Performance"
		case 'O', 'P', 'Z':
			return "Clarity"
		}
	}
	return "Bug Risk"
}
