package master

import (
	"context"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"gsrv/runtime/control"
	"gsrv/runtime/plan"
	"gsrv/runtime/worker"
)

// startWorkers starts a generation of Python processes.
func startWorkers(ctx context.Context, b *Boot) (Workers, error) {
	c := workerConfig(b.Plan, b.Stderr)
	c.Workers, c.Reload, c.WorkersBefore, c.AgeBefore = b.Workers, b.Reload, b.Before, b.Age
	if b.Plan.Statsd != nil {
		c.Logged = b.Log.counted
	}
	c.Log, c.Event = b.Log.Log, func(e worker.Event) { event(b, e) }
	g, err := worker.Start(ctx, c)
	if err != nil {
		return nil, err
	}
	return workers{g}, nil
}

// workerConfig is what a plan says to Python processes.
func workerConfig(p *plan.Plan, stderr *os.File) *worker.Config {
	w := &p.Workers
	c := &worker.Config{
		Python: p.App.Python, Directory: p.App.Directory, PythonPath: p.App.PythonPath, Env: environment(&p.App),
		Settings: p.Hooks.Settings, Preload: w.Preload, Class: w.Class, Workers: w.Count, Threads: w.Threads,
		Timeout: w.Timeout, GracefulTimeout: w.GracefulTimeout, StartTimeout: w.StartTimeout,
		MaxRequests: w.MaxRequests, MaxRequestsJitter: w.MaxRequestsJitter, MaxMemory: w.MaxMemory, MaxLifetime: w.MaxLifetime,
		InitGroups: p.Process.InitGroups, Groups: p.Process.Groups, Umask: p.Process.Umask, ProcName: p.Process.Name,
		LogLevel: p.Log.Level, Logging: p.Log.Python, Stdout: os.Stdout, Stderr: stderr,
	}
	switch {
	case p.App.Paste != "":
		c.Paste, c.PasteName, c.PasteGlobals = p.App.Paste, p.App.PasteName, p.App.PasteVariables
	case p.App.File != "":
		c.App = p.App.File + ":" + p.App.Callable
	default:
		c.App = p.App.Module
	}
	if p.Process.UID >= 0 {
		c.UID = &p.Process.UID
	}
	if p.Process.GID >= 0 {
		c.GID = &p.Process.GID
	}
	if p.Config != nil && p.Config.Server == "gunicorn" {
		c.ConfigFile = p.Hooks.File
	} else {
		c.HooksFile = p.Hooks.File
	}
	return c
}

// startLogger starts the process that writes a plan's logs where the plan wants Python's logging; nil otherwise. Fresh says that
// the server starts.
func startLogger(ctx context.Context, p *plan.Plan, log *Log, fresh bool) (recorder, error) {
	if !p.Log.Python {
		return nil, nil
	}
	c := workerConfig(p, nil)
	l, err := worker.StartLogger(ctx, c, func(text string) { log.Aside("error", text) }, fresh)
	if err != nil {
		return nil, err
	}
	return l, nil
}

// environment is the workers': the server's own with what the configuration and the command line set and remove.
func environment(a *plan.App) []string {
	env := []string{}
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		if _, own := a.Environment[name]; !own && !a.ClearEnvironment && !slices.Contains(a.UnsetEnvironment, name) {
			env = append(env, kv)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(a.Environment)) {
		env = append(env, name+"="+a.Environment[name])
	}
	return env
}

// event tells of workers; what there is to say has been logged with its reason.
func event(b *Boot, e worker.Event) {
	if b.Event != nil {
		b.Event(e.Kind, e.PID, e.Reason)
	}
}

// workers is a worker.Generation as the master sees it.
type workers struct{ *worker.Generation }

func (w workers) Status() []control.Worker {
	var out []control.Worker
	for _, s := range w.Generation.Status() {
		c := control.Worker{Number: s.Number + 1, PID: s.PID, State: s.State, Requests: s.Requests, Busy: s.Busy, RSS: s.RSS, Age: s.Age.Seconds()}
		if s.Busy > 0 {
			since := time.Now().Add(-s.Since)
			c.Since = &since
		}
		out = append(out, c)
	}
	return out
}
