package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"gsrv/schema"
	"gsrv/schema/paste"
	"gsrv/schema/python/syntax"
)

func debugCommand(s *session) *cli.Command {
	return &cli.Command{
		Name:   "debug",
		Usage:  "print what the readers see, to compare with the real programs",
		Hidden: true,
		Subcommands: []*cli.Command{
			{
				Name:      "python-ast",
				Usage:     "print the syntax tree of a Python file as CPython 3.11's ast.dump does",
				ArgsUsage: "FILE",
				Action:    s.debugPythonAST,
			},
			{
				Name:      "paste-context",
				Usage:     "print what PasteDeploy's loadcontext gives for KIND and URI",
				ArgsUsage: "KIND URI",
				Flags: []cli.Flag{
					&cli.StringFlag{Name: "name", Usage: "`NAME` of the section"},
					&cli.StringSliceFlag{Name: "global", Usage: "global configuration `KEY=VALUE`"},
				},
				Action: s.debugPasteContext,
			},
		},
	}
}

func (s *session) debugPythonAST(c *cli.Context) error {
	if c.Args().Len() != 1 {
		return usagef("debug python-ast takes one file")
	}
	name := c.Args().First()
	text, err := schema.NewFiles("").Read(name)
	if err != nil {
		return &exitError{exitInput, err.Error()}
	}
	tree, err := syntax.Options{Python311: true}.Parse(name, text)
	if err != nil {
		fmt.Fprintln(s.stderr, err)
		return quit(exitProblems)
	}
	w := bufio.NewWriter(s.stdout)
	if err := syntax.Dump(w, tree); err != nil {
		return err
	}
	fmt.Fprintln(w)
	return w.Flush()
}

func (s *session) debugPasteContext(c *cli.Context) error {
	if c.Args().Len() != 2 {
		return usagef("debug paste-context takes a kind and a URI")
	}
	dir, err := os.Getwd()
	if err != nil {
		return &exitError{exitInput, err.Error()}
	}
	var globals []paste.Var
	for _, kv := range c.StringSlice("global") {
		name, value, found := strings.Cut(kv, "=")
		if !found {
			return usagef("--global %q: write it as KEY=VALUE", kv)
		}
		globals = append(globals, paste.Var{Name: name, Text: value})
	}
	files := schema.NewFiles(dir)
	host := &schema.HostInputs{Machine: true, Dir: dir}
	context, diags := paste.DebugContext(files, dir, host, c.Args().Get(0), c.Args().Get(1), c.String("name"), globals)
	r := &reading{files: files, diags: diags, host: host, config: &schema.Config{Dialect: "paste", Native: context}}
	s.print(r)
	if err := writeJSON(s.stdout, r, nil, true); err != nil {
		return err
	}
	return quit(refusal(r))
}
