package syntax

// Where the parser refuses a text, an explainer finds out why, in CPython's words. CPython backtracks and, where its
// first pass fails, runs a second one with rules that only describe mistakes; which message comes out depends on the order in
// which rules are tried and on how far tokens were looked at. So the explainer does the same, on the statement that
// does not parse, as slowly as that is; the parser need not care for messages at all.

type outcome uint8

const (
	miss   outcome = iota // the rule does not match
	hit                   // it does
	stop                  // it does not, and no other alternative of the enclosing choice is to be tried
	commit                // a cut: from here on a failure is a stop
)

// A rule matches tokens from x.mark on. Where it does not, its caller puts the mark back.
type rule func(x *explainer) (*xnode, outcome)

// An xnode is what a rule matched: what says what kind of expression it is, in the words of messages ("" for none).
type xnode struct {
	what       string
	start, end int32 // tokens, end inclusive
	kids       []*xnode
}

type memoKey struct {
	rule, at int32
}

type memoValue struct {
	node *xnode
	end  int32
	out  outcome
}

// maxSteps bounds an explanation; a text that needs more gets the generic message.
const maxSteps = 1_000_000

type explainer struct {
	p      *parser
	tokens []token
	mark   int32
	fill   int32 // tokens looked at so far
	// second is true in the pass that describes mistakes, quiet while those descriptions are off in it.
	second, quiet bool
	memo          map[memoKey]memoValue
	levels        []int16 // bracket depth behind each token from first on
	first         int32
	steps         int
}

type tooLong struct{}

// explain gives the error of the statement that starts at token first; nil where it finds none.
func (p *parser) explain(first int, start string) (err *SyntaxError) {
	x := &explainer{p: p, tokens: p.tokens, first: int32(first), fill: int32(first)}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case failure:
			err = r.err
			if r.err != p.lexError {
				if more := x.restOfText(r.err); more != nil {
					err = more
				}
			}
		case tooLong:
			err = nil
		default:
			panic(r)
		}
	}()
	g := explainGrammar()
	if x.pass(g, start) {
		return nil
	}
	last := x.fill - 1
	x.second = true
	if x.pass(g, start) {
		return nil
	}
	t := x.tokens[last]
	switch t.kind {
	case tIndent:
		x.indentationError("unexpected indent")
	case tDedent:
		x.indentationError("unexpected unindent")
	}
	if t.kind == tEOF {
		line := int(p.lines[len(p.lines)-2]) // the last line that holds anything
		p.failRange(line, line, "invalid syntax")
	}
	x.failTokens(last, last, "invalid syntax")
	return nil
}

func (x *explainer) pass(g *grammar, start string) bool {
	x.mark = x.first
	x.memo = map[memoKey]memoValue{}
	_, out := g.rules[start].rule(x)
	return out == hit
}

// restOfText looks for errors of the tokeniser behind the place where the parser stopped: they win, and so does a
// bracket that is open at the end if it was opened on an earlier line.
func (x *explainer) restOfText(err *SyntaxError) *SyntaxError {
	n := int32(len(x.tokens))
	end := x.tokens[n-1]
	if end.kind != tError || x.fill >= n || err.Msg == "unexpected indent" || err.Msg == "unexpected unindent" {
		return nil
	}
	if !x.p.lexSoft {
		return x.p.lexError
	}
	if o := x.p.unclosed; o != nil && x.tokens[x.fill-1].line > o.line {
		return x.p.neverClosed()
	}
	return nil
}

// peek gives the token at the mark; an error of the tokeniser ends the explanation.
func (x *explainer) peek() *token {
	if x.steps++; x.steps > maxSteps {
		panic(tooLong{})
	}
	t := &x.tokens[x.mark]
	if x.mark >= x.fill {
		x.fill = x.mark + 1
		if t.kind == tError {
			panic(failure{err: x.p.lexError})
		}
	}
	return t
}

func (x *explainer) advance() *xnode {
	n := &xnode{start: x.mark, end: x.mark}
	x.mark++
	return n
}

// level gives the depth of brackets behind a token.
func (x *explainer) level(i int32) int16 {
	for int32(len(x.levels)) <= i-x.first {
		depth := int16(0)
		if n := len(x.levels); n > 0 {
			depth = x.levels[n-1]
		}
		switch x.tokens[x.first+int32(len(x.levels))].op {
		case oLPar, oLSqb, oLBrace:
			depth++
		case oRPar, oRSqb, oRBrace:
			depth--
		}
		x.levels = append(x.levels, depth)
	}
	return x.levels[i-x.first]
}

// lastSolid gives the last token up to i that is no layout.
func (x *explainer) lastSolid(i int32) int32 {
	for i > x.first {
		if k := x.tokens[i].kind; k != tEOF && (k < tNewline || k > tDedent) {
			break
		}
		i--
	}
	return i
}

func (x *explainer) failTokens(from, to int32, format string, args ...any) {
	x.p.failRange(int(x.tokens[from].start), int(x.tokens[to].end), format, args...)
}

// at and between refuse what a node covers.
func (x *explainer) at(n *xnode, format string, args ...any) {
	x.failTokens(n.start, n.end, format, args...)
}

func (x *explainer) between(a, b *xnode, format string, args ...any) {
	x.failTokens(a.start, b.end, format, args...)
}

// here refuses the last token that was looked at.
func (x *explainer) here(format string, args ...any) {
	x.p.failHere("SyntaxError", x.tokens[x.fill-1], format, args...)
}

func (x *explainer) indentationError(format string, args ...any) {
	x.p.failHere("IndentationError", x.tokens[x.fill-1], format, args...)
}

// exprs gives the expressions directly below a node.
func (n *xnode) exprs() []*xnode {
	var out []*xnode
	var walk func(*xnode)
	walk = func(n *xnode) {
		for _, k := range n.kids {
			switch {
			case k == nil:
			case k.what != "":
				out = append(out, k)
			default:
				walk(k)
			}
		}
	}
	walk(n)
	return out
}
