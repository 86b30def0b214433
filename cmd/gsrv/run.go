package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/urfave/cli/v2"

	"gsrv/runtime/master"
	"gsrv/runtime/plan"
	"gsrv/schema"
	"gsrv/schema/native"
	"gsrv/schema/project"
)

func runCommand(s *session) *cli.Command {
	return &cli.Command{
		Name:      "run",
		Usage:     "serve the application with a configuration that check-config has passed",
		ArgsUsage: "[OPTIONS] [FILE | GUNICORN'S OPTIONS AND APP | --paste FILE | --deployment NAME | -- COMMAND LINE]",
		Description: "Reads and verifies the configuration, then serves the application on its addresses with its workers. Any of\n" +
			"these says which configuration:\n\n" +
			"  gsrv run gsrv.hcl                               a file: gsrv.hcl, gunicorn.conf.py, uWSGI's, Paste's\n" +
			"  gsrv run -c gunicorn.conf.py app:app -w 4       gunicorn's own options\n" +
			"  gsrv run --paste production.ini                 a Paste file with [server:main]\n" +
			"  gsrv run -- gunicorn -c gunicorn.conf.py app:app  a server's command line\n" +
			"  gsrv run --deployment web                       a server of the project, as gsrv deployments lists it\n\n" +
			"Without any of them it reads gsrv.hcl, or takes the project's only deployment. Signals are gunicorn's: HUP reloads, TERM stops, TTIN and TTOU change the number\n" +
			"of workers, USR1 reopens logs, USR2 starts a new gsrv on the same sockets. docs/run.md tells all.",
		SkipFlagParsing: true,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "no-check", Usage: "serve although check-config finds problems; what cannot be honoured at all is still refused"},
			&cli.StringFlag{Name: "python", Usage: "`PROGRAM` that runs the workers (default: the project's, see docs/run.md)"},
			&cli.StringFlag{Name: "control", Usage: "open a control socket at `PATH` for gsrv ctl"},
			&cli.StringFlag{Name: "admin", Usage: "serve /-/health, /-/ready and /metrics at `HOST:PORT`"},
			&cli.StringSliceFlag{Name: "listen", Usage: "serve at `ADDRESS` instead of the configuration's addresses: host:port, unix:/path, fd://3; may be repeated"},
			&cli.StringFlag{Name: "paste", Usage: "serve the Paste `FILE` with the server that its [server:main] sets up"},
			&cli.StringFlag{Name: "request-id-header", Usage: "`HEADER` that carries a request's id, such as X-Request-ID: a trusted proxy's, otherwise a new one"},
			&cli.StringFlag{Name: "health-path", Usage: "`PATH` at which gsrv itself answers 200 while it runs, such as /-/health"},
			&cli.StringFlag{Name: "ready-path", Usage: "`PATH` at which gsrv itself answers 200 while workers are ready, 503 otherwise, such as /-/ready"},
			&cli.StringFlag{Name: "deployment", Usage: "serve what the project starts as `NAME`, as gsrv deployments lists it"},
			&cli.BoolFlag{Name: "batch", Usage: "run server and workers under SCHED_BATCH: more requests where the machine has nothing else to do"},
			&cli.IntFlag{Name: "cpus", Usage: "`NUMBER` of CPUs (default: what affinity and cgroups leave)"},
			&cli.StringFlag{Name: "target", Usage: "read as `SERVER@VERSION` does, such as gunicorn@20.1.0 (default: the newest)"},
		},
		Action: s.run,
	}
}

// A runRequest is what the command line of gsrv run asks for.
type runRequest struct {
	noCheck, batch, help                 bool
	python, control, admin, cpus, target string
	// deployment is one of the project's by name; search takes the only one that there is.
	deployment string
	search     bool
	// requestID, health and ready are settings of gsrv.hcl for configurations that have none.
	requestID, health, ready string
	// listen are addresses instead of the configuration's.
	listen []string
	// file or command is what is served; paste tells that the file is a Paste file whatever it looks like.
	file    string
	paste   bool
	command []string
}

// parseRun parts gsrv's own options from those of a server. Command is what stood behind --, nil where there was none.
func parseRun(args, command []string, exists func(string) bool) (*runRequest, error) {
	q := &runRequest{}
	values := map[string]*string{
		"python": &q.python, "control": &q.control, "admin": &q.admin, "cpus": &q.cpus, "target": &q.target, "deployment": &q.deployment,
		"request-id-header": &q.requestID, "health-path": &q.health, "ready-path": &q.ready,
	}
	switches := map[string]*bool{"no-check": &q.noCheck, "batch": &q.batch, "help": &q.help}
	paste, listen := "", ""
	values["paste"], values["listen"] = &paste, &listen
	var rest []string
	for i := 0; i < len(args); i++ {
		long, isLong := strings.CutPrefix(args[i], "--")
		if args[i] == "-h" {
			long, isLong = "help", true
		}
		name, value, hasValue := strings.Cut(long, "=")
		switch {
		case isLong && switches[name] != nil:
			if hasValue {
				return nil, usagef("run --%s takes no value", name)
			}
			*switches[name] = true
		case isLong && values[name] != nil:
			if !hasValue {
				if i++; i == len(args) {
					return nil, usagef("run --%s: the value is missing", name)
				}
				value = args[i]
			}
			*values[name] = value
			if name == "listen" {
				q.listen = append(q.listen, value)
			}
		default:
			rest = append(rest, args[i])
		}
	}
	switch {
	case q.help:
	case q.deployment != "" && (command != nil || len(rest) > 0 || paste != ""):
		return nil, usagef("run: give either --deployment, or a file or command line")
	case q.deployment != "":
	case command != nil && (len(rest) > 0 || paste != ""):
		return nil, usagef("run: give either a file, a server's options, or a command line after --")
	case command != nil:
		q.command = command
	case paste != "" && len(rest) == 0:
		q.file, q.paste = paste, true
	case paste != "" && !slices.ContainsFunc(rest, func(a string) bool { return strings.HasPrefix(a, "-") || !strings.Contains(a, "=") }):
		q.command = append([]string{"pserve", paste}, rest...)
	case paste != "":
		q.command = append([]string{"gunicorn", "--paste", paste}, rest...)
	case len(rest) == 0 && !exists(native.DefaultFile):
		q.search = true
	case len(rest) == 0:
		q.file = native.DefaultFile
	case len(rest) == 1 && !strings.HasPrefix(rest[0], "-") && (exists(rest[0]) || slices.Contains(project.RunFiles, filepath.Ext(rest[0]))):
		q.file = rest[0]
	default:
		q.command = append([]string{"gunicorn"}, rest...)
	}
	return q, nil
}

func (s *session) run(c *cli.Context) error {
	var command []string
	if s.hasCommand {
		if command = s.command; command == nil {
			command = []string{}
		}
	}
	q, err := parseRun(c.Args().Slice(), command, func(name string) bool {
		info, err := os.Stat(name)
		return err == nil && !info.IsDir()
	})
	if err != nil {
		return err
	}
	if q.help {
		return cli.ShowSubcommandHelp(c)
	}
	dir, err := os.Getwd()
	if err != nil {
		return &exitError{exitInput, err.Error()}
	}
	p, err := s.planOf(q, dir)
	if err != nil {
		return err
	}
	if q.control != "" && !filepath.IsAbs(q.control) {
		q.control = filepath.Join(dir, q.control)
	}
	options := master.Options{
		Plan: p, Control: q.control, Admin: q.admin, Batch: q.batch, Version: version(),
		Load: func() (*plan.Plan, error) {
			var text strings.Builder
			again := &session{stdin: strings.NewReader(""), stdout: &text, stderr: &text}
			p, err := again.planOf(q, dir)
			if err != nil {
				why := strings.TrimRight(text.String(), "\n")
				var exit *exitError
				if errors.As(err, &exit) && exit.message != "" {
					why += exit.message
				}
				return nil, errors.New(why)
			}
			return p, nil
		},
	}
	return quit(master.Run(options))
}

// planOf reads and verifies what a request names, and says on the session's standard error what is wrong with it.
func (s *session) planOf(q *runRequest, dir string) (*plan.Plan, error) {
	host := &schema.HostInputs{Vars: map[string]*string{}, Dir: dir, Machine: true}
	if q.cpus != "" {
		if _, err := fmt.Sscanf(q.cpus, "%d", &host.CPUs); err != nil || host.CPUs < 1 {
			return nil, usagef("run --cpus %s: a machine has at least one CPU", q.cpus)
		}
	} else if n, _ := plan.CPUs(); n > 0 {
		host.CPUs = n
	}
	r, err := s.readRun(q, dir, host)
	if err != nil {
		return nil, err
	}
	verify(r)
	forHere(r.diags)
	callFactory(r)
	if err := overrule(q, r.config); err != nil {
		return nil, err
	}
	p, refused := plan.MakeAt(r.config, r.dir, r.place, q.listen...)
	python, diag := projectPython(r, q.python)
	if diag != nil {
		refused = append(refused, diag)
	}
	p.App.Python, p.App.PythonFrom = python.program, python.from
	p.App.ClearEnvironment = r.host.NoEnv
	for name, value := range r.host.Vars {
		// What env NAME=VALUE or env -u NAME in front of the server's command does, or the deployment.
		if _, own := p.App.Environment[name]; own || p.App.Environment == nil {
			continue
		}
		if value != nil {
			p.App.Environment[name] = *value
		} else {
			p.App.UnsetEnvironment = append(p.App.UnsetEnvironment, name)
		}
	}
	if bad := r.diags.HasErrors() || schema.HasWarnings(r.diags); bad && !q.noCheck {
		own := verdict(r)
		refused = slices.DeleteFunc(refused, func(d *hcl.Diagnostic) bool {
			if missing := d.Summary == plan.NoApplication || d.Summary == plan.NoAddress; missing && r.diags.HasErrors() {
				return true // it may stand where nothing could be read
			}
			// A value that its own server refuses is not known either; once is enough.
			return schema.DetailOf(d).Code == "run-unknown" && d.Subject != nil && slices.ContainsFunc(r.diags, func(e *hcl.Diagnostic) bool {
				return e.Severity == hcl.DiagError && e.Subject != nil && *e.Subject == *d.Subject
			})
		})
		r.diags = append(r.diags, refused...)
		s.print(r)
		fmt.Fprintln(s.stderr, own)
		switch {
		case refused.HasErrors():
			cannotServe(s, refused)
		case !r.diags.HasErrors():
			fmt.Fprintln(s.stderr, "Nothing is served. gsrv run --no-check serves all the same, as the server would have.")
		}
		return nil, quit(exitProblems)
	}
	if q.noCheck {
		s.print(r)
	}
	if refused.HasErrors() {
		r.diags = refused
		s.print(r)
		cannotServe(s, refused)
		return nil, quit(exitProblems)
	}
	return p, nil
}

func (s *session) readRun(q *runRequest, dir string, host *schema.HostInputs) (*reading, error) {
	r := &reading{dir: dir, host: host, files: schema.NewFiles(dir)}
	in := schema.Input{Files: r.files, Dir: dir, Host: host}
	var err error
	switch {
	case q.deployment != "" || q.search:
		return s.readDeployment(q, dir, host)
	case q.command != nil:
		s.command, s.hasCommand = q.command, true
		err = s.fromCommand(r, &in)
	case q.paste:
		r.subject, in.File, r.dialect = q.file, q.file, project.DialectByName("paste")
		base, _, _ := strings.Cut(q.file, "#")
		if _, e := r.files.Read(base); e != nil {
			err = &exitError{exitInput, e.Error()}
		}
	default:
		err = s.fromFile(r, &in, q.file)
	}
	if err != nil {
		return nil, err
	}
	if q.target != "" {
		t, err := schema.ParseTarget(q.target)
		if err != nil {
			return nil, usagef("run --target: %v", err)
		}
		if project.DialectByName(t.Server) == nil {
			return nil, usagef("run --target %s: gsrv knows no server %q", q.target, t.Server)
		}
		in.Version = t.Version
	}
	config, diags := r.dialect.Read(in)
	r.config = config
	r.diags = append(r.diags, diags...)
	return r, nil
}

// cannotServe says how many things in a configuration gsrv itself does not do.
func cannotServe(s *session, refused hcl.Diagnostics) {
	fmt.Fprintf(s.stderr, "gsrv run cannot serve with this configuration: %s\n", count(len(refused.Errs()), "error"))
}
