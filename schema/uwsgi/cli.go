package uwsgi

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
)

// readCommand goes through a command line as getopt_long does: options anywhere, "--" ends them, long names may be
// shortened as far as they stay unambiguous, letters may be put together. What is no option is a configuration file,
// read after all options. Plugins that an option loads bring their options for the words after it.
func (r *reader) readCommand(words []schema.Word) {
	var files []schema.Word
	i := 0
	for ; i < len(words) && !r.stopped; i++ {
		w := words[i]
		switch {
		case w.Text == "--":
			files = append(files, words[i+1:]...)
			i = len(words)
		case strings.HasPrefix(w.Text, "--"):
			var next *schema.Word
			if i+1 < len(words) {
				next = &words[i+1]
			}
			used, ok := r.longOption(w, next)
			if !ok {
				return
			}
			if used {
				i++
			}
		case len(w.Text) > 1 && w.Text[0] == '-':
			var next *schema.Word
			if i+1 < len(words) {
				next = &words[i+1]
			}
			used, ok := r.shortOptions(w, next)
			if !ok {
				return
			}
			if used {
				i++
			}
		default:
			if _, state := r.env("POSIXLY_CORRECT"); state == schema.EnvSet {
				files = append(files, words[i:]...)
				i = len(words)
				continue
			}
			files = append(files, w)
		}
	}
	for _, w := range files {
		if r.stopped {
			return
		}
		if strings.HasPrefix(w.Text, "[") {
			continue
		}
		val := commandText(w.Text, w)
		r.include(&entry{key: plain(w.Text), val: val, raw: val, keyRange: w.Range, valRange: w.Range}, w.Text)
	}
}

// commandText is a part of a word as a text; its place is the entry's.
func commandText(s string, _ schema.Word) text { return plain(strings.ReplaceAll(s, unknown, "")) }

// cliOptions lists the options that the command line knows at the moment, in table order.
func (r *reader) cliOptions(match func(*schema.Option) bool) []*schema.Option {
	var out []*schema.Option
	cat := Catalogue()
	for i := range cat.Options {
		if o := &cat.Options[i]; match(o) && r.available(o) && r.loaded(o) {
			out = append(out, o)
		}
	}
	return out
}

func (r *reader) longOption(w schema.Word, next *schema.Word) (usedNext, ok bool) {
	name, value, hasValue := strings.Cut(w.Text[2:], "=")
	nameRange := w.Range
	if hasValue {
		nameRange = head(w, 2+len(name))
	}
	o := r.lookup(name)
	if o != nil && !r.loaded(o) {
		o = nil
	}
	arg := ArgNone
	full := name
	switch template, custom := r.custom[name]; {
	case o != nil:
		arg = info(o).Arg
	case custom:
		if customTakesValue(template.s) {
			arg = ArgRequired
		}
	default:
		found := r.cliOptions(func(o *schema.Option) bool { return strings.HasPrefix(o.Name, name) })
		var names []string
		for _, o := range found {
			if !slices.Contains(names, o.Name) {
				names = append(names, o.Name)
			}
		}
		for custom := range r.custom {
			if strings.HasPrefix(custom, name) {
				names = append(names, custom)
			}
		}
		switch {
		case len(names) == 1 && len(found) == 1:
			full, arg = names[0], info(found[0]).Arg
		case len(names) == 1:
			full = names[0]
			if customTakesValue(r.custom[full].s) {
				arg = ArgRequired
			}
		case len(names) == 0:
			r.unrecognised(name, nameRange)
			return false, false
		default:
			r.ambiguous(name, names, nameRange)
			return false, false
		}
	}
	e := &entry{key: plain(full), keyRange: nameRange, null: true}
	switch {
	case hasValue && arg == ArgNone:
		r.refuse("unexpected-value", w.Tail(2+len(name)).Range, "Option takes no value here", fmt.Sprintf("uwsgi: option '--%s' doesn't allow an argument", full),
			"On the command line --%s is a flag, and uWSGI exits when it gets a value. Write --%s alone; a value such as false works in a file only.", full, full)
		return false, false
	case hasValue:
		r.setWord(e, value, w.Tail(2+len(name)+1))
	case arg == ArgRequired && next == nil:
		r.refuse("missing-value", w.Range, "Value missing", fmt.Sprintf("uwsgi: option '--%s' requires an argument", full), "--%s needs a value after it.", full)
		return false, false
	case arg == ArgRequired:
		r.setWord(e, next.Text, *next)
		usedNext = true
	}
	r.add(e)
	return usedNext, true
}

func (r *reader) setWord(e *entry, value string, w schema.Word) {
	e.null = false
	e.val = commandText(value, w)
	e.raw = e.val
	e.valRange = w.Range
}

// head is the place of a word's first n bytes.
func head(w schema.Word, n int) hcl.Range {
	at := w.Range
	if at.End.Byte-at.Start.Byte == len(w.Text) && at.Start.Line == at.End.Line {
		at.End.Byte = at.Start.Byte + n
		at.End.Column = at.Start.Column + n
	}
	return at
}

func (r *reader) unrecognised(name string, at hcl.Range) {
	detail := fmt.Sprintf("uWSGI %s has no option --%s and exits.", r.version, name)
	suggest := ""
	if o := Catalogue().Lookup(name); o != nil && !o.Known(r.target) {
		detail = fmt.Sprintf("--%s came with uWSGI %s; %s exits.", name, o.Since, r.version)
	} else if o != nil && info(o).Plugin != "" {
		detail = fmt.Sprintf("--%s is an option of the plugin %s. Where plugins are modules, as in the distribution's build, uWSGI knows it only after --plugin %s, and exits without.", name, info(o).Plugin, moduleFor(info(o).Plugin))
	} else if devOption(name) != nil {
		detail += " It exists in the development branch 2.1 only."
	} else if near := nearest(name); near != "" {
		detail += " Was --" + near + " meant?"
		suggest = "--" + near
	}
	r.refuse("unknown-option", at, "Unknown option", fmt.Sprintf("uwsgi: unrecognized option '--%s'", name), "%s", detail).Suggest = suggest
}

func (r *reader) ambiguous(name string, names []string, at hcl.Range) {
	shown := names
	if len(shown) > 8 {
		shown = shown[:8:8]
		shown = append(shown, "…")
	}
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = "'--" + n + "'"
	}
	way := "Write the whole name."
	if o := Catalogue().Lookup(name); o != nil && info(o).Plugin != "" {
		way = fmt.Sprintf("--%s itself is an option of the plugin %s, which is not loaded: put --plugin %s before it.", name, info(o).Plugin, moduleFor(info(o).Plugin))
	}
	r.refuse("ambiguous-option", at, "Ambiguous option", fmt.Sprintf("uwsgi: option '--%s' is ambiguous; possibilities: %s", name, strings.Join(quoted, " ")),
		"--%s is the beginning of several options, and uWSGI exits: %s. %s", name, strings.Join(shown, ", "), way)
}

// shortOptions reads a word of letters: flags up to the first one that takes a value, whose value is the rest of the
// word or, where it is required, the next word.
func (r *reader) shortOptions(w schema.Word, next *schema.Word) (usedNext, ok bool) {
	for i := 1; i < len(w.Text); i++ {
		letter := w.Text[i]
		found := r.cliOptions(func(o *schema.Option) bool { return info(o).Short == letter })
		at := w.Tail(i).Range
		if len(w.Text)-i > 1 {
			at = head(w.Tail(i), 1)
		}
		if len(found) == 0 {
			detail := fmt.Sprintf("uWSGI %s has no option -%c and exits.", r.version, letter)
			cat := Catalogue()
			for k := range cat.Options {
				if x := info(&cat.Options[k]); x.Short == letter && x.Plugin != "" {
					detail = fmt.Sprintf("-%c is an option of the plugin %s. Where plugins are modules, as in the distribution's build, uWSGI knows it only after --plugin %s, and exits without.", letter, x.Plugin, moduleFor(x.Plugin))
					break
				}
			}
			r.refuse("unknown-option", at, "Unknown option", fmt.Sprintf("uwsgi: invalid option -- '%c'", letter), "%s", detail)
			return false, false
		}
		o := found[0]
		e := &entry{key: plain(o.Name), keyRange: at, null: true}
		if i == 1 && at.Start.Byte > w.Range.Start.Byte {
			e.keyRange = head(w, 2)
		}
		arg := info(o).Arg
		switch {
		case arg == ArgNone:
			r.add(e)
			continue
		case i+1 < len(w.Text):
			r.setWord(e, w.Text[i+1:], w.Tail(i+1))
		case arg == ArgRequired && next == nil:
			r.refuse("missing-value", at, "Value missing", fmt.Sprintf("uwsgi: option requires an argument -- '%c'", letter), "-%c (--%s) needs a value after it.", letter, o.Name)
			return false, false
		case arg == ArgRequired:
			r.setWord(e, next.Text, *next)
			usedNext = true
		}
		r.add(e)
		return usedNext, true
	}
	return false, true
}

// readEnvironment adds an option for each variable that starts with UWSGI_, except those that uWSGI's processes hand
// to each other, in the order of the environment.
func (r *reader) readEnvironment() {
	names, _ := r.in.Host.EnvNames()
	if ordered, ok := r.in.Host.(interface{ EnvOrder() []string }); ok {
		names = ordered.EnvOrder()
	}
	for _, name := range names {
		rest, ok := strings.CutPrefix(name, "UWSGI_")
		if !ok || slices.Contains(ownVariables, name) {
			continue
		}
		value, state := r.in.Host.Env(name)
		if state != schema.EnvSet {
			continue
		}
		file := schema.EnvFile(name)
		r.in.Files.Put(file, []byte(value))
		src := newSource(file, []byte(value))
		r.layer, r.source = schema.LayerEnv, name
		key := strings.ReplaceAll(asciiLower(rest), "_", "-")
		val := sourced(src, 0, len(value))
		at := src.rng(0, len(value))
		r.add(&entry{key: plain(key), val: val, raw: val, keyRange: at, valRange: at})
		if r.stopped {
			return
		}
	}
}

var ownVariables = []string{
	"UWSGI_RELOADS", "UWSGI_VASSALS_DIR", "UWSGI_EMPEROR_FD", "UWSGI_BROODLORD_NUM", "UWSGI_EMPEROR_FD_CONFIG",
	"UWSGI_EMPEROR_PROXY", "UWSGI_JAIL_PID", "UWSGI_ORIGINAL_PROC_NAME",
}

func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
