package uwsgi

import (
	"slices"
	"sync"

	"gsrv/schema"
)

// Info is what an option of uWSGI has beyond the common fields; it is the Extra of every option here. Option.Type
// is the kind of handler: "bool" (everything but false, off, no and 0 is true), "bool-inverted", "int" (leading
// digits, negative refused), "rawint" (negative allowed), "uint64", "uint16" (clamped to 65535), "megabytes", "str"
// (the last one counts), "list" and the other lists (every one counts), "mode3" (three octal digits), "logic",
// "logic-end", "config-file", "name=value", "command" (acts and mostly exits) and some with their own syntax.
type Info struct {
	// Plugin that brings the option; empty for the core.
	Plugin string
	// Arg says whether the command line wants a value. A file may always give one.
	Arg Arg
	// Short is the option's letter on the command line; the first option with a letter owns it.
	Short byte
	// Flags are the option's side effects while it is read.
	Flags Flag
	// Cond is the condition under which uWSGI is compiled with the option, in C; empty for always.
	Cond string
}

// Arg says whether an option takes a value on the command line.
type Arg uint8

// The ways of getopt_long.
const (
	ArgNone Arg = iota
	ArgRequired
	ArgOptional
)

// Flag is a side effect of an option's mere presence.
type Flag uint32

// The side effects. Immediate options act while they are read, before anything in their value is replaced.
const (
	Immediate Flag = 1 << iota
	ImpliesMaster
	ImpliesLogMaster
	ImpliesReqLogMaster
	ImpliesThreads
	ImpliesCheaper
	ImpliesVhost
	ImpliesMemory
	ImpliesProcname
	ImpliesLazy
	NoInitial
	NoServer
	ImpliesPostBuffering
	ImpliesMime
	ImpliesMetrics
)

// Newest is the newest release whose options are known.
const Newest = "2.0.30"

// Catalogue lists uWSGI's options, as of the newest 2.0 release. It is made on first use and shared.
var Catalogue = sync.OnceValue(func() *schema.Catalogue {
	return &schema.Catalogue{Server: "uwsgi", Newest: Newest, Options: slices.Concat(
		coreOptions1[:], coreOptions2[:], coreOptions3[:], pythonOptions[:], routerOptions[:], pluginOptions[:],
	)}
})

// devOption gives the option of a name that only the development branch has, or nil.
func devOption(name string) *schema.Option {
	for i := range devOptions {
		if devOptions[i].Name == name {
			return &devOptions[i]
		}
	}
	return nil
}

// optionNames lists every name of the catalogue, for suggestions.
var optionNames = sync.OnceValue(func() []string {
	cat := Catalogue()
	names := make([]string, len(cat.Options))
	for i := range cat.Options {
		names[i] = cat.Options[i].Name
	}
	return names
})

func info(o *schema.Option) *Info { return o.Extra.(*Info) }

// canonical gives the first name of an option's alias group, under which its values meet.
func canonical(o *schema.Option) *schema.Option {
	if o.Canonical == "" {
		return o
	}
	if c := Catalogue().Lookup(o.Canonical); c != nil {
		return c
	}
	return o
}
