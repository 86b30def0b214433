package startup

import (
	"github.com/hashicorp/hcl/v2"
)

// A Kind says what sort of thing was started.
type Kind string

// The kinds.
const (
	// Thread is a thread that runs on, or a thread of a pool.
	Thread Kind = "thread"
	// Timer is a threading.Timer or a call that an event loop does later.
	Timer Kind = "timer"
	// Scheduler runs jobs by the clock: APScheduler and those built on it.
	Scheduler Kind = "scheduler"
	// Greenlet is a greenlet or coroutine that a gevent, eventlet or asyncio loop is to run.
	Greenlet Kind = "greenlet"
	// Process is a process that runs on: multiprocessing.Process, subprocess.Popen.
	Process Kind = "process"
	// Command is a command that was run and waited for: subprocess.run, os.system.
	Command Kind = "command"
	// Exporter sends telemetry from a thread of its own: OpenTelemetry's batch processors, prometheus_client.start_http_server.
	Exporter Kind = "exporter"
	// Agent is an agent or SDK of a monitoring service that was initialised.
	Agent Kind = "agent"
	// Connection is a connection, or a client that connects by itself, opened to a database, broker or service.
	Connection Kind = "connection"
	// Network is a request that was sent and answered: requests.get.
	Network Kind = "network"
	// EventLoop is an event loop that was made to run.
	EventLoop Kind = "event-loop"
	// Server is a server that was started: app.run(), uvicorn.run().
	Server Kind = "server"
	// SignalHandler is a handler for a signal.
	SignalHandler Kind = "signal-handler"
	// UWSGITimer is something uWSGI runs by its own means: a timer, cron, spooler function or mule.
	UWSGITimer Kind = "uwsgi-timer"
	// MonkeyPatch is gevent's or eventlet's patch of the standard library.
	MonkeyPatch Kind = "monkey-patch"
	// Sleep is a wait.
	Sleep Kind = "sleep"
)

// A Step is one link of the way from the application's module to the place of an effect.
type Step struct {
	Range hcl.Range
	// What says what happens there: "imports shop.jobs", "calls start_jobs()".
	What string
}

// An Effect is one thing that was started.
type Effect struct {
	Kind Kind
	// What is the text of the call, shortened.
	What string
	// Library is the package whose callable does it: "threading", "apscheduler".
	Library string
	// Callable is its full name: "threading.Thread.start".
	Callable string
	// Note says what there is to know of it, or is empty.
	Note string
	// Range is the place of the call.
	Range hcl.Range
	// Path is how the import, or the call of the function, comes there, outermost first; empty for the module itself.
	Path []Step
	// Conditional is set where it stands behind a test that cannot be known, or in the handler of an exception.
	Conditional bool
	// Guard is the text of the innermost such test, or of the lock taken around the call.
	Guard string
	// AfterFork is set for what runs in a worker after the fork, so that it is right there.
	AfterFork bool
	// Order is the place in the order of what happens, shared with Import.Order and Call.Order.
	Order int

	depth int  // how many unknown tests were around
	gone  bool // ended again
}

// An Import is the first import of a top-level package or module.
type Import struct {
	Name  string
	Range hcl.Range
	// Project is set for one that stands in the project.
	Project     bool
	Conditional bool
	Order       int
}

// A Call is a call of a library's callable, whatever it does.
type Call struct {
	// Name is the full name: "prometheus_client.multiprocess.mark_process_dead".
	Name        string
	Range       hcl.Range
	Conditional bool
	AfterFork   bool
	Order       int
}

// A Report is what was found.
type Report struct {
	// Found is false where the module, or the function, does not exist.
	Found   bool
	Effects []*Effect
	// Imports are the packages that were imported, in order.
	Imports []Import
	// Calls are the calls of libraries, in order, each place once.
	Calls []Call
	// ProjectCalls are the calls of functions of the project's other modules.
	ProjectCalls []Call
	// Modules are the files that were read, in order.
	Modules []string
	// Missing are modules that a package of the project should have and that are not there.
	Missing []string
	// Unreadable says for each file that could not be read or is no Python why.
	Unreadable []error
	// Object is what stands under the application's name.
	Object Object
	// Settings is Django's settings module, empty where Django was not set up.
	Settings string
	// Ready are the places of the AppConfig.ready methods that were followed.
	Ready []hcl.Range
	// Truncated is set where a limit ended the reading: the lists may lack something.
	Truncated bool
}

// An Object is what the application's name stands for.
type Object struct {
	Name string
	// Defined is "yes", "no" or "" where it cannot be known.
	Defined string
	// Class is the library's class or function that made it: "flask.Flask", "django.core.wsgi.get_wsgi_application".
	Class string
	// Function is set where it is a function of the project, Async where that is a coroutine function.
	Function, Async bool
}

// Options say what is known of how the application is loaded.
type Options struct {
	// App is what the server is given: "shop.wsgi:application", "shop.wsgi:create_app()", "shop.wsgi" or a file
	// such as "app.py" or "web/app.wsgi".
	App string
	// Path are the directories that modules are looked for in, relative to the files' directory; empty for that directory.
	Path []string
	// Factory is set where the server calls the named object for the application: uvicorn's --factory.
	Factory bool
	// Server is "gunicorn", "uwsgi", "uvicorn" or another server's name, empty where it is not known. The module
	// uwsgi can be imported under uwsgi only.
	Server string
	// Environ tells the value of an environment variable, or that it is known not to be set; nil where nothing is known.
	Environ func(name string) (value string, set, known bool)
}

// The limits of one report.
const (
	// MaxModules is how many files are read.
	MaxModules = 400
	// MaxBytes is how many bytes they may have in all.
	MaxBytes = 8 << 20

	maxSteps   = 400_000
	maxDepth   = 60
	maxEffects = 500
	maxCalls   = 5000
)
