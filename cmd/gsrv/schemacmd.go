package main

import (
	"github.com/urfave/cli/v2"

	"gsrv/schema/native"
)

func schemaCommand(s *session) *cli.Command {
	return &cli.Command{
		Name:        "schema",
		Usage:       "print the JSON Schema of gsrv.hcl",
		Description: "The schema describes the format in its JSON form, for editors and validators.",
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return usagef("schema takes no arguments")
			}
			_, err := s.stdout.Write(native.JSONSchema())
			return err
		},
	}
}
