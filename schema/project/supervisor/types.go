package supervisor

import (
	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
)

// A Config is what a configuration file and its includes say.
type Config struct {
	// File is the name that was read, Files all that were, in order.
	File  string
	Files []string
	// Fragment tells that there is no [supervisord] section: another file includes this one.
	Fragment bool
	// Daemon holds the keys of [supervisord].
	Daemon Daemon
	// Programs are the [program:], [fcgi-program:] and [eventlistener:] sections in the order of the file.
	Programs []*Program
	// Groups are the [group:] sections.
	Groups []*Group
	// Includes are the patterns of [include] with the files they led to.
	Includes []Include
}

// A Daemon is the [supervisord] section.
type Daemon struct {
	Range       hcl.Range
	NoDaemon    Bool // false unless set
	User        Text
	Directory   Text
	Umask       Text
	Logfile     Text
	Pidfile     Text
	Loglevel    Text
	MinFDs      Int // 1024 unless set
	MinProcs    Int // 200 unless set
	Environment []Variable
}

// An Include is one pattern of [include] files.
type Include struct {
	Pattern Text
	Files   []string
}

// A Group is a [group:] section.
type Group struct {
	Name     string
	Range    hcl.Range
	Programs []Text
	Priority Int
}

// A Program is one section that starts processes.
type Program struct {
	// Kind is "program", "fcgi-program" or "eventlistener".
	Kind, Name string
	// Group is the name of the group that holds it; its own name where none does.
	Group string
	// Range is the section's header.
	Range hcl.Range
	// Command is the command of the first process, with its words.
	Command Command
	// Processes are what is started: numprocs of them, at most 64 listed, fewer
	// where the configuration is huge.
	Processes []Process

	ProcessName  Text // %(program_name)s unless set, as written
	NumProcs     Int  // 1
	NumStart     Int  // 0
	Priority     Int  // 999
	AutoStart    Bool // true
	AutoRestart  Text // "unexpected", "true" or "false"; "unexpected" unless set
	StartSecs    Int  // 1
	StartRetries Int  // 3
	ExitCodes    Text // "0"
	StopSignal   Text // the name without SIG: "TERM" unless set
	StopWaitSecs Int  // 10
	StopAsGroup  Bool // false
	KillAsGroup  Bool // what StopAsGroup is
	User         Text
	Umask        Text
	// RedirectStderr sends standard error to the standard output's log.
	RedirectStderr Bool // false
	// Socket is the address of an fcgi-program, SocketOwner and SocketMode its file's.
	Socket, SocketOwner, SocketMode Text
	// Keys are all the keys of the section as written.
	Keys map[string]Text
}

// A Process is one process of a program.
type Process struct {
	Num     int64
	Name    Text
	Command Command
	// Directory is where it is started; not set for supervisord's own directory.
	Directory Text
	// StdoutLogfile and StderrLogfile are a path, "auto" (a file in childlogdir), "none" or "syslog".
	StdoutLogfile, StderrLogfile Text
	// Environment is the section's own environment over [supervisord]'s, by name.
	Environment []Variable
}

// A Command is a command with its words.
type Command struct {
	Text
	Words []schema.Word
}

// A Variable is one environment variable that is set.
type Variable struct {
	Name  string
	Value Text
}

// Text is a value after expansion. Set tells that the file gives it, Open that it holds an expansion that could not be
// made; Range is empty for a default.
type Text struct {
	Value     string
	Set, Open bool
	Range     hcl.Range
}

// Int is a whole number.
type Int struct {
	Value     int64
	Set, Open bool
	Range     hcl.Range
}

// Bool is a truth value.
type Bool struct {
	Value, Set, Open bool
	Range            hcl.Range
}

// Options say what is known of the machine.
type Options struct {
	// Env are the variables supervisord itself starts with; nil where they are not known.
	Env map[string]string
	// Hostname is what %(host_node_name)s stands for; open where it is empty.
	Hostname string
}
