package main

import (
	"encoding/json"
	"io"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"gsrv/schema"
	"gsrv/schema/frame"
)

// jsonFormat is the version of the JSON output; it changes when a field changes its meaning or goes.
const jsonFormat = 1

type jsonReport struct {
	Format      int              `json:"format"`
	OK          bool             `json:"ok"`
	Server      string           `json:"server"`
	Version     string           `json:"version,omitempty"`
	Summary     string           `json:"summary,omitempty"`
	Native      any              `json:"native,omitempty"`
	Settings    []jsonSetting    `json:"settings"`
	Open        []string         `json:"open,omitempty"`
	Host        jsonHost         `json:"host"`
	Diagnostics []jsonDiagnostic `json:"diagnostics"`
}

type jsonHost struct {
	Machine bool `json:"this_machine"`
	CPUs    *int `json:"cpus"`
}

type jsonSetting struct {
	Name       string          `json:"name,omitempty"`
	Native     string          `json:"native,omitempty"`
	Known      bool            `json:"known"`
	Value      json.RawMessage `json:"value,omitempty"`
	Text       string          `json:"text,omitempty"`
	Expression string          `json:"expression,omitempty"`
	Why        string          `json:"why,omitempty"`
	Maybe      bool            `json:"maybe,omitempty"`
	Layer      string          `json:"layer"`
	Source     string          `json:"source,omitempty"`
	Place      *jsonPlace      `json:"place,omitempty"`
	Parts      []jsonSetting   `json:"parts,omitempty"`
	Overrode   []jsonSetting   `json:"overrode,omitempty"`
}

type jsonPlace struct {
	File      string `json:"file"`
	Line      int    `json:"line"`
	Column    int    `json:"column"`
	EndLine   int    `json:"end_line"`
	EndColumn int    `json:"end_column"`
}

type jsonDiagnostic struct {
	Severity      string        `json:"severity"`
	Code          string        `json:"code,omitempty"`
	Summary       string        `json:"summary"`
	Detail        string        `json:"detail,omitempty"`
	ServerMessage string        `json:"server_message,omitempty"`
	Suggest       string        `json:"suggest,omitempty"`
	Place         *jsonPlace    `json:"place,omitempty"`
	Related       []jsonRelated `json:"related,omitempty"`
}

type jsonRelated struct {
	Message string     `json:"message"`
	Place   *jsonPlace `json:"place,omitempty"`
}

// writeJSON prints the report of a reading.
func writeJSON(w io.Writer, r *reading, settings []schema.Setting, nativeNames bool) error {
	report := reportOf(r, settings)
	if nativeNames {
		report.Native = r.config.Native
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(report)
}

func reportOf(r *reading, settings []schema.Setting) *jsonReport {
	report := &jsonReport{
		Format: jsonFormat, OK: !r.diags.HasErrors(), Server: r.config.Dialect, Version: r.config.Target.String(), Summary: r.config.Summary,
		Settings: []jsonSetting{}, Diagnostics: []jsonDiagnostic{}, Host: jsonHost{Machine: r.host.Machine},
	}
	if n, ok := r.host.Fact(schema.CPUCount); ok {
		count, _ := n.AsBigFloat().Int64()
		cpus := int(count)
		report.Host.CPUs = &cpus
	}
	for _, o := range r.config.Open {
		report.Open = append(report.Open, o.Reason)
	}
	for _, s := range settings {
		report.Settings = append(report.Settings, jsonOf(r, s))
	}
	for _, d := range r.diags {
		report.Diagnostics = append(report.Diagnostics, jsonDiag(r, d))
	}
	return report
}

func jsonOf(r *reading, s schema.Setting) jsonSetting {
	out := jsonSetting{
		Name: s.Name, Native: s.Native, Text: s.Text, Expression: expression(s), Maybe: s.Maybe,
		Layer: s.Layer.String(), Source: s.Source, Place: jsonPlaceOf(r.files, s.Range),
	}
	if s.OnHost != cty.NilVal && s.OnHost.IsWhollyKnown() {
		if text, err := (ctyjson.SimpleJSONValue{Value: s.OnHost}).MarshalJSON(); err == nil {
			out.Known, out.Value = true, text
		}
	} else if o := schema.FindOpaque(s.Value); o != nil {
		out.Why = o.Reason
	}
	for _, p := range s.Parts {
		out.Parts = append(out.Parts, jsonOf(r, p))
	}
	for _, o := range s.Shadowed {
		out.Overrode = append(out.Overrode, jsonOf(r, o))
	}
	return out
}

func jsonPlaceOf(files *schema.Files, at hcl.Range) *jsonPlace {
	if at.Filename == "" {
		return nil
	}
	p := &jsonPlace{File: at.Filename}
	p.Line, p.Column = frame.LineColumn(files, at.Start, at.Filename)
	p.EndLine, p.EndColumn = frame.LineColumn(files, at.End, at.Filename)
	return p
}

func jsonDiag(r *reading, d *hcl.Diagnostic) jsonDiagnostic {
	detail := schema.DetailOf(d)
	out := jsonDiagnostic{
		Severity: frame.Severity(d), Code: detail.Code, Summary: d.Summary, Detail: d.Detail,
		ServerMessage: detail.ServerMessage, Suggest: detail.Suggest,
	}
	if d.Subject != nil {
		out.Place = jsonPlaceOf(r.files, *d.Subject)
	}
	for _, rel := range detail.Related {
		out.Related = append(out.Related, jsonRelated{Message: rel.Message, Place: jsonPlaceOf(r.files, rel.Range)})
	}
	return out
}
