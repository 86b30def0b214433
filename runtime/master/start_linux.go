package master

import (
	"context"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"gsrv/runtime/control"
	"gsrv/runtime/worker"
)

// startWorkers starts a generation of Python processes.
func startWorkers(ctx context.Context, b *Boot) (Workers, error) {
	p := b.Plan
	w := &p.Workers
	c := &worker.Config{
		Python: b.Python, Directory: p.App.Directory, PythonPath: p.App.PythonPath, Env: environment(p.App.Environment),
		Settings: p.Hooks.Settings, Preload: w.Preload, Class: w.Class, Workers: b.Workers, Threads: w.Threads,
		Timeout: w.Timeout, GracefulTimeout: w.GracefulTimeout, StartTimeout: w.StartTimeout,
		MaxRequests: w.MaxRequests, MaxRequestsJitter: w.MaxRequestsJitter, MaxMemory: w.MaxMemory, MaxLifetime: w.MaxLifetime,
		InitGroups: p.Process.InitGroups, Groups: p.Process.Groups, Umask: p.Process.Umask, ProcName: p.Process.Name, Reload: b.Reload, WorkersBefore: b.Before, AgeBefore: b.Age, Batch: b.Batch,
		LogLevel: p.Log.Level, Stderr: b.Stderr, Log: b.Log.Log,
		Event: func(e worker.Event) { event(b, e) },
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
	g, err := worker.Start(ctx, c)
	if err != nil {
		return nil, err
	}
	return workers{g}, nil
}

// environment is the workers': the server's own with what the configuration sets.
func environment(set map[string]string) []string {
	var env []string
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		if _, own := set[name]; !own {
			env = append(env, kv)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(set)) {
		env = append(env, name+"="+set[name])
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
		c := control.Worker{PID: s.PID, State: s.State, Requests: s.Requests, Busy: s.Busy, RSS: s.RSS, Age: s.Age.Seconds()}
		if s.Busy > 0 {
			since := time.Now().Add(-s.Since)
			c.Since = &since
		}
		out = append(out, c)
	}
	return out
}
