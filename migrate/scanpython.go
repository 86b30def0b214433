package migrate

import (
	"bytes"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema/python/syntax"
)

// fileComment is what a comment stands in that tells how the file is run or encoded.
const fileComment = "the file"

// scanPython lists the names that a module assigns, its functions, its other statements and its comments, in the order of
// the source. Blocks are looked into, functions and classes are one item each.
func scanPython(name string, text []byte) []part {
	m, err := syntax.Parse(name, text)
	if err != nil {
		return nil
	}
	s := &pythonScan{file: name}
	s.body(m.Body)
	out := make([]part, 0, len(s.parts)+len(m.Comments))
	next := 0
	for _, c := range m.Comments {
		at := s.at(&c)
		for next < len(s.parts) && comparePos(s.parts[next].whole.Start, at.Start) < 0 {
			out = append(out, s.parts[next])
			next++
		}
		source := m.Source[c.Start:c.End]
		p := part{kind: KindComment, key: source, whole: at, name: at, text: commentText(source), python: true}
		line := m.Source[strings.LastIndexByte(m.Source[:c.Start], '\n')+1 : c.Start]
		p.behind = strings.TrimSpace(line) != ""
		for _, f := range s.parts {
			if f.kind == KindHook && within(at, f.whole) {
				p.inside = f.key
			}
		}
		if p.inside == "" && strings.HasPrefix(source, "#!") || strings.Contains(source, "coding:") && at.Start.Line <= 2 {
			p.inside = fileComment
		}
		out = append(out, p)
	}
	out = append(out, s.parts[next:]...)
	markHeader(out, bytes.ReplaceAll([]byte(m.Source), []byte("\r"), nil))
	return out
}

type pythonScan struct {
	file  string
	parts []part
}

func (s *pythonScan) at(n syntax.Node) hcl.Range {
	p := n.Span()
	return hcl.Range{
		Filename: s.file,
		Start:    hcl.Pos{Line: int(p.Lineno), Column: int(p.ColOffset) + 1, Byte: int(p.Start)},
		End:      hcl.Pos{Line: int(p.EndLineno), Column: int(p.EndColOffset) + 1, Byte: int(p.End)},
	}
}

func (s *pythonScan) add(kind Kind, key string, whole, name syntax.Node) {
	s.parts = append(s.parts, part{kind: kind, key: key, whole: s.at(whole), name: s.at(name)})
}

// targets adds the names that are assigned to.
func (s *pythonScan) targets(whole syntax.Node, target syntax.Expr) {
	switch t := target.(type) {
	case *syntax.Name:
		s.add(KindSetting, t.ID, whole, t)
	case *syntax.Tuple:
		for _, e := range t.Elts {
			s.targets(whole, e)
		}
	case *syntax.List:
		for _, e := range t.Elts {
			s.targets(whole, e)
		}
	case *syntax.Starred:
		s.targets(whole, t.Value)
	default:
		s.add(KindStatement, "assignment", whole, whole)
	}
}

func (s *pythonScan) body(body []syntax.Stmt) {
	for _, stmt := range body {
		s.statement(stmt)
	}
}

func (s *pythonScan) statement(stmt syntax.Stmt) {
	switch x := stmt.(type) {
	case *syntax.Assign:
		for _, t := range x.Targets {
			s.targets(x, t)
		}
	case *syntax.AugAssign:
		s.targets(x, x.Target)
	case *syntax.AnnAssign:
		s.targets(x, x.Target)
	case *syntax.FunctionDef:
		s.definition(x.Name, x, x.DecoratorList)
	case *syntax.AsyncFunctionDef:
		s.definition(x.Name, x, x.DecoratorList)
	case *syntax.ClassDef:
		s.definition(x.Name, x, x.DecoratorList)
	case *syntax.If:
		s.body(x.Body)
		s.body(x.Orelse)
	case *syntax.For:
		s.body(x.Body)
		s.body(x.Orelse)
	case *syntax.While:
		s.body(x.Body)
		s.body(x.Orelse)
	case *syntax.With:
		s.body(x.Body)
	case *syntax.Try:
		s.body(x.Body)
		for _, h := range x.Handlers {
			s.body(h.Body)
		}
		s.body(x.Orelse)
		s.body(x.Finalbody)
	case *syntax.Import, *syntax.ImportFrom:
		s.add(KindStatement, "import", x, x)
	case *syntax.Pass:
	case *syntax.ExprStmt:
		if c, ok := x.Value.(*syntax.Constant); ok {
			if text, ok := c.Value.(string); ok {
				at := s.at(x)
				s.parts = append(s.parts, part{kind: KindComment, key: text, whole: at, name: at, text: text})
				return
			}
		}
		s.add(KindStatement, "statement", x, x)
	default:
		s.add(KindStatement, "statement", x, x)
	}
}

// definition adds a function or class with its decorators.
func (s *pythonScan) definition(name string, x syntax.Node, decorators []syntax.Expr) {
	s.add(KindHook, name, x, x)
	if len(decorators) > 0 {
		p := &s.parts[len(s.parts)-1]
		if at := s.at(decorators[0]); comparePos(at.Start, p.whole.Start) < 0 {
			p.whole.Start = at.Start
		}
	}
}
