package schema

import (
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// UnixSocket tells whether an expression of an address, or of a list of addresses, can come to a unix socket (unix:/path) on
// some host. It is false where the text's beginning rules that out: "0.0.0.0:" and a port from the environment.
func UnixSocket(e Expr) bool {
	switch x := e.(type) {
	case nil:
		return false
	case *Const:
		return !x.Val.IsWhollyKnown() || strings.Contains(ValueText(x.Val), `"unix:`)
	case *List:
		for _, item := range x.Items {
			if UnixSocket(item) {
				return true
			}
		}
		return false
	case *Cond:
		return UnixSocket(x.Then) || UnixSocket(x.Else)
	case *Unset:
		return false
	case *Template:
		for _, p := range x.Parts {
			if !emptyText(p) {
				return startsSocket(p)
			}
		}
		return false
	case *Binary:
		if x.Op == "+" {
			if _, list := x.L.(*List); list {
				return UnixSocket(x.L) || UnixSocket(x.R)
			}
			return emptyText(x.L) && UnixSocket(x.R) || startsSocket(x.L)
		}
	case *Call:
		if x.Func == "convert_list" && len(x.Args) == 1 {
			return UnixSocket(x.Args[0])
		}
	}
	return true
}

func emptyText(e Expr) bool {
	c, ok := e.(*Const)
	return ok && c.Val.IsKnown() && !c.Val.IsNull() && c.Val.Type() == cty.String && c.Val.AsString() == ""
}

// startsSocket tells whether a text that begins with an expression can be that of a unix socket.
func startsSocket(e Expr) bool {
	c, ok := e.(*Const)
	if !ok {
		return UnixSocket(e)
	}
	if !c.Val.IsKnown() || c.Val.IsNull() || c.Val.Type() != cty.String {
		return !c.Val.IsKnown()
	}
	text := c.Val.AsString()
	return strings.HasPrefix(text, "unix:") || strings.HasPrefix("unix:", text)
}
