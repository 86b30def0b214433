package report

import (
	"bytes"
	"encoding/xml"

	"gsrv/lint"
	"gsrv/schema/frame"
)

type checkstyle struct {
	XMLName xml.Name         `xml:"checkstyle"`
	Version string           `xml:"version,attr"`
	Files   []checkstyleFile `xml:"file"`
}

type checkstyleFile struct {
	Name   string            `xml:"name,attr"`
	Errors []checkstyleError `xml:"error"`
}

type checkstyleError struct {
	Line     int    `xml:"line,attr,omitempty"`
	Column   int    `xml:"column,attr,omitempty"`
	Severity string `xml:"severity,attr"`
	Message  string `xml:"message,attr"`
	Source   string `xml:"source,attr"`
}

// checkstyleVersion is the version of Checkstyle whose report this is; consumers expect one.
const checkstyleVersion = "8.0"

// writeCheckstyle writes the XML report of Checkstyle, which most CI servers and editors read.
func writeCheckstyle(b *bytes.Buffer, r *Report, _ options) error {
	out := checkstyle{Version: checkstyleVersion}
	for _, g := range r.byFile() {
		file := checkstyleFile{Name: frame.Clean(g.name)}
		for _, f := range g.findings {
			file.Errors = append(file.Errors, checkstyleFinding(f))
		}
		for _, t := range g.troubles {
			file.Errors = append(file.Errors, checkstyleError{Severity: "error", Message: cleanLines(t.message), Source: "gsrv." + t.id})
		}
		out.Files = append(out.Files, file)
	}
	return encodeXML(b, out)
}

func checkstyleFinding(f *lint.Finding) checkstyleError {
	_, own := fileOf(f)
	message := f.Message
	e := checkstyleError{Severity: severityName(f.Severity)}
	if p := placeOf(f.Files, f.Range); own && p.known {
		e.Line, e.Column = p.start.line, p.start.column
	} else if f.Range.Filename != "" && !own {
		message = f.Range.Filename + ": " + message
	}
	id, name := ruleOf(f)
	e.Source = "gsrv." + frame.Clean(id)
	if name != "" {
		message += " [" + name + "]"
	}
	e.Message = cleanLines(message + relatedText(f))
	return e
}
