package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/urfave/cli/v2"

	"gsrv/schema"
	"gsrv/schema/frame"
	"gsrv/schema/project"
	"gsrv/schema/project/deploy"
	"gsrv/schema/project/deploy/draw"
)

// mapFormats are the ways to print a map; nil is text.
var mapFormats = map[string]func(io.Writer, *deploy.Map) error{
	"text": nil, "json": draw.JSON, "dot": draw.Dot, "mermaid": draw.Mermaid, "svg": draw.SVG,
}

func deploymentsCommand(s *session) *cli.Command {
	return &cli.Command{
		Name:      "deployments",
		Usage:     "show how a project is deployed: which command starts which server, behind which proxy",
		ArgsUsage: "[DIR]",
		Description: "Looks for Procfile, Dockerfile, Compose, systemd, Supervisor, Kubernetes and nginx files and the like below the directory, follows\n" +
			"the scripts that they run, and shows the chain of each server: proxy, listener, command, configuration files, application.",
		Flags: append(hostFlags(),
			&cli.StringFlag{Name: "format", Value: "text", Usage: "`FORMAT`: text, json, dot, mermaid or svg"},
			&cli.BoolFlag{Name: "hidden", Usage: "look at files that .gitignore leaves out, too"},
			&cli.StringFlag{Name: "directory", Aliases: []string{"C"}, Usage: "look below `DIR`"},
			&cli.BoolFlag{Name: "verbose", Usage: "show what was passed over, and what the readers had to say of the files around the servers"},
		),
		Action: s.deployments,
	}
}

func (s *session) deployments(c *cli.Context) error {
	root, err := startDir(c)
	if err != nil {
		return err
	}
	write, ok := mapFormats[c.String("format")]
	if !ok {
		return usagef("--format %s: the formats are text, json, dot, mermaid and svg", c.String("format"))
	}
	switch {
	case s.hasCommand:
		return usagef("gsrv deployments looks at a directory; to read a command line use gsrv show -- %s", strings.Join(s.command, " "))
	case c.Args().Len() > 1:
		return usagef("one directory at a time, please")
	case c.Args().Len() == 1:
		if !filepath.IsAbs(c.Args().First()) {
			root = filepath.Join(root, c.Args().First())
		} else {
			root = c.Args().First()
		}
	}
	m, err := s.findDeployments(c, root)
	if err != nil {
		return err
	}
	if c.Bool("verbose") {
		s.aboutOrigins(m)
	}
	if write == nil {
		s.deploymentsText(m)
		return nil
	}
	return write(s.stdout, m)
}

// aboutOrigins tells on standard error what was passed over, and what the readers had to say of the files around the servers.
func (s *session) aboutOrigins(m *deploy.Map) {
	for _, p := range m.Passed {
		fmt.Fprintf(s.stderr, "passed over %s: %s\n", frame.Clean(p.Name), frame.Clean(p.Reason))
	}
	for _, o := range m.Origins {
		(&frame.Printer{W: s.stderr, Files: o.Files, Color: useColor(s.stderr)}).Print(o.Diags)
	}
}

// fromDeployment reads the server of a deployment. What only its machine knows stays open: it is seldom this one.
func (s *session) fromDeployment(c *cli.Context, root, name string) (*reading, error) {
	m, err := s.findDeployments(c, root)
	if err != nil {
		return nil, err
	}
	d := m.Deployment(name)
	if d == nil {
		return nil, noDeployment(m, name)
	}
	d.InProject()
	host, _ := d.Input.Host.(*schema.HostInputs)
	return &reading{
		config: d.Config, diags: d.Diags, dialect: d.Dialect, host: host, files: d.Config.Files, dir: root, launch: d.Launch, subject: d.Name,
	}, nil
}

// noDeployment says which deployments there are.
func noDeployment(m *deploy.Map, name string) error {
	if len(m.Deployments) == 0 {
		return &exitError{exitInput, fmt.Sprintf("--deployment %s: nothing that starts a Python web server was found below %s", name, m.Root)}
	}
	return &exitError{exitInput, fmt.Sprintf("--deployment %s: there is none of that name, or more than one; there are %s", name, strings.Join(m.Names(), ", "))}
}

// findDeployments maps a tree.
func (s *session) findDeployments(c *cli.Context, root string) (*deploy.Map, error) {
	host, err := hostInputs(c, root)
	if err != nil {
		return nil, err
	}
	host.Machine = false
	return mapDeployments(root, c.String("target"), deploy.Options{Host: host, Ignored: c.Bool("hidden"), Native: c.Bool("native")})
}

// mapDeployments maps a tree for servers of the release that target names, or that the project pins.
func mapDeployments(root, targetText string, o deploy.Options) (*deploy.Map, error) {
	pins := &project.PinCache{Dir: root}
	var target schema.Target
	if targetText != "" {
		var err error
		if target, err = schema.ParseTarget(targetText); err != nil {
			return nil, usagef("--target: %v", err)
		}
	}
	o.Version = func(dir, server string) (schema.Version, bool) {
		if target.Server == server {
			return target.Version, false
		}
		return project.PinnedServer(pins.Find(dir, "."), server)
	}
	m, err := deploy.Find(context.Background(), root, o)
	if err != nil {
		return nil, &exitError{exitInput, fmt.Sprintf("%s: %v", root, err)}
	}
	return m, nil
}

func lineOf(r hcl.Range) string { return fmt.Sprintf("%s:%d", frame.Clean(r.Filename), r.Start.Line) }

func (s *session) deploymentsText(m *deploy.Map) {
	for i, d := range m.Deployments {
		if i > 0 {
			fmt.Fprintln(s.stdout)
		}
		about := []string{d.Kind, d.Config.Server}
		if !d.Production() {
			about = append(about, "for development")
		}
		fmt.Fprintf(s.stdout, "%s (%s)\n", frame.Clean(d.Name), strings.Join(about, ", "))
		line := func(key, text, at string) {
			if at != "" {
				at = "  [" + at + "]"
			}
			fmt.Fprintf(s.stdout, "  %-9s %s%s\n", key, frame.Clean(text), at)
		}
		for _, p := range d.Proxies {
			line("proxy", p.Kind+" "+p.Protocol+" to "+targets(p), lineOf(p.Range))
		}
		for _, l := range d.Listeners {
			at := ""
			if l.Range.Filename != "" {
				at = lineOf(l.Range)
			}
			text := l.Text + " (" + l.Protocol + ")"
			if l.Default {
				text += ", the server's default"
			}
			line("listens", text, at)
		}
		for _, r := range d.Command.Related {
			line("from", r.Message, lineOf(r.Range))
		}
		line("command", d.Command.String(), lineOf(d.Command.Range))
		for _, w := range d.Command.When {
			line("when", w, "")
		}
		for _, name := range d.ConfigFiles {
			line("reads", name, "")
		}
		for _, name := range d.Missing {
			line("reads", name+", which is not in the project", "")
		}
		if d.App != "" {
			line("app", d.App, "")
		}
	}
	if len(m.Deployments) == 0 {
		fmt.Fprintln(s.stderr, "gsrv: nothing that starts a Python web server was found here.")
	}
}

// targets lists the addresses a proxy passes requests to, each once.
func targets(p *deploy.Proxy) string {
	var out []string
	for _, t := range p.Targets {
		if text := t.String(); !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return strings.Join(out, ", ")
}
