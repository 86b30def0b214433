package rules

import (
	"fmt"
	"path"
	"strings"

	"gsrv/lint"
)

// page writes the page of a rule: what it says, an example that it finds, the example mended, where the facts come from.
func page(r *lint.Rule, f *fixture) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s %s\n\n%s\n\n", r.ID, r.Name, r.Summary)
	fmt.Fprintf(&b, "| | |\n|---|---|\n| severity | %s |\n| family | %s |\n", r.Severity, r.Family())
	if r.Off {
		b.WriteString("| runs | when it is selected (`--select " + r.ID + "`) or enabled in `.gsrv.hcl` |\n")
	}
	if len(r.Servers) > 0 {
		fmt.Fprintf(&b, "| servers | %s |\n", strings.Join(r.Servers, ", "))
	}
	switch {
	case r.Since != "" && r.Until != "":
		fmt.Fprintf(&b, "| versions | %s up to, not including, %s |\n", r.Since, r.Until)
	case r.Since != "":
		fmt.Fprintf(&b, "| versions | from %s |\n", r.Since)
	case r.Until != "":
		fmt.Fprintf(&b, "| versions | before %s |\n", r.Until)
	}
	fmt.Fprintf(&b, "| fix | %s |\n\n", map[lint.FixKind]string{lint.FixNone: "by hand", lint.FixSafe: "`--fix`", lint.FixOffer: "`--fix=all`"}[r.Fix])
	b.WriteString(strings.TrimSpace(r.Explain) + "\n\n")
	b.WriteString("## Example\n\n")
	group := f.groups("bad")[0]
	example(&b, f, group)
	b.WriteString("gsrv says:\n\n```text\n")
	for line := range strings.Lines(f.section("want")) {
		if strings.HasPrefix(line, " ") || strings.HasPrefix(line, group+"/") || strings.HasPrefix(line, "<") {
			b.WriteString(strings.ReplaceAll(line, group+"/", ""))
		} else {
			break
		}
	}
	b.WriteString("```\n\n")
	if fixed := "fixed" + strings.TrimPrefix(group, "bad"); len(f.files(fixed)) > 0 {
		b.WriteString("After the fix:\n\n")
		example(&b, f, fixed)
	}
	if good := f.groups("good"); len(good) > 0 {
		b.WriteString("Nothing is said here:\n\n")
		example(&b, f, good[0])
	}
	if len(r.Sources) > 0 {
		b.WriteString("## Sources\n\n")
		for _, s := range r.Sources {
			fmt.Fprintf(&b, "- %s\n", s)
		}
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

func example(b *strings.Builder, f *fixture, group string) {
	for _, file := range f.archive.Files {
		name, ok := strings.CutPrefix(file.Name, group+"/")
		if !ok {
			continue
		}
		title := "`" + name + "`"
		switch name {
		case "command":
			title = "Command line"
		case "env":
			title = "Environment"
		case "target":
			title = "Version"
		}
		text := strings.TrimRight(string(file.Data), "\n")
		fmt.Fprintf(b, "%s:\n\n```%s\n%s\n```\n\n", title, language(name), text)
	}
}

func language(name string) string {
	switch path.Ext(name) {
	case ".py":
		return "python"
	case ".ini":
		return "ini"
	case ".xml":
		return "xml"
	case ".yaml", ".yml":
		return "yaml"
	case ".json":
		return "json"
	case ".hcl":
		return "hcl"
	}
	if name == "command" {
		return "sh"
	}
	return "text"
}

// index writes the list of all rules.
func index() string {
	var b strings.Builder
	b.WriteString("# Rules\n\nEvery rule of `gsrv lint`. `gsrv explain RULE` prints a rule's page, `gsrv rules` this list.\n")
	for _, family := range lint.Families {
		open := false
		for _, r := range All() {
			if !strings.HasPrefix(r.ID, family.Letter) {
				continue
			}
			if !open {
				open = true
				fmt.Fprintf(&b, "\n## %s: %s\n\n| rule | severity | fix | says |\n|---|---|---|---|\n", family.Letter, family.Name)
			}
			fmt.Fprintf(&b, "| [%s](%s.md) %s | %s | %s | %s |\n", r.ID, r.ID, r.Name, r.Severity, map[lint.FixKind]string{lint.FixNone: "", lint.FixSafe: "safe", lint.FixOffer: "offered"}[r.Fix], strings.ReplaceAll(r.Summary, "|", "\\|"))
		}
	}
	return b.String()
}
