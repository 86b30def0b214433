package eval

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
	"gsrv/schema/python/syntax"
	"gsrv/schema/python/value"
)

// specialCall handles calls that look at the namespace they stand in.
func (in *interp) specialCall(name string, n *syntax.Call, s *scope) (value.Value, bool, error) {
	if _, shadowed := s.vars[name]; shadowed {
		return nil, false, nil
	}
	if _, shadowed := s.globals.vars[name]; shadowed {
		return nil, false, nil
	}
	switch name {
	case "globals":
		return &namespace{s.globals}, true, nil
	case "locals", "vars":
		if len(n.Args) > 0 {
			return nil, false, nil
		}
		if s == s.globals || s.isClass {
			return &namespace{s}, true, nil
		}
		return (&namespace{s}).dict(in), true, nil
	case "super":
		if len(n.Args) == 0 {
			return in.super(s, n), true, nil
		}
		args, _, why, err := in.callArgs(n, s)
		if err != nil || why != nil {
			v, err := orUnknown(nil, why, err)
			return v, true, err
		}
		if c, ok := args[0].(*class); ok && len(args) == 2 {
			return &superObject{class: c, self: args[1]}, true, nil
		}
		return in.unknown(n, "this form of super() is not followed"), true, nil
	case "exec", "eval":
		v, err := in.execEval(name, n, s)
		return v, true, err
	}
	return nil, false, nil
}

// super makes the object that looks attributes up behind the class of the running method.
func (in *interp) super(s *scope, n syntax.Node) value.Value {
	for p := s; p != nil; p = p.parent {
		f, ok := p.vars["\x00function"].v.(*function)
		if !ok || f.class == nil {
			continue
		}
		var params []*syntax.Arg
		params = append(append(params, f.args.PosOnlyArgs...), f.args.Args...)
		if len(params) == 0 {
			break
		}
		return &superObject{class: f.class, self: p.vars[params[0].Arg].v}
	}
	return in.unknown(n, "super() is used outside a method")
}

// A superObject is super() of a running method.
type superObject struct {
	class *class
	self  value.Value
}

// after gives the classes that super() looks at: those behind the method's own in the order of the object's class.
func (o *superObject) after() []*class {
	of := o.class
	switch self := o.self.(type) {
	case *instance:
		of = self.class
	case *class:
		of = self
	}
	order := of.mro()
	if i := slices.Index(order, o.class); i >= 0 {
		return order[i+1:]
	}
	return o.class.mro()[1:]
}

// find looks an attribute up behind the class.
func (o *superObject) find(name string) (value.Value, *class, bool) {
	for _, k := range o.after() {
		if v, ok := k.attrs[name]; ok {
			return v, k, true
		}
	}
	return nil, nil, false
}

// execEval runs text that is known as code; text that is not known may assign anything.
func (in *interp) execEval(name string, n *syntax.Call, s *scope) (value.Value, error) {
	args, _, why, err := in.callArgs(n, s)
	if err != nil {
		return nil, err
	}
	var text value.Str
	ok := false
	if why == nil && len(args) > 0 {
		text, ok = args[0].(value.Str)
	}
	target := s
	if len(args) > 1 {
		switch ns := args[1].(type) {
		case *namespace:
			target = ns.scope
		case *value.Dict:
			if ok {
				return in.execIn(name, string(text), ns, n)
			}
			in.poison(ns, in.follow(n, name+"()", args[0]))
			return in.unknown(n, name+"() runs code that is known only when the server starts"), nil
		default:
			return in.unknown(n, name+"() with this namespace is not followed"), nil
		}
	}
	if !ok {
		o := &schema.Opaque{Source: in.cur.text(n), Reason: name + "() runs code that is known only when the server starts", Needs: needsOf(args...), Src: in.rng(n)}
		if name == "exec" {
			target.globals.open = append(target.globals.open, o)
			return value.None, nil
		}
		return &Unknown{o}, nil
	}
	source := string(text)
	if name == "eval" {
		source = strings.TrimSpace(source)
	}
	tree, perr := syntax.Parse("<string>", []byte(source))
	if perr != nil {
		se := perr.(*syntax.SyntaxError)
		return nil, in.raise(n, se.Type, "%s (<string>, line %d)", se.Msg, se.Line)
	}
	return in.execTree(name, tree, target, n)
}

// execIn runs text with a dict for its names.
func (in *interp) execIn(name, text string, ns *value.Dict, n *syntax.Call) (value.Value, error) {
	tree, perr := syntax.Parse("<string>", []byte(strings.TrimSpace(text)))
	if perr != nil {
		se := perr.(*syntax.SyntaxError)
		return nil, in.raise(n, se.Type, "%s (<string>, line %d)", se.Msg, se.Line)
	}
	target := &scope{vars: map[string]slot{}, mod: in.cur}
	target.globals = target
	ns.Items(func(k, v value.Value) bool {
		if key, ok := k.(value.Str); ok {
			in.bind(target, string(key), v, n, n, "")
		}
		return true
	})
	in.scopes = append(in.scopes, target)
	v, err := in.execTree(name, tree, target, n)
	in.scopes = in.scopes[:len(in.scopes)-1]
	for _, key := range target.order {
		if slot, ok := target.vars[key]; ok && err == nil {
			if serr := ns.SetStr(in.budget, key, slot.v); serr != nil {
				return in.wrap(nil, serr, n)
			}
		}
	}
	return v, err
}

func (in *interp) execTree(name string, tree *syntax.Module, target *scope, n *syntax.Call) (value.Value, error) {
	at := in.rng(n)
	// Places inside the text are not places in the file: what it binds stands at the call.
	m := &module{name: in.cur.name, file: "", scope: target.globals, tree: tree}
	saved := in.cur
	in.cur = m
	defer func() { in.cur = saved }()
	if name == "eval" {
		if len(tree.Body) == 1 {
			if e, ok := tree.Body[0].(*syntax.ExprStmt); ok {
				v, err := in.expr(e.Value, target)
				return v, placed(err, at)
			}
		}
		return nil, in.raise(n, "SyntaxError", "invalid syntax")
	}
	_, err := in.block(tree.Body, target)
	return value.None, placed(err, at)
}

// placed gives an exception of text that was run as code the place of the call.
func placed(err error, at hcl.Range) error {
	if r, ok := isException(err); ok && r.at.Filename == "" {
		r.at = at
	}
	return err
}
