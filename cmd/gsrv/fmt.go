package main

import (
	"bytes"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"gsrv/schema"
	"gsrv/schema/frame"
	"gsrv/schema/native"
)

func fmtCommand(s *session) *cli.Command {
	return &cli.Command{
		Name:      "fmt",
		Usage:     "format gsrv.hcl files",
		ArgsUsage: "FILE… | -",
		Description: "Rewrites each file in the canonical layout; nothing but white space changes, and a file that does not parse is left\n" +
			"alone. - formats standard input to standard output.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "check", Usage: "write nothing; exit 1 and name the files that are not formatted"},
			&cli.BoolFlag{Name: "diff", Usage: "write nothing; print what would change, exit 1 where something would"},
		},
		Action: s.fmt,
	}
}

func (s *session) fmt(c *cli.Context) error {
	names := c.Args().Slice()
	if len(names) == 0 {
		names = []string{"gsrv.hcl"}
	}
	code := exitOK
	for _, name := range names {
		code = max(code, s.fmtOne(name, c.Bool("check"), c.Bool("diff")))
	}
	return quit(code)
}

// fmtOne formats one file and gives the exit code for it.
func (s *session) fmtOne(name string, check, diff bool) int {
	files := schema.NewFiles("")
	var text []byte
	var err error
	if name == "-" {
		text, err = io.ReadAll(io.LimitReader(s.stdin, schema.MaxFileSize+1))
		if err == nil && len(text) > schema.MaxFileSize {
			err = schema.ErrTooLarge
		}
		files.Put("<standard input>", text)
	} else {
		text, err = files.Read(name)
	}
	if err != nil {
		fmt.Fprintf(s.stderr, "gsrv: %s\n", frame.Clean(err.Error()))
		return exitInput
	}
	shown := name
	if name == "-" {
		shown = "<standard input>"
	}
	formatted, diags := native.FormatFile(shown, text)
	if diags.HasErrors() {
		(&frame.Printer{W: s.stderr, Files: files, Color: useColor(s.stderr)}).Print(diags)
		return exitProblems
	}
	same := bytes.Equal(text, formatted)
	switch {
	case diff:
		if !same {
			s.stdout.Write(native.Diff(shown, text, formatted))
		}
	case check:
		if !same {
			fmt.Fprintln(s.stdout, shown)
		}
	case name == "-":
		s.stdout.Write(formatted)
		return exitOK
	case !same:
		if err := schema.ReplaceFile(name, formatted); err != nil {
			fmt.Fprintf(s.stderr, "gsrv: %s\n", frame.Clean(err.Error()))
			return exitInput
		}
		fmt.Fprintln(s.stdout, shown)
		return exitOK
	}
	if !same {
		return exitProblems
	}
	return exitOK
}
