package report

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"

	"gsrv/lint"
	"gsrv/schema/frame"
)

type junitSuites struct {
	XMLName  xml.Name   `xml:"testsuites"`
	Name     string     `xml:"name,attr"`
	Tests    int        `xml:"tests,attr"`
	Failures int        `xml:"failures,attr"`
	Errors   int        `xml:"errors,attr"`
	Suite    junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name      string        `xml:"name,attr"`
	Classname string        `xml:"classname,attr"`
	Skipped   *junitMessage `xml:"skipped"`
	Error     *junitMessage `xml:"error"`
	Failure   *junitMessage `xml:"failure"`
	SystemOut string        `xml:"system-out,omitempty"`
}

type junitMessage struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// writeJUnit writes one test suite with a test case per file: findings that are errors or warnings fail it, notes are
// its output, a file that cannot be read and a fault of gsrv are an error.
func writeJUnit(b *bytes.Buffer, r *Report, _ options) error {
	suite := junitSuite{Name: "gsrv lint"}
	for _, g := range r.byFile() {
		c := junitCase{Name: frame.Clean(g.name), Classname: "gsrv.lint"}
		var failing, notes []string
		worst := lint.Info
		var first string
		for _, f := range g.findings {
			text := describe(f)
			if f.Severity != lint.Error && f.Severity != lint.Warning {
				notes = append(notes, text)
				continue
			}
			failing = append(failing, text)
			if f.Severity > worst {
				worst = f.Severity
				first, _, _ = strings.Cut(text, "\n")
			}
		}
		if n := len(failing); n > 0 {
			if n > 1 {
				first += fmt.Sprintf(" (and %d more)", n-1)
			}
			c.Failure = &junitMessage{Message: first, Type: worst.String(), Text: strings.Join(failing, "\n")}
			suite.Failures++
		}
		if len(g.troubles) > 0 {
			var lines []string
			for _, t := range g.troubles {
				lines = append(lines, cleanLines(t.message))
			}
			c.Error = &junitMessage{Message: lines[0], Type: g.troubles[0].id, Text: strings.Join(lines, "\n")}
			suite.Errors++
		}
		if g.status != nil && statusOf(*g.status) == statusSkipped && c.Failure == nil && c.Error == nil {
			c.Skipped = &junitMessage{Message: frame.Clean(g.status.Reason)}
			suite.Skipped++
		}
		c.SystemOut = strings.Join(notes, "\n")
		suite.Cases = append(suite.Cases, c)
	}
	suite.Tests = len(suite.Cases)
	return encodeXML(b, junitSuites{Name: "gsrv lint", Tests: suite.Tests, Failures: suite.Failures, Errors: suite.Errors, Suite: suite})
}

// describe says in lines of text what a finding says, without code frames.
func describe(f *lint.Finding) string {
	file, own := fileOf(f)
	at := frame.Clean(file)
	if own || f.Range.Filename != "" {
		at = frame.Place(f.Files, f.Range)
	}
	text := fmt.Sprintf("%s: %s: %s [%s]%s", at, level(f.Severity), f.Message, label(f), relatedText(f))
	if f.Fix != nil {
		text += fmt.Sprintf("\nfix: %s (gsrv lint %s)", f.Fix.Title, fixFlag(f.Fix))
	}
	return cleanLines(text)
}
