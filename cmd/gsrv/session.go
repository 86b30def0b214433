package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/fatih/color"
	"github.com/hashicorp/hcl/v2"
	"github.com/urfave/cli/v2"

	"gsrv/schema"
	"gsrv/schema/frame"
	"gsrv/schema/project"
)

// A session is one run of the program: its streams and the server's command line, if there is one.
type session struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	command        []string
	hasCommand     bool
}

// A reading is what a configuration came to.
type reading struct {
	config  *schema.Config
	diags   hcl.Diagnostics
	dialect schema.Dialect
	host    *schema.HostInputs
	files   *schema.Files
	dir     string
	launch  *project.Launch
	// place gives what stands here at a path of the machine or container that the configuration is for; nil where that is this one.
	place func(path string) string
	// input is what the dialect is given, for callers that read later.
	input schema.Input
	// subject names the input for messages: the file or the command line.
	subject string
}

func inputFlags() []cli.Flag {
	return append(hostFlags(),
		&cli.StringFlag{Name: "target", Usage: "server version that is meant, `SERVER@VERSION`, such as gunicorn@20.1.0 (default: the newest)"},
		&cli.BoolFlag{Name: "no-host-env", Usage: "do not use this machine's environment, CPUs, accounts and host name: what depends on them stays open"},
		&cli.StringFlag{Name: "directory", Aliases: []string{"C"}, Usage: "read as if the server were started in `DIR`"},
		&cli.StringFlag{Name: "deployment", Usage: "read the server that the project starts as `NAME`, as gsrv deployments lists it"},
	)
}

// hostFlags say what is known of the server's machine; hostInputs reads them.
func hostFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "env", Usage: "environment variable `NAME=VALUE` of the server; NAME alone says that it is not set"},
		&cli.StringSliceFlag{Name: "env-file", Usage: "`FILE` of NAME=VALUE lines, as docker and systemd read them"},
		&cli.IntFlag{Name: "cpus", Usage: "`NUMBER` of CPUs of the server's machine"},
	}
}

// read finds the dialect of the input named on the command line and reads it. An error is for wrong usage or
// missing input; what is wrong in the configuration is in reading.diags.
func (s *session) read(c *cli.Context) (*reading, error) {
	dir, err := startDir(c)
	if err != nil {
		return nil, err
	}
	if name := c.String("deployment"); name != "" {
		if s.hasCommand || c.Args().Present() {
			return nil, usagef("give either --deployment or a file or command line, not both")
		}
		return s.fromDeployment(c, dir, name)
	}
	r := &reading{dir: dir, files: schema.NewFiles(dir)}
	if r.host, err = hostInputs(c, dir); err != nil {
		return nil, err
	}
	in := schema.Input{Files: r.files, Dir: dir, Host: r.host}
	switch {
	case s.hasCommand && c.Args().Present():
		return nil, usagef("give either a file or a command line after --, not both")
	case s.hasCommand:
		err = s.fromCommand(r, &in)
	case c.Args().Len() == 1:
		err = s.fromFile(r, &in, c.Args().First())
	case c.Args().Present():
		return nil, usagef("one file at a time, please; a server's command line goes after --: gsrv %s -- %s", c.Command.Name, strings.Join(c.Args().Slice(), " "))
	default:
		return nil, usagef("nothing to read: give a file, or the server's command line after --, as in gsrv %s -- gunicorn app:app", c.Command.Name)
	}
	if err != nil || r.dialect == nil {
		return r, err
	}
	if in.Version, err = targetVersion(c, r.dialect); err != nil {
		return nil, err
	}
	r.input = in
	config, diags := r.dialect.Read(in)
	r.config = config
	r.diags = append(r.diags, diags...)
	return r, nil
}

// fromCommand prepares the reading of a server's command line.
func (s *session) fromCommand(r *reading, in *schema.Input) error {
	text, words := schema.JoinWords(s.command)
	r.files.Put(schema.CommandLine, text)
	r.subject = string(text)
	launch, diag := project.Unwrap(words)
	if diag != nil {
		r.diags = append(r.diags, diag)
		s.print(r)
		return quit(exitUsage)
	}
	r.launch = launch
	if launch.ClearEnv {
		r.host.NoEnv = true
	}
	for name, value := range launch.Env {
		r.host.Vars[name] = value
	}
	if launch.Dir != "" {
		if filepath.IsAbs(launch.Dir) {
			r.dir = launch.Dir
		} else {
			r.dir = filepath.Join(r.dir, launch.Dir)
		}
		r.files.Dir, r.host.Dir, in.Dir = r.dir, r.dir, r.dir
	}
	in.Command = launch.Words
	r.dialect = project.DialectOfProgram(launch.Program)
	if names := project.ServingCommands(launch.Program); r.dialect == nil && names != nil {
		return usagef("%s starts a server only with %s, and this command line does not", launch.Program, strings.Join(names, " or "))
	}
	if r.dialect == nil {
		return usagef("%s is no server that gsrv reads; it reads %s", launch.Program, strings.Join(programNames(), ", "))
	}
	in.Stdin = s.lazyStdin(launch.Words)
	return nil
}

// lazyStdin reads standard input only where the command line asks for it.
func (s *session) lazyStdin(words []schema.Word) []byte {
	for _, w := range words[1:] {
		if w.Text == "-" || strings.HasSuffix(w.Text, "=-") {
			text, err := io.ReadAll(io.LimitReader(s.stdin, schema.MaxFileSize+1))
			if err != nil || len(text) > schema.MaxFileSize {
				return nil
			}
			return text
		}
	}
	return nil
}

// fromFile prepares the reading of a configuration file.
func (s *session) fromFile(r *reading, in *schema.Input, name string) error {
	r.subject = name
	base, _, _ := strings.Cut(name, "#")
	text, err := r.files.Read(base)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) && project.DialectOfProgram(filepath.Base(name)) != nil {
			return usagef("there is no file %q; to read a command line write it after --: gsrv show -- %s", name, name)
		}
		return &exitError{exitInput, err.Error()}
	}
	in.File = name
	if r.dialect, _ = project.DialectOfFile(base, text[:min(len(text), 64<<10)]); r.dialect == nil {
		return &exitError{exitInput, fmt.Sprintf("%s: not recognised as a server's configuration. gsrv reads gunicorn.conf.py (any .py), hypercorn.toml, uWSGI ini, XML, JSON and YAML, Paste ini with [server:main], a site of Apache httpd with mod_wsgi, and gsrv.hcl; "+
			"or give the command line that uses it, as in gsrv show -- uwsgi --ini %s", base, base)}
	}
	return nil
}

func hostInputs(c *cli.Context, dir string) (*schema.HostInputs, error) {
	h := &schema.HostInputs{Vars: map[string]*string{}, CPUs: c.Int("cpus"), Dir: dir, Machine: !c.Bool("no-host-env")}
	if c.IsSet("cpus") && h.CPUs < 1 {
		return nil, usagef("--cpus %d: a machine has at least one CPU", h.CPUs)
	}
	for _, name := range c.StringSlice("env-file") {
		text, err := schema.NewFiles("").Read(name)
		if err != nil {
			return nil, &exitError{exitInput, "--env-file " + err.Error()}
		}
		for n, line := range bytes.Split(text, []byte("\n")) {
			key, value, ok, err := envLine(string(line))
			if err != nil {
				return nil, &exitError{exitInput, fmt.Sprintf("%s:%d: %v", name, n+1, err)}
			}
			if ok {
				h.Vars[key] = &value
			}
		}
	}
	for _, kv := range c.StringSlice("env") {
		name, value, found := strings.Cut(kv, "=")
		if name == "" {
			return nil, usagef("--env %q: write it as NAME=VALUE", kv)
		}
		if found {
			h.Vars[name] = &value
		} else {
			h.Vars[name] = nil
		}
	}
	return h, nil
}

// envLine reads one line of an environment file: NAME=VALUE, optional "export", quotes around the whole value,
// # comments on their own line.
func envLine(line string) (name, value string, ok bool, err error) {
	line = strings.TrimSpace(strings.TrimPrefix(line, "\ufeff"))
	if line == "" || line[0] == '#' || line[0] == ';' {
		return "", "", false, nil
	}
	line = strings.TrimSpace(strings.TrimPrefix(line, "export "))
	name, value, found := strings.Cut(line, "=")
	name = strings.TrimSpace(name)
	if !found || name == "" || strings.ContainsAny(name, " \t\"'") {
		return "", "", false, fmt.Errorf("not a NAME=VALUE line: %q", line)
	}
	value = strings.TrimSpace(value)
	if n := len(value); n >= 2 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0] {
		value = value[1 : n-1]
	}
	return name, value, true, nil
}

func targetVersion(c *cli.Context, d schema.Dialect) (schema.Version, error) {
	text := c.String("target")
	if text == "" {
		return schema.Version{}, nil
	}
	t, err := schema.ParseTarget(text)
	if err != nil {
		return schema.Version{}, usagef("--target: %v", err)
	}
	known := project.DialectByName(t.Server)
	if known == nil {
		return schema.Version{}, usagef("--target %s: gsrv knows no server %q; it knows %s", text, t.Server, strings.Join(dialectNames(), ", "))
	}
	if t.Server != d.Name() && !(d.Name() == "paste" && t.Server == "gunicorn") {
		return schema.Version{}, usagef("--target %s: but the input is for %s", text, d.Name())
	}
	return t.Version, nil
}

// print writes the diagnostics to standard error.
func (s *session) print(r *reading) {
	p := frame.Printer{W: s.stderr, Files: r.files, Color: useColor(s.stderr)}
	p.Print(r.diags)
}

// useColor tells whether a stream is a terminal that wants colours.
func useColor(w io.Writer) bool {
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && !color.NoColor && terminal(w)
}

// terminal tells whether a stream is one.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
