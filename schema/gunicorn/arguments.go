package gunicorn

import (
	"regexp"
	"strings"
	"sync"

	"gsrv/schema"
	"gsrv/schema/python/value"
)

// An argument is one value that a command line gives to a setting.
type argument struct {
	spec *Spec
	// flag is the word that names the setting, as written; value the word that holds the value, or the flag again for one
	// that takes none.
	flag, value schema.Word
	val         value.Value
}

// An argError is what argparse prints before it ends the program with status 2.
type argError struct {
	// message is argparse's own text, without the program's name.
	message string
	at      schema.Word
	code    string
	// spec is the setting concerned, or nil.
	spec *Spec
	// matches are the flags an abbreviation could stand for, unknown the words nothing takes.
	matches []string
	unknown []schema.Word
}

// parsedArgs is what argparse makes of a command line.
type parsedArgs struct {
	// values are in the order of the settings' first appearance; an appending option gives several.
	values []argument
	// positional are the words that belong to no option.
	positional []schema.Word
	// quits is the flag that only prints something and ends the program with status 0: --help or --version.
	quits *schema.Word
	err   *argError
}

// last gives the last value of a setting, or nil.
func (p *parsedArgs) last(name string) *argument {
	for i := len(p.values) - 1; i >= 0; i-- {
		if p.values[i].spec.Name == name {
			return &p.values[i]
		}
	}
	return nil
}

// action is an option argparse knows: a setting, or --help and --version, whose spec is nil.
type action struct {
	spec  *Spec
	names []string
}

func (a *action) takesNone() bool {
	return a.spec == nil || strings.HasPrefix(a.spec.Action, "store_")
}

// argparser reads command lines as Python 3.11's argparse does with the parser that gunicorn builds.
type argparser struct {
	release *Release
	words   []schema.Word
	options map[string]*action
	order   []string
	// kinds says of each word whether it is an option (O), an argument (A) or the -- that ends options (-).
	kinds   []byte
	found   map[int]foundOption
	out     parsedArgs
	extras  []schema.Word
	hadArgs bool
}

// foundOption is an option's word: the option's name as argparse completed it and the part after "=" or the letter.
type foundOption struct {
	action   *action
	name     string
	explicit *schema.Word
}

var negativeNumber = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^-[0-9]+$|^-[0-9]*\.[0-9]+$`) })

// parseArguments reads words (without the program's name) with the flags of a release.
func parseArguments(r *Release, words []schema.Word) *parsedArgs {
	p := &argparser{release: r, words: words, options: map[string]*action{}, found: map[int]foundOption{}}
	p.add(&action{names: []string{"-h", "--help"}})
	p.add(&action{names: []string{"-v", "--version"}})
	for _, s := range r.Specs {
		if len(s.Flags) > 0 {
			p.add(&action{spec: s, names: s.Flags})
		}
	}
	p.classify()
	if p.out.err == nil {
		p.run()
	}
	return &p.out
}

func (p *argparser) add(a *action) {
	for _, n := range a.names {
		p.options[n] = a
		p.order = append(p.order, n)
	}
}

func (p *argparser) classify() {
	p.kinds = make([]byte, len(p.words))
	for i, w := range p.words {
		if w.Text == "--" {
			p.kinds[i] = '-'
			for j := i + 1; j < len(p.words); j++ {
				p.kinds[j] = 'A'
			}
			return
		}
		o, isOption := p.optional(w)
		if p.out.err != nil {
			return
		}
		p.kinds[i] = 'A'
		if isOption {
			p.kinds[i] = 'O'
			p.found[i] = o
		}
	}
}

// optional tells whether a word is an option, and which; its action is nil for an unknown one.
func (p *argparser) optional(w schema.Word) (foundOption, bool) {
	text := w.Text
	if text == "" || text[0] != '-' {
		return foundOption{}, false
	}
	if a := p.options[text]; a != nil {
		return foundOption{action: a, name: text}, true
	}
	if len(text) == 1 {
		return foundOption{}, false
	}
	equals := strings.IndexByte(text, '=')
	if equals >= 0 {
		if a := p.options[text[:equals]]; a != nil {
			rest := w.Tail(equals + 1)
			return foundOption{action: a, name: text[:equals], explicit: &rest}, true
		}
	}
	matches := p.completions(w, equals)
	switch {
	case len(matches) > 1:
		var names []string
		for _, m := range matches {
			names = append(names, m.name)
		}
		p.out.err = &argError{message: "ambiguous option: " + text + " could match " + strings.Join(names, ", "), at: w, code: "ambiguous-option", matches: names}
		return foundOption{}, false
	case len(matches) == 1:
		return matches[0], true
	case negativeNumber().MatchString(text), strings.Contains(text, " "):
		return foundOption{}, false
	}
	return foundOption{}, true
}

func (p *argparser) completions(w schema.Word, equals int) []foundOption {
	var out []foundOption
	text := w.Text
	if strings.HasPrefix(text, "--") {
		prefix := text
		var explicit *schema.Word
		if equals >= 0 {
			prefix = text[:equals]
			rest := w.Tail(equals + 1)
			explicit = &rest
		}
		for _, name := range p.order {
			if strings.HasPrefix(name, prefix) {
				out = append(out, foundOption{p.options[name], name, explicit})
			}
		}
		return out
	}
	end := 1
	for end < len(text) && (end == 1 || text[end]&0xC0 == 0x80) {
		end++
	}
	for _, name := range p.order {
		if name == text[:end] {
			rest := w.Tail(end)
			out = append(out, foundOption{p.options[name], name, &rest})
		} else if strings.HasPrefix(name, text) {
			out = append(out, foundOption{p.options[name], name, nil})
		}
	}
	return out
}

func (p *argparser) run() {
	lastOption := -1
	for i := range p.found {
		lastOption = max(lastOption, i)
	}
	at := 0
	for at <= lastOption {
		next := at
		for p.kinds[next] != 'O' {
			next++
		}
		if at != next {
			if end := p.positionals(at); end > at {
				at = end
				continue
			}
			p.extras = append(p.extras, p.words[at:next]...)
			at = next
		}
		at = p.option(at)
		if p.out.err != nil || p.out.quits != nil {
			return
		}
	}
	at = p.positionals(at)
	p.extras = append(p.extras, p.words[at:]...)
	if len(p.extras) > 0 {
		var texts []string
		for _, w := range p.extras {
			texts = append(texts, w.Text)
		}
		p.out.err = &argError{message: "unrecognized arguments: " + strings.Join(texts, " "), at: p.extras[0], code: "unknown-option", unknown: p.extras}
	}
}

// positionals takes the run of arguments at a place, the first time; later runs are left over.
func (p *argparser) positionals(at int) int {
	if p.hadArgs {
		return at
	}
	p.hadArgs = true
	dashes := false
	for at < len(p.words) && p.kinds[at] != 'O' {
		if p.words[at].Text == "--" && !dashes {
			dashes = true // argparse takes out the first one, wherever it stands
		} else {
			p.out.positional = append(p.out.positional, p.words[at])
		}
		at++
	}
	return at
}

// option takes the option at a place with its arguments and gives the place after it.
func (p *argparser) option(at int) int {
	word, o := p.words[at], p.found[at]
	if o.action == nil {
		p.extras = append(p.extras, word)
		return at + 1
	}
	type step struct {
		found foundOption
		value *schema.Word
	}
	var steps []step
	next := at + 1
	for {
		if o.explicit == nil {
			if o.action.takesNone() {
				steps = append(steps, step{found: o})
				break
			}
			if next < len(p.words) && p.kinds[next] == 'A' {
				steps = append(steps, step{o, &p.words[next]})
				next++
			} else if o.action.spec.NArgs == "?" {
				steps = append(steps, step{found: o})
			} else {
				p.fail(o.action, "expected one argument", "missing-argument", word)
				return next
			}
			break
		}
		if !o.action.takesNone() {
			steps = append(steps, step{o, o.explicit})
			break
		}
		if strings.HasPrefix(o.name, "--") || o.explicit.Text == "" {
			p.fail(o.action, "ignored explicit argument "+pyRepr(o.explicit.Text), "unexpected-argument", *o.explicit)
			return next
		}
		steps = append(steps, step{found: foundOption{o.action, o.name, nil}})
		end := 1
		for end < len(o.explicit.Text) && o.explicit.Text[end]&0xC0 == 0x80 {
			end++
		}
		name := "-" + o.explicit.Text[:end]
		a := p.options[name]
		if a == nil {
			p.fail(o.action, "ignored explicit argument "+pyRepr(o.explicit.Text), "unexpected-argument", *o.explicit)
			return next
		}
		rest := o.explicit.Tail(end)
		o = foundOption{action: a, name: name}
		if rest.Text != "" {
			o.explicit = &rest
		}
	}
	for _, s := range steps {
		p.take(s.found.action, word, s.value)
		if p.out.err != nil || p.out.quits != nil {
			break
		}
	}
	return next
}

func (p *argparser) take(a *action, flag schema.Word, given *schema.Word) {
	if a.spec == nil {
		p.out.quits = &flag
		return
	}
	v := argument{spec: a.spec, flag: flag, value: flag}
	switch {
	case a.spec.Action == "store_true":
		v.val = value.True
	case a.spec.Action == "store_false":
		v.val = value.False
	case given == nil, given.Text == "--" && a.spec.NArgs == "?":
		v.val = jsonValue(a.spec.Const)
	case given.Text == "--": // argparse takes it out, and what is left is an empty list
		v.value, v.val = *given, value.NewList()
	default:
		v.value = *given
		v.val = value.Str(given.Text)
		if a.spec.Action == "" && a.spec.ArgType != "" {
			n, ok := p.convert(a.spec.ArgType, given.Text)
			if !ok {
				p.fail(a, "invalid "+a.spec.ArgType+" value: "+pyRepr(given.Text), "invalid-argument", *given)
				return
			}
			v.val = n
		}
	}
	p.out.values = append(p.out.values, v)
}

func (p *argparser) fail(a *action, message, code string, at schema.Word) {
	p.out.err = &argError{message: "argument " + strings.Join(a.names, "/") + ": " + message, at: at, code: code, spec: a.spec}
}

// legacyOctal is a number as Python 2 wrote octal.
var legacyOctal = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^0\p{Nd}`) })

// convert applies argparse's type= of a setting: int, or gunicorn's auto_int, which takes 022 as octal.
func (p *argparser) convert(kind, text string) (value.Value, bool) {
	base := 10
	if kind == "auto_int" {
		base = 0
		octal := legacyOctal().MatchString(text)
		if !p.release.AtLeast("19.8.0") { // 19.7.1 took every leading zero for octal's, a lone one too
			octal = strings.HasPrefix(text, "0") && !strings.HasPrefix(lower(text), "0x")
		}
		if octal {
			text = strings.Replace(text, "0", "0o", 1)
		}
	}
	n, err := value.ParseInt(nil, text, base)
	return n, err == nil
}

// pyRepr gives text as Python's repr does.
func pyRepr(s string) string {
	r, err := value.Repr(nil, value.Str(s))
	if err != nil {
		return "'" + s + "'"
	}
	return r
}
