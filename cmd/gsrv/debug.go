package main

import (
	"bufio"
	"encoding/json"
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
