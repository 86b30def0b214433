package eval

import (
	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
	"gsrv/schema/python/syntax"
	"gsrv/schema/python/value"
)

// Options say what to evaluate, and for which host.
type Options struct {
	// Files reads the modules and data files that the source asks for. Never nil.
	Files *schema.Files
	// Host answers for environment, CPUs and host name. Nil knows nothing.
	Host schema.Host
	// Filename is the source's name as Files takes it; Source its text.
	Filename string
	Source   []byte
	// ModuleName is the value of __name__.
	ModuleName string
	// Dir is the directory the program runs in, absolute.
	Dir string
	// SysPath lists directories in which the project's own modules are looked for.
	SysPath []string
	// Steps and Memory bound the work; 0 for the defaults of 600,000 steps and 64 MB.
	Steps, Memory int64
}

// SetState says whether a name is assigned on the host.
type SetState uint8

// The states of a name.
const (
	Set      SetState = iota // it is assigned
	NotSet                   // only another host would assign it
	MaybeSet                 // inputs that are not known decide
)

// A Binding is one name of the module when it has run.
type Binding struct {
	Name string
	// Value is the expression over host inputs that holds on every host.
	Value schema.Expr
	// OnHost is the Python value on the host; nil where it is not known, and then Unknown says why.
	OnHost  value.Value
	Unknown *schema.Opaque
	// Func describes a function, class or other callable; nil for other values.
	Func *schema.FuncRef
	// Kind is "value", "function", "class", "module" or "import" (a name that an import statement bound).
	Kind string
	Set  SetState
	// Range is the value's expression in the last assignment, NameRange its target.
	Range, NameRange hcl.Range
	// Earlier are assignments of the same name that this one replaced, nearest first.
	Earlier []Assignment
}

// An Assignment is an earlier value of a name.
type Assignment struct {
	Range, NameRange hcl.Range
	Value            schema.Expr
	OnHost           value.Value
}

// Raised is the exception that ends the module on the host.
type Raised struct {
	// Type and Msg are CPython's: "KeyError", "'PORT'".
	Type, Msg string
	// Range is the statement that raised it, Trace the calls that led there, outermost first.
	Range hcl.Range
	Trace []Frame
	// ExitCode is the status of sys.exit, when Type is SystemExit.
	ExitCode int
}

// A Frame is one call of a traceback.
type Frame struct {
	Function string
	Range    hcl.Range
}

// A Result is what a module came to.
type Result struct {
	// Bindings are the names at the end, in order of their first assignment.
	Bindings []Binding
	// Open lists why other names may be assigned too.
	Open []*schema.Opaque
	// Raised is set where the module fails on the host; Bindings then hold what was assigned before.
	Raised *Raised
	// Conditional are exceptions that the module raises on some hosts only.
	Conditional []*Raised
	// Syntax is set where the source is no Python.
	Syntax *syntax.SyntaxError
	// Diags are problems of the evaluation itself: a budget that ran out, a module that does not parse.
	Diags hcl.Diagnostics
	// Read lists names that the module reads somewhere, in functions too: helper variables.
	Read map[string]bool
}

// maxSource is the largest Python file that is read, in bytes. Configurations are a hundredth of it.
const maxSource = 1 << 20

// Module evaluates a module. It never panics and takes at most about the time its budget allows.
func Module(o Options) *Result {
	if o.Steps == 0 {
		o.Steps = 600_000
	}
	if o.Memory == 0 {
		o.Memory = 64 << 20
	}
	if o.Host == nil {
		o.Host = schema.NoHost
	}
	if len(o.Source) > maxSource {
		at := hcl.Range{Filename: o.Filename, Start: hcl.InitialPos, End: hcl.InitialPos}
		return &Result{
			Open:  []*schema.Opaque{{Source: o.Filename, Reason: "the file is too large to be read", Src: at}},
			Diags: hcl.Diagnostics{schema.Warnf("too-large", at, "File too large", "It has %d KB; at most %d KB of Python are read. What it sets is not known.", len(o.Source)>>10, maxSource>>10)},
		}
	}
	mod, err := parseModule(o.Filename, o.Source)
	if err != nil {
		return &Result{Syntax: err}
	}
	onHost := newInterp(o, o.Host)
	onHost.runMain(mod)
	open := newInterp(o, openHost{o.Host})
	open.runMain(mod)
	defer onHost.closeGenerators()
	defer open.closeGenerators()
	return assemble(onHost, open, mod)
}
