package worker

import (
	"os"
	"time"
)

// Classes of workers.
const (
	Sync    = "sync"    // one request at a time
	Gthread = "gthread" // Threads at a time
	Gevent  = "gevent"  // Threads greenlets at a time, the standard library patched
)

// Config is what a generation runs and how. Zero durations and counts are no limit unless said otherwise.
type Config struct {
	// Python is the interpreter, "python3" where empty.
	Python string
	// App is MODULE, MODULE:ATTRIBUTE, MODULE:FACTORY(...), Django's MODULE.ATTRIBUTE, or PATH.py:ATTRIBUTE with a slash
	// in the path.
	App string
	// Paste is a Paste Deploy file, FILE or FILE#NAME, in place of App; PasteName names the application where FILE has no
	// #NAME. PasteGlobals are gunicorn's paste_global_conf.
	Paste        string
	PasteName    string
	PasteGlobals map[string]string
	// Directory is where the processes run, the first to import from; the current one where empty.
	Directory  string
	PythonPath []string
	// Env is the processes' environment; the master's where nil.
	Env []string
	// Settings may name a function for a hook, which counts instead of the files': FILE.py:NAME or MODULE:NAME.
	//
	// ConfigFile is a gunicorn.conf.py (or "python:MODULE") and HooksFile a file of the same kind after it: their hooks are
	// run. Their settings are not looked at: Settings is what cfg has, by gunicorn's names.
	ConfigFile, HooksFile string
	Settings              map[string]any
	// Preload loads the application in the zygote, once.
	Preload bool
	// Class is Sync where empty.
	Class string
	// Workers is how many processes serve, at least 1; Threads how many requests each serves at a time (for Gevent
	// gunicorn's worker_connections, 1000 where 0).
	Workers, Threads int
	// Timeout is how long a request may take in a worker: 504 and a new worker otherwise.
	Timeout time.Duration
	// GracefulTimeout is how long a worker that is told to stop may go on with what it has; 30 s where 0.
	GracefulTimeout time.Duration
	// StartTimeout is how long the zygote, and each worker, may take to boot.
	StartTimeout time.Duration
	// MaxRequests plus a random part of MaxRequestsJitter is how many requests a worker serves before it is replaced.
	MaxRequests, MaxRequestsJitter int
	// MaxMemory is the resident size in bytes, MaxLifetime the age above which a worker is replaced.
	MaxMemory   int64
	MaxLifetime time.Duration
	// UID and GID are what workers become; InitGroups gives them the user's groups, Groups these instead.
	UID, GID   *int
	InitGroups bool
	Groups     []int
	Umask      *int
	// ProcName is shown by ps where Python has setproctitle.
	ProcName string
	// Reload is a generation that takes over from one with WorkersBefore workers: on_reload is called in place of
	// on_starting and when_ready.
	Reload        bool
	WorkersBefore int
	// AgeBefore is the former generation's WorkerAge: workers are numbered on from it, as gunicorn's worker.age.
	AgeBefore int
	// LogLevel is gunicorn's loglevel for what hooks log; "info" where empty.
	LogLevel string
	// Logging lets Python's logging write what the processes log, as Settings' logconfig, logconfig_dict, logconfig_json and
	// logger_class say, and the application's own loggers with it; Log then gets the generation's messages alone.
	Logging bool
	// Logged, where set, is told the level of each message from warning on that Python's logging gets from the processes.
	Logged func(level string)
	// Stdout gets what the processes write to stdout where Logging is set; Stderr where nil.
	Stdout *os.File
	// Stderr gets what the processes write to stdout and stderr; the master's stderr where nil.
	Stderr *os.File
	// Log gets the generation's and its processes' messages; level is debug, info, warning, error or critical.
	Log func(level, msg string)
	// Event, where set, is told of what happens to workers, from one goroutine; it must not block.
	Event func(Event)
}

// An Event is something that happened to a worker.
type Event struct {
	// Kind is "ready", "exit", "boot-failed", "timeout" or "recycle".
	Kind   string
	PID    int
	Reason string
}

// WorkerStatus is one worker as it is now.
type WorkerStatus struct {
	Number int
	PID    int
	State  string // booting, idle, busy, leaving
	// Requests is how many answers it has given.
	Requests int64
	// Busy is how many requests it works on, Since for how long the oldest.
	Busy  int
	Since time.Duration
	RSS   int64
	Age   time.Duration
}
