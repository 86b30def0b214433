package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"gsrv/docs"
	"gsrv/lint"
	"gsrv/lint/rules"
	"gsrv/schema"
)

func explainCommand(s *session) *cli.Command {
	return &cli.Command{
		Name:        "explain",
		Usage:       "print what a lint rule is about",
		ArgsUsage:   "RULE…",
		Description: "Prints the page of a rule: what happens in production, an example, the fix, where the facts come from.",
		Action: func(c *cli.Context) error {
			if !c.Args().Present() {
				return usagef("explain what? Name a rule, as in gsrv explain C001; gsrv rules lists them")
			}
			for i, name := range c.Args().Slice() {
				rule := rules.Lookup(name)
				if rule == nil {
					return usagef("%v", unknownRule(name))
				}
				page, err := fs.ReadFile(docs.Rules, "rules/"+rule.ID+".md")
				if err != nil {
					return fmt.Errorf("the page of %s is missing: %w", rule.ID, err)
				}
				if i > 0 {
					fmt.Fprintln(s.stdout)
				}
				s.stdout.Write(page)
			}
			return nil
		},
	}
}

func unknownRule(name string) error {
	if err := lint.CheckSelector(name, rules.All()); err != nil {
		return err
	}
	return fmt.Errorf("%q names several rules; gsrv rules %s lists them", name, name)
}

// jsonRule is a rule in the output of gsrv rules --format json.
type jsonRule struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Family   string   `json:"family"`
	Severity string   `json:"severity"`
	Servers  []string `json:"servers,omitempty"`
	Fix      string   `json:"fix"`
	Since    string   `json:"since,omitempty"`
	Until    string   `json:"until,omitempty"`
	Summary  string   `json:"summary"`
	Sources  []string `json:"sources,omitempty"`
}

func rulesCommand(s *session) *cli.Command {
	return &cli.Command{
		Name:      "rules",
		Usage:     "list the lint rules",
		ArgsUsage: "[SELECTOR…]",
		Flags:     []cli.Flag{&cli.StringFlag{Name: "format", Value: "text", Usage: "`FORMAT` of the output: text or json"}},
		Action: func(c *cli.Context) error {
			var list []*lint.Rule
			selectors := c.Args().Slice()
			for _, name := range selectors {
				if err := lint.CheckSelector(name, rules.All()); err != nil {
					return usagef("%v", err)
				}
			}
			for _, r := range rules.All() {
				wanted := len(selectors) == 0
				for _, selector := range selectors {
					wanted = wanted || r.Matches(selector)
				}
				if wanted {
					list = append(list, r)
				}
			}
			switch c.String("format") {
			case "text":
				return writeRules(s, list)
			case "json":
				return writeRulesJSON(s, list)
			}
			return usagef("--format %s: the formats are text and json", c.String("format"))
		},
	}
}

func writeRules(s *session, list []*lint.Rule) error {
	w := tabwriter.NewWriter(s.stdout, 0, 0, 2, ' ', 0)
	for _, r := range list {
		fix := ""
		if r.Fix != lint.FixNone {
			fix = r.Fix.String() + " fix"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", r.ID, r.Severity, r.Name, strings.Join(r.Servers, ","), fix)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(s.stdout, "%s; gsrv explain RULE tells more\n", count(len(list), "rule"))
	return nil
}

func writeRulesJSON(s *session, list []*lint.Rule) error {
	out := make([]jsonRule, 0, len(list))
	for _, r := range list {
		out = append(out, jsonRule{r.ID, r.Name, r.Family(), r.Severity.String(), r.Servers, r.Fix.String(), r.Since, r.Until, r.Summary, r.Sources})
	}
	e := json.NewEncoder(s.stdout)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(struct {
		Version int        `json:"version"`
		Rules   []jsonRule `json:"rules"`
	}{1, out})
}

func baselineCommand(s *session) *cli.Command {
	flags := lintFlags()
	return &cli.Command{
		Name:  "baseline",
		Usage: "keep a list of known findings, so that lint fails for new ones only",
		Subcommands: []*cli.Command{
			{Name: "create", Usage: "write the present findings as the baseline", ArgsUsage: "[PATH…]", Flags: append([]cli.Flag{&cli.BoolFlag{Name: "force", Usage: "replace a baseline that is there"}}, flags...), Action: s.baselineCreate},
			{Name: "check", Usage: "exit 1 where there are new findings, or entries that nothing has any more", ArgsUsage: "[PATH…]", Flags: flags, Action: s.baselineCheck},
			{Name: "prune", Usage: "take out entries that nothing has any more", ArgsUsage: "[PATH…]", Flags: flags, Action: s.baselinePrune},
		},
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return usagef("there is no command baseline %s; there are create, check and prune", c.Args().First())
			}
			return usagef("gsrv baseline create, check or prune")
		},
	}
}

// findings runs the linter with the baseline put aside.
func (s *session) findings(c *cli.Context) (*lintRun, *lint.Result, *lint.Baseline, error) {
	run, err := s.prepareLint(c)
	if err != nil {
		return nil, nil, nil, err
	}
	old := run.linter.Baseline
	run.linter.Baseline = nil
	res := run.do(run.linter)
	s.aboutFiles(c, run, res)
	if len(res.Crashes) > 0 {
		return nil, nil, nil, quit(exitInternal)
	}
	if len(run.missing) > 0 {
		return nil, nil, nil, quit(exitInput)
	}
	return run, res, old, nil
}

func (s *session) baselineCreate(c *cli.Context) error {
	if path, ok := s.existingBaseline(c); ok && !c.Bool("force") {
		return usagef("%s is there already; gsrv baseline prune takes old entries out, create --force writes it anew", path)
	}
	run, res, _, err := s.findings(c)
	if err != nil {
		return err
	}
	path, _ := run.baselineFile(c)
	b := lint.NewBaseline(res.Findings)
	if err := schema.ReplaceFile(path, b.Text()); err != nil {
		return &exitError{exitInput, err.Error()}
	}
	fmt.Fprintf(s.stdout, "%s: %s\n", path, count(len(b.Entries), "known finding"))
	return nil
}

func (s *session) existingBaseline(c *cli.Context) (string, bool) {
	root, err := startDir(c)
	if err != nil {
		return "", false
	}
	run := &lintRun{root: root, configDir: root, config: &lint.Config{}}
	if s.lintConfig(c, run) != nil {
		return "", false
	}
	path, _ := run.baselineFile(c)
	return path, schema.NewFiles("").Exists(path) != ""
}

func (s *session) baselineCheck(c *cli.Context) error {
	run, res, old, err := s.findings(c)
	if err != nil {
		return err
	}
	if old == nil {
		return &exitError{exitInput, "there is no baseline; gsrv baseline create writes one"}
	}
	_, stale := old.Prune(res.Findings)
	fresh := 0
	for _, f := range old.Unknown(res.Findings) {
		if run.config.FailOn > 0 && f.Severity >= run.config.FailOn {
			fresh++
			fmt.Fprintf(s.stdout, "new: %s:%d: %s: %s [%s]\n", f.Range.Filename, f.Range.Start.Line, f.Severity, f.Message, f.Rule.ID)
		}
	}
	for _, e := range stale {
		fmt.Fprintf(s.stdout, "gone: %s: %s [%s]\n", e.File, e.Message, e.Rule)
	}
	fmt.Fprintf(s.stdout, "%s, %d new, %d gone\n", count(len(old.Entries), "known finding"), fresh, len(stale))
	if fresh > 0 || len(stale) > 0 {
		return quit(exitProblems)
	}
	return nil
}

func (s *session) baselinePrune(c *cli.Context) error {
	run, res, old, err := s.findings(c)
	if err != nil {
		return err
	}
	if old == nil {
		return &exitError{exitInput, "there is no baseline; gsrv baseline create writes one"}
	}
	pruned, stale := old.Prune(res.Findings)
	path, _ := run.baselineFile(c)
	if len(stale) > 0 {
		if err := schema.ReplaceFile(path, pruned.Text()); err != nil {
			return &exitError{exitInput, err.Error()}
		}
	}
	fmt.Fprintf(s.stdout, "%s: %d taken out, %d left\n", path, len(stale), len(pruned.Entries))
	return nil
}
