package start

import (
	"path"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// A verdict is what is known of a condition.
type verdict int

const (
	maybe verdict = iota
	yes
	no
)

func (v verdict) not() verdict {
	switch v {
	case yes:
		return no
	case no:
		return yes
	}
	return maybe
}

func verdictOf(b bool) verdict {
	if b {
		return yes
	}
	return no
}

// judge decides a condition where the script alone decides it. Given tells that it rests on a variable that a
// deployment can set differently.
func (r *reader) judge(st *state, frag *fragment, stmts []*syntax.Stmt) (v verdict, given bool) {
	if len(stmts) == 0 {
		return maybe, false
	}
	return r.judgeStmt(st, frag, stmts[len(stmts)-1], 0)
}

func (r *reader) judgeStmt(st *state, frag *fragment, s *syntax.Stmt, depth int) (v verdict, given bool) {
	if s == nil || depth > 50 || !r.step(1, rangeOf(frag, s)) {
		return maybe, false
	}
	switch c := s.Cmd.(type) {
	case *syntax.CallExpr:
		v, given = r.judgeCall(st, frag, c)
	case *syntax.TestClause:
		v, given = r.judgeTest(st, frag, c.X, depth+1)
	case *syntax.BinaryCmd:
		a, g1 := r.judgeStmt(st, frag, c.X, depth+1)
		b, g2 := r.judgeStmt(st, frag, c.Y, depth+1)
		v, given = both(a, b, c.Op == syntax.OrStmt), g1 || g2
		if c.Op != syntax.OrStmt && c.Op != syntax.AndStmt {
			v = maybe
		}
	}
	if s.Negated {
		v = v.not()
	}
	return v, given
}

func both(a, b verdict, or bool) verdict {
	switch {
	case or && (a == yes || b == yes):
		return yes
	case or && a == no && b == no:
		return no
	case !or && (a == no || b == no):
		return no
	case !or && a == yes && b == yes:
		return yes
	}
	return maybe
}

func (r *reader) judgeCall(st *state, frag *fragment, c *syntax.CallExpr) (verdict, bool) {
	if len(c.Args) == 0 {
		return yes, false
	}
	name := c.Args[0].Lit()
	switch name {
	case "true", ":":
		return yes, false
	case "false":
		return no, false
	case "[", "test":
	default:
		return maybe, false
	}
	var words []word
	given := false
	for _, a := range c.Args[1:] {
		// A word that is not quoted and comes out empty is no word at all; with -z and = the answer is the same.
		w, g := r.word(st, frag, a)
		words = append(words, w)
		given = given || g
	}
	if name == "[" && len(words) > 0 {
		words = words[:len(words)-1]
	}
	return judgeWords(words), given
}

// judgeWords is test(1) on known words.
func judgeWords(words []word) verdict {
	for i, w := range words {
		if i > 0 && i < len(words)-1 && (w.text == "-a" || w.text == "-o") && len(words) > 3 {
			return both(judgeWords(words[:i]), judgeWords(words[i+1:]), w.text == "-o")
		}
	}
	if len(words) > 1 && words[0].text == "!" {
		return judgeWords(words[1:]).not()
	}
	known := func(w word) bool { return len(w.opens) == 0 }
	switch len(words) {
	case 0:
		return no
	case 1:
		if known(words[0]) || literalPart(words[0]) {
			return verdictOf(words[0].text != "")
		}
	case 2:
		if known(words[1]) || literalPart(words[1]) {
			switch words[0].text {
			case "-z":
				return verdictOf(words[1].text == "")
			case "-n":
				return verdictOf(words[1].text != "")
			}
		}
	case 3:
		if known(words[0]) && known(words[2]) {
			return compare(words[0].text, words[1].text, words[2].text)
		}
	}
	return maybe
}

// literalPart tells that a word has literal text beside what is open: it cannot be empty.
func literalPart(w word) bool {
	text := w.text
	for _, o := range w.opens {
		if o.HasDefault {
			return false
		}
		text = strings.NewReplacer("${"+o.Name+"}", "", "$"+o.Name, "", o.Name, "").Replace(text)
	}
	return text != ""
}

func compare(a, op, b string) verdict {
	switch op {
	case "=", "==":
		return verdictOf(a == b)
	case "!=":
		return verdictOf(a != b)
	}
	x, err1 := strconv.Atoi(a)
	y, err2 := strconv.Atoi(b)
	if err1 != nil || err2 != nil {
		return maybe
	}
	switch op {
	case "-eq":
		return verdictOf(x == y)
	case "-ne":
		return verdictOf(x != y)
	case "-lt":
		return verdictOf(x < y)
	case "-le":
		return verdictOf(x <= y)
	case "-gt":
		return verdictOf(x > y)
	case "-ge":
		return verdictOf(x >= y)
	}
	return maybe
}

// judgeTest is bash's [[ ]].
func (r *reader) judgeTest(st *state, frag *fragment, x syntax.TestExpr, depth int) (verdict, bool) {
	if depth > 50 || x == nil {
		return maybe, false
	}
	switch x := x.(type) {
	case *syntax.ParenTest:
		return r.judgeTest(st, frag, x.X, depth+1)
	case *syntax.Word:
		w, given := r.word(st, frag, x)
		return judgeWords([]word{w}), given
	case *syntax.UnaryTest:
		if x.Op == syntax.TsNot {
			v, given := r.judgeTest(st, frag, x.X, depth+1)
			return v.not(), given
		}
		if w, ok := x.X.(*syntax.Word); ok {
			value, given := r.word(st, frag, w)
			return judgeWords([]word{{fragment: fragment{text: x.Op.String()}}, value}), given
		}
	case *syntax.BinaryTest:
		switch x.Op {
		case syntax.AndTest, syntax.OrTest:
			a, g1 := r.judgeTest(st, frag, x.X, depth+1)
			b, g2 := r.judgeTest(st, frag, x.Y, depth+1)
			return both(a, b, x.Op == syntax.OrTest), g1 || g2
		}
		a, ok1 := x.X.(*syntax.Word)
		b, ok2 := x.Y.(*syntax.Word)
		if !ok1 || !ok2 {
			return maybe, false
		}
		left, g1 := r.word(st, frag, a)
		switch x.Op {
		case syntax.TsMatch, syntax.TsMatchShort, syntax.TsNoMatch:
			v, g2 := r.matchPattern(st, frag, left, b)
			if x.Op == syntax.TsNoMatch {
				v = v.not()
			}
			return v, g1 || g2
		}
		right, g2 := r.word(st, frag, b)
		if len(left.opens)+len(right.opens) == 0 {
			return compare(left.text, x.Op.String(), right.text), g1 || g2
		}
		return maybe, g1 || g2
	}
	return maybe, false
}

// matchPattern tells whether a case pattern takes a word.
func (r *reader) matchPattern(st *state, frag *fragment, subject word, pattern *syntax.Word) (verdict, bool) {
	p, given := r.word(st, frag, pattern)
	if strings.Trim(p.text, "*") == "" && p.text != "" && len(p.opens) == 0 {
		return yes, given
	}
	if len(subject.opens)+len(p.opens) > 0 || len(subject.text) > 4096 || len(p.text) > 256 || strings.Count(p.text, "*") > 8 {
		return maybe, given
	}
	text := p.text
	for _, part := range pattern.Parts {
		if _, ok := part.(*syntax.Lit); !ok {
			return verdictOf(subject.text == text), given // quoted: no pattern
		}
	}
	ok, err := path.Match(strings.ReplaceAll(text, "/", "\x01"), strings.ReplaceAll(subject.text, "/", "\x01"))
	if err != nil {
		return maybe, given
	}
	return verdictOf(ok), given
}
