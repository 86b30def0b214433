package lint

import "strings"

// A Policy is what the user said about rules.
type Policy struct {
	// Select and Ignore are selectors of rules (see Rule.Matches); an empty Select selects all. The longer selector that
	// matches wins, Ignore among equals.
	Select, Ignore []string
	// Enable are selectors of rules that run although they are off unless asked for.
	Enable []string
	// Severity overrides the severity by selector.
	Severity []SeverityOverride
	// Paths are exceptions for files.
	Paths []PathPolicy
}

// SeverityOverride sets the severity of the rules that a selector names.
type SeverityOverride struct {
	Selector string
	Severity Severity
}

// PathPolicy ignores rules below some paths.
type PathPolicy struct {
	Match  func(path string) bool
	Ignore []string
}

// longest gives how exactly the selectors name a rule: -1 not at all, 0 as one of all, then by length.
func longest(rule *Rule, selectors []string) int {
	best := -1
	for _, s := range selectors {
		if rule.Matches(s) {
			n := len(s)
			if strings.EqualFold(s, "all") {
				n = 0
			}
			best = max(best, n)
		}
	}
	return best
}

// enabled tells whether a rule runs: it is selected, and no more exact selector ignores it. Without a policy every rule runs.
func (p *Policy) enabled(rule *Rule) bool {
	if p == nil {
		return true
	}
	selected := 0
	if len(p.Select) > 0 {
		selected = longest(rule, p.Select)
	}
	if rule.Off && selected <= 0 && longest(rule, p.Enable) < 0 {
		return false
	}
	return selected >= 0 && longest(rule, p.Ignore) < max(selected, 1)
}

// apply leaves out what the policy ignores and sets severities.
func (p *Policy) apply(findings []Finding) []Finding {
	if p == nil {
		return findings
	}
	var kept []Finding
	for _, f := range findings {
		if p.ignoresAt(f) {
			continue
		}
		best := -1
		for _, o := range p.Severity {
			if n := longest(f.Rule, []string{o.Selector}); n > best {
				best = n
				f.Severity = o.Severity
			}
		}
		kept = append(kept, f)
	}
	return kept
}

func (p *Policy) ignoresAt(f Finding) bool {
	for _, path := range p.Paths {
		if longest(f.Rule, path.Ignore) >= 0 && path.Match(f.Range.Filename) {
			return true
		}
	}
	return false
}
