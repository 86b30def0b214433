package cmdline

import (
	"fmt"
	"slices"
	"strings"

	"gsrv/schema"
)

// Optparse takes a command line apart as Python's optparse does: long options may be abbreviated, options may stand
// among the plain words, and every value is converted at once, so that the first mistake in reading order is the one
// reported. check gives optparse's message for a value that it does not take, or "".
func Optparse(flags *Flags, words []schema.Word, check func(*Given) string) *Line {
	line := &Line{}
	for len(words) > 0 && line.Err == nil {
		w := words[0]
		words = words[1:]
		switch {
		case w.Text == "--":
			line.Args = append(line.Args, words...)
			return line
		case strings.HasPrefix(w.Text, "--"):
			words = line.optparseLong(flags, w, words, check)
		case len(w.Text) > 1 && w.Text[0] == '-':
			line.optparseShort(flags, w)
		default:
			line.Args = append(line.Args, w)
		}
		if n := len(line.Given); n > 0 && line.Given[n-1].Flag.Option == nil {
			return line // --help ends the program at once
		}
	}
	return line
}

func (l *Line) optparseLong(flags *Flags, w schema.Word, rest []schema.Word, check func(*Given) string) []schema.Word {
	name, value, explicit := cut(w)
	written := head(w, len(name))
	flag := flags.byName[name]
	if flag == nil {
		matches := flags.startingWith(name)
		switch len(matches) {
		case 0:
			l.Err = &Error{Code: "unknown-option", At: written, Name: name, Message: "no such option: " + name}
			return rest
		case 1:
			flag = flags.byName[matches[0]]
		default:
			slices.Sort(matches)
			l.Err = &Error{Code: "ambiguous-option", At: written, Name: name, Matches: matches, Message: fmt.Sprintf("ambiguous option: %s (%s?)", name, strings.Join(matches, ", "))}
			return rest
		}
	}
	if explicit && flag.Args == 0 {
		l.Err = &Error{Code: "unexpected-argument", At: w, Name: flag.Name, Message: flag.Name + " option does not take a value"}
		return rest
	}
	values, left, ok := take(flag, value, explicit, rest)
	if !ok {
		plural := ""
		if flag.Args > 1 {
			plural = "s"
		}
		l.Err = &Error{Code: "missing-argument", At: w, Name: flag.Name, Args: flag.Args, Message: fmt.Sprintf("%s option requires %d argument%s", flag.Name, flag.Args, plural)}
		return rest
	}
	given := Given{Flag: flag, Name: written, Values: values}
	if message := check(&given); message != "" {
		l.Err = &Error{Code: "invalid-value", At: given.Values[0], Name: flag.Name, Message: message}
		return rest
	}
	l.Given = append(l.Given, given)
	return left
}

// optparseShort reads a word of letters; of optparse's own, -h alone is ever declared.
func (l *Line) optparseShort(flags *Flags, w schema.Word) {
	for _, r := range w.Text[1:] {
		name := "-" + string(r)
		flag := flags.byName[name]
		if flag == nil {
			l.Err = &Error{Code: "unknown-option", At: w, Name: name, Message: "no such option: " + name}
			return
		}
		l.Given = append(l.Given, Given{Flag: flag, Name: w})
		if flag.Option == nil {
			return
		}
	}
}

// startingWith lists the flags that a name abbreviates, each once.
func (f *Flags) startingWith(name string) []string {
	var matches []string
	for _, flag := range f.list {
		if strings.HasPrefix(flag.Name, name) && !slices.Contains(matches, flag.Name) {
			matches = append(matches, flag.Name)
		}
	}
	return matches
}
