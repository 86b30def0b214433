package main

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/urfave/cli/v2"
	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
	"gsrv/schema/frame"
	"gsrv/schema/native"
)

func showCommand(s *session) *cli.Command {
	return &cli.Command{
		Name:      "show",
		Usage:     "print the settings a server would use, and where each comes from",
		ArgsUsage: "FILE | -- COMMAND LINE",
		Description: "Reads a configuration file, or everything a server's command line leads to, as that server would, and prints the\n" +
			"effective settings: value, expression where it depends on the host, layer, place, and what it overrode.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "format", Value: "text", Usage: "`FORMAT` of the output: text, json or hcl"},
			&cli.StringFlag{Name: "setting", Usage: "print only the setting `NAME`, by gsrv's name or the server's"},
			&cli.BoolFlag{Name: "all", Usage: "include settings that are left at their default"},
			&cli.BoolFlag{Name: "native", Usage: "use the server's own names and values"},
		}, inputFlags()...),
		Action: s.show,
	}
}

func (s *session) show(c *cli.Context) error {
	format := c.String("format")
	switch format {
	case "text", "json", "hcl":
	default:
		return usagef("--format %s: the formats are text, json and hcl", format)
	}
	if format == "hcl" && c.Bool("native") {
		return usagef("--format hcl is gsrv's own notation; leave out --native")
	}
	r, err := s.read(c)
	if err != nil {
		return err
	}
	settings := chooseSettings(r.config, c.Bool("native"), c.Bool("all"))
	if name := c.String("setting"); name != "" {
		if settings, err = oneSetting(r, name, c.Bool("native")); err != nil {
			s.print(r)
			return err
		}
	}
	if format == "hcl" {
		text, diags := writeHCL(r.config, c.Bool("all"))
		r.diags = append(r.diags, diags...)
		s.print(r)
		s.stdout.Write(text)
		return quit(refusal(r))
	}
	s.print(r)
	if format == "json" {
		if err := writeJSON(s.stdout, r, settings, c.Bool("native")); err != nil {
			return err
		}
	} else {
		writeTable(s.stdout, r, settings, c.Bool("native"), c.String("setting") != "", useColor(s.stdout))
	}
	return quit(refusal(r))
}

// writeHCL gives the settings as gsrv.hcl: those that something sets, or all of them.
func writeHCL(cfg *schema.Config, all bool) ([]byte, hcl.Diagnostics) {
	if all {
		return native.WriteAll(cfg)
	}
	given := *cfg
	given.Model = slices.DeleteFunc(slices.Clone(cfg.Model), func(s schema.Setting) bool { return s.Layer == schema.LayerDefault })
	given.Settings = slices.DeleteFunc(chooseSettings(cfg, false, false), func(s schema.Setting) bool { return s.Name != "" })
	return native.Write(&given)
}

// refusal is the exit code of a reading whose server would refuse its settings. What is wrong with the application
// behind it is check-config's business.
func refusal(r *reading) int {
	for _, d := range r.diags {
		if d.Severity == hcl.DiagError && !schema.DetailOf(d).Application {
			return exitProblems
		}
	}
	return exitOK
}

// chooseSettings gives the settings to list: the model's and, after them, the server's own that the model has no
// name for; or the server's own.
func chooseSettings(cfg *schema.Config, nativeNames, all bool) []schema.Setting {
	var out []schema.Setting
	keep := func(s schema.Setting) {
		derived := s.Option != nil && s.Option.Derived
		if all || s.Layer != schema.LayerDefault && !derived {
			out = append(out, s)
		}
	}
	if nativeNames {
		for _, s := range cfg.Settings {
			keep(s)
		}
		return out
	}
	modelled := map[string]bool{}
	for _, s := range cfg.Model {
		modelled[s.Native] = true
		keep(s)
	}
	for _, s := range cfg.Settings {
		if !modelled[s.Native] && (s.Option == nil || s.Option.Model == "") {
			keep(s)
		}
	}
	return out
}

// oneSetting finds a setting by either name; without it, says what was likely meant.
func oneSetting(r *reading, name string, nativeNames bool) ([]schema.Setting, error) {
	lists := [][]schema.Setting{r.config.Model, r.config.Settings}
	if nativeNames {
		lists = [][]schema.Setting{r.config.Settings, r.config.Model}
	}
	var known []string
	for _, list := range lists {
		var found []schema.Setting
		for _, s := range list {
			if s.Name == name || s.Native == name {
				found = append(found, s)
			}
			known = append(known, s.Name, s.Native)
		}
		if len(found) > 0 {
			return found, nil
		}
	}
	if r.dialect.Catalogue().Lookup(name) != nil || schema.Model.Lookup(name) != nil {
		return nil, nil
	}
	for _, o := range r.dialect.Catalogue().Options {
		known = append(known, o.Name)
	}
	for _, o := range schema.Model.Options {
		known = append(known, o.Name)
	}
	if near := schema.Nearest(name, known); near != "" {
		return nil, usagef("--setting %s: no such setting; did you mean %s?", name, near)
	}
	return nil, usagef("--setting %s: %s has no such setting", name, r.config.Dialect)
}

// valueText gives a setting's value on the host for people.
func valueText(s schema.Setting, nativeNames bool) string {
	if nativeNames && s.Text != "" {
		return frame.Clean(s.Text)
	}
	if s.OnHost == cty.NilVal || !s.OnHost.IsWhollyKnown() {
		if nativeNames && s.Text != "" {
			return frame.Clean(s.Text)
		}
		return "not known"
	}
	v := s.OnHost
	option := schema.Model.Lookup(s.Name)
	if option != nil && !v.IsNull() && v.Type() == cty.Number {
		format := map[string]func(cty.Value) (string, bool){"duration": schema.FormatDuration, "size": schema.FormatSize}[option.Type]
		if format != nil {
			if text, ok := format(v); ok {
				return text
			}
		}
	}
	if v.IsNull() {
		return "none"
	}
	if v.Type() == cty.String {
		text := v.AsString()
		if text == "" {
			return `""`
		}
		return frame.Clean(text)
	}
	return frame.Clean(schema.ValueText(v))
}

// expression gives a setting's expression where it says more than the value: it depends on the host or cannot be
// known.
func expression(s schema.Setting) string {
	if s.Value == nil || schema.IsConst(s.Value) {
		return ""
	}
	return frame.Clean(schema.ExprText(s.Value))
}

// settingName gives the name to list a setting under.
func settingName(s schema.Setting, nativeNames bool, dialect string) string {
	if nativeNames || s.Name == "" {
		if !nativeNames {
			return fmt.Sprintf("%s:%s", dialect, frame.Clean(s.Native))
		}
		return frame.Clean(s.Native)
	}
	return s.Name
}
