package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/fatih/color"
	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
	"gsrv/schema/frame"
)

// maxNameColumn and maxValueColumn bound the columns of the table; longer cells push the rest of their row.
const (
	maxNameColumn  = 32
	maxValueColumn = 34
)

// writeTable lists settings for people: name, value, layer and place, then what explains them, indented.
func writeTable(w io.Writer, r *reading, settings []schema.Setting, nativeNames, single, colored bool) {
	dim, bold := plain, plain
	if colored {
		dim, bold = painter(color.Faint), painter(color.Bold)
	}
	if !single && r.config.Summary != "" {
		fmt.Fprintf(w, "%s\n\n", bold(frame.Clean(r.config.Summary)))
	}
	if len(settings) == 0 {
		if single {
			fmt.Fprintln(w, "not set, and the server has no default for it")
		} else {
			fmt.Fprintln(w, "Nothing is set: everything is at the server's defaults (--all lists them).")
		}
	}
	nameWidth, valueWidth := 0, 0
	for _, s := range settings {
		nameWidth = max(nameWidth, utf8.RuneCountInString(settingName(s, nativeNames, r.config.Dialect)))
		valueWidth = max(valueWidth, utf8.RuneCountInString(valueText(s, nativeNames)))
	}
	nameWidth, valueWidth = min(nameWidth, maxNameColumn), min(valueWidth, maxValueColumn)
	for _, s := range settings {
		fmt.Fprintf(w, "%s  %s  %-9s  %s\n", pad(settingName(s, nativeNames, r.config.Dialect), nameWidth), pad(valueText(s, nativeNames), valueWidth), s.Layer, place(r, s))
		for _, line := range explanation(r, s, nativeNames) {
			fmt.Fprintf(w, "    %s\n", dim(line))
		}
	}
	if single {
		return
	}
	for _, o := range r.config.Open {
		fmt.Fprintf(w, "\nOther settings may be set: %s (%s). Defaults are not certain.\n", frame.Clean(o.Reason), frame.Place(r.files, o.Src))
	}
	fmt.Fprintf(w, "\n%s\n", dim(hostLine(r)))
}

func plain(s string) string { return s }

func painter(attr color.Attribute) func(string) string {
	c := color.New(attr)
	c.EnableColor()
	return func(s string) string { return c.Sprint(s) }
}

func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(width-utf8.RuneCountInString(s), 0))
}

// place says where a setting was made.
func place(r *reading, s schema.Setting) string {
	if s.Range.Filename == "" {
		if s.Layer == schema.LayerDefault {
			return ""
		}
		return frame.Clean(s.Source)
	}
	return frame.Place(r.files, s.Range)
}

// explanation gives the lines below a row: the expression, why a value is not known, and what was overridden.
func explanation(r *reading, s schema.Setting, nativeNames bool) []string {
	var lines []string
	if e := expression(s); e != "" && e != valueText(s, nativeNames) {
		lines = append(lines, "= "+e)
	}
	if s.OnHost == cty.NilVal || !s.OnHost.IsWhollyKnown() {
		if o := schema.FindOpaque(s.Value); o != nil {
			lines = append(lines, "not known: "+frame.Clean(o.Reason))
		} else if needs := hostNeeds(s.Value); len(needs) > 0 {
			lines = append(lines, "depends on "+strings.Join(needs, ", "))
		}
	}
	if s.Maybe {
		lines = append(lines, "whether it is set depends on the host")
	}
	for _, p := range s.Parts {
		if len(s.Parts) > 1 {
			lines = append(lines, fmt.Sprintf("+ %s  %s %s", valueText(p, nativeNames), p.Layer, place(r, p)))
		}
	}
	for _, o := range s.Shadowed {
		if o.Layer == schema.LayerDefault {
			continue
		}
		lines = append(lines, fmt.Sprintf("overrides %s  %s %s", valueText(o, nativeNames), o.Layer, place(r, o)))
	}
	return lines
}

// hostNeeds names the host inputs an expression asks for.
func hostNeeds(e schema.Expr) []string {
	var needs []string
	seen := map[string]bool{}
	schema.Walk(e, func(e schema.Expr) bool {
		name := ""
		switch e := e.(type) {
		case *schema.Env:
			name = "$" + e.Name
		case *schema.HostFact:
			name = string(e.Fact) + "()"
		}
		if name != "" && !seen[name] {
			seen[name] = true
			needs = append(needs, name)
		}
		return true
	})
	return needs
}

// hostLine says for which host the values hold.
func hostLine(r *reading) string {
	cpus := ""
	if n, ok := r.host.Fact(schema.CPUCount); ok {
		cpus = schema.ValueText(n) + " CPUs"
		if cpus == "1 CPUs" {
			cpus = "1 CPU"
		}
	}
	switch {
	case !r.host.Machine && cpus == "":
		return "Values hold for any host; what depends on the host stays open (--env, --cpus settle it)."
	case !r.host.Machine:
		return "Values hold for a host with " + cpus + "; its environment is known only as given with --env."
	}
	return "Values hold for this host: " + cpus + " and its environment (--env, --cpus, --no-host-env change that)."
}
