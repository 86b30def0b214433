package cmdline

import (
	"fmt"
	"slices"
	"strings"

	"gsrv/schema"
)

// Getopt takes a command line apart as Python's getopt.getopt does with long options only: they may be abbreviated, and
// the first plain word ends them.
func Getopt(flags *Flags, words []schema.Word) *Line {
	line := &Line{}
	for len(words) > 0 && line.Err == nil && strings.HasPrefix(words[0].Text, "-") && words[0].Text != "-" {
		w := words[0]
		words = words[1:]
		if w.Text == "--" {
			break
		}
		if !strings.HasPrefix(w.Text, "--") {
			letter := firstRune(w.Text[1:])
			line.Err = &Error{Code: "unknown-option", At: w, Name: "-" + letter, Message: fmt.Sprintf("option -%s not recognized", letter)}
			return line
		}
		words = line.getopt(flags, w, words)
	}
	line.Args = words
	return line
}

func (l *Line) getopt(flags *Flags, w schema.Word, rest []schema.Word) []schema.Word {
	name, value, explicit := cut(w)
	written := head(w, len(name))
	flag := flags.byName[name]
	if flag == nil {
		matches := flags.startingWith(name)
		switch len(matches) {
		case 0:
			l.Err = &Error{Code: "unknown-option", At: written, Name: name, Message: fmt.Sprintf("option %s not recognized", name)}
			return rest
		case 1:
			flag = flags.byName[matches[0]]
		default:
			slices.Sort(matches)
			l.Err = &Error{Code: "ambiguous-option", At: written, Name: name, Matches: matches, Message: fmt.Sprintf("option %s not a unique prefix", name)}
			return rest
		}
	}
	given := Given{Flag: flag, Name: written}
	switch {
	case flag.Args == 0 && explicit:
		l.Err = &Error{Code: "unexpected-argument", At: w, Name: flag.Name, Message: fmt.Sprintf("option %s must not have an argument", flag.Name)}
		return rest
	case flag.Args == 0:
	case explicit:
		given.Values = []schema.Word{value}
	case len(rest) == 0:
		l.Err = &Error{Code: "missing-argument", At: w, Name: flag.Name, Args: 1, Message: fmt.Sprintf("option %s requires argument", flag.Name)}
		return rest
	default:
		given.Values, rest = rest[:1:1], rest[1:]
	}
	l.Given = append(l.Given, given)
	return rest
}
