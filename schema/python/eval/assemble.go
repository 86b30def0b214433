package eval

import (
	"gsrv/schema"
	"gsrv/schema/python/syntax"
	"gsrv/schema/python/value"
)

// assemble joins the run for the host and the open run into a result.
func assemble(host, open *interp, mod *module) *Result {
	r := &Result{Diags: host.diags, Read: readNames(mod.tree), Conditional: host.conditional}
	if host.ended != nil {
		r.Raised = host.ended.result(host)
	} else {
		r.Conditional = append(r.Conditional, open.conditional...)
		if open.ended != nil {
			r.Conditional = append(r.Conditional, open.ended.result(open))
		}
	}
	r.Open = appendOpen(appendOpen(nil, host.main.scope.open), open.main.scope.open)
	names := append([]string{}, open.main.scope.order...)
	seen := map[string]bool{}
	for _, n := range names {
		seen[n] = true
	}
	for _, n := range host.main.scope.order {
		if !seen[n] {
			names = append(names, n)
		}
	}
	for _, name := range names {
		h, onHost := host.main.scope.vars[name]
		o, onOpen := open.main.scope.vars[name]
		if onHost && h.kind == "system" || !onHost && onOpen && o.kind == "system" || !onHost && !onOpen {
			continue
		}
		r.Bindings = append(r.Bindings, binding(host, open, name, h, o, onHost, onOpen))
	}
	return r
}

func appendOpen(to, from []*schema.Opaque) []*schema.Opaque {
next:
	for _, o := range from {
		for _, have := range to {
			if have.Reason == o.Reason && have.Src == o.Src {
				continue next
			}
		}
		to = append(to, o)
	}
	return to
}

func binding(host, open *interp, name string, h, o slot, onHost, onOpen bool) Binding {
	b := Binding{Name: name}
	at := h
	if !onHost {
		at = o
		b.Set = NotSet
	}
	b.Range, b.NameRange = at.at, at.name
	b.Kind = kindName(at)
	if onOpen {
		b.Value = open.toExpr(o.v, o.at)
	}
	if onHost {
		if s, ok := h.v.(*Symbolic); ok && unsetSomewhere(s.Expr) {
			b.Set = MaybeSet
		}
		b.Func = host.funcRef(h.v, h.at)
		if !hidden(h.v) {
			b.OnHost = h.v
		} else {
			b.OnHost, b.Unknown = onThisHost(host, h)
		}
		if b.Value == nil || host.stopped != nil {
			b.Value = host.toExpr(h.v, h.at)
		}
		for e := h.earlier; e != nil; e = e.next {
			a := Assignment{Range: e.at, NameRange: e.name, Value: host.toExpr(e.v, e.at)}
			if !hidden(e.v) {
				a.OnHost = e.v
			}
			b.Earlier = append(b.Earlier, a)
		}
	} else {
		b.Func = open.funcRef(o.v, o.at)
	}
	return b
}

// unsetSomewhere tells whether an expression leaves the name unset on some hosts.
func unsetSomewhere(e schema.Expr) bool {
	c, ok := e.(*schema.Cond)
	if !ok {
		_, unset := e.(*schema.Unset)
		return unset
	}
	return unsetSomewhere(c.Then) || unsetSomewhere(c.Else)
}

// onThisHost says why a value is not known on the host.
func onThisHost(in *interp, s slot) (value.Value, *schema.Opaque) {
	if u := firstUnknown(s.v, 0); u != nil {
		return nil, u.Why
	}
	needs := needsOf(s.v)
	reason := "it depends on the host"
	if len(needs) > 0 {
		reason = "it depends on " + joinWords(needs)
	}
	return nil, &schema.Opaque{Source: exprText(in, s), Reason: reason, Needs: needs, Src: s.at}
}

func exprText(in *interp, s slot) string { return schema.ExprText(in.toExpr(s.v, s.at)) }

func joinWords(words []string) string {
	out := words[0]
	for i, w := range words[1:] {
		if i == len(words)-2 {
			out += " and " + w
		} else {
			out += ", " + w
		}
	}
	return out
}

func kindName(s slot) string {
	switch s.v.(type) {
	case *function:
		if s.kind == "import" {
			return "import"
		}
		return "function"
	case *class:
		if s.kind == "import" {
			return "import"
		}
		return "class"
	case *module:
		return "module"
	}
	switch s.kind {
	case "import", "function", "class":
		return s.kind
	}
	return "value"
}

// readNames lists the names a module reads anywhere.
func readNames(tree *syntax.Module) map[string]bool {
	out := map[string]bool{}
	syntax.InspectBody(tree.Body, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Name:
			if n.Ctx == syntax.Load {
				out[n.ID] = true
			}
		case *syntax.Global:
			for _, name := range n.Names {
				out[name] = true
			}
		}
		return true
	})
	return out
}
