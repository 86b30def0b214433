package clitest

import (
	"math/rand/v2"
	"slices"
	"strings"

	"gsrv/schema"
	"gsrv/schema/cmdline"
)

// A Generator makes command lines of a catalogue's flags: mostly right ones, some with mistakes.
type Generator struct {
	*rand.Rand
	// Flags are the spellings to choose from.
	Flags []*cmdline.Flag
	// Values are texts for any option, Typed for those of a type or, first, of an option's name.
	Values []string
	Typed  map[string][]string
	// Strict are the options that take no other texts than their own.
	Strict []string
	// Apps are the plain words.
	Apps []string
}

// Argv makes a command line.
func (g *Generator) Argv() []string {
	argv := []string{}
	for range g.IntN(6) {
		f := g.Flags[g.IntN(len(g.Flags))]
		name := f.Name
		mistake := g.IntN(40)
		if len(name) < 3 {
			mistake = -1
		}
		switch mistake {
		case 0:
			name = name[:2+g.IntN(len(name)-1)]
		case 1:
			name += "x"
		case 2:
			i := 2 + g.IntN(len(name)-2)
			name = name[:i] + "-" + name[i:]
		}
		argv = append(argv, g.option(f, name)...)
	}
	app := g.pick(g.Apps)
	switch g.IntN(20) {
	case 0:
	case 1:
		argv = append(argv, app, g.pick(g.Apps))
	case 2:
		argv = append(argv, "--", app)
	case 3:
		argv = append([]string{app}, argv...)
	default:
		argv = append(argv, app)
	}
	return argv
}

func (g *Generator) option(f *cmdline.Flag, name string) []string {
	var values []string
	for range f.Args {
		values = append(values, g.value(f.Option))
	}
	switch {
	case g.IntN(60) == 0:
		return []string{name + "=" + g.value(f.Option)}
	case len(values) == 0 || g.IntN(2) == 0:
		return append([]string{name}, values...)
	}
	return append([]string{name + "=" + values[0]}, values[1:]...)
}

func (g *Generator) value(o *schema.Option) string {
	if o == nil || g.IntN(8) == 0 && !slices.Contains(g.Strict, o.Name) {
		return g.pick(g.Values)
	}
	for _, list := range [][]string{g.Typed[o.Name], o.Enum, g.Typed[o.Type]} {
		if len(list) > 0 {
			return g.pick(list)
		}
	}
	return g.pick(g.Values)
}

// Environment makes variables from names, each seldom.
func (g *Generator) Environment(names []string, value func(name string) string) map[string]string {
	env := map[string]string{}
	for _, n := range names {
		if g.IntN(len(names)*2) == 0 {
			env[n] = value(n)
		}
	}
	return env
}

func (g *Generator) pick(list []string) string { return list[g.IntN(len(list))] }

// Value gives a text for an option.
func (g *Generator) Value(o *schema.Option) string { return g.value(o) }

// Words parts a text at newlines, for fuzz targets.
func Words(text string) []string { return strings.Split(text, "\n") }
