package lint

func (l *Linter) suppress(findings []Finding, _ []outcome) ([]Finding, int) { return findings, 0 }
