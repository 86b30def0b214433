package cmdline

import (
	"fmt"
	"strings"

	"gsrv/schema"
)

// Click takes a command line apart as click 8 does: no abbreviations, options among the plain words, a value behind "="
// or as the next word whatever it looks like.
func Click(flags *Flags, words []schema.Word) *Line {
	line := &Line{}
	for len(words) > 0 && line.Err == nil {
		w := words[0]
		words = words[1:]
		switch {
		case w.Text == "--":
			line.Args = append(line.Args, words...)
			return line
		case len(w.Text) > 1 && w.Text[0] == '-':
			words = line.click(flags, w, words)
		default:
			line.Args = append(line.Args, w)
		}
	}
	return line
}

func (l *Line) click(flags *Flags, w schema.Word, rest []schema.Word) []schema.Word {
	name, value, explicit := cut(w)
	flag := flags.byName[name]
	written := head(w, len(name))
	if flag == nil {
		l.Err = &Error{Code: "unknown-option", At: written, Name: name, Message: "No such option: " + name}
		if !strings.HasPrefix(w.Text, "--") {
			// One dash: letters, of which click names the first.
			letter := "-" + firstRune(w.Text[1:])
			l.Err.At, l.Err.Name, l.Err.Message = w, letter, "No such option: "+letter
			return rest
		}
		l.Err.Message += possibilities(similar(name, flags.Names()))
		return rest
	}
	if explicit && flag.Args == 0 {
		l.Err = &Error{Code: "unexpected-argument", At: w, Name: name, Message: fmt.Sprintf("Option %s does not take a value.", Repr(name))}
		return rest
	}
	values, left, ok := take(flag, value, explicit, rest)
	if !ok {
		plural := "an argument"
		if flag.Args > 1 {
			plural = fmt.Sprintf("%d arguments", flag.Args)
		}
		l.Err = &Error{Code: "missing-argument", At: w, Name: name, Args: flag.Args, Message: fmt.Sprintf("Option %s requires %s.", Repr(name), plural)}
		return rest
	}
	l.Given = append(l.Given, Given{Flag: flag, Name: written, Values: values})
	return left
}

// possibilities is what click adds to its message about an unknown option.
func possibilities(names []string) string {
	switch len(names) {
	case 0:
		return ""
	case 1:
		return " Did you mean " + names[0] + "?"
	}
	return " (Possible options: " + strings.Join(names, ", ") + ")"
}
