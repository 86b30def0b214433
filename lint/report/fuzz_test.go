package report

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/url"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"

	"gsrv/lint"
	"gsrv/schema"
)

// oddReport makes a report of untrusted parts; positions need not fit the text.
func oddReport(name, message, text string, start, end, line, column int) *Report {
	files := schema.NewFiles("")
	files.Put(name, []byte(text))
	at := hcl.Range{Filename: name, Start: hcl.Pos{Line: line, Column: column, Byte: start}, End: hcl.Pos{Line: column, Column: line, Byte: end}}
	inside := schema.RangeOf(name, []byte(text), start, end)
	rule := &lint.Rule{ID: "X001", Name: "odd", Severity: lint.Warning, Summary: "Odd."}
	finding := func(severity lint.Severity, at hcl.Range, files *schema.Files) lint.Finding {
		return lint.Finding{
			Rule: rule, Severity: severity, Message: message, Range: at, Files: files, Unit: name,
			Related: []schema.Related{{Message: message, Range: inside}, {Message: "no place"}},
			Fix:     &lint.Fix{Title: message, Edits: []lint.Edit{{Range: at, New: message}, {Range: inside, New: text}}},
		}
	}
	return &Report{
		Result: &lint.Result{
			Findings: []lint.Finding{
				finding(lint.Error, at, files), finding(lint.Warning, inside, files), finding(lint.Info, at, nil), finding(0, hcl.Range{}, files),
			},
			Files: []lint.FileStatus{
				{Name: name, Dialect: "uwsgi", Reason: message},
				{Name: name + "2", Err: errors.New(message)},
				{Name: name + "3", Err: lint.ErrNotRecognised, Reason: message},
			},
			Crashes: []lint.Crash{{Unit: name, Value: message, Stack: []byte(text)}, {Rule: "X001", Unit: name, Value: text}},
		},
		Version: message,
		Root:    "/" + name,
	}
}

// FuzzFormats checks that every format is well formed, and harmless on a terminal, whatever names, texts, messages and
// positions are.
func FuzzFormats(f *testing.F) {
	f.Add("a.ini", "message", "a = b\n", 0, 5, 1, 1)
	f.Add("", "", "", 0, 0, 0, 0)
	f.Add("<command line>", "x\ny", "uwsgi --http :80", 6, 99, 1, 7)
	f.Add("a:b,c%\xff\x1b/\"<c>&\n\u202e.ini", "\x00\xff]]>\n::error::x\r\u0085\ufffe", "x\ty\n\xffz\n\n", -1, 3, 7, 2)
	f.Add("/abs//../x", "\U000e0001\u2028", "é\r\né\n", 1, 2, -3, -4)
	f.Add("..", "%0A::", "\n\n\n\n\n\n\n\n\n\n", 2, 9, 3, 1)
	f.Fuzz(func(t *testing.T, name, message, text string, start, end, line, column int) {
		r := oddReport(name, message, text, start, end, line, column)
		for _, format := range Formats() {
			out := write(t, format, r, Stacks(true))
			if !utf8.ValidString(out) {
				t.Errorf("%s: not UTF-8", format)
			}
			if i := strings.IndexFunc(out, func(c rune) bool { return c != '\n' && (unicode.IsControl(c) || unicode.Is(unicode.Cf, c)) }); i >= 0 {
				t.Errorf("%s: a control character at %d: %q", format, i, out[max(0, i-20):min(len(out), i+20)])
			}
			switch format {
			case "json", "gitlab":
				if !json.Valid([]byte(out)) {
					t.Errorf("%s: not JSON", format)
				}
			case "sarif":
				fuzzSARIF(t, out)
			case "junit", "checkstyle":
				for dec := xml.NewDecoder(strings.NewReader(out)); ; {
					if _, err := dec.Token(); err == io.EOF {
						break
					} else if err != nil {
						t.Fatalf("%s: %v", format, err)
					}
				}
			case "github":
				if n, want := strings.Count(out, "\n"), len(r.Result.Findings)+len(r.troubles()); n != want {
					t.Errorf("github: %d lines for %d annotations", n, want)
				}
				for l := range strings.Lines(out) {
					if !strings.HasPrefix(l, "::error ") && !strings.HasPrefix(l, "::warning ") && !strings.HasPrefix(l, "::notice ") {
						t.Errorf("github: not a command: %q", l)
					}
				}
			}
		}
	})
}

// fuzzSARIF checks the addresses and regions of a log.
func fuzzSARIF(t *testing.T, out string) {
	var log sarifLog
	if err := json.Unmarshal([]byte(out), &log); err != nil {
		t.Fatal(err)
	}
	for _, res := range log.Runs[0].Results {
		for _, l := range append(res.Locations, res.Related...) {
			if l.Physical == nil {
				continue
			}
			u, err := url.Parse(l.Physical.Artifact.URI)
			if err != nil {
				t.Errorf("uri %q: %v", l.Physical.Artifact.URI, err)
			} else if based := l.Physical.Artifact.URIBaseID != ""; based == u.IsAbs() {
				t.Errorf("uri %q, base %q", l.Physical.Artifact.URI, l.Physical.Artifact.URIBaseID)
			}
			if g := l.Physical.Region; g != nil {
				if g.StartLine < 1 || g.StartColumn < 1 || g.EndLine < g.StartLine || g.EndLine == g.StartLine && g.EndColumn < g.StartColumn {
					t.Errorf("region %+v", *g)
				}
			}
		}
	}
}
