package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"gsrv/runtime/control"
	"gsrv/schema"
	"gsrv/schema/frame"
)

// controlVariable names the control socket where --control does not.
const controlVariable = "GSRV_CONTROL"

func ctlCommand(s *session) *cli.Command {
	return &cli.Command{
		Name:      "ctl",
		Usage:     "look at a running gsrv and steer it, over its control socket",
		ArgsUsage: "status | workers | reload | stop | scale N | config",
		Description: "Talks to a server that gsrv run --control PATH has started:\n\n" +
			"  status    what it is, how it is, and its workers\n" +
			"  workers   one line a worker\n" +
			"  reload    read the configuration again; waits until the new workers serve, or says why not\n" +
			"  stop      end it after the answers that are due; --now at once\n" +
			"  scale N   run N workers; scale 0 gives the number back to the configuration\n" +
			"  config    the settings that it runs with",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "control", EnvVars: []string{controlVariable}, Usage: "`PATH` of the control socket"},
			&cli.BoolFlag{Name: "json", Usage: "print the server's answer as JSON"},
			&cli.BoolFlag{Name: "now", Usage: "stop: do not wait for requests that run"},
			&cli.DurationFlag{Name: "timeout", Value: 5 * time.Minute, Usage: "longest `TIME` to wait for the answer"},
		},
		Action: s.ctl,
	}
}

func (s *session) ctl(c *cli.Context) error {
	q := control.Request{Command: c.Args().First(), Now: c.Bool("now")}
	want := 1
	switch q.Command {
	case "status", "workers", "reload", "stop", "config":
	case "scale":
		want = 2
		n, err := strconv.Atoi(c.Args().Get(1))
		if err != nil || n < 0 {
			return usagef("ctl scale N: N is a number of workers, 0 for the configuration's")
		}
		q.Workers = n
	case "":
		return usagef("ctl: say what: status, workers, reload, stop, scale N or config")
	default:
		return usagef("ctl %s: there is no such command; there are status, workers, reload, stop, scale N and config", q.Command)
	}
	if c.Args().Len() != want {
		return usagef("ctl %s takes no argument %s", q.Command, schema.ShellQuote(c.Args().Get(want)))
	}
	path := c.String("control")
	if path == "" {
		return usagef("ctl: name the server's control socket with --control PATH or %s; gsrv run --control PATH opens it", controlVariable)
	}
	r, err := control.Ask(path, q, c.Duration("timeout"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &exitError{exitInput, fmt.Sprintf("%s: there is no control socket; was the server started with --control %s?", path, path)}
	case errors.Is(err, syscall.ECONNREFUSED) && !isSocket(path):
		return &exitError{exitInput, fmt.Sprintf("%s: this is no socket; give the PATH that the server was started with as --control", path)}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &exitError{exitInput, fmt.Sprintf("%s: the server has not answered within %s. A reload may take longer than that (--timeout); otherwise the server hangs, or is stopped (look at its log, and at its state in ps)", path, c.Duration("timeout"))}
	case errors.Is(err, io.EOF):
		return &exitError{exitInput, fmt.Sprintf("%s: the server ended, or closed the connection, before it answered; its log tells why", path)}
	case errors.Is(err, syscall.ECONNREFUSED):
		return &exitError{exitInput, fmt.Sprintf("%s: no server listens there any more; it has ended without removing the socket", path)}
	case errors.Is(err, fs.ErrPermission):
		return &exitError{exitInput, fmt.Sprintf("%s: not allowed; the control socket is for the account that runs the server, and root", path)}
	case err != nil:
		return &exitError{exitInput, fmt.Sprintf("%s: %v", path, err)}
	}
	if c.Bool("json") {
		out := json.NewEncoder(s.stdout)
		out.SetIndent("", "  ")
		if err := out.Encode(r); err != nil {
			return err
		}
	} else {
		s.writeReply(q, r)
	}
	if !r.OK {
		return quit(exitProblems)
	}
	return nil
}

func isSocket(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode()&os.ModeSocket != 0
}

func (s *session) writeReply(q control.Request, r *control.Reply) {
	switch {
	case !r.OK:
		fmt.Fprintf(s.stderr, "gsrv: %s failed: %s\n", q.Command, frame.Clean(r.Error))
	case q.Command == "workers":
		s.writeWorkers(r.Status)
	case r.Status != nil:
		s.writeStatus(r.Status)
	case r.Config != nil:
		for _, line := range r.Config {
			fmt.Fprintln(s.stdout, frame.Clean(line))
		}
	default:
		fmt.Fprintln(s.stdout, frame.Clean(r.Message))
	}
}

func (s *session) writeStatus(t *control.Status) {
	fmt.Fprintf(s.stdout, "%s since %s, pid %d\n", t.State, t.Started.Local().Format("2006-01-02 15:04:05"), t.PID)
	fmt.Fprintf(s.stdout, "%s\n", frame.Clean(t.Summary))
	fmt.Fprintf(s.stdout, "Listening at %s\n", frame.Clean(strings.Join(t.Listen, ", ")))
	workers := count(t.Wanted, "worker")
	if t.Wanted != t.Configured {
		workers += fmt.Sprintf(" (the configuration says %d)", t.Configured)
	}
	fmt.Fprintf(s.stdout, "%s, %d busy; generation %d, %s\n", workers, t.Busy(), t.Generation, count(t.Reloads, "reload"))
	fmt.Fprintf(s.stdout, "%d requests, %d being answered, %d connections\n", t.Traffic.Requests, t.Traffic.Active, t.Traffic.Connections)
	if t.Failure != "" {
		fmt.Fprintf(s.stdout, "The last reload failed:\n%s\n", frame.Clean(t.Failure))
	}
	s.writeWorkers(t)
}

func (s *session) writeWorkers(t *control.Status) {
	w := tabwriter.NewWriter(s.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "PID\tSTATE\tREQUESTS\tBUSY\tMEMORY\tAGE")
	row := func(x control.Worker, state string) {
		busy := "-"
		if x.Busy > 0 {
			busy = strconv.Itoa(x.Busy)
			if x.Since != nil {
				busy += " since " + time.Since(*x.Since).Round(time.Millisecond).String()
			}
		}
		age := time.Duration(x.Age * float64(time.Second)).Round(time.Second)
		fmt.Fprintf(w, "%d\t%s\t%d\t%s\t%d MiB\t%s\n", x.PID, state, x.Requests, busy, x.RSS>>20, age)
	}
	for _, x := range t.Workers {
		row(x, x.State)
	}
	for _, x := range t.Draining {
		row(x, "draining")
	}
	w.Flush()
}
