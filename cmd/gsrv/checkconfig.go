package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"gsrv/schema"
	"gsrv/schema/frame"
)

func checkConfigCommand(s *session) *cli.Command {
	return &cli.Command{
		Name:      "check-config",
		Usage:     "refuse what the server would refuse, or take although it cannot be meant",
		ArgsUsage: "FILE | -- COMMAND LINE",
		Description: "The gate before a deploy. Exits 1 where the server would not start, and where it would silently ignore or\n" +
			"misread something. Prints which values were overridden by which layer, and in one line what would run.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "format", Value: "text", Usage: "`FORMAT` of the output: text or json"},
			&cli.BoolFlag{Name: "load-app", Usage: "also import the application, in a process of its own, with the project's Python"},
			&cli.StringFlag{Name: "python", Usage: "`PROGRAM` that --load-app runs (default: the project's, as gsrv run finds it)"},
			&cli.DurationFlag{Name: "load-timeout", Value: 30 * time.Second, Usage: "longest `TIME` --load-app may take"},
		}, inputFlags()...),
		Action: s.checkConfig,
	}
}

func (s *session) checkConfig(c *cli.Context) error {
	format := c.String("format")
	if format != "text" && format != "json" {
		return usagef("--format %s: the formats are text and json", format)
	}
	r, err := s.read(c)
	if err != nil {
		return err
	}
	verify(r)
	if c.Bool("load-app") && !r.diags.HasErrors() {
		r.diags = append(r.diags, loadApp(r, c.String("python"), c.Duration("load-timeout"))...)
	}
	s.print(r)
	if format == "json" {
		if err := writeJSON(s.stdout, r, chooseSettings(r.config, false, false), false); err != nil {
			return err
		}
	} else {
		s.writePrecedence(r)
		fmt.Fprintln(s.stdout, verdict(r))
	}
	if r.diags.HasErrors() || schema.HasWarnings(r.diags) {
		return quit(exitProblems)
	}
	return nil
}

// verify adds what the model's own rules say of a reading, to be refused by check-config and by run.
func verify(r *reading) {
	r.diags = append(r.diags, schema.ValidateModel(r.config, r.diags)...)
}

// writePrecedence prints the order of the layers that set anything, and every value that lost.
func (s *session) writePrecedence(r *reading) {
	var order []string
	for _, l := range r.config.Layers {
		given := slices.ContainsFunc(l.Settings, func(s schema.Setting) bool { return s.Option == nil || !s.Option.Derived })
		if given && l.Kind != schema.LayerDefault {
			name := frame.Clean(l.Name)
			if len(order) == 0 || order[len(order)-1] != name {
				order = append(order, name)
			}
		}
	}
	if len(order) > 1 {
		fmt.Fprintf(s.stdout, "Precedence, weakest first: defaults < %s\n", strings.Join(order, " < "))
	}
	overridden := false
	for _, set := range r.config.Settings {
		for _, o := range set.Shadowed {
			if o.Layer == schema.LayerDefault {
				continue
			}
			if !overridden {
				fmt.Fprintln(s.stdout, "Overridden:")
				overridden = true
			}
			fmt.Fprintf(s.stdout, "  %s: %s (%s %s) overrides %s (%s %s)\n", frame.Clean(set.Native),
				valueText(set, true), set.Layer, place(r, set), valueText(o, true), o.Layer, place(r, o))
		}
	}
	if len(order) > 1 && !overridden {
		fmt.Fprintln(s.stdout, "Nothing was overridden.")
	}
}

// verdict is the last line: what would run, or why not.
func verdict(r *reading) string {
	errors, warnings := 0, 0
	for _, d := range r.diags {
		switch frame.Severity(d) {
		case "error":
			errors++
		case "warning":
			warnings++
		}
	}
	server := strings.TrimSpace(r.config.Dialect + " " + r.config.Target.String())
	if r.config.Dialect == schema.Model.Server {
		server = "gsrv"
	}
	switch {
	case errors > 0 && warnings > 0:
		return fmt.Sprintf("%s would not start: %s, %s", server, count(errors, "error"), count(warnings, "warning"))
	case errors > 0:
		return fmt.Sprintf("%s would not start: %s", server, count(errors, "error"))
	case warnings > 0:
		return fmt.Sprintf("%s would start, but not as meant: %s", server, count(warnings, "warning"))
	}
	if len(r.config.Open) > 0 {
		return "ok, as far as it can be known: " + frame.Clean(r.config.Summary)
	}
	return "ok: " + frame.Clean(r.config.Summary)
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	if strings.HasSuffix(what, "x") {
		return fmt.Sprintf("%d %ses", n, what)
	}
	return fmt.Sprintf("%d %ss", n, what)
}
