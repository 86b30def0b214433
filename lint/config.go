package lint

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
)

// ConfigFile is the name under which the linter's own configuration is looked for in the directory that is linted.
const ConfigFile = ".gsrv.hcl"

// A Config is the linter's own configuration.
type Config struct {
	Policy Policy
	// FailOn is the least severity that fails a run; 0 for none ("never").
	FailOn Severity
	// Targets are server versions that count in place of what the project pins.
	Targets []schema.Target
	// Exclude are globs of files and directories that are not looked at.
	Exclude []string
	// Baseline is the baseline's file, relative to the configuration; empty for BaselineFile where it exists.
	Baseline string
}

// ParseFailOn reads error, warning, info or never.
func ParseFailOn(s string) (Severity, error) {
	if s == "never" {
		return 0, nil
	}
	v, err := ParseSeverity(s)
	if err != nil {
		return 0, fmt.Errorf("%q: there are error, warning, info and never", s)
	}
	return v, nil
}

// ReadConfig reads the linter's configuration. Unknown keys, unknown rules and wrong types are errors with their place.
func ReadConfig(filename string, text []byte, rules []*Rule) (*Config, hcl.Diagnostics) {
	c := &Config{FailOn: Warning}
	file, diags := hclsyntax.ParseConfig(text, filename, hcl.InitialPos)
	if diags.HasErrors() {
		return c, diags
	}
	r := &configReader{config: c, rules: rules, diags: diags}
	top := r.content(file.Body, &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "lint"}}})
	for i, block := range top.Blocks {
		if i > 0 {
			r.fail(block.DefRange, "Second lint block", "There is one lint block; put its settings together.")
			continue
		}
		r.lint(block.Body)
	}
	slices.SortStableFunc(r.diags, func(a, b *hcl.Diagnostic) int {
		if a.Subject == nil || b.Subject == nil {
			return 0
		}
		return cmp.Compare(a.Subject.Start.Byte, b.Subject.Start.Byte)
	})
	return c, r.diags
}

type configReader struct {
	config *Config
	rules  []*Rule
	diags  hcl.Diagnostics
}

func (r *configReader) fail(at hcl.Range, summary, detail string, args ...any) {
	r.diags = append(r.diags, schema.Errorf("lint-config", at, summary, detail, args...))
}

func (r *configReader) content(body hcl.Body, s *hcl.BodySchema) *hcl.BodyContent {
	content, diags := body.Content(s)
	r.diags = append(r.diags, diags...)
	return content
}

func attributes(names ...string) (out []hcl.AttributeSchema) {
	for _, n := range names {
		out = append(out, hcl.AttributeSchema{Name: n})
	}
	return out
}

func (r *configReader) lint(body hcl.Body) {
	content := r.content(body, &hcl.BodySchema{
		Attributes: attributes("fail_on", "targets", "select", "ignore", "exclude", "baseline"),
		Blocks:     []hcl.BlockHeaderSchema{{Type: "rule", LabelNames: []string{"rule"}}, {Type: "path", LabelNames: []string{"glob"}}},
	})
	for _, name := range []string{"fail_on", "targets", "select", "ignore", "exclude", "baseline"} {
		a := content.Attributes[name]
		if a == nil {
			continue
		}
		switch name {
		case "fail_on":
			if text, ok := r.text(a); ok {
				v, err := ParseFailOn(text)
				if err != nil {
					r.fail(a.Expr.Range(), "No such threshold", "fail_on = %v.", err)
				}
				r.config.FailOn = v
			}
		case "targets":
			for _, item := range r.list(a) {
				t, err := schema.ParseTarget(item.Text)
				if err != nil || t.Version.IsZero() {
					r.fail(item.Range, "No target", "%q is not a server and its version, such as gunicorn@20.1.0.", item.Text)
					continue
				}
				r.config.Targets = append(r.config.Targets, t)
			}
		case "select":
			r.config.Policy.Select = r.selectors(a)
		case "ignore":
			r.config.Policy.Ignore = r.selectors(a)
		case "exclude":
			for _, item := range r.list(a) {
				if r.glob(item) {
					r.config.Exclude = append(r.config.Exclude, item.Text)
				}
			}
		case "baseline":
			r.config.Baseline, _ = r.text(a)
		}
	}
	for _, block := range content.Blocks {
		label := Item{Text: block.Labels[0], Range: block.LabelRanges[0]}
		if block.Type == "rule" {
			r.rule(label, block)
		} else {
			r.path(label, block)
		}
	}
}

func (r *configReader) rule(label Item, block *hcl.Block) {
	known := r.known(label)
	content := r.content(block.Body, &hcl.BodySchema{Attributes: attributes("severity", "enabled")})
	if a := content.Attributes["severity"]; a != nil {
		if text, ok := r.text(a); ok {
			v, err := ParseSeverity(text)
			if err != nil {
				r.fail(a.Expr.Range(), "No such severity", "severity = %v.", err)
			} else if known {
				r.config.Policy.Severity = append(r.config.Policy.Severity, SeverityOverride{label.Text, v})
			}
		}
	}
	if a := content.Attributes["enabled"]; a != nil {
		v, diags := a.Expr.Value(nil)
		r.diags = append(r.diags, diags...)
		switch {
		case diags.HasErrors():
		case v.IsNull() || v.Type() != cty.Bool:
			r.fail(a.Expr.Range(), "Not true or false", "enabled is true or false.")
		case known && v.True():
			r.config.Policy.Enable = append(r.config.Policy.Enable, label.Text)
		case known && v.False():
			r.config.Policy.Ignore = append(r.config.Policy.Ignore, label.Text)
		}
	}
}

func (r *configReader) path(label Item, block *hcl.Block) {
	content := r.content(block.Body, &hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "ignore", Required: true}}})
	if a := content.Attributes["ignore"]; a != nil && r.glob(label) {
		r.config.Policy.Paths = append(r.config.Policy.Paths, PathPolicy{Match: Glob(label.Text), Ignore: r.selectors(a)})
	}
}

func (r *configReader) glob(item Item) bool {
	if !doublestar.ValidatePattern(item.Text) {
		r.fail(item.Range, "No glob", "%q is not a pattern such as deploy/dev/**.", item.Text)
		return false
	}
	return true
}

// Glob gives a matcher of slash-separated paths: * within a name, ** over directories; a pattern matches what is below
// it too.
func Glob(pattern string) func(string) bool {
	pattern = strings.TrimSuffix(strings.TrimPrefix(pattern, "./"), "/")
	return func(name string) bool {
		name = filepath.ToSlash(name)
		return doublestar.MatchUnvalidated(pattern, name) || doublestar.MatchUnvalidated(pattern+"/**", name)
	}
}

func (r *configReader) text(a *hcl.Attribute) (string, bool) {
	v, diags := a.Expr.Value(nil)
	r.diags = append(r.diags, diags...)
	if diags.HasErrors() {
		return "", false
	}
	text, ok := textOf(v)
	if !ok {
		r.fail(a.Expr.Range(), "Not a text", "%s is a text in quotes.", a.Name)
	}
	return text, ok
}

func (r *configReader) list(a *hcl.Attribute) []Item {
	elements, diags := hcl.ExprList(a.Expr)
	if diags.HasErrors() {
		r.fail(a.Expr.Range(), "Not a list", `%s is a list of texts, such as ["C001"].`, a.Name)
		return nil
	}
	var out []Item
	for _, e := range elements {
		v, diags := e.Value(nil)
		r.diags = append(r.diags, diags...)
		if diags.HasErrors() {
			continue
		}
		text, ok := textOf(v)
		if !ok {
			r.fail(e.Range(), "Not a text", "%s is a list of texts in quotes.", a.Name)
			continue
		}
		out = append(out, Item{Text: text, Range: e.Range()})
	}
	return out
}

func (r *configReader) selectors(a *hcl.Attribute) []string {
	var out []string
	for _, item := range r.list(a) {
		if r.known(item) {
			out = append(out, item.Text)
		}
	}
	return out
}

func (r *configReader) known(item Item) bool {
	if err := CheckSelector(item.Text, r.rules); err != nil {
		r.fail(item.Range, "No such rule", "%v.", err)
		return false
	}
	return true
}

// CheckSelector tells what is wrong with a selector that names no rule.
func CheckSelector(selector string, rules []*Rule) error {
	if slices.ContainsFunc(rules, func(r *Rule) bool { return r.Matches(selector) }) {
		return nil
	}
	l := Linter{Rules: rules}
	return fmt.Errorf("there is no rule %q%s", selector, l.suggest(selector))
}
