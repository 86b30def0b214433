package schema

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
)

// A Detail is what gsrv knows of a diagnostic beyond hcl's fields; it travels in Diagnostic.Extra.
//
// Severity tells who objects: DiagError is what the server itself refuses (or what cannot be read at all),
// DiagWarning what the server takes silently although it cannot be meant. A Detail with Note set is information
// and fails nothing.
type Detail struct {
	// Code is a stable kebab-case name: "unknown-setting", "invalid-value", "syntax-error", "file-missing".
	Code string
	// Note marks information that fails nothing.
	Note bool
	// Application marks a refusal that concerns the application behind the server, not the server's own settings:
	// a Paste file without the [app:] section that is asked for.
	Application bool
	// Related are other places that belong to it: "overridden here".
	Related []Related
	// ServerMessage is the message the server itself prints, where it is known.
	ServerMessage string
	// Suggest is what was likely meant, ready to be put in place of the range.
	Suggest string
}

// Related is another place that belongs to a diagnostic.
type Related struct {
	Message string
	Range   hcl.Range
}

// Errorf makes the diagnostic of something the server refuses. The summary says what is wrong in a few words,
// the detail what happens and what to do.
func Errorf(code string, at hcl.Range, summary, detail string, args ...any) *hcl.Diagnostic {
	return diagnostic(hcl.DiagError, &Detail{Code: code}, at, summary, detail, args)
}

// Warnf makes the diagnostic of something the server takes although it cannot be meant.
func Warnf(code string, at hcl.Range, summary, detail string, args ...any) *hcl.Diagnostic {
	return diagnostic(hcl.DiagWarning, &Detail{Code: code}, at, summary, detail, args)
}

// Notef makes a diagnostic that fails nothing.
func Notef(code string, at hcl.Range, summary, detail string, args ...any) *hcl.Diagnostic {
	return diagnostic(hcl.DiagWarning, &Detail{Code: code, Note: true}, at, summary, detail, args)
}

func diagnostic(severity hcl.DiagnosticSeverity, extra *Detail, at hcl.Range, summary, detail string, args []any) *hcl.Diagnostic {
	if len(args) > 0 {
		detail = fmt.Sprintf(detail, args...)
	}
	return &hcl.Diagnostic{Severity: severity, Summary: summary, Detail: detail, Subject: &at, Extra: extra}
}

// DetailOf gives the Detail of a diagnostic, never nil.
func DetailOf(d *hcl.Diagnostic) *Detail {
	if x, ok := d.Extra.(*Detail); ok {
		return x
	}
	return &Detail{}
}

// HasWarnings tells whether diags hold anything that is neither an error nor a mere note.
func HasWarnings(diags hcl.Diagnostics) bool {
	for _, d := range diags {
		if d.Severity == hcl.DiagWarning && !DetailOf(d).Note {
			return true
		}
	}
	return false
}
