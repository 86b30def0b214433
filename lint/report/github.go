package report

import (
	"bytes"
	"fmt"
	"strings"

	"gsrv/lint"
	"gsrv/schema/frame"
)

// writeGitHub writes workflow commands of GitHub Actions: each becomes an annotation on its line. Facts: GitHub
// documentation, Workflow commands for GitHub Actions.
func writeGitHub(b *bytes.Buffer, r *Report, _ options) error {
	for i := range r.Result.Findings {
		githubFinding(b, &r.Result.Findings[i])
	}
	for _, t := range r.troubles() {
		props := []string{}
		if !pseudo(t.file) {
			props = append(props, "file="+githubProperty(t.file))
		}
		props = append(props, "title="+githubProperty("gsrv "+t.id))
		githubCommand(b, "error", props, t.message)
	}
	return nil
}

func githubFinding(b *bytes.Buffer, f *lint.Finding) {
	word := map[string]string{"error": "error", "warning": "warning", "note": "notice"}[level(f.Severity)]
	var props []string
	message := f.Message
	file, own := fileOf(f)
	switch p := placeOf(f.Files, f.Range); {
	case pseudo(file):
		message = file + ": " + message
	case !own || !p.known:
		props = append(props, "file="+githubProperty(file))
		if f.Range.Filename != "" && !own {
			message = f.Range.Filename + ": " + message
		}
	default:
		props = append(props, "file="+githubProperty(file), fmt.Sprintf("line=%d", p.start.line))
		if p.start.line == p.end.line {
			// The runner takes columns only where both lines are the same.
			props = append(props, fmt.Sprintf("col=%d", p.start.column), fmt.Sprintf("endLine=%d", p.end.line), fmt.Sprintf("endColumn=%d", p.end.column))
		} else {
			props = append(props, fmt.Sprintf("endLine=%d", p.end.line))
		}
	}
	props = append(props, "title="+githubProperty("gsrv "+label(f)))
	message += relatedText(f)
	if f.Fix != nil {
		message += fmt.Sprintf("\nfix: %s (gsrv lint %s)", f.Fix.Title, fixFlag(f.Fix))
	}
	githubCommand(b, word, props, message)
}

// relatedText lists the places that belong to a finding, each on a line of its own, which begins it.
func relatedText(f *lint.Finding) string {
	var b strings.Builder
	for _, rel := range f.Related {
		fmt.Fprintf(&b, "\n%s: %s", frame.Place(f.Files, rel.Range), rel.Message)
	}
	return b.String()
}

func githubCommand(b *bytes.Buffer, word string, props []string, message string) {
	fmt.Fprintf(b, "::%s %s::%s\n", word, strings.Join(props, ","), githubData(message))
}

var (
	githubDataEscapes     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	githubPropertyEscapes = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

func githubData(s string) string { return githubDataEscapes.Replace(cleanLines(s)) }

func githubProperty(s string) string { return githubPropertyEscapes.Replace(frame.Clean(s)) }

// cleanLines makes a text of several lines safe for a terminal.
func cleanLines(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	for i := range lines {
		lines[i] = frame.Clean(strings.TrimRight(lines[i], "\r"))
	}
	return strings.Join(lines, "\n")
}
