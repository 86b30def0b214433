//go:build !linux

package worker

import (
	"context"
	"errors"
	"time"

	"gsrv/runtime/wire"
)

// Generation is the set of workers; here it cannot exist.
type Generation struct{}

var errHere = errors.New("gsrv run works on Linux only: its workers need memfd_create, SOCK_SEQPACKET and /proc")

// Start fails on this system.
func Start(context.Context, *Config) (*Generation, error) { return nil, errHere }

// Send implements wire.Sender.
func (*Generation) Send(r *wire.Request) {
	r.Answer.End(&wire.Failure{Status: 503, Reason: errHere.Error()})
}

// Cancel implements wire.Sender.
func (*Generation) Cancel(*wire.Request) {}

// InFlight is how many requests wait or run.
func (*Generation) InFlight() int { return 0 }

// WorkerAge is the age of the newest worker.
func (*Generation) WorkerAge() int { return 0 }

// Waits is how long requests have waited for a worker.
func (*Generation) Waits() wire.Waits { return wire.Waits{} }

// Done is closed when all processes are gone.
func (*Generation) Done() <-chan struct{} { return nil }

// Scale changes how many workers serve.
func (*Generation) Scale(int) error { return errHere }

// RunHook calls a hook of the server.
func (*Generation) RunHook(context.Context, string) error { return errHere }

// Reopen opens log files again.
func (*Generation) Reopen() {}

// Status lists the workers.
func (*Generation) Status() []WorkerStatus { return nil }

// Drain ends the processes when all is answered.
func (*Generation) Drain(context.Context) error { return nil }

// Stop is Drain with the hook on_exit.
func (*Generation) Stop(context.Context) error { return nil }

// Kill ends the processes now.
func (*Generation) Kill() {}

// Logger is the log process; here it cannot exist.
type Logger struct{}

// StartLogger fails on this system.
func StartLogger(context.Context, *Config, func(string), bool) (*Logger, error) { return nil, errHere }

// PID is that of the log process.
func (*Logger) PID() int { return 0 }

// Error logs a message of the server.
func (*Logger) Error(string, int, time.Time, string) {}

// Wants tells whether requests are logged.
func (*Logger) Wants() bool { return false }

// Access logs a request.
func (*Logger) Access([]byte) {}

// Reopen opens log files again.
func (*Logger) Reopen() {}

// Close ends the log process.
func (*Logger) Close(time.Duration) {}
