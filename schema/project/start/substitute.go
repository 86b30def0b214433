package start

import (
	"path"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// substitution adds $(…) where its answer follows from the script alone: dirname "$0", pwd, echo, command -v.
func (e *expander) substitution(p *syntax.CmdSubst, quoted bool) {
	e.depth++
	defer func() { e.depth-- }()
	if e.depth < 20 && e.r.step(1, rangeOf(e.frag, p)) {
		if text, opens, ok := e.r.answer(e.st, e.frag, p.Stmts); ok {
			if len(opens) == 0 || text != "" {
				e.value(fragment{text: text}, opens, p, quoted)
				return
			}
		}
	}
	e.unknown(p, "a command's output")
}

// answer gives what statements print, where that follows from the script alone.
func (r *reader) answer(st *state, frag *fragment, stmts []*syntax.Stmt) (string, []Open, bool) {
	if len(stmts) != 1 || len(stmts[0].Redirs) > 0 && !quiet(stmts[0].Redirs) || stmts[0].Negated || stmts[0].Background {
		return "", nil, false
	}
	if b, ok := stmts[0].Cmd.(*syntax.BinaryCmd); ok && b.Op == syntax.AndStmt {
		// cd DIR && pwd
		if c, ok := b.X.Cmd.(*syntax.CallExpr); ok {
			inner := st.clone()
			words := r.words(inner, frag, c.Args)
			if len(words) > 1 && words[0].text == "cd" && len(words[len(words)-1].opens) == 0 {
				inner.chdir(words[len(words)-1].text, words[0].rng)
				text, opens, ok := r.answer(inner, frag, []*syntax.Stmt{b.Y})
				return text, opens, ok
			}
		}
		return "", nil, false
	}
	c, ok := stmts[0].Cmd.(*syntax.CallExpr)
	if !ok || len(c.Args) == 0 {
		return "", nil, false
	}
	words := r.words(st, frag, c.Args)
	if len(words) == 0 {
		return "", nil, false
	}
	var opens []Open
	for len(words) > 2 && words[1].text == "--" {
		words = append(words[:1:1], words[2:]...)
	}
	for _, w := range words {
		opens = addOpen(opens, w.opens...)
	}
	last := words[len(words)-1].text
	switch name := words[0].text; {
	case name == "dirname" && len(words) == 2 && len(opens) == 0:
		return path.Dir(last), nil, true
	case name == "basename" && len(words) == 2 && len(opens) == 0:
		return path.Base(last), nil, true
	case name == "basename" && len(words) == 3 && len(opens) == 0:
		return strings.TrimSuffix(path.Base(words[1].text), last), nil, true
	case name == "pwd" && !st.dir.Open:
		if st.dir.Text == "" {
			return ".", nil, true
		}
		return st.dir.Text, nil, true
	case (name == "realpath" || name == "readlink" && len(words) == 3) && len(opens) == 0:
		return path.Clean(last), nil, true
	case (name == "which" || name == "command" && len(words) == 3 && words[1].text == "-v") && len(opens) == 0 && !strings.HasPrefix(last, "-"):
		return last, nil, true
	case name == "echo" && len(words) > 1 && !strings.HasPrefix(words[1].text, "-"):
		texts := make([]string, 0, len(words)-1)
		for _, w := range words[1:] {
			texts = append(texts, w.text)
		}
		return strings.Join(texts, " "), opens, true
	}
	return "", nil, false
}

// quiet tells that redirections only throw messages away.
func quiet(redirs []*syntax.Redirect) bool {
	for _, rd := range redirs {
		if rd.N == nil || rd.N.Value != "2" {
			return false
		}
	}
	return true
}

// arithmetic computes an expression of known numbers.
func (r *reader) arithmetic(st *state, frag *fragment, x syntax.ArithmExpr, depth int) (int, bool) {
	if depth > 50 || x == nil || !r.step(1, rangeOf(frag, x)) {
		return 0, false
	}
	switch x := x.(type) {
	case *syntax.Word:
		text := x.Lit()
		if isName(text) {
			v, ok := st.vars[text]
			if !ok || len(v.opens) > 0 {
				return 0, false
			}
			text = v.text
		} else {
			w, _ := r.word(st, frag, x)
			if len(w.opens) > 0 {
				return 0, false
			}
			text = w.text
		}
		n, err := strconv.Atoi(strings.TrimSpace(text))
		return n, err == nil
	case *syntax.ParenArithm:
		return r.arithmetic(st, frag, x.X, depth+1)
	case *syntax.BinaryArithm:
		a, ok := r.arithmetic(st, frag, x.X, depth+1)
		b, ok2 := r.arithmetic(st, frag, x.Y, depth+1)
		if !ok || !ok2 {
			return 0, false
		}
		switch x.Op {
		case syntax.Add:
			return a + b, true
		case syntax.Sub:
			return a - b, true
		case syntax.Mul:
			return a * b, true
		case syntax.Quo:
			if b != 0 {
				return a / b, true
			}
		case syntax.Rem:
			if b != 0 {
				return a % b, true
			}
		}
	}
	return 0, false
}
