package lint

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
)

// A Finding is one place where a rule speaks.
type Finding struct {
	Rule     *Rule
	Severity Severity
	// Message says what will happen in production, in one or a few sentences.
	Message string
	// Range is the source that causes it; Range.Filename is relative to the directory that was linted where it can be,
	// or a pseudo file such as "<command line>".
	Range hcl.Range
	// Related are other places that belong to it: "overridden here", "started here".
	Related []schema.Related
	// Fix is what would mend it; nil where a person has to decide.
	Fix *Fix
	// Files holds the texts that the ranges point into.
	Files *schema.Files
	// Fingerprint recognises the finding when lines above it come and go: rule, file and the text it stands on.
	Fingerprint string
	// Unit names the configuration that was read: the file, or the command line.
	Unit string
}

// As sets the severity and gives the finding back.
func (f *Finding) As(s Severity) *Finding {
	f.Severity = s
	return f
}

// Lower takes the severity down by n levels, at most to Info.
func (f *Finding) Lower(n int) *Finding {
	f.Severity = Severity(max(int(f.Severity)-n, int(Info)))
	return f
}

// Raise takes the severity up by n levels, at most to Error.
func (f *Finding) Raise(n int) *Finding {
	f.Severity = Severity(min(int(f.Severity)+n, int(Error)))
	return f
}

// Also adds a place that belongs to the finding. A zero range is left out.
func (f *Finding) Also(at hcl.Range, format string, args ...any) *Finding {
	if at.Filename != "" {
		f.Related = append(f.Related, schema.Related{Message: sprintf(format, args), Range: at})
	}
	return f
}

// With sets the fix; nil for none.
func (f *Finding) With(fix *Fix) *Finding {
	f.Fix = fix
	return f
}

func sprintf(format string, args []any) string {
	if len(args) == 0 {
		return format
	}
	return fmt.Sprintf(format, args...)
}

// A Fix is a set of edits that mend a finding.
type Fix struct {
	// Title says what it does, in the imperative: "Add lazy-apps = true".
	Title string
	// Safe tells that what runs does not change, or cannot run at all today.
	Safe bool
	// Edits do not overlap; each is in one file.
	Edits []Edit
	// Promise are the effective settings after the fix, by native name, as the server prints them; "" promises that the
	// setting is no longer set. Settings not named must stay as they are.
	Promise map[string]string
	// Drops are names of settings unknown to the server that are gone after the fix.
	Drops []string
}

// An Edit replaces the bytes of Range by New.
type Edit struct {
	Range hcl.Range
	New   string
}

// lineText gives the trimmed text of the line that a range begins on.
func lineText(files *schema.Files, r hcl.Range) string {
	if files == nil {
		return ""
	}
	text := files.Text(r.Filename)
	if r.Start.Byte > len(text) {
		return ""
	}
	start := bytes.LastIndexByte(text[:r.Start.Byte], '\n') + 1
	end := len(text)
	if i := bytes.IndexByte(text[r.Start.Byte:], '\n'); i >= 0 {
		end = r.Start.Byte + i
	}
	return strings.Join(strings.Fields(string(text[start:end])), " ")
}

// setFingerprints gives every finding its fingerprint. Findings must be in their final order; those that stand on equal
// text are numbered.
func setFingerprints(findings []Finding) {
	seen := map[string]int{}
	for i := range findings {
		f := &findings[i]
		key := f.Rule.ID + "\x00" + filepath.ToSlash(f.Range.Filename) + "\x00" + lineText(f.Files, f.Range)
		n := seen[key]
		seen[key]++
		sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d", key, n))
		f.Fingerprint = hex.EncodeToString(sum[:16])
	}
}
