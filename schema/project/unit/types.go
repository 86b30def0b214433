package unit

import (
	"time"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
)

// A Unit is a unit file with its drop-ins.
type Unit struct {
	// File is the name that was read, Files that and its drop-ins in the order in which they are read.
	File  string
	Files []string
	// Name is the unit's name (web@.service), Kind what stands behind the dot, Template the part before the "@" of a
	// template; Instance is what stands behind it.
	Name, Kind, Template, Instance string
	Sections                       []*Section
	// Service and Socket hold what the sections of that name say; nil where there is none.
	Service *Service
	Socket  *Socket
}

// A Section is one section header with its assignments; a section may be opened several times.
type Section struct {
	Name        string
	Range       hcl.Range
	Assignments []*Assignment
}

// An Assignment is one line KEY=VALUE, continuation lines joined.
type Assignment struct {
	Key, Value string
	// KeyRange and Range are where the key and the value stand; the range of an empty value is the place behind "=".
	KeyRange, Range hcl.Range

	at   []int // the byte of the file that each byte of Value comes from, and one more
	line int   // the line in systemd's messages
	doc  *document
}

// Text is a value. Set tells that the unit gives it; Open that it holds a specifier or a template's marks.
type Text struct {
	Value     string
	Set, Open bool
	Range     hcl.Range
}

// Int is a whole number; Unlimited stands for "infinity".
type Int struct {
	Value     int64
	Unlimited bool
	Set, Open bool
	Range     hcl.Range
}

// Bool is a truth value.
type Bool struct {
	Value, Set, Open bool
	Range            hcl.Range
}

// Duration is a time; Infinite stands for "infinity", and for 0 where systemd takes that for no limit.
type Duration struct {
	Value     time.Duration
	Infinite  bool
	Set, Open bool
	Range     hcl.Range
}

// A Command is one command line of ExecStart= and its kin.
type Command struct {
	// Path is the program without prefixes, Words the whole command with the program first ("@" gives another first
	// word to the program). Variables are not yet put in.
	Path  schema.Word
	Words []schema.Word
	// Prefixes are those written: any of @ - : + ! !!.
	Prefixes string
	// IgnoreFailure is "-", NoEnvironment ":", Privileged "+" or "!", Argv0 "@".
	IgnoreFailure, NoEnvironment, Privileged, Argv0 bool
	// Open tells that a word holds a specifier or a template's marks.
	Open  bool
	Range hcl.Range
}

// A Variable is one assignment of Environment=.
type Variable struct {
	Name  string
	Value Text
}

// An EnvironmentFile is one EnvironmentFile=; Optional for a leading "-".
type EnvironmentFile struct {
	Path     Text
	Optional bool
}

// A Service is what the [Service] sections say after resets and drop-ins.
type Service struct {
	// Type is "simple" unless set ("oneshot" without ExecStart=, "dbus" with BusName=).
	Type                                                                       Text
	ExecStart, ExecStartPre, ExecStartPost, ExecReload, ExecStop, ExecStopPost []Command
	User, Group, WorkingDirectory, RootDirectory, PIDFile, UMask               Text
	Environment                                                                []Variable
	EnvironmentFiles                                                           []EnvironmentFile
	PassEnvironment                                                            []Text
	// KillMode is "control-group", KillSignal "SIGTERM" unless set.
	KillMode, KillSignal Text
	// TimeoutStart and TimeoutStop are 90 s unless set.
	TimeoutStart, TimeoutStop Duration
	// Restart is "no" unless set, RestartSec 100 ms.
	Restart    Text
	RestartSec Duration
	// NotifyAccess is "none" unless set ("main" for Type=notify).
	NotifyAccess Text
	// LimitNOFILE is the soft limit; the manager's own where not set.
	LimitNOFILE          Int
	RuntimeDirectory     []Text
	RuntimeDirectoryMode Text
	// Sockets are the units of Sockets=.
	Sockets    []Text
	PrivateTmp Bool // false

	index map[string]int // places in Environment by name
}

// A Listen is one address of a socket.
type Listen struct {
	// Key is ListenStream, ListenDatagram and so on.
	Key string
	// Network is "tcp", "unix" or "other"; Host is empty for all addresses, Path a file or "@name".
	Network, Host, Port, Path string
	Text
}

// A Socket is what the [Socket] sections say.
type Socket struct {
	Listen []Listen
	// Mode is 0666 unless set.
	Mode, User, Group Text
	// Accept is false unless set: one service gets the listening sockets.
	Accept Bool
	// Service is the unit that is started; by default the one of the same name.
	Service Text
	Backlog Int
}
