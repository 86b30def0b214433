package start

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"mvdan.cc/sh/v3/syntax"
)

// An expander makes the words of one command out of the shell's.
type expander struct {
	r    *reader
	st   *state
	frag *fragment
	out  []word
	// The word that is being put together.
	b          builder
	opens      []Open
	any        bool
	start, end int
	// element is the argument or array element that the word is made of: it keeps its own place.
	element *word
	noSplit bool
	depth   int
	given   bool
}

func off(p syntax.Pos) int { return int(p.Offset()) }

// words expands the words of a command: quotes, variables, field splitting.
func (r *reader) words(st *state, frag *fragment, args []*syntax.Word) []word {
	e := &expander{r: r, st: st, frag: frag}
	for _, w := range args {
		if !r.step(1, frag.at(off(w.Pos()), off(w.End()))) {
			break
		}
		e.start, e.end = off(w.Pos()), off(w.End())
		e.parts(w.Parts, false)
		e.flush()
	}
	return e.out
}

// word expands to one word, as on the right of "=".
func (r *reader) word(st *state, frag *fragment, w *syntax.Word) (word, bool) {
	if w == nil {
		return word{}, false
	}
	e := &expander{r: r, st: st, frag: frag, noSplit: true, start: off(w.Pos()), end: off(w.End())}
	e.parts(w.Parts, false)
	e.any = true
	e.flush()
	return e.out[0], e.given
}

func (e *expander) flush() {
	if e.any || e.b.len() > 0 {
		f := e.b.fragment()
		if len(f.text) > maxValue {
			f = f.part(0, maxValue)
		}
		at := e.frag.at(e.start, e.end)
		if e.element != nil && f.text == e.element.text {
			at = e.element.rng
		}
		e.out = append(e.out, word{fragment: f, rng: at, opens: e.opens})
	}
	e.b, e.opens, e.any, e.element = builder{}, nil, false, nil
}

func (e *expander) parts(parts []syntax.WordPart, quoted bool) {
	for i, part := range parts {
		if e.b.len() > maxValue || len(e.out) > 2_000 {
			return
		}
		switch p := part.(type) {
		case *syntax.Lit:
			e.lit(p, quoted, i == 0)
		case *syntax.SglQuoted:
			e.any = true
			from, to := off(p.Left)+1, off(p.Right)
			if p.Dollar {
				e.b.put(ansi(p.Value), e.frag, from+1, to)
			} else {
				e.b.add(e.frag, from, to)
			}
		case *syntax.DblQuoted:
			if !onlyAll(p.Parts) {
				e.any = true
			}
			e.parts(p.Parts, true)
		case *syntax.ParamExp:
			e.param(p, quoted)
		case *syntax.CmdSubst:
			e.substitution(p, quoted)
		case *syntax.ArithmExp:
			if n, ok := e.r.arithmetic(e.st, e.frag, p.X, 0); ok {
				e.b.put(strconv.Itoa(n), e.frag, off(p.Pos()), off(p.End()))
			} else {
				e.unknown(p, "the shell computes it")
			}
		default:
			e.unknown(p, "only the shell knows it")
		}
	}
}

// onlyAll tells whether a quoted string is "$@" and nothing else: without arguments that is no word at all.
func onlyAll(parts []syntax.WordPart) bool {
	if len(parts) != 1 {
		return false
	}
	p, ok := parts[0].(*syntax.ParamExp)
	return ok && (p.Param != nil && p.Param.Value == "@" || isAll(p.Index))
}

func isAll(index syntax.ArithmExpr) bool {
	w, ok := index.(*syntax.Word)
	return ok && (w.Lit() == "@" || w.Lit() == "*")
}

// lit adds literal text, with its backslashes taken off. The positions run along: a Lit's text is the source's.
func (e *expander) lit(p *syntax.Lit, quoted, first bool) {
	from, to := off(p.Pos()), min(off(p.End()), len(e.frag.text))
	if first && !quoted && strings.HasPrefix(p.Value, "~/") || p.Value == "~" {
		if home, ok := e.st.vars["HOME"]; ok && !e.any {
			e.b.put(home.text, e.frag, from, from+1)
			from++
		} else {
			e.opens = addOpen(e.opens, Open{Name: "~", Why: "the user's home directory", Range: e.frag.at(from, from+1)})
		}
	}
	run := from
	for i := from; i < to; i++ {
		if e.frag.text[i] != '\\' || i+1 >= to {
			continue
		}
		next := e.frag.text[i+1]
		if quoted && !strings.ContainsRune("$`\"\\\n", rune(next)) {
			continue
		}
		e.b.add(e.frag, run, i)
		run = i + 1
		if next == '\n' {
			run++
		}
		i++
	}
	e.b.add(e.frag, run, to)
	if run < to || from < to {
		e.any = true
	}
}

// unknown keeps the source text of a part that only the shell can tell.
func (e *expander) unknown(n syntax.Node, why string) {
	i, j := off(n.Pos()), off(n.End())
	text := e.frag.text[min(i, len(e.frag.text)):min(j, len(e.frag.text))]
	e.b.add(e.frag, i, j)
	e.any = true
	e.opens = addOpen(e.opens, Open{Name: text, Why: why, Range: e.frag.at(i, j)})
}

// value adds a value, split at blanks unless quoted.
func (e *expander) value(f fragment, opens []Open, n syntax.Node, quoted bool) {
	i, j := off(n.Pos()), off(n.End())
	if quoted || e.noSplit || slices.ContainsFunc(opens, func(o Open) bool { return strings.ContainsAny(o.Name, " \t\n") && strings.Contains(f.text, o.Name) }) {
		// The source text of something that is not known is no list of words, whatever blanks it holds.
		e.any = true
		e.opens = addOpen(e.opens, opens...)
		e.put(f, i, j)
		return
	}
	text := f.text
	if text == "" {
		e.opens = addOpen(e.opens, opens...)
		return
	}
	for k := 0; k < len(text) && len(e.out) < 2_000; {
		next := strings.IndexAny(text[k:], " \t\n")
		if next == 0 {
			if e.b.len() > 0 || e.any {
				e.flush()
			}
			k++
			continue
		}
		if next < 0 {
			next = len(text) - k
		}
		e.opens = addOpen(e.opens, opens...)
		e.any = true
		e.put(f.part(k, k+next), i, j)
		k += next
	}
}

// put adds a value's text: with the value's own places, so that "sh -c "$LINE"" points to where the line is written,
// or the place of use where it has none.
func (e *expander) put(f fragment, i, j int) {
	if e.b.len()+len(f.text) > 2*maxValue {
		return
	}
	if len(f.segs) > 0 {
		e.b.add(&f, 0, len(f.text))
		return
	}
	e.b.put(f.text, e.frag, i, j)
}

func (e *expander) param(p *syntax.ParamExp, quoted bool) {
	e.depth++
	defer func() { e.depth-- }()
	if p.Param == nil || e.depth > 50 || !e.r.step(1, e.frag.at(off(p.Pos()), off(p.End()))) {
		e.unknown(p, "only the shell knows it")
		return
	}
	name := p.Param.Value
	plain := p.Exp == nil && p.Slice == nil && p.Repl == nil && p.Names == 0 && !p.Length && !p.Excl && !p.Width && !p.IsSet
	if name == "@" || name == "*" || isAll(p.Index) {
		e.all(p, name, quoted, plain)
		return
	}
	v, known := e.lookup(name)
	if p.Index != nil && known {
		known = false
		if w, ok := p.Index.(*syntax.Word); ok && v.isArray {
			if k, err := strconv.Atoi(w.Lit()); err == nil && k >= 0 && k < len(v.list) {
				v, known = variable{fragment: v.list[k].fragment, opens: v.list[k].opens}, true
			}
		}
	}
	e.given = e.given || v.given || !known
	switch {
	case plain && known:
		e.value(v.fragment, v.opens, p, quoted)
	case plain:
		e.missing(p, name)
	case p.Exp != nil && p.Exp.Word == nil && !p.Length && !p.Excl:
		e.operator(p, name, v, known, quoted)
	case p.Exp != nil && !p.Length && !p.Excl && p.Slice == nil && p.Repl == nil:
		e.operator(p, name, v, known, quoted)
	case p.Length && known && len(v.opens) == 0:
		e.b.put(strconv.Itoa(len(v.text)), e.frag, off(p.Pos()), off(p.End()))
	case p.Repl != nil && known:
		e.replace(p, v, quoted)
	default:
		e.unknown(p, "only the shell knows it")
	}
}

func (e *expander) missing(p *syntax.ParamExp, name string) {
	why := "set where it is deployed"
	switch {
	case name == "#" || name == "0" || name == "?" || name == "$" || name == "!":
		why = "only the shell knows it"
	case name[0] >= '0' && name[0] <= '9':
		why = "an argument of the script"
	}
	i, j := off(p.Pos()), off(p.End())
	e.b.add(e.frag, i, j)
	e.any = true
	e.opens = addOpen(e.opens, Open{Name: name, Why: why, Range: e.frag.at(i, j)})
}

// lookup finds a variable or positional parameter.
func (e *expander) lookup(name string) (variable, bool) {
	if name == "0" {
		return variable{fragment: fragment{text: e.st.zero}}, e.st.zero != ""
	}
	if name == "PWD" && e.st.dir.Text != "" {
		return variable{fragment: fragment{text: e.st.dir.Text}}, true
	}
	if name == "BASH_SOURCE" && e.st.zero != "" {
		w := word{fragment: fragment{text: e.st.zero}}
		return variable{fragment: w.fragment, list: []word{w}, isArray: true}, true
	}
	if name == "#" {
		return variable{fragment: fragment{text: strconv.Itoa(len(e.st.args))}}, e.st.argsKnown
	}
	if n, err := strconv.Atoi(name); err == nil {
		if n > 0 && n <= len(e.st.args) {
			w := e.st.args[n-1]
			return variable{fragment: w.fragment, opens: w.opens}, true
		}
		return variable{}, e.st.argsKnown
	}
	v, ok := e.st.vars[name]
	return v, ok
}

// all is "$@", $* and "${list[@]}".
func (e *expander) all(p *syntax.ParamExp, name string, quoted, plain bool) {
	list, known := e.st.args, e.st.argsKnown
	if name != "@" && name != "*" {
		v, ok := e.lookup(name)
		list, known = v.list, ok && v.isArray
		if ok && !v.isArray {
			list, known = []word{{fragment: v.fragment, opens: v.opens}}, true
		}
	}
	if plain && p.Length {
		plain = false
	}
	if p.Exp != nil && p.Exp.Word != nil && p.Slice == nil && (len(list) > 0 || known) {
		// "${@:-default}", "${1+$@}"
		none := len(list) == 0
		switch p.Exp.Op {
		case syntax.DefaultUnset, syntax.DefaultUnsetOrNull:
			if none {
				e.parts(p.Exp.Word.Parts, quoted)
				return
			}
			plain = true
		case syntax.AlternateUnset, syntax.AlternateUnsetOrNull:
			if !none {
				e.parts(p.Exp.Word.Parts, quoted)
			}
			return
		}
	}
	if p.Slice != nil && p.Exp == nil && known && p.Slice.Length == nil && p.Slice.Offset != nil {
		if w, ok := p.Slice.Offset.(*syntax.Word); ok {
			if n, err := strconv.Atoi(w.Lit()); err == nil && n >= 1 {
				if name == "@" || name == "*" {
					n--
				}
				list, plain = list[min(n, len(list)):], true
			}
		}
	}
	if !plain {
		e.unknown(p, "only the shell knows it")
		return
	}
	if !known && len(list) == 0 {
		e.missing(p, name)
		return
	}
	if !e.r.step(len(list)/4, e.frag.at(off(p.Pos()), off(p.End()))) {
		return
	}
	for k, w := range list {
		if k > 0 {
			e.flush()
		}
		if quoted {
			e.any, e.element = true, &list[k]
			e.opens = addOpen(e.opens, w.opens...)
			e.put(w.fragment, off(p.Pos()), off(p.End()))
		} else {
			e.element = &list[k]
			e.value(w.fragment, w.opens, p, false)
		}
	}
	if len(list) > 0 && quoted {
		e.any = true
	}
}

// operator is ${X:-word} and its like.
func (e *expander) operator(p *syntax.ParamExp, name string, v variable, known, quoted bool) {
	empty := v.text == "" && len(v.opens) == 0
	at := e.frag.at(off(p.Pos()), off(p.End()))
	switch op := p.Exp.Op; op {
	case syntax.DefaultUnset, syntax.DefaultUnsetOrNull, syntax.AssignUnset, syntax.AssignUnsetOrNull:
		colon := op == syntax.DefaultUnsetOrNull || op == syntax.AssignUnsetOrNull
		if known && (!empty || !colon) {
			e.value(v.fragment, v.opens, p, quoted)
			return
		}
		sub := &expander{r: e.r, st: e.st, frag: e.frag, noSplit: true, depth: e.depth, start: off(p.Pos()), end: off(p.End())}
		if p.Exp.Word != nil {
			sub.parts(p.Exp.Word.Parts, quoted)
		}
		sub.any = true
		sub.flush()
		w := sub.out[0]
		opens := w.opens
		positional := name[0] >= '0' && name[0] <= '9'
		if !known || v.given {
			why := "set where it is deployed; this is the default"
			if positional {
				why = "an argument of the script; this is the default"
			}
			opens = addOpen([]Open{{Name: name, Default: w.text, HasDefault: true, Why: why, Range: at}}, opens...)
		}
		if op == syntax.AssignUnset || op == syntax.AssignUnsetOrNull {
			e.st.set(name, variable{fragment: w.fragment, rng: at, opens: opens, given: true}, false)
		}
		e.value(w.fragment, opens, p, quoted)
	case syntax.AlternateUnset, syntax.AlternateUnsetOrNull:
		switch {
		case known && (!empty || op == syntax.AlternateUnset):
			if p.Exp.Word != nil {
				e.parts(p.Exp.Word.Parts, quoted)
			}
		case !known:
			e.opens = addOpen(e.opens, Open{Name: name, HasDefault: true, Why: "adds text where it is set", Range: at})
			if !quoted && e.b.len() == 0 && !e.any {
				e.opens = nil
			}
		}
	case syntax.ErrorUnset, syntax.ErrorUnsetOrNull:
		if known {
			e.value(v.fragment, v.opens, p, quoted)
			return
		}
		e.missing(p, name)
	case syntax.RemSmallPrefix, syntax.RemLargePrefix, syntax.RemSmallSuffix, syntax.RemLargeSuffix:
		pattern := ""
		if p.Exp.Word != nil {
			w, _ := e.r.word(e.st, e.frag, p.Exp.Word)
			pattern = w.text
		}
		if !known || len(v.opens) > 0 || len(v.text) > 4096 {
			e.unknown(p, "only the shell knows it")
			return
		}
		e.value(fragment{text: trim(v.text, pattern, op)}, nil, p, quoted)
	default:
		e.unknown(p, "only the shell knows it")
	}
}

// trim is ${X#pattern} and its like, for patterns as path.Match knows them ("*" also crosses slashes).
func trim(text, pattern string, op syntax.ParExpOperator) string {
	matches := func(s string) bool {
		ok, err := path.Match(strings.ReplaceAll(pattern, "/", "\x01"), strings.ReplaceAll(s, "/", "\x01"))
		return ok && err == nil
	}
	for k := 0; k <= len(text); k++ {
		n := k
		if op == syntax.RemLargePrefix || op == syntax.RemLargeSuffix {
			n = len(text) - k
		}
		if op == syntax.RemSmallPrefix || op == syntax.RemLargePrefix {
			if matches(text[:n]) {
				return text[n:]
			}
		} else if matches(text[len(text)-n:]) {
			return text[:len(text)-n]
		}
	}
	return text
}

// replace is ${X/a/b} with literal text.
func (e *expander) replace(p *syntax.ParamExp, v variable, quoted bool) {
	orig, _ := e.r.word(e.st, e.frag, p.Repl.Orig)
	with, _ := e.r.word(e.st, e.frag, p.Repl.With)
	if orig.text == "" || strings.ContainsAny(orig.text, "*?[\\#%") || len(v.opens)+len(orig.opens)+len(with.opens) > 0 || len(v.text) > 4096 {
		e.unknown(p, "only the shell knows it")
		return
	}
	n := 1
	if p.Repl.All {
		n = -1
	}
	e.value(fragment{text: strings.Replace(v.text, orig.text, with.text, n)}, nil, p, quoted)
}

func ansi(s string) string {
	s, err := strconv.Unquote(`"` + strings.ReplaceAll(strings.ReplaceAll(s, `\'`, `'`), `"`, `\"`) + `"`)
	if err != nil {
		return ""
	}
	return s
}

// rangeOf is where a node stands.
func rangeOf(frag *fragment, n syntax.Node) hcl.Range { return frag.at(off(n.Pos()), off(n.End())) }
