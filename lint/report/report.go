package report

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"gsrv/lint"
)

// A Report is a run's result and what the formats say about the run.
type Report struct {
	Result *lint.Result
	// Rules are the rules that ran, for formats that describe them. Rules of findings that are missing here are added.
	Rules []*lint.Rule
	// Version is gsrv's own version.
	Version string
	// Root is the absolute directory that relative names of files are relative to; empty where it is not to be shown.
	Root string
}

// An Option changes how a report is written.
type Option func(*options)

type options struct{ color, stacks bool }

// Color turns terminal colours on in the text format.
func Color(on bool) Option { return func(o *options) { o.color = on } }

// Stacks adds the stacks of crashes, in the text, json and sarif formats. They differ from run to run.
func Stacks(on bool) Option { return func(o *options) { o.stacks = on } }

type writer func(*bytes.Buffer, *Report, options) error

var formats = []struct {
	name  string
	write writer
}{
	{"text", writeText},
	{"json", writeJSON},
	{"sarif", writeSARIF},
	{"github", writeGitHub},
	{"gitlab", writeGitLab},
	{"junit", writeJUnit},
	{"checkstyle", writeCheckstyle},
}

// Formats lists the names of the formats: text first, which is the usual one.
func Formats() []string {
	names := make([]string, len(formats))
	for i, f := range formats {
		names[i] = f.name
	}
	return names
}

// Write writes a report in the format of that name. Nothing is written when it fails before writing.
func Write(w io.Writer, format string, r *Report, opts ...Option) error {
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	for _, f := range formats {
		if f.name != format {
			continue
		}
		if r.Result == nil {
			return errors.New("there is no result to report")
		}
		var b bytes.Buffer
		if err := f.write(&b, r, o); err != nil {
			return fmt.Errorf("writing the report as %s: %w", format, err)
		}
		_, err := w.Write(b.Bytes())
		return err
	}
	return fmt.Errorf("there is no format %q; there are %s", format, strings.Join(Formats(), ", "))
}

// rules gives Rules and those of findings that are missing there, each once, in order of identifier.
func (r *Report) rules() []*lint.Rule {
	all := slices.Clone(r.Rules)
	for i := range r.Result.Findings {
		all = append(all, r.Result.Findings[i].Rule)
	}
	seen := map[string]bool{}
	all = slices.DeleteFunc(all, func(rule *lint.Rule) bool {
		if rule == nil || seen[rule.ID] {
			return true
		}
		seen[rule.ID] = true
		return false
	})
	slices.SortStableFunc(all, func(a, b *lint.Rule) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// ruleOf gives the identifier and the name of a finding's rule.
func ruleOf(f *lint.Finding) (id, name string) {
	if f.Rule == nil {
		return "", ""
	}
	return f.Rule.ID, f.Rule.Name
}

// label is how a rule is named to people: "C001 uwsgi-master-no-lazy-apps".
func label(f *lint.Finding) string {
	id, name := ruleOf(f)
	return strings.TrimSpace(id + " " + name)
}

// level is the word that most formats have for a severity: error, warning or note.
func level(s lint.Severity) string {
	switch s {
	case lint.Error:
		return "error"
	case lint.Warning:
		return "warning"
	}
	return "note"
}

// fixFlag is the option that applies a fix.
func fixFlag(fix *lint.Fix) string {
	if fix.Safe {
		return "--fix"
	}
	return "--fix=all"
}

// A trouble is a file that could not be linted or a fault of gsrv itself: what every format has to tell although it is
// no finding.
type trouble struct {
	// id is "unreadable" or "crash".
	id string
	// file is the file, or the pseudo file; rule the identifier of the rule that crashed, if one did.
	file, rule string
	message    string
	stack      []byte
}

// troubles lists the files that could not be read, in order, then the crashes.
func (r *Report) troubles() []trouble {
	var out []trouble
	crashed := map[string]bool{}
	for _, c := range r.Result.Crashes {
		if c.Rule == "" {
			crashed[c.Unit] = true
		}
	}
	for _, f := range r.Result.Files {
		if statusOf(f) != statusUnreadable || crashed[f.Name] {
			continue
		}
		out = append(out, trouble{id: "unreadable", file: f.Name, message: strings.TrimPrefix(f.Err.Error(), f.Name+": ")})
	}
	for _, c := range r.Result.Crashes {
		t := trouble{id: "crash", file: c.Unit, rule: c.Rule, stack: c.Stack}
		if c.Rule == "" {
			t.message = fmt.Sprintf("internal error of gsrv while reading: %v. The file was not linted.", c.Value)
		} else {
			t.message = fmt.Sprintf("internal error of gsrv in rule %s: %v. What the other rules found is complete.", c.Rule, c.Value)
		}
		t.message += " Please report it, with the file where you can."
		out = append(out, t)
	}
	return out
}

// The statuses of files.
const (
	statusChecked    = "checked"
	statusSkipped    = "skipped"
	statusUnreadable = "unreadable"
)

func statusOf(f lint.FileStatus) string {
	switch {
	case errors.Is(f.Err, lint.ErrNotRecognised):
		return statusSkipped
	case f.Err != nil:
		return statusUnreadable
	case f.Dialect == "":
		return statusSkipped
	}
	return statusChecked
}

// counts is a run in numbers.
type counts struct {
	errors, warnings, infos int
	safe, offered           int
	checked                 int
	skipped, unreadable     int
}

func (r *Report) counts() (n counts) {
	for i := range r.Result.Findings {
		f := &r.Result.Findings[i]
		switch f.Severity {
		case lint.Error:
			n.errors++
		case lint.Warning:
			n.warnings++
		default:
			n.infos++
		}
		switch {
		case !f.Fixable():
		case f.Fix.Safe:
			n.safe++
		default:
			n.offered++
		}
	}
	for _, f := range r.Result.Files {
		switch statusOf(f) {
		case statusChecked:
			n.checked++
		case statusSkipped:
			n.skipped++
		default:
			n.unreadable++
		}
	}
	return n
}
