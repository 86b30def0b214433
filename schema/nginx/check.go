package nginx

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
)

// slots are the kinds of value that may be given once in a block.
var slots = map[string]bool{"flag": true, "num": true, "str": true, "msec": true, "sec": true, "size": true, "off": true, "enum": true, "bufs": true}

// A level is a block whose directives are being taken.
type level struct {
	context string
	seen    map[string]*Directive
	block   *Directive
	around  *level
	keys    map[string]*Directive // locations, upstreams and the like by name
}

// once remembers a name in the level and gives the directive that had it before.
func (l *level) once(key string, d *Directive) *Directive {
	if l.keys == nil {
		l.keys = map[string]*Directive{}
	}
	if first := l.keys[key]; first != nil {
		return first
	}
	l.keys[key] = d
	return nil
}

// refuse reports what nginx refuses. In a template, and about a word that holds a template's marks, nothing is known
// for certain: there the report is a note.
func (r *reader) refuse(d *Directive, at hcl.Range, code, message, advice string) {
	diag := schema.Errorf(code, at, "nginx refuses this", "%s %s", sentence(message), advice)
	if d.Template {
		diag = schema.Notef(code, at, "nginx would refuse this as it stands", "%s The file is a template, so it may look different when nginx reads it.", sentence(message))
	}
	schema.DetailOf(diag).ServerMessage = message + fmt.Sprintf(" in %s:%d", d.Range.Filename, d.line)
	r.add(diag)
}

// check holds a directive against the rules; it gives the rule it was taken by.
func (r *reader) check(d *Directive, in *level) *rule {
	name := d.Name.Text
	if d.Name.Open {
		return nil
	}
	known := rules()[name]
	if len(known) == 0 {
		r.unknown(d)
		return nil
	}
	var fit *rule
	for i := range known {
		if known[i].in(in.context) && (fit == nil || known[i].block == d.HasBlock) {
			fit = &known[i]
		}
	}
	if fit == nil {
		var where []string
		for _, k := range known {
			where = append(where, k.contexts...)
		}
		r.refuse(d, d.Name.Range, "directive-not-allowed", fmt.Sprintf("\"%s\" directive is not allowed here", name), fmt.Sprintf("It may stand in: %s; this is %s.", strings.Join(where, ", "), in.context))
		return nil
	}
	lua := strings.HasSuffix(name, "_by_lua_block")
	switch {
	case fit.block && !d.HasBlock:
		r.refuse(d, d.Range, "syntax-error", fmt.Sprintf("directive \"%s\" has no opening \"{\"", name), "Open its block with a brace.")
		return nil
	case !fit.block && d.HasBlock:
		r.refuse(d, d.Range, "syntax-error", fmt.Sprintf("directive \"%s\" is not terminated by \";\"", name), "End it with a semicolon; it opens no block.")
		return nil
	case !lua && !fit.takes(len(d.Args)):
		if !r.anyOpen(d) {
			r.refuse(d, d.Range, "wrong-arguments", fmt.Sprintf("invalid number of arguments in \"%s\" directive", name), "A missing semicolon makes nginx take the next lines for arguments: look at the end of this line, and quote values with spaces.")
		}
		return nil
	}
	r.checkValue(d, fit)
	if slots[fit.kind] {
		if first := in.seen[name]; first == nil {
			in.seen[name] = d
		} else if !d.Template && !first.Template {
			r.refuse(d, d.Range, "duplicate-directive", fmt.Sprintf("\"%s\" directive is duplicate", name), fmt.Sprintf("It stands already at %s:%d in the same block: remove one of them.", first.Range.Filename, first.Range.Start.Line))
			schema.DetailOf(r.diags[len(r.diags)-1]).Related = []schema.Related{{Message: "first given here", Range: first.Range}}
		}
	}
	return fit
}

func (r *reader) anyOpen(d *Directive) bool {
	for _, a := range d.Args {
		if a.Open {
			return true
		}
	}
	return false
}

// unknown reports a directive of no module that is known. nginx refuses it unless a module brings it; a fragment, or
// a configuration that loads modules, may well have one.
func (r *reader) unknown(d *Directive) {
	message := fmt.Sprintf("unknown directive \"%s\"", d.Name.Text)
	if r.cfg.Context == "main" && !r.loadsModules {
		r.refuse(d, d.Name.Range, "unknown-directive", message, "Correct the name, or load the module that brings it with load_module. A semicolon missing on the line before has the same effect.")
		return
	}
	diag := schema.Warnf("unknown-directive", d.Name.Range, "Unknown directive", "%s nginx refuses it unless a module is loaded that brings it. Correct the name or make sure that the module is installed.", sentence(message))
	if d.Template {
		schema.DetailOf(diag).Note = true
	}
	schema.DetailOf(diag).ServerMessage = message + at(d.Range.Filename, d.line)
	r.add(diag)
}

func (r *reader) checkValue(d *Directive, fit *rule) {
	if len(d.Args) == 0 || d.Args[0].Open {
		return
	}
	name, value := d.Name.Text, d.Args[0].Text
	returned := func(what, advice string) {
		r.refuse(d, d.Args[0].Range, "invalid-value", fmt.Sprintf("\"%s\" directive %s", name, what), advice)
	}
	switch fit.kind {
	case "flag":
		if !strings.EqualFold(value, "on") && !strings.EqualFold(value, "off") {
			r.refuse(d, d.Args[0].Range, "invalid-value", fmt.Sprintf("invalid value \"%s\" in \"%s\" directive, it must be \"on\" or \"off\"", value, name), "Variables are not taken here.")
		}
	case "num":
		if _, ok := parseNumber(value); !ok {
			returned("invalid number", "Give a plain number.")
		}
	case "size", "off":
		if _, ok := ParseSize(value, fit.kind == "off"); !ok {
			returned("invalid value", "Give a number of bytes, or a number with k or m directly behind it.")
		}
	case "msec", "sec":
		if _, ok := ParseTime(value, fit.kind == "sec"); !ok {
			returned("invalid value", "Give a number of seconds, or numbers with units: 90s, 5m, \"1h 30m\".")
		}
	case "bufs":
		n, ok := parseNumber(value)
		if !ok || n == 0 {
			returned("invalid value", "Give the number of buffers and the size of each: 8 16k.")
		} else if len(d.Args) > 1 && !d.Args[1].Open {
			if size, ok := ParseSize(d.Args[1].Text, false); !ok || size == 0 {
				returned("invalid value", "Give the number of buffers and the size of each: 8 16k.")
			}
		}
	case "enum", "bitmask":
		for _, a := range d.Args {
			if a.Open || len(fit.words) == 0 || containsFold(fit.words, a.Text) {
				continue
			}
			r.refuse(d, a.Range, "invalid-value", fmt.Sprintf("invalid value \"%s\"", a.Text), "It may be: "+strings.Join(fit.words, ", ")+".")
			return
		}
	}
}

func containsFold(words []string, s string) bool {
	for _, w := range words {
		if strings.EqualFold(w, s) {
			return true
		}
	}
	return false
}
