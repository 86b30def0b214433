package master

import (
	"context"
	"net"
	"os"
	"time"

	"gsrv/runtime/control"
	"gsrv/runtime/plan"
	"gsrv/runtime/wire"
)

// Exit codes of a server.
const (
	ExitOK = 0
	// ExitFailed is for a server that did not come up: the application did not load, an address is taken.
	ExitFailed = 1
)

// Options say what to run.
type Options struct {
	// Plan is the verified configuration to start with; Load reads and verifies it again for a reload. Its error is the
	// whole text that an operator needs.
	Plan *plan.Plan
	Load func() (*plan.Plan, error)
	// Control is the path of the control socket, Admin the address of the admin listener; empty for none.
	Control, Admin string
	// Batch runs the server and its workers under SCHED_BATCH: more requests on a machine that has nothing else to do, longer
	// waits on a busy one.
	Batch bool
	// Version is gsrv's, for the log.
	Version string
	// Start starts a generation and Front makes the front; nil for the real ones.
	Start func(context.Context, *Boot) (Workers, error)
	Front func(*plan.Plan, *Log, *Backend) (Front, error)
}

// A Backend is what a front has behind it.
type Backend struct {
	// Sender gives the generation that serves now.
	Sender func() wire.Sender
	// OnRequest is told of each request that has ended.
	OnRequest func(status int, took time.Duration)
	// Health says whether the server lives (ready: takes requests), and if not why.
	Health func(ready bool) (ok bool, why string)
}

// A Boot is what a generation starts from.
type Boot struct {
	Plan    *plan.Plan
	Workers int
	// Number counts generations from 1.
	Number int
	Log    *Log
	// Stderr gets what the application writes to its standard output and error.
	Stderr *os.File
	// Reload tells that another generation served before this one, with Before workers.
	Reload bool
	Before int
	// Age is how many workers that and earlier generations have started.
	Age int
	// Event is told of workers that become ready, exit, time out, are recycled; nil for nobody.
	Event func(kind string, pid int, reason string)
}

// Workers is a generation: processes that run one state of the application.
type Workers interface {
	wire.Sender
	// Scale changes the number of processes.
	Scale(n int) error
	// Drain finishes what is queued and running, then ends the processes; ctx bounds it.
	Drain(ctx context.Context) error
	// Stop is Drain at the server's end: the hook on_exit is called.
	Stop(ctx context.Context) error
	// RunHook calls a hook that the master knows the time of: pre_exec.
	RunHook(ctx context.Context, name string) error
	// Kill ends the processes now.
	Kill()
	Status() []control.Worker
	// Done is closed when no process is left and none will be started.
	Done() <-chan struct{}
}

// A Front speaks HTTP on listeners and sends requests to the generation that serves.
type Front interface {
	// Serve accepts until Shutdown or Close, or until the listener is closed; it does not close it.
	Serve(l net.Listener, from *plan.Listener) error
	Reconfigure(*plan.Plan) error
	// Leave ends Serve for a listener, which stays open.
	Leave(l net.Listener)
	// Shutdown accepts nothing more and returns when every answer is out; ctx bounds it.
	Shutdown(ctx context.Context) error
	// Close ends all connections now.
	Close()
	// Reopen opens the access log again.
	Reopen() error
	Traffic() control.Traffic
}
