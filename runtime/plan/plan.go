package plan

import (
	"net/netip"
	"os"
	"time"

	"gsrv/schema"
)

// A Plan is what one reading of a configuration asks the server to do.
type Plan struct {
	// Config is what it was made of.
	Config *schema.Config
	// Directory is where the server was started; relative paths of the configuration start there.
	Directory string
	// base is where relative paths start: Directory, or the directory that gunicorn enters first.
	base string
	// place gives what stands here at a path of another machine; nil where the configuration is for this one.
	place func(path string) string

	App     App
	Listen  []Listener
	TLS     *TLS
	HTTP    HTTP
	Proxy   Proxy
	Workers Workers
	Hooks   Hooks
	Log     Log
	Statsd  *Statsd
	// Stats gives uWSGI's statistics at an address; nil for no.
	Stats   *Stats
	Process Process
	Reload  Reload
	// Static files are served without a worker; nil for none.
	Static *Static

	// Remarks are settings without meaning here, for the error log.
	Remarks []Remark
}

// A Remark says that a setting does nothing here, and why.
type Remark struct{ Place, Setting, Why string }

// App is what workers load.
type App struct {
	// Module is MODULE:CALLABLE (the callable may be an expression, "create_app()"); empty where File or Paste is set.
	Module string
	// File is a Python file, Callable the name in it.
	File, Callable string
	// Paste is a Paste ini file, PasteName the application in it ("main"), PasteVariables its global configuration.
	Paste, PasteName string
	PasteVariables   map[string]string
	// Directory is entered before the application is loaded, absolute.
	Directory string
	// PythonPath comes before Python's search path, the first in front.
	PythonPath []string
	// Virtualenv is the configured virtual environment, absolute; empty for none.
	Virtualenv string
	// Python is the interpreter, an absolute path or a name for PATH, and PythonFrom what chose it; both are the caller's to set.
	Python, PythonFrom string
	// Environment is set for the application, UnsetEnvironment removed from what the server was started with; ClearEnvironment
	// removes all of that. The latter two are the caller's to set.
	Environment      map[string]string
	UnsetEnvironment []string
	ClearEnvironment bool
	// Required says that no worker may serve without the application; false lets uWSGI's "full dynamic" mode through.
	Required bool
}

// A Listener is one address.
type Listener struct {
	// Network is tcp, unix or fd; Address is host:port, the path (abstract ones start with @), or the descriptor's number.
	Network, Address string
	Backlog          int
	ReusePort        bool
	// Plain is HTTP although the plan has TLS.
	Plain bool
	// V6Only keeps IPv4 out of [::].
	V6Only bool
	// Mode is a unix socket's; nil for what the umask leaves.
	Mode *os.FileMode
	// UID and GID own a unix socket; -1 leaves them.
	UID, GID int
	// Text is how the configuration writes it.
	Text string
}

// TLS makes every listener HTTPS.
type TLS struct {
	Certificate, Key, ClientCA string
	// ClientCertificate is none, optional or required.
	ClientCertificate string
	// Ciphers in OpenSSL's notation; empty for Go's choice.
	Ciphers string
}

// HTTP is how requests are read. Times of zero are without bound.
type HTTP struct {
	KeepAlive, HeaderTimeout, BodyTimeout, WriteTimeout time.Duration
	// RequestLine, HeaderCount and HeaderSize are gunicorn's limits, 0 for none; Head bounds the whole head, in bytes.
	RequestLine, HeaderCount, HeaderSize, Head int
	// Gunicorn bounds the limits themselves as gunicorn does.
	Gunicorn bool
	MaxBody  int64
	// MaxConnections bounds open connections; 0 for no bound.
	MaxConnections int
	SpoolDirectory string
	// RequestIDHeader carries a request's id; HealthPath and ReadyPath are answered by the server itself. Empty for none.
	RequestIDHeader, HealthPath, ReadyPath string

	UnconventionalMethod, UnconventionalVersion, CasefoldMethod, ObsoleteFolding, StripHeaderSpaces bool
	HTTP2                                                                                           HTTP2
	// RequestURI gives the application REQUEST_URI, as uWSGI and waitress do, beside gunicorn's RAW_URI.
	RequestURI bool
}

// HTTP2 says whether HTTP/2 is spoken (by ALPN with TLS, and without TLS to trusted peers that begin with its preface), and
// its limits.
type HTTP2 struct {
	Enabled bool
	// Cleartext takes it without TLS, from trusted peers that begin with its preface.
	Cleartext bool

	MaxStreams, InitialWindow, MaxFrame, MaxHeaderList int
}

// Proxy says what is believed of peers.
type Proxy struct {
	// Trusted peers may send forwarded headers; All trusts every peer.
	Trusted []netip.Prefix
	All     bool
	// Protocol expects the PROXY protocol from ProtocolTrusted: off, v1, v2 or auto.
	Protocol        string
	ProtocolTrusted []netip.Prefix
	ProtocolAll     bool
	// SecureSchemeHeaders are the values that mean https, by header (upper case).
	SecureSchemeHeaders map[string]string
	ForwarderHeaders    []string
	// HeaderMap is drop, refuse or dangerous.
	HeaderMap string
	// Scheme is wsgi.url_scheme where no trusted peer says otherwise; empty for the connection's own.
	Scheme string
	// Prefix is SCRIPT_NAME for every request.
	Prefix string
}

// Workers says how many processes run the application, and how.
type Workers struct {
	// Count of processes; CountFrom says what it was worked out from, empty where it was given.
	Count     int
	CountFrom string
	// Class is sync, gthread or gevent.
	Class       string
	Threads     int
	Connections int
	Preload     bool
	// Timeout is a request's longest time, 0 for none; StartTimeout that of loading the application.
	Timeout, GracefulTimeout, StartTimeout time.Duration
	MaxRequests, MaxRequestsJitter         int
	MaxMemory                              int64
	MaxLifetime                            time.Duration
	SendFile                               bool
	// Cheaper lets the number go up and down with the load, Count being the most; nil keeps it.
	Cheaper *Cheaper
}

// Cheaper is uWSGI's cheaper subsystem.
type Cheaper struct {
	// Minimum and Initial are numbers of workers, Step how many are added at once.
	Minimum, Initial, Step int
	// Overload is how many seconds all workers must be busy before some are added; with the algorithm backlog, how many requests must
	// wait.
	Overload int
	// Algorithm is spare, backlog or manual.
	Algorithm string
	// SoftRSS and HardRSS bound the memory of all workers, in bytes: above the one none is added, above the other some are taken.
	SoftRSS, HardRSS int64
}

// Hooks are functions of the configuration that workers and the master call.
type Hooks struct {
	// File is the Python file whose functions are hooks: absolute, or python:MODULE; empty for none. Gunicorn's own runs in any
	// case, since it may set up more than hooks.
	File string
	// Names are the hooks that are set.
	Names []string
	// Settings are the values that hooks see as cfg.NAME, by gunicorn's names.
	Settings map[string]any
}

// Log is where lines go.
type Log struct {
	// Level is debug, info, warning, error or critical.
	Level string
	// Error is a file, or - for standard error. Access is a file, - for standard output, or empty for none.
	Error, Access string
	// Format is gunicorn's access log format, or json; where Either is set, it may be uWSGI's log-format as well.
	Format string
	Either bool
	// Requests makes the lines uWSGI's instead; nil: no. Sinks are where the access log goes beside Access.
	Requests      *RequestLog
	Sinks         []Sink
	CaptureOutput bool
	Syslog        *Syslog
	// Python lets Python's logging write both logs, in a process of its own, as logconfig, logconfig_dict, logconfig_json and
	// logger_class say; they are among the settings of Hooks.
	Python bool
}

// Syslog sends the logs there.
type Syslog struct {
	Address, Prefix, Facility string
	// Access sends the access log as well.
	Access bool
}

// Statsd sends counts in gunicorn's names.
type Statsd struct {
	// Address is host:port or unix://path.
	Address, Prefix string
	Tags            []string
	Backlog         bool
}

// Stats is uWSGI's stats server.
type Stats struct {
	// Network is tcp or unix.
	Network, Address string
	// HTTP answers with a head, Minified without blanks; NoCores leaves the threads of workers out.
	HTTP, Minified, NoCores bool
}

// Process is the master's own.
type Process struct {
	// UID and GID are the workers'; -1 keeps the master's.
	UID, GID   int
	User       string
	InitGroups bool
	// Groups are the workers' supplementary groups where InitGroups is off; nil keeps the master's.
	Groups []int
	// Umask of workers; nil keeps the inherited one.
	Umask                *int
	PIDFile              string
	Daemon, InheritStdio bool
	Name                 string
}

// Reload watches code, for development.
type Reload struct {
	Enabled bool
	// Poll looks at times instead of being told by the kernel.
	Poll bool
	// Files are watched as well; alone, in production too, where Touch is set.
	Files []string
	Touch bool
}
