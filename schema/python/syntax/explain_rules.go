package syntax

import (
	"strings"
	"sync"
)

// A grammar holds rules by name, so that they can refer to each other.
type grammar struct {
	rules map[string]*entry
	memos int32
}

type entry struct{ rule rule }

func (g *grammar) entry(name string) *entry {
	e := g.rules[name]
	if e == nil {
		e = &entry{}
		g.rules[name] = e
	}
	return e
}

// r refers to a rule by name.
func (g *grammar) r(name string) rule {
	e := g.entry(name)
	return func(x *explainer) (*xnode, outcome) { return e.rule(x) }
}

// def defines a rule as a choice.
func (g *grammar) def(name string, alternatives ...rule) { g.entry(name).rule = alt(alternatives...) }

// memo defines a rule whose results are kept.
func (g *grammar) memo(name string, alternatives ...rule) {
	g.memos++
	f, id := alt(alternatives...), g.memos
	g.entry(name).rule = func(x *explainer) (*xnode, outcome) {
		key := memoKey{id, x.mark}
		if v, ok := x.memo[key]; ok {
			x.mark = v.end
			return v.node, v.out
		}
		n, out := f(x)
		x.memo[key] = memoValue{n, x.mark, out}
		return n, out
	}
}

var (
	grammarOnce sync.Once
	theGrammar  *grammar
)

func explainGrammar() *grammar {
	grammarOnce.Do(func() {
		g := &grammar{rules: map[string]*entry{}}
		g.statements()
		g.compound()
		g.patterns()
		g.expressions()
		g.atoms()
		g.parameterRules("", oRPar)
		g.parameterRules("lambda_", oColon)
		g.targetRules()
		g.mistakes()
		g.mistakesOfBlocks()
		theGrammar = g
	})
	return theGrammar
}

// alt tries alternatives in order.
func alt(rules ...rule) rule {
	return func(x *explainer) (*xnode, outcome) {
		mark := x.mark
		for _, r := range rules {
			n, out := r(x)
			switch out {
			case hit, commit:
				return n, out
			case stop:
				x.mark = mark
				return nil, miss
			}
			x.mark = mark
		}
		return nil, miss
	}
}

// seq matches rules one after the other; its node has a kid for each.
func seq(rules ...rule) rule {
	return func(x *explainer) (*xnode, outcome) {
		start := x.mark
		kids := make([]*xnode, 0, len(rules))
		failed := miss
		for _, r := range rules {
			n, out := r(x)
			switch out {
			case commit:
				failed = stop
			case miss, stop:
				x.mark = start
				return nil, failed
			}
			kids = append(kids, n)
		}
		end := start
		if x.mark > start {
			end = x.lastSolid(x.mark - 1)
		}
		return &xnode{start: start, end: max(end, start), kids: kids}, hit
	}
}

// as names what a rule matches.
func as(what string, r rule) rule {
	return func(x *explainer) (*xnode, outcome) {
		n, out := r(x)
		if out == hit {
			n.what = what
		}
		return n, out
	}
}

// pick gives one kid of a sequence in place of the sequence.
func pick(i int, r rule) rule {
	return func(x *explainer) (*xnode, outcome) {
		n, out := r(x)
		if out == hit {
			n = n.kids[i]
		}
		return n, out
	}
}

// on runs an action on what a sequence matched; an action that returns has found nothing to say, and then no other
// alternative is tried.
func on(r rule, action func(x *explainer, k []*xnode)) rule {
	return func(x *explainer) (*xnode, outcome) {
		n, out := r(x)
		if out == hit {
			action(x, n.kids)
			return nil, stop
		}
		return n, out
	}
}

// mistake is tried in the second pass only.
func mistake(r rule) rule {
	return func(x *explainer) (*xnode, outcome) {
		if !x.second || x.quiet {
			return nil, miss
		}
		return r(x)
	}
}

// newer is tried unless only Python 3.11's grammar is to be taken.
func newer(r rule) rule {
	return func(x *explainer) (*xnode, outcome) {
		if x.p.py311 {
			return nil, miss
		}
		return r(x)
	}
}

// quietly matches with the descriptions of mistakes switched off.
func quietly(r rule) rule {
	return func(x *explainer) (*xnode, outcome) {
		was := x.quiet
		x.quiet = true
		n, out := r(x)
		x.quiet = was
		return n, out
	}
}

func opt(r rule) rule {
	return func(x *explainer) (*xnode, outcome) {
		mark := x.mark
		n, out := r(x)
		if out != hit {
			x.mark = mark
			return nil, hit
		}
		return n, hit
	}
}

func many(least int, r rule) rule {
	return func(x *explainer) (*xnode, outcome) {
		start := x.mark
		var kids []*xnode
		for {
			mark := x.mark
			n, out := r(x)
			if out != hit || x.mark == mark {
				x.mark = mark
				break
			}
			kids = append(kids, n)
		}
		if len(kids) < least {
			x.mark = start
			return nil, miss
		}
		return &xnode{start: start, end: max(start, x.mark-1), kids: kids}, hit
	}
}

func star(r rule) rule { return many(0, r) }
func plus(r rule) rule { return many(1, r) }

// list1 matches one or more of a rule with a separator between them.
func list1(r rule, sep op) rule { return seq(r, star(seq(isOp(sep), r))) }

func ahead(r rule) rule {
	return func(x *explainer) (*xnode, outcome) {
		mark := x.mark
		_, out := r(x)
		x.mark = mark
		if out == hit {
			return nil, hit
		}
		return nil, miss
	}
}

func notAhead(r rule) rule {
	return func(x *explainer) (*xnode, outcome) {
		mark := x.mark
		_, out := r(x)
		x.mark = mark
		if out == hit {
			return nil, miss
		}
		return nil, hit
	}
}

func cut(*explainer) (*xnode, outcome) { return nil, commit }

func isOp(o op) rule {
	return func(x *explainer) (*xnode, outcome) {
		if x.peek().op != o {
			return nil, miss
		}
		return x.advance(), hit
	}
}

func anyOp(ops ...op) rule {
	rules := make([]rule, len(ops))
	for i, o := range ops {
		rules[i] = isOp(o)
	}
	return alt(rules...)
}

func isKw(k keyword) rule {
	return func(x *explainer) (*xnode, outcome) {
		if x.peek().kw != k {
			return nil, miss
		}
		return x.advance(), hit
	}
}

func anyKw(kws ...keyword) rule {
	rules := make([]rule, len(kws))
	for i, k := range kws {
		rules[i] = isKw(k)
	}
	return alt(rules...)
}

func isKind(k kind) rule {
	return func(x *explainer) (*xnode, outcome) {
		if x.peek().kind != k {
			return nil, miss
		}
		return x.advance(), hit
	}
}

// must is a token that has to stand there, whatever else may be tried.
func must(o op, text string) rule {
	return func(x *explainer) (*xnode, outcome) {
		if x.peek().op != o {
			x.failTokens(x.mark, x.mark, "expected '%s'", text)
		}
		return x.advance(), hit
	}
}

var (
	newline    = isKind(tNewline)
	indent     = isKind(tIndent)
	dedent     = isKind(tDedent)
	endMarker  = isKind(tEOF)
	stringKind = isKind(tString)
)

func name(x *explainer) (*xnode, outcome) {
	if t := x.peek(); t.kind != tName || t.kw != kNone {
		return nil, miss
	}
	n := x.advance()
	n.what = "name"
	return n, hit
}

func soft(words ...string) rule {
	return func(x *explainer) (*xnode, outcome) {
		t := x.peek()
		if t.kind == tName && t.kw == kNone {
			for _, w := range words {
				if x.p.text(*t) == w {
					n := x.advance()
					n.what = "name"
					return n, hit
				}
			}
		}
		return nil, miss
	}
}

// likeSoft matches a soft keyword or the beginning of one, which CPython 3.11 takes for the same.
func likeSoft(x *explainer) (*xnode, outcome) {
	t := x.peek()
	if t.kind == tName && t.kw == kNone {
		for _, w := range []string{"_", "case", "match"} {
			if strings.HasPrefix(w, x.p.text(*t)) {
				return x.advance(), hit
			}
		}
	}
	return nil, miss
}

func number(x *explainer) (*xnode, outcome) {
	t := x.peek()
	if t.kind != tNumber {
		return nil, miss
	}
	x.p.numberValue(*t) // may refuse it
	n := x.advance()
	n.what = "literal"
	return n, hit
}

// literals matches adjacent strings, whose contents may be refused.
func literals(x *explainer) (*xnode, outcome) {
	if x.peek().kind != tString {
		return nil, miss
	}
	start := x.mark
	for x.peek().kind == tString {
		x.mark++
	}
	end := x.mark
	x.p.reset(int(start))
	e := x.p.strings()
	return &xnode{what: describe(e), start: start, end: end - 1}, hit
}
